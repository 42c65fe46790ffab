#ifndef PODFIT_CERTPLAN_H
#define PODFIT_CERTPLAN_H

/**
 * When to renew what: a pure function of dates, so that a fake clock can run through years. Decisions are by wall clock (C-02): call it each
 * minute, never by one long timer; after a jump of the clock the next call does what has become due.
 *
 * Rotation of the CA (C-01): at 2/3 of its life a next CA is made and published in the bundle beside the old; a publish delay later, when every
 * client has that bundle, the next CA becomes the current one and signs a new leaf; the old CA stays in the bundle until the last leaf it signed has
 * expired (and an hour, for clients whose clocks are behind).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What has to be done (or was done); a set of bits. */
enum pf_certplan_act {
    PF_CERTPLAN_PUBLISH_CA = 1 << 0, /**< make a next CA and add it to the bundle */
    PF_CERTPLAN_SWITCH_CA =
        1 << 1, /**< the next CA becomes the current one; the old key is destroyed */
    PF_CERTPLAN_ISSUE_LEAF =
        1 << 2,                   /**< new key and serving certificate by the (then) current CA */
    PF_CERTPLAN_DROP_CA = 1 << 3, /**< take CAs out of the bundle that no living leaf needs */
    PF_CERTPLAN_MEND_BUNDLE =
        1 << 4, /**< the bundle lacks the current or the next CA: write it anew */
};

/** Dates of one certificate. */
struct pf_certplan_dates {
    bool present; /**< false: missing, unreadable, or (leaf) its key does not match */
    int64_t not_before_wall_ns;
    int64_t not_after_wall_ns;
};

/** All that the decision depends on. */
struct pf_certplan_view {
    struct pf_certplan_dates ca; /**< must be present */
    struct pf_certplan_dates
        next; /**< CA published but not yet in use; it was published when it was made */
    struct pf_certplan_dates leaf;
    bool leaf_by_ca;        /**< the current CA signed the leaf */
    bool leaf_names_differ; /**< other names are wanted than the leaf has */
    bool force_leaf;        /**< somebody asked for a new leaf now */
    bool force_ca;          /**< somebody asked for a new CA: publish one, unless one is already */
    bool
        hold_switch; /**< clients are known not to have the next CA for long enough: wait while the current CA is valid */
    bool bundle_complete; /**< the bundle holds the current CA, and the next if there is one */
    const int64_t *old_needed_until_wall_ns; /**< borrowed; one for each other CA in the bundle */
    size_t old_count;
    int64_t publish_delay_s; /**< how long clients may hold a stale bundle; at least 0 */
};

struct pf_certplan {
    unsigned acts; /**< enum pf_certplan_act; 0: nothing to do */
    int64_t
        next_due_wall_ns; /**< when the next thing falls due if nothing is done before; never in the past when acts is 0 */
};

/** 2/3 of the way from the issue (NotBefore without the backdating) to NotAfter. */
int64_t pf_certplan_renew_at(const struct pf_certplan_dates *dates);

/**
 * Decide. A CA that is not valid now (expired, or the clock jumped back) is replaced at once, without the delay: no client accepts it anyhow.
 * A leaf that lives as long as its CA is not renewed: the new one could not live longer.
 *
 * @return the plan; cannot fail; thread-safe
 */
struct pf_certplan pf_certplan_decide(const struct pf_certplan_view *view, int64_t now_wall_ns);

#endif

#ifndef PODFIT_CERTDIR_H
#define PODFIT_CERTDIR_H

/**
 * A folder with podfit's own CA and serving certificate:
 *
 *     ca.crt         the current CA                             0644
 *     ca.key         its key                                    0600
 *     tls.crt        serving certificate                        0644
 *     tls.key        its key                                    0600
 *     ca-bundle.crt  what clients trust (caBundle): current CA, the next one once published, old ones while a living leaf needs them
 *
 * The five names are symbolic links into `..data`, itself a link to the generation in force, as in a mounted Kubernetes Secret. A change writes a whole
 * new generation and then exchanges `..data` by one rename: a crash at any point leaves the old generation or the new one, never a mixture, and
 * the next renewal clears away what was left over. A reader that opens tls.crt before and tls.key after the exchange gets a mismatch once and reads again
 * (C-09). A generation also holds `ca-next.crt`, `ca-next.key` (published, not yet in use) and `tls-old.crt` (replaced leaves that have not
 * expired: they say how long an old CA is needed). A folder of plain files made by hand is taken over unchanged at the first renewal.
 *
 * Two processes cannot change a folder at once (flock on it). Functions are thread-safe for different folders. Nothing is printed.
 */

#include <podfit/cert.h>
#include <podfit/certplan.h>
#include <podfit/clock.h>

/** Defaults: C-03 lists 90 days to a year for leaves, a year to ten for CAs. */
#define PF_CERTDIR_LEAF_LIFETIME_S (INT64_C(90) * 86400)
#define PF_CERTDIR_CA_LIFETIME_S   (INT64_C(5) * 365 * 86400)
/** The API server learns a new caBundle by watch within minutes (C-01); a day leaves time for the person or pipeline that applies it. */
#define PF_CERTDIR_PUBLISH_DELAY_S (INT64_C(86400))
/** Findings a report can hold: one a file and a few of the whole. */
#define PF_CERTDIR_PROBLEMS_MAX 12

struct pf_certdir_options {
    const char *const *
        names; /**< borrowed; names and addresses of the leaf. Renewal: NULL keeps those of the present leaf */
    size_t names_count;      /**< at most PF_CERT_SANS_MAX */
    const char *ca_name;     /**< borrowed; common name of a new CA; NULL: `podfit webhook CA` */
    int64_t leaf_lifetime_s; /**< 0: PF_CERTDIR_LEAF_LIFETIME_S; see PF_CERTMAKE_LIFETIME_MIN_S */
    int64_t ca_lifetime_s;   /**< 0: PF_CERTDIR_CA_LIFETIME_S; at least leaf_lifetime_s */
    int64_t
        publish_delay_s; /**< negative: PF_CERTDIR_PUBLISH_DELAY_S; less than a third of ca_lifetime_s */
    bool
        force; /**< create: start over with a new CA, the old one is not kept in the bundle; renew: issue a new leaf although none is due */
    bool force_ca;    /**< renew: publish a next CA although none is due */
    bool hold_switch; /**< renew: see struct pf_certplan_view */
    bool
        keep_names; /**< processes that want different names share the leaf: one with more names will do, and missing ones are added to those it has */
};

/** What create and renew did, or what show found. Zero-initialise; release with pf_certdir_report_done(). */
struct pf_certdir_report {
    struct pf_cert_list ca;     /**< one certificate */
    struct pf_cert_list next;   /**< count 0 unless a next CA is published */
    struct pf_cert_list leaf;   /**< count 0 if there is none that can be read */
    struct pf_cert_list bundle; /**< count 0 if there is none that can be read */
    unsigned acts;              /**< enum pf_certplan_act: done (create, renew) or due (show) */
    int64_t next_due_wall_ns;   /**< when renew has something to do next */
    size_t problems_count;
    struct pf_err problems
        [PF_CERTDIR_PROBLEMS_MAX]; /**< keys others can read, expired or mismatched pair, ... */
};

/** Everything zero or default. */
struct pf_certdir_options pf_certdir_options_default(void);

/** Free; accepts a zeroed struct, may be called twice. */
void pf_certdir_report_done(struct pf_certdir_report *report);

/**
 * Create CA and leaf. The folder is created if it is not there (its parent must be).
 *
 * @param dir         borrowed path
 * @param clock       borrowed
 * @param[out] ret_report owned by the caller; untouched on failure; may be NULL
 * @param[out] err    may be NULL
 * @return PF_OK; PF_E_EXISTS (there is a ca.crt or ca.key, and not options->force); PF_E_INVALID, PF_E_RANGE, PF_E_TOO_BIG (options); PF_E_STATE (another
 *         process is changing the folder); PF_E_IO; PF_E_NO_MEMORY; PF_E_INTERNAL
 */
enum pf_code pf_certdir_create(const char *dir, const struct pf_certdir_options *options,
                               const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * What is in the folder, what is wrong with it and what is due. Changes nothing, needs no key (a key that may not be read is a problem in the report).
 *
 * @param options  borrowed; names (if any) are compared with the leaf, publish_delay_s enters next_due_wall_ns
 * @return PF_OK; PF_E_NOT_FOUND (no folder, no ca.crt); PF_E_INVALID (ca.crt cannot be read as a certificate); PF_E_IO; PF_E_NO_MEMORY
 */
enum pf_code pf_certdir_show(const char *dir, const struct pf_certdir_options *options,
                             const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                             struct pf_err *err) PF_MUST_CHECK;

/**
 * Do what is due (see certplan.h); called often, does nothing most of the time. Also clears leftovers of a crash and mends the links.
 *
 * @param[out] ret_report owned by the caller; `acts` says what was done; untouched on failure; may be NULL
 * @return PF_OK; PF_E_NOT_FOUND (no folder, no ca.crt); PF_E_INVALID (CA files unusable, options; a leaf that cannot be used is simply replaced); PF_E_STATE (something
 *         is due that needs ca.key and it is not there; another process is changing the folder; a link was replaced by hand); PF_E_IO; PF_E_NO_MEMORY;
 *         PF_E_RANGE; PF_E_INTERNAL. On failure the generation in force is what it was.
 */
enum pf_code pf_certdir_renew(const char *dir, const struct pf_certdir_options *options,
                              const struct pf_clock *clock, struct pf_certdir_report *ret_report,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

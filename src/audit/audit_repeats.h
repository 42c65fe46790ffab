#ifndef PODFIT_AUDIT_REPEATS_H
#define PODFIT_AUDIT_REPEATS_H

/**
 * Inside audit: causes that were written within the last window, and how often each came again. Bounded by PF_AUDIT_REPEATS_MAX and
 * PF_AUDIT_REPEATS_MAX_BYTES. One thread at a time.
 */

#include "audit_item.h"
#include <podfit/map.h>

struct pf_audit_list {
    struct pf_audit_item *first;
    struct pf_audit_item *last;
};

struct pf_audit_repeats {
    struct pf_map map;            /**< item's key -> item */
    struct pf_audit_list recent;  /**< least recently used first */
    struct pf_audit_list started; /**< oldest window first */
    size_t bytes;
    int64_t window_ns; /**< 0: off, every record is new */
};

void pf_audit_repeats_init(struct pf_audit_repeats *table, int64_t window_ns);
/** Frees the items too; take them first to write what they counted. Accepts a zeroed struct. */
void pf_audit_repeats_done(struct pf_audit_repeats *table);

/** Is the cause of @p item there? Then it is counted as one repeat more. */
bool pf_audit_repeats_count(struct pf_audit_repeats *table, const struct pf_audit_item *item);

/** Start a window. @param item taken over when true is returned; its key must not be there @return false: off, or no memory */
bool pf_audit_repeats_add(struct pf_audit_repeats *table, struct pf_audit_item *item) PF_MUST_CHECK;

/** Take out one item whose window has ended. @return owned by the caller, free(3); NULL: none */
struct pf_audit_item *pf_audit_repeats_take_ended(struct pf_audit_repeats *table, int64_t mono_ns);
/** Take out the least recently used item when the table is over its bounds. @return as above */
struct pf_audit_item *pf_audit_repeats_take_excess(struct pf_audit_repeats *table);
/** Take out the oldest item. @return as above */
struct pf_audit_item *pf_audit_repeats_take(struct pf_audit_repeats *table);

/** When the first window ends, INT64_MAX when there is none. */
int64_t pf_audit_repeats_next_ns(const struct pf_audit_repeats *table);

#endif

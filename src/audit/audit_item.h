#ifndef PODFIT_AUDIT_ITEM_H
#define PODFIT_AUDIT_ITEM_H

/** Inside audit: an owned copy of a record in one block of memory, as it waits in the queue and in the table of repeats. */

#include <podfit/audit.h>

/** Place in a doubly linked list. */
struct pf_audit_link {
    struct pf_audit_item *prev;
    struct pf_audit_item *next;
};

struct pf_audit_item {
    struct pf_audit_record record; /**< views of this block */
    struct pf_sv key; /**< what two records share that repeat each other; view of this block */
    int64_t mono_ns;  /**< when it was put */
    size_t bytes;     /**< of the block */
    bool truncated;   /**< a text of the record was cut */
    bool victims_cut; /**< that of the victims */

    /* while it stands in the table of repeats */
    uint64_t repeats;
    int64_t first_wall_ns; /**< of the repeats; the record itself is not one */
    int64_t last_wall_ns;
    struct pf_audit_link recent;  /**< by last use */
    struct pf_audit_link started; /**< by start of the window */
};

/** Reasons of a record that are kept; kube-scheduler has some 30 sentences. */
#define PF_AUDIT_ITEM_REASONS_MAX 64

/** Upper bound of what a copy of @p record takes: at most some 60 KiB. Pure. */
size_t pf_audit_item_bytes(const struct pf_audit_record *record);

/** Copy; texts over their limits are cut between characters. @return owned, free(3); NULL: no memory */
struct pf_audit_item *pf_audit_item_new(const struct pf_audit_record *record,
                                        int64_t mono_ns) PF_MUST_CHECK;

/** The longest start of @p text with at most @p max_bytes that does not end inside a character. */
struct pf_sv pf_audit_item_cut(struct pf_sv text, size_t max_bytes);

#endif

#ifndef PODFIT_FIT_SOFT_H
#define PODFIT_FIT_SOFT_H

/**
 * What the soft rules about other pods (ScheduleAnyway constraints, preferred terms) read of the whole cluster: sums of what the pods of each topology domain
 * add to a score, remembered by what is asked and brought up to date from the model's change log. A *column* is one sum: a constraint, or a topology key of
 * terms. Inside of the fit module; under the model's lock.
 */

#include "topology.h"
#include <podfit/map.h>

/** Columns of one question; a pod with more is not compared. */
#define PF_SOFT_COLUMNS_MAX PF_FIT_TOPOLOGY_MAX

/** What is asked. Everything is borrowed for the call. */
struct pf_soft_question {
    struct pf_sv
        key; /**< canonical bytes: equal for two questions exactly when every sum is equal, apart from labels of namespaces */
    uint32_t columns;     /**< at most PF_SOFT_COLUMNS_MAX */
    const uint32_t *keys; /**< by column: intern id of the topology key */
    uint64_t by_node;  /**< mask of the columns whose domain is the node itself: only own is kept */
    bool by_namespace; /**< gains depend on labels of namespaces */
    const void *asker; /**< given to the functions */
    /** What one pod of a group adds: @p gains by column, all 0 before. @return mask of the columns it has a say in */
    uint64_t (*gain)(const void *asker, const struct pf_model *model, uint32_t group,
                     int64_t *gains);
    /** Which columns' sums a node's pods are part of. @param domains  by column: 0 where the node lacks the key */
    uint64_t (*include)(const void *asker, const struct pf_filter_input *input, uint32_t slot,
                        const uint32_t *domains);
};

struct pf_soft_column {
    struct pf_topology_axis axis;
    int64_t *sums; /**< by domain; wrapping, as Go's int64 */
    size_t cap;    /**< of sums */
};

/** The sums of one question. */
struct pf_soft {
    uint32_t columns;
    uint32_t slots;
    uint32_t *
        domains; /**< by slot and column: domain + 1 (of by_node columns: 1), 0: the node lacks the key */
    int64_t *own;      /**< by slot and column: what the node's pods add */
    uint64_t *counted; /**< by slot: mask of the columns whose sum has the node's own */
    uint32_t counting; /**< slots of which counted is not 0 */
    struct pf_soft_column *column;
    uint64_t seen; /**< sequence number of the model; 0: nothing was counted */
    uint64_t namespace_version;
};

/** @return what the domain of a node adds up to; 0 when it lacks the key, or of a by_node column */
static inline int64_t pf_soft_sum(const struct pf_soft *soft, uint32_t slot, uint32_t column)
{
    const uint32_t domain = soft->domains[(size_t)slot * soft->columns + column];
    return domain != 0 && soft->column[column].sums != NULL ? soft->column[column].sums[domain - 1]
                                                            : 0;
}

/** Remembered sums; those that were asked for longest ago go first. */
struct pf_soft_cache {
    struct pf_map map; /**< key to struct pf_soft_entry */
    struct pf_soft_entry *newest;
    struct pf_soft_entry *oldest;
    size_t bytes;
    size_t max_bytes; /**< not enforced for the one that was asked last */
};

void pf_soft_cache_init(struct pf_soft_cache *cache, size_t max_bytes);
void pf_soft_cache_done(struct pf_soft_cache *cache);

/**
 * Bring the sums of a question up to date.
 *
 * @param[out] ret_soft  borrowed until the next call
 * @return PF_OK or PF_E_NO_MEMORY (nothing is remembered of the question)
 */
enum pf_code pf_soft_ask(struct pf_soft_cache *cache, const struct pf_filter_input *input,
                         const struct pf_soft_question *question,
                         const struct pf_soft **ret_soft) PF_MUST_CHECK;

/* ---- soft.c ---- */

/** @param columns  1 to PF_SOFT_COLUMNS_MAX. @return PF_OK or PF_E_NO_MEMORY (release with pf_soft_done() all the same) */
enum pf_code pf_soft_init(struct pf_soft *soft, uint32_t columns) PF_MUST_CHECK;
/** Free. Accepts a zeroed struct. */
void pf_soft_done(struct pf_soft *soft);
/** Take over what changed, or everything. @return PF_OK, or PF_E_NO_MEMORY: forget it */
enum pf_code pf_soft_update(struct pf_soft *soft, const struct pf_filter_input *input,
                            const struct pf_soft_question *question) PF_MUST_CHECK;
/** Memory held. */
size_t pf_soft_bytes(const struct pf_soft *soft);

#endif

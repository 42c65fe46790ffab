#ifndef PODFIT_FIT_OUTCOMES_H
#define PODFIT_FIT_OUTCOMES_H

/** The distinct results of one question and how many nodes have each. Inside of the fit module; one thread at a time. */

#include <podfit/filter.h>

struct pf_outcome {
    struct pf_result result;
    uint32_t nodes; /**< 0: the id is free for another result */
};

struct pf_outcomes {
    struct pf_outcome *items; /**< owned; the index is the outcome's id */
    uint32_t count;
    uint32_t cap;
    uint32_t recycle;    /**< next id to look at for a free one; count when there is none */
    uint32_t last;       /**< id that was added to last */
    uint32_t *index;     /**< owned; open addressing, id + 1, 0 = empty */
    uint32_t fits;       /**< nodes that pass every filter */
    uint32_t unscorable; /**< of them, those with a score that kube-scheduler refuses */
    uint32_t could;      /**< nodes that fit or could */
    uint32_t excluded;   /**< nodes that do not fit */
    uint32_t failed;     /**< of them, those on which a filter failed with an error */
    uint32_t open;       /**< of them, those of which podfit cannot tell */
};

/** Free. Accepts a zeroed struct, which is also an empty table. */
void pf_outcomes_done(struct pf_outcomes *outcomes);
/** No outcomes; memory is kept. */
void pf_outcomes_reset(struct pf_outcomes *outcomes);
/** Count @p nodes more nodes with this result. @return PF_OK or PF_E_NO_MEMORY (nothing changed) */
enum pf_code pf_outcomes_add(struct pf_outcomes *outcomes, const struct pf_result *result,
                             uint32_t nodes, uint32_t *ret_id) PF_MUST_CHECK;
/** One node less. */
void pf_outcomes_drop(struct pf_outcomes *outcomes, uint32_t id);
/** Memory held. */
size_t pf_outcomes_bytes(const struct pf_outcomes *outcomes);

#endif

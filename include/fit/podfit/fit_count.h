#ifndef PODFIT_FIT_COUNT_H
#define PODFIT_FIT_COUNT_H

/**
 * How many more pods like one fit, and what runs out first: what pf_fit_explain() says in sum, in steps that each hold the model for a bounded number of nodes, so
 * that reviews go on in between. A node counts as it is when its turn comes.
 */

#include <podfit/fit.h>

/** What a pod can ask for: the resources of enum pf_shortage and host ports. */
#define PF_FIT_CONSTRAINTS_MAX 65

/** Where a count stands; zeroed to begin. */
struct pf_fit_count {
    uint32_t next;                         /**< slot to go on with */
    uint32_t handled;                      /**< nodes that were looked at in this step */
    bool more;                             /**< call again */
    uint64_t pods;                         /**< like the one that still fit, saturating */
    uint32_t nodes;                        /**< with room for one at least */
    uint64_t sums[PF_FIT_CONSTRAINTS_MAX]; /**< on nodes that fit, by constraint alone */
    uint64_t
        rooms[PF_FIT_CONSTRAINTS_MAX]; /**< on these and on those where only resources are short */
    /* After the last step, in its arena: */
    struct pf_judgement judgement; /**< with the binding constraint, as in an explanation */
    struct pf_sv constraints
        [PF_FIT_CONSTRAINTS_MAX]; /**< what the pod asks for; its number in `rooms` is in `of` */
    uint8_t of[PF_FIT_CONSTRAINTS_MAX];
    size_t constraint_count;
};

/**
 * One step. [locked] A pod that cannot be remembered (it names its nodes) is counted in one step, whatever @p most says.
 *
 * @param most   nodes of this step, above 0; besides, nodes that changed since the step before are judged again, and a pod that depends on the pods of other
 *               nodes costs some nanoseconds for each node
 * @param arena  of this step
 * @return as pf_fit_judge(); on failure begin anew
 */
enum pf_code pf_fit_count_step(struct pf_fit *fit, const struct pf_fit_ask *ask, uint32_t most,
                               struct pf_arena *arena, struct pf_fit_count *count,
                               struct pf_err *err) PF_MUST_CHECK;

#endif

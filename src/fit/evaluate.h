#ifndef PODFIT_FIT_EVALUATE_H
#define PODFIT_FIT_EVALUATE_H

/** Run the filters of one question on one node. Inside of the fit module. */

#include <podfit/filter.h>

/** What the filters that look at labels and taints only said about a shape. */
struct pf_memo {
    uint32_t generation; /**< of the shape */
    uint32_t key;        /**< as in struct pf_result */
    uint32_t value;
    uint8_t state;      /**< enum pf_memo_state */
    uint8_t filter : 6; /**< that failed; PF_FILTER_COUNT: none */
    uint8_t code : 2;
    bool could;
};

enum pf_memo_state {
    PF_MEMO_EMPTY,  /**< not asked yet */
    PF_MEMO_SHAPE,  /**< valid for every node of the shape */
    PF_MEMO_BY_NODE /**< the answer depends on the node's name */
};

struct pf_evaluation {
    struct pf_filter_input input;
    struct pf_memo *memo; /**< one a shape id; borrowed */
    uint32_t memo_count;  /**< shapes beyond it are not remembered */
    enum pf_code code;    /**< set when there was no memory to judge a node */
};

/**
 * Judge one node, nominated pods included. Filters that look at the pods of all nodes are not asked: see topology.h.
 *
 * @return false: there is no Node in this slot, or evaluation->code was set; *ret_result is untouched
 */
bool pf_evaluate_node(struct pf_evaluation *evaluation, uint32_t slot,
                      struct pf_result *ret_result) PF_MUST_CHECK;
/** All filters but those, on a node with a shape, as input->used has it. */
struct pf_result pf_evaluate_as_used(const struct pf_filter_input *input, uint32_t slot);

#endif

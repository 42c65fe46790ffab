#ifndef PODFIT_CLI_NODES_VIEW_H
#define PODFIT_CLI_NODES_VIEW_H

/** What `podfit nodes` shows: the model node by node, as a table or as JSON. */

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/model.h>

/** An extended resource or a size of huge pages. */
struct pf_node_other {
    struct pf_sv name;
    int64_t used;
    int64_t whole;
};

/** One node; texts live in the arena. */
struct pf_node_row {
    struct pf_sv name;
    struct pf_sv taints; /**< `key=value:Effect`, comma-separated */
    const struct pf_node_other *others;
    size_t other_count;
    struct pf_sv zone; /**< label topology.kubernetes.io/zone; may be empty */
    bool unschedulable;
    int64_t cpu_used; /**< milli */
    int64_t cpu;
    int64_t memory_used; /**< bytes */
    int64_t memory;
    int64_t storage_used; /**< bytes, ephemeral */
    int64_t storage;
    uint64_t pods_used;
    int64_t pods;
    uint64_t bound; /**< of pods_used: bound there; the rest holds room for pods on their way */
};

/** Room that is held for pods on their way. */
static inline uint64_t pf_node_row_held(const struct pf_node_row *row)
{
    return row->pods_used > row->bound ? row->pods_used - row->bound : 0;
}

struct pf_node_rows {
    struct pf_node_row *items; /**< by name */
    size_t count;
};

/** Take the rows from the model, under its lock. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_nodes_take(struct pf_model *model, struct pf_arena *arena,
                           struct pf_node_rows *ret_rows) PF_MUST_CHECK;
/**
 * Keep only the nodes with these names, in the order of the rows.
 *
 * @param count  0: all of them
 * @return a name that no node has, NULL: all were there
 */
const char *pf_nodes_pick(struct pf_node_rows *rows, const char *const *names, size_t count);
/**
 * Append the table for people: on a terminal with bars, and no wider than it (taints are cut).
 *
 * @param wide  no bars, nothing is cut; storage, other resources and zone, too
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_nodes_table(const struct pf_node_rows *rows, bool wide, struct pf_arena *arena,
                            struct pf_buf *buf) PF_MUST_CHECK;
/** Append a line with the sums of all nodes. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_nodes_summary(const struct pf_node_rows *rows, struct pf_buf *buf) PF_MUST_CHECK;
/** Append the JSON document `{"apiVersion":"podfit.io/v1","kind":"NodeList","items":[...]}`. */
void pf_nodes_json(const struct pf_node_rows *rows, struct pf_buf *buf);

#endif

#ifndef PODFIT_CLI_NODES_VIEW_H
#define PODFIT_CLI_NODES_VIEW_H

/** What `podfit nodes` shows: the model node by node, as a table or as JSON. */

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/model.h>

/** One node; texts live in the arena. */
struct pf_node_row {
    struct pf_sv name;
    struct pf_sv taints; /**< `key=value:Effect`, comma-separated */
    bool unschedulable;
    int64_t cpu_used; /**< milli */
    int64_t cpu;
    int64_t memory_used; /**< bytes */
    int64_t memory;
    uint64_t pods_used;
    int64_t pods;
    uint64_t bound; /**< of pods_used: bound there; the rest holds room for pods on their way */
};

struct pf_node_rows {
    struct pf_node_row *items; /**< by name */
    size_t count;
};

/** Take the rows from the model, under its lock. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_nodes_take(struct pf_model *model, struct pf_arena *arena,
                           struct pf_node_rows *ret_rows) PF_MUST_CHECK;
/** Append the table for people. @param wide  no bars, all taints */
enum pf_code pf_nodes_table(const struct pf_node_rows *rows, bool wide, struct pf_arena *arena,
                            struct pf_buf *buf) PF_MUST_CHECK;
/** Append the JSON document `{"apiVersion":"podfit.io/v1","kind":"NodeList","items":[...]}`. */
void pf_nodes_json(const struct pf_node_rows *rows, struct pf_buf *buf);

#endif

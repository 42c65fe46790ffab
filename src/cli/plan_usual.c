#include "plan_calc.h"
#include <podfit/columns.h>

struct size_count {
    int64_t milli_cpu;
    int64_t memory;
    int64_t pods;
    size_t nodes;
    size_t first; /* index into the explanation */
};

static bool same_size(const struct size_count *size, const struct pf_columns *columns,
                      uint32_t slot)
{
    return size->milli_cpu == columns->allocatable_milli_cpu[slot] &&
           size->memory == columns->allocatable_memory[slot] &&
           size->pods == columns->allocatable_pods[slot];
}

/* Sizes of nodes that are told apart when the most usual one is looked for; clusters have a handful. */
#define SIZES_MAX 64

/* [locked] The most usual size among the nodes that count; NULL: none does. */
static const struct pf_fit_node *usual_node(const struct pf_explanation *explanation,
                                            const struct pf_columns *columns)
{
    struct size_count sizes[SIZES_MAX];
    size_t count = 0;
    size_t most = 0;
    for (size_t i = 0; i < explanation->node_count; i++) {
        const uint32_t slot = explanation->nodes[i].slot;
        if (!pf_plan_calc_counts(&explanation->nodes[i])) {
            continue;
        }
        size_t at = 0;
        while (at < count && !same_size(&sizes[at], columns, slot)) {
            at++;
        }
        if (at == SIZES_MAX) {
            continue;
        }
        if (at == count) {
            sizes[count++] = (struct size_count){
                .milli_cpu = columns->allocatable_milli_cpu[slot],
                .memory = columns->allocatable_memory[slot],
                .pods = columns->allocatable_pods[slot],
                .first = i,
            };
        }
        sizes[at].nodes++;
    }
    for (size_t i = 1; i < count; i++) {
        const bool larger = sizes[i].nodes == sizes[most].nodes && sizes[i].pods > sizes[most].pods;
        most = larger || sizes[i].nodes > sizes[most].nodes ? i : most;
    }
    return count != 0 ? &explanation->nodes[sizes[most].first] : NULL;
}

bool pf_plan_usual_find(const struct pf_explanation *explanation, struct pf_plan_world *world,
                        size_t *ret_like)
{
    pf_model_lock(world->model);
    const struct pf_fit_node *node = usual_node(explanation, pf_model_columns(world->model));
    pf_model_unlock(world->model);
    for (size_t i = 0; node != NULL && i < world->node_count; i++) {
        if (pf_sv_eq(world->nodes[i].meta.name, node->name)) {
            *ret_like = i;
            return true;
        }
    }
    return false;
}

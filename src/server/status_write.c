#include "status.h"
#include <podfit/num.h>

/* From these percents on something deserves a look, or action; the alerts use the same steps. */
#define BUSY_PERCENT 80
#define FULL_PERCENT 90

static const char *level(unsigned percent)
{
    if (percent >= FULL_PERCENT) {
        return "full";
    }
    return percent >= BUSY_PERCENT ? "busy" : "calm";
}

static void put_amount(struct pf_writer *w, const char *key, const struct pf_nodemap_amount *amount)
{
    const unsigned percent = pf_nodemap_percent(amount);
    const struct pf_nodemap_amount held = {.allocatable = amount->allocatable,
                                           .used = amount->reserved};
    const unsigned held_percent = pf_nodemap_percent(&held);
    const unsigned reserved = held_percent < percent ? held_percent : percent;
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "allocatable", amount->allocatable);
    pf_write_i64_member(w, "used", amount->used);
    pf_write_i64_member(w, "reserved", amount->reserved);
    pf_write_i64_member(w, "percent", percent);
    pf_write_i64_member(w, "reservedPercent", reserved);
    pf_write_i64_member(w, "boundPercent", percent - reserved);
    pf_write_string_member(w, "level", pf_sv_from(level(percent)));
    pf_write_end_object(w);
}

static void put_taints(struct pf_writer *w, const struct pf_nodemap_node *node)
{
    pf_write_key(w, PF_SV("taints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < node->taint_count; i++) {
        pf_write_put_string(w, node->taints[i]);
    }
    pf_write_end_array(w);
}

/* `cordoned` and `broken` say the same. Source: k8s.io/api/core/v1 well_known_taints.go */
static bool is_state(struct pf_sv taint)
{
    static const struct pf_sv states[] = {PF_SV_INIT("node.kubernetes.io/not-ready:"),
                                          PF_SV_INIT("node.kubernetes.io/unreachable:"),
                                          PF_SV_INIT("node.kubernetes.io/unschedulable:")};
    for (size_t i = 0; i < PF_ARRAY_LEN(states); i++) {
        if (pf_sv_starts_with(taint, states[i])) {
            return true;
        }
    }
    return false;
}

/* What tells the node from the others of its pool. */
static void put_own_taints(struct pf_writer *w, const struct pf_nodemap_node *node,
                           const struct pf_nodemap_pool *pool)
{
    pf_write_key(w, PF_SV("ownTaints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < node->taint_count; i++) {
        if (!is_state(node->taints[i]) && !pf_nodemap_is_common(pool, node->taints[i])) {
            pf_write_put_string(w, node->taints[i]);
        }
    }
    pf_write_end_array(w);
}

static void put_node(struct pf_writer *w, const struct pf_nodemap_node *node,
                     const struct pf_nodemap_pool *pool)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "name", node->name);
    put_amount(w, "cpuMilli", &node->cpu);
    put_amount(w, "memoryBytes", &node->memory);
    put_amount(w, "pods", &node->pods);
    pf_write_i64_member(w, "fullness", node->fullness);
    pf_write_string_member(w, "fullest", pf_sv_from(node->fullest));
    pf_write_string_member(w, "level", pf_sv_from(level(node->fullness)));
    pf_write_i64_member(w, "reservations", node->pods.reserved);
    pf_write_bool_member(w, "cordoned", node->cordoned);
    pf_write_bool_member(w, "broken", node->broken);
    put_taints(w, node);
    put_own_taints(w, node, pool);
    pf_write_i64_member(w, "taintsMore", (int64_t)node->taints_more);
    pf_write_end_object(w);
}

/* Nodes whose fullest resource is at that level; the steps do not cross levels. */
static uint64_t count_level(const struct pf_nodemap_pool *pool, const char *name)
{
    uint64_t nodes = 0;
    for (unsigned i = 0; i < PF_NODEMAP_STEPS; i++) {
        nodes += strcmp(level(i * 100 / PF_NODEMAP_STEPS), name) == 0 ? pool->steps[i] : 0;
    }
    return nodes;
}

static void put_steps(struct pf_writer *w, const struct pf_nodemap_pool *pool)
{
    uint32_t most = 1;
    for (size_t i = 0; i < PF_NODEMAP_STEPS; i++) {
        most = pool->steps[i] > most ? pool->steps[i] : most;
    }
    pf_write_key(w, PF_SV("nodesByFullness"));
    pf_write_begin_array(w);
    for (unsigned i = 0; i < PF_NODEMAP_STEPS; i++) {
        const unsigned from = i * 100 / PF_NODEMAP_STEPS;
        pf_write_begin_object(w);
        pf_write_i64_member(w, "from", from);
        pf_write_i64_member(w, "to",
                            i + 1 == PF_NODEMAP_STEPS ? 100 : from + 100 / PF_NODEMAP_STEPS - 1);
        pf_write_u64_member(w, "nodes", pool->steps[i]);
        /* in percent of the most usual step, and so that a single node is seen */
        pf_write_u64_member(w, "share", ((uint64_t)pool->steps[i] * 100 + most - 1) / most);
        pf_write_string_member(w, "level", pf_sv_from(level(from)));
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
}

static void put_pool(struct pf_writer *w, const struct pf_nodemap *map,
                     const struct pf_nodemap_pool *pool,
                     const struct pf_status_selection *selection)
{
    const bool selected = selection->pool == pool;
    pf_write_begin_object(w);
    pf_write_string_member(w, "pool", pool->name);
    pf_write_u64_member(w, "nodes", pool->nodes);
    pf_write_u64_member(w, "cordoned", pool->cordoned);
    pf_write_u64_member(w, "broken", pool->broken);
    put_amount(w, "cpuMilli", &pool->cpu);
    put_amount(w, "memoryBytes", &pool->memory);
    put_amount(w, "pods", &pool->pods);
    pf_write_u64_member(w, "busy", count_level(pool, "busy"));
    pf_write_u64_member(w, "full", count_level(pool, "full"));
    put_steps(w, pool);
    pf_write_key(w, PF_SV("commonTaints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < pool->taint_count; i++) {
        pf_write_put_string(w, pool->taints[i]);
    }
    pf_write_end_array(w);
    pf_write_bool_member(w, "selected", selected);
    pf_write_bool_member(w, "listed", selected || selection->pool == NULL);
    pf_write_key(w, PF_SV("nodeList"));
    if (!selected && !selection->all) {
        pf_write_put_null(w);
    } else {
        const size_t first = pool->first + (selected ? selection->first : 0);
        const size_t count = selected ? selection->count : pool->nodes;
        pf_write_begin_array(w);
        for (size_t i = 0; i < count; i++) {
            put_node(w, &map->nodes[first + i], pool);
        }
        pf_write_end_array(w);
    }
    pf_write_end_object(w);
}

void pf_status_write_pools(struct pf_writer *w, const struct pf_nodemap *map,
                           const struct pf_status_selection *selection)
{
    pf_write_begin_array(w);
    for (size_t i = 0; i < map->pool_count; i++) {
        put_pool(w, map, &map->pools[i], selection);
    }
    pf_write_end_array(w);
}

static void put_constraints(struct pf_writer *w, const struct pf_headroom_class *row)
{
    uint64_t most = 1;
    for (size_t i = 0; i < row->constraint_count; i++) {
        const uint64_t projects = row->constraints[i].projects;
        most = projects > most ? projects : most;
    }
    pf_write_key(w, PF_SV("constraints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < row->constraint_count; i++) {
        const struct pf_headroom_constraint *constraint = &row->constraints[i];
        pf_write_begin_object(w);
        pf_write_string_member(w, "constraint", pf_sv_from(constraint->name));
        pf_write_u64_member(w, "projects", constraint->projects);
        pf_write_u64_member(w, "share", (uint64_t)((pf_u128)constraint->projects * 100 / most));
        pf_write_bool_member(w, "binds", strcmp(constraint->name, row->binding) == 0);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
}

/* The cause is a sentence about nodes: for those who may see their names. */
static void put_class(struct pf_writer *w, const struct pf_headroom_class *row, bool details)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "class", pf_sv_from(row->name));
    pf_write_bool_member(w, "known", row->known);
    pf_write_key(w, PF_SV("projects"));
    if (row->known) {
        pf_write_put_u64(w, row->projects);
    } else {
        pf_write_put_null(w);
    }
    pf_write_u64_member(w, "nodes", row->nodes);
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(row->verdict)));
    pf_write_string_member(w, "countedIn", row->from_latest ? PF_SV("latestPod") : PF_SV("quota"));
    pf_write_bool_member(w, "fromLatest", row->from_latest);
    pf_write_i64_member(w, "cpuMilli", row->milli_cpu);
    pf_write_i64_member(w, "memoryBytes", row->memory);
    pf_write_string_member(w, "binding", pf_sv_from(row->binding));
    if (details) {
        pf_write_string_member(w, "cause", pf_sv_from(row->cause));
    }
    put_constraints(w, row);
    pf_write_end_object(w);
}

void pf_status_write_headroom(struct pf_writer *w, const struct pf_headroom_view *view,
                              bool details)
{
    pf_write_begin_object(w);
    pf_write_i64_member(w, "countedAgoMs", view->counted_ms);
    pf_write_i64_member(w, "lockedMaxUs", view->locked_us);
    pf_write_u64_member(w, "classesLeftOut", view->left_out);
    pf_write_key(w, PF_SV("classes"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < view->count; i++) {
        put_class(w, &view->classes[i], details);
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

static void put_entry(struct pf_writer *w, const struct pf_recent_entry *entry)
{
    char time[PF_TIME_TEXT_BYTES];
    pf_clock_format(entry->wall_ns, time);
    pf_write_begin_object(w);
    pf_write_string_member(w, "time", pf_sv_from(time));
    pf_write_string_member(w, "class", pf_sv_from(entry->class_name));
    pf_write_string_member(w, "namespace", pf_sv_from(entry->namespace_));
    pf_write_string_member(w, "pod", pf_sv_from(entry->pod));
    pf_write_string_member(w, "owner", pf_sv_from(entry->owner));
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(entry->verdict)));
    pf_write_string_member(w, "action", pf_sv_from(pf_action_name(entry->action)));
    pf_write_bool_member(w, "observed", entry->observed);
    pf_write_bool_member(w, "dryRun", entry->dry_run);
    pf_write_bool_member(w, "resize", entry->resize);
    pf_write_string_member(w, "binding", pf_sv_from(entry->binding));
    pf_write_string_member(w, "sentence", pf_sv_from(entry->sentence));
    pf_write_i64_member(w, "latencyUs", entry->latency_us);
    pf_write_end_object(w);
}

void pf_status_write_recent(struct pf_writer *w, const struct pf_recent_list *list)
{
    pf_write_begin_array(w);
    for (size_t i = 0; i < list->count; i++) {
        put_entry(w, &list->entries[i]);
    }
    pf_write_end_array(w);
}

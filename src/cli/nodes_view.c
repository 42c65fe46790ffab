#include "nodes_view.h"

#include <podfit/columns.h>
#include <podfit/residents.h>
#include <podfit/write.h>

/* ---- from the model ---- */

static struct pf_sv intern(const struct pf_model *model, uint32_t id)
{
    return pf_intern_text(pf_model_strings(model), id);
}

static const char *taints_text(const struct pf_model *model, const struct pf_shape *shape,
                               struct pf_arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < shape->taint_count && text != NULL; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        const struct pf_sv value = intern(model, taint->value);
        text = pf_arena_printf(arena, "%s%s%.*s%s%.*s:%.*s", text, i != 0 ? "," : "",
                               PF_SV_ARG(intern(model, taint->key)), value.len != 0 ? "=" : "",
                               PF_SV_ARG(value), PF_SV_ARG(intern(model, taint->effect)));
    }
    return text;
}

static uint64_t count_bound(const struct pf_model *model, uint32_t slot)
{
    struct pf_resident resident;
    const void *cursor = NULL;
    uint64_t count = 0;
    while (pf_model_residents_next(model, slot, PF_RESIDENT_BOUND, &cursor, &resident)) {
        count++;
    }
    return count;
}

/* What nodes have beside CPU, memory, storage and pod slots. */
static bool take_others(const struct pf_model *model, const struct pf_node_extra *extra,
                        struct pf_arena *arena, struct pf_node_row *row)
{
    const size_t count = extra != NULL ? extra->scalar_count : 0;
    struct pf_node_other *others = pf_arena_calloc(arena, count + 1, sizeof(*others));
    bool done = others != NULL;
    for (size_t i = 0; i < count && done; i++) {
        const struct pf_node_scalar *scalar = &extra->scalars[i];
        others[i] = (struct pf_node_other){.used = scalar->used, .whole = scalar->allocatable};
        done = pf_arena_dup_sv(arena, intern(model, scalar->name), &others[i].name);
    }
    row->others = others;
    row->other_count = count;
    return done;
}

/* Texts of the model may move when it changes. */
static bool take_zone(const struct pf_model *model, const struct pf_shape *shape,
                      struct pf_arena *arena, struct pf_sv *ret_zone)
{
    for (size_t i = 0; i < shape->label_count; i++) {
        const struct pf_shape_label *label = &shape->labels[i];
        if (label->value != PF_VALUE_NODE_NAME &&
            pf_sv_eq_cstr(intern(model, label->key), "topology.kubernetes.io/zone")) {
            return pf_arena_dup_sv(arena, intern(model, label->value), ret_zone);
        }
    }
    return true;
}

static bool take_row(const struct pf_model *model, uint32_t slot, struct pf_arena *arena,
                     struct pf_node_row *row)
{
    const struct pf_columns *c = pf_model_columns(model);
    const struct pf_shape *shape = pf_model_shape(model, c->shape[slot]);
    const char *taints = taints_text(model, shape, arena);
    *row = (struct pf_node_row){
        .taints = pf_sv_from(taints),
        .unschedulable = shape->unschedulable,
        .cpu_used = c->used_milli_cpu[slot],
        .cpu = c->allocatable_milli_cpu[slot],
        .memory_used = c->used_memory[slot],
        .memory = c->allocatable_memory[slot],
        .storage_used = c->used_ephemeral_storage[slot],
        .storage = c->allocatable_ephemeral_storage[slot],
        .pods_used = c->used_pods[slot],
        .pods = c->allocatable_pods[slot],
        .bound = count_bound(model, slot),
    };
    return taints != NULL && take_others(model, c->extra[slot], arena, row) &&
           take_zone(model, shape, arena, &row->zone) &&
           pf_arena_dup_sv(arena, intern(model, c->name[slot]), &row->name);
}

enum pf_code pf_nodes_take(struct pf_model *model, struct pf_arena *arena,
                           struct pf_node_rows *ret_rows)
{
    pf_model_lock(model);
    uint32_t count = 0;
    const uint32_t *slots = pf_model_nodes_by_name(model, &count);
    struct pf_node_row *rows = pf_arena_calloc(arena, (size_t)count + 1, sizeof(*rows));
    bool done = rows != NULL && (slots != NULL || count == 0);
    for (uint32_t i = 0; i < count && done; i++) {
        done = take_row(model, slots[i], arena, &rows[i]);
    }
    pf_model_unlock(model);
    if (!done) {
        return PF_E_NO_MEMORY;
    }
    *ret_rows = (struct pf_node_rows){.items = rows, .count = count};
    return PF_OK;
}

static bool is_named(const char *const *names, size_t count, struct pf_sv name)
{
    for (size_t i = 0; i < count; i++) {
        if (pf_sv_eq_cstr(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_there(const struct pf_node_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (pf_sv_eq_cstr(rows->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

const char *pf_nodes_pick(struct pf_node_rows *rows, const char *const *names, size_t count)
{
    const char *missing = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count && missing == NULL; i++) {
        missing = is_there(rows, names[i]) ? NULL : names[i];
    }
    for (size_t i = 0; i < rows->count && count != 0; i++) {
        if (is_named(names, count, rows->items[i].name)) {
            rows->items[kept++] = rows->items[i];
        }
    }
    rows->count = count != 0 ? kept : rows->count;
    return missing;
}

/* ---- JSON ---- */

static void put_pair(struct pf_writer *w, const char *name, int64_t used, int64_t whole)
{
    pf_write_key(w, pf_sv_from(name));
    pf_write_begin_object(w);
    pf_write_i64_member(w, "used", used);
    pf_write_i64_member(w, "allocatable", whole);
    pf_write_end_object(w);
}

static void put_row(struct pf_writer *w, const struct pf_node_row *row)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "name", row->name);
    pf_write_bool_member(w, "unschedulable", row->unschedulable);
    put_pair(w, "milliCpu", row->cpu_used, row->cpu);
    put_pair(w, "memoryBytes", row->memory_used, row->memory);
    put_pair(w, "ephemeralStorageBytes", row->storage_used, row->storage);
    put_pair(w, "pods", (int64_t)row->pods_used, row->pods);
    pf_write_i64_member(w, "podsBound", (int64_t)row->bound);
    pf_write_i64_member(w, "podsHeld", (int64_t)pf_node_row_held(row));
    pf_write_string_member(w, "taints", row->taints);
    pf_write_key(w, PF_SV("others"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < row->other_count; i++) {
        pf_write_begin_object(w);
        pf_write_string_member(w, "resource", row->others[i].name);
        pf_write_i64_member(w, "used", row->others[i].used);
        pf_write_i64_member(w, "allocatable", row->others[i].whole);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    pf_write_string_member(w, "zone", row->zone);
    pf_write_end_object(w);
}

void pf_nodes_json(const struct pf_node_rows *rows, struct pf_buf *buf)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(&w, "kind", PF_SV("NodeList"));
    pf_write_key(&w, PF_SV("items"));
    pf_write_begin_array(&w);
    for (size_t i = 0; i < rows->count; i++) {
        put_row(&w, &rows->items[i]);
    }
    pf_write_end_array(&w);
    pf_write_end_object(&w);
}

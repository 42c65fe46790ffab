#include "nodes_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "bars.h"
#include <podfit/clitable.h>
#include <podfit/columns.h>
#include <podfit/residents.h>
#include <podfit/write.h>

#define BAR_COLUMNS 10
#define MEBIBYTE    INT64_C(1048576)

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
        .pods_used = c->used_pods[slot],
        .pods = c->allocatable_pods[slot],
        .bound = count_bound(model, slot),
    };
    return taints != NULL && pf_arena_dup_sv(arena, intern(model, c->name[slot]), &row->name);
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

/* ---- the table ---- */

static uint64_t positive(int64_t value)
{
    return value > 0 ? (uint64_t)value : 0;
}

/* The figure, and a bar behind it on a terminal. */
static void add_fill(struct pf_clitable *table, const struct pf_bars *bars, const char *figure,
                     int64_t used, int64_t whole)
{
    char bar[PF_BARS_TEXT_BYTES];
    const struct pf_sv drawn =
        pf_bars_draw(bars, positive(used), positive(whole), BAR_COLUMNS, bar);
    const char *text = drawn.len == 0
                           ? figure
                           : pf_arena_printf(table->arena, "%.*s %s", PF_SV_ARG(drawn), figure);
    if (text == NULL) {
        table->failed = true;
        return;
    }
    pf_clitable_add(table, pf_sv_from(text),
                    drawn.len == 0 ? PF_CLIOUT_PLAIN
                                   : pf_bars_style(positive(used), positive(whole)));
}

static void add_row(struct pf_clitable *table, const struct pf_bars *bars,
                    const struct pf_node_row *row)
{
    char text[96];
    pf_clitable_add(table, row->name, PF_CLIOUT_STRONG);
    (void)snprintf(text, sizeof(text), "%" PRId64 "m/%" PRId64 "m", row->cpu_used, row->cpu);
    add_fill(table, bars, text, row->cpu_used, row->cpu);
    (void)snprintf(text, sizeof(text), "%" PRId64 "Mi/%" PRId64 "Mi", row->memory_used / MEBIBYTE,
                   row->memory / MEBIBYTE);
    add_fill(table, bars, text, row->memory_used, row->memory);
    (void)snprintf(text, sizeof(text), "%" PRIu64 "/%" PRId64, row->pods_used, row->pods);
    add_fill(table, bars, text, (int64_t)row->pods_used, row->pods);
    pf_clitable_addf(table, "%" PRIu64,
                     row->pods_used > row->bound ? row->pods_used - row->bound : 0);
    pf_clitable_add(table, row->unschedulable ? PF_SV("cordoned") : PF_SV("open"),
                    row->unschedulable ? PF_CLIOUT_DOUBT : PF_CLIOUT_PLAIN);
    pf_clitable_add(table, row->taints.len != 0 ? row->taints : PF_SV("-"), PF_CLIOUT_PLAIN);
}

enum pf_code pf_nodes_table(const struct pf_node_rows *rows, bool wide, struct pf_arena *arena,
                            struct pf_buf *buf)
{
    static const char *const headings[] = {"NODE", "CPU",   "MEMORY", "PODS",
                                           "HELD", "STATE", "TAINTS"};
    struct pf_bars bars = pf_bars_terminal();
    bars.shown = bars.shown && !wide;
    struct pf_clitable table = {.arena = arena};
    pf_clitable_init(&table, arena, headings, PF_ARRAY_LEN(headings));
    for (size_t i = 0; i < rows->count; i++) {
        add_row(&table, &bars, &rows->items[i]);
    }
    return pf_clitable_put(&table, 0, bars.colour, buf);
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
    put_pair(w, "pods", (int64_t)row->pods_used, row->pods);
    pf_write_i64_member(w, "podsBound", (int64_t)row->bound);
    pf_write_string_member(w, "taints", row->taints);
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

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "bars.h"
#include "nodes_view.h"
#include "plan_show.h"
#include <podfit/clitable.h>
#include <podfit/num.h>

#define BAR_COLUMNS 10
/* A narrower bar says nothing. */
#define BAR_COLUMNS_MIN 4
/* What is left to taints beside bars, and on a terminal that is narrower than ROOMY. */
#define TAINT_COLUMNS     20
#define TAINT_COLUMNS_MIN 6
#define ROOMY_COLUMNS     90
/* A longer list of other resources is cut. */
#define OTHERS_MAX_BYTES ((size_t)16 * 1024)
/* Between two columns; between a bar and its figure. */
#define GAP     2
#define BAR_GAP 1

enum { CPU, MEMORY, PODS, FILLS };

/* What a row says, before anybody knows how wide the columns are. */
struct row_text {
    char fills[FILLS][2 * PF_PLAN_TEXT_BYTES];
    char held[24];
};

struct view {
    const struct pf_node_rows *rows;
    bool wide;
    struct pf_arena *arena;
    struct row_text *texts;
    struct pf_bars bars;
    unsigned bar_columns;
    size_t taint_columns; /* SIZE_MAX: all of them */
};

static uint64_t positive(int64_t value)
{
    return value > 0 ? (uint64_t)value : 0;
}

static void pair(char text[2 * PF_PLAN_TEXT_BYTES], const char *used, const char *whole)
{
    (void)snprintf(text, (size_t)2 * PF_PLAN_TEXT_BYTES, "%s/%s", used, whole);
}

static void write_row(const struct pf_node_row *row, struct row_text *text)
{
    char used[PF_PLAN_TEXT_BYTES];
    char whole[PF_PLAN_TEXT_BYTES];
    pair(text->fills[CPU], pf_plan_text_cpu(row->cpu_used, used),
         pf_plan_text_cpu(row->cpu, whole));
    pair(text->fills[MEMORY], pf_plan_text_bytes(row->memory_used, used),
         pf_plan_text_bytes(row->memory, whole));
    (void)snprintf(text->fills[PODS], sizeof(text->fills[PODS]), "%" PRIu64 "/%" PRId64,
                   row->pods_used, row->pods);
    (void)snprintf(text->held, sizeof(text->held), "%" PRIu64, pf_node_row_held(row));
}

static size_t longer(size_t width, const char *text)
{
    const size_t len = strlen(text);
    return len > width ? len : width;
}

/* Share the terminal's width between bars and taints: a line that wraps cannot be read. */
static void fit_to_terminal(struct view *view)
{
    const unsigned columns = pf_cliout_width(STDOUT_FILENO);
    size_t name = strlen("NODE");
    size_t fills[FILLS] = {0};
    size_t held = strlen("HELD");
    view->taint_columns = SIZE_MAX;
    view->bar_columns = BAR_COLUMNS;
    if (columns == 0 || view->wide) {
        view->bars.shown = view->bars.shown && !view->wide;
        return;
    }
    for (size_t i = 0; i < view->rows->count; i++) {
        const size_t len = pf_cliout_columns(view->rows->items[i].name);
        name = len > name ? len : name;
        held = longer(held, view->texts[i].held);
        for (size_t k = 0; k < FILLS; k++) {
            fills[k] = longer(fills[k], view->texts[i].fills[k]);
        }
    }
    const size_t plain = name + fills[CPU] + fills[MEMORY] + fills[PODS] + held +
                         strlen("cordoned") + (size_t)6 * GAP;
    const size_t taints = columns < ROOMY_COLUMNS ? TAINT_COLUMNS_MIN : TAINT_COLUMNS;
    const size_t wanted = plain + taints + (size_t)FILLS * BAR_GAP;
    const size_t bar = columns > wanted ? (columns - wanted) / FILLS : 0;
    view->bar_columns = bar > BAR_COLUMNS ? BAR_COLUMNS : (unsigned)bar;
    view->bars.shown = view->bars.shown && bar >= BAR_COLUMNS_MIN;
    const size_t drawn = view->bars.shown ? (size_t)FILLS * (view->bar_columns + BAR_GAP) : 0;
    const size_t left = columns > plain + drawn ? columns - plain - drawn : 0;
    view->taint_columns = left;
}

/* The figure, and a bar before it on a terminal. */
static void add_fill(struct pf_clitable *table, const struct view *view, const char *figure,
                     int64_t used, int64_t whole)
{
    char bar[PF_BARS_TEXT_BYTES];
    const struct pf_sv drawn =
        pf_bars_draw(&view->bars, positive(used), positive(whole), view->bar_columns, bar);
    const char *text =
        drawn.len == 0 ? figure : pf_arena_printf(view->arena, "%.*s %s", PF_SV_ARG(drawn), figure);
    if (text == NULL) {
        table->failed = true;
        return;
    }
    pf_clitable_add(table, pf_sv_from(text),
                    drawn.len == 0 ? PF_CLIOUT_PLAIN
                                   : pf_bars_style(positive(used), positive(whole)));
}

static void add_taints(struct pf_clitable *table, const struct view *view, struct pf_sv taints)
{
    pf_autobuf struct pf_buf cut = {0};
    pf_buf_init(&cut, taints.len + 2);
    pf_cliout_put_cut(&cut, taints.len != 0 ? taints : PF_SV("-"), view->taint_columns);
    pf_clitable_add(table, pf_buf_view(&cut), PF_CLIOUT_PLAIN);
    table->failed = table->failed || pf_buf_status(&cut, NULL) != PF_OK;
}

static void add_others(struct pf_clitable *table, const struct pf_node_row *row)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, OTHERS_MAX_BYTES);
    for (size_t i = 0; i < row->other_count; i++) {
        const struct pf_node_other *other = &row->others[i];
        pf_buf_printf(&text, "%s%.*s %" PRId64 "/%" PRId64, i != 0 ? "," : "",
                      PF_SV_ARG(other->name), other->used, other->whole);
    }
    pf_clitable_add(table, text.len != 0 ? pf_buf_view(&text) : PF_SV("-"), PF_CLIOUT_PLAIN);
}

static void add_wide(struct pf_clitable *table, const struct pf_node_row *row)
{
    char used[PF_PLAN_TEXT_BYTES];
    char whole[PF_PLAN_TEXT_BYTES];
    pf_clitable_addf(table, "%s/%s", pf_plan_text_bytes(row->storage_used, used),
                     pf_plan_text_bytes(row->storage, whole));
    add_others(table, row);
    pf_clitable_add(table, row->zone.len != 0 ? row->zone : PF_SV("-"), PF_CLIOUT_PLAIN);
}

static void add_row(struct pf_clitable *table, const struct view *view, size_t i)
{
    const struct pf_node_row *row = &view->rows->items[i];
    const struct row_text *text = &view->texts[i];
    pf_clitable_add(table, row->name, PF_CLIOUT_STRONG);
    add_fill(table, view, text->fills[CPU], row->cpu_used, row->cpu);
    add_fill(table, view, text->fills[MEMORY], row->memory_used, row->memory);
    add_fill(table, view, text->fills[PODS], (int64_t)row->pods_used, row->pods);
    pf_clitable_add(table, pf_sv_from(text->held), PF_CLIOUT_PLAIN);
    pf_clitable_add(table, row->unschedulable ? PF_SV("cordoned") : PF_SV("open"),
                    row->unschedulable ? PF_CLIOUT_DOUBT : PF_CLIOUT_PLAIN);
    if (view->wide) {
        add_wide(table, row);
    }
    add_taints(table, view, row->taints);
}

enum pf_code pf_nodes_table(const struct pf_node_rows *rows, bool wide, struct pf_arena *arena,
                            struct pf_buf *buf)
{
    static const char *const headings[] = {"NODE", "CPU",   "MEMORY", "PODS",
                                           "HELD", "STATE", "TAINTS"};
    static const char *const wide_headings[] = {"NODE",  "CPU",     "MEMORY", "PODS", "HELD",
                                                "STATE", "STORAGE", "OTHERS", "ZONE", "TAINTS"};
    struct view view = {.rows = rows, .wide = wide, .arena = arena, .bars = pf_bars_terminal()};
    struct pf_clitable table = {.arena = arena};
    view.texts = pf_arena_calloc(arena, rows->count + 1, sizeof(*view.texts));
    if (view.texts == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < rows->count; i++) {
        write_row(&rows->items[i], &view.texts[i]);
    }
    fit_to_terminal(&view);
    pf_clitable_init(&table, arena, wide ? wide_headings : headings,
                     wide ? PF_ARRAY_LEN(wide_headings) : PF_ARRAY_LEN(headings));
    table.right = 1U << 4;
    for (size_t i = 0; i < rows->count; i++) {
        add_row(&table, &view, i);
    }
    return pf_clitable_put(&table, 0, view.bars.colour, buf);
}

static int64_t percent(int64_t used, int64_t whole)
{
    return whole > 0 && used > 0 ? (int64_t)((pf_u128)used * 100 / (pf_u128)whole) : 0;
}

/* Sums of a cluster stay below 2^63 in practice; a snapshot may say anything. */
static int64_t sum(int64_t a, int64_t b)
{
    int64_t result = 0;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result;
}

enum pf_code pf_nodes_summary(const struct pf_node_rows *rows, struct pf_buf *buf)
{
    char used[PF_PLAN_TEXT_BYTES];
    char whole[PF_PLAN_TEXT_BYTES];
    struct pf_node_row all = {.cpu = 0};
    size_t cordoned = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct pf_node_row *row = &rows->items[i];
        all.cpu_used = sum(all.cpu_used, row->cpu_used);
        all.cpu = sum(all.cpu, row->cpu);
        all.memory_used = sum(all.memory_used, row->memory_used);
        all.memory = sum(all.memory, row->memory);
        all.pods_used += row->pods_used;
        all.pods = sum(all.pods, row->pods);
        cordoned += row->unschedulable ? 1 : 0;
    }
    pf_buf_printf(buf, "%zu nodes", rows->count);
    if (cordoned != 0) {
        pf_buf_printf(buf, ", %zu cordoned", cordoned);
    }
    pf_buf_printf(buf, "; cpu %s/%s (%" PRId64 " %%)", pf_plan_text_cpu(all.cpu_used, used),
                  pf_plan_text_cpu(all.cpu, whole), percent(all.cpu_used, all.cpu));
    pf_buf_printf(buf, ", memory %s/%s (%" PRId64 " %%)", pf_plan_text_bytes(all.memory_used, used),
                  pf_plan_text_bytes(all.memory, whole), percent(all.memory_used, all.memory));
    pf_buf_printf(buf, ", pods %" PRIu64 "/%" PRId64 "\n", all.pods_used, all.pods);
    return pf_buf_status(buf, NULL);
}

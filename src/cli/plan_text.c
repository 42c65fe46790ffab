#include <stdio.h>

#include "plan_rows.h"
#include <podfit/clitable.h>
#include <podfit/num.h>

#define BAR_COLUMNS 24
/* Groups of nodes that are listed; the rest is counted, and -o json has them all. */
#define GROUPS_SHOWN 20
#define MI           INT64_C(1048576)
#define GI           INT64_C(1073741824)

int64_t pf_plan_text_ratio(int64_t part, int64_t whole)
{
    if (whole <= 0 || part < 0) {
        return -1;
    }
    const pf_u128 hundredths = ((pf_u128)part * 200 + (pf_u128)whole) / ((pf_u128)whole * 2);
    return hundredths > (pf_u128)INT64_MAX ? INT64_MAX : (int64_t)hundredths;
}

const char *pf_plan_text_cpu(int64_t milli_cpu, char text[PF_PLAN_TEXT_BYTES])
{
    const int64_t whole = milli_cpu / 1000;
    const int64_t rest = milli_cpu % 1000;
    if (milli_cpu > 0 && milli_cpu < 1000) {
        (void)snprintf(text, PF_PLAN_TEXT_BYTES, "%lldm", (long long)rest);
    } else if (rest == 0 || milli_cpu < 0) {
        (void)snprintf(text, PF_PLAN_TEXT_BYTES, "%lld", (long long)whole);
    } else {
        int len =
            snprintf(text, PF_PLAN_TEXT_BYTES, "%lld.%03lld", (long long)whole, (long long)rest);
        while (text[len - 1] == '0') {
            text[--len] = '\0';
        }
    }
    return text;
}

size_t pf_plan_text_exact(int64_t bytes, char text[PF_QUANTITY_TEXT_BYTES])
{
    char binary[PF_QUANTITY_TEXT_BYTES];
    const struct pf_quantity two = pf_quantity_from_i64(bytes, 0, PF_QUANTITY_BINARY_SI);
    const struct pf_quantity ten = pf_quantity_from_i64(bytes, 0, PF_QUANTITY_DECIMAL_SI);
    const size_t binary_len = pf_quantity_format(&two, binary);
    const size_t len = pf_quantity_format(&ten, text);
    if (binary_len > len) {
        return len;
    }
    memcpy(text, binary, binary_len + 1);
    return binary_len;
}

const char *pf_plan_text_bytes(int64_t bytes, char text[PF_PLAN_TEXT_BYTES])
{
    char exact[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_plan_text_exact(bytes, exact);
    const bool small = bytes < GI / 10;
    if (len <= 6 || (bytes < 0 && len < PF_PLAN_TEXT_BYTES)) {
        memcpy(text, exact, len + 1);
        return text;
    }
    const int64_t unit = small ? MI : GI;
    const pf_u128 tenths = ((pf_u128)bytes * 20 + (pf_u128)unit) / ((pf_u128)unit * 2);
    (void)snprintf(text, PF_PLAN_TEXT_BYTES, "%lld.%lld%s", (long long)(tenths / 10),
                   (long long)(tenths % 10), small ? "Mi" : "Gi");
    return text;
}

const char *pf_plan_text_count(uint64_t count, char text[PF_PLAN_TEXT_BYTES])
{
    if (count == UINT64_MAX) {
        (void)snprintf(text, PF_PLAN_TEXT_BYTES, "no limit");
    } else {
        (void)snprintf(text, PF_PLAN_TEXT_BYTES, "%llu", (unsigned long long)count);
    }
    return text;
}

const char *pf_plan_text_line(const struct pf_plan_line *line, char text[PF_PLAN_TEXT_LINE_BYTES])
{
    static const char *const forms[PF_PLAN_BASIS_COUNT] = {
        [PF_PLAN_REQUESTS] = "requested",
        [PF_PLAN_USAGE] = "expected use of",
        [PF_PLAN_LIMITS] = "limits of",
    };
    struct pf_sv name = line->constraint;
    name.len = name.len < PF_PLAN_TEXT_BYTES ? name.len : PF_PLAN_TEXT_BYTES;
    if (pf_sv_eq_cstr(name, "pods")) {
        return "pod slots";
    }
    if (pf_sv_eq_cstr(name, "NodePorts")) {
        return "host ports";
    }
    (void)snprintf(text, PF_PLAN_TEXT_LINE_BYTES, "%s %.*s", forms[line->basis], PF_SV_ARG(name));
    return text;
}

static enum pf_code put_rows(const struct pf_plan_show *show, struct pf_arena *arena,
                             struct pf_buf *buf)
{
    static const char *const headings[] = {"", "NOW", "WHAT IF"};
    const size_t plans = show->plans[1] != NULL ? 2 : 1;
    struct pf_plan_column columns[2];
    struct pf_clitable table = {0};
    pf_clitable_init(&table, arena, headings, plans + 1);
    for (size_t i = 0; i < plans; i++) {
        if (!pf_plan_rows_make(show->settings[i], show->plans[i], arena, &columns[i])) {
            return PF_E_NO_MEMORY;
        }
    }
    for (unsigned row = 0; row < PF_PLAN_ROW_COUNT; row++) {
        const char *second = plans == 2 ? columns[1].texts[row] : NULL;
        if (columns[0].texts[row] == NULL && second == NULL) {
            continue;
        }
        pf_clitable_add(&table, pf_sv_from(pf_plan_rows_name((enum pf_plan_row)row)),
                        PF_CLIOUT_PLAIN);
        for (size_t i = 0; i < plans; i++) {
            const char *text = columns[i].texts[row];
            pf_clitable_add(&table, text != NULL ? pf_sv_from(text) : PF_SV("-"),
                            row == PF_PLAN_ROW_FITS ? PF_CLIOUT_STRONG : PF_CLIOUT_PLAIN);
        }
    }
    pf_buf_append_char(buf, '\n');
    return pf_clitable_put(&table, 0, show->bars->colour, buf);
}

static const struct pf_plan_line *same_line(const struct pf_plan *plan,
                                            const struct pf_plan_line *line)
{
    for (size_t i = 0; i < plan->line_count; i++) {
        if (plan->lines[i].basis == line->basis &&
            pf_sv_eq(plan->lines[i].constraint, line->constraint)) {
            return &plan->lines[i];
        }
    }
    return NULL;
}

static void add_counts(struct pf_clitable *table, const struct pf_plan_line *line,
                       enum pf_cliout_style style)
{
    char least[PF_PLAN_TEXT_BYTES];
    char most[PF_PLAN_TEXT_BYTES];
    if (line == NULL) {
        pf_clitable_add(table, PF_SV("-"), PF_CLIOUT_FAINT);
        pf_clitable_add(table, PF_SV("-"), PF_CLIOUT_FAINT);
        return;
    }
    if (line->node_least == line->node_most) {
        pf_clitable_addf(table, "%s", pf_plan_text_count(line->node_most, most));
    } else {
        pf_clitable_addf(table, "%s to %s", pf_plan_text_count(line->node_least, least),
                         pf_plan_text_count(line->node_most, most));
    }
    pf_clitable_add(table, pf_sv_from(pf_plan_text_count(line->total, most)), style);
}

static uint64_t largest(const struct pf_plan *plan)
{
    uint64_t most = 0;
    for (size_t i = 0; i < plan->line_count; i++) {
        const uint64_t total = plan->lines[i].total;
        most = total > most && total != UINT64_MAX ? total : most;
    }
    return most;
}

static void add_line(const struct pf_plan_show *show, const struct pf_plan *plan, size_t index,
                     struct pf_clitable *table)
{
    const struct pf_plan_line *line = &plan->lines[index];
    const bool binds = index == plan->binding;
    const enum pf_cliout_style style = binds                           ? PF_CLIOUT_BAD
                                       : line->basis == PF_PLAN_LIMITS ? PF_CLIOUT_FAINT
                                                                       : PF_CLIOUT_GOOD;
    char name[PF_PLAN_TEXT_LINE_BYTES];
    char bar[PF_BARS_TEXT_BYTES];
    pf_clitable_add(table, pf_sv_from(pf_plan_text_line(line, name)),
                    binds ? PF_CLIOUT_STRONG : PF_CLIOUT_PLAIN);
    add_counts(table, line, binds ? PF_CLIOUT_BAD : PF_CLIOUT_PLAIN);
    if (show->plans[1] != NULL) {
        add_counts(table, same_line(show->plans[1], line), PF_CLIOUT_PLAIN);
    }
    pf_clitable_add(table, pf_bars_draw(show->bars, line->total, largest(plan), BAR_COLUMNS, bar),
                    style);
}

static enum pf_code put_lines(const struct pf_plan_show *show, struct pf_arena *arena,
                              struct pf_buf *buf)
{
    static const char *const one[] = {"PROJECTS BY", "A NODE", "IN ALL", ""};
    static const char *const two[] = {"PROJECTS BY",     "A NODE",          "IN ALL",
                                      "A NODE, WHAT IF", "IN ALL, WHAT IF", ""};
    const bool what_if = show->plans[1] != NULL;
    const struct pf_plan *plan = show->plans[0];
    struct pf_clitable table = {0};
    pf_clitable_init(&table, arena, what_if ? two : one,
                     what_if ? PF_ARRAY_LEN(two) : PF_ARRAY_LEN(one));
    table.right = what_if ? 0x1EU : 0x6U;
    for (size_t i = 0; i < plan->line_count; i++) {
        add_line(show, plan, i, &table);
    }
    pf_buf_append_char(buf, '\n');
    return pf_clitable_put(&table, 0, show->bars->colour, buf);
}

static void add_group(const struct pf_plan_show *show, const struct pf_plan_group *group,
                      struct pf_clitable *table)
{
    char used[PF_PLAN_TEXT_BYTES];
    char of[PF_PLAN_TEXT_BYTES];
    char bar[PF_BARS_TEXT_BYTES];
    const uint64_t part = group->used_memory > 0 ? (uint64_t)group->used_memory : 0;
    const uint64_t whole = group->memory > 0 ? (uint64_t)group->memory : 0;
    pf_clitable_addf(table, "%u", group->nodes);
    pf_clitable_add(table, group->first, PF_CLIOUT_PLAIN);
    pf_clitable_addf(table, "%s/%s", pf_plan_text_cpu(group->used_milli_cpu, used),
                     pf_plan_text_cpu(group->milli_cpu, of));
    pf_clitable_addf(table, "%s/%s", pf_plan_text_bytes(group->used_memory, used),
                     pf_plan_text_bytes(group->memory, of));
    pf_clitable_addf(table, "%lld/%lld", (long long)group->used_pods, (long long)group->pods);
    pf_clitable_addf(table, "%s", pf_plan_text_count(group->slots, of));
    pf_clitable_add(table, group->counts ? group->binding : pf_sv_from(group->plugin),
                    group->counts ? PF_CLIOUT_PLAIN : PF_CLIOUT_FAINT);
    pf_clitable_add(table, pf_bars_draw(show->bars, part, whole, BAR_COLUMNS / 2, bar),
                    pf_bars_style(part, whole));
}

static enum pf_code put_groups(const struct pf_plan_show *show, struct pf_arena *arena,
                               struct pf_buf *buf)
{
    static const char *const headings[] = {"NODES", "FIRST", "CPU",   "MEMORY",
                                           "PODS",  "FIT",   "BINDS", ""};
    const struct pf_plan *plan = show->plans[0];
    struct pf_clitable table = {0};
    if (plan->group_count < 2) {
        return PF_OK;
    }
    pf_clitable_init(&table, arena, headings, PF_ARRAY_LEN(headings));
    table.right = 0x3DU;
    for (size_t i = 0; i < plan->group_count && i < GROUPS_SHOWN; i++) {
        add_group(show, &plan->groups[i], &table);
    }
    pf_buf_append_char(buf, '\n');
    const enum pf_code code = pf_clitable_put(&table, 0, show->bars->colour, buf);
    if (plan->group_count > GROUPS_SHOWN) {
        pf_buf_printf(buf, "... and %zu more kinds of nodes; -o json lists them\n",
                      plan->group_count - GROUPS_SHOWN);
    }
    return code;
}

static void put_project(const struct pf_plan_settings *settings, const struct pf_plan *plan,
                        struct pf_buf *buf)
{
    const struct pf_request *requests = &plan->request[PF_PLAN_REQUESTS];
    const struct pf_request *limits = &plan->request[PF_PLAN_LIMITS];
    char cpu[PF_PLAN_TEXT_BYTES];
    char memory[PF_PLAN_TEXT_BYTES];
    pf_buf_append_cstr(buf, "project: ");
    if (settings->class_.name.len != 0) {
        pf_buf_append_cstr(buf, "class ");
        pf_cliout_put_text(buf, settings->class_.name);
        pf_buf_append_cstr(buf, ", ");
    }
    pf_buf_printf(buf, "requests cpu %s, memory %s", pf_plan_text_cpu(requests->milli_cpu, cpu),
                  pf_plan_text_bytes(requests->memory, memory));
    pf_buf_printf(buf, "; limits cpu %s, memory %s",
                  plan->pod.cpu_limited ? pf_plan_text_cpu(limits->milli_cpu, cpu) : "none",
                  plan->pod.memory_limited ? pf_plan_text_bytes(limits->memory, memory) : "none");
    if (settings->usage.has_cpu) {
        pf_buf_printf(buf, "; uses cpu %s", pf_plan_text_cpu(settings->usage.milli_cpu, cpu));
    }
    if (settings->usage.has_memory) {
        pf_buf_printf(buf, "%s memory %s", settings->usage.has_cpu ? "," : "; uses",
                      pf_plan_text_bytes(settings->usage.memory, memory));
    }
    pf_buf_append_char(buf, '\n');
}

static void put_cluster(const struct pf_plan *plan, struct pf_buf *buf)
{
    char cpu[PF_PLAN_TEXT_BYTES];
    char memory[PF_PLAN_TEXT_BYTES];
    pf_buf_printf(buf, "nodes: %u of %u are for it, with cpu %s, memory %s, %lld pod slots",
                  plan->nodes_counting, plan->nodes, pf_plan_text_cpu(plan->milli_cpu, cpu),
                  pf_plan_text_bytes(plan->memory, memory), (long long)plan->pods);
    if (plan->used_pods != 0) {
        pf_buf_printf(buf, ", of which %lld pods request cpu %s, memory %s",
                      (long long)plan->used_pods, pf_plan_text_cpu(plan->used_milli_cpu, cpu),
                      pf_plan_text_bytes(plan->used_memory, memory));
    }
    pf_buf_append_char(buf, '\n');
    if (plan->message.len != 0) {
        pf_cliout_put_text(buf, plan->message);
        pf_buf_append_char(buf, '\n');
    }
}

static void put_heads(const struct pf_plan_show *show, struct pf_buf *buf)
{
    put_project(show->settings[0], show->plans[0], buf);
    put_cluster(show->plans[0], buf);
    if (show->plans[1] == NULL) {
        return;
    }
    pf_buf_append_cstr(buf, "\nwhat if");
    for (size_t i = 0; i < show->change_count; i++) {
        pf_buf_append_char(buf, ' ');
        pf_cliout_put_text(buf, pf_sv_from(show->changes[i]));
    }
    pf_buf_append_cstr(buf, "\n");
    put_project(show->settings[1], show->plans[1], buf);
    put_cluster(show->plans[1], buf);
}

enum pf_code pf_plan_text_put(const struct pf_plan_show *show, struct pf_arena *arena,
                              struct pf_buf *buf)
{
    put_heads(show, buf);
    enum pf_code code = put_lines(show, arena, buf);
    code = code == PF_OK ? put_groups(show, arena, buf) : code;
    code = code == PF_OK ? put_rows(show, arena, buf) : code;
    return code == PF_OK ? pf_buf_status(buf, NULL) : code;
}

/* What kube-scheduler itself scored: tests/reference/cases/score_cases.jsonl (keys in the README there). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rank.h"
#include "world.h"
#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/wire.h>

#define CASES_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define CASES_MIN       25U
#define NODES_MIN       77U

/* One case; the views are raw JSON. */
struct item {
    struct pf_sv name; /* with quotes */
    struct pf_sv pod;
    struct pf_sv nodes;
    struct pf_sv existing;
    struct pf_sv namespaces;
    struct pf_sv expect;
};

struct tally {
    struct pf_sv name; /* of the case at hand */
    int minor;
    unsigned cases;
    unsigned nodes;
    unsigned failures;
};

static struct item split(struct pf_sv line)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("name"),     PF_SV_INIT("pod"),        PF_SV_INIT("nodes"),
        PF_SV_INIT("existing"), PF_SV_INIT("namespaces"), PF_SV_INIT("expect"),
    };
    struct item item = {.name = {0}};
    struct pf_sv *const fields[] = {&item.name,     &item.pod,        &item.nodes,
                                    &item.existing, &item.namespaces, &item.expect};
    struct pf_cursor c;
    pf_cursor_init(&c, line);
    pf_cursor_enter_object(&c);
    uint64_t seen = 0;
    size_t index = 0;
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_span(&c, fields[index]);
    }
    assert_true(pf_cursor_end(&c));
    return item;
}

static void apply_list(struct world *world, struct pf_sv list,
                       void (*apply)(struct world *, struct pf_sv))
{
    if (list.len == 0) {
        return;
    }
    struct pf_cursor c;
    pf_cursor_init(&c, list);
    pf_cursor_enter_array(&c);
    while (pf_cursor_next_item(&c)) {
        struct pf_sv span = {0};
        pf_cursor_span(&c, &span);
        apply(world, span);
    }
    assert_true(pf_cursor_end(&c));
}

static void complain(struct tally *tally, const char *node, const char *what, int64_t got,
                     int64_t expected)
{
    print_error("1.%d %.*s %s: %s is %lld, not %lld\n", tally->minor, PF_SV_ARG(tally->name), node,
                what, (long long)got, (long long)expected);
    tally->failures++;
}

static int64_t number_of(const struct cJSON *tree)
{
    int64_t value = INT64_MIN;
    assert_true(pf_wire_i64(tree, &value));
    return value;
}

static void compare_plugins(struct tally *tally, const char *node,
                            const struct pf_rank_table *table, const struct pf_rank_row *row,
                            const struct cJSON *plugins)
{
    for (unsigned i = 0; i < PF_SCORE_COUNT; i++) {
        const char *name = pf_score_get((enum pf_score_id)i)->name;
        const struct cJSON *expected = pf_wire_get(plugins, name);
        const bool skipped = (table->skipped & 1U << i) != 0;
        if (skipped != (expected == NULL)) {
            complain(tally, node, name, skipped ? -1 : row->weighted[i], -1);
        } else if (expected != NULL && row->weighted[i] != number_of(expected)) {
            complain(tally, node, name, row->weighted[i], number_of(expected));
        }
    }
}

static void compare_row(struct world *world, struct tally *tally, const struct item *item,
                        const struct pf_rank_table *table, const struct pf_rank_row *row)
{
    const int minor = world->features.minor;
    const struct cJSON *expect = NULL;
    assert_int_equal(pf_wire_parse(item->expect, &world->arena, &expect, NULL), PF_OK);
    const struct cJSON *older = pf_wire_get(expect, "scores_1.35");
    const struct cJSON *scores =
        minor < PF_KUBE_MINOR_NEWEST && older != NULL ? older : pf_wire_get(expect, "scores");
    const char *node =
        world_text(world, pf_intern_text(pf_model_strings(world->model),
                                         pf_model_columns(world->model)->name[row->slot]));
    const struct cJSON *total = pf_wire_get(scores, node);
    assert_non_null(total);
    tally->nodes++;
    if (row->total != number_of(total)) {
        complain(tally, node, "total", row->total, number_of(total));
    }
    if (minor == PF_KUBE_MINOR_NEWEST) {
        compare_plugins(tally, node, table, row,
                        pf_wire_get(pf_wire_get(expect, "plugin_scores"), node));
    }
}

/* Whatever way it was found, the predicted node is the first with the highest total. */
static void compare_choice(struct world *world, struct tally *tally, const struct item *item,
                           const struct pf_rank_table *table)
{
    uint32_t best = PF_NODE_NONE;
    int64_t highest = -1;
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->rows[i].total > highest) {
            highest = table->rows[i].total;
            best = table->rows[i].slot;
        }
    }
    const struct pf_judgement first = world_judge(world, item->pod);
    const struct pf_judgement second = world_judge(world, item->pod);
    const struct pf_explanation explained = world_explain(world, item->pod);
    if (first.node != best || second.node != best || explained.judgement.node != best) {
        complain(tally, "choice", "slot", first.node, best);
    }
}

static void run_minor(struct tally *tally, const struct item *item, int minor)
{
    struct world world;
    tally->name = item->name;
    tally->minor = minor;
    world_init(&world, minor, NULL);
    apply_list(&world, item->nodes, world_node);
    apply_list(&world, item->namespaces, world_namespace);
    apply_list(&world, item->existing, world_pod);
    const struct pf_pod pod = world_incoming(&world, item->pod);
    struct pf_rank_table table = {.count = 0};
    struct pf_err err = {0};
    assert_int_equal(pf_score_explain(world.fit, &pod, &world.arena, &table, &err), PF_OK);
    for (uint32_t i = 0; i < table.count; i++) {
        compare_row(&world, tally, item, &table, &table.rows[i]);
    }
    compare_choice(&world, tally, item, &table);
    assert_int_equal(pf_model_check(world.model, &err), PF_OK);
    world_done(&world);
}

static void test_cases(void **state)
{
    (void)state;
    struct tally tally = {0};
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, CASES_MAX_BYTES);
    assert_int_equal(pf_file_read(PF_TEST_DATA "/reference/cases/score_cases.jsonl", &text, NULL),
                     PF_OK);
    struct pf_sv rest = pf_buf_view(&text);
    while (rest.len != 0) {
        const size_t newline = pf_sv_find(rest, PF_SV("\n"));
        const size_t len = newline != SIZE_MAX ? newline : rest.len;
        const struct item item = split((struct pf_sv){.ptr = rest.ptr, .len = len});
        rest.ptr += newline != SIZE_MAX ? len + 1 : len;
        rest.len -= newline != SIZE_MAX ? len + 1 : len;
        tally.cases++;
        run_minor(&tally, &item, PF_KUBE_MINOR_NEWEST);
        run_minor(&tally, &item, PF_KUBE_MINOR_NEWEST - 1);
    }
    print_message("%u cases, %u nodes, %u differences\n", tally.cases, tally.nodes, tally.failures);
    assert_int_equal(tally.failures, 0);
    assert_true(tally.cases >= CASES_MIN);
    assert_true(tally.nodes >= 2 * NODES_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, NodeDeclaredFeatures and device classes: tables transcribed from the rules
 * (scheduler-fit 7.6 to 7.14), each on two nodes, a in zone a and b in zone b.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "volume_rows.h"
#include "world.h"
#include <podfit/snapshot.h>
#include <podfit/volumes.h>

/* JSON is written with single quotes here, and claims of texts with double ones. */
static struct pf_sv quote(struct pf_arena *arena, const char *text)
{
    char *copy = pf_arena_dup(arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return pf_sv_from(copy);
}

static void load(struct world *world, const struct row *row)
{
    const char *labels = row->labels != NULL ? row->labels : "'zone':'a'";
    const char *text = pf_arena_printf(
        &world->arena,
        "{'kind':'List','items':[{'apiVersion':'v1','kind':'Node','metadata':{'name':'a','labels':{'name':'a',%s}},'status':{'allocatable':{'cpu':'4','pods':'10'}}},"
        "{'apiVersion':'v1','kind':'Node','metadata':{'name':'b','labels':{'zone':'b'}},'status':{'allocatable':{'cpu':'4','pods':'10'}}}%s]}",
        labels, row->objects);
    struct pf_snapshot_stats stats;
    struct pf_err err = {0};
    for (unsigned kind = 0; !row->partial && kind < PF_KIND_COUNT; kind++) {
        pf_model_mark_kind(world->model, (enum pf_kind)kind);
    }
    if (pf_snapshot_load_bytes(world->model, quote(&world->arena, text), row->name, &stats, &err) !=
        PF_OK) {
        fail_msg("%s: %s", row->name, err.text);
    }
    if (pf_model_check(world->model, &err) != PF_OK) {
        fail_msg("%s: %s", row->name, err.text);
    }
}

static struct pf_sv pod_of(struct world *world, const struct row *row)
{
    const bool whole = row->pod[0] == '\'';
    return quote(&world->arena,
                 pf_arena_printf(
                     &world->arena,
                     "{'metadata':{'namespace':'ns','name':'pod','uid':'u-pod'},'spec':{%s%s%s}}",
                     whole ? "" : "'containers':[{'name':'c'}],'volumes':[", row->pod,
                     whole ? "" : "]"));
}

static bool same(const struct row *row, const char *what, const char *want, struct pf_sv got)
{
    if (want == NULL || pf_sv_eq(got, pf_sv_from(want))) {
        return true;
    }
    print_error("%s: %s is '%.*s'\n", row->name, what, PF_SV_ARG(got));
    return false;
}

static bool check_row(const struct row *row)
{
    struct world world;
    const struct pf_fit_options options = {.claims_now = !row->lenient, .max_model_age_ms = 60000};
    world_init(&world, row->minor != 0 ? row->minor : 36, &options);
    load(&world, row);
    const struct pf_sv pod = pod_of(&world, row);
    const struct pf_judgement judgement = world_judge(&world, pod);
    const struct pf_explanation explanation = world_explain(&world, pod);
    char fits[4] = "";
    bool good = judgement.verdict == row->verdict && world_same(&judgement, &explanation.judgement);
    for (size_t i = 0; i < explanation.node_count; i++) {
        if (explanation.nodes[i].fits) {
            fits[strlen(fits)] = explanation.nodes[i].name.ptr[0];
        }
    }
    if (!good) {
        print_error("%s: verdict %s, %.*s%.*s\n", row->name, pf_verdict_name(judgement.verdict),
                    PF_SV_ARG(judgement.cause), PF_SV_ARG(judgement.message));
    }
    good = same(row, "message", row->message, judgement.message) && good;
    good = same(row, "cause", row->cause, judgement.cause) && good;
    good = same(row, "nodes", row->fits, pf_sv_from(fits)) && good;
    if (row->code != NULL) {
        assert_true(explanation.node_count == 2);
        good =
            same(row, "code", row->code, pf_sv_from(pf_fit_code_name(explanation.nodes[0].code))) &&
            good;
    }
    world_done(&world);
    return good;
}

/* An arena that ends at whatever point: no memory and outputs untouched, or the right answer. */
static void sweep_row(const struct row *row)
{
    struct world world;
    const struct pf_fit_options options = {.claims_now = !row->lenient, .max_model_age_ms = 60000};
    world_init(&world, row->minor != 0 ? row->minor : 36, &options);
    load(&world, row);
    const struct pf_pod pod = world_incoming(&world, pod_of(&world, row));
    unsigned failed = 0;
    enum pf_code code = PF_E_NO_MEMORY;
    for (size_t limit = 0; code != PF_OK; limit += limit < 4096 ? 48 : 4096) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, limit);
        struct pf_explanation explanation = {.node_count = 99};
        code = pf_fit_explain(world.fit, &pod, &arena, &explanation, NULL);
        if (code != PF_OK) {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_int_equal(explanation.node_count, 99);
            failed++;
        } else {
            assert_int_equal(explanation.judgement.verdict, row->verdict);
        }
    }
    assert_true(failed > 0);
    world_done(&world);
}

static void test_small_arena(void **state)
{
    (void)state;
    const struct rows *const all[] = {&volume_rows_restrictions, &volume_rows_limits,
                                      &volume_rows_binding, &volume_rows_zones,
                                      &volume_rows_others};
    for (size_t i = 0; i < PF_ARRAY_LEN(all); i++) {
        for (size_t k = 0; k < all[i]->count; k++) {
            sweep_row(&all[i]->items[k]);
        }
    }
}

static void check_rows(const struct rows *rows)
{
    bool good = true;
    for (size_t i = 0; i < rows->count; i++) {
        good = check_row(&rows->items[i]) && good;
    }
    assert_true(good);
}

static void test_restrictions(void **state)
{
    (void)state;
    check_rows(&volume_rows_restrictions);
}

static void test_limits(void **state)
{
    (void)state;
    check_rows(&volume_rows_limits);
}

static void test_binding(void **state)
{
    (void)state;
    check_rows(&volume_rows_binding);
}

static void test_zones(void **state)
{
    (void)state;
    check_rows(&volume_rows_zones);
}

static void test_others(void **state)
{
    (void)state;
    check_rows(&volume_rows_others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restrictions), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_binding),      cmocka_unit_test(test_zones),
        cmocka_unit_test(test_others),       cmocka_unit_test(test_small_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

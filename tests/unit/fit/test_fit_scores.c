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
#include <podfit/snapshot.h>
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

/* Two nodes and what else there is; the pod goes to one of them. */
struct row {
    const char *name;
    const char *first; /* node "n1": what follows its labels */
    const char *second;
    const char *objects; /* pods and others, one after the other */
    const char *pod;
    uint32_t slot; /* predicted */
    int64_t score; /* of `id` on the first node, weighted */
    int64_t other; /* the same of the second */
    enum pf_score_id id;
    enum pf_fit_strategy strategy;
};

#define ALLOCATABLE "'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}"

static const struct row rows[] = {
    {.name = "PreferNoSchedule",
     .first = "},'spec':{'taints':[{'key':'k','effect':'PreferNoSchedule'},{'key':'t','effect':"
              "'PreferNoSchedule'}]}," ALLOCATABLE "}}",
     .second = "},'spec':{'taints':[{'key':'t','effect':'PreferNoSchedule'}]}," ALLOCATABLE "}}",
     .pod = "{'spec':{'containers':[{'name':'c'}],'tolerations':[{'key':'t','operator':'Exists',"
            "'effect':'PreferNoSchedule'}]}}",
     .slot = 1,
     .id = PF_SCORE_TAINT_TOLERATION,
     .score = 0,
     .other = 300},
    {.name = "a toleration of another effect",
     .first = "},'spec':{'taints':[{'key':'k','effect':'PreferNoSchedule'}]}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .pod = "{'spec':{'containers':[{'name':'c'}],'tolerations':[{'key':'k','operator':'Exists',"
            "'effect':'NoSchedule'}]}}",
     .slot = 1,
     .id = PF_SCORE_TAINT_TOLERATION,
     .score = 0,
     .other = 300},
    {.name = "preferred field",
     .first = "}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .pod = "{'spec':{'containers':[{'name':'c'}],'affinity':{'nodeAffinity':{"
            "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':5,'preference':{"
            "'matchFields':[{'key':'metadata.name','operator':'In','values':['n2']}]}},{'weight':9,"
            "'preference':{}}]}}}}",
     .slot = 1,
     .id = PF_SCORE_NODE_AFFINITY,
     .score = 0,
     .other = 200},
    {.name = "image without a tag",
     .first = "}," ALLOCATABLE "}}",
     .second =
         "}," ALLOCATABLE ",'images':[{'names':['r:5000/i:latest'],'sizeBytes':1048576000}]}}",
     .pod = "{'spec':{'containers':[{'name':'c','image':'r:5000/i'}]}}",
     .slot = 1,
     .id = PF_SCORE_IMAGE_LOCALITY,
     .score = 0,
     .other = 48}, /* half the nodes have it: 500 MiB of 1000, 23 of them free */
    {.name = "a name stands twice",
     .first = "}," ALLOCATABLE ",'images':[{'names':['i:1'],'sizeBytes':1048576000},{'names':['i:1'"
              "],'sizeBytes':1}]}}",
     .second = "}," ALLOCATABLE ",'images':[{'names':['i:1'],'sizeBytes':1048576000}]}}",
     .pod = "{'spec':{'containers':[{'name':'c','image':'i:1'}]}}",
     .slot = 1,
     .id = PF_SCORE_IMAGE_LOCALITY,
     .score = 0,
     .other = 100},
    {.name = "a Service spreads",
     .first = "},'spec':{}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .objects = "{'kind':'Service','metadata':{'name':'s','namespace':'default'},'spec':{"
                "'selector':{'app':'web'}}}\n"
                "{'kind':'Pod','metadata':{'name':'a','namespace':'default','labels':{'app':'web'}}"
                ",'spec':{'nodeName':'n1','containers':[{'name':'c'}]}}",
     .pod = "{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c'}]}}",
     .slot = 1,
     .id = PF_SCORE_POD_TOPOLOGY_SPREAD,
     /* by host: ln(4) + 2 = 3.4 and 2 */
     .score = 132, /* twice 100 * (3 + 2 - 3) / 3 */
     .other = 200},
    {.name = "a Service of other pods",
     .first = "}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .objects = "{'kind':'Service','metadata':{'name':'s','namespace':'default'},'spec':{"
                "'selector':{'app':'db'}}}",
     .pod = "{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c'}]}}",
     .slot = 0,
     .id = PF_SCORE_POD_TOPOLOGY_SPREAD},
    {.name = "a ReplicaSet spreads",
     .first = "}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .objects = "{'kind':'ReplicaSet','apiVersion':'apps/v1','metadata':{'name':'r','namespace':"
                "'default'},'spec':{'selector':{'matchExpressions':[{'key':'app','operator':"
                "'Exists'}]}}}\n"
                "{'kind':'Pod','metadata':{'name':'a','namespace':'default','labels':{'app':'x'}}"
                ",'spec':{'nodeName':'n1','containers':[{'name':'c'}]}}",
     .pod = "{'metadata':{'labels':{'app':'web'},'ownerReferences':[{'apiVersion':'apps/v1','kind':"
            "'ReplicaSet','name':'r','controller':true}]},'spec':{'containers':[{'name':'c'}]}}",
     .slot = 1,
     .id = PF_SCORE_POD_TOPOLOGY_SPREAD,
     .score = 132, /* twice 100 * (3 + 2 - 3) / 3 */
     .other = 200},
    {.name = "LeastAllocated",
     .first = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'8','memory':'16Gi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 50,
     .other = 75},
    {.name = "MostAllocated",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'16Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .strategy = PF_FIT_MOST_ALLOCATED,
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 25,
     .other = 50},
    {.name = "of equals the first",
     .first = "}," ALLOCATABLE "}}",
     .second = "}," ALLOCATABLE "}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'1'}}}]}}",
     .slot = 0,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = (75 + 97) / 2,
     .other = (75 + 97) / 2},
};

static struct pf_sv quoted(struct world *world, const char *text)
{
    char *copy = pf_arena_dup(&world->arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'') {
            *at = '"';
        }
    }
    return pf_sv_from(copy);
}

static void load(struct world *world, const char *text)
{
    struct pf_snapshot_stats stats;
    struct pf_err err = {0};
    if (pf_snapshot_load_bytes(world->model, quoted(world, text), "row", &stats, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void run_row(const struct row *row)
{
    struct world world;
    struct pf_fit_scores scores = *pf_fit_scores_default();
    scores.strategy = row->strategy;
    const struct pf_fit_profile profile = {.scheduler_name = PF_SV("default-scheduler"),
                                           .scores = &scores};
    const struct pf_fit_options options = {.profiles = &profile, .profile_count = 1};
    world_init(&world, PF_KUBE_MINOR_NEWEST, &options);
    const char *const nodes[] = {row->first, row->second};
    for (size_t i = 0; i < PF_ARRAY_LEN(nodes); i++) {
        load(&world, pf_arena_printf(&world.arena,
                                     "{'kind':'Node','metadata':{'name':'n%zu','labels':{"
                                     "'kubernetes.io/hostname':'n%zu'}%s",
                                     i + 1, i + 1, nodes[i]));
    }
    if (row->objects != NULL) {
        load(&world, row->objects);
    }
    const struct pf_sv json = quoted(&world, row->pod);
    struct pf_pod pod = world_incoming(&world, json);
    pod.meta.namespace_ = PF_SV("default");
    struct pf_rank_table table = {.count = 0};
    struct pf_judgement judgement;
    struct pf_err err = {0};
    assert_int_equal(pf_score_explain(world.fit, &pod, &world.arena, &table, &err), PF_OK);
    assert_int_equal(pf_fit_judge(world.fit, &pod, &world.arena, &judgement, &err), PF_OK);
    assert_int_equal(table.count, 2);
    if (table.rows[0].weighted[row->id] != row->score ||
        table.rows[1].weighted[row->id] != row->other || judgement.node != row->slot) {
        fail_msg("%s: %lld and %lld, not %lld and %lld; slot %u, not %u", row->name,
                 (long long)table.rows[0].weighted[row->id],
                 (long long)table.rows[1].weighted[row->id], (long long)row->score,
                 (long long)row->other, judgement.node, row->slot);
    }
    assert_int_equal(pf_model_check(world.model, &err), PF_OK);
    world_done(&world);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        run_row(&rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

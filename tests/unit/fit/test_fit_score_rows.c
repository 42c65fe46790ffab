/* Scores one by one: two nodes, what a plug-in gives them under a profile, and which is taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rank.h"
#include "world.h"
#include <podfit/snapshot.h>

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
    void (*adapt)(struct pf_fit_scores *scores); /* what the profile changes; NULL: nothing else */
};

static const struct pf_fit_resource memory_only[] = {
    {.name = PF_SV_INIT("memory"), .weight = 1, .kind = PF_FIT_RESOURCE_MEMORY}};
static const struct pf_fit_resource gpu_and_disk[] = {
    {.name = PF_SV_INIT("e.com/gpu"), .weight = 3, .kind = PF_FIT_RESOURCE_SCALAR},
    {.name = PF_SV_INIT("ephemeral-storage"),
     .weight = 1,
     .kind = PF_FIT_RESOURCE_EPHEMERAL_STORAGE}};
static const struct pf_fit_resource three[] = {
    {.name = PF_SV_INIT("cpu"), .weight = 1, .kind = PF_FIT_RESOURCE_CPU},
    {.name = PF_SV_INIT("memory"), .weight = 1, .kind = PF_FIT_RESOURCE_MEMORY},
    {.name = PF_SV_INIT("e.com/gpu"), .weight = 1, .kind = PF_FIT_RESOURCE_SCALAR}};
static const struct pf_fit_point rising[] = {{.utilization = 20, .score = 0},
                                             {.utilization = 80, .score = 10}};
static const struct pf_fit_point falling[] = {{.utilization = 0, .score = 10},
                                              {.utilization = 100, .score = 1}};

static void by_rising_shape(struct pf_fit_scores *scores)
{
    scores->shape = rising;
    scores->shape_count = PF_ARRAY_LEN(rising);
}

static void by_falling_shape(struct pf_fit_scores *scores)
{
    scores->shape = falling;
    scores->shape_count = PF_ARRAY_LEN(falling);
    scores->resources = (struct pf_fit_resources){.items = memory_only, .count = 1};
}

static void by_gpu_and_disk(struct pf_fit_scores *scores)
{
    scores->resources = (struct pf_fit_resources){.items = gpu_and_disk, .count = 2};
}

static void by_memory(struct pf_fit_scores *scores)
{
    scores->resources = (struct pf_fit_resources){.items = memory_only, .count = 1};
}

static void by_three(struct pf_fit_scores *scores)
{
    scores->balanced = (struct pf_fit_resources){.items = three, .count = 3};
}

/* more than a byte holds, so that sums are compared apart from the tree */
static void weighed(struct pf_fit_scores *scores)
{
    scores->weights[PF_SCORE_NODE_RESOURCES_FIT] = 1000;
}

static void without_fit(struct pf_fit_scores *scores)
{
    scores->weights[PF_SCORE_NODE_RESOURCES_FIT] = 0;
}

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
    {.name = "RequestedToCapacityRatio",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'16Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .strategy = PF_FIT_REQUESTED_TO_CAPACITY_RATIO,
     .adapt = by_rising_shape,
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 8, /* 100 * (25 - 20) / 60, cut off */
     .other = 50},
    {.name = "RequestedToCapacityRatio, the less the better, of memory",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'4Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .strategy = PF_FIT_REQUESTED_TO_CAPACITY_RATIO,
     .adapt = by_falling_shape,
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 10,
     .other = 55},
    {.name = "other resources; a scalar that nobody asks for is left out",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'4Gi','pods':'110','e.com/gpu':'4',"
              "'ephemeral-storage':'100'}}}",
     .second = "},'status':{'allocatable':{'cpu':'8','memory':'4Gi','pods':'110',"
               "'ephemeral-storage':'1000'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'ephemeral-storage':"
            "'50'}}}]}}",
     .adapt = by_gpu_and_disk,
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 50,
     .other = 95},
    {.name = "other resources with a scalar that is asked for",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'4Gi','pods':'110','e.com/gpu':'4',"
              "'ephemeral-storage':'100'}}}",
     .second = "},'status':{'allocatable':{'cpu':'8','memory':'4Gi','pods':'110','e.com/gpu':'2',"
               "'ephemeral-storage':'1000'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'ephemeral-storage':'50',"
            "'e.com/gpu':'1'},'limits':{'e.com/gpu':'1'}}}]}}",
     .adapt = by_gpu_and_disk,
     .slot = 0,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = (75 * 3 + 50) / 4,
     .other = (50 * 3 + 95) / 4},
    {.name = "balance of three",
     .first = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110','e.com/gpu':'1'}}}",
     .second =
         "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110','e.com/gpu':'2'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':'4Gi',"
            "'e.com/gpu':'1'},'limits':{'e.com/gpu':'1'}}}]}}",
     .adapt = by_three,
     .slot = 1,
     .id = PF_SCORE_BALANCED_ALLOCATION,
     .score = 63, /* deviation of 0.5, 0.5 and 1: 0.236, so 76 with the pod, 100 without */
     .other = 75},
    {.name = "balance of a node whose cpu wraps to -1",
     .first = "},'status':{'allocatable':{'cpu':'9223372036854775807','memory':'8Gi','pods':'110'}"
              "}}",
     .second = "}," ALLOCATABLE "}}",
     .objects = "{'kind':'Pod','metadata':{'name':'a','namespace':'default'},'spec':{'nodeName':"
                "'n1','containers':[{'name':'c','resources':{'requests':{'cpu':'2'}}}]}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'memory':'2Gi'}}}]}}",
     .adapt = without_fit,
     .slot = 0,
     .id = PF_SCORE_BALANCED_ALLOCATION,
     .score = 69, /* -2 of cpu: a deviation of 1 without the pod, of 1.125 and so -12 with it */
     .other = 68},
    {.name = "MostAllocated of more than there is wraps",
     .first = "},'status':{'allocatable':{'cpu':'8','memory':'200P','pods':'110'}}}",
     .second = "}," ALLOCATABLE "}}",
     .objects = "{'kind':'Pod','metadata':{'name':'a','namespace':'default'},'spec':{'nodeName':"
                "'n1','containers':[{'name':'c','resources':{'requests':{'memory':'300P'}}}]}}",
     .pod = "{'spec':{'containers':[{'name':'c'}]}}",
     .strategy = PF_FIT_MOST_ALLOCATED,
     .adapt = by_memory,
     .slot = 0,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 7, /* 100 * 200 P is 1553255926290448384 in 64 bits */
     .other = 2},
    {.name = "weight over a byte",
     .first = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'4200m','memory':'8600Mi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .adapt = weighed,
     .slot = 1,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 50000,
     .other = 52000},
    {.name = "score switched off",
     .first = "},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110'}}}",
     .second = "},'status':{'allocatable':{'cpu':'8','memory':'16Gi','pods':'110'}}}",
     .pod = "{'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'2','memory':"
            "'4Gi'}}}]}}",
     .adapt = without_fit,
     .slot = 0,
     .id = PF_SCORE_NODE_RESOURCES_FIT,
     .score = 0,
     .other = 0},
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
    if (row->adapt != NULL) {
        row->adapt(&scores);
    }
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

/* Pods at which kube-scheduler fails where it has to score nodes: two that fit, and one. */
static const struct {
    const char *name, *pod;
    const char *cause; /* part of it; NULL: it does not fail */
    unsigned broken;   /* scores without their PreScore */
    bool off;          /* NodeAffinity is off at score, and on at preScore */
} failures[] = {
    {"two containers of 5Ei wrap to less than nothing",
     "{'spec':{'containers':[{'name':'a','resources':{'requests':{'memory':'5Ei'}}},{'name':'b',"
     "'resources':{'requests':{'memory':'5Ei'}}}]}}",
     "outside of 0 to 100", 0, false},
    {"a preferred term that cannot be parsed",
     "{'spec':{'containers':[{'name':'a'}],'affinity':{'nodeAffinity':{"
     "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'preference':{"
     "'matchExpressions':[{'key':'n','operator':'Gt','values':['x']}]}}]}}}}",
     "cannot be parsed", 0, false},
    {"and that PreScore alone reads",
     "{'spec':{'containers':[{'name':'a'}],'affinity':{'nodeAffinity':{"
     "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'preference':{"
     "'matchExpressions':[{'key':'n','operator':'Gt','values':['x']}]}}]}}}}",
     "cannot be parsed", 0, true},
    {"a preferred field that cannot be parsed",
     "{'spec':{'containers':[{'name':'a'}],'affinity':{'nodeAffinity':{"
     "'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':1,'preference':{"
     "'matchFields':[{'key':'metadata.name','operator':'In','values':['a','b']}]}}]}}}}",
     "cannot be parsed", 0, false},
    {"a score without its PreScore", "{'spec':{'containers':[{'name':'a'}]}}", "off at preScore",
     1U << PF_SCORE_TAINT_TOLERATION, false},
    {"nothing wrong", "{'spec':{'containers':[{'name':'a'}]}}", NULL, 0, false},
};

static void run_failure(size_t row, size_t nodes)
{
    struct world world;
    struct pf_fit_scores scores = *pf_fit_scores_default();
    scores.broken = failures[row].broken;
    if (failures[row].off) {
        scores.weights[PF_SCORE_NODE_AFFINITY] = 0;
        scores.only_prepared = 1U << PF_SCORE_NODE_AFFINITY;
    }
    const struct pf_fit_profile profile = {.scheduler_name = PF_SV("default-scheduler"),
                                           .scores = &scores};
    const struct pf_fit_options options = {.profiles = &profile, .profile_count = 1};
    world_init(&world, PF_KUBE_MINOR_NEWEST, &options);
    for (size_t i = 0; i < nodes; i++) {
        load(&world,
             pf_arena_printf(&world.arena,
                             "{'kind':'Node','metadata':{'name':'n%zu'}," ALLOCATABLE "}}", i + 1));
    }
    const struct pf_pod pod = world_incoming(&world, quoted(&world, failures[row].pod));
    struct pf_judgement judgement;
    struct pf_explanation explanation;
    struct pf_err err = {0};
    assert_int_equal(pf_fit_judge(world.fit, &pod, &world.arena, &judgement, &err), PF_OK);
    assert_int_equal(pf_fit_explain(world.fit, &pod, &world.arena, &explanation, &err), PF_OK);
    const bool fails = nodes > 1 && failures[row].cause != NULL;
    if (judgement.verdict != (fails ? PF_VERDICT_UNKNOWN : PF_VERDICT_FITS) ||
        explanation.judgement.verdict != judgement.verdict ||
        (fails && pf_sv_find(judgement.cause, pf_sv_from(failures[row].cause)) == SIZE_MAX)) {
        fail_msg("%s, %zu nodes: %s, '%.*s'", failures[row].name, nodes,
                 pf_verdict_name(judgement.verdict), PF_SV_ARG(judgement.cause));
    }
    world_done(&world);
}

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(failures); i++) {
        run_failure(i, 1);
        run_failure(i, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

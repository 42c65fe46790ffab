/* What the engine adds to the filters: predicted nodes, questions told apart, pending pods placed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"
#include "world.h"
#include <podfit/columns.h>

static struct pf_sv name_of(struct world *world, uint32_t slot)
{
    assert_true(slot != PF_NODE_NONE);
    return pf_intern_text(pf_model_strings(world->model),
                          pf_model_columns(world->model)->name[slot]);
}

/* LeastAllocated: the emptier node, and the lower slot of equals. */
static void test_predicted_node(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE("n1", "", ROOM)));
    world_node(&world, PF_SV(NODE("n2", "", ROOM)));
    world_node(&world, PF_SV(NODE("n3", "", ROOM)));
    const struct pf_sv pod = PF_SV(POD(C("\"cpu\":\"1\",\"memory\":\"1Gi\"")));
    assert_true(pf_sv_eq(name_of(&world, world_judge(&world, pod).node), PF_SV("n1")));
    world_pod(&world, PF_SV(BOUND("a", "n1", "\"cpu\":\"1\"")));
    assert_true(pf_sv_eq(name_of(&world, world_judge(&world, pod).node), PF_SV("n2")));
    world_pod(&world, PF_SV(BOUND("b", "n2", "\"cpu\":\"2\"")));
    world_pod(&world, PF_SV(BOUND("c", "n3", "\"cpu\":\"3\"")));
    assert_true(pf_sv_eq(name_of(&world, world_judge(&world, pod).node), PF_SV("n1")));
    world_done(&world);
}

/* One point of a hundred decides. */
static void test_predicted_node_by_a_point(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE("n1", "", "\"cpu\":\"100\",\"pods\":\"10\"")));
    world_node(&world, PF_SV(NODE("n2", "", "\"cpu\":\"100\",\"pods\":\"10\"")));
    world_pod(&world, PF_SV(BOUND("a", "n1", "\"cpu\":\"2\"")));
    world_pod(&world, PF_SV(BOUND("b", "n2", "\"cpu\":\"1\"")));
    const struct pf_judgement j = world_judge(&world, PF_SV(POD(C("\"cpu\":\"1\""))));
    assert_true(pf_sv_eq(name_of(&world, j.node), PF_SV("n2")));
    world_done(&world);
}

#define EXPRESSION(key, operator_, values)                                                         \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"         \
    "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" operator_ \
    "\",\"values\":[" values "]}]}]}}},"
#define PORT(port)     "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80," port "}]}]"
#define TOLERATE(text) "\"tolerations\":[{" text "}],"

static const char *const picky_nodes[] = {
    "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"zone\":\"a\",\"rank\":\"2\"}},\"spec\":{"
    "\"taints\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}]},\"status\":{"
    "\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\",\"ephemeral-storage\":\"1Gi\","
    "\"pods\":\"9\",\"example.com/a\":\"2\",\"example.com/b\":\"1\"}}}",
    NULL,
};
static const char *const port_holders[] = {
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"a\"},\"spec\":{\"nodeName\":\"n1\"," PORT(
        "\"hostPort\":80,\"hostIP\":\"10.0.0.1\"") "}}",
    NULL,
};
#define T TOLERATE("\"operator\":\"Exists\"")
static const char *const questions[] = {
    POD(T C("")),
    POD(T C("\"cpu\":\"4\"")),
    POD(T C("\"cpu\":\"5\"")),
    POD(T C("\"memory\":\"8Gi\"")),
    POD(T C("\"memory\":\"9Gi\"")),
    POD(T C("\"ephemeral-storage\":\"1Gi\"")),
    POD(T C("\"ephemeral-storage\":\"2Gi\"")),
    POD(T C("\"example.com/a\":\"2\"")),
    POD(T C("\"example.com/a\":\"3\"")),
    POD(T C("\"example.com/b\":\"2\"")),
    POD(TOLERATE("\"key\":\"k\",\"value\":\"v\"") C("")),
    POD(TOLERATE("\"key\":\"k\",\"value\":\"w\"") C("")),
    POD(TOLERATE("\"key\":\"j\",\"value\":\"v\"") C("")),
    POD(TOLERATE("\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoExecute\"") C("")),
    POD(TOLERATE("\"key\":\"k\",\"operator\":\"Exists\"") C("")),
    POD(TOLERATE("\"key\":\"k\"") C("")),
    POD(T PORT("\"hostPort\":80,\"hostIP\":\"10.0.0.1\"")),
    POD(T PORT("\"hostPort\":80,\"hostIP\":\"10.0.0.2\"")),
    POD(T PORT("\"hostPort\":80,\"protocol\":\"UDP\"")),
    POD(T PORT("\"hostPort\":80")),
    POD(T PORT("\"hostPort\":81")),
    POD(T "\"nodeSelector\":{\"zone\":\"a\"}," C("")),
    POD(T "\"nodeSelector\":{\"zone\":\"b\"}," C("")),
    POD(T "\"nodeSelector\":{\"rank\":\"a\"}," C("")),
    POD(T EXPRESSION("zone", "In", "\"a\"") C("")),
    POD(T EXPRESSION("zone", "In", "\"b\"") C("")),
    POD(T EXPRESSION("rank", "In", "\"a\"") C("")),
    POD(T EXPRESSION("zone", "NotIn", "\"a\"") C("")),
    POD(T EXPRESSION("zone", "In", "\"b\",\"a\"") C("")),
    POD(T EXPRESSION("rank", "Gt", "\"1\"") C("")),
    POD(T EXPRESSION("rank", "Gt", "\"2\"") C("")),
    POD(T EXPRESSION("rank", "Lt", "\"2\"") C("")),
    POD(T "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
          "\"nodeSelectorTerms\":[]}}}," C("")),
};
#undef T

static void ask(struct world *world, const char *question)
{
    const struct pf_explanation e = world_explain(world, pf_sv_from(question));
    const struct pf_judgement j = world_judge(world, pf_sv_from(question));
    if (!world_same(&e.judgement, &j)) {
        fail_msg("%s", question);
    }
}

/* Pods that differ in one thing that a filter reads are different questions: each gets its own answer from one engine. */
static void test_questions_are_told_apart(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, pf_sv_from(picky_nodes[0]));
    world_pod(&world, pf_sv_from(port_holders[0]));
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < PF_ARRAY_LEN(questions); i++) {
            ask(&world, questions[i]);
        }
    }
    world_done(&world);
}

#define PENDING(name, requests)                                                 \
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"" name "\",\"uid\":\"" name \
    "\"},\"spec\":{" C(requests) "}}"

/* Pending pods hold room, in their order, before a new pod is judged; those that found none are asked again. */
static void test_pending(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE("n1", "", ROOM)));
    world_pod(&world, PF_SV(PENDING("a", "\"cpu\":\"3\"")));
    world_pod(&world, PF_SV(PENDING("b", "\"cpu\":\"3\"")));
    world_pod(&world, PF_SV(PENDING("c", "\"cpu\":\"1\"")));
    const struct pf_sv small = PF_SV(POD(C("\"cpu\":\"500m\"")));
    assert_int_equal(world_judge(&world, small).verdict, PF_VERDICT_FULL);
    const struct pf_columns *columns = pf_model_columns(world.model);
    assert_int_equal(columns->used_milli_cpu[0], 4000);
    assert_true(pf_model_remove_pod(world.model, PF_SV("ns"), PF_SV("c"), (struct pf_sv){0}));
    assert_int_equal(world_judge(&world, small).verdict, PF_VERDICT_FITS);
    world_node(&world, PF_SV(NODE("n2", "", ROOM)));
    assert_int_equal(world_judge(&world, PF_SV(POD(C("\"cpu\":\"2\"")))).verdict, PF_VERDICT_FULL);
    columns = pf_model_columns(world.model);
    assert_int_equal(columns->used_milli_cpu[1], 3000);
    world_done(&world);
}

/* Room that comes back without any pending pod coming or going goes to those that wait. */
static void test_pending_after_release(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE("n1", "", ROOM)));
    world_pod(&world, PF_SV(BOUND("a", "n1", "\"cpu\":\"3\"")));
    world_pod(&world, PF_SV(PENDING("b", "\"cpu\":\"3\"")));
    const struct pf_sv big = PF_SV(POD(C("\"cpu\":\"2\"")));
    assert_int_equal(world_judge(&world, big).verdict, PF_VERDICT_FULL);
    assert_int_equal(pf_model_columns(world.model)->used_milli_cpu[0], 3000);
    assert_true(pf_model_remove_pod(world.model, PF_SV("ns"), PF_SV("a"), (struct pf_sv){0}));
    assert_int_equal(world_judge(&world, big).verdict, PF_VERDICT_FULL);
    assert_int_equal(pf_model_columns(world.model)->used_milli_cpu[0], 3000);
    assert_int_equal(pf_model_columns(world.model)->used_pods[0], 1);
    world_done(&world);
}

static void test_place_pending_at_once(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE("n1", "", "\"cpu\":\"1000\",\"pods\":\"1000\"")));
    for (unsigned i = 0; i < 300; i++) {
        world_pod(&world,
                  pf_sv_from(pf_arena_printf(
                      &world.arena,
                      "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"p%u\"},\"spec\":{%s}}", i,
                      C("\"cpu\":\"1\""))));
    }
    (void)world_judge(&world, PF_SV(POD(C(""))));
    const uint32_t some = pf_model_columns(world.model)->used_pods[0];
    assert_true(some > 0);
    assert_true(some < 300); /* bounded work for one judgement */
    assert_int_equal(pf_fit_place_pending(world.fit, NULL), PF_OK);
    assert_int_equal(pf_model_columns(world.model)->used_pods[0], 300);
    assert_int_equal(pf_model_columns(world.model)->used_milli_cpu[0], 300000);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicted_node),
        cmocka_unit_test(test_predicted_node_by_a_point),
        cmocka_unit_test(test_questions_are_told_apart),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_pending_after_release),
        cmocka_unit_test(test_place_pending_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

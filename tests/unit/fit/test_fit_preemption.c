/* Nominated pods and preemption (scheduler-fit section 9), row by row; tests/reference/cases and the oracle have many more. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/reservation.h>
#include <podfit/volumes.h>

#define PODS_MAX 6

/* Single quotes stand for double ones. @p cpu such as '1' */
#define POD(name, head, spec, cpu, status)                                                  \
    "{'metadata':{'namespace':'ns','name':'" name "','uid':'uid-" name "'" head             \
    "},'spec':{'containers':[{'name':'c','resources':{'requests':{'cpu':'" cpu "'}}}]" spec \
    "},'status':{" status "}}"
#define ON(node, priority) ",'nodeName':'" node "','priority':" priority
#define SINCE(day)         "'startTime':'2026-01-" day "T00:00:00Z'"
#define PRIORITY(value)    ",'priority':" value

struct row {
    const char *name;
    const char *pods[PODS_MAX]; /* of the cluster: two nodes of 2 cpu, n1 and n2 */
    const char *pod;
    const char *victims; /* `node: a b`; NULL: no preemption */
    const char *post_filter;
    enum pf_verdict verdict;
    bool ignore;
};

#define NOBODY                                                                                   \
    "no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims " \
    "found for incoming pod."

static const struct row rows[] = {
    {"the node whose victim is less important",
     {POD("a", "", ON("n1", "5"), "2", SINCE("01")), POD("b", "", ON("n2", "3"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n2: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"then the latest start of the most important victim",
     {POD("a", "", ON("n1", "5"), "2", SINCE("03")), POD("b", "", ON("n2", "5"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1: ns/a",
     "",
     PF_VERDICT_FITS,
     false},
    {"of equals the first by name",
     {POD("a", "", ON("n2", "5"), "2", SINCE("01")), POD("b", "", ON("n1", "5"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"who is not needed is reprieved, the most important first",
     {POD("a", "", ON("n1", "3"), "1", SINCE("01")), POD("b", "", ON("n1", "2"), "1", SINCE("01")),
      POD("c", "", ON("n2", "10"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"the earlier start is reprieved first",
     {POD("a", "", ON("n1", "2"), "1", SINCE("02")), POD("b", "", ON("n1", "2"), "1", SINCE("01")),
      POD("c", "", ON("n2", "10"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1: ns/a",
     "",
     PF_VERDICT_FITS,
     false},
    {"a budget makes another node the better one",
     {POD("a", ",'labels':{'app':'kept'}", ON("n1", "1"), "2", SINCE("01")),
      POD("b", "", ON("n2", "9"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n2: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"terminating pods are victims that nobody has to delete",
     {POD("a", ",'deletionTimestamp':'2026-01-01T00:00:00Z'", ON("n1", "1"), "2", SINCE("01")),
      POD("b", "", ON("n2", "10"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1:",
     "",
     PF_VERDICT_FITS,
     false},
    {"equal priority never yields",
     {POD("a", "", ON("n1", "10"), "2", SINCE("01")),
      POD("b", "", ON("n2", "10"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     NULL,
     NOBODY,
     PF_VERDICT_FULL,
     false},
    {"preemptionPolicy Never",
     {POD("a", "", ON("n1", "1"), "2", SINCE("01")), POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10") ",'preemptionPolicy':'Never'", "1", ""),
     NULL,
     "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
     PF_VERDICT_FULL,
     false},
    {"preemption is to be ignored",
     {POD("a", "", ON("n1", "1"), "2", SINCE("01")), POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "1", ""),
     NULL,
     "",
     PF_VERDICT_FULL,
     true},
    {"no help where the request is over what the node has",
     {POD("a", "", ON("n1", "1"), "2", SINCE("01")), POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", PRIORITY("10"), "3", ""),
     NULL,
     "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful "
     "for scheduling.",
     PF_VERDICT_NEVER,
     false},
    {"a class of the system",
     {POD("a", "", ON("n1", "9"), "2", SINCE("01")), POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", ",'priorityClassName':'system-cluster-critical'", "1", ""),
     "n2: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"a class of the cluster",
     {POD("a", "", ON("n1", "60"), "2", SINCE("01")),
      POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", ",'priorityClassName':'middle'", "1", ""),
     "n2: ns/b",
     "",
     PF_VERDICT_FITS,
     false},
    {"a class that nobody knows",
     {POD("a", "", ON("n1", "1"), "2", SINCE("01")), POD("b", "", ON("n2", "1"), "2", SINCE("01"))},
     POD("p", "", ",'priorityClassName':'gone'", "1", ""),
     NULL,
     "",
     PF_VERDICT_UNKNOWN,
     false},
    {"a nominated pod of equal priority keeps its room",
     {POD("a", "", ON("n1", "10"), "2", SINCE("01")),
      POD("n", "", PRIORITY("10"), "2", "'nominatedNodeName':'n2'")},
     POD("p", "", PRIORITY("10"), "1", ""),
     NULL,
     NOBODY,
     PF_VERDICT_FULL,
     false},
    {"one of lower priority does not",
     {POD("a", "", ON("n1", "10"), "2", SINCE("01")),
      POD("n", "", PRIORITY("9"), "2", "'nominatedNodeName':'n2'")},
     POD("p", "", PRIORITY("10"), "1", ""),
     NULL,
     "",
     PF_VERDICT_FITS,
     false},
    {"a pod does not stand in its own way",
     {POD("a", "", ON("n1", "10"), "2", SINCE("01")),
      POD("p", "", PRIORITY("10"), "2", "'nominatedNodeName':'n2'")},
     POD("p", "", PRIORITY("10"), "2", ""),
     NULL,
     "",
     PF_VERDICT_FITS,
     false},
    {"room of nominated pods counts in the dry run",
     {POD("a", "", ON("n1", "1"), "1", SINCE("01")), POD("b", "", ON("n2", "10"), "2", SINCE("01")),
      POD("n", "", PRIORITY("10"), "1", "'nominatedNodeName':'n1'")},
     POD("p", "", PRIORITY("10"), "1", ""),
     "n1: ns/a",
     "",
     PF_VERDICT_FITS,
     false},
};

static struct pf_sv quoted(struct world *world, const char *text)
{
    char *copy = pf_arena_dup(&world->arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *at = strchr(copy, '\''); at != NULL; at = strchr(at, '\'')) {
        *at = '"';
    }
    return pf_sv_from(copy);
}

static void fill(struct world *world, const char *const *pods)
{
    struct pf_requirement kept = {.key = PF_SV("app"), .operator_ = PF_SELECTOR_EXISTS};
    pf_requirement_validate(&kept, /* node= */ false);
    const struct pf_budget budget = {
        .namespace_ = PF_SV("ns"),
        .name = PF_SV("kept"),
        .selector = {.present = true, .requirements = &kept, .requirement_count = 1}};
    const struct pf_priority_class middle = {.name = PF_SV("middle"), .value = 50};
    assert_int_equal(pf_model_apply_budget(world->model, &budget, NULL), PF_OK);
    assert_int_equal(pf_model_apply_priority_class(world->model, &middle, NULL), PF_OK);
    for (unsigned i = 1; i <= 2; i++) {
        const char *node = pf_arena_printf(&world->arena,
                                           "{\"metadata\":{\"name\":\"n%u\"},\"status\":{"
                                           "\"allocatable\":{\"cpu\":\"2\",\"pods\":\"9\"}}}",
                                           i);
        world_node(world, pf_sv_from(node));
    }
    for (size_t i = 0; i < PODS_MAX && pods[i] != NULL; i++) {
        world_pod(world, quoted(world, pods[i]));
    }
}

static const char *show(struct world *world, const struct pf_preemption *preemption)
{
    if (preemption == NULL) {
        return "";
    }
    const char *text = pf_arena_printf(&world->arena, "%.*s:", PF_SV_ARG(preemption->node));
    for (size_t i = 0; text != NULL && i < preemption->victim_count; i++) {
        text = pf_arena_printf(&world->arena, "%s %.*s", text, PF_SV_ARG(preemption->victims[i]));
    }
    assert_non_null(text);
    return text;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct world world;
        struct pf_judgement judgement = {.nodes = 0};
        struct pf_explanation explanation = {.node_count = 0};
        world_init(&world, PF_KUBE_MINOR_NEWEST, NULL);
        fill(&world, row->pods);
        const struct pf_pod pod = world_incoming(&world, quoted(&world, row->pod));
        const struct pf_fit_ask ask = {.pod = &pod, .ignore_preemption = row->ignore};
        assert_int_equal(pf_fit_judge_ask(world.fit, &ask, &world.arena, &judgement, NULL), PF_OK);
        assert_int_equal(pf_fit_explain_ask(world.fit, &ask, &world.arena, &explanation, NULL),
                         PF_OK);
        const char *found = show(&world, judgement.preemption);
        if (judgement.verdict != row->verdict ||
            strcmp(found, row->victims != NULL ? row->victims : "") != 0 ||
            !pf_sv_eq_cstr(judgement.post_filter, row->post_filter)) {
            fail_msg("%s: %s, '%s', '%s'", row->name, pf_verdict_name(judgement.verdict), found,
                     world_text(&world, judgement.post_filter));
        }
        assert_true(world_same(&judgement, &explanation.judgement));
        assert_string_equal(show(&world, explanation.judgement.preemption), found);
        world_done(&world);
    }
}

/* The room of one victim is given away once: the second pod of a burst needs a victim of its own, the third finds none. */
static void test_burst(void **state)
{
    (void)state;
    static const char *const pods[PODS_MAX] = {POD("a", "", ON("n1", "1"), "2", SINCE("01")),
                                               POD("b", "", ON("n2", "2"), "2", SINCE("01"))};
    static const char *const wanted[] = {"n1: ns/a", "n2: ns/b", ""};
    struct world world;
    world_init(&world, PF_KUBE_MINOR_NEWEST, NULL);
    fill(&world, pods);
    for (unsigned i = 0; i < PF_ARRAY_LEN(wanted); i++) {
        const struct pf_pod pod =
            world_incoming(&world, quoted(&world, POD("p", "", PRIORITY("10"), "2", "")));
        struct pf_judgement judgement = {.nodes = 0};
        assert_int_equal(pf_fit_judge(world.fit, &pod, &world.arena, &judgement, NULL), PF_OK);
        assert_string_equal(show(&world, judgement.preemption), wanted[i]);
        const struct pf_reservation_spec spec = {
            .review_uid = pf_sv_from(pf_arena_printf(&world.arena, "review-%u", i)),
            .namespace_ = PF_SV("ns"),
            .pod = &pod,
            .request = &judgement.request,
            .node = judgement.node};
        assert_int_equal(pf_reservation_put(world.model, &spec, NULL), PF_OK);
        assert_int_equal(pf_model_check(world.model, NULL), PF_OK);
    }
    world_done(&world);
}

/* The node that the victim leaves might have a device, which podfit does not choose: the answer says what cannot be told. */
static void test_devices(void **state)
{
    (void)state;
    static const char *const pods[PODS_MAX] = {POD("a", "", ON("n1", "1"), "2", SINCE("01")),
                                               POD("b", "", ON("n2", "10"), "2", SINCE("01"))};
    const struct pf_device_class class = {.name = PF_SV("gpus"),
                                          .extended_resource = PF_SV("example.com/gpu")};
    struct world world;
    struct pf_judgement judgement = {.nodes = 0};
    world_init(&world, PF_KUBE_MINOR_NEWEST, NULL);
    fill(&world, pods);
    assert_int_equal(pf_model_apply_device_class(world.model, &class, NULL), PF_OK);
    const struct pf_pod pod = world_incoming(
        &world, quoted(&world, POD("p", "", PRIORITY("10"), "1','example.com/gpu':'1", "")));
    assert_int_equal(pf_fit_judge(world.fit, &pod, &world.arena, &judgement, NULL), PF_OK);
    assert_int_equal(judgement.verdict, PF_VERDICT_UNKNOWN);
    assert_string_equal(world_text(&world, judgement.cause),
                        "whether eviction of pods would help cannot be told: DynamicResources: an "
                        "extended resource comes from a DeviceClass, whose devices podfit does not "
                        "choose");
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

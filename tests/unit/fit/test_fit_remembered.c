/*
 * What the engine remembers of eviction and of storage, under random changes of everything that both read: each answer is compared with that of a search from the
 * beginning (an explanation remembers nothing), on clusters that are smaller and larger than what kube-scheduler looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "course.h"
#include <podfit/fit_count.h>

/* Few questions, so that they come again. */
static struct pf_pod make_question(struct course *course)
{
    static const char *const cpus[] = {"1", "2", "3"};
    static const char *const priorities[] = {"1", "10", "1000"};
    static const char *const ports[] = {"", "",
                                        "\"ports\":[{\"containerPort\":80,\"hostPort\":80}],"};
    static const char *const apps[] = {"a", "c"};
    static const char *const gpus[] = {"", "", "", ",\"example.com/gpu\":\"1\""};
    static const char format[] = "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"%s\"}},"
                                 "\"spec\":{%s%s\"priority\":%s,\"containers\":[{\"name\":\"c\",%s"
                                 "\"resources\":{\"requests\":{\"cpu\":\"%s\"%s}}}]}}";
    if (course->run->small) {
        return world_incoming(&course->world, PRINT(course, format, "a", "", course_volumes(course),
                                                    "10", "", "1m", ""));
    }
    return world_incoming(&course->world,
                          PRINT(course, format, PICK(course, apps), course_affinity(course),
                                course_volumes(course), PICK(course, priorities),
                                PICK(course, ports), PICK(course, cpus), PICK(course, gpus)));
}

static void reserve(struct course *course, const struct pf_pod *pod,
                    const struct pf_judgement *judgement)
{
    if (judgement->verdict != PF_VERDICT_FITS) {
        return;
    }
    const struct pf_reservation_spec spec = {
        .review_uid = PRINT(course, "review-%u", course_below(course, REVIEWS)),
        .namespace_ = PF_SV("ns"),
        .pod = pod,
        .request = &judgement->request,
        .node = judgement->node,
        .binds = judgement->binds,
    };
    assert_int_equal(pf_reservation_put(course->world.model, &spec, NULL), PF_OK);
}

static void note(struct met *met, const struct pf_pod *pod, const struct pf_judgement *judgement)
{
    met->evicting += judgement->preemption != NULL;
    met->vain += pf_sv_find(judgement->post_filter, PF_SV("Insufficient cpu")) != SIZE_MAX;
    met->fits += judgement->verdict == PF_VERDICT_FITS && judgement->preemption == NULL;
    met->with_claims += pod->volume_count != 0 && judgement->verdict != PF_VERDICT_UNKNOWN &&
                        pf_sv_find(judgement->post_filter, PF_SV("not found")) == SIZE_MAX;
}

/* In steps of some nodes, the answer with everything that an explanation sums up. */
static void count_in_steps(struct course *course, const struct pf_pod *pod)
{
    struct world *world = &course->world;
    const struct pf_fit_ask ask = {.pod = pod, .ignore_preemption = true};
    const uint32_t most = 1 + course_below(course, 5);
    struct pf_fit_count count = {.next = 0};
    struct pf_explanation explanation;
    do {
        assert_int_equal(pf_fit_count_step(world->fit, &ask, most, &world->arena, &count, NULL),
                         PF_OK);
        assert_true(count.handled <= most);
    } while (count.more);
    assert_int_equal(pf_fit_explain_ask(world->fit, &ask, &world->arena, &explanation, NULL),
                     PF_OK);
    assert_true(world_same(&count.judgement, &explanation.judgement));
    assert_true(pf_sv_eq(count.judgement.binding, explanation.judgement.binding));
    assert_true(count.pods == explanation.slots);
    assert_true(explanation.node_count == 0 ||
                count.constraint_count == explanation.constraint_count);
    for (size_t c = 0; c < explanation.constraint_count; c++) {
        uint64_t room = 0;
        for (size_t i = 0; i < explanation.node_count; i++) {
            room += explanation.nodes[i].room != NULL ? explanation.nodes[i].room[c] : 0;
        }
        assert_true(pf_sv_eq(count.constraints[c], explanation.constraints[c]));
        assert_true(count.rooms[count.of[c]] == room);
    }
}

static void ask(struct course *course, unsigned step)
{
    struct world *world = &course->world;
    struct pf_judgement judgement;
    struct pf_explanation explanation;
    const struct pf_pod pod = make_question(course);
    if (course_below(course, 8) == 0) {
        count_in_steps(course, &pod); /* also of what was not asked before */
    }
    assert_int_equal(pf_fit_judge(world->fit, &pod, &world->arena, &judgement, NULL), PF_OK);
    assert_int_equal(pf_fit_explain(world->fit, &pod, &world->arena, &explanation, NULL), PF_OK);
    if (!world_same(&judgement, &explanation.judgement)) {
        fail_msg("%s, step %u", course->run->name, step);
    }
    note(&course->met, &pod, &judgement);
    if (course_below(course, 8) == 0) {
        count_in_steps(course, &pod);
    }
    if (course_below(course, 3) == 0) {
        reserve(course, &pod, &judgement);
    }
}

static void check_met(const struct course *course)
{
    const struct met *met = &course->met;
    const unsigned least = course->run->least;
    print_message("%s: %u evict, %u in vain, %u with claims, %u fit\n", course->run->name,
                  met->evicting, met->vain, met->with_claims, met->fits);
    assert_true(met->evicting >= least);
    assert_true(course->run->small || met->vain >= least);
    assert_true(met->fits >= least);
    assert_true(course->run->claims == 0 || met->with_claims >= least);
}

static void walk(const struct run *run)
{
    struct course course = {.run = run, .random = {.state = run->seed}};
    struct pf_err err = {0};
    world_init(&course.world, 36, NULL);
    course_fill(&course);
    for (unsigned i = 0; i < run->steps; i++) {
        pf_arena_reset(&course.world.arena);
        course_change(&course);
        ask(&course, i);
        if (i % 1000 == 0 && pf_model_check(course.world.model, &err) != PF_OK) {
            fail_msg("%s, step %u: %s", run->name, i, err.text);
        }
    }
    check_met(&course);
    world_done(&course.world);
}

static const struct run runs[] = {
    {.name = "few nodes", .seed = 1, .nodes = 8, .pods = 24, .steps = 20000, .least = 300},
    {.name = "more nodes than kube-scheduler looks at",
     .seed = 2,
     .nodes = 150,
     .pods = 1000,
     .steps = 2500,
     .least = 50},
    {.name = "other pods decide",
     .seed = 3,
     .nodes = 8,
     .pods = 24,
     .steps = 12000,
     .least = 300,
     .topology = true},
    {.name = "storage",
     .seed = 4,
     .nodes = 8,
     .pods = 24,
     .claims = 6,
     .steps = 20000,
     .least = 300},
    {.name = "storage alone",
     .seed = 6,
     .nodes = 5,
     .pods = 8,
     .claims = 5,
     .steps = 20000,
     .least = 300,
     .small = true},
    {.name = "storage and other pods",
     .seed = 5,
     .nodes = 8,
     .pods = 24,
     .claims = 6,
     .steps = 8000,
     .least = 100,
     .topology = true},
};

static void test_remembered_equals_searched(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(runs); i++) {
        walk(&runs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered_equals_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Room that is promised once, and what the cluster does meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "promises.h"
#include <podfit/volumes.h>

#define GIVEN(name, node, claim)                                                              \
    VOLUME(name, "",                                                                          \
           "'storageClassName':'local','capacity':{'storage':'9Gi'},'accessModes':["          \
           "'ReadWriteOnce'],'claimRef':{'namespace':'ns','name':'" claim "','uid':'u-" claim \
           "'}" AT(node),                                                                     \
           "Bound")

enum step_kind {
    END,
    PROMISE,  /* text: claim; expected: place or verdict */
    APPEAR,   /* pod `number` with claim `text` waits */
    NOMINATE, /* pod `number` with claim `text` waits for its volumes on `expected` */
    BIND,     /* pod `number` with claim `text` is bound to `expected` */
    OBJECTS,  /* text: objects */
    VANISH,   /* pod `number` */
    LOSE,     /* the PersistentVolume of that name is deleted */
    UNCLAIM,  /* the claim of that name is deleted */
    LATER,    /* number: milliseconds */
    COUNT,    /* number: claims of which something is assumed */
};

struct step {
    enum step_kind kind;
    unsigned number;
    const char *text;
    const char *expected;
};

struct course {
    const char *name;
    const char *objects;
    struct step steps[12];
};

static const struct course courses[] = {
    {"kept until the volume shows its claim",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {BIND, 0, USES("c0"), "a"},
      {PROMISE, 2, USES("c2"), "full "},
      {COUNT, 2, NULL, NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"kept for a TTL when that is never seen",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {BIND, 0, USES("c0"), "a"},
      {LATER, 14999, NULL, NULL},
      {COUNT, 1, NULL, NULL},
      {LATER, 1, NULL, NULL},
      {COUNT, 0, NULL, NULL}}},
    {"nominated while kube-scheduler waits for the volume",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {NOMINATE, 0, USES("c0"), "b"},
      {PROMISE, 1, USES("c1"), "b "},
      {PROMISE, 2, USES("c2"), "full "},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"bound before podfit had a place for it",
     LOCAL FREE("va", "local", "9Gi", AT("a")),
     {{APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, LATE("c0", "local", "5Gi") LATE("c1", "local", "5Gi"), "asleep"},
      {BIND, 0, USES("c0"), "a"},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"the volume is seen before the pod",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {BIND, 0, USES("c0"), "a"},
      {COUNT, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "b "},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"a tie broken otherwise: pods that wait change places",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {APPEAR, 0, USES("c0"), NULL},
      {APPEAR, 1, USES("c1"), NULL},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 1, USES("c1"), "a"},
      {OBJECTS, 0, GIVEN("va", "a", "c1"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"and the pod is seen first",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {APPEAR, 1, USES("c1"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 1, USES("c1"), "a"},
      {OBJECTS, 0, GIVEN("va", "a", "c1"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"a stranger takes the volume: who waits goes elsewhere",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c4"), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {VANISH, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "b "}}},
    {"the volume is deleted",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {LOSE, 0, "va", NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {LOSE, 0, "vb", NULL},
      {COUNT, 0, NULL, NULL},
      {OBJECTS, 0, FREE("vc", "local", "9Gi", AT("a")), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
    {"the claim is deleted",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {UNCLAIM, 0, "c0", NULL},
      {COUNT, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "a "},
      {PROMISE, 2, USES("c2"), "b "}}},
    {"a pod that is deleted gives its volume back",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {APPEAR, 0, USES("c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {VANISH, 0, NULL, NULL},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 2, USES("c2"), "a "}}},
    {"a node goes",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0,
       ",{'apiVersion':'v1','kind':'Node','metadata':{'name':'a','labels':{'zone':'x'}},'status':{"
       "'allocatable':{'cpu':'4','pods':'10'}}}",
       NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
    {"a claim that comes after its pod",
     LOCAL FREE("va", "local", "9Gi", AT("a")),
     {{PROMISE, 0, USES("c0"), "unknown "},
      {APPEAR, 0, USES("c0"), NULL},
      {COUNT, 0, NULL, NULL},
      {OBJECTS, 0, LATE("c0", "local", "5Gi") LATE("c1", "local", "5Gi"), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
};

static void nominate(struct world *world, unsigned number, const char *pod, const char *node)
{
    struct pf_err err = {0};
    struct pf_pod decoded;
    const struct pf_sv json = promises_pod(world, number, pod, /* annotated= */ true, NULL);
    assert_int_equal(pf_pod_decode(json, &world->arena, &decoded, &err), PF_OK);
    decoded.nominated_node_name = pf_sv_from(node);
    assert_int_equal(pf_model_apply_pod(world->model, &decoded, &err), PF_OK);
}

static void take_step(struct world *world, const struct course *course, const struct step *step)
{
    const char *said = NULL;
    switch (step->kind) {
    case PROMISE:
        said = promises_make(world, step->number, step->text, RESERVED);
        if (strcmp(said, step->expected) != 0) {
            fail_msg("%s, step %d: %s", course->name, (int)(step - course->steps), said);
        }
        break;
    case NOMINATE:
        nominate(world, step->number, step->text, step->expected);
        break;
    case APPEAR:
    case BIND:
        world_pod(world, promises_pod(world, step->number, step->text, /* annotated= */ true,
                                      step->kind == BIND ? step->expected : NULL));
        promises_place(world);
        break;
    case OBJECTS:
        promises_add(world, step->text);
        if (step->expected == NULL) { /* else nobody asks podfit to place anything */
            promises_place(world);
        }
        break;
    case VANISH:
        assert_true(pf_model_remove_pod(
            world->model, PF_SV("ns"),
            pf_sv_from(pf_arena_printf(&world->arena, "p%u", step->number)), PF_SV("")));
        break;
    case LOSE:
        assert_true(pf_model_remove_object(world->model, PF_KIND_VOLUME, PF_SV(""),
                                           pf_sv_from(step->text)));
        promises_place(world);
        break;
    case UNCLAIM:
        assert_true(pf_model_remove_object(world->model, PF_KIND_CLAIM, PF_SV("ns"),
                                           pf_sv_from(step->text)));
        promises_place(world);
        break;
    case LATER:
        world->now_ns += step->number * INT64_C(1000000);
        (void)pf_reservation_expire(world->model);
        break;
    case COUNT:
        if (pf_model_assumed_count(world->model) != step->number) {
            fail_msg("%s, step %d: %zu are assumed", course->name, (int)(step - course->steps),
                     pf_model_assumed_count(world->model));
        }
        break;
    case END:
    default:
        break;
    }
    promises_check(world, course->name);
}

static void test_courses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(courses) / sizeof(courses[0]); i++) {
        struct world world;
        promises_begin(&world, courses[i].objects);
        for (size_t k = 0; k < sizeof(courses[i].steps) / sizeof(courses[i].steps[0]); k++) {
            take_step(&world, &courses[i], &courses[i].steps[k]);
        }
        world_done(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_courses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

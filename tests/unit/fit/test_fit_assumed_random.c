/* Room that is promised once, whatever happens, in whatever order. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "promises.h"
#include <podfit/volumes.h>

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static void random_object(struct world *world, uint64_t *seed)
{
    const unsigned volume = draw(seed, 4);
    const unsigned claim = draw(seed, 5);
    const char *where = draw(seed, 2) != 0 ? "a" : "b";
    const char *name = pf_arena_printf(&world->arena, "v%u", volume);
    const char *claim_name = pf_arena_printf(&world->arena, "c%u", claim);
    const char *reference =
        draw(seed, 2) != 0
            ? pf_arena_printf(&world->arena, ",'claimRef':{'namespace':'ns','name':'c%u'}", claim)
            : "";
    switch (draw(seed, 6)) {
    case 0:
        (void)pf_model_remove_object(world->model, PF_KIND_VOLUME, PF_SV(""), pf_sv_from(name));
        break;
    case 1:
        (void)pf_model_remove_object(world->model, PF_KIND_CLAIM, PF_SV("ns"),
                                     pf_sv_from(claim_name));
        break;
    case 2:
    case 3:
        promises_add(world,
                     pf_arena_printf(&world->arena, LATE("c%u", "local", "5Gi"), claim, claim));
        break;
    default:
        promises_add(world,
                     pf_arena_printf(
                         &world->arena,
                         ",{'apiVersion':'v1','kind':'PersistentVolume','metadata':{'name':'%s'},"
                         "'spec':{'storageClassName':'local','capacity':{'storage':'9Gi'},"
                         "'accessModes':['ReadWriteOnce']%s,'nodeAffinity':{'required':{"
                         "'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone','operator':'In',"
                         "'values':['%s']}]}]}}},'status':{'phase':'%s'}}",
                         name, reference, where, reference[0] != '\0' ? "Bound" : "Available"));
        break;
    }
}

static void random_pod_event(struct world *world, uint64_t *seed)
{
    const unsigned number = draw(seed, PROMISES_MAX);
    const char *pod = draw(seed, 3) != 0
                          ? pf_arena_printf(&world->arena, USES("c%u"), number % 5, number % 5)
                          : pf_arena_printf(&world->arena, USES("c%u") "," USES("c%u"), number % 5,
                                            number % 5, (number + 1) % 5, (number + 1) % 5);
    switch (draw(seed, 5)) {
    case 0:
    case 1:
        (void)promises_make(world, number, pod, (enum promise_mode)draw(seed, PROMISE_MODES));
        break;
    case 2:
        world_pod(world, promises_pod(world, number, pod, /* annotated= */ true, NULL));
        break;
    case 3:
        world_pod(world, promises_pod(world, number, pod, /* annotated= */ true,
                                      draw(seed, 2) != 0 ? "a" : "b"));
        break;
    default:
        (void)pf_model_remove_pod(world->model, PF_SV("ns"),
                                  pf_sv_from(pf_arena_printf(&world->arena, "p%u", number)),
                                  PF_SV(""));
        break;
    }
}

/* The model's own checker agrees after each event, and nothing is left when everybody is gone. */
static void test_random(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 40; round++) {
        uint64_t seed = round;
        struct world world;
        promises_begin(&world, PAIR);
        for (int i = 0; i < 120; i++) {
            pf_arena_reset(&world.arena);
            if (draw(&seed, 3) == 0) {
                random_object(&world, &seed);
            } else {
                random_pod_event(&world, &seed);
            }
            world.now_ns += draw(&seed, 4000) * INT64_C(1000000);
            (void)pf_reservation_expire(world.model);
            if (draw(&seed, 2) != 0) {
                promises_place(&world);
            }
            promises_check(&world, "random");
        }
        promises_forget(&world);
        promises_check(&world, "the end");
        assert_int_equal(pf_model_assumed_count(world.model), 0);
        assert_int_equal(pf_model_stats(world.model).reservations, 0);
        world_done(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

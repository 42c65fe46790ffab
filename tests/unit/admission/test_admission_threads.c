#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "desk.h"
#include <podfit/limits.h>
#include <podfit/node.h>

/*
 * Reviews from several threads while the cluster changes and the configuration is replaced. Run under ThreadSanitizer for the races; here the model's checker
 * must agree at any moment and no more pods may be admitted than there is room for.
 */

#define REVIEWERS 8
#define REVIEWS   400 /* of each reviewer */
#define ROOM      1000

#define CONFIG                                                                          \
    PF_SV("apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"      \
          "- {name: all, defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}}\n" \
          "fit: {reservationTTL: 1h}\n")
#define POD                                                                              \
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','resources':{'limits':{" \
    "'cpu':'1','memory':'1000Mi'}}}]}}"

struct crowd {
    struct desk desk;
    atomic_uint admitted;
    atomic_uint refused;
    atomic_uint failed;
    atomic_uint next;
    atomic_bool done;
};

static void *review_many(void *opaque)
{
    struct crowd *crowd = opaque;
    struct pf_arena arena;
    struct pf_buf response;
    struct pf_decision decision;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&response, PF_RESPONSE_MAX_BYTES);
    for (int i = 0; i < REVIEWS; i++) {
        char uid[24];
        (void)snprintf(uid, sizeof(uid), "u%u", atomic_fetch_add(&crowd->next, 1));
        pf_autofree char *body = desk_create(uid, "ns", POD);
        pf_arena_reset(&arena);
        pf_buf_reset(&response);
        if (pf_admission_review(crowd->desk.admission, pf_sv_from(body), &arena, &response,
                                &decision) != PF_ADMISSION_OK) {
            atomic_fetch_add(&crowd->failed, 1);
        } else if (decision.action == PF_ACTION_REJECT) {
            atomic_fetch_add(&crowd->refused, 1);
        } else {
            atomic_fetch_add(&crowd->admitted, 1);
        }
    }
    pf_arena_done(&arena);
    pf_buf_done(&response);
    return NULL;
}

/* Decode an object written with single quotes; the arena keeps what it points to. */
static struct pf_sv object(struct pf_arena *arena, const char *json)
{
    struct pf_sv copy = {0};
    pf_autofree char *quoted = desk_quoted(json);
    return pf_arena_dup_sv(arena, pf_sv_from(quoted), &copy) ? copy : (struct pf_sv){0};
}

/* One round of a watch: a node without room and a pod on the full one come and go. */
static bool change_cluster(struct crowd *crowd, struct pf_arena *arena)
{
    struct pf_model *model = crowd->desk.model;
    struct pf_node node = {0};
    struct pf_pod pod = {0};
    struct pf_err err = {0};
    pf_arena_reset(arena);
    bool good =
        pf_node_decode(object(arena, "{'metadata':{'name':'extra','labels':{'a':'b'}},'status':{"
                                     "'allocatable':{'cpu':'4','memory':'8Gi','pods':'0'}}}"),
                       arena, &node, &err) == PF_OK &&
        pf_pod_decode(object(arena, "{'metadata':{'name':'x','namespace':'ns'},'spec':{"
                                    "'nodeName':'extra','containers':[{'name':'c'}]}}"),
                      arena, &pod, &err) == PF_OK;
    pf_model_lock(model);
    good = good && pf_model_apply_node(model, &node, &err) == PF_OK &&
           pf_model_apply_pod(model, &pod, &err) == PF_OK && pf_model_check(model, &err) == PF_OK;
    pf_model_unlock(model);
    pf_model_lock(model);
    good = pf_model_remove_pod(model, PF_SV("ns"), PF_SV("x"), (struct pf_sv){0}) && good;
    good = pf_model_remove_node(model, PF_SV("extra")) && good;
    good = pf_model_check(model, &err) == PF_OK && good;
    pf_model_unlock(model);
    return good;
}

static void *change_many(void *opaque)
{
    struct crowd *crowd = opaque;
    struct pf_arena arena;
    struct pf_err err = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    while (!atomic_load(&crowd->done)) {
        if (!change_cluster(crowd, &arena) ||
            pf_admission_set_config(crowd->desk.admission, crowd->desk.config, &err) != PF_OK) {
            atomic_fetch_add(&crowd->failed, 1);
        }
    }
    pf_arena_done(&arena);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static const struct pf_sv cluster = PF_SV_INIT(
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Node\",\"apiVersion\":\"v1\","
        "\"metadata\":{\"name\":\"n1\"},\"status\":{\"allocatable\":{\"cpu\":\"400\",\"memory\":\"800Gi\","
        "\"pods\":\"1000\"}}}]}");
    struct crowd crowd = {0};
    pthread_t reviewers[REVIEWERS];
    pthread_t changer;
    desk_init(&crowd.desk, CONFIG, cluster);
    assert_int_equal(pthread_create(&changer, NULL, change_many, &crowd), 0);
    for (size_t i = 0; i < REVIEWERS; i++) {
        assert_int_equal(pthread_create(&reviewers[i], NULL, review_many, &crowd), 0);
    }
    for (size_t i = 0; i < REVIEWERS; i++) {
        assert_int_equal(pthread_join(reviewers[i], NULL), 0);
    }
    atomic_store(&crowd.done, true);
    assert_int_equal(pthread_join(changer, NULL), 0);
    assert_int_equal(crowd.failed, 0);
    assert_int_equal(crowd.admitted, ROOM);
    assert_int_equal(crowd.refused, REVIEWERS * REVIEWS - ROOM);
    assert_int_equal(desk_held(&crowd.desk), ROOM);
    desk_check(&crowd.desk);
    desk_done(&crowd.desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

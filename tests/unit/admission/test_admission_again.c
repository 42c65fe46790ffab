/* Pods that come again with our annotation, or with that of another review. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "reviews.h"

static void test_dry_run_keeps_a_reservation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct answer answer = reviews_post(&desk, "u1", POD);
    pf_autofree char *pod = reviews_patched(&answer, POD);
    pf_autofree char *body = desk_create("u2", "ns", pod);
    char *at = strstr(body, "false}}");
    assert_non_null(at);
    memcpy(at, " true}}", sizeof(" true}}"));
    assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
    assert_int_equal(desk_held(&desk), 1);
    assert_false(reviews_admits(&desk, "u3", POD));
    answer_done(&answer);
    desk_done(&desk);
}

static void test_reinvocation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct answer answer = reviews_post(&desk, "u1", POD);
    pf_autofree char *pod = reviews_patched(&answer, POD);
    answer_done(&answer);
    for (int i = 0; i < 3; i++) { /* the only slot is the pod's own */
        char uid[8];
        (void)snprintf(uid, sizeof(uid), "again%d", i);
        answer = reviews_post(&desk, uid, pod);
        assert_true(answer.allowed);
        assert_null(answer.patch);
        assert_int_equal(desk_held(&desk), 1);
        assert_true(pf_sv_eq_cstr(desk.decision.review_uid, "u1"));
        answer_done(&answer);
    }
    assert_false(reviews_admits(&desk, "u2", POD));
    desk_done(&desk);
}

/* A sidecar that came after us: the requests are others, so the reservation in the annotation is not this pod's as it is. */
static void test_reinvocation_with_more(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("9"));
    struct answer answer = reviews_post(&desk, "u1", POD);
    pf_autofree char *pod = reviews_patched(&answer, POD);
    answer_done(&answer);
    json_t *tree = json_loads(pod, 0, NULL);
    json_t *containers = json_object_get(json_object_get(tree, "spec"), "containers");
    assert_int_equal(
        json_array_append_new(containers, json_pack("{s:s,s:{s:{s:s}}}", "name", "proxy",
                                                    "resources", "limits", "memory", "500Mi")),
        0);
    pf_autofree char *more = json_dumps(tree, JSON_COMPACT);
    json_decref(tree);
    answer = reviews_post(&desk, "u2", more);
    assert_true(answer.allowed);
    assert_non_null(strstr(answer.patch, "/spec/containers/1/resources/requests"));
    assert_null(strstr(answer.patch, "/spec/containers/0"));
    assert_non_null(strstr(answer.patch, "\"value\":\"u2\""));
    answer_done(&answer);
    desk_done(&desk);
}

struct stranger_row {
    const char *name;
    const char *key; /* in the annotation of the second pod */
    const char *namespace_;
    const char *memory;
};

static void test_stranger(void **state)
{
    (void)state;
    static const struct stranger_row rows[] = {
        {"no such key", "unknown", "ns", "1000Mi"},
        {"another namespace", "u1", "other", "1000Mi"},
        {"other requests", "u1", "ns", "999Mi"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        struct answer answer;
        char pod[512];
        (void)snprintf(pod, sizeof(pod),
                       "{'metadata':{'annotations':{'podfit.io/review':'%s'}},'spec':{"
                       "'containers':[{'name':'c','resources':{'requests':{'memory':'%s'}}}]}}",
                       rows[i].key, rows[i].memory);
        desk_init(&desk, KEEP(""), CLUSTER("2"));
        assert_true(reviews_admits(&desk, "u1",
                                   "{'spec':{'containers':[{'name':'c','resources':{'requests':{"
                                   "'memory':'1000Mi'}}}]}}"));
        pf_autofree char *body = desk_create("u2", rows[i].namespace_, pod);
        assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
        assert_true(answer_read(pf_buf_view(&desk.response), PF_SV("u2"), &answer));
        desk_check(&desk);
        if (desk_held(&desk) != 2 || answer.patch == NULL ||
            strstr(answer.patch, "\"value\":\"u2\"") == NULL) {
            fail_msg("%s: %u held, %s", rows[i].name, desk_held(&desk), answer.patch);
        }
        answer_done(&answer);
        desk_done(&desk);
    }
}

/* A continued reservation is given up when the pod is refused after all. */
static void test_refused_reinvocation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, KEEP(""), CLUSTER("1"));
    struct answer answer = reviews_post(&desk, "u1", "{'spec':{'containers':[{'name':'c'}]}}");
    pf_autofree char *pod = reviews_patched(&answer, "{'spec':{'containers':[{'name':'c'}]}}");
    answer_done(&answer);
    pf_model_lock(desk.model);
    assert_true(pf_model_remove_node(desk.model, PF_SV("n1")));
    pf_model_unlock(desk.model);
    assert_false(reviews_admits(&desk, "u2", pod));
    assert_int_equal(desk_held(&desk), 0);
    desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dry_run_keeps_a_reservation), cmocka_unit_test(test_reinvocation),
        cmocka_unit_test(test_reinvocation_with_more),      cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_refused_reinvocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

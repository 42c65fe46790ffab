/* Reviews one after the other: what a single answer (test_admission_cases.c) cannot show. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "reviews.h"

static void test_room_is_held(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("3"));
    assert_true(reviews_admits(&desk, "u1", POD));
    assert_true(reviews_admits(&desk, "u2", POD));
    assert_true(reviews_admits(&desk, "u3", POD));
    assert_false(reviews_admits(&desk, "u4", POD));
    assert_int_equal(desk_held(&desk), 3);
    desk.now_ns += (int64_t)14900 * 1000 * 1000;
    assert_false(reviews_admits(&desk, "u5", POD));
    desk.now_ns += (int64_t)200 * 1000 * 1000;
    assert_true(reviews_admits(&desk, "u6", POD));
    assert_int_equal(desk_held(&desk), 1);
    desk_done(&desk);
}

static void test_refusal_is_stable(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("0"));
    struct answer first = reviews_post(&desk, "u1", POD);
    desk.now_ns += (int64_t)3600 * 1000 * 1000 * 1000;
    struct answer second = reviews_post(&desk, "u2", POD);
    (void)json_object_del(first.response, "uid");
    (void)json_object_del(second.response, "uid");
    assert_true(json_equal(first.response, second.response) != 0);
    assert_false(first.allowed);
    assert_int_equal(desk_held(&desk), 0);
    answer_done(&first);
    answer_done(&second);
    desk_done(&desk);
}

/* P-07: absent, null and false are a real request; true gives the same answer and leaves no trace. */
static void test_dry_run(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *member;
        uint32_t held;
    } rows[] = {
        {"absent", "", 1},
        {"null", ",\"dryRun\":null", 1},
        {"false", ",\"dryRun\":false", 1},
        {"true", ",\"dryRun\":true", 0},
    };
    json_t *expected = NULL;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        struct answer answer;
        char body[1024];
        pf_autofree char *pod = desk_quoted(POD);
        (void)snprintf(body, sizeof(body),
                       "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                       "\"request\":{\"uid\":\"u\",\"resource\":{\"resource\":\"pods\"},"
                       "\"operation\":\"CREATE\",\"namespace\":\"ns\",\"object\":%s%s}}",
                       pod, rows[i].member);
        desk_init(&desk, CONFIG(""), CLUSTER("1"));
        assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
        assert_true(answer_read(pf_buf_view(&desk.response), PF_SV("u"), &answer));
        if (desk_held(&desk) != rows[i].held ||
            (expected != NULL && json_equal(expected, answer.response) == 0)) {
            fail_msg("dryRun %s: %u held, %s", rows[i].name, desk_held(&desk), desk_text(&desk));
        }
        if (expected == NULL) {
            expected = json_deep_copy(answer.response);
        }
        answer_done(&answer);
        desk_done(&desk);
    }
    json_decref(expected);
}

static void test_observe(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(", observe: true"), CLUSTER("0"));
    struct answer answer = reviews_post(&desk, "u1", POD);
    assert_true(answer.allowed);
    assert_null(answer.patch);
    assert_null(json_object_get(answer.response, "warnings"));
    assert_int_equal(desk_held(&desk), 0);
    assert_true(desk.decision.observed);
    assert_int_equal(desk.decision.action, PF_ACTION_REJECT);
    assert_true(desk.decision.explanation.len != 0);
    answer_done(&answer);
    desk_done(&desk);
}

/* Admitted misfits keep their key, so that a reinvocation is idempotent, but no room. */
static void test_annotate_and_gate(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct pf_sv config;
        enum pf_action action;
        bool gate;
    } rows[] = {
        {"annotate", KEEP(", onFull: annotate"), PF_ACTION_ANNOTATE, false},
        {"gate", KEEP(", onFull: gate"), PF_ACTION_GATE, true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        desk_init(&desk, rows[i].config, CLUSTER("1"));
        assert_true(reviews_admits(&desk, "u1", POD));
        struct answer answer = reviews_post(&desk, "u2", POD);
        pf_autofree char *pod = reviews_patched(&answer, POD);
        const bool gate = strstr(pod, "podfit.io/capacity") != NULL;
        if (desk.decision.action != rows[i].action || gate != rows[i].gate ||
            strstr(pod, "Too many pods") == NULL) {
            fail_msg("%s: %s", rows[i].name, pod);
        }
        answer_done(&answer);
        answer = reviews_post(&desk, "u3", pod);
        assert_null(answer.patch);
        answer_done(&answer);
        /* room came back: gate and reason go */
        desk.now_ns += (int64_t)20 * 1000 * 1000 * 1000;
        answer = reviews_post(&desk, "u4", pod);
        pf_autofree char *freed = reviews_patched(&answer, pod);
        assert_null(strstr(freed, "podfit.io/capacity"));
        assert_null(strstr(freed, "podfit.io/reason"));
        answer_done(&answer);
        desk_done(&desk);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, PF_SV(CONFIG_HEAD "- {name: all, requests: keep}\nfit: {onUnknown: reject}\n"),
              CLUSTER("9"));
    const struct pf_model_origin origin = {.synced = false};
    pf_model_lock(desk.model);
    pf_model_set_origin(desk.model, &origin);
    pf_model_unlock(desk.model);
    struct answer answer = reviews_post(&desk, "u1", POD);
    assert_false(answer.allowed);
    assert_int_equal(desk.decision.judgement.verdict, PF_VERDICT_UNKNOWN);
    assert_int_equal(desk_held(&desk), 0);
    answer_done(&answer);
    desk_done(&desk);
}

static void test_set_config(void **state)
{
    (void)state;
    struct desk desk;
    struct pf_err err = {0};
    desk_init(&desk, KEEP(""), CLUSTER("0"));
    assert_false(reviews_admits(&desk, "u1", POD));
    struct pf_config *fresh = desk_config(KEEP(", onFull: annotate, onNever: annotate"));
    assert_int_equal(pf_admission_set_config(desk.admission, fresh, &err), PF_OK);
    pf_config_unref(fresh);
    assert_true(reviews_admits(&desk, "u2", POD));
    desk_done(&desk);
}

static void test_judge_pod(void **state)
{
    (void)state;
    struct desk desk;
    struct pf_err err = {0};
    struct pf_decision decision;
    struct pf_explanation explanation = {0};
    pf_autofree char *pod = desk_quoted(POD);
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct pf_admission_request request = {.namespace_ = PF_SV("ns"), .explain = &explanation};
    assert_int_equal(pf_admission_judge_pod(desk.admission, pf_sv_from(pod), &request, &desk.arena,
                                            &decision, &err),
                     PF_OK);
    assert_int_equal(decision.judgement.verdict, PF_VERDICT_FITS);
    assert_int_equal(explanation.slots, 1);
    assert_int_equal(desk_held(&desk), 0);
    request.reserve = true;
    request.review_uid = PF_SV("key");
    assert_int_equal(pf_admission_judge_pod(desk.admission, pf_sv_from(pod), &request, &desk.arena,
                                            &decision, &err),
                     PF_OK);
    assert_int_equal(desk_held(&desk), 1);
    assert_int_equal(pf_admission_judge_pod(desk.admission, PF_SV("{\"spec\":3}"), &request,
                                            &desk.arena, &decision, &err),
                     PF_E_INVALID);
    desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_is_held),      cmocka_unit_test(test_refusal_is_stable),
        cmocka_unit_test(test_dry_run),           cmocka_unit_test(test_observe),
        cmocka_unit_test(test_annotate_and_gate), cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_set_config),        cmocka_unit_test(test_judge_pod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

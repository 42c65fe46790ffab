/* Bodies that are no review, or too large a one, and where the response goes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reviews.h"
#include <podfit/limits.h>

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        enum pf_admission_status status;
        const char *text; /* the answer's beginning */
    } rows[] = {
        {"empty", "", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"garbage", "}{", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"array", "[]", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"null", "null", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"other kind", "{'kind':'Pod','apiVersion':'admission.k8s.io/v1'}",
         PF_ADMISSION_BAD_REQUEST, "podfit: only kind 'AdmissionReview'"},
        {"no request", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1'}",
         PF_ADMISSION_BAD_REQUEST, "podfit: request: is missing"},
        {"half", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u",
         PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"two documents",
         "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u'}} {}",
         PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"minimal",
         "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u'}}",
         PF_ADMISSION_OK, "{\"kind\":\"AdmissionReview\""},
    };
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autofree char *body = desk_quoted(rows[i].body);
        const enum pf_admission_status status = desk_post(&desk, pf_sv_from(body));
        if (status != rows[i].status ||
            strncmp(desk_text(&desk), rows[i].text, strlen(rows[i].text)) != 0 ||
            strchr(desk_text(&desk), '\n') != desk_text(&desk) + desk.response.len - 1) {
            fail_msg("%s: status %d: %s", rows[i].name, status, desk_text(&desk));
        }
    }
    desk_done(&desk);
}

/* A review padded with managedFields to exactly @p bytes. */
static char *padded(size_t bytes)
{
    static const char head[] =
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
        "\"uid\":\"u\",\"resource\":{\"resource\":\"pods\"},\"operation\":\"CREATE\",\"namespace\":"
        "\"ns\",\"object\":{\"metadata\":{\"managedFields\":[\"";
    static const char tail[] = "\"]},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}";
    char *body = malloc(bytes + 1);
    assert_non_null(body);
    memset(body, 'x', bytes);
    memcpy(body, head, sizeof(head) - 1);
    memcpy(body + bytes - (sizeof(tail) - 1), tail, sizeof(tail));
    return body;
}

static void test_body_limit(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_autofree char *at = padded(PF_REVIEW_MAX_BYTES);
    pf_autofree char *over = padded(PF_REVIEW_MAX_BYTES + 1);
    assert_int_equal(desk_post(&desk, pf_sv_from(at)), PF_ADMISSION_OK);
    assert_int_equal(desk.decision.judgement.verdict, PF_VERDICT_FITS);
    assert_int_equal(desk_post(&desk, pf_sv_from(over)), PF_ADMISSION_TOO_LARGE);
    assert_non_null(strstr(desk_text(&desk), "at most 7340032 are allowed"));
    desk_done(&desk);
}

/* Too deep is not too large: the reason is said, not that of another limit. */
static void test_depth(void **state)
{
    (void)state;
    struct desk desk;
    static char body[PF_JSON_MAX_DEPTH + 2];
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    memset(body, '[', sizeof(body) - 1);
    pf_autofree char *review = padded(20000);
    char *at = strstr(review, "managedFields\":[");
    assert_non_null(at);
    memcpy(at + strlen("managedFields\":"), body, sizeof(body) - 1);
    assert_int_equal(desk_post(&desk, pf_sv_from(review)), PF_ADMISSION_BAD_REQUEST);
    assert_non_null(strstr(desk_text(&desk), "nested too deep"));
    desk_done(&desk);
}

/* The response is appended to what the caller holds, and cut back to it when there is none. */
static void test_response_is_appended(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_buf_append_cstr(&desk.response, "kept ");
    assert_int_equal(
        pf_admission_review(desk.admission, PF_SV("[]"), &desk.arena, &desk.response, NULL),
        PF_ADMISSION_BAD_REQUEST);
    assert_int_equal(strncmp(desk_text(&desk), "kept podfit: ", 13), 0);
    desk_done(&desk);
}

/* An answer that does not fit into the caller's buffer is no fault of the review; nothing is held for a pod that will not be. */
static void test_small_response(void **state)
{
    (void)state;
    struct desk desk;
    pf_autofree char *body = desk_create("u", "ns", POD);
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_buf_done(&desk.response);
    pf_buf_init(&desk.response, 128);
    const enum pf_admission_status status = desk_post(&desk, pf_sv_from(body));
    assert_int_equal(status, PF_ADMISSION_UNAVAILABLE);
    assert_string_equal(desk_text(&desk), "podfit: no room for the answer\n");
    assert_int_equal(desk_held(&desk), 0);
    desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),       cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_depth),          cmocka_unit_test(test_response_is_appended),
        cmocka_unit_test(test_small_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The envelope of a review. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/limits.h>
#include <podfit/review.h>

#define HEAD "\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\""

static const char full_review[] =
    "{" HEAD ",\"request\":{\"uid\":\"a\\\"b\\\\c\\u00e9\",\"kind\":{\"group\":\"\",\"version\":"
    "\"v1\",\"kind\":\"Pod\"},\"resource\":{\"group\":\"g\",\"version\":\"v1\",\"resource\":"
    "\"pods\"},\"subResource\":\"resize\",\"requestKind\":{\"kind\":\"No\"},\"name\":\"n\","
    "\"namespace\":\"ns\",\"operation\":\"UPDATE\",\"userInfo\":{\"username\":\"me\",\"groups\":["
    "\"x\"]},\"object\": {\"spec\":{}} ,\"oldObject\":[1, 2],\"dryRun\":true,\"options\":null}}\n";

static void assert_sv(struct pf_sv text, const char *want)
{
    if (!pf_sv_eq_cstr(text, want)) {
        fail_msg("'%.*s', not '%s'", PF_SV_ARG(text), want);
    }
}

static void test_full(void **state)
{
    (void)state;
    struct pf_err err = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_review review;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_review_decode(PF_SV(full_review), &arena, &review, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_sv(review.uid, "a\"b\\c\xc3\xa9");
    assert_sv(review.group, "g");
    assert_sv(review.version, "v1");
    assert_sv(review.resource, "pods");
    assert_sv(review.subresource, "resize");
    assert_sv(review.kind, "Pod");
    assert_sv(review.operation, "UPDATE");
    assert_sv(review.namespace_, "ns");
    assert_sv(review.name, "n");
    assert_sv(review.user, "me");
    assert_int_equal(review.dry_run, PF_DRY_RUN_TRUE);
    assert_sv(review.object, "{\"spec\":{}}");
    assert_sv(review.old_object, "[1, 2]");
}

/* P-06: every optional key absent, and null */
static void test_optional(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        enum pf_dry_run dry_run;
    } rows[] = {
        {"", PF_DRY_RUN_ABSENT},
        {",\"dryRun\":null,\"object\":null,\"oldObject\":null,\"name\":null,\"namespace\":null,"
         "\"subResource\":null,\"kind\":null,\"resource\":null,\"userInfo\":null,\"operation\":null",
         PF_DRY_RUN_ABSENT},
        {",\"dryRun\":false", PF_DRY_RUN_FALSE},
        {",\"dryRun\":true", PF_DRY_RUN_TRUE},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char json[512];
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_review review;
        (void)snprintf(json, sizeof(json), "{" HEAD ",\"request\":{\"uid\":\"u\"%s}}",
                       rows[i].rest);
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        if (pf_review_decode(pf_sv_from(json), &arena, &review, &err) != PF_OK) {
            fail_msg("%s: %s", rows[i].rest, err.text);
        }
        const struct pf_review want = {.uid = review.uid, .dry_run = rows[i].dry_run};
        assert_sv(review.uid, "u");
        assert_memory_equal(&review, &want, sizeof(review));
    }
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum pf_code code;
        const char *text;
    } rows[] = {
        {"", PF_E_INVALID, "byte 0"},
        {"null", PF_E_INVALID, "expected an object"},
        {"\"x\"", PF_E_INVALID, "expected an object"},
        {"{}", PF_E_UNSUPPORTED, "AdmissionReview"},
        {"{\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}", PF_E_UNSUPPORTED, "v1"},
        {"{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\",\"request\":{"
         "\"uid\":\"u\"}}",
         PF_E_UNSUPPORTED, "v1"},
        {"{\"kind\":\"Pod\",\"apiVersion\":\"admission.k8s.io/v1\"}", PF_E_UNSUPPORTED, ""},
        {"{" HEAD "}", PF_E_INVALID, "request: is missing"},
        {"{" HEAD ",\"request\":null}", PF_E_INVALID, "request: is missing"},
        {"{" HEAD ",\"request\":[]}", PF_E_INVALID, "request: byte"},
        {"{" HEAD ",\"request\":{}}", PF_E_INVALID, "request.uid: is missing"},
        {"{" HEAD ",\"request\":{\"uid\":null}}", PF_E_INVALID, "request.uid: is missing"},
        {"{" HEAD ",\"request\":{\"uid\":7}}", PF_E_INVALID, "request.uid: byte"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\",\"uid\":\"v\"}}", PF_E_INVALID, "twice"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\",\"dryRun\":\"true\"}}", PF_E_INVALID,
         "request.dryRun: byte"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\",\"userInfo\":{\"username\":1}}}", PF_E_INVALID,
         "request.userInfo.username: byte"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\",\"resource\":{\"group\":{}}}}", PF_E_INVALID,
         "request.resource.group: byte"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\",\"object\":{\"a\":01}}}", PF_E_INVALID,
         "request.object: byte"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\"}}{", PF_E_INVALID, "text goes on"},
        {"{" HEAD ",\"request\":{\"uid\":\"u\"}", PF_E_INVALID, ""},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_err err = {0};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_review review;
        struct pf_review untouched;
        memset(&review, 0x5a, sizeof(review));
        memset(&untouched, 0x5a, sizeof(untouched));
        pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
        const enum pf_code code = pf_review_decode(pf_sv_from(rows[i].json), &arena, &review, &err);
        if (code != rows[i].code || strstr(err.text, rows[i].text) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].json, pf_code_name(code), err.text);
        }
        assert_memory_equal(&review, &untouched, sizeof(review));
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_review review;
    pf_arena_init(&arena, 0); /* the uid has escapes and needs a copy */
    assert_int_equal(pf_review_decode(PF_SV(full_review), &arena, &review, NULL), PF_E_NO_MEMORY);
}

static void test_truncated(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_review review;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    for (size_t len = 0; len < sizeof(full_review) - 2; len++) { /* the last byte is a newline */
        const struct pf_sv cut = {.ptr = full_review, .len = len};
        assert_int_equal(pf_review_decode(cut, &arena, &review, NULL), PF_E_INVALID);
        pf_arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),      cmocka_unit_test(test_optional),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include <podfit/limits.h>
#include <podfit/registered_objects.h>

#define ALLOCATIONS_MAX 2000 /* far more than there are: the loop must end by itself */

#define META "\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"7\"}"

static const struct {
    const char *name;
    const char *json;
    enum pf_code code;
    enum pf_secret_rotate rotate;
    const char *ca; /* of a good one */
} secrets[] = {
    {"whole", "{\"kind\":\"Secret\"," META ",\"data\":{\"ca.crt\":\"Y2E=\",\"other\":\"!\"}}",
     PF_OK, PF_SECRET_ROTATE_NOTHING, "ca"},
    {"of a list, without a kind", "{" META ",\"data\":{\"ca.crt\":\"Y2E=\"}}", PF_OK,
     PF_SECRET_ROTATE_NOTHING, "ca"},
    {"no data", "{\"kind\":\"Secret\"," META "}", PF_OK, PF_SECRET_ROTATE_NOTHING, ""},
    {"null data", "{\"kind\":\"Secret\"," META ",\"data\":null}", PF_OK, PF_SECRET_ROTATE_NOTHING,
     ""},
    {"null value", "{\"kind\":\"Secret\"," META ",\"data\":{\"ca.crt\":null}}", PF_OK,
     PF_SECRET_ROTATE_NOTHING, ""},
    {"asked for a CA",
     "{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"7\",\"annotations\":{\"podfit.io/"
     "rotate\":\"ca\"}}}",
     PF_OK, PF_SECRET_ROTATE_CA, ""},
    {"asked for a leaf",
     "{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"7\",\"annotations\":{\"podfit.io/"
     "rotate\":\"leaf\"}}}",
     PF_OK, PF_SECRET_ROTATE_LEAF, ""},
    {"asked for something",
     "{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"7\",\"annotations\":{\"podfit.io/"
     "rotate\":\"CA\"}}}",
     PF_OK, PF_SECRET_ROTATE_UNKNOWN, ""},
    {"another kind", "{\"kind\":\"Status\"," META "}", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING,
     NULL},
    {"no version", "{\"metadata\":{\"name\":\"c\"}}", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING, NULL},
    {"no name", "{\"metadata\":{\"resourceVersion\":\"7\"}}", PF_E_INVALID,
     PF_SECRET_ROTATE_NOTHING, NULL},
    {"not base64", "{" META ",\"data\":{\"ca.crt\":\"a\"}}", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING,
     NULL},
    {"a number", "{" META ",\"data\":{\"ca.crt\":1}}", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING,
     NULL},
    {"a key twice", "{" META ",\"data\":{\"ca.crt\":\"\",\"ca.crt\":\"\"}}", PF_E_INVALID,
     PF_SECRET_ROTATE_NOTHING, NULL},
    {"cut off", "{" META ",\"data\":{\"ca.crt\":\"Y2E=\"", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING,
     NULL},
    {"empty", "", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING, NULL},
    {"a list", "[]", PF_E_INVALID, PF_SECRET_ROTATE_NOTHING, NULL},
};

static void secret_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(secrets); i++) {
        pf_autosecretobject struct pf_secret_object object = {.rotate = PF_SECRET_ROTATE_NOTHING};
        struct pf_err err = {0};
        const enum pf_code code =
            pf_secret_object_decode(pf_sv_from(secrets[i].json), &object, &err);
        if (code != secrets[i].code || (code != PF_OK && err.text[0] == '\0')) {
            fail_msg("%s: %d '%s'", secrets[i].name, (int)code, err.text);
        }
        if (code == PF_OK &&
            (object.rotate != secrets[i].rotate ||
             !pf_sv_eq_cstr(pf_certset_view(&object.set, PF_CERTSET_BUNDLE), secrets[i].ca))) {
            fail_msg("%s: %d", secrets[i].name, (int)object.rotate);
        }
        if (code != PF_OK) {
            assert_true(pf_certset_is_empty(&object.set));
        }
    }
}

static void fill(struct pf_certset *set)
{
    assert_int_equal(pf_certset_put(set, PF_CERTSET_BUNDLE, PF_SV("ca"), NULL), PF_OK);
    assert_int_equal(pf_certset_put(set, PF_CERTSET_TLS_KEY, PF_SV("key"), NULL), PF_OK);
}

static void secret_bodies(void **state)
{
    (void)state;
    pf_autocertset struct pf_certset set = {0};
    pf_autobuf struct pf_buf buf = {0};
    fill(&set);
    pf_buf_init(&buf, 4096);
    pf_secret_object_create(&buf, "podfit", "c", &set);
    assert_string_equal(
        buf.data,
        "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\",\"metadata\":{"
        "\"name\":\"c\",\"namespace\":\"podfit\",\"labels\":{\"app.kubernetes.io/managed-by\":"
        "\"podfit\"}},\"data\":{\"ca.crt\":\"Y2E=\",\"tls.key\":\"a2V5\"}}");
    pf_buf_reset(&buf);
    pf_secret_object_patch(&buf, "7", &set);
    assert_string_equal(
        buf.data,
        "{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{\"podfit.io/rotate\":null}},"
        "\"data\":{\"ca.crt\":\"Y2E=\",\"ca.key\":null,\"tls.crt\":null,\"tls.key\":\"a2V5\","
        "\"ca-next.crt\":null,\"ca-next.key\":null,\"tls-old.crt\":null}}");
}

#define KIND "\"kind\":\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"podfit\"}"

static const struct {
    const char *name;
    const char *json;
    enum pf_code code;
    size_t count;
    const char *bundle; /* of the first */
} hooks[] = {
    {"whole",
     "{" KIND ",\"webhooks\":[{\"name\":\"a\",\"clientConfig\":{\"caBundle\":\"Y2E=\"}},{\"name\":"
     "\"b\"}]}",
     PF_OK, 2, "ca"},
    {"none", "{" KIND "}", PF_OK, 0, NULL},
    {"null", "{" KIND ",\"webhooks\":null}", PF_OK, 0, NULL},
    {"no bundle", "{" KIND ",\"webhooks\":[{\"name\":\"a\",\"clientConfig\":{\"url\":\"u\"}}]}",
     PF_OK, 1, ""},
    {"not base64",
     "{" KIND ",\"webhooks\":[{\"name\":\"a\",\"clientConfig\":{\"caBundle\":\"!\"}}]}", PF_OK, 1,
     ""},
    {"of a list, without a kind", "{\"metadata\":{\"name\":\"podfit\"}}", PF_OK, 0, NULL},
    {"without a name", "{" KIND ",\"webhooks\":[{}]}", PF_E_INVALID, 0, NULL},
    {"another kind", "{\"kind\":\"Status\",\"metadata\":{\"name\":\"podfit\"}}", PF_E_INVALID, 0,
     NULL},
    {"nameless", "{\"kind\":\"MutatingWebhookConfiguration\"}", PF_E_INVALID, 0, NULL},
    {"cut off", "{" KIND ",\"webhooks\":[{\"name\":\"a\"", PF_E_INVALID, 0, NULL},
    {"a string", "{" KIND ",\"webhooks\":\"a\"}", PF_E_INVALID, 0, NULL},
};

static void hook_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(hooks); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_hook_object object = {.count = 99};
        struct pf_err err = {0};
        pf_arena_init(&arena, (size_t)1 << 20);
        const enum pf_code code =
            pf_hook_object_decode(pf_sv_from(hooks[i].json), &arena, &object, &err);
        if (code != hooks[i].code || object.count != (code == PF_OK ? hooks[i].count : 99)) {
            fail_msg("%s: %d '%s', %zu", hooks[i].name, (int)code, err.text, object.count);
        }
        if (hooks[i].bundle != NULL && !pf_sv_eq_cstr(object.entries[0].ca_pem, hooks[i].bundle)) {
            fail_msg("%s", hooks[i].name);
        }
    }
}

static void too_many_hooks(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf json = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_hook_object object = {0};
    pf_arena_init(&arena, (size_t)1 << 20);
    pf_buf_init(&json, (size_t)1 << 20);
    pf_buf_append_cstr(&json, "{" KIND ",\"webhooks\":[{\"name\":\"a\"}");
    for (size_t i = 0; i < PF_HOOK_ENTRIES_MAX; i++) {
        pf_buf_append_cstr(&json, ",{\"name\":\"a\"}");
    }
    pf_buf_append_cstr(&json, "]}");
    assert_int_equal(pf_hook_object_decode(pf_buf_view(&json), &arena, &object, NULL),
                     PF_E_TOO_BIG);
}

static void hook_body(void **state)
{
    (void)state;
    struct pf_hook_entry entries[] = {{.name = PF_SV("a")}, {.name = PF_SV("b\"")}};
    const struct pf_hook_object object = {.name = PF_SV("podfit"), .entries = entries, .count = 2};
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    pf_hook_object_apply(&buf, &object, PF_SV("ca"));
    assert_string_equal(
        buf.data,
        "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
        "\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"podfit\"},\"webhooks\":[{"
        "\"name\":\"a\",\"clientConfig\":{\"caBundle\":\"Y2E=\"}},{\"name\":\"b\\\"\","
        "\"clientConfig\":{\"caBundle\":\"Y2E=\"}}]}");
}

/* Every allocation fails once: an error, nothing leaks (AddressSanitizer looks). */
static void no_memory(void **state)
{
    (void)state;
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        pf_autosecretobject struct pf_secret_object secret = {.rotate = PF_SECRET_ROTATE_NOTHING};
        pf_autoarena struct pf_arena arena = {0};
        struct pf_hook_object hook = {0};
        pf_arena_init(&arena, (size_t)1 << 20);
        fail_alloc_after(n);
        const enum pf_code first =
            pf_secret_object_decode(pf_sv_from(secrets[0].json), &secret, NULL);
        const enum pf_code second =
            pf_hook_object_decode(pf_sv_from(hooks[0].json), &arena, &hook, NULL);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (all) {
            assert_int_equal(first, PF_OK);
            assert_int_equal(second, PF_OK);
            return;
        }
        assert_true(first == PF_E_NO_MEMORY || second == PF_E_NO_MEMORY);
    }
    fail_msg("it never ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_rows),    cmocka_unit_test(secret_bodies),
        cmocka_unit_test(hook_rows),      cmocka_unit_test(hook_body),
        cmocka_unit_test(too_many_hooks), cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* RFC 6902 patches as text; pointers with every character that needs an escape. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/patch.h>

#define BUF_BYTES ((size_t)4096)

static const struct {
    const char *name;
    struct pf_sv segment;
    const char *pointer; /* RFC 6901 */
    const char *json;    /* the same in a JSON string */
} rows[] = {
    {"plain", PF_SV_INIT("cpu"), "/cpu", "/cpu"},
    {"empty", PF_SV_INIT(""), "/", "/"},
    {"annotation", PF_SV_INIT("podfit.io/class"), "/podfit.io~1class", "/podfit.io~1class"},
    {"tilde", PF_SV_INIT("a~b"), "/a~0b", "/a~0b"},
    {"both, in a row", PF_SV_INIT("~/~1/"), "/~0~1~01~1", "/~0~1~01~1"},
    {"quote and backslash", PF_SV_INIT("a\"/\\"), "/a\"~1\\", "/a\\\"~1\\\\"},
    {"control", PF_SV_INIT("a\n~"), "/a\n~0", "/a\\n~0"},
    {"UTF-8", PF_SV_INIT("\xC3\xA9/\xE2\x82\xAC"), "/\xC3\xA9~1\xE2\x82\xAC",
     "/\xC3\xA9~1\xE2\x82\xAC"},
};

static void test_pointers(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf pointer = {0};
        pf_autobuf struct pf_buf segment = {0};
        pf_autobuf struct pf_buf patch_text = {0};
        pf_autobuf struct pf_buf want = {0};
        pf_buf_init(&pointer, BUF_BYTES);
        pf_buf_init(&segment, BUF_BYTES);
        pf_buf_init(&patch_text, BUF_BYTES);
        pf_buf_init(&want, BUF_BYTES);
        pf_patch_pointer(&pointer, &rows[i].segment, 1);
        pf_patch_escape(&segment, rows[i].segment);
        struct pf_patch patch;
        pf_patch_begin(&patch, &patch_text);
        pf_patch_remove(&patch, &rows[i].segment, 1);
        pf_patch_end(&patch);
        pf_buf_printf(&want, "[{\"op\":\"remove\",\"path\":\"%s\"}]", rows[i].json);
        if (!pf_sv_eq_cstr(pf_buf_view(&pointer), rows[i].pointer) ||
            !pf_sv_eq_cstr(pf_buf_view(&segment), rows[i].pointer + 1) ||
            !pf_sv_eq(pf_buf_view(&patch_text), pf_buf_view(&want))) {
            fail_msg("%s: '%s', '%s'", rows[i].name, pointer.data, patch_text.data);
        }
    }
}

static void test_operations(void **state PF_UNUSED)
{
    static const struct pf_sv cpu[] = {PF_SV_INIT("spec"), PF_SV_INIT("containers"),
                                       PF_SV_INIT("0"), PF_SV_INIT("resources"),
                                       PF_SV_INIT("requests")};
    static const struct pf_sv tail[] = {PF_SV_INIT("spec"), PF_SV_INIT("tolerations"),
                                        PF_SV_INIT("-")};
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, BUF_BYTES);
    struct pf_patch patch;
    pf_patch_begin(&patch, &buf);
    assert_int_equal(pf_patch_count(&patch), 0);
    pf_patch_add(&patch, cpu, PF_ARRAY_LEN(cpu), PF_SV("{\"cpu\":\"250m\"}"));
    pf_patch_replace(&patch, cpu, 1, PF_SV("null"));
    pf_patch_remove(&patch, cpu, 2);
    pf_patch_add(&patch, tail, PF_ARRAY_LEN(tail), PF_SV("{}"));
    pf_patch_replace(&patch, NULL, 0, PF_SV("1"));
    pf_patch_end(&patch);
    assert_int_equal(pf_patch_count(&patch), 5);
    assert_int_equal(pf_buf_status(&buf, NULL), PF_OK);
    assert_string_equal(
        buf.data,
        "[{\"op\":\"add\",\"path\":\"/spec/containers/0/resources/requests\",\"value\":{\"cpu\":\"250m\"}},"
        "{\"op\":\"replace\",\"path\":\"/spec\",\"value\":null},"
        "{\"op\":\"remove\",\"path\":\"/spec/containers\"},"
        "{\"op\":\"add\",\"path\":\"/spec/tolerations/-\",\"value\":{}},"
        "{\"op\":\"replace\",\"path\":\"\",\"value\":1}]");
}

static void test_empty_patch_and_appending(void **state PF_UNUSED)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, BUF_BYTES);
    pf_buf_append_cstr(&buf, "patch=");
    struct pf_patch patch;
    pf_patch_begin(&patch, &buf);
    pf_patch_end(&patch);
    assert_string_equal(buf.data, "patch=[]");
}

static void test_full_buffer(void **state PF_UNUSED)
{
    static const struct pf_sv path[] = {PF_SV_INIT("a")};
    static const struct {
        const char *name;
        size_t max_bytes;
        enum pf_code code;
    } limits[] = {{"at the limit", 29, PF_OK}, {"one over", 28, PF_E_TOO_BIG}};
    for (size_t i = 0; i < PF_ARRAY_LEN(limits); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, limits[i].max_bytes);
        struct pf_patch patch;
        pf_patch_begin(&patch, &buf);
        pf_patch_remove(&patch, path, 1);
        pf_patch_end(&patch);
        if (pf_buf_status(&buf, NULL) != limits[i].code) {
            fail_msg("%s: %zu bytes", limits[i].name, buf.len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_empty_patch_and_appending),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

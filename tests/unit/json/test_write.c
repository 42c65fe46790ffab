/* The JSON writer: escapes, bytes that are not UTF-8, commas, a full buffer; and what it writes reads back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/cursor.h>
#include <podfit/write.h>

#define BUF_BYTES ((size_t)4096)

static const struct {
    const char *name;
    struct pf_sv text;
    struct pf_sv want;
} rows[] = {
    {"empty", PF_SV_INIT(""), PF_SV_INIT("\"\"")},
    {"plain", PF_SV_INIT("a/b<>&"), PF_SV_INIT("\"a/b<>&\"")},
    {"quote and backslash", PF_SV_INIT("a\"b\\c"), PF_SV_INIT("\"a\\\"b\\\\c\"")},
    {"letters", PF_SV_INIT("\b\f\n\r\t"), PF_SV_INIT("\"\\b\\f\\n\\r\\t\"")},
    {"other controls", PF_SV_INIT("\0\x01\x0B\x1F"),
     PF_SV_INIT("\"\\u0000\\u0001\\u000b\\u001f\"")},
    {"DEL", PF_SV_INIT("\x7F"), PF_SV_INIT("\"\x7F\"")},
    {"UTF-8", PF_SV_INIT("\xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80"),
     PF_SV_INIT("\"\xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x98\x80\"")},
    {"not UTF-8", PF_SV_INIT("a\xFFz"), PF_SV_INIT("\"a\xEF\xBF\xBDz\"")},
    {"cut sequence", PF_SV_INIT("\xE2\x82"), PF_SV_INIT("\"\xEF\xBF\xBD\xEF\xBF\xBD\"")},
    {"cut by a quote", PF_SV_INIT("\xC3\"\xA9"), PF_SV_INIT("\"\xEF\xBF\xBD\\\"\xEF\xBF\xBD\"")},
    {"surrogate", PF_SV_INIT("\xED\xA0\x80"),
     PF_SV_INIT("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")},
    {"good after bad", PF_SV_INIT("\xC0\xC3\xA9"), PF_SV_INIT("\"\xEF\xBF\xBD\xC3\xA9\"")},
    {"long", PF_SV_INIT("0123456789abcdef0123456789abcde\n0123456789abcdef"),
     PF_SV_INIT("\"0123456789abcdef0123456789abcde\\n0123456789abcdef\"")},
};

static void test_strings(void **state PF_UNUSED)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, BUF_BYTES);
        pf_write_string(&buf, rows[i].text);
        if (!pf_sv_eq(pf_buf_view(&buf), rows[i].want)) {
            fail_msg("%s: '%.*s'", rows[i].name, PF_SV_ARG(pf_buf_view(&buf)));
        }
    }
}

static void test_every_byte_reads_back(void **state PF_UNUSED)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, BUF_BYTES * 256);
    for (unsigned first = 0; first < 256; first++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, BUF_BYTES);
        const char text[3] = {'k', (char)first, '\n'};
        pf_write_string(&buf, (struct pf_sv){.ptr = text, .len = sizeof(text)});
        struct pf_cursor c;
        struct pf_sv got = {0};
        pf_cursor_init(&c, pf_buf_view(&buf));
        assert_true(pf_cursor_string(&c, &arena, &got));
        assert_true(pf_cursor_end(&c));
        const struct pf_sv bad = PF_SV("k\xEF\xBF\xBD\n");
        const struct pf_sv want = {.ptr = text, .len = sizeof(text)};
        assert_true(pf_sv_eq(got, first < 0x80 ? want : bad));
    }
}

static void test_writer(void **state PF_UNUSED)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, BUF_BYTES);
    struct pf_writer w;
    pf_write_init(&w, &buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "na\"me", PF_SV("web"));
    pf_write_i64_member(&w, "least", INT64_MIN);
    pf_write_u64_member(&w, "most", UINT64_MAX);
    pf_write_bool_member(&w, "yes", true);
    pf_write_base64_member(&w, "bytes", PF_SV("\0\xFF>\n"));
    pf_write_key(&w, PF_SV("list"));
    pf_write_begin_array(&w);
    pf_write_put_u64(&w, UINT64_MAX);
    pf_write_put_bool(&w, false);
    pf_write_put_null(&w);
    pf_write_begin_object(&w);
    pf_write_end_object(&w);
    pf_write_begin_array(&w);
    pf_write_end_array(&w);
    pf_write_put_string(&w, PF_SV(""));
    pf_write_put_i64(&w, 0);
    pf_write_put_raw(&w, PF_SV("{\"raw\":1}"));
    pf_write_end_array(&w);
    pf_write_key(&w, PF_SV("last"));
    pf_write_put_raw(&w, PF_SV("2.50"));
    pf_write_end_object(&w);
    assert_int_equal(pf_buf_status(&buf, NULL), PF_OK);
    assert_string_equal(
        buf.data, "{\"na\\\"me\":\"web\",\"least\":-9223372036854775808,"
                  "\"most\":18446744073709551615,\"yes\":true,\"bytes\":\"AP8+Cg==\",\"list\":["
                  "18446744073709551615,false,null,{},[],\"\",0,{\"raw\":1}],\"last\":2.50}");
}

static void test_full_buffer(void **state PF_UNUSED)
{
    static const struct {
        const char *name;
        size_t max_bytes;
        enum pf_code code;
    } limits[] = {{"at the limit", 7, PF_OK}, {"one over", 6, PF_E_TOO_BIG}};
    for (size_t i = 0; i < PF_ARRAY_LEN(limits); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, limits[i].max_bytes);
        pf_write_string(&buf, PF_SV("abc\n"));
        if (pf_buf_status(&buf, NULL) != limits[i].code) {
            fail_msg("%s", limits[i].name);
        }
    }
}

/* ASCII a byte at a time */
static void escape_plainly(struct pf_buf *buf, struct pf_sv text)
{
    static const char *const letters[] = {"\\b", "\\t", "\\n", NULL, "\\f", "\\r"};
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c >= '\b' && c <= '\r' && letters[c - '\b'] != NULL) {
            pf_buf_append_cstr(buf, letters[c - '\b']);
        } else if (c < 0x20) {
            pf_buf_printf(buf, "\\u%04x", (unsigned)c);
        } else {
            pf_buf_printf(buf, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
        }
    }
}

static void fill(char *text, size_t len, uint64_t *seed)
{
    static const char odd[] = "\"\\\n\x01\x1F\x7F";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz !#/[]~ABC";
    for (size_t i = 0; i < len; i++) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        const size_t choice = *seed >> 40 & 63;
        text[i] = plain[choice % (sizeof(plain) - 1)];
        if (choice < sizeof(odd) - 1) {
            text[i] = odd[choice];
        }
    }
}

static void compare_escaped(struct pf_sv text, size_t max_bytes)
{
    pf_autobuf struct pf_buf got = {0};
    pf_autobuf struct pf_buf want = {0};
    pf_buf_init(&got, max_bytes);
    pf_buf_init(&want, BUF_BYTES);
    escape_plainly(&want, text);
    pf_write_escaped(&got, text);
    const bool fits = want.len <= max_bytes;
    if (fits && !pf_sv_eq(pf_buf_view(&got), pf_buf_view(&want))) {
        fail_msg("'%.*s' instead of '%.*s'", PF_SV_ARG(pf_buf_view(&got)),
                 PF_SV_ARG(pf_buf_view(&want)));
    }
    assert_int_equal(got.failed, fits ? PF_OK : PF_E_TOO_BIG);
}

/* words, tails and the end of the fast part, at every alignment; the text ends where its memory ends */
static void test_same_as_a_byte_at_a_time(void **state PF_UNUSED)
{
    uint64_t seed = 99;
    for (size_t round = 0; round < 8000; round++) {
        const size_t align = round % 16 + 1;
        const size_t len = round / 16 % 61;
        pf_autofree char *block = malloc(align + len);
        assert_non_null(block);
        fill(block + align, len, &seed);
        /* every third has no room for the worst case */
        compare_escaped((struct pf_sv){.ptr = block + align, .len = len},
                        round % 3 != 0 ? BUF_BYTES : len + len / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_every_byte_reads_back),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_same_as_a_byte_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

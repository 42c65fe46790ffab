#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/error.h>
#include <podfit/file.h>
#include <podfit/intern.h>
#include <podfit/log.h>
#include <podfit/map.h>
#include <podfit/mem.h>

static void test_error_first_wins(void **state)
{
    (void)state;
    struct pf_err err = {0};
    assert_int_equal(pf_err_set(&err, PF_E_TOO_BIG, "body has %d bytes", 7), PF_E_TOO_BIG);
    assert_int_equal(pf_err_set(&err, PF_E_IO, "later"), PF_E_IO);
    assert_int_equal(err.code, PF_E_TOO_BIG);
    assert_string_equal(err.text, "body has 7 bytes");
    assert_int_equal(pf_err_wrap(&err, PF_E_INVALID, "cannot read '%s'", "x"), PF_E_TOO_BIG);
    assert_string_equal(err.text, "cannot read 'x': body has 7 bytes");
    pf_err_clear(&err);
    assert_int_equal(err.code, PF_OK);
    assert_int_equal(pf_err_set_errno(&err, PF_E_IO, ENOENT, "open"), PF_E_IO);
    assert_string_equal(err.text, "open: No such file or directory");
    assert_int_equal(err.errno_value, ENOENT);
    assert_int_equal(pf_err_set(NULL, PF_E_IO, "nobody listens"), PF_E_IO);
}

static void test_error_text_is_bounded(void **state)
{
    (void)state;
    char long_text[2000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct pf_err err = {0};
    (void)pf_err_set(&err, PF_E_INVALID, "%s", long_text);
    (void)pf_err_wrap(&err, PF_E_INVALID, "%s", long_text);
    assert_int_equal(strlen(err.text), PF_ERR_TEXT_BYTES - 1);
}

static void test_code_names(void **state)
{
    (void)state;
    assert_string_equal(pf_code_name(PF_OK), "ok");
    assert_string_equal(pf_code_name(PF_E_TOO_BIG), "too-big");
    assert_string_equal(pf_code_name((enum pf_code)1), "unknown");
    assert_string_equal(pf_code_name((enum pf_code) - 99), "unknown");
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        int64_t value = 4711;
        const bool ok = pf_sv_to_i64(pf_sv_from(rows[i].text), &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 4711)) {
            fail_msg("'%s': ok %d value %" PRId64, rows[i].text, ok, value);
        }
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xC3\xA9", true},
        {"\xE2\x82\xAC", true},
        {"\xF0\x9F\x98\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xC0\x80", false},         /* overlong NUL */
        {"\xC1\xBF", false},         /* overlong */
        {"\xE0\x9F\xBF", false},     /* overlong */
        {"\xED\xA0\x80", false},     /* surrogate */
        {"\xF0\x8F\xBF\xBF", false}, /* overlong */
        {"\xF4\x90\x80\x80", false}, /* over U+10FFFF */
        {"\xF5\x80\x80\x80", false},
        {"\x80", false},
        {"\xC3", false},
        {"\xE2\x82", false},
        {"a\xFF"
         "b",
         false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_sv_is_utf8(pf_sv_from(rows[i].bytes)) != rows[i].valid) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_views(void **state)
{
    (void)state;
    assert_true(pf_sv_cmp(PF_SV("10 x"), PF_SV("2 y")) < 0);
    assert_true(pf_sv_cmp(PF_SV("a"), PF_SV("ab")) < 0);
    assert_int_equal(pf_sv_cmp(PF_SV("a"), PF_SV("a")), 0);
    assert_int_equal(pf_sv_find(PF_SV("a=b"), PF_SV("=")), 1);
    assert_int_equal(pf_sv_find(PF_SV("ab"), PF_SV("=")), SIZE_MAX);
    assert_int_equal(pf_sv_find(PF_SV("a"), PF_SV("ab")), SIZE_MAX);
    assert_true(pf_sv_eq_cstr(pf_sv_trim(PF_SV(" \t a b\r\n")), "a b"));
    assert_int_equal(pf_sv_trim(PF_SV("  ")).len, 0);
    assert_true(pf_sv_starts_with(PF_SV("hugepages-2Mi"), PF_SV("hugepages-")));
    assert_false(pf_sv_starts_with(PF_SV("huge"), PF_SV("hugepages-")));
}

static void test_arena_bound(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1024);
    assert_non_null(pf_arena_alloc(&arena, 1000)); /* padded to 1008 */
    assert_non_null(pf_arena_alloc(&arena, 16));
    assert_null(pf_arena_alloc(&arena, 1));
    pf_arena_reset(&arena);
    assert_non_null(pf_arena_alloc(&arena, 1024));
    assert_null(pf_arena_calloc(&arena, SIZE_MAX / 2, 4));
    assert_null(pf_arena_alloc(&arena, SIZE_MAX));
}

static void test_arena_alignment_and_growth(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)64 * 1024 * 1024);
    for (size_t bytes = 1; bytes < 200000; bytes = bytes * 3 / 2 + 1) {
        char *memory = pf_arena_alloc(&arena, bytes);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        memset(memory, 0x5A, bytes);
    }
    assert_string_equal(pf_arena_printf(&arena, "%d-%s", 4, "x"), "4-x");
    assert_string_equal(pf_arena_dup(&arena, PF_SV("abc")), "abc");
}

static void test_buf_limit(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 10);
    pf_buf_append_cstr(&buf, "12345");
    pf_buf_printf(&buf, "%d", 67890);
    assert_int_equal(pf_buf_status(&buf, NULL), PF_OK);
    pf_buf_append_char(&buf, 'x');
    struct pf_err err = {0};
    assert_int_equal(pf_buf_status(&buf, &err), PF_E_TOO_BIG);
    assert_string_equal(err.text, "more than 10 bytes");
    assert_true(pf_sv_eq_cstr(pf_buf_view(&buf), "1234567890"));
    pf_buf_reset(&buf);
    pf_buf_append_i64(&buf, INT64_MIN / 1000000000000000);
    assert_true(pf_sv_eq_cstr(pf_buf_view(&buf), "-9223"));
    char *taken = pf_buf_take(&buf);
    assert_string_equal(taken, "-9223");
    free(taken);
    assert_null(pf_buf_take(&buf));
}

static void test_base64(void **state)
{
    (void)state;
    /* RFC 4648 section 10 */
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF\xFE", "+//+"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 100);
        pf_buf_append_base64(&buf, pf_sv_from(rows[i][0]));
        assert_true(pf_sv_eq_cstr(pf_buf_view(&buf), rows[i][1]));
    }
}

/* each digit follows from six bits, whatever stands beside them */
static void test_base64_every_pair(void **state PF_UNUSED)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned pair = 0; pair < 4096; pair++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 64);
        const unsigned word = pair << 12 | (4095U - pair);
        const char bytes[3] = {(char)(word >> 16), (char)(word >> 8), (char)word};
        const char want[4] = {digits[word >> 18], digits[word >> 12 & 63], digits[word >> 6 & 63],
                              digits[word & 63]};
        pf_buf_append_base64(&buf, (struct pf_sv){.ptr = bytes, .len = sizeof(bytes)});
        assert_int_equal(buf.len, sizeof(want));
        assert_memory_equal(buf.data, want, sizeof(want));
    }
}

static void test_map_against_array(void **state)
{
    (void)state;
    enum { KEYS = 500, STEPS = 20000 };
    static char keys[KEYS][16];
    int64_t expected[KEYS];
    struct pf_map map;
    pf_map_init(&map, 42);
    for (size_t i = 0; i < KEYS; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key-%zu", i);
        expected[i] = -1;
    }
    uint64_t random = 12345;
    for (size_t step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        const size_t i = (size_t)(random >> 33) % KEYS;
        const struct pf_sv key = pf_sv_from(keys[i]);
        if ((random >> 20) % 3 != 0) {
            expected[i] = (int64_t)step;
            assert_true(pf_map_put(&map, key, step));
        } else {
            assert_int_equal(pf_map_remove(&map, key), expected[i] >= 0);
            expected[i] = -1;
        }
    }
    size_t present = 0;
    for (size_t i = 0; i < KEYS; i++) {
        uint64_t value = 0;
        assert_int_equal(pf_map_get(&map, pf_sv_from(keys[i]), &value), expected[i] >= 0);
        if (expected[i] >= 0) {
            assert_int_equal(value, expected[i]);
            present++;
        }
    }
    assert_int_equal(map.count, present);
    size_t cursor = 0;
    size_t seen = 0;
    struct pf_sv key = {0};
    uint64_t value = 0;
    while (pf_map_next(&map, &cursor, &key, &value)) {
        seen++;
    }
    assert_int_equal(seen, present);
    pf_map_done(&map);
}

static void test_intern(void **state)
{
    (void)state;
    struct pf_intern table;
    assert_true(pf_intern_init(&table, 1));
    const uint32_t a = pf_intern_ref(&table, PF_SV("alpha"));
    const uint32_t b = pf_intern_ref(&table, PF_SV("beta"));
    assert_int_equal(pf_intern_ref(&table, PF_SV("alpha")), a);
    assert_int_not_equal(a, b);
    assert_int_equal(pf_intern_ref(&table, PF_SV("")), 0);
    pf_intern_unref(&table, a);
    assert_int_equal(pf_intern_find(&table, PF_SV("alpha")), a);
    pf_intern_unref(&table, a);
    assert_int_equal(pf_intern_find(&table, PF_SV("alpha")), PF_INTERN_NONE);
    assert_int_equal(pf_intern_ref(&table, PF_SV("gamma")), a); /* ids are reused */
    assert_true(pf_sv_eq_cstr(pf_intern_text(&table, b), "beta"));
    pf_intern_unref(&table, PF_INTERN_NONE);
    pf_intern_unref(&table, 0);
    assert_int_equal(pf_intern_find(&table, PF_SV("")), 0);
    pf_intern_done(&table);
}

static void test_time(void **state)
{
    (void)state;
    char text[PF_TIME_TEXT_BYTES];
    pf_clock_format(INT64_C(1795322220123000000), text);
    assert_string_equal(text, "2026-11-22T04:37:00.123Z");
    pf_clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    pf_clock_format(INT64_MIN, text);
    assert_string_equal(text, "1677-09-21T00:12:43.145Z");
    pf_clock_format(INT64_MAX, text);
    assert_string_equal(text, "2262-04-11T23:47:16.854Z");
    static const struct {
        const char *text;
        int64_t ns; /* -1: refused */
    } rows[] = {
        {"1970-01-01T00:00:01Z", INT64_C(1000000000)},
        {"1970-01-01T01:00:01+01:00", INT64_C(1000000000)},
        {"1970-01-01T00:00:00.5Z", INT64_C(500000000)},
        {"2026-11-22T04:37:00.123Z", INT64_C(1795322220123000000)},
        {"2026-11-22", -1},
        {"2026-11-22T04:37:00", -1},
        {"2026-13-22T04:37:00Z", -1},
        {"2026-11-22T24:37:00Z", -1},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000000)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228800000000000)}, /* a leap second is the next one */
        {"2026-02-29T04:37:00Z", -1},
        {"2026-11-31T04:37:00Z", -1},
        {"2026-11-22T04:37:00.Z", -1},
        {"2026-11-22T04:37:00Zx", -1},
        {"9999-11-22T04:37:00Z", -1},
        {"", -1},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        int64_t ns = -1;
        const bool ok = pf_clock_parse(rows[i].text, strlen(rows[i].text), &ns);
        if (ok != (rows[i].ns >= 0) || ns != rows[i].ns) {
            fail_msg("'%s': %d %" PRId64, rows[i].text, ok, ns);
        }
    }
}

static void test_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/podfit-file-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/key", folder);
    struct pf_err err = {0};
    assert_int_equal(pf_file_write_atomic(path, PF_SV("first"), 0600, &err), PF_OK);
    assert_int_equal(pf_file_write_atomic(path, PF_SV("second"), 0640, &err), PF_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 6);
    assert_int_equal(pf_file_read(path, &buf, &err), PF_OK);
    assert_true(pf_sv_eq_cstr(pf_buf_view(&buf), "second"));
    pf_autobuf struct pf_buf small = {0};
    pf_buf_init(&small, 5);
    assert_int_equal(pf_file_read(path, &small, &err), PF_E_TOO_BIG);
    pf_err_clear(&err);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pf_file_read(path, &buf, &err), PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "No such file or directory"));
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
    pf_err_clear(&err);
    assert_int_equal(pf_file_write_atomic("/nonexistent/x", PF_SV(""), 0600, &err), PF_E_IO);
}

static void test_log_configuration(void **state)
{
    (void)state;
    struct pf_err err = {0};
    assert_int_equal(pf_log_configure("warning, admission=debug", true, &err), PF_OK);
    assert_true(pf_log_enabled("admission", PF_LOG_DEBUG));
    assert_false(pf_log_enabled("server", PF_LOG_INFO));
    assert_true(pf_log_enabled("server", PF_LOG_WARNING));
    assert_int_equal(pf_log_configure("loud", true, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "'loud'"));
    pf_err_clear(&err);
    assert_int_equal(pf_log_configure("server=", true, &err), PF_E_INVALID);
    assert_int_equal(pf_log_configure(NULL, true, NULL), PF_OK);
}

/* What a hostile message becomes: captured from stderr. */
static void log_says(const char *text, const char *want)
{
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    const int saved = dup(STDERR_FILENO);
    (void)dup2(pipe_fds[1], STDERR_FILENO);
    pf_log_error("base", "%s", text);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)close(pipe_fds[1]);
    char line[512] = "";
    const ssize_t got = read(pipe_fds[0], line, sizeof(line) - 1);
    (void)close(pipe_fds[0]);
    assert_true(got > 0);
    const char *message = strstr(line, "\"msg\":");
    assert_non_null(message);
    assert_string_equal(message, want);
}

static void test_log_escapes(void **state)
{
    (void)state;
    /* one invalid byte: nothing over 127 is trusted */
    log_says("a\"b\\c\nd\x1B[31m\x7F \xC3\xA9 \xFF",
             "\"msg\":\"a\\\"b\\\\c\\u000ad\\u001b[31m\\u007f \\u00c3\\u00a9 \\u00ff\"}\n");
    log_says("\xC3\xA9 \xC2\xA0", "\"msg\":\"\xC3\xA9 \xC2\xA0\"}\n");
    /* U+009B begins a control sequence */
    log_says("x\xC2\x9B"
             "2J\xC2\x80",
             "\"msg\":\"x\\u009b2J\\u0080\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_first_wins),
        cmocka_unit_test(test_error_text_is_bounded),
        cmocka_unit_test(test_code_names),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_arena_bound),
        cmocka_unit_test(test_arena_alignment_and_growth),
        cmocka_unit_test(test_buf_limit),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_every_pair),
        cmocka_unit_test(test_map_against_array),
        cmocka_unit_test(test_intern),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_log_configuration),
        cmocka_unit_test(test_log_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

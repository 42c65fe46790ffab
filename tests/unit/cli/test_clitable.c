/* Tables and foreign text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/clitable.h>

static void test_text_is_harmless(void **state)
{
    static const struct {
        const char *name;
        struct pf_sv text;
        const char *want;
    } cases[] = {
        {"plain", PF_SV_INIT("abc ~"), "abc ~"},
        {"UTF-8", PF_SV_INIT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
         "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"escape", PF_SV_INIT("\x1B[2J"), "\\x1B[2J"},
        {"newline and tab", PF_SV_INIT("a\n\tb"), "a\\x0A\\x09b"},
        {"NUL", PF_SV_INIT("a\0b"), "a\\x00b"},
        {"delete", PF_SV_INIT("\x7F"), "\\x7F"},
        {"C1 control",
         PF_SV_INIT("\xC2\x9B"
                    "1m"),
         "\\xC2\\x9B1m"},
        {"no-break space stays", PF_SV_INIT("\xC2\xA0"), "\xC2\xA0"},
        {"stray continuation", PF_SV_INIT("a\x80"), "a\\x80"},
        {"cut off", PF_SV_INIT("a\xE2\x82"), "a\\xE2\\x82"},
        {"overlong", PF_SV_INIT("\xC0\xAF"), "\\xC0\\xAF"},
        {"surrogate", PF_SV_INIT("\xED\xA0\x80"), "\\xED\\xA0\\x80"},
        {"never a lead byte", PF_SV_INIT("\xFF"), "\\xFF"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        pf_cliout_put_text(&buf, cases[i].text);
        if (!pf_sv_eq_cstr(pf_buf_view(&buf), cases[i].want)) {
            fail_msg("%s: '%s'", cases[i].name, buf.data);
        }
    }
}

static void fill(struct pf_clitable *table, struct pf_arena *arena)
{
    static const char *const headings[] = {"NAME", "N", "NOTE"};
    pf_clitable_init(table, arena, headings, PF_ARRAY_LEN(headings));
    table->right = 1U << 1;
    pf_clitable_add(table, PF_SV("\xC3\xA4"), PF_CLIOUT_PLAIN);
    pf_clitable_addf(table, "%d", 1000);
    pf_clitable_add(table, PF_SV("x"), PF_CLIOUT_BAD);
    pf_clitable_add(table, PF_SV("longer name"), PF_CLIOUT_PLAIN);
    pf_clitable_addf(table, "%d", 5);
    pf_clitable_add(table, PF_SV(""), PF_CLIOUT_PLAIN);
}

static void test_alignment(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 65536);
    struct pf_clitable table = {0};
    fill(&table, &arena);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    assert_int_equal(pf_clitable_put(&table, 2, /* colour= */ false, &buf), PF_OK);
    assert_string_equal(buf.data, "  NAME            N  NOTE\n"
                                  "  \xC3\xA4            1000  x\n"
                                  "  longer name     5\n");
}

static void test_colour(void **state)
{
    (void)state;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 65536);
    struct pf_clitable table = {0};
    fill(&table, &arena);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    assert_int_equal(pf_clitable_put(&table, 0, /* colour= */ true, &buf), PF_OK);
    assert_int_not_equal(pf_sv_find(pf_buf_view(&buf), PF_SV("1000  \033[31mx\033[0m\n")),
                         SIZE_MAX);
    assert_int_not_equal(pf_sv_find(pf_buf_view(&buf), PF_SV("\033[1mNOTE\033[0m\n")), SIZE_MAX);
}

static void test_many_rows(void **state)
{
    (void)state;
    static const char *const headings[] = {"N"};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)1024 * 1024);
    struct pf_clitable table = {0};
    pf_clitable_init(&table, &arena, headings, 1);
    for (int i = 0; i < 1000; i++) {
        pf_clitable_addf(&table, "%d", i);
    }
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 65536);
    assert_int_equal(pf_clitable_put(&table, 0, /* colour= */ false, &buf), PF_OK);
    assert_int_not_equal(pf_sv_find(pf_buf_view(&buf), PF_SV("\n64\n65\n")), SIZE_MAX);
    assert_int_not_equal(pf_sv_find(pf_buf_view(&buf), PF_SV("\n998\n999\n")), SIZE_MAX);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 4096; bytes += 64) {
        pf_autoarena struct pf_arena arena = {0};
        pf_arena_init(&arena, bytes);
        struct pf_clitable table = {0};
        fill(&table, &arena);
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        const enum pf_code code = pf_clitable_put(&table, 0, /* colour= */ false, &buf);
        assert_true(code == PF_E_NO_MEMORY || code == PF_OK);
        assert_int_equal(code == PF_OK, buf.len != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_harmless), cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_colour),           cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

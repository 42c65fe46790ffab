/* Text for a terminal: what it takes, what is cut. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/cliout.h>

static void test_cut(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t columns;
        const char *want;
    } cases[] = {
        {"fits", "abc", 3, "abc"},
        {"has room", "abc", 9, "abc"},
        {"cut", "abcdef", 4, "abc~"},
        {"one column", "abcdef", 1, "~"},
        {"no column", "abcdef", 0, ""},
        {"nothing", "", 0, ""},
        {"characters of several bytes fit", "h\xC3\xA9llo", 5, "h\xC3\xA9llo"},
        {"characters of several bytes are whole", "\xE2\x96\x88\xE2\x96\x88\xE2\x96\x88", 2,
         "\xE2\x96\x88~"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 256);
        pf_buf_append_cstr(&buf, "");
        pf_cliout_put_cut(&buf, pf_sv_from(cases[i].text), cases[i].columns);
        if (!pf_sv_eq_cstr(pf_buf_view(&buf), cases[i].want)) {
            print_error("%s: '%.*s'\n", cases[i].name, PF_SV_ARG(pf_buf_view(&buf)));
            fail();
        }
        assert_true(pf_cliout_columns(pf_buf_view(&buf)) <= cases[i].columns);
    }
}

static void test_a_pipe_has_no_width(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pf_cliout_width(ends[1]), 0);
    assert_int_equal(pf_cliout_width(-1), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_a_pipe_has_no_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

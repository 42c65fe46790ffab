#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/prom.h>

static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"a\"b", "a\\\"b"},
        {"back\\slash", "back\\\\slash"},
        {"two\nlines", "two\\nlines"},
        {"\\n", "\\\\n"},
        {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
        {"bad\xFFutf8", "bad\xEF\xBF\xBDutf8"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        pf_prom_escape(&buf, pf_sv_from(rows[i].text));
        assert_string_equal(buf.data != NULL ? buf.data : "", rows[i].wanted);
    }
}

static void families(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    const struct pf_prom_label labels[] = {{"a", PF_SV("x\"y")}, {"b", PF_SV("")}};
    pf_prom_family(&buf, "m_total", PF_PROM_COUNTER, "Help with \\ and \"quotes\".\nSecond line.");
    pf_prom_sample(&buf, "m_total", labels, 2, UINT64_MAX);
    pf_prom_single(&buf, "g", PF_PROM_GAUGE, "G.", 0);
    assert_string_equal(buf.data, "# HELP m_total Help with \\\\ and \"quotes\".\\nSecond line.\n"
                                  "# TYPE m_total counter\n"
                                  "m_total{a=\"x\\\"y\",b=\"\"} 18446744073709551615\n"
                                  "# HELP g G.\n# TYPE g gauge\ng 0\n");
}

static void fractions(void **state)
{
    (void)state;
    static const struct {
        int64_t nano;
        const char *wanted;
    } rows[] = {
        {0, "s 0.000000000\n"},
        {1, "s 0.000000001\n"},
        {1500000000, "s 1.500000000\n"},
        {-1, "s -0.000000001\n"},
        {INT64_MAX, "s 9223372036.854775807\n"},
        {INT64_MIN, "s -9223372036.854775808\n"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        pf_prom_sample_nano(&buf, "s", NULL, 0, rows[i].nano);
        assert_string_equal(buf.data, rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(families),
        cmocka_unit_test(fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/quota.h>

#define MI INT64_C(1048576)
#define SEED \
    "{\"internet\":true,\"idle_timeout\":1800,\"mem\":2000,\"cpu\":1,\"cpu_oc\":20,\"mem_oc\":10}"

static struct pf_quota quota_of(const char *defaults, const char *upgrades)
{
    struct pf_quota quota = pf_quota_default();
    struct pf_quota_problem problem = {0};

    if (pf_quota_parse_defaults(pf_sv_from(defaults), false, &quota, &problem) != PF_OK ||
        pf_quota_parse_upgrades(pf_sv_from(upgrades), false, &quota, &problem) != PF_OK) {
        fail_msg("%s", problem.err.text);
    }
    return quota;
}

static const struct {
    const char *text;
    int64_t digits;
    enum pf_code code;
    unsigned scale;
} decimal_rows[] = {
    {"0", 0, PF_OK, 0},
    {"-0", 0, PF_OK, 0},
    {"-0.0e5", 0, PF_OK, 0},
    {"0e99999999999999999999", 0, PF_OK, 0},
    {"2.5", 25, PF_OK, 1},
    {"2.50", 25, PF_OK, 1},
    {"6.66", 666, PF_OK, 2},
    {"1000", 1000, PF_OK, 0},
    {"1e3", 1000, PF_OK, 0},
    {"1E+3", 1000, PF_OK, 0},
    {"15e-1", 15, PF_OK, 1},
    {"100e-1", 10, PF_OK, 0},
    {"007", 7, PF_OK, 0},
    {"0.016666666666666666", INT64_C(16666666666666666), PF_OK, 18},
    {"999999999999999.999", INT64_C(999999999999999999), PF_OK, 3},
    {"1e15", INT64_C(1000000000000000), PF_OK, 0},
    {"1000000000000000.0", INT64_C(1000000000000000), PF_OK, 0},
    {"1e-18", 1, PF_OK, 18},
    {"1e-19", 0, PF_E_RANGE, 0},
    {"1000000000000001", 0, PF_E_RANGE, 0},
    {"1000000000000000.1", 0, PF_E_RANGE, 0},
    {"1e16", 0, PF_E_RANGE, 0},
    {"1e400", 0, PF_E_RANGE, 0},
    {"1e99999999999999999999", 0, PF_E_RANGE, 0},
    {"1e-99999999999999999999", 0, PF_E_RANGE, 0},
    {"1.000000000000000001", 0, PF_E_RANGE, 0},
    {"-1", 0, PF_E_INVALID, 0},
    {"", 0, PF_E_INVALID, 0},
    {"-", 0, PF_E_INVALID, 0},
    {".5", 0, PF_E_INVALID, 0},
    {"5.", 0, PF_E_INVALID, 0},
    {"+1", 0, PF_E_INVALID, 0},
    {"1e", 0, PF_E_INVALID, 0},
    {"1e+", 0, PF_E_INVALID, 0},
    {"1 ", 0, PF_E_INVALID, 0},
    {"0x10", 0, PF_E_INVALID, 0},
    {"NaN", 0, PF_E_INVALID, 0},
    {"1.2.3", 0, PF_E_INVALID, 0},
};

static void test_decimal(void **state)
{

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(decimal_rows); i++) {
        struct pf_decimal decimal = {.digits = -7, .scale = 77};
        struct pf_err err = {0};
        const enum pf_code code =
            pf_decimal_parse(pf_sv_from(decimal_rows[i].text), &decimal, &err);

        if (code != decimal_rows[i].code || err.code != decimal_rows[i].code) {
            fail_msg("'%s': %s (%s)", decimal_rows[i].text, pf_code_name(code), err.text);
        }
        if (code != PF_OK ? decimal.digits != -7 || decimal.scale != 77
                          : decimal.digits != decimal_rows[i].digits ||
                                decimal.scale != decimal_rows[i].scale) {
            fail_msg("'%s': %lld scale %u", decimal_rows[i].text, (long long)decimal.digits,
                     decimal.scale);
        }
    }
}

static void test_parse_problems(void **state)
{
    static const struct {
        const char *name, *json, *text;
        enum pf_code code;
        unsigned line, column;
        bool upgrades;
    } rows[] = {
        {"unknown key", "{\"mem\": 1,\n  \"memroy\": 2}",
         "unknown key 'memroy', allowed: mem, mem_oc, cpu, cpu_oc, idle_timeout, internet, disk_quota",
         PF_E_INVALID, 2, 3, false},
        {"case counts", "{\"MEM\":1}", "unknown key 'MEM'", PF_E_INVALID, 1, 2, false},
        {"wrong type", "{\"mem\":\"2000\"}",
         "key 'mem': found a string, allowed: a number of 0 or more", PF_E_INVALID, 1, 2, false},
        {"null", "{\"cpu\":null}", "found null", PF_E_INVALID, 1, 2, false},
        {"boolean", "{\"internet\":1}", "key 'internet': found a number, allowed: true or false",
         PF_E_INVALID, 1, 2, false},
        {"negative", "{\"cpu\":-1}", "key 'cpu': '-1' is negative", PF_E_INVALID, 1, 2, false},
        {"ratio", "{\"mem_oc\":0.5}",
         "key 'mem_oc': '0.5' is below 1, allowed: a number of 1 or more", PF_E_INVALID, 1, 2,
         false},
        {"just below 1", "{\"mem_oc\":0.999999999999999999}", "is below 1", PF_E_INVALID, 1, 2,
         false},
        {"range", "{\"mem\":1e16}", "out of range", PF_E_RANGE, 1, 2, false},
        {"syntax", "{\"mem\":1,\n\"cpu\" 2}", "':' expected", PF_E_INVALID, 2, 7, false},
        {"key twice", "{\"mem\":1,\"mem\":2}", "duplicate object key", PF_E_INVALID, 1, 0, false},
        {"not an object", "[1]", "", PF_E_INVALID, 0, 0, false},
        {"nothing", "", "", PF_E_INVALID, 0, 0, false},
        {"new name in caps", "{\"mem\":1}",
         "unknown key 'mem', allowed: memory, memory_request, cores, cpu_shares", PF_E_INVALID, 1,
         2, true},
        {"caps type", "{\"cores\":\"3\"}", "key 'cores': found a string", PF_E_INVALID, 1, 2, true},
    };

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_quota quota = pf_quota_default();
        struct pf_quota before;
        struct pf_quota_problem problem = {0};
        const struct pf_sv json = pf_sv_from(rows[i].json);
        enum pf_code code = PF_OK;

        memcpy(&before, &quota, sizeof(before)); /* with its padding */
        code = rows[i].upgrades ? pf_quota_parse_upgrades(json, false, &quota, &problem)
                                : pf_quota_parse_defaults(json, false, &quota, &problem);

        if (code != rows[i].code || strstr(problem.err.text, rows[i].text) == NULL ||
            (rows[i].line != 0 && problem.line != rows[i].line) ||
            (rows[i].column != 0 && problem.column != rows[i].column)) {
            fail_msg("%s: %s line %u column %u: %s", rows[i].name, pf_code_name(code), problem.line,
                     problem.column, problem.err.text);
        }
        assert_memory_equal(&quota, &before, sizeof(quota));
        assert_int_equal(rows[i].upgrades ? pf_quota_parse_upgrades(json, false, &quota, NULL)
                                          : pf_quota_parse_defaults(json, false, &quota, NULL),
                         rows[i].code);
    }
}

static void test_lenient(void **state)
{
    struct pf_quota quota = pf_quota_default();
    const struct pf_quota_input input = {.floors = true};
    struct pf_quota_result got = {0};

    (void)state;
    assert_int_equal(
        pf_quota_parse_defaults(
            PF_SV(
                "{\"mem\":\"2000\",\"cpu\":2,\"cpu_oc\":0.5,\"mem_oc\":-3,\"what\":{},\"internet\":1}"),
            true, &quota, NULL),
        PF_OK);
    assert_false(quota.has_mem);
    assert_true(quota.has_mem_oc);
    assert_int_equal(quota.mem_oc.digits, 1);
    assert_false(quota.internet);
    got = pf_quota_apply(&quota, &input);
    assert_int_equal(got.cpu_request_milli, 2000);
    assert_int_equal(got.memory_limit_bytes, 1000 * MI);
    assert_int_equal(got.memory_request_bytes, 1000 * MI);
    assert_int_equal(pf_quota_parse_defaults(PF_SV("{\"mem\":"), true, &quota, NULL), PF_E_INVALID);
    assert_int_equal(pf_quota_parse_upgrades(PF_SV("{\"cores\":-1,\"x\":1}"), true, &quota, NULL),
                     PF_OK);
    assert_int_equal(quota.max_cores.digits, 0);
}

static void test_kept_values(void **state)
{
    const struct pf_quota quota =
        quota_of("{\"internet\":true,\"idle_timeout\":60.5,\"disk_quota\":1}",
                 "{\"disk_quota\":20000,\"network\":1,\"cores\":4}");

    (void)state;
    assert_true(quota.internet);
    assert_int_equal(quota.idle_timeout.digits, 605);
    assert_int_equal(quota.idle_timeout.scale, 1);
    assert_int_equal(quota.disk_quota.digits, 1);
    assert_int_equal(quota.max_cores.digits, 4);
    assert_int_equal(quota.max_memory.digits, 16000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_parse_problems),
        cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_kept_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

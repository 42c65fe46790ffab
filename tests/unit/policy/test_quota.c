#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/human.h>
#include <podfit/num.h>
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

/** Is the fraction the decimal @p text? A text with many decimals was cut by the reference's printing. */
static bool equals(struct pf_fraction fraction, const char *text)
{
    struct pf_decimal decimal = {0};
    pf_i128 power = 1;
    pf_i128 difference = 0;

    assert_int_equal(pf_decimal_parse(pf_sv_from(text), &decimal, NULL), PF_OK);
    for (unsigned i = 0; i < decimal.scale; i++) {
        power *= 10;
    }
    difference = (pf_i128)fraction.num * power - (pf_i128)decimal.digits * fraction.den;
    if (decimal.scale < 10) {
        return difference == 0;
    }
    difference = difference < 0 ? -difference : difference;
    return difference <= power * fraction.den / 1000000000;
}

static void check_exact(const char *name, const char *what, struct pf_fraction fraction,
                        const char *text)
{
    if (!equals(fraction, text)) {
        fail_msg("%s: %s is %lld/%lld, not %s", name, what, (long long)fraction.num,
                 (long long)fraction.den, text);
    }
}

/** The table of quota-semantics "Vectors". */
static void test_vectors(void **state)
{
    static const struct {
        const char *name, *dq, *mu;
        bool member;
        const char *cpu_request, *cpu_limit, *memory_request, *memory_limit;
    } rows[] = {
        {"empty", "{}", "{}", false, "0.02", "1", "200", "1000"},
        {"empty, member", "{}", "{}", true, "0.05", "1", "300", "1000"},
        {"seed", SEED, "{}", false, "0.05", "1", "200", "2000"},
        {"seed, member", SEED, "{}", true, "0.05", "1", "300", "2000"},
        {"plain", "{\"mem\":1000,\"cpu\":1,\"cpu_oc\":10,\"mem_oc\":5}", "{}", false, "0.1", "1",
         "200", "1000"},
        {"cpu 1.5", "{\"cpu\":1.5,\"cpu_oc\":10,\"mem\":2000,\"mem_oc\":4}", "{}", false, "0.15",
         "1.5", "500", "2000"},
        {"shares cap", "{\"mem\":1515,\"mem_oc\":5,\"cpu\":1.6,\"cpu_oc\":4}",
         "{\"cpu_shares\":102.4,\"memory_request\":1000}", false, "0.1", "1.6", "303", "1515"},
        {"cores cap", "{\"cpu\":1,\"cpu_oc\":5}", "{\"cores\":0.5,\"cpu_shares\":102.4}", false,
         "0.1", "0.5", "200", "1000"},
        {"uncapped default", "{\"mem\":2000,\"mem_oc\":2,\"cpu\":2.2,\"cpu_oc\":4}",
         "{\"cpu_shares\":1024,\"cores\":2,\"memory_request\":500}", false, "0.55", "2", "500",
         "2000"},
        {"thirds", "{\"mem\":2000,\"mem_oc\":3,\"cpu\":1,\"cpu_oc\":3}", "{}", false,
         "0.33333333333333333", "1", "667", "2000"},
        {"memory third", "{\"mem\":1000,\"mem_oc\":3}", "{}", false, "0.02", "1", "333", "1000"},
        {"half up", "{\"mem\":2500,\"mem_oc\":8}", "{}", false, "0.02", "1", "313", "2500"},
        {"below 1000", "{\"mem\":500,\"mem_oc\":5,\"cpu\":0.5,\"cpu_oc\":10}", "{}", false, "0.05",
         "0.5", "200", "1000"},
        {"huge ratios", "{\"mem\":2000,\"cpu\":1,\"cpu_oc\":1e9,\"mem_oc\":1e9}", "{}", false,
         "0.02", "1", "200", "2000"},
        {"all capped", "{\"cpu\":8,\"cpu_oc\":4,\"mem\":32000,\"mem_oc\":4}", "{}", false, "2", "3",
         "8000", "16000"},
        {"memory cap 100", SEED, "{\"memory\":100}", false, "0.05", "1", "200", "100"},
        {"tiny cpu", "{\"cpu\":0.01,\"cpu_oc\":2}", "{}", false, "0.02", "0.01", "200", "1000"},
        {"request cap 100", SEED, "{\"memory_request\":100}", false, "0.05", "1", "100", "2000"},
        {"cpu 3 capped at 2", "{\"cpu\":3,\"cpu_oc\":25}", "{\"cores\":2}", false, "0.12", "2",
         "200", "1000"},
    };

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_quota quota = quota_of(rows[i].dq, rows[i].mu);
        const struct pf_quota_input input = {.member = rows[i].member, .floors = true};
        const struct pf_quota_exact exact = pf_quota_exact(&quota, &input);

        check_exact(rows[i].name, "cpu request", exact.cpu_request_cores, rows[i].cpu_request);
        check_exact(rows[i].name, "cpu limit", exact.cpu_limit_cores, rows[i].cpu_limit);
        check_exact(rows[i].name, "memory request", exact.memory_request_units,
                    rows[i].memory_request);
        check_exact(rows[i].name, "memory limit", exact.memory_limit_units, rows[i].memory_limit);
    }
}

static const struct {
    const char *name, *dq, *mu;
    struct pf_quota_input input;
    struct pf_quota_result expect;
} apply_rows[] = {
    {"seed", SEED, "{}", {.floors = true}, {200 * MI, 2000 * MI, 50, 1000}},
    {"thirds round up and half up",
     "{\"mem\":2000,\"mem_oc\":3,\"cpu\":1,\"cpu_oc\":3}",
     "{}",
     {.floors = true},
     {667 * MI, 2000 * MI, 334, 1000}},
    {"upgraded pod is floored",
     "{\"mem\":2000,\"mem_oc\":3}",
     "{}",
     {.floors = true, .has_memory_limit = true, .memory_limit_bytes = 5000 * MI},
     {1666 * MI, 5000 * MI, 20, 1000}},
    {"smaller pod follows its limit",
     "{\"mem\":2000,\"mem_oc\":2,\"cpu\":2,\"cpu_oc\":4}",
     "{}",
     {.floors = true,
      .has_memory_limit = true,
      .memory_limit_bytes = 1000 * MI,
      .has_cpu_limit = true,
      .cpu_limit_milli = 1000},
     {500 * MI, 1000 * MI, 250, 1000}},
    {"clamped to the limits",
     SEED,
     "{}",
     {.floors = true,
      .has_memory_limit = true,
      .memory_limit_bytes = 100 * MI,
      .has_cpu_limit = true,
      .cpu_limit_milli = 10},
     {100 * MI, 100 * MI, 10, 10}},
    {"a whole unit below the limit",
     SEED,
     "{}",
     {.floors = true, .has_memory_limit = true, .memory_limit_bytes = 100 * MI + 5},
     {100 * MI, 100 * MI + 5, 50, 1000}},
    {"never 0",
     "{\"mem_oc\":1e9,\"cpu_oc\":1e9}",
     "{}",
     {.has_memory_limit = true,
      .memory_limit_bytes = 100 * MI,
      .has_cpu_limit = true,
      .cpu_limit_milli = 10},
     {1 * MI, 100 * MI, 1, 10}},
    {"less than one unit",
     SEED,
     "{}",
     {.floors = true, .has_memory_limit = true, .memory_limit_bytes = 5},
     {5, 5, 50, 1000}},
    {"limit 0",
     SEED,
     "{}",
     {.floors = true, .has_memory_limit = true, .has_cpu_limit = true},
     {0, 0, 0, 0}},
    {"largest limits",
     "{\"mem_oc\":1,\"cpu_oc\":1}",
     "{\"memory_request\":1e15,\"cpu_shares\":1e15}",
     {.has_memory_limit = true,
      .memory_limit_bytes = INT64_MAX,
      .has_cpu_limit = true,
      .cpu_limit_milli = INT64_MAX},
     {INT64_MAX / MI * MI, INT64_MAX, INT64_C(976562500000000), INT64_MAX}},
    {"a cap of half a unit",
     "{}",
     "{\"memory\":0.5}",
     {.floors = true},
     {MI / 2, MI / 2, 20, 1000}},
    {"without floors there is no default either",
     "{\"mem\":2000,\"mem_oc\":3,\"cpu\":1,\"cpu_oc\":3}",
     "{}",
     {.has_memory_limit = true,
      .memory_limit_bytes = 2000 * MI,
      .has_cpu_limit = true,
      .cpu_limit_milli = 30},
     {666 * MI, 2000 * MI, 10, 30}},
};

static void test_apply(void **state)
{

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(apply_rows); i++) {
        const struct pf_quota quota = quota_of(apply_rows[i].dq, apply_rows[i].mu);
        const struct pf_quota_result got = pf_quota_apply(&quota, &apply_rows[i].input);

        if (memcmp(&got, &apply_rows[i].expect, sizeof(got)) != 0) {
            fail_msg("%s: requests %lld %lldm limits %lld %lldm", apply_rows[i].name,
                     (long long)got.memory_request_bytes, (long long)got.cpu_request_milli,
                     (long long)got.memory_limit_bytes, (long long)got.cpu_limit_milli);
        }
    }
}

static void test_memory_unit(void **state)
{
    struct pf_quota quota = quota_of(SEED, "{}");
    const struct pf_quota_input input = {.floors = true};
    struct pf_quota_result got = {0};

    (void)state;
    quota.memory_unit_bytes = 1000000;
    got = pf_quota_apply(&quota, &input);
    assert_int_equal(got.memory_request_bytes, 200000000);
    assert_int_equal(got.memory_limit_bytes, 2000000000);
}

/** Value of a member of @p json as written. */
static struct pf_sv member_of(struct pf_sv json, const char *key, struct pf_arena *arena)
{
    struct pf_human_member *members = NULL;
    size_t count = 0;
    struct pf_err err = {0};

    if (pf_human_members(json, 100000, arena, &members, &count, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < count; i++) {
        if (pf_sv_eq_cstr(members[i].key, key)) {
            return members[i].raw;
        }
    }
    return (struct pf_sv){0};
}

/** A decimal of the case as a whole number of 10^-3. */
static int64_t milli_of(struct pf_sv text)
{
    struct pf_decimal decimal = {0};
    int64_t milli = 0;

    assert_int_equal(pf_decimal_parse(text, &decimal, NULL), PF_OK);
    assert_true(decimal.scale <= 3);
    milli = decimal.digits;
    for (unsigned scale = decimal.scale; scale < 3; scale++) {
        milli *= 10;
    }
    return milli;
}

static void check_case(struct pf_sv line, struct pf_arena *arena)
{
    static const char *const keys[] = {"cpu_request", "cpu_limit", "memory_request",
                                       "memory_limit"};
    const struct pf_sv limit = member_of(line, "limit", arena);
    const struct pf_sv expect = member_of(line, "expect", arena);
    char *const name = pf_arena_dup(arena, line);
    struct pf_quota quota = pf_quota_default();
    struct pf_quota_problem problem = {0};
    struct pf_quota_exact exact;
    struct pf_quota_input input = {
        .member = pf_sv_eq(member_of(line, "member", arena), PF_SV("true")), .floors = true};

    assert_non_null(name);
    if (pf_quota_parse_defaults(member_of(line, "dq", arena), false, &quota, &problem) != PF_OK ||
        pf_quota_parse_upgrades(member_of(line, "mu", arena), false, &quota, &problem) != PF_OK) {
        fail_msg("%s: %s", name, problem.err.text);
    }
    if (limit.len != 0) {
        const struct pf_sv cpu = member_of(limit, "cpu", arena);
        const struct pf_sv memory = member_of(limit, "memory", arena);

        input.has_cpu_limit = cpu.len != 0;
        input.cpu_limit_milli = cpu.len != 0 ? milli_of(cpu) : 0;
        input.has_memory_limit = memory.len != 0;
        input.memory_limit_bytes = memory.len != 0 ? milli_of(memory) / 1000 * MI : 0;
    }
    exact = pf_quota_exact(&quota, &input);
    for (size_t i = 0; i < PF_ARRAY_LEN(keys); i++) {
        const struct pf_sv value = member_of(expect, keys[i], arena);
        const struct pf_fraction fractions[] = {exact.cpu_request_cores, exact.cpu_limit_cores,
                                                exact.memory_request_units,
                                                exact.memory_limit_units};

        if (value.len != 0) {
            check_exact(name, keys[i], fractions[i], pf_arena_dup(arena, value));
        }
    }
}

static void test_reference_cases(void **state)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_sv rest = {0};
    size_t count = 0;

    (void)state;
    pf_buf_init(&buf, 1 << 22);
    pf_arena_init(&arena, 1 << 20);
    assert_int_equal(pf_file_read(PF_TEST_DATA "/reference/cases/quota_cases.jsonl", &buf, NULL),
                     PF_OK);
    rest = pf_buf_view(&buf);
    while (rest.len != 0) {
        const size_t end = pf_sv_find(rest, PF_SV("\n"));
        const size_t len = end == SIZE_MAX ? rest.len : end;

        if (len != 0) {
            check_case((struct pf_sv){.ptr = rest.ptr, .len = len}, &arena);
            pf_arena_reset(&arena);
            count++;
        }
        rest.ptr += len;
        rest.len -= len;
        if (rest.len != 0) {
            rest.ptr++;
            rest.len--;
        }
    }
    assert_true(count >= 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_memory_unit),
        cmocka_unit_test(test_reference_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

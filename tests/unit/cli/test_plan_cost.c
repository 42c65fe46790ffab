/* Money: exact, rounded once, half up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan_cost.h"
#include "plan_show.h"

#define GI INT64_C(1073741824)

struct row {
    const char *name;
    const char *price;
    int64_t projects;
    int64_t milli_cpu;
    int64_t memory;
    int64_t volume;
    int64_t users;
    struct pf_plan_cost want; /* the amounts alone */
};

/* The first three: two cores at 0.031 an hour and 55 GB at 0.10 a month, as published (issue of the cloud IDE). */
static const struct row rows[] = {
    {"3 pods",
     "cpu-hour=0.031,gb-month=0.10",
     3,
     2000,
     0,
     55 * GI,
     20,
     {.compute_day = 446,
      .compute_month = 13392,
      .storage_month = 1650,
      .month = 15042,
      .month_about = 15000,
      .user = 752,
      .user_about = 750}},
    {"10 pods",
     "cpu-hour=0.031,gb-month=0.10",
     10,
     2000,
     0,
     55 * GI,
     20,
     {.compute_day = 1488,
      .compute_month = 44640,
      .storage_month = 5500,
      .month = 50140,
      .month_about = 50000,
      .user = 2507,
      .user_about = 2500}},
    {"15 pods",
     "cpu-hour=0.031,gb-month=0.10",
     15,
     2000,
     0,
     55 * GI,
     20,
     {.compute_day = 2232,
      .compute_month = 66960,
      .storage_month = 8250,
      .month = 75210,
      .month_about = 75000,
      .user = 3761,
      .user_about = 3750}},
    {"nothing", "cpu-hour=0", 1, 1000, 0, 0, 0, {.month = 0}},
    {"half a hundredth is rounded up",
     "gb-month=0.005",
     1,
     0,
     0,
     GI,
     0,
     {.storage_month = 1, .month = 1, .month_about = 1}},
    {"less is rounded down", "gb-month=0.00499999999999", 1, 0, 0, GI, 0, {.month = 0}},
    {"memory and CPU are one sum, rounded once",
     "cpu-hour=0.0001,memory-gb-hour=0.0001",
     1,
     1000,
     GI,
     0,
     0,
     {.compute_day = 0, .compute_month = 14, .month = 14, .month_about = 14}},
    {"the month's sum is that of its lines",
     "cpu-hour=0.0000070,gb-month=0.005",
     1,
     1000,
     0,
     GI,
     0,
     {.compute_day = 0, .compute_month = 1, .storage_month = 1, .month = 2, .month_about = 2}},
};

static void test_amounts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct pf_plan_price price = {.has_cpu = false};
        struct pf_plan_cost got = {.month = -1};
        assert_int_equal(pf_plan_spec_price(pf_sv_from(row->price), &price, NULL), PF_OK);
        const struct pf_plan_cost_input input = {
            .projects = row->projects,
            .milli_cpu = row->milli_cpu,
            .memory = row->memory,
            .volume = row->volume,
            .hours_per_day = 24,
            .days_per_month = 30,
            .users = row->users,
            .price = &price,
        };
        assert_int_equal(pf_plan_cost_compute(&input, &got, NULL), PF_OK);
        const bool same = got.compute_day == row->want.compute_day &&
                          got.compute_month == row->want.compute_month &&
                          got.storage_month == row->want.storage_month &&
                          got.month == row->want.month &&
                          got.month_about == row->want.month_about && got.user == row->want.user &&
                          got.user_about == row->want.user_about;
        if (!same) {
            fail_msg("%s: day %lld, month %lld + %lld = %lld (%lld), user %lld (%lld)", row->name,
                     (long long)got.compute_day, (long long)got.compute_month,
                     (long long)got.storage_month, (long long)got.month, (long long)got.month_about,
                     (long long)got.user, (long long)got.user_about);
        }
    }
}

static void test_out_of_range(void **state)
{
    static const struct pf_plan_price price = {
        .has_cpu = true,
        .has_memory = true,
        .cpu_hour = {.digits = INT64_C(999999999999999999), .scale = 18},
        .memory_gb_hour = {.digits = INT64_C(1000000000000000)},
    };
    struct pf_plan_cost got = {.month = -1};
    struct pf_err err = {0};
    struct pf_plan_cost_input input = {
        .projects = PF_PLAN_COUNT_MAX,
        .milli_cpu = PF_PLAN_MILLI_CPU_MAX,
        .memory = PF_PLAN_BYTES_MAX,
        .hours_per_day = 24,
        .days_per_month = 31,
        .price = &price,
    };
    (void)state;
    assert_int_equal(pf_plan_cost_compute(&input, &got, &err), PF_E_RANGE);
    assert_non_null(strstr(err.text, "the cost is out of range"));
    assert_int_equal(got.month, -1);
}

static void test_texts(void **state)
{
    static const struct {
        int64_t amount;
        const char *cpu;
        const char *bytes;
    } texts[] = {
        {0, "0", "0"},
        {50, "50m", "50"},
        {1500, "1.5", "1500"},
        {2000, "2", "2k"},
        {24001, "24.001", "24001"},
        {200 * INT64_C(1048576), "209715.2", "200Mi"},
        {500000000, "500000", "500M"},
        {47060071478, "47060071.478", "43.8Gi"},
        {INT64_MAX, "9223372036854775.807", "8589934592.0Gi"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(texts); i++) {
        char text[PF_PLAN_TEXT_BYTES];
        assert_string_equal(pf_plan_text_cpu(texts[i].amount, text), texts[i].cpu);
        assert_string_equal(pf_plan_text_bytes(texts[i].amount, text), texts[i].bytes);
    }
    assert_int_equal(pf_plan_text_ratio(330, 72), 458);
    assert_int_equal(pf_plan_text_ratio(1, 200), 1);
    assert_int_equal(pf_plan_text_ratio(1, 201), 0);
    assert_int_equal(pf_plan_text_ratio(1, 0), -1);
    assert_int_equal(pf_plan_text_ratio(INT64_MAX, 1), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/certmake.h>
#include <podfit/certplan.h>

/* Time is counted in hours from an origin at which everything was issued; CA lives 900 hours (renewed at 600), leaf 90 (renewed at 60). */
#define HOUR_NS (INT64_C(3600) * 1000000000)
#define T(h)    (INT64_C(1800000000) * 1000000000 + (h)*HOUR_NS)

#define DATES(issued, end)                                                                       \
    {                                                                                            \
        .present = true, .not_before_wall_ns = T(issued) - HOUR_NS, .not_after_wall_ns = T(end), \
    }
#define SETTLED .leaf_by_ca = true, .bundle_complete = true, .publish_delay_s = INT64_C(86400)
#define FRESH   .ca = DATES(0, 900), .leaf = DATES(0, 90), SETTLED

static const int64_t old_at_50[] = {T(50)};
static const int64_t old_at_50_and_70[] = {T(70), T(50)};

#define LEAF    PF_CERTPLAN_ISSUE_LEAF
#define PUBLISH PF_CERTPLAN_PUBLISH_CA
#define SWITCH  PF_CERTPLAN_SWITCH_CA
#define DROP    PF_CERTPLAN_DROP_CA
#define MEND    PF_CERTPLAN_MEND_BUNDLE

static const struct {
    const char *name;
    struct pf_certplan_view view;
    int64_t now;
    unsigned acts;
    int64_t due; /* 0: now */
} rows[] = {
    {"just made", {FRESH}, T(0), 0, T(60)},
    {"before 2/3", {FRESH}, T(60) - 1, 0, T(60)},
    {"at 2/3", {FRESH}, T(60), LEAF, 0},
    {"leaf expired", {FRESH}, T(91), LEAF, 0},
    {"clock jumped back before the leaf and the CA", {FRESH}, T(-2), SWITCH | LEAF | PUBLISH, 0},
    {"clock jumped back before the leaf only",
     {.ca = DATES(-100, 800), .leaf = DATES(0, 90), SETTLED},
     T(-2),
     LEAF,
     0},
    {"clock jumped past everything", {FRESH}, T(5000), PUBLISH | SWITCH | LEAF, 0},
    {"no leaf", {.ca = DATES(0, 900), SETTLED}, T(0), LEAF, 0},
    {"leaf of another CA",
     {.ca = DATES(0, 900), .leaf = DATES(0, 90), .bundle_complete = true},
     T(0),
     LEAF,
     0},
    {"names changed", {FRESH, .leaf_names_differ = true}, T(0), LEAF, 0},
    {"forced", {FRESH, .force_leaf = true}, T(0), LEAF, 0},
    {"CA forced", {FRESH, .force_ca = true}, T(0), PUBLISH, 0},
    {"CA forced while one is published",
     {FRESH, .next = DATES(0, 900), .force_ca = true},
     T(1),
     0,
     T(24)},
    {"the next CA is held back",
     {.ca = DATES(0, 900),
      .next = DATES(600, 1500),
      .leaf = DATES(599, 689),
      SETTLED,
      .hold_switch = true},
     T(640),
     0,
     0},
    {"the next CA cannot be held back for ever",
     {.ca = DATES(0, 900),
      .next = DATES(600, 1500),
      .leaf = DATES(850, 900),
      SETTLED,
      .hold_switch = true},
     T(901),
     SWITCH | LEAF,
     0},
    {"bundle lost", {.ca = DATES(0, 900), .leaf = DATES(0, 90), .leaf_by_ca = true}, T(0), MEND, 0},
    {"CA before 2/3",
     {.ca = DATES(0, 900), .leaf = DATES(599, 689), SETTLED},
     T(600) - 1,
     0,
     T(600)},
    {"CA at 2/3", {.ca = DATES(0, 900), .leaf = DATES(599, 689), SETTLED}, T(600), PUBLISH, 0},
    {"CA and leaf at 2/3",
     {.ca = DATES(0, 900), .leaf = DATES(540, 630), SETTLED},
     T(600),
     PUBLISH | LEAF,
     0},
    {"published, delay runs",
     {.ca = DATES(0, 900), .next = DATES(600, 1500), .leaf = DATES(599, 689), SETTLED},
     T(624) - 1,
     0,
     T(624)},
    {"published, leaf due within the delay",
     {.ca = DATES(0, 900), .next = DATES(600, 1500), .leaf = DATES(550, 640), SETTLED},
     T(620),
     LEAF,
     0},
    {"delay over",
     {.ca = DATES(0, 900), .next = DATES(600, 1500), .leaf = DATES(599, 689), SETTLED},
     T(624),
     SWITCH | LEAF,
     0},
    {"CA expired within the delay",
     {.ca = DATES(0, 610), .next = DATES(600, 1500), .leaf = DATES(599, 610), SETTLED},
     T(611),
     SWITCH | LEAF,
     0},
    {"slept through the life of both",
     {.ca = DATES(0, 900), .next = DATES(600, 1500), .leaf = DATES(599, 689), SETTLED},
     T(2000),
     PUBLISH | SWITCH | LEAF,
     0},
    {"next CA expired before the current one",
     {.ca = DATES(0, 900), .next = DATES(600, 700), .leaf = DATES(750, 840), SETTLED},
     T(755),
     PUBLISH,
     0},
    {"leaf as long as its CA is not renewed again and again",
     {.ca = DATES(0, 900), .next = DATES(890, 1800), .leaf = DATES(800, 900), SETTLED},
     T(899),
     0,
     T(900) + 1},
    {"old CA still needed",
     {FRESH, .old_needed_until_wall_ns = old_at_50, .old_count = 1},
     T(50),
     0,
     T(50) + 1},
    {"old CA no longer needed",
     {FRESH, .old_needed_until_wall_ns = old_at_50, .old_count = 1},
     T(50) + 1,
     DROP,
     0},
    {"one of two old CAs",
     {FRESH, .old_needed_until_wall_ns = old_at_50_and_70, .old_count = 2},
     T(55),
     DROP,
     0},
    {"leaf and old CA",
     {FRESH, .old_needed_until_wall_ns = old_at_50, .old_count = 1},
     T(60),
     LEAF | DROP,
     0},
    {"delay beyond all time",
     {.ca = DATES(0, 900),
      .next = DATES(600, 1500),
      .leaf = DATES(899, 900),
      .leaf_by_ca = true,
      .bundle_complete = true,
      .publish_delay_s = INT64_MAX},
     T(899),
     0,
     T(900) + 1},
};

static void test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct pf_certplan plan = pf_certplan_decide(&rows[i].view, rows[i].now);
        const int64_t due = rows[i].due != 0 ? rows[i].due : rows[i].now;
        if (plan.acts != rows[i].acts || plan.next_due_wall_ns != due) {
            fail_msg("%s: acts 0x%x, expected 0x%x; due %+lld s from what is expected",
                     rows[i].name, plan.acts, rows[i].acts,
                     (long long)((plan.next_due_wall_ns - due) / 1000000000));
        }
    }
}

static void test_renew_at(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct pf_certplan_dates dates;
        int64_t at;
    } cases[] = {
        {"90 hours", DATES(0, 90), T(60)},
        {"shorter than the backdating", {true, T(0), T(0) + 60}, T(0) + 60},
        {"ends before it begins", {true, T(1), T(0)}, T(0)},
        {"no end", {true, T(0) - HOUR_NS, INT64_MAX}, 0},
        {"all time", {true, INT64_MIN, INT64_MAX}, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int64_t at = pf_certplan_renew_at(&cases[i].dates);
        const bool between =
            at >= cases[i].dates.not_before_wall_ns && at <= cases[i].dates.not_after_wall_ns;
        if (cases[i].at != 0 ? at != cases[i].at : !between) {
            fail_msg("%s: %lld", cases[i].name, (long long)at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_renew_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit_fixture.h"

/* Who is evicted: a list that was cut ends with the last whole name, and another text that was cut takes no name away. */

#define VICTIMS_MAX_BYTES 4096 /* that are kept */

static void check_log(struct fixture *fixture, const struct pf_audit_record *record,
                      const char *preemption, bool truncated)
{
    pf_autobuf struct pf_buf text = {.data = NULL};
    fixture_open(fixture);
    pf_audit_put(fixture->audit, record);
    fixture_close(fixture);
    fixture_read(fixture->path, &text);
    if (strstr(text.data, preemption) == NULL) {
        fail_msg("no '%s' in '%s'", preemption, text.data);
    }
    assert_int_equal(strstr(text.data, "\"truncated\":true") != NULL, truncated);
}

static struct pf_audit_record make_record(struct pf_sv victims)
{
    struct pf_audit_record record = fixture_record();
    record.preemption_node = PF_SV("node-1");
    record.victims = victims;
    return record;
}

static void test_whole(void **state)
{
    const struct pf_audit_record record = make_record(PF_SV("a/one,b/two"));
    check_log(*state, &record,
              "\"preemption\":{\"node\":\"node-1\",\"victims\":[\"a/one\",\"b/two\"]}", false);
}

static void test_other_text_cut(void **state)
{
    char user[1024];
    struct pf_audit_record record = make_record(PF_SV("a/one"));
    memset(user, 'u', sizeof(user));
    record.user = (struct pf_sv){.ptr = user, .len = sizeof(user)};
    check_log(*state, &record, "\"victims\":[\"a/one\"]}", true);
}

/* `a/one,b/xxx...y` of a length. */
static struct pf_sv two_names(char *text, size_t len)
{
    static const char start[] = "a/one,b/";
    memset(text, 'x', len);
    memcpy(text, start, sizeof(start) - 1);
    text[len - 1] = 'y';
    return (struct pf_sv){.ptr = text, .len = len};
}

static void test_longest(void **state)
{
    char text[VICTIMS_MAX_BYTES];
    const struct pf_audit_record record = make_record(two_names(text, VICTIMS_MAX_BYTES));
    check_log(*state, &record, "xy\"]}", false);
}

static void test_cut(void **state)
{
    char text[VICTIMS_MAX_BYTES + 1];
    const struct pf_audit_record record = make_record(two_names(text, VICTIMS_MAX_BYTES + 1));
    check_log(*state, &record, "\"victims\":[\"a/one\"]}", true);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_other_text_cut, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_longest, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_cut, fixture_set_up, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

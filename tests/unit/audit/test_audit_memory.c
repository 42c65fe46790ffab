#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit_fixture.h"
#include "fail_alloc.h"
#include <podfit/audit_summary.h>

/* Every allocation fails once: nothing leaks, outputs are untouched, a record that cannot be copied counts as dropped. */

static void test_new_survives(void **state)
{
    struct fixture *fixture = *state;
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    for (; n < 20 && code != PF_OK; n++) {
        struct pf_audit *audit = NULL;
        struct pf_err err = {.code = PF_OK};
        fail_alloc_after(n);
        code = pf_audit_new(&fixture->options, &audit, &err);
        fail_alloc_after(-1);
        if (code != PF_OK) {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_int_equal(err.code, PF_E_NO_MEMORY);
            assert_null(audit);
        }
        pf_audit_free(audit);
    }
    assert_int_equal(code, PF_OK);
    assert_true(n > 3);
}

static void test_put_survives(void **state)
{
    struct fixture *fixture = *state;
    const struct pf_audit_record record = fixture_record();
    struct gathered gathered;
    fixture_open(fixture);
    fail_alloc_after(0);
    pf_audit_put(fixture->audit, &record);
    fail_alloc_after(-1);
    pf_audit_put(fixture->audit, &record);
    fixture_drain(fixture);
    const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
    assert_int_equal(stats.dropped, 1);
    assert_int_equal(stats.written, 1);
    fixture_close(fixture);
    fixture_gather(fixture->path, &gathered);
    assert_int_equal(gathered.records[PF_AUDIT_DROPPED], 1);
    assert_int_equal(gathered.records[PF_AUDIT_DECISION], 1);
}

static bool add(void *opaque, const struct pf_audit_line *line)
{
    return pf_audit_summary_add(opaque, line, NULL) == PF_OK;
}

static const char log_text[] =
    "{\"time\":\"2026-11-22T04:37:00Z\",\"class\":\"a\\n\",\"reasons\":[{\"text\":\"\\t\"}]}\n"
    "{\"time\":\"2026-11-22T04:37:00Z\",\"class\":\"b\",\"message\":\"\\u00fc\"}";

static void test_reader_survives(void **state)
{
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    assert_true(fputs(log_text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    const char *const paths[] = {fixture->path};
    bool whole = false;
    long n = 0;
    for (; n < 200 && !whole; n++) {
        struct pf_audit_summary *summary = NULL;
        struct pf_audit_counts counts = {.files = 0};
        fail_alloc_after(n);
        enum pf_code code = pf_audit_summary_new(&summary, NULL);
        if (code == PF_OK) {
            const struct pf_audit_query query = {.each = add, .opaque = summary};
            code = pf_audit_query_files(&query, paths, 1, /* rotated= */ true, &counts, NULL);
            whole = code == PF_OK && pf_audit_summary_totals(summary).decisions == 2;
        }
        fail_alloc_after(-1);
        assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
        assert_true(whole || code == PF_E_NO_MEMORY || counts.matched < 3);
        pf_audit_summary_free(summary);
    }
    assert_true(whole);
    assert_true(n > 10);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_new_survives), CASE(test_put_survives),
                                       CASE(test_reader_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

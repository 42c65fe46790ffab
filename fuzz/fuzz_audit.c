/*
 * The reader of the rejection log: any bytes are read without a fault, each line is counted once, and what was read stands in the summary.
 */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/audit_summary.h>
#include <podfit/limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct pf_audit_summary *summary;
    struct pf_sv text;
    uint64_t lines;
    uint64_t sum; /* of decisions, saturating */
};

static void demand(bool ok)
{
    if (!ok) {
        abort();
    }
}

static bool look(void *opaque, const struct pf_audit_line *line)
{
    struct seen *seen = opaque;
    seen->lines++;
    demand(line->count >= 1);
    demand(line->first_ns <= line->last_ns);
    demand(line->raw.len < PF_AUDIT_LINE_MAX_BYTES);
    demand(pf_sv_is_utf8(line->message) && pf_sv_is_utf8(line->class_name));
    demand(pf_audit_query_kind_name(line->kind)[0] != '\0');
    if (line->kind == PF_AUDIT_DECISION || line->kind == PF_AUDIT_REPEATS) {
        if (__builtin_add_overflow(seen->sum, line->count, &seen->sum)) {
            seen->sum = UINT64_MAX;
        }
    }
    demand(pf_audit_summary_add(seen->summary, line, NULL) == PF_OK);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen = {.text = {.ptr = (const char *)data, .len = size}};
    struct pf_audit_counts counts = {.files = 0};
    const struct pf_audit_query query = {.each = look, .opaque = &seen};
    demand(pf_audit_summary_new(&seen.summary, NULL) == PF_OK);
    demand(pf_audit_query_text(&query, seen.text, &counts, NULL) == PF_OK);
    demand(counts.matched == seen.lines);
    demand(counts.lines == counts.matched + counts.garbage + counts.overlong + counts.torn);
    demand(pf_audit_summary_totals(seen.summary).decisions == seen.sum);
    for (int i = 0; i < PF_AUDIT_DIMENSION_COUNT; i++) {
        struct pf_audit_row rows[3];
        const size_t count =
            pf_audit_summary_top(seen.summary, (enum pf_audit_dimension)i, 3, rows);
        demand(count == 0 ||
               count <= pf_audit_summary_rows(seen.summary, (enum pf_audit_dimension)i));
        demand(count < 2 || rows[0].others || rows[1].others || rows[0].count >= rows[1].count);
    }
    pf_audit_summary_free(seen.summary);
    return 0;
}

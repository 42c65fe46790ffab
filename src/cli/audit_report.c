#include "audit_report.h"

#include <podfit/clitable.h>
#include <podfit/clock.h>
#include <podfit/write.h>

static enum pf_code top_of(const struct pf_audit_report *report, enum pf_audit_dimension dimension,
                           struct pf_arena *arena, struct pf_audit_row **ret_rows,
                           size_t *ret_count)
{
    struct pf_audit_row *rows = pf_arena_calloc(arena, report->top, sizeof(*rows));
    if (rows == NULL) {
        return PF_E_NO_MEMORY;
    }
    *ret_count = pf_audit_summary_top(report->summary, dimension, report->top, rows);
    *ret_rows = rows;
    return PF_OK;
}

static void put_totals(const struct pf_audit_report *report, struct pf_buf *buf)
{
    const struct pf_audit_totals totals = pf_audit_summary_totals(report->summary);
    pf_buf_printf(buf, "%llu decision%s", (unsigned long long)totals.decisions,
                  totals.decisions != 1 ? "s" : "");
    if (totals.decisions != 0) {
        char first[PF_TIME_TEXT_BYTES];
        char last[PF_TIME_TEXT_BYTES];
        pf_clock_format(totals.first_ns, first);
        pf_clock_format(totals.last_ns, last);
        pf_buf_printf(buf, " from %s to %s", first, last);
    }
    const struct {
        uint64_t count;
        const char *text;
    } notes[] = {
        {totals.dry_run, "dry runs"},
        {totals.observed, "observed only"},
        {totals.mispredictions, "mispredictions"},
        {totals.dropped, "records lost to a full queue"},
        {totals.failed, "records lost to write errors"},
        {report->counts->garbage, "lines that are no records"},
        {report->counts->overlong, "lines too long"},
        {report->counts->torn, "torn last lines"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(notes); i++) {
        if (notes[i].count != 0) {
            pf_buf_printf(buf, "; %llu %s", (unsigned long long)notes[i].count, notes[i].text);
        }
    }
    pf_buf_append_char(buf, '\n');
}

static enum pf_code put_dimension(const struct pf_audit_report *report,
                                  enum pf_audit_dimension dimension, struct pf_arena *arena,
                                  struct pf_buf *buf)
{
    struct pf_audit_row *rows = NULL;
    size_t count = 0;
    const enum pf_code code = top_of(report, dimension, arena, &rows, &count);
    if (code != PF_OK || count == 0) {
        return code;
    }
    static const char *const names[PF_AUDIT_DIMENSION_COUNT] = {
        [PF_AUDIT_BY_CLASS] = "CLASS",     [PF_AUDIT_BY_VERDICT] = "VERDICT",
        [PF_AUDIT_BY_BINDING] = "BINDING", [PF_AUDIT_BY_NAMESPACE] = "NAMESPACE",
        [PF_AUDIT_BY_OWNER] = "OWNER",     [PF_AUDIT_BY_MESSAGE] = "MESSAGE",
    };
    const char *const headings[] = {"COUNT", "FIRST", "LAST", names[dimension]};
    struct pf_clitable table = {0};
    pf_clitable_init(&table, arena, headings, PF_ARRAY_LEN(headings));
    table.right = 1U;
    for (size_t i = 0; i < count; i++) {
        char first[PF_TIME_TEXT_BYTES];
        char last[PF_TIME_TEXT_BYTES];
        pf_clock_format(rows[i].first_ns, first);
        pf_clock_format(rows[i].last_ns, last);
        pf_clitable_addf(&table, "%llu", (unsigned long long)rows[i].count);
        pf_clitable_add(&table, pf_sv_from(first), PF_CLIOUT_PLAIN);
        pf_clitable_add(&table, pf_sv_from(last), PF_CLIOUT_PLAIN);
        const struct pf_sv none = rows[i].others ? PF_SV("(others)") : PF_SV("(none)");
        pf_clitable_add(&table, rows[i].key.len != 0 ? rows[i].key : none,
                        rows[i].key.len != 0 ? PF_CLIOUT_PLAIN : PF_CLIOUT_FAINT);
    }
    pf_buf_append_char(buf, '\n');
    const enum pf_code put = pf_clitable_put(&table, 0, report->colour, buf);
    const size_t all = pf_audit_summary_rows(report->summary, dimension);
    if (all > count) {
        pf_buf_printf(buf, "and %zu more\n", all - count);
    }
    return put;
}

enum pf_code pf_audit_report_text(const struct pf_audit_report *report, struct pf_arena *arena,
                                  struct pf_buf *buf)
{
    put_totals(report, buf);
    for (int i = 0; i < (int)PF_AUDIT_DIMENSION_COUNT; i++) {
        const enum pf_code code = put_dimension(report, (enum pf_audit_dimension)i, arena, buf);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES];
    pf_clock_format(wall_ns, text);
    pf_write_string_member(w, key, wall_ns != 0 ? pf_sv_from(text) : PF_SV(""));
}

static enum pf_code put_rows(const struct pf_audit_report *report,
                             enum pf_audit_dimension dimension, struct pf_arena *arena,
                             struct pf_writer *w)
{
    struct pf_audit_row *rows = NULL;
    size_t count = 0;
    const enum pf_code code = top_of(report, dimension, arena, &rows, &count);
    if (code != PF_OK) {
        return code;
    }
    pf_write_key(w, pf_sv_from(pf_audit_summary_dimension_name(dimension)));
    pf_write_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        pf_write_begin_object(w);
        pf_write_string_member(w, "key", rows[i].key);
        pf_write_bool_member(w, "others", rows[i].others);
        pf_write_u64_member(w, "count", rows[i].count);
        put_time(w, "first", rows[i].first_ns);
        put_time(w, "last", rows[i].last_ns);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    return PF_OK;
}

enum pf_code pf_audit_report_json(const struct pf_audit_report *report, struct pf_arena *arena,
                                  struct pf_buf *buf)
{
    const struct pf_audit_totals totals = pf_audit_summary_totals(report->summary);
    struct pf_writer writer = {0};
    struct pf_writer *w = &writer;
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    pf_write_string_member(w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(w, "kind", PF_SV("AuditSummary"));
    pf_write_u64_member(w, "decisions", totals.decisions);
    pf_write_u64_member(w, "dryRun", totals.dry_run);
    pf_write_u64_member(w, "observed", totals.observed);
    pf_write_u64_member(w, "mispredictions", totals.mispredictions);
    pf_write_u64_member(w, "dropped", totals.dropped);
    pf_write_u64_member(w, "failed", totals.failed);
    put_time(w, "first", totals.first_ns);
    put_time(w, "last", totals.last_ns);
    pf_write_u64_member(w, "files", report->counts->files);
    pf_write_u64_member(w, "lines", report->counts->lines);
    pf_write_u64_member(w, "matched", report->counts->matched);
    pf_write_u64_member(w, "garbage", report->counts->garbage);
    pf_write_u64_member(w, "overlong", report->counts->overlong);
    pf_write_u64_member(w, "torn", report->counts->torn);
    pf_write_key(w, PF_SV("by"));
    pf_write_begin_object(w);
    for (int i = 0; i < (int)PF_AUDIT_DIMENSION_COUNT; i++) {
        const enum pf_code code = put_rows(report, (enum pf_audit_dimension)i, arena, w);
        if (code != PF_OK) {
            return code;
        }
    }
    pf_write_end_object(w);
    pf_write_end_object(w);
    return pf_buf_status(buf, NULL);
}

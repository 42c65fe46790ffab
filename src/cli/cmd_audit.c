#include <stdio.h>

#include "audit_report.h"
#include "cliyaml.h"
#include "cmd.h"
#include <podfit/audit_summary.h>
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/duration.h>

#define ARENA_MAX_BYTES    ((size_t)256 * 1024 * 1024)
#define OUTPUT_MAX_BYTES   ((size_t)256 * 1024 * 1024)
#define OUTPUT_PIECE_BYTES ((size_t)1024 * 1024)
#define DAY_MS             INT64_C(86400000)

struct values {
    const char *since;
    const char *until;
    const char *class_name;
    const char *namespace_;
    const char *verdict;
    const char *cause;
    int64_t top;
    bool records;
    bool alone;
    int format; /* enum pf_cliout_format */
};

static const struct pf_cliopt rows[] = {
    {PF_CLIOPT_TEXT(struct values, since), .name = "since", .value = "TIME",
     .help = "from this time on: 2026-11-22T04:37:00Z, 2026-11-22, or how long ago: 90m, 7d"},
    {PF_CLIOPT_TEXT(struct values, until), .name = "until", .value = "TIME",
     .help = "before this time"},
    {PF_CLIOPT_TEXT(struct values, class_name), .name = "class", .value = "NAME",
     .help = "of this class only"},
    {PF_CLIOPT_TEXT(struct values, namespace_), .name = "namespace", .letter = 'n', .value = "NAME",
     .help = "of this namespace only"},
    {PF_CLIOPT_TEXT(struct values, verdict), .name = "verdict", .value = "VERDICT",
     .help = "with this verdict only: full, never, unknown, or fits (by eviction)"},
    {PF_CLIOPT_TEXT(struct values, cause), .name = "cause", .value = "TEXT",
     .help = "only where this resource or rule binds, or the message holds this text"},
    {.name = "top",
     .type = PF_CLIOPT_INT,
     .offset = offsetof(struct values, top),
     .value = "N",
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "rows of each part of the summary"},
    {PF_CLIOPT_SWITCH(struct values, records), .name = "records",
     .help = "print the records themselves, a JSON object a line, instead of a summary"},
    {PF_CLIOPT_SWITCH(struct values, alone), .name = "alone",
     .help = "read FILE without the rotated FILE.1, FILE.2, ... beside it"},
    {PF_CLIOUT_OPTION(struct values, format), .help = "format of the summary"},
};

const struct pf_cliopt_command pf_cmd_audit_options = {
    .name = "podfit audit",
    .usage = "[OPTIONS] FILE...",
    .about =
        "Query and summarise rejection logs. With one FILE its rotated files are read, too; several are\n"
        "read as given. - is standard input. Lines that are no records are counted and passed over.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .args_min = 1,
    .args_max = 10000,
    .args_name = "FILE",
    .notes = "Exit status: 0 done, also when nothing matches; 2 error.",
    .examples = "  podfit audit audit.log --since 24h\n"
                "  podfit audit audit.log --namespace cocalc --cause memory -o json\n"
                "  podfit audit audit.log --verdict never --records | jq .message",
};

struct run {
    const struct values *values;
    struct pf_audit_summary *summary;
    struct pf_buf out;
    struct pf_err err;
};

static bool on_line(void *opaque, const struct pf_audit_line *line)
{
    struct run *run = opaque;
    if (!run->values->records) {
        return pf_audit_summary_add(run->summary, line, &run->err) == PF_OK;
    }
    pf_buf_append_sv(&run->out, line->raw);
    pf_buf_append_char(&run->out, '\n');
    return run->out.len < OUTPUT_PIECE_BYTES || pf_cliout_flush(&run->out, &run->err) == PF_OK;
}

/* A point in time: RFC 3339, a date, or a duration before now. */
static enum pf_code time_of(const char *option, const char *text, struct pf_arena *arena,
                            int64_t *ret_wall_ns, struct pf_err *err)
{
    const struct pf_sv view = pf_sv_from(text);
    const int64_t now = pf_clock_wall_ns(pf_clock_system());
    int64_t ms = 0;
    int64_t days = 0;
    const struct pf_sv digits = {.ptr = text, .len = view.len - 1};
    const bool in_days = view.len > 1 && view.ptr[view.len - 1] == 'd' &&
                         pf_sv_to_i64(digits, &days) && !__builtin_mul_overflow(days, DAY_MS, &ms);
    if (in_days || pf_duration_parse(view, &ms)) {
        int64_t ago_ns = 0;
        if (ms >= 0 && !__builtin_mul_overflow(ms, PF_NS_PER_MS, &ago_ns)) {
            *ret_wall_ns = now - ago_ns;
            return PF_OK;
        }
    }
    const char *day = pf_arena_printf(arena, "%sT00:00:00Z", text);
    if (day != NULL && pf_clock_parse(day, strlen(day), ret_wall_ns)) {
        return PF_OK;
    }
    if (pf_clock_parse(view.ptr, view.len, ret_wall_ns)) {
        return PF_OK;
    }
    return pf_err_set(err, PF_E_INVALID,
                      "option '--%s': '%s' is not a time such as '2026-11-22T04:37:00Z', "
                      "'2026-11-22' or '90m' (ago)",
                      option, text);
}

static enum pf_code filter_of(const struct values *values, struct pf_arena *arena,
                              struct pf_audit_filter *ret_filter, struct pf_err *err)
{
    struct pf_audit_filter filter = {
        .class_name = pf_sv_from(values->class_name),
        .namespace_ = pf_sv_from(values->namespace_),
        .verdict = pf_sv_from(values->verdict),
        .cause = pf_sv_from(values->cause),
    };
    enum pf_code code = PF_OK;
    if (values->since != NULL) {
        code = time_of("since", values->since, arena, &filter.since_ns, err);
    }
    if (code == PF_OK && values->until != NULL) {
        code = time_of("until", values->until, arena, &filter.until_ns, err);
    }
    if (code == PF_OK) {
        *ret_filter = filter;
    }
    return code;
}

static enum pf_code print_summary(struct run *run, const struct pf_audit_counts *counts,
                                  struct pf_arena *arena, struct pf_err *err)
{
    const struct pf_audit_report report = {
        .summary = run->summary,
        .counts = counts,
        .top = (size_t)run->values->top,
        .colour = pf_cliout_colour(),
    };
    enum pf_code code = PF_OK;
    if (run->values->format == PF_CLIOUT_TABLE) {
        code = pf_audit_report_text(&report, arena, &run->out);
    } else if (run->values->format == PF_CLIOUT_JSON) {
        code = pf_audit_report_json(&report, arena, &run->out);
        pf_buf_append_char(&run->out, '\n');
    } else {
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, OUTPUT_MAX_BYTES);
        code = pf_audit_report_json(&report, arena, &json);
        code = code == PF_OK ? pf_cliyaml_put(&run->out, pf_buf_view(&json), 0, arena, err) : code;
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
}

static enum pf_code audit(struct run *run, const struct pf_cliopt_strings *files,
                          struct pf_arena *arena, struct pf_err *err)
{
    struct pf_audit_query query = {.each = on_line, .opaque = run};
    struct pf_audit_counts counts = {.files = 0};
    enum pf_code code = filter_of(run->values, arena, &query.filter, err);
    if (code == PF_OK) {
        code = pf_audit_summary_new(&run->summary, err);
    }
    if (code == PF_OK) {
        const bool rotated =
            files->count == 1 && !run->values->alone && strcmp(files->items[0], "-") != 0;
        code = pf_audit_query_files(&query, files->items, files->count, rotated, &counts, err);
    }
    if (code == PF_OK && run->err.code != PF_OK) {
        code = pf_err_set(err, run->err.code, "%s", run->err.text);
    }
    if (code == PF_OK && !run->values->records) {
        code = print_summary(run, &counts, arena, err);
    }
    return code == PF_OK ? pf_cliout_flush(&run->out, err) : code;
}

int pf_cmd_audit_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct values values = {.format = PF_CLIOUT_TABLE};
    struct pf_cliopt_strings files = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values, .ret_args = &files};
    if (!pf_cliopt_begin(&pf_cmd_audit_options, &start, &status)) {
        return status;
    }
    struct run run = {.values = &values};
    pf_buf_init(&run.out, OUTPUT_MAX_BYTES);
    struct pf_err err = {0};
    const enum pf_code code = audit(&run, &files, &arena, &err);
    pf_audit_summary_free(run.summary);
    pf_buf_done(&run.out);
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

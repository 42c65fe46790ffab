#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "cliyaml.h"
#include "cmd.h"
#include "load.h"
#include "nodes_view.h"
#include "progress.h"
#include "source.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/live.h>

#define ARENA_BYTES      ((size_t)1024 * 1024 * 1024)
#define OUTPUT_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define REDRAW_MS        1000
/* Lines of a drawing that are no node: sums, headings, what is left out, where the cursor ends; and a height below which nothing is left out. */
#define WATCH_LINES_OTHER 4
#define WATCH_LINES_MIN   8
#define FIRST_MS          120000
/* As many as a shell passes. */
#define ARGUMENTS_MAX 100000

struct values {
    struct pf_source_options source;
    struct pf_cliopt_strings names; /* the arguments; none: every node */
    bool watch;
    int format;
};

enum { FORMAT_TABLE, FORMAT_WIDE, FORMAT_JSON, FORMAT_YAML };
static const char *const formats[] = {"table", "wide", "json", "yaml", NULL};

static const struct pf_cliopt rows[] = {
    {PF_CLIOPT_TEXT(struct values, source.snapshot), .name = "snapshot", .value = "FILE",
     .help = "show this file instead of a living cluster; 'example' is an embedded one"},
    PF_SOURCE_ROWS(struct values, source),
    {PF_CLIOPT_SWITCH(struct values, watch), .name = "watch", .letter = 'w',
     .help = "follow the cluster and draw again each second until interrupted"},
    {.name = "output",
     .letter = 'o',
     .type = PF_CLIOPT_ENUM,
     .offset = offsetof(struct values, format),
     .value = "FORMAT",
     .fallback = "table",
     .choices = formats,
     .help = "format; wide: nothing cut, no bars, storage, other resources and zone, too"},
};

const struct pf_cliopt_command pf_cmd_nodes_options = {
    .name = "podfit nodes",
    .usage = "[OPTIONS] [NODE...]",
    .about =
        "Show what the model believes of each node: requested and allocatable CPU and memory, pods,\n"
        "room that is held for pods on their way, cordon and taints.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .args_max = ARGUMENTS_MAX,
    .args_name = "NODE",
    .notes =
        "Exit status: 0 shown, 2 error. Bars and colours only on a terminal and without NO_COLOR.",
    .examples = "  podfit nodes\n"
                "  podfit nodes --snapshot example\n"
                "  podfit nodes worker-1 worker-2 -o wide\n"
                "  podfit nodes --context production --watch\n"
                "  podfit nodes -o json",
};

static enum pf_code compose(const struct pf_node_rows *nodes, int format, struct pf_arena *arena,
                            struct pf_buf *out, struct pf_err *err)
{
    if (format == FORMAT_TABLE || format == FORMAT_WIDE) {
        const enum pf_code code = pf_nodes_table(nodes, format == FORMAT_WIDE, arena, out);
        return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
    }
    if (format == FORMAT_JSON) {
        pf_nodes_json(nodes, out);
        pf_buf_append_char(out, '\n');
        return pf_buf_status(out, err);
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, OUTPUT_MAX_BYTES);
    pf_nodes_json(nodes, &json);
    const enum pf_code code = pf_buf_status(&json, err);
    return code == PF_OK ? pf_cliyaml_put(out, pf_buf_view(&json), 0, arena, err) : code;
}

static enum pf_code show(struct pf_model *model, const struct values *values, bool again,
                         struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf out = {0};
    struct pf_node_rows nodes = {.count = 0};
    size_t left_out = 0;
    pf_arena_init(&arena, ARENA_BYTES);
    pf_buf_init(&out, OUTPUT_MAX_BYTES);
    if (pf_nodes_take(model, &arena, &nodes) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (nodes.count == 0 && !again) {
        pf_cliout_error("there is no node");
    }
    const char *missing = pf_nodes_pick(&nodes, values->names.items, values->names.count);
    if (missing != NULL && !again) {
        return pf_err_set(err, PF_E_NOT_FOUND, "there is no node '%s'", missing);
    }
    const unsigned height = pf_cliout_height(STDOUT_FILENO);
    const bool table = values->format == FORMAT_TABLE || values->format == FORMAT_WIDE;
    if (again && height != 0) {
        pf_buf_append_cstr(&out, "\033[H\033[2J"); /* home, clear */
    }
    enum pf_code code = PF_OK;
    if (height != 0 && table) {
        code = pf_nodes_summary(&nodes, &out);
    }
    if (again && height > WATCH_LINES_MIN && table && nodes.count > height - WATCH_LINES_OTHER) {
        left_out = nodes.count - (height - WATCH_LINES_OTHER);
        nodes.count -= left_out;
    }
    code = code == PF_OK ? compose(&nodes, values->format, &arena, &out, err) : code;
    if (left_out != 0) {
        pf_buf_printf(&out, "and %zu more, for which there is no line left\n", left_out);
    }
    return code == PF_OK ? pf_cliout_flush(&out, err) : code;
}

static enum pf_code first_sync(struct pf_live *live, struct pf_model *model, struct pf_err *err)
{
    struct pf_progress_ticker ticker = {.running = false};
    pf_progress_ticker_start(&ticker, model, "the cluster");
    enum pf_code code = pf_live_start(live, err);
    if (code == PF_OK) {
        code = pf_live_wait_synced(live, FIRST_MS, err);
    }
    pf_progress_ticker_stop(&ticker);
    return code;
}

static enum pf_code watch(struct pf_live *live, struct pf_model *model, const struct values *values,
                          struct pf_err *err)
{
    enum pf_code code = first_sync(live, model, err);
    if (code == PF_OK) {
        pf_source_say_denied(live);
    }
    while (code == PF_OK) {
        code = show(model, values, /* again= */ true, err);
        if (code == PF_OK && fflush(stdout) != 0) {
            code = pf_err_set_errno(err, PF_E_IO, errno, "cannot write to standard output");
        }
        (void)poll(NULL, 0, code == PF_OK ? REDRAW_MS : 0); /* a signal ends the program */
    }
    return code;
}

static enum pf_code follow(const struct pf_source *source, struct pf_config *config,
                           const struct values *values, struct pf_err *err)
{
    struct pf_model *model = NULL;
    struct pf_live *live = NULL;
    enum pf_code code = pf_source_configure_log(err);
    code = code == PF_OK ? pf_load_empty(config, &model, err) : code;
    if (code == PF_OK) {
        const struct pf_live_options options = {.model = model,
                                                .kube = &source->kube,
                                                .clock = pf_clock_system(),
                                                .user_agent = pf_source_user_agent(),
                                                .follow = true,
                                                .impatient = true};
        code = pf_live_new(&options, &live, err);
    }
    if (code == PF_OK) {
        pf_live_set_config(live, config);
        code = watch(live, model, values, err);
        code = code == PF_OK ? PF_OK
                             : pf_err_wrap(err, code, "cannot follow the cluster at '%s'",
                                           source->kube.server);
    }
    pf_live_free(live);
    pf_model_free(model);
    return code;
}

static enum pf_code once(const struct pf_source *source, struct pf_config *config,
                         const struct values *values, struct pf_err *err)
{
    struct pf_source_load load = {.source = source, .config = config};
    enum pf_code code = pf_source_model(&load, err);
    if (code == PF_OK) {
        code = show(load.model, values, /* again= */ false, err);
    }
    pf_model_free(load.model);
    pf_config_unref(load.adapted);
    return code;
}

static enum pf_code run(const struct values *values, struct pf_arena *arena, struct pf_err *err)
{
    struct pf_source source = {.kind = PF_SOURCE_EXAMPLE};
    struct pf_config *config = NULL;
    enum pf_code code =
        pf_source_choose(&values->source, PF_SOURCE_DEFAULT_LIVE, arena, &source, err);
    if (code == PF_OK && values->watch && source.kind != PF_SOURCE_LIVE) {
        code = pf_err_set(err, PF_E_INVALID,
                          "option '--watch' needs a living cluster, not '--snapshot'");
    }
    if (code == PF_OK) {
        code = pf_config_keep_all(&config, err);
    }
    if (code == PF_OK) {
        code = values->watch ? follow(&source, config, values, err)
                             : once(&source, config, values, err);
    }
    pf_config_unref(config);
    return code;
}

int pf_cmd_nodes_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct values values = {.format = FORMAT_TABLE};
    struct pf_cliopt_strings names = {.count = 0};
    int status = PF_COMMAND_OK;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values, .ret_args = &names};
    if (!pf_cliopt_begin(&pf_cmd_nodes_options, &start, &status)) {
        return status;
    }
    struct pf_err err = {0};
    values.names = names;
    if (run(&values, &arena, &err) != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

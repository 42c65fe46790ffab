#include "cliyaml.h"
#include "cmd.h"
#include "plan_options.h"
#include "plan_show.h"
#include "plan_whatif.h"
#include <podfit/command.h>

#define OUTPUT_MAX_BYTES  ((size_t)1024 * 1024 * 1024)
#define ARENA_MAX_BYTES   ((size_t)4 * 1024 * 1024 * 1024)
#define OPTIONS_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct run {
    const struct pf_plan_options *options;
    struct pf_plan_inputs inputs;
    struct pf_plan_world world;
    struct pf_plan_settings what_if; /* inputs.settings with the changes */
    struct pf_plan plans[2];
    struct pf_arena arena;
};

static enum pf_code print(struct run *run, struct pf_err *err)
{
    const bool two = run->options->what_ifs.count != 0;
    const struct pf_bars bars = pf_bars_terminal();
    const struct pf_plan_show show = {
        .settings = {&run->inputs.settings, &run->what_if},
        .plans = {&run->plans[0], two ? &run->plans[1] : NULL},
        .changes = run->options->what_ifs.items,
        .change_count = run->options->what_ifs.count,
        .bars = &bars,
    };
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, OUTPUT_MAX_BYTES);
    if (run->options->format == PF_CLIOUT_TABLE) {
        if (pf_plan_text_put(&show, &run->arena, &out) != PF_OK) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
        }
        return pf_cliout_flush(&out, err);
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, OUTPUT_MAX_BYTES);
    pf_plan_json_put(&show, &json);
    enum pf_code code = pf_buf_status(&json, err);
    if (code == PF_OK && run->options->format == PF_CLIOUT_JSON) {
        pf_buf_append_char(&json, '\n');
        return pf_cliout_flush(&json, err);
    }
    code = code == PF_OK ? pf_cliyaml_put(&out, pf_buf_view(&json), 0, &run->arena, err) : code;
    return code == PF_OK ? pf_cliout_flush(&out, err) : code;
}

/* A key is changed once: of two values neither is the one that was meant. */
static enum pf_code check_once(const struct pf_cliopt_strings *what_ifs, size_t index,
                               struct pf_err *err)
{
    const char *text = what_ifs->items[index];
    const size_t len = strcspn(text, "=");
    for (size_t i = 0; i < index; i++) {
        if (strcspn(what_ifs->items[i], "=") == len && memcmp(what_ifs->items[i], text, len) == 0) {
            return pf_err_set(err, PF_E_INVALID, "'%.*s' is given twice", (int)len, text);
        }
    }
    return PF_OK;
}

static enum pf_code apply_what_ifs(struct run *run, struct pf_err *err)
{
    const struct pf_plan_whatif_base base = {
        .nodes = run->world.node_count,
        .equal_nodes = run->options->nodes.count == 1,
    };
    enum pf_code code = PF_OK;
    run->what_if = run->inputs.settings;
    for (size_t i = 0; i < run->options->what_ifs.count && code == PF_OK; i++) {
        code = check_once(&run->options->what_ifs, i, err);
        code = code != PF_OK ? code
                             : pf_plan_whatif_apply(pf_sv_from(run->options->what_ifs.items[i]),
                                                    &base, &run->what_if, err);
    }
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "option '--what-if'");
}

static enum pf_code plan(struct run *run, struct pf_err *err)
{
    enum pf_code code = pf_plan_options_read(run->options, &run->inputs, err);
    code = code == PF_OK
               ? pf_plan_world_init(&run->world, run->inputs.model, run->inputs.config, err)
               : code;
    code = code == PF_OK ? apply_what_ifs(run, err) : code;
    code = code == PF_OK
               ? pf_plan_calc(&run->inputs.settings, &run->world, &run->arena, &run->plans[0], err)
               : code;
    if (code == PF_OK && run->options->what_ifs.count != 0) {
        code = pf_plan_calc(&run->what_if, &run->world, &run->arena, &run->plans[1], err);
        code = code == PF_OK ? PF_OK : pf_err_wrap(err, code, "what if");
    }
    return code == PF_OK ? print(run, err) : code;
}

static int plan_with(const struct pf_plan_options *options)
{
    struct run run = {.options = options};
    struct pf_err err = {0};
    pf_arena_init(&run.arena, ARENA_MAX_BYTES);
    const enum pf_code code = plan(&run, &err);
    if (code != PF_OK && err.code != PF_OK) {
        pf_cliout_error("%s", err.text);
    }
    const struct pf_plan *last = &run.plans[options->what_ifs.count != 0 ? 1 : 0];
    const bool fits = last->fits >= (uint64_t)last->wanted;
    pf_plan_world_done(&run.world);
    pf_plan_options_done(&run.inputs);
    pf_arena_done(&run.arena);
    return code != PF_OK ? PF_COMMAND_ERROR : fits ? PF_COMMAND_OK : PF_COMMAND_NO;
}

int pf_cmd_plan_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, OPTIONS_MAX_BYTES);
    struct pf_plan_options options = {.format = PF_CLIOUT_TABLE};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &options};
    if (!pf_cliopt_begin(&pf_plan_options_command, &start, &status)) {
        return status;
    }
    return plan_with(&options);
}

#include "load.h"

#include <stdio.h>

#include <podfit/cliout.h>
#include <podfit/example.h>
#include <podfit/file.h>
#include <podfit/fit.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/snapshot.h>

/* A check is over long before; a held room must not run out under a long list of pods. */
#define CHECK_TTL_MS INT64_C(86400000)

static void say_problems(const struct pf_problems *problems)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PF_CONFIG_MAX_BYTES);
    pf_problems_format(problems, &text);
    pf_cliout_error_lines(pf_buf_view(&text));
}

void pf_load_say_notes(const struct pf_config *config)
{
    for (size_t i = 0; i < config->note_count; i++) {
        pf_cliout_error("fit.schedulerConfig: %.*s", PF_SV_ARG(config->notes[i]));
    }
}

enum pf_code pf_load_config(const char *path, struct pf_config **ret_config)
{
    pf_autobuf struct pf_buf bytes = {0};
    pf_buf_init(&bytes, PF_CONFIG_MAX_BYTES);
    struct pf_err err = {0};
    enum pf_code code = path != NULL ? pf_file_read(path, &bytes, &err) : PF_OK;
    if (code != PF_OK) {
        pf_cliout_error("configuration: %s", err.text);
        return code;
    }
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 16 * PF_CONFIG_MAX_BYTES);
    pf_autofree struct pf_problems *problems = pf_mem_calloc(1, sizeof(*problems));
    if (problems == NULL) {
        pf_cliout_error("out of memory");
        return PF_E_NO_MEMORY;
    }
    const char *name = path != NULL ? path : PF_EXAMPLE_CONFIG_NAME;
    pf_problems_init(problems, &arena, name);
    code = pf_config_parse(path != NULL ? pf_buf_view(&bytes) : pf_example_config(), name, problems,
                           ret_config);
    if (code != PF_OK && problems->total != 0) {
        say_problems(problems);
        code = PF_E_INVALID;
    } else if (code != PF_OK) {
        pf_cliout_error("cannot read the configuration '%s': %s", name, pf_code_name(code));
    }
    return code;
}

static enum pf_code place_pending(struct pf_model *model, const struct pf_config *config,
                                  struct pf_err *err)
{
    struct pf_fit *fit = NULL;
    enum pf_code code = pf_fit_new(model, &config->fit, &fit, err);
    if (code != PF_OK) {
        return code;
    }
    pf_model_lock(model);
    code = pf_fit_place_pending(fit, err);
    pf_model_unlock(model);
    pf_fit_free(fit);
    return code;
}

/* A snapshot: a file, or bytes when @p path is NULL. */
struct source {
    const char *path;
    struct pf_sv bytes;
    const char *name; /* of the bytes, for messages */
};

static enum pf_code fill(struct pf_model *model, const struct source *source,
                         const struct pf_config *config, struct pf_err *err)
{
    struct pf_snapshot_stats stats = {0};
    enum pf_code code = source->path != NULL ? pf_snapshot_load(model, source->path, &stats, err)
                                             : pf_snapshot_load_bytes(model, source->bytes,
                                                                      source->name, &stats, err);
    return code == PF_OK ? place_pending(model, config, err) : code;
}

enum pf_code pf_load_empty(const struct pf_config *config, struct pf_model **ret_model,
                           struct pf_err *err)
{
    const struct pf_model_options options = {
        .features = config->fit.features,
        .clock = pf_clock_system(),
        .reservation_ttl_ms = CHECK_TTL_MS,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    struct pf_model *model = NULL;
    enum pf_code code = pf_model_new(&options, &model, err);
    if (code == PF_OK) {
        pf_model_lock(model);
        code = pf_fit_tell_schedulers(model, &config->fit, err);
        pf_model_unlock(model);
    }
    if (code != PF_OK) {
        pf_model_free(model);
        return code;
    }
    *ret_model = model;
    return PF_OK;
}

/* `example` is the embedded cluster, wherever a snapshot is named. */
static struct source of_path(const char *path)
{
    const bool example = path != NULL && pf_sv_eq_cstr(pf_sv_from(path), "example");
    return (struct source){.path = example ? NULL : path,
                           .bytes = pf_example_cluster(),
                           .name = PF_EXAMPLE_CLUSTER_NAME};
}

enum pf_code pf_load_fill(struct pf_model *model, const char *path, const struct pf_config *config,
                          struct pf_err *err)
{
    const struct source source = of_path(path);
    return fill(model, &source, config, err);
}

enum pf_code pf_load_model_bytes(struct pf_sv bytes, const char *name,
                                 const struct pf_config *config, struct pf_model **ret_model,
                                 struct pf_err *err)
{
    const struct source source = {.bytes = bytes, .name = name};
    struct pf_model *model = NULL;
    enum pf_code code = pf_load_empty(config, &model, err);
    if (code == PF_OK) {
        code = fill(model, &source, config, err);
    }
    if (code != PF_OK) {
        pf_model_free(model);
        return code;
    }
    *ret_model = model;
    return PF_OK;
}

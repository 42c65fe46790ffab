#include "cliyaml.h"
#include "cmd.h"
#include "migrate.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/config.h>
#include <podfit/file.h>
#include <podfit/limits.h>

#define ARENA_MAX_BYTES (32 * PF_CONFIG_MAX_BYTES)

struct values {
    const char *name;
    struct pf_cliopt_strings namespaces;
};

static const struct pf_cliopt rows[] = {
    {.name = "name",
     .type = PF_CLIOPT_STRING,
     .offset = offsetof(struct values, name),
     .value = "NAME",
     .help = "name of the class; otherwise projects (CoCalc) or overcommit (OpenShift)"},
    {.name = "namespace",
     .letter = 'n',
     .type = PF_CLIOPT_STRINGS,
     .offset = offsetof(struct values, namespaces),
     .value = "NAME",
     .help =
         "namespace of the pods, may be repeated; otherwise cocalc, or for OpenShift the namespaces "
         "that carry its label"},
};

const struct pf_cliopt_command pf_cmd_migrate_options = {
    .name = "podfit config migrate",
    .usage = "[OPTIONS] FILE",
    .about =
        "Print the class that does what another program's settings do: OpenShift's ClusterResourceOverride\n"
        "(or ClusterResourceOverrideConfig), or Helm values of CoCalc OnPrem. What is not carried over is\n"
        "said on standard error.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .args_min = 1,
    .args_max = 1,
    .args_name = "FILE",
    .notes = "Exit status: 0 done, 1 the settings are none that podfit can take over, 2 error.",
    .examples = "  podfit config migrate my-values.yaml > podfit.yaml\n"
                "  kubectl get clusterresourceoverride cluster -o yaml | podfit config migrate -",
};

static void say_note(void *opaque, const char *text)
{
    (void)opaque;
    pf_cliout_error("%s", text);
}

/* What is printed is a configuration that podfit accepts. */
static enum pf_code check(struct pf_sv yaml, struct pf_arena *arena, struct pf_err *err)
{
    struct pf_problems *problems = pf_arena_calloc(arena, 1, sizeof(*problems));
    if (problems == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    struct pf_config *config = NULL;
    pf_problems_init(problems, arena, "the class");
    enum pf_code code = pf_config_parse(yaml, "the class", problems, &config);
    pf_config_unref(config);
    if (code != PF_OK && problems->total != 0) {
        return pf_problems_status(problems, err);
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
}

static enum pf_code migrate(const char *path, const struct values *values, struct pf_buf *out,
                            struct pf_err *err)
{
    const struct pf_migrate_options options = {
        .name = values->name,
        .namespaces = values->namespaces.items,
        .namespace_count = values->namespaces.count,
    };
    const struct pf_migrate_notes notes = {.note = say_note};
    const struct pf_yaml_node *root = NULL;
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf bytes = {0};
    pf_autobuf struct pf_buf json = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    pf_buf_init(&bytes, PF_CONFIG_MAX_BYTES);
    pf_buf_init(&json, 4 * PF_CONFIG_MAX_BYTES);
    enum pf_code code = pf_file_read(path, &bytes, err);
    if (code == PF_OK) {
        code =
            pf_yaml_parse_one(path, pf_buf_view(&bytes), PF_CONFIG_MAX_BYTES, &arena, &root, err);
    }
    if (code == PF_OK) {
        code = pf_migrate_write(root, &options, &notes, &json, err);
        code = code == PF_OK ? PF_OK : pf_err_wrap(err, code, "%s", path);
    }
    if (code == PF_OK) {
        code = pf_cliyaml_put(out, pf_buf_view(&json), 0, &arena, err);
    }
    return code == PF_OK ? check(pf_buf_view(out), &arena, err) : code;
}

int pf_cmd_migrate_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct values values = {.name = NULL};
    struct pf_cliopt_strings files = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values, .ret_args = &files};
    if (!pf_cliopt_begin(&pf_cmd_migrate_options, &start, &status)) {
        return status;
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, 4 * PF_CONFIG_MAX_BYTES);
    struct pf_err err = {0};
    enum pf_code code = migrate(files.items[0], &values, &out, &err);
    code = code == PF_OK ? pf_cliout_flush(&out, &err) : code;
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return code == PF_E_INVALID || code == PF_E_UNSUPPORTED ? PF_COMMAND_NO : PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

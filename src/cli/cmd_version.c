#include <stdio.h>

#include "cliyaml.h"
#include "cmd.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/version.h>
#include <podfit/write.h>

#define ARENA_MAX_BYTES ((size_t)1024 * 1024)

struct values {
    int format; /* enum pf_cliout_format */
};

static const struct pf_cliopt rows[] = {
    {PF_CLIOUT_OPTION(struct values, format), .help = "format"},
};

const struct pf_cliopt_command pf_cmd_version_options = {
    .name = "podfit version",
    .usage = "[OPTIONS]",
    .about = "Print podfit's version and the Kubernetes versions whose scheduler it knows.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .examples = "  podfit version\n  podfit version -o json",
};

static void put_json(struct pf_buf *buf)
{
    struct pf_writer w = {0};
    char oldest[16];
    char newest[16];
    (void)snprintf(oldest, sizeof(oldest), "1.%d", PF_KUBE_MINOR_OLDEST);
    (void)snprintf(newest, sizeof(newest), "1.%d", PF_KUBE_MINOR_NEWEST);
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("podfit.io/v1"));
    pf_write_string_member(&w, "kind", PF_SV("Version"));
    pf_write_string_member(&w, "version", PF_SV(PF_VERSION));
    pf_write_string_member(&w, "compiler", PF_SV(__VERSION__));
    pf_write_string_member(&w, "kubernetesOldest", pf_sv_from(oldest));
    pf_write_string_member(&w, "kubernetesNewest", pf_sv_from(newest));
    pf_write_end_object(&w);
}

static enum pf_code put(int format, struct pf_arena *arena, struct pf_buf *buf, struct pf_err *err)
{
    if (format == PF_CLIOUT_TABLE) {
        pf_buf_printf(buf, "podfit %s (Kubernetes 1.%d to 1.%d)\n", PF_VERSION,
                      PF_KUBE_MINOR_OLDEST, PF_KUBE_MINOR_NEWEST);
        return PF_OK;
    }
    if (format == PF_CLIOUT_JSON) {
        put_json(buf);
        pf_buf_append_char(buf, '\n');
        return PF_OK;
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, ARENA_MAX_BYTES);
    put_json(&json);
    return pf_cliyaml_put(buf, pf_buf_view(&json), 0, arena, err);
}

int pf_cmd_version_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct values values = {.format = PF_CLIOUT_TABLE};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values};
    if (!pf_cliopt_begin(&pf_cmd_version_options, &start, &status)) {
        return status;
    }
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, ARENA_MAX_BYTES);
    struct pf_err err = {0};
    enum pf_code code = put(values.format, &arena, &buf, &err);
    code = code == PF_OK ? pf_cliout_flush(&buf, &err) : code;
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

#include <sys/stat.h>

#include "config_internal.h"
#include <podfit/file.h>
#include <podfit/limits.h>

/* A pipe or a device would make reading wait or never end. */
static enum pf_code read_regular(void *opaque PF_UNUSED, const char *path, struct pf_buf *buf,
                                 struct pf_err *err)
{
    struct stat status;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return pf_err_set(err, PF_E_INVALID, "'%.400s' is not a regular file", path);
    }
    return pf_file_read(path, buf, err);
}

/* From the folder of the configuration. @return NULL: no memory */
static const char *resolve(const char *name, struct pf_sv file, struct pf_arena *arena)
{
    const char *const slash = strrchr(name, '/');

    if (file.ptr[0] == '/' || slash == NULL) {
        /* "-" would be standard input */
        return pf_arena_printf(arena, "%s%.*s", file.ptr[0] == '-' ? "./" : "", PF_SV_ARG(file));
    }
    return pf_arena_printf(arena, "%.*s/%.*s", (int)(slash - name), name, PF_SV_ARG(file));
}

static enum pf_code parse(struct pf_option_run *run, const char *path, struct pf_sv yaml,
                          struct pf_config_context *context)
{
    const char *const outer = run->problems->file;

    run->problems->file = path;
    const enum pf_code code = pf_schedconfig_parse(yaml, run, &context->scheduler);
    run->problems->file = outer;
    return code;
}

enum pf_code pf_config_check_scheduler(struct pf_option_run *run, const struct pf_yaml_node *node,
                                       const struct pf_problems_path *path, void *field)
{
    const struct pf_sv *const file = field;
    struct pf_config_context *const context = run->opaque;
    const struct pf_config_source *const source = context->source;
    /* problems outlive the configuration that is not made */
    const char *const resolved = resolve(source->name, *file, run->problems->arena);
    pf_autobuf struct pf_buf bytes = {0};
    struct pf_err err = {0};
    enum pf_code code = PF_OK;

    if (resolved == NULL) {
        return pf_err_set(run->err, PF_E_NO_MEMORY, "out of memory for the scheduler's file");
    }
    if (strlen(file->ptr) != file->len) {
        pf_problems_add(run->problems, node->mark, path, "found a NUL byte, allowed is a path");
        return PF_OK;
    }
    pf_buf_init(&bytes, PF_CONFIG_MAX_BYTES);
    code = (source->read != NULL ? source->read : read_regular)(source->opaque, resolved, &bytes,
                                                                &err);
    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(run->err, code, "out of memory for the scheduler's file");
    }
    if (code != PF_OK) {
        pf_problems_add(run->problems, node->mark, path, "cannot be read: %.400s", err.text);
        return PF_OK;
    }
    context->scheduler_hash = pf_config_hash(0, pf_buf_view(&bytes));
    code = parse(run, resolved, pf_buf_view(&bytes), context);
    return code == PF_OK ? PF_OK
                         : pf_err_set(run->err, code, "out of memory for the scheduler's file");
}

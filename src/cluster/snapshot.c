#include <errno.h>
#include <fcntl.h>

#include "cluster_internal.h"
#include "snapshot_internal.h"
#include <podfit/file.h>
#include <podfit/limits.h>

static enum pf_code read_all(struct pf_snapshot_load *load, struct pf_err *err)
{
    char first = '\0';
    const enum pf_code code = pf_source_first(load->source, &first, err);
    if (code != PF_OK) {
        return code;
    }
    if (first == '\0') {
        return pf_err_set(err, PF_E_INVALID, "it is empty");
    }
    return first == '{' ? pf_snapshot_json(load, err) : pf_snapshot_yaml(load, err);
}

static enum pf_code load_source(struct pf_model *model, struct pf_source *source,
                                struct pf_snapshot_stats *ret_stats, struct pf_err *err)
{
    struct pf_snapshot_load load = {.model = model, .source = source};
    struct pf_err own = {0};
    struct pf_err *text = err != NULL ? err : &own;
    pf_arena_init(&load.arena, PF_REVIEW_ARENA_MAX_BYTES);
    const enum pf_code code = read_all(&load, text);
    pf_arena_done(&load.arena);
    if (code != PF_OK) {
        return pf_err_wrap(text, code, "cannot load snapshot '%s'", source->name);
    }
    struct pf_model_origin origin = {
        .synced = true, .live = false, .updated_mono_ns = pf_clock_mono_ns(model->options.clock)};
    memcpy(origin.resource_version, load.stats.resource_version, sizeof(origin.resource_version));
    pf_model_set_origin(model, &origin);
    *ret_stats = load.stats;
    return PF_OK;
}

enum pf_code pf_snapshot_load(struct pf_model *model, const char *path,
                              struct pf_snapshot_stats *ret_stats, struct pf_err *err)
{
    const bool is_stdin = pf_sv_eq_cstr(pf_sv_from(path), "-");
    pf_autoclose int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (!is_stdin && opened < 0) {
        return pf_err_set_errno(err, errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO, errno,
                                "cannot open snapshot '%s'", path);
    }
    struct pf_source source = {.name = is_stdin ? "stdin" : path,
                               .fd = is_stdin ? STDIN_FILENO : opened};
    const off_t start = lseek(source.fd, 0, SEEK_CUR);
    source.seekable = start >= 0;
    source.start = start > 0 ? (uint64_t)start : 0;
    return load_source(model, &source, ret_stats, err);
}

enum pf_code pf_snapshot_load_bytes(struct pf_model *model, struct pf_sv bytes, const char *name,
                                    struct pf_snapshot_stats *ret_stats, struct pf_err *err)
{
    struct pf_source source = {.name = name, .fd = -1, .seekable = true, .bytes = bytes};
    return load_source(model, &source, ret_stats, err);
}

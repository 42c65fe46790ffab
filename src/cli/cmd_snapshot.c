#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "progress.h"
#include "snapshot_write.h"
#include "source.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/live.h>
#include <podfit/watch_stream.h>

#define ARENA_BYTES       ((size_t)1024 * 1024)
#define PATH_MAX_BYTES    ((size_t)16 * 1024)
#define VERSION_MAX_BYTES ((size_t)64 * 1024)
#define CHUNK_BYTES       ((size_t)64 * 1024)
#define STEP_MS           1000
/* A page of 500 large pods over a slow line. */
#define PAGE_TIMEOUT_MS 60000
#define PAGE_LIMIT      "?limit=500"

struct values {
    struct pf_source_options source;
    const char *output;
    bool redact;
};

static const struct pf_cliopt rows[] = {
    {PF_CLIOPT_TEXT(struct values, output), .name = "output", .letter = 'o', .value = "FILE",
     .help = "where to; without it standard output"},
    {PF_CLIOPT_SWITCH(struct values, redact), .name = "redact",
     .help = "keep only what fit reads: no environment, commands, volumes' secrets, foreign "
             "annotations; names and labels stay"},
    PF_SOURCE_ROWS(struct values, source),
    {PF_CLIOPT_TEXT(struct values, source.snapshot), .name = "snapshot", .value = "FILE",
     .help =
         "rewrite this snapshot (a JSON list, - is standard input) instead of asking a cluster: "
         "to redact it"},
};

const struct pf_cliopt_command pf_cmd_snapshot_options = {
    .name = "podfit snapshot",
    .usage = "[OPTIONS]",
    .about =
        "Save all objects of a living cluster that podfit's filters read as one 'kind: List', for\n"
        "'podfit check --snapshot FILE' and the like.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .notes =
        "Kinds that are forbidden or missing are told and left out; nodes, pods and namespaces are\n"
        "needed. Exit status: 0 saved, 2 error.",
    .examples = "  podfit snapshot -o cluster.json\n"
                "  podfit snapshot --redact --context production -o cluster.json\n"
                "  podfit snapshot --redact --snapshot full.json -o small.json",
};

/** One run. */
struct run {
    struct pf_snapshot_writer writer;
    struct pf_kube_client *client;
    const struct pf_live_resource *resource;
    struct pf_list_stream *stream;
    char resource_version[32]; /* of the pods, listed last of the needed ones */
    struct pf_err err;         /* of the stream */
    struct pf_progress progress;
    uint64_t count; /* objects */
    bool done;
    int status;
    enum pf_code code;
    char message[PF_ERR_TEXT_BYTES];
};

static bool take_item(void *ctx, struct pf_sv item)
{
    struct run *run = ctx;
    const struct pf_live_resource *resource = run->resource;
    const struct pf_sv none = {0};
    run->count++;
    pf_progress_say(&run->progress, "saving %s: %llu objects so far ...",
                    resource != NULL ? resource->name : "the list", (unsigned long long)run->count);
    return pf_snapshot_writer_put(&run->writer,
                                  resource != NULL ? pf_sv_from(resource->api_version) : none,
                                  resource != NULL ? pf_sv_from(resource->kind) : none, item);
}

static bool take_bytes(void *ctx, struct pf_sv bytes)
{
    struct run *run = ctx;
    return pf_list_stream_feed(run->stream, bytes, &run->err) == PF_OK;
}

static void finished(void *ctx, const struct pf_kube_result *result)
{
    struct run *run = ctx;
    run->done = true;
    run->status = result->status;
    run->code = result->code;
    (void)snprintf(run->message, sizeof(run->message), "%.*s", PF_SV_ARG(result->message));
}

static enum pf_code ask_page(struct run *run, const char *path, struct pf_err *err)
{
    char what[64];
    (void)snprintf(what, sizeof(what), "list %s", run->resource->name);
    const struct pf_kube_request request = {
        .method = "GET",
        .path = path,
        .what = what,
        .timeout_ms = PAGE_TIMEOUT_MS,
        .on_data = take_bytes,
        .on_done = finished,
        .ctx = run,
    };
    struct pf_kube_call *call = NULL;
    run->done = false;
    run->err = (struct pf_err){0};
    const enum pf_code code = pf_kube_client_start(run->client, &request, &call, err);
    while (code == PF_OK && !run->done) {
        pf_kube_client_step(run->client, STEP_MS);
    }
    if (code != PF_OK) {
        return code;
    }
    if (run->writer.err.code != PF_OK) {
        return pf_err_set(err, run->writer.err.code, "%s", run->writer.err.text);
    }
    if (run->err.code != PF_OK) {
        return pf_err_set(err, run->err.code, "cannot %s: %s", what, run->err.text);
    }
    return run->code == PF_OK ? pf_list_stream_end(run->stream, err)
                              : pf_err_set(err, run->code, "%s", run->message);
}

static void put_path(const struct run *run, struct pf_sv token, struct pf_buf *path)
{
    pf_buf_append_cstr(path, run->resource->path);
    pf_buf_append_cstr(path, PAGE_LIMIT);
    if (run->resource->field_selector != NULL) {
        pf_buf_append_cstr(path, "&fieldSelector=");
        pf_kube_escape(path, pf_sv_from(run->resource->field_selector));
    }
    if (token.len != 0) {
        pf_buf_append_cstr(path, "&continue=");
        pf_kube_escape(path, token);
    }
}

/* @param[in,out] token  of the next page; empty: the last one */
static enum pf_code save_page(struct run *run, struct pf_buf *token, struct pf_err *err)
{
    pf_autobuf struct pf_buf path = {0};
    pf_buf_init(&path, PATH_MAX_BYTES);
    put_path(run, pf_buf_view(token), &path);
    enum pf_code code = pf_buf_status(&path, err);
    if (code == PF_OK &&
        pf_list_stream_new(PF_OBJECT_MAX_BYTES, take_item, run, &run->stream) != PF_OK) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (code == PF_OK) {
        code = ask_page(run, path.data, err);
    }
    pf_buf_reset(token);
    if (code == PF_OK) {
        pf_buf_append_sv(token, pf_list_stream_continue(run->stream));
        (void)snprintf(run->resource_version, sizeof(run->resource_version), "%.*s",
                       PF_SV_ARG(pf_list_stream_resource_version(run->stream)));
        code = pf_buf_status(token, err);
    }
    pf_list_stream_free(run->stream);
    run->stream = NULL;
    return code;
}

static enum pf_code save_kind(struct run *run, struct pf_err *err)
{
    pf_autobuf struct pf_buf token = {0};
    pf_buf_init(&token, PATH_MAX_BYTES);
    struct pf_err why = {0};
    enum pf_code code = PF_OK;
    do {
        code = save_page(run, &token, &why);
    } while (code == PF_OK && token.len != 0);
    const bool refused = code != PF_OK && run->writer.err.code == PF_OK &&
                         (run->status == 401 || run->status == 403 || run->status == 404);
    if (refused && !run->resource->needed) {
        pf_cliout_error("%s; left out", why.text);
        return PF_OK;
    }
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "%s", why.text);
}

static enum pf_code ask_version(struct run *run, int *ret_minor, struct pf_err *err)
{
    pf_autobuf struct pf_buf body = {0};
    pf_autoarena struct pf_arena arena = {0};
    pf_buf_init(&body, VERSION_MAX_BYTES);
    pf_arena_init(&arena, ARENA_BYTES);
    const struct pf_kube_request request = {
        .method = "GET", .path = "/version", .what = "get the API server's version"};
    int status = 0;
    const enum pf_code code = pf_kube_client_call(run->client, &request, &body, &status, err);
    if (code != PF_OK) {
        return code;
    }
    struct pf_err why = {0};
    const enum pf_code read = pf_live_read_version(pf_buf_view(&body), &arena, ret_minor, &why);
    if (read == PF_E_UNSUPPORTED) {
        *ret_minor = PF_KUBE_MINOR_OLDEST;
        return PF_OK;
    }
    return read == PF_OK
               ? PF_OK
               : pf_err_set(err, read, "what answers gives no version of an API server: %s",
                            why.text);
}

static enum pf_code save_cluster(struct run *run, const struct pf_source *source,
                                 struct pf_err *err)
{
    const struct pf_kube_client_options options = {
        .config = &source->kube, .clock = pf_clock_system(), .user_agent = pf_source_user_agent()};
    struct pf_live_resource resources[PF_LIVE_KINDS_MAX];
    size_t count = 0;
    int minor = PF_KUBE_MINOR_NEWEST;
    enum pf_code code = pf_kube_client_new(&options, &run->client, err);
    if (code == PF_OK) {
        code = ask_version(run, &minor, err);
    }
    if (code == PF_OK) {
        count = pf_live_resources(minor, resources, PF_LIVE_KINDS_MAX);
    }
    for (size_t i = 0; i < count && code == PF_OK; i++) {
        run->resource = &resources[i];
        code = save_kind(run, err);
    }
    pf_kube_client_free(run->client);
    const bool output_failed = run->writer.err.code != PF_OK;
    return code == PF_OK || output_failed
               ? code
               : pf_err_wrap(err, code, "cannot list the cluster at '%s'", source->kube.server);
}

static enum pf_code rewrite_bytes(struct run *run, int fd, struct pf_err *err)
{
    pf_autobuf struct pf_buf chunk = {0};
    pf_buf_init(&chunk, CHUNK_BYTES);
    char *room = pf_buf_reserve(&chunk, CHUNK_BYTES);
    ssize_t got = room != NULL ? read(fd, room, CHUNK_BYTES) : -1;
    while (got > 0) {
        const struct pf_sv bytes = {.ptr = room, .len = (size_t)got};
        struct pf_err why = {0};
        const enum pf_code code = pf_list_stream_feed(run->stream, bytes, &why);
        if (code != PF_OK) {
            const struct pf_err *cause = run->writer.err.code != PF_OK ? &run->writer.err : &why;
            return pf_err_set(err, cause->code, "%s", cause->text);
        }
        got = read(fd, room, CHUNK_BYTES);
    }
    return got == 0 ? pf_list_stream_end_file(run->stream, err)
                    : pf_err_set_errno(err, PF_E_IO, errno, "cannot read");
}

static enum pf_code rewrite_file(struct run *run, const char *path, struct pf_err *err)
{
    const bool is_stdin = pf_sv_eq_cstr(pf_sv_from(path), "-");
    pf_autoclose int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    const int fd = is_stdin ? STDIN_FILENO : opened;
    if (fd < 0) {
        return pf_err_set_errno(err, errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO, errno,
                                "cannot open snapshot '%s'", path);
    }
    if (pf_list_stream_new(PF_OBJECT_MAX_BYTES, take_item, run, &run->stream) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    enum pf_code code = rewrite_bytes(run, fd, err);
    if (code == PF_OK) {
        (void)snprintf(run->resource_version, sizeof(run->resource_version), "%.*s",
                       PF_SV_ARG(pf_list_stream_resource_version(run->stream)));
    } else if (code != PF_E_IO || run->writer.err.code == PF_OK) { /* the fault of what is read */
        code =
            pf_err_wrap(err, code, "cannot rewrite snapshot '%s', which must be a JSON list", path);
    }
    pf_list_stream_free(run->stream);
    return code;
}

static enum pf_code write_list(const struct values *values, const struct pf_source *source,
                               FILE *file, struct pf_err *err)
{
    struct run run = {.done = false};
    pf_snapshot_writer_begin(&run.writer, file, values->redact);
    pf_progress_begin(&run.progress);
    enum pf_code code = PF_OK;
    if (source->kind == PF_SOURCE_LIVE) {
        code = save_cluster(&run, source, err);
    } else if (source->kind == PF_SOURCE_SNAPSHOT) {
        code = rewrite_file(&run, source->snapshot, err);
    } else {
        code =
            pf_err_set(err, PF_E_INVALID, "the embedded example is YAML and cannot be rewritten");
    }
    pf_progress_end(&run.progress);
    if (code != PF_OK) {
        pf_snapshot_writer_drop(&run.writer);
        return code;
    }
    return pf_snapshot_writer_end(&run.writer, pf_sv_from(run.resource_version), err);
}

/* What becomes the file. Until it is whole it has no name where the file system can do that, so that nothing is left of a run that is interrupted. */
struct growing {
    const char *path;
    const char *temporary; /* its last name but one */
    bool named;            /* it has that name already */
};

static int open_growing(struct growing *growing, struct pf_arena *arena)
{
    const char *slash = strrchr(growing->path, '/');
    const struct pf_sv folder =
        slash != NULL
            ? (struct pf_sv){.ptr = growing->path, .len = (size_t)(slash - growing->path) + 1}
            : PF_SV(".");
    const char *place = pf_arena_dup(arena, folder);
    growing->temporary = pf_arena_printf(arena, "%s.new", growing->path);
    if (place == NULL || growing->temporary == NULL) {
        errno = ENOMEM;
        return -1;
    }
    int fd = -1;
    if (access("/proc/self/fd", X_OK) == 0) { /* without it there is no way to name it later */
        fd = open(place, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    }
    growing->named = fd < 0;
    return growing->named ? open(growing->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                          : fd;
}

/* linkat() replaces nothing, rename() does. */
static bool name_it(struct growing *growing, int fd)
{
    char link[64];
    if (growing->named) {
        return true;
    }
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    (void)unlink(growing->temporary); /* of an older run */
    growing->named = linkat(AT_FDCWD, link, AT_FDCWD, growing->temporary, AT_SYMLINK_FOLLOW) == 0;
    return growing->named;
}

/* A terminal, a pipe, a device: written into, not replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static enum pf_code write_special(const struct values *values, const struct pf_source *source,
                                  struct pf_err *err)
{
    const int fd = open(values->output, O_WRONLY | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", values->output);
    }
    const enum pf_code code = write_list(values, source, file, err);
    const bool closed = fclose(file) == 0;
    return code != PF_OK || closed
               ? code
               : pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", values->output);
}

/* Readers of the file see the old one or the whole new one. */
static enum pf_code write_file(const struct values *values, const struct pf_source *source,
                               struct pf_arena *arena, struct pf_err *err)
{
    struct growing growing = {.path = values->output};
    const int fd = open_growing(&growing, arena);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", values->output);
    }
    enum pf_code code = write_list(values, source, file, err);
    const bool whole = code == PF_OK && fflush(file) == 0 && name_it(&growing, fd);
    const bool closed = fclose(file) == 0;
    if (code == PF_OK && (!whole || !closed || rename(growing.temporary, growing.path) != 0)) {
        code = pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", values->output);
    }
    if (code != PF_OK && growing.named) {
        (void)unlink(growing.temporary); /* half a snapshot is of no use */
    }
    return code;
}

/* By habit, from commands whose -o is a format. */
static bool is_format(const char *text)
{
    static const char *const formats[] = {"json", "yaml", "table", "wide", "name"};
    for (size_t i = 0; i < PF_ARRAY_LEN(formats); i++) {
        if (strcmp(text, formats[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum pf_code save(const struct values *values, struct pf_arena *arena, struct pf_err *err)
{
    struct pf_source source = {.kind = PF_SOURCE_EXAMPLE};
    const enum pf_code code =
        pf_source_choose(&values->source, PF_SOURCE_DEFAULT_LIVE, arena, &source, err);
    if (code != PF_OK) {
        return code;
    }
    if (values->output != NULL && is_format(values->output)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "option '--output' is a file, and a snapshot is always JSON: leave it out "
            "for standard output, or say './%s'",
            values->output);
    }
    const bool to_stdout = values->output == NULL || pf_sv_eq_cstr(pf_sv_from(values->output), "-");
    if (to_stdout) {
        return write_list(values, &source, stdout, err);
    }
    return is_special(values->output) ? write_special(values, &source, err)
                                      : write_file(values, &source, arena, err);
}

int pf_cmd_snapshot_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    struct values values = {.redact = false};
    int status = PF_COMMAND_OK;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values};
    if (!pf_cliopt_begin(&pf_cmd_snapshot_options, &start, &status)) {
        return status;
    }
    struct pf_err err = {0};
    if (save(&values, &arena, &err) != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
}

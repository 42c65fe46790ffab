#include <errno.h>
#include <unistd.h>

#include "audit_decode.h"
#include "audit_open.h"
#include <podfit/buf.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

#define CHUNK_BYTES    ((size_t)64 * 1024)
#define LINE_MAX_BYTES (PF_AUDIT_LINE_MAX_BYTES - 1) /* without its newline */

/** Takes bytes in any pieces and gives lines. */
struct splitter {
    const struct pf_audit_query *query;
    struct pf_audit_counts *counts;
    struct pf_arena arena; /* of one line */
    struct pf_buf part;    /* the start of a line whose end is not there yet */
    bool overlong;         /* the rest of this line is passed over */
    bool stopped;          /* the callback has enough */
};

static void splitter_init(struct splitter *splitter, const struct pf_audit_query *query,
                          struct pf_audit_counts *counts)
{
    *splitter = (struct splitter){.query = query, .counts = counts};
    pf_arena_init(&splitter->arena, PF_AUDIT_DECODE_ARENA_MAX_BYTES);
    pf_buf_init(&splitter->part, LINE_MAX_BYTES);
}

static void splitter_done(struct splitter *splitter)
{
    pf_arena_done(&splitter->arena);
    pf_buf_done(&splitter->part);
}

const char *pf_audit_query_kind_name(enum pf_audit_kind kind)
{
    static const char *const names[] = {
        [PF_AUDIT_DECISION] = "decision",
        [PF_AUDIT_REPEATS] = "repeats",
        [PF_AUDIT_DROPPED] = "dropped",
        [PF_AUDIT_FAILED] = "failed",
        [PF_AUDIT_MISPREDICTION] = "misprediction",
    };
    return (size_t)kind < PF_ARRAY_LEN(names) ? names[kind] : "";
}

static bool wanted(struct pf_sv filter, struct pf_sv value)
{
    return filter.len == 0 || pf_sv_eq(filter, value);
}

bool pf_audit_query_matches(const struct pf_audit_filter *filter, const struct pf_audit_line *line)
{
    const bool in_time = (filter->since_ns == 0 || line->last_ns >= filter->since_ns) &&
                         (filter->until_ns == 0 || line->first_ns < filter->until_ns);
    return in_time && wanted(filter->class_name, line->class_name) &&
           wanted(filter->namespace_, line->namespace_) && wanted(filter->verdict, line->verdict) &&
           (wanted(filter->cause, line->binding) ||
            pf_sv_find(line->message, filter->cause) != SIZE_MAX);
}

/* @param ended  by a newline */
static enum pf_code take_line(struct splitter *splitter, struct pf_sv bytes, bool ended)
{
    const struct pf_sv text = pf_sv_trim(bytes);
    struct pf_audit_line line = {.count = 0};
    if (text.len == 0) {
        return PF_OK;
    }
    splitter->counts->lines++;
    pf_arena_reset(&splitter->arena);
    const enum pf_code code = pf_audit_decode_line(text, &splitter->arena, &line);
    if (code == PF_E_NO_MEMORY) {
        return code;
    }
    if (code != PF_OK) {
        *(ended ? &splitter->counts->garbage : &splitter->counts->torn) += 1;
    } else if (pf_audit_query_matches(&splitter->query->filter, &line)) {
        splitter->counts->matched++;
        splitter->stopped = !splitter->query->each(splitter->query->opaque, &line);
    }
    return PF_OK;
}

/* Keep the start of a line. */
static enum pf_code keep_part(struct splitter *splitter, struct pf_sv bytes)
{
    if (splitter->overlong) {
        return PF_OK;
    }
    if (bytes.len > LINE_MAX_BYTES - splitter->part.len) {
        splitter->overlong = true;
        pf_buf_reset(&splitter->part);
        return PF_OK;
    }
    pf_buf_append_sv(&splitter->part, bytes);
    return pf_buf_status(&splitter->part, NULL);
}

/* The line whose last bytes are given is complete. */
static enum pf_code end_line(struct splitter *splitter, struct pf_sv bytes, bool ended)
{
    enum pf_code code = PF_OK;
    if (splitter->part.len == 0 && !splitter->overlong && bytes.len <= LINE_MAX_BYTES) {
        return take_line(splitter, bytes, ended); /* the usual case: nothing is copied */
    }
    code = keep_part(splitter, bytes);
    if (code == PF_OK && splitter->overlong) {
        splitter->counts->lines++;
        splitter->counts->overlong++;
    } else if (code == PF_OK) {
        code = take_line(splitter, pf_buf_view(&splitter->part), ended);
    }
    splitter->overlong = false;
    pf_buf_reset(&splitter->part);
    return code;
}

static enum pf_code feed(struct splitter *splitter, struct pf_sv bytes)
{
    enum pf_code code = PF_OK;
    while (code == PF_OK && bytes.len != 0 && !splitter->stopped) {
        const char *newline = memchr(bytes.ptr, '\n', bytes.len);
        if (newline == NULL) {
            return keep_part(splitter, bytes);
        }
        const size_t len = (size_t)(newline - bytes.ptr);
        code = end_line(splitter, (struct pf_sv){.ptr = bytes.ptr, .len = len}, /* ended= */ true);
        bytes = (struct pf_sv){.ptr = newline + 1, .len = bytes.len - len - 1};
    }
    return code;
}

static enum pf_code end_file(struct splitter *splitter)
{
    splitter->counts->files++;
    return splitter->stopped ? PF_OK
                             : end_line(splitter, (struct pf_sv){.ptr = NULL}, /* ended= */ false);
}

/* @return errno or 0 */
static int read_some(int fd, char *chunk, size_t *ret_len)
{
    ssize_t got = 0;
    do {
        got = read(fd, chunk, CHUNK_BYTES);
    } while (got < 0 && errno == EINTR);
    *ret_len = got > 0 ? (size_t)got : 0;
    return got < 0 ? errno : 0;
}

static enum pf_code read_file(struct splitter *splitter, int fd, char *chunk, struct pf_err *err)
{
    size_t len = 1;
    while (len != 0 && !splitter->stopped) {
        const int failed = read_some(fd, chunk, &len);
        if (failed != 0) {
            return pf_err_set_errno(err, PF_E_IO, failed, "cannot read");
        }
        const enum pf_code code = feed(splitter, (struct pf_sv){.ptr = chunk, .len = len});
        if (code != PF_OK) {
            return pf_err_set(err, code, "out of memory");
        }
    }
    const enum pf_code code = end_file(splitter);
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
}

static enum pf_code read_log(struct splitter *splitter, const char *path, bool rotated, char *chunk,
                             struct pf_err *err)
{
    struct pf_audit_open files = {.count = 0};
    enum pf_code code = pf_audit_open_files(path, rotated, &files, err);
    if (code != PF_OK) {
        return code;
    }
    for (size_t i = files.count; i > 0 && code == PF_OK && !splitter->stopped; i--) {
        code = read_file(splitter, files.fds[i - 1], chunk, err);
    }
    pf_audit_open_done(&files);
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "audit log '%s'", path);
}

enum pf_code pf_audit_query_files(const struct pf_audit_query *query, const char *const *paths,
                                  size_t count, bool rotated, struct pf_audit_counts *counts,
                                  struct pf_err *err)
{
    pf_autofree char *chunk = pf_mem_calloc(1, CHUNK_BYTES);
    struct splitter splitter;
    enum pf_code code = PF_OK;
    if (chunk == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    splitter_init(&splitter, query, counts);
    for (size_t i = 0; i < count && code == PF_OK && !splitter.stopped; i++) {
        code = read_log(&splitter, paths[i], rotated, chunk, err);
    }
    splitter_done(&splitter);
    return code;
}

enum pf_code pf_audit_query_text(const struct pf_audit_query *query, struct pf_sv text,
                                 struct pf_audit_counts *counts, struct pf_err *err)
{
    struct splitter splitter;
    splitter_init(&splitter, query, counts);
    enum pf_code code = feed(&splitter, text);
    if (code == PF_OK) {
        code = end_file(&splitter);
    }
    splitter_done(&splitter);
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "out of memory");
}

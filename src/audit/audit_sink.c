#include "audit_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <podfit/file.h>
#include <podfit/mem.h>

#define LOG_MODE     0640
#define SUFFIX_BYTES 16   /* `.` and a number */
#define CHUNK_BYTES  4096 /* PIPE_BUF: what a pipe that polls as writable takes without blocking */

static bool is_stdout(const struct pf_audit_sink *sink)
{
    return sink->path[0] == '-' && sink->path[1] == '\0';
}

enum pf_code pf_audit_sink_init(struct pf_audit_sink *sink, const char *path, struct pf_err *err)
{
    *sink = (struct pf_audit_sink){.fd = -1};
    const size_t len = strlen(path);
    if (len >= PATH_MAX - SUFFIX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "path of the audit log has %zu bytes, limit %d", len,
                          PATH_MAX - SUFFIX_BYTES - 1);
    }
    sink->path = pf_mem_dup(path, len);
    if (sink->path == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    return PF_OK;
}

void pf_audit_sink_done(struct pf_audit_sink *sink)
{
    if (sink->path != NULL) {
        pf_audit_sink_close(sink);
    }
    free(sink->path);
    sink->path = NULL;
}

void pf_audit_sink_close(struct pf_audit_sink *sink)
{
    if (sink->fd >= 0 && !is_stdout(sink)) {
        (void)close(
            sink->fd); /* each line was written by write(2); there is nothing left to lose */
    }
    sink->fd = -1;
}

/* A crash may have left a part of a line at the end. Who cannot tell says yes: an empty line harms nobody. */
static bool ends_torn(const char *path, const struct stat *info)
{
    char last = '\0';
    struct stat found = {0};
    pf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &found) != 0 || found.st_ino != info->st_ino ||
        found.st_dev != info->st_dev) {
        return true;
    }
    const ssize_t got = pread(fd, &last, 1, info->st_size - 1);
    return got != 1 || last != '\n';
}

enum pf_code pf_audit_sink_open(struct pf_audit_sink *sink, struct pf_err *err)
{
    if (sink->fd >= 0) {
        return PF_OK;
    }
    if (is_stdout(sink)) {
        sink->fd = STDOUT_FILENO;
        sink->regular = false;
        return PF_OK;
    }
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    const int fd = open(sink->path, flags, LOG_MODE); /* flags hold O_CLOEXEC */
    struct stat info = {0};
    if (fd < 0 || fstat(fd, &info) != 0) {
        const int failed = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return pf_err_set_errno(err, PF_E_IO, failed, "cannot open the audit log '%s'", sink->path);
    }
    if (realpath(sink->path, sink->real) == NULL || strlen(sink->real) >= PATH_MAX - SUFFIX_BYTES) {
        (void)snprintf(sink->real, sizeof(sink->real), "%s", sink->path); /* fits: see init */
    }
    sink->regular = S_ISREG(info.st_mode);
    if (sink->regular) { /* what a pipe got last is only known from before */
        sink->torn = info.st_size > 0 && ends_torn(sink->path, &info);
    }
    sink->rotate_at_bytes = sink->max_bytes;
    sink->fd = fd;
    return PF_OK;
}

/* @return false: there is a file and it could not be renamed */
static bool shift(const struct pf_audit_sink *sink, unsigned from)
{
    char old_path[PATH_MAX + SUFFIX_BYTES] = "";
    char new_path[PATH_MAX + SUFFIX_BYTES] = "";
    if (from == 0) {
        (void)snprintf(old_path, sizeof(old_path), "%s", sink->real);
    } else {
        (void)snprintf(old_path, sizeof(old_path), "%s.%u", sink->real, from);
    }
    (void)snprintf(new_path, sizeof(new_path), "%s.%u", sink->real, from + 1);
    return rename(old_path, new_path) == 0 || errno == ENOENT;
}

/* Somebody else (logrotate, a second podfit) may have moved our file already; then the present one is not ours to move. */
static bool is_current(const struct pf_audit_sink *sink, const struct stat *info)
{
    struct stat found = {0};
    return stat(sink->real, &found) == 0 && found.st_ino == info->st_ino &&
           found.st_dev == info->st_dev;
}

static bool rotate(const struct pf_audit_sink *sink)
{
    bool done = true;
    for (unsigned i = sink->keep; i > 0 && done; i--) {
        done = shift(sink, i - 1);
    }
    return done;
}

enum pf_code pf_audit_sink_make_room(struct pf_audit_sink *sink, size_t line_bytes,
                                     struct pf_err *err)
{
    struct stat info = {0};
    if (!sink->regular || sink->max_bytes == 0 || fstat(sink->fd, &info) != 0 ||
        info.st_size == 0 || (int64_t)line_bytes <= sink->rotate_at_bytes - info.st_size) {
        return PF_OK;
    }
    if (is_current(sink, &info) && !rotate(sink)) {
        sink->rotate_at_bytes = info.st_size + sink->max_bytes;
        return PF_OK;
    }
    pf_audit_sink_close(sink);
    return pf_audit_sink_open(sink, err);
}

static bool wait_writable(const struct pf_audit_sink *sink)
{
    for (;;) {
        const int wait_ms = sink->patience.wait_ms(sink->patience.opaque);
        struct pollfd fds[2] = {
            {.fd = sink->fd, .events = POLLOUT},
            /* once somebody wants something the wake descriptor stays readable: only time counts then */
            {.fd = wait_ms < 0 ? sink->patience.wake_fd : -1, .events = POLLIN},
        };
        const int ready = poll(fds, PF_ARRAY_LEN(fds), wait_ms);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        if (ready > 0 && fds[0].revents != 0) {
            return true; /* or an error that write(2) reports */
        }
        if (wait_ms == 0) {
            return false;
        }
    }
}

static bool write_some(const struct pf_audit_sink *sink, struct pf_sv *rest)
{
    size_t len = rest->len;
    if (!sink->regular) {
        if (!wait_writable(sink)) {
            return false;
        }
        len = len < CHUNK_BYTES ? len : CHUNK_BYTES;
    }
    const ssize_t done = write(sink->fd, rest->ptr, len);
    if (done <= 0) {
        return done < 0 && (errno == EINTR || (errno == EAGAIN && !sink->regular));
    }
    rest->ptr += done;
    rest->len -= (size_t)done;
    return true;
}

enum pf_code pf_audit_sink_write(struct pf_audit_sink *sink, struct pf_sv bytes)
{
    struct pf_sv rest = bytes;
    bool going = true;
    while (rest.len != 0 && going) {
        going = write_some(sink, &rest);
    }
    if (rest.len == 0) {
        sink->torn = false;
        return PF_OK;
    }
    sink->torn = sink->torn || rest.len != bytes.len;
    return PF_E_IO;
}

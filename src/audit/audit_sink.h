#ifndef PODFIT_AUDIT_SINK_H
#define PODFIT_AUDIT_SINK_H

/** Inside audit: the file of the log; opening, rotating, writing whole lines. Used by one thread. */

#include <limits.h>

#include <podfit/error.h>
#include <podfit/sv.h>

/** Asked while a pipe is full. */
struct pf_audit_patience {
    int (*wait_ms)(
        void *
            opaque); /**< how long to wait at most: -1 until the wake descriptor is readable, 0 not any longer */
    void *opaque;
    int wake_fd; /**< borrowed */
};

struct pf_audit_sink {
    char *path; /**< owned; `-` is standard output */
    char real
        [PATH_MAX]; /**< where @ref path led when it was opened: rotation renames the file, not a symbolic link to it */
    int fd;       /**< -1: closed */
    bool regular; /**< a regular file: has a size, never blocks */
    bool torn;    /**< the last line has no newline */
    int64_t max_bytes;
    int64_t rotate_at_bytes; /**< above it the file is rotated */
    unsigned keep;
    struct pf_audit_patience patience;
};

/** Nothing is opened yet. @param path copied @return PF_OK, PF_E_TOO_BIG (path) or PF_E_NO_MEMORY */
enum pf_code pf_audit_sink_init(struct pf_audit_sink *sink, const char *path,
                                struct pf_err *err) PF_MUST_CHECK;
/** Close and free. Accepts a struct after a failed pf_audit_sink_init(). */
void pf_audit_sink_done(struct pf_audit_sink *sink);

/** Open for appending (mode 0640) unless it is open. @return PF_OK or PF_E_IO (errno_value ENXIO: a FIFO that nobody reads) */
enum pf_code pf_audit_sink_open(struct pf_audit_sink *sink, struct pf_err *err) PF_MUST_CHECK;
void pf_audit_sink_close(struct pf_audit_sink *sink);

/** Rotate when @p line_bytes more would be too many. Failing is no error: the file grows on then, and the next attempt comes after max_bytes more. @return as pf_audit_sink_open() */
enum pf_code pf_audit_sink_make_room(struct pf_audit_sink *sink, size_t line_bytes,
                                     struct pf_err *err) PF_MUST_CHECK;

/** Write all of @p bytes, which end in a newline. @return PF_OK, or PF_E_IO: a part may be written, `torn` says so then */
enum pf_code pf_audit_sink_write(struct pf_audit_sink *sink, struct pf_sv bytes) PF_MUST_CHECK;

#endif

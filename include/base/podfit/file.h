#ifndef PODFIT_FILE_H
#define PODFIT_FILE_H

/** Whole files and file descriptors. */

#include <unistd.h>

#include <podfit/buf.h>
#include <podfit/error.h>

/** Read a whole file (`-` is standard input). @return PF_OK, PF_E_NOT_FOUND, PF_E_IO, PF_E_TOO_BIG (over the buffer's maximum), PF_E_NO_MEMORY */
enum pf_code pf_file_read(const char *path, struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/**
 * Write a file so that readers see the old or the new contents, never a part: temporary file, fsync, rename, fsync of the folder.
 *
 * @param mode  permission bits, for example 0600 for a key
 */
enum pf_code pf_file_write_atomic(const char *path, struct pf_sv bytes, unsigned mode,
                                  struct pf_err *err) PF_MUST_CHECK;

static inline void pf_file_close_cleanup(int *fd)
{
    if (*fd >= 0) {
        (void)close(
            *fd); /* nothing to do about a failed close of a descriptor that is only dropped */
        *fd = -1;
    }
}
#define pf_autoclose __attribute__((cleanup(pf_file_close_cleanup)))

#endif

#include "audit_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX_BYTES 16 /* `.` and a number */

void pf_audit_open_done(struct pf_audit_open *files)
{
    for (size_t i = 0; i < files->count; i++) {
        (void)close(files->fds[i]); /* was only read */
    }
    files->count = 0;
}

/* A rotation between two of our opens moves a file to the next name: it is met a second time, never missed. */
static bool is_open(const struct pf_audit_open *files, int fd)
{
    struct stat mine = {0};
    if (fstat(fd, &mine) != 0) {
        return false;
    }
    for (size_t i = 0; i < files->count; i++) {
        struct stat other = {0};
        if (fstat(files->fds[i], &other) == 0 && other.st_ino == mine.st_ino &&
            other.st_dev == mine.st_dev) {
            return true;
        }
    }
    return false;
}

/* @return 0 or errno */
static int open_one(const char *path, struct pf_audit_open *files)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return errno;
    }
    if (is_open(files, fd)) {
        (void)close(fd);
        return 0;
    }
    files->fds[files->count++] = fd;
    return 0;
}

static enum pf_code open_failed(const char *path, int errno_value, struct pf_err *err)
{
    return pf_err_set_errno(err, errno_value == ENOENT ? PF_E_NOT_FOUND : PF_E_IO, errno_value,
                            "cannot open '%s'", path);
}

static enum pf_code open_rotated(const char *path, struct pf_audit_open *files, struct pf_err *err)
{
    char real[PATH_MAX] = "";
    char name[PATH_MAX + SUFFIX_BYTES] = "";
    if (realpath(path, real) == NULL) {
        (void)snprintf(real, sizeof(real), "%s",
                       path); /* longer than PATH_MAX: was refused before */
    }
    for (unsigned i = 1; i <= PF_AUDIT_KEEP_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%s.%u", real, i);
        const int failed = open_one(name, files);
        if (failed != 0 && failed != ENOENT) {
            return open_failed(name, failed, err);
        }
    }
    return PF_OK;
}

enum pf_code pf_audit_open_files(const char *path, bool rotated, struct pf_audit_open *ret_files,
                                 struct pf_err *err)
{
    struct pf_audit_open files = {.count = 0};
    int missing = 0;
    enum pf_code code = PF_OK;
    if (pf_sv_eq_cstr(PF_SV("-"), path)) {
        files.fds[0] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        missing = files.fds[0] < 0 ? errno : 0;
        files.count = missing == 0 ? 1 : 0;
        rotated = false;
    } else {
        missing = open_one(path, &files);
    }
    if (missing != 0 && (missing != ENOENT || !rotated)) {
        return open_failed(path, missing, err);
    }
    if (rotated) {
        code = open_rotated(path, &files, err);
    }
    if (code == PF_OK && files.count == 0) {
        code = open_failed(path, missing, err);
    }
    if (code != PF_OK) {
        pf_audit_open_done(&files);
        return code;
    }
    *ret_files = files;
    return PF_OK;
}

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <podfit/file.h>
#include <podfit/mem.h>

#define READ_STEP_BYTES ((size_t)64 * 1024)

static enum pf_code read_all(int fd, const char *path, struct pf_buf *buf, struct pf_err *err)
{
    for (;;) {
        char block[READ_STEP_BYTES];
        const ssize_t got = read(fd, block, sizeof(block));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return pf_err_set_errno(err, PF_E_IO, errno, "cannot read '%s'", path);
        }
        if (got == 0) {
            return PF_OK;
        }
        pf_buf_append(buf, block, (size_t)got);
        const enum pf_code code = pf_buf_status(buf, err);
        if (code != PF_OK) {
            return pf_err_wrap(err, code, "cannot read '%s'", path);
        }
    }
}

enum pf_code pf_file_read(const char *path, struct pf_buf *buf, struct pf_err *err)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, "standard input", buf, err);
    }
    pf_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        const enum pf_code code = errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO;
        return pf_err_set_errno(err, code, errno, "cannot open '%s'", path);
    }
    return read_all(fd, path, buf, err);
}

static enum pf_code write_all(int fd, struct pf_sv bytes, const char *path, struct pf_err *err)
{
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t put = write(fd, bytes.ptr + done, bytes.len - done);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", path);
        }
        done += (size_t)put;
    }
    if (fsync(fd) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot write '%s'", path);
    }
    return PF_OK;
}

static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    pf_autofree char *folder =
        slash != NULL ? pf_mem_dup(path, (size_t)(slash - path) + 1) : pf_mem_dup(".", 1);
    pf_autoclose int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(
            fd); /* some file systems refuse it for folders; the rename stands all the same */
    }
}

enum pf_code pf_file_write_atomic(const char *path, struct pf_sv bytes, unsigned mode,
                                  struct pf_err *err)
{
    const size_t len = strlen(path);
    pf_autofree char *temporary = pf_mem_calloc(len + sizeof(".XXXXXX"), 1);
    if (temporary == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    memcpy(temporary, path, len);
    memcpy(temporary + len, ".XXXXXX", sizeof(".XXXXXX"));
    pf_autoclose int fd = mkostemp(temporary, O_CLOEXEC); /* created with mode 0600 */
    if (fd < 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot create a file beside '%s'", path);
    }
    enum pf_code code = write_all(fd, bytes, path, err);
    if (code == PF_OK && fchmod(fd, (mode_t)mode) != 0) {
        code = pf_err_set_errno(err, PF_E_IO, errno, "cannot set the mode of '%s'", path);
    }
    if (code == PF_OK && rename(temporary, path) != 0) {
        code = pf_err_set_errno(err, PF_E_IO, errno, "cannot replace '%s'", path);
    }
    if (code != PF_OK) {
        (void)unlink(temporary); /* best effort: the first failure is the one to report */
        return code;
    }
    sync_folder(path);
    return PF_OK;
}

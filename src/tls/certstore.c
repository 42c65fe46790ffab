#include "certstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>

#include <podfit/cert.h>
#include <podfit/clock.h>
#include <podfit/file.h>

#define DATA_LINK         "..data"
#define DATA_LINK_NEW     "..data_tmp"
#define GENERATION_PREFIX "..gen-"
/* How often a reader starts again because the generation changed while it read; each needs a whole renewal in between. */
#define LOAD_TRIES 5

struct file_row {
    const char *name;
    unsigned mode;
    bool linked; /* has a link in the folder itself */
};

static const struct file_row files[PF_CERTSTORE_COUNT] = {
    [PF_CERTSTORE_CA_CRT] = {.name = "ca.crt", .mode = 0644, .linked = true},
    [PF_CERTSTORE_CA_KEY] = {.name = "ca.key", .mode = 0600, .linked = true},
    [PF_CERTSTORE_TLS_CRT] = {.name = "tls.crt", .mode = 0644, .linked = true},
    [PF_CERTSTORE_TLS_KEY] = {.name = "tls.key", .mode = 0600, .linked = true},
    [PF_CERTSTORE_BUNDLE] = {.name = "ca-bundle.crt", .mode = 0644, .linked = true},
    [PF_CERTSTORE_NEXT_CRT] = {.name = "ca-next.crt", .mode = 0644},
    [PF_CERTSTORE_NEXT_KEY] = {.name = "ca-next.key", .mode = 0600},
    [PF_CERTSTORE_OLD_CRT] = {.name = "tls-old.crt", .mode = 0644},
};

const char *pf_certstore_name(enum pf_certstore_file file)
{
    return files[file].name;
}

bool pf_certstore_is_secret(enum pf_certstore_file file)
{
    return files[file].mode == 0600;
}

void pf_certstore_done(struct pf_certstore *store)
{
    for (size_t i = 0; i < PF_CERTSTORE_COUNT; i++) {
        pf_cert_secret_done(&store->entries[i].bytes);
    }
}

struct pf_sv pf_certstore_view(const struct pf_certstore *store, enum pf_certstore_file file)
{
    return pf_buf_view(&store->entries[file].bytes);
}

void pf_certstore_put(struct pf_certstore *store, enum pf_certstore_file file, struct pf_buf *bytes)
{
    struct pf_certstore_entry *entry = &store->entries[file];
    pf_cert_secret_done(&entry->bytes);
    *entry = (struct pf_certstore_entry){.bytes = *bytes};
    *bytes = (struct pf_buf){0};
}

static enum pf_code join(char path[PATH_MAX], struct pf_err *err, const char *format, ...)
    PF_PRINTF(3, 4);
static enum pf_code join(char path[PATH_MAX], struct pf_err *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(path, PATH_MAX, format, args);
    va_end(args);
    return len >= 0 && len < PATH_MAX
               ? PF_OK
               : pf_err_set(err, PF_E_TOO_BIG, "path of more than %d bytes", PATH_MAX - 1);
}

enum pf_code pf_certstore_lock(const char *dir, bool create, int *ret_fd, struct pf_err *err)
{
    if (create && mkdir(dir, 0755) != 0 && errno != EEXIST) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot create the folder '%s'", dir);
    }
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        const enum pf_code code = errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO;
        return pf_err_set_errno(err, code, errno, "cannot open the folder '%s'", dir);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int why = errno;
        (void)close(fd); /* nothing was written through it */
        return why == EWOULDBLOCK
                   ? pf_err_set(err, PF_E_STATE, "another process is changing the folder '%s'", dir)
                   : pf_err_set_errno(err, PF_E_IO, why, "cannot lock the folder '%s'", dir);
    }
    *ret_fd = fd;
    return PF_OK;
}

/* Where `..data` points; an empty text when there is none. */
static enum pf_code read_generation(const char *dir, char target[NAME_MAX + 1], struct pf_err *err)
{
    char path[PATH_MAX];
    const enum pf_code code = join(path, err, "%s/" DATA_LINK, dir);
    if (code != PF_OK) {
        return code;
    }
    const ssize_t len = readlink(path, target, NAME_MAX);
    if (len < 0 && errno != ENOENT) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot read the link '%s'", path);
    }
    target[len > 0 ? len : 0] = '\0';
    return PF_OK;
}

static enum pf_code load_file(const char *folder, enum pf_certstore_file file,
                              struct pf_certstore_entry *entry, struct pf_err *err)
{
    char path[PATH_MAX];
    const enum pf_code code = join(path, err, "%s/%s", folder, files[file].name);
    if (code != PF_OK) {
        return code;
    }
    struct stat info = {0};
    if (stat(path, &info) == 0) {
        entry->mode = info.st_mode & 07777;
    }
    const enum pf_code read = pf_cert_secret_read(path, &entry->bytes, &entry->error);
    if (read == PF_E_NO_MEMORY) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (read == PF_E_NOT_FOUND) {
        pf_err_clear(&entry->error);
    }
    return PF_OK;
}

static enum pf_code load_all(const char *dir, const char *generation, struct pf_certstore *store,
                             struct pf_err *err)
{
    char folder[PATH_MAX];
    store->is_plain = generation[0] == '\0';
    enum pf_code code = store->is_plain ? join(folder, err, "%s", dir)
                                        : join(folder, err, "%s/%s", dir, generation);
    for (unsigned i = 0; code == PF_OK && i < PF_CERTSTORE_COUNT; i++) {
        code = load_file(folder, (enum pf_certstore_file)i, &store->entries[i], err);
    }
    return code;
}

/* Is this name our link? @return false also when there is nothing of that name; *ret_there tells the two apart */
static bool is_our_link(const char *dir, const char *name, bool *ret_there)
{
    char path[PATH_MAX];
    char target[NAME_MAX + 1] = "";
    char wanted[NAME_MAX + 1];
    struct stat info = {0};
    (void)snprintf(wanted, sizeof(wanted), DATA_LINK "/%s", name);
    *ret_there = join(path, NULL, "%s/%s", dir, name) == PF_OK && lstat(path, &info) == 0;
    return *ret_there && readlink(path, target, NAME_MAX) > 0 && strcmp(target, wanted) == 0;
}

/* A file beside `..data` that is not our link: left by a crash while plain files were taken over (same bytes), or put there by hand. */
static enum pf_code check_links(const char *dir, const struct pf_certstore *store,
                                struct pf_err *err)
{
    for (unsigned i = 0; i < PF_CERTSTORE_COUNT; i++) {
        bool there = false;
        if (!files[i].linked || is_our_link(dir, files[i].name, &there) || !there) {
            continue;
        }
        char path[PATH_MAX];
        pf_autosecret struct pf_buf bytes = {0};
        enum pf_code code = join(path, err, "%s/%s", dir, files[i].name);
        code = code == PF_OK ? pf_cert_secret_read(path, &bytes, NULL) : code;
        if (code == PF_E_NO_MEMORY) {
            return pf_err_set(err, code, "out of memory");
        }
        const struct pf_sv ours = pf_certstore_view(store, (enum pf_certstore_file)i);
        if (code != PF_OK || !pf_sv_eq(pf_buf_view(&bytes), ours)) {
            return pf_err_set(err, PF_E_STATE,
                              "'%s' was replaced by hand: remove it to go on with podfit's "
                              "certificates, or remove '%s/" DATA_LINK "' to go on with yours",
                              path, dir);
        }
    }
    return PF_OK;
}

enum pf_code pf_certstore_load(const char *dir, struct pf_certstore *ret_store, struct pf_err *err)
{
    struct stat info = {0};
    if (stat(dir, &info) != 0) {
        const enum pf_code code = errno == ENOENT ? PF_E_NOT_FOUND : PF_E_IO;
        return pf_err_set_errno(err, code, errno, "cannot open the folder '%s'", dir);
    }
    for (int i = 0; i < LOAD_TRIES; i++) {
        char before[NAME_MAX + 1] = "";
        char after[NAME_MAX + 1] = "";
        pf_autocertstore struct pf_certstore store = {0};
        enum pf_code code = read_generation(dir, before, err);
        code = code == PF_OK ? load_all(dir, before, &store, err) : code;
        code = code == PF_OK ? read_generation(dir, after, err) : code;
        if (code == PF_OK && strcmp(before, after) != 0) {
            continue;
        }
        if (code == PF_OK && !store.is_plain) {
            code = check_links(dir, &store, err);
        }
        if (code == PF_OK) {
            *ret_store = store;
            store = (struct pf_certstore){0};
        }
        return code;
    }
    return pf_err_set(err, PF_E_STATE, "the folder '%s' changes all the time", dir);
}

/* Best effort: what remains is removed by the next renewal. */
static void remove_generation(const char *dir, const char *generation)
{
    char folder[PATH_MAX];
    struct dirent **found = NULL;
    if (join(folder, NULL, "%s/%s", dir, generation) != PF_OK) {
        return;
    }
    const int count = scandir(folder, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        const char *name = found[i]->d_name;
        const bool is_self = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if (!is_self && join(path, NULL, "%s/%s", folder, name) == PF_OK) {
            (void)unlink(path);
        }
        free(found[i]);
    }
    free(found);
    (void)rmdir(folder);
}

static enum pf_code replace_by_link(const char *dir, const char *name, const char *target,
                                    struct pf_err *err)
{
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    enum pf_code code = join(path, err, "%s/%s", dir, name);
    code = code == PF_OK ? join(temporary, err, "%s/" DATA_LINK_NEW, dir) : code;
    if (code != PF_OK) {
        return code;
    }
    (void)unlink(temporary); /* left over from a crash, or not there */
    if (symlink(target, temporary) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot create the link '%s'", temporary);
    }
    if (rename(temporary, path) != 0) {
        const int why = errno;
        (void)unlink(temporary);
        return pf_err_set_errno(err, PF_E_IO, why, "cannot replace '%s'", path);
    }
    return PF_OK;
}

/* Links to `..data`. With @p replace also in the place of files, which then must have the same bytes as the generation in force. */
static enum pf_code make_links(const char *dir, bool replace, struct pf_err *err)
{
    for (unsigned i = 0; i < PF_CERTSTORE_COUNT; i++) {
        bool there = false;
        if (!files[i].linked || is_our_link(dir, files[i].name, &there) || (there && !replace)) {
            continue;
        }
        char target[NAME_MAX + 1];
        (void)snprintf(target, sizeof(target), DATA_LINK "/%s", files[i].name);
        const enum pf_code code = replace_by_link(dir, files[i].name, target, err);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static void sync_folder(const char *dir)
{
    pf_autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(
            fd); /* some file systems refuse it for folders; the renames stand all the same */
    }
}

static enum pf_code write_files(const char *dir, const char *generation,
                                const struct pf_certstore *store, struct pf_err *err)
{
    char path[PATH_MAX];
    enum pf_code code = join(path, err, "%s/%s", dir, generation);
    if (code != PF_OK) {
        return code;
    }
    /* chmod: the umask must not hide the bundle from those who need it; the keys are 0600 */
    if (mkdir(path, 0700) != 0 || chmod(path, 0755) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot create the folder '%s'", path);
    }
    for (unsigned i = 0; code == PF_OK && i < PF_CERTSTORE_COUNT; i++) {
        const struct pf_sv bytes = pf_certstore_view(store, (enum pf_certstore_file)i);
        if (bytes.len != 0) {
            code = join(path, err, "%s/%s/%s", dir, generation, files[i].name);
            code = code == PF_OK ? pf_file_write_atomic(path, bytes, files[i].mode, err) : code;
        }
    }
    return code;
}

static enum pf_code put_in_force(const char *dir, const struct pf_certstore *store,
                                 struct pf_err *err)
{
    char generation[NAME_MAX + 1];
    (void)snprintf(generation, sizeof(generation), GENERATION_PREFIX "%016llx",
                   (unsigned long long)pf_random_u64());
    enum pf_code code = write_files(dir, generation, store, err);
    if (code == PF_OK) {
        code = make_links(dir, /* replace= */ false, err);
    }
    if (code == PF_OK) {
        code = replace_by_link(dir, DATA_LINK, generation, err);
    }
    if (code != PF_OK) {
        remove_generation(dir, generation);
        return code;
    }
    sync_folder(dir);
    return PF_OK;
}

static bool is_empty(const struct pf_certstore *store)
{
    for (unsigned i = 0; i < PF_CERTSTORE_COUNT; i++) {
        if (store->entries[i].bytes.len != 0) {
            return false;
        }
    }
    return true;
}

enum pf_code pf_certstore_commit(const char *dir, const struct pf_certstore *before,
                                 const struct pf_certstore *store, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    if (before->is_plain && !is_empty(before)) {
        code = put_in_force(dir, before, err);
        code = code == PF_OK ? make_links(dir, /* replace= */ true, err) : code;
    }
    if (code == PF_OK) {
        code = put_in_force(dir, store, err);
    }
    return code == PF_OK ? pf_certstore_tidy(dir, err) : code;
}

enum pf_code pf_certstore_tidy(const char *dir, struct pf_err *err)
{
    char generation[NAME_MAX + 1] = "";
    char temporary[PATH_MAX];
    enum pf_code code = read_generation(dir, generation, err);
    if (code == PF_OK && generation[0] != '\0') {
        code = make_links(dir, /* replace= */ true, err);
    }
    if (code == PF_OK) {
        code = join(temporary, err, "%s/" DATA_LINK_NEW, dir);
    }
    if (code != PF_OK) {
        return code;
    }
    (void)unlink(temporary); /* left over from a crash, or not there */
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        const char *name = found[i]->d_name;
        if (strncmp(name, GENERATION_PREFIX, strlen(GENERATION_PREFIX)) == 0 &&
            strcmp(name, generation) != 0) {
            remove_generation(dir, name);
        }
        free(found[i]);
    }
    free(found);
    return PF_OK;
}

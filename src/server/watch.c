#include <errno.h>
#include <stdalign.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/watch.h>

#define QUIET_NS         (100 * PF_NS_PER_MS)
#define QUIET_LONGEST_NS (1000 * PF_NS_PER_MS)
#define RETRY_NS         (1000 * PF_NS_PER_MS)
#define NEVER            INT64_MAX
#define EVENTS \
    (IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB)

/* Enough to see any change of what a path leads to, links included. */
struct signature {
    bool present;
    dev_t device;
    ino_t inode;
    off_t bytes;
    struct timespec modified;
    struct timespec changed;
};

struct entry {
    char *path;
    char *folder;
    struct signature seen;
};

struct pf_watch {
    const struct pf_clock *clock;
    int fd;
    struct entry entries[PF_WATCH_FILES_MAX];
    unsigned count;
    int64_t first_event_ns; /* 0: none since the last look */
    int64_t last_event_ns;
    int64_t next_poll_ns;
    unsigned retry_bits;
    int64_t retry_ns;
};

static struct signature look(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return (struct signature){.present = false};
    }
    return (struct signature){
        .present = true,
        .device = info.st_dev,
        .inode = info.st_ino,
        .bytes = info.st_size,
        .modified = info.st_mtim,
        .changed = info.st_ctim,
    };
}

static bool same(const struct signature *a, const struct signature *b)
{
    if (!a->present || !b->present) {
        return a->present == b->present;
    }
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

enum pf_code pf_watch_new(const struct pf_clock *clock, struct pf_watch **ret_watch,
                          struct pf_err *err)
{
    struct pf_watch *watch = pf_mem_calloc(1, sizeof(*watch));
    if (watch == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for watching files");
    }
    watch->clock = clock;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC); /* -1 (too many instances): polling only */
    watch->next_poll_ns = pf_clock_mono_ns(clock) + PF_RELOAD_POLL_MS * PF_NS_PER_MS;
    *ret_watch = watch;
    return PF_OK;
}

void pf_watch_free(struct pf_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    for (unsigned i = 0; i < watch->count; i++) {
        free(watch->entries[i].path);
        free(watch->entries[i].folder);
    }
    if (watch->fd >= 0) {
        (void)close(watch->fd); /* only events are lost */
    }
    free(watch);
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return pf_mem_dup(".", 1);
    }
    return slash == path ? pf_mem_dup("/", 1) : pf_mem_dup(path, (size_t)(slash - path));
}

static void watch_folder(const struct pf_watch *watch, const struct entry *entry)
{
    if (watch->fd >= 0) {
        (void)inotify_add_watch(watch->fd, entry->folder, EVENTS); /* else the poll sees it */
    }
}

enum pf_code pf_watch_add(struct pf_watch *watch, const char *path, unsigned *ret_bit,
                          struct pf_err *err)
{
    if (watch->count == PF_WATCH_FILES_MAX) {
        return pf_err_set(err, PF_E_TOO_BIG, "more than %d files to watch", PF_WATCH_FILES_MAX);
    }
    struct entry entry = {.path = pf_mem_dup(path, strlen(path)), .folder = folder_of(path)};
    if (entry.path == NULL || entry.folder == NULL) {
        free(entry.path);
        free(entry.folder);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for watching '%s'", path);
    }
    watch_folder(watch, &entry);
    entry.seen = look(path);
    watch->entries[watch->count] = entry;
    *ret_bit = 1U << watch->count;
    watch->count++;
    return PF_OK;
}

int pf_watch_fd(const struct pf_watch *watch)
{
    return watch->fd;
}

/* Which file an event is about does not matter: all are compared. */
static bool drain_events(const struct pf_watch *watch)
{
    alignas(struct inotify_event) char events[4096];
    bool any = false;
    ssize_t got = 0;
    do {
        got = watch->fd >= 0 ? read(watch->fd, events, sizeof(events)) : -1;
        any = any || got > 0;
    } while (got > 0 || (got < 0 && watch->fd >= 0 && errno == EINTR));
    return any;
}

static int64_t look_at_ns(const struct pf_watch *watch)
{
    int64_t due = watch->next_poll_ns;
    if (watch->first_event_ns != 0) {
        const int64_t quiet = watch->last_event_ns + QUIET_NS;
        const int64_t longest = watch->first_event_ns + QUIET_LONGEST_NS;
        const int64_t settled = quiet < longest ? quiet : longest;
        due = settled < due ? settled : due;
    }
    return due;
}

static unsigned compare(struct pf_watch *watch)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < watch->count; i++) {
        struct entry *entry = &watch->entries[i];
        const struct signature now = look(entry->path);
        if (!same(&now, &entry->seen)) {
            entry->seen = now;
            bits |= 1U << i;
        }
    }
    return bits;
}

unsigned pf_watch_poll(struct pf_watch *watch)
{
    const int64_t now = pf_clock_mono_ns(watch->clock);
    if (drain_events(watch)) {
        watch->last_event_ns = now;
        if (watch->first_event_ns == 0) {
            watch->first_event_ns = now;
        }
    }
    unsigned bits = 0;
    if (watch->retry_bits != 0 && now >= watch->retry_ns) {
        bits = watch->retry_bits;
        watch->retry_bits = 0;
    }
    if (now >= look_at_ns(watch)) {
        if (now >= watch->next_poll_ns) {
            watch->next_poll_ns = now + PF_RELOAD_POLL_MS * PF_NS_PER_MS;
            for (unsigned i = 0; i < watch->count; i++) {
                watch_folder(watch, &watch->entries[i]); /* a folder may have been replaced */
            }
        }
        watch->first_event_ns = 0;
        bits |= compare(watch);
    }
    return bits;
}

void pf_watch_retry(struct pf_watch *watch, unsigned bits)
{
    watch->retry_bits |= bits;
    watch->retry_ns = pf_clock_mono_ns(watch->clock) + RETRY_NS;
}

int pf_watch_timeout_ms(const struct pf_watch *watch)
{
    const int64_t now = pf_clock_mono_ns(watch->clock);
    int64_t due = look_at_ns(watch);
    if (watch->retry_bits != 0 && watch->retry_ns < due) {
        due = watch->retry_ns;
    }
    return due <= now ? 0 : (int)((due - now) / PF_NS_PER_MS) + 1;
}

#ifndef PODFIT_WATCH_H
#define PODFIT_WATCH_H

/**
 * Have files changed? inotify on their folders (a ConfigMap is exchanged by renaming the link `..data` beside them, an editor renames a new file over the old,
 * others write in place) and a comparison of what the paths lead to each PF_RELOAD_POLL_MS, for file systems that give no events (webhook practice C-08). One thread.
 */

#include <podfit/clock.h>
#include <podfit/error.h>

/** Files watched at most. */
#define PF_WATCH_FILES_MAX 8

struct pf_watch;

enum pf_code pf_watch_new(const struct pf_clock *clock, struct pf_watch **ret_watch,
                          struct pf_err *err) PF_MUST_CHECK;
void pf_watch_free(struct pf_watch *watch);

/**
 * Watch one more file; it need not exist.
 *
 * @param path     copied
 * @param ret_bit  its bit in the sets that pf_watch_poll() returns; untouched on failure
 * @return PF_OK, PF_E_TOO_BIG (PF_WATCH_FILES_MAX), PF_E_NO_MEMORY. A folder that inotify refuses is polled only.
 */
enum pf_code pf_watch_add(struct pf_watch *watch, const char *path, unsigned *ret_bit,
                          struct pf_err *err) PF_MUST_CHECK;

/** Descriptor that becomes readable with an event; borrowed; -1: there is none, only polling. */
int pf_watch_fd(const struct pf_watch *watch);

/**
 * Take in events and look at the files when it is time: 100 ms after the last event (at most a second after the first, so that a file being
 * written is not read half), or when the poll is due.
 *
 * @return set of bits of files that differ from what they were at the last call that reported them
 */
unsigned pf_watch_poll(struct pf_watch *watch);
/** Report these files once more at the next poll in about a second: reading them failed and may pass (a pair that is just being exchanged). */
void pf_watch_retry(struct pf_watch *watch, unsigned bits);
/** Milliseconds until pf_watch_poll() has something to do without an event. */
int pf_watch_timeout_ms(const struct pf_watch *watch);

#endif

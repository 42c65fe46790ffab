#include <fcntl.h>
#include <unistd.h>

#include "listener_internal.h"

#define LINGER_NS (2 * PF_NS_PER_S)

void pf_linger_hold(struct pf_listener *listener, int fd)
{
    const int64_t now = pf_clock_mono_ns(listener->options.clock);
    pthread_mutex_lock(&listener->lock);
    if (listener->linger.count < PF_LINGER_MAX) {
        const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy >= 0) {
            listener->linger.items[listener->linger.count].fd = copy;
            listener->linger.items[listener->linger.count].until_mono_ns = now + LINGER_NS;
            listener->linger.count++;
        }
    }
    pthread_mutex_unlock(&listener->lock);
}

void pf_linger_sweep(struct pf_linger *linger, int64_t now, bool all)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < linger->count; i++) {
        if (all || now >= linger->items[i].until_mono_ns) {
            (void)close(linger->items[i].fd); /* nobody waits for it */
        } else {
            linger->items[kept] = linger->items[i];
            kept++;
        }
    }
    linger->count = kept;
}

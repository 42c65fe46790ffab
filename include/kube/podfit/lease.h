#ifndef PODFIT_LEASE_H
#define PODFIT_LEASE_H

/**
 * One holder among the replicas: a coordination.k8s.io/v1 Lease, acquired, renewed and released as client-go's leaderelection does. A state machine that
 * a tick drives on the client's thread; nothing blocks. No correctness hangs on it but that of what two holders at once could break: a holder
 * writes with the optimistic lock of what it writes, too.
 *
 * Times are of our own monotonic clock, never of the record: clocks of nodes differ. A record counts as held until it has not changed for its
 * leaseDurationSeconds as seen here. Source: client-go tools/leaderelection/leaderelection.go; webhook practice C-05, C-14, K-33.
 */

#include <podfit/kube_client.h>

/** client-go's defaults of kube-controller-manager and kube-scheduler. */
#define PF_LEASE_DURATION_MS       INT64_C(15000)
#define PF_LEASE_RENEW_DEADLINE_MS INT64_C(10000)
#define PF_LEASE_RETRY_MS          INT64_C(2000)

struct pf_lease;

struct pf_lease_options {
    struct pf_kube_client *client; /**< borrowed */
    const struct pf_clock *clock;  /**< borrowed */
    const char *space;             /**< namespace; copied, as are the next two */
    const char *name;
    const char *
        identity; /**< unique to this process, such as the pod's name and a random number; 1 to 128 bytes */
    uint64_t seed; /**< of the jitter */
    int64_t
        duration_ms; /**< others may take it after this long without a renewal; 0: PF_LEASE_DURATION_MS; whole seconds */
    int64_t
        renew_deadline_ms; /**< we stop being the holder after this long without a renewal; below duration_ms; 0: PF_LEASE_RENEW_DEADLINE_MS */
    int64_t retry_ms;      /**< between two tries; 0: PF_LEASE_RETRY_MS */
    void (*changed)(
        void *ctx,
        bool
            held); /**< we became the holder, or are it no longer; on the client's thread; may be NULL */
    void *ctx;
};

/** @return PF_OK; PF_E_INVALID (identity, times); PF_E_NO_MEMORY */
enum pf_code pf_lease_new(const struct pf_lease_options *options, struct pf_lease **ret_lease,
                          struct pf_err *err) PF_MUST_CHECK;
/** Cancels what is under way; does not release (pf_lease_release() before it does). NULL is ignored. */
void pf_lease_free(struct pf_lease *lease);

/** Do what is due: read, create, take over, renew. @return milliseconds until it wants to be called again, at least 1 */
int64_t pf_lease_tick(struct pf_lease *lease);

/** Are we the holder, by our own clock now? */
bool pf_lease_held(const struct pf_lease *lease);

/**
 * Give it up for good, so that another need not wait: the record's holder is emptied if it is us. Ticks go on until pf_lease_released(); it is
 * not tried again when that fails. `changed` runs at once if we were the holder.
 */
void pf_lease_release(struct pf_lease *lease);
/** Has the release come to its end, well or not? */
bool pf_lease_released(const struct pf_lease *lease);

struct pf_lease_stats {
    bool held;
    uint64_t acquisitions;
    uint64_t renewals;
    uint64_t losses;        /**< not renewed in time, or taken by another */
    uint64_t failures;      /**< requests that failed otherwise than by a conflict */
    char holder[129];       /**< of the record as last seen; empty: nobody */
    char last_failure[256]; /**< one line; empty: none so far */
};
struct pf_lease_stats pf_lease_stats(const struct pf_lease *lease);

/** What is read of a Lease; texts are borrowed from the JSON or the arena. */
struct pf_lease_record {
    struct pf_sv resource_version;
    struct pf_sv holder;
    struct pf_sv acquire_time;
    struct pf_sv renew_time;
    int64_t duration_s;
    int64_t transitions;
};
/** Decode the JSON of a Lease. @return PF_OK; PF_E_INVALID (no Lease, or without resourceVersion); PF_E_NO_MEMORY */
enum pf_code pf_lease_decode(struct pf_sv json, struct pf_arena *arena,
                             struct pf_lease_record *ret_record, struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_REGISTRATION_H
#define PODFIT_REGISTRATION_H

/**
 * podfit's certificate in a cluster: CA and serving certificate in a Secret that the replicas share, the CA bundle in every entry of the webhook
 * configuration. All replicas follow both objects by watch; the holder of a Lease writes. See docs/CERTIFICATES.md; webhook practice C-01 to C-14.
 *
 * Order of a CA's renewal (C-01): the next CA stands in the Secret and, seen in the webhook configuration for the publish delay, signs; a replica puts a
 * certificate of another CA in force only when it sees that CA in the bundle of every entry; the old CA goes when its last certificate has expired.
 *
 * No wedge (C-14): every write carries the resourceVersion it is based on, or (the bundle) comes from a Secret that was just read. So whatever has been due for
 * PF_REGISTRATION_STEP_IN_MS while another holds the Lease, or nobody can, any replica does.
 *
 * A thread of its own with a client of its own: nothing of the model waits for a certificate, nor the other way round.
 */

#include <podfit/certset.h>
#include <podfit/kube_client.h>

/** What is due is done by whoever sees it after this long without the holder of the Lease: twice a Lease's time and its retries. */
#define PF_REGISTRATION_STEP_IN_MS INT64_C(60000)
/** API servers learn a new bundle by watch within seconds; an hour leaves time for one that is cut off. */
#define PF_REGISTRATION_PUBLISH_DELAY_S INT64_C(3600)

struct pf_registration;

/** Strings are copied unless said otherwise. */
struct pf_registration_options {
    const struct pf_kube_config *config; /**< borrowed */
    const struct pf_clock *clock;        /**< borrowed */
    const char *user_agent;
    const char *hook_name;    /**< of the MutatingWebhookConfiguration */
    const char *secret_space; /**< namespaces and names of Secret and Lease */
    const char *secret_name;
    const char *lease_space;
    const char *lease_name;
    const char *identity;            /**< see struct pf_lease_options */
    const char *const *names;        /**< of the serving certificate: DNS names, IP addresses */
    size_t names_count;              /**< 1 to PF_CERT_SANS_MAX */
    int64_t leaf_lifetime_s;         /**< 0: PF_CERTDIR_LEAF_LIFETIME_S */
    int64_t ca_lifetime_s;           /**< 0: PF_CERTDIR_CA_LIFETIME_S */
    int64_t publish_delay_s;         /**< negative: PF_REGISTRATION_PUBLISH_DELAY_S */
    int64_t lease_duration_ms;       /**< see struct pf_lease_options; 0: its default */
    int64_t lease_renew_deadline_ms; /**< likewise */
    uint64_t seed;                   /**< of the jitter */
    /**
     * Serve this pair from now on; on the registration's thread. @return PF_OK, or the old pair stays and it is tried again
     */
    enum pf_code (*install)(void *ctx, struct pf_sv cert_pem, struct pf_sv key_pem,
                            struct pf_err *err);
    void *ctx;
};

/**
 * Nothing runs yet.
 *
 * @return PF_OK; PF_E_INVALID (names, lifetimes); what pf_kube_client_new() and pf_lease_new() return; PF_E_NO_MEMORY
 */
enum pf_code pf_registration_new(const struct pf_registration_options *options,
                                 struct pf_registration **ret_registration,
                                 struct pf_err *err) PF_MUST_CHECK;
/** Begin, on a thread of its own. @return PF_OK or PF_E_IO */
enum pf_code pf_registration_start(struct pf_registration *registration,
                                   struct pf_err *err) PF_MUST_CHECK;
/** Give the Lease up and end the thread; takes as long as the request under way, some seconds at most. NULL is ignored. */
void pf_registration_stop(struct pf_registration *registration);
/** Stops it. NULL is ignored. */
void pf_registration_free(struct pf_registration *registration);

/**
 * Without a thread (tests): do what is due, take in what has come for at most @p timeout_ms. @return milliseconds until it wants to be called again, at least 1
 */
int64_t pf_registration_step(struct pf_registration *registration, int timeout_ms);

/** What others see; a copy. */
struct pf_registration_stats {
    bool
        ready; /**< a pair was in force while every entry trusted it, at least once (C-07): stays true */
    bool serving;      /**< a pair is in force */
    bool trusted;      /**< every entry of the webhook configuration trusts it now */
    bool bundle_right; /**< every entry has exactly the Secret's bundle */
    bool lease_held;
    char lease_holder[129];         /**< empty: nobody */
    unsigned entries;               /**< of the webhook configuration */
    int64_t leaf_not_after_wall_ns; /**< of the Secret's certificate; 0: none */
    int64_t ca_not_after_wall_ns;   /**< of the CA that signs; 0: none */
    bool next_ca;                   /**< a next CA is published */
    uint64_t bundle_writes;
    uint64_t bundle_resets; /**< somebody else changed a bundle that was right */
    uint64_t secret_writes; /**< certificates created or renewed here */
    uint64_t conflicts;     /**< writes that another was faster with */
    uint64_t installs;      /**< pairs put in force */
    uint64_t failures;      /**< requests, renewals and installations that failed otherwise */
    char problem[512]; /**< what keeps it from being as it should be, one line; empty: nothing */
};
/** Thread-safe. */
struct pf_registration_stats pf_registration_stats(struct pf_registration *registration);

#endif

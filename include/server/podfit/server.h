#ifndef PODFIT_SERVER_H
#define PODFIT_SERVER_H

/**
 * `podfit serve` without the command line: both listeners, reloading, health, drain. The caller owns the process (signals, model, audit log).
 */

#include <podfit/address.h>
#include <podfit/admission.h>
#include <podfit/audit.h>
#include <podfit/certdir.h>
#include <podfit/clock.h>
#include <podfit/write.h>

struct pf_server;

/**
 * What others want to know or to add; any function may be NULL. They run on the server's threads while it serves, several of them at once.
 */
struct pf_server_hooks {
    /** Append metric families to /metrics. */
    void (*metrics)(void *ctx, struct pf_buf *buf);
    /** Append members to the object of /stats. @param details  whoever asks may see names of nodes and pods */
    void (*stats)(void *ctx, bool details, struct pf_writer *w);
    /** A remark on the model for /readyz (how the cluster is followed); nothing to say: append nothing. */
    void (*model_detail)(void *ctx, struct pf_buf *buf);
    /** A review was decided and is about to be answered; the decision is borrowed. */
    void (*decided)(void *ctx, const struct pf_decision *decision);
    /** This configuration is in force from now on: after a reload, and after pf_server_set_minor(). Borrowed. */
    void (*configured)(void *ctx, struct pf_config *config);
    void *ctx;
};

/**
 * Who brings the certificate by pf_server_set_certificate(), instead of files. On the server's threads, several of them at once; none may be NULL.
 */
struct pf_server_certificates {
    /** May the server be ready, as far as certificate and registration go? @param detail  why not, or a remark */
    bool (*ready)(void *ctx, struct pf_buf *detail);
    /** Append metric families to /metrics. */
    void (*metrics)(void *ctx, struct pf_buf *buf);
    /** Append members to the object of /stats. @param details  whoever asks may see names of nodes and pods */
    void (*stats)(void *ctx, bool details, struct pf_writer *w);
    void *ctx;
};

/** Who sees the status page, and the parts of /stats that name nodes and pods. */
enum pf_server_page {
    PF_SERVER_PAGE_ON,       /**< whoever reaches the ops address */
    PF_SERVER_PAGE_LOOPBACK, /**< who asks from this machine or pod (kubectl port-forward does) */
    PF_SERVER_PAGE_OFF,      /**< nobody */
};

/** All pointers are borrowed and outlive the server. */
struct pf_server_options {
    struct pf_model *model;
    struct pf_config *config; /**< in force at start */
    struct pf_audit *audit;   /**< may be NULL */
    const struct pf_clock *clock;
    struct pf_address listen;
    struct pf_address ops_listen;
    const char *config_path; /**< NULL: never reloaded */
    const char *cert_path;
    const char *key_path;
    const char *
        cert_dir; /**< folder of podfit certs whose leaf is renewed here; NULL: not ours to renew */
    const char *const
        *names; /**< DNS names and addresses that a certificate from files must cover */
    size_t names_count;
    const char *client_ca_path;
    const char *token_path;
    const char *version; /**< for build_info */
    const char *replica; /**< the pod that serves, for the status page; NULL: none */
    unsigned max_connections;
    int64_t idle_ms;
    int64_t request_ms;
    int64_t shutdown_delay_ms; /**< serving on after pf_server_drain() with readiness off */
    int64_t drain_ms;          /**< at most this long until everything is quiet after that */
    bool
        live; /**< the model follows a cluster: gates can be removed, the model may be out of date */
    const struct pf_server_hooks *hooks;               /**< may be NULL */
    const struct pf_server_certificates *certificates; /**< NULL: files */
    enum pf_server_page status_page;
};

/**
 * Load certificates, bind, serve.
 *
 * @return PF_OK; the code of what failed at start: files, addresses, memory
 */
enum pf_code pf_server_start(const struct pf_server_options *options, struct pf_server **ret_server,
                             struct pf_err *err) PF_MUST_CHECK;

/** Addresses in force. */
struct pf_address pf_server_address(const struct pf_server *server);
struct pf_address pf_server_ops_address(const struct pf_server *server);

/**
 * The control plane turned out to be of this version: where the configuration does not name one, it is judged so from now on, also after reloads. Thread-safe.
 *
 * @param minor  as in pf_kube_features_default()
 * @return PF_OK or PF_E_NO_MEMORY (as it was before)
 */
enum pf_code pf_server_set_minor(struct pf_server *server, int minor,
                                 struct pf_err *err) PF_MUST_CHECK;

/**
 * Serve this pair from now on, if it may be served (pf_cert_check_pair()); connections that are open keep theirs. Thread-safe.
 *
 * @param cert_pem,key_pem  borrowed; leaf first
 * @return PF_OK; what pf_cert_check_pair() and pf_serving_install() return: then the old pair stays in force
 */
enum pf_code pf_server_set_certificate(struct pf_server *server, struct pf_sv cert_pem,
                                       struct pf_sv key_pem, struct pf_err *err) PF_MUST_CHECK;

/** Descriptor to poll between two pf_server_tick(); -1: none. */
int pf_server_fd(const struct pf_server *server);
/** Do what is due: reload changed files, renew the certificate, go on with the drain. @return milliseconds until the next call */
int pf_server_tick(struct pf_server *server);
/** Load everything again now (SIGHUP) and reopen the audit log. */
void pf_server_reload(struct pf_server *server);
/** Begin to stop: readiness off at once, serve on, then `Connection: close`, then quiet. */
void pf_server_drain(struct pf_server *server);
/** The drain is over: call pf_server_stop(). */
bool pf_server_drained(const struct pf_server *server);
/** Cut what is left and free. NULL is ignored. */
void pf_server_stop(struct pf_server *server);

#endif

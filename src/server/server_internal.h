#ifndef PODFIT_SERVER_INTERNAL_H
#define PODFIT_SERVER_INTERNAL_H

/** Inside the server: what its sources share. */

#include <stdatomic.h>

#include "status.h"
#include <podfit/listener.h>
#include <podfit/metrics.h>
#include <podfit/reload.h>
#include <podfit/server.h>
#include <podfit/watch.h>
#include <podfit/webhook.h>

/** Steps of a stop, in their order. */
enum pf_server_phase {
    PF_SERVER_SERVING, /**< normal */
    PF_SERVER_DELAY,   /**< not ready, but serving: endpoints are being withdrawn */
    PF_SERVER_CLOSING, /**< every answer closes its connection */
    PF_SERVER_DRAINED, /**< quiet, or out of patience: may be stopped */
};

struct pf_server {
    struct pf_server_options options;
    struct pf_admission *admission;
    struct pf_metrics *metrics;
    struct pf_recent *recent;
    struct pf_status *status; /* of the ops thread */
    struct pf_serving *serving;
    struct pf_clientca *clientca; /* NULL: clients are not asked */
    struct pf_pathtoken token;
    struct pf_reload *reload;
    struct pf_watch *watch;
    struct pf_webhook *webhook;
    struct pf_listener *listener;
    struct pf_listener *ops;
    struct pf_address address;
    struct pf_address ops_address;
    unsigned bits[PF_RELOAD_KINDS]; /* of the watch */
    int64_t renew_mono_ns;          /* next look at cert_dir */
    int64_t start_wall_ns;
    atomic_int_fast64_t tick_mono_ns;         /* heartbeat of the owner's thread */
    atomic_int_fast64_t ca_not_after_wall_ns; /* of cert_dir; 0: not known, or not ours */
    atomic_int phase;
    int64_t phase_mono_ns; /* since when; owner's thread only */
};

/** ops.c: application of the ops listener; its opaque is the server. */
struct pf_listener_app pf_ops_app(struct pf_server *server);
/** ops.c: what /readyz answers. */
bool pf_ops_is_ready(struct pf_server *server);
/** lifecycle.c: renew the certificate folder when that is due; failures are logged. */
void pf_lifecycle_renew(struct pf_server *server, int64_t now);
/** exposition.c: everything /metrics says. */
void pf_exposition_write(struct pf_server *server, struct pf_buf *buf);
/** stats.c: the JSON of /stats. */
void pf_stats_write(struct pf_server *server, const struct pf_status_ask *ask, struct pf_buf *buf);
/** ops_page.c: / and /stats. */
void pf_ops_page_answer(struct pf_server *server, struct pf_exchange *exchange);
void pf_ops_page_stats(struct pf_server *server, struct pf_exchange *exchange);

#endif

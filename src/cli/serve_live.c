#include "serve_live.h"

#include "source.h"
#include <podfit/live.h>
#include <podfit/log.h>
#include <podfit/mem.h>

struct pf_serve_live {
    struct pf_server_hooks hooks;
    struct pf_outcomes *outcomes;
    struct pf_live *live;
    struct pf_server *server; /* set before the live thread starts */
};

static void put_metrics(void *ctx, struct pf_buf *buf)
{
    struct pf_serve_live *self = ctx;
    pf_live_metrics(self->live, buf);
    pf_outcomes_metrics(self->outcomes, buf);
}

static void put_stats(void *ctx, bool details, struct pf_writer *w)
{
    struct pf_serve_live *self = ctx;
    pf_live_stats(self->live, w);
    pf_outcomes_stats(self->outcomes, details, w);
}

static void put_detail(void *ctx, struct pf_buf *buf)
{
    struct pf_serve_live *self = ctx;
    pf_live_detail(self->live, buf);
}

static void on_decided(void *ctx, const struct pf_decision *decision)
{
    struct pf_serve_live *self = ctx;
    pf_outcomes_decided(self->outcomes, decision);
}

static void on_configured(void *ctx, struct pf_config *config)
{
    struct pf_serve_live *self = ctx;
    pf_live_set_config(self->live, config);
}

/* On the live thread. */
static void on_version(void *ctx, int minor)
{
    struct pf_serve_live *self = ctx;
    struct pf_err err = {0};
    if (pf_server_set_minor(self->server, minor, &err) != PF_OK) {
        pf_log_error("server", "cannot judge as Kubernetes 1.%d, ignoring: %s", minor, err.text);
        return;
    }
    pf_log_info("server", "the API server is Kubernetes 1.%d", minor);
}

enum pf_code pf_serve_live_new(const struct pf_serve_live_options *options,
                               struct pf_serve_live **ret_live, struct pf_err *err)
{
    struct pf_serve_live *self = pf_mem_calloc(1, sizeof(*self));
    if (self == NULL || pf_outcomes_new(options->clock, options->audit, &self->outcomes) != PF_OK) {
        free(self);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    self->hooks = (struct pf_server_hooks){.metrics = put_metrics,
                                           .stats = put_stats,
                                           .model_detail = put_detail,
                                           .decided = on_decided,
                                           .configured = on_configured,
                                           .ctx = self};
    const struct pf_live_options live = {
        .model = options->model,
        .kube = options->kube,
        .clock = options->clock,
        .outcomes = self->outcomes,
        .user_agent = pf_source_user_agent(),
        .follow = true,
        .ungate = true,
        .on_version = on_version,
        .ctx = self,
    };
    const enum pf_code code = pf_live_new(&live, &self->live, err);
    if (code != PF_OK) {
        pf_serve_live_free(self);
        return code;
    }
    pf_live_set_config(self->live, options->config);
    *ret_live = self;
    return PF_OK;
}

const struct pf_server_hooks *pf_serve_live_hooks(const struct pf_serve_live *live)
{
    return live != NULL ? &live->hooks : NULL;
}

enum pf_code pf_serve_live_start(struct pf_serve_live *live, struct pf_server *server,
                                 struct pf_err *err)
{
    if (live == NULL) {
        return PF_OK;
    }
    live->server = server;
    return pf_live_start(live->live, err);
}

void pf_serve_live_stop(struct pf_serve_live *live)
{
    if (live != NULL) {
        pf_live_stop(live->live);
    }
}

void pf_serve_live_free(struct pf_serve_live *live)
{
    if (live == NULL) {
        return;
    }
    pf_live_free(live->live);
    pf_outcomes_free(live->outcomes);
    free(live);
}

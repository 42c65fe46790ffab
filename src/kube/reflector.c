#include <stdio.h>

#include "reflect.h"
#include "transfer.h"
#include <podfit/mem.h>

#define PAGE_LIMIT 500
/* an event out of order leads to one list in this time */
#define GAP_PAUSE_NS (600 * PF_NS_PER_S)

enum pf_code pf_reflector_new(const struct pf_reflector_options *options,
                              struct pf_reflector **ret_reflector, struct pf_err *err)
{
    struct pf_reflector *self = pf_mem_calloc(1, sizeof(*self));
    if (self == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to follow %s", options->name);
    }
    self->options = *options;
    self->random = options->seed;
    self->streaming = options->streaming_lists;
    self->mode = self->streaming ? REFLECT_STREAM : REFLECT_LIST;
    self->page_limit = options->page_limit != 0 ? options->page_limit : PAGE_LIMIT;
    self->due_ns = pf_clock_mono_ns(options->clock);
    pf_buf_init(&self->token, PF_LIST_METADATA_MAX_BYTES);
    *ret_reflector = self;
    return PF_OK;
}

void pf_reflector_free(struct pf_reflector *reflector)
{
    if (reflector == NULL) {
        return;
    }
    pf_kube_client_cancel(reflector->options.client, reflector->call);
    pf_reflect_drop_readers(reflector);
    pf_buf_done(&reflector->token);
    free(reflector);
}

/* the call under way is not worth waiting for any longer */
static void give_up(struct pf_reflector *self, enum reflect_verdict verdict, const char *why)
{
    char message[sizeof(self->why)];
    (void)snprintf(message, sizeof(message), "%s of %s: %s",
                   self->mode == REFLECT_WATCH ? "watch" : "list", self->options.name, why);
    pf_kube_client_cancel(self->options.client, self->call);
    self->call = NULL;
    pf_reflect_drop_readers(self);
    pf_reflect_fail(self, verdict, -1, pf_sv_from(message));
}

/*
 * A silent watch is resumed. When nothing at all has come in two of them the server may be waiting for a resourceVersion that it will never reach (etcd was restored
 * from a backup; such a watch is accepted and stays silent), which only a list tells.
 */
static void give_up_silent(struct pf_reflector *self)
{
    enum reflect_verdict verdict = REFLECT_WAIT;
    if (self->mode == REFLECT_STREAM) {
        self->heard++; /* it counts against streaming lists */
    } else if (self->mode == REFLECT_WATCH) {
        pf_reflect_count_watch(self);
        self->silent = self->heard == 0 ? self->silent + 1 : 0;
        verdict = self->silent >= 2 ? REFLECT_RELIST : REFLECT_WAIT;
    }
    give_up(self, verdict, self->mode == REFLECT_WATCH ? "silent for too long" : "took too long");
}

static void check_gap(struct pf_reflector *self, int64_t now_ns)
{
    if (self->gap_pending && self->mode == REFLECT_WATCH &&
        (self->gap_ns == 0 || now_ns - self->gap_ns >= GAP_PAUSE_NS)) {
        self->gap_pending = false;
        self->gap_ns = now_ns;
        give_up(self, REFLECT_RELIST, "an event came out of order");
    }
}

void pf_reflector_relist(struct pf_reflector *reflector)
{
    if (reflector->call != NULL && reflector->mode == REFLECT_WATCH) {
        pf_reflect_count_watch(reflector);
    }
    pf_kube_client_cancel(reflector->options.client, reflector->call);
    reflector->call = NULL;
    pf_reflect_drop_readers(reflector);
    pf_reflect_start_over(reflector);
    if (reflector->denied == 0) { /* who is denied keeps its pace */
        reflector->due_ns = pf_clock_mono_ns(reflector->options.clock);
    }
}

void pf_reflector_resume(struct pf_reflector *reflector)
{
    if (reflector->call == NULL || reflector->mode != REFLECT_WATCH) {
        return;
    }
    pf_reflect_count_watch(reflector);
    pf_kube_client_cancel(reflector->options.client, reflector->call);
    reflector->call = NULL;
    pf_reflect_drop_readers(reflector);
    reflector->due_ns = pf_clock_mono_ns(reflector->options.clock);
}

int64_t pf_reflector_tick(struct pf_reflector *reflector)
{
    const int64_t now_ns = pf_clock_mono_ns(reflector->options.clock);
    if (reflector->call != NULL) {
        check_gap(reflector, now_ns);
    }
    if (reflector->call != NULL && now_ns >= pf_reflect_deadline_ns(reflector)) {
        give_up_silent(reflector);
    }
    if (reflector->call == NULL && now_ns >= reflector->due_ns) {
        pf_reflect_start(reflector, now_ns);
    }
    int64_t next_ns =
        reflector->call != NULL ? pf_reflect_deadline_ns(reflector) : reflector->due_ns;
    if (reflector->call != NULL && reflector->gap_pending &&
        reflector->gap_ns + GAP_PAUSE_NS < next_ns) {
        next_ns = reflector->gap_ns + GAP_PAUSE_NS;
    }
    const int64_t wait_ms = (next_ns - now_ns + PF_NS_PER_MS - 1) / PF_NS_PER_MS;
    return wait_ms > 1 ? wait_ms : 1;
}

struct pf_reflector_stats pf_reflector_stats(const struct pf_reflector *reflector)
{
    struct pf_reflector_stats stats = reflector->stats;
    /* the head of the answer is there long before the first event of a quiet resource */
    stats.open = stats.watching && reflector->call != NULL &&
                 pf_transfer_good(pf_transfer_status(reflector->call));
    stats.connection = stats.watching ? pf_kube_client_connection(reflector->call) : -1;
    return stats;
}

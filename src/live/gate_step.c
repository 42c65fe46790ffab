#include "gate_internal.h"
#include <podfit/annotations.h>
#include <podfit/columns.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/reservation.h>
#include <podfit/write.h>

/* One pod at a time, at most 50 a second: an API server takes some 1,000 small requests a second. */
#define STEP_NS (20 * PF_NS_PER_MS)
/* A queue whose head found no room is asked again when the model changed, at most so often; and once in a while anyway (time passes for reservations). */
#define PASS_MIN_NS (200 * PF_NS_PER_MS)
#define PASS_MAX_NS (10000 * PF_NS_PER_MS)
/* After a refused attempt the pod waits so long; what made the attempt fail usually sends an event before. */
#define RETRY_NS       (5000 * PF_NS_PER_MS)
#define IDLE_MS        500
#define TIMEOUT_MS     10000
#define PATH_MAX_BYTES ((size_t)4096)
/* The message of a refusal quotes the pod; only its beginning is of use. */
#define PATCH_MAX_BYTES ((size_t)64 * 1024)

static struct pf_gate_entry *at(uint64_t address)
{
    return (struct pf_gate_entry *)(uintptr_t)address;
}

static bool is_before(const struct pf_gate_entry *a, const struct pf_gate_entry *b)
{
    if (b == NULL || a->created_ns != b->created_ns) {
        return b == NULL || a->created_ns < b->created_ns;
    }
    return pf_sv_cmp(a->key, b->key) < 0;
}

/* First come, first served: the oldest whose queue has not ended in this pass. */
static struct pf_gate_entry *choose(const struct pf_live_gate *gate, int64_t now)
{
    struct pf_gate_entry *best = NULL;
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        struct pf_gate_entry *entry = at(address);
        if (entry->pass != gate->pass && entry->retry_at_ns <= now && is_before(entry, best)) {
            best = entry;
        }
    }
    return best;
}

/* Who stands behind a pod that found no room waits with it, or a large one would never have its turn. */
static void end_queue(struct pf_live_gate *gate, const struct pf_gate_entry *head)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        if (pf_sv_eq(at(address)->class_name, head->class_name)) {
            at(address)->pass = gate->pass;
        }
    }
}

static void put_path(struct pf_buf *path, const struct pf_gate_entry *entry)
{
    pf_buf_append_cstr(path, "/api/v1/namespaces/");
    pf_kube_escape(path, entry->namespace_);
    pf_buf_append_cstr(path, "/pods/");
    pf_kube_escape(path, entry->name);
}

static bool take_bytes(void *ctx, struct pf_sv bytes)
{
    struct pf_live_gate *gate = ctx;
    pf_buf_append_sv(&gate->body, bytes);
    return gate->body.failed == PF_OK;
}

static bool ignore_bytes(void *ctx PF_UNUSED, struct pf_sv bytes PF_UNUSED)
{
    return true;
}

/* @return false: no memory */
static bool start(struct pf_live_gate *gate, const struct pf_gate_entry *entry,
                  const struct pf_kube_request *request)
{
    pf_autobuf struct pf_buf path = {0};
    pf_buf_init(&path, PATH_MAX_BYTES);
    put_path(&path, entry);
    struct pf_kube_request started = *request;
    started.path = path.data;
    started.timeout_ms = TIMEOUT_MS;
    started.ctx = gate;
    struct pf_err err = {0};
    if (path.failed != PF_OK ||
        pf_kube_client_start(gate->live->client, &started, &gate->call, &err) != PF_OK) {
        gate->call = NULL;
        return false;
    }
    return true;
}

static void give_back(struct pf_live_gate *gate)
{
    if (gate->review != NULL) {
        pf_model_lock(gate->live->options.model);
        (void)pf_reservation_drop(gate->live->options.model, pf_sv_from(gate->review));
        pf_model_unlock(gate->live->options.model);
        free(gate->review);
        gate->review = NULL;
    }
}

/* The attempt is over, whatever its end. */
static void finish(struct pf_live_gate *gate)
{
    free(gate->key);
    gate->key = NULL;
    free(gate->review);
    gate->review = NULL;
    gate->next_at_ns = pf_clock_mono_ns(gate->live->options.clock) + STEP_NS;
}

static void put_off(struct pf_live_gate *gate, struct pf_gate_entry *entry)
{
    gate->counts.failed++;
    if (entry != NULL) {
        entry->retry_at_ns = pf_clock_mono_ns(gate->live->options.clock) + RETRY_NS;
    }
}

/* Without the rights no gate ever goes, and the operator would look for the reason elsewhere. */
static void tell_denied(struct pf_live_gate *gate, const struct pf_kube_result *result)
{
    const bool denied = result->status == 401 || result->status == 403;
    if (denied && !gate->told) {
        pf_log_warning("live",
                       "%.*s; gates stay: grant 'get' and 'patch' on pods (see "
                       "manifests/components/gate), trying on",
                       PF_SV_ARG(result->message));
    }
    gate->told = denied || (gate->told && result->code != PF_OK);
}

static void on_patched(void *ctx, const struct pf_kube_result *result)
{
    struct pf_live_gate *gate = ctx;
    gate->call = NULL;
    tell_denied(gate, result);
    struct pf_gate_entry *entry = pf_gate_find(gate, pf_sv_from(gate->key));
    if (result->code == PF_OK) {
        gate->counts.removed++;
        pf_log_debug("live", "gate of '%s' removed", gate->key);
        pf_gate_drop(gate, entry); /* the watch shows it soon; its reservation is claimed then */
    } else {
        give_back(gate);
        if (result->status == 404) {
            pf_gate_drop(gate, entry);
        } else {
            put_off(gate, entry);
            pf_log_debug("live", "gate of '%s' stays: %.*s", gate->key, PF_SV_ARG(result->message));
        }
    }
    finish(gate);
}

static void put_op(struct pf_writer *w, const char *op, const char *path, struct pf_sv value)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "op", pf_sv_from(op));
    pf_write_string_member(w, "path", pf_sv_from(path));
    if (value.ptr != NULL) {
        pf_write_string_member(w, "value", value);
    }
    pf_write_end_object(w);
}

/* Tests make sure that it is still the same pod with the same gate: another replica may have been faster. */
static void compose(struct pf_buf *body, const struct pf_pod *pod)
{
    struct pf_writer w;
    pf_write_init(&w, body);
    pf_write_begin_array(&w);
    put_op(&w, "test", "/metadata/uid", pod->meta.uid);
    put_op(&w, "test", "/spec/schedulingGates/0/name", PF_SV(PF_MUTATION_GATE));
    put_op(&w, "remove", "/spec/schedulingGates/0", (struct pf_sv){0});
    if (pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_VERDICT)).ptr != NULL) {
        put_op(&w, "replace", "/metadata/annotations/podfit.io~1verdict",
               pf_sv_from(pf_verdict_name(PF_VERDICT_FITS)));
    }
    if (pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REASON)).ptr != NULL) {
        put_op(&w, "remove", "/metadata/annotations/podfit.io~1reason", (struct pf_sv){0});
    }
    pf_write_end_array(&w);
}

static void patch(struct pf_live_gate *gate, struct pf_gate_entry *entry, const struct pf_pod *pod)
{
    pf_autobuf struct pf_buf body = {0};
    pf_buf_init(&body, PATCH_MAX_BYTES);
    compose(&body, pod);
    const struct pf_kube_request request = {
        .method = "PATCH",
        .what = "remove the scheduling gate of a pod",
        .content_type = "application/json-patch+json",
        .body = pf_buf_view(&body),
        .max_bytes = PF_GATE_POD_MAX_BYTES,
        .on_data = ignore_bytes,
        .on_done = on_patched,
    };
    if (body.failed != PF_OK || !start(gate, entry, &request)) {
        give_back(gate);
        put_off(gate, entry);
        finish(gate);
    }
}

/* [locked] @return room is held, or needs no holding: the pod has no key of ours */
static bool hold(struct pf_live_gate *gate, const struct pf_pod *pod,
                 const struct pf_judgement *judgement)
{
    const struct pf_sv review = pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REVIEW));
    if (review.len == 0) {
        return true;
    }
    struct pf_err err = {0};
    gate->review = pf_mem_dup(review.ptr, review.len);
    const struct pf_reservation_spec spec = {.review_uid = review,
                                             .namespace_ = pod->meta.namespace_,
                                             .pod = pod,
                                             .request = &judgement->request,
                                             .node = judgement->node,
                                             .binds = judgement->binds};
    if (gate->review != NULL &&
        pf_reservation_put(gate->live->options.model, &spec, &err) == PF_OK) {
        return true;
    }
    free(gate->review);
    gate->review = NULL;
    return false;
}

/* @return does it fit now? Its room is held then. */
static bool judge(struct pf_live_gate *gate, struct pf_pod *pod)
{
    struct pf_live *live = gate->live;
    struct pf_judgement judgement = {.verdict = PF_VERDICT_UNKNOWN};
    struct pf_err err = {0};
    pod->scheduling_gate_count = 0;
    enum pf_code code = pf_pod_apply_defaults(pod, &live->config->fit.features, /* stored= */ true,
                                              &live->arena, &err);
    bool fits = false;
    pf_model_lock(live->options.model);
    if (code == PF_OK) {
        code = pf_fit_judge(live->fit, pod, &live->arena, &judgement, &err);
    }
    if (code == PF_OK && judgement.verdict == PF_VERDICT_FITS) {
        fits = hold(gate, pod, &judgement);
    }
    pf_model_unlock(live->options.model);
    return fits;
}

static void on_read(void *ctx, const struct pf_kube_result *result)
{
    struct pf_live_gate *gate = ctx;
    struct pf_live *live = gate->live;
    gate->call = NULL;
    struct pf_gate_entry *entry = pf_gate_find(gate, pf_sv_from(gate->key));
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    struct pf_err err = {0};
    if (result->code != PF_OK || entry == NULL || live->fit == NULL) {
        tell_denied(gate, result);
        if (result->status == 404) {
            pf_gate_drop(gate, entry);
        } else {
            put_off(gate, entry);
        }
        finish(gate);
        return;
    }
    pf_arena_reset(&live->arena);
    const enum pf_code code = pf_pod_decode(pf_buf_view(&gate->body), &live->arena, &pod, &err);
    if (code != PF_OK) {
        put_off(gate, entry);
    } else if (!pf_gate_is_ours(&pod) || !pf_sv_eq(pod.meta.uid, entry->uid)) {
        pf_gate_drop(gate, entry); /* the watch will show what became of it */
    } else if (judge(gate, &pod)) {
        patch(gate, entry, &pod);
        return;
    } else {
        end_queue(gate, entry);
    }
    finish(gate);
}

static void read_pod(struct pf_live_gate *gate, struct pf_gate_entry *entry)
{
    gate->key = pf_mem_dup(entry->key.ptr, entry->key.len);
    pf_buf_reset(&gate->body);
    const struct pf_kube_request request = {
        .method = "GET",
        .what = "get a gated pod",
        .max_bytes = PF_GATE_POD_MAX_BYTES,
        .on_data = take_bytes,
        .on_done = on_read,
    };
    if (gate->key == NULL || !start(gate, entry, &request)) {
        put_off(gate, entry);
        finish(gate);
    }
}

static void ignore_change(void *opaque PF_UNUSED, uint32_t slot PF_UNUSED)
{
}

/* @return a new pass has begun */
static bool begin_pass(struct pf_live_gate *gate, int64_t now)
{
    if (now - gate->pass_began_ns < PASS_MIN_NS) {
        return false;
    }
    struct pf_model *model = gate->live->options.model;
    pf_model_lock(model);
    uint64_t seen = pf_model_changes_since(model, gate->seen, ignore_change, NULL);
    seen = seen != 0 ? seen : pf_model_change_number(model);
    pf_model_unlock(model);
    if (seen == gate->seen && now - gate->pass_began_ns < PASS_MAX_NS) {
        return false;
    }
    gate->seen = seen;
    gate->pass_began_ns = now;
    gate->pass++;
    return true;
}

int64_t pf_live_gate_tick(struct pf_live_gate *gate)
{
    const int64_t now = pf_clock_mono_ns(gate->live->options.clock);
    if (gate->entries.count == 0 || gate->call != NULL || gate->live->fit == NULL) {
        return IDLE_MS;
    }
    if (now < gate->next_at_ns) {
        return pf_live_until_ms(gate->live, gate->next_at_ns);
    }
    const int64_t patience_ms = pf_kube_client_patience_ms(gate->live->client);
    if (patience_ms > 0) { /* a burst behind gates must not be what keeps a busy server busy */
        return patience_ms;
    }
    struct pf_gate_entry *entry = choose(gate, now);
    if (entry == NULL && begin_pass(gate, now)) {
        entry = choose(gate, now);
    }
    if (entry == NULL) {
        return PASS_MIN_NS / PF_NS_PER_MS;
    }
    read_pod(gate, entry);
    return IDLE_MS;
}

#include "lease_internal.h"
#include <podfit/mem.h>

#define IDENTITY_MAX_BYTES 128
#define TEXT_BYTES         129
#define LEASE_MAX_BYTES    ((size_t)64 * 1024) /* managedFields make it some KiB */
#define IDLE_MS            INT64_C(1000) /* a request is under way: its end wakes the client */

/* What the request under way is. */
enum step {
    STEP_NONE,
    STEP_READ,
    STEP_CREATE,
    STEP_UPDATE,
    STEP_RELEASE,
};

struct pf_lease {
    struct pf_lease_options options;
    char *space;
    char *name;
    char *identity;
    char *list_path;
    char *path;
    struct pf_kube_call *call;
    enum step step;
    struct pf_buf answer;
    /* the record as last seen; known: it still tells what the server has */
    bool known;
    char resource_version[TEXT_BYTES];
    char holder[TEXT_BYTES];
    char acquire_time[TEXT_BYTES];
    char renew_time[TEXT_BYTES];
    int64_t record_duration_ms;
    int64_t transitions;
    int64_t seen_mono_ns; /* when holder or renewTime changed last */
    bool held;
    int64_t renewed_mono_ns; /* start of the last write that succeeded */
    int64_t begun_mono_ns;   /* of the request under way */
    int64_t next_mono_ns;
    bool releasing;
    bool released;
    uint64_t random;
    struct pf_lease_stats stats;
};

static int64_t now_of(const struct pf_lease *lease)
{
    return pf_clock_mono_ns(lease->options.clock);
}

static void set_held(struct pf_lease *lease, bool held)
{
    if (lease->held == held) {
        return;
    }
    lease->held = held;
    lease->stats.acquisitions += held;
    lease->stats.losses += !held && !lease->releasing;
    if (lease->options.changed != NULL) {
        lease->options.changed(lease->options.ctx, held);
    }
}

/* Those who wait do not all ask at once: between one and 2.2 periods, as client-go's JitterFactor 1.2. */
static void wait_for_next(struct pf_lease *lease)
{
    int64_t wait_ms = lease->options.retry_ms;
    if (!lease->held) {
        wait_ms += (int64_t)pf_random_below(&lease->random, (uint64_t)(wait_ms * 12 / 10 + 1));
    }
    lease->next_mono_ns = now_of(lease) + wait_ms * PF_NS_PER_MS;
}

static bool is_ours(const struct pf_lease *lease)
{
    return strcmp(lease->holder, lease->identity) == 0;
}

static void copy(char text[TEXT_BYTES], struct pf_sv from)
{
    (void)snprintf(text, TEXT_BYTES, "%.*s", PF_SV_ARG(from));
}

/* Take over what the server has. */
static enum pf_code observe(struct pf_lease *lease, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_lease_record record = {0};
    pf_arena_init(&arena, LEASE_MAX_BYTES * 2);
    const enum pf_code code = pf_lease_decode(pf_buf_view(&lease->answer), &arena, &record, err);
    if (code != PF_OK) {
        return code;
    }
    if (!pf_sv_eq_cstr(record.holder, lease->holder) ||
        !pf_sv_eq_cstr(record.renew_time, lease->renew_time)) {
        lease->seen_mono_ns = now_of(lease);
    }
    copy(lease->resource_version, record.resource_version);
    copy(lease->holder, record.holder);
    copy(lease->acquire_time, record.acquire_time);
    copy(lease->renew_time, record.renew_time);
    /* a hostile record must not hold for ever, nor overflow */
    const int64_t most_s = INT64_C(24) * 3600;
    const int64_t duration_s = record.duration_s < most_s ? record.duration_s : most_s;
    lease->record_duration_ms = (duration_s > 0 ? duration_s : 0) * 1000;
    lease->transitions =
        record.transitions >= 0 && record.transitions < INT32_MAX ? record.transitions : 0;
    lease->known = true;
    return PF_OK;
}

/* May we take it? @return false: another has it and may still be alive */
static bool is_free(const struct pf_lease *lease)
{
    return lease->holder[0] == '\0' || is_ours(lease) ||
           now_of(lease) - lease->seen_mono_ns >= lease->record_duration_ms * PF_NS_PER_MS;
}

static void note_failure(struct pf_lease *lease, struct pf_sv message)
{
    lease->stats.failures++;
    (void)snprintf(lease->stats.last_failure, sizeof(lease->stats.last_failure), "%.*s",
                   PF_SV_ARG(message));
}

static void after_write(struct pf_lease *lease, const struct pf_kube_result *result)
{
    struct pf_err err = {0};
    lease->known = false;
    if (result->code == PF_E_EXISTS) {
        return; /* another was faster: read again */
    }
    if (result->code != PF_OK) {
        note_failure(lease, result->message);
        return;
    }
    if (observe(lease, &err) != PF_OK) {
        note_failure(lease, pf_sv_from(err.text));
    }
    if (lease->releasing) {
        return;
    }
    lease->renewed_mono_ns = lease->begun_mono_ns;
    lease->stats.renewals += lease->held;
    set_held(lease, true);
}

/* @return does a write follow at once? */
static bool after_read(struct pf_lease *lease, const struct pf_kube_result *result)
{
    struct pf_err err = {0};
    lease->known = false;
    if (result->code == PF_E_NOT_FOUND) {
        lease->resource_version[0] = '\0';
        lease->holder[0] = '\0';
        lease->acquire_time[0] = '\0';
        lease->transitions = 0;
        lease->known = true;
        return true;
    }
    if (result->code != PF_OK) {
        note_failure(lease, result->message);
        return false;
    }
    if (observe(lease, &err) != PF_OK) {
        note_failure(lease, pf_sv_from(err.text));
        return false;
    }
    if (!is_ours(lease)) {
        set_held(lease, false);
    }
    return is_free(lease);
}

static bool on_data(void *ctx, struct pf_sv bytes)
{
    struct pf_lease *lease = ctx;
    pf_buf_append_sv(&lease->answer, bytes);
    return lease->answer.failed == PF_OK;
}

static void on_done(void *ctx, const struct pf_kube_result *result)
{
    struct pf_lease *lease = ctx;
    const enum step step = lease->step;
    lease->call = NULL;
    lease->step = STEP_NONE;
    if (step == STEP_RELEASE) {
        after_write(lease, result);
        lease->released = true;
    } else if (step != STEP_READ) {
        after_write(lease, result);
        wait_for_next(lease);
    } else if (after_read(lease, result)) {
        lease->next_mono_ns = now_of(lease);
    } else {
        lease->known = false; /* to be read again */
        wait_for_next(lease);
    }
}

static void start(struct pf_lease *lease, enum step step, struct pf_sv body)
{
    static const char *const methods[] = {
        [STEP_NONE] = "",        [STEP_READ] = "GET",      [STEP_CREATE] = "POST",
        [STEP_UPDATE] = "PATCH", [STEP_RELEASE] = "PATCH",
    };
    const struct pf_kube_request request = {
        .method = methods[step],
        .path = step == STEP_CREATE ? lease->list_path : lease->path,
        .what = step == STEP_READ ? "read the lease" : "write the lease",
        .content_type = step == STEP_CREATE ? "application/json" : "application/merge-patch+json",
        .body = body,
        .timeout_ms = lease->options.renew_deadline_ms / 2,
        .max_bytes = LEASE_MAX_BYTES,
        .on_data = on_data,
        .on_done = on_done,
        .ctx = lease,
    };
    struct pf_err err = {0};
    pf_buf_reset(&lease->answer);
    lease->begun_mono_ns = now_of(lease);
    lease->step = step;
    if (pf_kube_client_start(lease->options.client, &request, &lease->call, &err) != PF_OK) {
        lease->call = NULL;
        lease->step = STEP_NONE;
        lease->released = lease->releasing;
        note_failure(lease, pf_sv_from(err.text));
        wait_for_next(lease);
    }
}

static void start_write(struct pf_lease *lease, enum step step)
{
    const bool change = !is_ours(lease);
    const struct pf_lease_write write = {
        .space = lease->space,
        .name = lease->name,
        .holder = step == STEP_RELEASE ? "" : lease->identity,
        .resource_version = pf_sv_from(lease->resource_version),
        .acquire_time = pf_sv_from(change ? "" : lease->acquire_time),
        .duration_s = step == STEP_RELEASE ? 1 : lease->options.duration_ms / 1000,
        .transitions = lease->transitions + (change && step == STEP_UPDATE),
        .wall_ns = pf_clock_wall_ns(lease->options.clock),
    };
    pf_autobuf struct pf_buf body = {0};
    pf_buf_init(&body, LEASE_MAX_BYTES);
    pf_lease_json_write(&write, &body);
    if (body.failed != PF_OK) {
        lease->released = lease->releasing;
        note_failure(lease, PF_SV("out of memory"));
        wait_for_next(lease);
        return;
    }
    start(lease, step, pf_buf_view(&body));
}

static void begin_next(struct pf_lease *lease)
{
    if (lease->releasing) {
        if (lease->known && is_ours(lease) && lease->resource_version[0] != '\0') {
            start_write(lease, STEP_RELEASE);
        } else {
            lease->released = true;
        }
    } else if (!lease->known) {
        start(lease, STEP_READ, (struct pf_sv){0});
    } else {
        start_write(lease, lease->resource_version[0] == '\0' ? STEP_CREATE : STEP_UPDATE);
    }
}

int64_t pf_lease_tick(struct pf_lease *lease)
{
    const int64_t deadline =
        lease->renewed_mono_ns + lease->options.renew_deadline_ms * PF_NS_PER_MS;
    if (lease->held && now_of(lease) >= deadline) {
        set_held(lease, false);
    }
    if (lease->released) {
        return IDLE_MS;
    }
    if (lease->call == NULL && (lease->releasing || now_of(lease) >= lease->next_mono_ns)) {
        begin_next(lease);
    }
    int64_t until =
        lease->call != NULL ? now_of(lease) + IDLE_MS * PF_NS_PER_MS : lease->next_mono_ns;
    until = lease->held && deadline < until ? deadline : until;
    const int64_t left_ms = (until - now_of(lease) + PF_NS_PER_MS - 1) / PF_NS_PER_MS;
    return left_ms > 1 ? left_ms : 1;
}

bool pf_lease_held(const struct pf_lease *lease)
{
    return lease->held &&
           now_of(lease) - lease->renewed_mono_ns < lease->options.renew_deadline_ms * PF_NS_PER_MS;
}

void pf_lease_release(struct pf_lease *lease)
{
    if (lease->releasing) {
        return;
    }
    lease->releasing = true;
    set_held(lease, false);
}

bool pf_lease_released(const struct pf_lease *lease)
{
    return lease->released;
}

struct pf_lease_stats pf_lease_stats(const struct pf_lease *lease)
{
    struct pf_lease_stats stats = lease->stats;
    stats.held = pf_lease_held(lease);
    (void)snprintf(stats.holder, sizeof(stats.holder), "%s", lease->holder);
    return stats;
}

static bool set_texts(struct pf_lease *lease, const struct pf_lease_options *options)
{
    pf_autobuf struct pf_buf path = {0};
    pf_buf_init(&path, 4096);
    pf_buf_append_cstr(&path, "/apis/coordination.k8s.io/v1/namespaces/");
    pf_kube_escape(&path, pf_sv_from(options->space));
    pf_buf_append_cstr(&path, "/leases");
    lease->list_path = path.failed == PF_OK ? pf_mem_dup(path.data, path.len) : NULL;
    pf_buf_append_cstr(&path, "/");
    pf_kube_escape(&path, pf_sv_from(options->name));
    lease->path = path.failed == PF_OK ? pf_mem_dup(path.data, path.len) : NULL;
    lease->space = pf_mem_dup(options->space, strlen(options->space));
    lease->name = pf_mem_dup(options->name, strlen(options->name));
    lease->identity = pf_mem_dup(options->identity, strlen(options->identity));
    return lease->list_path != NULL && lease->path != NULL && lease->space != NULL &&
           lease->name != NULL && lease->identity != NULL;
}

static void set_times(struct pf_lease_options *options)
{
    options->duration_ms = options->duration_ms != 0 ? options->duration_ms : PF_LEASE_DURATION_MS;
    options->renew_deadline_ms =
        options->renew_deadline_ms != 0 ? options->renew_deadline_ms : PF_LEASE_RENEW_DEADLINE_MS;
    options->retry_ms = options->retry_ms != 0 ? options->retry_ms : PF_LEASE_RETRY_MS;
}

enum pf_code pf_lease_new(const struct pf_lease_options *options, struct pf_lease **ret_lease,
                          struct pf_err *err)
{
    struct pf_lease_options own = *options;
    const size_t len = strlen(options->identity);
    set_times(&own);
    if (len == 0 || len > IDENTITY_MAX_BYTES) {
        return pf_err_set(err, PF_E_INVALID,
                          "identity of a lease has %zu bytes, allowed are 1 to %d", len,
                          IDENTITY_MAX_BYTES);
    }
    if (own.duration_ms < 1000 || own.duration_ms % 1000 != 0 ||
        own.renew_deadline_ms >= own.duration_ms || own.retry_ms < 1 ||
        own.retry_ms >= own.renew_deadline_ms) {
        return pf_err_set(
            err, PF_E_INVALID,
            "times of a lease: retry < renew deadline < duration, and duration in whole "
            "seconds");
    }
    struct pf_lease *lease = pf_mem_calloc(1, sizeof(*lease));
    if (lease == NULL || !set_texts(lease, options)) {
        pf_lease_free(lease);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a lease");
    }
    lease->options = own;
    lease->random = own.seed;
    lease->next_mono_ns = now_of(lease);
    pf_buf_init(&lease->answer, LEASE_MAX_BYTES);
    *ret_lease = lease;
    return PF_OK;
}

void pf_lease_free(struct pf_lease *lease)
{
    if (lease == NULL) {
        return;
    }
    if (lease->call != NULL) {
        pf_kube_client_cancel(lease->options.client, lease->call);
    }
    pf_buf_done(&lease->answer);
    free(lease->space);
    free(lease->name);
    free(lease->identity);
    free(lease->list_path);
    free(lease->path);
    free(lease);
}

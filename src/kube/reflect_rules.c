#include "reflect.h"

/* client-go tools/cache/reflector.go: 800 ms, doubling to 30 s, each plus up to itself */
#define BACKOFF_FIRST_NS (PF_NS_PER_S * 8 / 10)
#define BACKOFF_LAST_NS  (30 * PF_NS_PER_S)
/* a server may ask for patience, but not make us forget it */
#define RETRY_AFTER_MAX_MS ((int64_t)300 * 1000)
/* a page, or a streaming list, of which nothing comes: the server ends lists after 60 s itself */
#define LIST_SILENT_NS (60 * PF_NS_PER_S)
/* 1.4 GB at 1 MB/s */
#define LIST_TOTAL_NS (1800 * PF_NS_PER_S)
/* bookmarks come each minute: two of them, and half a minute for a slow server */
#define WATCH_SILENT_NS (150 * PF_NS_PER_S)
/* beyond timeoutSeconds, for a server that sends no bookmarks */
#define WATCH_MARGIN_NS (30 * PF_NS_PER_S)

struct status_rule {
    int first; /* HTTP status */
    int last;
    enum reflect_verdict list;   /* a page */
    enum reflect_verdict stream; /* a streaming list */
    enum reflect_verdict watch;
};

static const struct status_rule status_rules[] = {
    {0, 299, REFLECT_WAIT, REFLECT_WAIT, REFLECT_WAIT},       /* no answer, or cut off */
    {400, 400, REFLECT_RETRY, REFLECT_PLAIN, REFLECT_RELIST}, /* sendInitialEvents unknown */
    {401, 401, REFLECT_DENIED, REFLECT_DENIED, REFLECT_DENIED},
    /* who may list may not always watch: a paged list tells */
    {403, 403, REFLECT_DENIED, REFLECT_PLAIN, REFLECT_DENIED},
    {404, 404, REFLECT_DENIED, REFLECT_DENIED, REFLECT_DENIED},
    {410, 410, REFLECT_RELIST, REFLECT_RELIST, REFLECT_RELIST},
    {422, 422, REFLECT_RETRY, REFLECT_PLAIN, REFLECT_RELIST}, /* sendInitialEvents forbidden */
    {429, 429, REFLECT_WAIT, REFLECT_WAIT, REFLECT_WAIT},
    {500, 599, REFLECT_RETRY, REFLECT_RETRY, REFLECT_RETRY},
};

enum reflect_verdict pf_reflect_judge(enum reflect_mode mode, int status, struct pf_sv reason,
                                      struct pf_sv message)
{
    /* 504, reason Timeout: the server has not come as far as our resourceVersion; after a restore from a backup it never will */
    if (pf_sv_eq_cstr(reason, "Expired") || pf_sv_eq_cstr(reason, "Gone") ||
        pf_sv_find(message, PF_SV("Too large resource version")) != SIZE_MAX) {
        return REFLECT_RELIST;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(status_rules); i++) {
        const struct status_rule *rule = &status_rules[i];
        if (status >= rule->first && status <= rule->last) {
            return mode == REFLECT_LIST     ? rule->list
                   : mode == REFLECT_STREAM ? rule->stream
                                            : rule->watch;
        }
    }
    return REFLECT_RELIST;
}

/* splitmix64 */
static int64_t jitter(struct pf_reflector *self, int64_t ns)
{
    return ns + (int64_t)pf_random_below(&self->random, (uint64_t)ns);
}

int64_t pf_reflect_delay_ns(struct pf_reflector *self, enum reflect_verdict verdict,
                            int64_t retry_after_ms)
{
    if (verdict == REFLECT_PLAIN) {
        return 0;
    }
    int64_t delay = BACKOFF_LAST_NS;
    if (verdict != REFLECT_DENIED) {
        delay = self->step < 6 ? BACKOFF_FIRST_NS << self->step : BACKOFF_LAST_NS;
        delay = delay < BACKOFF_LAST_NS ? delay : BACKOFF_LAST_NS;
        self->step += self->step < 6;
    }
    delay = jitter(self, delay);
    if (retry_after_ms > 0) {
        const int64_t wished =
            (retry_after_ms < RETRY_AFTER_MAX_MS ? retry_after_ms : RETRY_AFTER_MAX_MS) *
            PF_NS_PER_MS;
        const int64_t late = wished + (int64_t)pf_random_below(&self->random, (uint64_t)wished / 2);
        delay = late > delay ? late : delay;
    }
    return delay;
}

int64_t pf_reflect_deadline_ns(const struct pf_reflector *self)
{
    if (self->mode == REFLECT_WATCH) {
        return self->heard_ns + (self->sees_bookmarks
                                     ? WATCH_SILENT_NS
                                     : self->timeout_s * PF_NS_PER_S + WATCH_MARGIN_NS);
    }
    const int64_t silent = self->heard_ns + LIST_SILENT_NS;
    const int64_t total = self->list_ns + LIST_TOTAL_NS;
    return silent < total ? silent : total;
}

uint64_t pf_reflect_number(struct pf_sv resource_version)
{
    int64_t value = 0;
    return pf_sv_to_i64(resource_version, &value) && value > 0 ? (uint64_t)value : 0;
}

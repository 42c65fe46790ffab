#include <stdio.h>

#include <podfit/histogram.h>
#include <podfit/mem.h>
#include <podfit/metrics.h>

#define VERDICTS        ((size_t)PF_VERDICT_NOT_JUDGED + 1)
#define ACTIONS         ((size_t)PF_ACTION_REJECT + 1)
#define CLASS_TEXT      64 /* a class name is a DNS label, at most 63 */
#define SKIPPED_MAX     16
#define STATUS_MAX      16
#define CLASSES_TRACKED (PF_METRICS_CLASSES_MAX + 1) /* the last is `other` */

static const int64_t duration_bounds[] = {
    50000,    100000,   250000,    500000,    1000000,    2500000,    5000000,    10000000,
    25000000, 50000000, 100000000, 250000000, 1000000000, 2500000000, 10000000000};
static const char *const duration_texts[] = {"0.00005", "0.0001", "0.00025", "0.0005", "0.001",
                                             "0.0025",  "0.005",  "0.01",    "0.025",  "0.05",
                                             "0.1",     "0.25",   "1",       "2.5",    "10"};
static const int64_t size_bounds[] = {1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 7340032};
static const char *const size_texts[] = {"1024",   "4096",    "16384",   "65536",
                                         "262144", "1048576", "4194304", "7340032"};

static const struct pf_histogram_bounds review_bounds = {
    .name = "podfit_review_duration_seconds",
    .help = "Time from a complete review to its decision.",
    .bounds = duration_bounds,
    .texts = duration_texts,
    .count = PF_ARRAY_LEN(duration_bounds),
    .nano = true,
};
static const struct pf_histogram_bounds request_bounds = {
    .name = "podfit_http_request_duration_seconds",
    .help = "Time from the request line to the queued answer, arrival of the body included.",
    .bounds = duration_bounds,
    .texts = duration_texts,
    .count = PF_ARRAY_LEN(duration_bounds),
    .nano = true,
};
static const struct pf_histogram_bounds body_bounds = {
    .name = "podfit_http_request_body_bytes",
    .help = "Size of request bodies.",
    .bounds = size_bounds,
    .texts = size_texts,
    .count = PF_ARRAY_LEN(size_bounds),
};

/* A label value that turned up, with what is counted for it; slots are published by their count. */
struct class_slot {
    char name[CLASS_TEXT];
    atomic_uint_fast64_t counts[VERDICTS][ACTIONS];
    atomic_uint_fast64_t observed[VERDICTS][ACTIONS];
};

struct skipped_slot {
    const char *reason; /* static text of admission */
    atomic_uint_fast64_t count;
};

struct status_slot {
    unsigned status;
    atomic_uint_fast64_t count;
};

/* Written by one thread. Names of a slot are written before the count of slots grows (release), and read after it (acquire). */
struct pf_metrics {
    atomic_size_t class_count;
    atomic_size_t skipped_count;
    atomic_size_t status_count;
    struct class_slot classes[CLASSES_TRACKED];
    struct skipped_slot skipped[SKIPPED_MAX];
    struct status_slot statuses[STATUS_MAX];
    struct pf_histogram review;
    struct pf_histogram request;
    struct pf_histogram body;
};

enum pf_code pf_metrics_new(struct pf_metrics **ret_metrics, struct pf_err *err)
{
    struct pf_metrics *metrics = pf_mem_calloc(1, sizeof(*metrics));
    if (metrics == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for metrics");
    }
    *ret_metrics = metrics;
    return PF_OK;
}

void pf_metrics_free(struct pf_metrics *metrics)
{
    free(metrics);
}

static void add(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t get(atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static struct class_slot *find_class(struct pf_metrics *metrics, struct pf_sv name)
{
    const size_t count = atomic_load_explicit(&metrics->class_count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (pf_sv_eq_cstr(name, metrics->classes[i].name)) {
            return &metrics->classes[i];
        }
    }
    return NULL;
}

/* The slot of a class; `other` when the table is full or the name is no DNS label. */
static struct class_slot *class_slot(struct pf_metrics *metrics, struct pf_sv name)
{
    const size_t count = atomic_load_explicit(&metrics->class_count, memory_order_relaxed);
    struct pf_sv shown = name;
    struct class_slot *slot = find_class(metrics, shown);
    if (slot == NULL && (count >= PF_METRICS_CLASSES_MAX || name.len >= CLASS_TEXT)) {
        shown = PF_SV("other");
        slot = find_class(metrics, shown);
    }
    if (slot != NULL) {
        return slot;
    }
    slot =
        &metrics->classes[count]; /* below CLASSES_TRACKED: the last one is taken by `other` only */
    (void)snprintf(slot->name, sizeof(slot->name), "%.*s", PF_SV_ARG(shown)); /* fits: see above */
    atomic_store_explicit(&metrics->class_count, count + 1, memory_order_release);
    return slot;
}

static void count_skipped(struct pf_metrics *metrics, const char *reason)
{
    const size_t count = atomic_load_explicit(&metrics->skipped_count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (metrics->skipped[i].reason == reason) {
            add(&metrics->skipped[i].count);
            return;
        }
    }
    if (count < SKIPPED_MAX) {
        metrics->skipped[count].reason = reason;
        add(&metrics->skipped[count].count);
        atomic_store_explicit(&metrics->skipped_count, count + 1, memory_order_release);
    }
}

void pf_metrics_count_review(struct pf_metrics *metrics, const struct pf_decision *decision,
                             int64_t review_ns)
{
    pf_histogram_add(&metrics->review, &review_bounds, review_ns);
    if (!decision->covered) {
        count_skipped(metrics,
                      decision->skipped != NULL ? decision->skipped : "no class covers it");
        return;
    }
    const size_t verdict = (size_t)decision->judgement.verdict;
    const size_t action = (size_t)decision->action;
    if (verdict < VERDICTS && action < ACTIONS) {
        struct class_slot *slot = class_slot(metrics, decision->class_name);
        add(decision->observed ? &slot->observed[verdict][action] : &slot->counts[verdict][action]);
    }
}

void pf_metrics_count_response(struct pf_metrics *metrics, unsigned status, uint64_t body_bytes,
                               int64_t request_ns)
{
    pf_histogram_add(&metrics->request, &request_bounds, request_ns);
    pf_histogram_add(&metrics->body, &body_bounds, (int64_t)body_bytes);
    const size_t count = atomic_load_explicit(&metrics->status_count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (metrics->statuses[i].status == status) {
            add(&metrics->statuses[i].count);
            return;
        }
    }
    if (count < STATUS_MAX) {
        metrics->statuses[count].status = status;
        add(&metrics->statuses[count].count);
        atomic_store_explicit(&metrics->status_count, count + 1, memory_order_release);
    }
}

static void write_class(struct class_slot *slot, bool observed, const char *name,
                        struct pf_buf *buf)
{
    for (size_t v = 0; v < VERDICTS; v++) {
        for (size_t a = 0; a < ACTIONS; a++) {
            const uint64_t count = get(observed ? &slot->observed[v][a] : &slot->counts[v][a]);
            if (count == 0) {
                continue;
            }
            const struct pf_prom_label labels[] = {
                {"class", pf_sv_from(slot->name)},
                {"verdict", pf_sv_from(pf_verdict_name((enum pf_verdict)v))},
                {"action", pf_sv_from(pf_action_name((enum pf_action)a))},
            };
            pf_prom_sample(buf, name, labels, PF_ARRAY_LEN(labels), count);
        }
    }
}

static void write_classes(struct pf_metrics *metrics, bool observed, struct pf_buf *buf)
{
    const char *name = observed ? "podfit_reviews_observed_total" : "podfit_reviews_total";
    pf_prom_family(buf, name, PF_PROM_COUNTER,
                   observed ? "Reviews of classes that only observe, by what would have been done."
                            : "Reviews of covered pods by class, verdict and action.");
    const size_t count = atomic_load_explicit(&metrics->class_count, memory_order_acquire);
    for (size_t i = 0; i < count; i++) {
        write_class(&metrics->classes[i], observed, name, buf);
    }
}

void pf_metrics_write(struct pf_metrics *metrics, struct pf_buf *buf)
{
    write_classes(metrics, /* observed= */ false, buf);
    write_classes(metrics, /* observed= */ true, buf);
    pf_prom_family(buf, "podfit_reviews_skipped_total", PF_PROM_COUNTER,
                   "Reviews that were allowed untouched, by reason.");
    const size_t skipped = atomic_load_explicit(&metrics->skipped_count, memory_order_acquire);
    for (size_t i = 0; i < skipped; i++) {
        const struct pf_prom_label label = {"reason", pf_sv_from(metrics->skipped[i].reason)};
        pf_prom_sample(buf, "podfit_reviews_skipped_total", &label, 1,
                       get(&metrics->skipped[i].count));
    }
    pf_prom_family(buf, "podfit_http_responses_total", PF_PROM_COUNTER,
                   "Answers of the webhook listener by HTTP status.");
    const size_t statuses = atomic_load_explicit(&metrics->status_count, memory_order_acquire);
    for (size_t i = 0; i < statuses; i++) {
        char code[4] = {(char)('0' + metrics->statuses[i].status / 100 % 10),
                        (char)('0' + metrics->statuses[i].status / 10 % 10),
                        (char)('0' + metrics->statuses[i].status % 10), '\0'};
        const struct pf_prom_label label = {"code", pf_sv_from(code)};
        pf_prom_sample(buf, "podfit_http_responses_total", &label, 1,
                       get(&metrics->statuses[i].count));
    }
    pf_histogram_write(&metrics->review, &review_bounds, buf);
    pf_histogram_write(&metrics->request, &request_bounds, buf);
    pf_histogram_write(&metrics->body, &body_bounds, buf);
}

struct pf_metrics_totals pf_metrics_totals(struct pf_metrics *metrics)
{
    struct pf_metrics_totals totals = {.reviews = 0};
    const size_t classes = atomic_load_explicit(&metrics->class_count, memory_order_acquire);
    for (size_t i = 0; i < classes; i++) {
        for (size_t cell = 0; cell < VERDICTS * ACTIONS; cell++) {
            struct class_slot *slot = &metrics->classes[i];
            const uint64_t count = get(&slot->counts[cell / ACTIONS][cell % ACTIONS]);
            totals.actions[cell % ACTIONS] += count;
            totals.covered += count;
            totals.observed += get(&slot->observed[cell / ACTIONS][cell % ACTIONS]);
        }
    }
    totals.covered += totals.observed;
    totals.reviews = totals.covered;
    const size_t skipped = atomic_load_explicit(&metrics->skipped_count, memory_order_acquire);
    for (size_t i = 0; i < skipped; i++) {
        totals.reviews += get(&metrics->skipped[i].count);
    }
    return totals;
}

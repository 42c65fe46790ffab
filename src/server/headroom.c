#include <inttypes.h>
#include <stdio.h>

#include <podfit/classpod.h>
#include <podfit/headroom.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/reservation.h>
#include <podfit/rewrite.h>

/* A pod made from a class has some hundred bytes; selectors may have many values. */
#define POD_MAX_BYTES ((size_t)256 * 1024)
/* An explanation has some 300 bytes a node; of more nodes than 100,000 it is not known. */
#define ARENA_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define CACHE_BYTES     ((size_t)1024 * 1024)

struct pf_headroom {
    struct pf_headroom_options options;
    struct pf_config *config; /* of the engine */
    struct pf_fit *fit;
    struct pf_arena arena;
    struct pf_headroom_class classes[PF_HEADROOM_CLASSES_MAX];
    size_t count;
    size_t left_out;
    bool counted;
    int64_t counted_mono_ns;
    int64_t locked_ns;
};

enum pf_code pf_headroom_new(const struct pf_headroom_options *options,
                             struct pf_headroom **ret_headroom, struct pf_err *err)
{
    struct pf_headroom *headroom = pf_mem_calloc(1, sizeof(*headroom));
    if (headroom == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the headroom");
    }
    headroom->options = *options;
    pf_arena_init(&headroom->arena, ARENA_MAX_BYTES);
    *ret_headroom = headroom;
    return PF_OK;
}

void pf_headroom_free(struct pf_headroom *headroom)
{
    if (headroom == NULL) {
        return;
    }
    pf_fit_free(headroom->fit);
    pf_config_unref(headroom->config);
    pf_arena_done(&headroom->arena);
    free(headroom);
}

/* The engine of the configuration in force; pointers tell configurations apart, since we hold the one we know. */
static enum pf_code follow(struct pf_headroom *headroom, struct pf_config *config,
                           struct pf_err *err)
{
    if (headroom->config == config) {
        return PF_OK;
    }
    struct pf_fit_options options = config->fit;
    options.cache_max_bytes = CACHE_BYTES;
    struct pf_fit *fit = NULL;
    const enum pf_code code = pf_fit_new(headroom->options.model, &options, &fit, err);
    if (code != PF_OK) {
        return code;
    }
    pf_fit_free(headroom->fit);
    pf_config_unref(headroom->config);
    headroom->fit = fit;
    headroom->config = pf_config_ref(config);
    headroom->counted = false;
    return PF_OK;
}

static void set_text(char *to, size_t bytes, struct pf_sv text)
{
    const int printed = snprintf(to, bytes, "%.*s", PF_SV_ARG(text));
    (void)printed; /* cut where it does not fit */
}

/* What pods of a class without quota ask for, as the latest of them did. @return false: none was seen */
static bool use_latest(const struct pf_headroom *headroom, struct pf_classpod *wish,
                       char texts[2][32])
{
    int64_t milli_cpu = 0;
    int64_t memory = 0;
    if (!pf_recent_request(headroom->options.recent, wish->class_->name, &milli_cpu, &memory)) {
        return false;
    }
    const int cpu_len = snprintf(texts[0], 32, "%" PRId64 "m", milli_cpu);
    const int memory_len = snprintf(texts[1], 32, "%" PRId64, memory);
    wish->requests.cpu = (struct pf_sv){.ptr = texts[0], .len = (size_t)cpu_len};
    wish->requests.memory = (struct pf_sv){.ptr = texts[1], .len = (size_t)memory_len};
    return true;
}

/* @return NULL with @p err set */
static struct pf_pod *decode_pod(struct pf_headroom *headroom, const struct pf_classpod *wish,
                                 struct pf_err *err)
{
    struct pf_arena *arena = &headroom->arena;
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, POD_MAX_BYTES);
    if (pf_classpod_write(wish, arena, &json, err) != PF_OK) {
        return NULL;
    }
    struct pf_sv text = {0};
    struct pf_pod *pod = pf_arena_calloc(arena, 1, sizeof(*pod));
    if (pod == NULL || !pf_arena_dup_sv(arena, pf_buf_view(&json), &text)) {
        (void)pf_err_set(err, PF_E_NO_MEMORY, "out of memory"); /* NULL says that it failed */
        return NULL;
    }
    return pf_pod_decode(text, arena, pod, err) == PF_OK ? pod : NULL;
}

/* The pod as the scheduler would see it after the webhook. @return NULL with @p err set */
static struct pf_pod *make_pod(struct pf_headroom *headroom, const struct pf_classpod *wish,
                               struct pf_err *err)
{
    struct pf_arena *arena = &headroom->arena;
    struct pf_pod *pod = decode_pod(headroom, wish, err);
    if (pod == NULL) {
        return NULL;
    }
    if (pod->meta.namespace_.len == 0) {
        pod->meta.namespace_ = PF_SV("default");
    }
    struct pf_rewrite rewrite = {.change_count = 0};
    enum pf_code code = PF_OK;
    if (wish->class_->has_quota) {
        code = pf_rewrite_pod(wish->class_, pod, arena, &rewrite, err); /* else it was already */
    }
    if (code == PF_OK) {
        code = pf_pod_apply_defaults(pod, &headroom->config->fit.features, /* stored= */ false,
                                     arena, err);
    }
    return code == PF_OK ? pod : NULL;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void count_constraints(const struct pf_explanation *explanation,
                              struct pf_headroom_class *row)
{
    for (size_t c = 0; c < explanation->constraint_count && c < PF_HEADROOM_CONSTRAINTS_MAX; c++) {
        struct pf_headroom_constraint *constraint = &row->constraints[row->constraint_count++];
        set_text(constraint->name, sizeof(constraint->name), explanation->constraints[c]);
        for (size_t i = 0; i < explanation->node_count; i++) {
            const uint64_t *room = explanation->nodes[i].room;
            if (room != NULL) {
                constraint->projects = add_saturating(constraint->projects, room[c]);
            }
        }
    }
}

static void take_answer(const struct pf_explanation *explanation, struct pf_headroom_class *row)
{
    const struct pf_judgement *judgement = &explanation->judgement;
    row->verdict = judgement->verdict;
    row->milli_cpu = judgement->request.milli_cpu;
    row->memory = judgement->request.memory;
    row->known = row->verdict != PF_VERDICT_UNKNOWN && row->verdict != PF_VERDICT_NOT_JUDGED;
    if (!row->known) {
        set_text(row->cause, sizeof(row->cause), judgement->cause);
        return;
    }
    row->projects = explanation->slots;
    for (size_t i = 0; i < explanation->node_count; i++) {
        row->nodes += explanation->nodes[i].slots != 0 ? 1 : 0;
    }
    set_text(row->binding, sizeof(row->binding), judgement->binding);
    set_text(row->cause, sizeof(row->cause), judgement->message);
    count_constraints(explanation, row);
}

/* [locked] for one judgement. */
static enum pf_code judge(struct pf_headroom *headroom, const struct pf_pod *pod,
                          struct pf_explanation *ret_explanation, struct pf_err *err)
{
    struct pf_model *model = headroom->options.model;
    const struct pf_fit_ask ask = {.pod = pod, .ignore_preemption = true};
    pf_model_lock(model);
    const int64_t began = pf_clock_mono_ns(headroom->options.clock);
    (void)pf_reservation_expire(model); /* as before each review */
    const enum pf_code code =
        pf_fit_explain_ask(headroom->fit, &ask, &headroom->arena, ret_explanation, err);
    const int64_t held = pf_clock_mono_ns(headroom->options.clock) - began;
    pf_model_unlock(model);
    headroom->locked_ns = held > headroom->locked_ns ? held : headroom->locked_ns;
    return code;
}

static void count_class(struct pf_headroom *headroom, const struct pf_class *class_,
                        struct pf_headroom_class *row)
{
    *row = (struct pf_headroom_class){.verdict = PF_VERDICT_UNKNOWN};
    set_text(row->name, sizeof(row->name), class_->name);
    struct pf_classpod wish = {.class_ = class_};
    char texts[2][32];
    if (!class_->has_quota || class_->requests == PF_REQUESTS_KEEP) {
        row->from_latest = true;
        if (!use_latest(headroom, &wish, texts)) {
            set_text(
                row->cause, sizeof(row->cause),
                PF_SV("the class sets no requests and none of its pods has been judged yet, so "
                      "that nothing says what they ask for"));
            return;
        }
    }
    pf_arena_reset(&headroom->arena);
    struct pf_err err = {0};
    struct pf_explanation explanation = {.slots = 0};
    const struct pf_pod *pod = make_pod(headroom, &wish, &err);
    if (pod != NULL && judge(headroom, pod, &explanation, &err) == PF_OK) {
        take_answer(&explanation, row);
    } else {
        set_text(row->cause, sizeof(row->cause), pf_sv_from(err.text));
    }
}

static void count_all(struct pf_headroom *headroom)
{
    const struct pf_config *config = headroom->config;
    struct pf_err err = {0};
    pf_model_lock(headroom->options.model);
    const enum pf_code placed = pf_fit_place_pending(headroom->fit, &err);
    (void)
        placed; /* pods that wait hold room; without memory for that they are placed by the next review */
    pf_model_unlock(headroom->options.model);
    headroom->count = config->class_count < PF_HEADROOM_CLASSES_MAX ? config->class_count
                                                                    : PF_HEADROOM_CLASSES_MAX;
    headroom->left_out = config->class_count - headroom->count;
    headroom->locked_ns = 0;
    for (size_t i = 0; i < headroom->count; i++) {
        count_class(headroom, &config->classes[i], &headroom->classes[i]);
    }
    pf_arena_reset(&headroom->arena);
}

struct pf_headroom_view pf_headroom_look(struct pf_headroom *headroom, struct pf_config *config)
{
    const int64_t now = pf_clock_mono_ns(headroom->options.clock);
    struct pf_err err = {0};
    if (follow(headroom, config, &err) == PF_OK &&
        (!headroom->counted ||
         now - headroom->counted_mono_ns >= PF_HEADROOM_EVERY_MS * INT64_C(1000000))) {
        count_all(headroom);
        headroom->counted = true;
        headroom->counted_mono_ns = now;
    }
    return (struct pf_headroom_view){
        .classes = headroom->classes,
        .count = headroom->count,
        .left_out = headroom->left_out,
        .counted_ms = (now - headroom->counted_mono_ns) / 1000000,
        .locked_us = headroom->locked_ns / 1000,
    };
}

void pf_headroom_metrics(const struct pf_headroom_view *view, struct pf_buf *buf)
{
    pf_prom_family(buf, "podfit_class_headroom_pods", PF_PROM_GAUGE,
                   "How many more pods like the class's own fit, counted with the rules that "
                   "reviews are judged by; a class of which it is not known is left out.");
    for (size_t i = 0; i < view->count; i++) {
        const struct pf_headroom_class *row = &view->classes[i];
        const struct pf_prom_label label = {"class", pf_sv_from(row->name)};
        if (row->known) {
            pf_prom_sample(buf, "podfit_class_headroom_pods", &label, 1, row->projects);
        }
    }
    pf_prom_family(buf, "podfit_class_headroom_binding", PF_PROM_GAUGE,
                   "1 for the resource or filter that ends the headroom of the class first.");
    for (size_t i = 0; i < view->count; i++) {
        const struct pf_headroom_class *row = &view->classes[i];
        const struct pf_prom_label labels[] = {{"class", pf_sv_from(row->name)},
                                               {"constraint", pf_sv_from(row->binding)}};
        if (row->known && row->binding[0] != '\0') {
            pf_prom_sample(buf, "podfit_class_headroom_binding", labels, 2, 1);
        }
    }
}

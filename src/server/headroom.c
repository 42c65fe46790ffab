#include <inttypes.h>
#include <stdio.h>

#include <podfit/classpod.h>
#include <podfit/fit_count.h>
#include <podfit/headroom.h>
#include <podfit/mem.h>
#include <podfit/rewrite.h>

/* A pod made from a class has some hundred bytes; selectors may have many values. */
#define POD_MAX_BYTES ((size_t)256 * 1024)
/* Of a step: the question, and texts of the last one. */
#define ARENA_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define CACHE_BYTES     ((size_t)1024 * 1024)
/* Times that waiting pods are placed, 64 of them each, before counting begins: reviews place them, too. */
#define PLACING_STEPS 64

struct pf_headroom {
    struct pf_headroom_options options;
    struct pf_config *config; /* of the engine */
    struct pf_fit *fit;
    struct pf_arena arena; /* of the pod in question */
    struct pf_arena step;  /* of one hold of the model */
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
    pf_arena_init(&headroom->step, ARENA_MAX_BYTES);
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
    pf_arena_done(&headroom->step);
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

static void take_constraints(const struct pf_fit_count *count, struct pf_headroom_class *row)
{
    for (size_t c = 0; c < count->constraint_count && c < PF_HEADROOM_CONSTRAINTS_MAX; c++) {
        struct pf_headroom_constraint *constraint = &row->constraints[row->constraint_count++];
        set_text(constraint->name, sizeof(constraint->name), count->constraints[c]);
        constraint->projects = count->rooms[count->of[c]];
    }
}

static void take_answer(const struct pf_fit_count *count, struct pf_headroom_class *row)
{
    const struct pf_judgement *judgement = &count->judgement;
    row->verdict = judgement->verdict;
    row->milli_cpu = judgement->request.milli_cpu;
    row->memory = judgement->request.memory;
    row->known = row->verdict != PF_VERDICT_UNKNOWN && row->verdict != PF_VERDICT_NOT_JUDGED;
    if (!row->known) {
        set_text(row->cause, sizeof(row->cause), judgement->cause);
        return;
    }
    row->projects = count->pods;
    row->nodes = count->nodes;
    set_text(row->binding, sizeof(row->binding), judgement->binding);
    set_text(row->cause, sizeof(row->cause), judgement->message);
    take_constraints(count, row);
}

/* The model is given free after each step, so that reviews go on. */
static enum pf_code count_pods(struct pf_headroom *headroom, const struct pf_pod *pod,
                               struct pf_fit_count *count, struct pf_err *err)
{
    struct pf_model *model = headroom->options.model;
    const struct pf_fit_ask ask = {.pod = pod, .ignore_preemption = true};
    enum pf_code code = PF_OK;
    do {
        pf_arena_reset(&headroom->step);
        pf_model_lock_in_turn(model);
        const int64_t began = pf_clock_mono_ns(headroom->options.clock);
        code = pf_fit_count_step(headroom->fit, &ask, PF_HEADROOM_NODES_A_HOLD, &headroom->step,
                                 count, err);
        const int64_t held = pf_clock_mono_ns(headroom->options.clock) - began;
        pf_model_unlock(model);
        headroom->locked_ns = held > headroom->locked_ns ? held : headroom->locked_ns;
    } while (code == PF_OK && count->more);
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
    struct pf_fit_count count = {.next = 0};
    const struct pf_pod *pod = make_pod(headroom, &wish, &err);
    if (pod != NULL && count_pods(headroom, pod, &count, &err) == PF_OK) {
        take_answer(&count, row);
    } else {
        set_text(row->cause, sizeof(row->cause), pf_sv_from(err.text));
    }
}

/* Pods that wait hold room; without memory for that they are placed by the next review. */
static void place_pending(struct pf_headroom *headroom)
{
    bool more = true;
    enum pf_code code = PF_OK;
    for (unsigned i = 0; i < PLACING_STEPS && more && code == PF_OK; i++) {
        struct pf_err err = {0};
        pf_model_lock_in_turn(headroom->options.model);
        code = pf_fit_place_some(headroom->fit, &more, &err);
        pf_model_unlock(headroom->options.model);
    }
}

static void count_all(struct pf_headroom *headroom)
{
    const struct pf_config *config = headroom->config;
    place_pending(headroom);
    headroom->count = config->class_count < PF_HEADROOM_CLASSES_MAX ? config->class_count
                                                                    : PF_HEADROOM_CLASSES_MAX;
    headroom->left_out = config->class_count - headroom->count;
    headroom->locked_ns = 0;
    for (size_t i = 0; i < headroom->count; i++) {
        count_class(headroom, &config->classes[i], &headroom->classes[i]);
    }
    pf_arena_reset(&headroom->arena);
    pf_arena_reset(&headroom->step);
}

struct pf_headroom_view pf_headroom_look(struct pf_headroom *headroom, struct pf_config *config)
{
    const int64_t now = pf_clock_mono_ns(headroom->options.clock);
    struct pf_err err = {0};
    if (follow(headroom, config, &err) == PF_OK &&
        (!headroom->counted ||
         now - headroom->counted_mono_ns >= PF_HEADROOM_EVERY_MS * PF_NS_PER_MS)) {
        count_all(headroom);
        headroom->counted = true;
        headroom->counted_mono_ns = now;
    }
    return (struct pf_headroom_view){
        .classes = headroom->classes,
        .count = headroom->count,
        .left_out = headroom->left_out,
        .counted_ms = (now - headroom->counted_mono_ns) / PF_NS_PER_MS,
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

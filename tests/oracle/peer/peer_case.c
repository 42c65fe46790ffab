#include "peer_case.h"

#include "rank.h"
#include <podfit/config.h>
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/snapshot.h>
#include <podfit/volumes.h>
#include <podfit/write.h>

#define ARENA_MAX_BYTES ((size_t)256 * 1024 * 1024)
struct peer_case {
    int64_t minor;
    struct pf_sv gates;
    struct pf_sv scheduler; /* KubeSchedulerConfiguration as JSON; empty: every default */
    struct pf_sv objects;
    struct pf_sv steps;
};

struct play {
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_config *config;
    struct pf_kube_features features;
    struct pf_arena arena; /* of the case */
    struct pf_arena step;  /* of one step */
    struct pf_writer w;
};

static enum pf_code read_case(struct pf_sv text, struct peer_case *ret_case, struct pf_err *err)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("minor"),     PF_SV_INIT("gates"), PF_SV_INIT("objects"),
        PF_SV_INIT("scheduler"), PF_SV_INIT("steps"),
    };
    struct pf_sv *const spans[] = {NULL, &ret_case->gates, &ret_case->objects, &ret_case->scheduler,
                                   &ret_case->steps};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, text);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (spans[index] != NULL) {
            (void)pf_cursor_span(&c, spans[index]);
        } else {
            (void)pf_cursor_i64(&c, &ret_case->minor);
        }
    }
    (void)pf_cursor_end(&c);
    return pf_cursor_error(&c, err);
}

static enum pf_code set_gates(struct pf_sv text, struct pf_arena *arena,
                              struct pf_kube_features *features, struct pf_err *err)
{
    if (text.len == 0) {
        return PF_OK;
    }
    struct pf_cursor c;
    struct pf_sv gate = {0};
    pf_cursor_init(&c, text);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_key_in(&c, arena, &gate)) {
        bool on = false;
        if (pf_cursor_bool(&c, &on) && pf_kube_features_set(features, gate, on) != PF_OK) {
            continue; /* a gate that only lets the API server accept a pod */
        }
    }
    return pf_cursor_error(&c, err);
}

/* The file that the configuration names is the case's text. */
static enum pf_code give_scheduler(void *opaque, const char *path PF_UNUSED, struct pf_buf *buf,
                                   struct pf_err *err)
{
    pf_buf_append_sv(buf, *(const struct pf_sv *)opaque);
    return pf_buf_status(buf, err);
}

/* As a user gives it: the case's KubeSchedulerConfiguration through podfit's own configuration. */
static enum pf_code configure(struct play *play, struct pf_sv scheduler, struct pf_err *err)
{
    static const char head[] = "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n"
                               "classes: [{name: all}]\n";
    const char *const yaml = pf_arena_printf(
        &play->arena, "%s%s", head, scheduler.len != 0 ? "fit: {schedulerConfig: s}\n" : "");
    const struct pf_config_source source = {
        .yaml = pf_sv_from(yaml), .name = "case", .read = give_scheduler, .opaque = &scheduler};
    struct pf_problems problems;
    if (yaml == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    pf_problems_init(&problems, &play->arena, "case");
    const enum pf_code code = pf_config_parse_source(&source, &problems, &play->config);
    return code != PF_E_INVALID ? code : pf_problems_status(&problems, err);
}

static void put_reasons(struct pf_writer *w, const struct pf_fit_node *node)
{
    pf_write_key(w, PF_SV("reasons"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < node->reason_count; i++) {
        pf_write_put_string(w, node->reasons[i]);
    }
    pf_write_end_array(w);
}

static void put_nodes(struct pf_writer *w, const struct pf_explanation *explanation)
{
    pf_write_key(w, PF_SV("nodes"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < explanation->node_count; i++) {
        const struct pf_fit_node *node = &explanation->nodes[i];
        pf_write_begin_object(w);
        pf_write_string_member(w, "name", node->name);
        pf_write_bool_member(w, "fits", node->fits);
        pf_write_bool_member(w, "could", node->could);
        pf_write_string_member(w, "plugin", pf_sv_from(node->plugin));
        pf_write_string_member(w, "code", pf_sv_from(pf_fit_code_name(node->code)));
        put_reasons(w, node);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
}

static void put_judgement(struct pf_writer *w, const struct pf_judgement *judgement)
{
    pf_write_string_member(w, "verdict", pf_sv_from(pf_verdict_name(judgement->verdict)));
    pf_write_string_member(w, "message", judgement->message);
    pf_write_string_member(w, "cause", judgement->cause);
    pf_write_string_member(w, "postFilter", judgement->post_filter);
    pf_write_i64_member(w, "fit", judgement->nodes_fit);
    pf_write_i64_member(w, "total", judgement->nodes);
}

/* The place is a slot; its name is the one of the explained node with that slot. */
static void put_place(struct pf_writer *w, const struct pf_judgement *judgement,
                      const struct pf_explanation *explanation)
{
    for (size_t i = 0; i < explanation->node_count; i++) {
        if (explanation->nodes[i].slot == judgement->node) {
            pf_write_string_member(w, "place", explanation->nodes[i].name);
        }
    }
}

/* Weighted scores by node and plug-in, of the nodes that fit. */
static void put_scores(struct pf_writer *w, const struct pf_explanation *explanation,
                       const struct pf_rank_table *table)
{
    pf_write_key(w, PF_SV("scores"));
    pf_write_begin_object(w);
    for (size_t i = 0; i < explanation->node_count; i++) {
        for (uint32_t k = 0; k < table->count; k++) {
            if (table->rows[k].slot != explanation->nodes[i].slot) {
                continue;
            }
            pf_write_key(w, explanation->nodes[i].name);
            pf_write_begin_object(w);
            for (unsigned id = 0; id < PF_SCORE_COUNT; id++) {
                pf_write_i64_member(w, pf_fit_score_name((enum pf_score_id)id),
                                    table->rows[k].weighted[id]);
            }
            pf_write_end_object(w);
        }
    }
    pf_write_end_object(w);
}

static void put_preemption(struct pf_writer *w, const struct pf_preemption *preemption)
{
    if (preemption == NULL) {
        return;
    }
    pf_write_key(w, PF_SV("preemption"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "node", preemption->node);
    pf_write_key(w, PF_SV("victims"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < preemption->victim_count; i++) {
        pf_write_put_string(w, preemption->victims[i]);
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

/* Judged twice: by the remembered answers that reviews use, and node by node. */
static enum pf_code ask(struct play *play, struct pf_sv json, struct pf_err *err)
{
    struct pf_pod pod = {0};
    struct pf_judgement judgement = {0};
    struct pf_explanation explanation = {0};
    struct pf_rank_table scores = {0};
    enum pf_code code = pf_pod_decode(json, &play->step, &pod, err);
    if (code == PF_OK && pod.meta.namespace_.len == 0) {
        pod.meta.namespace_ = PF_SV("default");
    }
    if (code == PF_OK) {
        code = pf_pod_apply_defaults(&pod, &play->features, /* stored= */ false, &play->step, err);
    }
    pf_model_lock(play->model);
    if (code == PF_OK) {
        code = pf_fit_judge(play->fit, &pod, &play->step, &judgement, err);
    }
    if (code == PF_OK) {
        code = pf_fit_explain(play->fit, &pod, &play->step, &explanation, err);
    }
    if (code == PF_OK) {
        code = pf_score_explain(play->fit, &pod, &play->step, &scores, err);
    }
    if (code == PF_OK) {
        code = pf_model_check(play->model, err);
    }
    pf_model_unlock(play->model);
    if (code != PF_OK) {
        return code;
    }
    struct pf_writer *w = &play->w;
    pf_write_begin_object(w);
    put_judgement(w, &judgement);
    put_preemption(w, judgement.preemption);
    put_place(w, &judgement, &explanation);
    put_scores(w, &explanation, &scores);
    pf_write_key(w, PF_SV("explained"));
    pf_write_begin_object(w);
    put_judgement(w, &explanation.judgement);
    put_preemption(w, explanation.judgement.preemption);
    put_nodes(w, &explanation);
    pf_write_end_object(w);
    pf_write_end_object(w);
    return PF_OK;
}

static enum pf_code apply(struct play *play, struct pf_sv list, struct pf_err *err)
{
    struct pf_snapshot_stats stats = {0};
    return pf_snapshot_load_bytes(play->model, list, "case", &stats, err);
}

/* A kind besides those of their own. */
static bool drop_object(struct pf_model *model, struct pf_sv kind, struct pf_sv space,
                        struct pf_sv name)
{
    for (unsigned i = 0; i < PF_KIND_COUNT; i++) {
        if (pf_sv_eq_cstr(kind, pf_kind_name((enum pf_kind)i))) {
            return pf_model_remove_object(model, (enum pf_kind)i, space, name);
        }
    }
    return false;
}

static enum pf_code drop(struct play *play, struct pf_sv json, struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("namespace"),
                                        PF_SV_INIT("name")};
    struct pf_sv parts[PF_ARRAY_LEN(keys)] = {0};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        (void)pf_cursor_string(&c, &play->step, &parts[index]);
    }
    const enum pf_code code = pf_cursor_error(&c, err);
    if (code != PF_OK) {
        return code;
    }
    bool was_there = false;
    pf_model_lock(play->model);
    if (pf_sv_eq_cstr(parts[0], "Node")) {
        was_there = pf_model_remove_node(play->model, parts[2]);
    } else if (pf_sv_eq_cstr(parts[0], "Pod")) {
        was_there = pf_model_remove_pod(play->model, parts[1], parts[2], (struct pf_sv){0});
    } else if (pf_sv_eq_cstr(parts[0], "Namespace")) {
        was_there = pf_model_remove_namespace(play->model, parts[2]);
    } else {
        was_there = drop_object(play->model, parts[0], parts[1], parts[2]);
    }
    pf_model_unlock(play->model);
    return was_there ? PF_OK
                     : pf_err_set(err, PF_E_NOT_FOUND, "no %.*s '%.*s' to delete",
                                  PF_SV_ARG(parts[0]), PF_SV_ARG(parts[2]));
}

static enum pf_code run_step(struct play *play, struct pf_sv step, struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("pod"), PF_SV_INIT("apply"),
                                        PF_SV_INIT("delete")};
    struct pf_sv parts[PF_ARRAY_LEN(keys)] = {0};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, step);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        (void)pf_cursor_span(&c, &parts[index]);
    }
    enum pf_code code = pf_cursor_error(&c, err);
    if (code == PF_OK && parts[0].len != 0) {
        code = ask(play, parts[0], err);
    } else if (code == PF_OK && parts[1].len != 0) {
        code = apply(play, parts[1], err);
    } else if (code == PF_OK) {
        code = drop(play, parts[2], err);
    }
    pf_arena_reset(&play->step);
    return code;
}

static enum pf_code run_steps(struct play *play, struct pf_sv steps, struct pf_err *err)
{
    struct pf_cursor c;
    enum pf_code code = PF_OK;
    pf_cursor_init(&c, steps);
    (void)pf_cursor_enter_array(&c);
    pf_write_begin_object(&play->w);
    pf_write_key(&play->w, PF_SV("answers"));
    pf_write_begin_array(&play->w);
    while (code == PF_OK && pf_cursor_next_item(&c)) {
        struct pf_sv step = {0};
        (void)pf_cursor_span(&c, &step);
        code = run_step(play, step, err);
    }
    pf_write_end_array(&play->w);
    pf_write_end_object(&play->w);
    return code == PF_OK ? pf_cursor_error(&c, err) : code;
}

static enum pf_code open_play(struct play *play, const struct peer_case *wanted, struct pf_err *err)
{
    const struct pf_model_options options = {
        .features = play->features,
        .clock = pf_clock_system(),
        .reservation_ttl_ms = INT64_C(15000),
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    enum pf_code code = configure(play, wanted->scheduler, err);
    if (code == PF_OK) {
        code = pf_model_new(&options, &play->model, err);
    }
    if (code == PF_OK) {
        struct pf_fit_options fit_options = play->config->fit;
        fit_options.features = play->features;
        fit_options.clock = options.clock;
        fit_options.claims_now = true; /* as kube-scheduler says it this moment */
        code = pf_fit_new(play->model, &fit_options, &play->fit, err);
    }
    for (unsigned kind = 0; code == PF_OK && kind < PF_KIND_COUNT; kind++) {
        pf_model_mark_kind(play->model, (enum pf_kind)kind); /* a case holds all that there is */
    }
    return code == PF_OK ? apply(play, wanted->objects, err) : code;
}

enum pf_code pf_peer_case_play(struct pf_sv text, struct pf_buf *out, struct pf_err *err)
{
    struct play play = {.model = NULL};
    struct peer_case wanted = {.minor = PF_KUBE_MINOR_NEWEST};
    pf_arena_init(&play.arena, ARENA_MAX_BYTES);
    pf_arena_init(&play.step, ARENA_MAX_BYTES);
    pf_write_init(&play.w, out);
    enum pf_code code = read_case(text, &wanted, err);
    if (code == PF_OK) {
        play.features = pf_kube_features_default((int)wanted.minor);
        code = set_gates(wanted.gates, &play.arena, &play.features, err);
    }
    if (code == PF_OK) {
        code = open_play(&play, &wanted, err);
    }
    if (code == PF_OK) {
        code = run_steps(&play, wanted.steps, err);
    }
    pf_fit_free(play.fit);
    pf_model_free(play.model);
    pf_config_unref(play.config);
    pf_arena_done(&play.step);
    pf_arena_done(&play.arena);
    return code;
}

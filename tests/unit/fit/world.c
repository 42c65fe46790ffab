#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/limits.h>

static int64_t read_clock(void *opaque)
{
    return *(const int64_t *)opaque;
}

struct pf_fit *world_engine(struct world *world, const struct pf_fit_options *options)
{
    struct pf_fit_options all = {.max_model_age_ms = 60000};
    if (options != NULL) {
        all = *options;
    }
    all.features = world->features;
    all.clock = &world->clock;
    struct pf_fit *fit = NULL;
    struct pf_err err = {0};
    assert_int_equal(pf_fit_new(world->model, &all, &fit, &err), PF_OK);
    return fit;
}

void world_init(struct world *world, int minor, const struct pf_fit_options *options)
{
    *world = (struct world){.now_ns = 1};
    world->clock =
        (struct pf_clock){.mono_ns = read_clock, .wall_ns = read_clock, .opaque = &world->now_ns};
    world->features = pf_kube_features_default(minor);
    if (options != NULL && options->features.minor != 0) {
        world->features = options->features;
    }
    pf_arena_init(&world->arena, PF_REVIEW_ARENA_MAX_BYTES);
    const struct pf_model_options model_options = {
        .features = world->features,
        .clock = &world->clock,
        .reservation_ttl_ms = 15000,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    struct pf_err err = {0};
    assert_int_equal(pf_model_new(&model_options, &world->model, &err), PF_OK);
    const struct pf_model_origin origin = {.synced = true};
    pf_model_set_origin(world->model, &origin);
    world->fit = world_engine(world, options);
}

void world_done(struct world *world)
{
    pf_fit_free(world->fit);
    pf_model_free(world->model);
    pf_arena_done(&world->arena);
}

static void require(enum pf_code code, const struct pf_err *err, struct pf_sv json)
{
    if (code != PF_OK) {
        fail_msg("%s: %s in %.*s", pf_code_name(code), err->text, PF_SV_ARG(json));
    }
}

void world_node(struct world *world, struct pf_sv json)
{
    struct pf_node node;
    struct pf_err err = {0};
    require(pf_node_decode(json, &world->arena, &node, &err), &err, json);
    require(pf_model_apply_node(world->model, &node, &err), &err, json);
}

void world_pod(struct world *world, struct pf_sv json)
{
    struct pf_pod pod;
    struct pf_err err = {0};
    require(pf_pod_decode(json, &world->arena, &pod, &err), &err, json);
    require(pf_model_apply_pod(world->model, &pod, &err), &err, json);
}

void world_namespace(struct world *world, struct pf_sv json)
{
    struct pf_namespace ns;
    struct pf_err err = {0};
    require(pf_namespace_decode(json, &world->arena, &ns, &err), &err, json);
    require(pf_model_apply_namespace(world->model, &ns, &err), &err, json);
}

void world_object(struct world *world, enum pf_kind kind, struct pf_sv json)
{
    struct pf_err err = {0};
    const struct pf_feed_kind feed = {
        .feed = (unsigned)PF_FEED_OBJECT + (unsigned)kind,
        .kind = pf_sv_from(pf_kind_name(kind)),
    };
    require(pf_feed_apply(world->model, &feed, json, &world->arena, &err), &err, json);
}

struct pf_pod world_incoming(struct world *world, struct pf_sv json)
{
    struct pf_pod pod;
    struct pf_err err = {0};
    require(pf_pod_decode(json, &world->arena, &pod, &err), &err, json);
    require(pf_pod_apply_defaults(&pod, &world->features, /* stored= */ false, &world->arena, &err),
            &err, json);
    return pod;
}

struct pf_judgement world_judge(struct world *world, struct pf_sv json)
{
    const struct pf_pod pod = world_incoming(world, json);
    struct pf_judgement judgement;
    struct pf_err err = {0};
    require(pf_fit_judge(world->fit, &pod, &world->arena, &judgement, &err), &err, json);
    return judgement;
}

struct pf_explanation world_explain(struct world *world, struct pf_sv json)
{
    const struct pf_pod pod = world_incoming(world, json);
    struct pf_explanation explanation;
    struct pf_err err = {0};
    require(pf_fit_explain(world->fit, &pod, &world->arena, &explanation, &err), &err, json);
    return explanation;
}

const char *world_text(struct world *world, struct pf_sv text)
{
    const char *copy = pf_arena_dup(&world->arena, text);
    assert_non_null(copy);
    return copy;
}

static bool same_reasons(const struct pf_judgement *a, const struct pf_judgement *b)
{
    if (a->reason_count != b->reason_count) {
        return false;
    }
    for (size_t i = 0; i < a->reason_count; i++) {
        if (!pf_sv_eq(a->reasons[i].text, b->reasons[i].text) ||
            a->reasons[i].nodes != b->reasons[i].nodes) {
            return false;
        }
    }
    return true;
}

static bool same_preemption(const struct pf_preemption *a, const struct pf_preemption *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    bool same = pf_sv_eq(a->node, b->node) && a->victim_count == b->victim_count;
    for (size_t i = 0; same && i < a->victim_count; i++) {
        same = pf_sv_eq(a->victims[i], b->victims[i]);
    }
    return same;
}

static void print_judgement(const struct pf_judgement *judgement)
{
    print_error("%s node %u of %u, %u fit: '%.*s' '%.*s' evicting %zu from '%.*s'\n",
                pf_verdict_name(judgement->verdict), judgement->node, judgement->nodes,
                judgement->nodes_fit, PF_SV_ARG(judgement->message),
                PF_SV_ARG(judgement->post_filter),
                judgement->preemption != NULL ? judgement->preemption->victim_count : 0,
                judgement->preemption != NULL ? (int)judgement->preemption->node.len : 0,
                judgement->preemption != NULL ? judgement->preemption->node.ptr : "");
}

bool world_same(const struct pf_judgement *a, const struct pf_judgement *b)
{
    if (a->verdict == b->verdict && a->node == b->node && a->nodes == b->nodes &&
        a->nodes_fit == b->nodes_fit && pf_sv_eq(a->message, b->message) &&
        pf_sv_eq(a->cause, b->cause) && same_reasons(a, b) &&
        pf_sv_eq(a->post_filter, b->post_filter) && same_preemption(a->preemption, b->preemption)) {
        return true;
    }
    print_judgement(a);
    print_error("but\n");
    print_judgement(b);
    return false;
}

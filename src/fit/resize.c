#include <inttypes.h>
#include <stdio.h>

#include "engine.h"
#include "room.h"
#include <podfit/reservation.h>

/* From this minor on the API server compares with what the node has, not the kubelet. */
#define MINOR_OF_VALIDATOR 36
/* PriorityClass system-cluster-critical begins here; the kubelet evicts others for such a pod. Source: pkg/kubelet/types/pod_update.go */
#define CRITICAL_PRIORITY 2000000000

/* Amounts as the kubelet compares them. */
struct amounts {
    int64_t milli_cpu;
    int64_t memory;
};

/* One resize. */
struct resize {
    struct pf_fit *fit;
    const struct pf_pod *pod;
    struct pf_arena *arena;
    struct pf_judgement *judgement;
    struct pf_bound own; /* what it takes now */
    const struct pf_columns *columns;
};

static enum pf_code settle(const struct resize *resize, enum pf_verdict verdict, const char *text)
{
    struct pf_judgement *judgement = resize->judgement;
    if (text == NULL) {
        return PF_E_NO_MEMORY;
    }
    judgement->verdict = verdict;
    if (verdict == PF_VERDICT_UNKNOWN || verdict == PF_VERDICT_NOT_JUDGED) {
        judgement->cause = pf_sv_from(text);
    } else {
        judgement->message = pf_sv_from(text);
    }
    return PF_OK;
}

/* Before 1.36 a pod with resources of its own counts with these only. Source: GetResourceRequestQuantity in pkg/api/v1/resource */
static struct amounts wanted_before_validator(const struct resize *resize)
{
    const struct pf_pod *pod = resize->pod;
    const struct pf_request *request = &resize->judgement->request;
    struct amounts wanted = {.milli_cpu = request->milli_cpu, .memory = request->memory};
    const bool own = pod->resources_present &&
                     resize->fit->profile->options.features.pod_level_resources &&
                     (pod->requests.count != 0 || pod->limits.count != 0);
    if (own && pf_resource_list_find(&pod->requests, PF_SV("cpu")) == NULL) {
        wanted.milli_cpu = 0;
    }
    if (own && pf_resource_list_find(&pod->requests, PF_SV("memory")) == NULL) {
        wanted.memory = 0;
    }
    return wanted;
}

static enum pf_code refuse(const struct resize *resize, struct amounts wanted)
{
    const uint32_t slot = resize->own.node;
    const int64_t cpu = resize->columns->allocatable_milli_cpu[slot];
    const int64_t memory = resize->columns->allocatable_memory[slot];
    const bool short_of_memory = wanted.memory > memory;
    resize->judgement->binding = short_of_memory ? PF_SV("memory") : PF_SV("cpu");
    if (resize->fit->profile->options.features.minor < MINOR_OF_VALIDATOR) {
        return settle(resize, PF_VERDICT_NEVER,
                      pf_arena_printf(resize->arena,
                                      "Node didn't have enough capacity: %s, requested: %" PRId64
                                      ", capacity: %" PRId64,
                                      short_of_memory ? "memory" : "cpu",
                                      short_of_memory ? wanted.memory : wanted.milli_cpu,
                                      short_of_memory ? memory : cpu));
    }
    char both[160] = "";
    int len = 0;
    if (wanted.milli_cpu > cpu) {
        len = snprintf(both, sizeof(both), "cpu, requested: %" PRId64 ", allocatable: %" PRId64,
                       wanted.milli_cpu, cpu);
    }
    if (short_of_memory) {
        (void)snprintf(both + len, sizeof(both) - (size_t)len,
                       "%smemory, requested: %" PRId64 ", allocatable: %" PRId64,
                       len != 0 ? "; " : "", wanted.memory, memory);
    }
    return settle(
        resize, PF_VERDICT_NEVER,
        pf_arena_printf(resize->arena, "node didn't have enough allocatable resources: %s", both));
}

/* The first resource that does not fit beside the other pods. Order: pkg/scheduler/framework/plugins/noderesources/fit.go */
static bool find_shortage(const struct resize *resize, const char **ret_name, int64_t *ret_wanted,
                          struct pf_room *ret_room)
{
    const struct pf_filter_input input = {.columns = resize->columns};
    const struct pf_request *request = &resize->judgement->request;
    const uint32_t slot = resize->own.node;
    const struct {
        const char *name;
        int64_t wanted;
        int64_t own;
        struct pf_room room;
    } rows[] = {
        {"pods", 1, 1, pf_room_pods(&input, slot)},
        {"cpu", request->milli_cpu, resize->own.milli_cpu, pf_room_cpu(&input, slot)},
        {"memory", request->memory, resize->own.memory, pf_room_memory(&input, slot)},
        {"ephemeral-storage", request->ephemeral_storage, resize->own.ephemeral_storage,
         pf_room_ephemeral_storage(&input, slot)},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_room room = rows[i].room;
        room.used = (int64_t)((uint64_t)room.used - (uint64_t)rows[i].own);
        if (rows[i].wanted > 0 && rows[i].wanted > pf_room_free(room)) {
            *ret_name = rows[i].name;
            *ret_wanted = rows[i].wanted;
            *ret_room = room;
            return true;
        }
    }
    return false;
}

static enum pf_code defer(const struct resize *resize, const char *name, int64_t wanted,
                          struct pf_room room)
{
    if (resize->pod->priority_present && resize->pod->priority >= CRITICAL_PRIORITY) {
        return settle(resize, PF_VERDICT_UNKNOWN,
                      "the kubelet may evict other pods for a critical one, which podfit does not "
                      "predict");
    }
    resize->judgement->binding = pf_sv_from(name);
    return settle(resize, PF_VERDICT_FULL,
                  pf_arena_printf(resize->arena,
                                  "Node didn't have enough resource: %s, requested: %" PRId64
                                  ", used: %" PRId64 ", capacity: %" PRId64,
                                  name, wanted, room.used, room.allocatable));
}

static bool has_untolerated_no_execute(const struct resize *resize, const struct pf_shape *shape)
{
    const struct pf_intern *strings = pf_model_strings(resize->fit->model);
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        const struct pf_sv effect = pf_intern_text(strings, taint->effect);
        if (pf_sv_eq_cstr(effect, "NoExecute") &&
            !pf_pod_tolerates(resize->pod, pf_intern_text(strings, taint->key),
                              pf_intern_text(strings, taint->value), effect,
                              &resize->fit->profile->options.features)) {
            return true;
        }
    }
    return false;
}

static enum pf_code settle_fit(const struct resize *resize)
{
    resize->judgement->verdict = PF_VERDICT_FITS;
    resize->judgement->nodes_fit = 1;
    resize->judgement->node = resize->own.node;
    return PF_OK;
}

/* Labels and taints may have changed since the pod was placed. */
static enum pf_code check_rules(const struct resize *resize)
{
    struct pf_question question = {.pod = resize->pod};
    const struct pf_filter_input input = {
        .options = &resize->fit->profile->options,
        .question = &question,
        .model = resize->fit->model,
        .columns = resize->columns,
        .strings = pf_model_strings(resize->fit->model),
    };
    struct pf_filter_target target = {
        .slot = resize->own.node,
        .shape = pf_model_shape(resize->fit->model, resize->columns->shape[resize->own.node]),
    };
    if (!pf_node_affinity_matches(&input, &target)) {
        resize->judgement->binding = PF_SV("NodeAffinity");
        return settle(resize, PF_VERDICT_FULL,
                      "Predicate NodeAffinity failed: node(s) didn't match Pod's node "
                      "affinity/selector");
    }
    if (has_untolerated_no_execute(resize, target.shape)) {
        resize->judgement->binding = PF_SV("TaintToleration");
        return settle(resize, PF_VERDICT_FULL,
                      "Predicate TaintToleration failed: node(s) had taints that the pod didn't "
                      "tolerate");
    }
    return settle_fit(resize);
}

static bool same_amount(const struct pf_resource_list *a, const struct pf_resource_list *b,
                        const char *name)
{
    const struct pf_resource *x = pf_resource_list_find(a, pf_sv_from(name));
    const struct pf_resource *y = pf_resource_list_find(b, pf_sv_from(name));
    return x == NULL || y == NULL ? x == y : pf_quantity_cmp(&x->amount, &y->amount) == 0;
}

static const struct pf_container_status *find_status(const struct pf_pod *pod,
                                                     const struct pf_container *container)
{
    for (size_t i = 0; i < pod->status_count; i++) {
        if (pod->statuses[i].init == (container->kind != PF_CONTAINER_MAIN) &&
            pf_sv_eq(pod->statuses[i].name, container->name)) {
            return &pod->statuses[i];
        }
    }
    return NULL;
}

/* What is allocated already is not looked at again: the node may be overcommitted since. */
static bool asks_nothing_new(const struct pf_pod *pod)
{
    if (pod->resources_present) {
        return false;
    }
    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_container *container = &pod->containers[i];
        if (container->kind == PF_CONTAINER_INIT) {
            continue;
        }
        const struct pf_container_status *status = find_status(pod, container);
        if (status == NULL || !same_amount(&container->requests, &status->allocated, "cpu") ||
            !same_amount(&container->requests, &status->allocated, "memory")) {
            return false;
        }
    }
    return pod->container_count != 0;
}

static enum pf_code judge(struct resize *resize)
{
    const struct pf_pod *pod = resize->pod;
    const struct pf_request *request = &resize->judgement->request;
    const uint32_t slot = resize->own.node;
    if (resize->columns->shape[slot] == PF_SHAPE_NONE) {
        return settle(resize, PF_VERDICT_UNKNOWN,
                      pf_arena_printf(resize->arena, "the model of the cluster has no node '%.*s'",
                                      PF_SV_ARG(pod->node_name)));
    }
    if (asks_nothing_new(pod)) {
        return settle_fit(resize);
    }
    const bool validated = resize->fit->profile->options.features.minor >= MINOR_OF_VALIDATOR;
    const struct amounts wanted =
        validated ? (struct amounts){.milli_cpu = request->milli_cpu, .memory = request->memory}
                  : wanted_before_validator(resize);
    if (wanted.milli_cpu > resize->columns->allocatable_milli_cpu[slot] ||
        wanted.memory > resize->columns->allocatable_memory[slot]) {
        return refuse(resize, wanted);
    }
    const char *name = NULL;
    int64_t amount = 0;
    struct pf_room room = {0};
    if (find_shortage(resize, &name, &amount, &room)) {
        return defer(resize, name, amount, room);
    }
    return check_rules(resize);
}

/* Who is asked, and whether podfit knows enough of the pod. */
static enum pf_code screen(struct resize *resize, bool *ret_decided)
{
    const struct pf_pod *pod = resize->pod;
    *ret_decided = true;
    if (pod->node_name.len == 0) {
        return settle(resize, PF_VERDICT_NOT_JUDGED,
                      "the pod has no node yet: kube-scheduler looks for one that holds what it "
                      "asks for then");
    }
    if (pod->mirror || pod->meta.deleting) {
        return settle(resize, PF_VERDICT_NOT_JUDGED,
                      pod->mirror ? "a mirror pod: the kubelet does not look at it"
                                  : "the pod is being deleted");
    }
    bool decided = false;
    const enum pf_code code =
        pf_verdict_screen_model(resize->fit, resize->arena, resize->judgement, &decided);
    if (code != PF_OK || decided) {
        return code;
    }
    if (pod->defect.len != 0) {
        return settle(resize, PF_VERDICT_UNKNOWN, pf_arena_dup(resize->arena, pod->defect));
    }
    if (!pf_model_find_bound(resize->fit->model, pod->meta.namespace_, pod->meta.name,
                             pod->meta.uid, &resize->own)) {
        return settle(resize, PF_VERDICT_UNKNOWN,
                      "the model of the cluster does not have the pod, nor what it takes now");
    }
    *ret_decided = false;
    return PF_OK;
}

enum pf_code pf_fit_judge_resize(struct pf_fit *fit, const struct pf_pod *pod,
                                 struct pf_arena *arena, struct pf_judgement *ret_judgement,
                                 struct pf_err *err)
{
    struct pf_judgement judgement = {.node = PF_NODE_NONE, .nodes = 1};
    struct resize resize = {.fit = fit, .pod = pod, .arena = arena, .judgement = &judgement};
    (void)pf_reservation_expire(fit->model); /* how many ran out does not matter here */
    fit->profile = fit->profiles.items;
    resize.columns = pf_model_columns(fit->model);
    bool decided = false;
    enum pf_code code = screen(&resize, &decided);
    if (code == PF_OK && pod->defect.len == 0) {
        struct pf_err why = {0};
        code = pf_request_of_incoming(pod, &fit->profile->options.features, arena,
                                      &judgement.request, &why);
        if (code != PF_OK && !(decided && code == PF_E_TOO_BIG)) {
            return pf_err_set(err, code, "%s", why.text);
        }
        code = PF_OK;
    }
    if (code == PF_OK && !decided) {
        code = judge(&resize);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory to judge the resize");
    }
    *ret_judgement = judgement;
    return PF_OK;
}

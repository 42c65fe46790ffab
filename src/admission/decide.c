#include <podfit/decide.h>
#include <podfit/mutation.h>

struct labels_source {
    struct pf_model *model;
    struct pf_arena *arena;
    struct pf_labels labels;
};

static const struct pf_labels *namespace_labels(void *opaque, struct pf_sv namespace_)
{
    struct labels_source *source = opaque;
    pf_model_lock(source->model);
    const enum pf_code code =
        pf_model_namespace_labels(source->model, namespace_, source->arena, &source->labels);
    pf_model_unlock(source->model);
    return code == PF_OK ? &source->labels : NULL;
}

static const char *pod_skip_reason(const struct pf_pod *pod)
{
    if (pod->mirror) {
        return "mirror pod";
    }
    return pod->meta.deleting ? "pod is being deleted" : NULL;
}

/* The pod as the scheduler would see it, and our own gate left out: it says nothing about the fit. */
static enum pf_code scheduler_view(const struct pf_decide_rules *rules, struct pf_pod *pod,
                                   bool stored, struct pf_arena *arena, struct pf_err *err)
{
    const size_t gate = pf_mutation_gate_index(pod);
    if (gate != SIZE_MAX) {
        struct pf_sv *others = pf_arena_calloc(arena, pod->scheduling_gate_count, sizeof(*others));
        if (others == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
        }
        size_t count = 0;
        for (size_t i = 0; i < pod->scheduling_gate_count; i++) {
            if (i != gate) {
                others[count++] = pod->scheduling_gates[i];
            }
        }
        pod->scheduling_gates = others;
        pod->scheduling_gate_count = count;
    }
    return pf_pod_apply_defaults(pod, &rules->config->fit.features, stored, arena, err);
}

struct pf_pod *pf_decide_copy_pod(const struct pf_pod *pod, struct pf_arena *arena)
{
    struct pf_pod *copy = pf_arena_alloc(arena, sizeof(*copy));
    struct pf_container *containers =
        pf_arena_calloc(arena, pod->container_count, sizeof(*containers));
    if (copy == NULL || containers == NULL) {
        return NULL;
    }
    *copy = *pod;
    copy->requests.cap = 0;
    copy->limits.cap = 0;
    for (size_t i = 0; i < pod->container_count; i++) {
        containers[i] = pod->containers[i];
        /* cap 0: an appended resource gets a list of its own instead of growing into the original's */
        containers[i].requests.cap = 0;
        containers[i].limits.cap = 0;
    }
    copy->containers = containers;
    return copy;
}

/* The pod that will exist when its class only observes. @return NULL: nothing is known of it; *ret_code is PF_OK or PF_E_NO_MEMORY */
static const struct pf_pod *as_it_is(const struct pf_decide_rules *rules,
                                     const struct pf_decide_input *input, struct pf_sv space,
                                     struct pf_arena *arena, enum pf_code *ret_code)
{
    struct pf_pod *pod = pf_arena_alloc(arena, sizeof(*pod));
    struct pf_err ignored = {0};
    const char *why = NULL;
    enum pf_code code =
        pod != NULL ? pf_pod_decode(input->pod_json, arena, pod, &ignored) : PF_E_NO_MEMORY;
    if (code == PF_OK && pod->meta.namespace_.len == 0) {
        pod->meta.namespace_ = space;
    }
    if (code == PF_OK && input->request->manifest) {
        code = pf_decide_runtime_class(rules->model, pod, arena, &why);
    }
    if (code == PF_OK && why == NULL) {
        code = scheduler_view(rules, pod, /* stored= */ false, arena, &ignored);
    }
    *ret_code = code == PF_E_NO_MEMORY ? code : PF_OK;
    return code == PF_OK && why == NULL && pod->defect.len == 0 ? pod : NULL;
}

static enum pf_code judge(const struct pf_decide_rules *rules, const struct pf_decide_input *input,
                          const struct pf_class *class_, struct pf_arena *arena,
                          struct pf_decision *decision, struct pf_err *err)
{
    struct pf_pod *rewritten = decision->pod;
    struct pf_pod *seen = pf_decide_copy_pod(rewritten, arena);
    if (seen == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    struct pf_err local = {0};
    const char *why = NULL;
    enum pf_code code =
        input->request->manifest ? pf_decide_runtime_class(rules->model, seen, arena, &why) : PF_OK;
    if (code != PF_OK) {
        return pf_err_set(err, code, "out of memory");
    }
    if (why != NULL) {
        return pf_judge_unknown(rules, input, class_, why, arena, decision);
    }
    code = scheduler_view(rules, seen, /* stored= */ input->resize, arena, &local);
    if (code == PF_E_TOO_BIG) {
        return pf_judge_unknown(rules, input, class_, local.text, arena, decision);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "%s", local.text);
    }
    struct pf_decide_input with = *input;
    if (class_->observe && input->pod_json.len != 0) {
        with.as_it_is = as_it_is(rules, input, rewritten->meta.namespace_, arena, &code);
        if (code != PF_OK) {
            return pf_err_set(err, code, "out of memory");
        }
    }
    decision->pod = seen;
    code = pf_judge_and_reserve(rules, &with, class_, arena, decision, err);
    decision->pod = rewritten;
    return code;
}

static enum pf_code compose(const struct pf_decide_rules *rules,
                            const struct pf_decide_input *input, const struct pf_class *class_,
                            const struct pf_mutation_origin *origin, struct pf_arena *arena,
                            struct pf_decision *decision)
{
    struct pf_err err = {0};
    const enum pf_verdict verdict = decision->judgement.verdict;
    if (verdict != PF_VERDICT_FITS && verdict != PF_VERDICT_NOT_JUDGED) {
        const enum pf_code code =
            pf_explanation_write(rules, decision, arena, &decision->explanation, &err);
        if (code != PF_OK) {
            return code;
        }
    }
    return pf_mutation_patch(decision, class_, origin, /* metadata= */ !input->resize, arena,
                             &decision->patch);
}

/* @return NULL with *ret_code and err set */
static struct pf_pod *pod_of(const struct pf_decide_input *input, struct pf_arena *arena,
                             enum pf_code *ret_code, struct pf_err *err)
{
    if (input->pod != NULL) {
        return input->pod;
    }
    struct pf_pod *pod = pf_arena_alloc(arena, sizeof(*pod));
    *ret_code = pod != NULL ? pf_pod_decode(input->pod_json, arena, pod, err)
                            : pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    return *ret_code == PF_OK ? pod : NULL;
}

enum pf_code pf_decide_pod(const struct pf_decide_rules *rules, const struct pf_decide_input *input,
                           struct pf_arena *arena, struct pf_decision *ret_decision,
                           struct pf_err *err)
{
    struct pf_decision decision = {
        .dry_run = input->request->dry_run,
        .resize = input->resize,
        .review_uid = input->request->review_uid,
        .namespace_ = input->request->namespace_,
        .user = input->request->user,
        .judgement = {.node = PF_NODE_NONE, .predicted = PF_NODE_NONE},
    };
    enum pf_code code = PF_OK;
    decision.pod = pod_of(input, arena, &code, err);
    if (decision.pod == NULL) {
        return code;
    }
    if (decision.pod->meta.namespace_.len == 0) {
        decision.pod->meta.namespace_ = decision.namespace_; /* P-25 */
    }
    decision.skipped = pod_skip_reason(decision.pod);
    struct labels_source source = {.model = rules->model, .arena = arena};
    const struct pf_class *class_ =
        decision.skipped != NULL
            ? NULL
            : pf_class_match(rules->config->classes, rules->config->class_count, decision.pod,
                             decision.namespace_, namespace_labels, &source);
    if (class_ == NULL) {
        decision.skipped = decision.skipped != NULL ? decision.skipped : "no class covers it";
        *ret_decision = decision;
        return PF_OK;
    }
    decision.covered = true;
    decision.observed = class_->observe;
    struct pf_mutation_origin origin = {0};
    if (!pf_arena_dup_sv(arena, class_->name, &decision.class_name) ||
        pf_mutation_origin_take(decision.pod, arena, &origin) != PF_OK) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (decision.pod->defect.len == 0) {
        code = pf_rewrite_pod(class_, decision.pod, arena, &decision.rewrite, err);
    }
    if (decision.pod->node_name.len != 0) {
        /* placed already: the kubelet refuses a pod whose selector does not match its node */
        decision.rewrite.inject_toleration = false;
        decision.rewrite.inject_selector = false;
    }
    if (code == PF_OK) {
        code = judge(rules, input, class_, arena, &decision, err);
    }
    if (code == PF_OK) {
        code = compose(rules, input, class_, &origin, arena, &decision);
    }
    if (code != PF_OK) {
        pf_judge_give_back(rules->model, &decision);
        return pf_err_set(err, code, "out of memory");
    }
    *ret_decision = decision;
    return PF_OK;
}

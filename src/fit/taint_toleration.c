#include <podfit/filter.h>

/*
 * Source: pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go (scheduler-fit 7.3).
 * PreferNoSchedule only scores.
 */

/* Up to this minor the text names the taint. */
#define LAST_MINOR_NAMING_THE_TAINT 33

/* Taints that the node lifecycle controller sets and takes away (scheduler-fit section 2). */
static const struct pf_sv lifecycle_keys[] = {
    PF_SV_INIT("node.kubernetes.io/not-ready"),
    PF_SV_INIT("node.kubernetes.io/unreachable"),
    PF_SV_INIT("node.kubernetes.io/memory-pressure"),
    PF_SV_INIT("node.kubernetes.io/disk-pressure"),
    PF_SV_INIT("node.kubernetes.io/pid-pressure"),
    PF_SV_INIT("node.kubernetes.io/network-unavailable"),
    PF_SV_INIT("node.kubernetes.io/unschedulable"),
};

static bool is_lifecycle(struct pf_sv key)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(lifecycle_keys); i++) {
        if (pf_sv_eq(key, lifecycle_keys[i])) {
            return true;
        }
    }
    return false;
}

/* The first taint that keeps the pod away, or NULL. */
static const struct pf_shape_taint *find_untolerated(const struct pf_filter_input *input,
                                                     const struct pf_shape *shape,
                                                     bool ignore_lifecycle)
{
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        const struct pf_sv effect = pf_intern_text(input->strings, taint->effect);
        if (!pf_sv_eq(effect, PF_SV("NoSchedule")) && !pf_sv_eq(effect, PF_SV("NoExecute"))) {
            continue;
        }
        const struct pf_sv key = pf_intern_text(input->strings, taint->key);
        if (ignore_lifecycle && is_lifecycle(key)) {
            continue;
        }
        if (!pf_pod_tolerates(input->question->pod, key,
                              pf_intern_text(input->strings, taint->value), effect,
                              &input->options->features)) {
            return taint;
        }
    }
    return NULL;
}

bool pf_taint_toleration_passes(const struct pf_filter_input *input,
                                const struct pf_filter_target *target)
{
    return find_untolerated(input, target->shape, /* ignore_lifecycle= */ false) == NULL;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_shape_taint *taint =
        find_untolerated(input, target->shape, /* ignore_lifecycle= */ false);
    if (taint == NULL) {
        return true;
    }
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    if (input->options->features.minor <= LAST_MINOR_NAMING_THE_TAINT) {
        result->key = taint->key;
        result->value = taint->value;
    }
    return false;
}

static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    return find_untolerated(input, target->shape, /* ignore_lifecycle= */ true) == NULL;
}

static enum pf_code reasons(const struct pf_filter_input *input, const struct pf_result *result,
                            struct pf_arena *arena, pf_filter_reason_fn *visit, void *opaque)
{
    if (input->options->features.minor > LAST_MINOR_NAMING_THE_TAINT) {
        return visit(opaque, PF_SV("node(s) had untolerated taint(s)"));
    }
    const char *text = pf_arena_printf(arena, "node(s) had untolerated taint {%.*s: %.*s}",
                                       PF_SV_ARG(pf_intern_text(input->strings, result->key)),
                                       PF_SV_ARG(pf_intern_text(input->strings, result->value)));
    return text != NULL ? visit(opaque, pf_sv_from(text)) : PF_E_NO_MEMORY;
}

const struct pf_filter pf_taint_toleration_filter = {
    .name = "TaintToleration",
    .built = true,
    .by_shape = true,
    .check = check,
    .could = could,
    .reasons = reasons,
};

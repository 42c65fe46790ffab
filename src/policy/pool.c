#include "pool_internal.h"

/** Missing entries of the pool's selector. @return false: a key has another value in the pod */
static bool count_missing(const struct pf_labels *wanted, const struct pf_labels *have,
                          size_t *ret_missing)
{
    size_t missing = 0;

    for (size_t i = 0; i < wanted->count; i++) {
        const struct pf_label *const label = pf_labels_find(have, wanted->items[i].key);

        if (label == NULL) {
            missing++;
        } else if (!pf_sv_eq(label->value, wanted->items[i].value)) {
            return false;
        }
    }
    *ret_missing = missing;
    return true;
}

/** Merge two sorted maps that agree wherever they overlap. @param out room for both */
static size_t merge(const struct pf_labels *a, const struct pf_labels *b, struct pf_label *out)
{
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < a->count || j < b->count) {
        int order = 0;

        if (i == a->count || j == b->count) {
            order = i == a->count ? 1 : -1;
        } else {
            order = pf_sv_cmp(a->items[i].key, b->items[j].key);
        }
        out[count++] = order <= 0 ? a->items[i] : b->items[j];
        i += order <= 0 ? 1 : 0;
        j += order >= 0 ? 1 : 0;
    }
    return count;
}

static enum pf_code inject_selector(const struct pf_labels *wanted, size_t missing,
                                    struct pf_pod *pod, struct pf_arena *arena)
{
    struct pf_label *const items =
        pf_arena_calloc(arena, pod->node_selector.count + missing, sizeof(*items));

    if (items == NULL) {
        return PF_E_NO_MEMORY;
    }
    pod->node_selector.count = merge(&pod->node_selector, wanted, items);
    pod->node_selector.items = items;
    return PF_OK;
}

static enum pf_code inject_toleration(const struct pf_taint *taint, struct pf_pod *pod,
                                      struct pf_arena *arena)
{
    struct pf_toleration *const items =
        pf_arena_calloc(arena, pod->toleration_count + 1, sizeof(*items));

    if (items == NULL) {
        return PF_E_NO_MEMORY;
    }
    if (pod->toleration_count != 0) {
        memcpy(items, pod->tolerations, pod->toleration_count * sizeof(*items));
    }
    items[pod->toleration_count++] = (struct pf_toleration){
        .key = taint->key,
        .value = taint->value,
        .effect = taint->effect,
        .operator_ = PF_TOLERATION_EQUAL,
    };
    pod->tolerations = items;
    return PF_OK;
}

enum pf_code pf_pool_inject(const struct pf_class *class_, struct pf_pod *pod,
                            struct pf_arena *arena, struct pf_rewrite *rewrite)
{
    /* no comparison operators: at worst a toleration is added that was not needed */
    static const struct pf_kube_features features = {.minor = PF_KUBE_MINOR_OLDEST};
    const struct pf_taint *const taint = &class_->pool_taint;
    size_t missing = 0;

    if (!class_->has_pool || !class_->pool_inject) {
        return PF_OK;
    }
    if (!count_missing(&class_->pool_selector, &pod->node_selector, &missing)) {
        rewrite->selector_conflict = true;
        return PF_OK;
    }
    if (missing != 0) {
        rewrite->inject_selector = true;
        if (inject_selector(&class_->pool_selector, missing, pod, arena) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
    }
    if (taint->key.len != 0 &&
        !pf_pod_tolerates(pod, taint->key, taint->value, taint->effect, &features)) {
        rewrite->inject_toleration = true;
        return inject_toleration(taint, pod, arena);
    }
    return PF_OK;
}

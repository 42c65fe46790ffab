#include "fields.h"
#include "pod_parts.h"
#include <podfit/runtime_class.h>

static void decode_overhead(struct pf_decode *d, struct pf_runtime_class *class_)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("podFixed")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_fields_resources(d, &class_->overhead);
    }
}

static void decode_scheduling(struct pf_decode *d, struct pf_runtime_class *class_)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("nodeSelector"), PF_SV_INIT("tolerations")};
    struct pf_pod pod = {.toleration_count = 0}; /* tolerations are decoded into a pod */
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == 0) {
            (void)pf_fields_labels(d, &class_->node_selector); /* none where it is no object */
        } else {
            pf_pod_rules_tolerations(d, &pod);
        }
    }
    class_->tolerations = pod.tolerations;
    class_->toleration_count = pod.toleration_count;
}

enum pf_code pf_runtime_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_runtime_class *ret_class, struct pf_err *err)
{
    enum { METADATA, OVERHEAD, SCHEDULING };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [OVERHEAD] = PF_SV_INIT("overhead"),
        [SCHEDULING] = PF_SV_INIT("scheduling"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_runtime_class class_ = {.toleration_count = 0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case METADATA:
            pf_fields_meta(&d, &meta);
            break;
        case OVERHEAD:
            decode_overhead(&d, &class_);
            break;
        default: /* SCHEDULING */
            decode_scheduling(&d, &class_);
            break;
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        class_.name = meta.name;
        *ret_class = class_;
    }
    return code;
}

static int compare_labels(const void *a, const void *b)
{
    return pf_sv_cmp(((const struct pf_label *)a)->key, ((const struct pf_label *)b)->key);
}

static enum pf_code merge_selector(const struct pf_labels *added, struct pf_arena *arena,
                                   struct pf_labels *selector, struct pf_err *err)
{
    struct pf_label *items = pf_arena_calloc(arena, selector->count + added->count, sizeof(*items));
    size_t count = selector->count;
    if (items == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (count != 0) {
        memcpy(items, selector->items, count * sizeof(*items));
    }
    for (size_t i = 0; i < added->count; i++) {
        const struct pf_label *label = &added->items[i];
        const struct pf_label *own = pf_labels_find(selector, label->key);
        if (own == NULL) {
            items[count++] = *label;
        } else if (!pf_sv_eq(own->value, label->value)) {
            return pf_err_set(err, PF_E_INVALID,
                              "conflict: runtimeClass.scheduling.nodeSelector[%.*s] = %.*s; "
                              "pod.spec.nodeSelector[%.*s] = %.*s",
                              PF_SV_ARG(label->key), PF_SV_ARG(label->value), PF_SV_ARG(own->key),
                              PF_SV_ARG(own->value));
        }
    }
    qsort(items, count, sizeof(*items), compare_labels);
    *selector = (struct pf_labels){.items = items, .count = count};
    return PF_OK;
}

enum pf_code pf_runtime_class_apply(const struct pf_runtime_class *class_, struct pf_arena *arena,
                                    struct pf_pod *pod, struct pf_err *err)
{
    struct pf_labels selector = pod->node_selector;
    const size_t own = pod->toleration_count;
    struct pf_toleration *tolerations =
        pf_arena_calloc(arena, own + class_->toleration_count, sizeof(*tolerations));
    if (tolerations == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    if (class_->node_selector.count != 0) {
        const enum pf_code code = merge_selector(&class_->node_selector, arena, &selector, err);
        if (code != PF_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < own; i++) {
        tolerations[i] = pod->tolerations[i];
    }
    for (size_t i = 0; i < class_->toleration_count; i++) {
        tolerations[own + i] = class_->tolerations[i];
    }
    pod->node_selector = selector;
    pod->tolerations = tolerations;
    pod->toleration_count = own + class_->toleration_count;
    if (pod->overhead.count == 0) {
        pod->overhead = class_->overhead;
    }
    return PF_OK;
}

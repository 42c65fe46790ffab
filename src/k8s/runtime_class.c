#include "pod_parts.h"
#include "table.h"
#include <podfit/runtime_class.h>

struct part {
    struct pf_meta meta;
    struct pf_pod pod; /* tolerations are decoded into a pod */
    struct pf_runtime_class class_;
};

static void read_selector(struct pf_decode *d, void *at)
{
    (void)pf_fields_labels(d, at); /* none where it is no object */
}

static void read_tolerations(struct pf_decode *d, void *at)
{
    pf_pod_rules_tolerations(d, at);
}

static const struct pf_table_row overhead_rows[] = {
    PF_TABLE_VALUE("podFixed", pf_table_resources, struct part, class_.overhead),
};

static const struct pf_table_row scheduling_rows[] = {
    PF_TABLE_VALUE("nodeSelector", read_selector, struct part, class_.node_selector),
    PF_TABLE_VALUE("tolerations", read_tolerations, struct part, pod),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("overhead", overhead_rows),
    PF_TABLE_OBJECT("scheduling", scheduling_rows),
};

enum pf_code pf_runtime_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_runtime_class *ret_class, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.class_.name = part.meta.name;
        part.class_.tolerations = part.pod.tolerations;
        part.class_.toleration_count = part.pod.toleration_count;
        *ret_class = part.class_;
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

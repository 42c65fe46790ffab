#include "pod_parts.h"

/*
 * matchLabelKeys and mismatchLabelKeys become requirements with the pod's own values, for keys that the pod has (scheduler-fit 3.5). Source:
 * pkg/registry/core/pod/strategy.go, applyMatchLabelKeysAndMismatchLabelKeys; an absent selector stays absent.
 */

static size_t count_known(const struct pf_pod *pod, const struct pf_sv *keys, size_t count)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        known += pf_labels_find(&pod->meta.labels, keys[i]) != NULL ? 1 : 0;
    }
    return known;
}

static void append(const struct pf_pod *pod, const struct pf_sv *keys, size_t count,
                   enum pf_selector_operator operator_, struct pf_label_selector *selector)
{
    for (size_t i = 0; i < count; i++) {
        const struct pf_label *label = pf_labels_find(&pod->meta.labels, keys[i]);
        if (label != NULL) {
            struct pf_sv *value =
                &pod->meta.labels.items[(size_t)(label - pod->meta.labels.items)].value;
            struct pf_requirement *requirement =
                &selector->requirements[selector->requirement_count++];
            *requirement = (struct pf_requirement){
                .key = label->key, .values = value, .value_count = 1, .operator_ = operator_};
            pf_requirement_validate(requirement, /* node= */ false);
        }
    }
}

/* Room for @p more requirements in a copy of the list. @return false: no memory */
static bool extend(struct pf_label_selector *selector, size_t more, struct pf_arena *arena)
{
    struct pf_requirement *all =
        pf_arena_calloc(arena, selector->requirement_count + more, sizeof(*all));
    if (all != NULL && selector->requirement_count != 0) {
        memcpy(all, selector->requirements, selector->requirement_count * sizeof(*all));
    }
    selector->requirements = all != NULL ? all : selector->requirements;
    return all != NULL;
}

static bool merge_term(const struct pf_pod *pod, struct pf_pod_term *term, struct pf_arena *arena)
{
    const size_t more = count_known(pod, term->match_label_keys, term->match_label_key_count) +
                        count_known(pod, term->mismatch_label_keys, term->mismatch_label_key_count);
    if (more != 0 && term->selector.present) {
        if (!extend(&term->selector, more, arena)) {
            return false;
        }
        append(pod, term->match_label_keys, term->match_label_key_count, PF_SELECTOR_IN,
               &term->selector);
        append(pod, term->mismatch_label_keys, term->mismatch_label_key_count, PF_SELECTOR_NOT_IN,
               &term->selector);
    }
    term->match_label_key_count = 0;
    term->mismatch_label_key_count = 0;
    return true;
}

static bool has_keys(const struct pf_pod_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->items[i].match_label_key_count + terms->items[i].mismatch_label_key_count != 0) {
            return true;
        }
    }
    return false;
}

static bool merge_terms(const struct pf_pod *pod, struct pf_pod_terms *terms,
                        struct pf_arena *arena)
{
    if (!has_keys(terms)) {
        return true;
    }
    struct pf_pod_term *copy = pf_arena_calloc(arena, terms->count, sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, terms->items, terms->count * sizeof(*copy));
    for (size_t i = 0; i < terms->count; i++) {
        if (!merge_term(pod, &copy[i], arena)) {
            return false;
        }
        for (size_t k = 0; k < copy[i].selector.requirement_count; k++) {
            terms->invalid = terms->invalid || !copy[i].selector.requirements[k].valid;
        }
    }
    terms->items = copy;
    return true;
}

static bool merge_spreads(struct pf_pod *pod, struct pf_arena *arena)
{
    size_t keys = 0;
    for (size_t i = 0; i < pod->spread_count; i++) {
        keys += pod->spreads[i].match_label_key_count;
    }
    if (keys == 0) {
        return true;
    }
    struct pf_spread *copy = pf_arena_calloc(arena, pod->spread_count, sizeof(*copy));
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, pod->spreads, pod->spread_count * sizeof(*copy));
    for (size_t i = 0; i < pod->spread_count; i++) {
        struct pf_spread *spread = &copy[i];
        const size_t more =
            count_known(pod, spread->match_label_keys, spread->match_label_key_count);
        if (more != 0 && spread->selector.present) {
            if (!extend(&spread->selector, more, arena)) {
                return false;
            }
            append(pod, spread->match_label_keys, spread->match_label_key_count, PF_SELECTOR_IN,
                   &spread->selector);
        }
        spread->match_label_key_count = 0;
    }
    pod->spreads = copy;
    return true;
}

enum pf_code pf_pod_keys_merge(struct pf_pod *pod, bool stored, struct pf_arena *arena)
{
    for (unsigned i = 0; i < PF_TERMS_COUNT && !stored; i++) {
        if (!merge_terms(pod, &pod->terms[i], arena)) {
            return PF_E_NO_MEMORY;
        }
    }
    return merge_spreads(pod, arena) ? PF_OK : PF_E_NO_MEMORY;
}

#include "question.h"
#include "topology.h"

static void put_number(struct pf_buf *key, int64_t value)
{
    pf_buf_append(key, &value, sizeof(value));
}

static void put_text(struct pf_buf *key, struct pf_sv text)
{
    put_number(key, (int64_t)text.len);
    pf_buf_append_sv(key, text);
}

static void put_selector(struct pf_buf *key, const struct pf_label_selector *selector)
{
    put_number(key, selector->present ? (int64_t)selector->requirement_count : -1);
    for (size_t i = 0; i < selector->requirement_count; i++) {
        const struct pf_requirement *requirement = &selector->requirements[i];
        put_text(key, requirement->key);
        put_number(key, requirement->operator_);
        put_number(key, (int64_t)requirement->value_count);
        for (size_t k = 0; k < requirement->value_count; k++) {
            put_text(key, requirement->values[k]);
        }
    }
}

void pf_topology_plan_key(const struct pf_topology_plan *plan, struct pf_buf *key)
{
    const int64_t head[] = {plan->spread_count, plan->affinity_count, plan->anti_count,
                            plan->existing_count};
    put_text(key, plan->space);
    pf_buf_append(key, head, sizeof(head));
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        const struct pf_spread *spread = plan->spreads[i].text;
        const int64_t numbers[] = {
            spread->max_skew, spread->min_domains, spread->ignore_node_affinity ? 1 : 0,
            spread->honor_node_taints ? 1 : 0, plan->spreads[i].self ? 1 : 0};
        put_text(key, spread->topology_key);
        pf_buf_append(key, numbers, sizeof(numbers));
        put_selector(key, &spread->selector);
    }
    for (uint32_t i = 0; i < plan->affinity_count + plan->anti_count; i++) {
        const struct pf_pod_term *term = plan->terms[i].text;
        put_text(key, term->topology_key);
        put_number(key, plan->terms[i].self ? 1 : 0);
        put_selector(key, &term->selector);
        put_selector(key, &term->namespace_selector);
        put_number(key, (int64_t)term->namespace_count);
        for (size_t k = 0; k < term->namespace_count; k++) {
            put_text(key, term->namespaces[k]);
        }
    }
    for (uint32_t i = 0; i < plan->existing_count; i++) {
        const uint32_t numbers[] = {plan->existing[i].terms, plan->existing[i].generation,
                                    plan->existing[i].topology_key};
        pf_buf_append(key, numbers, sizeof(numbers));
    }
}

uint64_t pf_topology_plan_work(const struct pf_topology_plan *plan)
{
    uint64_t work = (uint64_t)plan->spread_count + plan->affinity_count + plan->anti_count +
                    plan->requirement_count;
    for (uint32_t i = 0; i < plan->affinity_count + plan->anti_count; i++) {
        const struct pf_label_selector *selector = &plan->terms[i].text->namespace_selector;
        for (size_t k = 0; k < selector->requirement_count; k++) {
            work += 1 + selector->requirements[k].value_count;
        }
    }
    return work;
}

static bool copy_selector(struct pf_label_selector *selector, struct pf_arena *arena)
{
    return pf_question_copy_requirements(&selector->requirements, selector->requirement_count,
                                         arena);
}

static bool copy_term(struct pf_pod_term *term, struct pf_arena *arena)
{
    struct pf_sv *names = pf_arena_calloc(arena, term->namespace_count, sizeof(*names));
    bool ok = names != NULL && copy_selector(&term->selector, arena) &&
              copy_selector(&term->namespace_selector, arena) &&
              pf_arena_dup_sv(arena, term->topology_key, &term->topology_key);
    for (size_t i = 0; ok && i < term->namespace_count; i++) {
        ok = pf_arena_dup_sv(arena, term->namespaces[i], &names[i]);
    }
    term->namespaces = names;
    return ok;
}

static bool copy_terms(struct pf_pod_terms *terms, struct pf_arena *arena)
{
    struct pf_pod_term *items = pf_arena_calloc(arena, terms->count, sizeof(*items));
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < terms->count; i++) {
        items[i] = terms->items[i];
        ok = copy_term(&items[i], arena);
    }
    terms->items = items;
    return ok;
}

static bool copy_spreads(struct pf_pod *pod, struct pf_arena *arena)
{
    struct pf_spread *items = pf_arena_calloc(arena, pod->spread_count, sizeof(*items));
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < pod->spread_count; i++) {
        items[i] = pod->spreads[i];
        ok = copy_selector(&items[i].selector, arena) &&
             pf_arena_dup_sv(arena, items[i].topology_key, &items[i].topology_key);
    }
    pod->spreads = items;
    return ok;
}

enum pf_code pf_topology_plan_copy(const struct pf_question *question, struct pf_arena *arena,
                                   struct pf_pod *ret_pod, struct pf_topology_plan **ret_plan)
{
    const struct pf_topology_plan *plan = question->plan;
    const struct pf_fit_options options = {
        .features = {.minor = plan->leaky_namespace ? PF_KUBE_MINOR_NEWEST : PF_KUBE_MINOR_OLDEST}};
    struct pf_pod pod = *ret_pod;
    pod.terms[PF_TERMS_AFFINITY] = question->pod->terms[PF_TERMS_AFFINITY];
    pod.terms[PF_TERMS_ANTI_AFFINITY] = question->pod->terms[PF_TERMS_ANTI_AFFINITY];
    pod.spreads = question->pod->spreads;
    pod.spread_count = question->pod->spread_count;
    struct pf_topology_plan_existing *existing =
        pf_arena_calloc(arena, plan->existing_count, sizeof(*existing));
    if (existing == NULL ||
        !pf_arena_dup_sv(arena, question->pod->meta.namespace_, &pod.meta.namespace_) ||
        !copy_terms(&pod.terms[PF_TERMS_AFFINITY], arena) ||
        !copy_terms(&pod.terms[PF_TERMS_ANTI_AFFINITY], arena) || !copy_spreads(&pod, arena)) {
        return PF_E_NO_MEMORY;
    }
    if (plan->existing_count != 0) {
        memcpy(existing, plan->existing, plan->existing_count * sizeof(*existing));
    }
    struct pf_question copy = *question;
    copy.pod = &pod;
    struct pf_topology_plan *made = NULL;
    const enum pf_code code =
        pf_topology_plan_build(&copy, &options, existing, plan->existing_count, arena, &made);
    if (code != PF_OK) {
        return code;
    }
    /* the labels that these come from are not copied */
    for (uint32_t i = 0; i < plan->spread_count; i++) {
        made->spreads[i].self = plan->spreads[i].self;
    }
    for (uint32_t i = 0; i < plan->affinity_count + plan->anti_count; i++) {
        made->terms[i].self = plan->terms[i].self;
    }
    made->own_affinity = plan->own_affinity;
    *ret_pod = pod;
    *ret_plan = made;
    return PF_OK;
}

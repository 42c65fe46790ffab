#include "question.h"

#include "topology.h"
#include "volume_plan.h"

/* hostPort of ordinary init containers never counts (scheduler-fit 7.5). */
static bool has_host_port(const struct pf_container *container, size_t port)
{
    return container->kind != PF_CONTAINER_INIT && container->ports[port].host_port > 0;
}

static size_t count_host_ports(const struct pf_pod *pod)
{
    size_t count = 0;
    for (size_t i = 0; i < pod->container_count; i++) {
        for (size_t k = 0; k < pod->containers[i].port_count; k++) {
            count += has_host_port(&pod->containers[i], k) ? 1 : 0;
        }
    }
    return count;
}

static bool collect_host_ports(const struct pf_pod *pod, struct pf_arena *arena,
                               struct pf_question *question)
{
    const size_t count = count_host_ports(pod);
    if (count == 0) {
        return true;
    }
    question->ports = pf_arena_calloc(arena, count, sizeof(*question->ports));
    question->port_ips = pf_arena_calloc(arena, count, sizeof(*question->port_ips));
    if (question->ports == NULL || question->port_ips == NULL) {
        return false;
    }
    for (size_t i = 0; i < pod->container_count; i++) {
        for (size_t k = 0; k < pod->containers[i].port_count; k++) {
            if (has_host_port(&pod->containers[i], k)) {
                question->ports[question->port_count++] = pod->containers[i].ports[k];
            }
        }
    }
    return true;
}

static bool make_scalar_tables(struct pf_question *question, struct pf_arena *arena)
{
    const size_t count = question->request.scalar_count;
    if (count == 0) {
        return true;
    }
    question->scalar_ids = pf_arena_calloc(arena, count, sizeof(*question->scalar_ids));
    question->scalar_ignored = pf_arena_calloc(arena, count, sizeof(*question->scalar_ignored));
    question->scalar_delegated = pf_arena_calloc(arena, count, sizeof(*question->scalar_delegated));
    return question->scalar_ids != NULL && question->scalar_ignored != NULL &&
           question->scalar_delegated != NULL;
}

/* A plug-in whose feature gate is off has no Filter that could fail. */
static unsigned broken_of(const struct pf_fit_options *options)
{
    unsigned broken = options->points.broken;
    if (!options->features.dynamic_resource_allocation) {
        broken &= ~(1U << PF_FILTER_DYNAMIC_RESOURCES);
    }
    if (!options->features.node_declared_features) {
        broken &= ~(1U << PF_FILTER_NODE_DECLARED_FEATURES);
    }
    return broken;
}

enum pf_code pf_question_prepare(const struct pf_pod *pod, const struct pf_request *request,
                                 const struct pf_fit_options *options, struct pf_arena *arena,
                                 struct pf_question *ret_question)
{
    struct pf_question question = {.pod = pod, .request = *request};
    if (!collect_host_ports(pod, arena, &question) || !make_scalar_tables(&question, arena)) {
        return PF_E_NO_MEMORY;
    }
    question.broken = broken_of(options);
    for (unsigned i = 0; i < PF_FILTER_COUNT; i++) {
        const struct pf_filter *filter = pf_filter_get((enum pf_filter_id)i);
        if (!filter->built || (options->disabled & 1U << i) != 0) {
            continue;
        }
        question.active |= 1U << i;
        question.by_shape |= filter->by_shape ? 1U << i : 0;
        question.by_topology |= filter->by_topology ? 1U << i : 0;
        const enum pf_code code =
            filter->prepare != NULL ? filter->prepare(&question, options, arena) : PF_OK;
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_question = question;
    return PF_OK;
}

void pf_question_resolve(struct pf_question *question, const struct pf_intern *strings)
{
    if (question->plan != NULL) {
        pf_topology_plan_resolve(question->plan, strings);
    }
    for (size_t i = 0; i < question->request.scalar_count; i++) {
        question->scalar_ids[i] = pf_intern_find(strings, question->request.scalars[i].name);
    }
    if (question->port_count == 0) {
        return;
    }
    question->any_ip = pf_intern_find(strings, PF_SV("0.0.0.0"));
    for (size_t i = 0; i < question->port_count; i++) {
        question->port_ips[i] = pf_intern_find(strings, question->ports[i].host_ip);
    }
}

void pf_question_put_i64(struct pf_buf *key, int64_t value)
{
    pf_buf_append(key, &value, sizeof(value));
}

void pf_question_put_text(struct pf_buf *key, struct pf_sv text)
{
    pf_question_put_i64(key, (int64_t)text.len);
    pf_buf_append_sv(key, text);
}

static void put_request(struct pf_buf *key, const struct pf_request *request)
{
    const int64_t amounts[] = {
        request->milli_cpu,         request->memory,         request->ephemeral_storage,
        request->nonzero_milli_cpu, request->nonzero_memory, (int64_t)request->scalar_count,
    };
    pf_buf_append(key, amounts, sizeof(amounts));
    for (size_t i = 0; i < request->scalar_count; i++) {
        pf_question_put_text(key, request->scalars[i].name);
        pf_question_put_i64(key, request->scalars[i].amount);
    }
}

static void put_requirements(struct pf_buf *key, const struct pf_requirement *requirements,
                             size_t count)
{
    pf_question_put_i64(key, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        pf_question_put_text(key, requirements[i].key);
        pf_question_put_i64(key, (int64_t)requirements[i].operator_ * 2 +
                                     (requirements[i].valid ? 1 : 0));
        pf_question_put_i64(key, (int64_t)requirements[i].value_count);
        for (size_t k = 0; k < requirements[i].value_count; k++) {
            pf_question_put_text(key, requirements[i].values[k]);
        }
    }
}

static void put_affinity(struct pf_buf *key, const struct pf_pod *pod)
{
    pf_question_put_i64(key, (int64_t)pod->node_selector.count);
    for (size_t i = 0; i < pod->node_selector.count; i++) {
        pf_question_put_text(key, pod->node_selector.items[i].key);
        pf_question_put_text(key, pod->node_selector.items[i].value);
    }
    const struct pf_node_selector *selector = &pod->node_affinity;
    pf_question_put_i64(key, selector->present ? (int64_t)selector->term_count : -1);
    for (size_t i = 0; selector->present && i < selector->term_count; i++) {
        const struct pf_node_selector_term *term = &selector->terms[i];
        put_requirements(key, term->expressions, term->expression_count);
        put_requirements(key, term->fields, term->field_count);
    }
}

void pf_question_key_nodes(const struct pf_question *question, struct pf_buf *key)
{
    const struct pf_pod *pod = question->pod;
    pf_question_put_i64(key, (int64_t)pod->toleration_count);
    for (size_t i = 0; i < pod->toleration_count; i++) {
        pf_question_put_text(key, pod->tolerations[i].key);
        pf_question_put_text(key, pod->tolerations[i].value);
        pf_question_put_text(key, pod->tolerations[i].effect);
        pf_question_put_i64(key, pod->tolerations[i].operator_);
    }
    put_affinity(key, pod);
}

void pf_question_key(const struct pf_question *question, struct pf_buf *key)
{
    const struct pf_pod *pod = question->pod;
    put_request(key, &question->request);
    for (size_t i = 0; i < question->request.scalar_count; i++) {
        pf_buf_append_char(key, question->scalar_delegated[i] ? 'd' : '-');
    }
    pf_question_put_i64(key, pod->features);
    pf_question_put_text(key, pod->node_name);
    pf_question_key_nodes(question, key);
    for (size_t i = 0; i < question->port_count; i++) {
        pf_question_put_i64(key, question->ports[i].host_port);
        pf_question_put_i64(key, question->ports[i].protocol);
        pf_question_put_text(key, question->ports[i].host_ip);
    }
    if (question->plan != NULL) {
        pf_topology_plan_key(question->plan, key);
    }
}

static uint64_t count_values(const struct pf_requirement *requirements, size_t count)
{
    uint64_t values = count;
    for (size_t i = 0; i < count; i++) {
        values += requirements[i].value_count;
    }
    return values;
}

/* Volumes, labels and capacities that may have to be compared with a node. */
static uint64_t volume_work(const struct pf_volume_plan *plan)
{
    uint64_t work = plan->bound_count + plan->placed_count + plan->zone_count + plan->claim_count;
    for (size_t i = 0; i < plan->placed_count; i++) {
        work += plan->placed[i].capacity_count;
    }
    for (size_t i = 0; i < plan->open_count; i++) {
        work += plan->open[i].candidate_count + plan->open[i].capacity_count;
    }
    return work;
}

uint64_t pf_question_work(const struct pf_question *question)
{
    const struct pf_pod *pod = question->pod;
    uint64_t work = pod->toleration_count + pod->node_selector.count + question->port_count;
    work += question->volumes != NULL ? volume_work(question->volumes) : 0;
    for (size_t i = 0; i < pod->node_affinity.term_count; i++) {
        const struct pf_node_selector_term *term = &pod->node_affinity.terms[i];
        work += 1 + count_values(term->expressions, term->expression_count) +
                count_values(term->fields, term->field_count);
    }
    return work;
}

bool pf_question_copy_requirements(struct pf_requirement **requirements, size_t count,
                                   struct pf_arena *arena)
{
    if (count == 0) {
        *requirements = NULL;
        return true;
    }
    struct pf_requirement *copy = pf_arena_calloc(arena, count, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = (*requirements)[i];
        copy[i].values = pf_arena_calloc(arena, copy[i].value_count, sizeof(*copy[i].values));
        bool ok = copy[i].values != NULL && pf_arena_dup_sv(arena, copy[i].key, &copy[i].key);
        for (size_t k = 0; ok && k < copy[i].value_count; k++) {
            ok = pf_arena_dup_sv(arena, (*requirements)[i].values[k], &copy[i].values[k]);
        }
        if (!ok) {
            return false;
        }
    }
    *requirements = copy;
    return copy != NULL;
}

static bool copy_affinity(struct pf_node_selector *selector, struct pf_arena *arena)
{
    if (selector->term_count == 0) {
        selector->terms = NULL;
        return true;
    }
    struct pf_node_selector_term *copy =
        pf_arena_calloc(arena, selector->term_count, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < selector->term_count; i++) {
        copy[i] = selector->terms[i];
        if (!pf_question_copy_requirements(&copy[i].expressions, copy[i].expression_count, arena) ||
            !pf_question_copy_requirements(&copy[i].fields, copy[i].field_count, arena)) {
            return false;
        }
    }
    selector->terms = copy;
    return copy != NULL;
}

static bool copy_selector(struct pf_labels *labels, struct pf_arena *arena)
{
    struct pf_label *copy = pf_arena_calloc(arena, labels->count, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < labels->count; i++) {
        if (!pf_arena_dup_sv(arena, labels->items[i].key, &copy[i].key) ||
            !pf_arena_dup_sv(arena, labels->items[i].value, &copy[i].value)) {
            return false;
        }
    }
    labels->items = copy;
    return copy != NULL;
}

static bool copy_tolerations(struct pf_pod *pod, struct pf_arena *arena)
{
    struct pf_toleration *copy = pf_arena_calloc(arena, pod->toleration_count, sizeof(*copy));
    for (size_t i = 0; copy != NULL && i < pod->toleration_count; i++) {
        copy[i] = pod->tolerations[i];
        if (!pf_arena_dup_sv(arena, copy[i].key, &copy[i].key) ||
            !pf_arena_dup_sv(arena, copy[i].value, &copy[i].value) ||
            !pf_arena_dup_sv(arena, copy[i].effect, &copy[i].effect)) {
            return false;
        }
    }
    pod->tolerations = copy;
    return copy != NULL;
}

static bool copy_ports(const struct pf_question *from, struct pf_arena *arena,
                       struct pf_question *copy)
{
    copy->ports = pf_arena_calloc(arena, from->port_count, sizeof(*copy->ports));
    copy->port_ips = pf_arena_calloc(arena, from->port_count, sizeof(*copy->port_ips));
    for (size_t i = 0; copy->ports != NULL && i < from->port_count; i++) {
        copy->ports[i] = from->ports[i];
        if (!pf_arena_dup_sv(arena, from->ports[i].host_ip, &copy->ports[i].host_ip)) {
            return false;
        }
    }
    return copy->ports != NULL && copy->port_ips != NULL;
}

static bool copy_scalars(const struct pf_question *from, struct pf_arena *arena,
                         struct pf_question *copy)
{
    const size_t count = from->request.scalar_count;
    struct pf_scalar *scalars = pf_arena_calloc(arena, count, sizeof(*scalars));
    if (scalars == NULL || !make_scalar_tables(copy, arena)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        scalars[i].amount = from->request.scalars[i].amount;
        copy->scalar_ignored[i] = from->scalar_ignored[i];
        copy->scalar_delegated[i] = from->scalar_delegated[i];
        if (!pf_arena_dup_sv(arena, from->request.scalars[i].name, &scalars[i].name)) {
            return false;
        }
    }
    copy->request.scalars = scalars;
    return true;
}

enum pf_code pf_question_copy(const struct pf_question *question, struct pf_arena *arena,
                              struct pf_pod *ret_pod, struct pf_question *ret_question)
{
    struct pf_pod pod = {
        .node_selector = question->pod->node_selector,
        .node_affinity = question->pod->node_affinity,
        .tolerations = question->pod->tolerations,
        .toleration_count = question->pod->toleration_count,
        .features = question->pod->features,
    };
    struct pf_question copy = *question;
    copy.names = NULL;
    copy.volumes = NULL; /* borrowed from the model */
    copy.name_count = 0;
    if (!pf_arena_dup_sv(arena, question->pod->node_name, &pod.node_name) ||
        !copy_selector(&pod.node_selector, arena) || !copy_affinity(&pod.node_affinity, arena) ||
        !copy_tolerations(&pod, arena) || !copy_ports(question, arena, &copy) ||
        !copy_scalars(question, arena, &copy)) {
        return PF_E_NO_MEMORY;
    }
    if (question->plan != NULL) {
        const enum pf_code code = pf_topology_plan_copy(question, arena, &pod, &copy.plan);
        if (code != PF_OK) {
            return code;
        }
    }
    *ret_pod = pod;
    copy.pod = ret_pod;
    *ret_question = copy;
    return PF_OK;
}

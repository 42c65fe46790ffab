#include "aggregate.h"

#include "order.h"

/*
 * Every amount of the pod becomes one entry (name, rank, amount); sorted by name and rank, one pass over them gives all sums. Ranks are the places of
 * the containers (init containers first), then the pod level, its status, then the overhead. Entries of one name and rank are the variants of one
 * request (spec, status, allocated): their maximum counts. So the work is n log n whatever names a pod makes up, and no maps are needed.
 */

/* an amount that stands for a missing request in scoring only is one of these two */
static const struct pf_quantity default_cpu = {
    .value = 100, .scale = -3, .format = PF_QUANTITY_DECIMAL_SI};
static const struct pf_quantity default_memory = {
    .value = 209715200, .scale = 0, .format = PF_QUANTITY_DECIMAL_SI}; /* 200 MiB */

/** The entries of a pod while they are collected. */
struct collection {
    const struct pf_pod *pod;
    const struct pf_aggregate_options *options;
    struct pf_order_item *entries;
    size_t count;
    struct pf_order_item
        *statuses; /**< by name; the last of equal names counts, as in upstream's map */
    size_t status_count;
};

/** State of one resource in the pass. */
struct totals {
    struct pf_quantity sum;     /**< S: containers and sidecars */
    struct pf_quantity running; /**< R: sidecars so far */
    struct pf_quantity peak;    /**< M: largest need while init containers run */
    bool sum_present;
    bool peak_present;
    bool pod_level;    /**< spec.resources.requests names it, so that the status counts, too */
    bool main_counted; /**< the sum has the format of a container's amount */
};

/* Ranks behind the containers: spec.resources.requests, its status, the overhead. */
static size_t rank_pod_level(const struct pf_pod *pod)
{
    return pod->container_count;
}

bool pf_aggregate_is_pod_level(struct pf_sv name)
{
    return pf_sv_eq(name, PF_SV("cpu")) || pf_sv_eq(name, PF_SV("memory")) ||
           pf_sv_starts_with(name, PF_SV("hugepages-"));
}

static bool is_default(const struct pf_order_item *entry)
{
    return entry->ref == &default_cpu || entry->ref == &default_memory;
}

static void add_entry(struct collection *c, struct pf_sv name, const struct pf_quantity *amount,
                      size_t rank)
{
    c->entries[c->count++] =
        (struct pf_order_item){.name = name, .ref = amount, .rank = (uint32_t)rank};
}

static void add_list(struct collection *c, const struct pf_resource_list *list, size_t rank)
{
    for (size_t i = 0; i < list->count; i++) {
        add_entry(c, list->items[i].name, &list->items[i].amount, rank);
    }
}

/* @param instead  counts in place of every amount; NULL: the amounts themselves */
static void add_pod_level_list(struct collection *c, const struct pf_resource_list *list,
                               const struct pf_quantity *instead, size_t rank)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct pf_resource *item = &list->items[i];
        if (pf_aggregate_is_pod_level(item->name)) {
            add_entry(c, item->name, instead != NULL ? instead : &item->amount, rank);
        }
    }
}

static const struct pf_container_status *status_of(const struct collection *c,
                                                   const struct pf_container *container)
{
    if (container->kind == PF_CONTAINER_INIT) {
        return NULL; /* ordinary init containers are not resized */
    }
    const struct pf_order_item *found =
        pf_order_find(c->statuses, c->status_count, container->name);
    const struct pf_container_status *status = found != NULL ? found->ref : NULL;
    return status != NULL && status->resources_present ? status : NULL;
}

static void add_container(struct collection *c, size_t place)
{
    const struct pf_container *container = &c->pod->containers[place];
    const struct pf_container_status *status = status_of(c, container);
    const size_t first = c->count;
    bool cpu = false;
    bool memory = false;
    if (c->options->limits) {
        add_list(c, &container->limits, place);
        return;
    }
    if (status == NULL || !c->pod->resize_infeasible) {
        add_list(c, &container->requests, place);
    }
    if (status != NULL) {
        add_list(c, &status->requests, place);
        add_list(c, &status->allocated, place);
    }
    for (size_t i = first; i < c->count; i++) {
        cpu = cpu || pf_sv_eq(c->entries[i].name, PF_SV("cpu"));
        memory = memory || pf_sv_eq(c->entries[i].name, PF_SV("memory"));
    }
    if (!cpu) {
        add_entry(c, PF_SV("cpu"), &default_cpu, place);
    }
    if (!memory) {
        add_entry(c, PF_SV("memory"), &default_memory, place);
    }
}

static bool pod_level_set(const struct pf_resource_list *requests)
{
    for (size_t i = 0; i < requests->count; i++) {
        if (pf_aggregate_is_pod_level(requests->items[i].name)) {
            return true;
        }
    }
    return false;
}

static void add_pod_level(struct collection *c)
{
    const struct pf_pod *pod = c->pod;
    if (!c->options->pod_level || !pod_level_set(&pod->requests)) {
        return;
    }
    const bool status = c->options->in_place_pod_level && pod->status_resources_present;
    const size_t rank = rank_pod_level(pod);
    /* an infeasible request does not count, but its name does: without a status it is 0 */
    add_pod_level_list(c, &pod->requests,
                       status && pod->resize_infeasible ? &pf_quantity_zero : NULL, rank);
    if (status) {
        add_pod_level_list(c, &pod->status_requests, NULL, rank + 1);
        add_pod_level_list(c, &pod->status_allocated, NULL, rank + 1);
    }
}

static size_t count_entries(const struct pf_pod *pod)
{
    size_t count = pod->requests.count + pod->status_requests.count + pod->status_allocated.count +
                   pod->overhead.count;
    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_container *container = &pod->containers[i];
        const size_t requests = container->requests.count + 2; /* the two defaults */
        count += requests > container->limits.count ? requests : container->limits.count;
    }
    return count;
}

/* containers may share a name, and with it a status */
static size_t count_status_entries(const struct collection *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->pod->container_count; i++) {
        const struct pf_container_status *status = status_of(c, &c->pod->containers[i]);
        count += status != NULL ? status->requests.count + status->allocated.count : 0;
    }
    return count;
}

static bool index_statuses(struct collection *c, struct pf_arena *arena)
{
    const struct pf_pod *pod = c->pod;
    if (!c->options->use_status || pod->status_count == 0) {
        return true;
    }
    c->statuses = pf_arena_calloc(arena, pod->status_count, sizeof(*c->statuses));
    if (c->statuses == NULL) {
        return false;
    }
    for (size_t i = 0; i < pod->status_count; i++) {
        c->statuses[i] = (struct pf_order_item){
            .name = pod->statuses[i].name, .ref = &pod->statuses[i], .rank = (uint32_t)i};
    }
    c->status_count = pod->status_count;
    pf_order_sort(c->statuses, c->status_count);
    return true;
}

static enum pf_code collect(struct collection *c, struct pf_arena *arena)
{
    if (!index_statuses(c, arena)) {
        return PF_E_NO_MEMORY;
    }
    const size_t room = count_entries(c->pod) + count_status_entries(c);
    if (room == 0) {
        return PF_OK;
    }
    c->entries = pf_arena_calloc(arena, room, sizeof(*c->entries));
    if (c->entries == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < c->pod->container_count; i++) {
        add_container(c, i);
    }
    add_pod_level(c);
    if (c->options->overhead) {
        add_list(c, &c->pod->overhead, rank_pod_level(c->pod) + 2);
    }
    pf_order_sort(c->entries, c->count);
    return PF_OK;
}

/* *a = max(*a, b); an absent *a takes b whatever its sign */
static void raise_to(struct pf_quantity *a, bool *present, const struct pf_quantity *b)
{
    if (!*present || pf_quantity_cmp(b, a) > 0) {
        *a = *b;
    }
    *present = true;
}

/* S and M together: what the containers ask for */
static void settle(struct totals *t)
{
    if (t->peak_present) {
        raise_to(&t->sum, &t->sum_present, &t->peak);
        t->peak_present = false;
    }
}

static enum pf_code add_to_sum(struct totals *t, const struct pf_quantity *amount)
{
    t->sum_present = true;
    return pf_quantity_add(&t->sum, amount, &t->sum);
}

/* Upstream adds containers before sidecars, so the first of them that is not 0 gives the sum its format; here sidecars came before. */
static enum pf_code add_main(struct totals *t, const struct pf_quantity *amount)
{
    const enum pf_code code = add_to_sum(t, amount);
    if (code == PF_OK && !t->main_counted && pf_quantity_sign(amount) != 0) {
        t->sum.format = amount->format;
        t->main_counted = true;
    }
    return code;
}

static enum pf_code apply_container(struct totals *t, enum pf_container_kind kind,
                                    const struct pf_quantity *amount)
{
    enum pf_code code = PF_OK;
    struct pf_quantity peak = pf_quantity_zero;
    switch (kind) {
    case PF_CONTAINER_MAIN:
        return add_main(t, amount);
    case PF_CONTAINER_SIDECAR:
        code = add_to_sum(t, amount);
        code = code == PF_OK ? pf_quantity_add(&t->running, amount, &t->running) : code;
        peak = t->running;
        break;
    case PF_CONTAINER_INIT:
    default:
        code = pf_quantity_add(amount, &t->running, &peak);
        break;
    }
    if (code == PF_OK) {
        raise_to(&t->peak, &t->peak_present, &peak);
    }
    return code;
}

/* one request: container, pod level or overhead */
static enum pf_code apply(const struct pf_pod *pod, struct totals *t, size_t rank,
                          const struct pf_quantity *amount)
{
    if (rank < pod->container_count) {
        return apply_container(t, pod->containers[rank].kind, amount);
    }
    settle(t);
    if (rank == rank_pod_level(pod)) {
        t->sum = *amount;
        t->sum_present = true;
        t->pod_level = true;
        return PF_OK;
    }
    if (rank == rank_pod_level(pod) + 1) {
        if (t->pod_level) {
            raise_to(&t->sum, &t->sum_present, amount);
        }
        return PF_OK;
    }
    return add_to_sum(t, amount);
}

/* the sum over entries of one name */
static enum pf_code sum_name(const struct pf_pod *pod, const struct pf_order_item *entries,
                             size_t count, bool with_defaults, struct totals *ret_totals)
{
    struct totals totals = {0};
    size_t i = 0;
    while (i < count) {
        const uint32_t rank = entries[i].rank;
        struct pf_quantity largest = pf_quantity_zero;
        bool present = false;
        for (; i < count && entries[i].rank == rank; i++) {
            if (with_defaults || !is_default(&entries[i])) {
                raise_to(&largest, &present, entries[i].ref);
            }
        }
        const enum pf_code code = present ? apply(pod, &totals, rank, &largest) : PF_OK;
        if (code != PF_OK) {
            return code;
        }
    }
    settle(&totals);
    *ret_totals = totals;
    return PF_OK;
}

static enum pf_code finish_name(const struct pf_pod *pod, const struct pf_order_item *entries,
                                size_t count, struct pf_aggregate_sum *ret_sum)
{
    struct totals real = {0};
    struct totals nonzero = {0};
    bool defaults = false;
    for (size_t i = 0; i < count && !defaults; i++) {
        defaults = is_default(&entries[i]);
    }
    enum pf_code code = sum_name(pod, entries, count, /* with_defaults= */ false, &real);
    if (code == PF_OK && defaults) {
        code = sum_name(pod, entries, count, /* with_defaults= */ true, &nonzero);
    }
    if (code != PF_OK) {
        return code;
    }
    *ret_sum = (struct pf_aggregate_sum){
        .name = entries[0].name,
        .present = real.sum_present,
        .amount = real.sum,
        .nonzero = defaults ? nonzero.sum : real.sum,
    };
    return PF_OK;
}

static size_t name_length(const struct pf_order_item *entries, size_t count)
{
    size_t len = 1;
    while (len < count && pf_sv_eq(entries[len].name, entries[0].name)) {
        len++;
    }
    return len;
}

static enum pf_code sum_all(const struct collection *c, struct pf_arena *arena,
                            struct pf_aggregate *ret_result, struct pf_err *err)
{
    struct pf_aggregate result = {0};
    for (size_t i = 0; i < c->count; i += name_length(&c->entries[i], c->count - i)) {
        result.count++;
    }
    result.sums = pf_arena_calloc(arena, result.count, sizeof(*result.sums));
    if (result.sums == NULL && result.count != 0) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for the requests of a pod");
    }
    size_t at = 0;
    for (size_t i = 0; i < result.count; i++) {
        const size_t len = name_length(&c->entries[at], c->count - at);
        const enum pf_code code = finish_name(c->pod, &c->entries[at], len, &result.sums[i]);
        if (code != PF_OK) {
            return pf_err_set(err, code, "the sum of '%.*s' is more than podfit holds exactly",
                              PF_SV_ARG(c->entries[at].name));
        }
        at += len;
    }
    *ret_result = result;
    return PF_OK;
}

enum pf_code pf_aggregate_pod(const struct pf_pod *pod, const struct pf_aggregate_options *options,
                              struct pf_arena *arena, struct pf_aggregate *ret_result,
                              struct pf_err *err)
{
    struct collection c = {.pod = pod, .options = options};
    const enum pf_code code = collect(&c, arena);
    if (code != PF_OK) {
        return pf_err_set(err, code, "no memory for the requests of a pod");
    }
    return sum_all(&c, arena, ret_result, err);
}

#include "cluster_internal.h"

struct pf_sv pf_demand_key(const struct pf_demand *demand)
{
    const size_t skip = offsetof(struct pf_demand, milli_cpu);
    return (struct pf_sv){.ptr = (const char *)demand + skip,
                          .len = pf_demand_bytes(demand) - skip};
}

static int compare_scalars(const void *a, const void *b)
{
    const struct pf_demand_scalar *left = a;
    const struct pf_demand_scalar *right = b;
    return (left->name > right->name) - (left->name < right->name);
}

static int compare_ports(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pf_demand_port));
}

/* Does the pod take this port of its node? Ordinary init containers never do (scheduler-fit 7.5). */
static bool takes_port(const struct pf_container *container, const struct pf_port *port)
{
    return container->kind != PF_CONTAINER_INIT && port->host_port > 0 &&
           port->host_port <= UINT16_MAX;
}

static size_t count_ports(const struct pf_pod *pod)
{
    size_t count = 0;
    for (size_t i = 0; i < pod->container_count; i++) {
        for (size_t j = 0; j < pod->containers[i].port_count; j++) {
            count += takes_port(&pod->containers[i], &pod->containers[i].ports[j]);
        }
    }
    return count;
}

static void unref_strings(struct pf_model *model, const struct pf_demand *demand)
{
    for (uint32_t i = 0; i < demand->scalar_count; i++) {
        pf_intern_unref(&model->strings, demand->scalars[i].name);
    }
    for (uint32_t i = 0; i < demand->port_count; i++) {
        pf_intern_unref(&model->strings, pf_demand_ports(demand)[i].ip);
    }
    for (uint32_t i = 0; i < demand->volume_count; i++) {
        pf_intern_unref(&model->strings, pf_demand_volumes(demand)[i].name);
        pf_intern_unref(&model->strings, pf_demand_volumes(demand)[i].other);
    }
    pf_intern_unref(&model->strings, demand->namespace_);
}

static bool fill_scalars(struct pf_model *model, struct pf_demand *demand,
                         const struct pf_request *request)
{
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (request->scalars[i].amount == 0) {
            continue;
        }
        const uint32_t name = pf_intern_ref(&model->strings, request->scalars[i].name);
        if (name == PF_INTERN_NONE) {
            return false;
        }
        demand->scalars[demand->scalar_count++] =
            (struct pf_demand_scalar){.amount = request->scalars[i].amount, .name = name};
    }
    qsort(demand->scalars, demand->scalar_count, sizeof(demand->scalars[0]), compare_scalars);
    return true;
}

static bool add_port(struct pf_model *model, struct pf_demand *demand, const struct pf_port *port)
{
    const struct pf_sv ip = port->host_ip.len != 0 ? port->host_ip : PF_SV("0.0.0.0");
    const uint32_t id = pf_intern_ref(&model->strings, ip);
    if (id == PF_INTERN_NONE) {
        return false;
    }
    struct pf_demand_port *ports =
        (struct pf_demand_port *)(void *)(demand->scalars + demand->scalar_count);
    ports[demand->port_count++] = (struct pf_demand_port){
        .ip = id, .port = (uint16_t)port->host_port, .protocol = (uint8_t)port->protocol};
    return true;
}

/* Sort, and keep equal ports once: NodeInfo's port use is a set (types.go HostPortInfo). */
static void tidy_ports(struct pf_model *model, struct pf_demand *demand)
{
    struct pf_demand_port *ports =
        (struct pf_demand_port *)(void *)(demand->scalars + demand->scalar_count);
    if (demand->port_count == 0) {
        return;
    }
    qsort(ports, demand->port_count, sizeof(ports[0]), compare_ports);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < demand->port_count; i++) {
        if (compare_ports(&ports[i], &ports[kept - 1]) == 0) {
            pf_intern_unref(&model->strings, ports[i].ip);
        } else {
            ports[kept++] = ports[i];
        }
    }
    demand->port_count = kept;
}

/* After the scalars: where the ports stand depends on how many scalars there are. */
static bool fill_ports(struct pf_model *model, struct pf_demand *demand, const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        const struct pf_container *container = &pod->containers[i];
        for (size_t j = 0; j < container->port_count; j++) {
            if (takes_port(container, &container->ports[j]) &&
                !add_port(model, demand, &container->ports[j])) {
                return false;
            }
        }
    }
    tidy_ports(model, demand);
    return true;
}

static size_t count_volumes(const struct pf_pod *pod)
{
    size_t count = 0;
    for (size_t i = 0; i < pod->volume_count; i++) {
        count += pod->volumes[i].kind == PF_POD_VOLUME_RBD ? pod->volumes[i].monitor_count : 1;
    }
    return count;
}

static struct pf_demand_volume *volumes_of(struct pf_demand *demand)
{
    char *behind = (char *)(demand->scalars + demand->scalar_count);
    return (struct pf_demand_volume *)(void *)(behind +
                                               demand->port_count * sizeof(struct pf_demand_port));
}

static bool add_volume(struct pf_model *model, struct pf_demand *demand,
                       const struct pf_pod_volume *volume, struct pf_sv name, struct pf_sv other)
{
    const struct pf_demand_volume ids = {.name = pf_intern_ref(&model->strings, name),
                                         .other = pf_intern_ref(&model->strings, other),
                                         .kind = (uint8_t)volume->kind,
                                         .read_only = volume->read_only,
                                         .untranslatable = volume->untranslatable};
    if (ids.name == PF_INTERN_NONE || ids.other == PF_INTERN_NONE) {
        pf_intern_unref(&model->strings, ids.name);
        pf_intern_unref(&model->strings, ids.other);
        return false;
    }
    volumes_of(demand)[demand->volume_count++] = ids;
    return true;
}

static bool add_pod_volume(struct pf_model *model, struct pf_demand *demand,
                           const struct pf_pod *pod, const struct pf_pod_volume *volume)
{
    if (volume->kind == PF_POD_VOLUME_EPHEMERAL) {
        const char *claim = pf_arena_printf(&model->scratch, "%.*s-%.*s", PF_SV_ARG(pod->meta.name),
                                            PF_SV_ARG(volume->name));
        return claim != NULL && add_volume(model, demand, volume, pf_sv_from(claim), pod->meta.uid);
    }
    if (volume->kind != PF_POD_VOLUME_RBD) {
        return add_volume(model, demand, volume, volume->name, volume->handle);
    }
    for (size_t i = 0; i < volume->monitor_count; i++) {
        if (!add_volume(model, demand, volume, volume->name, volume->monitors[i])) {
            return false;
        }
    }
    return true;
}

static int compare_volumes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pf_demand_volume));
}

/* Sort, and keep equal ones once. */
static void tidy_volumes(struct pf_model *model, struct pf_demand *demand)
{
    struct pf_demand_volume *volumes = volumes_of(demand);
    if (demand->volume_count == 0) {
        return;
    }
    qsort(volumes, demand->volume_count, sizeof(volumes[0]), compare_volumes);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < demand->volume_count; i++) {
        if (compare_volumes(&volumes[i], &volumes[kept - 1]) == 0) {
            pf_intern_unref(&model->strings, volumes[i].name);
            pf_intern_unref(&model->strings, volumes[i].other);
        } else {
            volumes[kept++] = volumes[i];
        }
    }
    demand->volume_count = kept;
}

/* After the ports: where the volumes stand depends on how many those are. */
static bool fill_volumes(struct pf_model *model, struct pf_demand *demand, const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->volume_count; i++) {
        if (!add_pod_volume(model, demand, pod, &pod->volumes[i])) {
            return false;
        }
    }
    tidy_volumes(model, demand);
    if (demand->volume_count == 0) {
        return true;
    }
    const uint32_t space = pf_intern_ref(&model->strings, pod->meta.namespace_);
    if (space == PF_INTERN_NONE) {
        return false;
    }
    demand->namespace_ = space;
    return true;
}

/* Take the candidate's strings over into the table, or drop them when the demand is known. */
static struct pf_demand *intern(struct pf_model *model, const struct pf_demand *candidate)
{
    uint64_t found = 0;
    if (pf_map_get(&model->demands, pf_demand_key(candidate), &found)) {
        struct pf_demand *known = (struct pf_demand *)(uintptr_t)found;
        unref_strings(model, candidate);
        known->refs++;
        return known;
    }
    const size_t bytes = pf_demand_bytes(candidate);
    struct pf_demand *demand = pf_mem_calloc(1, bytes);
    if (demand == NULL) {
        unref_strings(model, candidate);
        return NULL;
    }
    memcpy(demand, candidate, bytes);
    demand->refs = 1;
    if (!pf_map_put(&model->demands, pf_demand_key(demand), (uintptr_t)demand)) {
        unref_strings(model, candidate);
        free(demand);
        return NULL;
    }
    model->heap_bytes += pf_heap_cost(bytes);
    return demand;
}

struct pf_demand *pf_demand_acquire(struct pf_model *model, const struct pf_request *request,
                                    const struct pf_pod *pod)
{
    const size_t bytes = sizeof(struct pf_demand) +
                         request->scalar_count * sizeof(struct pf_demand_scalar) +
                         count_ports(pod) * sizeof(struct pf_demand_port) +
                         count_volumes(pod) * sizeof(struct pf_demand_volume);
    struct pf_demand *candidate = pf_arena_calloc(&model->scratch, 1, bytes);
    if (candidate == NULL) {
        return NULL;
    }
    candidate->milli_cpu = request->milli_cpu;
    candidate->memory = request->memory;
    candidate->ephemeral_storage = request->ephemeral_storage;
    candidate->nonzero_milli_cpu = request->nonzero_milli_cpu;
    candidate->nonzero_memory = request->nonzero_memory;
    if (!fill_scalars(model, candidate, request) || !fill_ports(model, candidate, pod) ||
        !fill_volumes(model, candidate, pod)) {
        unref_strings(model, candidate);
        return NULL;
    }
    return intern(model, candidate);
}

void pf_demand_release(struct pf_model *model, struct pf_demand *demand)
{
    if (demand == NULL) {
        return;
    }
    demand->refs--;
    if (demand->refs != 0) {
        return;
    }
    (void)pf_map_remove(&model->demands, pf_demand_key(demand));
    unref_strings(model, demand);
    model->heap_bytes -= pf_heap_cost(pf_demand_bytes(demand));
    free(demand);
}

/* Amount that the request asks of the scalar with this id. */
static int64_t request_scalar(const struct pf_model *model, const struct pf_request *request,
                              uint32_t name)
{
    const struct pf_sv text = pf_intern_text(&model->strings, name);
    for (size_t i = 0; i < request->scalar_count; i++) {
        if (pf_sv_eq(request->scalars[i].name, text)) {
            return request->scalars[i].amount;
        }
    }
    return 0;
}

bool pf_demand_is(const struct pf_model *model, const struct pf_demand *demand,
                  const struct pf_request *request)
{
    if (demand->milli_cpu != request->milli_cpu || demand->memory != request->memory ||
        demand->ephemeral_storage != request->ephemeral_storage) {
        return false;
    }
    size_t scalars = 0;
    for (size_t i = 0; i < request->scalar_count; i++) {
        scalars += request->scalars[i].amount != 0;
    }
    if (scalars != demand->scalar_count) {
        return false;
    }
    for (uint32_t i = 0; i < demand->scalar_count; i++) {
        if (request_scalar(model, request, demand->scalars[i].name) != demand->scalars[i].amount) {
            return false;
        }
    }
    return true;
}

#include <podfit/columns.h>
#include <podfit/mem.h>
#include <podfit/pools.h>
#include <podfit/prom.h>

#define NANO_PER_MILLI INT64_C(1000000)
/* A qualified name: 253 bytes, a slash, 63 bytes; a node may have longer ones, which are left out. */
#define NAME_MAX_BYTES 317

/* The columns first, then scalars in the order in which they were met. */
enum column {
    COLUMN_CPU,     /* milli-CPU */
    COLUMN_MEMORY,  /* bytes */
    COLUMN_STORAGE, /* bytes */
    COLUMN_PODS,    /* number */
    COLUMN_COUNT,   /* how many there are */
};
#define RESOURCES (COLUMN_COUNT + PF_POOLS_SCALARS_MAX)

struct amount {
    int64_t allocatable;
    int64_t requested;
};

/* An entry of a pool's selector: intern ids. */
struct wanted {
    uint32_t key;
    uint32_t value;
};

struct pool {
    const struct wanted *wanted;
    size_t wanted_count;
    bool by_taint;
    struct pf_shape_taint taint;
    uint64_t usable; /* nodes */
    uint64_t unusable;
    struct amount amounts[RESOURCES];
};

struct scalar_name {
    uint32_t id;
    size_t len;
    char text[NAME_MAX_BYTES];
};

/* Which classes' pools have the nodes of a shape; not known for shapes whose answer depends on the node's name. */
struct shape_pools {
    uint64_t mask;
    uint32_t generation; /* of the shape */
    bool known;
};

struct pools {
    const struct pf_class *classes;
    size_t count;
    struct pool *items;         /* one a class */
    struct wanted *wanted;      /* of all classes, one after the other */
    struct shape_pools *shapes; /* by shape id */
    size_t shape_count;
    struct scalar_name *scalars;
    size_t scalar_count;
    const struct pf_columns *columns;
    const struct pf_intern *strings;
};

/* Strings as ids, so that the walk compares numbers; one that nobody has is PF_INTERN_NONE, which no shape has. */
static void resolve(struct pools *pools)
{
    size_t used = 0;
    for (size_t i = 0; i < pools->count; i++) {
        const struct pf_class *class_ = &pools->classes[i];
        struct pool *pool = &pools->items[i];
        pool->wanted = &pools->wanted[used];
        pool->wanted_count = 0;
        for (size_t j = 0; class_->has_pool && j < class_->pool_selector.count; j++) {
            const struct pf_label *label = &class_->pool_selector.items[j];
            pools->wanted[used++] = (struct wanted){pf_intern_find(pools->strings, label->key),
                                                    pf_intern_find(pools->strings, label->value)};
            pool->wanted_count++;
        }
        pool->by_taint =
            class_->has_pool && pool->wanted_count == 0 && class_->pool_taint.key.len != 0;
        pool->taint = (struct pf_shape_taint){
            .key = pf_intern_find(pools->strings, class_->pool_taint.key),
            .value = pf_intern_find(pools->strings, class_->pool_taint.value),
            .effect = pf_intern_find(pools->strings, class_->pool_taint.effect),
        };
    }
}

static bool shape_has_label(const struct pf_shape *shape, const struct wanted *wanted,
                            uint32_t node_name, bool *by_name)
{
    for (size_t i = 0; i < shape->label_count; i++) {
        if (shape->labels[i].key == wanted->key && shape->labels[i].value == PF_VALUE_NODE_NAME) {
            *by_name = true;
            return wanted->value == node_name;
        }
        if (shape->labels[i].key == wanted->key) {
            return shape->labels[i].value == wanted->value;
        }
    }
    return false;
}

static bool shape_has_taint(const struct pf_shape *shape, const struct pf_shape_taint *wanted)
{
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_shape_taint *taint = &shape->taints[i];
        if (taint->key == wanted->key && taint->value == wanted->value &&
            taint->effect == wanted->effect) {
            return true;
        }
    }
    return false;
}

static bool pool_has(const struct pool *pool, const struct pf_shape *shape, uint32_t node_name,
                     bool *by_name)
{
    for (size_t i = 0; i < pool->wanted_count; i++) {
        if (!shape_has_label(shape, &pool->wanted[i], node_name, by_name)) {
            return false;
        }
    }
    return !pool->by_taint || shape_has_taint(shape, &pool->taint);
}

/* Bit i: the pool of class i has the node. */
static uint64_t pools_of(struct pools *pools, uint32_t slot, const struct pf_shape *shape)
{
    struct shape_pools *seen = &pools->shapes[pools->columns->shape[slot]];
    if (seen->known && seen->generation == shape->generation) {
        return seen->mask;
    }
    bool by_name = false;
    uint64_t mask = 0;
    for (size_t i = 0; i < pools->count; i++) {
        if (pool_has(&pools->items[i], shape, pools->columns->name[slot], &by_name)) {
            mask |= UINT64_C(1) << i;
        }
    }
    *seen = (struct shape_pools){.mask = mask, .generation = shape->generation, .known = !by_name};
    return mask;
}

/* The node controller's taints, such as not-ready, unreachable and memory-pressure. Source: k8s.io/api/core/v1/well_known_taints.go */
static bool is_usable(const struct pools *pools, const struct pf_shape *shape)
{
    static const char prefix[] = "node.kubernetes.io/";
    if (shape->unschedulable) {
        return false;
    }
    for (size_t i = 0; i < shape->taint_count; i++) {
        const struct pf_sv effect = pf_intern_text(pools->strings, shape->taints[i].effect);
        if (pf_sv_starts_with(pf_intern_text(pools->strings, shape->taints[i].key),
                              pf_sv_from(prefix)) &&
            !pf_sv_eq_cstr(effect, "PreferNoSchedule")) {
            return false;
        }
    }
    return true;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t result = 0;
    return __builtin_add_overflow(a, b, &result) ? INT64_MAX : result; /* neither is negative */
}

static void add(struct pools *pools, uint64_t mask, size_t resource, const struct amount *amount)
{
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) {
        struct amount *total = &pools->items[__builtin_ctzll(rest)].amounts[resource];
        total->allocatable = sum(total->allocatable, amount->allocatable);
        total->requested = sum(total->requested, amount->requested);
    }
}

/* @return PF_POOLS_SCALARS_MAX: no place for it */
static size_t scalar_place(struct pools *pools, uint32_t id)
{
    for (size_t i = 0; i < pools->scalar_count; i++) {
        if (pools->scalars[i].id == id) {
            return i;
        }
    }
    const struct pf_sv text = pf_intern_text(pools->strings, id);
    if (pools->scalar_count == PF_POOLS_SCALARS_MAX || text.len > NAME_MAX_BYTES) {
        return PF_POOLS_SCALARS_MAX;
    }
    struct scalar_name *name = &pools->scalars[pools->scalar_count];
    *name = (struct scalar_name){.id = id, .len = text.len};
    memcpy(name->text, text.ptr, text.len);
    return pools->scalar_count++;
}

static void add_scalars(struct pools *pools, uint64_t mask, const struct pf_node_extra *extra)
{
    for (size_t i = 0; i < extra->scalar_count; i++) {
        const struct pf_node_scalar *scalar = &extra->scalars[i];
        const size_t place = scalar_place(pools, scalar->name);
        if (place < PF_POOLS_SCALARS_MAX) {
            const struct amount amount = {scalar->allocatable, scalar->used};
            add(pools, mask, COLUMN_COUNT + place, &amount);
        }
    }
}

static void add_node(struct pools *pools, uint64_t mask, uint32_t slot)
{
    const struct pf_columns *columns = pools->columns;
    const struct amount amounts[COLUMN_COUNT] = {
        [COLUMN_CPU] = {columns->allocatable_milli_cpu[slot], columns->used_milli_cpu[slot]},
        [COLUMN_MEMORY] = {columns->allocatable_memory[slot], columns->used_memory[slot]},
        [COLUMN_STORAGE] = {columns->allocatable_ephemeral_storage[slot],
                            columns->used_ephemeral_storage[slot]},
        [COLUMN_PODS] = {columns->allocatable_pods[slot], columns->used_pods[slot]},
    };
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        add(pools, mask, i, &amounts[i]);
    }
    if (columns->extra[slot] != NULL) {
        add_scalars(pools, mask, columns->extra[slot]);
    }
}

static void count_slot(struct pools *pools, const struct pf_model *model, uint32_t slot)
{
    const struct pf_shape *shape = pf_model_shape(model, pools->columns->shape[slot]);
    const uint64_t mask = pools_of(pools, slot, shape);
    const bool usable = is_usable(pools, shape);
    for (uint64_t rest = mask; rest != 0; rest &= rest - 1) {
        struct pool *pool = &pools->items[__builtin_ctzll(rest)];
        *(usable ? &pool->usable : &pool->unusable) += 1;
    }
    if (usable) {
        add_node(pools, mask, slot);
    }
}

/* Ids and shapes as they are now: other strings and shapes may have been given them since the last piece. @return false: no memory */
static bool follow(struct pools *pools, const struct pf_model *model)
{
    const size_t shapes = (size_t)pf_model_shape_count(model) + 1;
    if (shapes > pools->shape_count) {
        struct shape_pools *bigger = pf_mem_resize(pools->shapes, shapes, sizeof(*bigger));
        if (bigger == NULL) {
            return false;
        }
        for (size_t i = pools->shape_count; i < shapes; i++) {
            bigger[i] = (struct shape_pools){.known = false};
        }
        pools->shapes = bigger;
        pools->shape_count = shapes;
    }
    pools->columns = pf_model_columns(model);
    pools->strings = pf_model_strings(model);
    resolve(pools);
    for (size_t i = 0; i < pools->scalar_count; i++) {
        struct scalar_name *name = &pools->scalars[i];
        name->id = pf_intern_find(pools->strings, (struct pf_sv){name->text, name->len});
    }
    return true;
}

/* The model is given free after each piece, so that reviews go on. @return false: no memory */
static bool walk(struct pools *pools, struct pf_model *model)
{
    bool good = true;
    bool more = true;
    for (uint32_t slot = 0; good && more;) {
        pf_model_lock_in_turn(model);
        good = follow(pools, model);
        for (unsigned i = 0; good && i < PF_POOLS_NODES_A_HOLD && slot < pools->columns->count;
             i++, slot++) {
            if (pools->columns->shape[slot] != PF_SHAPE_NONE) {
                count_slot(pools, model, slot);
            }
        }
        more = good && slot < pools->columns->count;
        pf_model_unlock(model);
    }
    return good;
}

static size_t count_wanted(const struct pools *pools)
{
    size_t count = 0;
    for (size_t i = 0; i < pools->count; i++) {
        count += pools->classes[i].pool_selector.count;
    }
    return count;
}

static enum pf_code count_all(struct pools *pools, struct pf_model *model, struct pf_err *err)
{
    pools->wanted = pf_mem_calloc(count_wanted(pools) + 1, sizeof(*pools->wanted));
    pools->items = pf_mem_calloc(pools->count + 1, sizeof(*pools->items));
    pools->scalars = pf_mem_calloc(PF_POOLS_SCALARS_MAX, sizeof(*pools->scalars));
    const bool good = pools->wanted != NULL && pools->items != NULL && pools->scalars != NULL &&
                      walk(pools, model);
    return good ? PF_OK : pf_err_set(err, PF_E_NO_MEMORY, "out of memory for pools");
}

/* Name and unit of a resource, as kube-state-metrics and kube-scheduler label them. */
static void describe(const struct pools *pools, size_t resource, struct pf_prom_label labels[2])
{
    static const char *const names[COLUMN_COUNT] = {[COLUMN_CPU] = "cpu",
                                                    [COLUMN_MEMORY] = "memory",
                                                    [COLUMN_STORAGE] = "ephemeral-storage",
                                                    [COLUMN_PODS] = "pods"};
    static const char *const units[COLUMN_COUNT] = {[COLUMN_CPU] = "core",
                                                    [COLUMN_MEMORY] = "byte",
                                                    [COLUMN_STORAGE] = "byte",
                                                    [COLUMN_PODS] = "integer"};
    struct pf_sv name = {0};
    struct pf_sv unit = PF_SV("integer");
    if (resource < COLUMN_COUNT) {
        name = pf_sv_from(names[resource]);
        unit = pf_sv_from(units[resource]);
    } else {
        const struct scalar_name *scalar = &pools->scalars[resource - COLUMN_COUNT];
        name = (struct pf_sv){scalar->text, scalar->len};
        if (pf_sv_starts_with(name, PF_SV("hugepages-"))) {
            unit = PF_SV("byte");
        }
    }
    labels[0] = (struct pf_prom_label){"resource", name};
    labels[1] = (struct pf_prom_label){"unit", unit};
}

static void write_amount(struct pf_buf *buf, const char *family,
                         const struct pf_prom_label labels[3], size_t resource, int64_t value)
{
    if (resource == COLUMN_CPU) {
        const int64_t most = INT64_MAX / NANO_PER_MILLI;
        pf_prom_sample_nano(buf, family, labels, 3, (value < most ? value : most) * NANO_PER_MILLI);
    } else {
        pf_prom_sample(buf, family, labels, 3, (uint64_t)value);
    }
}

static void write_amounts(const struct pools *pools, bool requested, struct pf_buf *buf)
{
    const char *family = requested ? "podfit_pool_requested" : "podfit_pool_allocatable";
    pf_prom_family(buf, family, PF_PROM_GAUGE,
                   requested ? "Requests of pods and room held on the usable nodes of the class's "
                               "pool."
                             : "What the usable nodes of the class's pool have for pods.");
    const size_t resources = COLUMN_COUNT + pools->scalar_count;
    for (size_t i = 0; i < pools->count; i++) {
        for (size_t resource = 0; resource < resources; resource++) {
            const struct amount *amount = &pools->items[i].amounts[resource];
            if (resource >= COLUMN_COUNT && amount->allocatable == 0 && amount->requested == 0) {
                continue; /* a resource of other pools */
            }
            struct pf_prom_label labels[3] = {{"class", pools->classes[i].name}};
            describe(pools, resource, &labels[1]);
            write_amount(buf, family, labels, resource,
                         requested ? amount->requested : amount->allocatable);
        }
    }
}

static void write_nodes(const struct pools *pools, struct pf_buf *buf)
{
    static const char family[] = "podfit_pool_nodes";
    pf_prom_family(buf, family, PF_PROM_GAUGE,
                   "Nodes of the class's pool; unusable: cordoned, not ready or under pressure.");
    for (size_t i = 0; i < pools->count; i++) {
        struct pf_prom_label labels[2] = {{"class", pools->classes[i].name},
                                          {"state", PF_SV("usable")}};
        pf_prom_sample(buf, family, labels, 2, pools->items[i].usable);
        labels[1].value = PF_SV("unusable");
        pf_prom_sample(buf, family, labels, 2, pools->items[i].unusable);
    }
}

enum pf_code pf_pools_write(struct pf_model *model, const struct pf_class *classes, size_t count,
                            struct pf_buf *buf, struct pf_err *err)
{
    struct pools pools = {
        .classes = classes,
        .count = count < PF_POOLS_CLASSES_MAX ? count : PF_POOLS_CLASSES_MAX,
    };
    const enum pf_code code = count_all(&pools, model, err);
    if (code == PF_OK) {
        write_nodes(&pools, buf);
        write_amounts(&pools, /* requested= */ false, buf);
        write_amounts(&pools, /* requested= */ true, buf);
    }
    free(pools.wanted);
    free(pools.items);
    free(pools.shapes);
    free(pools.scalars);
    return code;
}

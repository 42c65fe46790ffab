#include "store.h"
#include <podfit/mem.h>

/* Packs copies one behind the other; without a base it only counts, so that the same code measures and copies. */
struct packer {
    char *base;
    size_t used;
};

static void *pack(struct packer *packer, const void *from, size_t count, size_t bytes_each)
{
    if (count == 0) {
        return NULL;
    }
    if (packer->base == NULL) {
        packer->used += 7 + count * bytes_each; /* whatever the alignment will cost */
        return NULL;
    }
    const size_t at = (packer->used + 7) & ~(size_t)7;
    packer->used = at + count * bytes_each;
    return memcpy(packer->base + at, from, count * bytes_each);
}

static void pack_sv(struct packer *packer, struct pf_sv *text)
{
    const size_t at = packer->used;
    packer->used += text->len;
    if (packer->base != NULL && text->len != 0) {
        memcpy(packer->base + at, text->ptr, text->len);
        text->ptr = packer->base + at;
    }
}

static void pack_labels(struct packer *packer, struct pf_labels *labels)
{
    struct pf_label *items = pack(packer, labels->items, labels->count, sizeof(*labels->items));
    for (size_t i = 0; i < labels->count; i++) {
        struct pf_label item = labels->items[i];
        pack_sv(packer, &item.key);
        pack_sv(packer, &item.value);
        if (items != NULL) {
            items[i] = item;
        }
    }
    labels->items = items;
}

static struct pf_sv *pack_texts(struct packer *packer, const struct pf_sv *from, size_t count)
{
    struct pf_sv *values = pack(packer, from, count, sizeof(*from));
    for (size_t i = 0; i < count; i++) {
        struct pf_sv value = from[i];
        pack_sv(packer, &value);
        if (values != NULL) {
            values[i] = value;
        }
    }
    return values;
}

static struct pf_requirement *pack_requirements(struct packer *packer,
                                                const struct pf_requirement *from, size_t count)
{
    struct pf_requirement *to = pack(packer, from, count, sizeof(*from));
    for (size_t i = 0; i < count; i++) {
        struct pf_requirement item = from[i];
        pack_sv(packer, &item.key);
        item.values = pack_texts(packer, from[i].values, from[i].value_count);
        if (to != NULL) {
            to[i] = item;
        }
    }
    return to;
}

static void pack_selector(struct packer *packer, struct pf_label_selector *selector)
{
    selector->requirements =
        pack_requirements(packer, selector->requirements, selector->requirement_count);
}

static void pack_node_selector(struct packer *packer, struct pf_node_selector *selector)
{
    struct pf_node_selector_term *terms =
        pack(packer, selector->terms, selector->term_count, sizeof(*selector->terms));
    for (size_t i = 0; i < selector->term_count; i++) {
        struct pf_node_selector_term term = selector->terms[i];
        term.expressions = pack_requirements(packer, term.expressions, term.expression_count);
        term.fields = pack_requirements(packer, term.fields, term.field_count);
        if (terms != NULL) {
            terms[i] = term;
        }
    }
    selector->terms = terms;
}

static void pack_claim(struct packer *packer, struct pf_claim *claim)
{
    pack_sv(packer, &claim->namespace_);
    pack_sv(packer, &claim->name);
    pack_sv(packer, &claim->uid);
    pack_sv(packer, &claim->owner_uid);
    pack_sv(packer, &claim->class_name);
    pack_sv(packer, &claim->volume_name);
    pack_sv(packer, &claim->selected_node);
    pack_sv(packer, &claim->attributes_class);
    pack_selector(packer, &claim->selector);
}

static void pack_volume(struct packer *packer, struct pf_volume *volume)
{
    pack_sv(packer, &volume->name);
    pack_sv(packer, &volume->class_name);
    pack_sv(packer, &volume->claim_namespace);
    pack_sv(packer, &volume->claim_name);
    pack_sv(packer, &volume->claim_uid);
    pack_sv(packer, &volume->attributes_class);
    pack_sv(packer, &volume->driver);
    pack_sv(packer, &volume->handle);
    pack_labels(packer, &volume->labels);
    pack_node_selector(packer, &volume->affinity);
    pack_node_selector(packer, &volume->moved_affinity);
}

static void pack_csi_node(struct packer *packer, struct pf_csi_node *node)
{
    pack_sv(packer, &node->name);
    struct pf_csi_limit *limits =
        pack(packer, node->limits, node->limit_count, sizeof(*node->limits));
    for (size_t i = 0; i < node->limit_count; i++) {
        struct pf_csi_limit limit = node->limits[i];
        pack_sv(packer, &limit.driver);
        if (limits != NULL) {
            limits[i] = limit;
        }
    }
    node->limits = limits;
}

static void pack_budget(struct packer *packer, struct pf_budget *budget)
{
    pack_sv(packer, &budget->namespace_);
    pack_sv(packer, &budget->name);
    pack_selector(packer, &budget->selector);
    budget->disrupted = pack_texts(packer, budget->disrupted, budget->disrupted_count);
}

/** An object of any kind. */
union any_view {
    struct pf_claim claim;
    struct pf_volume volume;
    struct pf_storage_class storage_class;
    struct pf_csi_node csi_node;
    struct pf_csi_driver csi_driver;
    struct pf_storage_capacity capacity;
    struct pf_attachment attachment;
    struct pf_device_class device_class;
    struct pf_workload workload;
    struct pf_runtime_class_text runtime_class;
    struct pf_priority_class priority_class;
    struct pf_budget budget;
};

static const size_t view_bytes[PF_KIND_COUNT] = {
    [PF_KIND_CLAIM] = sizeof(struct pf_claim),
    [PF_KIND_VOLUME] = sizeof(struct pf_volume),
    [PF_KIND_STORAGE_CLASS] = sizeof(struct pf_storage_class),
    [PF_KIND_CSI_NODE] = sizeof(struct pf_csi_node),
    [PF_KIND_CSI_DRIVER] = sizeof(struct pf_csi_driver),
    [PF_KIND_STORAGE_CAPACITY] = sizeof(struct pf_storage_capacity),
    [PF_KIND_ATTACHMENT] = sizeof(struct pf_attachment),
    [PF_KIND_DEVICE_CLASS] = sizeof(struct pf_device_class),
    [PF_KIND_SERVICE] = sizeof(struct pf_workload),
    [PF_KIND_REPLICATION_CONTROLLER] = sizeof(struct pf_workload),
    [PF_KIND_REPLICA_SET] = sizeof(struct pf_workload),
    [PF_KIND_STATEFUL_SET] = sizeof(struct pf_workload),
    [PF_KIND_RUNTIME_CLASS] = sizeof(struct pf_runtime_class_text),
    [PF_KIND_PRIORITY_CLASS] = sizeof(struct pf_priority_class),
    [PF_KIND_BUDGET] = sizeof(struct pf_budget),
};

static void pack_view(struct packer *packer, enum pf_kind kind, union any_view *view)
{
    switch (kind) {
    case PF_KIND_CLAIM:
        pack_claim(packer, &view->claim);
        break;
    case PF_KIND_VOLUME:
        pack_volume(packer, &view->volume);
        break;
    case PF_KIND_STORAGE_CLASS:
        pack_sv(packer, &view->storage_class.name);
        pack_sv(packer, &view->storage_class.provisioner);
        pack_node_selector(packer, &view->storage_class.topologies);
        break;
    case PF_KIND_CSI_NODE:
        pack_csi_node(packer, &view->csi_node);
        break;
    case PF_KIND_CSI_DRIVER:
        pack_sv(packer, &view->csi_driver.name);
        break;
    case PF_KIND_STORAGE_CAPACITY:
        pack_sv(packer, &view->capacity.namespace_);
        pack_sv(packer, &view->capacity.name);
        pack_sv(packer, &view->capacity.class_name);
        pack_selector(packer, &view->capacity.topology);
        break;
    case PF_KIND_ATTACHMENT:
        pack_sv(packer, &view->attachment.name);
        pack_sv(packer, &view->attachment.node_name);
        pack_sv(packer, &view->attachment.attacher);
        pack_sv(packer, &view->attachment.volume_name);
        break;
    case PF_KIND_SERVICE:
    case PF_KIND_REPLICATION_CONTROLLER:
    case PF_KIND_REPLICA_SET:
    case PF_KIND_STATEFUL_SET:
        pack_sv(packer, &view->workload.namespace_);
        pack_sv(packer, &view->workload.name);
        pack_selector(packer, &view->workload.selector);
        break;
    case PF_KIND_RUNTIME_CLASS:
        pack_sv(packer, &view->runtime_class.name);
        pack_sv(packer, &view->runtime_class.json);
        break;
    case PF_KIND_PRIORITY_CLASS:
        pack_sv(packer, &view->priority_class.name);
        break;
    case PF_KIND_BUDGET:
        pack_budget(packer, &view->budget);
        break;
    case PF_KIND_DEVICE_CLASS:
    case PF_KIND_COUNT:
    default:
        pack_sv(packer, &view->device_class.name);
        pack_sv(packer, &view->device_class.extended_resource);
        break;
    }
}

/** The two texts of a key or a chain. */
struct pair {
    struct pf_sv space;
    struct pf_sv name;
};

static struct pair key_of(enum pf_kind kind, const union any_view *view)
{
    switch (kind) {
    case PF_KIND_CLAIM:
        return (struct pair){view->claim.namespace_, view->claim.name};
    case PF_KIND_STORAGE_CAPACITY:
        return (struct pair){view->capacity.namespace_, view->capacity.name};
    case PF_KIND_VOLUME:
        return (struct pair){.name = view->volume.name};
    case PF_KIND_STORAGE_CLASS:
        return (struct pair){.name = view->storage_class.name};
    case PF_KIND_CSI_NODE:
        return (struct pair){.name = view->csi_node.name};
    case PF_KIND_CSI_DRIVER:
        return (struct pair){.name = view->csi_driver.name};
    case PF_KIND_ATTACHMENT:
        return (struct pair){.name = view->attachment.name};
    case PF_KIND_SERVICE:
    case PF_KIND_REPLICATION_CONTROLLER:
    case PF_KIND_REPLICA_SET:
    case PF_KIND_STATEFUL_SET:
        return (struct pair){view->workload.namespace_, view->workload.name};
    case PF_KIND_RUNTIME_CLASS:
        return (struct pair){.name = view->runtime_class.name};
    case PF_KIND_PRIORITY_CLASS:
        return (struct pair){.name = view->priority_class.name};
    case PF_KIND_BUDGET:
        return (struct pair){view->budget.namespace_, view->budget.name};
    case PF_KIND_DEVICE_CLASS:
    case PF_KIND_COUNT:
    default:
        return (struct pair){.name = view->device_class.name};
    }
}

static struct pair chain_of(enum pf_kind kind, const union any_view *view)
{
    if (kind == PF_KIND_VOLUME) {
        return view->volume.has_claim
                   ? (struct pair){view->volume.claim_namespace, view->volume.claim_name}
                   : (struct pair){.name = view->volume.class_name};
    }
    if (kind == PF_KIND_STORAGE_CAPACITY) {
        return (struct pair){.name = view->capacity.class_name};
    }
    if (kind == PF_KIND_ATTACHMENT) {
        return (struct pair){.name = view->attachment.node_name};
    }
    if (kind == PF_KIND_SERVICE) {
        return (struct pair){.name = view->workload.namespace_};
    }
    if (kind == PF_KIND_BUDGET) {
        return (struct pair){.name = view->budget.namespace_};
    }
    if (kind == PF_KIND_PRIORITY_CLASS && view->priority_class.global_default) {
        return (struct pair){.name = PF_SV_INIT("default")};
    }
    return kind == PF_KIND_DEVICE_CLASS
               ? (struct pair){.name = view->device_class.extended_resource}
               : (struct pair){{0}, {0}};
}

static struct pf_sv pack_pair(struct packer *packer, const struct pair *pair)
{
    struct pf_sv text = {.ptr = packer->base + packer->used, .len = pair->name.len};
    struct pf_sv space = pair->space;
    struct pf_sv slash = PF_SV("/");
    struct pf_sv name = pair->name;
    if (space.len != 0) {
        pack_sv(packer, &space);
        pack_sv(packer, &slash);
        text.len += space.len + 1;
    }
    pack_sv(packer, &name);
    return text;
}

struct pf_object *pf_store_pack(enum pf_kind kind, const void *view)
{
    if ((unsigned)kind >= PF_KIND_COUNT) {
        return NULL;
    }
    union any_view copy;
    memcpy(&copy, view, view_bytes[kind]);
    const struct pair key = key_of(kind, &copy);
    const struct pair chain = chain_of(kind, &copy);
    const size_t head = sizeof(struct pf_object) + view_bytes[kind];
    struct packer packer = {.used = head + key.space.len + key.name.len + chain.space.len +
                                    chain.name.len + 3};
    union any_view measured = copy;
    pack_view(&packer, kind, &measured); /* measures only */
    const size_t bytes = packer.used;
    struct pf_object *object = pf_mem_calloc(1, bytes);
    if (object == NULL) {
        return NULL;
    }
    packer = (struct packer){.base = (char *)object, .used = head};
    object->block_bytes = bytes;
    pack_view(&packer, kind, &copy);
    object->key = pack_pair(&packer, &key);
    object->chain = pack_pair(&packer, &chain);
    memcpy(object + 1, &copy, view_bytes[kind]);
    return object;
}

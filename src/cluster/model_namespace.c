#include "feed_parts.h"

static struct pf_namespace_entry *find(const struct pf_model *model, struct pf_sv name)
{
    uint64_t found = 0;
    return pf_map_get(&model->namespaces, name, &found)
               ? (struct pf_namespace_entry *)(uintptr_t)found
               : NULL;
}

static struct pf_sv copy_text(char **at, struct pf_sv text)
{
    char *to = *at;
    if (text.len != 0) {
        memcpy(to, text.ptr, text.len);
    }
    *at = to + text.len;
    return (struct pf_sv){.ptr = to, .len = text.len};
}

static struct pf_namespace_entry *make_entry(const struct pf_namespace *ns)
{
    const struct pf_labels *labels = &ns->meta.labels;
    size_t bytes = sizeof(struct pf_namespace_entry) + labels->count * sizeof(struct pf_label) +
                   ns->meta.name.len;
    for (size_t i = 0; i < labels->count; i++) {
        bytes += labels->items[i].key.len + labels->items[i].value.len;
    }
    struct pf_namespace_entry *entry = pf_mem_calloc(1, bytes);
    if (entry == NULL) {
        return NULL;
    }
    struct pf_label *items = (struct pf_label *)(void *)(entry + 1);
    char *at = (char *)(items + labels->count);
    entry->block_bytes = bytes;
    entry->name = copy_text(&at, ns->meta.name);
    for (size_t i = 0; i < labels->count; i++) {
        items[i].key = copy_text(&at, labels->items[i].key);
        items[i].value = copy_text(&at, labels->items[i].value);
    }
    entry->labels = (struct pf_labels){.items = items, .count = labels->count};
    return entry;
}

static void remove_entry(struct pf_model *model, struct pf_namespace_entry *entry)
{
    (void)pf_map_remove(&model->namespaces, entry->name);
    model->heap_bytes -= pf_heap_cost(entry->block_bytes);
    free(entry);
}

static bool same_labels(const struct pf_labels *a, const struct pf_labels *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = pf_sv_eq(a->items[i].key, b->items[i].key) &&
               pf_sv_eq(a->items[i].value, b->items[i].value);
    }
    return same;
}

enum pf_code pf_model_apply_namespace(struct pf_model *model, const struct pf_namespace *ns,
                                      struct pf_err *err)
{
    pf_model_lock(model);
    struct pf_namespace_entry *old = find(model, ns->meta.name);
    struct pf_namespace_entry *entry = make_entry(ns);
    const bool same = old != NULL && same_labels(&old->labels, &ns->meta.labels);
    if (entry != NULL && old != NULL) {
        /* the table borrows the key of the old block; putting one key in after another was taken out needs no memory */
        remove_entry(model, old);
    }
    const bool kept =
        entry != NULL && pf_map_put(&model->namespaces, entry->name, (uintptr_t)entry);
    if (kept) {
        model->heap_bytes += pf_heap_cost(entry->block_bytes);
        model->namespace_version += same ? 0 : 1;
    } else {
        free(entry);
    }
    pf_model_unlock(model);
    return kept ? PF_OK
                : pf_err_set(err, PF_E_NO_MEMORY, "no memory for namespace '%.*s'",
                             PF_SV_ARG(ns->meta.name));
}

bool pf_model_remove_namespace(struct pf_model *model, struct pf_sv name)
{
    pf_model_lock(model);
    struct pf_namespace_entry *entry = find(model, name);
    if (entry != NULL) {
        remove_entry(model, entry);
        model->namespace_version++;
    }
    pf_model_unlock(model);
    return entry != NULL;
}

enum pf_code pf_model_namespace_labels(const struct pf_model *model, struct pf_sv name,
                                       struct pf_arena *arena, struct pf_labels *ret_labels)
{
    const struct pf_namespace_entry *entry = find(model, name);
    if (entry == NULL) {
        return PF_E_NOT_FOUND;
    }
    const size_t count = entry->labels.count;
    struct pf_label *items = pf_arena_calloc(arena, count != 0 ? count : 1, sizeof(*items));
    if (items == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!pf_arena_dup_sv(arena, entry->labels.items[i].key, &items[i].key) ||
            !pf_arena_dup_sv(arena, entry->labels.items[i].value, &items[i].value)) {
            return PF_E_NO_MEMORY;
        }
    }
    *ret_labels = (struct pf_labels){.items = items, .count = count};
    return PF_OK;
}

uint64_t pf_model_namespace_version(const struct pf_model *model)
{
    return model->namespace_version;
}

size_t pf_model_namespace_count(const struct pf_model *model)
{
    return model->namespaces.count;
}

const struct pf_labels *pf_model_namespace_find(const struct pf_model *model, struct pf_sv name)
{
    const struct pf_namespace_entry *entry = find(model, name);
    return entry != NULL ? &entry->labels : NULL;
}

void pf_model_namespaces_doubt(struct pf_model *model)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->namespaces, &cursor, &key, &address)) {
        ((struct pf_namespace_entry *)(uintptr_t)address)->doubtful = true;
    }
}

void pf_model_namespace_keep(struct pf_model *model, struct pf_sv name)
{
    struct pf_namespace_entry *entry = find(model, name);
    if (entry != NULL) {
        entry->doubtful = false;
    }
}

size_t pf_model_namespaces_sweep(struct pf_model *model)
{
    size_t removed = 0;
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->namespaces, &cursor, &key, &address)) {
        struct pf_namespace_entry *entry = (struct pf_namespace_entry *)(uintptr_t)address;
        if (entry->doubtful) {
            remove_entry(model, entry);
            model->namespace_version++;
            removed++;
            cursor--; /* another may have moved here */
        }
    }
    return removed;
}

void pf_model_namespaces_done(struct pf_model *model)
{
    size_t cursor = 0;
    struct pf_sv name = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->namespaces, &cursor, &name, &address)) {
        free((struct pf_namespace_entry *)(uintptr_t)address);
    }
    pf_map_done(&model->namespaces);
}

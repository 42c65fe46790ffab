#include <podfit/object.h>

const struct pf_label *pf_labels_find(const struct pf_labels *labels, struct pf_sv key)
{
    size_t low = 0;
    size_t high = labels->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = pf_sv_cmp(labels->items[middle].key, key);
        if (order == 0) {
            return &labels->items[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

struct pf_sv pf_meta_annotation(const struct pf_meta *meta, struct pf_sv key)
{
    const struct pf_label *found = pf_labels_find(&meta->annotations, key);
    return found != NULL ? found->value : (struct pf_sv){0};
}

struct pf_resource *pf_resource_list_find(const struct pf_resource_list *list, struct pf_sv name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (pf_sv_eq(list->items[i].name, name)) {
            return &list->items[i];
        }
    }
    return NULL;
}

enum pf_code pf_resource_list_set(struct pf_resource_list *list, struct pf_sv name,
                                  const struct pf_quantity *amount, struct pf_arena *arena)
{
    struct pf_resource *found = pf_resource_list_find(list, name);
    if (found != NULL) {
        found->amount = *amount;
        return PF_OK;
    }
    return pf_resource_list_append(list, name, amount, arena);
}

enum pf_code pf_resource_list_append(struct pf_resource_list *list, struct pf_sv name,
                                     const struct pf_quantity *amount, struct pf_arena *arena)
{
    if (list->count >= list->cap) { /* a list that shares its items with another one has cap 0 */
        const size_t cap = list->count != 0 ? list->count * 2 : 4;
        struct pf_resource *items = pf_arena_calloc(arena, cap, sizeof(*items));
        if (items == NULL) {
            return PF_E_NO_MEMORY;
        }
        if (list->count != 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = (struct pf_resource){.name = name, .amount = *amount};
    return PF_OK;
}

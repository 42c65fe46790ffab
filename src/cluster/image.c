#include <assert.h>

#include "cluster_internal.h"
#include <podfit/images.h>

/* ---- one image ---- */

static struct pf_sv key_of(const struct pf_image *image)
{
    return (struct pf_sv){.ptr = (const char *)&image->size,
                          .len = sizeof(*image) - offsetof(struct pf_image, size) +
                                 image->name_count * sizeof(image->names[0])};
}

/* Names and what is left free for the alignment of the links behind them. */
static size_t round_up(size_t names)
{
    return (names + 1) / 2 * 2;
}

/* The links stand behind the names. */
static struct pf_image_link *links_of(struct pf_image *image)
{
    return (struct pf_image_link *)(void *)(image->names + round_up(image->name_count));
}

static const struct pf_image_link *links_in(const struct pf_image *image)
{
    return (const struct pf_image_link *)(const void *)(image->names + round_up(image->name_count));
}

static size_t bytes_for(size_t names)
{
    return sizeof(struct pf_image) + round_up(names) * sizeof(uint32_t) +
           names * sizeof(struct pf_image_link);
}

size_t pf_image_cost(const struct pf_image *image)
{
    return pf_heap_cost(bytes_for(image->name_count)) +
           pf_heap_cost(pf_slot_set_bytes(&image->nodes));
}

static struct pf_sv name_text(const struct pf_model *model, uint32_t name)
{
    return pf_intern_text(&model->strings, name);
}

static struct pf_image_link *first_link(const struct pf_model *model, struct pf_sv name)
{
    uint64_t address = 0;
    return pf_map_get(&model->images.by_name, name, &address)
               ? (struct pf_image_link *)(uintptr_t)address
               : NULL;
}

/* Behind the first, so that the table stays as it is. */
static bool enter_link(struct pf_model *model, uint32_t name, struct pf_image_link *link)
{
    const struct pf_sv text = name_text(model, name);
    struct pf_image_link *first = first_link(model, text);
    if (first == NULL) {
        return pf_map_put(&model->images.by_name, text, (uintptr_t)link);
    }
    link->prev = first;
    link->next = first->next;
    if (first->next != NULL) {
        first->next->prev = link;
    }
    first->next = link;
    return true;
}

static void leave_link(struct pf_model *model, uint32_t name, const struct pf_image_link *link)
{
    const struct pf_sv text = name_text(model, name);
    struct pf_image_link *next = link->next;
    if (next != NULL) {
        next->prev = link->prev;
    }
    if (link->prev != NULL) {
        link->prev->next = next;
        return;
    }
    (void)pf_map_remove(&model->images.by_name, text);
    if (next != NULL) {
        const bool put = pf_map_put(&model->images.by_name, text, (uintptr_t)next);
        assert(put); /* a place was made free right before */
        (void)put;
    }
}

static void free_image(struct pf_model *model, struct pf_image *image)
{
    for (uint32_t i = 0; i < image->linked; i++) {
        leave_link(model, image->names[i], &links_of(image)[i]);
    }
    (void)pf_map_remove(&model->images.by_key, key_of(image));
    for (uint32_t i = 0; i < image->name_count; i++) {
        pf_intern_unref(&model->strings, image->names[i]);
    }
    if (image->next != NULL) {
        image->next->prev = image->prev;
    }
    if (image->prev != NULL) {
        image->prev->next = image->next;
    } else {
        model->images.first = image->next;
    }
    model->images.bytes -= pf_heap_cost(bytes_for(image->name_count)) + image->set_cost;
    pf_slot_set_done(&image->nodes);
    free(image);
}

/* Takes the references of the candidate's names over. @return NULL: no memory, they are the caller's still */
static struct pf_image *add_image(struct pf_model *model, const struct pf_image *candidate)
{
    struct pf_image *image = pf_mem_calloc(1, bytes_for(candidate->name_count));
    if (image == NULL) {
        return NULL;
    }
    memcpy(&image->size, &candidate->size, key_of(candidate).len);
    if (!pf_map_put(&model->images.by_key, key_of(image), (uintptr_t)image)) {
        free(image);
        return NULL;
    }
    image->next = model->images.first;
    if (image->next != NULL) {
        image->next->prev = image;
    }
    model->images.first = image;
    model->images.bytes += pf_heap_cost(bytes_for(image->name_count));
    for (uint32_t i = 0; i < image->name_count; i++) {
        struct pf_image_link *link = &links_of(image)[i];
        link->image = image;
        if (!enter_link(model, image->names[i], link)) {
            for (uint32_t k = 0; k < image->name_count; k++) {
                pf_intern_ref_id(&model->strings, image->names[k]);
            }
            free_image(model, image);
            return NULL;
        }
        image->linked++;
    }
    return image;
}

/* ---- what a node has ---- */

/** A name of an image of a node. */
struct named {
    uint32_t name;  /* a reference of its own */
    uint32_t place; /* of the image in the node's list */
};

static int compare_named(const void *a, const void *b)
{
    const struct named *left = a;
    const struct named *right = b;
    if (left->name != right->name) {
        return left->name < right->name ? -1 : 1;
    }
    return (left->place > right->place) - (left->place < right->place);
}

static int compare_places(const void *a, const void *b)
{
    const struct named *left = a;
    const struct named *right = b;
    if (left->place != right->place) {
        return left->place < right->place ? -1 : 1;
    }
    return (left->name > right->name) - (left->name < right->name);
}

static size_t count_names(const struct pf_node *node)
{
    size_t count = 0;
    for (size_t i = 0; i < node->image_count; i++) {
        count += node->images[i].name_count;
    }
    return count;
}

static bool list_names(struct pf_model *model, const struct pf_node *node, struct named *items,
                       size_t *count)
{
    for (size_t i = 0; i < node->image_count; i++) {
        for (size_t k = 0; k < node->images[i].name_count; k++) {
            const uint32_t name = pf_intern_ref(&model->strings, node->images[i].names[k]);
            if (name == PF_INTERN_NONE) {
                return false;
            }
            items[(*count)++] = (struct named){.name = name, .place = (uint32_t)i};
        }
    }
    return true;
}

/* A name that stands twice is that of the last image with it (backend/cache/snapshot.go getNodeImageStates); then in list order. */
static size_t sort_names(struct pf_model *model, struct named *items, size_t count)
{
    size_t kept = 0;
    if (count > 1) {
        qsort(items, count, sizeof(*items), compare_named);
    }
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && items[i + 1].name == items[i].name) {
            pf_intern_unref(&model->strings, items[i].name);
        } else {
            items[kept++] = items[i];
        }
    }
    if (kept > 1) {
        qsort(items, kept, sizeof(*items), compare_places);
    }
    return kept;
}

static void unref_names(struct pf_model *model, const struct named *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pf_intern_unref(&model->strings, items[i].name);
    }
}

/* The image with these names, made when it is new; the names' references are used up. @return NULL: no memory */
static struct pf_image *acquire_image(struct pf_model *model, const struct pf_node *node,
                                      const struct named *items, size_t count)
{
    struct pf_image *candidate = pf_arena_calloc(&model->scratch, 1, bytes_for(count));
    if (candidate == NULL) {
        unref_names(model, items, count);
        return NULL;
    }
    candidate->size = node->images[items[0].place].bytes;
    candidate->name_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        candidate->names[i] = items[i].name;
    }
    uint64_t address = 0;
    struct pf_image *image = NULL;
    if (pf_map_get(&model->images.by_key, key_of(candidate), &address)) {
        unref_names(model, items, count);
        return (struct pf_image *)(uintptr_t)address;
    }
    image = add_image(model, candidate);
    if (image == NULL) {
        unref_names(model, items, count);
    }
    return image;
}

static bool reserve_node(struct pf_model *model, struct pf_image *image, uint32_t slot)
{
    if (!pf_slot_set_reserve(&image->nodes, slot, model->slot_cap)) {
        return false;
    }
    const size_t cost = pf_heap_cost(pf_slot_set_bytes(&image->nodes));
    model->images.bytes += cost - image->set_cost;
    image->set_cost = cost;
    return true;
}

/* Images of the node, one by one; on failure the rest of the references is dropped. */
static bool acquire_images(struct pf_model *model, const struct pf_node *node, uint32_t slot,
                           const struct named *items, size_t count, struct pf_image_change *change)
{
    size_t end = 0;
    for (size_t first = 0; first < count; first = end) {
        end = first + 1;
        while (end < count && items[end].place == items[first].place) {
            end++;
        }
        struct pf_image *image = acquire_image(model, node, items + first, end - first);
        if (image != NULL) {
            change->items[change->count++] = image;
        }
        if (image == NULL || !reserve_node(model, image, slot)) {
            unref_names(model, items + end, count - end);
            return false;
        }
    }
    return true;
}

static uint64_t print_of(const struct pf_model *model, const struct pf_node *node)
{
    uint64_t print = model->images.seed;
    for (size_t i = 0; i < node->image_count; i++) {
        const struct pf_node_image *image = &node->images[i];
        print ^= (uint64_t)image->bytes * UINT64_C(0x9e3779b97f4a7c15) + i;
        for (size_t k = 0; k < image->name_count; k++) {
            print = pf_sv_hash(image->names[k], print);
        }
    }
    return print != 0 ? print : 1;
}

bool pf_image_prepare(struct pf_model *model, const struct pf_node *node, uint32_t slot,
                      struct pf_image_change *change)
{
    const size_t names = count_names(node);
    *change = (struct pf_image_change){.print = names != 0 ? print_of(model, node) : 0};
    if (change->print == model->image_prints[slot]) {
        return true;
    }
    if (names > UINT32_MAX / 64) {
        return false;
    }
    struct named *items = pf_arena_calloc(&model->scratch, names, sizeof(*items));
    change->items = pf_arena_calloc(&model->scratch, node->image_count, sizeof(struct pf_image *));
    size_t count = 0;
    if (items == NULL || change->items == NULL) {
        return false;
    }
    if (!list_names(model, node, items, &count)) {
        unref_names(model, items, count);
        return false;
    }
    count = sort_names(model, items, count);
    return acquire_images(model, node, slot, items, count, change);
}

void pf_image_abandon(struct pf_model *model, const struct pf_image_change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        if (change->items[i]->nodes.count == 0) {
            free_image(model, change->items[i]);
        }
    }
}

void pf_image_commit(struct pf_model *model, const struct pf_image_change *change, uint32_t slot)
{
    if (change->print == model->image_prints[slot]) {
        return;
    }
    for (size_t i = 0; i < change->count; i++) {
        change->items[i]->kept = true;
    }
    struct pf_image *next = NULL;
    for (struct pf_image *image = model->image_prints[slot] != 0 ? model->images.first : NULL;
         image != NULL; image = next) {
        next = image->next;
        if (!image->kept && pf_slot_set_remove(&image->nodes, slot) && image->nodes.count == 0) {
            free_image(model, image);
        }
    }
    for (size_t i = 0; i < change->count; i++) {
        change->items[i]->kept = false;
        pf_slot_set_add(&change->items[i]->nodes, slot);
    }
    model->image_prints[slot] = change->print;
}

/* ---- the whole ---- */

void pf_image_init(struct pf_model *model)
{
    pf_map_init(&model->images.by_key, pf_random_u64());
    pf_map_init(&model->images.by_name, pf_random_u64());
    model->images.seed = pf_random_u64();
}

void pf_image_done(struct pf_model *model)
{
    struct pf_image *next = NULL;
    for (struct pf_image *image = model->images.first; image != NULL; image = next) {
        next = image->next;
        pf_slot_set_done(&image->nodes);
        free(image);
    }
    pf_map_done(&model->images.by_key);
    pf_map_done(&model->images.by_name);
}

size_t pf_image_bytes(const struct pf_model *model)
{
    return model->images.bytes + pf_map_bytes(&model->images.by_key) +
           pf_map_bytes(&model->images.by_name);
}

/* ---- for readers ---- */

const struct pf_image *pf_model_image_next(const struct pf_model *model, struct pf_sv name,
                                           const struct pf_image *previous)
{
    if (previous == NULL) {
        const struct pf_image_link *first = first_link(model, name);
        return first != NULL ? first->image : NULL;
    }
    for (uint32_t i = 0; i < previous->name_count; i++) {
        if (pf_sv_eq(name_text(model, previous->names[i]), name)) {
            const struct pf_image_link *next = links_in(previous)[i].next;
            return next != NULL ? next->image : NULL;
        }
    }
    return NULL;
}

int64_t pf_image_size(const struct pf_image *image)
{
    return image->size;
}

uint32_t pf_image_nodes(const struct pf_image *image)
{
    return image->nodes.count;
}

void pf_image_each(const struct pf_image *image, void (*visit)(void *opaque, uint32_t slot),
                   void *opaque)
{
    pf_slot_set_each(&image->nodes, visit, opaque);
}

#include "fields.h"

#include <stdio.h>

#include "order.h"
#include <podfit/annotations.h>
#include <podfit/quantity.h>

/* shown of a value in an error */
#define SHOWN_BYTES ((size_t)40)

/* sort @p labels, which were not in order; @return false: a key twice, or no memory, recorded */
static bool sort_labels(struct pf_decode *d, const struct pf_labels *labels)
{
    const size_t count = labels->count;
    struct pf_order_item *order = pf_arena_calloc(d->arena, count, sizeof(*order));
    struct pf_label *copy = pf_arena_calloc(d->arena, count, sizeof(*copy));
    if (order == NULL || copy == NULL) {
        return pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a map");
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = labels->items[i];
        order[i] = (struct pf_order_item){.name = copy[i].key, .ref = &copy[i]};
    }
    pf_order_sort(order, count);
    if (pf_order_has_twice(order, count)) {
        return pf_cursor_fail(&d->cursor, PF_E_INVALID, "key appears twice in an object");
    }
    for (size_t i = 0; i < count; i++) {
        labels->items[i] = *(const struct pf_label *)order[i].ref;
    }
    return true;
}

static bool labels_in_order(const struct pf_labels *labels)
{
    for (size_t i = 1; i < labels->count; i++) {
        if (pf_sv_cmp(labels->items[i - 1].key, labels->items[i].key) >= 0) {
            return false;
        }
    }
    return true;
}

typedef bool keep_fn(struct pf_sv key);

static bool keep_all(struct pf_sv key)
{
    (void)key;
    return true;
}

static bool keep_annotation(struct pf_sv key)
{
    static const struct pf_sv others[] = {
        PF_SV_INIT("kubernetes.io/config.mirror"),
        /* what the volume filters read of claims, volumes and CSINodes */
        PF_SV_INIT("pv.kubernetes.io/bind-completed"),
        PF_SV_INIT("storage.alpha.kubernetes.io/migrated-plugins"),
        PF_SV_INIT("volume.beta.kubernetes.io/storage-class"),
        PF_SV_INIT("volume.kubernetes.io/selected-node"),
    };
    return pf_sv_starts_with(key, PF_SV(PF_ANNOTATION_PREFIX)) ||
           pf_cursor_match(key, others, PF_ARRAY_LEN(others)) < PF_ARRAY_LEN(others);
}

static bool decode_map(struct pf_decode *d, keep_fn *keep, struct pf_labels *ret_labels)
{
    struct pf_labels labels = {0};
    struct pf_sv key = {0};
    size_t cap = 0;
    const bool present = pf_decode_enter_object(d);
    while (pf_decode_next_key(d, &key)) {
        if (!keep(key)) {
            continue;
        }
        struct pf_label *grown =
            pf_decode_grow(d, labels.items, labels.count, &cap, sizeof(*labels.items));
        if (grown == NULL) {
            return present;
        }
        labels.items = grown;
        struct pf_label *label = &labels.items[labels.count++];
        *label = (struct pf_label){.key = key};
        pf_decode_string(d, &label->value);
    }
    if (pf_cursor_ok(&d->cursor) && (labels_in_order(&labels) || sort_labels(d, &labels))) {
        *ret_labels = labels;
    }
    return present;
}

bool pf_fields_labels(struct pf_decode *d, struct pf_labels *ret_labels)
{
    return decode_map(d, keep_all, ret_labels);
}

void pf_fields_quantity(struct pf_decode *d, struct pf_quantity *ret_quantity)
{
    struct pf_sv token = {0};
    if (!pf_cursor_span(&d->cursor, &token)) {
        return;
    }
    const enum pf_code code = pf_quantity_parse_json(token, ret_quantity, NULL);
    if (code == PF_OK) {
        return;
    }
    char shown[SHOWN_BYTES + 1];
    const bool quoted = token.len >= 2 && token.ptr[0] == '"';
    pf_decode_show(quoted ? (struct pf_sv){.ptr = token.ptr + 1, .len = token.len - 2} : token,
                   SHOWN_BYTES, shown);
    if (code == PF_E_TOO_BIG) {
        char text[PF_DECODE_DETAIL_BYTES];
        (void)snprintf(text, sizeof(text), "'%s' is more than podfit holds exactly", shown);
        pf_decode_set_defect(d, text);
        return;
    }
    if (code == PF_E_INVALID) {
        (void)snprintf(d->detail, sizeof(d->detail), "'%s' is not a quantity", shown);
    }
    (void)pf_cursor_fail(&d->cursor, code, "not a quantity");
}

/* @return whether a name stands in the list twice, or memory is exhausted: recorded */
static bool names_twice(struct pf_decode *d, const struct pf_resource_list *list)
{
    size_t i = 1;
    while (i < list->count && pf_sv_cmp(list->items[i - 1].name, list->items[i].name) < 0) {
        i++;
    }
    if (i >= list->count) {
        return false;
    }
    struct pf_order_item *order = pf_arena_calloc(d->arena, list->count, sizeof(*order));
    if (order == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a list");
        return true;
    }
    for (size_t k = 0; k < list->count; k++) {
        order[k].name = list->items[k].name;
    }
    pf_order_sort(order, list->count);
    if (!pf_order_has_twice(order, list->count)) {
        return false;
    }
    (void)pf_cursor_fail(&d->cursor, PF_E_INVALID, "key appears twice in an object");
    return true;
}

void pf_fields_resources(struct pf_decode *d, struct pf_resource_list *ret_list)
{
    struct pf_resource_list list = {0};
    struct pf_sv name = {0};
    list.present = pf_decode_enter_object(d);
    while (pf_decode_next_key(d, &name)) {
        struct pf_resource *grown =
            pf_decode_grow(d, list.items, list.count, &list.cap, sizeof(*list.items));
        if (grown == NULL) {
            return;
        }
        list.items = grown;
        struct pf_resource *item = &list.items[list.count++];
        item->name = name;
        item->amount = pf_quantity_zero;
        pf_fields_quantity(d, &item->amount);
    }
    if (pf_cursor_ok(&d->cursor) && !names_twice(d, &list)) {
        *ret_list = list;
    }
}

static void decode_owners(struct pf_decode *d, struct pf_meta *meta)
{
    enum { CONTROLLER, API_VERSION, KIND, NAME, UID };
    static const struct pf_sv keys[] = {
        [CONTROLLER] = PF_SV_INIT("controller"),
        [API_VERSION] = PF_SV_INIT("apiVersion"),
        [KIND] = PF_SV_INIT("kind"),
        [NAME] = PF_SV_INIT("name"),
        [UID] = PF_SV_INIT("uid"),
    };
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv texts[PF_ARRAY_LEN(keys)] = {{0}};
        bool controller = false;
        uint64_t seen = 0;
        size_t field = 0;
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            if (field == CONTROLLER) {
                pf_decode_bool(d, &controller);
            } else {
                pf_decode_string(d, &texts[field]);
            }
        }
        if (controller && meta->owner_kind.len == 0) {
            meta->owner_kind = texts[KIND];
            meta->owner_api_version = texts[API_VERSION];
            meta->owner_name = texts[NAME];
            meta->owner_uid = texts[UID];
        }
    }
}

void pf_fields_meta(struct pf_decode *d, struct pf_meta *ret_meta)
{
    enum { NAME, NAMESPACE, GENERATE, UID, VERSION, CREATED, TEXTS };
    enum { LABELS = TEXTS, ANNOTATIONS, DELETED, OWNERS };
    static const struct pf_sv keys[] = {
        [NAME] = PF_SV_INIT("name"),
        [NAMESPACE] = PF_SV_INIT("namespace"),
        [GENERATE] = PF_SV_INIT("generateName"),
        [UID] = PF_SV_INIT("uid"),
        [VERSION] = PF_SV_INIT("resourceVersion"),
        [CREATED] = PF_SV_INIT("creationTimestamp"),
        [LABELS] = PF_SV_INIT("labels"),
        [ANNOTATIONS] = PF_SV_INIT("annotations"),
        [DELETED] = PF_SV_INIT("deletionTimestamp"),
        [OWNERS] = PF_SV_INIT("ownerReferences"),
    };
    struct pf_meta meta = {0};
    struct pf_sv *const texts[TEXTS] = {
        [NAME] = &meta.name,
        [NAMESPACE] = &meta.namespace_,
        [GENERATE] = &meta.generate_name,
        [UID] = &meta.uid,
        [VERSION] = &meta.resource_version,
        [CREATED] = &meta.creation_timestamp,
    };
    struct pf_sv deleted = {0};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case LABELS:
            (void)pf_fields_labels(d, &meta.labels);
            break;
        case ANNOTATIONS:
            meta.annotations_present = decode_map(d, keep_annotation, &meta.annotations);
            break;
        case DELETED:
            meta.deleting = pf_decode_is_set(d);
            pf_decode_string(d, &deleted);
            break;
        case OWNERS:
            decode_owners(d, &meta);
            break;
        default:
            pf_decode_string(d, texts[field]);
            break;
        }
    }
    *ret_meta = meta;
}

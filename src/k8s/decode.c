#include "decode.h"

#include <stdio.h>

#include "order.h"
#include <podfit/quantity.h>

/* shown of a key or value in an error */
#define SHOWN_BYTES       ((size_t)64)
#define SHOWN_VALUE_BYTES ((size_t)40)
/* items of a fresh array: most lists of a pod have one to four */
#define FIRST_ITEMS ((size_t)4)

void pf_decode_init(struct pf_decode *d, struct pf_sv bytes, struct pf_arena *arena)
{
    /* field by field, for the reason given in pf_cursor_init_depth() */
    d->arena = arena;
    d->defect = (struct pf_sv){0};
    d->depth = 0;
    d->detail[0] = '\0';
    pf_cursor_init(&d->cursor, bytes);
}

/* the printable ASCII of @p text and '?' for the rest, so that an error stays one line of UTF-8 */
static void show(struct pf_sv text, size_t max, char *out)
{
    size_t len = 0;
    while (len < text.len && len < max) {
        const unsigned char c = (unsigned char)text.ptr[len];
        out[len++] = c >= 0x20 && c < 0x7F ? (char)c : '?';
    }
    out[len] = '\0';
}

/* cut rather than fail: the path of an error may be longer than its text */
static void render_path(const struct pf_decode *d, char *out, size_t out_bytes)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < d->depth && len + 1 < out_bytes; i++) {
        const struct pf_decode_step *step = &d->path[i];
        char key[SHOWN_BYTES + 1];
        int n = 0;
        if (step->index != 0) {
            n = snprintf(out + len, out_bytes - len, "[%zu]", step->index - 1);
        } else if (step->key.len != 0) {
            show(step->key, SHOWN_BYTES, key);
            n = snprintf(out + len, out_bytes - len, "%s%s", len != 0 ? "." : "", key);
        }
        len += n > 0 ? (size_t)n : 0;
    }
}

enum pf_code pf_decode_finish(struct pf_decode *d, struct pf_err *err)
{
    if (pf_cursor_end(&d->cursor)) {
        return PF_OK;
    }
    char path[PF_ERR_TEXT_BYTES / 2];
    struct pf_err fault = {0};
    const enum pf_code found = pf_cursor_error(&d->cursor, &fault);
    const enum pf_code code = found == PF_E_RANGE ? PF_E_INVALID : found;
    const char *text = d->detail[0] != '\0' ? d->detail : fault.text;
    render_path(d, path, sizeof(path));
    if (path[0] == '\0') {
        return pf_err_set(err, code, "%s", text);
    }
    return pf_err_set(err, code, "%s: %s", path, text);
}

void pf_decode_set_defect(struct pf_decode *d, const char *text)
{
    char path[PF_ERR_TEXT_BYTES / 2];
    if (d->defect.len != 0 || !pf_cursor_ok(&d->cursor)) {
        return;
    }
    render_path(d, path, sizeof(path));
    const char *defect = pf_arena_printf(d->arena, "%s: %s", path, text);
    if (defect == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a message");
        return;
    }
    d->defect = pf_sv_from(defect);
}

static void push(struct pf_decode *d)
{
    if (d->depth == PF_DECODE_PATH_MAX) {
        (void)pf_cursor_fail(&d->cursor, PF_E_INTERNAL, "the decoder's path is too deep");
        return;
    }
    d->path[d->depth++] = (struct pf_decode_step){0};
}

/* the path of an error stays */
static bool pop(struct pf_decode *d)
{
    if (pf_cursor_ok(&d->cursor)) {
        d->depth--;
    }
    return false;
}

void pf_decode_enter_root(struct pf_decode *d)
{
    if (pf_cursor_kind(&d->cursor) == PF_JSON_NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_INVALID, "expected an object");
    }
    (void)pf_decode_enter_object(d);
}

bool pf_decode_enter_object(struct pf_decode *d)
{
    const bool present = pf_cursor_kind(&d->cursor) == PF_JSON_OBJECT;
    if (pf_cursor_enter_object(&d->cursor)) {
        push(d);
    }
    return present;
}

bool pf_decode_enter_array(struct pf_decode *d)
{
    const bool present = pf_cursor_kind(&d->cursor) == PF_JSON_ARRAY;
    if (pf_cursor_enter_array(&d->cursor)) {
        push(d);
    }
    return present;
}

bool pf_decode_next_field(struct pf_decode *d, const struct pf_sv *keys, size_t count,
                          uint64_t *seen, size_t *ret_index)
{
    if (!pf_cursor_ok(&d->cursor)) {
        return false;
    }
    struct pf_decode_step *step = &d->path[d->depth - 1];
    step->key.len = 0; /* a fault before the next key is the object's */
    if (!pf_cursor_next_field(&d->cursor, keys, count, seen, ret_index)) {
        return pop(d);
    }
    step->key = keys[*ret_index];
    return true;
}

bool pf_decode_next_key(struct pf_decode *d, struct pf_sv *ret_key)
{
    if (!pf_cursor_ok(&d->cursor)) {
        return false;
    }
    struct pf_decode_step *step = &d->path[d->depth - 1];
    step->key.len = 0;
    if (!pf_cursor_next_key_in(&d->cursor, d->arena, ret_key)) {
        return pop(d);
    }
    step->key = *ret_key;
    return true;
}

bool pf_decode_next_item(struct pf_decode *d)
{
    if (!pf_cursor_ok(&d->cursor)) {
        return false;
    }
    if (!pf_cursor_next_item(&d->cursor)) {
        return pop(d);
    }
    d->path[d->depth - 1].index++;
    return true;
}

void pf_decode_leave(struct pf_decode *d)
{
    (void)pf_cursor_leave(&d->cursor);
    (void)pop(d);
}

bool pf_decode_is_set(struct pf_decode *d)
{
    const enum pf_json_kind kind = pf_cursor_kind(&d->cursor);
    return kind != PF_JSON_NULL && kind != PF_JSON_NONE;
}

void pf_decode_string(struct pf_decode *d, struct pf_sv *ret_text)
{
    (void)pf_cursor_string(&d->cursor, d->arena, ret_text);
}

void pf_decode_bool(struct pf_decode *d, bool *ret_value)
{
    (void)pf_cursor_bool(&d->cursor, ret_value);
}

void pf_decode_i32(struct pf_decode *d, int32_t *ret_value)
{
    int64_t value = *ret_value;
    if (!pf_cursor_i64(&d->cursor, &value)) {
        return;
    }
    if (value < INT32_MIN || value > INT32_MAX) {
        (void)pf_cursor_fail(&d->cursor, PF_E_INVALID, "integer does not fit in 32 bits");
        return;
    }
    *ret_value = (int32_t)value;
}

void *pf_decode_grow(struct pf_decode *d, void *items, size_t count, size_t *cap, size_t bytes_each)
{
    if (count < *cap) {
        return items;
    }
    const size_t wanted = *cap != 0 ? *cap * 2 : FIRST_ITEMS;
    size_t bytes = 0;
    void *grown = NULL;
    if (!__builtin_mul_overflow(wanted, bytes_each, &bytes)) {
        grown = pf_arena_alloc(d->arena, bytes);
    }
    if (grown == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a list");
        return NULL;
    }
    if (count != 0) {
        memcpy(grown, items, count * bytes_each);
    }
    *cap = wanted;
    return grown;
}

bool pf_decode_strings(struct pf_decode *d, struct pf_sv **ret_items, size_t *ret_count)
{
    struct pf_sv *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    const bool present = pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv *grown = pf_decode_grow(d, items, count, &cap, sizeof(*items));
        if (grown == NULL) {
            return present;
        }
        items = grown;
        items[count] = (struct pf_sv){0};
        pf_decode_string(d, &items[count]);
        count++;
    }
    *ret_items = items;
    *ret_count = count;
    return present;
}

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
    return pf_sv_starts_with(key, PF_SV("podfit.io/")) ||
           pf_sv_eq(key, PF_SV("kubernetes.io/config.mirror"));
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

bool pf_decode_labels(struct pf_decode *d, struct pf_labels *ret_labels)
{
    return decode_map(d, keep_all, ret_labels);
}

static void decode_quantity(struct pf_decode *d, struct pf_quantity *ret_quantity)
{
    struct pf_sv token = {0};
    if (!pf_cursor_span(&d->cursor, &token)) {
        return;
    }
    const enum pf_code code = pf_quantity_parse_json(token, ret_quantity, NULL);
    if (code == PF_OK) {
        return;
    }
    char shown[SHOWN_VALUE_BYTES + 1];
    const bool quoted = token.len >= 2 && token.ptr[0] == '"';
    show(quoted ? (struct pf_sv){.ptr = token.ptr + 1, .len = token.len - 2} : token,
         SHOWN_VALUE_BYTES, shown);
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

void pf_decode_resources(struct pf_decode *d, struct pf_resource_list *ret_list)
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
        decode_quantity(d, &item->amount);
    }
    if (pf_cursor_ok(&d->cursor) && !names_twice(d, &list)) {
        *ret_list = list;
    }
}

static void decode_owners(struct pf_decode *d, struct pf_meta *meta)
{
    enum { CONTROLLER, KIND, NAME, UID };
    static const struct pf_sv keys[] = {
        [CONTROLLER] = PF_SV_INIT("controller"),
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
            meta->owner_name = texts[NAME];
            meta->owner_uid = texts[UID];
        }
    }
}

void pf_decode_meta(struct pf_decode *d, struct pf_meta *ret_meta)
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
            (void)pf_decode_labels(d, &meta.labels);
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

#include "decode.h"

#include <stdio.h>

/* shown of a key in an error */
#define SHOWN_BYTES ((size_t)64)
/* items of a fresh array: most lists of a pod have one to four */
#define FIRST_ITEMS ((size_t)4)

void pf_decode_init(struct pf_decode *d, struct pf_sv bytes, struct pf_arena *arena)
{
    /* field by field, for the reason given in pf_cursor_init_depth() */
    d->arena = arena;
    d->defect = (struct pf_sv){0};
    d->base = 0;
    d->depth = 0;
    d->detail[0] = '\0';
    pf_cursor_init(&d->cursor, bytes);
}

void pf_decode_show(struct pf_sv text, size_t max, char *out)
{
    size_t len = 0;
    while (len < text.len && len < max) {
        const char c = text.ptr[len];
        out[len++] = (char)(c >= ' ' && c <= '~' ? c : '?');
    }
    out[len] = '\0';
}

/* cut rather than fail: the path of an error may be longer than its text */
static void render_path(const struct pf_decode *d, uint32_t from, char *out, size_t out_bytes)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = from; i < d->depth && len + 1 < out_bytes; i++) {
        const struct pf_decode_step *step = &d->path[i];
        char key[SHOWN_BYTES + 1];
        int n = 0;
        if (step->index != 0) {
            n = snprintf(out + len, out_bytes - len, "[%zu]", step->index - 1);
        } else if (step->key.len != 0) {
            pf_decode_show(step->key, SHOWN_BYTES, key);
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
    render_path(d, 0, path, sizeof(path));
    if (path[0] == '\0') {
        return pf_err_set(err, code, "%s", text);
    }
    return pf_err_set(err, code, "%s: %s", path, text);
}

enum pf_code pf_decode_finish_whole(struct pf_decode *d, struct pf_err *err)
{
    const enum pf_code code = pf_decode_finish(d, err);
    return code == PF_OK && d->defect.len != 0
               ? pf_err_set(err, PF_E_TOO_BIG, "%.*s", PF_SV_ARG(d->defect))
               : code;
}

void pf_decode_set_defect(struct pf_decode *d, const char *text)
{
    char path[PF_ERR_TEXT_BYTES / 2];
    if (d->defect.len != 0 || !pf_cursor_ok(&d->cursor)) {
        return;
    }
    render_path(d, d->base, path, sizeof(path));
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

void pf_decode_rebase(struct pf_decode *d)
{
    d->base = d->depth - 1;
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

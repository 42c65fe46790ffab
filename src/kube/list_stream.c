#include <inttypes.h>

#include "part.h"
#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/mem.h>
#include <podfit/scan.h>
#include <podfit/value_scan.h>
#include <podfit/watch_stream.h>

/* Between two values: what may come next. */
enum place {
    PLACE_START,       /* the bracket of the list */
    PLACE_FIRST_KEY,   /* a key or the end of the list */
    PLACE_KEY,         /* a key */
    PLACE_COLON,       /* the colon after a key */
    PLACE_METADATA,    /* the value of metadata */
    PLACE_ITEMS,       /* the value of items: an array or null */
    PLACE_OTHER,       /* the value of another key */
    PLACE_FIRST_ITEM,  /* an item or the end of the items */
    PLACE_ITEM,        /* an item */
    PLACE_AFTER_ITEM,  /* a comma or the end of the items */
    PLACE_AFTER_VALUE, /* a comma or the end of the list */
    PLACE_END,         /* white space */
    PLACE_FAULT,       /* nothing: the stream is given up */
};

/* What the value is that is passing by. */
enum role {
    ROLE_NONE, /* there is none */
    ROLE_KEY,
    ROLE_METADATA,
    ROLE_NULL, /* items: null */
    ROLE_ITEM,
    ROLE_OTHER, /* kind, apiVersion and what we do not know: passed over */
};

/* One byte at one place: it is consumed and leads to another place, or it begins a value. */
struct rule {
    enum place place;
    char byte;
    enum place next;
    enum role role; /* ROLE_NONE: the byte is consumed */
};

static const struct rule rules[] = {
    {PLACE_AFTER_ITEM, ',', PLACE_ITEM, ROLE_NONE},
    {PLACE_ITEM, '{', PLACE_AFTER_ITEM, ROLE_ITEM},
    {PLACE_FIRST_ITEM, '{', PLACE_AFTER_ITEM, ROLE_ITEM},
    {PLACE_FIRST_ITEM, ']', PLACE_AFTER_VALUE, ROLE_NONE},
    {PLACE_AFTER_ITEM, ']', PLACE_AFTER_VALUE, ROLE_NONE},
    {PLACE_START, '{', PLACE_FIRST_KEY, ROLE_NONE},
    {PLACE_FIRST_KEY, '"', PLACE_COLON, ROLE_KEY},
    {PLACE_FIRST_KEY, '}', PLACE_END, ROLE_NONE},
    {PLACE_KEY, '"', PLACE_COLON, ROLE_KEY},
    {PLACE_ITEMS, '[', PLACE_FIRST_ITEM, ROLE_NONE},
    {PLACE_ITEMS, 'n', PLACE_AFTER_VALUE, ROLE_NULL},
    {PLACE_METADATA, '{', PLACE_AFTER_VALUE, ROLE_METADATA},
    {PLACE_AFTER_VALUE, ',', PLACE_KEY, ROLE_NONE},
    {PLACE_AFTER_VALUE, '}', PLACE_END, ROLE_NONE},
};

struct pf_list_stream {
    enum place place;
    enum role role;
    enum place after_colon; /* by the key that was read last */
    bool seen_items;
    bool seen_metadata;
    uint64_t passed;  /* bytes before the ones being fed, for error texts */
    size_t value_len; /* bytes of the value that have passed in earlier pieces */
    size_t max_item_bytes;
    struct pf_value_scan scan;
    struct pf_buf part; /* those bytes, unless the value is only passed over */
    struct pf_buf resource_version;
    struct pf_buf token;
    pf_list_on_item *on_item;
    void *ctx;
};

enum pf_code pf_list_stream_new(size_t max_item_bytes, pf_list_on_item *on_item, void *ctx,
                                struct pf_list_stream **ret_stream)
{
    struct pf_list_stream *stream = pf_mem_calloc(1, sizeof(*stream));
    if (stream == NULL) {
        return PF_E_NO_MEMORY;
    }
    stream->max_item_bytes = max_item_bytes;
    stream->on_item = on_item;
    stream->ctx = ctx;
    pf_buf_init(&stream->part, max_item_bytes);
    pf_buf_init(&stream->resource_version, PF_LIST_METADATA_MAX_BYTES);
    pf_buf_init(&stream->token, PF_LIST_METADATA_MAX_BYTES);
    *ret_stream = stream;
    return PF_OK;
}

void pf_list_stream_free(struct pf_list_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    pf_buf_done(&stream->part);
    pf_buf_done(&stream->resource_version);
    pf_buf_done(&stream->token);
    free(stream);
}

static size_t max_bytes(const struct pf_list_stream *stream)
{
    return stream->role == ROLE_METADATA && PF_LIST_METADATA_MAX_BYTES < stream->max_item_bytes
               ? PF_LIST_METADATA_MAX_BYTES
               : stream->max_item_bytes;
}

static enum pf_code too_big(const struct pf_list_stream *stream, struct pf_err *err)
{
    return pf_err_set(err, PF_E_TOO_BIG, "a value of the list is over %zu bytes",
                      max_bytes(stream));
}

static enum pf_code read_metadata(struct pf_list_stream *stream, struct pf_sv text,
                                  struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("resourceVersion"), PF_SV_INIT("continue")};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 2 * PF_LIST_METADATA_MAX_BYTES);
    struct pf_cursor c;
    struct pf_sv version = {0};
    struct pf_sv token = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_cursor_init(&c, text);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        (void)pf_cursor_string(&c, &arena, field == 0 ? &version : &token);
    }
    if (!pf_cursor_end(&c)) {
        (void)pf_cursor_error(&c, err);
        return pf_err_wrap(err, c.code, "metadata of the list");
    }
    pf_buf_append_sv(&stream->resource_version, version);
    pf_buf_append_sv(&stream->token, token);
    const enum pf_code code = pf_buf_status(&stream->resource_version, err);
    return code != PF_OK ? code : pf_buf_status(&stream->token, err);
}

static enum pf_code read_key(struct pf_list_stream *stream, struct pf_sv text, struct pf_err *err)
{
    bool *seen = NULL;
    stream->after_colon = PLACE_OTHER;
    if (pf_sv_eq(text, PF_SV("\"items\""))) {
        stream->after_colon = PLACE_ITEMS;
        seen = &stream->seen_items;
    } else if (pf_sv_eq(text, PF_SV("\"metadata\""))) {
        stream->after_colon = PLACE_METADATA;
        seen = &stream->seen_metadata;
    }
    if (seen != NULL && *seen) {
        return pf_err_set(err, PF_E_INVALID, "the list has %.*s twice", PF_SV_ARG(text));
    }
    if (seen != NULL) {
        *seen = true;
    }
    return PF_OK;
}

/* a value is there, whole */
static enum pf_code finish(struct pf_list_stream *stream, enum role role, struct pf_sv text,
                           struct pf_err *err)
{
    switch (role) {
    case ROLE_KEY:
        return read_key(stream, text, err);
    case ROLE_METADATA:
        return read_metadata(stream, text, err);
    case ROLE_NULL:
        return pf_sv_eq_cstr(text, "null")
                   ? PF_OK
                   : pf_err_set(err, PF_E_INVALID, "items of the list are no array");
    case ROLE_ITEM:
        return stream->on_item(stream->ctx, text)
                   ? PF_OK
                   : pf_err_set(err, PF_E_STATE, "the list is not wanted any more");
    default:
        return PF_OK;
    }
}

/* go on with the value that passes by; [p, end) is not empty. *ret_p: after what belongs to it */
static enum pf_code take_value(struct pf_list_stream *stream, const char *p, const char *end,
                               const char **ret_p, struct pf_err *err)
{
    const char *stop = pf_value_scan(&stream->scan, p, end);
    const bool whole = stop != NULL;
    *ret_p = whole ? stop : end;
    const size_t len = (size_t)(*ret_p - p);
    if (len > max_bytes(stream) - stream->value_len) {
        return too_big(stream, err);
    }
    struct pf_sv text = {.ptr = p, .len = len};
    stream->value_len += len;
    if ((!whole || stream->part.len != 0) && stream->role != ROLE_OTHER) {
        pf_buf_append_sv(&stream->part, text);
        const enum pf_code code = pf_buf_status(&stream->part, err);
        if (code != PF_OK) {
            return code;
        }
        text = pf_buf_view(&stream->part);
    }
    if (!whole) {
        return PF_OK;
    }
    const enum role role = stream->role;
    stream->role = ROLE_NONE;
    const enum pf_code code = finish(stream, role, text, err);
    pf_part_reset(&stream->part);
    return code;
}

static const struct rule *find_rule(enum place place, char byte)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(rules); i++) {
        if (rules[i].place == place && rules[i].byte == byte) {
            return &rules[i];
        }
    }
    return NULL;
}

/* one byte between values: consumed, or the first of a value (role is set then). false: it has no place here */
static bool take_byte(struct pf_list_stream *stream, char byte)
{
    stream->scan = (struct pf_value_scan){0};
    stream->value_len = 0;
    if (stream->place == PLACE_COLON && byte == ':') {
        stream->place = stream->after_colon;
        return true;
    }
    if (stream->place == PLACE_OTHER && strchr(",:]}", byte) == NULL) {
        stream->place = PLACE_AFTER_VALUE;
        stream->role = ROLE_OTHER;
        return true;
    }
    const struct rule *rule = find_rule(stream->place, byte);
    if (rule == NULL) {
        return false;
    }
    stream->place = rule->next;
    stream->role = rule->role;
    return true;
}

static enum pf_code feed(struct pf_list_stream *stream, struct pf_sv bytes, struct pf_err *err)
{
    const char *p = bytes.ptr;
    const char *const end = p + bytes.len;
    while (p != end) {
        if (stream->role == ROLE_NONE) {
            p = pf_scan_space(p, end);
            if (p == end) {
                break;
            }
            if (!take_byte(stream, *p)) {
                return pf_err_set(err, PF_E_INVALID,
                                  "byte %" PRIu64 " of the answer: not part of a list",
                                  stream->passed + (uint64_t)(p - bytes.ptr));
            }
            p += stream->role == ROLE_NONE;
            continue;
        }
        const enum pf_code code = take_value(stream, p, end, &p, err);
        if (code != PF_OK) {
            return code;
        }
    }
    stream->passed += bytes.len;
    return PF_OK;
}

enum pf_code pf_list_stream_feed(struct pf_list_stream *stream, struct pf_sv bytes,
                                 struct pf_err *err)
{
    if (stream->place == PLACE_FAULT) {
        return pf_err_set(err, PF_E_INVALID, "the list was given up");
    }
    if (bytes.len == 0) {
        return PF_OK;
    }
    const enum pf_code code = feed(stream, bytes, err);
    if (code != PF_OK) {
        stream->place = PLACE_FAULT;
    }
    return code;
}

enum pf_code pf_list_stream_end_file(struct pf_list_stream *stream, struct pf_err *err)
{
    if (stream->place != PLACE_END) {
        return pf_err_set(err, PF_E_INVALID, "the list is cut off after %" PRIu64 " bytes",
                          stream->passed);
    }
    return stream->seen_items
               ? PF_OK
               : pf_err_set(err, PF_E_INVALID, "the answer is no list: it has no items");
}

enum pf_code pf_list_stream_end(struct pf_list_stream *stream, struct pf_err *err)
{
    const enum pf_code code = pf_list_stream_end_file(stream, err);
    return code != PF_OK || stream->resource_version.len != 0
               ? code
               : pf_err_set(err, PF_E_INVALID,
                            "the answer is no list: it has no metadata.resourceVersion");
}

struct pf_sv pf_list_stream_resource_version(const struct pf_list_stream *stream)
{
    return pf_buf_view(&stream->resource_version);
}

struct pf_sv pf_list_stream_continue(const struct pf_list_stream *stream)
{
    return pf_buf_view(&stream->token);
}

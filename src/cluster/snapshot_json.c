#include <inttypes.h>

#include "snapshot_internal.h"
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

/* What is read at once, and the first size of the window. */
#define CHUNK_BYTES ((size_t)64 * 1024)

/**
 * A window on the input. It finds out where a value ends and nothing more: what it finds goes through the cursor, which checks every byte. Errors are
 * sticky: once `code` is not PF_OK nothing happens any more.
 */
struct stream {
    struct pf_source *source;
    struct pf_err *err;
    enum pf_code code;
    char *window; /* owned */
    size_t cap;
    size_t len;
    size_t at;
    size_t keep;   /* bytes before this one may go */
    bool discard;  /* nothing is kept at all */
    uint64_t base; /* offset of window[0] in the input */
};

/** One top-level object. */
struct document {
    struct pf_arena texts; /* of the views below */
    struct pf_snapshot_list list;
    uint64_t start; /* offset */
    bool is_list;
    bool has_items;
};

static void fail(struct stream *s, const char *expected)
{
    if (s->code == PF_OK) {
        s->code = pf_err_set(s->err, PF_E_INVALID, "byte %" PRIu64 ": expected %s", s->base + s->at,
                             expected);
    }
}

static bool make_room(struct stream *s)
{
    if (s->discard) {
        s->keep = s->at;
    }
    if (s->keep != 0) {
        memmove(s->window, s->window + s->keep, s->len - s->keep);
        s->base += s->keep;
        s->len -= s->keep;
        s->at -= s->keep;
        s->keep = 0;
    }
    if (s->cap - s->len >= CHUNK_BYTES / 2) {
        return true;
    }
    if (s->len > PF_OBJECT_MAX_BYTES) {
        s->code = pf_err_set(s->err, PF_E_TOO_BIG,
                             "the object at byte %" PRIu64 " is over the limit of %zu bytes",
                             s->base, PF_OBJECT_MAX_BYTES);
        return false;
    }
    const size_t cap = s->cap != 0 ? s->cap * 2 : CHUNK_BYTES;
    char *bigger = pf_mem_resize(s->window, cap, 1);
    if (bigger == NULL) {
        s->code = pf_err_set(s->err, PF_E_NO_MEMORY, "no memory to read a snapshot");
        return false;
    }
    s->window = bigger;
    s->cap = cap;
    return true;
}

/* @return is there a byte at window[at]? */
static bool available(struct stream *s)
{
    if (s->at < s->len) {
        return true;
    }
    if (s->code != PF_OK || !make_room(s)) {
        return false;
    }
    size_t got = 0;
    s->code = pf_source_read(s->source, s->window + s->len, s->cap - s->len, &got, s->err);
    s->len += s->code == PF_OK ? got : 0;
    return s->at < s->len;
}

/* Next byte after white space, or '\0' at the end. */
static char next_byte(struct stream *s)
{
    while (available(s)) {
        const char c = s->window[s->at];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
            return c;
        }
        s->at++;
    }
    return '\0';
}

static bool take(struct stream *s, char c, const char *expected)
{
    if (next_byte(s) != c) {
        fail(s, expected);
        return false;
    }
    s->at++;
    return s->code == PF_OK;
}

/* From the opening quote to after the closing one. */
static void scan_string(struct stream *s)
{
    s->at++;
    while (available(s)) {
        const char *from = s->window + s->at;
        const char *quote = memchr(from, '"', s->len - s->at);
        const size_t span = quote != NULL ? (size_t)(quote - from) : s->len - s->at;
        const char *slash = memchr(from, '\\', span);
        if (slash != NULL) {
            s->at += (size_t)(slash - from) + 1;
            s->at += available(s); /* what is escaped cannot end the string */
        } else if (quote != NULL) {
            s->at += span + 1;
            return;
        } else {
            s->at = s->len;
        }
    }
    fail(s, "the end of a string");
}

static void scan_scalar(struct stream *s)
{
    while (available(s)) {
        switch (s->window[s->at]) {
        case ',':
        case ']':
        case '}':
        case ':':
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            return;
        default:
            s->at++;
        }
    }
}

static void scan_container(struct stream *s)
{
    uint64_t depth = 0;
    while (available(s)) {
        switch (s->window[s->at]) {
        case '"':
            scan_string(s);
            break;
        case '{':
        case '[':
            depth++;
            s->at++;
            break;
        case '}':
        case ']':
            depth--;
            s->at++;
            if (depth == 0) {
                return;
            }
            break;
        default:
            s->at++;
        }
    }
    fail(s, "the end of an object or list");
}

/* Pass one value. @return its bytes, borrowed until the next step; empty when there is none or nothing is kept */
static struct pf_sv scan_value(struct stream *s)
{
    const char first = next_byte(s);
    const uint64_t start = s->base + s->at;
    if (first == '{' || first == '[') {
        scan_container(s);
    } else if (first == '"') {
        scan_string(s);
    } else {
        scan_scalar(s);
    }
    if (s->discard || s->code != PF_OK) {
        return (struct pf_sv){0};
    }
    return (struct pf_sv){.ptr = s->window + (start - s->base),
                          .len = (size_t)(s->base + s->at - start)};
}

/* @param what  for the message */
static bool check_value(struct stream *s, struct pf_cursor *c, const char *what)
{
    (void)pf_cursor_end(c);
    if (s->code == PF_OK) {
        s->code = pf_cursor_error(c, s->err);
        if (s->code != PF_OK) {
            (void)pf_err_wrap(s->err, s->code, "%s before byte %" PRIu64, what, s->base + s->at);
        }
    }
    return s->code == PF_OK;
}

/* A string value or key as text in the document's arena. */
static bool read_text(struct stream *s, struct pf_sv json, struct document *doc,
                      struct pf_sv *ret_text)
{
    struct pf_cursor c;
    struct pf_sv text = {0};
    pf_cursor_init(&c, json);
    (void)pf_cursor_string(&c, &doc->texts, &text);
    if (check_value(s, &c, "text") && !pf_arena_dup_sv(&doc->texts, text, ret_text)) {
        s->code = pf_err_set(s->err, PF_E_NO_MEMORY, "no memory to read a snapshot");
    }
    return s->code == PF_OK;
}

static void read_list_meta(struct stream *s, struct pf_sv json, struct pf_snapshot_load *load,
                           struct document *doc)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_sv version = {0};
    pf_cursor_init(&c, json);
    if (pf_cursor_kind(&c) == PF_JSON_OBJECT && pf_cursor_enter_object(&c)) {
        while (pf_cursor_next_key(&c, &key)) {
            if (pf_sv_eq_cstr(key, "resourceVersion") && pf_cursor_kind(&c) == PF_JSON_STRING) {
                (void)pf_cursor_string(&c, &doc->texts, &version);
            }
        }
    }
    if (check_value(s, &c, "metadata") && version.len != 0 &&
        version.len < sizeof(load->stats.resource_version)) {
        memset(load->stats.resource_version, 0, sizeof(load->stats.resource_version));
        memcpy(load->stats.resource_version, version.ptr, version.len);
    }
}

/* Key and colon of the next member. @return false at the end of the object or on errors */
static bool next_member(struct stream *s, struct document *doc, bool first, struct pf_sv *ret_key)
{
    const char c = next_byte(s);
    if (c == '}') {
        s->at++;
        return false;
    }
    if (!first && !take(s, ',', "',' or '}'")) {
        return false;
    }
    if (next_byte(s) != '"') {
        fail(s, "a key");
        return false;
    }
    const struct pf_sv json = scan_value(s);
    return s->code == PF_OK && read_text(s, json, doc, ret_key) && take(s, ':', "':'");
}

/* The kind of a list that stands behind its items: read the object once more from its start. */
static void find_list_kind(struct stream *s, struct document *doc)
{
    const uint64_t resume = s->source->offset;
    struct stream again = {.source = s->source, .err = s->err};
    s->code = pf_source_seek(s->source, doc->start, s->err);
    if (s->code != PF_OK) {
        (void)pf_err_wrap(s->err, s->code, "the kind of a list must stand before its items");
        return;
    }
    again.base = doc->start;
    bool more = take(&again, '{', "an object");
    struct pf_sv key = {0};
    for (bool first = true; more && doc->list.kind.len == 0; first = false) {
        again.keep = again.at;
        more = next_member(&again, doc, first, &key);
        if (more) {
            again.discard = !pf_sv_eq_cstr(key, "kind");
            const struct pf_sv json = scan_value(&again);
            more = again.code == PF_OK &&
                   (again.discard || read_text(&again, json, doc, &doc->list.kind));
            again.discard = false;
        }
    }
    free(again.window);
    s->code = again.code == PF_OK ? pf_source_seek(s->source, resume, s->err) : again.code;
    if (s->code == PF_OK && doc->list.kind.len == 0) {
        s->code = pf_err_set(s->err, PF_E_INVALID, "neither the object nor its list has a kind");
    }
}

static void read_item(struct stream *s, struct pf_snapshot_load *load, struct document *doc)
{
    s->keep = s->at;
    const struct pf_sv json = scan_value(s);
    if (s->code != PF_OK) {
        return;
    }
    load->item++;
    s->code = pf_snapshot_item(load, json, &doc->list, s->err);
    if (s->code == PF_E_NOT_FOUND) {
        s->code = PF_OK;
        find_list_kind(s, doc);
        if (s->code == PF_OK) {
            s->code = pf_snapshot_item(load, json, &doc->list, s->err);
        } else {
            (void)pf_err_wrap(s->err, s->code, "item %" PRIu64, load->item);
        }
    }
}

static void read_items(struct stream *s, struct pf_snapshot_load *load, struct document *doc)
{
    s->at++; /* the bracket */
    s->keep = s->at;
    if (next_byte(s) == ']') {
        s->at++;
        return;
    }
    while (s->code == PF_OK) {
        read_item(s, load, doc);
        s->keep = s->at;
        if (s->code == PF_OK && next_byte(s) == ']') {
            s->at++;
            return;
        }
        if (!take(s, ',', "',' or ']'")) {
            return;
        }
    }
}

static void read_member(struct stream *s, struct pf_snapshot_load *load, struct document *doc,
                        struct pf_sv key)
{
    const bool items = pf_sv_eq_cstr(key, "items");
    const char first = next_byte(s);
    if (items && doc->has_items) {
        s->code =
            pf_err_set(s->err, PF_E_INVALID,
                       "key 'items' is there twice, again before byte %" PRIu64, s->base + s->at);
        return;
    }
    doc->has_items = doc->has_items || items;
    if (items && first == '[') {
        doc->is_list = true;
        read_items(s, load, doc);
        return;
    }
    const struct pf_sv json = scan_value(s);
    doc->is_list = doc->is_list || (items && first == 'n');
    if (s->code != PF_OK) {
        return;
    }
    if (pf_sv_eq_cstr(key, "kind")) {
        (void)read_text(s, json, doc, &doc->list.kind);
    } else if (pf_sv_eq_cstr(key, "apiVersion")) {
        (void)read_text(s, json, doc, &doc->list.api_version);
    } else if (pf_sv_eq_cstr(key, "metadata")) {
        read_list_meta(s, json, load, doc);
    } else {
        struct pf_cursor c;
        pf_cursor_init(&c, json);
        (void)check_value(s, &c, "a value");
    }
}

/* A list is dropped behind the reader, item by item; anything else is kept until its end. */
static void read_document(struct stream *s, struct pf_snapshot_load *load)
{
    struct document doc = {.start = s->base + s->at};
    char version[sizeof(load->stats.resource_version)];
    struct pf_sv key = {0};
    memcpy(version, load->stats.resource_version, sizeof(version));
    pf_arena_init(&doc.texts, PF_OBJECT_MAX_BYTES);
    s->keep = s->at;
    bool more = take(s, '{', "an object");
    for (bool first = true; more && next_member(s, &doc, first, &key); first = false) {
        read_member(s, load, &doc, key);
        more = s->code == PF_OK;
        if (doc.is_list) {
            s->keep = s->at;
        }
    }
    if (s->code == PF_OK && !doc.is_list) {
        memcpy(load->stats.resource_version, version, sizeof(version)); /* an object's own */
        load->item++;
        s->code = pf_snapshot_item(load,
                                   (struct pf_sv){.ptr = s->window + (doc.start - s->base),
                                                  .len = (size_t)(s->base + s->at - doc.start)},
                                   NULL, s->err);
    }
    pf_arena_done(&doc.texts);
}

enum pf_code pf_snapshot_json(struct pf_snapshot_load *load, struct pf_err *err)
{
    struct stream s = {.source = load->source, .err = err};
    if (available(&s) && s.window[0] == '\xEF') {
        s.at = 3; /* a byte order mark; less than three bytes are caught as garbage below */
        s.at = s.at <= s.len ? s.at : 0;
    }
    while (next_byte(&s) != '\0' && s.code == PF_OK) {
        read_document(&s, load);
    }
    if (s.code == PF_OK && s.at < s.len) {
        fail(&s, "an object");
    }
    free(s.window);
    return s.code;
}

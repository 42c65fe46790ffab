/*
 * The reader of lists: the first two bytes say how the rest is cut. Whole, cut at the two places and byte by byte it must give the same items and the same result.
 * A text that jansson takes for a list is one for the reader, too, with the same items.
 */

#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include <podfit/watch_stream.h>

#define MAX_BYTES ((size_t)64 * 1024)
#define LIMIT     ((size_t)2048)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash;
    size_t items;
    uint64_t metadata; /* hash of resourceVersion and token */
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool on_item(void *ctx, struct pf_sv item)
{
    struct seen *seen = ctx;
    check(item.len >= 2 && item.len <= LIMIT && item.ptr[0] == '{');
    seen->hash = seen->hash * 31 + pf_sv_hash(item, 1);
    seen->items++;
    return seen->items < 1000;
}

static enum pf_code play(struct pf_sv text, const size_t *step, struct seen *seen)
{
    struct pf_list_stream *stream = NULL;
    struct pf_err err = {0};
    enum pf_code code = pf_list_stream_new(LIMIT, on_item, seen, &stream);
    check(code == PF_OK);
    for (size_t at = 0, i = 0; code == PF_OK && at < text.len; i++) {
        const size_t wanted = step[i < 2 ? i : 2];
        const size_t len = text.len - at < wanted ? text.len - at : wanted;
        code = pf_list_stream_feed(stream, (struct pf_sv){.ptr = text.ptr + at, .len = len}, &err);
        at += len;
    }
    if (code == PF_OK) {
        code = pf_list_stream_end(stream, &err);
    }
    check(code == err.code);
    seen->metadata = pf_sv_hash(pf_list_stream_resource_version(stream), 1) +
                     3 * pf_sv_hash(pf_list_stream_continue(stream), 2);
    pf_list_stream_free(stream);
    return code;
}

/* jansson's view: a list within our limits? */
static bool is_list(json_t *root, size_t *ret_items)
{
    const json_t *items = json_object_get(root, "items");
    const json_t *metadata = json_object_get(root, "metadata");
    const json_t *token = json_object_get(metadata, "continue");
    size_t index = 0;
    const json_t *item = NULL;
    if (!json_is_object(metadata) || !(json_is_array(items) || json_is_null(items)) ||
        json_string_length(json_object_get(metadata, "resourceVersion")) == 0 ||
        !(token == NULL || json_is_string(token) || json_is_null(token))) {
        return false;
    }
    json_array_foreach(items, index, item)
    {
        if (!json_is_object(item)) {
            return false;
        }
    }
    *ret_items = json_array_size(items);
    return *ret_items < 1000;
}

static void compare(struct pf_sv text, enum pf_code code, const struct seen *seen)
{
    /* NUL: jansson passes over one behind a number. Backslash: a key with escapes is none that the reader knows */
    if (text.len > LIMIT || memchr(text.ptr, '\0', text.len) != NULL ||
        memchr(text.ptr, '\\', text.len) != NULL) {
        return;
    }
    size_t items = 0;
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (root != NULL && is_list(root, &items)) {
        check(code == PF_OK && seen->items == items);
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > MAX_BYTES) {
        return 0;
    }
    const struct pf_sv text = {.ptr = (const char *)data + 2, .len = size - 2};
    const size_t whole[] = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
    const size_t cut[] = {data[0] + (size_t)1, data[1] + (size_t)1, SIZE_MAX};
    const size_t bytes[] = {1, 1, 1};
    struct seen first = {0};
    struct seen second = {0};
    struct seen third = {0};
    const enum pf_code code = play(text, whole, &first);
    check(play(text, cut, &second) == code && play(text, bytes, &third) == code);
    check(memcmp(&first, &second, sizeof(first)) == 0);
    check(memcmp(&first, &third, sizeof(first)) == 0);
    compare(text, code, &first);
    return 0;
}

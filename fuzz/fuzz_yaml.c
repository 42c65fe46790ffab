/*
 * YAML: whatever parses gives JSON that jansson reads, and YAML that reads as the same JSON; the splitter gives the same items however the
 * input is cut into reads. The first byte chooses how.
 */

#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include <podfit/yaml_split.h>

#define MAX_BYTES  ((size_t)1024 * 1024)
#define MAX_ARENA  ((size_t)16 * 1024 * 1024)
#define MAX_VALUES 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void check_json(struct pf_sv json)
{
    json_error_t error;
    json_t *value = json_loadb(json.ptr, json.len,
                               JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL |
                                   JSON_REJECT_DUPLICATES,
                               &error);
    /* jansson cannot hold a key with U+0000 */
    demand(value != NULL || json_error_code(&error) == json_error_null_byte_in_key);
    json_decref(value);
}

static void check_round_trip(const struct pf_yaml_node *root, struct pf_sv json)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    pf_autobuf struct pf_buf yaml = {.data = NULL};
    pf_autobuf struct pf_buf again = {.data = NULL};
    const struct pf_yaml_node *copy = NULL;
    pf_arena_init(&arena, MAX_ARENA);
    pf_buf_init(&yaml, 8 * MAX_BYTES);
    pf_buf_init(&again, MAX_BYTES);
    if (pf_yaml_write(root, 0, &yaml, NULL) != PF_OK) {
        return;
    }
    enum pf_code code =
        pf_yaml_parse_one("again", pf_buf_view(&yaml), 8 * MAX_BYTES, &arena, &copy, NULL);
    if (code == PF_E_NO_MEMORY) {
        return; /* aliases are written out, so the copy can be larger */
    }
    demand(code == PF_OK);
    demand(copy->nodes == root->nodes);
    demand(pf_yaml_json_write(copy, &again, NULL) == PF_OK);
    /* numbers are normalised on the way (0x10, +1), the rest is equal byte by byte */
    if (memchr(json.ptr, '-', json.len) == NULL && memchr(json.ptr, '0', json.len) == NULL) {
        demand(pf_sv_eq(pf_buf_view(&again), json));
    }
}

static void check_documents(struct pf_sv input)
{
    pf_autoarena struct pf_arena arena = {.head = NULL};
    struct pf_yaml_docs docs = {.count = 0};
    pf_arena_init(&arena, MAX_ARENA);
    if (pf_yaml_parse("fuzz", input, MAX_BYTES, &arena, &docs, NULL) != PF_OK) {
        return;
    }
    for (size_t i = 0; i < docs.count; i++) {
        pf_autobuf struct pf_buf json = {.data = NULL};
        pf_buf_init(&json, MAX_BYTES);
        if (docs.roots[i]->nodes < MAX_VALUES &&
            pf_yaml_json_write(docs.roots[i], &json, NULL) == PF_OK) {
            check_json(pf_buf_view(&json));
            check_round_trip(docs.roots[i], pf_buf_view(&json));
        }
    }
}

struct source {
    struct pf_sv rest;
    uint32_t random; /* 0: as much as fits */
};

static enum pf_code read_source(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                                PF_UNUSED struct pf_err *err)
{
    struct source *source = opaque;
    size_t len = source->rest.len < cap ? source->rest.len : cap;
    if (source->random != 0 && len != 0) {
        source->random = source->random * 1664525U + 1013904223U;
        len = 1 + (source->random >> 16U) % len;
    }
    if (len != 0) {
        memcpy(bytes, source->rest.ptr, len);
        source->rest.ptr += len;
        source->rest.len -= len;
    }
    *ret_len = len;
    return PF_OK;
}

static enum pf_code on_item(void *opaque, const struct pf_yaml_node *item,
                            PF_UNUSED struct pf_err *err)
{
    struct pf_buf *log = opaque;
    if (item->nodes < MAX_VALUES && pf_yaml_json_write(item, log, NULL) != PF_OK) {
        pf_buf_append_cstr(log, "not JSON");
    }
    pf_buf_append_char(log, '\n');
    return PF_OK;
}

static enum pf_code split(struct pf_sv input, uint32_t random, struct pf_buf *log)
{
    static const struct pf_yaml_split_limits limits = {
        .max_bytes = MAX_BYTES, .max_object_bytes = MAX_BYTES, .max_arena_bytes = MAX_ARENA};
    const struct pf_yaml_split_handler handler = {.on_item = on_item, .opaque = log};
    struct source source = {.rest = input, .random = random};
    pf_buf_init(log, MAX_BYTES);
    return pf_yaml_split("fuzz", read_source, &source, &limits, &handler, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct pf_sv input = {.ptr = (const char *)data + 1, .len = size - 1};
    pf_autobuf struct pf_buf whole = {.data = NULL};
    pf_autobuf struct pf_buf pieces = {.data = NULL};
    check_documents(input);
    enum pf_code code = split(input, 0, &whole);
    enum pf_code piecewise = split(input, (uint32_t)data[0] + 1, &pieces);
    demand((code == PF_OK) == (piecewise == PF_OK));
    if (code == PF_OK) {
        demand(pf_sv_eq(pf_buf_view(&whole), pf_buf_view(&pieces)));
    } else {
        /* bytes that are no UTF-8 are seen when they are read, so small reads get further before it */
        size_t len = whole.len < pieces.len ? whole.len : pieces.len;
        demand(len == 0 || memcmp(whole.data, pieces.data, len) == 0);
    }
    return 0;
}

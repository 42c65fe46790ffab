#include <stdio.h>

#include "compose.h"
#include <podfit/mem.h>
#include <podfit/yaml.h>

/* a pf_yaml_read_fn over bytes in memory */
struct memory {
    struct pf_sv rest;
};

static enum pf_code read_memory(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                                PF_UNUSED struct pf_err *err)
{
    struct memory *memory = opaque;
    size_t len = memory->rest.len < cap ? memory->rest.len : cap;
    if (len != 0) {
        memcpy(bytes, memory->rest.ptr, len);
        memory->rest.ptr += len;
        memory->rest.len -= len;
    }
    *ret_len = len;
    return PF_OK;
}

/* the current event is DOCUMENT-START; afterwards it is DOCUMENT-END */
static enum pf_code read_document(struct pf_compose *compose, const struct pf_yaml_node **ret_root,
                                  struct pf_err *err)
{
    const struct pf_yaml_node *root = NULL;
    enum pf_code code = pf_events_next(compose->events, err);
    if (code != PF_OK) {
        return code;
    }
    if (!pf_events_is_nothing(compose->events)) {
        code = pf_compose_node(compose, 1, &root, err);
    }
    code = code != PF_OK ? code : pf_events_next(compose->events, err);
    if (code == PF_OK) {
        *ret_root = root;
    }
    return code;
}

/* roots collect in a malloc'd array until their number is known */
struct roots {
    const struct pf_yaml_node **items;
    size_t count;
    size_t cap;
};

static enum pf_code read_documents(struct pf_compose *compose, struct roots *roots,
                                   struct pf_err *err)
{
    for (;;) {
        const struct pf_yaml_node *root = NULL;
        enum pf_code code = pf_events_next(compose->events, err);
        if (code != PF_OK || compose->events->event.type == YAML_STREAM_END_EVENT) {
            return code;
        }
        if (compose->events->event.type != YAML_DOCUMENT_START_EVENT) {
            continue; /* STREAM-START */
        }
        pf_compose_reset(compose);
        code = read_document(compose, &root, err);
        if (code != PF_OK) {
            return code;
        }
        if (root == NULL) {
            continue;
        }
        if (!pf_mem_grow((void *)&roots->items, &roots->cap, roots->count, sizeof(void *))) {
            return pf_compose_no_memory(compose, err);
        }
        roots->items[roots->count++] = root;
    }
}

static enum pf_code parse_into(struct pf_events *events, struct pf_arena *arena,
                               struct pf_yaml_docs *ret_docs, struct pf_err *err)
{
    pf_autocompose struct pf_compose compose = {.events = NULL};
    struct roots roots = {.items = NULL};
    pf_compose_init(&compose, events, arena);
    enum pf_code code = read_documents(&compose, &roots, err);
    const struct pf_yaml_node **copy = NULL;
    if (code == PF_OK && roots.count != 0) {
        copy = pf_arena_calloc(arena, roots.count, sizeof(void *));
        if (copy == NULL) {
            code = pf_compose_no_memory(&compose, err);
        } else {
            memcpy((void *)copy, (const void *)roots.items, roots.count * sizeof(void *));
        }
    }
    if (code == PF_OK) {
        *ret_docs = (struct pf_yaml_docs){.roots = copy, .count = roots.count};
    }
    free((void *)roots.items);
    return code;
}

enum pf_code pf_yaml_parse(const char *file, struct pf_sv bytes, size_t max_bytes,
                           struct pf_arena *arena, struct pf_yaml_docs *ret_docs,
                           struct pf_err *err)
{
    struct memory memory = {.rest = bytes};
    const struct pf_yaml_split_limits limits = {.max_bytes = max_bytes};
    pf_autoevents struct pf_events events = {.file = NULL};
    enum pf_code code = pf_events_init(&events, file, read_memory, &memory, &limits, err);
    if (code == PF_OK && bytes.len > max_bytes) {
        code = pf_err_set(err, PF_E_TOO_BIG, "%s: input has %zu bytes, the limit is %zu",
                          pf_events_file(&events), bytes.len, max_bytes);
    }
    if (code == PF_OK) {
        code = parse_into(&events, arena, ret_docs, err);
    }
    return code;
}

enum pf_code pf_yaml_parse_one(const char *file, struct pf_sv bytes, size_t max_bytes,
                               struct pf_arena *arena, const struct pf_yaml_node **ret_root,
                               struct pf_err *err)
{
    struct pf_yaml_docs docs = {.count = 0};
    enum pf_code code = pf_yaml_parse(file, bytes, max_bytes, arena, &docs, err);
    if (code != PF_OK) {
        return code;
    }
    const char *name = strcmp(file, "-") == 0 ? "stdin" : file;
    if (docs.count == 0 || docs.roots == NULL) {
        return pf_err_set(err, PF_E_INVALID, "%s: there is no YAML document in it", name);
    }
    if (docs.count > 1) {
        return pf_err_set(err, PF_E_INVALID,
                          "%s:%u:%u: a second YAML document, only one is allowed", name,
                          docs.roots[1]->mark.line, docs.roots[1]->mark.column);
    }
    *ret_root = docs.roots[0];
    return PF_OK;
}

const struct pf_yaml_node *pf_yaml_get(const struct pf_yaml_node *node, const char *key)
{
    if (node == NULL || node->type != PF_YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (pf_sv_eq_cstr(node->value.members[i].key, key)) {
            return node->value.members[i].value;
        }
    }
    return NULL;
}

bool pf_yaml_to_i64(const struct pf_yaml_node *node, int64_t *ret_value)
{
    if (node == NULL || node->type != PF_YAML_INT) {
        return false;
    }
    uint64_t magnitude = node->value.integer.magnitude;
    if (node->value.integer.negative) {
        /* the resolver gives no negative magnitude over 2^63; -(m - 1) - 1 reaches INT64_MIN */
        *ret_value = magnitude == 0 ? 0 : -(int64_t)(magnitude - 1) - 1;
        return true;
    }
    if (magnitude > INT64_MAX) {
        return false;
    }
    *ret_value = (int64_t)magnitude;
    return true;
}

const char *pf_yaml_type_name(enum pf_yaml_type type)
{
    static const char *const names[] = {
        [PF_YAML_NULL] = "null",    [PF_YAML_BOOL] = "boolean",  [PF_YAML_INT] = "integer",
        [PF_YAML_FLOAT] = "number", [PF_YAML_STRING] = "string", [PF_YAML_SEQ] = "list",
        [PF_YAML_MAP] = "map",
    };
    return (size_t)type < PF_ARRAY_LEN(names) ? names[type] : "unknown";
}

#include "compose.h"

#include <stdio.h>

#include "resolve.h"
#include <podfit/clock.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

void pf_compose_init(struct pf_compose *compose, struct pf_events *events, struct pf_arena *arena)
{
    *compose = (struct pf_compose){.events = events, .arena = arena};
    pf_map_init(&compose->anchors, pf_random_u64());
}

void pf_compose_done(struct pf_compose *compose)
{
    pf_map_done(&compose->anchors);
    free(compose->stack);
    compose->stack = NULL;
    compose->stack_count = 0;
    compose->stack_cap = 0;
}

void pf_compose_reset(struct pf_compose *compose)
{
    if (compose->anchors.cap != 0) {
        uint64_t seed = compose->anchors.seed;
        pf_map_done(&compose->anchors);
        pf_map_init(&compose->anchors, seed);
    }
    compose->stack_count = 0;
    compose->nodes = 0;
}

enum pf_code pf_compose_no_memory(const struct pf_compose *compose, struct pf_err *err)
{
    return pf_err_set(err, PF_E_NO_MEMORY,
                      "%s: the tree needs more memory than there is or than its limit of %zu bytes",
                      pf_events_file(compose->events), compose->arena->max_bytes);
}

static enum pf_code charge(struct pf_compose *compose, struct pf_yaml_mark mark, size_t nodes,
                           struct pf_err *err)
{
    if (nodes > PF_YAML_MAX_NODES - compose->nodes) {
        return pf_err_set(err, PF_E_TOO_BIG,
                          PF_COMPOSE_AT
                          "more than %zu values after aliases are expanded, which is the limit",
                          PF_COMPOSE_AT_ARGS(compose, mark), PF_YAML_MAX_NODES);
    }
    compose->nodes += nodes;
    return PF_OK;
}

static enum pf_code check_depth(const struct pf_compose *compose, struct pf_yaml_mark mark,
                                uint32_t depth, struct pf_err *err)
{
    if (depth > PF_YAML_MAX_DEPTH) {
        return pf_err_set(err, PF_E_TOO_BIG,
                          PF_COMPOSE_AT "nested deeper than the limit of %d levels",
                          PF_COMPOSE_AT_ARGS(compose, mark), PF_YAML_MAX_DEPTH);
    }
    return PF_OK;
}

static bool has_text(const yaml_char_t *text)
{
    return text != NULL && text[0] != '\0';
}

static const char *event_tag(const yaml_event_t *event)
{
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        tag = event->data.mapping_start.tag;
    }
    return has_text(tag) ? (const char *)tag : NULL;
}

static const yaml_char_t *event_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        return event->data.scalar.anchor;
    }
    return event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor
                                                    : event->data.mapping_start.anchor;
}

static enum pf_code refuse_tag(const struct pf_compose *compose, const char *tag,
                               struct pf_err *err)
{
    return pf_err_set(
        err, PF_E_UNSUPPORTED,
        PF_COMPOSE_AT
        "tag '%.60s' is not known here, allowed are !!str, !!int, !!float, !!bool, !!null, "
        "!!timestamp, !!seq and !!map",
        PF_COMPOSE_AT_ARGS(compose, pf_events_mark(compose->events)), tag);
}

enum pf_code pf_compose_check_tag(const struct pf_compose *compose, struct pf_err *err)
{
    const yaml_event_t *event = &compose->events->event;
    const char *tag = event_tag(event);
    const char *expected = event->type == YAML_MAPPING_START_EVENT ? YAML_MAP_TAG : YAML_SEQ_TAG;
    if (tag == NULL || strcmp(tag, "!") == 0 || strcmp(tag, expected) == 0) {
        return PF_OK;
    }
    return refuse_tag(compose, tag, err);
}

static enum pf_yaml_style scalar_style(const yaml_event_t *event)
{
    switch (event->data.scalar.style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return PF_YAML_QUOTED;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
        return PF_YAML_BLOCK;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE:
    default:
        return PF_YAML_PLAIN;
    }
}

static enum pf_code read_scalar(struct pf_compose *compose, struct pf_yaml_node *ret_node,
                                struct pf_err *err)
{
    const yaml_event_t *event = &compose->events->event;
    struct pf_yaml_node node = {.mark = pf_events_mark(compose->events),
                                .style = scalar_style(event),
                                .height = 1,
                                .nodes = 1};
    struct pf_sv text = {.ptr = (const char *)event->data.scalar.value,
                         .len = event->data.scalar.length};
    const char *tag = event_tag(event);
    if (!pf_arena_dup_sv(compose->arena, text, &node.text)) {
        return pf_compose_no_memory(compose, err);
    }
    enum pf_code code = pf_resolve_scalar(&node, tag, compose->arena);
    if (code == PF_E_NO_MEMORY) {
        return pf_compose_no_memory(compose, err);
    }
    if (code == PF_E_UNSUPPORTED) {
        return refuse_tag(compose, tag, err);
    }
    if (code != PF_OK) {
        return pf_err_set(err, PF_E_INVALID,
                          PF_COMPOSE_AT "'%.60s' is not what its tag '%.60s' says",
                          PF_COMPOSE_AT_ARGS(compose, node.mark), node.text.ptr, tag);
    }
    *ret_node = node;
    return PF_OK;
}

/* an anchor is known from where it begins, so that an alias to itself is told from an unknown one */
static enum pf_code begin_anchor(struct pf_compose *compose, struct pf_sv *ret_name,
                                 struct pf_err *err)
{
    const yaml_char_t *anchor = event_anchor(&compose->events->event);
    if (anchor == NULL) {
        return PF_OK;
    }
    struct pf_sv name = {.ptr = NULL};
    if (!pf_arena_dup_sv(compose->arena, pf_sv_from((const char *)anchor), &name)) {
        return pf_compose_no_memory(compose, err);
    }
    /* the table keeps the first view of a name, which lives in the arena too */
    if (!pf_map_put(&compose->anchors, name, 0)) {
        return pf_compose_no_memory(compose, err);
    }
    *ret_name = name;
    return PF_OK;
}

static enum pf_code end_anchor(struct pf_compose *compose, struct pf_sv name,
                               const struct pf_yaml_node *node, struct pf_err *err)
{
    if (name.ptr != NULL && !pf_map_put(&compose->anchors, name, (uint64_t)(uintptr_t)node)) {
        return pf_compose_no_memory(compose, err);
    }
    return PF_OK;
}

static bool find_anchor(const struct pf_compose *compose, struct pf_sv name, uint64_t *ret_value)
{
    for (const struct pf_compose *c = compose; c != NULL; c = c->parent) {
        if (pf_map_get(&c->anchors, name, ret_value)) {
            return true;
        }
    }
    return false;
}

static enum pf_code read_alias(struct pf_compose *compose, uint32_t depth,
                               const struct pf_yaml_node **ret_node, struct pf_err *err)
{
    struct pf_sv name = pf_sv_from((const char *)compose->events->event.data.alias.anchor);
    struct pf_yaml_mark mark = pf_events_mark(compose->events);
    uint64_t value = 0;
    if (!find_anchor(compose, name, &value)) {
        return pf_err_set(err, PF_E_INVALID,
                          PF_COMPOSE_AT "alias '%.60s' has no anchor before it%s",
                          PF_COMPOSE_AT_ARGS(compose, mark), name.ptr,
                          compose->parent != NULL ? " in this item" : "");
    }
    if (value == 0) {
        return pf_err_set(err, PF_E_INVALID, PF_COMPOSE_AT "anchor '%.60s' contains itself",
                          PF_COMPOSE_AT_ARGS(compose, mark), name.ptr);
    }
    const struct pf_yaml_node *node = (const struct pf_yaml_node *)(uintptr_t)value;
    enum pf_code code = charge(compose, mark, node->nodes, err);
    if (code == PF_OK) {
        code = check_depth(compose, mark, depth + node->height - 1, err);
    }
    if (code == PF_OK) {
        *ret_node = node;
    }
    return code;
}

enum pf_code pf_compose_push(struct pf_compose *compose, const struct pf_yaml_member *member,
                             struct pf_err *err)
{
    if (!pf_mem_grow((void *)&compose->stack, &compose->stack_cap, compose->stack_count,
                     sizeof(*compose->stack))) {
        return pf_compose_no_memory(compose, err);
    }
    compose->stack[compose->stack_count++] = *member;
    return PF_OK;
}

static bool is_merge_key(const yaml_event_t *event)
{
    const char *tag = event_tag(event);
    if (event->data.scalar.length != 2 || memcmp(event->data.scalar.value, "<<", 2) != 0) {
        return false;
    }
    return tag != NULL ? strcmp(tag, PF_RESOLVE_TAG_PREFIX "merge") == 0
                       : scalar_style(event) == PF_YAML_PLAIN;
}

/* sigs.k8s.io/yaml, convertToJSONableObject: keys that are numbers or booleans become text */
static enum pf_code key_text(struct pf_compose *compose, const struct pf_yaml_node *node,
                             struct pf_sv *ret_key, struct pf_err *err)
{
    struct pf_sv key = node->text;
    if (node->type == PF_YAML_BOOL) {
        key = node->value.boolean ? PF_SV("true") : PF_SV("false");
    } else if (node->type == PF_YAML_INT) {
        key = pf_sv_from(pf_arena_printf(compose->arena, "%s%llu",
                                         node->value.integer.negative ? "-" : "",
                                         (unsigned long long)node->value.integer.magnitude));
        if (key.ptr == NULL) {
            return pf_compose_no_memory(compose, err);
        }
    }
    *ret_key = key;
    return PF_OK;
}

static enum pf_code refuse_key(const struct pf_compose *compose, struct pf_yaml_mark mark,
                               enum pf_yaml_type type, struct pf_err *err)
{
    return pf_err_set(err, PF_E_UNSUPPORTED, PF_COMPOSE_AT "a key is a %s, it must be a string",
                      PF_COMPOSE_AT_ARGS(compose, mark), pf_yaml_type_name(type));
}

enum pf_code pf_compose_key(struct pf_compose *compose, struct pf_yaml_member *ret_member,
                            struct pf_err *err)
{
    const yaml_event_t *event = &compose->events->event;
    struct pf_yaml_member member = {.key_mark = pf_events_mark(compose->events)};
    struct pf_yaml_node scalar = {.height = 0};
    const struct pf_yaml_node *node = &scalar;
    enum pf_code code = PF_OK;
    if (event->type == YAML_SCALAR_EVENT && is_merge_key(event)) {
        *ret_member = member;
        return charge(compose, member.key_mark, 1, err);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
        return refuse_key(compose, member.key_mark,
                          event->type == YAML_MAPPING_START_EVENT ? PF_YAML_MAP : PF_YAML_SEQ, err);
    }
    if (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor == NULL) {
        code = charge(compose, member.key_mark, 1, err);
        code = code != PF_OK ? code : read_scalar(compose, &scalar, err);
    } else {
        code = pf_compose_node(compose, 1, &node, err);
    }
    if (code != PF_OK) {
        return code;
    }
    if (node->type == PF_YAML_NULL || node->type == PF_YAML_SEQ || node->type == PF_YAML_MAP) {
        return refuse_key(compose, member.key_mark, node->type, err);
    }
    code = key_text(compose, node, &member.key, err);
    if (code == PF_OK) {
        *ret_member = member;
    }
    return code;
}

static enum pf_code read_map(struct pf_compose *compose, uint32_t depth, struct pf_yaml_node *map,
                             struct pf_err *err)
{
    size_t base = compose->stack_count;
    for (;;) {
        struct pf_yaml_member member = {.value = NULL};
        enum pf_code code = pf_events_next(compose->events, err);
        if (code != PF_OK) {
            return code;
        }
        if (compose->events->event.type == YAML_MAPPING_END_EVENT) {
            return pf_compose_map_finish(compose, base, map, err);
        }
        code = pf_compose_key(compose, &member, err);
        code = code != PF_OK ? code : pf_events_next(compose->events, err);
        code = code != PF_OK ? code : pf_compose_node(compose, depth + 1, &member.value, err);
        code = code != PF_OK ? code : pf_compose_push(compose, &member, err);
        if (code != PF_OK) {
            return code;
        }
    }
}

static enum pf_code finish_seq(struct pf_compose *compose, size_t base, struct pf_yaml_node *seq,
                               struct pf_err *err)
{
    size_t count = compose->stack_count - base;
    const struct pf_yaml_node **items = pf_arena_calloc(compose->arena, count, sizeof(void *));
    if (count != 0 && items == NULL) {
        return pf_compose_no_memory(compose, err);
    }
    seq->type = PF_YAML_SEQ;
    for (size_t i = 0; i < count; i++) {
        const struct pf_yaml_node *item = compose->stack[base + i].value;
        items[i] = item;
        seq->nodes += item->nodes;
        seq->height = seq->height > item->height ? seq->height : item->height + 1;
    }
    seq->value.items = items;
    seq->count = count;
    compose->stack_count = base;
    return PF_OK;
}

static enum pf_code read_seq(struct pf_compose *compose, uint32_t depth, struct pf_yaml_node *seq,
                             struct pf_err *err)
{
    size_t base = compose->stack_count;
    for (;;) {
        struct pf_yaml_member item = {.value = NULL};
        enum pf_code code = pf_events_next(compose->events, err);
        if (code != PF_OK) {
            return code;
        }
        if (compose->events->event.type == YAML_SEQUENCE_END_EVENT) {
            return finish_seq(compose, base, seq, err);
        }
        code = pf_compose_node(compose, depth + 1, &item.value, err);
        code = code != PF_OK ? code : pf_compose_push(compose, &item, err);
        if (code != PF_OK) {
            return code;
        }
    }
}

static enum pf_code read_collection(struct pf_compose *compose, uint32_t depth,
                                    struct pf_yaml_node *node, struct pf_err *err)
{
    const yaml_event_t *event = &compose->events->event;
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    bool is_flow = is_map ? event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
                          : event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    enum pf_code code = pf_compose_check_tag(compose, err);
    if (code != PF_OK) {
        return code;
    }
    node->style = is_flow ? PF_YAML_FLOW : PF_YAML_BLOCK;
    node->mark = pf_events_mark(compose->events);
    return is_map ? read_map(compose, depth, node, err) : read_seq(compose, depth, node, err);
}

enum pf_code pf_compose_node(struct pf_compose *compose, uint32_t depth,
                             const struct pf_yaml_node **ret_node, struct pf_err *err)
{
    const yaml_event_t *event = &compose->events->event;
    struct pf_yaml_mark mark = pf_events_mark(compose->events);
    struct pf_sv anchor = {.ptr = NULL};
    if (event->type == YAML_ALIAS_EVENT) {
        return read_alias(compose, depth, ret_node, err);
    }
    enum pf_code code = charge(compose, mark, 1, err);
    code = code != PF_OK ? code : check_depth(compose, mark, depth, err);
    code = code != PF_OK ? code : begin_anchor(compose, &anchor, err);
    if (code != PF_OK) {
        return code;
    }
    struct pf_yaml_node *node = pf_arena_alloc(compose->arena, sizeof(*node));
    if (node == NULL) {
        return pf_compose_no_memory(compose, err);
    }
    *node = (struct pf_yaml_node){.height = 1, .nodes = 1};
    code = event->type == YAML_SCALAR_EVENT ? read_scalar(compose, node, err)
                                            : read_collection(compose, depth, node, err);
    code = code != PF_OK ? code : end_anchor(compose, anchor, node, err);
    if (code == PF_OK) {
        *ret_node = node;
    }
    return code;
}

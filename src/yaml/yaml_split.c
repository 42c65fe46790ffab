#include "compose.h"
#include <podfit/yaml_split.h>

/* one run of the splitter */
struct split {
    struct pf_events *events;
    const struct pf_yaml_split_handler *handler;
    struct pf_compose document; /* keys of the present document */
    struct pf_compose item;     /* one element of its items */
    bool is_list;
};

/* stands for the streamed items among the members, so that a second `items` is a duplicate key */
static const struct pf_yaml_node streamed_items = {.type = PF_YAML_SEQ, .height = 1, .nodes = 1};

static enum pf_code report_item(const struct split *split, const struct pf_yaml_node *item,
                                struct pf_err *err)
{
    return split->handler->on_item(split->handler->opaque, item, err);
}

static enum pf_code report_field(const struct split *split, const struct pf_yaml_member *member,
                                 struct pf_err *err)
{
    const bool is_items = member->key.ptr != NULL && pf_sv_eq(member->key, PF_SV("items"));
    if (split->handler->on_field == NULL || member->key.ptr == NULL ||
        (is_items && member->value->type == PF_YAML_SEQ)) {
        return PF_OK;
    }
    return split->handler->on_field(split->handler->opaque, member->key, member->value, err);
}

static enum pf_code begin_list(struct split *split, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    split->is_list = true;
    for (size_t i = 0; code == PF_OK && i < split->document.stack_count; i++) {
        code = report_field(split, &split->document.stack[i], err);
    }
    return code;
}

/* the current event is the start of the list; afterwards it is its end */
static enum pf_code stream_items(struct split *split, struct pf_err *err)
{
    enum pf_code code = pf_compose_check_tag(&split->document, err);
    while (code == PF_OK) {
        const struct pf_yaml_node *item = NULL;
        pf_compose_reset(&split->item);
        pf_arena_reset(split->item.arena);
        pf_events_begin_object(split->events);
        code = pf_events_next(split->events, err);
        if (code == PF_OK && split->events->event.type == YAML_SEQUENCE_END_EVENT) {
            return PF_OK;
        }
        /* the item stands at depth 1 of its own tree */
        code = code != PF_OK ? code : pf_compose_node(&split->item, 1, &item, err);
        code = code != PF_OK ? code : report_item(split, item, err);
    }
    return code;
}

/* one member of the root; the current event is its key */
static enum pf_code read_member(struct split *split, struct pf_err *err)
{
    struct pf_compose *document = &split->document;
    struct pf_yaml_member member = {.value = NULL};
    enum pf_code code = pf_compose_key(document, &member, err);
    code = code != PF_OK ? code : pf_events_next(split->events, err);
    if (code != PF_OK) {
        return code;
    }
    bool is_items = member.key.ptr != NULL && pf_sv_eq(member.key, PF_SV("items")) &&
                    split->events->event.type == YAML_SEQUENCE_START_EVENT && !split->is_list;
    if (is_items) {
        member.value = &streamed_items;
        code = begin_list(split, err);
        code = code != PF_OK ? code : stream_items(split, err);
    } else {
        code = pf_compose_node(document, 2, &member.value, err);
        if (code == PF_OK && split->is_list) {
            code = report_field(split, &member, err);
        }
    }
    return code != PF_OK ? code : pf_compose_push(document, &member, err);
}

/* `items: *list` and items that a merge key brings are in the tree already */
static enum pf_code report_tree(struct split *split, const struct pf_yaml_node *root,
                                struct pf_err *err)
{
    const struct pf_yaml_node *items = pf_yaml_get(root, "items");
    enum pf_code code = PF_OK;
    if (items == NULL || items->type != PF_YAML_SEQ) {
        return report_item(split, root, err);
    }
    split->is_list = true;
    for (size_t i = 0; code == PF_OK && i < root->count; i++) {
        code = report_field(split, &root->value.members[i], err);
    }
    for (size_t i = 0; code == PF_OK && i < items->count; i++) {
        code = report_item(split, items->value.items[i], err);
    }
    return code;
}

static enum pf_code split_root(struct split *split, struct pf_err *err)
{
    struct pf_yaml_node root = {.style = PF_YAML_BLOCK, .mark = pf_events_mark(split->events)};
    enum pf_code code = pf_compose_check_tag(&split->document, err);
    while (code == PF_OK) {
        code = pf_events_next(split->events, err);
        if (code == PF_OK && split->events->event.type == YAML_MAPPING_END_EVENT) {
            break;
        }
        code = code != PF_OK ? code : read_member(split, err);
    }
    code = code != PF_OK ? code : pf_compose_map_finish(&split->document, 0, &root, err);
    if (code == PF_OK && !split->is_list) {
        code = report_tree(split, &root, err);
    }
    return code;
}

/* the current event is DOCUMENT-START; afterwards it is DOCUMENT-END */
static enum pf_code split_document(struct split *split, struct pf_err *err)
{
    split->is_list = false;
    pf_compose_reset(&split->document);
    pf_arena_reset(split->document.arena);
    pf_events_begin_object(split->events);
    enum pf_code code = pf_events_next(split->events, err);
    if (code != PF_OK) {
        return code;
    }
    if (pf_events_is_nothing(split->events)) {
        return pf_events_next(split->events, err);
    }
    if (split->events->event.type != YAML_MAPPING_START_EVENT) {
        struct pf_yaml_mark mark = pf_events_mark(split->events);
        return pf_err_set(err, PF_E_INVALID, "%s:%u:%u: a document must be an object (a map)",
                          pf_events_file(split->events), mark.line, mark.column);
    }
    code = split_root(split, err);
    if (code == PF_OK && split->handler->on_document != NULL) {
        code = split->handler->on_document(split->handler->opaque, split->is_list, err);
    }
    return code != PF_OK ? code : pf_events_next(split->events, err);
}

static enum pf_code split_stream(struct split *split, struct pf_err *err)
{
    for (;;) {
        enum pf_code code = pf_events_next(split->events, err);
        if (code != PF_OK || split->events->event.type == YAML_STREAM_END_EVENT) {
            return code;
        }
        if (split->events->event.type != YAML_DOCUMENT_START_EVENT) {
            continue; /* STREAM-START */
        }
        code = split_document(split, err);
        if (code != PF_OK) {
            return code;
        }
    }
}

enum pf_code pf_yaml_split(const char *file, pf_yaml_read_fn read, void *opaque,
                           const struct pf_yaml_split_limits *limits,
                           const struct pf_yaml_split_handler *handler, struct pf_err *err)
{
    pf_autoarena struct pf_arena document_arena = {.head = NULL};
    pf_autoarena struct pf_arena item_arena = {.head = NULL};
    pf_autoevents struct pf_events events = {.file = NULL};
    struct split split = {.events = &events, .handler = handler};
    pf_arena_init(&document_arena, limits->max_arena_bytes);
    pf_arena_init(&item_arena, limits->max_arena_bytes);
    enum pf_code code = pf_events_init(&events, file, read, opaque, limits, err);
    if (code != PF_OK) {
        return code;
    }
    pf_compose_init(&split.document, &events, &document_arena);
    pf_compose_init(&split.item, &events, &item_arena);
    split.item.parent = &split.document;
    code = split_stream(&split, err);
    pf_compose_done(&split.item);
    pf_compose_done(&split.document);
    return code;
}

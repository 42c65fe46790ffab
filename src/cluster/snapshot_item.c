#include <inttypes.h>
#include <stddef.h>

#include "snapshot_internal.h"
#include <podfit/cursor.h>
#include <podfit/limits.h>

/** One kind of object: a row here is all that a new one needs. */
struct kind_row {
    struct pf_sv api_version;
    struct pf_sv kind;
    size_t counter; /**< offset in struct pf_snapshot_stats */
    enum pf_code (*apply)(struct pf_model *model, struct pf_arena *arena, struct pf_sv json,
                          struct pf_err *err);
};

static const struct kind_row kind_rows[] = {
    {PF_SV_INIT("v1"), PF_SV_INIT("Node"), offsetof(struct pf_snapshot_stats, nodes),
     pf_feed_apply_node},
    {PF_SV_INIT("v1"), PF_SV_INIT("Pod"), offsetof(struct pf_snapshot_stats, pods),
     pf_feed_apply_pod},
    {PF_SV_INIT("v1"), PF_SV_INIT("Namespace"), offsetof(struct pf_snapshot_stats, namespaces),
     pf_feed_apply_namespace},
};

static void read_meta(struct pf_cursor *c, struct pf_arena *arena, struct pf_snapshot_head *head)
{
    struct pf_sv key = {0};
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_key(c, &key)) {
        if (pf_sv_eq_cstr(key, "name")) {
            (void)pf_cursor_string(c, arena, &head->name);
        } else if (pf_sv_eq_cstr(key, "namespace")) {
            (void)pf_cursor_string(c, arena, &head->namespace_);
        }
    }
}

/* @param whole  false: stop as soon as the kind is known, a decoder looks at the rest */
static enum pf_code read_head(struct pf_arena *arena, struct pf_sv json, bool whole,
                              struct pf_snapshot_head *head, struct pf_err *err)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    while ((whole || head->kind.len == 0 || head->api_version.len == 0) &&
           pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "kind")) {
            (void)pf_cursor_string(&c, arena, &head->kind);
        } else if (pf_sv_eq_cstr(key, "apiVersion")) {
            (void)pf_cursor_string(&c, arena, &head->api_version);
        } else if (whole && pf_sv_eq_cstr(key, "metadata")) {
            read_meta(&c, arena, head);
        }
    }
    if (whole) {
        (void)pf_cursor_end(&c);
    }
    return pf_cursor_error(&c, err);
}

/* `Pod` of `PodList`; empty when it is no such kind. */
static struct pf_sv kind_of_items(struct pf_sv kind)
{
    static const struct pf_sv suffix = PF_SV_INIT("List");
    const bool list =
        kind.len > suffix.len &&
        pf_sv_eq((struct pf_sv){kind.ptr + kind.len - suffix.len, suffix.len}, suffix);
    return list ? (struct pf_sv){.ptr = kind.ptr, .len = kind.len - suffix.len} : (struct pf_sv){0};
}

/* Items of a PodList say nothing themselves: they are what the list's name says. */
static void inherit(struct pf_snapshot_head *head, const struct pf_snapshot_list *list)
{
    if (list == NULL) {
        return;
    }
    if (head->kind.len == 0) {
        head->kind = kind_of_items(list->kind);
    }
    if (head->api_version.len == 0) {
        head->api_version = list->api_version;
    }
}

static const struct kind_row *find_row(const struct pf_snapshot_head *head)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(kind_rows); i++) {
        if (pf_sv_eq(head->kind, kind_rows[i].kind) &&
            (head->api_version.len == 0 || pf_sv_eq(head->api_version, kind_rows[i].api_version))) {
            return &kind_rows[i];
        }
    }
    return NULL;
}

/* Name the object that is to blame, as far as it can be read. */
static enum pf_code blame(const struct pf_snapshot_load *load, struct pf_sv json,
                          const struct pf_snapshot_head *known, enum pf_code code,
                          struct pf_err *err)
{
    struct pf_snapshot_head head = *known;
    struct pf_arena names;
    pf_arena_init(&names, (size_t)64 * 1024);
    (void)read_head(&names, json, /* whole= */ true, &head, NULL);
    const char *space = head.kind.len != 0 && head.name.len != 0 ? " " : "";
    const char *slash = head.namespace_.len != 0 ? "/" : "";
    if (head.kind.len == 0 && head.name.len == 0) {
        (void)pf_err_wrap(err, code, "item %" PRIu64, load->item);
    } else {
        (void)pf_err_wrap(err, code, "item %" PRIu64 " (%.*s%s%.*s%s%.*s)", load->item,
                          PF_SV_ARG(head.kind), space, PF_SV_ARG(head.namespace_), slash,
                          PF_SV_ARG(head.name));
    }
    pf_arena_done(&names);
    return code;
}

static bool is_status(const struct pf_snapshot_head *head)
{
    return pf_sv_eq_cstr(head->kind, "Status") &&
           (head->api_version.len == 0 || pf_sv_eq_cstr(head->api_version, "v1"));
}

/* What the API server answers when it refuses: taken for a cluster without objects it would make every pod a misfit. */
static enum pf_code refuse_status(struct pf_arena *arena, struct pf_sv json, struct pf_err *err)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_sv message = {0};
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "message")) {
            (void)pf_cursor_string(&c, arena, &message);
        }
    }
    const enum pf_code code = pf_cursor_end(&c) ? PF_OK : pf_cursor_error(&c, err);
    return code != PF_OK ? code
                         : pf_err_set(err, PF_E_INVALID,
                                      "the API server refused, this is no list of objects: '%.*s'",
                                      PF_SV_ARG(message));
}

/* A list whose items are read; other kinds may end in `List`, too. */
static bool is_list(const struct pf_snapshot_head *head)
{
    const struct pf_snapshot_head of_items = {.api_version = head->api_version,
                                              .kind = kind_of_items(head->kind)};
    const bool plain = pf_sv_eq_cstr(head->kind, "List") &&
                       (head->api_version.len == 0 || pf_sv_eq_cstr(head->api_version, "v1"));
    return plain || (of_items.kind.len != 0 &&
                     (find_row(&of_items) != NULL || pf_snapshot_object_known(&of_items)));
}

/* The items of a list that stands in a list, or that is null. */
static enum pf_code take_items(struct pf_snapshot_load *load, struct pf_cursor *c,
                               const struct pf_snapshot_list *list, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    struct pf_sv item = {0};
    (void)pf_cursor_enter_array(c);
    while (code == PF_OK && pf_cursor_next_item(c)) {
        if (pf_cursor_span(c, &item)) {
            load->item++;
            code = pf_snapshot_item(load, item, list, err);
        }
    }
    return code;
}

/* @param head  views into the load's arena, which each item resets */
static enum pf_code take_list(struct pf_snapshot_load *load, struct pf_sv json,
                              const struct pf_snapshot_head *head, struct pf_err *err)
{
    struct pf_snapshot_list list = {0};
    struct pf_cursor c;
    struct pf_sv key = {0};
    if (load->depth == PF_LIST_MAX_DEPTH) {
        return pf_err_set(err, PF_E_TOO_BIG, "item %" PRIu64 ": lists stand in more than %d lists",
                          load->item, PF_LIST_MAX_DEPTH);
    }
    pf_autoarena struct pf_arena texts = {0};
    pf_arena_init(&texts, PF_OBJECT_MAX_BYTES);
    if (!pf_arena_dup_sv(&texts, head->kind, &list.kind) ||
        !pf_arena_dup_sv(&texts, head->api_version, &list.api_version)) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to read a snapshot");
    }
    enum pf_code code = PF_OK;
    load->item--; /* its items are counted, not the list */
    load->depth++;
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    while (code == PF_OK && pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "items")) {
            code = take_items(load, &c, &list, err);
        }
    }
    load->depth--;
    if (code == PF_OK && !pf_cursor_end(&c)) {
        code = pf_err_wrap(err, pf_cursor_error(&c, err), "after item %" PRIu64, load->item);
    }
    return code;
}

enum pf_code pf_snapshot_item(struct pf_snapshot_load *load, struct pf_sv json,
                              const struct pf_snapshot_list *list, struct pf_err *err)
{
    pf_arena_reset(&load->arena);
    struct pf_snapshot_head head = {0};
    if (json.len > PF_OBJECT_MAX_BYTES) {
        return pf_err_set(err, PF_E_TOO_BIG, "item %" PRIu64 " has %zu bytes, the limit is %zu",
                          load->item, json.len, PF_OBJECT_MAX_BYTES);
    }
    enum pf_code code = read_head(&load->arena, json, /* whole= */ false, &head, err);
    if (code != PF_OK) {
        return blame(load, json, &head, code, err);
    }
    inherit(&head, list);
    if (head.kind.len == 0 && list != NULL && list->kind.len == 0) {
        return PF_E_NOT_FOUND;
    }
    if (head.kind.len == 0) {
        code = pf_err_set(err, PF_E_INVALID, "the object has no kind");
        return blame(load, json, &head, code, err);
    }
    if (is_list(&head)) {
        return take_list(load, json, &head, err);
    }
    const struct kind_row *row = find_row(&head);
    if (is_status(&head)) {
        code = refuse_status(&load->arena, json, err);
    } else if (row == NULL) {
        code = pf_snapshot_object(load->model, &load->arena, &head, json, err);
        load->stats.objects += code == PF_OK;
        if (code == PF_E_NOT_FOUND) {
            struct pf_snapshot_head unused = {0};
            code = read_head(&load->arena, json, /* whole= */ true, &unused, err);
            load->stats.skipped += code == PF_OK;
        }
    } else {
        code = row->apply(load->model, &load->arena, json, err);
        uint64_t *counter = (uint64_t *)(void *)((char *)&load->stats + row->counter);
        *counter += code == PF_OK;
    }
    if (json.len > load->stats.peak_item_bytes) {
        load->stats.peak_item_bytes = json.len;
    }
    return code == PF_OK ? PF_OK : blame(load, json, &head, code, err);
}

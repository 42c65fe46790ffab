#include <inttypes.h>

#include "snapshot_internal.h"
#include <podfit/limits.h>
#include <podfit/yaml_split.h>

/* A tree takes some 100 bytes for a node, and a node may be two bytes of text; objects of that sort do not exist. */
#define TREE_MAX_BYTES (16 * PF_OBJECT_MAX_BYTES)

static const struct pf_yaml_split_limits limits = {.max_bytes = UINT64_MAX,
                                                   .max_object_bytes = PF_OBJECT_MAX_BYTES,
                                                   .max_arena_bytes = TREE_MAX_BYTES};

/** State of one pass over the documents. */
struct yaml_pass {
    struct pf_snapshot_load *load; /* NULL: only the list's kind is looked for */
    struct pf_buf json;            /* the object as JSON */
    struct pf_arena texts;         /* of list */
    struct pf_snapshot_list list;
    uint64_t document; /* number of the present one */
    uint64_t wanted;   /* the search for a kind ends with this document */
};

/* A document with items is a list, so that this is the list's own version. */
static void take_version(struct pf_snapshot_load *load, const struct pf_yaml_node *metadata)
{
    const struct pf_yaml_node *version =
        metadata->type == PF_YAML_MAP ? pf_yaml_get(metadata, "resourceVersion") : NULL;
    if (version == NULL || version->type != PF_YAML_STRING || version->text.len == 0 ||
        version->text.len >= sizeof(load->stats.resource_version)) {
        return;
    }
    memset(load->stats.resource_version, 0, sizeof(load->stats.resource_version));
    memcpy(load->stats.resource_version, version->text.ptr, version->text.len);
}

static enum pf_code on_field(void *opaque, struct pf_sv key, const struct pf_yaml_node *value,
                             struct pf_err *err)
{
    struct yaml_pass *pass = opaque;
    if (pf_sv_eq_cstr(key, "metadata") && pass->load != NULL) {
        take_version(pass->load, value);
    }
    if (value->type == PF_YAML_MAP || value->type == PF_YAML_SEQ) {
        return PF_OK;
    }
    struct pf_sv *to = pf_sv_eq_cstr(key, "kind")         ? &pass->list.kind
                       : pf_sv_eq_cstr(key, "apiVersion") ? &pass->list.api_version
                                                          : NULL;
    if (to != NULL && !pf_arena_dup_sv(&pass->texts, value->text, to)) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to read a snapshot");
    }
    return PF_OK;
}

static enum pf_code skip_item(void *opaque, const struct pf_yaml_node *item, struct pf_err *err)
{
    (void)opaque;
    (void)item;
    (void)err;
    return PF_OK;
}

static enum pf_code stop_at_wanted(void *opaque, bool is_list, struct pf_err *err)
{
    struct yaml_pass *pass = opaque;
    (void)is_list;
    (void)err;
    if (pass->document++ == pass->wanted) {
        return PF_E_EXISTS; /* found; no failure, only the way to stop the splitter */
    }
    pass->list = (struct pf_snapshot_list){0};
    return PF_OK;
}

/* The kind of a list that stands behind its items: read the input once more from its start. */
static enum pf_code find_list_kind(struct yaml_pass *pass, struct pf_err *err)
{
    struct pf_source *source = pass->load->source;
    const uint64_t resume = source->offset;
    enum pf_code code = pf_source_seek(source, 0, err);
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "the kind of a list must stand before its items");
    }
    struct yaml_pass search = {.wanted = pass->document};
    pf_arena_init(&search.texts, PF_OBJECT_MAX_BYTES);
    const struct pf_yaml_split_handler handler = {.on_item = skip_item,
                                                  .on_field = on_field,
                                                  .on_document = stop_at_wanted,
                                                  .opaque = &search};
    code = pf_yaml_split(source->name, pf_source_read, source, &limits, &handler, err);
    if (code == PF_OK || code == PF_E_EXISTS) {
        code = search.list.kind.len != 0
                   ? PF_OK
                   : pf_err_set(err, PF_E_INVALID, "neither the object nor its list has a kind");
    }
    if (code == PF_OK && !pf_arena_dup_sv(&pass->texts, search.list.kind, &pass->list.kind)) {
        code = pf_err_set(err, PF_E_NO_MEMORY, "no memory to read a snapshot");
    }
    pf_arena_done(&search.texts);
    return code == PF_OK ? pf_source_seek(source, resume, err) : code;
}

static enum pf_code on_item(void *opaque, const struct pf_yaml_node *item, struct pf_err *err)
{
    struct yaml_pass *pass = opaque;
    struct pf_snapshot_load *load = pass->load;
    load->item++;
    pf_buf_reset(&pass->json);
    enum pf_code code = pf_yaml_json_write(item, &pass->json, err);
    if (code == PF_OK) {
        code = pf_buf_status(&pass->json, err);
    }
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "item %" PRIu64, load->item);
    }
    code = pf_snapshot_item(load, pf_buf_view(&pass->json), &pass->list, err);
    if (code == PF_E_NOT_FOUND) {
        code = find_list_kind(pass, err);
        code = code == PF_OK ? pf_snapshot_item(load, pf_buf_view(&pass->json), &pass->list, err)
                             : pf_err_wrap(err, code, "item %" PRIu64, load->item);
    }
    return code;
}

static enum pf_code on_document(void *opaque, bool is_list, struct pf_err *err)
{
    struct yaml_pass *pass = opaque;
    (void)is_list;
    (void)err;
    pass->document++;
    pass->list = (struct pf_snapshot_list){0};
    pf_arena_reset(&pass->texts);
    return PF_OK;
}

enum pf_code pf_snapshot_yaml(struct pf_snapshot_load *load, struct pf_err *err)
{
    struct yaml_pass pass = {.load = load};
    /* an escape needs six bytes of JSON where the text has one */
    pf_buf_init(&pass.json, 6 * PF_OBJECT_MAX_BYTES);
    pf_arena_init(&pass.texts, PF_OBJECT_MAX_BYTES);
    const struct pf_yaml_split_handler handler = {
        .on_item = on_item, .on_field = on_field, .on_document = on_document, .opaque = &pass};
    const enum pf_code code =
        pf_yaml_split(load->source->name, pf_source_read, load->source, &limits, &handler, err);
    pf_buf_done(&pass.json);
    pf_arena_done(&pass.texts);
    return code;
}

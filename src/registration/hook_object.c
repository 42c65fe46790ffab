#include <podfit/base64.h>
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/registered_objects.h>
#include <podfit/write.h>

#define KIND "MutatingWebhookConfiguration"

static void read_client_config(struct pf_cursor *c, struct pf_arena *arena,
                               struct pf_hook_entry *entry)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("caBundle")};
    struct pf_sv text = {0};
    bool no_memory = false;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_string(c, arena, &text);
    }
    if (text.len != 0 && !pf_base64_decode(text, arena, &entry->ca_pem, &no_memory) && no_memory) {
        (void)pf_cursor_fail(c, PF_E_NO_MEMORY, "out of memory for a caBundle");
    }
}

static void read_entry(struct pf_cursor *c, struct pf_arena *arena, struct pf_hook_entry *entry)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("name"), PF_SV_INIT("clientConfig")};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 0) {
            pf_cursor_string(c, arena, &entry->name);
        } else {
            read_client_config(c, arena, entry);
        }
    }
    if (pf_cursor_ok(c) && entry->name.len == 0) {
        (void)pf_cursor_fail(c, PF_E_INVALID, "a webhook without a name");
    }
}

static void read_entries(struct pf_cursor *c, struct pf_arena *arena, struct pf_hook_object *object)
{
    object->entries = pf_arena_calloc(arena, PF_HOOK_ENTRIES_MAX, sizeof(*object->entries));
    if (object->entries == NULL) {
        (void)pf_cursor_fail(c, PF_E_NO_MEMORY, "out of memory for webhooks");
        return;
    }
    pf_cursor_enter_array(c);
    while (pf_cursor_next_item(c)) {
        if (object->count == PF_HOOK_ENTRIES_MAX) {
            (void)pf_cursor_fail(c, PF_E_TOO_BIG, "more webhooks than podfit looks after");
            return;
        }
        read_entry(c, arena, &object->entries[object->count]);
        object->count++;
    }
}

static void read_name(struct pf_cursor *c, struct pf_arena *arena, struct pf_hook_object *object)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("name")};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_string(c, arena, &object->name);
    }
}

enum pf_code pf_hook_object_decode(struct pf_sv json, struct pf_arena *arena,
                                   struct pf_hook_object *ret_object, struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("metadata"),
                                        PF_SV_INIT("webhooks")};
    struct pf_hook_object object = {0};
    struct pf_sv kind = {0};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, json);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 0) {
            pf_cursor_string(&c, arena, &kind);
        } else if (index == 1) {
            read_name(&c, arena, &object);
        } else {
            read_entries(&c, arena, &object);
        }
    }
    pf_cursor_end(&c);
    const enum pf_code code = pf_cursor_error(&c, err);
    if (code != PF_OK) {
        return code;
    }
    /* items of a list have no kind */
    if ((kind.len != 0 && !pf_sv_eq_cstr(kind, KIND)) || object.name.len == 0) {
        return pf_err_set(err, PF_E_INVALID, "the answer is no " KIND " with a name");
    }
    *ret_object = object;
    return PF_OK;
}

void pf_hook_object_apply(struct pf_buf *buf, const struct pf_hook_object *object,
                          struct pf_sv bundle_pem)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("admissionregistration.k8s.io/v1"));
    pf_write_string_member(&w, "kind", PF_SV(KIND));
    pf_write_key(&w, PF_SV("metadata"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "name", object->name);
    pf_write_end_object(&w);
    pf_write_key(&w, PF_SV("webhooks"));
    pf_write_begin_array(&w);
    for (size_t i = 0; i < object->count; i++) {
        pf_write_begin_object(&w);
        pf_write_string_member(&w, "name", object->entries[i].name);
        pf_write_key(&w, PF_SV("clientConfig"));
        pf_write_begin_object(&w);
        pf_write_base64_member(&w, "caBundle", bundle_pem);
        pf_write_end_object(&w);
        pf_write_end_object(&w);
    }
    pf_write_end_array(&w);
    pf_write_end_object(&w);
}

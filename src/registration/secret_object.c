#include <stdio.h>
#include <string.h>

#include <podfit/base64.h>
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/registered_objects.h>
#include <podfit/write.h>

#define ARENA_BYTES (PF_OBJECT_MAX_BYTES * 2)

void pf_secret_object_done(struct pf_secret_object *object)
{
    pf_certset_done(&object->set);
    *object = (struct pf_secret_object){.rotate = PF_SECRET_ROTATE_NOTHING};
}

/* What is read, before it is handed over. */
struct reader {
    struct pf_arena arena;
    struct pf_secret_object object;
    struct pf_sv kind;
    struct pf_sv name;
    struct pf_sv version;
    struct pf_sv rotate;
    struct pf_err err; /* of a value */
};

static void read_annotations(struct pf_cursor *c, struct reader *r)
{
    static const struct pf_sv keys[] = {PF_SV_INIT(PF_SECRET_ROTATE_ANNOTATION)};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_string(c, &r->arena, &r->rotate);
    }
}

static void read_metadata(struct pf_cursor *c, struct reader *r)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("name"), PF_SV_INIT("resourceVersion"),
                                        PF_SV_INIT("annotations")};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 2) {
            read_annotations(c, r);
        } else {
            pf_cursor_string(c, &r->arena, index == 0 ? &r->name : &r->version);
        }
    }
}

static void take_value(struct reader *r, enum pf_certset_part part, struct pf_sv text)
{
    struct pf_sv bytes = {0};
    bool no_memory = false;
    if (!pf_base64_decode(text, &r->arena, &bytes, &no_memory)) {
        (void)pf_err_set(&r->err, no_memory ? PF_E_NO_MEMORY : PF_E_INVALID,
                         no_memory ? "out of memory for '%s'" : "'%s' is not base64",
                         pf_certset_name(part));
        return;
    }
    if (pf_certset_put(&r->object.set, part, bytes, &r->err) != PF_OK) {
        pf_certset_done(&r->object.set); /* the error is kept */
    }
}

static void read_data(struct pf_cursor *c, struct reader *r)
{
    struct pf_sv keys[PF_CERTSET_PARTS];
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        keys[i] = pf_sv_from(pf_certset_name((enum pf_certset_part)i));
    }
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_CERTSET_PARTS, &seen, &index)) {
        struct pf_sv text = {0};
        if (pf_cursor_string(c, &r->arena, &text) && r->err.code == PF_OK) {
            take_value(r, (enum pf_certset_part)index, text);
        }
    }
}

static void read_secret(struct pf_sv json, struct reader *r)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("metadata"),
                                        PF_SV_INIT("data")};
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, json);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 0) {
            pf_cursor_string(&c, &r->arena, &r->kind);
        } else if (index == 1) {
            read_metadata(&c, r);
        } else {
            read_data(&c, r);
        }
    }
    pf_cursor_end(&c);
    if (r->err.code == PF_OK) {
        (void)pf_cursor_error(&c, &r->err);
    }
}

static enum pf_secret_rotate rotate_of(struct pf_sv text)
{
    if (text.len == 0) {
        return PF_SECRET_ROTATE_NOTHING;
    }
    if (pf_sv_eq_cstr(text, "ca")) {
        return PF_SECRET_ROTATE_CA;
    }
    return pf_sv_eq_cstr(text, "leaf") ? PF_SECRET_ROTATE_LEAF : PF_SECRET_ROTATE_UNKNOWN;
}

static bool copy_text(char *text, size_t bytes, struct pf_sv from)
{
    const int len = snprintf(text, bytes, "%.*s", PF_SV_ARG(from));
    return len > 0 && (size_t)len < bytes && (size_t)len == from.len;
}

static enum pf_code finish(struct reader *r, struct pf_err *err)
{
    /* items of a list have no kind */
    if (r->err.code == PF_OK && r->kind.len != 0 && !pf_sv_eq_cstr(r->kind, "Secret")) {
        (void)pf_err_set(&r->err, PF_E_INVALID, "the answer is no Secret");
    }
    if (r->err.code == PF_OK &&
        (!copy_text(r->object.name, sizeof(r->object.name), r->name) ||
         !copy_text(r->object.resource_version, sizeof(r->object.resource_version), r->version))) {
        (void)pf_err_set(&r->err, PF_E_INVALID, "the Secret has no name or no resourceVersion");
    }
    r->object.rotate = rotate_of(r->rotate);
    return r->err.code == PF_OK ? PF_OK : pf_err_set(err, r->err.code, "%s", r->err.text);
}

enum pf_code pf_secret_object_decode(struct pf_sv json, struct pf_secret_object *ret_object,
                                     struct pf_err *err)
{
    struct reader r = {.object = {.rotate = PF_SECRET_ROTATE_NOTHING}};
    pf_arena_init(&r.arena, ARENA_BYTES);
    pf_arena_keep_secret(&r.arena);
    read_secret(json, &r);
    const enum pf_code code = finish(&r, err);
    pf_arena_done(&r.arena);
    if (code != PF_OK) {
        pf_secret_object_done(&r.object);
        return code;
    }
    *ret_object = r.object;
    return PF_OK;
}

/* ---- writing ---- */

/* @param absent_too  parts that are not there are removed */
static void put_data(struct pf_writer *w, const struct pf_certset *set, bool absent_too)
{
    pf_write_key(w, PF_SV("data"));
    pf_write_begin_object(w);
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        const char *name = pf_certset_name((enum pf_certset_part)i);
        const struct pf_sv pem = pf_certset_view(set, (enum pf_certset_part)i);
        if (pem.len != 0) {
            pf_write_base64_member(w, name, pem);
        } else if (absent_too) {
            pf_write_key(w, pf_sv_from(name));
            pf_write_put_null(w);
        }
    }
    pf_write_end_object(w);
}

void pf_secret_object_create(struct pf_buf *buf, const char *space, const char *name,
                             const struct pf_certset *set)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("v1"));
    pf_write_string_member(&w, "kind", PF_SV("Secret"));
    pf_write_string_member(&w, "type", PF_SV("kubernetes.io/tls"));
    pf_write_key(&w, PF_SV("metadata"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "name", pf_sv_from(name));
    pf_write_string_member(&w, "namespace", pf_sv_from(space));
    pf_write_key(&w, PF_SV("labels"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "app.kubernetes.io/managed-by", PF_SV("podfit"));
    pf_write_end_object(&w);
    pf_write_end_object(&w);
    put_data(&w, set, /* absent_too= */ false);
    pf_write_end_object(&w);
}

void pf_secret_object_patch(struct pf_buf *buf, const char *resource_version,
                            const struct pf_certset *set)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_key(&w, PF_SV("metadata"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "resourceVersion", pf_sv_from(resource_version));
    pf_write_key(&w, PF_SV("annotations"));
    pf_write_begin_object(&w);
    pf_write_key(&w, PF_SV(PF_SECRET_ROTATE_ANNOTATION));
    pf_write_put_null(&w);
    pf_write_end_object(&w);
    pf_write_end_object(&w);
    put_data(&w, set, /* absent_too= */ true);
    pf_write_end_object(&w);
}

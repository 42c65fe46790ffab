#include "snapshot_write.h"

#include <errno.h>

#include "redact.h"
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/write.h>

#define HEAD "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["

void pf_snapshot_writer_begin(struct pf_snapshot_writer *writer, FILE *file, bool redact)
{
    *writer = (struct pf_snapshot_writer){.file = file, .redact = redact};
    pf_buf_init(&writer->object, 2 * PF_OBJECT_MAX_BYTES);
}

/* The object's own kind, empty when it has none. */
static struct pf_sv own_kind(struct pf_sv json, struct pf_arena *arena)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind")};
    struct pf_cursor c;
    struct pf_sv kind = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    if (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        (void)pf_cursor_string(&c, arena, &kind);
    }
    return pf_cursor_ok(&c) ? kind : (struct pf_sv){0};
}

/* `{"apiVersion":"v1","kind":"Pod",` and the rest of the object behind its brace. */
static void put_named(struct pf_buf *buf, struct pf_sv api_version, struct pf_sv kind,
                      struct pf_sv json)
{
    struct pf_sv rest = {.ptr = json.ptr + 1, .len = json.len - 1};
    rest = pf_sv_trim(rest);
    pf_buf_append_cstr(buf, "{\"apiVersion\":");
    pf_write_string(buf, api_version);
    pf_buf_append_cstr(buf, ",\"kind\":");
    pf_write_string(buf, kind);
    pf_buf_append_cstr(buf, rest.len != 0 && rest.ptr[0] == '}' ? "" : ",");
    pf_buf_append_sv(buf, rest);
}

static enum pf_code compose(struct pf_snapshot_writer *writer, struct pf_sv api_version,
                            struct pf_sv kind, struct pf_sv json, struct pf_arena *arena)
{
    const struct pf_sv own = own_kind(json, arena);
    const struct pf_sv name = own.len != 0 ? own : kind;
    pf_autobuf struct pf_buf whole = {0};
    pf_buf_init(&whole, writer->object.max_bytes);
    if (name.len == 0 || json.len < 2 || json.ptr[0] != '{') {
        return pf_err_set(&writer->err, PF_E_INVALID, "an object without a kind");
    }
    if (pf_sv_eq_cstr(name, "List")) {
        return pf_err_set(&writer->err, PF_E_INVALID,
                          "a list in a list, of which nothing would be left");
    }
    if (own.len != 0) {
        pf_buf_append_sv(&whole, json);
    } else {
        put_named(&whole, api_version, kind, json);
    }
    if (pf_buf_status(&whole, &writer->err) != PF_OK) {
        return writer->err.code;
    }
    pf_buf_reset(&writer->object);
    if (writer->redact) {
        return pf_redact_object(name, pf_buf_view(&whole), &writer->object, &writer->err);
    }
    pf_buf_append_sv(&writer->object, pf_buf_view(&whole));
    return pf_buf_status(&writer->object, &writer->err);
}

bool pf_snapshot_writer_put(struct pf_snapshot_writer *writer, struct pf_sv api_version,
                            struct pf_sv kind, struct pf_sv json)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_OBJECT_MAX_BYTES);
    if (writer->err.code != PF_OK) {
        return false;
    }
    const struct pf_sv trimmed = pf_sv_trim(json);
    if (compose(writer, api_version, kind, trimmed, &arena) != PF_OK) {
        return false;
    }
    const struct pf_sv text = pf_buf_view(&writer->object);
    if (fputs(writer->count++ != 0 ? ",\n" : HEAD "\n", writer->file) < 0 ||
        fwrite(text.ptr, 1, text.len, writer->file) != text.len) {
        (void)pf_err_set_errno(&writer->err, PF_E_IO, errno, "cannot write the snapshot");
        return false;
    }
    return true;
}

void pf_snapshot_writer_drop(struct pf_snapshot_writer *writer)
{
    pf_buf_done(&writer->object);
}

enum pf_code pf_snapshot_writer_end(struct pf_snapshot_writer *writer,
                                    struct pf_sv resource_version, struct pf_err *err)
{
    pf_buf_reset(&writer->object);
    pf_buf_append_cstr(&writer->object, writer->count != 0 ? "" : HEAD);
    pf_buf_append_cstr(&writer->object, "\n],\"metadata\":{\"resourceVersion\":");
    pf_write_string(&writer->object, resource_version);
    pf_buf_append_cstr(&writer->object, "}}\n");
    const struct pf_sv text = pf_buf_view(&writer->object);
    const bool written = writer->object.failed == PF_OK &&
                         fwrite(text.ptr, 1, text.len, writer->file) == text.len &&
                         fflush(writer->file) == 0;
    if (!written) {
        (void)pf_err_set_errno(&writer->err, PF_E_IO, errno, "cannot write the snapshot");
    }
    pf_snapshot_writer_drop(writer);
    return writer->err.code == PF_OK ? PF_OK
                                     : pf_err_set(err, writer->err.code, "%s", writer->err.text);
}

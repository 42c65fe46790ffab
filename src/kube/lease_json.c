#include "lease_internal.h"
#include <podfit/cursor.h>

static void read_metadata(struct pf_cursor *c, struct pf_arena *arena,
                          struct pf_lease_record *record)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("resourceVersion")};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_string(c, arena, &record->resource_version);
    }
}

static void read_spec(struct pf_cursor *c, struct pf_arena *arena, struct pf_lease_record *record)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("holderIdentity"),       PF_SV_INIT("acquireTime"),      PF_SV_INIT("renewTime"),
        PF_SV_INIT("leaseDurationSeconds"), PF_SV_INIT("leaseTransitions"),
    };
    struct pf_sv *const texts[] = {&record->holder, &record->acquire_time, &record->renew_time};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index < PF_ARRAY_LEN(texts)) {
            pf_cursor_string(c, arena, texts[index]);
        } else {
            pf_cursor_i64(c, index == 3 ? &record->duration_s : &record->transitions);
        }
    }
}

enum pf_code pf_lease_decode(struct pf_sv json, struct pf_arena *arena,
                             struct pf_lease_record *ret_record, struct pf_err *err)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("metadata"),
                                        PF_SV_INIT("spec")};
    struct pf_lease_record record = {0};
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
            read_metadata(&c, arena, &record);
        } else {
            read_spec(&c, arena, &record);
        }
    }
    pf_cursor_end(&c);
    const enum pf_code code = pf_cursor_error(&c, err);
    if (code != PF_OK) {
        return code;
    }
    if (!pf_sv_eq_cstr(kind, "Lease") || record.resource_version.len == 0) {
        return pf_err_set(err, PF_E_INVALID, "the answer is no Lease with a resourceVersion");
    }
    *ret_record = record;
    return PF_OK;
}

/* MicroTime wants six digits; the clock's text has three. */
static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES];
    char micro[PF_TIME_TEXT_BYTES + 4];
    pf_clock_format(wall_ns, text);
    const size_t len = strlen(text);
    (void)snprintf(micro, sizeof(micro), "%.*s000Z", (int)(len > 0 ? len - 1 : 0), text);
    pf_write_string_member(w, key, pf_sv_from(micro));
}

void pf_lease_json_write(const struct pf_lease_write *write, struct pf_buf *buf)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", PF_SV("coordination.k8s.io/v1"));
    pf_write_string_member(&w, "kind", PF_SV("Lease"));
    pf_write_key(&w, PF_SV("metadata"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "name", pf_sv_from(write->name));
    pf_write_string_member(&w, "namespace", pf_sv_from(write->space));
    if (write->resource_version.len != 0) {
        pf_write_string_member(&w, "resourceVersion", write->resource_version);
    }
    pf_write_end_object(&w);
    pf_write_key(&w, PF_SV("spec"));
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "holderIdentity", pf_sv_from(write->holder));
    pf_write_i64_member(&w, "leaseDurationSeconds", write->duration_s);
    pf_write_i64_member(&w, "leaseTransitions", write->transitions);
    if (write->acquire_time.len != 0) {
        pf_write_string_member(&w, "acquireTime", write->acquire_time);
    } else {
        put_time(&w, "acquireTime", write->wall_ns);
    }
    put_time(&w, "renewTime", write->wall_ns);
    pf_write_end_object(&w);
    pf_write_end_object(&w);
}

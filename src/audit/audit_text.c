#include "audit_text.h"

#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/write.h>

/** How much of the long texts a line holds. */
struct cut {
    size_t message_bytes;
    size_t requests_bytes;
    size_t reasons;
    size_t reason_bytes;
};

/*
 * An escape makes six bytes of one. The short texts of an item are at most 4.2 KiB, so 25 KiB; the second row adds 6 (message) + 16 (requests, not
 * escaped) + 7 (reasons) KiB and always fits.
 */
static const struct cut cuts[] = {
    {.message_bytes = SIZE_MAX,
     .requests_bytes = SIZE_MAX,
     .reasons = SIZE_MAX,
     .reason_bytes = SIZE_MAX},
    {.message_bytes = 1024, .requests_bytes = (size_t)16 * 1024, .reasons = 16, .reason_bytes = 64},
};

void pf_audit_text_lose(struct pf_audit_loss *loss, uint64_t count, int64_t wall_ns)
{
    if (loss->count == 0) {
        loss->first_wall_ns = wall_ns;
        loss->last_wall_ns = wall_ns;
    }
    loss->count += count;
    if (wall_ns > loss->last_wall_ns) {
        loss->last_wall_ns = wall_ns;
    }
    if (wall_ns < loss->first_wall_ns) {
        loss->first_wall_ns = wall_ns;
    }
}

enum pf_code pf_audit_text_init(struct pf_buf *buf, struct pf_err *err)
{
    pf_buf_init(buf, PF_AUDIT_LINE_MAX_BYTES + 1); /* and the newline before it */
    const char *room = pf_buf_reserve(buf, buf->max_bytes);
    return room != NULL ? PF_OK : pf_buf_status(buf, err);
}

static void put_text(struct pf_writer *w, const char *key, struct pf_sv text)
{
    if (text.len != 0) {
        pf_write_string_member(w, key, text);
    }
}

static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES] = "";
    pf_clock_format(wall_ns, text);
    pf_write_string_member(w, key, pf_sv_from(text));
}

static void begin(struct pf_writer *w, struct pf_buf *buf, const char *record, int64_t wall_ns)
{
    pf_buf_reset(buf);
    pf_buf_append_char(buf, '\n');
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    put_time(w, "time", wall_ns);
    pf_write_string_member(w, "record", pf_sv_from(record));
}

static void end(struct pf_writer *w)
{
    pf_write_end_object(w);
    pf_buf_append_char(w->buf, '\n');
}

static bool is_json(struct pf_sv text)
{
    struct pf_cursor cursor;
    pf_cursor_init_depth(&cursor, text, PF_JSON_TREE_MAX_DEPTH);
    return pf_cursor_end(&cursor) && pf_sv_is_utf8(text);
}

/* Raw JSON of another module: one bad value must not spoil the line, so it is looked at. */
static bool put_requests(struct pf_writer *w, struct pf_sv json, size_t max_bytes)
{
    if (json.len == 0) {
        return true;
    }
    if (json.len > max_bytes || !is_json(json)) {
        return false;
    }
    pf_write_key(w, PF_SV("requests"));
    const size_t from = w->buf->len;
    pf_write_put_raw(w, json);
    for (size_t i = from; i < w->buf->len; i++) {
        if (w->buf->data[i] == '\n') { /* only white space can be one in valid JSON */
            w->buf->data[i] = ' ';
        }
    }
    return true;
}

static bool put_reasons(struct pf_writer *w, const struct pf_audit_record *record,
                        const struct cut *cut)
{
    const size_t count = record->reason_count < cut->reasons ? record->reason_count : cut->reasons;
    bool whole = count == record->reason_count;
    if (count == 0) {
        return whole;
    }
    pf_write_key(w, PF_SV("reasons"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < count; i++) {
        const struct pf_sv text = pf_audit_item_cut(record->reasons[i].text, cut->reason_bytes);
        whole = whole && text.len == record->reasons[i].text.len;
        pf_write_begin_object(w);
        pf_write_string_member(w, "text", text);
        pf_write_i64_member(w, "nodes", record->reasons[i].nodes);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    return whole;
}

static void put_owner(struct pf_writer *w, const struct pf_audit_record *record)
{
    if (record->owner_kind.len == 0 && record->owner_name.len == 0) {
        return;
    }
    pf_write_key(w, PF_SV("owner"));
    pf_write_begin_object(w);
    put_text(w, "kind", record->owner_kind);
    put_text(w, "name", record->owner_name);
    pf_write_end_object(w);
}

/* Of a misprediction: what the cluster did instead. */
static void put_outcome(struct pf_writer *w, const struct pf_audit_record *record)
{
    put_text(w, "outcome", pf_sv_from(record->outcome));
    put_text(w, "observedMessage", record->observed_message);
}

static void put_subject(struct pf_writer *w, const struct pf_audit_record *record, bool with_name)
{
    put_text(w, "reviewUid", record->review_uid);
    pf_write_bool_member(w, "dryRun", record->dry_run);
    pf_write_bool_member(w, "observed", record->observed);
    put_text(w, "class", record->class_name);
    put_text(w, "verdict", pf_sv_from(record->verdict));
    put_text(w, "action", pf_sv_from(record->action));
    put_text(w, "namespace", record->namespace_);
    if (with_name) {
        put_text(w, "name", record->name);
        put_text(w, "generateName", record->generate_name);
    }
    put_owner(w, record);
}

/* @return nothing was cut */
static bool put_cause(struct pf_writer *w, const struct pf_audit_record *record,
                      const struct cut *cut)
{
    const struct pf_sv message = pf_audit_item_cut(record->message, cut->message_bytes);
    put_text(w, "message", message);
    const bool whole = put_reasons(w, record, cut);
    put_text(w, "binding", record->binding);
    return whole && message.len == record->message.len;
}

/* A list that was cut ends with the last whole name. */
static void put_preemption(struct pf_writer *w, const struct pf_audit_item *item)
{
    struct pf_sv rest = item->record.victims;
    if (item->record.preemption_node.len == 0) {
        return;
    }
    pf_write_key(w, PF_SV("preemption"));
    pf_write_begin_object(w);
    put_text(w, "node", item->record.preemption_node);
    pf_write_key(w, PF_SV("victims"));
    pf_write_begin_array(w);
    while (rest.len != 0) {
        const size_t comma = pf_sv_find(rest, PF_SV(","));
        const size_t len = comma < rest.len ? comma : rest.len;
        if (comma < rest.len || !item->victims_cut) {
            pf_write_put_string(w, (struct pf_sv){.ptr = rest.ptr, .len = len});
        }
        rest.ptr += len < rest.len ? len + 1 : len;
        rest.len -= len < rest.len ? len + 1 : len;
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

static void write_decision(struct pf_buf *buf, const struct pf_audit_item *item,
                           const struct cut *cut)
{
    const struct pf_audit_record *record = &item->record;
    struct pf_writer w;
    begin(&w, buf, record->record != NULL ? record->record : "decision", record->wall_ns);
    put_subject(&w, record, /* with_name= */ true);
    put_text(&w, "user", record->user);
    bool whole = !item->truncated;
    whole = put_requests(&w, record->requests, cut->requests_bytes) && whole;
    whole = put_cause(&w, record, cut) && whole;
    put_preemption(&w, item);
    put_outcome(&w, record);
    pf_write_u64_member(&w, "slots", record->slots);
    put_text(&w, "modelResourceVersion", record->resource_version);
    pf_write_i64_member(&w, "modelAgeMs", record->model_age_ms);
    pf_write_i64_member(&w, "latencyUs", record->latency_us);
    if (!whole) {
        pf_write_bool_member(&w, "truncated", true);
    }
    end(&w);
}

static void put_count(struct pf_writer *w, uint64_t count, int64_t first_wall_ns,
                      int64_t last_wall_ns)
{
    pf_write_u64_member(w, "count", count);
    put_time(w, "firstTime", first_wall_ns);
    put_time(w, "lastTime", last_wall_ns);
}

static void write_repeats(struct pf_buf *buf, const struct pf_audit_item *item, int64_t wall_ns,
                          const struct cut *cut)
{
    const struct pf_audit_record *record = &item->record;
    struct pf_writer w;
    begin(&w, buf, "repeats", wall_ns);
    put_subject(&w, record, /* with_name= */ record->owner_name.len == 0);
    const bool whole = put_cause(&w, record, cut) && !item->truncated;
    put_outcome(&w, record);
    put_count(&w, item->repeats, item->first_wall_ns, item->last_wall_ns);
    if (!whole) {
        pf_write_bool_member(&w, "truncated", true);
    }
    end(&w);
}

void pf_audit_text_decision(struct pf_buf *buf, const struct pf_audit_item *item)
{
    write_decision(buf, item, &cuts[0]);
    if (buf->failed == PF_E_TOO_BIG) {
        write_decision(buf, item, &cuts[1]);
    }
}

void pf_audit_text_repeats(struct pf_buf *buf, const struct pf_audit_item *item, int64_t wall_ns)
{
    write_repeats(buf, item, wall_ns, &cuts[0]);
    if (buf->failed == PF_E_TOO_BIG) {
        write_repeats(buf, item, wall_ns, &cuts[1]);
    }
}

void pf_audit_text_loss(struct pf_buf *buf, const char *record, const struct pf_audit_loss *loss,
                        int64_t wall_ns)
{
    struct pf_writer w;
    begin(&w, buf, record, wall_ns);
    put_count(&w, loss->count, loss->first_wall_ns, loss->last_wall_ns);
    end(&w);
}

struct pf_sv pf_audit_text_line(const struct pf_buf *buf, bool torn)
{
    const struct pf_sv whole = pf_buf_view(buf);
    return torn ? whole : (struct pf_sv){.ptr = whole.ptr + 1, .len = whole.len - 1};
}

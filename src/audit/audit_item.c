#include "audit_item.h"

#include <podfit/limits.h>
#include <podfit/mem.h>

#define REASON_MAX_BYTES   ((size_t)256)
#define REQUESTS_MAX_BYTES ((size_t)32 * 1024)
#define LENGTH_BYTES       sizeof(uint32_t)

/** A text of the record and the longest that is kept. Names of Kubernetes end at 253, uids at 36; what is longer is hostile. */
struct text_field {
    size_t offset;
    size_t max_bytes;
};

#define TEXT(member, max)                                                      \
    {                                                                          \
        .offset = offsetof(struct pf_audit_record, member), .max_bytes = (max) \
    }

/* Equal in two records that repeat each other, beside verdict, action and the flags. */
static const struct text_field cause_fields[] = {
    TEXT(class_name, 256),
    TEXT(namespace_, 253),
    TEXT(owner_kind, 128),
    TEXT(owner_name, 253),
    TEXT(message, PF_MESSAGE_MAX_BYTES),
};
/* Part of the cause only for pods without an owner: the pods of an owner have a name each. */
static const struct text_field name_fields[] = {
    TEXT(name, 253),
    TEXT(generate_name, 253),
};
static const struct text_field other_fields[] = {
    TEXT(review_uid, 128),        TEXT(user, 512),     TEXT(binding, 512),
    TEXT(preemption_node, 253),   TEXT(victims, 4096), TEXT(resource_version, 64),
    TEXT(observed_message, 1024),
};

static const struct pf_sv *text_of(const struct pf_audit_record *record,
                                   const struct text_field *field)
{
    return (const struct pf_sv *)(const void *)((const char *)record + field->offset);
}

static struct pf_sv *text_in(struct pf_audit_record *record, const struct text_field *field)
{
    return (struct pf_sv *)(void *)((char *)record + field->offset);
}

struct pf_sv pf_audit_item_cut(struct pf_sv text, size_t max_bytes)
{
    if (text.len <= max_bytes) {
        return text;
    }
    size_t len = max_bytes;
    for (int i = 0; i < 3 && len != 0 && ((unsigned char)text.ptr[len] & 0xC0U) == 0x80U; i++) {
        len--;
    }
    return (struct pf_sv){.ptr = text.ptr, .len = len};
}

static size_t fields_bytes(const struct pf_audit_record *record, const struct text_field *fields,
                           size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes +=
            LENGTH_BYTES + pf_audit_item_cut(*text_of(record, &fields[i]), fields[i].max_bytes).len;
    }
    return bytes;
}

static size_t reasons_kept(const struct pf_audit_record *record)
{
    return record->reason_count < PF_AUDIT_ITEM_REASONS_MAX ? record->reason_count
                                                            : PF_AUDIT_ITEM_REASONS_MAX;
}

static size_t requests_kept(const struct pf_audit_record *record)
{
    /* JSON cannot be cut: all of it or nothing */
    return record->requests.len <= REQUESTS_MAX_BYTES ? record->requests.len : 0;
}

size_t pf_audit_item_bytes(const struct pf_audit_record *record)
{
    size_t bytes = sizeof(struct pf_audit_item) + 4 * LENGTH_BYTES + 2; /* two flags */
    bytes += pf_sv_from(record->record).len + pf_sv_from(record->outcome).len;
    bytes += pf_sv_from(record->verdict).len + pf_sv_from(record->action).len;
    bytes += fields_bytes(record, cause_fields, PF_ARRAY_LEN(cause_fields));
    bytes += fields_bytes(record, name_fields, PF_ARRAY_LEN(name_fields));
    bytes += fields_bytes(record, other_fields, PF_ARRAY_LEN(other_fields));
    bytes += requests_kept(record);
    for (size_t i = 0; i < reasons_kept(record); i++) {
        bytes += sizeof(struct pf_audit_reason) +
                 pf_audit_item_cut(record->reasons[i].text, REASON_MAX_BYTES).len;
    }
    return bytes;
}

/** Where the next byte goes. */
struct filler {
    struct pf_audit_item *item;
    char *at;
};

static struct pf_sv put_bytes(struct filler *filler, struct pf_sv text, size_t max_bytes)
{
    const struct pf_sv kept = pf_audit_item_cut(text, max_bytes);
    const struct pf_sv copy = {.ptr = filler->at, .len = kept.len};
    if (kept.len != 0) {
        memcpy(filler->at, kept.ptr, kept.len);
    }
    filler->at += kept.len;
    filler->item->truncated = filler->item->truncated || kept.len != text.len;
    return copy;
}

/* The length before the text keeps `ab` + `c` apart from `a` + `bc` in the key. */
static struct pf_sv put_part(struct filler *filler, struct pf_sv text, size_t max_bytes)
{
    const uint32_t len = (uint32_t)pf_audit_item_cut(text, max_bytes).len;
    memcpy(filler->at, &len, LENGTH_BYTES);
    filler->at += LENGTH_BYTES;
    return put_bytes(filler, text, max_bytes);
}

static void put_fields(struct filler *filler, const struct pf_audit_record *record,
                       const struct text_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *text_in(&filler->item->record, &fields[i]) =
            put_part(filler, *text_of(record, &fields[i]), fields[i].max_bytes);
    }
}

static void put_key(struct filler *filler, const struct pf_audit_record *record)
{
    const char *begin = filler->at;
    *filler->at++ = record->dry_run ? 'd' : '-';
    *filler->at++ = record->observed ? 'o' : '-';
    (void)put_part(filler, pf_sv_from(record->record), SIZE_MAX);
    (void)put_part(filler, pf_sv_from(record->outcome), SIZE_MAX);
    (void)put_part(filler, pf_sv_from(record->verdict), SIZE_MAX);
    (void)put_part(filler, pf_sv_from(record->action), SIZE_MAX);
    put_fields(filler, record, cause_fields, PF_ARRAY_LEN(cause_fields));
    const char *end = filler->at;
    put_fields(filler, record, name_fields, PF_ARRAY_LEN(name_fields));
    if (record->owner_name.len == 0) {
        end = filler->at;
    }
    filler->item->key = (struct pf_sv){.ptr = begin, .len = (size_t)(end - begin)};
}

static void put_reasons(struct filler *filler, const struct pf_audit_record *record,
                        struct pf_audit_reason *reasons)
{
    const size_t count = reasons_kept(record);
    for (size_t i = 0; i < count; i++) {
        reasons[i] = (struct pf_audit_reason){
            .text = put_bytes(filler, record->reasons[i].text, REASON_MAX_BYTES),
            .nodes = record->reasons[i].nodes,
        };
    }
    filler->item->record.reasons = reasons;
    filler->item->record.reason_count = count;
    filler->item->truncated = filler->item->truncated || count != record->reason_count;
}

struct pf_audit_item *pf_audit_item_new(const struct pf_audit_record *record, int64_t mono_ns)
{
    const size_t bytes = pf_audit_item_bytes(record);
    struct pf_audit_item *item = pf_mem_calloc(1, bytes);
    if (item == NULL) {
        return NULL;
    }
    item->record = *record;
    item->mono_ns = mono_ns;
    item->bytes = bytes;
    struct pf_audit_reason *reasons = (struct pf_audit_reason *)(void *)(item + 1);
    struct filler filler = {.item = item, .at = (char *)(reasons + reasons_kept(record))};
    put_key(&filler, record);
    put_fields(&filler, record, other_fields, PF_ARRAY_LEN(other_fields));
    item->victims_cut = item->record.victims.len != record->victims.len;
    item->record.requests = put_bytes(
        &filler, (struct pf_sv){.ptr = record->requests.ptr, .len = requests_kept(record)},
        REQUESTS_MAX_BYTES);
    item->truncated = item->truncated || item->record.requests.len != record->requests.len;
    put_reasons(&filler, record, reasons);
    return item;
}

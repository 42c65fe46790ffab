#include "audit_decode.h"

#include "audit_item.h"
#include <podfit/cursor.h>

/** How a value is read. */
enum type {
    TYPE_STRING,  /**< struct pf_sv */
    TYPE_RAW,     /**< struct pf_sv: JSON as written */
    TYPE_BOOL,    /**< bool */
    TYPE_I64,     /**< int64_t */
    TYPE_U64,     /**< uint64_t */
    TYPE_TIME,    /**< int64_t: RFC 3339 */
    TYPE_KIND,    /**< enum pf_audit_kind */
    TYPE_OWNER,   /**< two strings */
    TYPE_REASONS, /**< an array */
};

struct field {
    enum type type;
    size_t offset;
};

#define MEMBER(member) offsetof(struct pf_audit_line, member)

/* The table of names and the table of what they mean have the same order. */
static const struct pf_sv keys[] = {
    PF_SV_INIT("time"),         PF_SV_INIT("record"),
    PF_SV_INIT("reviewUid"),    PF_SV_INIT("dryRun"),
    PF_SV_INIT("observed"),     PF_SV_INIT("class"),
    PF_SV_INIT("verdict"),      PF_SV_INIT("action"),
    PF_SV_INIT("namespace"),    PF_SV_INIT("name"),
    PF_SV_INIT("generateName"), PF_SV_INIT("owner"),
    PF_SV_INIT("user"),         PF_SV_INIT("requests"),
    PF_SV_INIT("message"),      PF_SV_INIT("reasons"),
    PF_SV_INIT("binding"),      PF_SV_INIT("preemption"),
    PF_SV_INIT("slots"),        PF_SV_INIT("modelResourceVersion"),
    PF_SV_INIT("modelAgeMs"),   PF_SV_INIT("latencyUs"),
    PF_SV_INIT("count"),        PF_SV_INIT("firstTime"),
    PF_SV_INIT("lastTime"),     PF_SV_INIT("truncated"),
    PF_SV_INIT("outcome"),      PF_SV_INIT("observedMessage"),
};
#define KEY_TIME       0
#define KEY_COUNT      22
#define KEY_FIRST_TIME 23
#define KEY_LAST_TIME  24

static const struct field fields[] = {
    {TYPE_TIME, MEMBER(wall_ns)},
    {TYPE_KIND, MEMBER(kind)},
    {TYPE_STRING, MEMBER(review_uid)},
    {TYPE_BOOL, MEMBER(dry_run)},
    {TYPE_BOOL, MEMBER(observed)},
    {TYPE_STRING, MEMBER(class_name)},
    {TYPE_STRING, MEMBER(verdict)},
    {TYPE_STRING, MEMBER(action)},
    {TYPE_STRING, MEMBER(namespace_)},
    {TYPE_STRING, MEMBER(name)},
    {TYPE_STRING, MEMBER(generate_name)},
    {TYPE_OWNER, 0},
    {TYPE_STRING, MEMBER(user)},
    {TYPE_RAW, MEMBER(requests)},
    {TYPE_STRING, MEMBER(message)},
    {TYPE_REASONS, 0},
    {TYPE_STRING, MEMBER(binding)},
    {TYPE_RAW, MEMBER(preemption)},
    {TYPE_U64, MEMBER(slots)},
    {TYPE_STRING, MEMBER(resource_version)},
    {TYPE_I64, MEMBER(model_age_ms)},
    {TYPE_I64, MEMBER(latency_us)},
    {TYPE_U64, MEMBER(count)},
    {TYPE_TIME, MEMBER(first_ns)},
    {TYPE_TIME, MEMBER(last_ns)},
    {TYPE_BOOL, MEMBER(truncated)},
    {TYPE_STRING, MEMBER(outcome)},
    {TYPE_STRING, MEMBER(observed_message)},
};
_Static_assert(PF_ARRAY_LEN(fields) == PF_ARRAY_LEN(keys), "one meaning a name");

/** Where the values go. */
struct reader {
    struct pf_cursor *cursor;
    struct pf_arena *arena;
    struct pf_audit_line *line;
};

static void read_u64(struct pf_cursor *cursor, uint64_t *ret_value)
{
    struct pf_sv text = {.len = 0};
    uint64_t value = 0;
    if (pf_cursor_null(cursor) || !pf_cursor_span(cursor, &text)) {
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        const unsigned digit = (unsigned)((unsigned char)text.ptr[i]) - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            (void)pf_cursor_fail(cursor, PF_E_RANGE, "expected an integer that is not negative");
            return;
        }
    }
    *ret_value = value;
}

static void read_time(const struct reader *reader, int64_t *ret_wall_ns)
{
    struct pf_sv text = {.len = 0};
    if (pf_cursor_string(reader->cursor, reader->arena, &text) && text.ptr != NULL &&
        !pf_clock_parse(text.ptr, text.len, ret_wall_ns)) {
        (void)pf_cursor_fail(reader->cursor, PF_E_INVALID, "expected a time as in RFC 3339");
    }
}

static void read_kind(const struct reader *reader, enum pf_audit_kind *ret_kind)
{
    static const enum pf_audit_kind kinds[] = {PF_AUDIT_DECISION, PF_AUDIT_REPEATS,
                                               PF_AUDIT_DROPPED, PF_AUDIT_FAILED,
                                               PF_AUDIT_MISPREDICTION};
    struct pf_sv text = PF_SV("decision");
    (void)pf_cursor_string(reader->cursor, reader->arena, &text);
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (pf_sv_eq_cstr(text, pf_audit_query_kind_name(kinds[i]))) {
            *ret_kind = kinds[i];
            return;
        }
    }
    (void)pf_cursor_fail(reader->cursor, PF_E_INVALID, "unknown kind of record");
}

static void read_owner(const struct reader *reader)
{
    static const struct pf_sv owner_keys[] = {PF_SV_INIT("kind"), PF_SV_INIT("name")};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(reader->cursor);
    while (
        pf_cursor_next_field(reader->cursor, owner_keys, PF_ARRAY_LEN(owner_keys), &seen, &index)) {
        (void)pf_cursor_string(reader->cursor, reader->arena,
                               index == 0 ? &reader->line->owner_kind : &reader->line->owner_name);
    }
}

static void read_reason(const struct reader *reader, struct pf_audit_reason *reason)
{
    static const struct pf_sv reason_keys[] = {PF_SV_INIT("text"), PF_SV_INIT("nodes")};
    uint64_t seen = 0;
    size_t index = 0;
    int64_t nodes = 0;
    pf_cursor_enter_object(reader->cursor);
    while (pf_cursor_next_field(reader->cursor, reason_keys, PF_ARRAY_LEN(reason_keys), &seen,
                                &index)) {
        if (index == 0) {
            (void)pf_cursor_string(reader->cursor, reader->arena, &reason->text);
        } else {
            (void)pf_cursor_i64(reader->cursor, &nodes);
        }
    }
    if (nodes < 0 || nodes > UINT32_MAX) {
        (void)pf_cursor_fail(reader->cursor, PF_E_RANGE, "number of nodes out of range");
        return;
    }
    reason->nodes = (uint32_t)nodes;
}

static void read_reasons(const struct reader *reader)
{
    struct pf_audit_reason *reasons =
        pf_arena_calloc(reader->arena, PF_AUDIT_ITEM_REASONS_MAX, sizeof(*reasons));
    size_t count = 0;
    if (reasons == NULL) {
        (void)pf_cursor_fail(reader->cursor, PF_E_NO_MEMORY, "out of memory");
        return;
    }
    pf_cursor_enter_array(reader->cursor);
    while (pf_cursor_next_item(reader->cursor)) {
        if (count < PF_AUDIT_ITEM_REASONS_MAX) {
            read_reason(reader, &reasons[count++]);
        }
    }
    reader->line->reasons = reasons;
    reader->line->reason_count = count;
}

static void read_field(const struct reader *reader, const struct field *field)
{
    void *to = (char *)reader->line + field->offset;
    switch (field->type) {
    case TYPE_STRING:
        (void)pf_cursor_string(reader->cursor, reader->arena, to);
        break;
    case TYPE_RAW:
        if (!pf_cursor_null(reader->cursor)) {
            (void)pf_cursor_span(reader->cursor, to);
        }
        break;
    case TYPE_BOOL:
        (void)pf_cursor_bool(reader->cursor, to);
        break;
    case TYPE_I64:
        (void)pf_cursor_i64(reader->cursor, to);
        break;
    case TYPE_U64:
        read_u64(reader->cursor, to);
        break;
    case TYPE_TIME:
        read_time(reader, to);
        break;
    case TYPE_KIND:
        read_kind(reader, to);
        break;
    case TYPE_OWNER:
        read_owner(reader);
        break;
    case TYPE_REASONS:
        read_reasons(reader);
        break;
    }
}

static bool has(uint64_t seen, unsigned key)
{
    return (seen >> key & 1U) != 0;
}

/* A line stands for at least one record, and for a span of time that is not negative, whoever wrote it. */
static void complete(struct pf_audit_line *line, uint64_t seen)
{
    const bool one = line->kind == PF_AUDIT_DECISION;
    if (one || !has(seen, KEY_COUNT) || line->count == 0) {
        line->count = 1;
    }
    if (one || !has(seen, KEY_FIRST_TIME)) {
        line->first_ns = line->wall_ns;
    }
    if (one || !has(seen, KEY_LAST_TIME) || line->last_ns < line->first_ns) {
        line->last_ns = line->first_ns;
    }
}

enum pf_code pf_audit_decode_line(struct pf_sv line, struct pf_arena *arena,
                                  struct pf_audit_line *ret_line)
{
    struct pf_cursor cursor;
    struct pf_audit_line found = {.kind = PF_AUDIT_DECISION, .raw = line};
    const struct reader reader = {.cursor = &cursor, .arena = arena, .line = &found};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&cursor, line);
    pf_cursor_enter_object(&cursor);
    while (pf_cursor_next_field(&cursor, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        read_field(&reader, &fields[index]);
    }
    pf_cursor_end(&cursor);
    const enum pf_code code = pf_cursor_error(&cursor, NULL);
    if (code != PF_OK) {
        return code;
    }
    if (!has(seen, KEY_TIME)) {
        return PF_E_INVALID; /* JSON of somebody else */
    }
    complete(&found, seen);
    *ret_line = found;
    return PF_OK;
}

#include "record_internal.h"
#include <podfit/annotations.h>
#include <podfit/cursor.h>
#include <podfit/write.h>

/** Nesting of a record: list, entry, requests, resource. */
#define RECORD_MAX_DEPTH 4

/** Room for the entries of one container. */
#define RECORD_FIRST_BYTES ((size_t)500)

/** Keys of one entry. */
enum entry_key {
    ENTRY_CONTAINER, /**< name */
    ENTRY_INIT,      /**< of initContainers */
    ENTRY_INDEX,     /**< in its list */
    ENTRY_POD,       /**< pod level */
    ENTRY_REQUESTS,
    ENTRY_LIMITS,
    ENTRY_KEYS, /**< how many */
};
static const struct pf_sv entry_keys[ENTRY_KEYS] = {
    [ENTRY_CONTAINER] = PF_SV_INIT("container"), [ENTRY_INIT] = PF_SV_INIT("init"),
    [ENTRY_INDEX] = PF_SV_INIT("index"),         [ENTRY_POD] = PF_SV_INIT("pod"),
    [ENTRY_REQUESTS] = PF_SV_INIT("requests"),   [ENTRY_LIMITS] = PF_SV_INIT("limits"),
};

/** Keys of one value. */
enum value_key {
    VALUE_BEFORE,
    VALUE_AFTER,
    VALUE_RULE, /**< for people; not read */
    VALUE_KEYS, /**< how many */
};
static const struct pf_sv value_keys[VALUE_KEYS] = {
    [VALUE_BEFORE] = PF_SV_INIT("before"),
    [VALUE_AFTER] = PF_SV_INIT("after"),
    [VALUE_RULE] = PF_SV_INIT("rule"),
};

/** One value of an entry that agrees with the pod. */
struct claim {
    bool made;
    bool had_before;
    struct pf_quantity before;
};

/** One entry. */
struct entry {
    struct pf_sv container;
    bool init;
    bool pod;
    int64_t index;         /**< -1: not said */
    struct pf_sv requests; /**< JSON text */
    struct pf_sv limits;
};

static bool read_entry(struct pf_cursor *c, struct pf_arena *arena, struct entry *ret_entry)
{
    struct entry entry = {.index = -1};
    uint64_t seen = 0;
    size_t index = 0;

    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, entry_keys, ENTRY_KEYS, &seen, &index)) {
        switch ((enum entry_key)index) {
        case ENTRY_CONTAINER:
            pf_cursor_string(c, arena, &entry.container);
            break;
        case ENTRY_INIT:
            pf_cursor_bool(c, &entry.init);
            break;
        case ENTRY_INDEX:
            pf_cursor_i64(c, &entry.index);
            break;
        case ENTRY_POD:
            pf_cursor_bool(c, &entry.pod);
            break;
        case ENTRY_REQUESTS:
            pf_cursor_span(c, &entry.requests);
            break;
        case ENTRY_LIMITS:
            pf_cursor_span(c, &entry.limits);
            break;
        case ENTRY_KEYS:
            break;
        }
    }
    *ret_entry = entry;
    return pf_cursor_ok(c);
}

/** `{"before":"1","after":"50m","rule":"ratio"}`. @return false: malformed, or not what stands in the pod */
static bool read_claim(struct pf_cursor *c, const struct pf_plan_value *value,
                       enum pf_plan_resource resource, struct claim *ret_claim)
{
    struct claim claim = {.made = true};
    struct pf_quantity after = pf_quantity_zero;
    struct pf_sv text[VALUE_KEYS] = {{0}};
    uint64_t seen = 0;
    size_t index = 0;

    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, value_keys, VALUE_KEYS, &seen, &index)) {
        pf_cursor_span(c, &text[index]);
    }
    if (!pf_cursor_ok(c) || value->now == NULL || text[VALUE_BEFORE].len == 0 ||
        text[VALUE_AFTER].len == 0 ||
        pf_quantity_parse_json(text[VALUE_AFTER], &after, NULL) != PF_OK ||
        pf_quantity_cmp(&after, value->now) != 0) {
        return false;
    }
    if (!pf_sv_eq(text[VALUE_BEFORE], PF_SV("null"))) {
        claim.had_before = true;
        if (pf_quantity_parse_json(text[VALUE_BEFORE], &claim.before, NULL) != PF_OK ||
            !pf_plan_is_sane(&claim.before, resource)) {
            return false;
        }
    }
    *ret_claim = claim;
    return true;
}

/** Read `requests` or `limits` of an entry. @return false as read_claim(), or another resource than podfit writes */
static bool read_claims(struct pf_sv text, const struct pf_plan_value *values, struct claim *claims)
{
    struct pf_sv names[PF_PLAN_RESOURCES] = {{0}};
    struct pf_sv key = {0};
    struct pf_cursor c;

    if (text.len == 0) {
        return true;
    }
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        names[r] = pf_plan_resource_name(r);
    }
    pf_cursor_init_depth(&c, text, RECORD_MAX_DEPTH);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_key(&c, &key)) {
        const size_t r = pf_cursor_match(key, names, PF_PLAN_RESOURCES);

        if (r == PF_PLAN_RESOURCES || claims[r].made ||
            !read_claim(&c, &values[r], (enum pf_plan_resource)r, &claims[r])) {
            return false;
        }
    }
    return pf_cursor_ok(&c);
}

static enum pf_code apply_claims(struct pf_plan_value *values, const struct claim *claims,
                                 struct pf_arena *arena)
{
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        struct pf_quantity *before = NULL;

        if (!claims[r].made) {
            continue;
        }
        if (claims[r].had_before) {
            before = pf_arena_alloc(arena, sizeof(*before));
            if (before == NULL) {
                return PF_E_NO_MEMORY;
            }
            *before = claims[r].before;
        }
        values[r].before = before;
    }
    return PF_OK;
}

static enum pf_code apply_entry(struct pf_plan *plan, struct pf_plan_entity *entity,
                                const struct entry *entry, bool *agrees)
{
    struct claim requests[PF_PLAN_RESOURCES] = {0};
    struct claim limits[PF_PLAN_RESOURCES] = {0};

    if (entity->kept || !read_claims(entry->requests, entity->request, requests) ||
        !read_claims(entry->limits, entity->limit, limits)) {
        *agrees = false;
        return PF_OK;
    }
    if (apply_claims(entity->request, requests, plan->arena) != PF_OK ||
        apply_claims(entity->limit, limits, plan->arena) != PF_OK) {
        return PF_E_NO_MEMORY;
    }
    return PF_OK;
}

static bool is_meant(const struct pf_plan_entity *entity, const struct entry *entry)
{
    const bool init = entity->container->kind != PF_CONTAINER_MAIN;

    return init == entry->init && pf_sv_eq(entity->container->name, entry->container);
}

/**
 * The entity that an entry means: the one at its index, or, when containers were inserted meanwhile, the next of that name from *at on
 * (entries stand in the pod's order, so one pass is enough).
 */
static struct pf_plan_entity *find_entity(const struct pf_plan *plan, const struct entry *entry,
                                          size_t *at)
{
    size_t index = 0;

    if (entry->pod) {
        return plan->pod_level;
    }
    if (entry->index >= 0 && (uint64_t)entry->index < plan->container_count) {
        index = (size_t)entry->index + (entry->init ? 0 : plan->init_count);
        if (index < plan->container_count && is_meant(&plan->entities[index], entry)) {
            return &plan->entities[index];
        }
    }
    while (*at < plan->container_count) {
        struct pf_plan_entity *const entity = &plan->entities[(*at)++];

        if (is_meant(entity, entry)) {
            return entity;
        }
    }
    return NULL;
}

enum pf_code pf_record_read(struct pf_plan *plan, enum pf_record_state *ret_state)
{
    const struct pf_label *const annotation =
        pf_labels_find(&plan->pod->meta.annotations, PF_SV(PF_ANNOTATION_REQUESTS));
    bool agrees = true;
    size_t at = 0;
    struct pf_cursor c;
    struct pf_err why = {0};

    if (annotation == NULL) {
        *ret_state = PF_RECORD_ABSENT;
        return PF_OK;
    }
    if (annotation->value.len > PF_RECORD_MAX_BYTES) {
        *ret_state = PF_RECORD_DISTRUST;
        return PF_OK;
    }
    pf_cursor_init_depth(&c, annotation->value, RECORD_MAX_DEPTH);
    pf_cursor_enter_array(&c);
    while (pf_cursor_next_item(&c)) {
        struct pf_plan_entity *entity = NULL;
        struct entry entry = {0};

        if (!read_entry(&c, plan->arena, &entry)) {
            break;
        }
        entity = find_entity(plan, &entry, &at);
        if (entity == NULL) {
            agrees = false;
        } else if (apply_entry(plan, entity, &entry, &agrees) != PF_OK) {
            return PF_E_NO_MEMORY;
        }
    }
    pf_cursor_end(&c);
    if (pf_cursor_error(&c, &why) == PF_E_NO_MEMORY) {
        return PF_E_NO_MEMORY;
    }
    if (why.code != PF_OK) {
        pf_record_forget(plan);
    }
    *ret_state = agrees && why.code == PF_OK ? PF_RECORD_AGREES : PF_RECORD_DISTRUST;
    return PF_OK;
}

void pf_record_forget(struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            plan->entities[i].request[r].before = plan->entities[i].request[r].now;
            plan->entities[i].limit[r].before = plan->entities[i].limit[r].now;
        }
    }
}

/** A value that is not decided stays as it is, so it must not have been decided upon from another one. */
static bool is_value_replayed(const struct pf_plan_value *value)
{
    return value->decided || value->before == value->now ||
           (value->before != NULL && value->now != NULL &&
            pf_quantity_cmp(value->before, value->now) == 0);
}

bool pf_record_is_replayed(const struct pf_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
            if (!is_value_replayed(&plan->entities[i].request[r]) ||
                !is_value_replayed(&plan->entities[i].limit[r])) {
                return false;
            }
        }
    }
    return true;
}

/**
 * Does @p text of @p quantity mean the same quantity in the same format, so that it is written the same again? A small decimal, whose exponent cannot leave
 * the suffixes (18 zeros of an int64 over a scale of 0), and what has a binary suffix and is small, so that reading does not cap it.
 */
static bool is_stable(const struct pf_quantity *quantity, struct pf_sv text)
{
    const bool small = !quantity->is_big && quantity->scale <= 0 && quantity->scale >= -9;
    return small && (quantity->format == PF_QUANTITY_DECIMAL_SI ||
                     (quantity->format == PF_QUANTITY_BINARY_SI && text.ptr[text.len - 1] == 'i'));
}

/**
 * The text of @p quantity as it is when it has been read again: 500000 of a binary format is written without a suffix, which reads as decimal, which is
 * written `500k`.
 */
static size_t format_stable(const struct pf_quantity *quantity, char text[PF_QUANTITY_TEXT_BYTES])
{
    struct pf_quantity again = pf_quantity_zero;
    const size_t len = pf_quantity_format(quantity, text);

    if (is_stable(quantity, (struct pf_sv){.ptr = text, .len = len})) {
        return len;
    }
    if (pf_quantity_parse((struct pf_sv){.ptr = text, .len = len}, &again, NULL) != PF_OK) {
        return len;
    }
    return pf_quantity_format(&again, text);
}

static void write_quantity(struct pf_writer *w, const char *key, const struct pf_quantity *quantity)
{
    char text[PF_QUANTITY_TEXT_BYTES];

    if (quantity == NULL) {
        pf_write_key(w, pf_sv_from(key));
        pf_write_put_null(w);
        return;
    }
    pf_write_string_member(w, key,
                           (struct pf_sv){.ptr = text, .len = format_stable(quantity, text)});
}

static void write_values(struct pf_writer *w, const char *key, const struct pf_plan_value *values)
{
    if (!values[PF_PLAN_CPU].decided && !values[PF_PLAN_MEMORY].decided) {
        return;
    }
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        if (!values[r].decided) {
            continue;
        }
        pf_write_key(w, pf_plan_resource_name(r));
        pf_write_begin_object(w);
        write_quantity(w, "before", values[r].before);
        write_quantity(w, "after", &values[r].after);
        pf_write_string_member(w, "rule", pf_sv_from(pf_rule_name(values[r].rule)));
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

static bool is_decided(const struct pf_plan_entity *entity)
{
    for (enum pf_plan_resource r = 0; r < PF_PLAN_RESOURCES; r++) {
        if (entity->request[r].decided || entity->limit[r].decided) {
            return true;
        }
    }
    return false;
}

static void write_entry(struct pf_writer *w, const struct pf_plan_entity *entity)
{
    pf_write_begin_object(w);
    if (entity->container == NULL) {
        pf_write_bool_member(w, "pod", true);
    } else {
        pf_write_string_member(w, "container", entity->container->name);
        if (entity->container->kind != PF_CONTAINER_MAIN) {
            pf_write_bool_member(w, "init", true);
        }
        pf_write_i64_member(w, "index", entity->container->index);
    }
    write_values(w, "requests", entity->request);
    write_values(w, "limits", entity->limit);
    pf_write_end_object(w);
}

enum pf_code pf_record_write(const struct pf_plan *plan, struct pf_sv *ret_text)
{
    pf_autobuf struct pf_buf buf = {0};
    struct pf_writer w = {0};
    bool any = false;

    pf_buf_init(&buf, PF_RECORD_MAX_BYTES);
    if (pf_buf_reserve(&buf, RECORD_FIRST_BYTES) == NULL) {
        return PF_E_NO_MEMORY;
    }
    pf_write_init(&w, &buf);
    pf_write_begin_array(&w);
    for (size_t i = 0; i < plan->count; i++) {
        if (is_decided(&plan->entities[i])) {
            write_entry(&w, &plan->entities[i]);
            any = true;
        }
    }
    pf_write_end_array(&w);
    if (!any) {
        *ret_text = (struct pf_sv){0};
        return PF_OK;
    }
    if (pf_buf_status(&buf, NULL) != PF_OK) {
        return buf.failed;
    }
    return pf_arena_dup_sv(plan->arena, pf_buf_view(&buf), ret_text) ? PF_OK : PF_E_NO_MEMORY;
}

#include "options_refuse.h"
#include <podfit/duration.h>
#include <podfit/limits.h>
#include <podfit/options.h>

typedef enum pf_code (*decode_fn)(const struct pf_options_place *place,
                                  const struct pf_yaml_node *node);

static enum pf_code decode_object(struct pf_option_run *run, const struct pf_option_table *table,
                                  const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, char *object);

static enum pf_code no_memory(struct pf_option_run *run)
{
    return pf_err_set(run->err, PF_E_NO_MEMORY,
                      "the configuration needs more memory than there is or than %zu bytes",
                      run->arena->max_bytes);
}

/* ---- scalars ---- */

static void store(const struct pf_options_place *place, const void *value, size_t bytes)
{
    memcpy(place->field, value, bytes);
}

static enum pf_code decode_bool(const struct pf_options_place *place,
                                const struct pf_yaml_node *node)
{
    if (node->type != PF_YAML_BOOL) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    bool value = node->value.boolean;
    store(place, &value, sizeof(value));
    return PF_OK;
}

/* two's complement on all our machines: the low half of an int64_t is the int32_t or uint32_t */
static void store_int(const struct pf_options_place *place, int64_t value)
{
    uint32_t low = (uint32_t)((uint64_t)value & UINT32_MAX);
    if (place->option->int_bytes == sizeof(low)) {
        store(place, &low, sizeof(low));
    } else {
        store(place, &value, sizeof(value));
    }
}

static bool fits_member(const struct pf_option *option, int64_t value)
{
    return option->int_bytes != sizeof(uint32_t) || (value >= INT32_MIN && value <= UINT32_MAX);
}

static enum pf_code decode_int(const struct pf_options_place *place,
                               const struct pf_yaml_node *node)
{
    int64_t value = 0;
    if (!pf_yaml_to_i64(node, &value) || !pf_options_text_in_range(place->option, value) ||
        !fits_member(place->option, value)) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    store_int(place, value);
    return PF_OK;
}

static enum pf_code decode_duration(const struct pf_options_place *place,
                                    const struct pf_yaml_node *node)
{
    int64_t ms = 0;
    /* a bare 0 needs no unit */
    bool zero = node->type == PF_YAML_INT && node->value.integer.magnitude == 0;
    bool text = node->type == PF_YAML_STRING && pf_duration_parse(node->text, &ms);
    if (!zero && !text) {
        pf_options_refuse_value(place, node, NULL, ", such as '60s' or '1h30m'");
    } else if (ms < 0 || !pf_options_text_in_range(place->option, ms)) {
        pf_options_refuse_value(place, node, NULL, "");
    } else {
        store(place, &ms, sizeof(ms));
    }
    return PF_OK;
}

static enum pf_code decode_string(const struct pf_options_place *place,
                                  const struct pf_yaml_node *node)
{
    bool scalar = node->type != PF_YAML_SEQ && node->type != PF_YAML_MAP;
    if (node->type != PF_YAML_STRING) {
        pf_options_refuse_value(place, node, NULL, scalar ? " (put it in quotes)" : "");
    } else if (!pf_options_text_in_range(place->option, (int64_t)node->text.len)) {
        pf_options_refuse_value(place, node, NULL, "");
    } else {
        /* the tree may die before the configuration */
        struct pf_sv copy = {.ptr = NULL};
        if (!pf_arena_dup_sv(place->run->arena, node->text, &copy)) {
            return no_memory(place->run);
        }
        store(place, &copy, sizeof(copy));
    }
    return PF_OK;
}

static const struct pf_option_choice *find_choice(const struct pf_option *option,
                                                  const struct pf_yaml_node *node)
{
    /* `off` may be a choice although YAML calls it a boolean */
    if (node->type == PF_YAML_SEQ || node->type == PF_YAML_MAP) {
        return NULL;
    }
    for (const struct pf_option_choice *c = option->choices; c->name != NULL; c++) {
        if (pf_sv_eq_cstr(node->text, c->name)) {
            return c;
        }
    }
    return NULL;
}

static enum pf_code decode_enum(const struct pf_options_place *place,
                                const struct pf_yaml_node *node)
{
    const struct pf_option_choice *choice = find_choice(place->option, node);
    if (choice == NULL) {
        pf_options_refuse_choice(place, node);
        return PF_OK;
    }
    store(place, &choice->value, sizeof(choice->value));
    return PF_OK;
}

/* ---- lists and maps ---- */

/* pointer and count as struct pf_option_strings and its kind have them; memcpy because the member's type is the caller's */
static void store_array(const struct pf_options_place *place, const void *items, size_t count)
{
    store(place, (const void *)&items, sizeof(items));
    memcpy(place->field + sizeof(items), &count, sizeof(count));
}

static enum pf_code decode_string_list(const struct pf_options_place *place,
                                       const struct pf_yaml_node *node)
{
    if (node->type != PF_YAML_SEQ) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    struct pf_sv *items = pf_arena_calloc(place->run->arena, node->count, sizeof(*items));
    if (node->count != 0 && items == NULL) {
        return no_memory(place->run);
    }
    bool ok = pf_options_refuse_unless_sized(place, node, node->count);
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_node *item = node->value.items[i];
        const struct pf_problems_path path = {.parent = place->path, .index = i};
        const struct pf_options_place element = {
            .run = place->run, .option = place->option, .path = &path};
        if (!pf_options_refuse_unless_string(place, item, &path)) {
            ok = false;
        } else if (place->option->choices != NULL && find_choice(place->option, item) == NULL) {
            pf_options_refuse_choice(&element, item);
            ok = false;
        } else if (!pf_arena_dup_sv(place->run->arena, item->text, &items[i])) {
            return no_memory(place->run);
        }
    }
    if (ok) {
        store_array(place, node->count != 0 ? items : NULL, node->count);
    }
    return PF_OK;
}

static enum pf_code decode_string_map(const struct pf_options_place *place,
                                      const struct pf_yaml_node *node)
{
    if (node->type != PF_YAML_MAP) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    struct pf_option_pair *items = pf_arena_calloc(place->run->arena, node->count, sizeof(*items));
    if (node->count != 0 && items == NULL) {
        return no_memory(place->run);
    }
    bool ok = pf_options_refuse_unless_sized(place, node, node->count);
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_member *member = &node->value.members[i];
        const struct pf_problems_path path = {.parent = place->path, .key = member->key};
        if (!pf_options_refuse_unless_string(place, member->value, &path)) {
            ok = false;
        } else if (!pf_arena_dup_sv(place->run->arena, member->key, &items[i].key) ||
                   !pf_arena_dup_sv(place->run->arena, member->value->text, &items[i].value)) {
            return no_memory(place->run);
        }
    }
    if (ok) {
        store_array(place, node->count != 0 ? items : NULL, node->count);
    }
    return PF_OK;
}

static enum pf_code decode_embedded(const struct pf_options_place *place,
                                    const struct pf_yaml_node *node)
{
    return decode_object(place->run, place->option->table, node, place->path, place->field);
}

static enum pf_code decode_object_list(const struct pf_options_place *place,
                                       const struct pf_yaml_node *node)
{
    const struct pf_option_table *table = place->option->table;
    if (node->type != PF_YAML_SEQ) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    char *items = pf_arena_calloc(place->run->arena, node->count, table->struct_bytes);
    if (node->count != 0 && items == NULL) {
        return no_memory(place->run);
    }
    (void)pf_options_refuse_unless_sized(place, node, node->count);
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_problems_path path = {.parent = place->path, .index = i};
        enum pf_code code = decode_object(place->run, table, node->value.items[i], &path,
                                          items + i * table->struct_bytes);
        if (code != PF_OK) {
            return code;
        }
    }
    store_array(place, node->count != 0 ? items : NULL, node->count);
    return PF_OK;
}

/* ---- hooks ---- */

static void check_selector_member(const struct pf_options_place *place,
                                  const struct pf_yaml_member *member)
{
    const struct pf_problems_path path = {.parent = place->path, .key = member->key};
    const struct pf_options_place inner = {
        .run = place->run, .option = place->option, .path = &path};
    if (pf_sv_eq(member->key, PF_SV("matchExpressions"))) {
        if (member->value->type != PF_YAML_SEQ) {
            pf_options_refuse_value(&inner, member->value, "a list of maps", "");
        }
        return;
    }
    if (!pf_sv_eq(member->key, PF_SV("matchLabels"))) {
        pf_problems_add(place->run->problems, member->key_mark, &path,
                        "unknown key '%.60s', allowed are matchLabels, matchExpressions",
                        member->key.ptr);
        return;
    }
    if (member->value->type != PF_YAML_MAP) {
        pf_options_refuse_value(&inner, member->value, "a map of strings", "");
        return;
    }
    for (size_t i = 0; i < member->value->count; i++) {
        const struct pf_yaml_member *label = &member->value->value.members[i];
        const struct pf_problems_path label_path = {.parent = &path, .key = label->key};
        (void)pf_options_refuse_unless_string(place, label->value, &label_path);
    }
}

static enum pf_code decode_custom(const struct pf_options_place *place,
                                  const struct pf_yaml_node *node)
{
    return place->option->decode(place->run, node, place->path, place->field);
}

static enum pf_code decode_selector(const struct pf_options_place *place,
                                    const struct pf_yaml_node *node)
{
    size_t before = place->run->problems->total;
    if (node->type != PF_YAML_MAP) {
        pf_options_refuse_value(place, node, NULL, "");
        return PF_OK;
    }
    for (size_t i = 0; i < node->count; i++) {
        check_selector_member(place, &node->value.members[i]);
    }
    return place->run->problems->total == before ? decode_custom(place, node) : PF_OK;
}

static const decode_fn decoders[] = {
    [PF_OPTION_BOOL] = decode_bool,
    [PF_OPTION_INT] = decode_int,
    [PF_OPTION_DURATION] = decode_duration,
    [PF_OPTION_STRING] = decode_string,
    [PF_OPTION_ENUM] = decode_enum,
    [PF_OPTION_STRING_LIST] = decode_string_list,
    [PF_OPTION_STRING_MAP] = decode_string_map,
    [PF_OPTION_OBJECT] = decode_embedded,
    [PF_OPTION_OBJECT_LIST] = decode_object_list,
    [PF_OPTION_SELECTOR] = decode_selector,
    [PF_OPTION_CUSTOM] = decode_custom,
};

/* ---- objects ---- */

static enum pf_code decode_value(const struct pf_options_place *place,
                                 const struct pf_yaml_node *node)
{
    size_t before = place->run->problems->total;
    enum pf_code code = decoders[place->option->type](place, node);
    if (code == PF_OK && place->option->check != NULL && place->run->problems->total == before) {
        code = place->option->check(place->run, node, place->path, place->field);
    }
    return code;
}

/* a default is YAML text that goes through the same decoders; a bad one is our fault, not the user's */
static enum pf_code decode_fallback(const struct pf_options_place *place)
{
    struct pf_problems problems;
    struct pf_option_run run = *place->run;
    const struct pf_option *option = place->option;
    const struct pf_yaml_node *node = NULL;
    struct pf_err err = {.code = PF_OK};
    pf_problems_init(&problems, run.arena, "default");
    run.problems = &problems;
    enum pf_code code = pf_yaml_parse_one("default", pf_sv_from(option->fallback),
                                          PF_CONFIG_MAX_BYTES, run.arena, &node, &err);
    if (code == PF_E_NO_MEMORY) {
        return no_memory(place->run);
    }
    if (code == PF_OK) {
        const struct pf_options_place inner = {
            .run = &run, .option = option, .path = place->path, .field = place->field};
        code = decode_value(&inner, node);
        if (code != PF_OK) {
            return code; /* said in the caller's err already */
        }
        code = pf_problems_status(&problems, &err);
    }
    if (code != PF_OK) {
        return pf_err_set(place->run->err, PF_E_INTERNAL, "default '%s' of option '%s': %.400s",
                          option->fallback, option->key, err.text);
    }
    return PF_OK;
}

static enum pf_code decode_missing(const struct pf_options_place *place,
                                   const struct pf_yaml_node *object)
{
    const struct pf_option *option = place->option;
    if (option->required && object != NULL) {
        pf_problems_add(place->run->problems, object->mark, place->path,
                        "required key '%s' is missing", option->key);
        return PF_OK;
    }
    if (option->fallback != NULL) {
        return decode_fallback(place);
    }
    /* the defaults of what is in it; its required keys are required only when it is given */
    return option->type == PF_OPTION_OBJECT
               ? decode_object(place->run, option->table, NULL, place->path, place->field)
               : PF_OK;
}

static enum pf_code decode_row(const struct pf_options_place *place,
                               const struct pf_yaml_node *object, bool *given)
{
    const struct pf_yaml_node *value = pf_yaml_get(object, place->option->key);
    bool is_given = value != NULL && value->type != PF_YAML_NULL;
    if (given != NULL) {
        *given = is_given;
    }
    return is_given ? decode_value(place, value) : decode_missing(place, object);
}

/* recursion is bounded by the depth of the tables */
static enum pf_code decode_object(struct pf_option_run *run, const struct pf_option_table *table,
                                  const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, char *object)
{
    size_t before = run->problems->total;
    enum pf_code code = PF_OK;
    if (node != NULL && node->type != PF_YAML_MAP) {
        const struct pf_option map = {.type = PF_OPTION_OBJECT};
        const struct pf_options_place place = {.run = run, .option = &map, .path = path};
        pf_options_refuse_value(&place, node, NULL, "");
        return PF_OK;
    }
    if (node != NULL) {
        pf_options_refuse_unknown_keys(run, table, node, path);
    }
    for (size_t i = 0; code == PF_OK && i < table->count; i++) {
        const struct pf_option *option = &table->rows[i];
        const struct pf_problems_path key_path = {.parent = path, .key = pf_sv_from(option->key)};
        const struct pf_options_place place = {
            .run = run, .option = option, .path = &key_path, .field = object + option->offset};
        bool *given =
            option->given_offset != 0 ? (bool *)(void *)(object + option->given_offset - 1) : NULL;
        code = decode_row(&place, node, given);
    }
    bool clean = code == PF_OK && run->problems->total == before;
    if (clean && table->check != NULL && node != NULL) {
        code = table->check(run, node, path, object);
    }
    return code;
}

enum pf_code pf_options_decode_at(const struct pf_option_table *table,
                                  const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, struct pf_option_run *run,
                                  void *ret_object)
{
    /* a file with nothing in it is a map with nothing in it, so that required keys are missed */
    static const struct pf_yaml_node empty = {.type = PF_YAML_MAP, .height = 1, .nodes = 1};
    size_t before = run->problems->total;
    char *object = pf_arena_calloc(run->arena, 1, table->struct_bytes);
    if (object == NULL) {
        return no_memory(run);
    }
    bool nothing = node == NULL || node->type == PF_YAML_NULL;
    enum pf_code code = decode_object(run, table, nothing ? &empty : node, path, object);
    if (code == PF_OK && run->problems->total != before) {
        code = pf_problems_status(run->problems, run->err);
    }
    if (code == PF_OK) {
        memcpy(ret_object, object, table->struct_bytes);
    }
    return code;
}

enum pf_code pf_options_decode(const struct pf_option_table *table, const struct pf_yaml_node *node,
                               struct pf_option_run *run, void *ret_object)
{
    return pf_options_decode_at(table, node, NULL, run, ret_object);
}

#include <stdio.h>

#include "compose.h"

/* maps up to this size are searched one key after the other, larger ones by hash */
#define LINEAR_KEYS 16

/* the members of a map under construction, with an index when there are many */
struct building {
    struct pf_yaml_member *members;
    size_t count;
    bool hashed;
    struct pf_map index; /* key to position */
};

static const struct pf_yaml_member *find_member(const struct building *map, struct pf_sv key)
{
    uint64_t at = 0;
    if (map->hashed) {
        return pf_map_get(&map->index, key, &at) ? &map->members[at] : NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (pf_sv_eq(map->members[i].key, key)) {
            return &map->members[i];
        }
    }
    return NULL;
}

static bool add_member(struct building *map, const struct pf_yaml_member *member)
{
    if (map->hashed && !pf_map_put(&map->index, member->key, map->count)) {
        return false;
    }
    map->members[map->count++] = *member;
    return true;
}

static enum pf_code refuse_duplicate(const struct pf_compose *compose,
                                     const struct pf_yaml_member *member,
                                     const struct pf_yaml_member *first, struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID,
                      PF_COMPOSE_AT "key '%.60s' is there twice, first at line %u, column %u",
                      PF_COMPOSE_AT_ARGS(compose, member->key_mark),
                      member->key.ptr != NULL ? member->key.ptr : "<<", first->key_mark.line,
                      first->key_mark.column);
}

static enum pf_code add_explicit(struct pf_compose *compose, size_t base, struct building *map,
                                 const struct pf_yaml_member **ret_merge, struct pf_err *err)
{
    const struct pf_yaml_member *merge = NULL;
    for (size_t i = base; i < compose->stack_count; i++) {
        const struct pf_yaml_member *member = &compose->stack[i];
        bool is_merge = member->key.ptr == NULL;
        const struct pf_yaml_member *first = is_merge ? merge : find_member(map, member->key);
        if (first != NULL) {
            return refuse_duplicate(compose, member, first, err);
        }
        if (is_merge) {
            merge = member;
        } else if (!add_member(map, member)) {
            return pf_compose_no_memory(compose, err);
        }
    }
    *ret_merge = merge;
    return PF_OK;
}

/* number of members a merge may add, or SIZE_MAX when its value is neither a map nor a list of maps */
static size_t count_merged(const struct pf_yaml_node *source)
{
    size_t count = 0;
    if (source->type == PF_YAML_MAP) {
        return source->count;
    }
    if (source->type != PF_YAML_SEQ) {
        return SIZE_MAX;
    }
    for (size_t i = 0; i < source->count; i++) {
        if (source->value.items[i]->type != PF_YAML_MAP) {
            return SIZE_MAX;
        }
        count += source->value.items[i]->count;
    }
    return count;
}

static bool merge_map(struct building *map, const struct pf_yaml_node *source)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct pf_yaml_member *member = &source->value.members[i];
        if (find_member(map, member->key) == NULL && !add_member(map, member)) {
            return false;
        }
    }
    return true;
}

/* of the maps of a list the earlier wins, as in go-yaml */
static bool merge_all(struct building *map, const struct pf_yaml_node *source)
{
    if (source->type == PF_YAML_MAP) {
        return merge_map(map, source);
    }
    bool ok = true;
    for (size_t i = 0; ok && i < source->count; i++) {
        ok = merge_map(map, source->value.items[i]);
    }
    return ok;
}

static void measure_map(struct pf_yaml_node *map)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct pf_yaml_node *value = map->value.members[i].value;
        map->nodes += 1 + value->nodes;
        map->height = map->height > value->height ? map->height : value->height + 1;
    }
}

static enum pf_code build_map(struct pf_compose *compose, size_t base, struct building *map,
                              struct pf_err *err)
{
    const struct pf_yaml_member *merge = NULL;
    size_t total = compose->stack_count - base;
    for (size_t i = base; i < compose->stack_count; i++) {
        const struct pf_yaml_member *member = &compose->stack[i];
        if (member->key.ptr != NULL) {
            continue;
        }
        size_t merged = count_merged(member->value);
        if (merged == SIZE_MAX) {
            return pf_err_set(err, PF_E_INVALID,
                              PF_COMPOSE_AT "merge key '<<' needs a map or a list of maps",
                              PF_COMPOSE_AT_ARGS(compose, member->key_mark));
        }
        total += merged;
    }
    map->hashed = total > LINEAR_KEYS;
    map->members = pf_arena_calloc(compose->arena, total, sizeof(*map->members));
    if (total != 0 && map->members == NULL) {
        return pf_compose_no_memory(compose, err);
    }
    enum pf_code code = add_explicit(compose, base, map, &merge, err);
    if (code == PF_OK && merge != NULL && !merge_all(map, merge->value)) {
        code = pf_compose_no_memory(compose, err);
    }
    return code;
}

enum pf_code pf_compose_map_finish(struct pf_compose *compose, size_t base,
                                   struct pf_yaml_node *map, struct pf_err *err)
{
    struct building building = {.members = NULL};
    pf_map_init(&building.index, compose->anchors.seed);
    enum pf_code code = build_map(compose, base, &building, err);
    pf_map_done(&building.index);
    if (code != PF_OK) {
        return code;
    }
    compose->stack_count = base;
    map->type = PF_YAML_MAP;
    map->count = building.count;
    map->value.members = building.members;
    map->height = 1;
    map->nodes = 1;
    measure_map(map);
    return PF_OK;
}

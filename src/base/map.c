#include <podfit/map.h>
#include <podfit/mem.h>

/* Linear probing with backward-shift deletion: no tombstones, so churn does not slow it down. */
struct pf_map_slot {
    struct pf_sv key; /* ptr NULL: empty slot */
    uint64_t hash;
    uint64_t value;
};

static const char empty_key[1] = "";

void pf_map_init(struct pf_map *map, uint64_t seed)
{
    *map = (struct pf_map){.seed = seed};
}

void pf_map_done(struct pf_map *map)
{
    free(map->slots);
    *map = (struct pf_map){.seed = map->seed};
}

static size_t find_slot(const struct pf_map *map, struct pf_sv key, uint64_t hash)
{
    size_t at = (size_t)hash & (map->cap - 1);
    while (map->slots[at].key.ptr != NULL &&
           (map->slots[at].hash != hash || !pf_sv_eq(map->slots[at].key, key))) {
        at = (at + 1) & (map->cap - 1);
    }
    return at;
}

bool pf_map_get(const struct pf_map *map, struct pf_sv key, uint64_t *ret_value)
{
    if (map->cap == 0) {
        return false;
    }
    const size_t at = find_slot(map, key, pf_sv_hash(key, map->seed));
    if (map->slots[at].key.ptr == NULL) {
        return false;
    }
    if (ret_value != NULL) {
        *ret_value = map->slots[at].value;
    }
    return true;
}

static bool enlarge(struct pf_map *map)
{
    struct pf_map bigger = {.cap = map->cap != 0 ? map->cap * 2 : 16, .seed = map->seed};
    bigger.slots = pf_mem_calloc(bigger.cap, sizeof(*bigger.slots));
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->cap; i++) {
        if (map->slots[i].key.ptr != NULL) {
            bigger.slots[find_slot(&bigger, map->slots[i].key, map->slots[i].hash)] = map->slots[i];
        }
    }
    bigger.count = map->count;
    free(map->slots);
    *map = bigger;
    return true;
}

bool pf_map_put(struct pf_map *map, struct pf_sv key, uint64_t value)
{
    /* at most 3/4 full */
    if (map->count + 1 > map->cap - map->cap / 4 && !enlarge(map)) {
        return false;
    }
    const uint64_t hash = pf_sv_hash(key, map->seed);
    const size_t at = find_slot(map, key, hash);
    if (map->slots[at].key.ptr != NULL) {
        map->slots[at].value = value;
        return true;
    }
    if (key.ptr == NULL) {
        key.ptr = empty_key;
    }
    map->slots[at] = (struct pf_map_slot){.key = key, .hash = hash, .value = value};
    map->count++;
    return true;
}

bool pf_map_remove(struct pf_map *map, struct pf_sv key)
{
    if (map->cap == 0) {
        return false;
    }
    const size_t mask = map->cap - 1;
    size_t hole = find_slot(map, key, pf_sv_hash(key, map->seed));
    if (map->slots[hole].key.ptr == NULL) {
        return false;
    }
    for (size_t at = (hole + 1) & mask; map->slots[at].key.ptr != NULL; at = (at + 1) & mask) {
        const size_t home = (size_t)map->slots[at].hash & mask;
        /* move back unless its home lies cyclically in (hole, at] */
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct pf_map_slot){0};
    map->count--;
    return true;
}

bool pf_map_next(const struct pf_map *map, size_t *cursor, struct pf_sv *ret_key,
                 uint64_t *ret_value)
{
    for (; *cursor < map->cap; (*cursor)++) {
        const struct pf_map_slot *slot = &map->slots[*cursor];
        if (slot->key.ptr != NULL) {
            *ret_key = slot->key;
            *ret_value = slot->value;
            (*cursor)++;
            return true;
        }
    }
    return false;
}

size_t pf_map_bytes(const struct pf_map *map)
{
    return map->cap * sizeof(*map->slots);
}

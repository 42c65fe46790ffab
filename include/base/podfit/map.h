#ifndef PODFIT_MAP_H
#define PODFIT_MAP_H

/**
 * Hash map from a byte string to a 64-bit value (an index, an id, or a pointer cast by the caller). Open addressing; keys are
 * borrowed: they must live as long as their entry. Keyed hash against collision attacks. One thread at a time.
 */

#include <stdint.h>

#include <podfit/sv.h>

struct pf_map_slot;

struct pf_map {
    struct pf_map_slot *slots;
    size_t cap; /**< power of two, 0 while empty */
    size_t count;
    uint64_t seed;
};

/** @param seed random, see pf_random_u64(); nothing is allocated yet */
void pf_map_init(struct pf_map *map, uint64_t seed);
/** Free the table, not what it points to. Accepts a zeroed struct. */
void pf_map_done(struct pf_map *map);
/** @return true and *ret_value when @p key is there; @p ret_value may be NULL */
bool pf_map_get(const struct pf_map *map, struct pf_sv key, uint64_t *ret_value);
/** Insert or replace (the old key view stays on replacement). @return false: no memory, nothing changed */
bool pf_map_put(struct pf_map *map, struct pf_sv key, uint64_t value) PF_MUST_CHECK;
/** @return true when the key was there */
bool pf_map_remove(struct pf_map *map, struct pf_sv key);
/** Iterate: start with *cursor = 0; the map must not change meanwhile. @return false at the end */
bool pf_map_next(const struct pf_map *map, size_t *cursor, struct pf_sv *ret_key,
                 uint64_t *ret_value);
/** Memory held by the table: for statistics. */
size_t pf_map_bytes(const struct pf_map *map);

#endif

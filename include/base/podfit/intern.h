#ifndef PODFIT_INTERN_H
#define PODFIT_INTERN_H

/**
 * Reference-counted string table: equal strings share one id and one copy. Ids of released strings are reused. Id 0 is the
 * empty string, always present. One thread at a time.
 */

#include <stdint.h>

#include <podfit/map.h>
#include <podfit/sv.h>

#define PF_INTERN_NONE UINT32_MAX

struct pf_intern_entry;

struct pf_intern {
    struct pf_map map;
    struct pf_intern_entry *entries;
    uint32_t count; /**< ids in use, free ones included */
    uint32_t cap;
    uint32_t free_head;
    size_t text_bytes; /**< for memory statistics */
};

bool pf_intern_init(struct pf_intern *table, uint64_t seed) PF_MUST_CHECK;
void pf_intern_done(struct pf_intern *table);
/** Add one reference. @return the id, or PF_INTERN_NONE when memory is exhausted */
uint32_t pf_intern_ref(struct pf_intern *table, struct pf_sv text) PF_MUST_CHECK;
/** One more reference to an id that the caller holds already. */
void pf_intern_ref_id(struct pf_intern *table, uint32_t id);
/** Drop one reference; PF_INTERN_NONE is ignored. */
void pf_intern_unref(struct pf_intern *table, uint32_t id);
/** Look up without a reference. @return PF_INTERN_NONE when nobody holds that string */
uint32_t pf_intern_find(const struct pf_intern *table, struct pf_sv text);
/** Borrowed until the last reference is dropped; NUL-terminated. */
struct pf_sv pf_intern_text(const struct pf_intern *table, uint32_t id);
/** References held to @p id (saturating), 0 for a free id: for self-checks. */
uint32_t pf_intern_refs(const struct pf_intern *table, uint32_t id);
/** Memory held by the table, without what the allocator adds: for statistics. */
size_t pf_intern_bytes(const struct pf_intern *table);

#endif

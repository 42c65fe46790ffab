#include "soft.h"
#include <podfit/clock.h>
#include <podfit/mem.h>

struct pf_soft_entry {
    struct pf_soft_entry *newer;
    struct pf_soft_entry *older;
    char *key; /* owned; the map's key */
    size_t key_len;
    struct pf_soft soft;
    size_t bytes; /* as counted in the cache */
};

void pf_soft_cache_init(struct pf_soft_cache *cache, size_t max_bytes)
{
    *cache = (struct pf_soft_cache){.max_bytes = max_bytes};
    pf_map_init(&cache->map, pf_random_u64());
}

static void free_entry(struct pf_soft_entry *entry)
{
    pf_soft_done(&entry->soft);
    free(entry->key);
    free(entry);
}

void pf_soft_cache_done(struct pf_soft_cache *cache)
{
    struct pf_soft_entry *entry = cache->newest;
    while (entry != NULL) {
        struct pf_soft_entry *older = entry->older;
        free_entry(entry);
        entry = older;
    }
    pf_map_done(&cache->map);
    cache->newest = NULL;
    cache->oldest = NULL;
}

static void unlink_entry(struct pf_soft_cache *cache, const struct pf_soft_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct pf_soft_cache *cache, struct pf_soft_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void forget(struct pf_soft_cache *cache, struct pf_soft_entry *entry)
{
    unlink_entry(cache, entry);
    (void)pf_map_remove(&cache->map, (struct pf_sv){.ptr = entry->key, .len = entry->key_len});
    cache->bytes -= entry->bytes;
    free_entry(entry);
}

static struct pf_soft_entry *make(struct pf_soft_cache *cache,
                                  const struct pf_soft_question *question)
{
    struct pf_soft_entry *entry = pf_mem_calloc(1, sizeof(*entry));
    if (entry == NULL) {
        return NULL;
    }
    entry->key = pf_mem_dup(question->key.ptr, question->key.len);
    entry->key_len = question->key.len;
    const enum pf_code code = pf_soft_init(&entry->soft, question->columns);
    if (entry->key == NULL || code != PF_OK ||
        !pf_map_put(&cache->map, (struct pf_sv){.ptr = entry->key, .len = entry->key_len},
                    (uint64_t)(uintptr_t)entry)) {
        free_entry(entry);
        return NULL;
    }
    link_newest(cache, entry);
    return entry;
}

static struct pf_soft_entry *find_or_make(struct pf_soft_cache *cache,
                                          const struct pf_soft_question *question)
{
    uint64_t value = 0;
    if (!pf_map_get(&cache->map, question->key, &value)) {
        return make(cache, question);
    }
    struct pf_soft_entry *found = (struct pf_soft_entry *)(uintptr_t)value;
    if (found != cache->newest) {
        unlink_entry(cache, found);
        link_newest(cache, found);
    }
    return found;
}

enum pf_code pf_soft_ask(struct pf_soft_cache *cache, const struct pf_filter_input *input,
                         const struct pf_soft_question *question, const struct pf_soft **ret_soft)
{
    struct pf_soft_entry *entry = find_or_make(cache, question);
    if (entry == NULL) {
        return PF_E_NO_MEMORY;
    }
    const enum pf_code code = pf_soft_update(&entry->soft, input, question);
    if (code != PF_OK) {
        forget(cache, entry);
        return code;
    }
    const size_t bytes = sizeof(*entry) + entry->key_len + pf_soft_bytes(&entry->soft);
    cache->bytes += bytes - entry->bytes;
    entry->bytes = bytes;
    while (cache->bytes > cache->max_bytes && cache->oldest != entry) {
        forget(cache, cache->oldest);
    }
    *ret_soft = &entry->soft;
    return PF_OK;
}

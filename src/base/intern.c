#include <podfit/intern.h>
#include <podfit/mem.h>

struct pf_intern_entry {
    char *text; /* owned; NULL: free, then len is the next free id */
    uint32_t len;
    uint32_t refs; /* saturates at UINT32_MAX, then the string stays for ever */
};

bool pf_intern_init(struct pf_intern *table, uint64_t seed)
{
    *table = (struct pf_intern){.free_head = PF_INTERN_NONE};
    pf_map_init(&table->map, seed);
    const uint32_t empty = pf_intern_ref(table, PF_SV(""));
    return empty == 0;
}

void pf_intern_done(struct pf_intern *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        free(table->entries[i].text);
    }
    free(table->entries);
    pf_map_done(&table->map);
    *table = (struct pf_intern){.free_head = PF_INTERN_NONE};
}

/* An id whose entry is free to be filled; it stays on the free list until it is filled. */
static uint32_t take_id(struct pf_intern *table)
{
    if (table->free_head != PF_INTERN_NONE) {
        return table->free_head;
    }
    size_t cap = table->cap;
    if (table->count >= PF_INTERN_NONE - 1 ||
        !pf_mem_grow(&table->entries, &cap, table->count, sizeof(*table->entries))) {
        return PF_INTERN_NONE;
    }
    table->cap = (uint32_t)cap;
    table->entries[table->count] = (struct pf_intern_entry){.len = PF_INTERN_NONE};
    table->free_head = table->count;
    return table->count++;
}

uint32_t pf_intern_ref(struct pf_intern *table, struct pf_sv text)
{
    uint64_t found = 0;
    if (pf_map_get(&table->map, text, &found)) {
        pf_intern_ref_id(table, (uint32_t)found);
        return (uint32_t)found;
    }
    const uint32_t id = text.len < UINT32_MAX ? take_id(table) : PF_INTERN_NONE;
    char *copy = id != PF_INTERN_NONE ? pf_mem_dup(text.ptr, text.len) : NULL;
    if (copy == NULL ||
        !pf_map_put(&table->map, (struct pf_sv){.ptr = copy, .len = text.len}, id)) {
        free(copy);
        return PF_INTERN_NONE;
    }
    table->free_head = table->entries[id].len;
    table->entries[id] =
        (struct pf_intern_entry){.text = copy, .len = (uint32_t)text.len, .refs = 1};
    table->text_bytes += text.len + 1;
    return id;
}

void pf_intern_ref_id(struct pf_intern *table, uint32_t id)
{
    if (table->entries[id].refs != UINT32_MAX) {
        table->entries[id].refs++;
    }
}

void pf_intern_unref(struct pf_intern *table, uint32_t id)
{
    if (id == PF_INTERN_NONE || id == 0 || table->entries[id].refs == UINT32_MAX) {
        return;
    }
    struct pf_intern_entry *entry = &table->entries[id];
    if (--entry->refs != 0) {
        return;
    }
    (void)pf_map_remove(&table->map, (struct pf_sv){.ptr = entry->text, .len = entry->len});
    table->text_bytes -= (size_t)entry->len + 1;
    free(entry->text);
    *entry = (struct pf_intern_entry){.len = table->free_head};
    table->free_head = id;
}

uint32_t pf_intern_find(const struct pf_intern *table, struct pf_sv text)
{
    uint64_t found = 0;
    return pf_map_get(&table->map, text, &found) ? (uint32_t)found : PF_INTERN_NONE;
}

struct pf_sv pf_intern_text(const struct pf_intern *table, uint32_t id)
{
    return (struct pf_sv){.ptr = table->entries[id].text, .len = table->entries[id].len};
}

uint32_t pf_intern_refs(const struct pf_intern *table, uint32_t id)
{
    return id < table->count && table->entries[id].text != NULL ? table->entries[id].refs : 0;
}

size_t pf_intern_bytes(const struct pf_intern *table)
{
    return table->text_bytes + table->cap * sizeof(*table->entries) + pf_map_bytes(&table->map);
}

#include "audit_repeats.h"

#include <podfit/limits.h>

void pf_audit_repeats_init(struct pf_audit_repeats *table, int64_t window_ns)
{
    *table = (struct pf_audit_repeats){.window_ns = window_ns};
    pf_map_init(&table->map, pf_random_u64());
}

void pf_audit_repeats_done(struct pf_audit_repeats *table)
{
    struct pf_audit_item *item = pf_audit_repeats_take(table);
    while (item != NULL) {
        free(item);
        item = pf_audit_repeats_take(table);
    }
    pf_map_done(&table->map);
}

/* Two lists with links at different places in the item: which of them is said by the offset of the link. */
static struct pf_audit_link *link_of(struct pf_audit_item *item, size_t offset)
{
    return (struct pf_audit_link *)(void *)((char *)item + offset);
}

#define RECENT  offsetof(struct pf_audit_item, recent)
#define STARTED offsetof(struct pf_audit_item, started)

static void list_append(struct pf_audit_list *list, struct pf_audit_item *item, size_t offset)
{
    *link_of(item, offset) = (struct pf_audit_link){.prev = list->last};
    if (list->last != NULL) {
        link_of(list->last, offset)->next = item;
    } else {
        list->first = item;
    }
    list->last = item;
}

static void list_remove(struct pf_audit_list *list, struct pf_audit_item *item, size_t offset)
{
    const struct pf_audit_link link = *link_of(item, offset);
    if (link.prev != NULL) {
        link_of(link.prev, offset)->next = link.next;
    } else {
        list->first = link.next;
    }
    if (link.next != NULL) {
        link_of(link.next, offset)->prev = link.prev;
    } else {
        list->last = link.prev;
    }
}

bool pf_audit_repeats_count(struct pf_audit_repeats *table, const struct pf_audit_item *item)
{
    uint64_t found = 0;
    if (table->window_ns == 0 || !pf_map_get(&table->map, item->key, &found)) {
        return false;
    }
    struct pf_audit_item *entry = (struct pf_audit_item *)(uintptr_t)found;
    const int64_t wall_ns = item->record.wall_ns;
    if (entry->repeats == 0) {
        entry->first_wall_ns = wall_ns;
        entry->last_wall_ns = wall_ns;
    }
    entry->repeats++;
    entry->first_wall_ns = wall_ns < entry->first_wall_ns ? wall_ns : entry->first_wall_ns;
    entry->last_wall_ns = wall_ns > entry->last_wall_ns ? wall_ns : entry->last_wall_ns;
    list_remove(&table->recent, entry, RECENT);
    list_append(&table->recent, entry, RECENT);
    return true;
}

bool pf_audit_repeats_add(struct pf_audit_repeats *table, struct pf_audit_item *item)
{
    if (table->window_ns == 0 || !pf_map_put(&table->map, item->key, (uint64_t)(uintptr_t)item)) {
        return false;
    }
    list_append(&table->recent, item, RECENT);
    list_append(&table->started, item, STARTED);
    table->bytes += item->bytes;
    return true;
}

static struct pf_audit_item *take(struct pf_audit_repeats *table, struct pf_audit_item *item)
{
    if (item != NULL) {
        (void)pf_map_remove(&table->map, item->key); /* it is there: see pf_audit_repeats_add() */
        list_remove(&table->recent, item, RECENT);
        list_remove(&table->started, item, STARTED);
        table->bytes -= item->bytes;
    }
    return item;
}

struct pf_audit_item *pf_audit_repeats_take(struct pf_audit_repeats *table)
{
    return take(table, table->started.first);
}

struct pf_audit_item *pf_audit_repeats_take_ended(struct pf_audit_repeats *table, int64_t mono_ns)
{
    return mono_ns >= pf_audit_repeats_next_ns(table) ? take(table, table->started.first) : NULL;
}

struct pf_audit_item *pf_audit_repeats_take_excess(struct pf_audit_repeats *table)
{
    const bool over =
        table->map.count > PF_AUDIT_REPEATS_MAX || table->bytes > PF_AUDIT_REPEATS_MAX_BYTES;
    return over ? take(table, table->recent.first) : NULL;
}

int64_t pf_audit_repeats_next_ns(const struct pf_audit_repeats *table)
{
    int64_t end_ns = 0;
    if (table->started.first == NULL ||
        __builtin_add_overflow(table->started.first->mono_ns, table->window_ns, &end_ns)) {
        return INT64_MAX;
    }
    return end_ns;
}

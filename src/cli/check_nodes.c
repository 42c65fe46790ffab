#include "check_item.h"
#include <podfit/clitable.h>
#include <podfit/clock.h>
#include <podfit/map.h>

/* A longer list of reasons is cut. */
#define REASONS_MAX_BYTES ((size_t)16 * 1024)
#define KEY_MAX_BYTES     (2 * REASONS_MAX_BYTES)

/* Nodes with the same answer, word for word and slot for slot. */
struct group {
    const struct pf_fit_node *first; /* in name order */
    struct pf_sv reasons;
    size_t count;
};

struct groups {
    struct group *items;
    size_t count;
    struct pf_map by_answer;
};

static struct pf_sv reasons_text(const struct pf_fit_node *node, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, REASONS_MAX_BYTES);
    for (size_t i = 0; i < node->reason_count; i++) {
        pf_buf_append_cstr(&text, i != 0 ? ", " : "");
        pf_buf_append_sv(&text, node->reasons[i]);
    }
    struct pf_sv copy = {0};
    return pf_arena_dup_sv(arena, pf_buf_view(&text), &copy) ? copy : (struct pf_sv){0};
}

/* What makes two answers the same. */
static bool answer_key(const struct pf_fit_node *node, struct pf_sv reasons, struct pf_arena *arena,
                       struct pf_sv *ret_key)
{
    pf_autobuf struct pf_buf key = {0};
    pf_buf_init(&key, KEY_MAX_BYTES);
    pf_buf_printf(&key, "%d %d %llu %s|", (int)node->fits, (int)node->code,
                  (unsigned long long)node->slots, node->plugin != NULL ? node->plugin : "");
    pf_buf_append_sv(&key, reasons);
    return pf_buf_status(&key, NULL) == PF_OK && pf_arena_dup_sv(arena, pf_buf_view(&key), ret_key);
}

static bool put_into_group(struct groups *groups, const struct pf_fit_node *node,
                           struct pf_arena *arena)
{
    const struct pf_sv reasons = reasons_text(node, arena);
    struct pf_sv key = {0};
    uint64_t at = 0;
    if (!answer_key(node, reasons, arena, &key)) {
        return false;
    }
    if (pf_map_get(&groups->by_answer, key, &at)) {
        groups->items[at].count++;
        return true;
    }
    groups->items[groups->count] = (struct group){.first = node, .reasons = reasons, .count = 1};
    return pf_map_put(&groups->by_answer, key, groups->count++);
}

static void add_row(struct pf_clitable *table, const struct group *group)
{
    const struct pf_fit_node *node = group->first;
    pf_clitable_addf(table, "%zu", group->count);
    pf_clitable_add(table, node->name, PF_CLIOUT_PLAIN);
    pf_clitable_add(table, node->fits ? PF_SV("yes") : PF_SV("no"),
                    node->fits ? PF_CLIOUT_GOOD : PF_CLIOUT_BAD);
    pf_clitable_addf(table, "%llu", (unsigned long long)node->slots);
    pf_clitable_add(table, node->plugin != NULL ? pf_sv_from(node->plugin) : PF_SV("-"),
                    node->plugin != NULL ? PF_CLIOUT_PLAIN : PF_CLIOUT_FAINT);
    pf_clitable_add(table, group->reasons, PF_CLIOUT_PLAIN);
}

enum pf_code pf_check_nodes_put(const struct pf_check_item *item, bool colour,
                                struct pf_arena *arena, struct pf_buf *buf)
{
    static const char *const headings[] = {"NODES", "FIRST", "FITS", "SLOTS", "FILTER", "REASONS"};
    if (item->node_count == 0) {
        return PF_OK;
    }
    struct groups groups = {.items =
                                pf_arena_calloc(arena, item->node_count, sizeof(*groups.items))};
    struct pf_clitable table = {0};
    bool done = groups.items != NULL;
    pf_map_init(&groups.by_answer, pf_random_u64());
    for (size_t i = 0; i < item->node_count && done; i++) {
        done = put_into_group(&groups, &item->nodes[i], arena);
    }
    pf_map_done(&groups.by_answer);
    if (!done) {
        return PF_E_NO_MEMORY;
    }
    pf_clitable_init(&table, arena, headings, PF_ARRAY_LEN(headings));
    table.right = 1U << 0 | 1U << 3;
    for (size_t i = 0; i < groups.count; i++) {
        add_row(&table, &groups.items[i]);
    }
    return pf_clitable_put(&table, 2, colour, buf);
}

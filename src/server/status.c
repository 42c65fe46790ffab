#include "status.h"

#include <podfit/limits.h>
#include <podfit/mem.h>

/* The map is taken at most so often, whoever asks. */
#define MAP_EVERY_NS PF_NS_PER_S

struct pf_status {
    struct pf_status_options options;
    struct pf_headroom *headroom;
    struct pf_nodemap map;
    struct pf_config *config; /* that the map was taken with; only compared */
    bool taken;
    int64_t taken_mono_ns;
    struct pf_recent_list list; /* too large for a stack */
};

enum pf_code pf_status_new(const struct pf_status_options *options, struct pf_status **ret_status,
                           struct pf_err *err)
{
    struct pf_status *status = pf_mem_calloc(1, sizeof(*status));
    if (status == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the status page");
    }
    status->options = *options;
    const struct pf_headroom_options headroom = {
        .model = options->model, .recent = options->recent, .clock = options->clock};
    const enum pf_code code = pf_headroom_new(&headroom, &status->headroom, err);
    if (code != PF_OK) {
        pf_status_free(status);
        return code;
    }
    *ret_status = status;
    return PF_OK;
}

void pf_status_free(struct pf_status *status)
{
    if (status == NULL) {
        return;
    }
    pf_headroom_free(status->headroom);
    pf_nodemap_done(&status->map);
    pf_config_unref(status->config);
    free(status);
}

struct pf_headroom_view pf_status_headroom(struct pf_status *status, struct pf_config *config)
{
    return pf_headroom_look(status->headroom, config);
}

/* @return false: there is no map, and no memory to take one */
static bool refresh_map(struct pf_status *status, struct pf_config *config)
{
    const int64_t now = pf_clock_mono_ns(status->options.clock);
    if (status->taken && status->config == config && now - status->taken_mono_ns < MAP_EVERY_NS) {
        return true;
    }
    struct pf_nodemap map = {.node_count = 0};
    struct pf_err err = {0};
    if (pf_nodemap_take(status->options.model, config, &map, &err) != PF_OK) {
        return status->taken; /* the old one is better than none */
    }
    pf_nodemap_done(&status->map);
    pf_config_unref(status->config);
    status->map = map;
    status->config = pf_config_ref(config);
    status->taken = true;
    status->taken_mono_ns = now;
    return true;
}

static struct pf_status_selection select_nodes(const struct pf_nodemap *map,
                                               const struct pf_status_ask *ask, int64_t *ret_page,
                                               int64_t *ret_pages)
{
    if (ask->pool.ptr == NULL) {
        return (struct pf_status_selection){.all = map->node_count <= PF_STATUS_INLINE_NODES};
    }
    struct pf_status_selection selection = {.pool = pf_nodemap_find(map, ask->pool)};
    if (selection.pool == NULL) {
        return selection;
    }
    const size_t nodes = selection.pool->nodes;
    const int64_t pages = nodes == 0 ? 1 : (int64_t)((nodes - 1) / PF_STATUS_NODES_PER_PAGE) + 1;
    int64_t page = ask->page;
    page = page > pages ? pages : page;
    page = page < 1 ? 1 : page;
    selection.first = (size_t)(page - 1) * PF_STATUS_NODES_PER_PAGE;
    selection.count = nodes - selection.first < PF_STATUS_NODES_PER_PAGE ? nodes - selection.first
                                                                         : PF_STATUS_NODES_PER_PAGE;
    *ret_page = page;
    *ret_pages = pages;
    return selection;
}

static void put_selection(struct pf_writer *w, const struct pf_status_ask *ask,
                          const struct pf_status_selection *selection, int64_t page, int64_t pages)
{
    pf_write_key(w, PF_SV("selection"));
    if (ask->pool.ptr == NULL) {
        pf_write_put_null(w);
        return;
    }
    pf_write_begin_object(w);
    pf_write_string_member(w, "pool", ask->pool);
    pf_write_bool_member(w, "found", selection->pool != NULL);
    if (selection->pool != NULL) {
        pf_write_i64_member(w, "page", page);
        pf_write_i64_member(w, "pages", pages);
        pf_write_i64_member(w, "previous", page > 1 ? page - 1 : 0);
        pf_write_i64_member(w, "next", page < pages ? page + 1 : 0);
        pf_write_i64_member(w, "first", (int64_t)selection->first + 1);
        pf_write_i64_member(w, "last", (int64_t)(selection->first + selection->count));
    }
    pf_write_end_object(w);
}

static void put_map(struct pf_status *status, struct pf_config *config,
                    const struct pf_status_ask *ask, struct pf_writer *w)
{
    if (!refresh_map(status, config)) {
        pf_write_key(w, PF_SV("pools"));
        pf_write_put_null(w);
        return;
    }
    int64_t page = 0;
    int64_t pages = 0;
    const struct pf_status_selection selection = select_nodes(&status->map, ask, &page, &pages);
    put_selection(w, ask, &selection, page, pages);
    pf_write_i64_member(w, "nodesLeftOut", (int64_t)status->map.left_out);
    pf_write_bool_member(w, "manyPools", status->map.pool_count > 1);
    pf_write_key(w, PF_SV("pools"));
    pf_status_write_pools(w, &status->map, &selection);
}

void pf_status_write(struct pf_status *status, struct pf_config *config,
                     const struct pf_status_ask *ask, struct pf_writer *w)
{
    const struct pf_headroom_view headroom = pf_status_headroom(status, config);
    pf_write_key(w, PF_SV("headroom"));
    pf_status_write_headroom(w, &headroom, ask->details);
    pf_write_bool_member(w, "details", ask->details);
    if (!ask->details) {
        return;
    }
    put_map(status, config, ask, w);
    pf_recent_copy(status->options.recent, /* rejections= */ false, &status->list);
    pf_write_key(w, PF_SV("decisions"));
    pf_status_write_recent(w, &status->list);
    pf_recent_copy(status->options.recent, /* rejections= */ true, &status->list);
    pf_write_key(w, PF_SV("rejections"));
    pf_status_write_recent(w, &status->list);
}

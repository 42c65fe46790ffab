#ifndef PODFIT_STATUS_H
#define PODFIT_STATUS_H

/** Inside the server: the parts of /stats that people look at, of the ops thread alone. */

#include <podfit/headroom.h>
#include <podfit/nodemap.h>
#include <podfit/recent.h>
#include <podfit/write.h>

/** What is asked of /stats and of the page. */
struct pf_status_ask {
    bool details;      /**< whoever asks may see names: pools, nodes, decisions */
    struct pf_sv pool; /**< whose nodes are wanted; ptr NULL: none */
    int64_t page;      /**< from 1 on */
};

struct pf_status_options {
    struct pf_model *model;
    struct pf_recent *recent;
    const struct pf_clock *clock;
};

struct pf_status;

/** @param options  borrowed members outlive it */
enum pf_code pf_status_new(const struct pf_status_options *options, struct pf_status **ret_status,
                           struct pf_err *err) PF_MUST_CHECK;
/** NULL is ignored. */
void pf_status_free(struct pf_status *status);

/** The headroom now; see pf_headroom_look(). */
struct pf_headroom_view pf_status_headroom(struct pf_status *status, struct pf_config *config);

/** Append the members `headroom` and, with details, `pools`, `selection`, `decisions` and `rejections`. What there is no memory for is null. */
void pf_status_write(struct pf_status *status, struct pf_config *config,
                     const struct pf_status_ask *ask, struct pf_writer *w);

/* status_write.c: values of the members. */

struct pf_status_selection {
    const struct pf_nodemap_pool *pool; /* NULL: none is selected */
    bool all;                           /* nodes of every pool are told */
    size_t first;                       /* index within the pool */
    size_t count;
};

void pf_status_write_headroom(struct pf_writer *w, const struct pf_headroom_view *view,
                              bool details);
void pf_status_write_pools(struct pf_writer *w, const struct pf_nodemap *map,
                           const struct pf_status_selection *selection);
void pf_status_write_recent(struct pf_writer *w, const struct pf_recent_list *list);

#endif

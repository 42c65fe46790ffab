#ifndef PODFIT_PLAN_ROWS_H
#define PODFIT_PLAN_ROWS_H

/** What a plan says in words, row by row. */

#include "plan_show.h"

/** The rows below the constraints; both columns of a what-if have the same. */
enum pf_plan_row {
    PF_PLAN_ROW_FITS,          /**< projects that fit */
    PF_PLAN_ROW_BINDING,       /**< what runs out first */
    PF_PLAN_ROW_NEXT,          /**< what is next, and by how much */
    PF_PLAN_ROW_WORST_CPU,     /**< limits : allocatable */
    PF_PLAN_ROW_WORST_MEMORY,  /**< the same */
    PF_PLAN_ROW_USERS,         /**< users */
    PF_PLAN_ROW_WANTED,        /**< projects asked for */
    PF_PLAN_ROW_PODS,          /**< pod limit that would do */
    PF_PLAN_ROW_NODES,         /**< nodes that would do */
    PF_PLAN_ROW_RATIO,         /**< a ratio that would do */
    PF_PLAN_ROW_OTHER_RATIO,   /**< another one */
    PF_PLAN_ROW_NOTHING,       /**< nothing does */
    PF_PLAN_ROW_HUBS,          /**< hubs for the users */
    PF_PLAN_ROW_PROJECTS,      /**< what the following is about */
    PF_PLAN_ROW_CPU,           /**< from request to limit */
    PF_PLAN_ROW_MEMORY,        /**< from request to limit */
    PF_PLAN_ROW_STORAGE,       /**< volumes */
    PF_PLAN_ROW_COMPUTE_DAY,   /**< money */
    PF_PLAN_ROW_COMPUTE_MONTH, /**< money */
    PF_PLAN_ROW_STORAGE_MONTH, /**< money */
    PF_PLAN_ROW_MONTH,         /**< money */
    PF_PLAN_ROW_USER,          /**< money */
    PF_PLAN_ROW_ASSUMED,       /**< how it was counted */
    PF_PLAN_ROW_COUNT          /**< how many there are */
};

/** What is written before a row. Static. */
const char *pf_plan_rows_name(enum pf_plan_row row);

/** One column of those rows. */
struct pf_plan_column {
    struct pf_arena *arena;
    const char *texts[PF_PLAN_ROW_COUNT]; /**< NULL: not said */
    bool failed;
};

/** Fill a column. @param arena  takes the texts @return false: no memory */
bool pf_plan_rows_make(const struct pf_plan_settings *settings, const struct pf_plan *plan,
                       struct pf_arena *arena, struct pf_plan_column *column) PF_MUST_CHECK;

#endif

#ifndef PODFIT_PLAN_SHOW_H
#define PODFIT_PLAN_SHOW_H

/** A plan for people and for programs. */

#include "bars.h"
#include "plan_calc.h"

/** Up to two plans side by side. */
struct pf_plan_show {
    const struct pf_plan_settings *settings[2];
    const struct pf_plan *plans[2]; /**< [1] is NULL without --what-if */
    const char *const *changes;     /**< the `KEY=VALUE` of --what-if */
    size_t change_count;
    const struct pf_bars *bars;
};

/** Append tables. @param arena  for the call @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_plan_text_put(const struct pf_plan_show *show, struct pf_arena *arena,
                              struct pf_buf *buf) PF_MUST_CHECK;

/** Append the stable contract: apiVersion podfit.io/v1, kind Plan. */
void pf_plan_json_put(const struct pf_plan_show *show, struct pf_buf *buf);

/** Hundredths of @p part / @p whole, rounded half up; -1: whole is 0 or less. */
int64_t pf_plan_text_ratio(int64_t part, int64_t whole);

/** Room for the name of a line. */
#define PF_PLAN_TEXT_LINE_BYTES 192
/** `requested cpu`, `pod slots`. @return @p text or static */
const char *pf_plan_text_line(const struct pf_plan_line *line, char text[PF_PLAN_TEXT_LINE_BYTES]);

/** Room for an amount as people read it. */
#define PF_PLAN_TEXT_BYTES 48
/** A number of projects, or `no limit`. @return @p text */
const char *pf_plan_text_count(uint64_t count, char text[PF_PLAN_TEXT_BYTES]);
/** `7.5` cores. @return @p text */
const char *pf_plan_text_cpu(int64_t milli_cpu, char text[PF_PLAN_TEXT_BYTES]);
/** The exact quantity in the shorter of its two forms: `200Mi`, `500M`. @return length without NUL */
size_t pf_plan_text_exact(int64_t bytes, char text[PF_QUANTITY_TEXT_BYTES]);
/** `200Mi`, `500M`, and `43.8Gi` (rounded half up) where no suffix is exact. @return @p text */
const char *pf_plan_text_bytes(int64_t bytes, char text[PF_PLAN_TEXT_BYTES]);

#endif

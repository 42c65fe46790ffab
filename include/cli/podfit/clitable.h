#ifndef PODFIT_CLITABLE_H
#define PODFIT_CLITABLE_H

/** Tables for people: columns aligned, foreign text made harmless. One thread. */

#include <podfit/arena.h>
#include <podfit/cliout.h>

/** Most columns of a table. */
#define PF_CLITABLE_COLUMNS_MAX 12

struct pf_clitable_cell {
    struct pf_sv text;
    enum pf_cliout_style style;
};

/** A table whose columns are aligned when it is printed. Zero-initialise, then pf_clitable_init(). Memory is the arena's. */
struct pf_clitable {
    struct pf_arena *arena;
    size_t columns;
    struct pf_clitable_cell *cells; /**< row by row */
    size_t count;                   /**< cells */
    size_t cap;
    unsigned right; /**< bit per column: aligned to the right */
    bool failed;    /**< no memory; reported by pf_clitable_put() */
};

/** @param headings  one a column, at most PF_CLITABLE_COLUMNS_MAX; borrowed */
void pf_clitable_init(struct pf_clitable *table, struct pf_arena *arena,
                      const char *const *headings, size_t columns);
/** Add a cell; rows fill from left to right. The text is copied, made harmless. */
void pf_clitable_add(struct pf_clitable *table, struct pf_sv text, enum pf_cliout_style style);
/** The same with printf; PF_CLIOUT_PLAIN. */
void pf_clitable_addf(struct pf_clitable *table, const char *format, ...) PF_PRINTF(2, 3);
/** Append the table, each line indented. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_clitable_put(const struct pf_clitable *table, unsigned indent, bool colour,
                             struct pf_buf *buf) PF_MUST_CHECK;

#endif

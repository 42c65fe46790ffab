#ifndef PODFIT_AUDIT_SUMMARY_H
#define PODFIT_AUDIT_SUMMARY_H

/** Count the lines of rejection logs by class, verdict, binding constraint, namespace, owner and cause. One thread at a time. */

#include <podfit/audit_query.h>

/** By what is counted. */
enum pf_audit_dimension {
    PF_AUDIT_BY_CLASS,     /**< `class` */
    PF_AUDIT_BY_VERDICT,   /**< `verdict` */
    PF_AUDIT_BY_BINDING,   /**< `binding` */
    PF_AUDIT_BY_NAMESPACE, /**< `namespace` */
    PF_AUDIT_BY_OWNER, /**< NAMESPACE/KIND/NAME; without an owner NAMESPACE/Pod/NAME, or NAMESPACE/Pod/GENERATENAME* */
    PF_AUDIT_BY_MESSAGE,      /**< the whole sentence */
    PF_AUDIT_DIMENSION_COUNT, /**< how many there are; not a dimension */
};

struct pf_audit_summary;

/** One row. */
struct pf_audit_row {
    struct pf_sv key; /**< borrowed until the summary is freed; empty: lines that do not have it */
    bool others;      /**< what came after PF_AUDIT_SUMMARY_MAX keys, together; `key` is empty */
    uint64_t count;   /**< decisions, with repeats */
    int64_t first_ns; /**< wall clock of the first and the last of them */
    int64_t last_ns;
};

/** Totals over everything added. */
struct pf_audit_totals {
    uint64_t decisions; /**< with repeats */
    uint64_t dry_run;   /**< of them */
    uint64_t observed;  /**< of them */
    uint64_t
        mispredictions; /**< pods of which became what podfit had not said; not among the decisions */
    uint64_t dropped;   /**< records lost because a queue was full */
    uint64_t failed;    /**< records lost because a file could not be written */
    int64_t first_ns;   /**< 0 when there is no decision */
    int64_t last_ns;
};

/** @param[out] ret_summary owned, pf_audit_summary_free() @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_audit_summary_new(struct pf_audit_summary **ret_summary,
                                  struct pf_err *err) PF_MUST_CHECK;
/** Accepts NULL. */
void pf_audit_summary_free(struct pf_audit_summary *summary);

/** Count a line; what it borrows is copied. @return PF_OK, or PF_E_NO_MEMORY: the line is not counted, or in some dimensions only */
enum pf_code pf_audit_summary_add(struct pf_audit_summary *summary,
                                  const struct pf_audit_line *line,
                                  struct pf_err *err) PF_MUST_CHECK;

/** Totals so far. */
struct pf_audit_totals pf_audit_summary_totals(const struct pf_audit_summary *summary);

/**
 * The rows of a dimension with the highest counts, highest first, equal ones by key in byte order; `others` last.
 *
 * @param[out] rows  room for @p max_rows
 * @return rows filled in
 */
size_t pf_audit_summary_top(struct pf_audit_summary *summary, enum pf_audit_dimension dimension,
                            size_t max_rows, struct pf_audit_row *rows) PF_MUST_CHECK;

/** Rows a dimension has. */
size_t pf_audit_summary_rows(const struct pf_audit_summary *summary,
                             enum pf_audit_dimension dimension);

/** `class`, `verdict`, `binding`, `namespace`, `owner`, `message`. Static, never NULL. */
const char *pf_audit_summary_dimension_name(enum pf_audit_dimension dimension);

#endif

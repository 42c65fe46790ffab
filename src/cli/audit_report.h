#ifndef PODFIT_AUDIT_REPORT_H
#define PODFIT_AUDIT_REPORT_H

/** The summary of rejection logs, for people and as JSON. */

#include <podfit/arena.h>
#include <podfit/audit_summary.h>
#include <podfit/buf.h>

struct pf_audit_report {
    struct pf_audit_summary *summary;
    const struct pf_audit_counts *counts;
    size_t top; /**< rows of each dimension */
    bool colour;
};

/** @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_audit_report_text(const struct pf_audit_report *report, struct pf_arena *arena,
                                  struct pf_buf *buf) PF_MUST_CHECK;
/** {"apiVersion":"podfit.io/v1","kind":"AuditSummary", ...}, no newline. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_audit_report_json(const struct pf_audit_report *report, struct pf_arena *arena,
                                  struct pf_buf *buf) PF_MUST_CHECK;

#endif

#ifndef PODFIT_AUDIT_TEXT_H
#define PODFIT_AUDIT_TEXT_H

/**
 * Inside audit: the lines of the log. A line stands in the buffer between two newlines, so that the one before it can end a line that an earlier
 * write left torn: pf_audit_text_line() gives the bytes to write.
 */

#include "audit_item.h"
#include <podfit/buf.h>

/** Records that are lost and not yet reported in the log. */
struct pf_audit_loss {
    uint64_t count;
    int64_t first_wall_ns;
    int64_t last_wall_ns;
};

/** Count @p count records more, the last at @p wall_ns. */
void pf_audit_text_lose(struct pf_audit_loss *loss, uint64_t count, int64_t wall_ns);

/** Allocate the whole buffer, so that no line needs memory later. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_audit_text_init(struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** One decision; texts are cut further when the line would be longer than PF_AUDIT_LINE_MAX_BYTES. */
void pf_audit_text_decision(struct pf_buf *buf, const struct pf_audit_item *item);

/** What @p item counted while it stood in the table. @param wall_ns now */
void pf_audit_text_repeats(struct pf_buf *buf, const struct pf_audit_item *item, int64_t wall_ns);

/** Lost records. @param record `dropped` or `failed` @param wall_ns now */
void pf_audit_text_loss(struct pf_buf *buf, const char *record, const struct pf_audit_loss *loss,
                        int64_t wall_ns);

/** Bytes to write. @param torn the file does not end in a newline */
struct pf_sv pf_audit_text_line(const struct pf_buf *buf, bool torn);

#endif

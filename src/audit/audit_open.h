#ifndef PODFIT_AUDIT_OPEN_H
#define PODFIT_AUDIT_OPEN_H

/** Inside audit: open a log with what was rotated away from it. */

#include <podfit/error.h>
#include <podfit/limits.h>
#include <podfit/sv.h>

/** Descriptors of one log, newest first; all open at once, so that a rotation meanwhile changes nothing. */
struct pf_audit_open {
    int fds[PF_AUDIT_KEEP_MAX + 1];
    size_t count;
};

/** @param path `-` is standard input @return PF_OK, PF_E_NOT_FOUND, PF_E_IO; nothing is open then */
enum pf_code pf_audit_open_files(const char *path, bool rotated, struct pf_audit_open *ret_files,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Close all. */
void pf_audit_open_done(struct pf_audit_open *files);

#endif

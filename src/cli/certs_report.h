#ifndef PODFIT_CERTS_REPORT_H
#define PODFIT_CERTS_REPORT_H

/** What a certificate folder holds, for people and as JSON. */

#include <podfit/buf.h>
#include <podfit/certdir.h>

enum pf_certs_report_tense {
    PF_CERTS_REPORT_CREATED, /**< everything was made */
    PF_CERTS_REPORT_DONE,    /**< `acts` were done */
    PF_CERTS_REPORT_DUE,     /**< `acts` are due */
};

void pf_certs_report_text(const struct pf_certdir_report *report, const char *dir,
                          enum pf_certs_report_tense tense, struct pf_buf *buf);
/** {"apiVersion":"podfit.io/v1","kind":"Certificates", ...}, no newline. */
void pf_certs_report_json(const struct pf_certdir_report *report, const char *dir,
                          struct pf_buf *buf);

#endif

#ifndef PODFIT_TALLY_H
#define PODFIT_TALLY_H

/** How requests to the API server ended, by method and status: few series whatever a server answers (webhook practice S-14, S-15). */

#include <stddef.h>
#include <stdint.h>

#define PF_TALLY_METHODS  ((size_t)6)
#define PF_TALLY_STATUSES ((size_t)12)

struct pf_tally {
    uint64_t ended[PF_TALLY_METHODS][PF_TALLY_STATUSES];
};

/** @param method  `GET`  @param status  HTTP status; 0: no answer, or one that broke off */
void pf_tally_add(struct pf_tally *tally, const char *method, int status);
/** Static names of rows and columns: `GET`, or `other`; `2xx`, `429`, `none`. */
const char *pf_tally_method(size_t index);
const char *pf_tally_status(size_t index);

#endif

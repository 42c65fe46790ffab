#ifndef PODFIT_HEALTH_H
#define PODFIT_HEALTH_H

/** What /livez and /readyz answer. A check is a fact that the server gathers; this turns facts into text, so that it can be tested without a server. */

#include <podfit/buf.h>

/** One check of /readyz. */
struct pf_health_check {
    const char *name; /**< static */
    bool good;
    struct pf_sv detail; /**< why not, or a remark on a good one; may be empty */
};

/**
 * Append the answer: `ok`, or with @p verbose (always when something fails) a line a check in the API server's own form:
 * `[+]model ok`, `[-]certificate failed: expired`.
 *
 * @param name  of the endpoint, such as `readyz`
 * @return every check is good
 */
bool pf_health_write(const char *name, const struct pf_health_check *checks, size_t count,
                     bool verbose, struct pf_buf *buf);

#endif

#ifndef PODFIT_REPLY_H
#define PODFIT_REPLY_H

/** One table from outcome to HTTP status and headers (webhook practice P-08 to P-10). 200 stands for every decision; the rest means "I cannot decide". */

#include <stdbool.h>

#include <podfit/admission.h>

/** How a request ends. */
enum pf_reply {
    PF_REPLY_NONE,        /**< not decided yet */
    PF_REPLY_OK,          /**< 200 */
    PF_REPLY_BAD_REQUEST, /**< 400 */
    PF_REPLY_BAD_FRAMING, /**< 400 and the connection is closed: lengths that contradict each other */
    PF_REPLY_NO_CERTIFICATE,  /**< 401 */
    PF_REPLY_BAD_CERTIFICATE, /**< 403 */
    PF_REPLY_NOT_FOUND,       /**< 404 */
    PF_REPLY_NO_PAGE,         /**< 404 of the ops port, which says what there is */
    PF_REPLY_BAD_METHOD,      /**< 405, Allow: POST */
    PF_REPLY_GET_ONLY,        /**< 405, Allow: GET, HEAD */
    PF_REPLY_TOO_LARGE,       /**< 413 and the connection is closed */
    PF_REPLY_BAD_TYPE,        /**< 415 */
    PF_REPLY_BAD_CODING,      /**< 415: compressed */
    PF_REPLY_INTERNAL,        /**< 500 */
    PF_REPLY_OVERLOADED, /**< 503 with Retry-After: a retry may pass within the API server's time */
    PF_REPLY_EXPIRED,    /**< 503: the caller's ?timeout= has run out, nothing is reserved */
    PF_REPLY_NOT_READY,  /**< 503 of /readyz and /livez */
    PF_REPLY_COUNT,      /**< how many there are */
};

struct pf_reply_info {
    const char *
        text; /**< one line for the API server's error message, newline included; NULL: the handler writes it */
    const char *allow; /**< Allow header or NULL */
    unsigned status;
    bool retry_after; /**< Retry-After: 1 */
    bool closes;      /**< the rest of the request may be unread: close the connection */
};

/** @return the row of a reply; static */
const struct pf_reply_info *pf_reply_info(enum pf_reply reply);
/** What admission's status becomes. */
enum pf_reply pf_reply_of_admission(enum pf_admission_status status);

#endif

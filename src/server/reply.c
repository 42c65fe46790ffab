#include <podfit/reply.h>

static const struct pf_reply_info rows[PF_REPLY_COUNT] = {
    [PF_REPLY_NONE] = {.status = 500, .text = "podfit did not answer\n"},
    [PF_REPLY_OK] = {.status = 200},
    [PF_REPLY_BAD_REQUEST] = {.status = 400},
    [PF_REPLY_BAD_FRAMING] =
        {.status = 400,
         .text = "podfit: the request must have one Content-Length or be chunked, not both and "
                 "nothing else\n",
         .closes = true},
    [PF_REPLY_NO_CERTIFICATE] = {.status = 401,
                                 .text = "podfit: a client certificate is required\n"},
    [PF_REPLY_BAD_CERTIFICATE] = {.status = 403,
                                  .text = "podfit: the client certificate is not accepted\n"},
    [PF_REPLY_NOT_FOUND] = {.status = 404, .text = "podfit: no such path\n"},
    [PF_REPLY_NO_PAGE] = {.status = 404,
                          .text = "podfit: no such path; there are /, /livez, /readyz, /metrics "
                                  "and /stats\n"},
    [PF_REPLY_BAD_METHOD] = {.status = 405,
                             .text = "podfit: reviews are sent with POST\n",
                             .allow = "POST"},
    [PF_REPLY_GET_ONLY] = {.status = 405,
                           .text = "podfit: only GET and HEAD are answered here\n",
                           .allow = "GET, HEAD"},
    [PF_REPLY_TOO_LARGE] = {.status = 413,
                            .text = "podfit: the review is larger than 7 MiB\n",
                            .closes = true},
    [PF_REPLY_BAD_TYPE] = {.status = 415,
                           .text = "podfit: the Content-Type must be application/json\n"},
    [PF_REPLY_BAD_CODING] = {.status = 415,
                             .text = "podfit: a review with a Content-Encoding is not understood; "
                                     "send it as it is\n"},
    [PF_REPLY_INTERNAL] = {.status = 500, .text = "podfit: internal error\n"},
    [PF_REPLY_OVERLOADED] = {.status = 503,
                             .text = "podfit: too many large requests or answers at once\n",
                             .retry_after = true},
    [PF_REPLY_EXPIRED] = {.status = 503,
                          .text = "podfit: the review arrived after its own timeout\n"},
    [PF_REPLY_NOT_READY] = {.status = 503},
};

const struct pf_reply_info *pf_reply_info(enum pf_reply reply)
{
    return &rows[(unsigned)reply < PF_REPLY_COUNT ? reply : PF_REPLY_NONE];
}

enum pf_reply pf_reply_of_admission(enum pf_admission_status status)
{
    switch (status) {
    case PF_ADMISSION_OK:
        return PF_REPLY_OK;
    case PF_ADMISSION_BAD_REQUEST:
        return PF_REPLY_BAD_REQUEST;
    case PF_ADMISSION_TOO_LARGE:
        return PF_REPLY_TOO_LARGE;
    case PF_ADMISSION_UNAVAILABLE:
        return PF_REPLY_OVERLOADED;
    case PF_ADMISSION_INTERNAL:
        return PF_REPLY_INTERNAL;
    }
    return PF_REPLY_INTERNAL;
}

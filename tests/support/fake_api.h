#ifndef PODFIT_TEST_FAKE_API_H
#define PODFIT_TEST_FAKE_API_H

/**
 * An API server on loopback that plays a script: which request comes next and what is answered. Plain HTTP/1.1, one request a connection, no thread: whoever owns it
 * calls fake_api_step() in a loop. What does not go by the script is written down in `fault`. In any order (fake_api_any_order()) it answers many connections at once,
 * keeps stalled answers open as a server keeps watches, and lets the test send more on them.
 */

#include <stdbool.h>
#include <stddef.h>

/** How an answer ends. */
enum fake_api_end {
    FAKE_API_COMPLETE, /**< orderly */
    FAKE_API_CUT,      /**< the connection closes in the middle */
    FAKE_API_STALL,    /**< nothing more comes until the client closes */
    FAKE_API_DRIBBLE,  /**< as COMPLETE, a byte a step */
};

struct fake_api_answer {
    /** Request target, or method, space and target; `*` stands for any characters but `&`, `**` at the end for all the rest. */
    const char *expect;
    int status;       /**< 0: close without an answer */
    const char *body; /**< NULL: empty */
    enum fake_api_end end;
    const char *headers; /**< more of them, each with CR LF; NULL: none */
    unsigned repeats;    /**< how often it comes once more */
};

struct fake_api;

/** Listens at a free port of 127.0.0.1. @param script borrowed, ends with a NULL expect @return NULL: no socket or memory */
struct fake_api *fake_api_new(const struct fake_api_answer *script);
void fake_api_free(struct fake_api *api);
int fake_api_port(const struct fake_api *api);
/** Refuse connections (false) or take them again (true). The port stays ours. */
void fake_api_listen(struct fake_api *api, bool on);
/** Whatever is asked for is answered by the first answer that fits, as often as it is asked for; the script is never played then. */
void fake_api_any_order(struct fake_api *api);
/** Answer from this script from now on; open connections stay. Borrowed as in fake_api_new(). */
void fake_api_script(struct fake_api *api, const struct fake_api_answer *script);
/** Send more on stalled answers to requests like @p pattern (as `expect`). @return on how many */
size_t fake_api_push(struct fake_api *api, const char *pattern, const char *text);
/** Close the connections of requests like @p pattern. @return how many */
size_t fake_api_hang_up(struct fake_api *api, const char *pattern);
/** Each request that came in a line of its own, in order: method, target, and the body when there is one. Borrowed until the next step. */
const char *fake_api_log(const struct fake_api *api);
/** How many of them are like @p pattern. */
size_t fake_api_count(const struct fake_api *api, const char *pattern);
/** Wait for traffic at most @p timeout_ms and do what can be done. @return whether anything was done */
bool fake_api_step(struct fake_api *api, int timeout_ms);
/** Requests so far. */
size_t fake_api_requests(const struct fake_api *api);
/** Has every answer of the script been sent, but for the end of a stalled one? */
bool fake_api_played(const struct fake_api *api);
/** First thing that did not go by the script; empty: all did. */
const char *fake_api_fault(const struct fake_api *api);

#endif

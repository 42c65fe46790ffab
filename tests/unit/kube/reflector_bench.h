#ifndef PODFIT_TEST_REFLECTOR_BENCH_H
#define PODFIT_TEST_REFLECTOR_BENCH_H

/*
 * A reflector with the real API client, a scripted server and a sink that writes down what it is told. Time is virtual: when neither the server nor the client has
 * anything to do, the clock goes on to where the reflector wants to be called again, so that minutes of back-off and silence pass at once.
 */

#include <fake_api.h>

#include <podfit/reflector.h>

#define OBJECT(name, version) \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"
#define ADDED(name, version)       EVENT("ADDED", name, version)
#define MODIFIED(name, version)    EVENT("MODIFIED", name, version)
#define DELETED(name, version)     EVENT("DELETED", name, version)
#define BOOKMARK(version) \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version "\"}}}\n"
#define INITIAL_END(version)                                                          \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version \
    "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n"
#define STATUS(code, reason, message)                                                    \
    "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"" message \
    "\",\"reason\":\"" reason "\",\"code\":" code "}"
#define FAILED(code, reason, message) \
    "{\"type\":\"ERROR\",\"object\":" STATUS(code, reason, message) "}\n"
#define LIST(version, token, items)                                      \
    "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version \
    "\",\"continue\":\"" token "\"},\"items\":[" items "]}\n"

#define ASK_LIST "/api/v1/pods?limit=2"
#define ASK_STREAM                                                                  \
    "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" \
    "&allowWatchBookmarks=true&timeoutSeconds=*"
#define ASK_WATCH(version) \
    "/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=" version "&timeoutSeconds=*"
/* answers: orderly; orderly and again so often; then nothing more; cut off; a byte a step; none */
#define ANSWER(ask, code, text)                           \
    {                                                     \
        .expect = (ask), .status = (code), .body = (text) \
    }
#define REPEATED(ask, code, text, more, times)                                                   \
    {                                                                                            \
        .expect = (ask), .status = (code), .body = (text), .headers = (more), .repeats = (times) \
    }
#define ENDING(ask, text, how)                                       \
    {                                                                \
        .expect = (ask), .status = 200, .body = (text), .end = (how) \
    }
#define STAY(ask, text)    ENDING(ask, text, FAKE_API_STALL)
#define CUT(ask, text)     ENDING(ask, text, FAKE_API_CUT)
#define DRIBBLE(ask, text) ENDING(ask, text, FAKE_API_DRIBBLE)
#define HANG_UP(ask)    \
    {                   \
        .expect = (ask) \
    }
/* a list that gives one object at 10, and what most scripts begin with */
#define LIST_A10         LIST("10", "", OBJECT("a", "5"))
#define LISTED           ANSWER(ASK_LIST, 200, LIST_A10)
#define LOG_LISTED       "begin a+5 end @10 "
#define OPEN_AT(version) STAY(ASK_WATCH(version), NULL)

struct bench {
    int64_t now_ns;
    struct pf_clock clock;
    struct fake_api *api;
    struct pf_kube_client *client;
    struct pf_reflector *reflector;
    struct pf_buf log;
    bool full; /* the sink is out of memory, once */
};

extern const struct pf_reflector_sink bench_sink; /* its ctx is a struct bench */

void bench_open(struct bench *bench, const struct fake_api_answer *script, bool streaming);
void bench_close(struct bench *bench);
/* One round. @return milliseconds that the reflector wants to wait when nothing goes on, else 0 */
int64_t bench_round(struct bench *bench);
/* Until the script is played and nothing goes on any more. */
void bench_play(struct bench *bench);

/* A script and what it has to lead to. */
struct bench_row {
    const char *name;
    bool streaming;
    struct fake_api_answer script[12];
    const char *log;
    int64_t min_ms; /* virtual time until the script is played; 0: not looked at */
    int64_t max_ms;
    uint64_t failures;
    uint64_t restarts;
    uint64_t watches;
    const char *failure; /* part of the last one; NULL: not looked at */
};

/* Play each and look at its end: in sync, a watch open. */
void bench_check_rows(const struct bench_row *rows, size_t count);

#endif

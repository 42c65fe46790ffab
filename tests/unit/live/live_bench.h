#ifndef PODFIT_TEST_LIVE_BENCH_H
#define PODFIT_TEST_LIVE_BENCH_H

/*
 * A live model with its thread, against a scripted API server that the test's thread serves while it waits. Time is virtual: the test turns the clock. Texts are JSON
 * with single quotes. Failures end the test (cmocka assertions).
 */

#include <fake_api.h>
#include <stdatomic.h>

#include <podfit/live.h>

#define EVENT(type, object) "{'type':'" type "','object':" object "}\n"
#define ADDED(object)       EVENT("ADDED", object)
#define MODIFIED(object)    EVENT("MODIFIED", object)
#define DELETED(object)     EVENT("DELETED", object)
#define BOOKMARK(version)   EVENT("BOOKMARK", "{'metadata':{'resourceVersion':'" version "'}}")
#define INITIAL_END(version)                                     \
    EVENT("BOOKMARK", "{'metadata':{'resourceVersion':'" version \
                      "','annotations':{'k8s.io/initial-events-end':'true'}}}")
#define STATUS(code, reason, message)                                                             \
    "{'kind':'Status','metadata':{},'status':'Failure','message':'" message "','reason':'" reason \
    "','code':" code "}"
#define FORBIDDEN STATUS("403", "Forbidden", "not for you")
#define EXPIRED   EVENT("ERROR", STATUS("410", "Expired", "too old"))

#define NODE(name, version, memory)                                                         \
    "{'metadata':{'name':'" name "','resourceVersion':'" version                            \
    "','labels':{'kubernetes.io/hostname':'" name "'}},'status':{'allocatable':{'cpu':'8'," \
    "'memory':'" memory "','pods':'20'}}}"
#define NAMESPACE(name, version) "{'metadata':{'name':'" name "','resourceVersion':'" version "'}}"
/* spec: members after the containers, each with a comma before */
#define POD_WITH(meta, memory, spec)                                                            \
    "{'metadata':{'namespace':'space'," meta "},'spec':{'containers':[{'name':'c','image':'i'," \
    "'resources':{'requests':{'memory':'" memory "'}}}]" spec "},'status':{'phase':'Pending'}}"
#define POD(name, version, memory, spec) \
    POD_WITH("'name':'" name "','uid':'uid-" name "','resourceVersion':'" version "'", memory, spec)
#define ON(node)       ",'nodeName':'" node "'"
#define CLAIM(name)    ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'" name "'}}]"
#define ASKING(memory) POD("asking", "0", memory, "")

#define BENCH_ANSWERS 128

struct live_bench {
    _Atomic int64_t now_ns;
    int64_t pace_ms; /* virtual time that passes with each step in which nothing goes on */
    struct pf_clock clock;
    struct fake_api *api;
    struct fake_api_answer script[BENCH_ANSWERS];
    size_t first; /* answers before it are free; earlier ones go before later ones */
    struct pf_arena texts;
    struct pf_kube_config kube;
    struct pf_config *config;
    struct pf_model *model;
    struct pf_outcomes *outcomes;
    struct pf_live *live;
    struct pf_fit *fit; /* of the test's thread */
    struct pf_arena arena;
    atomic_int minor; /* what on_version said; 0: nothing */
    /* once, on the live thread, when the version is known; NULL: nothing */
    void (*on_thread)(struct live_bench *bench);
    bool follow;
    bool ungate;
    char said[1024]; /* by the last verdict */
};

/* An API server of this version, in which every resource of podfit is empty at version 10; no thread runs yet. */
void bench_open(struct live_bench *bench, int minor);
/* Stop the live model and release all; nothing may have been asked for that the script does not answer. */
void bench_close(struct live_bench *bench);

/* Answer requests like this so, from now on, before all that was said before. */
void bench_answer(struct live_bench *bench, const char *expect, int status, const char *body);
/* The same with headers, each with CR LF, and no body. */
void bench_answer_headers(struct live_bench *bench, const char *expect, int status,
                          const char *headers);
void bench_answer_end(struct live_bench *bench, const char *expect, const char *body,
                      enum fake_api_end end);
/* What a streaming list of the resource brings, and its version. @param events ADDED(...)... */
void bench_initial(struct live_bench *bench, const char *resource, const char *version,
                   const char *events);
/* Every request for the resource is answered so. */
void bench_refuse(struct live_bench *bench, const char *resource, int status, const char *body);

/* Configuration as YAML, after its head and classes. A fit.schedulerConfig has the profiles `default-scheduler` and `mine`. */
struct pf_config *bench_config(const char *fit);
/* Make the live model; start it with the configuration (NULL: the default). */
void bench_start(struct live_bench *bench, const char *fit);
/* As bench_start(), and wait until it is synced. */
void bench_sync(struct live_bench *bench);

/* Events on the watch of the resource, which is open. */
void bench_send(struct live_bench *bench, const char *resource, const char *events);
/* Let virtual time go on. */
void bench_advance(struct live_bench *bench, int64_t ms);
/* Serve for a moment. Fails when the real time is over. */
void bench_step(struct live_bench *bench, int64_t until_ns, const char *what, int line);
int64_t bench_until_ns(void);
/* Serve until it holds; the condition may call functions of the bench. */
#define bench_wait(bench, condition)                              \
    do {                                                          \
        const int64_t until_ns_ = bench_until_ns();               \
        while (!(condition)) {                                    \
            bench_step((bench), until_ns_, #condition, __LINE__); \
        }                                                         \
    } while (0)

/* What the model says of a pod; the sentence goes to bench->said. */
enum pf_verdict bench_verdict(struct live_bench *bench, const char *pod);
struct pf_model_stats bench_stats(struct live_bench *bench);
/* Counters of one kind; zeros while there are none. */
struct pf_live_kind bench_kind(struct live_bench *bench, const char *name);
bool bench_is_synced(struct live_bench *bench);
size_t bench_count(const struct live_bench *bench, const char *pattern);
/* The checker agrees with the model. */
void bench_check(struct live_bench *bench);

#endif

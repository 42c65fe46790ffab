#ifndef PODFIT_TEST_SINK_BENCH_H
#define PODFIT_TEST_SINK_BENCH_H

/*
 * The sink of every kind without thread and network: what a watch brings goes in by hand, and beside it grows the state that a cluster would have. A second model,
 * loaded from that state as a snapshot, must give the same answers.
 */

#include "live_internal.h"
#include <podfit/buf.h>
#include <podfit/fit.h>
#include <podfit/sv.h>

/* An object of the cluster as it is. */
struct sink_object {
    size_t kind; /* index of its follow */
    char *key;   /* namespace/name; owned */
    char *json;  /* with apiVersion and kind; owned */
    uint64_t version;
};

struct sink_bench {
    int64_t now_ns;
    struct pf_clock clock;
    struct pf_live live; /* its follows are those of all kinds */
    struct pf_fit *fit;
    struct pf_arena arena;
    struct sink_object *objects;
    size_t count;
    size_t max;
    uint64_t versions_seen;
};

/* @param max  objects that the cluster has at the most */
void sink_bench_open(struct sink_bench *bench, size_t max);
void sink_bench_close(struct sink_bench *bench);

/* Index of the follow of an API kind such as `Pod`; SIZE_MAX: podfit does not follow it. */
size_t sink_bench_kind(const struct sink_bench *bench, struct pf_sv kind);

/* The cluster changes; no event. @param json copied */
void sink_bench_store(struct sink_bench *bench, size_t kind, struct pf_sv key, struct pf_sv json,
                      uint64_t version);
void sink_bench_forget(struct sink_bench *bench, size_t kind, struct pf_sv key);
/* @return index, or SIZE_MAX */
size_t sink_bench_find(const struct sink_bench *bench, size_t kind, struct pf_sv key);

/* An event arrives. */
void sink_bench_event(struct sink_bench *bench, size_t kind, enum pf_watch_type type,
                      struct pf_sv json);
/* A list of the kind arrives as the cluster is. @param complete false: it breaks off in the middle */
void sink_bench_list(struct sink_bench *bench, size_t kind, bool complete);

/* The checker agrees, and so do the counts of both models. */
void sink_bench_check(struct sink_bench *bench);

/* A model that was loaded from the state of the cluster. */
struct sink_twin {
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_arena arena;
};
void sink_twin_open(struct sink_twin *twin, struct sink_bench *bench);
void sink_twin_close(struct sink_twin *twin);
/* Both give the same verdict and say the same about an incoming pod. @param where for the message */
enum pf_verdict sink_twin_compare(struct sink_twin *twin, struct sink_bench *bench,
                                  struct pf_sv pod, const char *where);

#endif

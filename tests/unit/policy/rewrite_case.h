#ifndef PODFIT_REWRITE_CASE_H
#define PODFIT_REWRITE_CASE_H

/** Test support: classes and pods from text, and a pod's resources as one line. */

#include <podfit/buf.h>
#include <podfit/rewrite.h>

#define SEED   "{\"mem\":2000,\"cpu\":1,\"cpu_oc\":20,\"mem_oc\":10}"
#define THIRDS "{\"mem\":2000,\"mem_oc\":3,\"cpu\":1,\"cpu_oc\":3}"

/** A container `name` with requests and limits, each without braces. */
#define C(name, requests, limits) \
    "{\"name\":\"" name "\",\"resources\":{\"requests\":{" requests "},\"limits\":{" limits "}}}"
#define CM(cpu, memory)       "\"cpu\":\"" cpu "\",\"memory\":\"" memory "\""
#define ONE(requests, limits) "{\"containers\":[" C("main", requests, limits) "]}"
/** A pod spec with pod-level resources. */
#define LEVEL(containers, requests, limits)                                   \
    "{\"containers\":[" containers "],\"resources\":{\"requests\":{" requests \
    "},\"limits\":{" limits "}}}"

/** A class in short. */
struct rewrite_setup {
    const char *quotas;   /**< NULL: none */
    const char *upgrades; /**< NULL: none */
    bool decimal;         /**< memoryUnit: M */
    struct pf_percents percents;
    const char *container; /**< the one container that is listed; NULL: no list */
    enum pf_requests_mode requests;
    bool member; /**< every pod is a member */
};

/** Fill @p storage with the class; it borrows from @p setup. */
void rewrite_case_class(const struct rewrite_setup *setup, struct pf_class *ret_class);
/** pf_rewrite_pod() with the class of @p setup; fails the test when it fails. */
void rewrite_case_run(const struct rewrite_setup *setup, struct pf_pod *pod, struct pf_arena *arena,
                      struct pf_rewrite *ret_rewrite);
/** Decode @p json; fails the test when it is no pod. */
void rewrite_case_pod(struct pf_sv json, struct pf_arena *arena, struct pf_pod *ret_pod);
/** `main: 50m 200Mi / 1 2000Mi; pod: ...`: requests and limits of cpu and memory, `-` when absent. Appended. */
void rewrite_case_describe(const struct pf_pod *pod, struct pf_buf *buf);
/** Put the annotation of @p rewrite on @p pod, as a patch would. */
void rewrite_case_annotate(struct pf_pod *pod, struct pf_sv text, struct pf_arena *arena);

#endif

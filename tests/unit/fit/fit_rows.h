#ifndef PODFIT_TEST_FIT_ROWS_H
#define PODFIT_TEST_FIT_ROWS_H

/** Hand-made clusters, and what the engine says of a pod there. */

#include "samples.h"
#include <podfit/fit.h>

struct fit_row {
    const char *name;
    const char *const *nodes; /* NULL-terminated */
    const char *const *pods;
    const char *pod;
    enum pf_verdict verdict;
    const char *message;
    const char *cause;
    const char *binding; /* as the explanation gives it */
    uint64_t slots;
};

extern const struct fit_row fit_rows[];
extern const size_t fit_row_count;

/** Lists of nodes or pods, NULL-terminated, that other tests use as well. */
extern const char *const fit_nothing[];
extern const char *const fit_one_node[];
extern const char *const fit_tainted_node[];
extern const char *const fit_cordoned_node[];
extern const char *const fit_no_pod_slots[];

#define NAMED_N(value)                                                                         \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"     \
    "\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\"," \
    "\"values\":[\"" value "\"]}]}]}}},"

#endif

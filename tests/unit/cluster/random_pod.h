#ifndef PODFIT_TEST_RANDOM_POD_H
#define PODFIT_TEST_RANDOM_POD_H

/** Pods for the random test, built without JSON. Short texts live in arrays of 16 bytes that the caller has. */

#include <podfit/pod.h>

#define RANDOM_REQUESTS   5U
#define RANDOM_NAMESPACES 3U

struct random_request {
    int64_t milli_cpu;
    int64_t memory;
    int64_t gpus;
    uint16_t port;
    bool anti;
};

/** What pods may ask for; the last is a whole 2^62, so that sums wrap. */
extern const struct random_request random_requests[RANDOM_REQUESTS];

/** Texts and arrays of one pod; it is built on the stack. */
struct random_pod {
    char name[16];
    char namespace_[16];
    char uid[16];
    char node[16];
    char nominated[16];
    char review[16];
    struct pf_resource items[3];
    struct pf_port port;
    struct pf_container container;
    struct pf_label annotation;
    struct pf_sv gate;
    struct pf_label label;
    struct pf_requirement requirement;
    struct pf_pod_term terms[2];
    struct pf_pod_volume volumes[3];
    struct pf_pod pod;
};

/** @p prefix and @p number as text. */
struct pf_sv random_print(char text[16], const char *prefix, uint32_t number);
struct pf_sv random_node_name(uint32_t node, char text[16]);
/** A pod with nothing decided but its names and what it asks for. It points into @p parts. */
void random_pod_init(struct random_pod *parts, uint32_t pod, unsigned uid, unsigned request);

#endif

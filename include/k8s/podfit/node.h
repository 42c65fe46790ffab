#ifndef PODFIT_NODE_H
#define PODFIT_NODE_H

/** core/v1 Node and Namespace, reduced to what podfit reads. */

#include <podfit/object.h>

struct pf_taint {
    struct pf_sv key;
    struct pf_sv value;
    struct pf_sv effect;
};

/** One of status.images. */
struct pf_node_image {
    struct pf_sv *names;
    size_t name_count;
    int64_t bytes; /**< sizeBytes */
};

struct pf_node {
    struct pf_meta meta;
    bool unschedulable;
    struct pf_taint *taints; /**< in list order */
    size_t taint_count;
    struct pf_resource_list
        allocatable; /**< after API defaulting: capacity when allocatable is absent; rounded up to a milli */
    struct pf_sv *declared_features; /**< status.declaredFeatures */
    size_t declared_feature_count;
    struct pf_node_image *images;
    size_t image_count;
    struct pf_sv defect; /**< why this node cannot be held exactly; empty when it can */
};

/** Decode a Node, defaulting applied. Contract as pf_pod_decode(). */
enum pf_code pf_node_decode(struct pf_sv bytes, struct pf_arena *arena, struct pf_node *ret_node,
                            struct pf_err *err) PF_MUST_CHECK;

struct pf_namespace {
    struct pf_meta meta;
};

enum pf_code pf_namespace_decode(struct pf_sv bytes, struct pf_arena *arena,
                                 struct pf_namespace *ret_namespace,
                                 struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_WORKLOAD_H
#define PODFIT_WORKLOAD_H

/** Service, ReplicationController, ReplicaSet and StatefulSet, reduced to the pods they select: kube-scheduler spreads these by default (scheduler-fit section 10). */

#include <podfit/pod.h>

struct pf_workload {
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_label_selector
        selector; /**< spec.selector; a map of labels becomes In with one value each */
    bool invalid; /**< the selector cannot be parsed */
};

/**
 * Decode one of the four kinds. Contract as pf_pod_decode().
 *
 * @param by_map  spec.selector is a map of labels (Service, ReplicationController), not a LabelSelector
 */
enum pf_code pf_workload_decode(struct pf_sv bytes, bool by_map, struct pf_arena *arena,
                                struct pf_workload *ret_workload, struct pf_err *err) PF_MUST_CHECK;

#endif

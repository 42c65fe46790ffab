#ifndef PODFIT_REQUEST_H
#define PODFIT_REQUEST_H

/** The resource request of one pod as kube-scheduler computes it (scheduler-fit section 5). */

#include <podfit/pod.h>

struct pf_scalar {
    struct pf_sv name;
    int64_t amount;
};

/** Request of one pod, rounded as NodeInfo holds it. Views borrow from the pod. */
struct pf_request {
    int64_t milli_cpu;
    int64_t memory;            /**< bytes */
    int64_t ephemeral_storage; /**< bytes */
    struct pf_scalar *scalars; /**< sorted by name, keys with amount 0 included */
    size_t scalar_count;
    int64_t
        nonzero_milli_cpu; /**< with the scoring defaults of 100m and 200 MiB per container that asks for nothing; incoming: without pod-level resources */
    int64_t nonzero_memory;
    /**
     * Incoming, when a sum came out negative: the same before such results became 0, as scores count it (calculatePodResourceRequest in
     * noderesources/resource_allocation.go). NULL: it is this one.
     */
    const struct pf_request *unclamped;
};

/**
 * Request of an incoming pod: status is ignored; negative results become 0.
 *
 * @param pod  after pf_pod_apply_defaults()
 * @param[out] ret_request  its scalars and unclamped live in @p arena; untouched on failure
 * @return PF_OK, PF_E_NO_MEMORY or PF_E_TOO_BIG (a sum podfit refuses to hold exactly)
 */
enum pf_code pf_request_of_incoming(const struct pf_pod *pod,
                                    const struct pf_kube_features *features, struct pf_arena *arena,
                                    struct pf_request *ret_request,
                                    struct pf_err *err) PF_MUST_CHECK;

/**
 * Request of an existing pod: status of in-place resize mixed in. Numbers are what NodeInfo adds up: they wrap as upstream's do and are not
 * raised to 0, so that a bound pod with cpu 1e18 counts as it does for kube-scheduler. As above otherwise.
 */
enum pf_code pf_request_of_existing(const struct pf_pod *pod,
                                    const struct pf_kube_features *features, struct pf_arena *arena,
                                    struct pf_request *ret_request,
                                    struct pf_err *err) PF_MUST_CHECK;

/** Does the scheduler's filter look at this resource name besides cpu, memory and ephemeral-storage? (scheduler-fit section 5, last part) */
bool pf_request_is_scalar(struct pf_sv name);
/** Is it an extended resource (pkg/apis/core/v1/helper IsExtendedResourceName)? */
bool pf_request_is_extended(struct pf_sv name);

#endif

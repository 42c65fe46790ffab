#ifndef PODFIT_RUNTIME_CLASS_H
#define PODFIT_RUNTIME_CLASS_H

/** RuntimeClasses (node.k8s.io/v1): what the API server's admission plug-in adds to pods that name one. */

#include <podfit/pod.h>

struct pf_runtime_class {
    struct pf_sv name;
    struct pf_resource_list overhead;  /**< overhead.podFixed; none when absent */
    struct pf_labels node_selector;    /**< scheduling.nodeSelector */
    struct pf_toleration *tolerations; /**< scheduling.tolerations */
    size_t toleration_count;
};

/** A RuntimeClass as the model keeps it: decoded again where a pod asks for it, which few do. */
struct pf_runtime_class_text {
    struct pf_sv name;
    struct pf_sv json;
};

/**
 * Decode a RuntimeClass from the JSON bytes of one object.
 *
 * @param bytes  borrowed and referenced by the result
 * @param arena  receives what the result points to
 * @param[out] ret_class  untouched on failure
 * @return as pf_pod_decode(); PF_E_TOO_BIG also for a number podfit refuses to hold
 */
enum pf_code pf_runtime_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                     struct pf_runtime_class *ret_class,
                                     struct pf_err *err) PF_MUST_CHECK;

/**
 * Do to a pod what the admission plug-in RuntimeClass does at creation: overhead, nodeSelector, tolerations. A pod with an overhead of its own keeps that.
 * Tolerations that another one covers stay: they change no verdict. Source: plugin/pkg/admission/runtimeclass/admission.go.
 *
 * @param class_  borrowed by the pod from now on
 * @param[in,out] pod  unchanged unless PF_OK is returned
 * @return PF_OK; PF_E_INVALID (the API server refuses the pod, the text is its own); PF_E_NO_MEMORY
 */
enum pf_code pf_runtime_class_apply(const struct pf_runtime_class *class_, struct pf_arena *arena,
                                    struct pf_pod *pod, struct pf_err *err) PF_MUST_CHECK;

#endif

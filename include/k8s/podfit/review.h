#ifndef PODFIT_REVIEW_H
#define PODFIT_REVIEW_H

/** admission.k8s.io/v1 AdmissionReview request (webhook-practice P-01 to P-07). */

#include <podfit/arena.h>
#include <podfit/error.h>
#include <podfit/sv.h>

enum pf_dry_run {
    PF_DRY_RUN_ABSENT, /**< the key is absent or null: not a dry run */
    PF_DRY_RUN_FALSE,
    PF_DRY_RUN_TRUE,
};

struct pf_pod;

struct pf_review {
    struct pf_sv uid;         /**< echoed byte for byte; unescaped */
    struct pf_sv group;       /**< of resource; empty for the core group */
    struct pf_sv version;     /**< of resource */
    struct pf_sv resource;    /**< `pods` */
    struct pf_sv subresource; /**< `resize`, or empty */
    struct pf_sv kind;        /**< request.kind.kind */
    struct pf_sv operation;   /**< CREATE, UPDATE, DELETE, CONNECT */
    struct pf_sv namespace_;
    struct pf_sv name;
    struct pf_sv user; /**< userInfo.username */
    enum pf_dry_run dry_run;
    struct pf_sv object; /**< raw bytes of request.object; empty when absent or null */
    /**
     * The object, decoded on the way, when the review creates or resizes a pod and says so before the object, as the API server does; NULL otherwise:
     * pf_pod_decode() does it. In the arena.
     */
    struct pf_pod *pod;
    struct pf_sv old_object; /**< raw bytes of request.oldObject; empty when absent or null */
};

/**
 * Decode the envelope; object and oldObject are located and checked for well-formedness, not read.
 *
 * @return PF_OK; PF_E_INVALID (not JSON, no request, no uid, wrong type: the text names the path); PF_E_UNSUPPORTED (apiVersion is not admission.k8s.io/v1 or
 *         kind is not AdmissionReview); PF_E_TOO_BIG; PF_E_NO_MEMORY
 */
enum pf_code pf_review_decode(struct pf_sv body, struct pf_arena *arena,
                              struct pf_review *ret_review, struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_ADMISSION_H
#define PODFIT_ADMISSION_H

/**
 * Admission: review bytes in, response bytes out. No socket, no thread, no global. The server, `podfit check`, tests and fuzzers all call this.
 */

#include <podfit/config.h>
#include <podfit/fit.h>
#include <podfit/rewrite.h>

struct pf_admission;

/** How the caller's transport should answer; a denial is PF_ADMISSION_OK. */
enum pf_admission_status {
    PF_ADMISSION_OK, /**< 200: the response is an AdmissionReview */
    PF_ADMISSION_BAD_REQUEST, /**< 400: not an AdmissionReview v1 we can read; the response is one line of text */
    PF_ADMISSION_TOO_LARGE,   /**< 413: more bytes than PF_REVIEW_MAX_BYTES */
    PF_ADMISSION_UNAVAILABLE, /**< 503: out of memory for this review, or no room in the caller's buffer for its answer; nothing is held */
    PF_ADMISSION_INTERNAL,    /**< 500: a fault of ours */
};

/** @param model,config  borrowed model; a reference of config is taken */
enum pf_code pf_admission_new(struct pf_model *model, struct pf_config *config,
                              struct pf_admission **ret_admission,
                              struct pf_err *err) PF_MUST_CHECK;
void pf_admission_free(struct pf_admission *admission);
/** Use another configuration from the next review on; thread-safe. @return PF_OK or PF_E_NO_MEMORY (the old one stays) */
enum pf_code pf_admission_set_config(struct pf_admission *admission, struct pf_config *config,
                                     struct pf_err *err) PF_MUST_CHECK;

/** What was decided about one pod; lives in the arena of the call and refers to the body. */
struct pf_decision {
    bool covered;  /**< a class covers it; false: allowed untouched, the rest is empty */
    bool observed; /**< the class only observes: `action` is what would have been done */
    bool dry_run;
    bool resize; /**< of pods/resize: judged by the kubelet's rules */
    bool
        reserved; /**< this review made a reservation, under review_uid; a continued one is not its own */
    const char *
        skipped; /**< static: why an uncovered review was not looked at (operation, resource, mirror, ...); NULL otherwise */
    enum pf_action action;
    struct pf_judgement judgement;
    struct pf_rewrite rewrite;
    struct pf_pod *pod;      /**< as rewritten */
    struct pf_sv class_name; /**< copied into the arena */
    struct pf_sv review_uid;
    struct pf_sv namespace_;
    struct pf_sv user;
    struct pf_sv explanation;      /**< the whole sentence a user gets; empty when it fits */
    struct pf_sv patch;            /**< RFC 6902 text; empty when nothing is patched */
    struct pf_model_origin origin; /**< of the model that answered */
};

/**
 * Answer one review.
 *
 * @param body  borrowed
 * @param arena  reset by the caller between reviews; receives everything temporary and the decision
 * @param[out] response  appended to; on anything but PF_ADMISSION_OK one line of plain text
 * @param[out] ret_decision  set when PF_ADMISSION_OK; may be NULL
 * @note Thread-safe. Takes the model's lock for microseconds, does no I/O.
 */
enum pf_admission_status pf_admission_review(struct pf_admission *admission, struct pf_sv body,
                                             struct pf_arena *arena, struct pf_buf *response,
                                             struct pf_decision *ret_decision);

/** What pf_admission_judge_pod() needs to know beside the pod. */
struct pf_admission_request {
    struct pf_sv namespace_;
    struct pf_sv review_uid; /**< empty: no reservation is made */
    struct pf_sv user;
    bool dry_run;
    bool reserve; /**< hold room for the pod (check without --independent); ignored on dry runs */
    bool
        manifest; /**< the pod has not been through the API server's admission: a file's, no review's */
    struct pf_explanation
        *explain; /**< filled with every node's answer before room is held; NULL: not wanted */
};

/**
 * The same for a bare pod object (`podfit check`): class, rewrite, verdict, reservation, patch.
 *
 * @param pod_json  borrowed
 * @return PF_OK; PF_E_INVALID (text names the path), PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_admission_judge_pod(struct pf_admission *admission, struct pf_sv pod_json,
                                    const struct pf_admission_request *request,
                                    struct pf_arena *arena, struct pf_decision *ret_decision,
                                    struct pf_err *err) PF_MUST_CHECK;

#endif

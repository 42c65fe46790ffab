#ifndef PODFIT_FIT_ENGINE_H
#define PODFIT_FIT_ENGINE_H

/** The engine's state and the steps of a judgement. Inside of the fit module; under the model's lock. */

#include "cache.h"
#include "dry_run.h"
#include "profile.h"
#include "question.h"
#include "rank.h"
#include "scan.h"
#include "soft.h"

/** Where placing of pending pods stands. */
struct pf_placing {
    uint64_t version; /**< pf_model_pending_version() when last looked at */
    uint64_t changes; /**< sequence number of node changes when last looked at */
    uint32_t cursor;  /**< of pf_model_pending_next() */
    unsigned laps; /**< times the end has to be reached until every pod was asked; 0: nothing due */
    unsigned budget; /**< pods a judgement asks for at most */
};

struct pf_fit {
    struct pf_model *model;
    struct pf_profiles profiles;
    const struct pf_profile *profile; /**< of the pod at hand */
    const struct pf_clock *clock;
    struct pf_cache cache;
    struct pf_buf key;       /**< of the question at hand */
    struct pf_arena scratch; /**< of one pending pod */
    struct pf_placing placing;
    struct pf_dry_run dry_run; /**< of one node */
    struct pf_soft_cache soft;
};

/** Priority of a pod that is asked about. */
struct pf_priority {
    int32_t value;
    bool never;          /**< preemptionPolicy: Never */
    const char *unknown; /**< why the value is not known; NULL when it is */
};

/** A question with its outcomes. */
struct pf_answer {
    struct pf_filter_input input; /**< points to question */
    struct pf_question question;
    struct pf_scan scan;                /**< owned when outcomes points into it */
    const struct pf_outcomes *outcomes; /**< NULL: screened, no node was asked */
    const struct pf_topology *topology; /**< finished; NULL when no topology filter has a say */
    struct pf_results results;          /**< of all nodes; nothing when the scan has no ids */
    uint32_t
        warm_most; /**< set by the caller, PF_ANSWER_CACHED: gather first answers in steps of as many nodes; 0: at once */
    struct pf_cache_warmth warmth;  /**< of this step; while there is more, there are no outcomes */
    struct pf_evictions *evictions; /**< remembered with the question; NULL: it is not */
    uint64_t stamp;                 /**< see struct pf_cache_answer */
    struct pf_priority priority;
    uint32_t best;
    struct pf_candidates candidates; /**< nodes that pass every filter */
    struct pf_judgement judgement;   /**< all but message, reasons and binding */
};
void pf_answer_done(struct pf_answer *answer);
#define pf_autoanswer __attribute__((cleanup(pf_answer_done)))

/** How an answer is found. */
enum pf_answer_way {
    PF_ANSWER_CACHED,  /**< remember the question where that is possible */
    PF_ANSWER_SCANNED, /**< ask every node and keep its outcome id in scan.ids */
};

/**
 * Find the verdict of a pod.
 *
 * @param[out] ret_answer  zeroed by the caller; the question in it must not be moved. Release with pf_answer_done() also on failure
 * @return as pf_fit_judge()
 */
enum pf_code pf_answer_find(struct pf_fit *fit, const struct pf_pod *pod, enum pf_answer_way way,
                            struct pf_arena *arena, struct pf_answer *ret_answer,
                            struct pf_err *err) PF_MUST_CHECK;
/** Find out which volumes the pod's claims would get at the predicted place; after pf_preemption_find(). @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_answer_assume(struct pf_answer *answer, struct pf_arena *arena) PF_MUST_CHECK;
/** Add message, reasons and (misfit) binding to answer->judgement. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_answer_compose(struct pf_answer *answer, struct pf_arena *arena) PF_MUST_CHECK;

/**
 * Decide without looking at a node, where that is possible: notJudged and unknown.
 *
 * @param[in,out] judgement  verdict and cause are set when it is decided
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_verdict_screen(const struct pf_fit *fit, const struct pf_pod *pod,
                               struct pf_arena *arena, struct pf_judgement *judgement,
                               bool *ret_decided) PF_MUST_CHECK;
/** The same for what only the request or the prepared question tells. */
enum pf_code pf_verdict_screen_request(const struct pf_fit *fit, const struct pf_request *request,
                                       struct pf_arena *arena, struct pf_judgement *judgement,
                                       bool *ret_decided) PF_MUST_CHECK;
enum pf_code pf_verdict_screen_work(const struct pf_fit *fit, const struct pf_question *question,
                                    struct pf_arena *arena, struct pf_judgement *judgement,
                                    bool *ret_decided) PF_MUST_CHECK;
/** The same for default constraints of the profile. @param[in,out] pod  replaced by a copy in the arena that has them */
enum pf_code pf_verdict_screen_spread(const struct pf_fit *fit, struct pf_arena *arena,
                                      const struct pf_pod **pod, struct pf_judgement *judgement,
                                      bool *ret_decided) PF_MUST_CHECK;
/** Find out what the pod has to do with other pods: fills in question->plan. */
enum pf_code pf_verdict_screen_topology(const struct pf_fit *fit, struct pf_question *question,
                                        struct pf_arena *arena, struct pf_judgement *judgement,
                                        bool *ret_decided) PF_MUST_CHECK;
/** The filter and its reason, of one node with the code @p wanted. @param[out] ret_cause  in the arena; untouched when there is no such node @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_verdict_doubt_of_node(const struct pf_filter_input *input,
                                      const struct pf_outcomes *outcomes, enum pf_fit_code wanted,
                                      struct pf_arena *arena,
                                      struct pf_sv *ret_cause) PF_MUST_CHECK;
/** Turn a verdict into `unknown` where a filter failed with an error, podfit cannot tell, or objects are missing. @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_verdict_doubt(const struct pf_filter_input *input,
                              const struct pf_outcomes *outcomes, struct pf_arena *arena,
                              struct pf_judgement *judgement) PF_MUST_CHECK;
/** Unknown when the model is not synced or too old. */
enum pf_code pf_verdict_screen_model(const struct pf_fit *fit, struct pf_arena *arena,
                                     struct pf_judgement *judgement,
                                     bool *ret_decided) PF_MUST_CHECK;
/** Verdict of outcomes. */
enum pf_verdict pf_verdict_of(const struct pf_outcomes *outcomes);

/**
 * The pod's priority and whether it evicts others: spec.priority, else the PriorityClass that priorityClassName names, else the default one, as the Priority
 * admission plug-in does it. Sources: plugin/pkg/admission/priority/admission.go, pkg/apis/scheduling/helpers.go.
 *
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_priority_find(const struct pf_model *model, const struct pf_pod *pod,
                              struct pf_arena *arena,
                              struct pf_priority *ret_priority) PF_MUST_CHECK;

/**
 * For an answer whose verdict is full or never: would kube-scheduler evict pods for this one? Sets verdict, node and preemption, or post_filter.
 *
 * @return PF_OK, PF_E_NO_MEMORY
 */
enum pf_code pf_preemption_find(struct pf_fit *fit, struct pf_answer *answer,
                                struct pf_arena *arena) PF_MUST_CHECK;

/** Place pending pods where that is due, a bounded number of them. */
enum pf_code pf_placing_step(struct pf_fit *fit, struct pf_err *err) PF_MUST_CHECK;

#endif

#include <pthread.h>
#include <stdatomic.h>

#include <podfit/admission.h>
#include <podfit/decide.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/review.h>

/* Immutable once built; a reload swaps the pointer and reviews in flight keep the old one. */
struct ruleset {
    struct pf_decide_rules rules;
    atomic_uint refs;
};

struct pf_admission {
    struct pf_model *model;
    pthread_mutex_t lock; /* guards the pointer `current` only */
    struct ruleset *current;
};

static void ruleset_unref(struct ruleset *set)
{
    if (set == NULL || atomic_fetch_sub(&set->refs, 1) != 1) {
        return;
    }
    /* the engine is used under the model's lock; nobody holds this one any more */
    pf_fit_free(set->rules.fit);
    pf_config_unref(set->rules.config);
    free(set);
}

static enum pf_code ruleset_new(struct pf_model *model, struct pf_config *config,
                                struct ruleset **ret_set, struct pf_err *err)
{
    struct ruleset *set = pf_mem_calloc(1, sizeof(*set));
    if (set == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    atomic_init(&set->refs, 1);
    const enum pf_code code = pf_fit_new(model, &config->fit, &set->rules.fit, err);
    if (code != PF_OK) {
        free(set);
        return code;
    }
    set->rules.model = model;
    set->rules.config = pf_config_ref(config);
    *ret_set = set;
    return PF_OK;
}

static struct ruleset *ruleset_current(struct pf_admission *admission)
{
    pthread_mutex_lock(&admission->lock);
    struct ruleset *set = admission->current;
    atomic_fetch_add(&set->refs, 1);
    pthread_mutex_unlock(&admission->lock);
    return set;
}

enum pf_code pf_admission_new(struct pf_model *model, struct pf_config *config,
                              struct pf_admission **ret_admission, struct pf_err *err)
{
    struct pf_admission *admission = pf_mem_calloc(1, sizeof(*admission));
    if (admission == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    admission->model = model;
    const enum pf_code code = ruleset_new(model, config, &admission->current, err);
    if (code != PF_OK) {
        free(admission);
        return code;
    }
    (void)pthread_mutex_init(&admission->lock, NULL); /* cannot fail with default attributes */
    *ret_admission = admission;
    return PF_OK;
}

void pf_admission_free(struct pf_admission *admission)
{
    if (admission == NULL) {
        return;
    }
    ruleset_unref(admission->current);
    (void)pthread_mutex_destroy(&admission->lock);
    free(admission);
}

enum pf_code pf_admission_set_config(struct pf_admission *admission, struct pf_config *config,
                                     struct pf_err *err)
{
    struct ruleset *fresh = NULL;
    const enum pf_code code = ruleset_new(admission->model, config, &fresh, err);
    if (code != PF_OK) {
        return code;
    }
    pthread_mutex_lock(&admission->lock);
    struct ruleset *old = admission->current;
    admission->current = fresh;
    pthread_mutex_unlock(&admission->lock);
    ruleset_unref(old);
    return PF_OK;
}

enum pf_code pf_admission_judge_pod(struct pf_admission *admission, struct pf_sv pod_json,
                                    const struct pf_admission_request *request,
                                    struct pf_arena *arena, struct pf_decision *ret_decision,
                                    struct pf_err *err)
{
    const struct pf_decide_input input = {.request = request, .pod_json = pod_json};
    struct ruleset *set = ruleset_current(admission);
    const enum pf_code code = pf_decide_pod(&set->rules, &input, arena, ret_decision, err);
    ruleset_unref(set);
    return code;
}

/* Why a review is none of our business, or NULL. Everything but CREATE of pods and UPDATE of pods/resize is allowed untouched. */
static const char *skip_reason(const struct pf_review *review)
{
    if (review->group.len != 0 || !pf_sv_eq_cstr(review->resource, "pods")) {
        return "not a pod";
    }
    if (review->subresource.len != 0) {
        const bool resize = pf_sv_eq_cstr(review->subresource, "resize") &&
                            pf_sv_eq_cstr(review->operation, "UPDATE");
        return resize ? NULL : "subresource other than resize";
    }
    return pf_sv_eq_cstr(review->operation, "CREATE") ? NULL : "operation other than CREATE";
}

static enum pf_code answer(struct pf_admission *admission, struct pf_sv body,
                           struct pf_arena *arena, struct pf_buf *response,
                           struct pf_decision *decision, struct pf_err *err)
{
    struct pf_review review = {0};
    enum pf_code code = pf_review_decode(body, arena, &review, err);
    if (code != PF_OK) {
        return code;
    }
    decision->review_uid = review.uid;
    decision->namespace_ = review.namespace_;
    decision->skipped = skip_reason(&review);
    if (decision->skipped == NULL) {
        if (review.object.len == 0) {
            return pf_err_set(err, PF_E_INVALID, "request.object: missing, a Pod is needed");
        }
        const struct pf_admission_request request = {
            .namespace_ = review.namespace_,
            .review_uid = review.uid,
            .user = review.user,
            .dry_run = review.dry_run == PF_DRY_RUN_TRUE,
            .reserve = true,
        };
        const struct pf_decide_input input = {
            .request = &request,
            .pod_json = review.object,
            .pod = review.pod,
            .resize = review.subresource.len != 0,
        };
        struct ruleset *set = ruleset_current(admission);
        code = pf_decide_pod(&set->rules, &input, arena, decision, err);
        ruleset_unref(set);
        if (code != PF_OK) {
            return code == PF_E_INVALID ? pf_err_wrap(err, code, "request.object") : code;
        }
    }
    pf_response_write(response, review.uid, decision);
    if (response->failed != PF_OK) {
        pf_judge_give_back(admission->model, decision);
        return pf_err_set(err, PF_E_NO_MEMORY, "no room for the answer");
    }
    return PF_OK;
}

enum pf_admission_status pf_admission_review(struct pf_admission *admission, struct pf_sv body,
                                             struct pf_arena *arena, struct pf_buf *response,
                                             struct pf_decision *ret_decision)
{
    static const struct {
        enum pf_code code;
        enum pf_admission_status status;
    } statuses[] = {
        {PF_E_INVALID, PF_ADMISSION_BAD_REQUEST},   {PF_E_UNSUPPORTED, PF_ADMISSION_BAD_REQUEST},
        {PF_E_RANGE, PF_ADMISSION_BAD_REQUEST},     {PF_E_TOO_BIG, PF_ADMISSION_BAD_REQUEST},
        {PF_E_NO_MEMORY, PF_ADMISSION_UNAVAILABLE},
    };
    const bool oversize = body.len > PF_REVIEW_MAX_BYTES;
    struct pf_decision decision = {0};
    struct pf_err err = {0};
    const size_t start = response->len;
    const enum pf_code code =
        oversize ? pf_err_set(&err, PF_E_TOO_BIG, "review has %zu bytes, at most %zu are allowed",
                              body.len, PF_REVIEW_MAX_BYTES)
                 : answer(admission, body, arena, response, &decision, &err);
    if (code == PF_OK) {
        if (ret_decision != NULL) {
            *ret_decision = decision;
        }
        return PF_ADMISSION_OK;
    }
    response->failed = PF_OK; /* the text below needs little room */
    pf_buf_truncate(response, start);
    pf_buf_printf(response, "podfit: %s\n", err.text);
    if (oversize) {
        return PF_ADMISSION_TOO_LARGE;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(statuses); i++) {
        if (statuses[i].code == code) {
            return statuses[i].status;
        }
    }
    return PF_ADMISSION_INTERNAL;
}

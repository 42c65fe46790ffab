#include <stdio.h>

#include "outcome_internal.h"
#include <podfit/annotations.h>
#include <podfit/mem.h>

const char *pf_outcome_name(enum pf_outcome outcome)
{
    static const char *const names[PF_OUTCOME_COUNT] = {
        [PF_OUTCOME_BOUND] = "bound",
        [PF_OUTCOME_UNSCHEDULABLE] = "unschedulable",
        [PF_OUTCOME_GONE] = "gone",
    };
    return (unsigned)outcome < PF_OUTCOME_COUNT ? names[outcome] : "unknown";
}

enum pf_code pf_outcomes_new(const struct pf_clock *clock, struct pf_audit *audit,
                             struct pf_outcomes **ret_outcomes)
{
    struct pf_outcomes *outcomes = pf_mem_calloc(1, sizeof(*outcomes));
    if (outcomes == NULL) {
        return PF_E_NO_MEMORY;
    }
    outcomes->missed = pf_mem_calloc(PF_OUTCOME_KEPT, sizeof(*outcomes->missed));
    if (outcomes->missed == NULL || pthread_mutex_init(&outcomes->lock, NULL) != 0) {
        free(outcomes->missed);
        free(outcomes);
        return PF_E_NO_MEMORY;
    }
    outcomes->clock = clock;
    outcomes->audit = audit;
    outcomes->seed = pf_random_u64();
    *ret_outcomes = outcomes;
    return PF_OK;
}

void pf_outcomes_free(struct pf_outcomes *outcomes)
{
    if (outcomes == NULL) {
        return;
    }
    pf_tracked_done(&outcomes->tracked);
    pf_observed_done(&outcomes->observed);
    free(outcomes->missed);
    (void)pthread_mutex_destroy(&outcomes->lock);
    free(outcomes);
}

/* What podfit's annotations say; the verdict alone may be anybody's. @return false: nothing */
static bool read_verdict(const struct pf_pod *pod, enum pf_verdict *ret_verdict)
{
    const struct pf_sv text = pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_VERDICT));
    if (text.len == 0 || pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REVIEW)).len == 0) {
        return false;
    }
    for (size_t i = 0; i < PF_OUTCOME_VERDICTS; i++) {
        if (pf_sv_eq_cstr(text, pf_verdict_name((enum pf_verdict)i))) {
            *ret_verdict = (enum pf_verdict)i;
            return true;
        }
    }
    return false;
}

static uint64_t key_of(const struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    return pf_sv_hash(pod->meta.uid, outcomes->seed) | 1; /* 0: a free place */
}

static uint64_t name_key(const struct pf_outcomes *outcomes, struct pf_sv space, struct pf_sv name)
{
    return pf_sv_hash(name, pf_sv_hash(space, outcomes->seed));
}

/* ---- decisions of classes that only observe ---- */

void pf_outcomes_decided(struct pf_outcomes *outcomes, const struct pf_decision *decision)
{
    const struct pf_pod *pod = decision->pod;
    if (!decision->covered || !decision->observed || decision->dry_run || decision->resize ||
        pod == NULL) {
        return;
    }
    const struct pf_judgement *judgement = &decision->judgement;
    const struct pf_sv said = judgement->message.len != 0 ? judgement->message : judgement->cause;
    const struct pf_sv name = pod->meta.name.len != 0 ? pod->meta.name : pod->meta.generate_name;
    const int64_t now = pf_clock_mono_ns(outcomes->clock);
    (void)pthread_mutex_lock(&outcomes->lock);
    const bool put =
        pf_observed_put(&outcomes->observed, name_key(outcomes, decision->namespace_, name),
                        judgement->verdict, said, now);
    outcomes->totals.untracked += put ? 0 : 1;
    (void)pthread_mutex_unlock(&outcomes->lock);
}

/* [lock] The decision that this new pod is of, or NULL. */
static struct pf_observed *find_decision(struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    const int64_t now = pf_clock_mono_ns(outcomes->clock);
    const struct pf_meta *meta = &pod->meta;
    if (outcomes->observed.count == 0) {
        return NULL;
    }
    struct pf_observed *found = pf_observed_take(
        &outcomes->observed, name_key(outcomes, meta->namespace_, meta->name), now);
    if (found == NULL && meta->generate_name.len != 0) {
        found = pf_observed_take(&outcomes->observed,
                                 name_key(outcomes, meta->namespace_, meta->generate_name), now);
    }
    return found;
}

/* ---- counting ---- */

/* From creation to binding. The watch's own clock is exact; for a pod that was bound before we looked, the condition's time in whole seconds has to do. */
static int64_t bind_ns(const struct pf_outcomes *outcomes, const struct pf_tracked *tracked,
                       const struct pf_pod *pod)
{
    if (tracked->seen_ns != 0) {
        return pf_clock_mono_ns(outcomes->clock) - tracked->seen_ns;
    }
    const struct pf_sv created = pod->meta.creation_timestamp;
    const struct pf_sv since = pod->scheduled_since;
    int64_t from = 0;
    int64_t to = 0;
    return pf_clock_parse(created.ptr, created.len, &from) &&
                   pf_clock_parse(since.ptr, since.len, &to) && to > from
               ? to - from
               : 0;
}

enum judged {
    JUDGED_NOTHING, /**< says nothing about podfit */
    JUDGED_RIGHT,
    JUDGED_WRONG,
    JUDGED_EARLY,
};

static enum judged judge(enum pf_verdict verdict, enum pf_outcome outcome, int64_t after_ns)
{
    const bool misfit = verdict == PF_VERDICT_FULL || verdict == PF_VERDICT_NEVER;
    if (outcome == PF_OUTCOME_BOUND) {
        if (misfit) {
            return after_ns <= PF_OUTCOME_BIND_MS * PF_NS_PER_MS ? JUDGED_EARLY : JUDGED_NOTHING;
        }
        return verdict == PF_VERDICT_FITS ? JUDGED_RIGHT : JUDGED_NOTHING;
    }
    if (outcome == PF_OUTCOME_UNSCHEDULABLE) {
        if (misfit) {
            return JUDGED_RIGHT;
        }
        return verdict == PF_VERDICT_FITS ? JUDGED_WRONG : JUDGED_NOTHING;
    }
    return JUDGED_NOTHING;
}

static void put_text(char *text, size_t bytes, struct pf_sv value)
{
    (void)snprintf(text, bytes, "%.*s", PF_SV_ARG(value)); /* cut when it is too long */
}

static void write_audit(const struct pf_outcomes *outcomes, const struct pf_outcome_miss *miss,
                        const struct pf_pod *pod)
{
    const struct pf_audit_record record = {
        .record = "misprediction",
        .outcome = pf_outcome_name(miss->outcome),
        .observed_message = pf_sv_from(miss->happened),
        .wall_ns = miss->wall_ns,
        .review_uid = pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REVIEW)),
        .observed = miss->observed,
        .class_name = pf_sv_from(miss->class_name),
        .verdict = pf_verdict_name(miss->verdict),
        .namespace_ = pod->meta.namespace_,
        .name = pod->meta.name,
        .owner_kind = pod->meta.owner_kind,
        .owner_name = pod->meta.owner_name,
        .message = pf_sv_from(miss->said),
    };
    pf_audit_put(outcomes->audit, &record);
}

static void keep_miss(struct pf_outcomes *outcomes, const struct pf_tracked *tracked,
                      const struct pf_pod *pod, enum pf_outcome outcome, bool early)
{
    struct pf_outcome_miss *miss = &outcomes->missed[outcomes->missed_count++ % PF_OUTCOME_KEPT];
    *miss = (struct pf_outcome_miss){
        .wall_ns = pf_clock_wall_ns(outcomes->clock),
        .verdict = (enum pf_verdict)tracked->verdict,
        .outcome = outcome,
        .observed = tracked->observed,
        .early = early,
    };
    (void)snprintf(miss->pod, sizeof(miss->pod), "%.*s/%.*s", PF_SV_ARG(pod->meta.namespace_),
                   PF_SV_ARG(pod->meta.name));
    put_text(miss->class_name, sizeof(miss->class_name),
             pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_CLASS)));
    put_text(miss->said, sizeof(miss->said),
             tracked->said != NULL ? pf_sv_from(tracked->said)
                                   : pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REASON)));
    if (outcome == PF_OUTCOME_BOUND) {
        (void)snprintf(miss->happened, sizeof(miss->happened), "bound to %.*s",
                       PF_SV_ARG(pod->node_name));
    } else {
        put_text(miss->happened, sizeof(miss->happened), pod->scheduled_message);
    }
    write_audit(outcomes, miss, pod);
}

static void count(struct pf_outcomes *outcomes, struct pf_tracked *tracked,
                  const struct pf_pod *pod, enum pf_outcome outcome)
{
    const int64_t after_ns = outcome == PF_OUTCOME_BOUND ? bind_ns(outcomes, tracked, pod) : 0;
    const enum judged judged = judge((enum pf_verdict)tracked->verdict, outcome, after_ns);
    tracked->decided = true;
    outcomes->counts[tracked->verdict][outcome]++;
    outcomes->totals.right += judged == JUDGED_RIGHT;
    outcomes->totals.wrong += judged == JUDGED_WRONG;
    outcomes->totals.early += judged == JUDGED_EARLY;
    if (outcome == PF_OUTCOME_BOUND) {
        pf_histogram_add(&outcomes->bind, &pf_outcome_bind_bounds, after_ns);
    }
    if (judged == JUDGED_WRONG || judged == JUDGED_EARLY) {
        keep_miss(outcomes, tracked, pod, outcome, judged == JUDGED_EARLY);
    }
    free(tracked->said);
    tracked->said = NULL;
}

/* ---- pods as they come and go ---- */

/* [lock] @return NULL: podfit said nothing about this pod, or no memory */
static struct pf_tracked *track(struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    enum pf_verdict verdict = PF_VERDICT_UNKNOWN;
    const bool annotated = read_verdict(pod, &verdict);
    struct pf_observed *decision = annotated ? NULL : find_decision(outcomes, pod);
    if (!annotated && decision == NULL) {
        return NULL;
    }
    struct pf_tracked *tracked = pf_tracked_add(&outcomes->tracked, key_of(outcomes, pod));
    if (tracked == NULL) {
        outcomes->totals.untracked++;
    } else {
        tracked->observed = decision != NULL;
        tracked->verdict = (uint8_t)(decision != NULL ? decision->verdict : verdict);
        tracked->said =
            decision != NULL ? pf_mem_dup(decision->said, strlen(decision->said)) : NULL;
        if (!outcomes->listing && pod->node_name.len == 0) {
            tracked->seen_ns = pf_clock_mono_ns(outcomes->clock);
        }
    }
    free(decision);
    return tracked;
}

/* [lock] */
static void look(struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    struct pf_tracked *tracked = pf_tracked_find(&outcomes->tracked, key_of(outcomes, pod));
    if (tracked == NULL) {
        tracked = track(outcomes, pod);
    }
    if (tracked == NULL) {
        return;
    }
    tracked->doubtful = false;
    if (tracked->decided) {
        return;
    }
    enum pf_verdict verdict = PF_VERDICT_UNKNOWN;
    if (!tracked->observed && read_verdict(pod, &verdict)) {
        tracked->verdict = (uint8_t)verdict; /* its gate was removed: it fits now */
    }
    if (pod->node_name.len != 0) {
        count(outcomes, tracked, pod, PF_OUTCOME_BOUND);
    } else if (pod->unschedulable && pod->nominated_node_name.len == 0) {
        count(outcomes, tracked, pod, PF_OUTCOME_UNSCHEDULABLE);
    }
}

void pf_outcomes_pod(struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    if (pod->meta.uid.len == 0) {
        return;
    }
    (void)pthread_mutex_lock(&outcomes->lock);
    look(outcomes, pod);
    (void)pthread_mutex_unlock(&outcomes->lock);
}

void pf_outcomes_gone(struct pf_outcomes *outcomes, const struct pf_pod *pod)
{
    if (pod->meta.uid.len == 0) {
        return;
    }
    (void)pthread_mutex_lock(&outcomes->lock);
    look(outcomes, pod); /* its last state may be new to us */
    struct pf_tracked *tracked = pf_tracked_find(&outcomes->tracked, key_of(outcomes, pod));
    if (tracked != NULL) {
        if (!tracked->decided) {
            count(outcomes, tracked, pod, PF_OUTCOME_GONE);
        }
        pf_tracked_remove(&outcomes->tracked, tracked);
    }
    (void)pthread_mutex_unlock(&outcomes->lock);
}

void pf_outcomes_replace_begin(struct pf_outcomes *outcomes)
{
    (void)pthread_mutex_lock(&outcomes->lock);
    outcomes->listing = true;
    for (size_t i = 0; i < outcomes->tracked.cap; i++) {
        outcomes->tracked.slots[i].doubtful = outcomes->tracked.slots[i].key != 0;
    }
    (void)pthread_mutex_unlock(&outcomes->lock);
}

void pf_outcomes_replace_end(struct pf_outcomes *outcomes)
{
    (void)pthread_mutex_lock(&outcomes->lock);
    outcomes->listing = false;
    for (size_t i = 0; i < outcomes->tracked.cap; i++) {
        struct pf_tracked *tracked = &outcomes->tracked.slots[i];
        while (tracked->key != 0 && tracked->doubtful) {
            if (!tracked->decided) {
                outcomes->counts[tracked->verdict][PF_OUTCOME_GONE]++;
            }
            pf_tracked_remove(&outcomes->tracked, tracked); /* another may move here */
        }
    }
    (void)pthread_mutex_unlock(&outcomes->lock);
}

struct pf_outcome_totals pf_outcomes_totals(struct pf_outcomes *outcomes)
{
    (void)pthread_mutex_lock(&outcomes->lock);
    const struct pf_outcome_totals totals = outcomes->totals;
    (void)pthread_mutex_unlock(&outcomes->lock);
    return totals;
}

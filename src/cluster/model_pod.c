#include "feed_parts.h"
#include <podfit/residents.h>

/** What a change of a pod needs, allocated before anything is changed. */
struct pod_change {
    struct pf_pod pod;        /* defaulted; in the scratch arena */
    struct pf_record *record; /* the known one, or a new one that nobody knows yet */
    bool is_new;
    bool uid_same;
    enum pf_pod_state state;
    uint64_t uid_hash;
    struct pf_hold hold; /* owns one reference each to demand and namespace */
    uint32_t place;      /* slot where it holds room or is nominated to */
    uint32_t start_s;
    bool nominated;
    struct pf_waiting *waiting; /* owned; for PF_POD_PENDING */
    struct pf_reservation *claimed;
    bool takes_over; /* place is the claimed reservation's */
    bool guessed;    /* place was found by amounts only */
};

static bool is_terminal(const struct pf_pod *pod)
{
    return pod->phase == PF_PHASE_SUCCEEDED || pod->phase == PF_PHASE_FAILED;
}

static bool is_ours(const struct pf_model *model, const struct pf_pod *pod)
{
    const struct pf_sv by_default = PF_SV("default-scheduler");
    const struct pf_sv name = pod->scheduler_name.len != 0 ? pod->scheduler_name : by_default;
    for (size_t i = 0; i < model->scheduler_count; i++) {
        if (pf_sv_eq(model->schedulers[i], name)) {
            return true;
        }
    }
    return model->scheduler_count == 0 && pf_sv_eq(name, by_default);
}

/* scheduler-fit sections 1 and 2: what the scheduler would pick up is pending; a bound pod counts whatever else it is. */
static enum pf_pod_state state_of(const struct pf_model *model, const struct pf_pod *pod)
{
    if (pod->node_name.len != 0) {
        return PF_POD_BOUND;
    }
    return is_ours(model, pod) && !pod->meta.deleting && pod->scheduling_gate_count == 0 &&
                   !pod->mirror
               ? PF_POD_PENDING
               : PF_POD_OTHER;
}

static uint32_t start_of(const struct pf_pod *pod)
{
    int64_t ns = 0;
    if (!pf_clock_parse(pod->start_time.ptr, pod->start_time.len, &ns)) {
        return PF_RECORD_START_NONE;
    }
    const int64_t seconds = ns / 1000000000;
    if (seconds < 0) {
        return 0;
    }
    return seconds < PF_RECORD_START_NONE ? (uint32_t)seconds : PF_RECORD_START_NONE - 1;
}

/* The pod as the API server stores it, and what it takes. */
static enum pf_code weigh(struct pf_model *model, const struct pf_pod *pod,
                          struct pod_change *change, struct pf_err *err)
{
    if (!pf_podcopy_writable(pod, &model->scratch, &change->pod)) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to copy the pod");
    }
    const struct pf_kube_features *features = &model->options.features;
    enum pf_code code =
        pf_pod_apply_defaults(&change->pod, features, /* stored= */ true, &model->scratch, err);
    struct pf_request request = {0};
    if (code == PF_OK) {
        /* of pods that wait, too: NodeInfo adds nominated and assumed ones as any other */
        code = pf_request_of_existing(&change->pod, features, &model->scratch, &request, err);
    }
    if (code != PF_OK) {
        return code;
    }
    change->hold.demand = pf_demand_acquire(model, &request, &change->pod);
    change->hold.namespace_ = pf_intern_ref(&model->strings, pod->meta.namespace_);
    change->hold.group = pf_group_acquire(model, &change->pod, pod->meta.namespace_);
    return change->hold.demand != NULL && change->hold.namespace_ != PF_INTERN_NONE &&
                   change->hold.group != PF_GROUP_NONE
               ? PF_OK
               : pf_err_set(err, PF_E_NO_MEMORY, "no memory for the pod's requests");
}

static bool find_record(struct pf_model *model, struct pod_change *change)
{
    const struct pf_sv name = change->pod.meta.name;
    const uint32_t space = change->hold.namespace_;
    change->record = pf_podset_find(&model->pods, space, name);
    if (change->record != NULL) {
        change->uid_same = change->record->uid_hash == change->uid_hash;
        return true;
    }
    if (name.len >= UINT32_MAX || !pf_podset_reserve(&model->pods)) {
        return false;
    }
    struct pf_record *record = pf_mem_calloc(1, pf_record_bytes(name.len));
    if (record == NULL) {
        return false;
    }
    record->hash = pf_podset_hash(&model->pods, space, name);
    record->namespace_ = PF_INTERN_NONE;
    record->node = PF_NODE_NONE;
    record->pending = PF_PENDING_NONE;
    record->group = PF_GROUP_NONE;
    record->name_len = (uint32_t)name.len;
    if (name.len != 0) {
        memcpy(record->name, name.ptr, name.len);
    }
    change->record = record;
    change->is_new = true;
    return true;
}

/* A known waiting pod that asks for the same keeps the place that was predicted for it. */
static bool keeps_place(const struct pod_change *change)
{
    const struct pf_record *record = change->record;
    return !change->is_new && change->uid_same && record->pending != PF_PENDING_NONE &&
           !record->nominated && record->demand == change->hold.demand &&
           record->group == change->hold.group;
}

/* kube-scheduler's nominator has what its queue has: pods that are being deleted, too, and no gated ones (backend/queue/nominator.go). */
static bool is_nominated(const struct pf_model *model, const struct pf_pod *pod)
{
    return pod->nominated_node_name.len != 0 && is_ours(model, pod) &&
           pod->scheduling_gate_count == 0 && !pod->mirror;
}

static bool choose_node(struct pf_model *model, struct pod_change *change)
{
    const struct pf_pod *pod = &change->pod;
    change->claimed = pf_reservation_claimed(model, pod);
    if (change->claimed == NULL && (change->is_new || !change->uid_same)) {
        change->claimed = pf_reservation_of_pod(model, pod, change->hold.demand);
    }
    if (change->state == PF_POD_BOUND) {
        change->place = pf_slot_acquire(model, pod->node_name);
        change->hold.node = change->place;
        return change->place != PF_NODE_NONE;
    }
    if (is_nominated(model, pod)) {
        change->nominated = true;
        change->place = pf_slot_acquire(model, pod->nominated_node_name);
        return change->place != PF_NODE_NONE;
    }
    if (change->state == PF_POD_OTHER) {
        return true;
    }
    if (keeps_place(change) && change->record->node != PF_NODE_NONE) {
        change->place = change->record->node;
        change->guessed = model->pending.slots[change->record->pending]->guessed;
    } else if (change->claimed != NULL) {
        change->place = change->claimed->hold.node;
        change->guessed = change->claimed->guessed;
        change->takes_over = true;
    }
    change->hold.node = change->place;
    return true;
}

static bool prepare_waiting(struct pf_model *model, struct pod_change *change)
{
    if (change->state != PF_POD_PENDING) {
        return true;
    }
    change->waiting = pf_podcopy_waiting(&change->pod);
    if (change->waiting == NULL || !pf_pending_reserve(model)) {
        return false;
    }
    return true;
}

static enum pf_code prepare(struct pf_model *model, const struct pf_pod *pod,
                            struct pod_change *change, struct pf_err *err)
{
    const enum pf_code code = weigh(model, pod, change, err);
    if (code != PF_OK) {
        return code;
    }
    if (!find_record(model, change) || !choose_node(model, change) ||
        !pf_hold_prepare(model, &change->hold) || !prepare_waiting(model, change) ||
        (change->state == PF_POD_BOUND &&
         !pf_tier_prepare(model, change->place, change->pod.priority))) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to keep the pod");
    }
    return PF_OK;
}

/* The references that a record holds. */
static void drop_refs(struct pf_model *model, const struct pf_hold *hold)
{
    pf_demand_release(model, hold->demand);
    pf_group_release(model, hold->group);
    pf_intern_unref(&model->strings, hold->namespace_);
}

static void abandon(struct pf_model *model, struct pod_change *change)
{
    free(change->waiting);
    if (change->place != PF_NODE_NONE) {
        pf_extra_tidy(model, change->place);
        pf_slot_release(model, change->place);
    }
    if (change->is_new) {
        free(change->record);
    }
    drop_refs(model, &change->hold);
}

static bool same_hold(const struct pf_hold *a, const struct pf_hold *b)
{
    return a->node == b->node && a->demand == b->demand && a->group == b->group;
}

/* What was assumed of the pod's claims where it was expected; the caller owns it. */
static struct pf_assumed_set *take_assumed(const struct pf_model *model,
                                           const struct pod_change *change)
{
    const struct pf_record *record = change->record;
    struct pf_waiting *waiting =
        record->pending != PF_PENDING_NONE ? model->pending.slots[record->pending] : NULL;
    if (change->state == PF_POD_OTHER) {
        return NULL;
    }
    if (waiting != NULL && waiting->assumed != NULL && change->uid_same && !change->takes_over) {
        return PF_TAKE(waiting->assumed); /* also of a pod that is to be placed anew */
    }
    return change->claimed != NULL ? PF_TAKE(change->claimed->assumed) : NULL;
}

static void commit_pending(struct pf_model *model, struct pod_change *change, bool was_placed,
                           struct pf_assumed_set **assumed)
{
    struct pf_record *record = change->record;
    const bool was_pending = record->pending != PF_PENDING_NONE;
    if (was_pending) {
        if (change->waiting != NULL && change->uid_same) {
            /* not a new arrival: its turn among pods of the same second stays */
            change->waiting->sequence = model->pending.slots[record->pending]->sequence;
        }
        pf_pending_remove(model, record->pending);
        record->pending = PF_PENDING_NONE;
    }
    if (change->waiting != NULL) {
        change->waiting->record = record;
        change->waiting->guessed = change->guessed && record->node != PF_NODE_NONE;
        change->waiting->assumed = PF_TAKE(*assumed);
        record->pending = pf_pending_insert(model, change->waiting);
    }
    if ((was_pending || change->waiting != NULL) &&
        !(was_pending && change->waiting != NULL && was_placed && record->node != PF_NODE_NONE)) {
        model->pending.version++;
    }
}

/* Does the list of its slot stay as it is? A nominated pod's demand and uid matter to those who look at the slot. */
static bool stays(const struct pf_record *record, const struct pod_change *change)
{
    return !change->nominated && !record->nominated && record->node == change->place &&
           record->state == (uint8_t)change->state && record->priority == change->pod.priority;
}

/* What was expected of the pod goes or becomes what it holds. @param held_on  where it held room before */
static void commit_expected(struct pf_model *model, struct pod_change *change, uint32_t held_on,
                            bool was_placed)
{
    const bool was_expected = change->claimed != NULL || change->record->pending != PF_PENDING_NONE;
    uint32_t vacated = held_on;
    struct pf_assumed_set *assumed = take_assumed(model, change);
    if (change->claimed != NULL) {
        vacated = vacated == PF_NODE_NONE ? change->claimed->hold.node : vacated;
        pf_reservation_release(model, change->claimed);
    }
    commit_pending(model, change, was_placed, &assumed);
    if (change->state == PF_POD_BOUND) {
        pf_assumed_linger(model, assumed);
    }
    /* kube-scheduler nominates while it waits for volumes to be bound (gate NominatedNodeNameForExpectation) */
    if (was_expected && (change->state == PF_POD_BOUND || change->nominated)) {
        pf_assumed_expect(model, &change->pod, change->place);
    }
    if (change->state == PF_POD_BOUND) {
        pf_settle(model, change->place, vacated);
    }
}

static void commit(struct pf_model *model, struct pod_change *change)
{
    struct pf_record *record = change->record;
    const struct pf_hold old = pf_record_hold(record);
    const uint32_t old_place = record->node;
    const bool was_placed = record->node != PF_NODE_NONE;
    const bool moves = !same_hold(&old, &change->hold);
    if (moves) {
        pf_hold_add(model, &change->hold);
    }
    const bool preempted = change->pod.preempted && change->pod.meta.deleting;
    const bool relisted = !stays(record, change);
    const bool yields_otherwise =
        relisted || record->start_s != change->start_s || record->preempted != preempted;
    if (record->state == PF_POD_BOUND && record->node != PF_NODE_NONE) {
        pf_tier_sub(model, record);
    }
    if (relisted) {
        pf_resident_unlink(model, record);
        record->node = change->place;
        record->state = (uint8_t)change->state;
        record->priority = change->pod.priority;
        record->nominated = change->nominated;
        pf_resident_link(model, record);
    }
    record->start_s = change->start_s;
    record->preempted = preempted;
    record->uid_hash = change->uid_hash;
    record->doubtful = false;
    record->demand = change->hold.demand;
    if (change->state == PF_POD_BOUND) {
        pf_tier_add(model, record);
    }
    record->namespace_ = change->hold.namespace_;
    record->group = change->hold.group;
    if (change->is_new) {
        pf_podset_insert(&model->pods, record);
        model->heap_bytes += pf_heap_cost(pf_record_bytes(record->name_len));
    }
    if (moves) {
        pf_hold_sub(model, &old);
    } else if (change->state == PF_POD_BOUND && yields_otherwise) {
        pf_slot_changed(model, change->place); /* who is evicted first may be another one */
    }
    pf_slot_release(model, old_place);
    drop_refs(model, &old);
    commit_expected(model, change, old.node, was_placed);
}

void pf_model_remove_record(struct pf_model *model, struct pf_record *record)
{
    const struct pf_hold hold = pf_record_hold(record);
    if (record->pending != PF_PENDING_NONE) {
        pf_pending_remove(model, record->pending);
        model->pending.version++;
    }
    pf_podset_remove(&model->pods, record);
    if (record->state == PF_POD_BOUND) {
        pf_tier_sub(model, record);
    }
    pf_resident_unlink(model, record);
    pf_hold_sub(model, &hold);
    pf_slot_release(model, record->node);
    drop_refs(model, &hold);
    model->heap_bytes -= pf_heap_cost(pf_record_bytes(record->name_len));
    free(record);
}

static struct pf_record *find(const struct pf_model *model, struct pf_sv space, struct pf_sv name)
{
    const uint32_t id = pf_intern_find(&model->strings, space);
    return id != PF_INTERN_NONE ? pf_podset_find(&model->pods, id, name) : NULL;
}

void pf_model_keep_record(struct pf_model *model, struct pf_sv space, struct pf_sv name)
{
    struct pf_record *record = find(model, space, name);
    if (record != NULL) {
        record->doubtful = false;
    }
}

enum pf_code pf_model_apply_pod(struct pf_model *model, const struct pf_pod *pod,
                                struct pf_err *err)
{
    if (is_terminal(pod)) {
        struct pf_reservation *claimed = pf_reservation_claimed(model, pod);
        if (claimed == NULL && find(model, pod->meta.namespace_, pod->meta.name) == NULL) {
            claimed = pf_reservation_of_pod(model, pod, NULL);
        }
        if (claimed != NULL) {
            pf_reservation_release(model, claimed);
        }
        (void)pf_model_remove_pod(model, pod->meta.namespace_, pod->meta.name, PF_SV(""));
        return PF_OK;
    }
    if (pod->defect.len != 0) {
        return pf_err_set(err, PF_E_TOO_BIG, "pod '%.*s/%.*s' cannot be held: %.*s",
                          PF_SV_ARG(pod->meta.namespace_), PF_SV_ARG(pod->meta.name),
                          PF_SV_ARG(pod->defect));
    }
    pf_arena_reset(&model->scratch);
    struct pod_change change = {
        .state = state_of(model, pod),
        .uid_hash = pf_model_uid_hash(model, pod->meta.uid),
        .start_s = start_of(pod),
        .place = PF_NODE_NONE,
        .hold = {.node = PF_NODE_NONE, .namespace_ = PF_INTERN_NONE, .group = PF_GROUP_NONE}};
    const enum pf_code code = prepare(model, pod, &change, err);
    if (code != PF_OK) {
        abandon(model, &change);
        return code;
    }
    commit(model, &change);
    return PF_OK;
}

bool pf_model_remove_pod(struct pf_model *model, struct pf_sv space, struct pf_sv name,
                         struct pf_sv uid)
{
    struct pf_record *record = find(model, space, name);
    if (record == NULL || (uid.len != 0 && record->uid_hash != 0 &&
                           record->uid_hash != pf_model_uid_hash(model, uid))) {
        return false;
    }
    pf_model_remove_record(model, record);
    return true;
}

bool pf_model_find_bound(const struct pf_model *model, struct pf_sv space, struct pf_sv name,
                         struct pf_sv uid, struct pf_bound *ret_bound)
{
    const struct pf_record *record = find(model, space, name);
    if (record == NULL || record->state != PF_POD_BOUND ||
        (uid.len != 0 && record->uid_hash != 0 &&
         record->uid_hash != pf_model_uid_hash(model, uid))) {
        return false;
    }
    *ret_bound = (struct pf_bound){
        .node = record->node,
        .milli_cpu = record->demand->milli_cpu,
        .memory = record->demand->memory,
        .ephemeral_storage = record->demand->ephemeral_storage,
    };
    return true;
}

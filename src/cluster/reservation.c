#include <assert.h>

#include "cluster_internal.h"
#include <podfit/annotations.h>

static struct pf_reservation *find(const struct pf_model *model, struct pf_sv uid)
{
    uint64_t found = 0;
    return pf_map_get(&model->reservations.by_uid, uid, &found)
               ? (struct pf_reservation *)(uintptr_t)found
               : NULL;
}

static struct pf_sv key_of(const struct pf_reservation *reservation)
{
    return (struct pf_sv){.ptr = reservation->uid, .len = reservation->uid_len};
}

static size_t bytes_of(const struct pf_reservation *reservation)
{
    return sizeof(*reservation) + reservation->uid_len + reservation->pod_key.len;
}

static void append(struct pf_reservation_list *list, struct pf_reservation *reservation)
{
    reservation->prev = list->newest;
    reservation->next = NULL;
    if (list->newest != NULL) {
        list->newest->next = reservation;
    } else {
        list->oldest = reservation;
    }
    list->newest = reservation;
}

static void unlink_from(struct pf_reservation_list *list, struct pf_reservation *reservation)
{
    if (reservation->prev != NULL) {
        reservation->prev->next = reservation->next;
    } else {
        list->oldest = reservation->next;
    }
    if (reservation->next != NULL) {
        reservation->next->prev = reservation->prev;
    } else {
        list->newest = reservation->prev;
    }
}

/* The strings and the demand that a reservation keeps alive. */
static void drop_refs(struct pf_model *model, const struct pf_hold *hold)
{
    pf_demand_release(model, hold->demand);
    pf_group_release(model, hold->group);
    pf_intern_unref(&model->strings, hold->namespace_);
}

void pf_reservation_release(struct pf_model *model, struct pf_reservation *reservation)
{
    (void)pf_map_remove(&model->reservations.by_uid, key_of(reservation));
    pf_reservation_name_unlink(&model->reservations, reservation);
    unlink_from(&model->reservations, reservation);
    pf_hold_sub(model, &reservation->hold);
    drop_refs(model, &reservation->hold);
    pf_assumed_release(model, reservation->assumed);
    model->heap_bytes -= pf_heap_cost(bytes_of(reservation));
    free(reservation);
}

/* Time that pods have been watched in all. It stands still while they are not. */
static int64_t watched_ns(const struct pf_reservation_list *list, int64_t now)
{
    return list->paused ? list->watched_ns : list->watched_ns + (now - list->opened_ns);
}

static int64_t add_saturating(int64_t a, int64_t b)
{
    int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* A cut since it was made: what was missed comes first, so the time by which its pod must have been stored has to lie a whole TTL of watching back. */
static int64_t due_ns(const struct pf_reservation_list *list,
                      const struct pf_reservation *reservation)
{
    const int64_t due = add_saturating(reservation->made_ns, reservation->ttl_ns);
    return list->cut && reservation->made_ns <= list->cut_ns
               ? add_saturating(due, reservation->ttl_ns)
               : due;
}

uint32_t pf_reservation_expire(struct pf_model *model)
{
    struct pf_reservation_list *list = &model->reservations;
    const int64_t watched = watched_ns(list, pf_clock_mono_ns(model->options.clock));
    uint32_t dropped = 0;
    while (!list->paused && list->oldest != NULL && due_ns(list, list->oldest) <= watched) {
        pf_reservation_release(model, list->oldest);
        dropped++;
    }
    if (!list->paused) {
        pf_assumed_expire(model, watched);
    }
    return dropped;
}

static int64_t ttl_ns(const struct pf_model *model)
{
    int64_t ttl = 0;
    return __builtin_mul_overflow(model->options.reservation_ttl_ms, (int64_t)1000000, &ttl)
               ? INT64_MAX
               : ttl;
}

int64_t pf_reservation_due(const struct pf_model *model)
{
    const int64_t now = pf_clock_mono_ns(model->options.clock);
    return add_saturating(watched_ns(&model->reservations, now), ttl_ns(model));
}

void pf_reservation_pause(struct pf_model *model, bool paused)
{
    struct pf_reservation_list *list = &model->reservations;
    const int64_t now = pf_clock_mono_ns(model->options.clock);
    if (list->paused == paused) {
        return;
    }
    if (paused) {
        const int64_t least = ttl_ns(model) / PF_RESERVATION_CUTS;
        const int64_t open = now - list->opened_ns;
        list->watched_ns = add_saturating(list->watched_ns, open > least ? open : least);
        list->cut_ns = list->watched_ns;
        list->cut = true;
    } else {
        list->opened_ns = now;
    }
    list->paused = paused;
}

/* Nobody knows of it yet. */
static void abandon(struct pf_model *model, struct pf_reservation *made)
{
    if (made->hold.node != PF_NODE_NONE) {
        pf_extra_tidy(model, made->hold.node);
    }
    drop_refs(model, &made->hold);
    pf_assumed_abandon(model, made->assumed);
    free(made);
}

static struct pf_reservation *make(struct pf_model *model, const struct pf_reservation_spec *spec)
{
    struct pf_reservation *made =
        pf_mem_calloc(1, sizeof(*made) + spec->review_uid.len + pf_reservation_name_bytes(spec));
    if (made == NULL) {
        return NULL;
    }
    made->made_ns = watched_ns(&model->reservations, pf_clock_mono_ns(model->options.clock));
    made->ttl_ns = ttl_ns(model);
    made->uid_len = (uint32_t)spec->review_uid.len;
    if (made->uid_len != 0) {
        memcpy(made->uid, spec->review_uid.ptr, made->uid_len);
    }
    made->pod_key = pf_reservation_name_write(spec, made->uid + made->uid_len);
    made->guessed = spec->guessed;
    made->hold = (struct pf_hold){.node = spec->node,
                                  .namespace_ = pf_intern_ref(&model->strings, spec->namespace_),
                                  .demand = pf_demand_acquire(model, spec->request, spec->pod),
                                  .group = pf_group_acquire(model, spec->pod, spec->namespace_)};
    if (made->hold.namespace_ == PF_INTERN_NONE || made->hold.demand == NULL ||
        made->hold.group == PF_GROUP_NONE || !pf_hold_prepare(model, &made->hold) ||
        !pf_assumed_acquire(model, spec->namespace_, &spec->binds, spec->node, &made->assumed)) {
        abandon(model, made);
        return NULL;
    }
    return made;
}

/* Same key again: the new room is counted before the old is given back, and the table never needs memory. */
static void replace(struct pf_model *model, struct pf_reservation *old, struct pf_reservation *made)
{
    const struct pf_hold old_hold = old->hold;
    pf_hold_add(model, &made->hold);
    pf_hold_sub(model, &old_hold);
    old->hold = made->hold;
    old->guessed = made->guessed;
    old->made_ns = made->made_ns;
    old->ttl_ns = made->ttl_ns;
    drop_refs(model, &old_hold);
    pf_assumed_release(model, old->assumed);
    old->assumed = pf_assumed_keep(model, made->assumed);
    unlink_from(&model->reservations, old);
    append(&model->reservations, old);
    free(made);
}

/* @return false: no memory, it is filed nowhere */
static bool file(struct pf_reservation_list *list, struct pf_reservation *made)
{
    if (!pf_reservation_name_link(list, made)) {
        return false;
    }
    if (!pf_map_put(&list->by_uid, key_of(made), (uintptr_t)made)) {
        pf_reservation_name_unlink(list, made);
        return false;
    }
    return true;
}

enum pf_code pf_reservation_put(struct pf_model *model, const struct pf_reservation_spec *spec,
                                struct pf_err *err)
{
    assert(spec->node == PF_NODE_NONE || (spec->node < model->columns.count &&
                                          model->columns.name[spec->node] != PF_INTERN_NONE));
    struct pf_reservation *old = find(model, spec->review_uid);
    if (old == NULL && model->reservations.by_uid.count >= model->options.reservations_max) {
        return pf_err_set(err, PF_E_TOO_BIG, "%zu reservations are held, which is the limit",
                          model->reservations.by_uid.count);
    }
    pf_arena_reset(&model->scratch);
    struct pf_reservation *made = spec->review_uid.len < UINT32_MAX ? make(model, spec) : NULL;
    if (made == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a reservation");
    }
    if (old != NULL) {
        replace(model, old, made);
        return PF_OK;
    }
    if (!file(&model->reservations, made)) {
        abandon(model, made);
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory for a reservation");
    }
    append(&model->reservations, made);
    made->assumed = pf_assumed_keep(model, made->assumed);
    pf_hold_add(model, &made->hold);
    model->heap_bytes += pf_heap_cost(bytes_of(made));
    return PF_OK;
}

bool pf_reservation_matches(const struct pf_model *model, struct pf_sv review_uid,
                            struct pf_sv space, const struct pf_request *request)
{
    const struct pf_reservation *reservation = find(model, review_uid);
    return reservation != NULL &&
           pf_sv_eq(pf_intern_text(&model->strings, reservation->hold.namespace_), space) &&
           pf_demand_is(model, reservation->hold.demand, request);
}

uint32_t pf_reservation_lift(struct pf_model *model, struct pf_sv review_uid)
{
    struct pf_reservation *reservation = find(model, review_uid);
    if (reservation == NULL) {
        return PF_NODE_NONE;
    }
    const struct pf_hold hold = reservation->hold;
    reservation->hold.node = PF_NODE_NONE;
    pf_hold_sub(model, &hold);
    pf_assumed_release(model, PF_TAKE(reservation->assumed));
    /* a slot that only this reservation kept is gone now */
    return hold.node != PF_NODE_NONE && model->columns.name[hold.node] != PF_INTERN_NONE
               ? hold.node
               : PF_NODE_NONE;
}

bool pf_reservation_drop(struct pf_model *model, struct pf_sv review_uid)
{
    struct pf_reservation *reservation = find(model, review_uid);
    if (reservation != NULL) {
        pf_reservation_release(model, reservation);
    }
    return reservation != NULL;
}

void pf_reservation_each(const struct pf_model *model,
                         void (*visit)(void *opaque, const struct pf_reserved *reserved),
                         void *opaque)
{
    for (const struct pf_reservation *at = model->reservations.oldest; at != NULL; at = at->next) {
        if (at->hold.node != PF_NODE_NONE) {
            const struct pf_reserved reserved = {.node = at->hold.node,
                                                 .milli_cpu = at->hold.demand->milli_cpu,
                                                 .memory = at->hold.demand->memory};
            visit(opaque, &reserved);
        }
    }
}

struct pf_reservation *pf_reservation_claimed(const struct pf_model *model,
                                              const struct pf_pod *pod)
{
    const struct pf_sv uid = pf_meta_annotation(&pod->meta, PF_SV(PF_ANNOTATION_REVIEW));
    struct pf_reservation *reservation = uid.ptr != NULL ? find(model, uid) : NULL;
    return reservation != NULL &&
                   pf_sv_eq(pf_intern_text(&model->strings, reservation->hold.namespace_),
                            pod->meta.namespace_)
               ? reservation
               : NULL;
}

void pf_reservation_done(struct pf_model *model)
{
    struct pf_reservation *reservation = model->reservations.oldest;
    while (reservation != NULL) {
        struct pf_reservation *next = reservation->next;
        free(reservation->assumed);
        free(reservation);
        reservation = next;
    }
    pf_map_done(&model->reservations.by_uid);
    pf_map_done(&model->reservations.by_pod);
    model->reservations = (struct pf_reservation_list){0};
}

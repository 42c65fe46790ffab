#include "cluster_internal.h"

void pf_assumed_init(struct pf_model *model)
{
    pf_map_init(&model->assumed.by_claim, pf_random_u64());
    pf_map_init(&model->assumed.by_volume, pf_random_u64());
}

void pf_assumed_done(struct pf_model *model)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&model->assumed.by_claim, &cursor, &key, &address)) {
        free((struct pf_assumed *)(uintptr_t)address);
    }
    pf_map_done(&model->assumed.by_claim);
    pf_map_done(&model->assumed.by_volume);
}

size_t pf_assumed_bytes(const struct pf_assumed *assumed)
{
    return sizeof(*assumed) + assumed->key.len;
}

size_t pf_assumed_set_bytes(const struct pf_assumed_set *set)
{
    return sizeof(*set) + set->count * sizeof(struct pf_assumed *);
}

static struct pf_assumed *lookup(const struct pf_map *map, struct pf_sv key)
{
    uint64_t address = 0;
    return pf_map_get(map, key, &address) ? (struct pf_assumed *)(uintptr_t)address : NULL;
}

static struct pf_assumed *find(const struct pf_model *model, struct pf_sv space, struct pf_sv claim)
{
    char text[PF_OBJECT_KEY_MAX];
    if (model->assumed.by_claim.count == 0 || space.len >= sizeof(text) ||
        claim.len >= sizeof(text) - space.len) {
        return NULL;
    }
    return lookup(&model->assumed.by_claim, pf_key_join(space, claim, text));
}

/* Who waits for a volume is asked again. What nodes are judged by stays: assumptions are part of each question (pf_volume_key()). */
static void note_change(struct pf_model *model)
{
    model->stores.version++;
    model->pending.version++;
}

/* ---- one claim ---- */

static struct pf_sv volume_of(const struct pf_model *model, const struct pf_assumed *assumed)
{
    return assumed->volume != PF_INTERN_NONE ? pf_intern_text(&model->strings, assumed->volume)
                                             : (struct pf_sv){0};
}

/* Give its PersistentVolume free. */
static void drop_volume(struct pf_model *model, struct pf_assumed *assumed)
{
    if (assumed->volume != PF_INTERN_NONE) {
        (void)pf_map_remove(&model->assumed.by_volume, volume_of(model, assumed));
        pf_intern_unref(&model->strings, assumed->volume);
        assumed->volume = PF_INTERN_NONE;
    }
}

/* @return false: no memory, the claim has none */
static bool take_volume(struct pf_model *model, struct pf_assumed *assumed, struct pf_sv volume)
{
    assumed->volume = pf_intern_ref(&model->strings, volume);
    if (assumed->volume == PF_INTERN_NONE) {
        return false;
    }
    if (!pf_map_put(&model->assumed.by_volume, volume_of(model, assumed), (uintptr_t)assumed)) {
        pf_intern_unref(&model->strings, assumed->volume);
        assumed->volume = PF_INTERN_NONE;
        return false;
    }
    return true;
}

static struct pf_assumed *make(struct pf_model *model, struct pf_sv space,
                               const struct pf_bind *bind, uint32_t slot)
{
    struct pf_assumed *made = pf_mem_calloc(1, sizeof(*made) + space.len + 1 + bind->claim.len);
    if (made == NULL) {
        return NULL;
    }
    made->key = pf_key_join(space, bind->claim, made->text);
    made->node = model->columns.name[slot];
    made->volume = PF_INTERN_NONE;
    pf_intern_ref_id(&model->strings, made->node);
    if ((bind->volume.len != 0 && !take_volume(model, made, bind->volume)) ||
        !pf_map_put(&model->assumed.by_claim, made->key, (uintptr_t)made)) {
        drop_volume(model, made);
        pf_intern_unref(&model->strings, made->node);
        free(made);
        return NULL;
    }
    model->heap_bytes += pf_heap_cost(pf_assumed_bytes(made));
    return made;
}

static void unref(struct pf_model *model, struct pf_assumed *assumed)
{
    assumed->refs--;
    if (assumed->refs != 0) {
        return;
    }
    drop_volume(model, assumed);
    (void)pf_map_remove(&model->assumed.by_claim, assumed->key);
    pf_intern_unref(&model->strings, assumed->node);
    model->heap_bytes -= pf_heap_cost(pf_assumed_bytes(assumed));
    free(assumed);
}

/* ---- what a holder has ---- */

static void drop_set(struct pf_model *model, struct pf_assumed_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        unref(model, set->items[i]);
    }
    free(set);
}

void pf_assumed_abandon(struct pf_model *model, struct pf_assumed_set *set)
{
    if (set != NULL) {
        model->heap_bytes -= pf_heap_cost(pf_assumed_set_bytes(set));
        drop_set(model, set);
    }
}

void pf_assumed_release(struct pf_model *model, struct pf_assumed_set *set)
{
    if (set != NULL) {
        pf_assumed_abandon(model, set);
        note_change(model);
    }
}

struct pf_assumed_set *pf_assumed_keep(struct pf_model *model, struct pf_assumed_set *set)
{
    model->stores.version += set != NULL;
    return set;
}

/* Find or make what is assumed of one claim. @return false: no memory. *ret_assumed is NULL when its volume is another claim's */
static bool assume(struct pf_model *model, struct pf_sv space, const struct pf_bind *bind,
                   uint32_t slot, struct pf_assumed **ret_assumed)
{
    struct pf_assumed *assumed = find(model, space, bind->claim);
    const bool open =
        bind->volume.len == 0 || lookup(&model->assumed.by_volume, bind->volume) == NULL;
    *ret_assumed = assumed;
    if (assumed == NULL && open) {
        *ret_assumed = make(model, space, bind, slot);
        return *ret_assumed != NULL;
    }
    if (assumed != NULL && assumed->lost && open && bind->volume.len != 0) {
        assumed->lost = !take_volume(model, assumed, bind->volume);
        return !assumed->lost;
    }
    return true;
}

bool pf_assumed_acquire(struct pf_model *model, struct pf_sv space, const struct pf_binds *binds,
                        uint32_t slot, struct pf_assumed_set **ret_set)
{
    *ret_set = NULL;
    if (binds == NULL || binds->count == 0 || slot == PF_NODE_NONE) {
        return true;
    }
    struct pf_assumed_set *set =
        pf_mem_calloc(1, sizeof(*set) + binds->count * sizeof(struct pf_assumed *));
    for (size_t i = 0; set != NULL && i < binds->count; i++) {
        struct pf_assumed *assumed = NULL;
        if (!assume(model, space, &binds->items[i], slot, &assumed)) {
            drop_set(model, set);
            return false;
        }
        if (assumed != NULL) {
            assumed->refs++;
            set->items[set->count++] = assumed;
        }
    }
    if (set == NULL) {
        return false;
    }
    model->heap_bytes += pf_heap_cost(pf_assumed_set_bytes(set));
    *ret_set = set;
    return true;
}

/* ---- other volumes ---- */

/* Could the claim have the volume, as far as it is not about nodes? */
static bool suits(const struct pf_model *model, const struct pf_claim *claim,
                  const struct pf_volume *volume)
{
    uint64_t ignored = 0;
    return !volume->has_claim && volume->available && !volume->deleting &&
           pf_sv_eq(volume->class_name, claim->class_name) && volume->block == claim->block &&
           (claim->access_modes & ~volume->access_modes) == 0 &&
           pf_quantity_cmp(&volume->capacity, &claim->request) >= 0 &&
           !pf_map_get(&model->assumed.by_volume, volume->name, &ignored);
}

/* The smallest that nobody has. @return empty: none */
static struct pf_sv find_free(const struct pf_model *model, const struct pf_claim *claim)
{
    const struct pf_volume *best = NULL;
    const struct pf_volume *at = NULL;
    while ((at = pf_model_next_of(model, PF_KIND_VOLUME, (struct pf_sv){0}, claim->class_name,
                                  at)) != NULL) {
        if (suits(model, claim, at) &&
            (best == NULL || pf_quantity_cmp(&at->capacity, &best->capacity) < 0)) {
            best = at;
        }
    }
    return best != NULL ? best->name : (struct pf_sv){0};
}

/* Kept while places are voided, which may let go of it. */
static void hold_on(struct pf_assumed *assumed)
{
    if (assumed != NULL) {
        assumed->refs++;
    }
}

static void let_go(struct pf_model *model, struct pf_assumed *assumed)
{
    if (assumed != NULL) {
        unref(model, assumed);
    }
}

/* ---- after binding ---- */

static void end_lingering(struct pf_model *model, struct pf_assumed *assumed)
{
    struct pf_assumed_table *table = &model->assumed;
    if (!assumed->lingers) {
        return;
    }
    if (assumed->older != NULL) {
        assumed->older->newer = assumed->newer;
    } else {
        table->oldest = assumed->newer;
    }
    if (assumed->newer != NULL) {
        assumed->newer->older = assumed->older;
    } else {
        table->newest = assumed->older;
    }
    assumed->lingers = false;
    unref(model, assumed);
    note_change(model);
}

static void begin_lingering(struct pf_model *model, struct pf_assumed *assumed)
{
    struct pf_assumed_table *table = &model->assumed;
    const struct pf_volume *volume = pf_model_volume(model, volume_of(model, assumed));
    if (assumed->lingers || assumed->lost || (volume != NULL && volume->has_claim)) {
        return; /* known already, or nothing to keep */
    }
    assumed->until_ns = pf_reservation_due(model);
    assumed->older = table->newest;
    assumed->newer = NULL;
    if (table->newest != NULL) {
        table->newest->newer = assumed;
    } else {
        table->oldest = assumed;
    }
    table->newest = assumed;
    assumed->lingers = true;
    assumed->refs++;
}

void pf_assumed_linger(struct pf_model *model, struct pf_assumed_set *set)
{
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        begin_lingering(model, set->items[i]);
    }
    pf_assumed_release(model, set);
}

/* kube-scheduler has bound a claim that podfit did not expect anywhere: some volume is taken, and which one is seen soon. */
static void expect_claim(struct pf_model *model, struct pf_sv space, struct pf_sv name,
                         uint32_t slot)
{
    const struct pf_claim *claim = pf_model_claim(model, space, name);
    if (claim == NULL || claim->volume_name.len != 0 || find(model, space, name) != NULL ||
        pf_model_next_of(model, PF_KIND_VOLUME, space, name, NULL) != NULL) {
        return;
    }
    const struct pf_bind bind = {.claim = name, .volume = find_free(model, claim)};
    struct pf_assumed *made = bind.volume.len != 0 ? make(model, space, &bind, slot) : NULL;
    if (made != NULL) { /* without memory nothing is expected */
        hold_on(made);
        begin_lingering(model, made);
        let_go(model, made);
        note_change(model);
    }
}

void pf_assumed_expect(struct pf_model *model, const struct pf_pod *pod, uint32_t slot)
{
    for (size_t i = 0; i < pod->volume_count; i++) {
        if (pod->volumes[i].kind == PF_POD_VOLUME_CLAIM) {
            expect_claim(model, pod->meta.namespace_, pod->volumes[i].name, slot);
        }
    }
}

void pf_assumed_expire(struct pf_model *model, int64_t watched_ns)
{
    while (model->assumed.oldest != NULL && model->assumed.oldest->until_ns <= watched_ns) {
        end_lingering(model, model->assumed.oldest);
    }
}

/* ---- what the cluster did ---- */

static bool holds(const struct pf_assumed_set *set, const struct pf_assumed *assumed)
{
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        if (set->items[i] == assumed) {
            return true;
        }
    }
    return false;
}

/* The claim will not be bound as was thought: waiting pods that use it are placed again, reservations' pods when they appear. */
static void void_places(struct pf_model *model, const struct pf_assumed *assumed)
{
    struct pf_reservation *reservation = model->reservations.oldest;
    for (; reservation != NULL; reservation = reservation->next) {
        reservation->guessed = reservation->guessed || holds(reservation->assumed, assumed);
    }
    for (size_t i = 0; i < model->pending.order_count; i++) {
        struct pf_waiting *waiting = model->pending.slots[model->pending.order[i]];
        if (waiting->record->node != PF_NODE_NONE && !waiting->record->nominated &&
            holds(waiting->assumed, assumed)) {
            pf_pending_unplace(model, waiting);
        }
    }
}

/*
 * kube-scheduler breaks ties by chance, so a claim may get the volume that was expected to be another one's. Who is left takes what got free, or any other
 * that would do, so that what it needs is not promised to a newcomer; its pod is placed anew.
 */
static void find_other(struct pf_model *model, struct pf_assumed *loser, struct pf_sv vacated)
{
    const struct pf_claim *claim = pf_store_claim(&model->stores, loser->key);
    const struct pf_volume *other = vacated.len != 0 ? pf_model_volume(model, vacated) : NULL;
    struct pf_sv name = {0};
    if (claim != NULL) {
        name = other != NULL && suits(model, claim, other) ? vacated : find_free(model, claim);
    }
    loser->lost = name.len == 0 || !take_volume(model, loser, name);
}

static void exchange(struct pf_model *model, struct pf_assumed *loser, struct pf_assumed *winner)
{
    uint32_t vacated = PF_INTERN_NONE;
    if (winner != NULL) {
        if (winner->volume != PF_INTERN_NONE) {
            vacated = winner->volume;
            pf_intern_ref_id(&model->strings, vacated);
        }
        drop_volume(model, winner);
        winner->lost = true; /* the model shows where it is */
    }
    if (loser != NULL) {
        drop_volume(model, loser);
        find_other(model, loser,
                   vacated != PF_INTERN_NONE ? pf_intern_text(&model->strings, vacated)
                                             : (struct pf_sv){0});
    }
    pf_intern_unref(&model->strings, vacated);
}

void pf_assumed_see_volume(struct pf_model *model, const struct pf_volume *volume)
{
    if (model->assumed.by_claim.count == 0) {
        return;
    }
    if (!volume->has_claim) {
        if (volume->deleting) {
            pf_assumed_lose_volume(model, volume->name);
        }
        return;
    }
    struct pf_assumed *loser = lookup(&model->assumed.by_volume, volume->name);
    struct pf_assumed *winner = find(model, volume->claim_namespace, volume->claim_name);
    hold_on(loser);
    hold_on(winner);
    if (loser != winner) {
        exchange(model, loser, winner);
        if (loser != NULL) {
            void_places(model, loser);
        }
        if (winner != NULL) {
            void_places(model, winner);
        }
        note_change(model);
    }
    if (winner != NULL) {
        end_lingering(model, winner);
    }
    let_go(model, loser);
    let_go(model, winner);
}

void pf_assumed_lose_volume(struct pf_model *model, struct pf_sv volume)
{
    struct pf_assumed *loser =
        model->assumed.by_volume.count != 0 ? lookup(&model->assumed.by_volume, volume) : NULL;
    if (loser == NULL) {
        return;
    }
    hold_on(loser);
    drop_volume(model, loser);
    find_other(model, loser, (struct pf_sv){0});
    void_places(model, loser);
    let_go(model, loser);
    note_change(model);
}

void pf_assumed_lose_claim(struct pf_model *model, struct pf_sv space, struct pf_sv claim)
{
    struct pf_assumed *gone = find(model, space, claim);
    if (gone == NULL) {
        return;
    }
    hold_on(gone);
    drop_volume(model, gone);
    gone->lost = true;
    end_lingering(model, gone);
    void_places(model, gone);
    note_change(model);
    let_go(model, gone);
}

/* ---- what readers see ---- */

bool pf_model_assumed(const struct pf_model *model, struct pf_sv space, struct pf_sv claim,
                      struct pf_assumption *ret_assumption)
{
    const struct pf_assumed *found = find(model, space, claim);
    if (found == NULL || found->lost) {
        return false;
    }
    *ret_assumption = (struct pf_assumption){.volume = volume_of(model, found),
                                             .node = pf_intern_text(&model->strings, found->node)};
    return true;
}

bool pf_model_volume_is_taken(const struct pf_model *model, struct pf_sv volume, struct pf_sv space,
                              struct pf_sv claim)
{
    const struct pf_assumed *found =
        model->assumed.by_volume.count != 0 ? lookup(&model->assumed.by_volume, volume) : NULL;
    return found != NULL && found != find(model, space, claim);
}

size_t pf_model_assumed_count(const struct pf_model *model)
{
    return model->assumed.by_claim.count;
}

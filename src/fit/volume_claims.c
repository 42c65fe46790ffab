#include "volume_builder.h"

/*
 * Sources: pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go and component-helpers/storage/volume (scheduler-fit 7.9).
 */

static const char *missing_text(struct pf_volume_builder *b, const struct pf_pod_volume *volume,
                                struct pf_sv name)
{
    return volume->kind == PF_POD_VOLUME_EPHEMERAL
               ? pf_arena_printf(b->arena,
                                 "waiting for ephemeral volume controller to create the "
                                 "persistentvolumeclaim \"%.*s\"",
                                 PF_SV_ARG(name))
               : pf_volume_builder_not_found(b, "persistentvolumeclaim", name);
}

/* VolumeIsForPod() of component-helpers/storage/ephemeral */
static bool is_foreign(const struct pf_volume_builder *b, const struct pf_pod_volume *volume,
                       const struct pf_claim *claim)
{
    return volume->kind == PF_POD_VOLUME_EPHEMERAL &&
           (claim->owner_uid.len == 0 || !pf_sv_eq(claim->owner_uid, b->question->pod->meta.uid));
}

static const char *foreign_text(struct pf_volume_builder *b, const struct pf_claim *claim)
{
    const struct pf_meta *meta = &b->question->pod->meta;
    return pf_arena_printf(b->arena,
                           "PVC %.*s/%.*s was not created for pod %.*s/%.*s (pod is not owner)",
                           PF_SV_ARG(claim->namespace_), PF_SV_ARG(claim->name),
                           PF_SV_ARG(meta->namespace_), PF_SV_ARG(meta->name));
}

/* podHasPVCs() for one claim. */
static void admit_claim(struct pf_volume_builder *b, const struct pf_pod_volume *volume,
                        struct pf_sv name, const struct pf_claim *claim)
{
    const enum pf_filter_id self = PF_FILTER_VOLUME_BINDING;
    if (claim == NULL) {
        pf_volume_builder_reject_for_now(b, self, missing_text(b, volume, name));
    } else if (claim->lost) {
        pf_volume_builder_reject(
            b, self,
            pf_arena_printf(b->arena,
                            "persistentvolumeclaim \"%.*s\" bound to non-existent "
                            "persistentvolume \"%.*s\"",
                            PF_SV_ARG(name), PF_SV_ARG(claim->volume_name)));
    } else if (claim->deleting) {
        pf_volume_builder_reject(b, self,
                                 pf_arena_printf(b->arena,
                                                 "persistentvolumeclaim \"%.*s\" is being deleted",
                                                 PF_SV_ARG(name)));
    } else if (is_foreign(b, volume, claim)) {
        /* somebody else's claim, or one of an earlier pod that is about to go */
        pf_volume_builder_reject_for_now(b, self, foreign_text(b, claim));
    }
}

/* FindMatchingVolume(): all that does not depend on the node. */
static bool is_candidate(const struct pf_volume_builder *b, const struct pf_claim *claim,
                         const struct pf_volume *volume)
{
    const bool bound = pf_volume_is_bound_to(volume, claim);
    if ((volume->has_claim && !bound) || !pf_sv_eq(volume->class_name, claim->class_name) ||
        pf_quantity_cmp(&volume->capacity, &claim->request) < 0 || volume->block != claim->block ||
        volume->deleting) {
        return false;
    }
    if (!bound &&
        pf_model_volume_is_taken(b->model, volume->name, claim->namespace_, claim->name)) {
        return false;
    }
    /* gate VolumeAttributesClass: on since 1.34 */
    if (b->options->features.minor > 33
            ? !pf_sv_eq(volume->attributes_class, claim->attributes_class)
            : volume->attributes_class.len != 0) {
        return false;
    }
    return bound || (volume->available && (claim->access_modes & ~volume->access_modes) == 0 &&
                     (!claim->selector.present ||
                      pf_label_selector_matches(&claim->selector, &volume->labels)));
}

static int compare_candidates(const void *a, const void *b)
{
    const struct pf_volume *left = *(const struct pf_volume *const *)a;
    const struct pf_volume *right = *(const struct pf_volume *const *)b;
    if (left->has_claim != right->has_claim) {
        return left->has_claim ? -1 : 1;
    }
    const int order = pf_quantity_cmp(&left->capacity, &right->capacity);
    return order != 0 ? order : pf_sv_cmp(left->name, right->name);
}

/* Walk over volumes that may be candidates; into the want's array when it has one. */
static size_t gather(const struct pf_volume_builder *b, struct pf_volume_want *want,
                     struct pf_sv space, struct pf_sv name, size_t count)
{
    const struct pf_volume *volume = NULL;
    while ((volume = pf_model_next_of(b->model, PF_KIND_VOLUME, space, name, volume)) != NULL) {
        if (is_candidate(b, want->claim, volume)) {
            if (want->candidates != NULL) {
                want->candidates[count] = volume;
            }
            count++;
        }
    }
    return count;
}

static size_t gather_all(const struct pf_volume_builder *b, struct pf_volume_want *want)
{
    const struct pf_claim *claim = want->claim;
    const size_t free_ones = gather(b, want, (struct pf_sv){0}, claim->class_name, 0);
    return gather(b, want, claim->namespace_, claim->name, free_ones);
}

/* The volume that another pod's place has given to the claim already. @return NULL: none */
static const struct pf_volume *find_assumed(const struct pf_volume_builder *b,
                                            const struct pf_claim *claim)
{
    struct pf_assumption assumed = {.volume = {.len = 0}};
    const bool found = pf_model_assumed(b->model, claim->namespace_, claim->name, &assumed) &&
                       assumed.volume.len != 0;
    const struct pf_volume *volume = found ? pf_model_volume(b->model, assumed.volume) : NULL;
    return volume != NULL && is_candidate(b, claim, volume) ? volume : NULL;
}

static void plan_candidates(struct pf_volume_builder *b, struct pf_volume_want *want)
{
    want->candidates = NULL;
    const struct pf_volume *assumed = find_assumed(b, want->claim);
    const size_t count = gather_all(b, want);
    if (count == 0) {
        return;
    }
    want->candidates = pf_arena_calloc(b->arena, count, sizeof(const struct pf_volume *));
    if (want->candidates == NULL) {
        b->code = PF_E_NO_MEMORY;
        return;
    }
    want->candidate_count = gather_all(b, want);
    qsort((void *)want->candidates, count, sizeof(const struct pf_volume *), compare_candidates);
    if (assumed != NULL && !want->candidates[0]->has_claim) {
        want->candidates[0] = assumed;
        want->candidate_count = 1;
    }
    want->prebound = assumed != NULL || want->candidates[0]->has_claim;
}

/* hasEnoughCapacity(): all that does not depend on the node. */
static void plan_capacity(struct pf_volume_builder *b, struct pf_volume_want *want)
{
    const struct pf_sv provisioner = want->class_->provisioner;
    if (!want->claim->has_request || provisioner.len == 0 ||
        pf_sv_eq_cstr(provisioner, "kubernetes.io/no-provisioner") ||
        !pf_volume_builder_require(b, PF_KIND_CSI_DRIVER)) {
        return;
    }
    const struct pf_csi_driver *driver = pf_model_csi_driver(b->model, provisioner);
    if (driver == NULL || !driver->storage_capacity) {
        return;
    }
    want->by_capacity = true;
    pf_volume_builder_wish(b, PF_KIND_STORAGE_CAPACITY);
    const int64_t wanted = pf_quantity_value(&want->claim->request);
    const struct pf_storage_capacity *capacity = NULL;
    size_t most = 0;
    while ((capacity = pf_model_next_of(b->model, PF_KIND_STORAGE_CAPACITY, (struct pf_sv){0},
                                        want->class_->name, capacity)) != NULL) {
        most++;
    }
    want->capacities =
        pf_arena_calloc(b->arena, most + 1, sizeof(const struct pf_storage_capacity *));
    if (want->capacities == NULL) {
        b->code = PF_E_NO_MEMORY;
        return;
    }
    while ((capacity = pf_model_next_of(b->model, PF_KIND_STORAGE_CAPACITY, (struct pf_sv){0},
                                        want->class_->name, capacity)) != NULL) {
        if (capacity->has_limit && !capacity->topology_invalid &&
            pf_quantity_value(&capacity->limit) >= wanted) {
            want->capacities[want->capacity_count++] = capacity;
        }
    }
}

static void plan_open(struct pf_volume_builder *b, const struct pf_claim *claim,
                      const struct pf_storage_class *storage_class)
{
    struct pf_volume_want want = {
        .claim = claim, .class_ = storage_class, .node = claim->selected_node};
    struct pf_assumption assumed = {.volume = {.len = 0}};
    const bool provisioned = pf_model_assumed(b->model, claim->namespace_, claim->name, &assumed) &&
                             assumed.volume.len == 0;
    plan_capacity(b, &want);
    if (claim->has_selected_node || provisioned) {
        want.node = claim->has_selected_node ? claim->selected_node : assumed.node;
        b->plan->placed[b->plan->placed_count++] = want;
        return;
    }
    if (claim->selector_invalid ||
        (b->options->features.minor <= 33 && claim->attributes_class.len != 0)) {
        pf_volume_builder_give_up(
            b, pf_arena_printf(b->arena,
                               "kube-scheduler fails with an error on persistentvolumeclaim "
                               "\"%.*s\"",
                               PF_SV_ARG(claim->name)));
        return;
    }
    pf_volume_builder_wish(b, PF_KIND_VOLUME);
    plan_candidates(b, &want);
    b->plan->open[b->plan->open_count++] = want;
}

/* GetPodVolumeClaims() for one claim. @return false: it should be bound already */
static bool plan_claim(struct pf_volume_builder *b, const struct pf_claim *claim)
{
    if (claim->volume_name.len != 0 && claim->bind_completed) {
        if (pf_volume_builder_require(b, PF_KIND_VOLUME)) {
            b->plan->bound[b->plan->bound_count++] = (struct pf_volume_want){
                .claim = claim, .volume = pf_model_volume(b->model, claim->volume_name)};
        }
        return true;
    }
    if (claim->class_name.len == 0) {
        return false;
    }
    if (!pf_volume_builder_require(b, PF_KIND_STORAGE_CLASS)) {
        return true;
    }
    const struct pf_storage_class *storage_class =
        pf_model_storage_class(b->model, claim->class_name);
    if (storage_class == NULL || !storage_class->wait_for_first_consumer ||
        claim->volume_name.len != 0) {
        return false;
    }
    plan_open(b, claim, storage_class);
    return true;
}

/* By size, equal ones in the order of the pod's volumes: of several claims that fail, the first gives the reason. */
static void sort_open(struct pf_volume_plan *plan)
{
    for (size_t i = 1; i < plan->open_count; i++) {
        const struct pf_volume_want want = plan->open[i];
        size_t at = i;
        while (at != 0 &&
               pf_quantity_cmp(&want.claim->request, &plan->open[at - 1].claim->request) < 0) {
            plan->open[at] = plan->open[at - 1];
            at--;
        }
        plan->open[at] = want;
    }
}

void pf_volume_claims_plan(struct pf_volume_builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    struct pf_volume_plan *plan = b->plan;
    bool has_claim = false;
    for (size_t i = 0; i < pod->volume_count && !b->ended; i++) {
        if (pf_volume_builder_uses_claim(&pod->volumes[i])) {
            const struct pf_sv name = pf_volume_builder_claim_name(b, &pod->volumes[i]);
            has_claim = true;
            admit_claim(b, &pod->volumes[i], name, pf_volume_builder_find_claim(b, name));
        }
    }
    if (!has_claim) {
        b->question->active &= ~(1U << PF_FILTER_VOLUME_BINDING);
        return;
    }
    bool all = true;
    for (size_t i = 0; i < plan->claim_count && !b->ended && b->code == PF_OK; i++) {
        all = plan_claim(b, plan->claims[i]) && all;
    }
    if (!all && !b->ended) {
        pf_volume_builder_reject_for_now(b, PF_FILTER_VOLUME_BINDING,
                                         "pod has unbound immediate PersistentVolumeClaims");
    }
    sort_open(plan);
}

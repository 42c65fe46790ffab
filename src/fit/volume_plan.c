#include "volume_plan.h"

#include <podfit/limits.h>

#define VOLUME_FILTERS                                                          \
    (1U << PF_FILTER_VOLUME_RESTRICTIONS | 1U << PF_FILTER_NODE_VOLUME_LIMITS | \
     1U << PF_FILTER_VOLUME_BINDING | 1U << PF_FILTER_VOLUME_ZONE)

/** One building of a plan. */
struct builder {
    const struct pf_model *model;
    const struct pf_fit_options *options;
    struct pf_arena *arena;
    struct pf_question *question;
    struct pf_volume_plan *plan;
    bool ended; /* rejected or unsure: no filter has to look at a node */
    enum pf_code code;
};

static bool is_active(const struct builder *b, enum pf_filter_id filter)
{
    return !b->ended && b->code == PF_OK && (b->question->active & 1U << filter) != 0;
}

/* The filters do not run; whether the pod fits is not known unless the others leave no node. @param text  NULL: no memory */
static void give_up(struct builder *b, const char *text)
{
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->unsure = b->question->unsure == NULL ? text : b->question->unsure;
    b->question->active &= ~VOLUME_FILTERS;
    b->ended = true;
}

static void reject(struct builder *b, enum pf_filter_id filter, const char *text)
{
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->rejection = text;
    b->question->rejected_by = filter;
    b->question->rejection_could = true;
    b->question->active &= ~VOLUME_FILTERS;
    b->ended = true;
}

/* A rejection that ends by itself. */
static void reject_for_now(struct builder *b, enum pf_filter_id filter, const char *text)
{
    if (b->options->claims_now) {
        reject(b, filter, text);
    } else {
        give_up(b, text);
    }
}

/* @return false: the model does not know the kind, and the pod is unsure for that */
static bool require_kind(struct builder *b, enum pf_kind kind)
{
    if (pf_model_knows_kind(b->model, kind)) {
        return true;
    }
    give_up(b, pf_arena_printf(b->arena, "needs kind %s, of which the snapshot has no object",
                               pf_kind_name(kind)));
    return false;
}

/* A kind that can only help: without it a misfit is not sure. */
static void wish_kind(struct builder *b, enum pf_kind kind)
{
    if (pf_model_knows_kind(b->model, kind)) {
        return;
    }
    const char *text = pf_arena_printf(
        b->arena, "needs kind %s, of which the snapshot has no object", pf_kind_name(kind));
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->unsure_misfit = text;
}

static const char *not_found(struct builder *b, const char *resource, struct pf_sv name)
{
    return pf_arena_printf(b->arena, "%s \"%.*s\" not found", resource, PF_SV_ARG(name));
}

static bool uses_claim(const struct pf_pod_volume *volume)
{
    return volume->kind == PF_POD_VOLUME_CLAIM || volume->kind == PF_POD_VOLUME_EPHEMERAL;
}

/* Name of the claim behind a volume; ephemeral: POD-VOLUME. */
static struct pf_sv claim_name(struct builder *b, const struct pf_pod_volume *volume)
{
    if (volume->kind == PF_POD_VOLUME_CLAIM) {
        return volume->name;
    }
    const char *name = pf_arena_printf(
        b->arena, "%.*s-%.*s", PF_SV_ARG(b->question->pod->meta.name), PF_SV_ARG(volume->name));
    b->code = name == NULL ? PF_E_NO_MEMORY : b->code;
    return pf_sv_from(name);
}

static const struct pf_claim *find_claim(const struct builder *b, struct pf_sv name)
{
    return pf_model_claim(b->model, b->question->pod->meta.namespace_, name);
}

/* Does a pod on some node use the claim? (StorageInfos().IsPVCUsedByPods) */
static bool is_used(const struct builder *b, const struct pf_claim *claim)
{
    const struct pf_columns *columns = pf_model_columns(b->model);
    const struct pf_intern *strings = pf_model_strings(b->model);
    const uint32_t space = pf_intern_find(strings, claim->namespace_);
    const uint32_t name = pf_intern_find(strings, claim->name);
    for (uint32_t slot = 0; slot < columns->count; slot++) {
        const struct pf_node_extra *extra = columns->extra[slot];
        const size_t used =
            extra != NULL && columns->shape[slot] != PF_SHAPE_NONE ? extra->volume_count : 0;
        for (size_t i = 0; i < used; i++) {
            if (extra->volumes[i].kind == PF_POD_VOLUME_CLAIM && extra->volumes[i].name == name &&
                extra->volumes[i].namespace_ == space) {
                return true;
            }
        }
    }
    return false;
}

static void plan_restrictions(struct builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    for (size_t i = 0; i < pod->volume_count && !b->ended; i++) {
        const struct pf_pod_volume *volume = &pod->volumes[i];
        b->plan->has_disks = b->plan->has_disks || volume->kind == PF_POD_VOLUME_GCE_DISK ||
                             volume->kind == PF_POD_VOLUME_AWS_DISK ||
                             volume->kind == PF_POD_VOLUME_ISCSI ||
                             volume->kind == PF_POD_VOLUME_RBD;
        if (volume->kind != PF_POD_VOLUME_CLAIM) {
            continue;
        }
        const struct pf_claim *claim = find_claim(b, volume->name);
        if (claim == NULL) {
            reject_for_now(b, PF_FILTER_VOLUME_RESTRICTIONS,
                           not_found(b, "persistentvolumeclaim", volume->name));
        } else if ((claim->access_modes & PF_ACCESS_READ_WRITE_ONCE_POD) != 0) {
            b->plan->rwop_used = b->plan->rwop_used || is_used(b, claim);
        }
    }
    if (!b->plan->has_disks && !b->plan->rwop_used) {
        b->question->active &= ~(1U << PF_FILTER_VOLUME_RESTRICTIONS);
    }
}

/* podHasPVCs() for one claim; @return false: rejected */
static bool admit_claim(struct builder *b, const struct pf_pod_volume *volume, struct pf_sv name,
                        const struct pf_claim *claim)
{
    const struct pf_pod *pod = b->question->pod;
    const bool ephemeral = volume->kind == PF_POD_VOLUME_EPHEMERAL;
    if (claim == NULL) {
        reject_for_now(
            b, PF_FILTER_VOLUME_BINDING,
            ephemeral ? pf_arena_printf(b->arena,
                                        "waiting for ephemeral volume controller to create the "
                                        "persistentvolumeclaim \"%.*s\"",
                                        PF_SV_ARG(name))
                      : not_found(b, "persistentvolumeclaim", name));
    } else if (claim->lost) {
        reject(b, PF_FILTER_VOLUME_BINDING,
               pf_arena_printf(b->arena,
                               "persistentvolumeclaim \"%.*s\" bound to non-existent "
                               "persistentvolume \"%.*s\"",
                               PF_SV_ARG(name), PF_SV_ARG(claim->volume_name)));
    } else if (claim->deleting) {
        reject(b, PF_FILTER_VOLUME_BINDING,
               pf_arena_printf(b->arena, "persistentvolumeclaim \"%.*s\" is being deleted",
                               PF_SV_ARG(name)));
    } else if (ephemeral &&
               (claim->owner_uid.len == 0 || !pf_sv_eq(claim->owner_uid, pod->meta.uid))) {
        /* somebody else's claim, or one of an earlier pod that is about to go */
        reject_for_now(b, PF_FILTER_VOLUME_BINDING,
                       pf_arena_printf(b->arena,
                                       "PVC %.*s/%.*s was not created for pod %.*s/%.*s (pod is "
                                       "not owner)",
                                       PF_SV_ARG(claim->namespace_), PF_SV_ARG(name),
                                       PF_SV_ARG(pod->meta.namespace_), PF_SV_ARG(pod->meta.name)));
    }
    return !b->ended;
}

/* FindMatchingVolume(): all that does not depend on the node. */
static bool is_candidate(const struct builder *b, const struct pf_claim *claim,
                         const struct pf_volume *volume)
{
    const bool bound = pf_volume_is_bound_to(volume, claim);
    if ((volume->has_claim && !bound) || !pf_sv_eq(volume->class_name, claim->class_name) ||
        pf_quantity_cmp(&volume->capacity, &claim->request) < 0 || volume->block != claim->block ||
        volume->deleting) {
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
static size_t gather(const struct builder *b, struct pf_volume_want *want, struct pf_sv space,
                     struct pf_sv name, size_t count)
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

static size_t gather_all(const struct builder *b, struct pf_volume_want *want)
{
    const struct pf_claim *claim = want->claim;
    const size_t free_ones = gather(b, want, (struct pf_sv){0}, claim->class_name, 0);
    return gather(b, want, claim->namespace_, claim->name, free_ones);
}

static void plan_candidates(struct builder *b, struct pf_volume_want *want)
{
    want->candidates = NULL;
    const size_t count = gather_all(b, want);
    if (count == 0) {
        return;
    }
    want->candidates = pf_arena_calloc(b->arena, count, sizeof(*want->candidates));
    if (want->candidates == NULL) {
        b->code = PF_E_NO_MEMORY;
        return;
    }
    want->candidate_count = gather_all(b, want);
    qsort((void *)want->candidates, count, sizeof(*want->candidates), compare_candidates);
    want->prebound = want->candidates[0]->has_claim;
}

/* hasEnoughCapacity(): all that does not depend on the node. */
static void plan_capacity(struct builder *b, struct pf_volume_want *want)
{
    const struct pf_sv provisioner = want->class_->provisioner;
    if (!want->claim->has_request || provisioner.len == 0 ||
        pf_sv_eq_cstr(provisioner, "kubernetes.io/no-provisioner") ||
        !require_kind(b, PF_KIND_CSI_DRIVER)) {
        return;
    }
    const struct pf_csi_driver *driver = pf_model_csi_driver(b->model, provisioner);
    if (driver == NULL || !driver->storage_capacity) {
        return;
    }
    want->by_capacity = true;
    wish_kind(b, PF_KIND_STORAGE_CAPACITY);
    const int64_t wanted = pf_quantity_value(&want->claim->request);
    const struct pf_storage_capacity *capacity = NULL;
    size_t most = 0;
    while ((capacity = pf_model_next_of(b->model, PF_KIND_STORAGE_CAPACITY, (struct pf_sv){0},
                                        want->class_->name, capacity)) != NULL) {
        most++;
    }
    want->capacities = pf_arena_calloc(b->arena, most + 1, sizeof(*want->capacities));
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

static void plan_open(struct builder *b, const struct pf_claim *claim,
                      const struct pf_storage_class *storage_class)
{
    struct pf_volume_want want = {.claim = claim, .class_ = storage_class};
    plan_capacity(b, &want);
    if (claim->has_selected_node) {
        b->plan->placed[b->plan->placed_count++] = want;
        return;
    }
    if (claim->selector_invalid ||
        (b->options->features.minor <= 33 && claim->attributes_class.len != 0)) {
        give_up(b, pf_arena_printf(b->arena,
                                   "kube-scheduler fails with an error on persistentvolumeclaim "
                                   "\"%.*s\"",
                                   PF_SV_ARG(claim->name)));
        return;
    }
    wish_kind(b, PF_KIND_VOLUME);
    plan_candidates(b, &want);
    b->plan->open[b->plan->open_count++] = want;
}

/* GetPodVolumeClaims() for one claim. @return false: it should be bound already */
static bool plan_claim(struct builder *b, const struct pf_claim *claim)
{
    if (claim->volume_name.len != 0 && claim->bind_completed) {
        if (require_kind(b, PF_KIND_VOLUME)) {
            b->plan->bound[b->plan->bound_count++] = (struct pf_volume_want){
                .claim = claim, .volume = pf_model_volume(b->model, claim->volume_name)};
        }
        return true;
    }
    if (claim->class_name.len == 0) {
        return false;
    }
    if (!require_kind(b, PF_KIND_STORAGE_CLASS)) {
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

static int compare_requests(const void *a, const void *b)
{
    const struct pf_volume_want *left = a;
    const struct pf_volume_want *right = b;
    const int order = pf_quantity_cmp(&left->claim->request, &right->claim->request);
    return order != 0 ? order : pf_sv_cmp(left->claim->name, right->claim->name);
}

static void plan_binding(struct builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    struct pf_volume_plan *plan = b->plan;
    bool has_claim = false;
    for (size_t i = 0; i < pod->volume_count && !b->ended; i++) {
        if (uses_claim(&pod->volumes[i])) {
            const struct pf_sv name = claim_name(b, &pod->volumes[i]);
            has_claim = true;
            (void)admit_claim(b, &pod->volumes[i], name, find_claim(b, name));
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
        reject_for_now(b, PF_FILTER_VOLUME_BINDING,
                       "pod has unbound immediate PersistentVolumeClaims");
    }
    if (plan->open_count != 0) {
        qsort(plan->open, plan->open_count, sizeof(*plan->open), compare_requests);
    }
}

static void add_zones(struct builder *b, const struct pf_volume *volume)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("failure-domain.beta.kubernetes.io/zone"),
        PF_SV_INIT("failure-domain.beta.kubernetes.io/region"),
        PF_SV_INIT("topology.kubernetes.io/zone"),
        PF_SV_INIT("topology.kubernetes.io/region"),
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(keys); i++) {
        const struct pf_label *label = pf_labels_find(&volume->labels, keys[i]);
        if (label != NULL && pf_volume_zones_valid(label->value)) {
            b->plan->zones[b->plan->zone_count++] =
                (struct pf_volume_zone){.key = keys[i], .values = label->value};
        }
    }
}

/* getPVbyPod() for one claim without a volume. */
static void zone_unbound(struct builder *b, const struct pf_claim *claim)
{
    const enum pf_filter_id self = PF_FILTER_VOLUME_ZONE;
    if (claim->class_name.len == 0) {
        reject_for_now(b, self, "PersistentVolumeClaim had no pv name and storageClass name");
        return;
    }
    if (!require_kind(b, PF_KIND_STORAGE_CLASS)) {
        return;
    }
    const struct pf_storage_class *storage_class =
        pf_model_storage_class(b->model, claim->class_name);
    if (storage_class == NULL) {
        reject_for_now(b, self, not_found(b, "storageclass.storage.k8s.io", claim->class_name));
    } else if (!storage_class->wait_for_first_consumer) {
        reject_for_now(b, self, "PersistentVolume had no name");
    }
}

static void plan_zone(struct builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    const enum pf_filter_id self = PF_FILTER_VOLUME_ZONE;
    for (size_t i = 0; i < pod->volume_count && !b->ended; i++) {
        if (pod->volumes[i].kind != PF_POD_VOLUME_CLAIM) {
            continue;
        }
        const struct pf_claim *claim = find_claim(b, pod->volumes[i].name);
        if (pod->volumes[i].name.len == 0) {
            reject(b, self, "PersistentVolumeClaim had no name");
        } else if (claim == NULL) {
            reject_for_now(b, self, not_found(b, "persistentvolumeclaim", pod->volumes[i].name));
        } else if (claim->volume_name.len == 0) {
            zone_unbound(b, claim);
        } else if (require_kind(b, PF_KIND_VOLUME)) {
            const struct pf_volume *volume = pf_model_volume(b->model, claim->volume_name);
            if (volume == NULL) {
                reject_for_now(b, self, not_found(b, "persistentvolume", claim->volume_name));
            } else {
                add_zones(b, volume);
            }
        }
    }
    if (b->plan->zone_count == 0) {
        b->question->active &= ~(1U << PF_FILTER_VOLUME_ZONE);
    }
}

/* Does NodeVolumeLimits count one of the pod's volumes on some node? */
static bool is_counted(const struct builder *b)
{
    const struct pf_csi_node any = {.moved = ~0U};
    const struct pf_pod *pod = b->question->pod;
    struct pf_volume_id id = {.unbound = NULL};
    for (size_t i = 0; i < b->plan->claim_count; i++) {
        if (pf_volume_ids_of_claim(b->model, b->plan->claims[i], &any, b->options->features.minor,
                                   &id)) {
            return true;
        }
    }
    for (size_t i = 0; i < pod->volume_count; i++) {
        if (pf_volume_ids_in_tree(pod->volumes[i].kind) != PF_IN_TREE_NONE) {
            return true;
        }
    }
    return false;
}

static void plan_limits(struct builder *b)
{
    if (!is_counted(b)) {
        b->question->active &= ~(1U << PF_FILTER_NODE_VOLUME_LIMITS);
        return;
    }
    if (require_kind(b, PF_KIND_CSI_NODE)) {
        b->plan->table =
            pf_arena_alloc(b->arena, (size_t)2 * PF_FIT_ATTACHED_MAX * sizeof(*b->plan->table));
        b->code = b->plan->table == NULL ? PF_E_NO_MEMORY : b->code;
    }
}

/* Arrays for as many volumes as the pod has, and all of its claims that exist. */
static bool make_room(struct builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    const size_t count = pod->volume_count;
    struct pf_volume_plan *plan = pf_arena_calloc(b->arena, 1, sizeof(*plan));
    if (plan == NULL) {
        return false;
    }
    plan->bound = pf_arena_calloc(b->arena, count, sizeof(*plan->bound));
    plan->placed = pf_arena_calloc(b->arena, count, sizeof(*plan->placed));
    plan->open = pf_arena_calloc(b->arena, count, sizeof(*plan->open));
    plan->zones = pf_arena_calloc(b->arena, 4 * count, sizeof(*plan->zones));
    plan->claims = pf_arena_calloc(b->arena, count, sizeof(*plan->claims));
    if (plan->bound == NULL || plan->placed == NULL || plan->open == NULL || plan->zones == NULL ||
        plan->claims == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && b->code == PF_OK; i++) {
        const struct pf_claim *claim =
            uses_claim(&pod->volumes[i]) ? find_claim(b, claim_name(b, &pod->volumes[i])) : NULL;
        if (claim != NULL) {
            plan->claims[plan->claim_count++] = claim;
        }
    }
    b->plan = plan;
    return b->code == PF_OK;
}

static bool wants_claims(const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->volume_count; i++) {
        if (uses_claim(&pod->volumes[i])) {
            return true;
        }
    }
    return false;
}

enum pf_code pf_volume_plan_build(const struct pf_model *model,
                                  const struct pf_fit_options *options, struct pf_arena *arena,
                                  struct pf_question *question)
{
    if ((question->active & VOLUME_FILTERS) == 0) {
        return PF_OK;
    }
    struct builder b = {.model = model, .options = options, .arena = arena, .question = question};
    if (question->rejection != NULL && question->rejected_by < PF_FILTER_VOLUME_RESTRICTIONS) {
        question->active &= ~VOLUME_FILTERS;
        return PF_OK;
    }
    if (question->pod->volume_count > PF_FIT_VOLUMES_MAX) {
        give_up(&b, pf_arena_printf(arena, "the pod has %zu volumes, podfit judges %d",
                                    question->pod->volume_count, PF_FIT_VOLUMES_MAX));
        return b.code;
    }
    if (wants_claims(question->pod) && !require_kind(&b, PF_KIND_CLAIM)) {
        return b.code;
    }
    if (!make_room(&b)) {
        return PF_E_NO_MEMORY;
    }
    static const struct {
        enum pf_filter_id filter;
        void (*plan)(struct builder *b);
    } steps[] = {
        {PF_FILTER_VOLUME_RESTRICTIONS, plan_restrictions},
        {PF_FILTER_VOLUME_BINDING, plan_binding},
        {PF_FILTER_VOLUME_ZONE, plan_zone},
        {PF_FILTER_NODE_VOLUME_LIMITS, plan_limits},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(steps); i++) {
        if (is_active(&b, steps[i].filter)) {
            steps[i].plan(&b);
        }
    }
    question->volumes = b.ended ? NULL : b.plan;
    return b.code;
}

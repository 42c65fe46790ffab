#include "volume_builder.h"

/* Does a pod on some node use the claim? (StorageInfos().IsPVCUsedByPods) */
static bool is_used(const struct pf_volume_builder *b, const struct pf_claim *claim)
{
    const struct pf_columns *columns = pf_model_columns(b->model);
    const struct pf_intern *strings = pf_model_strings(b->model);
    const uint32_t space = pf_intern_find(strings, claim->namespace_);
    const uint32_t name = pf_intern_find(strings, claim->name);
    if (space == PF_INTERN_NONE || name == PF_INTERN_NONE) {
        return false;
    }
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

/* A ReadWriteOncePod claim, each once. */
static void add_exclusive(struct pf_volume_builder *b, const struct pf_claim *claim)
{
    struct pf_volume_plan *plan = b->plan;
    for (size_t i = 0; i < plan->rwop_count; i++) {
        if (plan->rwop[i] == claim) {
            return;
        }
    }
    plan->rwop[plan->rwop_count++] = claim;
    plan->rwop_used += is_used(b, claim) ? 1 : 0;
}

static void plan_restrictions(struct pf_volume_builder *b)
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
        const struct pf_claim *claim = pf_volume_builder_find_claim(b, volume->name);
        if (claim == NULL) {
            pf_volume_builder_reject_for_now(
                b, PF_FILTER_VOLUME_RESTRICTIONS,
                pf_volume_builder_not_found(b, "persistentvolumeclaim", volume->name));
        } else if ((claim->access_modes & PF_ACCESS_READ_WRITE_ONCE_POD) != 0) {
            add_exclusive(b, claim);
        }
    }
    if (!b->plan->has_disks && b->plan->rwop_used == 0) {
        b->question->active &= ~(1U << PF_FILTER_VOLUME_RESTRICTIONS);
    }
}

static void add_zones(struct pf_volume_builder *b, const struct pf_volume *volume)
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

/* Without PreFilter the same is said on each node that gets to Filter. @param lasting  not something that comes to be */
static void zone_reject(struct pf_volume_builder *b, bool lasting, const char *text)
{
    const bool by_node = (b->options->points.unprepared & 1U << PF_FILTER_VOLUME_ZONE) != 0;
    if (by_node && (lasting || b->options->claims_now)) {
        b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
        b->plan->zone_refusal = text;
    } else if (lasting) {
        pf_volume_builder_reject(b, PF_FILTER_VOLUME_ZONE, text);
    } else {
        pf_volume_builder_reject_for_now(b, PF_FILTER_VOLUME_ZONE, text);
    }
}

/* getPVbyPod() for one claim without a volume. */
static void zone_unbound(struct pf_volume_builder *b, const struct pf_claim *claim)
{
    if (claim->class_name.len == 0) {
        zone_reject(b, /* lasting= */ false,
                    "PersistentVolumeClaim had no pv name and storageClass name");
        return;
    }
    if (!pf_volume_builder_require(b, PF_KIND_STORAGE_CLASS)) {
        return;
    }
    const struct pf_storage_class *storage_class =
        pf_model_storage_class(b->model, claim->class_name);
    if (storage_class == NULL) {
        zone_reject(
            b, /* lasting= */ false,
            pf_volume_builder_not_found(b, "storageclass.storage.k8s.io", claim->class_name));
    } else if (!storage_class->wait_for_first_consumer) {
        zone_reject(b, /* lasting= */ false, "PersistentVolume had no name");
    }
}

static void plan_zone(struct pf_volume_builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    for (size_t i = 0; i < pod->volume_count && !b->ended && b->plan->zone_refusal == NULL; i++) {
        if (pod->volumes[i].kind != PF_POD_VOLUME_CLAIM) {
            continue;
        }
        const struct pf_claim *claim = pf_volume_builder_find_claim(b, pod->volumes[i].name);
        if (pod->volumes[i].name.len == 0) {
            zone_reject(b, /* lasting= */ true, "PersistentVolumeClaim had no name");
        } else if (claim == NULL) {
            zone_reject(
                b, /* lasting= */ false,
                pf_volume_builder_not_found(b, "persistentvolumeclaim", pod->volumes[i].name));
        } else if (claim->volume_name.len == 0) {
            zone_unbound(b, claim);
        } else if (pf_volume_builder_require(b, PF_KIND_VOLUME)) {
            const struct pf_volume *volume = pf_model_volume(b->model, claim->volume_name);
            if (volume == NULL) {
                zone_reject(b, /* lasting= */ false,
                            pf_volume_builder_not_found(b, "persistentvolume", claim->volume_name));
            } else {
                add_zones(b, volume);
            }
        }
    }
    if (b->plan->zone_count == 0 && b->plan->zone_refusal == NULL) {
        b->question->active &= ~(1U << PF_FILTER_VOLUME_ZONE);
    }
}

/* Does NodeVolumeLimits count one of the pod's volumes on some node? */
static bool is_counted(const struct pf_volume_builder *b)
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

static void plan_limits(struct pf_volume_builder *b)
{
    if (!is_counted(b)) {
        b->question->active &= ~(1U << PF_FILTER_NODE_VOLUME_LIMITS);
        return;
    }
    if (pf_volume_builder_require(b, PF_KIND_CSI_NODE)) {
        b->plan->table =
            pf_arena_alloc(b->arena, (size_t)2 * PF_FIT_ATTACHED_MAX * sizeof(*b->plan->table));
        b->code = b->plan->table == NULL ? PF_E_NO_MEMORY : b->code;
    }
}

/* Arrays for as many volumes as the pod has, and all of its claims that exist. */
static bool make_room(struct pf_volume_builder *b)
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
    plan->claims = pf_arena_calloc(b->arena, count, sizeof(const struct pf_claim *));
    plan->rwop = pf_arena_calloc(b->arena, count, sizeof(const struct pf_claim *));
    if (plan->bound == NULL || plan->placed == NULL || plan->open == NULL || plan->zones == NULL ||
        plan->claims == NULL || plan->rwop == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && b->code == PF_OK; i++) {
        const struct pf_claim *claim =
            pf_volume_builder_uses_claim(&pod->volumes[i])
                ? pf_volume_builder_find_claim(b, pf_volume_builder_claim_name(b, &pod->volumes[i]))
                : NULL;
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
        if (pf_volume_builder_uses_claim(&pod->volumes[i])) {
            return true;
        }
    }
    return false;
}

/* filterAttachableVolumes() looks a claim up on each node. */
static void limits_refuse(struct pf_volume_builder *b, struct pf_sv name)
{
    const char *text = pf_volume_builder_not_found(b, "persistentvolumeclaim", name);
    if (b->options->claims_now) {
        const struct pf_sv space = b->question->pod->meta.namespace_;
        text = text == NULL ? NULL
                            : pf_arena_printf(b->arena, "looking up PVC %.*s/%.*s: %s",
                                              PF_SV_ARG(space), PF_SV_ARG(name), text);
        b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
        b->plan->limits_refusal = text;
        return;
    }
    b->question->unsure_misfit = text; /* filters behind it are not reached on such nodes */
    pf_volume_builder_give_up(b, text);
}

/* Without VolumeBinding nothing has refused a claim that is not there, and NodeVolumeLimits does so on the nodes that get to it only. */
static void plan_limits_after_binding(struct pf_volume_builder *b)
{
    const struct pf_pod *pod = b->question->pod;
    for (size_t i = 0;
         i < pod->volume_count && b->code == PF_OK && !b->ended && b->plan->limits_refusal == NULL;
         i++) {
        if (!pf_volume_builder_uses_claim(&pod->volumes[i])) {
            continue;
        }
        const struct pf_sv name = pf_volume_builder_claim_name(b, &pod->volumes[i]);
        if (b->code == PF_OK && pf_volume_builder_find_claim(b, name) == NULL) {
            limits_refuse(b, name);
        }
    }
    if (b->code == PF_OK && !b->ended && b->plan->limits_refusal == NULL) {
        plan_limits(b);
    }
}

enum pf_code pf_volume_plan_build(const struct pf_model *model,
                                  const struct pf_fit_options *options, struct pf_arena *arena,
                                  struct pf_question *question)
{
    if ((question->active & PF_VOLUME_FILTERS) == 0) {
        return PF_OK;
    }
    struct pf_volume_builder b = {
        .model = model, .options = options, .arena = arena, .question = question};
    if (question->rejection != NULL && question->rejected_by < PF_FILTER_VOLUME_RESTRICTIONS) {
        question->active &= ~PF_VOLUME_FILTERS;
        return PF_OK;
    }
    if (question->pod->volume_count > PF_FIT_VOLUMES_MAX) {
        pf_volume_builder_give_up(
            &b, pf_arena_printf(arena, "the pod has %zu volumes, podfit judges %d",
                                question->pod->volume_count, PF_FIT_VOLUMES_MAX));
        return b.code;
    }
    if (wants_claims(question->pod) && !pf_volume_builder_require(&b, PF_KIND_CLAIM)) {
        return b.code;
    }
    if (!make_room(&b)) {
        return PF_E_NO_MEMORY;
    }
    static const struct {
        enum pf_filter_id filter;
        void (*plan)(struct pf_volume_builder *b);
    } steps[] = {
        {PF_FILTER_VOLUME_RESTRICTIONS, plan_restrictions},
        {PF_FILTER_VOLUME_BINDING, pf_volume_claims_plan},
        {PF_FILTER_VOLUME_ZONE, plan_zone},
        {PF_FILTER_NODE_VOLUME_LIMITS, plan_limits_after_binding},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(steps); i++) {
        if (pf_volume_builder_is_active(&b, steps[i].filter)) {
            steps[i].plan(&b);
        }
    }
    question->volumes = b.ended ? NULL : b.plan;
    return b.code;
}

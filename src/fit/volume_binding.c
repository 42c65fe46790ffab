#include "volume_plan.h"

/* Sources: pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go (scheduler-fit 7.9). */

/* Bits of result->mask, in the order of the reasons. */
enum fault {
    AFFINITY, /* a bound volume is elsewhere */
    NO_MATCH, /* no volume to bind, and none can be made */
    NO_SPACE, /* the storage that the node reaches is too full */
    GONE,     /* a bound volume does not exist */
    FAULTS,
};

/* Volumes of one node that are taken by the claims before. */
struct choice {
    const struct pf_volume *taken[PF_FIT_VOLUMES_MAX];
    size_t count;
};

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->volume_count == 0) {
        question->active &= ~(1U << PF_FILTER_VOLUME_BINDING);
    }
    return PF_OK;
}

static bool affinity_matches(const struct pf_filter_input *input,
                             const struct pf_filter_target *target,
                             const struct pf_node_selector *affinity)
{
    return !affinity->present || pf_volume_node_matches(input, target, affinity);
}

/* @return PF_FIT_ERROR when the volume would have to be translated and cannot be */
static enum pf_fit_code check_bound_volume(const struct pf_filter_input *input,
                                           const struct pf_filter_target *target,
                                           const struct pf_volume *volume)
{
    const struct pf_node_selector *affinity = &volume->affinity;
    if (volume->in_tree != PF_IN_TREE_NONE) {
        const struct pf_csi_node *node =
            pf_model_csi_node(input->model, pf_volume_node_name(input, target));
        if (node != NULL && (node->moved & 1U << volume->in_tree) != 0) {
            if (volume->untranslatable) {
                return PF_FIT_ERROR;
            }
            affinity = &volume->moved_affinity;
        }
    }
    return affinity_matches(input, target, affinity) ? PF_FIT_SUCCESS
                                                     : PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
}

/* checkBoundClaims(): the first fault ends it. */
static enum pf_fit_code check_bound(const struct pf_filter_input *input,
                                    const struct pf_filter_target *target, uint64_t *mask)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    for (size_t i = 0; i < plan->bound_count; i++) {
        if (plan->bound[i].volume == NULL) {
            *mask |= 1U << GONE;
            return PF_FIT_SUCCESS;
        }
        const enum pf_fit_code code = check_bound_volume(input, target, plan->bound[i].volume);
        if (code == PF_FIT_ERROR) {
            return code;
        }
        if (code != PF_FIT_SUCCESS) {
            *mask |= 1U << AFFINITY;
            return PF_FIT_SUCCESS;
        }
    }
    return PF_FIT_SUCCESS;
}

static bool is_taken(const struct choice *choice, const struct pf_volume *volume)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->taken[i] == volume) {
            return true;
        }
    }
    return false;
}

/* FindMatchingVolume(): candidates come in the order of preference. */
static bool bind_one(const struct pf_filter_input *input, const struct pf_filter_target *target,
                     const struct pf_volume_want *want, struct choice *choice)
{
    for (size_t i = 0; i < want->candidate_count; i++) {
        const struct pf_volume *volume = want->candidates[i];
        if (!is_taken(choice, volume) && affinity_matches(input, target, &volume->affinity)) {
            choice->taken[choice->count++] = volume;
            return true;
        }
        if (want->prebound && !is_taken(choice, volume)) {
            return false;
        }
    }
    return false;
}

static bool has_capacity(const struct pf_filter_input *input, const struct pf_filter_target *target,
                         const struct pf_volume_want *want)
{
    for (size_t i = 0; i < want->capacity_count; i++) {
        if (pf_volume_node_selected(input, target, &want->capacities[i]->topology)) {
            return true;
        }
    }
    return !want->by_capacity;
}

/* checkVolumeProvisions() for one claim. @return false: *mask says why */
static bool provision_one(const struct pf_filter_input *input,
                          const struct pf_filter_target *target, const struct pf_volume_want *want,
                          uint64_t *mask)
{
    const struct pf_storage_class *class_ = want->class_;
    if (class_->provisioner.len == 0 ||
        pf_sv_eq_cstr(class_->provisioner, "kubernetes.io/no-provisioner") ||
        (class_->topologies.term_count != 0 &&
         !pf_volume_node_matches(input, target, &class_->topologies))) {
        *mask |= 1U << NO_MATCH;
        return false;
    }
    if (!has_capacity(input, target, want)) {
        *mask |= 1U << NO_SPACE;
        return false;
    }
    return true;
}

static void check_unbound(const struct pf_filter_input *input,
                          const struct pf_filter_target *target, uint64_t *mask)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    const struct pf_sv name = pf_volume_node_name(input, target);
    bool to_provision[PF_FIT_VOLUMES_MAX] = {false};
    struct choice choice;
    choice.count = 0;
    for (size_t i = 0; i < plan->placed_count; i++) {
        if (!pf_sv_eq(plan->placed[i].node, name)) {
            *mask |= 1U << NO_MATCH;
            return;
        }
    }
    for (size_t i = 0; i < plan->open_count; i++) {
        to_provision[i] = !bind_one(input, target, &plan->open[i], &choice);
    }
    for (size_t i = 0; i < plan->placed_count; i++) {
        if (!provision_one(input, target, &plan->placed[i], mask)) {
            return;
        }
    }
    for (size_t i = 0; i < plan->open_count; i++) {
        if (to_provision[i] && !provision_one(input, target, &plan->open[i], mask)) {
            return;
        }
    }
}

static bool add_bind(struct pf_arena *arena, const struct pf_claim *claim,
                     const struct pf_volume *volume, struct pf_bind *bind)
{
    return pf_arena_dup_sv(arena, claim->name, &bind->claim) &&
           (volume == NULL || pf_arena_dup_sv(arena, volume->name, &bind->volume));
}

enum pf_code pf_volume_binding_assume(const struct pf_filter_input *input, uint32_t slot,
                                      struct pf_arena *arena, struct pf_binds *ret_binds)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    struct pf_filter_target target = {
        .slot = slot,
        .shape = pf_model_shape(input->model, input->columns->shape[slot]),
    };
    struct choice choice;
    choice.count = 0;
    const size_t most = plan->placed_count + plan->open_count;
    struct pf_bind *items = pf_arena_calloc(arena, most, sizeof(*items));
    bool ok = items != NULL;
    for (size_t i = 0; ok && i < plan->open_count; i++) {
        const bool found = bind_one(input, &target, &plan->open[i], &choice);
        ok = add_bind(arena, plan->open[i].claim, found ? choice.taken[choice.count - 1] : NULL,
                      &items[i]);
    }
    for (size_t i = 0; ok && i < plan->placed_count; i++) {
        ok = add_bind(arena, plan->placed[i].claim, NULL, &items[plan->open_count + i]);
    }
    if (!ok) {
        return PF_E_NO_MEMORY;
    }
    *ret_binds = (struct pf_binds){.items = items, .count = most};
    return PF_OK;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    uint64_t mask = 0;
    if (check_bound(input, target, &mask) == PF_FIT_ERROR) {
        result->code = PF_FIT_ERROR;
        return false;
    }
    if (plan->placed_count + plan->open_count != 0) {
        check_unbound(input, target, &mask);
    }
    if (mask == 0) {
        return true;
    }
    result->mask = mask;
    result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
    return false;
}

/* Volumes stay where they are; free ones and free space may come. */
static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    uint64_t mask = 0;
    return check_bound(input, target, &mask) == PF_FIT_ERROR || (mask & 1U << AFFINITY) == 0;
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result, struct pf_arena *arena PF_UNUSED,
                            pf_filter_reason_fn *visit, void *opaque)
{
    static const struct pf_sv texts[FAULTS] = {
        [AFFINITY] = PF_SV_INIT("node(s) didn't match PersistentVolume's node affinity"),
        [NO_MATCH] = PF_SV_INIT("node(s) didn't find available persistent volumes to bind"),
        [NO_SPACE] = PF_SV_INIT("node(s) did not have enough free storage"),
        [GONE] =
            PF_SV_INIT("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"),
    };
    if (result->code == PF_FIT_ERROR) {
        return visit(opaque, PF_SV("a PersistentVolume cannot be translated to CSI"));
    }
    enum pf_code code = PF_OK;
    for (unsigned bit = 0; bit < FAULTS && code == PF_OK; bit++) {
        if ((result->mask >> bit & 1) != 0) {
            code = visit(opaque, texts[bit]);
        }
    }
    return code;
}

const struct pf_filter pf_volume_binding_filter = {
    .name = "VolumeBinding",
    .needs = PF_NEEDS_VOLUMES,
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = could,
    .reasons = reasons,
};

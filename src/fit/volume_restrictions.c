#include "volume_plan.h"

/* Source: pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go (scheduler-fit 7.7). */

/* Up to this minor the text about ReadWriteOncePod is another one. */
#define LAST_MINOR_OLD_TEXT 33

/* result->key */
enum fault { DISK, CLAIM_IN_USE };

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->volume_count == 0) {
        question->active &= ~(1U << PF_FILTER_VOLUME_RESTRICTIONS);
    }
    return PF_OK;
}

static bool has_monitor(const struct pf_pod_volume *volume, struct pf_sv monitor)
{
    for (size_t i = 0; i < volume->monitor_count; i++) {
        if (pf_sv_eq(volume->monitors[i], monitor)) {
            return true;
        }
    }
    return false;
}

static bool conflicts(const struct pf_filter_input *input, const struct pf_pod_volume *volume,
                      const struct pf_used_volume *used)
{
    if (used->kind != (uint8_t)volume->kind ||
        !pf_sv_eq(pf_intern_text(input->strings, used->name), volume->name)) {
        return false;
    }
    switch (volume->kind) {
    case PF_POD_VOLUME_AWS_DISK:
        return true;
    case PF_POD_VOLUME_GCE_DISK:
    case PF_POD_VOLUME_ISCSI:
        return !volume->read_only || !used->read_only;
    case PF_POD_VOLUME_RBD:
        return (!volume->read_only || !used->read_only) &&
               has_monitor(volume, pf_intern_text(input->strings, used->other));
    case PF_POD_VOLUME_CLAIM:
    case PF_POD_VOLUME_EPHEMERAL:
    case PF_POD_VOLUME_AZURE_DISK:
    case PF_POD_VOLUME_CINDER:
    case PF_POD_VOLUME_PORTWORX:
    default:
        return false;
    }
}

static bool has_disk_conflict(const struct pf_filter_input *input, uint32_t slot)
{
    const struct pf_pod *pod = input->question->pod;
    const struct pf_node_extra *extra = pf_filter_extra(input, slot);
    const size_t used = extra != NULL ? extra->volume_count : 0;
    for (size_t i = 0; used != 0 && i < pod->volume_count; i++) {
        for (size_t k = 0; k < used; k++) {
            if (conflicts(input, &pod->volumes[i], &extra->volumes[k])) {
                return true;
            }
        }
    }
    return false;
}

/* Pods of the node that use a claim named as one of the pod's ReadWriteOncePod claims, in whatever namespace (conflictingPVCRefCountForPod). */
static int64_t count_users(const struct pf_filter_input *input, const struct pf_node_extra *extra)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    int64_t users = 0;
    for (size_t i = 0; extra != NULL && i < extra->volume_count; i++) {
        const struct pf_used_volume *used = &extra->volumes[i];
        for (size_t k = 0; used->kind == PF_POD_VOLUME_CLAIM && k < plan->rwop_count; k++) {
            const bool same =
                pf_sv_eq(pf_intern_text(input->strings, used->name), plan->rwop[k]->name);
            users += same ? used->pods : 0;
        }
    }
    return users;
}

/* Users that a dry run added to the node or took from it: AddPod and RemovePod count pods where PreFilter counts claims. */
static int64_t count_moved(const struct pf_filter_input *input, uint32_t slot)
{
    return input->used == NULL ? 0
                               : count_users(input, &input->used->extra) -
                                     count_users(input, input->columns->extra[slot]);
}

static bool check_disks(const struct pf_filter_input *input, struct pf_filter_target *target,
                        struct pf_result *result)
{
    if (!has_disk_conflict(input, target->slot)) {
        return true;
    }
    result->key = DISK;
    result->code = PF_FIT_UNSCHEDULABLE;
    return false;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_volume_plan *plan = input->question->volumes;
    if (plan->has_disks && !check_disks(input, target, result)) {
        return false;
    }
    if (plan->rwop_used + count_moved(input, target->slot) <= 0) {
        return true;
    }
    result->key = CLAIM_IN_USE;
    result->code = PF_FIT_UNSCHEDULABLE;
    return false;
}

static enum pf_code reasons(const struct pf_filter_input *input, const struct pf_result *result,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    if (result->key == DISK) {
        return visit(opaque, PF_SV("node(s) had no available disk"));
    }
    return visit(opaque, input->options->features.minor <= LAST_MINOR_OLD_TEXT
                             ? PF_SV("node has pod using PersistentVolumeClaim with the same name "
                                     "and ReadWriteOncePod access mode")
                             : PF_SV("node(s) unavailable due to PersistentVolumeClaim with "
                                     "ReadWriteOncePod access mode already in-use by another pod"));
}

const struct pf_filter pf_volume_restrictions_filter = {
    .name = "VolumeRestrictions",
    .needs = PF_NEEDS_VOLUMES,
    .built = true,
    .prepare = prepare,
    .check = check,
    .check_broken = check_disks,
    .reasons = reasons,
};

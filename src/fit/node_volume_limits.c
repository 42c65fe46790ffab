#include "volume_plan.h"
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go (scheduler-fit 7.8). */

/* One node in question. */
struct census {
    const struct pf_filter_input *input;
    const struct pf_csi_node *node;
    const struct pf_node_extra *extra; /* NULL: nothing is used there */
    struct pf_sv name;
    int minor;
    struct pf_volume_id wanted[PF_FIT_VOLUMES_MAX]; /* new to the node */
    size_t wanted_count;
};

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->pod->volume_count == 0) {
        question->active &= ~(1U << PF_FILTER_NODE_VOLUME_LIMITS);
    }
    return PF_OK;
}

static void want(struct census *census, const struct pf_volume_id *id)
{
    for (size_t i = 0; i < census->wanted_count; i++) {
        if (pf_volume_ids_equal(&census->wanted[i], id)) {
            return;
        }
    }
    census->wanted[census->wanted_count++] = *id;
}

/* What the pod brings. @return false: an error */
static bool collect_wanted(struct census *census)
{
    const struct pf_filter_input *input = census->input;
    const struct pf_volume_plan *plan = input->question->volumes;
    const struct pf_pod *pod = input->question->pod;
    struct pf_volume_id id = {.unbound = NULL};
    for (size_t i = 0; i < plan->claim_count; i++) {
        if (pf_volume_ids_of_claim(input->model, plan->claims[i], census->node, census->minor,
                                   &id)) {
            want(census, &id);
        }
    }
    for (size_t i = 0; i < pod->volume_count; i++) {
        const enum pf_in_tree type = pf_volume_ids_in_tree(pod->volumes[i].kind);
        if (!pf_volume_ids_moved(census->node, type, census->minor)) {
            continue;
        }
        if (pod->volumes[i].untranslatable) {
            return false;
        }
        want(census, &(struct pf_volume_id){.driver = pf_in_tree_driver(type),
                                            .handle = pod->volumes[i].handle});
    }
    return true;
}

/* By what a volume in use counts. @param ret_error  true: the attempt fails; @return false: not counted */
static bool id_of_used(const struct census *census, const struct pf_used_volume *used,
                       struct pf_volume_id *ret_id, bool *ret_error)
{
    const struct pf_filter_input *input = census->input;
    const struct pf_sv name = pf_intern_text(input->strings, used->name);
    const struct pf_sv other = pf_intern_text(input->strings, used->other);
    if (used->kind == PF_POD_VOLUME_CLAIM || used->kind == PF_POD_VOLUME_EPHEMERAL) {
        const struct pf_claim *claim =
            pf_model_claim(input->model, pf_intern_text(input->strings, used->namespace_), name);
        if (claim != NULL && used->kind == PF_POD_VOLUME_EPHEMERAL &&
            !pf_sv_eq(claim->owner_uid, other)) {
            *ret_error = true;
            return false;
        }
        return claim != NULL &&
               pf_volume_ids_of_claim(input->model, claim, census->node, census->minor, ret_id);
    }
    const enum pf_in_tree type = pf_volume_ids_in_tree((enum pf_pod_volume_kind)used->kind);
    if (!pf_volume_ids_moved(census->node, type, census->minor)) {
        return false;
    }
    if (used->untranslatable) {
        *ret_error = true;
        return false;
    }
    *ret_id = (struct pf_volume_id){.driver = pf_in_tree_driver(type), .handle = other};
    return true;
}

/* Leave out what pods on the node use already. @return false: an error */
static bool drop_used(struct census *census)
{
    const size_t used = census->extra != NULL ? census->extra->volume_count : 0;
    for (size_t i = 0; i < used; i++) {
        struct pf_volume_id id = {.unbound = NULL};
        bool error = false;
        const bool counted = id_of_used(census, &census->extra->volumes[i], &id, &error);
        if (error) {
            return false;
        }
        for (size_t k = 0; counted && k < census->wanted_count; k++) {
            if (pf_volume_ids_equal(&census->wanted[k], &id)) {
                census->wanted[k] = census->wanted[--census->wanted_count];
                break;
            }
        }
    }
    return true;
}

/** Distinct ids by hash; the table is the plan's. */
struct distinct {
    uint64_t *table;
    size_t mask;
    int64_t count;
};

static void add(struct distinct *distinct, const struct pf_volume_id *id)
{
    uint64_t hash = pf_volume_ids_hash(id);
    hash = hash != 0 ? hash : 1;
    size_t at = (size_t)hash & distinct->mask;
    while (distinct->table[at] != 0 && distinct->table[at] != hash) {
        at = (at + 1) & distinct->mask;
    }
    distinct->count += distinct->table[at] == 0;
    distinct->table[at] = hash;
}

/* A VolumeAttachment as NodeVolumeLimits counts it: of CSI volumes only, by the attacher's name. */
static bool id_of_attachment(const struct pf_model *model, const struct pf_attachment *attachment,
                             struct pf_volume_id *ret_id)
{
    const struct pf_volume *volume =
        attachment->attacher.len != 0 && attachment->volume_name.len != 0
            ? pf_model_volume(model, attachment->volume_name)
            : NULL;
    if (volume == NULL || !volume->csi) {
        return false;
    }
    *ret_id = (struct pf_volume_id){.driver = attachment->attacher, .handle = volume->handle};
    return true;
}

/* Volumes of a driver on the node, as many as @p most + 1 of them. */
static int64_t count_attached(const struct census *census, struct pf_sv driver, int64_t most)
{
    const struct pf_filter_input *input = census->input;
    struct distinct distinct = {.table = input->question->volumes->table};
    size_t cells = 16;
    while (cells < (size_t)(most + 2) * 2) {
        cells *= 2;
    }
    distinct.mask = cells - 1;
    memset(distinct.table, 0, cells * sizeof(*distinct.table));
    const size_t used = census->extra != NULL ? census->extra->volume_count : 0;
    for (size_t i = 0; i < used && distinct.count <= most; i++) {
        struct pf_volume_id id = {.unbound = NULL};
        bool error = false;
        if (id_of_used(census, &census->extra->volumes[i], &id, &error) &&
            pf_sv_eq(id.driver, driver)) {
            add(&distinct, &id);
        }
    }
    const struct pf_attachment *at = NULL;
    while (distinct.count <= most &&
           (at = pf_model_next_of(input->model, PF_KIND_ATTACHMENT, (struct pf_sv){0}, census->name,
                                  at)) != NULL) {
        struct pf_volume_id id = {.unbound = NULL};
        if (id_of_attachment(input->model, at, &id) && pf_sv_eq(id.driver, driver)) {
            add(&distinct, &id);
        }
    }
    return distinct.count;
}

/* Most volumes that can be attached at all. */
static size_t bound_attached(const struct census *census)
{
    size_t count = census->extra != NULL ? census->extra->volume_count : 0;
    const struct pf_attachment *at = NULL;
    while ((at = pf_model_next_of(census->input->model, PF_KIND_ATTACHMENT, (struct pf_sv){0},
                                  census->name, at)) != NULL) {
        count++;
    }
    return count;
}

static int64_t count_wanted(const struct census *census, struct pf_sv driver)
{
    int64_t count = 0;
    for (size_t i = 0; i < census->wanted_count; i++) {
        count += pf_sv_eq(census->wanted[i].driver, driver);
    }
    return count;
}

/* One driver against its limit. */
static enum pf_fit_code check_limit(const struct census *census, const struct pf_csi_limit *limit)
{
    const int64_t wanted = limit->limited ? count_wanted(census, limit->driver) : 0;
    if (wanted == 0) {
        return PF_FIT_SUCCESS;
    }
    const int64_t left = (int64_t)limit->count - wanted;
    if (left < 0) {
        return PF_FIT_UNSCHEDULABLE;
    }
    if (bound_attached(census) <= (uint64_t)left) {
        return PF_FIT_SUCCESS;
    }
    if (left > PF_FIT_ATTACHED_MAX - 2) {
        return PF_FIT_UNDECIDED;
    }
    return count_attached(census, limit->driver, left) > left ? PF_FIT_UNSCHEDULABLE
                                                              : PF_FIT_SUCCESS;
}

static bool has_limits(const struct pf_csi_node *node)
{
    for (size_t i = 0; i < node->limit_count; i++) {
        if (node->limits[i].limited) {
            return true;
        }
    }
    return false;
}

/* A driver that stands twice: the last entry counts (getVolumeLimits). */
static bool is_last(const struct pf_csi_node *node, size_t index)
{
    for (size_t i = index + 1; i < node->limit_count; i++) {
        if (node->limits[i].limited &&
            pf_sv_eq(node->limits[i].driver, node->limits[index].driver)) {
            return false;
        }
    }
    return true;
}

static enum pf_fit_code check_node(struct census *census)
{
    if (!collect_wanted(census)) {
        return PF_FIT_ERROR;
    }
    if (census->wanted_count == 0 || !has_limits(census->node)) {
        return PF_FIT_SUCCESS;
    }
    if (!drop_used(census)) {
        return PF_FIT_ERROR;
    }
    enum pf_fit_code code = PF_FIT_SUCCESS;
    for (size_t i = 0; i < census->node->limit_count && code == PF_FIT_SUCCESS; i++) {
        code = is_last(census->node, i) ? check_limit(census, &census->node->limits[i])
                                        : PF_FIT_SUCCESS;
    }
    return code;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    struct census census;
    if (input->question->volumes->limits_refusal != NULL) {
        result->code = PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE;
        return false;
    }
    census.input = input;
    census.name = pf_volume_node_name(input, target);
    census.node = pf_model_csi_node(input->model, census.name);
    census.extra = pf_filter_extra(input, target->slot);
    census.minor = input->options->features.minor;
    census.wanted_count = 0;
    if (census.node == NULL) {
        return true; /* neither limits nor types that moved */
    }
    result->code = (uint8_t)check_node(&census);
    return result->code == PF_FIT_SUCCESS;
}

/* On a node that no pod uses. */
static bool could(const struct pf_filter_input *input, struct pf_filter_target *target)
{
    struct census census;
    census.input = input;
    census.name = pf_volume_node_name(input, target);
    census.node = pf_model_csi_node(input->model, census.name);
    census.extra = NULL;
    census.minor = input->options->features.minor;
    census.wanted_count = 0;
    if (census.node == NULL || !collect_wanted(&census)) {
        return true;
    }
    for (size_t i = 0; i < census.node->limit_count; i++) {
        const struct pf_csi_limit *limit = &census.node->limits[i];
        if (limit->limited && is_last(census.node, i) &&
            count_wanted(&census, limit->driver) > limit->count) {
            return false;
        }
    }
    return true;
}

static enum pf_code reasons(const struct pf_filter_input *input, const struct pf_result *result,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    switch (result->code) {
    case PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE:
        return visit(opaque, pf_sv_from(input->question->volumes->limits_refusal));
    case PF_FIT_ERROR:
        return visit(opaque, PF_SV("a volume of a pod cannot be translated to CSI, or a claim is "
                                   "not the pod's own"));
    case PF_FIT_UNDECIDED:
        return visit(opaque, PF_SV("more volumes are attached than podfit counts"));
    default:
        return visit(opaque, PF_SV("node(s) exceed max volume count"));
    }
}

const struct pf_filter pf_node_volume_limits_filter = {
    .name = "NodeVolumeLimits",
    .needs = PF_NEEDS_VOLUMES,
    .built = true,
    .prepare = prepare,
    .check = check,
    .could = could,
    .reasons = reasons,
};

#include "cluster_internal.h"

bool pf_extra_prepare_volumes(struct pf_model *model, uint32_t slot, size_t volumes)
{
    if (volumes == 0) {
        return true;
    }
    struct pf_node_extra *extra = model->columns.extra[slot];
    if (extra == NULL) {
        extra = pf_mem_calloc(1, sizeof(*extra));
        if (extra == NULL) {
            return false;
        }
        model->columns.extra[slot] = extra;
    }
    while (extra->volume_cap < extra->volume_count + volumes) {
        if (!pf_mem_grow(&extra->volumes, &extra->volume_cap, extra->volume_cap,
                         sizeof(*extra->volumes))) {
            return false;
        }
    }
    return true;
}

struct pf_used_volume *pf_extra_find_volume(const struct pf_node_extra *extra, uint32_t space,
                                            const struct pf_demand_volume *volume)
{
    for (size_t i = 0; i < extra->volume_count; i++) {
        struct pf_used_volume *used = &extra->volumes[i];
        if (used->name == volume->name && used->namespace_ == space &&
            used->other == volume->other && used->kind == volume->kind &&
            used->read_only == (volume->read_only != 0) &&
            used->untranslatable == (volume->untranslatable != 0)) {
            return used;
        }
    }
    return NULL;
}

void pf_extra_add_volumes(struct pf_model *model, uint32_t slot, const struct pf_demand *demand)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    for (uint32_t i = 0; i < demand->volume_count; i++) {
        const struct pf_demand_volume *volume = &pf_demand_volumes(demand)[i];
        struct pf_used_volume *used = pf_extra_find_volume(extra, demand->namespace_, volume);
        if (used == NULL) {
            used = &extra->volumes[extra->volume_count++];
            *used = (struct pf_used_volume){.namespace_ = demand->namespace_,
                                            .name = volume->name,
                                            .other = volume->other,
                                            .kind = volume->kind,
                                            .read_only = volume->read_only != 0,
                                            .untranslatable = volume->untranslatable != 0};
            pf_intern_ref_id(&model->strings, used->namespace_);
            pf_intern_ref_id(&model->strings, used->name);
            pf_intern_ref_id(&model->strings, used->other);
        }
        used->pods++;
    }
}

void pf_extra_sub_volumes(struct pf_model *model, uint32_t slot, const struct pf_demand *demand)
{
    struct pf_node_extra *extra = model->columns.extra[slot];
    for (uint32_t i = 0; i < demand->volume_count; i++) {
        struct pf_used_volume *used =
            pf_extra_find_volume(extra, demand->namespace_, &pf_demand_volumes(demand)[i]);
        used->pods--;
        if (used->pods == 0) {
            pf_intern_unref(&model->strings, used->namespace_);
            pf_intern_unref(&model->strings, used->name);
            pf_intern_unref(&model->strings, used->other);
            *used = extra->volumes[--extra->volume_count];
        }
    }
}

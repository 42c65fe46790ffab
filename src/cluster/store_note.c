#include "cluster_internal.h"

static void note_node(struct pf_model *model, struct pf_sv name)
{
    const uint32_t slot = pf_slot_find(model, name);
    if (slot != PF_NODE_NONE) {
        pf_slot_changed(model, slot);
    }
}

void pf_store_note_reach(struct pf_model *model, enum pf_kind kind, const struct pf_object *object)
{
    struct pf_stores *stores = &model->stores;
    switch (kind) {
    case PF_KIND_CSI_NODE:
        note_node(model, ((const struct pf_csi_node *)pf_object_view(object))->name);
        break;
    case PF_KIND_ATTACHMENT:
        note_node(model, ((const struct pf_attachment *)pf_object_view(object))->node_name);
        break;
    case PF_KIND_CLAIM:
        /* names of claims are interned by the pods that use them */
        stores->storage_version +=
            pf_intern_find(&model->strings,
                           ((const struct pf_claim *)pf_object_view(object))->name) !=
            PF_INTERN_NONE;
        break;
    case PF_KIND_BUDGET:
        stores->budgets_version++;
        break;
    default:
        stores->storage_version += kind <= PF_KIND_ATTACHMENT;
        break;
    }
}

void pf_store_note_change(struct pf_model *model, enum pf_kind kind, const struct pf_object *object)
{
    pf_store_note_reach(model, kind, object);
    if (kind < PF_KIND_SERVICE) {
        model->stores.version++;
        model->pending.version++;
    }
}

void pf_store_note_kind(struct pf_model *model, enum pf_kind kind, bool known)
{
    const bool changed = model->stores.kinds[kind].known != known;
    model->stores.kinds[kind].known = known;
    model->stores.storage_version += changed && kind <= PF_KIND_ATTACHMENT;
    model->stores.budgets_version += changed && kind == PF_KIND_BUDGET;
}

bool pf_model_knows_kind(const struct pf_model *model, enum pf_kind kind)
{
    return model->stores.kinds[kind].known;
}

void pf_model_mark_kind(struct pf_model *model, enum pf_kind kind)
{
    model->stores.version += !model->stores.kinds[kind].known;
    pf_store_note_kind(model, kind, /* known= */ true);
}

void pf_model_unmark_kind(struct pf_model *model, enum pf_kind kind)
{
    model->stores.version += model->stores.kinds[kind].known;
    pf_store_note_kind(model, kind, /* known= */ false);
}

uint64_t pf_model_objects_version(const struct pf_model *model)
{
    return model->stores.version;
}

uint64_t pf_model_storage_version(const struct pf_model *model)
{
    return model->stores.storage_version;
}

uint64_t pf_model_budgets_version(const struct pf_model *model)
{
    return model->stores.budgets_version;
}

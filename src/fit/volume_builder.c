#include "volume_builder.h"

bool pf_volume_builder_is_active(const struct pf_volume_builder *b, enum pf_filter_id filter)
{
    return !b->ended && b->code == PF_OK && (b->question->active & 1U << filter) != 0;
}

void pf_volume_builder_give_up(struct pf_volume_builder *b, const char *text)
{
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->unsure = b->question->unsure == NULL ? text : b->question->unsure;
    b->question->active &= ~PF_VOLUME_FILTERS;
    b->ended = true;
}

void pf_volume_builder_reject(struct pf_volume_builder *b, enum pf_filter_id filter,
                              const char *text)
{
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->rejection = text;
    b->question->rejected_by = filter;
    b->question->rejection_could = true;
    b->question->active &= ~PF_VOLUME_FILTERS;
    b->ended = true;
}

void pf_volume_builder_reject_for_now(struct pf_volume_builder *b, enum pf_filter_id filter,
                                      const char *text)
{
    if (b->options->claims_now) {
        pf_volume_builder_reject(b, filter, text);
    } else {
        pf_volume_builder_give_up(b, text);
    }
}

bool pf_volume_builder_require(struct pf_volume_builder *b, enum pf_kind kind)
{
    if (pf_model_knows_kind(b->model, kind)) {
        return true;
    }
    pf_volume_builder_give_up(
        b, pf_arena_printf(b->arena, "needs kind %s, of which the snapshot has no object",
                           pf_kind_name(kind)));
    return false;
}

void pf_volume_builder_wish(struct pf_volume_builder *b, enum pf_kind kind)
{
    if (pf_model_knows_kind(b->model, kind)) {
        return;
    }
    const char *text = pf_arena_printf(
        b->arena, "needs kind %s, of which the snapshot has no object", pf_kind_name(kind));
    b->code = text == NULL ? PF_E_NO_MEMORY : b->code;
    b->question->unsure_misfit = text;
}

const char *pf_volume_builder_not_found(struct pf_volume_builder *b, const char *resource,
                                        struct pf_sv name)
{
    return pf_arena_printf(b->arena, "%s \"%.*s\" not found", resource, PF_SV_ARG(name));
}

bool pf_volume_builder_uses_claim(const struct pf_pod_volume *volume)
{
    return volume->kind == PF_POD_VOLUME_CLAIM || volume->kind == PF_POD_VOLUME_EPHEMERAL;
}

struct pf_sv pf_volume_builder_claim_name(struct pf_volume_builder *b,
                                          const struct pf_pod_volume *volume)
{
    if (volume->kind == PF_POD_VOLUME_CLAIM) {
        return volume->name;
    }
    const char *name = pf_arena_printf(
        b->arena, "%.*s-%.*s", PF_SV_ARG(b->question->pod->meta.name), PF_SV_ARG(volume->name));
    b->code = name == NULL ? PF_E_NO_MEMORY : b->code;
    return pf_sv_from(name);
}

const struct pf_claim *pf_volume_builder_find_claim(const struct pf_volume_builder *b,
                                                    struct pf_sv name)
{
    return pf_model_claim(b->model, b->question->pod->meta.namespace_, name);
}

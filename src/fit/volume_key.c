#include "question.h"
#include "volume_plan.h"

/*
 * Objects stand by their names, since what is remembered is void when one of them changes (pf_model_storage_version()); lists that can be long stand by address,
 * which lasts as long as that number stays.
 */

static void put_address(struct pf_buf *key, const void *object)
{
    pf_question_put_i64(key, (int64_t)(uintptr_t)object);
}

static void put_capacities(struct pf_buf *key, const struct pf_volume_want *want)
{
    pf_question_put_i64(key, want->by_capacity ? (int64_t)want->capacity_count : -1);
    for (size_t i = 0; i < want->capacity_count; i++) {
        put_address(key, want->capacities[i]);
    }
}

static void put_wants(struct pf_buf *key, const struct pf_volume_plan *plan)
{
    pf_question_put_i64(key, (int64_t)plan->bound_count);
    for (size_t i = 0; i < plan->bound_count; i++) {
        const struct pf_volume *volume = plan->bound[i].volume;
        pf_question_put_text(key, volume != NULL ? volume->name : (struct pf_sv){0});
    }
    pf_question_put_i64(key, (int64_t)plan->placed_count);
    for (size_t i = 0; i < plan->placed_count; i++) {
        const struct pf_volume_want *want = &plan->placed[i];
        pf_question_put_text(key, want->node);
        pf_question_put_text(key, want->class_->name);
        put_capacities(key, want);
    }
    pf_question_put_i64(key, (int64_t)plan->open_count);
    for (size_t i = 0; i < plan->open_count; i++) {
        const struct pf_volume_want *want = &plan->open[i];
        pf_question_put_text(key, want->class_->name);
        put_capacities(key, want);
        pf_question_put_i64(key, (int64_t)want->candidate_count * 2 + (want->prebound ? 1 : 0));
        for (size_t k = 0; k < want->candidate_count; k++) {
            put_address(key, want->candidates[k]);
        }
    }
}

static void put_zones(struct pf_buf *key, const struct pf_volume_plan *plan)
{
    pf_question_put_i64(key, (int64_t)plan->zone_count);
    for (size_t i = 0; i < plan->zone_count; i++) {
        pf_question_put_text(key, plan->zones[i].key);
        pf_question_put_text(key, plan->zones[i].values);
    }
}

static void put_exclusive(struct pf_buf *key, const struct pf_volume_plan *plan)
{
    pf_question_put_i64(key, plan->rwop_used);
    pf_question_put_i64(key, (int64_t)plan->rwop_count);
    for (size_t i = 0; i < plan->rwop_count; i++) {
        pf_question_put_text(key, plan->rwop[i]->name);
    }
}

/* Where the same claim stood first. */
static size_t first_of(const struct pf_volume_plan *plan, size_t index)
{
    size_t first = 0;
    while (plan->claims[first] != plan->claims[index]) {
        first++;
    }
    return first;
}

/* What NodeVolumeLimits counts. A claim that no pod of the cluster names counts as any other of its class: whose it is says nothing to any node. */
static void put_claims(struct pf_buf *key, const struct pf_volume_plan *plan,
                       const struct pf_model *model)
{
    const struct pf_intern *strings = pf_model_strings(model);
    pf_question_put_i64(key, (int64_t)plan->claim_count);
    for (size_t i = 0; i < plan->claim_count; i++) {
        const struct pf_claim *claim = plan->claims[i];
        const struct pf_volume *volume =
            claim->volume_name.len != 0 ? pf_model_volume(model, claim->volume_name) : NULL;
        const bool used = pf_intern_find(strings, claim->name) != PF_INTERN_NONE;
        pf_question_put_i64(key, (int64_t)first_of(plan, i) * 2 + (volume != NULL ? 1 : 0));
        pf_question_put_text(key, volume != NULL ? volume->name : claim->class_name);
        pf_question_put_text(key, used ? claim->namespace_ : (struct pf_sv){0});
        pf_question_put_text(key, used ? claim->name : (struct pf_sv){0});
    }
}

/* Volumes that stand in the pod itself. */
static void put_inline(struct pf_buf *key, const struct pf_pod *pod)
{
    for (size_t i = 0; i < pod->volume_count; i++) {
        const struct pf_pod_volume *volume = &pod->volumes[i];
        if (volume->kind == PF_POD_VOLUME_CLAIM || volume->kind == PF_POD_VOLUME_EPHEMERAL) {
            continue;
        }
        pf_question_put_i64(key, (int64_t)volume->kind * 4 + (volume->read_only ? 2 : 0) +
                                     (volume->untranslatable ? 1 : 0));
        pf_question_put_text(key, volume->name);
        pf_question_put_text(key, volume->handle);
        pf_question_put_i64(key, (int64_t)volume->monitor_count);
        for (size_t k = 0; k < volume->monitor_count; k++) {
            pf_question_put_text(key, volume->monitors[k]);
        }
    }
}

void pf_volume_key(const struct pf_question *question, const struct pf_model *model,
                   struct pf_buf *key)
{
    const struct pf_volume_plan *plan = question->volumes;
    pf_question_put_i64(key, question->active);
    put_wants(key, plan);
    put_zones(key, plan);
    put_exclusive(key, plan);
    if ((question->active & 1U << PF_FILTER_NODE_VOLUME_LIMITS) != 0) {
        put_claims(key, plan, model);
    }
    put_inline(key, question->pod);
}

#include "cache.h"

#include "best.h"
#include "evaluate.h"
#include "question.h"
#include "score.h"
#include "settle.h"
#include <podfit/clock.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/volumes.h>

#define KEPT_MIN 2
/* An outcome id + 1 is kept in 16 bits a node. */
#define OUTCOMES_MAX (UINT16_MAX - 1)
/* Arena of one question: key texts and tables; PF_FIT_KEY_MAX_BYTES bounds the texts, a requirement takes more than its text does. */
#define ARENA_MAX_BYTES (PF_FIT_KEY_MAX_BYTES * 16)

struct pf_remembered {
    struct pf_remembered *newer;
    struct pf_remembered *older;
    char *key; /* owned; the map's key */
    size_t key_len;
    struct pf_arena arena;
    struct pf_pod pod;
    struct pf_question question;
    struct pf_outcomes outcomes;
    struct pf_best best;
    struct pf_topology topology; /* when the question has a plan */
    struct pf_outcomes settled;  /* outcomes with the topology filters */
    uint16_t *node_outcome;      /* one a slot: outcome id + 1, 0 = no Node */
    uint32_t slots;              /* of node_outcome */
    struct pf_memo *memo;
    uint32_t memo_count;
    struct pf_evictions evictions;
    uint64_t storage_version;
    uint64_t
        warm_since; /* while the first answers are gathered: sequence number when that began; 0: they are not */
    uint32_t warm;     /* slots that were asked */
    uint64_t computed; /* times that every node was asked */
    uint64_t seen; /* sequence number of the model up to which this is right; 0: nothing computed */
    size_t bytes;
};

/* One bringing up to date. */
struct refresh {
    struct pf_remembered *remembered;
    struct pf_evaluation evaluation;
    enum pf_code code;
};

static void free_remembered(struct pf_remembered *remembered)
{
    if (remembered == NULL) {
        return;
    }
    free(remembered->key);
    pf_topology_done(&remembered->topology); /* its plan is in the arena */
    pf_arena_done(&remembered->arena);
    pf_outcomes_done(&remembered->outcomes);
    pf_best_done(&remembered->best);
    pf_outcomes_done(&remembered->settled);
    pf_evictions_done(&remembered->evictions);
    free(remembered->node_outcome);
    free(remembered->memo);
    free(remembered);
}

void pf_cache_init(struct pf_cache *cache, size_t max_bytes)
{
    *cache = (struct pf_cache){.max_bytes = max_bytes};
    pf_map_init(&cache->map, pf_random_u64());
}

void pf_cache_done(struct pf_cache *cache)
{
    struct pf_remembered *remembered = cache->newest;
    while (remembered != NULL) {
        struct pf_remembered *older = remembered->older;
        free_remembered(remembered);
        remembered = older;
    }
    pf_map_done(&cache->map);
    cache->newest = NULL;
    cache->oldest = NULL;
}

static void unlink_remembered(struct pf_cache *cache, struct pf_remembered *remembered)
{
    if (remembered->newer != NULL) {
        remembered->newer->older = remembered->older;
    } else {
        cache->newest = remembered->older;
    }
    if (remembered->older != NULL) {
        remembered->older->newer = remembered->newer;
    } else {
        cache->oldest = remembered->newer;
    }
}

static void link_newest(struct pf_cache *cache, struct pf_remembered *remembered)
{
    remembered->newer = NULL;
    remembered->older = cache->newest;
    if (cache->newest != NULL) {
        cache->newest->newer = remembered;
    } else {
        cache->oldest = remembered;
    }
    cache->newest = remembered;
}

static void forget(struct pf_cache *cache, struct pf_remembered *remembered)
{
    unlink_remembered(cache, remembered);
    (void)pf_map_remove(&cache->map,
                        (struct pf_sv){.ptr = remembered->key, .len = remembered->key_len});
    cache->count--;
    cache->bytes -= remembered->bytes;
    free_remembered(remembered);
}

static size_t count_bytes(const struct pf_remembered *remembered)
{
    const size_t chunk = (size_t)32 * 1024; /* what an arena takes at least */
    const size_t arena = remembered->arena.used_bytes;
    return sizeof(*remembered) + remembered->key_len + (arena > chunk ? arena : chunk) +
           pf_outcomes_bytes(&remembered->outcomes) + pf_best_bytes(&remembered->best) +
           remembered->slots * sizeof(*remembered->node_outcome) +
           remembered->memo_count * sizeof(*remembered->memo) +
           pf_outcomes_bytes(&remembered->settled) + pf_topology_bytes(&remembered->topology) +
           pf_evictions_bytes(&remembered->evictions);
}

static struct pf_remembered *make_remembered(const struct pf_question *question, struct pf_sv key)
{
    struct pf_remembered *remembered = pf_mem_calloc(1, sizeof(*remembered));
    if (remembered == NULL) {
        return NULL;
    }
    pf_arena_init(&remembered->arena, ARENA_MAX_BYTES);
    remembered->key = pf_mem_dup(key.ptr, key.len);
    remembered->key_len = key.len;
    if (remembered->key == NULL || pf_question_copy(question, &remembered->arena, &remembered->pod,
                                                    &remembered->question) != PF_OK) {
        free_remembered(remembered);
        return NULL;
    }
    if (remembered->question.plan != NULL &&
        pf_topology_init(&remembered->topology, remembered->question.plan) != PF_OK) {
        free_remembered(remembered);
        return NULL;
    }
    return remembered;
}

static struct pf_remembered *find_or_make(struct pf_cache *cache,
                                          const struct pf_question *question, struct pf_sv key)
{
    uint64_t value = 0;
    if (pf_map_get(&cache->map, key, &value)) {
        struct pf_remembered *found = (struct pf_remembered *)(uintptr_t)value;
        if (found != cache->newest) {
            unlink_remembered(cache, found);
            link_newest(cache, found);
        }
        return found;
    }
    struct pf_remembered *made = make_remembered(question, key);
    if (made == NULL) {
        return NULL;
    }
    if (!pf_map_put(&cache->map, (struct pf_sv){.ptr = made->key, .len = made->key_len},
                    (uint64_t)(uintptr_t)made)) {
        free_remembered(made);
        return NULL;
    }
    link_newest(cache, made);
    cache->count++;
    return made;
}

static bool make_room(struct pf_remembered *remembered, const struct pf_filter_input *input)
{
    const uint32_t slots = input->columns->count;
    if (remembered->slots < slots) {
        const uint32_t want = slots + slots / 8; /* so that single new nodes do not resize */
        uint16_t *bigger =
            pf_mem_resize(remembered->node_outcome, want, sizeof(*remembered->node_outcome));
        if (bigger == NULL) {
            return false;
        }
        for (uint32_t i = remembered->slots; i < want; i++) {
            bigger[i] = 0;
        }
        remembered->node_outcome = bigger;
        remembered->slots = want;
    }
    const uint32_t shapes = pf_model_shape_count(input->model);
    if (remembered->memo_count < shapes) {
        const uint32_t want = shapes + shapes / 8;
        struct pf_memo *bigger = pf_mem_resize(remembered->memo, want, sizeof(*remembered->memo));
        if (bigger == NULL) {
            return false;
        }
        for (uint32_t i = remembered->memo_count; i < want; i++) {
            bigger[i] = (struct pf_memo){.state = PF_MEMO_EMPTY};
        }
        remembered->memo = bigger;
        remembered->memo_count = want;
    }
    return pf_best_fit_slots(&remembered->best, slots) &&
           (remembered->question.plan == NULL ||
            pf_topology_reserve(&remembered->topology, input) == PF_OK);
}

/* The outcome of one slot; @return its score + 1, or 0 when no pod can go there. */
static uint8_t update_outcome(struct refresh *refresh, uint32_t slot)
{
    struct pf_remembered *remembered = refresh->remembered;
    if (remembered->node_outcome[slot] != 0) {
        pf_outcomes_drop(&remembered->outcomes, remembered->node_outcome[slot] - 1U);
        remembered->node_outcome[slot] = 0;
    }
    if (remembered->question.plan != NULL) {
        refresh->code = pf_topology_update(&remembered->topology, &refresh->evaluation.input, slot);
        if (refresh->code != PF_OK) {
            return 0;
        }
    }
    struct pf_result result;
    if (!pf_evaluate_node(&refresh->evaluation, slot, &result)) {
        refresh->code = refresh->evaluation.code;
        return 0;
    }
    uint8_t score = 0;
    if (result.filter == PF_FILTER_COUNT) {
        bool valid = true;
        score = (uint8_t)(pf_score_plain(&refresh->evaluation.input, slot, &valid) + 1);
        result.unscorable = !valid;
    }
    uint32_t id = 0;
    refresh->code = pf_outcomes_add(&remembered->outcomes, &result, 1, &id);
    if (refresh->code == PF_OK && id > OUTCOMES_MAX - 1) {
        pf_outcomes_drop(&remembered->outcomes, id);
        refresh->code = PF_E_TOO_BIG;
    }
    if (refresh->code != PF_OK) {
        return 0;
    }
    remembered->node_outcome[slot] = (uint16_t)(id + 1);
    return score;
}

static void visit_change(void *opaque, uint32_t slot)
{
    struct refresh *refresh = opaque;
    if (refresh->code == PF_OK && slot < refresh->evaluation.input.columns->count) {
        pf_best_set(&refresh->remembered->best, slot, update_outcome(refresh, slot));
    }
}

static void begin_all(struct refresh *refresh)
{
    struct pf_remembered *remembered = refresh->remembered;
    pf_outcomes_reset(&remembered->outcomes);
    pf_best_clear(&remembered->best);
    if (remembered->question.plan != NULL) {
        pf_topology_reset(&remembered->topology);
    }
    for (uint32_t i = 0; i < remembered->slots; i++) {
        remembered->node_outcome[i] = 0;
    }
    remembered->seen = 0;
    remembered->warm = 0;
    remembered->warm_since = pf_model_change_number(refresh->evaluation.input.model);
    remembered->storage_version = pf_model_storage_version(refresh->evaluation.input.model);
}

/* Ask up to @p most nodes more for the first time. @return is that all of them? */
static bool compute_some(struct refresh *refresh, uint32_t most)
{
    struct pf_remembered *remembered = refresh->remembered;
    const uint32_t count = refresh->evaluation.input.columns->count;
    const uint32_t left = count - remembered->warm;
    const uint32_t end = remembered->warm + (most < left ? most : left);
    for (; remembered->warm < end && refresh->code == PF_OK; remembered->warm++) {
        pf_best_put(&remembered->best, remembered->warm, update_outcome(refresh, remembered->warm));
    }
    if (refresh->code != PF_OK || end != count) {
        return false;
    }
    pf_best_build(&remembered->best);
    remembered->seen = remembered->warm_since;
    remembered->warm_since = 0;
    remembered->computed++;
    return true;
}

/* Has something changed that nodes which did not change are judged by? */
static bool is_stale(const struct pf_remembered *remembered, const struct pf_filter_input *input)
{
    return (remembered->question.plan != NULL &&
            pf_topology_is_stale(&remembered->topology, input->model)) ||
           (input->question->volumes != NULL &&
            remembered->storage_version != pf_model_storage_version(input->model));
}

static struct refresh begin_refresh(struct pf_remembered *remembered,
                                    const struct pf_filter_input *input)
{
    struct refresh refresh = {
        .remembered = remembered,
        .evaluation = {.input = *input,
                       .memo = remembered->memo,
                       .memo_count = remembered->memo_count},
    };
    pf_question_resolve(&remembered->question, input->strings);
    if (input->question->volumes == NULL) {
        refresh.evaluation.input.question = &remembered->question;
    }
    return refresh;
}

static enum pf_code bring_up_to_date(struct pf_remembered *remembered,
                                     const struct pf_filter_input *input)
{
    if (!make_room(remembered, input)) {
        return PF_E_NO_MEMORY;
    }
    struct refresh refresh = begin_refresh(remembered, input);
    const uint64_t now =
        remembered->seen != 0 && !is_stale(remembered, input)
            ? pf_model_changes_since(input->model, remembered->seen, visit_change, &refresh)
            : 0;
    if (now != 0) {
        remembered->seen = now;
    } else if (refresh.code == PF_OK) {
        begin_all(&refresh);
        (void)compute_some(&refresh, UINT32_MAX); /* refresh.code says it */
    }
    return refresh.code;
}

/* The answer with the topology filters, where they have a say. */
static enum pf_code settle(struct pf_remembered *remembered, const struct pf_filter_input *input,
                           struct pf_cache_answer *answer)
{
    if (remembered->question.plan == NULL) {
        answer->best = pf_best_slot(&remembered->best);
        return PF_OK;
    }
    pf_topology_finish(&remembered->topology);
    const struct pf_settle settle = {
        .before = &remembered->outcomes,
        .node_outcome = remembered->node_outcome,
        .slots = input->columns->count,
        .best = &remembered->best,
        .topology = &remembered->topology,
        .input = input,
    };
    answer->outcomes = &remembered->settled;
    answer->topology = &remembered->topology;
    return pf_settle_run(&settle, &remembered->settled, &answer->best);
}

void pf_cache_recount(struct pf_cache *cache)
{
    struct pf_remembered *remembered = cache->newest;
    const size_t bytes = count_bytes(remembered);
    cache->bytes += bytes - remembered->bytes;
    remembered->bytes = bytes;
    while (cache->bytes > cache->max_bytes && cache->count > KEPT_MIN) {
        forget(cache, cache->oldest);
    }
}

/* Numbers that only grow: their sum is another one when one of them is. */
static uint64_t stamp_of(const struct pf_remembered *remembered, const struct pf_model *model)
{
    return remembered->question.plan == NULL ? remembered->computed
                                             : remembered->computed + remembered->topology.version +
                                                   pf_model_namespace_version(model);
}

enum pf_code pf_cache_ask(struct pf_cache *cache, const struct pf_filter_input *input,
                          struct pf_sv key, struct pf_cache_answer *ret_answer)
{
    struct pf_remembered *remembered = find_or_make(cache, input->question, key);
    if (remembered == NULL) {
        return PF_E_NO_MEMORY;
    }
    const enum pf_code code = bring_up_to_date(remembered, input);
    if (code != PF_OK) {
        forget(cache, remembered);
        return code;
    }
    struct pf_cache_answer answer = {
        .outcomes = &remembered->outcomes,
        .values = pf_best_values(&remembered->best),
        .results = {.outcomes = &remembered->outcomes, .node_outcome = remembered->node_outcome},
        .evictions = &remembered->evictions,
        .stamp = stamp_of(remembered, input->model),
    };
    const enum pf_code settled = settle(remembered, input, &answer);
    if (settled != PF_OK) {
        forget(cache, remembered);
        return settled;
    }
    pf_cache_recount(cache);
    *ret_answer = answer;
    return PF_OK;
}

static void ignore_slot(void *opaque PF_UNUSED, uint32_t slot PF_UNUSED)
{
}

/* Gather first answers. */
static enum pf_code warm_some(struct pf_remembered *remembered, const struct pf_filter_input *input,
                              uint32_t most, struct pf_cache_warmth *ret_warmth)
{
    if (!make_room(remembered, input)) {
        return PF_E_NO_MEMORY;
    }
    struct refresh refresh = begin_refresh(remembered, input);
    const uint64_t since = remembered->seen != 0 ? remembered->seen : remembered->warm_since;
    const bool lost = since == 0 || is_stale(remembered, input) ||
                      pf_model_changes_since(input->model, since, ignore_slot, NULL) == 0;
    if (!lost && remembered->seen != 0) {
        *ret_warmth = (struct pf_cache_warmth){.more = false};
        return PF_OK;
    }
    if (lost) {
        begin_all(&refresh);
    }
    const uint32_t before = remembered->warm;
    const bool all = compute_some(&refresh, most);
    *ret_warmth = (struct pf_cache_warmth){.asked = remembered->warm - before, .more = !all};
    return refresh.code;
}

enum pf_code pf_cache_warm(struct pf_cache *cache, const struct pf_filter_input *input,
                           struct pf_sv key, uint32_t most, struct pf_cache_warmth *ret_warmth)
{
    struct pf_remembered *remembered = find_or_make(cache, input->question, key);
    if (remembered == NULL) {
        return PF_E_NO_MEMORY;
    }
    struct pf_cache_warmth warmth = {.more = false};
    const enum pf_code code = warm_some(remembered, input, most, &warmth);
    if (code != PF_OK) {
        forget(cache, remembered);
        return code;
    }
    pf_cache_recount(cache);
    *ret_warmth = warmth;
    return PF_OK;
}

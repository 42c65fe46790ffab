#ifndef PODFIT_FIT_CACHE_H
#define PODFIT_FIT_CACHE_H

/** Remembered questions with every node's outcome, brought up to date from the model's change log. Inside of the fit module; under the model's lock. */

#include "evictions.h"
#include <podfit/map.h>

struct pf_remembered;

struct pf_cache {
    struct pf_map map;            /**< canonical bytes to struct pf_remembered */
    struct pf_remembered *newest; /**< asked last */
    struct pf_remembered *oldest;
    size_t count;
    size_t bytes;
    size_t max_bytes; /**< not enforced for the two that were asked last */
};

/** Answer of the cache, borrowed until the next question. */
struct pf_cache_answer {
    const struct pf_outcomes *outcomes;
    uint32_t best; /**< slot with the highest score, the lowest of equals; PF_NODE_NONE */
    const uint8_t *
        values; /**< by slot: pf_score_plain() + 1, or 0 when a filter other than the topology filters excludes the node */
    const struct pf_topology *topology; /**< finished; NULL when no topology filter has a say */
    struct pf_results results;
    struct pf_evictions *evictions; /**< what is remembered of eviction for the question */
    uint64_t stamp; /**< another one when results may have changed on nodes that did not change */
};

/** What a step of gathering first answers did. */
struct pf_cache_warmth {
    uint32_t asked; /**< slots */
    bool more;      /**< some are left */
};

void pf_cache_init(struct pf_cache *cache, size_t max_bytes);
void pf_cache_done(struct pf_cache *cache);

/**
 * Answer a question that is not narrowed and not rejected, remembering it.
 *
 * @param input  with the caller's question; resolved when it has a plan of volumes, which is read for nodes that are looked at
 * @param key    pf_question_key() of it, and pf_volume_key(); copied
 * @return PF_OK, PF_E_NO_MEMORY, PF_E_TOO_BIG (more distinct outcomes than are kept) or PF_E_NOT_FOUND (as pf_dry_run_topology()): the question is not remembered, scan instead
 */
enum pf_code pf_cache_ask(struct pf_cache *cache, const struct pf_filter_input *input,
                          struct pf_sv key, struct pf_cache_answer *ret_answer) PF_MUST_CHECK;
/**
 * Bring a question closer to being remembered: ask at most @p most nodes for the first time. Afterwards pf_cache_ask() looks only at what changed since.
 *
 * @return as pf_cache_ask()
 */
enum pf_code pf_cache_warm(struct pf_cache *cache, const struct pf_filter_input *input,
                           struct pf_sv key, uint32_t most,
                           struct pf_cache_warmth *ret_warmth) PF_MUST_CHECK;
/** Count the memory of the question that was asked last again: what is remembered of eviction grew. Its answer stays valid. */
void pf_cache_recount(struct pf_cache *cache);

#endif

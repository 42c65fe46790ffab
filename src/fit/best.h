#ifndef PODFIT_FIT_BEST_H
#define PODFIT_FIT_BEST_H

/** Tournament tree over slots: the highest score and the lowest slot that has it. Inside of the fit module; one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/macro.h>

struct pf_best {
    uint8_t *tree;   /**< owned; root at 1, leaf of slot s at leaves + s; 0 = not a candidate */
    uint32_t leaves; /**< power of two, 0 while empty */
};

/** Free. Accepts a zeroed struct, which is also an empty tree. */
void pf_best_done(struct pf_best *best);
/** Make room for @p slots slots. @return false: no memory, nothing changed */
bool pf_best_fit_slots(struct pf_best *best, uint32_t slots) PF_MUST_CHECK;
/** Set a slot's value (0: not a candidate) in O(log slots). */
void pf_best_set(struct pf_best *best, uint32_t slot, uint8_t value);
/** No candidate. */
void pf_best_clear(struct pf_best *best);
/** Set a leaf only; pf_best_build() before the next pf_best_slot(). */
void pf_best_put(struct pf_best *best, uint32_t slot, uint8_t value);
void pf_best_build(struct pf_best *best);
/** Value that was set for a slot. */
uint8_t pf_best_value(const struct pf_best *best, uint32_t slot);
/** Values by slot, borrowed until the next change. */
const uint8_t *pf_best_values(const struct pf_best *best);
/** @return UINT32_MAX (PF_NODE_NONE) when there is no candidate */
uint32_t pf_best_slot(const struct pf_best *best);
/** Memory held. */
size_t pf_best_bytes(const struct pf_best *best);

#endif

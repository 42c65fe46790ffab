#ifndef PODFIT_FIT_TOPOLOGY_AXIS_H
#define PODFIT_FIT_TOPOLOGY_AXIS_H

/** The domains of a topology key: the values that nodes have for it, numbered. Inside of the fit module. */

#include <stddef.h>
#include <stdint.h>

#include <podfit/macro.h>

struct pf_topology_axis {
    uint32_t *values; /**< by domain: intern id of the label's value */
    uint32_t *nodes;  /**< by domain: that have it; 0: a free domain, values is the next free one */
    uint32_t *index;  /**< open addressing: domain + 1, 0 = empty */
    size_t cap;
    size_t index_cap;
    uint32_t count; /**< domains, free ones included */
    uint32_t live;
    uint32_t free_head;
};

/** Free. Accepts a zeroed struct. */
void pf_topology_axis_done(struct pf_topology_axis *axis);
/** Forget every domain; memory is kept. A zeroed struct has to be reset before it is used. */
void pf_topology_axis_reset(struct pf_topology_axis *axis);
/** One more node has the value. @return domain + 1, or 0: no memory */
uint32_t pf_topology_axis_enter(struct pf_topology_axis *axis, uint32_t value) PF_MUST_CHECK;
/** One node less is in the domain; the last one frees its number. @param domain  of pf_topology_axis_enter(), less 1 */
void pf_topology_axis_leave(struct pf_topology_axis *axis, uint32_t domain);
/** Memory held. */
size_t pf_topology_axis_bytes(const struct pf_topology_axis *axis);

#endif

#ifndef PODFIT_K8S_ORDER_H
#define PODFIT_K8S_ORDER_H

/** Internal to k8s: sort and search by name without memory and without quadratic inputs. Pure functions. */

#include <podfit/sv.h>

/** Something with a name. */
struct pf_order_item {
    struct pf_sv name;
    const void *ref; /**< borrowed; what the name stands for */
    uint32_t rank;   /**< order among equal names */
};

/** Sort by name, then by rank, in place; n log n for every input. */
void pf_order_sort(struct pf_order_item *items, size_t count);

/** @return whether two neighbours of sorted @p items have the same name */
bool pf_order_has_twice(const struct pf_order_item *items, size_t count);

/** @return the last of the sorted @p items with this name, or NULL; binary search */
const struct pf_order_item *pf_order_find(const struct pf_order_item *items, size_t count,
                                          struct pf_sv name);

#endif

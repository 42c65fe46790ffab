#ifndef PODFIT_IMAGES_H
#define PODFIT_IMAGES_H

/**
 * Container images that nodes say they have (status.images), by name: for each image the set of its nodes, so that an image that every node has costs one bit
 * a node. All [locked]; whatever is handed out is borrowed until the next change of a node.
 *
 * kube-scheduler keeps one size a name, that of whichever node came first; podfit keeps the size each node says, which is the same unless nodes disagree.
 */

#include <podfit/model.h>

struct pf_image;

/**
 * Walk over the images with a name as nodes spell it. No node has two of them.
 *
 * @param previous  what the last call gave, NULL to begin
 * @return NULL at the end
 */
const struct pf_image *pf_model_image_next(const struct pf_model *model, struct pf_sv name,
                                           const struct pf_image *previous);
/** sizeBytes */
int64_t pf_image_size(const struct pf_image *image);
/** Nodes that have it. */
uint32_t pf_image_nodes(const struct pf_image *image);
/** Slots that have it, in ascending order. */
void pf_image_each(const struct pf_image *image, void (*visit)(void *opaque, uint32_t slot),
                   void *opaque);

#endif

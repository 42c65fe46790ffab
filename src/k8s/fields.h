#ifndef PODFIT_K8S_FIELDS_H
#define PODFIT_K8S_FIELDS_H

/** Internal to k8s: what all objects share. Each function reads the value that comes next; errors stay in the decoder. */

#include "decode.h"
#include <podfit/object.h>

/** A string map, sorted. @return whether it stood there as an object */
bool pf_fields_labels(struct pf_decode *d, struct pf_labels *ret_labels);
/** A ResourceList. A number podfit refuses is recorded as defect and stands as 0. */
void pf_fields_resources(struct pf_decode *d, struct pf_resource_list *ret_list);
/** One quantity. A number podfit refuses is recorded as defect; *ret_quantity stays as it was. */
void pf_fields_quantity(struct pf_decode *d, struct pf_quantity *ret_quantity);
/** ObjectMeta. */
void pf_fields_meta(struct pf_decode *d, struct pf_meta *ret_meta);

#endif

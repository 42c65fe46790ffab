#ifndef PODFIT_K8S_LABELNAME_H
#define PODFIT_K8S_LABELNAME_H

/** Internal to k8s: names as k8s.io/apimachinery pkg/util/validation checks them. Pure functions. */

#include <podfit/sv.h>

/**
 * IsQualifiedName: `[prefix/]name`, name of 1 to 63 characters, prefix a DNS subdomain.
 *
 * @param prefix_spare characters that would stand in front of the prefix and count for its length
 */
bool pf_labelname_is_qualified(struct pf_sv text, size_t prefix_spare);

/** IsValidLabelValue: empty, or up to 63 characters. */
bool pf_labelname_is_value(struct pf_sv text);

#endif

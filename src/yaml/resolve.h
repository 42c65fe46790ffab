#ifndef PODFIT_RESOLVE_H
#define PODFIT_RESOLVE_H

/** Types of scalars, as go-yaml v2 `resolve.go` gives them. */

#include <podfit/yaml.h>

#define PF_RESOLVE_TAG_PREFIX "tag:yaml.org,2002:"

/**
 * Set type and value of a scalar whose text and style are set.
 *
 * @param tag   full tag or NULL
 * @param arena for a copy of numbers with `_`
 * @return PF_OK; PF_E_UNSUPPORTED: a tag we do not know; PF_E_INVALID: the text is not of the tag's type; PF_E_NO_MEMORY
 */
enum pf_code pf_resolve_scalar(struct pf_yaml_node *node, const char *tag,
                               struct pf_arena *arena) PF_MUST_CHECK;

/** Would this text, written plain, be read as a string? */
bool pf_resolve_is_plain_string(struct pf_sv text);

#endif

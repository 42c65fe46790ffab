#ifndef PODFIT_TEST_JSON_PATCH_H
#define PODFIT_TEST_JSON_PATCH_H

/**
 * RFC 6902 on jansson values, strict: what podfit's own patch writer made is applied by code that shares nothing with it. Operations: add, replace and
 * remove; any other is an error, because podfit may not write it.
 */

#include <stdbool.h>

#include <jansson.h>

/**
 * Apply a patch.
 *
 * @param document  changed in place, also when the patch fails half-way
 * @param[out] ret_why  static text: what did not apply; untouched on success
 * @return false: the patch does not apply
 */
bool json_patch_apply(json_t *document, const json_t *patch, const char **ret_why);

#endif

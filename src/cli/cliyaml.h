#ifndef PODFIT_CLIYAML_H
#define PODFIT_CLIYAML_H

/** JSON that podfit wrote, as YAML. */

#include <podfit/arena.h>
#include <podfit/buf.h>

/**
 * Append one JSON value as block YAML.
 *
 * @param json    written by podfit, so its depth is bounded by our own writers
 * @param indent  spaces before each line
 * @return PF_OK, PF_E_INVALID (not JSON), PF_E_NO_MEMORY, the buffer's failure
 */
enum pf_code pf_cliyaml_put(struct pf_buf *buf, struct pf_sv json, unsigned indent,
                            struct pf_arena *arena, struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_BASE64_H
#define PODFIT_BASE64_H

/** Reading the base64 of kubeconfigs and of API objects; writing it: pf_buf_append_base64(). */

#include <stdbool.h>

#include <podfit/arena.h>
#include <podfit/sv.h>

/**
 * Standard base64 with padding; white space is passed over, as Go does with newlines.
 *
 * @param arena               takes the bytes, with a NUL after them
 * @param[out] ret_bytes      untouched on failure
 * @param[out] ret_no_memory  always set
 * @return false: it is none, or no memory (then @p ret_no_memory). Thread-safe.
 */
bool pf_base64_decode(struct pf_sv text, struct pf_arena *arena, struct pf_sv *ret_bytes,
                      bool *ret_no_memory) PF_MUST_CHECK;

#endif

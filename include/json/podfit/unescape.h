#ifndef PODFIT_UNESCAPE_H
#define PODFIT_UNESCAPE_H

/** Internal to json: resolve the escapes of a JSON string. Pure functions. */

#include <podfit/sv.h>

/** @return value of four hexadecimal digits, or -1 when one of them is none */
int32_t pf_unescape_hex4(const char *digits);

/**
 * @param raw       inside of a string whose escapes were checked (pf_skip_string())
 * @param[out] out  room for raw.len bytes; the result is never longer than the escapes
 * @return bytes written. Lone surrogates become U+FFFD, an escaped NUL becomes a NUL byte.
 */
size_t pf_unescape_text(struct pf_sv raw, char *out);

#endif

#ifndef PODFIT_SV_H
#define PODFIT_SV_H

/** String view: pointer and length, not NUL-terminated, borrowed from whoever owns the bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <podfit/macro.h>

struct pf_sv {
    const char *ptr; /**< may be NULL when len is 0 */
    size_t len;
};

/** View of a string literal, usable in constant initialisers. */
#define PF_SV(lit) ((struct pf_sv){.ptr = (lit), .len = sizeof(lit) - 1})
#define PF_SV_INIT(lit)                      \
    {                                        \
        .ptr = (lit), .len = sizeof(lit) - 1 \
    }
/** printf("%.*s", PF_SV_ARG(v)); views over 2 GiB do not exist here. */
#define PF_SV_ARG(v) (int)(v).len, (v).len != 0 ? (v).ptr : ""

static inline struct pf_sv pf_sv_from(const char *text)
{
    return (struct pf_sv){.ptr = text, .len = text != NULL ? strlen(text) : 0};
}

static inline bool pf_sv_eq(struct pf_sv a, struct pf_sv b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool pf_sv_eq_cstr(struct pf_sv a, const char *text)
{
    return pf_sv_eq(a, pf_sv_from(text));
}

static inline bool pf_sv_starts_with(struct pf_sv text, struct pf_sv prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.ptr, prefix.ptr, prefix.len) == 0);
}

/** Byte order, shorter first on a common prefix; as Go compares strings. @return <0, 0, >0 */
int pf_sv_cmp(struct pf_sv a, struct pf_sv b);

/** @return offset of the first @p needle in @p text, or SIZE_MAX. An empty needle is at 0. */
size_t pf_sv_find(struct pf_sv text, struct pf_sv needle);

/** Strip ASCII white space (space, tab, CR, LF) from both ends. */
struct pf_sv pf_sv_trim(struct pf_sv text);

/**
 * Strict base-10 integer: optional '-', at least one digit, nothing else; leading zeros are accepted.
 *
 * @return true and *ret_value when @p text is one and fits; @p ret_value is untouched otherwise
 */
bool pf_sv_to_i64(struct pf_sv text, int64_t *ret_value) PF_MUST_CHECK;

/** Is every byte sequence valid UTF-8 (no surrogates, no overlong forms)? */
bool pf_sv_is_utf8(struct pf_sv text);

/** 64-bit hash keyed by @p seed (wyhash-style mixing); stable within a process only. */
uint64_t pf_sv_hash(struct pf_sv text, uint64_t seed);

#endif

#ifndef PODFIT_MACRO_H
#define PODFIT_MACRO_H

/** Small language helpers; no domain knowledge. */

#include <stdlib.h>

#define PF_ARRAY_LEN(a)     (sizeof(a) / sizeof((a)[0]))
#define PF_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define PF_MUST_CHECK       __attribute__((warn_unused_result))
#define PF_UNUSED           __attribute__((unused))
#define PF_LIKELY(x)        __builtin_expect(!!(x), 1)
#define PF_UNLIKELY(x)      __builtin_expect(!!(x), 0)

/** Move an owned pointer out of a scope whose cleanup attribute would free it. */
#define PF_TAKE(p)                     \
    __extension__({                    \
        __typeof__(p) pf_taken_ = (p); \
        (p) = NULL;                    \
        pf_taken_;                     \
    })

static inline void pf_macro_free_cleanup(void *p)
{
    free(*(void **)p);
}
/** `pf_autofree char *s = NULL;`: free(3) at the end of the scope. */
#define pf_autofree __attribute__((cleanup(pf_macro_free_cleanup)))

#endif

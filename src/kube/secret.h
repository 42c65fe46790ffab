#ifndef PODFIT_KUBE_SECRET_H
#define PODFIT_KUBE_SECRET_H

/** Inside kube: texts that are overwritten before their memory goes back. */

#include <stdlib.h>

#include <podfit/buf.h>

/** Overwrite and free a NUL-terminated text. NULL is ignored. */
static inline void pf_secret_free(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
        free(text);
    }
}

/** Overwrite and free what a buffer holds. A buffer that grew left copies behind: reserve first. */
static inline void pf_secret_buf_done(struct pf_buf *buf)
{
    if (buf->data != NULL) {
        explicit_bzero(buf->data, buf->cap);
    }
    pf_buf_done(buf);
}

static inline void pf_secret_buf_cleanup(struct pf_buf *buf)
{
    pf_secret_buf_done(buf);
}
#define pf_autosecret __attribute__((cleanup(pf_secret_buf_cleanup)))

#endif

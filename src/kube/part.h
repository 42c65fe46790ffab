#ifndef PODFIT_PART_H
#define PODFIT_PART_H

/* The bytes of a frame or an item that have come so far. */

#include <podfit/buf.h>
#include <podfit/limits.h>

/* Empty it; the memory of an unusually large one is given back. */
static inline void pf_part_reset(struct pf_buf *part)
{
    if (part->cap > PF_STREAM_KEEP_BYTES) {
        const size_t max_bytes = part->max_bytes;
        pf_buf_done(part);
        pf_buf_init(part, max_bytes);
    }
    pf_buf_reset(part);
}

#endif

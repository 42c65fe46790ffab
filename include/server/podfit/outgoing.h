#ifndef PODFIT_OUTGOING_H
#define PODFIT_OUTGOING_H

/**
 * The bytes that TLS sends on a connection. libmicrohttpd gives TLS the header and the body of an answer one after the other, and each becomes a record and a
 * system call of its own: two packets, and a client that is woken for the header alone. Here the record of the header waits for that of the body, and both go
 * out in one call. Nothing else waits, and never for time: only a record after which another is certain is held.
 *
 * Belongs to one connection and to the thread of its listener.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/** The header of an answer to a review has 131 bytes as a record; a longer one than this is sent at once. */
#define PF_OUTGOING_HELD_BYTES 512
/** Pieces of one send; GnuTLS gives at most 32 records. The rest is a partial send. */
#define PF_OUTGOING_PIECES_MAX 32

/** All fields are private. Zeroed memory with the socket is a connection on which nothing waits. */
struct pf_outgoing {
    int fd;          /**< borrowed; not blocking */
    bool hold;       /**< the next bytes wait for those after them */
    size_t held_len; /**< bytes that wait */
    unsigned char held[PF_OUTGOING_HELD_BYTES];
};

/** More bytes follow the next ones for certain, unless the connection ends: let the next ones wait for them. */
void pf_outgoing_hold_next(struct pf_outgoing *outgoing);

/**
 * As sendmsg(2): bytes that are held are taken as sent, and go out before everything else.
 *
 * @param pieces  borrowed for the call
 * @return bytes taken, or -1 with errno; EAGAIN: the socket takes no more now, call again with the same bytes
 */
ssize_t pf_outgoing_send(struct pf_outgoing *outgoing, const struct iovec *pieces, int count);

#endif

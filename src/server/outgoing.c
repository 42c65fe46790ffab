#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <podfit/outgoing.h>

void pf_outgoing_hold_next(struct pf_outgoing *outgoing)
{
    outgoing->hold = true;
}

/* @return true: all of it waits now */
static bool keep(struct pf_outgoing *outgoing, const struct iovec *pieces, int count)
{
    size_t len = 0;
    if (outgoing->held_len != 0) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        if (pieces[i].iov_len > sizeof(outgoing->held) - len) {
            return false;
        }
        if (pieces[i].iov_len != 0) {
            memcpy(outgoing->held + len, pieces[i].iov_base, pieces[i].iov_len);
            len += pieces[i].iov_len;
        }
    }
    outgoing->held_len = len;
    return true;
}

/* what was held has gone out up to @p sent of all bytes; @return how many of the others */
static size_t settle(struct pf_outgoing *outgoing, size_t sent)
{
    const size_t own = sent < outgoing->held_len ? sent : outgoing->held_len;
    outgoing->held_len -= own;
    memmove(outgoing->held, outgoing->held + own, outgoing->held_len);
    return sent - own;
}

ssize_t pf_outgoing_send(struct pf_outgoing *outgoing, const struct iovec *pieces, int count)
{
    const bool hold = outgoing->hold;
    outgoing->hold = false;
    if (hold && keep(outgoing, pieces, count)) {
        return (ssize_t)outgoing->held_len;
    }
    struct iovec all[PF_OUTGOING_PIECES_MAX + 1];
    const int taken = count < PF_OUTGOING_PIECES_MAX ? count : PF_OUTGOING_PIECES_MAX;
    const int first = outgoing->held_len != 0 ? 1 : 0;
    all[0] = (struct iovec){.iov_base = outgoing->held, .iov_len = outgoing->held_len};
    memcpy(all + first, pieces, (size_t)taken * sizeof(*pieces));
    const struct msghdr message = {.msg_iov = all, .msg_iovlen = (size_t)(taken + first)};
    const ssize_t sent = sendmsg(outgoing->fd, &message, MSG_NOSIGNAL);
    if (sent < 0 || outgoing->held_len == 0) {
        return sent;
    }
    const size_t others = settle(outgoing, (size_t)sent);
    if (others == 0) {
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)others;
}

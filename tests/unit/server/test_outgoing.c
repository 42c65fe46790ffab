/* What waits for what, on socket pairs that keep the borders of messages; and a receiver that is slow: nothing is lost, doubled or out of order. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/macro.h>
#include <podfit/outgoing.h>

#define LONG_BYTES   (PF_OUTGOING_HELD_BYTES + 1)
#define STREAM_BYTES ((size_t)256 * 1024)

struct pair {
    struct pf_outgoing outgoing;
    int reader;
};

static void open_pair(struct pair *pair, int type)
{
    int fds[2] = {-1, -1};
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *pair = (struct pair){.outgoing = {.fd = fds[0]}, .reader = fds[1]};
}

static void close_pair(const struct pair *pair)
{
    (void)close(pair->outgoing.fd);
    (void)close(pair->reader);
}

static ssize_t send_text(struct pair *pair, const char *text)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    return pf_outgoing_send(&pair->outgoing, &piece, 1);
}

static void expect_message(const struct pair *pair, const char *want)
{
    char text[2 * LONG_BYTES + 1] = "";
    const ssize_t len = recv(pair->reader, text, sizeof(text) - 1, 0);
    assert_int_equal(len, want != NULL ? (ssize_t)strlen(want) : -1);
    assert_string_equal(text, want != NULL ? want : "");
}

static void test_header_waits_for_body(void **state PF_UNUSED)
{
    struct pair pair;
    open_pair(&pair, SOCK_SEQPACKET);
    for (int answer = 0; answer < 3; answer++) {
        pf_outgoing_hold_next(&pair.outgoing);
        assert_int_equal(send_text(&pair, "header"), 6);
        expect_message(&pair, NULL);
        assert_int_equal(send_text(&pair, "body"), 4);
        expect_message(&pair, "headerbody");
        assert_int_equal(send_text(&pair, "rest"), 4);
        expect_message(&pair, "rest");
    }
    close_pair(&pair);
}

static void test_without_a_hold_nothing_waits(void **state PF_UNUSED)
{
    struct pair pair;
    open_pair(&pair, SOCK_SEQPACKET);
    assert_int_equal(send_text(&pair, "one"), 3);
    expect_message(&pair, "one");
    close_pair(&pair);
}

static void test_long_header_is_sent_at_once(void **state PF_UNUSED)
{
    struct pair pair;
    char text[LONG_BYTES + 1] = "";
    memset(text, 'h', LONG_BYTES);
    open_pair(&pair, SOCK_SEQPACKET);
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(send_text(&pair, text), LONG_BYTES);
    expect_message(&pair, text);
    text[LONG_BYTES - 1] = '\0'; /* at the limit */
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(send_text(&pair, text), LONG_BYTES - 1);
    expect_message(&pair, NULL);
    close_pair(&pair);
}

static void test_what_waits_is_not_held_twice(void **state PF_UNUSED)
{
    struct pair pair;
    open_pair(&pair, SOCK_SEQPACKET);
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(send_text(&pair, "one"), 3);
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(send_text(&pair, "two"), 3);
    expect_message(&pair, "onetwo");
    close_pair(&pair);
}

static void test_pieces_of_one_call_stay_in_order(void **state PF_UNUSED)
{
    static char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
    enum { COUNT = sizeof(letters) - 1 };
    struct iovec pieces[COUNT];
    struct pair pair;
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = (struct iovec){.iov_base = letters + i, .iov_len = 1};
    }
    open_pair(&pair, SOCK_SEQPACKET);
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(pf_outgoing_send(&pair.outgoing, pieces, 2), 2);
    assert_int_equal(pf_outgoing_send(&pair.outgoing, pieces + 2, COUNT - 2),
                     PF_OUTGOING_PIECES_MAX);
    expect_message(&pair, "abcdefghijklmnopqrstuvwxyzABCDEFGH");
    close_pair(&pair);
}

static void test_error_is_told(void **state PF_UNUSED)
{
    struct pair pair;
    open_pair(&pair, SOCK_STREAM);
    pf_outgoing_hold_next(&pair.outgoing);
    assert_int_equal(send_text(&pair, "header"), 6);
    (void)close(pair.reader);
    assert_int_equal(send_text(&pair, "body"), -1);
    assert_int_equal(errno, EPIPE);
    (void)close(pair.outgoing.fd);
}

static void take_some(int reader, size_t *received)
{
    unsigned char bytes[700];
    const ssize_t got = recv(reader, bytes, sizeof(bytes), 0);
    for (ssize_t i = 0; i < got; i++, (*received)++) {
        assert_int_equal(bytes[i], *received % 251);
    }
}

/* Header and body in turn into a socket that is full most of the time: each byte arrives once and in its place. */
static void test_slow_receiver(void **state PF_UNUSED)
{
    unsigned char bytes[1200];
    const int small = 4096;
    size_t sent = 0;
    size_t received = 0;
    size_t refused = 0;
    struct pair pair;
    open_pair(&pair, SOCK_STREAM);
    assert_int_equal(setsockopt(pair.outgoing.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    for (size_t step = 0; sent < STREAM_BYTES; step++) {
        const size_t len = step % 2 == 0 ? 131 : sizeof(bytes);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (unsigned char)((sent + i) % 251);
        }
        if (step % 2 == 0) {
            pf_outgoing_hold_next(&pair.outgoing);
        }
        for (size_t done = 0; done < len;) {
            const struct iovec piece = {.iov_base = bytes + done, .iov_len = len - done};
            const ssize_t taken = pf_outgoing_send(&pair.outgoing, &piece, 1);
            if (taken < 0) {
                assert_int_equal(errno, EAGAIN);
                refused++;
                take_some(pair.reader, &received);
            } else {
                done += (size_t)taken;
            }
        }
        sent += len;
    }
    (void)close(pair.outgoing.fd);
    size_t before = 0;
    do {
        before = received;
        take_some(pair.reader, &received);
    } while (received != before);
    assert_in_range(sent - received, 0, pair.outgoing.held_len);
    assert_true(refused > 10);
    (void)close(pair.reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_waits_for_body),
        cmocka_unit_test(test_without_a_hold_nothing_waits),
        cmocka_unit_test(test_long_header_is_sent_at_once),
        cmocka_unit_test(test_what_waits_is_not_held_twice),
        cmocka_unit_test(test_pieces_of_one_call_stay_in_order),
        cmocka_unit_test(test_error_is_told),
        cmocka_unit_test(test_slow_receiver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

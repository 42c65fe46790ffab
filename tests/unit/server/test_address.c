/* Listening on all addresses: of both families where there are two, of IPv4 where there is no other. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/address.h>

/* the linker's --wrap gives this function to the code under test */
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);

static bool without_ipv6;

int __wrap_socket(int domain, int type, int protocol)
{
    if (without_ipv6 && domain == AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return __real_socket(domain, type, protocol);
}

static struct pf_address parsed(const char *text)
{
    struct pf_address address = {.bytes = 0};
    struct pf_err err = {0};
    if (pf_address_parse(pf_sv_from(text), &address, &err) != PF_OK) {
        fail_msg("'%s': %s", text, err.text);
    }
    return address;
}

/* @return 0, or why there is no connection */
static int connects(const char *host, uint16_t port)
{
    char text[PF_ADDRESS_TEXT_BYTES];
    (void)snprintf(text, sizeof(text), "%s:%u", host, (unsigned)port);
    const struct pf_address address = parsed(text);
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    const int failed =
        connect(fd, (const struct sockaddr *)&address.storage, address.bytes) != 0 ? errno : 0;
    (void)close(fd);
    return failed;
}

/* A machine of the tests may have IPv6 sockets and no IPv6 loopback. */
static bool has_ipv6_loopback(void)
{
    const struct pf_address address = parsed("[::1]:0");
    struct pf_address bound = {.bytes = 0};
    int fd = -1;
    if (pf_address_listen(&address, &fd, &bound, NULL) != PF_OK) {
        return false;
    }
    (void)close(fd);
    return true;
}

static void every_address(void **state)
{
    (void)state;
    static const char *const texts[] = {":0", "[::]:0"};
    const bool six = has_ipv6_loopback();
    for (size_t i = 0; i < PF_ARRAY_LEN(texts); i++) {
        const struct pf_address address = parsed(texts[i]);
        struct pf_address bound = {.bytes = 0};
        struct pf_err err = {0};
        int fd = -1;
        const enum pf_code code = pf_address_listen(&address, &fd, &bound, &err);
        if (code != PF_OK && !six && !address.any) {
            continue; /* no IPv6, and nothing else was asked for */
        }
        assert_int_equal(code, PF_OK);
        assert_int_equal(connects("127.0.0.1", pf_address_port(&bound)), 0);
        if (six) {
            assert_int_equal(connects("[::1]", pf_address_port(&bound)), 0);
        }
        (void)close(fd);
    }
}

static void one_family_only(void **state)
{
    (void)state;
    const struct pf_address address = parsed("0.0.0.0:0");
    struct pf_address bound = {.bytes = 0};
    int fd = -1;
    assert_int_equal(pf_address_listen(&address, &fd, &bound, NULL), PF_OK);
    assert_int_equal(connects("127.0.0.1", pf_address_port(&bound)), 0);
    assert_int_not_equal(connects("[::1]", pf_address_port(&bound)), 0);
    (void)close(fd);
}

static void machine_without_ipv6(void **state)
{
    (void)state;
    const struct pf_address any = parsed(":0");
    const struct pf_address six = parsed("[::]:0");
    struct pf_address bound = {.bytes = 0};
    struct pf_err err = {0};
    char text[PF_ADDRESS_TEXT_BYTES];
    int fd = -1;
    without_ipv6 = true;
    const enum pf_code code = pf_address_listen(&any, &fd, &bound, &err);
    const enum pf_code refused = pf_address_listen(&six, &(int){-1}, &(struct pf_address){0}, &err);
    without_ipv6 = false;
    assert_int_equal(code, PF_OK);
    pf_address_format(&bound, text);
    assert_int_equal(strncmp(text, "0.0.0.0:", 8), 0);
    assert_int_equal(connects("127.0.0.1", pf_address_port(&bound)), 0);
    (void)close(fd);
    assert_int_equal(refused, PF_E_IO); /* who says so wants IPv6 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address),
        cmocka_unit_test(one_family_only),
        cmocka_unit_test(machine_without_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

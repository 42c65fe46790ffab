#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <podfit/address.h>

/* Connections that wait to be accepted; a burst of 1,000 concurrent creates must fit. */
#define BACKLOG 1024

static bool parse_port(struct pf_sv text, in_port_t *ret_port)
{
    int64_t port = 0;
    if (text.len == 0 || text.len > 5 || !pf_sv_to_i64(text, &port) || port < 0 || port > 65535) {
        return false;
    }
    *ret_port = htons((uint16_t)port);
    return true;
}

static bool parse_host(struct pf_sv host, bool bracketed, in_port_t port,
                       struct pf_address *address)
{
    char text[INET6_ADDRSTRLEN] = "::";
    if (host.len >= sizeof(text) || memchr(host.len != 0 ? host.ptr : "", '\0', host.len) != NULL) {
        return false;
    }
    if (host.len != 0) {
        memcpy(text, host.ptr, host.len);
        text[host.len] = '\0';
    }
    address->any = host.len == 0;
    if (bracketed || address->any) {
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};
        if (inet_pton(AF_INET6, text, &six.sin6_addr) != 1) {
            return false;
        }
        memcpy(&address->storage, &six, sizeof(six));
        address->bytes = sizeof(six);
        return true;
    }
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port};
    if (inet_pton(AF_INET, text, &four.sin_addr) != 1) {
        return false;
    }
    memcpy(&address->storage, &four, sizeof(four));
    address->bytes = sizeof(four);
    return true;
}

enum pf_code pf_address_parse(struct pf_sv text, struct pf_address *ret_address, struct pf_err *err)
{
    struct pf_address address = {.bytes = 0};
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    bool good = colon > 0;
    if (good) {
        struct pf_sv host = {.ptr = text.ptr, .len = colon - 1};
        const struct pf_sv port_text = {.ptr = text.ptr + colon, .len = text.len - colon};
        const bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
        if (bracketed) {
            host = (struct pf_sv){.ptr = host.ptr + 1, .len = host.len - 2};
        }
        in_port_t port = 0;
        good = parse_port(port_text, &port) && parse_host(host, bracketed, port, &address);
    }
    if (!good) {
        return pf_err_set(err, PF_E_INVALID,
                          "address '%.*s' is not IP:PORT, such as 0.0.0.0:8443, [::]:8443 or :8443",
                          PF_SV_ARG(text));
    }
    *ret_address = address;
    return PF_OK;
}

uint16_t pf_address_port(const struct pf_address *address)
{
    if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address->storage, sizeof(six));
        return ntohs(six.sin6_port);
    }
    struct sockaddr_in four;
    memcpy(&four, &address->storage, sizeof(four));
    return ntohs(four.sin_port);
}

void pf_address_format(const struct pf_address *address, char text[PF_ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    const bool six = address->storage.ss_family == AF_INET6;
    if (six) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &address->storage, sizeof(v6));
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, &address->storage, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
    }
    (void)snprintf(text, PF_ADDRESS_TEXT_BYTES, six ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)pf_address_port(address));
}

/* `[::]` is IPv4, too, whatever net.ipv6.bindv6only says: a pod has addresses of one family or of both, and probes come to any of them. */
static void open_to_both(int fd, const struct pf_address *address)
{
    const int off = 0;
    if (address->storage.ss_family == AF_INET6) {
        /* without it only IPv6 is served, and of no other address than `::` does it change anything */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
}

static enum pf_code bind_and_listen(int fd, const struct pf_address *address,
                                    struct pf_address *ret_bound, struct pf_err *err)
{
    char text[PF_ADDRESS_TEXT_BYTES];
    pf_address_format(address, text);
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* else: wait for TIME_WAIT */
    open_to_both(fd, address);
    if (bind(fd, (const struct sockaddr *)&address->storage, address->bytes) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot bind to '%s'", text);
    }
    if (listen(fd, BACKLOG) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot listen on '%s'", text);
    }
    struct pf_address bound = {.bytes = sizeof(bound.storage)};
    if (getsockname(fd, (struct sockaddr *)&bound.storage, &bound.bytes) != 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot read the address of '%s'", text);
    }
    *ret_bound = bound;
    return PF_OK;
}

static enum pf_code listen_at(const struct pf_address *address, int *ret_fd,
                              struct pf_address *ret_bound, struct pf_err *err)
{
    const int fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot open a socket");
    }
    const enum pf_code code = bind_and_listen(fd, address, ret_bound, err);
    if (code != PF_OK) {
        (void)close(fd); /* nothing was served on it */
        return code;
    }
    *ret_fd = fd;
    return PF_OK;
}

/* `ipv6.disable=1` on the kernel's command line: there are no such sockets. Where only sysctls disable it, `[::]` works and is IPv4. */
static bool lacks_ipv6(void)
{
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool lacks = fd < 0 && errno == EAFNOSUPPORT;
    if (fd >= 0) {
        (void)close(fd); /* it was only tried */
    }
    return lacks;
}

enum pf_code pf_address_listen(const struct pf_address *address, int *ret_fd,
                               struct pf_address *ret_bound, struct pf_err *err)
{
    if (!address->any || !lacks_ipv6()) {
        return listen_at(address, ret_fd, ret_bound, err);
    }
    const struct sockaddr_in four = {.sin_family = AF_INET,
                                     .sin_port = htons(pf_address_port(address)),
                                     .sin_addr = {.s_addr = htonl(INADDR_ANY)}};
    struct pf_address all = {.bytes = sizeof(four)};
    memcpy(&all.storage, &four, sizeof(four));
    return listen_at(&all, ret_fd, ret_bound, err);
}

#ifndef PODFIT_ADDRESS_H
#define PODFIT_ADDRESS_H

/** Addresses to listen on. No name is looked up: a server must not depend on DNS to start. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <podfit/error.h>
#include <podfit/sv.h>

/** `[` IPv6 `]:` port, NUL included. */
#define PF_ADDRESS_TEXT_BYTES 64

struct pf_address {
    struct sockaddr_storage storage;
    socklen_t bytes;
    bool any; /**< no host was given: IPv4 alone will do where there is no IPv6 */
};

/**
 * Parse `10.0.0.1:8443`, `[::1]:8443`, `[::]:8443` (all addresses, IPv4 ones too) or `:8443` (the same, and on a machine without IPv6 all IPv4 addresses). Port 0 lets the
 * kernel choose.
 *
 * @param[out] ret_address  untouched on failure
 * @return PF_OK or PF_E_INVALID
 */
enum pf_code pf_address_parse(struct pf_sv text, struct pf_address *ret_address,
                              struct pf_err *err) PF_MUST_CHECK;

void pf_address_format(const struct pf_address *address, char text[PF_ADDRESS_TEXT_BYTES]);
/** Host byte order. */
uint16_t pf_address_port(const struct pf_address *address);

/**
 * Open a listening TCP socket (close-on-exec, non-blocking, address reused).
 *
 * @param[out] ret_fd     owned by the caller; untouched on failure
 * @param[out] ret_bound  the address in force, with the port that was chosen; untouched on failure
 * @return PF_OK or PF_E_IO
 */
enum pf_code pf_address_listen(const struct pf_address *address, int *ret_fd,
                               struct pf_address *ret_bound, struct pf_err *err) PF_MUST_CHECK;

#endif

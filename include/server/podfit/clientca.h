#ifndef PODFIT_CLIENTCA_H
#define PODFIT_CLIENTCA_H

/**
 * Who may call: client certificates that chain to a CA file (webhook practice M-07). libmicrohttpd can only ask for a certificate; whether it is a good
 * one is decided here, on the first request of a connection and again when the CA file has changed or a minute has passed.
 */

#include <stdint.h>

#include <podfit/error.h>
#include <podfit/sv.h>

struct pf_clientca;
struct gnutls_session_int;

/** What a connection has shown. */
enum pf_clientca_answer {
    PF_CLIENTCA_GOOD, /**< chains to the CA, is valid now, may be used by a client */
    PF_CLIENTCA_NONE, /**< no certificate: 401 */
    PF_CLIENTCA_BAD,  /**< a certificate that does not pass: 403 */
};

/** Remembered per connection; zero at first. */
struct pf_clientca_memory {
    uint64_t generation; /**< 0: not asked yet */
    int64_t asked_mono_ns;
    enum pf_clientca_answer answer;
};

enum pf_code pf_clientca_new(struct pf_clientca **ret_ca, struct pf_err *err) PF_MUST_CHECK;
void pf_clientca_free(struct pf_clientca *ca);

/** Trust the certificates of this PEM text from now on. @return PF_OK, PF_E_INVALID (no certificate), PF_E_NO_MEMORY; on failure the old ones stay */
enum pf_code pf_clientca_install(struct pf_clientca *ca, struct pf_sv pem,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Ask the client of a new connection for a certificate; before the handshake. */
void pf_clientca_request(struct gnutls_session_int *session);

/** Thread-safe for different sessions. Without any CA installed nobody is good. */
enum pf_clientca_answer pf_clientca_check(struct pf_clientca *ca,
                                          struct gnutls_session_int *session,
                                          struct pf_clientca_memory *memory, int64_t mono_ns);

#endif

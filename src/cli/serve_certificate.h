#ifndef PODFIT_CLI_SERVE_CERTIFICATE_H
#define PODFIT_CLI_SERVE_CERTIFICATE_H

/** Where `podfit serve` has its certificate from: a folder, two files, or a Secret that podfit keeps together with its registration. */

#include <limits.h>

#include <podfit/cliopt.h>
#include <podfit/kubeconfig.h>
#include <podfit/server.h>

/** What the user said; a member of the options' struct. */
struct pf_serve_certificate_options {
    const char *cert_dir;
    const char *tls_cert;
    const char *tls_key;
    const char *hook;                  /**< --webhook-configuration */
    const char *secret;                /**< --cert-secret, NAME or NAMESPACE/NAME */
    const char *lease;                 /**< --cert-lease, likewise */
    struct pf_cliopt_strings services; /**< --service: names of the serving certificate */
    int64_t leaf_lifetime_ms;
    int64_t ca_lifetime_ms;
    int64_t publish_delay_ms;
};

/** 50 years: PF_CERTMAKE_LIFETIME_MAX_S. */
#define PF_SERVE_LIFETIME_MAX_MS (INT64_C(50) * 365 * 86400 * 1000)

/** Rows for the option table; TYPE is the struct, MEMBER its struct pf_serve_certificate_options. */
#define PF_SERVE_CERTIFICATE_ROWS(TYPE, MEMBER)                                                    \
    {PF_CLIOPT_TEXT(TYPE, MEMBER.cert_dir), .name = "cert-dir", .value = "DIR",                    \
     .help = "folder made by 'podfit certs create'; its certificate is renewed in time"},          \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.tls_cert), .name = "tls-cert", .value = "FILE",               \
         .help = "serving certificate with its chain (PEM), reloaded when it changes"},            \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.tls_key), .name = "tls-key", .value = "FILE",                 \
         .help = "its key (PEM)"},                                                                 \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.hook), .name = "webhook-configuration", .value = "NAME",      \
         .help = "keep the CA bundle of this MutatingWebhookConfiguration right, and CA and "      \
                 "certificate in a Secret"},                                                       \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.secret), .name = "cert-secret", .value = "[NAMESPACE/]NAME",  \
         .help = "that Secret; the namespace is podfit's own unless given"},                       \
        {PF_CLIOPT_TEXT(TYPE, MEMBER.lease), .name = "cert-lease", .value = "[NAMESPACE/]NAME",    \
         .help = "Lease of the replica that writes; without it the Secret's name"},                \
        {.name = "service",                                                                        \
         .type = PF_CLIOPT_STRINGS,                                                                \
         .offset = offsetof(TYPE, MEMBER.services),                                                \
         .value = "DNS",                                                                           \
         .help = "name the API server calls, such as podfit.podfit-system.svc, or an IP address; " \
                 "a certificate from files that does not cover it is refused"},                    \
        {.name = "cert-lifetime",                                                                  \
         .type = PF_CLIOPT_DURATION,                                                               \
         .offset = offsetof(TYPE, MEMBER.leaf_lifetime_ms),                                        \
         .value = "DURATION",                                                                      \
         .fallback = "90d",                                                                        \
         .min = 60000,                                                                             \
         .max = PF_SERVE_LIFETIME_MAX_MS,                                                          \
         .help = "lifetime of certificates in the Secret; renewed at 2/3 of it"},                  \
        {.name = "ca-lifetime",                                                                    \
         .type = PF_CLIOPT_DURATION,                                                               \
         .offset = offsetof(TYPE, MEMBER.ca_lifetime_ms),                                          \
         .value = "DURATION",                                                                      \
         .fallback = "1825d",                                                                      \
         .min = 60000,                                                                             \
         .max = PF_SERVE_LIFETIME_MAX_MS,                                                          \
         .help = "lifetime of their CA; likewise"},                                                \
    {                                                                                              \
        .name = "ca-publish-delay", .type = PF_CLIOPT_DURATION,                                    \
        .offset = offsetof(TYPE, MEMBER.publish_delay_ms), .value = "DURATION", .fallback = "1h",  \
        .min = 0, .max = PF_SERVE_LIFETIME_MAX_MS,                                                 \
        .help = "how long a next CA stands in the CA bundle before it signs"                       \
    }

/** What it comes to. */
struct pf_serve_certificate {
    char cert_path[PATH_MAX]; /**< empty: registered */
    char key_path[PATH_MAX];
    bool registered;          /**< a Secret and a webhook configuration */
    const char *secret_space; /**< in the arena, as are the next three */
    const char *secret_name;
    const char *lease_space;
    const char *lease_name;
};

/**
 * Exactly one way must be given, and wholly.
 *
 * @param kube  of the living cluster; NULL: there is none
 * @return PF_OK, PF_E_INVALID, PF_E_TOO_BIG (paths), PF_E_NO_MEMORY
 */
enum pf_code pf_serve_certificate_choose(const struct pf_serve_certificate_options *options,
                                         const struct pf_kube_config *kube, struct pf_arena *arena,
                                         struct pf_serve_certificate *ret_choice,
                                         struct pf_err *err) PF_MUST_CHECK;

/** The registration of a server. */
struct pf_serve_registration;

/** Nothing runs yet. @return PF_OK; what pf_registration_new() returns */
enum pf_code pf_serve_registration_new(const struct pf_serve_certificate_options *options,
                                       const struct pf_serve_certificate *choice,
                                       const struct pf_kube_config *kube,
                                       struct pf_serve_registration **ret_registration,
                                       struct pf_err *err) PF_MUST_CHECK;
/** For pf_server_options. @return NULL for NULL */
const struct pf_server_certificates *
pf_serve_registration_certificates(const struct pf_serve_registration *registration);
/** Begin. NULL is PF_OK. @param server  given certificates; outlives pf_serve_registration_stop() */
enum pf_code pf_serve_registration_start(struct pf_serve_registration *registration,
                                         struct pf_server *server,
                                         struct pf_err *err) PF_MUST_CHECK;
/** End; what the server asks still works. NULL is ignored. */
void pf_serve_registration_stop(struct pf_serve_registration *registration);
/** After the server has gone. NULL is ignored. */
void pf_serve_registration_free(struct pf_serve_registration *registration);

#endif

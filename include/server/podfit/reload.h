#ifndef PODFIT_RELOAD_H
#define PODFIT_RELOAD_H

/**
 * What can be exchanged while serving: configuration, certificate and key, client CA, path token. A new one that cannot be used is reported and counted, and the old
 * one stays in force (webhook practice C-09). Loading is done by one thread; the states are read by others.
 */

#include <podfit/admission.h>
#include <podfit/clientca.h>
#include <podfit/pathtoken.h>
#include <podfit/serving.h>

/** What is loaded. */
enum pf_reload_kind {
    PF_RELOAD_CONFIG,      /**< the PodfitConfiguration */
    PF_RELOAD_CERTIFICATE, /**< certificate and key of the webhook listener */
    PF_RELOAD_CLIENT_CA,   /**< who may call */
    PF_RELOAD_TOKEN,       /**< secret part of the path */
    PF_RELOAD_KINDS,       /**< how many there are */
};
/** `config`, `certificate`, `client-ca`, `token`. Static. */
const char *pf_reload_kind_name(enum pf_reload_kind kind);

/** State of one kind; a copy. */
struct pf_reload_state {
    bool used;     /**< a file was given */
    bool loaded;   /**< one is in force */
    bool broken;   /**< the newest file is not the one in force */
    bool repeated; /**< it failed as the time before, with the same content: nothing new to log */
    char error[PF_ERR_TEXT_BYTES]; /**< why, first problem */
    uint64_t successes;            /**< the first load included */
    uint64_t failures;
    int64_t success_wall_ns; /**< of the last success; 0: never */
};

/** The certificate in force. */
struct pf_reload_certificate {
    int64_t not_before_wall_ns;
    int64_t not_after_wall_ns;
    char sha256[65];
    char subject[256];
};

/** All borrowed; NULL paths are not used. */
struct pf_reload_options {
    const char *config_path; /**< NULL: the configuration was given at start and never changes */
    const char *cert_path;
    const char *key_path;
    const char *const *names; /**< that the certificate of cert_path must cover (C-09) */
    size_t names_count;
    const char *client_ca_path;
    const char *token_path;
    struct pf_model *model;
    struct pf_admission *admission;
    struct pf_serving *serving;
    struct pf_clientca *clientca;
    struct pf_pathtoken *token;
    const struct pf_clock *clock;
    void (*configured)(void *ctx,
                       struct pf_config *config); /**< a configuration is in force; may be NULL */
    void *ctx;
};

struct pf_reload;

/** @param config  in force at start; a reference is taken for pf_reload_config_digest() */
enum pf_code pf_reload_new(const struct pf_reload_options *options, struct pf_config *config,
                           struct pf_reload **ret_reload, struct pf_err *err) PF_MUST_CHECK;
void pf_reload_free(struct pf_reload *reload);

/**
 * Read one kind anew and put it in force. A configuration equal to the one in force changes nothing and counts as a success. All problems of a
 * broken configuration are logged, once for one content.
 */
enum pf_code pf_reload_load(struct pf_reload *reload, enum pf_reload_kind kind,
                            struct pf_err *err) PF_MUST_CHECK;

/** A certificate that comes from no file; see pf_server_set_certificate(). Thread-safe. */
enum pf_code pf_reload_set_certificate(struct pf_reload *reload, struct pf_sv cert_pem,
                                       struct pf_sv key_pem, struct pf_err *err) PF_MUST_CHECK;

/** The control plane's version; see pf_server_set_minor(). Thread-safe. */
enum pf_code pf_reload_set_minor(struct pf_reload *reload, int minor,
                                 struct pf_err *err) PF_MUST_CHECK;

/* Thread-safe. */

struct pf_reload_state pf_reload_state(struct pf_reload *reload, enum pf_reload_kind kind);
struct pf_reload_certificate pf_reload_certificate(struct pf_reload *reload);
/** The configuration in force, with a reference for the caller. */
struct pf_config *pf_reload_config(struct pf_reload *reload) PF_MUST_CHECK;
/** Digest of the configuration in force. */
void pf_reload_config_digest(struct pf_reload *reload, char digest[17]);

/** Warn in the log of what this configuration asks and this server cannot do: classes that gate pods which nothing would ever release. */
void pf_reload_warn(const struct pf_config *config, bool live);

#endif

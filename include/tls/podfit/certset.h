#ifndef PODFIT_CERTSET_H
#define PODFIT_CERTSET_H

/**
 * CA and serving certificate in memory, with what their rotation needs: the contents of the Secret that replicas share. The same rotation as in a folder
 * (certdir.h), with other places:
 *
 *     ca.crt       what clients trust (caBundle); the first certificate is the CA that signs now, then the next one once published, then old ones
 *     ca.key       key of the first
 *     tls.crt      serving certificate
 *     tls.key      its key
 *     ca-next.crt  CA that is published and not yet in use; absent most of the time
 *     ca-next.key  its key
 *     tls-old.crt  replaced serving certificates that have not expired: they say how long an old CA is needed
 *
 * The layout is stable: any version of podfit reads what another wrote. Functions keep no state and are thread-safe.
 */

#include <podfit/certdir.h>

/** The parts; also the order in which they are written. */
enum pf_certset_part {
    PF_CERTSET_BUNDLE,   /**< `ca.crt` */
    PF_CERTSET_CA_KEY,   /**< `ca.key` */
    PF_CERTSET_TLS_CRT,  /**< `tls.crt` */
    PF_CERTSET_TLS_KEY,  /**< `tls.key` */
    PF_CERTSET_NEXT_CRT, /**< `ca-next.crt` */
    PF_CERTSET_NEXT_KEY, /**< `ca-next.key` */
    PF_CERTSET_OLD_CRT,  /**< `tls-old.crt` */
    PF_CERTSET_PARTS,    /**< how many there are */
};

/** Name such as `ca.crt`. Static. */
const char *pf_certset_name(enum pf_certset_part part);

/** Owned PEM texts; an empty one is absent. Zero-initialise; release with pf_certset_done(). */
struct pf_certset {
    struct pf_buf parts[PF_CERTSET_PARTS];
};

/** Overwrite and free. Accepts a zeroed set, may be called twice. */
void pf_certset_done(struct pf_certset *set);
#define pf_autocertset __attribute__((cleanup(pf_certset_done)))

/** Move a set out of a scope that would release it. */
static inline struct pf_certset pf_certset_take(struct pf_certset *set)
{
    const struct pf_certset taken = *set;
    *set = (struct pf_certset){0};
    return taken;
}

/** Set a part to a copy of @p pem. @return PF_OK, PF_E_TOO_BIG (PF_CERT_PEM_MAX_BYTES), PF_E_NO_MEMORY */
enum pf_code pf_certset_put(struct pf_certset *set, enum pf_certset_part part, struct pf_sv pem,
                            struct pf_err *err) PF_MUST_CHECK;
/** A copy. @return PF_OK, PF_E_NO_MEMORY */
enum pf_code pf_certset_copy(const struct pf_certset *set, struct pf_certset *ret_copy,
                             struct pf_err *err) PF_MUST_CHECK;
/** Borrowed until the set changes. */
struct pf_sv pf_certset_view(const struct pf_certset *set, enum pf_certset_part part);
/** Does nothing stand in it? */
bool pf_certset_is_empty(const struct pf_certset *set);

/**
 * A first CA and leaf.
 *
 * @param options       names are needed; force is not looked at
 * @param[out] ret_set  owned by the caller; untouched on failure
 * @return PF_OK; PF_E_INVALID, PF_E_RANGE, PF_E_TOO_BIG (options); PF_E_NO_MEMORY; PF_E_INTERNAL
 */
enum pf_code pf_certset_create(const struct pf_certdir_options *options, int64_t now_wall_ns,
                               struct pf_certset *ret_set, struct pf_err *err) PF_MUST_CHECK;

/**
 * Do what is due.
 *
 * @param[out] ret_fresh  the new contents, owned by the caller; untouched on failure and when nothing was due
 * @param[out] ret_acts   enum pf_certplan_act; 0: nothing was due
 * @return as pf_certdir_renew()
 */
enum pf_code pf_certset_renew(const struct pf_certset *set,
                              const struct pf_certdir_options *options, int64_t now_wall_ns,
                              struct pf_certset *ret_fresh, unsigned *ret_acts,
                              struct pf_err *err) PF_MUST_CHECK;

/**
 * What is in it and what is due; as pf_certdir_show(), without the problems of files.
 *
 * @param[out] ret_report  owned by the caller; untouched on failure
 * @return PF_OK; PF_E_NOT_FOUND (no ca.crt), PF_E_INVALID (ca.crt is no CA certificate), PF_E_NO_MEMORY
 */
enum pf_code pf_certset_show(const struct pf_certset *set, const struct pf_certdir_options *options,
                             int64_t now_wall_ns, struct pf_certdir_report *ret_report,
                             struct pf_err *err) PF_MUST_CHECK;

#endif

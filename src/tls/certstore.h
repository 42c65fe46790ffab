#ifndef PODFIT_TLS_CERTSTORE_H
#define PODFIT_TLS_CERTSTORE_H

/* The files of a certificate folder as bytes: locking, generations, links. What is in the files is certstate's business. */

#include <sys/stat.h>

#include <podfit/buf.h>
#include <podfit/error.h>

/** The files of a generation. */
enum pf_certstore_file {
    PF_CERTSTORE_CA_CRT,
    PF_CERTSTORE_CA_KEY,
    PF_CERTSTORE_TLS_CRT,
    PF_CERTSTORE_TLS_KEY,
    PF_CERTSTORE_BUNDLE,
    PF_CERTSTORE_NEXT_CRT, /**< from here on without a link in the folder itself */
    PF_CERTSTORE_NEXT_KEY,
    PF_CERTSTORE_OLD_CRT, /**< replaced leaves */
    PF_CERTSTORE_COUNT,
};

/** One file as it was found. */
struct pf_certstore_entry {
    struct pf_buf bytes; /**< empty when it is not there */
    mode_t mode;         /**< permission bits; 0 when it is not there or podfit just made it */
    struct pf_err
        error; /**< why it could not be read; code PF_OK otherwise, also when it is not there */
};

/** Everything in a folder. Zero-initialise; release with pf_certstore_done(). */
struct pf_certstore {
    struct pf_certstore_entry entries[PF_CERTSTORE_COUNT];
    bool is_plain; /**< the folder has no `..data`: files made by hand, or none at all */
};

/** Name such as `ca.crt`. Static string. */
const char *pf_certstore_name(enum pf_certstore_file file);

/** Does the file hold a key? */
bool pf_certstore_is_secret(enum pf_certstore_file file);

/** Overwrite and free everything. */
void pf_certstore_done(struct pf_certstore *store);

/** View of a file's bytes. */
struct pf_sv pf_certstore_view(const struct pf_certstore *store, enum pf_certstore_file file);

/** Replace a file's bytes; @p bytes is emptied (taken over). An empty one removes the file. */
void pf_certstore_put(struct pf_certstore *store, enum pf_certstore_file file,
                      struct pf_buf *bytes);

/**
 * Lock a folder against other processes; closing the descriptor unlocks it.
 *
 * @param create      make the folder if it is not there
 * @param[out] ret_fd untouched on failure
 * @return PF_OK, PF_E_NOT_FOUND, PF_E_STATE (locked by somebody else), PF_E_IO
 */
enum pf_code pf_certstore_lock(const char *dir, bool create, int *ret_fd,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * Read the generation in force. A file that cannot be read is no failure: its entry says why.
 *
 * @param[out] ret_store  owned by the caller; untouched on failure
 * @return PF_OK, PF_E_NOT_FOUND (no folder), PF_E_STATE (a link was replaced by something else), PF_E_IO, PF_E_TOO_BIG (path), PF_E_NO_MEMORY
 */
enum pf_code pf_certstore_load(const char *dir, struct pf_certstore *ret_store,
                               struct pf_err *err) PF_MUST_CHECK;

/**
 * Make @p store the generation in force: all of it or nothing. Plain files of @p before are first taken over as a generation of their own,
 * so that there is no instant with a mixture.
 *
 * @param before  what pf_certstore_load() found; borrowed
 */
enum pf_code pf_certstore_commit(const char *dir, const struct pf_certstore *before,
                                 const struct pf_certstore *store,
                                 struct pf_err *err) PF_MUST_CHECK;

/** Finish what a crash left: mend the links (not in a plain folder), remove generations that are not in force. */
enum pf_code pf_certstore_tidy(const char *dir, struct pf_err *err) PF_MUST_CHECK;

#define pf_autocertstore __attribute__((cleanup(pf_certstore_done)))

#endif

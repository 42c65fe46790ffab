#ifndef PODFIT_REGISTERED_OBJECTS_H
#define PODFIT_REGISTERED_OBJECTS_H

/** The two API objects that registration reads and writes, as JSON: the Secret with the certificates and the webhook configuration. Thread-safe. */

#include <podfit/arena.h>
#include <podfit/certset.h>

/** Annotation by which an operator asks for a new CA (`ca`) or a new serving certificate (`leaf`) now; taken away when it is done. */
#define PF_SECRET_ROTATE_ANNOTATION "podfit.io/rotate"
/** Field manager of the CA bundle: nobody else's, so that the field has one owner (webhook practice C-13). */
#define PF_HOOK_FIELD_MANAGER "podfit-ca"

/** What an operator asks of a Secret. */
enum pf_secret_rotate {
    PF_SECRET_ROTATE_NOTHING, /**< no annotation */
    PF_SECRET_ROTATE_LEAF,    /**< a new serving certificate */
    PF_SECRET_ROTATE_CA,      /**< a next CA, and all that follows from it */
    PF_SECRET_ROTATE_UNKNOWN, /**< some other value: not done, and told */
};

/** A Secret as it was read. Zero-initialise; release with pf_secret_object_done(). */
struct pf_secret_object {
    char name[256];
    char resource_version[64];
    enum pf_secret_rotate rotate;
    struct pf_certset set; /**< empty when it has none of our keys */
};

void pf_secret_object_done(struct pf_secret_object *object);
#define pf_autosecretobject __attribute__((cleanup(pf_secret_object_done)))

/**
 * Read a Secret. Keys of `data` that are not ours are passed over.
 *
 * @param[out] ret_object  owned by the caller; untouched on failure
 * @return PF_OK; PF_E_INVALID (no Secret, without resourceVersion, a value that is not base64); PF_E_TOO_BIG; PF_E_NO_MEMORY
 */
enum pf_code pf_secret_object_decode(struct pf_sv json, struct pf_secret_object *ret_object,
                                     struct pf_err *err) PF_MUST_CHECK;

/** Append the body that creates the Secret, of type kubernetes.io/tls. The caller overwrites it: it holds keys. */
void pf_secret_object_create(struct pf_buf *buf, const char *space, const char *name,
                             const struct pf_certset *set);
/**
 * Append the JSON merge patch that changes exactly our keys, if the Secret still is @p resource_version, and takes the annotation away. The caller overwrites it.
 */
void pf_secret_object_patch(struct pf_buf *buf, const char *resource_version,
                            const struct pf_certset *set);

/** One entry of a webhook configuration; texts live in the arena or the JSON. */
struct pf_hook_entry {
    struct pf_sv name;
    struct pf_sv ca_pem; /**< caBundle decoded; empty: none, or not base64 */
};

/** A MutatingWebhookConfiguration. */
struct pf_hook_object {
    struct pf_sv name;
    struct pf_hook_entry *entries; /**< in the arena */
    size_t count;                  /**< at most PF_HOOK_ENTRIES_MAX */
};

/** @return PF_OK; PF_E_INVALID (no such object, an entry without a name); PF_E_TOO_BIG (entries); PF_E_NO_MEMORY */
enum pf_code pf_hook_object_decode(struct pf_sv json, struct pf_arena *arena,
                                   struct pf_hook_object *ret_object,
                                   struct pf_err *err) PF_MUST_CHECK;

/** Append the body of a server-side apply that sets the CA bundle of every entry and nothing else. */
void pf_hook_object_apply(struct pf_buf *buf, const struct pf_hook_object *object,
                          struct pf_sv bundle_pem);

#endif

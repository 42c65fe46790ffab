#ifndef PODFIT_CLUSTER_STORE_H
#define PODFIT_CLUSTER_STORE_H

/** Internal to cluster: one table a kind of the objects in podfit/volumes.h, each object one heap block with all its texts. */

#include <podfit/map.h>
#include <podfit/volumes.h>

/** Namespace, '/' and name. */
#define PF_OBJECT_KEY_MAX 640

/** Stands right before the object itself, in the same block. */
struct pf_object {
    struct pf_object *prev; /**< in the chain; NULL: its head */
    struct pf_object *next;
    struct pf_sv key;
    struct pf_sv chain; /**< what it has in common with others; empty: nothing */
    size_t block_bytes;
    bool doubtful; /**< pf_feed_doubt() */
};

struct pf_store {
    struct pf_map by_key;
    struct pf_map chains; /**< chain text to the head's address */
    bool known;           /**< see pf_model_knows_kind() */
};

struct pf_stores {
    struct pf_store kinds[PF_KIND_COUNT];
    uint64_t version;
    uint64_t storage_version; /**< pf_model_storage_version() */
    uint64_t budgets_version; /**< pf_model_budgets_version() */
};

static inline const void *pf_object_view(const struct pf_object *object)
{
    return object + 1;
}

void pf_store_init(struct pf_stores *stores);
void pf_store_done(struct pf_stores *stores);
/** See pf_feed_doubt(), pf_feed_keep(), pf_feed_sweep(). */
void pf_store_doubt(struct pf_store *store);
void pf_store_keep(struct pf_store *store, struct pf_sv space, struct pf_sv name);
size_t pf_store_sweep(struct pf_model *model, enum pf_kind kind);
/** The claim of `namespace/name`, or NULL. */
const struct pf_claim *pf_store_claim(const struct pf_stores *stores, struct pf_sv key);
/** Memory of the tables, without the objects. */
size_t pf_store_table_bytes(const struct pf_stores *stores);
/** Recount and compare: links, keys, chains. @param ret_heap_bytes  of the objects @return as pf_model_check() */
enum pf_code pf_store_check(const struct pf_stores *stores, size_t *ret_heap_bytes,
                            struct pf_err *err) PF_MUST_CHECK;

/* ---- store_note.c: whose verdicts an object changes ---- */

/** An object came or is about to go; with apply, the one that it replaced went. */
void pf_store_note_reach(struct pf_model *model, enum pf_kind kind, const struct pf_object *object);
/** The same, and the versions of all objects and of pending pods grow where filters read the kind. */
void pf_store_note_change(struct pf_model *model, enum pf_kind kind,
                          const struct pf_object *object);
/** All objects of a kind can be seen from now on, or none. */
void pf_store_note_kind(struct pf_model *model, enum pf_kind kind, bool known);

/* ---- store_pack.c ---- */

/**
 * A block with a pf_object and a deep copy of @p view (the kind's struct) behind it; key and chain are set, links are not.
 *
 * @return NULL: no memory; release with free(3)
 */
struct pf_object *pf_store_pack(enum pf_kind kind, const void *view) PF_MUST_CHECK;

#endif

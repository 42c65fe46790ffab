#ifndef PODFIT_CLUSTER_INTERNAL_H
#define PODFIT_CLUSTER_INTERNAL_H

/**
 * The model's insides, shared by the files of this module. Every change is made in two steps: *prepare* allocates what the change can need and may fail,
 * *commit* cannot fail. New room is counted before old room is given back, so that nothing that is still needed is freed in between.
 */

#include <pthread.h>
#include <stddef.h>

#include "claims.h"
#include "pods.h"
#include "pool.h"
#include "slot_set.h"
#include "store.h"
#include <podfit/groups.h>
#include <podfit/limits.h>
#include <podfit/map.h>
#include <podfit/mem.h>
#include <podfit/model.h>
#include <podfit/reservation.h>

/** Node changes that are remembered (a power of two): an engine that lags further behind starts over. */
#define PF_CHANGES_MAX 65536U

/** What glibc takes for a block: 8 bytes of header, multiples of 16, 32 at the least. */
static inline size_t pf_heap_cost(size_t bytes)
{
    const size_t cost = (bytes + 8 + 15) & ~(size_t)15;
    return cost < 32 ? 32 : cost;
}

/** `space/name` in @p text, which has room for it. */
static inline struct pf_sv pf_key_join(struct pf_sv space, struct pf_sv name, char *text)
{
    if (space.len != 0) {
        memcpy(text, space.ptr, space.len);
    }
    text[space.len] = '/';
    if (name.len != 0) {
        memcpy(text + space.len + 1, name.ptr, name.len);
    }
    return (struct pf_sv){.ptr = text, .len = space.len + 1 + name.len};
}

/* ---- demand.c: what a pod takes of a node, shared by equal pods ---- */

struct pf_demand_scalar {
    int64_t amount; /**< not 0 */
    uint32_t name;  /**< intern id, referenced */
    uint32_t zero;  /**< padding that takes part in comparisons */
};

struct pf_demand_port {
    uint32_t ip; /**< intern id, referenced */
    uint16_t port;
    uint8_t protocol;
    uint8_t zero;
};

/** A volume that a filter looks at; an image with several monitors has an entry for each. */
struct pf_demand_volume {
    uint32_t name;  /**< intern id, referenced: claim, disk, iqn or pool/image */
    uint32_t other; /**< intern id, referenced: see struct pf_used_volume */
    uint8_t kind;   /**< enum pf_pod_volume_kind */
    uint8_t read_only;
    uint8_t untranslatable;
    uint8_t zero;
};

/** From milli_cpu on the bytes are the key in the table of demands. */
struct pf_demand {
    uint64_t refs;
    int64_t milli_cpu;
    int64_t memory;
    int64_t ephemeral_storage;
    int64_t nonzero_milli_cpu;
    int64_t nonzero_memory;
    uint32_t scalar_count;
    uint32_t port_count;
    uint32_t volume_count;
    uint32_t namespace_; /**< intern id, referenced; of the pod when it has volumes, else empty */
    struct pf_demand_scalar
        scalars[]; /**< sorted by name id; the ports stand behind them, then the volumes */
};

static inline const struct pf_demand_port *pf_demand_ports(const struct pf_demand *demand)
{
    return (const struct pf_demand_port *)(const void *)(demand->scalars + demand->scalar_count);
}

static inline const struct pf_demand_volume *pf_demand_volumes(const struct pf_demand *demand)
{
    return (const struct pf_demand_volume *)(const void *)(pf_demand_ports(demand) +
                                                           demand->port_count);
}

static inline size_t pf_demand_bytes(const struct pf_demand *demand)
{
    return sizeof(*demand) + demand->scalar_count * sizeof(struct pf_demand_scalar) +
           demand->port_count * sizeof(struct pf_demand_port) +
           demand->volume_count * sizeof(struct pf_demand_volume);
}

/** Bytes that make two demands equal. */
struct pf_sv pf_demand_key(const struct pf_demand *demand);
/**
 * The demand of @p request with the host ports of @p pod, with one more reference. Uses the model's scratch arena.
 *
 * @return NULL: no memory
 */
struct pf_demand *pf_demand_acquire(struct pf_model *model, const struct pf_request *request,
                                    const struct pf_pod *pod) PF_MUST_CHECK;
/** Drop one reference; NULL is ignored. */
void pf_demand_release(struct pf_model *model, struct pf_demand *demand);
/** Does @p demand stand for this request? (ports are not compared) */
bool pf_demand_is(const struct pf_model *model, const struct pf_demand *demand,
                  const struct pf_request *request);

/* ---- shape.c ---- */

/** One shape id. `view` must come first: pf_model_shape() hands it out. */
struct pf_shape_entry {
    struct pf_shape view; /**< labels and taints point into block */
    char *block;          /**< owned; the key in the table of shapes; NULL: free id */
    uint32_t block_bytes;
    uint32_t next_free;
};

/** Find or make the shape of a node and count one more node. Uses the scratch arena. @return PF_SHAPE_NONE: no memory */
uint32_t pf_shape_acquire(struct pf_model *model, const struct pf_node *node) PF_MUST_CHECK;
void pf_shape_release(struct pf_model *model, uint32_t shape);

/* ---- extra.c ---- */

/** Room for @p scalars and @p ports more entries in the rare part of a slot. @return false: no memory */
bool pf_extra_prepare(struct pf_model *model, uint32_t slot, size_t scalars,
                      size_t ports) PF_MUST_CHECK;
/** Entry of a scalar, made when absent; after pf_extra_prepare(). */
struct pf_node_scalar *pf_extra_scalar(struct pf_model *model, uint32_t slot, uint32_t name);
void pf_extra_add_port(struct pf_model *model, uint32_t slot, const struct pf_demand_port *port);
void pf_extra_sub_port(struct pf_model *model, uint32_t slot, const struct pf_demand_port *port);
/** Room for @p volumes more entries. @return false: no memory */
bool pf_extra_prepare_volumes(struct pf_model *model, uint32_t slot, size_t volumes) PF_MUST_CHECK;
/** Count the volumes of one more pod on the slot; after pf_extra_prepare_volumes(). */
void pf_extra_add_volumes(struct pf_model *model, uint32_t slot, const struct pf_demand *demand);
void pf_extra_sub_volumes(struct pf_model *model, uint32_t slot, const struct pf_demand *demand);
/** Entry of a port; NULL when there is none. */
struct pf_used_port *pf_extra_find_port(const struct pf_node_extra *extra,
                                        const struct pf_demand_port *port);
/** Entry of a volume of pods in namespace @p space; NULL when there is none. */
struct pf_used_volume *pf_extra_find_volume(const struct pf_node_extra *extra, uint32_t space,
                                            const struct pf_demand_volume *volume);
/** Drop entries that say nothing, and the whole when it is empty. */
void pf_extra_tidy(struct pf_model *model, uint32_t slot);
size_t pf_extra_bytes(const struct pf_node_extra *extra);

/* ---- slot.c ---- */

/** @return PF_NODE_NONE when neither a node of that name nor anything on it is known */
uint32_t pf_slot_find(const struct pf_model *model, struct pf_sv name);
/** Find or make the slot of a name; a new one is empty and goes away in pf_slot_release(). @return PF_NODE_NONE: no memory */
uint32_t pf_slot_acquire(struct pf_model *model, struct pf_sv name) PF_MUST_CHECK;
/** Free the slot when there is no node and nothing on it. */
void pf_slot_release(struct pf_model *model, uint32_t slot);
/** Note in the change log that what filters see of the slot, or who would be evicted there, changed. */
void pf_slot_changed(struct pf_model *model, uint32_t slot);
/** A Node object came to a slot: keep the order of the names. */
void pf_slot_name_enter(struct pf_model *model, uint32_t slot);
/** The Node object of a slot goes; its name is still there. */
void pf_slot_name_leave(struct pf_model *model, uint32_t slot);

/* ---- term_set.c, group.c, anti.c: pods as topology filters see them ---- */

/**
 * The affinity terms of a pod in namespace @p own, with one more reference. Uses the scratch arena.
 *
 * @param[out] ret_id  PF_TERM_SET_NONE for a pod without terms
 * @return false: no memory
 */
bool pf_term_set_acquire(struct pf_model *model, const struct pf_pod *pod, struct pf_sv own,
                         uint32_t *ret_id) PF_MUST_CHECK;
/** Drop one reference; PF_TERM_SET_NONE is ignored. */
void pf_term_set_release(struct pf_model *model, uint32_t id);
/** The group of a pod in namespace @p space, with one more reference. Uses the scratch arena. @return PF_GROUP_NONE: no memory */
uint32_t pf_group_acquire(struct pf_model *model, const struct pf_pod *pod,
                          struct pf_sv space) PF_MUST_CHECK;
/** Drop one reference; PF_GROUP_NONE is ignored. */
void pf_group_release(struct pf_model *model, uint32_t id);

struct pf_slot_groups {
    struct pf_slot_group *items; /**< sorted by group */
    uint32_t count;
    uint32_t cap;
};

/** Room for one more group on a slot. @return false: no memory */
bool pf_group_prepare(struct pf_model *model, uint32_t slot) PF_MUST_CHECK;
/** One more pod of the group; after pf_group_prepare(). */
void pf_group_add(struct pf_model *model, uint32_t slot, uint32_t group);
void pf_group_sub(struct pf_model *model, uint32_t slot, uint32_t group);

/** Term sets by the namespaces whose pods one of their terms may match, of the kinds of a mask; sorted by namespace, then by term set. */
struct pf_anti_index {
    struct pf_anti *items;
    size_t count;
    size_t cap;
};

/** Which terms each index is about. */
enum pf_anti_use {
    PF_ANTI_FILTER, /**< required anti-affinity */
    PF_ANTI_SCORE,  /**< required affinity and all preferred terms */
    PF_ANTI_USES,   /**< how many there are */
};
/** Does an index of this use list terms of the kind? @param kind  enum pf_pod_terms_kind */
bool pf_anti_is_of(enum pf_anti_use use, uint32_t kind);

/** Room for the entries of the group's terms. @return false: no memory */
bool pf_anti_prepare(struct pf_model *model, uint32_t group) PF_MUST_CHECK;
/** One more pod of the group holds room; after pf_anti_prepare(). */
void pf_anti_add(struct pf_model *model, uint32_t group);
void pf_anti_sub(struct pf_model *model, uint32_t group);

/* ---- image.c: which nodes have which container images ---- */

/** One of the names of an image, in the list of all images with that name. */
struct pf_image_link {
    struct pf_image *image;
    struct pf_image_link *prev; /**< NULL: the table of names has it */
    struct pf_image_link *next;
};

/** From size on the bytes are the key; behind the names stand as many links. */
struct pf_image {
    struct pf_image *prev; /**< in the list of all; NULL: the first */
    struct pf_image *next;
    struct pf_slot_set nodes;
    size_t set_cost; /**< bytes of `nodes`, as they are counted */
    uint32_t linked; /**< links that the table of names knows */
    bool kept;       /**< during a change: the node still has it */
    int64_t size;    /**< sizeBytes */
    uint32_t name_count;
    uint32_t zero;
    uint32_t names[]; /**< intern ids, referenced; sorted */
};

struct pf_images {
    struct pf_map by_key;  /**< to address */
    struct pf_map by_name; /**< text to the address of a link */
    struct pf_image *first;
    size_t bytes; /**< of images and their sets */
    uint64_t seed;
};

/** What a node will have, allocated before anything is changed. Lives in the scratch arena. */
struct pf_image_change {
    struct pf_image **items;
    size_t count;
    uint64_t print; /**< hash of the list; 0: no images */
};

void pf_image_init(struct pf_model *model);
void pf_image_done(struct pf_model *model);
/** Memory held. */
size_t pf_image_bytes(const struct pf_model *model);
/** Heap bytes of one image that a node has. */
size_t pf_image_cost(const struct pf_image *image);
/** @return false: no memory; then and when the change is not made: pf_image_abandon() */
bool pf_image_prepare(struct pf_model *model, const struct pf_node *node, uint32_t slot,
                      struct pf_image_change *change) PF_MUST_CHECK;
void pf_image_abandon(struct pf_model *model, const struct pf_image_change *change);
/** A zeroed change takes all images away. */
void pf_image_commit(struct pf_model *model, const struct pf_image_change *change, uint32_t slot);

/* ---- podcopy.c ---- */

/** Copy of what defaulting may write to, so that the caller's pod stays as it is. @return false: no memory */
bool pf_podcopy_writable(const struct pf_pod *pod, struct pf_arena *arena,
                         struct pf_pod *ret_copy) PF_MUST_CHECK;
/** Block with what filters read of a defaulted pod. @return NULL: no memory; release with free(3) */
struct pf_waiting *pf_podcopy_waiting(const struct pf_pod *pod) PF_MUST_CHECK;

/* ---- reservation.c ---- */

struct pf_reservation {
    struct pf_reservation *prev; /**< older */
    struct pf_reservation *next;
    int64_t made_ns; /**< in time that pods have been watched */
    int64_t ttl_ns;
    struct pf_hold hold;
    struct pf_assumed_set *assumed;    /**< owned; NULL: no claims */
    bool guessed;                      /**< see the spec, or moved by pf_settle() */
    struct pf_reservation *newer_same; /**< of the same pod_key */
    struct pf_reservation *older_same;
    struct pf_sv pod_key; /**< `namespace/name` behind the uid; empty: claimed by annotation */
    uint32_t uid_len;
    char uid[];
};

struct pf_reservation_list {
    struct pf_map by_uid;
    struct pf_map by_pod; /**< pod_key to the newest */
    struct pf_reservation *oldest;
    struct pf_reservation *newest;
    bool paused;        /**< pf_reservation_pause() */
    bool cut;           /**< it was once */
    int64_t opened_ns;  /**< of the clock: when it ended last */
    int64_t watched_ns; /**< time without it, up to its last beginning */
    int64_t cut_ns;     /**< watched_ns at its last beginning */
};

/** @return the reservation that an applied pod of this namespace claims by its annotation, or NULL */
struct pf_reservation *pf_reservation_claimed(const struct pf_model *model,
                                              const struct pf_pod *pod);
/**
 * @return the reservation for a pod without annotation that is seen for the first time, or NULL: by its name, else by its generateName, then one with the
 *         same demand before others
 */
struct pf_reservation *pf_reservation_of_pod(const struct pf_model *model, const struct pf_pod *pod,
                                             const struct pf_demand *demand);
/** When one that is made now runs out, in time that pods have been watched. */
int64_t pf_reservation_due(const struct pf_model *model);
/** Give its room back and free it. */
void pf_reservation_release(struct pf_model *model, struct pf_reservation *reservation);
void pf_reservation_done(struct pf_model *model);

/* ---- reservation_name.c: those whose pods carry no annotation ---- */

/** Bytes of a pod_key; 0 without a pod_name. */
size_t pf_reservation_name_bytes(const struct pf_reservation_spec *spec);
/** Write the pod_key to @p text, which has room for it. */
struct pf_sv pf_reservation_name_write(const struct pf_reservation_spec *spec, char *text);
/** File under the pod_key, if there is one. @return false: no memory */
bool pf_reservation_name_link(struct pf_reservation_list *list,
                              struct pf_reservation *reservation) PF_MUST_CHECK;
void pf_reservation_name_unlink(struct pf_reservation_list *list,
                                struct pf_reservation *reservation);

/* ---- namespaces ---- */

struct pf_namespace_entry {
    size_t block_bytes;
    struct pf_sv name;
    struct pf_labels labels; /**< points into this block */
    bool doubtful;           /**< pf_feed_doubt() */
};

/* ---- check_refs.c, check_extra.c: parts of pf_model_check() ---- */

/** Groups of all slots, their terms and the index of anti-affinity against the pods. @return as pf_model_check() */
enum pf_code pf_check_groups(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

/** Images against the nodes that have them, soft taints of shapes. @param strings  by intern id: references, added to @return as pf_model_check() */
enum pf_code pf_check_images(const struct pf_model *model, uint32_t *strings,
                             struct pf_err *err) PF_MUST_CHECK;

/** Scalars and ports of all nodes against their users. @return as pf_model_check() */
enum pf_code pf_check_extra(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

/** Volumes of all nodes against their users. @return as pf_model_check() */
enum pf_code pf_check_volumes(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

/** References to strings and demands as their holders have them. @return as pf_model_check() */
enum pf_code pf_check_refs(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

/* ---- the whole ---- */

struct pf_model {
    pthread_mutex_t turn;  /**< of the next one in line; held only while mutex is waited for */
    pthread_mutex_t mutex; /**< recursive, so that functions that lock may be called with it held */
    struct pf_model_options options;
    struct pf_model_origin origin;
    struct pf_arena schedulers_arena; /**< owns the names */
    struct pf_sv *schedulers;         /**< pf_model_set_schedulers(); NULL: the default one */
    size_t scheduler_count;
    struct pf_intern strings;
    struct pf_arena scratch; /**< of one call; reset at its start */
    size_t heap_bytes;       /**< pods, waiting pods, demands, shapes, reservations, namespaces */

    struct pf_columns columns;
    uint32_t slot_cap;
    uint32_t free_slot_count;
    uint32_t *free_slots;
    uint32_t *slot_of_name; /**< by intern id */
    size_t slot_of_name_cap;
    uint32_t *by_name; /**< slots in name order */
    size_t by_name_cap;
    bool by_name_valid;
    uint64_t names_version; /**< pf_model_names_version() */

    uint32_t *changes;    /**< ring of PF_CHANGES_MAX slots */
    uint64_t change_last; /**< sequence number of the last one; 1 before the first */

    struct pf_map shape_ids;
    struct pf_shape_entry *shapes;
    size_t shape_cap;
    uint32_t shape_count;
    uint32_t shapes_live;
    uint32_t free_shape;

    struct pf_map demands; /**< key bytes to address */
    struct pf_podset pods;
    struct pf_pending_table pending;
    struct pf_reservation_list reservations;
    struct pf_assumed_table assumed;
    struct pf_map namespaces; /**< name to address of pf_namespace_entry */
    struct pf_stores stores;

    uint64_t namespace_version;

    struct pf_pool groups;
    struct pf_pool term_sets;
    struct pf_slot_groups *slot_groups; /**< by slot, slot_cap of them */
    struct pf_residents *residents;     /**< by slot */
    struct pf_lowest lowest;
    uint32_t nominated; /**< pods that are nominated to a slot */
    uint32_t *placed;   /**< by term set: pods that hold room */
    size_t placed_cap;
    struct pf_anti_index anti[PF_ANTI_USES];

    struct pf_images images;
    uint64_t *image_prints;     /**< by slot: hash of what the node said it has */
    bool *slot_doubtful;        /**< by slot: pf_feed_doubt() */
    uint32_t soft_taint_shapes; /**< shapes with a PreferNoSchedule taint */
};

/* ---- model_namespace.c ---- */

/** Drop namespaces. */
void pf_model_namespaces_done(struct pf_model *model);

/** Sums wrap as Go's int64 does (apiserver-facts, last line: a pod with cpu 1e18 was bound). */
static inline int64_t pf_wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t pf_wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif

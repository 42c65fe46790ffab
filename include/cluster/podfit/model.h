#ifndef PODFIT_MODEL_H
#define PODFIT_MODEL_H

/**
 * The capacity model: the picture of the cluster that decisions are made from. Nodes as columns, pods reduced to what filters read, strings interned.
 *
 * One mutex guards it. Functions marked [locked] expect the caller to hold it (pf_model_lock()); a judgement and its reservation are one critical section.
 * Nothing here does I/O. Sources: scheduler-fit sections 2 and 6.
 */

#include <stdint.h>

#include <podfit/clock.h>
#include <podfit/node.h>
#include <podfit/pod.h>
#include <podfit/request.h>

struct pf_model;

/** Slot of a node in the columns; stable while the node or a pod on it exists. */
#define PF_NODE_NONE UINT32_MAX

struct pf_model_options {
    struct pf_kube_features features;
    const struct pf_clock *clock; /**< borrowed, outlives the model */
    int64_t
        reservation_ttl_ms; /**< a reservation that nobody claims is dropped after this; default 15,000 */
    uint32_t reservations_max; /**< default PF_RESERVATIONS_MAX */
};

/** @return PF_OK or PF_E_NO_MEMORY */
enum pf_code pf_model_new(const struct pf_model_options *options, struct pf_model **ret_model,
                          struct pf_err *err) PF_MUST_CHECK;
void pf_model_free(struct pf_model *model);

/** The control plane turned out to be another one (its version). Pods that were applied before keep what was read of them. [locked] */
void pf_model_set_features(struct pf_model *model, const struct pf_kube_features *features);

/** TTL of reservations made from now on (a reloaded configuration); those that are held keep theirs. [locked] @param ttl_ms above 0 */
void pf_model_set_reservation_ttl(struct pf_model *model, int64_t ttl_ms);

/**
 * Names of the schedulers whose waiting pods hold room; copied. Pods that were applied before keep what they are. [locked]
 *
 * @param count  0: `default-scheduler` alone
 * @return PF_OK or PF_E_NO_MEMORY (nothing changed)
 */
enum pf_code pf_model_set_schedulers(struct pf_model *model, const struct pf_sv *names,
                                     size_t count) PF_MUST_CHECK;

void pf_model_lock(struct pf_model *model);
/**
 * The same for the next piece of a long walk: whoever waits already comes first, where pf_model_lock() right after pf_model_unlock() would nearly always win.
 * The caller does not hold the lock.
 */
void pf_model_lock_in_turn(struct pf_model *model);
void pf_model_unlock(struct pf_model *model);

/**
 * Add or replace a node. [locked] Its pods, also ones that came first, count from now on.
 *
 * @return PF_OK or PF_E_NO_MEMORY (the model is as before)
 */
enum pf_code pf_model_apply_node(struct pf_model *model, const struct pf_node *node,
                                 struct pf_err *err) PF_MUST_CHECK;
/** Remove a node; its pods stay known and count nowhere. [locked] @return true when it was there */
bool pf_model_remove_node(struct pf_model *model, struct pf_sv name);

/**
 * Add or replace a pod by namespace and name. [locked] Terminal pods (Succeeded, Failed) are removed instead. A bound pod counts on its node; a pending one
 * (not gated, not deleting, of a scheduler podfit judges) waits to be placed by the fit engine (pf_model_pending_next()). A pod whose annotation
 * podfit.io/review names a reservation of the same namespace takes that reservation's room over: bound, the reservation is dropped; pending, the pod holds
 * room where the reservation held it.
 *
 * @param pod  borrowed; not yet defaulted (this function applies the defaults of a stored pod to a copy)
 * @return PF_OK, PF_E_NO_MEMORY, PF_E_TOO_BIG (pod->defect): the model is as before
 */
enum pf_code pf_model_apply_pod(struct pf_model *model, const struct pf_pod *pod,
                                struct pf_err *err) PF_MUST_CHECK;
/** @param uid  empty: whatever uid; otherwise a pod of another uid is left alone. [locked] @return true when it was there */
bool pf_model_remove_pod(struct pf_model *model, struct pf_sv space, struct pf_sv name,
                         struct pf_sv uid);

enum pf_code pf_model_apply_namespace(struct pf_model *model, const struct pf_namespace *ns,
                                      struct pf_err *err) PF_MUST_CHECK;
bool pf_model_remove_namespace(struct pf_model *model, struct pf_sv name);
/** Labels of a namespace, copied into @p arena. [locked] @return PF_OK, PF_E_NOT_FOUND, PF_E_NO_MEMORY */
enum pf_code pf_model_namespace_labels(const struct pf_model *model, struct pf_sv name,
                                       struct pf_arena *arena,
                                       struct pf_labels *ret_labels) PF_MUST_CHECK;

/**
 * Where the model's data comes from. `resourceVersion` and age are reported with every decision; a model that is not synced or older than
 * fit.maxModelAge makes verdicts `unknown`. A snapshot never ages.
 */
struct pf_model_origin {
    bool synced;
    bool live; /**< false: a snapshot, age is always 0 */
    int64_t updated_mono_ns;
    char resource_version[32];
};
void pf_model_set_origin(struct pf_model *model, const struct pf_model_origin *origin);
/** [locked] */
struct pf_model_origin pf_model_origin(const struct pf_model *model);

struct pf_model_stats {
    uint32_t nodes;
    uint32_t pods;         /**< non-terminal, bound ones and others */
    uint32_t pods_bound;   /**< on nodes that exist */
    uint32_t pods_pending; /**< waiting for the scheduler */
    uint32_t namespaces;
    uint32_t reservations;
    uint32_t shapes;
    uint64_t changes; /**< sequence number of the last change of a node's state */
    size_t bytes;     /**< memory held, tables included */
};
/** [locked] */
struct pf_model_stats pf_model_stats(const struct pf_model *model);

/**
 * Recompute everything that is kept incrementally (sums per node, port use, shapes, reference counts, indexes) from the objects and compare.
 * [locked] For tests and `--self-check`; time is linear in the model.
 *
 * @return PF_OK, PF_E_INTERNAL (the text names the first difference) or PF_E_NO_MEMORY
 */
enum pf_code pf_model_check(const struct pf_model *model, struct pf_err *err) PF_MUST_CHECK;

#endif

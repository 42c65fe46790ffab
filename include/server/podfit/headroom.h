#ifndef PODFIT_HEADROOM_H
#define PODFIT_HEADROOM_H

/**
 * How many more projects of each class fit, and what runs out first: a pod made from the class is rewritten and judged by the same code as a review's. Counted
 * at most once in PF_HEADROOM_EVERY_MS whoever asks; the model is held for at most PF_HEADROOM_NODES_A_HOLD nodes at a time, and reviews that wait come first. One
 * thread at a time (the ops listener's).
 *
 * The pod of a class with a quota carries no limits of its own, so that the class's defaults decide. A class without one, or that keeps what pods request, is
 * counted in pods like the latest that was judged; before the first its headroom is not known.
 */

#include <podfit/config.h>
#include <podfit/model.h>
#include <podfit/prom.h>
#include <podfit/recent.h>

#define PF_HEADROOM_EVERY_MS 5000
/** Nodes that are judged while the model is held: some 0.1 ms. */
#define PF_HEADROOM_NODES_A_HOLD 256
/** Classes that are counted; as many as metrics have labels for. */
#define PF_HEADROOM_CLASSES_MAX 64
/** Constraints that are told of one class: pods, cpu, memory, ephemeral-storage, ports and some devices. */
#define PF_HEADROOM_CONSTRAINTS_MAX 8

struct pf_headroom_constraint {
    char name[64];
    uint64_t projects; /**< that would fit if only this counted */
};

struct pf_headroom_class {
    char name[64];
    bool known;
    bool
        from_latest; /**< counted in pods like the latest one, the class does not say what they ask for */
    enum pf_verdict verdict; /**< of one more pod */
    uint64_t projects;
    uint64_t nodes;    /**< with room for at least one */
    int64_t milli_cpu; /**< request of one */
    int64_t memory;
    char binding[64]; /**< what runs out first; empty: not known */
    char cause[256]; /**< why it is not known, or kube-scheduler's sentence when there is no room */
    struct pf_headroom_constraint constraints[PF_HEADROOM_CONSTRAINTS_MAX];
    size_t constraint_count;
};

/** Borrowed until the next call with this headroom. */
struct pf_headroom_view {
    const struct pf_headroom_class *classes;
    size_t count;
    size_t left_out;    /**< classes above PF_HEADROOM_CLASSES_MAX */
    int64_t counted_ms; /**< how long ago */
    int64_t locked_us;  /**< longest time that the model was held */
};

struct pf_headroom_options {
    struct pf_model *model;
    struct pf_recent *recent;
    const struct pf_clock *clock;
};

struct pf_headroom;

/** @param options  borrowed members outlive it */
enum pf_code pf_headroom_new(const struct pf_headroom_options *options,
                             struct pf_headroom **ret_headroom, struct pf_err *err) PF_MUST_CHECK;
/** NULL is ignored. */
void pf_headroom_free(struct pf_headroom *headroom);

/** What is known now, counted again when it is too old or the configuration is another one. Without memory a class is not known and says so. */
struct pf_headroom_view pf_headroom_look(struct pf_headroom *headroom, struct pf_config *config);

/** Append the families `podfit_class_headroom_pods` and `podfit_class_headroom_binding`; classes that are not known are left out. */
void pf_headroom_metrics(const struct pf_headroom_view *view, struct pf_buf *buf);

#endif

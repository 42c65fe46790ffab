#ifndef PODFIT_TEST_RANDOM_WORLD_H
#define PODFIT_TEST_RANDOM_WORLD_H

/** The model, and a second, naive one that keeps objects only and adds everything up anew each time. */

#include "model_fixture.h"

#define NODES_MAX   2000U
#define PODS_MAX    20000U
#define REVIEWS_MAX 40U
#define NOWHERE     UINT32_MAX
#define TTL_NS      (15 * 1000000000LL)

enum ref_kind {
    REF_ABSENT,
    REF_BOUND,
    REF_PENDING,
    REF_OTHER,
};

struct ref_pod {
    enum ref_kind kind;
    unsigned uid;
    unsigned request; /* index of a request */
    uint32_t node;    /* index of a node, which may not exist, or NOWHERE */
    uint32_t wish;    /* the node that status.nominatedNodeName names, or NOWHERE */
    int32_t priority;
    bool nominated;
};

struct ref_review {
    bool held;
    unsigned namespace_;
    unsigned request;
    uint32_t node;
    int64_t expires_ns;
};

struct ref_node {
    bool exists;
    unsigned variant;
};

struct random_world {
    struct model_fixture *f;
    uint64_t random;
    uint32_t node_count;
    uint32_t pod_count;
    struct ref_node nodes[NODES_MAX];
    struct ref_pod pods[PODS_MAX];
    struct ref_review reviews[REVIEWS_MAX];
};

/** A number from 0 to @p below - 1. */
uint32_t random_world_draw(struct random_world *w, uint32_t below);
/** Slot of a node that exists, or PF_NODE_NONE. */
uint32_t random_world_slot(const struct random_world *w, uint32_t node);
/** Both models must agree, and the checker with both; fails the test otherwise. */
void random_world_compare(const struct random_world *w);

/* Events: something is drawn and done to both models; a failure ends the test. Of pods, in random_pods.c: */
void random_world_apply_pod(struct random_world *w);
void random_world_remove_pod(struct random_world *w);
/** Who waits first gets a place, or none. */
void random_world_place(struct random_world *w);

/* Of reviews, in random_reviews.c: */
void random_world_reserve(struct random_world *w);
void random_world_end_reservation(struct random_world *w);
/** Time passes, and reservations run out. */
void random_world_time(struct random_world *w);

/* Of nodes and of objects of other kinds, in random_nodes.c: */
void random_world_apply_node(struct random_world *w);
void random_world_remove_node(struct random_world *w);
/** Nodes by name are as many as exist. */
void random_world_order(struct random_world *w);
/** An object comes, changes or goes; few names, so that chains are long. */
void random_world_object(struct random_world *w);

#endif

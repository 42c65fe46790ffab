#ifndef PODFIT_TEST_RANDOM_CLUSTER_H
#define PODFIT_TEST_RANDOM_CLUSTER_H

/* Objects of every kind that podfit follows, small and random, with few names so that they refer to each other. */

#include <stdint.h>

#include <podfit/buf.h>

/* xorshift64*; never 0 */
struct random_draw {
    uint64_t state;
};
uint32_t random_below(struct random_draw *draw, uint32_t below);

/* Kinds are those of pf_live_specs(); one that nobody can write is a failure. */
struct random_object {
    const char *kind;        /* `Pod` */
    const char *api_version; /* `v1` */
    uint64_t version;
    unsigned number; /* which of its kind, below RANDOM_NUMBERS */
    unsigned uid;    /* of pods */
};
#define RANDOM_NUMBERS 5U
/* Pods come in more names. */
#define RANDOM_PODS 24U

/* The object as JSON, written onto an empty buffer. @param pending  pods that wait may occur */
void random_object_write(struct random_draw *draw, const struct random_object *object, bool pending,
                         struct pf_buf *buf, char key[64]);
/* A pod that is created now. */
void random_asking_write(struct random_draw *draw, struct pf_buf *buf);

#endif

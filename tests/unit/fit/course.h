#ifndef PODFIT_TEST_COURSE_H
#define PODFIT_TEST_COURSE_H

/** A cluster in which everything changes at random that eviction and storage read. */

#include "world.h"

#define REVIEWS 40 /* of the reservations that come and go */

struct run {
    const char *name;
    uint64_t seed;
    unsigned nodes; /* names of nodes, pods and claims */
    unsigned pods;
    unsigned claims;
    unsigned steps;
    unsigned least; /* each answer below has to be met as often at the least */
    bool topology;
    bool small; /* pods ask for little, so that storage decides */
};

struct random {
    uint64_t state;
};

/* Answers met: a run that never sees one tests less than it says. */
struct met {
    unsigned evicting;
    unsigned vain;
    unsigned with_claims;
    unsigned fits;
};

struct course {
    const struct run *run;
    struct world world;
    struct random random;
    struct met met;
};

#define PICK(course, table) ((table)[course_below((course), (unsigned)PF_ARRAY_LEN(table))])
#define PRINT(course, ...)  pf_sv_from(pf_arena_printf(&(course)->world.arena, __VA_ARGS__))

/** A number from 0 to @p limit - 1. */
unsigned course_below(struct course *course, unsigned limit);
/** The cluster that a course begins with. A failure ends the test, here and below. */
void course_fill(struct course *course);
/** Change something of what judging reads, or nothing. */
void course_change(struct course *course);

/** Parts of the spec of a pod, with a comma behind, or nothing; constant or in the world's arena. */
const char *course_volumes(struct course *course);
const char *course_affinity(struct course *course);

#endif

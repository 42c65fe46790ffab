#ifndef PODFIT_TEST_STATUS_WORLD_H
#define PODFIT_TEST_STATUS_WORLD_H

/** Four nodes in two pools, one pod, three classes, and a clock that the test turns: what the tests of the status page look at. */

#include <podfit/headroom.h>
#include <podfit/nodemap.h>

struct status_world {
    struct pf_model *model;
    struct pf_config *config;
    struct pf_recent *recent;
    struct pf_clock clock;
    int64_t now_ns;
};

/** For cmocka; the state is a struct status_world. */
int status_world_setup(void **state);
int status_world_teardown(void **state);

#endif

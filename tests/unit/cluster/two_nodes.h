#ifndef PODFIT_TEST_TWO_NODES_H
#define PODFIT_TEST_TWO_NODES_H

/** A model of the nodes n1 and n2, and pods for which room is held there. */

#include "model_fixture.h"

#define NODE(name)                                                                              \
    "{'metadata':{'name':'" name "'},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':" \
    "'110'}}}"
#define SPEC                                                                                 \
    "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':8080}],'resources':{" \
    "'requests':{'cpu':'100m','memory':'1Gi','example.com/gpu':'1'},"                        \
    "'limits':{'example.com/gpu':'1'}}}]"
#define INCOMING       "{'metadata':{'namespace':'ns','generateName':'p-'},'spec':{" SPEC "}}"
#define OF_REVIEW(uid) "'annotations':{'podfit.io/review':'" uid "'}"
#define POD(name, meta, spec, status)                                                           \
    "{'metadata':{'namespace':'ns','name':'" name "','uid':'u-" name "'" meta "},'spec':{" spec \
    "},'status':{" status "}}"

/** Set-up of one cmocka test: @p state is a model_fixture with both nodes; the teardown is model_fixture_teardown(). */
int two_nodes_setup(void **state);

/** Hold room for the pod in @p json; a failure ends the test. @param node  NULL: admitted without a place */
void two_nodes_reserve(struct model_fixture *f, const char *uid, const char *json,
                       const char *node);
/** Pods that take room on a node. */
uint32_t two_nodes_used_pods(const struct model_fixture *f, const char *node);
/** Reservations held now. */
uint32_t two_nodes_reservations(const struct model_fixture *f);

#endif

#ifndef PODFIT_TEST_MODEL_FIXTURE_H
#define PODFIT_TEST_MODEL_FIXTURE_H

/** A model with a clock that the test turns, and objects written as JSON with single quotes. */

#include <podfit/columns.h>
#include <podfit/model.h>
#include <podfit/reservation.h>

struct model_fixture {
    struct pf_model *model;
    struct pf_clock clock;
    int64_t now_ns;
    struct pf_arena arena; /**< of the decoded objects; reset by each call */
    const char *pod_name;  /**< of the reservations that follow; NULL: claimed by annotation */
    struct pf_binds binds; /**< of the reservations that follow */
};

/** @return false: no memory */
bool model_fixture_init(struct model_fixture *fixture);
void model_fixture_done(struct model_fixture *fixture);

/** Set-up and teardown of one cmocka test: @p state is a fixture of an empty model. */
int model_fixture_setup(void **state);
int model_fixture_teardown(void **state);

/** Decode @p json (single quotes stand for double ones) and apply it. @return the code of the decoder or the model */
enum pf_code model_fixture_node(struct model_fixture *fixture, const char *json,
                                struct pf_err *err);
enum pf_code model_fixture_pod(struct model_fixture *fixture, const char *json, struct pf_err *err);

/** The same, and the checker must agree; a failure ends the test. */
void model_fixture_apply_node(struct model_fixture *fixture, const char *json);
void model_fixture_apply_pod(struct model_fixture *fixture, const char *json);
/** Remove a pod of namespace ns; the checker must agree. @return was it there? */
bool model_fixture_remove_pod(struct model_fixture *fixture, const char *name, const char *uid);

/** A review's reservation for the pod in @p json. */
enum pf_code model_fixture_reserve(struct model_fixture *fixture, const char *uid, const char *json,
                                   uint32_t node, struct pf_err *err);
/** Does a reservation match namespace and request of the pod in @p json? */
bool model_fixture_matches(struct model_fixture *fixture, const char *uid, const char *json);

/** @return slot of a node that exists, or PF_NODE_NONE */
uint32_t model_fixture_slot(const struct model_fixture *fixture, const char *name);
/** @return used amount of a scalar on a node, or -1 when the node has no entry for it */
int64_t model_fixture_scalar(const struct model_fixture *fixture, const char *node,
                             const char *name);
/** @return pods on a node that use the port (any address), 0 when none */
uint32_t model_fixture_port(const struct model_fixture *fixture, const char *node, uint16_t port);

/** The checker must agree; prints its text and fails the test otherwise. */
void model_fixture_check(const struct model_fixture *fixture);

#endif

#ifndef PODFIT_TEST_FLEET_STATE_H
#define PODFIT_TEST_FLEET_STATE_H

/* What a fleet is like: conditions for fleet_until(), and what tests do to it. */

#include "fleet.h"

#define NAME "podfit.podfit.svc" /* of the service */

/* A patch of the webhook configuration that puts a bundle in the place of ours. */
extern const char fleet_stranger[];

/* Every replica is ready, and the bundle is the right one. */
bool fleet_all_ready(struct fleet *fleet);
/* Certificates created or renewed by all. */
uint64_t fleet_writes(struct fleet *fleet);
/* Of the first replica. */
bool fleet_has_problem(struct fleet *fleet);
bool fleet_has_no_problem(struct fleet *fleet);
bool fleet_has_written_twice(struct fleet *fleet);
/* What every test may expect at its end. */
void fleet_check_sound(struct fleet *fleet);
/* Add replicas and wait until all are ready. */
void fleet_begin(struct fleet *fleet, size_t replicas);
/* The wall clock goes ahead. */
void fleet_jump(struct fleet *fleet, int64_t days);
/* Keep what the Secret holds now, and compare with it later; the last three wait for readiness and trust as well. */
void fleet_remember(struct fleet *fleet);
bool fleet_has_another(struct fleet *fleet, enum pf_certset_part part);
bool fleet_has_another_leaf(struct fleet *fleet);
bool fleet_has_another_ca(struct fleet *fleet);
bool fleet_has_another_bundle(struct fleet *fleet);
/* Every replica serves the certificate of the Secret. */
bool fleet_serves_newest(struct fleet *fleet);

#endif

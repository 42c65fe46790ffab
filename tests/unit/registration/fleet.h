#ifndef PODFIT_TEST_FLEET_H
#define PODFIT_TEST_FLEET_H

/* Replicas of a registration on one thread, each with a client of its own, against an API server (object_server.py); time is the system's plus what a test adds. */

#include <stdbool.h>
#include <sys/types.h>

#include <podfit/certset.h>
#include <podfit/registration.h>

#define FLEET_MAX   3
#define SECRET_PATH "/api/v1/namespaces/podfit/secrets/certificates"
#define HOOK_PATH   "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/podfit"
#define LEASE_PATH  "/apis/coordination.k8s.io/v1/namespaces/podfit/leases/certificates"
#define DAY_S       INT64_C(86400)
#define NS_PER_S    INT64_C(1000000000)

struct fleet;

/* One replica. */
struct member {
    struct fleet *fleet;
    struct pf_registration *registration;
    struct pf_buf served; /* certificate in force */
    bool refuses;         /* install() fails */
};

struct fleet {
    pid_t pid;
    int input; /* closing it ends the server */
    char server[64];
    struct pf_kube_config config;
    struct pf_clock clock;
    int64_t mono_ahead_ns;
    int64_t wall_ahead_ns;
    int64_t hurry_ms;              /* both clocks go ahead by this with each round of steps */
    struct pf_kube_client *client; /* of the operator */
    struct member members[FLEET_MAX];
    struct pf_certset remembered; /* what the Secret held once; fleet_state.h */
    unsigned
        worse; /* pairs that the API server did not trust, put in force in the place of one that it trusted */
    char answer[65536];
};

/* cmocka set-up and tear-down; *state becomes a struct fleet. A webhook configuration with two entries is there. */
int fleet_setup(void **state);
int fleet_teardown(void **state);

/* Add a replica. @param name  of its service */
/* What every registration of these tests has: the stub as its cluster, and the names of the objects. */
struct pf_registration_options fleet_options(const struct fleet *fleet);
void fleet_add(struct fleet *fleet, size_t index, const char *name);
void fleet_remove(struct fleet *fleet, size_t index);
struct pf_registration_stats fleet_stats(const struct fleet *fleet, size_t index);

/* One round of steps of every replica. */
void fleet_step(struct fleet *fleet);
/* Rounds until it holds; the test fails after 90 s, and tells @p what and the state. */
void fleet_until(struct fleet *fleet, bool (*holds)(struct fleet *fleet), const char *what);
/* Rounds for so long, by the fleet's clock. */
void fleet_pass(struct fleet *fleet, int64_t ms);

/* As an operator: send a request, remember the answer. @return HTTP status */
int fleet_send(struct fleet *fleet, const char *method, const char *path, const char *body);
/* A merge patch. */
int fleet_patch(struct fleet *fleet, const char *path, const char *body);
/* The Secret as it is; the test fails when there is none. */
void fleet_secret(struct fleet *fleet, struct pf_certset *ret_set);
/* The bundle that all entries have; empty when they differ or have none. @param bundle  initialised here */
void fleet_bundle(struct fleet *fleet, struct pf_buf *bundle);
/* Certificates in a PEM text. */
size_t fleet_count(struct pf_sv pem);
/* The API server trusts what every replica serves. */
bool fleet_trusted(struct fleet *fleet);

#endif

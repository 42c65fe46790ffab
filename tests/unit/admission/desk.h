#ifndef PODFIT_TEST_DESK_H
#define PODFIT_TEST_DESK_H

/** An admission desk: a model filled from a snapshot text, a configuration and an admission over them, with a clock of its own. Failures end the test. */

#include <podfit/admission.h>

struct desk {
    struct pf_clock clock;
    int64_t now_ns;
    struct pf_model *model;
    struct pf_config *config;
    struct pf_admission *admission;
    char *body;                  /* copy of the last review, to which the decision refers */
    struct pf_arena arena;       /* of the last review */
    struct pf_buf response;      /* of the last review */
    struct pf_decision decision; /* of the last review when it was answered */
};

/**
 * @param config   YAML; ptr NULL: the configuration of `podfit check` without a file
 * @param cluster  snapshot, JSON or YAML
 */
void desk_init(struct desk *desk, struct pf_sv config, struct pf_sv cluster);
void desk_done(struct desk *desk);

/** Parse a configuration; release with pf_config_unref(). */
struct pf_config *desk_config(struct pf_sv yaml);

/** Answer a review with a fresh arena and response. */
enum pf_admission_status desk_post(struct desk *desk, struct pf_sv body);
/** The response's text; the response is NUL-terminated. */
const char *desk_text(const struct desk *desk);

/** Reservations held now. */
uint32_t desk_held(struct desk *desk);
/** The model's checker must agree. */
void desk_check(struct desk *desk);

/** Text of a file under tests/; release with free(3). @param ret_len may be NULL. @return NULL when there is no such file */
char *desk_read_file(const char *path, size_t *ret_len);
/** The text as JSON: single quotes become double ones. Release with free(3). */
char *desk_quoted(const char *text);
/** A CREATE review of @p pod (JSON with single quotes) in a namespace. Release with free(3). */
char *desk_create(const char *uid, const char *namespace_, const char *pod);

#endif

#ifndef PODFIT_TEST_WORLD_H
#define PODFIT_TEST_WORLD_H

/** A model filled from JSON texts and an engine on it, with a clock of its own. Failures end the test (cmocka assertions). */

#include <podfit/feed.h>
#include <podfit/fit.h>
#include <podfit/reservation.h>

struct world {
    struct pf_clock clock;
    int64_t now_ns;
    struct pf_kube_features features;
    struct pf_model *model;
    struct pf_fit *fit;
    struct pf_arena arena; /**< of objects and answers; reset by whoever likes */
};

/** @param options  NULL: defaults of @p minor; features and clock are always set here */
void world_init(struct world *world, int minor, const struct pf_fit_options *options);
void world_done(struct world *world);

/** Another engine on the same model. Release with pf_fit_free(). */
struct pf_fit *world_engine(struct world *world, const struct pf_fit_options *options);

void world_node(struct world *world, struct pf_sv json);
void world_pod(struct world *world, struct pf_sv json);
void world_namespace(struct world *world, struct pf_sv json);
void world_object(struct world *world, enum pf_kind kind, struct pf_sv json);
/** Decode and default an incoming pod. */
struct pf_pod world_incoming(struct world *world, struct pf_sv json);
struct pf_judgement world_judge(struct world *world, struct pf_sv json);
struct pf_explanation world_explain(struct world *world, struct pf_sv json);

/** The text as a C string in the world's arena. */
const char *world_text(struct world *world, struct pf_sv text);

/** Is everything that two judgements say equal? Prints the first difference. */
bool world_same(const struct pf_judgement *a, const struct pf_judgement *b);

#endif

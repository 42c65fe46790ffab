#ifndef PODFIT_CLUSTER_FEED_PARTS_H
#define PODFIT_CLUSTER_FEED_PARTS_H

/** What feed.c needs of the tables: forgetting one entry, and the mark of doubt (pf_feed_doubt(), pf_feed_keep(), pf_feed_sweep()). */

#include "cluster_internal.h"

/* ---- model_pod.c ---- */

/** Forget a pod. */
void pf_model_remove_record(struct pf_model *model, struct pf_record *record);
/** A pod that may be known is not doubtful any more. */
void pf_model_keep_record(struct pf_model *model, struct pf_sv space, struct pf_sv name);

/* ---- model_namespace.c ---- */

void pf_model_namespaces_doubt(struct pf_model *model);
void pf_model_namespace_keep(struct pf_model *model, struct pf_sv name);
size_t pf_model_namespaces_sweep(struct pf_model *model);

#endif

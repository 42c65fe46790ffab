#ifndef PODFIT_PEER_CASE_H
#define PODFIT_PEER_CASE_H

/** One case of the differential test: a cluster, and pods asked one after the other while the cluster changes. */

#include <podfit/buf.h>
#include <podfit/error.h>
#include <podfit/sv.h>

/**
 * Play one case and append its answers.
 *
 * A case is `{"minor":36,"gates":{"Name":true},"ignoredResources":[],"ignoredResourceGroups":[],"addedAffinity":{NodeAffinity},"objects":{List},"steps":[...]}`; a step is
 * `{"pod":{Pod}}`, `{"apply":{List}}` or `{"delete":{"kind","namespace","name"}}`. The answer is `{"answers":[...]}`, one item for each pod.
 *
 * @param out  one line of JSON without line end is appended; on failure what stands there is of no use
 * @return PF_OK, or what the decoders, the model or the engine said
 */
enum pf_code pf_peer_case_play(struct pf_sv text, struct pf_buf *out,
                               struct pf_err *err) PF_MUST_CHECK;

#endif

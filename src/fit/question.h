#ifndef PODFIT_FIT_QUESTION_H
#define PODFIT_FIT_QUESTION_H

/** A pod reduced to what filters read, and its canonical form. Inside of the fit module. */

#include <podfit/buf.h>
#include <podfit/filter.h>

/**
 * Prepare a pod for the filters: PreFilter of each.
 *
 * @param pod      borrowed
 * @param request  of the pod, at most PF_FIT_SCALARS_MAX scalars; borrowed scalars
 * @param arena    what the question points to besides the pod
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_question_prepare(const struct pf_pod *pod, const struct pf_request *request,
                                 const struct pf_fit_options *options, struct pf_arena *arena,
                                 struct pf_question *ret_question) PF_MUST_CHECK;

/** Look up the ids of names and addresses; to be repeated whenever the model's strings may have changed. */
void pf_question_resolve(struct pf_question *question, const struct pf_intern *strings);

/** Append the canonical bytes: equal for two pods exactly when every filter and score reads the same from them, volumes apart: pf_volume_key(). */
void pf_question_key(const struct pf_question *question, struct pf_buf *key);

/** One number of a key. */
void pf_question_put_i64(struct pf_buf *key, int64_t value);
/** One text of a key, with its length. */
void pf_question_put_text(struct pf_buf *key, struct pf_sv text);

/** The part of it that NodeAffinity and TaintToleration read. */
void pf_question_key_nodes(const struct pf_question *question, struct pf_buf *key);

/** Entries that a filter may have to compare on one node. */
uint64_t pf_question_work(const struct pf_question *question);

/** Replace a list by a deep copy. @return false: no memory */
bool pf_question_copy_requirements(struct pf_requirement **requirements, size_t count,
                                   struct pf_arena *arena) PF_MUST_CHECK;

/**
 * Deep copy that does not borrow from the pod; without its plan of volumes.
 *
 * @param ret_pod  receives what filters read of the pod; the copy points to it
 * @return PF_OK or PF_E_NO_MEMORY
 */
enum pf_code pf_question_copy(const struct pf_question *question, struct pf_arena *arena,
                              struct pf_pod *ret_pod,
                              struct pf_question *ret_question) PF_MUST_CHECK;

#endif

#ifndef PODFIT_LOAD_H
#define PODFIT_LOAD_H

/** Configuration and snapshot files, read for a command. Problems go to stderr as they are found. */

#include <podfit/config.h>
#include <podfit/error.h>
#include <podfit/model.h>

/**
 * Read and check a configuration.
 *
 * @param path        file, `-` for standard input, NULL for the embedded example
 * @param ret_config  one reference for the caller; untouched on failure
 * @return PF_OK; otherwise everything was said on stderr: PF_E_INVALID when it was read and is wrong
 */
enum pf_code pf_load_config(const char *path, struct pf_config **ret_config) PF_MUST_CHECK;

/** Tell on stderr what of kube-scheduler's configuration is not modelled. */
void pf_load_say_notes(const struct pf_config *config);

/** A model filled from the bytes of a snapshot, its pending pods placed. @param name for messages @return PF_OK or the code of what failed, text in @p err */
enum pf_code pf_load_model_bytes(struct pf_sv bytes, const char *name,
                                 const struct pf_config *config, struct pf_model **ret_model,
                                 struct pf_err *err) PF_MUST_CHECK;

/** A model without objects, for this configuration's schedulers and features. @return PF_OK or the code of what failed */
enum pf_code pf_load_empty(const struct pf_config *config, struct pf_model **ret_model,
                           struct pf_err *err) PF_MUST_CHECK;
/**
 * Fill a model from a snapshot, and place its pending pods.
 *
 * @param path    file, `-` for standard input, `example` or NULL for the embedded example cluster
 * @param config  borrowed
 * @return PF_OK or the code of what failed, text in @p err
 */
enum pf_code pf_load_fill(struct pf_model *model, const char *path, const struct pf_config *config,
                          struct pf_err *err) PF_MUST_CHECK;

#endif

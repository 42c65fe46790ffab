#ifndef PODFIT_CLI_REDACT_H
#define PODFIT_CLI_REDACT_H

/** Objects cut down to what fit reads: no environment, commands, annotations of others, secrets' names or managed fields. Names stay, verdicts name them. */

#include <podfit/buf.h>

/**
 * Append the object without what fit does not read.
 *
 * @param kind  `Pod`; kinds without rules of their own keep metadata, spec and status
 * @param json  one JSON object
 * @return PF_OK; PF_E_INVALID (not JSON), PF_E_NO_MEMORY
 */
enum pf_code pf_redact_object(struct pf_sv kind, struct pf_sv json, struct pf_buf *buf,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

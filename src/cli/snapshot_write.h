#ifndef PODFIT_CLI_SNAPSHOT_WRITE_H
#define PODFIT_CLI_SNAPSHOT_WRITE_H

/** A `kind: List` written object by object, so that a cluster of any size needs the memory of its largest object. */

#include <stdio.h>

#include <podfit/buf.h>

struct pf_snapshot_writer {
    FILE *file;  /**< borrowed */
    bool redact; /**< pf_redact_object() */
    uint64_t count;
    struct pf_buf object; /**< of one item */
    struct pf_err err;    /**< first failure */
};

/** Nothing is written before the first object, or the end. */
void pf_snapshot_writer_begin(struct pf_snapshot_writer *writer, FILE *file, bool redact);
/**
 * Write an object.
 *
 * @param kind, api_version  for items of lists, which do not say so themselves; empty: the object must
 * @return false: writer->err says why
 */
bool pf_snapshot_writer_put(struct pf_snapshot_writer *writer, struct pf_sv api_version,
                            struct pf_sv kind, struct pf_sv json);
/** End the list. @param resource_version  may be empty @return PF_OK, or the first failure; everything is freed */
enum pf_code pf_snapshot_writer_end(struct pf_snapshot_writer *writer,
                                    struct pf_sv resource_version,
                                    struct pf_err *err) PF_MUST_CHECK;
/** In place of pf_snapshot_writer_end(): the list stays without its end, so that nobody takes half a cluster for a whole one. */
void pf_snapshot_writer_drop(struct pf_snapshot_writer *writer);

#endif

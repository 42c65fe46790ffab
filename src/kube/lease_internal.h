#ifndef PODFIT_LEASE_INTERNAL_H
#define PODFIT_LEASE_INTERNAL_H

/** Inside kube: what is written to a Lease. */

#include <stdio.h>
#include <string.h>

#include <podfit/lease.h>
#include <podfit/write.h>

struct pf_lease_write {
    const char *space;
    const char *name;
    const char *holder;            /**< empty: released */
    struct pf_sv resource_version; /**< empty: create */
    struct pf_sv acquire_time;     /**< kept of the record; empty: now */
    int64_t duration_s;
    int64_t transitions;
    int64_t wall_ns;
};

/** Append the JSON. */
void pf_lease_json_write(const struct pf_lease_write *write, struct pf_buf *buf);

#endif

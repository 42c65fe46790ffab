#ifndef PODFIT_EXAMPLE_H
#define PODFIT_EXAMPLE_H

/** The examples folder's cluster and configuration, embedded in the program so that it can be tried without a cluster. Static, thread-safe. */

#include <podfit/sv.h>

/** examples/cluster.yaml: a snapshot. */
struct pf_sv pf_example_cluster(void);
/** examples/config.yaml: a configuration that suits the cluster. */
struct pf_sv pf_example_config(void);
/** Name of the cluster in messages. */
#define PF_EXAMPLE_CLUSTER_NAME "embedded example cluster"
/** Name of the configuration in messages. */
#define PF_EXAMPLE_CONFIG_NAME "embedded example configuration"

#endif

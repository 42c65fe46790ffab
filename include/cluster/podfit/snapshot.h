#ifndef PODFIT_SNAPSHOT_H
#define PODFIT_SNAPSHOT_H

/** Fill a model from a file: `kind: List` (or NodeList, PodList, single objects, several documents), JSON or YAML, one item in memory at a time. */

#include <podfit/model.h>

struct pf_snapshot_stats {
    uint64_t nodes;
    uint64_t pods;
    uint64_t namespaces;
    uint64_t objects; /**< of the kinds in podfit/volumes.h */
    uint64_t skipped; /**< items of kinds that podfit does not read */
    size_t peak_item_bytes;
    char resource_version[32]; /**< metadata.resourceVersion of the list, empty when absent */
};

/**
 * Read a snapshot into the model (which may hold objects already: equal names are replaced). Takes the model's lock for each item.
 *
 * @param path  file, `-` for standard input
 * @return PF_OK; PF_E_NOT_FOUND, PF_E_IO; PF_E_INVALID (text names file, item number, kind and name, and the path of the field; the model keeps the items before it);
 *         PF_E_TOO_BIG (an item over PF_OBJECT_MAX_BYTES), PF_E_NO_MEMORY
 */
enum pf_code pf_snapshot_load(struct pf_model *model, const char *path,
                              struct pf_snapshot_stats *ret_stats,
                              struct pf_err *err) PF_MUST_CHECK;
/** The same from memory (the embedded example). @param name for messages */
enum pf_code pf_snapshot_load_bytes(struct pf_model *model, struct pf_sv bytes, const char *name,
                                    struct pf_snapshot_stats *ret_stats,
                                    struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_MIGRATE_H
#define PODFIT_MIGRATE_H

/** Settings of other programs as a class of podfit's. */

#include <podfit/yaml.h>

/** What the file does not say. */
struct pf_migrate_options {
    const char *name; /**< of the class; NULL: `projects` or `overcommit` */
    const char *const
        *namespaces; /**< of its pods; none: CoCalc's own, or those with OpenShift's label */
    size_t namespace_count;
};

/** Called for each setting that is not carried over, with a sentence. */
typedef void (*pf_migrate_note_fn)(void *opaque, const char *text);

/** What to do with notes. */
struct pf_migrate_notes {
    pf_migrate_note_fn note;
    void *opaque;
};

/**
 * Append a PodfitConfiguration as JSON.
 *
 * Read are OpenShift's ClusterResourceOverride (operator.autoscaling.openshift.io/v1, spec.podResourceOverride.spec) and ClusterResourceOverrideConfig
 * (fields at the top or in spec), and Helm values of CoCalc OnPrem (default_quotas and max_upgrades in global.settings, settings or at the top, as
 * JSON text or map; manage.project.dedicatedProjectNodesTaint and dedicatedProjectNodesLabel where they are written as kubectl does).
 *
 * @param root  the file
 * @return PF_OK; PF_E_UNSUPPORTED (neither of them, says what is read); PF_E_INVALID; the buffer's failure
 */
enum pf_code pf_migrate_write(const struct pf_yaml_node *root,
                              const struct pf_migrate_options *options,
                              const struct pf_migrate_notes *notes, struct pf_buf *buf,
                              struct pf_err *err) PF_MUST_CHECK;

#endif

#ifndef PODFIT_SCHEDARGS_H
#define PODFIT_SCHEDARGS_H

/** Internal to config: arguments of kube-scheduler's plug-ins (pluginConfig), a file for those that belong together. */

#include "schedconfig.h"

/** State of one entry of pluginConfig. */
struct pf_schedargs {
    struct pf_option_run *run;
    struct pf_sched_notes *notes;
    struct pf_fit_profile *profile;
    struct pf_fit_scores *scores;        /**< of the profile */
    const struct pf_problems_path *path; /**< of the args */
    const struct pf_yaml_node *node;     /**< the args */
};

/** What every args object may carry; the first member of each struct. */
struct pf_schedargs_meta {
    struct pf_sv api_version;
    struct pf_sv kind;
};
/* clang-format off */
#define PF_SCHEDARGS_META(struct_)                                                                              \
    {.key = "apiVersion", .type = PF_OPTION_STRING, .offset = offsetof(struct_, meta.api_version)},              \
    {.key = "kind", .type = PF_OPTION_STRING, .offset = offsetof(struct_, meta.kind)}
/* clang-format on */

/** The arguments of one plug-in. */
struct pf_schedargs_reader {
    const char *plugin;
    const struct pf_option_table
        *table; /**< of a struct that begins with struct pf_schedargs_meta */
    /** Put what was decoded into the profile. @param args  the table's struct @return as pf_option_fn */
    enum pf_code (*apply)(const struct pf_schedargs *a, const void *args);
};

/* schedargs_resources.c */
extern const struct pf_schedargs_reader pf_schedargs_fit;
extern const struct pf_schedargs_reader pf_schedargs_balanced;
/* schedargs_affinity.c */
extern const struct pf_schedargs_reader pf_schedargs_node_affinity;
extern const struct pf_schedargs_reader pf_schedargs_inter_pod;
/* schedargs_spread.c */
extern const struct pf_schedargs_reader pf_schedargs_spread;

/** The largest struct of a reader's table. */
#define PF_SCHEDARGS_BYTES 512

#endif

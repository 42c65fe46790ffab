#ifndef PODFIT_CONFIG_INTERNAL_H
#define PODFIT_CONFIG_INTERNAL_H

/** Internal to config: what the option tables of PodfitConfiguration decode into, and their hooks. */

#include "schedconfig.h"
#include <podfit/config.h>
#include <podfit/map.h>

/** memoryUnit. */
enum pf_config_memory_unit {
    PF_CONFIG_UNIT_MI, /**< 1048576 bytes */
    PF_CONFIG_UNIT_M,  /**< 1000000 bytes */
};

/** One entry of `classes`. */
struct pf_config_class {
    struct pf_class class_;
    bool lenient;
    bool quotas_given;
    bool upgrades_given;
    enum pf_config_memory_unit memory_unit;
    int preemption; /**< 1: ignore */
    struct pf_sv taint;
    struct pf_option_pairs node_selector;
};

/** One entry of fit.featureGates. */
struct pf_config_gate {
    struct pf_sv name;
    bool on;
};

/** fit.featureGates. */
struct pf_config_gates {
    struct pf_config_gate *items;
    size_t count;
};

/** The whole file. */
struct pf_config_input {
    int api_version;
    int kind;
    struct pf_config_class *classes;
    size_t class_count;
    struct pf_fit_options fit; /**< without features and disabled */
    struct pf_sv kubernetes_version;
    bool kubernetes_version_set;
    struct pf_config_gates gates;
    struct pf_option_strings disabled;
    enum pf_action on_unknown;
    int64_t reservation_ttl_ms;
    struct pf_sv scheduler_config; /**< path of the KubeSchedulerConfiguration */
    int extenders;                 /**< 1: ignore */
    int awaited_claims;            /**< 1: misfit */
};

/** The table of struct pf_config_input. */
extern const struct pf_option_table pf_config_table;

/** What hooks need beside the option: run->opaque. */
struct pf_config_context {
    struct pf_map names; /**< of the classes seen */
    const struct pf_config_source *source;
    struct pf_schedconfig scheduler; /**< of fit.schedulerConfig */
    uint64_t scheduler_hash;         /**< of that file's bytes */
};

/** Take `name:12:3: ` off a text of the YAML parser. @return the rest; *ret_mark is untouched when it does not begin so */
const char *pf_config_take_mark(const char *name, const char *text, struct pf_yaml_mark *ret_mark);
/** FNV-1a. @param hash  to go on from; 0: begin */
uint64_t pf_config_hash(uint64_t hash, struct pf_sv bytes);

/* Hooks; contract as pf_option_fn. run->opaque is a struct pf_config_context. */

enum pf_code pf_config_check_name(struct pf_option_run *run, const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_names(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_match(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_taint(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_node_selector(struct pf_option_run *run,
                                           const struct pf_yaml_node *node,
                                           const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_pool(struct pf_option_run *run, const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_class(struct pf_option_run *run, const struct pf_yaml_node *node,
                                   const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_filters(struct pf_option_run *run, const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_version(struct pf_option_run *run, const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path, void *field);
enum pf_code pf_config_check_groups(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field);
enum pf_code pf_config_decode_gates(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field);
/** Reads the file that is named (config_scheduler.c). */
enum pf_code pf_config_check_scheduler(struct pf_option_run *run, const struct pf_yaml_node *node,
                                       const struct pf_problems_path *path, void *field);
/** @param field struct pf_label_selector (config_selector.c) */
enum pf_code pf_config_selector_decode(struct pf_option_run *run, const struct pf_yaml_node *node,
                                       const struct pf_problems_path *path, void *field);
/** @param field class_.quota of a struct pf_config_class whose `lenient` is decoded (config_quota.c) */
enum pf_code pf_config_quota_defaults(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path, void *field);
enum pf_code pf_config_quota_upgrades(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path, void *field);

/** Is it a label key, a label value? Sources: k8s.io/apimachinery IsQualifiedName, IsValidLabelValue. */
bool pf_config_is_label_key(struct pf_sv key);
bool pf_config_is_label_value(struct pf_sv value);

#endif

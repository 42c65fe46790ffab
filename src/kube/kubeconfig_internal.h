#ifndef PODFIT_KUBECONFIG_INTERNAL_H
#define PODFIT_KUBECONFIG_INTERNAL_H

/** Inside kube: the parsed files of a kubeconfig list, and what finds a context in them. */

#include <podfit/kubeconfig.h>
#include <podfit/yaml.h>

/** One file. Texts and tree live in the arena that it was parsed with. */
struct pf_kubeconfig_file {
    const char *path;
    const char *folder;              /**< of the path; `.` when it has none */
    const struct pf_yaml_node *root; /**< a map; NULL: the file is empty */
};

/** In the order of the list: the first that has an entry wins. */
struct pf_kubeconfig_files {
    struct pf_kubeconfig_file *items;
    size_t count;
    struct pf_arena *arena; /**< of the trees */
};

/** One named entry of `clusters`, `users` or `contexts`. */
struct pf_kubeconfig_entry {
    const struct pf_kubeconfig_file *file;
    const struct pf_yaml_node *body; /**< a map; NULL: the entry is empty */
    const char *section;             /**< for messages: `cluster` */
    const char *name;
};

/** Parse the bytes of one file and check its shape: version, lists of named maps, no name twice. */
enum pf_code pf_kubeconfig_file_parse(struct pf_sv text, const char *path, struct pf_arena *arena,
                                      struct pf_kubeconfig_file *ret_file,
                                      struct pf_err *err) PF_MUST_CHECK;

/**
 * Find an entry by its name.
 *
 * @param list     `clusters`  @param section `cluster`
 * @return PF_OK; PF_E_NOT_FOUND: the text says which names there are
 */
enum pf_code pf_kubeconfig_file_find(const struct pf_kubeconfig_files *files, const char *list,
                                     const char *section, const char *name,
                                     struct pf_kubeconfig_entry *ret_entry,
                                     struct pf_err *err) PF_MUST_CHECK;

/** A string member. @param[out] ret_text copy in @p arena; untouched when it is absent, null or empty */
enum pf_code pf_kubeconfig_file_text(const struct pf_kubeconfig_entry *entry,
                                     const struct pf_yaml_node *map, const char *key,
                                     struct pf_arena *arena, const char **ret_text,
                                     struct pf_err *err) PF_MUST_CHECK;

/** Record `FILE:LINE:COLUMN: SECTION 'NAME': TEXT`. @param node of the position; may be NULL */
enum pf_code pf_kubeconfig_file_fail(const struct pf_kubeconfig_entry *entry,
                                     const struct pf_yaml_node *node, enum pf_code code,
                                     const char *text, struct pf_err *err);

/** Take a cluster's and a user's entry apart. The strings go to @p arena. */
enum pf_code pf_kubeconfig_cluster(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                   struct pf_kube_config *config, struct pf_err *err) PF_MUST_CHECK;
enum pf_code pf_kubeconfig_user(const struct pf_kubeconfig_entry *entry, struct pf_arena *arena,
                                struct pf_kube_config *config, struct pf_err *err) PF_MUST_CHECK;
/** The exec section of a user. */
enum pf_code pf_kubeconfig_exec(const struct pf_kubeconfig_entry *entry,
                                const struct pf_yaml_node *map, struct pf_arena *arena,
                                struct pf_kube_exec *ret_exec, struct pf_err *err) PF_MUST_CHECK;

/** Resolve against the folder of a file. @return NULL without memory */
const char *pf_kubeconfig_path(const struct pf_kubeconfig_file *file, const char *path,
                               struct pf_arena *arena) PF_MUST_CHECK;

#endif

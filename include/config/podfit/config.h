#ifndef PODFIT_CONFIG_H
#define PODFIT_CONFIG_H

/**
 * PodfitConfiguration (config.podfit.io/v1): read from YAML, checked whole, immutable afterwards. Reference-counted: a reload swaps a pointer and
 * reviews in flight keep the old one.
 */

#include <podfit/class.h>
#include <podfit/fit.h>
#include <podfit/options.h>

struct pf_config {
    struct pf_class *classes;
    size_t class_count;
    struct pf_fit_options fit;   /**< of `fit:`; its views live as long as the configuration */
    bool kubernetes_version_set; /**< fit.kubernetesVersion was given */
    enum pf_action on_unknown;   /**< annotate or reject */
    int64_t reservation_ttl_ms;
    bool needs_namespace_labels; /**< a class has a namespaceSelector */
    struct pf_sv *
        notes; /**< what of fit.schedulerConfig podfit does not model, a sentence each: tell at start */
    size_t note_count;
    char digest
        [17]; /**< hex; changes with the effective content, that of fit.schedulerConfig included */
    /* private: reference count and arena */
    struct pf_config_state *state;
};

/**
 * Parse and check.
 *
 * @param name  file name for messages
 * @param[out] problems  every problem of the file, with line, column, key, what was found and what is allowed; initialised by the caller
 * @param[out] ret_config  one reference for the caller; untouched on failure
 * @return PF_OK, PF_E_INVALID (see problems), PF_E_TOO_BIG, PF_E_NO_MEMORY
 */
enum pf_code pf_config_parse(struct pf_sv yaml, const char *name, struct pf_problems *problems,
                             struct pf_config **ret_config) PF_MUST_CHECK;
/** Reads a file that the configuration names. @return PF_OK, or a code with its text in @p err */
typedef enum pf_code (*pf_config_read_fn)(void *opaque, const char *path, struct pf_buf *buf,
                                          struct pf_err *err);

struct pf_config_source {
    struct pf_sv yaml;
    const char
        *name; /**< path for messages; relative paths in the file are relative to its folder */
    pf_config_read_fn read; /**< NULL: regular files */
    void *opaque;           /**< for read */
};
/** As pf_config_parse(), which reads fit.schedulerConfig from the file system. */
enum pf_code pf_config_parse_source(const struct pf_config_source *source,
                                    struct pf_problems *problems,
                                    struct pf_config **ret_config) PF_MUST_CHECK;

/**
 * The same configuration for a control plane of another version: its feature gates are counted from that version's defaults.
 *
 * @param minor  as in pf_kube_features_default()
 * @param[out] ret_config  one reference for the caller; @p config itself when it names its version or has this one already. The digest stays the same
 * @return PF_OK or PF_E_NO_MEMORY. Thread-safe
 */
enum pf_code pf_config_for_minor(struct pf_config *config, int minor, struct pf_config **ret_config,
                                 struct pf_err *err) PF_MUST_CHECK;

/** The configuration of `podfit check` without a file: one class that covers every pod, requests: keep, onFull and onNever: reject. */
enum pf_code pf_config_keep_all(struct pf_config **ret_config, struct pf_err *err) PF_MUST_CHECK;

/** One more reference. Thread-safe. */
struct pf_config *pf_config_ref(struct pf_config *config);
/** Drop a reference; NULL is ignored. Thread-safe. */
void pf_config_unref(struct pf_config *config);

/** The effective configuration with all defaults, as YAML. */
void pf_config_show(const struct pf_config *config, struct pf_buf *buf);
/** Markdown table of every key (type, default, allowed, sentence) from the option tables. */
void pf_config_document(struct pf_buf *buf);
/** JSON Schema (draft 7) of the file, from the option tables. */
void pf_config_schema(struct pf_buf *buf);
/**
 * One key of the configuration and what is below it, as `kubectl explain` does.
 *
 * @param path  `classes.onFull`, `classes[].onFull` or `classes[0].onFull`; empty: the keys of the file
 * @return PF_OK, PF_E_NOT_FOUND (the text suggests the nearest key), or the buffer's status
 */
enum pf_code pf_config_explain(struct pf_sv path, struct pf_buf *buf,
                               struct pf_err *err) PF_MUST_CHECK;
/**
 * Every key that pf_config_explain() knows, parents first, with its sentence: for completion.
 *
 * @param visit  strings are borrowed for the call
 * @return PF_OK or PF_E_NO_MEMORY (some may have been visited)
 */
enum pf_code pf_config_each_key(void (*visit)(void *opaque, const char *path, const char *help),
                                void *opaque) PF_MUST_CHECK;

#endif

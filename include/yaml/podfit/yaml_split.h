#ifndef PODFIT_YAML_SPLIT_H
#define PODFIT_YAML_SPLIT_H

/**
 * Big YAML inputs one object at a time: every document that is not a list, and every element of the top-level `items` of one that is
 * (`kind: List`, PodList), is handed out as one tree that dies before the next. Memory is bounded by the largest object, not by the file.
 */

#include <podfit/yaml.h>

/** Where bytes come from. Fill at most @p cap bytes; 0 bytes is the end. @return PF_OK or an error that stops the splitter */
typedef enum pf_code (*pf_yaml_read_fn)(void *opaque, char *bytes, size_t cap, size_t *ret_len,
                                        struct pf_err *err);

/** What the splitter reports, in the order of the input. A result other than PF_OK stops it and is returned. */
struct pf_yaml_split_handler {
    /** One object. @p item and all below it is borrowed until the handler returns. */
    enum pf_code (*on_item)(void *opaque, const struct pf_yaml_node *item, struct pf_err *err);
    /**
     * Optional: a top-level value of a list other than its items, such as apiVersion, kind and metadata. kubectl sorts keys, so `kind` and `metadata`
     * come after `items`. Borrowed until the handler returns.
     */
    enum pf_code (*on_field)(void *opaque, struct pf_sv key, const struct pf_yaml_node *value,
                             struct pf_err *err);
    /** Optional: the end of a document; @p is_list says whether it had `items`. */
    enum pf_code (*on_document)(void *opaque, bool is_list, struct pf_err *err);
    void *opaque;
};

struct pf_yaml_split_limits {
    uint64_t max_bytes; /**< of the whole input */
    size_t
        max_object_bytes; /**< of one object as text, up to 64 KiB more may pass; for example PF_OBJECT_MAX_BYTES */
    size_t max_arena_bytes; /**< of one object as a tree */
};

/**
 * Split the input that @p read gives.
 *
 * An alias may refer to anchors of its own item or of the keys before `items`, not of another item.
 *
 * @param file     borrowed; name for error texts
 * @param opaque   handed to @p read
 * @return PF_OK, the codes of pf_yaml_parse() (node and depth limits hold for one object), PF_E_INVALID also when a document
 *         is not a map, what @p read or a handler returned
 * @note Thread-safe; nothing is shared.
 */
enum pf_code pf_yaml_split(const char *file, pf_yaml_read_fn read, void *opaque,
                           const struct pf_yaml_split_limits *limits,
                           const struct pf_yaml_split_handler *handler,
                           struct pf_err *err) PF_MUST_CHECK;

#endif

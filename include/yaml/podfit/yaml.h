#ifndef PODFIT_YAML_H
#define PODFIT_YAML_H

/**
 * YAML as Kubernetes reads it (sigs.k8s.io/yaml, which is go-yaml v2): bytes to a tree in an arena, each node with its position;
 * a splitter that gives the items of a big `kind: List` one at a time; a tree to JSON, so that one decoder reads both formats.
 *
 * Plain (unquoted) scalars are resolved as go-yaml v2 `resolve.go` does: y/yes/true/on and n/no/false/off are booleans, ~/null/nothing
 * is null, integers are decimal, 0x, 0o, 0b or with a leading zero octal, `_` is skipped; dates stay strings (they do in JSON too).
 * Differences, all of them stricter: a key twice is an error, also across `<<` twice; explicit keys win over `<<` wherever it stands (the
 * YAML merge rule); integers over 64 bits that are not decimal are strings; !!binary and application tags are refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <podfit/arena.h>
#include <podfit/buf.h>
#include <podfit/error.h>
#include <podfit/sv.h>

/** What a node is after resolution. */
enum pf_yaml_type {
    PF_YAML_NULL,   /**< ~, null, or nothing after a key */
    PF_YAML_BOOL,   /**< value.boolean */
    PF_YAML_INT,    /**< value.integer; fits 64 bits */
    PF_YAML_FLOAT,  /**< value.number; also integers over 64 bits */
    PF_YAML_STRING, /**< text */
    PF_YAML_SEQ,    /**< value.items, count of them */
    PF_YAML_MAP, /**< value.members, count of them, in the order of the file (merged ones last) */
};

/** How a node was written. */
enum pf_yaml_style {
    PF_YAML_PLAIN,  /**< unquoted scalar */
    PF_YAML_QUOTED, /**< single or double quotes */
    PF_YAML_BLOCK,  /**< literal or folded scalar; list or map by indentation */
    PF_YAML_FLOW,   /**< [..] or {..} */
};

/** 1-based position in the input; 0 means unknown. */
struct pf_yaml_mark {
    uint32_t line;
    uint32_t column; /**< in characters */
};

struct pf_yaml_node;

/** One key and its value. Keys are strings; numbers and booleans used as keys are turned into text as sigs.k8s.io/yaml does. */
struct pf_yaml_member {
    struct pf_sv key; /**< NUL-terminated, may hold NUL bytes itself */
    struct pf_yaml_mark key_mark;
    const struct pf_yaml_node *value; /**< never NULL */
};

/** Integer of 65 bits: sign and magnitude, so that int64 and uint64 fit. */
struct pf_yaml_integer {
    uint64_t magnitude;
    bool negative;
};

/**
 * One node. All memory belongs to the arena of the document. Immutable. An alias gives the anchored node itself, so a node can be
 * reached on several ways; walking all ways visits at most PF_YAML_MAX_NODES nodes.
 */
struct pf_yaml_node {
    enum pf_yaml_type type;
    enum pf_yaml_style style;
    struct pf_yaml_mark mark;
    uint32_t height;   /**< 1 for a scalar, 1 + the highest child for a collection */
    uint32_t nodes;    /**< nodes of this subtree after alias expansion, itself included */
    size_t count;      /**< items or members of a collection */
    struct pf_sv text; /**< scalars: text as in the input, NUL-terminated */
    union {
        bool boolean;
        struct pf_yaml_integer integer;
        double number; /**< may be an infinity or NaN (.inf, .nan) */
        const struct pf_yaml_node *const *items;
        const struct pf_yaml_member *members;
    } value;
};

/** The documents of one input; empty ones (nothing between two `---`) are left out. */
struct pf_yaml_docs {
    const struct pf_yaml_node *const *roots; /**< in the arena; NULL when count is 0 */
    size_t count;
};

/**
 * Parse all documents of @p bytes (UTF-8, or UTF-16 with a byte order mark).
 *
 * @param file       borrowed; name for error texts, `-` is printed as `stdin`
 * @param bytes      borrowed for the call only
 * @param max_bytes  refuse longer input, for example PF_CONFIG_MAX_BYTES
 * @param arena      owns the trees; its own limit holds too
 * @param[out] ret_docs  untouched on failure
 * @param[out] err   `file:line:column: what`; may be NULL
 * @return PF_OK; PF_E_INVALID (not YAML, not UTF-8, a key twice, an unknown alias or one that contains itself);
 *         PF_E_UNSUPPORTED (a tag we do not know, a key that is a list or map); PF_E_TOO_BIG (@p max_bytes, depth over
 *         PF_YAML_MAX_DEPTH or nodes over PF_YAML_MAX_NODES after alias expansion); PF_E_NO_MEMORY
 * @note Thread-safe as long as the arena is not shared.
 */
enum pf_code pf_yaml_parse(const char *file, struct pf_sv bytes, size_t max_bytes,
                           struct pf_arena *arena, struct pf_yaml_docs *ret_docs,
                           struct pf_err *err) PF_MUST_CHECK;

/** As pf_yaml_parse(), but exactly one document is demanded (PF_E_INVALID otherwise). */
enum pf_code pf_yaml_parse_one(const char *file, struct pf_sv bytes, size_t max_bytes,
                               struct pf_arena *arena, const struct pf_yaml_node **ret_root,
                               struct pf_err *err) PF_MUST_CHECK;

/** @return the value of @p key, or NULL when @p node is not a map or has no such key; borrowed. Linear in the members. */
const struct pf_yaml_node *pf_yaml_get(const struct pf_yaml_node *node, const char *key);

/** @return true and *ret_value when @p node is an integer that fits; @p ret_value is untouched otherwise */
bool pf_yaml_to_i64(const struct pf_yaml_node *node, int64_t *ret_value) PF_MUST_CHECK;

/** Name of a type for messages: `null`, `boolean`, `integer`, `number`, `string`, `list`, `map`. Static. */
const char *pf_yaml_type_name(enum pf_yaml_type type);

/**
 * Append @p node as compact JSON. A number that is a JSON number as written keeps its text (0.5, 1e3, 0.10); others are converted (0x1F, .5,
 * 1_000). Strings are escaped by pf_write (json/write.h).
 *
 * @param[in,out] buf  what was appended stays on failure; the caller drops it
 * @return PF_OK, PF_E_UNSUPPORTED (.inf and .nan are no JSON; the text has line:column), or the buffer's failure
 */
enum pf_code pf_yaml_json_write(const struct pf_yaml_node *node, struct pf_buf *buf,
                                struct pf_err *err) PF_MUST_CHECK;

/**
 * Append @p node as block YAML, each line indented by @p indent spaces and ended by a newline; a scalar that would be read as something else is
 * quoted. Reading the output gives the same tree.
 *
 * @return the buffer's status
 */
enum pf_code pf_yaml_write(const struct pf_yaml_node *node, unsigned indent, struct pf_buf *buf,
                           struct pf_err *err) PF_MUST_CHECK;

/** Append @p text as one YAML scalar that reads as this very string: plain if that is safe, else in double quotes. */
void pf_yaml_write_string(struct pf_sv text, struct pf_buf *buf);

#endif

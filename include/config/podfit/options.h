#ifndef PODFIT_OPTIONS_H
#define PODFIT_OPTIONS_H

/**
 * One option table (key, type, default, range, offset, sentence) drives decoding a YAML map into a struct, all errors at once, printing the
 * effective configuration, `config explain` and the README table. Tables are const and static:
 *
 *     static const struct pf_option fit_rows[] = {
 *         {.key = "maxModelAge", .type = PF_OPTION_DURATION, .offset = offsetof(struct pf_fit, max_age_ms),
 *          .fallback = "60s", .min = 1000, .max = 3600 * 1000, .help = "older than this: the verdict is unknown"},
 *     };
 *     static const struct pf_option_table fit_table = PF_OPTION_TABLE(fit_rows, struct pf_fit);
 *
 * Keys are case-sensitive; unknown keys are errors; `key:` with nothing (null) means not given. What each type writes at its offset stands
 * with the type. Everything decoded is in the arena, and immutable.
 */

#include <podfit/problems.h>

struct pf_option_table;
struct pf_option_run;

/** Type of an option and of the struct member at its offset. */
enum pf_option_type {
    PF_OPTION_BOOL,     /**< bool */
    PF_OPTION_INT,      /**< int64_t, or as int_bytes says, within min..max */
    PF_OPTION_DURATION, /**< int64_t in milliseconds within min..max; never negative */
    PF_OPTION_STRING, /**< struct pf_sv, NUL-terminated; ptr NULL when not given and without default; min..max bytes */
    PF_OPTION_ENUM, /**< an enum or int: the value of the chosen one of choices */
    PF_OPTION_STRING_LIST, /**< struct pf_option_strings; min..max elements; each one of choices if they are set */
    PF_OPTION_STRING_MAP, /**< struct pf_option_pairs; min..max members */
    PF_OPTION_OBJECT,     /**< the struct of table, embedded; its defaults are set when not given */
    PF_OPTION_OBJECT_LIST, /**< struct pf_option_objects with elements of table; min..max elements */
    PF_OPTION_SELECTOR, /**< whatever decode writes; a map with matchLabels and matchExpressions only is checked before */
    PF_OPTION_CUSTOM, /**< whatever decode writes */
};

/** One value of an enum option. */
struct pf_option_choice {
    const char *name; /**< as in the file; NULL ends the list */
    int value;
    const char *help; /**< a few words for explain, or NULL */
};

/** Decoded list of strings. A pointer member directly followed by a size_t member does as well, also for the two below. */
struct pf_option_strings {
    const struct pf_sv *items; /**< NUL-terminated each; NULL when count is 0 */
    size_t count;
};

/** One member of a decoded map. */
struct pf_option_pair {
    struct pf_sv key;
    struct pf_sv value;
};

/** Decoded map from string to string, in the order of the file. */
struct pf_option_pairs {
    const struct pf_option_pair *items;
    size_t count;
};

/** Decoded list of objects. */
struct pf_option_objects {
    void *items; /**< array of count structs of the table */
    size_t count;
};

/**
 * Decode or check a value by hand; not called for a value that is neither in the file nor has a fallback. Errors of the user are added
 * with pf_problems_add(run->problems, node->mark, path, ...) and PF_OK is returned; only running out of memory and the like is a failure
 * (its text goes into run->err).
 *
 * @param node   the value, never NULL; of a table check: the map
 * @param field  address of the member at the option's offset (table checks: of the whole struct)
 */
typedef enum pf_code (*pf_option_fn)(struct pf_option_run *run, const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path, void *field);

/** Print a SELECTOR or CUSTOM value: what follows `key:`, newline included; a block is indented by more than @p indent. */
typedef void (*pf_option_print_fn)(const void *field, unsigned indent, struct pf_buf *buf);

/**
 * One option.
 *
 * Bounds: min and max both 0 is none; max below min is no upper one. They hold for the value (INT, DURATION in ms), the bytes (STRING)
 * or the elements (lists, maps). The default is YAML text (`60s`, `[a, b]`); without it the member is zero, empty, NULL.
 */
struct pf_option {
    const char *key;
    enum pf_option_type type;
    bool required;        /**< must be in the file, when its object is */
    size_t offset;        /**< offsetof the member */
    size_t given_offset;  /**< PF_OPTION_GIVEN() of a bool: does the file have the key? 0: none */
    const char *fallback; /**< the default */
    int64_t min;
    int64_t max;
    size_t
        int_bytes; /**< INT: size of the member, 8 (or 0) or 4 (unsigned if min is not negative) */
    const struct pf_option_choice *choices; /**< ENUM, STRING_LIST; ended by a NULL name */
    const struct pf_option_table *table;    /**< OBJECT, OBJECT_LIST */
    pf_option_fn decode;                    /**< SELECTOR, CUSTOM */
    pf_option_fn check;                     /**< optional, after a value without problem */
    pf_option_print_fn print;               /**< SELECTOR, CUSTOM: optional */
    const char *allowed;                    /**< what is allowed; NULL: made from the above */
    const char *
        schema; /**< what a JSON Schema says beside the above: members, `"pattern":"^a"`; or NULL */
    const char *help; /**< one sentence: lower-case, no full stop */
};

/** The options of one object. */
struct pf_option_table {
    const struct pf_option *rows;
    size_t count;
    size_t struct_bytes;
    /** Optional: rules over several members; called when the object is given and nothing in it has a problem. */
    pf_option_fn check;
};

#define PF_OPTION_TABLE(rows_, struct_)                                                \
    {                                                                                  \
        .rows = (rows_), .count = PF_ARRAY_LEN(rows_), .struct_bytes = sizeof(struct_) \
    }
#define PF_OPTION_TABLE_CHECKED(rows_, struct_, check_)                                 \
    {                                                                                   \
        .rows = (rows_), .count = PF_ARRAY_LEN(rows_), .struct_bytes = sizeof(struct_), \
        .check = (check_)                                                               \
    }
#define PF_OPTION_GIVEN(struct_, member_) (offsetof(struct_, member_) + 1)

/** One run of the decoder, handed to hooks. */
struct pf_option_run {
    struct pf_arena *arena;       /**< for what hooks decode */
    struct pf_problems *problems; /**< for what they find */
    void *opaque;                 /**< the caller's, for hooks */
    struct pf_err *err;           /**< for failures that are not the user's; may be NULL */
};

/**
 * Decode @p node into @p ret_object.
 *
 * @param node  NULL (an empty file) is an empty map
 * @param run   borrowed; run->problems gets every problem of the file
 * @param[out] ret_object  table->struct_bytes bytes; pointers in it go into run->arena; untouched on failure
 * @return PF_OK; PF_E_INVALID when problems were added (pf_problems_status() as text); PF_E_NO_MEMORY; PF_E_INTERNAL when a default in
 *         the table is not one; what a hook returned
 */
enum pf_code pf_options_decode(const struct pf_option_table *table, const struct pf_yaml_node *node,
                               struct pf_option_run *run, void *ret_object) PF_MUST_CHECK;

/** The same for a part of a file. @param path  where the part stands, for the problems; borrowed for the call */
enum pf_code pf_options_decode_at(const struct pf_option_table *table,
                                  const struct pf_yaml_node *node,
                                  const struct pf_problems_path *path, struct pf_option_run *run,
                                  void *ret_object) PF_MUST_CHECK;

/**
 * Append the effective configuration, defaults included, as YAML that decodes to the same.
 *
 * @param node  what was decoded (NULL: nothing); SELECTOR and CUSTOM values without print hook are printed from it, or from the fallback
 * @return the buffer's status
 */
enum pf_code pf_options_print(const struct pf_option_table *table, const struct pf_yaml_node *node,
                              const void *object, struct pf_buf *buf,
                              struct pf_err *err) PF_MUST_CHECK;

/** Append a markdown table of all options, nested ones with their path (`classes[].onFull`). @return the buffer's status */
enum pf_code pf_options_docs_markdown(const struct pf_option_table *table, struct pf_buf *buf,
                                      struct pf_err *err) PF_MUST_CHECK;

/**
 * Append a JSON Schema (draft 7) of the object, indented. A key with a default wants a value, where null is the same as not given for the decoder; checks by
 * hooks are in it as far as the rows say so.
 *
 * @return the buffer's status
 */
enum pf_code pf_options_schema(const struct pf_option_table *table, const char *title,
                               struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/** Called with the path of an option, as `config explain` takes it, and its sentence; both borrowed for the call. */
typedef void (*pf_option_visit_fn)(void *opaque, const char *path, const char *help);

/**
 * Every option of the table and of those below, parents first.
 *
 * @return PF_OK or PF_E_NO_MEMORY (some may have been visited)
 */
enum pf_code pf_options_docs_each(const struct pf_option_table *table, pf_option_visit_fn visit,
                                  void *opaque) PF_MUST_CHECK;

/**
 * Append what `config explain` prints: for one option its type, default, allowed values, sentence and, for objects, the keys below.
 *
 * @param path  `classes.onFull` or `classes[].onFull` or `classes[0].onFull`; empty: everything
 * @return PF_OK, PF_E_NOT_FOUND (the text suggests the nearest key), or the buffer's status
 */
enum pf_code pf_options_docs_explain(const struct pf_option_table *table, struct pf_sv path,
                                     struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

#endif

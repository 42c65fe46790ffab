#ifndef PODFIT_TEMPLATE_H
#define PODFIT_TEMPLATE_H

/**
 * HTML from a template and a JSON tree, in the manner of Mustache. The template is ours, the tree is full of other people's text.
 *
 * `{{a.b}}`: the text of a string or number, escaped. `{{a|filter}}`: through a filter. `{{#a}}...{{/a}}`: for each item of an array, once inside an object, once when
 * it is true, not 0 and not empty. `{{#a*}}...{{/a*}}`: for each member of an object, whose key is `{{@}}`. `{{^a}}...{{/a}}`: once when it is not. `{{.}}`: the
 * item itself. A name is looked for in the innermost object first.
 */

#include <podfit/buf.h>
#include <podfit/wire.h>

/** Nesting of sections. */
#define PF_TEMPLATE_DEPTH_MAX 16

/** A filter appends its text, which must not hold what HTML gives a meaning (or is escaped by the filter). */
struct pf_template_filter {
    const char *name;
    void (*append)(const struct pf_template_filter *filter, const struct cJSON *value,
                   struct pf_buf *buf);
    int64_t now_wall_ns; /**< for filters that compare times */
};

struct pf_template {
    struct pf_sv text; /**< borrowed */
    const struct pf_template_filter *filters;
    size_t filter_count;
};

/**
 * Append the filled template.
 *
 * @param tree  the root object; names that are not there are empty
 * @return PF_OK; PF_E_INVALID (the template: the text says where); the buffer's failure. Thread-safe
 */
enum pf_code pf_template_render(const struct pf_template *template_, const struct cJSON *tree,
                                struct pf_buf *buf, struct pf_err *err) PF_MUST_CHECK;

/**
 * Append @p text for use between tags and in quoted attributes: what HTML gives a meaning becomes a character reference, control characters a blank, what is not
 * UTF-8 U+FFFD.
 */
void pf_template_escape(struct pf_buf *buf, struct pf_sv text);

#endif

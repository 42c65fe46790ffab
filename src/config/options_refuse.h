#ifndef PODFIT_OPTIONS_REFUSE_H
#define PODFIT_OPTIONS_REFUSE_H

/** The sentences that a user reads about a wrong value. */

#include "options_text.h"

/** Where a value is on its way from node to struct. All borrowed. */
struct pf_options_place {
    struct pf_option_run *run;
    const struct pf_option *option;
    const struct pf_problems_path *path;
    char *field; /**< address of the member; not used here */
};

/**
 * Add `found 'x', allowed is y`.
 *
 * @param allowed  NULL: what the option allows
 * @param hint     follows the sentence; may be empty
 */
void pf_options_refuse_value(const struct pf_options_place *place, const struct pf_yaml_node *node,
                             const char *allowed, const char *hint);

/** Add a problem with a value that is none of the choices, with the nearest one. */
void pf_options_refuse_choice(const struct pf_options_place *place,
                              const struct pf_yaml_node *node);

/** @return true when the element @p node at @p path is a string; otherwise a problem was added */
bool pf_options_refuse_unless_string(const struct pf_options_place *place,
                                     const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path);

/** @return true when @p size elements are allowed; otherwise a problem was added */
bool pf_options_refuse_unless_sized(const struct pf_options_place *place,
                                    const struct pf_yaml_node *node, size_t size);

/** Add a problem for every key of @p node that the table does not have. */
void pf_options_refuse_unknown_keys(const struct pf_option_run *run,
                                    const struct pf_option_table *table,
                                    const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path);

#endif

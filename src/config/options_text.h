#ifndef PODFIT_OPTIONS_TEXT_H
#define PODFIT_OPTIONS_TEXT_H

/** Words about options that messages and documents share. */

#include <podfit/options.h>

/** `integer`, `list of objects`, ... Static. */
const char *pf_options_text_type(enum pf_option_type type);

/** Append what is allowed: `an integer from 1 to 10`, `one of a, b`. */
void pf_options_text_allowed(const struct pf_option *option, struct pf_buf *buf);

/** Does the option have a lower bound, an upper bound? */
bool pf_options_text_has_min(const struct pf_option *option);
bool pf_options_text_has_max(const struct pf_option *option);

/** Is @p value, or a size, within the bounds? */
bool pf_options_text_in_range(const struct pf_option *option, int64_t value);

/** The row with this key, or NULL. */
const struct pf_option *pf_options_text_find(const struct pf_option_table *table, struct pf_sv key);

/** The key nearest to a misspelt one, or NULL. */
const char *pf_options_text_nearest_key(const struct pf_option_table *table, struct pf_sv key);

/** The choice nearest to a misspelt one, or NULL. */
const char *pf_options_text_nearest_choice(const struct pf_option *option, struct pf_sv word);

#endif

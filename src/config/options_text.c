#include "options_text.h"

#include <stdio.h>

#include <podfit/duration.h>

const char *pf_options_text_type(enum pf_option_type type)
{
    static const char *const names[] = {
        [PF_OPTION_BOOL] = "boolean",
        [PF_OPTION_INT] = "integer",
        [PF_OPTION_DURATION] = "duration",
        [PF_OPTION_STRING] = "string",
        [PF_OPTION_ENUM] = "enum",
        [PF_OPTION_STRING_LIST] = "list of strings",
        [PF_OPTION_STRING_MAP] = "map of strings",
        [PF_OPTION_OBJECT] = "object",
        [PF_OPTION_OBJECT_LIST] = "list of objects",
        [PF_OPTION_SELECTOR] = "label selector",
        [PF_OPTION_CUSTOM] = "value",
    };
    return (size_t)type < PF_ARRAY_LEN(names) ? names[type] : "unknown";
}

bool pf_options_text_has_min(const struct pf_option *option)
{
    return option->min != 0 || option->max != 0;
}

bool pf_options_text_has_max(const struct pf_option *option)
{
    return pf_options_text_has_min(option) && option->max >= option->min;
}

bool pf_options_text_in_range(const struct pf_option *option, int64_t value)
{
    return (!pf_options_text_has_min(option) || value >= option->min) &&
           (!pf_options_text_has_max(option) || value <= option->max);
}

/* a bound with its unit: `60s`, `5` */
static void append_bound(const struct pf_option *option, int64_t bound, struct pf_buf *buf)
{
    char text[PF_DURATION_TEXT_BYTES];
    if (option->type == PF_OPTION_DURATION) {
        pf_duration_format(bound, text);
        pf_buf_append_cstr(buf, text);
    } else {
        pf_buf_append_i64(buf, bound);
    }
}

static void append_range(const struct pf_option *option, struct pf_buf *buf)
{
    if (!pf_options_text_has_min(option)) {
        return;
    }
    if (!pf_options_text_has_max(option)) {
        pf_buf_append_cstr(buf, " of at least ");
        append_bound(option, option->min, buf);
        return;
    }
    pf_buf_append_cstr(buf, " from ");
    append_bound(option, option->min, buf);
    pf_buf_append_cstr(buf, " to ");
    append_bound(option, option->max, buf);
}

/* ` of 1 to 63 bytes`, ` with at least 1 element` */
static void append_size(const struct pf_option *option, const char *unit, struct pf_buf *buf)
{
    if (!pf_options_text_has_min(option)) {
        return;
    }
    long long min = option->min;
    long long max = option->max;
    if (!pf_options_text_has_max(option)) {
        pf_buf_printf(buf, " with at least %lld %s%s", min, unit, min == 1 ? "" : "s");
    } else if (min == 0) {
        pf_buf_printf(buf, " with at most %lld %s%s", max, unit, max == 1 ? "" : "s");
    } else {
        pf_buf_printf(buf, " with %lld to %lld %ss", min, max, unit);
    }
}

static void append_choices(const struct pf_option *option, struct pf_buf *buf)
{
    for (const struct pf_option_choice *c = option->choices; c != NULL && c->name != NULL; c++) {
        pf_buf_append_cstr(buf, c != option->choices ? ", " : "");
        pf_buf_append_cstr(buf, c->name);
    }
}

void pf_options_text_allowed(const struct pf_option *option, struct pf_buf *buf)
{
    if (option->allowed != NULL) {
        pf_buf_append_cstr(buf, option->allowed);
        return;
    }
    switch (option->type) {
    case PF_OPTION_BOOL:
        pf_buf_append_cstr(buf, "true or false");
        break;
    case PF_OPTION_INT:
        pf_buf_append_cstr(buf, "an integer");
        append_range(option, buf);
        break;
    case PF_OPTION_DURATION:
        pf_buf_append_cstr(buf, "a duration");
        append_range(option, buf);
        break;
    case PF_OPTION_STRING:
        pf_buf_append_cstr(buf, "a string");
        append_size(option, "byte", buf);
        break;
    case PF_OPTION_ENUM:
        pf_buf_append_cstr(buf, "one of ");
        append_choices(option, buf);
        break;
    case PF_OPTION_STRING_LIST:
        pf_buf_append_cstr(buf, option->choices != NULL ? "a list" : "a list of strings");
        append_size(option, "element", buf);
        pf_buf_append_cstr(buf, option->choices != NULL ? ", each one of " : "");
        append_choices(option, buf);
        break;
    case PF_OPTION_STRING_MAP:
        pf_buf_append_cstr(buf, "a map of strings");
        append_size(option, "member", buf);
        break;
    case PF_OPTION_OBJECT_LIST:
        pf_buf_append_cstr(buf, "a list of maps");
        append_size(option, "element", buf);
        break;
    case PF_OPTION_SELECTOR:
        pf_buf_append_cstr(buf, "a map with matchLabels, matchExpressions");
        break;
    case PF_OPTION_OBJECT:
        pf_buf_append_cstr(buf, "a map");
        break;
    case PF_OPTION_CUSTOM:
    default:
        pf_buf_append_cstr(buf, "what the description says");
        break;
    }
}

const struct pf_option *pf_options_text_find(const struct pf_option_table *table, struct pf_sv key)
{
    for (size_t i = 0; i < table->count; i++) {
        if (pf_sv_eq_cstr(key, table->rows[i].key)) {
            return &table->rows[i];
        }
    }
    return NULL;
}

static const char *key_at(const void *opaque, size_t i)
{
    const struct pf_option_table *table = opaque;
    return i < table->count ? table->rows[i].key : NULL;
}

const char *pf_options_text_nearest_key(const struct pf_option_table *table, struct pf_sv key)
{
    return pf_problems_nearest(key, key_at, table);
}

static const char *choice_at(const void *opaque, size_t i)
{
    const struct pf_option *option = opaque;
    return option->choices[i].name;
}

const char *pf_options_text_nearest_choice(const struct pf_option *option, struct pf_sv word)
{
    return pf_problems_nearest(word, choice_at, option);
}

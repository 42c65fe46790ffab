#include "options_refuse.h"

#include <stdio.h>

/* of a value in a message; longer ones are cut */
#define SHOWN_BYTES 60
/* of what is allowed in a message */
#define ALLOWED_MAX_BYTES ((size_t)512)

/* `'abc'`, `the integer '5'`, `a list` */
static void describe(const struct pf_yaml_node *node, struct pf_buf *buf)
{
    if (node->type == PF_YAML_SEQ || node->type == PF_YAML_MAP) {
        pf_buf_printf(buf, "a %s", pf_yaml_type_name(node->type));
        return;
    }
    if (node->type == PF_YAML_NULL) {
        pf_buf_append_cstr(buf, "nothing");
        return;
    }
    if (node->type != PF_YAML_STRING) {
        pf_buf_printf(buf, "the %s ", pf_yaml_type_name(node->type));
    }
    int shown = node->text.len > SHOWN_BYTES ? SHOWN_BYTES : (int)node->text.len;
    while (shown > 0 && node->text.len > SHOWN_BYTES &&
           ((unsigned char)node->text.ptr[shown] & 0xC0U) == 0x80U) {
        shown--; /* not in the middle of a character */
    }
    pf_buf_printf(buf, "'%.*s%s'", shown, node->text.ptr,
                  node->text.len > SHOWN_BYTES ? "..." : "");
}

void pf_options_refuse_value(const struct pf_options_place *place, const struct pf_yaml_node *node,
                             const char *allowed, const char *hint)
{
    pf_autobuf struct pf_buf found = {.data = NULL};
    pf_autobuf struct pf_buf words = {.data = NULL};
    pf_buf_init(&found, ALLOWED_MAX_BYTES);
    pf_buf_init(&words, ALLOWED_MAX_BYTES);
    describe(node, &found);
    if (allowed != NULL) {
        pf_buf_append_cstr(&words, allowed);
    } else {
        pf_options_text_allowed(place->option, &words);
    }
    pf_problems_add(place->run->problems, node->mark, place->path, "found %.*s, allowed is %.*s%s",
                    PF_SV_ARG(pf_buf_view(&found)), PF_SV_ARG(pf_buf_view(&words)), hint);
}

bool pf_options_refuse_unless_string(const struct pf_options_place *place,
                                     const struct pf_yaml_node *node,
                                     const struct pf_problems_path *path)
{
    if (node->type == PF_YAML_STRING) {
        return true;
    }
    const struct pf_options_place element = {
        .run = place->run, .option = place->option, .path = path};
    bool scalar = node->type != PF_YAML_SEQ && node->type != PF_YAML_MAP;
    pf_options_refuse_value(&element, node, "a string",
                            scalar && node->type != PF_YAML_NULL ? " (put it in quotes)" : "");
    return false;
}

bool pf_options_refuse_unless_sized(const struct pf_options_place *place,
                                    const struct pf_yaml_node *node, size_t size)
{
    /* sizes are far below 2^63 */
    if (pf_options_text_in_range(place->option, (int64_t)size)) {
        return true;
    }
    pf_autobuf struct pf_buf words = {.data = NULL};
    pf_buf_init(&words, ALLOWED_MAX_BYTES);
    pf_options_text_allowed(place->option, &words);
    pf_problems_add(place->run->problems, node->mark, place->path, "found %zu, allowed is %.*s",
                    size, PF_SV_ARG(pf_buf_view(&words)));
    return false;
}

void pf_options_refuse_choice(const struct pf_options_place *place, const struct pf_yaml_node *node)
{
    char hint[SHOWN_BYTES + 32] = "";
    const char *nearest = node->type == PF_YAML_STRING
                              ? pf_options_text_nearest_choice(place->option, node->text)
                              : NULL;
    if (nearest != NULL) {
        (void)snprintf(hint, sizeof(hint), " (did you mean '%.60s'?)", nearest);
    }
    pf_options_refuse_value(place, node, NULL, hint);
}

void pf_options_refuse_unknown_keys(const struct pf_option_run *run,
                                    const struct pf_option_table *table,
                                    const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_member *member = &node->value.members[i];
        const struct pf_problems_path key_path = {.parent = path, .key = member->key};
        if (pf_options_text_find(table, member->key) != NULL) {
            continue;
        }
        const char *nearest = pf_options_text_nearest_key(table, member->key);
        if (nearest != NULL) {
            pf_problems_add(run->problems, member->key_mark, &key_path,
                            "unknown key '%.60s' (did you mean '%s'?)", member->key.ptr, nearest);
            continue;
        }
        pf_autobuf struct pf_buf keys = {.data = NULL};
        pf_buf_init(&keys, ALLOWED_MAX_BYTES);
        for (size_t k = 0; k < table->count; k++) {
            pf_buf_append_cstr(&keys, k != 0 ? ", " : "");
            pf_buf_append_cstr(&keys, table->rows[k].key);
        }
        pf_problems_add(run->problems, member->key_mark, &key_path,
                        "unknown key '%.60s', allowed are %.*s", member->key.ptr,
                        PF_SV_ARG(pf_buf_view(&keys)));
    }
}

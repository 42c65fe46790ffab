#include "config_internal.h"
#include <podfit/limits.h>
#include <podfit/write.h>

typedef enum pf_code (*parse_fn)(struct pf_sv json, bool lenient, struct pf_quota *quota,
                                 struct pf_quota_problem *ret_problem);

/** Where in the file a position of a text in quotes is; 0 when it cannot be said. */
static struct pf_yaml_mark place_of(const struct pf_yaml_node *node,
                                    const struct pf_quota_problem *problem)
{
    struct pf_yaml_mark mark = node->mark;

    if (node->style == PF_YAML_QUOTED && problem->line == 1) {
        mark.column += problem->column; /* the quote stands at node->mark */
    } else if (node->style == PF_YAML_BLOCK && problem->line != 0) {
        mark.line += problem->line; /* the text begins below the `|` */
        mark.column = 1;
    }
    return mark;
}

static enum pf_code read_text(struct pf_option_run *run, const struct pf_yaml_node *node,
                              const struct pf_problems_path *path, struct pf_config_class *class_,
                              parse_fn parse)
{
    struct pf_quota_problem problem = {0};
    const enum pf_code code = parse(node->text, class_->lenient, &class_->class_.quota, &problem);

    if (code == PF_E_NO_MEMORY) {
        return pf_err_set(run->err, code, "%.400s", problem.err.text);
    }
    if (code != PF_OK) {
        pf_problems_add(run->problems, place_of(node, &problem), path, "%.500s", problem.err.text);
    }
    return PF_OK;
}

/** A YAML map, member by member, so that every problem has its place and all are found. */
static enum pf_code read_map(struct pf_option_run *run, const struct pf_yaml_node *node,
                             const struct pf_problems_path *path, struct pf_config_class *class_,
                             parse_fn parse)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct pf_yaml_member *const member = &node->value.members[i];
        const struct pf_problems_path here = {.parent = path, .key = member->key};
        pf_autobuf struct pf_buf json = {0};
        struct pf_quota_problem problem = {0};
        enum pf_code code = PF_OK;

        pf_buf_init(&json, PF_CONFIG_MAX_BYTES);
        pf_buf_append_char(&json, '{');
        pf_write_string(&json, member->key);
        pf_buf_append_char(&json, ':');
        code = pf_yaml_json_write(member->value, &json, &problem.err);
        pf_buf_append_char(&json, '}');
        if (code == PF_OK) {
            code = pf_buf_status(&json, &problem.err);
        }
        if (code == PF_OK) {
            code = parse(pf_buf_view(&json), class_->lenient, &class_->class_.quota, &problem);
        }
        if (code == PF_E_NO_MEMORY) {
            return pf_err_set(run->err, code, "%.400s", problem.err.text);
        }
        if (code != PF_OK) {
            pf_problems_add(run->problems, member->key_mark, &here, "%.500s", problem.err.text);
        }
    }
    return PF_OK;
}

static enum pf_code read_quota(struct pf_option_run *run, const struct pf_yaml_node *node,
                               const struct pf_problems_path *path, void *field, parse_fn parse)
{
    void *const base = (char *)field - offsetof(struct pf_config_class, class_.quota);
    struct pf_config_class *const class_ = base;

    if (class_->class_.quota.memory_unit_bytes == 0) {
        class_->class_.quota = pf_quota_default();
    }
    if (node->type == PF_YAML_STRING) {
        return read_text(run, node, path, class_, parse);
    }
    if (node->type == PF_YAML_MAP) {
        return read_map(run, node, path, class_, parse);
    }
    pf_problems_add(
        run->problems, node->mark, path,
        "found a value of type %s, allowed is a map, or a string that holds a JSON object",
        pf_yaml_type_name(node->type));
    return PF_OK;
}

enum pf_code pf_config_quota_defaults(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path, void *field)
{
    return read_quota(run, node, path, field, pf_quota_parse_defaults);
}

enum pf_code pf_config_quota_upgrades(struct pf_option_run *run, const struct pf_yaml_node *node,
                                      const struct pf_problems_path *path, void *field)
{
    return read_quota(run, node, path, field, pf_quota_parse_upgrades);
}

#include "migrate.h"

#include <podfit/class.h>
#include <podfit/write.h>

/* Namespaces that OpenShift's webhook looks at carry it with the value "true". */
#define OPENSHIFT_LABEL "clusterresourceoverrides.admission.autoscaling.openshift.io/enabled"

static const struct pf_yaml_node *get(const struct pf_yaml_node *node, const char *const *path)
{
    for (size_t i = 0; path[i] != NULL && node != NULL; i++) {
        node = pf_yaml_get(node, path[i]);
    }
    return node;
}

static void begin(struct pf_writer *w, struct pf_sv name)
{
    pf_write_begin_object(w);
    pf_write_string_member(w, "apiVersion", PF_SV("config.podfit.io/v1"));
    pf_write_string_member(w, "kind", PF_SV("PodfitConfiguration"));
    pf_write_key(w, PF_SV("classes"));
    pf_write_begin_array(w);
    pf_write_begin_object(w);
    pf_write_string_member(w, "name", name);
}

static void end(struct pf_writer *w)
{
    pf_write_end_object(w);
    pf_write_end_array(w);
    pf_write_end_object(w);
}

static void put_label(struct pf_writer *w, const char *selector, struct pf_sv key,
                      struct pf_sv value)
{
    pf_write_key(w, pf_sv_from(selector));
    pf_write_begin_object(w);
    pf_write_key(w, PF_SV("matchLabels"));
    pf_write_begin_object(w);
    pf_write_key(w, key);
    pf_write_put_string(w, value);
    pf_write_end_object(w);
    pf_write_end_object(w);
}

static void put_namespaces(struct pf_writer *w, const struct pf_migrate_options *options,
                           const char *usual)
{
    pf_write_key(w, PF_SV("namespaces"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < options->namespace_count; i++) {
        pf_write_put_string(w, pf_sv_from(options->namespaces[i]));
    }
    if (options->namespace_count == 0) {
        pf_write_put_string(w, pf_sv_from(usual));
    }
    pf_write_end_array(w);
}

static enum pf_code put_value(struct pf_writer *w, const char *key, const struct pf_yaml_node *node,
                              struct pf_err *err)
{
    if (node == NULL) {
        return PF_OK;
    }
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, w->buf->max_bytes);
    const enum pf_code code = pf_yaml_json_write(node, &json, err);
    if (code == PF_OK) {
        pf_write_key(w, pf_sv_from(key));
        pf_write_put_raw(w, pf_buf_view(&json));
    }
    return code;
}

/* ---- OpenShift ---- */

static const char *const percents[] = {
    "memoryRequestToLimitPercent",
    "cpuRequestToLimitPercent",
    "limitCPUToMemoryPercent",
};

static bool is_openshift(const struct pf_yaml_node *root)
{
    const struct pf_yaml_node *kind = pf_yaml_get(root, "kind");
    return kind != NULL && kind->type == PF_YAML_STRING &&
           (pf_sv_eq_cstr(kind->text, "ClusterResourceOverride") ||
            pf_sv_eq_cstr(kind->text, "ClusterResourceOverrideConfig"));
}

/* The object that holds the fields: the operator's nests them twice. */
static const struct pf_yaml_node *fields_of(const struct pf_yaml_node *root)
{
    static const char *const nested[] = {"spec", "podResourceOverride", "spec", NULL};
    const struct pf_yaml_node *fields = get(root, nested);
    fields = fields != NULL ? fields : pf_yaml_get(root, "spec");
    return fields != NULL ? fields : root;
}

static enum pf_code write_openshift(const struct pf_yaml_node *root,
                                    const struct pf_migrate_options *options,
                                    const struct pf_migrate_notes *notes, struct pf_writer *w,
                                    struct pf_err *err)
{
    const struct pf_yaml_node *fields = fields_of(root);
    enum pf_code code = PF_OK;
    size_t found = 0;
    begin(w, options->name != NULL ? pf_sv_from(options->name) : PF_SV("overcommit"));
    pf_write_key(w, PF_SV("match"));
    pf_write_begin_object(w);
    if (options->namespace_count != 0) {
        put_namespaces(w, options, NULL);
    } else {
        put_label(w, "namespaceSelector", PF_SV(OPENSHIFT_LABEL), PF_SV("true"));
    }
    pf_write_end_object(w);
    for (size_t i = 0; i < PF_ARRAY_LEN(percents) && code == PF_OK; i++) {
        const struct pf_yaml_node *value = pf_yaml_get(fields, percents[i]);
        found += value != NULL ? 1 : 0;
        code = put_value(w, percents[i], value, err);
    }
    if (pf_yaml_get(fields, "forceSelinuxRelabel") != NULL) {
        notes->note(notes->opaque, "forceSelinuxRelabel has nothing to do with requests, left out");
    }
    if (code == PF_OK && found == 0) {
        return pf_err_set(err, PF_E_INVALID, "no percent field in it, allowed: %s, %s, %s",
                          percents[0], percents[1], percents[2]);
    }
    end(w);
    return code;
}

/* ---- CoCalc ---- */

/* Where Helm values have the site's settings. */
static const char *const settings_paths[][3] = {
    {"global", "settings", NULL},
    {"settings", NULL},
    {NULL},
};

static const struct pf_yaml_node *setting_of(const struct pf_yaml_node *root, const char *key)
{
    const struct pf_yaml_node *value = NULL;
    for (size_t i = 0; i < PF_ARRAY_LEN(settings_paths) && value == NULL; i++) {
        value = pf_yaml_get(get(root, settings_paths[i]), key);
    }
    return value;
}

static const struct pf_yaml_node *project_value(const struct pf_yaml_node *root, const char *key)
{
    static const char *const path[] = {"manage", "project", NULL};
    const struct pf_yaml_node *value = pf_yaml_get(get(root, path), key);
    return value != NULL && value->type != PF_YAML_NULL ? value : NULL;
}

static bool is_taint(const struct pf_yaml_node *node)
{
    struct pf_taint taint = {0};
    return node != NULL && node->type == PF_YAML_STRING &&
           pf_class_parse_taint(node->text, &taint, NULL) == PF_OK;
}

static void put_pool(const struct pf_yaml_node *root, const struct pf_migrate_notes *notes,
                     struct pf_writer *w)
{
    const struct pf_yaml_node *taint = project_value(root, "dedicatedProjectNodesTaint");
    const struct pf_yaml_node *label = project_value(root, "dedicatedProjectNodesLabel");
    const bool has_taint = is_taint(taint);
    size_t equals = SIZE_MAX;
    if (label != NULL && label->type == PF_YAML_STRING && label->text.len != 0) {
        equals = pf_sv_find(label->text, PF_SV("="));
    }
    if (taint != NULL && !has_taint) {
        notes->note(notes->opaque,
                    "manage.project.dedicatedProjectNodesTaint is not key=value:Effect, left out; "
                    "see 'podfit config explain classes.pool.taint'");
    }
    if (label != NULL && equals == SIZE_MAX) {
        notes->note(notes->opaque,
                    "manage.project.dedicatedProjectNodesLabel is not key=value, left out; see "
                    "'podfit config explain classes.pool.nodeSelector'");
    }
    if (!has_taint && equals == SIZE_MAX) {
        return;
    }
    pf_write_key(w, PF_SV("pool"));
    pf_write_begin_object(w);
    if (has_taint) {
        pf_write_string_member(w, "taint", taint->text);
    }
    if (equals != SIZE_MAX) {
        const struct pf_sv text = label->text;
        pf_write_key(w, PF_SV("nodeSelector"));
        pf_write_begin_object(w);
        pf_write_key(w, (struct pf_sv){.ptr = text.ptr, .len = equals});
        pf_write_put_string(
            w, (struct pf_sv){.ptr = text.ptr + equals + 1, .len = text.len - equals - 1});
        pf_write_end_object(w);
    }
    pf_write_end_object(w);
}

static enum pf_code write_cocalc(const struct pf_yaml_node *root,
                                 const struct pf_migrate_options *options,
                                 const struct pf_migrate_notes *notes, struct pf_writer *w,
                                 struct pf_err *err)
{
    begin(w, options->name != NULL ? pf_sv_from(options->name) : PF_SV("projects"));
    pf_write_key(w, PF_SV("match"));
    pf_write_begin_object(w);
    put_namespaces(w, options, "cocalc");
    put_label(w, "podSelector", PF_SV("run"), PF_SV("project"));
    pf_write_end_object(w);
    enum pf_code code = put_value(w, "defaultQuotas", setting_of(root, "default_quotas"), err);
    if (code == PF_OK) {
        code = put_value(w, "maxUpgrades", setting_of(root, "max_upgrades"), err);
    }
    pf_write_key(w, PF_SV("containers"));
    pf_write_begin_array(w);
    pf_write_put_string(w, PF_SV("project"));
    pf_write_end_array(w);
    put_pool(root, notes, w);
    end(w);
    return code;
}

enum pf_code pf_migrate_write(const struct pf_yaml_node *root,
                              const struct pf_migrate_options *options,
                              const struct pf_migrate_notes *notes, struct pf_buf *buf,
                              struct pf_err *err)
{
    struct pf_writer writer = {0};
    enum pf_code code = PF_OK;
    pf_write_init(&writer, buf);
    if (is_openshift(root)) {
        code = write_openshift(root, options, notes, &writer, err);
    } else if (setting_of(root, "default_quotas") != NULL ||
               setting_of(root, "max_upgrades") != NULL) {
        code = write_cocalc(root, options, notes, &writer, err);
    } else {
        return pf_err_set(
            err, PF_E_UNSUPPORTED,
            "neither kind ClusterResourceOverride or ClusterResourceOverrideConfig nor "
            "Helm values with default_quotas or max_upgrades");
    }
    return code == PF_OK ? pf_buf_status(buf, err) : code;
}

#include "plan_options.h"

#include <stdio.h>

#include "check_input.h"
#include "load.h"
#include "plan_node.h"

#define ARENA_MAX_BYTES ((size_t)512 * 1024 * 1024)
#define NODES_MAX_BYTES ((size_t)1024 * 1024 * 1024)

void pf_plan_options_done(struct pf_plan_inputs *inputs)
{
    pf_model_free(inputs->model);
    inputs->model = NULL;
    pf_config_unref(inputs->config);
    inputs->config = NULL;
    pf_config_unref(inputs->given);
    inputs->given = NULL;
    pf_buf_done(&inputs->pod);
    pf_arena_done(&inputs->arena);
}

static enum pf_code in_option(enum pf_code code, const char *option, struct pf_err *err)
{
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "option '--%s'", option);
}

static enum pf_code read_amounts(const char *text, const char *option,
                                 enum pf_plan_amounts_allowed allowed,
                                 struct pf_plan_amounts *amounts, struct pf_err *err)
{
    return text == NULL ? PF_OK
                        : in_option(pf_plan_spec_amounts(pf_sv_from(text), allowed, amounts, err),
                                    option, err);
}

static enum pf_code read_ratio(const char *text, const char *option, struct pf_decimal *ratio,
                               struct pf_err *err)
{
    return text == NULL ? PF_OK
                        : in_option(pf_plan_spec_ratio(pf_sv_from(text), ratio, err), option, err);
}

/* Options that make no sense together, or alone. */
static enum pf_code check_pairs(const struct pf_plan_options *o, struct pf_err *err)
{
    const bool described = o->nodes.count != 0;
    const struct pf_source_options *source = &o->source;
    const bool reserves =
        o->kube_reserved != NULL || o->system_reserved != NULL || o->eviction_hard != NULL;
    const struct {
        bool wrong;
        const char *text;
    } rules[] = {
        {described && source->snapshot != NULL,
         "options '--snapshot' and '--node' exclude each other"},
        {described && (source->kubeconfig != NULL || source->context != NULL || source->live),
         "option '--node' excludes '--kubeconfig', '--context' and '--live'"},
        {reserves && !described, "options '--kube-reserved', '--system-reserved' and "
                                 "'--eviction-hard' need '--node': a cluster's nodes say what is "
                                 "allocatable"},
        {o->file != NULL && (o->requests != NULL || o->limits != NULL || o->member),
         "options '--requests', '--limits' and '--member' are for a made-up pod, not for that of "
         "'--file'"},
        {o->class_ != NULL && o->config == NULL, "option '--class' needs '--config'"},
        {o->member && o->config == NULL, "option '--member' needs '--config'"},
        {o->users_per_pod != NULL && o->projects_per_user != NULL,
         "options '--users-per-pod' and '--projects-per-user' exclude each other"},
        {o->users == 0 &&
             (o->users_per_pod != NULL || o->projects_per_user != NULL || o->users_per_hub != 0),
         "options '--users-per-pod', '--projects-per-user' and '--users-per-hub' need '--users'"},
        {o->projects != 0 && (o->users_per_pod != NULL || o->projects_per_user != NULL),
         "option '--projects' says the number already, '--users-per-pod' and "
         "'--projects-per-user' would say it again"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rules); i++) {
        if (rules[i].wrong) {
            return pf_err_set(err, PF_E_INVALID, "%s", rules[i].text);
        }
    }
    return PF_OK;
}

static enum pf_code read_numbers(const struct pf_plan_options *o, struct pf_plan_settings *settings,
                                 struct pf_err *err)
{
    settings->projects = o->projects;
    settings->users = o->users;
    settings->users_per_hub = o->users_per_hub;
    settings->hours_per_day = o->hours_per_day;
    settings->days_per_month = o->days_per_month;
    settings->price_by_requests = o->price_by != 0;
    enum pf_code code = read_amounts(o->usage, "usage", PF_PLAN_CPU_MEMORY, &settings->usage, err);
    if (code == PF_OK) {
        code = read_ratio(o->users_per_pod, "users-per-pod", &settings->users_per_pod, err);
    }
    if (code == PF_OK) {
        code = read_ratio(o->projects_per_user, "projects-per-user", &settings->projects_per_user,
                          err);
    }
    if (code == PF_OK && o->price != NULL) {
        code = in_option(pf_plan_spec_price(pf_sv_from(o->price), &settings->price, err), "price",
                         err);
    }
    for (size_t i = 0; i < o->volumes.count && code == PF_OK; i++) {
        code =
            in_option(pf_plan_spec_volume(pf_sv_from(o->volumes.items[i]), &settings->volume, err),
                      "volume", err);
    }
    return code;
}

/* The nodes of --node go the way of a snapshot. */
static enum pf_code describe_nodes(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                                   struct pf_err *err)
{
    const size_t count = o->nodes.count;
    struct pf_plan_amounts amounts[3] = {{.has_cpu = false}};
    const struct pf_plan_node_reserves reserves = {.items = amounts,
                                                   .count = PF_ARRAY_LEN(amounts)};
    const enum pf_plan_amounts_allowed three = PF_PLAN_CPU_MEMORY_STORAGE;
    struct pf_plan_node_spec *specs = pf_arena_calloc(&inputs->arena, count, sizeof(*specs));
    enum pf_code code = specs != NULL ? PF_OK : pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count && code == PF_OK; i++) {
        code = in_option(
            pf_plan_node_parse(pf_sv_from(o->nodes.items[i]), &inputs->arena, &specs[i], err),
            "node", err);
    }
    code = code == PF_OK ? read_amounts(o->kube_reserved, "kube-reserved", three, &amounts[0], err)
                         : code;
    code = code == PF_OK
               ? read_amounts(o->system_reserved, "system-reserved", three, &amounts[1], err)
               : code;
    code = code == PF_OK ? read_amounts(o->eviction_hard, "eviction-hard", three, &amounts[2], err)
                         : code;
    if (code != PF_OK) {
        return code;
    }
    pf_autobuf struct pf_buf list = {0};
    pf_buf_init(&list, NODES_MAX_BYTES);
    code = in_option(pf_plan_node_write(specs, count, &reserves, &list, err), "node", err);
    code = code == PF_OK ? pf_load_model_bytes(pf_buf_view(&list), "--node", inputs->given,
                                               &inputs->model, err)
                         : code;
    if (code == PF_OK) {
        inputs->config = pf_config_ref(inputs->given);
    }
    return code;
}

static enum pf_code read_cluster(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                                 struct pf_err *err)
{
    if (o->nodes.count != 0) {
        return describe_nodes(o, inputs, err);
    }
    struct pf_source source = {.kind = PF_SOURCE_EXAMPLE};
    struct pf_source_load load = {.source = &source, .config = inputs->given};
    enum pf_code code =
        pf_source_choose(&o->source, PF_SOURCE_DEFAULT_EXAMPLE, &inputs->arena, &source, err);
    if (code == PF_OK && source.kind == PF_SOURCE_EXAMPLE && o->source.snapshot == NULL) {
        pf_cliout_error("no cluster named (--node, --snapshot, --kubeconfig, --live): planning on "
                        "the embedded example cluster");
    }
    code = code == PF_OK ? pf_source_model(&load, err) : code;
    if (code == PF_OK) {
        inputs->model = load.model;
        inputs->config = load.adapted;
    }
    return code;
}

static enum pf_code read_config(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                                struct pf_err *err)
{
    if (o->config == NULL) {
        return pf_config_keep_all(&inputs->given, err);
    }
    const enum pf_code code = pf_load_config(o->config, &inputs->given);
    if (code == PF_OK) {
        pf_load_say_notes(inputs->given);
    }
    return code;
}

/* The one pod of a file. */
static enum pf_code take_pod(void *opaque, const struct pf_check_object *object, struct pf_err *err)
{
    struct pf_buf *pod = opaque;
    if (object->review) {
        return pf_err_set(err, PF_E_UNSUPPORTED, "a review cannot be planned, allowed: a Pod");
    }
    if (pod->len != 0) {
        return pf_err_set(err, PF_E_INVALID, "a second pod, allowed: one");
    }
    pf_buf_append_sv(pod, object->json);
    return pf_buf_status(pod, err);
}

static enum pf_code read_file(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                              struct pf_err *err)
{
    if (o->file == NULL) {
        return PF_OK;
    }
    enum pf_code code = pf_check_input_read(o->file, take_pod, &inputs->pod, err);
    if (code == PF_OK && inputs->pod.len == 0) {
        code = pf_err_set(err, PF_E_INVALID, "option '--file': the file holds no pod");
    }
    return code;
}

static enum pf_code name_classes(const struct pf_config *config, const char *asked,
                                 struct pf_err *err)
{
    char names[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < config->class_count && len < sizeof(names); i++) {
        const int more = snprintf(names + len, sizeof(names) - len, "%s%.*s", i != 0 ? ", " : "",
                                  PF_SV_ARG(config->classes[i].name));
        len += more > 0 ? (size_t)more : 0; /* past the end when it was cut: the loop ends */
    }
    if (asked == NULL) {
        return pf_err_set(err, PF_E_INVALID, "option '--class' is missing, allowed: %s", names);
    }
    return pf_err_set(err, PF_E_INVALID, "option '--class': there is no '%.100s', allowed: %s",
                      asked, names);
}

/* Labels of namespaces are the model's, which is not there yet: a class that asks for them has to be named. */
static enum pf_code find_covering(const struct pf_config *config, struct pf_plan_inputs *inputs,
                                  size_t *ret_index, struct pf_err *err)
{
    struct pf_pod pod = {.needs = 0};
    const enum pf_code code = pf_pod_decode(pf_buf_view(&inputs->pod), &inputs->arena, &pod, err);
    if (code != PF_OK) {
        return code;
    }
    const struct pf_class *class_ =
        pf_class_match(config->classes, config->class_count, &pod, pod.meta.namespace_, NULL, NULL);
    *ret_index = class_ != NULL ? (size_t)(class_ - config->classes) : config->class_count;
    return PF_OK;
}

static enum pf_code choose_class(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                                 struct pf_err *err)
{
    const struct pf_config *config = inputs->given;
    size_t index = config->class_count == 1 ? 0 : config->class_count; /* class_count: none */
    enum pf_code code = PF_OK;
    if (o->class_ != NULL) {
        for (index = 0; index < config->class_count &&
                        !pf_sv_eq_cstr(config->classes[index].name, o->class_);) {
            index++;
        }
    } else if (o->file != NULL && o->config != NULL) {
        code = find_covering(config, inputs, &index, err);
    }
    if (code != PF_OK) {
        return in_option(code, "file", err);
    }
    if (index == config->class_count) {
        return name_classes(config, o->class_, err);
    }
    inputs->settings.class_ = config->classes[index];
    if (o->config == NULL) {
        inputs->settings.class_.name = (struct pf_sv){0};
    }
    return PF_OK;
}

static enum pf_code read_quotas(const struct pf_plan_options *o, struct pf_plan_settings *settings,
                                struct pf_err *err)
{
    if (o->quotas == NULL) {
        return PF_OK;
    }
    struct pf_class *class_ = &settings->class_;
    struct pf_quota quota = pf_quota_default();
    if (class_->has_quota) {
        quota.memory_unit_bytes = class_->quota.memory_unit_bytes;
        quota.max_memory = class_->quota.max_memory;
        quota.max_memory_request = class_->quota.max_memory_request;
        quota.max_cores = class_->quota.max_cores;
        quota.max_cpu_shares = class_->quota.max_cpu_shares;
    }
    struct pf_quota_problem problem = {0};
    const enum pf_code code =
        pf_quota_parse_defaults(pf_sv_from(o->quotas), /* lenient= */ false, &quota, &problem);
    if (code != PF_OK) {
        return pf_err_set(err, code, "option '--quotas': line %u, column %u: %.300s", problem.line,
                          problem.column, problem.err.text);
    }
    class_->quota = quota;
    class_->has_quota = true;
    class_->has_percents = false;
    class_->requests =
        class_->requests == PF_REQUESTS_KEEP ? PF_REQUESTS_REPLACE : class_->requests;
    return PF_OK;
}

static enum pf_code make_pod(const struct pf_plan_options *o, struct pf_plan_inputs *inputs,
                             struct pf_err *err)
{
    const struct pf_class *class_ = &inputs->settings.class_;
    struct pf_plan_pod_wish wish = {.class_ = class_, .member = o->member};
    const enum pf_plan_amounts_allowed three = PF_PLAN_CPU_MEMORY_STORAGE;
    if (o->file != NULL) {
        return PF_OK;
    }
    if (!class_->has_quota && o->requests == NULL && o->limits == NULL) {
        return pf_err_set(
            err, PF_E_INVALID,
            "nothing says what a project asks for, allowed: --quotas, --requests, --limits, "
            "--file, or a --class with defaultQuotas");
    }
    enum pf_code code = read_amounts(o->requests, "requests", three, &wish.requests, err);
    code = code == PF_OK ? read_amounts(o->limits, "limits", three, &wish.limits, err) : code;
    return code == PF_OK ? pf_plan_pod_write(&wish, &inputs->arena, &inputs->pod, err) : code;
}

enum pf_code pf_plan_options_read(const struct pf_plan_options *options,
                                  struct pf_plan_inputs *ret_inputs, struct pf_err *err)
{
    struct pf_plan_inputs *inputs = ret_inputs;
    *inputs = (struct pf_plan_inputs){.config = NULL};
    pf_arena_init(&inputs->arena, ARENA_MAX_BYTES);
    pf_buf_init(&inputs->pod, PF_OBJECT_MAX_BYTES);
    enum pf_code code = check_pairs(options, err);
    code = code == PF_OK ? read_numbers(options, &inputs->settings, err) : code;
    code = code == PF_OK ? read_config(options, inputs, err) : code;
    code = code == PF_OK ? read_file(options, inputs, err) : code;
    code = code == PF_OK ? choose_class(options, inputs, err) : code;
    code = code == PF_OK ? read_quotas(options, &inputs->settings, err) : code;
    code = code == PF_OK ? make_pod(options, inputs, err) : code;
    code = code == PF_OK ? read_cluster(options, inputs, err) : code;
    if (code != PF_OK) {
        return code;
    }
    const struct pf_class *class_ = &inputs->settings.class_;
    inputs->settings.pod_json = pf_buf_view(&inputs->pod);
    inputs->settings.features = &inputs->config->fit.features;
    inputs->settings.namespace_ =
        class_->namespace_count != 0 ? class_->namespaces[0] : PF_SV("default");
    return PF_OK;
}

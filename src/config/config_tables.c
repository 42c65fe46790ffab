#include "config_internal.h"

static const struct pf_option_choice api_versions[] = {{.name = "config.podfit.io/v1", .value = 1},
                                                       {.name = NULL}};
static const struct pf_option_choice kinds[] = {{.name = "PodfitConfiguration", .value = 1},
                                                {.name = NULL}};
static const struct pf_option_choice units[] = {
    {.name = "Mi", .value = PF_CONFIG_UNIT_MI, .help = "1048576 bytes"},
    {.name = "M", .value = PF_CONFIG_UNIT_M, .help = "1000000 bytes"},
    {.name = NULL}};
static const struct pf_option_choice request_modes[] = {
    {.name = "replace", .value = PF_REQUESTS_REPLACE, .help = "the formula decides"},
    {.name = "raise",
     .value = PF_REQUESTS_RAISE,
     .help = "the larger of the pod's own request and the formula"},
    {.name = "keep", .value = PF_REQUESTS_KEEP, .help = "never touched, only the fit is verified"},
    {.name = NULL}};
static const struct pf_option_choice never_actions[] = {
    {.name = "reject", .value = PF_ACTION_REJECT, .help = "refused with one sentence"},
    {.name = "annotate",
     .value = PF_ACTION_ANNOTATE,
     .help = "admitted, the reason written into it"},
    {.name = NULL}};
static const struct pf_option_choice full_actions[] = {
    {.name = "reject", .value = PF_ACTION_REJECT, .help = "refused with one sentence"},
    {.name = "annotate",
     .value = PF_ACTION_ANNOTATE,
     .help = "admitted, the reason written into it"},
    {.name = "gate",
     .value = PF_ACTION_GATE,
     .help = "admitted with a scheduling gate that podfit removes when there is room"},
    {.name = NULL}};

static const struct pf_option_choice preemption_modes[] = {
    {.name = "count", .value = 0, .help = "it fits"},
    {.name = "ignore", .value = 1, .help = "it does not fit"},
    {.name = NULL}};

/* Schemas of values that are decoded by hand, for cocalcLenient: false. A string holds the same as JSON. */
#define SCHEMA_NUMBER "{\"type\":\"number\",\"minimum\":0}"
#define SCHEMA_RATIO  "{\"type\":\"number\",\"minimum\":1}"
static const char quotas_schema[] =
    "\"type\":[\"string\",\"object\",\"null\"],\"properties\":{\"mem\":" SCHEMA_NUMBER
    ",\"mem_oc\":" SCHEMA_RATIO ",\"cpu\":" SCHEMA_NUMBER ",\"cpu_oc\":" SCHEMA_RATIO
    ",\"idle_timeout\":" SCHEMA_NUMBER
    ",\"internet\":{\"type\":\"boolean\"},\"disk_quota\":" SCHEMA_NUMBER
    "},\"additionalProperties\":false";
static const char upgrades_schema[] =
    "\"type\":[\"string\",\"object\",\"null\"],\"properties\":{\"memory\":" SCHEMA_NUMBER
    ",\"memory_request\":" SCHEMA_NUMBER ",\"cores\":" SCHEMA_NUMBER
    ",\"cpu_shares\":" SCHEMA_NUMBER ",\"disk_quota\":" SCHEMA_NUMBER ",\"network\":" SCHEMA_NUMBER
    ",\"mintime\":" SCHEMA_NUMBER ",\"member_host\":" SCHEMA_NUMBER
    ",\"ephemeral_state\":" SCHEMA_NUMBER ",\"ephemeral_disk\":" SCHEMA_NUMBER
    ",\"always_running\":" SCHEMA_NUMBER ",\"ext_rw\":" SCHEMA_NUMBER
    "},\"additionalProperties\":false";

/* match and pool are objects of the file whose values belong to the class itself: their tables sit at offset 0 of it */
static const struct pf_option match_rows[] = {
    {.key = "namespaces",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct pf_config_class, class_.namespaces),
     .check = pf_config_check_names,
     .help = "names of namespaces; with none and no selector every namespace matches"},
    {.key = "namespaceSelector",
     .type = PF_OPTION_SELECTOR,
     .offset = offsetof(struct pf_config_class, class_.namespace_selector),
     .decode = pf_config_selector_decode,
     .help = "labels of the namespace, instead of names"},
    {.key = "podSelector",
     .type = PF_OPTION_SELECTOR,
     .offset = offsetof(struct pf_config_class, class_.pod_selector),
     .decode = pf_config_selector_decode,
     .help = "labels of the pod; without it every pod matches"},
};
static const struct pf_option_table match_table =
    PF_OPTION_TABLE_CHECKED(match_rows, struct pf_config_class, pf_config_check_match);

static const struct pf_option pool_rows[] = {
    {.key = "taint",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct pf_config_class, taint),
     .check = pf_config_check_taint,
     .allowed = "`key=value:Effect` or `key:Effect`",
     .schema = "\"pattern\":\"^[^=:]+(=[^=:]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$\"",
     .help = "taint of the pool's nodes"},
    {.key = "nodeSelector",
     .type = PF_OPTION_STRING_MAP,
     .offset = offsetof(struct pf_config_class, node_selector),
     .check = pf_config_check_node_selector,
     .help = "labels of the pool's nodes"},
    {.key = "inject",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct pf_config_class, class_.pool_inject),
     .fallback = "false",
     .help = "add the toleration and the node selector to the pod"},
};
static const struct pf_option_table pool_table =
    PF_OPTION_TABLE_CHECKED(pool_rows, struct pf_config_class, pf_config_check_pool);

#define PERCENT(key_, member_, max_, help_)                                                      \
    {                                                                                            \
        .key = (key_), .type = PF_OPTION_INT,                                                    \
        .offset = offsetof(struct pf_config_class, class_.percents.member_),                     \
        .int_bytes = sizeof(uint32_t), .min = 0, .max = (max_), .fallback = "0", .help = (help_) \
    }

static const struct pf_option class_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .required = true,
     .offset = offsetof(struct pf_config_class, class_.name),
     .min = 1,
     .max = 63,
     .check = pf_config_check_name,
     .schema = "\"pattern\":\"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$\"",
     .help = "unique name, also of metrics and annotations"},
    {.key = "match",
     .type = PF_OPTION_OBJECT,
     .table = &match_table,
     .help = "the pods of this class; without it every pod; the first class that matches wins"},
    {.key = "cocalcLenient",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct pf_config_class, lenient),
     .fallback = "false",
     .help = "quotas as CoCalc reads them: a wrong type is as if absent, a ratio below 1 is 1"},
    {.key = "memoryUnit",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_class, memory_unit),
     .choices = units,
     .fallback = "Mi",
     .help = "what one unit of mem is"},
    {.key = "defaultQuotas",
     .type = PF_OPTION_CUSTOM,
     .offset = offsetof(struct pf_config_class, class_.quota),
     .given_offset = PF_OPTION_GIVEN(struct pf_config_class, quotas_given),
     .decode = pf_config_quota_defaults,
     .allowed =
         "JSON string or object with mem, mem_oc, cpu, cpu_oc, idle_timeout, internet, disk_quota",
     .schema = quotas_schema,
     .help = "CoCalc's default_quotas; the request is limit / ratio"},
    {.key = "maxUpgrades",
     .type = PF_OPTION_CUSTOM,
     .offset = offsetof(struct pf_config_class, class_.quota),
     .given_offset = PF_OPTION_GIVEN(struct pf_config_class, upgrades_given),
     .decode = pf_config_quota_upgrades,
     .allowed = "JSON string or object with memory (16000), memory_request (8000), cores (3), "
                "cpu_shares (2048)",
     .schema = upgrades_schema,
     .help = "CoCalc's max_upgrades: caps; a value replaces the built-in one"},
    {.key = "memberSelector",
     .type = PF_OPTION_SELECTOR,
     .offset = offsetof(struct pf_config_class, class_.member_selector),
     .decode = pf_config_selector_decode,
     .help = "pods of members, which have higher floors"},
    PERCENT("memoryRequestToLimitPercent", memory_request_to_limit, 100,
            "memory request in percent of the memory limit; 0: not used"),
    PERCENT("cpuRequestToLimitPercent", cpu_request_to_limit, 100,
            "CPU request in percent of the CPU limit; 0: not used"),
    PERCENT("limitCPUToMemoryPercent", limit_cpu_to_memory, 1000000,
            "CPU limit in percent of the memory limit, at 1 core a Gi; 0: not used"),
    PERCENT("cpuRequestToRequestPercent", cpu_request_to_request, 100,
            "CPU request in percent of the original one; 0: not used"),
    {.key = "containers",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct pf_config_class, class_.containers),
     .check = pf_config_check_names,
     .help = "names of the containers that carry the quota; none: every container with a limit"},
    {.key = "requests",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_class, class_.requests),
     .choices = request_modes,
     .fallback = "replace",
     .help = "what becomes of a pod's own requests"},
    {.key = "pool",
     .type = PF_OPTION_OBJECT,
     .given_offset = PF_OPTION_GIVEN(struct pf_config_class, class_.has_pool),
     .table = &pool_table,
     .help = "the dedicated nodes of this class"},
    {.key = "onNever",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_class, class_.on_never),
     .choices = never_actions,
     .fallback = "reject",
     .help = "what happens to a pod that no node could take even when empty"},
    {.key = "onFull",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_class, class_.on_full),
     .choices = full_actions,
     .fallback = "reject",
     .help = "what happens to a pod for which there is no room now"},
    {.key = "preemption",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_class, preemption),
     .choices = preemption_modes,
     .fallback = "count",
     .help = "a pod for which kube-scheduler would evict pods of lower priority"},
    {.key = "observe",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct pf_config_class, class_.observe),
     .fallback = "false",
     .help = "change nothing, log what would have been done"},
};
static const struct pf_option_table class_table =
    PF_OPTION_TABLE_CHECKED(class_rows, struct pf_config_class, pf_config_check_class);

static const struct pf_option filter_rows[] = {
    {.key = "disabled",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct pf_config_input, disabled),
     .check = pf_config_check_filters,
     .allowed = "plug-in names of kube-scheduler, such as NodePorts",
     .help = "filters that kube-scheduler does not run here"},
};
static const struct pf_option_table filter_table =
    PF_OPTION_TABLE(filter_rows, struct pf_config_input);

static const struct pf_option_choice claim_modes[] = {
    {.name = "unknown",
     .value = 0,
     .help = "the pod is unknown, unless nothing else lets it on a node"},
    {.name = "misfit", .value = 1, .help = "it does not fit now, as kube-scheduler says"},
    {.name = NULL},
};
static const struct pf_option_choice extender_modes[] = {
    {.name = "unknown", .value = 0, .help = "the verdict is unknown"},
    {.name = "ignore", .value = 1, .help = "as if there were none"},
    {.name = NULL}};

static const struct pf_option fit_rows[] = {
    {.key = "filters",
     .type = PF_OPTION_OBJECT,
     .table = &filter_table,
     .help = "kube-scheduler's filters"},
    {.key = "kubernetesVersion",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct pf_config_input, kubernetes_version),
     .given_offset = PF_OPTION_GIVEN(struct pf_config_input, kubernetes_version_set),
     .check = pf_config_check_version,
     .allowed = "a version such as \"1.36\"",
     .schema = "\"pattern\":\"^v?[0-9]+[.][0-9]+\",\"examples\":[\"1.36\"]",
     .help = "version of the control plane; without it the newest that podfit knows, 1.36"},
    {.key = "featureGates",
     .type = PF_OPTION_CUSTOM,
     .offset = offsetof(struct pf_config_input, gates),
     .decode = pf_config_decode_gates,
     .fallback = "{}",
     .allowed = "a map from gate to true or false",
     .schema = "\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}",
     .help = "feature gates that were changed in kube-scheduler and the API server"},
    {.key = "ignoredResources",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct pf_config_input, fit.ignored_resources),
     .help = "NodeResourcesFitArgs.ignoredResources of kube-scheduler"},
    {.key = "ignoredResourceGroups",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct pf_config_input, fit.ignored_resource_groups),
     .check = pf_config_check_groups,
     .help = "NodeResourcesFitArgs.ignoredResourceGroups of kube-scheduler"},
    {.key = "schedulerConfig",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct pf_config_input, scheduler_config),
     .min = 1,
     .max = 4096,
     .check = pf_config_check_scheduler,
     .allowed = "path of a file, from the folder of this one",
     .help = "KubeSchedulerConfiguration of kube-scheduler: profiles, plug-ins, their arguments"},
    {.key = "awaitedClaims",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_input, awaited_claims),
     .choices = claim_modes,
     .fallback = "unknown",
     .help = "how pods are judged whose PersistentVolumeClaims are still to come or to be bound"},
    {.key = "extenders",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_input, extenders),
     .choices = extender_modes,
     .fallback = "unknown",
     .help = "how pods are judged when kube-scheduler asks extenders or out-of-tree plug-ins, too"},
    {.key = "maxModelAge",
     .type = PF_OPTION_DURATION,
     .offset = offsetof(struct pf_config_input, fit.max_model_age_ms),
     .min = 1,
     .max = 0,
     .fallback = "60s",
     .help = "a model older than this gives the verdict unknown"},
    {.key = "onUnknown",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct pf_config_input, on_unknown),
     .choices = never_actions,
     .fallback = "annotate",
     .help = "what happens to a pod that cannot be judged"},
    {.key = "reservationTTL",
     .type = PF_OPTION_DURATION,
     .offset = offsetof(struct pf_config_input, reservation_ttl_ms),
     .min = 1,
     .max = 0,
     .fallback = "15s",
     .help = "how long room is held for an admitted pod that does not appear"},
};
static const struct pf_option_table fit_table = PF_OPTION_TABLE(fit_rows, struct pf_config_input);

static const struct pf_option config_rows[] = {
    {.key = "apiVersion",
     .type = PF_OPTION_ENUM,
     .required = true,
     .offset = offsetof(struct pf_config_input, api_version),
     .choices = api_versions,
     .help = "version of this format"},
    {.key = "kind",
     .type = PF_OPTION_ENUM,
     .required = true,
     .offset = offsetof(struct pf_config_input, kind),
     .choices = kinds,
     .help = "what this file is"},
    {.key = "classes",
     .type = PF_OPTION_OBJECT_LIST,
     .required = true,
     .offset = offsetof(struct pf_config_input, classes),
     .min = 1,
     .max = 0,
     .table = &class_table,
     .help = "rule sets; a pod that none covers is allowed untouched"},
    {.key = "fit", .type = PF_OPTION_OBJECT, .table = &fit_table, .help = "how the fit is judged"},
};
const struct pf_option_table pf_config_table = PF_OPTION_TABLE(config_rows, struct pf_config_input);

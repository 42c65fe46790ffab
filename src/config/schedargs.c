#include "schedargs.h"

#define GROUP_VERSION "kubescheduler.config.k8s.io/v1"

/* Arguments that change no verdict and no score. */
struct harmless {
    struct pf_schedargs_meta meta;
    int64_t percentage;
    int64_t absolute;
    int64_t timeout;
};

static const struct pf_option preemption_rows[] = {
    PF_SCHEDARGS_META(struct harmless),
    {.key = "minCandidateNodesPercentage",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = 100,
     .fallback = "10",
     .offset = offsetof(struct harmless, percentage)},
    {.key = "minCandidateNodesAbsolute",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "100",
     .offset = offsetof(struct harmless, absolute)},
};
static const struct pf_option_table preemption_table =
    PF_OPTION_TABLE(preemption_rows, struct harmless);

static const struct pf_option binding_rows[] = {
    PF_SCHEDARGS_META(struct harmless),
    {.key = "bindTimeoutSeconds",
     .type = PF_OPTION_INT,
     .min = 0,
     .max = INT32_MAX,
     .offset = offsetof(struct harmless, timeout)},
    {.key = "shape", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
};
static const struct pf_option_table binding_table = PF_OPTION_TABLE(binding_rows, struct harmless);

static const struct pf_option dynamic_rows[] = {
    PF_SCHEDARGS_META(struct harmless),
    {.key = "filterTimeout", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
    {.key = "bindingTimeout", .type = PF_OPTION_CUSTOM, .decode = pf_schedconfig_accept},
};
static const struct pf_option_table dynamic_table = PF_OPTION_TABLE(dynamic_rows, struct harmless);

static enum pf_code apply_nothing(const struct pf_schedargs *a PF_UNUSED,
                                  const void *args PF_UNUSED)
{
    return PF_OK;
}

static const struct pf_schedargs_reader preemption = {
    .plugin = "DefaultPreemption", .table = &preemption_table, .apply = apply_nothing};
static const struct pf_schedargs_reader binding = {
    .plugin = "VolumeBinding", .table = &binding_table, .apply = apply_nothing};
static const struct pf_schedargs_reader dynamic = {
    .plugin = "DynamicResources", .table = &dynamic_table, .apply = apply_nothing};

static const struct pf_schedargs_reader *const readers[] = {
    &pf_schedargs_fit,
    &pf_schedargs_node_affinity,
    &pf_schedargs_spread,
    &pf_schedargs_inter_pod,
    &pf_schedargs_balanced,
    &preemption,
    &binding,
    &dynamic,
};

static void check_meta(const struct pf_schedargs *a, const char *name,
                       const struct pf_schedargs_meta *meta)
{
    if (meta->api_version.len != 0 && !pf_sv_eq_cstr(meta->api_version, GROUP_VERSION)) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "found apiVersion '%.60s', allowed is '" GROUP_VERSION "'",
                        meta->api_version.ptr);
    }
    const size_t len = strlen(name);
    const bool ours = meta->kind.len == len + 4 && memcmp(meta->kind.ptr, name, len) == 0 &&
                      memcmp(meta->kind.ptr + len, "Args", 4) == 0;
    if (meta->kind.len != 0 && !ours) {
        pf_problems_add(a->run->problems, a->node->mark, a->path,
                        "found kind '%.60s', allowed is '%sArgs'", meta->kind.ptr, name);
    }
}

static enum pf_code read_with(const struct pf_schedargs_reader *reader,
                              const struct pf_schedargs *a)
{
    _Alignas(max_align_t) unsigned char args[PF_SCHEDARGS_BYTES] = {0};
    struct pf_schedargs_meta meta = {.kind = {0}};
    if (reader->table->struct_bytes > sizeof(args)) {
        return PF_E_INTERNAL;
    }
    const enum pf_code code = pf_options_decode_at(reader->table, a->node, a->path, a->run, args);
    if (code != PF_OK) {
        return code == PF_E_INVALID ? PF_OK : code; /* the problems tell */
    }
    memcpy(&meta, args, sizeof(meta));
    check_meta(a, reader->plugin, &meta);
    return reader->apply(a, args);
}

static enum pf_code read_one(const struct pf_schedargs *a, struct pf_sv name)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(readers); i++) {
        if (pf_sv_eq_cstr(name, readers[i]->plugin)) {
            return read_with(readers[i], a);
        }
    }
    return PF_OK; /* a plug-in without arguments that podfit reads */
}

enum pf_code pf_schedargs_apply(const struct pf_sched_profile *from,
                                const struct pf_problems_path *path, struct pf_option_run *run,
                                struct pf_sched_notes *notes, struct pf_sched_result *result)
{
    const struct pf_problems_path list = {.parent = path, .key = PF_SV("pluginConfig")};
    for (size_t i = 0; i < from->args_count; i++) {
        const struct pf_problems_path entry = {.parent = &list, .index = i};
        const struct pf_problems_path key = {.parent = &entry, .key = PF_SV("args")};
        const struct pf_schedargs a = {.run = run,
                                       .notes = notes,
                                       .profile = result->profile,
                                       .scores = result->scores,
                                       .path = &key,
                                       .node = from->args[i].args};
        for (size_t k = 0; k < i; k++) {
            if (pf_sv_eq(from->args[k].name, from->args[i].name) && a.node != NULL) {
                pf_problems_add(run->problems, a.node->mark, &entry,
                                "arguments of '%.60s' stand there twice", from->args[i].name.ptr);
            }
        }
        if (a.node != NULL) {
            const enum pf_code code = read_one(&a, from->args[i].name);
            if (code != PF_OK) {
                return code;
            }
        }
    }
    return PF_OK;
}

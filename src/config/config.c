#include <stdatomic.h>

#include "config_internal.h"
#include <podfit/clock.h>
#include <podfit/limits.h>
#include <podfit/map.h>
#include <podfit/mem.h>

/** A file of 1 MiB has at most some 500,000 nodes of 100 bytes, and is decoded once; there may be two. */
#define ARENA_MAX_BYTES (PF_CONFIG_MAX_BYTES * 192)
/** The effective configuration: every alias written out, every default added. */
#define SHOW_MAX_BYTES (PF_CONFIG_MAX_BYTES * 16)

/** Everything a configuration owns. */
struct pf_config_state {
    struct pf_config config;
    atomic_uint references;
    struct pf_arena arena;
    struct pf_config_input input;
    const struct pf_yaml_node *node; /**< the file, for printing */
    struct pf_config *base; /**< what this one was derived from and borrows from; or NULL */
};

static void free_state(struct pf_config_state *state)
{
    if (state != NULL) {
        struct pf_config *base = state->base;
        pf_arena_done(&state->arena);
        free(state);
        pf_config_unref(base);
    }
}

static void free_state_cleanup(struct pf_config_state **state)
{
    free_state(*state);
}
#define autostate __attribute__((cleanup(free_state_cleanup)))

struct pf_config *pf_config_ref(struct pf_config *config)
{
    (void)atomic_fetch_add_explicit(&config->state->references, 1, memory_order_relaxed);
    return config;
}

void pf_config_unref(struct pf_config *config)
{
    if (config != NULL &&
        atomic_fetch_sub_explicit(&config->state->references, 1, memory_order_acq_rel) == 1) {
        free_state(config->state);
    }
}

void pf_config_show(const struct pf_config *config, struct pf_buf *buf)
{
    const struct pf_config_state *const state = config->state;
    const enum pf_code code =
        pf_options_print(&pf_config_table, state->node, &state->input, buf, NULL);

    (void)code; /* the buffer keeps it */
}

void pf_config_document(struct pf_buf *buf)
{
    const enum pf_code code = pf_options_docs_markdown(&pf_config_table, buf, NULL);

    (void)code; /* the buffer keeps it */
}

void pf_config_schema(struct pf_buf *buf)
{
    const enum pf_code code =
        pf_options_schema(&pf_config_table, "PodfitConfiguration (config.podfit.io/v1)", buf, NULL);

    (void)code; /* the buffer keeps it */
}

enum pf_code pf_config_explain(struct pf_sv path, struct pf_buf *buf, struct pf_err *err)
{
    return pf_options_docs_explain(&pf_config_table, path, buf, err);
}

enum pf_code pf_config_each_key(void (*visit)(void *opaque, const char *path, const char *help),
                                void *opaque)
{
    return pf_options_docs_each(&pf_config_table, visit, opaque);
}

/** Take `:12` off a text. @return false: it does not begin so */
static bool take_number(const char **at, uint32_t *ret_number)
{
    const char *p = *at;
    uint32_t number = 0;

    if (*p != ':' || p[1] < '0' || p[1] > '9') {
        return false;
    }
    for (p++; *p >= '0' && *p <= '9' && number < 100000000U; p++) {
        number = number * 10 + (uint32_t)(*p - '0');
    }
    *at = p;
    *ret_number = number;
    return true;
}

const char *pf_config_take_mark(const char *name, const char *text, struct pf_yaml_mark *ret_mark)
{
    const size_t len = strlen(name);
    const char *rest = text + len;
    struct pf_yaml_mark mark = {0};

    if (strncmp(text, name, len) != 0) {
        return text;
    }
    if (take_number(&rest, &mark.line)) {
        (void)take_number(&rest, &mark.column);
    }
    if (strncmp(rest, ": ", 2) != 0) {
        return text;
    }
    *ret_mark = mark;
    return rest + 2;
}

static enum pf_code read_tree(struct pf_sv yaml, const char *name, struct pf_problems *problems,
                              struct pf_config_state *state)
{
    struct pf_yaml_mark mark = {0};
    struct pf_err err = {0};
    const char *text = NULL;
    const enum pf_code code =
        pf_yaml_parse_one(name, yaml, PF_CONFIG_MAX_BYTES, &state->arena, &state->node, &err);

    if (code == PF_OK || code == PF_E_NO_MEMORY) {
        return code;
    }
    text = pf_config_take_mark(name, err.text, &mark);
    pf_problems_add(problems, mark, NULL, "%.600s", text);
    return code == PF_E_TOO_BIG ? code : PF_E_INVALID;
}

static void finish_class(struct pf_config_class *input, struct pf_class *ret_class)
{
    struct pf_class class_ = input->class_;
    const struct pf_percents *const percents = &class_.percents;

    if (class_.quota.memory_unit_bytes == 0) {
        class_.quota = pf_quota_default();
    }
    class_.quota.memory_unit_bytes =
        input->memory_unit == PF_CONFIG_UNIT_MI ? INT64_C(1048576) : INT64_C(1000000);
    class_.ignore_preemption = input->preemption != 0;
    class_.has_quota = input->quotas_given || input->upgrades_given;
    class_.has_percents =
        percents->memory_request_to_limit != 0 || percents->cpu_request_to_limit != 0 ||
        percents->limit_cpu_to_memory != 0 || percents->cpu_request_to_request != 0;
    *ret_class = class_;
}

static struct pf_kube_features features_of(const struct pf_config_gates *gates, int minor)
{
    struct pf_kube_features features = pf_kube_features_default(minor);

    for (size_t i = 0; i < gates->count; i++) {
        const enum pf_code code =
            pf_kube_features_set(&features, gates->items[i].name, gates->items[i].on);

        (void)code; /* a gate that changes nothing podfit judges */
    }
    return features;
}

static void finish_fit(const struct pf_config_input *input, struct pf_fit_options *fit)
{
    int minor = PF_KUBE_MINOR_NEWEST;

    if (input->kubernetes_version_set &&
        pf_kube_version_parse(input->kubernetes_version, &minor, NULL) != PF_OK) {
        minor = PF_KUBE_MINOR_NEWEST; /* cannot be: it was checked */
    }
    fit->features = features_of(&input->gates, minor);
    for (size_t i = 0; i < input->disabled.count; i++) {
        enum pf_filter_id filter = PF_FILTER_COUNT;

        if (pf_filter_find(input->disabled.items[i], &filter)) {
            fit->disabled |= 1U << filter;
        }
    }
}

uint64_t pf_config_hash(uint64_t hash, struct pf_sv bytes)
{
    hash = hash != 0 ? hash : UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* Of the effective configuration. @param hash  of the scheduler's, 0: none */
static enum pf_code finish_digest(struct pf_config *config, uint64_t hash)
{
    pf_autobuf struct pf_buf text = {0};
    enum pf_code code = PF_OK;

    pf_buf_init(&text, SHOW_MAX_BYTES);
    pf_config_show(config, &text);
    code = pf_buf_status(&text, NULL);
    if (code != PF_OK) {
        return code;
    }
    hash = pf_config_hash(hash, pf_buf_view(&text));
    for (size_t i = 0; i < sizeof(config->digest) - 1; i++) {
        config->digest[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    }
    return PF_OK;
}

static enum pf_code finish(struct pf_config_state *state, const struct pf_config_context *context,
                           struct pf_problems *problems)
{
    struct pf_config_input *const input = &state->input;
    struct pf_config *const config = &state->config;
    enum pf_code code = PF_OK;

    config->state = state;
    config->classes = pf_arena_calloc(&state->arena, input->class_count, sizeof(*config->classes));
    if (config->classes == NULL) {
        return PF_E_NO_MEMORY;
    }
    config->class_count = input->class_count;
    for (size_t i = 0; i < input->class_count; i++) {
        finish_class(&input->classes[i], &config->classes[i]);
        config->needs_namespace_labels =
            config->needs_namespace_labels || config->classes[i].namespace_selector.present;
    }
    config->fit = input->fit;
    finish_fit(input, &config->fit);
    config->kubernetes_version_set = input->kubernetes_version_set;
    config->on_unknown = input->on_unknown;
    config->reservation_ttl_ms = input->reservation_ttl_ms;
    config->fit.profiles = context->scheduler.profiles;
    config->fit.profile_count = context->scheduler.profile_count;
    config->fit.extenders = context->scheduler.extenders;
    config->fit.extender_count = context->scheduler.extender_count;
    config->fit.ignore_extenders = input->extenders != 0;
    config->fit.claims_now = input->awaited_claims != 0;
    config->notes = context->scheduler.notes;
    config->note_count = context->scheduler.note_count;
    code = finish_digest(config, context->scheduler_hash);
    if (code == PF_E_TOO_BIG) {
        pf_problems_add(problems, (struct pf_yaml_mark){0}, NULL,
                        "with all aliases written out this has more than %zu bytes",
                        SHOW_MAX_BYTES);
    }
    return code;
}

enum pf_code pf_config_parse(struct pf_sv yaml, const char *name, struct pf_problems *problems,
                             struct pf_config **ret_config)
{
    const struct pf_config_source source = {.yaml = yaml, .name = name};

    return pf_config_parse_source(&source, problems, ret_config);
}

enum pf_code pf_config_parse_source(const struct pf_config_source *source,
                                    struct pf_problems *problems, struct pf_config **ret_config)
{
    autostate struct pf_config_state *state = pf_mem_calloc(1, sizeof(*state));
    struct pf_config_context context = {.source = source};
    struct pf_option_run run = {.problems = problems, .opaque = &context};
    enum pf_code code = PF_OK;

    if (state == NULL) {
        return PF_E_NO_MEMORY;
    }
    atomic_init(&state->references, 1);
    pf_arena_init(&state->arena, ARENA_MAX_BYTES);
    run.arena = &state->arena;
    code = read_tree(source->yaml, source->name, problems, state);
    if (code != PF_OK) {
        return code;
    }
    pf_map_init(&context.names, pf_random_u64());
    code = pf_options_decode(&pf_config_table, state->node, &run, &state->input);
    pf_map_done(&context.names);
    if (code == PF_OK) {
        code = finish(state, &context, problems);
    }
    if (code == PF_OK) {
        *ret_config = &PF_TAKE(state)->config;
    }
    return code;
}

enum pf_code pf_config_for_minor(struct pf_config *config, int minor, struct pf_config **ret_config,
                                 struct pf_err *err)
{
    if (config->kubernetes_version_set || config->fit.features.minor == minor) {
        *ret_config = pf_config_ref(config);
        return PF_OK;
    }
    struct pf_config_state *state = pf_mem_calloc(1, sizeof(*state));
    if (state == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the configuration");
    }
    const struct pf_config_state *const from = config->state;
    atomic_init(&state->references, 1);
    state->config = *config;
    state->config.state = state;
    state->config.fit.features = features_of(&from->input.gates, minor);
    state->input = from->input;
    state->node = from->node;
    state->base = pf_config_ref(config);
    *ret_config = &state->config;
    return PF_OK;
}

enum pf_code pf_config_keep_all(struct pf_config **ret_config, struct pf_err *err)
{
    static const char yaml[] = "apiVersion: config.podfit.io/v1\n"
                               "kind: PodfitConfiguration\n"
                               "classes:\n"
                               "- {name: all, requests: keep}\n";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_problems problems;
    enum pf_code code = PF_OK;

    pf_arena_init(&arena, PF_CONFIG_MAX_BYTES);
    pf_problems_init(&problems, &arena, "built-in");
    code = pf_config_parse(PF_SV(yaml), "built-in", &problems, ret_config);
    if (code != PF_OK) {
        return pf_err_set(err, code, "cannot make the built-in configuration: %s",
                          code == PF_E_NO_MEMORY ? "out of memory" : "it is refused");
    }
    return PF_OK;
}

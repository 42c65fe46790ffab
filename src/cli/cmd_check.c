#include "check_input.h"
#include "check_item.h"
#include "cliyaml.h"
#include "cmd.h"
#include "load.h"
#include "source.h"
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/cursor.h>
#include <podfit/limits.h>
#include <podfit/map.h>
#include <podfit/review.h>

/* Output is handed on in pieces, so that many pods times many nodes do not pile up. */
#define OUTPUT_PIECE_BYTES ((size_t)16 * 1024 * 1024)
#define OUTPUT_MAX_BYTES   ((size_t)1024 * 1024 * 1024)
#define ARENA_MAX_BYTES    ((size_t)4 * 1024 * 1024 * 1024)
#define OPTIONS_MAX_BYTES  ((size_t)4 * 1024 * 1024)

struct values {
    struct pf_cliopt_strings files;
    struct pf_source_options source;
    const char *config;
    const char *namespace_;
    const char *kubernetes_version;
    struct pf_cliopt_strings feature_gates;
    bool independent;
    bool claims_now;
    bool explain;
    int format; /* enum pf_cliout_format */
};

static const struct pf_cliopt rows[] = {
    {.name = "file",
     .letter = 'f',
     .type = PF_CLIOPT_STRINGS,
     .offset = offsetof(struct values, files),
     .value = "FILE",
     .help =
         "pods or recorded AdmissionReviews: YAML or JSON, several documents, kind List; a folder "
         "stands for its .json, .yaml and .yml files, - for standard input"},
    {PF_CLIOPT_TEXT(struct values, source.snapshot), .name = "snapshot", .value = "FILE",
     .help = "judge against this file, as 'podfit snapshot' or 'kubectl get -o yaml|json' prints "
             "it, instead of a living cluster; 'example' is an embedded one"},
    PF_SOURCE_ROWS(struct values, source),
    {PF_CLIOPT_TEXT(struct values, config), .name = "config", .value = "FILE",
     .help = "the webhook's configuration; without it every pod is judged as it is"},
    {.name = "namespace",
     .letter = 'n',
     .type = PF_CLIOPT_STRING,
     .offset = offsetof(struct values, namespace_),
     .value = "NAME",
     .help = "namespace of pods that name none; without it that of the kubeconfig's context, or "
             "'default'"},
    {PF_CLIOPT_SWITCH(struct values, independent), .name = "independent",
     .help = "judge each pod against the snapshot alone; otherwise a pod that fits holds its room "
             "for the next"},
    {PF_CLIOPT_SWITCH(struct values, claims_now), .name = "claims-now",
     .help = "a PersistentVolumeClaim that is not there or not bound yet excludes every node, as "
             "kube-scheduler says this moment; otherwise, unless the configuration's "
             "awaitedClaims says so, the pod is unknown"},
    {PF_CLIOPT_SWITCH(struct values, explain), .name = "explain",
     .help =
         "print what the nodes answer, too, equal ones in a row (JSON and YAML always have every "
         "node)"},
    {PF_CLIOUT_OPTION(struct values, format), .help = "format"},
    {PF_CLIOPT_TEXT(struct values, kubernetes_version), .name = "kubernetes-version",
     .value = "VERSION",
     .help = "judge as the kube-scheduler of this version would, 1.33 to 1.36; overrides the "
             "configuration and resets its feature gates"},
    {.name = "feature-gates",
     .type = PF_CLIOPT_STRINGS,
     .offset = offsetof(struct values, feature_gates),
     .value = "NAME=BOOL,...",
     .help = "feature gates of the cluster that differ from the version's defaults"},
};

const struct pf_cliopt_command pf_cmd_check_options = {
    .name = "podfit check",
    .usage = "[OPTIONS] -f FILE",
    .about =
        "Say what the webhook would do to pods, and why: class, requests before and after, verdict of\n"
        "kube-scheduler's filters, every node's reasons. Nothing is changed anywhere.",
    .rows = rows,
    .count = PF_ARRAY_LEN(rows),
    .notes =
        "Exit status: 0 every pod fits or is none of the scheduler's business, 1 a pod does not fit or\n"
        "its fit is unknown, 2 error. Colours only on a terminal and without NO_COLOR.",
    .examples =
        "  podfit check -f pod.yaml\n"
        "  podfit check -f pod.yaml --snapshot example\n"
        "  podfit check --snapshot cluster.yaml --config podfit.yaml -f pod.yaml --explain\n"
        "  kubectl get nodes,pods,namespaces -A -o json > cluster.json\n"
        "  podfit check --snapshot cluster.json -f review.json -o json\n"
        "  podfit check -f pods/ --independent\n"
        "  kubectl get pods -o json | podfit check -f - --independent",
};

struct run {
    const struct values *values;
    struct pf_source source;
    struct pf_model *model;
    struct pf_config *config;
    struct pf_admission *admission;
    struct pf_arena arena; /* of one pod */
    struct pf_arena uids;  /* of the whole run: keys of `used` */
    struct pf_map used;    /* review uids that hold room already */
    struct pf_buf out;
    size_t count;
    bool all_fit;
    bool colour;
    bool told; /* what is odd about the feature gates */
};

/* A reservation's key for this pod: the review's own, unless an earlier object of this run has it. */
static enum pf_code fresh_uid(struct run *run, struct pf_sv wanted, struct pf_sv *ret_uid,
                              struct pf_err *err)
{
    const bool taken = wanted.len == 0 || pf_map_get(&run->used, wanted, NULL);
    struct pf_sv uid = wanted;
    if (taken) {
        uid = pf_sv_from(pf_arena_printf(&run->uids, "check-%zu", run->count + 1));
    } else if (!pf_arena_dup_sv(&run->uids, wanted, &uid)) {
        uid.ptr = NULL;
    }
    if (uid.ptr == NULL || !pf_map_put(&run->used, uid, 1)) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    *ret_uid = uid;
    return PF_OK;
}

static enum pf_code write_item(struct run *run, const struct pf_check_item *item,
                               struct pf_err *err)
{
    enum pf_code code = PF_OK;
    if (run->values->format == PF_CLIOUT_TABLE) {
        pf_buf_append_cstr(&run->out, run->count != 0 ? "\n" : "");
        code = pf_check_text_put(item, run->values->explain, run->colour, &run->arena, &run->out);
    } else if (run->values->format == PF_CLIOUT_JSON) {
        pf_buf_append_cstr(&run->out, run->count != 0 ? "," : "");
        pf_check_item_write(item, &run->out);
    } else {
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, OUTPUT_MAX_BYTES);
        pf_buf_append_char(&json, '[');
        pf_check_item_write(item, &json);
        pf_buf_append_char(&json, ']');
        code = pf_cliyaml_put(&run->out, pf_buf_view(&json), 0, &run->arena, err);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "out of memory");
    }
    return run->out.len > OUTPUT_PIECE_BYTES ? pf_cliout_flush(&run->out, err)
                                             : pf_buf_status(&run->out, err);
}

static enum pf_code finish(struct run *run, const struct pf_check_source *source,
                           struct pf_err *err)
{
    struct pf_check_item item = {.slots = 0};
    enum pf_code code = pf_check_item_make(source, &run->arena, &item, err);
    if (code == PF_OK) {
        code = write_item(run, &item, err);
    }
    if (code == PF_OK) {
        const bool fine = item.verdict == PF_VERDICT_FITS || item.verdict == PF_VERDICT_NOT_JUDGED;
        run->all_fit = run->all_fit && fine;
        run->count++;
    }
    return code;
}

/* As kubectl would create the pod. */
static struct pf_sv default_namespace(const struct run *run)
{
    const char *of_context = run->source.kind == PF_SOURCE_LIVE ? run->source.kube.space : NULL;
    if (run->values->namespace_ != NULL) {
        return pf_sv_from(run->values->namespace_);
    }
    return of_context != NULL && of_context[0] != '\0' ? pf_sv_from(of_context) : PF_SV("default");
}

/* The namespace a pod names itself, which decides about its class; faults of the pod are reported by its decoder. */
static struct pf_sv namespace_of(struct run *run, struct pf_sv pod_json)
{
    static const struct pf_sv metadata_key[] = {PF_SV_INIT("metadata")};
    static const struct pf_sv namespace_key[] = {PF_SV_INIT("namespace")};
    struct pf_sv namespace_ = {0};
    struct pf_cursor c;
    uint64_t seen = 0;
    uint64_t seen_inside = 0;
    size_t index = 0;
    pf_cursor_init(&c, pod_json);
    pf_cursor_enter_object(&c);
    if (pf_cursor_next_field(&c, metadata_key, 1, &seen, &index)) {
        pf_cursor_enter_object(&c);
        if (pf_cursor_next_field(&c, namespace_key, 1, &seen_inside, &index)) {
            pf_cursor_string(&c, &run->arena, &namespace_);
        }
    }
    return namespace_.len != 0 ? namespace_ : default_namespace(run);
}

static enum pf_code judge_pod(struct run *run, struct pf_sv pod_json,
                              const struct pf_review *review, struct pf_err *err)
{
    struct pf_explanation explanation = {.node_count = 0};
    struct pf_decision decision = {.covered = false};
    struct pf_admission_request request = {
        .namespace_ = review != NULL ? review->namespace_ : namespace_of(run, pod_json),
        .reserve = !run->values->independent,
        .manifest = review == NULL,
        .explain = &explanation,
    };
    struct pf_sv wanted = {0};
    struct pf_sv name = {0};
    if (review != NULL) {
        request.user = review->user;
        request.dry_run = review->dry_run == PF_DRY_RUN_TRUE;
        wanted = review->uid;
        name = review->name;
    }
    enum pf_code code = fresh_uid(run, wanted, &request.review_uid, err);
    if (code == PF_OK) {
        code =
            pf_admission_judge_pod(run->admission, pod_json, &request, &run->arena, &decision, err);
    }
    if (code != PF_OK) {
        return code;
    }
    const struct pf_check_source source = {
        .decision = &decision,
        .explanation = &explanation,
        .features = &run->config->fit.features,
        .bare = run->values->config == NULL,
        .namespace_ = request.namespace_,
        .name = name,
    };
    return finish(run, &source, err);
}

/* Anything but the creation of a pod: the webhook's own answer says what it would do. */
static enum pf_code judge_other(struct run *run, struct pf_sv body, const struct pf_review *review,
                                struct pf_err *err)
{
    static const struct pf_sv prefix = PF_SV_INIT("podfit: ");
    struct pf_decision decision = {.covered = false};
    pf_autobuf struct pf_buf response = {0};
    pf_buf_init(&response, PF_RESPONSE_MAX_BYTES);
    const enum pf_admission_status status =
        pf_admission_review(run->admission, body, &run->arena, &response, &decision);
    if (status != PF_ADMISSION_OK) {
        struct pf_sv text = pf_sv_trim(pf_buf_view(&response));
        if (pf_sv_starts_with(text, prefix)) { /* of an HTTP answer; errors here begin so anyway */
            text = (struct pf_sv){.ptr = text.ptr + prefix.len, .len = text.len - prefix.len};
        }
        return pf_err_set(err, PF_E_INVALID, "%.*s", PF_SV_ARG(text));
    }
    const struct pf_check_source source = {
        .decision = &decision,
        .features = &run->config->fit.features,
        .bare = run->values->config == NULL,
        .namespace_ = review->namespace_,
        .name = review->name,
    };
    return finish(run, &source, err);
}

static enum pf_code judge_review(struct run *run, struct pf_sv body, struct pf_err *err)
{
    struct pf_review review = {.dry_run = PF_DRY_RUN_ABSENT};
    const enum pf_code code = pf_review_decode(body, &run->arena, &review, err);
    if (code != PF_OK) {
        return code;
    }
    const bool create = review.group.len == 0 && pf_sv_eq_cstr(review.resource, "pods") &&
                        review.subresource.len == 0 && pf_sv_eq_cstr(review.operation, "CREATE");
    return create && review.object.len != 0 ? judge_pod(run, review.object, &review, err)
                                            : judge_other(run, body, &review, err);
}

static enum pf_code judge_object(void *opaque, const struct pf_check_object *object,
                                 struct pf_err *err)
{
    struct run *run = opaque;
    const enum pf_code code = object->review ? judge_review(run, object->json, err)
                                             : judge_pod(run, object->json, NULL, err);
    pf_arena_reset(&run->arena);
    return code;
}

static enum pf_code judge_files(struct run *run, struct pf_err *err)
{
    static const char *const heads[] = {
        [PF_CLIOUT_TABLE] = "",
        [PF_CLIOUT_JSON] = "{\"apiVersion\":\"podfit.io/v1\",\"kind\":\"CheckList\",\"items\":[",
        [PF_CLIOUT_YAML] = "apiVersion: podfit.io/v1\nkind: CheckList\nitems:\n",
    };
    static const char *const tails[] = {
        [PF_CLIOUT_TABLE] = "",
        [PF_CLIOUT_JSON] = "]}\n",
        [PF_CLIOUT_YAML] = "",
    };
    pf_buf_append_cstr(&run->out, heads[run->values->format]);
    for (size_t i = 0; i < run->values->files.count; i++) {
        const enum pf_code code =
            pf_check_input_read(run->values->files.items[i], judge_object, run, err);
        if (code != PF_OK) {
            return code;
        }
    }
    if (run->count == 0) {
        return pf_err_set(err, PF_E_INVALID, "the files hold no pod");
    }
    pf_buf_append_cstr(&run->out, tails[run->values->format]);
    return pf_cliout_flush(&run->out, err);
}

static enum pf_code set_gate(struct pf_sv pair, bool tell, struct pf_kube_features *features,
                             struct pf_err *err)
{
    const size_t equals = pf_sv_find(pair, PF_SV("="));
    const struct pf_sv gate = {.ptr = pair.ptr, .len = equals == SIZE_MAX ? 0 : equals};
    struct pf_sv value = {0};
    if (equals != SIZE_MAX) {
        value = (struct pf_sv){.ptr = pair.ptr + equals + 1, .len = pair.len - equals - 1};
    }
    const bool on = pf_sv_eq_cstr(value, "true");
    if (gate.len == 0 || (!on && !pf_sv_eq_cstr(value, "false"))) {
        return pf_err_set(err, PF_E_INVALID,
                          "option '--feature-gates': '%.*s' is not NAME=true or NAME=false",
                          PF_SV_ARG(pair));
    }
    if (pf_kube_features_set(features, gate, on) != PF_OK && tell) {
        pf_cliout_error("feature gate '%.*s' does not change what podfit judges, ignoring",
                        PF_SV_ARG(gate));
    }
    return PF_OK;
}

/* NAME=BOOL,NAME=BOOL as kube-scheduler takes it */
static enum pf_code set_gates(const char *text, bool tell, struct pf_kube_features *features,
                              struct pf_err *err)
{
    struct pf_sv rest = pf_sv_from(text);
    while (rest.len != 0) {
        const size_t comma = pf_sv_find(rest, PF_SV(","));
        const struct pf_sv pair = {.ptr = rest.ptr, .len = comma == SIZE_MAX ? rest.len : comma};
        const size_t used = comma == SIZE_MAX ? rest.len : comma + 1;
        rest = (struct pf_sv){.ptr = rest.ptr + used, .len = rest.len - used};
        const enum pf_code code = set_gate(pair, tell, features, err);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

/* The configuration was read a moment ago and nobody else holds it, so it may still be changed. */
static enum pf_code override_features(void *ctx, struct pf_config *config, struct pf_err *err)
{
    struct run *run = ctx;
    const struct values *values = run->values;
    const bool tell = !run->told;
    run->told = true;
    if (values->kubernetes_version != NULL) {
        int minor = 0;
        const enum pf_code code =
            pf_kube_version_parse(pf_sv_from(values->kubernetes_version), &minor, err);
        if (code != PF_OK) {
            return pf_err_wrap(err, code, "option '--kubernetes-version'");
        }
        config->fit.features = pf_kube_features_default(minor);
        config->kubernetes_version_set = true;
    }
    for (size_t i = 0; i < values->feature_gates.count; i++) {
        const enum pf_code code =
            set_gates(values->feature_gates.items[i], tell, &config->fit.features, err);
        if (code != PF_OK) {
            return code;
        }
    }
    return PF_OK;
}

static enum pf_code prepare(struct run *run, struct pf_err *err)
{
    pf_load_say_notes(run->config);
    run->config->fit.claims_now = run->config->fit.claims_now || run->values->claims_now;
    struct pf_source_load load = {
        .source = &run->source, .config = run->config, .adapt = override_features, .ctx = run};
    const enum pf_code code = pf_source_model(&load, err);
    if (code != PF_OK) {
        return code;
    }
    run->model = load.model;
    pf_config_unref(run->config);
    run->config = load.adapted;
    return pf_admission_new(run->model, run->config, &run->admission, err);
}

static int check(struct run *run, struct pf_arena *arena)
{
    struct pf_err err = {0};
    enum pf_code code = run->values->config != NULL
                            ? pf_load_config(run->values->config, &run->config)
                            : pf_config_keep_all(&run->config, &err);
    if (code == PF_OK) {
        code = override_features(run, run->config, &err);
    }
    if (code == PF_OK) {
        code = pf_source_choose(&run->values->source, PF_SOURCE_DEFAULT_LIVE, arena, &run->source,
                                &err);
    }
    code = code == PF_OK ? prepare(run, &err) : code;
    code = code == PF_OK ? judge_files(run, &err) : code;
    if (code != PF_OK) {
        if (err.code != PF_OK) { /* problems of a configuration were told one by one */
            pf_cliout_error("%s", err.text);
        }
        return PF_COMMAND_ERROR;
    }
    return run->all_fit ? PF_COMMAND_OK : PF_COMMAND_NO;
}

static int check_with(const struct values *values, struct pf_arena *arena)
{
    struct run run = {.values = values, .all_fit = true, .colour = pf_cliout_colour()};
    pf_arena_init(&run.arena, ARENA_MAX_BYTES);
    pf_arena_init(&run.uids, ARENA_MAX_BYTES);
    pf_map_init(&run.used, pf_random_u64());
    pf_buf_init(&run.out, OUTPUT_MAX_BYTES);
    const int status = check(&run, arena);
    pf_admission_free(run.admission);
    pf_model_free(run.model);
    pf_config_unref(run.config);
    pf_buf_done(&run.out);
    pf_map_done(&run.used);
    pf_arena_done(&run.uids);
    pf_arena_done(&run.arena);
    return status;
}

int pf_cmd_check_run(int argc, char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, OPTIONS_MAX_BYTES);
    struct values values = {.format = PF_CLIOUT_TABLE};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values};
    if (!pf_cliopt_begin(&pf_cmd_check_options, &start, &status)) {
        return status;
    }
    if (values.files.count == 0) {
        pf_cliout_error("option '--file' is missing (see 'podfit check --help')");
        return PF_COMMAND_ERROR;
    }
    return check_with(&values, &arena);
}

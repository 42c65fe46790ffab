#include "source.h"

#include <stdio.h>
#include <unistd.h>

#include "load.h"
#include "progress.h"
#include <podfit/cliout.h>
#include <podfit/example.h>
#include <podfit/live.h>
#include <podfit/log.h>

/* A list of a cluster with 150,000 pods takes some 20 s over a slow line. */
#define LIST_TIMEOUT_MS 120000

static const char *variable(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing writes the environment */
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool pf_source_pod(char text[PF_SOURCE_POD_BYTES])
{
    text[PF_SOURCE_POD_BYTES - 1] = '\0';
    return variable("KUBERNETES_SERVICE_HOST") != NULL &&
           gethostname(text, PF_SOURCE_POD_BYTES - 1) == 0 && text[0] != '\0';
}

static enum pf_code load_kubeconfig(const struct pf_source_options *options, struct pf_arena *arena,
                                    struct pf_kube_config *ret_kube, struct pf_err *err)
{
    const struct pf_kube_config_source source = {
        .kubeconfig = options->kubeconfig,
        .context = options->context,
        .kubeconfig_env = variable("KUBECONFIG"),
        .home = variable("HOME"),
    };
    return pf_kubeconfig_load(&source, arena, ret_kube, err);
}

static enum pf_code choose_live(const struct pf_source_options *options, struct pf_arena *arena,
                                struct pf_source *source, struct pf_err *err)
{
    const bool named = options->kubeconfig != NULL || options->context != NULL || options->live;
    const char *host = variable("KUBERNETES_SERVICE_HOST");
    source->kind = PF_SOURCE_LIVE;
    if (!named && host != NULL) {
        return pf_kubeconfig_in_cluster(PF_SERVICE_ACCOUNT_DIR, host,
                                        variable("KUBERNETES_SERVICE_PORT"), arena, &source->kube,
                                        err);
    }
    return load_kubeconfig(options, arena, &source->kube, err);
}

enum pf_code pf_source_choose(const struct pf_source_options *options,
                              enum pf_source_default fallback, struct pf_arena *arena,
                              struct pf_source *ret_source, struct pf_err *err)
{
    const bool named = options->kubeconfig != NULL || options->context != NULL || options->live;
    struct pf_source source = {.kind = PF_SOURCE_EXAMPLE};
    if (options->snapshot != NULL && named) {
        return pf_err_set(err, PF_E_INVALID,
                          "option '--snapshot' excludes '--kubeconfig', '--context' and '--live'");
    }
    if (options->live && options->kubeconfig != NULL) {
        return pf_err_set(err, PF_E_INVALID, "option '--live' excludes '--kubeconfig'");
    }
    if (options->snapshot != NULL) {
        const bool example = pf_sv_eq_cstr(pf_sv_from(options->snapshot), "example");
        source.kind = example ? PF_SOURCE_EXAMPLE : PF_SOURCE_SNAPSHOT;
        source.snapshot = options->snapshot;
    } else if (named || fallback == PF_SOURCE_DEFAULT_LIVE ||
               variable("KUBERNETES_SERVICE_HOST") != NULL) {
        const enum pf_code code = choose_live(options, arena, &source, err);
        if (code != PF_OK) {
            return named ? code
                         : pf_err_wrap(err, code,
                                       "no cluster to look at (--snapshot FILE, or --snapshot "
                                       "example for the embedded one)");
        }
    }
    *ret_source = source;
    return PF_OK;
}

const char *pf_source_name(const struct pf_source *source)
{
    switch (source->kind) {
    case PF_SOURCE_SNAPSHOT:
        return strcmp(source->snapshot, "-") == 0 ? "standard input" : source->snapshot;
    case PF_SOURCE_LIVE:
        return source->kube.server;
    default:
        return PF_EXAMPLE_CLUSTER_NAME;
    }
}

const char *pf_source_user_agent(void)
{
#if defined(__x86_64__)
    return "podfit/" PF_VERSION " (linux/amd64)";
#elif defined(__aarch64__)
    return "podfit/" PF_VERSION " (linux/arm64)";
#else
    return "podfit/" PF_VERSION " (linux)";
#endif
}

/* ---- one list of a living cluster ---- */

/** What the live thread's callback needs; the waiting thread reads it after the sync. */
struct listing {
    struct pf_source_load *load;
    struct pf_live *live;
    struct pf_config *adapted; /**< owned */
    struct pf_err err;
};

/* Before anything is listed: objects are read as this version stores them. */
static void on_version(void *ctx, int minor)
{
    struct listing *listing = ctx;
    struct pf_source_load *load = listing->load;
    enum pf_code code = pf_config_for_minor(load->config, minor, &listing->adapted, &listing->err);
    if (code == PF_OK && load->adapt != NULL) {
        code = load->adapt(load->ctx, listing->adapted, &listing->err);
    }
    if (code == PF_OK) {
        pf_live_set_config(listing->live, listing->adapted);
    }
}

static enum pf_code list_all(struct listing *listing, struct pf_err *err)
{
    pf_live_set_config(listing->live, listing->load->config);
    enum pf_code code = pf_live_start(listing->live, err);
    if (code == PF_OK) {
        code = pf_live_wait_synced(listing->live, LIST_TIMEOUT_MS, err);
    }
    pf_live_stop(listing->live);
    if (code == PF_OK && listing->err.code != PF_OK) {
        code = pf_err_set(err, listing->err.code, "%s", listing->err.text);
    }
    return code;
}

void pf_source_say_denied(struct pf_live *live)
{
    struct pf_live_kind kinds[PF_LIVE_KINDS_MAX];
    const size_t count = pf_live_kinds(live, kinds, PF_LIVE_KINDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].denied) {
            pf_cliout_error("%s; verdicts that need it are unknown", kinds[i].failure);
        }
    }
}

/* For a person who asked for something else: what nobody must miss, as text. */
enum pf_code pf_source_configure_log(struct pf_err *err)
{
    const char *spec = variable("PF_LOG");
    const enum pf_code code =
        pf_log_configure(spec != NULL ? spec : "warning", /* json= */ false, err);
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "variable 'PF_LOG'");
}

static enum pf_code fill_live(struct pf_source_load *load, struct pf_model *model,
                              struct pf_config **ret_adapted, struct pf_err *err)
{
    struct listing listing = {.load = load};
    enum pf_code code = pf_source_configure_log(err);
    if (code != PF_OK) {
        return code;
    }
    const struct pf_live_options options = {
        .model = model,
        .kube = &load->source->kube,
        .clock = pf_clock_system(),
        .user_agent = pf_source_user_agent(),
        .impatient = true,
        .on_version = on_version,
        .ctx = &listing,
    };
    code = pf_live_new(&options, &listing.live, err);
    if (code == PF_OK) {
        code = list_all(&listing, err);
    }
    if (code == PF_OK) {
        pf_source_say_denied(listing.live);
    }
    pf_live_free(listing.live);
    if (code != PF_OK) {
        pf_config_unref(listing.adapted);
        return pf_err_wrap(err, code, "cannot list the cluster at '%s'", load->source->kube.server);
    }
    *ret_adapted = listing.adapted;
    return PF_OK;
}

static enum pf_code fill_file(struct pf_source_load *load, struct pf_model *model,
                              struct pf_config **ret_adapted, struct pf_err *err)
{
    const enum pf_code code = pf_load_fill(
        model, load->source->kind == PF_SOURCE_SNAPSHOT ? load->source->snapshot : NULL,
        load->config, err);
    if (code == PF_OK) {
        *ret_adapted = pf_config_ref(load->config);
    }
    return code;
}

enum pf_code pf_source_model(struct pf_source_load *load, struct pf_err *err)
{
    struct pf_model *model = NULL;
    struct pf_config *adapted = NULL;
    enum pf_code code = pf_load_empty(load->config, &model, err);
    if (code == PF_OK) {
        struct pf_progress_ticker ticker = {.running = false};
        pf_progress_ticker_start(&ticker, model, pf_source_name(load->source));
        code = load->source->kind == PF_SOURCE_LIVE ? fill_live(load, model, &adapted, err)
                                                    : fill_file(load, model, &adapted, err);
        pf_progress_ticker_stop(&ticker);
    }
    if (code != PF_OK) {
        pf_model_free(model);
        return code;
    }
    load->model = model;
    load->adapted = adapted;
    return PF_OK;
}

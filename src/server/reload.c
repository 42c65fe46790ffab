#include <pthread.h>
#include <string.h>

#include <podfit/cert.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/reload.h>

#define PROBLEMS_ARENA_BYTES ((size_t)1024 * 1024)
/* Only tells one content from the next; 0 stands for none. */
#define HASH_SEED 1

struct pf_reload {
    struct pf_reload_options options;
    pthread_mutex_t loading; /* held while a configuration is put in force; taken before lock */
    int minor;               /* of the control plane, guarded by loading; 0: not known */
    pthread_mutex_t lock;    /* guards the rest */
    struct pf_config *config;
    struct pf_reload_state states[PF_RELOAD_KINDS];
    struct pf_reload_certificate certificate;
    uint64_t
        broken_config; /* hash of the content that was refused last; of the loading thread alone */
};

const char *pf_reload_kind_name(enum pf_reload_kind kind)
{
    static const char *const names[PF_RELOAD_KINDS] = {
        [PF_RELOAD_CONFIG] = "config",
        [PF_RELOAD_CERTIFICATE] = "certificate",
        [PF_RELOAD_CLIENT_CA] = "client-ca",
        [PF_RELOAD_TOKEN] = "token",
    };
    return (unsigned)kind < PF_RELOAD_KINDS ? names[kind] : "unknown";
}

enum pf_code pf_reload_new(const struct pf_reload_options *options, struct pf_config *config,
                           struct pf_reload **ret_reload, struct pf_err *err)
{
    struct pf_reload *reload = pf_mem_calloc(1, sizeof(*reload));
    if (reload == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for reloading");
    }
    reload->options = *options;
    (void)pthread_mutex_init(&reload->lock, NULL); /* cannot fail with default attributes */
    (void)pthread_mutex_init(&reload->loading, NULL);
    reload->config = pf_config_ref(config);
    struct pf_reload_state *states = reload->states;
    states[PF_RELOAD_CONFIG].used = options->config_path != NULL;
    states[PF_RELOAD_CERTIFICATE].used = options->cert_path != NULL;
    states[PF_RELOAD_CLIENT_CA].used = options->client_ca_path != NULL;
    states[PF_RELOAD_TOKEN].used = options->token_path != NULL;
    states[PF_RELOAD_CONFIG].loaded = true;
    states[PF_RELOAD_CONFIG].successes = 1;
    states[PF_RELOAD_CONFIG].success_wall_ns = pf_clock_wall_ns(options->clock);
    *ret_reload = reload;
    return PF_OK;
}

void pf_reload_free(struct pf_reload *reload)
{
    if (reload == NULL) {
        return;
    }
    pf_config_unref(reload->config);
    (void)pthread_mutex_destroy(&reload->lock);
    (void)pthread_mutex_destroy(&reload->loading);
    free(reload);
}

static void warn_notes(const struct pf_config *config)
{
    for (size_t i = 0; i < config->note_count; i++) {
        pf_log_warning("server", "fit.schedulerConfig: %.*s", PF_SV_ARG(config->notes[i]));
    }
}

void pf_reload_warn(const struct pf_config *config, bool live)
{
    warn_notes(config);
    for (size_t i = 0; i < config->class_count; i++) {
        const struct pf_class *rules = &config->classes[i];
        if (rules->on_full == PF_ACTION_GATE && !live) {
            pf_log_warning(
                "server",
                "class '%.*s' has onFull: gate, but without a live cluster nobody removes "
                "the gates: such pods stay gated",
                PF_SV_ARG(rules->name));
        }
    }
}

static void log_problems(const char *path, const struct pf_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        pf_log_error("server", "%s:%zu:%zu: %s", problems->items[i].file,
                     (size_t)problems->items[i].mark.line, (size_t)problems->items[i].mark.column,
                     problems->items[i].text);
    }
    if (problems->total > problems->count) {
        pf_log_error("server", "%s: and %zu more problems", path,
                     problems->total - problems->count);
    }
}

/* @param[out] ret_hash  of a content that was refused, else untouched */
static enum pf_code parse_config(const char *path, uint64_t known, struct pf_config **ret_config,
                                 uint64_t *ret_hash, struct pf_err *err)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PF_CONFIG_MAX_BYTES);
    enum pf_code code = pf_file_read(path, &text, err);
    if (code != PF_OK) {
        return code;
    }
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PROBLEMS_ARENA_BYTES);
    struct pf_problems *problems = pf_arena_calloc(&arena, 1, sizeof(*problems));
    if (problems == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    pf_problems_init(problems, &arena, path);
    code = pf_config_parse(pf_buf_view(&text), path, problems, ret_config);
    if (code == PF_OK) {
        return PF_OK;
    }
    *ret_hash = pf_sv_hash(pf_buf_view(&text), HASH_SEED);
    if (*ret_hash != known) {
        log_problems(path, problems);
    }
    if (pf_problems_status(problems, err) == PF_OK) {
        return pf_err_set(err, code, "cannot read configuration '%s': %s", path,
                          pf_code_name(code));
    }
    return code;
}

static enum pf_code tell_model(struct pf_model *model, const struct pf_config *config,
                               struct pf_err *err)
{
    pf_model_lock(model);
    const enum pf_code code = pf_fit_tell_schedulers(model, &config->fit, err);
    if (code == PF_OK) {
        pf_model_set_reservation_ttl(model, config->reservation_ttl_ms);
    }
    pf_model_unlock(model);
    return code;
}

/* [loading] Put a configuration in force, as it is for the control plane's version. @param config  borrowed */
static enum pf_code install_config(struct pf_reload *reload, struct pf_config *config,
                                   struct pf_err *err)
{
    struct pf_config *adapted = NULL;
    enum pf_code code = PF_OK;
    if (reload->minor != 0) {
        code = pf_config_for_minor(config, reload->minor, &adapted, err);
    } else {
        adapted = pf_config_ref(config);
    }
    if (code == PF_OK) {
        code = tell_model(reload->options.model, adapted, err);
    }
    if (code == PF_OK) {
        code = pf_admission_set_config(reload->options.admission, adapted, err);
    }
    if (code != PF_OK) {
        pf_config_unref(adapted);
        return code;
    }
    pthread_mutex_lock(&reload->lock);
    struct pf_config *old = reload->config;
    reload->config = adapted;
    pthread_mutex_unlock(&reload->lock);
    pf_config_unref(old);
    if (reload->options.configured != NULL) {
        reload->options.configured(reload->options.ctx, adapted);
    }
    return PF_OK;
}

enum pf_code pf_reload_set_minor(struct pf_reload *reload, int minor, struct pf_err *err)
{
    pthread_mutex_lock(&reload->loading);
    const int before = reload->minor;
    reload->minor = minor;
    const enum pf_code code = install_config(reload, reload->config, err);
    if (code != PF_OK) {
        reload->minor = before;
    }
    pthread_mutex_unlock(&reload->loading);
    return code;
}

static enum pf_code load_config(struct pf_reload *reload, struct pf_err *err)
{
    struct pf_config *fresh = NULL;
    uint64_t hash = 0;
    const enum pf_code code =
        parse_config(reload->options.config_path, reload->broken_config, &fresh, &hash, err);
    reload->broken_config = hash;
    if (code != PF_OK) {
        return code;
    }
    if (fresh == NULL) {
        return pf_err_set(err, PF_E_INTERNAL, "no configuration");
    }
    enum pf_code set = PF_OK;
    pthread_mutex_lock(&reload->loading);
    if (strcmp(fresh->digest, reload->config->digest) != 0) {
        set = install_config(reload, fresh, err);
        if (set == PF_OK) {
            warn_notes(fresh);
        }
    }
    pthread_mutex_unlock(&reload->loading);
    pf_config_unref(fresh);
    return set;
}

/* @param chain  of a pair that was checked */
static enum pf_code install_certificate(struct pf_reload *reload, struct pf_sv cert_pem,
                                        struct pf_sv key_pem, const struct pf_cert_list *chain,
                                        struct pf_err *err)
{
    const enum pf_code code = pf_serving_install(reload->options.serving, cert_pem, key_pem, err);
    if (code != PF_OK) {
        return code;
    }
    const struct pf_cert_info *leaf = &chain->items[0];
    struct pf_reload_certificate info = {.not_before_wall_ns = leaf->not_before_wall_ns,
                                         .not_after_wall_ns = leaf->not_after_wall_ns};
    memcpy(info.sha256, leaf->sha256, sizeof(info.sha256));
    const size_t len = strlen(leaf->subject);
    memcpy(info.subject, leaf->subject,
           len < sizeof(info.subject) ? len : sizeof(info.subject) - 1);
    pthread_mutex_lock(&reload->lock);
    reload->certificate = info;
    pthread_mutex_unlock(&reload->lock);
    return PF_OK;
}

/* The API server refuses a certificate for another name, with every review: better to stay with the one before. */
static enum pf_code check_names(const struct pf_reload_options *options, struct pf_sv cert_pem,
                                struct pf_err *err)
{
    enum pf_code code = PF_OK;
    for (size_t i = 0; i < options->names_count && code == PF_OK; i++) {
        struct pf_err why = {0};
        code = pf_cert_check_name(cert_pem, options->names[i], &why);
        if (code != PF_OK) {
            (void)pf_err_set(err, code, "'%s': %s (--service)", options->cert_path, why.text);
        }
    }
    return code;
}

static enum pf_code load_certificate(struct pf_reload *reload, struct pf_err *err)
{
    const struct pf_reload_options *options = &reload->options;
    pf_autocertpair struct pf_cert_pair pair = {0};
    pf_autocertlist struct pf_cert_list chain = {0};
    enum pf_code code = pf_cert_load_pair(options->cert_path, options->key_path,
                                          pf_clock_wall_ns(options->clock), &pair, &chain, err);
    if (code == PF_OK) {
        code = check_names(options, pf_buf_view(&pair.cert_pem), err);
    }
    return code != PF_OK ? code
                         : install_certificate(reload, pf_buf_view(&pair.cert_pem),
                                               pf_buf_view(&pair.key_pem), &chain, err);
}

static enum pf_code load_client_ca(struct pf_reload *reload, struct pf_err *err)
{
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, PF_CERT_PEM_MAX_BYTES);
    const enum pf_code code = pf_file_read(reload->options.client_ca_path, &pem, err);
    return code != PF_OK ? code
                         : pf_clientca_install(reload->options.clientca, pf_buf_view(&pem), err);
}

static enum pf_code load_token(struct pf_reload *reload, struct pf_err *err)
{
    pf_autosecret struct pf_buf text = {0};
    const enum pf_code code = pf_cert_secret_read(reload->options.token_path, &text, err);
    return code != PF_OK ? code : pf_pathtoken_set(reload->options.token, pf_buf_view(&text), err);
}

typedef enum pf_code (*load_fn)(struct pf_reload *reload, struct pf_err *err);
static const load_fn loaders[PF_RELOAD_KINDS] = {
    [PF_RELOAD_CONFIG] = load_config,
    [PF_RELOAD_CERTIFICATE] = load_certificate,
    [PF_RELOAD_CLIENT_CA] = load_client_ca,
    [PF_RELOAD_TOKEN] = load_token,
};

/* @param same_content  a failure with the text of the last one tells nothing new */
static void note(struct pf_reload *reload, enum pf_reload_kind kind, const struct pf_err *why,
                 bool same_content)
{
    pthread_mutex_lock(&reload->lock);
    struct pf_reload_state *state = &reload->states[kind];
    state->used = true;
    if (why->code == PF_OK) {
        state->loaded = true;
        state->broken = false;
        state->repeated = false;
        state->error[0] = '\0';
        state->successes++;
        state->success_wall_ns = pf_clock_wall_ns(reload->options.clock);
    } else {
        state->repeated = state->broken && strcmp(state->error, why->text) == 0 && same_content;
        state->broken = true;
        state->failures++;
        memcpy(state->error, why->text, sizeof(state->error));
    }
    pthread_mutex_unlock(&reload->lock);
}

enum pf_code pf_reload_load(struct pf_reload *reload, enum pf_reload_kind kind, struct pf_err *err)
{
    struct pf_err why = {0};
    const uint64_t before = reload->broken_config;
    const enum pf_code code = loaders[kind](reload, &why);
    note(reload, kind, &why, reload->broken_config == before);
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "%s", why.text);
}

enum pf_code pf_reload_set_certificate(struct pf_reload *reload, struct pf_sv cert_pem,
                                       struct pf_sv key_pem, struct pf_err *err)
{
    struct pf_err why = {0};
    pf_autocertlist struct pf_cert_list chain = {0};
    enum pf_code code = pf_cert_check_pair(cert_pem, key_pem,
                                           pf_clock_wall_ns(reload->options.clock), &chain, &why);
    if (code == PF_OK) {
        code = install_certificate(reload, cert_pem, key_pem, &chain, &why);
    }
    note(reload, PF_RELOAD_CERTIFICATE, &why, /* same_content= */ true);
    return code == PF_OK ? PF_OK : pf_err_set(err, code, "%s", why.text);
}

struct pf_reload_state pf_reload_state(struct pf_reload *reload, enum pf_reload_kind kind)
{
    pthread_mutex_lock(&reload->lock);
    const struct pf_reload_state state = reload->states[kind];
    pthread_mutex_unlock(&reload->lock);
    return state;
}

struct pf_reload_certificate pf_reload_certificate(struct pf_reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    const struct pf_reload_certificate certificate = reload->certificate;
    pthread_mutex_unlock(&reload->lock);
    return certificate;
}

struct pf_config *pf_reload_config(struct pf_reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    struct pf_config *config = pf_config_ref(reload->config);
    pthread_mutex_unlock(&reload->lock);
    return config;
}

void pf_reload_config_digest(struct pf_reload *reload, char digest[17])
{
    pthread_mutex_lock(&reload->lock);
    memcpy(digest, reload->config->digest, sizeof(reload->config->digest));
    pthread_mutex_unlock(&reload->lock);
}

#include <string.h>
#include <sys/stat.h>

#include "secret.h"
#include <podfit/file.h>
#include <podfit/keeper.h>
#include <podfit/limits.h>
#include <podfit/mem.h>

/* What is read from files. */
enum source_kind {
    SOURCE_CA,
    SOURCE_CERT,
    SOURCE_KEY,
    SOURCE_TOKEN,
    SOURCE_KINDS,
};

/* Tells one content of a file from the next without reading it; a Secret's file is replaced through links, so the inode changes. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct source {
    const char *path; /* NULL: not from a file */
    struct stamp stamp;
    struct pf_buf text;
};

struct pf_keeper {
    const struct pf_kube_config *config;
    const struct pf_clock *clock;
    struct source sources[SOURCE_KINDS];
    int64_t token_mono_ns;       /* when the token file was looked at last */
    struct pf_identity *current; /* NULL until a plug-in has ended well */
    bool outdated;               /* what is known is not in it yet: there was no memory */
    struct pf_exec_plugin *plugin;
    struct pf_exec_credential credential;
    bool has_credential;
    bool fresh;            /* not used yet: good for those who waited for it whatever its date */
    struct pf_err failure; /* of the plug-in; told once */
};

/* PEM of a CA, a certificate or a key: only that it can be one, so that an empty or half-written file does not replace a good one. */
static enum pf_code check_pem(const char *path, struct pf_sv text, bool key, struct pf_err *err)
{
    const struct pf_sv mark = key ? PF_SV("PRIVATE KEY-----") : PF_SV("-----BEGIN CERTIFICATE");
    if (pf_sv_find(text, mark) == SIZE_MAX) {
        return pf_err_set(err, PF_E_INVALID, "'%s' has no PEM %s", path,
                          key ? "private key" : "certificate");
    }
    return PF_OK;
}

/* A token goes into a header line. */
static enum pf_code check_token(const char *path, struct pf_sv token, struct pf_err *err)
{
    if (token.len == 0) {
        return pf_err_set(err, PF_E_INVALID, "token file '%s' is empty", path);
    }
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] <= 0x20 || token.ptr[i] >= 0x7F) {
            return pf_err_set(err, PF_E_INVALID,
                              "token file '%s' holds a space or a control character inside the "
                              "token",
                              path);
        }
    }
    return PF_OK;
}

static enum pf_code check_source(enum source_kind kind, const char *path, const struct pf_buf *text,
                                 struct pf_err *err)
{
    if (kind == SOURCE_TOKEN) {
        return check_token(path, pf_sv_trim(pf_buf_view(text)), err);
    }
    return check_pem(path, pf_buf_view(text), kind == SOURCE_KEY, err);
}

static bool stamp_of(const char *path, struct stamp *ret_stamp)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    *ret_stamp = (struct stamp){
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .modified = status.st_mtim,
    };
    return true;
}

static bool stamp_eq(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Read one file. @param[out] ret_changed set when its content is another one than before */
static enum pf_code read_source(struct source *source, enum source_kind kind, bool *ret_changed,
                                struct pf_err *err)
{
    pf_autosecret struct pf_buf text = {0};
    struct stamp stamp = {0};
    pf_buf_init(&text, kind == SOURCE_TOKEN ? PF_KUBE_TOKEN_MAX_BYTES : PF_CERT_PEM_MAX_BYTES);
    (void)stamp_of(source->path, &stamp); /* before the read: a change in between is seen later */
    /* room for all of it at once: growing would leave copies of a key behind */
    if (pf_buf_reserve(&text, stamp.size >= 0 && (size_t)stamp.size < text.max_bytes
                                  ? (size_t)stamp.size + 1
                                  : text.max_bytes) == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for '%s'", source->path);
    }
    enum pf_code code = pf_file_read(source->path, &text, err);
    if (code == PF_OK) {
        code = check_source(kind, source->path, &text, err);
    }
    if (code != PF_OK) {
        return code;
    }
    source->stamp = stamp;
    if (source->text.data == NULL || !pf_sv_eq(pf_buf_view(&source->text), pf_buf_view(&text))) {
        const struct pf_buf old = source->text;
        source->text = text;
        text = old;
        *ret_changed = true;
    }
    return PF_OK;
}

/* @return has the file to be read? */
static bool is_due(const struct pf_keeper *keeper, enum source_kind kind)
{
    const struct source *source = &keeper->sources[kind];
    struct stamp stamp;
    if (source->path == NULL) {
        return false;
    }
    if (source->text.data == NULL) {
        return true;
    }
    if (kind == SOURCE_TOKEN &&
        pf_clock_mono_ns(keeper->clock) - keeper->token_mono_ns >= PF_KEEPER_TOKEN_PERIOD_NS) {
        return true;
    }
    return stamp_of(source->path, &stamp) && !stamp_eq(&stamp, &source->stamp);
}

/* Read what is due. What was read once stays in use when its file cannot be read any more (webhook practice K-03). */
static enum pf_code refresh(struct pf_keeper *keeper, struct pf_err *err)
{
    for (unsigned i = 0; i < SOURCE_KINDS; i++) {
        struct source *source = &keeper->sources[i];
        if (!is_due(keeper, (enum source_kind)i)) {
            continue;
        }
        if (i == SOURCE_TOKEN) {
            keeper->token_mono_ns = pf_clock_mono_ns(keeper->clock);
        }
        const bool had = source->text.data != NULL;
        const enum pf_code code =
            read_source(source, (enum source_kind)i, &keeper->outdated, had ? NULL : err);
        if (code != PF_OK && !had) {
            return code;
        }
    }
    return PF_OK;
}

void pf_keeper_release(struct pf_identity *identity)
{
    if (identity == NULL || --identity->refs != 0) {
        return;
    }
    pf_secret_free((char *)(uintptr_t)identity->authorization);
    pf_secret_free((char *)(uintptr_t)identity->ca_pem.ptr);
    pf_secret_free((char *)(uintptr_t)identity->cert_pem.ptr);
    pf_secret_free((char *)(uintptr_t)identity->key_pem.ptr);
    free(identity);
}

static bool copy_text(struct pf_sv text, struct pf_sv *ret_copy)
{
    if (text.len == 0) {
        return true;
    }
    const char *copy = pf_mem_dup(text.ptr, text.len);
    if (copy == NULL) {
        return false;
    }
    *ret_copy = (struct pf_sv){.ptr = copy, .len = text.len};
    return true;
}

static bool copy_authorization(struct pf_sv token, const char **ret_line)
{
    static const char start[] = "Authorization: Bearer ";
    if (token.len == 0) {
        return true;
    }
    char *line = pf_mem_calloc(sizeof(start) + token.len, 1);
    if (line == NULL) {
        return false;
    }
    memcpy(line, start, sizeof(start) - 1);
    memcpy(line + sizeof(start) - 1, token.ptr, token.len);
    *ret_line = line;
    return true;
}

static struct pf_sv pem_of(const struct pf_keeper *keeper, enum source_kind kind,
                           struct pf_sv given)
{
    return given.len != 0 ? given : pf_buf_view(&keeper->sources[kind].text);
}

static struct pf_sv token_of(const struct pf_keeper *keeper)
{
    if (keeper->has_credential && keeper->credential.token != NULL) {
        return pf_sv_from(keeper->credential.token);
    }
    if (keeper->config->token_file != NULL) {
        return pf_sv_trim(pf_buf_view(&keeper->sources[SOURCE_TOKEN].text));
    }
    return pf_sv_from(keeper->config->token);
}

/* Make the present identity out of what is there now. */
static enum pf_code rebuild(struct pf_keeper *keeper, struct pf_err *err)
{
    const struct pf_kube_config *config = keeper->config;
    const struct pf_exec_credential *credential = &keeper->credential;
    const bool plugged = keeper->has_credential && credential->cert_pem != NULL;
    struct pf_identity *identity = pf_mem_calloc(1, sizeof(*identity));
    if (identity == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a credential");
    }
    identity->refs = 1;
    const struct pf_sv cert = plugged ? pf_sv_from(credential->cert_pem)
                                      : pem_of(keeper, SOURCE_CERT, config->client_cert_pem);
    const struct pf_sv key = plugged ? pf_sv_from(credential->key_pem)
                                     : pem_of(keeper, SOURCE_KEY, config->client_key_pem);
    if (!copy_text(pem_of(keeper, SOURCE_CA, config->ca_pem), &identity->ca_pem) ||
        !copy_text(cert, &identity->cert_pem) || !copy_text(key, &identity->key_pem) ||
        !copy_authorization(token_of(keeper), &identity->authorization)) {
        pf_keeper_release(identity);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a credential");
    }
    pf_keeper_release(keeper->current);
    keeper->current = identity;
    keeper->outdated = false;
    return PF_OK;
}

static enum pf_code check_given(const struct pf_kube_config *config, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    if (config->ca_pem.len != 0) {
        code = check_pem("certificate-authority-data", config->ca_pem, /* key= */ false, err);
    }
    if (code == PF_OK && config->client_cert_pem.len != 0) {
        code = check_pem("client-certificate-data", config->client_cert_pem, /* key= */ false, err);
    }
    if (code == PF_OK && config->client_key_pem.len != 0) {
        code = check_pem("client-key-data", config->client_key_pem, /* key= */ true, err);
    }
    return code;
}

static void set_sources(struct pf_keeper *keeper)
{
    const struct pf_kube_config *config = keeper->config;
    keeper->sources[SOURCE_CA].path = config->ca_pem.len == 0 ? config->ca_file : NULL;
    keeper->sources[SOURCE_CERT].path =
        config->client_cert_pem.len == 0 ? config->client_cert_file : NULL;
    keeper->sources[SOURCE_KEY].path =
        config->client_key_pem.len == 0 ? config->client_key_file : NULL;
    keeper->sources[SOURCE_TOKEN].path = config->token_file;
}

enum pf_code pf_keeper_new(const struct pf_kube_config *config, const struct pf_clock *clock,
                           struct pf_keeper **ret_keeper, struct pf_err *err)
{
    struct pf_keeper *keeper = pf_mem_calloc(1, sizeof(*keeper));
    if (keeper == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the API client");
    }
    keeper->config = config;
    keeper->clock = clock;
    set_sources(keeper);
    enum pf_code code = check_given(config, err);
    if (code == PF_OK) {
        code = refresh(keeper, err);
    }
    if (code == PF_OK) {
        code = rebuild(keeper, err);
    }
    if (code != PF_OK) {
        pf_keeper_free(keeper);
        return pf_err_wrap(err, code, "cannot use the %s", config->origin);
    }
    *ret_keeper = keeper;
    return PF_OK;
}

void pf_keeper_free(struct pf_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    pf_exec_plugin_free(keeper->plugin);
    pf_exec_credential_done(&keeper->credential);
    pf_keeper_release(keeper->current);
    for (unsigned i = 0; i < SOURCE_KINDS; i++) {
        pf_secret_buf_done(&keeper->sources[i].text);
    }
    free(keeper);
}

const struct pf_exec_plugin *pf_keeper_plugin(const struct pf_keeper *keeper)
{
    return keeper->plugin;
}

void pf_keeper_step(struct pf_keeper *keeper)
{
    struct pf_exec_credential credential = {0};
    struct pf_err err = {0};
    if (keeper->plugin == NULL) {
        return;
    }
    const enum pf_code code = pf_exec_plugin_step(keeper->plugin, &credential, &err);
    if (code == PF_E_STATE) {
        return;
    }
    pf_exec_plugin_free(PF_TAKE(keeper->plugin));
    if (code != PF_OK) {
        keeper->failure = err;
        return;
    }
    pf_exec_credential_done(&keeper->credential);
    keeper->credential = credential;
    keeper->has_credential = true;
    keeper->fresh = true;
    keeper->failure = (struct pf_err){0};
    keeper->outdated = true;
    (void)rebuild(keeper, &keeper->failure); /* a failure is told by the next pf_keeper_get() */
}

/* Is there what the plug-in is to give? @return as pf_keeper_get() */
static enum pf_code need_credential(struct pf_keeper *keeper, struct pf_err *err)
{
    if (keeper->config->exec.command == NULL) {
        return PF_OK;
    }
    pf_keeper_step(keeper);
    if (keeper->failure.code != PF_OK) {
        const struct pf_err failure = keeper->failure;
        keeper->failure = (struct pf_err){0};
        return pf_err_set(err, failure.code, "%s", failure.text);
    }
    if (keeper->plugin != NULL) {
        return PF_E_STATE;
    }
    if (keeper->has_credential &&
        (keeper->fresh || pf_clock_wall_ns(keeper->clock) < keeper->credential.expires_wall_ns)) {
        keeper->fresh = false;
        return PF_OK;
    }
    const enum pf_code code = pf_exec_plugin_start(
        keeper->config, keeper->clock, pem_of(keeper, SOURCE_CA, keeper->config->ca_pem),
        /* timeout_ms= */ 0, &keeper->plugin, err);
    if (code == PF_E_STATE) {
        return pf_err_set(err, PF_E_IO, "the credential plug-in did not start");
    }
    return code == PF_OK ? PF_E_STATE : code;
}

enum pf_code pf_keeper_get(struct pf_keeper *keeper, struct pf_identity **ret_identity,
                           struct pf_err *err)
{
    enum pf_code code = refresh(keeper, err);
    if (code == PF_OK && keeper->outdated) {
        code = rebuild(keeper, err);
    }
    if (code == PF_OK) {
        code = need_credential(keeper, err);
    }
    if (code != PF_OK) {
        return code;
    }
    keeper->current->refs++;
    *ret_identity = keeper->current;
    return PF_OK;
}

bool pf_keeper_reject(struct pf_keeper *keeper, const struct pf_identity *identity)
{
    if (identity != keeper->current) {
        return true;
    }
    if (keeper->config->exec.command != NULL) {
        keeper->has_credential = false;
        keeper->fresh = false;
        return true;
    }
    keeper->token_mono_ns = INT64_MIN / 2; /* whatever the file's date says */
    return refresh(keeper, NULL) == PF_OK && keeper->outdated && rebuild(keeper, NULL) == PF_OK;
}

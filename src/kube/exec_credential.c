#include "secret.h"
#include <podfit/cursor.h>
#include <podfit/exec_plugin.h>
#include <podfit/limits.h>
#include <podfit/mem.h>
#include <podfit/write.h>

void pf_exec_credential_done(struct pf_exec_credential *credential)
{
    pf_secret_free(credential->token);
    pf_secret_free(credential->cert_pem);
    pf_secret_free(credential->key_pem);
    *credential = (struct pf_exec_credential){0};
}

/* The texts of an ExecCredential; those with escapes are in the arena. */
struct reading {
    struct pf_sv api_version;
    struct pf_sv kind;
    struct pf_sv token;
    struct pf_sv cert;
    struct pf_sv key;
    struct pf_sv expires;
};

static void read_status(struct pf_cursor *c, struct pf_arena *arena, struct reading *r)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("token"),
        PF_SV_INIT("clientCertificateData"),
        PF_SV_INIT("clientKeyData"),
        PF_SV_INIT("expirationTimestamp"),
    };
    struct pf_sv *const texts[] = {&r->token, &r->cert, &r->key, &r->expires};
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_string(c, arena, texts[index]);
    }
}

static enum pf_code read_all(struct pf_sv output, struct pf_arena *arena, struct reading *r,
                             struct pf_err *err)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("apiVersion"),
        PF_SV_INIT("kind"),
        PF_SV_INIT("status"),
    };
    struct pf_cursor c;
    uint64_t seen = 0;
    size_t index = 0;
    pf_cursor_init(&c, output);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        if (index == 0) {
            pf_cursor_string(&c, arena, &r->api_version);
        } else if (index == 1) {
            pf_cursor_string(&c, arena, &r->kind);
        } else {
            read_status(&c, arena, r);
        }
    }
    pf_cursor_end(&c);
    return pf_cursor_error(&c, err);
}

/* The header line of a token ends at a control character, so it has none. */
static bool is_token(struct pf_sv token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] <= 0x20 || token.ptr[i] >= 0x7F) {
            return false;
        }
    }
    return token.len <= PF_KUBE_TOKEN_MAX_BYTES;
}

static enum pf_code check(const struct reading *r, const char *api_version, int64_t *ret_expires,
                          struct pf_err *err)
{
    if (!pf_sv_eq_cstr(r->kind, "ExecCredential")) {
        return pf_err_set(err, PF_E_INVALID, "it printed no ExecCredential");
    }
    if (!pf_sv_eq_cstr(r->api_version, api_version)) {
        return pf_err_set(err, PF_E_INVALID,
                          "it printed an ExecCredential of '%.*s', the kubeconfig says '%s'",
                          (int)(r->api_version.len < 100 ? r->api_version.len : 100),
                          r->api_version.len != 0 ? r->api_version.ptr : "", api_version);
    }
    if (r->token.len == 0 && r->cert.len == 0 && r->key.len == 0) {
        return pf_err_set(err, PF_E_INVALID,
                          "its ExecCredential has neither token nor client certificate");
    }
    if ((r->cert.len == 0) != (r->key.len == 0)) {
        return pf_err_set(err, PF_E_INVALID,
                          "its ExecCredential has a client certificate without key, or the "
                          "reverse");
    }
    if (!is_token(r->token)) {
        return pf_err_set(err, PF_E_INVALID,
                          "its token holds a space or control character, or has more than %zu "
                          "bytes",
                          PF_KUBE_TOKEN_MAX_BYTES);
    }
    *ret_expires = INT64_MAX;
    if (r->expires.len != 0 && !pf_clock_parse(r->expires.ptr, r->expires.len, ret_expires)) {
        return pf_err_set(err, PF_E_INVALID, "its expirationTimestamp is no RFC 3339 time");
    }
    return PF_OK;
}

static char *copy(struct pf_sv text, bool *good)
{
    char *own = text.len != 0 ? pf_mem_dup(text.ptr, text.len) : NULL;
    *good = *good && (text.len == 0 || own != NULL);
    return own;
}

static enum pf_code convert(const struct reading *r, const char *api_version,
                            struct pf_exec_credential *ret_credential, struct pf_err *err)
{
    struct pf_exec_credential credential = {0};
    bool good = true;
    const enum pf_code code = check(r, api_version, &credential.expires_wall_ns, err);
    if (code != PF_OK) {
        return code;
    }
    credential.token = copy(r->token, &good);
    credential.cert_pem = copy(r->cert, &good);
    credential.key_pem = copy(r->key, &good);
    if (!good) {
        pf_exec_credential_done(&credential);
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for a credential");
    }
    *ret_credential = credential;
    return PF_OK;
}

enum pf_code pf_exec_credential_parse(struct pf_sv output, const char *api_version,
                                      struct pf_exec_credential *ret_credential, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct reading reading = {0};
    pf_arena_init(&arena, PF_KUBE_EXEC_OUTPUT_MAX_BYTES * 2);
    pf_arena_keep_secret(&arena); /* texts with escapes: PEM has its newlines */
    enum pf_code code = read_all(output, &arena, &reading, err);
    if (code != PF_OK) {
        code = pf_err_wrap(err, code, "it printed no JSON of an ExecCredential");
    } else {
        code = convert(&reading, api_version, ret_credential, err);
    }
    return code;
}

static void write_cluster(struct pf_writer *w, const struct pf_kube_config *config,
                          struct pf_sv ca_pem)
{
    pf_write_key(w, PF_SV("cluster"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "server", pf_sv_from(config->server));
    if (config->tls_server_name != NULL) {
        pf_write_string_member(w, "tls-server-name", pf_sv_from(config->tls_server_name));
    }
    if (ca_pem.len != 0) {
        pf_write_base64_member(w, "certificate-authority-data", ca_pem);
    }
    if (config->proxy_url != NULL) {
        pf_write_string_member(w, "proxy-url", pf_sv_from(config->proxy_url));
    }
    if (config->exec.cluster_config != NULL) {
        pf_write_key(w, PF_SV("config"));
        pf_write_put_raw(w, pf_sv_from(config->exec.cluster_config));
    }
    pf_write_end_object(w);
}

void pf_exec_credential_info(const struct pf_kube_config *config, struct pf_sv ca_pem,
                             bool interactive, struct pf_buf *buf)
{
    struct pf_writer w;
    pf_write_init(&w, buf);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "apiVersion", pf_sv_from(config->exec.api_version));
    pf_write_string_member(&w, "kind", PF_SV("ExecCredential"));
    pf_write_key(&w, PF_SV("spec"));
    pf_write_begin_object(&w);
    pf_write_bool_member(&w, "interactive", interactive);
    if (config->exec.provide_cluster_info) {
        write_cluster(&w, config, ca_pem);
    }
    pf_write_end_object(&w);
    pf_write_end_object(&w);
}

#include "serve_certificate.h"

#include <stdio.h>
#include <string.h>

static bool has_files(const struct pf_serve_certificate_options *options)
{
    return options->tls_cert != NULL || options->tls_key != NULL;
}

static bool has_registration(const struct pf_serve_certificate_options *options)
{
    return options->hook != NULL || options->secret != NULL || options->lease != NULL;
}

static enum pf_code choose_files(const struct pf_serve_certificate_options *options,
                                 struct pf_serve_certificate *choice, struct pf_err *err)
{
    if (has_files(options) && (options->tls_cert == NULL || options->tls_key == NULL)) {
        return pf_err_set(err, PF_E_INVALID,
                          "options '--tls-cert' and '--tls-key' need each other");
    }
    int cert_len = 0;
    int key_len = 0;
    if (has_files(options)) {
        cert_len = snprintf(choice->cert_path, PATH_MAX, "%s", options->tls_cert);
        key_len = snprintf(choice->key_path, PATH_MAX, "%s", options->tls_key);
    } else {
        cert_len = snprintf(choice->cert_path, PATH_MAX, "%s/tls.crt", options->cert_dir);
        key_len = snprintf(choice->key_path, PATH_MAX, "%s/tls.key", options->cert_dir);
    }
    return cert_len < PATH_MAX && key_len < PATH_MAX
               ? PF_OK
               : pf_err_set(err, PF_E_TOO_BIG, "the path of the certificate is too long");
}

/* `NAMESPACE/NAME` or `NAME`. */
static enum pf_code split(const char *text, const char *own_space, struct pf_arena *arena,
                          const char **ret_space, const char **ret_name)
{
    const char *slash = strchr(text, '/');
    if (slash == NULL) {
        *ret_space = own_space;
        *ret_name = text;
        return PF_OK;
    }
    const struct pf_sv space = {.ptr = text, .len = (size_t)(slash - text)};
    if (space.len == 0 || slash[1] == '\0' || strchr(slash + 1, '/') != NULL) {
        return PF_E_INVALID;
    }
    *ret_space = pf_arena_dup(arena, space);
    *ret_name = slash + 1;
    return *ret_space != NULL ? PF_OK : PF_E_NO_MEMORY;
}

static enum pf_code fail_name(enum pf_code code, const char *option, const char *text,
                              struct pf_err *err)
{
    return code == PF_E_NO_MEMORY
               ? pf_err_set(err, code, "out of memory")
               : pf_err_set(err, code, "option '--%s': '%s' is not NAME or NAMESPACE/NAME", option,
                            text);
}

static enum pf_code choose_registration(const struct pf_serve_certificate_options *options,
                                        const struct pf_kube_config *kube, struct pf_arena *arena,
                                        struct pf_serve_certificate *choice, struct pf_err *err)
{
    if (options->hook == NULL || options->secret == NULL || options->services.count == 0) {
        return pf_err_set(
            err, PF_E_INVALID,
            "options '--webhook-configuration', '--cert-secret' and '--service' need each other");
    }
    if (kube == NULL) {
        return pf_err_set(
            err, PF_E_INVALID,
            "option '--webhook-configuration' needs a cluster: '--kubeconfig', '--live' or a "
            "service account");
    }
    enum pf_code code =
        split(options->secret, kube->space, arena, &choice->secret_space, &choice->secret_name);
    if (code != PF_OK) {
        return fail_name(code, "cert-secret", options->secret, err);
    }
    choice->lease_space = choice->secret_space;
    choice->lease_name = choice->secret_name;
    if (options->lease != NULL) {
        code = split(options->lease, kube->space, arena, &choice->lease_space, &choice->lease_name);
        if (code != PF_OK) {
            return fail_name(code, "cert-lease", options->lease, err);
        }
    }
    choice->registered = true;
    return PF_OK;
}

enum pf_code pf_serve_certificate_choose(const struct pf_serve_certificate_options *options,
                                         const struct pf_kube_config *kube, struct pf_arena *arena,
                                         struct pf_serve_certificate *ret_choice,
                                         struct pf_err *err)
{
    const bool files = has_files(options);
    const bool registration = has_registration(options);
    if (files && options->cert_dir != NULL) {
        return pf_err_set(err, PF_E_INVALID,
                          "option '--cert-dir' excludes '--tls-cert' and '--tls-key'");
    }
    if (registration && (files || options->cert_dir != NULL)) {
        return pf_err_set(err, PF_E_INVALID,
                          "options '--webhook-configuration', '--cert-secret' and '--cert-lease' "
                          "exclude '--cert-dir', '--tls-cert' and '--tls-key'");
    }
    if (!files && !registration && options->cert_dir == NULL) {
        return pf_err_set(err, PF_E_INVALID,
                          "no certificate: 'podfit certs create DIR' makes one, then start with "
                          "--cert-dir DIR (or give --tls-cert and --tls-key, or in a cluster "
                          "--webhook-configuration)");
    }
    return registration ? choose_registration(options, kube, arena, ret_choice, err)
                        : choose_files(options, ret_choice, err);
}

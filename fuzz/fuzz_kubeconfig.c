#include <stdint.h>
#include <stdlib.h>

#include <podfit/kubeconfig.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good)
{
    if (!good) {
        abort();
    }
}

/** What is accepted can be used: a verified server, a certificate with its key, no token that ends a header line, a plug-in that is complete. */
static void check(const struct pf_kube_config *config)
{
    const struct pf_sv server = pf_sv_from(config->server);
    need(config->origin != NULL && config->context != NULL && config->space != NULL);
    need(pf_sv_starts_with(server, PF_SV("https://")) ||
         pf_sv_starts_with(server, PF_SV("http://127.")) ||
         pf_sv_starts_with(server, PF_SV("http://localhost")) ||
         pf_sv_starts_with(server, PF_SV("http://[")));
    need(server.ptr[server.len - 1] != '/');
    need(pf_sv_find(server, PF_SV("\n")) == SIZE_MAX && pf_sv_find(server, PF_SV(" ")) == SIZE_MAX);
    need((config->client_cert_file != NULL || config->client_cert_pem.len != 0) ==
         (config->client_key_file != NULL || config->client_key_pem.len != 0));
    need(config->token == NULL || pf_sv_find(pf_sv_from(config->token), PF_SV("\n")) == SIZE_MAX);
    if (config->exec.command != NULL) {
        need(config->exec.api_version != NULL && config->exec.args != NULL &&
             config->exec.environment != NULL);
        need(config->token == NULL && config->token_file == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    pf_arena_init(&arena, (size_t)4 * 1024 * 1024);
    const enum pf_code code = pf_kubeconfig_parse(text, "/etc/k", NULL, &arena, &config, &err);
    if (code == PF_OK) {
        check(&config);
    } else {
        need(err.code == code && err.text[0] != '\0' && config.server == NULL);
    }
    return 0;
}

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <podfit/exec_plugin.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What a plug-in prints; a token that is accepted fits into one header line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    struct pf_exec_credential credential = {0};
    struct pf_err err = {0};
    const enum pf_code code =
        pf_exec_credential_parse(text, "client.authentication.k8s.io/v1", &credential, &err);
    if (code == PF_OK && credential.token == NULL && credential.cert_pem == NULL) {
        abort();
    }
    if (code == PF_OK && (credential.cert_pem == NULL) != (credential.key_pem == NULL)) {
        abort();
    }
    if (credential.token != NULL && strpbrk(credential.token, " \r\n\t") != NULL) {
        abort();
    }
    if (code != PF_OK && (err.code != code || credential.token != NULL)) {
        abort();
    }
    pf_exec_credential_done(&credential);
    return 0;
}

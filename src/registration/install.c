#include <stdio.h>
#include <string.h>

#include "registration_internal.h"
#include <podfit/limits.h>
#include <podfit/log.h>

void pf_install_done(struct pf_registration *self)
{
    pf_buf_done(&self->served.cert_pem);
}

/*
 * May this certificate take the place of the one in force? One of the same CA always; one of another CA when the API server is seen to trust it, or when there is
 * nothing to lose (webhook practice C-01).
 */
static bool may_replace(const struct pf_registration *self, const struct pf_cert_info *leaf,
                        struct pf_sv chain_pem)
{
    const struct pf_registration_served *served = &self->served;
    if (served->cert_pem.len == 0 || strcmp(served->issuer, leaf->issuer) == 0) {
        return true;
    }
    const bool nobody_asks = self->hook_known && !self->hook.present;
    const bool expired = served->not_after_wall_ns < pf_clock_wall_ns(self->options.clock);
    return nobody_asks || expired || pf_observe_is_trusted(self, chain_pem);
}

static enum pf_code remember(struct pf_registration *self, const struct pf_cert_info *leaf,
                             struct pf_sv chain_pem, struct pf_err *err)
{
    struct pf_registration_served fresh = {.not_after_wall_ns = leaf->not_after_wall_ns};
    pf_buf_init(&fresh.cert_pem, PF_CERT_PEM_MAX_BYTES);
    pf_buf_append_sv(&fresh.cert_pem, chain_pem);
    const enum pf_code code = pf_buf_status(&fresh.cert_pem, err);
    if (code != PF_OK) {
        pf_buf_done(&fresh.cert_pem);
        return code;
    }
    memcpy(fresh.sha256, leaf->sha256, sizeof(fresh.sha256));
    (void)snprintf(fresh.issuer, sizeof(fresh.issuer), "%s", leaf->issuer);
    pf_buf_done(&self->served.cert_pem);
    self->served = fresh;
    return PF_OK;
}

static enum pf_code install(struct pf_registration *self, struct pf_err *err)
{
    const struct pf_sv cert = pf_certset_view(&self->set, PF_CERTSET_TLS_CRT);
    const struct pf_sv key = pf_certset_view(&self->set, PF_CERTSET_TLS_KEY);
    const int64_t now = pf_clock_wall_ns(self->options.clock);
    pf_autocertlist struct pf_cert_list chain = {0};
    enum pf_code code = pf_cert_check_pair(cert, key, now, &chain, err);
    if (code != PF_OK || strcmp(chain.items[0].sha256, self->served.sha256) == 0) {
        return code;
    }
    code = pf_cert_verify(cert, pf_certset_view(&self->set, PF_CERTSET_BUNDLE), NULL, now, err);
    if (code != PF_OK || !may_replace(self, &chain.items[0], cert)) {
        return code;
    }
    code = self->options.install(self->options.ctx, cert, key, err);
    if (code == PF_OK) {
        code = remember(self, &chain.items[0], cert, err);
    }
    if (code != PF_OK) {
        return code;
    }
    char until[PF_TIME_TEXT_BYTES];
    pf_clock_format(self->served.not_after_wall_ns, until);
    pf_log_info("registration", "serving the certificate %.16s of '%s', valid until %s",
                self->served.sha256, self->served.issuer, until);
    self->stats.installs++;
    self->stats.serving = true;
    return PF_OK;
}

bool pf_install_step(struct pf_registration *self)
{
    struct pf_err err = {0};
    const uint64_t before = self->stats.installs;
    if (pf_certset_is_empty(&self->set)) {
        return false;
    }
    if (install(self, &err) == PF_OK) {
        pf_registration_settle(self, PF_TROUBLE_SERVE);
        return self->stats.installs != before;
    }
    self->stats.failures += self->troubles[PF_TROUBLE_SERVE][0] == '\0';
    pf_registration_trouble(self, PF_TROUBLE_SERVE,
                            "the certificate of the Secret '%s/%s' is not put in force: %s",
                            self->options.secret_space, self->options.secret_name, err.text);
    return false;
}

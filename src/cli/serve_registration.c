#include <stdio.h>
#include <unistd.h>

#include "serve_certificate.h"
#include "source.h"
#include <podfit/mem.h>
#include <podfit/prom.h>
#include <podfit/registration.h>

#define MS_PER_S 1000

struct pf_serve_registration {
    struct pf_server_certificates certificates;
    struct pf_registration *registration;
    struct pf_server *server; /* set before the thread starts */
};

/* ---- what the server asks ---- */

static bool is_ready(void *ctx, struct pf_buf *detail)
{
    struct pf_serve_registration *self = ctx;
    const struct pf_registration_stats stats = pf_registration_stats(self->registration);
    if (stats.problem[0] != '\0') {
        pf_buf_append_cstr(detail, stats.problem);
    } else if (!stats.serving) {
        pf_buf_append_cstr(detail, "no certificate is loaded yet");
    } else if (!stats.trusted) {
        pf_buf_append_cstr(detail, "the webhook configuration does not trust the certificate yet");
    }
    return stats.ready;
}

static void put_gauge(struct pf_buf *buf, const char *name, const char *help, bool value)
{
    pf_prom_single(buf, name, PF_PROM_GAUGE, help, value);
}

static void put_counter(struct pf_buf *buf, const char *name, const char *help, uint64_t value)
{
    pf_prom_single(buf, name, PF_PROM_COUNTER, help, value);
}

static void put_metrics(void *ctx, struct pf_buf *buf)
{
    struct pf_serve_registration *self = ctx;
    const struct pf_registration_stats stats = pf_registration_stats(self->registration);
    pf_prom_single_nano(buf, "podfit_ca_expiry_timestamp_seconds",
                        "When the CA that signs serving certificates expires; 0: none is known.",
                        stats.ca_not_after_wall_ns);
    put_gauge(buf, "podfit_registration_trusted",
              "1 when every entry of the webhook configuration trusts the certificate in force.",
              stats.trusted);
    put_gauge(buf, "podfit_registration_lease_held",
              "1 when this replica holds the Lease and renews certificates.", stats.lease_held);
    put_gauge(buf, "podfit_registration_problem",
              "1 when something keeps certificates or CA bundle from being right; /readyz?verbose "
              "and the log say what.",
              stats.problem[0] != '\0');
    put_counter(buf, "podfit_ca_bundle_writes_total",
                "CA bundles that this replica wrote into the webhook configuration.",
                stats.bundle_writes);
    put_counter(buf, "podfit_ca_bundle_resets_total",
                "Times that somebody else changed a CA bundle that was right.",
                stats.bundle_resets);
    put_counter(buf, "podfit_certificate_secret_writes_total",
                "Times that this replica created or renewed certificates in the Secret.",
                stats.secret_writes);
    put_counter(buf, "podfit_registration_failures_total",
                "Requests, renewals and loads of the registration that failed.", stats.failures);
}

static void put_time(struct pf_writer *w, const char *key, int64_t wall_ns)
{
    char text[PF_TIME_TEXT_BYTES];
    if (wall_ns != 0) {
        pf_clock_format(wall_ns, text);
        pf_write_string_member(w, key, pf_sv_from(text));
    }
}

static void put_stats(void *ctx, bool details, struct pf_writer *w)
{
    struct pf_serve_registration *self = ctx;
    const struct pf_registration_stats stats = pf_registration_stats(self->registration);
    pf_write_key(w, PF_SV("registration"));
    pf_write_begin_object(w);
    pf_write_bool_member(w, "ready", stats.ready);
    pf_write_bool_member(w, "trusted", stats.trusted);
    pf_write_bool_member(w, "bundleRight", stats.bundle_right);
    pf_write_bool_member(w, "leaseHeld", stats.lease_held);
    if (details) {
        pf_write_string_member(w, "leaseHolder", pf_sv_from(stats.lease_holder)); /* a pod */
    }
    pf_write_u64_member(w, "webhooks", stats.entries);
    put_time(w, "secretCertificateNotAfter", stats.leaf_not_after_wall_ns);
    put_time(w, "caNotAfter", stats.ca_not_after_wall_ns);
    pf_write_bool_member(w, "nextCaPublished", stats.next_ca);
    pf_write_u64_member(w, "bundleWrites", stats.bundle_writes);
    pf_write_u64_member(w, "bundleResets", stats.bundle_resets);
    pf_write_u64_member(w, "secretWrites", stats.secret_writes);
    pf_write_u64_member(w, "conflicts", stats.conflicts);
    pf_write_u64_member(w, "installs", stats.installs);
    pf_write_u64_member(w, "failures", stats.failures);
    pf_write_string_member(w, "problem", pf_sv_from(stats.problem));
    pf_write_end_object(w);
}

/* On the registration's thread. */
static enum pf_code install(void *ctx, struct pf_sv cert_pem, struct pf_sv key_pem,
                            struct pf_err *err)
{
    struct pf_serve_registration *self = ctx;
    return pf_server_set_certificate(self->server, cert_pem, key_pem, err);
}

/* ---- making and ending ---- */

/* Unique to the process: a pod's name is its host's name, and a container that restarts in it is another holder. */
static void make_identity(char identity[128])
{
    char host[80] = "podfit";
    (void)gethostname(host, sizeof(host) - 1); /* else that */
    host[sizeof(host) - 1] = '\0';
    (void)snprintf(identity, 128, "%s_%016llx", host, (unsigned long long)pf_random_u64());
}

enum pf_code pf_serve_registration_new(const struct pf_serve_certificate_options *options,
                                       const struct pf_serve_certificate *choice,
                                       const struct pf_kube_config *kube,
                                       struct pf_serve_registration **ret_registration,
                                       struct pf_err *err)
{
    struct pf_serve_registration *self = pf_mem_calloc(1, sizeof(*self));
    if (self == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    char identity[128];
    make_identity(identity);
    self->certificates = (struct pf_server_certificates){
        .ready = is_ready, .metrics = put_metrics, .stats = put_stats, .ctx = self};
    const struct pf_registration_options registration = {
        .config = kube,
        .clock = pf_clock_system(),
        .user_agent = pf_source_user_agent(),
        .hook_name = options->hook,
        .secret_space = choice->secret_space,
        .secret_name = choice->secret_name,
        .lease_space = choice->lease_space,
        .lease_name = choice->lease_name,
        .identity = identity,
        .names = options->services.items,
        .names_count = options->services.count,
        .leaf_lifetime_s = options->leaf_lifetime_ms / MS_PER_S,
        .ca_lifetime_s = options->ca_lifetime_ms / MS_PER_S,
        .publish_delay_s = options->publish_delay_ms / MS_PER_S,
        .seed = pf_random_u64(),
        .install = install,
        .ctx = self,
    };
    const enum pf_code code = pf_registration_new(&registration, &self->registration, err);
    if (code != PF_OK) {
        free(self);
        return pf_err_wrap(err, code, "certificates");
    }
    *ret_registration = self;
    return PF_OK;
}

const struct pf_server_certificates *
pf_serve_registration_certificates(const struct pf_serve_registration *registration)
{
    return registration != NULL ? &registration->certificates : NULL;
}

enum pf_code pf_serve_registration_start(struct pf_serve_registration *registration,
                                         struct pf_server *server, struct pf_err *err)
{
    if (registration == NULL) {
        return PF_OK;
    }
    registration->server = server;
    return pf_registration_start(registration->registration, err);
}

void pf_serve_registration_stop(struct pf_serve_registration *registration)
{
    if (registration != NULL) {
        pf_registration_stop(registration->registration);
    }
}

void pf_serve_registration_free(struct pf_serve_registration *registration)
{
    if (registration != NULL) {
        pf_registration_free(registration->registration);
        free(registration);
    }
}

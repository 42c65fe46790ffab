#include <arpa/inet.h>
#include <stdio.h>

#include "certs_report.h"
#include "cliyaml.h"
#include "cmd.h"
#include <podfit/cert.h>
#include <podfit/certdir.h>
#include <podfit/certmake.h>
#include <podfit/cliopt.h>
#include <podfit/cliout.h>
#include <podfit/command.h>
#include <podfit/file.h>
#include <podfit/limits.h>

#define ARENA_MAX_BYTES  ((size_t)16 * 1024 * 1024)
#define OUTPUT_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define MS_PER_S         1000
/* names that --service makes */
#define SERVICE_NAMES 4

struct values {
    const char *service;
    const char *namespace_;
    const char *cluster_domain;
    struct pf_cliopt_strings dns;
    struct pf_cliopt_strings ip;
    const char *ca_name;
    int64_t lifetime_ms;
    int64_t ca_lifetime_ms;
    int64_t publish_delay_ms;
    bool force;
    bool ca_bundle;
    int format; /* enum pf_cliout_format */
};

#define ROW_OUTPUT                                                \
    {                                                             \
        PF_CLIOUT_OPTION(struct values, format), .help = "format" \
    }
#define ROW_SERVICE                                                                              \
    {                                                                                            \
        .name = "service", .type = PF_CLIOPT_STRING, .offset = offsetof(struct values, service), \
        .value = "NAME",                                                                         \
        .help = "Kubernetes service of the webhook: NAME.NAMESPACE.svc and its other names"      \
    }
#define ROW_NAMESPACE                                                                          \
    {                                                                                          \
        .name = "namespace", .letter = 'n', .type = PF_CLIOPT_STRING,                          \
        .offset = offsetof(struct values, namespace_), .value = "NAME", .fallback = "default", \
        .help = "namespace of the service"                                                     \
    }
#define ROW_DOMAIN                                                            \
    {                                                                         \
        .name = "cluster-domain", .type = PF_CLIOPT_STRING,                   \
        .offset = offsetof(struct values, cluster_domain), .value = "DOMAIN", \
        .fallback = "cluster.local", .help = "DNS domain of the cluster"      \
    }
#define ROW_DNS                                                                           \
    {                                                                                     \
        .name = "dns", .type = PF_CLIOPT_STRINGS, .offset = offsetof(struct values, dns), \
        .value = "NAME", .help = "a DNS name of the server"                               \
    }
#define ROW_IP                                                                          \
    {                                                                                   \
        .name = "ip", .type = PF_CLIOPT_STRINGS, .offset = offsetof(struct values, ip), \
        .value = "ADDRESS", .help = "an IP address of the server"                       \
    }
#define ROW_LIFETIME                                                                            \
    {                                                                                           \
        .name = "lifetime", .type = PF_CLIOPT_DURATION,                                         \
        .offset = offsetof(struct values, lifetime_ms), .value = "DURATION", .fallback = "90d", \
        .min = PF_CERTMAKE_LIFETIME_MIN_S * MS_PER_S,                                           \
        .max = PF_CERTMAKE_LIFETIME_MAX_S * MS_PER_S,                                           \
        .help = "of the serving certificate; it is renewed at two thirds of it"                 \
    }
#define ROW_CA_LIFETIME                                                                        \
    {                                                                                          \
        .name = "ca-lifetime", .type = PF_CLIOPT_DURATION,                                     \
        .offset = offsetof(struct values, ca_lifetime_ms), .value = "DURATION",                \
        .fallback = "1825d", .min = PF_CERTMAKE_LIFETIME_MIN_S * MS_PER_S,                     \
        .max = PF_CERTMAKE_LIFETIME_MAX_S * MS_PER_S,                                          \
        .help = "of the certificate authority; its successor is published at two thirds of it" \
    }
#define ROW_CA_NAME                                                                              \
    {                                                                                            \
        .name = "ca-name", .type = PF_CLIOPT_STRING, .offset = offsetof(struct values, ca_name), \
        .value = "TEXT", .help = "common name of the certificate authority"                      \
    }
#define ROW_DELAY                                                                               \
    {                                                                                           \
        .name = "publish-delay", .type = PF_CLIOPT_DURATION,                                    \
        .offset = offsetof(struct values, publish_delay_ms), .value = "DURATION",               \
        .fallback = "1d", .min = 0, .max = PF_CERTMAKE_LIFETIME_MAX_S * MS_PER_S,               \
        .help = "how long a new authority is published before it signs: every API server must " \
                "have the bundle by then"                                                       \
    }
#define ROW_FORCE(help_)                                                                   \
    {                                                                                      \
        .name = "force", .type = PF_CLIOPT_FLAG, .offset = offsetof(struct values, force), \
        .help = (help_)                                                                    \
    }

static const struct pf_cliopt create_rows[] = {
    ROW_SERVICE,     ROW_NAMESPACE,
    ROW_DOMAIN,      ROW_DNS,
    ROW_IP,          ROW_LIFETIME,
    ROW_CA_LIFETIME, ROW_CA_NAME,
    ROW_DELAY,       ROW_FORCE("replace what is there; clients must get the new bundle"),
    ROW_OUTPUT,
};

static const struct pf_cliopt renew_rows[] = {
    ROW_SERVICE,     ROW_NAMESPACE,
    ROW_DOMAIN,      ROW_DNS,
    ROW_IP,          ROW_LIFETIME,
    ROW_CA_LIFETIME, ROW_CA_NAME,
    ROW_DELAY,       ROW_FORCE("issue a new serving certificate although none is due"),
    ROW_OUTPUT,
};

static const struct pf_cliopt show_rows[] = {
    {.name = "ca-bundle",
     .type = PF_CLIOPT_FLAG,
     .offset = offsetof(struct values, ca_bundle),
     .help =
         "print the bundle in base64 on one line, as caBundle of a webhook configuration wants it"},
    ROW_DELAY,
    ROW_OUTPUT,
};

static const struct pf_cliopt_command create_command = {
    .name = "podfit certs create",
    .usage = "[OPTIONS] DIR",
    .about =
        "Create a certificate authority and a serving certificate in a folder (made if it is not there).\n"
        "Keys are P-256 with mode 0600. `podfit serve --cert-dir DIR` serves with them and renews them.",
    .rows = create_rows,
    .count = PF_ARRAY_LEN(create_rows),
    .args_min = 1,
    .args_max = 1,
    .args_name = "DIR",
    .notes = "Exit status: 0 created, 2 error.",
    .examples = "  podfit certs create certs --service podfit --namespace podfit-system\n"
                "  podfit certs create certs --dns localhost --ip 127.0.0.1 --lifetime 30d",
};

static const struct pf_cliopt_command show_command = {
    .name = "podfit certs show",
    .usage = "[OPTIONS] DIR",
    .about = "Say what is in a certificate folder, what is wrong with it and what is due when.",
    .rows = show_rows,
    .count = PF_ARRAY_LEN(show_rows),
    .args_min = 1,
    .args_max = 1,
    .args_name = "DIR",
    .notes = "Exit status: 0 all is well, 1 there are problems, 2 error.",
    .examples = "  podfit certs show certs\n"
                "  podfit certs show certs -o json\n"
                "  podfit certs show certs --ca-bundle",
};

static const struct pf_cliopt_command renew_command = {
    .name = "podfit certs renew",
    .usage = "[OPTIONS] DIR",
    .about =
        "Do what is due: renew the serving certificate, publish or switch the certificate authority. Names\n"
        "are kept unless some are given. Run it as often as you like.",
    .rows = renew_rows,
    .count = PF_ARRAY_LEN(renew_rows),
    .args_min = 1,
    .args_max = 1,
    .args_name = "DIR",
    .notes = "Exit status: 0 done, also when nothing was due; 2 error.",
    .examples = "  podfit certs renew certs\n"
                "  podfit certs renew certs --force",
};

/* Service, DNS and IP names in one list. */
static enum pf_code names_of(const struct values *values, struct pf_arena *arena,
                             struct pf_certdir_options *options, struct pf_err *err)
{
    const char **names = pf_arena_calloc(
        arena, SERVICE_NAMES + values->dns.count + values->ip.count, sizeof(*names));
    if (names == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    size_t count = 0;
    const char *service = values->service;
    if (service != NULL) {
        /* the name the API server asks for comes first: it becomes the common name */
        names[count++] = pf_arena_printf(arena, "%s.%s.svc", service, values->namespace_);
        names[count++] = pf_arena_printf(arena, "%s.%s.svc.%s", service, values->namespace_,
                                         values->cluster_domain);
        names[count++] = pf_arena_printf(arena, "%s.%s", service, values->namespace_);
        names[count++] = service;
    }
    for (size_t i = 0; i < values->dns.count; i++) {
        names[count++] = values->dns.items[i];
    }
    for (size_t i = 0; i < values->ip.count; i++) {
        unsigned char address[sizeof(struct in6_addr)];
        if (inet_pton(AF_INET, values->ip.items[i], address) != 1 &&
            inet_pton(AF_INET6, values->ip.items[i], address) != 1) {
            return pf_err_set(err, PF_E_INVALID, "option '--ip': '%s' is no IP address",
                              values->ip.items[i]);
        }
        names[count++] = values->ip.items[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL) {
            return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
        }
    }
    options->names = count != 0 ? names : NULL;
    options->names_count = count;
    return PF_OK;
}

static enum pf_code options_of(const struct values *values, struct pf_arena *arena,
                               struct pf_certdir_options *ret_options, struct pf_err *err)
{
    *ret_options = pf_certdir_options_default();
    ret_options->ca_name = values->ca_name;
    ret_options->leaf_lifetime_s = values->lifetime_ms / MS_PER_S;
    ret_options->ca_lifetime_s = values->ca_lifetime_ms / MS_PER_S;
    ret_options->publish_delay_s = values->publish_delay_ms / MS_PER_S;
    ret_options->force = values->force;
    return names_of(values, arena, ret_options, err);
}

static enum pf_code print_report(const struct pf_certdir_report *report, const char *dir,
                                 enum pf_certs_report_tense tense, const struct values *values,
                                 struct pf_arena *arena, struct pf_err *err)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, OUTPUT_MAX_BYTES);
    enum pf_code code = PF_OK;
    if (values->format == PF_CLIOUT_TABLE) {
        pf_certs_report_text(report, dir, tense, &out);
    } else if (values->format == PF_CLIOUT_JSON) {
        pf_certs_report_json(report, dir, &out);
        pf_buf_append_char(&out, '\n');
    } else {
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, OUTPUT_MAX_BYTES);
        pf_certs_report_json(report, dir, &json);
        code = pf_cliyaml_put(&out, pf_buf_view(&json), 0, arena, err);
    }
    return code == PF_OK ? pf_cliout_flush(&out, err) : code;
}

static enum pf_code print_bundle(const char *dir, struct pf_arena *arena, struct pf_err *err)
{
    const char *path = pf_arena_printf(arena, "%s/ca-bundle.crt", dir);
    if (path == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, PF_CERT_PEM_MAX_BYTES);
    enum pf_code code = pf_file_read(path, &pem, err);
    if (code != PF_OK) {
        return code;
    }
    pf_autocertlist struct pf_cert_list list = {.count = 0};
    code = pf_cert_list_read(pf_buf_view(&pem), &list, err);
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "'%s'", path);
    }
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, 2 * PF_CERT_PEM_MAX_BYTES);
    pf_buf_append_base64(&out, pf_buf_view(&pem));
    pf_buf_append_char(&out, '\n');
    return pf_cliout_flush(&out, err);
}

typedef enum pf_code (*action_fn)(const char *dir, const struct pf_certdir_options *options,
                                  const struct pf_clock *clock,
                                  struct pf_certdir_report *ret_report, struct pf_err *err);

static enum pf_code act(action_fn action, const char *dir, const struct values *values,
                        struct pf_arena *arena, struct pf_err *err)
{
    struct pf_certdir_options options = {.force = false};
    struct pf_certdir_report report = {.acts = 0};
    enum pf_code code = options_of(values, arena, &options, err);
    if (code == PF_OK && action == pf_certdir_create && options.names_count == 0) {
        code =
            pf_err_set(err, PF_E_INVALID,
                       "the server has no name, allowed: --service NAME, --dns NAME, --ip ADDRESS");
    }
    if (code == PF_OK) {
        code = action(dir, &options, pf_clock_system(), &report, err);
    }
    if (code == PF_OK) {
        code = print_report(&report, dir,
                            action == pf_certdir_create ? PF_CERTS_REPORT_CREATED
                                                        : PF_CERTS_REPORT_DONE,
                            values, arena, err);
    }
    pf_certdir_report_done(&report);
    return code;
}

static enum pf_code show(const char *dir, const struct values *values, struct pf_arena *arena,
                         bool *ret_well, struct pf_err *err)
{
    if (values->ca_bundle) {
        *ret_well = true;
        return print_bundle(dir, arena, err);
    }
    struct pf_certdir_options options = pf_certdir_options_default();
    options.publish_delay_s = values->publish_delay_ms / MS_PER_S;
    struct pf_certdir_report report = {.acts = 0};
    enum pf_code code = pf_certdir_show(dir, &options, pf_clock_system(), &report, err);
    if (code == PF_OK) {
        *ret_well = report.problems_count == 0;
        code = print_report(&report, dir, PF_CERTS_REPORT_DUE, values, arena, err);
    }
    pf_certdir_report_done(&report);
    return code;
}

static int run_with(const struct pf_cliopt_command *command, action_fn action, int argc,
                    char **argv)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    struct values values = {.format = PF_CLIOUT_TABLE};
    struct pf_cliopt_strings args = {0};
    int status = PF_COMMAND_ERROR;
    const struct pf_cliopt_start start = {
        .argc = argc, .argv = argv, .arena = &arena, .values = &values, .ret_args = &args};
    if (!pf_cliopt_begin(command, &start, &status)) {
        return status;
    }
    struct pf_err err = {0};
    bool well = true;
    const enum pf_code code = action != NULL ? act(action, args.items[0], &values, &arena, &err)
                                             : show(args.items[0], &values, &arena, &well, &err);
    if (code != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return well ? PF_COMMAND_OK : PF_COMMAND_NO;
}

static int run_create(int argc, char **argv)
{
    return run_with(&create_command, pf_certdir_create, argc, argv);
}

static int run_show(int argc, char **argv)
{
    return run_with(&show_command, NULL, argc, argv);
}

static int run_renew(int argc, char **argv)
{
    return run_with(&renew_command, pf_certdir_renew, argc, argv);
}

static const struct pf_command commands[] = {
    {.name = "create",
     .summary = "make a CA and a serving certificate",
     .options = &create_command,
     .run = run_create},
    {.name = "show",
     .also = "inspect",
     .summary = "what is there, what is wrong, what is due",
     .options = &show_command,
     .run = run_show},
    {.name = "renew",
     .also = "rotate",
     .summary = "do what is due",
     .options = &renew_command,
     .run = run_renew},
};

const struct pf_command_group pf_cmd_certs_group = {
    .name = "podfit certs",
    .about =
        "Certificates for the webhook's TLS listener, and the caBundle that the API server needs.",
    .commands = commands,
    .count = PF_ARRAY_LEN(commands),
    .examples = "  podfit certs create certs --service podfit --namespace podfit-system\n"
                "  podfit certs show certs --ca-bundle",
};

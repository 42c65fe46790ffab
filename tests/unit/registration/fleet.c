#include "fleet.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/registered_objects.h>

#define STEP_MS     1
#define PASS_MS     INT64_C(400) /* of a time in which nothing is to happen */
#define DEADLINE_NS (90 * NS_PER_S)

static const char hook_text[] =
    "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":\"MutatingWebhookConfiguration\","
    "\"metadata\":{\"name\":\"podfit\"},\"webhooks\":["
    "{\"name\":\"a.podfit.io\",\"clientConfig\":{\"url\":\"https://a/\"},\"failurePolicy\":\"Fail\"},"
    "{\"name\":\"b.podfit.io\",\"clientConfig\":{\"url\":\"https://b/\"}}]}";

static int64_t mono(void *opaque)
{
    const struct fleet *fleet = opaque;
    return pf_clock_mono_ns(pf_clock_system()) + fleet->mono_ahead_ns;
}

static int64_t wall(void *opaque)
{
    const struct fleet *fleet = opaque;
    return pf_clock_wall_ns(pf_clock_system()) + fleet->wall_ahead_ns;
}

static int read_port(int output)
{
    char text[16] = "";
    size_t len = 0;
    int64_t port = 0;
    while (len == 0 || text[len - 1] != '\n') {
        const ssize_t got = read(output, text + len, sizeof(text) - 1 - len);
        assert_true(got > 0);
        len += (size_t)got;
    }
    assert_true(pf_sv_to_i64(pf_sv_trim((struct pf_sv){.ptr = text, .len = len}), &port));
    return (int)port;
}

/* The server's life hangs on a pipe, so that it ends with a test program that crashes. */
static void start_server(struct fleet *fleet)
{
    int input[2];
    int output[2];
    char script[] = PF_SOURCE_DIR "/tests/unit/registration/object_server.py";
    char python[] = "python3";
    char flag[] = "-B";
    char *const arguments[] = {python, flag, script, NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(input, O_CLOEXEC), 0);
    assert_int_equal(pipe2(output, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawnp(&fleet->pid, python, &actions, NULL, arguments, environ), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(input[0]);
    (void)close(output[1]);
    fleet->input = input[1];
    (void)snprintf(fleet->server, sizeof(fleet->server), "http://127.0.0.1:%d",
                   read_port(output[0]));
    (void)close(output[0]);
}

int fleet_setup(void **state)
{
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pf_log_configure("error", /* json= */ false, NULL), PF_OK);
    struct fleet *fleet = pf_mem_calloc(1, sizeof(*fleet));
    assert_non_null(fleet);
    start_server(fleet);
    fleet->clock = (struct pf_clock){.mono_ns = mono, .wall_ns = wall, .opaque = fleet};
    fleet->config = (struct pf_kube_config){
        .server = fleet->server, .space = "podfit", .origin = "context 'test'"};
    fleet->hurry_ms = 200;
    const struct pf_kube_client_options options = {
        .config = &fleet->config, .clock = &fleet->clock, .user_agent = "operator"};
    assert_int_equal(pf_kube_client_new(&options, &fleet->client, NULL), PF_OK);
    assert_int_equal(fleet_send(fleet, "PUT", HOOK_PATH, hook_text), 200);
    *state = fleet;
    return 0;
}

int fleet_teardown(void **state)
{
    struct fleet *fleet = *state;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        fleet_remove(fleet, i);
    }
    pf_certset_done(&fleet->remembered);
    pf_kube_client_free(fleet->client);
    (void)close(fleet->input);
    int status = 0;
    assert_int_equal(waitpid(fleet->pid, &status, 0), fleet->pid);
    free(fleet);
    return 0;
}

/* ---- replicas ---- */

static enum pf_code install(void *ctx, struct pf_sv cert_pem, struct pf_sv key_pem,
                            struct pf_err *err)
{
    struct member *member = ctx;
    struct fleet *fleet = member->fleet;
    assert_int_equal(pf_cert_check_pair(cert_pem, key_pem, wall(fleet), NULL, NULL), PF_OK);
    if (member->refuses) {
        return pf_err_set(err, PF_E_INVALID, "refused");
    }
    pf_autobuf struct pf_buf bundle = {0};
    fleet_bundle(fleet, &bundle);
    const struct pf_sv trusted = pf_buf_view(&bundle);
    const int64_t now = wall(fleet);
    const bool before =
        pf_cert_verify(pf_buf_view(&member->served), trusted, NULL, now, NULL) == PF_OK;
    fleet->worse += before && pf_cert_verify(cert_pem, trusted, NULL, now, NULL) != PF_OK;
    pf_buf_done(&member->served);
    pf_buf_init(&member->served, PF_CERT_PEM_MAX_BYTES);
    pf_buf_append_sv(&member->served, cert_pem);
    return pf_buf_status(&member->served, err);
}

struct pf_registration_options fleet_options(const struct fleet *fleet)
{
    return (struct pf_registration_options){
        .config = &fleet->config,
        .clock = &fleet->clock,
        .user_agent = "test",
        .hook_name = "podfit",
        .secret_space = "podfit",
        .secret_name = "certificates",
        .lease_space = "podfit",
        .lease_name = "certificates",
        .identity = "me",
        .publish_delay_s = -1,
    };
}

void fleet_add(struct fleet *fleet, size_t index, const char *name)
{
    struct member *member = &fleet->members[index];
    char identity[32];
    *member = (struct member){.fleet = fleet};
    (void)snprintf(identity, sizeof(identity), "replica-%zu", index);
    struct pf_registration_options options = fleet_options(fleet);
    options.identity = identity;
    options.names = &name;
    options.names_count = 1;
    options.leaf_lifetime_s = 30 * DAY_S;
    options.ca_lifetime_s = 300 * DAY_S;
    options.seed = index + 1;
    /* time is in a hurry here, answers are not */
    options.lease_duration_ms = 3600000;
    options.lease_renew_deadline_ms = 3000000;
    options.install = install;
    options.ctx = member;
    struct pf_err err = {0};
    if (pf_registration_new(&options, &member->registration, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

void fleet_remove(struct fleet *fleet, size_t index)
{
    struct member *member = &fleet->members[index];
    pf_registration_free(member->registration);
    pf_buf_done(&member->served);
    *member = (struct member){.fleet = fleet};
}

struct pf_registration_stats fleet_stats(const struct fleet *fleet, size_t index)
{
    return pf_registration_stats(fleet->members[index].registration);
}

void fleet_step(struct fleet *fleet)
{
    fleet->mono_ahead_ns += fleet->hurry_ms * 1000000;
    fleet->wall_ahead_ns += fleet->hurry_ms * 1000000;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        if (fleet->members[i].registration != NULL) {
            /* one of them waits for traffic */
            const int wait_ms = i == 0 ? STEP_MS : 0;
            assert_true(pf_registration_step(fleet->members[i].registration, wait_ms) >= 1);
        }
    }
}

static void tell(const struct fleet *fleet, const char *what)
{
    for (size_t i = 0; i < FLEET_MAX; i++) {
        if (fleet->members[i].registration != NULL) {
            const struct pf_registration_stats s = fleet_stats(fleet, i);
            print_message("%zu: ready %d, trusted %d, right %d, lease %d ('%s'), writes %d, "
                          "bundles %d, resets %d, conflicts %d, failures %d: '%s'\n",
                          i, s.ready, s.trusted, s.bundle_right, s.lease_held, s.lease_holder,
                          (int)s.secret_writes, (int)s.bundle_writes, (int)s.bundle_resets,
                          (int)s.conflicts, (int)s.failures, s.problem);
        }
    }
    fail_msg("%s did not come", what);
}

void fleet_until(struct fleet *fleet, bool (*holds)(struct fleet *fleet), const char *what)
{
    const int64_t end = pf_clock_mono_ns(pf_clock_system()) + DEADLINE_NS;
    do {
        fleet_step(fleet);
        if (pf_clock_mono_ns(pf_clock_system()) > end) {
            tell(fleet, what);
        }
    } while (!holds(fleet));
}

void fleet_pass(struct fleet *fleet, int64_t ms)
{
    const int64_t end = mono(fleet) + ms * 1000000;
    const int64_t hurry_ms = fleet->hurry_ms;
    fleet->hurry_ms = hurry_ms > PASS_MS ? hurry_ms : PASS_MS;
    while (mono(fleet) < end) {
        fleet_step(fleet);
    }
    fleet->hurry_ms = hurry_ms;
}

/* ---- the operator ---- */

static int send_as(struct fleet *fleet, const struct pf_kube_request *request)
{
    pf_autobuf struct pf_buf answer = {0};
    pf_buf_init(&answer, sizeof(fleet->answer) - 1);
    int status = 0;
    (void)!pf_kube_client_call(fleet->client, request, &answer, &status, NULL);
    (void)snprintf(fleet->answer, sizeof(fleet->answer), "%s",
                   answer.data != NULL ? answer.data : "");
    return status;
}

int fleet_send(struct fleet *fleet, const char *method, const char *path, const char *body)
{
    const struct pf_kube_request request = {
        .method = method, .path = path, .what = "be an operator", .body = pf_sv_from(body)};
    return send_as(fleet, &request);
}

int fleet_patch(struct fleet *fleet, const char *path, const char *body)
{
    const struct pf_kube_request request = {.method = "PATCH",
                                            .path = path,
                                            .what = "be an operator",
                                            .content_type = "application/merge-patch+json",
                                            .body = pf_sv_from(body)};
    return send_as(fleet, &request);
}

void fleet_secret(struct fleet *fleet, struct pf_certset *ret_set)
{
    pf_autosecretobject struct pf_secret_object object = {.rotate = PF_SECRET_ROTATE_NOTHING};
    assert_int_equal(fleet_send(fleet, "GET", SECRET_PATH, ""), 200);
    assert_int_equal(pf_secret_object_decode(pf_sv_from(fleet->answer), &object, NULL), PF_OK);
    *ret_set = pf_certset_take(&object.set);
}

void fleet_bundle(struct fleet *fleet, struct pf_buf *bundle)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_hook_object object = {0};
    pf_arena_init(&arena, (size_t)1 << 20);
    pf_buf_init(bundle, PF_CERT_PEM_MAX_BYTES);
    if (fleet_send(fleet, "GET", HOOK_PATH, "") != 200) {
        return;
    }
    assert_int_equal(pf_hook_object_decode(pf_sv_from(fleet->answer), &arena, &object, NULL),
                     PF_OK);
    for (size_t i = 1; i < object.count; i++) {
        if (!pf_sv_eq(object.entries[i].ca_pem, object.entries[0].ca_pem)) {
            return;
        }
    }
    if (object.count != 0) {
        pf_buf_append_sv(bundle, object.entries[0].ca_pem);
    }
}

size_t fleet_count(struct pf_sv pem)
{
    pf_autocertlist struct pf_cert_list list = {0};
    return pf_cert_list_read(pem, &list, NULL) == PF_OK ? list.count : 0;
}

bool fleet_trusted(struct fleet *fleet)
{
    pf_autobuf struct pf_buf bundle = {0};
    fleet_bundle(fleet, &bundle);
    bool trusted = true;
    for (size_t i = 0; i < FLEET_MAX; i++) {
        const struct member *member = &fleet->members[i];
        trusted = trusted && (member->registration == NULL ||
                              pf_cert_verify(pf_buf_view(&member->served), pf_buf_view(&bundle),
                                             NULL, wall(fleet), NULL) == PF_OK);
    }
    return trusted;
}

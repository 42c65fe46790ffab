/*
 * lease_holder KUBECONFIG NAMESPACE NAME IDENTITY SKEW_SECONDS: wants a Lease, in a hurry, with a wall clock that goes wrong by so much. It writes a line when it has become the
 * holder (`held TIME`) and when it is it no longer (`lost TIME`), in milliseconds of CLOCK_MONOTONIC, and ends, releasing the Lease, with its standard input.
 */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <podfit/kubeconfig.h>
#include <podfit/lease.h>

#define DURATION_MS 3000
#define DEADLINE_MS 2000
#define RETRY_MS    400
#define STEP_MS     50
#define RELEASE_MS  2000

static int64_t mono(void *opaque)
{
    (void)opaque;
    return pf_clock_mono_ns(pf_clock_system());
}

static int64_t skewed(void *opaque)
{
    const int64_t *skew_s = opaque;
    return pf_clock_wall_ns(pf_clock_system()) + *skew_s * INT64_C(1000000000);
}

static void tell(const char *what)
{
    (void)printf("%s %lld\n", what, (long long)(mono(NULL) / 1000000));
    (void)fflush(stdout);
}

/* What is printed is what pf_lease_held() says: what a holder would act on. */
static void look(const struct pf_lease *lease, bool *held)
{
    if (pf_lease_held(lease) != *held) {
        *held = !*held;
        tell(*held ? "held" : "lost");
    }
}

static void follow(struct pf_lease *lease, struct pf_kube_client *client)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    bool held = false;
    while (poll(&input, 1, 0) == 0) {
        look(lease, &held); /* before anything is done: this process may have been stopped */
        const int64_t wait_ms = pf_lease_tick(lease);
        look(lease, &held);
        pf_kube_client_step(client, wait_ms < STEP_MS ? (int)wait_ms : STEP_MS);
        look(lease, &held);
    }
    const int64_t end = mono(NULL) + RELEASE_MS * INT64_C(1000000);
    pf_lease_release(lease);
    look(lease, &held);
    while (!pf_lease_released(lease) && mono(NULL) < end) {
        (void)pf_lease_tick(lease);
        pf_kube_client_step(client, STEP_MS);
    }
    const struct pf_lease_stats stats = pf_lease_stats(lease);
    (void)printf("failures %llu %s\n", (unsigned long long)stats.failures, stats.last_failure);
}

static enum pf_code run(char **arguments, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_kube_client *client = NULL;
    struct pf_lease *lease = NULL;
    int64_t skew_s = 0;
    struct pf_clock clock = {.mono_ns = mono, .wall_ns = skewed, .opaque = &skew_s};
    const struct pf_kube_config_source source = {.kubeconfig = arguments[1]};
    if (!pf_sv_to_i64(pf_sv_from(arguments[5]), &skew_s)) {
        return pf_err_set(err, PF_E_INVALID, "'%s' is no number of seconds", arguments[5]);
    }
    pf_arena_init(&arena, (size_t)1 << 20);
    enum pf_code code = pf_kubeconfig_load(&source, &arena, &config, err);
    if (code == PF_OK) {
        const struct pf_kube_client_options options = {
            .config = &config, .clock = &clock, .user_agent = "lease_holder"};
        code = pf_kube_client_new(&options, &client, err);
    }
    if (code == PF_OK) {
        const struct pf_lease_options options = {
            .client = client,
            .clock = &clock,
            .space = arguments[2],
            .name = arguments[3],
            .identity = arguments[4],
            .seed = (uint64_t)getpid(),
            .duration_ms = DURATION_MS,
            .renew_deadline_ms = DEADLINE_MS,
            .retry_ms = RETRY_MS,
        };
        code = pf_lease_new(&options, &lease, err);
    }
    if (code == PF_OK) {
        follow(lease, client);
    }
    pf_lease_free(lease);
    pf_kube_client_free(client);
    return code;
}

int main(int argc, char **argv)
{
    struct pf_err err = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc != 6) {
        (void)fputs("usage: lease_holder KUBECONFIG NAMESPACE NAME IDENTITY SKEW_SECONDS\n",
                    stderr);
        return 2;
    }
    if (run(argv, &err) != PF_OK) {
        (void)fprintf(stderr, "lease_holder: %s\n", err.text);
        return 1;
    }
    return 0;
}

/* Every allocation of a command fails once: the answer is an exit status and a message, never a crash or a leak. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include <podfit/command.h>
#include <podfit/macro.h>

/* More allocations than this are sampled, evenly. */
#define RUNS_MAX 400

static const char config_path[] = PF_SOURCE_DIR "/examples/config.yaml";
static const char review_path[] = PF_SOURCE_DIR "/examples/reviews/05-too-much-memory.json";
static const char three_path[] = PF_SOURCE_DIR "/examples/pods/three-projects.yaml";
static const char large_path[] = PF_SOURCE_DIR "/examples/pods/too-large.yaml";

static int run(const char *const *words)
{
    char *argv[16] = {NULL};
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)
            words[argc]; /* main's argv is not const; commands do not write to it */
    }
    return pf_command_main(argc, argv);
}

static void test_every_allocation(void **state)
{
    static const char *const lines[][16] = {
        {"podfit", "check", "--config", config_path, "-f", review_path, "-o", "json"},
        {"podfit", "check", "--explain", "-f", three_path},
        {"podfit", "check", "-f", large_path, "-o", "yaml"},
        {"podfit", "plan", "--config", config_path, "--class", "projects", "--projects", "30"},
        {"podfit", "plan", "--quotas", "{\"mem\":2000}", "--node",
         "cpu=2,memory=4Gi,taint=a:NoSchedule", "--what-if", "pods=5", "-o", "yaml"},
        {"podfit", "config", "check", config_path},
        {"podfit", "config", "show"},
        {"podfit", "config", "document"},
        {"podfit", "audit", "-"},
        {"podfit", "audit", "-", "--records"},
        {"podfit", "version", "-o", "yaml"},
        {"podfit", "help", "check"},
        {"podfit", "help", "man", "certs", "create"},
        {"podfit", "man"},
        {"podfit", "config", "schema"},
        {"podfit", "completion", "bash"},
        {"podfit", "__complete", "check", "--output="},
        {"podfit", "__complete", "check", "-"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(lines); i++) {
        fail_alloc_after(-1);
        const int wanted = run(lines[i]);
        const long count = fail_alloc_count();
        assert_true(count > 0);
        const long step = count > RUNS_MAX ? count / RUNS_MAX : 1;
        for (long n = 0; n < count; n += step) {
            fail_alloc_after(n);
            const int status = run(lines[i]);
            fail_alloc_after(-1);
            if (status != PF_COMMAND_ERROR && status != wanted) {
                print_error("%s %s: allocation %ld: status %d\n", lines[i][1], lines[i][2], n,
                            status);
                fail();
            }
        }
    }
}

/* Commands print on stdout and stderr, which are the test's own as well: they go to /dev/null while commands run. */
static int silence(void **state)
{
    static int saved[3];
    *state = saved;
    (void)fflush(stdout);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++) {
        saved[fd] = dup(fd);
        if (null < 0 || saved[fd] < 0 || dup2(null, fd) != fd) {
            return -1;
        }
    }
    return close(null);
}

static int speak(void **state)
{
    const int *saved = *state;
    (void)fflush(stdout);
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(saved[fd], fd) != fd) {
            return -1;
        }
        (void)close(saved[fd]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_allocation, silence, speak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

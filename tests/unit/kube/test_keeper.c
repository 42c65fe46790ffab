#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include <podfit/keeper.h>

/* A token that was read while there was no memory for an identity with it is in the next one: nobody writes its file again for an hour. */

#define ALLOCATIONS_MAX 100 /* far more than there are: the loop must end by itself */

struct bench {
    char folder[64];
    char token_file[80];
    struct pf_kube_config config;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    (void)snprintf(bench->folder, sizeof(bench->folder), "/tmp/podfit-keeper-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->token_file, sizeof(bench->token_file), "%s/token", bench->folder);
    bench->config = (struct pf_kube_config){
        .server = "https://a", .token_file = bench->token_file, .origin = "context 'test'"};
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    (void)unlink(bench->token_file);
    (void)rmdir(bench->folder);
    free(bench);
    return 0;
}

static void put_token(const struct bench *bench, const char *token)
{
    FILE *file = fopen(bench->token_file, "we");
    assert_non_null(file);
    assert_true(fputs(token, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct pf_identity *identity_of(struct pf_keeper *keeper, const char *line)
{
    struct pf_identity *identity = NULL;
    struct pf_err err = {0};
    if (pf_keeper_get(keeper, &identity, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(identity->authorization, line);
    return identity;
}

static void use(struct pf_keeper *keeper, const struct pf_identity *identity)
{
    (void)identity;
    struct pf_identity *next = NULL;
    const enum pf_code code = pf_keeper_get(keeper, &next, NULL);
    assert_true(code == PF_OK || code == PF_E_NO_MEMORY);
    pf_keeper_release(next);
}

static void refuse(struct pf_keeper *keeper, const struct pf_identity *identity)
{
    (void)!pf_keeper_reject(keeper, identity); /* without memory it knows of nothing new to try */
}

/* Each allocation of what is done about a new token fails once. */
static void check_never_lost(const struct bench *bench,
                             void (*act)(struct pf_keeper *keeper,
                                         const struct pf_identity *identity))
{
    bool all = false;
    long n = 0;
    for (; !all && n < ALLOCATIONS_MAX; n++) {
        struct pf_keeper *keeper = NULL;
        put_token(bench, "first\n");
        assert_int_equal(pf_keeper_new(&bench->config, pf_clock_system(), &keeper, NULL), PF_OK);
        struct pf_identity *first = identity_of(keeper, "Authorization: Bearer first");
        put_token(bench, "second\n");
        fail_alloc_after(n);
        act(keeper, first);
        all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        pf_keeper_release(identity_of(keeper, "Authorization: Bearer second"));
        pf_keeper_release(first);
        pf_keeper_free(keeper);
    }
    assert_true(all);
    assert_true(n > 3); /* the text, the identity, the line */
}

static void found_when_used(void **state)
{
    check_never_lost(*state, use);
}

static void found_when_refused(void **state)
{
    check_never_lost(*state, refuse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_when_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(found_when_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

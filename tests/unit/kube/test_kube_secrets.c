/* Keys, tokens and passwords: no memory that podfit gives back holds one. (What libyaml, libcurl and OpenSSL copy for themselves is out of reach.) */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "stub.h"
#include <podfit/exec_plugin.h>
#include <podfit/file.h>
#include <podfit/mem.h>

#define MARK   "Open-Sesame-4711-Open-Sesame"
#define MARK64 "T3Blbi1TZXNhbWUtNDcxMS1PcGVuLVNlc2FtZQ==" /* in base64 */
#define PEM64 \
    "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk9wZW4tU2VzYW1lLTQ3MTEtT3Blbi1TZXNhbWUKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="
#define CERT64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCngKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

/* volatile: a compiler knows that free() looks at nothing of ours, and does not know that this one does */
static volatile struct {
    bool watching;
    unsigned found;
} given_back;

void __real_free(void *memory);
void __wrap_free(void *memory);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static bool holds_mark(void *memory)
{
    static const char *const marks[] = {MARK, MARK64, PEM64};
    const size_t bytes = given_back.watching ? malloc_usable_size(memory) : 0;
    bool found = false;
    for (size_t i = 0; bytes != 0 && i < PF_ARRAY_LEN(marks); i++) {
        found = found || memmem(memory, bytes, marks[i], strlen(marks[i])) != NULL;
    }
    return found;
}

void __wrap_free(void *memory)
{
    given_back.found += holds_mark(memory);
    __real_free(memory);
}

/* Fresh memory is zeroed, or it would show what libraries have left there. */
void *__wrap_malloc(size_t bytes)
{
    void *memory = __real_malloc(bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes);
    }
    return memory;
}

/* Always moves, as it may at any time. */
void *__wrap_realloc(void *memory, size_t bytes)
{
    void *moved = __wrap_malloc(bytes);
    if (moved != NULL && memory != NULL) {
        const size_t old = malloc_usable_size(memory);
        memcpy(moved, memory, old < bytes ? old : bytes);
        __wrap_free(memory);
    }
    return moved;
}

static void watch(void)
{
    given_back.found = 0;
    given_back.watching = true;
}

static void assert_none(void)
{
    given_back.watching = false;
    assert_int_equal(given_back.found, 0);
}

/* The test can fail. */
static void the_mark_is_found(void **state)
{
    (void)state;
    struct pf_arena arena = {0};
    struct pf_buf buf = {0};
    /* they are looked at, or an optimiser need not write them */
    char *copy = pf_mem_dup(MARK, strlen(MARK));
    assert_string_equal(copy, MARK);
    pf_arena_init(&arena, 4096);
    assert_string_equal(pf_arena_dup(&arena, PF_SV(MARK64)), MARK64);
    pf_buf_init(&buf, 4096);
    pf_buf_append_cstr(&buf, MARK);
    assert_string_equal(buf.data, MARK);
    watch();
    free(copy);
    pf_arena_done(&arena);
    pf_buf_done(&buf);
    given_back.watching = false;
    assert_int_equal(given_back.found, 3);
}

static void arenas_and_buffers(void **state)
{
    (void)state;
    struct pf_arena arena = {0};
    struct pf_buf buf = {0};
    watch();
    pf_arena_init(&arena, (size_t)1 << 20);
    pf_arena_keep_secret(&arena);
    for (size_t i = 0; i < 10000; i++) { /* several chunks, of which a reset keeps one */
        assert_non_null(pf_arena_dup(&arena, PF_SV(MARK)));
    }
    pf_arena_reset(&arena);
    char *again = pf_arena_alloc(&arena, 100);
    assert_non_null(again);
    assert_null(memmem(again, 100, MARK, strlen(MARK)));
    assert_non_null(pf_arena_dup(&arena, PF_SV(MARK)));
    pf_arena_done(&arena);
    pf_buf_init_secret(&buf, (size_t)1 << 20);
    for (size_t i = 0; i < 1000; i++) {
        pf_buf_append_cstr(&buf, MARK);
    }
    assert_int_equal(buf.len, 1000 * strlen(MARK));
    pf_buf_done(&buf);
    assert_none();
}

static const char config_text[] =
    "current-context: a\n"
    "clusters: [{name: a, cluster: {server: \"https://a\", proxy-url: \"http://u:" MARK
    "@127.0.0.1:1\"}}]\n"
    "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
    "users:\n- name: a\n  user:\n    token: " MARK "\n    client-key-data: " PEM64
    "\n    client-certificate-data: " CERT64 "\n"
    "    exec: {apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never, "
    "args: [\"" MARK "\"], env: [{name: A, value: \"" MARK "\"}]}\n";

/* From the file to the client and back. */
static void a_kubeconfig(void **state)
{
    struct stub *stub = *state;
    struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    char path[128];
    stub_put(stub, "output", config_text);
    stub_path(stub, "output", path);
    const struct pf_kube_config_source source = {.kubeconfig = path};
    watch();
    pf_arena_init(&arena, (size_t)1 << 20);
    if (pf_kubeconfig_load(&source, &arena, &config, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_string_equal(config.token, MARK);
    const struct pf_kube_client_options options = {
        .config = &config, .clock = &stub->clock, .user_agent = "x"};
    struct pf_kube_client *client = NULL;
    if (pf_kube_client_new(&options, &client, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(stub_get(client, "/ok").code, PF_E_IO); /* no such proxy */
    pf_kube_client_free(client);
    pf_arena_done(&arena);
    assert_none();
}

static void a_token_file(void **state)
{
    struct stub *stub = *state;
    stub->config.token_file = stub->token_file;
    stub_put(stub, "token", MARK "\n");
    stub_put(stub, "accepted", MARK);
    watch();
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    stub_put(stub, "token", "first\n"); /* another takes its place */
    stub_put(stub, "accepted", "first");
    stub_get_ok(client, "/auth", "in");
    pf_kube_client_free(client);
    assert_none();
}

static void a_plugin(void **state)
{
    struct stub *stub = *state;
    stub_put(stub, "accepted", MARK);
    stub_plugin(stub,
                "#!/bin/sh\nprintf '%20000s' ' '\n" /* more than one read */
                "printf '%s' '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
                "\"ExecCredential\",\"status\":{\"token\":\"" MARK
                "\",\"clientCertificateData\":\"a\\nb\",\"clientKeyData\":\"a\\n" MARK "\"}}'\n");
    stub->config.proxy_url = NULL;
    watch();
    struct pf_kube_client *client = stub_client(stub);
    stub_get_ok(client, "/auth", "in");
    pf_kube_client_free(client);
    assert_none();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mark_is_found),
        cmocka_unit_test(arenas_and_buffers),
        cmocka_unit_test_setup_teardown(a_kubeconfig, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(a_token_file, stub_setup_plain, stub_teardown),
        cmocka_unit_test_setup_teardown(a_plugin, stub_setup_plain, stub_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

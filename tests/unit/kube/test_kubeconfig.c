#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/kubeconfig.h>

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* A file of one cluster, user and context; the parts are lines of the two entries. */
#define WITH(cluster, user)                                                         \
    "apiVersion: v1\nkind: Config\ncurrent-context: c\n"                            \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                       \
    "clusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443\n" cluster \
    "users:\n- name: u\n  user:\n    ignored: true\n" user

static enum pf_code parse(const char *text, const char *context, struct pf_arena *arena,
                          struct pf_kube_config *config, struct pf_err *err)
{
    pf_arena_init(arena, ARENA_BYTES);
    return pf_kubeconfig_parse(pf_sv_from(text), "/etc/podfit/kubeconfig", context, arena, config,
                               err);
}

static void kind_fixture(void **state)
{
    (void)state;
    static const char text[] =
        "apiVersion: v1\n"
        "clusters:\n"
        "- cluster:\n"
        "    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\n"
        "    server: https://127.0.0.1:39215\n"
        "  name: kind-kind\n"
        "contexts:\n"
        "- context:\n"
        "    cluster: kind-kind\n"
        "    user: kind-kind\n"
        "  name: kind-kind\n"
        "current-context: kind-kind\n"
        "kind: Config\n"
        "preferences: {}\n"
        "users:\n"
        "- name: kind-kind\n"
        "  user:\n"
        "    client-certificate-data: Y2VydA==\n"
        "    client-key-data: a2V5\n";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    assert_int_equal(parse(text, NULL, &arena, &config, &err), PF_OK);
    assert_string_equal(config.server, "https://127.0.0.1:39215");
    assert_true(pf_sv_eq_cstr(config.ca_pem, "-----BEGIN CERTIFICATE-----\n"));
    assert_true(pf_sv_eq_cstr(config.client_cert_pem, "cert"));
    assert_true(pf_sv_eq_cstr(config.client_key_pem, "key"));
    assert_string_equal(config.context, "kind-kind");
    assert_string_equal(config.space, "default");
    assert_string_equal(config.origin,
                        "context 'kind-kind' of kubeconfig '/etc/podfit/kubeconfig'");
    assert_null(config.token);
    assert_null(config.exec.command);
    assert_false(config.in_cluster);
}

static void eks_fixture(void **state)
{
    (void)state;
    static const char text[] = "apiVersion: v1\n"
                               "kind: Config\n"
                               "clusters:\n"
                               "- name: arn:aws:eks:eu-west-1:1:cluster/prod\n"
                               "  cluster:\n"
                               "    server: https://ABC.gr7.eu-west-1.eks.amazonaws.com\n"
                               "    certificate-authority: pki/ca.crt\n"
                               "    extensions:\n"
                               "    - name: client.authentication.k8s.io/exec\n"
                               "      extension: {audience: x, count: 1}\n"
                               "contexts:\n"
                               "- name: prod\n"
                               "  context:\n"
                               "    cluster: arn:aws:eks:eu-west-1:1:cluster/prod\n"
                               "    user: aws\n"
                               "    namespace: web\n"
                               "users:\n"
                               "- name: aws\n"
                               "  user:\n"
                               "    exec:\n"
                               "      apiVersion: client.authentication.k8s.io/v1beta1\n"
                               "      command: bin/aws\n"
                               "      args: [--region, eu-west-1, eks, get-token]\n"
                               "      env:\n"
                               "      - name: AWS_PROFILE\n"
                               "        value: prod\n"
                               "      installHint: install the AWS command line\n"
                               "      provideClusterInfo: true\n";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    assert_int_equal(parse(text, "prod", &arena, &config, &err), PF_OK);
    assert_string_equal(config.ca_file, "/etc/podfit/pki/ca.crt");
    assert_string_equal(config.space, "web");
    assert_string_equal(config.exec.command, "/etc/podfit/bin/aws");
    assert_string_equal(config.exec.args[3], "get-token");
    assert_null(config.exec.args[4]);
    assert_string_equal(config.exec.environment[0], "AWS_PROFILE=prod");
    assert_null(config.exec.environment[1]);
    assert_string_equal(config.exec.install_hint, "install the AWS command line");
    assert_string_equal(config.exec.cluster_config, "{\"audience\":\"x\",\"count\":1}");
    assert_true(config.exec.provide_cluster_info);
    assert_int_equal(config.exec.interactive, PF_KUBE_INTERACTIVE_IF_AVAILABLE);
}

static void k3s_fixture(void **state)
{
    (void)state;
    static const char text[] =
        "apiVersion: v1\nkind: Config\ncurrent-context: default\npreferences: {}\n"
        "clusters:\n- {name: default, cluster: {server: \"https://[::1]:6443/\", "
        "tls-server-name: k3s.local, proxy-url: \"socks5://127.0.0.1:1080\"}}\n"
        "contexts:\n- {name: default, context: {cluster: default, user: default}}\n"
        "users:\n- {name: default, user: {token: abc, tokenFile: ../token, exec: {command: x, "
        "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}\n";
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    assert_int_equal(parse(text, NULL, &arena, &config, &err), PF_OK);
    assert_string_equal(config.server, "https://[::1]:6443");
    assert_string_equal(config.tls_server_name, "k3s.local");
    assert_string_equal(config.proxy_url, "socks5h://127.0.0.1:1080");
    assert_string_equal(config.token, "abc");
    assert_string_equal(config.token_file, "/etc/podfit/../token");
    assert_null(config.exec.command); /* a token wins */
}

static const struct {
    const char *name;
    const char *text;
    enum pf_code code;
    const char *wanted;
} refused[] = {
    {"not YAML", "a: [", PF_E_INVALID, "/etc/podfit/kubeconfig:"},
    {"not a map", "- 1\n", PF_E_INVALID, "not a map"},
    {"empty", "", PF_E_NOT_FOUND, "no current-context"},
    {"other kind", "apiVersion: v1\nkind: Pod\n", PF_E_INVALID, "kind is not 'Config'"},
    {"other version", "apiVersion: v2\n", PF_E_INVALID, "apiVersion is not 'v1'"},
    {"two documents", "a: 1\n---\nb: 1\n", PF_E_INVALID, "a second document"},
    {"list is a map", "clusters: {}\n", PF_E_INVALID, "clusters is a map, not a list"},
    {"no name", "clusters: [{cluster: {}}]\n", PF_E_INVALID, "needs a name"},
    {"name twice", "users: [{name: a}, {name: a}]\n", PF_E_INVALID, "users has the name 'a' twice"},
    {"entry is a list", "users: [{name: a, user: []}]\n", PF_E_INVALID,
     "user is a list, not a map"},
    {"no such context", "current-context: b\ncontexts: [{name: a}]\n", PF_E_NOT_FOUND,
     "no context 'b' in kubeconfig '/etc/podfit/kubeconfig'; there are 'a'"},
    {"context without cluster", "current-context: a\ncontexts: [{name: a}]\n", PF_E_INVALID,
     "context 'a': it names no cluster"},
    {"no such cluster",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x, user: z}}]\n", PF_E_NOT_FOUND,
     "no cluster 'x'"},
    {"no such user",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x, user: z}}]\n"
     "clusters: [{name: x, cluster: {server: https://a}}]\n",
     PF_E_NOT_FOUND, "no user 'z'"},
    {"no server",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {}}]\n",
     PF_E_INVALID, "it has no server"},
    {"server is a number",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {server: 1}}]\n",
     PF_E_INVALID, "server is a integer, not a string"},
    {"plain http",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {server: \"http://10.0.0.1\"}}]\n",
     PF_E_UNSUPPORTED, "not encrypted"},
    {"plain http to a name that begins as loopback",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {server: \"http://127.0.0.1.example.org\"}}]\n",
     PF_E_UNSUPPORTED, "not encrypted"},
    {"user in the URL",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {server: \"http://127.0.0.1@example.org\"}}]\n",
     PF_E_INVALID, "without user"},
    {"line break in the URL",
     "current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n"
     "clusters: [{name: x, cluster: {server: \"https://a/\\r\\nx\"}}]\n",
     PF_E_INVALID, "control character"},
    {"insecure", WITH("    insecure-skip-tls-verify: true\n", ""), PF_E_UNSUPPORTED,
     "always verified"},
    {"CA not base64", WITH("    certificate-authority-data: '@@'\n", ""), PF_E_INVALID,
     "certificate-authority-data is not base64"},
    {"CA with padding inside", WITH("    certificate-authority-data: 'YQ==YQ=='\n", ""),
     PF_E_INVALID, "not base64"},
    {"server name", WITH("    tls-server-name: \"a/b\"\n", ""), PF_E_INVALID, "not a host name"},
    {"proxy", WITH("    proxy-url: \"ftp://x\"\n", ""), PF_E_INVALID, "proxy-url must start"},
    {"auth-provider", WITH("", "    auth-provider: {name: gcp}\n"), PF_E_UNSUPPORTED,
     "auth-provider is not supported"},
    {"password", WITH("", "    username: a\n    password: b\n"), PF_E_UNSUPPORTED,
     "Kubernetes 1.19"},
    {"impersonation", WITH("", "    as: root\n"), PF_E_UNSUPPORTED, "impersonation"},
    {"token with a line break", WITH("", "    token: \"a\\r\\nX: y\"\n"), PF_E_INVALID,
     "token holds"},
    {"token with NUL", WITH("", "    token: \"a\\0b\"\n"), PF_E_INVALID, "NUL"},
    {"certificate without key", WITH("", "    client-certificate: c\n"), PF_E_INVALID,
     "without client-key"},
    {"key without certificate", WITH("", "    client-key: c\n"), PF_E_INVALID,
     "without client-certificate"},
    {"exec without command", WITH("", "    exec: {apiVersion: client.authentication.k8s.io/v1}\n"),
     PF_E_INVALID, "exec has no command"},
    {"exec of an old version",
     WITH("", "    exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}\n"),
     PF_E_UNSUPPORTED, "exec.apiVersion"},
    {"exec without interactiveMode",
     WITH("", "    exec: {command: a, apiVersion: client.authentication.k8s.io/v1}\n"),
     PF_E_INVALID, "interactiveMode"},
    {"exec arguments",
     WITH("", "    exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, args: "
              "[1]}\n"),
     PF_E_INVALID, "exec.args"},
    {"exec environment",
     WITH("", "    exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, env: "
              "[{name: A=B, value: c}]}\n"),
     PF_E_INVALID, "exec.env"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(refused); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_kube_config config = {.space = "untouched"};
        struct pf_err err = {0};
        const enum pf_code code = parse(refused[i].text, NULL, &arena, &config, &err);
        if (code != refused[i].code || strstr(err.text, refused[i].wanted) == NULL) {
            fail_msg("%s: %s '%s', wanted %s with '%s'", refused[i].name, pf_code_name(code),
                     err.text, pf_code_name(refused[i].code), refused[i].wanted);
        }
        assert_string_equal(config.space, "untouched");
    }
}

/* Two files; the first that has an entry wins, whole. */
struct folder {
    char path[64];
};

static void put(const struct folder *folder, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    assert_int_equal(pf_file_write_atomic(path, pf_sv_from(text), 0600, NULL), PF_OK);
}

static int make_folder(void **state)
{
    static struct folder folder;
    folder = (struct folder){.path = "/tmp/podfit-kubeconfig-XXXXXX"};
    *state = &folder;
    return mkdtemp(folder.path) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"a",         "b",     ".kube/config", ".kube",
                                        "namespace", "token", "ca.crt",       ""};
    const struct folder *folder = *state;
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", folder->path, names[i]);
        (void)remove(path); /* most are not there */
    }
    return 0;
}

static void merged(void **state)
{
    const struct folder *folder = *state;
    char list[512];
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {0};
    struct pf_err err = {0};
    put(folder, "a",
        "clusters: [{name: k, cluster: {server: https://first, certificate-authority: ca}}]\n"
        "users: [{name: u, user: {token: first}}]\n");
    put(folder, "b",
        "current-context: two\n"
        "clusters: [{name: k, cluster: {server: https://second, tls-server-name: x}}]\n"
        "contexts: [{name: two, context: {cluster: k, user: u, namespace: web}}]\n"
        "users: [{name: u, user: {tokenFile: second}}]\n");
    (void)snprintf(list, sizeof(list), ":%s/missing:%s/a:%s/b:", folder->path, folder->path,
                   folder->path);
    pf_arena_init(&arena, ARENA_BYTES);
    const struct pf_kube_config_source source = {.kubeconfig_env = list, .home = "/nowhere"};
    if (pf_kubeconfig_load(&source, &arena, &config, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/ca", folder->path);
    assert_string_equal(config.server, "https://first");
    assert_string_equal(config.ca_file, path);
    assert_null(config.tls_server_name); /* the second entry of that name counts nothing */
    assert_string_equal(config.token, "first");
    assert_null(config.token_file);
    assert_string_equal(config.space, "web");
    assert_non_null(strstr(config.origin, "/b'"));
}

static void where_it_looks(void **state)
{
    const struct folder *folder = *state;
    char kube[128];
    char missing[128];
    char invalid[128];
    (void)snprintf(kube, sizeof(kube), "%s/.kube", folder->path);
    (void)snprintf(missing, sizeof(missing), "%s/none", folder->path);
    (void)snprintf(invalid, sizeof(invalid), "%s/a", folder->path);
    assert_int_equal(mkdir(kube, 0700), 0);
    put(folder, ".kube/config", WITH("", ""));
    put(folder, "a", "clusters: 1\n");
    const struct {
        const char *name;
        struct pf_kube_config_source source;
        enum pf_code code;
        const char *wanted;
    } rows[] = {
        {"home", {.home = folder->path}, PF_OK, ""},
        {"empty KUBECONFIG", {.kubeconfig_env = "", .home = folder->path}, PF_OK, ""},
        {"no home", {.context = "c"}, PF_E_NOT_FOUND, "nor HOME is set"},
        {"home without", {.home = "/nonexistent"}, PF_E_NOT_FOUND, "/nonexistent/.kube/config"},
        {"list of missing",
         {.kubeconfig_env = missing, .home = folder->path},
         PF_E_NOT_FOUND,
         "none of the files"},
        {"list with a broken one", {.kubeconfig_env = invalid}, PF_E_INVALID, "clusters is a"},
        {"explicit wins",
         {.kubeconfig = missing, .kubeconfig_env = invalid, .home = folder->path},
         PF_E_NOT_FOUND,
         "/none'"},
        {"context", {.home = folder->path, .context = "x"}, PF_E_NOT_FOUND, "there are 'c'"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autoarena struct pf_arena arena = {0};
        struct pf_kube_config config = {0};
        struct pf_err err = {0};
        pf_arena_init(&arena, ARENA_BYTES);
        const enum pf_code code = pf_kubeconfig_load(&rows[i].source, &arena, &config, &err);
        if (code != rows[i].code || strstr(err.text, rows[i].wanted) == NULL) {
            fail_msg("%s: %s '%s'", rows[i].name, pf_code_name(code), err.text);
        }
    }
}

static void in_cluster(void **state)
{
    const struct folder *folder = *state;
    pf_autoarena struct pf_arena arena = {0};
    struct pf_kube_config config = {.server = "untouched"};
    struct pf_err err = {0};
    pf_arena_init(&arena, ARENA_BYTES);
    assert_int_equal(pf_kubeconfig_in_cluster(folder->path, NULL, "443", &arena, &config, &err),
                     PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "KUBERNETES_SERVICE_HOST"));
    pf_err_clear(&err);
    assert_int_equal(pf_kubeconfig_in_cluster(folder->path, "a/b", "443", &arena, &config, &err),
                     PF_E_NOT_FOUND);
    pf_err_clear(&err);
    assert_int_equal(pf_kubeconfig_in_cluster(folder->path, "a", "443", &arena, &config, &err),
                     PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "token"));
    put(folder, "token", "t");
    pf_err_clear(&err);
    assert_int_equal(pf_kubeconfig_in_cluster(folder->path, "a", "443", &arena, &config, &err),
                     PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "ca.crt"));
    assert_string_equal(config.server, "untouched");
    put(folder, "ca.crt", "c");
    put(folder, "namespace", "podfit\n");
    static const struct {
        const char *host;
        const char *wanted;
    } rows[] = {
        {"10.96.0.1", "https://10.96.0.1:443"},
        {"fd00::1", "https://[fd00::1]:443"},
        {"[fd00::1]", "https://[fd00::1]:443"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_err_clear(&err);
        assert_int_equal(
            pf_kubeconfig_in_cluster(folder->path, rows[i].host, "443", &arena, &config, &err),
            PF_OK);
        assert_string_equal(config.server, rows[i].wanted);
    }
    assert_string_equal(config.space, "podfit");
    assert_true(config.in_cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind_fixture),
        cmocka_unit_test(eks_fixture),
        cmocka_unit_test(k3s_fixture),
        cmocka_unit_test(refusals),
        cmocka_unit_test_setup_teardown(merged, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(where_it_looks, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(in_cluster, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

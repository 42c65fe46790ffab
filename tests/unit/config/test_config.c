#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/config.h>
#include <podfit/file.h>
#include <podfit/limits.h>

#define HEAD  "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n"
#define CLASS HEAD "classes:\n- name: a\n"

/** A parse with what it needs. */
struct fixture {
    struct pf_arena arena;
    struct pf_problems problems;
    struct pf_buf text; /**< the problems, a line each */
    struct pf_config *config;
    enum pf_code code;
};

static void parse(struct fixture *f, struct pf_sv yaml)
{
    *f = (struct fixture){0};
    pf_arena_init(&f->arena, 1 << 22);
    pf_buf_init(&f->text, 1 << 20);
    pf_problems_init(&f->problems, &f->arena, "f.yaml");
    f->code = pf_config_parse(yaml, "f.yaml", &f->problems, &f->config);
    pf_problems_format(&f->problems, &f->text);
}

static void done(struct fixture *f)
{
    pf_config_unref(f->config);
    pf_buf_done(&f->text);
    pf_arena_done(&f->arena);
}

/** Parse what must be good. */
static void parse_good(struct fixture *f, struct pf_sv yaml)
{
    parse(f, yaml);
    if (f->code != PF_OK || f->problems.total != 0) {
        fail_msg("%s: %s", pf_code_name(f->code), f->text.data != NULL ? f->text.data : "");
    }
}

static const struct {
    const char *name, *yaml, *expect; /**< all lines */
} problem_rows[] = {
    {"empty", "", "f.yaml: "},
    {"required keys", "{}",
     "f.yaml:1:1: apiVersion: required key 'apiVersion' is missing\n"
     "f.yaml:1:1: kind: required key 'kind' is missing\n"
     "f.yaml:1:1: classes: required key 'classes' is missing\n"},
    {"version", "apiVersion: v2\nkind: X\nclasses: [{name: a}]\n", "f.yaml:1:13: apiVersion: "},
    {"no class", HEAD "classes: []\n", "f.yaml:3:10: classes: "},
    {"class without name", HEAD "classes: [{}]\n", "required key 'name' is missing"},
    {"unknown key", CLASS "  onFul: gate\n", "f.yaml:5:3: classes[0]"},
    {"suggestion", CLASS "  onFul: gate\n", "onFull"},
    {"duplicate names", HEAD "classes: [{name: a}, {name: b}, {name: a}]\n",
     "f.yaml:3:40: classes[2].name: another class has the name 'a', names must be unique\n"},
    {"name", HEAD "classes: [{name: 'a b'}]\n", "'a b' is not allowed"},
    {"yaml", "a: [\n", "f.yaml:2:1: "},
    {"key twice", CLASS "  name: b\n", "f.yaml:5:3: "},
    {"two documents", CLASS "---\n" CLASS, "f.yaml"},
    {"quota in quotes", CLASS "  defaultQuotas: '{\"mem\":1,\"cup\":2}'\n",
     "f.yaml:5:28: classes[0].defaultQuotas: unknown key 'cup', allowed: mem, mem_oc, cpu, "
     "cpu_oc, idle_timeout, internet, disk_quota\n"},
    {"quota as block", CLASS "  defaultQuotas: |\n    {\"mem\": 1,\n     \"mem_oc\": 0.5}\n",
     "f.yaml:7:1: classes[0].defaultQuotas: key 'mem_oc': '0.5' is below 1, allowed: a number "
     "of 1 or more\n"},
    {"quota as a map, all at once", CLASS "  defaultQuotas: {mem: x, cpu: -1, foo: 1}\n",
     "f.yaml:5:19: classes[0].defaultQuotas.mem: key 'mem': found a string, allowed: a number "
     "of 0 or more\n"
     "f.yaml:5:27: classes[0].defaultQuotas.cpu: key 'cpu': '-1' is negative, allowed: 0 or "
     "more\n"
     "f.yaml:5:36: classes[0].defaultQuotas.foo: unknown key 'foo'"},
    {"quota no JSON", CLASS "  defaultQuotas: '{mem: 1}'\n", "classes[0].defaultQuotas: "},
    {"quota type", CLASS "  defaultQuotas: [1]\n", "found a value of type list, allowed is a map"},
    {"quota .inf", CLASS "  defaultQuotas: {mem: .inf}\n", "classes[0].defaultQuotas.mem: "},
    {"caps", CLASS "  maxUpgrades: {mem: 1}\n",
     "unknown key 'mem', allowed: memory, memory_request, cores, cpu_shares"},
    {"quota and percents", CLASS "  defaultQuotas: '{}'\n  cpuRequestToLimitPercent: 10\n",
     "f.yaml:4:3: classes[0]: found defaultQuotas and percent fields, allowed is one of them\n"},
    {"percent range", CLASS "  cpuRequestToLimitPercent: 101\n",
     "f.yaml:5:29: classes[0].cpuRequestToLimitPercent: "},
    {"taint", CLASS "  pool: {taint: 'a=b'}\n",
     "f.yaml:5:17: classes[0].pool.taint: taint 'a=b' has no effect"},
    {"empty taint", CLASS "  pool: {taint: ''}\n", "classes[0].pool.taint: "},
    {"empty pool", CLASS "  pool: {inject: true}\n", "a pool needs a taint or a nodeSelector"},
    {"pool label", CLASS "  pool: {nodeSelector: {'a b': c, d: 'e f'}}\n",
     "f.yaml:5:25: classes[0].pool.nodeSelector['a b']: 'a b' is not a label key\n"
     "f.yaml:5:38: classes[0].pool.nodeSelector.d: 'e f' is not a label value\n"},
    {"namespaces twice",
     CLASS "  match: {namespaces: [a], namespaceSelector: {matchLabels: {a: b}}}\n",
     "found namespaces and namespaceSelector, allowed is one of them"},
    {"onNever", CLASS "  onNever: gate\n", "f.yaml:5:12: classes[0].onNever: "},
    {"selector key", CLASS "  match: {podSelector: {matchLabel: {a: b}}}\n", "matchLabel"},
    {"selector value", CLASS "  match: {podSelector: {matchLabels: {a: 'b c'}}}\n",
     "classes[0].match.podSelector.matchLabels.a: 'b c' is not a label value\n"},
    {"expression operator",
     CLASS "  memberSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}\n",
     "classes[0].memberSelector.matchExpressions[0]: operator is missing or not one of"},
    {"expression values", CLASS "  memberSelector: {matchExpressions: [{key: a, operator: In}]}\n",
     "In and NotIn need values"},
    {"expression key",
     CLASS "  memberSelector: {matchExpressions: [{keys: a, operator: Exists}, 7]}\n",
     "unknown key 'keys', allowed are key, operator, values"},
    {"filter", CLASS "fit: {filters: {disabled: [NodePort]}}\n",
     "f.yaml:5:28: fit.filters.disabled[0]: unknown filter 'NodePort' (did you mean "
     "'NodePorts'?), allowed are NodeUnschedulable, "},
    {"duration 0", CLASS "fit: {reservationTTL: 0s}\n", "f.yaml:5:23: fit.reservationTTL: "},
    {"duration", CLASS "fit: {maxModelAge: -1s}\n", "fit.maxModelAge: "},
    {"version number", CLASS "fit: {kubernetesVersion: 1.36}\n", "put it in quotes"},
    {"old version", CLASS "fit: {kubernetesVersion: '1.30'}\n",
     "f.yaml:5:26: fit.kubernetesVersion: Kubernetes '1.30' is older than 1.33"},
    {"gates", CLASS "fit: {featureGates: {podLevelResources: true, NodeDeclaredFeatures: 1}}\n",
     "f.yaml:5:22: fit.featureGates.podLevelResources: 'podLevelResources' is not a feature "
     "gate such as 'PodLevelResources'\n"
     "f.yaml:5:69: fit.featureGates.NodeDeclaredFeatures: found a value of type integer"},
    {"groups", CLASS "fit: {ignoredResourceGroups: [a.com/b]}\n",
     "fit.ignoredResourceGroups[0]: found 'a.com/b'"},
    {"everything at once",
     HEAD "classes:\n- name: a\n  onFull: no\n- name: a\n  requests: x\nfit: {maxModelAge: x}\n",
     "f.yaml:5:11: "},
};

static void test_problems(void **state)
{

    size_t failed = 0;

    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(problem_rows); i++) {
        struct fixture f;

        parse(&f, pf_sv_from(problem_rows[i].yaml));
        if (f.code != PF_E_INVALID || f.config != NULL || f.text.data == NULL ||
            strstr(f.text.data, problem_rows[i].expect) == NULL) {
            failed++;
            print_error("%s: %s: %s\n", problem_rows[i].name, pf_code_name(f.code),
                        f.text.data != NULL ? f.text.data : "");
        }
        if (strcmp(problem_rows[i].name, "everything at once") == 0) {
            assert_int_equal(f.problems.total, 4);
        }
        done(&f);
    }
    assert_int_equal(failed, 0);
}

static void test_too_big(void **state)
{
    struct fixture f;
    const size_t len = PF_CONFIG_MAX_BYTES + 1;
    pf_autofree char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, '#', len);
    parse(&f, (struct pf_sv){.ptr = text, .len = len});
    assert_int_equal(f.code, PF_E_TOO_BIG);
    assert_int_equal(f.problems.total, 1);
    done(&f);
}

static void test_defaults(void **state)
{
    struct fixture f;
    const struct pf_class *class_ = NULL;

    (void)state;
    parse_good(&f, PF_SV(CLASS));
    class_ = &f.config->classes[0];
    assert_int_equal(f.config->class_count, 1);
    assert_false(class_->has_quota || class_->has_percents || class_->has_pool || class_->observe);
    assert_false(class_->pod_selector.present);
    assert_int_equal(class_->requests, PF_REQUESTS_REPLACE);
    assert_int_equal(class_->on_never, PF_ACTION_REJECT);
    assert_int_equal(class_->on_full, PF_ACTION_REJECT);
    assert_int_equal(f.config->on_unknown, PF_ACTION_ANNOTATE);
    assert_int_equal(f.config->reservation_ttl_ms, 15000);
    assert_int_equal(f.config->fit.max_model_age_ms, 60000);
    assert_int_equal(f.config->fit.features.minor, PF_KUBE_MINOR_NEWEST);
    assert_false(f.config->kubernetes_version_set);
    assert_int_equal(f.config->fit.disabled, 0);
    assert_int_equal(strlen(f.config->digest), 16);
    done(&f);
}

static const char everything[] =
    HEAD "classes:\n"
         "- name: a\n"
         "  match:\n"
         "    namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}\n"
         "    podSelector: {matchLabels: {run: project, \"x\": \"\"}}\n"
         "  defaultQuotas: {mem: 2000, cpu: 0.50, cpu_oc: 6.66}\n"
         "  maxUpgrades: '{\"cores\": 4}'\n"
         "  memoryUnit: M\n"
         "  memberSelector: {}\n"
         "  containers: [project, other]\n"
         "  requests: raise\n"
         "  pool: {taint: 'k:NoExecute', nodeSelector: {b: \"2\", a: \"1\"}, inject: true}\n"
         "  onNever: annotate\n"
         "  onFull: gate\n"
         "  observe: true\n"
         "- name: b\n"
         "  cocalcLenient: true\n"
         "  defaultQuotas: '{\"mem\":\"x\",\"cpu_oc\":0.1,\"other\":1}'\n"
         "- {name: c, memoryRequestToLimitPercent: 50, limitCPUToMemoryPercent: 400}\n"
         "fit:\n"
         "  filters: {disabled: [NodePorts, TaintToleration]}\n"
         "  kubernetesVersion: v1.33.4\n"
         "  featureGates: {PodLevelResources: true, SomethingElse: false}\n"
         "  ignoredResources: [example.com/a]\n"
         "  ignoredResourceGroups: [example.com]\n"
         "  maxModelAge: 1m30s\n"
         "  onUnknown: reject\n"
         "  reservationTTL: 250ms\n";

static void check_fit(const struct pf_config *config)
{
    assert_int_equal(config->fit.disabled,
                     1U << PF_FILTER_NODE_PORTS | 1U << PF_FILTER_TAINT_TOLERATION);
    assert_int_equal(config->fit.features.minor, 33);
    assert_true(config->fit.features.pod_level_resources);
    assert_int_equal(config->fit.ignored_resource_count, 1);
    assert_int_equal(config->fit.ignored_resource_group_count, 1);
    assert_int_equal(config->fit.max_model_age_ms, 90000);
    assert_int_equal(config->on_unknown, PF_ACTION_REJECT);
    assert_int_equal(config->reservation_ttl_ms, 250);
}

static void test_everything(void **state)
{
    struct fixture f;
    const struct pf_class *classes = NULL;

    (void)state;
    parse_good(&f, PF_SV(everything));
    classes = f.config->classes;
    assert_true(f.config->needs_namespace_labels);
    assert_int_equal(classes[0].pod_selector.requirement_count, 2);
    assert_true(classes[0].namespace_selector.requirements[0].valid);
    assert_true(classes[0].has_quota && classes[0].quota.has_mem && !classes[0].quota.has_mem_oc);
    assert_int_equal(classes[0].quota.cpu_oc.digits, 666);
    assert_int_equal(classes[0].quota.max_cores.digits, 4);
    assert_int_equal(classes[0].quota.max_memory.digits, 16000);
    assert_int_equal(classes[0].quota.memory_unit_bytes, 1000000);
    assert_true(classes[0].member_selector.present);
    assert_int_equal(classes[0].container_count, 2);
    assert_true(pf_sv_eq_cstr(classes[0].containers[1], "other"));
    assert_int_equal(classes[0].requests, PF_REQUESTS_RAISE);
    assert_true(classes[0].has_pool && classes[0].pool_inject && classes[0].observe);
    assert_true(pf_sv_eq_cstr(classes[0].pool_taint.effect, "NoExecute"));
    assert_true(pf_sv_eq_cstr(classes[0].pool_selector.items[0].key, "a"));
    assert_int_equal(classes[0].on_full, PF_ACTION_GATE);
    assert_int_equal(classes[0].on_never, PF_ACTION_ANNOTATE);
    assert_true(classes[1].has_quota && !classes[1].quota.has_mem);
    assert_int_equal(classes[1].quota.cpu_oc.digits, 1);
    assert_int_equal(classes[1].quota.memory_unit_bytes, 1048576);
    assert_true(classes[2].has_percents && !classes[2].has_quota);
    assert_int_equal(classes[2].percents.limit_cpu_to_memory, 400);
    check_fit(f.config);
    done(&f);
}

static bool same_quota(const struct pf_quota *a, const struct pf_quota *b)
{
    const struct pf_quota_input input = {.floors = true};
    const struct pf_quota_result x = pf_quota_apply(a, &input);
    const struct pf_quota_result y = pf_quota_apply(b, &input);

    return memcmp(&x, &y, sizeof(x)) == 0 && a->has_mem == b->has_mem &&
           a->mem_oc.digits == b->mem_oc.digits && a->cpu_oc.digits == b->cpu_oc.digits &&
           a->internet == b->internet && a->memory_unit_bytes == b->memory_unit_bytes;
}

/** What `config show` prints is a configuration, and the same one. */
static void check_show(struct pf_sv yaml)
{
    struct fixture first;
    struct fixture second;
    pf_autobuf struct pf_buf shown = {0};
    pf_autobuf struct pf_buf again = {0};

    pf_buf_init(&shown, 1 << 20);
    pf_buf_init(&again, 1 << 20);
    parse_good(&first, yaml);
    pf_config_show(first.config, &shown);
    parse_good(&second, pf_buf_view(&shown));
    pf_config_show(second.config, &again);
    assert_string_equal(shown.data, again.data);
    assert_string_equal(first.config->digest, second.config->digest);
    assert_int_equal(first.config->class_count, second.config->class_count);
    for (size_t i = 0; i < first.config->class_count; i++) {
        const struct pf_class *const a = &first.config->classes[i];
        const struct pf_class *const b = &second.config->classes[i];

        assert_true(same_quota(&a->quota, &b->quota));
        assert_memory_equal(&a->percents, &b->percents, sizeof(a->percents));
        assert_int_equal(a->has_quota, b->has_quota);
        assert_int_equal(a->has_pool, b->has_pool);
        assert_int_equal(a->pod_selector.present, b->pod_selector.present);
        assert_int_equal(a->member_selector.requirement_count,
                         b->member_selector.requirement_count);
    }
    done(&first);
    done(&second);
}

static void test_show(void **state)
{
    (void)state;
    check_show(PF_SV(CLASS));
    check_show(PF_SV(CLASS "  defaultQuotas: |\n    {\"mem\": 1}\n  memberSelector: {}\n"
                           "  maxUpgrades: {cores: 2.50}\nfit: {featureGates: {A: true}}\n"));
    check_show(PF_SV(CLASS "  match: {namespaces: [\"123\", \"true\"]}\n"
                           "  pool: {nodeSelector: {a: \"\"}}\n"));
}

static void test_digest(void **state)
{
    struct fixture a;
    struct fixture b;
    struct fixture c;

    (void)state;
    parse_good(&a, PF_SV(CLASS));
    parse_good(&b, PF_SV("# a comment\n" CLASS "  onFull: reject\n"));
    parse_good(&c, PF_SV(CLASS "  onFull: gate\n"));
    assert_string_equal(a.config->digest, b.config->digest);
    assert_string_not_equal(a.config->digest, c.config->digest);
    done(&a);
    done(&b);
    done(&c);
}

static void test_example(void **state)
{
    pf_autobuf struct pf_buf yaml = {0};
    struct fixture f;

    (void)state;
    pf_buf_init(&yaml, PF_CONFIG_MAX_BYTES);
    assert_int_equal(pf_file_read(PF_SOURCE_DIR "/examples/config.yaml", &yaml, NULL), PF_OK);
    parse_good(&f, pf_buf_view(&yaml));
    assert_int_equal(f.config->class_count, 3);
    assert_true(pf_sv_eq_cstr(f.config->classes[0].name, "projects"));
    assert_int_equal(f.config->classes[0].quota.mem_oc.digits, 10);
    assert_int_equal(f.config->classes[1].on_full, PF_ACTION_GATE);
    assert_int_equal(f.config->classes[2].percents.memory_request_to_limit, 50);
    done(&f);
    check_show(pf_buf_view(&yaml));
}

static void test_keep_all(void **state)
{
    struct pf_config *config = NULL;
    struct pf_pod pod = {0};

    (void)state;
    assert_int_equal(pf_config_keep_all(&config, NULL), PF_OK);
    assert_ptr_equal(
        pf_class_match(config->classes, config->class_count, &pod, PF_SV("any"), NULL, NULL),
        &config->classes[0]);
    assert_int_equal(config->classes[0].requests, PF_REQUESTS_KEEP);
    assert_ptr_equal(pf_config_ref(config), config);
    pf_config_unref(config);
    assert_int_equal(config->class_count, 1);
    pf_config_unref(config);
    pf_config_unref(NULL);
}

static void test_document(void **state)
{
    pf_autobuf struct pf_buf text = {0};

    (void)state;
    pf_buf_init(&text, 1 << 16);
    pf_config_document(&text);
    assert_int_equal(pf_buf_status(&text, NULL), PF_OK);
    assert_non_null(strstr(text.data, "| `classes[].pool.taint` |"));
    assert_non_null(strstr(text.data, "| `fit.reservationTTL` | duration | `15s` |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems), cmocka_unit_test(test_too_big),
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything),
        cmocka_unit_test(test_show),     cmocka_unit_test(test_digest),
        cmocka_unit_test(test_example),  cmocka_unit_test(test_keep_all),
        cmocka_unit_test(test_document),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fit.schedulerConfig: what of a KubeSchedulerConfiguration reaches the engine, what is noted, and what is refused where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/config.h>
#include <podfit/file.h>

#define HEAD     "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n- name: a\n"
#define OURS     HEAD "fit: {schedulerConfig: sched.yaml}\n"
#define SCHED    "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
#define PLUGINS  SCHED "profiles:\n- plugins:\n    "
#define ARGS(n_) SCHED "profiles:\n- pluginConfig:\n  - name: " n_ "\n    args: "
#define ALL      ((1U << PF_FILTER_COUNT) - 1)

struct fixture {
    struct pf_arena arena;
    struct pf_problems problems;
    struct pf_buf text;
    struct pf_config *config;
    enum pf_code code;
};

/* The file of the scheduler is the opaque text; only one path is right. */
static enum pf_code read_row(void *opaque, const char *path, struct pf_buf *buf, struct pf_err *err)
{
    if (strcmp(path, "dir/sched.yaml") != 0) {
        return pf_err_set(err, PF_E_NOT_FOUND, "no such file: '%s'", path);
    }
    pf_buf_append_cstr(buf, opaque);
    return pf_buf_status(buf, err);
}

static void parse(struct fixture *f, const char *ours, const char *scheduler)
{
    char copy[4096];
    const struct pf_config_source source = {
        .yaml = pf_sv_from(ours), .name = "dir/f.yaml", .read = read_row, .opaque = copy};
    assert_true(strlen(scheduler) < sizeof(copy));
    memcpy(copy, scheduler, strlen(scheduler) + 1);
    *f = (struct fixture){0};
    pf_arena_init(&f->arena, 1 << 22);
    pf_buf_init(&f->text, 1 << 20);
    pf_problems_init(&f->problems, &f->arena, "dir/f.yaml");
    f->code = pf_config_parse_source(&source, &f->problems, &f->config);
    pf_problems_format(&f->problems, &f->text);
}

static void done(struct fixture *f)
{
    pf_config_unref(f->config);
    pf_buf_done(&f->text);
    pf_arena_done(&f->arena);
}

static void parse_good(struct fixture *f, const char *name, const char *scheduler)
{
    parse(f, OURS, scheduler);
    if (f->code != PF_OK) {
        fail_msg("%s: %s", name, f->text.data != NULL ? f->text.data : "no text");
    }
}

static const struct {
    const char *name, *yaml, *expect;
} problem_rows[] = {
    {"not YAML", "a: [", "dir/sched.yaml:"},
    {"version",
     "apiVersion: kubescheduler.config.k8s.io/v1beta3\nkind: KubeSchedulerConfiguration\n",
     "dir/sched.yaml:1:13: apiVersion: found 'kubescheduler.config.k8s.io/v1beta3'"},
    {"kind", "apiVersion: kubescheduler.config.k8s.io/v1\nkind: Policy\n",
     "dir/sched.yaml:2:7: kind:"},
    {"unknown key", SCHED "profile: []\n",
     "dir/sched.yaml:3:1: profile: unknown key 'profile' (did you mean 'profiles'?)"},
    {"unknown point", PLUGINS "filters: {}\n", "plugins.filters: unknown key 'filters'"},
    {"plug-in without name", PLUGINS "filter: {disabled: [{}]}\n",
     "profiles[0].plugins.filter.disabled[0].name: required key 'name' is missing"},
    {"weight", PLUGINS "score: {enabled: [{name: X, weight: -1}]}\n",
     "weight: found the integer '-1'"},
    {"two unnamed profiles", SCHED "profiles: [{}, {}]\n",
     "dir/sched.yaml:3:12: profiles[0]: required key"},
    {"names twice", SCHED "profiles: [{schedulerName: a}, {schedulerName: a}]\n",
     "profiles[1]: another profile has the schedulerName 'a'"},
    {"arguments twice",
     SCHED "profiles: [{pluginConfig: [{name: A, args: {}}, {name: A, args: {}}]}]\n",
     "arguments of 'A' stand there twice"},
    {"key of arguments", ARGS("NodeResourcesFit") "{ignoredResource: [a/b]}\n",
     "dir/sched.yaml:6:12: profiles[0].pluginConfig[0].args.ignoredResource: unknown key"},
    {"kind of arguments", ARGS("NodeResourcesFit") "{kind: NodeAffinityArgs}\n",
     "found kind 'NodeAffinityArgs', allowed is 'NodeResourcesFitArgs'"},
    {"version of arguments", ARGS("NodeAffinity") "{apiVersion: v1}\n", "found apiVersion 'v1'"},
    {"group with slash", ARGS("NodeResourcesFit") "{ignoredResourceGroups: [a/b]}\n",
     "ignoredResourceGroups[0]: found 'a/b'"},
    {"strategy", ARGS("NodeResourcesFit") "{scoringStrategy: {type: Least}}\n",
     "type: found 'Least'"},
    {"hard weight", ARGS("InterPodAffinity") "{hardPodAffinityWeight: 101}\n",
     "found the integer '101'"},
    {"system with constraints",
     ARGS("PodTopologySpread") "{defaultConstraints: [{maxSkew: 1, topologyKey: z, "
                               "whenUnsatisfiable: ScheduleAnyway}]}\n",
     "allowed is none unless defaultingType is List"},
    {"constraint with selector",
     ARGS(
         "PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, "
                              "topologyKey: z, whenUnsatisfiable: ScheduleAnyway, labelSelector: {}}]}\n",
     "defaultConstraints[0].labelSelector: unknown key"},
    {"affinity of a wrong type", ARGS("NodeAffinity") "{addedAffinity: [1]}\n", "addedAffinity: "},
    {"affinity that cannot be parsed",
     ARGS("NodeAffinity") "{addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                          "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}]}]}}}\n",
     "addedAffinity: term 0 has a requirement that cannot be parsed"},
    {"extender without URL", SCHED "extenders: [{filterVerb: f}]\n",
     "required key 'urlPrefix' is missing"},
};

static void test_problems(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(problem_rows); i++) {
        struct fixture f;
        parse(&f, OURS, problem_rows[i].yaml);
        const char *text = f.text.data != NULL ? f.text.data : "";
        if (f.code != PF_E_INVALID || strstr(text, problem_rows[i].expect) == NULL) {
            fail_msg("%s: %s, %s", problem_rows[i].name, pf_code_name(f.code), text);
        }
        done(&f);
    }
}

/* What one profile comes to. */
static const struct {
    const char *name, *yaml;
    unsigned disabled;
    bool no_preemption;
    bool default_spread;
    const char *foreign;    /* part of it; NULL: none */
    const char *unmodelled; /* likewise */
    const char *note;       /* part of a note; NULL: there is none at all */
} profile_rows[] = {
    {"no profile", SCHED, 0, false, false, NULL, NULL, NULL},
    {"nothing said", SCHED "profiles: [{}]\n", 0, false, false, NULL, NULL, NULL},
    {"keys of no interest",
     SCHED "parallelism: 4\nleaderElection: {leaderElect: true}\nclientConnection: {qps: 1}\n"
           "podInitialBackoffSeconds: 1\nenableProfiling: false\npercentageOfNodesToScore: 30\n",
     0, false, false, NULL, NULL, NULL},
    {"filter without PreFilter off", PLUGINS "filter: {disabled: [{name: TaintToleration}]}\n",
     1U << PF_FILTER_TAINT_TOLERATION, false, false, NULL, NULL, NULL},
    {"filter alone off, PreFilter harmless", PLUGINS "filter: {disabled: [{name: NodePorts}]}\n",
     1U << PF_FILTER_NODE_PORTS, false, false, NULL, NULL, NULL},
    {"filter alone off, PreFilter narrows", PLUGINS "filter: {disabled: [{name: NodeAffinity}]}\n",
     0, false, false, NULL, "NodeAffinity is on at preFilter and off at filter",
     "verdicts are unknown"},
    {"PreFilter alone off", PLUGINS "preFilter: {disabled: [{name: NodeResourcesFit}]}\n", 0, false,
     false, NULL, "NodeResourcesFit is on at filter and off at preFilter", "verdicts are unknown"},
    {"both off",
     PLUGINS
     "preFilter: {disabled: [{name: NodeAffinity}]}\n    filter: {disabled: [{name: NodeAffinity}]}\n",
     1U << PF_FILTER_NODE_AFFINITY, false, false, NULL, NULL, NULL},
    {"multiPoint off", PLUGINS "multiPoint: {disabled: [{name: NodePorts}, {name: VolumeZone}]}\n",
     1U << PF_FILTER_NODE_PORTS | 1U << PF_FILTER_VOLUME_ZONE, false, false, NULL, NULL, NULL},
    {"all filters off",
     PLUGINS "preFilter: {disabled: [{name: '*'}]}\n    filter: {disabled: [{name: '*'}]}\n", ALL,
     false, false, NULL, NULL, NULL},
    {"all off, some on again",
     PLUGINS
     "preFilter: {disabled: [{name: '*'}], enabled: [{name: NodeResourcesFit}]}\n"
     "    filter: {disabled: [{name: '*'}], enabled: [{name: NodeName}, {name: NodeResourcesFit}]}\n",
     ALL & ~(1U << PF_FILTER_NODE_NAME | 1U << PF_FILTER_NODE_RESOURCES_FIT), false, false, NULL,
     NULL, NULL},
    {"multiPoint off, one on at its points",
     PLUGINS
     "multiPoint: {disabled: [{name: NodePorts}]}\n    filter: {enabled: [{name: NodePorts}]}\n"
     "    preFilter: {enabled: [{name: NodePorts}]}\n",
     0, false, false, NULL, NULL, "another order"},
    {"other order", PLUGINS "filter: {enabled: [{name: NodeResourcesFit}]}\n", 0, false, false,
     NULL, NULL, "another order"},
    {"first one given first", PLUGINS "filter: {enabled: [{name: NodeUnschedulable}]}\n", 0, false,
     false, NULL, NULL, NULL},
    {"no preemption", PLUGINS "postFilter: {disabled: [{name: DefaultPreemption}]}\n", 0, true,
     false, NULL, NULL, NULL},
    {"no gates", PLUGINS "multiPoint: {disabled: [{name: SchedulingGates}]}\n", 0, false, false,
     NULL, "SchedulingGates is off", "verdicts are unknown"},
    {"foreign at multiPoint", PLUGINS "multiPoint: {enabled: [{name: Coscheduling}]}\n", 0, false,
     false, "'Coscheduling' at multiPoint", NULL,
     "'Coscheduling' at multiPoint: verdicts are unknown"},
    {"foreign at permit", PLUGINS "permit: {enabled: [{name: Wait}]}\n", 0, false, false,
     "'Wait' at permit", NULL, "verdicts are unknown"},
    {"foreign score", PLUGINS "score: {enabled: [{name: Trimaran, weight: 2}]}\n", 0, false, false,
     NULL, NULL, "'Trimaran' at score has no part in the verdict"},
    {"foreign switched off", PLUGINS "filter: {disabled: [{name: Coscheduling}]}\n", 0, false,
     false, NULL, NULL, NULL},
    {"scores", PLUGINS "score: {disabled: [{name: ImageLocality}]}\n", 0, false, false, NULL, NULL,
     "other scores"},
    {"strategy", ARGS("NodeResourcesFit") "{scoringStrategy: {type: MostAllocated}}\n", 0, false,
     false, NULL, NULL, "NodeResourcesFitArgs change scores"},
    {"default strategy", ARGS("NodeResourcesFit") "{scoringStrategy: {type: LeastAllocated}}\n", 0,
     false, false, NULL, NULL, NULL},
    {"default spread",
     ARGS(
         "PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, "
                              "whenUnsatisfiable: DoNotSchedule}]}\n",
     0, false, true, NULL, NULL, "pods without constraints of their own are unknown"},
    {"default spread that scores",
     ARGS(
         "PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, "
                              "whenUnsatisfiable: ScheduleAnyway}]}\n",
     0, false, false, NULL, NULL, "PodTopologySpreadArgs change scores"},
    {"arguments of others", ARGS("Coscheduling") "{permitWaitingTimeSeconds: 10}\n", 0, false,
     false, NULL, NULL, NULL},
    {"arguments of kube-scheduler's others",
     SCHED
     "profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeoutSeconds: 60}}, "
     "{name: DefaultPreemption, args: {kind: DefaultPreemptionArgs, minCandidateNodesAbsolute: 1}}]}]\n",
     0, false, false, NULL, NULL, NULL},
};

static bool has(struct pf_sv text, const char *part)
{
    return part == NULL ? text.len == 0 : pf_sv_find(text, pf_sv_from(part)) != SIZE_MAX;
}

static bool notes_have(const struct pf_config *config, const char *part)
{
    for (size_t i = 0; part != NULL && i < config->note_count; i++) {
        if (has(config->notes[i], part)) {
            return true;
        }
    }
    return part == NULL && config->note_count == 0;
}

static bool is_as_expected(const struct pf_config *config, size_t row)
{
    const struct pf_fit_profile *profile = &config->fit.profiles[0];
    return pf_sv_eq_cstr(profile->scheduler_name, "default-scheduler") &&
           profile->disabled == profile_rows[row].disabled &&
           profile->no_preemption == profile_rows[row].no_preemption &&
           profile->default_spread == profile_rows[row].default_spread &&
           has(profile->foreign, profile_rows[row].foreign) &&
           has(profile->unmodelled, profile_rows[row].unmodelled) &&
           notes_have(config, profile_rows[row].note);
}

static void test_profiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(profile_rows); i++) {
        struct fixture f;
        parse_good(&f, profile_rows[i].name, profile_rows[i].yaml);
        assert_int_equal(f.config->fit.profile_count, 1);
        const struct pf_fit_profile *profile = &f.config->fit.profiles[0];
        const struct pf_sv note = f.config->note_count != 0 ? f.config->notes[0] : PF_SV("");
        if (!is_as_expected(f.config, i)) {
            fail_msg("%s: disabled %#x, foreign '%.*s', unmodelled '%.*s', %zu notes, first '%.*s'",
                     profile_rows[i].name, profile->disabled, PF_SV_ARG(profile->foreign),
                     PF_SV_ARG(profile->unmodelled), f.config->note_count, PF_SV_ARG(note));
        }
        done(&f);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, "values",
               SCHED "profiles:\n"
                     "- schedulerName: one\n"
                     "  pluginConfig:\n"
                     "  - {name: NodeResourcesFit, args: {ignoredResources: [a.b/c], "
                     "ignoredResourceGroups: [d.e]}}\n"
                     "  - name: NodeAffinity\n"
                     "    args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
                     "{nodeSelectorTerms: [{matchExpressions: [{key: hub, operator: Exists}]}]}}}\n"
                     "  - {name: InterPodAffinity, args: {hardPodAffinityWeight: 7, "
                     "ignorePreferredTermsOfExistingPods: true}}\n"
                     "- schedulerName: two\n"
                     "extenders:\n"
                     "- {urlPrefix: 'http://a', prioritizeVerb: p}\n"
                     "- {urlPrefix: 'http://b', filterVerb: f, managedResources: [{name: x/y, "
                     "ignoredByScheduler: true}, {name: x/z}]}\n");
    const struct pf_fit_options *fit = &f.config->fit;
    assert_int_equal(fit->profile_count, 2);
    const struct pf_fit_profile *one = &fit->profiles[0];
    assert_int_equal(one->ignored_resource_count, 2);
    assert_true(pf_sv_eq_cstr(one->ignored_resources[0], "a.b/c"));
    assert_true(pf_sv_eq_cstr(one->ignored_resources[1], "x/y"));
    assert_int_equal(one->ignored_resource_group_count, 1);
    assert_true(one->added_affinity.present);
    assert_int_equal(one->added_affinity.term_count, 1);
    assert_int_equal(one->hard_pod_affinity_weight, 7);
    assert_true(one->ignore_preferred_of_existing);
    assert_false(fit->profiles[1].added_affinity.present);
    assert_int_equal(fit->profiles[1].hard_pod_affinity_weight, 1);
    assert_int_equal(fit->profiles[1].ignored_resource_count, 1);
    assert_int_equal(fit->extender_count, 1);
    assert_int_equal(fit->extenders[0].index, 1);
    assert_int_equal(fit->extenders[0].resource_count, 2);
    assert_false(fit->ignore_extenders);
    assert_true(notes_have(f.config, "extenders[0] does not filter"));
    assert_true(notes_have(f.config, "extenders[1] filters nodes: verdicts of pods that ask"));
    done(&f);
}

static void test_our_side(void **state)
{
    static const struct {
        const char *name, *yaml, *expect;
    } rows[] = {
        {"missing", HEAD "fit: {schedulerConfig: other.yaml}\n",
         "dir/f.yaml:5:24: fit.schedulerConfig: cannot be read: no such file: 'dir/other.yaml'"},
        {"empty", HEAD "fit: {schedulerConfig: ''}\n", "fit.schedulerConfig: found ''"},
        {"NUL", HEAD "fit: {schedulerConfig: \"a\\0b\"}\n", "found a NUL byte"},
        {"mode", HEAD "fit: {extenders: maybe}\n", "fit.extenders: found 'maybe'"},
        {"preemption", HEAD "  preemption: never\n", "classes[0].preemption: found 'never'"},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct fixture f;
        parse(&f, rows[i].yaml, SCHED);
        const char *text = f.text.data != NULL ? f.text.data : "";
        if (f.code != PF_E_INVALID || strstr(text, rows[i].expect) == NULL) {
            fail_msg("%s: %s, %s", rows[i].name, pf_code_name(f.code), text);
        }
        done(&f);
    }
    struct fixture f;
    parse(&f, HEAD "  preemption: ignore\nfit: {extenders: ignore}\n", SCHED);
    assert_int_equal(f.code, PF_OK);
    assert_true(f.config->fit.ignore_extenders);
    assert_true(f.config->classes[0].ignore_preemption);
    assert_int_equal(f.config->fit.profile_count, 0);
    done(&f);
}

/* Problems of both files: ours first, each in the order of its lines. */
static void test_two_files(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f, HEAD "  typo: 1\nfit:\n  schedulerConfig: sched.yaml\n  reservationTTL: soon\n",
          SCHED "typo: 1\nprofiles: [{typo: 1}]\n");
    assert_int_equal(f.code, PF_E_INVALID);
    const char *const order[] = {"dir/f.yaml:5:3: ", "\ndir/f.yaml:8:19: ",
                                 "\ndir/sched.yaml:3:1: ", "\ndir/sched.yaml:4:13: "};
    const char *at = f.text.data != NULL ? f.text.data : "";
    for (size_t i = 0; i < PF_ARRAY_LEN(order); i++) {
        const char *found = strstr(at, order[i]);
        if (found == NULL) {
            fail_msg("no '%s' in its place in %s", order[i], at);
        }
        at = found != NULL ? found : "";
    }
    done(&f);
}

static void test_digest(void **state)
{
    (void)state;
    struct fixture a;
    struct fixture b;
    struct fixture c;
    parse_good(&a, "a", SCHED);
    parse_good(&b, "b", SCHED "parallelism: 3\n");
    parse_good(&c, "c", SCHED);
    assert_string_not_equal(a.config->digest, b.config->digest);
    assert_string_equal(a.config->digest, c.config->digest);
    done(&a);
    done(&b);
    done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_problems),  cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_our_side),
        cmocka_unit_test(test_two_files), cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
    {"ratio without a shape",
     ARGS("NodeResourcesFit") "{scoringStrategy: {type: RequestedToCapacityRatio}}\n",
     "requestedToCapacityRatio is missing"},
    {"shape of another strategy",
     ARGS("NodeResourcesFit") "{scoringStrategy: {type: MostAllocated, requestedToCapacityRatio: "
                              "{shape: [{utilization: 0, score: 1}]}}}\n",
     "requestedToCapacityRatio stands there"},
    {"shape without points",
     ARGS("NodeResourcesFit") "{scoringStrategy: {type: RequestedToCapacityRatio, "
                              "requestedToCapacityRatio: {shape: []}}}\n",
     "shape: found 0, allowed is a list of maps with 1 to 101"},
    {"shape that does not rise",
     ARGS("NodeResourcesFit") "{scoringStrategy: {type: RequestedToCapacityRatio, "
                              "requestedToCapacityRatio: {shape: [{utilization: 5, score: 1}, "
                              "{utilization: 5, score: 2}]}}}\n",
     "point 1 of the shape"},
    {"score of a point",
     ARGS(
         "NodeResourcesFit") "{scoringStrategy: {type: RequestedToCapacityRatio, "
                             "requestedToCapacityRatio: {shape: [{utilization: 5, score: 11}]}}}\n",
     "score: found the integer '11'"},
    {"weight of a resource",
     ARGS("NodeResourcesFit") "{scoringStrategy: {resources: [{name: cpu, weight: 101}]}}\n",
     "weight: found the integer '101'"},
    {"weight in the balance",
     ARGS("NodeResourcesBalancedAllocation") "{resources: [{name: cpu, weight: 2}]}\n",
     "resources[0]: found the weight '2', allowed is 1"},
    {"resource twice in the balance",
     ARGS("NodeResourcesBalancedAllocation") "{resources: [{name: cpu}, {name: cpu}]}\n",
     "resources[1]: 'cpu' stands there twice"},
    {"constraint twice",
     ARGS("PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, "
                               "topologyKey: z, whenUnsatisfiable: ScheduleAnyway}, {maxSkew: 2, "
                               "topologyKey: z, whenUnsatisfiable: ScheduleAnyway}]}\n",
     "defaultConstraints[1]: another one has topologyKey 'z'"},
    {"preferred term that cannot be parsed",
     ARGS(
         "NodeAffinity") "{addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: "
                         "[{weight: 1, preference: {matchExpressions: [{key: a, operator: In}]}}]}}\n",
     "addedAffinity: preferred term 0 has a requirement that cannot be parsed"},
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
    size_t default_spreads;
    const char *foreign;    /* part of it; NULL: none */
    const char *unmodelled; /* likewise */
    const char *note;       /* part of a note; NULL: there is none at all */
} profile_rows[] = {
    {"no profile", SCHED, 0, false, 0, NULL, NULL, NULL},
    {"nothing said", SCHED "profiles: [{}]\n", 0, false, 0, NULL, NULL, NULL},
    {"keys of no interest",
     SCHED "parallelism: 4\nleaderElection: {leaderElect: true}\nclientConnection: {qps: 1}\n"
           "podInitialBackoffSeconds: 1\nenableProfiling: false\npercentageOfNodesToScore: 30\n",
     0, false, 0, NULL, NULL, NULL},
    {"filter without PreFilter off", PLUGINS "filter: {disabled: [{name: TaintToleration}]}\n",
     1U << PF_FILTER_TAINT_TOLERATION, false, 0, NULL, NULL, NULL},
    {"filter alone off, PreFilter harmless", PLUGINS "filter: {disabled: [{name: NodePorts}]}\n",
     1U << PF_FILTER_NODE_PORTS, false, 0, NULL, NULL, NULL},
    {"both off",
     PLUGINS
     "preFilter: {disabled: [{name: NodeAffinity}]}\n    filter: {disabled: [{name: NodeAffinity}]}\n",
     1U << PF_FILTER_NODE_AFFINITY, false, 0, NULL, NULL, NULL},
    {"multiPoint off", PLUGINS "multiPoint: {disabled: [{name: NodePorts}, {name: VolumeZone}]}\n",
     1U << PF_FILTER_NODE_PORTS | 1U << PF_FILTER_VOLUME_ZONE, false, 0, NULL, NULL, NULL},
    {"all filters off",
     PLUGINS "preFilter: {disabled: [{name: '*'}]}\n    filter: {disabled: [{name: '*'}]}\n", ALL,
     false, 0, NULL, NULL, NULL},
    {"all off, some on again",
     PLUGINS
     "preFilter: {disabled: [{name: '*'}], enabled: [{name: NodeResourcesFit}]}\n"
     "    filter: {disabled: [{name: '*'}], enabled: [{name: NodeName}, {name: NodeResourcesFit}]}\n",
     ALL & ~(1U << PF_FILTER_NODE_NAME | 1U << PF_FILTER_NODE_RESOURCES_FIT), false, 0, NULL, NULL,
     NULL},
    {"multiPoint off, one on at its points",
     PLUGINS
     "multiPoint: {disabled: [{name: NodePorts}]}\n    filter: {enabled: [{name: NodePorts}]}\n"
     "    preFilter: {enabled: [{name: NodePorts}]}\n",
     0, false, 0, NULL, NULL, "another order"},
    {"other order", PLUGINS "filter: {enabled: [{name: NodeResourcesFit}]}\n", 0, false, 0, NULL,
     NULL, "another order"},
    {"first one given first", PLUGINS "filter: {enabled: [{name: NodeUnschedulable}]}\n", 0, false,
     0, NULL, NULL, NULL},
    {"no preemption", PLUGINS "postFilter: {disabled: [{name: DefaultPreemption}]}\n", 0, true, 0,
     NULL, NULL, NULL},
    {"no gates", PLUGINS "multiPoint: {disabled: [{name: SchedulingGates}]}\n", 0, false, 0, NULL,
     "SchedulingGates is off", "verdicts are unknown"},
    {"foreign at multiPoint", PLUGINS "multiPoint: {enabled: [{name: Coscheduling}]}\n", 0, false,
     0, "'Coscheduling' at multiPoint", NULL, "'Coscheduling' at multiPoint: verdicts are unknown"},
    {"foreign at permit", PLUGINS "permit: {enabled: [{name: Wait}]}\n", 0, false, 0,
     "'Wait' at permit", NULL, "verdicts are unknown"},
    {"foreign score", PLUGINS "score: {enabled: [{name: Trimaran, weight: 2}]}\n", 0, false, 0,
     NULL, NULL, "'Trimaran' at score is not asked"},
    {"foreign switched off", PLUGINS "filter: {disabled: [{name: Coscheduling}]}\n", 0, false, 0,
     NULL, NULL, NULL},
    {"scores", PLUGINS "score: {disabled: [{name: ImageLocality}]}\n", 0, false, 0, NULL, NULL,
     NULL},
    {"a score that needs its PreScore",
     PLUGINS "preScore: {disabled: [{name: InterPodAffinity}]}\n", 0, false, 0, NULL, NULL,
     "InterPodAffinity is on at score and off at preScore: kube-scheduler fails"},
    {"a score that does without its PreScore",
     PLUGINS "preScore: {disabled: [{name: NodeAffinity}]}\n", 0, false, 0, NULL, NULL, NULL},
    {"strategy", ARGS("NodeResourcesFit") "{scoringStrategy: {type: MostAllocated}}\n", 0, false, 0,
     NULL, NULL, NULL},
    {"default strategy", ARGS("NodeResourcesFit") "{scoringStrategy: {type: LeastAllocated}}\n", 0,
     false, 0, NULL, NULL, NULL},
    {"default spread",
     ARGS(
         "PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, "
                              "whenUnsatisfiable: DoNotSchedule}]}\n",
     0, false, 1, NULL, NULL, NULL},
    {"default spread that scores",
     ARGS(
         "PodTopologySpread") "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, "
                              "whenUnsatisfiable: ScheduleAnyway}]}\n",
     0, false, 1, NULL, NULL, NULL},
    {"arguments of others", ARGS("Coscheduling") "{permitWaitingTimeSeconds: 10}\n", 0, false, 0,
     NULL, NULL, NULL},
    {"arguments of kube-scheduler's others",
     SCHED
     "profiles: [{pluginConfig: [{name: VolumeBinding, args: {bindTimeoutSeconds: 60}}, "
     "{name: DefaultPreemption, args: {kind: DefaultPreemptionArgs, minCandidateNodesAbsolute: 1}}]}]\n",
     0, false, 0, NULL, NULL, NULL},
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
           profile->default_spread_count == profile_rows[row].default_spreads &&
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
    assert_int_equal(one->scores->hard_pod_affinity_weight, 7);
    assert_true(one->scores->ignore_preferred_of_existing);
    assert_false(fit->profiles[1].added_affinity.present);
    assert_int_equal(fit->profiles[1].scores->hard_pod_affinity_weight, 1);
    assert_int_equal(fit->profiles[1].ignored_resource_count, 1);
    assert_int_equal(fit->extender_count, 1);
    assert_int_equal(fit->extenders[0].index, 1);
    assert_int_equal(fit->extenders[0].resource_count, 2);
    assert_false(fit->ignore_extenders);
    assert_true(notes_have(f.config, "extenders[0] does not filter"));
    assert_true(notes_have(f.config, "extenders[1] filters nodes: verdicts of pods that ask"));
    done(&f);
}

/* How a profile scores; every value is another one than by default. */
static void test_scores(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(
        &f, "scores",
        PLUGINS
        "score: {enabled: [{name: ImageLocality, weight: 7}, {name: InterPodAffinity}], disabled: "
        "[{name: NodeAffinity}]}\n"
        "    multiPoint: {enabled: [{name: TaintToleration, weight: 5}, {name: ImageLocality, "
        "weight: 9}]}\n"
        "  pluginConfig:\n"
        "  - name: NodeResourcesFit\n"
        "    args: {scoringStrategy: {type: RequestedToCapacityRatio, resources: [{name: x/y, "
        "weight: 3}, {name: ephemeral-storage}], requestedToCapacityRatio: {shape: [{utilization: "
        "10, score: 0}, {utilization: 90, score: 10}]}}}\n"
        "  - {name: NodeResourcesBalancedAllocation, args: {resources: [{name: x/y}]}}\n"
        "  - name: NodeAffinity\n"
        "    args: {addedAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 4, "
        "preference: {matchExpressions: [{key: hub, operator: Exists}]}}]}}\n");
    const int64_t weights[PF_SCORE_COUNT] = {
        [PF_SCORE_TAINT_TOLERATION] = 5,    [PF_SCORE_POD_TOPOLOGY_SPREAD] = 2,
        [PF_SCORE_INTER_POD_AFFINITY] = 1,  [PF_SCORE_NODE_RESOURCES_FIT] = 1,
        [PF_SCORE_BALANCED_ALLOCATION] = 1, [PF_SCORE_IMAGE_LOCALITY] = 7};
    const struct pf_fit_scores *scores = f.config->fit.profiles[0].scores;
    for (size_t i = 0; i < PF_SCORE_COUNT; i++) {
        if (scores->weights[i] != weights[i]) {
            fail_msg("%s: weight %lld, not %lld", pf_fit_score_name((enum pf_score_id)i),
                     (long long)scores->weights[i], (long long)weights[i]);
        }
    }
    assert_int_equal(scores->strategy, PF_FIT_REQUESTED_TO_CAPACITY_RATIO);
    assert_int_equal(scores->shape_count, 2);
    assert_int_equal(scores->shape[1].utilization, 90);
    assert_int_equal(scores->shape[1].score, 10);
    assert_int_equal(scores->resources.count, 2);
    assert_int_equal(scores->resources.items[0].weight, 3);
    assert_int_equal(scores->resources.items[0].kind, PF_FIT_RESOURCE_SCALAR);
    assert_int_equal(scores->resources.items[1].weight, 1);
    assert_int_equal(scores->resources.items[1].kind, PF_FIT_RESOURCE_EPHEMERAL_STORAGE);
    assert_int_equal(scores->balanced.count, 1);
    assert_int_equal(scores->added_preferred_count, 1);
    assert_int_equal(scores->added_preferred[0].weight, 4);
    assert_false(f.config->fit.profiles[0].added_affinity.present);
    assert_int_equal(f.config->note_count, 0);
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
        cmocka_unit_test(test_problems), cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_values),   cmocka_unit_test(test_scores),
        cmocka_unit_test(test_our_side), cmocka_unit_test(test_two_files),
        cmocka_unit_test(test_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

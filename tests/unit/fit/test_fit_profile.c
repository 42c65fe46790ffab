/* Profiles of kube-scheduler's configuration: which one takes a pod, what it changes, and when podfit says that it does not know. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/snapshot.h>

#define NODE(name_, more_)                                                                       \
    "{\"metadata\":{\"name\":\"" name_ "\",\"labels\":{\"hub\":\"" name_ "\"}},\"spec\":{" more_ \
    "},\"status\":{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"10\",\"e.com/x\":\"1\"}}}"
#define POD(scheduler_, more_)                                                                     \
    "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\"},\"spec\":{\"schedulerName\":\"" scheduler_ \
    "\",\"containers\":[{\"name\":\"c\"" more_ "}]}}"
#define ASKS(name_, amount_)                                                            \
    ",\"resources\":{\"requests\":{\"" name_ "\":\"" amount_ "\"},\"limits\":{\"" name_ \
    "\":\"" amount_ "\"}}"

static const struct pf_sv ignored[] = {PF_SV_INIT("e.com/x")};
static const struct pf_sv groups[] = {PF_SV_INIT("g.com")};
static const struct pf_sv managed[] = {PF_SV_INIT("m.com/z")};
static struct pf_sv hub_values[] = {PF_SV_INIT("a")};
static struct pf_requirement hub = {
    .key = PF_SV_INIT("hub"),
    .values = hub_values,
    .value_count = 1,
    .operator_ = PF_SELECTOR_IN,
    .valid = true,
};
static struct pf_node_selector_term hub_term = {.expressions = &hub, .expression_count = 1};

static const struct pf_spread spreads[] = {
    {.topology_key = PF_SV_INIT("host"), .max_skew = 1, .min_domains = 1, .do_not_schedule = true},
};

static const struct pf_fit_profile profiles[] = {
    {.scheduler_name = PF_SV_INIT("default-scheduler")},
    {.scheduler_name = PF_SV_INIT("no-taints"),
     .disabled = 1U << PF_FILTER_TAINT_TOLERATION,
     .ignored_resources = ignored,
     .ignored_resource_count = 1,
     .ignored_resource_groups = groups,
     .ignored_resource_group_count = 1},
    {.scheduler_name = PF_SV_INIT("hub"),
     .added_affinity = {.present = true, .terms = &hub_term, .term_count = 1}},
    {.scheduler_name = PF_SV_INIT("foreign"), .foreign = PF_SV_INIT("a plug-in")},
    {.scheduler_name = PF_SV_INIT("odd"), .unmodelled = PF_SV_INIT("odd")},
    {.scheduler_name = PF_SV_INIT("spreads"),
     .default_spreads = spreads,
     .default_spread_count = 1,
     .default_spreads_listed = true},
    {.scheduler_name = PF_SV_INIT("seventh")},
};
static const struct pf_fit_extender extenders[] = {
    {.index = 3, .resources = managed, .resource_count = 1}};

static const struct row {
    const char *name, *pod;
    enum pf_verdict verdict;
    uint32_t fits;    /* nodes */
    const char *text; /* part of message or cause */
    bool ignore;      /* fit.extenders: ignore */
} rows[] = {
    {"default, by name", POD("default-scheduler", ""), PF_VERDICT_FITS, 1, "", false},
    {"default, empty", "{\"spec\":{\"containers\":[{\"name\":\"c\"}]}}", PF_VERDICT_FITS, 1, "",
     false},
    {"none of them", POD("mine", ""), PF_VERDICT_NOT_JUDGED, 0,
     "spec.schedulerName is 'mine', not 'default-scheduler' or 'no-taints' or 'hub' or 'foreign' or 'odd' or one "
     "of 2 more profiles",
     false},
    {"a filter off", POD("no-taints", ""), PF_VERDICT_FITS, 2, "", false},
    {"a filter on", POD("default-scheduler", ",\"resources\":{\"requests\":{\"cpu\":\"5\"}}"),
     PF_VERDICT_NEVER, 0, "1 Insufficient cpu, 1 node(s) had untolerated taint(s)", false},
    {"resource counts", POD("default-scheduler", ASKS("e.com/x", "2")), PF_VERDICT_NEVER, 0,
     "Insufficient e.com/x", false},
    {"resource ignored", POD("no-taints", ASKS("e.com/x", "2")), PF_VERDICT_FITS, 2, "", false},
    {"group ignored", POD("no-taints", ASKS("g.com/y", "2")), PF_VERDICT_FITS, 2, "", false},
    {"group counts", POD("hub", ASKS("g.com/y", "2")), PF_VERDICT_NEVER, 0, "Insufficient g.com/y",
     false},
    {"added affinity", POD("hub", ",\"resources\":{\"requests\":{\"cpu\":\"5\"}}"),
     PF_VERDICT_NEVER, 0, "1 Insufficient cpu, 1 node(s) had untolerated taint(s)", false},
    {"foreign plug-in", POD("foreign", ""), PF_VERDICT_UNKNOWN, 0,
     "profile 'foreign' of kube-scheduler has a plug-in", false},
    {"foreign plug-in ignored", POD("foreign", ""), PF_VERDICT_FITS, 1, "", true},
    {"unmodelled", POD("odd", ""), PF_VERDICT_UNKNOWN, 0, "profile 'odd' of kube-scheduler: odd",
     false},
    {"unmodelled is not ignored", POD("odd", ""), PF_VERDICT_UNKNOWN, 0, "profile 'odd'", true},
    {"default spread", POD("spreads", ""), PF_VERDICT_UNKNOWN, 0,
     "needs kind Service, of which the snapshot has no object", false},
    {"extender not asked", POD("seventh", ""), PF_VERDICT_FITS, 1, "", false},
    {"extender asked", POD("seventh", ASKS("m.com/z", "1")), PF_VERDICT_UNKNOWN, 0,
     "extenders[3] of kube-scheduler filters nodes, too", false},
    {"extender ignored", POD("seventh", ASKS("m.com/z", "1")), PF_VERDICT_NEVER, 0,
     "Insufficient m.com/z", true},
    {"gates come first",
     "{\"spec\":{\"schedulerName\":\"odd\",\"schedulingGates\":[{\"name\":\"g\"}],\"containers\":[]}}",
     PF_VERDICT_NOT_JUDGED, 0, "waiting for scheduling gates", false},
};

static void init(struct world *world, bool ignore)
{
    const struct pf_fit_options options = {
        .max_model_age_ms = 60000,
        .profiles = profiles,
        .profile_count = PF_ARRAY_LEN(profiles),
        .extenders = extenders,
        .extender_count = PF_ARRAY_LEN(extenders),
        .ignore_extenders = ignore,
    };
    world_init(world, 36, &options);
    world_node(world, PF_SV(NODE("a", "")));
    world_node(world, PF_SV(NODE("b", "\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"}]")));
}

/* All rows on one engine, twice and in both orders: profiles must not share remembered answers. */
static void test_rows(void **state)
{
    (void)state;
    struct world worlds[2];
    init(&worlds[0], false);
    init(&worlds[1], true);
    for (size_t i = 0; i < 2 * PF_ARRAY_LEN(rows); i++) {
        const size_t at = i < PF_ARRAY_LEN(rows) ? i : 2 * PF_ARRAY_LEN(rows) - 1 - i;
        const struct row *row = &rows[at];
        struct world *world = &worlds[row->ignore ? 1 : 0];
        const struct pf_judgement judgement = world_judge(world, pf_sv_from(row->pod));
        const struct pf_explanation explanation = world_explain(world, pf_sv_from(row->pod));
        const struct pf_sv text = judgement.message.len != 0 ? judgement.message : judgement.cause;
        if (judgement.verdict != row->verdict || judgement.nodes_fit != row->fits ||
            pf_sv_find(text, pf_sv_from(row->text)) == SIZE_MAX ||
            (row->text[0] == '\0' && text.len != 0) ||
            explanation.judgement.verdict != row->verdict) {
            fail_msg("%s: %s on %u nodes, '%.*s'", row->name, pf_verdict_name(judgement.verdict),
                     judgement.nodes_fit, PF_SV_ARG(text));
        }
    }
    world_done(&worlds[0]);
    world_done(&worlds[1]);
}

static void load(struct world *world, const char *json)
{
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    if (pf_snapshot_load_bytes(world->model, pf_sv_from(json), "row", &stats, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

#define WEB(scheduler_, owner_)                                                             \
    "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\",\"labels\":{\"app\":\"web\"}" owner_ \
    "},\"spec\":{\"schedulerName\":\"" scheduler_ "\",\"containers\":[{\"name\":\"c\"}]}}"
#define OWNER(kind_)                                                      \
    ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"" kind_ \
    "\",\"name\":\"w\",\"uid\":"                                          \
    "\"u\",\"controller\":true}]"

/* The profile's constraints filter pods without any, once a Service or the controller selects something. */
static void test_default_spread(void **state)
{
    static const struct {
        const char *name, *pod;
        enum pf_verdict verdict;
        uint32_t fits;
        const char *text;
    } spread_rows[] = {
        {"a Service selects it", WEB("spreads", ""), PF_VERDICT_FITS, 1, ""},
        {"another profile", WEB("seventh", ""), PF_VERDICT_FITS, 2, ""},
        {"nothing selects it", POD("spreads", ""), PF_VERDICT_FITS, 2, ""},
        {"its controller's kind is not known", WEB("spreads", OWNER("StatefulSet")),
         PF_VERDICT_UNKNOWN, 0, "needs kind StatefulSet, of which the snapshot has no object"},
        {"its controller is known", WEB("spreads", OWNER("ReplicaSet")), PF_VERDICT_FITS, 2, ""},
        {"constraints of its own",
         "{\"metadata\":{\"namespace\":\"s\",\"name\":\"p\",\"labels\":{\"app\":\"web\"}},\"spec\":{"
         "\"schedulerName\":\"spreads\",\"containers\":[{\"name\":\"c\"}],"
         "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"host\",\"whenUnsatisfiable\":"
         "\"ScheduleAnyway\",\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}}]}}",
         PF_VERDICT_FITS, 2, ""},
    };
    (void)state;
    const struct pf_fit_options options = {
        .max_model_age_ms = 60000, .profiles = profiles, .profile_count = PF_ARRAY_LEN(profiles)};
    struct world world;
    world_init(&world, 36, &options);
    for (size_t i = 0; i < 2; i++) {
        load(&world,
             pf_arena_printf(
                 &world.arena,
                 "{\"kind\":\"Node\",\"metadata\":{\"name\":\"%c\",\"labels\":{\"host\":\"%c\"}},"
                 "\"status\":{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":"
                 "\"10\"}}}",
                 "ab"[i], "ab"[i]));
    }
    load(&world,
         "{\"kind\":\"Service\",\"metadata\":{\"name\":\"w\",\"namespace\":\"s\"},\"spec\":{"
         "\"selector\":{\"app\":\"web\"}}}");
    /* selects besides the Service what no pod has, so that nothing is counted */
    load(&world,
         "{\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"w\",\"namespace\":\"s\"},\"spec\":{"
         "\"selector\":{\"matchLabels\":{\"app\":\"web\",\"version\":\"2\"}}}}");
    load(&world,
         "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"e\",\"namespace\":\"s\",\"labels\":{"
         "\"app\":\"web\"}},\"spec\":{\"nodeName\":\"a\",\"containers\":[{\"name\":\"c\"}]}}");
    for (size_t i = 0; i < 2 * PF_ARRAY_LEN(spread_rows); i++) {
        const size_t at = i % PF_ARRAY_LEN(spread_rows);
        const struct pf_judgement judgement = world_judge(&world, pf_sv_from(spread_rows[at].pod));
        const struct pf_explanation told = world_explain(&world, pf_sv_from(spread_rows[at].pod));
        if (judgement.verdict != spread_rows[at].verdict ||
            judgement.nodes_fit != spread_rows[at].fits ||
            told.judgement.nodes_fit != spread_rows[at].fits ||
            !pf_sv_eq_cstr(judgement.cause, spread_rows[at].text)) {
            fail_msg("%s: %s on %u nodes, '%.*s'", spread_rows[at].name,
                     pf_verdict_name(judgement.verdict), judgement.nodes_fit,
                     PF_SV_ARG(judgement.cause));
        }
    }
    world_done(&world);
}

static void test_added_affinity_reason(void **state)
{
    (void)state;
    struct world world;
    init(&world, false);
    world_node(&world, PF_SV(NODE("c", "")));
    const struct pf_judgement judgement =
        world_judge(&world, PF_SV(POD("hub", ",\"resources\":{\"requests\":{\"cpu\":\"5\"}}")));
    const char *expected =
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match scheduler-enforced node "
        "affinity, 1 node(s) had untolerated taint(s).";
    assert_string_equal(world_text(&world, judgement.message), expected);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_default_spread),
        cmocka_unit_test(test_added_affinity_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

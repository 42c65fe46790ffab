/* Profiles in which a plug-in is on at filter and off at preFilter, or the other way round; a node of two has a taint, which comes first. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/snapshot.h>

#define BIT(filter)   (1U << PF_FILTER_##filter)
#define BROKEN(bits_) .disabled = (bits_), .points = {.broken = (bits_)}
#define FAILS         "is on at filter and off at preFilter"
#define TAINT         ", 1 node(s) had untolerated taint(s)."
#define CONTRADICTION                                                                          \
    ",'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{"          \
    "'nodeSelectorTerms':[{'matchFields':[{'key':'metadata.name','operator':'In','values':['a" \
    "']},{'key':'metadata.name','operator':'In','values':['b']}]}]}}}"
#define CLAIM      ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'gone'}}]"
#define DISK(name) ",'volumes':[{'name':'v','gcePersistentDisk':{'pdName':'" name "'}}]"
#define SPREAD \
    ",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'none','whenUnsatisfiable':'DoNotSchedule'}]"

static const struct row {
    const char *name;
    struct pf_fit_profile profile;
    const char *spec; /* of the pod, after its containers */
    enum pf_verdict verdict;
    const char *text; /* message with what PostFilter adds, or cause; NULL: fits */
} rows[] = {
    {"a filter that gets to a node unprepared fails",
     {BROKEN(BIT(NODE_RESOURCES_FIT))},
     "",
     PF_VERDICT_UNKNOWN,
     "NodeResourcesFit: " FAILS},
    {"no node gets to it",
     {BROKEN(BIT(NODE_RESOURCES_FIT))},
     ",'nodeSelector':{'x':'y'}",
     PF_VERDICT_NEVER,
     "1 node(s) didn't match Pod's node affinity/selector" TAINT},
    {"one behind the count of pods",
     {BROKEN(BIT(INTER_POD_AFFINITY))},
     "",
     PF_VERDICT_UNKNOWN,
     "InterPodAffinity: " FAILS},
    {"the count of pods comes first",
     {BROKEN(BIT(INTER_POD_AFFINITY))},
     SPREAD,
     PF_VERDICT_NEVER,
     "1 node(s) didn't match pod topology spread constraints (missing required label)" TAINT},
    {"the count of pods fails itself",
     {BROKEN(BIT(POD_TOPOLOGY_SPREAD))},
     SPREAD,
     PF_VERDICT_UNKNOWN,
     "PodTopologySpread: " FAILS},
    {"disks are compared first",
     {BROKEN(BIT(VOLUME_RESTRICTIONS))},
     DISK("used"),
     PF_VERDICT_FULL,
     "1 node(s) had no available disk" TAINT},
    {"no such disk",
     {BROKEN(BIT(VOLUME_RESTRICTIONS))},
     DISK("other"),
     PF_VERDICT_UNKNOWN,
     "VolumeRestrictions: " FAILS},
    {"selectors are not asked",
     {.points = {.prepared = BIT(NODE_AFFINITY)}},
     ",'nodeSelector':{'x':'y'}",
     PF_VERDICT_FITS,
     NULL},
    {"names are, before",
     {.points = {.prepared = BIT(NODE_AFFINITY)}},
     CONTRADICTION,
     PF_VERDICT_NEVER,
     "0/2 nodes are available: pod affinity terms conflict. not found"},
    {"names are asked on each node",
     {.points = {.unprepared = BIT(NODE_AFFINITY)}},
     CONTRADICTION,
     PF_VERDICT_NEVER,
     "1 node(s) didn't match Pod's node affinity/selector" TAINT},
    {"a claim that is not there, before",
     {.points = {.prepared = BIT(VOLUME_RESTRICTIONS)}},
     CLAIM,
     PF_VERDICT_FULL,
     "0/2 nodes are available: persistentvolumeclaim \"gone\" not found. not found"},
    {"and on each node, zones",
     {.disabled = BIT(VOLUME_RESTRICTIONS) | BIT(VOLUME_BINDING) | BIT(NODE_VOLUME_LIMITS),
      .points = {.unprepared = BIT(VOLUME_ZONE)}},
     CLAIM,
     PF_VERDICT_FULL,
     "1 persistentvolumeclaim \"gone\" not found. "},
    {"and on each node, limits",
     {.disabled = BIT(VOLUME_RESTRICTIONS) | BIT(VOLUME_BINDING) | BIT(VOLUME_ZONE)},
     CLAIM,
     PF_VERDICT_FULL,
     "1 looking up PVC ns/gone: persistentvolumeclaim \"gone\" not found, 1 node(s) had"},
    {"claims say nothing",
     {.points = {.claims_silent = true}},
     ",'nodeSelector':{'x':'y'}",
     PF_VERDICT_NEVER,
     TAINT " preemption: 0/2"},
    {"claims fail",
     {.points = {.claims_unready = true}},
     ",'nodeSelector':{'x':'y'}",
     PF_VERDICT_NEVER,
     TAINT " not found"},
};

static struct pf_sv quoted(struct world *world, const char *text)
{
    char *copy = pf_arena_dup(&world->arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'') {
            *at = '"';
        }
    }
    return pf_sv_from(copy);
}

static void load(struct world *world)
{
    static const char *const objects[] = {
        "{'kind':'Node','metadata':{'name':'a'},'status':{'allocatable':{'cpu':'4','pods':'9'}}}",
        "{'kind':'Node','metadata':{'name':'b'},'spec':{'taints':[{'key':'k','effect':'NoSchedule'}"
        "]},'status':{'allocatable':{'cpu':'4','pods':'9'}}}",
        "{'kind':'PersistentVolumeClaim','metadata':{'name':'there','namespace':'ns'},'spec':{}}",
        "{'kind':'CSINode','metadata':{'name':'a'},'spec':{'drivers':[]}}",
        "{'kind':'Pod','metadata':{'name':'e','namespace':'ns'},'spec':{'nodeName':'a','containers'"
        ":[{'name':'c'}],'volumes':[{'name':'v','gcePersistentDisk':{'pdName':'used'}}]}}",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(objects); i++) {
        struct pf_snapshot_stats stats = {0};
        struct pf_err err = {0};
        if (pf_snapshot_load_bytes(world->model, quoted(world, objects[i]), "row", &stats, &err) !=
            PF_OK) {
            fail_msg("%s", err.text);
        }
    }
}

static bool says(struct world *world, const struct row *row, const struct pf_judgement *judgement)
{
    const char *text =
        judgement->verdict == PF_VERDICT_UNKNOWN
            ? pf_arena_dup(&world->arena, judgement->cause)
            : pf_arena_printf(&world->arena, "%.*s %.*s", PF_SV_ARG(judgement->message),
                              PF_SV_ARG(judgement->post_filter));
    assert_non_null(text);
    const bool good =
        judgement->verdict == row->verdict &&
        (row->text == NULL || pf_sv_find(pf_sv_from(text), pf_sv_from(row->text)) != SIZE_MAX);
    if (!good) {
        print_error("%s: %s, '%s'\n", row->name, pf_verdict_name(judgement->verdict), text);
    }
    return good;
}

/* @param visit  judgements of both ways; borrowed during the call */
static bool ask(const struct row *row,
                bool (*visit)(struct world *, const struct row *, const struct pf_judgement *))
{
    struct world world;
    struct pf_fit_profile profile = row->profile;
    profile.scheduler_name = PF_SV("default-scheduler");
    const struct pf_fit_options options = {
        .profiles = &profile, .profile_count = 1, .claims_now = true};
    world_init(&world, PF_KUBE_MINOR_NEWEST, &options);
    load(&world);
    const struct pf_sv pod =
        quoted(&world, pf_arena_printf(&world.arena,
                                       "{'metadata':{'name':'p','namespace':'ns'},'spec':{"
                                       "'containers':[{'name':'c'}]%s}}",
                                       row->spec));
    const struct pf_judgement judgement = world_judge(&world, pod);
    const struct pf_explanation explanation = world_explain(&world, pod);
    const bool good = visit(&world, row, &judgement) && visit(&world, row, &explanation.judgement);
    world_done(&world);
    return good;
}

static void test_rows(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        good = ask(&rows[i], says) && good;
    }
    assert_true(good);
}

static bool adds_nothing(struct world *world, const struct row *row,
                         const struct pf_judgement *judgement)
{
    return says(world, row, judgement) && judgement->post_filter.len == 0 &&
           judgement->preemption == NULL;
}

/* Without its victim the node gets to the filter that fails: kube-scheduler evicts nobody and adds the error's text, podfit adds none. */
static void test_dry_run_fails(void **state)
{
    (void)state;
    static const struct row row = {"the dry run fails",
                                   {BROKEN(BIT(VOLUME_RESTRICTIONS))},
                                   ",'priority':10" DISK("used"),
                                   PF_VERDICT_FULL,
                                   "1 node(s) had no available disk" TAINT};
    static const struct row control = {"it does not",
                                       {.no_preemption = false},
                                       ",'priority':10" DISK("used"),
                                       PF_VERDICT_FITS,
                                       NULL};
    assert_true(ask(&row, adds_nothing));
    assert_true(ask(&control, says));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_dry_run_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

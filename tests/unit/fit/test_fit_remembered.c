/*
 * What the engine remembers of eviction and of storage, under random changes of everything that both read: each answer is compared with that of a search from the
 * beginning (an explanation remembers nothing), on clusters that are smaller and larger than what kube-scheduler looks at.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/columns.h>
#include <podfit/fit_count.h>

#define REVIEWS 40

struct run {
    const char *name;
    uint64_t seed;
    unsigned nodes; /* names of nodes, pods and claims */
    unsigned pods;
    unsigned claims;
    unsigned steps;
    unsigned least; /* each answer below has to be met as often at the least */
    bool topology;
    bool small; /* pods ask for little, so that storage decides */
};

struct random {
    uint64_t state;
};

/* Answers met: a run that never sees one tests less than it says. */
struct met {
    unsigned evicting;
    unsigned vain;
    unsigned with_claims;
    unsigned fits;
};

struct course {
    const struct run *run;
    struct world world;
    struct random random;
    struct met met;
};

/* splitmix64 */
static unsigned below(struct course *course, unsigned limit)
{
    struct random *random = &course->random;
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random->state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % (limit != 0 ? limit : 1));
}

#define PICK(course, table) ((table)[below((course), (unsigned)PF_ARRAY_LEN(table))])
#define PRINT(course, ...)  pf_sv_from(pf_arena_printf(&(course)->world.arena, __VA_ARGS__))

static void apply_node(struct course *course, unsigned number)
{
    static const char *const cpus[] = {"2", "4", "4", "4"};
    static const char *const taints[] = {"", "", "",
                                         "", "", "{\"key\":\"k\",\"effect\":\"NoSchedule\"}"};
    world_node(
        &course->world,
        PRINT(course,
              "{\"metadata\":{\"name\":\"n%u\",\"labels\":{\"kubernetes.io/hostname\":\"n%u\","
              "\"topology.kubernetes.io/zone\":\"z%u\"}},\"spec\":{\"taints\":[%s]},\"status\":{"
              "\"allocatable\":{\"cpu\":\"%s\",\"memory\":\"8Gi\",\"pods\":\"%u\","
              "\"example.com/gpu\":\"1\"}}}",
              number, number, below(course, 3), PICK(course, taints), PICK(course, cpus),
              3 + below(course, 4)));
}

static const char *volumes_of(struct course *course)
{
    if (course->run->claims == 0 || below(course, 3) < (course->run->small ? 1U : 2U)) {
        return "";
    }
    return pf_arena_printf(
        &course->world.arena,
        "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":"
        "\"c%u\"}}%s],",
        below(course, course->run->claims),
        below(course, 4) == 0 ? ",{\"name\":\"d\",\"gcePersistentDisk\":{\"pdName\":\"d1\"}}" : "");
}

static const char *affinity_of(struct course *course)
{
    static const char *const parts[] = {
        "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
        "\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":{\"matchLabels\":{\"app\":"
        "\"a\"}}}]}},",
        "\"affinity\":{\"podAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
        "\"topologyKey\":\"topology.kubernetes.io/zone\",\"labelSelector\":{\"matchLabels\":{"
        "\"app\":\"b\"}}}]}},",
        "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":"
        "\"topology.kubernetes.io/zone\",\"whenUnsatisfiable\":\"DoNotSchedule\",\"labelSelector\":"
        "{\"matchLabels\":{\"app\":\"a\"}}}],",
        "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
        "\"topologyKey\":\"topology.kubernetes.io/zone\",\"namespaceSelector\":{\"matchLabels\":{"
        "\"team\":\"x\"}},\"labelSelector\":{\"matchLabels\":{\"app\":\"c\"}}}]}},",
    };
    return course->run->topology && below(course, 3) == 0 ? PICK(course, parts) : "";
}

static void apply_pod(struct course *course, unsigned number, bool nominated)
{
    static const char *const cpus[] = {"250m", "500m", "1", "2"};
    static const char *const priorities[] = {"0", "0", "5", "5", "50", "2000"};
    static const char *const apps[] = {"a", "b", "c"};
    static const char *const starts[] = {"", "\"startTime\":\"2026-01-01T00:00:00Z\",",
                                         "\"startTime\":\"2026-01-02T00:00:00Z\","};
    static const char *const deletions[] = {"", "", "", "",
                                            "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","};
    static const char *const ports[] = {"", "", "",
                                        "\"ports\":[{\"containerPort\":80,\"hostPort\":80}],"};
    static const char *const gpus[] = {"", "", "", ",\"example.com/gpu\":\"1\""};
    const unsigned node = below(course, course->run->nodes);
    const char *place =
        nominated ? "" : pf_arena_printf(&course->world.arena, "\"nodeName\":\"n%u\",", node);
    const char *nomination =
        nominated ? pf_arena_printf(&course->world.arena, "\"nominatedNodeName\":\"n%u\",", node)
                  : "";
    world_pod(
        &course->world,
        PRINT(course,
              "{\"metadata\":{%s\"namespace\":\"ns\",\"name\":\"p%u\",\"uid\":\"u%u\",\"labels\":{"
              "\"app\":\"%s\"}},\"spec\":{%s%s%s\"priority\":%s,\"containers\":[{\"name\":\"c\",%s"
              "\"resources\":{\"requests\":{\"cpu\":\"%s\"%s}}}]},\"status\":{%s%s\"phase\":"
              "\"Running\"}}",
              PICK(course, deletions), number, number, PICK(course, apps), place,
              affinity_of(course), volumes_of(course), PICK(course, priorities),
              PICK(course, ports), course->run->small ? "1m" : PICK(course, cpus),
              PICK(course, gpus), PICK(course, starts), nomination));
}

static void apply_budget(struct course *course)
{
    static const char *const apps[] = {"a", "b", "c"};
    const unsigned number = below(course, 3);
    if (below(course, 4) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_BUDGET, PF_SV("ns"),
                                     PRINT(course, "b%u", number));
        return;
    }
    world_object(&course->world, PF_KIND_BUDGET,
                 PRINT(course,
                       "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"b%u\"},\"spec\":{"
                       "\"selector\":{\"matchLabels\":{\"app\":\"%s\"}}},\"status\":{"
                       "\"disruptionsAllowed\":%u}}",
                       number, PICK(course, apps), below(course, 3)));
}

static void apply_namespace(struct course *course)
{
    static const char *const labels[] = {"", "\"team\":\"x\""};
    world_namespace(
        &course->world,
        PRINT(course, "{\"metadata\":{\"name\":\"ns\",\"labels\":{%s}}}", PICK(course, labels)));
}

/* ---- storage ---- */

static void apply_class(struct course *course)
{
    static const char *const modes[] = {"WaitForFirstConsumer", "WaitForFirstConsumer",
                                        "Immediate"};
    static const char *const provisioners[] = {"csi.example.com", "csi.example.com",
                                               "kubernetes.io/no-provisioner"};
    world_object(&course->world, PF_KIND_STORAGE_CLASS,
                 PRINT(course,
                       "{\"metadata\":{\"name\":\"fast\"},\"provisioner\":\"%s\","
                       "\"volumeBindingMode\":\"%s\"}",
                       PICK(course, provisioners), PICK(course, modes)));
}

static void apply_claim(struct course *course)
{
    static const char *const sizes[] = {"1Gi", "2Gi"};
    static const char *const modes[] = {"ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod"};
    const unsigned number = below(course, course->run->claims);
    const bool bound = below(course, 3) == 0;
    if (below(course, 8) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_CLAIM, PF_SV("ns"),
                                     PRINT(course, "c%u", number));
        return;
    }
    world_object(
        &course->world, PF_KIND_CLAIM,
        PRINT(course,
              "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"c%u\",\"annotations\":{%s}},\"spec\":"
              "{\"storageClassName\":\"fast\",\"accessModes\":[\"%s\"],\"resources\":{\"requests\":"
              "{\"storage\":\"%s\"}}%s},\"status\":{\"phase\":\"%s\"}}",
              number, bound ? "\"pv.kubernetes.io/bind-completed\":\"yes\"" : "",
              PICK(course, modes), PICK(course, sizes),
              bound ? world_text(&course->world, PRINT(course, ",\"volumeName\":\"v%u\"",
                                                       below(course, course->run->claims)))
                    : "",
              bound ? "Bound" : "Pending"));
}

static void apply_volume(struct course *course)
{
    const unsigned number = below(course, course->run->claims);
    if (below(course, 8) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_VOLUME, PF_SV(""),
                                     PRINT(course, "v%u", number));
        return;
    }
    world_object(
        &course->world, PF_KIND_VOLUME,
        PRINT(
            course,
            "{\"metadata\":{\"name\":\"v%u\",\"labels\":{%s}},\"spec\":{\"storageClassName\":"
            "\"fast\",\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{\"storage\":\"1Gi\"},"
            "\"csi\":{\"driver\":\"csi.example.com\",\"volumeHandle\":\"h%u\"},\"nodeAffinity\":{"
            "\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":"
            "\"topology.kubernetes.io/zone\",\"operator\":\"In\",\"values\":[\"z%u\",\"z%u\"]}]}]}"
            "}},\"status\":{\"phase\":\"Available\"}}",
            number, below(course, 2) == 0 ? "\"topology.kubernetes.io/zone\":\"z0__z1\"" : "",
            number, below(course, 3), below(course, 3)));
}

static void apply_csi_node(struct course *course)
{
    const unsigned number = below(course, course->run->nodes);
    world_object(&course->world, PF_KIND_CSI_NODE,
                 PRINT(course,
                       "{\"metadata\":{\"name\":\"n%u\"},\"spec\":{\"drivers\":[{\"name\":"
                       "\"csi.example.com\",\"nodeID\":\"n\",\"allocatable\":{\"count\":%u}}]}}",
                       number, 1 + below(course, 3)));
}

static void apply_capacity(struct course *course)
{
    static const char *const amounts[] = {"1Gi", "4Gi", "512Mi"};
    world_object(&course->world, PF_KIND_CSI_DRIVER,
                 PRINT(course,
                       "{\"metadata\":{\"name\":\"csi.example.com\"},\"spec\":{\"storageCapacity\":"
                       "%s}}",
                       below(course, 3) == 0 ? "false" : "true"));
    world_object(&course->world, PF_KIND_STORAGE_CAPACITY,
                 PRINT(course,
                       "{\"metadata\":{\"namespace\":\"csi\",\"name\":\"s%u\"},"
                       "\"storageClassName\":\"fast\",\"capacity\":\"%s\",\"nodeTopology\":{"
                       "\"matchLabels\":{\"topology.kubernetes.io/zone\":\"z%u\"}}}",
                       below(course, 3), PICK(course, amounts), below(course, 3)));
}

static void apply_attachment(struct course *course)
{
    const unsigned number = below(course, course->run->claims);
    if (below(course, 3) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_ATTACHMENT, PF_SV(""),
                                     PRINT(course, "t%u", number));
        return;
    }
    world_object(
        &course->world, PF_KIND_ATTACHMENT,
        PRINT(course,
              "{\"metadata\":{\"name\":\"t%u\"},\"spec\":{\"attacher\":\"csi.example.com\","
              "\"nodeName\":\"n%u\",\"source\":{\"persistentVolumeName\":\"v%u\"}}}",
              number, below(course, course->run->nodes), below(course, course->run->claims)));
}

static void change_storage(struct course *course)
{
    static void (*const changes[])(struct course *) = {
        apply_claim,    apply_claim,    apply_claim,      apply_volume, apply_volume,
        apply_csi_node, apply_capacity, apply_attachment, apply_class,
    };
    static void (*const of_nodes[])(struct course *) = {apply_csi_node, apply_attachment};
    if (course->run->small && below(course, 8) != 0) {
        PICK(course, of_nodes)(course);
    } else {
        PICK(course, changes)(course);
    }
}

/* ---- the cluster ---- */

static void remove_something(struct course *course)
{
    struct pf_model *model = course->world.model;
    if (below(course, 4) == 0) {
        (void)pf_model_remove_node(model, PRINT(course, "n%u", below(course, course->run->nodes)));
    } else {
        (void)pf_model_remove_pod(model, PF_SV("ns"),
                                  PRINT(course, "p%u", below(course, course->run->pods)),
                                  (struct pf_sv){0});
    }
}

static void change_something(struct course *course)
{
    if (course->run->claims != 0 && below(course, 3) < (course->run->small ? 2U : 1U)) {
        change_storage(course);
        return;
    }
    switch (below(course, 12)) {
    case 0:
        apply_node(course, below(course, course->run->nodes));
        break;
    case 1:
        remove_something(course);
        break;
    case 2:
        apply_budget(course);
        break;
    case 3:
        apply_pod(course, below(course, course->run->pods), /* nominated= */ true);
        break;
    case 4:
        (void)pf_reservation_drop(course->world.model,
                                  PRINT(course, "review-%u", below(course, REVIEWS)));
        break;
    case 5:
        apply_namespace(course);
        break;
    case 6:
    case 7:
        break; /* the same cluster, asked again */
    default:
        apply_pod(course, below(course, course->run->pods), /* nominated= */ false);
        break;
    }
}

/* Few questions, so that they come again. */
static struct pf_pod make_question(struct course *course)
{
    static const char *const cpus[] = {"1", "2", "3"};
    static const char *const priorities[] = {"1", "10", "1000"};
    static const char *const ports[] = {"", "",
                                        "\"ports\":[{\"containerPort\":80,\"hostPort\":80}],"};
    static const char *const apps[] = {"a", "c"};
    static const char *const gpus[] = {"", "", "", ",\"example.com/gpu\":\"1\""};
    static const char format[] = "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"%s\"}},"
                                 "\"spec\":{%s%s\"priority\":%s,\"containers\":[{\"name\":\"c\",%s"
                                 "\"resources\":{\"requests\":{\"cpu\":\"%s\"%s}}}]}}";
    if (course->run->small) {
        return world_incoming(
            &course->world, PRINT(course, format, "a", "", volumes_of(course), "10", "", "1m", ""));
    }
    return world_incoming(&course->world,
                          PRINT(course, format, PICK(course, apps), affinity_of(course),
                                volumes_of(course), PICK(course, priorities), PICK(course, ports),
                                PICK(course, cpus), PICK(course, gpus)));
}

static void reserve(struct course *course, const struct pf_pod *pod,
                    const struct pf_judgement *judgement)
{
    if (judgement->verdict != PF_VERDICT_FITS) {
        return;
    }
    const struct pf_reservation_spec spec = {
        .review_uid = PRINT(course, "review-%u", below(course, REVIEWS)),
        .namespace_ = PF_SV("ns"),
        .pod = pod,
        .request = &judgement->request,
        .node = judgement->node,
        .binds = judgement->binds,
    };
    assert_int_equal(pf_reservation_put(course->world.model, &spec, NULL), PF_OK);
}

static void note(struct met *met, const struct pf_pod *pod, const struct pf_judgement *judgement)
{
    met->evicting += judgement->preemption != NULL;
    met->vain += pf_sv_find(judgement->post_filter, PF_SV("Insufficient cpu")) != SIZE_MAX;
    met->fits += judgement->verdict == PF_VERDICT_FITS && judgement->preemption == NULL;
    met->with_claims += pod->volume_count != 0 && judgement->verdict != PF_VERDICT_UNKNOWN &&
                        pf_sv_find(judgement->post_filter, PF_SV("not found")) == SIZE_MAX;
}

/* In steps of some nodes, the answer with everything that an explanation sums up. */
static void count_in_steps(struct course *course, const struct pf_pod *pod)
{
    struct world *world = &course->world;
    const struct pf_fit_ask ask = {.pod = pod, .ignore_preemption = true};
    const uint32_t most = 1 + below(course, 5);
    struct pf_fit_count count = {.next = 0};
    struct pf_explanation explanation;
    do {
        assert_int_equal(pf_fit_count_step(world->fit, &ask, most, &world->arena, &count, NULL),
                         PF_OK);
        assert_true(count.handled <= most);
    } while (count.more);
    assert_int_equal(pf_fit_explain_ask(world->fit, &ask, &world->arena, &explanation, NULL),
                     PF_OK);
    assert_true(world_same(&count.judgement, &explanation.judgement));
    assert_true(pf_sv_eq(count.judgement.binding, explanation.judgement.binding));
    assert_true(count.pods == explanation.slots);
    assert_true(explanation.node_count == 0 ||
                count.constraint_count == explanation.constraint_count);
    for (size_t c = 0; c < explanation.constraint_count; c++) {
        uint64_t room = 0;
        for (size_t i = 0; i < explanation.node_count; i++) {
            room += explanation.nodes[i].room != NULL ? explanation.nodes[i].room[c] : 0;
        }
        assert_true(pf_sv_eq(count.constraints[c], explanation.constraints[c]));
        assert_true(count.rooms[count.of[c]] == room);
    }
}

static void ask(struct course *course, unsigned step)
{
    struct world *world = &course->world;
    struct pf_judgement judgement;
    struct pf_explanation explanation;
    const struct pf_pod pod = make_question(course);
    if (below(course, 8) == 0) {
        count_in_steps(course, &pod); /* also of what was not asked before */
    }
    assert_int_equal(pf_fit_judge(world->fit, &pod, &world->arena, &judgement, NULL), PF_OK);
    assert_int_equal(pf_fit_explain(world->fit, &pod, &world->arena, &explanation, NULL), PF_OK);
    if (!world_same(&judgement, &explanation.judgement)) {
        fail_msg("%s, step %u", course->run->name, step);
    }
    note(&course->met, &pod, &judgement);
    if (below(course, 8) == 0) {
        count_in_steps(course, &pod);
    }
    if (below(course, 3) == 0) {
        reserve(course, &pod, &judgement);
    }
}

static void fill(struct course *course)
{
    apply_namespace(course);
    pf_model_mark_kind(course->world.model, PF_KIND_BUDGET);
    for (unsigned i = 0; i < course->run->nodes; i++) {
        apply_node(course, i);
    }
    for (unsigned i = 0; i < course->run->pods; i++) {
        apply_pod(course, i, /* nominated= */ false);
    }
    if (course->run->claims == 0) {
        return;
    }
    for (unsigned i = 0; i < PF_KIND_COUNT; i++) {
        pf_model_mark_kind(course->world.model, (enum pf_kind)i);
    }
    for (unsigned i = 0; i < course->run->claims * 20; i++) {
        change_storage(course);
    }
}

static void check_met(const struct course *course)
{
    const struct met *met = &course->met;
    const unsigned least = course->run->least;
    print_message("%s: %u evict, %u in vain, %u with claims, %u fit\n", course->run->name,
                  met->evicting, met->vain, met->with_claims, met->fits);
    assert_true(met->evicting >= least);
    assert_true(course->run->small || met->vain >= least);
    assert_true(met->fits >= least);
    assert_true(course->run->claims == 0 || met->with_claims >= least);
}

static void walk(const struct run *run)
{
    struct course course = {.run = run, .random = {.state = run->seed}};
    struct pf_err err = {0};
    world_init(&course.world, 36, NULL);
    fill(&course);
    for (unsigned i = 0; i < run->steps; i++) {
        pf_arena_reset(&course.world.arena);
        change_something(&course);
        ask(&course, i);
        if (i % 1000 == 0 && pf_model_check(course.world.model, &err) != PF_OK) {
            fail_msg("%s, step %u: %s", run->name, i, err.text);
        }
    }
    check_met(&course);
    world_done(&course.world);
}

static const struct run runs[] = {
    {.name = "few nodes", .seed = 1, .nodes = 8, .pods = 24, .steps = 20000, .least = 300},
    {.name = "more nodes than kube-scheduler looks at",
     .seed = 2,
     .nodes = 150,
     .pods = 1000,
     .steps = 2500,
     .least = 50},
    {.name = "other pods decide",
     .seed = 3,
     .nodes = 8,
     .pods = 24,
     .steps = 12000,
     .least = 300,
     .topology = true},
    {.name = "storage",
     .seed = 4,
     .nodes = 8,
     .pods = 24,
     .claims = 6,
     .steps = 20000,
     .least = 300},
    {.name = "storage alone",
     .seed = 6,
     .nodes = 5,
     .pods = 8,
     .claims = 5,
     .steps = 20000,
     .least = 300,
     .small = true},
    {.name = "storage and other pods",
     .seed = 5,
     .nodes = 8,
     .pods = 24,
     .claims = 6,
     .steps = 8000,
     .least = 100,
     .topology = true},
};

static void test_remembered_equals_searched(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(runs); i++) {
        walk(&runs[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered_equals_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

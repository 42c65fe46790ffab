/*
 * Room that is promised once: volumes, attachments, disks, ports and devices of pods on their way, as reservations, as pods that wait, and after that. Two
 * nodes, a in zone a and b in zone b.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "volume_rows.h"
#include "world.h"
#include <podfit/columns.h>
#include <podfit/snapshot.h>
#include <podfit/volumes.h>

#define PODS_MAX  6
#define LOCAL     CLASS("local", "kubernetes.io/no-provisioner", WAIT, "")
#define CAP_CLASS CLASS("cap", "csi.cap", WAIT, "") CSI_DRIVER("csi.cap", "true")
#define AT(node)                                                                            \
    ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone'," \
    "'operator':'In','values':['" node "']}]}]}}"
#define DISK(id) "{'name':'d','gcePersistentDisk':{'pdName':'" id "'}}"
#define PORT     "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':80}]}]"
#define GPU(count) \
    "'containers':[{'name':'c','resources':{'limits':{'example.com/gpu':'" count "'}}}]"
#define FIVE_CLAIMS            \
    LATE("c0", "local", "5Gi") \
    LATE("c1", "local", "5Gi") \
    LATE("c2", "local", "5Gi") LATE("c3", "local", "5Gi") LATE("c4", "local", "5Gi") LOCAL
#define RWOP(name)                                                                \
    CLAIM(name, BOUND_BY, "'volumeName':'pv','accessModes':['ReadWriteOncePod']", \
          "'phase':'Bound'")                                                      \
    VOLUME("pv", "", CSI("csi.a", "h"), "Bound") NO_LIMITS

struct burst {
    const char *name;
    const char *objects;
    const char *pods[PODS_MAX];
    const char *expected; /* places, or verdicts of those without one */
};

static const struct burst bursts[] = {
    {"as many as there are volumes",
     FIVE_CLAIMS FREE("v0", "local", "9Gi", AT("a")) FREE("v1", "local", "9Gi", AT("b"))
         FREE("v2", "local", "9Gi", AT("b")),
     {USES("c0"), USES("c1"), USES("c2"), USES("c3"), USES("c4")},
     "a b b full full "},
    {"the smallest that is large enough",
     LATE("c0", "local", "5Gi") LATE("c1", "local", "8Gi") LATE("c2", "local", "1Gi")
         LOCAL FREE("v0", "local", "9Gi", AT("a")) FREE("v1", "local", "6Gi", AT("a")),
     {USES("c0"), USES("c1"), USES("c2")},
     "a a full "},
    {"one pod with two claims",
     FIVE_CLAIMS FREE("v0", "local", "9Gi", AT("a")) FREE("v1", "local", "9Gi", AT("a"))
         FREE("v2", "local", "9Gi", AT("b")) FREE("v3", "local", "9Gi", AT("b")),
     {USES("c0") "," USES("c1"), USES("c2") "," USES("c3"), USES("c4")},
     "a b full "},
    {"two pods with one claim go where the volume is",
     FIVE_CLAIMS FREE("v0", "local", "9Gi", AT("b")) FREE("v1", "local", "9Gi", AT("a")),
     {USES("c0"), USES("c0"), USES("c0"), USES("c1"), USES("c2")},
     "a a a b full "},
    {"a volume that both nodes reach is one volume",
     FIVE_CLAIMS FREE("v0", "local", "9Gi", ""),
     {USES("c0"), USES("c1")},
     "a full "},
    {"a volume that names a claim is nobody else's",
     FIVE_CLAIMS VOLUME("v0", "",
                        "'storageClassName':'local','capacity':{'storage':'9Gi'},'accessModes':["
                        "'ReadWriteOnce'],'claimRef':{'namespace':'ns','name':'c1'}" AT("b"),
                        "Available"),
     {USES("c0"), USES("c1"), USES("c2")},
     "full b full "},
    {"provisioned: the published capacity is not reduced, as upstream",
     LATE("c0", "cap", "5Gi") LATE("c1", "cap", "5Gi") LATE("c2", "cap", "5Gi")
         CAP_CLASS CAPACITY("k", "cap", "b", "'capacity':'6Gi'"),
     {USES("c0"), USES("c1"), USES("c2")},
     "b b b "},
    {"provisioned once: the second pod of a claim goes to the same node",
     LATE("c0", "cap", "5Gi") CAP_CLASS CAPACITY("k", "cap", "a", "'capacity':'6Gi'")
         CAPACITY("l", "cap", "b", "'capacity':'6Gi'"),
     {USES("c0"), "'containers':[{'name':'c','resources':{'requests':{'cpu':'3'}}}]", USES("c0"),
      USES("c0")},
     "a b a a "},
    {"ReadWriteOncePod", RWOP("c0"), {USES("c0"), USES("c0")}, "a full "},
    {"volumes that a driver attaches",
     LATE("c0", "csi", "5Gi") LATE("c1", "csi", "5Gi") LATE("c2", "csi", "5Gi")
         CLASS("csi", "csi.a", WAIT, "") CSI_NODE("a", DRIVER("csi.a", "1"))
             CSI_NODE("b", DRIVER("csi.a", "1")),
     {USES("c0"), USES("c1"), USES("c2"), USES("c0")},
     "a b full a "},
    {"a disk", "", {DISK("d"), DISK("d"), DISK("d"), DISK("e")}, "a b full a "},
    {"a host port", "", {PORT, PORT, PORT}, "a b full "},
    {"devices of a class that the node's plug-in offers",
     DEVICES("d", "example.com/gpu"),
     {GPU("1"), GPU("1"), GPU("1")},
     "a b full "},
};

enum mode {
    RESERVED, /* nothing of them is seen */
    SEEN,     /* as pods that wait, where their room was held */
    WAITING,  /* as pods that podfit had not been asked about */
    MODES,
};

static struct pf_sv quote(struct pf_arena *arena, const char *text)
{
    char *copy = pf_arena_dup(arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return pf_sv_from(copy);
}

static void check(struct world *world, const char *name)
{
    struct pf_err err = {0};
    if (pf_model_check(world->model, &err) != PF_OK) {
        fail_msg("%s: %s", name, err.text);
    }
}

/* More objects; the first character is the comma that the macros begin with. */
static void add(struct world *world, const char *objects)
{
    struct pf_snapshot_stats stats;
    struct pf_err err = {0};
    const char *text = pf_arena_printf(&world->arena, "{'kind':'List','items':[%s]}", objects + 1);
    if (pf_snapshot_load_bytes(world->model, quote(&world->arena, text), "objects", &stats, &err) !=
        PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void begin(struct world *world, const char *objects)
{
    world_init(world, 36, NULL);
    for (unsigned kind = 0; kind < PF_KIND_COUNT; kind++) {
        pf_model_mark_kind(world->model, (enum pf_kind)kind);
    }
    add(world,
        ",{'apiVersion':'v1','kind':'Node','metadata':{'name':'a','labels':{'zone':'a'}},'status':"
        "{'allocatable':{'cpu':'4','pods':'10','example.com/gpu':'1'}}},"
        "{'apiVersion':'v1','kind':'Node','metadata':{'name':'b','labels':{'zone':'b'}},'status':{"
        "'allocatable':{'cpu':'4','pods':'10','example.com/gpu':'1'}}}");
    if (objects[0] != '\0') {
        add(world, objects);
    }
}

/* A pod; @param node  NULL: it has none yet */
static struct pf_sv pod_text(struct world *world, unsigned number, const char *pod, bool annotated,
                             const char *node)
{
    const bool whole = pod[0] == '\'';
    return quote(
        &world->arena,
        pf_arena_printf(
            &world->arena,
            "{'metadata':{'namespace':'ns','name':'p%u','uid':'u-p%u','annotations':{%s"
            "%s}},'spec':{%s%s%s%s%s%s}}",
            number, number, annotated ? "'podfit.io/review':" : "",
            annotated ? pf_arena_printf(&world->arena, "'r%u'", number) : "",
            node != NULL ? "'nodeName':'" : "", node != NULL ? node : "", node != NULL ? "'," : "",
            whole ? "" : "'containers':[{'name':'c'}],'volumes':[", pod, whole ? "" : "]"));
}

static void reserve(struct world *world, unsigned number, struct pf_sv json,
                    const struct pf_judgement *judgement)
{
    struct pf_err err = {0};
    const struct pf_pod pod = world_incoming(world, json);
    char uid[8];
    (void)snprintf(uid, sizeof(uid), "r%u", number);
    const struct pf_reservation_spec spec = {.review_uid = pf_sv_from(uid),
                                             .namespace_ = PF_SV("ns"),
                                             .pod = &pod,
                                             .request = &judgement->request,
                                             .node = judgement->predicted,
                                             .binds = judgement->binds};
    assert_int_equal(pf_reservation_put(world->model, &spec, &err), PF_OK);
}

static void place(struct world *world)
{
    struct pf_err err = {0};
    assert_int_equal(pf_fit_place_pending(world->fit, &err), PF_OK);
}

/* Judge a pod and let it be admitted; its place or verdict and a space. */
static const char *promise(struct world *world, unsigned number, const char *pod, enum mode mode)
{
    const struct pf_sv json = pod_text(world, number, pod, mode == SEEN, NULL);
    const struct pf_judgement judgement = world_judge(world, json);
    const bool fits = judgement.verdict == PF_VERDICT_FITS;
    const struct pf_sv name =
        fits ? pf_intern_text(pf_model_strings(world->model),
                              pf_model_columns(world->model)->name[judgement.node])
             : (struct pf_sv){0};
    const char *said = pf_arena_printf(&world->arena, "%.*s%s ", PF_SV_ARG(name),
                                       fits ? "" : pf_verdict_name(judgement.verdict));
    if (fits && mode != WAITING) {
        reserve(world, number, json, &judgement);
    }
    if (fits && mode != RESERVED) {
        world_pod(world, json);
        place(world);
    }
    check(world, pod);
    return said;
}

static const char *run(struct world *world, const struct burst *burst, enum mode mode)
{
    const char *said = "";
    for (unsigned i = 0; i < PODS_MAX && burst->pods[i] != NULL; i++) {
        said =
            pf_arena_printf(&world->arena, "%s%s", said, promise(world, i, burst->pods[i], mode));
    }
    return said;
}

static void forget(struct world *world)
{
    world->now_ns += 15001 * INT64_C(1000000);
    (void)pf_reservation_expire(world->model);
    for (unsigned i = 0; i < PODS_MAX; i++) {
        (void)pf_model_remove_pod(world->model, PF_SV("ns"),
                                  pf_sv_from(pf_arena_printf(&world->arena, "p%u", i)), PF_SV(""));
    }
}

/* Twice: the second time when all of the first is gone. @return rounds that were wrong */
static unsigned check_burst(const struct burst *burst, enum mode mode)
{
    struct world world;
    unsigned failed = 0;
    begin(&world, burst->objects);
    for (int round = 0; round < 2; round++) {
        const char *said = run(&world, burst, mode);
        if (strcmp(said, burst->expected) != 0) {
            print_error("%s, mode %u, round %d: %s\n", burst->name, (unsigned)mode, round, said);
            failed++;
        }
        forget(&world);
        check(&world, burst->name);
        assert_int_equal(pf_model_assumed_count(world.model), 0);
    }
    world_done(&world);
    return failed;
}

static void test_bursts(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
        for (enum mode mode = RESERVED; mode < MODES; mode++) {
            failed += check_burst(&bursts[i], mode);
        }
    }
    assert_int_equal(failed, 0);
}

/* ---- what the cluster does meanwhile ---- */

#define PAIR FIVE_CLAIMS FREE("va", "local", "9Gi", AT("a")) FREE("vb", "local", "9Gi", AT("b"))
#define GIVEN(name, node, claim)                                                              \
    VOLUME(name, "",                                                                          \
           "'storageClassName':'local','capacity':{'storage':'9Gi'},'accessModes':["          \
           "'ReadWriteOnce'],'claimRef':{'namespace':'ns','name':'" claim "','uid':'u-" claim \
           "'}" AT(node),                                                                     \
           "Bound")

enum step_kind {
    END,
    PROMISE,  /* text: claim; expected: place or verdict */
    APPEAR,   /* pod `number` with claim `text` waits */
    NOMINATE, /* pod `number` with claim `text` waits for its volumes on `expected` */
    BIND,     /* pod `number` with claim `text` is bound to `expected` */
    OBJECTS,  /* text: objects */
    VANISH,   /* pod `number` */
    LOSE,     /* the PersistentVolume of that name is deleted */
    UNCLAIM,  /* the claim of that name is deleted */
    LATER,    /* number: milliseconds */
    COUNT,    /* number: claims of which something is assumed */
};

struct step {
    enum step_kind kind;
    unsigned number;
    const char *text;
    const char *expected;
};

struct course {
    const char *name;
    const char *objects;
    struct step steps[12];
};

static const struct course courses[] = {
    {"kept until the volume shows its claim",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {BIND, 0, USES("c0"), "a"},
      {PROMISE, 2, USES("c2"), "full "},
      {COUNT, 2, NULL, NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"kept for a TTL when that is never seen",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {BIND, 0, USES("c0"), "a"},
      {LATER, 14999, NULL, NULL},
      {COUNT, 1, NULL, NULL},
      {LATER, 1, NULL, NULL},
      {COUNT, 0, NULL, NULL}}},
    {"nominated while kube-scheduler waits for the volume",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {NOMINATE, 0, USES("c0"), "b"},
      {PROMISE, 1, USES("c1"), "b "},
      {PROMISE, 2, USES("c2"), "full "},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"bound before podfit had a place for it",
     LOCAL FREE("va", "local", "9Gi", AT("a")),
     {{APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, LATE("c0", "local", "5Gi") LATE("c1", "local", "5Gi"), "asleep"},
      {BIND, 0, USES("c0"), "a"},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"the volume is seen before the pod",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c0"), NULL},
      {BIND, 0, USES("c0"), "a"},
      {COUNT, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "b "},
      {PROMISE, 2, USES("c2"), "full "}}},
    {"a tie broken otherwise: pods that wait change places",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {APPEAR, 0, USES("c0"), NULL},
      {APPEAR, 1, USES("c1"), NULL},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 1, USES("c1"), "a"},
      {OBJECTS, 0, GIVEN("va", "a", "c1"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"and the pod is seen first",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {BIND, 0, USES("c0"), "b"},
      {PROMISE, 2, USES("c2"), "full "},
      {OBJECTS, 0, GIVEN("vb", "b", "c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {APPEAR, 1, USES("c1"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {BIND, 1, USES("c1"), "a"},
      {OBJECTS, 0, GIVEN("va", "a", "c1"), NULL},
      {COUNT, 0, NULL, NULL}}},
    {"a stranger takes the volume: who waits goes elsewhere",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0, GIVEN("va", "a", "c4"), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {VANISH, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "b "}}},
    {"the volume is deleted",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {LOSE, 0, "va", NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {LOSE, 0, "vb", NULL},
      {COUNT, 0, NULL, NULL},
      {OBJECTS, 0, FREE("vc", "local", "9Gi", AT("a")), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
    {"the claim is deleted",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {UNCLAIM, 0, "c0", NULL},
      {COUNT, 0, NULL, NULL},
      {PROMISE, 1, USES("c1"), "a "},
      {PROMISE, 2, USES("c2"), "b "}}},
    {"a pod that is deleted gives its volume back",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {PROMISE, 1, USES("c1"), "b "},
      {APPEAR, 0, USES("c0"), NULL},
      {PROMISE, 2, USES("c2"), "full "},
      {VANISH, 0, NULL, NULL},
      {COUNT, 1, NULL, NULL},
      {PROMISE, 2, USES("c2"), "a "}}},
    {"a node goes",
     PAIR,
     {{PROMISE, 0, USES("c0"), "a "},
      {APPEAR, 0, USES("c0"), NULL},
      {OBJECTS, 0,
       ",{'apiVersion':'v1','kind':'Node','metadata':{'name':'a','labels':{'zone':'x'}},'status':{"
       "'allocatable':{'cpu':'4','pods':'10'}}}",
       NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
    {"a claim that comes after its pod",
     LOCAL FREE("va", "local", "9Gi", AT("a")),
     {{PROMISE, 0, USES("c0"), "unknown "},
      {APPEAR, 0, USES("c0"), NULL},
      {COUNT, 0, NULL, NULL},
      {OBJECTS, 0, LATE("c0", "local", "5Gi") LATE("c1", "local", "5Gi"), NULL},
      {PROMISE, 1, USES("c1"), "full "},
      {COUNT, 1, NULL, NULL}}},
};

static void nominate(struct world *world, unsigned number, const char *pod, const char *node)
{
    struct pf_err err = {0};
    struct pf_pod decoded;
    const struct pf_sv json = pod_text(world, number, pod, /* annotated= */ true, NULL);
    assert_int_equal(pf_pod_decode(json, &world->arena, &decoded, &err), PF_OK);
    decoded.nominated_node_name = pf_sv_from(node);
    assert_int_equal(pf_model_apply_pod(world->model, &decoded, &err), PF_OK);
}

static void take_step(struct world *world, const struct course *course, const struct step *step)
{
    const char *said = NULL;
    switch (step->kind) {
    case PROMISE:
        said = promise(world, step->number, step->text, RESERVED);
        if (strcmp(said, step->expected) != 0) {
            fail_msg("%s, step %d: %s", course->name, (int)(step - course->steps), said);
        }
        break;
    case NOMINATE:
        nominate(world, step->number, step->text, step->expected);
        break;
    case APPEAR:
    case BIND:
        world_pod(world, pod_text(world, step->number, step->text, /* annotated= */ true,
                                  step->kind == BIND ? step->expected : NULL));
        place(world);
        break;
    case OBJECTS:
        add(world, step->text);
        if (step->expected == NULL) { /* else nobody asks podfit to place anything */
            place(world);
        }
        break;
    case VANISH:
        assert_true(pf_model_remove_pod(
            world->model, PF_SV("ns"),
            pf_sv_from(pf_arena_printf(&world->arena, "p%u", step->number)), PF_SV("")));
        break;
    case LOSE:
        assert_true(pf_model_remove_object(world->model, PF_KIND_VOLUME, PF_SV(""),
                                           pf_sv_from(step->text)));
        place(world);
        break;
    case UNCLAIM:
        assert_true(pf_model_remove_object(world->model, PF_KIND_CLAIM, PF_SV("ns"),
                                           pf_sv_from(step->text)));
        place(world);
        break;
    case LATER:
        world->now_ns += step->number * INT64_C(1000000);
        (void)pf_reservation_expire(world->model);
        break;
    case COUNT:
        if (pf_model_assumed_count(world->model) != step->number) {
            fail_msg("%s, step %d: %zu are assumed", course->name, (int)(step - course->steps),
                     pf_model_assumed_count(world->model));
        }
        break;
    case END:
    default:
        break;
    }
    check(world, course->name);
}

static void test_courses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(courses) / sizeof(courses[0]); i++) {
        struct world world;
        begin(&world, courses[i].objects);
        for (size_t k = 0; k < sizeof(courses[i].steps) / sizeof(courses[i].steps[0]); k++) {
            take_step(&world, &courses[i], &courses[i].steps[k]);
        }
        world_done(&world);
    }
}

/* ---- whatever happens, in whatever order ---- */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

static void random_object(struct world *world, uint64_t *seed)
{
    const unsigned volume = draw(seed, 4);
    const unsigned claim = draw(seed, 5);
    const char *where = draw(seed, 2) != 0 ? "a" : "b";
    const char *name = pf_arena_printf(&world->arena, "v%u", volume);
    const char *claim_name = pf_arena_printf(&world->arena, "c%u", claim);
    const char *reference =
        draw(seed, 2) != 0
            ? pf_arena_printf(&world->arena, ",'claimRef':{'namespace':'ns','name':'c%u'}", claim)
            : "";
    switch (draw(seed, 6)) {
    case 0:
        (void)pf_model_remove_object(world->model, PF_KIND_VOLUME, PF_SV(""), pf_sv_from(name));
        break;
    case 1:
        (void)pf_model_remove_object(world->model, PF_KIND_CLAIM, PF_SV("ns"),
                                     pf_sv_from(claim_name));
        break;
    case 2:
    case 3:
        add(world, pf_arena_printf(&world->arena, LATE("c%u", "local", "5Gi"), claim, claim));
        break;
    default:
        add(world, pf_arena_printf(
                       &world->arena,
                       ",{'apiVersion':'v1','kind':'PersistentVolume','metadata':{'name':'%s'},"
                       "'spec':{'storageClassName':'local','capacity':{'storage':'9Gi'},"
                       "'accessModes':['ReadWriteOnce']%s,'nodeAffinity':{'required':{"
                       "'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone','operator':'In',"
                       "'values':['%s']}]}]}}},'status':{'phase':'%s'}}",
                       name, reference, where, reference[0] != '\0' ? "Bound" : "Available"));
        break;
    }
}

static void random_pod_event(struct world *world, uint64_t *seed)
{
    const unsigned number = draw(seed, PODS_MAX);
    const char *pod = draw(seed, 3) != 0
                          ? pf_arena_printf(&world->arena, USES("c%u"), number % 5, number % 5)
                          : pf_arena_printf(&world->arena, USES("c%u") "," USES("c%u"), number % 5,
                                            number % 5, (number + 1) % 5, (number + 1) % 5);
    switch (draw(seed, 5)) {
    case 0:
    case 1:
        (void)promise(world, number, pod, (enum mode)draw(seed, MODES));
        break;
    case 2:
        world_pod(world, pod_text(world, number, pod, /* annotated= */ true, NULL));
        break;
    case 3:
        world_pod(world, pod_text(world, number, pod, /* annotated= */ true,
                                  draw(seed, 2) != 0 ? "a" : "b"));
        break;
    default:
        (void)pf_model_remove_pod(world->model, PF_SV("ns"),
                                  pf_sv_from(pf_arena_printf(&world->arena, "p%u", number)),
                                  PF_SV(""));
        break;
    }
}

/* The model's own checker agrees after each event, and nothing is left when everybody is gone. */
static void test_random(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 40; round++) {
        uint64_t seed = round;
        struct world world;
        begin(&world, PAIR);
        for (int i = 0; i < 120; i++) {
            pf_arena_reset(&world.arena);
            if (draw(&seed, 3) == 0) {
                random_object(&world, &seed);
            } else {
                random_pod_event(&world, &seed);
            }
            world.now_ns += draw(&seed, 4000) * INT64_C(1000000);
            (void)pf_reservation_expire(world.model);
            if (draw(&seed, 2) != 0) {
                place(&world);
            }
            check(&world, "random");
        }
        forget(&world);
        check(&world, "the end");
        assert_int_equal(pf_model_assumed_count(world.model), 0);
        assert_int_equal(pf_model_stats(world.model).reservations, 0);
        world_done(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_courses),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

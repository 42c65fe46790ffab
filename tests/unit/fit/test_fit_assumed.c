/*
 * Room that is promised once: volumes, attachments, disks, ports and devices of pods on their way, as reservations, as pods that wait, and after that.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "promises.h"
#include <podfit/volumes.h>

#define CAP_CLASS CLASS("cap", "csi.cap", WAIT, "") CSI_DRIVER("csi.cap", "true")
#define DISK(id)  "{'name':'d','gcePersistentDisk':{'pdName':'" id "'}}"
#define PORT      "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':80}]}]"
#define GPU(count) \
    "'containers':[{'name':'c','resources':{'limits':{'example.com/gpu':'" count "'}}}]"
#define RWOP(name)                                                                \
    CLAIM(name, BOUND_BY, "'volumeName':'pv','accessModes':['ReadWriteOncePod']", \
          "'phase':'Bound'")                                                      \
    VOLUME("pv", "", CSI("csi.a", "h"), "Bound") NO_LIMITS

struct burst {
    const char *name;
    const char *objects;
    const char *pods[PROMISES_MAX];
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

static const char *run(struct world *world, const struct burst *burst, enum promise_mode mode)
{
    const char *said = "";
    for (unsigned i = 0; i < PROMISES_MAX && burst->pods[i] != NULL; i++) {
        said = pf_arena_printf(&world->arena, "%s%s", said,
                               promises_make(world, i, burst->pods[i], mode));
    }
    return said;
}

/* Twice: the second time when all of the first is gone. @return rounds that were wrong */
static unsigned check_burst(const struct burst *burst, enum promise_mode mode)
{
    struct world world;
    unsigned failed = 0;
    promises_begin(&world, burst->objects);
    for (int round = 0; round < 2; round++) {
        const char *said = run(&world, burst, mode);
        if (strcmp(said, burst->expected) != 0) {
            print_error("%s, mode %u, round %d: %s\n", burst->name, (unsigned)mode, round, said);
            failed++;
        }
        promises_forget(&world);
        promises_check(&world, burst->name);
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
        for (enum promise_mode mode = RESERVED; mode < PROMISE_MODES; mode++) {
            failed += check_burst(&bursts[i], mode);
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bursts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

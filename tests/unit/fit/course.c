#include "course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* splitmix64 */
unsigned course_below(struct course *course, unsigned limit)
{
    struct random *random = &course->random;
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random->state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % (limit != 0 ? limit : 1));
}

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
              number, number, course_below(course, 3), PICK(course, taints), PICK(course, cpus),
              3 + course_below(course, 4)));
}

const char *course_volumes(struct course *course)
{
    if (course->run->claims == 0 || course_below(course, 3) < (course->run->small ? 1U : 2U)) {
        return "";
    }
    return pf_arena_printf(&course->world.arena,
                           "\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":"
                           "\"c%u\"}}%s],",
                           course_below(course, course->run->claims),
                           course_below(course, 4) == 0
                               ? ",{\"name\":\"d\",\"gcePersistentDisk\":{\"pdName\":\"d1\"}}"
                               : "");
}

const char *course_affinity(struct course *course)
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
    return course->run->topology && course_below(course, 3) == 0 ? PICK(course, parts) : "";
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
    const unsigned node = course_below(course, course->run->nodes);
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
              course_affinity(course), course_volumes(course), PICK(course, priorities),
              PICK(course, ports), course->run->small ? "1m" : PICK(course, cpus),
              PICK(course, gpus), PICK(course, starts), nomination));
}

static void apply_budget(struct course *course)
{
    static const char *const apps[] = {"a", "b", "c"};
    const unsigned number = course_below(course, 3);
    if (course_below(course, 4) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_BUDGET, PF_SV("ns"),
                                     PRINT(course, "b%u", number));
        return;
    }
    world_object(&course->world, PF_KIND_BUDGET,
                 PRINT(course,
                       "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"b%u\"},\"spec\":{"
                       "\"selector\":{\"matchLabels\":{\"app\":\"%s\"}}},\"status\":{"
                       "\"disruptionsAllowed\":%u}}",
                       number, PICK(course, apps), course_below(course, 3)));
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
    const unsigned number = course_below(course, course->run->claims);
    const bool bound = course_below(course, 3) == 0;
    if (course_below(course, 8) == 0) {
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
                                                       course_below(course, course->run->claims)))
                    : "",
              bound ? "Bound" : "Pending"));
}

static void apply_volume(struct course *course)
{
    const unsigned number = course_below(course, course->run->claims);
    if (course_below(course, 8) == 0) {
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
            number,
            course_below(course, 2) == 0 ? "\"topology.kubernetes.io/zone\":\"z0__z1\"" : "",
            number, course_below(course, 3), course_below(course, 3)));
}

static void apply_csi_node(struct course *course)
{
    const unsigned number = course_below(course, course->run->nodes);
    world_object(&course->world, PF_KIND_CSI_NODE,
                 PRINT(course,
                       "{\"metadata\":{\"name\":\"n%u\"},\"spec\":{\"drivers\":[{\"name\":"
                       "\"csi.example.com\",\"nodeID\":\"n\",\"allocatable\":{\"count\":%u}}]}}",
                       number, 1 + course_below(course, 3)));
}

static void apply_capacity(struct course *course)
{
    static const char *const amounts[] = {"1Gi", "4Gi", "512Mi"};
    world_object(&course->world, PF_KIND_CSI_DRIVER,
                 PRINT(course,
                       "{\"metadata\":{\"name\":\"csi.example.com\"},\"spec\":{\"storageCapacity\":"
                       "%s}}",
                       course_below(course, 3) == 0 ? "false" : "true"));
    world_object(&course->world, PF_KIND_STORAGE_CAPACITY,
                 PRINT(course,
                       "{\"metadata\":{\"namespace\":\"csi\",\"name\":\"s%u\"},"
                       "\"storageClassName\":\"fast\",\"capacity\":\"%s\",\"nodeTopology\":{"
                       "\"matchLabels\":{\"topology.kubernetes.io/zone\":\"z%u\"}}}",
                       course_below(course, 3), PICK(course, amounts), course_below(course, 3)));
}

static void apply_attachment(struct course *course)
{
    const unsigned number = course_below(course, course->run->claims);
    if (course_below(course, 3) == 0) {
        (void)pf_model_remove_object(course->world.model, PF_KIND_ATTACHMENT, PF_SV(""),
                                     PRINT(course, "t%u", number));
        return;
    }
    world_object(
        &course->world, PF_KIND_ATTACHMENT,
        PRINT(course,
              "{\"metadata\":{\"name\":\"t%u\"},\"spec\":{\"attacher\":\"csi.example.com\","
              "\"nodeName\":\"n%u\",\"source\":{\"persistentVolumeName\":\"v%u\"}}}",
              number, course_below(course, course->run->nodes),
              course_below(course, course->run->claims)));
}

static void change_storage(struct course *course)
{
    static void (*const changes[])(struct course *) = {
        apply_claim,    apply_claim,    apply_claim,      apply_volume, apply_volume,
        apply_csi_node, apply_capacity, apply_attachment, apply_class,
    };
    static void (*const of_nodes[])(struct course *) = {apply_csi_node, apply_attachment};
    if (course->run->small && course_below(course, 8) != 0) {
        PICK(course, of_nodes)(course);
    } else {
        PICK(course, changes)(course);
    }
}

/* ---- the cluster ---- */

static void remove_something(struct course *course)
{
    struct pf_model *model = course->world.model;
    if (course_below(course, 4) == 0) {
        (void)pf_model_remove_node(model,
                                   PRINT(course, "n%u", course_below(course, course->run->nodes)));
    } else {
        (void)pf_model_remove_pod(model, PF_SV("ns"),
                                  PRINT(course, "p%u", course_below(course, course->run->pods)),
                                  (struct pf_sv){0});
    }
}

void course_change(struct course *course)
{
    if (course->run->claims != 0 && course_below(course, 3) < (course->run->small ? 2U : 1U)) {
        change_storage(course);
        return;
    }
    switch (course_below(course, 12)) {
    case 0:
        apply_node(course, course_below(course, course->run->nodes));
        break;
    case 1:
        remove_something(course);
        break;
    case 2:
        apply_budget(course);
        break;
    case 3:
        apply_pod(course, course_below(course, course->run->pods), /* nominated= */ true);
        break;
    case 4:
        (void)pf_reservation_drop(course->world.model,
                                  PRINT(course, "review-%u", course_below(course, REVIEWS)));
        break;
    case 5:
        apply_namespace(course);
        break;
    case 6:
    case 7:
        break; /* the same cluster, asked again */
    default:
        apply_pod(course, course_below(course, course->run->pods), /* nominated= */ false);
        break;
    }
}

void course_fill(struct course *course)
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

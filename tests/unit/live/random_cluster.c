#include "random_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/macro.h>

uint32_t random_below(struct random_draw *draw, uint32_t below)
{
    draw->state ^= draw->state << 13;
    draw->state ^= draw->state >> 7;
    draw->state ^= draw->state << 17;
    return (uint32_t)((draw->state >> 20) % below);
}

/* One of some texts. */
static const char *pick(struct random_draw *draw, const char *const *texts, size_t count)
{
    return texts[random_below(draw, (uint32_t)count)];
}
#define PICK(draw, ...)                              \
    pick((draw), (const char *const[]){__VA_ARGS__}, \
         sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

/* ---- members after metadata, a kind each ---- */

static void put_node(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, ",'spec':{");
    pf_buf_append_cstr(buf, PICK(draw, "", "", "", "'unschedulable':true",
                                 "'taints':[{'key':'k','value':'v','effect':'NoSchedule'}]",
                                 "'taints':[{'key':'k','effect':'PreferNoSchedule'}]"));
    pf_buf_printf(buf,
                  "},'status':{'allocatable':{'cpu':'%u','memory':'%uGi','pods':'%u'%s},"
                  "'images':[{'names':['a:1'],'sizeBytes':%u000000}]}",
                  1 + random_below(draw, 4), 1 + random_below(draw, 8), 2 + random_below(draw, 8),
                  PICK(draw, "", ",'example.com/gpu':'2'"), 10 + random_below(draw, 90));
}

static void put_containers(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'spec':{'containers':[{'name':'c','image':'a:1','resources':{'requests':{"
                  "'memory':'%uMi','cpu':'%um'%s}}%s}]",
                  64 * random_below(draw, 20), 100 * random_below(draw, 8),
                  PICK(draw, "", "", "", ",'example.com/gpu':'1'"),
                  PICK(draw, "", "", "", ",'ports':[{'hostPort':80,'containerPort':80}]"));
}

static void put_placement(struct random_draw *draw, struct pf_buf *buf)
{
    static const char *const rows[] = {
        "",
        "",
        ",'nodeSelector':{'zone':'z1'}",
        ",'tolerations':[{'key':'k','operator':'Exists'}]",
        ",'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{"
        "'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'a1'}}}]}}",
        ",'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{"
        "'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'a0'}},"
        "'namespaceSelector':{'matchLabels':{'team':'t1'}}}]}}",
        ",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':"
        "'DoNotSchedule','labelSelector':{'matchLabels':{'app':'a2'}}}]",
        ",'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'kubernetes.io/hostname',"
        "'whenUnsatisfiable':'ScheduleAnyway','labelSelector':{'matchLabels':{'app':'a0'}}}]",
    };
    pf_buf_append_cstr(buf, rows[random_below(draw, PF_ARRAY_LEN(rows))]);
    if (random_below(draw, 4) == 0) {
        pf_buf_printf(buf, ",'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'o%u'}}]",
                      random_below(draw, RANDOM_NUMBERS));
    }
    pf_buf_printf(buf, ",'priority':%u", 10 * random_below(draw, 3));
}

/* Where it stands: bound to a node that may not exist, over, behind a gate, somebody else's, or waiting. */
static void put_pod(struct random_draw *draw, bool pending, struct pf_buf *buf)
{
    const char *phase = "Running";
    put_containers(draw, buf);
    put_placement(draw, buf);
    switch (random_below(draw, pending ? 8 : 7)) {
    case 0:
        pf_buf_append_cstr(buf, ",'schedulingGates':[{'name':'podfit.io/capacity'}]");
        phase = "Pending";
        break;
    case 1:
        pf_buf_append_cstr(buf, ",'schedulerName':'mine'");
        phase = "Pending";
        break;
    case 7:
        phase = "Pending";
        break;
    default:
        pf_buf_printf(buf, ",'nodeName':'o%u'", random_below(draw, RANDOM_NUMBERS + 1));
        phase = random_below(draw, 12) == 0 ? "Succeeded" : phase;
    }
    pf_buf_printf(buf, "},'status':{'phase':'%s','startTime':'2026-01-01T00:%02u:%02uZ'}", phase,
                  random_below(draw, 60), random_below(draw, 60));
}

static void put_claim(struct random_draw *draw, struct pf_buf *buf)
{
    const uint32_t volume = random_below(draw, RANDOM_NUMBERS);
    pf_buf_printf(buf,
                  ",'spec':{'accessModes':['%s'],'resources':{'requests':{'storage':'%uGi'}},"
                  "'storageClassName':'o%u'",
                  PICK(draw, "ReadWriteOnce", "ReadWriteOncePod"), 1 + random_below(draw, 4),
                  random_below(draw, RANDOM_NUMBERS));
    if (random_below(draw, 2) == 0) {
        pf_buf_printf(buf, ",'volumeName':'o%u'},'status':{'phase':'Bound'}", volume);
    } else {
        pf_buf_append_cstr(buf, "},'status':{'phase':'Pending'}");
    }
}

static void put_volume(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'spec':{'capacity':{'storage':'%uGi'},'accessModes':['ReadWriteOnce'],"
                  "'storageClassName':'o%u','csi':{'driver':'d%u','volumeHandle':'h%u'}",
                  1 + random_below(draw, 6), random_below(draw, RANDOM_NUMBERS),
                  random_below(draw, 2), random_below(draw, 9));
    if (random_below(draw, 2) == 0) {
        pf_buf_printf(buf, ",'claimRef':{'namespace':'s%u','name':'o%u'}", random_below(draw, 2),
                      random_below(draw, RANDOM_NUMBERS));
    }
    if (random_below(draw, 2) == 0) {
        pf_buf_printf(buf,
                      ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{"
                      "'key':'zone','operator':'In','values':['z%u']}]}]}}",
                      random_below(draw, 2));
    }
    pf_buf_append_cstr(buf, "}");
}

static void put_storage_class(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'provisioner':'d%u','volumeBindingMode':'%s'", random_below(draw, 2),
                  PICK(draw, "WaitForFirstConsumer", "Immediate"));
}

static void put_csi_node(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'spec':{'drivers':[{'name':'d%u','nodeID':'x','allocatable':{'count':%u}}]}",
                  random_below(draw, 2), random_below(draw, 3));
}

static void put_csi_driver(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'spec':{'storageCapacity':%s}", PICK(draw, "true", "false"));
}

static void put_capacity(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'storageClassName':'o%u','capacity':'%uGi','nodeTopology':{'matchLabels':{"
                  "'zone':'z%u'}}",
                  random_below(draw, RANDOM_NUMBERS), random_below(draw, 8), random_below(draw, 2));
}

static void put_attachment(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'spec':{'attacher':'d%u','nodeName':'o%u','source':{'persistentVolumeName':"
                  "'o%u'}}",
                  random_below(draw, 2), random_below(draw, RANDOM_NUMBERS),
                  random_below(draw, RANDOM_NUMBERS));
}

static void put_device_class(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_append_cstr(buf, PICK(draw, ",'spec':{}", ",'spec':{'extendedResourceName':'e.com/x'}"));
}

static void put_service(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'spec':{'selector':{'app':'a%u'}}", random_below(draw, 3));
}

static void put_owner(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'spec':{'selector':{'matchLabels':{'app':'a%u'}}}", random_below(draw, 3));
}

static void put_runtime_class(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'handler':'h','overhead':{'podFixed':{'memory':'%uMi'}}",
                  random_below(draw, 100));
}

static void put_priority_class(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf, ",'value':%u", random_below(draw, 100));
}

static void put_budget(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_printf(buf,
                  ",'spec':{'minAvailable':1,'selector':{'matchLabels':{'app':'a%u'}}},'status':{"
                  "'disruptionsAllowed':%u}",
                  random_below(draw, 3), random_below(draw, 2));
}

static void put_nothing(struct random_draw *draw, struct pf_buf *buf)
{
    (void)draw;
    (void)buf;
}

/* ---- all kinds ---- */

static const struct kind {
    const char *name;
    bool spaced;
    void (*put)(struct random_draw *draw, struct pf_buf *buf);
} kinds[] = {
    {"Node", false, put_node},
    {"Namespace", false, put_nothing},
    {"PersistentVolumeClaim", true, put_claim},
    {"PersistentVolume", false, put_volume},
    {"StorageClass", false, put_storage_class},
    {"CSINode", false, put_csi_node},
    {"CSIDriver", false, put_csi_driver},
    {"CSIStorageCapacity", true, put_capacity},
    {"VolumeAttachment", false, put_attachment},
    {"DeviceClass", false, put_device_class},
    {"Service", true, put_service},
    {"ReplicationController", true, put_service},
    {"ReplicaSet", true, put_owner},
    {"StatefulSet", true, put_owner},
    {"RuntimeClass", false, put_runtime_class},
    {"PriorityClass", false, put_priority_class},
    {"PodDisruptionBudget", true, put_budget},
    {"Pod", true, NULL},
};

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    fail_msg("nobody writes a '%s'", name);
    return NULL;
}

static const char *prefix_of(const char *kind)
{
    if (strcmp(kind, "Namespace") == 0) {
        return "s";
    }
    return strcmp(kind, "CSIDriver") == 0 ? "d" : "o";
}

static void put_labels(struct random_draw *draw, const struct random_object *object,
                       struct pf_buf *buf)
{
    if (strcmp(object->kind, "Node") == 0) {
        pf_buf_printf(buf, ",'labels':{'kubernetes.io/hostname':'o%u','zone':'z%u'}",
                      object->number, random_below(draw, 2));
    } else if (strcmp(object->kind, "Pod") == 0) {
        pf_buf_printf(buf, ",'uid':'uid-%u-%u','labels':{'app':'a%u'}", object->number, object->uid,
                      random_below(draw, 3));
    } else {
        pf_buf_printf(buf, ",'uid':'u','labels':{'team':'t%u'}", random_below(draw, 2));
    }
}

static void quote(struct pf_buf *buf)
{
    assert_int_equal(buf->failed, PF_OK);
    for (size_t i = 0; i < buf->len; i++) {
        if (buf->data[i] == '\'') {
            buf->data[i] = '"';
        }
    }
}

void random_object_write(struct random_draw *draw, const struct random_object *object, bool pending,
                         struct pf_buf *buf, char key[64])
{
    const struct kind *kind = kind_of(object->kind);
    char space[16] = "";
    if (kind->spaced) {
        (void)snprintf(space, sizeof(space), "s%u", object->number % 2);
    }
    (void)snprintf(key, 64, "%s/%s%u", space, prefix_of(object->kind), object->number);
    pf_buf_reset(buf);
    pf_buf_printf(buf,
                  "{'apiVersion':'%s','kind':'%s','metadata':{'namespace':'%s','name':'%s%u',"
                  "'resourceVersion':'%llu'",
                  object->api_version, object->kind, space, prefix_of(object->kind), object->number,
                  (unsigned long long)object->version);
    put_labels(draw, object, buf);
    pf_buf_append_cstr(buf, "}");
    if (kind->put != NULL) {
        kind->put(draw, buf);
    } else {
        put_pod(draw, pending, buf);
    }
    pf_buf_append_cstr(buf, "}");
    quote(buf);
}

void random_asking_write(struct random_draw *draw, struct pf_buf *buf)
{
    pf_buf_reset(buf);
    pf_buf_printf(buf, "{'metadata':{'namespace':'s%u','name':'asking','labels':{'app':'a%u'}}",
                  random_below(draw, 2), random_below(draw, 3));
    put_containers(draw, buf);
    put_placement(draw, buf);
    pf_buf_append_cstr(buf, "}}");
    quote(buf);
}

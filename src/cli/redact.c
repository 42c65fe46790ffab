#include "redact.h"

#include <podfit/cursor.h>
#include <podfit/write.h>

/* Deeper nesting than the rules have keys comes only from lists in lists, which no kind has. */
#define DEPTH_MAX     16
#define KEY_ARENA_MAX ((size_t)8 * 1024 * 1024)
#define RULES_MAX     96

/*
 * A rule is a path of keys, lists passed through; what lies below its end is kept whole. `*` at the end of a key stands for any rest. The keys are those that
 * the decoders of k8s read.
 */
#define METADATA                                                                                \
    "apiVersion", "kind", "metadata name", "metadata namespace", "metadata generateName",       \
        "metadata uid", "metadata resourceVersion", "metadata creationTimestamp",               \
        "metadata deletionTimestamp", "metadata labels", "metadata ownerReferences",            \
        "metadata annotations podfit.io/*", "metadata annotations kubernetes.io/config.mirror", \
        "metadata annotations pv.kubernetes.io/bind-completed",                                 \
        "metadata annotations storage.alpha.kubernetes.io/migrated-plugins",                    \
        "metadata annotations volume.beta.kubernetes.io/storage-class",                         \
        "metadata annotations volume.kubernetes.io/selected-node"

#define CONTAINER(list)                                                                            \
    "spec " list " name", "spec " list " image", "spec " list " resources", "spec " list " ports", \
        "spec " list " restartPolicy", "spec " list " restartPolicyRules"

#define STATUSES(list) \
    "status " list " name", "status " list " resources", "status " list " allocatedResources"

static const char *const node_rules[] = {
    METADATA,          "spec unschedulable",      "spec taints",   "status allocatable",
    "status capacity", "status declaredFeatures", "status images", NULL,
};

static const char *const pod_rules[] = {
    METADATA,
    CONTAINER("containers"),
    CONTAINER("initContainers"),
    STATUSES("containerStatuses"),
    STATUSES("initContainerStatuses"),
    "spec nodeName",
    "spec nodeSelector",
    "spec affinity",
    "spec tolerations",
    "spec scheduler*",
    "spec runtimeClassName",
    "spec priority*",
    "spec preemptionPolicy",
    "spec hostNetwork",
    "spec hostUsers",
    "spec overhead",
    "spec resource*",
    "spec schedulingGates",
    "spec topologySpreadConstraints",
    "spec volumes name",
    "spec volumes persistentVolumeClaim",
    "spec volumes ephemeral",
    "spec volumes gcePersistentDisk",
    "spec volumes awsElasticBlockStore",
    "spec volumes iscsi iqn",
    "spec volumes iscsi readOnly",
    "spec volumes rbd monitors",
    "spec volumes rbd pool",
    "spec volumes rbd image",
    "spec volumes rbd readOnly",
    "spec volumes azureDisk",
    "spec volumes cinder volumeID",
    "spec volumes cinder readOnly",
    "spec volumes portworxVolume",
    "status phase",
    "status nominatedNodeName",
    "status startTime",
    "status conditions",
    "status resources",
    "status allocatedResources",
    NULL,
};

static const char *const volume_rules[] = {
    METADATA,
    "spec capacity",
    "spec accessModes",
    "spec claimRef",
    "spec storageClassName",
    "spec nodeAffinity",
    "spec volumeMode",
    "spec volumeAttributesClassName",
    "spec csi driver",
    "spec csi volumeHandle",
    "spec gcePersistentDisk",
    "spec awsElasticBlockStore",
    "spec azureDisk",
    "spec azureFile shareName",
    "spec azureFile readOnly",
    "spec azureFile secretNamespace",
    "spec cinder volumeID",
    "spec portworxVolume",
    "spec vsphereVolume",
    "spec local",
    "spec hostPath",
    "status phase",
    NULL,
};

static const char *const class_rules[] = {
    METADATA,
    "provisioner",
    "volumeBindingMode",
    "allowedTopologies",
    "metadata annotations storageclass.kubernetes.io/is-default-class",
    NULL,
};

/* Services and controllers are read for their selectors alone. */
static const char *const selector_rules[] = {METADATA, "spec selector", NULL};

static const char *const other_rules[] = {
    METADATA,
    "spec",
    "status",
    "nodeTopology",
    "storageClassName",
    "capacity",
    "maximumVolumeSize",
    "overhead",
    "scheduling",
    "handler",
    "value",
    "globalDefault",
    "preemptionPolicy",
    NULL,
};

static const struct {
    struct pf_sv kind;
    const char *const *rules;
} kinds[] = {
    {PF_SV_INIT("Node"), node_rules},
    {PF_SV_INIT("Pod"), pod_rules},
    {PF_SV_INIT("PersistentVolume"), volume_rules},
    {PF_SV_INIT("StorageClass"), class_rules},
    {PF_SV_INIT("Service"), selector_rules},
    {PF_SV_INIT("ReplicationController"), selector_rules},
    {PF_SV_INIT("ReplicaSet"), selector_rules},
    {PF_SV_INIT("StatefulSet"), selector_rules},
};

/** Rules that still hold at some place: what is left of each path. */
struct left {
    struct pf_sv paths[RULES_MAX];
    size_t count;
};

/** One object. */
struct redaction {
    struct pf_arena keys;
    struct pf_writer w;
    struct pf_err *err;
};

static struct pf_sv first_key(struct pf_sv path, struct pf_sv *ret_rest)
{
    size_t len = 0;
    while (len < path.len && path.ptr[len] != ' ') {
        len++;
    }
    const size_t used = len < path.len ? len + 1 : len;
    *ret_rest = (struct pf_sv){.ptr = path.ptr + used, .len = path.len - used};
    return (struct pf_sv){.ptr = path.ptr, .len = len};
}

static bool matches(struct pf_sv rule, struct pf_sv key)
{
    if (rule.len != 0 && rule.ptr[rule.len - 1] == '*') {
        return pf_sv_starts_with(key, (struct pf_sv){.ptr = rule.ptr, .len = rule.len - 1});
    }
    return pf_sv_eq(rule, key);
}

/* @return true: the value is kept whole; else what holds below it */
static bool descend(const struct left *left, struct pf_sv key, struct left *ret_below)
{
    ret_below->count = 0;
    for (size_t i = 0; i < left->count; i++) {
        struct pf_sv rest = {0};
        const struct pf_sv rule = first_key(left->paths[i], &rest);
        if (!matches(rule, key)) {
            continue;
        }
        if (rest.len == 0) {
            return true;
        }
        ret_below->paths[ret_below->count++] = rest;
    }
    return false;
}

static enum pf_code put_value(struct redaction *r, struct pf_sv json, const struct left *left,
                              unsigned depth);

static enum pf_code put_object(struct redaction *r, struct pf_sv json, const struct left *left,
                               unsigned depth)
{
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct left below;
    enum pf_code code = PF_OK;
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_object(&c);
    pf_write_begin_object(&r->w);
    while (code == PF_OK && pf_cursor_next_key_in(&c, &r->keys, &key)) {
        struct pf_sv value = {0};
        const bool whole = descend(left, key, &below);
        if ((!whole && below.count == 0) || !pf_cursor_span(&c, &value)) {
            continue;
        }
        pf_write_key(&r->w, key);
        if (whole) {
            pf_write_put_raw(&r->w, value);
        } else {
            code = put_value(r, value, &below, depth + 1);
        }
    }
    pf_write_end_object(&r->w);
    return code == PF_OK ? pf_cursor_error(&c, r->err) : code;
}

static enum pf_code put_array(struct redaction *r, struct pf_sv json, const struct left *left,
                              unsigned depth)
{
    struct pf_cursor c;
    enum pf_code code = PF_OK;
    pf_cursor_init(&c, json);
    (void)pf_cursor_enter_array(&c);
    pf_write_begin_array(&r->w);
    while (code == PF_OK && pf_cursor_next_item(&c)) {
        struct pf_sv value = {0};
        if (pf_cursor_span(&c, &value)) {
            code = put_value(r, value, left, depth + 1);
        }
    }
    pf_write_end_array(&r->w);
    return code == PF_OK ? pf_cursor_error(&c, r->err) : code;
}

/* A scalar where the rules expect more is not what a decoder reads: null says so. */
static enum pf_code put_value(struct redaction *r, struct pf_sv json, const struct left *left,
                              unsigned depth)
{
    struct pf_cursor c;
    pf_cursor_init(&c, json);
    const enum pf_json_kind kind = pf_cursor_kind(&c);
    if (depth <= DEPTH_MAX && kind == PF_JSON_OBJECT) {
        return put_object(r, json, left, depth);
    }
    if (depth <= DEPTH_MAX && kind == PF_JSON_ARRAY) {
        return put_array(r, json, left, depth);
    }
    pf_write_put_null(&r->w);
    return PF_OK;
}

enum pf_code pf_redact_object(struct pf_sv kind, struct pf_sv json, struct pf_buf *buf,
                              struct pf_err *err)
{
    const char *const *rules = other_rules;
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (pf_sv_eq(kinds[i].kind, kind)) {
            rules = kinds[i].rules;
        }
    }
    struct left left = {.count = 0};
    for (; rules[left.count] != NULL && left.count < RULES_MAX; left.count++) {
        left.paths[left.count] = pf_sv_from(rules[left.count]);
    }
    struct redaction r = {.err = err};
    pf_arena_init(&r.keys, KEY_ARENA_MAX);
    pf_write_init(&r.w, buf);
    const enum pf_code code = put_value(&r, json, &left, 0);
    pf_arena_done(&r.keys);
    return code == PF_OK ? pf_buf_status(buf, err) : code;
}

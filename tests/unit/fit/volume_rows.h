#ifndef PODFIT_TEST_VOLUME_ROWS_H
#define PODFIT_TEST_VOLUME_ROWS_H

/** Rows of the tests of the volume filters: objects as JSON with single quotes, and what becomes of a pod. */

#include <podfit/fit.h>

#define META(name) "'metadata':{'name':'" name "'}"
#define SPACED(name, more) \
    "'metadata':{'namespace':'ns','name':'" name "','uid':'u-" name "'" more "}"
#define BOUND_BY ",'annotations':{'pv.kubernetes.io/bind-completed':'yes'}"
#define CLAIM(name, meta, spec, status)                                                            \
    ",{'apiVersion':'v1','kind':'PersistentVolumeClaim'," SPACED(name, meta) ",'spec':{" spec      \
                                                                             "},'status':{" status \
                                                                             "}}"
#define BOUND(name, volume, spec) \
    CLAIM(name, BOUND_BY, "'volumeName':'" volume "'," spec, "'phase':'Bound'")
#define LATE(name, class, size)                                                           \
    CLAIM(name, "",                                                                       \
          "'storageClassName':'" class "','accessModes':['ReadWriteOnce'],"               \
                                       "'resources':{'requests':{'storage':'" size "'}}", \
          "'phase':'Pending'")
#define VOLUME(name, labels, spec, phase)                                     \
    ",{'apiVersion':'v1','kind':'PersistentVolume','metadata':{'name':'" name \
    "','labels':{" labels "}},'spec':{" spec "},'status':{'phase':'" phase "'}}"
#define CSI(driver, handle) "'csi':{'driver':'" driver "','volumeHandle':'" handle "'}"
#define IN_ZONE(zone)                                                                       \
    ",'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'zone'," \
    "'operator':'In','values':['" zone "']}]}]}}"
#define FREE(name, class, size, more)                                              \
    VOLUME(name, "",                                                               \
           "'storageClassName':'" class "','capacity':{'storage':'" size           \
                                        "'},'accessModes':['ReadWriteOnce']" more, \
           "Available")
#define CLASS(name, provisioner, mode, more)                          \
    ",{'apiVersion':'storage.k8s.io/v1','kind':'StorageClass'," META( \
        name) ",'provisioner':'" provisioner "','volumeBindingMode':'" mode "'" more "}"
#define WAIT "WaitForFirstConsumer"
#define CSI_NODE(name, drivers)                                  \
    ",{'apiVersion':'storage.k8s.io/v1','kind':'CSINode'," META( \
        name) ",'spec':{'drivers':[" drivers "]}}"
#define DRIVER(name, count) "{'name':'" name "','nodeID':'x','allocatable':{'count':" count "}}"
#define CSI_DRIVER(name, capacity)                                 \
    ",{'apiVersion':'storage.k8s.io/v1','kind':'CSIDriver'," META( \
        name) ",'spec':{'storageCapacity':" capacity "}}"
#define CAPACITY(name, class, zone, limits)                                                        \
    ",{'apiVersion':'storage.k8s.io/v1','kind':'CSIStorageCapacity','metadata':{'namespace':"      \
    "'k','name':'" name                                                                            \
    "'},'storageClassName':'" class "','nodeTopology':{'matchLabels':{'zone':'" zone "'}}," limits \
                                    "}"
#define ATTACHED(name, node, volume)                                      \
    ",{'apiVersion':'storage.k8s.io/v1','kind':'VolumeAttachment'," META( \
        name) ",'spec':{'attacher':'csi.a','nodeName':'" node             \
              "','source':{'persistentVolumeName':'" volume "'}}}"
#define DEVICES(name, resource)                                       \
    ",{'apiVersion':'resource.k8s.io/v1','kind':'DeviceClass'," META( \
        name) ",'spec':{'extendedResourceName':'" resource "'}}"
#define EXISTING(name, node, volumes)                                                              \
    ",{'apiVersion':'v1','kind':'Pod'," SPACED(                                                    \
        name, "") ",'spec':{'nodeName':'" node "','containers':[{'name':'c'}],'volumes':[" volumes \
                  "]}}"
#define USES(claim) "{'name':'v-" claim "','persistentVolumeClaim':{'claimName':'" claim "'}}"
#define EPHEMERAL   "{'name':'e','ephemeral':{'volumeClaimTemplate':{'spec':{}}}}"
/* a volume bound to claim c with driver csi.a */
#define C_ON(spec)                                      \
    BOUND("c", "pv", "'accessModes':['ReadWriteOnce']") \
    VOLUME("pv", "", CSI("csi.a", "h") spec, "Bound")
#define NO_LIMITS CSI_NODE("a", "") CSI_NODE("b", "")
#define ALL_FAIL  "0/2 nodes are available: "

struct row {
    const char *name;
    const char *objects; /* after the nodes */
    const char *pod;     /* volumes, or the whole spec when it begins with a quote */
    const char *message; /* NULL: does not matter */
    const char *cause;   /* of unknown */
    const char *fits;    /* names of the nodes that pass, in order */
    const char *code;    /* of node a; NULL: does not matter */
    const char *labels;  /* of node a; NULL: zone a */
    enum pf_verdict verdict;
    int minor; /* 0: 36 */
    bool lenient;
    bool partial; /* kinds are known by their objects only */
};

#define UU "UnschedulableAndUnresolvable"
#define U  "Unschedulable"

struct rows {
    const struct row *items;
    size_t count;
};
extern const struct rows volume_rows_restrictions;
extern const struct rows volume_rows_limits;
extern const struct rows volume_rows_binding;
extern const struct rows volume_rows_zones;
extern const struct rows volume_rows_others;

#endif

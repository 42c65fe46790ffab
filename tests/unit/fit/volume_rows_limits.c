/* NodeVolumeLimits (scheduler-fit 7.8). */

#include "volume_rows.h"

#define FULL_A CSI_NODE("a", DRIVER("csi.a", "1")) CSI_NODE("b", DRIVER("csi.a", "2"))
#define TWO \
    BOUND("d", "pw", "'accessModes':['ReadWriteOnce']") VOLUME("pw", "", CSI("csi.a", "i"), "Bound")

#define NOMINATED(name, node, volumes)                                                             \
    ",{'apiVersion':'v1','kind':'Pod'," SPACED(name, "") ",'spec':{'containers':[{'name':'c'}],'"  \
                                                         "volumes':[" volumes                      \
                                                         "]},'status':{'nominatedNodeName':'" node \
                                                         "'}}"

static const struct row limits[] = {
    {.name = "the volume is there with a nominated pod, and that pod is one to keep away from",
     .objects = C_ON("") CSI_NODE("a", DRIVER("csi.a", "0")) CSI_NODE("b", DRIVER("csi.a", "0"))
         NOMINATED("p", "a", USES("c")) NOMINATED("q", "b", USES("c")),
     .pod = "'containers':[{'name':'c'}],'volumes':[" USES(
         "c") "],'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':["
              "{'labelSelector':{},'topologyKey':'zone'}]}}",
     .code = U,
     .verdict = PF_VERDICT_NEVER,
     .message = ALL_FAIL "2 node(s) didn't match pod anti-affinity rules."},
    {.name = "one volume too many on a",
     .objects = C_ON("") TWO FULL_A EXISTING("p", "a", USES("d")) EXISTING("q", "b", USES("d")),
     .pod = USES("c"),
     .fits = "b",
     .code = U,
     .verdict = PF_VERDICT_FITS},
    {.name = "the volume is attached already",
     .objects = C_ON("") FULL_A EXISTING("p", "a", USES("c")),
     .pod = USES("c"),
     .fits = "ab",
     .verdict = PF_VERDICT_FITS},
    {.name = "two pods with one volume count once",
     .objects = C_ON("") TWO FULL_A EXISTING("p", "b", USES("d")) EXISTING("q", "b", USES("d")),
     .pod = USES("c"),
     .fits = "ab",
     .verdict = PF_VERDICT_FITS},
    {.name = "no room anywhere",
     .objects = C_ON("") TWO CSI_NODE("a", DRIVER("csi.a", "1")) CSI_NODE("b", DRIVER("csi.a", "1"))
         EXISTING("p", "a", USES("d")) EXISTING("q", "b", USES("d")),
     .pod = USES("c"),
     .code = U,
     .verdict = PF_VERDICT_FULL,
     .message = ALL_FAIL "2 node(s) exceed max volume count."},
    {.name = "a node that attaches none of them",
     .objects = C_ON("") CSI_NODE("a", DRIVER("csi.a", "0")) CSI_NODE("b", DRIVER("csi.a", "0")),
     .pod = USES("c"),
     .code = U,
     .verdict = PF_VERDICT_NEVER,
     .message = ALL_FAIL "2 node(s) exceed max volume count."},
    {.name = "a driver without a count, and a node without CSINode",
     .objects = C_ON("") CSI_NODE("a", "{'name':'csi.a','nodeID':'x'}"),
     .pod = USES("c"),
     .fits = "ab",
     .verdict = PF_VERDICT_FITS},
    {.name = "an attachment that no pod uses takes a place",
     .objects = C_ON("") TWO FULL_A ATTACHED("t", "a", "pw"),
     .pod = USES("c"),
     .fits = "b",
     .verdict = PF_VERDICT_FITS},
    {.name = "the pod's own volume counts twice when only the attachment shows it",
     .objects = C_ON("") FULL_A ATTACHED("t", "a", "pv"),
     .pod = USES("c"),
     .fits = "b",
     .verdict = PF_VERDICT_FITS},
    {.name = "a claim to be provisioned counts by its class",
     .objects = LATE("c", "late", "1Gi") CLASS("late", "csi.a", WAIT, "") CSI_DRIVER(
         "csi.a", "false") CSI_NODE("a", DRIVER("csi.a", "0")) CSI_NODE("b", DRIVER("csi.a", "1")),
     .pod = USES("c"),
     .fits = "b",
     .verdict = PF_VERDICT_FITS},
    {.name = "an in-tree volume counts for its CSI driver",
     .objects = BOUND("c", "pv", "'accessModes':['ReadWriteOnce']")
         VOLUME("pv", "", "'gcePersistentDisk':{'pdName':'d'}", "Bound")
             CSI_NODE("a", DRIVER("pd.csi.storage.gke.io", "0")) CSI_NODE("b", ""),
     .pod = USES("c"),
     .fits = "b",
     .verdict = PF_VERDICT_FITS},
    {.name = "up to 1.35 only where the node says that it has moved",
     .objects = BOUND("c", "pv", "'accessModes':['ReadWriteOnce']")
         VOLUME("pv", "", "'gcePersistentDisk':{'pdName':'d'}", "Bound")
             CSI_NODE("a", DRIVER("pd.csi.storage.gke.io", "0")) CSI_NODE("b", ""),
     .pod = USES("c"),
     .fits = "ab",
     .minor = 35,
     .verdict = PF_VERDICT_FITS},
    {.name = "an inline disk counts, too",
     .objects = CSI_NODE("a", DRIVER("cinder.csi.openstack.org", "0")) CSI_NODE("b", ""),
     .pod = "{'name':'v','cinder':{'volumeID':'d'}}",
     .fits = "b",
     .verdict = PF_VERDICT_FITS},
    {.name = "an inline disk that cannot be translated is an error",
     .objects = NO_LIMITS,
     .pod = "{'name':'v','azureDisk':{'diskURI':'d'}}",
     .verdict = PF_VERDICT_UNKNOWN,
     .cause =
         "NodeVolumeLimits: a volume of a pod cannot be translated to CSI, or a claim is not the pod's own"},
    {.name = "without any CSINode known",
     .objects = C_ON(""),
     .pod = USES("c"),
     .partial = true,
     .verdict = PF_VERDICT_UNKNOWN,
     .cause = "needs kind CSINode, of which the snapshot has no object"},
    {.name = "an NFS volume needs no CSINode",
     .objects = BOUND("c", "pv", "'accessModes':['ReadWriteMany']")
         VOLUME("pv", "", "'nfs':{'server':'s'}", "Bound"),
     .pod = USES("c"),
     .partial = true,
     .fits = "ab",
     .verdict = PF_VERDICT_FITS},
};

const struct rows volume_rows_limits = {limits, PF_ARRAY_LEN(limits)};

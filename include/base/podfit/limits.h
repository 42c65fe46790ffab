#ifndef PODFIT_LIMITS_H
#define PODFIT_LIMITS_H

/** Every maximum of podfit with its reason. A limit has a test at it and one over it. */

#include <stddef.h>
#include <stdint.h>

/** Review body. The API server accepts objects of 3 MiB; an UPDATE carries two of them, plus the envelope. */
#define PF_REVIEW_MAX_BYTES ((size_t)7 * 1024 * 1024)
/** One object of a list or a watch event: etcd stores 1.5 MiB, the API server accepts 3 MiB; doubled for indentation. */
#define PF_OBJECT_MAX_BYTES ((size_t)8 * 1024 * 1024)
/** Nesting of any JSON we walk. encoding/json (and so the API server) stops at 10,000. */
#define PF_JSON_MAX_DEPTH 10000
/** Nesting of a subtree that is built as a tree; everything podfit reads is flatter than 20. */
#define PF_JSON_TREE_MAX_DEPTH 100
/** Arena of one review: body limit times the growth of small subtrees that are read (measured below 3). */
#define PF_REVIEW_ARENA_MAX_BYTES ((size_t)48 * 1024 * 1024)
/** One response: a patch with one op a container and resource, base64 (4/3), annotations twice the requests. */
#define PF_RESPONSE_MAX_BYTES ((size_t)16 * 1024 * 1024)
/** Configuration file. A ConfigMap holds 1 MiB. */
#define PF_CONFIG_MAX_BYTES ((size_t)1024 * 1024)
/** Nesting of YAML, and aliases that one document may expand. libyaml itself has no limit. */
#define PF_YAML_MAX_DEPTH 200
/** Nodes (scalars, maps, lists) of one YAML document after alias expansion, against the billion-laughs file. */
#define PF_YAML_MAX_NODES ((size_t)4 * 1000 * 1000)
/** Containers of a pod that are judged one by one; over it the pod is `unknown`. Their lists fit into the arena of a review (48 MiB / 3 KiB each). */
#define PF_POD_MAX_CONTAINERS 10000
/** Characters of a reason sentence before it is cut: API server warnings and Events stay below 1 KiB. */
#define PF_MESSAGE_MAX_BYTES ((size_t)4096)
/** Decisions of observing classes that wait for their pod: 60 s x some 60 pods/s, 600 bytes each; above it the oldest is forgotten. */
#define PF_OUTCOME_OBSERVED_MAX 4096
/** Reservations held at once; 25 connections an API server x TTL 15 s x 1,000 creations/s, rounded up. */
#define PF_RESERVATIONS_MAX 65536
/** Openings of the watch of pods that count as one TTL of watching, however short they are: a resumed watch begins with what was missed. With back-off they are some 30 s apart. */
#define PF_RESERVATION_CUTS 8
/** Audit records that wait for the writer; above it they are counted as dropped. */
#define PF_AUDIT_QUEUE_MAX 4096
/** Bytes of the records that wait: 4,096 usual ones of 1 to 2 KiB. */
#define PF_AUDIT_QUEUE_MAX_BYTES ((size_t)8 * 1024 * 1024)
/** One line of the log with its newline, written and read. A message and the requests of 100 containers fit; longer texts are cut. */
#define PF_AUDIT_LINE_MAX_BYTES ((size_t)64 * 1024)
/** Causes whose repeats are counted at once, and what they hold. A cluster rarely has more refused owners a minute; the least recent makes room. */
#define PF_AUDIT_REPEATS_MAX       2048
#define PF_AUDIT_REPEATS_MAX_BYTES ((size_t)4 * 1024 * 1024)
/** Rotated files beside the log. All of them are open at once while they are read; the usual limit is 1,024 descriptors. */
#define PF_AUDIT_KEEP_MAX 100
/** Different keys of one dimension in a summary: owners of a large cluster in some months; the rest is counted together. */
#define PF_AUDIT_SUMMARY_MAX 65536
/** Bytes of the keys of all dimensions together, for sentences and hostile logs. */
#define PF_AUDIT_SUMMARY_MAX_BYTES ((size_t)64 * 1024 * 1024)
/** Hot reload polls at this interval in addition to inotify (a ConfigMap on some file systems gives no event). */
#define PF_RELOAD_POLL_MS 10000
/** One PEM file of certificates or a key. A Secret holds 1 MiB; a chain of RSA certificates some 10 KiB. */
#define PF_CERT_PEM_MAX_BYTES ((size_t)256 * 1024)
/** Certificates in one PEM file. Chains have 2 to 4; a caBundle in rotation holds 3. */
#define PF_CERT_CHAIN_MAX 32
/** Names in one certificate; a service has 5, public authorities stop at 100. */
#define PF_CERT_SANS_MAX 128
/** Webhooks of one registration whose CA bundle is kept; podfit's manifests have one or two. */
#define PF_HOOK_ENTRIES_MAX 256
/** Scalar resources of one pod that are judged (one bit each in a node's outcome); over it the pod is `unknown`. Real pods ask for one or two. */
#define PF_FIT_SCALARS_MAX 60
/** Tolerations, selector entries and affinity values of one pod times nodes, under one lock: some 0.3 s. Over it the pod is `unknown`. */
#define PF_FIT_WORK_MAX ((uint64_t)100 * 1000 * 1000)
/** Pods with fewer tolerations, selector entries and affinity values than this are judged on any cluster. */
#define PF_FIT_WORK_FREE 64
/** Volumes of one pod that filters look at; over it the pod is `unknown`. The API server sets no limit; nodes attach 128 at the most. */
#define PF_FIT_VOLUMES_MAX 256
/** Volumes of one driver on a node that are counted one by one; over it a node is `unknown`. Drivers allow some 100. */
#define PF_FIT_ATTACHED_MAX 8192
/** Topology keys that spread constraints, own affinity terms and matching anti-affinity of other pods use for one pod (one bit each in a group of pods); over it the pod is `unknown`. Real pods use two or three. */
#define PF_FIT_TOPOLOGY_MAX 64
/** Canonical form of a pod's question that is worth remembering; longer ones are answered by a scan. A usual one has 200 bytes. */
#define PF_FIT_KEY_MAX_BYTES ((size_t)64 * 1024)
/** Remembered answers of the fit engine: 16 questions at 130,000 nodes, some 200 at 1,000. */
#define PF_FIT_CACHE_BYTES ((size_t)8 * 1024 * 1024)
/** Remembered sums of soft spreading and preferred pod affinity: 12 to 20 bytes a node for each constraint or topology key, some 40 questions at 5,000 nodes. */
#define PF_FIT_SOFT_CACHE_BYTES ((size_t)4 * 1024 * 1024)
/** Canonical form of one such question. What it is made of was compared with PF_FIT_WORK_MAX before; running over is as running out of memory. */
#define PF_FIT_SOFT_KEY_MAX_BYTES ((size_t)16 * 1024 * 1024)
/** A file given to `podfit check`: 10,000 pods of 20 KiB, indented. Read by the operator's own process, so memory is the only concern. */
#define PF_CHECK_FILE_MAX_BYTES ((size_t)256 * 1024 * 1024)

/** Lists in lists, in snapshots and in files given to `podfit check`. `jq -s` over kubectl's answers makes two. Each is one call deeper. */
#define PF_LIST_MAX_DEPTH 8

/** One kubeconfig file. A hundred clusters with CA and certificates in base64 have 1 MiB. */
#define PF_KUBECONFIG_MAX_BYTES ((size_t)4 * 1024 * 1024)
/** Files of one KUBECONFIG list. People have one a cluster, some dozens. */
#define PF_KUBECONFIG_MAX_FILES 256
/** Clusters, users or contexts in one kubeconfig; each is compared with all others. The largest seen have some 300. */
#define PF_KUBECONFIG_MAX_ENTRIES 4096
/** Arguments, and variables, of one credential plug-in. Real ones have about ten. */
#define PF_KUBE_EXEC_MAX_ARGS 256
/** A bearer token. Service account tokens have 1 KiB, OIDC tokens with many groups some 16; servers stop reading headers at 64 KiB to 1 MiB. */
#define PF_KUBE_TOKEN_MAX_BYTES ((size_t)64 * 1024)
/** What a credential plug-in prints: a token, or a certificate with its chain and a key, in JSON. */
#define PF_KUBE_EXEC_OUTPUT_MAX_BYTES ((size_t)1024 * 1024)
/** An answer of the API server to one request that is not a stream. Pages of 500 objects have some 5 MiB. */
#define PF_KUBE_ANSWER_MAX_BYTES ((size_t)32 * 1024 * 1024)
/** Body of an answer that says no: a Status with its causes has 1 to 10 KiB; what is over it is not looked at. */
#define PF_KUBE_STATUS_MAX_BYTES ((size_t)64 * 1024)
/** `metadata` of a list: a resourceVersion and a continue token, which is a key of etcd (at most some 1 KiB) in base64; 16 times that and more. */
#define PF_LIST_METADATA_MAX_BYTES ((size_t)64 * 1024)
/** What a reader of a list or a watch keeps between two objects; the memory of a larger object is given back. 99 of 100 objects are below 64 KiB. */
#define PF_STREAM_KEEP_BYTES ((size_t)256 * 1024)

/** Nodes that fit, up to which every score plug-in ranks them; above, the two resource scores decide alone. kube-scheduler itself scores only a rotating sample from 100 nodes on. */
#define PF_FIT_RANKED_MAX 500
/** Pods that are thought added to nodes or taken from them while one preemption is looked for: some 100 ms at the most, under the model's lock. */
#define PF_FIT_PREEMPTION_MOVES_MAX ((uint64_t)1000 * 1000)

/** Nodes of `podfit plan` in all; four times what Kubernetes supports in one cluster. */
#define PF_PLAN_NODES_MAX 20000
/** Pods a node may be said to take. kubelet's own default is 110; nobody is known beyond 1,000. */
#define PF_PLAN_PODS_MAX 100000
/** Projects and users of a plan: more than any site has. */
#define PF_PLAN_COUNT_MAX ((int64_t)1000000000)
/** CPU of one amount of a plan: 10^6 cores, a thousand times the largest machine. */
#define PF_PLAN_MILLI_CPU_MAX ((int64_t)1000000000)
/** Bytes of one amount of a plan: 1 Ei. */
#define PF_PLAN_BYTES_MAX ((int64_t)1 << 60)
/** Taints, labels and other resources, each, of one `--node`; real nodes have fewer than 40 labels. */
#define PF_PLAN_NODE_PARTS_MAX 64

/** Nodes that the status page and /stats tell of; four times what Kubernetes supports in one cluster. */
#define PF_NODEMAP_NODES_MAX 20000
/** Pools of nodes that are told apart; real clusters have a handful. */
#define PF_NODEMAP_POOLS_MAX 200
/** Nodes on one page of a pool: some 100 KiB of HTML. */
#define PF_STATUS_NODES_PER_PAGE 100
/** Nodes of a cluster up to which its status page shows all of them at once. */
#define PF_STATUS_INLINE_NODES 48

#endif

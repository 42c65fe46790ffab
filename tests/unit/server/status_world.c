#include "status_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/snapshot.h>

/* Three nodes of one pool and one that is alone; the third of the pool is cordoned. */
static const char cluster[] =
    "apiVersion: v1\nkind: List\nitems:\n"
    "- {kind: Node, metadata: {name: b, labels: {pool: p}}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: a, labels: {pool: p}}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: c, labels: {pool: p}}, spec: {unschedulable: true}, status: {allocatable: {cpu: 2, memory: 4Gi, pods: 10}}}\n"
    "- {kind: Node, metadata: {name: lone}, spec: {taints: [{key: k, value: v, effect: NoSchedule}, {key: node.kubernetes.io/not-ready, effect: NoExecute}]}, "
    "status: {allocatable: {cpu: 1, memory: 1Gi, pods: 10}}}\n"
    "- {kind: Pod, metadata: {name: pod, namespace: ns, uid: u1}, spec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: 1900m, memory: 1Gi}}}]}, "
    "status: {phase: Running}}\n";

static const char classes[] =
    "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"
    "- name: small\n  match: {namespaces: [s]}\n  defaultQuotas: {mem: 1024, mem_oc: 1, cpu: 1, cpu_oc: 2}\n"
    "  requests: replace\n  pool: {nodeSelector: {pool: p}}\n"
    "- name: huge\n  match: {namespaces: [h]}\n  defaultQuotas: {mem: 16000, mem_oc: 1, cpu: 1, cpu_oc: 1}\n"
    "  maxUpgrades: {memory: 16000, memory_request: 16000}\n  requests: replace\n"
    "- name: kept\n  match: {namespaces: [k]}\n  requests: keep\n";

static int64_t now(void *opaque)
{
    return ((const struct status_world *)opaque)->now_ns;
}

int status_world_setup(void **state)
{
    static struct status_world world;
    world = (struct status_world){.now_ns = 1000000000};
    world.clock = (struct pf_clock){.mono_ns = now, .wall_ns = now, .opaque = &world};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1 << 20);
    struct pf_problems *problems = pf_arena_calloc(&arena, 1, sizeof(*problems));
    if (problems == NULL) {
        return -1;
    }
    pf_problems_init(problems, &arena, "test");
    if (pf_config_parse(pf_sv_from(classes), "test", problems, &world.config) != PF_OK) {
        print_error("%s\n", problems->items[0].text);
        return -1;
    }
    const struct pf_model_options options = {.features = world.config->fit.features,
                                             .clock = &world.clock};
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    if (pf_model_new(&options, &world.model, &err) != PF_OK ||
        pf_snapshot_load_bytes(world.model, pf_sv_from(cluster), "test", &stats, &err) != PF_OK ||
        pf_recent_new(&world.clock, &world.recent, &err) != PF_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = &world;
    return 0;
}

int status_world_teardown(void **state)
{
    struct status_world *world = *state;
    pf_recent_free(world->recent);
    pf_model_free(world->model);
    pf_config_unref(world->config);
    return 0;
}

/* A pod, a node or a namespace from the wire: decode it, apply the defaults twice, compute its request in every minor. */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/arena.h>
#include <podfit/node.h>
#include <podfit/request.h>

/* enough for every input libFuzzer makes, and little enough that the limit is met now and then */
#define ARENA_BYTES ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_labels(const struct pf_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        require(pf_sv_is_utf8(labels->items[i].key) && pf_sv_is_utf8(labels->items[i].value));
        require(pf_labels_find(labels, labels->items[i].key) == &labels->items[i]);
    }
}

static void check_request(const struct pf_request *request)
{
    require(request->milli_cpu >= 0 && request->memory >= 0 && request->ephemeral_storage >= 0);
    for (size_t i = 0; i < request->scalar_count; i++) {
        require(request->scalars[i].amount >= 0);
        require(pf_request_is_scalar(request->scalars[i].name));
        require(i == 0 || pf_sv_cmp(request->scalars[i - 1].name, request->scalars[i].name) < 0);
    }
}

static bool same(const struct pf_request *a, const struct pf_request *b)
{
    bool equal = a->milli_cpu == b->milli_cpu && a->memory == b->memory &&
                 a->ephemeral_storage == b->ephemeral_storage &&
                 a->nonzero_milli_cpu == b->nonzero_milli_cpu &&
                 a->nonzero_memory == b->nonzero_memory && a->scalar_count == b->scalar_count;
    for (size_t i = 0; equal && i < a->scalar_count; i++) {
        equal = a->scalars[i].amount == b->scalars[i].amount;
    }
    return equal;
}

static void judge(struct pf_sv bytes, int minor, struct pf_arena *arena)
{
    struct pf_err err = {0};
    struct pf_pod pod;
    struct pf_request existing;
    struct pf_request first;
    struct pf_request second;
    const struct pf_kube_features features = pf_kube_features_default(minor);
    if (pf_pod_decode(bytes, arena, &pod, &err) != PF_OK) {
        require(err.text[0] != '\0' && pf_sv_is_utf8(pf_sv_from(err.text)));
        return;
    }
    check_labels(&pod.meta.labels);
    check_labels(&pod.meta.annotations);
    check_labels(&pod.node_selector);
    if (pf_request_of_existing(&pod, &features, arena, &existing, NULL) != PF_OK ||
        pf_pod_apply_defaults(&pod, &features, /* stored= */ false, arena, NULL) != PF_OK ||
        pf_request_of_incoming(&pod, &features, arena, &first, NULL) != PF_OK) {
        return;
    }
    check_request(&first);
    if (pf_pod_apply_defaults(&pod, &features, /* stored= */ false, arena, NULL) == PF_OK &&
        pf_request_of_incoming(&pod, &features, arena, &second, NULL) == PF_OK) {
        require(same(&first, &second));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv bytes = {.ptr = (const char *)data, .len = size};
    struct pf_arena arena;
    struct pf_node node;
    struct pf_namespace decoded;
    pf_arena_init(&arena, ARENA_BYTES);
    for (int minor = PF_KUBE_MINOR_OLDEST; minor <= PF_KUBE_MINOR_NEWEST; minor++) {
        judge(bytes, minor, &arena);
        pf_arena_reset(&arena);
    }
    if (pf_node_decode(bytes, &arena, &node, NULL) == PF_OK) {
        check_labels(&node.meta.labels);
    }
    if (pf_namespace_decode(bytes, &arena, &decoded, NULL) == PF_OK) {
        check_labels(&decoded.meta.labels);
    }
    pf_arena_done(&arena);
    return 0;
}

/* Bytes as a snapshot: whatever they are, the model must be consistent afterwards, and a second load must end as the first. */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/model.h>
#include <podfit/snapshot.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t no_time(void *opaque)
{
    (void)opaque;
    return 0;
}

static void check(const struct pf_model *model)
{
    struct pf_err err = {0};
    if (pf_model_check(model, &err) != PF_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pf_clock clock = {.mono_ns = no_time, .wall_ns = no_time};
    const struct pf_model_options options = {
        .features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST), .clock = &clock};
    const struct pf_sv bytes = {.ptr = (const char *)data, .len = size};
    struct pf_model *model = NULL;
    if (pf_model_new(&options, &model, NULL) != PF_OK) {
        return 0;
    }
    struct pf_snapshot_stats stats = {0};
    const enum pf_code first = pf_snapshot_load_bytes(model, bytes, "fuzz", &stats, NULL);
    check(model);
    const struct pf_model_stats once = pf_model_stats(model);
    const enum pf_code second = pf_snapshot_load_bytes(model, bytes, "fuzz", &stats, NULL);
    check(model);
    const struct pf_model_stats twice = pf_model_stats(model);
    if (first != second || once.nodes != twice.nodes || once.namespaces != twice.namespaces) {
        abort();
    }
    pf_model_free(model);
    return 0;
}

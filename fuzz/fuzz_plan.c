#include <stdlib.h>

#include "plan_node.h"
#include "plan_spec.h"
#include "plan_whatif.h"
#include <podfit/limits.h>
#include <podfit/map.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A thousand nodes of a description are as good as 20,000. */
#define NODES_MAX 1000

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool in_range(const struct pf_plan_amounts *amounts)
{
    return (!amounts->has_cpu ||
            (amounts->milli_cpu >= 1 && amounts->milli_cpu <= PF_PLAN_MILLI_CPU_MAX)) &&
           (!amounts->has_memory ||
            (amounts->memory >= 1 && amounts->memory <= PF_PLAN_BYTES_MAX)) &&
           (!amounts->has_storage ||
            (amounts->ephemeral_storage >= 1 && amounts->ephemeral_storage <= PF_PLAN_BYTES_MAX));
}

/* What was read can be written, and a node of it can be decoded. */
static void write_nodes(const struct pf_plan_node_spec *spec, struct pf_arena *arena)
{
    static const struct pf_plan_node_reserves none = {.count = 0};
    pf_autobuf struct pf_buf list = {0};
    pf_buf_init(&list, (size_t)64 << 20);
    demand(spec->count >= 1 && spec->count <= PF_PLAN_NODES_MAX);
    demand(spec->pods >= 1 && spec->pods <= PF_PLAN_PODS_MAX);
    demand(spec->capacity.has_cpu && spec->capacity.has_memory && in_range(&spec->capacity));
    if (spec->count > NODES_MAX) {
        return;
    }
    demand(pf_plan_node_write(spec, 1, &none, &list, NULL) == PF_OK);
    const struct pf_sv text = pf_buf_view(&list);
    const size_t begin = pf_sv_find(text, PF_SV("[")) + 1;
    if (spec->count == 1) {
        struct pf_node node;
        const struct pf_sv item = {.ptr = text.ptr + begin, .len = text.len - begin - 2};
        demand(pf_node_decode(item, arena, &node, NULL) == PF_OK);
        demand(node.taint_count == spec->taint_count);
        demand(node.meta.labels.count == spec->label_count + 1);
    }
}

static void change_settings(struct pf_sv text)
{
    static const struct pf_plan_whatif_base base = {.nodes = 3, .equal_nodes = true};
    struct pf_plan_settings settings = {.class_ = {.has_quota = true, .has_percents = true}};
    settings.class_.quota = pf_quota_default();
    const struct pf_plan_settings before = settings;
    struct pf_err err = {0};
    if (pf_plan_whatif_apply(text, &base, &settings, &err) != PF_OK) {
        demand(err.text[0] != '\0');
        demand(settings.projects == before.projects && settings.users == before.users &&
               settings.volume == before.volume && settings.add == before.add);
    } else {
        demand(settings.projects >= 0 && settings.users >= 0 && settings.volume >= 0);
        demand(in_range(&settings.usage));
    }
}

/** The first byte chooses the parser. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct pf_sv text = {.ptr = (const char *)data + 1, .len = size - 1};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)16 << 20);
    struct pf_err err = {0};
    if (data[0] == 'n') {
        struct pf_plan_node_spec spec;
        if (pf_plan_node_parse(text, &arena, &spec, &err) == PF_OK) {
            write_nodes(&spec, &arena);
        }
    } else if (data[0] == 'p') {
        struct pf_plan_price price;
        demand((pf_plan_spec_price(text, &price, &err) == PF_OK) == (err.code == PF_OK));
    } else if (data[0] == 'w') {
        change_settings(text);
    } else if (data[0] == 'v') {
        int64_t bytes = 0;
        demand(pf_plan_spec_volume(text, &bytes, &err) != PF_OK ||
               (bytes >= 1 && bytes <= PF_PLAN_BYTES_MAX));
    } else {
        struct pf_plan_amounts amounts;
        demand(pf_plan_spec_amounts(text, PF_PLAN_CPU_MEMORY_STORAGE, &amounts, &err) != PF_OK ||
               in_range(&amounts));
    }
    return 0;
}

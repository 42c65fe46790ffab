#include "pod_parts.h"
#include "table.h"
#include <podfit/storage.h>

/** A quantity that may be missing. */
struct bound {
    struct pf_quantity amount;
    bool given;
};

struct part {
    struct pf_meta meta;
    struct bound room;
    struct bound maximum;
    struct pf_storage_capacity capacity;
};

static void read_bound(struct pf_decode *d, void *at)
{
    struct bound *bound = at;
    bound->given = pf_decode_is_set(d);
    pf_fields_quantity(d, &bound->amount);
}

static void read_topology(struct pf_decode *d, void *at)
{
    struct pf_storage_capacity *capacity = at;
    capacity->topology_invalid = !pf_pod_terms_selector(d, &capacity->topology);
}

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_VALUE("storageClassName", pf_table_string, struct part, capacity.class_name),
    PF_TABLE_VALUE("nodeTopology", read_topology, struct part, capacity),
    PF_TABLE_VALUE("capacity", read_bound, struct part, room),
    PF_TABLE_VALUE("maximumVolumeSize", read_bound, struct part, maximum),
};

enum pf_code pf_storage_capacity_decode(struct pf_sv bytes, struct pf_arena *arena,
                                        struct pf_storage_capacity *ret_capacity,
                                        struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.room = {.amount = pf_quantity_zero},
                        .maximum = {.amount = pf_quantity_zero}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        struct pf_storage_capacity *capacity = &part.capacity;
        capacity->namespace_ = part.meta.namespace_;
        capacity->name = part.meta.name;
        capacity->limit = part.maximum.given ? part.maximum.amount : part.room.amount;
        capacity->has_limit = part.room.given || part.maximum.given;
        *ret_capacity = *capacity;
    }
    return code;
}

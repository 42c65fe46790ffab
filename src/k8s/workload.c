#include "pod_parts.h"
#include "table.h"
#include <podfit/workload.h>

struct part {
    struct pf_meta meta;
    struct pf_workload workload;
};

/* labels.Set.AsSelector: nothing is validated */
static void read_map(struct pf_decode *d, void *at)
{
    struct pf_label_selector *selector = at;
    struct pf_labels labels = {0};
    selector->present = pf_fields_labels(d, &labels);
    struct pf_requirement *requirements =
        pf_arena_calloc(d->arena, labels.count, sizeof(*requirements));
    if (requirements == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "no memory for a selector");
        return;
    }
    for (size_t i = 0; i < labels.count; i++) {
        requirements[i] = (struct pf_requirement){.key = labels.items[i].key,
                                                  .values = &labels.items[i].value,
                                                  .value_count = 1,
                                                  .operator_ = PF_SELECTOR_IN,
                                                  .valid = true};
    }
    selector->requirements = requirements;
    selector->requirement_count = labels.count;
}

static void read_selector(struct pf_decode *d, void *at)
{
    struct pf_workload *workload = at;
    workload->invalid = !pf_pod_terms_selector(d, &workload->selector);
}

static const struct pf_table_row map_spec_rows[] = {
    PF_TABLE_VALUE("selector", read_map, struct part, workload.selector),
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("selector", read_selector, struct part, workload),
};

static const struct pf_table_row map_rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", map_spec_rows),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
};

enum pf_code pf_workload_decode(struct pf_sv bytes, bool by_map, struct pf_arena *arena,
                                struct pf_workload *ret_workload, struct pf_err *err)
{
    static const struct pf_table_row objects[] = {
        PF_TABLE_OBJECT("", rows),
        PF_TABLE_OBJECT("", map_rows),
    };
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &objects[by_map ? 1 : 0], &part, err);
    if (code == PF_OK) {
        part.workload.namespace_ = part.meta.namespace_;
        part.workload.name = part.meta.name;
        *ret_workload = part.workload;
    }
    return code;
}

#include "table.h"
#include <podfit/preemption.h>

struct part {
    struct pf_meta meta;
    struct pf_sv policy;
    struct pf_priority_class priority_class;
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_VALUE("value", pf_table_i32, struct part, priority_class.value),
    PF_TABLE_VALUE("globalDefault", pf_table_bool, struct part, priority_class.global_default),
    PF_TABLE_VALUE("preemptionPolicy", pf_table_string, struct part, policy),
};

enum pf_code pf_priority_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                      struct pf_priority_class *ret_class, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.priority_class.name = part.meta.name;
        part.priority_class.never = pf_sv_eq(part.policy, PF_SV("Never"));
        *ret_class = part.priority_class;
    }
    return code;
}

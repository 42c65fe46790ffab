#include "table.h"
#include <podfit/storage.h>

struct part {
    struct pf_meta meta;
    struct pf_device_class device_class;
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("extendedResourceName", pf_table_string, struct part,
                   device_class.extended_resource),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
};

enum pf_code pf_device_class_decode(struct pf_sv bytes, struct pf_arena *arena,
                                    struct pf_device_class *ret_class, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.device_class.name = part.meta.name;
        *ret_class = part.device_class;
    }
    return code;
}

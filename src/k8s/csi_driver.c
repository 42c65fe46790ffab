#include "table.h"
#include <podfit/storage.h>

struct part {
    struct pf_meta meta;
    struct pf_csi_driver driver;
};

static const struct pf_table_row spec_rows[] = {
    PF_TABLE_VALUE("storageCapacity", pf_table_bool, struct part, driver.storage_capacity),
};

static const struct pf_table_row rows[] = {
    PF_TABLE_VALUE("metadata", pf_table_meta, struct part, meta),
    PF_TABLE_OBJECT("spec", spec_rows),
};

enum pf_code pf_csi_driver_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_csi_driver *ret_driver, struct pf_err *err)
{
    static const struct pf_table_row object = PF_TABLE_OBJECT("", rows);
    struct part part = {.meta = {.deleting = false}};
    const enum pf_code code = pf_table_decode(bytes, arena, &object, &part, err);
    if (code == PF_OK) {
        part.driver.name = part.meta.name;
        *ret_driver = part.driver;
    }
    return code;
}

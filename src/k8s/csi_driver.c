#include "fields.h"
#include <podfit/storage.h>

static void decode_spec(struct pf_decode *d, struct pf_csi_driver *driver)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("storageCapacity")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_bool(d, &driver->storage_capacity);
    }
}

enum pf_code pf_csi_driver_decode(struct pf_sv bytes, struct pf_arena *arena,
                                  struct pf_csi_driver *ret_driver, struct pf_err *err)
{
    enum { METADATA, SPEC };
    static const struct pf_sv keys[] = {
        [METADATA] = PF_SV_INIT("metadata"),
        [SPEC] = PF_SV_INIT("spec"),
    };
    struct pf_decode d;
    struct pf_meta meta = {0};
    struct pf_csi_driver driver = {0};
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == METADATA) {
            pf_fields_meta(&d, &meta);
        } else {
            decode_spec(&d, &driver);
        }
    }
    const enum pf_code code = pf_decode_finish_whole(&d, err);
    if (code == PF_OK) {
        driver.name = meta.name;
        *ret_driver = driver;
    }
    return code;
}

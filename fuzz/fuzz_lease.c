#include <stdint.h>
#include <stdlib.h>

#include <podfit/lease.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)4 << 20);
    struct pf_lease_record record = {.duration_s = -1};
    struct pf_err err = {0};
    if (pf_lease_decode(text, &arena, &record, &err) != PF_OK) {
        if (err.text[0] == '\0' || record.duration_s != -1) {
            abort(); /* it says why, and leaves the record alone */
        }
        return 0;
    }
    /* escapes do not make texts longer */
    if (record.resource_version.len == 0 || record.holder.len > size ||
        record.renew_time.len > size || record.acquire_time.len > size) {
        abort();
    }
    return 0;
}

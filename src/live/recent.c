#include "live_internal.h"

void pf_live_recent_clear(struct pf_live_recent *recent)
{
    *recent = (struct pf_live_recent){0};
}

bool pf_live_recent_is_late(struct pf_live_recent *recent, const struct pf_meta *meta)
{
    int64_t version = 0;
    if (!pf_sv_to_i64(meta->resource_version, &version) || version <= 0) {
        return false;
    }
    const uint64_t key =
        pf_sv_hash(meta->name, pf_sv_hash(meta->namespace_, PF_LIVE_RECENT)) | 1; /* 0: free */
    const size_t at = (size_t)(key >> 32) % PF_LIVE_RECENT;
    if (recent->items[at].key == key && (uint64_t)version < recent->items[at].version) {
        return true;
    }
    recent->items[at].key = key;
    recent->items[at].version = (uint64_t)version;
    return false;
}

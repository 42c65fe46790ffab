#include "in_tree.h"

/*
 * What csi-translation-lib makes of an in-tree PersistentVolume: its volumeHandle and its node affinity.
 * Source: staging/src/k8s.io/csi-translation-lib/plugins/{in_tree_volume,gce_pd,aws_ebs,openstack_cinder}.go.
 */

#define ZONE        PF_SV("topology.kubernetes.io/zone")
#define REGION      PF_SV("topology.kubernetes.io/region")
#define BETA_ZONE   PF_SV("failure-domain.beta.kubernetes.io/zone")
#define BETA_REGION PF_SV("failure-domain.beta.kubernetes.io/region")
#define DELIMITER   PF_SV("__")

/* The part before the next delimiter; @return false when there is none left. */
static bool next_zone(struct pf_sv *rest, bool *more, struct pf_sv *ret_zone)
{
    if (!*more) {
        return false;
    }
    const size_t at = pf_sv_find(*rest, DELIMITER);
    *more = at != SIZE_MAX;
    *ret_zone = (struct pf_sv){.ptr = rest->ptr, .len = *more ? at : rest->len};
    const size_t skip = *more ? at + DELIMITER.len : rest->len;
    rest->ptr += skip;
    rest->len -= skip;
    return true;
}

static struct pf_sv label_of(const struct pf_volume *volume, struct pf_sv key)
{
    const struct pf_label *label = pf_labels_find(&volume->labels, key);
    return label != NULL ? label->value : (struct pf_sv){0};
}

/* gceGetRegionFromZones() for one zone: `us-central1-a` is in `us-central1`. @return false: another form */
static bool region_of(struct pf_sv zone, struct pf_sv *ret_region)
{
    size_t dashes = 0;
    size_t last = 0;
    for (size_t i = 0; zone.ptr != NULL && i < zone.len; i++) {
        if (zone.ptr[i] == '-') {
            dashes++;
            last = i;
        }
    }
    *ret_region = (struct pf_sv){.ptr = zone.ptr, .len = last};
    return dashes == 2;
}

static enum pf_code move_gce(struct pf_volume *volume, struct pf_sv disk, struct pf_arena *arena)
{
    struct pf_sv zones = label_of(volume, BETA_ZONE);
    zones = zones.len != 0 ? zones : label_of(volume, ZONE);
    const bool regional = pf_sv_find(zones, DELIMITER) != SIZE_MAX;
    struct pf_sv place = zones.len != 0 ? zones : PF_SV("UNSPECIFIED");
    struct pf_sv rest = zones;
    struct pf_sv zone = {0};
    bool more = regional;
    for (bool first = true; next_zone(&rest, &more, &zone); first = false) {
        struct pf_sv region = {0};
        if (!region_of(zone, &region) || (!first && !pf_sv_eq(region, place))) {
            volume->untranslatable = true;
            return PF_OK;
        }
        place = region;
    }
    const char *handle =
        pf_arena_printf(arena, "projects/UNSPECIFIED/%s/%.*s/disks/%.*s",
                        regional ? "regions" : "zones", PF_SV_ARG(place), PF_SV_ARG(disk));
    volume->handle = pf_sv_from(handle);
    return handle != NULL ? PF_OK : PF_E_NO_MEMORY;
}

static bool has_key(const struct pf_node_selector *affinity, struct pf_sv key, bool with_values)
{
    for (size_t i = 0; i < affinity->term_count; i++) {
        const struct pf_node_selector_term *term = &affinity->terms[i];
        for (size_t k = 0; k < term->expression_count; k++) {
            if (pf_sv_eq(term->expressions[k].key, key) &&
                (!with_values || term->expressions[k].value_count != 0)) {
                return true;
            }
        }
    }
    return false;
}

static void replace_key(struct pf_node_selector *affinity, struct pf_sv from, struct pf_sv to)
{
    for (size_t i = 0; i < affinity->term_count; i++) {
        struct pf_node_selector_term *term = &affinity->terms[i];
        for (size_t k = 0; k < term->expression_count; k++) {
            if (pf_sv_eq(term->expressions[k].key, from)) {
                term->expressions[k].key = to;
                pf_requirement_validate(&term->expressions[k], /* node= */ true);
            }
        }
    }
}

/* Copy with one more place in each list of expressions, and one term at the least. @return false: no memory */
static bool copy_affinity(const struct pf_node_selector *from, struct pf_arena *arena,
                          struct pf_node_selector *ret_copy)
{
    struct pf_node_selector copy = *from;
    copy.terms = pf_arena_calloc(arena, from->term_count + 1, sizeof(*copy.terms));
    for (size_t i = 0; copy.terms != NULL && i <= from->term_count; i++) {
        struct pf_node_selector_term *term = &copy.terms[i];
        if (i < from->term_count) {
            *term = from->terms[i];
        }
        const struct pf_requirement *expressions = term->expressions;
        term->expressions =
            pf_arena_calloc(arena, term->expression_count + 1, sizeof(*term->expressions));
        if (term->expressions == NULL) {
            return false;
        }
        if (term->expression_count != 0) {
            memcpy(term->expressions, expressions, term->expression_count * sizeof(*expressions));
        }
    }
    *ret_copy = copy;
    return copy.terms != NULL;
}

/* The zones of a label's value, each once; upstream trims them and leaves empty ones out. @return false: no memory */
static bool split_zones(struct pf_sv text, struct pf_arena *arena, struct pf_sv **ret_zones,
                        size_t *ret_count)
{
    struct pf_sv *zones = pf_arena_calloc(arena, text.len / 2 + 1, sizeof(*zones));
    size_t count = 0;
    bool more = true;
    struct pf_sv zone = {0};
    while (zones != NULL && next_zone(&text, &more, &zone)) {
        zone = pf_sv_trim(zone);
        bool known = zone.len == 0;
        for (size_t i = 0; i < count && !known; i++) {
            known = pf_sv_eq(zones[i], zone);
        }
        if (!known) {
            zones[count++] = zone;
        }
    }
    *ret_zones = zones;
    *ret_count = count;
    return zones != NULL;
}

/* addTopology(): `key In zones` in each term. */
static enum pf_code add_zones(struct pf_node_selector *affinity, struct pf_sv key,
                              struct pf_sv text, struct pf_arena *arena)
{
    struct pf_sv *zones = NULL;
    size_t count = 0;
    if (!split_zones(text, arena, &zones, &count)) {
        return PF_E_NO_MEMORY;
    }
    if (count == 0) {
        return PF_OK;
    }
    affinity->present = true;
    affinity->term_count = affinity->term_count != 0 ? affinity->term_count : 1;
    for (size_t i = 0; i < affinity->term_count; i++) {
        struct pf_node_selector_term *term = &affinity->terms[i];
        struct pf_requirement *added = &term->expressions[term->expression_count++];
        *added = (struct pf_requirement){
            .key = key, .values = zones, .value_count = count, .operator_ = PF_SELECTOR_IN};
        pf_requirement_validate(added, /* node= */ true);
    }
    return PF_OK;
}

/* translateTopologyFromInTreeToCSI() */
static enum pf_code move_affinity(struct pf_volume *volume, struct pf_sv key,
                                  struct pf_arena *arena)
{
    const struct pf_node_selector *affinity = &volume->affinity;
    const bool beta = !has_key(affinity, ZONE, /* with_values= */ false) &&
                      (has_key(affinity, BETA_ZONE, /* with_values= */ false) ||
                       (pf_labels_find(&volume->labels, ZONE) == NULL &&
                        pf_labels_find(&volume->labels, BETA_ZONE) != NULL));
    const struct pf_sv zone_key = beta ? BETA_ZONE : ZONE;
    struct pf_node_selector *moved = &volume->moved_affinity;
    if (!copy_affinity(affinity, arena, moved)) {
        return PF_E_NO_MEMORY;
    }
    if (has_key(moved, zone_key, /* with_values= */ true)) {
        replace_key(moved, zone_key, key);
    } else if (pf_labels_find(&volume->labels, zone_key) != NULL &&
               add_zones(moved, key, label_of(volume, zone_key), arena) != PF_OK) {
        return PF_E_NO_MEMORY;
    }
    if (beta && has_key(moved, BETA_REGION, /* with_values= */ true)) {
        replace_key(moved, BETA_REGION, REGION);
    }
    return PF_OK;
}

enum pf_code pf_volume_move(struct pf_volume *volume, const struct pf_in_tree_disk *disk,
                            struct pf_arena *arena)
{
    enum pf_code code = PF_OK;
    volume->driver = pf_in_tree_driver(volume->in_tree);
    volume->handle = disk->id;
    volume->moved_affinity = volume->affinity;
    switch (volume->in_tree) {
    case PF_IN_TREE_GCE_DISK:
        code = move_gce(volume, disk->id, arena);
        return code == PF_OK ? move_affinity(volume, PF_SV("topology.gke.io/zone"), arena) : code;
    case PF_IN_TREE_AWS_DISK:
        volume->untranslatable = !pf_in_tree_aws_handle(disk->id, &volume->handle);
        return move_affinity(volume, PF_SV("topology.ebs.csi.aws.com/zone"), arena);
    case PF_IN_TREE_CINDER:
        return move_affinity(volume, PF_SV("topology.cinder.csi.openstack.org/zone"), arena);
    case PF_IN_TREE_AZURE_DISK:
        volume->untranslatable = !disk->managed;
        return PF_OK;
    case PF_IN_TREE_PORTWORX:
    case PF_IN_TREE_NONE:
    case PF_IN_TREE_COUNT:
    default:
        return PF_OK;
    }
}

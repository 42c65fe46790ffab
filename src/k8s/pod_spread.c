#include "pod_parts.h"

static void decode_spread(struct pf_decode *d, struct pf_spread *spread)
{
    enum { KEY, SKEW, ACTION, SELECTOR, DOMAINS, AFFINITY, TAINTS, LABEL_KEYS };
    static const struct pf_sv keys[] = {
        [KEY] = PF_SV_INIT("topologyKey"),          [SKEW] = PF_SV_INIT("maxSkew"),
        [ACTION] = PF_SV_INIT("whenUnsatisfiable"), [SELECTOR] = PF_SV_INIT("labelSelector"),
        [DOMAINS] = PF_SV_INIT("minDomains"),       [AFFINITY] = PF_SV_INIT("nodeAffinityPolicy"),
        [TAINTS] = PF_SV_INIT("nodeTaintsPolicy"),  [LABEL_KEYS] = PF_SV_INIT("matchLabelKeys"),
    };
    struct pf_sv text = {0};
    uint64_t seen = 0;
    size_t field = 0;
    *spread = (struct pf_spread){.min_domains = 1};
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case KEY:
            pf_decode_string(d, &spread->topology_key);
            break;
        case SKEW:
            pf_decode_i32(d, &spread->max_skew);
            break;
        case ACTION:
            pf_decode_string(d, &text);
            spread->do_not_schedule = pf_sv_eq(text, PF_SV("DoNotSchedule"));
            spread->schedule_anyway = pf_sv_eq(text, PF_SV("ScheduleAnyway"));
            break;
        case SELECTOR:
            spread->invalid = !pf_pod_terms_selector(d, &spread->selector);
            break;
        case DOMAINS:
            pf_decode_i32(d, &spread->min_domains);
            break;
        case AFFINITY:
            spread->ignore_node_affinity = pf_decode_is_set(d);
            pf_decode_string(d, &text);
            spread->ignore_node_affinity =
                spread->ignore_node_affinity && !pf_sv_eq(text, PF_SV("Honor"));
            break;
        case TAINTS:
            text = (struct pf_sv){0};
            pf_decode_string(d, &text);
            spread->honor_node_taints = pf_sv_eq(text, PF_SV("Honor"));
            break;
        default:
            (void)pf_decode_strings(d, &spread->match_label_keys, &spread->match_label_key_count);
            break;
        }
    }
}

void pf_pod_spread_decode(struct pf_decode *d, struct pf_pod *pod)
{
    size_t cap = 0;
    (void)pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_spread *grown =
            pf_decode_grow(d, pod->spreads, pod->spread_count, &cap, sizeof(*pod->spreads));
        if (grown == NULL) {
            return;
        }
        pod->spreads = grown;
        struct pf_spread *spread = &pod->spreads[pod->spread_count++];
        decode_spread(d, spread);
        if (spread->do_not_schedule) {
            pod->needs |= PF_NEEDS_TOPOLOGY_SPREAD;
        }
    }
}

#include "pod_parts.h"

static enum pf_toleration_operator operator_of(struct pf_sv text)
{
    static const struct pf_sv names[] = {
        [PF_TOLERATION_EQUAL] = PF_SV_INIT("Equal"),
        [PF_TOLERATION_EXISTS] = PF_SV_INIT("Exists"),
        [PF_TOLERATION_GT] = PF_SV_INIT("Gt"),
        [PF_TOLERATION_LT] = PF_SV_INIT("Lt"),
    };
    return text.len == 0
               ? PF_TOLERATION_EQUAL
               : (enum pf_toleration_operator)pf_cursor_match(text, names, PF_ARRAY_LEN(names));
}

static void decode_toleration(struct pf_decode *d, struct pf_toleration *toleration)
{
    enum { KEY, OPERATOR, VALUE, EFFECT };
    static const struct pf_sv keys[] = {
        [KEY] = PF_SV_INIT("key"),
        [OPERATOR] = PF_SV_INIT("operator"),
        [VALUE] = PF_SV_INIT("value"),
        [EFFECT] = PF_SV_INIT("effect"),
    };
    struct pf_sv texts[PF_ARRAY_LEN(keys)] = {{0}};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, &texts[field]);
    }
    *toleration = (struct pf_toleration){
        .key = texts[KEY],
        .value = texts[VALUE],
        .effect = texts[EFFECT],
        .operator_ = operator_of(texts[OPERATOR]),
    };
}

void pf_pod_rules_tolerations(struct pf_decode *d, struct pf_pod *pod)
{
    size_t cap = 0;
    pod->tolerations_present = pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_toleration *grown = pf_decode_grow(d, pod->tolerations, pod->toleration_count,
                                                     &cap, sizeof(*pod->tolerations));
        if (grown == NULL) {
            return;
        }
        pod->tolerations = grown;
        decode_toleration(d, &pod->tolerations[pod->toleration_count++]);
    }
}

void pf_pod_rules_gates(struct pf_decode *d, struct pf_pod *pod)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("name")};
    size_t cap = 0;
    pod->scheduling_gates_present = pf_decode_enter_array(d);
    while (pf_decode_next_item(d)) {
        struct pf_sv *grown = pf_decode_grow(d, pod->scheduling_gates, pod->scheduling_gate_count,
                                             &cap, sizeof(*pod->scheduling_gates));
        if (grown == NULL) {
            return;
        }
        pod->scheduling_gates = grown;
        struct pf_sv *name = &pod->scheduling_gates[pod->scheduling_gate_count++];
        uint64_t seen = 0;
        size_t field = 0;
        *name = (struct pf_sv){0};
        (void)pf_decode_enter_object(d);
        while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
            pf_decode_string(d, name);
        }
    }
}

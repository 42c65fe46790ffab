#include <podfit/pod.h>

/* `0`, or digits without a leading zero after an optional minus (apimachinery content.IsDecimalInteger) */
static bool canonical_integer(struct pf_sv text, int64_t *ret_value)
{
    const size_t sign = text.len != 0 && text.ptr[0] == '-' ? 1 : 0;
    if (text.len > sign && text.ptr[sign] == '0' && text.len > 1) {
        return false;
    }
    return pf_sv_to_i64(text, ret_value);
}

static bool compares(const struct pf_toleration *toleration, struct pf_sv taint_value)
{
    int64_t wanted = 0;
    int64_t found = 0;
    if (!canonical_integer(toleration->value, &wanted) || !canonical_integer(taint_value, &found)) {
        return false;
    }
    return toleration->operator_ == PF_TOLERATION_GT ? found > wanted : found < wanted;
}

bool pf_toleration_tolerates(const struct pf_toleration *toleration, struct pf_sv key,
                             struct pf_sv value, struct pf_sv effect,
                             const struct pf_kube_features *features)
{
    if (toleration->effect.len != 0 && !pf_sv_eq(toleration->effect, effect)) {
        return false;
    }
    if (toleration->key.len != 0 && !pf_sv_eq(toleration->key, key)) {
        return false;
    }
    switch (toleration->operator_) {
    case PF_TOLERATION_EXISTS:
        return true;
    case PF_TOLERATION_EQUAL:
        return pf_sv_eq(toleration->value, value);
    case PF_TOLERATION_GT:
    case PF_TOLERATION_LT:
        return features->taint_comparison_operators && compares(toleration, value);
    case PF_TOLERATION_OTHER:
    default:
        return false;
    }
}

bool pf_pod_tolerates(const struct pf_pod *pod, struct pf_sv key, struct pf_sv value,
                      struct pf_sv effect, const struct pf_kube_features *features)
{
    for (size_t i = 0; i < pod->toleration_count; i++) {
        if (pf_toleration_tolerates(&pod->tolerations[i], key, value, effect, features)) {
            return true;
        }
    }
    return false;
}

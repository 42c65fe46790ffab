#include <stddef.h>

#include <podfit/version.h>

/* scheduler-fit section 13 */
struct pf_kube_features pf_kube_features_default(int minor)
{
    const int oldest = minor < PF_KUBE_MINOR_OLDEST ? PF_KUBE_MINOR_OLDEST : minor;
    const int known = oldest > PF_KUBE_MINOR_NEWEST ? PF_KUBE_MINOR_NEWEST : oldest;
    return (struct pf_kube_features){
        .minor = known,
        .pod_level_resources = known >= 34,
        .in_place_pod_level_resources = known >= 36,
        .taint_comparison_operators = false,
        .dra_extended_resource = known >= 36,
        .dynamic_resource_allocation = known >= 34,
        .node_declared_features = known >= 36,
    };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* leading digits of @p text, at most four; they are cut off */
static bool take_number(struct pf_sv *text, int *ret_value)
{
    int value = 0;
    size_t len = 0;
    while (len < text->len && len < 4 && is_digit(text->ptr[len])) {
        value = value * 10 + (text->ptr[len] - '0');
        len++;
    }
    if (len == 0 || (len < text->len && is_digit(text->ptr[len]))) {
        return false;
    }
    text->ptr += len;
    text->len -= len;
    *ret_value = value;
    return true;
}

/* patch, vendor and build parts: `.3-gke.1200`, `+k3s1`, `-rc.0` */
static bool is_rest(struct pf_sv text)
{
    if (text.len != 0 && text.ptr[0] != '.' && text.ptr[0] != '+' && text.ptr[0] != '-') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const char lower = (char)(c | 0x20);
        if (!is_digit(c) && !(lower >= 'a' && lower <= 'z') && c != '.' && c != '+' && c != '-') {
            return false;
        }
    }
    return true;
}

enum pf_code pf_kube_version_parse(struct pf_sv text, int *ret_minor, struct pf_err *err)
{
    struct pf_sv rest = text;
    int major = 0;
    int minor = 0;
    if (rest.len != 0 && rest.ptr[0] == 'v') {
        rest.ptr++;
        rest.len--;
    }
    bool valid = take_number(&rest, &major) && rest.len != 0 && rest.ptr[0] == '.';
    if (valid) {
        rest.ptr++;
        rest.len--;
        valid = take_number(&rest, &minor) && is_rest(rest);
    }
    if (!valid) {
        return pf_err_set(err, PF_E_INVALID, "'%.*s' is not a Kubernetes version such as '1.36'",
                          PF_SV_ARG(text));
    }
    if (major < 1 || (major == 1 && minor < PF_KUBE_MINOR_OLDEST)) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "Kubernetes '%.*s' is older than 1.%d, the oldest podfit knows",
                          PF_SV_ARG(text), PF_KUBE_MINOR_OLDEST);
    }
    *ret_minor = major > 1 || minor > PF_KUBE_MINOR_NEWEST ? PF_KUBE_MINOR_NEWEST : minor;
    return PF_OK;
}

enum pf_code pf_kube_features_set(struct pf_kube_features *features, struct pf_sv gate, bool on)
{
    static const struct {
        struct pf_sv name;
        size_t offset;
    } gates[] = {
        {PF_SV_INIT("PodLevelResources"), offsetof(struct pf_kube_features, pod_level_resources)},
        {PF_SV_INIT("InPlacePodLevelResourcesVerticalScaling"),
         offsetof(struct pf_kube_features, in_place_pod_level_resources)},
        {PF_SV_INIT("TaintTolerationComparisonOperators"),
         offsetof(struct pf_kube_features, taint_comparison_operators)},
        {PF_SV_INIT("DRAExtendedResource"),
         offsetof(struct pf_kube_features, dra_extended_resource)},
        {PF_SV_INIT("DynamicResourceAllocation"),
         offsetof(struct pf_kube_features, dynamic_resource_allocation)},
        {PF_SV_INIT("NodeDeclaredFeatures"),
         offsetof(struct pf_kube_features, node_declared_features)},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(gates); i++) {
        if (pf_sv_eq(gate, gates[i].name)) {
            bool *flag = (bool *)((char *)features + gates[i].offset);
            *flag = on;
            return PF_OK;
        }
    }
    return PF_E_NOT_FOUND;
}

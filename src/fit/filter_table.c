#include <podfit/filter.h>

/* Filters that podfit lacks have a name and the needs that call for them, nothing else. Sources: scheduler-fit 1.3 and 7.7 to 7.14. */
static const struct pf_filter *const filters[PF_FILTER_COUNT] = {
    [PF_FILTER_NODE_UNSCHEDULABLE] = &pf_node_unschedulable_filter,
    [PF_FILTER_NODE_NAME] = &pf_node_name_filter,
    [PF_FILTER_TAINT_TOLERATION] = &pf_taint_toleration_filter,
    [PF_FILTER_NODE_AFFINITY] = &pf_node_affinity_filter,
    [PF_FILTER_NODE_PORTS] = &pf_node_ports_filter,
    [PF_FILTER_NODE_RESOURCES_FIT] = &pf_node_resources_fit_filter,
    [PF_FILTER_VOLUME_RESTRICTIONS] = &pf_volume_restrictions_filter,
    [PF_FILTER_NODE_VOLUME_LIMITS] = &pf_node_volume_limits_filter,
    [PF_FILTER_VOLUME_BINDING] = &pf_volume_binding_filter,
    [PF_FILTER_VOLUME_ZONE] = &pf_volume_zone_filter,
    [PF_FILTER_POD_TOPOLOGY_SPREAD] = &pf_pod_topology_spread_filter,
    [PF_FILTER_INTER_POD_AFFINITY] = &pf_inter_pod_affinity_filter,
    [PF_FILTER_DYNAMIC_RESOURCES] = &pf_dynamic_resources_filter,
    [PF_FILTER_NODE_DECLARED_FEATURES] = &pf_node_declared_features_filter,
};

const struct pf_filter *pf_filter_get(enum pf_filter_id filter)
{
    return filters[filter];
}

const char *pf_filter_name(enum pf_filter_id filter)
{
    return (unsigned)filter < PF_FILTER_COUNT ? filters[filter]->name : NULL;
}

bool pf_filter_find(struct pf_sv name, enum pf_filter_id *ret_filter)
{
    for (unsigned i = 0; i < PF_FILTER_COUNT; i++) {
        if (pf_sv_eq_cstr(name, filters[i]->name)) {
            *ret_filter = (enum pf_filter_id)i;
            return true;
        }
    }
    return false;
}

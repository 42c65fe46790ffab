#include <podfit/filter.h>

/*
 * Sources: pkg/scheduler/framework/plugins/nodeports/node_ports.go, HostPortInfo in
 * staging/src/k8s.io/kube-scheduler/framework/types.go (scheduler-fit 7.5).
 */

static enum pf_code prepare(struct pf_question *question,
                            const struct pf_fit_options *options PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED)
{
    if (question->port_count == 0) {
        question->active &= ~(1U << PF_FILTER_NODE_PORTS);
    }
    return PF_OK;
}

static bool conflicts(const struct pf_filter_input *input, const struct pf_node_extra *extra,
                      size_t wanted)
{
    const struct pf_port *port = &input->question->ports[wanted];
    const uint32_t ip = input->question->port_ips[wanted];
    const bool any = port->host_ip.len == 0 || pf_sv_eq(port->host_ip, PF_SV("0.0.0.0"));
    for (size_t i = 0; i < extra->port_count; i++) {
        const struct pf_used_port *used = &extra->ports[i];
        if ((int32_t)used->port == port->host_port && used->protocol == (uint8_t)port->protocol &&
            (any || used->ip == ip || used->ip == input->question->any_ip)) {
            return true;
        }
    }
    return false;
}

static bool check(const struct pf_filter_input *input, struct pf_filter_target *target,
                  struct pf_result *result)
{
    const struct pf_node_extra *extra = pf_filter_extra(input, target->slot);
    if (extra == NULL || extra->port_count == 0) {
        return true;
    }
    for (size_t i = 0; i < input->question->port_count; i++) {
        if (conflicts(input, extra, i)) {
            result->code = PF_FIT_UNSCHEDULABLE;
            return false;
        }
    }
    return true;
}

static enum pf_code reasons(const struct pf_filter_input *input PF_UNUSED,
                            const struct pf_result *result PF_UNUSED,
                            struct pf_arena *arena PF_UNUSED, pf_filter_reason_fn *visit,
                            void *opaque)
{
    return visit(opaque, PF_SV("node(s) didn't have free ports for the requested pod ports"));
}

const struct pf_filter pf_node_ports_filter = {
    .name = "NodePorts",
    .built = true,
    .prepare = prepare,
    .check = check,
    .reasons = reasons,
};

#include "check_item.h"
#include <podfit/clitable.h>

static enum pf_cliout_style style_of(enum pf_verdict verdict)
{
    switch (verdict) {
    case PF_VERDICT_FITS:
        return PF_CLIOUT_GOOD;
    case PF_VERDICT_FULL:
    case PF_VERDICT_NEVER:
        return PF_CLIOUT_BAD;
    case PF_VERDICT_UNKNOWN:
        return PF_CLIOUT_DOUBT;
    case PF_VERDICT_NOT_JUDGED:
        break;
    }
    return PF_CLIOUT_FAINT;
}

static void put_heading(const struct pf_check_item *item, bool colour, struct pf_buf *buf)
{
    pf_cliout_put_text(buf, item->namespace_);
    pf_buf_append_char(buf, '/');
    pf_cliout_put_text(buf, item->name);
    pf_buf_append_cstr(buf, ": ");
    pf_cliout_put_styled(buf, colour, style_of(item->verdict),
                         pf_sv_from(pf_verdict_name(item->verdict)));
    pf_buf_printf(buf, ", %s%s", item->observed ? "observed only, otherwise " : "",
                  pf_action_name(item->action));
    if (item->class_name.len != 0) {
        pf_buf_append_cstr(buf, " (class ");
        pf_cliout_put_text(buf, item->class_name);
        pf_buf_append_char(buf, ')');
    }
    pf_buf_append_char(buf, '\n');
    if (item->explanation.len != 0) {
        pf_buf_append_cstr(buf, "  ");
        pf_cliout_put_text(buf, item->explanation);
        pf_buf_append_char(buf, '\n');
    }
}

/* Who would be evicted, or why that does not help. */
static void put_preemption(const struct pf_check_item *item, struct pf_buf *buf)
{
    const struct pf_preemption *preemption = item->preemption;
    if (preemption == NULL) {
        return;
    }
    pf_buf_append_cstr(buf, "  by preemption on node ");
    pf_cliout_put_text(buf, preemption->node);
    pf_buf_append_cstr(buf, preemption->victim_count != 0 ? ", evicting " : ", evicting nobody");
    for (size_t i = 0; i < preemption->victim_count; i++) {
        pf_buf_append_cstr(buf, i != 0 ? ", " : "");
        pf_cliout_put_text(buf, preemption->victims[i]);
    }
    pf_buf_append_char(buf, '\n');
}

static void put_post_filter(const struct pf_check_item *item, struct pf_buf *buf)
{
    if (item->post_filter.len != 0) {
        pf_buf_append_cstr(buf, "  ");
        pf_cliout_put_text(buf, item->post_filter);
        pf_buf_append_char(buf, '\n');
    }
}

static void add_value(struct pf_clitable *table, const struct pf_resource_list *list,
                      struct pf_sv name)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const struct pf_resource *found = pf_resource_list_find(list, name);
    if (found == NULL) {
        pf_clitable_add(table, PF_SV("-"), PF_CLIOUT_FAINT);
        return;
    }
    const size_t len = pf_quantity_format(&found->amount, text);
    pf_clitable_add(table, (struct pf_sv){.ptr = text, .len = len}, PF_CLIOUT_PLAIN);
}

/* Of the resource's request if that was changed, else of its limit, else of the container. */
static enum pf_rule rule_of(const struct pf_check_container *container, struct pf_sv resource)
{
    enum pf_rule rule = container->rule;
    for (size_t i = 0; i < container->change_count; i++) {
        const struct pf_rewrite_change *change = &container->changes[i];
        if (!pf_sv_eq(change->resource, resource)) {
            continue;
        }
        rule = change->rule;
        if (!change->limit) {
            break;
        }
    }
    return rule;
}

/* Rows of the resources of @p list that none of the @p count lists before it names. */
static void add_rows(struct pf_clitable *table, const struct pf_check_container *container,
                     const struct pf_resource_list *const *lists, size_t at, const char *label)
{
    for (size_t i = 0; i < lists[at]->count; i++) {
        const struct pf_sv name = lists[at]->items[i].name;
        bool known = false;
        for (size_t k = 0; k < at; k++) {
            known = known || pf_resource_list_find(lists[k], name) != NULL;
        }
        if (known) {
            continue;
        }
        pf_clitable_add(table, label != NULL ? pf_sv_from(label) : container->name,
                        PF_CLIOUT_PLAIN);
        pf_clitable_add(table, name, PF_CLIOUT_PLAIN);
        for (size_t k = 0; k < 4; k++) {
            add_value(table, lists[k], name);
        }
        pf_clitable_add(table, pf_sv_from(pf_rule_name(rule_of(container, name))), PF_CLIOUT_PLAIN);
    }
}

static void add_container(struct pf_clitable *table, const struct pf_check_container *container,
                          const char *label)
{
    const struct pf_resource_list *const lists[] = {
        container->requests_before,
        container->requests,
        container->limits_before,
        container->limits,
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(lists); i++) {
        add_rows(table, container, lists, i, label);
    }
}

static enum pf_code put_containers(const struct pf_check_item *item, bool colour,
                                   struct pf_arena *arena, struct pf_buf *buf)
{
    static const char *const headings[] = {"CONTAINER", "RESOURCE", "REQUEST", "->",
                                           "LIMIT",     "->",       "RULE"};
    struct pf_clitable table = {0};
    pf_clitable_init(&table, arena, headings, PF_ARRAY_LEN(headings));
    for (size_t i = 0; i < item->container_count; i++) {
        add_container(&table, &item->containers[i], NULL);
    }
    if (item->pod_level != NULL) {
        add_container(&table, item->pod_level, "(pod)");
    }
    const bool empty = table.count == PF_ARRAY_LEN(headings);
    return empty && !table.failed ? PF_OK : pf_clitable_put(&table, 2, colour, buf);
}

static void put_room(const struct pf_check_item *item, struct pf_buf *buf)
{
    if (item->node_count == 0 || item->verdict == PF_VERDICT_NOT_JUDGED) {
        return;
    }
    pf_buf_printf(buf, "  room for %llu like this one on %zu node%s",
                  (unsigned long long)item->slots, item->node_count,
                  item->node_count != 1 ? "s" : "");
    if (item->binding.len != 0) {
        pf_buf_append_cstr(buf, "; ");
        pf_cliout_put_text(buf, item->binding);
        pf_buf_append_cstr(buf, item->slots != 0 ? " runs out first" : " is what binds");
    }
    pf_buf_append_char(buf, '\n');
}

static void put_amount(const char *name, int64_t amount, int32_t scale,
                       enum pf_quantity_format format, struct pf_buf *buf)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, format);
    (void)pf_quantity_format(&quantity, text);
    pf_buf_printf(buf, "%s %s", name, text);
}

static void put_rule_hint(const struct pf_fit_hints *hints, struct pf_buf *buf)
{
    pf_buf_printf(buf, "  would fit on %u node%s ", hints->rule_fits,
                  hints->rule_fits != 1 ? "s" : "");
    if (hints->rule == PF_HINT_TOLERATION) {
        pf_buf_append_cstr(buf, "if it tolerated ");
    } else {
        pf_buf_printf(buf, "without %s ", pf_hint_rule_name(hints->rule));
    }
    pf_cliout_put_text(buf, hints->rule_text);
    pf_buf_append_char(buf, '\n');
}

/* What would help a misfit, a line each. */
static void put_hints(const struct pf_fit_hints *hints, struct pf_buf *buf)
{
    if (hints->has_cpu || hints->has_memory) {
        pf_buf_append_cstr(buf, "  would fit with at most ");
        if (hints->has_cpu) {
            put_amount("cpu", hints->milli_cpu, -3, PF_QUANTITY_DECIMAL_SI, buf);
        }
        if (hints->has_cpu && hints->has_memory) {
            pf_buf_append_cstr(buf, hints->together ? " and " : " or ");
        }
        if (hints->has_memory) {
            put_amount("memory", hints->memory, 0, PF_QUANTITY_BINARY_SI, buf);
        }
        pf_buf_append_char(buf, '\n');
    }
    if (hints->has_rule) {
        put_rule_hint(hints, buf);
    }
    if (hints->has_leaving) {
        pf_buf_printf(buf, "  would fit once %llu like this one left node ",
                      (unsigned long long)hints->leaving);
        pf_cliout_put_text(buf, hints->leaving_node);
        pf_buf_append_char(buf, '\n');
    }
}

enum pf_code pf_check_text_put(const struct pf_check_item *item, bool explain, bool colour,
                               struct pf_arena *arena, struct pf_buf *buf)
{
    put_heading(item, colour, buf);
    enum pf_code code = put_containers(item, colour, arena, buf);
    put_preemption(item, buf);
    put_room(item, buf);
    if (explain) {
        put_post_filter(item, buf);
    }
    if (explain && item->hints != NULL) {
        put_hints(item->hints, buf);
    }
    if (code == PF_OK && explain) {
        code = pf_check_nodes_put(item, colour, arena, buf);
    }
    return code;
}

#include "rewrite_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/buf.h>

void rewrite_case_class(const struct rewrite_setup *setup, struct pf_class *ret_class)
{
    static struct pf_sv names[8];
    static size_t next = 0;
    struct pf_quota_problem problem = {0};
    struct pf_class class_ = {
        .name = PF_SV("test"),
        .requests = setup->requests,
        .percents = setup->percents,
        .quota = pf_quota_default(),
        .has_quota = setup->quotas != NULL,
        .has_percents = setup->quotas == NULL,
        .member_selector = {.present = setup->member},
    };

    if (setup->quotas != NULL && pf_quota_parse_defaults(pf_sv_from(setup->quotas), false,
                                                         &class_.quota, &problem) != PF_OK) {
        fail_msg("%s", problem.err.text);
    }
    if (setup->upgrades != NULL && pf_quota_parse_upgrades(pf_sv_from(setup->upgrades), false,
                                                           &class_.quota, &problem) != PF_OK) {
        fail_msg("%s", problem.err.text);
    }
    if (setup->decimal) {
        class_.quota.memory_unit_bytes = 1000000;
    }
    if (setup->container != NULL) {
        next = (next + 1) % PF_ARRAY_LEN(names);
        names[next] = pf_sv_from(setup->container);
        class_.containers = &names[next];
        class_.container_count = 1;
    }
    *ret_class = class_;
}

void rewrite_case_pod(struct pf_sv json, struct pf_arena *arena, struct pf_pod *ret_pod)
{
    struct pf_err err = {0};

    if (pf_pod_decode(json, arena, ret_pod, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void describe_list(struct pf_resource_list *list, struct pf_buf *buf)
{
    static const char *const names[] = {"cpu", "memory"};

    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        const struct pf_resource *const item = pf_resource_list_find(list, pf_sv_from(names[i]));
        char text[PF_QUANTITY_TEXT_BYTES] = "-";

        if (item != NULL) {
            (void)pf_quantity_format(&item->amount, text);
        }
        pf_buf_printf(buf, " %s", text);
    }
}

static void describe(struct pf_sv name, struct pf_resource_list requests,
                     struct pf_resource_list limits, struct pf_buf *buf)
{
    pf_buf_printf(buf, "%s%.*s:", buf->len != 0 ? "; " : "", PF_SV_ARG(name));
    describe_list(&requests, buf);
    pf_buf_append_cstr(buf, " /");
    describe_list(&limits, buf);
}

void rewrite_case_describe(const struct pf_pod *pod, struct pf_buf *buf)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        describe(pod->containers[i].name, pod->containers[i].requests, pod->containers[i].limits,
                 buf);
    }
    if (pod->resources_present) {
        describe(PF_SV("pod"), pod->requests, pod->limits, buf);
    }
}

void rewrite_case_annotate(struct pf_pod *pod, struct pf_sv text, struct pf_arena *arena)
{
    struct pf_label *const item = pf_arena_calloc(arena, 1, sizeof(*item));

    assert_non_null(item);
    *item = (struct pf_label){.key = PF_SV("podfit.io/requests"), .value = text};
    pod->meta.annotations = (struct pf_labels){.items = item, .count = text.len != 0 ? 1 : 0};
}

void rewrite_case_run(const struct rewrite_setup *setup, struct pf_pod *pod, struct pf_arena *arena,
                      struct pf_rewrite *ret_rewrite)
{
    struct pf_class class_ = {0};
    struct pf_err err = {0};

    rewrite_case_class(setup, &class_);
    if (pf_rewrite_pod(&class_, pod, arena, ret_rewrite, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

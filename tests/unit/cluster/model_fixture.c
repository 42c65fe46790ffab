#include "model_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int64_t now_ns(void *opaque)
{
    const struct model_fixture *fixture = opaque;
    return fixture->now_ns;
}

bool model_fixture_init(struct model_fixture *fixture)
{
    *fixture = (struct model_fixture){.now_ns = 1000000000};
    fixture->clock = (struct pf_clock){.mono_ns = now_ns, .wall_ns = now_ns, .opaque = fixture};
    pf_arena_init(&fixture->arena, 1 << 20);
    const struct pf_model_options options = {.features =
                                                 pf_kube_features_default(PF_KUBE_MINOR_NEWEST),
                                             .clock = &fixture->clock,
                                             .reservation_ttl_ms = 15000,
                                             .reservations_max = 100};
    return pf_model_new(&options, &fixture->model, NULL) == PF_OK;
}

void model_fixture_done(struct model_fixture *fixture)
{
    pf_model_free(fixture->model);
    pf_arena_done(&fixture->arena);
    *fixture = (struct model_fixture){0};
}

int model_fixture_setup(void **state)
{
    static struct model_fixture fixture;
    *state = &fixture;
    return model_fixture_init(&fixture) ? 0 : -1;
}

int model_fixture_teardown(void **state)
{
    model_fixture_done(*state);
    return 0;
}

/* @return ptr NULL: no memory */
static struct pf_sv json_text(struct model_fixture *fixture, const char *json)
{
    pf_arena_reset(&fixture->arena);
    char *text = pf_arena_dup(&fixture->arena, pf_sv_from(json));
    for (char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return pf_sv_from(text);
}

enum pf_code model_fixture_node(struct model_fixture *fixture, const char *json, struct pf_err *err)
{
    const struct pf_sv text = json_text(fixture, json);
    struct pf_node node = {0};
    const enum pf_code code = pf_node_decode(text, &fixture->arena, &node, err);
    return code == PF_OK ? pf_model_apply_node(fixture->model, &node, err) : code;
}

enum pf_code model_fixture_pod(struct model_fixture *fixture, const char *json, struct pf_err *err)
{
    const struct pf_sv text = json_text(fixture, json);
    struct pf_pod pod = {0};
    const enum pf_code code = pf_pod_decode(text, &fixture->arena, &pod, err);
    return code == PF_OK ? pf_model_apply_pod(fixture->model, &pod, err) : code;
}

void model_fixture_apply_node(struct model_fixture *fixture, const char *json)
{
    struct pf_err err = {0};
    if (model_fixture_node(fixture, json, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    model_fixture_check(fixture);
}

void model_fixture_apply_pod(struct model_fixture *fixture, const char *json)
{
    struct pf_err err = {0};
    if (model_fixture_pod(fixture, json, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    model_fixture_check(fixture);
}

bool model_fixture_remove_pod(struct model_fixture *fixture, const char *name, const char *uid)
{
    const bool removed =
        pf_model_remove_pod(fixture->model, PF_SV("ns"), pf_sv_from(name), pf_sv_from(uid));
    model_fixture_check(fixture);
    return removed;
}

static enum pf_code read_incoming(struct model_fixture *fixture, const char *json,
                                  struct pf_pod *pod, struct pf_request *request,
                                  struct pf_err *err)
{
    const struct pf_kube_features features = pf_kube_features_default(PF_KUBE_MINOR_NEWEST);
    const struct pf_sv text = json_text(fixture, json);
    enum pf_code code = pf_pod_decode(text, &fixture->arena, pod, err);
    if (code == PF_OK) {
        code = pf_pod_apply_defaults(pod, &features, /* stored= */ false, &fixture->arena, err);
    }
    return code == PF_OK ? pf_request_of_incoming(pod, &features, &fixture->arena, request, err)
                         : code;
}

enum pf_code model_fixture_reserve(struct model_fixture *fixture, const char *uid, const char *json,
                                   uint32_t node, struct pf_err *err)
{
    struct pf_pod pod = {0};
    struct pf_request request = {0};
    const enum pf_code code = read_incoming(fixture, json, &pod, &request, err);
    if (code != PF_OK) {
        return code;
    }
    const struct pf_reservation_spec spec = {.review_uid = pf_sv_from(uid),
                                             .namespace_ = pod.meta.namespace_,
                                             .pod = &pod,
                                             .request = &request,
                                             .node = node,
                                             .binds = fixture->binds,
                                             .pod_name = pf_sv_from(fixture->pod_name)};
    return pf_reservation_put(fixture->model, &spec, err);
}

bool model_fixture_matches(struct model_fixture *fixture, const char *uid, const char *json)
{
    struct pf_pod pod = {0};
    struct pf_request request = {0};
    assert_int_equal(read_incoming(fixture, json, &pod, &request, NULL), PF_OK);
    return pf_reservation_matches(fixture->model, pf_sv_from(uid), pod.meta.namespace_, &request);
}

uint32_t model_fixture_slot(const struct model_fixture *fixture, const char *name)
{
    const struct pf_columns *c = pf_model_columns(fixture->model);
    const struct pf_intern *strings = pf_model_strings(fixture->model);
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->shape[slot] != PF_SHAPE_NONE &&
            pf_sv_eq_cstr(pf_intern_text(strings, c->name[slot]), name)) {
            return slot;
        }
    }
    return PF_NODE_NONE;
}

int64_t model_fixture_scalar(const struct model_fixture *fixture, const char *node,
                             const char *name)
{
    const uint32_t slot = model_fixture_slot(fixture, node);
    const uint32_t id = pf_intern_find(pf_model_strings(fixture->model), pf_sv_from(name));
    const struct pf_node_extra *extra =
        slot != PF_NODE_NONE ? pf_model_columns(fixture->model)->extra[slot] : NULL;
    for (size_t i = 0; extra != NULL && i < extra->scalar_count; i++) {
        if (extra->scalars[i].name == id) {
            return extra->scalars[i].used;
        }
    }
    return -1;
}

uint32_t model_fixture_port(const struct model_fixture *fixture, const char *node, uint16_t port)
{
    const uint32_t slot = model_fixture_slot(fixture, node);
    const struct pf_node_extra *extra =
        slot != PF_NODE_NONE ? pf_model_columns(fixture->model)->extra[slot] : NULL;
    uint32_t count = 0;
    for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
        count += extra->ports[i].port == port ? extra->ports[i].count : 0;
    }
    return count;
}

void model_fixture_check(const struct model_fixture *fixture)
{
    struct pf_err err = {0};
    if (pf_model_check(fixture->model, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

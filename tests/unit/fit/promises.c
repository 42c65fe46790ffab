#include "promises.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/columns.h>
#include <podfit/snapshot.h>
#include <podfit/volumes.h>

static struct pf_sv quote(struct pf_arena *arena, const char *text)
{
    char *copy = pf_arena_dup(arena, pf_sv_from(text));
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return pf_sv_from(copy);
}

void promises_check(struct world *world, const char *name)
{
    struct pf_err err = {0};
    if (pf_model_check(world->model, &err) != PF_OK) {
        fail_msg("%s: %s", name, err.text);
    }
}

void promises_add(struct world *world, const char *objects)
{
    struct pf_snapshot_stats stats;
    struct pf_err err = {0};
    const char *text = pf_arena_printf(&world->arena, "{'kind':'List','items':[%s]}", objects + 1);
    if (pf_snapshot_load_bytes(world->model, quote(&world->arena, text), "objects", &stats, &err) !=
        PF_OK) {
        fail_msg("%s", err.text);
    }
}

void promises_begin(struct world *world, const char *objects)
{
    world_init(world, 36, NULL);
    for (unsigned kind = 0; kind < PF_KIND_COUNT; kind++) {
        pf_model_mark_kind(world->model, (enum pf_kind)kind);
    }
    promises_add(
        world,
        ",{'apiVersion':'v1','kind':'Node','metadata':{'name':'a','labels':{'zone':'a'}},'status':"
        "{'allocatable':{'cpu':'4','pods':'10','example.com/gpu':'1'}}},"
        "{'apiVersion':'v1','kind':'Node','metadata':{'name':'b','labels':{'zone':'b'}},'status':{"
        "'allocatable':{'cpu':'4','pods':'10','example.com/gpu':'1'}}}");
    if (objects[0] != '\0') {
        promises_add(world, objects);
    }
}

struct pf_sv promises_pod(struct world *world, unsigned number, const char *pod, bool annotated,
                          const char *node)
{
    const bool whole = pod[0] == '\'';
    return quote(
        &world->arena,
        pf_arena_printf(
            &world->arena,
            "{'metadata':{'namespace':'ns','name':'p%u','uid':'u-p%u','annotations':{%s"
            "%s}},'spec':{%s%s%s%s%s%s}}",
            number, number, annotated ? "'podfit.io/review':" : "",
            annotated ? pf_arena_printf(&world->arena, "'r%u'", number) : "",
            node != NULL ? "'nodeName':'" : "", node != NULL ? node : "", node != NULL ? "'," : "",
            whole ? "" : "'containers':[{'name':'c'}],'volumes':[", pod, whole ? "" : "]"));
}

static void reserve(struct world *world, unsigned number, struct pf_sv json,
                    const struct pf_judgement *judgement)
{
    struct pf_err err = {0};
    const struct pf_pod pod = world_incoming(world, json);
    char uid[8];
    (void)snprintf(uid, sizeof(uid), "r%u", number);
    const struct pf_reservation_spec spec = {.review_uid = pf_sv_from(uid),
                                             .namespace_ = PF_SV("ns"),
                                             .pod = &pod,
                                             .request = &judgement->request,
                                             .node = judgement->predicted,
                                             .binds = judgement->binds};
    assert_int_equal(pf_reservation_put(world->model, &spec, &err), PF_OK);
}

void promises_place(struct world *world)
{
    struct pf_err err = {0};
    assert_int_equal(pf_fit_place_pending(world->fit, &err), PF_OK);
}

const char *promises_make(struct world *world, unsigned number, const char *pod,
                          enum promise_mode mode)
{
    const struct pf_sv json = promises_pod(world, number, pod, mode == SEEN, NULL);
    const struct pf_judgement judgement = world_judge(world, json);
    const bool fits = judgement.verdict == PF_VERDICT_FITS;
    const struct pf_sv name =
        fits ? pf_intern_text(pf_model_strings(world->model),
                              pf_model_columns(world->model)->name[judgement.node])
             : (struct pf_sv){0};
    const char *said = pf_arena_printf(&world->arena, "%.*s%s ", PF_SV_ARG(name),
                                       fits ? "" : pf_verdict_name(judgement.verdict));
    if (fits && mode != WAITING) {
        reserve(world, number, json, &judgement);
    }
    if (fits && mode != RESERVED) {
        world_pod(world, json);
        promises_place(world);
    }
    promises_check(world, pod);
    return said;
}

void promises_forget(struct world *world)
{
    world->now_ns += 15001 * INT64_C(1000000);
    (void)pf_reservation_expire(world->model);
    for (unsigned i = 0; i < PROMISES_MAX; i++) {
        (void)pf_model_remove_pod(world->model, PF_SV("ns"),
                                  pf_sv_from(pf_arena_printf(&world->arena, "p%u", i)), PF_SV(""));
    }
}

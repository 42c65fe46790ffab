#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "model_fixture.h"
#include <podfit/buf.h>
#include <podfit/snapshot.h>
#include <podfit/volumes.h>

/* Every allocation of every change fails once: the model must be as it was, and the change must succeed when memory is back. */

#define NODE(name, more)                                                                \
    "{'metadata':{'name':'" name "','labels':{'kubernetes.io/hostname':'" name "'" more \
    "}},'status':{'allocatable':{'cpu':'4','memory':'8Gi','pods':'110','example.com/gpu':'2'}}}"
#define SPEC                                                                                        \
    "'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':8080,'hostIP':'10.0.0.1'}]," \
    "'resources':{'requests':{'cpu':'100m','example.com/%s':'1'}}}]"
#define POD(name, meta, spec) \
    "{'metadata':{'namespace':'ns-" name "','name':'" name "'" meta "},'spec':{" spec "}}"
#define RICH                                                                                     \
    "'nodeSelector':{'a':'b'},'tolerations':[{'key':'k'}],'containers':[{'name':'c','ports':[{"  \
    "'containerPort':80,'hostPort':8080}],'resources':{'requests':{'cpu':'200m','memory':'1Gi'," \
    "'example.com/fpga':'1'}}}],'volumes':[{'persistentVolumeClaim':{'claimName':'data'}},{'name':'e','ephemeral':{}},{'rbd':{'monitors':['m1','m2'],'image':'i'}}]"
#define LONER                                                                                 \
    "'affinity':{'podAntiAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':[{"      \
    "'topologyKey':'z','namespaces':['other'],'namespaceSelector':{'matchLabels':{'t':'x'}}," \
    "'labelSelector':{'matchLabels':{'fresh':'1'},'matchExpressions':[{'key':'app','operator':'In','values':['q','r']}]}}]}},"
#define LABELS ",'labels':{'app':'fresh-app','tier':'fresh-tier'}"

static enum pf_code new_node(struct model_fixture *f)
{
    return model_fixture_node(f, NODE("n9", ",'rack':'9'"), NULL);
}

static enum pf_code changed_node(struct model_fixture *f)
{
    return model_fixture_node(
        f,
        "{'metadata':{'name':'n1','labels':{'new':'label'}},'spec':{'taints':"
        "[{'key':'k','value':'v','effect':'NoSchedule'}]},'status':{"
        "'allocatable':{'cpu':'1','example.com/tpu':'4','example.com/x':'1'},"
        "'images':[{'names':['i:1','i@sha256:1'],'sizeBytes':5},{'names':['j']"
        "}]}}",
        NULL);
}

static enum pf_code bound_pod(struct model_fixture *f)
{
    return model_fixture_pod(f, POD("new", LABELS, "'nodeName':'n2'," LONER RICH), NULL);
}

static enum pf_code ghost_pod(struct model_fixture *f)
{
    return model_fixture_pod(f, POD("new", "", "'nodeName':'ghost'," LONER RICH), NULL);
}

static enum pf_code pending_pod(struct model_fixture *f)
{
    return model_fixture_pod(f, POD("new", ",'uid':'u'" LABELS, LONER RICH), NULL);
}

static enum pf_code replaced_pod(struct model_fixture *f)
{
    return model_fixture_pod(f, POD("p1", LABELS, "'nodeName':'n2'," LONER RICH), NULL);
}

static enum pf_code claiming_pod(struct model_fixture *f)
{
    return model_fixture_pod(
        f,
        "{'metadata':{'namespace':'ns','name':'new','annotations':{'podfit.io/review':'r1'}},"
        "'spec':{" RICH "}}",
        NULL);
}

static enum pf_code pending_becomes_bound(struct model_fixture *f)
{
    return model_fixture_pod(f, POD("w", "", "'nodeName':'n1'," RICH), NULL);
}

static const struct pf_bind claims[] = {
    {.claim = PF_SV_INIT("data"), .volume = PF_SV_INIT("a-volume")},
    {.claim = PF_SV_INIT("logs")},
};
static const struct pf_binds binds = {.items = claims, .count = PF_ARRAY_LEN(claims)};

/* Of a pod without annotation that has claims. */
static enum pf_code named_reservation(struct model_fixture *f)
{
    f->pod_name = "web-";
    f->binds = binds;
    const enum pf_code code =
        model_fixture_reserve(f, "r3", "{'metadata':{'namespace':'fresh'},'spec':{" LONER RICH "}}",
                              model_fixture_slot(f, "n1"), NULL);
    f->pod_name = NULL;
    f->binds = (struct pf_binds){.count = 0};
    return code;
}

static enum pf_code new_reservation(struct model_fixture *f)
{
    return model_fixture_reserve(
        f, "r2", "{'metadata':{'namespace':'fresh'" LABELS "},'spec':{" LONER RICH "}}",
        model_fixture_slot(f, "n1"), NULL);
}

static enum pf_code replaced_reservation(struct model_fixture *f)
{
    return model_fixture_reserve(f, "r1", "{'metadata':{'namespace':'ns'},'spec':{" RICH "}}",
                                 model_fixture_slot(f, "n2"), NULL);
}

static enum pf_code place_pending(struct model_fixture *f)
{
    uint32_t cursor = 0;
    struct pf_pending pending = {0};
    if (pf_model_pending_next(f->model, &cursor, &f->arena, &pending) != PF_OK) {
        return PF_E_NOT_FOUND;
    }
    return pf_model_pending_place(f->model, pending.pod, model_fixture_slot(f, "n1"), &binds, NULL);
}

static enum pf_code new_namespace(struct model_fixture *f)
{
    struct pf_label label = {PF_SV_INIT("a"), PF_SV_INIT("b")};
    const struct pf_namespace ns = {
        .meta = {.name = PF_SV_INIT("x"), .labels = {.items = &label, .count = 1}}};
    return pf_model_apply_namespace(f->model, &ns, NULL);
}

/* objects of other kinds; several of them so that each table is about to grow in some variant */
static enum pf_code new_objects(struct model_fixture *f)
{
    enum pf_code code = PF_OK;
    for (unsigned i = 0; i < 7 && code == PF_OK; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "v%u", i);
        const struct pf_volume volume = {.name = pf_sv_from(name), .class_name = pf_sv_from(name)};
        const struct pf_volume *known = pf_model_volume(f->model, volume.name);
        code = known == NULL ? pf_model_apply_volume(f->model, &volume, NULL) : PF_OK;
    }
    return code;
}

static enum pf_code replaced_object(struct model_fixture *f)
{
    const struct pf_claim claim = {
        .namespace_ = PF_SV("ns"), .name = PF_SV("c"), .uid = PF_SV("2")};
    return pf_model_apply_claim(f->model, &claim, NULL);
}

static enum pf_code order_nodes(struct model_fixture *f)
{
    uint32_t count = 0;
    return pf_model_nodes_by_name(f->model, &count) != NULL ? PF_OK : PF_E_NO_MEMORY;
}

static enum pf_code check(struct model_fixture *f)
{
    return pf_model_check(f->model, NULL);
}

struct change_row {
    const char *name;
    enum pf_code (*change)(struct model_fixture *f);
    bool changes; /* the dump is another one afterwards */
};

static const struct change_row rows[] = {
    {"new node", new_node, true},
    {"changed node", changed_node, true},
    {"bound pod", bound_pod, true},
    {"pod on an unknown node", ghost_pod, true},
    {"pending pod", pending_pod, true},
    {"replaced pod", replaced_pod, true},
    {"pod that claims a reservation", claiming_pod, true},
    {"pending pod becomes bound", pending_becomes_bound, true},
    {"new reservation", new_reservation, true},
    {"reservation of a pod with claims", named_reservation, true},
    {"replaced reservation", replaced_reservation, true},
    {"pending pod is placed", place_pending, true},
    {"new namespace", new_namespace, true},
    {"replaced object", replaced_object, true},
    {"order of the nodes", order_nodes, false},
    {"checker", check, false},
};

/* A populated model whose tables are full to different degrees. @param extra more nodes and pods, so that each table is about to grow in some variant */
static void populate(struct model_fixture *f, int extra)
{
    char json[512];
    assert_true(model_fixture_init(f));
    assert_int_equal(model_fixture_node(f, NODE("n1", ""), NULL), PF_OK);
    assert_int_equal(model_fixture_node(f, NODE("n2", ",'zone':'a'"), NULL), PF_OK);
    for (int i = 0; i < extra; i++) {
        (void)snprintf(json, sizeof(json), "{'metadata':{'name':'extra%d'}}", i);
        assert_int_equal(model_fixture_node(f, json, NULL), PF_OK);
        (void)snprintf(json, sizeof(json), POD("w%d", "", "'nodeName':'n%d'," SPEC), i, i, i % 3,
                       i % 2 != 0 ? "gpu" : "tpu");
        assert_int_equal(model_fixture_pod(f, json, NULL), PF_OK);
    }
    assert_int_equal(
        model_fixture_pod(f, POD("p1", "", "'nodeName':'n1','containers':[{'name':'c'}]"), NULL),
        PF_OK);
    assert_int_equal(model_fixture_pod(f, POD("w", "", RICH), NULL), PF_OK);
    assert_int_equal(model_fixture_reserve(f, "r1",
                                           "{'metadata':{'namespace':'ns'},'spec':{'containers':[{"
                                           "'name':'c'}]}}",
                                           model_fixture_slot(f, "n1"), NULL),
                     PF_OK);
    const struct pf_claim claim = {.namespace_ = PF_SV("ns"), .name = PF_SV("c")};
    assert_int_equal(pf_model_apply_claim(f->model, &claim, NULL), PF_OK);
    model_fixture_check(f);
}

static void dump_node(const struct model_fixture *f, uint32_t slot, struct pf_buf *text)
{
    const struct pf_columns *c = pf_model_columns(f->model);
    const struct pf_intern *strings = pf_model_strings(f->model);
    pf_buf_printf(text, "%.*s shape %u cpu %lld/%lld pods %u\n",
                  PF_SV_ARG(pf_intern_text(strings, c->name[slot])), c->shape[slot],
                  (long long)c->used_milli_cpu[slot], (long long)c->allocatable_milli_cpu[slot],
                  c->used_pods[slot]);
    const struct pf_node_extra *extra = c->extra[slot];
    for (size_t i = 0; extra != NULL && i < extra->scalar_count; i++) {
        pf_buf_printf(text, " %.*s %lld/%lld\n",
                      PF_SV_ARG(pf_intern_text(strings, extra->scalars[i].name)),
                      (long long)extra->scalars[i].used, (long long)extra->scalars[i].allocatable);
    }
    for (size_t i = 0; extra != NULL && i < extra->port_count; i++) {
        pf_buf_printf(text, " port %u x %u\n", extra->ports[i].port, extra->ports[i].count);
    }
}

static void dump(const struct model_fixture *f, struct pf_buf *text)
{
    const struct pf_columns *c = pf_model_columns(f->model);
    const struct pf_model_stats stats = pf_model_stats(f->model);
    pf_buf_init(text, (size_t)1 << 20);
    pf_buf_printf(text, "%u nodes %u pods %u bound %u pending %u namespaces %u reservations\n",
                  stats.nodes, stats.pods, stats.pods_bound, stats.pods_pending, stats.namespaces,
                  stats.reservations);
    pf_buf_printf(text, "%u shapes, change %llu, pending version %llu, strings %zu\n", stats.shapes,
                  (unsigned long long)stats.changes,
                  (unsigned long long)pf_model_pending_version(f->model),
                  pf_model_strings(f->model)->map.count);
    pf_buf_printf(text, "objects %llu\n", (unsigned long long)pf_model_objects_version(f->model));
    for (uint32_t slot = 0; slot < c->count; slot++) {
        if (c->name[slot] != PF_INTERN_NONE) {
            dump_node(f, slot, text);
        }
    }
    assert_int_equal(pf_buf_status(text, NULL), PF_OK);
}

/* @return did allocation number @p n fail? */
static bool sweep_step(const struct change_row *row, int extra, long n)
{
    struct model_fixture f;
    struct pf_buf before;
    struct pf_buf after;
    populate(&f, extra);
    dump(&f, &before);
    fail_alloc_after(n);
    const enum pf_code code = row->change(&f);
    const bool failed = fail_alloc_count() > n;
    fail_alloc_after(-1);
    model_fixture_check(&f);
    dump(&f, &after);
    const bool same = strcmp(before.data, after.data) == 0;
    if (code != (failed ? PF_E_NO_MEMORY : PF_OK) || same != (failed || !row->changes)) {
        fail_msg("%s, %d extra, allocation %ld: code %d\n%s---\n%s", row->name, extra, n, code,
                 before.data, after.data);
    }
    if (failed) {
        assert_int_equal(row->change(&f), PF_OK);
        model_fixture_check(&f);
    }
    pf_buf_done(&before);
    pf_buf_done(&after);
    model_fixture_done(&f);
    return failed;
}

static void test_sweep(void **state)
{
    (void)state;
    static const int extras[] = {0, 2, 7, 10, 11, 14, 15};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        long failures = 0;
        for (size_t j = 0; j < PF_ARRAY_LEN(extras); j++) {
            for (long n = 0; sweep_step(&rows[i], extras[j], n); n++) {
                failures++;
            }
        }
        print_message("%s: %ld allocations failed\n", rows[i].name, failures);
        assert_true(failures > 0);
    }
}

/* Every allocation of several objects fails once: those before stay, the rest comes with the next try. */
static void test_objects(void **state)
{
    (void)state;
    bool failed = true;
    long failures = 0;
    for (long n = 0; failed; n++) {
        struct model_fixture f;
        assert_true(model_fixture_init(&f));
        fail_alloc_after(n);
        const enum pf_code code = new_objects(&f);
        failed = fail_alloc_count() > n;
        fail_alloc_after(-1);
        assert_int_equal(code, failed ? PF_E_NO_MEMORY : PF_OK);
        model_fixture_check(&f);
        assert_int_equal(new_objects(&f), PF_OK);
        assert_int_equal(pf_model_object_count(f.model, PF_KIND_VOLUME), 7);
        model_fixture_check(&f);
        model_fixture_done(&f);
        failures += failed;
    }
    assert_true(failures > 7);
}

static void test_new_model(void **state)
{
    (void)state;
    const struct pf_model_options options = {.features = pf_kube_features_default(36)};
    bool failed = true;
    for (long n = 0; failed; n++) {
        struct pf_model *model = NULL;
        fail_alloc_after(n);
        const enum pf_code code = pf_model_new(&options, &model, NULL);
        failed = fail_alloc_count() > n;
        fail_alloc_after(-1);
        assert_int_equal(code, failed ? PF_E_NO_MEMORY : PF_OK);
        assert_int_equal(model == NULL, failed);
        pf_model_free(model);
    }
}

/* @return did allocation number @p n fail? */
static bool snapshot_step(const char *text, long n)
{
    struct model_fixture f;
    struct pf_snapshot_stats stats = {.skipped = 7};
    assert_true(model_fixture_init(&f));
    fail_alloc_after(n);
    const enum pf_code code =
        pf_snapshot_load_bytes(f.model, pf_sv_from(text), "mem", &stats, NULL);
    const bool failed = fail_alloc_count() > n;
    fail_alloc_after(-1);
    if (code != (failed ? PF_E_NO_MEMORY : PF_OK) || (stats.skipped == 7) != failed) {
        fail_msg("%s, allocation %ld: %d", text, n, code);
    }
    model_fixture_check(&f);
    model_fixture_done(&f);
    return failed;
}

static void test_snapshot(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"items\":[{\"metadata\":{\"name\":\"n1\"}},{\"metadata\":{\"name\":\"n2\"}}],\"metadata\":"
        "{\"resourceVersion\":\"1\"},\"kind\":\"NodeList\"}",
        "items:\n- kind: Pod\n  metadata: {name: p}\n  spec: {containers: [{name: c}]}\nkind: List\n",
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(texts); i++) {
        long n = 0;
        while (snapshot_step(texts[i], n)) {
            n++;
        }
        assert_true(n > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_new_model),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

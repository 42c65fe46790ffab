#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk.h"
#include "fail_alloc.h"
#include <podfit/limits.h>

/* Every allocation of a whole review fails once: the answer is 503, nothing leaks, the model is sound, and the next review is served. */

#define CONFIG                                                                      \
    PF_SV("apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"  \
          "- name: all\n  match: {namespaceSelector: {matchLabels: {a: b}}}\n"      \
          "  defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}\n"          \
          "  pool: {taint: 'k=v:NoSchedule', nodeSelector: {r: p}, inject: true}\n" \
          "  onFull: gate\n  onNever: annotate\n")
#define CLUSTER                                                                                                                  \
    PF_SV(                                                                                                                       \
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":"             \
        "{\"name\":\"n1\",\"labels\":{\"r\":\"p\"}},\"status\":{\"allocatable\":{\"cpu\":\"4\",\"memory\":\"8Gi\","              \
        "\"pods\":\"9\",\"x.y/z\":\"2\"}}},{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"ns\","         \
        "\"labels\":{\"a\":\"b\"}}},{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"w\",\"namespace\":\"ns\"}," \
        "\"spec\":{\"containers\":[{\"name\":\"c\"}]}}]}")

static const struct {
    const char *name;
    const char *pod;
} rows[] = {
    {"fits",
     "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','ports':[{'containerPort':1,'hostPort':1}],"
     "'resources':{'limits':{'cpu':'1','memory':'1Gi','x.y/z':'1'}}}],"
     "'initContainers':[{'name':'i','resources':{'limits':{'memory':'1Gi'}}}]}}"},
    {"full", "{'metadata':{'annotations':{'podfit.io/review':'x','podfit.io/reason':'y'}},'spec':{"
             "'tolerations':[],'nodeSelector':{},'schedulingGates':[],'containers':[{'name':'c',"
             "'resources':{'requests':{'memory':'1'},'limits':{'memory':'80Gi'}}}]}}"},
    {"never", "{'spec':{'containers':[{'name':'c','resources':{'requests':{'x.y/z':'3'}}}]}}"},
    {"unknown", "{'spec':{'volumes':[{'persistentVolumeClaim':{'claimName':'c'}}],'containers':[{"
                "'name':'c'}]}}"},
    {"wrong", "{'spec':{'containers':7}}"},
};

/* @return did allocation number @p n fail? A fresh desk each time: caches and buffers are cold, so that every allocation there is comes up. */
static bool sweep_step(const char *name, const char *body, enum pf_admission_status healthy, long n)
{
    struct desk desk;
    desk_init(&desk, CONFIG, CLUSTER);
    fail_alloc_after(n);
    const enum pf_admission_status status = pf_admission_review(
        desk.admission, pf_sv_from(body), &desk.arena, &desk.response, &desk.decision);
    const bool failed = fail_alloc_count() > n;
    fail_alloc_after(-1);
    desk_check(&desk);
    if (status != healthy && (!failed || status != PF_ADMISSION_UNAVAILABLE)) {
        fail_msg("%s, allocation %ld: status %d: %s", name, n, status, desk_text(&desk));
    }
    if (failed && status == PF_ADMISSION_UNAVAILABLE && desk_held(&desk) != 0) {
        fail_msg("%s, allocation %ld: no answer, but room is held", name, n);
    }
    assert_int_equal(desk_post(&desk, pf_sv_from(body)), healthy);
    desk_check(&desk);
    desk_done(&desk);
    return failed;
}

static void test_sweep(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        pf_autofree char *body = desk_create("u", "ns", rows[i].pod);
        desk_init(&desk, CONFIG, CLUSTER);
        const enum pf_admission_status healthy = desk_post(&desk, pf_sv_from(body));
        desk_done(&desk);
        long n = 0;
        while (sweep_step(rows[i].name, body, healthy, n)) {
            n++;
        }
        print_message("%s: %ld allocations failed\n", rows[i].name, n);
        assert_true(n > 0);
    }
}

static void test_new(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG, CLUSTER);
    struct pf_admission *admission = NULL;
    struct pf_err err = {0};
    long n = 0;
    for (;; n++) {
        fail_alloc_after(n);
        const enum pf_code code = pf_admission_new(desk.model, desk.config, &admission, &err);
        const bool failed = fail_alloc_count() > n;
        fail_alloc_after(-1);
        assert_int_equal(code, failed ? PF_E_NO_MEMORY : PF_OK);
        if (!failed) {
            break;
        }
        assert_null(admission);
    }
    assert_true(n > 0);
    for (n = 0;; n++) {
        fail_alloc_after(n);
        const enum pf_code code = pf_admission_set_config(admission, desk.config, &err);
        const bool failed = fail_alloc_count() > n;
        fail_alloc_after(-1);
        assert_int_equal(code, failed ? PF_E_NO_MEMORY : PF_OK);
        if (!failed) {
            break;
        }
    }
    pf_admission_free(admission);
    desk_done(&desk);
}

/* The arena's own limit instead of the system's. */
static void test_arena_limit(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 65536; bytes += 64) {
        struct desk desk;
        pf_autofree char *body = desk_create("u", "ns", rows[1].pod);
        desk_init(&desk, CONFIG, CLUSTER);
        pf_arena_done(&desk.arena);
        pf_arena_init(&desk.arena, bytes);
        const enum pf_admission_status status = desk_post(&desk, pf_sv_from(body));
        assert_true(status == PF_ADMISSION_UNAVAILABLE || status == PF_ADMISSION_OK);
        desk_check(&desk);
        desk_done(&desk);
        if (status == PF_ADMISSION_OK) {
            assert_true(bytes != 0);
            return;
        }
    }
    fail_msg("a small review needs more than 64 KiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_arena_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What kube-scheduler itself answered: tests/reference/cases/fit_cases.jsonl and fit_fuzz.jsonl (keys in the README there). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/groups.h>
#include <podfit/limits.h>
#include <podfit/wire.h>

#define CASES_MAX_BYTES ((size_t)16 * 1024 * 1024)
/* Answers compared in full: so many of the files need no filter that is not built. */
#define CASES_MIN_CHECKED 740U
#define FUZZ_MIN_CHECKED  120U

/* One case of a file; the views are raw JSON. */
struct item {
    struct pf_sv name; /* with quotes */
    struct pf_sv pod;
    struct pf_sv nodes;
    struct pf_sv existing;
    struct pf_sv namespaces;
    struct pf_sv nominated;
    struct pf_sv gates;
    struct pf_sv affinity_args;
    struct pf_sv expect;
    struct pf_sv differs;
    struct pf_sv api_valid;
};

struct tally {
    unsigned checked;  /* everything compared */
    unsigned unknown;  /* needs a filter that podfit lacks */
    unsigned invalid;  /* the API server refuses the pod: nothing to agree with */
    unsigned failures; /* differences */
};

/* What is expected of one minor. */
struct expectation {
    const struct cJSON *fits;
    const struct cJSON *reasons;
    const struct cJSON *plugin;
    const struct cJSON *code;
    const struct cJSON *message; /* NULL: not known */
};

static bool split(struct pf_sv line, struct item *ret_item)
{
    static const struct pf_sv keys[] = {
        PF_SV_INIT("name"),          PF_SV_INIT("pod"),        PF_SV_INIT("nodes"),
        PF_SV_INIT("existing"),      PF_SV_INIT("nominated"),  PF_SV_INIT("gates"),
        PF_SV_INIT("affinity_args"), PF_SV_INIT("expect"),     PF_SV_INIT("differs"),
        PF_SV_INIT("api_valid"),     PF_SV_INIT("namespaces"),
    };
    struct item item = {.name = {0}};
    struct pf_sv *const fields[] = {
        &item.name,      &item.pod,       &item.nodes,         &item.existing,
        &item.nominated, &item.gates,     &item.affinity_args, &item.expect,
        &item.differs,   &item.api_valid, &item.namespaces,
    };
    struct pf_cursor c;
    pf_cursor_init(&c, line);
    pf_cursor_enter_object(&c);
    uint64_t seen = 0;
    size_t index = 0;
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &index)) {
        pf_cursor_span(&c, fields[index]);
    }
    if (!pf_cursor_end(&c)) {
        return false;
    }
    *ret_item = item;
    return true;
}

static const struct cJSON *parse(struct world *world, struct pf_sv span)
{
    const struct cJSON *tree = NULL;
    if (span.len != 0) {
        assert_int_equal(pf_wire_parse(span, &world->arena, &tree, NULL), PF_OK);
    }
    return tree;
}

static void apply_list(struct world *world, struct pf_sv list,
                       void (*apply)(struct world *, struct pf_sv))
{
    if (list.len == 0) {
        return;
    }
    struct pf_cursor c;
    pf_cursor_init(&c, list);
    pf_cursor_enter_array(&c);
    while (pf_cursor_next_item(&c)) {
        struct pf_sv span = {0};
        pf_cursor_span(&c, &span);
        apply(world, span);
    }
    assert_true(pf_cursor_end(&c));
}

static void complain(struct tally *tally, const struct item *item, int minor, const char *what)
{
    print_error("1.%d %.*s: %s\n", minor, PF_SV_ARG(item->name), what);
    tally->failures++;
}

/* A minor's answer: that of 1.36 with the differing keys replaced. */
static struct expectation expect_of(struct world *world, const struct item *item, int minor)
{
    const struct cJSON *base = parse(world, item->expect);
    const char *key = pf_arena_printf(&world->arena, "1.%d", minor);
    const struct cJSON *differs = pf_wire_get(parse(world, item->differs), key);
    struct expectation e = {
        .fits = pf_wire_get(base, "fits"),
        .reasons = pf_wire_get(base, "reasons"),
        .plugin = pf_wire_get(base, "plugin"),
        .code = pf_wire_get(base, "code"),
        .message = pf_wire_get(base, "message"),
    };
    const struct cJSON *fits = pf_wire_get(differs, "fits");
    const struct cJSON *reasons = pf_wire_get(differs, "reasons");
    const struct cJSON *code = pf_wire_get(differs, "code");
    e.fits = fits != NULL ? fits : e.fits;
    e.reasons = reasons != NULL ? reasons : e.reasons;
    e.code = code != NULL ? code : e.code;
    e.plugin = fits != NULL ? NULL : e.plugin;
    e.message = fits != NULL || reasons != NULL ? NULL : e.message;
    return e;
}

static bool has_reason(const struct pf_fit_node *node, struct pf_sv text)
{
    for (size_t i = 0; i < node->reason_count; i++) {
        if (pf_sv_eq(node->reasons[i], text)) {
            return true;
        }
    }
    return false;
}

static bool same_reasons(const struct pf_fit_node *node, const struct cJSON *wanted)
{
    if (pf_wire_size(wanted) != node->reason_count) {
        return false;
    }
    const struct cJSON *reason = pf_wire_first(wanted);
    for (; reason != NULL; reason = pf_wire_next(reason)) {
        if (!has_reason(node, pf_wire_string(reason))) {
            return false;
        }
    }
    return true;
}

static void compare_node(struct tally *tally, const struct item *item, int minor,
                         const struct expectation *e, const struct pf_fit_node *node)
{
    bool fits = !node->fits;
    if (!pf_wire_bool(pf_wire_get_sv(e->fits, node->name), &fits) || fits != node->fits) {
        complain(tally, item, minor, "fits");
        return;
    }
    if (fits) {
        if (node->slots == 0 || !node->could) {
            complain(tally, item, minor, "fits, but has no slot");
        }
        return;
    }
    if (!same_reasons(node, pf_wire_get_sv(e->reasons, node->name))) {
        complain(tally, item, minor, node->reason_count != 0 ? node->reasons[0].ptr : "no reason");
    }
    const struct cJSON *plugin = pf_wire_get_sv(e->plugin, node->name);
    if (plugin != NULL && !pf_sv_eq_cstr(pf_wire_string(plugin), node->plugin)) {
        complain(tally, item, minor, node->plugin);
    }
    const struct cJSON *code = pf_wire_get_sv(e->code, node->name);
    if (code != NULL && !pf_sv_eq_cstr(pf_wire_string(code), pf_fit_code_name(node->code))) {
        complain(tally, item, minor, pf_fit_code_name(node->code));
    }
}

static void compare(struct world *world, struct tally *tally, const struct item *item, int minor,
                    const struct pf_explanation *explanation)
{
    const struct expectation e = expect_of(world, item, minor);
    if (explanation->node_count != pf_wire_size(e.fits)) {
        complain(tally, item, minor, "number of nodes");
    }
    bool any = false;
    for (size_t i = 0; i < explanation->node_count; i++) {
        compare_node(tally, item, minor, &e, &explanation->nodes[i]);
        any = any || explanation->nodes[i].fits;
    }
    const struct pf_judgement *judgement = &explanation->judgement;
    const bool fits = any || judgement->preemption != NULL;
    if (fits != (judgement->verdict == PF_VERDICT_FITS) || any != (judgement->message.len == 0)) {
        complain(tally, item, minor, "verdict");
    }
    if (e.message != NULL && !pf_sv_eq(pf_wire_string(e.message), judgement->message)) {
        complain(tally, item, minor, world_text(world, judgement->message));
    }
    tally->checked++;
}

static bool contains(struct pf_sv text, const char *part)
{
    return pf_sv_find(text, pf_sv_from(part)) != SIZE_MAX;
}

/* Does the case look as if it needed a filter that is not built? Decided from its text, not by podfit. */
static bool may_be_unknown(const struct item *item)
{
    static const char *const signs[] = {"podAffinity", "podAntiAffinity", "DoNotSchedule",
                                        "volumes",     "resourceClaims",  "hostUsers"};
    for (size_t i = 0; i < PF_ARRAY_LEN(signs); i++) {
        if (contains(item->pod, signs[i])) {
            return true;
        }
    }
    return contains(item->existing, "podAntiAffinity");
}

static void settle_unknown(struct tally *tally, const struct item *item, int minor,
                           const struct pf_explanation *explanation)
{
    const struct pf_judgement *judgement = &explanation->judgement;
    tally->unknown++;
    if (!may_be_unknown(item) || explanation->node_count != 0 || judgement->message.len != 0 ||
        !contains(judgement->cause, ", which this version of podfit does not have")) {
        complain(tally, item, minor, "unknown");
    }
}

static struct pf_kube_features features_of(const struct item *item, int minor)
{
    struct pf_kube_features features = pf_kube_features_default(minor);
    /* TaintTolerationComparisonOperators came with 1.35 */
    if (contains(item->gates, "TaintTolerationComparisonOperators=true") && minor >= 35) {
        features.taint_comparison_operators = true;
    }
    return features;
}

/* Namespaces that the case does not list have no label but their name. */
static void ensure_namespace(struct world *world, struct pf_sv json)
{
    struct pf_pod pod;
    assert_int_equal(pf_pod_decode(json, &world->arena, &pod, NULL), PF_OK);
    if (pf_model_namespace_find(world->model, pod.meta.namespace_) == NULL) {
        world_namespace(world,
                        pf_sv_from(pf_arena_printf(&world->arena,
                                                   "{\"metadata\":{\"name\":\"%.*s\",\"labels\":{"
                                                   "\"kubernetes.io/metadata.name\":\"%.*s\"}}}",
                                                   PF_SV_ARG(pod.meta.namespace_),
                                                   PF_SV_ARG(pod.meta.namespace_))));
    }
}

/* addedAffinity, as a pod has it. */
static struct pf_node_selector added_affinity(const struct item *item, struct pf_arena *arena)
{
    struct pf_pod pod = {.mirror = false};
    if (item->affinity_args.len != 0) {
        const char *json =
            pf_arena_printf(arena, "{\"spec\":{\"affinity\":{\"nodeAffinity\":%.*s}}}",
                            PF_SV_ARG(item->affinity_args));
        assert_int_equal(pf_pod_decode(pf_sv_from(json), arena, &pod, NULL), PF_OK);
    }
    return pod.node_affinity;
}

static void run_minor(struct tally *tally, const struct item *item, int minor)
{
    struct world world;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    const struct pf_fit_options options = {.features = features_of(item, minor),
                                           .added_affinity = added_affinity(item, &arena)};
    world_init(&world, minor, &options);
    apply_list(&world, item->nodes, world_node);
    apply_list(&world, item->namespaces, world_namespace);
    apply_list(&world, item->existing, ensure_namespace);
    ensure_namespace(&world, item->pod);
    apply_list(&world, item->existing, world_pod);
    if (item->nominated.len != 0) {
        apply_list(&world, item->nominated, ensure_namespace);
        apply_list(&world, item->nominated, world_pod);
    }
    const struct pf_explanation explanation = world_explain(&world, item->pod);
    const struct pf_judgement judgement = world_judge(&world, item->pod);
    if (!world_same(&judgement, &explanation.judgement)) {
        complain(tally, item, minor, "judge and explain differ");
    }
    if (pf_sv_eq_cstr(item->api_valid, "false")) {
        tally->invalid++;
    } else if (explanation.judgement.verdict == PF_VERDICT_UNKNOWN) {
        settle_unknown(tally, item, minor, &explanation);
    } else {
        compare(&world, tally, item, minor, &explanation);
    }
    world_done(&world);
}

static void run_file(const char *path, int oldest_minor, struct tally *tally)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, CASES_MAX_BYTES);
    assert_int_equal(pf_file_read(path, &text, NULL), PF_OK);
    struct pf_sv rest = pf_buf_view(&text);
    while (rest.len != 0) {
        const size_t newline = pf_sv_find(rest, PF_SV("\n"));
        const size_t len = newline != SIZE_MAX ? newline : rest.len;
        const struct pf_sv line = {.ptr = rest.ptr, .len = len};
        rest.ptr += newline != SIZE_MAX ? len + 1 : len;
        rest.len -= newline != SIZE_MAX ? len + 1 : len;
        struct item item = {.name = {0}};
        assert_true(split(line, &item));
        for (int minor = oldest_minor; minor <= PF_KUBE_MINOR_NEWEST; minor++) {
            run_minor(tally, &item, minor);
        }
    }
    print_message("%s: %u checked, %u unknown, %u invalid, %u differences\n", path, tally->checked,
                  tally->unknown, tally->invalid, tally->failures);
}

static void test_cases(void **state)
{
    (void)state;
    struct tally tally = {0};
    run_file(PF_TEST_DATA "/reference/cases/fit_cases.jsonl", PF_KUBE_MINOR_OLDEST, &tally);
    assert_int_equal(tally.failures, 0);
    assert_true(tally.checked >= CASES_MIN_CHECKED);
}

static void test_fuzz_cases(void **state)
{
    (void)state;
    struct tally tally = {0};
    /* random cases carry the answers of 1.36 only */
    run_file(PF_TEST_DATA "/reference/cases/fit_fuzz.jsonl", PF_KUBE_MINOR_NEWEST, &tally);
    assert_int_equal(tally.failures, 0);
    assert_true(tally.checked >= FUZZ_MIN_CHECKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_fuzz_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

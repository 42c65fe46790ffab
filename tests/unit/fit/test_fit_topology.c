/*
 * Random clusters with random events: what the engine remembers of other pods equals asking every node, a fresh engine, and a second implementation that walks
 * all pods (naive.h).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "naive.h"
#include "rank.h"
#include "world.h"
#include <podfit/columns.h>

#define QUESTIONS    40  /* pods that are asked for again and again */
#define RESERVED     6   /* of NAIVE_PODS, the last ones are reservations */
#define MODEL_CHECKS 500 /* events between two runs of the model's own checker */
#define FRESH_CHECKS 97  /* events between two comparisons with a new engine */
#define SCORE_CHECKS 7   /* events between two comparisons of all scores with a new engine's */

struct run {
    struct world world;
    struct naive naive;
    struct naive_pod questions[QUESTIONS];
    uint64_t random;
    unsigned plugins[4]; /* answers met: fits, PodTopologySpread, InterPodAffinity, others */
    unsigned reasons[5];
    unsigned
        scored[PF_SCORE_COUNT]; /* rows in which the plug-in scored between 0 and its highest */
};

static unsigned below(struct run *run, unsigned limit)
{
    run->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = run->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ z >> 31) % limit);
}

static struct naive_term draw_term(struct run *run)
{
    return (struct naive_term){.selector = below(run, NAIVE_SELECTORS),
                               .key = below(run, NAIVE_KEYS),
                               .spaces = below(run, NAIVE_NAMESPACES)};
}

/* @param rich  how many of 8 pods have terms of each kind */
static struct naive_pod draw_pod(struct run *run, unsigned rich)
{
    struct naive_pod pod = {
        .exists = true,
        .node = -1,
        .space = below(run, NAIVE_SPACES),
        .app = below(run, 4),
        .tier = below(run, 3),
        .tolerates = below(run, 2) == 0,
        .selects = below(run, 3) == 0,
        .soft = below(run, 8) < rich ? 1 + below(run, 50) : 0,
    };
    pod.affinity_count = below(run, 8) < rich ? 1 + below(run, 2) : 0;
    pod.anti_count = below(run, 8) < rich ? 1 + below(run, 2) : 0;
    pod.spread_count = below(run, 8) < rich ? 1 + below(run, 2) : 0;
    for (unsigned i = 0; i < NAIVE_TERMS_MAX; i++) {
        pod.affinity[i] = draw_term(run);
        pod.anti[i] = draw_term(run);
        pod.spreads[i] = (struct naive_spread){.term = draw_term(run),
                                               .max_skew = 1 + (int)below(run, 3),
                                               .min_domains = (int)below(run, 4),
                                               .ignore_affinity = below(run, 2) == 0,
                                               .honor_taints = below(run, 2) == 0};
    }
    return pod;
}

static struct pf_sv print_pod(struct run *run, const struct naive_pod *pod, int name)
{
    struct pf_buf out;
    pf_buf_init(&out, (size_t)64 * 1024);
    pf_buf_append_cstr(&out, "{\"metadata\":{");
    if (name >= 0) {
        pf_buf_printf(&out, "\"name\":\"p%d\",", name);
    }
    if (pod->deleting) {
        pf_buf_append_cstr(&out, "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",");
    }
    naive_print_meta(pod, &out);
    pf_buf_append_cstr(&out, "},\"spec\":{");
    if (name >= 0) {
        if (pod->node >= 0) {
            pf_buf_printf(&out, "\"nodeName\":\"n%d\",", pod->node);
        } else {
            pf_buf_append_cstr(&out, "\"schedulingGates\":[{\"name\":\"wait\"}],");
        }
    }
    naive_print_spec(pod, &out);
    pf_buf_append_cstr(&out, "\"containers\":[{\"name\":\"c\"}]}}");
    assert_int_equal(pf_buf_status(&out, NULL), PF_OK);
    struct pf_sv text = {0};
    assert_true(pf_arena_dup_sv(&run->world.arena, pf_buf_view(&out), &text));
    pf_buf_done(&out);
    return text;
}

static void apply_namespace(struct run *run, unsigned space)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, 1024);
    run->naive.teams[space] = below(run, 3);
    naive_print_namespace(&run->naive, space, &out);
    world_namespace(&run->world, pf_buf_view(&out));
}

static void apply_node(struct run *run)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, 4096);
    const int number = (int)below(run, NAIVE_NODES);
    struct naive_node *node = &run->naive.nodes[number];
    if (node->exists && below(run, 5) == 0) {
        node->exists = false;
        assert_true(pf_model_remove_node(
            run->world.model, pf_sv_from(pf_arena_printf(&run->world.arena, "n%d", number))));
        return;
    }
    *node = (struct naive_node){
        .exists = true, .tainted = below(run, 4) == 0, .role = below(run, 3) != 0};
    node->values[0] = below(run, 10) == 0 ? (int)below(run, NAIVE_NODES) : number;
    node->values[1] = below(run, 8) == 0 ? -1 : (int)below(run, 3);
    node->values[2] = below(run, 4) == 0 ? -1 : (int)below(run, 5);
    naive_print_node(node, number, &out);
    world_node(&run->world, pf_buf_view(&out));
}

static void remove_pod(struct run *run, int number)
{
    struct naive_pod *pod = &run->naive.pods[number];
    if (pod->exists) {
        const char *space = pf_arena_printf(&run->world.arena, "ns%u", pod->space);
        const char *name = pf_arena_printf(&run->world.arena, "p%d", number);
        assert_true(
            pf_model_remove_pod(run->world.model, pf_sv_from(space), pf_sv_from(name), PF_SV("")));
    }
    pod->exists = false;
}

static void apply_pod(struct run *run)
{
    const int number = (int)below(run, NAIVE_PODS - RESERVED);
    struct naive_pod *pod = &run->naive.pods[number];
    const unsigned what = below(run, 8);
    if (what == 0) {
        remove_pod(run, number);
        return;
    }
    if (pod->exists && what == 1) {
        pod->app = below(run, 4); /* labels changed in place */
    } else if (pod->exists && what == 2) {
        pod->deleting = true;
    } else {
        struct naive_pod next = draw_pod(run, 2);
        next.node = below(run, 12) == 0 ? -1 : (int)below(run, NAIVE_NODES);
        next.deleting = below(run, 10) == 0;
        if (pod->space != next.space) {
            remove_pod(run, number);
        }
        *pod = next;
    }
    world_pod(&run->world, print_pod(run, pod, number));
}

static struct pf_sv review_uid(struct run *run, int number)
{
    return pf_sv_from(pf_arena_printf(&run->world.arena, "review-%d", number));
}

static void drop_reservation(struct run *run)
{
    const int number = NAIVE_PODS - 1 - (int)below(run, RESERVED);
    struct naive_pod *pod = &run->naive.pods[number];
    assert_true(pf_reservation_drop(run->world.model, review_uid(run, number)) == pod->exists);
    pod->exists = false;
}

static void reserve(struct run *run, const struct naive_pod *asked, const struct pf_pod *pod,
                    const struct pf_judgement *judgement)
{
    const int number = NAIVE_PODS - 1 - (int)below(run, RESERVED);
    int node = 0;
    const struct pf_sv name =
        pf_intern_text(pf_model_strings(run->world.model),
                       pf_model_columns(run->world.model)->name[judgement->node]);
    while (!pf_sv_eq(name, pf_sv_from(pf_arena_printf(&run->world.arena, "n%d", node)))) {
        node++;
    }
    const struct pf_reservation_spec spec = {
        .review_uid = review_uid(run, number),
        .namespace_ = pod->meta.namespace_,
        .pod = pod,
        .request = &judgement->request,
        .node = judgement->node,
    };
    assert_int_equal(pf_reservation_put(run->world.model, &spec, NULL), PF_OK);
    run->naive.pods[number] = *asked;
    run->naive.pods[number].node = node;
}

static void change_something(struct run *run)
{
    switch (below(run, 12)) {
    case 0:
        apply_node(run);
        break;
    case 1:
        drop_reservation(run);
        break;
    case 2:
        if (below(run, 4) == 0) {
            apply_namespace(run, below(run, NAIVE_SPACES));
        }
        break;
    case 3:
        run->questions[below(run, QUESTIONS)] = draw_pod(run, 4);
        break;
    default:
        apply_pod(run);
        break;
    }
}

static void meet(struct run *run, const struct naive_answer *answer)
{
    static const char *const reasons[] = {"(missing required label)", "spread constraints",
                                          "pod affinity rules", "pod anti-affinity rules",
                                          "existing pods anti-affinity rules"};
    const char *plugin = answer->plugin;
    const bool spread = plugin != NULL && strcmp(plugin, "PodTopologySpread") == 0;
    const bool affinity = plugin != NULL && strcmp(plugin, "InterPodAffinity") == 0;
    run->plugins[plugin == NULL ? 0 : spread ? 1 : affinity ? 2 : 3]++;
    for (size_t i = 0; plugin != NULL && i < PF_ARRAY_LEN(reasons); i++) {
        if (strstr(answer->reason, reasons[i]) != NULL) {
            run->reasons[i]++;
            return;
        }
    }
}

static void compare_node(struct run *run, const struct naive_pod *pod, int number,
                         const struct pf_fit_node *node)
{
    const struct naive_answer answer = naive_ask(&run->naive, pod, number);
    meet(run, &answer);
    assert_int_equal(node->fits, answer.plugin == NULL);
    assert_true(node->could || !node->fits);
    assert_true(node->fits == (node->slots != 0));
    if (answer.plugin == NULL) {
        return;
    }
    assert_string_equal(node->plugin, answer.plugin);
    assert_int_equal(node->reason_count, 1);
    assert_string_equal(world_text(&run->world, node->reasons[0]), answer.reason);
    assert_int_equal(node->code, answer.resolvable ? PF_FIT_UNSCHEDULABLE
                                                   : PF_FIT_UNSCHEDULABLE_AND_UNRESOLVABLE);
}

static void compare_nodes(struct run *run, const struct naive_pod *pod,
                          const struct pf_explanation *explanation)
{
    size_t at = 0;
    for (int i = 0; i < NAIVE_NODES; i++) {
        if (!run->naive.nodes[i].exists) {
            continue;
        }
        const char *name = pf_arena_printf(&run->world.arena, "n%d", i);
        for (at = 0;
             at < explanation->node_count && !pf_sv_eq_cstr(explanation->nodes[at].name, name);) {
            at++;
        }
        assert_true(at < explanation->node_count);
        compare_node(run, pod, i, &explanation->nodes[at]);
    }
}

static void ask(struct run *run, struct pf_fit *fit)
{
    const struct naive_pod *asked = &run->questions[below(run, QUESTIONS)];
    const struct pf_pod pod = world_incoming(&run->world, print_pod(run, asked, -1));
    struct pf_judgement judgement;
    struct pf_explanation explanation;
    assert_int_equal(pf_fit_judge(fit, &pod, &run->world.arena, &judgement, NULL), PF_OK);
    assert_int_equal(pf_fit_explain(fit, &pod, &run->world.arena, &explanation, NULL), PF_OK);
    assert_true(world_same(&judgement, &explanation.judgement));
    compare_nodes(run, asked, &explanation);
    if (judgement.verdict == PF_VERDICT_FITS && below(run, 4) == 0) {
        reserve(run, asked, &pod, &judgement);
    }
}

static void compare_rows(struct run *run, const struct pf_rank_row *a, const struct pf_rank_row *b)
{
    assert_int_equal(a->slot, b->slot);
    for (unsigned i = 0; i < PF_SCORE_COUNT; i++) {
        assert_int_equal(a->weighted[i], b->weighted[i]);
        run->scored[i] += a->weighted[i] != 0 && a->weighted[i] % 100 != 0 ? 1 : 0;
    }
}

/* The sums that soft rules remember are those that a new engine counts. */
static void compare_scores(struct run *run)
{
    const struct naive_pod *asked = &run->questions[below(run, QUESTIONS)];
    const struct pf_pod pod = world_incoming(&run->world, print_pod(run, asked, -1));
    struct pf_fit *fresh = world_engine(&run->world, NULL);
    struct pf_arena *arena = &run->world.arena;
    struct pf_rank_table remembered;
    struct pf_rank_table counted;
    assert_int_equal(pf_score_explain(run->world.fit, &pod, arena, &remembered, NULL), PF_OK);
    assert_int_equal(pf_score_explain(fresh, &pod, arena, &counted, NULL), PF_OK);
    assert_int_equal(remembered.count, counted.count);
    assert_int_equal(remembered.skipped, counted.skipped);
    for (uint32_t i = 0; i < counted.count; i++) {
        compare_rows(run, &remembered.rows[i], &counted.rows[i]);
    }
    pf_fit_free(fresh);
}

static void check_model(struct run *run)
{
    struct pf_err err = {0};
    if (pf_model_check(run->world.model, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

static void check_met(const struct run *run)
{
    print_message("minor %d: %u fit, %u spread (%u without label), %u affinity (%u, %u, %u), %u "
                  "others\n",
                  run->naive.minor, run->plugins[0], run->plugins[1], run->reasons[0],
                  run->plugins[2], run->reasons[2], run->reasons[3], run->reasons[4],
                  run->plugins[3]);
    for (size_t i = 0; i < PF_ARRAY_LEN(run->plugins); i++) {
        assert_true(run->plugins[i] > 1000);
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(run->reasons); i++) {
        assert_true(run->reasons[i] > 500);
    }
    assert_true(run->scored[PF_SCORE_POD_TOPOLOGY_SPREAD] > 500);
    assert_true(run->scored[PF_SCORE_INTER_POD_AFFINITY] > 500);
}

static void run_events(int minor, uint64_t seed, unsigned events)
{
    struct run run = {.random = seed, .naive = {.minor = minor}};
    world_init(&run.world, minor, NULL);
    const struct pf_fit_options tiny_options = {.cache_max_bytes = 1, .max_model_age_ms = 60000};
    struct pf_fit *tiny = world_engine(&run.world, &tiny_options);
    for (unsigned i = 0; i < NAIVE_SPACES; i++) {
        apply_namespace(&run, i);
    }
    for (unsigned i = 0; i < QUESTIONS; i++) {
        run.questions[i] = draw_pod(&run, 4);
    }
    for (unsigned i = 0; i < events; i++) {
        pf_arena_reset(&run.world.arena);
        change_something(&run);
        ask(&run, i % 5 == 0 ? tiny : run.world.fit);
        if (i % FRESH_CHECKS == 0) {
            struct pf_fit *fresh = world_engine(&run.world, NULL);
            ask(&run, fresh);
            pf_fit_free(fresh);
        }
        if (i % SCORE_CHECKS == 0) {
            compare_scores(&run);
        }
        if (i % MODEL_CHECKS == 0) {
            check_model(&run);
        }
    }
    check_met(&run);
    pf_fit_free(tiny);
    world_done(&run.world);
}

static void test_newest(void **state)
{
    (void)state;
    run_events(36, 11, 60000);
}

static void test_oldest(void **state)
{
    (void)state;
    run_events(33, 12, 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

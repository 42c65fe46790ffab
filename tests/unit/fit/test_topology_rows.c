/* Rare turns of PodTopologySpread, InterPodAffinity and addedAffinity, one by one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"
#include <podfit/buf.h>

#define NODE                                                                                   \
    "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"zone\":\"a\"}},\"status\":{\"allocatable\":" \
    "{\"cpu\":\"4\",\"memory\":\"8Gi\",\"pods\":\"10\"}}}"
#define POD(spec)                                                                     \
    "{\"metadata\":{\"namespace\":\"ns\",\"labels\":{\"app\":\"x\"}},\"spec\":{" spec \
    "\"containers\":[{\"name\":\"c\"}]}}"
#define REQUIRED "\"requiredDuringSchedulingIgnoredDuringExecution\":"
#define SPREAD(more)                                                          \
    "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\"," \
    "\"whenUnsatisfiable\":\"DoNotSchedule\"," more "}],"
#define AFFINITY(kind, term) \
    "\"affinity\":{\"" kind "\":{" REQUIRED "[{\"topologyKey\":\"zone\"," term "}]}},"
#define BAD_SELECTOR \
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\"}]}"
#define LISTED_BAD_SELECTOR                                                                 \
    "\"affinity\":{\"podAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{" \
    "\"weight\":1,\"podAffinityTerm\":{\"topologyKey\":\"zone\"," BAD_SELECTOR "}}]}},"
#define TEAM "\"namespaceSelector\":{\"matchLabels\":{\"team\":\"x\"}}"
#define EXISTING(term)                                                                     \
    "{\"metadata\":{\"namespace\":\"other\",\"name\":\"e\",\"labels\":{\"app\":\"x\"}},"   \
    "\"spec\":{\"nodeName\":\"n1\"," AFFINITY("podAntiAffinity", term) "\"containers\":[{" \
                                                                       "\"name\":\"c\"}]}}"

struct row {
    const char *name;
    const char *existing;   /* NULL: none */
    const char *namespace_; /* NULL: none */
    const char *pod;
    enum pf_verdict verdict;
    const char *text; /* message or cause */
};

static const struct row rows[] = {
    {.name = "spread over the only zone",
     .pod = POD(SPREAD("\"labelSelector\":{\"matchLabels\":{\"app\":\"x\"}}")),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "spread with a selector that does not parse",
     .pod = POD(SPREAD(BAD_SELECTOR)),
     .verdict = PF_VERDICT_UNKNOWN,
     .text = "a topologySpreadConstraint has a labelSelector that cannot be parsed: kube-scheduler "
             "fails with an error"},
    {.name = "affinity with a selector that does not parse",
     .pod = POD(AFFINITY("podAffinity", BAD_SELECTOR)),
     .verdict = PF_VERDICT_NEVER,
     .text =
         "0/1 nodes are available: parsing pod: requiredAffinityTerms: invalid label selector."},
    {.name = "a preferred term with a selector that does not parse",
     .pod = POD(LISTED_BAD_SELECTOR),
     .verdict = PF_VERDICT_NEVER,
     .text =
         "0/1 nodes are available: parsing pod: preferredAffinityTerms: invalid label selector."},
    {.name = "an existing pod's selector that does not parse",
     .existing = EXISTING(BAD_SELECTOR),
     .pod = POD(""),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "anti-affinity of an existing pod, own namespace only",
     .existing = EXISTING("\"labelSelector\":{}"),
     .pod = POD(""),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "anti-affinity of an existing pod, every namespace",
     .existing = EXISTING("\"labelSelector\":{},\"namespaceSelector\":{}"),
     .pod = POD(""),
     .verdict = PF_VERDICT_FULL,
     .text =
         "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."},
    {.name = "anti-affinity of an existing pod, namespaces are not known",
     .existing = EXISTING("\"labelSelector\":{}," TEAM),
     .pod = POD(""),
     .verdict = PF_VERDICT_UNKNOWN,
     .text = "required anti-affinity of existing pods has a namespaceSelector that needs kind "
             "Namespace, of which the model has none"},
    {.name = "the same, but the labels do not match anyway",
     .existing = EXISTING("\"labelSelector\":{\"matchLabels\":{\"app\":\"y\"}}," TEAM),
     .pod = POD(""),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "a selected namespace",
     .existing = EXISTING("\"labelSelector\":{}," TEAM),
     .namespace_ = "{\"metadata\":{\"name\":\"ns\",\"labels\":{\"team\":\"x\"}}}",
     .pod = POD(""),
     .verdict = PF_VERDICT_FULL,
     .text =
         "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."},
    {.name = "a namespace that is not there has no labels",
     .existing = EXISTING("\"labelSelector\":{}," TEAM),
     .namespace_ = "{\"metadata\":{\"name\":\"third\"}}",
     .pod = POD(""),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "own namespaceSelector, namespaces are not known",
     .pod = POD(AFFINITY("podAffinity", "\"labelSelector\":{}," TEAM)),
     .verdict = PF_VERDICT_UNKNOWN,
     .text = "a namespaceSelector of the pod's affinity needs kind Namespace, of which the model "
             "has none"},
    {.name = "the first pod of a series",
     .pod = POD(AFFINITY("podAffinity", "\"labelSelector\":{\"matchLabels\":{\"app\":\"x\"}}")),
     .verdict = PF_VERDICT_FITS,
     .text = ""},
    {.name = "affinity to a pod that is not there",
     .pod = POD(AFFINITY("podAffinity", "\"labelSelector\":{\"matchLabels\":{\"app\":\"y\"}}")),
     .verdict = PF_VERDICT_FULL,
     .text = "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."},
    {.name = "affinity over a key that no node has",
     .pod = POD("\"affinity\":{\"podAffinity\":{" REQUIRED
                "[{\"topologyKey\":\"rack\",\"labelSelector\":{}}]}},"),
     .verdict = PF_VERDICT_NEVER,
     .text = "0/1 nodes are available: 1 node(s) didn't match pod affinity rules."},
};

static unsigned check_row(const struct row *row)
{
    struct world world;
    unsigned bad = 0;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE));
    if (row->namespace_ != NULL) {
        world_namespace(&world, pf_sv_from(row->namespace_));
    }
    if (row->existing != NULL) {
        world_pod(&world, pf_sv_from(row->existing));
    }
    const struct pf_judgement judgement = world_judge(&world, pf_sv_from(row->pod));
    const struct pf_explanation explanation = world_explain(&world, pf_sv_from(row->pod));
    const struct pf_sv text =
        judgement.verdict == PF_VERDICT_UNKNOWN ? judgement.cause : judgement.message;
    if (judgement.verdict != row->verdict || !pf_sv_eq_cstr(text, row->text) ||
        !world_same(&judgement, &explanation.judgement)) {
        print_error("%s: %s '%.*s'\n", row->name, pf_verdict_name(judgement.verdict),
                    PF_SV_ARG(text));
        bad++;
    }
    world_done(&world);
    return bad;
}

static void test_rows(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        bad += check_row(&rows[i]);
    }
    assert_int_equal(bad, 0);
}

/* @return verdict of a pod with that many anti-affinity terms, each over a key of its own */
static enum pf_verdict judge_keys(struct world *world, unsigned keys)
{
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, (size_t)1024 * 1024);
    pf_buf_append_cstr(&text, "{\"metadata\":{\"namespace\":\"ns\"},\"spec\":{\"affinity\":{"
                              "\"podAntiAffinity\":{" REQUIRED "[");
    for (unsigned i = 0; i < keys; i++) {
        pf_buf_printf(&text, "%s{\"topologyKey\":\"k%u\",\"labelSelector\":{}}", i != 0 ? "," : "",
                      i);
    }
    pf_buf_append_cstr(&text, "]}},\"containers\":[{\"name\":\"c\"}]}}");
    const struct pf_judgement judgement = world_judge(world, pf_buf_view(&text));
    return judgement.verdict;
}

static void test_many_keys(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, 36, NULL);
    world_node(&world, PF_SV(NODE));
    assert_int_equal(judge_keys(&world, 64), PF_VERDICT_FITS);
    assert_int_equal(judge_keys(&world, 65), PF_VERDICT_UNKNOWN);
    assert_int_equal(judge_keys(&world, 5000), PF_VERDICT_UNKNOWN);
    world_done(&world);
}

/* addedAffinity by name: no two nodes share an answer. */
static void test_added_affinity(void **state)
{
    (void)state;
    struct pf_requirement field = {.key = PF_SV_INIT("metadata.name"),
                                   .values = &(struct pf_sv)PF_SV_INIT("n2"),
                                   .value_count = 1,
                                   .operator_ = PF_SELECTOR_NOT_IN,
                                   .valid = true};
    struct pf_node_selector_term term = {.fields = &field, .field_count = 1};
    const struct pf_fit_options options = {
        .features = pf_kube_features_default(36),
        .max_model_age_ms = 60000,
        .added_affinity = {.present = true, .terms = &term, .term_count = 1}};
    struct world world;
    world_init(&world, 36, &options);
    world_node(&world, PF_SV(NODE));
    world_node(&world, PF_SV("{\"metadata\":{\"name\":\"n2\",\"labels\":{\"zone\":\"a\"}},"
                             "\"status\":{\"allocatable\":{\"pods\":\"10\"}}}"));
    const struct pf_explanation explanation = world_explain(&world, PF_SV(POD("")));
    assert_int_equal(explanation.node_count, 2);
    assert_true(explanation.nodes[0].fits);
    assert_false(explanation.nodes[1].fits);
    assert_string_equal(explanation.nodes[1].plugin, "NodeAffinity");
    assert_true(pf_sv_eq_cstr(explanation.nodes[1].reasons[0],
                              "node(s) didn't match scheduler-enforced node affinity"));
    const struct pf_judgement judgement = world_judge(&world, PF_SV(POD("")));
    assert_true(world_same(&judgement, &explanation.judgement));
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_added_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

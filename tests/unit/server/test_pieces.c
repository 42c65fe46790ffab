/* What scrapes and the status page count of a large cluster is counted in pieces: how many nodes are handled while the model is held is bounded, and the sums are right. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/columns.h>
#include <podfit/fit_count.h>
#include <podfit/headroom.h>
#include <podfit/pools.h>

#define NODES 1000U

static const char classes[] =
    "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"
    "- name: small\n  match: {namespaces: [s]}\n  defaultQuotas: {mem: 1024, mem_oc: 1, cpu: 1, cpu_oc: 2}\n"
    "  requests: replace\n  pool: {nodeSelector: {pool: p}}\n"
    "- name: all\n  match: {namespaces: [a]}\n  defaultQuotas: {mem: 1024, mem_oc: 1, cpu: 1, cpu_oc: 1}\n  requests: replace\n";

/* What happens between a lock and its unlock; one thread. */
static struct {
    unsigned depth;
    unsigned holds;
    unsigned shapes;      /* lookups in this hold: one a node in a walk over pools */
    unsigned most_shapes; /* of one hold */
    unsigned steps;       /* of counting, in this hold */
    unsigned most_steps;
    unsigned handled; /* nodes in all */
    unsigned most_handled;
    bool watched; /* shapes are counted */
} seen;

void __real_pf_model_lock(struct pf_model *model);
void __wrap_pf_model_lock(struct pf_model *model);
void __real_pf_model_lock_in_turn(struct pf_model *model);
void __wrap_pf_model_lock_in_turn(struct pf_model *model);
void __real_pf_model_unlock(struct pf_model *model);
void __wrap_pf_model_unlock(struct pf_model *model);
const struct pf_shape *__real_pf_model_shape(const struct pf_model *model, uint32_t shape);
const struct pf_shape *__wrap_pf_model_shape(const struct pf_model *model, uint32_t shape);
enum pf_code __real_pf_fit_count_step(struct pf_fit *fit, const struct pf_fit_ask *ask,
                                      uint32_t most, struct pf_arena *arena,
                                      struct pf_fit_count *count, struct pf_err *err);
enum pf_code __wrap_pf_fit_count_step(struct pf_fit *fit, const struct pf_fit_ask *ask,
                                      uint32_t most, struct pf_arena *arena,
                                      struct pf_fit_count *count, struct pf_err *err);

static void enter(void)
{
    if (seen.depth++ == 0) {
        seen.holds++;
        seen.shapes = 0;
        seen.steps = 0;
    }
}

void __wrap_pf_model_lock(struct pf_model *model)
{
    __real_pf_model_lock(model);
    enter();
}

void __wrap_pf_model_lock_in_turn(struct pf_model *model)
{
    assert_int_equal(seen.depth, 0); /* who holds the model must not wait for a turn */
    __real_pf_model_lock_in_turn(model);
    enter();
}

void __wrap_pf_model_unlock(struct pf_model *model)
{
    seen.depth--;
    __real_pf_model_unlock(model);
}

const struct pf_shape *__wrap_pf_model_shape(const struct pf_model *model, uint32_t shape)
{
    if (seen.watched) {
        seen.shapes++;
        seen.most_shapes = seen.shapes > seen.most_shapes ? seen.shapes : seen.most_shapes;
    }
    return __real_pf_model_shape(model, shape);
}

enum pf_code __wrap_pf_fit_count_step(struct pf_fit *fit, const struct pf_fit_ask *ask,
                                      uint32_t most, struct pf_arena *arena,
                                      struct pf_fit_count *count, struct pf_err *err)
{
    const enum pf_code code = __real_pf_fit_count_step(fit, ask, most, arena, count, err);
    seen.steps++;
    seen.handled += count->handled;
    seen.most_steps = seen.steps > seen.most_steps ? seen.steps : seen.most_steps;
    seen.most_handled = count->handled > seen.most_handled ? count->handled : seen.most_handled;
    return code;
}

struct world {
    struct pf_clock clock;
    int64_t now_ns;
    struct pf_model *model;
    struct pf_config *config;
    struct pf_recent *recent;
};

static int64_t now(void *opaque)
{
    return ((const struct world *)opaque)->now_ns;
}

/* Every other node is of the pool. */
static void add_nodes(struct pf_model *model)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)1 << 20);
    for (unsigned i = 0; i < NODES; i++) {
        struct pf_node node;
        pf_arena_reset(&arena);
        const char *json = pf_arena_printf(
            &arena,
            "{\"metadata\":{\"name\":\"n%u\",\"labels\":{\"kubernetes.io/hostname\":\"n%u\","
            "\"pool\":\"%s\"}},\"status\":{\"allocatable\":{\"cpu\":\"2\",\"memory\":\"8Gi\","
            "\"pods\":\"10\"}}}",
            i, i, i % 2 != 0 ? "p" : "q");
        assert_int_equal(pf_node_decode(pf_sv_from(json), &arena, &node, NULL), PF_OK);
        assert_int_equal(pf_model_apply_node(model, &node, NULL), PF_OK);
    }
}

static int setup(void **state)
{
    static struct world world;
    static struct pf_problems problems;
    world = (struct world){.now_ns = 1000000000};
    world.clock = (struct pf_clock){.mono_ns = now, .wall_ns = now, .opaque = &world};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)1 << 20);
    pf_problems_init(&problems, &arena, "test");
    assert_int_equal(pf_config_parse(pf_sv_from(classes), "test", &problems, &world.config), PF_OK);
    const struct pf_model_options options = {.features = world.config->fit.features,
                                             .clock = &world.clock};
    assert_int_equal(pf_model_new(&options, &world.model, NULL), PF_OK);
    assert_int_equal(pf_recent_new(&world.clock, &world.recent, NULL), PF_OK);
    const struct pf_model_origin origin = {.synced = true};
    pf_model_set_origin(world.model, &origin);
    add_nodes(world.model);
    memset(&seen, 0, sizeof(seen));
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    pf_recent_free(world->recent);
    pf_model_free(world->model);
    pf_config_unref(world->config);
    return 0;
}

static void headroom(void **state)
{
    struct world *world = *state;
    const struct pf_headroom_options options = {
        .model = world->model, .recent = world->recent, .clock = &world->clock};
    struct pf_headroom *headroom = NULL;
    assert_int_equal(pf_headroom_new(&options, &headroom, NULL), PF_OK);
    const struct pf_headroom_view view = pf_headroom_look(headroom, world->config);
    assert_int_equal(view.count, 2);
    assert_int_equal(view.classes[0].projects, 4 * NODES / 2); /* half a core each */
    assert_int_equal(view.classes[0].nodes, NODES / 2);
    assert_string_equal(view.classes[0].binding, "cpu");
    assert_int_equal(view.classes[1].projects, 2 * NODES);
    assert_int_equal(view.classes[1].nodes, NODES);
    assert_int_equal(seen.depth, 0);
    assert_int_equal(seen.most_steps, 1);
    assert_int_equal(seen.most_handled, PF_HEADROOM_NODES_A_HOLD);
    /* for two classes each node is judged once, and its room is counted once */
    assert_int_equal(seen.handled, 2 * 2 * NODES);
    assert_true(seen.holds > 2 * 2 * NODES / PF_HEADROOM_NODES_A_HOLD);
    pf_headroom_free(headroom);
}

static void pools(void **state)
{
    struct world *world = *state;
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, (size_t)1 << 20);
    seen.watched = true;
    assert_int_equal(pf_pools_write(world->model, world->config->classes,
                                    world->config->class_count, &text, NULL),
                     PF_OK);
    seen.watched = false;
    assert_non_null(strstr(text.data, "podfit_pool_nodes{class=\"small\",state=\"usable\"} 500\n"));
    assert_non_null(strstr(text.data, "podfit_pool_nodes{class=\"all\",state=\"usable\"} 1000\n"));
    assert_int_equal(seen.depth, 0);
    assert_int_equal(seen.most_shapes, PF_POOLS_NODES_A_HOLD);
    assert_int_equal(seen.holds, (NODES + PF_POOLS_NODES_A_HOLD - 1) / PF_POOLS_NODES_A_HOLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(headroom, setup, teardown),
        cmocka_unit_test_setup_teardown(pools, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

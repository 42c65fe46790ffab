/* Each allocation of the status page's parts fails once: an error or a page that says less, outputs as they were, no leak, and the next look is whole. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fail_alloc.h"
#include "page.h"
#include "status.h"
#include "status_world.h"

#define TEXT_MAX_BYTES ((size_t)4 * 1024 * 1024)
/* More than any of them makes: the sweep ends at the first that passes. */
#define ALLOCATIONS_MAX 2000

static void made(void **state)
{
    const struct status_world *world = *state;
    const struct pf_status_options options = {
        .model = world->model, .recent = world->recent, .clock = &world->clock};
    struct pf_status *status = NULL;
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    for (; code != PF_OK && n < ALLOCATIONS_MAX; n++) {
        struct pf_err err = {0};
        fail_alloc_after(n);
        code = pf_status_new(&options, &status, &err);
        fail_alloc_after(-1);
        if (code != PF_OK) {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_null(status);
            assert_true(err.text[0] != '\0');
        }
    }
    assert_true(n > 2);
    pf_status_free(status);
}

static void map(void **state)
{
    const struct status_world *world = *state;
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    struct pf_nodemap nodes = {.left_out = 77};
    for (; code != PF_OK && n < ALLOCATIONS_MAX; n++) {
        fail_alloc_after(n);
        code = pf_nodemap_take(world->model, world->config, &nodes, NULL);
        fail_alloc_after(-1);
        if (code != PF_OK) {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_int_equal(nodes.left_out, 77);
        }
    }
    assert_true(n > 1);
    assert_int_equal(nodes.node_count, 4);
    pf_nodemap_done(&nodes);
}

/* The text of one look, or nothing: no memory for it. */
static void look(struct pf_status *status, const struct status_world *world, struct pf_buf *text)
{
    const struct pf_status_ask ask = {.details = true, .page = 1};
    struct pf_writer w;
    pf_write_init(&w, text);
    pf_write_begin_object(&w);
    pf_status_write(status, world->config, &ask, &w);
    pf_write_end_object(&w);
}

static void check_json(const struct pf_buf *text)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, TEXT_MAX_BYTES);
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    if (pf_wire_parse(pf_buf_view(text), &arena, &tree, &err) != PF_OK) {
        fail_msg("%s: %s", err.text, text->data);
    }
}

/* What there is no memory for is not known, or as it was; a look with memory is whole again. */
static void looks(void **state)
{
    struct status_world *world = *state;
    const struct pf_status_options options = {
        .model = world->model, .recent = world->recent, .clock = &world->clock};
    struct pf_status *status = NULL;
    assert_int_equal(pf_status_new(&options, &status, NULL), PF_OK);
    pf_autobuf struct pf_buf whole = {0};
    pf_buf_init(&whole, TEXT_MAX_BYTES);
    look(status, world, &whole);
    assert_non_null(strstr(whole.data, "\"projects\":4"));
    bool failed = true;
    long n = 0;
    for (; failed && n < ALLOCATIONS_MAX; n++) {
        pf_autobuf struct pf_buf text = {0};
        pf_buf_init(&text, TEXT_MAX_BYTES);
        world->now_ns += (PF_HEADROOM_EVERY_MS + 1) * INT64_C(1000000);
        fail_alloc_after(n);
        look(status, world, &text);
        failed = fail_alloc_count() > n;
        fail_alloc_after(-1);
        if (text.failed == PF_OK) {
            check_json(&text);
        }
        world->now_ns += (PF_HEADROOM_EVERY_MS + 1) * INT64_C(1000000);
        pf_autobuf struct pf_buf again = {0};
        pf_buf_init(&again, TEXT_MAX_BYTES);
        look(status, world, &again);
        check_json(&again);
        assert_non_null(strstr(again.data, "\"projects\":4"));
        assert_non_null(strstr(again.data, "\"name\":\"lone\""));
    }
    assert_in_range(n, 5, ALLOCATIONS_MAX - 1);
    pf_status_free(status);
}

/* The filled page is the same whatever failed before; one without memory is an error. */
static void rendered(void **state)
{
    (void)state;
    static const char stats[] =
        "{\"ready\":true,\"model\":{\"synced\":true},\"pools\":[{\"pool\":\"p\",\"listed\":true,"
        "\"nodeList\":[{\"name\":\"n\\u0000\",\"ownTaints\":[\"t\"]}]}],"
        "\"rejections\":[{\"time\":\"2026-11-22T04:36:59Z\",\"sentence\":\"s\"}]}";
    pf_autobuf struct pf_buf wanted = {0};
    pf_buf_init(&wanted, TEXT_MAX_BYTES);
    assert_int_equal(pf_page_render(pf_sv_from(stats), "0123", 0, &wanted, NULL), PF_OK);
    enum pf_code code = PF_E_NO_MEMORY;
    long n = 0;
    for (; code != PF_OK && n < ALLOCATIONS_MAX; n++) {
        pf_autobuf struct pf_buf html = {0};
        pf_buf_init(&html, TEXT_MAX_BYTES);
        struct pf_err err = {0};
        fail_alloc_after(n);
        code = pf_page_render(pf_sv_from(stats), "0123", 0, &html, &err);
        fail_alloc_after(-1);
        if (code == PF_OK) {
            assert_true(pf_sv_eq(pf_buf_view(&html), pf_buf_view(&wanted)));
        } else {
            assert_int_equal(code, PF_E_NO_MEMORY);
            assert_true(err.text[0] != '\0');
        }
    }
    assert_in_range(n, 5, ALLOCATIONS_MAX - 1);
}

static void kept(void **state)
{
    const struct status_world *world = *state;
    struct pf_recent *recent = NULL;
    fail_alloc_after(0);
    assert_int_equal(pf_recent_new(&world->clock, &recent, NULL), PF_E_NO_MEMORY);
    fail_alloc_after(-1);
    assert_null(recent);
    /* a decision is kept without any memory: the webhook's thread waits for it */
    const struct pf_decision decision = {.covered = true, .class_name = PF_SV("small")};
    fail_alloc_after(0);
    pf_recent_put(world->recent, &decision, 0);
    assert_int_equal(fail_alloc_count(), 0);
    fail_alloc_after(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made, status_world_setup, status_world_teardown),
        cmocka_unit_test_setup_teardown(map, status_world_setup, status_world_teardown),
        cmocka_unit_test_setup_teardown(looks, status_world_setup, status_world_teardown),
        cmocka_unit_test(rendered),
        cmocka_unit_test_setup_teardown(kept, status_world_setup, status_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

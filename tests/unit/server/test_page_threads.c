/* Reviews, the page and the metrics at the same time, as their threads use them; for ThreadSanitizer, and that every page is whole. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "page.h"
#include "status.h"
#include "status_world.h"
#include <podfit/limits.h>
#include <podfit/metrics.h>
#include <podfit/pools.h>

#define REVIEWS        2000
#define TEXT_MAX_BYTES ((size_t)4 * 1024 * 1024)

struct load {
    struct status_world *world;
    struct pf_clock clock; /* of the system: a test's own is no clock for threads */
    struct pf_admission *admission;
    struct pf_metrics *metrics;
    atomic_bool over;
    atomic_int reviewers;
    atomic_int
        wrong; /* answers and pages that are not what they should be; cmocka's asserts are for its own thread */
};

static void write_review(char *text, size_t bytes, int number)
{
    const int len = snprintf(
        text, bytes,
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u%d\","
        "\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
        "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},\"namespace\":\"%s\",\"operation\":\"CREATE\","
        "\"object\":{\"metadata\":{\"name\":\"p%d\",\"namespace\":\"k\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\","
        "\"resources\":{\"requests\":{\"cpu\":\"%dm\"}}}]}}}}",
        number, number % 3 != 0 ? "k" : "h", number, number % 50 + 1);
    (void)len;
}

static void *review_for_ever(void *opaque)
{
    struct load *load = opaque;
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf response = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&response, TEXT_MAX_BYTES);
    const int base = atomic_fetch_add(&load->reviewers, 1) * REVIEWS;
    for (int i = 0; i < REVIEWS; i++) {
        char body[1024];
        struct pf_decision decision = {.covered = false};
        write_review(body, sizeof(body), base + i);
        pf_arena_reset(&arena);
        pf_buf_reset(&response);
        if (pf_admission_review(load->admission, pf_sv_from(body), &arena, &response, &decision) !=
            PF_ADMISSION_OK) {
            atomic_fetch_add(&load->wrong, 1);
        }
        pf_metrics_count_review(load->metrics, &decision, 1000);
        pf_recent_put(load->world->recent, &decision, 1000);
    }
    return NULL;
}

static void *scrape_for_ever(void *opaque)
{
    struct load *load = opaque;
    const struct pf_config *config = load->world->config;
    while (!atomic_load(&load->over)) {
        pf_autobuf struct pf_buf text = {0};
        pf_buf_init(&text, TEXT_MAX_BYTES);
        pf_metrics_write(load->metrics, &text);
        if (pf_pools_write(load->world->model, config->classes, config->class_count, &text, NULL) !=
            PF_OK) {
            atomic_fetch_add(&load->wrong, 1);
        }
    }
    return NULL;
}

/* What the ops thread does for the page. */
static bool show_page(struct load *load, struct pf_status *status)
{
    const struct pf_status_ask ask = {.details = true, .pool = PF_SV("pool=p"), .page = 1};
    pf_autobuf struct pf_buf text = {0};
    pf_autobuf struct pf_buf html = {0};
    pf_buf_init(&text, TEXT_MAX_BYTES);
    pf_buf_init(&html, TEXT_MAX_BYTES);
    struct pf_writer w;
    pf_write_init(&w, &text);
    pf_write_begin_object(&w);
    pf_status_write(status, load->world->config, &ask, &w);
    pf_write_end_object(&w);
    return pf_page_render(pf_buf_view(&text), "0", 0, &html, NULL) == PF_OK &&
           strstr(html.data, "pool=p") != NULL;
}

static void start(struct load *load, struct status_world *world)
{
    *load = (struct load){.world = world, .clock = *pf_clock_system()};
    atomic_init(&load->over, false);
    assert_int_equal(pf_admission_new(world->model, world->config, &load->admission, NULL), PF_OK);
    assert_int_equal(pf_metrics_new(&load->metrics, NULL), PF_OK);
}

static void all_at_once(void **state)
{
    struct load load;
    start(&load, *state);
    const struct pf_status_options options = {
        .model = load.world->model, .recent = load.world->recent, .clock = &load.clock};
    struct pf_status *status = NULL;
    assert_int_equal(pf_status_new(&options, &status, NULL), PF_OK);
    pthread_t reviewers[2];
    pthread_t scraper;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&reviewers[i], NULL, review_for_ever, &load), 0);
    }
    assert_int_equal(pthread_create(&scraper, NULL, scrape_for_ever, &load), 0);
    while (pf_metrics_totals(load.metrics).reviews < (uint64_t)2 * REVIEWS) {
        assert_true(show_page(&load, status));
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(reviewers[i], NULL), 0);
    }
    atomic_store(&load.over, true);
    assert_int_equal(pthread_join(scraper, NULL), 0);
    assert_int_equal(atomic_load(&load.wrong), 0);
    assert_true(show_page(&load, status));
    pf_status_free(status);
    pf_metrics_free(load.metrics);
    pf_admission_free(load.admission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_at_once, status_world_setup, status_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

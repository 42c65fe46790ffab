#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/snapshot.h>

static int64_t read_clock(void *opaque)
{
    return *(const int64_t *)opaque;
}

struct pf_config *desk_config(struct pf_sv yaml)
{
    struct pf_config *config = NULL;
    struct pf_err err = {0};
    if (yaml.ptr == NULL) {
        assert_int_equal(pf_config_keep_all(&config, &err), PF_OK);
        return config;
    }
    struct pf_arena arena;
    struct pf_problems problems;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_problems_init(&problems, &arena, "config.yaml");
    if (pf_config_parse(yaml, "config.yaml", &problems, &config) != PF_OK) {
        struct pf_buf text = {0};
        pf_buf_init(&text, PF_RESPONSE_MAX_BYTES);
        pf_problems_format(&problems, &text);
        fail_msg("%s", text.data);
    }
    pf_arena_done(&arena);
    return config;
}

void desk_init(struct desk *desk, struct pf_sv config, struct pf_sv cluster)
{
    *desk = (struct desk){.now_ns = 1};
    desk->clock =
        (struct pf_clock){.mono_ns = read_clock, .wall_ns = read_clock, .opaque = &desk->now_ns};
    desk->config = desk_config(config);
    pf_arena_init(&desk->arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&desk->response, PF_RESPONSE_MAX_BYTES);
    const struct pf_model_options options = {
        .features = desk->config->fit.features,
        .clock = &desk->clock,
        .reservation_ttl_ms = desk->config->reservation_ttl_ms,
        .reservations_max = PF_RESERVATIONS_MAX,
    };
    struct pf_err err = {0};
    struct pf_snapshot_stats stats = {0};
    assert_int_equal(pf_model_new(&options, &desk->model, &err), PF_OK);
    if (pf_snapshot_load_bytes(desk->model, cluster, "cluster", &stats, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    const struct pf_model_origin origin = {.synced = true, .resource_version = "7"};
    pf_model_set_origin(desk->model, &origin);
    assert_int_equal(pf_admission_new(desk->model, desk->config, &desk->admission, &err), PF_OK);
}

void desk_done(struct desk *desk)
{
    pf_admission_free(desk->admission);
    pf_model_free(desk->model);
    pf_config_unref(desk->config);
    pf_buf_done(&desk->response);
    pf_arena_done(&desk->arena);
    free(desk->body);
}

/* exact size: a sanitizer sees a read past the end. */
static struct pf_sv keep(struct desk *desk, struct pf_sv body)
{
    free(desk->body);
    desk->body = malloc(body.len != 0 ? body.len : 1);
    assert_non_null(desk->body);
    memcpy(desk->body, body.ptr, body.len);
    return (struct pf_sv){.ptr = desk->body, .len = body.len};
}

enum pf_admission_status desk_post(struct desk *desk, struct pf_sv body)
{
    pf_arena_reset(&desk->arena);
    pf_buf_reset(&desk->response);
    return pf_admission_review(desk->admission, keep(desk, body), &desk->arena, &desk->response,
                               &desk->decision);
}

const char *desk_text(const struct desk *desk)
{
    return desk->response.data != NULL ? desk->response.data : "";
}

uint32_t desk_held(struct desk *desk)
{
    pf_model_lock(desk->model);
    const uint32_t held = pf_model_stats(desk->model).reservations;
    pf_model_unlock(desk->model);
    return held;
}

void desk_check(struct desk *desk)
{
    struct pf_err err = {0};
    pf_model_lock(desk->model);
    const enum pf_code code = pf_model_check(desk->model, &err);
    pf_model_unlock(desk->model);
    if (code != PF_OK) {
        fail_msg("model check: %s", err.text);
    }
}

char *desk_read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return NULL;
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    text[size] = '\0';
    (void)fclose(file);
    if (ret_len != NULL) {
        *ret_len = (size_t)size;
    }
    return text;
}

char *desk_quoted(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = strchr(copy, '\''); at != NULL; at = strchr(at, '\'')) {
        *at = '"';
    }
    return copy;
}

char *desk_create(const char *uid, const char *namespace_, const char *pod)
{
    static const char form[] =
        "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'%s',"
        "'kind':{'group':'','version':'v1','kind':'Pod'},"
        "'resource':{'group':'','version':'v1','resource':'pods'},"
        "'namespace':'%s','operation':'CREATE','userInfo':{'username':'tester'},"
        "'object':%s,'oldObject':null,'dryRun':false}}\n";
    const size_t size = sizeof(form) + strlen(uid) + strlen(namespace_) + strlen(pod);
    char *text = malloc(size);
    assert_non_null(text);
    (void)snprintf(text, size, form, uid, namespace_, pod); /* NOLINT: the form is a constant */
    char *quoted = desk_quoted(text);
    free(text);
    return quoted;
}

/* Nanoseconds and GB/s of the json module; prints a table, is no test. Usage: bench_json [REVIEW.json] */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <podfit/cursor.h>
#include <podfit/patch.h>
#include <podfit/wire.h>
#include <podfit/write.h>

#define SAMPLES 15

static double now_ns(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef bool work_fn(struct pf_sv text, struct pf_arena *arena);

static bool skip_all(struct pf_sv text, struct pf_arena *arena PF_UNUSED)
{
    struct pf_cursor c;
    pf_cursor_init(&c, text);
    return pf_cursor_end(&c);
}

static void read_pod(struct pf_cursor *c, struct pf_arena *arena, struct pf_sv *name)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("metadata"), PF_SV_INIT("spec")};
    static const struct pf_sv meta[] = {PF_SV_INIT("name"), PF_SV_INIT("namespace")};
    static const struct pf_sv spec[] = {PF_SV_INIT("containers"), PF_SV_INIT("nodeName")};
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_cursor_enter_object(c);
    while (pf_cursor_next_field(c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        uint64_t inner = 0;
        size_t member = 0;
        const struct pf_sv *table = field == 0 ? meta : spec;
        (void)pf_cursor_enter_object(c);
        while (pf_cursor_next_field(c, table, 2, &inner, &member)) {
            if (field == 0) {
                (void)pf_cursor_string(c, arena, name);
            }
        }
    }
}

/* what a decoder does: envelope, name of the pod, the rest skipped */
static bool walk_review(struct pf_sv text, struct pf_arena *arena)
{
    static const struct pf_sv keys[] = {PF_SV_INIT("request")};
    static const struct pf_sv fields[] = {PF_SV_INIT("uid"), PF_SV_INIT("namespace"),
                                          PF_SV_INIT("object")};
    struct pf_cursor c;
    struct pf_sv out = {0};
    uint64_t seen = 0;
    uint64_t inner = 0;
    size_t field = 0;
    pf_cursor_init(&c, text);
    (void)pf_cursor_enter_object(&c);
    while (pf_cursor_next_field(&c, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        (void)pf_cursor_enter_object(&c);
        while (pf_cursor_next_field(&c, fields, PF_ARRAY_LEN(fields), &inner, &field)) {
            if (field == 2) {
                read_pod(&c, arena, &out);
            } else {
                (void)pf_cursor_string(&c, arena, &out);
            }
        }
    }
    return pf_cursor_end(&c);
}

static bool build_tree(struct pf_sv text, struct pf_arena *arena)
{
    const struct cJSON *tree = NULL;
    return pf_wire_parse(text, arena, &tree, NULL) == PF_OK;
}

static double least_ns(work_fn *work, struct pf_sv text)
{
    struct pf_arena arena;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    const size_t work_bytes = (size_t)20 * 1000 * 1000;
    const int rounds = (int)(work_bytes / (text.len + 1000)) + 1;
    double best = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
        const double start = now_ns();
        for (int i = 0; i < rounds; i++) {
            pf_arena_reset(&arena);
            if (!work(text, &arena)) {
                puts("failed");
                abort();
            }
        }
        const double each = (now_ns() - start) / rounds;
        best = sample == 0 || each < best ? each : best;
    }
    pf_arena_done(&arena);
    return best;
}

static void print_line(const char *what, double ns, size_t bytes)
{
    printf("%-34s %9zu bytes %12.0f ns %7.2f GB/s\n", what, bytes, ns, (double)bytes / ns);
}

/* JSON like the skipped parts of a pod */
static void make_typical(struct pf_buf *buf)
{
    pf_buf_append_char(buf, '[');
    for (int i = 0; i < 400; i++) {
        pf_buf_printf(buf,
                      "%s{\"name\":\"VARIABLE_%d\",\"value\":\"some value of an environment "
                      "variable\"},{\"mountPath\":\"/var/lib/data-%d\",\"name\":\"data\","
                      "\"readOnly\":true},{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}},"
                      "\"f:spec\":{\"k:{\\\"name\\\":\\\"main\\\"}\":{\".\":{},\"f:image\":{}}}},"
                      "\"port\":%d}",
                      i != 0 ? "," : "", i, i, 8000 + i);
    }
    pf_buf_append_char(buf, ']');
}

static void make_long_strings(struct pf_buf *buf)
{
    static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ+";
    pf_buf_append_char(buf, '[');
    for (int i = 0; i < 16; i++) {
        pf_buf_append_cstr(buf, i != 0 ? ",\"" : "\"");
        for (int k = 0; k < 64; k++) {
            pf_buf_append_cstr(buf, line);
        }
        pf_buf_append_char(buf, '"');
    }
    pf_buf_append_char(buf, ']');
}

static bool read_file(const char *path, struct pf_buf *buf)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    char block[4096];
    size_t got = fread(block, 1, sizeof(block), file);
    while (got != 0) {
        pf_buf_append(buf, block, got);
        got = fread(block, 1, sizeof(block), file);
    }
    (void)fclose(file);
    return buf->len != 0;
}

static bool write_patch(struct pf_sv text PF_UNUSED, struct pf_arena *arena PF_UNUSED)
{
    static char storage[8192];
    static const struct pf_sv path[] = {PF_SV_INIT("metadata"), PF_SV_INIT("annotations"),
                                        PF_SV_INIT("podfit.io/requests")};
    struct pf_buf buf;
    struct pf_patch patch;
    pf_buf_init(&buf, sizeof(storage));
    pf_patch_begin(&patch, &buf);
    for (int i = 0; i < 10; i++) {
        pf_patch_add(&patch, path, PF_ARRAY_LEN(path), PF_SV("\"250m\""));
    }
    pf_patch_end(&patch);
    const bool done = buf.failed == PF_OK && buf.len < sizeof(storage);
    pf_buf_done(&buf);
    return done;
}

int main(int argc, char **argv)
{
    pf_autobuf struct pf_buf review = {0};
    pf_autobuf struct pf_buf typical = {0};
    pf_autobuf struct pf_buf longs = {0};
    pf_buf_init(&review, PF_REVIEW_MAX_BYTES);
    pf_buf_init(&typical, PF_REVIEW_MAX_BYTES);
    pf_buf_init(&longs, PF_REVIEW_MAX_BYTES);
    const char *path =
        argc > 1 ? argv[1] : PF_SOURCE_DIR "/fuzz/corpus/json/review-jupyterhub-user.json";
    if (!read_file(path, &review)) {
        return 1;
    }
    make_typical(&typical);
    make_long_strings(&longs);
    const double walk = least_ns(walk_review, pf_buf_view(&review));
    const double tree = least_ns(build_tree, pf_buf_view(&review));
    print_line("review: skip", least_ns(skip_all, pf_buf_view(&review)), review.len);
    print_line("review: walk and skip", walk, review.len);
    print_line("review: cJSON tree, checked", tree, review.len);
    printf("%-34s %9.1f\n", "ratio tree / walk", tree / walk);
    print_line("typical JSON: skip", least_ns(skip_all, pf_buf_view(&typical)), typical.len);
    print_line("long strings: skip", least_ns(skip_all, pf_buf_view(&longs)), longs.len);
    printf("%-34s %28.0f ns\n", "patch of 10 operations", least_ns(write_patch, (struct pf_sv){0}));
    return 0;
}

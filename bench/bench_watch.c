/*
 * List and watch without the network: the readers alone, and with pods decoded into the model, in the pieces that libcurl hands out (16 KiB). CPU time of the best
 * round, so that others may use the machine, too.
 *
 * bench_watch [PODS]
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "objects.h"
#include <podfit/limits.h>
#include <podfit/model.h>
#include <podfit/pod.h>
#include <podfit/watch_stream.h>

#define ROUNDS      7
#define PIECE_BYTES ((size_t)16 * 1024)
#define NODES       100

static double cpu_seconds(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Where objects end: counted, or in a model. */
struct target {
    struct pf_model *model; /* NULL: only counted */
    struct pf_arena arena;
    unsigned objects;
};

static bool take(struct target *target, struct pf_sv object)
{
    struct pf_pod pod = {.phase = PF_PHASE_PENDING};
    target->objects++;
    if (target->model == NULL) {
        return true;
    }
    pf_arena_reset(&target->arena);
    if (pf_pod_decode(object, &target->arena, &pod, NULL) != PF_OK) {
        return false;
    }
    pf_model_lock(target->model);
    const enum pf_code code = pf_model_apply_pod(target->model, &pod, NULL);
    pf_model_unlock(target->model);
    return code == PF_OK;
}

static bool on_item(void *ctx, struct pf_sv item)
{
    return take(ctx, item);
}

static bool on_event(void *ctx, const struct pf_watch_event *event)
{
    return event->resource_version.len != 0 && take(ctx, event->object);
}

static struct pf_sv piece(const struct pf_buf *text, size_t at)
{
    const size_t left = text->len - at;
    return (struct pf_sv){.ptr = text->data + at, .len = left < PIECE_BYTES ? left : PIECE_BYTES};
}

static bool read_list(const struct pf_buf *text, struct target *target)
{
    struct pf_list_stream *stream = NULL;
    enum pf_code code = pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_item, target, &stream);
    for (size_t at = 0; code == PF_OK && at < text->len; at += PIECE_BYTES) {
        code = pf_list_stream_feed(stream, piece(text, at), NULL);
    }
    if (code == PF_OK) {
        code = pf_list_stream_end(stream, NULL);
    }
    pf_list_stream_free(stream);
    return code == PF_OK;
}

static bool read_watch(const struct pf_buf *text, struct target *target)
{
    struct pf_watch_stream stream;
    enum pf_code code = PF_OK;
    pf_watch_stream_init(&stream, PF_OBJECT_MAX_BYTES, on_event, target);
    for (size_t at = 0; code == PF_OK && at < text->len; at += PIECE_BYTES) {
        code = pf_watch_stream_feed(&stream, piece(text, at), NULL);
    }
    pf_watch_stream_done(&stream);
    return code == PF_OK;
}

typedef bool read_fn(const struct pf_buf *text, struct target *target);

/* CPU seconds of the best round; below 0: it failed */
static double least(read_fn *read, const struct pf_buf *text, struct pf_model *model,
                    unsigned objects)
{
    double best = -1;
    for (int round = 0; round < ROUNDS; round++) {
        struct target target = {.model = model};
        pf_arena_init(&target.arena, PF_REVIEW_ARENA_MAX_BYTES);
        const double start = cpu_seconds();
        const bool done = read(text, &target) && target.objects == objects;
        const double took = cpu_seconds() - start;
        pf_arena_done(&target.arena);
        if (!done) {
            return -1;
        }
        best = best < 0 || took < best ? took : best;
    }
    return best;
}

static bool print_line(const char *what, double seconds, size_t bytes, unsigned objects)
{
    if (seconds < 0) {
        (void)fprintf(stderr, "%s failed\n", what);
        return false;
    }
    printf("%-28s %7.0f MB/s  %9.0f objects/s  %6.2f us an object\n", what,
           (double)bytes / 1e6 / seconds, objects / seconds, seconds * 1e6 / objects);
    return true;
}

static void make_texts(struct pf_buf *list, struct pf_buf *watch, unsigned pods)
{
    struct objects objects;
    objects_init(&objects, NODES);
    pf_buf_append_cstr(list, "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{"
                             "\"resourceVersion\":\"1\"},\"items\":[");
    for (unsigned i = 0; i < pods; i++) {
        pf_buf_append_cstr(list, i != 0 ? "," : "");
        objects_append_pod(list, &objects, i, 1);
        pf_buf_append_cstr(watch, "{\"type\":\"MODIFIED\",\"object\":");
        objects_append_pod(watch, &objects, i, i + 2);
        pf_buf_append_cstr(watch, "}\n");
    }
    pf_buf_append_cstr(list, "]}\n");
    objects_done(&objects);
}

int main(int argc, char **argv)
{
    int64_t pods = 2000;
    if (argc > 1 && (!pf_sv_to_i64(pf_sv_from(argv[1]), &pods) || pods < 1 || pods > 20000)) {
        (void)fprintf(stderr, "bench_watch: PODS is 1 to 20000, not '%s'\n", argv[1]);
        return 2;
    }
    const struct pf_model_options options = {.features =
                                                 pf_kube_features_default(PF_KUBE_MINOR_NEWEST)};
    struct pf_model *model = NULL;
    pf_autobuf struct pf_buf list = {0};
    pf_autobuf struct pf_buf watch = {0};
    const unsigned count = (unsigned)pods;
    pf_buf_init(&list, (size_t)512 << 20);
    pf_buf_init(&watch, (size_t)512 << 20);
    make_texts(&list, &watch, count);
    if (list.failed != PF_OK || watch.failed != PF_OK ||
        pf_model_new(&options, &model, NULL) != PF_OK) {
        return 1;
    }
    const bool done =
        print_line("list, reader alone", least(read_list, &list, NULL, count), list.len, count) &&
        print_line("watch, reader alone", least(read_watch, &watch, NULL, count), watch.len,
                   count) &&
        print_line("list into the model", least(read_list, &list, model, count), list.len, count) &&
        print_line("watch into the model", least(read_watch, &watch, model, count), watch.len,
                   count);
    pf_model_free(model);
    return done ? 0 : 1;
}

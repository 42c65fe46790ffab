/*
 * The review without socket and TLS: bytes to bytes, for profilers and for telling podfit's own time from that of the network.
 *
 * bench_admission CONFIG SNAPSHOT BODIES [COUNT]: BODIES has one review a line, as bench/run.py writes them. Prints nanoseconds a review.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <podfit/admission.h>
#include <podfit/limits.h>
#include <podfit/snapshot.h>

#define BODIES_MAX     64
#define FILE_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define COUNT          200000
#define WARM_UP        20000
#define UID_DIGITS     2 /* 100 different reviews of each body */

struct body {
    struct pf_sv text;
    char *uid_end;
};

struct bench {
    struct pf_admission *admission;
    struct pf_arena arena;
    struct pf_buf response;
    struct body bodies[BODIES_MAX];
    size_t body_count;
};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    char *text = calloc(FILE_MAX_BYTES, 1);
    if (file == NULL || text == NULL || fread(text, 1, FILE_MAX_BYTES - 1, file) == 0) {
        perror(path);
        exit(1); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    (void)fclose(file);
    return text;
}

static void split(struct bench *bench, char *text)
{
    for (char *end = strchr(text, '\n'); end != NULL && bench->body_count < BODIES_MAX;
         text = end + 1, end = strchr(text, '\n')) {
        char *uid = strstr(text, "\"uid\":\"");
        if (uid != NULL && uid < end) {
            bench->bodies[bench->body_count++] = (struct body){
                .text = {.ptr = text, .len = (size_t)(end - text)},
                .uid_end = strchr(uid + strlen("\"uid\":\""), '"'),
            };
        }
    }
}

static bool prepare(struct bench *bench, char **argv)
{
    struct pf_arena arena;
    struct pf_problems problems;
    struct pf_config *config = NULL;
    struct pf_model *model = NULL;
    struct pf_snapshot_stats stats = {0};
    struct pf_err err = {0};
    pf_autofree char *yaml = read_file(argv[1]);
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_problems_init(&problems, &arena, argv[1]);
    if (pf_config_parse(pf_sv_from(yaml), argv[1], &problems, &config) != PF_OK) {
        return false;
    }
    pf_arena_done(&arena);
    const struct pf_model_options options = {.features = config->fit.features,
                                             .clock = pf_clock_system(),
                                             .reservation_ttl_ms = config->reservation_ttl_ms,
                                             .reservations_max = PF_RESERVATIONS_MAX};
    const struct pf_model_origin origin = {.synced = true};
    if (pf_model_new(&options, &model, &err) != PF_OK ||
        pf_snapshot_load(model, argv[2], &stats, &err) != PF_OK ||
        pf_admission_new(model, config, &bench->admission, &err) != PF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    pf_model_set_origin(model, &origin);
    split(bench, read_file(argv[3]));
    pf_arena_init(&bench->arena, PF_REVIEW_ARENA_MAX_BYTES);
    pf_buf_init(&bench->response, PF_RESPONSE_MAX_BYTES);
    return bench->body_count != 0;
}

static bool run(struct bench *bench, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct body *body = &bench->bodies[i % bench->body_count];
        size_t number = i / bench->body_count;
        for (int digit = 1; digit <= UID_DIGITS; digit++, number /= 10) {
            body->uid_end[-digit] = (char)('0' + number % 10);
        }
        pf_arena_reset(&bench->arena);
        pf_buf_reset(&bench->response);
        if (pf_admission_review(bench->admission, body->text, &bench->arena, &bench->response,
                                NULL) != PF_ADMISSION_OK) {
            (void)fprintf(stderr, "%s", bench->response.data);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    int64_t count = COUNT;
    if (argc < 4 || (argc > 4 && !pf_sv_to_i64(pf_sv_from(argv[4]), &count)) ||
        !prepare(&bench, argv) || !run(&bench, count < WARM_UP ? (size_t)count : WARM_UP)) {
        (void)fprintf(stderr, "usage: bench_admission CONFIG SNAPSHOT BODIES [COUNT]\n");
        return 2;
    }
    struct timespec start;
    struct timespec end;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    const bool good = run(&bench, (size_t)count);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    printf("%.0f ns a review\n",
           ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
               (double)count);
    return good ? 0 : 1;
}

#include "score.h"
#include <podfit/images.h>
#include <podfit/limits.h>

/* Source: pkg/scheduler/framework/plugins/imagelocality/image_locality.go. */

#define MIB ((int64_t)1024 * 1024)
/* A pod whose images on a node come to less gets nothing for them. */
#define LEAST_BYTES (23 * MIB)
/* More a container does not count. */
#define MOST_BYTES_EACH (1000 * MIB)

/* normalizedImageName: without a tag it is the latest. @return false: no memory */
static bool full_name(struct pf_sv image, struct pf_arena *arena, struct pf_sv *ret_name)
{
    for (size_t i = image.len; i != 0; i--) {
        if (image.ptr[i - 1] == ':') {
            *ret_name = image;
            return true;
        }
        if (image.ptr[i - 1] == '/') {
            break;
        }
    }
    const char *name = pf_arena_printf(arena, "%.*s:latest", PF_SV_ARG(image));
    *ret_name = name != NULL ? pf_sv_from(name) : (struct pf_sv){0};
    return name != NULL;
}

static uint64_t nodes_with(const struct pf_model *model, struct pf_sv name)
{
    uint64_t nodes = 0;
    for (const struct pf_image *image = pf_model_image_next(model, name, NULL); image != NULL;
         image = pf_model_image_next(model, name, image)) {
        nodes += pf_image_nodes(image);
    }
    return nodes;
}

/* scaledImageScore: the rarer an image is, the less it counts, so that pods do not crowd where it is. */
static int64_t scaled(const struct pf_image *image, uint64_t nodes, uint32_t all)
{
    const double bytes = (double)pf_image_size(image) * ((double)nodes / (double)all);
    return bytes < (double)(INT64_MAX / 2) ? (int64_t)bytes : INT64_MAX / 2;
}

/** Sums by slot. */
struct sums {
    int64_t *bytes;
    int64_t add;
};

static void add_slot(void *opaque, uint32_t slot)
{
    struct sums *sums = opaque;
    int64_t *bytes = &sums->bytes[slot];
    if (__builtin_add_overflow(*bytes, sums->add, bytes)) {
        *bytes = INT64_MAX;
    }
}

static bool add_image(const struct pf_score_input *in, struct pf_sv container, struct sums *sums)
{
    const struct pf_model *model = in->input->model;
    struct pf_sv name = {0};
    if (!full_name(container, in->arena, &name)) {
        return false;
    }
    const uint64_t nodes = nodes_with(model, name);
    for (const struct pf_image *image = pf_model_image_next(model, name, NULL); image != NULL;
         image = pf_model_image_next(model, name, image)) {
        sums->add = scaled(image, nodes, in->input->columns->nodes);
        pf_image_each(image, add_slot, sums);
    }
    return true;
}

static int64_t score_of(int64_t bytes, int64_t most)
{
    const int64_t over = bytes < LEAST_BYTES ? LEAST_BYTES : bytes;
    return PF_SCORE_MAX * ((over > most ? most : over) - LEAST_BYTES) / (most - LEAST_BYTES);
}

/* Not when no node has an image of the pod, nor when every node has one alike of them all. */
static bool matters(const struct pf_filter_input *input)
{
    const struct pf_pod *pod = input->question->pod;
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    uint64_t entries = 0;
    bool differs = false;
    for (size_t i = 0; i < pod->container_count; i++) {
        struct pf_sv name = {0};
        if (!full_name(pod->containers[i].image, &arena, &name)) {
            return true; /* and run will say that there is no memory */
        }
        const struct pf_image *first = pf_model_image_next(input->model, name, NULL);
        if (first != NULL) {
            entries++;
            differs = differs || pf_image_nodes(first) != input->columns->nodes;
        }
    }
    return differs && !pf_score_is_too_much(input, entries);
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    const struct pf_pod *pod = in->input->question->pod;
    *ret_skipped = false;
    struct sums sums = {
        .bytes = pf_arena_calloc(in->arena, in->input->columns->count, sizeof(*sums.bytes))};
    if (sums.bytes == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < pod->container_count; i++) {
        if (!add_image(in, pod->containers[i].image, &sums)) {
            return PF_E_NO_MEMORY;
        }
    }
    const int64_t most = (int64_t)pod->container_count * MOST_BYTES_EACH;
    for (uint32_t i = 0; i < in->count && most != 0; i++) {
        scores[i] = score_of(sums.bytes[in->slots[i]], most);
    }
    return PF_OK;
}

const struct pf_scorer pf_image_locality_scorer = {
    .name = "ImageLocality",
    .matters = matters,
    .run = run,
};

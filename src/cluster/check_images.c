#include "cluster_internal.h"
#include <podfit/images.h>

/** Images counted anew. */
struct recount {
    const struct pf_model *model;
    uint32_t *images; /* by slot */
    bool good;
};

static void count_slot(void *opaque, uint32_t slot)
{
    struct recount *recount = opaque;
    const struct pf_model *model = recount->model;
    if (slot >= model->columns.count || model->columns.shape[slot] == PF_SHAPE_NONE) {
        recount->good = false;
        return;
    }
    recount->images[slot]++;
}

/* Is the image found by each of its names, and once? */
static bool is_linked(const struct pf_model *model, const struct pf_image *image)
{
    for (uint32_t i = 0; i < image->name_count; i++) {
        const struct pf_sv name = pf_intern_text(&model->strings, image->names[i]);
        unsigned found = 0;
        for (const struct pf_image *other = pf_model_image_next(model, name, NULL); other != NULL;
             other = pf_model_image_next(model, name, other)) {
            found += other == image ? 1 : 0;
        }
        if (found != 1) {
            return false;
        }
    }
    return image->linked == image->name_count;
}

static const char *check_all(struct recount *recount, uint32_t *strings)
{
    const struct pf_model *model = recount->model;
    size_t count = 0;
    size_t bytes = 0;
    const struct pf_image *before = NULL;
    for (const struct pf_image *image = model->images.first; image != NULL; image = image->next) {
        count++;
        bytes += pf_image_cost(image);
        pf_image_each(image, count_slot, recount);
        if (image->prev != before || image->kept || image->nodes.count == 0 ||
            !is_linked(model, image)) {
            return "an image is out of place";
        }
        for (uint32_t i = 0; i < image->name_count; i++) {
            strings[image->names[i]]++;
        }
        before = image;
    }
    if (bytes != model->images.bytes) {
        return "bytes of images are miscounted";
    }
    return count == model->images.by_key.count && recount->good ? NULL : "images are miscounted";
}

enum pf_code pf_check_images(const struct pf_model *model, uint32_t *strings, struct pf_err *err)
{
    pf_autofree uint32_t *images = pf_mem_calloc(model->columns.count, sizeof(*images));
    if (images == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "no memory to check the model");
    }
    struct recount recount = {.model = model, .images = images, .good = true};
    const char *fault = check_all(&recount, strings);
    for (uint32_t slot = 0; fault == NULL && slot < model->columns.count; slot++) {
        fault = (images[slot] != 0) == (model->image_prints[slot] != 0)
                    ? NULL
                    : "images of a node are lost";
    }
    uint32_t soft = 0;
    for (uint32_t id = 0; id < model->shape_count; id++) {
        soft += model->shapes[id].view.soft_taint_count != 0 ? 1 : 0;
    }
    if (fault == NULL && soft != model->soft_taint_shapes) {
        fault = "shapes with soft taints are miscounted";
    }
    return fault == NULL ? PF_OK : pf_err_set(err, PF_E_INTERNAL, "%s", fault);
}

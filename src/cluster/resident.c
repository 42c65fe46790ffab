#include "cluster_internal.h"
#include <podfit/residents.h>

/* The list of a slot is a ring without a head: the first record's `before` is the last one. */
static void append(struct pf_residents *list, struct pf_record *record)
{
    record->after = NULL;
    if (list->first == NULL) {
        list->first = record;
        record->before = record;
        return;
    }
    record->before = list->first->before;
    record->before->after = record;
    list->first->before = record;
}

static void unlink_from(struct pf_residents *list, struct pf_record *record)
{
    struct pf_record *next = record->after != NULL ? record->after : list->first;
    if (list->first == record) {
        list->first = record->after;
    } else {
        record->before->after = record->after;
    }
    if (list->first != NULL) {
        next->before = record->before;
    }
    record->before = NULL;
    record->after = NULL;
}

static void note_priority(struct pf_lowest *lowest, int32_t priority)
{
    if (!lowest->known || priority > lowest->priority) {
        return;
    }
    lowest->pods = priority == lowest->priority ? lowest->pods + 1 : 1;
    lowest->priority = priority;
}

static void forget_priority(struct pf_lowest *lowest, int32_t priority)
{
    if (lowest->known && priority == lowest->priority) {
        lowest->pods--;
        lowest->known = lowest->pods != 0;
    }
}

void pf_resident_link(struct pf_model *model, struct pf_record *record)
{
    if (record->node == PF_NODE_NONE) {
        return;
    }
    struct pf_residents *list = &model->residents[record->node];
    append(list, record);
    if (record->state == PF_POD_BOUND) {
        list->lowest = record->priority < list->lowest ? record->priority : list->lowest;
        note_priority(&model->lowest, record->priority);
    } else if (record->nominated) {
        list->nominated++;
        model->nominated++;
        pf_slot_changed(model, record->node);
    }
}

void pf_resident_unlink(struct pf_model *model, struct pf_record *record)
{
    if (record->node == PF_NODE_NONE) {
        return;
    }
    struct pf_residents *list = &model->residents[record->node];
    unlink_from(list, record);
    if (record->state == PF_POD_BOUND) {
        forget_priority(&model->lowest, record->priority);
    } else if (record->nominated) {
        list->nominated--;
        model->nominated--;
        pf_slot_changed(model, record->node);
    }
    if (list->first == NULL) {
        list->lowest = INT32_MAX;
    }
}

static bool is_kind(const struct pf_record *record, enum pf_resident_kind kind)
{
    return kind == PF_RESIDENT_BOUND ? record->state == PF_POD_BOUND : record->nominated;
}

bool pf_model_residents_next(const struct pf_model *model, uint32_t slot,
                             enum pf_resident_kind kind, const void **cursor,
                             struct pf_resident *ret_resident)
{
    const struct pf_record *record =
        *cursor != NULL ? ((const struct pf_record *)*cursor)->after : model->residents[slot].first;
    while (record != NULL && !is_kind(record, kind)) {
        record = record->after;
    }
    if (record == NULL) {
        return false;
    }
    *cursor = record;
    *ret_resident = (struct pf_resident){
        .pod = record,
        .start_s = record->start_s == PF_RECORD_START_NONE ? PF_START_UNKNOWN : record->start_s,
        .uid_hash = record->uid_hash,
        .name = pf_record_name(record),
        .space = record->namespace_,
        .group = record->group,
        .priority = record->priority,
        .terminating = pf_model_group(model, record->group)->terminating != 0,
        .preempted = record->preempted,
    };
    return true;
}

uint32_t pf_model_nominated(const struct pf_model *model, uint32_t slot)
{
    return model->residents[slot].nominated;
}

uint32_t pf_model_nominated_total(const struct pf_model *model)
{
    return model->nominated;
}

int32_t pf_model_lowest_on(const struct pf_model *model, uint32_t slot)
{
    return model->residents[slot].lowest;
}

int32_t pf_model_lowest_priority(struct pf_model *model)
{
    struct pf_lowest *lowest = &model->lowest;
    if (!lowest->known) {
        *lowest = (struct pf_lowest){.priority = INT32_MAX, .known = true};
        for (size_t i = 0; i < model->pods.cap; i++) {
            const struct pf_record *record = model->pods.slots[i];
            if (record != NULL && record->state == PF_POD_BOUND) {
                note_priority(lowest, record->priority);
            }
        }
    }
    return lowest->priority;
}

bool pf_model_is_nominated(const struct pf_model *model, const struct pf_meta *meta)
{
    if (model->nominated == 0 || meta->uid.len == 0) {
        return false;
    }
    const uint32_t space = pf_intern_find(&model->strings, meta->namespace_);
    const struct pf_record *record =
        space != PF_INTERN_NONE ? pf_podset_find(&model->pods, space, meta->name) : NULL;
    return record != NULL && record->nominated &&
           record->uid_hash == pf_model_uid_hash(model, meta->uid);
}

uint64_t pf_model_uid_hash(const struct pf_model *model, struct pf_sv uid)
{
    const uint64_t hash = uid.len != 0 ? pf_sv_hash(uid, model->pods.seed) : 0;
    return uid.len != 0 && hash == 0 ? 1 : hash;
}

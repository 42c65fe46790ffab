#include "outcome_internal.h"
#include <podfit/mem.h>

static void unlink_from(struct pf_observed_list *list, struct pf_observed *item)
{
    if (item->older != NULL) {
        item->older->newer = item->newer;
    } else {
        list->oldest = item->newer;
    }
    if (item->newer != NULL) {
        item->newer->older = item->older;
    } else {
        list->newest = item->older;
    }
    list->count--;
}

static void drop_oldest(struct pf_observed_list *list)
{
    struct pf_observed *oldest = list->oldest;
    unlink_from(list, oldest);
    free(oldest);
}

void pf_observed_done(struct pf_observed_list *list)
{
    while (list->oldest != NULL) {
        drop_oldest(list);
    }
}

bool pf_observed_put(struct pf_observed_list *list, uint64_t key, enum pf_verdict verdict,
                     struct pf_sv said, int64_t now)
{
    struct pf_observed *item = pf_mem_calloc(1, sizeof(*item));
    if (item == NULL) {
        return false;
    }
    item->key = key;
    item->verdict = verdict;
    item->expires_ns = now + PF_OBSERVED_TTL_MS * PF_NS_PER_MS;
    const size_t len = said.len < sizeof(item->said) ? said.len : sizeof(item->said) - 1;
    if (len != 0) {
        memcpy(item->said, said.ptr, len);
    }
    while (list->count >= PF_OUTCOME_OBSERVED_MAX ||
           (list->oldest != NULL && list->oldest->expires_ns <= now)) {
        drop_oldest(list);
    }
    item->older = list->newest;
    if (list->newest != NULL) {
        list->newest->newer = item;
    } else {
        list->oldest = item;
    }
    list->newest = item;
    list->count++;
    return true;
}

struct pf_observed *pf_observed_take(struct pf_observed_list *list, uint64_t key, int64_t now)
{
    while (list->oldest != NULL && list->oldest->expires_ns <= now) {
        drop_oldest(list);
    }
    for (struct pf_observed *item = list->oldest; item != NULL; item = item->newer) {
        if (item->key == key) {
            unlink_from(list, item);
            return item;
        }
    }
    return NULL;
}

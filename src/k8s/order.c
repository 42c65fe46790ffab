#include "order.h"

/* lists of resources, labels and containers are this short as a rule, and sorted already */
#define INSERTION_MAX ((size_t)16)

static bool before(const struct pf_order_item *a, const struct pf_order_item *b)
{
    const int order = pf_sv_cmp(a->name, b->name);
    return order != 0 ? order < 0 : a->rank < b->rank;
}

static void swap(struct pf_order_item *a, struct pf_order_item *b)
{
    const struct pf_order_item kept = *a;
    *a = *b;
    *b = kept;
}

static void insertion_sort(struct pf_order_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = i; k > 0 && before(&items[k], &items[k - 1]); k--) {
            swap(&items[k], &items[k - 1]);
        }
    }
}

static void sift_down(struct pf_order_item *items, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && before(&items[child], &items[child + 1])) {
            child++;
        }
        if (!before(&items[root], &items[child])) {
            return;
        }
        swap(&items[root], &items[child]);
        root = child;
    }
}

static void heap_sort(struct pf_order_item *items, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift_down(items, i - 1, count);
    }
    for (size_t end = count; end > 1; end--) {
        swap(&items[0], &items[end - 1]);
        sift_down(items, 0, end - 1);
    }
}

static bool is_sorted(const struct pf_order_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (before(&items[i], &items[i - 1])) {
            return false;
        }
    }
    return true;
}

void pf_order_sort(struct pf_order_item *items, size_t count)
{
    if (count <= INSERTION_MAX) {
        insertion_sort(items, count);
    } else if (!is_sorted(items, count)) {
        heap_sort(items, count);
    }
}

bool pf_order_has_twice(const struct pf_order_item *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (pf_sv_eq(items[i].name, items[i - 1].name)) {
            return true;
        }
    }
    return false;
}

const struct pf_order_item *pf_order_find(const struct pf_order_item *items, size_t count,
                                          struct pf_sv name)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (pf_sv_cmp(items[middle].name, name) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && pf_sv_eq(items[low - 1].name, name) ? &items[low - 1] : NULL;
}

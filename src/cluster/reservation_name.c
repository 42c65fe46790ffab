#include <assert.h>

#include "cluster_internal.h"

/* Reservations of one generateName that are compared with a new pod; a later webhook may have changed what it asks for, then the newest has to do. */
#define COMPARED_MAX 16
/* Namespace, '/' and name: what the API server takes is at most 63 + 1 + 253. */
#define KEY_MAX_BYTES 640

size_t pf_reservation_name_bytes(const struct pf_reservation_spec *spec)
{
    return spec->pod_name.len != 0 ? spec->namespace_.len + 1 + spec->pod_name.len : 0;
}

struct pf_sv pf_reservation_name_write(const struct pf_reservation_spec *spec, char *text)
{
    return spec->pod_name.len != 0 ? pf_key_join(spec->namespace_, spec->pod_name, text)
                                   : (struct pf_sv){0};
}

static struct pf_reservation *find(const struct pf_reservation_list *list, struct pf_sv space,
                                   struct pf_sv name)
{
    char text[KEY_MAX_BYTES];
    uint64_t found = 0;
    if (name.len == 0 || space.len >= sizeof(text) || name.len >= sizeof(text) - space.len) {
        return NULL;
    }
    return pf_map_get(&list->by_pod, pf_key_join(space, name, text), &found)
               ? (struct pf_reservation *)(uintptr_t)found
               : NULL;
}

bool pf_reservation_name_link(struct pf_reservation_list *list, struct pf_reservation *reservation)
{
    uint64_t found = 0;
    reservation->newer_same = NULL;
    reservation->older_same = NULL;
    if (reservation->pod_key.len == 0) {
        return true;
    }
    struct pf_reservation *older = pf_map_get(&list->by_pod, reservation->pod_key, &found)
                                       ? (struct pf_reservation *)(uintptr_t)found
                                       : NULL;
    if (older != NULL) {
        (void)pf_map_remove(&list->by_pod, older->pod_key); /* the table borrows the key */
    }
    if (!pf_map_put(&list->by_pod, reservation->pod_key, (uintptr_t)reservation)) {
        return false; /* only without an older one: a place was made free right before */
    }
    reservation->older_same = older;
    if (older != NULL) {
        older->newer_same = reservation;
    }
    return true;
}

void pf_reservation_name_unlink(struct pf_reservation_list *list,
                                struct pf_reservation *reservation)
{
    struct pf_reservation *older = reservation->older_same;
    if (reservation->pod_key.len == 0) {
        return;
    }
    if (older != NULL) {
        older->newer_same = reservation->newer_same;
    }
    if (reservation->newer_same != NULL) {
        reservation->newer_same->older_same = older;
        return;
    }
    (void)pf_map_remove(&list->by_pod, reservation->pod_key);
    if (older != NULL) {
        const bool put = pf_map_put(&list->by_pod, older->pod_key, (uintptr_t)older);
        assert(put); /* a place was made free right before */
        (void)put;
    }
}

/* The newest, because who never comes then runs out in its time however many others come. */
struct pf_reservation *pf_reservation_of_pod(const struct pf_model *model, const struct pf_pod *pod,
                                             const struct pf_demand *demand)
{
    const struct pf_meta *meta = &pod->meta;
    const struct pf_reservation_list *list = &model->reservations;
    struct pf_reservation *newest = find(list, meta->namespace_, meta->name);
    if (newest == NULL) {
        newest = find(list, meta->namespace_, meta->generate_name);
    }
    struct pf_reservation *at = newest;
    for (unsigned i = 0; at != NULL && i < COMPARED_MAX; i++) {
        if (at->hold.demand == demand) {
            return at;
        }
        at = at->older_same;
    }
    return newest;
}

bool pf_reservation_drop_named(struct pf_model *model, struct pf_sv space, struct pf_sv name)
{
    struct pf_reservation *found = find(&model->reservations, space, name);
    if (found != NULL) {
        pf_reservation_release(model, found);
    }
    return found != NULL;
}

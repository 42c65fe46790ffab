#include "pod_parts.h"
#include <podfit/review.h>

static void decode_resource(struct pf_decode *d, struct pf_review *review)
{
    enum { GROUP, VERSION, RESOURCE };
    static const struct pf_sv keys[] = {
        [GROUP] = PF_SV_INIT("group"),
        [VERSION] = PF_SV_INIT("version"),
        [RESOURCE] = PF_SV_INIT("resource"),
    };
    struct pf_sv *const texts[] = {
        [GROUP] = &review->group,
        [VERSION] = &review->version,
        [RESOURCE] = &review->resource,
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        pf_decode_string(d, texts[field]);
    }
}

/* the one text podfit reads of an object such as userInfo */
static void decode_member(struct pf_decode *d, struct pf_sv key, struct pf_sv *ret_text)
{
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, &key, 1, &seen, &field)) {
        pf_decode_string(d, ret_text);
    }
}

static void decode_object(struct pf_decode *d, struct pf_sv *ret_bytes)
{
    if (pf_decode_is_set(d)) {
        (void)pf_cursor_span(&d->cursor, ret_bytes);
    }
}

/* Will the object be read? The API server writes resource and operation before it; when another writer does not, it is decoded later. */
static bool wants_pod(const struct pf_review *review)
{
    return review->group.len == 0 && pf_sv_eq(review->resource, PF_SV("pods")) &&
           (pf_sv_eq(review->operation, PF_SV("CREATE")) ||
            pf_sv_eq(review->subresource, PF_SV("resize")));
}

/* One walk over the bytes: the pod is decoded where it stands. */
static void decode_pod(struct pf_decode *d, struct pf_review *review)
{
    if (!pf_decode_is_set(d)) {
        return;
    }
    struct pf_pod *pod = pf_arena_alloc(d->arena, sizeof(*pod));
    if (pod == NULL) {
        (void)pf_cursor_fail(&d->cursor, PF_E_NO_MEMORY, "out of memory");
        return;
    }
    const char *const start = d->cursor.at;
    if (pf_decode_enter_object(d)) {
        pf_decode_rebase(d);
        pf_pod_decode_at(d, pod);
        review->object =
            pf_sv_trim((struct pf_sv){.ptr = start, .len = (size_t)(d->cursor.at - start)});
        review->pod = pod;
    }
}

static void decode_dry_run(struct pf_decode *d, enum pf_dry_run *ret_dry_run)
{
    bool on = false;
    if (pf_decode_is_set(d)) {
        pf_decode_bool(d, &on);
        *ret_dry_run = on ? PF_DRY_RUN_TRUE : PF_DRY_RUN_FALSE;
    }
}

static void decode_request(struct pf_decode *d, struct pf_review *review)
{
    enum { UID, SUBRESOURCE, OPERATION, NAMESPACE, NAME, TEXTS };
    enum { KIND = TEXTS, RESOURCE, USER, DRY_RUN, OBJECT, OLD_OBJECT };
    static const struct pf_sv keys[] = {
        [UID] = PF_SV_INIT("uid"),
        [SUBRESOURCE] = PF_SV_INIT("subResource"),
        [OPERATION] = PF_SV_INIT("operation"),
        [NAMESPACE] = PF_SV_INIT("namespace"),
        [NAME] = PF_SV_INIT("name"),
        [KIND] = PF_SV_INIT("kind"),
        [RESOURCE] = PF_SV_INIT("resource"),
        [USER] = PF_SV_INIT("userInfo"),
        [DRY_RUN] = PF_SV_INIT("dryRun"),
        [OBJECT] = PF_SV_INIT("object"),
        [OLD_OBJECT] = PF_SV_INIT("oldObject"),
    };
    struct pf_sv *const texts[TEXTS] = {
        [UID] = &review->uid,
        [SUBRESOURCE] = &review->subresource,
        [OPERATION] = &review->operation,
        [NAMESPACE] = &review->namespace_,
        [NAME] = &review->name,
    };
    uint64_t seen = 0;
    size_t field = 0;
    (void)pf_decode_enter_object(d);
    while (pf_decode_next_field(d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        switch (field) {
        case KIND:
            decode_member(d, PF_SV("kind"), &review->kind);
            break;
        case RESOURCE:
            decode_resource(d, review);
            break;
        case USER:
            decode_member(d, PF_SV("username"), &review->user);
            break;
        case DRY_RUN:
            decode_dry_run(d, &review->dry_run);
            break;
        case OBJECT:
            if (wants_pod(review)) {
                decode_pod(d, review);
            } else {
                decode_object(d, &review->object);
            }
            break;
        case OLD_OBJECT:
            decode_object(d, &review->old_object);
            break;
        default:
            pf_decode_string(d, texts[field]);
            break;
        }
    }
}

enum pf_code pf_review_decode(struct pf_sv body, struct pf_arena *arena,
                              struct pf_review *ret_review, struct pf_err *err)
{
    enum { API_VERSION, KIND, REQUEST };
    static const struct pf_sv keys[] = {
        [API_VERSION] = PF_SV_INIT("apiVersion"),
        [KIND] = PF_SV_INIT("kind"),
        [REQUEST] = PF_SV_INIT("request"),
    };
    struct pf_decode d;
    struct pf_review review = {0};
    struct pf_sv api_version = {0};
    struct pf_sv kind = {0};
    bool request = false;
    uint64_t seen = 0;
    size_t field = 0;
    pf_decode_init(&d, body, arena);
    pf_decode_enter_root(&d);
    while (pf_decode_next_field(&d, keys, PF_ARRAY_LEN(keys), &seen, &field)) {
        if (field == REQUEST) {
            request = pf_decode_is_set(&d);
            decode_request(&d, &review);
        } else {
            pf_decode_string(&d, field == KIND ? &kind : &api_version);
        }
    }
    const enum pf_code code = pf_decode_finish(&d, err);
    if (code != PF_OK) {
        return code;
    }
    if (!pf_sv_eq(api_version, PF_SV("admission.k8s.io/v1")) ||
        !pf_sv_eq(kind, PF_SV("AdmissionReview"))) {
        return pf_err_set(err, PF_E_UNSUPPORTED,
                          "only kind 'AdmissionReview' of 'admission.k8s.io/v1' is understood");
    }
    if (!request) {
        return pf_err_set(err, PF_E_INVALID, "request: is missing");
    }
    if (review.uid.len == 0) {
        return pf_err_set(err, PF_E_INVALID, "request.uid: is missing");
    }
    *ret_review = review;
    return PF_OK;
}

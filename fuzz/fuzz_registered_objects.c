#include <stdlib.h>

#include <podfit/registered_objects.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct pf_certset *a, const struct pf_certset *b)
{
    bool same = true;
    for (unsigned i = 0; i < PF_CERTSET_PARTS; i++) {
        const enum pf_certset_part part = (enum pf_certset_part)i;
        same = same && pf_sv_eq(pf_certset_view(a, part), pf_certset_view(b, part));
    }
    return same;
}

/* What was read is written so that it is read the same again. */
static void check_secret(struct pf_secret_object *object)
{
    pf_autobuf struct pf_buf body = {0};
    pf_buf_init(&body, (size_t)16 << 20);
    pf_secret_object_patch(&body, object->resource_version, &object->set);
    if (body.failed != PF_OK) {
        abort();
    }
    /* it gets a version of the API server */
    pf_autobuf struct pf_buf json = {0};
    pf_buf_init(&json, (size_t)16 << 20);
    pf_secret_object_create(&json, "space", "name", &object->set);
    const struct pf_sv text = pf_buf_view(&json);
    pf_autobuf struct pf_buf whole = {0};
    pf_buf_init(&whole, (size_t)16 << 20);
    static const char place[] = "\"metadata\":{";
    const size_t at = pf_sv_find(text, PF_SV("\"metadata\":{")) + sizeof(place) - 1;
    pf_buf_append(&whole, text.ptr, at);
    pf_buf_append_cstr(&whole, "\"resourceVersion\":\"1\",");
    pf_buf_append(&whole, text.ptr + at, text.len - at);
    pf_autosecretobject struct pf_secret_object again = {.rotate = PF_SECRET_ROTATE_NOTHING};
    if (pf_secret_object_decode(pf_buf_view(&whole), &again, NULL) != PF_OK ||
        !is_same(&again.set, &object->set)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    pf_autosecretobject struct pf_secret_object secret = {.rotate = PF_SECRET_ROTATE_NOTHING};
    if (pf_secret_object_decode(text, &secret, NULL) == PF_OK) {
        check_secret(&secret);
    }
    pf_autoarena struct pf_arena arena = {0};
    struct pf_hook_object hook = {.count = 0};
    pf_arena_init(&arena, (size_t)32 << 20);
    if (pf_hook_object_decode(text, &arena, &hook, NULL) == PF_OK) {
        pf_autobuf struct pf_buf body = {0};
        pf_buf_init(&body, (size_t)64 << 20);
        pf_hook_object_apply(&body, &hook, PF_SV("bundle"));
        struct pf_hook_object again = {.count = 0};
        if (pf_hook_object_decode(pf_buf_view(&body), &arena, &again, NULL) != PF_OK ||
            again.count != hook.count) {
            abort();
        }
    }
    return 0;
}

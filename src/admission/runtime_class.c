#include <podfit/decide.h>
#include <podfit/volumes.h>

/* Why the class cannot be applied, in the arena. @return PF_E_NO_MEMORY when that could not be written */
static enum pf_code tell(struct pf_arena *arena, const char *text, const char **ret_why)
{
    *ret_why = text != NULL ? text : pf_arena_printf(arena, "out of memory");
    return text != NULL ? PF_OK : PF_E_NO_MEMORY;
}

/* [locked] The class of that name, decoded from a copy that outlives the lock. */
static enum pf_code find(const struct pf_model *model, struct pf_sv name, struct pf_arena *arena,
                         struct pf_runtime_class *ret_class, const char **ret_why)
{
    const struct pf_runtime_class_text *kept = pf_model_runtime_class(model, name);
    struct pf_sv json = {0};
    struct pf_err err = {0};
    if (!pf_model_knows_kind(model, PF_KIND_RUNTIME_CLASS)) {
        return tell(arena,
                    pf_arena_printf(arena, "needs kind %s, of which the snapshot has no object",
                                    pf_kind_name(PF_KIND_RUNTIME_CLASS)),
                    ret_why);
    }
    if (kept == NULL) {
        return tell(arena,
                    pf_arena_printf(
                        arena, "the API server refuses the pod: RuntimeClass \"%.*s\" not found",
                        PF_SV_ARG(name)),
                    ret_why);
    }
    if (!pf_arena_dup_sv(arena, kept->json, &json)) {
        return PF_E_NO_MEMORY;
    }
    const enum pf_code code = pf_runtime_class_decode(json, arena, ret_class, &err);
    return code == PF_OK || code == PF_E_NO_MEMORY
               ? code
               : tell(arena, pf_arena_printf(arena, "RuntimeClass: %s", err.text), ret_why);
}

enum pf_code pf_decide_runtime_class(struct pf_model *model, struct pf_pod *pod,
                                     struct pf_arena *arena, const char **ret_why)
{
    struct pf_runtime_class class_ = {.toleration_count = 0};
    const char *why = NULL;
    struct pf_err err = {0};
    if (pod->runtime_class.len == 0 || pod->overhead.count != 0 || pod->node_name.len != 0) {
        return PF_OK;
    }
    pf_model_lock(model);
    enum pf_code code = find(model, pod->runtime_class, arena, &class_, &why);
    pf_model_unlock(model);
    if (code == PF_OK && why == NULL) {
        code = pf_runtime_class_apply(&class_, arena, pod, &err);
    }
    if (code == PF_E_INVALID) {
        code = tell(arena, pf_arena_printf(arena, "the API server refuses the pod: %s", err.text),
                    &why);
    }
    if (code == PF_OK && why != NULL) {
        *ret_why = why;
    }
    return code;
}

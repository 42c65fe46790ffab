#include <stdlib.h>

#include <podfit/config.h>
#include <podfit/limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pf_code parse(struct pf_sv yaml, struct pf_config **ret_config)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf text = {0};
    struct pf_problems problems;
    enum pf_code code = PF_OK;

    pf_arena_init(&arena, 1 << 20);
    pf_buf_init(&text, 1 << 20);
    pf_problems_init(&problems, &arena, "fuzz");
    code = pf_config_parse(yaml, "fuzz", &problems, ret_config);
    pf_problems_format(&problems, &text);
    if ((code == PF_OK) != (problems.total == 0) && code != PF_E_NO_MEMORY) {
        abort(); /* a refusal has a reason, and a reason refuses */
    }
    return code;
}

/** What is accepted prints as something that is accepted and means the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pf_autobuf struct pf_buf shown = {0};
    struct pf_config *first = NULL;
    struct pf_config *second = NULL;

    if (parse((struct pf_sv){.ptr = (const char *)data, .len = size}, &first) != PF_OK) {
        return 0;
    }
    pf_buf_init(&shown, PF_CONFIG_MAX_BYTES);
    pf_config_show(first, &shown);
    if (pf_buf_status(&shown, NULL) == PF_OK) {
        if (parse(pf_buf_view(&shown), &second) != PF_OK ||
            strcmp(first->digest, second->digest) != 0) {
            abort();
        }
    }
    pf_config_unref(second);
    pf_config_unref(first);
    return 0;
}

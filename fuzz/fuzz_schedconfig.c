#include <stdlib.h>

#include <podfit/config.h>
#include <podfit/limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum pf_code give(void *opaque, const char *path, struct pf_buf *buf, struct pf_err *err)
{
    (void)path;
    pf_buf_append_sv(buf, *(const struct pf_sv *)opaque);
    return pf_buf_status(buf, err);
}

/** The input is the scheduler's file; what is accepted makes at least one profile, each with a name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_autobuf struct pf_buf text = {0};
    struct pf_sv scheduler = {.ptr = (const char *)data, .len = size};
    const struct pf_config_source source = {
        .yaml = PF_SV("apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n"
                      "classes: [{name: a}]\nfit: {schedulerConfig: s}\n"),
        .name = "fuzz",
        .read = give,
        .opaque = &scheduler,
    };
    struct pf_problems problems;
    struct pf_config *config = NULL;

    pf_arena_init(&arena, 1 << 20);
    pf_buf_init(&text, 1 << 20);
    pf_problems_init(&problems, &arena, "fuzz");
    const enum pf_code code = pf_config_parse_source(&source, &problems, &config);
    pf_problems_format(&problems, &text);
    if ((code == PF_OK) != (problems.total == 0) && code != PF_E_NO_MEMORY) {
        abort(); /* a refusal has a reason, and a reason refuses */
    }
    for (size_t i = 0; code == PF_OK && i < config->fit.profile_count; i++) {
        if (config->fit.profiles[i].scheduler_name.len == 0) {
            abort();
        }
    }
    if (code == PF_OK && config->fit.profile_count == 0) {
        abort();
    }
    pf_config_unref(config);
    return 0;
}

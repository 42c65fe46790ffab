#include <stdlib.h>

#include "cliyaml.h"
#include "migrate.h"
#include <podfit/config.h>
#include <podfit/limits.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void read_note(void *opaque, const char *text)
{
    (void)opaque;
    demand(text[0] != '\0');
}

/* What was written is JSON and YAML, and either a configuration or one whose problems can be told. */
static void check(struct pf_sv json, struct pf_arena *arena)
{
    pf_autobuf struct pf_buf yaml = {0};
    pf_buf_init(&yaml, 8 * PF_CONFIG_MAX_BYTES);
    const enum pf_code written = pf_cliyaml_put(&yaml, json, 0, arena, NULL);
    demand(written != PF_E_INVALID);
    if (written != PF_OK) {
        return;
    }
    struct pf_problems *problems = pf_arena_calloc(arena, 1, sizeof(*problems));
    struct pf_config *config = NULL;
    demand(problems != NULL);
    pf_problems_init(problems, arena, "the class");
    const enum pf_code code = pf_config_parse(pf_buf_view(&yaml), "the class", problems, &config);
    demand((code == PF_OK) == (config != NULL));
    demand(code != PF_E_INVALID || problems->count != 0);
    pf_config_unref(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const namespaces[] = {"a", "b"};
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)64 << 20);
    const struct pf_yaml_node *root = NULL;
    if (pf_yaml_parse_one("fuzz", text, PF_CONFIG_MAX_BYTES, &arena, &root, NULL) != PF_OK) {
        return 0;
    }
    const struct pf_migrate_notes notes = {.note = read_note};
    const struct pf_migrate_options rows[] = {
        {.name = NULL}, {.name = "it's", .namespaces = namespaces, .namespace_count = 2}};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autobuf struct pf_buf json = {0};
        pf_buf_init(&json, 4 * PF_CONFIG_MAX_BYTES);
        struct pf_err err = {0};
        if (pf_migrate_write(root, &rows[i], &notes, &json, &err) == PF_OK) {
            check(pf_buf_view(&json), &arena);
        } else {
            demand(err.text[0] != '\0');
        }
    }
    return 0;
}

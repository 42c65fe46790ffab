#include <stdlib.h>

#include "page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 2026-11-22T04:37:00Z */
#define NOW_NS (INT64_C(1795322220) * 1000000000)

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

static size_t count(struct pf_sv text, const char *part)
{
    const struct pf_sv wanted = pf_sv_from(part);
    size_t found = 0;
    size_t at = pf_sv_find(text, wanted);
    while (at != SIZE_MAX) {
        found++;
        text.ptr += at + wanted.len;
        text.len -= at + wanted.len;
        at = pf_sv_find(text, wanted);
    }
    return found;
}

/* Whatever the status says, it makes no element that the template has not. */
static void fill_page(struct pf_sv stats)
{
    static const char *const foreign[] = {"<img", "<iframe", "<object", "<embed", "<form", "<base"};
    pf_autobuf struct pf_buf html = {0};
    pf_buf_init(&html, (size_t)64 << 20);
    if (pf_page_render(stats, "0123", NOW_NS, &html, NULL) != PF_OK) {
        return;
    }
    const struct pf_sv text = pf_buf_view(&html);
    demand(pf_sv_is_utf8(text));
    demand(count(text, "<script") == count(pf_page_template(), "<script"));
    demand(count(text, "<style") == count(pf_page_template(), "<style"));
    for (size_t i = 0; i < PF_ARRAY_LEN(foreign); i++) {
        demand(count(text, foreign[i]) == 0);
    }
}

/* A template of any text, filled from any tree. */
static void fill_template(struct pf_sv text)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, (size_t)16 << 20);
    const size_t end = pf_sv_find(text, (struct pf_sv){.ptr = "", .len = 1});
    if (end == SIZE_MAX) {
        return;
    }
    const struct pf_sv json = {.ptr = text.ptr + end + 1, .len = text.len - end - 1};
    const struct cJSON *tree = NULL;
    if (pf_wire_parse(json, &arena, &tree, NULL) != PF_OK) {
        return;
    }
    struct pf_template_filter filters[PF_PAGE_FILTERS_MAX];
    const struct pf_template template_ = {.text = {.ptr = text.ptr, .len = end},
                                          .filters = filters,
                                          .filter_count = pf_page_filters(NOW_NS, filters)};
    pf_autobuf struct pf_buf html = {0};
    pf_buf_init(&html, (size_t)1 << 20); /* loops in loops multiply */
    struct pf_err err = {0};
    demand(pf_template_render(&template_, tree, &html, &err) == PF_OK || err.text[0] != '\0');
}

/** The first byte chooses: `t`, a template, NUL, JSON; else JSON of /stats. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    if (size != 0 && data[0] == 't') {
        fill_template((struct pf_sv){.ptr = text.ptr + 1, .len = size - 1});
    } else {
        fill_page(text);
    }
    return 0;
}

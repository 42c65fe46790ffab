#include "page.h"

#include <inttypes.h>
#include <stdio.h>

#include <podfit/clock.h>
#include <podfit/embed.h>

/* The tree of /stats takes some four times its text. */
#define ARENA_MAX_BYTES ((size_t)48 * 1024 * 1024)

PF_EMBED("pf_page_text", PF_PAGE_DIR "/page.html");

extern const char pf_page_text_begin[];
extern const char pf_page_text_end[];

struct pf_sv pf_page_template(void)
{
    return (struct pf_sv){.ptr = pf_page_text_begin,
                          .len = (size_t)(pf_page_text_end - pf_page_text_begin)};
}

void pf_page_policy(char nonce[PF_PAGE_NONCE_BYTES], char policy[PF_PAGE_POLICY_BYTES])
{
    const int nonce_len = snprintf(nonce, PF_PAGE_NONCE_BYTES, "%016" PRIx64 "%016" PRIx64,
                                   pf_random_u64(), pf_random_u64());
    const int policy_len =
        snprintf(policy, PF_PAGE_POLICY_BYTES,
                 "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; img-src data:; "
                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                 nonce, nonce);
    (void)nonce_len;
    (void)policy_len; /* both fit: their lengths are fixed */
}

/* Escaped NULs become U+FFFD: a tree has no form for them, and one strange name must not take the page away. */
static void drop_escaped_nul(char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] != '\\') {
            continue;
        }
        if (i + 6 <= len && memcmp(text + i, "\\u0000", 6) == 0) {
            memcpy(text + i, "\\ufffd", 6);
        }
        i++; /* what is escaped is no backslash */
    }
}

enum pf_code pf_page_render(struct pf_sv stats, const char *nonce, int64_t now_wall_ns,
                            struct pf_buf *buf, struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, ARENA_MAX_BYTES);
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, stats.len + PF_PAGE_POLICY_BYTES);
    if (stats.len < 2 || stats.ptr[0] != '{') {
        return pf_err_set(err, PF_E_INVALID, "the status is no object");
    }
    pf_buf_printf(&text, "{\"nonce\":\"%s\",", nonce);
    pf_buf_append(&text, stats.ptr + 1, stats.len - 1);
    enum pf_code code = pf_buf_status(&text, err);
    if (code != PF_OK) {
        return code;
    }
    drop_escaped_nul(text.data, text.len);
    const struct cJSON *tree = NULL;
    code = pf_wire_parse(pf_sv_trim(pf_buf_view(&text)), &arena, &tree, err);
    if (code != PF_OK) {
        return code;
    }
    struct pf_template_filter filters[PF_PAGE_FILTERS_MAX];
    const struct pf_template template_ = {.text = pf_page_template(),
                                          .filters = filters,
                                          .filter_count = pf_page_filters(now_wall_ns, filters)};
    return pf_template_render(&template_, tree, buf, err);
}

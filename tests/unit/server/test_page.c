#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "page.h"
#include <podfit/clock.h>

/* 2026-11-22T04:37:00Z */
#define NOW_NS (INT64_C(1795322220) * 1000000000)

static const char *filtered(const char *filter, const char *json, struct pf_buf *buf)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1 << 16);
    const struct cJSON *tree = NULL;
    struct pf_err err = {0};
    char text[64];
    const int len = snprintf(text, sizeof(text), "{{a|%s}}", filter);
    assert_true(len > 0);
    struct pf_template_filter filters[PF_PAGE_FILTERS_MAX];
    const struct pf_template template_ = {.text = pf_sv_from(text),
                                          .filters = filters,
                                          .filter_count = pf_page_filters(NOW_NS, filters)};
    if (pf_wire_parse(pf_sv_from(json), &arena, &tree, &err) != PF_OK ||
        pf_template_render(&template_, tree, buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return buf->data != NULL ? buf->data : "";
}

static void filters(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        const char *json;
        const char *wanted;
    } rows[] = {
        {"count", "{\"a\":0}", "0"},
        {"count", "{\"a\":999}", "999"},
        {"count", "{\"a\":1000}", "1,000"},
        {"count", "{\"a\":18446744073709551615}", "18,446,744,073,709,551,615"},
        {"count", "{\"a\":-123456}", "-123,456"},
        {"count", "{\"a\":null}", "\xe2\x80\x93"},
        {"count", "{}", "\xe2\x80\x93"},
        {"bytes", "{\"a\":0}", "0 B"},
        {"bytes", "{\"a\":1024}", "1 KiB"},
        {"bytes", "{\"a\":209715200}", "200 MiB"},
        {"bytes", "{\"a\":1610612736}", "1.5 GiB"},
        {"bytes", "{\"a\":9223372036854775807}", "8,191 PiB"},
        {"cores", "{\"a\":0}", "0"},
        {"cores", "{\"a\":50}", "50m"},
        {"cores", "{\"a\":250}", "0.25"},
        {"cores", "{\"a\":2000}", "2"},
        {"cores", "{\"a\":1234567}", "1,234"},
        {"age", "{\"a\":5999}", "5 s"},
        {"age", "{\"a\":7200000}", "2 h"},
        {"heard", "{\"a\":5999}", "5 s ago"},
        {"heard", "{\"a\":-1}", "\xe2\x80\x93"},
        {"heard", "{}", "\xe2\x80\x93"},
        {"since", "{\"a\":\"2026-11-22T04:35:00Z\"}", "2 min"},
        {"since", "{\"a\":\"2027-01-01T00:00:00Z\"}", "0 s"},
        {"since", "{\"a\":\"<b>\"}", "\xe2\x80\x93"},
        {"until", "{\"a\":\"2026-12-02T04:37:00Z\"}", "10 days"},
        {"until", "{\"a\":\"2026-11-22T04:36:00Z\"}", "expired 60 s ago"},
        {"clock", "{\"a\":\"2026-11-22T04:36:59Z\"}", "04:36:59"},
        {"rate", "{\"a\":0.987654}", "98.76"},
        {"rate", "{\"a\":1.000000}", "100.00"},
        {"rate", "{\"a\":7}", "\xe2\x80\x93"},
        {"url", "{\"a\":\"a=b&c<\\\"'/ \xc3\xbc\"}", "a%3Db%26c%3C%22%27%2F%20%C3%BC"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        const char *got = filtered(rows[i].filter, rows[i].json, &buf);
        if (strcmp(got, rows[i].wanted) != 0) {
            fail_msg("%s of %s: '%s'", rows[i].filter, rows[i].json, got);
        }
    }
}

static void policy(void **state)
{
    (void)state;
    char nonce[2][PF_PAGE_NONCE_BYTES];
    char texts[2][PF_PAGE_POLICY_BYTES];
    for (size_t i = 0; i < 2; i++) {
        pf_page_policy(nonce[i], texts[i]);
        assert_int_equal(strlen(nonce[i]), PF_PAGE_NONCE_BYTES - 1);
        assert_non_null(strstr(texts[i], nonce[i]));
        assert_non_null(strstr(texts[i], "default-src 'none';"));
        assert_non_null(strstr(texts[i], "frame-ancestors 'none'"));
        assert_null(strstr(texts[i], "unsafe"));
    }
    assert_string_not_equal(nonce[0], nonce[1]);
}

/* The template itself is in order, and what the cluster says stays text, escaped NUL and all. */
static void hostile(void **state)
{
    (void)state;
    static const char stats[] =
        "{\"ready\":true,\"model\":{\"synced\":true},\"pools\":[{\"pool\":\"</title><script>alert(1)</script>\","
        "\"listed\":true,\"nodeList\":[{\"name\":\"\\\"><img src=x onerror=alert(2)>\\u0000\\\\u0000\",\"taints\":[\"<i>\"]}]}],"
        "\"rejections\":[{\"sentence\":\"' autofocus onfocus='alert(3)\"}]}\n";
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 1 << 20);
    struct pf_err err = {0};
    if (pf_page_render(pf_sv_from(stats), "0123", NOW_NS, &buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    static const char *const absent[] = {"<script>alert", "<img", "<i>",
                                         "' autofocus",   "{{",   "onerror=alert(2)>"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        if (strstr(buf.data, absent[i]) != NULL) {
            fail_msg("'%s' is in the page", absent[i]);
        }
    }
    assert_non_null(strstr(buf.data, "&lt;img src=x onerror=alert(2)&gt;\xef\xbf\xbd\\u0000"));
    assert_non_null(strstr(buf.data, "<script nonce=\"0123\">"));
}

/* What only a live cluster has. */
static void live(void **state)
{
    (void)state;
    static const char stats[] =
        "{\"ready\":false,\"model\":{\"synced\":false,\"live\":true,\"ageMs\":1500},\"kubernetesVersion\":\"1.36\","
        "\"predictions\":{\"right\":9,\"wrong\":1,\"early\":0,\"accuracy\":0.900000,\"mispredictions\":[{\"pod\":\"ns/p\",\"verdict\":\"fits\","
        "\"outcome\":\"unschedulable\",\"early\":false,\"said\":\"a\",\"happened\":\"b\"}]},"
        "\"watch\":{\"pods\":{\"synced\":true,\"denied\":false,\"ageMs\":900},\"nodes\":{\"synced\":false,\"denied\":true,\"failure\":\"no right\"}},"
        "\"files\":{\"client-ca\":{\"broken\":true,\"error\":\"not PEM\"},\"config\":{\"broken\":false}}}";
    static const char *const present[] = {
        ">stopping</span>",
        "The model is not complete yet",
        "The new client-ca file is not used",
        "not PEM",
        "podfit may not watch nodes</b>: <span class=\"text\">no right<",
        "90.00 %<span class=\"small\">right; 1 wrong, 0 early<",
        "1 s old<span class=\"small\">live cluster, Kubernetes 1.36<",
        "fits, then unschedulable</span>",
        "<span class=\"soft\">podfit said:</span> a<br>",
        "<span class=\"soft\">what happened:</span> b<",
        "Not read: <b>nodes</b> (<span class=\"text\">no right</span>)",
        "<th scope=\"row\">pods</th><td>synced</td>",
        "<td>not synced, denied</td>",
    };
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 1 << 20);
    struct pf_err err = {0};
    if (pf_page_render(pf_sv_from(stats), "0123", NOW_NS, &buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++) {
        if (strstr(buf.data, present[i]) == NULL) {
            fail_msg("'%s' is not in the page", present[i]);
        }
    }
    assert_null(strstr(buf.data, "The new config file"));
    assert_null(strstr(buf.data, "may not watch pods"));
}

static void refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "{", "[]", "{\"a\":", "{\"a\":1}x"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 1 << 20);
        struct pf_err err = {0};
        assert_int_equal(pf_page_render(pf_sv_from(rows[i]), "0", NOW_NS, &buf, &err),
                         PF_E_INVALID);
    }
    pf_autobuf struct pf_buf small = {0};
    pf_buf_init(&small, 100);
    assert_int_equal(pf_page_render(PF_SV("{\"a\":1}"), "0", NOW_NS, &small, NULL), PF_E_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters), cmocka_unit_test(policy),  cmocka_unit_test(hostile),
        cmocka_unit_test(live),    cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

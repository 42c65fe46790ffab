#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/template.h>

static void escaping(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *wanted;
    } rows[] = {
        {"plain", "node-1", "node-1"},
        {"script", "<script>alert('1')</script>",
         "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"},
        {"attribute", "\" onload=\"x` &amp;", "&quot; onload=&quot;x&#96; &amp;amp;"},
        {"control characters", "a\nb\tc\x01\x7f", "a b c  "},
        {"whole sequences", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
         "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"not UTF-8",
         "a\xff"
         "b\xc3",
         "a\xef\xbf\xbd"
         "b\xef\xbf\xbd"},
        {"overlong", "\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"empty", "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        pf_template_escape(&buf, pf_sv_from(rows[i].text));
        const char *got = buf.data != NULL ? buf.data : "";
        if (strcmp(got, rows[i].wanted) != 0) {
            fail_msg("%s: '%s'", rows[i].name, got);
        }
    }
}

static void shout(const struct pf_template_filter *filter, const struct cJSON *value,
                  struct pf_buf *buf)
{
    (void)filter;
    pf_buf_append_cstr(buf, pf_wire_is_null(value) || value == NULL ? "-" : "!");
}

static enum pf_code render(const char *template_, const char *json, struct pf_buf *buf,
                           struct pf_err *err)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, 1 << 20);
    const struct cJSON *tree = NULL;
    if (pf_wire_parse(pf_sv_from(json), &arena, &tree, err) != PF_OK) {
        fail_msg("%s", err->text);
    }
    static const struct pf_template_filter filters[] = {{.name = "shout", .append = shout}};
    const struct pf_template asked = {
        .text = pf_sv_from(template_), .filters = filters, .filter_count = 1};
    return pf_template_render(&asked, tree, buf, err);
}

static void rendering(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *template_;
        const char *json;
        const char *wanted;
    } rows[] = {
        {"text only", "a } b { c", "{}", "a } b { c"},
        {"values", "{{a}}-{{b.c}}-{{d}}", "{\"a\":\"<\",\"b\":{\"c\":1.50}}", "&lt;-1.50-"},
        {"array", "{{#a}}[{{x}}]{{/a}}", "{\"a\":[{\"x\":1},{\"x\":2}]}", "[1][2]"},
        {"items", "{{#a}}{{.}},{{/a}}", "{\"a\":[\"p\",\"<q\"]}", "p,&lt;q,"},
        {"members", "{{#a*}}{{@}}={{x}};{{/a*}}", "{\"a\":{\"k<\":{\"x\":1},\"l\":{\"x\":2}}}",
         "k&lt;=1;l=2;"},
        {"key in a section within", "{{#a*}}{{#x}}{{@}}{{/x}}{{@}};{{/a*}}{{@}}",
         "{\"a\":{\"k\":{\"x\":1},\"l\":{\"x\":true}}}", "kk;ll;"},
        {"outer names", "{{#a}}{{x}}{{y}}{{/a}}", "{\"y\":9,\"a\":{\"x\":1}}", "19"},
        {"null hides outer", "{{#a}}{{x}}{{/a}}", "{\"x\":9,\"a\":{\"x\":null}}", ""},
        {"truth", "{{#t}}t{{/t}}{{#f}}f{{/f}}{{#z}}z{{/z}}{{#e}}e{{/e}}{{#n}}n{{/n}}{{#o}}o{{/o}}",
         "{\"t\":true,\"f\":false,\"z\":0,\"e\":\"\",\"n\":null,\"o\":1}", "to"},
        {"inverted", "{{^t}}t{{/t}}{{^f}}f{{/f}}{{^a}}a{{/a}}{{^none}}none{{/none}}",
         "{\"t\":true,\"f\":false,\"a\":[]}", "fanone"},
        {"inside what is left out", "{{#a}}{{#b}}x{{/b}}{{^c}}y{{/c}}{{d}}{{/a}}z", "{}", "z"},
        {"filter", "{{a|shout}}{{b|shout}}", "{\"a\":1,\"b\":null}", "!-"},
        {"braces in values", "{{a}}", "{\"a\":\"{{b}}\",\"b\":1}", "{{b}}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        struct pf_err err = {0};
        if (render(rows[i].template_, rows[i].json, &buf, &err) != PF_OK) {
            fail_msg("%s: %s", rows[i].name, err.text);
        }
        const char *got = buf.data != NULL ? buf.data : "";
        if (strcmp(got, rows[i].wanted) != 0) {
            fail_msg("%s: '%s'", rows[i].name, got);
        }
    }
}

static void broken(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *template_;
        const char *wanted;
    } rows[] = {
        {"no end", "a{{b", "template: a tag without an end or a name before byte 3"},
        {"no name", "{{}}", "template: a tag without an end or a name before byte 2"},
        {"open section", "{{#a}}b", "template: a section without an end before byte 7"},
        {"crossed", "{{#a}}{{#b}}{{/a}}{{/b}}",
         "template: an end of another section before byte 18"},
        {"end without section", "x{{/a}}", "template: an end of another section before byte 7"},
        {"filter", "{{a|loud}}", "template: an unknown filter before byte 10"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pf_autobuf struct pf_buf buf = {0};
        pf_buf_init(&buf, 4096);
        struct pf_err err = {0};
        assert_int_equal(render(rows[i].template_, "{}", &buf, &err), PF_E_INVALID);
        if (strcmp(err.text, rows[i].wanted) != 0) {
            fail_msg("%s: '%s'", rows[i].name, err.text);
        }
    }
}

/* @p depth sections in each other. */
static enum pf_code render_nested(unsigned depth)
{
    pf_autobuf struct pf_buf template_ = {0};
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&template_, 4096);
    pf_buf_init(&buf, 4096);
    for (unsigned i = 0; i < depth; i++) {
        pf_buf_append_cstr(&template_, "{{#a}}");
    }
    for (unsigned i = 0; i < depth; i++) {
        pf_buf_append_cstr(&template_, "{{/a}}");
    }
    struct pf_err err = {0};
    return render(template_.data, "{\"a\":true}", &buf, &err);
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(render_nested(PF_TEMPLATE_DEPTH_MAX), PF_OK);
    assert_int_equal(render_nested(PF_TEMPLATE_DEPTH_MAX + 1), PF_E_INVALID);
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 3);
    struct pf_err err = {0};
    assert_int_equal(render("abcd", "{}", &buf, &err), PF_E_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escaping),
        cmocka_unit_test(rendering),
        cmocka_unit_test(broken),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

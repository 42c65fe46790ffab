/* What check reads, object by object, and where it says a fault is. */

#include <check_input.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/mem.h>

#define IN_LIST "{\"kind\":\"List\",\"items\":["
#define POD     "{\"kind\":\"Pod\"}"
#define REVIEW  "{\"kind\":\"AdmissionReview\"}"

struct seen {
    struct pf_buf text; /* `place|kind;` of every object */
    size_t fail_at;     /* 1..: the object that is refused; 0: none */
    size_t count;
};

static enum pf_code note(void *opaque, const struct pf_check_object *object, struct pf_err *err)
{
    struct seen *seen = opaque;
    seen->count++;
    if (seen->count == seen->fail_at) {
        return pf_err_set(err, PF_E_RANGE, "refused");
    }
    const char *slash = strrchr(object->place, '/');
    pf_buf_printf(&seen->text, "%s|%s;", slash != NULL ? slash + 1 : object->place,
                  object->review ? "review" : "pod");
    assert_int_equal(object->json.ptr[0], '{');
    return PF_OK;
}

struct fixture {
    char folder[64];
    char path[128];
};

static int set_up(void **state)
{
    struct fixture *f = pf_mem_calloc(1, sizeof(*f));
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/podfit-test-XXXXXX");
    if (mkdtemp(f->folder) == NULL) {
        return -1;
    }
    (void)snprintf(f->path, sizeof(f->path), "%s/f", f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    (void)unlink(f->path);
    (void)rmdir(f->folder);
    free(f);
    return 0;
}

static enum pf_code read_text(const struct fixture *f, const char *text, struct seen *seen,
                              struct pf_err *err)
{
    assert_int_equal(pf_file_write_atomic(f->path, pf_sv_from(text), 0600, NULL), PF_OK);
    return pf_check_input_read(f->path, note, seen, err);
}

static void test_objects(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want;
    } cases[] = {
        {"one", POD, "f|pod;"},
        {"white space around", "\n \t" POD "\r\n", "f|pod;"},
        {"two values", POD REVIEW, "f, document 1|pod;f, document 2|review;"},
        {"separators", "---\n" POD "\n---\n---\n" POD "\n", "f, document 1|pod;f, document 2|pod;"},
        {"list", "{\"kind\":\"List\",\"items\":[" POD "," REVIEW "]}",
         "f, item 1|pod;f, item 2|review;"},
        {"kind after items", "{\"items\":[" POD "],\"kind\":\"List\"}", "f, item 1|pod;"},
        {"two lists",
         "{\"kind\":\"List\",\"items\":[" POD "]}{\"kind\":\"List\",\"items\":[" POD "]}",
         "f, document 1, item 1|pod;f, document 2, item 1|pod;"},
        {"PodList", "{\"kind\":\"PodList\",\"items\":[{},{\"kind\":\"Pod\"}]}",
         "f, item 1|pod;f, item 2|pod;"},
        {"lists in a list",
         IN_LIST IN_LIST POD ",{\"kind\":\"PodList\",\"items\":[{}]}]},{\"kind\":\"List\"}," POD
                             "]}",
         "f, item 1|pod;f, item 2|pod;f, item 3|pod;"},
        {"null items", "{\"kind\":\"List\",\"items\":null}", ""},
        {"no items", "{\"kind\":\"List\"}", ""},
        {"YAML", "kind: Pod\n---\nkind: AdmissionReview\n",
         "f, document 1|pod;f, document 2|review;"},
        {"YAML list", "kind: List\nitems: [{kind: Pod}, {kind: Pod}]\n",
         "f, item 1|pod;f, item 2|pod;"},
        {"YAML, empty documents", "---\n---\nkind: Pod\n---\n", "f|pod;"},
        {"JSON in YAML", "---\n# a comment\n" POD, "f|pod;"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        struct seen seen = {.count = 0};
        pf_buf_init(&seen.text, 4096);
        pf_buf_append_cstr(&seen.text, "");
        struct pf_err err = {0};
        const enum pf_code code = read_text(*state, cases[i].text, &seen, &err);
        if (code != PF_OK || !pf_sv_eq_cstr(pf_buf_view(&seen.text), cases[i].want)) {
            print_error("%s: %s '%.*s'\n", cases[i].name, err.text,
                        PF_SV_ARG(pf_buf_view(&seen.text)));
            pf_buf_done(&seen.text);
            fail();
        }
        pf_buf_done(&seen.text);
    }
}

/* Of a folder: manifests in the order of their names, nothing else, nothing below. */
static void test_folder(void **state)
{
    static const char *const names[] = {"b.yaml", "a.json", "c.yml", "notes.txt", ".json.swp"};
    const struct fixture *f = *state;
    char path[256];
    char below[128];
    struct seen seen = {.count = 0};
    struct pf_err err = {0};
    pf_buf_init(&seen.text, 4096);
    assert_int_equal(pf_check_input_read(f->folder, note, &seen, &err), PF_E_INVALID);
    assert_non_null(strstr(err.text, "holds no file that ends in .json, .yaml or .yml"));
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
        assert_int_equal(pf_file_write_atomic(path, PF_SV(POD), 0600, NULL), PF_OK);
    }
    (void)snprintf(below, sizeof(below), "%s/below", f->folder);
    assert_int_equal(mkdir(below, 0700), 0);
    err = (struct pf_err){0};
    const enum pf_code code = pf_check_input_read(f->folder, note, &seen, &err);
    const bool right = pf_sv_eq_cstr(pf_buf_view(&seen.text), "a.json|pod;b.yaml|pod;c.yml|pod;");
    for (size_t i = 0; i < PF_ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(below);
    pf_buf_done(&seen.text);
    assert_int_equal(code, PF_OK);
    assert_true(right);
}

static void test_errors(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        size_t fail_at;
        enum pf_code code;
        const char *part;
    } cases[] = {
        {"callback", POD POD, 2, PF_E_RANGE, ", document 2: refused"},
        {"callback in a list", "{\"kind\":\"List\",\"items\":[" POD "," POD "]}", 2, PF_E_RANGE,
         ", item 2: refused"},
        {"kind", "{\"kind\":\"Job\"}", 0, PF_E_UNSUPPORTED, "are allowed, so give one of its pods"},
        {"foreign kind", "{\"kind\":\"Lease\"}", 0, PF_E_UNSUPPORTED,
         ": kind 'Lease' cannot be checked"},
        {"no kind", "{}", 0, PF_E_UNSUPPORTED, "'kind' is missing"},
        {"no kind in a List", "{\"kind\":\"List\",\"items\":[{}]}", 0, PF_E_UNSUPPORTED,
         ", item 1: 'kind' is missing"},
        {"foreign kind in a list in a list",
         "{\"kind\":\"List\",\"items\":[{\"kind\":\"List\",\"items\":[{\"kind\":\"Lease\"}]}]}", 0,
         PF_E_UNSUPPORTED, ": kind 'Lease' cannot be checked"},
        {"cut off", "{\"kind\":\"Pod\"", 0, PF_E_INVALID, ": document 1: byte"},
        {"text after it", POD " x", 0, PF_E_INVALID, ": document 2: byte"},
        {"kind twice", "{\"kind\":\"Pod\",\"kind\":\"Pod\"}", 0, PF_E_INVALID, "byte"},
        {"items are a text", "{\"kind\":\"List\",\"items\":\"x\"}", 0, PF_E_INVALID,
         ": items: byte"},
        {"item is a number", "{\"kind\":\"List\",\"items\":[7]}", 0, PF_E_INVALID,
         ", item 1: byte"},
        {"array", "[]", 0, PF_E_INVALID, "byte 0: expected an object"},
        {"empty", "", 0, PF_E_INVALID, ": no object in it"},
        {"only separators", "---\n---\n", 0, PF_E_INVALID, ": no object in it"},
        {"tab in YAML", "kind:\n\tPod: x\n", 0, PF_E_INVALID, "f:2:"},
        {"infinity", "kind: .inf\n", 0, PF_E_UNSUPPORTED, "f: 1:7: "},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(cases); i++) {
        struct seen seen = {.fail_at = cases[i].fail_at};
        pf_buf_init(&seen.text, 4096);
        struct pf_err err = {0};
        const enum pf_code code = read_text(*state, cases[i].text, &seen, &err);
        pf_buf_done(&seen.text);
        if (code != cases[i].code || strstr(err.text, cases[i].part) == NULL) {
            fail_msg("%s: %s '%s'", cases[i].name, pf_code_name(code), err.text);
        }
    }
}

static void test_missing_file(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    struct pf_err err = {0};
    assert_int_equal(pf_check_input_read("/nonexistent/file", note, &seen, &err), PF_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "'/nonexistent/file'"));
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_objects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folder, set_up, tear_down),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

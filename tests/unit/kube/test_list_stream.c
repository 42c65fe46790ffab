#include <fail_alloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <podfit/limits.h>
#include <podfit/watch_stream.h>

#define LIMIT ((size_t)100)

/* What a reading gave, as one text: items in '<>', then the code, then resourceVersion and token. */
struct seen {
    struct pf_buf text;
    int stop_after; /* items until on_item says no; -1: never */
};

static bool on_item(void *ctx, struct pf_sv item)
{
    struct seen *seen = ctx;
    pf_buf_append_char(&seen->text, '<');
    pf_buf_append_sv(&seen->text, item);
    pf_buf_append_char(&seen->text, '>');
    return seen->stop_after < 0 || seen->stop_after-- != 0;
}

/* exact size on the heap, so that a sanitizer sees a read past a piece */
static enum pf_code feed_copy(struct pf_list_stream *stream, struct pf_sv piece, struct pf_err *err)
{
    char *copy = __real_malloc(piece.len != 0 ? piece.len : 1);
    assert_non_null(copy);
    if (piece.ptr != NULL) {
        memcpy(copy, piece.ptr, piece.len);
    }
    const enum pf_code code =
        pf_list_stream_feed(stream, (struct pf_sv){.ptr = copy, .len = piece.len}, err);
    free(copy);
    return code;
}

/* reads @p text cut at @p first and @p second */
static void read_cut(struct pf_sv text, size_t first, size_t second, struct seen *seen)
{
    const size_t ends[] = {first, second, text.len};
    struct pf_list_stream *stream = NULL;
    struct pf_err err = {0};
    enum pf_code code = pf_list_stream_new(LIMIT, on_item, seen, &stream);
    assert_int_equal(code, PF_OK);
    for (size_t i = 0, at = 0; i < 3 && code == PF_OK; at = ends[i], i++) {
        code = feed_copy(stream, (struct pf_sv){.ptr = text.ptr + at, .len = ends[i] - at}, &err);
    }
    if (code == PF_OK) {
        code = pf_list_stream_end(stream, &err);
    } else {
        assert_int_not_equal(pf_list_stream_feed(stream, PF_SV("{"), NULL), PF_OK);
        assert_int_not_equal(pf_list_stream_end(stream, NULL), PF_OK);
    }
    assert_true(code == err.code && (code == PF_OK) == (err.text[0] == '\0'));
    pf_buf_append_cstr(&seen->text, pf_code_name(code));
    if (code == PF_OK) {
        pf_buf_append_char(&seen->text, ' ');
        pf_buf_append_sv(&seen->text, pf_list_stream_resource_version(stream));
        pf_buf_append_char(&seen->text, ' ');
        pf_buf_append_sv(&seen->text, pf_list_stream_continue(stream));
    }
    pf_list_stream_free(stream);
}

struct row {
    const char *name;
    const char *text;
    const char *expected;
    int stop_after; /* 0: never, else items + 1 */
};

static const struct row rows[] = {
    {"as the server writes it",
     "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"473\"},\"items\":[{\"a\":1},"
     "{\"b\":[{},\"x\"]}]}\n",
     "<{\"a\":1}><{\"b\":[{},\"x\"]}>ok 473 ", 0},
    {"as kubectl sorts it",
     "{\"items\":[{\"a\":{}}],\"kind\":\"List\",\"metadata\":{\"continue\":\"abc=\",\"resourceVersion\":\"9\"}}",
     "<{\"a\":{}}>ok 9 abc=", 0},
    {"white space everywhere",
     " {\n\t\"metadata\" : { \"resourceVersion\" : \"7\" } ,\r\n \"items\" : [ {} , { \"a\" : [ ] } "
     "] } \n",
     "<{}><{ \"a\" : [ ] }>ok 7 ", 0},
    {"no items", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}", "ok 1 ", 0},
    {"null items", "{\"items\":null,\"metadata\":{\"resourceVersion\":\"1\"}}", "ok 1 ", 0},
    {"brackets and quotes in strings",
     "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"a\":\"]}\\\"}\",\"\\\\\":\"{[\"},{\"b\":\"\\\\\"}]}",
     "<{\"a\":\"]}\\\"}\",\"\\\\\":\"{[\"}><{\"b\":\"\\\\\"}>ok 1 ", 0},
    {"values of unknown keys",
     "{\"a\":-1.5e3,\"b\":true,\"c\":null,\"d\":\"},{\",\"e\":[[{}]],\"f\":{\"items\":[{}]},\"metadata\":{"
     "\"resourceVersion\":\"2\"},\"items\":[]}",
     "ok 2 ", 0},
    {"escapes in metadata",
     "{\"metadata\":{\"resourceVersion\":\"1\\u0032\",\"continue\":\"a\\/b\"},\"items\":[]}",
     "ok 12 a/b", 0},
    {"unknown keys in metadata",
     "{\"metadata\":{\"selfLink\":\"\",\"remainingItemCount\":50,\"resourceVersion\":\"3\",\"continue\":null},\"items\":[]"
     "}",
     "ok 3 ", 0},
    {"an item of the limit",
     "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"a\":"
     "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901\"}]}",
     "<{\"a\":\"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901\"}>ok 1 ",
     0},
    {"an item over the limit",
     "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{},{\"a\":"
     "\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012\"}]}",
     "<{}>too-big", 0},
    {"another value over the limit",
     "{\"x\":\"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678\"}",
     "too-big", 0},
    {"cut off in an item", "{\"items\":[{\"a\":1},{\"b\"", "<{\"a\":1}>invalid", 0},
    {"cut off after the items", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{}]",
     "<{}>invalid", 0},
    {"nothing", "", "invalid", 0},
    {"only white space", " \n", "invalid", 0},
    {"a Status is no list",
     "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"code\":500}", "invalid", 0},
    {"no resourceVersion", "{\"metadata\":{},\"items\":[{}]}", "<{}>invalid", 0},
    {"no metadata", "{\"items\":[]}", "invalid", 0},
    {"an array", "[{}]", "invalid", 0},
    {"garbage behind it", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}x", "invalid", 0},
    {"a second list behind it", "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}{}",
     "invalid", 0},
    {"items twice", "{\"items\":[],\"items\":[{}]}", "invalid", 0},
    {"metadata twice", "{\"metadata\":{},\"metadata\":{}}", "invalid", 0},
    {"resourceVersion twice",
     "{\"metadata\":{\"resourceVersion\":\"1\",\"resourceVersion\":\"2\"},\"items\":[]}", "invalid",
     0},
    {"resourceVersion is a number", "{\"metadata\":{\"resourceVersion\":1},\"items\":[]}",
     "invalid", 0},
    {"metadata is a string", "{\"metadata\":\"x\",\"items\":[]}", "invalid", 0},
    {"items are an object", "{\"items\":{}}", "invalid", 0},
    {"items are none of null", "{\"items\":nil,\"metadata\":{\"resourceVersion\":\"1\"}}",
     "invalid", 0},
    {"an item is a number", "{\"items\":[1]}", "invalid", 0},
    {"an item is null", "{\"items\":[null]}", "invalid", 0},
    {"comma missing", "{\"items\":[{}{}]}", "<{}>invalid", 0},
    {"comma too much", "{\"items\":[{},]}", "<{}>invalid", 0},
    {"comma before the first key", "{,\"items\":[]}", "invalid", 0},
    {"comma before the end", "{\"a\":1,}", "invalid", 0},
    {"colon missing", "{\"items\" []}", "invalid", 0},
    {"value missing", "{\"a\":,\"b\":1}", "invalid", 0},
    {"value missing at the end", "{\"a\":}", "invalid", 0},
    {"wrong bracket", "{\"items\":[{\"a\":1]}", "<{\"a\":1]>invalid", 0},
    {"stopped by the reader", "{\"items\":[{},{\"a\":1},{}]}", "<{}><{\"a\":1}>state", 2},
};

static void check_cut(const struct row *row, size_t first, size_t second, struct seen *seen)
{
    pf_buf_reset(&seen->text);
    seen->stop_after = row->stop_after - 1;
    read_cut(pf_sv_from(row->text), first, second, seen);
    if (!pf_sv_eq_cstr(pf_buf_view(&seen->text), row->expected)) {
        fail_msg("%s, cut at %zu and %zu: '%s' instead of '%s'", row->name, first, second,
                 seen->text.data, row->expected);
    }
}

static void every_cut_of(const struct row *row)
{
    const size_t len = strlen(row->text);
    struct seen seen = {0};
    pf_buf_init(&seen.text, 4096);
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            check_cut(row, first, second, &seen);
        }
    }
    pf_buf_done(&seen.text);
}

/* every row, whole and cut at every two places */
static void every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        every_cut_of(&rows[i]);
    }
}

static bool is_inside(void *ctx, struct pf_sv item)
{
    const struct pf_sv *whole = ctx;
    assert_true(item.ptr >= whole->ptr && item.ptr + item.len <= whole->ptr + whole->len);
    return true;
}

static void whole_items_are_not_copied(void **state)
{
    (void)state;
    struct pf_sv text =
        PF_SV("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"a\":1},{\"b\":2}]}");
    struct pf_list_stream *stream = NULL;
    assert_int_equal(pf_list_stream_new(LIMIT, is_inside, &text, &stream), PF_OK);
    assert_int_equal(pf_list_stream_feed(stream, text, NULL), PF_OK);
    assert_int_equal(pf_list_stream_end(stream, NULL), PF_OK);
    pf_list_stream_free(stream);
}

/* a list whose metadata has @p bytes */
static enum pf_code read_metadata_of(size_t bytes)
{
    struct seen seen = {.stop_after = -1};
    struct pf_list_stream *stream = NULL;
    pf_autobuf struct pf_buf text = {0};
    pf_buf_init(&text, PF_OBJECT_MAX_BYTES);
    pf_buf_append_cstr(&text, "{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"");
    for (size_t i = strlen("{\"resourceVersion\":\"1\",\"continue\":\"\"}"); i < bytes; i++) {
        pf_buf_append_char(&text, 'x');
    }
    pf_buf_append_cstr(&text, "\"},\"items\":[]}");
    assert_int_equal(pf_list_stream_new(PF_OBJECT_MAX_BYTES, on_item, &seen, &stream), PF_OK);
    enum pf_code code = pf_list_stream_feed(stream, pf_buf_view(&text), NULL);
    if (code == PF_OK) {
        code = pf_list_stream_end(stream, NULL);
    }
    pf_list_stream_free(stream);
    return code;
}

static void metadata_has_its_own_limit(void **state)
{
    (void)state;
    assert_int_equal(read_metadata_of(PF_LIST_METADATA_MAX_BYTES), PF_OK);
    assert_int_equal(read_metadata_of(PF_LIST_METADATA_MAX_BYTES + 1), PF_E_TOO_BIG);
    pf_list_stream_free(NULL);
}

/* As kubectl prints lists. */
static void a_file_needs_no_version(void **state)
{
    static const struct {
        const char *text;
        enum pf_code file;
    } files[] = {
        {"{\"items\":[{}],\"metadata\":{\"resourceVersion\":\"\"}}", PF_OK},
        {"{\"items\":null}", PF_OK},
        {"{\"kind\":\"Status\"}", PF_E_INVALID},
        {"{\"items\":[", PF_E_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(files); i++) {
        struct seen seen = {.stop_after = -1};
        struct pf_list_stream *stream = NULL;
        pf_buf_init(&seen.text, LIMIT);
        assert_int_equal(pf_list_stream_new(LIMIT, on_item, &seen, &stream), PF_OK);
        assert_int_equal(pf_list_stream_feed(stream, pf_sv_from(files[i].text), NULL), PF_OK);
        assert_int_equal(pf_list_stream_end_file(stream, NULL), files[i].file);
        assert_int_equal(pf_list_stream_end(stream, NULL), PF_E_INVALID);
        pf_list_stream_free(stream);
        pf_buf_done(&seen.text);
    }
}

static bool ignore_item(void *ctx, struct pf_sv item)
{
    (void)item;
    (*(unsigned *)ctx)++;
    return true;
}

static enum pf_code read_bytewise(struct pf_sv text, unsigned *items)
{
    struct pf_list_stream *stream = NULL;
    enum pf_code code = pf_list_stream_new(LIMIT, ignore_item, items, &stream);
    for (size_t i = 0; code == PF_OK && i < text.len; i++) {
        code = pf_list_stream_feed(stream, (struct pf_sv){.ptr = text.ptr + i, .len = 1}, NULL);
    }
    if (code == PF_OK) {
        code = pf_list_stream_end(stream, NULL);
    }
    pf_list_stream_free(stream);
    return code;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const struct pf_sv text = pf_sv_from(
        "{\"metadata\":{\"resourceVersion\":\"1\\u0032\",\"continue\":\"abc\"},\"items\":[{\"a\":1}]}");
    long failed = 0;
    for (long n = 0;; n++) {
        unsigned items = 0;
        fail_alloc_after(n);
        const enum pf_code code = read_bytewise(text, &items);
        const bool all = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        if (all) {
            assert_int_equal(code, PF_OK);
            assert_int_equal(items, 1);
            break;
        }
        assert_int_equal(code, PF_E_NO_MEMORY);
        failed++;
    }
    assert_true(failed >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut),
        cmocka_unit_test(whole_items_are_not_copied),
        cmocka_unit_test(metadata_has_its_own_limit),
        cmocka_unit_test(a_file_needs_no_version),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

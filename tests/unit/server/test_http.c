#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/address.h>
#include <podfit/health.h>
#include <podfit/pathtoken.h>
#include <podfit/reply.h>
#include <podfit/webhook.h>

static void good_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wanted;
    } rows[] = {
        {"127.0.0.1:8443", "127.0.0.1:8443"}, {":8080", "[::]:8080"},     {"[::1]:1", "[::1]:1"},
        {"[::]:65535", "[::]:65535"},         {"0.0.0.0:0", "0.0.0.0:0"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_address address = {.bytes = 99};
        struct pf_err err = {0};
        if (pf_address_parse(pf_sv_from(rows[i].text), &address, &err) != PF_OK) {
            fail_msg("'%s': %s", rows[i].text, err.text);
        }
        char text[PF_ADDRESS_TEXT_BYTES];
        pf_address_format(&address, text);
        assert_string_equal(text, rows[i].wanted);
    }
}

static void bad_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"no port", "127.0.0.1"},
        {"empty port", "127.0.0.1:"},
        {"port too large", "127.0.0.1:65536"},
        {"negative port", "127.0.0.1:-1"},
        {"name", "localhost:1"},
        {"IPv6 without brackets", "::1:80"},
        {"IPv4 in brackets", "[127.0.0.1]:80"},
        {"empty", ""},
        {"colon only", ":"},
        {"empty brackets", "[]:80"},
        {"too long", "1111111111111111111111111111111111111111111111111111111111:1"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct pf_address address = {.bytes = 99};
        struct pf_err err = {0};
        if (pf_address_parse(pf_sv_from(rows[i].text), &address, &err) != PF_E_INVALID) {
            fail_msg("%s was not refused", rows[i].name);
        }
        assert_int_equal(address.bytes, 99);
        assert_non_null(strstr(err.text, "IP:PORT"));
    }
}

static void listening(void **state)
{
    (void)state;
    struct pf_address address = {.bytes = 0};
    struct pf_address bound = {.bytes = 0};
    struct pf_address other = {.bytes = 77};
    struct pf_err err = {0};
    int fd = -1;
    int second = -5;
    assert_int_equal(pf_address_parse(PF_SV("127.0.0.1:0"), &address, &err), PF_OK);
    assert_int_equal(pf_address_listen(&address, &fd, &bound, &err), PF_OK);
    assert_true(pf_address_port(&bound) != 0);
    assert_int_equal(pf_address_listen(&bound, &second, &other, &err), PF_E_IO);
    assert_int_equal(second, -5);
    assert_int_equal(other.bytes, 77);
    assert_non_null(strstr(err.text, "127.0.0.1:"));
    (void)close(fd);
}

static void statuses(void **state)
{
    (void)state;
    static const struct {
        enum pf_reply reply;
        unsigned status;
        const char *allow;
        bool retry_after;
        bool closes;
    } rows[] = {
        {PF_REPLY_NONE, 500, NULL, false, false},
        {PF_REPLY_OK, 200, NULL, false, false},
        {PF_REPLY_BAD_REQUEST, 400, NULL, false, false},
        {PF_REPLY_BAD_FRAMING, 400, NULL, false, true},
        {PF_REPLY_NO_CERTIFICATE, 401, NULL, false, false},
        {PF_REPLY_BAD_CERTIFICATE, 403, NULL, false, false},
        {PF_REPLY_NOT_FOUND, 404, NULL, false, false},
        {PF_REPLY_NO_PAGE, 404, NULL, false, false},
        {PF_REPLY_BAD_METHOD, 405, "POST", false, false},
        {PF_REPLY_GET_ONLY, 405, "GET, HEAD", false, false},
        {PF_REPLY_TOO_LARGE, 413, NULL, false, true},
        {PF_REPLY_BAD_TYPE, 415, NULL, false, false},
        {PF_REPLY_BAD_CODING, 415, NULL, false, false},
        {PF_REPLY_INTERNAL, 500, NULL, false, false},
        {PF_REPLY_OVERLOADED, 503, NULL, true, false},
        {PF_REPLY_EXPIRED, 503, NULL, false, false},
        {PF_REPLY_NOT_READY, 503, NULL, false, false},
    };
    assert_int_equal(PF_ARRAY_LEN(rows), PF_REPLY_COUNT);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        const struct pf_reply_info *info = pf_reply_info(rows[i].reply);
        assert_int_equal(info->status, rows[i].status);
        assert_int_equal(info->retry_after, rows[i].retry_after);
        assert_int_equal(info->closes, rows[i].closes);
        assert_true((info->allow == NULL) == (rows[i].allow == NULL));
        if (rows[i].allow != NULL) {
            assert_string_equal(info->allow, rows[i].allow);
        }
        if (info->text != NULL) { /* one line that the API server can quote */
            assert_ptr_equal(strchr(info->text, '\n'), info->text + strlen(info->text) - 1);
        }
    }
    assert_int_equal(pf_reply_of_admission(PF_ADMISSION_OK), PF_REPLY_OK);
    assert_int_equal(pf_reply_of_admission(PF_ADMISSION_BAD_REQUEST), PF_REPLY_BAD_REQUEST);
    assert_int_equal(pf_reply_of_admission(PF_ADMISSION_TOO_LARGE), PF_REPLY_TOO_LARGE);
    assert_int_equal(pf_reply_of_admission(PF_ADMISSION_UNAVAILABLE), PF_REPLY_OVERLOADED);
    assert_int_equal(pf_reply_of_admission(PF_ADMISSION_INTERNAL), PF_REPLY_INTERNAL);
}

static void content_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool json;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json;x=y", true},
        {" application/json ; charset=utf-8", true},
        {"application/jsonx", false},
        {"application/jso", false},
        {"text/plain", false},
        {"", false},
        {";application/json", false},
        {"application/json, text/plain", false},
        {"application/merge-patch+json", false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_webhook_is_json(pf_sv_from(rows[i].text)) != rows[i].json) {
            fail_msg("'%s'", rows[i].text);
        }
    }
    assert_false(pf_webhook_is_json(pf_sv_from(NULL)));
}

static void paths(void **state)
{
    (void)state;
    struct pf_pathtoken token;
    struct pf_err err = {0};
    pf_pathtoken_init(&token);
    assert_true(pf_pathtoken_matches(&token, PF_SV("/mutate")));
    assert_false(pf_pathtoken_matches(&token, PF_SV("/mutate/")));
    assert_false(pf_pathtoken_matches(&token, PF_SV("")));
    static const char *const refused[] = {"", "short", "0123456789abcde", "0123456789abcd/f",
                                          "0123456789abcd f"};
    for (size_t i = 0; i < PF_ARRAY_LEN(refused); i++) {
        pf_err_clear(&err);
        assert_int_equal(pf_pathtoken_set(&token, pf_sv_from(refused[i]), &err), PF_E_INVALID);
        assert_null(strstr(err.text, "0123"));
    }
    assert_true(
        pf_pathtoken_matches(&token, PF_SV("/mutate"))); /* a refused token changes nothing */
    char longest[PF_PATHTOKEN_MAX_BYTES + 2];
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(pf_pathtoken_set(&token, (struct pf_sv){longest, sizeof(longest) - 1}, NULL),
                     PF_E_INVALID);
    assert_int_equal(pf_pathtoken_set(&token, (struct pf_sv){longest, sizeof(longest) - 2}, NULL),
                     PF_OK);
    assert_int_equal(pf_pathtoken_set(&token, PF_SV(" 0123456789abcdeF\n"), NULL), PF_OK);
    static const struct {
        const char *path;
        bool good;
    } rows[] = {
        {"/mutate/0123456789abcdeF", true},
        {"/mutate/0123456789abcdef", false},
        {"/mutate/0123456789abcde", false},
        {"/mutate/0123456789abcdeFF", false},
        {"/mutate/", false},
        {"/mutate", false},
        {"/mutatex0123456789abcdeF", false},
        {"/Mutate/0123456789abcdeF", false},
        {"", false},
        {"/mutate/0123456789abcdeF/", false},
        {"/mutate/x123456789abcdeF", false},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (pf_pathtoken_matches(&token, pf_sv_from(rows[i].path)) != rows[i].good) {
            fail_msg("'%s'", rows[i].path);
        }
    }
    pf_pathtoken_done(&token);
}

static void health(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, 4096);
    struct pf_health_check checks[] = {
        {.name = "model", .good = true},
        {.name = "file", .good = true, .detail = PF_SV("old one serves")},
    };
    assert_true(pf_health_write("readyz", checks, 2, /* verbose= */ false, &buf));
    assert_string_equal(buf.data, "ok\n");
    pf_buf_reset(&buf);
    assert_true(pf_health_write("readyz", checks, 2, /* verbose= */ true, &buf));
    assert_string_equal(buf.data, "[+]model ok\n[+]file ok: old one serves\nreadyz check passed\n");
    pf_buf_reset(&buf);
    checks[0] = (struct pf_health_check){.name = "model", .detail = PF_SV("not synced yet")};
    assert_false(pf_health_write("readyz", checks, 2, /* verbose= */ false, &buf));
    assert_string_equal(buf.data, "[-]model failed: not synced yet\n[+]file ok: old one "
                                  "serves\nreadyz check failed\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses), cmocka_unit_test(bad_addresses),
        cmocka_unit_test(listening),      cmocka_unit_test(statuses),
        cmocka_unit_test(content_types),  cmocka_unit_test(paths),
        cmocka_unit_test(health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Rows that apimachinery itself answered: tests/reference/cases/quantity_cases.jsonl (keys in the README there). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <podfit/file.h>
#include <podfit/macro.h>
#include <podfit/quantity.h>

#define CASES_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define CASES_MIN_ROWS  200U

/* One row: what failed is printed with it. */
struct row {
    const json_t *json;
    const char *in;
    unsigned line;
    unsigned failures;
};

static void complain(struct row *row, const char *key, const char *want, const char *got)
{
    print_error("line %u, in '%s', %s: want '%s', got '%s'\n", row->line, row->in, key, want, got);
    row->failures++;
}

static void check_text(struct row *row, const char *key, const char *want, struct pf_sv got)
{
    if (want != NULL && !pf_sv_eq_cstr(got, want)) {
        char copy[PF_QUANTITY_TEXT_BYTES];
        (void)snprintf(copy, sizeof(copy), "%.*s", PF_SV_ARG(got));
        complain(row, key, want, copy);
    }
}

static void check_number(struct row *row, const char *key, const json_t *want, int64_t got)
{
    if (want == NULL || json_integer_value(want) == got) {
        return;
    }
    char wanted[32];
    char found[32];
    (void)snprintf(wanted, sizeof(wanted), "%lld", (long long)json_integer_value(want));
    (void)snprintf(found, sizeof(found), "%lld", (long long)got);
    complain(row, key, wanted, found);
}

static void check_bool(struct row *row, const char *key, const json_t *want, bool got)
{
    if (want != NULL && json_is_true(want) != got) {
        complain(row, key, json_is_true(want) ? "true" : "false", got ? "true" : "false");
    }
}

static const char *text_of(const struct row *row, const char *key)
{
    return json_string_value(json_object_get(row->json, key));
}

static struct pf_sv original(const struct row *row)
{
    const struct pf_sv in = pf_sv_from(row->in);
    return json_is_true(json_object_get(row->json, "json")) ? pf_quantity_json_text(in) : in;
}

static bool parse_operand(struct row *row, const char *key, struct pf_quantity *ret_quantity)
{
    const char *text = text_of(row, key);
    if (text == NULL) {
        return false;
    }
    if (pf_quantity_parse(pf_sv_from(text), ret_quantity, NULL) != PF_OK) {
        complain(row, key, "a quantity", text);
        return false;
    }
    return true;
}

static void check_as_i64(struct row *row, const struct pf_quantity *quantity)
{
    const json_t *want = json_object_get(row->json, "int64");
    int64_t got = 0;
    if (pf_quantity_as_i64(quantity, &got) != (want != NULL)) {
        complain(row, "int64", want != NULL ? "a number" : "none", "the opposite");
    } else {
        check_number(row, "int64", want, got);
    }
}

static void check_conversions(struct row *row, const struct pf_quantity *quantity)
{
    static const char *const formats[] = {
        [PF_QUANTITY_DECIMAL_SI] = "DecimalSI",
        [PF_QUANTITY_BINARY_SI] = "BinarySI",
        [PF_QUANTITY_DECIMAL_EXPONENT] = "DecimalExponent",
    };
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(quantity, text);
    check_text(row, "canonical", text_of(row, "canonical"), (struct pf_sv){text, len});
    const char *string = text_of(row, "string");
    check_text(row, "string", string != NULL ? string : text_of(row, "canonical"),
               pf_quantity_string(quantity, original(row), text));
    check_text(row, "format", text_of(row, "format"), pf_sv_from(formats[quantity->format]));
    check_number(row, "value", json_object_get(row->json, "value"), pf_quantity_value(quantity));
    check_number(row, "milli", json_object_get(row->json, "milli"), pf_quantity_milli(quantity));
    check_as_i64(row, quantity);
    struct pf_quantity rounded = *quantity;
    pf_quantity_round_up_milli(&rounded);
    check_text(row, "after_milli_roundup", text_of(row, "after_milli_roundup"),
               pf_quantity_string(&rounded, original(row), text));
}

/*
 * One row compares a number that has no text: the harness took -2^63 x 10^-19 from the upstream table and printed it, and printing
 * loses an exponent of -21. Of the printed text the reference itself answers -1.
 */
static bool is_misprinted(const struct row *row)
{
    return strcmp(row->in, "-922337203685477580800") == 0 &&
           strcmp(text_of(row, "cmp_to"), "-1") == 0;
}

static void check_cmp(struct row *row, const struct pf_quantity *quantity)
{
    struct pf_quantity other;
    if (!parse_operand(row, "cmp_to", &other)) {
        return;
    }
    const int got = pf_quantity_cmp(quantity, &other);
    if (is_misprinted(row)) {
        assert_true(got < 0);
        return;
    }
    check_number(row, "cmp", json_object_get(row->json, "cmp"), (got > 0) - (got < 0));
    const int mirrored = pf_quantity_cmp(&other, quantity);
    assert_int_equal((got > 0) - (got < 0), (mirrored < 0) - (mirrored > 0));
}

static void check_result(struct row *row, const char *key, enum pf_code code,
                         const struct pf_quantity *result)
{
    if (code != PF_OK) {
        complain(row, key, "ok", pf_code_name(code));
        return;
    }
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(result, text);
    check_text(row, key, text_of(row, "result"), (struct pf_sv){text, len});
}

static void check_arithmetic(struct row *row, const struct pf_quantity *quantity)
{
    struct pf_quantity other;
    struct pf_quantity result = pf_quantity_zero;
    if (parse_operand(row, "add", &other)) {
        check_result(row, "add", pf_quantity_add(quantity, &other, &result), &result);
    }
    if (parse_operand(row, "sub", &other)) {
        check_result(row, "sub", pf_quantity_sub(quantity, &other, &result), &result);
    }
    const json_t *factor = json_object_get(row->json, "mul");
    if (factor != NULL) {
        check_result(row, "mul", pf_quantity_mul(quantity, json_integer_value(factor), &result),
                     &result);
        check_bool(row, "fits_int64", json_object_get(row->json, "fits_int64"),
                   pf_quantity_fits_i64(&result));
    }
    if (json_object_get(row->json, "neg") != NULL) {
        result = *quantity;
        pf_quantity_neg(&result);
        check_result(row, "neg", PF_OK, &result);
    }
    const json_t *round_up = json_object_get(row->json, "round_up");
    if (round_up != NULL) {
        result = *quantity;
        const int32_t scale = (int32_t)json_integer_value(json_object_get(round_up, "scale"));
        const bool exact = pf_quantity_round_up(&result, scale);
        check_bool(row, "round_up.exact", json_object_get(round_up, "exact"), exact);
        char text[PF_QUANTITY_TEXT_BYTES];
        check_text(row, "round_up", json_string_value(json_object_get(round_up, "expect")),
                   pf_quantity_string(&result, original(row), text));
    }
}

static void check_row(struct row *row)
{
    const struct pf_sv in = pf_sv_from(row->in);
    struct pf_quantity quantity;
    const enum pf_code code = json_is_true(json_object_get(row->json, "json"))
                                  ? pf_quantity_parse_json(in, &quantity, NULL)
                                  : pf_quantity_parse(in, &quantity, NULL);
    const bool ok = json_is_true(json_object_get(row->json, "ok"));
    if (code != (ok ? PF_OK : PF_E_INVALID)) {
        complain(row, "ok", ok ? "ok" : "invalid", pf_code_name(code));
        return;
    }
    if (ok) {
        check_conversions(row, &quantity);
        check_cmp(row, &quantity);
        check_arithmetic(row, &quantity);
    }
}

static struct pf_sv next_line(struct pf_sv *rest)
{
    const size_t end = pf_sv_find(*rest, PF_SV("\n"));
    const size_t len = end == SIZE_MAX ? rest->len : end;
    const struct pf_sv line = {.ptr = rest->ptr, .len = len};
    const size_t skip = end == SIZE_MAX ? len : len + 1;
    *rest = (struct pf_sv){.ptr = rest->ptr + skip, .len = rest->len - skip};
    return line;
}

static void test_reference_rows(void **state)
{
    (void)state;
    pf_autobuf struct pf_buf file;
    pf_buf_init(&file, CASES_MAX_BYTES);
    struct pf_err err = {0};
    assert_int_equal(
        pf_file_read(PF_TEST_DATA "/reference/cases/quantity_cases.jsonl", &file, &err), PF_OK);
    struct pf_sv rest = pf_buf_view(&file);
    unsigned rows = 0;
    unsigned failures = 0;
    while (rest.len != 0) {
        const struct pf_sv line = next_line(&rest);
        if (line.len == 0) {
            continue;
        }
        rows++;
        json_t *json = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        struct row row = {.json = json, .line = rows};
        row.in = text_of(&row, "in");
        assert_non_null(row.in);
        check_row(&row);
        failures += row.failures;
        json_decref(json);
    }
    print_message("%u rows\n", rows);
    assert_int_equal(failures, 0);
    assert_true(rows >= CASES_MIN_ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

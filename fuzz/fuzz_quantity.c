/* Two texts, separated by a line feed: parse both as text and as JSON, compute with them, write them and read them back. */

#include <stdint.h>
#include <stdlib.h>

#include <podfit/quantity.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Written with an exponent (which loses nothing) and read again it is the same number. */
static void round_trip(struct pf_quantity quantity)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    require(pf_quantity_format(&quantity, text) < sizeof(text));
    quantity.format = PF_QUANTITY_DECIMAL_EXPONENT;
    const size_t len = pf_quantity_format(&quantity, text);
    require(len < sizeof(text));
    struct pf_quantity back;
    const enum pf_code code =
        pf_quantity_parse((struct pf_sv){.ptr = text, .len = len}, &back, NULL);
    if (code == PF_E_TOO_BIG) { /* the canonical exponent may be over the limit */
        require(quantity.scale > PF_QUANTITY_MAX_EXPONENT - 100);
        return;
    }
    require(code == PF_OK && pf_quantity_cmp(&quantity, &back) == 0);
}

static void convert(const struct pf_quantity *quantity)
{
    int64_t value = 0;
    if (pf_quantity_as_i64(quantity, &value)) {
        require(value == pf_quantity_value(quantity));
    }
    struct pf_quantity rounded = *quantity;
    const bool exact = pf_quantity_round_up(&rounded, -3);
    const int cmp = pf_quantity_cmp(&rounded, quantity);
    require(exact == (cmp == 0));
    require(exact || (pf_quantity_sign(quantity) > 0) == (cmp > 0));
    (void)pf_quantity_milli(&rounded);
    struct pf_quantity negated = *quantity;
    pf_quantity_neg(&negated);
    require(pf_quantity_sign(&negated) == -pf_quantity_sign(quantity));
    round_trip(*quantity);
    round_trip(rounded);
}

static void compute(const struct pf_quantity *a, const struct pf_quantity *b)
{
    struct pf_quantity sum;
    struct pf_quantity back;
    if (pf_quantity_add(a, b, &sum) == PF_OK) {
        round_trip(sum);
        require(pf_quantity_sub(&sum, b, &back) == PF_OK && pf_quantity_cmp(&back, a) == 0);
    }
    if (pf_quantity_sub(a, b, &sum) == PF_OK) {
        const int cmp = pf_quantity_cmp(a, b);
        require(pf_quantity_sign(&sum) == (cmp > 0) - (cmp < 0));
    }
    if (pf_quantity_mul(a, pf_quantity_value(b), &sum) == PF_OK) {
        (void)pf_quantity_fits_i64(&sum);
        round_trip(sum);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pf_sv all = {.ptr = (const char *)data, .len = size};
    const size_t end = pf_sv_find(all, PF_SV("\n"));
    const struct pf_sv first = {.ptr = all.ptr, .len = end == SIZE_MAX ? size : end};
    const size_t start = end == SIZE_MAX ? size : end + 1;
    const struct pf_sv second = {.ptr = all.ptr + start, .len = size - start};
    struct pf_err err = {0};
    struct pf_quantity json;
    if (pf_quantity_parse_json(first, &json, &err) == PF_OK) {
        convert(&json);
    }
    pf_err_clear(&err);
    struct pf_quantity a;
    struct pf_quantity b;
    if (pf_quantity_parse(first, &a, &err) != PF_OK) {
        return 0;
    }
    convert(&a);
    if (pf_quantity_parse(second, &b, NULL) == PF_OK) {
        convert(&b);
        compute(&a, &b);
    }
    return 0;
}

#include "resolve.h"

#include <math.h>

struct word {
    const char *text;
    enum pf_yaml_type type;
    double number; /* floats; booleans: 0 or 1 */
};

/* go-yaml v2 resolve.go, resolveMapList */
static const struct word words[] = {
    {.text = "", .type = PF_YAML_NULL},
    {.text = "~", .type = PF_YAML_NULL},
    {.text = "null", .type = PF_YAML_NULL},
    {.text = "Null", .type = PF_YAML_NULL},
    {.text = "NULL", .type = PF_YAML_NULL},
    {.text = "y", .type = PF_YAML_BOOL, .number = 1},
    {.text = "Y", .type = PF_YAML_BOOL, .number = 1},
    {.text = "yes", .type = PF_YAML_BOOL, .number = 1},
    {.text = "Yes", .type = PF_YAML_BOOL, .number = 1},
    {.text = "YES", .type = PF_YAML_BOOL, .number = 1},
    {.text = "true", .type = PF_YAML_BOOL, .number = 1},
    {.text = "True", .type = PF_YAML_BOOL, .number = 1},
    {.text = "TRUE", .type = PF_YAML_BOOL, .number = 1},
    {.text = "on", .type = PF_YAML_BOOL, .number = 1},
    {.text = "On", .type = PF_YAML_BOOL, .number = 1},
    {.text = "ON", .type = PF_YAML_BOOL, .number = 1},
    {.text = "n", .type = PF_YAML_BOOL},
    {.text = "N", .type = PF_YAML_BOOL},
    {.text = "no", .type = PF_YAML_BOOL},
    {.text = "No", .type = PF_YAML_BOOL},
    {.text = "NO", .type = PF_YAML_BOOL},
    {.text = "false", .type = PF_YAML_BOOL},
    {.text = "False", .type = PF_YAML_BOOL},
    {.text = "FALSE", .type = PF_YAML_BOOL},
    {.text = "off", .type = PF_YAML_BOOL},
    {.text = "Off", .type = PF_YAML_BOOL},
    {.text = "OFF", .type = PF_YAML_BOOL},
    {.text = ".nan", .type = PF_YAML_FLOAT, .number = (double)NAN},
    {.text = ".NaN", .type = PF_YAML_FLOAT, .number = (double)NAN},
    {.text = ".NAN", .type = PF_YAML_FLOAT, .number = (double)NAN},
    {.text = ".inf", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = ".Inf", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = ".INF", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = "+.inf", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = "+.Inf", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = "+.INF", .type = PF_YAML_FLOAT, .number = (double)INFINITY},
    {.text = "-.inf", .type = PF_YAML_FLOAT, .number = -(double)INFINITY},
    {.text = "-.Inf", .type = PF_YAML_FLOAT, .number = -(double)INFINITY},
    {.text = "-.INF", .type = PF_YAML_FLOAT, .number = -(double)INFINITY},
};

/* the longest of the words */
#define WORD_MAX_BYTES 5

static bool resolve_word(struct pf_yaml_node *node)
{
    if (node->text.len > WORD_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(words); i++) {
        if (!pf_sv_eq_cstr(node->text, words[i].text)) {
            continue;
        }
        node->type = words[i].type;
        if (node->type == PF_YAML_BOOL) {
            node->value.boolean = words[i].number > 0;
        } else if (node->type == PF_YAML_FLOAT) {
            node->value.number = words[i].number;
        }
        return true;
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned digit_value(char c)
{
    if (is_digit(c)) {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return UINT32_MAX;
}

static struct pf_sv skip(struct pf_sv text, size_t bytes)
{
    return (struct pf_sv){.ptr = text.ptr + bytes, .len = text.len - bytes};
}

/* the prefix that strconv.ParseInt with base 0 knows; returns the base and cuts the prefix off */
static unsigned take_base(struct pf_sv *digits)
{
    if (digits->len < 2 || digits->ptr[0] != '0') {
        return 10;
    }
    unsigned c = (unsigned char)digits->ptr[1] | 0x20U;
    unsigned base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
    *digits = skip(*digits, base != 0 ? 2 : 1);
    return base != 0 ? base : 8;
}

/* strconv.ParseInt(plain, 0, 64), then ParseUint */
static bool parse_integer(struct pf_sv text, struct pf_yaml_integer *ret_integer)
{
    struct pf_sv digits = text;
    char sign = '\0';
    uint64_t limit = UINT64_MAX;
    if (digits.len != 0) {
        sign = digits.ptr[0];
    }
    if (sign == '-' || sign == '+') {
        digits = skip(digits, 1);
        limit = sign == '-' ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    }
    unsigned base = take_base(&digits);
    if (digits.len == 0) {
        return false;
    }
    uint64_t magnitude = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = digit_value(digits.ptr[i]);
        if (digit >= base || __builtin_mul_overflow(magnitude, (uint64_t)base, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)digit, &magnitude)) {
            return false;
        }
    }
    if (magnitude > limit) {
        return false;
    }
    *ret_integer = (struct pf_yaml_integer){.magnitude = magnitude, .negative = sign == '-'};
    return true;
}

static size_t count_digits(struct pf_sv text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_digit(text.ptr[end])) {
        end++;
    }
    return end - at;
}

/* go-yaml's yamlStyleFloat: [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(struct pf_sv text)
{
    size_t at = text.len != 0 && (text.ptr[0] == '-' || text.ptr[0] == '+') ? 1 : 0;
    size_t whole = count_digits(text, at);
    size_t fraction = 0;
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        fraction = count_digits(text, at + 1);
        at += 1 + fraction;
    }
    if (whole + fraction == 0) {
        return false;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+') ? 1 : 0;
        size_t exponent = count_digits(text, at);
        at += exponent;
        return exponent != 0 && at == text.len;
    }
    return at == text.len;
}

/* go-yaml drops every `_` of a number; @return the view without them, ptr NULL without memory */
static struct pf_sv without_underscores(struct pf_sv text, struct pf_arena *arena)
{
    if (memchr(text.ptr, '_', text.len) == NULL) {
        return text;
    }
    char *copy = pf_arena_dup(arena, text);
    struct pf_sv out = {.ptr = copy};
    for (size_t i = 0; copy != NULL && i < text.len; i++) {
        if (text.ptr[i] != '_') {
            copy[out.len++] = text.ptr[i];
        }
    }
    if (copy != NULL) {
        copy[out.len] = '\0';
    }
    return out;
}

/* a number over the range of double is a string (strconv.ParseFloat fails) */
static void resolve_float(struct pf_yaml_node *node, struct pf_sv plain)
{
    if (!looks_like_float(plain)) {
        return;
    }
    double number = strtod(plain.ptr, NULL);
    if (isfinite(number)) {
        node->type = PF_YAML_FLOAT;
        node->value.number = number;
    }
}

/* dates (2026-11-22) need no case of their own: they are no numbers, and strings in JSON */
static enum pf_code resolve_number(struct pf_yaml_node *node, struct pf_arena *arena)
{
    char first = node->text.ptr[0];
    if (first == '.') {
        resolve_float(node, node->text);
        return PF_OK;
    }
    if (!is_digit(first) && first != '-' && first != '+') {
        return PF_OK;
    }
    struct pf_sv plain = without_underscores(node->text, arena);
    if (plain.ptr == NULL) {
        return PF_E_NO_MEMORY;
    }
    struct pf_yaml_integer integer = {.magnitude = 0};
    if (parse_integer(plain, &integer)) {
        node->type = PF_YAML_INT;
        node->value.integer = integer;
    } else {
        resolve_float(node, plain);
    }
    return PF_OK;
}

static enum pf_code resolve_plain(struct pf_yaml_node *node, struct pf_arena *arena)
{
    node->type = PF_YAML_STRING;
    if (resolve_word(node)) {
        return PF_OK;
    }
    return resolve_number(node, arena);
}

/* !!float 5 is 5.0; every other tag demands its type */
static enum pf_code apply_tag(struct pf_yaml_node *node, enum pf_yaml_type type)
{
    if (type == PF_YAML_FLOAT && node->type == PF_YAML_INT) {
        double number = (double)node->value.integer.magnitude;
        number = node->value.integer.negative ? -number : number;
        node->type = PF_YAML_FLOAT;
        node->value.number = number;
    }
    return node->type == type ? PF_OK : PF_E_INVALID;
}

static const struct {
    const char *name;
    enum pf_yaml_type type;
} scalar_tags[] = {
    {.name = "null", .type = PF_YAML_NULL},        {.name = "bool", .type = PF_YAML_BOOL},
    {.name = "int", .type = PF_YAML_INT},          {.name = "float", .type = PF_YAML_FLOAT},
    {.name = "timestamp", .type = PF_YAML_STRING},
};

enum pf_code pf_resolve_scalar(struct pf_yaml_node *node, const char *tag, struct pf_arena *arena)
{
    const size_t prefix_bytes = sizeof(PF_RESOLVE_TAG_PREFIX) - 1;
    if (tag == NULL) {
        if (node->style == PF_YAML_PLAIN) {
            return resolve_plain(node, arena);
        }
        node->type = PF_YAML_STRING;
        return PF_OK;
    }
    if (strncmp(tag, PF_RESOLVE_TAG_PREFIX, prefix_bytes) != 0) {
        return PF_E_UNSUPPORTED;
    }
    if (strcmp(tag + prefix_bytes, "str") == 0) {
        node->type = PF_YAML_STRING;
        return PF_OK;
    }
    for (size_t i = 0; i < PF_ARRAY_LEN(scalar_tags); i++) {
        if (strcmp(tag + prefix_bytes, scalar_tags[i].name) != 0) {
            continue;
        }
        enum pf_code code = resolve_plain(node, arena);
        return code != PF_OK ? code : apply_tag(node, scalar_tags[i].type);
    }
    return PF_E_UNSUPPORTED;
}

bool pf_resolve_is_plain_string(struct pf_sv text)
{
    struct pf_yaml_node node = {.text = text};
    if (resolve_word(&node)) {
        return false;
    }
    /* a digit, a sign or a dot in front: quoted, whatever the rest says */
    return text.len != 0 && !is_digit(text.ptr[0]) && text.ptr[0] != '-' && text.ptr[0] != '+' &&
           text.ptr[0] != '.';
}

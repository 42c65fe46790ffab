#include <math.h>

#include <podfit/write.h>
#include <podfit/yaml.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct pf_sv text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_digit(text.ptr[end])) {
        end++;
    }
    return end - at;
}

static size_t skip_sign(struct pf_sv text, size_t at, const char *signs)
{
    return at < text.len && strchr(signs, text.ptr[at]) != NULL && text.ptr[at] != '\0' ? at + 1
                                                                                        : at;
}

/* RFC 8259 section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_json_number(struct pf_sv text)
{
    size_t at = skip_sign(text, 0, "-");
    size_t whole = count_digits(text, at);
    if (whole == 0 || (whole > 1 && text.ptr[at] == '0')) {
        return false;
    }
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        size_t fraction = count_digits(text, at + 1);
        at += 1 + fraction;
        if (fraction == 0) {
            return false;
        }
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        at = skip_sign(text, at + 1, "+-");
        size_t exponent = count_digits(text, at);
        at += exponent;
        if (exponent == 0) {
            return false;
        }
    }
    return at == text.len;
}

/*
 * A YAML float as a JSON number of the same value, digit by digit, so that nothing is lost through a double: no plus, no `_`, no
 * leading zeros, digits on both sides of the point.
 */
static void append_float(struct pf_buf *buf, struct pf_sv text)
{
    size_t at = 0;
    size_t whole = 0;
    if (text.ptr[at] == '-') {
        pf_buf_append_char(buf, '-');
    }
    at = skip_sign(text, at, "+-");
    for (; at < text.len && (is_digit(text.ptr[at]) || text.ptr[at] == '_'); at++) {
        bool leading_zero = whole == 0 && text.ptr[at] == '0';
        if (text.ptr[at] != '_' && !leading_zero) {
            pf_buf_append_char(buf, text.ptr[at]);
            whole++;
        }
    }
    if (whole == 0) {
        pf_buf_append_char(buf, '0');
    }
    bool point = false; /* written when a digit follows */
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (c == '.') {
            point = true;
        } else if (c != '_') {
            if (point && is_digit(c)) {
                pf_buf_append_char(buf, '.');
            }
            point = false;
            pf_buf_append_char(buf, c);
        }
    }
}

static enum pf_code append_number(const struct pf_yaml_node *node, struct pf_buf *buf,
                                  struct pf_err *err)
{
    if (node->type == PF_YAML_FLOAT && !isfinite(node->value.number)) {
        return pf_err_set(err, PF_E_UNSUPPORTED, "%u:%u: '%s' cannot be said in JSON",
                          node->mark.line, node->mark.column, node->text.ptr);
    }
    if (is_json_number(node->text)) {
        pf_buf_append_sv(buf, node->text);
    } else if (node->type == PF_YAML_INT) {
        if (node->value.integer.negative) {
            pf_buf_append_char(buf, '-');
        }
        pf_buf_append_u64(buf, node->value.integer.magnitude);
    } else if (strpbrk(node->text.ptr, "xXoObB") != NULL) {
        /* !!float 0x10: an integer of another base that a tag made a float; below 2^64 */
        pf_buf_printf(buf, "%.0f", node->value.number);
    } else {
        append_float(buf, node->text);
    }
    return PF_OK;
}

static enum pf_code append_node(const struct pf_yaml_node *node, struct pf_buf *buf,
                                struct pf_err *err);

static enum pf_code append_map(const struct pf_yaml_node *node, struct pf_buf *buf,
                               struct pf_err *err)
{
    enum pf_code code = PF_OK;
    pf_buf_append_char(buf, '{');
    for (size_t i = 0; code == PF_OK && i < node->count; i++) {
        if (i != 0) {
            pf_buf_append_char(buf, ',');
        }
        pf_write_string(buf, node->value.members[i].key);
        pf_buf_append_char(buf, ':');
        code = append_node(node->value.members[i].value, buf, err);
    }
    pf_buf_append_char(buf, '}');
    return code;
}

static enum pf_code append_seq(const struct pf_yaml_node *node, struct pf_buf *buf,
                               struct pf_err *err)
{
    enum pf_code code = PF_OK;
    pf_buf_append_char(buf, '[');
    for (size_t i = 0; code == PF_OK && i < node->count; i++) {
        if (i != 0) {
            pf_buf_append_char(buf, ',');
        }
        code = append_node(node->value.items[i], buf, err);
    }
    pf_buf_append_char(buf, ']');
    return code;
}

/* recursion is bounded by PF_YAML_MAX_DEPTH */
static enum pf_code append_node(const struct pf_yaml_node *node, struct pf_buf *buf,
                                struct pf_err *err)
{
    if (buf->failed != PF_OK) {
        return buf->failed; /* a full buffer need not be walked to the end */
    }
    switch (node->type) {
    case PF_YAML_MAP:
        return append_map(node, buf, err);
    case PF_YAML_SEQ:
        return append_seq(node, buf, err);
    case PF_YAML_INT:
    case PF_YAML_FLOAT:
        return append_number(node, buf, err);
    case PF_YAML_STRING:
        pf_write_string(buf, node->text);
        return PF_OK;
    case PF_YAML_BOOL:
        pf_buf_append_cstr(buf, node->value.boolean ? "true" : "false");
        return PF_OK;
    case PF_YAML_NULL:
    default:
        pf_buf_append_cstr(buf, "null");
        return PF_OK;
    }
}

enum pf_code pf_yaml_json_write(const struct pf_yaml_node *node, struct pf_buf *buf,
                                struct pf_err *err)
{
    enum pf_code code = append_node(node, buf, err);
    enum pf_code status = pf_buf_status(buf, err);
    return status != PF_OK ? status : code;
}

#include "labelname.h"

#define NAME_MAX_BYTES      ((size_t)63)
#define SUBDOMAIN_MAX_BYTES ((size_t)253)

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9], up to 63 characters */
static bool is_name(struct pf_sv text)
{
    if (text.len == 0 || text.len > NAME_MAX_BYTES || !is_alnum(text.ptr[0]) ||
        !is_alnum(text.ptr[text.len - 1])) {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.') {
            return false;
        }
    }
    return true;
}

/* RFC 1123 labels joined by dots; upstream bounds the whole, not each label */
static bool is_subdomain(struct pf_sv text, size_t max)
{
    if (text.len == 0 || text.len > max) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool first = i == 0 || text.ptr[i - 1] == '.';
        const bool last = i + 1 == text.len || text.ptr[i + 1] == '.';
        const bool inner = c == '-' && !first && !last;
        const bool dot = c == '.' && !first && i + 1 != text.len;
        if (!is_lower_or_digit(c) && !inner && !dot) {
            return false;
        }
    }
    return true;
}

bool pf_labelname_is_qualified(struct pf_sv text, size_t prefix_spare)
{
    const size_t slash = pf_sv_find(text, PF_SV("/"));
    if (slash == SIZE_MAX) {
        return is_name(text);
    }
    const struct pf_sv prefix = {.ptr = text.ptr, .len = slash};
    const struct pf_sv name = {.ptr = text.ptr + slash + 1, .len = text.len - slash - 1};
    return is_subdomain(prefix, SUBDOMAIN_MAX_BYTES - prefix_spare) && is_name(name);
}

bool pf_labelname_is_value(struct pf_sv text)
{
    return text.len == 0 || is_name(text);
}

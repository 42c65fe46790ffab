#include <stddef.h>

#include <podfit/macro.h>
#include <podfit/scan.h>
#include <podfit/value_scan.h>

/* inside a string: the place after its closing quote, or NULL */
static inline const char *scan_text(struct pf_value_scan *scan, const char *p, const char *end)
{
    unsigned high = 0;
    if (scan->escaped && p != end) {
        scan->escaped = false;
        p++;
    }
    for (;;) {
        p = pf_scan_text(p, end, &high);
        if (PF_UNLIKELY(p == end)) {
            return NULL;
        }
        const char c = *p++;
        if (PF_LIKELY(c == '"')) {
            scan->text = false;
            return p;
        }
        if (c != '\\') {
            continue; /* a raw control character: the decoder refuses it */
        }
        if (PF_UNLIKELY(p == end)) {
            scan->escaped = true;
            return NULL;
        }
        p++;
    }
}

static const char *scan_container(struct pf_value_scan *scan, const char *p, const char *end)
{
    uint64_t depth = scan->depth;
    while (p != end) {
        if (scan->text) {
            p = scan_text(scan, p, end);
            if (PF_UNLIKELY(p == NULL)) {
                break;
            }
            continue;
        }
        const char c = *p++;
        if (c == '"') {
            scan->text = true;
        } else if ((c | 0x20) == '{') { /* '[' is '{' without this bit, ']' is '}' */
            depth++;
        } else if ((c | 0x20) == '}') {
            depth--;
            if (depth == 0) {
                scan->depth = 0;
                return p;
            }
        }
    }
    scan->depth = depth;
    return NULL;
}

static bool in_scalar(char c)
{
    return c != ',' && c != ':' && c != '"' && (c | 0x20) != '{' && (c | 0x20) != '}' && c != ' ' &&
           c != '\n' && c != '\r' && c != '\t';
}

static const char *scan_scalar(const char *p, const char *end)
{
    while (p != end && in_scalar(*p)) {
        p++;
    }
    return p != end ? p : NULL;
}

const char *pf_value_scan(struct pf_value_scan *scan, const char *p, const char *end)
{
    if (p == end) {
        return NULL;
    }
    if (!scan->begun) {
        scan->begun = true;
        if (*p == '"') {
            scan->text = true;
            return scan_text(scan, p + 1, end);
        }
        if (*p != '{' && *p != '[') {
            return scan_scalar(p, end);
        }
    } else if (scan->depth == 0) {
        return scan->text ? scan_text(scan, p, end) : scan_scalar(p, end);
    }
    return scan_container(scan, p, end);
}

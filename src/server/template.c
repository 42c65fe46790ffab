#include <podfit/template.h>

struct render {
    const struct pf_template *template_;
    struct pf_buf *buf;
    size_t at; /* next byte of the template */
    const struct cJSON *stack[PF_TEMPLATE_DEPTH_MAX + 1];
    size_t depth;               /* entries of the stack */
    bool silent;                /* inside a section that is left out */
    const struct cJSON *member; /* of the innermost section over members */
};

/* What stands between {{ and }}. */
struct tag {
    char kind; /* '#', '^', '/', or 0: a value */
    struct pf_sv name;
    struct pf_sv filter;
};

static size_t sequence_bytes(struct pf_sv text, size_t at)
{
    for (size_t len = 1; len <= 4 && at + len <= text.len; len++) {
        if (pf_sv_is_utf8((struct pf_sv){.ptr = text.ptr + at, .len = len})) {
            return len;
        }
    }
    return 0;
}

static const char *reference(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '`':
        return "&#96;";
    default:
        return (unsigned char)c < ' ' || c == 0x7f ? " " : NULL;
    }
}

void pf_template_escape(struct pf_buf *buf, struct pf_sv text)
{
    for (size_t i = 0; i < text.len;) {
        const char *shown = reference(text.ptr[i]);
        const size_t len = shown != NULL ? 1 : sequence_bytes(text, i);
        if (shown != NULL) {
            pf_buf_append_cstr(buf, shown);
        } else if (len != 0) {
            pf_buf_append(buf, text.ptr + i, len);
        } else {
            pf_buf_append_cstr(buf, "\xef\xbf\xbd");
        }
        i += len != 0 ? len : 1;
    }
}

static struct pf_sv rest(const struct render *r)
{
    const struct pf_sv text = r->template_->text;
    return (struct pf_sv){.ptr = text.ptr + r->at, .len = text.len - r->at};
}

static struct pf_sv cut(struct pf_sv *text, char at)
{
    size_t len = 0;
    while (len < text->len && text->ptr[len] != at) {
        len++;
    }
    const struct pf_sv head = {.ptr = text->ptr, .len = len};
    const size_t skip = len < text->len ? len + 1 : len;
    text->ptr += skip;
    text->len -= skip;
    return head;
}

static enum pf_code fail(const struct render *r, const char *what, struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID, "template: %s before byte %zu", what, r->at);
}

/* Copy the text up to the next tag. @return PF_E_NOT_FOUND at the end of the template */
static enum pf_code next_tag(struct render *r, struct tag *ret_tag, struct pf_err *err)
{
    const struct pf_sv text = rest(r);
    const size_t open = pf_sv_find(text, PF_SV("{{"));
    const size_t plain = open != SIZE_MAX ? open : text.len;
    if (!r->silent) {
        pf_buf_append(r->buf, text.ptr, plain);
    }
    r->at += plain;
    if (open == SIZE_MAX) {
        return PF_E_NOT_FOUND;
    }
    r->at += 2;
    struct pf_sv inside = rest(r);
    const size_t close = pf_sv_find(inside, PF_SV("}}"));
    if (close == SIZE_MAX || close == 0) {
        return fail(r, "a tag without an end or a name", err);
    }
    r->at += close + 2;
    inside.len = close;
    struct tag tag = {.kind = '\0'};
    if (inside.ptr[0] == '#' || inside.ptr[0] == '^' || inside.ptr[0] == '/') {
        tag.kind = inside.ptr[0];
        inside.ptr++;
        inside.len--;
    }
    tag.name = cut(&inside, '|');
    tag.filter = inside;
    *ret_tag = tag;
    return PF_OK;
}

static const struct cJSON *find(const struct render *r, struct pf_sv name)
{
    if (pf_sv_eq_cstr(name, ".")) {
        return r->stack[r->depth - 1];
    }
    const struct pf_sv first = cut(&name, '.');
    const struct cJSON *found = NULL;
    for (size_t i = r->depth; i != 0 && found == NULL; i--) {
        found = pf_wire_get_sv(r->stack[i - 1], first);
    }
    while (name.len != 0) {
        found = pf_wire_get_sv(found, cut(&name, '.'));
    }
    return found;
}

static bool is_true(const struct cJSON *value)
{
    bool truth = false;
    switch (pf_wire_kind(value)) {
    case PF_JSON_STRING:
        return pf_wire_string(value).len != 0;
    case PF_JSON_NUMBER:
        return !pf_sv_eq_cstr(pf_wire_number(value), "0");
    case PF_JSON_ARRAY:
        return pf_wire_first(value) != NULL;
    case PF_JSON_OBJECT:
        return true;
    case PF_JSON_BOOL:
        return pf_wire_bool(value, &truth) && truth;
    default:
        return false;
    }
}

static enum pf_code put_value(const struct render *r, const struct tag *tag, struct pf_err *err)
{
    if (pf_sv_eq_cstr(tag->name, "@")) {
        pf_template_escape(r->buf, pf_wire_key(r->member));
        return PF_OK;
    }
    const struct cJSON *value = find(r, tag->name);
    if (tag->filter.len == 0) {
        pf_template_escape(r->buf, pf_wire_is_number(value) ? pf_wire_number(value)
                                                            : pf_wire_string(value));
        return PF_OK;
    }
    for (size_t i = 0; i < r->template_->filter_count; i++) {
        const struct pf_template_filter *filter = &r->template_->filters[i];
        if (pf_sv_eq_cstr(tag->filter, filter->name)) {
            filter->append(filter, value, r->buf);
            return PF_OK;
        }
    }
    return fail(r, "an unknown filter", err);
}

static enum pf_code render_until(struct render *r, struct pf_sv closing, struct pf_err *err);

/* The inside of a section once; @p item NULL: left out. */
static enum pf_code inside_once(struct render *r, const struct tag *tag, const struct cJSON *item,
                                struct pf_err *err)
{
    const bool silent = r->silent;
    r->silent = silent || item == NULL;
    r->stack[r->depth++] = item;
    const enum pf_code code = render_until(r, tag->name, err);
    r->depth--;
    r->silent = silent;
    return code;
}

static enum pf_code section(struct render *r, const struct tag *tag, struct pf_err *err)
{
    if (r->depth > PF_TEMPLATE_DEPTH_MAX) {
        return fail(r, "sections nested too deeply", err);
    }
    struct pf_sv name = tag->name;
    const bool members = name.len != 0 && name.ptr[name.len - 1] == '*';
    name.len -= members ? 1 : 0;
    const struct cJSON *value = r->silent ? NULL : find(r, name);
    if (tag->kind == '^') {
        const struct cJSON *same = r->stack[r->depth - 1];
        return inside_once(r, tag, is_true(value) ? NULL : same, err);
    }
    if (!is_true(value)) {
        return inside_once(r, tag, NULL, err);
    }
    if (!pf_wire_is_array(value) && !members) {
        return inside_once(r, tag, value, err);
    }
    const size_t start = r->at;
    const struct cJSON *outer = r->member;
    enum pf_code code = PF_OK;
    const struct cJSON *item = pf_wire_first(value);
    for (; item != NULL && code == PF_OK; item = pf_wire_next(item)) {
        r->at = start;
        r->member = members ? item : outer;
        code = inside_once(r, tag, item, err);
    }
    r->member = outer;
    return code;
}

/* Up to the end of the section @p closing, or of the template when that is empty. */
/* NOLINTNEXTLINE(misc-no-recursion): bounded by PF_TEMPLATE_DEPTH_MAX */
static enum pf_code render_until(struct render *r, struct pf_sv closing, struct pf_err *err)
{
    enum pf_code code = PF_OK;
    while (code == PF_OK) {
        struct tag tag = {.kind = '\0'};
        code = next_tag(r, &tag, err);
        if (code == PF_E_NOT_FOUND) {
            return closing.len == 0 ? PF_OK : fail(r, "a section without an end", err);
        }
        if (code != PF_OK) {
            return code;
        }
        if (tag.kind == '/') {
            return pf_sv_eq(tag.name, closing) ? PF_OK : fail(r, "an end of another section", err);
        }
        if (tag.kind != '\0') {
            code = section(r, &tag, err);
        } else if (!r->silent) {
            code = put_value(r, &tag, err);
        }
    }
    return code;
}

enum pf_code pf_template_render(const struct pf_template *template_, const struct cJSON *tree,
                                struct pf_buf *buf, struct pf_err *err)
{
    struct render r = {.template_ = template_, .buf = buf, .stack = {tree}, .depth = 1};
    const enum pf_code code = render_until(&r, (struct pf_sv){.len = 0}, err);
    return code == PF_OK ? pf_buf_status(buf, err) : code;
}

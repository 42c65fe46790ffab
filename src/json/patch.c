#include <podfit/patch.h>
#include <podfit/write.h>

typedef void append_fn(struct pf_buf *buf, struct pf_sv text);

static void append_segment(struct pf_buf *buf, struct pf_sv segment, append_fn *append)
{
    size_t start = 0;
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.ptr[i] == '~' || segment.ptr[i] == '/') {
            append(buf, (struct pf_sv){.ptr = segment.ptr + start, .len = i - start});
            pf_buf_append_cstr(buf, segment.ptr[i] == '~' ? "~0" : "~1");
            start = i + 1;
        }
    }
    if (start < segment.len) {
        append(buf, (struct pf_sv){.ptr = segment.ptr + start, .len = segment.len - start});
    }
}

static void append_pointer(struct pf_buf *buf, const struct pf_sv *segments, size_t count,
                           append_fn *append)
{
    for (size_t i = 0; i < count; i++) {
        pf_buf_append_char(buf, '/');
        append_segment(buf, segments[i], append);
    }
}

void pf_patch_escape(struct pf_buf *buf, struct pf_sv segment)
{
    append_segment(buf, segment, pf_buf_append_sv);
}

void pf_patch_pointer(struct pf_buf *buf, const struct pf_sv *segments, size_t count)
{
    append_pointer(buf, segments, count, pf_buf_append_sv);
}

void pf_patch_begin(struct pf_patch *patch, struct pf_buf *buf)
{
    *patch = (struct pf_patch){.buf = buf};
    pf_buf_append_char(buf, '[');
}

static void operation(struct pf_patch *patch, const char *name, const struct pf_sv *segments,
                      size_t count)
{
    pf_buf_append_cstr(patch->buf, patch->count != 0 ? ",{\"op\":\"" : "{\"op\":\"");
    pf_buf_append_cstr(patch->buf, name);
    pf_buf_append_cstr(patch->buf, "\",\"path\":\"");
    append_pointer(patch->buf, segments, count, pf_write_escaped);
    pf_buf_append_char(patch->buf, '"');
    patch->count++;
}

static void with_value(struct pf_patch *patch, struct pf_sv value)
{
    pf_buf_append_cstr(patch->buf, ",\"value\":");
    pf_buf_append_sv(patch->buf, value);
    pf_buf_append_char(patch->buf, '}');
}

void pf_patch_add(struct pf_patch *patch, const struct pf_sv *segments, size_t count,
                  struct pf_sv value)
{
    operation(patch, "add", segments, count);
    with_value(patch, value);
}

void pf_patch_replace(struct pf_patch *patch, const struct pf_sv *segments, size_t count,
                      struct pf_sv value)
{
    operation(patch, "replace", segments, count);
    with_value(patch, value);
}

void pf_patch_remove(struct pf_patch *patch, const struct pf_sv *segments, size_t count)
{
    operation(patch, "remove", segments, count);
    pf_buf_append_char(patch->buf, '}');
}

void pf_patch_end(struct pf_patch *patch)
{
    pf_buf_append_char(patch->buf, ']');
}

size_t pf_patch_count(const struct pf_patch *patch)
{
    return patch->count;
}

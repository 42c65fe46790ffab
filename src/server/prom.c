#include <podfit/prom.h>

static const char *const type_names[] = {
    [PF_PROM_COUNTER] = "counter",
    [PF_PROM_GAUGE] = "gauge",
    [PF_PROM_HISTOGRAM] = "histogram",
};

static void put_escaped(struct pf_buf *buf, struct pf_sv text, bool quotes)
{
    const bool utf8 = pf_sv_is_utf8(text);
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '\\') {
            pf_buf_append_cstr(buf, "\\\\");
        } else if (c == '\n') {
            pf_buf_append_cstr(buf, "\\n");
        } else if (c == '"' && quotes) {
            pf_buf_append_cstr(buf, "\\\"");
        } else if (((unsigned char)c & 0x80U) != 0 && !utf8) {
            pf_buf_append_cstr(buf, "\xEF\xBF\xBD");
        } else {
            pf_buf_append_char(buf, c);
        }
    }
}

void pf_prom_escape(struct pf_buf *buf, struct pf_sv text)
{
    put_escaped(buf, text, /* quotes= */ true);
}

void pf_prom_family(struct pf_buf *buf, const char *name, enum pf_prom_type type, const char *help)
{
    pf_buf_printf(buf, "# HELP %s ", name);
    put_escaped(buf, pf_sv_from(help), /* quotes= */ false);
    pf_buf_printf(buf, "\n# TYPE %s %s\n", name, type_names[type]);
}

static void put_head(struct pf_buf *buf, const char *name, const struct pf_prom_label *labels,
                     size_t count)
{
    pf_buf_append_cstr(buf, name);
    for (size_t i = 0; i < count; i++) {
        pf_buf_append_char(buf, i == 0 ? '{' : ',');
        pf_buf_append_cstr(buf, labels[i].name);
        pf_buf_append_cstr(buf, "=\"");
        pf_prom_escape(buf, labels[i].value);
        pf_buf_append_char(buf, '"');
    }
    pf_buf_append_cstr(buf, count != 0 ? "} " : " ");
}

void pf_prom_sample(struct pf_buf *buf, const char *name, const struct pf_prom_label *labels,
                    size_t count, uint64_t value)
{
    put_head(buf, name, labels, count);
    pf_buf_append_u64(buf, value);
    pf_buf_append_char(buf, '\n');
}

void pf_prom_sample_nano(struct pf_buf *buf, const char *name, const struct pf_prom_label *labels,
                         size_t count, int64_t nano)
{
    put_head(buf, name, labels, count);
    const bool negative = nano < 0;
    const uint64_t magnitude = negative ? 0 - (uint64_t)nano : (uint64_t)nano;
    pf_buf_printf(buf, "%s%llu.%09llu\n", negative ? "-" : "",
                  (unsigned long long)(magnitude / 1000000000U),
                  (unsigned long long)(magnitude % 1000000000U));
}

void pf_prom_single(struct pf_buf *buf, const char *name, enum pf_prom_type type, const char *help,
                    uint64_t value)
{
    pf_prom_family(buf, name, type, help);
    pf_prom_sample(buf, name, NULL, 0, value);
}

void pf_prom_single_nano(struct pf_buf *buf, const char *name, const char *help, int64_t nano)
{
    pf_prom_family(buf, name, PF_PROM_GAUGE, help);
    pf_prom_sample_nano(buf, name, NULL, 0, nano);
}

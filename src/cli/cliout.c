#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <podfit/cliout.h>

const char *const pf_cliout_formats[] = {"table", "json", "yaml", NULL};

bool pf_cliout_colour(void)
{
    /* commands run in the main thread before any other, nobody changes the environment */
    const char *no_colour = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */
    const char *term = getenv("TERM");          /* NOLINT(concurrency-mt-unsafe) */
    const bool refused = no_colour != NULL && no_colour[0] != '\0';
    const bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    return !refused && !dumb && isatty(STDOUT_FILENO) == 1;
}

void pf_cliout_error(const char *format, ...)
{
    char text[PF_ERR_TEXT_BYTES * 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* a longer text is cut */
    va_end(args);
    pf_autobuf struct pf_buf line = {0};
    pf_buf_init(&line, sizeof(text) * 4 + 16);
    pf_buf_append_cstr(&line, "podfit: ");
    pf_cliout_put_text(&line, pf_sv_from(text));
    pf_buf_append_char(&line, '\n');
    /* nothing is left to report a failure of stderr to */
    (void)fwrite(line.len != 0 ? line.data : "", 1, line.len, stderr);
}

enum pf_code pf_cliout_flush(struct pf_buf *buf, struct pf_err *err)
{
    const enum pf_code code = pf_buf_status(buf, err);
    if (code != PF_OK) {
        return code;
    }
    if (buf->len != 0 && fwrite(buf->data, 1, buf->len, stdout) != buf->len) {
        return pf_err_set_errno(err, PF_E_IO, errno, "cannot write to standard output");
    }
    pf_buf_reset(buf);
    return PF_OK;
}

/* Bytes of the UTF-8 character at p, 0 when it is none. */
static size_t character_bytes(const char *p, size_t left)
{
    const unsigned char first = (unsigned char)p[0];
    const size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return len <= left && pf_sv_is_utf8((struct pf_sv){.ptr = p, .len = len}) ? len : 0;
}

static bool is_control(const char *p, size_t len)
{
    const unsigned char first = (unsigned char)p[0];
    return first < 0x20 || first == 0x7F ||
           (len == 2 && first == 0xC2 && (unsigned char)p[1] < 0xA0);
}

void pf_cliout_put_text(struct pf_buf *buf, struct pf_sv text)
{
    size_t at = 0;
    while (at < text.len) {
        const size_t len = character_bytes(text.ptr + at, text.len - at);
        if (len != 0 && !is_control(text.ptr + at, len)) {
            pf_buf_append(buf, text.ptr + at, len);
            at += len;
            continue;
        }
        const size_t bad = len != 0 ? len : 1;
        for (size_t i = 0; i < bad; i++) {
            pf_buf_printf(buf, "\\x%02X", (unsigned)(unsigned char)text.ptr[at + i]);
        }
        at += bad;
    }
}

void pf_cliout_put_styled(struct pf_buf *buf, bool colour, enum pf_cliout_style style,
                          struct pf_sv text)
{
    static const char *const codes[] = {
        [PF_CLIOUT_GOOD] = "\033[32m",  [PF_CLIOUT_BAD] = "\033[31m",
        [PF_CLIOUT_DOUBT] = "\033[33m", [PF_CLIOUT_STRONG] = "\033[1m",
        [PF_CLIOUT_FAINT] = "\033[2m",
    };
    const bool styled = colour && style != PF_CLIOUT_PLAIN;
    if (styled) {
        pf_buf_append_cstr(buf, codes[style]);
    }
    pf_buf_append_sv(buf, text);
    if (styled) {
        pf_buf_append_cstr(buf, "\033[0m");
    }
}

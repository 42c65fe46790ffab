#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <podfit/cliout.h>
#include <podfit/command.h>

const char *const pf_cliout_formats[] = {"table", "json", "yaml", NULL};

/* Nobody changes the environment. */
static bool is_dumb(void)
{
    const char *term = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe) */
    return term == NULL || strcmp(term, "dumb") == 0;
}

bool pf_cliout_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe) */
    const bool refused = no_colour != NULL && no_colour[0] != '\0';
    return !refused && !is_dumb() && isatty(STDOUT_FILENO) == 1;
}

static struct winsize terminal_size(int fd)
{
    struct winsize size = {.ws_col = 0};
    if (is_dumb() || isatty(fd) != 1) {
        return size;
    }
    if (ioctl(fd, TIOCGWINSZ, &size) != 0) {
        size = (struct winsize){.ws_col = 0};
    }
    size.ws_col = size.ws_col != 0 ? size.ws_col : PF_CLIOUT_WIDTH_USUAL;
    size.ws_row = size.ws_row != 0 ? size.ws_row : PF_CLIOUT_HEIGHT_USUAL;
    return size;
}

unsigned pf_cliout_width(int fd)
{
    return terminal_size(fd).ws_col;
}

unsigned pf_cliout_height(int fd)
{
    return terminal_size(fd).ws_row;
}

size_t pf_cliout_columns(struct pf_sv text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text.len; i++) {
        columns += ((unsigned char)text.ptr[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return columns;
}

void pf_cliout_put_cut(struct pf_buf *buf, struct pf_sv text, size_t columns)
{
    if (pf_cliout_columns(text) <= columns) {
        pf_buf_append_sv(buf, text);
        return;
    }
    size_t len = 0;
    for (size_t seen = 0; len < text.len; len++) {
        seen += ((unsigned char)text.ptr[len] & 0xC0) != 0x80 ? 1 : 0;
        if (seen == columns) { /* the mark takes this one's place */
            break;
        }
    }
    pf_buf_append(buf, text.ptr, columns != 0 ? len : 0);
    pf_buf_append_cstr(buf, columns != 0 ? "~" : "");
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

void pf_cliout_error_lines(struct pf_sv text)
{
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, text.len * 4 + 16);
    while (text.len != 0) {
        const size_t end = pf_sv_find(text, PF_SV("\n"));
        const size_t len = end != SIZE_MAX ? end : text.len;
        const size_t used = end != SIZE_MAX ? end + 1 : text.len;
        pf_cliout_put_text(&out, (struct pf_sv){.ptr = text.ptr, .len = len});
        pf_buf_append_char(&out, '\n');
        text = (struct pf_sv){.ptr = text.ptr + used, .len = text.len - used};
    }
    /* nothing is left to report a failure of stderr to */
    (void)fwrite(out.len != 0 ? out.data : "", 1, out.len, stderr);
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

int pf_cliout_finish(struct pf_buf *buf)
{
    struct pf_err err = {0};
    if (pf_cliout_flush(buf, &err) != PF_OK) {
        pf_cliout_error("%s", err.text);
        return PF_COMMAND_ERROR;
    }
    return PF_COMMAND_OK;
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

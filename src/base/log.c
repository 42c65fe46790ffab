#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <podfit/clock.h>
#include <podfit/log.h>
#include <podfit/sv.h>

#define MODULE_RULES_MAX 16
#define LINE_BYTES       2048 /* below PIPE_BUF (4096), so that lines of two threads never mix */

/* Module-level state: allowed for the log (rule B4). Written once before threads start, then only read. */
static struct {
    enum pf_log_level level;
    bool json;
    size_t rule_count;
    struct {
        char module[16];
        enum pf_log_level level;
    } rules[MODULE_RULES_MAX];
} settings = {.level = PF_LOG_INFO, .json = true};

static const char *const level_names[] = {
    [PF_LOG_ERROR] = "error",
    [PF_LOG_WARNING] = "warning",
    [PF_LOG_INFO] = "info",
    [PF_LOG_DEBUG] = "debug",
};

static bool parse_level(struct pf_sv text, enum pf_log_level *ret_level)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(level_names); i++) {
        if (pf_sv_eq_cstr(text, level_names[i])) {
            *ret_level = (enum pf_log_level)i;
            return true;
        }
    }
    return false;
}

static enum pf_code parse_part(struct pf_sv part, struct pf_err *err)
{
    enum pf_log_level level = PF_LOG_INFO;
    const size_t equals = pf_sv_find(part, PF_SV("="));
    if (equals == SIZE_MAX) {
        if (!parse_level(part, &level)) {
            return pf_err_set(err, PF_E_INVALID,
                              "log level '%.*s' is not one of error, warning, info, debug",
                              PF_SV_ARG(part));
        }
        settings.level = level;
        return PF_OK;
    }
    const struct pf_sv module = {.ptr = part.ptr, .len = equals};
    const struct pf_sv name = {.ptr = part.ptr + equals + 1, .len = part.len - equals - 1};
    if (!parse_level(name, &level) || module.len == 0 ||
        module.len >= sizeof(settings.rules[0].module) || settings.rule_count == MODULE_RULES_MAX) {
        return pf_err_set(err, PF_E_INVALID,
                          "log rule '%.*s' is not MODULE=LEVEL, or there are more than %d",
                          PF_SV_ARG(part), MODULE_RULES_MAX);
    }
    memcpy(settings.rules[settings.rule_count].module, module.ptr, module.len);
    settings.rules[settings.rule_count].module[module.len] = '\0';
    settings.rules[settings.rule_count].level = level;
    settings.rule_count++;
    return PF_OK;
}

enum pf_code pf_log_configure(const char *spec, bool json, struct pf_err *err)
{
    settings.json = json;
    settings.level = PF_LOG_INFO;
    settings.rule_count = 0;
    struct pf_sv rest = pf_sv_from(spec);
    while (rest.len != 0) {
        const size_t comma = pf_sv_find(rest, PF_SV(","));
        const struct pf_sv part = {.ptr = rest.ptr, .len = comma == SIZE_MAX ? rest.len : comma};
        const enum pf_code code = parse_part(pf_sv_trim(part), err);
        if (code != PF_OK) {
            return code;
        }
        const size_t step = comma == SIZE_MAX ? rest.len : comma + 1;
        rest.ptr += step;
        rest.len -= step;
    }
    return PF_OK;
}

bool pf_log_enabled(const char *module, enum pf_log_level level)
{
    for (size_t i = 0; i < settings.rule_count; i++) {
        if (strcmp(settings.rules[i].module, module) == 0) {
            return level <= settings.rules[i].level;
        }
    }
    return level <= settings.level;
}

/* U+0080 to U+009F, the second byte: controls of a terminal as good as those below 0x20. */
static bool is_c1(char second)
{
    return (unsigned char)second < 0xA0;
}

/* Append text with everything escaped that could end a JSON string or drive a terminal. Bytes over 127 pass only as valid UTF-8. */
static size_t append_escaped(char *line, size_t at, size_t limit, const char *text)
{
    const unsigned char quote = settings.json ? '"' : '\\'; /* a person reads quotes as they are */
    const bool utf8 = pf_sv_is_utf8(pf_sv_from(text));
    for (; *text != '\0' && at + 7 < limit; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == quote || c == '\\') {
            line[at++] = '\\';
            line[at++] = (char)c;
        } else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8)) {
            (void)snprintf(line + at, 7, "\\u%04x", c);
            at += 6;
        } else if (c == 0xC2 && is_c1(text[1])) {
            text++;
            (void)snprintf(line + at, 7, "\\u%04x", (unsigned char)*text);
            at += 6;
        } else {
            line[at++] = (char)c;
        }
    }
    return at;
}

static void write_line(const char *line, size_t len)
{
    ssize_t put = 0;
    do {
        put = write(STDERR_FILENO, line, len);
    } while (put < 0 && errno == EINTR);
    /* a log that cannot be written must not stop the server */
}

void pf_log_write(const char *module, enum pf_log_level level, const char *format, ...)
{
    if (!pf_log_enabled(module, level)) {
        return;
    }
    char message[LINE_BYTES / 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* a cut message is still one */
    va_end(args);
    char time_text[PF_TIME_TEXT_BYTES];
    pf_clock_format(pf_clock_wall_ns(pf_clock_system()), time_text);
    char line[LINE_BYTES];
    const char *name = level_names[level];
    size_t at = 0;
    if (settings.json) {
        at = (size_t)snprintf(line, sizeof(line),
                              "{\"ts\":\"%s\",\"level\":\"%s\",\"module\":\"%s\",\"msg\":\"",
                              time_text, name, module);
    } else {
        at = (size_t)snprintf(line, sizeof(line), "%s %-7s %s: ", time_text, name, module);
    }
    at = append_escaped(line, at, sizeof(line) - 4, message);
    if (settings.json) {
        line[at++] = '"';
        line[at++] = '}';
    }
    line[at++] = '\n';
    write_line(line, at);
}

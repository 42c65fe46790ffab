#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <podfit/error.h>

__attribute__((format(printf, 2, 0))) static void put_text(struct pf_err *err, const char *format,
                                                           va_list args)
{
    (void)vsnprintf(err->text, sizeof(err->text), format, args); /* a cut text is still a text */
}

enum pf_code pf_err_set(struct pf_err *err, enum pf_code code, const char *format, ...)
{
    if (err == NULL || err->code != PF_OK) {
        return code;
    }
    va_list args;
    va_start(args, format);
    err->code = code;
    put_text(err, format, args);
    va_end(args);
    return code;
}

enum pf_code pf_err_set_errno(struct pf_err *err, enum pf_code code, int errno_value,
                              const char *format, ...)
{
    if (err == NULL || err->code != PF_OK) {
        return code;
    }
    va_list args;
    va_start(args, format);
    err->code = code;
    err->errno_value = errno_value;
    put_text(err, format, args);
    va_end(args);
    char reason[128] = "";
    const char *text = strerror_r(errno_value, reason, sizeof(reason)); /* GNU form */
    const size_t used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", text);
    return code;
}

enum pf_code pf_err_wrap(struct pf_err *err, enum pf_code code, const char *format, ...)
{
    if (err == NULL) {
        return code;
    }
    char inner[PF_ERR_TEXT_BYTES];
    memcpy(inner, err->text, sizeof(inner));
    va_list args;
    va_start(args, format);
    put_text(err, format, args);
    va_end(args);
    if (err->code == PF_OK) {
        err->code = code;
    }
    const size_t used = strlen(err->text);
    if (inner[0] != '\0') {
        (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
    }
    return err->code;
}

void pf_err_clear(struct pf_err *err)
{
    *err = (struct pf_err){0};
}

const char *pf_code_name(enum pf_code code)
{
    static const char *const names[] = {
        [0] = "ok",
        [-PF_E_NO_MEMORY] = "no-memory",
        [-PF_E_INVALID] = "invalid",
        [-PF_E_TOO_BIG] = "too-big",
        [-PF_E_RANGE] = "range",
        [-PF_E_UNSUPPORTED] = "unsupported",
        [-PF_E_NOT_FOUND] = "not-found",
        [-PF_E_EXISTS] = "exists",
        [-PF_E_IO] = "io",
        [-PF_E_STATE] = "state",
        [-PF_E_INTERNAL] = "internal",
    };
    const int index = -(int)code;
    return index >= 0 && index < (int)PF_ARRAY_LEN(names) ? names[index] : "unknown";
}

#include <podfit/health.h>

bool pf_health_write(const char *name, const struct pf_health_check *checks, size_t count,
                     bool verbose, struct pf_buf *buf)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = good && checks[i].good;
    }
    if (good && !verbose) {
        pf_buf_append_cstr(buf, "ok\n");
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const struct pf_health_check *check = &checks[i];
        pf_buf_printf(buf, check->good ? "[+]%s ok" : "[-]%s failed", check->name);
        if (check->detail.len != 0) {
            pf_buf_append_cstr(buf, ": ");
            pf_buf_append_sv(buf, check->detail);
        }
        pf_buf_append_char(buf, '\n');
    }
    pf_buf_printf(buf, "%s check %s\n", name, good ? "passed" : "failed");
    return good;
}

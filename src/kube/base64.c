#include <string.h>

#include <podfit/base64.h>

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

bool pf_base64_decode(struct pf_sv text, struct pf_arena *arena, struct pf_sv *ret_bytes,
                      bool *ret_no_memory)
{
    char *bytes = pf_arena_alloc(arena, text.len / 4 * 3 + 4);
    *ret_no_memory = bytes == NULL;
    if (bytes == NULL) {
        return false;
    }
    size_t len = 0;
    size_t taken = 0; /* digits and padding */
    size_t padding = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
            continue;
        }
        const int digit = c == '=' ? 0 : base64_digit(c);
        if (digit < 0 || (padding != 0 && c != '=')) {
            return false;
        }
        padding += c == '=';
        group = group << 6 | (uint32_t)digit;
        taken++;
        if (taken % 4 == 0) {
            bytes[len++] = (char)(unsigned char)(group >> 16 & 0xFF);
            bytes[len++] = (char)(unsigned char)(group >> 8 & 0xFF);
            bytes[len++] = (char)(unsigned char)(group & 0xFF);
            group = 0;
        }
    }
    if (taken % 4 != 0 || padding > 2 || padding > len) {
        return false;
    }
    bytes[len - padding] = '\0';
    *ret_bytes = (struct pf_sv){.ptr = bytes, .len = len - padding};
    return true;
}

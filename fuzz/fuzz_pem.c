/*
 * Hostile PEM through every reader of src/tls. Nothing that looks like a key or a certificate is in the corpus; they are made at start. Forms of input:
 *   "!", letters, ":", triples   a chain by letters (L leaf, C its CA, S a stranger, T the first half of the leaf) with the leaf's key; each triple (offset
 *                                in 2 bytes, letter) changes one letter of the base64
 *   "%", label, newline, body    the leaf with a key made of that label and body
 *   anything else                the certificate itself, with the leaf's key
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <podfit/certmake.h>
#include <podfit/limits.h>

#define NOW_NS (INT64_C(1800000000) * 1000000000)

struct made {
    struct pf_cert_pair ca;
    struct pf_cert_pair stranger;
    struct pf_cert_pair leaf;
};

static const struct made *made_once(void)
{
    static const char *const names[] = {"podfit.podfit.svc", "10.0.0.1"};
    static struct made made;
    if (made.leaf.key_pem.len == 0) {
        const struct pf_certmake_ca ca = {.lifetime_s = 86400};
        const struct pf_certmake_leaf leaf = {
            .names = names, .names_count = 2, .lifetime_s = 86400};
        if (pf_certmake_ca(&ca, NOW_NS, &made.ca, NULL) != PF_OK ||
            pf_certmake_ca(&ca, NOW_NS, &made.stranger, NULL) != PF_OK ||
            pf_certmake_leaf(&made.ca, &leaf, NOW_NS, &made.leaf, NULL) != PF_OK) {
            abort();
        }
    }
    return &made;
}

static void read_all(struct pf_sv cert, struct pf_sv key)
{
    struct pf_err err = {0};
    struct pf_cert_list list = {0};
    if (pf_cert_list_read(cert, &list, &err) == PF_OK) {
        if (list.count == 0 || err.code != PF_OK) {
            abort();
        }
        pf_cert_list_done(&list);
    }
    pf_err_clear(&err);
    const enum pf_code code = pf_cert_check_pair(cert, key, NOW_NS, &list, &err);
    if (code != err.code || (code == PF_OK) != (list.count != 0)) {
        abort();
    }
    pf_cert_list_done(&list);
    (void)!pf_cert_check_name(cert, "podfit.podfit.svc", NULL);
    (void)!pf_cert_verify(cert, cert, "10.0.0.1", NOW_NS, NULL);
}

static void append_by_letter(const struct made *made, uint8_t letter, struct pf_buf *pem)
{
    const struct pf_sv leaf = pf_buf_view(&made->leaf.cert_pem);
    switch (letter) {
    case 'L':
        pf_buf_append_sv(pem, leaf);
        break;
    case 'C':
        pf_buf_append_sv(pem, pf_buf_view(&made->ca.cert_pem));
        break;
    case 'S':
        pf_buf_append_sv(pem, pf_buf_view(&made->stranger.cert_pem));
        break;
    case 'T':
        pf_buf_append(pem, leaf.ptr, leaf.len / 2);
        break;
    default:
        pf_buf_append_char(pem, (char)letter);
        break;
    }
}

/* The changes keep base64 what it is, so that the DER below is what is damaged. */
static void read_changed(const uint8_t *data, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const struct made *made = made_once();
    pf_autobuf struct pf_buf pem = {0};
    pf_buf_init(&pem, 2 * PF_CERT_PEM_MAX_BYTES);
    size_t i = 0;
    for (; i < size && data[i] != ':'; i++) {
        append_by_letter(made, data[i], &pem);
    }
    for (i++; pem.len != 0 && i + 2 < size; i += 3) {
        const size_t at = ((size_t)data[i] << 8 | data[i + 1]) % pem.len;
        if (pem.data[at] != '\0' && strchr(letters, pem.data[at]) != NULL) {
            pem.data[at] = letters[data[i + 2] % 64];
        }
    }
    read_all(pf_buf_view(&pem), pf_buf_view(&made->leaf.key_pem));
}

static void read_key(const uint8_t *data, size_t size)
{
    const struct pf_sv text = {.ptr = (const char *)data, .len = size};
    const size_t line = pf_sv_find(text, PF_SV("\n"));
    const struct pf_sv label = {.ptr = text.ptr, .len = line != SIZE_MAX ? line : 0};
    const struct pf_sv body = {.ptr = text.ptr + label.len, .len = text.len - label.len};
    pf_autobuf struct pf_buf key = {0};
    pf_buf_init(&key, 2 * PF_CERT_PEM_MAX_BYTES);
    pf_buf_append_cstr(&key, "-----BEGIN ");
    pf_buf_append_sv(&key, label);
    pf_buf_append_cstr(&key, "-----");
    pf_buf_append_sv(&key, body);
    pf_buf_append_cstr(&key, "\n-----END ");
    pf_buf_append_sv(&key, label);
    pf_buf_append_cstr(&key, "-----\n");
    read_all(pf_buf_view(&made_once()->leaf.cert_pem), pf_buf_view(&key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == '!') {
        read_changed(data + 1, size - 1);
    } else if (size > 0 && data[0] == '%') {
        read_key(data + 1, size - 1);
    } else {
        read_all((struct pf_sv){.ptr = (const char *)data, .len = size},
                 pf_buf_view(&made_once()->leaf.key_pem));
    }
    return 0;
}

#include "odd_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void odd_pair_make(const struct odd_case *row, struct odd_pair *made)
{
    *made = (struct odd_pair){0};
    pf_buf_init(&made->chain, TEXT_MAX);
    pf_buf_init(&made->key, TEXT_MAX);
    for (int i = 3; i >= 0; i--) {
        if (row->recipes[i].common_name != NULL) {
            /* each by the next; the last two by themselves */
            made->certs[i] = odd_cert_new(&row->recipes[i], i < 2 ? made->certs[i + 1] : NULL);
        }
    }
    for (size_t i = 0; row->order[i] >= 0; i++) {
        odd_cert_append_pem(made->certs[row->order[i]], &made->chain);
    }
    odd_cert_append_key(made->certs[row->key_of], NULL, /* traditional= */ false, &made->key);
}

void odd_pair_unmake(struct odd_pair *made)
{
    for (size_t i = 0; i < PF_ARRAY_LEN(made->certs); i++) {
        odd_cert_free(made->certs[i]);
    }
    pf_buf_done(&made->chain);
    pf_buf_done(&made->key);
}

void odd_pair_expect(const char *name, enum pf_code code, const struct pf_err *err,
                     enum pf_code wanted, const char *text)
{
    const bool text_ok = text == NULL ? err->code == PF_OK : strstr(err->text, text) != NULL;
    if (code != wanted || !text_ok) {
        fail_msg("%s: got %s '%s', expected %s '%s'", name, pf_code_name(code), err->text,
                 pf_code_name(wanted), text != NULL ? text : "");
    }
}

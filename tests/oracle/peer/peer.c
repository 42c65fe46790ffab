/**
 * podfit-oracle-peer: podfit's side of the differential test. Reads one case a line from standard input and answers one line each;
 * a case that cannot be played is answered by {"error":"..."}. Sources: tests/oracle/README.md.
 */

#include <stdio.h>
#include <stdlib.h>

#include "peer_case.h"
#include <podfit/write.h>

#define ANSWER_MAX_BYTES ((size_t)64 * 1024 * 1024)

static void put_error(struct pf_buf *out, const struct pf_err *err)
{
    struct pf_writer w;
    pf_buf_reset(out);
    pf_write_init(&w, out);
    pf_write_begin_object(&w);
    pf_write_string_member(&w, "error", pf_sv_from(err->text));
    pf_write_end_object(&w);
}

static bool answer(struct pf_sv line, struct pf_buf *out)
{
    struct pf_err err = {0};
    pf_buf_reset(out);
    enum pf_code code = pf_peer_case_play(line, out, &err);
    code = code == PF_OK ? pf_buf_status(out, &err) : code;
    if (code != PF_OK) {
        if (err.text[0] == '\0') {
            (void)pf_err_set(&err, code, "%s", pf_code_name(code));
        }
        put_error(out, &err);
    }
    pf_buf_append_char(out, '\n');
    return pf_buf_status(out, NULL) == PF_OK &&
           fwrite(out->data, 1, out->len, stdout) == out->len && fflush(stdout) == 0;
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    bool good = true;
    pf_autobuf struct pf_buf out = {0};
    pf_buf_init(&out, ANSWER_MAX_BYTES);
    while (good && (len = getline(&line, &cap, stdin)) > 0) {
        good = answer(pf_sv_trim((struct pf_sv){.ptr = line, .len = (size_t)len}), &out);
    }
    free(line);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "reviews.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

struct answer reviews_post(struct desk *desk, const char *uid, const char *pod)
{
    struct answer answer;
    pf_autofree char *body = desk_create(uid, "ns", pod);
    const enum pf_admission_status status = desk_post(desk, pf_sv_from(body));
    if (status != PF_ADMISSION_OK ||
        !answer_read(pf_buf_view(&desk->response), pf_sv_from(uid), &answer)) {
        fail_msg("%s: status %d: %s: %s", uid, status, answer.why, desk_text(desk));
    }
    desk_check(desk);
    return answer;
}

bool reviews_admits(struct desk *desk, const char *uid, const char *pod)
{
    struct answer answer = reviews_post(desk, uid, pod);
    answer_done(&answer);
    return answer.allowed;
}

char *reviews_patched(struct answer *answer, const char *pod)
{
    pf_autofree char *body = desk_create("u", "ns", pod);
    json_t *review = json_loads(body, 0, NULL);
    pf_autofree char *text = answer_reinvoke(answer, review, "u");
    json_decref(review);
    assert_non_null(text);
    json_t *again = json_loads(text, 0, NULL);
    char *result =
        json_dumps(json_object_get(json_object_get(again, "request"), "object"), JSON_COMPACT);
    json_decref(again);
    return result;
}

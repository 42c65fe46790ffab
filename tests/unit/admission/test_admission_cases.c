#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "answer.h"
#include "desk.h"

/*
 * tests/cases/NAME/{review.json, expect.json [, config.yaml, scheduler.yaml, cluster.json]}: one review, one whole answer. Files that a case lacks are those of
 * tests/cases; scheduler.yaml is what its config.yaml names.
 * Every pod that is admitted goes through podfit a second time, patched: nothing may be left to do.
 */

#define CASES PF_TEST_DATA "/cases"
#define NEW_KEY                                                                            \
    "[{\"op\":\"replace\",\"path\":\"/metadata/annotations/podfit.io~1review\",\"value\":" \
    "\"again\"}]"

static char *case_file(const char *name, const char *file, size_t *ret_len)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), CASES "/%s/%s", name, file);
    char *text = desk_read_file(path, ret_len);
    if (text == NULL) {
        (void)snprintf(path, sizeof(path), CASES "/%s", file);
        text = desk_read_file(path, ret_len);
    }
    if (text == NULL) {
        fail_msg("%s: no %s", name, file);
    }
    return text;
}

/* The response as expect.json writes it: without uid, the patch decoded, patchType left out. */
static json_t *readable(const struct answer *answer)
{
    json_t *response = json_copy(answer->response);
    (void)json_object_del(response, "uid");
    if (answer->patch != NULL) {
        (void)json_object_del(response, "patchType");
        (void)json_object_set_new(response, "patch", json_loads(answer->patch, 0, NULL));
    }
    return response;
}

static void compare(const char *name, const json_t *expected, const json_t *actual)
{
    if (json_equal(expected, actual) == 0) {
        pf_autofree char *text = json_dumps(actual, JSON_INDENT(1) | JSON_SORT_KEYS);
        fail_msg("%s: another answer:\n%s", name, text);
    }
}

static void run_again(const char *name, struct desk *desk, struct answer *answer,
                      struct pf_sv review)
{
    json_t *tree = json_loadb(review.ptr, review.len, JSON_ALLOW_NUL, NULL);
    pf_autofree char *again = answer_reinvoke(answer, tree, "again");
    json_decref(tree);
    if (again == NULL) {
        fail_msg("%s: %s", name, answer->why);
    }
    struct answer second;
    assert_int_equal(desk_post(desk, pf_sv_from(again)), PF_ADMISSION_OK);
    if (!answer_read(pf_buf_view(&desk->response), PF_SV("again"), &second)) {
        fail_msg("%s, reinvoked: %s", name, second.why);
    }
    /* without a reservation to continue (dry run) the key in the pod becomes the new review's; nothing else may change */
    const char *rest = second.patch;
    if (desk_held(desk) == 0 && rest != NULL && strcmp(rest, NEW_KEY) == 0) {
        rest = NULL;
    }
    if (!second.allowed || rest != NULL) {
        fail_msg("%s, reinvoked: %s", name, desk_text(desk));
    }
    answer_done(&second);
}

static void check_answer(const char *name, struct desk *desk, const json_t *expect,
                         struct pf_sv review)
{
    static const int statuses[] = {
        [PF_ADMISSION_OK] = 200,        [PF_ADMISSION_BAD_REQUEST] = 400,
        [PF_ADMISSION_TOO_LARGE] = 413, [PF_ADMISSION_UNAVAILABLE] = 503,
        [PF_ADMISSION_INTERNAL] = 500,
    };
    const enum pf_admission_status status = desk_post(desk, review);
    if (statuses[status] != json_integer_value(json_object_get(expect, "status"))) {
        fail_msg("%s: status %d, %s", name, statuses[status], desk_text(desk));
    }
    if (status != PF_ADMISSION_OK) {
        assert_string_equal(desk_text(desk), json_string_value(json_object_get(expect, "text")));
        return;
    }
    struct answer answer;
    if (!answer_read(pf_buf_view(&desk->response), (struct pf_sv){0}, &answer)) {
        fail_msg("%s: %s", name, answer.why);
    }
    json_t *actual = readable(&answer);
    compare(name, json_object_get(expect, "response"), actual);
    json_decref(actual);
    desk_check(desk);
    if (answer.allowed && answer.patch != NULL) {
        run_again(name, desk, &answer, review);
        desk_check(desk);
    }
    answer_done(&answer);
}

/* A case's configuration names files beside it. */
static void enter_folder(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), CASES "/%s", name);
    assert_int_equal(chdir(path), 0);
}

static void run_case(const char *name)
{
    size_t len = 0;
    enter_folder(name);
    pf_autofree char *config = case_file(name, "config.yaml", NULL);
    pf_autofree char *cluster = case_file(name, "cluster.json", NULL);
    pf_autofree char *review = case_file(name, "review.json", &len);
    pf_autofree char *expected = case_file(name, "expect.json", NULL);
    json_t *expect = json_loads(expected, JSON_REJECT_DUPLICATES, NULL);
    if (expect == NULL) {
        fail_msg("%s: expect.json is not JSON", name);
    }
    struct desk desk;
    desk_init(&desk, pf_sv_from(config), pf_sv_from(cluster));
    check_answer(name, &desk, expect, (struct pf_sv){.ptr = review, .len = len});
    desk_done(&desk);
    json_decref(expect);
}

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strchr(entry->d_name, '.') == NULL;
}

static void test_cases(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    const int count = scandir(CASES, &entries, is_case, alphasort);
    assert_true(count >= 15);
    for (int i = 0; i < count; i++) {
        run_case(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    print_message("%d cases\n", count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

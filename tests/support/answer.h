#ifndef PODFIT_TEST_ANSWER_H
#define PODFIT_TEST_ANSWER_H

/**
 * What an API server would make of podfit's answer to a review, by code that shares nothing with the writers of podfit. Nothing here needs cmocka, so that
 * fuzz targets can use it.
 */

#include <stdbool.h>

#include <podfit/sv.h>

struct json_t;

/** One answer, checked against the protocol. Release with answer_done(). */
struct answer {
    struct json_t *root;     /**< owned: the whole AdmissionReview */
    struct json_t *response; /**< borrowed from root */
    bool allowed;
    char *patch;   /**< owned: the decoded patch; NULL when there is none */
    char why[256]; /**< empty, or what is wrong with the answer */
};

/**
 * Read and check (webhook-practice P-01 to P-03, P-08, P-19, P-22, P-23).
 *
 * @param uid  that the answer must echo; ptr NULL: not compared
 * @return false: ret_answer->why says what an API server would not accept; answer_done() is needed all the same
 */
bool answer_read(struct pf_sv text, struct pf_sv uid, struct answer *ret_answer);
void answer_done(struct answer *answer);

/**
 * The review again, with the patch applied to its object and another uid, as an API server reinvokes.
 *
 * @return owned text (free(3)); NULL when the patch does not apply: answer->why says it
 */
char *answer_reinvoke(struct answer *answer, const struct json_t *review, const char *uid);

#endif

#ifndef PODFIT_TEST_ODD_PAIR_H
#define PODFIT_TEST_ODD_PAIR_H

/* Pairs of certificates and keys from recipes, for the tests of pf_cert_check_pair() and its kin. */

#include "odd_cert.h"
#include <podfit/cert.h>

#define NS_PER_S INT64_C(1000000000)
#define DAY_S    INT64_C(86400)
#define NOW_S    INT64_C(1800000000) /* 2027-01-15 */
#define NOW_NS   (NOW_S * NS_PER_S)
#define TEXT_MAX ((size_t)1024 * 1024)
#define PARTS    6

#define VALID .not_before_s = NOW_S - DAY_S, .not_after_s = NOW_S + DAY_S
#define CA    .common_name = "test CA", .is_ca = true, VALID
#define LEAF  .common_name = "leaf", .sans = "DNS:podfit.podfit.svc", VALID

/* What a pair consists of: certificates by index into the recipes, key of which one. */
struct odd_case {
    const char *name;
    struct odd_recipe recipes
        [4]; /* [0] leaf, [1] its CA, [2] the CA's CA, [3] a stranger; ended by no common name */
    int order[PARTS]; /* indexes of the certificate file, ended by -1 */
    int key_of;
    enum pf_code code;
    const char *text; /* what the error must contain */
};

struct odd_pair {
    struct odd_cert *certs[4];
    struct pf_buf chain;
    struct pf_buf key;
};

/** Make the certificates of a case and the two texts. Fails the test on any error. */
void odd_pair_make(const struct odd_case *row, struct odd_pair *made);
void odd_pair_unmake(struct odd_pair *made);

/** Fail the test unless code and text are what is wanted; @p text NULL: no error. */
void odd_pair_expect(const char *name, enum pf_code code, const struct pf_err *err,
                     enum pf_code wanted, const char *text);

#endif

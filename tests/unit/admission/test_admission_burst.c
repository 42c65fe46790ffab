/* Many pods at once: what is held for those that nobody has seen yet. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reviews.h"

/* Pods of a burst, of which nothing is seen in the cluster yet: each line is `verdict held`, what was said and how many reservations there are then. */
struct burst_row {
    const char *name;
    struct pf_sv config;
    struct pf_sv cluster;
    const char *pods[6];
    const char *expected;
};

#define METADATA(name) "'metadata':{" name ",'namespace':'ns'}"
#define BURST_POD(name)                                                            \
    "{" METADATA(name) ",'spec':{'containers':[{'name':'c','resources':{'limits':" \
                       "{'cpu':'1','memory':'1000Mi'}}}]}}"
#define PORT_POD(name) \
    "{" METADATA(      \
        name) ",'spec':{'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':80}]}]}}"
#define CLAIM_POD(name)                                                                    \
    "{" METADATA(name) ",'spec':{'containers':[{'name':'c'}],'volumes':[{'name':'v','pers" \
                       "istentVolumeClaim':{'claimName':'c'}}]}}"
#define BURST(pod) pod("'name':'a'"), pod("'name':'b'"), pod("'name':'c'"), pod("'name':'d'")

static const struct burst_row burst_rows[] = {
    {"enforced",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep}\n"),
     {0},
     {BURST(BURST_POD)},
     "fits 1, fits 2, fits 3, full 3, "},
    {"observed: as many",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, observe: true}\n"),
     {0},
     {BURST(BURST_POD)},
     "fits 1, fits 2, fits 3, full 3, "},
    {"annotated: as many, the last one without a place",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, onFull: annotate}\n"),
     {0},
     {BURST(BURST_POD)},
     "fits 1, fits 2, fits 3, full 4, "},
    {"observed: generated names",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, observe: true}\n"),
     {0},
     {BURST_POD("'generateName':'a-'"), BURST_POD("'generateName':'a-'"),
      BURST_POD("'generateName':'a-'"), BURST_POD("'generateName':'a-'")},
     "fits 1, fits 2, fits 3, full 3, "},
    {"observed: the same pod again holds once",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, observe: true}\n"),
     {0},
     {BURST_POD("'name':'a'"), BURST_POD("'name':'a'"), BURST_POD("'name':'a'"),
      BURST_POD("'name':'a'"), BURST_POD("'name':'b'")},
     "fits 1, fits 1, fits 1, fits 1, fits 2, "},
    {"observed: the pod will exist as it is, not as it would be rewritten",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: "
                            "20}, observe: true}\n"),
     PF_SV_INIT("1500m"),
     {BURST(BURST_POD)},
     "fits 1, fits 1, fits 1, fits 1, "},
    {"observed: host ports",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, observe: true}\n"),
     {0},
     {BURST(PORT_POD)},
     "fits 1, full 1, full 1, full 1, "},
    {"unknown: held where it would be put",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep}\n"),
     {0},
     {CLAIM_POD("'name':'a'"), CLAIM_POD("'name':'b'"), BURST_POD("'name':'c'"),
      BURST_POD("'name':'d'")},
     "unknown 1, unknown 2, fits 3, full 3, "},
    {"unknown and observed",
     PF_SV_INIT(CONFIG_HEAD "- {name: all, requests: keep, observe: true}\n"),
     {0},
     {CLAIM_POD("'name':'a'"), CLAIM_POD("'name':'b'"), BURST_POD("'name':'c'"),
      BURST_POD("'name':'d'")},
     "unknown 1, unknown 2, fits 3, full 3, "},
};

static void post_burst(struct desk *desk, const struct burst_row *row, char *text, size_t bytes)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < PF_ARRAY_LEN(row->pods) && row->pods[i] != NULL; i++) {
        char uid[8];
        (void)snprintf(uid, sizeof(uid), "u%zu", i);
        struct answer answer = reviews_post(desk, uid, row->pods[i]);
        if (desk->decision.observed) {
            assert_true(answer.allowed);
            assert_null(answer.patch);
        }
        answer_done(&answer);
        len += (size_t)snprintf(text + len, bytes - len, "%s %u, ",
                                pf_verdict_name(desk->decision.judgement.verdict), desk_held(desk));
    }
}

/* Twice: the second time after all of it has run out. */
static void check_burst(struct desk *desk, const struct burst_row *row)
{
    char text[256];
    for (int round = 0; round < 2; round++) {
        post_burst(desk, row, text, sizeof(text));
        if (strcmp(text, row->expected) != 0) {
            fail_msg("%s: %s", row->name, text);
        }
        desk->now_ns += (int64_t)15001 * 1000 * 1000;
    }
}

static void test_burst(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(burst_rows); i++) {
        const struct burst_row *row = &burst_rows[i];
        struct desk desk;
        desk_init(&desk, row->config,
                  row->cluster.len != 0 ? CLUSTER_CPU("1500m", "3") : CLUSTER("3"));
        check_burst(&desk, row);
        desk_done(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

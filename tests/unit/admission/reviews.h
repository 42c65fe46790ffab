#ifndef PODFIT_TEST_REVIEWS_H
#define PODFIT_TEST_REVIEWS_H

/** Reviews of pods, one after the other, at one desk. Failures end the test. */

#include "answer.h"
#include "desk.h"

#define CONFIG_HEAD "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n"
#define CONFIG(more)  \
    PF_SV(CONFIG_HEAD \
          "- {name: all, defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}" more "}\n")
#define KEEP(more) PF_SV(CONFIG_HEAD "- {name: all, requests: keep" more "}\n")
/* One node with room for `pods` pods. */
#define CLUSTER(pods) CLUSTER_CPU("4", pods)
#define CLUSTER_CPU(cpu, pods)                                                                          \
    PF_SV(                                                                                              \
        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Node\",\"apiVersion\":\"v1\"," \
        "\"metadata\":{\"name\":\"n1\"},\"status\":{\"allocatable\":{\"cpu\":\"" cpu                    \
        "\",\"memory\":"                                                                                \
        "\"8Gi\",\"pods\":\"" pods "\"}}}]}")
#define POD                                                                                     \
    "{'metadata':{'name':'p','namespace':'ns'},'spec':{'containers':[{'name':'c','resources':{" \
    "'limits':{'cpu':'1','memory':'1000Mi'}}}]}}"

/** Post a CREATE review; the answer is read and checked. Release with answer_done(). */
struct answer reviews_post(struct desk *desk, const char *uid, const char *pod);
/** The same, and whether the pod is admitted. */
bool reviews_admits(struct desk *desk, const char *uid, const char *pod);
/** The pod of a review as it stands after our patch, with double quotes. Release with free(3). */
char *reviews_patched(struct answer *answer, const char *pod);

#endif

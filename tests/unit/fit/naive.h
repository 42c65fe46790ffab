#ifndef PODFIT_TEST_NAIVE_H
#define PODFIT_TEST_NAIVE_H

/**
 * PodTopologySpread and InterPodAffinity once more, as plainly as their text says it (scheduler-fit 7.11, 7.12): every answer walks all pods. Everything is a
 * small number here; naive_print_*() writes the same as JSON for podfit.
 */

#include <podfit/buf.h>

#define NAIVE_NODES      12
#define NAIVE_PODS       30
#define NAIVE_SPACES     3
#define NAIVE_KEYS       3 /* kubernetes.io/hostname, zone, rack */
#define NAIVE_SELECTORS  9
#define NAIVE_NAMESPACES 7
#define NAIVE_TERMS_MAX  2

struct naive_term {
    unsigned selector;
    unsigned key;
    unsigned spaces;
};

struct naive_spread {
    struct naive_term term; /**< spaces is not read */
    int max_skew;
    int min_domains; /**< 0: not said */
    bool ignore_affinity;
    bool honor_taints;
};

struct naive_pod {
    bool exists;
    bool deleting;
    int node; /**< -1: holds room nowhere */
    unsigned space;
    unsigned app;  /**< 0: no label */
    unsigned tier; /**< 0: no label */
    bool tolerates;
    bool selects; /**< nodeSelector role=a */
    unsigned affinity_count;
    unsigned anti_count;
    unsigned spread_count;
    struct naive_term affinity[NAIVE_TERMS_MAX];
    struct naive_term anti[NAIVE_TERMS_MAX];
    struct naive_spread spreads[NAIVE_TERMS_MAX];
    unsigned
        soft; /**< not 0: terms and constraints beyond the counts are preferred ones, of this weight */
};

struct naive_node {
    bool exists;
    bool tainted;
    bool role;
    int values[NAIVE_KEYS]; /**< -1: no label */
};

struct naive {
    int minor;
    struct naive_node nodes[NAIVE_NODES];
    struct naive_pod pods[NAIVE_PODS];
    unsigned teams[NAIVE_SPACES]; /**< label team of each namespace; 0: none */
};

/** What one node says; NULL texts when it fits. */
struct naive_answer {
    const char *plugin;
    const char *reason;
    bool resolvable; /**< Unschedulable, not UnschedulableAndUnresolvable */
};

struct naive_answer naive_ask(const struct naive *naive, const struct naive_pod *pod, int number);

/** metadata without its braces: namespace and labels. */
void naive_print_meta(const struct naive_pod *pod, struct pf_buf *out);
/** What the filters read of the spec, with a final comma. */
void naive_print_spec(const struct naive_pod *pod, struct pf_buf *out);
void naive_print_node(const struct naive_node *node, int number, struct pf_buf *out);
void naive_print_namespace(const struct naive *naive, unsigned space, struct pf_buf *out);

#endif

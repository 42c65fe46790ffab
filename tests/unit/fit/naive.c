#include "naive.h"

/* ---- matching ---- */

static bool selects(unsigned selector, const struct naive_pod *pod)
{
    switch (selector) {
    case 0: /* absent */
        return false;
    case 1: /* {} */
        return true;
    case 2:
        return pod->app == 1;
    case 3:
        return pod->app == 1 || pod->app == 2;
    case 4:
        return pod->app != 1;
    case 5:
        return pod->tier != 0;
    case 6:
        return pod->tier == 0;
    case 7:
        return pod->app == 2 && pod->tier == 1;
    default:
        return pod->app == 3;
    }
}

static const char *const selectors[NAIVE_SELECTORS] = {
    "",
    "\"labelSelector\":{},",
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"a1\"}},",
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":["
    "\"a2\",\"a1\"]}]},",
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":["
    "\"a1\"]}]},",
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"Exists\"}]},",
    "\"labelSelector\":{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"DoesNotExist\"}]},",
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"a2\",\"tier\":\"t1\"}},",
    "\"labelSelector\":{\"matchLabels\":{\"app\":\"a3\"}},",
};

#define NOT_TEAM_1                                                                           \
    "\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"team\",\"operator\":\"NotIn\"," \
    "\"values\":[\"x1\"]}]},"

static const char *const namespaces[NAIVE_NAMESPACES] = {
    "",
    "\"namespaces\":[\"ns0\"],",
    "\"namespaces\":[\"ns1\",\"ns0\"],",
    "\"namespaceSelector\":{},",
    "\"namespaceSelector\":{\"matchLabels\":{\"team\":\"x1\"}},",
    (NOT_TEAM_1),
    "\"namespaces\":[\"ns2\"],\"namespaceSelector\":{\"matchLabels\":{\"team\":\"x2\"}},",
};

static const char *const keys[NAIVE_KEYS] = {"kubernetes.io/hostname", "zone", "rack"};

/* @param leaky  the selector is also tried against no labels */
static bool is_in(const struct naive *naive, unsigned spaces, unsigned owner, unsigned space,
                  bool leaky)
{
    const unsigned team = naive->teams[space];
    switch (spaces) {
    case 0:
        return space == owner;
    case 1:
        return space == 0;
    case 2:
        return space <= 1;
    case 3:
        return true;
    case 4:
        return team == 1;
    case 5:
        return team != 1 || leaky;
    default:
        return space == 2 || team == 2;
    }
}

/* A term of @p owner against another pod; only terms of the incoming pod leak (kubernetes issue 141526). */
static bool matches(const struct naive *naive, const struct naive_term *term,
                    const struct naive_pod *owner, const struct naive_pod *target, bool incoming)
{
    return selects(term->selector, target) &&
           is_in(naive, term->spaces, owner->space, target->space, incoming && naive->minor >= 34);
}

static bool matches_all(const struct naive *naive, const struct naive_pod *pod,
                        const struct naive_pod *target)
{
    for (unsigned i = 0; i < pod->affinity_count; i++) {
        if (!matches(naive, &pod->affinity[i], pod, target, true)) {
            return false;
        }
    }
    return pod->affinity_count != 0;
}

/* ---- the filters ---- */

static const struct naive_node *node_of(const struct naive *naive, const struct naive_pod *pod)
{
    return pod->exists && pod->node >= 0 && naive->nodes[pod->node].exists
               ? &naive->nodes[pod->node]
               : NULL;
}

static bool takes_part(const struct naive_node *node, const struct naive_pod *pod,
                       const struct naive_spread *spread)
{
    if (!node->exists) {
        return false;
    }
    for (unsigned i = 0; i < pod->spread_count; i++) {
        if (node->values[pod->spreads[i].term.key] < 0) {
            return false;
        }
    }
    return (spread->ignore_affinity || !pod->selects || node->role) &&
           (!spread->honor_taints || !node->tainted || pod->tolerates);
}

static int count_domain(const struct naive *naive, const struct naive_pod *pod,
                        const struct naive_spread *spread, int value)
{
    int count = 0;
    for (int i = 0; i < NAIVE_PODS && spread->term.selector > 1; i++) {
        const struct naive_pod *other = &naive->pods[i];
        const struct naive_node *node = node_of(naive, other);
        if (node != NULL && takes_part(node, pod, spread) && !other->deleting &&
            other->space == pod->space && selects(spread->term.selector, other) &&
            node->values[spread->term.key] == value) {
            count++;
        }
    }
    return count;
}

static int minimum(const struct naive *naive, const struct naive_pod *pod,
                   const struct naive_spread *spread)
{
    bool seen[NAIVE_NODES * 2] = {false};
    int domains = 0;
    int least = 0;
    for (int i = 0; i < NAIVE_NODES; i++) {
        const struct naive_node *node = &naive->nodes[i];
        if (!takes_part(node, pod, spread) || seen[node->values[spread->term.key]]) {
            continue;
        }
        seen[node->values[spread->term.key]] = true;
        const int count = count_domain(naive, pod, spread, node->values[spread->term.key]);
        least = domains == 0 || count < least ? count : least;
        domains++;
    }
    return domains < (spread->min_domains != 0 ? spread->min_domains : 1) ? 0 : least;
}

static bool check_spread(const struct naive *naive, const struct naive_pod *pod,
                         const struct naive_node *node, struct naive_answer *answer)
{
    for (unsigned i = 0; i < pod->spread_count; i++) {
        const struct naive_spread *spread = &pod->spreads[i];
        const int value = node->values[spread->term.key];
        if (value < 0) {
            *answer = (struct naive_answer){
                "PodTopologySpread",
                "node(s) didn't match pod topology spread constraints (missing required label)",
                false};
            return false;
        }
        const int self = selects(spread->term.selector, pod) ? 1 : 0;
        if (count_domain(naive, pod, spread, value) + self - minimum(naive, pod, spread) >
            spread->max_skew) {
            *answer = (struct naive_answer){
                "PodTopologySpread", "node(s) didn't match pod topology spread constraints", true};
            return false;
        }
    }
    return true;
}

static bool has_matching(const struct naive *naive, const struct naive_pod *pod, unsigned key,
                         int value)
{
    for (int i = 0; i < NAIVE_PODS; i++) {
        const struct naive_node *node = node_of(naive, &naive->pods[i]);
        if (node != NULL && node->values[key] >= 0 && (value < 0 || node->values[key] == value) &&
            matches_all(naive, pod, &naive->pods[i])) {
            return true;
        }
    }
    return false;
}

static bool check_affinity(const struct naive *naive, const struct naive_pod *pod,
                           const struct naive_node *node)
{
    bool here = true;
    bool anywhere = false;
    for (unsigned i = 0; i < pod->affinity_count; i++) {
        const unsigned key = pod->affinity[i].key;
        if (node->values[key] < 0) {
            return false;
        }
        here = here && has_matching(naive, pod, key, node->values[key]);
        anywhere = anywhere || has_matching(naive, pod, key, -1);
    }
    return here || (!anywhere && matches_all(naive, pod, pod));
}

static bool is_kept_away(const struct naive *naive, const struct naive_pod *pod,
                         const struct naive_node *node)
{
    for (int i = 0; i < NAIVE_PODS; i++) {
        const struct naive_node *other = node_of(naive, &naive->pods[i]);
        for (unsigned k = 0; other != NULL && k < pod->anti_count; k++) {
            const unsigned key = pod->anti[k].key;
            if (node->values[key] >= 0 && node->values[key] == other->values[key] &&
                matches(naive, &pod->anti[k], pod, &naive->pods[i], true)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_refused(const struct naive *naive, const struct naive_pod *pod,
                       const struct naive_node *node)
{
    for (int i = 0; i < NAIVE_PODS; i++) {
        const struct naive_pod *owner = &naive->pods[i];
        const struct naive_node *other = node_of(naive, owner);
        for (unsigned k = 0; other != NULL && k < owner->anti_count; k++) {
            const unsigned key = owner->anti[k].key;
            if (node->values[key] >= 0 && node->values[key] == other->values[key] &&
                matches(naive, &owner->anti[k], owner, pod, false)) {
                return true;
            }
        }
    }
    return false;
}

struct naive_answer naive_ask(const struct naive *naive, const struct naive_pod *pod, int number)
{
    const struct naive_node *node = &naive->nodes[number];
    struct naive_answer answer = {.plugin = NULL};
    if (node->tainted && !pod->tolerates) {
        return (struct naive_answer){"TaintToleration",
                                     naive->minor > 33
                                         ? "node(s) had untolerated taint(s)"
                                         : "node(s) had untolerated taint {dedicated: }",
                                     false};
    }
    if (pod->selects && !node->role) {
        return (struct naive_answer){"NodeAffinity",
                                     "node(s) didn't match Pod's node affinity/selector", false};
    }
    if (!check_spread(naive, pod, node, &answer)) {
        return answer;
    }
    if (pod->affinity_count != 0 && !check_affinity(naive, pod, node)) {
        return (struct naive_answer){"InterPodAffinity", "node(s) didn't match pod affinity rules",
                                     false};
    }
    if (is_kept_away(naive, pod, node)) {
        return (struct naive_answer){"InterPodAffinity",
                                     "node(s) didn't match pod anti-affinity rules", true};
    }
    if (is_refused(naive, pod, node)) {
        return (struct naive_answer){
            "InterPodAffinity", "node(s) didn't satisfy existing pods anti-affinity rules", true};
    }
    return answer;
}

/* ---- JSON ---- */

void naive_print_meta(const struct naive_pod *pod, struct pf_buf *out)
{
    pf_buf_printf(out, "\"namespace\":\"ns%u\",\"labels\":{", pod->space);
    if (pod->app != 0) {
        pf_buf_printf(out, "\"app\":\"a%u\"", pod->app);
    }
    if (pod->tier != 0) {
        pf_buf_printf(out, "%s\"tier\":\"t%u\"", pod->app != 0 ? "," : "", pod->tier);
    }
    pf_buf_append_cstr(out, "}");
}

static void print_term(const struct naive_term *term, struct pf_buf *out)
{
    pf_buf_printf(out, "{%s%s\"topologyKey\":\"%s\"}", selectors[term->selector],
                  namespaces[term->spaces], keys[term->key]);
}

static void print_terms(const char *name, const struct naive_term *terms, unsigned count,
                        unsigned soft, struct pf_buf *out)
{
    pf_buf_printf(out, "\"%s\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[", name);
    for (unsigned i = 0; i < count; i++) {
        pf_buf_append_cstr(out, i != 0 ? "," : "");
        print_term(&terms[i], out);
    }
    pf_buf_append_cstr(out, "],\"preferredDuringSchedulingIgnoredDuringExecution\":[");
    for (unsigned i = count; i < NAIVE_TERMS_MAX && soft != 0; i++) {
        pf_buf_printf(out, "%s{\"weight\":%u,\"podAffinityTerm\":", i != count ? "," : "",
                      soft + i);
        print_term(&terms[i], out);
        pf_buf_append_cstr(out, "}");
    }
    pf_buf_append_cstr(out, "]}");
}

static void print_spreads(const struct naive_pod *pod, struct pf_buf *out)
{
    const unsigned count = pod->soft != 0 ? NAIVE_TERMS_MAX : pod->spread_count;
    pf_buf_append_cstr(out, "\"topologySpreadConstraints\":[");
    for (unsigned i = 0; i < count; i++) {
        const struct naive_spread *spread = &pod->spreads[i];
        const bool hard = i < pod->spread_count;
        pf_buf_printf(out, "%s{%s\"topologyKey\":\"%s\",\"maxSkew\":%d,", i != 0 ? "," : "",
                      selectors[spread->term.selector], keys[spread->term.key], spread->max_skew);
        if (spread->min_domains != 0 && hard) {
            pf_buf_printf(out, "\"minDomains\":%d,", spread->min_domains);
        }
        pf_buf_printf(out, "%s%s\"whenUnsatisfiable\":\"%s\"}",
                      spread->ignore_affinity ? "\"nodeAffinityPolicy\":\"Ignore\"," : "",
                      spread->honor_taints ? "\"nodeTaintsPolicy\":\"Honor\"," : "",
                      hard ? "DoNotSchedule" : "ScheduleAnyway");
    }
    pf_buf_append_cstr(out, "],");
}

void naive_print_spec(const struct naive_pod *pod, struct pf_buf *out)
{
    if (pod->tolerates) {
        pf_buf_append_cstr(out, "\"tolerations\":[{\"operator\":\"Exists\"}],");
    }
    if (pod->selects) {
        pf_buf_append_cstr(out, "\"nodeSelector\":{\"role\":\"a\"},");
    }
    pf_buf_append_cstr(out, "\"affinity\":{");
    print_terms("podAffinity", pod->affinity, pod->affinity_count, pod->soft, out);
    pf_buf_append_cstr(out, ",");
    print_terms("podAntiAffinity", pod->anti, pod->anti_count, pod->soft, out);
    pf_buf_append_cstr(out, "},");
    print_spreads(pod, out);
}

void naive_print_node(const struct naive_node *node, int number, struct pf_buf *out)
{
    pf_buf_printf(out, "{\"metadata\":{\"name\":\"n%d\",\"labels\":{\"arch\":\"x\"", number);
    for (unsigned i = 0; i < NAIVE_KEYS; i++) {
        if (node->values[i] >= 0) {
            /* a hostname may be another node's name */
            pf_buf_printf(out, ",\"%s\":\"n%d\"", keys[i], node->values[i]);
        }
    }
    pf_buf_printf(out,
                  "%s}},\"spec\":{\"taints\":[%s]},\"status\":{\"allocatable\":{\"cpu\":\"64\","
                  "\"memory\":\"256Gi\",\"pods\":\"1000\"}}}",
                  node->role ? ",\"role\":\"a\"" : "",
                  node->tainted ? "{\"key\":\"dedicated\",\"effect\":\"NoSchedule\"}" : "");
}

void naive_print_namespace(const struct naive *naive, unsigned space, struct pf_buf *out)
{
    pf_buf_printf(out, "{\"metadata\":{\"name\":\"ns%u\",\"labels\":{", space);
    if (naive->teams[space] != 0) {
        pf_buf_printf(out, "\"team\":\"x%u\"", naive->teams[space]);
    }
    pf_buf_append_cstr(out, "}}}");
}

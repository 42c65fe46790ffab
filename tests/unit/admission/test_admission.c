#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "answer.h"
#include "desk.h"
#include <podfit/limits.h>

/* Reviews one after the other: what a single answer (test_admission_cases.c) cannot show. */

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

/* Post a CREATE review; the answer is read and checked. Release with answer_done(). */
static struct answer post(struct desk *desk, const char *uid, const char *pod)
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

static bool admits(struct desk *desk, const char *uid, const char *pod)
{
    struct answer answer = post(desk, uid, pod);
    answer_done(&answer);
    return answer.allowed;
}

/* The pod of a review as it stands after our patch, with double quotes. Release with free(3). */
static char *patched_pod(struct answer *answer, const char *pod)
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

static void test_room_is_held(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("3"));
    assert_true(admits(&desk, "u1", POD));
    assert_true(admits(&desk, "u2", POD));
    assert_true(admits(&desk, "u3", POD));
    assert_false(admits(&desk, "u4", POD));
    assert_int_equal(desk_held(&desk), 3);
    desk.now_ns += (int64_t)14900 * 1000 * 1000;
    assert_false(admits(&desk, "u5", POD));
    desk.now_ns += (int64_t)200 * 1000 * 1000;
    assert_true(admits(&desk, "u6", POD));
    assert_int_equal(desk_held(&desk), 1);
    desk_done(&desk);
}

static void test_refusal_is_stable(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("0"));
    struct answer first = post(&desk, "u1", POD);
    desk.now_ns += (int64_t)3600 * 1000 * 1000 * 1000;
    struct answer second = post(&desk, "u2", POD);
    (void)json_object_del(first.response, "uid");
    (void)json_object_del(second.response, "uid");
    assert_true(json_equal(first.response, second.response) != 0);
    assert_false(first.allowed);
    assert_int_equal(desk_held(&desk), 0);
    answer_done(&first);
    answer_done(&second);
    desk_done(&desk);
}

/* P-07: absent, null and false are a real request; true gives the same answer and leaves no trace. */
static void test_dry_run(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *member;
        uint32_t held;
    } rows[] = {
        {"absent", "", 1},
        {"null", ",\"dryRun\":null", 1},
        {"false", ",\"dryRun\":false", 1},
        {"true", ",\"dryRun\":true", 0},
    };
    json_t *expected = NULL;
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        struct answer answer;
        char body[1024];
        pf_autofree char *pod = desk_quoted(POD);
        (void)snprintf(body, sizeof(body),
                       "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                       "\"request\":{\"uid\":\"u\",\"resource\":{\"resource\":\"pods\"},"
                       "\"operation\":\"CREATE\",\"namespace\":\"ns\",\"object\":%s%s}}",
                       pod, rows[i].member);
        desk_init(&desk, CONFIG(""), CLUSTER("1"));
        assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
        assert_true(answer_read(pf_buf_view(&desk.response), PF_SV("u"), &answer));
        if (desk_held(&desk) != rows[i].held ||
            (expected != NULL && json_equal(expected, answer.response) == 0)) {
            fail_msg("dryRun %s: %u held, %s", rows[i].name, desk_held(&desk), desk_text(&desk));
        }
        if (expected == NULL) {
            expected = json_deep_copy(answer.response);
        }
        answer_done(&answer);
        desk_done(&desk);
    }
    json_decref(expected);
}

static void test_dry_run_keeps_a_reservation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct answer answer = post(&desk, "u1", POD);
    pf_autofree char *pod = patched_pod(&answer, POD);
    pf_autofree char *body = desk_create("u2", "ns", pod);
    char *at = strstr(body, "false}}");
    assert_non_null(at);
    memcpy(at, " true}}", sizeof(" true}}"));
    assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
    assert_int_equal(desk_held(&desk), 1);
    assert_false(admits(&desk, "u3", POD));
    answer_done(&answer);
    desk_done(&desk);
}

static void test_reinvocation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct answer answer = post(&desk, "u1", POD);
    pf_autofree char *pod = patched_pod(&answer, POD);
    answer_done(&answer);
    for (int i = 0; i < 3; i++) { /* the only slot is the pod's own */
        char uid[8];
        (void)snprintf(uid, sizeof(uid), "again%d", i);
        answer = post(&desk, uid, pod);
        assert_true(answer.allowed);
        assert_null(answer.patch);
        assert_int_equal(desk_held(&desk), 1);
        assert_true(pf_sv_eq_cstr(desk.decision.review_uid, "u1"));
        answer_done(&answer);
    }
    assert_false(admits(&desk, "u2", POD));
    desk_done(&desk);
}

/* A sidecar that came after us: the requests are others, so the reservation in the annotation is not this pod's as it is. */
static void test_reinvocation_with_more(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(""), CLUSTER("9"));
    struct answer answer = post(&desk, "u1", POD);
    pf_autofree char *pod = patched_pod(&answer, POD);
    answer_done(&answer);
    json_t *tree = json_loads(pod, 0, NULL);
    json_t *containers = json_object_get(json_object_get(tree, "spec"), "containers");
    assert_int_equal(
        json_array_append_new(containers, json_pack("{s:s,s:{s:{s:s}}}", "name", "proxy",
                                                    "resources", "limits", "memory", "500Mi")),
        0);
    pf_autofree char *more = json_dumps(tree, JSON_COMPACT);
    json_decref(tree);
    answer = post(&desk, "u2", more);
    assert_true(answer.allowed);
    assert_non_null(strstr(answer.patch, "/spec/containers/1/resources/requests"));
    assert_null(strstr(answer.patch, "/spec/containers/0"));
    assert_non_null(strstr(answer.patch, "\"value\":\"u2\""));
    answer_done(&answer);
    desk_done(&desk);
}

struct stranger_row {
    const char *name;
    const char *key; /* in the annotation of the second pod */
    const char *namespace_;
    const char *memory;
};

static void test_stranger(void **state)
{
    (void)state;
    static const struct stranger_row rows[] = {
        {"no such key", "unknown", "ns", "1000Mi"},
        {"another namespace", "u1", "other", "1000Mi"},
        {"other requests", "u1", "ns", "999Mi"},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        struct answer answer;
        char pod[512];
        (void)snprintf(pod, sizeof(pod),
                       "{'metadata':{'annotations':{'podfit.io/review':'%s'}},'spec':{"
                       "'containers':[{'name':'c','resources':{'requests':{'memory':'%s'}}}]}}",
                       rows[i].key, rows[i].memory);
        desk_init(&desk, KEEP(""), CLUSTER("2"));
        assert_true(admits(&desk, "u1",
                           "{'spec':{'containers':[{'name':'c','resources':{'requests':{"
                           "'memory':'1000Mi'}}}]}}"));
        pf_autofree char *body = desk_create("u2", rows[i].namespace_, pod);
        assert_int_equal(desk_post(&desk, pf_sv_from(body)), PF_ADMISSION_OK);
        assert_true(answer_read(pf_buf_view(&desk.response), PF_SV("u2"), &answer));
        desk_check(&desk);
        if (desk_held(&desk) != 2 || answer.patch == NULL ||
            strstr(answer.patch, "\"value\":\"u2\"") == NULL) {
            fail_msg("%s: %u held, %s", rows[i].name, desk_held(&desk), answer.patch);
        }
        answer_done(&answer);
        desk_done(&desk);
    }
}

/* A continued reservation is given up when the pod is refused after all. */
static void test_refused_reinvocation(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, KEEP(""), CLUSTER("1"));
    struct answer answer = post(&desk, "u1", "{'spec':{'containers':[{'name':'c'}]}}");
    pf_autofree char *pod = patched_pod(&answer, "{'spec':{'containers':[{'name':'c'}]}}");
    answer_done(&answer);
    pf_model_lock(desk.model);
    assert_true(pf_model_remove_node(desk.model, PF_SV("n1")));
    pf_model_unlock(desk.model);
    assert_false(admits(&desk, "u2", pod));
    assert_int_equal(desk_held(&desk), 0);
    desk_done(&desk);
}

static void test_observe(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, CONFIG(", observe: true"), CLUSTER("0"));
    struct answer answer = post(&desk, "u1", POD);
    assert_true(answer.allowed);
    assert_null(answer.patch);
    assert_null(json_object_get(answer.response, "warnings"));
    assert_int_equal(desk_held(&desk), 0);
    assert_true(desk.decision.observed);
    assert_int_equal(desk.decision.action, PF_ACTION_REJECT);
    assert_true(desk.decision.explanation.len != 0);
    answer_done(&answer);
    desk_done(&desk);
}

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
        struct answer answer = post(desk, uid, row->pods[i]);
        if (desk->decision.observed) {
            assert_true(answer.allowed);
            assert_null(answer.patch);
        }
        answer_done(&answer);
        len += (size_t)snprintf(text + len, bytes - len, "%s %u, ",
                                pf_verdict_name(desk->decision.judgement.verdict), desk_held(desk));
    }
}

static void test_burst(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(burst_rows); i++) {
        const struct burst_row *row = &burst_rows[i];
        struct desk desk;
        char text[256];
        desk_init(&desk, row->config,
                  row->cluster.len != 0 ? CLUSTER_CPU("1500m", "3") : CLUSTER("3"));
        for (int round = 0; round < 2; round++) { /* the second after all of it has run out */
            post_burst(&desk, row, text, sizeof(text));
            if (strcmp(text, row->expected) != 0) {
                fail_msg("%s: %s", row->name, text);
            }
            desk.now_ns += (int64_t)15001 * 1000 * 1000;
        }
        desk_done(&desk);
    }
}

/* Admitted misfits keep their key, so that a reinvocation is idempotent, but no room. */
static void test_annotate_and_gate(void **state)
{
    (void)state;
    const struct {
        const char *name;
        struct pf_sv config;
        enum pf_action action;
        bool gate;
    } rows[] = {
        {"annotate", KEEP(", onFull: annotate"), PF_ACTION_ANNOTATE, false},
        {"gate", KEEP(", onFull: gate"), PF_ACTION_GATE, true},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        struct desk desk;
        desk_init(&desk, rows[i].config, CLUSTER("1"));
        assert_true(admits(&desk, "u1", POD));
        struct answer answer = post(&desk, "u2", POD);
        pf_autofree char *pod = patched_pod(&answer, POD);
        const bool gate = strstr(pod, "podfit.io/capacity") != NULL;
        if (desk.decision.action != rows[i].action || gate != rows[i].gate ||
            strstr(pod, "Too many pods") == NULL) {
            fail_msg("%s: %s", rows[i].name, pod);
        }
        answer_done(&answer);
        answer = post(&desk, "u3", pod);
        assert_null(answer.patch);
        answer_done(&answer);
        /* room came back: gate and reason go */
        desk.now_ns += (int64_t)20 * 1000 * 1000 * 1000;
        answer = post(&desk, "u4", pod);
        pf_autofree char *freed = patched_pod(&answer, pod);
        assert_null(strstr(freed, "podfit.io/capacity"));
        assert_null(strstr(freed, "podfit.io/reason"));
        answer_done(&answer);
        desk_done(&desk);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, PF_SV(CONFIG_HEAD "- {name: all, requests: keep}\nfit: {onUnknown: reject}\n"),
              CLUSTER("9"));
    const struct pf_model_origin origin = {.synced = false};
    pf_model_lock(desk.model);
    pf_model_set_origin(desk.model, &origin);
    pf_model_unlock(desk.model);
    struct answer answer = post(&desk, "u1", POD);
    assert_false(answer.allowed);
    assert_int_equal(desk.decision.judgement.verdict, PF_VERDICT_UNKNOWN);
    assert_int_equal(desk_held(&desk), 0);
    answer_done(&answer);
    desk_done(&desk);
}

static void test_set_config(void **state)
{
    (void)state;
    struct desk desk;
    struct pf_err err = {0};
    desk_init(&desk, KEEP(""), CLUSTER("0"));
    assert_false(admits(&desk, "u1", POD));
    struct pf_config *fresh = desk_config(KEEP(", onFull: annotate, onNever: annotate"));
    assert_int_equal(pf_admission_set_config(desk.admission, fresh, &err), PF_OK);
    pf_config_unref(fresh);
    assert_true(admits(&desk, "u2", POD));
    desk_done(&desk);
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        enum pf_admission_status status;
        const char *text; /* the answer's beginning */
    } rows[] = {
        {"empty", "", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"garbage", "}{", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"array", "[]", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"null", "null", PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"other kind", "{'kind':'Pod','apiVersion':'admission.k8s.io/v1'}",
         PF_ADMISSION_BAD_REQUEST, "podfit: only kind 'AdmissionReview'"},
        {"no request", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1'}",
         PF_ADMISSION_BAD_REQUEST, "podfit: request: is missing"},
        {"half", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u",
         PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"two documents",
         "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u'}} {}",
         PF_ADMISSION_BAD_REQUEST, "podfit: "},
        {"minimal",
         "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u'}}",
         PF_ADMISSION_OK, "{\"kind\":\"AdmissionReview\""},
    };
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        pf_autofree char *body = desk_quoted(rows[i].body);
        const enum pf_admission_status status = desk_post(&desk, pf_sv_from(body));
        if (status != rows[i].status ||
            strncmp(desk_text(&desk), rows[i].text, strlen(rows[i].text)) != 0 ||
            strchr(desk_text(&desk), '\n') != desk_text(&desk) + desk.response.len - 1) {
            fail_msg("%s: status %d: %s", rows[i].name, status, desk_text(&desk));
        }
    }
    desk_done(&desk);
}

/* A review padded with managedFields to exactly @p bytes. */
static char *padded(size_t bytes)
{
    static const char head[] =
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
        "\"uid\":\"u\",\"resource\":{\"resource\":\"pods\"},\"operation\":\"CREATE\",\"namespace\":"
        "\"ns\",\"object\":{\"metadata\":{\"managedFields\":[\"";
    static const char tail[] = "\"]},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}";
    char *body = malloc(bytes + 1);
    assert_non_null(body);
    memset(body, 'x', bytes);
    memcpy(body, head, sizeof(head) - 1);
    memcpy(body + bytes - (sizeof(tail) - 1), tail, sizeof(tail));
    return body;
}

static void test_body_limit(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_autofree char *at = padded(PF_REVIEW_MAX_BYTES);
    pf_autofree char *over = padded(PF_REVIEW_MAX_BYTES + 1);
    assert_int_equal(desk_post(&desk, pf_sv_from(at)), PF_ADMISSION_OK);
    assert_int_equal(desk.decision.judgement.verdict, PF_VERDICT_FITS);
    assert_int_equal(desk_post(&desk, pf_sv_from(over)), PF_ADMISSION_TOO_LARGE);
    assert_non_null(strstr(desk_text(&desk), "at most 7340032 are allowed"));
    desk_done(&desk);
}

/* The response is appended to what the caller holds, and cut back to it when there is none. */
static void test_response_is_appended(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_buf_append_cstr(&desk.response, "kept ");
    assert_int_equal(
        pf_admission_review(desk.admission, PF_SV("[]"), &desk.arena, &desk.response, NULL),
        PF_ADMISSION_BAD_REQUEST);
    assert_int_equal(strncmp(desk_text(&desk), "kept podfit: ", 13), 0);
    desk_done(&desk);
}

/* An answer that does not fit into the caller's buffer is our fault, said in one line. */
static void test_small_response(void **state)
{
    (void)state;
    struct desk desk;
    pf_autofree char *body = desk_create("u", "ns", POD);
    desk_init(&desk, (struct pf_sv){0}, CLUSTER("9"));
    pf_buf_done(&desk.response);
    pf_buf_init(&desk.response, 128);
    const enum pf_admission_status status = desk_post(&desk, pf_sv_from(body));
    assert_int_equal(status, PF_ADMISSION_TOO_LARGE);
    assert_int_equal(strncmp(desk_text(&desk), "podfit: ", 8), 0);
    desk_done(&desk);
}

static void test_judge_pod(void **state)
{
    (void)state;
    struct desk desk;
    struct pf_err err = {0};
    struct pf_decision decision;
    struct pf_explanation explanation = {0};
    pf_autofree char *pod = desk_quoted(POD);
    desk_init(&desk, CONFIG(""), CLUSTER("1"));
    struct pf_admission_request request = {.namespace_ = PF_SV("ns"), .explain = &explanation};
    assert_int_equal(pf_admission_judge_pod(desk.admission, pf_sv_from(pod), &request, &desk.arena,
                                            &decision, &err),
                     PF_OK);
    assert_int_equal(decision.judgement.verdict, PF_VERDICT_FITS);
    assert_int_equal(explanation.slots, 1);
    assert_int_equal(desk_held(&desk), 0);
    request.reserve = true;
    request.review_uid = PF_SV("key");
    assert_int_equal(pf_admission_judge_pod(desk.admission, pf_sv_from(pod), &request, &desk.arena,
                                            &decision, &err),
                     PF_OK);
    assert_int_equal(desk_held(&desk), 1);
    assert_int_equal(pf_admission_judge_pod(desk.admission, PF_SV("{\"spec\":3}"), &request,
                                            &desk.arena, &decision, &err),
                     PF_E_INVALID);
    desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room_is_held),
        cmocka_unit_test(test_refusal_is_stable),
        cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_dry_run_keeps_a_reservation),
        cmocka_unit_test(test_reinvocation),
        cmocka_unit_test(test_reinvocation_with_more),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_refused_reinvocation),
        cmocka_unit_test(test_observe),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_annotate_and_gate),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_set_config),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_response_is_appended),
        cmocka_unit_test(test_small_response),
        cmocka_unit_test(test_judge_pod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

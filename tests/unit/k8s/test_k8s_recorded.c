/* Every review and every object of the recorded clusters decodes; each place where the arena may run out is tried. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <podfit/arena.h>
#include <podfit/cursor.h>
#include <podfit/file.h>
#include <podfit/limits.h>
#include <podfit/node.h>
#include <podfit/pod.h>
#include <podfit/request.h>
#include <podfit/review.h>

#define FILE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define RECORDED       PF_TEST_DATA "/reference/recorded/"
/* kinds nest at most so deep: event, list, item */
#define WALK_DEPTH 4

/** What was decoded so far. */
struct counts {
    size_t pods;
    size_t nodes;
    size_t namespaces;
    size_t reviews;
    size_t statuses; /**< of containers */
};

/** Kind and the members of interest of one JSON object. */
struct members {
    struct pf_sv kind;
    struct pf_sv items;
    struct pf_sv nested[4]; /**< review, pod, event or object of a line */
    size_t nested_count;
};

static void judge_pod(struct pf_sv bytes, struct counts *counts)
{
    struct pf_err err = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_pod pod;
    struct pf_request request;
    const struct pf_kube_features features = pf_kube_features_default(36);
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_pod_decode(bytes, &arena, &pod, &err) != PF_OK ||
        pf_pod_apply_defaults(&pod, &features, /* stored= */ true, &arena, &err) != PF_OK ||
        pf_request_of_existing(&pod, &features, &arena, &request, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(pod.defect.len, 0);
    counts->pods++;
    counts->statuses += pod.status_count;
}

static void judge_node(struct pf_sv bytes, struct counts *counts)
{
    struct pf_err err = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_node node;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_node_decode(bytes, &arena, &node, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    if (node.meta.name.len == 0) {
        return; /* a BOOKMARK: the kind and a resourceVersion only */
    }
    assert_non_null(pf_resource_list_find(&node.allocatable, PF_SV("pods")));
    assert_int_equal(node.defect.len, 0);
    counts->nodes++;
}

static void judge_namespace(struct pf_sv bytes, struct counts *counts)
{
    struct pf_err err = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_namespace decoded;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_namespace_decode(bytes, &arena, &decoded, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_non_null(pf_labels_find(&decoded.meta.labels, PF_SV("kubernetes.io/metadata.name")));
    counts->namespaces++;
}

static void judge_review(struct pf_sv bytes, struct counts *counts)
{
    struct pf_err err = {0};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_review review;
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    if (pf_review_decode(bytes, &arena, &review, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(review.uid.len, 36);
    assert_true(pf_sv_eq(review.resource, PF_SV("pods")));
    assert_int_not_equal(review.object.len, 0);
    judge_pod(review.object, counts);
    if (review.old_object.len != 0) {
        judge_pod(review.old_object, counts);
    }
    counts->reviews++;
}

static struct members members_of(struct pf_sv bytes, struct pf_arena *arena)
{
    struct members members = {0};
    struct pf_cursor c;
    struct pf_sv key = {0};
    struct pf_err err = {0};
    pf_cursor_init(&c, bytes);
    pf_cursor_enter_object(&c);
    while (pf_cursor_next_key(&c, &key)) {
        if (pf_sv_eq_cstr(key, "kind")) {
            pf_cursor_string(&c, arena, &members.kind);
        } else if (pf_sv_eq_cstr(key, "items") || pf_sv_eq_cstr(key, "other_reviews")) {
            pf_cursor_span(&c, &members.items);
        } else if ((pf_sv_eq_cstr(key, "review") || pf_sv_eq_cstr(key, "pod") ||
                    pf_sv_eq_cstr(key, "event") || pf_sv_eq_cstr(key, "object")) &&
                   pf_cursor_kind(&c) == PF_JSON_OBJECT) {
            pf_cursor_span(&c, &members.nested[members.nested_count++]);
        }
    }
    pf_cursor_end(&c);
    if (pf_cursor_error(&c, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    return members;
}

/* @return whether the kind is one of ours */
static bool judge(struct pf_sv kind, struct pf_sv bytes, struct counts *counts)
{
    static const struct {
        struct pf_sv kind;
        void (*judge)(struct pf_sv bytes, struct counts *counts);
    } kinds[] = {
        {PF_SV_INIT("Pod"), judge_pod},
        {PF_SV_INIT("Node"), judge_node},
        {PF_SV_INIT("Namespace"), judge_namespace},
        {PF_SV_INIT("AdmissionReview"), judge_review},
    };
    for (size_t i = 0; i < PF_ARRAY_LEN(kinds); i++) {
        if (pf_sv_eq(kind, kinds[i].kind)) {
            kinds[i].judge(bytes, counts);
            return true;
        }
    }
    return false;
}

static void walk(struct pf_sv bytes, struct pf_sv default_kind, int depth, struct counts *counts)
{
    pf_autoarena struct pf_arena arena = {0};
    pf_arena_init(&arena, PF_REVIEW_ARENA_MAX_BYTES);
    const struct members members = members_of(bytes, &arena);
    const struct pf_sv kind = members.kind.len != 0 ? members.kind : default_kind;
    if (depth == 0 || judge(kind, bytes, counts)) {
        return;
    }
    for (size_t i = 0; i < members.nested_count; i++) {
        walk(members.nested[i], (struct pf_sv){0}, depth - 1, counts);
    }
    if (members.items.len != 0) {
        /* items of a PodList of the API do not name their kind */
        const struct pf_sv item_kind = {.ptr = kind.ptr, .len = kind.len > 4 ? kind.len - 4 : 0};
        struct pf_sv item = {0};
        struct pf_cursor c;
        pf_cursor_init(&c, members.items);
        pf_cursor_enter_array(&c);
        while (pf_cursor_next_item(&c)) {
            pf_cursor_span(&c, &item);
            walk(item, item_kind, depth - 1, counts);
        }
        assert_true(pf_cursor_end(&c));
    }
}

static void walk_file(const char *path, struct counts *counts)
{
    struct pf_err err = {0};
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, FILE_MAX_BYTES);
    if (pf_file_read(path, &buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
    struct pf_sv rest = pf_buf_view(&buf);
    while (rest.len != 0) {
        const size_t newline = pf_sv_find(rest, PF_SV("\n"));
        /* initial.json is one indented object, the others are lines */
        const bool lines = rest.ptr[0] == '{' && newline > 1 && newline != SIZE_MAX;
        const size_t len = lines ? newline : rest.len;
        walk((struct pf_sv){.ptr = rest.ptr, .len = len}, (struct pf_sv){0}, WALK_DEPTH, counts);
        rest.ptr += len;
        rest.len -= len;
        rest = pf_sv_trim(rest);
    }
}

static void test_recorded_files(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t reviews; /* AdmissionReview objects in the file */
        size_t least_pods;
        size_t least_nodes;
    } rows[] = {
        {"cocalc-memory/initial.json", 0, 100, 6},
        {"cocalc-memory/steps.jsonl", 39, 100, 0},
        {"coditect/initial.json", 0, 22, 3},
        {"coditect/steps.jsonl", 30, 60, 0},
        {"coditect-burst/initial.json", 0, 22, 3},
        {"coditect-burst/steps.jsonl", 42, 80, 0},
        {"coditect-pvc/initial.json", 0, 22, 3},
        {"coditect-pvc/steps.jsonl", 27, 50, 0},
        {"jupyterhub/initial.json", 0, 39, 5},
        {"jupyterhub/steps.jsonl", 47, 80, 0},
        {"mixed-api/initial.json", 0, 16, 8},
        {"mixed-api/steps.jsonl", 50, 80, 0},
        {"mixed-resources/initial.json", 0, 16, 8},
        {"mixed-resources/steps.jsonl", 50, 80, 0},
        {"watch/list-pods-page-1.json", 0, 50, 0},
        {"watch/list-pods-page-2.json", 0, 50, 0},
        {"watch/list-nodes.json", 0, 0, 6},
        {"watch/pods.jsonl", 0, 100, 0},
        {"watch/nodes.jsonl", 0, 0, 1},
        {"watch/initial-events-pods.jsonl", 0, 100, 0},
        {"watch/initial-events-nodes.jsonl", 0, 0, 6},
    };
    struct counts all = {0};
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        char path[512];
        struct counts counts = {0};
        (void)snprintf(path, sizeof(path), "%s%s", RECORDED, rows[i].file);
        walk_file(path, &counts);
        if (counts.reviews != rows[i].reviews || counts.pods < rows[i].least_pods ||
            counts.nodes < rows[i].least_nodes) {
            fail_msg("%s: %zu reviews, %zu pods, %zu nodes", rows[i].file, counts.reviews,
                     counts.pods, counts.nodes);
        }
        all.namespaces += counts.namespaces;
        all.statuses += counts.statuses;
    }
    assert_true(all.namespaces > 20);
    assert_true(all.statuses > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

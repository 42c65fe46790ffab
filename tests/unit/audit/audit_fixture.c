#include "audit_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <podfit/file.h>

static int64_t mono_ns(void *opaque)
{
    struct fixture *fixture = opaque;
    return INT64_C(5000000000) + fixture->elapsed_ns;
}

static int64_t wall_ns(void *opaque)
{
    struct fixture *fixture = opaque;
    return START_WALL_NS + fixture->elapsed_ns;
}

int fixture_set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/pf-audit-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/reject.log", fixture->dir);
    fixture->clock = (struct pf_clock){.mono_ns = mono_ns, .wall_ns = wall_ns, .opaque = fixture};
    fixture->options = (struct pf_audit_options){.path = fixture->path, .clock = &fixture->clock};
    *state = fixture;
    return 0;
}

static void remove_all(const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char child[PATH_MAX];
        (void)snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            /* a file, or an empty folder; the tests make folders of one level */
            (void)remove(child);
        }
        free(entries[i]);
    }
    free(entries);
    (void)rmdir(path);
}

int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    pf_audit_free(fixture->audit);
    char folder[PATH_MAX];
    remove_all(fixture_path(fixture, "logs", folder));
    remove_all(fixture->dir);
    free(fixture);
    return 0;
}

void fixture_open(struct fixture *fixture)
{
    struct pf_err err = {.code = PF_OK};
    const enum pf_code code = pf_audit_new(&fixture->options, &fixture->audit, &err);
    if (code != PF_OK) {
        fail_msg("%s", err.text);
    }
}

void fixture_close(struct fixture *fixture)
{
    pf_audit_free(fixture->audit);
    fixture->audit = NULL;
}

const char *fixture_path(const struct fixture *fixture, const char *name, char text[PATH_MAX])
{
    (void)snprintf(text, PATH_MAX, "%s/%s", fixture->dir, name);
    return text;
}

void fixture_read(const char *path, struct pf_buf *buf)
{
    struct pf_err err = {.code = PF_OK};
    pf_buf_init(buf, (size_t)64 * 1024 * 1024);
    if (pf_file_read(path, buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

void fixture_wait(struct fixture *fixture, bool (*done)(const struct pf_audit_stats *stats))
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 20000; i++) {
        const struct pf_audit_stats stats = pf_audit_stats(fixture->audit);
        if (done(&stats)) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("what was waited for did not come within 20 seconds");
}

static bool is_drained(const struct pf_audit_stats *stats)
{
    return stats->queued == 0;
}

void fixture_drain(struct fixture *fixture)
{
    fixture_wait(fixture, is_drained);
}

struct pf_audit_record fixture_record(void)
{
    static const struct pf_audit_reason reasons[] = {
        {.text = PF_SV_INIT("Insufficient memory"), .nodes = 3},
        {.text = PF_SV_INIT("Too many pods"), .nodes = 7},
    };
    return (struct pf_audit_record){
        .wall_ns = START_WALL_NS + 123 * MS,
        .review_uid = PF_SV("705ab4f5-6393-11e8-b7cc-42010a800002"),
        .dry_run = true,
        .class_name = PF_SV("batch"),
        .verdict = "full",
        .action = "reject",
        .namespace_ = PF_SV("team-a"),
        .name = PF_SV("web-1"),
        .generate_name = PF_SV("web-"),
        .owner_kind = PF_SV("ReplicaSet"),
        .owner_name = PF_SV("web-7d4"),
        .user = PF_SV("system:serviceaccount:kube-system:replicaset-controller"),
        .requests = PF_SV("{\"app\":{\"cpu\":[\"1\",\"500m\",\"ratio\"]}}"),
        .message = PF_SV("0/10 nodes are available: 3 Insufficient memory, 7 Too many pods."),
        .reasons = reasons,
        .reason_count = PF_ARRAY_LEN(reasons),
        .binding = PF_SV("memory"),
        .slots = UINT64_MAX,
        .resource_version = PF_SV("4711"),
        .model_age_ms = 250,
        .latency_us = 37,
    };
}

void fixture_put(struct fixture *fixture, int number)
{
    char text[32] = "";
    struct pf_audit_record record = fixture_record();
    (void)snprintf(text, sizeof(text), "%d", number);
    record.message = pf_sv_from(text);
    pf_audit_put(fixture->audit, &record);
}

static bool gather(void *opaque, const struct pf_audit_line *line)
{
    struct gathered *gathered = opaque;
    if (line->kind == PF_AUDIT_DROPPED && gathered->lines[PF_AUDIT_DROPPED] == 0) {
        gathered->before_drop = gathered->lines[PF_AUDIT_DECISION];
    }
    gathered->lines[line->kind]++;
    gathered->records[line->kind] += line->count;
    const size_t used = strlen(gathered->messages);
    if (line->message.len != 0) {
        (void)snprintf(gathered->messages + used, sizeof(gathered->messages) - used, "%.*s|",
                       PF_SV_ARG(line->message));
    }
    (void)snprintf(gathered->raw, sizeof(gathered->raw), "%.*s", PF_SV_ARG(line->raw));
    return true;
}

void fixture_gather(const char *path, struct gathered *ret_gathered)
{
    *ret_gathered = (struct gathered){.counts = {.files = 0}};
    const struct pf_audit_query query = {.each = gather, .opaque = ret_gathered};
    const char *const paths[] = {path};
    struct pf_err err = {.code = PF_OK};
    if (pf_audit_query_files(&query, paths, 1, /* rotated= */ true, &ret_gathered->counts, &err) !=
        PF_OK) {
        fail_msg("%s", err.text);
    }
}

/*
 * The model of a large cluster from a snapshot stream: load speed, memory held, memory at the peak. The snapshot never touches a disk: a child writes it
 * into a pipe at the sizes objects have in real clusters (13 KB a node, 9 KB a pod, most of it managedFields).
 *
 * bench_model [NODES [PODS]]
 */

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "objects.h"
#include <podfit/buf.h>
#include <podfit/clock.h>
#include <podfit/snapshot.h>

static void write_all(int fd, const struct pf_buf *text)
{
    size_t done = 0;
    while (done < text->len) {
        const ssize_t wrote = write(fd, text->data + done, text->len - done);
        if (wrote <= 0) {
            _exit(1);
        }
        done += (size_t)wrote;
    }
}

/* The child: a list of nodes (pods false) or of pods. */
static void write_list(int fd, unsigned nodes, unsigned pods, bool want_pods)
{
    struct pf_buf text;
    struct objects objects;
    pf_buf_init(&text, (size_t)1 << 20);
    objects_init(&objects, nodes);
    pf_buf_append_cstr(&text, "{\"apiVersion\":\"v1\",\"items\":[");
    for (unsigned i = 0; i < (want_pods ? pods : nodes); i++) {
        pf_buf_append_cstr(&text, i != 0 ? "," : "");
        if (want_pods) {
            objects_append_pod(&text, &objects, i, 1);
        } else {
            objects_append_node(&text, &objects, i, 1);
        }
        if (text.len > 60000) {
            write_all(fd, &text);
            pf_buf_reset(&text);
        }
    }
    pf_buf_append_cstr(&text, "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"1\"}}\n");
    write_all(fd, &text);
    _exit(0);
}

static long status_kib(const char *key)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        int64_t value = 0;
        const size_t len = strlen(key);
        if (strncmp(line, key, len) == 0) {
            struct pf_sv text = pf_sv_trim(pf_sv_from(line + len));
            text.len = text.len > 3 ? text.len - 3 : 0; /* " kB" */
            kib = pf_sv_to_i64(pf_sv_trim(text), &value) ? (long)value : -1;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

static bool load(struct pf_model *model, unsigned nodes, unsigned pods, bool want_pods)
{
    int fds[2] = {-1, -1};
    struct pf_err err = {0};
    struct pf_snapshot_stats stats = {0};
    if (pipe(fds) != 0) {
        return false;
    }
    const pid_t child = fork();
    if (child == 0) {
        (void)close(fds[0]);
        write_list(fds[1], nodes, pods, want_pods);
    }
    (void)close(fds[1]);
    (void)dup2(fds[0], STDIN_FILENO);
    (void)close(fds[0]);
    const int64_t start = pf_clock_mono_ns(pf_clock_system());
    struct rusage before = {0};
    struct rusage after = {0};
    (void)getrusage(RUSAGE_SELF, &before);
    if (pf_snapshot_load(model, "-", &stats, &err) != PF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    (void)getrusage(RUSAGE_SELF, &after);
    const double seconds = (double)(pf_clock_mono_ns(pf_clock_system()) - start) / 1e9;
    const double cpu_seconds = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
                               (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6 +
                               (double)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
                               (double)(after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
    (void)waitpid(child, NULL, 0);
    const uint64_t objects = want_pods ? stats.pods : stats.nodes;
    const double megabytes =
        (double)objects * (want_pods ? OBJECTS_POD_BYTES : OBJECTS_NODE_BYTES) / 1e6;
    printf("%-5s %8" PRIu64 " objects, about %6.0f MB: %6.2f s, %5.0f MB/s; own CPU %5.2f s, %5.0f "
           "MB/s, %4.1f us an object\n",
           want_pods ? "pods" : "nodes", objects, megabytes, seconds, megabytes / seconds,
           cpu_seconds, megabytes / cpu_seconds,
           objects != 0 ? cpu_seconds * 1e6 / (double)objects : 0.0);
    return true;
}

static unsigned argument(int argc, char **argv, int i, unsigned fallback)
{
    int64_t value = 0;
    return argc > i && pf_sv_to_i64(pf_sv_from(argv[i]), &value) && value > 0 && value < 10000000
               ? (unsigned)value
               : fallback;
}

int main(int argc, char **argv)
{
    const unsigned nodes = argument(argc, argv, 1, 5000);
    const unsigned pods = argument(argc, argv, 2, 150000);
    const struct pf_model_options options = {.features =
                                                 pf_kube_features_default(PF_KUBE_MINOR_NEWEST)};
    struct pf_model *model = NULL;
    const size_t start = mallinfo2().uordblks + mallinfo2().hblkhd;
    const long rss_start = status_kib("VmRSS:");
    if (pf_model_new(&options, &model, NULL) != PF_OK) {
        return 1;
    }
    const size_t empty = mallinfo2().uordblks + mallinfo2().hblkhd;
    if (!load(model, nodes, pods, /* want_pods= */ false)) {
        return 1;
    }
    const size_t with_nodes = mallinfo2().uordblks + mallinfo2().hblkhd;
    if (!load(model, nodes, pods, /* want_pods= */ true)) {
        return 1;
    }
    const size_t with_pods = mallinfo2().uordblks + mallinfo2().hblkhd;
    const long peak = status_kib("VmHWM:");
    const long settled = status_kib("VmRSS:");
    const struct pf_model_stats stats = pf_model_stats(model);
    struct pf_err err = {0};
    if (pf_model_check(model, &err) != PF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("model %u nodes, %u pods (%u bound, %u pending), %u shapes\n", stats.nodes, stats.pods,
           stats.pods_bound, stats.pods_pending, stats.shapes);
    printf("malloc'd %.1f MiB (target 48), by its own account %.1f MiB; %.0f bytes a node (target "
           "400), %.0f a pod (target 200), empty model %.0f KiB\n",
           (double)(with_pods - start) / 1048576, (double)stats.bytes / 1048576,
           (double)(with_nodes - empty) / nodes, (double)(with_pods - with_nodes) / pods,
           (double)(empty - start) / 1024);
    printf("resident: %.1f MiB settled, %.1f MiB at the peak: %.1f MiB more (target 16); %.1f MiB "
           "before\n",
           (double)settled / 1024, (double)peak / 1024, (double)(peak - settled) / 1024,
           (double)rss_start / 1024);
    pf_model_free(model);
    return 0;
}

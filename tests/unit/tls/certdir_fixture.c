#include "certdir_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <podfit/file.h>
#include <podfit/limits.h>

static const char *const names[] = {HOST, "10.0.0.1"};

/* Power cuts are not played here, and a thousand real ones take half a minute. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

static int64_t fixture_now(void *opaque)
{
    return ((const struct fixture *)opaque)->now_ns;
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    (void)snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/podfit-certdir-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    fixture->now_ns = START_NS;
    fixture->clock =
        (struct pf_clock){.mono_ns = fixture_now, .wall_ns = fixture_now, .opaque = fixture};
    fixture->options = pf_certdir_options_default();
    fixture->options.names = names;
    fixture->options.names_count = PF_ARRAY_LEN(names);
    *state = fixture;
    return 0;
}

static void remove_tree(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < count; i++) {
        char path[512];
        struct stat info = {0};
        (void)snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name);
        const bool is_self =
            strcmp(found[i]->d_name, ".") == 0 || strcmp(found[i]->d_name, "..") == 0;
        if (!is_self && lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_tree(path); /* generations: one level deep */
        } else if (!is_self) {
            (void)unlink(path);
        }
        free(found[i]);
    }
    free(found);
    (void)rmdir(dir);
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    remove_tree(fixture->dir);
    free(fixture);
    return 0;
}

void fixture_path_of(const struct fixture *fixture, const char *name, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", fixture->dir, name);
}

void fixture_read_text(const struct fixture *fixture, const char *name, struct pf_buf *buf)
{
    char path[128];
    struct pf_err err = {0};
    fixture_path_of(fixture, name, path);
    pf_buf_init(buf, PF_CERT_PEM_MAX_BYTES);
    if (pf_file_read(path, buf, &err) != PF_OK) {
        fail_msg("%s", err.text);
    }
}

unsigned fixture_mode_of(const struct fixture *fixture, const char *name)
{
    char path[128];
    struct stat info = {0};
    fixture_path_of(fixture, name, path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

size_t fixture_count_entries(const char *dir)
{
    struct dirent **found = NULL;
    const int count = scandir(dir, &found, NULL, NULL);
    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        free(found[i]);
    }
    free(found);
    return (size_t)count - 2;
}

unsigned fixture_renew(struct fixture *fixture)
{
    struct pf_err err = {0};
    struct pf_certdir_report report = {0};
    if (pf_certdir_renew(fixture->dir, &fixture->options, &fixture->clock, &report, &err) !=
        PF_OK) {
        fail_msg("renew: %s", err.text);
    }
    const unsigned acts = report.acts;
    pf_certdir_report_done(&report);
    return acts;
}

void fixture_create(struct fixture *fixture)
{
    struct pf_err err = {0};
    if (pf_certdir_create(fixture->dir, &fixture->options, &fixture->clock, NULL, &err) != PF_OK) {
        fail_msg("create: %s", err.text);
    }
}

/* What a server and a client would do with the folder now. */
void fixture_check_served(const struct fixture *fixture)
{
    char cert_path[128];
    char key_path[128];
    pf_autocertpair struct pf_cert_pair pair = {0};
    pf_autobuf struct pf_buf bundle = {0};
    struct pf_err err = {0};
    fixture_path_of(fixture, "tls.crt", cert_path);
    fixture_path_of(fixture, "tls.key", key_path);
    enum pf_code code = pf_cert_load_pair(cert_path, key_path, fixture->now_ns, &pair, NULL, &err);
    if (code == PF_OK) {
        fixture_read_text(fixture, "ca-bundle.crt", &bundle);
        code = pf_cert_verify(pf_buf_view(&pair.cert_pem), pf_buf_view(&bundle), HOST,
                              fixture->now_ns, &err);
    }
    if (code != PF_OK) {
        fail_msg("served pair: %s", err.text);
    }
}

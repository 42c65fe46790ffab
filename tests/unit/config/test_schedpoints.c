/* fit.schedulerConfig: plug-ins of a KubeSchedulerConfiguration that are on at one point and off at another. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <podfit/config.h>

#define OURS                                                                                  \
    "apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n- name: a\nfit: {" \
    "schedulerConfig: sched.yaml}\n"
#define PLUGINS                                                                      \
    "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n" \
    "profiles:\n- plugins:\n    "

/* The file of the scheduler is the opaque text. */
static enum pf_code read_row(void *opaque, const char *path PF_UNUSED, struct pf_buf *buf,
                             struct pf_err *err)
{
    const char *const *text = opaque;
    pf_buf_append_cstr(buf, *text);
    return pf_buf_status(buf, err);
}

static struct pf_config *parse(const char *name, const char *scheduler)
{
    const struct pf_config_source source = {
        .yaml = pf_sv_from(OURS), .name = "f.yaml", .read = read_row, .opaque = &scheduler};
    pf_autoarena struct pf_arena arena = {0};
    struct pf_problems problems;
    struct pf_config *config = NULL;
    pf_arena_init(&arena, 1 << 22);
    pf_problems_init(&problems, &arena, "f.yaml");
    if (pf_config_parse_source(&source, &problems, &config) != PF_OK) {
        fail_msg("%s: cannot be parsed", name);
    }
    return config;
}

static bool notes_have(const struct pf_config *config, const char *part)
{
    for (size_t i = 0; part != NULL && i < config->note_count; i++) {
        if (pf_sv_find(config->notes[i], pf_sv_from(part)) != SIZE_MAX) {
            return true;
        }
    }
    return part == NULL && config->note_count == 0;
}

/* A plug-in that is on at one point and off at the next. */
static const struct {
    const char *name, *yaml;
    unsigned disabled;
    struct pf_fit_points points;
    const char *note; /* part of a note; NULL: there is none */
} point_rows[] = {
    {"PreFilter narrows, filter off",
     PLUGINS "filter: {disabled: [{name: NodeAffinity}]}\n",
     0,
     {.prepared = 1U << PF_FILTER_NODE_AFFINITY},
     NULL},
    {"PreFilter off, filter fails",
     PLUGINS "preFilter: {disabled: [{name: NodeResourcesFit}]}\n",
     1U << PF_FILTER_NODE_RESOURCES_FIT,
     {.broken = 1U << PF_FILTER_NODE_RESOURCES_FIT},
     "NodeResourcesFit is on at filter and off at preFilter: kube-scheduler fails"},
    {"PreFilter off, filter does without",
     PLUGINS "preFilter: {disabled: [{name: VolumeZone}]}\n",
     0,
     {.unprepared = 1U << PF_FILTER_VOLUME_ZONE},
     NULL},
    {"both off",
     PLUGINS "preFilter: {disabled: [{name: VolumeZone}]}\n    filter: {disabled: [{name: "
             "VolumeZone}]}\n",
     1U << PF_FILTER_VOLUME_ZONE,
     {.broken = 0},
     NULL},
    {"claims that only prepare",
     PLUGINS "filter: {disabled: [{name: DynamicResources}]}\n",
     0,
     {.broken = 0},
     NULL},
    {"claims that speak unprepared",
     PLUGINS "preFilter: {disabled: [{name: DynamicResources}]}\n"
             "    filter: {disabled: [{name: DynamicResources}]}\n",
     1U << PF_FILTER_DYNAMIC_RESOURCES,
     {.claims_unready = true},
     NULL},
    {"claims that do not speak",
     PLUGINS "postFilter: {disabled: [{name: DynamicResources}]}\n",
     0,
     {.claims_silent = true},
     NULL},
};

static bool same_points(const struct pf_fit_points *a, const struct pf_fit_points *b)
{
    return a->broken == b->broken && a->unprepared == b->unprepared && a->prepared == b->prepared &&
           a->claims_silent == b->claims_silent && a->claims_unready == b->claims_unready;
}

static void test_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < PF_ARRAY_LEN(point_rows); i++) {
        struct pf_config *config = parse(point_rows[i].name, point_rows[i].yaml);
        const struct pf_fit_profile *profile = &config->fit.profiles[0];
        if (profile->disabled != point_rows[i].disabled || profile->unmodelled.len != 0 ||
            !same_points(&profile->points, &point_rows[i].points) ||
            !notes_have(config, point_rows[i].note)) {
            fail_msg("%s: disabled %#x, broken %#x, unprepared %#x, prepared %#x, %zu notes",
                     point_rows[i].name, profile->disabled, profile->points.broken,
                     profile->points.unprepared, profile->points.prepared, config->note_count);
        }
        pf_config_unref(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

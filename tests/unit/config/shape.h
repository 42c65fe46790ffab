#ifndef PODFIT_TEST_SHAPE_H
#define PODFIT_TEST_SHAPE_H

#include <podfit/options.h>

#define SHAPE_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* a configuration with every type */

enum shape_action { SHAPE_REJECT, SHAPE_ANNOTATE, SHAPE_OFF };

struct shape_pool {
    struct pf_sv taint;
    bool inject;
};

struct shape_class {
    struct pf_sv name;
    int action;
    struct shape_pool pool;
    bool pool_given;
    size_t selector_members;
    struct pf_option_pairs labels;
};

struct shape {
    struct shape_class *classes; /* pointer and count, as struct pf_option_objects */
    size_t class_count;
    struct pf_option_strings disabled;
    struct pf_option_strings colours;
    int64_t port;
    int32_t percent;
    uint32_t big;
    int64_t max_age_ms;
    bool observe;
    struct shape_pool pool;
    int64_t custom;
};

extern const struct pf_option_table shape_table;

/* one decoding with all it needs */
struct shape_fixture {
    struct pf_arena arena;
    struct pf_problems problems;
    struct pf_err err;
    struct pf_option_run run;
    const struct pf_yaml_node *node;
    struct shape shape;
};

/* decode @p yaml into the fixture; release with pf_arena_done(&f->arena) */
enum pf_code shape_decode(struct shape_fixture *f, const char *yaml);

#endif

#include "shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct pf_option_choice actions[] = {
    {.name = "reject", .value = SHAPE_REJECT, .help = "refuse the pod"},
    {.name = "annotate", .value = SHAPE_ANNOTATE, .help = "let it in"},
    {.name = "off", .value = SHAPE_OFF},
    {.name = NULL},
};

static const struct pf_option_choice colours[] = {
    {.name = "red"}, {.name = "green"}, {.name = NULL}};

static const struct pf_option pool_rows[] = {
    {.key = "taint",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct shape_pool, taint),
     .min = 1,
     .max = 20,
     .required = true,
     .help = "key=value:effect"},
    {.key = "inject",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct shape_pool, inject),
     .fallback = "true",
     .help = "add the toleration"},
};
static const struct pf_option_table pool_table = PF_OPTION_TABLE(pool_rows, struct shape_pool);

static enum pf_code decode_selector(struct pf_option_run *run, const struct pf_yaml_node *node,
                                    const struct pf_problems_path *path, void *field)
{
    size_t *members = field;
    *members = node->count;
    if (run->opaque != NULL) {
        pf_problems_add(run->problems, node->mark, path, "hook says no");
    }
    return PF_OK;
}

static enum pf_code check_class(struct pf_option_run *run, const struct pf_yaml_node *node,
                                const struct pf_problems_path *path, void *field)
{
    const struct shape_class *class = field;
    if (pf_sv_eq(class->name, PF_SV("bad")) && class->action == SHAPE_OFF) {
        pf_problems_add(run->problems, node->mark, path, "a bad class cannot be off");
    }
    return PF_OK;
}

static enum pf_code check_name(struct pf_option_run *run, const struct pf_yaml_node *node,
                               const struct pf_problems_path *path, void *field)
{
    const struct pf_sv *name = field;
    if (memchr(name->ptr, ' ', name->len) != NULL) {
        pf_problems_add(run->problems, node->mark, path, "a name has no blanks");
    }
    return PF_OK;
}

static const struct pf_option class_rows[] = {
    {.key = "name",
     .type = PF_OPTION_STRING,
     .offset = offsetof(struct shape_class, name),
     .required = true,
     .check = check_name,
     .help = "of the class"},
    {.key = "onFull",
     .type = PF_OPTION_ENUM,
     .offset = offsetof(struct shape_class, action),
     .choices = actions,
     .fallback = "reject",
     .help = "when there is no room now"},
    {.key = "pool",
     .type = PF_OPTION_OBJECT,
     .offset = offsetof(struct shape_class, pool),
     .given_offset = PF_OPTION_GIVEN(struct shape_class, pool_given),
     .table = &pool_table,
     .help = "dedicated nodes"},
    {.key = "podSelector",
     .type = PF_OPTION_SELECTOR,
     .offset = offsetof(struct shape_class, selector_members),
     .decode = decode_selector,
     .help = "which pods"},
    {.key = "labels",
     .type = PF_OPTION_STRING_MAP,
     .offset = offsetof(struct shape_class, labels),
     .max = 2,
     .help = "to add"},
};
static const struct pf_option_table class_table =
    PF_OPTION_TABLE_CHECKED(class_rows, struct shape_class, check_class);

/* twice the number */
static enum pf_code decode_twice(struct pf_option_run *run, const struct pf_yaml_node *node,
                                 const struct pf_problems_path *path, void *field)
{
    int64_t value = 0;
    if (!pf_yaml_to_i64(node, &value)) {
        pf_problems_add(run->problems, node->mark, path, "no number");
        return PF_OK;
    }
    if (value == 13) {
        return pf_err_set(run->err, PF_E_STATE, "the hook failed");
    }
    value *= 2;
    memcpy(field, &value, sizeof(value));
    return PF_OK;
}

static void print_half(const void *field, unsigned indent, struct pf_buf *buf)
{
    int64_t value = 0;
    memcpy(&value, field, sizeof(value));
    assert_int_equal(indent, 0);
    pf_buf_printf(buf, " %lld\n", (long long)value / 2);
}

static const struct pf_option rows[] = {
    {.key = "classes",
     .type = PF_OPTION_OBJECT_LIST,
     .offset = offsetof(struct shape, classes),
     .table = &class_table,
     .min = 0,
     .max = 3,
     .help = "the first that matches wins"},
    {.key = "disabled",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct shape, disabled),
     .fallback = "[a, 'b c']",
     .help = "filters"},
    {.key = "colours",
     .type = PF_OPTION_STRING_LIST,
     .offset = offsetof(struct shape, colours),
     .choices = colours,
     .help = "some | all"},
    {.key = "port",
     .type = PF_OPTION_INT,
     .offset = offsetof(struct shape, port),
     .fallback = "8443",
     .min = 1,
     .max = 65535,
     .help = "to listen on"},
    {.key = "percent",
     .type = PF_OPTION_INT,
     .int_bytes = 4,
     .offset = offsetof(struct shape, percent),
     .min = -10,
     .max = 10,
     .help = "of four bytes"},
    {.key = "big",
     .type = PF_OPTION_INT,
     .int_bytes = 4,
     .offset = offsetof(struct shape, big),
     .min = 5,
     .max = 0,
     .fallback = "5",
     .help = "unsigned, of four bytes"},
    {.key = "maxAge",
     .type = PF_OPTION_DURATION,
     .offset = offsetof(struct shape, max_age_ms),
     .fallback = "60s",
     .min = 1000,
     .max = 3600000,
     .help = "of the model"},
    {.key = "observe",
     .type = PF_OPTION_BOOL,
     .offset = offsetof(struct shape, observe),
     .help = "change nothing"},
    {.key = "pool",
     .type = PF_OPTION_OBJECT,
     .offset = offsetof(struct shape, pool),
     .table = &pool_table,
     .help = "for all classes"},
    {.key = "custom",
     .type = PF_OPTION_CUSTOM,
     .offset = offsetof(struct shape, custom),
     .decode = decode_twice,
     .print = print_half,
     .fallback = "4",
     .allowed = "a number but 13",
     .help = "is doubled"},
};
const struct pf_option_table shape_table = PF_OPTION_TABLE(rows, struct shape);

enum pf_code shape_decode(struct shape_fixture *f, const char *yaml)
{
    struct pf_yaml_docs docs = {.count = 0};
    f->err = (struct pf_err){.code = PF_OK};
    f->node = NULL;
    pf_arena_init(&f->arena, SHAPE_MAX_BYTES);
    pf_problems_init(&f->problems, &f->arena, "f.yaml");
    f->run = (struct pf_option_run){
        .arena = &f->arena, .problems = &f->problems, .opaque = f->run.opaque, .err = &f->err};
    enum pf_code code =
        pf_yaml_parse("f.yaml", pf_sv_from(yaml), SHAPE_MAX_BYTES, &f->arena, &docs, &f->err);
    if (code != PF_OK) {
        print_error("%s\n", f->err.text);
        return code;
    }
    f->node = docs.count != 0 ? docs.roots[0] : NULL;
    code = pf_options_decode(&shape_table, f->node, &f->run, &f->shape);
    assert_int_equal(f->err.code, code);
    return code;
}

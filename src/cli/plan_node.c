#include "plan_node.h"

#include <stdio.h>

#include <podfit/class.h>
#include <podfit/request.h>
#include <podfit/write.h>

/* kubelet's own default of maxPods. */
#define PODS_DEFAULT 110
/* An object's name has 253 characters; `-20000` is added, and a hostname label has 63. */
#define NAME_MAX_BYTES 57
/* Bytes of a value that a message repeats. */
#define SHOWN_MAX 100
#define SHOWN(v)  (int)((v).len < SHOWN_MAX ? (v).len : SHOWN_MAX), (v).len != 0 ? (v).ptr : ""

#define HOSTNAME_LABEL "kubernetes.io/hostname"

struct node_run {
    struct pf_plan_node_spec spec;
    bool has_count;
    bool has_pods;
};

static enum pf_code twice(struct pf_sv key, struct pf_err *err)
{
    return pf_err_set(err, PF_E_INVALID, "'%.*s' is given twice", SHOWN(key));
}

static enum pf_code too_many(const char *what, struct pf_err *err)
{
    return pf_err_set(err, PF_E_TOO_BIG, "too many %s, allowed: %d", what, PF_PLAN_NODE_PARTS_MAX);
}

static bool is_label(struct pf_sv key, struct pf_sv value)
{
    struct pf_requirement requirement = {
        .key = key, .operator_ = PF_SELECTOR_IN, .values = &value, .value_count = 1};
    pf_requirement_validate(&requirement, /* node= */ false);
    return requirement.valid;
}

static enum pf_code take_label(struct pf_plan_node_spec *spec, struct pf_sv text,
                               struct pf_err *err)
{
    const size_t equals = pf_sv_find(text, PF_SV("="));
    struct pf_label label = {.key = text};
    if (equals != SIZE_MAX) {
        label.key.len = equals;
        label.value = (struct pf_sv){.ptr = text.ptr + equals + 1, .len = text.len - equals - 1};
    }
    if (equals == SIZE_MAX || !is_label(label.key, label.value)) {
        return pf_err_set(err, PF_E_INVALID, "label '%.*s' is not valid, allowed: key=value",
                          SHOWN(text));
    }
    for (size_t i = 0; i < spec->label_count; i++) {
        if (pf_sv_eq(spec->labels[i].key, label.key)) {
            return pf_err_set(err, PF_E_INVALID, "label '%.*s' is given twice", SHOWN(label.key));
        }
    }
    if (pf_sv_eq_cstr(label.key, HOSTNAME_LABEL)) {
        return pf_err_set(err, PF_E_INVALID, "label '%s' follows from the name, allowed: others",
                          HOSTNAME_LABEL);
    }
    if (spec->label_count == PF_PLAN_NODE_PARTS_MAX) {
        return too_many("labels", err);
    }
    spec->labels[spec->label_count++] = label;
    return PF_OK;
}

static enum pf_code take_taint(struct pf_plan_node_spec *spec, struct pf_sv text,
                               struct pf_err *err)
{
    struct pf_taint taint = {0};
    const enum pf_code code = pf_class_parse_taint(text, &taint, err);
    if (code != PF_OK) {
        return code;
    }
    if (spec->taint_count == PF_PLAN_NODE_PARTS_MAX) {
        return too_many("taints", err);
    }
    spec->taints[spec->taint_count++] = taint;
    return PF_OK;
}

/* RFC 1123, in lower case, without dots: the name is a label's value, too. */
static bool is_name(struct pf_sv name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        const bool inside = i != 0 && c == '-';
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !inside) {
            return false;
        }
    }
    return name.len != 0 && name.len <= NAME_MAX_BYTES;
}

static enum pf_code take_name(struct pf_plan_node_spec *spec, struct pf_sv name, struct pf_err *err)
{
    if (spec->name.len != 0) {
        return twice(PF_SV("name"), err);
    }
    if (!is_name(name)) {
        return pf_err_set(
            err, PF_E_INVALID,
            "name '%.*s' is not valid, allowed: a-z, 0-9 and -, at most %d characters", SHOWN(name),
            NAME_MAX_BYTES);
    }
    spec->name = name;
    return PF_OK;
}

static enum pf_code take_scalar(struct pf_plan_node_spec *spec, struct pf_sv key,
                                struct pf_sv value, struct pf_err *err)
{
    int64_t amount = 0;
    if (!is_label(key, (struct pf_sv){0})) {
        return pf_err_set(err, PF_E_INVALID,
                          "resource '%.*s' has no valid name, allowed: such as nvidia.com/gpu",
                          SHOWN(key));
    }
    for (size_t i = 0; i < spec->scalar_count; i++) {
        if (pf_sv_eq(spec->scalars[i].name, key)) {
            return twice(key, err);
        }
    }
    if (spec->scalar_count == PF_PLAN_NODE_PARTS_MAX) {
        return too_many("resources", err);
    }
    const enum pf_code code = pf_plan_spec_bytes(value, &amount, err);
    if (code != PF_OK) {
        return pf_err_wrap(err, code, "%.*s", SHOWN(key));
    }
    spec->scalars[spec->scalar_count++] = (struct pf_resource){
        .name = key, .amount = pf_quantity_from_i64(amount, 0, PF_QUANTITY_DECIMAL_SI)};
    return PF_OK;
}

static enum pf_code take_number(struct pf_sv key, struct pf_sv value, bool *has, int64_t max,
                                int64_t *number, struct pf_err *err)
{
    if (*has) {
        return twice(key, err);
    }
    *has = true;
    const enum pf_code code = pf_plan_spec_count(value, max, number, err);
    return code == PF_OK ? PF_OK : pf_err_wrap(err, code, "%.*s", SHOWN(key));
}

static enum pf_code node_pair(void *opaque, struct pf_sv key, struct pf_sv value,
                              struct pf_err *err)
{
    static const char *const names[] = {
        "count", "cpu", "memory", "ephemeral-storage", "pods", "taint", "label", "name", NULL};
    struct node_run *run = opaque;
    struct pf_plan_node_spec *spec = &run->spec;
    enum pf_code code = PF_OK;
    if (pf_plan_spec_take_amount(&spec->capacity, key, value, &code, err)) {
        return code;
    }
    if (pf_sv_eq_cstr(key, "count")) {
        return take_number(key, value, &run->has_count, PF_PLAN_NODES_MAX, &spec->count, err);
    }
    if (pf_sv_eq_cstr(key, "pods")) {
        return take_number(key, value, &run->has_pods, PF_PLAN_PODS_MAX, &spec->pods, err);
    }
    if (pf_sv_eq_cstr(key, "taint")) {
        return take_taint(spec, value, err);
    }
    if (pf_sv_eq_cstr(key, "label")) {
        return take_label(spec, value, err);
    }
    if (pf_sv_eq_cstr(key, "name")) {
        return take_name(spec, value, err);
    }
    return pf_request_is_scalar(key)
               ? take_scalar(spec, key, value, err)
               : pf_plan_spec_refuse(key, names,
                                     "count, cpu, memory, ephemeral-storage, pods, taint, label, "
                                     "name, or an extended resource such as nvidia.com/gpu",
                                     err);
}

enum pf_code pf_plan_node_parse(struct pf_sv text, struct pf_arena *arena,
                                struct pf_plan_node_spec *ret_spec, struct pf_err *err)
{
    const size_t most = PF_PLAN_NODE_PARTS_MAX;
    struct node_run run = {.spec = {.count = 1, .pods = PODS_DEFAULT}};
    run.spec.scalars = pf_arena_calloc(arena, most, sizeof(*run.spec.scalars));
    run.spec.taints = pf_arena_calloc(arena, most, sizeof(*run.spec.taints));
    run.spec.labels = pf_arena_calloc(arena, most, sizeof(*run.spec.labels));
    if (run.spec.scalars == NULL || run.spec.taints == NULL || run.spec.labels == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    const enum pf_code code = pf_plan_spec_pairs(text, node_pair, &run, err);
    if (code != PF_OK) {
        return code;
    }
    if (!run.spec.capacity.has_cpu || !run.spec.capacity.has_memory) {
        return pf_err_set(err, PF_E_INVALID, "'%s' is missing",
                          run.spec.capacity.has_cpu ? "memory" : "cpu");
    }
    *ret_spec = run.spec;
    return PF_OK;
}

/* Less what kubelet keeps for itself. */
static enum pf_code take_reserves(const struct pf_plan_node_reserves *reserves,
                                  struct pf_plan_amounts *amounts, struct pf_err *err)
{
    for (size_t i = 0; i < reserves->count; i++) {
        /* absent ones are 0; each is far from the ends of int64 */
        amounts->milli_cpu -= reserves->items[i].milli_cpu;
        amounts->memory -= reserves->items[i].memory;
        amounts->ephemeral_storage -=
            amounts->has_storage ? reserves->items[i].ephemeral_storage : 0;
    }
    const char *none = amounts->milli_cpu <= 0 ? "cpu" : amounts->memory <= 0 ? "memory" : NULL;
    if (none == NULL && amounts->has_storage && amounts->ephemeral_storage <= 0) {
        none = "ephemeral-storage";
    }
    return none == NULL ? PF_OK
                        : pf_err_set(err, PF_E_RANGE,
                                     "what kubelet reserves leaves no %s of a node, allowed: less "
                                     "than the node has",
                                     none);
}

static void put_quantity(struct pf_writer *w, struct pf_sv name, const struct pf_quantity *quantity)
{
    char text[PF_QUANTITY_TEXT_BYTES];
    const size_t len = pf_quantity_format(quantity, text);
    pf_write_key(w, name);
    pf_write_put_string(w, (struct pf_sv){.ptr = text, .len = len});
}

static void put_amount(struct pf_writer *w, const char *name, int64_t amount, int32_t scale,
                       enum pf_quantity_format format)
{
    const struct pf_quantity quantity = pf_quantity_from_i64(amount, scale, format);
    put_quantity(w, pf_sv_from(name), &quantity);
}

static void put_status(struct pf_writer *w, const struct pf_plan_node_spec *spec,
                       const struct pf_plan_amounts *allocatable)
{
    pf_write_key(w, PF_SV("status"));
    pf_write_begin_object(w);
    pf_write_key(w, PF_SV("allocatable"));
    pf_write_begin_object(w);
    put_amount(w, "cpu", allocatable->milli_cpu, -3, PF_QUANTITY_DECIMAL_SI);
    put_amount(w, "memory", allocatable->memory, 0, PF_QUANTITY_BINARY_SI);
    if (allocatable->has_storage) {
        put_amount(w, "ephemeral-storage", allocatable->ephemeral_storage, 0,
                   PF_QUANTITY_BINARY_SI);
    }
    put_amount(w, "pods", spec->pods, 0, PF_QUANTITY_DECIMAL_SI);
    for (size_t i = 0; i < spec->scalar_count; i++) {
        put_quantity(w, spec->scalars[i].name, &spec->scalars[i].amount);
    }
    pf_write_end_object(w);
    pf_write_end_object(w);
}

static void put_metadata(struct pf_writer *w, const struct pf_plan_node_spec *spec,
                         struct pf_sv name)
{
    pf_write_key(w, PF_SV("metadata"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "name", name);
    pf_write_key(w, PF_SV("labels"));
    pf_write_begin_object(w);
    pf_write_string_member(w, HOSTNAME_LABEL, name);
    for (size_t i = 0; i < spec->label_count; i++) {
        pf_write_key(w, spec->labels[i].key);
        pf_write_put_string(w, spec->labels[i].value);
    }
    pf_write_end_object(w);
    pf_write_end_object(w);
}

static void put_spec(struct pf_writer *w, const struct pf_plan_node_spec *spec)
{
    pf_write_key(w, PF_SV("spec"));
    pf_write_begin_object(w);
    pf_write_key(w, PF_SV("taints"));
    pf_write_begin_array(w);
    for (size_t i = 0; i < spec->taint_count; i++) {
        pf_write_begin_object(w);
        pf_write_string_member(w, "key", spec->taints[i].key);
        pf_write_string_member(w, "value", spec->taints[i].value);
        pf_write_string_member(w, "effect", spec->taints[i].effect);
        pf_write_end_object(w);
    }
    pf_write_end_array(w);
    pf_write_end_object(w);
}

/* The nodes of one description. */
static void put_nodes(struct pf_writer *w, const struct pf_plan_node_spec *spec, const char *prefix,
                      const struct pf_plan_amounts *allocatable)
{
    for (int64_t i = 1; i <= spec->count; i++) {
        char name[NAME_MAX_BYTES + 24];
        const int len = snprintf(name, sizeof(name), "%s-%lld", prefix, (long long)i);
        pf_write_begin_object(w);
        pf_write_string_member(w, "apiVersion", PF_SV("v1"));
        pf_write_string_member(w, "kind", PF_SV("Node"));
        put_metadata(w, spec, (struct pf_sv){.ptr = name, .len = (size_t)len});
        put_spec(w, spec);
        put_status(w, spec, allocatable);
        pf_write_end_object(w);
    }
}

struct prefix {
    char text[NAME_MAX_BYTES + 1];
};

/* Names of the descriptions: `node`, `node2`, or their own. */
static void name_of(const struct pf_plan_node_spec *spec, size_t index, struct prefix *prefix)
{
    if (spec->name.len != 0) {
        (void)snprintf(prefix->text, sizeof(prefix->text), "%.*s", PF_SV_ARG(spec->name));
    } else if (index == 0) {
        (void)snprintf(prefix->text, sizeof(prefix->text), "node");
    } else {
        (void)snprintf(prefix->text, sizeof(prefix->text), "node%zu", index + 1);
    }
}

/* Neither too many nodes nor two of the same name. */
static enum pf_code check_all(const struct pf_plan_node_spec *specs, size_t count,
                              struct pf_err *err)
{
    int64_t nodes = 0;
    for (size_t i = 0; i < count; i++) {
        struct prefix mine;
        name_of(&specs[i], i, &mine);
        nodes += specs[i].count; /* at most 20,000 a description, and those have text */
        for (size_t k = 0; k < i; k++) {
            struct prefix other;
            name_of(&specs[k], k, &other);
            if (strcmp(mine.text, other.text) == 0) {
                return pf_err_set(err, PF_E_INVALID, "the name '%s' is given to two --node",
                                  mine.text);
            }
        }
    }
    return nodes <= PF_PLAN_NODES_MAX
               ? PF_OK
               : pf_err_set(err, PF_E_RANGE, "%lld nodes are out of range, allowed: at most %d",
                            (long long)nodes, PF_PLAN_NODES_MAX);
}

enum pf_code pf_plan_node_write(const struct pf_plan_node_spec *specs, size_t count,
                                const struct pf_plan_node_reserves *reserves, struct pf_buf *buf,
                                struct pf_err *err)
{
    enum pf_code code = check_all(specs, count, err);
    struct pf_writer writer = {0};
    pf_write_init(&writer, buf);
    pf_write_begin_object(&writer);
    pf_write_string_member(&writer, "apiVersion", PF_SV("v1"));
    pf_write_string_member(&writer, "kind", PF_SV("List"));
    pf_write_key(&writer, PF_SV("items"));
    pf_write_begin_array(&writer);
    for (size_t i = 0; i < count && code == PF_OK; i++) {
        struct pf_plan_amounts allocatable = specs[i].capacity;
        struct prefix prefix;
        name_of(&specs[i], i, &prefix);
        code = take_reserves(reserves, &allocatable, err);
        if (code == PF_OK) {
            put_nodes(&writer, &specs[i], prefix.text, &allocatable);
        }
    }
    pf_write_end_array(&writer);
    pf_write_end_object(&writer);
    return code == PF_OK ? pf_buf_status(buf, err) : code;
}

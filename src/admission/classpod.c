#include <podfit/classpod.h>
#include <podfit/write.h>

#define POD_NAME       "project"
#define CONTAINER_NAME "project"

static void put_amounts(struct pf_writer *w, const char *key,
                        const struct pf_classpod_amounts *amounts)
{
    const struct {
        const char *name;
        struct pf_sv text;
    } rows[] = {
        {"cpu", amounts->cpu},
        {"memory", amounts->memory},
        {"ephemeral-storage", amounts->storage},
    };
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    for (size_t i = 0; i < PF_ARRAY_LEN(rows); i++) {
        if (rows[i].text.len != 0) {
            pf_write_string_member(w, rows[i].name, rows[i].text);
        }
    }
    pf_write_end_object(w);
}

struct labels {
    struct pf_label *items;
    size_t count;
};

static void set_label(struct labels *labels, struct pf_sv key, struct pf_sv value)
{
    size_t at = 0;
    while (at < labels->count && !pf_sv_eq(labels->items[at].key, key)) {
        at++;
    }
    labels->items[at] = (struct pf_label){.key = key, .value = value};
    labels->count += at == labels->count ? 1 : 0;
}

/* Labels that satisfy a selector; a requirement that asks for the absence of one is satisfied by none. */
static void add_labels(struct labels *labels, const struct pf_label_selector *selector)
{
    for (size_t i = 0; i < selector->requirement_count; i++) {
        const struct pf_requirement *requirement = &selector->requirements[i];
        if (requirement->operator_ == PF_SELECTOR_IN && requirement->value_count != 0) {
            set_label(labels, requirement->key, requirement->values[0]);
        } else if (requirement->operator_ == PF_SELECTOR_EXISTS) {
            set_label(labels, requirement->key, PF_SV("true"));
        }
    }
}

static void put_labels(struct pf_writer *w, const char *key, const struct pf_label *items,
                       size_t count)
{
    pf_write_key(w, pf_sv_from(key));
    pf_write_begin_object(w);
    for (size_t i = 0; i < count; i++) {
        pf_write_key(w, items[i].key);
        pf_write_put_string(w, items[i].value);
    }
    pf_write_end_object(w);
}

static void put_metadata(struct pf_writer *w, const struct pf_class *class_,
                         const struct labels *labels)
{
    pf_write_key(w, PF_SV("metadata"));
    pf_write_begin_object(w);
    pf_write_string_member(w, "name", PF_SV(POD_NAME));
    if (class_->namespace_count != 0) {
        pf_write_string_member(w, "namespace", class_->namespaces[0]);
    }
    put_labels(w, "labels", labels->items, labels->count);
    pf_write_end_object(w);
}

static void put_container(struct pf_writer *w, const struct pf_classpod *wish)
{
    const struct pf_class *class_ = wish->class_;
    pf_write_key(w, PF_SV("containers"));
    pf_write_begin_array(w);
    pf_write_begin_object(w);
    pf_write_string_member(
        w, "name", class_->container_count != 0 ? class_->containers[0] : PF_SV(CONTAINER_NAME));
    pf_write_string_member(w, "image", PF_SV(CONTAINER_NAME));
    pf_write_key(w, PF_SV("resources"));
    pf_write_begin_object(w);
    put_amounts(w, "requests", &wish->requests);
    put_amounts(w, "limits", &wish->limits);
    pf_write_end_object(w);
    pf_write_end_object(w);
    pf_write_end_array(w);
}

/* Pods of a class with a pool carry these, whether podfit injects them or whoever creates the pods. */
static void put_pool(struct pf_writer *w, const struct pf_class *class_)
{
    const struct pf_taint *taint = &class_->pool_taint;
    put_labels(w, "nodeSelector", class_->pool_selector.items, class_->pool_selector.count);
    if (taint->key.len == 0) {
        return;
    }
    pf_write_key(w, PF_SV("tolerations"));
    pf_write_begin_array(w);
    pf_write_begin_object(w);
    pf_write_string_member(w, "key", taint->key);
    pf_write_string_member(w, "operator", PF_SV("Equal"));
    pf_write_string_member(w, "value", taint->value);
    pf_write_string_member(w, "effect", taint->effect);
    pf_write_end_object(w);
    pf_write_end_array(w);
}

enum pf_code pf_classpod_write(const struct pf_classpod *wish, struct pf_arena *arena,
                               struct pf_buf *buf, struct pf_err *err)
{
    const struct pf_class *class_ = wish->class_;
    struct labels labels = {0};
    labels.items = pf_arena_calloc(
        arena, class_->pod_selector.requirement_count + class_->member_selector.requirement_count,
        sizeof(*labels.items));
    if (labels.items == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    add_labels(&labels, &class_->pod_selector);
    if (wish->member) {
        add_labels(&labels, &class_->member_selector);
    }
    struct pf_writer writer = {0};
    struct pf_writer *w = &writer;
    pf_write_init(w, buf);
    pf_write_begin_object(w);
    pf_write_string_member(w, "apiVersion", PF_SV("v1"));
    pf_write_string_member(w, "kind", PF_SV("Pod"));
    put_metadata(w, class_, &labels);
    pf_write_key(w, PF_SV("spec"));
    pf_write_begin_object(w);
    put_container(w, wish);
    if (class_->has_pool) {
        put_pool(w, class_);
    }
    pf_write_end_object(w);
    pf_write_end_object(w);
    return pf_buf_status(buf, err);
}

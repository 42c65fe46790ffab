#include <stdio.h>
#include <string.h>

#include "gate_internal.h"
#include <podfit/annotations.h>
#include <podfit/mem.h>

struct pf_live_gate *pf_live_gate_new(struct pf_live *live)
{
    struct pf_live_gate *gate = pf_mem_calloc(1, sizeof(*gate));
    if (gate == NULL) {
        return NULL;
    }
    gate->live = live;
    gate->pass = 1;
    pf_map_init(&gate->entries, pf_random_u64());
    pf_buf_init(&gate->body, PF_GATE_POD_MAX_BYTES);
    return gate;
}

static struct pf_gate_entry *at(uint64_t address)
{
    return (struct pf_gate_entry *)(uintptr_t)address;
}

void pf_live_gate_free(struct pf_live_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    pf_kube_client_cancel(gate->live->client, gate->call);
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        free(at(address));
    }
    pf_map_done(&gate->entries);
    pf_buf_done(&gate->body);
    free(gate->key);
    free(gate->review);
    free(gate);
}

struct pf_live_gates pf_live_gate_counts(const struct pf_live_gate *gate)
{
    struct pf_live_gates counts = gate->counts;
    counts.waiting = gate->entries.count;
    return counts;
}

/* ---- who waits ---- */

bool pf_gate_is_ours(const struct pf_pod *pod)
{
    return pod->scheduling_gate_count == 1 && pf_mutation_gate_index(pod) == 0 &&
           !pod->meta.deleting && pod->node_name.len == 0 &&
           (pod->phase == PF_PHASE_PENDING || pod->phase == PF_PHASE_UNKNOWN);
}

static struct pf_sv copy(char **to, struct pf_sv text)
{
    const struct pf_sv copied = {.ptr = *to, .len = text.len};
    if (text.len != 0) {
        memcpy(*to, text.ptr, text.len);
    }
    *to += text.len;
    return copied;
}

static struct pf_gate_entry *make_entry(const struct pf_pod *pod)
{
    const struct pf_meta *meta = &pod->meta;
    const struct pf_sv class_name = pf_meta_annotation(meta, PF_SV(PF_ANNOTATION_CLASS));
    struct pf_gate_entry *entry =
        pf_mem_calloc(1, sizeof(*entry) + meta->namespace_.len + 1 + meta->name.len +
                             meta->uid.len + class_name.len);
    if (entry == NULL) {
        return NULL;
    }
    char *to = entry->texts;
    entry->namespace_ = copy(&to, meta->namespace_);
    (void)copy(&to, PF_SV("/"));
    entry->name = copy(&to, meta->name);
    entry->key = (struct pf_sv){.ptr = entry->texts, .len = (size_t)(to - entry->texts)};
    entry->uid = copy(&to, meta->uid);
    entry->class_name = copy(&to, class_name);
    if (!pf_clock_parse(meta->creation_timestamp.ptr, meta->creation_timestamp.len,
                        &entry->created_ns)) {
        entry->created_ns = INT64_MAX;
    }
    return entry;
}

struct pf_gate_entry *pf_gate_find(const struct pf_live_gate *gate, struct pf_sv key)
{
    uint64_t address = 0;
    return pf_map_get(&gate->entries, key, &address) ? at(address) : NULL;
}

static struct pf_gate_entry *find_meta(const struct pf_live_gate *gate, const struct pf_meta *meta)
{
    char text[600];
    const int len = snprintf(text, sizeof(text), "%.*s/%.*s", PF_SV_ARG(meta->namespace_),
                             PF_SV_ARG(meta->name));
    return len > 0 && (size_t)len < sizeof(text)
               ? pf_gate_find(gate, (struct pf_sv){.ptr = text, .len = (size_t)len})
               : NULL;
}

void pf_gate_drop(struct pf_live_gate *gate, struct pf_gate_entry *entry)
{
    if (entry != NULL) {
        (void)pf_map_remove(&gate->entries, entry->key);
        free(entry);
    }
}

/* Behind a pod that found no room in this pass, a newcomer waits for the next one: judged at once it would get the room that has come free meanwhile. */
static uint64_t first_pass(const struct pf_live_gate *gate, struct pf_sv class_name)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        if (at(address)->pass == gate->pass && pf_sv_eq(at(address)->class_name, class_name)) {
            return gate->pass;
        }
    }
    return 0;
}

bool pf_live_gate_pod(struct pf_live_gate *gate, const struct pf_pod *pod)
{
    struct pf_gate_entry *known = find_meta(gate, &pod->meta);
    if (!pf_gate_is_ours(pod) || pod->meta.namespace_.len + pod->meta.name.len > 512) {
        pf_gate_drop(gate, known);
        return true;
    }
    if (known != NULL && pf_sv_eq(known->uid, pod->meta.uid)) {
        known->doubtful = false;
        known->retry_at_ns = 0; /* it changed: what failed may work now */
        return true;
    }
    pf_gate_drop(gate, known);
    struct pf_gate_entry *entry = make_entry(pod);
    if (entry != NULL) {
        entry->pass = first_pass(gate, entry->class_name);
    }
    if (entry == NULL || !pf_map_put(&gate->entries, entry->key, (uintptr_t)entry)) {
        free(entry);
        return false;
    }
    return true;
}

void pf_live_gate_gone(struct pf_live_gate *gate, const struct pf_meta *meta)
{
    struct pf_gate_entry *known = find_meta(gate, meta);
    if (known != NULL && pf_sv_eq(known->uid, meta->uid)) {
        pf_gate_drop(gate, known);
    }
}

void pf_live_gate_replace_begin(struct pf_live_gate *gate)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        at(address)->doubtful = true;
    }
}

void pf_live_gate_replace_end(struct pf_live_gate *gate)
{
    size_t cursor = 0;
    struct pf_sv key = {0};
    uint64_t address = 0;
    while (pf_map_next(&gate->entries, &cursor, &key, &address)) {
        if (at(address)->doubtful) {
            pf_gate_drop(gate, at(address));
            cursor--; /* another may have moved here */
        }
    }
}

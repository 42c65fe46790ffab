#include <pthread.h>
#include <stdio.h>

#include <podfit/mem.h>
#include <podfit/recent.h>

struct ring {
    uint64_t count; /* entries ever put */
    struct pf_recent_entry entries[PF_RECENT_MAX];
};

struct class_request {
    char name[64];
    int64_t milli_cpu;
    int64_t memory;
};

struct pf_recent {
    const struct pf_clock *clock;
    pthread_mutex_t lock; /* guards the rest */
    struct ring decisions;
    struct ring rejections;
    struct class_request classes[PF_RECENT_CLASSES_MAX];
    size_t class_count;
};

enum pf_code pf_recent_new(const struct pf_clock *clock, struct pf_recent **ret_recent,
                           struct pf_err *err)
{
    struct pf_recent *recent = pf_mem_calloc(1, sizeof(*recent));
    if (recent == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the latest decisions");
    }
    recent->clock = clock;
    (void)pthread_mutex_init(&recent->lock, NULL); /* cannot fail with default attributes */
    *ret_recent = recent;
    return PF_OK;
}

void pf_recent_free(struct pf_recent *recent)
{
    if (recent != NULL) {
        (void)pthread_mutex_destroy(&recent->lock);
        free(recent);
    }
}

/* @p bytes of a text, cut before a character that does not fit whole. */
static void copy_text(char *to, size_t bytes, struct pf_sv text)
{
    size_t len = text.len < bytes ? text.len : bytes - 1;
    if (len < text.len) {
        while (len != 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    if (len != 0) {
        memcpy(to, text.ptr, len);
    }
    to[len] = '\0';
}

static void describe_fit(const struct pf_judgement *judgement,
                         char sentence[PF_RECENT_SENTENCE_BYTES])
{
    const struct pf_preemption *preemption = judgement->preemption;
    if (preemption != NULL) {
        (void)snprintf(sentence, PF_RECENT_SENTENCE_BYTES,
                       "fits '%.*s' once %zu pods of lower priority are evicted",
                       PF_SV_ARG(preemption->node), preemption->victim_count);
    } else {
        (void)snprintf(sentence, PF_RECENT_SENTENCE_BYTES, "%u of %u nodes have room for it",
                       judgement->nodes_fit, judgement->nodes);
    }
}

static void describe(const struct pf_decision *decision, struct pf_recent_entry *entry)
{
    const struct pf_judgement *judgement = &decision->judgement;
    const struct pf_sv told =
        decision->explanation.len != 0 ? decision->explanation : judgement->cause;
    if (told.len == 0 && judgement->verdict == PF_VERDICT_FITS) {
        describe_fit(judgement, entry->sentence);
    } else {
        copy_text(entry->sentence, sizeof(entry->sentence), told);
    }
    copy_text(entry->class_name, sizeof(entry->class_name), decision->class_name);
    copy_text(entry->namespace_, sizeof(entry->namespace_), decision->namespace_);
    copy_text(entry->binding, sizeof(entry->binding), judgement->binding);
    if (decision->pod == NULL) {
        return;
    }
    const struct pf_meta *meta = &decision->pod->meta;
    copy_text(entry->pod, sizeof(entry->pod),
              meta->name.len != 0 ? meta->name : meta->generate_name);
    if (meta->owner_kind.len != 0) {
        char owner[sizeof(entry->owner) * 2];
        const int len = snprintf(owner, sizeof(owner), "%.*s/%.*s", PF_SV_ARG(meta->owner_kind),
                                 PF_SV_ARG(meta->owner_name));
        const size_t shown = (size_t)len < sizeof(owner) ? (size_t)len : sizeof(owner) - 1;
        copy_text(entry->owner, sizeof(entry->owner), (struct pf_sv){.ptr = owner, .len = shown});
    }
}

static void push(struct ring *ring, const struct pf_recent_entry *entry)
{
    ring->entries[ring->count % PF_RECENT_MAX] = *entry;
    ring->count++;
}

static struct class_request *find_class(struct pf_recent *recent, struct pf_sv name)
{
    for (size_t i = 0; i < recent->class_count; i++) {
        if (pf_sv_eq_cstr(name, recent->classes[i].name)) {
            return &recent->classes[i];
        }
    }
    return NULL;
}

static void keep_request(struct pf_recent *recent, const struct pf_decision *decision)
{
    const enum pf_verdict verdict = decision->judgement.verdict;
    if (verdict == PF_VERDICT_UNKNOWN || verdict == PF_VERDICT_NOT_JUDGED || decision->resize) {
        return;
    }
    struct class_request *slot = find_class(recent, decision->class_name);
    if (slot == NULL && recent->class_count < PF_RECENT_CLASSES_MAX) {
        slot = &recent->classes[recent->class_count++];
        copy_text(slot->name, sizeof(slot->name), decision->class_name);
    }
    if (slot != NULL) {
        slot->milli_cpu = decision->judgement.request.milli_cpu;
        slot->memory = decision->judgement.request.memory;
    }
}

void pf_recent_put(struct pf_recent *recent, const struct pf_decision *decision, int64_t review_ns)
{
    if (!decision->covered) {
        return;
    }
    struct pf_recent_entry entry = {
        .wall_ns = pf_clock_wall_ns(recent->clock),
        .latency_us = review_ns / 1000,
        .verdict = decision->judgement.verdict,
        .action = decision->action,
        .observed = decision->observed,
        .dry_run = decision->dry_run,
        .resize = decision->resize,
    };
    describe(decision, &entry);
    (void)pthread_mutex_lock(&recent->lock);
    push(&recent->decisions, &entry);
    if (decision->action == PF_ACTION_REJECT) {
        push(&recent->rejections, &entry);
    }
    keep_request(recent, decision);
    (void)pthread_mutex_unlock(&recent->lock);
}

void pf_recent_copy(struct pf_recent *recent, bool rejections, struct pf_recent_list *ret_list)
{
    (void)pthread_mutex_lock(&recent->lock);
    const struct ring *ring = rejections ? &recent->rejections : &recent->decisions;
    const size_t count = ring->count < PF_RECENT_MAX ? (size_t)ring->count : PF_RECENT_MAX;
    for (size_t i = 0; i < count; i++) {
        ret_list->entries[i] = ring->entries[(ring->count - 1 - i) % PF_RECENT_MAX];
    }
    ret_list->count = count;
    (void)pthread_mutex_unlock(&recent->lock);
}

bool pf_recent_request(struct pf_recent *recent, struct pf_sv class_name, int64_t *ret_milli_cpu,
                       int64_t *ret_memory)
{
    (void)pthread_mutex_lock(&recent->lock);
    const struct class_request *slot = find_class(recent, class_name);
    if (slot != NULL) {
        *ret_milli_cpu = slot->milli_cpu;
        *ret_memory = slot->memory;
    }
    (void)pthread_mutex_unlock(&recent->lock);
    return slot != NULL;
}

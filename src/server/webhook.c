#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <podfit/limits.h>
#include <podfit/log.h>
#include <podfit/mem.h>
#include <podfit/webhook.h>

/* Reasons of one misfit that go into the audit record; kube-scheduler has some 40 in all. */
#define REASONS_MAX 16

/* Reviews that got no decision fill no log: one line in ten seconds. */
#define TELL_EVERY_NS  INT64_C(10000000000)
#define SENTENCE_BYTES 256

/* Answers with a status of 500 and above that have not been told yet. */
struct failures {
    pthread_mutex_t lock; /* guards count, status and sentence */
    uint64_t count;
    unsigned status;               /* of the last one */
    char sentence[SENTENCE_BYTES]; /* likewise */
    int64_t quiet_until_ns;        /* of whoever tells them */
};

struct pf_webhook {
    struct pf_webhook_options options;
    struct pf_arena arena; /* of the listener's thread; reset after each review */
    struct pf_decision decision;
    bool decided;
    int64_t review_ns;
    struct failures failures;
};

enum pf_code pf_webhook_new(const struct pf_webhook_options *options,
                            struct pf_webhook **ret_webhook, struct pf_err *err)
{
    struct pf_webhook *webhook = pf_mem_calloc(1, sizeof(*webhook));
    if (webhook == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory for the webhook");
    }
    webhook->options = *options;
    pf_arena_init(&webhook->arena, PF_REVIEW_ARENA_MAX_BYTES);
    (void)pthread_mutex_init(&webhook->failures.lock,
                             NULL); /* cannot fail with default attributes */
    *ret_webhook = webhook;
    return PF_OK;
}

void pf_webhook_free(struct pf_webhook *webhook)
{
    if (webhook == NULL) {
        return;
    }
    pf_arena_done(&webhook->arena);
    (void)pthread_mutex_destroy(&webhook->failures.lock);
    free(webhook);
}

bool pf_webhook_is_json(struct pf_sv content_type)
{
    static const char wanted[] = "application/json";
    size_t end = 0;
    while (end < content_type.len && content_type.ptr[end] != ';') {
        end++;
    }
    const struct pf_sv type = pf_sv_trim((struct pf_sv){.ptr = content_type.ptr, .len = end});
    return type.len == sizeof(wanted) - 1 && strncasecmp(type.ptr, wanted, type.len) == 0;
}

/* From cheap to dear, and nothing about the path is told to strangers: without certificate or token every path is refused alike. */
static void begin(void *opaque, struct pf_exchange *exchange)
{
    struct pf_webhook *webhook = opaque;
    const enum pf_clientca_answer client = pf_listener_client(exchange);
    if (client == PF_CLIENTCA_NONE) {
        pf_exchange_decide(exchange, PF_REPLY_NO_CERTIFICATE);
    } else if (client == PF_CLIENTCA_BAD) {
        pf_exchange_decide(exchange, PF_REPLY_BAD_CERTIFICATE);
    } else if (!pf_pathtoken_matches(webhook->options.token, exchange->path)) {
        pf_exchange_decide(exchange, PF_REPLY_NOT_FOUND);
    } else if (strcmp(exchange->method, "POST") != 0) {
        pf_exchange_decide(exchange, PF_REPLY_BAD_METHOD);
    } else if (!pf_webhook_is_json(pf_exchange_header(exchange, "Content-Type"))) {
        pf_exchange_decide(exchange, PF_REPLY_BAD_TYPE);
    }
}

/* What was sent cannot be read: more likely than bad JSON are an empty body and a compressed one. Looked at here, where it costs good reviews nothing. */
static void explain_refusal(struct pf_exchange *exchange, enum pf_reply *reply)
{
    const struct pf_sv coding = pf_exchange_header(exchange, "Content-Encoding");
    if (exchange->body.len == 0) {
        pf_buf_reset(&exchange->answer);
        pf_buf_append_cstr(&exchange->answer, "podfit: the body is empty, an AdmissionReview is "
                                              "expected");
    } else if (coding.len != 0 && !pf_sv_eq_cstr(coding, "identity")) {
        pf_buf_reset(&exchange->answer);
        *reply = PF_REPLY_BAD_CODING;
    }
}

static void answer(void *opaque, struct pf_exchange *exchange)
{
    struct pf_webhook *webhook = opaque;
    const struct pf_clock *clock = webhook->options.clock;
    const int64_t began = pf_clock_mono_ns(clock);
    if (exchange->timeout_ms != 0 &&
        began - exchange->start_mono_ns >= exchange->timeout_ms * PF_NS_PER_MS) {
        pf_exchange_decide(exchange, PF_REPLY_EXPIRED);
        return;
    }
    pf_arena_reset(&webhook->arena);
    webhook->decision = (struct pf_decision){.covered = false};
    webhook->decided = false;
    const enum pf_admission_status status =
        pf_admission_review(webhook->options.admission, pf_buf_view(&exchange->body),
                            &webhook->arena, &exchange->answer, &webhook->decision);
    webhook->review_ns = pf_clock_mono_ns(clock) - began;
    enum pf_reply reply = pf_reply_of_admission(status);
    if (reply == PF_REPLY_BAD_REQUEST) {
        explain_refusal(exchange, &reply);
    }
    webhook->decided = status == PF_ADMISSION_OK;
    if (webhook->decided && webhook->options.decided != NULL) {
        /* now, not after the answer: the pod may be seen by a watch before that */
        webhook->options.decided(webhook->options.ctx, &webhook->decision);
    }
    if (webhook->decided) {
        exchange->content_type = "application/json";
    } else if (exchange->answer.len != 0 && exchange->answer.failed == PF_OK &&
               exchange->answer.data[exchange->answer.len - 1] != '\n') {
        pf_buf_append_char(&exchange->answer, '\n');
    }
    pf_exchange_decide(exchange, reply);
}

/* Names of those who are evicted, commas between; empty without memory for them. */
static struct pf_sv join_victims(const struct pf_preemption *preemption, struct pf_arena *arena)
{
    size_t len = 0;
    for (size_t i = 0; i < preemption->victim_count; i++) {
        len += preemption->victims[i].len + 1;
    }
    char *text = pf_arena_alloc(arena, len);
    size_t at = 0;
    for (size_t i = 0; text != NULL && i < preemption->victim_count; i++) {
        const struct pf_sv name = preemption->victims[i];
        if (i != 0) {
            text[at++] = ',';
        }
        memcpy(text + at, name.ptr, name.len);
        at += name.len;
    }
    return (struct pf_sv){.ptr = text, .len = at};
}

static struct pf_audit_record describe(struct pf_webhook *webhook,
                                       struct pf_audit_reason reasons[REASONS_MAX])
{
    const struct pf_decision *decision = &webhook->decision;
    const struct pf_judgement *judgement = &decision->judgement;
    const struct pf_clock *clock = webhook->options.clock;
    const size_t count =
        judgement->reason_count < REASONS_MAX ? judgement->reason_count : REASONS_MAX;
    for (size_t i = 0; i < count; i++) {
        reasons[i] = (struct pf_audit_reason){.text = judgement->reasons[i].text,
                                              .nodes = judgement->reasons[i].nodes};
    }
    struct pf_audit_record record = {
        .wall_ns = pf_clock_wall_ns(clock),
        .review_uid = decision->review_uid,
        .dry_run = decision->dry_run,
        .observed = decision->observed,
        .class_name = decision->class_name,
        .verdict = pf_verdict_name(judgement->verdict),
        .action = pf_action_name(decision->action),
        .namespace_ = decision->namespace_,
        .user = decision->user,
        .requests = decision->rewrite.annotation,
        .message = judgement->message.len != 0 ? judgement->message : judgement->cause,
        .reasons = reasons,
        .reason_count = count,
        .binding = judgement->binding,
        .resource_version = pf_sv_from(decision->origin.resource_version),
        .latency_us = webhook->review_ns / 1000,
    };
    if (judgement->preemption != NULL) {
        record.preemption_node = judgement->preemption->node;
        record.victims = join_victims(judgement->preemption, &webhook->arena);
    }
    if (decision->origin.live) {
        const int64_t age_ns = pf_clock_mono_ns(clock) - decision->origin.updated_mono_ns;
        record.model_age_ms = age_ns > 0 ? age_ns / PF_NS_PER_MS : 0;
    }
    if (decision->pod != NULL) {
        record.name = decision->pod->meta.name;
        record.generate_name = decision->pod->meta.generate_name;
        record.owner_kind = decision->pod->meta.owner_kind;
        record.owner_name = decision->pod->meta.owner_name;
    }
    return record;
}

static void note_failure(struct failures *failures, unsigned status, struct pf_sv sentence)
{
    sentence = pf_sv_trim(sentence);
    (void)pthread_mutex_lock(&failures->lock);
    failures->count++;
    failures->status = status;
    (void)snprintf(failures->sentence, sizeof(failures->sentence), "%.*s", PF_SV_ARG(sentence));
    (void)pthread_mutex_unlock(&failures->lock);
}

void pf_webhook_tell_failures(struct pf_webhook *webhook, int64_t now)
{
    struct failures *failures = &webhook->failures;
    char sentence[SENTENCE_BYTES];
    if (now < failures->quiet_until_ns) {
        return;
    }
    (void)pthread_mutex_lock(&failures->lock);
    const uint64_t count = failures->count;
    const unsigned status = failures->status;
    memcpy(sentence, failures->sentence, sizeof(sentence));
    failures->count = 0;
    (void)pthread_mutex_unlock(&failures->lock);
    if (count != 0) {
        failures->quiet_until_ns = now + TELL_EVERY_NS;
        pf_log_error("server",
                     "reviews without a decision: %" PRIu64
                     ", the last answered with status %u: %s",
                     count, status, sentence);
    }
}

static void after(void *opaque, struct pf_exchange *exchange, unsigned status)
{
    struct pf_webhook *webhook = opaque;
    const struct pf_decision *decision = &webhook->decision;
    const int64_t now = pf_clock_mono_ns(webhook->options.clock);
    pf_metrics_count_response(webhook->options.metrics, status, exchange->body_total_bytes,
                              now - exchange->start_mono_ns);
    if (status >= 500) {
        note_failure(&webhook->failures, status, pf_buf_view(&exchange->answer));
    }
    if (!webhook->decided) {
        pf_arena_reset(&webhook->arena);
        return;
    }
    webhook->decided = false;
    pf_metrics_count_review(webhook->options.metrics, decision, webhook->review_ns);
    if (webhook->options.recent != NULL) {
        pf_recent_put(webhook->options.recent, decision, webhook->review_ns);
    }
    const bool told = decision->action != PF_ACTION_ALLOW || decision->judgement.preemption != NULL;
    if (decision->covered && told && webhook->options.audit != NULL) {
        struct pf_audit_reason reasons[REASONS_MAX];
        const struct pf_audit_record record = describe(webhook, reasons);
        pf_audit_put(webhook->options.audit, &record);
    }
    pf_arena_reset(&webhook->arena);
}

struct pf_listener_app pf_webhook_app(struct pf_webhook *webhook)
{
    return (struct pf_listener_app){
        .begin = begin, .answer = answer, .after = after, .opaque = webhook};
}

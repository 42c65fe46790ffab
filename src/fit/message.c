#include "message.h"

#include <inttypes.h>

#include <podfit/limits.h>

/* Most reasons that one result can have: NodeResourcesFit with every bit of its mask. */
#define REASONS_MAX 64

struct collected {
    struct pf_sv texts[REASONS_MAX];
    size_t count;
};

static enum pf_code collect(void *opaque, struct pf_sv text)
{
    struct collected *collected = opaque;
    if (collected->count == REASONS_MAX) {
        return PF_E_TOO_BIG;
    }
    collected->texts[collected->count++] = text;
    return PF_OK;
}

enum pf_code pf_message_reasons(const struct pf_filter_input *input, const struct pf_result *result,
                                struct pf_arena *arena, struct pf_sv **ret_reasons,
                                size_t *ret_count)
{
    struct collected collected = {.count = 0};
    enum pf_code code = PF_OK;
    if (input->question->rejection != NULL) {
        code = collect(&collected, pf_sv_from(input->question->rejection));
    } else if (result->filter != PF_FILTER_COUNT) {
        code = pf_filter_get((enum pf_filter_id)result->filter)
                   ->reasons(input, result, arena, collect, &collected);
    }
    if (code != PF_OK) {
        return code;
    }
    struct pf_sv *reasons = pf_arena_calloc(arena, collected.count, sizeof(*reasons));
    if (reasons == NULL) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < collected.count; i++) {
        reasons[i] = collected.texts[i];
    }
    *ret_reasons = reasons;
    *ret_count = collected.count;
    return PF_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return pf_sv_cmp(((const struct pf_fit_reason *)a)->text,
                     ((const struct pf_fit_reason *)b)->text);
}

/* Equal texts of several outcomes become one entry. */
static size_t merge(struct pf_fit_reason *reasons, size_t count)
{
    if (count == 0) {
        return 0;
    }
    qsort(reasons, count, sizeof(*reasons), compare_texts);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (pf_sv_eq(reasons[i].text, reasons[kept - 1].text)) {
            reasons[kept - 1].nodes += reasons[i].nodes;
        } else {
            reasons[kept++] = reasons[i];
        }
    }
    return kept;
}

static size_t count_reasons(const struct pf_outcomes *outcomes)
{
    size_t count = 0;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        const int bits = __builtin_popcountll(outcome->result.mask);
        count += outcome->nodes != 0 ? (size_t)(bits > 1 ? bits : 1) : 0;
    }
    return count;
}

static enum pf_code tally(const struct pf_filter_input *input, const struct pf_outcomes *outcomes,
                          struct pf_arena *arena, struct pf_judgement *judgement)
{
    struct pf_fit_reason *reasons =
        pf_arena_calloc(arena, count_reasons(outcomes), sizeof(*reasons));
    if (reasons == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < outcomes->count; i++) {
        const struct pf_outcome *outcome = &outcomes->items[i];
        if (outcome->nodes == 0 || outcome->result.filter == PF_FILTER_COUNT) {
            continue;
        }
        struct pf_sv *texts = NULL;
        size_t text_count = 0;
        const enum pf_code code =
            pf_message_reasons(input, &outcome->result, arena, &texts, &text_count);
        if (code != PF_OK) {
            return code;
        }
        for (size_t k = 0; k < text_count; k++) {
            reasons[count++] = (struct pf_fit_reason){.text = texts[k], .nodes = outcome->nodes};
        }
    }
    judgement->reasons = reasons;
    judgement->reason_count = merge(reasons, count);
    return PF_OK;
}

/* `7 Too many pods`: what kube-scheduler sorts by, as a string. */
struct entry {
    struct pf_sv text;
    struct pf_fit_reason reason;
};

static int compare_entries(const void *a, const void *b)
{
    return pf_sv_cmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static struct entry *sort_entries(struct pf_judgement *judgement, struct pf_arena *arena)
{
    const size_t count = judgement->reason_count;
    struct entry *entries = pf_arena_calloc(arena, count, sizeof(*entries));
    for (size_t i = 0; entries != NULL && i < count; i++) {
        const struct pf_fit_reason reason = judgement->reasons[i];
        entries[i].reason = reason;
        entries[i].text = pf_sv_from(
            pf_arena_printf(arena, "%" PRIu32 " %.*s", reason.nodes, PF_SV_ARG(reason.text)));
        if (entries[i].text.ptr == NULL) {
            return NULL;
        }
    }
    if (entries != NULL && count != 0) {
        qsort(entries, count, sizeof(*entries), compare_entries);
    }
    return entries;
}

static void append(char *text, size_t *at, struct pf_sv part)
{
    memcpy(text + *at, part.ptr, part.len);
    *at += part.len;
}

static enum pf_code join(const struct entry *entries, struct pf_arena *arena,
                         struct pf_judgement *judgement)
{
    const char *head =
        pf_arena_printf(arena, "0/%" PRIu32 " nodes are available: ", judgement->nodes);
    if (head == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t len = strlen(head) + 1;
    for (size_t i = 0; i < judgement->reason_count; i++) {
        len += entries[i].text.len + 2;
    }
    char *text = pf_arena_alloc(arena, len);
    if (text == NULL) {
        return PF_E_NO_MEMORY;
    }
    size_t at = 0;
    append(text, &at, pf_sv_from(head));
    for (size_t i = 0; i < judgement->reason_count; i++) {
        if (i != 0) {
            append(text, &at, PF_SV(", "));
        }
        append(text, &at, entries[i].text);
        judgement->reasons[i] = entries[i].reason;
    }
    append(text, &at, PF_SV("."));
    judgement->message = (struct pf_sv){.ptr = text, .len = at};
    return PF_OK;
}

enum pf_code pf_message_compose(const struct pf_filter_input *input,
                                const struct pf_outcomes *outcomes, struct pf_arena *arena,
                                struct pf_judgement *judgement)
{
    if (judgement->nodes == 0) {
        /* ErrNoNodesAvailable of pkg/scheduler/schedule_one.go */
        judgement->message = PF_SV("no nodes available to schedule pods");
        return PF_OK;
    }
    const enum pf_code code = tally(input, outcomes, arena, judgement);
    if (code != PF_OK) {
        return code;
    }
    if (input->question->rejection != NULL) {
        judgement->message =
            pf_sv_from(pf_arena_printf(arena, "0/%" PRIu32 " nodes are available: %s.",
                                       judgement->nodes, input->question->rejection));
        return judgement->message.ptr != NULL ? PF_OK : PF_E_NO_MEMORY;
    }
    const struct entry *entries = sort_entries(judgement, arena);
    return entries != NULL ? join(entries, arena, judgement) : PF_E_NO_MEMORY;
}

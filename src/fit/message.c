#include "message.h"

#include <inttypes.h>

/* From this minor on PostFilter of DynamicResources has a text. */
#define FIRST_MINOR_CLAIMS_TEXT 34

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

/* @param room  for that many reasons more */
static enum pf_code tally(const struct pf_filter_input *input, const struct pf_outcomes *outcomes,
                          size_t room, struct pf_arena *arena, struct pf_judgement *judgement)
{
    struct pf_fit_reason *reasons =
        pf_arena_calloc(arena, count_reasons(outcomes) + room, sizeof(*reasons));
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
    const enum pf_code code = tally(input, outcomes, /* room= */ 0, arena, judgement);
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

/* DynamicResources speaks before DefaultPreemption, since 1.34. */
static bool claims_speak(const struct pf_filter_input *input)
{
    return input->options->features.dynamic_resource_allocation &&
           input->options->features.minor >= FIRST_MINOR_CLAIMS_TEXT &&
           !input->options->points.claims_silent;
}

/* A pod with claims of its own, which come from its extended resources here, has its allocation tried again. */
static bool has_claims(const struct pf_question *question)
{
    for (size_t i = 0; i < question->request.scalar_count; i++) {
        if (question->scalar_delegated[i] && question->request.scalars[i].amount != 0) {
            return true;
        }
    }
    return false;
}

static const char *claims_text(const struct pf_filter_input *input)
{
    if (!claims_speak(input)) {
        return "";
    }
    return has_claims(input->question) ? "still not schedulable, "
                                       : "no new claims to deallocate, ";
}

bool pf_message_fails(const struct pf_filter_input *input, struct pf_sv *ret_text)
{
    if ((input->question->rejection == NULL && !input->options->points.claims_unready) ||
        !claims_speak(input)) {
        return false;
    }
    *ret_text = PF_SV("not found");
    return true;
}

static void add_reason(struct pf_judgement *judgement, const char *text, uint32_t nodes)
{
    if (nodes != 0) {
        judgement->reasons[judgement->reason_count++] =
            (struct pf_fit_reason){.text = pf_sv_from(text), .nodes = nodes};
    }
}

enum pf_code pf_message_preemption(const struct pf_filter_input *input,
                                   const struct pf_message_preemption *found,
                                   struct pf_arena *arena, struct pf_sv *ret_text)
{
    struct pf_judgement judgement = {.nodes = found->nodes};
    enum pf_code code = tally(input, found->vain, /* room= */ 2, arena, &judgement);
    if (code != PF_OK) {
        return code;
    }
    add_reason(&judgement, "No preemption victims found for incoming pod", found->no_victims);
    add_reason(&judgement, "Preemption is not helpful for scheduling", found->not_helpful);
    const struct entry *entries = sort_entries(&judgement, arena);
    code = entries != NULL ? join(entries, arena, &judgement) : PF_E_NO_MEMORY;
    if (code != PF_OK) {
        return code;
    }
    const char *text = pf_arena_printf(arena, "%spreemption: %.*s", claims_text(input),
                                       PF_SV_ARG(judgement.message));
    *ret_text = pf_sv_from(text);
    return text != NULL ? PF_OK : PF_E_NO_MEMORY;
}

enum pf_code pf_message_ineligible(const struct pf_filter_input *input, const char *why,
                                   struct pf_arena *arena, struct pf_sv *ret_text)
{
    const char *text =
        pf_arena_printf(arena, "%spreemption: not eligible due to %s.", claims_text(input), why);
    *ret_text = pf_sv_from(text);
    return text != NULL ? PF_OK : PF_E_NO_MEMORY;
}

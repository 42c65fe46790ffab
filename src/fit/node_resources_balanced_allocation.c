#include <math.h>

#include "go_int.h"
#include "score.h"

/* Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go. */

/* From this minor on the score tells how the pod changes the balance. */
#define FIRST_MINOR_BY_CHANGE 36

static bool skips(const struct pf_filter_input *input)
{
    const struct pf_fit_resources *resources = &pf_score_settings(input)->balanced;
    for (size_t i = 0; i < resources->count; i++) {
        if (pf_score_wanted(input->question, &resources->items[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* What is taken of each resource, from 0 to 1. */
struct fractions {
    const struct pf_filter_input *input;
    uint32_t slot;
    bool with_pod;
};

/* @return false: the resource is left out */
static bool fraction_of(const struct fractions *of, size_t index, double *ret_fraction)
{
    const struct pf_fit_resource *resource = &pf_score_settings(of->input)->balanced.items[index];
    const struct pf_score_share share =
        pf_score_share_of(of->input, of->slot, resource, /* nonzero= */ false);
    if (share.allocatable == 0) {
        return false;
    }
    const int64_t requested = pf_go_int_add(share.used, of->with_pod ? share.wanted : 0);
    const double fraction = (double)requested / (double)share.allocatable;
    *ret_fraction = fraction > 1 ? 1 : fraction;
    return true;
}

/* Standard deviation; two resources, the usual case, have a formula of their own. */
static double spread_of(const struct fractions *of)
{
    const size_t resources = pf_score_settings(of->input)->balanced.count;
    double first = 0;
    double last = 0;
    double total = 0;
    unsigned count = 0;
    for (size_t i = 0; i < resources; i++) {
        double fraction = 0;
        if (fraction_of(of, i, &fraction)) {
            first = count == 0 ? fraction : first;
            last = fraction;
            total += fraction;
            count++;
        }
    }
    if (count <= 2) {
        return count == 2 ? fabs((first - last) / 2) : 0;
    }
    const double mean = total / (double)count;
    double sum = 0;
    for (size_t i = 0; i < resources; i++) {
        double fraction = 0;
        if (fraction_of(of, i, &fraction)) {
            sum = sum + (fraction - mean) * (fraction - mean);
        }
    }
    return sqrt(sum / (double)count);
}

/*
 * How evenly the resources are used, from 0 to 100; one that the node does not have is left out, and one alone is even. Less than 0 when a sum of an
 * absurd node came out negative.
 */
static int64_t balance(const struct pf_filter_input *input, uint32_t slot, bool with_pod)
{
    const struct fractions of = {.input = input, .slot = slot, .with_pod = with_pod};
    return pf_go_int_of((1 - spread_of(&of)) * PF_SCORE_MAX);
}

int64_t pf_node_resources_balanced_allocation_score(const struct pf_filter_input *input,
                                                    uint32_t slot)
{
    if (skips(input)) {
        return 0;
    }
    const int64_t with = balance(input, slot, /* with_pod= */ true);
    if (input->options->features.minor < FIRST_MINOR_BY_CHANGE) {
        return with;
    }
    const int64_t half = PF_SCORE_MAX / 2;
    const int64_t change = pf_go_int_sub(with, balance(input, slot, /* with_pod= */ false));
    return half + pf_go_int_add(half, change) / 2;
}

static enum pf_code run(const struct pf_score_input *in, int64_t *scores, bool *ret_skipped)
{
    *ret_skipped = skips(in->input);
    for (uint32_t i = 0; i < in->count; i++) {
        scores[i] = pf_node_resources_balanced_allocation_score(in->input, in->slots[i]);
    }
    return PF_OK;
}

const struct pf_scorer pf_node_resources_balanced_allocation_scorer = {
    .name = "NodeResourcesBalancedAllocation",
    .run = run,
};

#include <podfit/certmake.h>
#include <podfit/certplan.h>
#include <podfit/clock.h>

#define BACKDATE_NS (PF_CERTMAKE_BACKDATE_S * PF_NS_PER_S)

static int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return b > 0 ? INT64_MAX : INT64_MIN;
    }
    return sum;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool is_valid(const struct pf_certplan_dates *dates, int64_t now)
{
    return dates->present && dates->not_before_wall_ns <= now && now <= dates->not_after_wall_ns;
}

/* The moment of issue: NotBefore without the backdating. */
static int64_t issued_at(const struct pf_certplan_dates *dates)
{
    return earlier(add_saturated(dates->not_before_wall_ns, BACKDATE_NS), dates->not_after_wall_ns);
}

int64_t pf_certplan_renew_at(const struct pf_certplan_dates *dates)
{
    const int64_t from = issued_at(dates);
    /* thirds of the unsigned distance: the difference of two dates may exceed 63 bits */
    const uint64_t third = ((uint64_t)dates->not_after_wall_ns - (uint64_t)from) / 3;
    return (int64_t)((uint64_t)from + 2 * third);
}

static int64_t switch_at(const struct pf_certplan_view *view)
{
    int64_t delay_ns = 0;
    if (__builtin_mul_overflow(view->publish_delay_s, PF_NS_PER_S, &delay_ns)) {
        delay_ns = INT64_MAX;
    }
    return add_saturated(issued_at(&view->next), delay_ns);
}

static unsigned decide_ca(const struct pf_certplan_view *view, int64_t now)
{
    if (!is_valid(&view->ca, now)) {
        const unsigned acts = PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF;
        return is_valid(&view->next, now) ? acts : acts | PF_CERTPLAN_PUBLISH_CA;
    }
    if (!view->next.present) {
        return view->force_ca || now >= pf_certplan_renew_at(&view->ca) ? PF_CERTPLAN_PUBLISH_CA
                                                                        : 0;
    }
    if (now > view->next.not_after_wall_ns) {
        return PF_CERTPLAN_PUBLISH_CA; /* slept through the whole life of the next CA */
    }
    return !view->hold_switch && is_valid(&view->next, now) && now >= switch_at(view)
               ? PF_CERTPLAN_SWITCH_CA | PF_CERTPLAN_ISSUE_LEAF
               : 0;
}

static bool can_live_longer(const struct pf_certplan_view *view)
{
    return view->leaf.not_after_wall_ns < view->ca.not_after_wall_ns;
}

static unsigned decide_leaf(const struct pf_certplan_view *view, int64_t now)
{
    const bool due = !is_valid(&view->leaf, now) || !view->leaf_by_ca || view->leaf_names_differ ||
                     view->force_leaf ||
                     (now >= pf_certplan_renew_at(&view->leaf) && can_live_longer(view));
    return due ? PF_CERTPLAN_ISSUE_LEAF : 0;
}

static int64_t next_due(const struct pf_certplan_view *view)
{
    int64_t due = add_saturated(view->ca.not_after_wall_ns, 1);
    due = earlier(due, view->next.present ? switch_at(view) : pf_certplan_renew_at(&view->ca));
    if (can_live_longer(view)) {
        due = earlier(due, pf_certplan_renew_at(&view->leaf));
    }
    for (size_t i = 0; i < view->old_count; i++) {
        due = earlier(due, add_saturated(view->old_needed_until_wall_ns[i], 1));
    }
    return due;
}

struct pf_certplan pf_certplan_decide(const struct pf_certplan_view *view, int64_t now_wall_ns)
{
    unsigned acts = decide_ca(view, now_wall_ns);
    if ((acts & PF_CERTPLAN_SWITCH_CA) == 0) {
        acts |= decide_leaf(view, now_wall_ns);
    }
    for (size_t i = 0; i < view->old_count; i++) {
        if (view->old_needed_until_wall_ns[i] < now_wall_ns) {
            acts |= PF_CERTPLAN_DROP_CA;
        }
    }
    if (!view->bundle_complete) {
        acts |= PF_CERTPLAN_MEND_BUNDLE;
    }
    const int64_t due = acts != 0 ? now_wall_ns : next_due(view);
    return (struct pf_certplan){.acts = acts,
                                .next_due_wall_ns = due > now_wall_ns ? due : now_wall_ns};
}

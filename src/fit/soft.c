#include "soft.h"

#include <podfit/mem.h>

#define BIT(i) (UINT64_C(1) << (i))

/* One bringing up to date. */
struct refresh {
    struct pf_soft *soft;
    const struct pf_filter_input *input;
    const struct pf_soft_question *question;
    /* only while everything is counted: what a pod of each group adds, or NULL */
    int64_t *gains; /* by group and column */
    struct {
        uint64_t mask;
        bool known;
    } * memo; /* by group */
    enum pf_code code;
};

static int64_t sum_of(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

enum pf_code pf_soft_init(struct pf_soft *soft, uint32_t columns)
{
    *soft = (struct pf_soft){.columns = columns};
    soft->column = pf_mem_calloc(columns, sizeof(*soft->column));
    return soft->column != NULL ? PF_OK : PF_E_NO_MEMORY;
}

void pf_soft_done(struct pf_soft *soft)
{
    for (uint32_t i = 0; soft->column != NULL && i < soft->columns; i++) {
        pf_topology_axis_done(&soft->column[i].axis);
        free(soft->column[i].sums);
    }
    free(soft->column);
    free(soft->domains);
    free(soft->own);
    free(soft->counted);
    *soft = (struct pf_soft){.columns = 0};
}

size_t pf_soft_bytes(const struct pf_soft *soft)
{
    const size_t columns = soft->columns;
    size_t bytes =
        soft->slots * (sizeof(*soft->counted) + columns * (sizeof(*soft->own) + sizeof(uint32_t))) +
        columns * sizeof(*soft->column);
    for (uint32_t i = 0; i < soft->columns; i++) {
        bytes += pf_topology_axis_bytes(&soft->column[i].axis) +
                 soft->column[i].cap * sizeof(*soft->column[i].sums);
    }
    return bytes;
}

static bool reserve_slots(struct pf_soft *soft, uint32_t slots)
{
    if (slots <= soft->slots) {
        return true;
    }
    const size_t want = (size_t)slots + slots / 8 + 1; /* so that single new nodes do not resize */
    const size_t columns = soft->columns;
    uint32_t *domains = pf_mem_resize(soft->domains, want * columns, sizeof(*domains));
    soft->domains = domains != NULL ? domains : soft->domains;
    int64_t *own = pf_mem_resize(soft->own, want * columns, sizeof(*own));
    soft->own = own != NULL ? own : soft->own;
    uint64_t *counted = pf_mem_resize(soft->counted, want, sizeof(*counted));
    soft->counted = counted != NULL ? counted : soft->counted;
    if (domains == NULL || own == NULL || counted == NULL) {
        return false;
    }
    const size_t old = soft->slots;
    memset(domains + old * columns, 0, (want - old) * columns * sizeof(*domains));
    memset(own + old * columns, 0, (want - old) * columns * sizeof(*own));
    memset(counted + old, 0, (want - old) * sizeof(*counted));
    soft->slots = (uint32_t)want;
    return true;
}

static void reset(struct pf_soft *soft)
{
    const size_t cells = (size_t)soft->slots * soft->columns;
    for (uint32_t i = 0; i < soft->columns; i++) {
        pf_topology_axis_reset(&soft->column[i].axis);
    }
    for (size_t i = 0; i < cells; i++) {
        soft->domains[i] = 0;
        soft->own[i] = 0;
    }
    for (uint32_t i = 0; i < soft->slots; i++) {
        soft->counted[i] = 0;
    }
    soft->counting = 0;
    soft->seen = 0;
}

static void forget_slot(const struct refresh *refresh, uint32_t slot)
{
    struct pf_soft *soft = refresh->soft;
    uint32_t *domains = soft->domains + (size_t)slot * soft->columns;
    int64_t *own = soft->own + (size_t)slot * soft->columns;
    for (uint32_t i = 0; i < soft->columns; i++) {
        struct pf_soft_column *column = &soft->column[i];
        const bool by_node = (refresh->question->by_node & BIT(i)) != 0;
        if ((soft->counted[slot] & BIT(i)) != 0 && !by_node) {
            int64_t *sum = &column->sums[domains[i] - 1];
            *sum = (int64_t)((uint64_t)*sum - (uint64_t)own[i]);
        }
        if (domains[i] != 0 && !by_node) {
            pf_topology_axis_leave(&column->axis, domains[i] - 1);
        }
        domains[i] = 0;
        own[i] = 0;
    }
    soft->counting -= soft->counted[slot] != 0 ? 1 : 0;
    soft->counted[slot] = 0;
}

/* @return domain + 1, or 0: no memory */
static uint32_t enter(struct pf_soft_column *column, uint32_t value)
{
    const uint32_t domain = pf_topology_axis_enter(&column->axis, value);
    if (domain != 0 && column->cap < column->axis.cap) {
        int64_t *sums = pf_mem_resize(column->sums, column->axis.cap, sizeof(*sums));
        if (sums == NULL) {
            return 0;
        }
        column->sums = sums;
        column->cap = column->axis.cap;
    }
    if (domain != 0 && column->axis.nodes[domain - 1] == 1) {
        column->sums[domain - 1] = 0;
    }
    return domain;
}

static bool enter_domains(const struct refresh *refresh, uint32_t slot, uint32_t *domains)
{
    const struct pf_soft_question *question = refresh->question;
    for (uint32_t i = 0; i < refresh->soft->columns; i++) {
        const uint32_t value = pf_topology_value(refresh->input, slot, question->keys[i]);
        if (value == PF_INTERN_NONE) {
            continue;
        }
        domains[i] =
            (question->by_node & BIT(i)) != 0 ? 1 : enter(&refresh->soft->column[i], value);
        if (domains[i] == 0) {
            return false;
        }
    }
    return true;
}

/* What a pod of a group adds. @return its columns */
static uint64_t gain_of(const struct refresh *refresh, uint32_t group, int64_t *scratch,
                        const int64_t **ret_gains)
{
    const struct pf_soft_question *question = refresh->question;
    const struct pf_model *model = refresh->input->model;
    const uint32_t columns = refresh->soft->columns;
    if (refresh->memo == NULL) {
        memset(scratch, 0, columns * sizeof(*scratch));
        *ret_gains = scratch;
        return question->gain(question->asker, model, group, scratch);
    }
    int64_t *gains = refresh->gains + (size_t)group * columns;
    if (!refresh->memo[group].known) {
        refresh->memo[group].mask = question->gain(question->asker, model, group, gains);
        refresh->memo[group].known = true;
    }
    *ret_gains = gains;
    return refresh->memo[group].mask;
}

/* @return mask of the columns that pods of the node have a say in */
static uint64_t count_groups(const struct refresh *refresh, uint32_t slot, int64_t *own)
{
    int64_t scratch[PF_SOFT_COLUMNS_MAX];
    uint64_t touched = 0;
    uint32_t count = 0;
    const struct pf_slot_group *groups = pf_model_slot_groups(refresh->input->model, slot, &count);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t *gains = NULL;
        uint64_t mask = gain_of(refresh, groups[i].group, scratch, &gains);
        touched |= mask;
        for (; mask != 0; mask &= mask - 1) {
            const unsigned column = (unsigned)__builtin_ctzll(mask);
            const uint64_t gain = (uint64_t)gains[column] * groups[i].pods;
            own[column] = sum_of(own[column], (int64_t)gain);
        }
    }
    return touched;
}

static void update_slot(struct refresh *refresh, uint32_t slot)
{
    struct pf_soft *soft = refresh->soft;
    uint32_t *domains = soft->domains + (size_t)slot * soft->columns;
    int64_t *own = soft->own + (size_t)slot * soft->columns;
    forget_slot(refresh, slot);
    if (refresh->input->columns->shape[slot] == PF_SHAPE_NONE) {
        return;
    }
    if (!enter_domains(refresh, slot, domains)) {
        refresh->code = PF_E_NO_MEMORY;
        return;
    }
    uint64_t counted = count_groups(refresh, slot, own);
    for (uint32_t i = 0; i < soft->columns; i++) {
        counted &= domains[i] == 0 ? ~BIT(i) : UINT64_MAX;
    }
    if (counted != 0) {
        const struct pf_soft_question *question = refresh->question;
        counted &= question->include(question->asker, refresh->input, slot, domains);
    }
    soft->counted[slot] = counted;
    soft->counting += counted != 0 ? 1 : 0;
    for (counted &= ~refresh->question->by_node; counted != 0; counted &= counted - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(counted);
        int64_t *sum = &soft->column[i].sums[domains[i] - 1];
        *sum = sum_of(*sum, own[i]);
    }
}

static void visit_change(void *opaque, uint32_t slot)
{
    struct refresh *refresh = opaque;
    if (refresh->code == PF_OK && slot < refresh->input->columns->count) {
        update_slot(refresh, slot);
    }
}

static void count_all(struct refresh *refresh)
{
    const struct pf_model *model = refresh->input->model;
    const size_t groups = pf_model_group_count(model);
    reset(refresh->soft);
    refresh->memo = pf_mem_calloc(groups, sizeof(*refresh->memo));
    refresh->gains = pf_mem_calloc(groups * refresh->soft->columns, sizeof(*refresh->gains));
    if (refresh->memo == NULL || refresh->gains == NULL) {
        refresh->code = PF_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < refresh->input->columns->count && refresh->code == PF_OK; i++) {
        update_slot(refresh, i);
    }
    free(refresh->memo);
    free(refresh->gains);
    refresh->soft->seen = pf_model_change_number(model);
}

enum pf_code pf_soft_update(struct pf_soft *soft, const struct pf_filter_input *input,
                            const struct pf_soft_question *question)
{
    struct refresh refresh = {.soft = soft, .input = input, .question = question};
    const uint64_t version = pf_model_namespace_version(input->model);
    const bool stale = question->by_namespace && soft->namespace_version != version;
    if (!reserve_slots(soft, input->columns->count)) {
        return PF_E_NO_MEMORY;
    }
    const uint64_t now =
        soft->seen != 0 && !stale
            ? pf_model_changes_since(input->model, soft->seen, visit_change, &refresh)
            : 0;
    if (now != 0) {
        soft->seen = now;
    } else if (refresh.code == PF_OK) {
        count_all(&refresh);
    }
    soft->namespace_version = version;
    return refresh.code;
}

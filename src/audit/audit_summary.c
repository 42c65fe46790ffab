#include <podfit/audit_summary.h>
#include <podfit/buf.h>
#include <podfit/limits.h>
#include <podfit/map.h>
#include <podfit/mem.h>

#define OWNER_MAX_BYTES ((size_t)4 * PF_AUDIT_LINE_MAX_BYTES)

struct table {
    struct pf_map map; /* key -> index of row */
    struct pf_audit_row *rows;
    size_t *order; /* as many as rows: sorted when asked for */
    size_t count;
    size_t rows_cap;
    size_t order_cap;
    struct pf_audit_row others;
};

struct pf_audit_summary {
    struct pf_audit_totals totals;
    struct table tables[PF_AUDIT_DIMENSION_COUNT];
    struct pf_buf owner; /* the key of the line that is added */
    size_t key_bytes;
};

const char *pf_audit_summary_dimension_name(enum pf_audit_dimension dimension)
{
    static const char *const names[] = {
        [PF_AUDIT_BY_CLASS] = "class",     [PF_AUDIT_BY_VERDICT] = "verdict",
        [PF_AUDIT_BY_BINDING] = "binding", [PF_AUDIT_BY_NAMESPACE] = "namespace",
        [PF_AUDIT_BY_OWNER] = "owner",     [PF_AUDIT_BY_MESSAGE] = "message",
    };
    return (size_t)dimension < PF_ARRAY_LEN(names) ? names[dimension] : "";
}

enum pf_code pf_audit_summary_new(struct pf_audit_summary **ret_summary, struct pf_err *err)
{
    struct pf_audit_summary *summary = pf_mem_calloc(1, sizeof(*summary));
    if (summary == NULL) {
        return pf_err_set(err, PF_E_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < PF_AUDIT_DIMENSION_COUNT; i++) {
        pf_map_init(&summary->tables[i].map, pf_random_u64());
        summary->tables[i].others.others = true;
    }
    pf_buf_init(&summary->owner, OWNER_MAX_BYTES);
    *ret_summary = summary;
    return PF_OK;
}

static void table_done(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free((void *)(uintptr_t)table->rows[i].key.ptr); /* made by pf_mem_dup() in add_row() */
    }
    free(table->rows);
    free(table->order);
    pf_map_done(&table->map);
}

void pf_audit_summary_free(struct pf_audit_summary *summary)
{
    if (summary == NULL) {
        return;
    }
    for (size_t i = 0; i < PF_AUDIT_DIMENSION_COUNT; i++) {
        table_done(&summary->tables[i]);
    }
    pf_buf_done(&summary->owner);
    free(summary);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void widen(int64_t *first_ns, int64_t *last_ns, bool empty, const struct pf_audit_line *line)
{
    if (empty || line->first_ns < *first_ns) {
        *first_ns = line->first_ns;
    }
    if (empty || line->last_ns > *last_ns) {
        *last_ns = line->last_ns;
    }
}

static void count_in_row(struct pf_audit_row *row, const struct pf_audit_line *line)
{
    widen(&row->first_ns, &row->last_ns, row->count == 0, line);
    row->count = add_saturating(row->count, line->count);
}

/* @return the new row, empty; NULL: no memory */
static struct pf_audit_row *add_row(struct table *table, struct pf_sv key)
{
    if (!pf_mem_grow((void *)&table->rows, &table->rows_cap, table->count, sizeof(*table->rows)) ||
        !pf_mem_grow((void *)&table->order, &table->order_cap, table->count,
                     sizeof(*table->order))) {
        return NULL;
    }
    char *copy = pf_mem_dup(key.ptr, key.len);
    const struct pf_sv kept = {.ptr = copy, .len = key.len};
    if (copy == NULL || !pf_map_put(&table->map, kept, table->count)) {
        free(copy);
        return NULL;
    }
    struct pf_audit_row *row = &table->rows[table->count++];
    *row = (struct pf_audit_row){.key = kept};
    return row;
}

static enum pf_code count_in_table(struct pf_audit_summary *summary, struct table *table,
                                   struct pf_sv key, const struct pf_audit_line *line)
{
    uint64_t index = 0;
    struct pf_audit_row *row = NULL;
    if (pf_map_get(&table->map, key, &index)) {
        row = &table->rows[index];
    } else if (table->count == PF_AUDIT_SUMMARY_MAX ||
               key.len > PF_AUDIT_SUMMARY_MAX_BYTES - summary->key_bytes) {
        row = &table->others;
    } else {
        row = add_row(table, key);
        if (row == NULL) {
            return PF_E_NO_MEMORY;
        }
        summary->key_bytes += key.len;
    }
    count_in_row(row, line);
    return PF_OK;
}

static enum pf_code make_owner(struct pf_audit_summary *summary, const struct pf_audit_line *line)
{
    struct pf_buf *buf = &summary->owner;
    pf_buf_reset(buf);
    pf_buf_append_sv(buf, line->namespace_);
    pf_buf_append_char(buf, '/');
    if (line->owner_name.len != 0) {
        pf_buf_append_sv(buf, line->owner_kind);
        pf_buf_append_char(buf, '/');
        pf_buf_append_sv(buf, line->owner_name);
    } else {
        pf_buf_append_cstr(buf, "Pod/");
        pf_buf_append_sv(buf, line->name.len != 0 ? line->name : line->generate_name);
        pf_buf_append_cstr(buf, line->name.len == 0 && line->generate_name.len != 0 ? "*" : "");
    }
    return pf_buf_status(buf, NULL);
}

static void count_totals(struct pf_audit_totals *totals, const struct pf_audit_line *line)
{
    widen(&totals->first_ns, &totals->last_ns, totals->decisions == 0, line);
    totals->decisions = add_saturating(totals->decisions, line->count);
    totals->dry_run = add_saturating(totals->dry_run, line->dry_run ? line->count : 0);
    totals->observed = add_saturating(totals->observed, line->observed ? line->count : 0);
}

enum pf_code pf_audit_summary_add(struct pf_audit_summary *summary,
                                  const struct pf_audit_line *line, struct pf_err *err)
{
    struct pf_audit_totals *totals = &summary->totals;
    if (line->kind == PF_AUDIT_DROPPED) {
        totals->dropped = add_saturating(totals->dropped, line->count);
        return PF_OK;
    }
    if (line->kind == PF_AUDIT_FAILED) {
        totals->failed = add_saturating(totals->failed, line->count);
        return PF_OK;
    }
    if (line->outcome.len != 0) { /* a misprediction or repeats of one: no decision */
        totals->mispredictions = add_saturating(totals->mispredictions, line->count);
        return PF_OK;
    }
    enum pf_code code = make_owner(summary, line);
    const struct pf_sv keys[PF_AUDIT_DIMENSION_COUNT] = {
        [PF_AUDIT_BY_CLASS] = line->class_name,
        [PF_AUDIT_BY_VERDICT] = line->verdict,
        [PF_AUDIT_BY_BINDING] = line->binding,
        [PF_AUDIT_BY_NAMESPACE] = line->namespace_,
        [PF_AUDIT_BY_OWNER] = pf_buf_view(&summary->owner),
        [PF_AUDIT_BY_MESSAGE] = line->message,
    };
    for (size_t i = 0; i < PF_AUDIT_DIMENSION_COUNT && code == PF_OK; i++) {
        code = count_in_table(summary, &summary->tables[i], keys[i], line);
    }
    if (code != PF_OK) {
        return pf_err_set(err, code, "out of memory");
    }
    count_totals(totals, line);
    return PF_OK;
}

struct pf_audit_totals pf_audit_summary_totals(const struct pf_audit_summary *summary)
{
    return summary->totals;
}

static int compare_rows(const void *a, const void *b, void *opaque)
{
    const struct pf_audit_row *rows = opaque;
    const struct pf_audit_row *left = &rows[*(const size_t *)a];
    const struct pf_audit_row *right = &rows[*(const size_t *)b];
    if (left->count != right->count) {
        return left->count > right->count ? -1 : 1;
    }
    return pf_sv_cmp(left->key, right->key);
}

size_t pf_audit_summary_top(struct pf_audit_summary *summary, enum pf_audit_dimension dimension,
                            size_t max_rows, struct pf_audit_row *rows)
{
    struct table *table = &summary->tables[dimension];
    size_t done = 0;
    for (size_t i = 0; i < table->count; i++) {
        table->order[i] = i;
    }
    if (table->count != 0) {
        qsort_r(table->order, table->count, sizeof(*table->order), compare_rows, table->rows);
    }
    for (; done < table->count && done < max_rows; done++) {
        rows[done] = table->rows[table->order[done]];
    }
    if (table->others.count != 0 && done < max_rows) {
        rows[done++] = table->others;
    }
    return done;
}

size_t pf_audit_summary_rows(const struct pf_audit_summary *summary,
                             enum pf_audit_dimension dimension)
{
    const struct table *table = &summary->tables[dimension];
    return table->count + (table->others.count != 0);
}

#include "table.h"

void pf_table_string(struct pf_decode *d, void *at)
{
    pf_decode_string(d, at);
}

void pf_table_bool(struct pf_decode *d, void *at)
{
    pf_decode_bool(d, at);
}

void pf_table_i32(struct pf_decode *d, void *at)
{
    pf_decode_i32(d, at);
}

void pf_table_meta(struct pf_decode *d, void *at)
{
    pf_fields_meta(d, at);
}

void pf_table_resources(struct pf_decode *d, void *at)
{
    pf_fields_resources(d, at);
}

/* The rest of an object that was entered. Tables are constants without cycles, so the depth is that of the deepest table. */
static void read_rows(struct pf_decode *d, const struct pf_table_row *rows, size_t count,
                      void *part)
{
    struct pf_sv keys[PF_TABLE_ROWS_MAX];
    uint64_t seen = 0;
    size_t field = 0;
    for (size_t i = 0; i < count; i++) {
        keys[i] = rows[i].key;
    }
    while (pf_decode_next_field(d, keys, count, &seen, &field)) {
        const struct pf_table_row *row = &rows[field];
        if (row->read != NULL) {
            row->read(d, (char *)part + row->offset);
        } else {
            (void)pf_table_read(d, row->rows, row->count, part);
        }
    }
}

bool pf_table_read(struct pf_decode *d, const struct pf_table_row *rows, size_t count, void *part)
{
    const bool present = pf_decode_enter_object(d);
    read_rows(d, rows, count, part);
    return present;
}

enum pf_code pf_table_decode(struct pf_sv bytes, struct pf_arena *arena,
                             const struct pf_table_row *object, void *part, struct pf_err *err)
{
    struct pf_decode d;
    pf_decode_init(&d, bytes, arena);
    pf_decode_enter_root(&d);
    read_rows(&d, object->rows, object->count, part);
    return pf_decode_finish_whole(&d, err);
}

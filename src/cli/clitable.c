#include <stdarg.h>
#include <stdio.h>

#include <podfit/clitable.h>

#define CELL_MAX_BYTES ((size_t)64 * 1024)
#define GAP            2

static void push(struct pf_clitable *table, struct pf_clitable_cell cell)
{
    if (table->count == table->cap) {
        const size_t cap = table->cap != 0 ? table->cap * 2 : 64;
        struct pf_clitable_cell *cells = pf_arena_calloc(table->arena, cap, sizeof(*cells));
        if (cells == NULL) {
            table->failed = true;
            return;
        }
        if (table->count != 0) {
            memcpy(cells, table->cells, table->count * sizeof(*cells));
        }
        table->cells = cells;
        table->cap = cap;
    }
    table->cells[table->count++] = cell;
}

void pf_clitable_init(struct pf_clitable *table, struct pf_arena *arena,
                      const char *const *headings, size_t columns)
{
    *table = (struct pf_clitable){.arena = arena, .columns = columns};
    for (size_t i = 0; i < columns; i++) {
        push(table,
             (struct pf_clitable_cell){.text = pf_sv_from(headings[i]), .style = PF_CLIOUT_STRONG});
    }
}

void pf_clitable_add(struct pf_clitable *table, struct pf_sv text, enum pf_cliout_style style)
{
    pf_autobuf struct pf_buf buf = {0};
    pf_buf_init(&buf, CELL_MAX_BYTES);
    pf_cliout_put_text(&buf, text);
    struct pf_clitable_cell cell = {.style = style};
    if (pf_buf_status(&buf, NULL) != PF_OK ||
        !pf_arena_dup_sv(table->arena, pf_buf_view(&buf), &cell.text)) {
        table->failed = true;
        return;
    }
    push(table, cell);
}

void pf_clitable_addf(struct pf_clitable *table, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const size_t kept = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    pf_clitable_add(table, (struct pf_sv){.ptr = text, .len = kept}, PF_CLIOUT_PLAIN);
}

static void put_spaces(struct pf_buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pf_buf_append_char(buf, ' ');
    }
}

static void put_row(const struct pf_clitable *table, size_t row, const size_t *widths, bool colour,
                    struct pf_buf *buf)
{
    for (size_t i = 0; i < table->columns; i++) {
        const struct pf_clitable_cell *cell = &table->cells[row * table->columns + i];
        const size_t pad = widths[i] - pf_cliout_columns(cell->text);
        const bool right = (table->right >> i & 1U) != 0;
        const bool last = i + 1 == table->columns;
        put_spaces(buf, right ? pad : 0);
        pf_cliout_put_styled(buf, colour, cell->style, cell->text);
        put_spaces(buf, last ? 0 : (right ? 0 : pad) + GAP);
    }
}

/* A row whose last cells are empty ends without spaces. */
static void trim_line(struct pf_buf *buf, size_t start)
{
    size_t len = buf->len;
    while (len > start && buf->data[len - 1] == ' ') {
        len--;
    }
    pf_buf_truncate(buf, len);
}

enum pf_code pf_clitable_put(const struct pf_clitable *table, unsigned indent, bool colour,
                             struct pf_buf *buf)
{
    size_t widths[PF_CLITABLE_COLUMNS_MAX] = {0};
    if (table->failed || table->columns > PF_CLITABLE_COLUMNS_MAX) {
        return PF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < table->count; i++) {
        const size_t width = pf_cliout_columns(table->cells[i].text);
        const size_t column = i % table->columns;
        widths[column] = width > widths[column] ? width : widths[column];
    }
    for (size_t row = 0; (row + 1) * table->columns <= table->count; row++) {
        const size_t start = buf->len;
        put_spaces(buf, indent);
        put_row(table, row, widths, colour, buf);
        trim_line(buf, start);
        pf_buf_append_char(buf, '\n');
    }
    return pf_buf_status(buf, NULL);
}

#include "cli/csv.h"

#include "api/utf8.h"

#include <string.h>

/*
 *            letter                    "                      other
 *   START ----------> PLAIN   START -----> QUOTED -- " --> CLOSED ----> fault
 *                                            ^             |  |
 *                                            +----- " -----+  +-- , or line end
 *   CR: a line end is due, or the CR was a letter
 */
enum state { START, PLAIN, QUOTED, CLOSED, PLAIN_CR, CLOSED_CR };

static const char mark[] = "\xef\xbb\xbf";

void hy_csv_init(struct hy_csv *csv)
{
    *csv = (struct hy_csv){.line = 1, .next_line = 1};
    hy_buf_init(&csv->text, HY_CSV_RECORD_BYTES);
}

void hy_csv_deinit(struct hy_csv *csv)
{
    hy_buf_deinit(&csv->text);
}

static enum hy_csv_got fail(struct hy_csv *csv, const char *fault)
{
    csv->fault = fault;
    return HY_CSV_FAULT;
}

static void begin_cell(struct hy_csv *csv)
{
    if (csv->count < HY_CSV_CELLS_MAX)
        csv->starts[csv->count] = csv->text.size;
    csv->count++;
    csv->state = START;
}

static void begin_record(struct hy_csv *csv)
{
    hy_buf_clear(&csv->text);
    csv->count = 0;
    csv->line = csv->next_line;
    csv->returned = csv->begun = false;
    begin_cell(csv);
}

/* A mark is only looked for when the record is whole: its bytes may come one by one. */
static void drop_mark(struct hy_csv *csv)
{
    if (csv->line == 1 && strncmp(csv->cells[0], mark, 3) == 0)
        csv->cells[0] += 3;
}

static enum hy_csv_got end_record(struct hy_csv *csv)
{
    hy_buf_putc(&csv->text, 0);
    csv->returned = true;
    if (!hy_buf_ok(&csv->text))
        return fail(csv, "The record is longer than 65536 bytes; is a quote missing");
    if (csv->count > HY_CSV_CELLS_MAX)
        return fail(csv, "There are more than 64 columns");
    for (size_t i = 0; i < csv->count; i++) {
        csv->cells[i] = csv->text.data + csv->starts[i];
        if (strlen(csv->cells[i]) + 1 !=
            (i + 1 < csv->count ? csv->starts[i + 1] : csv->text.size) - csv->starts[i])
            return fail(csv, "There is a zero byte: this is no text, or UTF-16");
    }
    if (!hy_utf8_ok(csv->text.data, csv->text.size))
        return fail(csv, "This is not UTF-8; it may be GB18030 or UTF-16");
    drop_mark(csv);
    return HY_CSV_RECORD;
}

static void put(struct hy_csv *csv, char c, enum state state)
{
    hy_buf_putc(&csv->text, c);
    csv->state = state;
}

static void end_cell(struct hy_csv *csv)
{
    hy_buf_putc(&csv->text, 0);
    begin_cell(csv);
}

/* A quote may stand behind the byte order mark. */
static bool opens(const struct hy_csv *csv)
{
    return csv->state == START || (csv->state == PLAIN && csv->line == 1 && csv->count == 1 &&
                                   csv->text.size == 3 && memcmp(csv->text.data, mark, 3) == 0);
}

static enum hy_csv_got take_unquoted(struct hy_csv *csv, char c)
{
    if (csv->state == PLAIN_CR && c != '\n')
        put(csv, '\r', PLAIN);
    if (c == '\n')
        return end_record(csv);
    if (c == ',')
        end_cell(csv);
    else if (c == '\r')
        csv->state = PLAIN_CR;
    else if (c == '"' && opens(csv))
        csv->state = QUOTED;
    else
        put(csv, c, PLAIN);
    return HY_CSV_MORE;
}

static enum hy_csv_got take_closed(struct hy_csv *csv, char c)
{
    if (c == '\n')
        return end_record(csv);
    if (csv->state == CLOSED && c == '"')
        put(csv, c, QUOTED);
    else if (csv->state == CLOSED && c == ',')
        end_cell(csv);
    else if (csv->state == CLOSED && c == '\r')
        csv->state = CLOSED_CR;
    else
        return fail(csv, "Something stands behind a closing quote");
    return HY_CSV_MORE;
}

static enum hy_csv_got take(struct hy_csv *csv, char c)
{
    csv->begun = true;
    csv->next_line += c == '\n';
    switch ((enum state)csv->state) {
    case QUOTED:
        if (c == '"')
            csv->state = CLOSED;
        else
            put(csv, c, QUOTED);
        return hy_buf_ok(&csv->text) ? HY_CSV_MORE : end_record(csv);
    case CLOSED:
    case CLOSED_CR: return take_closed(csv, c);
    default: return take_unquoted(csv, c);
    }
}

enum hy_csv_got hy_csv_next(struct hy_csv *csv, const char *piece, size_t size, size_t *at)
{
    enum hy_csv_got got = csv->fault ? HY_CSV_FAULT : HY_CSV_MORE;

    if (csv->returned || csv->count == 0)
        begin_record(csv);
    while (*at < size && got == HY_CSV_MORE)
        got = take(csv, piece[(*at)++]);
    return got;
}

enum hy_csv_got hy_csv_last(struct hy_csv *csv)
{
    if (csv->fault)
        return HY_CSV_FAULT;
    if (csv->returned || !csv->begun)
        return HY_CSV_MORE;
    if (csv->state == QUOTED)
        return fail(csv, "A quote is opened and never closed");
    return end_record(csv);
}

#include "api/lines.h"

#include <string.h>

static const char mark[] = "\xef\xbb\xbf";

enum { MARK_BYTES = sizeof mark - 1 };

void hy_lines_init(struct hy_lines *lines, size_t max_bytes)
{
    *lines = (struct hy_lines){.max_bytes = max_bytes};
    hy_buf_init(&lines->part, max_bytes + MARK_BYTES + 1);
}

void hy_lines_deinit(struct hy_lines *lines)
{
    hy_buf_deinit(&lines->part);
}

static void drop_returned(struct hy_lines *lines)
{
    if (lines->returned)
        hy_buf_clear(&lines->part);
    lines->returned = false;
}

/* Keeps what may be needed to know whether the line is too long: mark and CR don't count. */
static void keep(struct hy_lines *lines, const char *bytes, size_t size)
{
    if (lines->too_long)
        return;
    if (size > lines->part.max - lines->part.size) {
        lines->too_long = true;
        hy_buf_clear(&lines->part);
    } else if (size > 0) {
        hy_buf_append(&lines->part, bytes, size);
    }
}

static void strip(const struct hy_lines *lines, struct hy_line *line)
{
    if (lines->number == 1 && line->size >= MARK_BYTES &&
        memcmp(line->text, mark, MARK_BYTES) == 0) {
        line->text += MARK_BYTES;
        line->size -= MARK_BYTES;
    }
    if (line->size > 0 && line->text[line->size - 1] == '\r')
        line->size--;
}

static enum hy_lines_got finish(struct hy_lines *lines, struct hy_line line,
                                struct hy_line *ret_line)
{
    bool too_long = lines->too_long;

    lines->number++;
    lines->too_long = false;
    if (too_long)
        return HY_LINES_TOO_LONG;
    strip(lines, &line);
    if (line.size > lines->max_bytes)
        return HY_LINES_TOO_LONG;
    *ret_line = line;
    return HY_LINES_ONE;
}

static enum hy_lines_got finish_part(struct hy_lines *lines, struct hy_line *ret_line)
{
    lines->returned = true;
    if (!hy_buf_ok(&lines->part))
        return HY_LINES_NO_MEMORY;
    return finish(lines, (struct hy_line){hy_buf_text(&lines->part), lines->part.size}, ret_line);
}

enum hy_lines_got hy_lines_next(struct hy_lines *lines, const char *piece, size_t size, size_t *at,
                                struct hy_line *ret_line)
{
    const char *from = piece + *at, *end = *at < size ? memchr(from, '\n', size - *at) : NULL;
    size_t length = end ? (size_t)(end - from) : size - *at;

    drop_returned(lines);
    *at += length + (end != NULL);
    if (end && lines->part.size == 0 && !lines->too_long && hy_buf_ok(&lines->part))
        return finish(lines, (struct hy_line){from, length}, ret_line);
    keep(lines, from, length);
    return end ? finish_part(lines, ret_line) : HY_LINES_MORE;
}

enum hy_lines_got hy_lines_last(struct hy_lines *lines, struct hy_line *ret_line)
{
    drop_returned(lines);
    if (lines->part.size == 0 && !lines->too_long && hy_buf_ok(&lines->part))
        return HY_LINES_MORE;
    return finish_part(lines, ret_line);
}

/*
 * lines.h - the lines of a text that comes in pieces.
 *
 *   while ((got = hy_lines_next(&lines, piece, size, &at, &line)) != HY_LINES_MORE) ...
 *   at the end of the text: hy_lines_last(&lines, &line)
 *
 * A line ends with LF or CR LF; the last one need not. A byte order mark before the first one is
 * dropped. Only the beginning of a line whose end is still to come is kept, so no more than
 * `max_bytes`.
 */
#ifndef HY_API_LINES_H
#define HY_API_LINES_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hy_lines {
    struct hy_buf part; /* of a line that goes on in the next piece */
    size_t max_bytes;
    int64_t number; /* of the last line that was returned; the first is 1 */
    bool too_long;  /* the rest of this line is skipped */
    bool returned;  /* `part` is what was returned last */
};

struct hy_line {
    const char *text; /* not followed by a zero byte; good until the next call */
    size_t size;
};

enum hy_lines_got {
    HY_LINES_MORE,     /* the piece has no further line */
    HY_LINES_ONE,      /* a line, perhaps empty */
    HY_LINES_TOO_LONG, /* a line that is longer than it may be */
    HY_LINES_NO_MEMORY,
};

void hy_lines_init(struct hy_lines *lines, size_t max_bytes);
void hy_lines_deinit(struct hy_lines *lines);

/* The next line of `piece`, of which `at` bytes were used (in and out; 0 for a new piece). */
enum hy_lines_got hy_lines_next(struct hy_lines *lines, const char *piece, size_t size, size_t *at,
                                struct hy_line *ret_line);

/* What is left when the text has ended: never empty. HY_LINES_MORE: nothing. */
enum hy_lines_got hy_lines_last(struct hy_lines *lines, struct hy_line *ret_line);

#endif

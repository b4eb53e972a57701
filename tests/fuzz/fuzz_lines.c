/*
 * A text cut into pieces of any size has the same lines as the whole of it. The first two bytes
 * say how large the pieces are and how long a line may be.
 */
#include "api/lines.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct hy_buf *out, const struct hy_lines *lines, enum hy_lines_got got,
                 struct hy_line line)
{
    assert(got != HY_LINES_NO_MEMORY);
    hy_buf_printf(out, "%lld %d ", (long long)lines->number, got);
    if (got == HY_LINES_ONE) {
        assert(line.size <= lines->max_bytes);
        assert(!memchr(line.text, '\n', line.size));
        hy_buf_append(out, line.text, line.size);
    }
    hy_buf_putc(out, '\n');
}

/* Every piece in memory of its own, so that a read beyond it is seen. */
static void read_all(const uint8_t *data, size_t size, size_t piece_bytes, size_t max,
                     struct hy_buf *out)
{
    struct hy_lines lines;
    struct hy_line line = {0};
    enum hy_lines_got got;

    hy_lines_init(&lines, max);
    for (size_t from = 0; from < size; from += piece_bytes) {
        size_t count = size - from < piece_bytes ? size - from : piece_bytes, at = 0;
        char *piece = malloc(count);

        assert(piece);
        memcpy(piece, data + from, count);
        while ((got = hy_lines_next(&lines, piece, count, &at, &line)) != HY_LINES_MORE)
            note(out, &lines, got, line);
        assert(at == count && lines.part.size <= max + 4);
        free(piece);
    }
    got = hy_lines_last(&lines, &line);
    if (got != HY_LINES_MORE)
        note(out, &lines, got, line);
    assert(hy_lines_last(&lines, &line) == HY_LINES_MORE);
    hy_lines_deinit(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_buf whole, pieces;

    if (size < 3)
        return 0;
    hy_buf_init(&whole, 1 << 20);
    hy_buf_init(&pieces, 1 << 20);
    read_all(data + 2, size - 2, size, data[1], &whole);
    read_all(data + 2, size - 2, data[0] % 16 + 1, data[1], &pieces);
    assert(whole.size == pieces.size);
    assert(memcmp(hy_buf_text(&whole), hy_buf_text(&pieces), whole.size) == 0);
    hy_buf_deinit(&whole);
    hy_buf_deinit(&pieces);
    return 0;
}

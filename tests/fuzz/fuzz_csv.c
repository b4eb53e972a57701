/*
 * Any bytes as a table of users: cut into pieces of any size it gives the same lines as in one,
 * and each of them is empty or an object with a user. The first byte says how large the pieces are.
 */
#include "base/json.h"
#include "cli/csv_users.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_all(const uint8_t *data, size_t size, size_t piece_bytes, struct hy_buf *out)
{
    struct hy_csv_users users;
    bool ok = true;

    hy_csv_users_init(&users);
    for (size_t from = 0; ok && from < size; from += piece_bytes) {
        size_t count = size - from < piece_bytes ? size - from : piece_bytes;
        char *piece = malloc(count);

        assert(piece);
        memcpy(piece, data + from, count);
        ok = hy_csv_users_take(&users, piece, count, out);
        free(piece);
    }
    ok = ok && hy_csv_users_take(&users, NULL, 0, out);
    assert(ok == !*users.fault);
    if (!ok)
        hy_buf_puts(out, users.fault);
    hy_csv_users_deinit(&users);
    return ok;
}

static void check_lines(struct hy_buf *out)
{
    char *rest = out->data;

    for (char *line = strsep(&rest, "\n"); line && rest; line = strsep(&rest, "\n")) {
        HY_JSON_SCOPED json_t *json = *line ? hy_json_parse(line, strlen(line), NULL, 0) : NULL;

        assert(!*line || json_is_string(json_object_get(json, "user")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_buf whole, pieces;

    if (size < 2)
        return 0;
    hy_buf_init(&whole, 4 << 20);
    hy_buf_init(&pieces, 4 << 20);
    read_all(data + 1, size - 1, size, &whole);
    read_all(data + 1, size - 1, data[0] % 16 + 1, &pieces);
    assert(whole.size == pieces.size);
    assert(memcmp(hy_buf_text(&whole), hy_buf_text(&pieces), whole.size) == 0);
    check_lines(&whole);
    hy_buf_deinit(&whole);
    hy_buf_deinit(&pieces);
    return 0;
}

#include "cli/csv_users.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hy_csv_users_init(struct hy_csv_users *users)
{
    memset(users, 0, sizeof *users);
    hy_csv_init(&users->csv);
}

void hy_csv_users_deinit(struct hy_csv_users *users)
{
    hy_csv_columns_deinit(&users->columns);
    hy_csv_deinit(&users->csv);
}

__attribute__((format(printf, 2, 3))) static bool fail(struct hy_csv_users *users,
                                                       const char *format, ...)
{
    char text[200];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    snprintf(users->fault, sizeof users->fault, "line %lld: %s", (long long)users->csv.line, text);
    return false;
}

/* Null: a fault, or out of memory. */
static json_t *data_of(struct hy_csv_users *users)
{
    const struct hy_csv *csv = &users->csv;
    json_t *data = json_object();

    for (size_t i = 1; i < csv->count; i++) {
        const char *name = hy_csv_columns_name(&users->columns, i);

        if (*csv->cells[i] == 0 || hy_csv_columns_kind(name))
            continue;
        if (!*name) {
            fail(users, "Column %zu has no name", i + 1);
            json_decref(data);
            return NULL;
        }
        json_object_set_new(data, name, json_string(csv->cells[i]));
    }
    return data;
}

static bool write_user(struct hy_csv_users *users, struct hy_buf *out)
{
    json_t *data = data_of(users), *line;
    char *user;

    if (!data)
        return *users->fault ? false : fail(users, "out of memory");
    user = hy_csv_trimmed(users->csv.cells[0]);
    line = json_object();
    json_object_set_new(line, "user", user ? json_string(user) : NULL);
    free(user);
    if (json_object_size(data) > 0)
        json_object_set(line, "data", data);
    json_decref(data);
    if (line)
        hy_json_write(out, line);
    json_decref(line);
    return line && hy_buf_ok(out) ? true : fail(users, "out of memory");
}

/* Every line stands where it stood in the table, so that the server's line numbers are the
 * table's. */
static void keep_place(struct hy_csv_users *users, struct hy_buf *out)
{
    for (; users->written < users->csv.line - 1; users->written++)
        hy_buf_putc(out, '\n');
}

static bool take_record(struct hy_csv_users *users, struct hy_buf *out)
{
    char fault[HY_CSV_FAULT_BYTES];
    enum hy_csv_line line = hy_csv_columns_look(&users->columns, &users->csv, fault);

    if (line != HY_CSV_LINE_USER)
        return line == HY_CSV_LINE_NONE || fail(users, "%s", fault);
    keep_place(users, out);
    if (!write_user(users, out))
        return false;
    hy_buf_putc(out, '\n');
    users->written++;
    return true;
}

static enum hy_csv_got next(struct hy_csv_users *users, const char *bytes, size_t size, size_t *at)
{
    return size ? hy_csv_next(&users->csv, bytes, size, at) : hy_csv_last(&users->csv);
}

bool hy_csv_users_take(struct hy_csv_users *users, const char *bytes, size_t size,
                       struct hy_buf *out)
{
    enum hy_csv_got got;
    size_t at = 0;

    if (*users->fault)
        return false;
    while ((got = next(users, bytes, size, &at)) == HY_CSV_RECORD)
        if (!take_record(users, out))
            return false;
    return got == HY_CSV_MORE || fail(users, "%s", users->csv.fault);
}

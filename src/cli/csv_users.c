#include "cli/csv_users.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void hy_csv_users_init(struct hy_csv_users *users)
{
    memset(users, 0, sizeof *users);
    hy_csv_init(&users->csv);
}

void hy_csv_users_deinit(struct hy_csv_users *users)
{
    for (size_t i = 0; i < users->columns; i++)
        free(users->names[i]);
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

/* Without the blanks around it. In memory of its own. */
static char *trimmed(const char *text)
{
    size_t size;

    text += strspn(text, " \t");
    size = strlen(text);
    while (size > 0 && strchr(" \t", text[size - 1]))
        size--;
    return strndup(text, size);
}

static bool is_header(const char *cell)
{
    static const char *const words[] = {"openid", "open_id", "user", "touser", NULL};
    char *word = trimmed(cell);
    bool found = false;

    for (int i = 0; word && words[i]; i++)
        found = found || strcasecmp(word, words[i]) == 0;
    free(word);
    return found;
}

/* A column without a name must stay empty: some spreadsheets end every line with a comma. */
static bool take_header(struct hy_csv_users *users)
{
    const struct hy_csv *csv = &users->csv;

    users->columns = csv->count;
    for (size_t i = 1; i < csv->count; i++) {
        users->names[i] = trimmed(csv->cells[i]);
        if (!users->names[i])
            return fail(users, "out of memory");
        for (size_t k = 1; k < i && *users->names[i]; k++)
            if (strcmp(users->names[k], users->names[i]) == 0)
                return fail(users, "The column %.64s is there twice", users->names[i]);
    }
    return true;
}

static bool is_blank(const struct hy_csv *csv)
{
    return csv->count == 1 && csv->cells[0][strspn(csv->cells[0], " \t")] == 0;
}

/* Null: a fault, or out of memory. */
static json_t *data_of(struct hy_csv_users *users)
{
    const struct hy_csv *csv = &users->csv;
    json_t *data = json_object();

    for (size_t i = 1; i < csv->count; i++) {
        bool named = i < users->columns && *users->names[i];

        if (*csv->cells[i] == 0)
            continue;
        if (!named) {
            fail(users, "Column %zu has no name in the first line", i + 1);
            json_decref(data);
            return NULL;
        }
        json_object_set_new(data, users->names[i], json_string(csv->cells[i]));
    }
    return data;
}

static bool write_user(struct hy_csv_users *users, struct hy_buf *out)
{
    json_t *data = data_of(users), *line;
    char *user;

    if (!data)
        return *users->fault ? false : fail(users, "out of memory");
    user = trimmed(users->csv.cells[0]);
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
    const struct hy_csv *csv = &users->csv;

    if (is_blank(csv))
        return true;
    if (users->columns == 0) {
        if (is_header(csv->cells[0]))
            return take_header(users);
        if (csv->count > 1)
            return fail(users,
                        "There are %zu columns: the first line has to name them, as in "
                        "openid,thing1,date2",
                        csv->count);
        users->columns = 1;
    }
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

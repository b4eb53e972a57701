#include "store/sqlite/gather.h"

#include "base/arena.h"
#include "base/err.h"
#include "store/sqlite/query.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 25,
    ROWS_WORTH_IT = 4, /* fewer cost less one by one: the virtual table has its price, too */
    USER_BITS = 2048   /* a power of 2 */
};

struct cell {
    bool is_text;
    union {
        int64_t number;
        const char *text;
    };
};

struct rows {
    size_t count;
    struct cell cells[HY_GATHER_ROWS][COLUMNS];
};

struct hy_gather {
    struct rows kinds[HY_GATHER_KINDS];
    struct cell *next;          /* of the row that is being filled */
    const struct rows *writing; /* what the virtual table shows */
    bool nomem;                 /* a text could not be copied */
    struct hy_arena texts;
    uint64_t users[USER_BITS / 64];
};

static const struct {
    const char *table;
    enum hy_sql one, many;
    int columns;
} kinds[HY_GATHER_KINDS] = {
    [HY_GATHER_MESSAGE] = {"message", SQL_MESSAGE_INSERT, SQL_MESSAGE_INSERT_MANY, 25},
    [HY_GATHER_MESSAGE_SAVE] = {"message", SQL_MESSAGE_SAVE, SQL_MESSAGE_SAVE_MANY, 11},
    [HY_GATHER_GRANT_SAVE] = {"grant", SQL_GRANT_SAVE, SQL_GRANT_SAVE_MANY, 11},
    [HY_GATHER_ATTEMPT] = {"attempt", SQL_ATTEMPT_INSERT, SQL_ATTEMPT_INSERT_MANY, 12}};

struct hy_gather *hy_gather_new(void)
{
    struct hy_gather *gather = (struct hy_gather *)calloc(1, sizeof *gather);

    if (gather)
        hy_arena_init(&gather->texts);
    return gather;
}

void hy_gather_free(struct hy_gather *gather)
{
    if (gather)
        hy_arena_deinit(&gather->texts);
    free(gather);
}

unsigned hy_gather_kinds_of(const char *table)
{
    unsigned found = 0;

    for (int i = 0; table && i < HY_GATHER_KINDS; i++)
        if (strcmp(kinds[i].table, table) == 0)
            found |= 1u << i;
    return found;
}

/* --- rows in ---------------------------------------------------------------------------------- */

int hy_gather_row(struct hy_sqlite *s, enum hy_gather_kind kind)
{
    struct rows *rows = &s->gather->kinds[kind];
    int r = rows->count == HY_GATHER_ROWS ? hy_gather_write(s, HY_GATHER_ALL) : 0;

    if (r < 0)
        return r;
    s->gather->next = rows->cells[rows->count++];
    s->gathered |= 1u << kind;
    return 0;
}

void hy_gather_int(struct hy_gather *gather, int64_t value)
{
    struct cell *cell = gather->next++;

    cell->is_text = false;
    cell->number = value;
}

void hy_gather_text(struct hy_gather *gather, const char *text)
{
    struct cell *cell = gather->next++;

    cell->is_text = true;
    cell->text = text;
}

void hy_gather_copy(struct hy_gather *gather, const char *text)
{
    const char *copy = hy_arena_strdup(&gather->texts, text);

    gather->nomem |= text && !copy;
    hy_gather_text(gather, copy);
}

/* --- users ------------------------------------------------------------------------------------ */

static size_t bit_of(int64_t app_no, const char *user)
{
    uint64_t h = (uint64_t)app_no;

    for (; *user; user++)
        h = (h ^ (unsigned char)*user) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32) & (USER_BITS - 1);
}

void hy_gather_note_user(struct hy_gather *gather, int64_t app_no, const char *user)
{
    size_t bit = bit_of(app_no, user);

    gather->users[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool hy_gather_knows_user(const struct hy_gather *gather, int64_t app_no, const char *user)
{
    size_t bit = bit_of(app_no, user);

    return (gather->users[bit / 64] >> bit % 64 & 1) != 0;
}

/* --- rows out --------------------------------------------------------------------------------- */

/* The statements are opened beside: those of one kind would have the other kinds of the table written. */
static int write_one(struct hy_sqlite *s, enum hy_gather_kind kind, const struct cell *cells)
{
    struct hy_query q;

    hy_query_open_beside(s, kinds[kind].one, &q);
    for (int i = 0; i < kinds[kind].columns; i++) {
        if (cells[i].is_text)
            hy_put_text(&q, cells[i].text);
        else
            hy_put_int(&q, cells[i].number);
    }
    return hy_query_run(&q);
}

static int write_many(struct hy_sqlite *s, enum hy_gather_kind kind)
{
    struct hy_query q;
    int r;

    s->gather->writing = &s->gather->kinds[kind];
    hy_query_open_beside(s, kinds[kind].many, &q);
    r = hy_query_run(&q);
    s->gather->writing = NULL;
    return r;
}

static int write_kind(struct hy_sqlite *s, enum hy_gather_kind kind)
{
    struct rows *rows = &s->gather->kinds[kind];
    int r = 0;

    s->gathered &= ~(1u << kind);
    if (rows->count >= ROWS_WORTH_IT)
        r = write_many(s, kind);
    else
        for (size_t i = 0; i < rows->count && r == 0; i++)
            r = write_one(s, kind, rows->cells[i]);
    rows->count = 0;
    if (kind == HY_GATHER_GRANT_SAVE)
        memset(s->gather->users, 0, sizeof s->gather->users);
    return r;
}

int hy_gather_write(struct hy_sqlite *s, unsigned which)
{
    int r = s->gathered != 0 && s->gather->nomem ? HY_E_NOMEM : 0;

    for (int i = 0; i < HY_GATHER_KINDS && r == 0; i++)
        if (s->gathered & which & (1u << i))
            r = write_kind(s, (enum hy_gather_kind)i);
    if (r == 0 && s->gathered == 0)
        hy_arena_reset(&s->gather->texts);
    return r;
}

void hy_gather_forget(struct hy_sqlite *s)
{
    struct hy_gather *gather = s->gather;

    s->gathered = 0;
    for (int i = 0; i < HY_GATHER_KINDS; i++)
        gather->kinds[i].count = 0;
    memset(gather->users, 0, sizeof gather->users);
    gather->nomem = false;
    hy_arena_reset(&gather->texts);
}

/* --- the virtual table ------------------------------------------------------------------------ */

struct table {
    sqlite3_vtab base;
    const struct hy_gather *gather;
};

struct cursor {
    sqlite3_vtab_cursor base;
    const struct rows *rows;
    size_t at;
};

static int connect_table(sqlite3 *db, void *gather, int argc, const char *const *argv,
                         sqlite3_vtab **ret_table, char **ret_error)
{
    struct table *table = (struct table *)calloc(1, sizeof *table);

    (void)argc, (void)argv, (void)ret_error;
    if (!table)
        return SQLITE_NOMEM;
    table->gather = (const struct hy_gather *)gather;
    *ret_table = &table->base;
    return sqlite3_declare_vtab(db, "CREATE TABLE gathered (c1, c2, c3, c4, c5, c6, c7, c8, c9, "
                                    "c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, "
                                    "c22, c23, c24, c25)");
}

static int disconnect_table(sqlite3_vtab *table)
{
    free((struct table *)(void *)table);
    return SQLITE_OK;
}

static int plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = info->estimatedRows = HY_GATHER_ROWS;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    struct cursor *cursor = (struct cursor *)calloc(1, sizeof *cursor);

    (void)table;
    if (!cursor)
        return SQLITE_NOMEM;
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    free((struct cursor *)(void *)cursor);
    return SQLITE_OK;
}

static struct cursor *cursor_of(sqlite3_vtab_cursor *cursor)
{
    return (struct cursor *)(void *)cursor;
}

static int rewind_cursor(sqlite3_vtab_cursor *base, int plan_number, const char *plan_text,
                         int argc, sqlite3_value **argv)
{
    struct cursor *cursor = cursor_of(base);

    (void)plan_number, (void)plan_text, (void)argc, (void)argv;
    cursor->rows = ((const struct table *)(void *)base->pVtab)->gather->writing;
    cursor->at = 0;
    return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *cursor)
{
    cursor_of(cursor)->at++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *cursor)
{
    return cursor_of(cursor)->at >= cursor_of(cursor)->rows->count;
}

static int show_cell(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor *cursor = cursor_of(base);
    const struct cell *cell = &cursor->rows->cells[cursor->at][column];

    if (!cell->is_text)
        sqlite3_result_int64(context, cell->number);
    else if (cell->text)
        sqlite3_result_text(context, cell->text, -1, SQLITE_STATIC);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret_id)
{
    *ret_id = (sqlite3_int64)cursor_of(cursor)->at;
    return SQLITE_OK;
}

/* Without xCreate: it is there, and no schema names it. */
static const sqlite3_module module = {.xConnect = connect_table,
                                      .xBestIndex = plan,
                                      .xDisconnect = disconnect_table,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = rewind_cursor,
                                      .xNext = next_row,
                                      .xEof = at_end,
                                      .xColumn = show_cell,
                                      .xRowid = row_id};

int hy_gather_register(sqlite3 *db, struct hy_gather *gather)
{
    return sqlite3_create_module(db, "gathered", &module, gather);
}

#include "store/transfer.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/transfer/compare.h"
#include "store/transfer/source.h"
#include "store/transfer/target.h"

#include <stdio.h>
#include <string.h>

/* A batch is so many rows, or so many bytes, whatever is reached first: some hundred milliseconds of the
 * server's work. */
enum { BATCH_ROWS = 5000, BATCH_BYTES = 4 << 20 };

struct transfer {
    const struct hy_transfer_config *config;
    struct hy_source source;
    struct hy_target target;
    struct hy_arena *arena;
    struct hy_transfer_report report;
    struct hy_transfer_progress progress;
    size_t batch_rows;
    char *explain;
    size_t explain_size;
};

static int fail(struct transfer *t, int error, const char *text)
{
    snprintf(t->explain, t->explain_size, "%s", text);
    return error;
}

static int fail_source(struct transfer *t, int error)
{
    snprintf(t->explain, t->explain_size, "%s: reading it failed: %s", t->source.path,
             sqlite3_errmsg(t->source.db));
    return error;
}

/* Between two batches nothing is lost. */
static int fail_target(struct transfer *t, int error)
{
    snprintf(t->explain, t->explain_size,
             "PostgreSQL: %s. Run it again when that is mended: it goes on where it was",
             hy_pg_link_why(t->target.link));
    return error;
}

/* --- where to, for people --------------------------------------------------------------------- */

/* Without user, password and parameters, which may hold one; split where libpq splits it. */
static void show_url(const char *url, char *into, size_t size)
{
    const char *place = strstr(url, "://");

    place = place ? place + 3 : "";
    if (place[strcspn(place, "@/")] == '@')
        place += strcspn(place, "@") + 1;
    snprintf(into, size, "postgresql://%.*s", (int)strcspn(place, "?"), place);
    for (char *c = into; *c; c++)
        if (*c <= ' ' || *c == 0x7f)
            *c = '_';
}

/* --- may it begin? ---------------------------------------------------------------------------- */

static int check_key(struct transfer *t)
{
    const char *have;
    int r = hy_source_meta(&t->source, "master_key", t->arena, &have);

    if (r == HY_E_NOT_FOUND || !t->config->key_fingerprint)
        return 0; /* no server ever ran on it; nobody asks */
    if (r < 0)
        return fail_source(t, r);
    if (strcmp(have, t->config->key_fingerprint) == 0)
        return 0;
    return fail(t, HY_E_DENIED,
                "the store's secrets are sealed with another master key than that of the file; "
                "name the right one by "
                "--master-key-file");
}

static int already_moved(struct transfer *t)
{
    bool here =
        t->target.state == HY_TARGET_COMPLETE && strcmp(t->target.id, t->source.move.id) == 0;

    t->report.before = here;
    if (here)
        return 0;
    snprintf(t->explain, t->explain_size,
             "%s was moved to %s already; hongyan reopen-store makes it a store again that can be "
             "served or moved",
             t->source.path, t->source.move.to);
    return HY_E_CONFLICT;
}

static int check_target(struct transfer *t)
{
    bool ours =
        t->source.move.state != HY_MOVE_NONE && strcmp(t->target.id, t->source.move.id) == 0;

    switch (t->target.state) {
    case HY_TARGET_EMPTY: return 0;
    case HY_TARGET_COPYING:
        t->report.resumed = ours;
        return ours ? 0
                    : fail(t, HY_E_CONFLICT,
                           "the database holds a part of another transfer: finish that one, or "
                           "make the database "
                           "anew (DROP DATABASE, CREATE DATABASE)");
    case HY_TARGET_COMPLETE:
        t->report.before = ours;
        return ours ? 0
                    : fail(t, HY_E_CONFLICT,
                           "the database holds a store that was moved there before; give an empty "
                           "one");
    case HY_TARGET_USED: break;
    }
    return fail(t, HY_E_CONFLICT,
                "the database is not empty: a server has used it; give an empty one");
}

/* First the file: from then on it does not change any more. */
static int begin(struct transfer *t)
{
    struct hy_move move = t->source.move;
    int r = 0;

    if (move.state == HY_MOVE_NONE)
        r = hy_source_new_id(&t->source, move.id);
    if (r < 0)
        return fail_source(t, r);
    if (!t->report.resumed) {
        move.state = HY_MOVE_BEGUN;
        move.at_ms = hy_clock_now_ms();
        snprintf(move.to, sizeof move.to, "%s", t->report.to);
        r = hy_source_mark(&t->source, &move, t->explain, t->explain_size);
    }
    if (r < 0 || t->report.resumed)
        return r;
    r = hy_target_begin(&t->target, move.id);
    return r < 0 ? fail_target(t, r) : 0;
}

/* --- copying ---------------------------------------------------------------------------------- */

static bool go_on(struct transfer *t, const char *title)
{
    t->progress.table = title;
    return !t->config->progress || t->config->progress(&t->progress, t->config->arg);
}

/* Puts the next rows; *ret_more: there may be others. */
static int fill(struct transfer *t, struct hy_pg_args *args, int64_t *rows, bool *ret_more)
{
    size_t bytes = 0, count = 0;
    int r = 1;

    while (count < t->batch_rows && bytes < BATCH_BYTES && (r = hy_source_next(&t->source)) == 1) {
        bytes += hy_source_put(&t->source, args);
        count++;
    }
    *rows += (int64_t)count;
    *ret_more = r == 1;
    return r < 0 ? r : 0;
}

static int copy_batch(struct transfer *t, const struct hy_transfer_table *table,
                      const struct hy_pg_sql *sql, int64_t *rows, bool *ret_more)
{
    int64_t before = *rows;
    int r = fill(t, hy_target_batch(&t->target, t->source.types), rows, ret_more);

    if (r < 0)
        return fail_source(t, r);
    r = hy_target_write(&t->target, sql, table->title, *rows);
    if (r < 0)
        return fail_target(t, r);
    t->report.rows += *rows - before;
    t->progress.done += *rows - before;
    return go_on(t, table->title)
               ? 0
               : fail(t, HY_E_STOPPED, "stopped; run it again, it goes on where it was");
}

static int copy_table(struct transfer *t, const struct hy_transfer_table *table, int64_t rows)
{
    struct hy_pg_sql *sql = (struct hy_pg_sql *)hy_arena_alloc(t->arena, sizeof *sql);
    bool more = true;
    int r;

    if (!sql)
        return HY_E_NOMEM;
    sql->name = hy_arena_printf(t->arena, "transfer %s", table->title);
    sql->text = hy_transfer_write_sql(table, t->arena);
    if (!sql->name || !sql->text)
        return HY_E_NOMEM;
    r = hy_source_begin(&t->source, table, rows, t->arena);
    if (r < 0)
        return fail_source(t, r);
    while (more && r == 0)
        r = copy_batch(t, table, sql, &rows, &more);
    hy_source_end(&t->source);
    return r;
}

/* Counted first, so that it is known how far it is. */
static int count_rows(struct transfer *t)
{
    for (const struct hy_transfer_table *table = hy_transfer_tables; table->title; table++) {
        const char *sql = hy_transfer_count_sql(table, t->arena);
        int64_t rows;
        int r = sql ? hy_source_int(&t->source, sql, &rows) : HY_E_NOMEM;

        if (r < 0)
            return fail_source(t, r);
        t->progress.total += rows;
    }
    return 0;
}

/* Of the tables before the place, all is there. */
static int find_place(struct transfer *t, const struct hy_transfer_table **ret_table)
{
    const struct hy_transfer_table *table = hy_transfer_tables;

    *ret_table = table;
    if (!t->report.resumed || strcmp(t->target.title, "-") == 0)
        return 0;
    for (; table->title && strcmp(table->title, t->target.title) != 0; table++) {
        const char *sql = hy_transfer_count_sql(table, t->arena);
        int64_t rows;
        int r = sql ? hy_source_int(&t->source, sql, &rows) : HY_E_NOMEM;

        if (r < 0)
            return fail_source(t, r);
        t->progress.done += rows;
    }
    t->progress.done += t->target.rows;
    *ret_table = table;
    return table->title ? 0
                        : fail(t, HY_E_CORRUPT,
                               "the transfer was begun by another version of the program; make the "
                               "database anew, or "
                               "run that version");
}

/* Messages that come before their week's partition would have to move into it. */
static int make_weeks(struct transfer *t)
{
    int64_t first, last;
    int r = hy_source_int(&t->source, "SELECT coalesce(min(id), 0) FROM message", &first);

    if (r == 0)
        r = hy_source_int(&t->source, "SELECT coalesce(max(id), 0) FROM message", &last);
    if (r < 0)
        return fail_source(t, r);
    r = last > 0 ? hy_target_make_weeks(&t->target, first, last) : 0;
    return r < 0 ? fail_target(t, r) : 0;
}

static int copy_all(struct transfer *t)
{
    const struct hy_transfer_table *table;
    int r = count_rows(t);

    if (r == 0)
        r = make_weeks(t);
    if (r == 0)
        r = find_place(t, &table);
    for (int64_t rows = t->target.rows; r == 0 && table->title; table++, rows = 0)
        r = copy_table(t, table, rows);
    return r;
}

/* --- at the end ------------------------------------------------------------------------------- */

static int set_sequences(struct transfer *t)
{
    for (const struct hy_transfer_sequence *s = hy_transfer_sequences; s->last; s++) {
        int64_t last;
        int r = hy_source_int(&t->source, s->last, &last);

        if (r < 0)
            return fail_source(t, r);
        r = hy_target_set(&t->target, s->set, last + 1, t->arena);
        if (r < 0)
            return fail_target(t, r);
    }
    return 0;
}

static int compare(struct transfer *t)
{
    struct hy_comparison c = {.source = &t->source, .target = &t->target, .arena = t->arena};
    int r;

    go_on(t, "comparing both");
    r = hy_transfer_compare(&c);
    t->report.lines = c.lines;
    t->report.count = c.count;
    if (r < 0)
        return c.target_failed ? fail_target(t, r) : fail_source(t, r);
    return c.differences == 0 ? 0
                              : fail(t, HY_E_CORRUPT,
                                     "the two stores differ: the database is not to be used. The "
                                     "file was changed since the transfer "
                                     "began, or damaged (hongyan check says which)");
}

static int finish(struct transfer *t)
{
    int r;

    go_on(t, "preparing queries");
    r = hy_target_analyze(&t->target);
    if (r == 0)
        r = hy_target_complete(&t->target);
    return r < 0 ? fail_target(t, r) : 0;
}

static int mark_moved(struct transfer *t)
{
    struct hy_move move = t->source.move;

    if (move.state == HY_MOVE_DONE)
        return 0;
    move.state = HY_MOVE_DONE;
    move.at_ms = hy_clock_now_ms();
    return hy_source_mark(&t->source, &move, t->explain, t->explain_size);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int run(struct transfer *t)
{
    int r = hy_source_open(&t->source, t->config->from, t->explain, t->explain_size);

    if (r == 0)
        r = check_key(t);
    if (r == 0)
        r = hy_target_open(&t->target, t->config->to, t->explain, t->explain_size);
    if (r == 0)
        r = t->source.move.state == HY_MOVE_DONE ? already_moved(t) : check_target(t);
    if (r < 0 || t->report.before)
        return r < 0 ? r : mark_moved(t);
    r = begin(t);
    if (r == 0)
        r = copy_all(t);
    if (r == 0)
        r = set_sequences(t);
    if (r == 0)
        r = compare(t);
    if (r == 0)
        r = finish(t);
    return r < 0 ? r : mark_moved(t);
}

int hy_transfer(const struct hy_transfer_config *config, struct hy_arena *arena,
                struct hy_transfer_report *ret_report, char *ret_explain, size_t explain_size)
{
    char to[HY_MOVE_TO_BYTES];
    struct transfer t = {.config = config,
                         .source.lock_fd = -1,
                         .arena = arena,
                         .batch_rows = config->batch_rows ? config->batch_rows : BATCH_ROWS,
                         .explain = ret_explain,
                         .explain_size = explain_size};
    int r;

    ret_explain[0] = 0;
    show_url(config->to, to, sizeof to);
    t.report.to = hy_arena_strdup(arena, to);
    r = t.report.to ? run(&t) : HY_E_NOMEM;
    hy_target_close(&t.target);
    hy_source_close(&t.source);
    if (r < 0 && !ret_explain[0])
        snprintf(ret_explain, explain_size, "%s", hy_err_text(r));
    *ret_report = t.report;
    return r;
}

int hy_transfer_undo(const char *path, char *ret_to, size_t to_size, char *ret_explain,
                     size_t explain_size)
{
    struct hy_source source;
    struct hy_move none = {0};
    int r = hy_source_open(&source, path, ret_explain, explain_size);

    if (r == 0 && source.move.state == HY_MOVE_NONE) {
        snprintf(ret_explain, explain_size, "%s was not moved: it can be served as it is",
                 source.path);
        r = HY_E_NOT_FOUND;
    }
    if (r == 0) {
        snprintf(ret_to, to_size, "%s", source.move.to);
        r = hy_source_mark(&source, &none, ret_explain, explain_size);
    }
    hy_source_close(&source);
    return r;
}

/*
 * A backfill: pieces that begin where the last one ended, whoever did that. The place is written with the piece, so
 * a program that is killed loses and repeats nothing.
 *
 * Rows are locked in the order of the statement, nodes lock theirs in another one: a piece that waits for a row
 * gives up after 0.2 s, long before the server would call it a deadlock and perhaps end the node's transaction.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/postgres/migrate_step.h"

#include <inttypes.h>

/* A piece of a backfill: it holds rows for about so long. */
enum { PIECE_FROM_ROWS = 100, PIECE_MIN_ROWS = 10, PIECE_MAX_ROWS = 5000 };
enum { PIECE_SHORT_US = 20000, PIECE_LONG_US = 60000, REST_MAX_MS = 200, TELL_EVERY_US = 5000000 };

struct fill {
    struct hy_pg_link *link;
    const struct hy_pg_step *step;
    int64_t rows; /* of the next piece */
    int64_t place;
    int64_t told_us;
};

static int make_places(struct hy_pg_link *link)
{
    int r = hy_pg_step_begin(link, 0);

    if (r == 0)
        r = hy_pg_script(link, "CREATE TABLE IF NOT EXISTS schema_place (number integer PRIMARY "
                               "KEY, place bigint NOT NULL)");
    if (r == 0)
        r = hy_pg_step_commit(link);
    hy_pg_undo(link);
    return r;
}

static int read_place(struct fill *f)
{
    static const struct hy_pg_sql sql = {"schema_place_read",
                                         "SELECT place FROM schema_place WHERE number = $1"};

    hy_pg_put_int(hy_pg_args(f->link), f->step->number);
    return hy_pg_step_ask(f->link, &sql, &f->place);
}

static int write_place(struct fill *f)
{
    static const struct hy_pg_sql sql = {
        "schema_place_write", "INSERT INTO schema_place VALUES ($1, $2) ON CONFLICT (number) DO "
                              "UPDATE SET place = EXCLUDED.place"};
    struct hy_pg_args *args = hy_pg_args(f->link);

    hy_pg_put_int(args, f->step->number);
    hy_pg_put_int(args, f->place);
    return hy_pg_run(f->link, &sql, NULL);
}

/* Within its transaction. 1: there is more. */
static int fill_piece(struct fill *f)
{
    struct hy_pg_args *args;
    int r = read_place(f);

    if (r < 0)
        return r;
    args = hy_pg_args(f->link);
    hy_pg_put_int(args, f->place);
    hy_pg_put_int(args, f->rows);
    r = hy_pg_step_ask(f->link, &f->step->sql, &f->place);
    if (r == 0)
        r = f->place > 0 ? write_place(f) : hy_pg_step_note(f->link, f->step);
    if (r == 0)
        r = hy_pg_step_commit(f->link);
    return r == 0 && f->place > 0 ? 1 : r;
}

/* 0: it is applied, 1: there is more. */
static int fill_once(struct fill *f, unsigned turn, char *ret_explain, size_t explain_size)
{
    int r = hy_pg_step_begin(f->link, turn);

    if (r == 0)
        r = hy_pg_step_applied(f->link, f->step, ret_explain, explain_size);
    if (r == 0)
        r = fill_piece(f);
    else if (r == 1)
        r = 0;
    hy_pg_undo(f->link);
    return r;
}

/* The nodes have the database as long as it took, and others who fill have their turn. */
static void pace(struct fill *f, int64_t took_us)
{
    int64_t rest_ms = took_us / 1000 + 1;

    if (took_us < PIECE_SHORT_US && f->rows < PIECE_MAX_ROWS)
        f->rows *= 2;
    else if (took_us > PIECE_LONG_US && f->rows > PIECE_MIN_ROWS)
        f->rows /= 2;
    if (hy_clock_mono_us() - f->told_us > TELL_EVERY_US) {
        f->told_us = hy_clock_mono_us();
        hy_log(HY_LOG_INFO, "schema.backfill", "step=%s place=%" PRId64, f->step->sql.name,
               f->place);
    }
    hy_pg_step_rest(rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
}

static int fill_all(struct fill *f, char *ret_explain, size_t explain_size)
{
    unsigned busy = 0;
    int r = 1;

    while (r == 1 || (r == HY_E_BUSY && busy < HY_PG_STEP_TRIES)) {
        int64_t from_us = hy_clock_mono_us();

        r = fill_once(f, busy, ret_explain, explain_size);
        busy = r == HY_E_BUSY ? busy + 1 : 0;
        if (r == 1)
            pace(f, hy_clock_mono_us() - from_us);
        else if (r == HY_E_BUSY)
            hy_pg_step_rest(HY_PG_STEP_REST_MS);
    }
    if (r == 0)
        hy_log(HY_LOG_INFO, "schema.applied", "step=%s kind=backfill", f->step->sql.name);
    return r;
}

int hy_pg_step_fill(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                    size_t explain_size)
{
    struct fill f = {.link = link, .step = step, .rows = PIECE_FROM_ROWS};
    int r = make_places(link);

    return r < 0 ? r : fill_all(&f, ret_explain, explain_size);
}

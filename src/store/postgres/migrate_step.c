#include "store/postgres/migrate_step.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/*
 * Who waits for the lock of a table makes everybody after it wait, too. So it gives up soon, and lets the others
 * go on for longer than it stopped them. An autovacuum steps aside only for who waits for longer than
 * deadlock_timeout (a second): every fifth try does.
 *
 * While a transaction keeps such a lock, all who come later stand still for 0.2 s (1.2 s) at a time and for 29 %
 * of the time. (Tries of two seconds with 0.3 s between them: for 2 s at a time and 87 % of it.)
 */
enum { LONG_EVERY = 5, SHORT_MS = 200, LONG_MS = 1200 };

/* How long a statement of a step may hold its locks while nodes live; without them it takes as long as it takes. */
enum { STATEMENT_MS = 5000 };

#define LOCK_KEY "1213817198, 1"
#define NOW_MS   "(extract(epoch FROM clock_timestamp()) * 1000)::int8"

static const char *const kinds[] = {
    [HY_PG_EXPAND] = "expand", [HY_PG_BACKFILL] = "backfill", [HY_PG_CONTRACT] = "contract"};

void hy_pg_step_rest(int64_t ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* --- transactions ------------------------------------------------------------------------------- */

int hy_pg_step_ask(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t *ret_number)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, sql, &rows);

    if (r == 0)
        *ret_number = hy_pg_next(&rows) ? hy_pg_int(&rows, 0) : 0;
    hy_pg_rows_free(&rows);
    return r;
}

/* "SET LOCAL lock_timeout" of this try. */
static int set_patience(struct hy_pg_link *link, unsigned turn)
{
    char text[64];

    snprintf(text, sizeof text, "SET LOCAL lock_timeout = %d",
             turn % LONG_EVERY == LONG_EVERY - 1 ? LONG_MS : SHORT_MS);
    return hy_pg_script(link, text);
}

int hy_pg_step_begin(struct hy_pg_link *link, unsigned turn)
{
    int r = hy_pg_script(link, "BEGIN; SET LOCAL statement_timeout = 0; "
                               "SET LOCAL lock_timeout = '10min'; "
                               "SELECT pg_advisory_xact_lock(" LOCK_KEY ")");

    return r < 0 ? r : set_patience(link, turn);
}

/* 1: another program is at it. */
static int begin_aside(struct hy_pg_link *link, unsigned turn)
{
    static const struct hy_pg_sql lock = {"schema_lock",
                                          "SELECT pg_try_advisory_xact_lock(" LOCK_KEY ")"};
    int64_t got = 0;
    int r = hy_pg_script(link, "BEGIN");

    hy_pg_args(link);
    if (r == 0)
        r = hy_pg_step_ask(link, &lock, &got);
    if (r == 0 && !got)
        return 1;
    return r < 0 ? r : set_patience(link, turn);
}

int hy_pg_step_commit(struct hy_pg_link *link)
{
    static const struct hy_pg_sql sql = {"commit_step", "COMMIT"};

    hy_pg_args(link);
    return hy_pg_run(link, &sql, NULL);
}

/* --- what was applied --------------------------------------------------------------------------- */

static int changed(const struct hy_pg_step *step, char *ret_explain, size_t explain_size)
{
    snprintf(
        ret_explain, explain_size,
        "step %s of the schema is another one in the database than in this program: one of the "
        "two was changed; run the program that made the database",
        step->sql.name);
    return HY_E_CORRUPT;
}

int hy_pg_step_applied(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                       size_t explain_size)
{
    static const struct hy_pg_sql sql = {
        "schema_applied",
        "SELECT kind = $2 AND checksum = encode(sha256(convert_to($3, 'UTF8')), 'hex') "
        "FROM schema_step WHERE number = $1"};
    struct hy_pg_args *args = hy_pg_args(link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, step->number);
    hy_pg_put_text(args, kinds[step->kind]);
    hy_pg_put_text(args, step->sql.text);
    r = hy_pg_run(link, &sql, &rows);
    if (r == 0 && hy_pg_next(&rows))
        r = hy_pg_int(&rows, 0) ? 1 : changed(step, ret_explain, explain_size);
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_step_note(struct hy_pg_link *link, const struct hy_pg_step *step)
{
    static const struct hy_pg_sql sql = {
        "schema_note", "INSERT INTO schema_step (number, kind, checksum) VALUES ($1, $2, "
                       "encode(sha256(convert_to($3, 'UTF8')), 'hex'))"};
    struct hy_pg_args *args = hy_pg_args(link);

    hy_pg_put_int(args, step->number);
    hy_pg_put_text(args, kinds[step->kind]);
    hy_pg_put_text(args, step->sql.text);
    return hy_pg_run(link, &sql, NULL);
}

/* --- expand and contract ------------------------------------------------------------------------ */

int hy_pg_step_nodes(struct hy_pg_link *link, int schema, bool late_too, int64_t *ret_count)
{
    static const struct hy_pg_sql sql = {
        "schema_nodes",
        "SELECT count(*) FROM node WHERE schema < $1 AND ($2 <> 0 OR lease_until_ms > " NOW_MS ")"};
    struct hy_pg_args *args = hy_pg_args(link);

    hy_pg_put_int(args, schema);
    hy_pg_put_int(args, late_too);
    return hy_pg_step_ask(link, &sql, ret_count);
}

/* Nobody joins from here on until the transaction ends. Older nodes whose lease is over are removed: else they
 * could still write, as long as nobody has taken their place. */
static int older_nodes(struct hy_pg_link *link, const struct hy_pg_step *step, bool late_too,
                       int64_t *ret_count)
{
    static const struct hy_pg_sql remove = {
        "schema_remove", "DELETE FROM node WHERE schema < $1 AND lease_until_ms <= " NOW_MS};
    int r = hy_pg_step_nodes(link, step->number, late_too, ret_count);

    /* The lock stops all nodes: not while it is of no use. */
    if (r == 0 && *ret_count == 0)
        r = hy_pg_script(link, "LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE");
    if (r == 0 && *ret_count == 0)
        r = hy_pg_step_nodes(link, step->number, late_too, ret_count);
    if (r < 0 || *ret_count > 0)
        return r;
    hy_pg_put_int(hy_pg_args(link), step->number);
    return hy_pg_run(link, &remove, NULL);
}

/* Living nodes are not to be stopped for long by a statement that turns out to take long. */
static int guard_nodes(struct hy_pg_link *link, const struct hy_pg_step *step)
{
    int64_t living = 0;
    char text[64];
    int r;

    if (step->number == 1) /* which makes their table */
        return 0;
    r = hy_pg_step_nodes(link, INT32_MAX, false, &living);
    snprintf(text, sizeof text, "SET LOCAL statement_timeout = %d", living ? STATEMENT_MS : 0);
    return r < 0 ? r : hy_pg_script(link, text);
}

/* Within its transaction. */
static int apply_now(struct hy_pg_link *link, const struct hy_pg_step *step, bool aside)
{
    int64_t from_us = hy_clock_mono_us(), older = 0;
    int r = step->kind == HY_PG_CONTRACT ? older_nodes(link, step, !aside, &older) : 0;

    if (r == 0 && older > 0)
        return 1;
    if (r == 0)
        r = guard_nodes(link, step);
    if (r == 0)
        r = hy_pg_script(link, step->sql.text);
    if (r == 0)
        r = hy_pg_step_note(link, step);
    if (r == 0)
        r = hy_pg_step_commit(link);
    if (r == 0)
        hy_log(HY_LOG_INFO, "schema.applied", "step=%s kind=%s ms=%" PRId64, step->sql.name,
               kinds[step->kind], (hy_clock_mono_us() - from_us) / 1000);
    return r;
}

/* `r`: what became of the begin. */
static int apply_begun(struct hy_pg_link *link, const struct hy_pg_step *step, bool aside, int r,
                       char *ret_explain, size_t explain_size)
{
    if (r == 0)
        r = hy_pg_step_applied(link, step, ret_explain, explain_size);
    if (r == 0)
        r = apply_now(link, step, aside);
    else if (r == 1)
        r = 0; /* another node did it meanwhile */
    hy_pg_undo(link);
    return r;
}

int hy_pg_step_apply_aside(struct hy_pg_link *link, const struct hy_pg_step *step, unsigned turn)
{
    int r = begin_aside(link, turn);

    if (r != 1)
        return apply_begun(link, step, true, r, NULL, 0);
    hy_pg_undo(link);
    return r;
}

/* --- before a node serves ----------------------------------------------------------------------- */

/* Whose transactions are open for a second and longer. */
static int name_others(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                       size_t explain_size)
{
    static const struct hy_pg_sql sql = {
        "schema_others",
        "SELECT coalesce(string_agg(format('pid %s (%s, %s s)', pid, application_name, since), ', "
        "'), 'unknown') FROM (SELECT pid, application_name, extract(epoch FROM clock_timestamp() - "
        "xact_start)::int AS since FROM pg_stat_activity WHERE datname = current_database() AND "
        "pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '1 s' ORDER BY 3 "
        "DESC LIMIT 3) AS t"};
    struct hy_pg_rows rows;

    hy_pg_args(link);
    if (hy_pg_run(link, &sql, &rows) == 0 && hy_pg_next(&rows))
        snprintf(ret_explain, explain_size,
                 "step %s of the schema did not get its locks; transactions that are open: %s; try "
                 "again when they have ended",
                 step->sql.name, hy_pg_text(&rows, 0));
    hy_pg_rows_free(&rows);
    return HY_E_BUSY;
}

static int apply_once(struct hy_pg_link *link, const struct hy_pg_step *step, unsigned turn,
                      char *ret_explain, size_t explain_size)
{
    return apply_begun(link, step, false, hy_pg_step_begin(link, turn), ret_explain, explain_size);
}

int hy_pg_step_apply(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                     size_t explain_size)
{
    int r;

    if (step->kind == HY_PG_BACKFILL) {
        r = hy_pg_step_fill(link, step, ret_explain, explain_size);
    } else {
        r = apply_once(link, step, 0, ret_explain, explain_size);
        for (unsigned turn = 1; r == HY_E_BUSY && turn < HY_PG_STEP_TRIES; turn++) {
            hy_pg_step_rest(HY_PG_STEP_REST_MS);
            r = apply_once(link, step, turn, ret_explain, explain_size);
        }
    }
    return r == HY_E_BUSY ? name_others(link, step, ret_explain, explain_size) : r;
}

#include "store/postgres/migrate.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A step that waits for a lock makes everybody after it wait, too: it is quick to give up, and tries again. */
#define BEGIN_STEP                                                                                 \
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'; "                   \
    "SELECT pg_advisory_xact_lock(1213817198, 1); SET LOCAL lock_timeout = '2s'"
enum { TRIES = 20, BETWEEN_TRIES_MS = 300 };

static const struct hy_pg_sql commit = {"commit_step", "COMMIT"};

int hy_pg_steps_newest(const struct hy_pg_step *steps)
{
    int newest = 0;

    for (; steps->number; steps++)
        newest = steps->number;
    return newest;
}

/* --- one number from the database ----------------------------------------------------------------- */

static int ask(struct hy_pg_link *link, const struct hy_pg_sql *sql, int64_t *ret_number)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, sql, &rows);

    if (r == 0)
        *ret_number = hy_pg_next(&rows) ? hy_pg_int(&rows, 0) : 0;
    hy_pg_rows_free(&rows);
    return r;
}

static int read_floor(struct hy_pg_link *link, int64_t *ret_floor)
{
    static const struct hy_pg_sql sql = {
        "schema_floor", "SELECT coalesce(max(number), 0) FROM schema_step WHERE kind = 'contract'"};

    return ask(link, &sql, ret_floor);
}

int hy_pg_migrate_still_fits(struct hy_pg_link *link, const struct hy_pg_step *steps)
{
    int64_t floor = 0;
    int r = read_floor(link, &floor);

    return r == 0 && floor > hy_pg_steps_newest(steps) ? HY_E_STOPPED : r;
}

/* --- the table of what was applied ----------------------------------------------------------------- */

/* 0: there is none yet, and nothing else; 1: it is there. */
static int look_at_tables(struct hy_pg_link *link, char *ret_explain, size_t explain_size)
{
    /* What belongs to an extension is nobody's store. */
    static const struct hy_pg_sql sql = {
        "schema_look",
        "SELECT current_schema(), to_regclass('schema_step') IS NOT NULL, EXISTS (SELECT FROM "
        "pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', "
        "'p', 'v', 'm', 'S', 'f') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid "
        "AND "
        "d.classid = 'pg_class'::regclass AND d.deptype = 'e'))"};
    struct hy_pg_rows rows;
    int r = hy_pg_run(link, &sql, &rows);

    if (r == 0 && hy_pg_next(&rows)) {
        if (!hy_pg_text(&rows, 0)) {
            snprintf(
                ret_explain, explain_size,
                "PostgreSQL: no schema that search_path names is there, or the user may not use "
                "it");
            r = HY_E_INVALID;
        } else if (hy_pg_int(&rows, 1)) {
            r = 1;
        } else if (hy_pg_int(&rows, 2)) {
            snprintf(
                ret_explain, explain_size,
                "the schema %s of the database holds another program's tables; make a database "
                "for hongyan alone",
                hy_pg_text(&rows, 0));
            r = HY_E_CORRUPT;
        }
    }
    hy_pg_rows_free(&rows);
    return r;
}

static int make_table(struct hy_pg_link *link, char *ret_explain, size_t explain_size)
{
    int r = hy_pg_script(link, BEGIN_STEP);

    if (r == 0)
        r = look_at_tables(link, ret_explain, explain_size);
    if (r == 0)
        r = hy_pg_script(link,
                         "CREATE TABLE schema_step (number integer PRIMARY KEY, kind text NOT "
                         "NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL "
                         "DEFAULT now())");
    if (r == 0)
        r = hy_pg_run(link, &commit, NULL);
    hy_pg_undo(link);
    return r;
}

static const char *kind_of(const struct hy_pg_step *step)
{
    return step->contract ? "contract" : "expand";
}

static int changed(const struct hy_pg_step *step, char *ret_explain, size_t explain_size)
{
    snprintf(
        ret_explain, explain_size,
        "step %s of the schema is another one in the database than in this program: one of the "
        "two was changed; run the program that made the database",
        step->name);
    return HY_E_CORRUPT;
}

/* 1: applied, 0: not yet. */
static int applied(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
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
    hy_pg_put_text(args, kind_of(step));
    hy_pg_put_text(args, step->sql);
    r = hy_pg_run(link, &sql, &rows);
    if (r == 0 && hy_pg_next(&rows))
        r = hy_pg_int(&rows, 0) ? 1 : changed(step, ret_explain, explain_size);
    hy_pg_rows_free(&rows);
    return r;
}

static int note_applied(struct hy_pg_link *link, const struct hy_pg_step *step)
{
    static const struct hy_pg_sql sql = {
        "schema_note", "INSERT INTO schema_step (number, kind, checksum) VALUES ($1, $2, "
                       "encode(sha256(convert_to($3, 'UTF8')), 'hex'))"};
    struct hy_pg_args *args = hy_pg_args(link);

    hy_pg_put_int(args, step->number);
    hy_pg_put_text(args, kind_of(step));
    hy_pg_put_text(args, step->sql);
    return hy_pg_run(link, &sql, NULL);
}

/* --- steps ------------------------------------------------------------------------------------- */

#define NOW_MS "(extract(epoch FROM clock_timestamp()) * 1000)::int8"

/* Nobody joins from here on until the transaction ends. Older nodes whose lease is over are removed: else they
 * could still write, as long as nobody has taken their place. */
static int older_nodes(struct hy_pg_link *link, const struct hy_pg_step *step, int64_t *ret_count)
{
    static const struct hy_pg_sql remove = {
        "schema_remove", "DELETE FROM node WHERE schema < $1 AND lease_until_ms <= " NOW_MS};
    static const struct hy_pg_sql older = {"schema_older",
                                           "SELECT count(*) FROM node WHERE schema < $1"};
    int r = hy_pg_script(link, "LOCK TABLE node IN SHARE ROW EXCLUSIVE MODE");

    if (r < 0)
        return r;
    hy_pg_put_int(hy_pg_args(link), step->number);
    hy_pg_queue(link, &remove, NULL, NULL);
    hy_pg_put_int(hy_pg_args(link), step->number);
    return ask(link, &older, ret_count);
}

/* Within its transaction. 1: put off. */
static int apply_now(struct hy_pg_link *link, const struct hy_pg_step *step)
{
    int64_t older = 0;
    int r = step->contract ? older_nodes(link, step, &older) : 0;

    if (r == 0 && older > 0)
        return 1;
    if (r == 0)
        r = hy_pg_script(link, step->sql);
    if (r == 0)
        r = note_applied(link, step);
    if (r == 0)
        r = hy_pg_run(link, &commit, NULL);
    return r;
}

/* 1: put off; 0: it is applied. */
static int apply_once(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                      size_t explain_size)
{
    int r = hy_pg_script(link, BEGIN_STEP);

    if (r == 0)
        r = applied(link, step, ret_explain, explain_size);
    if (r == 0)
        r = apply_now(link, step);
    else if (r == 1)
        r = 0; /* another node did it meanwhile */
    hy_pg_undo(link);
    return r;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = BETWEEN_TRIES_MS * 1000000};

    nanosleep(&pause, NULL);
}

static int apply(struct hy_pg_link *link, const struct hy_pg_step *step, char *ret_explain,
                 size_t explain_size)
{
    int r = apply_once(link, step, ret_explain, explain_size);

    for (int i = 1; r == HY_E_BUSY && i < TRIES; i++) {
        rest();
        r = apply_once(link, step, ret_explain, explain_size);
    }
    return r;
}

/* --- all of them --------------------------------------------------------------------------------- */

static int refuse_newer(struct hy_pg_link *link, int known, char *ret_explain, size_t explain_size)
{
    int64_t floor = 0;
    int r = read_floor(link, &floor);

    if (r < 0 || floor <= known)
        return r;
    snprintf(ret_explain, explain_size,
             "the database can be used from schema %lld on, this program knows up to %d: a newer "
             "program has changed it; run that one",
             (long long)floor, known);
    return HY_E_CORRUPT;
}

static int migrate_all(struct hy_pg_link *link, const struct hy_pg_step *steps, bool *ret_put_off,
                       char *ret_explain, size_t explain_size)
{
    int r = refuse_newer(link, hy_pg_steps_newest(steps), ret_explain, explain_size);

    for (; r == 0 && steps->number; steps++) {
        r = applied(link, steps, ret_explain, explain_size);
        if (r == 0)
            r = apply(link, steps, ret_explain, explain_size);
        else if (r == 1)
            r = 0;
        if (r == 1) {
            *ret_put_off = true;
            r = 0;
        }
    }
    return r;
}

static int explain_plainly(struct hy_pg_link *link, int r, char *ret_explain, size_t explain_size)
{
    if (r < 0 && explain_size > 0 && !ret_explain[0])
        snprintf(ret_explain, explain_size,
                 "the database's schema cannot be brought up to date: %s; the user has to be the "
                 "owner of the database",
                 hy_pg_link_why(link));
    return r;
}

int hy_pg_migrate(struct hy_pg_link *link, const struct hy_pg_step *steps, bool *ret_put_off,
                  char *ret_explain, size_t explain_size)
{
    int r = look_at_tables(link, ret_explain, explain_size);

    *ret_put_off = false;
    if (r == 0)
        r = make_table(link, ret_explain, explain_size);
    if (r >= 0)
        r = migrate_all(link, steps, ret_put_off, ret_explain, explain_size);
    return explain_plainly(link, r, ret_explain, explain_size);
}

int hy_pg_migrate_contract(struct hy_pg_link *link, const struct hy_pg_step *steps,
                           bool *ret_put_off)
{
    int r = 0;

    *ret_put_off = false;
    for (; r >= 0 && steps->number; steps++) {
        if (!steps->contract)
            continue;
        r = applied(link, steps, NULL, 0);
        if (r == 0)
            r = apply_once(link, steps, NULL, 0);
        else if (r == 1)
            r = 0;
        *ret_put_off = *ret_put_off || r == 1;
    }
    return r < 0 ? r : 0;
}

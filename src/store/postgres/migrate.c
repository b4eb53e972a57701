#include "store/postgres/migrate_step.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

int hy_pg_steps_newest(const struct hy_pg_step *steps)
{
    int newest = 0;

    for (; steps->number; steps++)
        newest = steps->number;
    return newest;
}

/* --- the floor -------------------------------------------------------------------------------- */

static int read_floor(struct hy_pg_link *link, int64_t *ret_floor)
{
    static const struct hy_pg_sql sql = {
        "schema_floor", "SELECT coalesce(max(number), 0) FROM schema_step WHERE kind = 'contract'"};

    hy_pg_args(link);
    return hy_pg_step_ask(link, &sql, ret_floor);
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
    int r = hy_pg_step_begin(link, 0);

    if (r == 0)
        r = look_at_tables(link, ret_explain, explain_size);
    if (r == 0)
        r = hy_pg_script(link,
                         "CREATE TABLE schema_step (number integer PRIMARY KEY, kind text NOT "
                         "NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL "
                         "DEFAULT now())");
    if (r == 0)
        r = hy_pg_step_commit(link);
    hy_pg_undo(link);
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
        r = hy_pg_step_applied(link, steps, ret_explain, explain_size);
        if (r == 0)
            r = hy_pg_step_apply(link, steps, ret_explain, explain_size);
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

int hy_pg_migrate_older(struct hy_pg_link *link, const struct hy_pg_step *steps, int64_t *ret_count)
{
    int newest = 0;

    for (; steps->number; steps++) {
        if (steps->kind == HY_PG_CONTRACT)
            newest = steps->number;
    }
    return hy_pg_step_nodes(link, newest, false, ret_count);
}

int hy_pg_migrate_contract(struct hy_pg_link *link, const struct hy_pg_step *steps, unsigned turn,
                           bool *ret_put_off)
{
    int r = 0;

    *ret_put_off = false;
    for (; r >= 0 && steps->number; steps++) {
        if (steps->kind != HY_PG_CONTRACT)
            continue;
        r = hy_pg_step_applied(link, steps, NULL, 0);
        if (r == 0)
            r = hy_pg_step_apply_aside(link, steps, turn);
        else if (r == 1)
            r = 0;
        *ret_put_off = *ret_put_off || r == 1;
    }
    return r < 0 ? r : 0;
}

/*
 * Who lives and who holds what.
 *
 * A beat waits for nobody: it renews its own row, and if another node is at work on the holds just now it
 * leaves those for its next beat. A stopped process can have locks; if beats waited for them, the leases
 * of all would end with its own. A node whose lease is over and whose row is locked is in the middle of
 * a transaction: its session is ended, and it goes with the next beat of anybody.
 */
#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/beating.h"
#include "store/postgres/fence.h"
#include "store/postgres/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { LOCK_TRIES = 20, BETWEEN_TRIES_MS = 5 };

#define NAME_OF_SESSION "hongyan node "
/* How many rows it wrote. */
static int change(struct hy_pg *pg, const struct hy_pg_sql *sql, size_t *ret_changed)
{
    struct hy_pg_rows rows;
    int r = hy_pg_run(pg->link, sql, &rows);

    *ret_changed = rows.changed;
    hy_pg_rows_free(&rows);
    return r;
}

/* --- the clock and the lock --------------------------------------------------------------------- */

static int find_now(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "node_now", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8"};

    b->now_ms = b->verb->now_ms;
    hy_pg_args(b->pg->link);
    return b->now_ms > 0 ? 0 : hy_pg_ask(b->pg->link, &sql, &b->now_ms);
}

/* Whoever has it changes holds. Another beat is over in a moment, a stopped one isn't waited for. */
static int try_lock(struct beating *b)
{
    static const struct hy_pg_sql sql = {"node_lock",
                                         "SELECT pg_try_advisory_xact_lock(1213817198, 2)"};
    const struct timespec pause = {.tv_nsec = BETWEEN_TRIES_MS * 1000000};
    int64_t got = 0;
    int r;

    hy_pg_args(b->pg->link);
    r = hy_pg_ask(b->pg->link, &sql, &got);
    for (int i = 1; r == 0 && !got && i < LOCK_TRIES; i++) {
        nanosleep(&pause, NULL);
        hy_pg_args(b->pg->link);
        r = hy_pg_ask(b->pg->link, &sql, &got);
    }
    b->locked = got != 0;
    return r;
}

/* --- removing ----------------------------------------------------------------------------------- */

static int remove_over(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "nodes_remove",
        "WITH over AS (SELECT node FROM node WHERE lease_until_ms <= $1 ORDER BY node FOR UPDATE "
        "SKIP LOCKED), freed AS (DELETE FROM hold h USING over WHERE h.node = over.node) DELETE "
        "FROM node n USING over WHERE n.node = over.node"};
    size_t removed;
    int r;

    hy_pg_put_int(hy_pg_args(b->pg->link), b->now_ms);
    r = change(b->pg, &sql, &removed);
    b->verb->removed = removed;
    b->moved = b->moved || removed > 0;
    return r;
}

/* Those that are left have locked their rows. Sessions of another user can't be ended: then the server's
 * time-outs do it. */
static int end_sessions(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "nodes_end", "SELECT pg_terminate_backend(a.pid) FROM node n JOIN pg_stat_activity a ON "
                     "a.application_name = '" NAME_OF_SESSION "' || n.node AND a.datname = "
                     "current_database() AND a.usename = current_user WHERE n.lease_until_ms <= "
                     "$1 AND a.pid <> pg_backend_pid()"};

    hy_pg_put_int(hy_pg_args(b->pg->link), b->now_ms);
    return hy_pg_run(b->pg->link, &sql, NULL);
}

/* --- being one ---------------------------------------------------------------------------------- */

static void put_texts(struct hy_pg_args *args, const struct hy_node_beat *v)
{
    hy_pg_put_text(args, v->name);
    hy_pg_put_text(args, v->version);
    hy_pg_put_text(args, v->report);
    hy_pg_put_int(args, hy_pg_steps_newest(hy_pg_steps));
}

static void read_self(struct beating *b, struct hy_pg_rows *rows, int64_t node)
{
    const struct hy_node_beat *v = b->verb;

    b->verb->self = (struct hy_node){.node = node,
                                     .slot = (int)hy_pg_int(rows, 0),
                                     .name = v->name,
                                     .version = v->version,
                                     .schema = hy_pg_steps_newest(hy_pg_steps),
                                     .started_ms = hy_pg_int(rows, 1),
                                     .beat_ms = b->now_ms,
                                     .lease_until_ms = b->now_ms + v->lease_ms,
                                     .report = v->report};
}

/* 1: renewed; 0: we are none, or not any more. */
static int renew(struct beating *b)
{
    static const struct hy_pg_sql sql = {
        "node_renew",
        "UPDATE node SET group_no = $2, beat_ms = $3, lease_until_ms = $3 + $4, name = $5, version "
        "= $6, report = $7, schema = $8 WHERE node = $1 AND group_no < $2 AND lease_until_ms > $3 "
        "RETURNING slot, started_ms"};
    struct hy_pg *pg = b->pg;
    struct hy_pg_args *args;
    struct hy_pg_rows rows;
    int r;

    if (pg->node == 0)
        return 0;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, pg->node);
    hy_pg_put_int(args, pg->group);
    hy_pg_put_int(args, b->now_ms);
    hy_pg_put_int(args, b->verb->lease_ms);
    put_texts(args, b->verb);
    r = hy_pg_run(pg->link, &sql, &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        read_self(b, &rows, pg->node);
        r = 1;
    }
    hy_pg_rows_free(&rows);
    return r;
}

/* A slot rests as long as it can: the first free one from the number's own on. */
static int insert_self(struct beating *b, int64_t node)
{
    static const struct hy_pg_sql sql = {
        "node_join",
        "INSERT INTO node (node, slot, started_ms, group_no, beat_ms, lease_until_ms, name, "
        "version, report, schema) SELECT $1, s, $3, $2, $3, $3 + $4, $5, $6, $7, $8 FROM "
        "generate_series(0, $9 - 1) AS t (s) WHERE NOT EXISTS (SELECT FROM node WHERE slot = s) "
        "ORDER BY (s - ($1 - 1) % $9 + $9) % $9 LIMIT 1 RETURNING slot, started_ms"};
    struct hy_pg *pg = b->pg;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, node);
    hy_pg_put_int(args, pg->group);
    hy_pg_put_int(args, b->now_ms);
    hy_pg_put_int(args, b->verb->lease_ms);
    put_texts(args, b->verb);
    hy_pg_put_int(args, HY_MESSAGE_NODE_MAX + 1);
    r = hy_pg_run(pg->link, &sql, &rows);
    if (r == 0 && hy_pg_next(&rows))
        read_self(b, &rows, node);
    else if (r == 0)
        r = HY_E_LIMIT;
    hy_pg_rows_free(&rows);
    return r;
}

static int join(struct beating *b)
{
    static const struct hy_pg_sql number = {"node_number", "SELECT nextval('node_no')"};
    int64_t node = 0;
    int r;

    hy_pg_args(b->pg->link);
    r = hy_pg_ask(b->pg->link, &number, &node);
    if (r == 0)
        r = insert_self(b, node);
    return r < 0 ? r : hy_pg_migrate_still_fits(b->pg->link, hy_pg_steps);
}

/* By this name others find it, should they have to end it. */
static int name_session(struct beating *b)
{
    static const struct hy_pg_sql sql = {"node_session",
                                         "SELECT set_config('application_name', $1, false)"};
    char name[sizeof NAME_OF_SESSION + 20];

    snprintf(name, sizeof name, NAME_OF_SESSION "%" PRId64, b->verb->self.node);
    hy_pg_put_text(hy_pg_args(b->pg->link), name);
    return hy_pg_run(b->pg->link, &sql, NULL);
}

/* --- the verbs ---------------------------------------------------------------------------------- */

static int be_one(struct beating *b)
{
    int r = renew(b);

    b->verb->renewed = r == 1;
    b->verb->removed = 0;
    if (r >= 0)
        r = try_lock(b);
    if (r == 0 && b->locked)
        r = remove_over(b);
    if (r == 0 && b->locked)
        r = end_sessions(b);
    if (r == 0 && !b->verb->renewed)
        r = join(b);
    return r < 0 ? r : name_session(b);
}

int hy_pg_node_beat(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_node_beat *v = (struct hy_node_beat *)op;
    struct beating b = {.pg = pg, .verb = v};
    int r = find_now(&b);

    if (r == 0)
        r = be_one(&b);
    if (r == 0)
        r = hy_pg_holds_move(&b);
    if (r == 0)
        r = hy_pg_holds_tell(&b);
    if (r == 0 && (v->removed > 0 || !v->renewed))
        pg->fold_next_us = 0;
    return r < 0 ? r : hy_pg_become(pg, v->self.node, v->holds, v->hold_count);
}

int hy_pg_node_leave(struct hy_backend *backend, struct hy_op *op)
{
    static const struct hy_pg_sql holds = {"leave_holds", "DELETE FROM hold WHERE node = $1"};
    static const struct hy_pg_sql self = {"leave", "DELETE FROM node WHERE node = $1"};
    struct hy_pg *pg = hy_pg(backend);
    int r;

    if (pg->node == 0)
        return 0;
    hy_pg_put_int(hy_pg_args(pg->link), pg->node);
    hy_pg_queue(pg->link, &holds, NULL, NULL);
    hy_pg_put_int(hy_pg_args(pg->link), pg->node);
    hy_pg_queue(pg->link, &self, NULL, NULL);
    hy_pg_tell_news(pg, HY_NEWS_HOLDS, 0);
    r = hy_pg_drain(pg->link);
    return r < 0 ? r : hy_pg_become(pg, 0, NULL, 0);
}

/*
 * Statements under way. The connection is always in pipeline mode and never blocks: what the server cannot
 * take yet libpq keeps, and while we wait, we read.
 */
#include "store/postgres/link_own.h"

#include "base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- prepared statements ------------------------------------------------------------------------ */

static const struct hy_pg_sql **known_slot(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    size_t i = ((uintptr_t)sql >> 4) * 2654435761u % HY_PG_STATEMENTS_MAX;

    while (link->known[i] && link->known[i] != sql)
        i = (i + 1) % HY_PG_STATEMENTS_MAX;
    return &link->known[i];
}

static void note_known(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    const struct hy_pg_sql **slot = known_slot(link, sql);

    if (*slot)
        return;
    assert(link->known_count < HY_PG_STATEMENTS_MAX - 1);
    *slot = sql;
    link->known_count++;
}

/* Of what is queued: a name is prepared once. When what comes before fails, neither is done. */
static bool is_being_prepared(const struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    for (size_t i = 0; i < link->pending_count; i++)
        if (link->pending[i].sent == HY_PG_SENT_PREPARE && link->pending[i].sql == sql)
            return true;
    return false;
}

/* --- sending ------------------------------------------------------------------------------------ */

static bool make_room(struct hy_pg_link *link, size_t more)
{
    size_t capacity = link->pending_capacity;
    struct hy_pg_pending *bigger;

    if (link->pending_count + more <= capacity)
        return true;
    capacity = capacity ? capacity * 2 : 64;
    bigger = (struct hy_pg_pending *)realloc(link->pending, capacity * sizeof *bigger);
    if (!bigger)
        return false;
    link->pending = bigger;
    link->pending_capacity = capacity;
    return true;
}

static void note_sent(struct hy_pg_link *link, struct hy_pg_pending sent)
{
    link->pending[link->pending_count++] = sent;
}

static int send_failed(struct hy_pg_link *link)
{
    if (PQstatus(link->conn) != CONNECTION_OK)
        return hy_pg_link_lost(link, PQerrorMessage(link->conn));
    return HY_E_NOMEM;
}

static int send_prepare(struct hy_pg_link *link, const struct hy_pg_sql *sql)
{
    const struct hy_pg_args *args = &link->args;
    Oid types[HY_PG_ARGS_MAX];

    if (*known_slot(link, sql) || is_being_prepared(link, sql))
        return 0;
    for (int i = 0; i < args->count; i++)
        types[i] = args->args[i].type;
    if (!PQsendPrepare(link->conn, sql->name, sql->text, args->count, types))
        return send_failed(link);
    note_sent(link, (struct hy_pg_pending){.sent = HY_PG_SENT_PREPARE, .sql = sql});
    return 0;
}

static int send_run(struct hy_pg_link *link, const struct hy_pg_sql *sql, hy_pg_read *read,
                    void *arg)
{
    const struct hy_pg_args *args = &link->args;
    const char *values[HY_PG_ARGS_MAX];
    int lengths[HY_PG_ARGS_MAX], formats[HY_PG_ARGS_MAX];

    for (int i = 0; i < args->count; i++) {
        values[i] = hy_pg_arg_bytes(args, &args->args[i]);
        lengths[i] = args->args[i].length;
        formats[i] = 1;
    }
    if (!PQsendQueryPrepared(link->conn, sql->name, args->count, values, lengths, formats, 1))
        return send_failed(link);
    note_sent(link,
              (struct hy_pg_pending){.sent = HY_PG_SENT_RUN, .sql = sql, .read = read, .arg = arg});
    return 0;
}

static int send_sync(struct hy_pg_link *link)
{
    if (!make_room(link, 1))
        return HY_E_NOMEM;
    if (!PQpipelineSync(link->conn))
        return send_failed(link);
    note_sent(link, (struct hy_pg_pending){.sent = HY_PG_SENT_SYNC});
    return 0;
}

static bool starts_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* A connection that breaks inside of a transaction is not replaced until that has ended: what follows
 * would be run without what came before. */
static void note_transaction(struct hy_pg_link *link, const char *text)
{
    if (starts_with(text, "BEGIN"))
        link->in_transaction = true;
    else if (starts_with(text, "COMMIT") || starts_with(text, "ROLLBACK"))
        link->in_transaction = false;
}

void hy_pg_queue(struct hy_pg_link *link, const struct hy_pg_sql *sql, hy_pg_read *read, void *arg)
{
    int r = link->queue_error;

    assert(link->args.width == 0);
    if (r == 0 && link->pending_count == 0)
        r = hy_pg_link_mend(link);
    if (r == 0 && !link->conn)
        r = HY_E_IO;
    if (r == 0 && (link->args.failed || !make_room(link, 2)))
        r = HY_E_NOMEM;
    if (r == 0)
        r = send_prepare(link, sql);
    if (r == 0)
        r = send_run(link, sql, read, arg);
    link->queue_error = r;
    note_transaction(link, sql->text);
    hy_pg_args(link);
}

/* --- reading ------------------------------------------------------------------------------------ */

static struct hy_pg_rows rows_of(PGresult *result)
{
    return (struct hy_pg_rows){.result = result,
                               .count = PQntuples(result),
                               .at = -1,
                               .changed = (size_t)strtoull(PQcmdTuples(result), NULL, 10)};
}

/* A COMMIT of what has failed before is answered with "ROLLBACK", and is no error. */
static bool did_not_commit(const struct hy_pg_pending *p, PGresult *result)
{
    return starts_with(p->sql->text, "COMMIT") && strcmp(PQcmdStatus(result), "ROLLBACK") == 0;
}

/* Takes the result. After an error nothing is read any more: *error stays. */
static void take_answer(struct hy_pg_link *link, const struct hy_pg_pending *p, PGresult *result,
                        int *error)
{
    struct hy_pg_rows rows;

    if (p->sent == HY_PG_SENT_PREPARE) {
        note_known(link, p->sql);
    } else if (*error == 0 && did_not_commit(p, result)) {
        hy_pg_one_line(link->why, sizeof link->why, "the transaction had failed before");
        *error = HY_E_CORRUPT;
    } else if (*error == 0 && p->read) {
        rows = rows_of(result);
        *error = p->read(&rows, p->arg);
        PQclear((PGresult *)rows.result); /* unless `read` kept it */
        return;
    }
    PQclear(result);
}

static int await_result(struct hy_pg_link *link, int limit_ms)
{
    const char *why = hy_pg_await_by(link->conn, limit_ms, &link->end_us);

    return why ? hy_pg_link_lost(link, why) : 0;
}

/* What is pending is answered by one result and a null, a sync by one alone. */
static int read_one(struct hy_pg_link *link, const struct hy_pg_pending *p, int *error,
                    bool *ret_over)
{
    PGresult *result = PQgetResult(link->conn);
    int r;

    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK: take_answer(link, p, result, error); break;
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED: PQclear(result); break;
    default:
        if (*error == 0)
            *error = hy_pg_error(result, link->why, sizeof link->why);
        *ret_over = *ret_over || hy_pg_error_ends_connection(result);
        PQclear(result);
        if (PQstatus(link->conn) != CONNECTION_OK)
            return hy_pg_link_lost(link, NULL);
    }
    if (p->sent == HY_PG_SENT_SYNC)
        return 0;
    r = await_result(link, link->answer_ms);
    if (r == 0)
        PQclear(PQgetResult(link->conn)); /* the null */
    return r;
}

static int read_all(struct hy_pg_link *link)
{
    int error = 0, r = 0;
    bool over = false;

    for (size_t i = 0; r == 0 && i < link->pending_count; i++) {
        r = await_result(link, link->answer_ms);
        if (r == 0)
            r = read_one(link, &link->pending[i], &error, &over);
    }
    link->pending_count = 0;
    if (r == 0 && over)
        hy_pg_link_lost(link, NULL);
    if (error == 0 && r == 0)
        link->delay_us = 0;
    return error < 0 ? error : r;
}

static void forget_reads(struct hy_pg_link *link)
{
    for (size_t i = 0; i < link->pending_count; i++)
        link->pending[i].read = NULL;
}

int hy_pg_drain(struct hy_pg_link *link)
{
    int error = link->queue_error, r;

    link->queue_error = 0;
    if (link->pending_count == 0)
        return error;
    if (error < 0)
        forget_reads(link);
    r = send_sync(link);
    if (r == HY_E_NOMEM)
        r = hy_pg_link_lost(link, "no memory"); /* what was sent has no end */
    if (r == 0)
        r = read_all(link);
    return error < 0 ? error : r;
}

static int keep_rows(struct hy_pg_rows *rows, void *arg)
{
    *(struct hy_pg_rows *)arg = *rows;
    rows->result = NULL;
    return 0;
}

int hy_pg_run(struct hy_pg_link *link, const struct hy_pg_sql *sql, struct hy_pg_rows *ret_rows)
{
    if (ret_rows)
        *ret_rows = (struct hy_pg_rows){0};
    hy_pg_queue(link, sql, ret_rows ? keep_rows : NULL, ret_rows);
    return hy_pg_drain(link);
}

/* --- whole transactions ------------------------------------------------------------------------- */

void hy_pg_snapshot(struct hy_pg_link *link)
{
    static const struct hy_pg_sql begin = {"snapshot",
                                           "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};

    hy_pg_args(link);
    hy_pg_queue(link, &begin, NULL, NULL);
}

void hy_pg_undo(struct hy_pg_link *link)
{
    static const struct hy_pg_sql rollback = {"rollback", "ROLLBACK"};

    link->queue_error = 0;
    link->in_transaction = false;
    if (!link->conn)
        return;
    /* What failed on the way makes the server skip all up to the next sync. */
    forget_reads(link);
    hy_pg_drain(link);
    if (!link->conn)
        return;
    hy_pg_args(link);
    hy_pg_queue(link, &rollback, NULL, NULL);
    if (hy_pg_drain(link) < 0 && link->conn)
        hy_pg_link_lost(link, NULL); /* then the server does it */
}

/* --- scripts ------------------------------------------------------------------------------------ */

static int script_results(struct hy_pg_link *link)
{
    bool over = false;
    int error = 0;

    for (;;) {
        PGresult *result;
        ExecStatusType status;

        if (await_result(link, HY_PG_NO_LIMIT) < 0)
            return HY_E_IO;
        result = PQgetResult(link->conn);
        if (!result)
            break;
        status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
            status != PGRES_EMPTY_QUERY && error == 0) {
            error = hy_pg_error(result, link->why, sizeof link->why);
            over = hy_pg_error_ends_connection(result);
        }
        PQclear(result);
        if (PQstatus(link->conn) != CONNECTION_OK)
            return hy_pg_link_lost(link, NULL);
    }
    if (over)
        hy_pg_link_lost(link, NULL);
    return error;
}

int hy_pg_script(struct hy_pg_link *link, const char *text)
{
    int r = hy_pg_drain(link);

    if (r == 0)
        r = hy_pg_link_mend(link);
    if (r < 0)
        return r;
    if (!PQexitPipelineMode(link->conn) || !PQsendQuery(link->conn, text))
        return hy_pg_link_lost(link, PQerrorMessage(link->conn));
    note_transaction(link, text);
    r = script_results(link);
    if (link->conn && !PQenterPipelineMode(link->conn))
        return hy_pg_link_lost(link, PQerrorMessage(link->conn));
    return r;
}

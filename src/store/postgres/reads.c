/* One message, lists of messages, counts. */
#include "store/postgres/reads.h"

#include "base/err.h"
#include "store/postgres/ask.h"

#include <stdio.h>

/* --- one message ------------------------------------------------------------------------------ */

static const struct hy_pg_sql message_get = {"message_get", "SELECT " HY_PG_MESSAGE_COLUMNS
                                                            " FROM message WHERE id = $1"};
static const struct hy_pg_sql attempts_of = {"attempts_of",
                                             "SELECT " HY_PG_ATTEMPT_COLUMNS
                                             " FROM attempt WHERE message_id = $1 ORDER BY number"};

enum { GRANT_USED = 1, NOT_SENT = 2, ANSWERED = 4, GRANT_REFUSED = 8 };

static void copy_chars(const struct hy_pg_rows *rows, int column, char *into, size_t size)
{
    const char *text = hy_pg_text(rows, column);

    snprintf(into, size, "%s", text ? text : "");
}

void hy_pg_read_attempt(const struct hy_pg_rows *rows, int first_column, struct hy_attempt *a)
{
    struct hy_judgement *j = &a->judgement;
    int at = first_column;
    int64_t flags = hy_pg_int(rows, at + 7);

    *a = (struct hy_attempt){.number = (int32_t)hy_pg_int(rows, at),
                             .at_ms = hy_pg_int(rows, at + 1),
                             .took_ms = hy_pg_int(rows, at + 2),
                             .grant_id = hy_pg_int(rows, at + 3),
                             .grant_move = (enum hy_grant_move)hy_pg_int(rows, at + 4)};
    j->verdict = (enum hy_verdict)hy_pg_int(rows, at + 5);
    j->hint = (enum hy_hint)hy_pg_int(rows, at + 6);
    j->grant_used = (flags & GRANT_USED) != 0;
    j->not_sent = (flags & NOT_SENT) != 0;
    j->answered = (flags & ANSWERED) != 0;
    j->grant_refused = (flags & GRANT_REFUSED) != 0;
    j->msgid = hy_pg_int(rows, at + 8);
    copy_chars(rows, at + 9, j->errcode, sizeof j->errcode);
    copy_chars(rows, at + 10, j->errmsg, sizeof j->errmsg);
    copy_chars(rows, at + 11, j->rid, sizeof j->rid);
}

static void read_attempt(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    (void)arena;
    hy_pg_read_attempt(rows, 0, (struct hy_attempt *)item);
}

int hy_pg_attempts(struct hy_pg *pg, int64_t message_id, struct hy_arena *arena,
                   struct hy_attempt **ret_attempts, size_t *ret_count)
{
    hy_pg_put_int(hy_pg_args(pg->link), message_id);
    return hy_pg_list(pg->link, &attempts_of, arena, read_attempt, sizeof **ret_attempts,
                      ret_attempts, ret_count);
}

int hy_pg_message_get(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_message_get *v = (struct hy_message_get *)op;
    struct hy_pg_rows rows;
    int r;

    hy_pg_snapshot(pg->link);
    hy_pg_put_int(hy_pg_args(pg->link), v->message_id);
    r = hy_pg_run(pg->link, &message_get, &rows);
    if (r == 0 && !hy_pg_next(&rows))
        r = HY_E_NOT_FOUND;
    else if (r == 0)
        hy_pg_read_message(&rows, 0, v->arena, &v->message);
    hy_pg_rows_free(&rows);
    if (r == 0)
        r = hy_pg_attempts(pg, v->message_id, v->arena, &v->attempts, &v->attempt_count);
    return hy_pg_snapshot_end(pg->link, r);
}

/* --- counts ----------------------------------------------------------------------------------- */

static const struct hy_pg_sql counts = {
    "counts", "SELECT app_no, state, sum(number)::bigint FROM tally GROUP BY app_no, state "
              "HAVING sum(number) > 0 ORDER BY app_no, state"};
/* What is free is in one of two sums: by template, or of all receipts (reach.h). */
static const struct hy_pg_sql free_uses = {
    "free_uses", "SELECT (coalesce((SELECT sum(uses) FROM reach_counter), 0) + "
                 "coalesce((SELECT sum(uses) FROM reach_receipt WHERE minute = -1), 0))::bigint"};

static void read_count(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    (void)arena;
    *(struct hy_count *)item = (struct hy_count){.app_no = hy_pg_int(rows, 0),
                                                 .state = (enum hy_message_state)hy_pg_int(rows, 1),
                                                 .messages = hy_pg_int(rows, 2)};
}

int hy_pg_counts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_counts *v = (struct hy_counts *)op;
    int r;

    hy_pg_snapshot(pg->link);
    r = hy_pg_list(pg->link, &counts, v->arena, read_count, sizeof *v->counts, &v->counts,
                   &v->count);
    hy_pg_args(pg->link);
    if (r == 0)
        r = hy_pg_ask(pg->link, &free_uses, &v->grants_available);
    return hy_pg_snapshot_end(pg->link, r);
}

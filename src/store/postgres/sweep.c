/* What time does: messages that expire; and what a clock that was set back makes due. */
#include "store/postgres/desk_wants.h"

/* At once on the desk. */
enum { PIECE = 500 };

/* --- sweep ------------------------------------------------------------------------------------ */

static const struct hy_pg_sql over = {"sweep_over",
                                      "SELECT e.message_id, m.app_no, m.\"user\", e.expires_at_ms "
                                      "FROM (SELECT expires_at_ms, message_id "
                                      "FROM expiry ORDER BY expires_at_ms, message_id LIMIT $1) AS "
                                      "e LEFT JOIN LATERAL (SELECT app_no, "
                                      "\"user\" FROM message WHERE id = CASE WHEN e.expires_at_ms "
                                      "<= $2 THEN e.message_id END OFFSET 0) "
                                      "AS m ON true ORDER BY e.expires_at_ms, e.message_id"};

struct sweeping {
    struct hy_pg *pg;
    struct hy_sweep *verb;
    int64_t most; /* of this piece */
    int64_t wanted;
    int64_t next_ms; /* of the first one that is left */
};

static int read_over(struct hy_pg_rows *rows, void *arg)
{
    struct sweeping *s = (struct sweeping *)arg;

    while (hy_pg_next(rows)) {
        if (hy_pg_int(rows, 3) > s->verb->now_ms || s->wanted == s->most) {
            s->next_ms = hy_pg_int(rows, 3);
            return 0;
        }
        hy_desk_want_message_of(s->pg, hy_pg_int(rows, 0), hy_pg_int(rows, 1), hy_pg_text(rows, 2),
                                0, false);
        s->wanted++;
    }
    return 0;
}

/* Others of those users may be over, too; they come first or not at all, for what is first of all is here. */
static int sweep_here(struct sweeping *s)
{
    struct hy_sweep *v = s->verb;
    size_t expired = v->expired, limit = v->limit;
    int r = hy_desk_fetch(s->pg);

    if (r < 0)
        return r;
    v->limit = (size_t)s->most;
    r = hy_mem_sweep(&s->pg->desk, &v->op);
    v->limit = limit;
    v->expired += expired;
    return r < 0 ? r : hy_desk_put_away(s->pg);
}

static int sweep_piece(struct sweeping *s)
{
    struct hy_pg_args *args = hy_pg_args(s->pg->link);
    size_t left = s->verb->limit - s->verb->expired;
    int r;

    s->most = left < PIECE ? (int64_t)left : PIECE;
    s->wanted = 0;
    s->next_ms = 0;
    hy_pg_put_int(args, s->most + 1);
    hy_pg_put_int(args, s->verb->now_ms);
    hy_pg_queue(s->pg->link, &over, read_over, s);
    r = hy_pg_drain(s->pg->link);
    return r < 0 || s->wanted == 0 ? r : sweep_here(s);
}

int hy_pg_sweep(struct hy_backend *backend, struct hy_op *op)
{
    struct sweeping s = {.pg = hy_pg(backend), .verb = (struct hy_sweep *)op};
    size_t before;
    int r = hy_desk_put_away(s.pg);

    s.verb->expired = 0;
    do {
        before = s.verb->expired;
        if (r == 0)
            r = sweep_piece(&s);
    } while (r == 0 && s.wanted == PIECE && s.verb->expired > before &&
             s.verb->expired < s.verb->limit);
    s.verb->next_ms = s.next_ms;
    return hy_desk_result(s.pg, r);
}

/* --- rewind ----------------------------------------------------------------------------------- */

/* The whole of both lists is looked at: this is for clocks that were set back. */
static const struct hy_pg_sql ahead = {"rewind_ahead",
                                       "SELECT m.id, m.app_no, m.\"user\" FROM (SELECT message_id "
                                       "FROM due WHERE due_at_ms > $1 UNION ALL "
                                       "SELECT message_id FROM parked WHERE due_at_ms > $1) AS l "
                                       "CROSS JOIN LATERAL (SELECT * FROM message "
                                       "WHERE id = l.message_id OFFSET 0) AS m WHERE m.state = 6 "
                                       "OR (m.state = 0 AND m.send_at_ms <= $2) "
                                       "ORDER BY m.id LIMIT $3"};

static int read_ahead(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows))
        hy_desk_want_message_of(pg, hy_pg_int(rows, 0), hy_pg_int(rows, 1), hy_pg_text(rows, 2), 0,
                                false);
    return 0;
}

int hy_pg_rewind(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_rewind *v = (struct hy_rewind *)op;
    struct hy_pg_args *args;
    int r = hy_desk_put_away(pg);

    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, v->now_ms + v->slack_ms);
    hy_pg_put_int(args, v->now_ms);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_queue(pg->link, &ahead, read_ahead, pg);
    if (r == 0)
        r = hy_pg_drain(pg->link);
    if (r == 0)
        r = hy_desk_fetch(pg);
    if (r == 0)
        r = hy_mem_rewind(backend, op);
    return hy_desk_result(pg, r);
}

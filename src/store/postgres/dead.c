/* Dead letters: failed messages, and unknown ones that nothing will try again. */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* So many are looked at, at most, for a group by rare marks; retried on the desk at once. */
enum { LOOKS_MAX = 100000, PIECE = 500 };

/* The newest of each app, then the newest of all; $1 = 0: of every app. Apps are found one after the other in
 * the index (a loose scan). Rows come newest first. */
#define NEWEST                                                                                     \
    "WITH RECURSIVE apps AS ((SELECT app_no FROM dead WHERE $1 = 0 ORDER BY app_no LIMIT 1) "      \
    "UNION ALL SELECT "                                                                            \
    "(SELECT d.app_no FROM dead d WHERE d.app_no > apps.app_no ORDER BY d.app_no LIMIT 1) FROM "   \
    "apps WHERE "                                                                                  \
    "apps.app_no IS NOT NULL), chosen AS (SELECT app_no FROM apps WHERE app_no IS NOT NULL UNION " \
    "ALL SELECT "                                                                                  \
    "$1 WHERE $1 <> 0), newest AS (SELECT d.message_id FROM chosen c CROSS JOIN LATERAL (SELECT "  \
    "message_id "                                                                                  \
    "FROM dead WHERE app_no = c.app_no AND message_id >= $2 AND message_id < $3 ORDER BY "         \
    "message_id DESC LIMIT "                                                                       \
    "$4) AS d ORDER BY d.message_id DESC LIMIT $4) "

static void put_newest(struct hy_pg_args *args, const struct hy_dead_filter *f, int64_t before_id,
                       size_t count)
{
    int64_t until_id = f->until_id > 0 ? f->until_id : INT64_MAX;

    hy_pg_put_int(args, f->app_no);
    hy_pg_put_int(args, f->from_id);
    hy_pg_put_int(args, before_id > 0 && before_id < until_id ? before_id : until_id);
    hy_pg_put_int(args, (int64_t)count);
}

/* --- retrying them ---------------------------------------------------------------------------- */

static const struct hy_pg_sql look = {"dead_look", NEWEST
                                      "SELECT " HY_PG_MESSAGE_COLUMNS
                                      " FROM newest CROSS JOIN LATERAL (SELECT * FROM message "
                                      "WHERE id = message_id OFFSET 0) AS m ORDER BY id "
                                      "DESC"};

struct retrying {
    struct hy_pg *pg;
    struct hy_dead_retry *verb;
    struct hy_vector ids; /* int64_t, of those that pass; newest first */
};

static int read_look(struct hy_pg_rows *rows, void *arg)
{
    struct retrying *r = (struct retrying *)arg;
    struct hy_message m;
    size_t looked = 0;

    while (hy_pg_next(rows)) {
        if (looked++ == r->verb->limit) {
            r->verb->more = true;
            return 0;
        }
        hy_pg_peek_message(rows, 0, &m);
        r->verb->next_before_id = m.id;
        if (hy_mem_dead_passes(&r->verb->filter, &m))
            hy_vector_push(&r->ids,
                           hy_mem_must(hy_arena_memdup(&r->pg->scratch, &m.id, sizeof m.id)));
    }
    r->verb->next_before_id = 0;
    return 0;
}

/* What became another one meanwhile is passed over. */
static int retry_piece(struct retrying *r, size_t from, size_t to)
{
    int err;

    for (size_t i = from; i < to; i++)
        hy_desk_want_message(r->pg, *(const int64_t *)r->ids.items[i], 0);
    err = hy_desk_fetch(r->pg);
    for (size_t i = from; i < to && err == 0; i++) {
        struct hy_mem_message *m = hy_mem_message(&r->pg->desk, *(const int64_t *)r->ids.items[i]);

        if (m && hy_mem_is_dead(&m->m) && hy_mem_dead_passes(&r->verb->filter, &m->m))
            hy_mem_dead_retry_message(&r->pg->desk, r->verb, m);
    }
    return err < 0 ? err : hy_desk_put_away(r->pg);
}

int hy_pg_dead_retry(struct hy_backend *backend, struct hy_op *op)
{
    struct retrying r = {.pg = hy_pg(backend), .verb = (struct hy_dead_retry *)op};
    struct hy_dead_retry *v = r.verb;
    int err = hy_desk_put_away(r.pg);

    v->matched = v->retried = v->skipped = 0;
    v->more = false;
    v->next_before_id = 0;
    put_newest(hy_pg_args(r.pg->link), &v->filter, v->before_id, v->limit + 1);
    hy_pg_queue(r.pg->link, &look, read_look, &r);
    if (err == 0)
        err = hy_pg_drain(r.pg->link);
    for (size_t at = 0; at < r.ids.count && err == 0; at += PIECE)
        err = retry_piece(&r, at, at + PIECE < r.ids.count ? at + PIECE : r.ids.count);
    hy_vector_deinit(&r.ids);
    return hy_desk_result(r.pg, err);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Of those that pass, the newest $9; `looked` and `passed` say whether there were more. */
static const struct hy_pg_sql groups = {
    "dead_groups", NEWEST
    ", passing AS (SELECT m.id, m.app_no, m.state, m.reason, m.template_id FROM newest JOIN "
    "message m ON m.id = "
    "newest.message_id WHERE ($5 < 0 OR m.state = $5) AND ($6::text IS NULL OR "
    "starts_with(m.reason, $6)) AND "
    "($7::text IS NULL OR m.template_id = $7) AND ($8::text IS NULL OR m.tag = $8) AND ($9 = 0 OR "
    "m.broadcast_id = $9) ORDER BY m.id DESC LIMIT $10 + 1), counted AS (SELECT * FROM passing "
    "ORDER BY id DESC "
    "LIMIT $10), grouped AS (SELECT app_no, state, reason, count(*) AS messages, max(id) AS "
    "newest_id FROM "
    "counted GROUP BY app_no, state, reason) SELECT g.app_no, g.state, g.reason, g.messages, "
    "g.newest_id, "
    "c.template_id, (SELECT a.errmsg FROM attempt a WHERE a.message_id = g.newest_id ORDER BY "
    "a.number DESC "
    "LIMIT 1), (SELECT count(*) FROM newest), (SELECT count(*) FROM passing) FROM grouped g JOIN "
    "counted c ON "
    "c.id = g.newest_id ORDER BY g.messages DESC, g.newest_id DESC"};

/* How many may be looked at for those that pass: all of them, unless more than the app is asked for. */
static size_t looks(const struct hy_dead_groups *v)
{
    const struct hy_dead_filter *f = &v->filter;
    bool rare = f->state >= 0 || f->reason || f->template_id || f->tag || f->broadcast_id;

    return rare ? LOOKS_MAX : v->limit;
}

static int read_groups(struct hy_pg_rows *rows, void *arg)
{
    struct hy_dead_groups *v = (struct hy_dead_groups *)arg;

    v->groups =
        (struct hy_dead_group *)hy_mem_copy_array(v->arena, (size_t)rows->count, sizeof *v->groups);
    while (hy_pg_next(rows)) {
        v->groups[v->count++] = (struct hy_dead_group){
            .app_no = hy_pg_int(rows, 0),
            .state = (enum hy_message_state)hy_pg_int(rows, 1),
            .reason = hy_pg_copy(rows, 2, v->arena),
            .messages = hy_pg_int(rows, 3),
            .newest_id = hy_pg_int(rows, 4),
            .template_id = hy_pg_copy(rows, 5, v->arena),
            .errmsg = hy_pg_copy(rows, 6, v->arena),
        };
        v->more = hy_pg_int(rows, 7) > (int64_t)looks(v) || hy_pg_int(rows, 8) > (int64_t)v->limit;
    }
    return 0;
}

int hy_pg_dead_groups(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_dead_groups *v = (struct hy_dead_groups *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);

    v->groups = NULL;
    v->count = 0;
    v->more = false;
    put_newest(args, &v->filter, 0, looks(v) + 1);
    hy_pg_put_int(args, v->filter.state);
    hy_pg_put_text(args, v->filter.reason);
    hy_pg_put_text(args, v->filter.template_id);
    hy_pg_put_text(args, v->filter.tag);
    hy_pg_put_int(args, v->filter.broadcast_id);
    hy_pg_put_int(args, (int64_t)v->limit);
    hy_pg_queue(pg->link, &groups, read_groups, v);
    return hy_pg_drain(pg->link);
}

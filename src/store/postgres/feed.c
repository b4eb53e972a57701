/*
 * From an audience into messages, and back: feeding a broadcast, moving it, winding it up. The rules are
 * the memory backend's, with one piece of the broadcast on the desk: store/postgres/broadcasts.h.
 */
#include "base/err.h"
#include "store/postgres/broadcasts.h"
#include "store/postgres/desk_wants.h"

#include <string.h>

/* --- a piece of an audience --------------------------------------------------------------------- */

struct piece {
    struct hy_arena *arena;
    struct hy_audience_item *items; /* the next users, by name */
    size_t count;
};

static int read_piece(struct hy_pg_rows *rows, void *arg)
{
    struct piece *p = (struct piece *)arg;

    p->items = (struct hy_audience_item *)hy_mem_copy_array(p->arena, (size_t)rows->count,
                                                            sizeof *p->items);
    while (hy_pg_next(rows))
        p->items[p->count++] = (struct hy_audience_item){.user = hy_pg_copy(rows, 0, p->arena),
                                                         .data = hy_pg_copy(rows, 1, p->arena)};
    return 0;
}

/* Those who left are no more than dead entries at the head of an index: they are stepped over by fed_to. */
#define PIECE(data)                                                                                \
    "SELECT \"user\", " data " FROM audience WHERE broadcast_id = $1 AND \"user\" > "              \
    "(SELECT coalesce(fed_to, '') FROM broadcast WHERE id = $1) ORDER BY \"user\" LIMIT $2"

static const struct hy_pg_sql whole_piece = {"audience_piece", PIECE("data")};
static const struct hy_pg_sql piece_of_names = {"audience_names", PIECE("NULL::text")};

/* The broadcast, locked, and so many of its users, in one round trip. */
static int take(struct hy_pg *pg, int64_t id, const struct hy_pg_sql *sql, size_t count,
                struct hy_pg_broadcast *ret_row, struct piece *ret_piece)
{
    struct hy_pg_args *args;
    int r;

    hy_pg_queue_broadcast(pg, id, ret_row);
    *ret_piece = (struct piece){.arena = &pg->scratch};
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, id);
    hy_pg_put_int(args, (int64_t)count);
    hy_pg_queue(pg->link, sql, read_piece, ret_piece);
    r = hy_pg_drain(pg->link);
    return r == 0 && ret_row->b.id == 0 ? HY_E_NOT_FOUND : r;
}

static struct hy_mem_broadcast *place(struct hy_pg *pg, const struct hy_broadcast *b,
                                      const struct piece *p)
{
    struct hy_mem_broadcast *placed = hy_pg_broadcast_place(pg, b);

    for (size_t i = 0; i < p->count; i++) {
        struct hy_mem_listener *listener = (struct hy_mem_listener *)hy_mem_alloc(sizeof *listener);

        listener->user = hy_mem_text(p->items[i].user);
        listener->data = hy_mem_text(p->items[i].data);
        hy_vector_push(&placed->audience, listener);
    }
    return placed;
}

/* The next ones, up to `last`, leave the audience. */
static void queue_cut(struct hy_pg *pg, struct hy_pg_broadcast *row, const char *last)
{
    static const struct hy_pg_sql cut = {"audience_cut",
                                         "DELETE FROM audience WHERE broadcast_id = $1 AND "
                                         "\"user\" > $2 AND \"user\" <= $3"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, row->b.id);
    hy_pg_put_text(args, row->fed_to);
    hy_pg_put_text(args, last);
    hy_pg_queue(pg->link, &cut, NULL, NULL);
    row->fed_to = last;
}

/* As the rule left it on the desk. */
static void queue_save(struct hy_pg *pg, const struct hy_pg_broadcast *row,
                       const struct hy_mem_broadcast *placed)
{
    struct hy_pg_broadcast after = *row;

    after.b = placed->b;
    hy_pg_queue_broadcast_save(pg, &after);
}

/* --- feed --------------------------------------------------------------------------------------- */

/* The users that become messages now, with all that admission looks at. */
static int fetch_users(struct hy_pg *pg, const struct hy_broadcast_feed *v, int64_t app_no,
                       const struct piece *p)
{
    for (size_t i = 0; i < p->count && i < v->limit; i++) {
        hy_desk_want_id(pg, v->ids[i]);
        hy_desk_want_user(pg, app_no, p->items[i].user, HY_DESK_BARE);
    }
    return hy_desk_fetch(pg);
}

int hy_pg_broadcast_feed(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_broadcast_feed *v = (struct hy_broadcast_feed *)op;
    struct hy_mem_broadcast *placed;
    struct hy_pg_broadcast row;
    struct piece piece;
    int r = take(pg, v->broadcast_id, &whole_piece, v->limit + 1, &row, &piece);

    if (r == 0 && row.b.state != HY_BROADCAST_RUNNING)
        r = HY_E_CONFLICT;
    if (r == 0)
        r = fetch_users(pg, v, row.b.app_no, &piece);
    if (r < 0)
        return r;
    placed = place(pg, &row.b, &piece);
    r = hy_desk_result(pg, hy_mem_broadcast_feed(&pg->desk, op));
    if (r == 0 && v->fed > 0) {
        queue_cut(pg, &row, piece.items[v->fed - 1].user);
        queue_save(pg, &row, placed);
    }
    hy_pg_broadcast_leave(pg, placed);
    return r;
}

/* --- move --------------------------------------------------------------------------------------- */

static int want_message(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        hy_desk_want_message_of((struct hy_pg *)arg, hy_pg_int(rows, 0), hy_pg_int(rows, 1),
                                hy_pg_text(rows, 2), 0, false);
    return 0;
}

/* What claim has set aside goes on. */
static int fetch_held(struct hy_pg *pg, int64_t id)
{
    static const struct hy_pg_sql held = {
        "held", "SELECT m.id, m.app_no, m.\"user\" FROM (SELECT message_id FROM held WHERE "
                "broadcast_id = $1) h CROSS JOIN LATERAL (SELECT id, app_no, \"user\" FROM message "
                "WHERE id = h.message_id LIMIT 1) m"};
    int r = hy_desk_put_away(pg); /* what this transaction held is in the table, too */

    if (r < 0)
        return r;
    hy_pg_put_int(hy_pg_args(pg->link), id);
    hy_pg_queue(pg->link, &held, want_message, pg);
    r = hy_pg_drain(pg->link);
    return r < 0 ? r : hy_desk_fetch(pg);
}

int hy_pg_broadcast_move(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_broadcast_move *v = (struct hy_broadcast_move *)op;
    struct hy_mem_broadcast *placed;
    struct hy_pg_broadcast row;
    struct piece anybody;
    int r = take(pg, v->broadcast_id, &piece_of_names, 1, &row, &anybody);

    if (r == 0 && v->to == HY_BROADCAST_DONE)
        r = hy_pg_broadcast_count(pg, &row.b);
    if (r == 0 && v->to == HY_BROADCAST_RUNNING && row.b.state == HY_BROADCAST_PAUSED)
        r = fetch_held(pg, v->broadcast_id);
    if (r < 0)
        return r;
    placed = place(pg, &row.b, &anybody);
    r = hy_desk_result(pg, hy_mem_broadcast_move(&pg->desk, op));
    if (r == 0) {
        queue_save(pg, &row, placed);
        hy_pg_tell_news(pg, HY_NEWS_BROADCASTS, row.b.app_no);
    }
    hy_pg_broadcast_leave(pg, placed);
    return r;
}

/* --- winding up --------------------------------------------------------------------------------- */

/* Most of a large one's messages may be sent already: a step looks at so many times what it may cancel. */
enum { LOOKS_A_CANCEL = 20 };

struct looking {
    struct hy_pg *pg;
    int64_t app_no;
    size_t room; /* so many may still be canceled */
    int64_t wound_to;
    bool through; /* there are none behind it */
    size_t looks;
};

/* Oldest first; what was looked at and is not to be canceled is not looked at again in this round. */
static int read_messages(struct hy_pg_rows *rows, void *arg)
{
    struct looking *l = (struct looking *)arg;

    l->through = (size_t)rows->count < l->looks;
    while (hy_pg_next(rows)) {
        int64_t state = hy_pg_int(rows, 1);

        if (state == HY_MESSAGE_QUEUED || state == HY_MESSAGE_WAITING) {
            if (l->room == 0) {
                l->through = false;
                return 0;
            }
            l->room--;
            hy_desk_want_message_of(l->pg, hy_pg_int(rows, 0), l->app_no, hy_pg_text(rows, 2), 0,
                                    false);
        }
        l->wound_to = hy_pg_int(rows, 0);
    }
    return 0;
}

static int fetch_open(struct hy_pg *pg, int64_t id, struct looking *l)
{
    static const struct hy_pg_sql open = {"message_of_broadcast",
                                          "SELECT id, state, \"user\" FROM message WHERE "
                                          "broadcast_id = $1 AND broadcast_id > 0 AND id > $2 "
                                          "ORDER BY id LIMIT $3"};
    struct hy_pg_args *args;
    int r = hy_desk_put_away(pg);

    if (r < 0)
        return r;
    l->looks = l->room * LOOKS_A_CANCEL;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, id);
    hy_pg_put_int(args, l->wound_to);
    hy_pg_put_int(args, (int64_t)l->looks);
    hy_pg_queue(pg->link, &open, read_messages, l);
    r = hy_pg_drain(pg->link);
    return r < 0 ? r : hy_desk_fetch(pg);
}

/* What is left, by the counts: a message may have come back from sending behind us. Then it begins anew. */
static int finish(struct hy_pg *pg, struct hy_broadcast_wind_up *v, struct hy_pg_broadcast *row,
                  const struct looking *l)
{
    struct hy_broadcast *b = &row->b;
    int r = hy_pg_broadcast_count(pg, b);

    if (r < 0)
        return r;
    v->left = v->left || b->messages[HY_MESSAGE_QUEUED] + b->messages[HY_MESSAGE_WAITING] > 0;
    v->sending = (size_t)b->messages[HY_MESSAGE_SENDING];
    b->winding_up = v->left || v->sending > 0;
    row->wound_to = l->through ? 0 : l->wound_to;
    hy_pg_queue_broadcast_save(pg, row);
    if (!b->winding_up)
        hy_pg_tell_news(pg, HY_NEWS_BROADCASTS, b->app_no);
    return 0;
}

int hy_pg_broadcast_wind_up(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_broadcast_wind_up *v = (struct hy_broadcast_wind_up *)op;
    struct hy_mem_broadcast *placed;
    struct hy_pg_broadcast row;
    struct looking l = {.pg = pg};
    struct piece piece;
    size_t dropped;
    int r = take(pg, v->broadcast_id, &piece_of_names, v->limit + 1, &row, &piece);

    if (r == 0 && !row.b.winding_up)
        r = HY_E_CONFLICT;
    if (r < 0)
        return r;
    dropped = piece.count < v->limit ? piece.count : v->limit;
    l.room = v->limit - dropped;
    l.app_no = row.b.app_no;
    l.wound_to = row.wound_to;
    if (l.room > 0)
        r = fetch_open(pg, v->broadcast_id, &l);
    if (r < 0)
        return r;
    placed = place(pg, &row.b, &piece);
    r = hy_desk_result(pg, hy_mem_broadcast_wind_up(&pg->desk, op));
    hy_pg_broadcast_leave(pg, placed);
    if (r == 0 && dropped > 0)
        queue_cut(pg, &row, piece.items[dropped - 1].user);
    return r < 0 ? r : finish(pg, v, &row, &l);
}

/* From an audience into messages, and what is left of one that was canceled. */
#include "base/err.h"
#include "store/sqlite/broadcasts.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"

/* The next users, in the order of their names, into the scratch arena: one more than `limit`, if there
 * is one. */
static int read_audience(struct hy_sqlite *s, int64_t broadcast_id, size_t limit,
                         struct hy_audience_item **ret_items, size_t *ret_count)
{
    size_t count = 0, capacity = 0;
    void *items = NULL;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_AUDIENCE, &q);
    hy_put_int(&q, broadcast_id);
    hy_put_int(&q, (int64_t)limit + 1);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_audience_item *item =
            hy_query_room(&q, &s->scratch, &items, count, &capacity, sizeof *item);

        if (!item)
            return HY_E_NOMEM;
        item->user = hy_get_text(&q, &s->scratch);
        item->data = hy_get_text(&q, &s->scratch);
        count++;
    }
    *ret_items = items;
    *ret_count = count;
    return r;
}

/* Up to that user, with him. */
static int cut_audience(struct hy_sqlite *s, int64_t broadcast_id, const char *user)
{
    struct hy_query q;

    hy_query_open(s, SQL_AUDIENCE_CUT, &q);
    hy_put_int(&q, broadcast_id);
    hy_put_text(&q, user);
    return hy_query_run(&q);
}

/* --- feed ------------------------------------------------------------------------------------- */

static int make_expired(struct hy_sqlite *s, struct hy_message *m, int64_t now_ms)
{
    m->state = HY_MESSAGE_EXPIRED;
    m->settled_at_ms = now_ms;
    return hy_message_insert(s, m);
}

static int make_message(struct hy_sqlite *s, struct hy_broadcast_feed *v,
                        const struct hy_broadcast *b, const struct hy_audience_item *user,
                        int64_t id)
{
    struct hy_message m = b->message;
    struct hy_admit_item item = {.message = &m, .margin_ms = v->margin_ms};
    int r;

    m.id = id;
    m.app_no = b->app_no;
    m.broadcast_id = b->id;
    m.user = user->user;
    if (user->data || !m.data)
        m.data = user->data ? user->data : "{}";
    m.template_kind = v->template_kind;
    m.accepted_at_ms = v->now_ms;
    if (m.expires_at_ms > 0 && m.expires_at_ms <= v->now_ms)
        return make_expired(s, &m, v->now_ms);
    r = hy_admit_new(s, &item, v->now_ms);
    v->due += r == 0 && m.state == HY_MESSAGE_QUEUED;
    return r;
}

/* Before anything is written: ids are new and grow. */
static int check_ids(struct hy_sqlite *s, const int64_t *ids, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = hy_message_exists(s, ids[i]);
    return r > 0 ? HY_E_EXISTS : r;
}

static int feed(struct hy_sqlite *s, struct hy_broadcast_feed *v, struct hy_broadcast *b)
{
    struct hy_audience_item *users;
    size_t count;
    int r = read_audience(s, b->id, v->limit, &users, &count);

    v->left = count > v->limit;
    count -= v->left;
    if (r == 0)
        r = check_ids(s, v->ids, count);
    for (size_t i = 0; i < count && r == 0; i++)
        r = make_message(s, v, b, &users[i], v->ids[i]);
    if (r == 0)
        r = hy_gather_write(s, HY_GATHER_ALL); /* the texts of the audience end with the verb */
    if (r < 0 || count == 0)
        return r;
    v->fed = count;
    b->fed += (int64_t)count;
    r = cut_audience(s, b->id, users[count - 1].user);
    return r < 0 ? r : hy_broadcast_save(s, b);
}

int hy_sqlite_broadcast_feed(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_broadcast_feed *v = (struct hy_broadcast_feed *)op;
    struct hy_broadcast b;
    int r;

    hy_arena_reset(&s->scratch);
    s->now_ms = v->now_ms;
    v->fed = v->due = 0;
    v->left = false;
    r = hy_broadcast_load(s, v->broadcast_id, &b);
    if (r < 0)
        return r;
    return b.state == HY_BROADCAST_RUNNING ? feed(s, v, &b) : HY_E_CONFLICT;
}

/* --- winding up ------------------------------------------------------------------------------- */

static int drop_audience(struct hy_sqlite *s, struct hy_broadcast_wind_up *v, size_t *ret_count)
{
    struct hy_audience_item *users;
    size_t count;
    int r = read_audience(s, v->broadcast_id, v->limit, &users, &count);

    v->left = count > v->limit;
    *ret_count = count - v->left;
    if (r < 0 || count == 0)
        return r;
    return cut_audience(s, v->broadcast_id, users[*ret_count - 1].user);
}

static int cancel_open(struct hy_sqlite *s, struct hy_broadcast_wind_up *v, size_t limit)
{
    struct hy_row *rows;
    struct hy_query q;
    size_t count, woken = 0;
    int r;

    hy_query_open(s, SQL_MESSAGE_OPEN, &q);
    hy_put_int(&q, v->broadcast_id);
    hy_put_int(&q, (int64_t)limit + 1);
    r = hy_message_load_all(s, &q, &rows, &count);
    v->left = v->left || count > limit;
    for (size_t i = 0; i < count && i < limit && r == 0; i++) {
        struct hy_row row;

        /* One before it may have woken it. */
        r = hy_message_load(s, rows[i].m.id, &row);
        if (r == 0)
            r = hy_end_unsent(s, &row, HY_MESSAGE_CANCELED, "broadcast_canceled", v->now_ms);
        if (r == 0)
            r = hy_user_wake(s, row.m.app_no, row.m.user, v->now_ms, 0, &woken);
    }
    return r;
}

/* What is under way may come back. */
static int count_sending(struct hy_sqlite *s, struct hy_broadcast_wind_up *v,
                         struct hy_broadcast *b)
{
    int r = hy_tally_write(s);

    if (r == 0)
        r = hy_broadcast_count(s, b);
    v->sending = (size_t)b->messages[HY_MESSAGE_SENDING];
    return r;
}

int hy_sqlite_broadcast_wind_up(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_broadcast_wind_up *v = (struct hy_broadcast_wind_up *)op;
    struct hy_broadcast b;
    size_t dropped = 0;
    int r;

    hy_arena_reset(&s->scratch);
    s->freed = 0;
    v->left = false;
    v->sending = v->freed = 0;
    r = hy_broadcast_load(s, v->broadcast_id, &b);
    if (r < 0)
        return r;
    if (!b.winding_up)
        return HY_E_CONFLICT;
    r = drop_audience(s, v, &dropped);
    if (r == 0)
        r = cancel_open(s, v, v->limit - dropped);
    if (r == 0)
        r = count_sending(s, v, &b);
    v->freed = s->freed;
    if (r < 0 || v->left || v->sending > 0)
        return r;
    b.winding_up = false;
    return hy_broadcast_save(s, &b);
}

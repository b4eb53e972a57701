/*
 * In which lists a message stands: a row each of small tables, which follows from what the message is
 * like. What a transaction changed there is the difference between the rows of before and of now.
 */
#include "store/postgres/desk_messages.h"

#include <string.h>

/* --- the rows --------------------------------------------------------------------------------- */

static bool due_by_time(const struct hy_desk_image *i)
{
    bool rests = i->m.state == HY_MESSAGE_UNKNOWN || i->m.state == HY_MESSAGE_WAITING;

    return (i->m.state == HY_MESSAGE_QUEUED && !i->held) || (rests && i->m.due_at_ms > 0);
}

static bool is_due(const struct hy_desk_image *i)
{
    return due_by_time(i) && !i->parked;
}

static bool is_parked(const struct hy_desk_image *i)
{
    return due_by_time(i) && i->parked;
}

static bool is_waiting(const struct hy_desk_image *i)
{
    return i->m.state == HY_MESSAGE_WAITING;
}

static bool is_sending(const struct hy_desk_image *i)
{
    return i->m.state == HY_MESSAGE_SENDING;
}

static bool may_expire(const struct hy_desk_image *i)
{
    return i->m.expires_at_ms > 0 &&
           (i->m.state == HY_MESSAGE_QUEUED || i->m.state == HY_MESSAGE_WAITING);
}

static bool is_held(const struct hy_desk_image *i)
{
    return i->m.state == HY_MESSAGE_QUEUED && i->held;
}

static bool is_dead(const struct hy_desk_image *i)
{
    return hy_mem_is_dead(&i->m);
}

static bool same_due(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    return a->m.due_at_ms == b->m.due_at_ms;
}

static bool same_sending(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    return a->node == b->node && a->lease_until_ms == b->lease_until_ms;
}

static bool same_expiry(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    return a->m.expires_at_ms == b->m.expires_at_ms;
}

static bool always(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    (void)a;
    (void)b;
    return true;
}

static void put_due(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.app_no);
    hy_pg_put_int(args, hy_message_queue(&i->m));
    hy_pg_put_int(args, i->m.due_at_ms);
    hy_pg_put_int(args, i->m.id);
}

static void put_parked(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.app_no);
    hy_pg_put_text(args, i->m.user);
    hy_pg_put_int(args, i->m.due_at_ms);
    hy_pg_put_int(args, i->m.id);
}

static void put_waiting(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.app_no);
    hy_pg_put_text(args, i->m.user);
    hy_pg_put_int(args, i->m.id);
}

static void put_sending(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    put_waiting(args, i, key_only);
    if (key_only)
        return;
    hy_pg_put_int(args, i->node);
    hy_pg_put_int(args, i->lease_until_ms);
}

static void put_expiry(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.expires_at_ms);
    hy_pg_put_int(args, i->m.id);
}

static void put_held(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.broadcast_id);
    hy_pg_put_int(args, i->m.id);
}

static void put_dead(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only)
{
    (void)key_only;
    hy_pg_put_int(args, i->m.app_no);
    hy_pg_put_int(args, i->m.id);
}

/* --- the tables ------------------------------------------------------------------------------- */

struct list {
    bool (*has)(const struct hy_desk_image *i);
    /* Both are in it: by the same row? */
    bool (*same)(const struct hy_desk_image *a, const struct hy_desk_image *b);
    void (*put)(struct hy_pg_args *args, const struct hy_desk_image *i, bool key_only);
    const char *key_types, *types;
    struct hy_pg_sql delete, insert;
};

#define USER "\"user\""

/* Each row is looked up by its key (see desk_messages.c), then deleted where it lies. */
#define DELETE(table, arrays, columns, key)                                                        \
    "DELETE FROM " table " WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM unnest(" arrays              \
    ") AS t (" columns ") CROSS JOIN LATERAL (SELECT ctid FROM " table " WHERE " key               \
    " OFFSET 0) AS d))"

static const struct list lists[] = {
    {is_due,
     same_due,
     put_due,
     "iiii",
     "iiii",
     {"desk_due_delete",
      DELETE("due", "$1::int8[], $2::int8[], $3::int8[], $4::int8[]", "a, q, due, id",
             "app_no = t.a AND queue = t.q AND due_at_ms = t.due AND message_id = t.id")},
     {"desk_due_insert", "INSERT INTO due (app_no, queue, due_at_ms, message_id) SELECT * FROM "
                         "unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])"}},
    {is_parked,
     same_due,
     put_parked,
     "itii",
     "itii",
     {"desk_parked_delete",
      DELETE("parked", "$1::int8[], $2::text[], $3::int8[], $4::int8[]", "a, u, due, id",
             "app_no = t.a AND " USER " = t.u AND due_at_ms = t.due AND message_id = t.id")},
     {"desk_parked_insert",
      "INSERT INTO parked (app_no, " USER ", due_at_ms, message_id) SELECT * FROM "
      "unnest($1::int8[], $2::text[], $3::int8[], $4::int8[])"}},
    {is_waiting,
     always,
     put_waiting,
     "iti",
     "iti",
     {"desk_waiting_delete", DELETE("waiting", "$1::int8[], $2::text[], $3::int8[]", "a, u, id",
                                    "app_no = t.a AND " USER " = t.u AND message_id = t.id")},
     {"desk_waiting_insert", "INSERT INTO waiting (app_no, " USER ", message_id) SELECT * FROM "
                             "unnest($1::int8[], $2::text[], $3::int8[])"}},
    {is_sending,
     same_sending,
     put_sending,
     "iti",
     "itiii",
     {"desk_sending_delete", DELETE("sending", "$1::int8[], $2::text[], $3::int8[]", "a, u, id",
                                    "app_no = t.a AND " USER " = t.u AND message_id = t.id")},
     {"desk_sending_insert",
      "INSERT INTO sending (app_no, " USER ", message_id, node, lease_until_ms) SELECT * "
      "FROM unnest($1::int8[], $2::text[], $3::int8[], $4::int8[], $5::int8[])"}},
    {may_expire,
     same_expiry,
     put_expiry,
     "ii",
     "ii",
     {"desk_expiry_delete", DELETE("expiry", "$1::int8[], $2::int8[]", "at, id",
                                   "expires_at_ms = t.at AND message_id = t.id")},
     {"desk_expiry_insert", "INSERT INTO expiry (expires_at_ms, message_id) SELECT * FROM "
                            "unnest($1::int8[], $2::int8[])"}},
    {is_held,
     always,
     put_held,
     "ii",
     "ii",
     {"desk_held_delete", DELETE("held", "$1::int8[], $2::int8[]", "b, id",
                                 "broadcast_id = t.b AND message_id = t.id")},
     {"desk_held_insert", "INSERT INTO held (broadcast_id, message_id) SELECT * FROM "
                          "unnest($1::int8[], $2::int8[])"}},
    {is_dead,
     always,
     put_dead,
     "ii",
     "ii",
     {"desk_dead_delete",
      DELETE("dead", "$1::int8[], $2::int8[]", "a, id", "app_no = t.a AND message_id = t.id")},
     {"desk_dead_insert", "INSERT INTO dead (app_no, message_id) SELECT * FROM "
                          "unnest($1::int8[], $2::int8[])"}},
};

enum { LISTS = sizeof lists / sizeof *lists };

/* --- what differs ----------------------------------------------------------------------------- */

/* True when its row of before (of now) goes (comes). */
static bool differs(const struct list *l, const struct hy_desk_change *c, bool goes)
{
    bool was = c->before && l->has(c->before);
    bool is = l->has(&c->now);

    return (goes ? was : is) && !(was && is && l->same(c->before, &c->now));
}

static void write_list(struct hy_pg *pg, const struct list *l, const struct hy_desk_change *changes,
                       size_t count, bool goes)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t rows = 0;

    hy_pg_columns_begin(args, goes ? l->key_types : l->types);
    for (size_t i = 0; i < count; i++)
        if (differs(l, &changes[i], goes)) {
            l->put(args, goes ? changes[i].before : &changes[i].now, goes);
            rows++;
        }
    hy_pg_columns_end(args);
    if (rows > 0)
        hy_pg_queue(pg->link, goes ? &l->delete : &l->insert, NULL, NULL);
}

/* Whose lane has something new: its holder is to know. */
static void tell_due(struct hy_pg *pg, const struct hy_desk_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (differs(&lists[0], &changes[i], false))
            hy_pg_tell_due(pg, changes[i].now.m.app_no, changes[i].now.m.due_at_ms);
}

/* First all that go: the next one of a user may be sending in the same transaction. */
void hy_desk_write_lists(struct hy_pg *pg, const struct hy_desk_change *changes, size_t count)
{
    for (size_t i = 0; i < LISTS; i++)
        write_list(pg, &lists[i], changes, count, true);
    for (size_t i = 0; i < LISTS; i++)
        write_list(pg, &lists[i], changes, count, false);
    tell_due(pg, changes, count);
}

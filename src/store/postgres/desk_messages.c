/* Messages on the desk: how they come there. What is written back: desk_lists.c, desk_rows.c. */
#include "store/postgres/desk_messages.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { PARKED_FIRST = 2, PARKED_PIECE = 32, PARKED_PIECE_MAX = 1024 };

/* --- images ----------------------------------------------------------------------------------- */

/* Who claimed it: as stored, unless it is claimed anew. */
static int64_t node_of(const struct hy_pg *pg, const struct hy_mem_message *m)
{
    const struct hy_desk_image *before = (const struct hy_desk_image *)m->stored;
    bool same = before && before->m.state == HY_MESSAGE_SENDING &&
                before->lease_until_ms == m->lease_until_ms &&
                before->m.attempt_count == m->m.attempt_count;

    return same ? before->node : pg->node;
}

struct hy_desk_image hy_desk_image(const struct hy_pg *pg, const struct hy_mem_message *m)
{
    struct hy_desk_image image = {
        .m = m->m, .parked = m->parked, .held = m->held, .holds = m->grant != NULL};

    image.m.user = m->user->name;
    if (m->m.state == HY_MESSAGE_SENDING) {
        image.node = node_of(pg, m);
        image.lease_until_ms = m->lease_until_ms;
    }
    return image;
}

void hy_desk_image_keep(struct hy_pg *pg, struct hy_mem_message *m)
{
    struct hy_desk_image image = hy_desk_image(pg, m);

    image.m.reason = hy_desk_text(pg, image.m.reason);
    if (!m->stored)
        m->stored = hy_desk_alloc(pg, sizeof image);
    *(struct hy_desk_image *)m->stored = image;
}

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * "OFFSET 0" keeps a subquery what it is, so that the arrays always lead and each of their rows is looked up in
 * an index. Lists are often empty; a plan that was made then would read the whole list for each row.
 *
 * In the order of ids, as they lie on the desk. Sending by the primary key, for a user has only one. Whether a message is parked, says that list.
 */
#define LOADED                                                                                     \
    "SELECT " HY_PG_MESSAGE_COLUMNS                                                                \
    ", holds, node, lease_until_ms, is_parked FROM (SELECT m.*, s.node, "                          \
    "s.lease_until_ms, CASE WHEN m.due_at_ms > 0 AND m.state IN (0, 1, 6) THEN EXISTS (SELECT "    \
    "FROM parked "                                                                                 \
    "p WHERE p.app_no = m.app_no AND p.\"user\" = m.\"user\" AND p.due_at_ms = m.due_at_ms AND "   \
    "p.message_id = m.id) ELSE false END AS is_parked FROM (SELECT id FROM w ORDER BY id) AS "     \
    "w CROSS JOIN LATERAL (SELECT * FROM message WHERE "                                           \
    "id = w.id OFFSET 0) AS m LEFT JOIN LATERAL (SELECT node, lease_until_ms FROM sending WHERE "  \
    "app_no = "                                                                                    \
    "CASE WHEN m.state = 2 THEN m.app_no END AND \"user\" = m.\"user\" OFFSET 0) AS s ON true) "   \
    "AS x"

static const struct hy_pg_sql by_id = {"desk_messages_by_id",
                                       "WITH w AS (SELECT unnest($1::int8[]) AS id) " LOADED};

/* Of each user on the desk. */
#define LIST(name, rest)                                                                           \
    "SELECT l.message_id FROM u CROSS JOIN LATERAL (SELECT message_id FROM " name                  \
    " WHERE app_no = u.app_no AND \"user\" = u.name " rest ") AS l"

static const struct hy_pg_sql of_users = {
    "desk_messages_of_users",
    "WITH u AS MATERIALIZED (SELECT * FROM unnest($1::int8[], $2::text[]) AS t (app_no, name)), w "
    "AS "
    "(SELECT unnest($3::int8[]) AS id UNION " LIST("sending", "OFFSET 0") " UNION " LIST(
        "waiting",
        "OFFSET 0") " UNION " LIST("awaiting",
                                   "OFFSET 0") " UNION " LIST("parked",
                                                              "ORDER BY due_at_ms, "
                                                              "message_id LIMIT 2") ") " LOADED};

static const struct hy_pg_sql taken = {"desk_ids_taken",
                                       "SELECT m.id, m.app_no, m.\"user\" FROM unnest($1::int8[]) "
                                       "AS w (id) CROSS JOIN LATERAL (SELECT id, app_no, "
                                       "\"user\" FROM message WHERE id = w.id OFFSET 0) AS m"};

static struct hy_mem_grant *grant_by_id(const struct hy_backend *b, int64_t id)
{
    struct hy_mem_grant wanted = {.g = {.id = id}};
    size_t at = hy_vector_place(&b->grants, &wanted, hy_mem_grant_by_id);
    struct hy_mem_grant *found =
        at < b->grants.count ? (struct hy_mem_grant *)b->grants.items[at] : NULL;

    return found && found->g.id == id ? found : NULL;
}

static void read_one(struct hy_pg *pg, const struct hy_pg_rows *rows)
{
    struct hy_backend *b = &pg->desk;
    struct hy_vector *becomes_due = b->becomes_due;
    struct hy_message read;
    struct hy_mem_message *m;
    int at = HY_PG_MESSAGE_COLUMN_COUNT;

    if (hy_mem_message(b, hy_pg_int(rows, 0)))
        return;
    hy_pg_peek_message(rows, 0, &read);
    m = hy_mem_message_keep(b, &read);
    if (hy_pg_int(rows, at))
        m->grant = grant_by_id(b, read.grant_id);
    m->held = read.state == HY_MESSAGE_QUEUED && read.due_at_ms == 0;
    m->lease_until_ms = hy_pg_int(rows, at + 2);
    m->parked = hy_pg_int(rows, at + 3) != 0;
    b->becomes_due = NULL; /* it was due before the claim under way */
    hy_mem_place(b, m);
    b->becomes_due = becomes_due;
    hy_desk_image_keep(pg, m);
    ((struct hy_desk_image *)m->stored)->node = hy_pg_int(rows, at + 1);
}

static int read_messages(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        read_one((struct hy_pg *)arg, rows);
    return 0;
}

static int by_due(const void *a, const void *b)
{
    const struct hy_message *ma = &((const struct hy_mem_message *)a)->m;
    const struct hy_message *mb = &((const struct hy_mem_message *)b)->m;

    if (ma->due_at_ms != mb->due_at_ms)
        return ma->due_at_ms < mb->due_at_ms ? -1 : 1;
    return ma->id < mb->id ? -1 : ma->id > mb->id;
}

/* The first ones of the list are here, perhaps others besides. */
static void note_first(struct hy_desk_user *user)
{
    const struct hy_heap *parked = &user->user->parked;
    struct hy_vector sorted = {0};
    const struct hy_mem_message *last;

    user->parked_piece = PARKED_PIECE;
    user->parked_all = parked->items.count < PARKED_FIRST;
    if (user->parked_all)
        return;
    for (size_t i = 0; i < parked->items.count; i++)
        hy_vector_push(&sorted, parked->items.items[i]);
    hy_vector_sort(&sorted, by_due);
    last = (const struct hy_mem_message *)sorted.items[PARKED_FIRST - 1];
    user->parked_due_ms = last->m.due_at_ms;
    user->parked_id = last->m.id;
    hy_vector_deinit(&sorted);
}

struct lists_reading {
    struct hy_pg *pg;
    const struct hy_desk_wants *wants; /* until the round is over */
};

static int read_lists(struct hy_pg_rows *rows, void *arg)
{
    const struct lists_reading *r = (const struct lists_reading *)arg;

    read_messages(rows, r->pg);
    for (size_t i = 0; i < r->wants->users.count; i++) {
        struct hy_desk_user *user = (struct hy_desk_user *)r->wants->users.items[i];

        if (user->loading & HY_DESK_LISTS)
            note_first(user);
    }
    return 0;
}

/* An id that was thought to be new: its message, so that the verb sees it. */
static int read_taken(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        hy_desk_want_message_of((struct hy_pg *)arg, hy_pg_int(rows, 0), hy_pg_int(rows, 1),
                                hy_pg_text(rows, 2), HY_DESK_BARE, false);
    return 0;
}

/* --- more parked ones ------------------------------------------------------------------------- */

static const struct hy_pg_sql next_parked = {
    "desk_next_parked",
    "SELECT message_id, due_at_ms FROM parked WHERE app_no = $1 AND \"user\" = $2 AND "
    "(due_at_ms, message_id) > ($3, $4) ORDER BY due_at_ms, message_id LIMIT $5"};

struct parked_reading {
    struct hy_pg *pg;
    struct hy_desk_user *user;
};

static int read_parked(struct hy_pg_rows *rows, void *arg)
{
    const struct parked_reading *r = (const struct parked_reading *)arg;
    struct hy_desk_user *user = r->user;

    user->parked_all = rows->count < user->parked_piece;
    while (hy_pg_next(rows)) {
        user->parked_id = hy_pg_int(rows, 0);
        user->parked_due_ms = hy_pg_int(rows, 1);
        hy_desk_want_message_of(r->pg, user->parked_id, user->user->app_no, user->user->name,
                                HY_DESK_BARE, false);
    }
    return 0;
}

static int load_parked(struct hy_pg *pg, struct hy_desk_user *user)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct parked_reading reading = {pg, user};
    int err;

    hy_pg_put_int(args, user->user->app_no);
    hy_pg_put_text(args, user->user->name);
    hy_pg_put_int(args, user->parked_due_ms);
    hy_pg_put_int(args, user->parked_id);
    hy_pg_put_int(args, user->parked_piece);
    hy_pg_queue(pg->link, &next_parked, read_parked, &reading);
    err = hy_pg_drain(pg->link);
    if (user->parked_piece < PARKED_PIECE_MAX)
        user->parked_piece *= 2;
    return err < 0 ? err : hy_desk_fetch(pg);
}

/* Whether the first one here is the first one there is. */
static bool knows_first(const struct hy_desk_user *user)
{
    const struct hy_mem_message *first =
        (const struct hy_mem_message *)hy_heap_first(&user->user->parked);

    if (user->parked_all || !first)
        return user->parked_all;
    if (first->m.due_at_ms != user->parked_due_ms)
        return first->m.due_at_ms < user->parked_due_ms;
    return first->m.id <= user->parked_id;
}

void hy_desk_parked(struct hy_backend *b, struct hy_mem_user *user)
{
    struct hy_pg *pg = hy_pg(b);
    struct hy_desk_user *mine = (struct hy_desk_user *)user->desk;
    int err = mine ? 0 : HY_E_CORRUPT; /* a verb that moves messages of a user it didn't want */

    if (mine && !(mine->there & HY_DESK_LISTS)) {
        hy_desk_want_user(pg, user->app_no, user->name, 0);
        err = hy_desk_fetch(pg);
    }
    while (err == 0 && !knows_first(mine))
        err = load_parked(pg, mine);
    if (err < 0)
        hy_desk_fail(pg, err);
}

/* --- the kind --------------------------------------------------------------------------------- */

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    if (hy_desk_put_users(args, wants, HY_DESK_LISTS) > 0) {
        struct lists_reading *reading = (struct lists_reading *)hy_desk_alloc(pg, sizeof *reading);

        *reading = (struct lists_reading){pg, wants};
        hy_desk_put_ids(args, &wants->messages);
        hy_pg_queue(pg->link, &of_users, read_lists, reading);
    } else if (wants->messages.count > 0) {
        args = hy_pg_args(pg->link);
        hy_desk_put_ids(args, &wants->messages);
        hy_pg_queue(pg->link, &by_id, read_messages, pg);
    }
    if (wants->fresh.count > 0) {
        hy_desk_put_ids(hy_pg_args(pg->link), &wants->fresh);
        hy_pg_queue(pg->link, &taken, read_taken, pg);
    }
}

static void flush(struct hy_pg *pg)
{
    hy_desk_write_messages(pg);
}

const struct hy_desk_kind hy_desk_messages = {.name = "messages", .load = load, .flush = flush};

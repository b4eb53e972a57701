/*
 * The verb message_list: down an index from the newest, a bounded number of rows a call.
 *
 * Which way leads to what is asked for: a user's messages, a broadcast's, an app's failed ones, an app's, or
 * all. What the way does not choose is looked at row by row.
 */
#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"

/* How much one call may look at: the reader's thread belongs to nobody for long. */
#define LOOKS "20000"

/* $1 below which id; $2 to $4 of the way; the others are what is looked at. */
#define FILTER                                                                                     \
    "($5::bigint < 0 OR state = $5) AND ($6::text IS NULL OR template_id = $6) AND "               \
    "($7::text IS NULL OR tag = $7) AND ($8::text IS NULL OR starts_with(reason, $8)) AND "        \
    "($2::bigint = 0 OR app_no = $2) AND ($3::text IS NULL OR \"user\" = $3) AND "                 \
    "($4::bigint = 0 OR broadcast_id = $4) ORDER BY id DESC LIMIT $9"

#define LIST(from)                                                                                 \
    "SELECT " HY_PG_MESSAGE_COLUMNS " FROM (SELECT " HY_PG_MESSAGE_COLUMNS " FROM " from           \
    " ORDER BY id DESC LIMIT " LOOKS ") AS looked_at WHERE " FILTER
/* Where a call ended that looked at all it may. */
#define END(from) "SELECT id FROM " from " ORDER BY id DESC OFFSET " LOOKS " - 1 LIMIT 1"

#define ALL       "message WHERE id < $1"
#define APP       "message WHERE app_no = $2 AND id < $1"
#define USER      "message WHERE app_no = $2 AND \"user\" = $3 AND id < $1"
#define BROADCAST "message WHERE broadcast_id = $4 AND broadcast_id > 0 AND id < $1"
/* From tables that hold nothing else. Few are in sending. */
#define DEAD_IDS    "dead WHERE app_no = $2 AND message_id < $1 ORDER BY message_id DESC LIMIT " LOOKS
#define SENDING_IDS "sending WHERE app_no = $2 AND message_id < $1"
/* One by one (OFFSET 0): merged with all messages, it would walk those between two dead ones, too. */
#define OF_IDS(ids)                                                                                \
    "(SELECT m.* FROM (SELECT message_id FROM " ids ") AS ids CROSS JOIN LATERAL "                 \
    "(SELECT * FROM message WHERE id = ids.message_id OFFSET 0) AS m ORDER BY ids.message_id "     \
    "DESC) AS named"
#define ID_OF(ids) "(SELECT message_id AS id FROM " ids ") AS named"

enum way { BY_ALL, BY_APP, BY_USER, BY_BROADCAST, BY_DEAD, BY_SENDING, WAYS };

static const struct {
    struct hy_pg_sql list, end;
} ways[WAYS] = {
    [BY_ALL] = {{"list_all", LIST(ALL)}, {"list_all_end", END(ALL)}},
    [BY_APP] = {{"list_app", LIST(APP)}, {"list_app_end", END(APP)}},
    [BY_USER] = {{"list_user", LIST(USER)}, {"list_user_end", END(USER)}},
    [BY_BROADCAST] = {{"list_broadcast", LIST(BROADCAST)}, {"list_broadcast_end", END(BROADCAST)}},
    [BY_DEAD] = {{"list_dead", LIST(OF_IDS(DEAD_IDS))}, {"list_dead_end", END(ID_OF(DEAD_IDS))}},
    [BY_SENDING] = {{"list_sending", LIST(OF_IDS(SENDING_IDS))},
                    {"list_sending_end", END(ID_OF(SENDING_IDS))}},
};

static enum way choose(const struct hy_message_list *v)
{
    if (v->app_no > 0 && v->user)
        return BY_USER;
    if (v->broadcast_id > 0)
        return BY_BROADCAST;
    if (v->app_no > 0 && v->state == HY_MESSAGE_FAILED)
        return BY_DEAD;
    if (v->app_no > 0 && v->state == HY_MESSAGE_SENDING)
        return BY_SENDING;
    return v->app_no > 0 ? BY_APP : BY_ALL;
}

/* Every way is an index that has the right order; where the planner thinks that few rows are found it would
 * rather fetch all of them and sort, and it cannot know how many there are of a broadcast in each week. */
static void go_by_index(struct hy_pg *pg)
{
    static const struct hy_pg_sql sql = {
        "list_by_index",
        "SELECT set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true), "
        "set_config('enable_bitmapscan', 'off', true)"};

    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &sql, NULL, NULL);
}

static struct hy_pg_args *put_way(struct hy_pg *pg, const struct hy_message_list *v)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, v->before_id > 0 ? v->before_id : INT64_MAX);
    hy_pg_put_int(args, v->app_no);
    hy_pg_put_text(args, v->user);
    hy_pg_put_int(args, v->broadcast_id);
    return args;
}

static void read_message(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    hy_pg_read_message(rows, 0, arena, (struct hy_message *)item);
}

/* One more than the limit is asked for, to know whether there is more. */
static int list(struct hy_pg *pg, struct hy_message_list *v, enum way way)
{
    struct hy_pg_args *args = put_way(pg, v);

    hy_pg_put_int(args, v->state);
    hy_pg_put_text(args, v->template_id);
    hy_pg_put_text(args, v->tag);
    hy_pg_put_text(args, v->reason);
    hy_pg_put_int(args, (int64_t)v->limit + 1);
    return hy_pg_list(pg->link, &ways[way].list, v->arena, read_message, sizeof *v->messages,
                      &v->messages, &v->count);
}

static int find_end(struct hy_pg *pg, struct hy_message_list *v, enum way way)
{
    int r;

    put_way(pg, v);
    r = hy_pg_ask(pg->link, &ways[way].end, &v->next_before_id);
    return r == HY_E_NOT_FOUND ? 0 : r;
}

int hy_pg_message_list(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_message_list *v = (struct hy_message_list *)op;
    enum way way = choose(v);
    int r;

    v->next_before_id = 0;
    hy_pg_snapshot(pg->link);
    go_by_index(pg);
    r = list(pg, v, way);
    if (r == 0 && v->count > v->limit) {
        v->count = v->limit;
        v->next_before_id = v->messages[v->limit - 1].id;
    } else if (r == 0) {
        r = find_end(pg, v, way);
    }
    v->more = v->next_before_id > 0;
    return hy_pg_snapshot_end(pg->link, r);
}

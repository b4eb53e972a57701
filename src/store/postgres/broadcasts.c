/* Broadcasts as rows: store/broadcasts.h. What moves one and feeds it is in move.c and feed.c. */
#include "store/postgres/broadcasts.h"

#include "base/err.h"

#include <string.h>

#define COLUMNS                                                                                    \
    "id, app_no, state, winding_up, collected, total, fed, duplicates, rate_per_s, send_at_ms, "   \
    "created_at_ms, started_at_ms, ended_at_ms, reach, collect_from, reason, name, "               \
    "schedule_name, template_kind, urgent, policy, on_missing, expires_at_ms, template_id, data, " \
    "page, emphasis, miniprogram_state, lang, tag, extra"
enum { MESSAGE_COLUMN = 18, AFTER_COLUMNS = 31 };

/* Sums over the nodes, a column for each state. */
#define COUNT_OF(state) "coalesce(sum(number) FILTER (WHERE state = " #state "), 0)::int8"
#define COUNTS                                                                                     \
    COUNT_OF(0)                                                                                    \
    ", " COUNT_OF(1) ", " COUNT_OF(2) ", " COUNT_OF(3) ", " COUNT_OF(4) ", " COUNT_OF(             \
        5) ", " COUNT_OF(6) ", " COUNT_OF(7) ", " COUNT_OF(8)
_Static_assert(HY_MESSAGE_STATES == 9, "COUNTS has a column for each state");

/* --- rows --------------------------------------------------------------------------------------- */

static void read_message(const struct hy_pg_rows *rows, struct hy_arena *arena,
                         struct hy_message *m)
{
    static const size_t texts[] = {offsetof(struct hy_message, template_id),
                                   offsetof(struct hy_message, data),
                                   offsetof(struct hy_message, page),
                                   offsetof(struct hy_message, emphasis),
                                   offsetof(struct hy_message, miniprogram_state),
                                   offsetof(struct hy_message, lang),
                                   offsetof(struct hy_message, tag),
                                   offsetof(struct hy_message, extra)};
    int c = MESSAGE_COLUMN;

    m->template_kind = (enum hy_template_kind)hy_pg_int(rows, c++);
    m->urgent = hy_pg_int(rows, c++) != 0;
    m->policy = (enum hy_policy)hy_pg_int(rows, c++);
    m->on_missing = (enum hy_on_missing)hy_pg_int(rows, c++);
    m->expires_at_ms = hy_pg_int(rows, c++);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *(const char **)(void *)((char *)m + texts[i]) = hy_pg_copy(rows, c++, arena);
}

static void read_broadcast(const struct hy_pg_rows *rows, struct hy_arena *arena,
                           struct hy_broadcast *ret_b)
{
    *ret_b = (struct hy_broadcast){.id = hy_pg_int(rows, 0),
                                   .app_no = hy_pg_int(rows, 1),
                                   .state = (enum hy_broadcast_state)hy_pg_int(rows, 2),
                                   .winding_up = hy_pg_int(rows, 3) != 0,
                                   .collected = hy_pg_int(rows, 4) != 0,
                                   .total = hy_pg_int(rows, 5),
                                   .fed = hy_pg_int(rows, 6),
                                   .duplicates = hy_pg_int(rows, 7),
                                   .rate_per_s = hy_pg_int(rows, 8),
                                   .send_at_ms = hy_pg_int(rows, 9),
                                   .created_at_ms = hy_pg_int(rows, 10),
                                   .started_at_ms = hy_pg_int(rows, 11),
                                   .ended_at_ms = hy_pg_int(rows, 12),
                                   .reach = hy_pg_int(rows, 13) != 0,
                                   .collect_from = hy_pg_copy(rows, 14, arena),
                                   .reason = hy_pg_copy(rows, 15, arena),
                                   .name = hy_pg_copy(rows, 16, arena),
                                   .schedule_name = hy_pg_copy(rows, 17, arena)};
    read_message(rows, arena, &ret_b->message);
}

static void read_counts(const struct hy_pg_rows *rows, int column, struct hy_broadcast *b)
{
    for (int state = 0; state < HY_MESSAGE_STATES; state++)
        b->messages[state] = hy_pg_int(rows, column + state);
}

static int read_row(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg_broadcast *row = (struct hy_pg_broadcast *)arg;

    if (!hy_pg_next(rows))
        return 0;
    read_broadcast(rows, row->arena, &row->b);
    row->fed_to = hy_pg_copy(rows, AFTER_COLUMNS, row->arena);
    row->wound_to = hy_pg_int(rows, AFTER_COLUMNS + 1);
    return 0;
}

void hy_pg_queue_broadcast(struct hy_pg *pg, int64_t id, struct hy_pg_broadcast *ret_row)
{
    static const struct hy_pg_sql lock = {
        "broadcast_lock",
        "SELECT " COLUMNS
        ", coalesce(fed_to, ''), wound_to FROM broadcast WHERE id = $1 FOR UPDATE"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    *ret_row = (struct hy_pg_broadcast){.arena = &pg->scratch};
    hy_pg_put_int(args, id);
    hy_pg_queue(pg->link, &lock, read_row, ret_row);
}

int hy_pg_broadcast_lock(struct hy_pg *pg, int64_t id, struct hy_pg_broadcast *ret_row)
{
    int r;

    hy_pg_queue_broadcast(pg, id, ret_row);
    r = hy_pg_drain(pg->link);
    return r == 0 && ret_row->b.id == 0 ? HY_E_NOT_FOUND : r;
}

void hy_pg_queue_broadcast_save(struct hy_pg *pg, const struct hy_pg_broadcast *row)
{
    static const struct hy_pg_sql save = {
        "broadcast_save",
        "UPDATE broadcast SET state = $2, winding_up = $3 <> 0, collected = $4 <> 0, "
        "started_at_ms = $5, ended_at_ms = $6, reason = $7, fed = $8, fed_to = $9, wound_to = $10 "
        "WHERE id = $1"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    const struct hy_broadcast *b = &row->b;

    hy_pg_put_int(args, b->id);
    hy_pg_put_int(args, b->state);
    hy_pg_put_int(args, b->winding_up);
    hy_pg_put_int(args, b->collected);
    hy_pg_put_int(args, b->started_at_ms);
    hy_pg_put_int(args, b->ended_at_ms);
    hy_pg_put_text(args, b->reason);
    hy_pg_put_int(args, b->fed);
    hy_pg_put_text(args, row->fed_to);
    hy_pg_put_int(args, row->wound_to);
    hy_pg_queue(pg->link, &save, NULL, NULL);
}

int hy_pg_broadcast_count(struct hy_pg *pg, struct hy_broadcast *b)
{
    static const struct hy_pg_sql count = {
        "broadcast_count", "SELECT " COUNTS " FROM broadcast_tally WHERE broadcast_id = $1"};
    struct hy_pg_rows rows;
    int r = hy_desk_put_away(pg);

    if (r < 0)
        return r;
    hy_pg_put_int(hy_pg_args(pg->link), b->id);
    r = hy_pg_run(pg->link, &count, &rows);
    if (r == 0 && hy_pg_next(&rows))
        read_counts(&rows, 0, b);
    hy_pg_rows_free(&rows);
    return r;
}

/* --- on the desk -------------------------------------------------------------------------------- */

struct hy_mem_broadcast *hy_pg_broadcast_place(struct hy_pg *pg, const struct hy_broadcast *b)
{
    struct hy_mem_broadcast *placed = (struct hy_mem_broadcast *)hy_mem_alloc(sizeof *placed);

    placed->b = *b;
    hy_mem_message_own(&placed->b.message);
    placed->b.name = hy_mem_text(b->name);
    placed->b.schedule_name = hy_mem_text(b->schedule_name);
    placed->b.reason = hy_mem_text(b->reason);
    placed->b.collect_from = hy_mem_text(b->collect_from);
    hy_vector_push(&pg->desk.broadcasts, placed); /* the only one */
    return placed;
}

void hy_pg_broadcast_leave(struct hy_pg *pg, struct hy_mem_broadcast *broadcast)
{
    for (size_t i = pg->desk.broadcasts.count; i > 0; i--)
        if (pg->desk.broadcasts.items[i - 1] == broadcast)
            hy_vector_remove(&pg->desk.broadcasts, i - 1);
    hy_mem_broadcast_free(broadcast);
}

/* --- put ---------------------------------------------------------------------------------------- */

static void put_message(struct hy_pg_args *args, const struct hy_message *m)
{
    hy_pg_put_int(args, m->template_kind);
    hy_pg_put_int(args, m->urgent);
    hy_pg_put_int(args, m->policy);
    hy_pg_put_int(args, m->on_missing);
    hy_pg_put_int(args, m->expires_at_ms);
    hy_pg_put_text(args, m->template_id);
    hy_pg_put_text(args, m->data);
    hy_pg_put_text(args, m->page);
    hy_pg_put_text(args, m->emphasis);
    hy_pg_put_text(args, m->miniprogram_state);
    hy_pg_put_text(args, m->lang);
    hy_pg_put_text(args, m->tag);
    hy_pg_put_text(args, m->extra);
}

static int insert(struct hy_pg *pg, struct hy_broadcast_make *make)
{
    static const struct hy_pg_sql insert = {
        "broadcast_insert",
        "INSERT INTO broadcast (app_no, state, winding_up, collected, total, fed, duplicates, "
        "rate_per_s, send_at_ms, created_at_ms, started_at_ms, ended_at_ms, reach, name, "
        "schedule_name, template_kind, urgent, policy, on_missing, expires_at_ms, template_id, "
        "data, "
        "page, emphasis, miniprogram_state, lang, tag, extra, key, body) "
        "VALUES ($1, $2, false, $3 <> 0, 0, 0, 0, $4, $5, $6, $7, 0, $8 <> 0, $9, $10, $11, "
        "$12 <> 0, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25) RETURNING id"};
    struct hy_pg_args *args = hy_pg_args(pg->link);
    const struct hy_broadcast *b = &make->broadcast;
    bool runs = b->state == HY_BROADCAST_RUNNING;
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, b->app_no);
    hy_pg_put_int(args, b->state);
    hy_pg_put_int(args, runs && !b->reach);
    hy_pg_put_int(args, b->rate_per_s);
    hy_pg_put_int(args, b->send_at_ms);
    hy_pg_put_int(args, b->created_at_ms);
    hy_pg_put_int(args, runs ? b->started_at_ms : 0);
    hy_pg_put_int(args, b->reach);
    hy_pg_put_text(args, b->name);
    hy_pg_put_text(args, b->schedule_name);
    put_message(args, &b->message);
    hy_pg_put_bytes(args, make->key, make->key ? HY_FINGERPRINT_BYTES : 0);
    hy_pg_put_bytes(args, make->key ? make->body : NULL, make->key ? HY_FINGERPRINT_BYTES : 0);
    r = hy_pg_run(pg->link, &insert, &rows);
    if (r == 0 && hy_pg_next(&rows))
        make->broadcast.id = hy_pg_int(&rows, 0);
    hy_pg_rows_free(&rows);
    return r;
}

/* 1 when the key was used: then it is answered. */
static int answer_again(struct hy_pg *pg, struct hy_broadcast_make *make)
{
    static const struct hy_pg_sql by_key = {"broadcast_by_key",
                                            "SELECT id, state, body FROM broadcast WHERE key = $1"};
    struct hy_pg_rows rows;
    const void *body;
    size_t size;
    int r;

    hy_pg_put_bytes(hy_pg_args(pg->link), make->key, HY_FINGERPRINT_BYTES);
    r = hy_pg_run(pg->link, &by_key, &rows);
    if (r == 0 && hy_pg_next(&rows)) {
        r = 1;
        body = hy_pg_bytes(&rows, 2, &size);
        make->admission = HY_ADMIT_CONFLICT;
        if (size == HY_FINGERPRINT_BYTES && memcmp(body, make->body, size) == 0) {
            make->admission = HY_ADMITTED_BEFORE;
            make->broadcast.id = hy_pg_int(&rows, 0);
            make->broadcast.state = (enum hy_broadcast_state)hy_pg_int(&rows, 1);
        }
    }
    hy_pg_rows_free(&rows);
    return r;
}

int hy_pg_broadcast_make(struct hy_pg *pg, struct hy_broadcast_make *make)
{
    int r = make->key ? answer_again(pg, make) : 0;

    make->added = make->duplicates = 0;
    if (r != 0)
        return r < 0 ? r : 0;
    make->admission = HY_ADMITTED;
    r = insert(pg, make);
    if (r == 0 && make->count > 0) {
        hy_pg_queue_audience(pg, make->broadcast.id, make->items, make->count, &make->added);
        r = hy_pg_drain(pg->link);
        make->duplicates = make->count - make->added;
    }
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_BROADCASTS, make->broadcast.app_no);
    return r;
}

int hy_pg_broadcast_put(struct hy_backend *backend, struct hy_op *op)
{
    return hy_pg_broadcast_make(hy_pg(backend), &((struct hy_broadcast_put *)op)->make);
}

/* --- change ------------------------------------------------------------------------------------- */

static void queue_change(struct hy_pg *pg, const struct hy_broadcast *b)
{
    static const struct hy_pg_sql change = {
        "broadcast_change",
        "UPDATE broadcast SET name = $2, rate_per_s = $3, send_at_ms = $4, template_kind = $5, "
        "urgent = $6 <> 0, policy = $7, on_missing = $8, expires_at_ms = $9, template_id = $10, "
        "data = $11, page = $12, emphasis = $13, miniprogram_state = $14, lang = $15, tag = $16, "
        "extra = $17 WHERE id = $1"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, b->id);
    hy_pg_put_text(args, b->name);
    hy_pg_put_int(args, b->rate_per_s);
    hy_pg_put_int(args, b->send_at_ms);
    put_message(args, &b->message);
    hy_pg_queue(pg->link, &change, NULL, NULL);
}

int hy_pg_broadcast_change(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    int64_t id = ((const struct hy_broadcast_change *)op)->broadcast.id;
    struct hy_mem_broadcast *placed;
    struct hy_pg_broadcast row;
    int r = hy_pg_broadcast_lock(pg, id, &row);

    if (r < 0)
        return r;
    placed = hy_pg_broadcast_place(pg, &row.b);
    r = hy_mem_broadcast_change(&pg->desk, op);
    if (r == 0) {
        queue_change(pg, &placed->b);
        hy_pg_tell_news(pg, HY_NEWS_BROADCASTS, row.b.app_no);
    }
    hy_pg_broadcast_leave(pg, placed);
    return r < 0 ? r : hy_pg_drain(pg->link);
}

/* --- list --------------------------------------------------------------------------------------- */

#define LIST(filter)                                                                               \
    "SELECT " COLUMNS ", t.* FROM broadcast b CROSS JOIN LATERAL (SELECT " COUNTS                  \
    " FROM broadcast_tally WHERE broadcast_id = b.id) t WHERE " filter " ORDER BY id DESC LIMIT "
#define BEFORE "id < $1 AND ($2 = 0 OR app_no = $2)"

static const struct hy_pg_sql *list_of(const struct hy_broadcasts *v)
{
    static const struct hy_pg_sql one = {"broadcast_get", LIST("id = $1") "1"};
    static const struct hy_pg_sql all = {"broadcasts", LIST(BEFORE) "$3"};
    static const struct hy_pg_sql unfinished = {
        "broadcasts_unfinished", LIST("(state BETWEEN 1 AND 3 OR winding_up) AND " BEFORE) "$3"};

    return v->id > 0 ? &one : v->unfinished ? &unfinished : &all;
}

int hy_pg_broadcasts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_broadcasts *v = (struct hy_broadcasts *)op;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    struct hy_pg_rows rows;
    int r;

    hy_pg_put_int(args, v->id > 0 ? v->id : v->before_id > 0 ? v->before_id : INT64_MAX);
    if (v->id == 0) {
        hy_pg_put_int(args, v->app_no);
        hy_pg_put_int(args, (int64_t)v->limit + 1);
    }
    r = hy_pg_run(pg->link, list_of(v), &rows);
    v->more = r == 0 && (size_t)rows.count > v->limit;
    v->count = r < 0 ? 0 : v->more ? v->limit : (size_t)rows.count;
    v->broadcasts =
        (struct hy_broadcast *)hy_mem_copy_array(v->arena, v->count, sizeof *v->broadcasts);
    for (size_t i = 0; i < v->count && hy_pg_next(&rows); i++) {
        read_broadcast(&rows, v->arena, &v->broadcasts[i]);
        read_counts(&rows, AFTER_COLUMNS, &v->broadcasts[i]);
    }
    hy_pg_rows_free(&rows);
    return r;
}

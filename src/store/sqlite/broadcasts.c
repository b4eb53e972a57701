#include "store/sqlite/broadcasts.h"

#include "base/err.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"

#include <string.h>

/* --- rows ------------------------------------------------------------------------------------- */

static void read_message(struct hy_query *q, struct hy_arena *arena, struct hy_message *m)
{
    m->template_kind = (enum hy_template_kind)hy_get_int(q);
    m->urgent = hy_get_int(q) != 0;
    m->policy = (enum hy_policy)hy_get_int(q);
    m->on_missing = (enum hy_on_missing)hy_get_int(q);
    m->expires_at_ms = hy_get_int(q);
    m->template_id = hy_get_text(q, arena);
    m->data = hy_get_text(q, arena);
    m->page = hy_get_text(q, arena);
    m->emphasis = hy_get_text(q, arena);
    m->miniprogram_state = hy_get_text(q, arena);
    m->lang = hy_get_text(q, arena);
    m->tag = hy_get_text(q, arena);
    m->extra = hy_get_text(q, arena);
}

void hy_broadcast_read(struct hy_query *q, struct hy_arena *arena, struct hy_broadcast *b)
{
    *b = (struct hy_broadcast){.id = hy_get_int(q)};
    b->app_no = hy_get_int(q);
    b->state = (enum hy_broadcast_state)hy_get_int(q);
    b->winding_up = hy_get_int(q) != 0;
    b->collected = hy_get_int(q) != 0;
    b->total = hy_get_int(q);
    b->fed = hy_get_int(q);
    b->duplicates = hy_get_int(q);
    b->rate_per_s = hy_get_int(q);
    b->send_at_ms = hy_get_int(q);
    b->created_at_ms = hy_get_int(q);
    b->started_at_ms = hy_get_int(q);
    b->ended_at_ms = hy_get_int(q);
    b->reach = hy_get_int(q) != 0;
    b->collect_from = hy_get_text(q, arena);
    b->reason = hy_get_text(q, arena);
    b->name = hy_get_text(q, arena);
    b->schedule_name = hy_get_text(q, arena);
    read_message(q, arena, &b->message);
}

int hy_broadcast_load(struct hy_sqlite *s, int64_t id, struct hy_broadcast *ret_b)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_BROADCAST_GET, &q);
    hy_put_int(&q, id);
    r = hy_query_step(&q);
    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_broadcast_read(&q, &s->scratch, ret_b);
    return hy_query_close(&q);
}

int hy_broadcast_count(struct hy_sqlite *s, struct hy_broadcast *b)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_BROADCAST_TALLY, &q);
    hy_put_int(&q, b->id);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t state = hy_get_int(&q);

        if (state >= 0 && state < HY_MESSAGE_STATES)
            b->messages[state] = hy_get_int(&q);
    }
    return r;
}

int hy_broadcast_save(struct hy_sqlite *s, const struct hy_broadcast *b)
{
    struct hy_query q;

    hy_query_open(s, SQL_BROADCAST_SAVE, &q);
    hy_put_int(&q, b->state);
    hy_put_int(&q, b->winding_up);
    hy_put_int(&q, b->collected);
    hy_put_int(&q, b->total);
    hy_put_int(&q, b->fed);
    hy_put_int(&q, b->duplicates);
    hy_put_int(&q, b->started_at_ms);
    hy_put_int(&q, b->ended_at_ms);
    hy_put_text(&q, b->collect_from);
    hy_put_text(&q, b->reason);
    hy_put_int(&q, b->id);
    return hy_query_run(&q);
}

static void put_message(struct hy_query *q, const struct hy_message *m)
{
    hy_put_int(q, m->template_kind);
    hy_put_int(q, m->urgent);
    hy_put_int(q, m->policy);
    hy_put_int(q, m->on_missing);
    hy_put_int(q, m->expires_at_ms);
    hy_put_text(q, m->template_id);
    hy_put_text(q, m->data);
    hy_put_text(q, m->page);
    hy_put_text(q, m->emphasis);
    hy_put_text(q, m->miniprogram_state);
    hy_put_text(q, m->lang);
    hy_put_text(q, m->tag);
    hy_put_text(q, m->extra);
}

/* --- put -------------------------------------------------------------------------------------- */

static int insert(struct hy_sqlite *s, struct hy_broadcast_make *make)
{
    struct hy_broadcast *b = &make->broadcast;
    struct hy_query q;
    int r;

    b->collected = b->state == HY_BROADCAST_RUNNING && !b->reach;
    hy_query_open(s, SQL_BROADCAST_INSERT, &q);
    hy_put_int(&q, b->app_no);
    hy_put_int(&q, b->state);
    hy_put_int(&q, b->collected);
    hy_put_int(&q, b->rate_per_s);
    hy_put_int(&q, b->send_at_ms);
    hy_put_int(&q, b->created_at_ms);
    hy_put_int(&q, b->started_at_ms);
    hy_put_int(&q, b->reach);
    hy_put_text(&q, b->name);
    hy_put_text(&q, b->schedule_name);
    put_message(&q, &b->message);
    hy_put_blob(&q, make->key, make->key ? HY_FINGERPRINT_BYTES : 0);
    hy_put_blob(&q, make->body, make->key ? HY_FINGERPRINT_BYTES : 0);
    r = hy_query_run(&q);
    if (r == 0)
        b->id = sqlite3_last_insert_rowid(s->db);
    return r;
}

/* 1 when the key was used: then it is answered. */
static int answer_again(struct hy_sqlite *s, struct hy_broadcast_make *make)
{
    enum hy_broadcast_state state;
    const void *body;
    struct hy_query q;
    size_t size;
    int64_t id;
    int r;

    hy_query_open(s, SQL_BROADCAST_BY_KEY, &q);
    hy_put_blob(&q, make->key, HY_FINGERPRINT_BYTES);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    id = hy_get_int(&q);
    state = (enum hy_broadcast_state)hy_get_int(&q);
    body = hy_get_blob(&q, &s->scratch, &size);
    r = hy_query_close(&q);
    if (r < 0)
        return r;
    make->admission = HY_ADMIT_CONFLICT;
    if (size == HY_FINGERPRINT_BYTES && memcmp(body, make->body, size) == 0) {
        make->admission = HY_ADMITTED_BEFORE;
        make->broadcast.id = id;
        make->broadcast.state = state;
    }
    return 1;
}

int hy_broadcast_make(struct hy_sqlite *s, struct hy_broadcast_make *make)
{
    struct hy_broadcast *b = &make->broadcast;
    int r = make->key ? answer_again(s, make) : 0;

    make->added = make->duplicates = 0;
    if (r != 0)
        return r < 0 ? r : 0;
    make->admission = HY_ADMITTED;
    if (b->state != HY_BROADCAST_RUNNING)
        b->started_at_ms = 0;
    b->total = b->fed = b->duplicates = b->ended_at_ms = 0;
    b->winding_up = false;
    b->collect_from = b->reason = NULL;
    r = insert(s, make);
    if (r < 0 || make->count == 0)
        return r;
    r = hy_audience_insert(s, b, make->items, make->count, &make->added);
    make->duplicates = make->count - make->added;
    return r < 0 ? r : hy_broadcast_save(s, b);
}

int hy_sqlite_broadcast_put(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);

    hy_arena_reset(&s->scratch);
    return hy_broadcast_make(s, &((struct hy_broadcast_put *)op)->make);
}

/* --- change ----------------------------------------------------------------------------------- */

static int change_all(struct hy_sqlite *s, const struct hy_broadcast *b)
{
    struct hy_query q;

    hy_query_open(s, SQL_BROADCAST_CHANGE, &q);
    hy_put_text(&q, b->name);
    hy_put_int(&q, b->rate_per_s);
    hy_put_int(&q, b->send_at_ms);
    put_message(&q, &b->message);
    hy_put_int(&q, b->id);
    return hy_query_run(&q);
}

static int rename_it(struct hy_sqlite *s, const struct hy_broadcast *b)
{
    struct hy_query q;

    hy_query_open(s, SQL_BROADCAST_RENAME, &q);
    hy_put_text(&q, b->name);
    hy_put_int(&q, b->rate_per_s);
    hy_put_int(&q, b->id);
    return hy_query_run(&q);
}

int hy_sqlite_broadcast_change(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_broadcast *b = &((const struct hy_broadcast_change *)op)->broadcast;
    struct hy_broadcast stored;
    int r;

    hy_arena_reset(&s->scratch);
    r = hy_broadcast_load(s, b->id, &stored);
    if (r < 0)
        return r;
    if (stored.state >= HY_BROADCAST_DONE)
        return HY_E_CONFLICT;
    if (stored.state > HY_BROADCAST_SCHEDULED)
        return rename_it(s, b);
    return b->message.template_id && *b->message.template_id ? change_all(s, b) : HY_E_INVALID;
}

/* --- move ------------------------------------------------------------------------------------- */

/* 1 when nothing of it is left to do, else 0. */
static int is_done(struct hy_sqlite *s, struct hy_broadcast *b)
{
    int r = hy_tally_write(s); /* so that the rows tell what this transaction did */

    if (r == 0)
        r = hy_broadcast_count(s, b);
    if (r < 0 || !b->collected || b->messages[HY_MESSAGE_QUEUED] > 0 ||
        b->messages[HY_MESSAGE_SENDING] > 0)
        return r;
    r = hy_audience_any(s, b->id);
    return r < 0 ? r : !r;
}

/* What claim set aside is due. */
static int release(struct hy_sqlite *s, int64_t id, int64_t now_ms)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_MESSAGE_RELEASE, &q);
    hy_put_int(&q, id);
    hy_put_int(&q, now_ms);
    r = hy_query_run(&q);
    if (r == 0)
        s->freed += (size_t)sqlite3_changes(s->db);
    return r;
}

static int move(struct hy_sqlite *s, struct hy_broadcast *b, const struct hy_broadcast_move *v)
{
    bool resumed = b->state == HY_BROADCAST_PAUSED && v->to == HY_BROADCAST_RUNNING;

    if (v->to == HY_BROADCAST_RUNNING && b->started_at_ms == 0) {
        b->started_at_ms = v->now_ms;
        b->collected = !b->reach;
    }
    if (v->to == HY_BROADCAST_CANCELED || v->to == HY_BROADCAST_DONE)
        b->ended_at_ms = v->now_ms;
    if (v->to == HY_BROADCAST_CANCELED)
        b->winding_up = true;
    b->reason = v->to == HY_BROADCAST_PAUSED ? v->reason : NULL;
    b->state = v->to;
    return resumed ? release(s, b->id, v->now_ms) : 0;
}

int hy_sqlite_broadcast_move(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_broadcast_move *v = (struct hy_broadcast_move *)op;
    struct hy_broadcast b;
    int r;

    hy_arena_reset(&s->scratch);
    s->freed = 0;
    v->freed = 0;
    r = hy_broadcast_load(s, v->broadcast_id, &b);
    if (r < 0)
        return r;
    v->state = b.state;
    if (!hy_broadcast_may_move(b.state, v->to))
        return HY_E_CONFLICT;
    r = v->to == HY_BROADCAST_DONE ? is_done(s, &b) : 1;
    if (r != 1)
        return r < 0 ? r : HY_E_CONFLICT;
    r = move(s, &b, v);
    if (r == 0)
        r = hy_broadcast_save(s, &b);
    v->state = b.state;
    v->freed = s->freed;
    return r;
}

/* --- list ------------------------------------------------------------------------------------- */

static void open_list(struct hy_sqlite *s, const struct hy_broadcasts *v, struct hy_query *q)
{
    if (v->id > 0) {
        hy_query_open(s, SQL_BROADCAST_GET, q);
        hy_put_int(q, v->id);
        return;
    }
    hy_query_open(s, v->unfinished ? SQL_BROADCASTS_UNFINISHED : SQL_BROADCASTS, q);
    hy_put_int(q, v->before_id > 0 ? v->before_id : INT64_MAX);
    hy_put_int(q, v->app_no);
    hy_put_int(q, (int64_t)v->limit + 1);
}

static int list(struct hy_sqlite *s, struct hy_broadcasts *v)
{
    struct hy_query q;
    int r;

    open_list(s, v, &q);
    while ((r = hy_query_step(&q)) == HY_ROW)
        hy_broadcast_read(&q, v->arena, &v->broadcasts[v->count++]);
    v->more = v->count > v->limit;
    v->count -= v->more;
    for (size_t i = 0; i < v->count && r == 0; i++)
        r = hy_broadcast_count(s, &v->broadcasts[i]);
    return r;
}

int hy_sqlite_broadcasts(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_broadcasts *v = (struct hy_broadcasts *)op;
    int r;

    v->count = 0;
    v->broadcasts =
        (struct hy_broadcast *)hy_arena_array(v->arena, v->limit + 2, sizeof *v->broadcasts);
    if (!v->broadcasts)
        return HY_E_NOMEM;
    r = hy_read_begin(s);
    return r < 0 ? r : hy_read_end(s, list(s, v));
}

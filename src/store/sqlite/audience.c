/* Who a broadcast is to be sent to. */
#include "base/err.h"
#include "store/sqlite/broadcasts.h"
#include "store/sqlite/verbs.h"

#include <string.h>

/* --- add -------------------------------------------------------------------------------------- */

int hy_audience_any(struct hy_sqlite *s, int64_t broadcast_id)
{
    struct hy_query q;
    int64_t any;
    int r;

    hy_query_open(s, SQL_AUDIENCE_ANY, &q);
    hy_put_int(&q, broadcast_id);
    r = hy_query_int(&q, &any);
    return r < 0 ? r : any != 0;
}

/* 1 when the user was not there yet. */
static int add_user(struct hy_sqlite *s, int64_t broadcast_id, const struct hy_audience_item *item)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_AUDIENCE_ADD, &q);
    hy_put_int(&q, broadcast_id);
    hy_put_text(&q, item->user);
    hy_put_text(&q, item->data);
    r = hy_query_run(&q);
    return r < 0 ? r : sqlite3_changes(s->db);
}

int hy_audience_insert(struct hy_sqlite *s, struct hy_broadcast *b,
                       const struct hy_audience_item *items, size_t count, size_t *ret_added)
{
    int r = 0;

    *ret_added = 0;
    for (size_t i = 0; i < count && r >= 0; i++) {
        r = add_user(s, b->id, &items[i]);
        *ret_added += r == 1;
    }
    b->total += (int64_t)*ret_added;
    b->duplicates += (int64_t)(count - *ret_added);
    return r < 0 ? r : 0;
}

int hy_sqlite_audience_add(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_audience_add *v = (struct hy_audience_add *)op;
    struct hy_broadcast b;
    int r;

    hy_arena_reset(&s->scratch);
    r = hy_broadcast_load(s, v->broadcast_id, &b);
    if (r < 0)
        return r;
    if (b.state != HY_BROADCAST_DRAFT || b.reach)
        return HY_E_CONFLICT;
    r = hy_audience_insert(s, &b, v->items, v->count, &v->added);
    v->duplicates = v->count - v->added;
    return r < 0 ? r : hy_broadcast_save(s, &b);
}

/* --- whom the ledger reaches ------------------------------------------------------------------ */

/* Which grants count: see hy_reach. */
struct reaching {
    struct hy_sqlite *s;
    const struct hy_broadcast *b;
    int64_t now_ms, margin_ms;
    bool receipts;
};

static int begin_reaching(struct reaching *w)
{
    const struct hy_message *m = &w->b->message;
    struct hy_query q;
    int r = 0;

    w->receipts = m->template_kind == HY_TEMPLATE_LEGACY;
    if (m->template_kind != HY_TEMPLATE_ANY)
        return 0;
    /* Of a template that is not known: counters, if it ever had one. */
    hy_query_open(w->s, SQL_REACH_COUNTERS, &q);
    hy_put_int(&q, w->b->app_no);
    hy_put_text(&q, m->template_id);
    r = hy_query_step(&q);
    w->receipts = r == 0;
    return r == HY_ROW ? hy_query_close(&q) : r;
}

static bool reaches(const struct reaching *w, const struct hy_grant *g)
{
    const char *template_id = w->b->message.template_id;

    if (g->state != HY_GRANT_AVAILABLE || hy_grant_is_receipt(g->kind) != w->receipts)
        return false;
    if (!w->receipts &&
        (!g->template_id || !template_id || strcmp(g->template_id, template_id) != 0))
        return false;
    return hy_grant_usable(g, w->now_ms, w->margin_ms);
}

/* --- collect ---------------------------------------------------------------------------------- */

struct collecting {
    struct reaching reaching;
    void *users; /* const char *: those who are reached */
    size_t count, capacity;
    const char *last; /* the user looked at last, or null */
    bool last_reached;
    size_t looks;
};

static int note_user(struct collecting *c, struct hy_query *q)
{
    const char **user =
        hy_query_room(q, &c->reaching.s->scratch, &c->users, c->count, &c->capacity, sizeof *user);

    if (!user)
        return HY_E_NOMEM;
    *user = c->last;
    c->count++;
    c->last_reached = true;
    return 0;
}

/* Grants of whole users, until `limit` of them were looked at. 1 when there are more. */
static int look_at_grants(struct collecting *c, size_t limit)
{
    const struct hy_broadcast *b = c->reaching.b;
    struct hy_arena *arena = &c->reaching.s->scratch;
    struct hy_grant g;
    struct hy_query q;
    int r;

    hy_query_open(c->reaching.s, SQL_GRANT_ABOVE_USER, &q);
    hy_put_int(&q, b->app_no);
    hy_put_text(&q, b->collect_from ? b->collect_from : "");
    while ((r = hy_query_step(&q)) == HY_ROW) {
        bool next;

        hy_grant_read(&q, arena, &g);
        next = !q.nomem && (!c->last || strcmp(c->last, g.user) != 0);
        if (next && c->looks >= limit) {
            r = hy_query_close(&q);
            return r < 0 ? r : 1;
        }
        if (next) {
            c->last = g.user;
            c->last_reached = false;
        }
        c->looks++;
        if (!q.nomem && !c->last_reached && reaches(&c->reaching, &g) && note_user(c, &q) < 0)
            return HY_E_NOMEM;
    }
    return r;
}

int hy_sqlite_audience_collect(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_audience_collect *v = (struct hy_audience_collect *)op;
    struct collecting c = {.reaching = {.s = s, .now_ms = v->now_ms, .margin_ms = v->margin_ms}};
    struct hy_broadcast b;
    int r, more;

    hy_arena_reset(&s->scratch);
    v->added = 0;
    r = hy_broadcast_load(s, v->broadcast_id, &b);
    if (r < 0)
        return r;
    if (b.state != HY_BROADCAST_RUNNING || b.collected)
        return HY_E_CONFLICT;
    c.reaching.b = &b;
    r = begin_reaching(&c.reaching);
    more = r < 0 ? r : look_at_grants(&c, v->limit);
    for (size_t i = 0; i < c.count && more >= 0 && r >= 0; i++) {
        struct hy_audience_item item = {((const char *const *)c.users)[i], NULL};

        r = add_user(s, b.id, &item);
        v->added += r == 1;
    }
    if (more < 0 || r < 0)
        return more < 0 ? more : r;
    b.total += (int64_t)v->added;
    b.collected = v->collected = more == 0;
    if (c.last)
        b.collect_from = c.last;
    return hy_broadcast_save(s, &b);
}

/* --- look ------------------------------------------------------------------------------------- */

/* 1 when the user has a use for it that is free now. */
static int is_reached(const struct reaching *w, const char *user)
{
    struct hy_grant g;
    struct hy_query q;
    bool found = false;
    int r = 0;

    hy_arena_reset(&w->s->scratch);
    hy_query_open(w->s, SQL_GRANT_FREE, &q);
    hy_put_int(&q, w->b->app_no);
    hy_put_text(&q, user);
    while (!found && (r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, &w->s->scratch, &g);
        found = !q.nomem && reaches(w, &g);
    }
    if (found)
        r = hy_query_close(&q);
    return r < 0 ? r : found;
}

static int look_at(struct hy_audience_look *v, const struct reaching *w, struct hy_query *q)
{
    struct hy_audience_item item = {.user = hy_get_text(q, v->arena)};
    int r;

    if (!item.user)
        return HY_E_NOMEM;
    if (v->sample_count < sizeof v->samples / sizeof *v->samples) {
        item.data = hy_get_text(q, v->arena);
        v->samples[v->sample_count++] = item;
    }
    v->last = item.user;
    v->users++;
    r = is_reached(w, item.user);
    v->reachable += r == 1;
    return r < 0 ? r : 0;
}

static int look(struct hy_sqlite *s, struct hy_audience_look *v)
{
    struct hy_broadcast b;
    struct reaching w = {.s = s, .b = &b, .now_ms = v->now_ms, .margin_ms = v->margin_ms};
    struct hy_query q;
    int r = hy_broadcast_load(s, v->broadcast_id, &b);

    /* The scratch arena is emptied for each user: what is needed of the broadcast moves. */
    if (r == 0 && b.message.template_id) {
        b.message.template_id = hy_arena_strdup(v->arena, b.message.template_id);
        r = b.message.template_id ? 0 : HY_E_NOMEM;
    }
    if (r == 0)
        r = begin_reaching(&w);
    if (r < 0)
        return r;
    hy_query_open(s, v->after ? SQL_AUDIENCE_AFTER : SQL_AUDIENCE, &q);
    hy_put_int(&q, v->broadcast_id);
    hy_put_int(&q, (int64_t)v->limit + 1);
    if (v->after)
        hy_put_text(&q, v->after);
    while ((r = hy_query_step(&q)) == HY_ROW && v->users < v->limit) {
        r = look_at(v, &w, &q);
        if (r < 0) {
            hy_query_close(&q);
            return r;
        }
    }
    v->more = r == HY_ROW;
    return v->more ? hy_query_close(&q) : r;
}

int hy_sqlite_audience_look(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_audience_look *v = (struct hy_audience_look *)op;
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    v->users = v->reachable = v->sample_count = 0;
    v->last = NULL;
    v->more = false;
    return hy_read_end(s, look(s, v));
}

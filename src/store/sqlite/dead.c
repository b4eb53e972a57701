/* Dead letters: failed messages, and unknown ones that nothing will try again. */
#include "base/err.h"
#include "store/sqlite/verbs.h"

#include <stdlib.h>
#include <string.h>

/* So many are looked at, at most, for a group by rare marks. */
enum { LOOKS_MAX = 100000 };

/* One row of SQL_MESSAGE_DEAD; texts in the scratch arena. */
struct dead {
    int64_t id;
    int64_t app_no;
    enum hy_message_state state;
    const char *reason;
    const char *template_id;
    bool passes;
};

struct walk {
    struct hy_sqlite *s;
    const struct hy_dead_filter *filter;
    int64_t from_id, before_id; /* from <= id < before */
    size_t limit;
    bool more;        /* out: some below from_id were left */
    size_t looked;    /* out */
    struct dead *all; /* out: of each app in turn, newest first */
};

/* --- which ------------------------------------------------------------------------------------ */

static bool same(const char *text, const char *wanted)
{
    return !wanted || (text && strcmp(text, wanted) == 0);
}

static bool begins(const char *text, const char *with)
{
    return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

static void read_dead(const struct walk *w, struct hy_query *q, struct dead *d)
{
    const struct hy_dead_filter *f = w->filter;
    int64_t broadcast_id;
    const char *tag;

    d->id = hy_get_int(q);
    d->state = (enum hy_message_state)hy_get_int(q);
    d->reason = hy_get_text(q, &w->s->scratch);
    d->template_id = hy_get_text(q, &w->s->scratch);
    tag = hy_peek_text(q);
    d->passes = same(tag, f->tag);
    broadcast_id = hy_get_int(q);
    d->passes = d->passes && (f->state < 0 || f->state == (int)d->state) &&
                begins(d->reason, f->reason) && same(d->template_id, f->template_id) &&
                (f->broadcast_id == 0 || f->broadcast_id == broadcast_id);
}

static int open_dead(const struct walk *w, enum hy_sql which, int64_t app_no, size_t limit,
                     struct hy_query *q)
{
    hy_query_open(w->s, which, q);
    hy_put_int(q, app_no);
    hy_put_int(q, w->from_id);
    hy_put_int(q, w->before_id);
    hy_put_int(q, (int64_t)limit);
    return 0;
}

static int walk_app(struct walk *w, int64_t app_no, size_t *capacity)
{
    void *all = w->all;
    struct hy_query q;
    int r;

    open_dead(w, SQL_MESSAGE_DEAD, app_no, w->limit + 1, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct dead *d = hy_query_room(&q, &w->s->scratch, &all, w->looked, capacity, sizeof *d);

        if (!d)
            return HY_E_NOMEM;
        w->all = all;
        d->app_no = app_no;
        read_dead(w, &q, d);
        w->looked++;
    }
    return r;
}

/* The app that comes next and has any; HY_E_NOT_FOUND. */
static int next_app(struct hy_sqlite *s, int64_t *app_no)
{
    struct hy_query q;

    hy_query_open(s, SQL_MESSAGE_DEAD_APP, &q);
    hy_put_int(&q, *app_no);
    return hy_query_int(&q, app_no);
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* Keeps the newest limit + 1. */
static size_t keep_newest(struct walk *w, int64_t *ids, size_t count)
{
    qsort(ids, count, sizeof *ids, newest_first);
    return count > w->limit + 1 ? w->limit + 1 : count;
}

/*
 * Raises from_id so that no more than limit are above it, over all apps: the newest ids of each are read
 * from the index alone.
 */
static int find_cut(struct walk *w)
{
    size_t count = 0, room = 2 * (w->limit + 1);
    int64_t app_no = 0, *ids = (int64_t *)hy_arena_array(&w->s->scratch, room, sizeof *ids);
    int r = ids ? next_app(w->s, &app_no) : HY_E_NOMEM;

    while (r == 0) {
        struct hy_query q;

        open_dead(w, SQL_MESSAGE_DEAD_IDS, app_no, w->limit + 1, &q);
        while (count < room && (r = hy_query_step(&q)) == HY_ROW)
            ids[count++] = hy_get_int(&q);
        if (r == HY_ROW)
            r = hy_query_close(&q);
        if (r < 0)
            return r;
        count = keep_newest(w, ids, count);
        r = next_app(w->s, &app_no);
    }
    w->more = count > w->limit;
    if (w->more)
        w->from_id = ids[w->limit - 1];
    return r == HY_E_NOT_FOUND ? 0 : r;
}

/* The newest `limit` of the apps that are asked for. */
static int walk(struct walk *w)
{
    size_t capacity = 0;
    int64_t app_no = 0;
    int r;

    if (w->filter->app_no > 0) {
        r = walk_app(w, w->filter->app_no, &capacity);
        w->more = w->looked > w->limit;
        w->looked -= w->more;
        return r;
    }
    r = find_cut(w);
    while (r == 0 && (r = next_app(w->s, &app_no)) == 0)
        r = walk_app(w, app_no, &capacity);
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static struct walk begin_walk(struct hy_sqlite *s, const struct hy_dead_filter *filter,
                              int64_t before_id, size_t limit)
{
    struct walk w = {.s = s,
                     .filter = filter,
                     .from_id = filter->from_id,
                     .before_id = filter->until_id > 0 ? filter->until_id : INT64_MAX,
                     .limit = limit};

    if (before_id > 0 && before_id < w.before_id)
        w.before_id = before_id;
    return w;
}

/* --- retrying them ---------------------------------------------------------------------------- */

/* 1 when it was (or, dry, would be) retried. */
static int retry_one(struct hy_sqlite *s, const struct hy_dead_retry *v, int64_t id)
{
    struct hy_retry retry = {.message_id = id, .now_ms = v->now_ms};
    struct hy_row row;
    int r = hy_message_load(s, id, &row);

    if (r < 0)
        return r;
    if (!hy_retry_allowed(&row.m, &retry))
        return 0;
    r = v->dry ? 0 : hy_retry_row(s, &row, &retry);
    return r < 0 ? r : 1;
}

int hy_sqlite_dead_retry(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_dead_retry *v = (struct hy_dead_retry *)op;
    struct walk w = begin_walk(s, &v->filter, v->before_id, v->limit);
    int64_t lowest = w.before_id;
    int r;

    hy_arena_reset(&s->scratch);
    v->matched = v->retried = v->skipped = 0;
    r = walk(&w);
    for (size_t i = 0; i < w.looked && r >= 0; i++) {
        lowest = w.all[i].id < lowest ? w.all[i].id : lowest;
        if (!w.all[i].passes)
            continue;
        v->matched++;
        r = retry_one(s, v, w.all[i].id);
        v->retried += r == 1;
        v->skipped += r == 0;
    }
    v->more = w.more;
    v->next_before_id = w.more ? lowest : 0;
    return r < 0 ? r : 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

static int newest_dead_first(const void *a, const void *b)
{
    return newest_first(&((const struct dead *)a)->id, &((const struct dead *)b)->id);
}

static bool is_of(const struct hy_dead_group *g, const struct dead *d)
{
    return g->app_no == d->app_no && g->state == d->state &&
           (g->reason ? d->reason && strcmp(g->reason, d->reason) == 0 : !d->reason);
}

static int by_number(const void *a, const void *b)
{
    const struct hy_dead_group *x = (const struct hy_dead_group *)a;
    const struct hy_dead_group *y = (const struct hy_dead_group *)b;

    if (x->messages != y->messages)
        return x->messages < y->messages ? 1 : -1;
    return x->newest_id < y->newest_id ? 1 : -1;
}

static int add_group(struct hy_dead_groups *v, const struct dead *d, size_t *capacity)
{
    struct hy_dead_group *g;

    if (v->count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 16;
        struct hy_dead_group *groups =
            (struct hy_dead_group *)hy_arena_array(v->arena, larger, sizeof *groups);

        if (!groups)
            return HY_E_NOMEM;
        if (v->count > 0)
            memcpy(groups, v->groups, v->count * sizeof *groups);
        v->groups = groups;
        *capacity = larger;
    }
    g = &v->groups[v->count++];
    *g = (struct hy_dead_group){
        .app_no = d->app_no, .state = d->state, .messages = 1, .newest_id = d->id};
    g->reason = d->reason ? hy_arena_strdup(v->arena, d->reason) : NULL;
    g->template_id = d->template_id ? hy_arena_strdup(v->arena, d->template_id) : NULL;
    return (d->reason && !g->reason) || (d->template_id && !g->template_id) ? HY_E_NOMEM : 0;
}

/* They come newest first: the first one of a group is its newest. */
static int count_dead(struct hy_dead_groups *v, const struct dead *d, size_t *capacity)
{
    for (size_t i = v->count; i-- > 0;)
        if (is_of(&v->groups[i], d)) {
            v->groups[i].messages++;
            return 0;
        }
    return add_group(v, d, capacity);
}

static int read_errmsg(struct hy_sqlite *s, struct hy_dead_groups *v, struct hy_dead_group *g)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_ATTEMPT_LAST, &q);
    hy_put_int(&q, g->newest_id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    g->errmsg = hy_get_text(&q, v->arena);
    return hy_query_close(&q);
}

/* How many may be looked at for those that pass: all of them, unless more than the app is asked for. */
static size_t looks(const struct hy_dead_groups *v)
{
    const struct hy_dead_filter *f = &v->filter;
    bool rare = f->state >= 0 || f->reason || f->template_id || f->tag || f->broadcast_id;

    return rare ? LOOKS_MAX : v->limit;
}

static int group_all(struct hy_sqlite *s, struct hy_dead_groups *v, struct walk *w)
{
    size_t capacity = 0, passed = 0;
    int r = walk(w);

    if (w->looked > 1)
        qsort(w->all, w->looked, sizeof *w->all, newest_dead_first);
    for (size_t i = 0; i < w->looked && r == 0 && !(passed == v->limit && w->more); i++) {
        if (!w->all[i].passes)
            continue;
        if (passed++ < v->limit)
            r = count_dead(v, &w->all[i], &capacity);
        else
            w->more = true;
    }
    for (size_t i = 0; i < v->count && r == 0; i++)
        r = read_errmsg(s, v, &v->groups[i]);
    if (v->count > 1)
        qsort(v->groups, v->count, sizeof *v->groups, by_number);
    v->more = w->more;
    return r;
}

int hy_sqlite_dead_groups(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_dead_groups *v = (struct hy_dead_groups *)op;
    struct walk w = begin_walk(s, &v->filter, 0, looks(v));
    int r = hy_read_begin(s);

    if (r < 0)
        return r;
    v->groups = NULL;
    v->count = 0;
    return hy_read_end(s, group_all(s, v, &w));
}

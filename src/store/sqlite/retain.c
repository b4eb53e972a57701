/* What is kept for how long: one step of one kind at a time. */
#include "base/clock.h"
#include "base/err.h"
#include "store/housekeeping.h"
#include "store/sqlite/awaiting.h"
#include "store/sqlite/bucket.h"
#include "store/sqlite/held.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"

struct retaining {
    struct hy_sqlite *s;
    struct hy_retain *verb;
    int64_t awaiting_first; /* bucket; INT64_MAX: nothing is awaited */
    size_t budget;          /* looks into buckets that are left to this step */
    int64_t until_us;       /* of the steady clock */
};

/* What SQL_..._OLD says of a record. */
struct looked {
    int64_t id;
    int go;     /* 0 = stays; 2 = a counter: see below */
    bool young; /* nothing behind it is older */
};

static int run_on(struct hy_sqlite *s, enum hy_sql which, int64_t id)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

/* --- messages --------------------------------------------------------------------------------- */

/* An event about it would find nothing. What nobody can await any more costs no look. */
static int forget_awaiting(struct retaining *t, const struct hy_message *m)
{
    bool may = m->state == HY_MESSAGE_UNKNOWN ||
               (m->state == HY_MESSAGE_SENT && hy_bucket_of(m->settled_at_ms) >= t->awaiting_first);

    return may && t->awaiting_first != INT64_MAX
               ? hy_awaiting_forget(t->s, m->app_no, m->user, m->id)
               : 0;
}

static int delete_message(struct retaining *t, const struct looked *l)
{
    static const struct hy_release doubt = {.move = HY_GRANT_DOUBT};
    struct hy_row row;
    int r = hy_message_load(t->s, l->id, &row);

    if (r == 0)
        r = forget_awaiting(t, &row.m);
    if (r == 0 && row.m.state == HY_MESSAGE_UNKNOWN)
        r = hy_grant_let_go(t->s, &row.m, &doubt);
    if (r >= 0)
        r = hy_tally_add(t->s, row.m.app_no, row.m.state, -1);
    if (r == 0 && row.m.attempt_count > 0)
        r = run_on(t->s, SQL_ATTEMPT_DELETE, l->id);
    if (r == 0)
        r = run_on(t->s, SQL_MESSAGE_DELETE, l->id);
    return r < 0 ? r : 1;
}

/* --- grants ----------------------------------------------------------------------------------- */

/* 1 when one of the buckets has a row about that user and template. */
static int any_in_buckets(struct retaining *t, const struct hy_grant *g, enum hy_sql lower,
                          enum hy_sql in_bucket)
{
    int64_t bucket = INT64_MAX, one;
    int r;

    for (;;) {
        struct hy_query q;

        hy_query_open(t->s, lower, &q);
        hy_put_int(&q, bucket);
        r = hy_query_int(&q, &bucket);
        if (r < 0)
            return r == HY_E_NOT_FOUND ? 0 : r;
        t->budget -= t->budget > 0;
        hy_query_open(t->s, in_bucket, &q);
        hy_put_int(&q, bucket);
        hy_put_int(&q, g->app_no);
        hy_put_text(&q, g->user);
        hy_put_text(&q, g->template_id);
        r = hy_query_int(&q, &one);
        if (r != HY_E_NOT_FOUND)
            return r < 0 ? r : 1;
    }
}

/* A counter goes when nothing that is kept is about it. */
static int delete_grant(struct retaining *t, const struct looked *l)
{
    struct hy_grant g;
    int r = l->go == 2 ? hy_grant_load(t->s, l->id, &t->s->scratch, &g) : 0;

    if (r == 0 && l->go == 2)
        r = any_in_buckets(t, &g, SQL_MESSAGE_LOWER_BUCKET, SQL_MESSAGE_IN_BUCKET);
    if (r == 0 && l->go == 2)
        r = any_in_buckets(t, &g, SQL_ANSWER_LOWER_BUCKET, SQL_ANSWER_IN_BUCKET);
    if (r != 0)
        return r < 0 ? r : 0;
    hy_held_forget(t->s->held, l->id);
    r = run_on(t->s, SQL_GRANT_DELETE, l->id); /* it is in no tally: nothing of it is free */
    return r < 0 ? r : 1;
}

/* --- the others ------------------------------------------------------------------------------- */

static int delete_event(struct retaining *t, const struct looked *l)
{
    int r = run_on(t->s, SQL_EVENT_DELETE, l->id);

    return r < 0 ? r : 1;
}

static int delete_answer(struct retaining *t, const struct looked *l)
{
    int r = run_on(t->s, SQL_ANSWER_DELETE, l->id);

    return r < 0 ? r : 1;
}

static int delete_broadcast(struct retaining *t, const struct looked *l)
{
    int r = run_on(t->s, SQL_BROADCAST_TALLY_DELETE, l->id);

    if (r == 0)
        r = run_on(t->s, SQL_BROADCAST_DELETE, l->id);
    return r < 0 ? r : 1;
}

static int delete_outcome(struct retaining *t, const struct looked *l)
{
    int64_t webhook_id, message_id;
    struct hy_query q;
    int r;

    hy_query_open(t->s, SQL_OUTBOX_GET, &q);
    hy_put_int(&q, l->id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    webhook_id = hy_get_int(&q);
    message_id = hy_get_int(&q);
    r = hy_query_close(&q);
    if (r == 0)
        r = hy_outbox_drop(t->s, l->id, webhook_id, message_id, 0);
    return r < 0 ? r : 1;
}

static int delete_audit(struct retaining *t, const struct looked *l)
{
    int r = run_on(t->s, SQL_AUDIT_DELETE, l->id);

    return r < 0 ? r : 1;
}

/* --- a step ----------------------------------------------------------------------------------- */

static const struct {
    enum hy_sql look;
    int (*delete)(struct retaining *t, const struct looked *l); /* 1 when it did */
} kinds[HY_RETAIN_KINDS] = {
    [HY_RETAIN_MESSAGES] = {SQL_MESSAGE_OLD, delete_message},
    [HY_RETAIN_EVENTS] = {SQL_EVENT_OLD, delete_event},
    [HY_RETAIN_ANSWERS] = {SQL_ANSWER_OLD, delete_answer},
    [HY_RETAIN_GRANTS] = {SQL_GRANT_OLD, delete_grant},
    [HY_RETAIN_BROADCASTS] = {SQL_BROADCAST_OLD, delete_broadcast},
    [HY_RETAIN_OUTBOX] = {SQL_OUTBOX_OLD, delete_outcome},
    [HY_RETAIN_AUDIT] = {SQL_AUDIT_OLD, delete_audit},
};

/* The next records, one more than may be looked at, if there is one. */
static int look(struct retaining *t, struct looked **ret_all, size_t *ret_count)
{
    const struct hy_retain *v = t->verb;
    size_t count = 0, capacity = 0;
    void *all = NULL;
    struct hy_query q;
    int r;

    hy_query_open(t->s, kinds[v->kind].look, &q);
    hy_put_int(&q, v->cursor);
    hy_put_int(&q, (int64_t)v->limit + 1);
    hy_put_int(&q, v->before_ms);
    if (v->kind == HY_RETAIN_MESSAGES)
        hy_put_int(&q, hy_message_id_at(v->before_ms));
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct looked *l = hy_query_room(&q, &t->s->scratch, &all, count, &capacity, sizeof *l);

        if (!l)
            return HY_E_NOMEM;
        l->id = hy_get_int(&q);
        l->go = (int)hy_get_int(&q);
        l->young = hy_get_int(&q) != 0;
        count++;
    }
    *ret_all = all;
    *ret_count = count;
    return r;
}

static int begin(struct retaining *t)
{
    struct hy_query q;
    int r = 0;

    t->awaiting_first = INT64_MAX;
    t->budget = 16 * t->verb->limit;
    t->until_us = t->verb->for_us > 0 ? hy_clock_mono_us() + t->verb->for_us : INT64_MAX;
    if (t->verb->kind == HY_RETAIN_MESSAGES) {
        hy_query_open(t->s, SQL_AWAITING_FIRST, &q);
        r = hy_query_int(&q, &t->awaiting_first);
    }
    return r == HY_E_NOT_FOUND ? 0 : r;
}

static bool is_over(const struct retaining *t)
{
    return t->budget == 0 || (t->until_us != INT64_MAX && hy_clock_mono_us() >= t->until_us);
}

int hy_sqlite_retain(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_retain *v = (struct hy_retain *)op;
    struct retaining t = {.s = hy_sqlite_of(backend), .verb = v};
    struct looked *all = NULL;
    size_t count = 0, i;
    int r;

    hy_arena_reset(&t.s->scratch);
    v->deleted = 0;
    r = begin(&t);
    if (r == 0)
        r = look(&t, &all, &count);
    for (i = 0; i < count && i < v->limit && r >= 0 && !all[i].young; i++) {
        if (i > 0 && is_over(&t))
            break;
        r = all[i].go ? kinds[v->kind].delete(&t, &all[i]) : 0;
        v->deleted += r == 1;
    }
    if (r < 0)
        return r;
    v->more = i < count && !all[i].young;
    if (i > 0)
        v->cursor = all[i - 1].id;
    return 0;
}

/* --- vacuum ----------------------------------------------------------------------------------- */

enum { VACUUM_PAGES = 16 }; /* between two looks at the clock */

/* The free pages of a file that can give them back. Files from before it could have none to give. */
static int free_pages(struct hy_sqlite *s, size_t *ret_pages)
{
    struct hy_query q;
    int64_t pages;
    int r;

    *ret_pages = 0;
    hy_query_open(s, SQL_FREE_PAGES, &q);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    pages = hy_get_int(&q);
    if (hy_get_int(&q) == 2)
        *ret_pages = (size_t)pages;
    return hy_query_close(&q);
}

/* A pragma takes no parameter. */
static int give_back(struct hy_sqlite *s, size_t pages)
{
    char sql[64];

    sqlite3_snprintf(sizeof sql, sql, "PRAGMA incremental_vacuum(%llu)", (unsigned long long)pages);
    return hy_sqlite_err(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

int hy_sqlite_vacuum(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_vacuum *v = (struct hy_vacuum *)op;
    int64_t until_us = v->for_us > 0 ? hy_clock_mono_us() + v->for_us : INT64_MAX;
    int r = free_pages(s, &v->left);

    for (size_t todo = v->pages < v->left ? v->pages : v->left; r == 0 && todo > 0;) {
        size_t some = todo < VACUUM_PAGES ? todo : VACUUM_PAGES;

        r = give_back(s, some);
        todo -= some;
        if (until_us != INT64_MAX && hy_clock_mono_us() >= until_us)
            break;
    }
    return r < 0 ? r : free_pages(s, &v->left);
}

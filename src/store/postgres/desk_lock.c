/*
 * Who has a user on the desk has her alone: desk.h.
 *
 * No two transactions wait for each other, because all wait for locks in one order: apps by their numbers, then
 * users by theirs, then rows. A transaction waits for apps and users once, before it has touched a row; that is
 * in gather. What it needs later, out of that order, it only tries to get. Is that refused, it is
 * undone (HY_E_BUSY), and the next try waits for those in gather, with all others: desk_ahead.c.
 */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <stdlib.h>

struct desk_app {
    int64_t app_no;
    size_t users; /* of it that were locked one by one */
    bool whole;   /* is to be locked as a whole, or is */
    bool shared, exclusive;
};

static struct desk_app *app_of(struct hy_pg *pg, int64_t app_no)
{
    struct desk_app *app = (struct desk_app *)hy_map_get(&pg->working->apps, app_no, NULL, 0);

    if (app)
        return app;
    app = (struct desk_app *)hy_mem_alloc(sizeof *app);
    app->app_no = app_no;
    hy_map_put(&pg->working->apps, app_no, NULL, 0, app);
    return app;
}

/* --- how much is locked ------------------------------------------------------------------------- */

static void collect_divided(void *value, void *arg)
{
    struct desk_app *app = (struct desk_app *)value;

    if (!app->whole && app->users > 0)
        hy_vector_push((struct hy_vector *)arg, app);
}

static int by_users(const void *a, const void *b)
{
    const struct desk_app *x = (const struct desk_app *)a, *y = (const struct desk_app *)b;

    if (x->users != y->users)
        return x->users > y->users ? -1 : 1;
    return x->app_no < y->app_no ? -1 : x->app_no > y->app_no;
}

/* The server's table of locks has room for some thousands, for all sessions together: so those apps of which
 * most users are wanted are locked as a whole. */
static void bound(struct hy_pg *pg)
{
    struct hy_vector apps = {0};

    if (pg->working->user_locks <= HY_DESK_USERS_MAX)
        return;
    hy_map_each(&pg->working->apps, collect_divided, &apps);
    hy_vector_sort(&apps, by_users);
    for (size_t i = 0; i < apps.count && pg->working->user_locks > HY_DESK_USERS_MAX; i++) {
        struct desk_app *app = (struct desk_app *)apps.items[i];

        app->whole = true;
        pg->working->user_locks -= app->users;
        app->users = 0;
    }
    hy_vector_deinit(&apps);
}

/* Before the first statement, so that it is known which apps are crowded. */
static void count(struct hy_pg *pg, const struct hy_vector *users)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct hy_desk_user *user = (const struct hy_desk_user *)users->items[i];
        struct desk_app *app = app_of(pg, user->user->app_no);

        if (user->locked || app->whole)
            continue;
        app->users++;
        pg->working->user_locks++;
    }
    bound(pg);
}

/* --- the statements ----------------------------------------------------------------------------- */

/* In the order of the locks' numbers, whichever kind they are of. */
static const struct hy_pg_sql wait_apps = {
    "desk_wait_apps",
    "SELECT CASE WHEN whole THEN pg_advisory_xact_lock(h)::text ELSE "
    "pg_advisory_xact_lock_shared(h)::text END FROM (SELECT hashint8extended(a, 0) AS h, bool_or(w "
    "<> 0) AS whole FROM unnest($1::int8[], $2::int8[]) AS t (a, w) GROUP BY 1 ORDER BY 1) AS s"};
static const struct hy_pg_sql wait_users = {
    "desk_wait_users",
    "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(u COLLATE "
    "\"C\", a) AS h FROM unnest($1::int8[], $2::text[]) AS t (a, u) ORDER BY 1) AS s"};
/* How many are refused. */
static const struct hy_pg_sql try_apps = {
    "desk_try_apps",
    "SELECT count(*) FROM unnest($1::int8[], $2::int8[]) AS t (a, w) WHERE NOT CASE WHEN w <> 0 "
    "THEN pg_try_advisory_xact_lock(hashint8extended(a, 0)) ELSE "
    "pg_try_advisory_xact_lock_shared(hashint8extended(a, 0)) END"};
static const struct hy_pg_sql try_users = {
    "desk_try_users", "SELECT count(*) FROM unnest($1::int8[], $2::text[]) AS t (a, u) WHERE NOT "
                      "pg_try_advisory_xact_lock(hashtextextended(u COLLATE \"C\", a))"};

/* What a statement is about, for the case that it is refused. */
struct trying {
    struct hy_pg *pg;
    const struct hy_vector *users;
};

static void note_whole(void *value, void *arg)
{
    const struct desk_app *app = (const struct desk_app *)value;

    if (app->whole)
        hy_desk_note_ahead((struct hy_pg *)arg, app->app_no, NULL);
}

static int read_refused(struct hy_pg_rows *rows, void *arg)
{
    const struct trying *t = (const struct trying *)arg;

    if (!hy_pg_next(rows) || hy_pg_int(rows, 0) == 0)
        return 0;
    hy_map_each(&t->pg->working->apps, note_whole, t->pg);
    for (size_t i = 0; i < t->users->count; i++) {
        const struct hy_mem_user *user = ((const struct hy_desk_user *)t->users->items[i])->user;

        hy_desk_note_ahead(t->pg, user->app_no, user->name);
    }
    return HY_E_BUSY;
}

static void queue(struct trying *t, const struct hy_pg_sql *waits, const struct hy_pg_sql *tries)
{
    bool late = t->pg->working->late;

    hy_pg_queue(t->pg->link, late ? tries : waits, late ? read_refused : NULL, t);
}

/* --- locking ------------------------------------------------------------------------------------ */

struct putting {
    struct hy_pg_args *args;
    size_t count;
};

static void put_app(void *value, void *arg)
{
    struct desk_app *app = (struct desk_app *)value;
    struct putting *p = (struct putting *)arg;

    if (app->exclusive || (!app->whole && (app->shared || app->users == 0)))
        return;
    app->shared = app->shared || !app->whole;
    app->exclusive = app->whole;
    hy_pg_put_int(p->args, app->app_no);
    hy_pg_put_int(p->args, app->whole);
    p->count++;
}

static size_t lock_apps(struct trying *t)
{
    struct putting p = {.args = hy_pg_args(t->pg->link)};

    hy_pg_columns_begin(p.args, "ii");
    hy_map_each(&t->pg->working->apps, put_app, &p);
    hy_pg_columns_end(p.args);
    if (p.count > 0)
        queue(t, &wait_apps, &try_apps);
    return p.count;
}

static size_t lock_each(struct trying *t)
{
    struct hy_pg_args *args = hy_pg_args(t->pg->link);
    size_t count = 0;

    hy_pg_columns_begin(args, "it");
    for (size_t i = 0; i < t->users->count; i++) {
        struct hy_desk_user *user = (struct hy_desk_user *)t->users->items[i];

        if (!user->locked && !app_of(t->pg, user->user->app_no)->whole) {
            hy_pg_put_int(args, user->user->app_no);
            hy_pg_put_text(args, user->user->name);
            count++;
        }
        user->locked = true;
    }
    hy_pg_columns_end(args);
    if (count > 0)
        queue(t, &wait_users, &try_users);
    return count;
}

void hy_desk_lock_users(struct hy_pg *pg, const struct hy_vector *users)
{
    struct trying *t = (struct trying *)hy_desk_alloc(pg, sizeof *t);
    size_t locks;

    *t = (struct trying){pg, users};
    count(pg, users);
    locks = lock_apps(t);
    locks += lock_each(t);
    pg->working->late = pg->working->late || locks > 0;
}

int hy_desk_lock_app(struct hy_pg *pg, int64_t app_no)
{
    const struct hy_vector nobody = {0};

    hy_desk_want_whole(pg, app_no);
    hy_desk_lock_users(pg, &nobody);
    return hy_pg_drain(pg->link);
}

void hy_desk_want_whole(struct hy_pg *pg, int64_t app_no)
{
    app_of(pg, app_no)->whole = true;
    pg->working->wants.apps = true;
}

/* --- what claims got otherwise ------------------------------------------------------------------- */

void hy_desk_note_locked(struct hy_pg *pg, struct hy_desk_user *user)
{
    if (!user->locked && !app_of(pg, user->user->app_no)->whole)
        pg->working->claim_locks++;
    user->locked = true;
}

size_t hy_desk_room_to_claim(const struct hy_pg *pg)
{
    return pg->working->claim_locks < HY_DESK_USERS_MAX
               ? HY_DESK_USERS_MAX - pg->working->claim_locks
               : 0;
}

bool hy_desk_app_is_whole(struct hy_pg *pg, int64_t app_no)
{
    return app_of(pg, app_no)->whole;
}

void hy_desk_note_app(struct hy_pg *pg, int64_t app_no)
{
    struct desk_app *app = app_of(pg, app_no);

    app->shared = app->shared || !app->whole;
    app->exclusive = app->whole;
}

/* --- the end ------------------------------------------------------------------------------------ */

static void free_app(void *value, void *arg)
{
    (void)arg;
    free(value);
}

void hy_desk_forget_locks(struct hy_pg *pg)
{
    hy_map_each(&pg->working->apps, free_app, NULL);
    hy_map_deinit(&pg->working->apps);
    pg->working->apps = (struct hy_map){0};
    pg->working->user_locks = pg->working->claim_locks = 0;
    pg->working->late = false;
}

/* Who has a user on the desk has her alone: desk.h */
#include "store/postgres/desk_wants.h"

#include "base/err.h"

#include <stdlib.h>

struct desk_app {
    size_t users; /* of it that were locked */
    bool shared, exclusive;
};

static struct desk_app *app_of(struct hy_pg *pg, int64_t app_no)
{
    struct desk_app *app = (struct desk_app *)hy_map_get(&pg->working->apps, app_no, NULL, 0);

    if (app)
        return app;
    app = (struct desk_app *)hy_mem_alloc(sizeof *app);
    hy_map_put(&pg->working->apps, app_no, NULL, 0, app);
    return app;
}

void hy_desk_note_locked(struct hy_pg *pg, struct hy_desk_user *user)
{
    app_of(pg, user->user->app_no)->users += !user->locked;
    user->locked = true;
}

/* In the order of the locks' numbers, so that two transactions don't wait for each other. */
static const struct hy_pg_sql lock_users = {
    "desk_lock_users",
    "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(u COLLATE "
    "\"C\", a) AS h FROM unnest($1::int8[], $2::text[]) AS t (a, u) ORDER BY 1) AS s"};
static const struct hy_pg_sql share_apps = {
    "desk_share_apps",
    "SELECT pg_advisory_xact_lock_shared(h) FROM (SELECT DISTINCT hashint8extended(a, 0) "
    "AS h FROM unnest($1::int8[]) AS t (a) ORDER BY 1) AS s"};
static const struct hy_pg_sql take_apps = {
    "desk_take_apps",
    "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashint8extended(a, 0) AS h "
    "FROM unnest($1::int8[]) AS t (a) ORDER BY 1) AS s"};

static bool is_shared(const struct desk_app *app)
{
    return app->users <= HY_DESK_USERS_MAX;
}

/* The apps of users who are to be locked, that are not locked as they should be. */
static void lock_apps(struct hy_pg *pg, const struct hy_vector *users, bool shared)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t count = 0;

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < users->count; i++) {
        const struct hy_desk_user *user = (const struct hy_desk_user *)users->items[i];
        struct desk_app *app = app_of(pg, user->user->app_no);
        bool *has = shared ? &app->shared : &app->exclusive;

        if (user->locked || is_shared(app) != shared || *has)
            continue;
        *has = true;
        hy_pg_put_int(args, user->user->app_no);
        count++;
    }
    hy_pg_columns_end(args);
    if (count > 0)
        hy_pg_queue(pg->link, shared ? &share_apps : &take_apps, NULL, NULL);
}

void hy_desk_lock_users(struct hy_pg *pg, const struct hy_vector *users)
{
    struct hy_pg_args *args;
    size_t count = 0;

    for (size_t i = 0; i < users->count; i++) {
        const struct hy_desk_user *user = (const struct hy_desk_user *)users->items[i];

        app_of(pg, user->user->app_no)->users += !user->locked;
    }
    lock_apps(pg, users, true);
    lock_apps(pg, users, false);
    args = hy_pg_args(pg->link);
    hy_pg_columns_begin(args, "it");
    for (size_t i = 0; i < users->count; i++) {
        struct hy_desk_user *user = (struct hy_desk_user *)users->items[i];
        bool by_app = app_of(pg, user->user->app_no)->exclusive;

        if (!user->locked && !by_app) {
            hy_pg_put_int(args, user->user->app_no);
            hy_pg_put_text(args, user->user->name);
            count++;
        }
        user->locked = true;
    }
    hy_pg_columns_end(args);
    if (count > 0)
        hy_pg_queue(pg->link, &lock_users, NULL, NULL);
}

int hy_desk_lock_app(struct hy_pg *pg, int64_t app_no)
{
    struct desk_app *app = app_of(pg, app_no);
    struct hy_pg_args *args = hy_pg_args(pg->link);

    if (app->exclusive)
        return 0;
    app->exclusive = true;
    hy_pg_columns_begin(args, "i");
    hy_pg_put_int(args, app_no);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &take_apps, NULL, NULL);
    return hy_pg_drain(pg->link);
}

bool hy_desk_app_is_crowded(struct hy_pg *pg, int64_t app_no)
{
    return !is_shared(app_of(pg, app_no));
}

void hy_desk_note_app(struct hy_pg *pg, int64_t app_no)
{
    struct desk_app *app = app_of(pg, app_no);

    if (is_shared(app))
        app->shared = true;
    else
        app->exclusive = true;
}

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
}

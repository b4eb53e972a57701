#include "store/memory/memory.h"

#include "base/err.h"

static struct hy_mem_app *app_in_use(const struct hy_backend *b, int64_t no)
{
    struct hy_mem_app *app = hy_mem_app(b, no);

    return app && app->app.deleted_at_ms == 0 ? app : NULL;
}

static void copy_token(struct hy_arena *arena, struct hy_token *into, const struct hy_token *from)
{
    *into = *from;
    hy_mem_copy_sealed(arena, &into->access, &from->access);
    into->last_error = hy_mem_copy_text(arena, from->last_error);
}

static bool over_budget(const struct hy_token_begin *v, const struct hy_token *t)
{
    bool same_day = t->day == v->day;
    int64_t calls = same_day ? t->calls : 0;
    int64_t forced_calls = same_day ? t->forced_calls : 0;

    if (v->calls_max > 0 && calls >= v->calls_max)
        return true;
    if (!v->forced)
        return false;
    return (v->forced_max > 0 && forced_calls >= v->forced_max) ||
           (t->forced_at_ms > 0 && v->now_ms - t->forced_at_ms < v->forced_gap_ms);
}

static void count_call(const struct hy_token_begin *v, struct hy_token *t)
{
    if (t->day != v->day) {
        t->day = v->day;
        t->calls = 0;
        t->forced_calls = 0;
    }
    t->calls++;
    t->forced_calls += v->forced;
    if (v->forced)
        t->forced_at_ms = v->now_ms;
    t->refreshing_until_ms = v->lease_until_ms;
}

int hy_mem_token_begin(struct hy_backend *b, struct hy_op *op)
{
    struct hy_token_begin *v = (struct hy_token_begin *)op;
    struct hy_mem_app *app = app_in_use(b, v->app_no);
    int r = 0;

    if (!app)
        return HY_E_NOT_FOUND;
    app->token.app_no = v->app_no;
    if (app->token.version != v->version)
        r = HY_TOKEN_MOVED;
    else if (app->token.refreshing_until_ms > v->now_ms &&
             app->token.refreshing_until_ms != v->held_until_ms)
        r = HY_TOKEN_TAKEN;
    else if (over_budget(v, &app->token))
        r = HY_TOKEN_BUDGET;
    if (r == 0) {
        app->has_token = true;
        count_call(v, &app->token);
    }
    copy_token(v->arena, &v->token, &app->token);
    return r;
}

int hy_mem_token_end(struct hy_backend *b, struct hy_op *op)
{
    const struct hy_token_end *v = (const struct hy_token_end *)op;
    struct hy_mem_app *app = app_in_use(b, v->app_no);
    struct hy_token *t = app ? &app->token : NULL;

    if (!t || !app->has_token)
        return HY_E_NOT_FOUND;
    if (t->version != v->version)
        return HY_TOKEN_MOVED;
    t->refreshing_until_ms = 0;
    if (v->access.size == 0) {
        t->failures++;
        hy_mem_set_text(&t->last_error, v->error);
        return 0;
    }
    t->version++;
    hy_mem_set_sealed(&t->access, &v->access);
    t->obtained_at_ms = v->obtained_at_ms;
    t->expires_at_ms = v->expires_at_ms;
    t->failures = 0;
    hy_mem_set_text(&t->last_error, NULL);
    return 0;
}

int hy_mem_tokens(struct hy_backend *b, struct hy_op *op)
{
    struct hy_tokens *v = (struct hy_tokens *)op;

    v->count = 0;
    v->tokens = (struct hy_token *)hy_mem_copy_array(v->arena, b->apps.count, sizeof *v->tokens);
    for (size_t i = 0; i < b->apps.count; i++) {
        const struct hy_mem_app *app = (const struct hy_mem_app *)b->apps.items[i];

        if (app->has_token)
            copy_token(v->arena, &v->tokens[v->count++], &app->token);
    }
    return 0;
}

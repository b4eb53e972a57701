#include "base/err.h"
#include "store/apps.h"
#include "store/sqlite/query.h"
#include "store/token_rules.h"

static void read_token(struct hy_query *q, struct hy_arena *arena, struct hy_token *t)
{
    t->app_no = hy_get_int(q);
    t->version = hy_get_int(q);
    t->access.bytes = hy_get_blob(q, arena, &t->access.size);
    t->obtained_at_ms = hy_get_int(q);
    t->expires_at_ms = hy_get_int(q);
    t->refreshing_until_ms = hy_get_int(q);
    t->failures = hy_get_int(q);
    t->last_error = hy_get_text(q, arena);
    t->day = hy_get_int(q);
    t->calls = hy_get_int(q);
    t->forced_calls = hy_get_int(q);
    t->forced_at_ms = hy_get_int(q);
}

/* Of an app in use; HY_E_NOT_FOUND otherwise. *ret_stored: token_begin was called for it. */
static int load(struct hy_sqlite *s, int64_t app_no, struct hy_arena *arena,
                struct hy_token *ret_token, bool *ret_stored)
{
    struct hy_query q;
    int64_t one;
    int r;

    hy_query_open(s, SQL_APP_IN_USE, &q);
    hy_put_int(&q, app_no);
    r = hy_query_int(&q, &one);
    if (r < 0)
        return r;
    hy_query_open(s, SQL_TOKEN_GET, &q);
    hy_put_int(&q, app_no);
    r = hy_query_step(&q);
    *ret_token = (struct hy_token){.app_no = app_no};
    *ret_stored = r == HY_ROW;
    if (r != HY_ROW)
        return r;
    read_token(&q, arena, ret_token);
    return hy_query_close(&q);
}

static int save(struct hy_sqlite *s, const struct hy_token *t)
{
    struct hy_query q;

    hy_query_open(s, SQL_TOKEN_PUT, &q);
    hy_put_int(&q, t->app_no);
    hy_put_int(&q, t->version);
    hy_put_blob(&q, t->access.bytes, t->access.size);
    hy_put_int(&q, t->obtained_at_ms);
    hy_put_int(&q, t->expires_at_ms);
    hy_put_int(&q, t->refreshing_until_ms);
    hy_put_int(&q, t->failures);
    hy_put_text(&q, t->last_error);
    hy_put_int(&q, t->day);
    hy_put_int(&q, t->calls);
    hy_put_int(&q, t->forced_calls);
    hy_put_int(&q, t->forced_at_ms);
    return hy_query_run(&q);
}

int hy_sqlite_token_begin(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_token_begin *v = (struct hy_token_begin *)op;
    struct hy_token *t = &v->token;
    bool stored;
    int r = load(s, v->app_no, v->arena, t, &stored);

    if (r < 0)
        return r;
    r = hy_token_rules_begin(v, t);
    return r ? r : save(s, t);
}

int hy_sqlite_token_end(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    const struct hy_token_end *v = (const struct hy_token_end *)op;
    struct hy_token t;
    bool stored;
    int r;

    hy_arena_reset(&s->scratch);
    r = load(s, v->app_no, &s->scratch, &t, &stored);
    if (r < 0 || !stored)
        return r < 0 ? r : HY_E_NOT_FOUND;
    r = hy_token_rules_end(v, &t);
    return r ? r : save(s, &t);
}

int hy_sqlite_tokens(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_tokens *v = (struct hy_tokens *)op;
    void *tokens = NULL;
    size_t capacity = 0;
    struct hy_query q;
    int r;

    v->count = 0;
    hy_query_open(hy_sqlite_of(backend), SQL_TOKENS, &q);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_token *t = hy_query_room(&q, v->arena, &tokens, v->count, &capacity, sizeof *t);

        if (!t)
            return HY_E_NOMEM;
        v->count++;
        read_token(&q, v->arena, t);
    }
    v->tokens = tokens;
    return r;
}

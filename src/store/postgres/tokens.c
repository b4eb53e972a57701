#include "store/apps.h"

#include "base/err.h"
#include "store/postgres/ask.h"
#include "store/postgres/postgres.h"
#include "store/token_rules.h"

#define TOKEN                                                                                      \
    "app_no, version, access, obtained_at_ms, expires_at_ms, refreshing_until_ms, failures, "      \
    "last_error, day, calls, forced_calls, forced_at_ms"

/* The app's row is the lock: the token's may not be there yet. The token is read by a statement of its own,
 * for one that waited for a lock still sees other tables as they were before. */
static const struct hy_pg_sql token_lock = {
    "token_lock", "SELECT 1 FROM app WHERE no = $1 AND deleted_at_ms = 0 FOR NO KEY UPDATE"};
static const struct hy_pg_sql token_get = {"token_get",
                                           "SELECT " TOKEN " FROM token WHERE app_no = $1"};
static const struct hy_pg_sql token_put = {
    "token_put",
    "INSERT INTO token (" TOKEN ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
    "ON CONFLICT (app_no) DO UPDATE SET version = excluded.version, access = excluded.access, "
    "obtained_at_ms = excluded.obtained_at_ms, expires_at_ms = excluded.expires_at_ms, "
    "refreshing_until_ms = excluded.refreshing_until_ms, failures = excluded.failures, "
    "last_error = excluded.last_error, day = excluded.day, calls = excluded.calls, "
    "forced_calls = excluded.forced_calls, forced_at_ms = excluded.forced_at_ms"};
static const struct hy_pg_sql tokens = {"tokens", "SELECT " TOKEN " FROM token ORDER BY app_no"};

static void read_token(const struct hy_pg_rows *rows, struct hy_arena *arena, void *item)
{
    *(struct hy_token *)item = (struct hy_token){.app_no = hy_pg_int(rows, 0),
                                                 .version = hy_pg_int(rows, 1),
                                                 .access = hy_pg_copy_sealed(rows, 2, arena),
                                                 .obtained_at_ms = hy_pg_int(rows, 3),
                                                 .expires_at_ms = hy_pg_int(rows, 4),
                                                 .refreshing_until_ms = hy_pg_int(rows, 5),
                                                 .failures = hy_pg_int(rows, 6),
                                                 .last_error = hy_pg_copy(rows, 7, arena),
                                                 .day = hy_pg_int(rows, 8),
                                                 .calls = hy_pg_int(rows, 9),
                                                 .forced_calls = hy_pg_int(rows, 10),
                                                 .forced_at_ms = hy_pg_int(rows, 11)};
}

struct loading {
    struct hy_arena *arena;
    struct hy_token *token;
    bool in_use; /* the app is */
    bool stored; /* token_begin was called for it */
};

static int take_app(struct hy_pg_rows *rows, void *arg)
{
    ((struct loading *)arg)->in_use = hy_pg_next(rows);
    return 0;
}

static int take_token(struct hy_pg_rows *rows, void *arg)
{
    struct loading *l = (struct loading *)arg;

    l->stored = hy_pg_next(rows);
    if (l->stored)
        read_token(rows, l->arena, l->token);
    return 0;
}

/* Of an app in use; HY_E_NOT_FOUND otherwise. */
static int load(struct hy_pg *pg, int64_t app_no, struct hy_arena *arena,
                struct hy_token *ret_token, bool *ret_stored)
{
    struct loading l = {.arena = arena, .token = ret_token};
    int r;

    *ret_token = (struct hy_token){.app_no = app_no};
    hy_pg_put_int(hy_pg_args(pg->link), app_no);
    hy_pg_queue(pg->link, &token_lock, take_app, &l);
    hy_pg_put_int(hy_pg_args(pg->link), app_no);
    hy_pg_queue(pg->link, &token_get, take_token, &l);
    r = hy_pg_drain(pg->link);
    *ret_stored = l.stored;
    return r < 0 ? r : l.in_use ? 0 : HY_E_NOT_FOUND;
}

static int save(struct hy_pg *pg, const struct hy_token *t)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_put_int(args, t->app_no);
    hy_pg_put_int(args, t->version);
    hy_pg_put_sealed(args, &t->access);
    hy_pg_put_int(args, t->obtained_at_ms);
    hy_pg_put_int(args, t->expires_at_ms);
    hy_pg_put_int(args, t->refreshing_until_ms);
    hy_pg_put_int(args, t->failures);
    hy_pg_put_text(args, t->last_error);
    hy_pg_put_int(args, t->day);
    hy_pg_put_int(args, t->calls);
    hy_pg_put_int(args, t->forced_calls);
    hy_pg_put_int(args, t->forced_at_ms);
    return hy_pg_run(pg->link, &token_put, NULL);
}

int hy_pg_token_begin(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_token_begin *v = (struct hy_token_begin *)op;
    struct hy_token *t = &v->token;
    bool stored;
    int r = load(pg, v->app_no, v->arena, t, &stored);

    if (r < 0)
        return r;
    r = hy_token_rules_begin(v, t);
    return r ? r : save(pg, t);
}

int hy_pg_token_end(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    const struct hy_token_end *v = (const struct hy_token_end *)op;
    struct hy_token t;
    bool stored;
    int r = load(pg, v->app_no, &pg->scratch, &t, &stored);

    if (r < 0 || !stored)
        return r < 0 ? r : HY_E_NOT_FOUND;
    r = hy_token_rules_end(v, &t);
    if (r == 0)
        r = save(pg, &t);
    if (r == 0)
        hy_pg_tell_news(pg, HY_NEWS_TOKENS, v->app_no);
    return r;
}

int hy_pg_tokens(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_tokens *v = (struct hy_tokens *)op;

    hy_pg_args(hy_pg(backend)->link);
    return hy_pg_list(hy_pg(backend)->link, &tokens, v->arena, read_token, sizeof *v->tokens,
                      &v->tokens, &v->count);
}

/* Grants on the desk: desk.h. */
#include "store/postgres/desk_wants.h"

#include <string.h>

/* --- reading ---------------------------------------------------------------------------------- */

/* All that moves may look at: counters, what is free or held. In the order of their ids, as they lie on the
 * desk: a hundred thousand that come in another one would be moved about for seconds. */
#define ALIVE "(template_id IS NOT NULL OR uses_reserved > 0 OR state IN (0, 4))"

static const struct hy_pg_sql of_users = {
    "desk_grants_of_users",
    "SELECT g.* FROM unnest($1::int8[], $2::text[]) AS u (app, name) CROSS JOIN LATERAL "
    "(SELECT " HY_PG_GRANT_COLUMNS
    " FROM \"grant\" WHERE app_no = u.app AND \"user\" = u.name AND " ALIVE
    " OFFSET 0) AS g ORDER BY g.id"};

/* Of the others the newest receipt: for the reason why there is none. */
static const struct hy_pg_sql over_of_users = {
    "desk_grants_over", "SELECT g.* FROM unnest($1::int8[], $2::text[]) AS u (app, name) CROSS "
                        "JOIN LATERAL (SELECT " HY_PG_GRANT_COLUMNS
                        " FROM \"grant\" WHERE app_no = u.app AND \"user\" = u.name AND NOT " ALIVE
                        " ORDER BY id DESC LIMIT 1) AS g ORDER BY g.id"};

static const struct hy_pg_sql by_id = {
    "desk_grants_by_id", "SELECT " HY_PG_GRANT_COLUMNS
                         " FROM unnest($1::int8[]) AS w (wanted) CROSS JOIN LATERAL (SELECT * FROM "
                         "\"grant\" WHERE id = wanted OFFSET 0) AS g"};

static const struct hy_pg_sql by_credential = {
    "desk_grants_by_credential",
    "SELECT g.id, g.app_no, g.\"user\" FROM unnest($1::int8[], $2::text[]) AS w "
    "(app, text) CROSS JOIN LATERAL (SELECT id, app_no, \"user\" FROM \"grant\" "
    "WHERE app_no = w.app AND credential = w.text OFFSET 0) AS g"};

static bool is_here(const struct hy_backend *b, int64_t id)
{
    struct hy_mem_grant wanted = {.g = {.id = id}};
    size_t at = hy_vector_place(&b->grants, &wanted, hy_mem_grant_by_id);

    return at < b->grants.count && ((const struct hy_mem_grant *)b->grants.items[at])->g.id == id;
}

static void keep_before(struct hy_pg *pg, struct hy_desk_grant *stored,
                        const struct hy_mem_grant *grant)
{
    const char *reason = stored->before.reason;
    bool same = stored->grant && reason && grant->g.reason && strcmp(reason, grant->g.reason) == 0;
    const char *template_id = stored->before.template_id;

    if (!stored->grant)
        template_id = hy_desk_text(pg, grant->g.template_id); /* outlives the grant */
    stored->before = grant->g;
    stored->before.reason = same ? reason : hy_desk_text(pg, grant->g.reason);
    stored->before.template_id = template_id;
    stored->before.user = grant->user->name;
    stored->before.credential = NULL;
}

/* From now on that is what is stored. */
static void keep(struct hy_pg *pg, struct hy_mem_grant *grant)
{
    struct hy_desk_grant *stored = (struct hy_desk_grant *)grant->stored;

    if (!stored) {
        stored = (struct hy_desk_grant *)hy_desk_alloc(pg, sizeof *stored);
        hy_vector_push(&((struct hy_desk_user *)grant->user->desk)->grants, stored);
        grant->stored = stored;
    }
    keep_before(pg, stored, grant);
    stored->grant = grant;
}

static int read_grants(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;
    struct hy_grant g;

    while (hy_pg_next(rows)) {
        if (is_here(&pg->desk, hy_pg_int(rows, 0)))
            continue;
        hy_pg_peek_grant(rows, 0, &g);
        keep(pg, hy_mem_grant_keep(&pg->desk, &g));
    }
    return 0;
}

/* Whose it is has to be locked before it may be looked at. */
static int read_credentials(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    while (hy_pg_next(rows)) {
        hy_desk_want_user(pg, hy_pg_int(rows, 1), hy_pg_text(rows, 2), HY_DESK_BARE);
        hy_desk_want_grant(pg, hy_pg_int(rows, 0));
    }
    return 0;
}

static void put_credentials(struct hy_pg_args *args, const struct hy_vector *credentials)
{
    hy_pg_columns_begin(args, "it");
    for (size_t i = 0; i < credentials->count; i++) {
        const struct hy_desk_credential *c =
            (const struct hy_desk_credential *)credentials->items[i];

        hy_pg_put_int(args, c->app_no);
        hy_pg_put_text(args, c->text);
    }
    hy_pg_columns_end(args);
}

static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    if (hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_GRANTS) > 0)
        hy_pg_queue(pg->link, &of_users, read_grants, pg);
    if (hy_desk_put_users(hy_pg_args(pg->link), wants, HY_DESK_OVER) > 0)
        hy_pg_queue(pg->link, &over_of_users, read_grants, pg);
    if (wants->grants.count > 0) {
        hy_desk_put_ids(hy_pg_args(pg->link), &wants->grants);
        hy_pg_queue(pg->link, &by_id, read_grants, pg);
    }
    if (wants->credentials.count > 0) {
        put_credentials(hy_pg_args(pg->link), &wants->credentials);
        hy_pg_queue(pg->link, &by_credential, read_credentials, pg);
    }
}

/* Whoever has none has a verb of many like that, as a rule: all who are here at once. */
void hy_desk_missing(struct hy_backend *b, struct hy_mem_user *user)
{
    struct hy_pg *pg = hy_pg(b);
    const struct hy_desk_user *mine = (const struct hy_desk_user *)user->desk;
    const struct hy_vector *users = &pg->working->users;

    if (mine && (mine->there & HY_DESK_OVER))
        return;
    for (size_t i = 0; i < users->count; i++)
        hy_desk_want_over(pg, (struct hy_desk_user *)users->items[i]);
    hy_desk_fetch(pg); /* hy_desk_result() tells what went wrong */
}

/* --- writing ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql insert = {
    "desk_grant_insert",
    "INSERT INTO \"grant\" (" HY_PG_GRANT_COLUMNS
    ") SELECT id, app_no, \"user\", kind, template_id, credential, "
    "state, reason, uses_total, uses_left, uses_reserved, in_doubt <> 0, refusals, retry_at_ms, "
    "obtained_at_ms, expires_at_ms FROM unnest($1::int8[], $2::int8[], $3::text[], $4::int8[], "
    "$5::text[], "
    "$6::text[], $7::int8[], $8::text[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], "
    "$13::int8[], "
    "$14::int8[], $15::int8[], $16::int8[]) AS t (" HY_PG_GRANT_COLUMNS ") ORDER BY app_no, "
    "credential"};

static const struct hy_pg_sql update = {"desk_grant_update",
                                        "UPDATE \"grant\" g SET kind = t.kind, state = t.state, "
                                        "reason = t.reason, uses_total = t.uses_total, "
                                        "uses_left = t.uses_left, uses_reserved = t.uses_reserved, "
                                        "in_doubt = t.in_doubt <> 0, refusals = "
                                        "t.refusals, retry_at_ms = t.retry_at_ms, obtained_at_ms = "
                                        "t.obtained_at_ms FROM unnest($1::int8[], "
                                        "$2::int8[], $3::int8[], $4::text[], $5::int8[], "
                                        "$6::int8[], $7::int8[], $8::int8[], $9::int8[], "
                                        "$10::int8[], $11::int8[]) AS t (id, kind, state, reason, "
                                        "uses_total, uses_left, uses_reserved, in_doubt, "
                                        "refusals, retry_at_ms, obtained_at_ms) WHERE g.id = t.id"};

static const struct hy_pg_sql delete = {
    "desk_grant_delete",
    "DELETE FROM \"grant\" g USING unnest($1::int8[]) AS t (id) WHERE g.id = t.id"};

static void put_new(struct hy_pg_args *args, const struct hy_grant *g)
{
    hy_pg_put_int(args, g->id);
    hy_pg_put_int(args, g->app_no);
    hy_pg_put_text(args, g->user);
    hy_pg_put_int(args, g->kind);
    hy_pg_put_text(args, g->template_id);
    hy_pg_put_text(args, g->credential);
    hy_pg_put_int(args, g->state);
    hy_pg_put_text(args, g->reason);
    hy_pg_put_int(args, g->uses_total);
    hy_pg_put_int(args, g->uses_left);
    hy_pg_put_int(args, g->uses_reserved);
    hy_pg_put_int(args, g->in_doubt);
    hy_pg_put_int(args, g->refusals);
    hy_pg_put_int(args, g->retry_at_ms);
    hy_pg_put_int(args, g->obtained_at_ms);
    hy_pg_put_int(args, g->expires_at_ms);
}

static void put_changed(struct hy_pg_args *args, const struct hy_grant *g)
{
    hy_pg_put_int(args, g->id);
    hy_pg_put_int(args, g->kind);
    hy_pg_put_int(args, g->state);
    hy_pg_put_text(args, g->reason);
    hy_pg_put_int(args, g->uses_total);
    hy_pg_put_int(args, g->uses_left);
    hy_pg_put_int(args, g->uses_reserved);
    hy_pg_put_int(args, g->in_doubt);
    hy_pg_put_int(args, g->refusals);
    hy_pg_put_int(args, g->retry_at_ms);
    hy_pg_put_int(args, g->obtained_at_ms);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct hy_grant *a, const struct hy_grant *b)
{
    return a->kind == b->kind && a->state == b->state && same_text(a->reason, b->reason) &&
           a->uses_total == b->uses_total && a->uses_left == b->uses_left &&
           a->uses_reserved == b->uses_reserved && a->in_doubt == b->in_doubt &&
           a->refusals == b->refusals && a->retry_at_ms == b->retry_at_ms &&
           a->obtained_at_ms == b->obtained_at_ms;
}

/* New ones (changed ones) of all users. */
static void write_some(struct hy_pg *pg, bool new)
{
    const struct hy_vector *all = &pg->desk.grants;
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t rows = 0;

    hy_pg_columns_begin(args, new ? "iitittitiiiiiiii" : "iiitiiiiiii");
    for (size_t i = 0; i < all->count; i++) {
        const struct hy_mem_grant *grant = (const struct hy_mem_grant *)all->items[i];
        const struct hy_desk_grant *stored = (const struct hy_desk_grant *)grant->stored;

        if (new ? stored != NULL : !stored || same(&stored->before, &grant->g))
            continue;
        if (new)
            put_new(args, &grant->g);
        else
            put_changed(args, &grant->g);
        rows++;
    }
    hy_pg_columns_end(args);
    if (rows > 0)
        hy_pg_queue(pg->link, new ? &insert : &update, NULL, NULL);
}

/* Those of which the record is gone. */
static size_t put_deleted(struct hy_pg *pg, struct hy_pg_args *args)
{
    size_t rows = 0;

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < pg->working->users.count; i++) {
        struct hy_vector *stored = &((struct hy_desk_user *)pg->working->users.items[i])->grants;

        for (size_t k = stored->count; k > 0; k--) {
            const struct hy_desk_grant *grant = (const struct hy_desk_grant *)stored->items[k - 1];

            if (is_here(&pg->desk, grant->before.id))
                continue;
            hy_pg_put_int(args, grant->before.id);
            hy_vector_remove(stored, k - 1);
            rows++;
        }
    }
    hy_pg_columns_end(args);
    return rows;
}

static size_t count_stored(const struct hy_pg *pg)
{
    size_t count = 0;

    for (size_t i = 0; i < pg->working->users.count; i++)
        count += ((const struct hy_desk_user *)pg->working->users.items[i])->grants.count;
    return count;
}

static size_t count_left(const struct hy_pg *pg)
{
    size_t count = 0;

    for (size_t i = 0; i < pg->desk.grants.count; i++)
        count += ((const struct hy_mem_grant *)pg->desk.grants.items[i])->stored != NULL;
    return count;
}

/* True when something of the user's is new, different or gone. */
static bool differs(const struct hy_desk_user *user)
{
    const struct hy_vector *now = &user->user->grants;
    size_t left = 0;

    for (size_t i = 0; i < now->count; i++) {
        const struct hy_mem_grant *grant = (const struct hy_mem_grant *)now->items[i];
        const struct hy_desk_grant *stored = (const struct hy_desk_grant *)grant->stored;

        if (!stored || !same(&stored->before, &grant->g))
            return true;
        left++;
    }
    return left != user->grants.count;
}

static void keep_all(struct hy_pg *pg)
{
    for (size_t i = 0; i < pg->desk.grants.count; i++) {
        struct hy_mem_grant *grant = (struct hy_mem_grant *)pg->desk.grants.items[i];
        const struct hy_desk_grant *stored = (const struct hy_desk_grant *)grant->stored;

        if (!stored || !same(&stored->before, &grant->g))
            keep(pg, grant);
    }
}

static void flush(struct hy_pg *pg)
{
    for (size_t i = 0; i < pg->working->users.count; i++) {
        const struct hy_desk_user *user = (const struct hy_desk_user *)pg->working->users.items[i];

        if (differs(user))
            hy_desk_reach_changed(pg, user);
    }
    if (count_stored(pg) != count_left(pg) && put_deleted(pg, hy_pg_args(pg->link)) > 0)
        hy_pg_queue(pg->link, &delete, NULL, NULL);
    write_some(pg, true);
    write_some(pg, false);
    keep_all(pg);
}

const struct hy_desk_kind hy_desk_grants = {.name = "grants", .load = load, .flush = flush};

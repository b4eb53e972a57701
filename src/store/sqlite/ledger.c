#include "store/sqlite/ledger.h"

#include "base/err.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/held.h"
#include "store/sqlite/outbox.h"

/* --- rows ------------------------------------------------------------------------------------- */

void hy_grant_read(struct hy_query *q, struct hy_arena *arena, struct hy_grant *ret_grant)
{
    ret_grant->id = hy_get_int(q);
    ret_grant->app_no = hy_get_int(q);
    ret_grant->user = hy_get_text(q, arena);
    ret_grant->kind = (enum hy_grant_kind)hy_get_int(q);
    ret_grant->template_id = hy_get_text(q, arena);
    ret_grant->credential = hy_get_text(q, arena);
    ret_grant->state = (enum hy_grant_state)hy_get_int(q);
    ret_grant->reason = hy_get_text(q, arena);
    ret_grant->uses_total = (int32_t)hy_get_int(q);
    ret_grant->uses_left = (int32_t)hy_get_int(q);
    ret_grant->uses_reserved = (int32_t)hy_get_int(q);
    ret_grant->in_doubt = hy_get_int(q) != 0;
    ret_grant->obtained_at_ms = hy_get_int(q);
    ret_grant->expires_at_ms = hy_get_int(q);
    ret_grant->refusals = (int32_t)hy_get_int(q);
    ret_grant->retry_at_ms = hy_get_int(q);
}

static int read_one(struct hy_query *q, struct hy_arena *arena, struct hy_grant *ret_grant)
{
    int r = hy_query_step(q);

    if (r <= 0)
        return r < 0 ? r : HY_E_NOT_FOUND;
    hy_grant_read(q, arena, ret_grant);
    return hy_query_close(q);
}

int hy_grant_load(struct hy_sqlite *s, int64_t id, struct hy_arena *arena,
                  struct hy_grant *ret_grant)
{
    struct hy_query q;
    int r = hy_held_get(s->held, id, arena, ret_grant);

    if (r != 0)
        return r < 0 ? r : 0;
    hy_query_open(s, SQL_GRANT_GET, &q);
    hy_put_int(&q, id);
    r = read_one(&q, arena, ret_grant);
    if (r == 0)
        hy_held_put(s->held, ret_grant);
    return r;
}

int hy_grant_load_counter(struct hy_sqlite *s, int64_t app_no, const char *user,
                          const char *template_id, struct hy_grant *ret_grant)
{
    struct hy_query q;

    hy_query_open(s, SQL_GRANT_COUNTER, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    hy_put_text(&q, template_id);
    return read_one(&q, &s->scratch, ret_grant);
}

int hy_grant_insert(struct hy_sqlite *s, struct hy_grant *g)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_GRANT_INSERT, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->user);
    hy_put_int(&q, g->kind);
    hy_put_text(&q, g->template_id);
    hy_put_text(&q, g->credential);
    hy_put_int(&q, g->state);
    hy_put_text(&q, g->reason);
    hy_put_int(&q, g->uses_total);
    hy_put_int(&q, g->uses_left);
    hy_put_int(&q, g->uses_reserved);
    hy_put_int(&q, g->in_doubt);
    hy_put_int(&q, g->obtained_at_ms);
    hy_put_int(&q, g->expires_at_ms);
    hy_put_int(&q, g->refusals);
    hy_put_int(&q, g->retry_at_ms);
    r = hy_query_run(&q);
    if (r < 0)
        return r;
    g->id = sqlite3_last_insert_rowid(s->db);
    hy_purge_mark_lower(s, g);
    return hy_reach_change(s, g, 0, hy_grant_free_uses(g), HY_REACH_LOOK);
}

int hy_grant_save(struct hy_sqlite *s, const struct hy_grant *grant, int64_t before,
                  int64_t others_minute)
{
    struct hy_gather *g = s->gather;
    int r = hy_reach_change(s, grant, before, hy_grant_free_uses(grant), others_minute);

    hy_held_put(s->held, grant);
    if (r == 0)
        r = hy_gather_row(s, HY_GATHER_GRANT_SAVE);
    if (r < 0)
        return r;
    hy_gather_note_user(g, grant->app_no, grant->user);
    hy_gather_int(g, grant->state);
    hy_gather_copy(g, grant->reason);
    hy_gather_int(g, grant->uses_left);
    hy_gather_int(g, grant->uses_reserved);
    hy_gather_int(g, grant->in_doubt);
    hy_gather_int(g, grant->refusals);
    hy_gather_int(g, grant->retry_at_ms);
    hy_gather_int(g, grant->kind);
    hy_gather_int(g, grant->uses_total);
    hy_gather_int(g, grant->obtained_at_ms);
    hy_gather_int(g, grant->id);
    return 0;
}

int hy_grant_delete(struct hy_sqlite *s, const struct hy_grant *grant)
{
    struct hy_query q;
    int r;

    hy_held_forget(s->held, grant->id);
    hy_query_open(s, SQL_GRANT_DELETE, &q);
    hy_put_int(&q, grant->id);
    r = hy_query_run(&q);
    return r < 0 ? r : hy_reach_change(s, grant, hy_grant_free_uses(grant), 0, HY_REACH_LOOK);
}

/* --- pick ------------------------------------------------------------------------------------- */

/* The two last minutes of a user's receipts with free uses. */
struct minutes {
    int64_t last, second;
    int64_t last_id;
};

static void note_minute(struct minutes *m, const struct hy_grant *grant)
{
    int64_t minute = hy_reach_minute(grant);

    if (!hy_grant_is_receipt(grant->kind) || grant->state != HY_GRANT_AVAILABLE)
        return;
    if (minute > m->last) {
        m->second = m->last;
        m->last = minute;
        m->last_id = grant->id;
    } else if (minute > m->second) {
        m->second = minute;
    }
}

int hy_grant_pick(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                  int64_t margin_ms, struct hy_arena *arena, struct hy_pick *ret_pick)
{
    struct minutes minutes = {0};
    struct hy_grant grant;
    struct hy_query q;
    int r, found = 0;

    if (hy_gather_knows_user(s->gather, m->app_no, m->user))
        hy_query_open(s, SQL_GRANT_FREE, &q);
    else
        hy_query_open_beside(s, SQL_GRANT_FREE, &q);
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, arena, &grant);
        note_minute(&minutes, &grant);
        if (!q.nomem && hy_grant_fits(&grant, m->template_id, m->template_kind) &&
            hy_grant_usable(&grant, now_ms, margin_ms) &&
            (!found || hy_grant_compare(&grant, &ret_pick->grant) < 0)) {
            ret_pick->grant = grant;
            found = 1;
        }
    }
    if (found)
        ret_pick->others_minute =
            ret_pick->grant.id == minutes.last_id ? minutes.second : minutes.last;
    return r < 0 ? r : found;
}

/* The counter that fits, else the newest receipt that does; into the scratch arena. 1 or 0. */
static int telling_grant(struct hy_sqlite *s, const struct hy_message *m,
                         struct hy_grant *ret_grant)
{
    struct hy_grant grant;
    bool found = false, counter = false;
    struct hy_query q;
    int r = 0;

    hy_query_open(s, SQL_GRANT_OF_USER, &q);
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    while (!counter && (r = hy_query_step(&q)) == HY_ROW) {
        hy_grant_read(&q, &s->scratch, &grant);
        if (q.nomem || !hy_grant_fits(&grant, m->template_id, m->template_kind))
            continue;
        counter = !hy_grant_is_receipt(grant.kind);
        if (counter || !found)
            *ret_grant = grant;
        found = true;
    }
    if (counter)
        r = hy_query_close(&q);
    return r < 0 ? r : found;
}

int hy_grant_why_missing(struct hy_sqlite *s, const struct hy_message *m, int64_t now_ms,
                         int64_t margin_ms, const char **ret_reason, int64_t *ret_retry_at_ms)
{
    struct hy_grant grant;
    int found = telling_grant(s, m, &grant);

    if (found < 0)
        return found;
    *ret_reason = hy_grant_missing_reason(found ? &grant : NULL, now_ms, margin_ms);
    *ret_retry_at_ms = found && grant.state == HY_GRANT_SUSPECT && grant.retry_at_ms > now_ms
                           ? grant.retry_at_ms
                           : 0;
    return 0;
}

/* --- take, let go ----------------------------------------------------------------------------- */

int hy_grant_take(struct hy_sqlite *s, struct hy_message *m, struct hy_pick *pick)
{
    int64_t before = hy_grant_free_uses(&pick->grant);

    hy_grant_reserve(&pick->grant);
    m->grant_id = pick->grant.id;
    m->in_doubt = false;
    return hy_grant_save(s, &pick->grant, before, pick->others_minute);
}

/* A use that is given back; and a suspect grant is good for one message at a time, which ends. */
static bool frees(enum hy_grant_move move, bool was_suspect)
{
    return move == HY_GRANT_GIVE_BACK ||
           (was_suspect && (move == HY_GRANT_SPEND || move == HY_GRANT_DOUBT));
}

int hy_grant_let_go(struct hy_sqlite *s, struct hy_message *m, const struct hy_release *release)
{
    struct hy_grant grant;
    bool was_suspect, was_revoked;
    int64_t before;
    int r;

    if (m->grant_id == 0 || release->move == HY_GRANT_KEEP)
        return frees(release->move, false);
    r = hy_grant_load(s, m->grant_id, &s->scratch, &grant);
    if (release->move != HY_GRANT_SPEND)
        m->grant_id = 0;
    if (r < 0) /* only a standing grant, of which nothing is counted, may be gone */
        return r == HY_E_NOT_FOUND ? frees(release->move, false) : r;
    was_suspect = grant.state == HY_GRANT_SUSPECT;
    was_revoked = grant.state == HY_GRANT_REVOKED;
    before = hy_grant_free_uses(&grant);
    hy_grant_release(&grant, release->move, m->in_doubt, release->reason, release->retry_at_ms);
    hy_purge_mark_lower(s, &grant);
    r = hy_grant_save(s, &grant, before, HY_REACH_LOOK);
    if (r == 0 && s->hooks.wanted && grant.state == HY_GRANT_REVOKED && !was_revoked)
        r = hy_outcome_of_grant(s, HY_OUTCOME_GRANT_REVOKED, &grant, 0);
    return r < 0 ? r : frees(release->move, was_suspect);
}

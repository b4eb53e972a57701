#include "store/sqlite/awaiting.h"

#include "base/err.h"
#include "store/sqlite/bucket.h"
#include "store/sqlite/sending.h"
#include "store/sqlite/verbs.h"

/* The platform's clock may be behind ours, and its instants are whole seconds. */
enum { CLOCKS_APART_MS = 300000 };

/* --- noting ----------------------------------------------------------------------------------- */

/* What earlier attempts noted. */
int hy_awaiting_forget(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t message_id)
{
    struct hy_query q;

    hy_query_open(s, SQL_AWAITING_AGAIN, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    hy_put_int(&q, message_id);
    return hy_query_run(&q);
}

int hy_awaiting_note(struct hy_sqlite *s, const struct hy_message *m, int64_t left_at_ms,
                     bool expected)
{
    struct hy_query q;
    int r = m->attempt_count > 1 ? hy_awaiting_forget(s, m->app_no, m->user, m->id) : 0;

    if (r < 0 || !expected || (m->state != HY_MESSAGE_SENT && m->state != HY_MESSAGE_UNKNOWN))
        return r;
    hy_query_open(s, SQL_AWAITING_ADD, &q);
    hy_put_int(&q, hy_bucket_of(left_at_ms));
    hy_put_int(&q, m->app_no);
    hy_put_text(&q, m->user);
    hy_put_int(&q, m->id);
    hy_put_int(&q, left_at_ms);
    hy_put_int(&q, m->msgid);
    hy_put_text(&q, m->template_id);
    return hy_query_run(&q);
}

/* --- matching --------------------------------------------------------------------------------- */

struct matching {
    const struct hy_told *told;
    int64_t id; /* 0 = none yet */
    int64_t bucket, left_at_ms;
    enum fit { FIT_NONE, FIT_OLD, FIT_NEAR, FIT_MSGID } fit;
};

static enum fit fit_of(const struct hy_told *told, int64_t left_at_ms, int64_t msgid)
{
    if (msgid != 0)
        return msgid == told->msgid ? FIT_MSGID : FIT_NONE;
    if (left_at_ms > told->created_at_ms + CLOCKS_APART_MS)
        return FIT_NONE;
    return left_at_ms < told->created_at_ms - HY_EVENT_NEAR_MS ? FIT_OLD : FIT_NEAR;
}

/* Row by row: the one that fits best, and of those the earliest. */
static void look(struct matching *m, int64_t bucket, int64_t id, int64_t left_at_ms, int64_t msgid)
{
    enum fit fit = fit_of(m->told, left_at_ms, msgid);
    bool earlier = left_at_ms < m->left_at_ms || (left_at_ms == m->left_at_ms && id < m->id);

    if (fit == FIT_NONE || fit < m->fit || (fit == m->fit && !earlier))
        return;
    m->id = id;
    m->bucket = bucket;
    m->left_at_ms = left_at_ms;
    m->fit = fit;
}

static int look_in_bucket(struct hy_sqlite *s, struct matching *m, int64_t bucket)
{
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_AWAITING_OF_USER, &q);
    hy_put_int(&q, bucket);
    hy_put_int(&q, m->told->app_no);
    hy_put_text(&q, m->told->user);
    hy_put_text(&q, m->told->template_id);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        int64_t id = hy_get_int(&q), left_at_ms = hy_get_int(&q);

        look(m, bucket, id, left_at_ms, hy_get_int(&q));
    }
    return r;
}

/* Downwards: what is told was mostly sent a moment ago. Older than three days is tidied. */
static int find(struct hy_sqlite *s, struct matching *m)
{
    int64_t bucket = INT64_MAX;
    int r = 0;

    while (r == 0 && m->fit != FIT_MSGID) {
        struct hy_query q;

        hy_query_open(s, SQL_AWAITING_LOWER_BUCKET, &q);
        hy_put_int(&q, bucket);
        r = hy_query_int(&q, &bucket);
        if (r == 0)
            r = look_in_bucket(s, m, bucket);
    }
    return r == HY_E_NOT_FOUND ? 0 : r;
}

/* 1 when a message of that user and template is in `sending`. */
static int one_is_sending(struct hy_sqlite *s, const struct hy_told *told)
{
    return hy_user_sending(s, told->app_no, told->user, told->template_id);
}

/* --- moving ----------------------------------------------------------------------------------- */

static int forget_row(struct hy_sqlite *s, const struct matching *m)
{
    struct hy_query q;

    hy_query_open(s, SQL_AWAITING_DELETE, &q);
    hy_put_int(&q, m->bucket);
    hy_put_int(&q, m->told->app_no);
    hy_put_text(&q, m->told->user);
    hy_put_int(&q, m->id);
    return hy_query_run(&q);
}

static int move(struct hy_sqlite *s, struct hy_row *row, const struct hy_told *told, int64_t now_ms)
{
    static const struct hy_release spend = {.move = HY_GRANT_SPEND};
    struct hy_message *m = &row->m;
    bool was_due = m->due_at_ms > 0;
    size_t woken = 0;
    int r, freed = m->state == HY_MESSAGE_UNKNOWN ? hy_grant_let_go(s, m, &spend) : 0;

    if (freed < 0)
        return freed;
    hy_message_move(m, told->delivered ? HY_MESSAGE_DELIVERED : HY_MESSAGE_FAILED);
    m->reason = told->delivered ? NULL : told->reason;
    m->settled_at_ms = now_ms;
    m->due_at_ms = 0;
    m->in_doubt = false;
    row->parked = false;
    if (m->msgid == 0)
        m->msgid = told->msgid;
    if (!told->delivered)
        m->grant_id = 0;
    r = hy_message_save(s, row);
    if (r == 0 && was_due)
        r = hy_user_unpark(s, m->app_no, m->user);
    if (r == 0 && freed == 1)
        r = hy_user_wake(s, m->app_no, m->user, now_ms, 0, &woken);
    return r;
}

int hy_told_apply(struct hy_sqlite *s, const struct hy_told *told, int64_t now_ms,
                  int64_t *ret_message_id)
{
    struct matching m = {.told = told};
    struct hy_row row;
    int r = find(s, &m);

    *ret_message_id = 0;
    if (r == 0 && m.id != 0 && m.fit != FIT_MSGID)
        r = one_is_sending(s, told);
    if (r != 0 || m.id == 0)
        return r < 0 ? r : 0;
    r = hy_message_load(s, m.id, &row);
    if (r == HY_E_NOT_FOUND)
        return HY_E_CORRUPT; /* what is awaited goes before its message does */
    if (r < 0 || !hy_message_may_move(row.m.state, HY_MESSAGE_DELIVERED))
        return r; /* it is being sent again */
    *ret_message_id = m.id;
    r = move(s, &row, told, now_ms);
    return r < 0 ? r : forget_row(s, &m);
}

/* --- what came early -------------------------------------------------------------------------- */

int hy_early_remember(struct hy_sqlite *s)
{
    struct hy_query q;
    int64_t any;
    int r;

    hy_query_open(s, SQL_EARLY_ANY, &q);
    r = hy_query_int(&q, &any);
    if (r == 0)
        s->early_any = any != 0;
    return r;
}

int hy_early_keep(struct hy_sqlite *s, const struct hy_told *told, int64_t now_ms)
{
    struct hy_query q;

    s->early_any = true;
    hy_query_open(s, SQL_EARLY_ADD, &q);
    hy_put_int(&q, told->app_no);
    hy_put_text(&q, told->user);
    hy_put_text(&q, told->template_id);
    hy_put_int(&q, told->msgid);
    hy_put_int(&q, told->delivered);
    hy_put_text(&q, told->reason);
    hy_put_int(&q, told->created_at_ms);
    hy_put_int(&q, now_ms);
    return hy_query_run(&q);
}

struct kept {
    int64_t id;
    struct hy_told told;
};

static int load_kept(struct hy_sqlite *s, int64_t app_no, const char *user, struct kept **ret_kept,
                     size_t *ret_count)
{
    void *all = NULL;
    size_t count = 0, capacity = 0;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_EARLY_OF_USER, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct kept *k = hy_query_room(&q, &s->scratch, &all, count, &capacity, sizeof *k);

        if (!k)
            return HY_E_NOMEM;
        *k = (struct kept){hy_get_int(&q), {.app_no = app_no, .user = user}};
        k->told.template_id = hy_get_text(&q, &s->scratch);
        k->told.msgid = hy_get_int(&q);
        k->told.delivered = hy_get_int(&q) != 0;
        k->told.reason = hy_get_text(&q, &s->scratch);
        k->told.created_at_ms = hy_get_int(&q);
        count++;
    }
    *ret_kept = all;
    *ret_count = count;
    return r;
}

static int delete_kept(struct hy_sqlite *s, int64_t id)
{
    struct hy_query q;

    hy_query_open(s, SQL_EARLY_DELETE, &q);
    hy_put_int(&q, id);
    return hy_query_run(&q);
}

int hy_early_apply(struct hy_sqlite *s, int64_t app_no, const char *user, int64_t now_ms)
{
    struct kept *kept;
    size_t count = 0, gone = 0;
    int r = s->early_any ? load_kept(s, app_no, user, &kept, &count) : 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        int64_t id;

        r = hy_told_apply(s, &kept[i].told, now_ms, &id);
        if (r == 0 && id > 0) {
            r = delete_kept(s, kept[i].id);
            gone++;
        }
    }
    return r == 0 && gone > 0 ? hy_early_remember(s) : r;
}

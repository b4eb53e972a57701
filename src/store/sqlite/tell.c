#include "store/sqlite/tell.h"

#include "base/err.h"
#include "store/sqlite/bucket.h"
#include "store/sqlite/ledger.h"
#include "store/sqlite/outbox.h"

/* --- identities ------------------------------------------------------------------------------- */

static void open_seen(struct hy_sqlite *s, enum hy_sql which, int64_t app_no,
                      const uint8_t *identity, int64_t at_ms, struct hy_query *q)
{
    hy_query_open(s, which, q);
    hy_put_int(q, hy_bucket_of(at_ms));
    hy_put_int(q, app_no);
    hy_put_blob(q, identity, HY_IDENTITY_BYTES);
}

int hy_seen(struct hy_sqlite *s, int64_t app_no, const uint8_t *identity, int64_t at_ms)
{
    struct hy_query q;
    int64_t one;
    int r;

    open_seen(s, SQL_SEEN_FIND, app_no, identity, at_ms, &q);
    r = hy_query_int(&q, &one);
    return r == HY_E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

int hy_seen_add(struct hy_sqlite *s, int64_t app_no, const uint8_t *identity, int64_t at_ms)
{
    struct hy_query q;

    open_seen(s, SQL_SEEN_ADD, app_no, identity, at_ms, &q);
    return hy_query_run(&q);
}

/* --- answers ---------------------------------------------------------------------------------- */

void hy_answer_read(struct hy_query *q, struct hy_arena *arena, struct hy_answer *ret_answer)
{
    ret_answer->id = hy_get_int(q);
    ret_answer->app_no = hy_get_int(q);
    ret_answer->user = hy_get_text(q, arena);
    ret_answer->template_id = hy_get_text(q, arena);
    ret_answer->kind = (enum hy_answer_kind)hy_get_int(q);
    ret_answer->uses = (int32_t)hy_get_int(q);
    for (int i = 0; i < HY_SOURCES; i++)
        ret_answer->told[i] = (int32_t)hy_get_int(q);
    ret_answer->at_ms = hy_get_int(q);
}

struct near {
    int64_t from_ms, to_ms;
    void *answers; /* struct hy_answer */
    size_t count, capacity;
    struct hy_arena arena; /* of one tell: thousands of them may come in one call */
};

static int near_in_bucket(struct hy_sqlite *s, const struct hy_deposit_item *item, int64_t bucket,
                          struct near *near)
{
    const struct hy_grant *g = &item->grant;
    struct hy_query q;
    int r;

    hy_query_open(s, SQL_ANSWER_NEAR, &q);
    hy_put_int(&q, bucket);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->user);
    hy_put_text(&q, g->template_id);
    hy_put_int(&q, item->answer);
    hy_put_int(&q, near->from_ms);
    hy_put_int(&q, near->to_ms);
    while ((r = hy_query_step(&q)) == HY_ROW) {
        struct hy_answer *answer = hy_query_room(&q, &near->arena, &near->answers, near->count,
                                                 &near->capacity, sizeof *answer);

        if (!answer)
            return HY_E_NOMEM;
        hy_answer_read(&q, &near->arena, answer);
        near->count++;
    }
    return r;
}

static int save_answer(struct hy_sqlite *s, const struct hy_answer *answer)
{
    struct hy_query q;

    hy_query_open(s, SQL_ANSWER_SAVE, &q);
    hy_put_int(&q, answer->uses);
    for (int i = 0; i < HY_SOURCES; i++)
        hy_put_int(&q, answer->told[i]);
    hy_put_int(&q, answer->id);
    return hy_query_run(&q);
}

static int insert_answer(struct hy_sqlite *s, const struct hy_deposit_item *item, int32_t taps)
{
    const struct hy_grant *g = &item->grant;
    struct hy_query q;

    hy_query_open(s, SQL_ANSWER_INSERT, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->user);
    hy_put_text(&q, g->template_id);
    hy_put_int(&q, item->answer);
    hy_put_int(&q, taps);
    for (int i = 0; i < HY_SOURCES; i++)
        hy_put_int(&q, i == (int)item->source ? taps : 0);
    hy_put_int(&q, g->obtained_at_ms);
    hy_put_int(&q, hy_bucket_of(g->obtained_at_ms));
    return hy_query_run(&q);
}

static int read_near(struct hy_sqlite *s, const struct hy_deposit_item *item,
                     int64_t withdrawn_at_ms, struct near *near)
{
    int r = 0;

    hy_answer_span(item->answer, item->grant.obtained_at_ms, item->window_ms, withdrawn_at_ms,
                   &near->from_ms, &near->to_ms);
    for (int64_t b = hy_bucket_of(near->from_ms); b <= hy_bucket_of(near->to_ms) && r == 0; b++)
        r = near_in_bucket(s, item, b, near);
    return r;
}

/* How many of the taps nobody had told. Each answer that changes is saved once. */
static int pair(struct hy_sqlite *s, const struct hy_deposit_item *item, const struct near *near,
                int32_t *ret_taps)
{
    struct hy_answer *answers = near->answers;
    size_t last = near->count, at = near->count;
    int32_t left;
    int r = 0;

    for (left = item->grant.uses_total; left > 0 && r == 0; left--) {
        at = hy_answer_pair(answers, near->count, item->source, item->answer,
                            item->grant.obtained_at_ms, item->window_ms);
        if (last != at && last < near->count)
            r = save_answer(s, &answers[last]);
        last = at;
        if (at == near->count)
            break;
        answers[at].told[item->source]++;
    }
    *ret_taps = left;
    return r == 0 && at < near->count ? save_answer(s, &answers[at]) : r;
}

static int add_taps(struct hy_sqlite *s, const struct hy_deposit_item *item,
                    const struct near *near, int32_t taps)
{
    struct hy_answer *answers = near->answers;
    size_t at =
        hy_answer_join(answers, near->count, item->answer, item->grant.obtained_at_ms, taps);

    if (at == near->count)
        return insert_answer(s, item, taps);
    hy_answer_add(&answers[at], item->source, taps);
    return save_answer(s, &answers[at]);
}

/* Pairs the taps with those that other sources told; *ret_taps are the others, which are new. */
static int pair_or_add(struct hy_sqlite *s, const struct hy_deposit_item *item,
                       int64_t withdrawn_at_ms, int32_t *ret_taps)
{
    struct near near = {0};
    int r;

    hy_arena_init(&near.arena);
    r = read_near(s, item, withdrawn_at_ms, &near);
    if (r == 0)
        r = pair(s, item, &near, ret_taps);
    if (r == 0 && *ret_taps > 0)
        r = add_taps(s, item, &near, *ret_taps);
    hy_arena_deinit(&near.arena);
    return r;
}

/* --- declined --------------------------------------------------------------------------------- */

int hy_declined_get(struct hy_sqlite *s, int64_t app_no, const char *user, const char *template_id,
                    struct hy_declined *ret_declined)
{
    struct hy_query q;
    int r;

    *ret_declined = (struct hy_declined){0};
    hy_query_open(s, SQL_DECLINED_GET, &q);
    hy_put_int(&q, app_no);
    hy_put_text(&q, user);
    hy_put_text(&q, template_id);
    r = hy_query_step(&q);
    if (r != HY_ROW)
        return r;
    ret_declined->kind = (enum hy_answer_kind)hy_get_int(&q);
    ret_declined->at_ms = hy_get_int(&q);
    ret_declined->withdrawn_at_ms = hy_get_int(&q);
    return hy_query_close(&q);
}

static int declined_put(struct hy_sqlite *s, const struct hy_grant *g, const struct hy_declined *d)
{
    struct hy_query q;

    hy_query_open(s, SQL_DECLINED_PUT, &q);
    hy_put_int(&q, g->app_no);
    hy_put_text(&q, g->user);
    hy_put_text(&q, g->template_id);
    hy_put_int(&q, d->kind);
    hy_put_int(&q, d->at_ms);
    hy_put_int(&q, d->withdrawn_at_ms);
    return hy_query_run(&q);
}

/* Notes a new answer: all but accepts of those who never declined. */
static int note_newest(struct hy_sqlite *s, const struct hy_deposit_item *item,
                       struct hy_declined *d)
{
    int64_t at_ms = item->grant.obtained_at_ms;
    bool changed = false;

    if (item->answer == HY_ANSWER_ACCEPT && d->at_ms == 0)
        return 0;
    if (at_ms >= d->at_ms) {
        d->kind = item->answer;
        d->at_ms = at_ms;
        changed = true;
    }
    if (item->answer == HY_ANSWER_WITHDRAW && at_ms > d->withdrawn_at_ms) {
        d->withdrawn_at_ms = at_ms;
        changed = true;
    }
    return changed ? declined_put(s, &item->grant, d) : 0;
}

/* --- tell ------------------------------------------------------------------------------------- */

struct telling {
    struct hy_deposit_item *item;
    struct hy_grant counter; /* id 0 = the user has none */
    struct hy_declined declined;
    int32_t taps; /* that are new */
    bool changed; /* there may be more to have */
};

static int accept_more(struct hy_sqlite *s, struct telling *t)
{
    const struct hy_grant *told = &t->item->grant;
    int64_t before = hy_grant_free_uses(&t->counter);

    hy_grant_accept(&t->counter, told->kind, t->taps, told->obtained_at_ms);
    return hy_grant_save(s, &t->counter, before, 0);
}

static int accept_first(struct hy_sqlite *s, struct telling *t)
{
    t->counter = t->item->grant;
    t->counter.uses_total = t->counter.uses_left = t->taps;
    t->counter.uses_reserved = 0;
    t->counter.refusals = 0;
    t->counter.retry_at_ms = 0;
    return hy_grant_insert(s, &t->counter);
}

static int accept(struct hy_sqlite *s, struct telling *t)
{
    const struct hy_grant *told = &t->item->grant;
    bool turns =
        told->kind == HY_GRANT_ALWAYS && t->counter.id > 0 && t->counter.kind == HY_GRANT_ONCE;

    if (told->obtained_at_ms <= t->declined.withdrawn_at_ms || (t->taps == 0 && !turns))
        return 0;
    t->item->added = t->taps;
    t->changed = true;
    return t->counter.id > 0 ? accept_more(s, t) : accept_first(s, t);
}

static int withdraw(struct hy_sqlite *s, struct telling *t)
{
    int64_t before = hy_grant_free_uses(&t->counter);
    int r;

    if (t->counter.id == 0 ||
        !hy_grant_withdraw(&t->counter, t->item->grant.obtained_at_ms, "withdrawn"))
        return 0;
    r = hy_grant_save(s, &t->counter, before, 0);
    return r == 0 && s->hooks.wanted
               ? hy_outcome_of_grant(s, HY_OUTCOME_GRANT_REVOKED, &t->counter, 0)
               : r;
}

static int load(struct hy_sqlite *s, struct telling *t)
{
    const struct hy_grant *g = &t->item->grant;
    int r = hy_grant_load_counter(s, g->app_no, g->user, g->template_id, &t->counter);

    if (r == HY_E_NOT_FOUND) {
        t->counter = (struct hy_grant){0};
        r = 0;
    }
    return r < 0 ? r : hy_declined_get(s, g->app_no, g->user, g->template_id, &t->declined);
}

/* 1 when the tell itself is known; otherwise it is from now on. */
static int repeated(struct hy_sqlite *s, const struct hy_deposit_item *item)
{
    int64_t app_no = item->grant.app_no;
    int64_t last = hy_bucket_of(item->identity_at_ms);
    int r = 0;

    if (!item->identity)
        return 0;
    for (int64_t b = hy_bucket_of(item->identity_at_ms - item->identity_back_ms);
         b <= last && r == 0; b++)
        r = hy_seen(s, app_no, item->identity, b << HY_BUCKET_SHIFT);
    if (r != 0)
        return r;
    return hy_seen_add(s, app_no, item->identity, item->identity_at_ms);
}

static int tell(struct hy_sqlite *s, struct telling *t)
{
    struct hy_deposit_item *item = t->item;
    int r = pair_or_add(s, item, t->declined.withdrawn_at_ms, &t->taps);

    if (r == 0 && t->taps > 0)
        r = note_newest(s, item, &t->declined);
    if (r == 0 && item->answer == HY_ANSWER_ACCEPT)
        r = accept(s, t);
    if (r == 0 && t->taps > 0 && item->answer == HY_ANSWER_WITHDRAW)
        r = withdraw(s, t);
    return r;
}

int hy_tell(struct hy_sqlite *s, struct hy_deposit_item *item, bool *ret_changed)
{
    struct telling t = {.item = item};
    int known, r = load(s, &t);

    item->added = 0;
    known = r < 0 ? r : repeated(s, item);
    r = known == 0 ? tell(s, &t) : known;
    item->duplicate = t.taps == 0;
    item->grant.id = t.counter.id;
    *ret_changed = t.changed;
    return r < 0 ? r : 0;
}

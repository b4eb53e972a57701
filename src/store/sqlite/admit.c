#include "base/err.h"
#include "store/sqlite/gather.h"
#include "store/sqlite/held.h"
#include "store/sqlite/idempotency.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"

/* What on_missing makes of a due message without a grant. */
static int decide_missing(struct hy_sqlite *s, struct hy_message *m, int64_t now_ms,
                          int64_t margin_ms)
{
    int64_t retry_at_ms;
    int r;

    if (m->on_missing == HY_ON_MISSING_TRY)
        return 0;
    m->state = m->on_missing == HY_ON_MISSING_FAIL ? HY_MESSAGE_FAILED : HY_MESSAGE_WAITING;
    m->settled_at_ms = m->state == HY_MESSAGE_FAILED ? now_ms : 0;
    r = hy_grant_why_missing(s, m, now_ms, margin_ms, &m->reason, &retry_at_ms);
    m->due_at_ms = m->state == HY_MESSAGE_WAITING ? retry_at_ms : 0;
    return r;
}

int hy_admit_new(struct hy_sqlite *s, struct hy_admit_item *item, int64_t now_ms)
{
    struct hy_message m = *item->message;
    struct hy_pick pick;
    int r = 0;

    m.state = HY_MESSAGE_QUEUED;
    m.reason = NULL;
    m.grant_id = 0;
    m.settled_at_ms = 0;
    m.due_at_ms = m.send_at_ms > now_ms ? m.send_at_ms : now_ms;
    if (m.send_at_ms <= now_ms) {
        r = hy_grant_pick(s, &m, now_ms, item->margin_ms, &s->scratch, &pick);
        if (r == 1)
            r = hy_grant_take(s, &m, &pick);
        else if (r == 0)
            r = decide_missing(s, &m, now_ms, item->margin_ms);
    }
    if (r == 0)
        r = hy_message_insert(s, &m);
    if (r < 0)
        return r;
    item->admission = HY_ADMITTED;
    item->message->state = m.state;
    item->message->reason = m.reason;
    item->message->grant_id = m.grant_id;
    item->message->due_at_ms = m.due_at_ms;
    return 0;
}

static void answer_again(const struct hy_key_use *use, struct hy_admit_item *item)
{
    if (!use->same_body) {
        item->admission = HY_ADMIT_CONFLICT;
        return;
    }
    item->admission = HY_ADMITTED_BEFORE;
    item->message->id = use->message_id;
    item->message->state = use->state;
    item->message->reason = use->reason;
}

struct admission {
    int64_t now_ms;
    int64_t window_ms;
    struct hy_arena *arena;
    size_t keys_added;
    bool check_ids;
};

static int admit_item(struct hy_sqlite *s, struct hy_admit_item *item, struct admission *a)
{
    struct hy_key_use use;
    int r = 0;

    if (item->key)
        r = hy_key_find(s, item, a->now_ms, a->window_ms, a->arena, &use);
    if (r == 1) {
        answer_again(&use, item);
        return 0;
    }
    if (r == 0 && (item->repeat_only ||
                   (item->message->expires_at_ms && item->message->expires_at_ms <= a->now_ms))) {
        item->admission = HY_ADMIT_LATE;
        return 0;
    }
    if (r == 0 && a->check_ids && hy_message_exists(s, item->message->id) != 0)
        return HY_E_EXISTS;
    if (r == 0)
        r = hy_admit_new(s, item, a->now_ms);
    if (r == 0 && item->key) {
        a->keys_added++;
        r = hy_key_add(s, item, a->now_ms);
    }
    return r;
}

static int admit_all(struct hy_sqlite *s, struct hy_admit_item *items, size_t count,
                     struct admission *a)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = admit_item(s, &items[i], a);
    if (r == 0 && a->keys_added > 0)
        r = hy_key_trim(s, a->now_ms, a->window_ms, a->keys_added);
    return r;
}

/* 1 when an id is stored already, or might be there twice in this call. */
static int ids_look_used(struct hy_sqlite *s, const struct hy_admit_item *items, size_t count)
{
    int64_t before = 0;
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++) {
        int64_t id = items[i].message->id;

        if (id <= before)
            return 1;
        r = hy_message_exists(s, id);
        before = id;
    }
    return r;
}

static int run(struct hy_sqlite *s, enum hy_sql which)
{
    struct hy_query q;

    hy_query_open(s, which, &q);
    return hy_query_run(&q);
}

/*
 * Items are written as they are looked at: that a key is used twice in one call is seen in the
 * tables. The one fault that may come after a write is an id that is taken. Ids as they should be
 * rule it out beforehand; otherwise a savepoint takes the writes back.
 */
int hy_admit_items(struct hy_sqlite *s, struct hy_admit_item *items, size_t count, int64_t now_ms,
                   int64_t key_window_ms, struct hy_arena *arena)
{
    struct admission a = {.now_ms = now_ms, .window_ms = key_window_ms, .arena = arena};
    int r = ids_look_used(s, items, count);

    s->now_ms = now_ms;
    if (r < 0)
        return r;
    if (r == 0)
        return admit_all(s, items, count, &a);
    a.check_ids = true;
    r = hy_tally_write(s); /* what is counted after this is taken back with the rest */
    if (r == 0)
        r = run(s, SQL_SAVEPOINT);
    if (r < 0)
        return r;
    r = admit_all(s, items, count, &a);
    if (r == HY_E_EXISTS) {
        hy_tally_forget(s);
        hy_gather_forget(s);
        hy_held_forget_all(s->held);
        if (run(s, SQL_SAVEPOINT_UNDO) < 0)
            return HY_E_IO;
    }
    if (r == 0 || r == HY_E_EXISTS)
        return run(s, SQL_SAVEPOINT_END) < 0 ? HY_E_IO : r;
    return r;
}

int hy_sqlite_admit(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_sqlite *s = hy_sqlite_of(backend);
    struct hy_admit *v = (struct hy_admit *)op;

    hy_arena_reset(&s->scratch);
    return hy_admit_items(s, v->items, v->count, v->now_ms, v->key_window_ms, v->arena);
}

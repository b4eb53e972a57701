/* What endpoints are told, and when: store/webhooks.h. */
#include "store/postgres/outbox.h"

#include "base/err.h"

/* --- put ---------------------------------------------------------------------------------------- */

int hy_pg_outbox_put(struct hy_backend *backend, struct hy_op *op)
{
    static const struct hy_pg_sql put = {
        "outbox_put",
        "INSERT INTO outbox (id, due_at_ms, claimed_by, attempts, webhook_id, type, app_no, at_ms, "
        "message_id, msgid, event_id, uses, reason, \"user\", template_id) "
        "SELECT nextval('outbox_id'), $4, 0, 0, id, $2, $3, $4, 0, $5, 0, $6, $7, $8, $9 "
        "FROM (SELECT id FROM webhook WHERE id = $1 FOR KEY SHARE) w RETURNING id"};
    struct hy_pg *pg = hy_pg(backend);
    struct hy_outcome *o = &((struct hy_outbox_put *)op)->outcome;
    struct hy_pg_args *args;
    struct hy_pg_rows rows;
    int r = hy_desk_put_away(pg); /* outcomes that lie there come before */

    if (r < 0)
        return r;
    args = hy_pg_args(pg->link);
    hy_pg_put_int(args, o->webhook_id);
    hy_pg_put_int(args, o->type);
    hy_pg_put_int(args, o->app_no);
    hy_pg_put_int(args, o->at_ms);
    hy_pg_put_int(args, o->msgid);
    hy_pg_put_int(args, o->uses);
    hy_pg_put_text(args, o->reason);
    hy_pg_put_text(args, o->user);
    hy_pg_put_text(args, o->template_id);
    r = hy_pg_run(pg->link, &put, &rows);
    if (r == 0 && !hy_pg_next(&rows))
        r = HY_E_NOT_FOUND;
    if (r == 0) {
        o->id = hy_pg_int(&rows, 0);
        hy_pg_tell_news(pg, HY_NEWS_OUTCOMES, o->webhook_id);
    }
    hy_pg_rows_free(&rows);
    return r;
}

/* --- claim -------------------------------------------------------------------------------------- */

enum { OUTCOME_COLUMNS = 14, EVENT_COLUMN = OUTCOME_COLUMNS + HY_PG_MESSAGE_COLUMN_COUNT };

struct claiming {
    struct hy_outbox_claim *verb;
    struct hy_outbox_lane *lanes; /* of this round */
    struct hy_vector *claimed;    /* hy_outbox_claimed */
};

static void read_outcome(const struct hy_pg_rows *rows, struct hy_arena *arena,
                         struct hy_outcome *ret_outcome)
{
    *ret_outcome = (struct hy_outcome){.id = hy_pg_int(rows, 0),
                                       .webhook_id = hy_pg_int(rows, 1),
                                       .type = (enum hy_outcome_type)hy_pg_int(rows, 2),
                                       .app_no = hy_pg_int(rows, 3),
                                       .at_ms = hy_pg_int(rows, 4),
                                       .message_id = hy_pg_int(rows, 5),
                                       .reason = hy_pg_copy(rows, 6, arena),
                                       .msgid = hy_pg_int(rows, 7),
                                       .event_id = hy_pg_int(rows, 8),
                                       .user = hy_pg_copy(rows, 9, arena),
                                       .template_id = hy_pg_copy(rows, 10, arena),
                                       .uses = hy_pg_int(rows, 11),
                                       .attempts = (int32_t)hy_pg_int(rows, 12),
                                       .due_at_ms = hy_pg_int(rows, 13)};
}

static void read_event(const struct hy_pg_rows *rows, struct hy_arena *arena,
                       struct hy_event *ret_event)
{
    *ret_event = (struct hy_event){.id = hy_pg_int(rows, EVENT_COLUMN),
                                   .app_no = hy_pg_int(rows, EVENT_COLUMN + 1),
                                   .name = hy_pg_copy(rows, EVENT_COLUMN + 2, arena),
                                   .user = hy_pg_copy(rows, EVENT_COLUMN + 3, arena),
                                   .raw = hy_pg_copy(rows, EVENT_COLUMN + 4, arena),
                                   .created_at_ms = hy_pg_int(rows, EVENT_COLUMN + 5),
                                   .received_at_ms = hy_pg_int(rows, EVENT_COLUMN + 6)};
}

static int read_claimed(struct hy_pg_rows *rows, void *arg)
{
    const struct claiming *c = (const struct claiming *)arg;
    struct hy_arena *arena = c->verb->arena;

    while (hy_pg_next(rows)) {
        struct hy_outbox_claimed *claimed =
            (struct hy_outbox_claimed *)hy_mem_copy_array(arena, 1, sizeof *claimed);

        read_outcome(rows, arena, &claimed->outcome);
        if (hy_pg_int(rows, OUTCOME_COLUMNS) != 0)
            hy_pg_read_message(rows, OUTCOME_COLUMNS, arena, &claimed->message);
        if (hy_pg_int(rows, EVENT_COLUMN) != 0)
            read_event(rows, arena, &claimed->event);
        hy_vector_push(c->claimed, claimed);
    }
    return 0;
}

static int read_next_due(struct hy_pg_rows *rows, void *arg)
{
    struct claiming *c = (struct claiming *)arg;

    for (size_t i = 0; hy_pg_next(rows); i++)
        c->lanes[i].next_due_ms = hy_pg_int(rows, 0);
    return 0;
}

/* A message and an event are looked up one by one, in the one partition that has them. */
static const struct hy_pg_sql claim_lanes = {
    "outbox_claim",
    "WITH due AS MATERIALIZED (SELECT l.n, d.id, d.due_at_ms FROM unnest($1::int8[], $2::int8[]) "
    "WITH ORDINALITY AS l (webhook_id, capacity, n) CROSS JOIN LATERAL (SELECT id, due_at_ms FROM "
    "outbox WHERE webhook_id = l.webhook_id AND due_at_ms > 0 AND due_at_ms <= $3 "
    "ORDER BY due_at_ms, id LIMIT l.capacity FOR UPDATE SKIP LOCKED) d), "
    "taken AS (UPDATE outbox o SET due_at_ms = $4, claimed_by = $5 FROM due WHERE o.id = due.id "
    "RETURNING due.n, due.due_at_ms AS was_due, o.*) "
    "SELECT t.id, t.webhook_id, t.type, t.app_no, t.at_ms, t.message_id, t.reason, t.msgid, "
    "t.event_id, t.\"user\", t.template_id, t.uses, t.attempts, t.due_at_ms, m.*, e.* FROM taken t "
    "LEFT JOIN LATERAL (SELECT " HY_PG_MESSAGE_COLUMNS " FROM message WHERE id = t.message_id AND "
    "t.message_id > 0 LIMIT 1) m ON true "
    "LEFT JOIN LATERAL (SELECT id, app_no, name, \"user\", raw, created_at_ms, received_at_ms "
    "FROM event WHERE id = t.event_id AND t.event_id > 0 LIMIT 1) e ON true "
    "ORDER BY t.n, t.was_due, t.id"};

static const struct hy_pg_sql next_due = {
    "outbox_next_due",
    "SELECT (SELECT due_at_ms FROM outbox WHERE webhook_id = l.webhook_id AND due_at_ms > 0 ORDER "
    "BY "
    "due_at_ms LIMIT 1) FROM unnest($1::int8[]) WITH ORDINALITY AS l (webhook_id, n) ORDER BY l.n"};

static void put_lanes(struct hy_pg_args *args, const struct claiming *c, size_t count)
{
    hy_pg_columns_begin(args, "ii");
    for (size_t i = 0; i < count; i++) {
        hy_pg_put_int(args, c->lanes[i].webhook_id);
        hy_pg_put_int(args, (int64_t)c->lanes[i].capacity);
    }
    hy_pg_columns_end(args);
}

static void queue_claim(struct hy_pg *pg, struct claiming *c, size_t count)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    put_lanes(args, c, count);
    hy_pg_put_int(args, c->verb->now_ms);
    hy_pg_put_int(args, c->verb->lease_until_ms);
    hy_pg_put_int(args, pg->node);
    hy_pg_queue(pg->link, &claim_lanes, read_claimed, c);
    args = hy_pg_args(pg->link);
    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < count; i++)
        hy_pg_put_int(args, c->lanes[i].webhook_id);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &next_due, read_next_due, c);
}

/* How many lanes from `first` on are of webhooks that differ: one statement may take what another lane of the
 * same one takes. */
static size_t differing(const struct hy_outbox_claim *v, size_t first)
{
    for (size_t i = first; i < v->lane_count; i++)
        for (size_t k = first; k < i; k++)
            if (v->lanes[k].webhook_id == v->lanes[i].webhook_id)
                return i - first;
    return v->lane_count - first;
}

static int claim_all(struct hy_pg *pg, struct hy_outbox_claim *v, struct hy_vector *claimed)
{
    size_t count;
    int r = 0;

    for (size_t first = 0; first < v->lane_count && r == 0; first += count) {
        struct claiming c = {.verb = v, .lanes = v->lanes + first, .claimed = claimed};

        count = differing(v, first);
        queue_claim(pg, &c, count);
        r = hy_pg_drain(pg->link);
    }
    return r;
}

int hy_pg_outbox_claim(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_outbox_claim *v = (struct hy_outbox_claim *)op;
    struct hy_vector claimed = {0};
    int r = hy_desk_put_away(pg); /* what lies there is to be told as it is now */

    if (r == 0)
        r = claim_all(pg, v, &claimed);
    v->count = r == 0 ? claimed.count : 0;
    v->claimed =
        (struct hy_outbox_claimed *)hy_mem_copy_array(v->arena, v->count, sizeof *v->claimed);
    for (size_t i = 0; i < v->count; i++)
        v->claimed[i] = *(const struct hy_outbox_claimed *)claimed.items[i];
    hy_vector_deinit(&claimed);
    return r;
}

/* --- settle ------------------------------------------------------------------------------------- */

/* Of all such verbs of a group: $1 webhooks whose state changes, $2 outcomes. */
static const struct hy_pg_sql lock_hooks = {
    "outbox_lock_hooks", "SELECT FROM webhook WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"};

static bool is_settle(const struct hy_op *op)
{
    return op->verb == HY_VERB_OUTBOX_SETTLE && op->result != HY_E_INVALID;
}

static size_t put_hooks(struct hy_pg_args *args, const struct hy_op *first)
{
    size_t count = 0;

    hy_pg_columns_begin(args, "i");
    for (const struct hy_op *op = first; op; op = op->next) {
        const struct hy_outbox_settle *v = (const struct hy_outbox_settle *)op;

        for (size_t i = 0; is_settle(op) && i < v->state_count; i++, count++)
            hy_pg_put_int(args, v->states[i].webhook_id);
    }
    hy_pg_columns_end(args);
    return count;
}

static size_t put_outcomes(struct hy_pg_args *args, const struct hy_op *first)
{
    size_t count = 0;

    hy_pg_columns_begin(args, "i");
    for (const struct hy_op *op = first; op; op = op->next) {
        const struct hy_outbox_settle *v = (const struct hy_outbox_settle *)op;

        for (size_t i = 0; is_settle(op) && i < v->count; i++, count++)
            hy_pg_put_int(args, v->items[i].outcome_id);
    }
    hy_pg_columns_end(args);
    return count;
}

static const struct hy_pg_sql lock = {
    "outbox_lock", "SELECT FROM outbox WHERE id = ANY ($1) ORDER BY id FOR UPDATE"};

void hy_pg_outbox_lock(struct hy_pg *pg, const struct hy_op *first)
{
    if (put_hooks(hy_pg_args(pg->link), first) > 0)
        hy_pg_queue(pg->link, &lock_hooks, NULL, NULL);
    if (put_outcomes(hy_pg_args(pg->link), first) == 0)
        return;
    hy_pg_queue(pg->link, &lock, NULL, NULL);
    hy_desk_wait_shortly(pg);
}

static void queue_lock(struct hy_pg *pg, const struct hy_outbox_item *items, size_t count)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < count; i++)
        hy_pg_put_int(args, items[i].outcome_id);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &lock, NULL, NULL);
}

static size_t put_items(struct hy_pg_args *args, const struct hy_outbox_item *items, size_t count,
                        bool over)
{
    size_t chosen = 0;

    hy_pg_columns_begin(args, "iii");
    for (size_t i = 0; i < count; i++) {
        if (items[i].over != over)
            continue;
        hy_pg_put_int(args, items[i].outcome_id);
        hy_pg_put_int(args, items[i].webhook_id);
        hy_pg_put_int(args, items[i].due_at_ms);
        chosen++;
    }
    hy_pg_columns_end(args);
    return chosen;
}

static int read_freed(struct hy_pg_rows *rows, void *arg)
{
    *(size_t *)arg += rows->changed;
    return 0;
}

/* Whoever was adding behind one of these has ended when they are locked; whoever comes now waits. */
static void queue_over(struct hy_pg *pg, const struct hy_outbox_item *items, size_t count,
                       int64_t now_ms, size_t *ret_freed)
{
    static const struct hy_pg_sql over = {
        "outbox_over",
        "WITH gone AS (DELETE FROM outbox o USING unnest($1::int8[], $2::int8[], $3::int8[]) "
        "AS t (id, webhook_id, due) WHERE o.id = t.id AND o.webhook_id = t.webhook_id "
        "RETURNING o.id, o.message_id, o.webhook_id), "
        "next AS (SELECT DISTINCT ON (g.message_id, g.webhook_id) n.id FROM gone g JOIN outbox n "
        "ON "
        "n.message_id = g.message_id AND n.message_id > 0 AND n.webhook_id = g.webhook_id "
        "WHERE n.id NOT IN (SELECT id FROM gone) "
        "ORDER BY g.message_id, g.webhook_id, n.id) "
        "UPDATE outbox o SET due_at_ms = CASE $4::int8 WHEN 0 THEN o.at_ms ELSE $4 END FROM next "
        "WHERE o.id = next.id AND o.due_at_ms = 0"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    if (put_items(args, items, count, true) == 0)
        return;
    hy_pg_put_int(args, now_ms);
    hy_pg_queue(pg->link, &over, read_freed, ret_freed);
}

static void queue_again(struct hy_pg *pg, const struct hy_outbox_item *items, size_t count)
{
    static const struct hy_pg_sql again = {
        "outbox_again",
        "UPDATE outbox o SET due_at_ms = t.due, attempts = o.attempts + 1, claimed_by = 0 FROM "
        "unnest($1::int8[], $2::int8[], $3::int8[]) AS t (id, webhook_id, due) WHERE o.id = t.id "
        "AND "
        "o.webhook_id = t.webhook_id AND o.due_at_ms <> t.due"};

    if (put_items(hy_pg_args(pg->link), items, count, false) > 0)
        hy_pg_queue(pg->link, &again, NULL, NULL);
}

/* How many items from the first on are of outcomes that differ. */
static size_t distinct(const struct hy_outbox_item *items, size_t count)
{
    struct hy_map seen = {0};
    size_t i = 0;

    while (i < count && !hy_map_get(&seen, items[i].outcome_id, NULL, 0)) {
        hy_map_put(&seen, items[i].outcome_id, NULL, 0, &seen);
        i++;
    }
    hy_map_deinit(&seen);
    return i;
}

static int read_changed(struct hy_pg_rows *rows, void *arg)
{
    while (hy_pg_next(rows))
        *(bool *)arg = *(bool *)arg || hy_pg_int(rows, 0) != 0;
    return 0;
}

/* `ret_changed`: one is in use now, or is no more. Of several states of one the last counts. */
static void queue_states(struct hy_pg *pg, const struct hy_outbox_settle *v, bool *ret_changed)
{
    static const struct hy_pg_sql states = {
        "webhook_states",
        "UPDATE webhook w SET failing_since_ms = s.failing, disabled_at_ms = s.disabled, "
        "last_error = s.error FROM (SELECT DISTINCT ON (t.id) t.* FROM unnest($1::int8[], "
        "$2::int8[], "
        "$3::int8[], $4::text[]) WITH ORDINALITY AS t (id, failing, disabled, error, n) "
        "ORDER BY t.id, t.n DESC) s JOIN webhook old ON old.id = s.id WHERE w.id = s.id "
        "RETURNING (old.disabled_at_ms <> w.disabled_at_ms)::int4"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "iiit");
    for (size_t i = 0; i < v->state_count; i++) {
        hy_pg_put_int(args, v->states[i].webhook_id);
        hy_pg_put_int(args, v->states[i].failing_since_ms);
        hy_pg_put_int(args, v->states[i].disabled_at_ms);
        hy_pg_put_text(args, v->states[i].last_error);
    }
    hy_pg_columns_end(args);
    if (v->state_count > 0)
        hy_pg_queue(pg->link, &states, read_changed, ret_changed);
}

int hy_pg_outbox_settle(struct hy_backend *backend, struct hy_op *op)
{
    struct hy_pg *pg = hy_pg(backend);
    struct hy_outbox_settle *v = (struct hy_outbox_settle *)op;
    bool changed = false;
    size_t count;
    int r = hy_desk_put_away(pg); /* outcomes that lie there are behind these */

    v->freed = 0;
    if (r < 0)
        return r;
    queue_states(pg, v, &changed); /* the webhook before its outcomes, as all lock them */
    for (size_t at = 0; at < v->count; at += count) {
        count = distinct(v->items + at, v->count - at);
        queue_lock(pg, v->items + at, count);
        queue_over(pg, v->items + at, count, v->now_ms, &v->freed);
        queue_again(pg, v->items + at, count);
    }
    r = hy_pg_drain(pg->link);
    if (r < 0 || !changed)
        return r;
    hy_pg_tell_news(pg, HY_NEWS_WEBHOOKS, 0);
    return hy_pg_endpoints_changed(pg);
}

/* --- for others --------------------------------------------------------------------------------- */

void hy_pg_queue_outbox_take_over(struct hy_pg *pg, const int64_t *webhook_ids, size_t count,
                                  int64_t now_ms)
{
    static const struct hy_pg_sql take_over = {
        "outbox_take_over",
        /* Whoever has one is settling it; and should that fail, it is due when that claim is over. */
        "UPDATE outbox SET due_at_ms = least(due_at_ms, $2), claimed_by = 0 WHERE id IN (SELECT id "
        "FROM outbox WHERE webhook_id = ANY ($1) AND claimed_by > 0 FOR NO KEY UPDATE SKIP "
        "LOCKED)"};
    struct hy_pg_args *args = hy_pg_args(pg->link);

    hy_pg_columns_begin(args, "i");
    for (size_t i = 0; i < count; i++)
        hy_pg_put_int(args, webhook_ids[i]);
    hy_pg_columns_end(args);
    hy_pg_put_int(args, now_ms);
    hy_pg_queue(pg->link, &take_over, NULL, NULL);
}

/*
 * Outcomes: which webhooks the rules tell, and what they told. Nothing is read for those who tell nobody:
 * the webhooks are remembered, and the fence of each transaction says whether they still are.
 *
 * The rules only put new outcomes on the desk. Whether one is behind another one of its message is seen when
 * it is written: the lock of the message's user keeps others from adding, and that of the row before it
 * from taking that away at the same moment (outbox.h).
 */
#include "store/postgres/desk_wants.h"
#include "store/postgres/outbox.h"

#include <stdlib.h>

/* --- which webhooks there are ------------------------------------------------------------------- */

struct kept {
    bool there; /* the desk has the webhooks */
};

static struct kept *kept(struct hy_pg *pg)
{
    return (struct kept *)hy_desk_kept(pg, HY_DESK_KEEPS_OUTCOMES, sizeof(struct kept));
}

/* What the rules look at: hy_mem_tell_...(). */
static void lay_out(struct hy_pg *pg)
{
    struct hy_vector *webhooks = &pg->desk.webhooks;

    while (webhooks->count > 0)
        hy_mem_webhook_free(webhooks->items[--webhooks->count]);
    for (size_t i = 0; i < pg->endpoints.count; i++) {
        const struct hy_pg_endpoint *endpoint = &pg->endpoints.all[i];
        struct hy_webhook *w = (struct hy_webhook *)hy_mem_alloc(sizeof *w);

        w->id = endpoint->id;
        w->app_no = endpoint->app_no;
        w->events = endpoint->events;
        hy_vector_push(webhooks, w);
    }
    kept(pg)->there = true;
}

static int read_endpoints(struct hy_pg_rows *rows, void *arg)
{
    struct hy_pg *pg = (struct hy_pg *)arg;

    pg->endpoints.count = 0;
    while (hy_pg_next(rows) && pg->endpoints.count < HY_WEBHOOKS_MAX)
        pg->endpoints.all[pg->endpoints.count++] =
            (struct hy_pg_endpoint){.id = hy_pg_int(rows, 0),
                                    .app_no = hy_pg_int(rows, 1),
                                    .events = (uint32_t)hy_pg_int(rows, 2)};
    pg->endpoints.changes = pg->webhook_changes;
    lay_out(pg);
    return 0;
}

static void queue_endpoints(struct hy_pg *pg)
{
    static const struct hy_pg_sql endpoints = {
        "endpoints", "SELECT id, app_no, events FROM webhook WHERE disabled_at_ms = 0 ORDER BY id"};

    hy_pg_args(pg->link);
    hy_pg_queue(pg->link, &endpoints, read_endpoints, pg);
}

int hy_pg_endpoints_changed(struct hy_pg *pg)
{
    pg->webhook_changes = HY_PG_CHANGES_UNKNOWN; /* what is read now may be undone */
    queue_endpoints(pg);
    return hy_pg_drain(pg->link);
}

/* --- loading ------------------------------------------------------------------------------------ */

/* Without a fence nobody tells whether they changed. */
static void load(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    if (pg->node == 0 && !kept(pg)->there)
        queue_endpoints(pg);
}

/* Now the fence has answered. */
static void load_more(struct hy_pg *pg, const struct hy_desk_wants *wants)
{
    int64_t told = pg->webhook_changes;

    if (kept(pg)->there)
        return;
    if (told != HY_PG_CHANGES_UNKNOWN && told == pg->endpoints.changes)
        lay_out(pg);
    else
        queue_endpoints(pg);
}

/* --- writing ------------------------------------------------------------------------------------ */

/* Those that are not behind another one on the desk have their due time here already. In the order in which
 * they were told; a webhook that is gone meanwhile gets none. */
static const struct hy_pg_sql add = {
    "outbox_add",
    "WITH hooks AS MATERIALIZED (SELECT id FROM webhook WHERE id = ANY ($1::int8[]) ORDER BY id "
    "FOR "
    "KEY SHARE), "
    "before AS MATERIALIZED (SELECT message_id, webhook_id FROM outbox WHERE "
    "message_id = ANY ($6::int8[]) AND message_id > 0 AND webhook_id IN (SELECT id FROM hooks) "
    "ORDER "
    "BY id FOR KEY SHARE) "
    "INSERT INTO outbox (id, due_at_ms, claimed_by, attempts, webhook_id, type, app_no, at_ms, "
    "message_id, msgid, event_id, uses, reason, \"user\", template_id) "
    "SELECT nextval('outbox_id'), CASE WHEN EXISTS (SELECT FROM before b WHERE b.message_id = "
    "n.message_id AND b.webhook_id = n.webhook_id) THEN 0 ELSE n.due END, 0, 0, n.webhook_id, "
    "n.type, "
    "n.app_no, n.at_ms, n.message_id, n.msgid, n.event_id, n.uses, n.reason, n.name, n.template_id "
    "FROM (SELECT t.* FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], "
    "$6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::text[], $11::text[], $12::text[]) WITH "
    "ORDINALITY AS t (webhook_id, type, app_no, at_ms, due, message_id, msgid, event_id, uses, "
    "reason, "
    "name, template_id, nth) WHERE t.webhook_id IN (SELECT id FROM hooks) ORDER BY t.nth) n"};

static void put_outcome(struct hy_pg_args *args, const struct hy_outcome *o)
{
    hy_pg_put_int(args, o->webhook_id);
    hy_pg_put_int(args, o->type);
    hy_pg_put_int(args, o->app_no);
    hy_pg_put_int(args, o->at_ms);
    hy_pg_put_int(args, o->due_at_ms);
    hy_pg_put_int(args, o->message_id);
    hy_pg_put_int(args, o->msgid);
    hy_pg_put_int(args, o->event_id);
    hy_pg_put_int(args, o->uses);
    hy_pg_put_text(args, o->reason);
    hy_pg_put_text(args, o->user);
    hy_pg_put_text(args, o->template_id);
}

/* Who holds such an endpoint is to look. */
static void tell_holders(struct hy_pg *pg, const struct hy_vector *outcomes)
{
    for (size_t i = 0; i < pg->desk.webhooks.count; i++) {
        int64_t id = ((const struct hy_webhook *)pg->desk.webhooks.items[i])->id;
        size_t at = 0;

        while (at < outcomes->count &&
               ((const struct hy_outcome *)outcomes->items[at])->webhook_id != id)
            at++;
        if (at < outcomes->count)
            hy_pg_tell_news(pg, HY_NEWS_OUTCOMES, id);
    }
}

/* From now on they are rows like others. */
static void forget_written(struct hy_pg *pg)
{
    struct hy_vector *outcomes = &pg->desk.outcomes;

    while (outcomes->count > 0)
        hy_mem_outcome_free(outcomes->items[--outcomes->count]);
    hy_map_deinit(&pg->desk.outcome_heads);
    pg->desk.outcome_heads = (struct hy_map){0};
}

static void flush(struct hy_pg *pg)
{
    const struct hy_vector *outcomes = &pg->desk.outcomes;
    struct hy_pg_args *args;

    if (outcomes->count == 0)
        return;
    args = hy_pg_args(pg->link);
    hy_pg_columns_begin(args, "iiiiiiiiittt");
    for (size_t i = 0; i < outcomes->count; i++)
        put_outcome(args, (const struct hy_outcome *)outcomes->items[i]);
    hy_pg_columns_end(args);
    hy_pg_queue(pg->link, &add, NULL, NULL);
    tell_holders(pg, outcomes);
    forget_written(pg);
}

const struct hy_desk_kind hy_desk_outcomes = {
    .name = "outcomes",
    .load = load,
    .load_more = load_more,
    .flush = flush,
};

/* What became of the messages on the desk goes back: desk.h. */
#include "store/postgres/desk_messages.h"

#include <string.h>

/* --- message ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql insert = {
    "desk_message_insert",
    "INSERT INTO message (" HY_PG_MESSAGE_COLUMNS
    ", holds) SELECT id, app_no, \"user\", template_id, data, "
    "page, emphasis, miniprogram_state, lang, tag, extra, template_kind, urgent <> 0, "
    "broadcast_id, state, "
    "reason, policy, on_missing, accepted_at_ms, send_at_ms, expires_at_ms, due_at_ms, "
    "settled_at_ms, "
    "grant_id, attempt_count, in_doubt <> 0, msgid, holds <> 0 FROM unnest($1::int8[], $2::int8[], "
    "$3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], "
    "$10::text[], "
    "$11::text[], $12::int8[], $13::int8[], $14::int8[], $15::int8[], $16::text[], $17::int8[], "
    "$18::int8[], "
    "$19::int8[], $20::int8[], $21::int8[], $22::int8[], $23::int8[], $24::int8[], $25::int8[], "
    "$26::int8[], "
    "$27::int8[], $28::int8[]) AS t (" HY_PG_MESSAGE_COLUMNS ", holds)"};

static void put_new(struct hy_pg_args *args, const struct hy_desk_image *i)
{
    const struct hy_message *m = &i->m;

    hy_pg_put_int(args, m->id);
    hy_pg_put_int(args, m->app_no);
    hy_pg_put_text(args, m->user);
    hy_pg_put_text(args, m->template_id);
    hy_pg_put_text(args, m->data);
    hy_pg_put_text(args, m->page);
    hy_pg_put_text(args, m->emphasis);
    hy_pg_put_text(args, m->miniprogram_state);
    hy_pg_put_text(args, m->lang);
    hy_pg_put_text(args, m->tag);
    hy_pg_put_text(args, m->extra);
    hy_pg_put_int(args, m->template_kind);
    hy_pg_put_int(args, m->urgent);
    hy_pg_put_int(args, m->broadcast_id);
    hy_pg_put_int(args, m->state);
    hy_pg_put_text(args, m->reason);
    hy_pg_put_int(args, m->policy);
    hy_pg_put_int(args, m->on_missing);
    hy_pg_put_int(args, m->accepted_at_ms);
    hy_pg_put_int(args, m->send_at_ms);
    hy_pg_put_int(args, m->expires_at_ms);
    hy_pg_put_int(args, m->due_at_ms);
    hy_pg_put_int(args, m->settled_at_ms);
    hy_pg_put_int(args, m->grant_id);
    hy_pg_put_int(args, m->attempt_count);
    hy_pg_put_int(args, m->in_doubt);
    hy_pg_put_int(args, m->msgid);
    hy_pg_put_int(args, i->holds);
}

/* None of these is in an index, so the new version of the row stays in its page (HOT). */
static const struct hy_pg_sql update = {
    "desk_message_update",
    "UPDATE message m SET state = t.state, reason = t.reason, send_at_ms = t.send_at_ms, "
    "expires_at_ms = "
    "t.expires_at_ms, due_at_ms = t.due_at_ms, settled_at_ms = t.settled_at_ms, grant_id = "
    "t.grant_id, "
    "attempt_count = t.attempt_count, in_doubt = t.in_doubt <> 0, msgid = t.msgid, holds = t.holds "
    "<> 0 FROM "
    "unnest($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], "
    "$8::int8[], "
    "$9::int8[], $10::int8[], $11::int8[], $12::int8[]) AS t (id, state, reason, send_at_ms, "
    "expires_at_ms, "
    "due_at_ms, settled_at_ms, grant_id, attempt_count, in_doubt, msgid, holds) WHERE m.id = t.id"};

static void put_changed(struct hy_pg_args *args, const struct hy_desk_image *i)
{
    const struct hy_message *m = &i->m;

    hy_pg_put_int(args, m->id);
    hy_pg_put_int(args, m->state);
    hy_pg_put_text(args, m->reason);
    hy_pg_put_int(args, m->send_at_ms);
    hy_pg_put_int(args, m->expires_at_ms);
    hy_pg_put_int(args, m->due_at_ms);
    hy_pg_put_int(args, m->settled_at_ms);
    hy_pg_put_int(args, m->grant_id);
    hy_pg_put_int(args, m->attempt_count);
    hy_pg_put_int(args, m->in_doubt);
    hy_pg_put_int(args, m->msgid);
    hy_pg_put_int(args, i->holds);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_row(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    return a->m.state == b->m.state && same_text(a->m.reason, b->m.reason) &&
           a->m.send_at_ms == b->m.send_at_ms && a->m.expires_at_ms == b->m.expires_at_ms &&
           a->m.due_at_ms == b->m.due_at_ms && a->m.settled_at_ms == b->m.settled_at_ms &&
           a->m.grant_id == b->m.grant_id && a->m.attempt_count == b->m.attempt_count &&
           a->m.in_doubt == b->m.in_doubt && a->m.msgid == b->m.msgid && a->holds == b->holds;
}

static bool same(const struct hy_desk_image *a, const struct hy_desk_image *b)
{
    return same_row(a, b) && a->parked == b->parked && a->held == b->held && a->node == b->node &&
           a->lease_until_ms == b->lease_until_ms;
}

static void write_rows(struct hy_pg *pg, const struct hy_desk_change *changes, size_t count,
                       bool new)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t rows = 0;

    hy_pg_columns_begin(args, new ? "iittttttttt"
                                    "iiii"
                                    "t"
                                    "iiiiiiiiiiii"
                                  : "ii"
                                    "t"
                                    "iiiiiiiii");
    for (size_t i = 0; i < count; i++) {
        const struct hy_desk_change *c = &changes[i];

        if (new != !c->before || (c->before && same_row(c->before, &c->now)))
            continue;
        if (new)
            put_new(args, &c->now);
        else
            put_changed(args, &c->now);
        rows++;
    }
    hy_pg_columns_end(args);
    if (rows > 0)
        hy_pg_queue(pg->link, new ? &insert : &update, NULL, NULL);
}

/* --- attempt ---------------------------------------------------------------------------------- */

static const struct hy_pg_sql insert_attempts = {
    "desk_attempt_insert", "INSERT INTO attempt (message_id, number, at_ms, took_ms, grant_id, "
                           "grant_move, verdict, hint, flags, msgid, "
                           "errcode, errmsg, rid) SELECT * FROM unnest($1::int8[], $2::int8[], "
                           "$3::int8[], $4::int8[], $5::int8[], "
                           "$6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[], "
                           "$11::text[], $12::text[], $13::text[])"};

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static void put_attempt(struct hy_pg_args *args, int64_t message_id, const struct hy_attempt *a)
{
    const struct hy_judgement *j = &a->judgement;

    hy_pg_put_int(args, message_id);
    hy_pg_put_int(args, a->number);
    hy_pg_put_int(args, a->at_ms);
    hy_pg_put_int(args, a->took_ms);
    hy_pg_put_int(args, a->grant_id);
    hy_pg_put_int(args, a->grant_move);
    hy_pg_put_int(args, j->verdict);
    hy_pg_put_int(args, j->hint);
    hy_pg_put_int(args, (j->grant_used ? 1 : 0) | (j->not_sent ? 2 : 0) | (j->answered ? 4 : 0) |
                            (j->grant_refused ? 8 : 0));
    hy_pg_put_int(args, j->msgid);
    hy_pg_put_text(args, or_null(j->errcode));
    hy_pg_put_text(args, or_null(j->errmsg));
    hy_pg_put_text(args, or_null(j->rid));
}

/* The earlier ones of a message aren't on the desk: their places in its array are empty. */
static void write_attempts(struct hy_pg *pg, const struct hy_desk_change *changes, size_t count)
{
    struct hy_pg_args *args = hy_pg_args(pg->link);
    size_t rows = 0;

    hy_pg_columns_begin(args, "iiiiiiiiii"
                              "ttt");
    for (size_t i = 0; i < count; i++) {
        const struct hy_desk_change *c = &changes[i];

        for (int32_t n = c->before ? c->before->m.attempt_count : 0; n < c->m->m.attempt_count;
             n++) {
            put_attempt(args, c->m->m.id, &c->m->attempts[n]);
            rows++;
        }
    }
    hy_pg_columns_end(args);
    if (rows > 0)
        hy_pg_queue(pg->link, &insert_attempts, NULL, NULL);
}

/* --- all of it -------------------------------------------------------------------------------- */

void hy_desk_write_messages(struct hy_pg *pg)
{
    const struct hy_vector *all = &pg->desk.messages;
    struct hy_desk_change *changes =
        (struct hy_desk_change *)hy_desk_alloc(pg, (all->count + 1) * sizeof *changes);
    size_t count = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct hy_desk_change *c = &changes[count];

        c->m = (struct hy_mem_message *)all->items[i];
        c->before = (const struct hy_desk_image *)c->m->stored;
        c->now = hy_desk_image(pg, c->m);
        if (c->before && same(c->before, &c->now))
            continue;
        hy_desk_tally_message(pg, &c->now.m, c->before ? (int)c->before->m.state : -1,
                              (int)c->now.m.state);
        count++;
    }
    write_rows(pg, changes, count, true);
    write_rows(pg, changes, count, false);
    write_attempts(pg, changes, count);
    hy_desk_write_lists(pg, changes, count);
    for (size_t i = 0; i < count; i++)
        hy_desk_image_keep(pg, changes[i].m);
}

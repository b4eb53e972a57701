#include "store_print.h"

#include <inttypes.h>

static void number(struct hy_buf *out, const char *name, int64_t value)
{
    hy_buf_printf(out, " %s=%" PRId64, name, value);
}

static void text(struct hy_buf *out, const char *name, const char *value)
{
    if (value)
        hy_buf_printf(out, " %s=\"%s\"", name, value);
    else
        hy_buf_printf(out, " %s=null", name);
}

static void sealed(struct hy_buf *out, const char *name, const struct hy_sealed *value)
{
    const unsigned char *bytes = (const unsigned char *)value->bytes;

    hy_buf_printf(out, " %s=", name);
    for (size_t i = 0; i < value->size; i++)
        hy_buf_printf(out, "%02x", bytes[i]);
}

void print_message(struct hy_buf *out, const struct hy_message *m)
{
    hy_buf_puts(out, "  message");
    number(out, "id", m->id);
    number(out, "app", m->app_no);
    text(out, "user", m->user);
    text(out, "template", m->template_id);
    text(out, "data", m->data);
    text(out, "page", m->page);
    text(out, "emphasis", m->emphasis);
    text(out, "miniprogram_state", m->miniprogram_state);
    text(out, "lang", m->lang);
    text(out, "tag", m->tag);
    text(out, "extra", m->extra);
    number(out, "kind", m->template_kind);
    number(out, "urgent", m->urgent);
    number(out, "broadcast", m->broadcast_id);
    text(out, "state", hy_message_state_names[m->state]);
    text(out, "reason", m->reason);
    number(out, "policy", m->policy);
    number(out, "on_missing", m->on_missing);
    number(out, "accepted", m->accepted_at_ms);
    number(out, "send_at", m->send_at_ms);
    number(out, "expires", m->expires_at_ms);
    number(out, "due", m->due_at_ms);
    number(out, "settled", m->settled_at_ms);
    number(out, "grant", m->grant_id);
    number(out, "attempts", m->attempt_count);
    number(out, "in_doubt", m->in_doubt);
    number(out, "msgid", m->msgid);
    hy_buf_putc(out, '\n');
}

void print_attempt(struct hy_buf *out, const struct hy_attempt *a)
{
    const struct hy_judgement *j = &a->judgement;

    hy_buf_puts(out, "    attempt");
    number(out, "number", a->number);
    number(out, "at", a->at_ms);
    number(out, "took", a->took_ms);
    number(out, "grant", a->grant_id);
    number(out, "move", a->grant_move);
    text(out, "verdict", hy_verdict_names[j->verdict]);
    number(out, "hint", j->hint);
    number(out, "used", j->grant_used);
    number(out, "refused", j->grant_refused);
    number(out, "not_sent", j->not_sent);
    number(out, "answered", j->answered);
    text(out, "errcode", j->errcode);
    text(out, "errmsg", j->errmsg);
    text(out, "rid", j->rid);
    number(out, "msgid", j->msgid);
    hy_buf_putc(out, '\n');
}

void print_grant(struct hy_buf *out, const struct hy_grant *g)
{
    if (g->id == 0) {
        hy_buf_puts(out, "  no grant\n");
        return;
    }
    hy_buf_puts(out, "  grant");
    number(out, "id", g->id);
    number(out, "app", g->app_no);
    text(out, "user", g->user);
    text(out, "kind", hy_grant_kind_names[g->kind]);
    text(out, "template", g->template_id);
    text(out, "credential", g->credential);
    text(out, "state", hy_grant_state_names[g->state]);
    text(out, "reason", g->reason);
    number(out, "total", g->uses_total);
    number(out, "left", g->uses_left);
    number(out, "reserved", g->uses_reserved);
    number(out, "in_doubt", g->in_doubt);
    number(out, "refusals", g->refusals);
    number(out, "retry", g->retry_at_ms);
    number(out, "obtained", g->obtained_at_ms);
    number(out, "expires", g->expires_at_ms);
    hy_buf_putc(out, '\n');
}

void print_answer(struct hy_buf *out, const struct hy_answer *a)
{
    hy_buf_puts(out, "  answer");
    number(out, "app", a->app_no);
    text(out, "user", a->user);
    text(out, "template", a->template_id);
    text(out, "kind", hy_answer_names[a->kind]);
    number(out, "uses", a->uses);
    for (int source = 0; source < HY_SOURCES; source++)
        number(out, hy_source_names[source], a->told[source]);
    number(out, "at", a->at_ms);
    hy_buf_putc(out, '\n');
}

void print_event(struct hy_buf *out, const struct hy_event *e)
{
    hy_buf_puts(out, "  event");
    number(out, "id", e->id);
    number(out, "app", e->app_no);
    text(out, "name", e->name);
    text(out, "user", e->user);
    text(out, "raw", e->raw);
    number(out, "created", e->created_at_ms);
    number(out, "received", e->received_at_ms);
    hy_buf_putc(out, '\n');
}

void print_app(struct hy_buf *out, const struct hy_app *a)
{
    hy_buf_puts(out, "  app");
    number(out, "no", a->no);
    text(out, "id", a->id);
    text(out, "platform", a->platform);
    text(out, "settings", a->settings);
    sealed(out, "secret", &a->secret);
    sealed(out, "callback", &a->callback);
    number(out, "created", a->created_at_ms);
    number(out, "updated", a->updated_at_ms);
    number(out, "deleted", a->deleted_at_ms);
    hy_buf_putc(out, '\n');
}

void print_token(struct hy_buf *out, const struct hy_token *t)
{
    hy_buf_puts(out, "  token");
    number(out, "app", t->app_no);
    number(out, "version", t->version);
    sealed(out, "access", &t->access);
    number(out, "obtained", t->obtained_at_ms);
    number(out, "expires", t->expires_at_ms);
    number(out, "refreshing", t->refreshing_until_ms);
    number(out, "failures", t->failures);
    text(out, "error", t->last_error);
    number(out, "day", t->day);
    number(out, "calls", t->calls);
    number(out, "forced", t->forced_calls);
    number(out, "forced_at", t->forced_at_ms);
    hy_buf_putc(out, '\n');
}

void print_schedule(struct hy_buf *out, const struct hy_schedule *s)
{
    hy_buf_puts(out, "  schedule");
    number(out, "id", s->id);
    number(out, "app", s->app_no);
    text(out, "name", s->name);
    text(out, "cron", s->cron);
    text(out, "timezone", s->timezone);
    number(out, "misfire", s->misfire);
    text(out, "job", s->job);
    text(out, "message", s->message);
    text(out, "broadcast", s->broadcast);
    number(out, "max_late", s->max_late_s);
    number(out, "paused", s->paused);
    number(out, "created", s->created_at_ms);
    number(out, "next", s->next_run_ms);
    number(out, "last", s->last_run_ms);
    number(out, "fired", s->last_fired_at_ms);
    text(out, "result", s->last_result);
    hy_buf_putc(out, '\n');
}

void print_broadcast(struct hy_buf *out, const struct hy_broadcast *b)
{
    hy_buf_puts(out, "  broadcast");
    number(out, "id", b->id);
    number(out, "app", b->app_no);
    text(out, "name", b->name);
    text(out, "schedule", b->schedule_name);
    text(out, "state", hy_broadcast_state_names[b->state]);
    text(out, "reason", b->reason);
    number(out, "rate", b->rate_per_s);
    number(out, "send_at", b->send_at_ms);
    number(out, "created", b->created_at_ms);
    number(out, "started", b->started_at_ms);
    number(out, "ended", b->ended_at_ms);
    number(out, "reach", b->reach);
    number(out, "collected", b->collected);
    number(out, "winding_up", b->winding_up);
    number(out, "total", b->total);
    number(out, "fed", b->fed);
    number(out, "duplicates", b->duplicates);
    for (int state = 0; state < HY_MESSAGE_STATES; state++)
        number(out, hy_message_state_names[state], b->messages[state]);
    hy_buf_putc(out, '\n');
    print_message(out, &b->message);
}

/* Without its id: a transaction that is undone and run again leaves a gap in PostgreSQL's numbers. */
void print_outcome(struct hy_buf *out, const struct hy_outcome *o)
{
    hy_buf_puts(out, "  outcome");
    number(out, "webhook", o->webhook_id);
    text(out, "type", hy_outcome_names[o->type]);
    number(out, "app", o->app_no);
    number(out, "at", o->at_ms);
    number(out, "message", o->message_id);
    text(out, "reason", o->reason);
    number(out, "msgid", o->msgid);
    number(out, "event", o->event_id);
    text(out, "user", o->user);
    text(out, "template", o->template_id);
    number(out, "uses", o->uses);
    number(out, "attempts", o->attempts);
    number(out, "due", o->due_at_ms);
    hy_buf_putc(out, '\n');
}

void print_webhook(struct hy_buf *out, const struct hy_webhook *w)
{
    hy_buf_puts(out, "  webhook");
    number(out, "id", w->id);
    text(out, "url", w->url);
    number(out, "events", w->events);
    number(out, "app", w->app_no);
    sealed(out, "secret", &w->secret);
    sealed(out, "old_secret", &w->old_secret);
    number(out, "old_until", w->old_until_ms);
    number(out, "paused", w->paused);
    number(out, "created", w->created_at_ms);
    number(out, "failing_since", w->failing_since_ms);
    number(out, "disabled", w->disabled_at_ms);
    text(out, "error", w->last_error);
    number(out, "pending", w->pending);
    number(out, "oldest", w->oldest_at_ms);
    hy_buf_putc(out, '\n');
}

void print_pause(struct hy_buf *out, const struct hy_pause *p)
{
    hy_buf_puts(out, "  pause");
    number(out, "app", p->app_no);
    number(out, "channel", p->channel);
    number(out, "until", p->until_ms);
    number(out, "since", p->since_ms);
    number(out, "probe", p->probe);
    text(out, "reason", p->reason);
    hy_buf_putc(out, '\n');
}

void print_audit(struct hy_buf *out, const struct hy_audit *a)
{
    hy_buf_puts(out, "  audit");
    number(out, "id", a->id);
    number(out, "at", a->at_ms);
    number(out, "key", a->key_id);
    text(out, "who", a->who);
    text(out, "address", a->address);
    text(out, "action", a->action);
    text(out, "subject", a->subject);
    text(out, "detail", a->detail);
    hy_buf_putc(out, '\n');
}

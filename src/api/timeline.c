/* GET /v1/users/{app}/{user}/timeline: why did she not get it? */
#include "domain/timeline.h"
#include "api/message_out.h"
#include "api/query.h"
#include "api/routes.h"
#include "api/why.h"
#include "base/err.h"

#include <string.h>

/* Read is always as much as the store gives: the more is known, the further back balances are. */
enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, READ_LIMIT = 1000 };

struct query {
    const char *template_id;
    int64_t limit;
};

const struct hy_json_field hy_api_timeline_query[] = {
    {.name = "template",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct query, template_id),
     .max = 128},
    {.name = "limit",
     .type = HY_JSON_INT,
     .offset = offsetof(struct query, limit),
     .min = 1,
     .max = LIMIT_MAX},
    {0}};

struct work {
    struct hy_timeline_read read;
    struct query query;
    int64_t now_ms, margin_ms;
    bool chinese;
};

struct story {
    const struct work *work;
    const struct hy_app_entry *entry;
    const struct hy_step *items;
    size_t count;
};

/* --- balances --------------------------------------------------------------------------------- */

static bool wanted(const struct work *work, const char *template_id)
{
    return !work->query.template_id || !template_id ||
           strcmp(work->query.template_id, template_id) == 0;
}

static void write_counter(struct hy_out *out, const struct work *work, const struct hy_grant *g)
{
    bool usable = hy_grant_usable(g, work->now_ms, work->margin_ms);

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "template", g->template_id);
    hy_out_text(out, "kind", hy_grant_kind_names[g->kind]);
    hy_out_int(out, "available", usable ? g->uses_left - g->uses_reserved : 0);
    hy_out_int(out, "left", hy_timeline_left(g, work->now_ms, work->margin_ms));
    hy_out_text(out, "state", hy_grant_state_word(g, work->now_ms, work->margin_ms));
    hy_out_text(out, "reason", g->reason);
    hy_out_instant(out, "retry_at", g->retry_at_ms);
    hy_out_end(out, '}');
}

/* The state of several receipts is the best one of theirs. */
static void write_receipts(struct hy_out *out, const struct work *work, enum hy_grant_kind kind)
{
    const struct hy_timeline_read *read = &work->read;
    int64_t available = 0, left = 0;
    const char *word = NULL;

    for (size_t i = 0; i < read->grant_count; i++) {
        const struct hy_grant *g = &read->grants[i];

        if (g->kind != kind)
            continue;
        left += hy_timeline_left(g, work->now_ms, work->margin_ms);
        if (hy_grant_usable(g, work->now_ms, work->margin_ms)) {
            available += g->uses_left - g->uses_reserved;
            word = hy_grant_state_names[HY_GRANT_AVAILABLE];
        } else if (!word) {
            word = hy_grant_state_word(g, work->now_ms, work->margin_ms);
        }
    }
    if (!word)
        return;
    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "kind", hy_grant_kind_names[kind]);
    hy_out_int(out, "available", available);
    hy_out_int(out, "left", left);
    hy_out_text(out, "state", word);
    hy_out_end(out, '}');
}

static void write_balances(struct hy_out *out, const struct work *work)
{
    const struct hy_timeline_read *read = &work->read;

    hy_out_begin(out, "balances", '[');
    for (size_t i = 0; i < read->grant_count; i++) {
        const struct hy_grant *g = &read->grants[i];

        if (!hy_grant_is_receipt(g->kind) && wanted(work, g->template_id))
            write_counter(out, work, g);
    }
    for (int kind = 0; kind < HY_GRANT_KINDS; kind++) {
        if (hy_grant_is_receipt(kind))
            write_receipts(out, work, kind);
    }
    hy_out_end(out, ']');
}

/* --- items ------------------------------------------------------------------------------------ */

static void write_message(struct hy_out *out, const struct hy_step *item, const struct story *s)
{
    const struct hy_message *m = &item->message->message;
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    hy_out_text(out, "message", hy_message_id_print(m->id, id));
    if (item->type == HY_STEP_MESSAGE_ACCEPTED || item->type == HY_STEP_SETTLED)
        hy_out_text(out, "state", hy_message_state_names[m->state]);
    if (item->type != HY_STEP_MESSAGE_ACCEPTED)
        return;
    hy_out_text(out, "reason", m->reason);
    hy_out_text(out, "on_missing", hy_on_missing_names[m->on_missing]);
    hy_out_text(out, "tag", m->tag);
    hy_out_instant(out, "send_at", m->send_at_ms);
    hy_out_instant(out, "due_at", m->due_at_ms);
    hy_out_instant(out, "expires_at", m->expires_at_ms);
}

static void write_attempt(struct hy_out *out, const struct hy_step *item, const struct story *s)
{
    const struct hy_judgement *j = &item->attempt->judgement;
    const struct hy_code *code = hy_message_code(s->entry->platform, j);

    hy_out_int(out, "number", item->attempt->number);
    if (item->type != HY_STEP_ATTEMPT)
        return;
    hy_out_text(out, "verdict", hy_verdict_names[j->verdict]);
    hy_out_number_or_text(out, "errcode", j->errcode);
    hy_out_text(out, "errmsg", j->errmsg[0] ? j->errmsg : NULL);
    if (!code)
        return;
    hy_out_text(out, "meaning", s->work->chinese ? code->meaning_zh : code->meaning_en);
    hy_out_text(out, "fix", s->work->chinese ? code->fix_zh : code->fix_en);
}

static void write_answer(struct hy_out *out, const struct hy_answer *answer)
{
    hy_out_text(out, "answer", hy_answer_names[answer->kind]);
    hy_out_int(out, "uses", answer->uses);
    hy_out_begin(out, "told_by", '[');
    for (int source = 0; source < HY_SOURCES; source++) {
        if (answer->told[source])
            hy_out_text(out, NULL, hy_source_names[source]);
    }
    hy_out_end(out, ']');
}

static void write_item(struct hy_out *out, const struct hy_step *item, const struct story *s)
{
    hy_out_begin(out, NULL, '{');
    hy_out_instant(out, "at", item->at_ms);
    hy_out_text(out, "type", hy_step_type_names[item->type]);
    hy_out_text(out, "template", item->template_id);
    if (item->grant) {
        hy_out_id(out, "grant", 'g', item->grant->id);
        hy_out_text(out, "kind", hy_grant_kind_names[item->grant->kind]);
    }
    if (item->type == HY_STEP_ANSWER)
        write_answer(out, item->answer);
    if (item->message)
        write_message(out, item, s);
    if (item->attempt)
        write_attempt(out, item, s);
    if (item->event) {
        hy_out_text(out, "event", item->event->name);
        hy_out_instant(out, "created_at", item->event->created_at_ms);
    }
    hy_out_text(out, "reason", item->reason);
    if (item->known) {
        hy_out_int(out, "balance_before", item->before);
        hy_out_int(out, "balance_after", item->after);
    }
    hy_out_end(out, '}');
}

/* The newest `limit` that are asked for. */
static void write_items(struct hy_out *out, const struct story *s)
{
    size_t first = s->count, left = (size_t)s->work->query.limit;

    while (first > 0 && left > 0)
        left -= wanted(s->work, s->items[--first].template_id);
    hy_out_begin(out, "items", '[');
    for (size_t i = first; i < s->count; i++) {
        if (wanted(s->work, s->items[i].template_id))
            write_item(out, &s->items[i], s);
    }
    hy_out_end(out, ']');
}

/* --- why -------------------------------------------------------------------------------------- */

static bool has_not_come(const struct hy_message *m)
{
    return m->state == HY_MESSAGE_FAILED || m->state == HY_MESSAGE_WAITING ||
           m->state == HY_MESSAGE_UNKNOWN || m->state == HY_MESSAGE_EXPIRED;
}

/* The newest message that did not come; messages are stored newest first. */
static const struct hy_told_message *last_trouble(const struct work *work)
{
    for (size_t i = 0; i < work->read.message_count; i++) {
        const struct hy_message *m = &work->read.messages[i].message;

        if (has_not_come(m) && wanted(work, m->template_id))
            return &work->read.messages[i];
    }
    return NULL;
}

static const struct hy_grant *counter_of(const struct work *work, const struct hy_message *m)
{
    for (size_t i = 0; i < work->read.grant_count; i++) {
        const struct hy_grant *g = &work->read.grants[i];

        if (g->template_id && strcmp(g->template_id, m->template_id) == 0)
            return g;
    }
    return NULL;
}

static void write_why(struct hy_out *out, const struct story *s)
{
    const struct hy_told_message *told = last_trouble(s->work);
    const struct hy_message *m = told ? &told->message : NULL;
    char id[HY_MESSAGE_ID_TEXT_BYTES];
    struct hy_why why = {0};

    if (!m)
        return;
    hy_why_message(s->entry->platform, m,
                   told->attempt_count ? &told->attempts[told->attempt_count - 1] : NULL,
                   counter_of(s->work, m), s->work->chinese, &why);
    hy_out_begin(out, "why", '{');
    hy_out_text(out, "message", hy_message_id_print(m->id, id));
    hy_out_text(out, "template", m->template_id);
    hy_out_instant(out, "accepted_at", m->accepted_at_ms);
    hy_out_text(out, "state", hy_message_state_names[m->state]);
    hy_out_text(out, "reason", m->reason);
    hy_out_instant(out, "due_at", m->due_at_ms);
    hy_out_text(out, "meaning", why.meaning);
    hy_out_text(out, "fix", why.fix);
    hy_out_end(out, '}');
}

/* --- the call --------------------------------------------------------------------------------- */

static struct hy_timeline_facts facts_of(const struct work *work)
{
    const struct hy_timeline_read *read = &work->read;

    return (struct hy_timeline_facts){.grants = read->grants,
                                      .grant_count = read->grant_count,
                                      .answers = read->answers,
                                      .answer_count = read->answer_count,
                                      .messages = read->messages,
                                      .message_count = read->message_count,
                                      .events = read->events,
                                      .event_count = read->event_count,
                                      .whole = read->answer_count < READ_LIMIT &&
                                               read->message_count < READ_LIMIT,
                                      .now_ms = work->now_ms,
                                      .margin_ms = work->margin_ms};
}

static void told(struct hy_call *call)
{
    const struct work *work = call->work;
    HY_APP_SCOPED const struct hy_app_entry *entry =
        hy_engine_app_by_no(call->engine, work->read.app_no);
    struct story story = {.work = work, .entry = entry};
    struct hy_timeline_facts facts;
    struct hy_out out;

    if (hy_call_failed(call, work->read.op.result))
        return;
    facts = facts_of(work);
    story.items = hy_timeline(&facts, call->arena, &story.count);
    if (hy_call_failed(call, story.items ? 0 : HY_E_NOMEM))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_text(&out, "app", entry->app.id);
    hy_out_text(&out, "user", work->read.user);
    write_balances(&out, work);
    write_why(&out, &story);
    write_items(&out, &story);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_timeline(struct hy_call *call)
{
    struct query query = {.limit = LIMIT_DEFAULT};
    HY_APP_SCOPED const struct hy_app_entry *entry = NULL;
    struct work *work;

    if (!hy_query_read(call, hy_api_timeline_query, &query))
        return;
    entry = hy_engine_app(call->engine, call->params[0]);
    if (hy_call_failed(call, entry ? 0 : HY_E_NOT_FOUND))
        return;
    entry->platform->check_user(call->params[1], "user", &call->v);
    if (hy_call_refused(call))
        return;
    work = hy_call_work(call, sizeof *work);
    if (!work)
        return;
    work->query = query;
    work->now_ms = hy_engine_now_ms(call->engine);
    work->margin_ms = entry->settings.receipt_margin_s * 1000;
    work->chinese = hy_call_chinese(call);
    work->read.app_no = entry->app.no;
    work->read.user = call->params[1];
    work->read.limit = READ_LIMIT;
    work->read.arena = call->arena;
    hy_call_read(call, &work->read.op, HY_VERB_TIMELINE, told);
}

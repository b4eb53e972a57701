#include "api/message_out.h"

#include "api/problem.h"
#include "engine/templates.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void hy_message_writer_init(struct hy_message_writer *writer, struct hy_engine *engine,
                            bool chinese)
{
    *writer = (struct hy_message_writer){.engine = engine, .chinese = chinese};
}

void hy_message_writer_deinit(struct hy_message_writer *writer)
{
    if (writer->entry)
        hy_engine_app_release(writer->entry);
    writer->entry = NULL;
}

static const struct hy_app_entry *app_of(struct hy_message_writer *writer, int64_t app_no)
{
    if (writer->entry && writer->entry->app.no != app_no)
        hy_message_writer_deinit(writer);
    if (!writer->entry)
        writer->entry = hy_engine_app_by_no(writer->engine, app_no);
    return writer->entry;
}

/* What was asked for. */
static void write_order(struct hy_out *out, const struct hy_message *m)
{
    hy_out_text(out, "user", m->user);
    hy_out_text(out, "template", m->template_id);
    if (m->template_kind != HY_TEMPLATE_ANY)
        hy_out_text(out, "template_kind", hy_template_kind_names[m->template_kind]);
    hy_out_raw(out, "data", m->data);
    hy_out_text(out, "page", m->page);
    hy_out_text(out, "emphasis", m->emphasis);
    hy_out_text(out, "miniprogram_state", m->miniprogram_state);
    hy_out_text(out, "lang", m->lang);
    if (m->extra)
        hy_out_raw(out, "extra", m->extra);
    hy_out_text(out, "tag", m->tag);
    hy_out_bool(out, "urgent", m->urgent);
    hy_out_text(out, "policy", hy_policy_names[m->policy]);
    hy_out_text(out, "on_missing", hy_on_missing_names[m->on_missing]);
    hy_out_instant(out, "send_at", m->send_at_ms);
    hy_out_instant(out, "expires_at", m->expires_at_ms);
}

/* What became of it. JSON numbers of other languages lose digits of a msgid, so it is text. */
static void write_course(struct hy_out *out, const struct hy_message *m)
{
    char msgid[24];

    hy_out_text(out, "state", hy_message_state_names[m->state]);
    hy_out_text(out, "reason", m->reason);
    hy_out_instant(out, "accepted_at", m->accepted_at_ms);
    hy_out_instant(out, "due_at", m->due_at_ms);
    hy_out_instant(out, "settled_at", m->settled_at_ms);
    hy_out_int(out, "attempt_count", m->attempt_count);
    hy_out_id(out, "grant", 'g', m->grant_id);
    if (m->msgid) {
        snprintf(msgid, sizeof msgid, "%" PRId64, m->msgid);
        hy_out_text(out, "msgid", msgid);
    }
}

static void write_members(struct hy_message_writer *writer, struct hy_out *out,
                          const struct hy_message *m)
{
    const struct hy_app_entry *entry = app_of(writer, m->app_no);
    char id[HY_MESSAGE_ID_TEXT_BYTES];

    hy_out_text(out, "id", hy_message_id_print(m->id, id));
    hy_out_text(out, "app", entry ? entry->app.id : NULL);
    hy_out_id(out, "broadcast", 'b', m->broadcast_id);
    write_order(out, m);
    write_course(out, m);
}

void hy_message_write(struct hy_message_writer *writer, struct hy_out *out,
                      const struct hy_message *message)
{
    hy_out_begin(out, NULL, '{');
    write_members(writer, out, message);
    hy_out_end(out, '}');
}

/* --- attempts --------------------------------------------------------------------------------- */

/* "template_send", "subscribe_send": other calls explain the same code in their own way. */
static bool is_send(const char *api)
{
    size_t length = strlen(api);

    return length >= 5 && strcmp(api + length - 5, "_send") == 0;
}

const struct hy_code *hy_message_code(const struct hy_platform *platform,
                                      const struct hy_judgement *judgement)
{
    const struct hy_code *row = judgement->errcode[0] ? platform->codes : NULL;

    for (; row && row->api; row++)
        if (is_send(row->api) && row->verdict == judgement->verdict &&
            strcmp(row->code, judgement->errcode) == 0)
            return row;
    return NULL;
}

static const char *filled(const char *text)
{
    return text[0] ? text : NULL;
}

static const struct hy_template_field *find_field(const struct hy_shelf_item *item, const char *key)
{
    for (size_t i = 0; item && i < item->field_count; i++) {
        if (strcmp(item->fields[i].key, key) == 0)
            return &item->fields[i];
    }
    return NULL;
}

/* What our own check says of the value now; often nothing, for the platform has rules of its
 * own. */
static void write_faults(struct hy_out *out, const struct hy_template_field *field,
                         const json_t *data, const char *path)
{
    const json_t *item = json_object_get(data, field->key);
    const char *value = json_string_value(json_object_get(item, "value"));
    struct hy_violations v;
    struct hy_arena arena;

    hy_arena_init(&arena);
    hy_violations_init(&v, &arena);
    if (value)
        hy_template_check_value(field, value, &v, path);
    if (v.count > 0)
        hy_problem_write_errors(out, &v);
    hy_arena_deinit(&arena);
}

/* The field that a refusal means: its path, its label, and the rule it breaks if we can tell. */
static void write_refused(struct hy_message_writer *writer, struct hy_out *out,
                          const struct hy_message *m, const struct hy_judgement *j)
{
    HY_JSON_SCOPED json_t *data = hy_json_parse(m->data, strlen(m->data), NULL, 0);
    const char *key = data ? writer->entry->platform->refused_field(j->errmsg, data) : NULL;
    const struct hy_shelf_item *item;
    const struct hy_template_field *field;
    char path[HY_TEMPLATE_KEY_BYTES + 8];

    if (!key)
        return;
    snprintf(path, sizeof path, "data.%s", key);
    hy_out_text(out, "field", path);
    item = hy_engine_template(writer->engine, m->app_no, m->template_id);
    field = find_field(item, key);
    if (field) {
        hy_out_text(out, "label", field->label);
        write_faults(out, field, data, path);
    }
    if (item)
        hy_engine_template_release(item);
}

static void write_attempt(struct hy_message_writer *writer, struct hy_out *out,
                          const struct hy_message *m, const struct hy_attempt *attempt)
{
    const struct hy_judgement *j = &attempt->judgement;
    const struct hy_code *code = writer->entry ? hy_message_code(writer->entry->platform, j) : NULL;

    hy_out_begin(out, NULL, '{');
    hy_out_int(out, "number", attempt->number);
    hy_out_instant(out, "at", attempt->at_ms);
    hy_out_int(out, "ms", attempt->took_ms);
    hy_out_text(out, "verdict", hy_verdict_names[j->verdict]);
    hy_out_number_or_text(out, "errcode", j->errcode);
    hy_out_text(out, "errmsg", filled(j->errmsg));
    hy_out_text(out, "rid", filled(j->rid));
    hy_out_id(out, "grant", 'g', attempt->grant_id);
    if (code) {
        hy_out_text(out, "meaning", writer->chinese ? code->meaning_zh : code->meaning_en);
        hy_out_text(out, "fix", writer->chinese ? code->fix_zh : code->fix_en);
    }
    if (writer->entry && j->verdict == HY_VERDICT_BAD_PAYLOAD)
        write_refused(writer, out, m, j);
    hy_out_end(out, '}');
}

/* --- timeline --------------------------------------------------------------------------------- */

static void write_event(struct hy_out *out, int64_t at_ms, const char *event)
{
    hy_out_begin(out, NULL, '{');
    hy_out_instant(out, "at", at_ms);
    hy_out_text(out, "event", event);
}

/* In the order it happened: accepted, each attempt, the state it ended in. */
static void write_timeline(struct hy_out *out, const struct hy_message_get *get)
{
    const struct hy_message *m = &get->message;

    hy_out_begin(out, "timeline", '[');
    write_event(out, m->accepted_at_ms, "accepted");
    hy_out_end(out, '}');
    for (size_t i = 0; i < get->attempt_count; i++) {
        write_event(out, get->attempts[i].at_ms, "attempt");
        hy_out_int(out, "number", get->attempts[i].number);
        hy_out_text(out, "verdict", hy_verdict_names[get->attempts[i].judgement.verdict]);
        hy_out_end(out, '}');
    }
    if (m->settled_at_ms) {
        write_event(out, m->settled_at_ms, hy_message_state_names[m->state]);
        hy_out_text(out, "reason", m->reason);
        hy_out_end(out, '}');
    }
    hy_out_end(out, ']');
}

void hy_message_write_whole(struct hy_message_writer *writer, struct hy_out *out,
                            const struct hy_message_get *get)
{
    hy_out_begin(out, NULL, '{');
    write_members(writer, out, &get->message);
    hy_out_begin(out, "attempts", '[');
    for (size_t i = 0; i < get->attempt_count; i++)
        write_attempt(writer, out, &get->message, &get->attempts[i]);
    hy_out_end(out, ']');
    write_timeline(out, get);
    hy_out_end(out, '}');
}

#include "engine/webhook/outcome_body.h"

#include "base/instant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes `value` over. False when out of memory. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

/* What there is none of is left out. */
static bool put_text(json_t *object, const char *name, const char *text)
{
    return !text || put(object, name, json_string(text));
}

static bool put_id(json_t *object, const char *name, char letter, int64_t id)
{
    char text[24];

    snprintf(text, sizeof text, "%c%" PRId64, letter, id);
    return id == 0 || put(object, name, json_string(text));
}

/* --- messages --------------------------------------------------------------------------------- */

/* "failed" of "message.failed": the message itself may have moved on since. */
static const char *state_word(enum hy_outcome_type type)
{
    return strchr(hy_outcome_names[type], '.') + 1;
}

/* The number at the end of "bad_payload.40037"; null: there is none. */
static json_t *errcode_of(const char *reason)
{
    const char *dot = reason ? strrchr(reason, '.') : NULL;
    char *end;
    long long number = dot ? strtoll(dot + 1, &end, 10) : 0;

    if (!dot || end == dot + 1 || *end || strspn(dot + 1, "-0123456789") != strlen(dot + 1))
        return NULL;
    return json_integer(number);
}

/* JSON numbers of other languages lose digits of a msgid, so it is text. */
static bool put_msgid(json_t *data, int64_t msgid)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, msgid);
    return msgid == 0 || put(data, "msgid", json_string(text));
}

static bool put_who(json_t *data, const char *app_id, const char *user, const char *template_id)
{
    return put_text(data, "app", app_id) && put_text(data, "user", user) &&
           put_text(data, "template", template_id);
}

static bool write_message(const struct hy_outbox_claimed *claimed, const char *app_id, json_t *data)
{
    const struct hy_outcome *o = &claimed->outcome;
    const struct hy_message *m = &claimed->message;
    json_t *errcode = errcode_of(o->reason);
    char id[HY_MESSAGE_ID_TEXT_BYTES];
    bool ok;

    ok =
        put(data, "id", json_string(hy_message_id_print(o->message_id, id))) &&
        put_who(data, app_id, m->id ? m->user : o->user, m->id ? m->template_id : o->template_id) &&
        put_text(data, "tag", m->tag) && put_id(data, "broadcast", 'b', m->broadcast_id) &&
        put(data, "state", json_string(state_word(o->type))) && put_text(data, "reason", o->reason);
    if (errcode)
        ok = put(data, "errcode", errcode) && ok;
    return ok && put_msgid(data, o->msgid) &&
           (!m->id || put(data, "attempts", json_integer(m->attempt_count)));
}

/* --- the others ------------------------------------------------------------------------------- */

static bool write_grant(const struct hy_outbox_claimed *claimed, const char *app_id, json_t *data)
{
    const struct hy_outcome *o = &claimed->outcome;

    return put_who(data, app_id, o->user, o->template_id) &&
           (o->uses == 0 || put(data, "uses", json_integer(o->uses))) &&
           put_text(data, "reason", o->reason);
}

/* What is stored was parsed once; should it be no JSON after all, it is told as text. */
static bool write_event(const struct hy_outbox_claimed *claimed, const char *app_id, json_t *data)
{
    const struct hy_event *e = &claimed->event;
    json_t *raw = e->raw ? hy_json_parse(e->raw, strlen(e->raw), NULL, 0) : NULL;

    return put_text(data, "app", app_id) && put_text(data, "name", e->name) &&
           put_text(data, "user", e->user) &&
           put(data, "event", raw ? raw : json_string(e->raw ? e->raw : ""));
}

static bool write_test(const struct hy_outbox_claimed *claimed, const char *app_id, json_t *data)
{
    return put_id(data, "webhook", 'w', claimed->outcome.webhook_id);
}

static bool (*const writers[HY_OUTCOME_TYPES])(const struct hy_outbox_claimed *claimed,
                                               const char *app_id, json_t *data) = {
    [HY_OUTCOME_SENT] = write_message,       [HY_OUTCOME_DELIVERED] = write_message,
    [HY_OUTCOME_FAILED] = write_message,     [HY_OUTCOME_UNKNOWN] = write_message,
    [HY_OUTCOME_EXPIRED] = write_message,    [HY_OUTCOME_CANCELED] = write_message,
    [HY_OUTCOME_GRANT_ADDED] = write_grant,  [HY_OUTCOME_GRANT_REVOKED] = write_grant,
    [HY_OUTCOME_CALLBACK_RAW] = write_event, [HY_OUTCOME_TEST] = write_test,
};

/* ---------------------------------------------------------------------------------------------- */

bool hy_outcome_tellable(const struct hy_outbox_claimed *claimed)
{
    return claimed->outcome.type != HY_OUTCOME_CALLBACK_RAW || claimed->event.id != 0;
}

json_t *hy_outcome_body(const struct hy_outbox_claimed *claimed, const char *app_id)
{
    const struct hy_outcome *o = &claimed->outcome;
    json_t *body = json_object(), *data = json_object();
    char at[HY_INSTANT_TEXT_BYTES];
    bool ok = data && writers[o->type](claimed, app_id, data) &&
              put(body, "type", json_string(hy_outcome_names[o->type])) &&
              put(body, "timestamp", json_string(hy_instant_print(o->at_ms, at)));

    if (ok && json_object_set(body, "data", data) == 0) {
        json_decref(data);
        return body;
    }
    json_decref(data);
    json_decref(body);
    return NULL;
}

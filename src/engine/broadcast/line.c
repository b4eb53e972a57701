/*
 * line.c - one line of an upload, and whether a broadcast may start.
 */
#include "engine/broadcast/in.h"
#include "engine/submission.h"

#include <string.h>

struct line {
    const char *user;
    json_t *data;
};

static const struct hy_json_field fields[] = {
    {.name = "user",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct line, user),
     .required = true,
     .max = 128},
    {.name = "data", .type = HY_JSON_VALUE, .offset = offsetof(struct line, data)},
    {0}};

static json_t *stored_data(const struct hy_broadcast *broadcast)
{
    const char *text = broadcast->message.data;

    return text ? hy_json_parse(text, strlen(text), NULL, 0) : NULL;
}

/* The line's data over the broadcast's; the caller owns it. Null: out of memory, or there is
 * none. */
static json_t *merged(const struct hy_broadcast *broadcast, json_t *own)
{
    json_t *whole = stored_data(broadcast);

    if (!own)
        return whole;
    if (!whole || !json_is_object(own)) {
        json_decref(whole);
        return json_incref(own);
    }
    if (json_object_update(whole, own) != 0) {
        json_decref(whole);
        return NULL;
    }
    return whole;
}

void hy_engine_broadcast_line(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                              const json_t *line, struct hy_violations *v,
                              struct hy_audience_item *ret_item)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, broadcast->app_no);
    HY_JSON_SCOPED json_t *data = NULL;
    struct hy_message message = broadcast->message;
    struct line l = {0};
    struct hy_fit fit = {.engine = engine, .app = app, .message = &message};
    const struct hy_repair_note *notes;
    size_t count;

    hy_json_read(line, fields, &l, v);
    if (hy_violations_any(v) || !app)
        return;
    data = merged(broadcast, l.data);
    if (!data && l.data) {
        v->unkept++; /* out of memory: refused */
        return;
    }
    message.user = l.user;
    message.app_no = broadcast->app_no;
    fit.data = data;
    hy_fit_message(&fit, v, &notes, &count);
    *ret_item = (struct hy_audience_item){.user = l.user, .data = l.data ? message.data : NULL};
}

/* Each line was held against the template when it came. Who is found by reach has no line. */
void hy_engine_broadcast_check(struct hy_engine *engine, const struct hy_broadcast *broadcast,
                               struct hy_violations *v)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, broadcast->app_no);
    HY_JSON_SCOPED json_t *data = stored_data(broadcast);
    struct hy_broadcast_draft draft = {.make.broadcast = *broadcast};

    draft.make.broadcast.message.app_no = broadcast->app_no;
    if (!app || app->app.deleted_at_ms) {
        hy_violations_add(v, "app", "known_app", NULL, NULL,
                          "The app of this broadcast was deleted.");
        return;
    }
    if (!broadcast->reach && broadcast->total == 0)
        hy_violations_add(v, "audience", "required", NULL, NULL,
                          "A broadcast needs an audience: upload users first.");
    hy_check_instants(0, broadcast->message.expires_at_ms, NULL, engine->config.now_ms(), v);
    hy_broadcast_fit(engine, app, data, !broadcast->reach, HY_REPAIR_REJECT, v, &draft);
}

/*
 * in.c - broadcasts on their way in: a JSON body becomes a checked broadcast, or a change of
 * one. What a broadcast says is checked as a message to nobody would be (hy_fit_message).
 */
#include "engine/broadcast/in.h"

#include "engine/submission.h"

#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 128, RATE_MAX = 100000 };

/* POST and PATCH /v1/broadcasts. */
struct broadcast_body {
    const char *app, *name, *template_id, *page, *emphasis, *miniprogram_state, *lang, *tag, *key;
    json_t *data, *extra, *audience;
    int64_t send_at_ms, expires_at_ms, rate_per_s;
    int on_missing, policy, repair;
    bool urgent;
};

#define AT(field) offsetof(struct broadcast_body, field)

static const struct hy_json_field fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "name", .type = HY_JSON_TEXT, .offset = AT(name), .max = NAME_BYTES_MAX},
    {.name = "template", .type = HY_JSON_TEXT, .offset = AT(template_id), .max = 128},
    {.name = "data", .type = HY_JSON_VALUE, .offset = AT(data)},
    {.name = "audience", .type = HY_JSON_OBJECT, .offset = AT(audience)},
    {.name = "page", .type = HY_JSON_TEXT, .offset = AT(page), .max = 2048},
    {.name = "emphasis", .type = HY_JSON_TEXT, .offset = AT(emphasis), .max = 64},
    {.name = "miniprogram_state", .type = HY_JSON_TEXT, .offset = AT(miniprogram_state), .max = 32},
    {.name = "lang", .type = HY_JSON_TEXT, .offset = AT(lang), .max = 32},
    {.name = "extra", .type = HY_JSON_OBJECT, .offset = AT(extra)},
    {.name = "send_at", .type = HY_JSON_INSTANT, .offset = AT(send_at_ms)},
    {.name = "expires_at", .type = HY_JSON_INSTANT, .offset = AT(expires_at_ms)},
    {.name = "rate_per_s",
     .type = HY_JSON_INT,
     .offset = AT(rate_per_s),
     .min = 0,
     .max = RATE_MAX},
    {.name = "on_missing",
     .type = HY_JSON_ENUM,
     .offset = AT(on_missing),
     .choices = hy_on_missing_names},
    {.name = "policy", .type = HY_JSON_ENUM, .offset = AT(policy), .choices = hy_policy_names},
    {.name = "urgent", .type = HY_JSON_BOOL, .offset = AT(urgent)},
    {.name = "repair", .type = HY_JSON_ENUM, .offset = AT(repair), .choices = hy_repair_names},
    {.name = "tag", .type = HY_JSON_TEXT, .offset = AT(tag), .max = 128},
    {.name = "key", .type = HY_JSON_TEXT, .offset = AT(key), .max = 255},
    {0}};

/* --- audience --------------------------------------------------------------------------------- */

struct audience {
    json_t *users;
    bool reach;
};

static const struct hy_json_field audience_fields[] = {
    {.name = "users",
     .type = HY_JSON_ARRAY,
     .offset = offsetof(struct audience, users),
     .min = 1,
     .max = 1000000},
    {.name = "reach", .type = HY_JSON_BOOL, .offset = offsetof(struct audience, reach)},
    {0}};

static void read_user(const json_t *value, size_t index, const struct hy_platform *platform,
                      struct hy_violations *v, struct hy_audience_item *ret_item)
{
    const char *user = json_string_value(value);
    char field[48];

    snprintf(field, sizeof field, "audience.users[%zu]", index);
    if (!user) {
        hy_violations_add(v, field, "type", "a text", NULL,
                          "%s must be a text; users with data of their own are uploaded as lines.",
                          field);
        return;
    }
    platform->check_user(user, field, v);
    ret_item->user = hy_arena_strdup(v->arena, user);
    if (!ret_item->user)
        v->unkept++; /* out of memory: refused */
}

static void read_users(const json_t *users, const struct hy_platform *platform,
                       struct hy_violations *v, struct hy_broadcast_make *make)
{
    size_t count = json_array_size(users), index;
    struct hy_audience_item *items = hy_arena_array(v->arena, count, sizeof *items);
    json_t *value;

    if (!items) {
        v->unkept++;
        return;
    }
    json_array_foreach(users, index, value) read_user(value, index, platform, v, &items[index]);
    make->items = items;
    make->count = count;
}

static void read_audience(const json_t *object, const struct hy_platform *platform,
                          struct hy_violations *v, struct hy_broadcast_make *make)
{
    const char *prefix = v->prefix;
    struct audience audience = {0};
    size_t before = v->count + v->unkept;

    v->prefix = hy_arena_printf(v->arena, "%saudience.", prefix ? prefix : "");
    hy_json_read(object, audience_fields, &audience, v);
    v->prefix = prefix;
    if (v->count + v->unkept > before)
        return;
    if (!audience.users == !audience.reach)
        hy_violations_add(v, "audience", "one_of", "users, reach", NULL,
                          "audience has either users, a list, or reach: true.");
    else if (audience.users)
        read_users(audience.users, platform, v, make);
    make->broadcast.reach = audience.reach;
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void fill_message(const struct broadcast_body *b, struct hy_message *m)
{
    m->template_id = b->template_id;
    m->page = b->page;
    m->emphasis = b->emphasis;
    m->miniprogram_state = b->miniprogram_state;
    m->lang = b->lang;
    m->tag = b->tag;
    m->policy = b->policy;
    m->on_missing = b->on_missing;
    m->urgent = b->urgent;
    m->expires_at_ms = b->expires_at_ms;
}

void hy_broadcast_fit(struct hy_engine *engine, const struct hy_app_entry *app, json_t *data,
                      bool part, enum hy_repair repair, struct hy_violations *v,
                      struct hy_broadcast_draft *draft)
{
    struct hy_message shown = draft->make.broadcast.message;
    struct hy_fit fit = {.engine = engine,
                         .app = app,
                         .message = &shown,
                         .data = data,
                         .repair = repair,
                         .part = part};

    shown.user = app->platform->sample_user;
    hy_fit_message(&fit, v, &draft->repairs, &draft->repair_count);
    draft->make.broadcast.message.data = shown.data;
    draft->make.broadcast.message.template_kind = shown.template_kind;
}

/* Keys of broadcasts and of messages don't meet either. */
static int print(const json_t *body, int64_t app_no, const char *key, struct hy_arena *arena,
                 struct hy_broadcast_draft *draft)
{
    const char *own = hy_arena_printf(arena, "broadcast %s", key);
    int err = own ? hy_print_key(app_no, own, arena, draft->key_print) : HY_E_NOMEM;

    return err ? err : hy_print_body(body, arena, draft->body_print);
}

/* With an audience it starts, now or later; without, somebody still has to say who gets it. */
static void choose_state(int64_t now_ms, bool has_audience, struct hy_broadcast *b)
{
    b->state = !has_audience            ? HY_BROADCAST_DRAFT
               : b->send_at_ms > now_ms ? HY_BROADCAST_SCHEDULED
                                        : HY_BROADCAST_RUNNING;
    b->started_at_ms = b->state == HY_BROADCAST_RUNNING ? now_ms : 0;
    b->collected = b->state == HY_BROADCAST_RUNNING && !b->reach;
}

static void prepare(struct hy_engine *engine, const struct broadcast_body *b,
                    const struct hy_app_entry *app, struct hy_violations *v,
                    struct hy_broadcast_draft *draft)
{
    int64_t now_ms = engine->config.now_ms();
    struct hy_broadcast *broadcast = &draft->make.broadcast;

    broadcast->app_no = broadcast->message.app_no = app->app.no;
    broadcast->name = b->name;
    broadcast->rate_per_s = b->rate_per_s;
    broadcast->send_at_ms = b->send_at_ms;
    broadcast->created_at_ms = now_ms;
    fill_message(b, &broadcast->message);
    hy_read_extra(b->extra, app->platform, v, &broadcast->message);
    if (b->audience)
        read_audience(b->audience, app->platform, v, &draft->make);
    choose_state(now_ms, b->audience != NULL, broadcast);
    if (b->template_id && (b->data || !b->audience))
        hy_broadcast_fit(engine, app, b->data, !b->audience, b->repair, v, draft);
}

static void require(const void *value, const char *field, struct hy_violations *v)
{
    if (!value)
        hy_violations_add(v, field, "required", NULL, NULL, "%s is required.", field);
}

void hy_engine_broadcast_prepare(struct hy_engine *engine, const json_t *body,
                                 const char *header_key, const char *default_app,
                                 struct hy_violations *v, struct hy_broadcast_draft *ret_draft)
{
    HY_APP_SCOPED const struct hy_app_entry *app = NULL;
    struct broadcast_body b = {.app = default_app};
    struct hy_broadcast_draft *draft = ret_draft;
    const char *key;

    *draft = (struct hy_broadcast_draft){0};
    hy_json_read(body, fields, &b, v);
    if (!json_is_object(body))
        return;
    key = hy_choose_key(b.key, header_key, v);
    hy_check_instants(b.send_at_ms, b.expires_at_ms, NULL, engine->config.now_ms(), v);
    require(b.template_id, "template", v);
    if (b.audience)
        require(b.data, "data", v);
    app = b.app ? hy_engine_app(engine, b.app) : NULL;
    if (!app) {
        hy_refuse_app(b.app, v);
        return;
    }
    prepare(engine, &b, app, v, draft);
    if (hy_violations_any(v) || !key)
        return;
    if (print(body, app->app.no, key, v->arena, draft) != 0)
        v->unkept++; /* out of memory: refused */
    draft->make.key = draft->key_print;
    draft->make.body = draft->body_print;
}

/* --- changes ---------------------------------------------------------------------------------- */

static void start_from(const struct hy_broadcast *existing, struct broadcast_body *b)
{
    const struct hy_message *m = &existing->message;

    *b = (struct broadcast_body){.name = existing->name,
                                 .template_id = m->template_id,
                                 .page = m->page,
                                 .emphasis = m->emphasis,
                                 .miniprogram_state = m->miniprogram_state,
                                 .lang = m->lang,
                                 .tag = m->tag,
                                 .policy = (int)m->policy,
                                 .on_missing = (int)m->on_missing,
                                 .urgent = m->urgent,
                                 .rate_per_s = existing->rate_per_s,
                                 .send_at_ms = existing->send_at_ms,
                                 .expires_at_ms = m->expires_at_ms};
}

static void refuse_fixed(const json_t *body, const char *const *names, const char *why,
                         struct hy_violations *v)
{
    for (; *names; names++) {
        if (json_object_get(body, *names))
            hy_violations_add(v, *names, "fixed", NULL, NULL, "%s %s.", *names, why);
    }
}

/* What a broadcast says may change until its first message is made of it. */
static void check_fixed(const json_t *body, const struct hy_broadcast *existing,
                        struct hy_violations *v)
{
    static const char *const always[] = {"app", "audience", "key", NULL};
    static const char *const running[] = {
        "template", "data",   "page",    "emphasis",   "miniprogram_state",
        "lang",     "extra",  "send_at", "expires_at", "on_missing",
        "policy",   "urgent", "repair",  "tag",        NULL};

    refuse_fixed(body, always, "of a broadcast cannot be changed", v);
    if (existing->state != HY_BROADCAST_DRAFT && existing->state != HY_BROADCAST_SCHEDULED)
        refuse_fixed(body, running, "cannot be changed once a broadcast has started", v);
}

/* Each user was held against the data of the time when they came: what it had then stays. */
static void keep_keys(const char *before, const char *after, struct hy_violations *v)
{
    HY_JSON_SCOPED json_t *old = before ? hy_json_parse(before, strlen(before), NULL, 0) : NULL;
    HY_JSON_SCOPED json_t *now = after ? hy_json_parse(after, strlen(after), NULL, 0) : NULL;
    const char *key;
    json_t *value;

    if ((before && !old) || (after && !now))
        v->unkept++; /* out of memory: refused */
    json_object_foreach(old, key, value)
    {
        const char *field = hy_arena_printf(v->arena, "data.%s", key);

        if (!field)
            v->unkept++;
        else if (!json_object_get(now, key))
            hy_violations_add(v, field, "required", NULL, NULL,
                              "%s is required: it was there when the users came.", field);
    }
}

static void refit(struct hy_engine *engine, const struct broadcast_body *b,
                  const struct hy_broadcast *existing, struct hy_violations *v,
                  struct hy_broadcast *changed)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, existing->app_no);
    const char *text = existing->message.data;
    HY_JSON_SCOPED json_t *stored =
        b->data || !text ? NULL : hy_json_parse(text, strlen(text), NULL, 0);
    struct hy_broadcast_draft draft = {.make.broadcast = *changed};
    size_t before = v->count + v->unkept;

    if (!app)
        return;
    draft.make.broadcast.message.app_no = existing->app_no; /* whose templates are meant */
    hy_read_extra(b->extra, app->platform, v, &draft.make.broadcast.message);
    hy_broadcast_fit(engine, app, b->data ? b->data : stored, !existing->reach, b->repair, v,
                     &draft);
    changed->message = draft.make.broadcast.message;
    if (b->data && existing->total > 0 && v->count + v->unkept == before)
        keep_keys(existing->message.data, changed->message.data, v);
}

void hy_engine_broadcast_read_change(struct hy_engine *engine, const json_t *body,
                                     const struct hy_broadcast *existing, struct hy_violations *v,
                                     struct hy_broadcast_change *ret_change)
{
    struct broadcast_body b;
    struct hy_broadcast *changed = &ret_change->broadcast;

    start_from(existing, &b);
    hy_json_read(body, fields, &b, v);
    if (!json_is_object(body))
        return;
    check_fixed(body, existing, v);
    if (json_object_get(body, "send_at") || json_object_get(body, "expires_at"))
        hy_check_instants(b.send_at_ms, b.expires_at_ms, NULL, engine->config.now_ms(), v);
    *changed = *existing;
    changed->name = b.name;
    changed->rate_per_s = b.rate_per_s;
    changed->send_at_ms = b.send_at_ms;
    fill_message(&b, &changed->message);
    if (existing->state == HY_BROADCAST_DRAFT || existing->state == HY_BROADCAST_SCHEDULED)
        refit(engine, &b, existing, v, changed);
}

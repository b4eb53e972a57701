/*
 * ask.c - GET /client/v1/ask: for which templates a prompt is worth a tap of this user.
 */
#include "api/client.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"
#include "engine/pages.h"
#include "engine/templates.h"

#include <stdio.h>
#include <string.h>

enum { TEMPLATES_MAX = 20, TEMPLATE_MAX = 128 };

struct query {
    const char *templates;
};

const struct hy_json_field hy_api_client_ask_query[] = {
    {.name = "templates",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct query, templates),
     .required = true,
     .max = TEMPLATES_MAX * (TEMPLATE_MAX + 1)},
    {0}};

struct work {
    struct hy_prospects prospects;
    struct hy_prospect items[TEMPLATES_MAX];
    bool absent[TEMPLATES_MAX];
};

static void write_advice(struct hy_out *out, const struct hy_prospect *p, struct hy_advice advice)
{
    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "template", p->template_id);
    hy_out_bool(out, "ask", advice.ask);
    hy_out_text(out, "reason", advice.reason);
    hy_out_int(out, "available", p->available);
    hy_out_end(out, '}');
}

static void advised(struct hy_call *call)
{
    const struct work *work = call->work;
    const struct hy_prospects *all = &work->prospects;
    struct hy_advice advice[TEMPLATES_MAX];
    struct hy_out out;

    if (hy_call_failed(call, all->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "ask", '[');
    for (size_t i = 0; i < all->count; i++) {
        advice[i] = hy_engine_advise(&all->items[i], work->absent[i], all->now_ms);
        if (advice[i].ask)
            hy_out_text(&out, NULL, all->items[i].template_id);
    }
    hy_out_end(&out, ']');
    hy_out_begin(&out, "templates", '[');
    for (size_t i = 0; i < all->count; i++)
        write_advice(&out, &all->items[i], advice[i]);
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static bool is_there(const struct hy_prospects *all, const char *id)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].template_id, id) == 0)
            return true;
    return false;
}

/* One that is named twice is looked at once. */
static void add_template(struct hy_call *call, struct work *work, const char *id)
{
    struct hy_prospects *all = &work->prospects;
    char actual[24];

    snprintf(actual, sizeof actual, "%zu", strlen(id));
    if (!*id || strlen(id) > TEMPLATE_MAX)
        hy_violations_add(&call->v, "templates", "length", "1..128", actual,
                          "A template's id has 1 to 128 bytes; one has %s.", actual);
    else if (is_there(all, id))
        return;
    else if (all->count == TEMPLATES_MAX)
        hy_violations_add(&call->v, "templates", "items", "1..20", NULL,
                          "templates may name at most 20.");
    else
        all->items[all->count++].template_id = id;
}

static bool read_templates(struct hy_call *call, struct work *work, const char *text)
{
    char *rest = hy_arena_strdup(call->arena, text), *id;

    if (hy_call_failed(call, rest ? 0 : HY_E_NOMEM))
        return false;
    while ((id = strsep(&rest, ",")) != NULL && !hy_violations_any(&call->v))
        add_template(call, work, id);
    return !hy_call_refused(call);
}

/* A page asks about prompts, so a template that is not known is taken for one that has some: form_ids
 * are no answer to a prompt. */
static void look_up(struct hy_call *call, struct work *work, const struct hy_app_entry *app)
{
    for (size_t i = 0; i < work->prospects.count; i++) {
        struct hy_prospect *p = &work->items[i];

        p->template_kind =
            hy_engine_template_kind(call->engine, app->app.no, p->template_id, &work->absent[i]);
        if (p->template_kind == HY_TEMPLATE_ANY)
            p->template_kind = HY_TEMPLATE_ONCE;
    }
}

static void start(struct hy_call *call, const struct hy_client *client, const char *templates)
{
    struct work *work = hy_call_work(call, sizeof *work);
    struct hy_prospects *all;

    if (!work)
        return;
    all = &work->prospects;
    all->items = work->items;
    if (!read_templates(call, work, templates))
        return;
    look_up(call, work, client->app);
    all->app_no = client->app->app.no;
    all->user = client->user;
    all->now_ms = hy_engine_now_ms(call->engine);
    all->margin_ms = client->app->settings.receipt_margin_s * 1000;
    all->arena = call->arena;
    hy_call_read(call, &all->op, HY_VERB_PROSPECTS, advised);
}

void hy_api_client_ask(struct hy_call *call)
{
    struct query query;
    struct hy_client client;

    if (!hy_client_enter(call, &client))
        return;
    if (hy_query_read(call, hy_api_client_ask_query, &query))
        start(call, &client, query.templates);
    hy_engine_app_release(client.app);
}

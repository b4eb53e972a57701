/*
 * Templates of an app: what is known of them, and what changes them. What the platform offers to
 * add is in template_library.c.
 */
#include "api/audit.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/routes.h"
#include "api/template_out.h"
#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ID_CHARS_MAX = 128 };

struct query {
    const char *app;
};

const struct hy_json_field hy_api_templates_query[] = {{.name = "app",
                                                        .type = HY_JSON_TEXT,
                                                        .offset = offsetof(struct query, app),
                                                        .required = true,
                                                        .max = 64},
                                                       {0}};

/* Of POST the app may stand in the body as well. */
const struct hy_json_field hy_api_templates_app_query[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = offsetof(struct query, app), .max = 64}, {0}};

/* --- what is known ---------------------------------------------------------------------------- */

static void reply_list(struct hy_call *call, int64_t app_no)
{
    size_t count;
    const struct hy_shelf_item **items =
        hy_engine_template_list(call->engine, app_no, call->arena, &count);
    struct hy_out out;

    if (hy_call_failed(call, items ? 0 : HY_E_NOMEM))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < count; i++) {
        hy_template_write(&out, items[i]);
        hy_engine_template_release(items[i]);
    }
    hy_out_end(&out, ']');
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

static void reply_template(struct hy_call *call, int status, int64_t app_no, const char *id)
{
    const struct hy_shelf_item *item = hy_engine_template(call->engine, app_no, id);
    struct hy_out out;

    if (!item) {
        hy_problem_reply(call, HY_PROBLEM_NOT_FOUND,
                         "No template of this app with this id is known; a new one is found by "
                         "POST /v1/templates/sync.");
        return;
    }
    hy_out_init(&out);
    hy_template_write(&out, item);
    hy_engine_template_release(item);
    hy_call_reply(call, status, &out);
}

void hy_api_templates_list(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = NULL;
    struct query query = {0};

    if (!hy_query_read(call, hy_api_templates_query, &query))
        return;
    entry = hy_call_app(call, query.app);
    if (!hy_call_refused(call))
        reply_list(call, entry->app.no);
}

void hy_api_templates_show(struct hy_call *call)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = NULL;
    struct query query = {0};

    if (!hy_query_read(call, hy_api_templates_query, &query))
        return;
    entry = hy_call_app(call, query.app);
    if (!hy_call_refused(call))
        reply_template(call, 200, entry->app.no, call->params[0]);
}

/* --- who changes something -------------------------------------------------------------------- */

/* A template's id says nothing without its app, which may stand in the query. False: 503 was
 * answered. */
static bool audit(struct hy_call *call, struct hy_template_call *t, const char *action,
                  const char *subject)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(call->engine, t->app_no);
    HY_JSON_SCOPED json_t *detail =
        json_is_object(call->body) ? json_copy(call->body) : json_object();

    if (hy_call_failed(call, detail && app ? 0 : HY_E_NOMEM))
        return false;
    json_object_set_new(detail, "app", json_string(app->app.id));
    t->audit = hy_call_audit(call, action, subject, detail);
    return t->audit != NULL;
}

/* --- the app of a POST ------------------------------------------------------------------------ */

/* Null: something was answered. */
static struct hy_template_call *new_call(struct hy_call *call, const char *of_body)
{
    struct query query = {0};

    if (!hy_query_read(call, hy_api_templates_app_query, &query))
        return NULL;
    if (!query.app && !of_body)
        hy_violations_add(&call->v, "app", "required", NULL, NULL, "app is required.");
    else if (query.app && of_body && strcmp(query.app, of_body) != 0)
        hy_violations_add(&call->v, "app", "same_app", query.app, of_body,
                          "The body and the query name different apps.");
    if (hy_call_refused(call))
        return NULL;
    return hy_template_call_new(call, of_body ? of_body : query.app);
}

/* --- sync ------------------------------------------------------------------------------------- */

static const struct hy_json_field sync_fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = offsetof(struct query, app), .max = 64}, {0}};

static void synced(struct hy_call *call)
{
    const struct hy_template_call *t = call->work;
    struct hy_out out;

    if (hy_template_call_failed(call))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_int(&out, "templates", (int64_t)t->reply.count);
    hy_out_int(&out, "added", (int64_t)t->added);
    hy_out_int(&out, "removed", (int64_t)t->removed);
    hy_out_instant(&out, "synced_at", t->synced_at_ms);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_templates_sync(struct hy_call *call)
{
    struct hy_template_call *t;
    struct query body = {0};

    if (!hy_call_json(call, HY_BODY_OPTIONAL))
        return;
    hy_json_read(call->body, sync_fields, &body, &call->v);
    t = new_call(call, body.app);
    if (!t || !audit(call, t, "template.sync", NULL))
        return;
    t->ask.op = HY_TEMPLATE_OP_LIST;
    hy_template_call_start(call, synced);
}

/* --- add -------------------------------------------------------------------------------------- */

struct addition {
    const char *app, *id, *scene;
    json_t *tid, *keywords;
    bool legacy;
};

#define AT(field) offsetof(struct addition, field)

static const struct hy_json_field add_fields[] = {
    {.name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .max = 64},
    {.name = "tid", .type = HY_JSON_VALUE, .offset = AT(tid)},
    {.name = "keywords",
     .type = HY_JSON_ARRAY,
     .offset = AT(keywords),
     .required = true,
     .min = 1,
     .max = HY_TEMPLATE_KEYWORDS_MAX},
    {.name = "scene", .type = HY_JSON_TEXT, .offset = AT(scene), .max = 128},
    {.name = "legacy", .type = HY_JSON_BOOL, .offset = AT(legacy)},
    {.name = "id", .type = HY_JSON_TEXT, .offset = AT(id), .max = ID_CHARS_MAX},
    {0}};

/* A number, or its digits as text: the platform itself writes them both ways. 0: it is none. */
static int64_t read_number(const json_t *value)
{
    const char *text = json_string_value(value);
    int64_t number = json_integer_value(value);

    if (text && *text && strlen(text) <= 18 && text[strspn(text, "0123456789")] == 0)
        sscanf(text, "%" SCNd64, &number);
    return number > 0 ? number : 0;
}

static void read_keywords(struct hy_call *call, const json_t *list, struct hy_template_ask *ask)
{
    size_t count = json_array_size(list);
    int64_t *keywords = hy_arena_array(call->arena, count + 1, sizeof *keywords);

    for (size_t i = 0; keywords && i < count; i++) {
        keywords[i] = read_number(json_array_get(list, i));
        if (!keywords[i])
            hy_violations_add(&call->v, hy_arena_printf(call->arena, "keywords[%zu]", i), "number",
                              NULL, NULL,
                              "keywords holds the numbers of keywords; item %zu is none.", i);
    }
    if (!keywords)
        call->v.unkept++;
    ask->keywords = keywords;
    ask->keyword_count = count;
}

/* Which title: "tid" of the public library, "id" of the legacy one; never both. */
static void read_title(struct hy_call *call, const struct addition *a, struct hy_template_ask *ask)
{
    int64_t tid = read_number(a->tid);

    if (a->legacy && !a->id)
        hy_violations_add(&call->v, "id", "required", NULL, NULL,
                          "id, of a title of the legacy library, is required with legacy.");
    else if (!a->legacy && !a->tid)
        hy_violations_add(&call->v, "tid", "required", NULL, NULL, "tid is required.");
    else if (!a->legacy && !tid)
        hy_violations_add(&call->v, "tid", "number", NULL, NULL, "tid must be a title's number.");
    if (a->legacy ? a->tid != NULL : a->id != NULL)
        hy_violations_add(&call->v, a->legacy ? "tid" : "id", "not_here", NULL, NULL,
                          "tid is for subscription templates, id for legacy ones.");
    if (a->legacy && a->scene)
        hy_violations_add(&call->v, "scene", "not_here", NULL, NULL,
                          "Legacy templates have no scene.");
    ask->title_id = a->legacy ? a->id : hy_arena_printf(call->arena, "%" PRId64, tid);
}

static void added(struct hy_call *call)
{
    const struct hy_template_call *t = call->work;

    if (!hy_template_call_failed(call))
        reply_template(call, 201, t->app_no, t->reply.template_id);
}

void hy_api_templates_add(struct hy_call *call)
{
    struct hy_template_ask ask = {.op = HY_TEMPLATE_OP_ADD};
    struct addition a = {0};
    struct hy_template_call *t;

    if (!hy_call_json(call, HY_BODY_REQUIRED))
        return;
    hy_json_read(call->body, add_fields, &a, &call->v);
    if (json_is_object(call->body)) {
        read_title(call, &a, &ask);
        read_keywords(call, a.keywords, &ask);
    }
    t = new_call(call, a.app);
    if (!t || !audit(call, t, "template.add", NULL))
        return;
    ask.legacy = a.legacy;
    ask.scene = a.scene;
    t->ask = ask;
    hy_template_call_start(call, added);
}

/* --- delete ----------------------------------------------------------------------------------- */

static void deleted(struct hy_call *call)
{
    if (!hy_template_call_failed(call))
        hy_call_reply_nothing(call);
}

void hy_api_templates_delete(struct hy_call *call)
{
    struct query query = {0};
    struct hy_template_call *t;

    if (!hy_query_read(call, hy_api_templates_query, &query))
        return;
    t = hy_template_call_new(call, query.app);
    if (!t || !audit(call, t, "template.delete", call->params[0]))
        return;
    t->ask = (struct hy_template_ask){.op = HY_TEMPLATE_OP_DELETE, .template_id = call->params[0]};
    t->ask.legacy = hy_engine_template_kind(call->engine, t->app_no, call->params[0], NULL) ==
                    HY_TEMPLATE_LEGACY;
    hy_template_call_start(call, deleted);
}

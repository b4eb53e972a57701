/*
 * What the platform offers to make templates of: categories of the account, titles, their keywords,
 * and the library of the retired form templates. Asked of the platform each time.
 */
#include "api/query.h"
#include "api/routes.h"
#include "api/template_out.h"

enum { PAGE_DEFAULT = 20, TITLES_MAX = 30, LIBRARY_MAX = 20, START_MAX = 1000000 };

struct query {
    const char *app, *categories, *tid;
    int64_t start, limit;
};

#define AT(field) offsetof(struct query, field)
#define APP                                                                                        \
    {                                                                                              \
        .name = "app", .type = HY_JSON_TEXT, .offset = AT(app), .required = true, .max = 64        \
    }
#define START                                                                                      \
    {                                                                                              \
        .name = "start", .type = HY_JSON_INT, .offset = AT(start), .max = START_MAX                \
    }
#define LIMIT(top)                                                                                 \
    {                                                                                              \
        .name = "limit", .type = HY_JSON_INT, .offset = AT(limit), .min = 1, .max = top            \
    }

const struct hy_json_field hy_api_templates_titles_query[] = {APP,
                                                              {.name = "categories",
                                                               .type = HY_JSON_TEXT,
                                                               .offset = AT(categories),
                                                               .required = true,
                                                               .max = 256},
                                                              START,
                                                              LIMIT(TITLES_MAX),
                                                              {0}};

const struct hy_json_field hy_api_templates_keywords_query[] = {
    APP,
    {.name = "tid", .type = HY_JSON_TEXT, .offset = AT(tid), .required = true, .max = 64},
    {0}};

const struct hy_json_field hy_api_templates_library_query[] = {APP, START, LIMIT(LIBRARY_MAX), {0}};

static void answered(struct hy_call *call)
{
    const struct hy_template_call *t = call->work;
    struct hy_out out;

    if (hy_template_call_failed(call))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_raw(&out, "items", t->reply.items ? t->reply.items : "[]");
    if (t->reply.total >= 0)
        hy_out_int(&out, "total", t->reply.total);
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

/* `ask` has the op, and for the legacy library the rest. */
static void start(struct hy_call *call, const struct hy_json_field *fields,
                  const struct hy_template_ask *ask)
{
    struct query query = {.limit = PAGE_DEFAULT};
    struct hy_template_call *t;

    if (!hy_query_read(call, fields, &query))
        return;
    t = hy_template_call_new(call, query.app);
    if (!t)
        return;
    t->ask = *ask;
    t->ask.categories = query.categories;
    t->ask.start = query.start;
    t->ask.limit = query.limit;
    if (query.tid)
        t->ask.title_id = query.tid;
    hy_template_call_start(call, answered);
}

void hy_api_templates_categories(struct hy_call *call)
{
    start(call, hy_api_templates_query, &(struct hy_template_ask){.op = HY_TEMPLATE_OP_CATEGORIES});
}

void hy_api_templates_titles(struct hy_call *call)
{
    start(call, hy_api_templates_titles_query,
          &(struct hy_template_ask){.op = HY_TEMPLATE_OP_TITLES});
}

void hy_api_templates_keywords(struct hy_call *call)
{
    start(call, hy_api_templates_keywords_query,
          &(struct hy_template_ask){.op = HY_TEMPLATE_OP_KEYWORDS});
}

void hy_api_templates_library(struct hy_call *call)
{
    start(call, hy_api_templates_library_query,
          &(struct hy_template_ask){.op = HY_TEMPLATE_OP_TITLES, .legacy = true});
}

void hy_api_templates_library_show(struct hy_call *call)
{
    start(call, hy_api_templates_query,
          &(struct hy_template_ask){
              .op = HY_TEMPLATE_OP_KEYWORDS, .legacy = true, .title_id = call->params[0]});
}

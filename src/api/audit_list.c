#include "api/audit.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/err.h"

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

struct query {
    const char *action, *subject, *after;
    int64_t limit;
};

#define AT(field) offsetof(struct query, field)

const struct hy_json_field hy_api_audit_query[] = {
    {.name = "action", .type = HY_JSON_TEXT, .offset = AT(action), .max = 64},
    {.name = "subject", .type = HY_JSON_TEXT, .offset = AT(subject), .max = 128},
    {.name = "limit", .type = HY_JSON_INT, .offset = AT(limit), .min = 1, .max = LIST_MAX},
    {.name = "after", .type = HY_JSON_TEXT, .offset = AT(after), .max = 32},
    {0}};

static void write_audit(struct hy_out *out, const struct hy_audit *a)
{
    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 'a', a->id);
    hy_out_instant(out, "at", a->at_ms);
    hy_out_text(out, "who", a->who);
    hy_out_id(out, "key", 'k', a->key_id);
    hy_out_text(out, "address", a->address);
    hy_out_text(out, "action", a->action);
    hy_out_text(out, "subject", a->subject);
    hy_out_raw(out, "detail", a->detail);
    hy_out_end(out, '}');
}

static void listed(struct hy_call *call)
{
    const struct hy_audit_list *list = call->work;
    struct hy_out out;

    if (hy_call_failed(call, list->op.result))
        return;
    hy_out_init(&out);
    hy_out_begin(&out, NULL, '{');
    hy_out_begin(&out, "items", '[');
    for (size_t i = 0; i < list->count; i++)
        write_audit(&out, &list->audits[i]);
    hy_out_end(&out, ']');
    if (list->more && list->count)
        hy_out_id(&out, "next", 'a', list->audits[list->count - 1].id);
    else
        hy_out_null(&out, "next");
    hy_out_end(&out, '}');
    hy_call_reply(call, 200, &out);
}

void hy_api_audit_list(struct hy_call *call)
{
    struct query query = {.limit = LIST_DEFAULT};
    struct hy_audit_list *list;

    if (!hy_query_read(call, hy_api_audit_query, &query))
        return;
    list = hy_call_work(call, sizeof *list);
    if (!list)
        return;
    if (query.after && hy_out_id_parse(query.after, 'a', &list->before_id) != 0)
        hy_violations_add(&call->v, "after", "cursor", NULL, NULL,
                          "after must be the `next` of an earlier page.");
    if (hy_call_refused(call))
        return;
    list->action = query.action;
    list->subject = query.subject;
    list->limit = (size_t)query.limit;
    list->arena = call->arena;
    hy_call_read(call, &list->op, HY_VERB_AUDITS, listed);
}

#include "api/template_out.h"

#include "api/problem.h"
#include "base/err.h"

/* --- a template ------------------------------------------------------------------------------- */

static void write_field(struct hy_out *out, const struct hy_template_field *field)
{
    size_t max = hy_template_type_max(field->type);

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "key", field->key);
    hy_out_text(out, "type", hy_template_type_names[field->type]);
    hy_out_text(out, "label", field->label);
    hy_out_text(out, "rule", hy_template_type_rule(field->type));
    if (max)
        hy_out_int(out, "max", (int64_t)max);
    if (field->enum_values) {
        hy_out_begin(out, "values", '[');
        for (const char *const *value = field->enum_values; *value; value++)
            hy_out_text(out, NULL, *value);
        hy_out_end(out, ']');
    }
    hy_out_end(out, '}');
}

void hy_template_write(struct hy_out *out, const struct hy_shelf_item *item)
{
    const struct hy_template *t = &item->template;

    hy_out_begin(out, NULL, '{');
    hy_out_text(out, "template", t->id);
    hy_out_text(out, "title", t->title);
    hy_out_text(out, "kind", hy_template_kind_names[t->kind]);
    hy_out_text(out, "content", t->content);
    hy_out_text(out, "example", t->example);
    hy_out_begin(out, "fields", '[');
    for (size_t i = 0; i < item->field_count; i++)
        write_field(out, &item->fields[i]);
    hy_out_end(out, ']');
    hy_out_instant(out, "synced_at", t->synced_at_ms);
    hy_out_end(out, '}');
}

/* --- a call ----------------------------------------------------------------------------------- */

struct hy_template_call *hy_template_call_new(struct hy_call *call, const char *app)
{
    HY_APP_SCOPED const struct hy_app_entry *entry = hy_call_app(call, app);
    struct hy_template_call *t;

    if (hy_call_refused(call))
        return NULL;
    t = hy_call_work(call, sizeof *t);
    if (t) {
        t->app_no = entry->app.no;
        t->arena = call->arena;
    }
    return t;
}

static void call_done(struct hy_template_call *t, void *arg)
{
    hy_call_wake(arg);
}

void hy_template_call_start(struct hy_call *call, hy_call_step *next)
{
    struct hy_template_call *t = call->work;

    t->done = call_done;
    t->arg = call;
    hy_call_defer(call, next);
    hy_engine_template_call(call->engine, t);
}

bool hy_template_call_failed(struct hy_call *call)
{
    const struct hy_template_call *t = call->work;

    if (t->result == 0)
        return false;
    if (t->result == HY_E_DENIED && t->error)
        hy_problem_reply(call, HY_PROBLEM_REFUSED, "%s", t->error);
    else if (t->result == HY_E_BUSY && t->error)
        hy_problem_reply(call, HY_PROBLEM_PLATFORM, "%s", t->error);
    else
        hy_problem_of_error(call, t->result);
    return true;
}

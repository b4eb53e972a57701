/* Arguments of the verbs for apps, keys, tokens, templates, sessions and schedules. */
#include "store/apps.h"
#include "store/checks.h"
#include "store/schedules.h"
#include "store/templates.h"

enum { TEMPLATES_MAX = 1000 };

/* --- templates, sessions ---------------------------------------------------------------------- */

static bool template_ok(const struct hy_templates_put *v, const struct hy_template *t)
{
    return hy_check_text(t->id) && t->kind > HY_TEMPLATE_ANY && t->kind < HY_TEMPLATE_KINDS &&
           t->title && t->content && (!v->replace || v->kinds[t->kind]);
}

bool hy_check_templates_put(const struct hy_op *op)
{
    const struct hy_templates_put *v = (const struct hy_templates_put *)op;

    if (v->app_no <= 0 || v->count > TEMPLATES_MAX || (v->count > 0 && !v->templates))
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!template_ok(v, &v->templates[i]))
            return false;
    return true;
}

size_t hy_weigh_templates_put(const struct hy_op *op)
{
    return 1 + ((const struct hy_templates_put *)op)->count;
}

bool hy_check_template_delete(const struct hy_op *op)
{
    return hy_check_text(((const struct hy_template_delete *)op)->template_id);
}

bool hy_check_templates(const struct hy_op *op)
{
    const struct hy_templates *v = (const struct hy_templates *)op;

    return v->arena && v->app_no >= 0;
}

bool hy_check_session_cut(const struct hy_op *op)
{
    const struct hy_session_cut *v = (const struct hy_session_cut *)op;

    return v->app_no > 0 && (!v->user || *v->user);
}

bool hy_check_session_cuts(const struct hy_op *op)
{
    return ((const struct hy_session_cuts *)op)->arena != NULL;
}

/* --- apps, keys, meta, tokens ----------------------------------------------------------------- */

bool hy_check_app_put(const struct hy_op *op)
{
    const struct hy_app *a = &((const struct hy_app_put *)op)->app;

    if (a->no < 0 || !a->settings || (a->secret.size > 0 && !a->secret.bytes) ||
        (a->callback.size > 0 && !a->callback.bytes))
        return false;
    return a->no > 0 ||
           (hy_check_text(a->id) && hy_check_text(a->platform) && a->deleted_at_ms == 0);
}

bool hy_check_key_put(const struct hy_op *op)
{
    const struct hy_key *k = &((const struct hy_key_put *)op)->key;

    return k->id == 0 && k->name && k->revoked_at_ms == 0;
}

bool hy_check_meta_put(const struct hy_op *op)
{
    const struct hy_meta_put *v = (const struct hy_meta_put *)op;

    return hy_check_text(v->name) && v->value;
}

bool hy_check_meta_get(const struct hy_op *op)
{
    const struct hy_meta_get *v = (const struct hy_meta_get *)op;

    return v->arena && hy_check_text(v->name);
}

bool hy_check_token_begin(const struct hy_op *op)
{
    const struct hy_token_begin *v = (const struct hy_token_begin *)op;

    return v->arena && v->version >= 0 && v->calls_max >= 0 && v->forced_max >= 0 &&
           v->forced_gap_ms >= 0 && v->held_until_ms >= 0;
}

bool hy_check_token_end(const struct hy_op *op)
{
    const struct hy_token_end *v = (const struct hy_token_end *)op;

    return v->access.size > 0 ? v->access.bytes != NULL : v->error != NULL;
}

bool hy_check_apps(const struct hy_op *op)
{
    return ((const struct hy_apps *)op)->arena != NULL;
}

bool hy_check_keys(const struct hy_op *op)
{
    return ((const struct hy_keys *)op)->arena != NULL;
}

bool hy_check_tokens(const struct hy_op *op)
{
    return ((const struct hy_tokens *)op)->arena != NULL;
}

/* --- schedules -------------------------------------------------------------------------------- */

bool hy_check_schedule_put(const struct hy_op *op)
{
    const struct hy_schedule *s = &((const struct hy_schedule_put *)op)->schedule;

    if (s->id < 0 || !hy_check_text(s->cron) || !hy_check_text(s->timezone) ||
        !hy_check_choice(s->misfire, HY_MISFIRE_ALL + 1) || s->max_late_s < 0 ||
        (s->message && s->broadcast))
        return false;
    return s->id > 0 || (hy_check_text(s->name) && s->app_no >= 0);
}

bool hy_check_schedule_fire(const struct hy_op *op)
{
    const struct hy_schedule_fire *v = (const struct hy_schedule_fire *)op;

    return v->due_ms > 0 && v->arena && v->key_window_ms >= 0 && !(v->item && v->broadcast) &&
           (!v->item || hy_check_admit_item(v->item)) &&
           (!v->broadcast || hy_check_broadcast_make(v->broadcast));
}

size_t hy_weigh_schedule_fire(const struct hy_op *op)
{
    const struct hy_schedule_fire *v = (const struct hy_schedule_fire *)op;

    return 1 + (v->broadcast ? v->broadcast->count : 0);
}

bool hy_check_schedules(const struct hy_op *op)
{
    return ((const struct hy_schedules *)op)->arena != NULL;
}

#include "api/webhook_out.h"

/* Disabled before paused: that is what an operator has to do something about. */
static const char *state_word(const struct hy_webhook *w)
{
    return w->disabled_at_ms     ? "disabled"
           : w->paused           ? "paused"
           : w->failing_since_ms ? "failing"
                                 : "ok";
}

static void write_events(struct hy_out *out, uint32_t events)
{
    hy_out_begin(out, "events", '[');
    for (unsigned type = 0; hy_outcome_names[type]; type++)
        if (events >> type & 1)
            hy_out_text(out, NULL, hy_outcome_names[type]);
    hy_out_end(out, ']');
}

void hy_webhook_write(struct hy_call *call, struct hy_out *out, const struct hy_webhook *w,
                      const char *secret)
{
    HY_APP_SCOPED const struct hy_app_entry *entry =
        w->app_no ? hy_engine_app_by_no(call->engine, w->app_no) : NULL;
    bool rotating = w->old_until_ms > hy_engine_now_ms(call->engine);

    hy_out_begin(out, NULL, '{');
    hy_out_id(out, "id", 'w', w->id);
    hy_out_text(out, "url", w->url);
    write_events(out, w->events);
    hy_out_text(out, "app", entry ? entry->app.id : NULL);
    hy_out_text(out, "state", state_word(w));
    hy_out_bool(out, "paused", w->paused);
    hy_out_text(out, "secret", secret);
    hy_out_instant(out, "old_secret_until", rotating ? w->old_until_ms : 0);
    hy_out_int(out, "pending", w->pending);
    hy_out_instant(out, "oldest_at", w->oldest_at_ms);
    hy_out_instant(out, "failing_since", w->failing_since_ms);
    hy_out_text(out, "last_error", w->last_error);
    hy_out_instant(out, "disabled_at", w->disabled_at_ms);
    hy_out_instant(out, "created_at", w->created_at_ms);
    hy_out_end(out, '}');
}

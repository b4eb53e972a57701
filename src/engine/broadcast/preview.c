/*
 * preview.c - how many of an audience could be reached, and whether what they would get is fit
 * to be sent. Looks in pieces, so that no other reader waits long.
 */
#include "engine/broadcast/feeder.h"
#include "engine/broadcast/in.h"

#include <string.h>

enum { PIECE = 5000, USERS_MAX = 200000 };

static int64_t margin_ms(struct hy_engine *engine, int64_t app_no)
{
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, app_no);

    return app ? app->settings.receipt_margin_s * 1000 : 0;
}

/* --- samples ---------------------------------------------------------------------------------- */

/* Faults of all samples are told; of each it is counted whether it had any. */
static void check_sample(struct hy_preview *p, const char *user, const char *text)
{
    struct hy_engine *engine = p->engine;
    const struct hy_broadcast *b = p->broadcast;
    HY_APP_SCOPED const struct hy_app_entry *app = hy_engine_app_by_no(engine, b->app_no);
    HY_JSON_SCOPED json_t *data = text ? hy_json_parse(text, strlen(text), NULL, 0) : NULL;
    struct hy_message message = b->message;
    struct hy_fit fit = {.engine = engine, .app = app, .message = &message, .data = data};
    size_t before = p->faults->count + p->faults->unkept, count;
    const struct hy_repair_note *notes;

    if (!app)
        return;
    message.app_no = b->app_no;
    message.user = user ? user : app->platform->sample_user;
    hy_fit_message(&fit, p->faults, &notes, &count);
    p->samples++;
    p->samples_good += p->faults->count + p->faults->unkept == before;
}

static void check_samples(struct hy_preview *p)
{
    const struct hy_audience_look *look = &p->look;

    for (size_t i = 0; i < look->sample_count; i++) {
        const struct hy_audience_item *item = &look->samples[i];

        check_sample(p, item->user, item->data ? item->data : p->broadcast->message.data);
    }
    if (look->sample_count)
        p->sample_user = look->samples[0].user;
}

/* --- looking ---------------------------------------------------------------------------------- */

static void end(struct hy_preview *p, int result)
{
    p->result = result;
    p->done(p, p->arg);
}

static void looked(struct hy_op *op, void *arg)
{
    struct hy_preview *p = arg;
    struct hy_audience_look *look = &p->look;

    if (op->result) {
        end(p, op->result);
        return;
    }
    if (p->users == 0)
        check_samples(p);
    p->users += (int64_t)look->users;
    p->reachable += (int64_t)look->reachable;
    p->complete = !look->more;
    if (!look->more || p->users >= USERS_MAX) {
        end(p, 0);
        return;
    }
    look->after = look->last;
    hy_engine_verb(p->engine, &look->op, looked, p);
}

static void look(struct hy_preview *p)
{
    p->look = (struct hy_audience_look){.op.verb = HY_VERB_AUDIENCE_LOOK,
                                        .broadcast_id = p->broadcast->id,
                                        .now_ms = p->engine->config.now_ms(),
                                        .margin_ms = margin_ms(p->engine, p->broadcast->app_no),
                                        .limit = PIECE,
                                        .arena = p->arena};
    hy_engine_verb(p->engine, &p->look.op, looked, p);
}

/* --- reach ------------------------------------------------------------------------------------ */

static void reached(struct hy_op *op, void *arg)
{
    struct hy_reach *reach = (struct hy_reach *)op;
    struct hy_preview *p = arg;

    p->users = p->reachable = reach->users;
    p->uses = reach->uses;
    p->complete = true;
    if (op->result == 0)
        check_sample(p, NULL, p->broadcast->message.data);
    end(p, op->result);
}

static void ask_reach(struct hy_preview *p)
{
    struct hy_reach *reach = hy_arena_alloc(p->arena, sizeof *reach);
    const struct hy_broadcast *b = p->broadcast;

    if (!reach) {
        end(p, HY_E_NOMEM);
        return;
    }
    *reach = (struct hy_reach){.op.verb = HY_VERB_REACH,
                               .app_no = b->app_no,
                               .template_id = b->message.template_id,
                               .template_kind = hy_engine_template_kind(
                                   p->engine, b->app_no, b->message.template_id, NULL),
                               .now_ms = p->engine->config.now_ms(),
                               .margin_ms = margin_ms(p->engine, b->app_no)};
    hy_engine_verb(p->engine, &reach->op, reached, p);
}

static void tell_quota(struct hy_preview *p)
{
    struct hy_engine *engine = p->engine;
    enum hy_channel channel = hy_queue_channel(hy_message_queue(&p->broadcast->message));

    p->quota_limit = p->quota_used = -1;
    pthread_mutex_lock(&engine->turn_lock);
    hy_feeder_quota(engine, p->broadcast->app_no, channel, &p->quota_limit, &p->quota_used);
    pthread_mutex_unlock(&engine->turn_lock);
}

void hy_engine_broadcast_preview(struct hy_engine *engine, struct hy_preview *preview)
{
    const struct hy_broadcast *b = preview->broadcast;

    preview->engine = engine;
    preview->users = preview->reachable = 0;
    preview->uses = -1;
    preview->complete = false;
    preview->sample_user = NULL;
    preview->samples = preview->samples_good = 0;
    tell_quota(preview);
    if (b->reach && !b->collected)
        ask_reach(preview);
    else
        look(preview);
}

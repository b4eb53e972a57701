/*
 * doubt.c - what an uncertain commit leaves behind: the answer of a transaction was lost, so what
 * the engine holds in memory and what is stored may differ. It looks again.
 *
 *   of an app      the apps are read, and what is newer there is taken over
 *   of a claim     messages may be `sending` that nobody sends. Nothing is claimed until all that is
 *                  under way is settled; what is still `sending` then is the lost claim's. Nothing of it
 *                  left, so it is settled as not sent and goes on, with its grant. (What is `sending`
 *                  is ours: all of it where a store has one process; of several nodes, that of the apps
 *                  that this one holds, which are looked at one by one. Once this is another node it is
 *                  no matter of ours: whoever takes those apps settles it.)
 *
 * Whatever else was uncertain is found by asking for what is due.
 */
#include "base/log.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOST_AT_ONCE = 200, RETRY_MS = 1000 };

void hy_doubt_note(struct hy_engine *engine, enum hy_verb verb)
{
    if (verb == HY_VERB_APP_PUT || verb == HY_VERB_APP_DELETE)
        atomic_store(&engine->doubt.apps, true);
    hy_clockwork_stale(engine); /* wakes, too */
    hy_feeder_stale(engine);
    hy_lane_notice(engine, 0, 0);
}

void hy_doubt_claim(struct hy_engine *engine)
{
    engine->doubt.claim = true;
    engine->doubt.lane = 0;
    engine->claiming = true; /* nobody else does */
}

struct look {
    struct hy_mail mail;
    union {
        struct hy_op op;
        struct hy_apps apps;
        struct hy_message_list list;
    };
    struct hy_settle settle;
    struct hy_arena arena;
    struct hy_engine *engine;
    int64_t node;   /* who looks */
    int generation; /* of the registry, as of the start */
};

static void done(struct hy_op *op, void *arg)
{
    struct look *look = arg;

    (void)op;
    hy_engine_post(look->engine, &look->mail);
}

static struct look *look_new(struct hy_engine *engine,
                             void (*open)(struct hy_engine *, struct hy_mail *))
{
    struct look *look = calloc(1, sizeof *look);

    if (!look)
        return NULL;
    hy_arena_init(&look->arena);
    look->engine = engine;
    look->node = engine->cluster.node;
    look->generation = atomic_load(&engine->registry.generation);
    look->mail.open = open;
    engine->doubt.busy = true;
    return look;
}

static void look_end(struct look *look, bool again)
{
    struct hy_doubt *doubt = &look->engine->doubt;

    doubt->busy = false;
    doubt->not_before_ms = again ? look->engine->now_ms + RETRY_MS : 0;
    hy_arena_deinit(&look->arena);
    free(look);
}

/* --- apps ------------------------------------------------------------------------------------- */

/* Or newer: changed since it was read. */
static bool is_as_stored(const struct hy_app *known, const struct hy_app *stored)
{
    if (stored->deleted_at_ms || known->updated_at_ms < stored->updated_at_ms)
        return false;
    return known->updated_at_ms > stored->updated_at_ms ||
           strcmp(known->settings, stored->settings) == 0;
}

/* The clocks of several nodes say little about which of two is newer: what is stored is. */
static bool is_known(const struct hy_engine *engine, const struct hy_app *known,
                     const struct hy_app *stored)
{
    if (known->deleted_at_ms)
        return true;
    if (!engine->cluster.shared)
        return is_as_stored(known, stored);
    return !stored->deleted_at_ms && known->updated_at_ms == stored->updated_at_ms &&
           strcmp(known->settings, stored->settings) == 0;
}

static int take_over(struct hy_engine *engine, const struct hy_app *app)
{
    HY_APP_SCOPED const struct hy_app_entry *known = hy_engine_app_by_no(engine, app->no);
    int err;

    if (known && is_known(engine, &known->app, app))
        return 0;
    err = hy_registry_put_app(&engine->registry, app);
    if (err)
        return err;
    if (app->deleted_at_ms) {
        hy_shelf_replace(&engine->shelf, app->no, NULL, 0, false);
        hy_feeder_stale(engine); /* its broadcasts end */
    }
    hy_log(HY_LOG_INFO, "app.found", "app=%s", app->id);
    return 0;
}

/* Read before a change of this node's own: it would undo that. */
static bool is_outdated(const struct look *look)
{
    struct hy_engine *engine = look->engine;

    return engine->cluster.shared && look->generation != atomic_load(&engine->registry.generation);
}

/* Trouble waits a while; what only came too early, or was changed meanwhile, is read again at once. */
static void apps_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct look *look = (struct look *)mail;
    int err = look->op.result;
    bool outdated = !err && is_outdated(look);

    for (size_t i = 0; !err && !outdated && i < look->apps.count; i++) {
        if (take_over(engine, &look->apps.apps[i]))
            err = HY_E_NOMEM;
    }
    if (err || outdated)
        atomic_store(&engine->doubt.apps, true);
    look_end(look, err != 0);
}

static void read_apps(struct hy_engine *engine)
{
    struct look *look = look_new(engine, apps_read);

    if (!look)
        return;
    atomic_store(&engine->doubt.apps, false);
    look->apps = (struct hy_apps){.op.verb = HY_VERB_APPS, .arena = &look->arena};
    hy_engine_verb(engine, &look->op, done, look);
}

/* --- a lost claim ----------------------------------------------------------------------------- */

static void lost_settled(struct hy_engine *engine, struct hy_mail *mail)
{
    struct look *look = (struct look *)mail;

    (void)engine;
    look_end(look, look->settle.op.result != 0); /* and looks whether there are more */
}

static void give_back(const struct hy_engine *engine, struct hy_message *m,
                      struct hy_settle_item *item)
{
    HY_APP_SCOPED const struct hy_app_entry *app =
        hy_registry_by_no((struct hy_registry *)&engine->registry, m->app_no);
    struct hy_settle_rules rules = app ? hy_app_settle_rules(app) : hy_settle_rules_default;
    struct hy_judgement *j = &item->attempt.judgement;

    m->attempt_count++;
    *j = (struct hy_judgement){.verdict = HY_VERDICT_TRANSIENT, .not_sent = true};
    snprintf(j->errmsg, sizeof j->errmsg,
             "nothing was sent: the store did not say whether the message was taken");
    item->message_id = m->id;
    item->attempt.number = m->attempt_count;
    item->attempt.at_ms = engine->now_ms;
    item->attempt.grant_id = m->grant_id;
    hy_settle(m, NULL, j, &rules, engine->now_ms, 0, &item->settlement);
}

/* The lanes ask again when they would have after any other trouble of the store. */
static void nothing_lost(struct hy_engine *engine)
{
    engine->doubt.claim = false;
    engine->claiming = false;
}

void hy_doubt_forget(struct hy_engine *engine)
{
    if (engine->doubt.claim)
        nothing_lost(engine);
}

/* The lane whose messages are to be looked at; null: all were. */
static const struct hy_lane *lane_to_look_at(struct hy_engine *engine)
{
    struct hy_doubt *doubt = &engine->doubt;

    while (doubt->lane < engine->lanes.count) {
        const struct hy_lane *lane = engine->lanes.items[doubt->lane];

        if (lane->holding == HY_HOLDING_YES || lane->holding == HY_HOLDING_LEAVING)
            return lane;
        doubt->lane++;
    }
    return NULL;
}

/* As long as the lease is good, what was listed in `sending` was claimed by nobody else. */
static bool is_void(const struct hy_engine *engine, const struct look *look)
{
    return !hy_cluster_may_send(engine, look->node) || !engine->doubt.claim;
}

static void lost_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct look *look = (struct look *)mail;
    size_t count = look->op.result ? 0 : look->list.count;
    struct hy_message *messages = look->list.messages;
    struct hy_settle *settle = &look->settle;

    if (is_void(engine, look))
        count = 0;
    else if (look->op.result == 0 && count == 0 && engine->cluster.shared)
        engine->doubt.lane++;
    else if (look->op.result == 0 && count == 0)
        nothing_lost(engine);
    if (count > 0)
        settle->items = hy_arena_array(&look->arena, count, sizeof *settle->items);
    if (!settle->items) {
        look_end(look, engine->doubt.claim);
        return;
    }
    for (size_t i = 0; i < count; i++)
        give_back(engine, &messages[i], &settle->items[settle->count++]);
    hy_log(HY_LOG_WARN, "store.claim_lost", "messages=%zu were taken and not sent", count);
    settle->op.verb = HY_VERB_SETTLE;
    settle->now_ms = engine->now_ms;
    look->mail.open = lost_settled;
    hy_engine_verb(engine, &settle->op, done, look);
}

static void read_lost(struct hy_engine *engine)
{
    const struct hy_lane *lane = engine->cluster.shared ? lane_to_look_at(engine) : NULL;
    struct look *look;

    if (engine->cluster.shared && !lane) {
        nothing_lost(engine);
        return;
    }
    look = look_new(engine, lost_read);
    if (!look)
        return;
    look->list = (struct hy_message_list){.op.verb = HY_VERB_MESSAGE_LIST,
                                          .app_no = lane ? lane->app_no : 0,
                                          .state = HY_MESSAGE_SENDING,
                                          .limit = LOST_AT_ONCE,
                                          .arena = &look->arena};
    hy_engine_verb(engine, &look->op, done, look);
}

/* ---------------------------------------------------------------------------------------------- */

int64_t hy_doubt_turn(struct hy_engine *engine)
{
    struct hy_doubt *doubt = &engine->doubt;
    bool apps = atomic_load(&doubt->apps);
    bool lost = doubt->claim && engine->attempts_open == 0 && hy_cluster_good(engine);

    if (doubt->busy || (!apps && !lost))
        return HY_NEVER;
    if (doubt->not_before_ms > engine->now_ms)
        return doubt->not_before_ms;
    if (apps)
        read_apps(engine);
    else
        read_lost(engine);
    return doubt->busy ? HY_NEVER : engine->now_ms + RETRY_MS;
}

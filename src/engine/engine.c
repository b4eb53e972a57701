#include "base/log.h"
#include "crypto/random.h"
#include "engine/broadcast/feeder.h"
#include "engine/internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const int64_t longest_wait_ms = 60000;

void hy_engine_verb(struct hy_engine *engine, struct hy_op *op,
                    void (*done)(struct hy_op *, void *), void *arg)
{
    bool verb_tells =
        hy_teller_listens(engine, op->verb); /* `op` may be gone once it is submitted */

    op->done = done;
    op->arg = arg;
    hy_store_submit(engine->config.store, op);
    if (verb_tells)
        hy_teller_notice(engine);
}

/* --- start ------------------------------------------------------------------------------------ */

/* A store belongs to the master key that it was first opened with. */
static int check_master_key(struct hy_engine *engine)
{
    char fingerprint[HY_SEAL_FINGERPRINT_CHARS + 1];
    struct hy_arena arena;
    struct hy_meta_get get = {.op.verb = HY_VERB_META_GET, .name = "master_key", .arena = &arena};
    struct hy_meta_put put = {
        .op.verb = HY_VERB_META_PUT, .name = "master_key", .value = fingerprint, .if_absent = true};
    int err;

    hy_seal_fingerprint(engine->config.seal, fingerprint);
    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &get.op);
    if (err == HY_E_NOT_FOUND) {
        err = hy_store_run(engine->config.store, &put.op);
        if (!err || err == HY_E_EXISTS) /* another node came first, perhaps with another key */
            err = hy_store_run(engine->config.store, &get.op);
    }
    if (!err && strcmp(get.value, fingerprint) != 0)
        err = HY_E_DENIED;
    hy_arena_deinit(&arena);
    return err;
}

/* The rules by which each app's messages are settled, deleted ones' too. */
static int recovery_rules(struct hy_engine *engine, struct hy_arena *arena, struct hy_recover *r)
{
    size_t count = engine->registry.app_count;
    struct hy_recover_app *apps = hy_arena_array(arena, count + 1, sizeof *apps);
    const struct hy_app_entry *entry;

    if (!apps)
        return HY_E_NOMEM;
    for (size_t i = 0; i < count && (entry = hy_registry_at(&engine->registry, i)) != NULL; i++) {
        apps[r->app_count++] = hy_app_recover_rules(entry);
        hy_engine_app_release(entry);
    }
    r->apps = apps;
    return 0;
}

/* Of several nodes each settles what it takes: cluster/take.c. */
static int recover(struct hy_engine *engine)
{
    struct hy_recover r = {.op.verb = HY_VERB_RECOVER, .now_ms = engine->now_ms};
    struct hy_arena arena;
    int err;

    if (engine->cluster.shared)
        return 0;
    hy_arena_init(&arena);
    err = recovery_rules(engine, &arena, &r);
    if (!err)
        err = hy_store_run(engine->config.store, &r.op);
    hy_arena_deinit(&arena);
    if (err)
        return err;
    if (r.recovered)
        hy_log(HY_LOG_WARN, "engine.recovered", "messages=%zu were being sent when it stopped",
               r.recovered);
    hy_message_ids_init(&engine->ids, engine->ids.node, r.last_message_id);
    return 0;
}

static int load_tokens(struct hy_engine *engine)
{
    struct hy_arena arena;
    struct hy_tokens tokens = {.op.verb = HY_VERB_TOKENS, .arena = &arena};
    int err;

    hy_arena_init(&arena);
    err = hy_store_run(engine->config.store, &tokens.op);
    for (size_t i = 0; !err && i < tokens.count; i++) {
        struct hy_lane *lane = hy_lane_find(engine, tokens.tokens[i].app_no);

        if (lane)
            hy_keeper_load(engine, lane, &tokens.tokens[i]);
    }
    hy_arena_deinit(&arena);
    return err;
}

static int load(struct hy_engine *engine)
{
    int err = hy_news_init(engine);

    if (!err)
        err = check_master_key(engine);
    if (!err)
        err = hy_registry_load(engine);
    if (!err)
        err = hy_shelf_load(engine);
    if (!err)
        err = hy_cluster_join(engine);
    if (!err)
        err = recover(engine);
    if (err)
        return err;
    hy_lanes_match(engine);
    err = load_tokens(engine);
    if (!err)
        err = hy_gates_load(engine);
    if (!err)
        err = hy_sessions_load(engine);
    if (!err)
        err = hy_teller_init(engine);
    if (!err)
        err = hy_feeder_init(engine);
    return err ? err : hy_clockwork_init(engine);
}

/* Recursive: where there is no memory to remember a request, the transport says so before it
 * returns (net/httpc.h), in the middle of a turn. */
static void init_turn_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

int hy_engine_new(const struct hy_engine_config *config, struct hy_engine **ret_engine)
{
    struct hy_engine *engine = calloc(1, sizeof *engine);
    int err;

    if (!engine)
        return HY_E_NOMEM;
    engine->config = *config;
    engine->now_ms = engine->started_ms = config->now_ms();
    engine->wakes_at_ms = engine->noticed_due_ms = engine->noticed_expiry_ms = HY_NEVER;
    engine->unsettled_last = &engine->unsettled;
    engine->lanes.generation = -1;
    hy_arena_init(&engine->scratch);
    hy_mailbox_init(&engine->mailbox);
    pthread_mutex_init(&engine->ids_lock, NULL);
    init_turn_lock(&engine->turn_lock);
    pthread_mutex_init(&engine->notice_lock, NULL);
    hy_hush_init(&engine->denied);
    hy_hush_init(&engine->login_trouble);
    err = hy_registry_init(&engine->registry, config->seal);
    if (!err)
        err = hy_cuts_init(&engine->cuts);
    if (!err)
        err = hy_shelf_init(&engine->shelf);
    if (!err)
        err = hy_zone_open(hy_platforms[0]->timezone, &engine->zone);
    if (!err)
        err = load(engine);
    if (err) {
        hy_store_watch(config->store, NULL, NULL);
        hy_engine_free(engine);
        return err;
    }
    *ret_engine = engine;
    return 0;
}

void hy_engine_free(struct hy_engine *engine)
{
    if (!engine)
        return;
    assert(engine->attempts_open == 0);
    hy_clockwork_deinit(engine);
    hy_teller_deinit(engine);
    hy_feeder_deinit(engine);
    hy_lanes_free(engine);
    hy_cluster_deinit(engine);
    hy_shelf_deinit(&engine->shelf);
    hy_registry_deinit(&engine->registry);
    hy_cuts_deinit(&engine->cuts);
    hy_hush_deinit(&engine->denied);
    hy_hush_deinit(&engine->login_trouble);
    hy_zone_close(engine->zone);
    hy_arena_deinit(&engine->scratch);
    hy_mailbox_deinit(&engine->mailbox);
    pthread_mutex_destroy(&engine->ids_lock);
    pthread_mutex_destroy(&engine->turn_lock);
    pthread_mutex_destroy(&engine->notice_lock);
    free(engine);
}

/* --- a turn ----------------------------------------------------------------------------------- */

static void open_mail(struct hy_engine *engine)
{
    struct hy_mail *mail;

    while ((mail = hy_mailbox_take(&engine->mailbox)) != NULL) {
        hy_lanes_match(engine); /* what was posted behind a change of an app counts on it */
        while (mail) {
            struct hy_mail *next = mail->next;

            mail->open(engine, mail);
            mail = next;
        }
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t hy_engine_tick(struct hy_engine *engine, int64_t now_ms)
{
    int64_t next = now_ms + longest_wait_ms;

    pthread_mutex_lock(&engine->turn_lock);
    engine->now_ms = now_ms;
    hy_turn_begin(engine);
    hy_lanes_match(engine);
    hy_setback_turn(engine);
    open_mail(engine);
    next = sooner(next, hy_cluster_turn(engine));
    for (size_t i = 0; i < engine->lanes.count; i++) {
        next = sooner(next, hy_keeper_turn(engine, engine->lanes.items[i]));
        next = sooner(next, hy_lane_alarm_turn(engine, engine->lanes.items[i]));
    }
    next = sooner(next, hy_clockwork_turn(engine));
    next = sooner(next, hy_feeder_turn(engine));
    next = sooner(next, hy_expiry_turn(engine));
    next = sooner(next, hy_retention_turn(engine));
    next = sooner(next, hy_doubt_turn(engine));
    next = sooner(next, hy_attempts_settle(engine));
    next = sooner(next, hy_dispatch(engine));
    next = sooner(next, hy_teller_turn(engine)); /* last: the verbs above may have much to tell */
    next = hy_turn_end(engine, next);
    pthread_mutex_unlock(&engine->turn_lock);
    return next;
}

void hy_engine_quiesce(struct hy_engine *engine)
{
    pthread_mutex_lock(&engine->turn_lock);
    engine->quiet = true;
    pthread_mutex_unlock(&engine->turn_lock);
    engine->config.transport.wake(engine->config.transport.self);
}

bool hy_engine_works_ended(const struct hy_engine *engine)
{
    return engine->attempts_open == 0 && engine->tokens_open == 0 && engine->logins_open == 0 &&
           !engine->template_works && !engine->claiming && !engine->settling &&
           !engine->doubt.busy && !engine->rewinding && !engine->clockwork.busy &&
           engine->clockwork.jobs_open == 0 && hy_teller_idle(&engine->teller) &&
           hy_feeder_idle(engine);
}

bool hy_engine_idle(const struct hy_engine *engine)
{
    return hy_engine_works_ended(engine) && hy_cluster_idle(engine);
}

/* --- what others may look at ------------------------------------------------------------------ */

void hy_engine_readiness(struct hy_engine *engine, struct hy_readiness *ret_readiness)
{
    const char *missing = NULL;

    pthread_mutex_lock(&engine->turn_lock);
    for (size_t i = 0; i < engine->lanes.count && !missing; i++) {
        struct hy_lane *lane = engine->lanes.items[i];

        if (!lane->app->app.deleted_at_ms && !lane->keeper.tried)
            missing = lane->app->app.id;
    }
    *ret_readiness = (struct hy_readiness){.tokens_known = !missing, .ready = !missing};
    if (missing)
        snprintf(ret_readiness->detail, sizeof ret_readiness->detail,
                 "the first token of app %s is not known yet", missing);
    if (!hy_cluster_good(engine)) {
        ret_readiness->ready = false;
        snprintf(ret_readiness->detail, sizeof ret_readiness->detail,
                 "this node's lease is over and the store did not renew it: nothing is sent here");
    }
    if (engine->quiet) {
        ret_readiness->ready = false;
        snprintf(ret_readiness->detail, sizeof ret_readiness->detail, "shutting down");
    }
    pthread_mutex_unlock(&engine->turn_lock);
}

struct hy_store *hy_engine_store(struct hy_engine *engine)
{
    return engine->config.store;
}

int64_t hy_engine_now_ms(struct hy_engine *engine)
{
    return engine->config.now_ms();
}

void hy_engine_read(struct hy_engine *engine, struct hy_op *op)
{
    assert(op->verb >= HY_VERB_WRITES);
    hy_store_submit(engine->config.store, op);
}

/*
 * news.c - what another node changed is read again.
 *
 * The store tells of it within milliseconds (hy_store_watch); such a word may be lost, so every second and a
 * half the counts of all changes are read, too, and what differs is read again. Between a change on one node
 * and its being known on the others lies that much at most, while the store answers.
 *
 * That something is due has no count: where words were lost the store says so. To be sure, all lanes that are
 * held are asked every ten seconds.
 */
#include "base/log.h"
#include "engine/broadcast/feeder.h"
#include "engine/cluster/adopt.h"

#include <stdlib.h>

enum { COUNT_MS = 1500, ASK_MS = 10000, RETRY_MS = 1000 };

static_assert(HY_NEWS_KINDS <= 32, "a bit each");

/* --- any thread ------------------------------------------------------------------------------- */

static void mark(struct hy_engine *engine, unsigned bits)
{
    unsigned before = atomic_fetch_or(&engine->cluster.stale, bits);

    if ((before | bits) != before)
        engine->config.transport.wake(engine->config.transport.self);
}

void hy_news_stale(struct hy_engine *engine, enum hy_news news)
{
    mark(engine, 1u << news);
}

bool hy_news_was_resumed(const struct hy_resumed *resumed, int64_t app_no)
{
    if (resumed->all)
        return true;
    for (size_t i = 0; i < resumed->count; i++) {
        if (resumed->apps[i] == app_no)
            return true;
    }
    return false;
}

/* Of several at once it is not said which: then any may have been, as where there is no room. One that was
 * not costs a request that probes. */
static void note_resumed(struct hy_engine *engine, int64_t app_no)
{
    struct hy_resumed *resumed = &engine->cluster.resumed;

    pthread_mutex_lock(&engine->notice_lock);
    if (!hy_news_was_resumed(resumed, app_no)) {
        resumed->all = app_no == 0 || resumed->count == HY_RESUMED_MAX;
        if (!resumed->all)
            resumed->apps[resumed->count++] = app_no;
    }
    pthread_mutex_unlock(&engine->notice_lock);
}

void hy_news_take_resumed(struct hy_engine *engine, struct hy_resumed *ret_resumed)
{
    pthread_mutex_lock(&engine->notice_lock);
    *ret_resumed = engine->cluster.resumed;
    engine->cluster.resumed = (struct hy_resumed){0};
    pthread_mutex_unlock(&engine->notice_lock);
}

void hy_news_pause_begun(struct hy_engine *engine)
{
    atomic_fetch_add(&engine->cluster.pauses_begun, 1);
    atomic_fetch_add(&engine->cluster.pauses_open, 1);
}

void hy_news_pause_ended(struct hy_engine *engine)
{
    atomic_fetch_sub(&engine->cluster.pauses_open, 1);
}

/* On a thread of the store's. */
static void heard(enum hy_news news, int64_t id, int64_t at_ms, void *arg)
{
    struct hy_engine *engine = arg;

    if (news == HY_NEWS_DUE) {
        hy_lane_notice(engine, id, at_ms);
    } else if (news == HY_NEWS_OUTCOMES) {
        hy_teller_notice(engine);
    } else if (news == HY_NEWS_KINDS) {
        mark(engine, (1u << HY_NEWS_KINDS) - 1);
        hy_lane_notice(engine, 0, 0);
        hy_teller_notice(engine);
    } else {
        if (news == HY_NEWS_PAUSES)
            note_resumed(engine, id);
        hy_news_stale(engine, news);
    }
}

/* --- reading again ---------------------------------------------------------------------------- */

static void read_done(struct hy_op *op, void *arg);

/* What came of a read: of pauses only when none of this process's own was on its way meanwhile. */
static bool is_fresh(struct hy_engine *engine, const struct hy_news_read *read)
{
    if (read->news == HY_NEWS_PAUSES && atomic_load(&engine->cluster.pauses_open) > 0)
        return false;
    return read->seen == hy_adopt_changes(engine, read->news);
}

static void was_read(struct hy_engine *engine, struct hy_mail *mail)
{
    struct hy_news_read *read = (struct hy_news_read *)mail;
    struct hy_cluster *c = &engine->cluster;
    int err = read->verb.op.result;

    c->reading &= ~(1u << read->news);
    if (err)
        hy_log(HY_LOG_ERROR, "store.news", "what=%s error=\"%s\"", hy_news_names[read->news],
               hy_err_text(err));
    else if (!is_fresh(engine, read))
        hy_news_stale(engine, read->news);
    else
        err = hy_adopt(engine, read);
    if (err) {
        hy_news_stale(engine, read->news);
        c->read_not_before_ms = engine->now_ms + RETRY_MS;
    }
    hy_arena_deinit(&read->arena);
    free(read);
}

static void read_done(struct hy_op *op, void *arg)
{
    struct hy_news_read *read = arg;

    read->mail.open = was_read;
    hy_engine_post(read->engine, &read->mail);
}

static void set_verb(struct hy_news_read *read)
{
    struct hy_arena *arena = &read->arena;

    switch (read->news) {
    case HY_NEWS_KEYS:
        read->verb.keys = (struct hy_keys){.op.verb = HY_VERB_KEYS, .arena = arena};
        break;
    case HY_NEWS_TEMPLATES:
        read->verb.templates = (struct hy_templates){.op.verb = HY_VERB_TEMPLATES, .arena = arena};
        break;
    case HY_NEWS_CUTS:
        read->verb.cuts = (struct hy_session_cuts){.op.verb = HY_VERB_SESSION_CUTS, .arena = arena};
        break;
    case HY_NEWS_TOKENS:
        read->verb.tokens = (struct hy_tokens){.op.verb = HY_VERB_TOKENS, .arena = arena};
        break;
    default:
        read->verb.pauses = (struct hy_pauses){.op.verb = HY_VERB_PAUSES, .arena = arena};
        break;
    }
}

/* The lanes that wait for it: a read that began before they did is not theirs. */
static void mark_asked(struct hy_engine *engine)
{
    for (size_t i = 0; i < engine->lanes.count; i++) {
        struct hy_lane *lane = engine->lanes.items[i];

        if (lane->holding == HY_HOLDING_READING)
            lane->pauses_asked = true;
    }
}

static void read_again(struct hy_engine *engine, enum hy_news news)
{
    struct hy_news_read *read = calloc(1, sizeof *read);

    if (!read) {
        hy_news_stale(engine, news);
        engine->cluster.read_not_before_ms = engine->now_ms + RETRY_MS;
        return;
    }
    hy_arena_init(&read->arena);
    read->engine = engine;
    read->news = news;
    read->seen = hy_adopt_changes(engine, news);
    set_verb(read);
    if (news == HY_NEWS_PAUSES)
        mark_asked(engine);
    engine->cluster.reading |= 1u << news;
    hy_engine_verb(engine, &read->verb.op, read_done, read);
}

/* Those that somebody reads anyway. */
static void apps_stale(struct hy_engine *engine)
{
    atomic_store(&engine->doubt.apps, true);
}

static void (*const others[HY_NEWS_KINDS])(struct hy_engine *) = {
    [HY_NEWS_APPS] = apps_stale,
    [HY_NEWS_SCHEDULES] = hy_clockwork_stale,
    [HY_NEWS_BROADCASTS] = hy_feeder_stale,
    [HY_NEWS_WEBHOOKS] = hy_teller_stale,
    [HY_NEWS_HOLDS] = hy_cluster_hurry,
};

static bool is_read_here(enum hy_news news)
{
    return news == HY_NEWS_KEYS || news == HY_NEWS_TEMPLATES || news == HY_NEWS_CUTS ||
           news == HY_NEWS_PAUSES || news == HY_NEWS_TOKENS;
}

static int64_t read_turn(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    bool later = c->read_not_before_ms > engine->now_ms;
    unsigned bits = atomic_exchange(&c->stale, 0), kept = 0;

    for (int i = 0; i < HY_NEWS_KINDS; i++) {
        enum hy_news news = (enum hy_news)i;

        if (!(bits & 1u << i))
            continue;
        if (others[i])
            others[i](engine);
        else if (is_read_here(news) && (later || c->reading & 1u << i))
            kept |= 1u << i;
        else if (is_read_here(news))
            read_again(engine, news);
    }
    atomic_fetch_or(&c->stale,
                    kept); /* no wake: the end of the read, or the instant below, is one */
    return kept && later ? c->read_not_before_ms : HY_NEVER;
}

/* --- counts ----------------------------------------------------------------------------------- */

struct count {
    struct hy_mail mail;
    struct hy_changes verb;
    struct hy_engine *engine;
};

static void compare(struct hy_engine *engine, const int64_t *counts)
{
    struct hy_cluster *c = &engine->cluster;
    unsigned bits = 0;

    for (int i = 0; i < HY_NEWS_KINDS; i++) {
        if (c->counts[i] != counts[i])
            bits |= 1u << i;
        c->counts[i] = counts[i];
    }
    atomic_fetch_or(&c->stale, bits);
}

static void were_counted(struct hy_engine *engine, struct hy_mail *mail)
{
    struct count *count = (struct count *)mail;

    engine->cluster.counting = false;
    engine->cluster.count_next_ms = hy_cluster_steady_ms(engine) + COUNT_MS;
    if (count->verb.op.result == 0)
        compare(engine, count->verb.counts);
    free(count);
}

static void count_done(struct hy_op *op, void *arg)
{
    struct count *count = arg;

    count->mail.open = were_counted;
    hy_engine_post(count->engine, &count->mail);
}

static void count(struct hy_engine *engine)
{
    struct count *count = calloc(1, sizeof *count);

    if (!count) {
        engine->cluster.count_next_ms = hy_cluster_steady_ms(engine) + RETRY_MS;
        return;
    }
    count->engine = engine;
    count->verb.op.verb = HY_VERB_CHANGES;
    engine->cluster.counting = true;
    hy_engine_verb(engine, &count->verb.op, count_done, count);
}

static void ask_all(struct hy_engine *engine, int64_t steady_ms)
{
    struct hy_cluster *c = &engine->cluster;

    if (c->ask_next_ms > steady_ms)
        return;
    c->ask_next_ms = steady_ms + ASK_MS;
    for (size_t i = 0; i < engine->lanes.count; i++)
        hy_lane_ask(engine->lanes.items[i]);
    hy_teller_notice(engine);
}

/* The mail was opened before this turn, and what it marked is read in it. */
int64_t hy_news_turn(struct hy_engine *engine)
{
    struct hy_cluster *c = &engine->cluster;
    int64_t steady_ms = hy_cluster_steady_ms(engine), next = read_turn(engine), at;

    if (engine->quiet)
        return next;
    if (!c->counting && c->count_next_ms <= steady_ms)
        count(engine);
    ask_all(engine, steady_ms);
    at = c->counting ? c->ask_next_ms : c->count_next_ms;
    at = engine->now_ms + (at > steady_ms ? at - steady_ms : 0);
    return at < next ? at : next;
}

/* --- start ------------------------------------------------------------------------------------ */

int hy_news_init(struct hy_engine *engine)
{
    struct hy_changes changes = {.op.verb = HY_VERB_CHANGES};
    int err;

    if (!hy_store_is_shared(engine->config.store))
        return 0;
    hy_store_watch(engine->config.store, heard, engine);
    err = hy_store_run(engine->config.store, &changes.op);
    for (int i = 0; !err && i < HY_NEWS_KINDS; i++)
        engine->cluster.counts[i] = changes.counts[i];
    return err;
}

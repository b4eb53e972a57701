/* Nodes: what others are told of what one did. */
#include "store_nodes.h"

#include "store_bulk.h"

#include "base/clock.h"
#include "store/memory/shared.h"

#include <pthread.h>
#include <time.h>

/* --- a watcher -------------------------------------------------------------------------------- */

enum { WORDS_MAX = 200, PATIENCE_US = 30000000 };

struct word {
    enum hy_news news;
    int64_t id;
    int64_t at_ms;
};

static struct ear {
    struct word words[WORDS_MAX];
    size_t count;
} ears[RIG_STORES_MAX];
static pthread_mutex_t ears_lock = PTHREAD_MUTEX_INITIALIZER;

static void hear(enum hy_news news, int64_t id, int64_t at_ms, void *arg)
{
    struct ear *ear = (struct ear *)arg;

    pthread_mutex_lock(&ears_lock);
    if (ear->count < WORDS_MAX)
        ear->words[ear->count++] = (struct word){news, id, at_ms};
    pthread_mutex_unlock(&ears_lock);
}

/* How often it was told that; `id` -1: whatever it was about. */
static size_t heard(size_t store, enum hy_news news, int64_t id, int64_t *ret_at_ms)
{
    const struct ear *ear = &ears[store];
    size_t times = 0;

    pthread_mutex_lock(&ears_lock);
    for (size_t i = 0; i < ear->count; i++) {
        if (ear->words[i].news != news || (id >= 0 && ear->words[i].id != id))
            continue;
        times++;
        if (ret_at_ms)
            *ret_at_ms = ear->words[i].at_ms;
    }
    pthread_mutex_unlock(&ears_lock);
    return times;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    nanosleep(&pause, NULL);
}

/* Until it was told that; ends the case when that takes too long. */
static int64_t await(size_t store, enum hy_news news, int64_t id)
{
    int64_t end_us = hy_clock_mono_us() + PATIENCE_US, at_ms = 0;

    while (heard(store, news, id, &at_ms) == 0) {
        CHECK(hy_clock_mono_us() < end_us);
        if (!hy_store_pump(rig.stores[store]))
            rest();
    }
    return at_ms;
}

/* A store whose news comes over a connection tells when that is there. */
static void watch(size_t store)
{
    ears[store].count = 0;
    hy_store_watch(rig.stores[store], hear, &ears[store]);
    if (rig_shared())
        await(store, HY_NEWS_KINDS, 0);
}

static void watch_no_more(void)
{
    for (size_t i = 0; i < RIG_STORES_MAX; i++)
        hy_store_watch(rig.stores[i], NULL, NULL);
}

/* --- changes that are counted ----------------------------------------------------------------- */

static struct hy_changes changes(void)
{
    struct hy_changes v = {.op.result = 0};

    CHECK_INT(run(&v.op, HY_VERB_CHANGES), 0);
    return v;
}

/* Which kinds were counted since then: "apps keys". */
static const char *changed_since(const struct hy_changes *before)
{
    struct hy_changes now = changes();
    char *text = hy_arena_strdup(&rig.arena, "");

    for (enum hy_news news = 0; news < HY_NEWS_KINDS; news++)
        if (now.counts[news] != before->counts[news])
            text =
                hy_arena_printf(&rig.arena, "%s%s%s", text, *text ? " " : "", hy_news_names[news]);
    return text;
}

#define CHECK_CHANGES(action, expected)                                                            \
    do {                                                                                           \
        struct hy_changes hy_before = changes();                                                   \
        action;                                                                                    \
        CHECK_TEXT(changed_since(&hy_before), expected);                                           \
    } while (0)

static void put_app(const char *settings)
{
    struct hy_app_put v = {.app = {.no = rig.app, .settings = settings}};

    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
}

static void put_and_revoke_key(void)
{
    struct hy_key_put put = {.key = {.name = "k", .hash = {1}}};
    struct hy_key_revoke revoke = {.now_ms = rig.now_ms};

    CHECK_CHANGES(CHECK_INT(run(&put.op, HY_VERB_KEY_PUT), 0), "keys");
    revoke.key_id = put.key.id;
    CHECK_CHANGES(CHECK_INT(run(&revoke.op, HY_VERB_KEY_REVOKE), 0), "keys");
}

static void put_template(void)
{
    struct hy_template t = {
        .id = "T1", .kind = HY_TEMPLATE_ONCE, .title = "title", .content = "{{thing1.DATA}}"};
    struct hy_templates_put put = {.app_no = rig.app, .templates = &t, .count = 1};
    struct hy_template_delete gone = {.app_no = rig.app, .template_id = "T1"};

    CHECK_CHANGES(CHECK_INT(run(&put.op, HY_VERB_TEMPLATES_PUT), 0), "templates");
    CHECK_CHANGES(CHECK_INT(run(&gone.op, HY_VERB_TEMPLATE_DELETE), 0), "templates");
}

static void cut_sessions(void)
{
    struct hy_session_cut v = {.app_no = rig.app, .at_ms = rig.now_ms};

    CHECK_CHANGES(CHECK_INT(run(&v.op, HY_VERB_SESSION_CUT), 0), "cuts");
}

static void put_schedule(void)
{
    struct hy_schedule_put put = {.schedule = {.app_no = rig.app,
                                               .name = "daily",
                                               .cron = "0 8 * * *",
                                               .timezone = "UTC",
                                               .next_run_ms = rig.now_ms}};
    struct hy_schedule_fire fire = {.due_ms = rig.now_ms,
                                    .next_run_ms = rig.now_ms + DAY,
                                    .now_ms = rig.now_ms,
                                    .arena = &rig.arena};
    struct hy_schedule_delete gone = {.op.result = 0};

    CHECK_CHANGES(CHECK_INT(run(&put.op, HY_VERB_SCHEDULE_PUT), 0), "schedules");
    fire.schedule_id = gone.schedule_id = put.schedule.id;
    CHECK_CHANGES(CHECK_INT(run(&fire.op, HY_VERB_SCHEDULE_FIRE), 0), "schedules");
    CHECK_CHANGES(CHECK_INT(run(&gone.op, HY_VERB_SCHEDULE_DELETE), 0), "schedules");
}

static void put_pause(void)
{
    struct hy_pause_put v = {.pause = {.app_no = rig.app,
                                       .channel = HY_CHANNEL_SUBSCRIBE,
                                       .until_ms = rig.now_ms + HOUR,
                                       .since_ms = rig.now_ms,
                                       .reason = "quota"}};

    CHECK_CHANGES(CHECK_INT(run(&v.op, HY_VERB_PAUSE_PUT), 0), "pauses");
}

static void get_token(void)
{
    struct hy_token_begin begin = {.app_no = rig.app,
                                   .now_ms = rig.now_ms,
                                   .lease_until_ms = rig.now_ms + MINUTE,
                                   .arena = &rig.arena};
    struct hy_token_end end = {.app_no = rig.app,
                               .access = {"token", 5},
                               .obtained_at_ms = rig.now_ms,
                               .expires_at_ms = rig.now_ms + HOUR};

    CHECK_INT(run(&begin.op, HY_VERB_TOKEN_BEGIN), 0);
    CHECK_CHANGES(CHECK_INT(run(&end.op, HY_VERB_TOKEN_END), 0), "tokens");
}

static void what_others_keep_is_counted(void)
{
    int64_t id = 0;

    beat(0);
    CHECK_CHANGES(put_app("{\"a\":1}"), "apps");
    put_and_revoke_key();
    put_template();
    cut_sessions();
    put_schedule();
    put_pause();
    get_token();
    CHECK_CHANGES(id = listen_to(EVERYTHING), "webhooks");
    CHECK_CHANGES(id = draft_to(1), "broadcasts");
    CHECK_CHANGES(CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0), "broadcasts");
    CHECK_CHANGES(beat(1), ""); /* a share of one app and one webhook: of each the first has all */
    CHECK_CHANGES(leave(0), "holds");
    rig_use(1);
    CHECK_CHANGES(post("u"), ""); /* nobody keeps messages */
}

/* --- notifications ---------------------------------------------------------------------------- */

static void what_one_changes_the_others_are_told(void)
{
    watch(0);
    watch(1);
    beat(0);
    beat(1); /* since then the first one has not beaten: it knows of nobody else */
    rig_use(1);
    put_app("{\"a\":1}");
    await(0, HY_NEWS_APPS, rig.app);
    rig_use(0);
    put_and_revoke_key();
    await(1, HY_NEWS_KEYS, 0);
    leave(1);
    await(0, HY_NEWS_HOLDS, 0);
    CHECK_INT(heard(1, HY_NEWS_APPS, -1, NULL), 0); /* its own */
    CHECK_INT(heard(0, HY_NEWS_KEYS, -1, NULL), 0);
    watch_no_more();
    rig_use(0);
    put_app("{\"a\":2}");
    CHECK_INT(heard(1, HY_NEWS_APPS, -1, NULL), 0);
}

static void what_is_due_its_holder_is_told(void)
{
    int64_t node = beat(0)->self.node, at_ms = rig.now_ms + HOUR;

    beat(1);
    beat(2);
    beat(0);
    CHECK_INT(holder_of(HY_HOLD_APP, rig.app), node);
    watch(0);
    watch(1);
    watch(2);
    rig_use(1);
    post_later("u", at_ms);
    CHECK_INT(await(0, HY_NEWS_DUE, rig.app), at_ms);
    rig_use(0);
    post_later("v", rig.now_ms + MINUTE);
    put_app("{\"a\":1}");
    await(1, HY_NEWS_APPS, rig.app); /* all that was before it has come */
    await(2, HY_NEWS_APPS, rig.app);
    CHECK_INT(heard(1, HY_NEWS_DUE, -1, NULL), 0);
    CHECK_INT(heard(2, HY_NEWS_DUE, -1, NULL), 0);
    rig_use(2);
    put_app("{\"a\":2}");
    await(0, HY_NEWS_APPS, rig.app);
    CHECK_INT(heard(0, HY_NEWS_DUE, -1, NULL), 1); /* not of what it did itself */
    watch_no_more();
}

static void a_grant_wakes_at_another_node(void)
{
    struct hy_message *m;

    beat(0);
    beat(1);
    m = post_with("u", HY_ON_MISSING_WAIT);
    CHECK_STATE(m->id, WAITING);
    watch(0);
    rig_use(1);
    form("u", 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK(await(0, HY_NEWS_DUE, rig.app) <= rig.now_ms);
    rig_use(0);
    CHECK_INT(claim_one()->message.id, m->id);
    watch_no_more();
}

static void what_is_to_be_told_to_an_endpoint_its_holder_is_told(void)
{
    int64_t hook = listen_to(EVERYTHING);

    beat(0);
    beat(1);
    watch(0);
    watch(1);
    rig_use(1);
    post("u"); /* fails at once */
    await(0, HY_NEWS_OUTCOMES, hook);
    rig_use(0);
    CHECK_TEXT(told_all(hook), "message.failed");
    CHECK_INT(heard(1, HY_NEWS_OUTCOMES, -1, NULL), 0);
    watch_no_more();
}

static void lost_news_is_told_of(void)
{
    struct hy_changes before;

    if (!rig.shared)
        return; /* PostgreSQL: tests/unit/store/pg_nodes_test.c ends connections */
    beat(0);
    watch(0);
    rig_use(1);
    before = changes();
    hy_mem_shared_mute(rig.shared, true);
    put_app("{\"a\":1}");
    CHECK(!hy_store_pump(rig.stores[0]));
    CHECK_INT(ears[0].count, 0);
    CHECK_TEXT(changed_since(&before), "apps");
    hy_mem_shared_mute(rig.shared, false);
    await(0, HY_NEWS_KINDS, 0);
}

void store_nodes_news_cases(void)
{
    CASE_NODES(what_others_keep_is_counted);
    CASE_NODES(what_one_changes_the_others_are_told);
    CASE_NODES(what_is_due_its_holder_is_told);
    CASE_NODES(a_grant_wakes_at_another_node);
    CASE_NODES(what_is_to_be_told_to_an_endpoint_its_holder_is_told);
    CASE_NODES(lost_news_is_told_of);
}

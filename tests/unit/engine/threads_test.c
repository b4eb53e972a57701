/*
 * Callers on four threads, the store on two of its own, and the engine on one that ticks, sends and
 * is answered: what the server does, without sockets. Made to be run with TSan.
 */
#include "tap.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CALLERS = 4, ROUNDS = 60, USERS = 8, REQUESTS_MAX = 64, DEADLINE_S = 120 };

#define APP "wx0000000000000001"

/* --- the platform: answers whatever was asked, from the engine's own loop --------------------- */

struct request {
    hy_httpc_done *done;
    void *arg;
    bool token;
};

static struct {
    struct hy_store *store;
    struct hy_seal *seal;
    struct hy_engine *engine;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    atomic_bool stop;
    struct request requests[REQUESTS_MAX]; /* the engine's thread only */
    size_t request_count;
    atomic_size_t sends;
    int64_t deadline_ms;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};

static void start_request(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                          void *arg)
{
    bool token = strstr(request->url, "token?") || strstr(request->url, "stable_token");

    if (all.request_count == REQUESTS_MAX)
        abort(); /* max_in_flight is less */
    all.requests[all.request_count++] = (struct request){done, arg, token};
}

static void wake(void *self)
{
    pthread_mutex_lock(&all.lock);
    all.awake = true;
    pthread_cond_signal(&all.woken);
    pthread_mutex_unlock(&all.lock);
}

static void answer_requests(void)
{
    static const char token[] = "{\"access_token\":\"T\",\"expires_in\":7200}";
    static const char sent[] = "{\"errcode\":0,\"errmsg\":\"ok\"}";

    while (all.request_count > 0) {
        struct request r = all.requests[--all.request_count];
        const char *body = r.token ? token : sent;
        struct hy_http_response response = {
            .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = strlen(body)};

        if (!r.token)
            atomic_fetch_add(&all.sends, 1);
        r.done(&response, r.arg);
    }
}

static void wait_until_woken(int64_t until_ms)
{
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

    pthread_mutex_lock(&all.lock);
    while (!all.awake && pthread_cond_timedwait(&all.woken, &all.lock, &until) == 0)
        continue;
    all.awake = false;
    pthread_mutex_unlock(&all.lock);
}

static void *run_engine(void *arg)
{
    while (!atomic_load(&all.stop) || !hy_engine_idle(all.engine)) {
        int64_t next_ms = hy_engine_tick(all.engine, hy_clock_now_ms());

        answer_requests();
        if (all.request_count == 0)
            wait_until_woken(next_ms); /* a wake that is lost holds all up until the deadline */
    }
    return NULL;
}

/* --- waiting for answers ---------------------------------------------------------------------- */

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool done;
};

#define ANSWER_INIT                                                                                \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false                                 \
    }

static void come(struct answer *a)
{
    pthread_mutex_lock(&a->lock);
    a->done = true;
    pthread_cond_signal(&a->came);
    pthread_mutex_unlock(&a->lock);
}

static void await(struct answer *a)
{
    pthread_mutex_lock(&a->lock);
    while (!a->done)
        pthread_cond_wait(&a->came, &a->lock);
    a->done = false;
    pthread_mutex_unlock(&a->lock);
}

static void report_done(struct hy_report *report, void *arg)
{
    come(arg);
}

static void submit_done(struct hy_submit *submit, void *arg)
{
    come(arg);
}

static void op_done(struct hy_op *op, void *arg)
{
    come(arg);
}

static void app_done(struct hy_app_change *change, void *arg)
{
    come(arg);
}

static void key_done(struct hy_key_change *change, void *arg)
{
    come(arg);
}

static void token_done(struct hy_token_query *query, void *arg)
{
    come(arg);
}

/* --- a caller --------------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    int number;
    struct answer answer;
    struct hy_arena arena;
    struct hy_violations faults;
    int64_t ids[ROUNDS];
    size_t errors;
};

static struct hy_violations *faults_of(struct caller *c)
{
    hy_arena_reset(&c->arena);
    hy_violations_init(&c->faults, &c->arena);
    return &c->faults;
}

static void user_of(const struct caller *c, int round, char into[32])
{
    snprintf(into, 32, "oThreadsThreadsThreads_%d_%d", c->number % 2, round % USERS);
}

static void tell_grant(struct caller *c, int round)
{
    struct hy_report report = {.done = report_done, .arg = &c->answer};
    char user[32], credential[32];
    HY_JSON_SCOPED json_t *body = NULL;

    user_of(c, round, user);
    snprintf(credential, sizeof credential, "form-%d-%d", c->number, round);
    body = json_pack("{s:s, s:s, s:s, s:s}", "app", APP, "user", user, "kind", "form_id",
                     "credential", credential);
    if (hy_engine_report(all.engine, body, faults_of(c), &report) != 0) {
        c->errors++;
        return;
    }
    await(&c->answer);
    c->errors += report.deposit.op.result != 0 || report.accepted != 1;
}

static void submit_message(struct caller *c, int round)
{
    struct hy_submit submit = {.done = submit_done, .arg = &c->answer};
    struct hy_submission s = {0};
    HY_JSON_SCOPED json_t *body = NULL;
    char user[32], send_at[HY_INSTANT_TEXT_BYTES], expires_at[HY_INSTANT_TEXT_BYTES];

    user_of(c, round, user);
    hy_instant_print(hy_clock_now_ms() + round % 7, send_at);
    hy_instant_print(hy_clock_now_ms() + 3600000 - round, expires_at);
    body = json_pack("{s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:s}", "app", APP, "user", user,
                     "template", "TemplateTemplateTemplateTemplateTemplate__t", "data", "keyword1",
                     "hello", "on_missing", "wait", "send_at", send_at, "expires_at", expires_at);
    hy_engine_prepare(all.engine, body, NULL, NULL, faults_of(c), &s);
    if (hy_violations_any(&c->faults)) {
        c->errors++;
        return;
    }
    submit.admit.items = &s.item;
    submit.admit.count = 1;
    submit.admit.arena = &c->arena;
    hy_engine_submit(all.engine, &submit);
    await(&c->answer);
    c->errors += submit.admit.op.result != 0 || s.item.admission != HY_ADMITTED;
    c->ids[round] = s.message.id;
}

/* What operators do meanwhile. */
static void meddle(struct caller *c, int round)
{
    struct hy_app_change change = {.done = app_done, .arg = &c->answer};
    struct hy_key_change key = {.done = key_done, .arg = &c->answer};
    HY_JSON_SCOPED json_t *body = json_pack("{s:i}", "max_in_flight", 8 + round % 8);

    if (hy_engine_app_change(all.engine, APP, body, faults_of(c), &change) == 0)
        await(&c->answer);
    hy_engine_key_create(all.engine, "k", HY_SCOPE_SEND, &key);
    await(&c->answer);
    c->errors += hy_engine_key_scopes(all.engine, key.secret, NULL) != HY_SCOPE_SEND;
    hy_engine_key_revoke(all.engine, key.put.key.id, &key);
    await(&c->answer);
    c->errors += hy_engine_key_scopes(all.engine, key.secret, NULL) != 0;
}

static void resumed(struct hy_app_pause *pause, void *arg)
{
    come(arg);
}

static void look(struct caller *c, int round)
{
    struct hy_token_query query = {.app_no = 1, .done = token_done, .arg = &c->answer};
    struct hy_readiness readiness;
    struct hy_app_status status;
    size_t count;
    const struct hy_app_entry **apps;

    hy_engine_app_status(all.engine, 1, &c->arena, &status);
    hy_engine_readiness(all.engine, &readiness);
    apps = hy_engine_app_list(all.engine, &c->arena, &count);
    c->errors += count != 1 || strcmp(apps[0]->app.id, APP) != 0;
    for (size_t i = 0; i < count; i++)
        hy_engine_app_release(apps[i]);
    query.refresh = round % 16 == 0;
    hy_engine_token(all.engine, &query);
    await(&c->answer);
    c->errors += query.result != 0 || strcmp(query.access_token, "T") != 0;
    if (round % 20 == 0) {
        struct hy_app_pause pause = {.done = resumed, .arg = &c->answer};

        c->errors += hy_engine_app_resume(all.engine, APP, &pause) != 0;
        await(&c->answer);
        c->errors += pause.result != 0;
    }
}

static void *call(void *arg)
{
    struct caller *c = arg;

    for (int round = 0; round < ROUNDS; round++) {
        if (round % 2)
            tell_grant(c, round);
        submit_message(c, round);
        if (round % 2 == 0)
            tell_grant(c, round);
        if (round % 5 == 0 && c->number == 0)
            meddle(c, round);
        if (round % 4 == 0)
            look(c, round);
    }
    return NULL;
}

/* --- the test --------------------------------------------------------------------------------- */

static struct caller callers[CALLERS];
static pthread_t engine_thread;

static void start(void)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "a key that only tests ever use.";
    struct hy_store_config store = {.location = "memory:"};
    struct hy_engine_config config = {.transport = {.start = start_request, .wake = wake},
                                      .now_ms = hy_clock_now_ms,
                                      .wechat_url = "https://wechat.test"};
    struct hy_app_change change = {.done = app_done, .arg = &callers[0].answer};
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", APP, "secret", "0123456789abcdef0123456789abcdef");

    hy_log_set_level(HY_LOG_NONE);
    CHECK_INT(hy_store_open(&store, &all.store, NULL, 0), 0);
    CHECK_INT(hy_seal_from_key(key, &all.seal), 0);
    config.store = all.store;
    config.seal = all.seal;
    CHECK_INT(hy_engine_new(&config, &all.engine), 0);
    all.deadline_ms = hy_clock_now_ms() + DEADLINE_S * 1000;
    for (int i = 0; i < CALLERS; i++) {
        callers[i].number = i;
        callers[i].answer = (struct answer)ANSWER_INIT;
        hy_arena_init(&callers[i].arena);
    }
    CHECK_INT(pthread_create(&engine_thread, NULL, run_engine, NULL), 0);
    CHECK_INT(hy_engine_app_change(all.engine, NULL, body, faults_of(&callers[0]), &change), 0);
    await(&callers[0].answer);
    CHECK_INT(change.put.op.result, 0);
}

static enum hy_message_state state_of(struct caller *c, int64_t id)
{
    struct hy_message_get get = {
        .op = {.verb = HY_VERB_MESSAGE_GET, .done = op_done, .arg = &c->answer},
        .message_id = id,
        .arena = &c->arena};

    hy_arena_reset(&c->arena);
    hy_engine_read(all.engine, &get.op);
    await(&c->answer);
    CHECK_INT(get.op.result, 0);
    CHECK(get.attempt_count <= 1);
    return get.message.state;
}

/* As many permissions as messages: in the end each message has found one. */
static void wait_until_all_are_sent(void)
{
    for (int i = 0; i < CALLERS; i++) {
        for (int round = 0; round < ROUNDS;) {
            if (state_of(&callers[i], callers[i].ids[round]) == HY_MESSAGE_SENT)
                round++;
            else
                CHECK(hy_clock_now_ms() < all.deadline_ms);
        }
    }
}

static void finish(void)
{
    struct hy_arena arena;
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &arena};

    hy_engine_quiesce(all.engine);
    atomic_store(&all.stop, true);
    wake(NULL);
    pthread_join(engine_thread, NULL);
    hy_arena_init(&arena);
    CHECK_INT(hy_store_run(all.store, &check.op), 0);
    hy_arena_deinit(&arena);
    hy_store_close(all.store); /* first: its threads may still be in a callback of the engine's */
    hy_engine_free(all.engine);
    hy_seal_close(all.seal);
    for (int i = 0; i < CALLERS; i++)
        hy_arena_deinit(&callers[i].arena);
}

static void callers_and_the_engine_do_not_disturb_each_other(void)
{
    start();
    for (int i = 0; i < CALLERS; i++)
        CHECK_INT(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < CALLERS; i++)
        CHECK_INT(callers[i].errors, 0);
    wait_until_all_are_sent();
    CHECK_INT(atomic_load(&all.sends), CALLERS * ROUNDS);
    finish();
}

int main(void)
{
    RUN(callers_and_the_engine_do_not_disturb_each_other);
    return hy_tap_end();
}

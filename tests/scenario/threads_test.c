/*
 * threads_test.c - the engine with the threads that it has in a server: its own, the store's two,
 * and callers. Meant for ThreadSanitizer; it also starts and stops often, because that is where one
 * thread may still be about to touch what another one frees.
 */
#include "tap.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CALLERS = 3, ROUNDS = 40, PENDING_MAX = 256, STARTS = 200 };

static const char user[] = "oScenarioScenarioScenario_u1";
static const char template_id[] = "TemplateTemplateTemplateTemplateTemplate__t";

/* --- a platform that answers everything well -------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    struct {
        hy_httpc_done *done;
        void *arg;
        bool token;
    } pending[PENDING_MAX]; /* the engine's thread only */
    size_t count;
} wire = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};

static void start_request(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                          void *arg)
{
    (void)self;
    if (wire.count == PENDING_MAX)
        abort();
    wire.pending[wire.count].done = done;
    wire.pending[wire.count].arg = arg;
    wire.pending[wire.count++].token =
        strstr(request->url, "token?") != NULL || strstr(request->url, "stable_token") != NULL;
}

static void wake(void *self)
{
    (void)self;
    pthread_mutex_lock(&wire.lock);
    wire.awake = true;
    pthread_cond_signal(&wire.woken);
    pthread_mutex_unlock(&wire.lock);
}

static void answer_all(void)
{
    static const char token[] = "{\"access_token\":\"T\",\"expires_in\":7200}";
    static const char sent[] = "{\"errcode\":0}";

    while (wire.count > 0) {
        size_t last = --wire.count;
        const char *body = wire.pending[last].token ? token : sent;
        struct hy_http_response response = {
            .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = strlen(body)};

        wire.pending[last].done(&response, wire.pending[last].arg);
    }
}

static void poll_wire(int64_t wait_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (wait_ms > 20 ? 20 : wait_ms) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&wire.lock);
    while (!wire.awake && wait_ms > 0)
        if (pthread_cond_timedwait(&wire.woken, &wire.lock, &until) != 0)
            break;
    wire.awake = false;
    pthread_mutex_unlock(&wire.lock);
    answer_all();
}

/* --- the server ------------------------------------------------------------------------------- */

static struct hy_store *store;
static struct hy_seal *seal;
static struct hy_engine *engine;

static void start_server(void)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "a key that only tests ever use.";
    struct hy_store_config at = {.location = "memory:"};
    struct hy_engine_config config = {.transport = {.start = start_request, .wake = wake},
                                      .now_ms = hy_clock_now_ms,
                                      .wechat_url = "https://wechat.test"};

    CHECK_INT(hy_store_open(&at, &store, NULL, 0), 0);
    CHECK_INT(hy_seal_from_key(key, &seal), 0);
    config.store = store;
    config.seal = seal;
    CHECK_INT(hy_engine_new(&config, &engine), 0);
}

static void turn(void)
{
    int64_t next_ms = hy_engine_tick(engine, hy_clock_now_ms());

    poll_wire(next_ms - hy_clock_now_ms());
}

static void stop_server(void)
{
    int64_t end_us = hy_clock_mono_us() + 20000000;

    hy_engine_quiesce(engine);
    /* Without waiting to be woken: so the engine's thread often takes mail before the store's has
     * come to the wake. */
    while (!hy_engine_idle(engine) && hy_clock_mono_us() < end_us) {
        hy_engine_tick(engine, hy_clock_now_ms());
        answer_all();
    }
    CHECK(hy_engine_idle(engine));
    hy_store_close(store);
    hy_engine_free(engine);
    hy_seal_close(seal);
}

/* --- callers ---------------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    struct hy_arena arena;
    char app[32];
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool done;
    int faults;
};

static atomic_int callers_left;

static void wake_caller(struct caller *c)
{
    pthread_mutex_lock(&c->lock);
    c->done = true;
    pthread_cond_signal(&c->ended);
    pthread_mutex_unlock(&c->lock);
}

static void wait_done(struct caller *c, int err, const int *result)
{
    pthread_mutex_lock(&c->lock);
    while (!err && !c->done)
        pthread_cond_wait(&c->ended, &c->lock);
    c->done = false;
    pthread_mutex_unlock(&c->lock);
    c->faults += err || *result;
}

static void change_done(struct hy_app_change *change, void *arg)
{
    (void)change;
    wake_caller(arg);
}

static void put_app(struct caller *c, const char *id)
{
    struct hy_app_change change = {.done = change_done, .arg = c};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s}", "id", c->app, "secret", "0123456789abcdef0123456789abcdef");

    hy_violations_init(&v, &c->arena);
    wait_done(c, hy_engine_app_change(engine, id, body, &v, &change), &change.put.op.result);
}

static void removal_done(struct hy_app_removal *removal, void *arg)
{
    (void)removal;
    wake_caller(arg);
}

static void remove_app(struct caller *c)
{
    struct hy_app_removal removal = {.done = removal_done, .arg = c};

    wait_done(c, hy_engine_app_remove(engine, c->app, &removal), &removal.removal.op.result);
}

static void query_done(struct hy_token_query *query, void *arg)
{
    (void)query;
    wake_caller(arg);
}

static void ask_token(struct caller *c, int64_t app_no, bool refresh)
{
    struct hy_token_query query = {
        .app_no = app_no, .refresh = refresh, .done = query_done, .arg = c};

    hy_engine_token(engine, &query);
    wait_done(c, 0, &query.result);
}

static void report_done(struct hy_report *report, void *arg)
{
    (void)report;
    wake_caller(arg);
}

static void grant(struct caller *c, int round)
{
    struct hy_report report = {.done = report_done, .arg = c};
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body =
        json_pack("{s:s, s:s, s:s, s:o}", "app", c->app, "user", user, "kind", "form_id",
                  "credential", json_sprintf("form%s%d", c->app + 10, round));

    hy_violations_init(&v, &c->arena);
    wait_done(c, hy_engine_report(engine, body, &v, &report), &report.deposit.op.result);
}

static void submit_done(struct hy_submit *submit, void *arg)
{
    (void)submit;
    wake_caller(arg);
}

static void send_one(struct caller *c)
{
    struct hy_submit submit = {.done = submit_done, .arg = c};
    struct hy_submission s;
    struct hy_violations v;
    HY_JSON_SCOPED json_t *body = json_pack("{s:s, s:s, s:s, s:{s:s}}", "app", c->app, "user", user,
                                            "template", template_id, "data", "keyword1", "hello");

    hy_violations_init(&v, &c->arena);
    hy_engine_prepare(engine, body, NULL, NULL, &v, &s);
    submit.admit.items = &s.item;
    submit.admit.count = 1;
    submit.admit.arena = &c->arena;
    if (hy_violations_any(&v))
        c->faults++;
    else
        hy_engine_submit(engine, &submit);
    wait_done(c, hy_violations_any(&v), &submit.admit.op.result);
}

static void resumed(struct hy_app_pause *pause, void *arg)
{
    (void)pause;
    wake_caller(arg);
}

static void resume(struct caller *c)
{
    struct hy_app_pause pause = {.done = resumed, .arg = c};

    wait_done(c, hy_engine_app_resume(engine, c->app, &pause), &pause.result);
}

static void look_around(struct caller *c)
{
    struct hy_app_status status;
    struct hy_readiness readiness;
    size_t count = 0;
    const struct hy_app_entry **all = hy_engine_app_list(engine, &c->arena, &count);

    for (size_t i = 0; i < count; i++) {
        hy_engine_app_status(engine, all[i]->app.no, &c->arena, &status);
        hy_engine_app_release(all[i]);
    }
    hy_engine_readiness(engine, &readiness);
    resume(c);
}

static void *call(void *arg)
{
    struct caller *c = arg;
    const struct hy_app_entry *entry;
    int64_t app_no;

    put_app(c, NULL);
    entry = hy_engine_app(engine, c->app);
    app_no = entry ? entry->app.no : 0;
    hy_engine_app_release(entry);
    for (int i = 0; i < ROUNDS; i++) {
        grant(c, i);
        send_one(c);
        look_around(c);
        if (i % 8 == 3)
            put_app(c, c->app);
        if (i % 4 == 1)
            ask_token(c, app_no, i % 8 == 1);
        hy_arena_reset(&c->arena);
    }
    send_one(c);
    remove_app(c);
    atomic_fetch_sub(&callers_left, 1);
    wake(NULL);
    return NULL;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void callers_do_everything_at_once(void)
{
    static struct caller callers[CALLERS];

    start_server();
    atomic_store(&callers_left, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        struct caller *c = &callers[i];

        *c = (struct caller){.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
        hy_arena_init(&c->arena);
        snprintf(c->app, sizeof c->app, "wx000000000000000%d", i);
        CHECK_INT(pthread_create(&c->thread, NULL, call, c), 0);
    }
    while (atomic_load(&callers_left) > 0)
        turn();
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        hy_arena_deinit(&callers[i].arena);
        CHECK_INT(callers[i].faults, 0);
    }
    stop_server();
}

/* Each stop meets the store's threads wherever they are. */
static void stopping_waits_for_the_threads_of_the_store(void)
{
    for (int i = 0; i < STARTS; i++) {
        start_server();
        hy_engine_tick(engine, hy_clock_now_ms()); /* starts to read the schedules */
        stop_server();
    }
}

int main(void)
{
    hy_log_set_level(HY_LOG_NONE);
    RUN(callers_do_everything_at_once);
    RUN(stopping_waits_for_the_threads_of_the_store);
    return hy_tap_end();
}

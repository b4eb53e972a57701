#include "rig.h"

#include "base/log.h"
#include "tap.h"

#include <stdlib.h>

struct rig rig;
int64_t rig_keep_s[HY_RETAIN_KINDS];
int64_t rig_now_ms;
bool rig_private_webhooks;
const struct hy_backend_ops *rig_backend;

static int64_t now_ms(void)
{
    return rig_now_ms;
}

static void refuse(struct rig_pending request)
{
    static const struct hy_http_response refused = {
        .outcome = HY_HTTP_NOT_SENT, .body = "", .error = "there is no network here"};

    request.done(&refused, request.arg);
}

static void take_request(void *self, const struct hy_http_request *request, hy_httpc_done *done,
                         void *arg)
{
    struct rig_pending taken = {done, arg};

    if (rig.intercept && rig.intercept(request, done, arg))
        return;
    rig.requests++;
    if (rig.refuse_at_once) {
        refuse(taken);
        return;
    }
    CHECK(rig.pending_count < RIG_PENDING_MAX);
    rig.pending[rig.pending_count++] = taken;
}

/* True when there was any. */
static bool refuse_requests(void)
{
    bool any = rig.pending_count > 0;

    while (rig.pending_count > 0)
        refuse(rig.pending[--rig.pending_count]);
    return any;
}

static void wake(void *self)
{
    rig.wakes++;
}

static void start_engine(void)
{
    struct hy_engine_config config = {.store = rig.store,
                                      .seal = rig.seal,
                                      .transport = {.start = take_request, .wake = wake},
                                      .now_ms = now_ms,
                                      .allow_private_webhooks = rig_private_webhooks};

    memcpy(config.keep_s, rig_keep_s, sizeof config.keep_s);
    CHECK_INT(hy_engine_new(&config, &rig.engine), 0);
    rig_run();
}

void rig_open(const char *location)
{
    static const uint8_t key[HY_MASTER_KEY_BYTES] = "a key that only tests ever use.";
    struct hy_store_config config = {.location = location, .inline_mode = true};

    hy_log_set_level(HY_LOG_NONE);
    rig_now_ms = 1772323200000;
    memset(&rig, 0, sizeof rig);
    hy_arena_init(&rig.arena);
    rig_faults();
    CHECK_INT(rig_backend ? hy_store_open_backend(rig_backend, "", true, &rig.store, NULL, 0)
                          : hy_store_open(&config, &rig.store, NULL, 0),
              0);
    CHECK_INT(hy_seal_from_key(key, &rig.seal), 0);
    start_engine();
}

static void stop_engine(void)
{
    hy_engine_quiesce(rig.engine);
    rig_run();
    CHECK(hy_engine_idle(rig.engine));
    hy_engine_free(rig.engine);
}

void rig_close(void)
{
    stop_engine();
    hy_store_close(rig.store);
    hy_seal_close(rig.seal);
    hy_arena_deinit(&rig.arena);
}

void rig_restart(void)
{
    stop_engine();
    start_engine();
}

/* A failed token call waits for its retry, so this ends. */
void rig_run(void)
{
    do {
        hy_engine_tick(rig.engine, rig_now_ms);
    } while (hy_store_pump(rig.store) || refuse_requests());
    hy_engine_tick(rig.engine, rig_now_ms);
}

json_t *rig_json(const char *format, ...)
{
    char text[8192], reason[160];
    va_list args;
    json_t *value;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    value = hy_json_parse(text, strlen(text), reason, sizeof reason);
    if (!value)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", text, reason);
    return value;
}

struct hy_violations *rig_faults(void)
{
    hy_arena_reset(&rig.arena);
    hy_violations_init(&rig.faults, &rig.arena);
    return &rig.faults;
}

void rig_expect(const char *what, const char *field, const char *rule)
{
    const struct hy_violation *v = rig.faults.items;

    if (rig.faults.count + rig.faults.unkept != 1)
        hy_tap_fail(__FILE__, __LINE__, "%s: %zu faults, the first in %s", what, rig.faults.count,
                    rig.faults.count ? v->field : "-");
    if (strcmp(v->field, field) != 0 || strcmp(v->rule, rule) != 0)
        hy_tap_fail(__FILE__, __LINE__, "%s: %s %s, expected %s %s", what, v->field, v->rule, field,
                    rule);
    if (!strchr(".?)", v->message[strlen(v->message) - 1]))
        hy_tap_fail(__FILE__, __LINE__, "%s: \"%s\" is no sentence", what, v->message);
}

/* --- apps ------------------------------------------------------------------------------------- */

static void app_changed(struct hy_app_change *change, void *arg)
{
    *(int *)arg = change->put.op.result;
}

static int change_app(const char *id, json_t *body)
{
    struct hy_app_change change = {.done = app_changed};
    int result = 1, err;

    change.arg = &result;
    err = hy_engine_app_change(rig.engine, id, body, rig_faults(), &change);
    json_decref(body);
    if (err)
        return err;
    rig_run();
    return result;
}

int rig_add_app(const char *settings)
{
    return change_app(NULL, rig_json("{'id':'" RIG_APP "','secret':'" RIG_SECRET "'%s%s}",
                                     *settings ? "," : "", settings));
}

int rig_change_app(const char *id, const char *body)
{
    return change_app(id, rig_json("%s", body));
}

static void app_removed(struct hy_app_removal *removal, void *arg)
{
    *(int *)arg = removal->removal.op.result;
}

int rig_remove_app(const char *id)
{
    struct hy_app_removal removal = {.done = app_removed};
    int result = 1, err;

    removal.arg = &result;
    err = hy_engine_app_remove(rig.engine, id, &removal);
    if (err)
        return err;
    rig_run();
    return result;
}

/* --- the store -------------------------------------------------------------------------------- */

static void count(size_t *ret_messages, int64_t *ret_uses)
{
    struct hy_arena arena;
    struct hy_counts counts = {.op.verb = HY_VERB_COUNTS, .arena = &arena};

    hy_arena_init(&arena);
    CHECK_INT(hy_store_run(rig.store, &counts.op), 0);
    *ret_messages = 0;
    for (size_t i = 0; i < counts.count; i++)
        *ret_messages += (size_t)counts.counts[i].messages;
    *ret_uses = counts.grants_available;
    hy_arena_deinit(&arena);
}

size_t rig_stored_messages(void)
{
    size_t messages;
    int64_t uses;

    count(&messages, &uses);
    return messages;
}

int64_t rig_stored_uses(void)
{
    size_t messages;
    int64_t uses;

    count(&messages, &uses);
    return uses;
}

#include "world.h"

#include "base/clock.h"
#include "net/httpc.h"
#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct answer answer;
int world_push_timeout_ms, world_push_retry_ms;

static struct hy_sim *sim;
static struct hy_httpc *client;

enum { URL_BYTES = 4096, BODY_BYTES = 65536, CALL_MAX_MS = 30000 };

void world_start(void)
{
    const struct hy_sim_config config = {.listen = "127.0.0.1:0",
                                         .seed = 1,
                                         .push_timeout_ms = world_push_timeout_ms,
                                         .push_retry_ms = world_push_retry_ms};

    if (sim)
        world_stop(); /* left behind by a test that failed */
    if (hy_sim_start(&config, &sim) != 0)
        hy_tap_fail(__FILE__, __LINE__, "the simulator does not start");
    if (!client &&
        hy_httpc_new(&(struct hy_httpc_config){.total_timeout_ms = CALL_MAX_MS}, &client) != 0)
        hy_tap_fail(__FILE__, __LINE__, "no HTTP client");
}

void world_stop_server(void)
{
    hy_sim_stop(sim);
    sim = NULL;
}

void world_stop(void)
{
    hy_httpc_free(client);
    client = NULL;
    world_stop_server();
    json_decref(answer.json);
    answer.json = NULL;
}

const char *world_address(void)
{
    return hy_sim_address(sim);
}

/* --- calling ---------------------------------------------------------------------------------- */

static void keep_answer(const struct hy_http_response *response, void *arg)
{
    bool *done = arg;

    json_decref(answer.json);
    answer.outcome = response->outcome;
    answer.status = response->status;
    answer.took_ms = response->took_ms;
    snprintf(answer.text, sizeof answer.text, "%s", response->body);
    answer.json = json_loadb(response->body, response->body_size, 0, NULL);
    *done = true;
}

static json_t *call(const char *method, const char *path, const char *body)
{
    char url[URL_BYTES + 64];
    struct hy_http_request request = {.method = method, .url = url, .body = body};
    bool done = false;

    snprintf(url, sizeof url, "http://%s%s", world_address(), path);
    request.body_size = body ? strlen(body) : 0;
    hy_httpc_start(client, &request, keep_answer, &done);
    while (!done)
        hy_httpc_poll(client, 1000);
    return answer.json;
}

#define FORMAT(into, format)                                                                       \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        vsnprintf(into, sizeof into, format, args);                                                \
        va_end(args);                                                                              \
    } while (0)

static void quote(char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            *text = '"';
    }
}

json_t *get(const char *path, ...)
{
    char whole[URL_BYTES];

    FORMAT(whole, path);
    return call("GET", whole, NULL);
}

json_t *del(const char *path, ...)
{
    char whole[URL_BYTES];

    FORMAT(whole, path);
    return call("DELETE", whole, NULL);
}

json_t *post(const char *path, const char *body, ...)
{
    static char whole[BODY_BYTES];

    FORMAT(whole, body);
    quote(whole);
    return call("POST", path, whole);
}

/* --- many at once ----------------------------------------------------------------------------- */

struct many {
    int started, done, fitting, errcode;
};

static void count_answer(const struct hy_http_response *response, void *arg)
{
    struct many *many = arg;
    json_t *json = json_loadb(response->body, response->body_size, 0, NULL);
    int64_t code = response->outcome == HY_HTTP_ANSWERED ? code_of(json) : -9;

    many->done++;
    many->fitting += code == many->errcode;
    json_decref(json);
}

static int call_many(int count, int at_once, int errcode, const char *path, const char *body)
{
    char url[URL_BYTES + 64];
    struct hy_http_request request = {.method = body ? "POST" : "GET",
                                      .url = url,
                                      .body = body,
                                      .body_size = body ? strlen(body) : 0};
    struct many many = {.errcode = errcode};

    snprintf(url, sizeof url, "http://%s%s", world_address(), path);
    while (many.done < count) {
        while (many.started < count && many.started - many.done < at_once) {
            many.started++;
            hy_httpc_start(client, &request, count_answer, &many);
        }
        hy_httpc_poll(client, 1000);
    }
    return many.fitting;
}

int post_many(int count, int at_once, int errcode, const char *path, const char *body, ...)
{
    char whole[URL_BYTES];

    FORMAT(whole, body);
    quote(whole);
    return call_many(count, at_once, errcode, path, whole);
}

int get_many(int count, int at_once, int errcode, const char *path, ...)
{
    char whole[URL_BYTES];

    FORMAT(whole, path);
    return call_many(count, at_once, errcode, whole, NULL);
}

/* --- without waiting -------------------------------------------------------------------------- */

static int begun, answered;

static void count_begun(const struct hy_http_response *response, void *arg)
{
    begun--;
    answered += response->outcome == HY_HTTP_ANSWERED;
}

void begin_post(const char *path, const char *body, ...)
{
    char url[URL_BYTES + 64], whole[URL_BYTES];
    struct hy_http_request request = {.method = "POST", .url = url, .body = whole};

    FORMAT(whole, body);
    quote(whole);
    request.body_size = strlen(whole);
    snprintf(url, sizeof url, "http://%s%s", world_address(), path);
    begun++;
    hy_httpc_start(client, &request, count_begun, NULL);
}

int wait_all(void)
{
    int count;

    while (begun)
        hy_httpc_poll(client, 1000);
    count = answered;
    answered = 0;
    return count;
}

bool wait_for_stat(const char *name, int64_t value)
{
    int64_t give_up_us = hy_clock_mono_us() + INT64_C(10000000);

    while (int_of(get("/sim/stats"), name) != value) {
        if (hy_clock_mono_us() > give_up_us)
            return false;
    }
    return true;
}

/* --- reading and common steps ----------------------------------------------------------------- */

int64_t code_of(const json_t *json)
{
    return json_integer_value(json_object_get(json, "errcode"));
}

const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text ? text : "";
}

int64_t int_of(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    return json_is_integer(value) ? json_integer_value(value) : -999;
}

static const char *member(char *into, size_t size, const char *name)
{
    snprintf(into, size, "%s", text_of(answer.json, name));
    if (!*into)
        hy_tap_fail(__FILE__, __LINE__, "no %s in %s", name, answer.text);
    return into;
}

const char *new_token(void)
{
    static char token[512];

    post("/cgi-bin/stable_token",
         "{'grant_type':'client_credential','appid':'" APPID "','secret':'" SECRET "'}");
    return member(token, sizeof token, "access_token");
}

const char *new_user(void)
{
    static char openids[4][64];
    static unsigned next;
    char *openid = openids[next++ % 4];

    post("/sim/users", "{'appid':'" APPID "'}");
    return member(openid, sizeof openids[0], "openid");
}

const char *new_form(const char *openid)
{
    static char form[64];

    post("/sim/forms", "{'appid':'" APPID "','openid':'%s'}", openid);
    return member(form, sizeof form, "form_id");
}

const char *new_payment(const char *openid)
{
    static char payment[64];

    post("/sim/payments", "{'appid':'" APPID "','openid':'%s'}", openid);
    return member(payment, sizeof payment, "prepay_id");
}

const char *legacy_template(void)
{
    static char id[64];

    post("/sim/templates", "{'appid':'" APPID "','title':'购买成功通知','type':'legacy',"
                           "'keywords':[{'key':'keyword1','label':'物品'},"
                           "{'key':'keyword2','label':'价格'}]}");
    return member(id, sizeof id, "template_id");
}

void advance(int64_t seconds)
{
    post("/sim/clock", "{'advance_s':%lld}", (long long)seconds);
    if (answer.status != 200)
        hy_tap_fail(__FILE__, __LINE__, "the clock does not move: %s", answer.text);
}

void next_day(void)
{
    static const int64_t day_s = 86400, shanghai_s = INT64_C(8) * 3600;
    int64_t now_s = int_of(get("/sim/clock"), "now_s") + shanghai_s;

    advance(day_s - now_s % day_s + 60);
}

#include "client.h"

#include "api/api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world client_world;

static struct hy_api *api;
static struct hy_httpd_request last;
static bool have_last;
static size_t piece_bytes;
static json_t *answer;
static void (*before_call)(void), (*after_call)(void);
static const char *key, *header_name, *header_value, *platform, *proxy;

static struct {
    const char *part, *body;
} places[8];

static const char admin_key[] = "an-admin-key-for-tests";

const char *client_admin_key(void)
{
    return admin_key;
}

static void forget(void)
{
    if (have_last)
        fake_httpd_done(&last);
    have_last = false;
    json_decref(answer);
    answer = NULL;
}

static void open_api(void);

void client_start(void)
{
    world_start(&client_world);
    open_api();
}

void client_start_on(const struct hy_backend_ops *ops, const char *path)
{
    world_start_on(&client_world, ops, path, NULL);
    open_api();
}

void client_around(void (*before)(void), void (*after)(void))
{
    before_call = before;
    after_call = after;
}

static void open_api(void)
{
    struct hy_api_config config = {0};
    int err;

    err = hy_engine_key_adopt(client_world.engine, "first", admin_key);
    assert(!err);
    config.engine = client_world.engine;
    config.trusted_proxies = &proxy;
    config.trusted_proxy_count = proxy != NULL;
    err = hy_api_new(&config, &api);
    assert(!err);
    (void)err;
    key = admin_key;
    platform = "{\"errcode\":0,\"errmsg\":\"ok\"}";
    memset(places, 0, sizeof places);
}

void client_trust_proxy(const char *address)
{
    proxy = address;
}

void client_stop(void)
{
    forget();
    hy_api_free(api);
    api = NULL;
    world_stop(&client_world);
}

void client_add_app(void)
{
    client_call("POST", "/v1/apps", "{\"id\":\"" CLIENT_APP "\",\"secret\":\"" CLIENT_SECRET "\"}");
    assert(last.status == 201);
}

void client_use_key(const char *text)
{
    key = text;
}

void client_pieces(size_t bytes)
{
    piece_bytes = bytes;
}

void client_header(const char *name, const char *value)
{
    header_name = name;
    header_value = value;
}

void client_platform(const char *body)
{
    platform = body;
}

void client_platform_at(const char *part, const char *body)
{
    size_t i = 0;

    while (places[i].part && strcmp(places[i].part, part) != 0) {
        i++;
        assert(i < sizeof places / sizeof places[0]);
    }
    places[i].part = part;
    places[i].body = body;
}

/* --- the network ------------------------------------------------------------------------------ */

static const char *body_at(const char *url)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].body && strstr(url, places[i].part))
            return places[i].body;
    }
    return platform;
}

/* Answers one request; false when none is to be answered. */
static bool answer_one(void)
{
    for (size_t i = 0; i < client_world.request_count; i++) {
        bool token = strstr(client_world.requests[i].url, "/token") ||
                     strstr(client_world.requests[i].url, "/stable_token");
        const char *body = token ? "{\"access_token\":\"TOKEN\",\"expires_in\":7200}"
                                 : body_at(client_world.requests[i].url);

        if (!body)
            continue;
        world_answer(&client_world, i, HY_HTTP_ANSWERED, 200, body);
        return true;
    }
    return false;
}

/* As far as it gets without further help. */
static void run(struct hy_httpd_request *req)
{
    int turns = 0;
    bool moved = true;

    while (moved) {
        world_settle(&client_world);
        moved = fake_httpd_turn(req);
        moved = answer_one() || moved;
        assert(++turns < 10000);
        (void)turns;
    }
}

/* --- one call --------------------------------------------------------------------------------- */

static int hex(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static char *decoded(struct hy_arena *arena, const char *text, size_t size)
{
    char *copy = hy_arena_memdup(arena, text, size), *to = copy;

    for (const char *at = copy; *at; at++) {
        if (*at == '%' && at[1] && at[2]) {
            *to++ = (char)(hex(at[1]) << 4 | hex(at[2]));
            at += 2;
        } else {
            *to++ = (char)(*at == '+' ? ' ' : *at);
        }
    }
    *to = 0;
    return copy;
}

static void split_target(struct hy_httpd_request *req, const char *target)
{
    size_t path = strcspn(target, "?"), count = 0;

    req->path = hy_arena_memdup(&req->arena, target, path);
    for (const char *at = target + path; *at; at += strcspn(at, "&")) {
        size_t name, pair;

        at++;
        pair = strcspn(at, "&");
        name = strcspn(at, "=&");
        assert(count < FAKE_HEADERS_MAX - 1);
        req->query[count][0] = decoded(&req->arena, at, name);
        req->query[count++][1] =
            name < pair ? decoded(&req->arena, at + name + 1, pair - name - 1) : "";
    }
}

static void put_headers(struct hy_httpd_request *req)
{
    size_t count = 0;

    if (key) {
        req->headers[count][0] = "Authorization";
        req->headers[count++][1] = hy_arena_printf(&req->arena, "Bearer %s", key);
    }
    if (header_name) {
        req->headers[count][0] = header_name;
        req->headers[count++][1] = header_value;
    }
    header_name = NULL;
}

static void begin(const char *method, const char *target, const char *body, size_t size, bool gone)
{
    forget();
    memset(&last, 0, sizeof last);
    have_last = true;
    last.method = method;
    last.body = body;
    last.body_size = size;
    split_target(&last, target);
    put_headers(&last);
    last.piece_bytes = piece_bytes;
    if (before_call)
        before_call();
    hy_api_head(&last, api);
    if (!last.then && !last.status)
        hy_api_handle(&last, api);
    last.gone = gone;
    run(&last);
    if (after_call)
        after_call();
    for (int i = 0; i < 100 && !last.status && after_call; i++) { /* what is tried again later */
        world_advance(&client_world, 100);
        run(&last);
    }
}

static void finish(void)
{
    assert(last.status == -1 || (last.status && last.replies == (last.status > 0)));
    answer = !last.answer ? NULL
                          : json_loadb(last.answer, last.answer_size, JSON_REJECT_DUPLICATES, NULL);
}

static void call(const char *method, const char *target, const char *body, size_t size, bool gone)
{
    begin(method, target, body, size, gone);
    finish();
}

void client_call_begin(const char *method, const char *target, const char *body)
{
    begin(method, target, body, body ? strlen(body) : 0, false);
}

void client_call_turn(void)
{
    run(&last);
}

void client_call_finish(void)
{
    finish();
}

void client_call_bytes(const char *method, const char *target, const char *body, size_t size)
{
    call(method, target, body, size, false);
}

void client_call(const char *method, const char *target, const char *body)
{
    call(method, target, body, body ? strlen(body) : 0, false);
}

void client_call_gone(const char *method, const char *target, const char *body)
{
    call(method, target, body, body ? strlen(body) : 0, true);
}

/* --- the last answer -------------------------------------------------------------------------- */

int client_status(void)
{
    return last.status;
}

const char *client_text(void)
{
    return last.answer;
}

const char *client_type(void)
{
    return last.content_type;
}

const char *client_answer_header(const char *name)
{
    return fake_httpd_answer_header(&last, name);
}

static const char *as_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: return json_string_value(value);
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    case JSON_INTEGER:
        return hy_arena_printf(&last.arena, "%lld", (long long)json_integer_value(value));
    case JSON_OBJECT: return hy_arena_printf(&last.arena, "%zu", json_object_size(value));
    case JSON_ARRAY: return hy_arena_printf(&last.arena, "%zu", json_array_size(value));
    case JSON_REAL: break;
    }
    return "a real number";
}

const char *client_at(const char *path)
{
    const json_t *value = answer;
    char *copy = hy_arena_strdup(&last.arena, path), *rest = copy;

    for (char *step = strsep(&rest, "."); step && value; step = strsep(&rest, "."))
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(step))
                                     : json_object_get(value, step);
    return value ? as_text(value) : NULL;
}

const char *client_error(const char *field)
{
    const json_t *errors = json_object_get(answer, "errors");

    for (size_t i = 0; i < json_array_size(errors); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(errors, i), "field"));

        if (name && strcmp(name, field) == 0)
            return hy_arena_printf(&last.arena, "errors.%zu", i);
    }
    return NULL;
}

/*
 * Memory that runs out in a request: for each call of the API and each of its allocations, once alone
 * and once with all later ones. The answer is 503, or what it would have been; a refused call has done
 * nothing; the next one works. The leak check of the address sanitizer looks at all of it at the end.
 */
#include "client.h"
#include "short_memory.h"
#include "tap.h"

#include "store/backend.h"

#include <stdlib.h>
#include <unistd.h>

enum { CALLS_MAX = 3000 };

#define WHO      "\"app\":\"" CLIENT_APP "\",\"user\":\"" CLIENT_USER "\""
#define TEMPLATE "\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{\"keyword1\":\"hello\"}"
#define OF_USER  "app=" CLIENT_APP "&user=" CLIENT_USER

/* `%d` in target and body is another number each time. `look`: an answer that must be the same before
 * and after a call that was refused; of a GET: its own, when it is not refused ("" = it counts calls).
 */
static const struct one {
    const char *name, *method, *target, *body;
    int status;
    const char *look;
} all[] = {
    {"ready", "GET", "/readyz", NULL, 200, NULL},
    {"show an app", "GET", "/v1/apps/" CLIENT_APP, NULL, 200, NULL},
    {"add an app", "POST", "/v1/apps", "{\"id\":\"wx%016d\",\"secret\":\"" CLIENT_SECRET "\"}", 201,
     "/v1/apps"},
    {"change an app", "PATCH", "/v1/apps/" CLIENT_APP, "{\"max_in_flight\":%d}", 200,
     "/v1/apps/" CLIENT_APP},
    {"deposit", "POST", "/v1/grants",
     "[{" WHO ",\"kind\":\"form_id\",\"credential\":\"0123456789abcdef0123456789a%05d\"}]", 201,
     "/v1/grants?" OF_USER},
    {"report an accept", "POST", "/v1/grants",
     "{" WHO ",\"kind\":\"once\",\"template\":\"" CLIENT_TEMPLATE "\",\"report_id\":\"r%d\"}", 201,
     "/v1/grants?" OF_USER},
    {"list grants", "GET", "/v1/grants?" OF_USER, NULL, 200, NULL},
    {"a message", "POST", "/v1/messages",
     "{" WHO "," TEMPLATE ",\"on_missing\":\"wait\",\"tag\":\"t%d\"}", 202, "/v1/messages?limit=3"},
    {"a message with a key", "POST", "/v1/messages",
     "{" WHO "," TEMPLATE ",\"on_missing\":\"wait\",\"key\":\"k%d\"}", 202, "/v1/messages?limit=3"},
    {"messages", "POST", "/v1/messages",
     "[{" WHO "," TEMPLATE ",\"on_missing\":\"wait\",\"tag\":\"t%d\"},"
     "{" WHO "," TEMPLATE ",\"on_missing\":\"wait\"}]",
     202, "/v1/messages?limit=3"},
    {"list messages", "GET", "/v1/messages?app=" CLIENT_APP "&state=waiting", NULL, 200, NULL},
    {"numbers", "GET", "/v1/stats", NULL, 200, ""},
    {"nodes", "GET", "/v1/nodes", NULL, 200, ""},
    {"metrics", "GET", "/metrics", NULL, 200, ""},
    {"add a schedule", "POST", "/v1/schedules",
     "{\"app\":\"" CLIENT_APP
     "\",\"name\":\"s%d\",\"cron\":\"0 8 * * *\",\"message\":{\"user\":\"" CLIENT_USER
     "\"," TEMPLATE "}}",
     201, "/v1/schedules"},
    {"list schedules", "GET", "/v1/schedules", NULL, 200, NULL},
    {"add a key", "POST", "/v1/keys", "{\"name\":\"n%d\",\"scopes\":[\"read\"]}", 201, "/v1/keys"},
    {"list keys", "GET", "/v1/keys", NULL, 200, NULL},
    {"a timeline", "GET", "/v1/users/" CLIENT_APP "/" CLIENT_USER "/timeline", NULL, 200, NULL},
    {"the token", "GET", "/v1/apps/" CLIENT_APP "/token", NULL, 200, NULL},
    {"templates", "GET", "/v1/templates?app=" CLIENT_APP, NULL, 200, NULL},
};

static const struct one *one;
static bool for_ever;
static int number = 1;
static size_t nth;

static void before(void)
{
    short_memory_begin(nth, for_ever);
}

static void after(void)
{
    short_memory_end();
}

static void numbered(char *into, size_t size, const char *text)
{
    const char *mark = strstr(text, "%");
    int digits = 1;

    if (!mark) {
        snprintf(into, size, "%s", text);
        return;
    }
    if (mark[1] == '0')
        digits = atoi(mark + 1);
    snprintf(into, size, "%.*s%0*d%s", (int)(mark - text), text, digits, number,
             strchr(mark, 'd') + 1);
}

static const char *look(void)
{
    const char *path = one->look || one->body ? one->look : one->target;
    static char *seen;

    free(seen);
    seen = NULL;
    if (!path || !*path)
        return "";
    client_call("GET", path, NULL);
    CHECK_INT(client_status(), 200);
    seen = strdup(client_text());
    return seen;
}

/* True when memory ran out in it. */
static bool ask(void)
{
    char target[200], body[600];
    bool struck;

    number++;
    numbered(target, sizeof target, one->target);
    numbered(body, sizeof body, one->body ? one->body : "");
    client_around(before, after);
    client_call(one->method, target, one->body ? body : NULL);
    client_around(NULL, NULL);
    struck = short_memory_end();
    return struck;
}

static void check_refused(const char *was)
{
    if (client_status() != 503 && client_status() != -1)
        hy_tap_fail(__FILE__, __LINE__, "allocation %zu: %d %s", nth, client_status(),
                    client_text());
    if (client_status() == 503 && client_text()[0] && !client_answer_header("Retry-After") &&
        !for_ever)
        hy_tap_fail(__FILE__, __LINE__, "allocation %zu: no Retry-After: %s", nth, client_text());
    if (client_status() == 503 && strstr(client_text(), "store_uncertain"))
        return; /* it says so itself */
    if (one->look && strcmp(was, look()) != 0)
        hy_tap_fail(__FILE__, __LINE__, "allocation %zu: it was refused, and done: %s", nth,
                    client_text());
}

static void play_call(void)
{
    static char *was; /* a failed check leaves by a jump */
    bool struck = true;

    for (nth = 1; struck && nth < CALLS_MAX; nth++) {
        free(was);
        was = strdup(look());
        struck = ask();
        if (client_status() != one->status)
            check_refused(was);
        else if (!one->body && *was && strcmp(was, client_text()) != 0)
            hy_tap_fail(__FILE__, __LINE__, "allocation %zu: an answer by half: %s", nth,
                        client_text());
    }
    CHECK(!struck);
    CHECK_INT(client_status(), one->status);
    CHECK(nth > 2);
}

static void check_store(void)
{
    struct hy_arena arena;
    struct hy_check check = {.op.verb = HY_VERB_CHECK, .arena = &arena};

    hy_arena_init(&arena);
    CHECK_INT(hy_store_run(client_world.store, &check.op), 0);
    hy_arena_deinit(&arena);
}

int main(void)
{
    char folder[] = "/tmp/hongyan-memory-XXXXXX", path[64], command[80], title[80];

    if (!mkdtemp(folder))
        return 2;
    snprintf(path, sizeof path, "%s/test.db", folder);
    client_start_on(&hy_backend_sqlite, path);
    client_add_app();
    for (one = all; one < all + sizeof all / sizeof all[0]; one++) {
        for (int mode = 0; mode < 2; mode++) {
            for_ever = mode == 1;
            snprintf(title, sizeof title, "%s: %s", one->name,
                     for_ever ? "all allocations from the n-th on" : "the n-th allocation");
            hy_tap_run(title, play_call);
            short_memory_end();
            client_around(NULL, NULL);
        }
    }
    RUN(check_store);
    client_stop();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0 || hy_tap_end();
}

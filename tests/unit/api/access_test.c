/*
 * Who may call what, and how a request that fits no call is refused.
 */
#include "api/auth.h"
#include "api/call.h"
#include "api/routes.h"
#include "client.h"
#include "tap.h"

#include <string.h>
#include <strings.h>

static char keys[5][64]; /* by bit of enum hy_scope */

static void make_keys(void)
{
    char body[96];

    client_start();
    for (int i = 0; i < 5; i++) {
        snprintf(body, sizeof body, "{\"name\":\"k\",\"scopes\":[\"%s\"]}", hy_scope_names[i]);
        client_call("POST", "/v1/keys", body);
        CHECK_INT(client_status(), 201);
        snprintf(keys[i], sizeof keys[i], "%s", client_at("key"));
    }
}

static void bearer_is_read(void)
{
    CHECK_TEXT(hy_auth_bearer("Bearer abc"), "abc");
    CHECK_TEXT(hy_auth_bearer("bearer   a b"), "a b");
    CHECK(!hy_auth_bearer(NULL));
    CHECK(!hy_auth_bearer(""));
    CHECK(!hy_auth_bearer("Bearer"));
    CHECK(!hy_auth_bearer("Bearer "));
    CHECK(!hy_auth_bearer("Bearerabc"));
    CHECK(!hy_auth_bearer("Basic abc"));
}

static void without_a_key_nothing_but_the_public_calls(void)
{
    client_start();
    client_use_key(NULL);
    for (const struct hy_route *r = hy_api_routes; r->method; r++) {
        const struct hy_api_rule *rule = r->data;

        if (!rule->scopes)
            continue;
        client_call(r->method, r->pattern, "{}");
        CHECK_INT(client_status(), 401);
        CHECK_TEXT(client_at("type"), "urn:hongyan:problem:unauthorized");
        CHECK_TEXT(client_type(), "application/problem+json");
        CHECK_TEXT(client_answer_header("WWW-Authenticate"), "Bearer realm=\"hongyan\"");
    }
    client_call("GET", "/healthz", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), "{\"status\":\"ok\"}");
    client_call("GET", "/openapi.json", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("openapi"), "3.1.0");
    client_stop();
}

static void an_unknown_key_is_not_repeated(void)
{
    client_start();
    client_use_key("hy_some-wrong-key-of-somebody");
    client_call("GET", "/v1/apps", NULL);
    CHECK_INT(client_status(), 401);
    CHECK(!strstr(client_text(), "some-wrong-key"));
    CHECK_TEXT(client_answer_header("WWW-Authenticate"),
               "Bearer realm=\"hongyan\", error=\"invalid_token\"");
    client_use_key(NULL);
    client_header("Authorization", "Basic eHk6enp6");
    client_call("GET", "/v1/apps", NULL);
    CHECK_INT(client_status(), 401);
    CHECK_TEXT(client_at("detail"), "The header Authorization has to be: Bearer KEY.");
    client_stop();
}

/* Each key at each call: 403 exactly where its scope is not wanted, and the scope is named. */
static void each_scope_opens_its_own_calls(void)
{
    make_keys();
    for (const struct hy_route *r = hy_api_routes; r->method; r++) {
        const struct hy_api_rule *rule = r->data;

        for (unsigned i = 0; i < 5; i++) {
            bool may = i == 0 || !rule->scopes || (rule->scopes >> i & 1);

            client_use_key(keys[i]);
            client_call(r->method, r->pattern, "{}");
            if ((client_status() == 403) == may)
                hy_tap_fail(__FILE__, __LINE__, "%s %s with %s: %d", r->method, r->pattern,
                            hy_scope_names[i], client_status());
            if (may)
                continue;
            CHECK_TEXT(client_at("type"), "urn:hongyan:problem:forbidden");
            CHECK(strstr(client_at("detail"), "scope"));
        }
    }
    client_use_key(keys[2]);
    client_call("POST", "/v1/messages", "{}");
    CHECK_TEXT(client_at("detail"), "This call needs a key with the scope send.");
    client_stop();
}

static void a_revoked_key_is_unknown(void)
{
    char path[64];

    client_start();
    client_call("POST", "/v1/keys", "{\"name\":\"shop\",\"scopes\":[\"read\",\"send\"]}");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("name"), "shop");
    CHECK_TEXT(client_at("scopes.0"), "send");
    CHECK_TEXT(client_at("scopes.1"), "read");
    snprintf(keys[0], sizeof keys[0], "%s", client_at("key"));
    snprintf(path, sizeof path, "/v1/keys/%s", client_at("id"));
    client_call("GET", "/v1/keys", NULL);
    CHECK_TEXT(client_at("items"), "2");
    CHECK_TEXT(client_at("items.1.name"), "shop");
    CHECK(!client_at("items.1.key"));
    CHECK(!strstr(client_text(), keys[0]));
    client_use_key(keys[0]);
    client_call("GET", "/v1/apps", NULL);
    CHECK_INT(client_status(), 200);
    client_use_key(client_admin_key());
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 204);
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 404);
    client_use_key(keys[0]);
    client_call("GET", "/v1/apps", NULL);
    CHECK_INT(client_status(), 401);
    client_stop();
}

static void bad_keys_are_refused(void)
{
    client_start();
    client_call("POST", "/v1/keys", "{\"name\":\"\",\"scopes\":[\"send\",\"write\",7]}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("name"));
    CHECK(client_error("scopes[1]"));
    CHECK(client_error("scopes[2]"));
    CHECK(!client_error("scopes[0]"));
    client_call("POST", "/v1/keys", "{\"name\":\"x\",\"scopes\":[]}");
    CHECK(client_error("scopes"));
    client_call("POST", "/v1/keys", "{}");
    CHECK(client_error("name") && client_error("scopes"));
    client_call("DELETE", "/v1/keys/17", NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void wrong_methods_and_paths(void)
{
    client_start();
    client_call("PUT", "/v1/messages", "{}");
    CHECK_INT(client_status(), 405);
    CHECK_TEXT(client_answer_header("Allow"), "POST, GET");
    CHECK_TEXT(client_at("detail"), "This path has POST, GET.");
    client_call("DELETE", "/v1/messages/check", NULL);
    CHECK_INT(client_status(), 405);
    client_call("GET", "/v1/nothing", NULL);
    CHECK_INT(client_status(), 404);
    CHECK_TEXT(client_at("type"), "urn:hongyan:problem:not_found");
    client_call("GET", "/v2/messages", NULL);
    CHECK_INT(client_status(), 404);
    client_call("HEAD", "/healthz", NULL);
    CHECK_INT(client_status(), 200);
    client_stop();
}

static void unknown_parameters_are_refused(void)
{
    client_start();
    client_call("GET", "/v1/messages?stat=sent&limit=5", NULL);
    CHECK_INT(client_status(), 400);
    CHECK_TEXT(client_at("errors"), "1");
    CHECK_TEXT(client_at("errors.0.field"), "stat");
    CHECK_TEXT(client_at("errors.0.rule"), "unknown_parameter");
    CHECK(strstr(client_at("errors.0.message"), "state"));
    client_call("GET", "/v1/apps?x=1", NULL);
    CHECK_INT(client_status(), 400);
    client_call("GET", "/v1/messages?limit=5&limit=6", NULL);
    CHECK_INT(client_status(), 400);
    CHECK_TEXT(client_at("errors.0.rule"), "duplicate");
    client_call("GET", "/v1/messages?limit=1001", NULL);
    CHECK_TEXT(client_at("errors.0.field"), "limit");
    CHECK_TEXT(client_at("errors.0.actual"), "1001");
    client_call("GET", "/v1/messages?limit=", NULL);
    CHECK_INT(client_status(), 400);
    client_call("GET", "/v1/messages?limit=ten", NULL);
    CHECK_INT(client_status(), 400);
    client_call("GET", "/v1/messages?after=m1", NULL);
    CHECK(client_error("after"));
    client_call("GET", "/v1/messages?state=done", NULL);
    CHECK(client_error("state"));
    client_call("GET", "/v1/messages?app=wx9", NULL);
    CHECK(client_error("app"));
    client_stop();
}

static void types_of_bodies(void)
{
    CHECK(hy_call_type_is_json(NULL));
    CHECK(hy_call_type_is_json(""));
    CHECK(hy_call_type_is_json("application/json"));
    CHECK(hy_call_type_is_json("Application/JSON; charset=utf-8"));
    CHECK(hy_call_type_is_json("application/merge-patch+json"));
    CHECK(hy_call_type_is_json("application/x-www-form-urlencoded"));
    CHECK(hy_call_type_is_json("text/plain;charset=UTF-8"));
    CHECK(!hy_call_type_is_json("text/xml"));
    CHECK(!hy_call_type_is_json("application/jsonx"));
    CHECK(!hy_call_type_is_json("multipart/form-data; boundary=+json"));
    client_start();
    client_header("Content-Type", "text/xml");
    client_call("POST", "/v1/messages", "<xml/>");
    CHECK_INT(client_status(), 415);
    client_header("Content-Encoding", "gzip");
    client_call("POST", "/v1/messages", "x");
    CHECK_INT(client_status(), 415);
    client_stop();
}

static void bodies_that_are_not_json(void)
{
    static const char *const bad[] = {"",     "{",    "{\"a\":1,\"a\":2}",
                                      "{} x", "\xff", "{\"a\":\"\\u0000\"}"};

    client_start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        client_call("POST", "/v1/messages", bad[i]);
        CHECK_INT(client_status(), 400);
        CHECK_TEXT(client_at("type"), "urn:hongyan:problem:bad_json");
        CHECK_TEXT(client_at("errors.0.field"), "");
    }
    client_call("POST", "/v1/apps", "{\"secret\":\"00000000000000000000000000000001");
    CHECK_INT(client_status(), 400);
    CHECK(!strstr(client_text(), "0000000001"));
    client_stop();
}

static void answers_are_not_kept_by_caches(void)
{
    client_start();
    client_call("GET", "/v1/apps", NULL);
    CHECK_TEXT(client_answer_header("Cache-Control"), "no-store");
    CHECK_TEXT(client_answer_header("X-Content-Type-Options"), "nosniff");
    CHECK_TEXT(client_type(), "application/json");
    CHECK_TEXT(client_text(), "{\"items\":[]}");
    client_stop();
}

int main(void)
{
    RUN(bearer_is_read);
    RUN(without_a_key_nothing_but_the_public_calls);
    RUN(an_unknown_key_is_not_repeated);
    RUN(each_scope_opens_its_own_calls);
    RUN(a_revoked_key_is_unknown);
    RUN(bad_keys_are_refused);
    RUN(wrong_methods_and_paths);
    RUN(unknown_parameters_are_refused);
    RUN(types_of_bodies);
    RUN(bodies_that_are_not_json);
    RUN(answers_are_not_kept_by_caches);
    return hy_tap_end();
}

/*
 * Messages and the grants they use, through the API.
 */
#include "client.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

#define WHO     "\"app\":\"" CLIENT_APP "\",\"user\":\"" CLIENT_USER "\""
#define MESSAGE "{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{\"keyword1\":\"hello\"}}"
#define GRANTS  "/v1/grants?app=" CLIENT_APP "&user=" CLIENT_USER

static char id[32];

static void start(void)
{
    client_start();
    client_add_app();
}

static void deposit(const char *credential)
{
    char body[256];

    snprintf(body, sizeof body, "{" WHO ",\"kind\":\"form_id\",\"credential\":\"%s\"}", credential);
    client_call("POST", "/v1/grants", body);
}

static void submit(const char *body, const char *state)
{
    client_call("POST", "/v1/messages", body);
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("state"), state);
    snprintf(id, sizeof id, "%s", client_at("id"));
}

static void show(void)
{
    char path[64];

    snprintf(path, sizeof path, "/v1/messages/%s", id);
    client_call("GET", path, NULL);
    CHECK_INT(client_status(), 200);
}

static void a_message_goes_its_way(void)
{
    start();
    deposit(CLIENT_FORM_ID);
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_text(), "{\"accepted\":1,\"duplicates\":0,\"refused\":[]}");
    client_call("GET", GRANTS, NULL);
    CHECK_TEXT(client_at("available"), "1");
    CHECK_TEXT(client_at("items.0.kind"), "form_id");
    CHECK_TEXT(client_at("items.0.credential"), CLIENT_FORM_ID);
    CHECK_TEXT(client_at("items.0.usable"), "true");
    CHECK_TEXT(client_at("items.0.expires_at"), "2026-03-08T00:00:00.000Z");
    submit(MESSAGE, "queued");
    CHECK_INT(strlen(client_text()), strlen("{\"id\":\"m0000000000000\",\"state\":\"queued\"}"));
    show();
    CHECK_TEXT(client_at("state"), "sent");
    CHECK_TEXT(client_at("app"), CLIENT_APP);
    CHECK_TEXT(client_at("user"), CLIENT_USER);
    CHECK_TEXT(client_at("data.keyword1.value"), "hello");
    CHECK_TEXT(client_at("policy"), "at_most_once");
    CHECK_TEXT(client_at("attempts.0.verdict"), "ok");
    CHECK_TEXT(client_at("attempts.0.errcode"), "0");
    CHECK_TEXT(client_at("attempts.0.at"), "2026-03-01T00:00:00.000Z");
    CHECK_TEXT(client_at("timeline.0.event"), "accepted");
    CHECK_TEXT(client_at("timeline.1.event"), "attempt");
    CHECK_TEXT(client_at("timeline.2.event"), "sent");
    client_call("GET", GRANTS, NULL);
    CHECK_TEXT(client_at("available"), "0");
    CHECK_TEXT(client_at("items.0.state"), "spent");
    client_call("GET", "/v1/stats", NULL);
    CHECK_TEXT(client_at("messages.sent"), "1");
    CHECK_TEXT(client_at("messages.failed"), "0");
    CHECK_TEXT(client_at("apps.0.app"), CLIENT_APP);
    CHECK_TEXT(client_at("apps.0.messages.sent"), "1");
    client_stop();
}

static void without_a_grant_it_fails_and_says_why(void)
{
    start();
    submit(MESSAGE, "failed");
    CHECK_TEXT(client_at("reason"), "no_grant.never");
    show();
    CHECK_TEXT(client_at("reason"), "no_grant.never");
    CHECK_TEXT(client_at("attempts"), "0");
    CHECK_TEXT(client_at("timeline.1.event"), "failed");
    CHECK_TEXT(client_at("timeline.1.reason"), "no_grant.never");
    client_stop();
}

static void codes_are_explained_in_two_languages(void)
{
    start();
    deposit(CLIENT_FORM_ID);
    client_platform("{\"errcode\":40037,\"errmsg\":\"template_id not right rid: 1a2b3c4d-0a0b0c0d-"
                    "0a0b0c0d\"}");
    submit(MESSAGE, "queued");
    show();
    CHECK_TEXT(client_at("state"), "failed");
    CHECK_TEXT(client_at("reason"), "bad_payload.40037");
    CHECK_TEXT(client_at("attempts.0.errcode"), "40037");
    CHECK(client_at("attempts.0.meaning") && client_at("attempts.0.fix"));
    CHECK((unsigned char)client_at("attempts.0.meaning")[0] < 0x80);
    client_header("Accept-Language", "zh-CN,zh;q=0.9");
    show();
    CHECK((unsigned char)client_at("attempts.0.meaning")[0] >= 0x80);
    client_call("GET", GRANTS, NULL);
    CHECK_TEXT(client_at("available"), "1");
    client_stop();
}

static void faults_are_named_and_nothing_is_touched(void)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"{\"user\":\"" CLIENT_USER "\",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{}}", "app"},
        {"{\"app\":\"wx1111111111111111\",\"user\":\"" CLIENT_USER "\",\"template\":\"x\","
         "\"data\":{}}",
         "app"},
        {"{\"app\":\"" CLIENT_APP "\",\"template\":\"x\",\"data\":{}}", "user"},
        {"{\"app\":\"" CLIENT_APP "\",\"user\":\"x\",\"template\":\"" CLIENT_TEMPLATE "\","
         "\"data\":{\"keyword1\":\"a\"}}",
         "user"},
        {"{" WHO ",\"data\":{\"keyword1\":\"a\"}}", "template"},
        {"{" WHO ",\"template\":\"short\",\"data\":{\"keyword1\":\"a\"}}", "template"},
        {"{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\"}", "data"},
        {"{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":\"{}\"}", "data"},
        {"{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":[1]}", "data"},
        {"{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{\"keyword1\":\"a\"},"
         "\"pages\":\"x\"}",
         "pages"},
        {"{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{\"keyword1\":\"a\"},"
         "\"send_at\":\"tomorrow\"}",
         "send_at"},
        {"\"hello\"", ""},
        {"7", ""},
    };

    start();
    deposit(CLIENT_FORM_ID);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        client_call("POST", "/v1/messages", cases[i].body);
        if (client_status() != 400 || !client_error(cases[i].field))
            hy_tap_fail(__FILE__, __LINE__, "case %zu: %d %s", i, client_status(), client_text());
    }
    client_call("GET", "/v1/messages", NULL);
    CHECK_TEXT(client_at("items"), "0");
    client_call("GET", GRANTS, NULL);
    CHECK_TEXT(client_at("available"), "1");
    CHECK_TEXT(client_at("items.0.uses_reserved"), "0");
    client_stop();
}

static void the_nearest_name_is_said(void)
{
    start();
    client_call("POST", "/v1/messages", "{" WHO ",\"templat\":\"x\",\"data\":{}}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("templat"));
    CHECK(strstr(client_text(), "did you mean template?"));
    client_stop();
}

static void an_array_is_answered_in_order(void)
{
    start();
    client_call("POST", "/v1/messages",
                "[" MESSAGE ",{\"app\":\"" CLIENT_APP "\"}," MESSAGE ",null]");
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("results"), "4");
    CHECK(client_at("results.0.id"));
    CHECK_TEXT(client_at("results.0.state"), "failed");
    CHECK_TEXT(client_at("results.1.error.status"), "400");
    CHECK_TEXT(client_at("results.1.error.errors.0.field"), "user");
    CHECK(strcmp(client_at("results.2.id"), client_at("results.0.id")) > 0);
    CHECK_TEXT(client_at("results.3.error.status"), "400");
    client_call("POST", "/v1/messages", "[{},{}]");
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("results.1.error.type"), "urn:hongyan:problem:invalid_input");
    client_call("GET", "/v1/messages", NULL);
    CHECK_TEXT(client_at("items"), "2");
    client_stop();
}

static void arrays_are_bounded(void)
{
    static char body[4 * 1001 + 2];

    start();
    client_call("POST", "/v1/messages", "[]");
    CHECK_INT(client_status(), 400);
    body[0] = '[';
    for (int i = 0; i < 1001; i++)
        memcpy(body + 1 + 2 * i, "0,", 2);
    strcpy(body + 2 * 1001, "]");
    client_call("POST", "/v1/messages", body);
    CHECK_INT(client_status(), 400);
    CHECK_TEXT(client_at("errors.0.actual"), "1001");
    strcpy(body + 2 * 1000, "]");
    client_call("POST", "/v1/messages", body);
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("results"), "1000");
    client_stop();
}

static void a_key_is_answered_alike(void)
{
    char first[32];

    start();
    client_header("Idempotency-Key", "order-42");
    submit(MESSAGE, "failed");
    snprintf(first, sizeof first, "%s", id);
    client_header("Idempotency-Key", "order-42");
    submit(MESSAGE, "failed");
    CHECK_TEXT(id, first);
    CHECK_TEXT(client_at("reason"), "no_grant.never");
    client_header("Idempotency-Key", "order-42");
    client_call("POST", "/v1/messages",
                "{" WHO ",\"template\":\"" CLIENT_TEMPLATE "\",\"data\":{\"keyword1\":\"bye\"}}");
    CHECK_INT(client_status(), 409);
    CHECK_TEXT(client_at("type"), "urn:hongyan:problem:idempotency_conflict");
    CHECK_TEXT(client_at("errors"), "0");
    client_header("Idempotency-Key", "order-42");
    client_call("POST", "/v1/messages", "[" MESSAGE "]");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("Idempotency-Key"));
    client_call("POST", "/v1/messages",
                "[{" WHO ",\"key\":\"order-42\",\"template\":\"" CLIENT_TEMPLATE
                "\",\"data\":{\"keyword1\":\"bye\"}}]");
    CHECK_INT(client_status(), 202);
    CHECK_TEXT(client_at("results.0.error.status"), "409");
    client_call("GET", "/v1/messages", NULL);
    CHECK_TEXT(client_at("items"), "1");
    client_stop();
}

static void check_stores_nothing(void)
{
    start();
    client_call("POST", "/v1/messages/check", MESSAGE);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), "{\"ok\":true,\"errors\":[]}");
    client_call("POST", "/v1/messages/check", "{" WHO "}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("ok"), "false");
    CHECK(client_error("template") && client_error("data"));
    client_call("POST", "/v1/messages/check", "[]");
    CHECK_TEXT(client_at("ok"), "false");
    client_call("GET", "/v1/messages", NULL);
    CHECK_TEXT(client_at("items"), "0");
    client_stop();
}

static void lists_go_on_after_the_last(void)
{
    char target[128], seen[5][32];

    start();
    for (int i = 0; i < 5; i++)
        submit(i == 2 ? "{" WHO ",\"tag\":\"t\",\"template\":\"" CLIENT_TEMPLATE
                        "\",\"data\":{\"keyword1\":\"x\"}}"
                      : MESSAGE,
               "failed");
    client_call("GET", "/v1/messages?limit=2&state=failed", NULL);
    CHECK_TEXT(client_at("items"), "2");
    CHECK_TEXT(client_at("items.0.id"), id);
    CHECK(!client_at("items.0.attempts"));
    for (int i = 0; i < 5; i++) {
        snprintf(seen[i], sizeof seen[i], "%s", client_at(i % 2 ? "items.1.id" : "items.0.id"));
        if (i)
            CHECK(strcmp(seen[i], seen[i - 1]) < 0);
        if (i % 2 == 0)
            continue;
        snprintf(target, sizeof target, "/v1/messages?limit=2&state=failed&after=%s",
                 client_at("next"));
        client_call("GET", target, NULL);
    }
    CHECK_TEXT(client_at("items"), "1");
    CHECK_TEXT(client_at("next"), "null");
    client_call("GET", "/v1/messages?tag=t&app=" CLIENT_APP "&user=" CLIENT_USER, NULL);
    CHECK_TEXT(client_at("items"), "1");
    CHECK_TEXT(client_at("items.0.tag"), "t");
    client_call("GET", "/v1/messages?state=sent", NULL);
    CHECK_TEXT(client_text(), "{\"items\":[],\"next\":null}");
    client_stop();
}

static void cancel(void)
{
    char path[64];

    start();
    deposit(CLIENT_FORM_ID);
    submit("{" WHO ",\"send_at\":\"2026-03-02T08:00:00+08:00\",\"template\":\"" CLIENT_TEMPLATE
           "\",\"data\":{\"keyword1\":\"x\"}}",
           "queued");
    show();
    CHECK_TEXT(client_at("send_at"), "2026-03-02T00:00:00.000Z");
    CHECK_TEXT(client_at("due_at"), "2026-03-02T00:00:00.000Z");
    snprintf(path, sizeof path, "/v1/messages/%s/cancel", id);
    client_call("POST", path, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("state"), "canceled");
    CHECK_TEXT(client_at("timeline.1.event"), "canceled");
    client_call("POST", path, NULL);
    CHECK_INT(client_status(), 409);
    CHECK_TEXT(client_at("detail"),
               "The message is canceled; only queued and waiting ones can be canceled.");
    client_call("POST", "/v1/messages/m0000000000000/cancel", NULL);
    CHECK_INT(client_status(), 404);
    client_call("GET", "/v1/messages/nonsense", NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void a_peer_may_go(void)
{
    start();
    client_call_gone("POST", "/v1/messages", MESSAGE);
    CHECK_INT(client_status(), 202);
    client_call_gone("GET", "/v1/messages?limit=5", NULL);
    CHECK_TEXT(client_at("items"), "1");
    client_call_gone("POST", "/v1/grants", "[{\"app\":1}]");
    CHECK_INT(client_status(), 201);
    client_stop();
}

static void fake_form_ids_are_refused(void)
{
    start();
    deposit("the formId is a mock one");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("accepted"), "0");
    CHECK_TEXT(client_at("refused.0.index"), "0");
    CHECK_TEXT(client_at("refused.0.reason"), "mock_form_id");
    CHECK(client_at("refused.0.message"));
    client_call("POST", "/v1/grants", "{" WHO ",\"kind\":\"form_id\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("credential"));
    client_call("POST", "/v1/grants", "{" WHO ",\"kind\":\"coupon\",\"credential\":\"x\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("kind"));
    client_call("POST", "/v1/grants",
                "[{" WHO ",\"kind\":\"form_id\"},{" WHO
                ",\"kind\":\"form_id\",\"credential\":\"" CLIENT_FORM_ID "\"},7]");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("accepted"), "1");
    CHECK_TEXT(client_at("refused"), "2");
    CHECK_TEXT(client_at("refused.1.index"), "2");
    CHECK_TEXT(client_at("refused.1.reason"), "invalid");
    deposit(CLIENT_FORM_ID);
    CHECK_TEXT(client_at("duplicates"), "1");
    client_call("POST", "/v1/grants", "[]");
    CHECK_INT(client_status(), 400);
    client_call("POST", "/v1/grants", "\"x\"");
    CHECK_INT(client_status(), 400);
    client_call("GET", "/v1/grants?app=" CLIENT_APP, NULL);
    CHECK(client_error("user"));
    client_call("GET", "/v1/grants?app=" CLIENT_APP "&user=x", NULL);
    CHECK(client_error("user"));
    client_call("GET", "/v1/grants?app=wx9&user=" CLIENT_USER, NULL);
    CHECK(client_error("app"));
    client_stop();
}

int main(void)
{
    RUN(a_message_goes_its_way);
    RUN(without_a_grant_it_fails_and_says_why);
    RUN(codes_are_explained_in_two_languages);
    RUN(faults_are_named_and_nothing_is_touched);
    RUN(the_nearest_name_is_said);
    RUN(an_array_is_answered_in_order);
    RUN(arrays_are_bounded);
    RUN(a_key_is_answered_alike);
    RUN(check_stores_nothing);
    RUN(lists_go_on_after_the_last);
    RUN(cancel);
    RUN(a_peer_may_go);
    RUN(fake_form_ids_are_refused);
    return hy_tap_end();
}

/*
 * /client/v1: login, session, reports, advice, and how often.
 */
#include "client.h"
#include "tap.h"

#include <stdlib.h>

#define OTHER_USER "oUser0000000000000000000000b"
#define OPENID(u)  "{\"session_key\":\"HyVFkGl5F5OQWJZZaNzBBg==\",\"openid\":\"" u "\"}"

static char session[512];
static struct hy_arena arena;

static void set_up_with(const char *settings)
{
    hy_arena_init(&arena);
    client_start();
    client_add_app();
    if (*settings) {
        client_call("PATCH", "/v1/apps/" CLIENT_APP, settings);
        CHECK_INT(client_status(), 200);
    }
    client_use_key(NULL);
}

static void set_up(void)
{
    set_up_with("");
}

static void tear_down(void)
{
    client_stop();
    hy_arena_deinit(&arena);
}

static void check_problem(int status, const char *word)
{
    CHECK_INT(client_status(), status);
    CHECK_TEXT(client_at("type"), hy_arena_printf(&arena, "urn:hongyan:problem:%s", word));
}

/* The platform answers `answer` to code2session. */
static void login(const char *answer)
{
    client_platform(answer);
    client_use_key(NULL);
    client_call("POST", "/client/v1/login", "{\"app\":\"" CLIENT_APP "\",\"code\":\"081abc\"}");
}

static void enter_as(const char *answer)
{
    login(answer);
    CHECK_INT(client_status(), 200);
    snprintf(session, sizeof session, "%s", client_at("session"));
    client_use_key(session);
}

static void enter(void)
{
    enter_as(OPENID(CLIENT_USER));
}

static void report(const char *id, const char *answer)
{
    client_call("POST", "/client/v1/grants",
                hy_arena_printf(&arena,
                                "{\"report_id\":\"%s\",\"subscriptions\":{\"" CLIENT_TEMPLATE
                                "\":\"%s\"}}",
                                id, answer));
}

static int available_of(const char *user)
{
    int count;

    client_use_key(client_admin_key());
    client_call("GET",
                hy_arena_printf(&arena,
                                "/v1/grants?app=" CLIENT_APP "&user=%s&template=" CLIENT_TEMPLATE,
                                user),
                NULL);
    CHECK_INT(client_status(), 200);
    count = atoi(client_at("available"));
    client_use_key(session);
    return count;
}

static void a_login_gives_a_session_and_no_key_of_the_platform(void)
{
    set_up();
    login(OPENID(CLIENT_USER));
    CHECK_INT(client_status(), 200);
    CHECK(strlen(client_at("session")) > 32);
    CHECK_TEXT(client_at("expires_in"), "7200");
    CHECK(!strstr(client_text(), "HyVFk"));
    CHECK(!strstr(client_text(), CLIENT_USER));
    tear_down();
}

static const struct {
    const char *answer;
    int status;
    const char *word;
} refusals[] = {
    {"{\"errcode\":40029,\"errmsg\":\"invalid code\"}", 401, "bad_code"},
    {"{\"errcode\":40163,\"errmsg\":\"code been used\"}", 401, "bad_code"},
    {"{\"errcode\":40226,\"errmsg\":\"code blocked\"}", 401, "bad_code"},
    {"{\"errcode\":-1,\"errmsg\":\"system error\"}", 503, "platform_unavailable"},
    {"{\"errcode\":45011,\"errmsg\":\"api minute-quota reach limit\"}", 503,
     "platform_unavailable"},
    {"{\"errcode\":40125,\"errmsg\":\"invalid appsecret\"}", 503, "platform_unavailable"},
    {"{\"errcode\":0}", 503, "platform_unavailable"},
    {"<html>", 503, "platform_unavailable"},
    {OPENID("short"), 503, "platform_unavailable"},
};

static void what_the_platform_says_decides(void)
{
    set_up();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        login(refusals[i].answer);
        check_problem(refusals[i].status, refusals[i].word);
        CHECK((client_answer_header("Retry-After") != NULL) == (refusals[i].status == 503));
        CHECK(!strstr(client_text(), "appsecret"));
    }
    tear_down();
}

static const struct {
    const char *body, *field;
} wrong[] = {
    {"{\"code\":\"1\"}", "app"},
    {"{\"app\":\"" CLIENT_APP "\"}", "code"},
    {"{\"app\":\"wx9999999999999999\",\"code\":\"1\"}", "app"},
    {"{\"app\":\"" CLIENT_APP "\",\"code\":\"\"}", "code"},
    {"{\"app\":\"" CLIENT_APP "\",\"code\":\"1\",\"openid\":\"" CLIENT_USER "\"}", "openid"},
};

static void a_login_names_what_is_wrong(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        client_call("POST", "/client/v1/login", wrong[i].body);
        check_problem(400, "invalid_input");
        CHECK(client_error(wrong[i].field));
    }
    tear_down();
}

static void without_a_session_nobody_enters(void)
{
    static const char *const keys[] = {NULL, "x", "hy_0000000000000000000000000000000000000000000"};

    set_up();
    for (size_t i = 0; i < 3; i++) {
        client_use_key(keys[i]);
        report("r1", "accept");
        check_problem(401, "no_session");
        CHECK(client_answer_header("WWW-Authenticate"));
        client_call("GET", "/client/v1/ask?templates=t", NULL);
        check_problem(401, "no_session");
        client_call("DELETE", "/client/v1/session", NULL);
        check_problem(401, "no_session");
    }
    client_use_key(client_admin_key()); /* a key is no session */
    report("r1", "accept");
    check_problem(401, "no_session");
    enter();
    client_call("GET", "/v1/apps", NULL); /* and a session is no key */
    check_problem(401, "unauthorized");
    tear_down();
}

static void a_report_is_about_its_own_user(void)
{
    set_up();
    enter();
    report("r1", "accept");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("accepted"), "1");
    CHECK_INT(available_of(CLIENT_USER), 1);
    report("r1", "accept");
    CHECK_TEXT(client_at("accepted"), "0");
    CHECK_TEXT(client_at("duplicates"), "1");
    CHECK_INT(available_of(CLIENT_USER), 1);
    client_call("POST", "/client/v1/grants",
                "{\"report_id\":\"r2\",\"user\":\"" OTHER_USER "\",\"form_ids\":[\"f\"]}");
    check_problem(400, "invalid_input");
    CHECK(client_error("user"));
    CHECK_INT(available_of(OTHER_USER), 0);
    client_call("POST", "/client/v1/grants",
                "{\"report_id\":\"r3\",\"form_ids\":[\"undefined\"],\"subscriptions\":{\"t\":1}}");
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("refused.0.form_id"), "undefined");
    CHECK_TEXT(client_at("refused.0.reason"), "empty");
    CHECK_TEXT(client_at("refused.1.template"), "t");
    CHECK_TEXT(client_at("refused.1.reason"), "unknown_answer");
    tear_down();
}

static void the_advice_follows_the_ledger(void)
{
    static const char ask[] = "/client/v1/ask?templates=" CLIENT_TEMPLATE ",other";

    set_up();
    enter();
    client_call("GET", ask, NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("ask"), "2");
    CHECK_TEXT(client_at("ask.0"), CLIENT_TEMPLATE);
    CHECK_TEXT(client_at("templates.0.reason"), "none_left");
    CHECK_TEXT(client_at("templates.0.available"), "0");
    report("r1", "accept");
    client_call("GET", ask, NULL);
    CHECK_TEXT(client_at("templates.0.reason"), "running_low");
    CHECK_TEXT(client_at("templates.0.ask"), "true");
    report("r2", "accept");
    client_call("GET", ask, NULL);
    CHECK_TEXT(client_at("ask"), "1");
    CHECK_TEXT(client_at("ask.0"), "other");
    CHECK_TEXT(client_at("templates.0.reason"), "enough");
    CHECK_TEXT(client_at("templates.0.available"), "2");
    report("r3", "reject");
    client_call("GET", ask, NULL);
    CHECK_TEXT(client_at("templates.0.reason"), "refused_recently");
    tear_down();
}

static void a_question_has_1_to_20_templates(void)
{
    struct hy_buf many;

    set_up();
    enter();
    client_call("GET", "/client/v1/ask", NULL);
    CHECK(client_error("templates"));
    client_call("GET", "/client/v1/ask?templates=", NULL);
    CHECK(client_error("templates"));
    client_call("GET", "/client/v1/ask?templates=a,,b", NULL);
    CHECK(client_error("templates"));
    client_call("GET", "/client/v1/ask?templates=a&template=b", NULL);
    CHECK(client_error("template"));
    client_call("GET", "/client/v1/ask?templates=a,b,a", NULL);
    CHECK_TEXT(client_at("templates"), "2");
    hy_buf_init(&many, 1024);
    hy_buf_puts(&many, "/client/v1/ask?templates=a0");
    for (int i = 1; i < 20; i++)
        hy_buf_printf(&many, ",a%d", i);
    client_call("GET", hy_buf_text(&many), NULL);
    CHECK_TEXT(client_at("templates"), "20");
    hy_buf_puts(&many, ",a20");
    client_call("GET", hy_buf_text(&many), NULL);
    CHECK(client_error("templates"));
    hy_buf_deinit(&many);
    tear_down();
}

static void logging_out_ends_every_session_of_the_user(void)
{
    char first[512], others[512];

    set_up();
    enter_as(OPENID(OTHER_USER));
    memcpy(others, session, sizeof others);
    enter();
    memcpy(first, session, sizeof first);
    world_advance(&client_world, 1000);
    enter();
    client_call("DELETE", "/client/v1/session", NULL);
    CHECK_INT(client_status(), 204);
    report("r1", "accept");
    check_problem(401, "no_session");
    client_use_key(first);
    report("r1", "accept");
    check_problem(401, "no_session");
    client_use_key(others);
    report("r1", "accept");
    CHECK_INT(client_status(), 201);
    enter();
    report("r1", "accept");
    CHECK_INT(client_status(), 201);
    tear_down();
}

static void an_operator_can_revoke_them(void)
{
    static const char path[] = "/v1/users/" CLIENT_APP "/" CLIENT_USER "/sessions";

    set_up();
    enter();
    client_call("DELETE", path, NULL);
    check_problem(401, "unauthorized");
    client_use_key(client_admin_key());
    client_call("DELETE", "/v1/users/wx9999999999999999/" CLIENT_USER "/sessions", NULL);
    check_problem(404, "not_found");
    client_call("DELETE", "/v1/users/" CLIENT_APP "/x/sessions", NULL);
    check_problem(400, "invalid_input");
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 204);
    client_use_key(session);
    report("r1", "accept");
    check_problem(401, "no_session");
    tear_down();
}

static void a_session_ends_in_time(void)
{
    set_up_with("{\"session_ttl_s\":60}");
    enter();
    CHECK_TEXT(client_at("expires_in"), "60");
    world_advance(&client_world, 59000);
    report("r1", "accept");
    CHECK_INT(client_status(), 201);
    world_advance(&client_world, 1000);
    report("r2", "accept");
    check_problem(401, "no_session");
    tear_down();
}

static void check_too_many(void)
{
    check_problem(429, "too_many_requests");
    CHECK(client_answer_header("Retry-After"));
    CHECK(atoi(client_answer_header("Retry-After")) >= 1);
}

static void a_user_has_a_fifth_of_the_address(void)
{
    set_up_with("{\"client_rate_per_min\":350}");
    enter();
    for (int i = 0; i < 70; i++) {
        client_call("GET", "/client/v1/ask?templates=a", NULL);
        CHECK_INT(client_status(), 200);
    }
    client_call("GET", "/client/v1/ask?templates=a", NULL);
    check_too_many();
    enter_as(OPENID(OTHER_USER)); /* another one at the same address */
    client_call("GET", "/client/v1/ask?templates=a", NULL);
    CHECK_INT(client_status(), 200);
    world_advance(&client_world, 1000);
    enter();
    client_call("GET", "/client/v1/ask?templates=a", NULL);
    CHECK_INT(client_status(), 200);
    tear_down();
}

static void an_address_has_what_the_app_says(void)
{
    set_up_with("{\"client_rate_per_min\":5}");
    enter();
    for (int i = 0; i < 4; i++) { /* the login was the first */
        client_call("GET", "/client/v1/ask?templates=a", NULL);
        CHECK_INT(client_status(), 200);
    }
    client_call("GET", "/client/v1/ask?templates=a", NULL);
    check_too_many();
    login(OPENID(OTHER_USER));
    check_too_many();
    tear_down();
}

static void bad_codes_are_counted_more_strictly_than_good_ones(void)
{
    set_up();
    for (int i = 0; i < 60; i++) {
        login(OPENID(CLIENT_USER));
        CHECK_INT(client_status(), 200);
    }
    for (int i = 0; i < 30; i++) {
        login("{\"errcode\":40029,\"errmsg\":\"invalid code\"}");
        check_problem(401, "bad_code");
    }
    login("{\"errcode\":40029,\"errmsg\":\"invalid code\"}");
    check_too_many();
    world_advance(&client_world, 2000);
    login(OPENID(CLIENT_USER));
    CHECK_INT(client_status(), 200);
    tear_down();
}

/* Nobody may say where they come from but a proxy that is trusted. */
static void only_a_trusted_proxy_is_believed(void)
{
    static const char *const forwarded[] = {"192.0.2.1", "192.0.2.2"};

    set_up_with("{\"client_rate_per_min\":1}");
    client_header("X-Forwarded-For", forwarded[0]);
    login(OPENID(CLIENT_USER));
    CHECK_INT(client_status(), 200);
    client_header("X-Forwarded-For", forwarded[1]);
    login(OPENID(CLIENT_USER));
    check_too_many();
    tear_down();

    client_trust_proxy("127.0.0.1");
    set_up_with("{\"client_rate_per_min\":1}");
    for (int i = 0; i < 2; i++) {
        client_header("X-Forwarded-For", forwarded[i]);
        login(OPENID(CLIENT_USER));
        CHECK_INT(client_status(), 200);
    }
    client_header("X-Forwarded-For", "192.0.2.99, 192.0.2.1:4711"); /* the first is made up */
    login(OPENID(CLIENT_USER));
    check_too_many();
    tear_down();
    client_trust_proxy(NULL);
}

static void a_peer_that_has_gone_does_no_harm(void)
{
    set_up();
    client_platform(OPENID(CLIENT_USER));
    client_call_gone("POST", "/client/v1/login",
                     "{\"app\":\"" CLIENT_APP "\",\"code\":\"081abc\"}");
    enter();
    client_call_gone("GET", "/client/v1/ask?templates=a", NULL);
    tear_down();
}

static void a_login_while_the_app_goes_away_ends(void)
{
    set_up();
    client_use_key(client_admin_key());
    client_call("DELETE", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_INT(client_status(), 204);
    login(OPENID(CLIENT_USER));
    check_problem(400, "invalid_input");
    tear_down();
}

int main(void)
{
    RUN(a_login_gives_a_session_and_no_key_of_the_platform);
    RUN(what_the_platform_says_decides);
    RUN(a_login_names_what_is_wrong);
    RUN(without_a_session_nobody_enters);
    RUN(a_report_is_about_its_own_user);
    RUN(the_advice_follows_the_ledger);
    RUN(a_question_has_1_to_20_templates);
    RUN(logging_out_ends_every_session_of_the_user);
    RUN(an_operator_can_revoke_them);
    RUN(a_session_ends_in_time);
    RUN(a_user_has_a_fifth_of_the_address);
    RUN(an_address_has_what_the_app_says);
    RUN(bad_codes_are_counted_more_strictly_than_good_ones);
    RUN(only_a_trusted_proxy_is_believed);
    RUN(a_peer_that_has_gone_does_no_harm);
    RUN(a_login_while_the_app_goes_away_ends);
    return hy_tap_end();
}

/*
 * Apps, tokens, schedules, the legacy intake and readiness, through the API.
 */
#include "client.h"
#include "tap.h"

#include "engine/nodes.h"

#include <stdlib.h>
#include <string.h>

static void apps_show_no_secret(void)
{
    client_start();
    client_add_app();
    CHECK_TEXT(client_answer_header("Location"), "/v1/apps/" CLIENT_APP);
    CHECK_TEXT(client_at("id"), CLIENT_APP);
    CHECK_TEXT(client_at("platform"), "wechat_mini");
    CHECK_TEXT(client_at("token_mode"), "stable");
    CHECK_TEXT(client_at("legacy_intake"), "false");
    CHECK_TEXT(client_at("receipt_margin_s"), "86400");
    CHECK_TEXT(client_at("status.paused"), "false");
    CHECK(!strstr(client_text(), CLIENT_SECRET));
    CHECK(!client_at("secret"));
    client_call("GET", "/v1/apps", NULL);
    CHECK_TEXT(client_at("items"), "1");
    CHECK(!strstr(client_text(), CLIENT_SECRET));
    client_call("POST", "/v1/apps", "{\"id\":\"" CLIENT_APP "\",\"secret\":\"" CLIENT_SECRET "\"}");
    CHECK_INT(client_status(), 409);
    CHECK_TEXT(client_at("type"), "urn:hongyan:problem:already_exists");
    client_stop();
}

static void nodes_tell_who_sends(void)
{
    client_start();
    client_add_app();
    client_call("GET", "/v1/nodes", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("items"), "1");
    CHECK_TEXT(client_at("items.0.id"), "n1");
    CHECK_TEXT(client_at("items.0.self"), "true");
    CHECK_TEXT(client_at("items.0.apps"), "1");
    CHECK_TEXT(client_at("items.0.report.in_flight"), "0");
    CHECK_TEXT(client_at("apps.0.app"), CLIENT_APP);
    CHECK_TEXT(client_at("apps.0.node"), "n1");
    CHECK_TEXT(client_at("apps.0.lag_ms"), "0");
    CHECK_TEXT(client_at("store"), "memory");
    client_stop();
}

/* An app that is paused, with a message that is due. */
static void add_app_behind(int n)
{
    char text[256];

    snprintf(text, sizeof text, "{\"id\":\"wx%016d\",\"secret\":\"" CLIENT_SECRET "\"}", n);
    client_call("POST", "/v1/apps", text);
    CHECK_INT(client_status(), 201);
    snprintf(text, sizeof text, "/v1/apps/wx%016d/pause", n);
    client_call("POST", text, NULL);
    CHECK_INT(client_status(), 200);
}

static void put_behind(int n)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"app\":\"wx%016d\",\"user\":\"" CLIENT_USER "\",\"template\":\"" CLIENT_TEMPLATE
             "\",\"data\":{\"thing1\":\"x\"},\"on_missing\":\"try\"}",
             n);
    client_call("POST", "/v1/messages", text);
    CHECK_INT(client_status(), 202);
}

/* Of the apps that are behind a node names some: those that are most, wherever they stand. */
static void the_largest_lags_are_told(void)
{
    enum { LAST = HY_REPORT_LAGS_MAX + 2 };
    const char *lag;

    client_start();
    for (int n = 1; n <= LAST; n++)
        add_app_behind(n);
    put_behind(LAST);
    world_advance(&client_world, 3000);
    for (int n = 1; n < LAST; n++)
        put_behind(n);
    world_advance(&client_world, 3000);
    client_call("GET", "/v1/nodes", NULL);
    CHECK_TEXT(client_at("items.0.report.paused_apps"), "102");
    CHECK_TEXT(client_at("items.0.report.lag_ms"), "100");
    lag = client_at("items.0.report.lag_ms.wx0000000000000102");
    CHECK(lag && atoi(lag) >= 6000);
    lag = client_at("apps.101.lag_ms");
    CHECK(lag && atoi(lag) >= 6000);
    CHECK(!client_at("apps.100.lag_ms")); /* not "0": it is behind, and was not told */
    client_stop();
}

static void expect_metric(const char *line)
{
    if (!strstr(client_text(), line))
        printf("# no %s in:\n%s\n", line, client_text());
    CHECK(strstr(client_text(), line) != NULL);
}

/* No key is needed, and no secret is in it. */
static void metrics_are_for_prometheus(void)
{
    client_start();
    client_add_app();
    client_platform("{\"errcode\":0,\"errmsg\":\"ok\"}");
    client_call("POST", "/v1/messages",
                "{\"app\":\"" CLIENT_APP "\",\"user\":\"" CLIENT_USER
                "\",\"template\":\"" CLIENT_TEMPLATE
                "\",\"data\":{\"thing1\":\"x\"},\"on_missing\":\"try\"}");
    CHECK_INT(client_status(), 202);
    client_call("GET", "/v1/nothing", NULL);
    client_use_key(NULL);
    client_call("GET", "/metrics", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_type(), "text/plain; version=0.0.4; charset=utf-8");
    expect_metric("hongyan_build_info{version=\"" HY_VERSION "\",store=\"memory\"} 1\n");
    expect_metric("# TYPE hongyan_attempts_total counter\n");
    expect_metric("hongyan_attempts_total{verdict=\"ok\"} 1\n");
    expect_metric("hongyan_messages_accepted_total 1\n");
    expect_metric("hongyan_token_calls_total 1\n");
    expect_metric("hongyan_messages{app=\"" CLIENT_APP "\",state=\"sent\"} 1\n");
    expect_metric("hongyan_lane_paused{app=\"" CLIENT_APP "\",channel=\"subscribe\"} 0\n");
    expect_metric("hongyan_due_lag_seconds{app=\"" CLIENT_APP "\"} 0.000\n");
    expect_metric("hongyan_http_requests_total{class=\"4xx\"} 1\n");
    expect_metric("hongyan_store_up 1\n");
    expect_metric("hongyan_nodes 1\n");
    CHECK(!strstr(client_text(), CLIENT_SECRET) && !strstr(client_text(), CLIENT_USER));
    client_stop();
}

static void app_faults_are_named(void)
{
    client_start();
    client_call("POST", "/v1/apps", "{}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("id") && client_error("secret"));
    client_call("POST", "/v1/apps", "{\"id\":\"nonsense\",\"secret\":\"sesame-open\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("id") && client_error("secret"));
    CHECK(!strstr(client_text(), "sesame-open"));
    client_call("POST", "/v1/apps",
                "{\"id\":\"" CLIENT_APP "\",\"secret\":\"" CLIENT_SECRET
                "\",\"tokenmode\":\"stable\",\"rate_per_s\":-1}");
    CHECK(client_error("tokenmode") && client_error("rate_per_s"));
    client_call("GET", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void apps_are_paused_and_resumed(void)
{
    client_start();
    client_add_app();
    client_call("POST", "/v1/apps/" CLIENT_APP "/pause", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("status.paused"), "true");
    CHECK_TEXT(client_at("status.pause_reason"), "operator");
    CHECK(!client_at("status.paused_until")); /* until it is resumed */
    CHECK_TEXT(client_at("channels.subscribe.paused"), "true");
    CHECK_TEXT(client_at("channels.template.pause_reason"), "operator");
    client_call("POST", "/v1/apps/" CLIENT_APP "/pause", "{\"until\":\"2999-01-01T00:00:00Z\"}");
    CHECK_TEXT(client_at("channels.template.paused_until"), "2999-01-01T00:00:00.000Z");
    client_call("POST", "/v1/apps/" CLIENT_APP "/resume", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("status.paused"), "false");
    CHECK_TEXT(client_at("channels.subscribe.window"), "8");
    CHECK_TEXT(client_at("channels.subscribe.user_gap_ms"), "0");
    client_call("POST", "/v1/apps/" CLIENT_APP "/pause", "{\"until\":\"2001-01-01T00:00:00Z\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("until"));
    client_call("POST", "/v1/apps/" CLIENT_APP "/pause", "{\"untill\":1}");
    CHECK(client_error("untill"));
    client_call("POST", "/v1/apps/wx9/pause", NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void quiet_hours_and_caps_are_settings(void)
{
    client_start();
    client_add_app();
    client_call("GET", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_TEXT(client_at("timezone"), "Asia/Shanghai");
    CHECK_TEXT(client_at("quiet_hours"), "");
    client_call("PATCH", "/v1/apps/" CLIENT_APP,
                "{\"quiet_hours\":\"22:00-08:00\",\"caps\":[{\"max\":3,\"window_s\":86400}]}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("quiet_hours"), "22:00-08:00");
    CHECK(strstr(client_text(), "\"caps\":[{\"max\":3,\"window_s\":86400}]"));
    client_call("PATCH", "/v1/apps/" CLIENT_APP,
                "{\"timezone\":\"Asia/Shanghia\",\"caps\":[{\"max\":0,\"window_s\":60}]}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("timezone") && client_error("caps.0.max"));
    client_call("PATCH", "/v1/apps/" CLIENT_APP, "{\"caps\":[],\"quiet_hours\":\"\"}");
    CHECK(strstr(client_text(), "\"caps\":[]"));
    client_stop();
}

static void apps_are_changed_and_removed(void)
{
    client_start();
    client_add_app();
    client_call("PATCH", "/v1/apps/" CLIENT_APP, "{\"rate_per_s\":50,\"legacy_intake\":true}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("rate_per_s"), "50");
    CHECK_TEXT(client_at("legacy_intake"), "true");
    CHECK_TEXT(client_at("max_in_flight"), "32");
    client_call("PATCH", "/v1/apps/" CLIENT_APP, "{\"id\":\"wx2222222222222222\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("id"));
    client_call("PATCH", "/v1/apps/wx9", "{}");
    CHECK_INT(client_status(), 404);
    client_call("POST", "/v1/apps/" CLIENT_APP "/resume", NULL);
    CHECK_INT(client_status(), 200);
    client_call("POST", "/v1/apps/wx9/resume", NULL);
    CHECK_INT(client_status(), 404);
    client_call("DELETE", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_INT(client_status(), 204);
    CHECK_TEXT(client_text(), "");
    client_call("DELETE", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_INT(client_status(), 404);
    client_call("GET", "/v1/apps/" CLIENT_APP, NULL);
    CHECK_INT(client_status(), 404);
    client_add_app();
    client_stop();
}

static void tokens_are_handed_out(void)
{
    client_start();
    client_add_app();
    client_call("GET", "/v1/apps/" CLIENT_APP "/token", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("access_token"), "TOKEN");
    CHECK_TEXT(client_at("expires_in"), "7200");
    CHECK_TEXT(client_at("expires_at"), "2026-03-01T02:00:00.000Z");
    CHECK_TEXT(client_answer_header("Cache-Control"), "no-store");
    client_call("POST", "/v1/apps/" CLIENT_APP "/token/refresh", "{\"bad_token\":\"OLD\"}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("access_token"), "TOKEN");
    client_call("POST", "/v1/apps/" CLIENT_APP "/token/refresh", NULL);
    CHECK_INT(client_status(), 200);
    client_call("POST", "/v1/apps/" CLIENT_APP "/token/refresh", "{\"token\":\"S3CRET\"}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("token"));
    CHECK(!strstr(client_text(), "S3CRET"));
    client_call("GET", "/v1/apps/wx9/token", NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

#define SCHEDULE                                                                                   \
    "{\"app\":\"" CLIENT_APP "\",\"name\":\"morning\",\"cron\":\"0 8 * * *\",\"message\":"         \
    "{\"user\":\"" CLIENT_USER "\",\"template\":\"" CLIENT_TEMPLATE                                \
    "\",\"data\":{\"keyword1\":\"hi\"}}}"

static void schedules_are_kept(void)
{
    char path[64], target[128];

    client_start();
    client_add_app();
    client_call("POST", "/v1/schedules", SCHEDULE);
    CHECK_INT(client_status(), 201);
    CHECK_TEXT(client_at("app"), CLIENT_APP);
    CHECK_TEXT(client_at("timezone"), "Asia/Shanghai");
    CHECK_TEXT(client_at("misfire"), "once");
    CHECK_TEXT(client_at("next_run"), "2026-03-02T00:00:00.000Z");
    CHECK_TEXT(client_at("next_runs"), "5");
    CHECK_TEXT(client_at("next_runs.4"), "2026-03-06T00:00:00.000Z");
    CHECK_TEXT(client_at("message.user"), CLIENT_USER);
    snprintf(path, sizeof path, "/v1/schedules/%s", client_at("id"));
    client_call("POST", "/v1/schedules", SCHEDULE);
    CHECK_INT(client_status(), 409);
    client_call("PATCH", path, "{\"cron\":\"30 9 * * 1-5\",\"timezone\":\"UTC\"}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("next_run"), "2026-03-02T09:30:00.000Z");
    client_call("GET", path, NULL);
    CHECK_TEXT(client_at("cron"), "30 9 * * 1-5");
    CHECK_TEXT(client_at("name"), "morning");
    client_call("PATCH", path, "{\"paused\":true}");
    CHECK_TEXT(client_at("paused"), "true");
    CHECK_TEXT(client_at("next_runs"), "0");
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 204);
    client_call("GET", path, NULL);
    CHECK_INT(client_status(), 404);
    snprintf(target, sizeof target, "/v1/schedules/%s", "s999");
    client_call("DELETE", target, NULL);
    CHECK_INT(client_status(), 404);
    client_stop();
}

static void schedule_faults_are_named(void)
{
    client_start();
    client_add_app();
    client_call("POST", "/v1/schedules",
                "{\"app\":\"" CLIENT_APP "\",\"name\":\"x\",\"cron\":\"61 * * * *\",\"message\":{"
                "\"user\":\"" CLIENT_USER "\",\"template\":\"" CLIENT_TEMPLATE
                "\",\"data\":{\"keyword1\":\"hi\"}}}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("cron"));
    client_call("POST", "/v1/schedules",
                "{\"app\":\"" CLIENT_APP
                "\",\"name\":\"x\",\"cron\":\"* * * * *\",\"message\":{\"user\":7}}");
    CHECK_INT(client_status(), 400);
    CHECK(client_error("message.user") && client_error("message.template"));
    client_call("POST", "/v1/schedules", "{}");
    CHECK(client_error("app") && client_error("name") && client_error("cron"));
    client_stop();
}

/* The jobs of the service itself: everybody may look, only an admin may touch. */
static void built_in_jobs_are_listed(void)
{
    char path[64], body[96], sender[64];

    client_start();
    client_call("GET", "/v1/schedules", NULL);
    CHECK_INT(client_status(), 200);
    CHECK(client_at("items.0.job"));
    CHECK(client_at("items.0.next_run"));
    CHECK(!client_at("items.0.app"));
    snprintf(path, sizeof path, "/v1/schedules/%s", client_at("items.0.id"));
    snprintf(body, sizeof body, "{\"name\":\"s\",\"scopes\":[\"send\"]}");
    client_call("POST", "/v1/keys", body);
    snprintf(sender, sizeof sender, "%s", client_at("key"));
    client_use_key(sender);
    client_call("PATCH", path, "{\"paused\":true}");
    CHECK_INT(client_status(), 403);
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 403);
    client_use_key(client_admin_key());
    client_call("DELETE", path, NULL);
    CHECK_INT(client_status(), 409);
    client_call("PATCH", path, "{\"name\":\"other\"}");
    CHECK_INT(client_status(), 400);
    client_call("PATCH", path, "{\"cron\":\"5 4 * * *\"}");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("cron"), "5 4 * * *");
    client_stop();
}

static void next_runs_are_told(void)
{
    client_start();
    client_call("GET", "/v1/schedules/next?cron=0+8+*+*+*&timezone=UTC&n=2", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(),
               "{\"runs\":[\"2026-03-01T08:00:00.000Z\",\"2026-03-02T08:00:00.000Z\"]}");
    client_call("GET",
                "/v1/schedules/next?cron=30+2+*+*+*&timezone=Europe/Berlin&n=1"
                "&from=2026-03-29T00:00:00+01:00",
                NULL);
    CHECK_TEXT(client_at("runs.0"), "2026-03-29T01:00:00.000Z");
    client_call("GET", "/v1/schedules/next?cron=*+*+*+*+*&n=1&from=1767225600", NULL);
    CHECK_TEXT(client_at("runs.0"), "2026-01-01T00:01:00.000Z");
    client_call("GET", "/v1/schedules/next?cron=x&timezone=Mars/Base", NULL);
    CHECK_INT(client_status(), 400);
    CHECK(client_error("cron") && client_error("timezone"));
    client_call("GET", "/v1/schedules/next", NULL);
    CHECK(client_error("cron"));
    client_call("GET", "/v1/schedules/next?cron=*+*+*+*+*&n=0", NULL);
    CHECK(client_error("n"));
    client_call("GET", "/v1/schedules/next?cron=*+*+*+*+*&from=yesterday", NULL);
    CHECK(client_error("from"));
    client_stop();
}

#define INTAKE "/index/index/form_id"
#define FORM   "form_id=" CLIENT_FORM_ID "&openId=" CLIENT_USER
#define SECOND "wx0000000000000002"

static void intake(const char *target, const char *body)
{
    client_use_key(NULL);
    client_header("Content-Type", "application/x-www-form-urlencoded");
    client_call("POST", target, body);
    client_use_key(client_admin_key());
}

static void legacy_intake_takes_forms(void)
{
    client_start();
    client_add_app();
    intake(INTAKE, FORM);
    CHECK_INT(client_status(), 404);
    CHECK(strstr(client_at("detail"), "legacy_intake"));
    intake(INTAKE "?app=" CLIENT_APP, FORM);
    CHECK_INT(client_status(), 400);
    CHECK(client_error("app"));
    client_call("PATCH", "/v1/apps/" CLIENT_APP, "{\"legacy_intake\":true}");
    intake(INTAKE, FORM);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), "{\"accepted\":1,\"duplicates\":0}");
    intake(INTAKE "?any=thing", FORM "&also=this");
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_at("duplicates"), "1");
    client_call("GET", "/v1/grants?app=" CLIENT_APP "&user=" CLIENT_USER, NULL);
    CHECK_TEXT(client_at("available"), "1");
    client_call("POST", "/v1/apps",
                "{\"id\":\"" SECOND "\",\"secret\":\"" CLIENT_SECRET "\",\"legacy_intake\":true}");
    intake(INTAKE, FORM);
    CHECK_INT(client_status(), 400);
    CHECK(client_error("app"));
    intake(INTAKE "?app=" SECOND, FORM);
    CHECK_TEXT(client_at("accepted"), "1");
    intake(INTAKE, FORM "&app=" SECOND);
    CHECK_TEXT(client_at("duplicates"), "1");
    client_stop();
}

static void legacy_intake_names_faults(void)
{
    static const struct {
        const char *body, *field;
    } cases[] = {
        {"", "form_id"},
        {"openId=" CLIENT_USER, "form_id"},
        {"form_id=&openId=" CLIENT_USER, "form_id"},
        {"form_id=" CLIENT_FORM_ID, "openId"},
        {"form_id=" CLIENT_FORM_ID "&openid=" CLIENT_USER, "openId"},
        {"form_id=" CLIENT_FORM_ID "&openId=x", "openId"},
        {"form_id=the+formId+is+a+mock+one&openId=" CLIENT_USER, "form_id"},
        {"form_id=undefined&openId=" CLIENT_USER, "form_id"},
        {FORM "&app=wx9", "app"},
    };

    client_start();
    client_add_app();
    client_call("PATCH", "/v1/apps/" CLIENT_APP, "{\"legacy_intake\":true}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        intake(INTAKE, cases[i].body);
        if (client_status() != 400 || !client_error(cases[i].field))
            hy_tap_fail(__FILE__, __LINE__, "case %zu: %d %s", i, client_status(), client_text());
    }
    intake(INTAKE, "form_id=" CLIENT_FORM_ID "&openid=" CLIENT_USER);
    CHECK(strstr(client_text(), "openid was sent instead"));
    intake(INTAKE, "form_id=%zz");
    CHECK_INT(client_status(), 400);
    client_header("Content-Type", "application/json");
    client_call("POST", INTAKE, "{}");
    CHECK_INT(client_status(), 415);
    client_call("GET", "/v1/grants?app=" CLIENT_APP "&user=" CLIENT_USER, NULL);
    CHECK_TEXT(client_at("items"), "0");
    client_stop();
}

static void readiness_writes_to_the_store(void)
{
    client_start();
    client_call("GET", "/readyz", NULL);
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), "{\"status\":\"ready\"}");
    client_call("GET", "/readyz", NULL);
    CHECK_INT(client_status(), 200);
    world_advance(&client_world, 5000);
    client_call("GET", "/readyz", NULL);
    CHECK_INT(client_status(), 200);
    hy_engine_quiesce(client_world.engine);
    client_call("GET", "/readyz", NULL);
    CHECK_INT(client_status(), 503);
    CHECK_TEXT(client_at("type"), "urn:hongyan:problem:not_ready");
    CHECK_TEXT(client_answer_header("Retry-After"), "2");
    client_stop();
}

int main(void)
{
    RUN(apps_show_no_secret);
    RUN(nodes_tell_who_sends);
    RUN(the_largest_lags_are_told);
    RUN(metrics_are_for_prometheus);
    RUN(app_faults_are_named);
    RUN(apps_are_paused_and_resumed);
    RUN(quiet_hours_and_caps_are_settings);
    RUN(apps_are_changed_and_removed);
    RUN(tokens_are_handed_out);
    RUN(schedules_are_kept);
    RUN(schedule_faults_are_named);
    RUN(built_in_jobs_are_listed);
    RUN(next_runs_are_told);
    RUN(legacy_intake_takes_forms);
    RUN(legacy_intake_names_faults);
    RUN(readiness_writes_to_the_store);
    return hy_tap_end();
}

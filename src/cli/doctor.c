/* hongyan doctor: what is wrong with the service, and what to do about it. */
#include "cli/doctor.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/view.h"

#include <string.h>

static const struct hy_column app_columns[] = {
    {.title = "app", .path = "id"},
    {.title = "token until", .path = "status.token.expires_at"},
    {.title = "lane", .path = "lane"},
    {.title = "in flight", .path = "status.in_flight", .right = true},
    {.title = "queued", .path = "messages.queued", .right = true},
    {.title = "waiting", .path = "messages.waiting", .right = true},
    {.title = "unknown", .path = "messages.unknown", .right = true},
    {.title = "failed", .path = "messages.failed", .right = true},
    {0}};

/* One thing that is wrong. */
static void find(json_t *findings, const char *app, const char *what, const char *text,
                 const char *fix)
{
    json_t *finding = json_pack("{s:s, s:s}", "what", what, "text", text);

    if (app)
        json_object_set_new(finding, "app", json_string(app));
    if (fix && *fix)
        json_object_set_new(finding, "fix", json_string(fix));
    json_array_append_new(findings, finding);
}

static const char *at(struct hy_cli *cli, const json_t *object, const char *path)
{
    return hy_text_clean(&cli->arena, hy_view_at(&cli->arena, object, path));
}

/* --- an app ----------------------------------------------------------------------------------- */

static void look_at_token(struct hy_cli *cli, const char *app, const json_t *status,
                          json_t *findings)
{
    const char *error = at(cli, status, "token.error");
    bool alive = *at(cli, status, "token.expires_at") != 0;

    if (*error)
        find(findings, app, "token",
             hy_arena_printf(&cli->arena, "%s: the platform gives no new token: %s",
                             alive ? "soon nothing can be sent" : "nothing can be sent", error),
             "Look at the AppSecret (`hongyan app set`) and the account's list of allowed "
             "addresses.");
}

static void look_at_lane(struct hy_cli *cli, const char *app, const json_t *status,
                         json_t *findings)
{
    if (json_is_true(json_object_get(status, "paused")))
        find(findings, app, "paused",
             hy_arena_printf(&cli->arena, "nothing is sent until %s: %s",
                             at(cli, status, "paused_until"), at(cli, status, "pause_reason")),
             hy_arena_printf(
                 &cli->arena,
                 "It goes on by itself; `hongyan app resume %s` ends the pause at once.", app));
}

static void look_at_alarms(struct hy_cli *cli, const char *app, const json_t *alarms,
                           json_t *findings)
{
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *alarm = json_array_get(alarms, i);

        find(findings, app, at(cli, alarm, "name"),
             hy_arena_printf(&cli->arena, "since %s, %s refusals: %s", at(cli, alarm, "since"),
                             at(cli, alarm, "refusals"), at(cli, alarm, "meaning")),
             at(cli, alarm, "fix"));
    }
}

static void look_at_app(struct hy_cli *cli, json_t *app, const json_t *stats, json_t *findings)
{
    const json_t *status = json_object_get(app, "status");
    const char *id = at(cli, app, "id"), *pause = at(cli, status, "pause_reason");
    const json_t *counts = json_object_get(stats, "apps");

    json_object_set_new(app, "lane", json_string(*pause ? pause : "open"));
    for (size_t i = 0; i < json_array_size(counts); i++) {
        const json_t *one = json_array_get(counts, i);

        if (strcmp(at(cli, one, "app"), id) == 0)
            json_object_set(app, "messages", json_object_get(one, "messages"));
    }
    look_at_token(cli, id, status, findings);
    look_at_lane(cli, id, status, findings);
    look_at_alarms(cli, id, json_object_get(app, "alarms"), findings);
}

/* --- webhooks --------------------------------------------------------------------------------- */

static void look_at_webhook(struct hy_cli *cli, const json_t *webhook, json_t *findings)
{
    const char *id = at(cli, webhook, "id"), *error = at(cli, webhook, "last_error");
    const char *disabled_at = at(cli, webhook, "disabled_at");
    const char *failing_since = at(cli, webhook, "failing_since");

    if (*disabled_at)
        find(
            findings, NULL, "webhook",
            hy_arena_printf(&cli->arena, "%s is told nothing since %s: %s", id, disabled_at, error),
            hy_arena_printf(
                &cli->arena,
                "When its receiver is well: `hongyan webhook enable %s`. If it is gone: "
                "`hongyan webhook remove %s`.",
                id, id));
    else if (*failing_since)
        find(findings, NULL, "webhook",
             hy_arena_printf(&cli->arena, "%s fails since %s: %s; %s wait", id, failing_since,
                             error, at(cli, webhook, "pending")),
             "It is tried again for 3 days, then disabled. Look at its receiver.");
}

/* --- the service ------------------------------------------------------------------------------ */

/* The answer's JSON, owned; null after a fault. */
static json_t *get(struct hy_cli *cli, const char *path, int *ret_code)
{
    struct hy_client_call call = {.method = "GET", .path = path};
    struct hy_client_answer answer;

    *ret_code = hy_client_send(cli, &call, &answer);
    if (*ret_code == HY_EXIT_DONE)
        return answer.json;
    json_decref(answer.json);
    return NULL;
}

/* Only admins may see the list, and mostly there is nothing to see. */
static void look_at_webhooks(struct hy_cli *cli, const json_t *stats, json_t *findings)
{
    HY_JSON_SCOPED json_t *all = NULL;
    const json_t *items;
    int code;

    if (json_integer_value(json_object_get(stats, "webhooks_ailing")) == 0)
        return;
    all = get(cli, "/v1/webhooks", &code);
    if (!all)
        find(findings, NULL, "webhook", "some fail or are disabled",
             "Ask somebody with an admin key.");
    items = json_object_get(all, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        look_at_webhook(cli, json_array_get(items, i), findings);
}

static void show_findings(struct hy_cli *cli, const json_t *findings)
{
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *app = at(cli, finding, "app"), *fix = at(cli, finding, "fix");

        hy_buf_printf(&cli->out, "\n%s%s%s: %s\n", app, *app ? " " : "", at(cli, finding, "what"),
                      at(cli, finding, "text"));
        if (*fix)
            hy_buf_printf(&cli->out, "  %s\n", fix);
    }
    hy_buf_puts(&cli->out, json_array_size(findings) ? "" : "\nall is well\n");
}

static void show(struct hy_cli *cli, bool ready, json_t *apps, json_t *findings)
{
    HY_JSON_SCOPED json_t *all = NULL;

    if (!hy_args_flag(&cli->args, "json")) {
        hy_buf_printf(&cli->out, "server %s: %s\n\n", hy_args_text(&cli->args, "url"),
                      ready ? "ready" : "not ready");
        hy_view_list(&cli->out, &cli->arena, apps, app_columns);
        show_findings(cli, findings);
        return;
    }
    all = json_pack("{s:b, s:b, s:O, s:O}", "ok", json_array_size(findings) == 0, "ready", ready,
                    "findings", findings, "apps", apps);
    hy_buf_printf(&cli->out, "%s\n", hy_json_text(&cli->arena, all));
}

static int examine_service(struct hy_cli *cli)
{
    HY_JSON_SCOPED json_t *findings = json_array();
    HY_JSON_SCOPED json_t *apps = NULL;
    HY_JSON_SCOPED json_t *stats = NULL;
    HY_JSON_SCOPED json_t *ready = NULL;
    json_t *items;
    int code;

    apps = get(cli, "/v1/apps", &code);
    if (!apps)
        return code;
    stats = get(cli, "/v1/stats", &code);
    ready = get(cli, "/readyz", &code);
    if (!ready)
        find(findings, NULL, "server", "it says that it is not ready", NULL);
    items = json_object_get(apps, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        look_at_app(cli, json_array_get(items, i), stats, findings);
    look_at_webhooks(cli, stats, findings);
    show(cli, ready != NULL, items, findings);
    return json_array_size(findings) ? HY_EXIT_FAILED : HY_EXIT_DONE;
}

static const struct hy_option user_options[] = {
    {.name = "app", .value = "ID", .required = true, .help = "whose user it is"},
    {.name = "user", .value = "OPENID", .required = true, .help = "who did not get it"},
    {.name = "template", .field = "template", .value = "ID", .help = "only this template"},
    {.name = "limit",
     .type = HY_OPTION_INT,
     .min = 1,
     .max = 1000,
     .field = "limit",
     .help = "so many steps of the story at most (default 100)"},
    {0}};

const struct hy_command hy_commands_doctor[] = {
    {.group = "doctor",
     .name = "service",
     .summary = "look at server, apps, tokens, lanes, webhooks and alarms; ends with 1 if "
                "something is wrong",
     .details = "`hongyan doctor` alone does the same.",
     .run = examine_service},
    {.group = "doctor",
     .name = "user",
     .summary =
         "tell a user's story: what was permitted and sent, and why the last message did not "
         "come",
     .options = user_options,
     .run = hy_doctor_user},
    {0}};

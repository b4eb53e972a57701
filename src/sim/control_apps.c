/* Apps: made, changed, listed. */
#include "sim/calls.h"
#include "sim/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct app_want {
    const char *appid, *secret;
    int legacy;
    bool frozen, msgid;
    json_t *push, *ip_whitelist, *pages, *sensitive, *limits;
};

enum {
    F_APPID,
    F_SECRET,
    F_LEGACY,
    F_FROZEN,
    F_MSGID,
    F_PUSH,
    F_IPS,
    F_PAGES,
    F_SENSITIVE,
    F_LIMITS
};

static const char *const legacy_names[] = {"retired", "alive", NULL};

static const struct hy_json_field app_fields[] = {
    [F_APPID] = {.name = "appid",
                 .type = HY_JSON_TEXT,
                 .offset = offsetof(struct app_want, appid),
                 .required = true,
                 .max = HY_SIM_APPID_MAX},
    [F_SECRET] = {.name = "secret",
                  .type = HY_JSON_TEXT,
                  .offset = offsetof(struct app_want, secret),
                  .secret = true,
                  .max = HY_SIM_SECRET_MAX},
    [F_LEGACY] = {.name = "legacy",
                  .type = HY_JSON_ENUM,
                  .offset = offsetof(struct app_want, legacy),
                  .choices = legacy_names},
    [F_FROZEN] = {.name = "secret_frozen",
                  .type = HY_JSON_BOOL,
                  .offset = offsetof(struct app_want, frozen)},
    [F_MSGID] = {.name = "msgid", .type = HY_JSON_BOOL, .offset = offsetof(struct app_want, msgid)},
    [F_PUSH] = {.name = "push", .type = HY_JSON_OBJECT, .offset = offsetof(struct app_want, push)},
    [F_IPS] = {.name = "ip_whitelist",
               .type = HY_JSON_ARRAY,
               .offset = offsetof(struct app_want, ip_whitelist),
               .max = 200},
    [F_PAGES] = {.name = "pages",
                 .type = HY_JSON_ARRAY,
                 .offset = offsetof(struct app_want, pages),
                 .max = 10000},
    [F_SENSITIVE] = {.name = "sensitive_words",
                     .type = HY_JSON_ARRAY,
                     .offset = offsetof(struct app_want, sensitive),
                     .max = 1000},
    [F_LIMITS] = {.name = "limits",
                  .type = HY_JSON_OBJECT,
                  .offset = offsetof(struct app_want, limits)},
    {0}};

/* {"/cgi-bin/token":2000,...}: calls a day; null gives the usual limit back. */
static void read_limits(struct hy_sim_control *c, json_t *object, int64_t limits[HY_SIM_CALLS_MAX])
{
    const char *path;
    json_t *value;

    json_object_foreach(object, path, value)
    {
        const struct hy_sim_call *call = hy_sim_call_find(path);
        char field[160];

        snprintf(field, sizeof field, "limits.%.140s", path);
        if (!call)
            hy_violations_add(c->faults, field, "known", NULL, NULL,
                              "The platform has no such path.");
        else if (json_is_null(value))
            limits[hy_sim_call_index(call)] = -1;
        else if (!json_is_integer(value) || json_integer_value(value) < 0)
            hy_violations_add(c->faults, field, "range", NULL, NULL,
                              "A limit is a number of calls a day, 0 or more, or null.");
        else
            limits[hy_sim_call_index(call)] = json_integer_value(value);
    }
}

/* What is to be changed, checked and copied before the first change. */
struct app_change {
    uint32_t present;
    struct app_want want;
    struct hy_sim_push push;
    bool no_push, verify;
    hy_sim_texts ip_whitelist, pages, sensitive;
    int64_t limits[HY_SIM_CALLS_MAX];
};

static void read_change(struct hy_sim_control *c, const struct hy_sim_app *app,
                        struct app_change *change)
{
    const struct app_want *want = &change->want;

    if (want->push)
        hy_sim_control_push_read(c, want->push, &change->push, &change->verify);
    change->no_push = json_is_null(json_object_get(c->body, "push"));
    if (want->ip_whitelist)
        change->ip_whitelist = hy_sim_control_texts(c, "ip_whitelist", want->ip_whitelist);
    if (want->pages)
        change->pages = hy_sim_control_texts(c, "pages", want->pages);
    if (want->sensitive)
        change->sensitive = hy_sim_control_texts(c, "sensitive_words", want->sensitive);
    if (app)
        memcpy(change->limits, app->day_limit, sizeof change->limits);
    else
        memset(change->limits, -1, sizeof change->limits);
    read_limits(c, want->limits, change->limits);
    if (!app && !want->secret)
        hy_violations_add(c->faults, "secret", "required", NULL, NULL,
                          "secret is required for a new app.");
}

static bool has(const struct app_change *change, int field)
{
    return change->present & (1u << field);
}

static void apply(struct hy_sim_app *app, const struct app_change *change)
{
    const struct app_want *want = &change->want;

    if (has(change, F_SECRET)) {
        memset(app->secret, 0, sizeof app->secret);
        memcpy(app->secret, want->secret, strlen(want->secret));
    }
    if (has(change, F_LEGACY))
        app->legacy_alive = want->legacy == 1;
    if (has(change, F_FROZEN))
        app->secret_frozen = want->frozen;
    if (has(change, F_MSGID))
        app->tells_msgid = want->msgid;
    if (has(change, F_SENSITIVE))
        app->sensitive = change->sensitive;
    if (change->no_push || (has(change, F_PUSH) && !change->verify))
        app->push = change->push;
    if (has(change, F_IPS))
        app->ip_whitelist = change->ip_whitelist[0] ? change->ip_whitelist : NULL;
    if (has(change, F_PAGES))
        app->pages = change->pages[0] ? change->pages : NULL;
    memcpy(app->day_limit, change->limits, sizeof change->limits);
}

static void put_app(struct hy_buf *out, const struct hy_sim_app *app)
{
    hy_buf_puts(out, "{\"appid\":");
    hy_sim_put_text(out, app->appid);
    hy_buf_printf(out,
                  ",\"original_id\":\"%s\",\"legacy\":\"%s\",\"secret_frozen\":%s,\"msgid\":%s"
                  ",\"users\":%" PRId64 ",\"push\":",
                  app->original_id, legacy_names[app->legacy_alive],
                  app->secret_frozen ? "true" : "false", app->tells_msgid ? "true" : "false",
                  app->user_count);
    hy_sim_control_push_print(&app->push, out);
    hy_buf_putc(out, '}');
}

/* An empty list of pages or addresses lifts the restriction; a push of null ends it. */
void hy_sim_control_apps_put(struct hy_sim_control *c)
{
    struct app_change change = {.push = {.sent_delay_ms = HY_SIM_SENT_DELAY_MS}};
    struct hy_sim_app *app;

    change.present = hy_json_read(c->body, app_fields, &change.want, c->faults);
    app = hy_sim_table_find(&c->sim->apps, change.want.appid);
    read_change(c, app, &change);
    if (hy_violations_any(c->faults))
        return;
    if (!app)
        app = hy_sim_app_add(c->sim, change.want.appid, change.want.secret);
    if (!app) {
        hy_sim_control_no_memory(c);
        return;
    }
    apply(app, &change);
    if (change.verify)
        hy_sim_control_push_verify_then_set(c, app, &change.push);
    else
        put_app(c->out, app);
}

void hy_sim_control_apps_list(struct hy_sim_control *c)
{
    hy_buf_puts(c->out, "{\"apps\":[");
    for (const struct hy_sim_app *app = c->sim->first_app; app; app = app->next) {
        if (app != c->sim->first_app)
            hy_buf_putc(c->out, ',');
        put_app(c->out, app);
    }
    hy_buf_puts(c->out, "]}");
}

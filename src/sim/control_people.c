/* People: users, their logins, the forms they submit and what they pay. */
#include "net/httpd.h"
#include "sim/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { USERS_MAX = 1000000, RECEIPTS_MAX = 1000000, LIST_DEFAULT = 100, LIST_MAX = 1000 };

struct people_want {
    const char *appid, *openid;
    json_t *openids;
    int64_t count;
};

#define APPID_FIELD                                                                                \
    {                                                                                              \
        .name = "appid", .type = HY_JSON_TEXT, .offset = offsetof(struct people_want, appid),      \
        .required = true                                                                           \
    }
#define OPENID_FIELD                                                                               \
    {                                                                                              \
        .name = "openid", .type = HY_JSON_TEXT, .offset = offsetof(struct people_want, openid)     \
    }
#define OPENIDS_FIELD                                                                              \
    {                                                                                              \
        .name = "openids", .type = HY_JSON_ARRAY, .offset = offsetof(struct people_want, openids), \
        .min = 1                                                                                   \
    }
#define COUNT_FIELD(word, most)                                                                    \
    {                                                                                              \
        .name = word, .type = HY_JSON_INT, .offset = offsetof(struct people_want, count),          \
        .min = 1, .max = most                                                                      \
    }

/* --- users and logins ------------------------------------------------------------------------- */

static const struct hy_json_field users_fields[] = {
    APPID_FIELD, COUNT_FIELD("count", USERS_MAX), {0}};

void hy_sim_control_users_add(struct hy_sim_control *c)
{
    struct people_want want = {.count = 1};
    struct hy_sim_app *app;

    hy_json_read(c->body, users_fields, &want, c->faults);
    app = hy_sim_control_app(c, want.appid);
    if (hy_violations_any(c->faults))
        return;
    for (int64_t i = 0; i < want.count; i++) {
        const struct hy_sim_user *user = hy_sim_user_add(c->sim, app);

        if (!user) {
            hy_sim_control_no_memory(c);
            return;
        }
        if (i == 0)
            hy_buf_printf(c->out, "{\"openid\":\"%s\",\"openids\":[", user->openid);
        hy_buf_puts(c->out, i ? ",\"" : "\"");
        hy_buf_puts(c->out, user->openid);
        hy_buf_putc(c->out, '"');
    }
    hy_buf_puts(c->out, "]}");
}

/* The newest users of an app; `limit` of them. */
void hy_sim_control_users_list(struct hy_sim_control *c)
{
    const struct hy_sim_app *app = hy_sim_control_app(c, hy_httpd_query(c->req, "appid"));
    const char *limit_text = hy_httpd_query(c->req, "limit");
    const struct hy_sim_user *user = app ? app->users : NULL;
    long limit = limit_text ? strtol(limit_text, NULL, 10) : LIST_DEFAULT;

    if (limit < 1 || limit > LIST_MAX)
        hy_violations_add(c->faults, "limit", "range", "1..1000", NULL, "limit must be 1 to 1000.");
    if (hy_violations_any(c->faults))
        return;
    hy_buf_printf(c->out, "{\"total\":%" PRId64 ",\"users\":[", app->user_count);
    for (long i = 0; user && i < limit; i++, user = user->next)
        hy_buf_printf(c->out, "%s{\"openid\":\"%s\",\"messages\":%u}", i ? "," : "", user->openid,
                      user->phone.received);
    hy_buf_puts(c->out, "]}");
}

static const struct hy_json_field login_fields[] = {APPID_FIELD, OPENID_FIELD, {0}};

void hy_sim_control_login(struct hy_sim_control *c)
{
    struct people_want want = {0};
    const struct hy_sim_login *login;
    struct hy_sim_user *user;

    hy_json_read(c->body, login_fields, &want, c->faults);
    user = hy_sim_control_user(c, hy_sim_control_app(c, want.appid), want.openid);
    if (hy_violations_any(c->faults))
        return;
    login = hy_sim_login_add(c->sim, user);
    if (login)
        hy_buf_printf(c->out, "{\"code\":\"%s\"}", login->code);
    else
        hy_sim_control_no_memory(c);
}

/* --- one person or many ----------------------------------------------------------------------- */

struct hy_sim_user **hy_sim_control_users(struct hy_sim_control *c, const struct hy_sim_app *app,
                                          const char *openid, const json_t *openids,
                                          size_t *ret_count)
{
    size_t count = openids ? json_array_size(openids) : 1;
    struct hy_sim_user **users =
        hy_arena_array(c->faults->arena, count, sizeof(struct hy_sim_user *));

    if (!users)
        hy_sim_control_no_memory(c);
    else if (!openids)
        users[0] = hy_sim_control_user(c, app, openid);
    else if (openid)
        hy_violations_add(c->faults, "openids", "exclusive", NULL, NULL,
                          "openid and openids exclude each other.");
    for (size_t i = 0; users && openids && app && i < count; i++) {
        users[i] = hy_sim_user_find(c->sim, app, json_string_value(json_array_get(openids, i)));
        if (!users[i])
            hy_violations_add(c->faults, "openids", "known", NULL, NULL,
                              "openids[%zu] is no user of the app.", i);
    }
    *ret_count = count;
    return hy_violations_any(c->faults) ? NULL : users;
}

/* --- receipts --------------------------------------------------------------------------------- */

static const struct hy_json_field receipt_fields[] = {
    APPID_FIELD, OPENID_FIELD, OPENIDS_FIELD, COUNT_FIELD("count", RECEIPTS_MAX), {0}};

/* `count` receipts for each user: {"form_id":first,"form_ids":[all]}. */
static void make_receipts(struct hy_sim_control *c, const char *word, bool payment)
{
    struct people_want want = {.count = 1};
    struct hy_sim_user **users;
    size_t user_count, total;

    hy_json_read(c->body, receipt_fields, &want, c->faults);
    users = hy_sim_control_users(c, hy_sim_control_app(c, want.appid), want.openid, want.openids,
                                 &user_count);
    total = user_count * (size_t)want.count;
    if (users && total > RECEIPTS_MAX)
        hy_violations_add(c->faults, "count", "range", "1000000", NULL,
                          "At most 1000000 receipts a call.");
    for (size_t i = 0; i < total && !hy_violations_any(c->faults); i++) {
        const struct hy_sim_receipt *receipt =
            hy_sim_receipt_add(c->sim, users[i / (size_t)want.count], payment);

        if (!receipt) {
            hy_sim_control_no_memory(c);
            return;
        }
        if (i == 0)
            hy_buf_printf(c->out, "{\"%s\":\"%s\",\"%ss\":[", word, receipt->id, word);
        hy_buf_puts(c->out, i ? ",\"" : "\"");
        hy_buf_puts(c->out, receipt->id);
        hy_buf_putc(c->out, '"');
    }
    hy_buf_puts(c->out, "]}");
}

void hy_sim_control_forms(struct hy_sim_control *c)
{
    make_receipts(c, "form_id", false);
}

void hy_sim_control_payments(struct hy_sim_control *c)
{
    make_receipts(c, "prepay_id", true);
}

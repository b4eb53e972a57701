/* People: users, their logins, the forms they submit, what they pay and what they allow. */
#include "net/httpd.h"
#include "sim/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { USERS_MAX = 1000000, RECEIPTS_MAX = 1000000, LIST_DEFAULT = 100, LIST_MAX = 1000 };

struct people_want {
    const char *appid, *openid;
    json_t *openids, *choices;
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

/* The users that openid or openids name, in a list of the request's arena; null after a fault. */
static struct hy_sim_user **read_users(struct hy_sim_control *c, const struct hy_sim_app *app,
                                       const struct people_want *want, size_t *ret_count)
{
    size_t count = want->openids ? json_array_size(want->openids) : 1;
    struct hy_sim_user **users =
        hy_arena_array(c->faults->arena, count, sizeof(struct hy_sim_user *));

    if (!users)
        hy_sim_control_no_memory(c);
    else if (!want->openids)
        users[0] = hy_sim_control_user(c, app, want->openid);
    else if (want->openid)
        hy_violations_add(c->faults, "openids", "exclusive", NULL, NULL,
                          "openid and openids exclude each other.");
    for (size_t i = 0; users && want->openids && app && i < count; i++) {
        users[i] =
            hy_sim_user_find(c->sim, app, json_string_value(json_array_get(want->openids, i)));
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
    users = read_users(c, hy_sim_control_app(c, want.appid), &want, &user_count);
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

/* --- subscriptions ---------------------------------------------------------------------------- */

enum choice { CHOICE_ACCEPT, CHOICE_REJECT, CHOICE_WITHDRAW, CHOICE_NONE };
enum { TIMES_MAX = 1000000 };

static const char *const choice_names[] = {"accept", "reject", "withdraw", NULL};

static const struct hy_json_field subscribe_fields[] = {
    APPID_FIELD,
    OPENID_FIELD,
    OPENIDS_FIELD,
    COUNT_FIELD("times", TIMES_MAX),
    {.name = "choices",
     .type = HY_JSON_OBJECT,
     .offset = offsetof(struct people_want, choices),
     .required = true},
    {0}};

static enum choice read_choice(const json_t *value)
{
    const char *text = json_string_value(value);
    enum choice choice = CHOICE_ACCEPT;

    while (choice < CHOICE_NONE && (!text || strcmp(text, choice_names[choice]) != 0))
        choice++;
    return choice;
}

static void check_choices(struct hy_sim_control *c, const struct hy_sim_app *app, json_t *choices)
{
    const char *template_id;
    json_t *value;

    if (choices && json_object_size(choices) == 0)
        hy_violations_add(c->faults, "choices", "not_empty", NULL, NULL,
                          "choices must name a template.");
    json_object_foreach(choices, template_id, value)
    {
        const struct hy_sim_template *tpl =
            app ? hy_sim_template_find(c->sim, app, template_id) : NULL;

        if (app && (!tpl || tpl->type == HY_SIM_TEMPLATE_LEGACY))
            hy_violations_add(c->faults, "choices", "known", NULL, NULL,
                              "The app has no subscribe template %.43s.", template_id);
        if (read_choice(value) == CHOICE_NONE)
            hy_violations_add(c->faults, "choices", "one_of", "accept, reject, withdraw", NULL,
                              "A choice is accept, reject or withdraw.");
    }
}

/* A refusal in the pop-up adds nothing; turning a template off in the settings voids what was
 * allowed; the next accept turns it on again. */
static bool choose(struct hy_sim_user *user, struct hy_sim_template *tpl, enum choice choice,
                   int64_t times)
{
    struct hy_sim_permit *permit = hy_sim_permit_of(user, tpl, true);

    if (!permit)
        return false;
    if (choice == CHOICE_ACCEPT) {
        permit->withdrawn = false;
        permit->accepts += tpl->type == HY_SIM_TEMPLATE_ONCE ? times : 0;
        permit->always = tpl->type == HY_SIM_TEMPLATE_ALWAYS;
    } else if (choice == CHOICE_WITHDRAW) {
        *permit = (struct hy_sim_permit){.next = permit->next, .tpl = tpl, .withdrawn = true};
    }
    return true;
}

/* What one person has for the templates just chosen: {"TEMPLATE":uses,...}; long-term is true. */
static void put_permits(struct hy_sim_control *c, const struct hy_sim_app *app,
                        struct hy_sim_user *user, json_t *choices)
{
    const char *template_id, *comma = "";
    json_t *value;

    hy_buf_puts(c->out, "{\"available\":{");
    json_object_foreach(choices, template_id, value)
    {
        const struct hy_sim_permit *permit =
            hy_sim_permit_of(user, hy_sim_template_find(c->sim, app, template_id), false);

        hy_buf_puts(c->out, comma);
        hy_sim_put_text(c->out, template_id);
        if (permit && permit->always)
            hy_buf_puts(c->out, ":true");
        else
            hy_buf_printf(c->out, ":%" PRId64, permit ? permit->accepts : 0);
        comma = ",";
    }
    hy_buf_puts(c->out, "}}");
}

void hy_sim_control_subscribe(struct hy_sim_control *c)
{
    struct people_want want = {.count = 1};
    struct hy_sim_user **users;
    struct hy_sim_app *app;
    const char *template_id;
    json_t *value;
    size_t count;

    hy_json_read(c->body, subscribe_fields, &want, c->faults);
    app = hy_sim_control_app(c, want.appid);
    check_choices(c, app, want.choices);
    users = read_users(c, app, &want, &count);
    for (size_t i = 0; users && i < count; i++) {
        json_object_foreach(want.choices, template_id, value)
        {
            if (!choose(users[i], hy_sim_template_find(c->sim, app, template_id),
                        read_choice(value), want.count)) {
                hy_sim_control_no_memory(c);
                return;
            }
        }
    }
    if (users)
        put_permits(c, app, users[0], want.choices);
}

/* Message push: the question who a server is, events by hand, what was pushed. */
#include "net/httpd.h"
#include "sim/control.h"
#include "sim/events.h"
#include "sim/post.h"
#include "sim/pusher.h"

#include <inttypes.h>
#include <string.h>

enum { EVENT_MAX = 128, URL_MAX_BYTES = 8192 };

/* --- asking who a server is ------------------------------------------------------------------- */

/* A question whose answer a caller of the control side waits for; in that request's arena. */
struct question {
    struct hy_sim *sim;
    struct hy_httpd_request *req;
    uint64_t epoch; /* `app` and `push` are gone when a reset came between */
    struct hy_sim_app *app;
    struct hy_sim_push push;
    struct hy_sim_push_check check;
};

static void put_check(const struct hy_sim_push_check *check, struct hy_buf *out)
{
    hy_buf_printf(out,
                  "{\"verified\":%s,\"status\":%d,\"answer\":", check->verified ? "true" : "false",
                  check->status);
    hy_sim_put_text(out, check->answer);
    hy_buf_puts(out, ",\"error\":");
    hy_sim_put_text(out, check->error[0] ? check->error : NULL);
}

static void on_told(struct hy_httpd_request *req, void *arg)
{
    static const struct hy_sim_push none = {0};
    struct question *q = arg;
    struct hy_buf *out = &q->sim->out;

    bool same = q->epoch == q->sim->epoch;

    if (q->check.verified && same)
        q->app->push = q->push;
    hy_buf_clear(out);
    put_check(&q->check, out);
    hy_buf_puts(out, ",\"push\":");
    hy_sim_control_push_print(same ? &q->app->push : &none, out);
    hy_buf_putc(out, '}');
    hy_httpd_reply(req, 200, "application/json", hy_buf_text(out), out->size);
}

static void wake(void *arg)
{
    const struct question *q = arg;

    hy_httpd_wake(q->req);
}

void hy_sim_control_push_verify_then_set(struct hy_sim_control *c, struct hy_sim_app *app,
                                         const struct hy_sim_push *push)
{
    struct question *q = hy_arena_alloc(hy_httpd_arena(c->req), sizeof *q);
    char echostr[HY_SIM_ECHOSTR_BYTES];
    struct hy_buf url;

    hy_buf_init(&url, URL_MAX_BYTES);
    hy_sim_echostr(&c->sim->ids, echostr);
    hy_sim_post_put_question(c->sim, push, echostr, &url);
    if (q && hy_buf_ok(&url)) {
        *q = (struct question){
            .sim = c->sim, .req = c->req, .epoch = c->sim->epoch, .app = app, .push = *push};
        c->deferred = true;
        hy_httpd_defer(c->req, on_told, q);
        hy_sim_pusher_check(c->sim->pusher, url.data, echostr, &q->check, wake, q);
    } else {
        hy_sim_control_no_memory(c);
    }
    hy_buf_deinit(&url);
}

/* --- by hand ---------------------------------------------------------------------------------- */

struct event_want {
    const char *appid, *openid, *event;
    json_t *members;
    int64_t create_time_s;
};

#define APPID_FIELD                                                                                \
    {                                                                                              \
        .name = "appid", .type = HY_JSON_TEXT, .offset = offsetof(struct event_want, appid),       \
        .required = true                                                                           \
    }

static const struct hy_json_field event_fields[] = {
    APPID_FIELD,
    {.name = "openid",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct event_want, openid),
     .required = true,
     .max = 128},
    {.name = "event",
     .type = HY_JSON_TEXT,
     .offset = offsetof(struct event_want, event),
     .required = true,
     .max = EVENT_MAX},
    {.name = "members", .type = HY_JSON_OBJECT, .offset = offsetof(struct event_want, members)},
    {.name = "create_time",
     .type = HY_JSON_INT,
     .offset = offsetof(struct event_want, create_time_s),
     .min = 1,
     .max = INT64_C(100000000000)},
    {0}};

/* Names that are no XML elements are refused in JSON too: an event can be pushed in both. */
static void check_names(struct hy_sim_control *c, json_t *value)
{
    const char *name;
    json_t *inner;

    for (size_t i = 0; i < json_array_size(value); i++)
        check_names(c, json_array_get(value, i));
    json_object_foreach(value, name, inner)
    {
        if (!hy_sim_post_name_ok(name))
            hy_violations_add(c->faults, "members", "pattern", NULL, NULL,
                              "\"%.60s\" cannot be the name of an XML element.", name);
        check_names(c, inner);
    }
}

/* Null after a fault. */
static struct hy_sim_app *app_with_push(struct hy_sim_control *c, const char *appid)
{
    struct hy_sim_app *app = hy_sim_control_app(c, appid);

    if (!app || app->push.url)
        return app;
    hy_violations_add(c->faults, "appid", "push", NULL, NULL, "The app has no push set.");
    return NULL;
}

void hy_sim_control_push(struct hy_sim_control *c)
{
    struct event_want want = {0};
    struct hy_sim_app *app;

    hy_json_read(c->body, event_fields, &want, c->faults);
    app = app_with_push(c, want.appid);
    check_names(c, want.members);
    if (hy_violations_any(c->faults))
        return;
    hy_sim_event_other(c->sim, app, want.openid, want.event, want.members, want.create_time_s);
    hy_buf_printf(c->out, "{\"pushes\":%" PRId64 "}", 1 + app->push.duplicate);
}

static const struct hy_json_field verify_fields[] = {APPID_FIELD, {0}};

void hy_sim_control_push_verify(struct hy_sim_control *c)
{
    struct event_want want = {0};
    struct hy_sim_app *app;

    hy_json_read(c->body, verify_fields, &want, c->faults);
    app = app_with_push(c, want.appid);
    if (!hy_violations_any(c->faults))
        hy_sim_control_push_verify_then_set(c, app, &app->push);
}

void hy_sim_control_pushes(struct hy_sim_control *c)
{
    const char *appid = hy_httpd_query(c->req, "appid");

    if (appid && !hy_sim_control_app(c, appid))
        return;
    hy_buf_puts(c->out, "{\"pushes\":");
    hy_sim_pusher_print(c->sim->pusher, appid, c->out);
    hy_buf_putc(c->out, '}');
}

#include "sim/control.h"

#include "net/httpd.h"
#include "net/router.h"
#include "sim/page.h"

#include <string.h>

static void show_page(struct hy_sim_control *c)
{
    c->content_type = "text/html; charset=utf-8";
    hy_buf_append(c->out, hy_sim_page, hy_sim_page_size);
}

struct verb {
    void (*run)(struct hy_sim_control *c);
};

#define VERB(function)                                                                             \
    &(const struct verb)                                                                           \
    {                                                                                              \
        function                                                                                   \
    }

static const struct hy_route routes[] = {
    {.method = "POST", .pattern = "/sim/apps", .data = VERB(hy_sim_control_apps_put)},
    {.method = "GET", .pattern = "/sim/apps", .data = VERB(hy_sim_control_apps_list)},
    {.method = "POST", .pattern = "/sim/templates", .data = VERB(hy_sim_control_templates_add)},
    {.method = "GET", .pattern = "/sim/templates", .data = VERB(hy_sim_control_templates_list)},
    {.method = "POST", .pattern = "/sim/users", .data = VERB(hy_sim_control_users_add)},
    {.method = "GET", .pattern = "/sim/users", .data = VERB(hy_sim_control_users_list)},
    {.method = "POST", .pattern = "/sim/login", .data = VERB(hy_sim_control_login)},
    {.method = "POST", .pattern = "/sim/forms", .data = VERB(hy_sim_control_forms)},
    {.method = "POST", .pattern = "/sim/payments", .data = VERB(hy_sim_control_payments)},
    {.method = "POST", .pattern = "/sim/subscribe", .data = VERB(hy_sim_control_subscribe)},
    {.method = "POST", .pattern = "/sim/push", .data = VERB(hy_sim_control_push)},
    {.method = "POST", .pattern = "/sim/push/verify", .data = VERB(hy_sim_control_push_verify)},
    {.method = "GET", .pattern = "/sim/pushes", .data = VERB(hy_sim_control_pushes)},
    {.method = "GET", .pattern = "/sim/phone", .data = VERB(hy_sim_control_phone)},
    {.method = "POST", .pattern = "/sim/faults", .data = VERB(hy_sim_control_faults_add)},
    {.method = "DELETE", .pattern = "/sim/faults", .data = VERB(hy_sim_control_faults_remove)},
    {.method = "GET", .pattern = "/sim/faults", .data = VERB(hy_sim_control_faults_list)},
    {.method = "POST", .pattern = "/sim/clock", .data = VERB(hy_sim_control_clock_advance)},
    {.method = "GET", .pattern = "/sim/clock", .data = VERB(hy_sim_control_clock)},
    {.method = "GET", .pattern = "/sim/stats", .data = VERB(hy_sim_control_stats)},
    {.method = "POST", .pattern = "/sim/reset", .data = VERB(hy_sim_control_reset)},
    {.method = "GET", .pattern = "/sim", .data = VERB(show_page)},
    {.method = "GET", .pattern = "/sim/", .data = VERB(show_page)},
    {0}};

/* --- what verbs share ------------------------------------------------------------------------- */

struct hy_sim_app *hy_sim_control_app(struct hy_sim_control *c, const char *appid)
{
    struct hy_sim_app *app = hy_sim_table_find(&c->sim->apps, appid);

    if (!appid && hy_violations_any(c->faults))
        return NULL; /* its absence is among the faults already */
    if (!appid)
        hy_violations_add(c->faults, "appid", "required", NULL, NULL, "appid is required.");
    else if (!app)
        hy_violations_add(c->faults, "appid", "known", NULL, NULL, "There is no such app.");
    return app;
}

struct hy_sim_user *hy_sim_control_user(struct hy_sim_control *c, const struct hy_sim_app *app,
                                        const char *openid)
{
    struct hy_sim_user *user = app ? hy_sim_user_find(c->sim, app, openid) : NULL;

    if (app && !openid)
        hy_violations_add(c->faults, "openid", "required", NULL, NULL, "openid is required.");
    else if (app && !user)
        hy_violations_add(c->faults, "openid", "known", NULL, NULL,
                          "The app has no user with this openid.");
    return user;
}

void hy_sim_control_no_memory(struct hy_sim_control *c)
{
    hy_violations_add(c->faults, "", "memory", NULL, NULL, "The simulator is out of memory.");
}

const char *hy_sim_control_keep(struct hy_sim_control *c, const char *text)
{
    const char *kept = hy_arena_strdup(&c->sim->arena, text);

    if (text && !kept)
        hy_sim_control_no_memory(c);
    return kept;
}

hy_sim_texts hy_sim_control_texts(struct hy_sim_control *c, const char *field, const json_t *values)
{
    size_t count = json_array_size(values);
    const char **texts = hy_arena_array(&c->sim->arena, count + 1, sizeof *texts);

    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(values, i));

        if (!text || !*text) {
            hy_violations_add(c->faults, field, "texts", NULL, NULL,
                              "%s must hold texts that are not empty.", field);
            return NULL;
        }
        if (texts)
            texts[i] = hy_sim_control_keep(c, text);
    }
    if (!texts)
        hy_sim_control_no_memory(c);
    return texts;
}

/* --- serving ---------------------------------------------------------------------------------- */

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
           strncmp(address, "::ffff:127.", 11) == 0;
}

static void put_violation(struct hy_buf *out, const struct hy_violation *v)
{
    hy_buf_puts(out, "{\"field\":");
    hy_sim_put_text(out, v->field);
    hy_buf_puts(out, ",\"rule\":");
    hy_sim_put_text(out, v->rule);
    if (v->limit) {
        hy_buf_puts(out, ",\"limit\":");
        hy_sim_put_text(out, v->limit);
    }
    if (v->actual) {
        hy_buf_puts(out, ",\"actual\":");
        hy_sim_put_text(out, v->actual);
    }
    hy_buf_puts(out, ",\"message\":");
    hy_sim_put_text(out, v->message);
    hy_buf_putc(out, '}');
}

static void reply_problem(struct hy_sim *sim, struct hy_httpd_request *req, int status,
                          const char *title, const char *detail, const struct hy_violations *v)
{
    struct hy_buf *out = &sim->out;

    hy_buf_clear(out);
    hy_buf_printf(
        out, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":", title, status);
    hy_sim_put_text(out, detail);
    hy_buf_puts(out, ",\"errors\":[");
    for (size_t i = 0; v && i < v->count; i++) {
        if (i)
            hy_buf_putc(out, ',');
        put_violation(out, &v->items[i]);
    }
    hy_buf_puts(out, "]}");
    hy_httpd_reply(req, status, "application/problem+json", hy_buf_text(out), out->size);
}

static void run_verb(struct hy_sim_control *c, const struct verb *verb)
{
    hy_buf_clear(c->out);
    verb->run(c);
    if (c->deferred)
        return;
    if (!hy_violations_any(c->faults) && !hy_buf_ok(c->out))
        hy_sim_control_no_memory(c);
    if (hy_violations_any(c->faults)) {
        reply_problem(c->sim, c->req, 400, "Bad request",
                      c->faults->count ? c->faults->items[0].message : "Too many faults.",
                      c->faults);
        return;
    }
    hy_httpd_reply(c->req, 200, c->content_type, hy_buf_text(c->out), c->out->size);
}

/* Null after an answer. */
static json_t *read_body(struct hy_sim *sim, struct hy_httpd_request *req)
{
    char reason[200];
    size_t size;
    const char *bytes = hy_httpd_body(req, &size);
    json_t *body = size ? hy_json_parse(bytes, size, reason, sizeof reason) : json_object();

    if (!body)
        reply_problem(sim, req, 400, "Bad request", size ? reason : "out of memory", NULL);
    return body;
}

static void serve_route(struct hy_sim *sim, struct hy_httpd_request *req,
                        const struct hy_route *route)
{
    struct hy_violations faults;
    struct hy_sim_control c = {.sim = sim,
                               .req = req,
                               .faults = &faults,
                               .out = &sim->out,
                               .content_type = "application/json"};

    c.body = read_body(sim, req);
    if (!c.body)
        return;
    hy_violations_init(&faults, hy_httpd_arena(req));
    run_verb(&c, route->data);
    json_decref(c.body);
}

void hy_sim_control_serve(struct hy_sim *sim, struct hy_httpd_request *req)
{
    struct hy_route_match match;

    if (!sim->control_open && !is_loopback(hy_httpd_peer(req))) {
        reply_problem(sim, req, 403, "Forbidden", "/sim answers this machine only.", NULL);
    } else if (hy_route_find(routes, hy_httpd_method(req), hy_httpd_path(req), &match)) {
        serve_route(sim, req, match.route);
    } else if (match.allow[0]) {
        hy_httpd_add_header(req, "Allow", match.allow);
        reply_problem(sim, req, 405, "Method not allowed", "This path has other methods.", NULL);
    } else {
        reply_problem(sim, req, 404, "Not found", "There is no such path under /sim.", NULL);
    }
}

#include "sim/exchange.h"

#include "net/httpd.h"
#include "sim/alarm.h"
#include "sim/calls.h"
#include "sim/form.h"

#include <string.h>

static const char content_type[] = "application/json; encoding=utf-8";

/* An answer on its way out; in the request's arena while a latency holds it back. */
struct reply {
    struct hy_sim *sim;
    struct hy_sim_user *user; /* in whose count of sends under way it is; null: none */
    uint64_t epoch;           /* `user` is gone when a reset came between */
    bool abort;
    int status;
    const char *type;
    const char *body;
    size_t size;
};

/* --- judging ---------------------------------------------------------------------------------- */

static int check_json(const struct hy_sim_exchange *x)
{
    size_t size;

    if (x->body)
        return 0;
    hy_httpd_body(x->req, &size);
    return size ? HY_SIM_BAD_JSON : HY_SIM_EMPTY_POST;
}

static int check_method(const struct hy_sim_exchange *x)
{
    unsigned flags = x->call->flags;
    const char *method = hy_httpd_method(x->req);
    const char *wanted = flags & HY_SIM_CALL_POST ? "POST" : "GET";

    if (flags & HY_SIM_CALL_NEWTMPL)
        return strcmp(method, wanted) == 0 ? 0 : HY_SIM_NOT_FOUND;
    return (flags & HY_SIM_CALL_POST) && strcmp(method, wanted) != 0 ? HY_SIM_POST_WANTED : 0;
}

static int judge(struct hy_sim_exchange *x)
{
    unsigned flags;
    int code;

    if (!x->call)
        return HY_SIM_BAD_URL;
    flags = x->call->flags;
    code = check_method(x);
    if (!code && (flags & HY_SIM_CALL_TOKEN))
        code = hy_sim_token_check(x);
    if (!code && (flags & HY_SIM_CALL_LEGACY) && !x->app->legacy_alive)
        code = HY_SIM_RETIRED;
    if (!code && (flags & HY_SIM_CALL_TOKEN))
        code = hy_sim_call_count(x);
    if (!code && (flags & HY_SIM_CALL_JSON))
        code = check_json(x);
    return code ? code : x->call->run(x);
}

/* --- what the answer says --------------------------------------------------------------------- */

static void write_error(struct hy_sim_exchange *x, int code, const char *words)
{
    bool sns = strncmp(hy_httpd_path(x->req), "/sns/", 5) == 0;
    char rid[HY_SIM_RID_BYTES], text[1024];

    hy_sim_rid(&x->sim->ids, x->now_ms, rid);
    snprintf(text, sizeof text, "%.900s%s rid: %s", words, sns ? "," : "", rid);
    hy_buf_clear(x->out);
    hy_buf_printf(x->out, "{\"errcode\":%d,\"errmsg\":", code);
    hy_sim_put_text(x->out, text);
    hy_buf_putc(x->out, '}');
}

static void count_refusal(struct hy_sim_exchange *x, int code)
{
    bool send = x->call && (x->call->flags & HY_SIM_CALL_SEND);

    hy_sim_tally_add(send ? &x->sim->stats.refused : &x->sim->stats.other_refusals, code);
}

/* Runs the call and leaves its answer in x->out. */
static void carry_out(struct hy_sim_exchange *x)
{
    int code = judge(x);

    if (!code && !hy_buf_ok(x->out))
        code = HY_SIM_SYSTEM_ERROR;
    if (!code)
        return;
    count_refusal(x, code);
    write_error(x, code, x->errmsg[0] ? x->errmsg : hy_sim_code_text_of(code));
}

static void write_status(struct hy_sim_exchange *x, int status)
{
    hy_buf_clear(x->out);
    hy_buf_printf(x->out, "<html><body><h1>%d</h1></body></html>", status);
}

/* Puts what the fault wants to be read in place of the true answer. */
static void write_fault(struct hy_sim_exchange *x, const struct hy_sim_fault *fault,
                        struct reply *reply)
{
    const char *words = fault->errmsg ? fault->errmsg : hy_sim_code_text_of(fault->errcode);

    reply->abort = fault->drop != HY_SIM_DROP_NONE;
    reply->status = fault->status ? fault->status : 200;
    if (reply->abort)
        return;
    if (fault->body) {
        hy_buf_clear(x->out);
        hy_buf_puts(x->out, fault->body);
    } else if (fault->has_errcode && fault->errcode) {
        write_error(x, fault->errcode, words);
    } else if (fault->has_errcode) {
        hy_buf_clear(x->out);
        hy_sim_ok(x);
    } else {
        reply->type = "text/html";
        write_status(x, fault->status);
    }
}

static void strike(struct hy_sim_exchange *x, const struct hy_sim_fault *fault, struct reply *reply)
{
    bool send = x->call && (x->call->flags & HY_SIM_CALL_SEND);

    if (fault->drop == HY_SIM_DROP_AFTER || fault->carry_out)
        carry_out(x);
    else if (fault->has_errcode && fault->errcode && fault->drop == HY_SIM_DROP_NONE)
        count_refusal(x, fault->errcode);
    else if (send)
        x->sim->stats.faulted++;
    write_fault(x, fault, reply);
    if (reply->abort)
        x->sim->stats.unanswered++;
}

/* --- coming in and going out ------------------------------------------------------------------ */

static void count_arrival(struct hy_sim_exchange *x)
{
    struct hy_sim_stats *stats = &x->sim->stats;

    stats->requests++;
    if (!x->call)
        return;
    if (x->call->flags & HY_SIM_CALL_MAKES_TOKEN)
        stats->token_calls++;
    if (x->call->run == hy_sim_run_code2session)
        stats->logins++;
    if (!(x->call->flags & HY_SIM_CALL_SEND))
        return;
    stats->sends++;
    x->user = hy_sim_table_find(&x->sim->users, hy_sim_body_text(x, "touser"));
    if (x->user && ++x->user->in_flight > stats->max_in_flight_per_user)
        stats->max_in_flight_per_user = x->user->in_flight;
}

static void finish(struct hy_httpd_request *req, void *arg)
{
    struct reply *reply = arg;

    if (reply->user && reply->epoch == reply->sim->epoch)
        reply->user->in_flight--;
    if (reply->abort)
        hy_httpd_abort(req);
    else
        hy_httpd_reply(req, reply->status, reply->type, reply->body, reply->size);
}

static void wake(void *arg)
{
    hy_httpd_wake(arg);
}

static void hold_back(const struct hy_sim_exchange *x, const struct reply *reply,
                      int64_t latency_ms)
{
    struct hy_arena *arena = hy_httpd_arena(x->req);
    struct reply *held = hy_arena_alloc(arena, sizeof *held);
    char *body = hy_arena_memdup(arena, reply->body, reply->size);

    if (!held || !body) {
        finish(x->req, (void *)reply);
        return;
    }
    *held = *reply;
    held->body = body;
    hy_httpd_defer(x->req, finish, held);
    hy_sim_alarm_add(x->sim->alarm, latency_ms, wake, x->req);
}

/* The appid that faults are matched by: of the token or in the request, known or not. */
static const char *appid_of(const struct hy_sim_exchange *x)
{
    const struct hy_sim_token *token =
        hy_sim_table_find(&x->sim->tokens, hy_httpd_query(x->req, "access_token"));
    const char *appid = hy_httpd_query(x->req, "appid");

    if (token)
        return token->app->appid;
    return appid ? appid : hy_sim_body_text(x, "appid");
}

static json_t *read_body(const struct hy_sim_exchange *x)
{
    size_t size;
    const char *bytes = hy_httpd_body(x->req, &size);
    json_t *body = NULL;

    if (x->call && (x->call->flags & HY_SIM_CALL_JSON) && size)
        body = hy_json_parse(bytes, size, NULL, 0);
    /* What the label says does not count: JSON comes under any. */
    if (!body && size && x->call && (x->call->flags & HY_SIM_CALL_NEWTMPL) && bytes[0] != '{')
        body = hy_sim_form_read(bytes, size);
    if (json_is_object(body))
        return body;
    json_decref(body);
    return NULL;
}

void hy_sim_exchange_serve(struct hy_sim *sim, struct hy_httpd_request *req)
{
    const char *path = hy_httpd_path(req);
    struct hy_sim_exchange x = {.sim = sim, .req = req, .call = hy_sim_call_find(path)};
    struct reply reply = {.sim = sim, .epoch = sim->epoch, .status = 200, .type = content_type};
    struct hy_sim_effect effect = {0};

    x.now_ms = hy_sim_now_ms(sim);
    x.out = &sim->out;
    hy_buf_clear(x.out);
    x.body = read_body(&x);
    count_arrival(&x);
    reply.user = x.user;
    if (sim->faults.first)
        effect = hy_sim_faults_draw(&sim->faults, &sim->ids, path, appid_of(&x));
    if (effect.action)
        strike(&x, effect.action, &reply);
    else
        carry_out(&x);
    json_decref(x.body);
    reply.body = hy_buf_text(x.out);
    reply.size = x.out->size;
    if (effect.latency_ms)
        hold_back(&x, &reply, effect.latency_ms);
    else
        finish(req, &reply);
}

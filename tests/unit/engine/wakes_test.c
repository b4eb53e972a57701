/* When the engine's thread is woken: for what is due before its next turn, once. */
#include "rig.h"
#include "tap.h"

#include "base/instant.h"

static void note_result(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

static void note_report(struct hy_report *report, void *arg)
{
    *(int *)arg = report->deposit.op.result;
}

static void tell_grant(const char *credential)
{
    HY_JSON_SCOPED json_t *body =
        rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','kind':'form_id','credential':'%s'}",
                 credential);
    int result = 1;
    struct hy_report report = {.done = note_report, .arg = &result};

    CHECK_INT(hy_engine_report(rig.engine, body, rig_faults(), &report), 0);
    rig_run();
    CHECK_INT(result, 0);
}

static bool answer(const struct hy_http_request *request, hy_httpc_done *done, void *arg)
{
    static const char token[] = "{\"access_token\":\"T\",\"expires_in\":7200,"
                                "\"errcode\":0,\"errmsg\":\"ok\"}";
    struct hy_http_response response = {
        .outcome = HY_HTTP_ANSWERED, .status = 200, .body = token, .body_size = sizeof token - 1};

    done(&response, arg);
    return true;
}

/* One message, stored; no turn of the engine. Instants in ms from now, 0 = none. */
static void submit(int64_t send_in_ms, int64_t expires_in_ms)
{
    HY_JSON_SCOPED json_t *body =
        rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                 "','data':{'keyword1':'a'},'on_missing':'wait'}");
    struct hy_submission submission = {0};
    struct hy_submit s = {.done = note_result};
    char text[HY_INSTANT_TEXT_BYTES];
    int result = 1;

    if (send_in_ms)
        json_object_set_new(body, "send_at",
                            json_string(hy_instant_print(rig_now_ms + send_in_ms, text)));
    if (expires_in_ms)
        json_object_set_new(body, "expires_at",
                            json_string(hy_instant_print(rig_now_ms + expires_in_ms, text)));
    hy_engine_prepare(rig.engine, body, NULL, NULL, rig_faults(), &submission);
    CHECK(!hy_violations_any(&rig.faults));
    s.arg = &result;
    s.admit.items = &submission.item;
    s.admit.count = 1;
    s.admit.arena = &rig.arena;
    hy_engine_submit(rig.engine, &s);
    hy_store_pump(rig.store);
    CHECK_INT(result, 0);
}

static int64_t turn(void)
{
    return hy_engine_tick(rig.engine, rig_now_ms);
}

/* The engine is at rest until the instant that is returned, at least ten seconds ahead. */
static int64_t rest(void)
{
    int64_t next_ms;

    rig_now_ms += 2000;
    rig_run();
    next_ms = turn();
    CHECK(next_ms >= rig_now_ms + 10000);
    rig.wakes = 0;
    return next_ms;
}

static void set_up(void)
{
    rig_open("memory:");
    rig.intercept = answer;
    CHECK_INT(rig_add_app(""), 0);
    rig_run();
    for (char credential[] = "form-a"; credential[5] < 'h'; credential[5]++)
        tell_grant(credential);
}

/* What is due when a turn comes by itself wakes nobody. */
static void later_wakes_nobody(void)
{
    int64_t next_ms;

    set_up();
    next_ms = rest();
    submit(next_ms - rig_now_ms, 0);
    submit(86400000, 2 * 86400000);
    submit(0, 0);
    CHECK_INT(rig.wakes, 1); /* the last one */
    rig_close();
}

static void many_wake_once(void)
{
    set_up();
    rest();
    submit(0, 0);
    submit(0, 0);
    submit(5, 0);
    submit(0, 1000);
    CHECK_INT(rig.wakes, 1);
    rest();
    submit(0, 0);
    CHECK_INT(rig.wakes, 1);
    rig_close();
}

static void what_is_due_before_the_turn_wakes(void)
{
    int64_t next_ms;

    set_up();
    next_ms = rest();
    submit(next_ms - rig_now_ms - 1, 0);
    CHECK_INT(rig.wakes, 1);
    rig_close();
}

/* Taken by the turn that comes anyway, with all that came before it. */
static void what_did_not_wake_is_taken(void)
{
    int64_t next_ms, due_ms;

    set_up();
    next_ms = rest();
    due_ms = next_ms + 3000;
    submit(due_ms - rig_now_ms, 0);
    submit(due_ms + 1000 - rig_now_ms, 0);
    CHECK_INT(rig.wakes, 0);
    rig_now_ms = next_ms;
    rig_run();
    CHECK(turn() <= due_ms);
    rig_close();
}

int main(void)
{
    RUN(later_wakes_nobody);
    RUN(many_wake_once);
    RUN(what_is_due_before_the_turn_wakes);
    RUN(what_did_not_wake_is_taken);
    return hy_tap_end();
}

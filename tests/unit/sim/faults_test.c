#include "world.h"

static char token[200], openid[64], tpl[64];

static void begin(void)
{
    world_start();
    snprintf(token, sizeof token, "%s", new_token());
    snprintf(openid, sizeof openid, "%s", new_user());
    snprintf(tpl, sizeof tpl, "%s", legacy_template());
}

static int64_t send(const char *form_id)
{
    char path[300];

    snprintf(path, sizeof path, LEGACY "?access_token=%s", token);
    return code_of(
        post(path, "{'touser':'%s','template_id':'%s','form_id':'%s'}", openid, tpl, form_id));
}

static void fault(const char *more)
{
    post("/sim/faults", "{'path':'" LEGACY "'%s}", more);
    if (answer.status != 200)
        hy_tap_fail(__FILE__, __LINE__, "no fault: %s", answer.text);
}

static int64_t received(void)
{
    return int_of(get("/sim/phone?appid=" APPID "&openid=%s", openid), "received");
}

static int64_t stat_of(const char *name)
{
    return int_of(get("/sim/stats"), name);
}

/* As of a broadcast whose second half meets refusals. */
static void faults_may_begin_later(void)
{
    begin();
    fault(",'errcode':45009,'skip':3,'times':2");
    for (int i = 0; i < 3; i++)
        CHECK_INT(send(new_form(openid)), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(send(new_form(openid)), 45009);
    CHECK_INT(send(new_form(openid)), 0);
    world_stop();
}

static void codes_on_demand_so_many_times(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    fault(",'errcode':-1,'times':2");
    fault(",'errcode':45009,'times':1,'errmsg':'own \\\"words\\\"'");
    CHECK_INT(send(form), -1);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "system error rid: ", 18) == 0);
    CHECK_INT(send(form), -1);
    CHECK_INT(send(form), 45009);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "own \"words\" rid: ", 17) == 0);
    CHECK_INT(received(), 0);
    CHECK_INT(send(form), 0);
    CHECK_INT(stat_of("sends"), 4);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "-1"), 2);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "45009"), 1);
    world_stop();
}

static void dropped_before_is_not_carried_out(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    fault(",'drop':'before','times':1");
    send(form);
    CHECK_INT(answer.outcome, HY_HTTP_NO_ANSWER);
    CHECK_INT(received(), 0);
    CHECK_INT(stat_of("faulted"), 1);
    CHECK_INT(int_of(answer.json, "unanswered"), 1);
    CHECK_INT(send(form), 0);
    world_stop();
}

static void dropped_after_is_carried_out(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    fault(",'drop':'after','times':1");
    send(form);
    CHECK_INT(answer.outcome, HY_HTTP_NO_ANSWER);
    CHECK_INT(received(), 1);
    CHECK_INT(stat_of("accepted"), 1);
    CHECK_INT(int_of(answer.json, "faulted"), 0);
    CHECK_INT(send(form), 41029);
    world_stop();
}

static void dropped_at_connect_gets_nothing(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    fault(",'drop':'connect','times':1");
    send(form);
    CHECK(answer.outcome != HY_HTTP_ANSWERED);
    CHECK_INT(received(), 0);
    CHECK_INT(stat_of("sends"), 1);
    CHECK_INT(int_of(answer.json, "faulted"), 1);
    CHECK_INT(send(form), 0);
    world_stop();
}

static void other_bodies_and_statuses(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    fault(",'status':502,'times':1");
    fault(",'body':'{\\\"errcode\\\":0,\\\"err','times':1");
    fault(",'status':500,'errcode':-1,'times':1");
    fault(",'body':'<html>','carry_out':true,'times':1");
    send(form);
    CHECK_INT(answer.status, 502);
    CHECK(answer.json == NULL);
    send(form);
    CHECK_INT(answer.status, 200);
    CHECK_TEXT(answer.text, "{\"errcode\":0,\"err");
    CHECK_INT(send(form), -1);
    CHECK_INT(answer.status, 500);
    CHECK_INT(received(), 0);
    send(form);
    CHECK_TEXT(answer.text, "<html>");
    CHECK_INT(received(), 1);
    CHECK_INT(stat_of("sends"), 4);
    CHECK_INT(int_of(answer.json, "accepted"), 1);
    CHECK_INT(int_of(answer.json, "faulted"), 2);
    world_stop();
}

static void latency_holds_one_answer_and_no_other(void)
{
    begin();
    fault(",'latency_ms':300,'times':1");
    CHECK_INT(send(new_form(openid)), 0);
    CHECK(answer.took_ms >= 295);
    CHECK_INT(send(new_form(openid)), 0);
    CHECK(answer.took_ms < 250);
    world_stop();
}

static void latencies_run_side_by_side(void)
{
    char path[300];

    begin();
    fault(",'latency_ms':400");
    get("/sim/stats");
    snprintf(path, sizeof path, LEGACY "?access_token=%s", token);
    CHECK_INT(post_many(300, 300, 41028, path, "{'touser':'%s','template_id':'%s','form_id':'x'}",
                        openid, tpl),
              300);
    CHECK_INT(stat_of("max_in_flight_per_user"), 300);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "41028"), 300);
    del("/sim/faults");
    CHECK_INT(send("x"), 41028);
    CHECK_INT(stat_of("max_in_flight_per_user"), 300);
    world_stop();
}

static void latency_and_another_fault_add_up(void)
{
    begin();
    fault(",'latency_ms':200,'times':1");
    fault(",'drop':'after','times':1");
    send(new_form(openid));
    CHECK_INT(answer.outcome, HY_HTTP_NO_ANSWER);
    CHECK(answer.took_ms >= 195);
    CHECK_INT(received(), 1);
    world_stop();
}

static void begin_send(void)
{
    char path[300];

    snprintf(path, sizeof path, LEGACY "?access_token=%s", token);
    begin_post(path, "{'touser':'%s','template_id':'%s','form_id':'x'}", openid, tpl);
}

/* The person a held-back answer is counted for is gone when it leaves. */
static void reset_while_answers_are_held_back(void)
{
    begin();
    fault(",'latency_ms':500");
    for (int i = 0; i < 20; i++)
        begin_send();
    CHECK(wait_for_stat("sends", 20));
    post("/sim/reset", "%s", "");
    CHECK_INT(wait_all(), 20);
    CHECK_INT(stat_of("sends"), 0);
    begin();
    CHECK_INT(send(new_form(openid)), 0);
    CHECK_INT(stat_of("max_in_flight_per_user"), 1);
    world_stop();
}

static void chance_is_seeded(void)
{
    int hits = 0, again = 0;

    for (int round = 0; round < 2; round++) {
        begin();
        fault(",'errcode':-1,'probability':0.25");
        for (int i = 0; i < 400; i++)
            *(round ? &again : &hits) += send("x") == -1;
        world_stop();
    }
    CHECK(hits > 60 && hits < 140);
    CHECK_INT(again, hits);
}

static void faults_keep_to_their_app_and_path(void)
{
    begin();
    post("/sim/apps", "{'appid':'wx2','secret':'s2'}");
    post("/sim/faults", "{'path':'/cgi-bin/*','appid':'wx2','errcode':50002}");
    CHECK_INT(send("x"), 41028);
    CHECK_INT(code_of(get("/cgi-bin/token?appid=wx2")), 50002);
    CHECK_INT(code_of(get("/cgi-bin/token?appid=" APPID)), 41004);
    CHECK_INT(code_of(post("/cgi-bin/stable_token", "{'appid':'wx2'}")), 50002);
    CHECK_INT(code_of(get("/sns/jscode2session?appid=wx2")), 41004);
    CHECK_INT(json_array_size(json_object_get(get("/sim/faults"), "faults")), 1);
    del("/sim/faults?path=/cgi-bin/other");
    CHECK_INT(int_of(answer.json, "removed"), 0);
    del("/sim/faults?path=/cgi-bin/*");
    CHECK_INT(int_of(answer.json, "removed"), 1);
    CHECK_INT(code_of(post("/cgi-bin/stable_token", "{'appid':'wx2'}")), 41004);
    world_stop();
}

static void held_back_answers_leave_at_the_end(void)
{
    begin();
    fault(",'latency_ms':60000");
    for (int i = 0; i < 20; i++)
        begin_send();
    CHECK(wait_for_stat("sends", 20));
    world_stop_server();
    CHECK_INT(wait_all(), 20);
    world_stop();
}

int main(void)
{
    RUN(codes_on_demand_so_many_times);
    RUN(faults_may_begin_later);
    RUN(dropped_before_is_not_carried_out);
    RUN(dropped_after_is_carried_out);
    RUN(dropped_at_connect_gets_nothing);
    RUN(other_bodies_and_statuses);
    RUN(latency_holds_one_answer_and_no_other);
    RUN(latencies_run_side_by_side);
    RUN(latency_and_another_fault_add_up);
    RUN(reset_while_answers_are_held_back);
    RUN(chance_is_seeded);
    RUN(faults_keep_to_their_app_and_path);
    RUN(held_back_answers_leave_at_the_end);
    return hy_tap_end();
}

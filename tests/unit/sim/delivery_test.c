/* When events are pushed, and what happens when nobody answers. */
#include "push_world.h"

#include "sim/envelope.h"

#include <stdlib.h>

/* --- switches --------------------------------------------------------------------------------- */

static void kinds_can_get_lost(void)
{
    push_begin(",'popup':false,'change':false,'sent':false,'sent_delay_ms':0");
    push_accept(push_once);
    push_send();
    push_subscribe(push_text("'choices':{'%s':'withdraw'}", push_once));
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 0);
    push_set(",'sent':false,'sent_delay_ms':0");
    push_accept(push_once);
    push_send();
    receiver_wait(0);
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 1);
    push_end();
}

static void events_can_come_twice(void)
{
    push_begin(",'duplicate':2");
    push_accept(push_once);
    receiver_wait(2);
    CHECK(wait_for_stat("pushes_delivered", 3));
    CHECK_TEXT(receiver_wait(0)->body, receiver_wait(1)->body);
    CHECK_TEXT(receiver_wait(0)->body, receiver_wait(2)->body);
    CHECK(strcmp(receiver_wait(0)->nonce, receiver_wait(1)->nonce) != 0);
    push_end();
}

static void sent_events_can_tell_of_a_failure(void)
{
    push_begin(
        ",'popup':false,'sent_delay_ms':0,'sent_error':{'code':-7,'status':'system failed'}");
    push_accept(push_once);
    push_send();
    CHECK(strstr(receiver_wait(0)->body, "\"ErrorCode\":\"-7\",\"ErrorStatus\":\"system failed\""));
    get("/sim/phone?appid=" APPID "&openid=%s", push_openid);
    CHECK_INT(int_of(answer.json, "received"), 0);
    CHECK_INT(int_of(get("/sim/stats"), "accepted"), 1);
    push_end();
}

static void without_push_nothing_is_pushed(void)
{
    push_begin(NULL);
    push_accept(push_once);
    push_send();
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 0);
    push_set("");
    push_accept(push_once);
    receiver_wait(0);
    post("/sim/apps", "{'appid':'" APPID "','push':null}");
    CHECK(json_is_null(json_object_get(answer.json, "push")));
    push_accept(push_once);
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 1);
    push_end();
}

static void any_event_can_be_pushed(void)
{
    push_begin("");
    post("/sim/push", "{'appid':'" APPID "','openid':'someone','event':'wxa_punish_event',"
                      "'create_time':1714112445,'members':{'event_type':2,'detail':'{}'}}");
    CHECK_INT(int_of(answer.json, "pushes"), 1);
    CHECK_TEXT(
        receiver_wait(0)->body,
        push_text("{'ToUserName':'%s','FromUserName':'someone','CreateTime':1714112445,"
                  "'MsgType':'event','Event':'wxa_punish_event','event_type':2,'detail':'{}'}",
                  push_original_id));
    post("/sim/push", "{'appid':'" APPID "','openid':'x','event':'e','members':{'a b':1}}");
    CHECK_INT(answer.status, 400);
    post("/sim/apps", "{'appid':'" APPID "','push':null}");
    post("/sim/push", "{'appid':'" APPID "','openid':'x','event':'e'}");
    CHECK_INT(answer.status, 400);
    push_end();
}

/* --- delivery --------------------------------------------------------------------------------- */

static void bad_answers_mean_three_tries(void)
{
    push_begin("");
    receiver_answer(500, "oops \xff", false);
    push_accept(push_once);
    CHECK(wait_for_stat("pushes_failed", 1));
    CHECK_INT(receiver_count(), 3);
    CHECK_TEXT(receiver_wait(0)->nonce, receiver_wait(2)->nonce);
    CHECK_TEXT(text_of(push_at(0), "state"), "failed");
    CHECK_INT(int_of(push_at(0), "tries"), 3);
    CHECK_INT(int_of(push_at(0), "status"), 500);
    CHECK_TEXT(text_of(push_at(0), "answer"), "oops ?");
    push_end();
}

static void a_late_answer_is_a_try_lost(void)
{
    world_push_timeout_ms = 500;
    push_begin("");
    receiver_hold();
    push_accept(push_once);
    receiver_wait(1);
    receiver_release();
    CHECK(wait_for_stat("pushes_delivered", 1));
    CHECK(int_of(push_at(0), "tries") >= 2);
    CHECK_TEXT(text_of(push_at(0), "state"), "delivered");
    push_end();
}

static void nobody_there_means_three_tries(void)
{
    push_begin("");
    receiver_stop();
    push_accept(push_once);
    CHECK(wait_for_stat("pushes_failed", 1));
    CHECK_INT(int_of(push_at(0), "tries"), 3);
    CHECK_INT(int_of(push_at(0), "status"), 0);
    CHECK(*text_of(push_at(0), "error"));
    receiver_start();
    push_end();
}

static void only_nothing_or_success_is_right(void)
{
    push_begin("");
    receiver_answer(200, "", false);
    push_accept(push_once);
    CHECK(wait_for_stat("pushes_delivered", 1));
    receiver_answer(200, "{\"ok\":true}", false);
    push_accept(push_once);
    CHECK(wait_for_stat("pushes_refused", 1));
    CHECK_INT(receiver_count(), 2);
    CHECK_TEXT(text_of(push_at(1), "state"), "refused");
    CHECK_TEXT(text_of(push_at(1), "answer"), "{\"ok\":true}");
    push_end();
}

static void virtual_time_brings_sent_events(void)
{
    int64_t before_s;

    push_begin(",'popup':false,'sent_delay_ms':3600000");
    before_s = int_of(get("/sim/clock"), "now_s");
    push_accept(push_once);
    push_send();
    CHECK_TEXT(text_of(push_at(0), "state"), "waiting");
    CHECK_INT(int_of(get("/sim/stats"), "pushes_waiting"), 1);
    CHECK_INT(receiver_count(), 0);
    advance(3600);
    CHECK(llabs(push_time(receiver_wait(0)) - before_s - 3600) < 30);
    push_end();
}

/* --- who a server is -------------------------------------------------------------------------- */

static void a_server_is_asked_who_it_is(void)
{
    const struct received *r;
    char signature[HY_SIM_SIGNATURE_BYTES];

    push_begin("");
    receiver_answer(200, "no", true);
    post("/sim/push/verify", "{'appid':'" APPID "'}");
    CHECK(json_is_true(json_object_get(answer.json, "verified")));
    r = receiver_wait(0);
    CHECK_TEXT(r->method, "GET");
    CHECK_INT(strlen(r->echostr), 19);
    CHECK_TEXT(text_of(answer.json, "answer"), r->echostr);
    hy_sim_sign((const char *[]){TOKEN, r->timestamp, r->nonce}, 3, signature);
    CHECK_TEXT(r->signature, signature);
    receiver_answer(200, "no", false);
    post("/sim/push/verify", "{'appid':'" APPID "'}");
    CHECK(json_is_false(json_object_get(answer.json, "verified")));
    CHECK_TEXT(text_of(answer.json, "answer"), "no");
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 0);
    push_end();
}

static void push_is_set_when_the_server_is_the_one(void)
{
    const json_t *push;

    push_begin(NULL);
    receiver_answer(200, "no", false);
    push_set(",'verify':true");
    CHECK(json_is_false(json_object_get(answer.json, "verified")));
    CHECK(json_is_null(json_object_get(answer.json, "push")));
    push_accept(push_once);
    CHECK_INT(int_of(get("/sim/stats"), "pushes"), 0);
    receiver_answer(200, "success", true);
    push_set(",'verify':true");
    CHECK(json_is_true(json_object_get(answer.json, "verified")));
    push = json_object_get(answer.json, "push");
    CHECK_TEXT(text_of(push, "url"), receiver_url());
    push_accept(push_once);
    receiver_wait(2);
    push_end();
}

/* --- bounds and endings ----------------------------------------------------------------------- */

static void the_oldest_are_dropped_when_too_many_wait(void)
{
    push_begin(",'sent_delay_ms':3600000,'popup':false");
    post("/sim/subscribe",
         "{'appid':'" APPID "','openid':'%s','times':10000,'choices':{'%s':'accept'}}", push_openid,
         push_once);
    CHECK_INT(post_many(8200, 1, 0, push_text(SUBSCRIBE "?access_token=%s", push_token),
                        "{'touser':'%s','template_id':'%s','data':{'thing1':{'value':'x'}}}",
                        push_openid, push_once),
              8200);
    get("/sim/stats");
    CHECK_INT(int_of(answer.json, "pushes"), 8200);
    CHECK_INT(int_of(answer.json, "pushes_waiting"), 8192);
    CHECK_INT(int_of(answer.json, "pushes_dropped"), 8);
    push_end();
}

static void a_reset_ends_all_pushes(void)
{
    push_begin(",'duplicate':3,'sent_delay_ms':3600000");
    receiver_hold();
    push_accept(push_once);
    push_send();
    receiver_wait(3);
    post("/sim/reset", "{}");
    CHECK_INT(answer.status, 200);
    CHECK_INT(json_array_size(json_object_get(get("/sim/pushes"), "pushes")), 0);
    CHECK_INT(int_of(get("/sim/stats"), "pushes_waiting"), 0);
    receiver_answer(500, "", false);
    receiver_release();
    push_make_things();
    receiver_answer(200, "success", false);
    push_set("");
    push_accept(push_once);
    CHECK(wait_for_stat("pushes_delivered", 1));
    CHECK_INT(int_of(get("/sim/stats"), "push_tries"), 1);
    push_end();
}

static void stopping_waits_for_no_one(void)
{
    push_begin("");
    receiver_hold();
    push_accept(push_once);
    receiver_wait(0);
    begin_post("/sim/push/verify", "{'appid':'" APPID "'}");
    while (receiver_count() < 2)
        get("/sim/stats");
    world_stop_server();
    wait_all();
    push_end();
}

static void settings_are_checked(void)
{
    static const struct {
        const char *push, *field;
    } cases[] = {
        {"{'url':'ftp://x/'}", "push.url"},
        {"{'url':'http://x/','aes_key':'short'}", "push.aes_key"},
        {"{'url':'http://x/','aes_key':'abcdefghijklmnopqrstuvwxyz0123456789ABCDE*G'}",
         "push.aes_key"},
        {"{'url':'http://x/','mode':'compatible'}", "push.aes_key"},
        {"{'url':'http://x/','duplicate':11}", "push.duplicate"},
        {"{'url':'http://x/','sent_error':{}}", "push.sent_error.code"},
        {"{'url':'http://x/','create_time':'late'}", "push.create_time"},
    };

    push_begin(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        post("/sim/apps", "{'appid':'" APPID "','push':%s}", cases[i].push);
        CHECK_INT(answer.status, 400);
        CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field"),
                   cases[i].field);
    }
    get("/sim/pushes?appid=x");
    CHECK_INT(answer.status, 400);
    push_end();
}

int main(void)
{
    RUN(kinds_can_get_lost);
    RUN(events_can_come_twice);
    RUN(sent_events_can_tell_of_a_failure);
    RUN(without_push_nothing_is_pushed);
    RUN(any_event_can_be_pushed);
    RUN(bad_answers_mean_three_tries);
    RUN(a_late_answer_is_a_try_lost);
    RUN(nobody_there_means_three_tries);
    RUN(only_nothing_or_success_is_right);
    RUN(virtual_time_brings_sent_events);
    RUN(a_server_is_asked_who_it_is);
    RUN(push_is_set_when_the_server_is_the_one);
    RUN(the_oldest_are_dropped_when_too_many_wait);
    RUN(a_reset_ends_all_pushes);
    RUN(stopping_waits_for_no_one);
    RUN(settings_are_checked);
    return hy_tap_end();
}

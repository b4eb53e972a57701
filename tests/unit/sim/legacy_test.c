#include "world.h"

#include <stdlib.h>

static char token[200], openid[64], tpl[64];

static void begin(void)
{
    world_start();
    snprintf(token, sizeof token, "%s", new_token());
    snprintf(openid, sizeof openid, "%s", new_user());
    snprintf(tpl, sizeof tpl, "%s", legacy_template());
}

static const char *path(void)
{
    static char whole[300];

    snprintf(whole, sizeof whole, LEGACY "?access_token=%s", token);
    return whole;
}

/* Sends with `form_id` and `more` members. */
static int64_t send_more(const char *form_id, const char *more)
{
    return code_of(post(path(), "{'touser':'%s','template_id':'%s','form_id':'%s'%s}", openid, tpl,
                        form_id, more));
}

static int64_t send(const char *form_id)
{
    return send_more(form_id, ",'data':{'keyword1':{'value':'咖啡'}}");
}

static json_t *phone(void)
{
    return json_object_get(get("/sim/phone?appid=" APPID "&openid=%s", openid), "messages");
}

static void a_form_is_good_once(void)
{
    const char *form;

    begin();
    form = new_form(openid);
    CHECK_INT(strlen(form), 32);
    CHECK_INT(strspn(form, "0123456789abcdef"), 32);
    CHECK_INT(send(form), 0);
    CHECK_TEXT(answer.text, "{\"errcode\":0,\"errmsg\":\"ok\"}");
    CHECK_INT(send(form), 41029);
    CHECK_INT(json_array_size(phone()), 1);
    world_stop();
}

static void a_payment_is_good_three_times(void)
{
    const char *payment;
    char prefixed[80];

    begin();
    payment = new_payment(openid);
    CHECK(strncmp(payment, "wx20", 4) == 0);
    CHECK_INT(strspn(payment + 2, "0123456789"), 34);
    snprintf(prefixed, sizeof prefixed, "prepay_id=%s", payment);
    CHECK_INT(send(prefixed), 41028);
    for (int i = 0; i < 3; i++)
        CHECK_INT(send(payment), 0);
    CHECK_INT(send(payment), 41029);
    CHECK_INT(json_array_size(phone()), 3);
    world_stop();
}

static void receipts_live_7_days(void)
{
    char form[64], payment[64], used[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    snprintf(used, sizeof used, "%s", new_form(openid));
    snprintf(payment, sizeof payment, "%s", new_payment(openid));
    CHECK_INT(send(used), 0);
    advance(7 * 86400 - 5);
    snprintf(token, sizeof token, "%s", new_token());
    CHECK_INT(send(payment), 0);
    advance(5);
    CHECK_INT(send(form), 41028);
    CHECK_INT(send(payment), 41028);
    CHECK_INT(send(used), 41029);
    world_stop();
}

static void receipts_serve_their_own_user(void)
{
    char form[64], other[64];

    begin();
    snprintf(other, sizeof other, "%s", new_user());
    snprintf(form, sizeof form, "%s", new_form(other));
    CHECK_INT(send(form), 41028);
    snprintf(openid, sizeof openid, "%s", other);
    CHECK_INT(send(form), 0);
    CHECK_INT(send("the formId is a mock one"), 41028);
    CHECK_INT(send(""), 41028);
    CHECK_INT(code_of(post(path(), "{'touser':'%s','template_id':'%s'}", openid, tpl)), 41028);
    world_stop();
}

static void checks_come_in_order(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    CHECK_INT(code_of(post(LEGACY, "not json")), 41001);
    CHECK_INT(code_of(post(LEGACY "?access_token=x", "not json")), 40014);
    CHECK_INT(code_of(get("%s", path())), 43002);
    CHECK_INT(code_of(post(path(), "%s", "")), 44002);
    CHECK_INT(code_of(post(path(), "touser=x&form_id=y")), 47001);
    CHECK_INT(code_of(post(path(), "['touser']")), 47001);
    CHECK_INT(code_of(post(path(), "{}")), 40003);
    CHECK_INT(code_of(post(path(), "{'toUser':'%s'}", openid)), 40003);
    CHECK_INT(code_of(post(path(), "{'touser':'oNobody','template_id':'x'}")), 40003);
    CHECK_INT(code_of(post(path(), "{'touser':'%s','template_id':'x','form_id':'x'}", openid)),
              40037);
    CHECK_INT(code_of(post(path(), "{'touser':'%s','template_id':'%s','form_id':'x','page':'/x'}",
                           openid, tpl)),
              41028);
    CHECK_INT(send_more(form, ",'page':'/pages/index'"), 41030);
    CHECK_INT(send_more(form, ",'page':7"), 47001);
    CHECK_INT(send_more(form, ",'data':'text'"), 47001);
    CHECK_INT(send_more(form, ",'data':{'keyword1':'text'}"), 47001);
    CHECK_INT(send_more(form, ",'data':{'keyword1':{'value':7}}"), 47001);
    CHECK_INT(send_more(form, ",'page':'pages/index?a=1'"), 0);
    get("/sim/stats");
    CHECK_INT(int_of(answer.json, "sends"), 17);
    CHECK_INT(int_of(answer.json, "accepted"), 1);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "47001"), 6);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "40003"), 3);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "43002"), 1);
    world_stop();
}

static void refusals_cost_nothing(void)
{
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    for (int i = 0; i < 3; i++)
        CHECK_INT(send_more(form, ",'page':'/x'"), 41030);
    CHECK_INT(send(form), 0);
    world_stop();
}

static void an_app_may_list_its_pages(void)
{
    begin();
    post("/sim/apps", "{'appid':'" APPID "','pages':['pages/index','pages/order/show']}");
    CHECK_INT(answer.status, 200);
    CHECK_INT(send_more(new_form(openid), ",'page':'pages/inde'"), 41030);
    CHECK_INT(send_more(new_form(openid), ",'page':'pages/index2'"), 41030);
    CHECK_INT(send_more(new_form(openid), ",'page':'pages/index?x=/pages'"), 0);
    CHECK_INT(send_more(new_form(openid), ",'page':'pages/order/show'"), 0);
    CHECK_INT(send_more(new_form(openid), ",'page':''"), 0);
    CHECK_INT(send_more(new_form(openid), ",'page':null"), 0);
    CHECK_INT(send_more(new_form(openid), ""), 0);
    post("/sim/apps", "{'appid':'" APPID "','pages':[]}");
    CHECK_INT(send_more(new_form(openid), ",'page':'other'"), 0);
    world_stop();
}

static void apps_are_kept_apart(void)
{
    char other[200];

    begin();
    post("/sim/apps", "{'appid':'wx0000000000000002','secret':'s2'}");
    post("/cgi-bin/stable_token", "{'grant_type':'client_credential','appid':"
                                  "'wx0000000000000002','secret':'s2'}");
    snprintf(other, sizeof other, LEGACY "?access_token=%s", text_of(answer.json, "access_token"));
    CHECK_INT(code_of(post(other, "{'touser':'%s'}", openid)), 40003);
    post("/sim/users", "{'appid':'wx0000000000000002'}");
    snprintf(openid, sizeof openid, "%s", text_of(answer.json, "openid"));
    CHECK_INT(code_of(post(other, "{'touser':'%s','template_id':'%s'}", openid, tpl)), 40037);
    world_stop();
}

static void retired_api_answers_so(void)
{
    begin();
    post("/sim/apps", "{'appid':'" APPID "','legacy':'retired'}");
    CHECK_INT(send(new_form(openid)), 45103);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "This API has been unsupported rid: ", 35) == 0);
    CHECK_INT(code_of(post(LEGACY "?access_token=x", "{}")), 40014);
    post("/sim/apps", "{'appid':'" APPID "','legacy':'alive'}");
    CHECK_INT(send(new_form(openid)), 0);
    world_stop();
}

static void uniform_send_is_gone(void)
{
    char whole[300];

    begin();
    snprintf(whole, sizeof whole, "/cgi-bin/message/wxopen/template/uniform_send?access_token=%s",
             token);
    CHECK_INT(code_of(post(whole, "{'touser':'%s'}", openid)), 45109);
    CHECK_INT(int_of(get("/sim/stats"), "sends"), 1);
    world_stop();
}

static void a_day_has_so_many_sends(void)
{
    begin();
    next_day();
    snprintf(token, sizeof token, "%s", new_token());
    post("/sim/apps", "{'appid':'" APPID "','limits':{'" LEGACY "':2}}");
    CHECK_INT(send(new_form(openid)), 0);
    CHECK_INT(send(new_form(openid)), 0);
    CHECK_INT(send(new_form(openid)), 45009);
    next_day();
    snprintf(token, sizeof token, "%s", new_token());
    CHECK_INT(send(new_form(openid)), 0);
    world_stop();
}

static void the_phone_shows_what_came(void)
{
    const json_t *message;
    char form[64];

    begin();
    snprintf(form, sizeof form, "%s", new_form(openid));
    CHECK_INT(send_more(form, ",'page':'index?a=1&b=2','emphasis_keyword':'keyword1.DATA',"
                              "'data':{'keyword2':{'value':'\\\"25\\\" 元\\n','color':'#173177'},"
                              "'keyword1':{'value':'咖啡☕'}}"),
              0);
    CHECK_INT(send(new_form(openid)), 0);
    CHECK_INT(json_array_size(phone()), 2);
    CHECK_INT(int_of(answer.json, "received"), 2);
    message = json_array_get(json_object_get(answer.json, "messages"), 0);
    CHECK_TEXT(text_of(message, "template_id"), tpl);
    CHECK_TEXT(text_of(message, "form_id"), form);
    CHECK_TEXT(text_of(message, "page"), "index?a=1&b=2");
    CHECK_TEXT(text_of(message, "emphasis_keyword"), "keyword1.DATA");
    CHECK_TEXT(text_of(json_object_get(json_object_get(message, "data"), "keyword1"), "value"),
               "咖啡☕");
    CHECK_TEXT(text_of(json_object_get(json_object_get(message, "data"), "keyword2"), "value"),
               "\"25\" 元\n");
    CHECK(json_is_null(json_object_get(message, "msgid")));
    CHECK_INT(strlen(text_of(message, "at")), 24);
    world_stop();
}

static void a_phone_keeps_200(void)
{
    const json_t *messages;
    char form[64];

    begin();
    for (int i = 0; i < 203; i++) {
        snprintf(form, sizeof form, "%s", new_form(openid));
        CHECK_INT(
            code_of(post(path(), "{'touser':'%s','template_id':'%s','form_id':'%s','page':'p%d'}",
                         openid, tpl, form, i)),
            0);
    }
    messages = phone();
    CHECK_INT(json_array_size(messages), 200);
    CHECK_INT(int_of(answer.json, "received"), 203);
    CHECK_TEXT(text_of(json_array_get(messages, 0), "page"), "p3");
    CHECK_TEXT(text_of(json_array_get(messages, 199), "page"), "p202");
    get("/sim/stats");
    CHECK_INT(int_of(answer.json, "accepted"), 203);
    CHECK_INT(int_of(answer.json, "messages_kept"), 200);
    CHECK_INT(int_of(answer.json, "messages_dropped"), 3);
    world_stop();
}

int main(void)
{
    RUN(a_form_is_good_once);
    RUN(a_payment_is_good_three_times);
    RUN(receipts_live_7_days);
    RUN(receipts_serve_their_own_user);
    RUN(checks_come_in_order);
    RUN(refusals_cost_nothing);
    RUN(an_app_may_list_its_pages);
    RUN(apps_are_kept_apart);
    RUN(retired_api_answers_so);
    RUN(uniform_send_is_gone);
    RUN(a_day_has_so_many_sends);
    RUN(the_phone_shows_what_came);
    RUN(a_phone_keeps_200);
    return hy_tap_end();
}

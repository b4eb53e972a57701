#include "world.h"

#include "sim/fields.h"

#include <stdlib.h>

static char token[200], openid[64], once[64], always[64];

static void add_template(char into[64], int type, const char *keywords)
{
    post("/sim/templates", "{'appid':'" APPID "','title':'预约成功通知','type':%d,'keywords':[%s]}",
         type, keywords);
    snprintf(into, 64, "%s", text_of(answer.json, "template_id"));
    CHECK_INT(strlen(into), 43);
}

static void begin(void)
{
    world_start();
    snprintf(token, sizeof token, "%s", new_token());
    snprintf(openid, sizeof openid, "%s", new_user());
    add_template(once, 2, "{'key':'thing1','label':'项目'},{'key':'date2','label':'时间'}");
    add_template(always, 3, "{'key':'character_string13','label':'单号'}");
}

static const char *path(void)
{
    static char whole[300];

    snprintf(whole, sizeof whole, SUBSCRIBE "?access_token=%s", token);
    return whole;
}

static int64_t send_data(const char *tpl, const char *data)
{
    return code_of(post(path(), "{'touser':'%s','template_id':'%s','data':%s}", openid, tpl, data));
}

static int64_t send(void)
{
    return send_data(once, "{'thing1':{'value':'体检'},'date2':{'value':'2019-10-01 10:00'}}");
}

static void choose(const char *tpl, const char *choice, int times)
{
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s','times':%d,'choices':{'%s':'%s'}}",
         openid, times, tpl, choice);
    CHECK_INT(answer.status, 200);
}

static void accepts_add_up_and_are_used_up(void)
{
    begin();
    CHECK_INT(send(), 43101);
    choose(once, "accept", 1);
    choose(once, "accept", 2);
    choose(once, "reject", 1);
    CHECK_INT(int_of(json_object_get(answer.json, "available"), once), 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(send(), 0);
    CHECK_INT(send(), 43101);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "user refuse to accept the msg rid: ", 35) == 0);
    world_stop();
}

static void msgid_has_19_digits(void)
{
    int64_t first, second;
    char text[32];

    begin();
    choose(once, "accept", 2);
    CHECK_INT(send(), 0);
    first = int_of(answer.json, "msgid");
    CHECK(first >= INT64_C(1) << 60 && first < INT64_C(1) << 62);
    CHECK_INT(send(), 0);
    second = int_of(answer.json, "msgid");
    CHECK(second != first);
    snprintf(text, sizeof text, "%lld", (long long)first);
    CHECK_INT(strlen(text), 19);
    get("/sim/phone?appid=" APPID "&openid=%s", openid);
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "messages"), 0), "msgid"), text);
    CHECK_TEXT(
        text_of(json_array_get(json_object_get(answer.json, "messages"), 0), "miniprogram_state"),
        "formal");
    world_stop();
}

static void long_term_stays_until_withdrawn(void)
{
    static const char data[] = "{'character_string13':{'value':'A-1'}}";

    begin();
    CHECK_INT(send_data(always, data), 43101);
    choose(always, "accept", 1);
    for (int i = 0; i < 5; i++)
        CHECK_INT(send_data(always, data), 0);
    choose(always, "withdraw", 1);
    CHECK_INT(send_data(always, data), 43101);
    choose(always, "accept", 1);
    CHECK_INT(send_data(always, data), 0);
    choose(once, "accept", 5);
    choose(once, "withdraw", 1);
    CHECK_INT(send(), 43101);
    world_stop();
}

static void checks_come_in_order(void)
{
    begin();
    CHECK_INT(code_of(post(SUBSCRIBE, "x")), 41001);
    CHECK_INT(code_of(post(path(), "%s", "")), 44002);
    CHECK_INT(code_of(post(path(), "x=1")), 47001);
    CHECK_INT(code_of(post(path(), "{}")), 40003);
    CHECK_INT(code_of(post(path(), "{'touser':'%s'}", openid)), 40037);
    CHECK_INT(
        code_of(post(path(), "{'touser':'%s','template_id':'%s'}", openid, legacy_template())),
        40037);
    CHECK_INT(send_data(once, "'text'"), 43101);
    choose(once, "accept", 1);
    CHECK_INT(send_data(once, "'text'"), 47003);
    CHECK(strncmp(text_of(answer.json, "errmsg"),
                  "argument invalid! data.thing1.value is empty rid: ", 50) == 0);
    CHECK_INT(send_data(once, "{'thing1':{'value':''}}"), 47003);
    CHECK_INT(send_data(once, "{'thing1':{'value':'x'}}"), 47003);
    CHECK(strncmp(text_of(answer.json, "errmsg"),
                  "argument invalid! data.date2.value is empty rid: ", 49) == 0);
    CHECK_INT(send_data(once, "{'thing1':{'value':'x'},'date2':{'value':'soon'}}"), 47003);
    CHECK(strncmp(text_of(answer.json, "errmsg"),
                  "argument invalid! data.date2.value invalid rid: ", 48) == 0);
    CHECK_INT(send(), 0);
    CHECK_INT(code_of(post(LEGACY, "{}")), 41001);
    world_stop();
}

static void long_keys_cut_the_text_at_48_bytes(void)
{
    begin();
    choose(always, "accept", 1);
    CHECK_INT(send_data(always, "{'character_string13':{'value':'汉'}}"), 47003);
    CHECK(strncmp(text_of(answer.json, "errmsg"),
                  "argument invalid! data.character_string13.value  rid: ", 54) == 0);
    world_stop();
}

static void calls_for_one_person_must_not_overlap(void)
{
    int fitting;

    begin();
    choose(once, "accept", 10);
    post("/sim/faults", "{'path':'" SUBSCRIBE "','latency_ms':300}");
    fitting = post_many(5, 5, 43108, path(),
                        "{'touser':'%s','template_id':'%s','data':{'thing1':{'value':'x'},"
                        "'date2':{'value':'2020-01-01'}}}",
                        openid, once);
    CHECK_INT(fitting, 4);
    get("/sim/stats");
    CHECK_INT(int_of(answer.json, "max_in_flight_per_user"), 5);
    CHECK_INT(int_of(answer.json, "accepted"), 1);
    CHECK_INT(int_of(json_object_get(answer.json, "refused"), "43108"), 4);
    del("/sim/faults");
    CHECK_INT(send(), 0);
    world_stop();
}

static int64_t send_text(const char *value)
{
    char data[200];

    snprintf(data, sizeof data, "{'thing1':{'value':'%s'},'date2':{'value':'2019-10-01'}}", value);
    return send_data(once, data);
}

/* The content is looked at last, and a refusal costs nothing. */
static void sensitive_words_are_refused(void)
{
    begin();
    CHECK_INT(send_text("网上赌博"), 43101);
    choose(once, "accept", 3);
    CHECK_INT(send_text("网上赌博"), 45168);
    CHECK_INT(send_data(once, "{'thing1':{'value':'赌博'},'date2':{'value':'soon'}}"), 47003);
    CHECK_INT(send_text("赌一把"), 0);
    post("/sim/apps", "{'appid':'" APPID "','sensitive_words':['一把','x']}");
    CHECK_INT(send_text("赌一把"), 45168);
    CHECK_INT(send_text("网上赌博"), 0);
    post("/sim/apps", "{'appid':'" APPID "','sensitive_words':[]}");
    CHECK_INT(send_text("赌一把"), 0);
    CHECK_INT(int_of(json_object_get(get("/sim/stats"), "refused"), "45168"), 2);
    world_stop();
}

static void msgid_can_be_left_out(void)
{
    begin();
    post("/sim/apps", "{'appid':'" APPID "','msgid':false}");
    CHECK(json_is_false(json_object_get(answer.json, "msgid")));
    choose(once, "accept", 2);
    CHECK_INT(send(), 0);
    CHECK(json_object_get(answer.json, "msgid") == NULL);
    CHECK_TEXT(text_of(answer.json, "errmsg"), "ok");
    get("/sim/phone?appid=" APPID "&openid=%s", openid);
    CHECK_INT(strlen(text_of(json_array_get(json_object_get(answer.json, "messages"), 0), "msgid")),
              19);
    post("/sim/apps", "{'appid':'" APPID "','msgid':true}");
    CHECK_INT(send(), 0);
    CHECK(int_of(answer.json, "msgid") > 0);
    world_stop();
}

static void the_main_switch_stops_all(void)
{
    begin();
    choose(once, "accept", 2);
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s','main_switch':false}", openid);
    CHECK_INT(answer.status, 200);
    CHECK_INT(send(), 43101);
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s','main_switch':true}", openid);
    CHECK_INT(send(), 0);
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s'}", openid);
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field"),
               "choices");
    world_stop();
}

static void known_pages_only_when_listed(void)
{
    begin();
    choose(once, "accept", 2);
    post("/sim/apps", "{'appid':'" APPID "','pages':['pages/a']}");
    CHECK_INT(code_of(post(path(),
                           "{'touser':'%s','template_id':'%s','page':'pages/b','data':{"
                           "'thing1':{'value':'x'},'date2':{'value':'2020-01-01'}}}",
                           openid, once)),
              41030);
    CHECK_INT(code_of(post(path(),
                           "{'touser':'%s','template_id':'%s','page':'pages/a?b=1','data':{"
                           "'thing1':{'value':'x'},'date2':{'value':'2020-01-01'}}}",
                           openid, once)),
              0);
    world_stop();
}

/* --- the rules of values ---------------------------------------------------------------------- */

struct sample {
    const char *key, *value;
    bool ok;
};

static const struct sample samples[] = {
    {"thing1", "二十个字二十个字二十个字二十个字二十个字", true},
    {"thing1", "二十一个字二十个字二十个字二十个字二十个字", false},
    {"thing1", "a b!1", true},
    {"thing1", "line\nbreak", false},
    {"thing1", "tab\there", false},
    {"thing", "x", false},
    {"thingy1", "x", false},
    {"number1", "12.50", true},
    {"number1", "-3", true},
    {"number1", "1,000", false},
    {"number1", "1.", false},
    {"number1", "12345678901234567890123456789012", true},
    {"number1", "123456789012345678901234567890123", false},
    {"letter1", "abcXYZ", true},
    {"letter1", "abc1", false},
    {"symbol1", "!@#$%", true},
    {"symbol1", "!@#$%^", false},
    {"symbol1", "!a", false},
    {"character_string1", "A-1_2 #3", true},
    {"character_string1", "单号", false},
    {"time1", "15:01", true},
    {"time1", "15:01:59", true},
    {"time1", "2019年10月1日 15:01", true},
    {"time1", "2019-10-01 15:01~2019-10-01 16:01", true},
    {"time1", "15:01~16:00", true},
    {"time1", "25:01", false},
    {"time1", "15:60", false},
    {"time1", "2019-10-01", false},
    {"date1", "2019年10月1日", true},
    {"date1", "2019年10月", true},
    {"date1", "10月1日", true},
    {"date1", "10月", false},
    {"date1", "2018-01-01", true},
    {"date1", "2018/01/01", true},
    {"date1", "2018.01.01", true},
    {"date1", "2018-01", true},
    {"date1", "01-01", true},
    {"date1", "2018-01/01", false},
    {"date1", "2018-13-01", false},
    {"date1", "2018-00-01", false},
    {"date1", "2018-01-32", false},
    {"date1", "2019-10-01 15:01", true},
    {"date1", "2019-10-01~2019-10-03", true},
    {"date1", "2019-10-01 ~ 2019-10-03", true},
    {"date1", "2019-10-01~", false},
    {"date1", "tomorrow", false},
    {"amount1", "￥100", true},
    {"amount1", "¥100.50元", true},
    {"amount1", "$1234567890", true},
    {"amount1", "$12345678901", false},
    {"amount1", "100元", true},
    {"amount1", "100元整", false},
    {"amount1", "一百", false},
    {"phone_number1", "+86-0766-66888866", true},
    {"phone_number1", "+86-0766-668888661", false},
    {"phone_number1", "call me", false},
    {"car_number1", "粤A8Z888挂", true},
    {"car_number1", "粤A汉Z888挂", false},
    {"car_number1", "粤A8Z8888挂", false},
    {"name1", "张三", true},
    {"name1", "一二三四五六七八九十", true},
    {"name1", "一二三四五六七八九十一", false},
    {"name1", "Alexander Hamilton J", true},
    {"name1", "Alexander Hamilton Jr", false},
    {"name1", "Al张", true},
    {"phrase1", "配送中", true},
    {"phrase1", "一二三四五六", false},
    {"phrase1", "EMS", false},
    {"enum_string2", "高", true},
    {"enum_string2", "中", false},
};

static void values_keep_the_rules_of_their_type(void)
{
    static const char *const choices[] = {"高", "低", NULL};

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *s = &samples[i];

        if (hy_sim_field_ok(s->key, s->value, choices) != s->ok)
            hy_tap_fail(__FILE__, __LINE__, "%s \"%s\" should be %s", s->key, s->value,
                        s->ok ? "good" : "refused");
    }
}

static void templates_are_checked(void)
{
    begin();
    post("/sim/templates", "{'appid':'" APPID "','title':'t','type':2,'keywords':["
                           "{'key':'keyword1','label':'x'}]}");
    CHECK_INT(answer.status, 400);
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field"),
               "keywords[0].key");
    post("/sim/templates", "{'appid':'" APPID "','title':'t','type':'legacy','keywords':["
                           "{'key':'thing1','label':'x'}]}");
    CHECK_INT(answer.status, 400);
    post("/sim/templates", "{'appid':'" APPID "','title':'t','type':2,'keywords':["
                           "{'key':'enum_string1','label':'x'}]}");
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field"),
               "keywords[0].enum");
    post("/sim/templates", "{'appid':'" APPID "','title':'t','type':2,'keywords':["
                           "{'key':'thing1','label':'x'},{'key':'thing1','label':'y'}]}");
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "rule"),
               "unique");
    post("/sim/templates", "{'appid':'" APPID "','title':'t','type':4,'keywords':["
                           "{'key':'thing1','label':'x'}]}");
    CHECK_TEXT(text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field"), "type");
    get("/sim/templates?appid=" APPID);
    CHECK_INT(json_array_size(json_object_get(answer.json, "templates")), 2);
    world_stop();
}

int main(void)
{
    RUN(accepts_add_up_and_are_used_up);
    RUN(msgid_has_19_digits);
    RUN(long_term_stays_until_withdrawn);
    RUN(checks_come_in_order);
    RUN(long_keys_cut_the_text_at_48_bytes);
    RUN(calls_for_one_person_must_not_overlap);
    RUN(sensitive_words_are_refused);
    RUN(msgid_can_be_left_out);
    RUN(the_main_switch_stops_all);
    RUN(known_pages_only_when_listed);
    RUN(values_keep_the_rules_of_their_type);
    RUN(templates_are_checked);
    return hy_tap_end();
}

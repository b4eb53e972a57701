/* /wxaapi/newtmpl/: the public library and an account's own subscribe templates. */
#include "world.h"

#include <stdlib.h>

static char token[200];

static void begin(void)
{
    world_start();
    snprintf(token, sizeof token, "%s", new_token());
}

static const char *path_of(const char *verb)
{
    static char path[300];

    snprintf(path, sizeof path, "/wxaapi/newtmpl/%s?access_token=%s", verb, token);
    return path;
}

static json_t *ask(const char *verb, const char *query)
{
    return get("%s%s", path_of(verb), query);
}

static const json_t *data_of(const json_t *answered)
{
    return json_object_get(answered, "data");
}

static int64_t add(const char *body)
{
    return code_of(post(path_of("addtemplate"), "%s", body));
}

static void library_leads_from_category_to_keyword(void)
{
    const json_t *data;

    begin();
    data = data_of(ask("getcategory", ""));
    CHECK(json_array_size(data) >= 4);
    CHECK_INT(int_of(json_array_get(data, 0), "id"), 203);
    CHECK(*text_of(json_array_get(data, 0), "name"));
    data = data_of(ask("getpubtemplatetitles", "&ids=203,616&start=0&limit=30"));
    CHECK_INT(code_of(answer.json), 0);
    CHECK_INT(int_of(answer.json, "count"), json_array_size(data));
    CHECK_INT(int_of(json_array_get(data, 0), "tid"), 1476);
    CHECK_INT(int_of(json_array_get(data, 0), "type"), 2);
    CHECK_TEXT(text_of(json_array_get(data, 0), "categoryId"), "203");
    CHECK_INT(int_of(json_array_get(data, 3), "type"), 3);
    data = data_of(ask("getpubtemplatetitles", "&ids=203,616&start=1&limit=2"));
    CHECK_INT(json_array_size(data), 2);
    CHECK_INT(int_of(answer.json, "count"), 4);
    CHECK_INT(int_of(json_array_get(data, 0), "tid"), 855);
    data = data_of(ask("getpubtemplatekeywords", "&tid=855"));
    CHECK_INT(int_of(answer.json, "count"), 6);
    CHECK_INT(int_of(json_array_get(data, 1), "kid"), 2);
    CHECK_TEXT(text_of(json_array_get(data, 1), "rule"), "date");
    CHECK_TEXT(text_of(json_array_get(data, 1), "name"), "预约日期");
    CHECK(*text_of(json_array_get(data, 1), "example"));
    world_stop();
}

static void bad_questions_have_their_codes(void)
{
    static const struct {
        const char *verb, *query;
        int code;
    } cases[] = {
        {"getpubtemplatekeywords", "", 200014},
        {"getpubtemplatekeywords", "&tid=1", 200014},
        {"getpubtemplatekeywords", "&tid=x", 200014},
        {"getpubtemplatetitles", "&start=0&limit=1", 200018},
        {"getpubtemplatetitles", "&ids=&start=0&limit=1", 200018},
        {"getpubtemplatetitles", "&ids=203,1&start=0&limit=1", 200019},
        {"getpubtemplatetitles", "&ids=203,&start=0&limit=1", 200019},
        {"getpubtemplatetitles", "&ids=a&start=0&limit=1", 200019},
        {"getpubtemplatetitles", "&ids=203&limit=1", 200016},
        {"getpubtemplatetitles", "&ids=203&start=-1&limit=1", 200016},
        {"getpubtemplatetitles", "&ids=203&start=0", 200017},
        {"getpubtemplatetitles", "&ids=203&start=0&limit=31", 200017},
        {"getpubtemplatetitles", "&ids=203&start=0&limit=0", 200017},
        {"addtemplate", "", 404},
        {"deltemplate", "", 404},
        {"nothing", "", 40066},
    };

    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(code_of(ask(cases[i].verb, cases[i].query)), cases[i].code);
    CHECK_INT(code_of(post(path_of("gettemplate"), "{}")), 404);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "404 not found", 13) == 0);
    CHECK_INT(code_of(post(path_of("getcategory"), "{}")), 404);
    CHECK_INT(code_of(get("/wxaapi/newtmpl/gettemplate")), 41001);
    world_stop();
}

static void bad_templates_have_their_codes(void)
{
    static const struct {
        const char *body;
        int code;
    } cases[] = {
        {"{}", 200014},
        {"{'tid':'1','kidList':[1,2]}", 200014},
        {"{'tid':'855'}", 200020},
        {"{'tid':'855','kidList':[1]}", 200020},
        {"{'tid':'855','kidList':[1,2,3,4,5,6]}", 200020},
        {"{'tid':'855','kidList':[1,7]}", 200020},
        {"{'tid':'855','kidList':[1,1]}", 200020},
        {"{'tid':'855','kidList':[1,'x']}", 200020},
        {"{'tid':'855','kidList':{'a':1}}", 200020},
        {"{'tid':'855','kidList':[1,2],'sceneDesc':'一二三四五六七八九十一二三四五六'}", 200021},
        {"{'tid':'855','kidList':[1,2],'sceneDesc':7}", 200021},
        {"{'tid':'855','kidList':[1,2]", 47001},
        {"", 44002},
        {"{'tid':'855','kidList':[1,2],'sceneDesc':'一二三四五六七八九十一二三四五'}", 0},
    };

    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(add(cases[i].body), cases[i].code);
    CHECK_INT(code_of(post(path_of("deltemplate"), "{}")), 20002);
    CHECK_INT(code_of(post(path_of("deltemplate"), "{'priTmplId':'x'}")), 20002);
    CHECK_INT(code_of(post(path_of("deltemplate"), "{'priTmplId':'%s'}", legacy_template())),
              20002);
    world_stop();
}

static void a_template_is_added_shown_and_deleted(void)
{
    const json_t *tpl, *values;
    char id[64];

    begin();
    CHECK_INT(add("{'tid':'855','kidList':[3,1,2],'sceneDesc':'预约'}"), 0);
    snprintf(id, sizeof id, "%s", text_of(answer.json, "priTmplId"));
    CHECK_INT(strlen(id), 43);
    tpl = json_array_get(data_of(ask("gettemplate", "")), 0);
    CHECK_TEXT(text_of(tpl, "priTmplId"), id);
    CHECK_TEXT(text_of(tpl, "title"), "预约成功通知");
    CHECK_INT(int_of(tpl, "type"), 2);
    CHECK_TEXT(text_of(tpl, "content"), "预约时段:{{enum_string3.DATA}}\n"
                                        "预约项目:{{thing1.DATA}}\n预约日期:{{date2.DATA}}\n");
    CHECK_TEXT(text_of(tpl, "example"),
               "预约时段:晚上\n预约项目:双人烛光晚餐\n预约日期:2021年5月20日\n");
    values = json_array_get(json_object_get(tpl, "keywordEnumValueList"), 0);
    CHECK_TEXT(text_of(values, "keywordCode"), "enum_string3.DATA");
    CHECK_INT(json_array_size(json_object_get(values, "enumValueList")), 3);
    CHECK_INT(code_of(post(path_of("deltemplate"), "{'priTmplId':'%s'}", id)), 0);
    CHECK_INT(json_array_size(data_of(ask("gettemplate", ""))), 0);
    CHECK_INT(code_of(post(path_of("deltemplate"), "{'priTmplId':'%s'}", id)), 20002);
    world_stop();
}

/* The one refusal that names what it refused for. */
static void the_same_template_is_named_instead_of_added(void)
{
    char id[64];

    begin();
    CHECK_INT(add("{'tid':'855','kidList':[1,2]}"), 0);
    snprintf(id, sizeof id, "%s", text_of(answer.json, "priTmplId"));
    CHECK_INT(add("{'tid':'855','kidList':[2,1]}"), 200022);
    CHECK_TEXT(text_of(answer.json, "errmsg"), "template has added already");
    CHECK_TEXT(text_of(answer.json, "priTmplId"), id);
    CHECK_INT(strlen(text_of(answer.json, "rid")), 26);
    CHECK_INT(int_of(json_object_get(get("/sim/stats"), "other_refusals"), "200022"), 1);
    CHECK_INT(add("{'tid':'855','kidList':[1,2,3]}"), 0);
    post(path_of("deltemplate"), "{'priTmplId':'%s'}", id);
    CHECK_INT(add("{'tid':'855','kidList':[1,2]}"), 0);
    CHECK(strcmp(text_of(answer.json, "priTmplId"), id) != 0);
    world_stop();
}

static void older_sdks_may_send_forms(void)
{
    static const char *const bodies[] = {
        "tid=855&kidList=1&kidList=2&sceneDesc=%E9%A2%84%E7%BA%A6",
        "tid=855&kidList%5B0%5D=1&kidList%5B1%5D=3",
        "tid=855&kidList[]=1&kidList[]=4",
        "tid=855&kidList=%5B1%2C5%5D",
        "tid=855&kidList=1,6&sceneDesc=a+b",
        "{'tid':855,'kidList':['2','3']}",
    };
    const char *first;

    begin();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_INT(add(bodies[i]), 0);
    CHECK_INT(add("tid=855&kidList=1&sceneDesc=x"), 200020);
    CHECK_INT(add("tid=855&kidList=2,4&sceneDesc=1234567890123456"), 200021);
    CHECK_INT(add("%FF=1"), 47001);
    first = text_of(json_array_get(data_of(ask("gettemplate", "")), 0), "priTmplId");
    CHECK_INT(code_of(post(path_of("deltemplate"), "priTmplId=%s", first)), 0);
    CHECK_INT(json_array_size(data_of(ask("gettemplate", ""))), 5);
    world_stop();
}

static void an_account_holds_25(void)
{
    static const char *const tids[] = {"855", "1476", "1128"};

    begin();
    for (int i = 0; i < 25; i++) {
        char body[100];

        /* Pairs of two different ones of five: ten a title. */
        snprintf(body, sizeof body, "{'tid':'%s','kidList':[%d,%d]}", tids[i / 10], 1 + i % 5,
                 1 + (i % 5 + 1 + i % 10 / 5) % 5);
        CHECK_INT(add(body), 0);
    }
    CHECK_INT(add("{'tid':'3001','kidList':[1,2]}"), 200012);
    CHECK_INT(add("{'tid':'855','kidList':[1,2]}"), 200022);
    post(path_of("deltemplate"), "{'priTmplId':'%s'}", text_of(answer.json, "priTmplId"));
    CHECK_INT(add("{'tid':'3001','kidList':[1,2]}"), 0);
    world_stop();
}

static void reading_the_list_has_a_small_quota(void)
{
    begin();
    CHECK_INT(get_many(50, 1, 0, "%s", path_of("gettemplate")), 50);
    CHECK_INT(code_of(ask("gettemplate", "")), 45009);
    CHECK_INT(code_of(ask("getcategory", "")), 0);
    next_day();
    snprintf(token, sizeof token, "%s", new_token());
    CHECK_INT(code_of(ask("gettemplate", "")), 0);
    post("/sim/apps", "{'appid':'" APPID "','limits':{'/wxaapi/newtmpl/gettemplate':1}}");
    CHECK_INT(code_of(ask("gettemplate", "")), 45009);
    post("/sim/apps", "{'appid':'" APPID "','limits':{'/wxaapi/newtmpl/gettemplate':null}}");
    CHECK_INT(code_of(ask("gettemplate", "")), 0);
    world_stop();
}

static void templates_of_the_control_side_are_shown_too(void)
{
    const json_t *tpl;

    begin();
    legacy_template();
    post("/sim/templates", "{'appid':'" APPID "','title':'到货通知','type':3,'keywords':["
                           "{'key':'thing1','label':'商品'},"
                           "{'key':'enum_string2','label':'急','enum':['是','否']}]}");
    CHECK_INT(json_array_size(data_of(ask("gettemplate", ""))), 1);
    tpl = json_array_get(data_of(answer.json), 0);
    CHECK_INT(int_of(tpl, "type"), 3);
    CHECK_TEXT(text_of(tpl, "content"), "商品:{{thing1.DATA}}\n急:{{enum_string2.DATA}}\n");
    CHECK_TEXT(text_of(tpl, "example"), "商品:一杯咖啡\n急:是\n");
    CHECK_INT(json_array_size(json_object_get(tpl, "keywordEnumValueList")), 1);
    world_stop();
}

/* --- the library keeps its own rules ---------------------------------------------------------- */

/* The values of "label:value" lines, under the keys of "label:{{key.DATA}}" lines. */
static json_t *data_from(const char *content, const char *example)
{
    json_t *data = json_object();

    while (*content) {
        const char *key = strstr(content, ":{{") + 3, *value = strchr(example, ':') + 1;
        char name[64], text[256];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "."), key);
        snprintf(text, sizeof text, "%.*s", (int)strcspn(value, "\n"), value);
        json_object_set_new(data, name, json_pack("{s:s}", "value", text));
        content = strchr(content, '\n') + 1;
        example = strchr(example, '\n') + 1;
    }
    return data;
}

static void send_example(const char *openid, const json_t *tpl)
{
    json_t *data = data_from(text_of(tpl, "content"), text_of(tpl, "example"));
    char *text = json_dumps(data, JSON_COMPACT), path[300], id[64];

    snprintf(id, sizeof id, "%s", text_of(tpl, "priTmplId"));
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s','choices':{'%s':'accept'}}", openid,
         id);
    snprintf(path, sizeof path, SUBSCRIBE "?access_token=%s", token);
    post(path, "{'touser':'%s','template_id':'%s','data':%s}", openid, id, text);
    free(text);
    json_decref(data);
    CHECK_INT(code_of(answer.json), 0);
}

/* Every title with every keyword can be added, and its example be sent. */
static void every_example_can_be_sent(void)
{
    static const char *const lists[] = {"1,2,3", "3,4", "4,5", "4,6"};
    json_t *titles, *templates, *one;
    char openid[64];
    size_t i;

    begin();
    snprintf(openid, sizeof openid, "%s", new_user());
    titles = json_incref(ask("getpubtemplatetitles", "&ids=203,321,378,411,616&start=0&limit=30"));
    json_array_foreach(data_of(titles), i, one)
    {
        for (int k = 0; k < 4; k++)
            post(path_of("addtemplate"), "{'tid':'%lld','kidList':[%s]}",
                 (long long)int_of(one, "tid"), lists[k]);
    }
    json_decref(titles);
    templates = json_incref(ask("gettemplate", ""));
    CHECK_INT(json_array_size(data_of(templates)), 25);
    json_array_foreach(data_of(templates), i, one) send_example(openid, one);
    json_decref(templates);
    world_stop();
}

int main(void)
{
    RUN(library_leads_from_category_to_keyword);
    RUN(bad_questions_have_their_codes);
    RUN(bad_templates_have_their_codes);
    RUN(a_template_is_added_shown_and_deleted);
    RUN(the_same_template_is_named_instead_of_added);
    RUN(older_sdks_may_send_forms);
    RUN(an_account_holds_25);
    RUN(reading_the_list_has_a_small_quota);
    RUN(templates_of_the_control_side_are_shown_too);
    RUN(every_example_can_be_sent);
    return hy_tap_end();
}

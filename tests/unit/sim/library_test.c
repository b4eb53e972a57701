#include "world.h"

static char token[200];

static json_t *call(const char *verb, const char *body)
{
    char path[300];

    snprintf(path, sizeof path, "/cgi-bin/wxopen/template/%s?access_token=%s", verb, token);
    return post(path, "%s", body);
}

static void begin(void)
{
    world_start();
    snprintf(token, sizeof token, "%s", new_token());
}

static void the_library_can_be_read(void)
{
    const json_t *list;

    begin();
    list = json_object_get(call("library/list", "{'offset':0,'count':2}"), "list");
    CHECK_INT(code_of(answer.json), 0);
    CHECK_INT(json_array_size(list), 2);
    CHECK_TEXT(text_of(json_array_get(list, 0), "id"), "AT0002");
    CHECK(int_of(answer.json, "total_count") > 2);
    list = json_object_get(call("library/list", "{'offset':1,'count':20}"), "list");
    CHECK_INT(json_array_size(list), int_of(answer.json, "total_count") - 1);
    call("library/get", "{'id':'AT0002'}");
    CHECK_TEXT(text_of(answer.json, "title"), "购买成功通知");
    list = json_object_get(answer.json, "keyword_list");
    CHECK_INT(int_of(json_array_get(list, 0), "keyword_id"), 1);
    CHECK_TEXT(text_of(json_array_get(list, 0), "name"), "购买地点");
    CHECK(*text_of(json_array_get(list, 0), "example"));
    CHECK_INT(code_of(call("library/get", "{'id':'AT9999'}")), 40037);
    CHECK_INT(code_of(call("library/list", "{'offset':0,'count':21}")), 47001);
    CHECK_INT(code_of(call("library/list", "{'offset':-1,'count':1}")), 47001);
    world_stop();
}

static void templates_are_added_listed_and_deleted(void)
{
    const json_t *item;
    char id[64], body[200], other[64];

    begin();
    CHECK_INT(code_of(call("add", "{'id':'AT0002','keyword_id_list':[3,1]}")), 0);
    snprintf(id, sizeof id, "%s", text_of(answer.json, "template_id"));
    CHECK_INT(strlen(id), 43);
    snprintf(other, sizeof other, "%s", legacy_template());
    CHECK_INT(json_array_size(json_object_get(call("list", "{'offset':0,'count':20}"), "list")), 2);
    item = json_array_get(json_object_get(answer.json, "list"), 0);
    CHECK_TEXT(text_of(item, "template_id"), id);
    CHECK_TEXT(text_of(item, "title"), "购买成功通知");
    CHECK_TEXT(text_of(item, "content"), "物品名称{{keyword1.DATA}}\n购买地点{{keyword2.DATA}}\n");
    CHECK(strstr(text_of(item, "example"), "物品名称：咖啡\n"));
    item = json_object_get(call("list", "{'offset':1,'count':20}"), "list");
    CHECK_INT(json_array_size(item), 1);
    CHECK_TEXT(text_of(json_array_get(item, 0), "template_id"), other);
    snprintf(body, sizeof body, "{'template_id':'%s'}", id);
    CHECK_INT(code_of(call("del", body)), 0);
    CHECK_INT(code_of(call("del", body)), 40037);
    CHECK_INT(json_array_size(json_object_get(call("list", "{'offset':0,'count':20}"), "list")), 1);
    CHECK_INT(code_of(call("add", "{'id':'AT0002','keyword_id_list':[]}")), 47001);
    CHECK_INT(code_of(call("add", "{'id':'AT0002','keyword_id_list':[99]}")), 47001);
    CHECK_INT(code_of(call("add", "{'id':'AT0002'}")), 47001);
    CHECK_INT(code_of(call("add", "{'id':'x','keyword_id_list':[1]}")), 40037);
    world_stop();
}

static void a_deleted_template_cannot_be_sent(void)
{
    char openid[64], id[64], path[300], body[100];

    begin();
    snprintf(openid, sizeof openid, "%s", new_user());
    snprintf(id, sizeof id, "%s", legacy_template());
    snprintf(body, sizeof body, "{'template_id':'%s'}", id);
    snprintf(path, sizeof path, LEGACY "?access_token=%s", token);
    CHECK_INT(code_of(post(path, "{'touser':'%s','template_id':'%s','form_id':'%s'}", openid, id,
                           new_form(openid))),
              0);
    CHECK_INT(code_of(call("del", body)), 0);
    CHECK_INT(code_of(post(path, "{'touser':'%s','template_id':'%s','form_id':'%s'}", openid, id,
                           new_form(openid))),
              40037);
    world_stop();
}

static void a_retired_account_has_no_library(void)
{
    begin();
    post("/sim/apps", "{'appid':'" APPID "','legacy':'retired'}");
    CHECK_INT(code_of(call("list", "{'offset':0,'count':20}")), 45103);
    CHECK_INT(code_of(call("library/list", "{'offset':0,'count':20}")), 45103);
    world_stop();
}

int main(void)
{
    RUN(the_library_can_be_read);
    RUN(templates_are_added_listed_and_deleted);
    RUN(a_deleted_template_cannot_be_sent);
    RUN(a_retired_account_has_no_library);
    return hy_tap_end();
}

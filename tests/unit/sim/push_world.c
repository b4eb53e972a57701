#include "push_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char push_token[200], push_openid[64], push_once[64], push_other[64], push_original_id[32];

void push_set(const char *more)
{
    post("/sim/apps", "{'appid':'" APPID "','push':{'url':'%s','token':'" TOKEN "'%s}}",
         receiver_url(), more);
    CHECK_INT(answer.status, 200);
    snprintf(push_original_id, sizeof push_original_id, "%s", text_of(answer.json, "original_id"));
}

static void add_template(char into[64], const char *title)
{
    post("/sim/templates",
         "{'appid':'" APPID "','title':'%s','type':2,'keywords':[{'key':'thing1','label':'a'}]}",
         title);
    snprintf(into, 64, "%s", text_of(answer.json, "template_id"));
}

void push_make_things(void)
{
    snprintf(push_token, sizeof push_token, "%s", new_token());
    snprintf(push_openid, sizeof push_openid, "%s", new_user());
    add_template(push_once, "一");
    add_template(push_other, "二");
}

void push_begin(const char *push)
{
    receiver_start();
    world_push_retry_ms = 1;
    world_start();
    push_make_things();
    if (push)
        push_set(push);
}

void push_end(void)
{
    world_stop();
    receiver_stop();
    world_push_timeout_ms = 0;
}

void push_subscribe(const char *choices)
{
    post("/sim/subscribe", "{'appid':'" APPID "','openid':'%s',%s}", push_openid, choices);
    CHECK_INT(answer.status, 200);
}

void push_accept(const char *tpl)
{
    char choices[200];

    snprintf(choices, sizeof choices, "'choices':{'%s':'accept'}", tpl);
    push_subscribe(choices);
}

int64_t push_send(void)
{
    char path[300];

    snprintf(path, sizeof path, SUBSCRIBE "?access_token=%s", push_token);
    post(path, "{'touser':'%s','template_id':'%s','data':{'thing1':{'value':'x'}}}", push_openid,
         push_once);
    CHECK_INT(code_of(answer.json), 0);
    return json_integer_value(json_object_get(answer.json, "msgid"));
}

const char *push_text(const char *format, ...)
{
    static char texts[2][4096];
    static unsigned next;
    char *into = texts[next++ % 2];
    va_list args;

    va_start(args, format);
    vsnprintf(into, sizeof texts[0], format, args);
    va_end(args);
    for (char *p = into; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return into;
}

long long push_time(const struct received *r)
{
    return strtoll(strstr(r->body, "CreateTime") +
                       strspn(strstr(r->body, "CreateTime"), "CreateTime\":>"),
                   NULL, 10);
}

json_t *push_at(size_t index)
{
    return json_array_get(json_object_get(get("/sim/pushes?appid=" APPID), "pushes"), index);
}

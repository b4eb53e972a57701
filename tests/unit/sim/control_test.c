#include "world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *first_fault_field(void)
{
    return text_of(json_array_get(json_object_get(answer.json, "errors"), 0), "field");
}

/* --- logins ----------------------------------------------------------------------------------- */

static const char *new_code(const char *openid)
{
    static char code[64];

    snprintf(code, sizeof code, "%s",
             text_of(post("/sim/login", "{'appid':'" APPID "','openid':'%s'}", openid), "code"));
    return code;
}

static int64_t exchange(const char *appid, const char *secret, const char *code)
{
    return code_of(get("/sns/jscode2session?appid=%s&secret=%s&js_code=%s"
                       "&grant_type=authorization_code",
                       appid, secret, code));
}

static void a_login_code_names_its_user_once(void)
{
    const char *openid, *code;

    world_start();
    openid = new_user();
    CHECK_INT(strlen(openid), 28);
    CHECK_INT(openid[0], 'o');
    code = new_code(openid);
    CHECK_INT(strlen(code), 32);
    CHECK_INT(exchange(APPID, SECRET, code), 0);
    CHECK_TEXT(text_of(answer.json, "openid"), openid);
    CHECK_INT(strlen(text_of(answer.json, "session_key")), 24);
    CHECK(json_object_get(answer.json, "errcode") == NULL);
    CHECK_INT(exchange(APPID, SECRET, code), 40163);
    CHECK_INT(exchange(APPID, SECRET, new_code(openid)), 0);
    CHECK_TEXT(text_of(answer.json, "openid"), openid);
    world_stop();
}

static void a_login_code_lives_5_minutes(void)
{
    const char *code;

    world_start();
    code = new_code(new_user());
    advance(299);
    CHECK_INT(exchange(APPID, SECRET, code), 0);
    code = new_code(new_user());
    advance(300);
    CHECK_INT(exchange(APPID, SECRET, code), 40029);
    CHECK_INT(exchange(APPID, SECRET, code), 40163);
    CHECK_INT(exchange(APPID, SECRET, "nonsense"), 40029);
    world_stop();
}

static void logins_are_checked(void)
{
    const char *code;

    world_start();
    post("/sim/apps", "{'appid':'wx2','secret':'s2'}");
    code = new_code(new_user());
    CHECK_INT(code_of(get("/sns/jscode2session?appid=" APPID "&secret=" SECRET)), 41008);
    CHECK_INT(
        code_of(get("/sns/jscode2session?appid=" APPID "&secret=" SECRET "&js_code=%s", code)),
        40002);
    CHECK_INT(exchange("wx9", SECRET, code), 40013);
    CHECK_INT(exchange(APPID, "wrong", code), 40125);
    CHECK_INT(exchange("wx2", "s2", code), 40029);
    CHECK_INT(exchange(APPID, SECRET, code), 40163);
    CHECK_INT(int_of(get("/sim/stats"), "logins"), 6);
    world_stop();
}

/* --- people ----------------------------------------------------------------------------------- */

static void people_come_in_numbers(void)
{
    const json_t *openids;

    world_start();
    openids = json_object_get(post("/sim/users", "{'appid':'" APPID "','count':1000}"), "openids");
    CHECK_INT(json_array_size(openids), 1000);
    CHECK_TEXT(json_string_value(json_array_get(openids, 0)), text_of(answer.json, "openid"));
    get("/sim/users?appid=" APPID "&limit=5");
    CHECK_INT(int_of(answer.json, "total"), 1000);
    CHECK_INT(json_array_size(json_object_get(answer.json, "users")), 5);
    get("/sim/users?appid=" APPID "&limit=0");
    CHECK_TEXT(first_fault_field(), "limit");
    world_stop();
}

static void receipts_come_in_numbers(void)
{
    char a[64], b[64];

    world_start();
    snprintf(a, sizeof a, "%s", new_user());
    snprintf(b, sizeof b, "%s", new_user());
    CHECK(strcmp(a, b) != 0);
    post("/sim/forms", "{'appid':'" APPID "','openid':'%s','count':5}", a);
    CHECK_INT(json_array_size(json_object_get(answer.json, "form_ids")), 5);
    post("/sim/payments", "{'appid':'" APPID "','openids':['%s','%s'],'count':2}", a, b);
    CHECK_INT(json_array_size(json_object_get(answer.json, "prepay_ids")), 4);
    CHECK_INT(int_of(get("/sim/stats"), "receipts"), 9);
    post("/sim/forms", "{'appid':'" APPID "','openids':['%s','x']}", a);
    CHECK_INT(answer.status, 400);
    CHECK_TEXT(first_fault_field(), "openids");
    CHECK_INT(int_of(get("/sim/stats"), "receipts"), 9);
    world_stop();
}

static void seeds_repeat(void)
{
    char first[64], code[64];

    world_start();
    snprintf(first, sizeof first, "%s", new_user());
    snprintf(code, sizeof code, "%s", new_code(first));
    world_stop();
    world_start();
    new_token();
    CHECK_TEXT(new_user(), first);
    CHECK_TEXT(new_code(first), code);
    world_stop();
}

/* --- faults of the caller --------------------------------------------------------------------- */

static const struct {
    const char *path, *body, *field;
} rows[] = {
    {"/sim/apps", "{}", "appid"},
    {"/sim/apps", "{'appid':'wx7'}", "secret"},
    {"/sim/apps", "{'appid':'" APPID "','legacy':'dead'}", "legacy"},
    {"/sim/apps", "{'appid':'" APPID "','push':{'token':'x'}}", "push.url"},
    {"/sim/apps", "{'appid':'" APPID "','push':{'url':'http://x/','mode':'safe'}}", "push.aes_key"},
    {"/sim/apps", "{'appid':'" APPID "','limits':{'/x':1}}", "limits./x"},
    {"/sim/apps", "{'appid':'" APPID "','pages':[1]}", "pages"},
    {"/sim/users", "{}", "appid"},
    {"/sim/users", "{'appid':'wx404'}", "appid"},
    {"/sim/users", "{'appid':'" APPID "','count':0}", "count"},
    {"/sim/users", "{'appid':'" APPID "','cuont':1}", "cuont"},
    {"/sim/login", "{'appid':'" APPID "'}", "openid"},
    {"/sim/forms", "{'appid':'" APPID "','openid':'x'}", "openid"},
    {"/sim/subscribe", "{'appid':'" APPID "','openid':'x','choices':{}}", "choices"},
    {"/sim/faults", "{}", "path"},
    {"/sim/faults", "{'path':'/cgi-bin/token'}", ""},
    {"/sim/faults", "{'path':'cgi-bin','errcode':-1}", "path"},
    {"/sim/faults", "{'path':'/sim/stats','errcode':-1}", "path"},
    {"/sim/faults", "{'path':'*','errcode':-1,'probability':2}", "probability"},
    {"/sim/faults", "{'path':'*','drop':'later'}", "drop"},
    {"/sim/clock", "{'advance_s':-1}", "advance_s"},
};

static void bad_requests_name_the_field(void)
{
    world_start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        post(rows[i].path, "%s", rows[i].body);
        if (answer.status != 400 || strcmp(first_fault_field(), rows[i].field) != 0)
            hy_tap_fail(__FILE__, __LINE__, "%s %s: %d %s", rows[i].path, rows[i].body,
                        answer.status, answer.text);
    }
    post("/sim/users", "not json");
    CHECK_INT(answer.status, 400);
    get("/sim/nothing");
    CHECK_INT(answer.status, 404);
    get("/sim/reset");
    CHECK_INT(answer.status, 405);
    get("/sim/phone?appid=" APPID);
    CHECK_TEXT(first_fault_field(), "openid");
    world_stop();
}

/* --- time, reset, the page -------------------------------------------------------------------- */

static void the_clock_moves(void)
{
    int64_t before;

    world_start();
    before = int_of(get("/sim/clock"), "now_s");
    CHECK_INT(int_of(answer.json, "advanced_s"), 0);
    advance(1000);
    CHECK(int_of(answer.json, "now_s") >= before + 1000);
    CHECK(int_of(get("/sim/clock"), "now_s") <= before + 1010);
    CHECK_INT(int_of(answer.json, "advanced_s"), 1000);
    world_stop();
}

static void reset_empties_all(void)
{
    char token[200], openid[64], path[300];

    world_start();
    snprintf(token, sizeof token, "%s", new_token());
    snprintf(openid, sizeof openid, "%s", new_user());
    new_form(openid);
    post("/sim/apps", "{'appid':'wx2','secret':'s2'}");
    post("/sim/apps", "{'appid':'" APPID "','legacy':'retired','secret':'other'}");
    post("/sim/faults", "{'path':'*','errcode':-1}");
    advance(500);
    post("/sim/reset", "%s", "");
    CHECK_INT(answer.status, 200);
    get("/sim/stats");
    CHECK_INT(int_of(answer.json, "requests"), 0);
    CHECK_INT(int_of(answer.json, "users"), 0);
    CHECK_INT(int_of(answer.json, "receipts"), 0);
    CHECK_INT(json_array_size(json_object_get(get("/sim/apps"), "apps")), 1);
    CHECK_INT(json_array_size(json_object_get(get("/sim/faults"), "faults")), 0);
    CHECK_INT(int_of(get("/sim/clock"), "advanced_s"), 0);
    snprintf(path, sizeof path, LEGACY "?access_token=%s", token);
    CHECK_INT(code_of(post(path, "{}")), 40001);
    snprintf(path, sizeof path, LEGACY "?access_token=%s", new_token());
    CHECK_INT(code_of(post(path, "{'touser':'%s'}", openid)), 40003);
    world_stop();
}

static void the_page_is_whole(void)
{
    world_start();
    get("/sim/");
    CHECK_INT(answer.status, 200);
    CHECK(strstr(answer.text, "<!doctype html>") == answer.text);
    CHECK(strstr(answer.text, "</html>"));
    CHECK(!strstr(answer.text, "https://"));
    get("/sim");
    CHECK_INT(answer.status, 200);
    world_stop();
}

/* SDKs read these bytes: a JSON type without a charset, a length, and nothing after the object. */
static void the_wire_looks_like_the_platforms(void)
{
    static const char request[] = "GET /cgi-bin/nothing HTTP/1.1\r\nHost: x\r\nConnection: "
                                  "close\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET};
    char bytes[2000], length[64];
    const char *body;
    size_t used = 0;
    ssize_t got;
    int fd;

    world_start();
    to.sin_port = htons((uint16_t)atoi(strchr(world_address(), ':') + 1));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    CHECK_INT(write(fd, request, sizeof request - 1), sizeof request - 1);
    while ((got = read(fd, bytes + used, sizeof bytes - 1 - used)) > 0)
        used += (size_t)got;
    close(fd);
    bytes[used] = 0;
    CHECK(strncmp(bytes, "HTTP/1.1 200 OK\r\n", 17) == 0);
    CHECK(strstr(bytes, "\r\nContent-Type: application/json; encoding=utf-8\r\n"));
    body = strstr(bytes, "\r\n\r\n");
    CHECK(body);
    body += 4;
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body));
    CHECK(strstr(bytes, length));
    CHECK(strncmp(body, "{\"errcode\":40066,\"errmsg\":\"invalid url rid: ", 44) == 0);
    CHECK_INT(body[strlen(body) - 1], '}');
    world_stop();
}

int main(void)
{
    RUN(a_login_code_names_its_user_once);
    RUN(a_login_code_lives_5_minutes);
    RUN(logins_are_checked);
    RUN(people_come_in_numbers);
    RUN(receipts_come_in_numbers);
    RUN(seeds_repeat);
    RUN(bad_requests_name_the_field);
    RUN(the_clock_moves);
    RUN(reset_empties_all);
    RUN(the_page_is_whole);
    RUN(the_wire_looks_like_the_platforms);
    return hy_tap_end();
}

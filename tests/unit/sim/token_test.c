#include "world.h"

#define CLASSIC "/cgi-bin/token?grant_type=client_credential&appid=" APPID "&secret=" SECRET
#define STABLE  "/cgi-bin/stable_token"
#define WHO     "'grant_type':'client_credential','appid':'" APPID "','secret':'" SECRET "'"

enum { TEXT = 200 };

static void classic(char *into)
{
    snprintf(into, TEXT, "%s", text_of(get(CLASSIC), "access_token"));
}

static void stable(char *into, const char *force)
{
    snprintf(into, TEXT, "%s",
             text_of(post(STABLE, "{" WHO ",'force_refresh':%s}", force), "access_token"));
}

static int64_t try_token(const char *token)
{
    char path[TEXT + 100];

    snprintf(path, sizeof path, "/cgi-bin/openapi/quota/get?access_token=%s", token);
    return code_of(post(path, "{'cgi_path':'/cgi-bin/token'}"));
}

static void token_has_the_shape(void)
{
    char token[TEXT];

    world_start();
    get(CLASSIC);
    CHECK_INT(answer.status, 200);
    CHECK_INT(int_of(answer.json, "expires_in"), 7200);
    CHECK(json_object_get(answer.json, "errcode") == NULL);
    classic(token);
    CHECK_INT(strlen(token), 136);
    CHECK_INT(strspn(token, "0123456789"), 2);
    CHECK_INT(token[2], '_');
    CHECK_INT(try_token(token), 0);
    world_stop();
}

static void every_classic_call_makes_a_new_one(void)
{
    char first[TEXT], second[TEXT], third[TEXT];

    world_start();
    classic(first);
    classic(second);
    CHECK(strcmp(first, second) != 0);
    CHECK_INT(try_token(first), 0);
    CHECK_INT(try_token(second), 0);
    classic(third);
    CHECK_INT(try_token(first), 40001);
    CHECK_INT(try_token(second), 0);
    advance(299);
    CHECK_INT(try_token(second), 0);
    advance(2);
    CHECK_INT(try_token(second), 40001);
    CHECK_INT(try_token(third), 0);
    advance(7200);
    CHECK_INT(try_token(third), 42001);
    CHECK_INT(try_token(second), 40001);
    world_stop();
}

static void a_token_replaced_late_dies_of_age(void)
{
    char old[TEXT], new[TEXT];

    world_start();
    classic(old);
    advance(7100);
    classic(new);
    CHECK_INT(try_token(old), 0);
    advance(101);
    CHECK_INT(try_token(old), 42001);
    CHECK_INT(try_token(new), 0);
    world_stop();
}

static void stable_stays_and_tells_what_is_left(void)
{
    char first[TEXT], second[TEXT];

    world_start();
    stable(first, "false");
    CHECK_INT(int_of(answer.json, "expires_in"), 7200);
    advance(6000);
    stable(second, "false");
    CHECK_TEXT(second, first);
    CHECK(int_of(answer.json, "expires_in") >= 1195 && int_of(answer.json, "expires_in") <= 1200);
    advance(890);
    stable(second, "false");
    CHECK_TEXT(second, first);
    CHECK(int_of(answer.json, "expires_in") >= 300);
    advance(11);
    stable(second, "false");
    CHECK(strcmp(first, second) != 0);
    CHECK_INT(int_of(answer.json, "expires_in"), 7200);
    CHECK_INT(try_token(first), 0);
    CHECK_INT(try_token(second), 0);
    advance(300);
    CHECK_INT(try_token(first), 42001);
    world_stop();
}

static void force_refreshes_once_in_30_s(void)
{
    char first[TEXT], second[TEXT], third[TEXT];

    world_start();
    stable(first, "true");
    stable(second, "true");
    CHECK(strcmp(first, second) != 0);
    stable(third, "true");
    CHECK_TEXT(third, second);
    CHECK_INT(try_token(first), 0);
    advance(30);
    stable(third, "true");
    CHECK(strcmp(third, second) != 0);
    CHECK_INT(try_token(first), 40001);
    CHECK_INT(try_token(second), 0);
    CHECK_INT(try_token(third), 0);
    world_stop();
}

static void force_works_20_times_a_day(void)
{
    char token[TEXT], kept[TEXT];

    world_start();
    next_day();
    stable(kept, "false");
    for (int i = 0; i < 20; i++) {
        stable(token, "true");
        CHECK(strcmp(token, kept) != 0);
        snprintf(kept, sizeof kept, "%s", token);
        advance(31);
    }
    CHECK_INT(code_of(post(STABLE, "{" WHO ",'force_refresh':true}")), 45009);
    stable(token, "false");
    CHECK_TEXT(token, kept);
    next_day();
    stable(token, "false");
    CHECK(strcmp(token, kept) != 0);
    stable(kept, "true");
    CHECK(strcmp(token, kept) != 0);
    world_stop();
}

static void families_do_not_touch_each_other(void)
{
    char one[TEXT], two[TEXT], other[TEXT];

    world_start();
    stable(one, "false");
    for (int i = 0; i < 3; i++)
        classic(other);
    CHECK_INT(try_token(one), 0);
    CHECK_INT(try_token(other), 0);
    stable(two, "true");
    advance(31);
    stable(two, "true");
    advance(31);
    stable(two, "true");
    CHECK_INT(try_token(one), 40001);
    CHECK_INT(try_token(other), 0);
    world_stop();
}

static void classic_works_2000_times_a_day(void)
{
    world_start();
    next_day();
    CHECK_INT(get_many(2000, 32, 0, CLASSIC), 2000);
    CHECK_INT(code_of(get(CLASSIC)), 45009);
    CHECK(strstr(text_of(answer.json, "errmsg"), "reach max api daily quota limit"));
    CHECK(strstr(text_of(answer.json, "errmsg"), "getStableAccessToken"));
    CHECK_INT(int_of(get("/sim/stats"), "token_calls"), 2001);
    next_day();
    CHECK_INT(code_of(get(CLASSIC)), 0);
    world_stop();
}

static void stable_works_10000_times_a_minute(void)
{
    int64_t second;

    world_start();
    second = int_of(get("/sim/clock"), "now_s") % 60;
    advance(60 - second);
    CHECK_INT(post_many(10000, 64, 0, STABLE, "{" WHO "}"), 10000);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 45011);
    advance(60);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 0);
    world_stop();
}

static void limits_can_be_told_and_changed(void)
{
    char path[TEXT + 100];
    const json_t *quota;

    world_start();
    next_day();
    snprintf(path, sizeof path, "/cgi-bin/openapi/quota/get?access_token=%s", new_token());
    quota = json_object_get(post(path, "{'cgi_path':'" STABLE "'}"), "quota");
    CHECK_INT(int_of(quota, "daily_limit"), 500000);
    CHECK_INT(int_of(quota, "used"), 1);
    CHECK_INT(int_of(quota, "remain"), 499999);
    quota = json_object_get(answer.json, "rate_limit");
    CHECK_INT(int_of(quota, "call_count"), 10000);
    CHECK_INT(int_of(quota, "refresh_second"), 60);
    CHECK_INT(code_of(post(path, "{'cgi_path':'/cgi-bin/what'}")), 76021);
    CHECK_INT(code_of(post(path, "{'cgi_path':'/sns/jscode2session'}")), 76022);
    CHECK_INT(code_of(post(path, "{'cgi_path':'cgi-bin/token'}")), 76003);
    post("/sim/apps", "{'appid':'" APPID "','limits':{'" STABLE "':2}}");
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 0);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 45009);
    world_stop();
}

static void quotas_can_be_cleared_10_times_a_month(void)
{
    char path[TEXT + 100];

    world_start();
    next_day();
    snprintf(path, sizeof path, "/cgi-bin/clear_quota?access_token=%s", new_token());
    post("/sim/apps", "{'appid':'" APPID "','limits':{'" STABLE "':1}}");
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 45009);
    CHECK_INT(code_of(post(path, "{'appid':'wx1'}")), 40013);
    CHECK_INT(code_of(post(path, "{'appid':'" APPID "'}")), 0);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 0);
    for (int i = 0; i < 9; i++)
        CHECK_INT(code_of(post(path, "{'appid':'" APPID "'}")), 0);
    CHECK_INT(code_of(post(path, "{'appid':'" APPID "'}")), 48006);
    world_stop();
}

/* Appid and secret in the query or in the body, and no token: that may be what is used up. */
static void quotas_can_be_cleared_without_a_token(void)
{
    static const char path[] = "/cgi-bin/clear_quota/v2";
    char in_query[TEXT];

    world_start();
    next_day();
    snprintf(in_query, sizeof in_query, "%s?appid=" APPID "&appsecret=" SECRET, path);
    post("/sim/apps", "{'appid':'" APPID "','limits':{'" STABLE "':1}}");
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 0);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 45009);
    CHECK_INT(code_of(post(path, "%s", "")), 41002);
    CHECK_INT(code_of(post(path, "{'appid':'" APPID "'}")), 41004);
    CHECK_INT(code_of(post(path, "{'appid':'wx1','appsecret':'x'}")), 40013);
    CHECK_INT(code_of(get(path)), 43002);
    CHECK_INT(code_of(post(in_query, "%s", "")), 0);
    CHECK_INT(code_of(post(STABLE, "{" WHO "}")), 0);
    for (int i = 0; i < 9; i++)
        CHECK_INT(code_of(post(path, "{'appid':'" APPID "','appsecret':'" SECRET "'}")), 0);
    CHECK_INT(code_of(post(in_query, "%s", "")), 48006);
    world_stop();
}

static void wrong_callers_are_told_why(void)
{
    world_start();
    CHECK_INT(code_of(get("/cgi-bin/token")), 41002);
    CHECK_INT(code_of(get("/cgi-bin/token?appid=" APPID)), 41004);
    CHECK_INT(code_of(get("/cgi-bin/token?appid=" APPID "&secret=" SECRET)), 40002);
    CHECK_INT(
        code_of(get("/cgi-bin/token?appid=wx2&secret=" SECRET "&grant_type=client_credential")),
        40013);
    CHECK_INT(code_of(get("/cgi-bin/token?appid=" APPID "&secret=x&grant_type=client_credential")),
              40125);
    CHECK_INT(code_of(get(STABLE)), 43002);
    CHECK_INT(code_of(post(STABLE, "%s", "")), 44002);
    CHECK_INT(code_of(post(STABLE, "grant_type=client_credential")), 47001);
    CHECK_INT(code_of(post(STABLE, "[]")), 47001);
    CHECK_INT(code_of(post(STABLE, "{}")), 41002);
    CHECK_INT(code_of(post(STABLE, "{'appid':'" APPID "'}")), 41004);
    CHECK_INT(code_of(post(STABLE, "{'appid':'" APPID "','secret':'" SECRET "'}")), 40002);
    CHECK_INT(code_of(post(STABLE, "{" WHO ",'force_refresh':'yes'}")), 47001);
    CHECK_INT(int_of(get("/sim/stats"), "token_calls"), 13);
    world_stop();
}

static void switches_of_the_account(void)
{
    char token[TEXT];

    world_start();
    classic(token);
    post("/sim/apps", "{'appid':'" APPID "','secret_frozen':true}");
    CHECK_INT(code_of(get(CLASSIC)), 40243);
    CHECK_INT(try_token(token), 0);
    post("/sim/apps", "{'appid':'" APPID "','secret_frozen':false,'ip_whitelist':['10.0.0.1']}");
    CHECK_INT(code_of(get(CLASSIC)), 40164);
    CHECK(strstr(text_of(answer.json, "errmsg"),
                 "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: "));
    CHECK_INT(try_token(token), 0);
    post("/sim/apps", "{'appid':'" APPID "','ip_whitelist':['10.0.0.1','127.0.0.1']}");
    CHECK_INT(code_of(get(CLASSIC)), 0);
    world_stop();
}

static void tokens_that_are_none(void)
{
    world_start();
    CHECK_INT(code_of(post("/cgi-bin/openapi/quota/get", "{}")), 41001);
    CHECK_INT(try_token(""), 41001);
    CHECK_INT(try_token("garbage"), 40014);
    CHECK_INT(try_token("61_4y-jO8xOFCNZWj8mdvxiGorRVQ7COT_eOA_6CyRrMCmHnKM0xx0iOHKKr1VCBCV9slYPk"
                        "1dC1-sDAnJoIJkh5aHY3Q_GEiBlNq8BELkVT3M7mLa7KuyzY8IpoVZO"),
              40001);
    CHECK(strstr(text_of(answer.json, "errmsg"),
                 "invalid credential, access_token is invalid or not latest"));
    world_stop();
}

static void errors_carry_a_rid_with_the_time(void)
{
    const char *rid;
    unsigned at, a, b;
    int64_t now_s;

    world_start();
    advance(100000);
    now_s = int_of(get("/sim/clock"), "now_s");
    CHECK_INT(code_of(get("/cgi-bin/nothing/here")), 40066);
    CHECK_INT(answer.status, 200);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "invalid url rid: ", 17) == 0);
    rid = text_of(answer.json, "errmsg") + 17;
    CHECK_INT(strlen(rid), 26);
    CHECK_INT(sscanf(rid, "%8x-%8x-%8x", &at, &a, &b), 3);
    CHECK(at >= now_s && at <= now_s + 5);
    CHECK_INT(code_of(get("/sns/jscode2session")), 41002);
    CHECK(strncmp(text_of(answer.json, "errmsg"), "appid missing, rid: ", 20) == 0);
    world_stop();
}

int main(void)
{
    RUN(token_has_the_shape);
    RUN(every_classic_call_makes_a_new_one);
    RUN(a_token_replaced_late_dies_of_age);
    RUN(stable_stays_and_tells_what_is_left);
    RUN(force_refreshes_once_in_30_s);
    RUN(force_works_20_times_a_day);
    RUN(families_do_not_touch_each_other);
    RUN(classic_works_2000_times_a_day);
    RUN(stable_works_10000_times_a_minute);
    RUN(limits_can_be_told_and_changed);
    RUN(quotas_can_be_cleared_10_times_a_month);
    RUN(quotas_can_be_cleared_without_a_token);
    RUN(wrong_callers_are_told_why);
    RUN(switches_of_the_account);
    RUN(tokens_that_are_none);
    RUN(errors_carry_a_rid_with_the_time);
    return hy_tap_end();
}

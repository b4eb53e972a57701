/*
 * The calls of the WeChat mini-program adapter beside sending: logins, templates and quotas. Every request as
 * it goes over the wire, and what is read from replies as WeChat's documents show them. Run with the
 * folder of the golden files.
 */
#include "golden.h"
#include "tap.h"

#include "platform/platform.h"

#include <inttypes.h>

#define BASE   "https://api.weixin.qq.com"
#define APP    "wx0000000000000001"
#define SECRET "00000000000000000000000000000001"
#define TOKEN  "84_kq3nN0w8Zb-VYc_5tE1xU7uJr2LmPoQiAsDfGhHjKl"

static const struct hy_platform *platform;
static struct hy_arena arena;
static struct hy_buf out;

static void compare(const char *name)
{
    const char *difference;

    CHECK(hy_buf_ok(&out));
    difference = golden_differs(name, &out);
    if (difference)
        hy_tap_fail(__FILE__, __LINE__, "%s", difference);
}

static void show_request(const char *name, const struct hy_http_request *r)
{
    char shown[4096];

    hy_buf_printf(&out, "# %s\n%s %s\nin logs: %s\n", name, r->method, r->url,
                  hy_http_mask_url(shown, sizeof shown, r->url, r->secret_params));
    for (size_t i = 0; i < r->header_count; i++)
        hy_buf_printf(&out, "%s: %s\n", r->headers[i].name, r->headers[i].value);
    if (r->body)
        hy_buf_printf(&out, "%s\n", r->body);
}

static struct hy_http_response answer(const char *body)
{
    return (struct hy_http_response){
        .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = strlen(body)};
}

static void show_judgement(const struct hy_judgement *j)
{
    hy_buf_printf(&out, "=> %s%s%s", hy_verdict_names[j->verdict], j->hint ? " " : "",
                  hy_hint_names[j->hint]);
    if (j->errcode[0])
        hy_buf_printf(&out, ", errcode %s", j->errcode);
    if (j->errmsg[0])
        hy_buf_printf(&out, ", \"%s\"", j->errmsg);
    if (j->rid[0])
        hy_buf_printf(&out, ", rid %s", j->rid);
    hy_buf_putc(&out, '\n');
}

/* --- logins ----------------------------------------------------------------------------------- */

static void login_requests(void)
{
    struct hy_login_ask asks[] = {{BASE, APP, SECRET, "0a1B2c3D4e5F6a7B8c9D0e1F2a3B4c5D"},
                                  {"http://127.0.0.1:8090", APP, SECRET, "a&b=c d"}};
    static const char *const names[] = {"a code", "a code that needs escapes"};

    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        struct hy_http_request r;

        CHECK_INT(platform->build_login(&asks[i], &arena, &r), 0);
        show_request(names[i], &r);
    }
    compare("login_requests");
}

#define USER "oUser-0000_0000000000000abcd"
#define KEY  "tiihtNczf5v6AKRyjwEUhQ=="

static const char *const login_replies[] = {
    "{\"session_key\":\"" KEY "\",\"openid\":\"" USER "\"}",
    "{\"openid\":\"" USER "\",\"session_key\":\"" KEY "\",\"unionid\":\"o6_x\",\"errcode\":0,"
    "\"errmsg\":\"ok\"}",
    "{\"errcode\":40029,\"errmsg\":\"invalid code, rid: 65f1a2b3-1a2b3c4d-5e6f7081\"}",
    "{\"errcode\":40029,\"errmsg\":\"invalid code, hints: [ req_id: AbC-01 ]\"}",
    "{\"errcode\":40163,\"errmsg\":\"code been used, rid: 65f1a2b3-1a2b3c4d-5e6f7081\"}",
    "{\"errcode\":40226,\"errmsg\":\"code blocked\"}",
    "{\"errcode\":45011,\"errmsg\":\"api minute-quota reach limit\"}",
    "{\"errcode\":-1,\"errmsg\":\"system error\"}",
    "{\"errcode\":40029,\"openid\":\"" USER "\"}",
    "{\"session_key\":\"" KEY "\"}",
    "{\"session_key\":\"" KEY "\",\"openid\":\"\"}",
    "{\"session_key\":\"" KEY "\",\"openid\":\"o|not an openid at all\"}",
    "{\"session_key\":\"" KEY "\",\"openid\":7}",
    "{\"errcode\":\"no\",\"openid\":\"" USER "\"}",
    "{}",
    "",
};

static void login_judgements(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof login_replies / sizeof *login_replies; i++) {
        struct hy_http_response response = answer(login_replies[i]);
        struct hy_login_reply reply;

        memset(&reply, 0xa5, sizeof reply);
        platform->judge_login(&response, &arena, &reply);
        CHECK((reply.user != NULL) == (reply.judgement.verdict == HY_VERDICT_OK));
        hy_buf_printf(&out, "%s\n", login_replies[i]);
        show_judgement(&reply.judgement);
        if (reply.user)
            hy_buf_printf(&out, "   user %s\n", reply.user);
    }
    compare("login_replies");
}

/* --- templates -------------------------------------------------------------------------------- */

#define TEMPLATE "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"

static const int64_t keywords[] = {3, 1, 2};

static const struct {
    const char *name;
    struct hy_template_ask ask;
} calls[] = {
    {"list", {BASE, TOKEN, HY_TEMPLATE_OP_LIST}},
    {"add",
     {BASE, TOKEN, HY_TEMPLATE_OP_ADD, .title_id = "99", .keywords = keywords, .keyword_count = 3,
      .scene = "订单\"通知\""}},
    {"add without scene and keywords", {BASE, TOKEN, HY_TEMPLATE_OP_ADD, .title_id = "99"}},
    {"delete", {BASE, TOKEN, HY_TEMPLATE_OP_DELETE, .template_id = TEMPLATE}},
    {"categories", {BASE, TOKEN, HY_TEMPLATE_OP_CATEGORIES}},
    {"titles",
     {BASE, TOKEN, HY_TEMPLATE_OP_TITLES, .categories = "616,2&x", .start = 30, .limit = 30}},
    {"keywords", {BASE, TOKEN, HY_TEMPLATE_OP_KEYWORDS, .title_id = "99"}},
    {"legacy list", {BASE, TOKEN, HY_TEMPLATE_OP_LIST, .legacy = true, .start = 20, .limit = 20}},
    {"legacy add",
     {BASE, TOKEN, HY_TEMPLATE_OP_ADD, .legacy = true, .title_id = "AT0002", .keywords = keywords,
      .keyword_count = 3, .scene = "left out"}},
    {"legacy delete",
     {BASE, TOKEN, HY_TEMPLATE_OP_DELETE, .legacy = true, .template_id = TEMPLATE}},
    {"legacy titles", {BASE, TOKEN, HY_TEMPLATE_OP_TITLES, .legacy = true, .limit = 5}},
    {"legacy keywords",
     {BASE, TOKEN, HY_TEMPLATE_OP_KEYWORDS, .legacy = true, .title_id = "AT0002"}},
};

static void template_requests(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct hy_http_request r;

        CHECK_INT(platform->build_template(&calls[i].ask, &arena, &r), 0);
        show_request(calls[i].name, &r);
    }
    compare("template_requests");
}

static const struct {
    const char *name;
    enum hy_template_op op;
    bool legacy;
    const char *body;
} replies[] = {
#include "wechat_mini_template_replies.inc"
};

static void show_template(const struct hy_template *t)
{
    HY_JSON_SCOPED json_t *content = json_string(t->content);

    CHECK(t->app_no == 0 && t->synced_at_ms == 0);
    hy_buf_printf(&out, "   %s %s \"%s\" ", t->id, hy_template_kind_names[t->kind], t->title);
    hy_json_write(&out, content);
    hy_buf_printf(&out, "\n      %s; %s\n", t->example ? "with example" : "no example",
                  t->choices ? t->choices : "no choices");
}

static void template_judgements(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct hy_template_ask ask = {.op = replies[i].op, .legacy = replies[i].legacy};
        struct hy_http_response response = answer(replies[i].body);
        struct hy_template_reply reply;

        memset(&reply, 0xa5, sizeof reply);
        platform->judge_template(&ask, &response, &arena, &reply);
        hy_buf_printf(&out, "# %s\n%s\n", replies[i].name, replies[i].body);
        show_judgement(&reply.judgement);
        for (size_t k = 0; k < reply.count; k++)
            show_template(&reply.templates[k]);
        if (reply.template_id)
            hy_buf_printf(&out, "   template %s\n", reply.template_id);
        if (reply.items)
            hy_buf_printf(&out, "   items %s\n", reply.items);
        if (reply.total != -1)
            hy_buf_printf(&out, "   total %" PRId64 "\n", reply.total);
    }
    compare("template_replies");
}

/* --- quotas ----------------------------------------------------------------------------------- */

static void quota_requests(void)
{
    hy_buf_clear(&out);
    for (int channel = 0; channel < HY_CHANNELS; channel++) {
        struct hy_quota_ask ask = {BASE, TOKEN, (enum hy_channel)channel};
        struct hy_http_request r;

        CHECK_INT(platform->build_quota(&ask, &arena, &r), 0);
        show_request(channel == HY_CHANNEL_SUBSCRIBE ? "subscribe" : "template", &r);
    }
    compare("quota_requests");
}

static const char *const quota_replies[] = {
    "{\"errcode\":0,\"errmsg\":\"ok\",\"quota\":{\"daily_limit\":500000,\"used\":14,\"remain\":"
    "499986},\"rate_limit\":{\"call_count\":10000,\"refresh_second\":60},"
    "\"component_rate_limit\":{\"call_count\":1050000,\"refresh_second\":60}}",
    "{\"quota\":{\"daily_limit\":10000000,\"used\":0,\"remain\":10000000}}",
    "{\"errcode\":0,\"quota\":{\"daily_limit\":\"100\",\"used\":\"101\",\"remain\":\"0\"}}",
    "{\"errcode\":0,\"quota\":{\"daily_limit\":0,\"used\":0,\"remain\":0}}",
    ("{\"errcode\":0,\"quota\":{\"daily_limit\":10,\"used\":1,\"remain\":9},\"rate_limit\":"
     "{\"call_count\":5,\"refresh_second\":0}}"),
    "{\"errcode\":0,\"quota\":{\"daily_limit\":10,\"used\":1,\"remain\":9},\"rate_limit\":7}",
    "{\"errcode\":0,\"quota\":{\"daily_limit\":10,\"used\":-1,\"remain\":11}}",
    "{\"errcode\":0,\"quota\":{\"daily_limit\":10,\"used\":1}}",
    "{\"errcode\":0,\"quota\":[10,1,9]}",
    "{\"errcode\":0,\"errmsg\":\"ok\"}",
    "{\"errcode\":76021,\"errmsg\":\"cgi_path not found, rid: 65f1a2b3-1a2b3c4d-5e6f7081\"}",
    "{\"errcode\":76022,\"errmsg\":\"could not use this cgi_path\"}",
    "{\"errcode\":76003,\"errmsg\":\"invalid cgi_path\"}",
    "{\"errcode\":40001,\"errmsg\":\"invalid credential\"}",
    "{\"errcode\":45009,\"errmsg\":\"reach max api daily quota limit\"}",
    "{\"errcode\":-1,\"errmsg\":\"system error\"}",
    "{\"errcode\":12345,\"errmsg\":\"a code that nobody listed\"}",
    "{\"errcode\":\"no\"}",
    "[]",
    "",
};

static void quota_judgements(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof quota_replies / sizeof *quota_replies; i++) {
        struct hy_http_response response = answer(quota_replies[i]);
        struct hy_quota_reply reply;

        memset(&reply, 0xa5, sizeof reply);
        platform->judge_quota(&response, &reply);
        hy_buf_printf(&out, "%s\n", quota_replies[i]);
        show_judgement(&reply.judgement);
        if (reply.judgement.verdict == HY_VERDICT_OK)
            hy_buf_printf(&out,
                          "   %" PRId64 " a day, %" PRId64 " used, %" PRId64 " left; %" PRId64
                          " in %" PRId64 " s\n",
                          reply.limit, reply.used, reply.remain, reply.rate_calls, reply.rate_s);
    }
    compare("quota_replies");
}

static void no_golden_file_is_left_over(void)
{
    const char *name = golden_left_over();

    if (name)
        hy_tap_fail(__FILE__, __LINE__, "%s belongs to no case", name);
}

int main(int argc, char **argv)
{
    int failed;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    golden_use(argv[1]);
    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    hy_buf_init(&out, 1024 * 1024);
    RUN(login_requests);
    RUN(login_judgements);
    RUN(template_requests);
    RUN(template_judgements);
    RUN(quota_requests);
    RUN(quota_judgements);
    RUN(no_golden_file_is_left_over);
    failed = hy_tap_end();
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return failed;
}

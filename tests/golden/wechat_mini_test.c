/*
 * Every request of the WeChat mini-program adapter as it goes over the wire, the judgement of every
 * code of its table, and of every odd reply. Run with the folder of the golden files.
 */
#include "golden.h"
#include "tap.h"

#include "platform/platform.h"

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

/* --- requests --------------------------------------------------------------------------------- */

static void show_request(const struct hy_http_request *r, const char *api)
{
    char shown[4096];

    hy_buf_printf(&out, "method: %s\nurl: %s\nin logs: %s\n", r->method, r->url,
                  hy_http_mask_url(shown, sizeof shown, r->url, r->secret_params));
    for (size_t i = 0; i < r->header_count; i++)
        hy_buf_printf(&out, "header: %s: %s\n", r->headers[i].name, r->headers[i].value);
    if (api)
        hy_buf_printf(&out, "judged by: %s\n", api);
    if (r->body) {
        CHECK_INT(strlen(r->body), r->body_size);
        hy_buf_printf(&out, "body:\n%s\n", r->body);
    }
}

#define BASE   "https://api.weixin.qq.com"
#define APP    "wx0000000000000001"
#define SECRET "00000000000000000000000000000001"
#define TOKEN  "84_kq3nN0w8Zb-VYc_5tE1xU7uJr2LmPoQiAsDfGhHjKl"

static const struct {
    const char *name;
    struct hy_token_ask ask;
} token_cases[] = {
    {"request_token_classic", {BASE, APP, SECRET, HY_TOKEN_CLASSIC, false}},
    {"request_token_classic_knows_no_force", {BASE, APP, SECRET, HY_TOKEN_CLASSIC, true}},
    {"request_token_classic_escapes", {BASE, "a&b", "s=c r+t/%", HY_TOKEN_CLASSIC, false}},
    {"request_token_stable", {BASE, APP, SECRET, HY_TOKEN_STABLE, false}},
    {"request_token_stable_forced", {BASE, APP, SECRET, HY_TOKEN_STABLE, true}},
    {"request_token_other_host", {"http://127.0.0.1:8090", APP, SECRET, HY_TOKEN_STABLE, false}},
};

static void token_requests(void)
{
    for (size_t i = 0; i < sizeof token_cases / sizeof *token_cases; i++) {
        struct hy_http_request r;

        hy_buf_clear(&out);
        CHECK_INT(platform->build_token(&token_cases[i].ask, &arena, &r), 0);
        show_request(&r, NULL);
        compare(token_cases[i].name);
    }
}

#define USER     "oUser-0000_0000000000000abcd"
#define TEMPLATE "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"
#define KEYWORDS "{\"keyword1\":{\"value\":\"339208499\"},\"keyword2\":{\"value\":\"2015-01-05\"}}"
#define THINGS   "{\"thing1\":{\"value\":\"鸿雁\"},\"date2\":{\"value\":\"2026-03-01 08:00\"}}"

static const struct hy_grant form_id = {
    .id = 1, .kind = HY_GRANT_FORM_ID, .credential = "0123456789abcdef0123456789abcdef"};
static const struct hy_grant prepay_id = {
    .id = 2, .kind = HY_GRANT_PREPAY_ID, .credential = "wx201410272009395522657a690389285100"};
static const struct hy_grant once = {.id = 3, .kind = HY_GRANT_ONCE, .template_id = TEMPLATE};
static const struct hy_grant always = {.id = 4, .kind = HY_GRANT_ALWAYS, .template_id = TEMPLATE};
static const struct hy_grant no_grant = {.id = 0};

static const struct {
    const char *name;
    const struct hy_grant *grant;
    struct hy_message message;
} send_cases[] = {
    {"request_form_id", &form_id, {.user = USER, .template_id = TEMPLATE, .data = KEYWORDS}},
    {"request_form_id_all_members",
     &form_id,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = KEYWORDS,
      .page = "index?foo=bar",
      .emphasis = "keyword1",
      .miniprogram_state = "trial",
      .lang = "en_US"}},
    {"request_form_id_emphasis_with_tail",
     &form_id,
     {.user = USER, .template_id = TEMPLATE, .data = KEYWORDS, .emphasis = "keyword1.DATA"}},
    {"request_form_id_color",
     &form_id,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = "{\"keyword1\":{\"value\":\"1\",\"color\":\"#173177\"}}"}},
    {"request_prepay_id", &prepay_id, {.user = USER, .template_id = TEMPLATE, .data = KEYWORDS}},
    {"request_once", &once, {.user = USER, .template_id = TEMPLATE, .data = THINGS}},
    {"request_always_all_members",
     &always,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = THINGS,
      .page = "pages/order?id=1&from=通知",
      .emphasis = "thing1",
      .miniprogram_state = "developer",
      .lang = "zh_TW"}},
    {"request_without_grant", NULL, {.user = USER, .template_id = TEMPLATE, .data = THINGS}},
    {"request_with_grant_0", &no_grant, {.user = USER, .template_id = TEMPLATE, .data = THINGS}},
    {"request_page_with_slash",
     &once,
     {.user = USER, .template_id = TEMPLATE, .data = THINGS, .page = "/pages/index"}},
    {"request_extra",
     &once,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = THINGS,
      .lang = "zh_CN",
      .extra = "{\"new_field\":{\"a\":[1,\"鸿雁\"]},\"flag\":true}",
      .template_kind = HY_TEMPLATE_ONCE}},
    {"request_extra_empty",
     &form_id,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = KEYWORDS,
      .extra = "{}",
      .template_kind = HY_TEMPLATE_LEGACY}},
    {"request_always_without_grant",
     NULL,
     {.user = USER, .template_id = TEMPLATE, .data = THINGS, .template_kind = HY_TEMPLATE_ALWAYS}},
    {"request_needs_escapes",
     &form_id,
     {.user = USER,
      .template_id = TEMPLATE,
      .data = "{\"keyword1\":{\"value\":\"a \\\"b\\\" \\\\ \\n😀 </p>&\"}}",
      .page = "p?q=\"\\"}},
};

static void send_requests(void)
{
    for (size_t i = 0; i < sizeof send_cases / sizeof *send_cases; i++) {
        struct hy_send_ask ask = {.base_url = BASE,
                                  .access_token = TOKEN,
                                  .message = &send_cases[i].message,
                                  .grant = send_cases[i].grant};
        struct hy_http_request r;
        const char *api;

        hy_buf_clear(&out);
        CHECK_INT(platform->build_send(&ask, &arena, &r, &api), 0);
        show_request(&r, api);
        compare(send_cases[i].name);
    }
}

/* --- replies ---------------------------------------------------------------------------------- */

/* By the function that reads the replies of this api. */
static void judge(const char *api, const struct hy_http_response *response,
                  struct hy_token_reply *reply)
{
    struct hy_template_ask add = {.op = HY_TEMPLATE_OP_ADD};
    struct hy_template_reply template_reply;
    struct hy_login_reply login_reply;

    memset(reply, 0xa5, sizeof *reply);
    reply->access_token = NULL;
    if (strcmp(api, "token") == 0 || strcmp(api, "stable_token") == 0) {
        platform->judge_token(strcmp(api, "token") == 0 ? HY_TOKEN_CLASSIC : HY_TOKEN_STABLE,
                              response, &arena, reply);
    } else if (strcmp(api, "login") == 0) {
        platform->judge_login(response, &arena, &login_reply);
        reply->judgement = login_reply.judgement;
    } else if (strcmp(api, "template_manage") == 0) {
        platform->judge_template(&add, response, &arena, &template_reply);
        reply->judgement = template_reply.judgement;
    } else {
        platform->judge_send(api, response, &reply->judgement);
    }
}

static void every_code(void)
{
    hy_buf_clear(&out);
    for (const struct hy_code *row = platform->codes; row->api; row++) {
        struct hy_http_response response = {.outcome = HY_HTTP_ANSWERED, .status = 200};
        struct hy_token_reply reply;
        const struct hy_judgement *j = &reply.judgement;
        char *body =
            hy_arena_printf(&arena,
                            "{\"errcode\":%s,\"errmsg\":\"why rid: 65f1a2b3-1a2b3c4d-5e6f7081\","
                            "\"priTmplId\":\"T\"}",
                            row->code);

        response.body = body;
        response.body_size = strlen(body);
        judge(row->api, &response, &reply);
        CHECK_TEXT(j->errcode, row->code);
        CHECK_TEXT(j->errmsg, "why");
        CHECK_TEXT(j->rid, "65f1a2b3-1a2b3c4d-5e6f7081");
        CHECK(j->answered && !j->not_sent);
        hy_buf_printf(&out, "%s %s %s%s%s%s%s%s%s\n", row->api, row->code,
                      hy_verdict_names[j->verdict], j->hint ? " " : "", hy_hint_names[j->hint],
                      j->grant_used ? " used" : "", j->grant_refused ? " refused" : "",
                      j->overlapped ? " overlapped" : "", j->strained ? " strained" : "");
    }
    compare("codes");
}

#define RID "65f1a2b3-1a2b3c4d-5e6f7081"

struct odd_reply {
    const char *name;
    const char *api;
    enum hy_http_outcome outcome;
    int status;
    const char *body; /* or the error, when there was no answer */
};

static const struct odd_reply odd_replies[] = {
#include "wechat_mini_odd_replies.inc"
};

/* Bytes that a terminal or an editor would not show as they are. */
static void show_bytes(const char *bytes)
{
    for (; *bytes; bytes++) {
        unsigned char c = (unsigned char)*bytes;

        if (c < ' ' || c > '~')
            hy_buf_printf(&out, "\\x%02x", c);
        else
            hy_buf_putc(&out, (char)c);
    }
    hy_buf_putc(&out, '\n');
}

static void show_judgement(const struct hy_token_reply *reply)
{
    const struct hy_judgement *j = &reply->judgement;

    hy_buf_printf(&out, "=> %s%s%s%s%s%s%s%s%s\n", hy_verdict_names[j->verdict], j->hint ? " " : "",
                  hy_hint_names[j->hint], j->grant_used ? " used" : "",
                  j->grant_refused ? " refused" : "", j->not_sent ? " not_sent" : "",
                  j->answered ? " answered" : "", j->overlapped ? " overlapped" : "",
                  j->strained ? " strained" : "");
    if (j->errcode[0])
        hy_buf_printf(&out, "   errcode %s\n", j->errcode);
    if (j->errmsg[0])
        hy_buf_printf(&out, "   errmsg %s\n", j->errmsg);
    if (j->rid[0])
        hy_buf_printf(&out, "   rid %s\n", j->rid);
    if (j->msgid)
        hy_buf_printf(&out, "   msgid %lld\n", (long long)j->msgid);
    if (reply->access_token)
        hy_buf_printf(&out, "   token %s for %lld s\n", reply->access_token,
                      (long long)reply->expires_in_s);
}

static void every_odd_reply(void)
{
    hy_buf_clear(&out);
    for (size_t i = 0; i < sizeof odd_replies / sizeof *odd_replies; i++) {
        const struct odd_reply *odd = &odd_replies[i];
        bool answered = odd->outcome == HY_HTTP_ANSWERED;
        struct hy_http_response response = {.outcome = odd->outcome,
                                            .status = odd->status,
                                            .body = answered ? odd->body : "",
                                            .body_size = answered ? strlen(odd->body) : 0,
                                            .error = answered ? NULL : odd->body};
        struct hy_token_reply reply;

        judge(odd->api, &response, &reply);
        hy_buf_printf(&out, "# %s\n", odd->name);
        if (answered)
            hy_buf_printf(&out, "%s %d ", odd->api, odd->status);
        else
            hy_buf_printf(&out, "%s %s ", odd->api,
                          odd->outcome == HY_HTTP_NOT_SENT ? "not sent" : "no answer");
        show_bytes(odd->body);
        show_judgement(&reply);
    }
    compare("odd_replies");
}

/* --- housekeeping ----------------------------------------------------------------------------- */

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
    RUN(token_requests);
    RUN(send_requests);
    RUN(every_code);
    RUN(every_odd_reply);
    RUN(no_golden_file_is_left_over);
    failed = hy_tap_end();
    hy_buf_deinit(&out);
    hy_arena_deinit(&arena);
    return failed;
}

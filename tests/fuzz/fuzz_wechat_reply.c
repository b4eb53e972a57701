/*
 * Arbitrary answers meet the judges of the WeChat mini-program adapter. What must hold for any
 * bytes: a message counts as sent only when the answer is a JSON object whose errcode is 0; every
 * text is ended, is UTF-8 and shows no run that could be a secret; a token, a user or templates come
 * only with ok.
 *
 * The first two bytes choose the api, how the request ended and the status.
 */
#include "platform/platform.h"
#include "platform/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
    if (!truth)
        abort();
}

/* Whether the answer says ok, read apart from the adapter: 0, or its digits as text. */
static bool says_ok(const struct hy_http_response *r)
{
    HY_JSON_SCOPED json_t *root = json_loadb(r->body, r->body_size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *errcode = json_object_get(root, "errcode");
    const char *text = json_string_value(errcode);

    if (r->outcome != HY_HTTP_ANSWERED || r->status / 100 != 2)
        return false;
    if (text)
        return text[0] && strspn(text + (text[0] == '-'), "0") == strlen(text + (text[0] == '-'));
    return json_is_integer(errcode) && json_integer_value(errcode) == 0;
}

static void check_text(const char *text, size_t size)
{
    const char *end = memchr(text, 0, size);
    size_t run = 0;

    expect(end != NULL);
    while (text < end) {
        uint32_t c;
        size_t length = hy_text_next(text, end, &c);
        bool word = length == 1 && (c == '-' || c == '_' || (c >= '0' && c <= '9') ||
                                    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));

        expect(length > 1 || (unsigned char)*text < 0x80);
        expect(!hy_text_is_control(c));
        run = word ? run + 1 : 0;
        expect(run < 2 * HY_TEXT_SECRET_RUN);
        text += length;
    }
}

static void check_judgement(const struct hy_judgement *j, const struct hy_http_response *r)
{
    expect((unsigned)j->verdict < HY_VERDICTS && (unsigned)j->hint < HY_HINTS);
    check_text(j->errcode, sizeof j->errcode);
    check_text(j->errmsg, sizeof j->errmsg);
    check_text(j->rid, sizeof j->rid);
    expect(!j->not_sent || r->outcome == HY_HTTP_NOT_SENT);
    expect(!j->answered || r->outcome == HY_HTTP_ANSWERED);
    expect(!j->grant_used || j->verdict == HY_VERDICT_GRANT_GONE);
    expect(!j->grant_refused || j->verdict == HY_VERDICT_GRANT_GONE);
    expect(j->msgid >= 0 && (j->msgid == 0 || j->verdict == HY_VERDICT_OK));
}

static void try_send(const char *api, const struct hy_http_response *r)
{
    const struct hy_platform *platform = hy_platform_find("wechat_mini");
    struct hy_judgement j;

    memset(&j, 0xa5, sizeof j);
    platform->judge_send(api, r, &j);
    check_judgement(&j, r);
    expect(j.verdict != HY_VERDICT_OK || says_ok(r));
}

static void try_token(enum hy_token_mode mode, const struct hy_http_response *r)
{
    const struct hy_platform *platform = hy_platform_find("wechat_mini");
    struct hy_token_reply reply;
    struct hy_arena arena;
    bool ok;

    hy_arena_init(&arena);
    memset(&reply, 0xa5, sizeof reply);
    platform->judge_token(mode, r, &arena, &reply);
    check_judgement(&reply.judgement, r);
    ok = reply.judgement.verdict == HY_VERDICT_OK;
    expect(ok == (reply.access_token != NULL) && ok == (reply.expires_in_s > 0));
    if (ok) {
        size_t length = strlen(reply.access_token);

        expect(length > 0 && length <= 512 && strcspn(reply.access_token, " \r\n") == length);
    }
    hy_arena_deinit(&arena);
}

static void try_login(const struct hy_http_response *r)
{
    struct hy_login_reply reply;
    struct hy_arena arena;

    hy_arena_init(&arena);
    memset(&reply, 0xa5, sizeof reply);
    hy_platform_find("wechat_mini")->judge_login(r, &arena, &reply);
    check_judgement(&reply.judgement, r);
    expect((reply.judgement.verdict == HY_VERDICT_OK) == (reply.user != NULL));
    expect(!reply.user || (reply.user[0] == 'o' && strlen(reply.user) <= 40));
    hy_arena_deinit(&arena);
}

static void try_template(enum hy_template_op op, bool legacy, const struct hy_http_response *r)
{
    struct hy_template_ask ask = {.op = op, .legacy = legacy};
    struct hy_template_reply reply;
    struct hy_arena arena;
    bool ok;

    hy_arena_init(&arena);
    memset(&reply, 0xa5, sizeof reply);
    hy_platform_find("wechat_mini")->judge_template(&ask, r, &arena, &reply);
    check_judgement(&reply.judgement, r);
    ok = reply.judgement.verdict == HY_VERDICT_OK;
    expect((reply.templates != NULL) == (ok && op == HY_TEMPLATE_OP_LIST));
    expect((reply.template_id != NULL) == (ok && op == HY_TEMPLATE_OP_ADD));
    expect((reply.items != NULL) == (ok && op >= HY_TEMPLATE_OP_CATEGORIES));
    for (size_t i = 0; i < reply.count; i++)
        expect(reply.templates[i].id[0] && reply.templates[i].title && reply.templates[i].content);
    hy_arena_deinit(&arena);
}

static void try_quota(const struct hy_http_response *r)
{
    struct hy_quota_reply reply;

    memset(&reply, 0xa5, sizeof reply);
    hy_platform_find("wechat_mini")->judge_quota(r, &reply);
    check_judgement(&reply.judgement, r);
    expect(reply.limit >= 0 && reply.used >= 0 && reply.remain >= 0);
    expect((reply.rate_calls > 0) == (reply.rate_s > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 200, 201, 302, 429, 503};
    struct hy_http_response r = {.took_ms = 1};
    char *body;

    if (size < 2)
        return -1;
    body = malloc(size - 1);
    if (!body)
        return -1;
    memcpy(body, data + 2, size - 2);
    body[size - 2] = 0;
    r.outcome = (data[1] & 0x0f) < 14 ? HY_HTTP_ANSWERED : (enum hy_http_outcome)(data[1] & 3) - 1;
    r.status = statuses[data[1] >> 5];
    r.body = body;
    r.body_size = size - 2;
    r.error = body;
    switch (data[0] & 7) {
    case 0: try_send("subscribe_send", &r); break;
    case 1: try_send("template_send", &r); break;
    case 2: try_token(HY_TOKEN_STABLE, &r); break;
    case 3: try_token(HY_TOKEN_CLASSIC, &r); break;
    case 4: try_login(&r); break;
    case 5: try_quota(&r); break;
    default: try_template((enum hy_template_op)((data[0] >> 3) % HY_TEMPLATE_OPS), data[0] & 1, &r);
    }
    free(body);
    return 0;
}

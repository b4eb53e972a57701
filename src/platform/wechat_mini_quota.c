#include "base/err.h"
#include "platform/wechat_mini.h"
#include "platform/wechat_wire.h"

static const char *const paths[HY_CHANNELS] = {
    [HY_CHANNEL_SUBSCRIBE] = "/cgi-bin/message/subscribe/send",
    [HY_CHANNEL_TEMPLATE] = "/cgi-bin/message/wxopen/template/send",
};

int hy_wechat_mini_build_quota(const struct hy_quota_ask *ask, struct hy_arena *arena,
                               struct hy_http_request *ret_request)
{
    struct hy_buf url, body;

    if ((unsigned)ask->channel >= HY_CHANNELS)
        return HY_E_INVALID;
    hy_buf_init(&url, HY_WECHAT_URL_BYTES_MAX);
    hy_buf_init(&body, HY_WECHAT_BODY_BYTES_MAX);
    hy_wechat_put_url(&url, ask->base_url, "/cgi-bin/openapi/quota/get", ask->access_token);
    hy_buf_puts(&body, "{\"cgi_path\":");
    hy_wechat_put_text(&body, paths[ask->channel]);
    hy_buf_putc(&body, '}');
    return hy_wechat_finish(&url, &body, arena, ret_request);
}

/* A whole number that is not negative. */
static bool read_count(const json_t *object, const char *name, int64_t *ret_count)
{
    int64_t count;

    if (!hy_wechat_read_number(json_object_get(object, name), &count) || count < 0)
        return false;
    *ret_count = count;
    return true;
}

/* The rate is told for some calls only. */
static void read_rate(const json_t *rate, struct hy_quota_reply *reply)
{
    int64_t calls, seconds;

    if (!read_count(rate, "call_count", &calls) || !read_count(rate, "refresh_second", &seconds))
        return;
    reply->rate_calls = seconds ? calls : 0;
    reply->rate_s = calls ? seconds : 0;
}

/* `remain` is not always limit less used: the figures are off by about a percent. */
static void read_quota(const json_t *root, struct hy_quota_reply *reply)
{
    const json_t *quota = json_object_get(root, "quota");
    struct hy_quota_reply read = {.judgement = reply->judgement};

    if (!read_count(quota, "daily_limit", &read.limit) || !read_count(quota, "used", &read.used) ||
        !read_count(quota, "remain", &read.remain)) {
        hy_wechat_not_understood(&reply->judgement, "the reply has no usable quota");
        return;
    }
    read_rate(json_object_get(root, "rate_limit"), &read);
    hy_wechat_understood(&read.judgement);
    *reply = read;
}

void hy_wechat_mini_judge_quota(const struct hy_http_response *response,
                                struct hy_quota_reply *ret_reply)
{
    HY_JSON_SCOPED json_t *root = NULL;

    *ret_reply = (struct hy_quota_reply){0};
    root = hy_wechat_open_reply(response, &ret_reply->judgement);
    if (root && hy_wechat_judge_optional_code(&hy_platform_wechat_mini, HY_WECHAT_API_QUOTA, root,
                                              &ret_reply->judgement))
        read_quota(root, ret_reply);
}

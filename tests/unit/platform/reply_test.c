/* What the golden replies cannot show: bodies that are no text, and how much is kept of them. */
#include "tap.h"

#include "platform/platform.h"

static const struct hy_platform *platform;

static struct hy_judgement judge(const char *body, size_t size)
{
    struct hy_http_response response = {
        .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = size};
    struct hy_judgement j;

    platform->judge_send("subscribe_send", &response, &j);
    return j;
}

static void a_zero_byte_is_no_end(void)
{
    static const char behind[] = "{\"errcode\":0}\0{\"errcode\":40003}";
    static const char within[] = "{\"errcode\":0,\"errmsg\":\"\0\"}";

    CHECK_INT(judge(behind, sizeof behind - 1).verdict, HY_VERDICT_UNKNOWN);
    CHECK_INT(judge(within, sizeof within - 1).verdict, HY_VERDICT_UNKNOWN);
}

static void only_the_given_bytes_count(void)
{
    CHECK_INT(judge("{\"errcode\":0}garbage", 13).verdict, HY_VERDICT_OK);
    CHECK_INT(judge("{\"errcode\":0}", 12).verdict, HY_VERDICT_UNKNOWN);
}

static void deep_nesting_is_refused(void)
{
    static char body[20000];
    size_t half = sizeof body / 2;
    struct hy_judgement j;

    memset(body, '[', half);
    memset(body + half, ']', half);
    j = judge(body, sizeof body);
    CHECK_INT(j.verdict, HY_VERDICT_UNKNOWN);
    CHECK(j.errmsg[0]);
}

static void a_long_errmsg_is_cut_and_ended(void)
{
    static char body[5000];
    size_t size = (size_t)snprintf(body, sizeof body, "{\"errcode\":40003,\"errmsg\":\"");
    struct hy_judgement j;

    while (size < sizeof body - 10)
        size += (size_t)snprintf(body + size, sizeof body - size, "a b ");
    size += (size_t)snprintf(body + size, sizeof body - size, "\"}");
    j = judge(body, size);
    CHECK_INT(j.verdict, HY_VERDICT_USER_GONE);
    CHECK_INT(strlen(j.errmsg), HY_ERRMSG_BYTES - 1);
}

static void a_missing_error_text_is_no_fault(void)
{
    struct hy_http_response response = {.outcome = HY_HTTP_NOT_SENT, .body = ""};
    struct hy_judgement j;

    platform->judge_send("subscribe_send", &response, &j);
    CHECK_INT(j.verdict, HY_VERDICT_TRANSIENT);
    CHECK(j.not_sent);
    CHECK_TEXT(j.errmsg, "");
}

int main(void)
{
    platform = hy_platform_find("wechat_mini");
    RUN(a_zero_byte_is_no_end);
    RUN(only_the_given_bytes_count);
    RUN(deep_nesting_is_refused);
    RUN(a_long_errmsg_is_cut_and_ended);
    RUN(a_missing_error_text_is_no_fault);
    return hy_tap_end();
}

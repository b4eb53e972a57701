/* What the golden files cannot show of calls about templates: what is refused, and what is cut. */
#include "tap.h"

#include "base/err.h"
#include "platform/platform.h"

#define BASE "http://127.0.0.1:1"

static const struct hy_platform *platform;
static struct hy_arena arena;

/* --- requests --------------------------------------------------------------------------------- */

static int build(struct hy_template_ask ask, struct hy_http_request *r)
{
    ask.base_url = BASE;
    ask.access_token = "TOKEN";
    return platform->build_template(&ask, &arena, r);
}

static void refused(struct hy_template_ask ask)
{
    struct hy_http_request r = {.method = "untouched"};

    CHECK_INT(build(ask, &r), HY_E_INVALID);
    CHECK_TEXT(r.method, "untouched");
}

static void a_call_needs_its_parts(void)
{
    static char long_id[200];

    memset(long_id, 'a', sizeof long_id - 1);
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OPS});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_ADD});
    refused(
        (struct hy_template_ask){.op = HY_TEMPLATE_OP_ADD, .title_id = "1", .keyword_count = 11});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_ADD, .title_id = long_id});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_DELETE, .template_id = ""});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_DELETE, .template_id = long_id});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_TITLES});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_TITLES, .categories = "1", .start = -1});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_KEYWORDS});
    refused((struct hy_template_ask){.op = HY_TEMPLATE_OP_CATEGORIES, .legacy = true});
}

static void a_page_is_no_longer_than_the_platform_gives(void)
{
    struct hy_template_ask titles = {.op = HY_TEMPLATE_OP_TITLES, .categories = "1"};
    struct hy_template_ask legacy = {.op = HY_TEMPLATE_OP_LIST, .legacy = true};
    struct hy_http_request r;

    CHECK_INT(build(titles, &r), 0);
    CHECK(strstr(r.url, "&start=0&limit=30"));
    titles.limit = 31;
    CHECK_INT(build(titles, &r), 0);
    CHECK(strstr(r.url, "&limit=30"));
    titles.limit = 7;
    CHECK_INT(build(titles, &r), 0);
    CHECK(strstr(r.url, "&limit=7"));
    legacy.start = 40;
    legacy.limit = 1000;
    CHECK_INT(build(legacy, &r), 0);
    CHECK_TEXT(r.body, "{\"offset\":40,\"count\":20}");
}

/* --- replies ---------------------------------------------------------------------------------- */

static struct hy_template_reply judge(enum hy_template_op op, bool legacy, const char *body)
{
    struct hy_template_ask ask = {.op = op, .legacy = legacy};
    struct hy_http_response response = {
        .outcome = HY_HTTP_ANSWERED, .status = 200, .body = body, .body_size = strlen(body)};
    struct hy_template_reply reply;

    memset(&reply, 0xa5, sizeof reply);
    platform->judge_template(&ask, &response, &arena, &reply);
    return reply;
}

/* A sync believes a list that is ok and forgets what is not in it. */
static void a_list_is_whole_or_none(void)
{
    static const char *const bodies[] = {
        "{\"errcode\":0}",
        "{\"errcode\":0,\"data\":{}}",
        "{\"errcode\":0,\"data\":null}",
        "{\"errcode\":0,\"data\":[{\"title\":\"a\"}]}",
        "{\"errcode\":0,\"data\":[{\"priTmplId\":\"A\"},{\"priTmplId\":\"\"}]}",
        "{\"errcode\":0,\"data\":[7]}",
        "{\"errcode\":200022}",
        "{\"errcode\":\"none\",\"data\":[]}",
        "",
        "[]",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct hy_template_reply reply = judge(HY_TEMPLATE_OP_LIST, false, bodies[i]);

        CHECK_INT(reply.judgement.verdict, HY_VERDICT_UNKNOWN);
        CHECK(!reply.templates && reply.count == 0 && !reply.items && !reply.template_id);
        CHECK_INT(reply.total, -1);
    }
}

static void an_empty_list_is_a_list(void)
{
    struct hy_template_reply reply =
        judge(HY_TEMPLATE_OP_LIST, false, "{\"errcode\":0,\"data\":[]}");

    CHECK_INT(reply.judgement.verdict, HY_VERDICT_OK);
    CHECK(reply.templates && reply.count == 0);
}

static void a_refusal_brings_nothing(void)
{
    struct hy_template_reply reply =
        judge(HY_TEMPLATE_OP_LIST, true, "{\"errcode\":45103,\"list\":[{\"template_id\":\"A\"}]}");

    CHECK_INT(reply.judgement.verdict, HY_VERDICT_ACCOUNT);
    CHECK_TEXT(reply.judgement.errcode, "45103");
    CHECK(!reply.templates && reply.count == 0);
}

static void one_that_is_there_already_is_as_good(void)
{
    struct hy_template_reply reply =
        judge(HY_TEMPLATE_OP_ADD, false,
              "{\"errcode\":200022,\"errmsg\":\"template has added already\",\"priTmplId\":\"A\"}");

    CHECK_INT(reply.judgement.verdict, HY_VERDICT_OK);
    CHECK_TEXT(reply.judgement.errcode, "200022");
    CHECK_TEXT(reply.template_id, "A");
    reply = judge(HY_TEMPLATE_OP_ADD, false, "{\"errcode\":200022}");
    CHECK_INT(reply.judgement.verdict, HY_VERDICT_UNKNOWN);
    CHECK(!reply.template_id);
}

static void a_deletion_needs_a_code(void)
{
    CHECK_INT(judge(HY_TEMPLATE_OP_DELETE, false, "{\"errcode\":0}").judgement.verdict,
              HY_VERDICT_OK);
    CHECK_INT(judge(HY_TEMPLATE_OP_DELETE, false, "{}").judgement.verdict, HY_VERDICT_UNKNOWN);
}

/* What the platform tells of fields can be read by those who check messages. */
static void choices_are_keyed_as_in_data(void)
{
    struct hy_template_reply reply =
        judge(HY_TEMPLATE_OP_LIST, false,
              "{\"errcode\":0,\"data\":[{\"priTmplId\":\"A\",\"type\":2,\"content\":"
              "\"状态:{{enum_string2.DATA}}\\n\",\"keywordEnumValueList\":[{\"keywordCode\":"
              "\"enum_string2.DATA\",\"enumValueList\":[\"已发货\",7,\"已签收\"]},{\"keywordCode\":"
              "\"enum3\",\"enumValueList\":[]},{\"enumValueList\":[\"a\"]},7]}]}");
    struct hy_template_field *fields;
    size_t count;

    CHECK_INT(reply.count, 1);
    CHECK_TEXT(reply.templates[0].choices, "{\"enum_string2\":[\"已发货\",\"已签收\"]}");
    CHECK_INT(hy_template_parse(reply.templates[0].content, &arena, &fields, &count), 0);
    CHECK_TEXT(fields[0].key, "enum_string2");
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    RUN(a_call_needs_its_parts);
    RUN(a_page_is_no_longer_than_the_platform_gives);
    RUN(a_list_is_whole_or_none);
    RUN(an_empty_list_is_a_list);
    RUN(a_refusal_brings_nothing);
    RUN(one_that_is_there_already_is_as_good);
    RUN(a_deletion_needs_a_code);
    RUN(choices_are_keyed_as_in_data);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}

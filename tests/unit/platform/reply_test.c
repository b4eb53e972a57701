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

/* --- the field that a refusal means ----------------------------------------------------------- */

/* A copy: the answer points into the data. */
static const char *field_of(const char *errmsg, const char *data)
{
    static char field[64];
    HY_JSON_SCOPED json_t *value = hy_json_parse(data, strlen(data), NULL, 0);
    const char *found = platform->refused_field(errmsg, value);

    if (found)
        snprintf(field, sizeof field, "%s", found);
    return found ? field : NULL;
}

#define THINGS                                                                                     \
    "{\"thing1\":{\"value\":\"a\"},\"thing12\":\"b\",\"character_string1\":\"c\","                 \
    "\"character_string13\":\"d\",\"a_key_that_is_cut_within_27\":\"e\"}"

static void the_refused_field_is_found(void)
{
    CHECK_TEXT(field_of("argument invalid! data.thing1.value invalid", THINGS), "thing1");
    CHECK_TEXT(field_of("argument invalid! data.thing12.value is empty", THINGS), "thing12");
    CHECK_TEXT(field_of("argument invalid! data.thing12.value is emtpy", THINGS), "thing12");
    CHECK_TEXT(
        field_of("argument invalid! data.thing1.value invalid rid: 65f1a2b3-1a2b3c4d-5e6f7081",
                 THINGS),
        "thing1");
    CHECK_TEXT(field_of("argument invalid! hint: [AbC01ge25] data.thing12.value invalid", THINGS),
               "thing12");
    CHECK_TEXT(field_of("data.thing1.value", THINGS), "thing1");
}

/* 48 bytes are left of the text. */
static void a_cut_text_names_its_field(void)
{
    CHECK_TEXT(field_of("argument invalid! data.character_string1.value i", THINGS),
               "character_string1");
    CHECK_TEXT(field_of("argument invalid! data.character_string13.value ", THINGS),
               "character_string13");
    CHECK_TEXT(field_of("argument invalid! data.character_string13.v", THINGS),
               "character_string13");
    CHECK_TEXT(field_of("argument invalid! data.a_key_that_is_cut_within_", THINGS),
               "a_key_that_is_cut_within_27");
    CHECK_TEXT(field_of("argument invalid! data.a_key_that_is_cut_within_ rid: 65f1a2b3", THINGS),
               "a_key_that_is_cut_within_27");
    CHECK_TEXT(field_of("argument invalid! data.", "{\"thing1\":\"a\"}"), "thing1");
}

static void no_field_is_better_than_a_wrong_one(void)
{
    static const char *const texts[] = {
        "argument invalid! data.character_string",
        "argument invalid! data.thing",
        "argument invalid! data.thing1",
        "argument invalid! data.thing2.value invalid",
        "argument invalid! data.thing123.value in",
        "argument invalid! metadata.thing1.value",
        "argument invalid!",
        "data",
        "user refuse to accept the msg",
        "",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(field_of(texts[i], THINGS) == NULL);
    CHECK(field_of(NULL, THINGS) == NULL);
    CHECK(field_of("data.thing1.value", "[\"thing1\"]") == NULL);
    CHECK(field_of("data.thing1.value", "{}") == NULL);
    CHECK(platform->refused_field("data.thing1.value", NULL) == NULL);
}

/* As it comes out of a judgement, with the platform's id taken out. */
static void the_field_is_found_in_a_judgement(void)
{
    static const char body[] = "{\"errcode\":47003,\"errmsg\":\"argument invalid! "
                               "hint: [AbC-01] data.character_string13.value \"}";

    CHECK_TEXT(field_of(judge(body, sizeof body - 1).errmsg, THINGS), "character_string13");
}

/* --- permissions ------------------------------------------------------------------------------ */

static void a_refusal_that_may_be_wrong_is_marked(void)
{
    static const char refused[] =
        "{\"errcode\":43101,\"errmsg\":\"user refuse to accept the msg\"}";
    struct hy_judgement j = judge(refused, sizeof refused - 1);

    CHECK_INT(j.verdict, HY_VERDICT_GRANT_GONE);
    CHECK(j.grant_refused && !j.grant_used);
    j = judge("{\"errcode\":0}", 13);
    CHECK(!j.grant_refused);
}

int main(void)
{
    platform = hy_platform_find("wechat_mini");
    RUN(a_zero_byte_is_no_end);
    RUN(only_the_given_bytes_count);
    RUN(deep_nesting_is_refused);
    RUN(a_long_errmsg_is_cut_and_ended);
    RUN(a_missing_error_text_is_no_fault);
    RUN(the_refused_field_is_found);
    RUN(a_cut_text_names_its_field);
    RUN(no_field_is_better_than_a_wrong_one);
    RUN(the_field_is_found_in_a_judgement);
    RUN(a_refusal_that_may_be_wrong_is_marked);
    return hy_tap_end();
}

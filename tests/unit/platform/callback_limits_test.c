/* What is too much in a callback, and what makes two of them the same. */
#include "tap.h"
#include "unit/platform/callback_kit.h"

#include "base/err.h"

static const struct hy_platform *platform;
static struct hy_arena arena;

#define MEMBERS                                                                                    \
    "\"FromUserName\":\"oUser-0000_0000000000000abcd\",\"CreateTime\":1714112445,"                 \
    "\"MsgType\":\"event\",\"Event\":\"subscribe_msg_popup_event\",\"List\":{\"TemplateId\":"      \
    "\"T1\","                                                                                      \
    "\"SubscribeStatusString\":\"accept\",\"PopupScene\":\"0\"}"
#define EVENT "{\"ToUserName\":\"gh_0123456789ab\"," MEMBERS "}"

static struct hy_callback result;

static enum hy_callback_verdict read_kit(struct kit *kit)
{
    kit_ready(kit);
    memset(&result, 0xa5, sizeof result);
    CHECK_INT(platform->read_callback(&kit->ask, &arena, &result), 0);
    CHECK((result.why != NULL) ==
          (result.verdict == HY_CALLBACK_DENIED || result.verdict == HY_CALLBACK_MALFORMED));
    CHECK((result.reply != NULL) ==
          (result.verdict == HY_CALLBACK_EVENT || result.verdict == HY_CALLBACK_ECHO));
    CHECK((result.raw != NULL) == (result.verdict == HY_CALLBACK_EVENT));
    return result.verdict;
}

/* --- limits ----------------------------------------------------------------------------------- */

enum { BODY_MAX = 1024 * 1024 };

static char *fill(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t size = strlen(head) + times * strlen(piece) + strlen(tail) + 1;
    char *text = hy_arena_alloc(&arena, size), *at = text;

    at = stpcpy(at, head);
    while (times-- > 0)
        at = stpcpy(at, piece);
    stpcpy(at, tail);
    return text;
}

static enum hy_callback_verdict read_body(const char *body)
{
    struct kit kit = kit_new(&arena);

    kit_post(&kit, body);
    return read_kit(&kit);
}

static void a_body_has_a_greatest_size(void)
{
    size_t rest = BODY_MAX - strlen("{\"MsgType\":\"x\",\"a\":\"\"}");

    CHECK_INT(read_body(fill("{\"MsgType\":\"x\",\"a\":\"", "a", rest, "\"}")), HY_CALLBACK_EVENT);
    CHECK_INT(read_body(fill("{\"MsgType\":\"x\",\"a\":\"", "a", rest + 1, "\"}")),
              HY_CALLBACK_MALFORMED);
    CHECK_TEXT(result.why, "The body is too long.");
}

static void xml_has_a_greatest_depth(void)
{
    static const char open[] = "<xml><MsgType>x</MsgType>";

    for (int deep = 0; deep <= 1; deep++) {
        char *inner = fill("", "<a>", 15 + (size_t)deep, "");
        char *body =
            fill(hy_arena_printf(&arena, "%s%s", open, inner), "</a>", 15 + (size_t)deep, "</xml>");

        CHECK_INT(read_body(body), deep ? HY_CALLBACK_MALFORMED : HY_CALLBACK_EVENT);
    }
}

/* The deepest that passes, with arrays at each level, is still JSON that we read ourselves. */
static void the_raw_text_of_xml_can_be_read_again(void)
{
    char *body = fill("<xml><MsgType>x</MsgType>", "<a/><a>", 14, "");
    json_t *again;

    body = fill(hy_arena_printf(&arena, "%s<b/>", body), "</a>", 14, "</xml>");
    CHECK_INT(read_body(body), HY_CALLBACK_EVENT);
    again = hy_json_parse(result.raw, strlen(result.raw), NULL, 0);
    CHECK(again != NULL);
    json_decref(again);
}

static void xml_has_a_greatest_number_of_elements(void)
{
    CHECK_INT(read_body(fill("<xml><MsgType>x</MsgType>", "<a/>", 9998, "</xml>")),
              HY_CALLBACK_EVENT);
    CHECK_INT(read_body(fill("<xml><MsgType>x</MsgType>", "<a/>", 9999, "</xml>")),
              HY_CALLBACK_MALFORMED);
}

static void a_list_has_a_greatest_length(void)
{
    static const char head[] = "{\"MsgType\":\"event\",\"Event\":\"subscribe_msg_popup_event\","
                               "\"FromUserName\":\"oU\",\"CreateTime\":1,\"List\":[";
    static const char item[] = "{\"TemplateId\":\"T\",\"SubscribeStatusString\":\"accept\"}";
    char *piece = hy_arena_printf(&arena, "%s,", item),
         *tail = hy_arena_printf(&arena, "%s]}", item);

    CHECK_INT(read_body(fill(head, piece, 999, tail)), HY_CALLBACK_EVENT);
    CHECK_INT(result.count, 1000);
    CHECK_INT(read_body(fill(head, piece, 1000, tail)), HY_CALLBACK_MALFORMED);
}

static void a_zero_byte_is_no_end(void)
{
    static const char *const bodies[] = {"{\"MsgType\":\"x\"}\0{}",
                                         "<xml><MsgType>x</MsgType></xml>\0"};
    static const size_t sizes[] = {18, 32};

    for (size_t i = 0; i < 2; i++) {
        struct kit kit = kit_new(&arena);

        kit_post(&kit, bodies[i]);
        kit.ask.body_size = sizes[i];
        CHECK_INT(read_kit(&kit), HY_CALLBACK_MALFORMED);
    }
}

/* --- identities ------------------------------------------------------------------------------- */

static const char *identity_of(const char *body)
{
    CHECK_INT(read_body(body), HY_CALLBACK_EVENT);
    return result.count > 0 ? result.items[0].identity : result.identity;
}

static const char *popup(const char *user, const char *template_id, const char *status, int created)
{
    return identity_of(hy_arena_printf(
        &arena,
        "{\"FromUserName\":\"%s\",\"CreateTime\":%d,\"MsgType\":\"event\",\"Event\":"
        "\"subscribe_msg_popup_event\",\"List\":{\"TemplateId\":\"%s\",\"SubscribeStatusString\":"
        "\"%s\"}}",
        user, created, template_id, status));
}

static void each_part_makes_another_identity(void)
{
    const char *base = popup("oA", "T", "accept", 5);

    CHECK_TEXT(popup("oA", "T", "accept", 5), base);
    CHECK(strcmp(popup("oB", "T", "accept", 5), base) != 0);
    CHECK(strcmp(popup("oA", "U", "accept", 5), base) != 0);
    CHECK(strcmp(popup("oA", "T", "reject", 5), base) != 0);
    CHECK(strcmp(popup("oA", "T", "accept", 6), base) != 0);
}

static void a_repeated_event_is_the_same_in_any_envelope(void)
{
    const char *first;
    struct kit kit = kit_new(&arena);

    kit.ask.aes_key = KIT_KEY;
    kit_post_sealed(&kit, KIT_JSON, "", EVENT);
    CHECK_INT(read_kit(&kit), HY_CALLBACK_EVENT);
    first = result.identity;
    kit_set(&kit, "nonce", "other");
    kit_set(&kit, "timestamp", "1714112450");
    kit_post_sealed(&kit, KIT_XML, "", EVENT);
    CHECK_INT(read_kit(&kit), HY_CALLBACK_EVENT);
    CHECK_TEXT(result.identity, first);
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    RUN(a_body_has_a_greatest_size);
    RUN(xml_has_a_greatest_depth);
    RUN(the_raw_text_of_xml_can_be_read_again);
    RUN(xml_has_a_greatest_number_of_elements);
    RUN(a_list_has_a_greatest_length);
    RUN(a_zero_byte_is_no_end);
    RUN(each_part_makes_another_identity);
    RUN(a_repeated_event_is_the_same_in_any_envelope);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}

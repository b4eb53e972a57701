/* Who is believed, and in which mode. The shapes are in tests/golden. */
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

/* --- signatures ------------------------------------------------------------------------------- */

static void nothing_is_believed_without_a_signature(void)
{
    static const char *const needed[] = {"signature", "timestamp", "nonce"};

    for (size_t i = 0; i < 3; i++) {
        for (int empty = 0; empty <= 1; empty++) {
            for (int post = 0; post <= 1; post++) {
                struct kit kit = kit_new(&arena);

                kit_post(&kit, EVENT);
                kit_set(&kit, "echostr", "7");
                kit.ask.method = post ? "POST" : "GET";
                CHECK_INT(read_kit(&kit), post ? HY_CALLBACK_EVENT : HY_CALLBACK_ECHO);
                kit_set(&kit, needed[i], empty ? "" : NULL);
                CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
            }
        }
    }
}

static void each_part_is_signed(void)
{
    static const char *const parts[] = {"signature", "timestamp", "nonce"};

    for (size_t i = 0; i < 3; i++) {
        struct kit kit = kit_new(&arena);
        char *changed;

        kit_post(&kit, EVENT);
        changed = hy_arena_strdup(&arena, kit_query(&kit, parts[i]));
        changed[0] = changed[0] == '1' ? '2' : '1';
        kit_set(&kit, parts[i], changed);
        CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
    }
}

static void another_token_is_denied(void)
{
    struct kit kit = kit_new(&arena);

    kit_post(&kit, EVENT);
    kit.ask.token = "AAAAB";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
    kit.ask.token = "";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

static void what_is_not_signed_is_not_read(void)
{
    struct kit kit = kit_new(&arena);

    kit_post(&kit, "{\"action\":\"CheckContainerPath\"}");
    kit_set(&kit, "signature", "0000000000000000000000000000000000000000");
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
    kit_post(&kit, "not to be read");
    kit_set(&kit, "signature", "0000000000000000000000000000000000000000");
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

/* --- age -------------------------------------------------------------------------------------- */

static enum hy_callback_verdict read_at(const char *timestamp, int64_t max_age_s)
{
    struct kit kit = kit_new(&arena);

    kit_set(&kit, "timestamp", timestamp);
    kit_post(&kit, EVENT);
    kit.ask.max_age_s = max_age_s;
    kit.ask.now_ms = 1714112445999;
    return read_kit(&kit);
}

static void age_counts_in_both_directions(void)
{
    CHECK_INT(read_at("1714112445", 300), HY_CALLBACK_EVENT);
    CHECK_INT(read_at("1714112145", 300), HY_CALLBACK_EVENT);
    CHECK_INT(read_at("1714112144", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("1714112745", 300), HY_CALLBACK_EVENT);
    CHECK_INT(read_at("1714112746", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("9223372036854775807", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("9223372036854775808", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("-1714112445", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("soon", 300), HY_CALLBACK_DENIED);
    CHECK_INT(read_at("1", 0), HY_CALLBACK_EVENT);
    CHECK_INT(read_at("soon", 0), HY_CALLBACK_EVENT);
}

static void an_old_check_of_the_address_is_denied(void)
{
    struct kit kit = kit_new(&arena);

    kit_ready(&kit);
    kit_set(&kit, "echostr", "7");
    kit_sign(&kit, NULL);
    kit.ask.max_age_s = 1;
    CHECK_INT(read_kit(&kit), HY_CALLBACK_ECHO);
    kit.ask.now_ms += 1000;
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

/* --- checks of the address -------------------------------------------------------------------- */

static enum hy_callback_verdict echo_of(const char *echo)
{
    struct kit kit = kit_new(&arena);

    kit_ready(&kit);
    kit_set(&kit, "echostr", echo);
    kit_sign(&kit, NULL);
    return read_kit(&kit);
}

static void echoes_exactly(void)
{
    static char longest[1026];

    CHECK_INT(echo_of("aZ09+/=&<>\"'%20"), HY_CALLBACK_ECHO);
    CHECK_TEXT(result.reply, "aZ09+/=&<>\"'%20");
    memset(longest, '7', 1024);
    CHECK_INT(echo_of(longest), HY_CALLBACK_ECHO);
    CHECK_TEXT(result.reply, longest);
    longest[1024] = '7';
    CHECK_INT(echo_of(longest), HY_CALLBACK_MALFORMED);
    CHECK_INT(echo_of(NULL), HY_CALLBACK_MALFORMED);
    CHECK_INT(echo_of(""), HY_CALLBACK_MALFORMED);
    CHECK_INT(echo_of("a\nb"), HY_CALLBACK_MALFORMED);
    CHECK_INT(echo_of("鸿雁"), HY_CALLBACK_MALFORMED);
}

static void other_methods_are_malformed(void)
{
    struct kit kit = kit_new(&arena);

    kit_post(&kit, EVENT);
    kit.ask.method = "PUT";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_MALFORMED);
}

/* --- modes ------------------------------------------------------------------------------------ */

static struct kit kit_in(enum hy_callback_mode form, enum hy_callback_mode mode)
{
    struct kit kit = kit_new(&arena);

    kit.ask.mode = mode;
    kit.ask.aes_key = KIT_KEY;
    if (form == HY_CALLBACK_PLAIN)
        kit_post(&kit, EVENT);
    else
        kit_post_sealed(&kit, KIT_JSON, form == HY_CALLBACK_SAFE ? "" : "," MEMBERS, EVENT);
    return kit;
}

static void weaker_than_the_mode_is_denied(void)
{
    for (int form = HY_CALLBACK_PLAIN; form <= HY_CALLBACK_SAFE; form++) {
        for (int mode = HY_CALLBACK_PLAIN; mode <= HY_CALLBACK_SAFE; mode++) {
            struct kit kit = kit_in(form, mode);

            CHECK_INT(read_kit(&kit), form < mode ? HY_CALLBACK_DENIED : HY_CALLBACK_EVENT);
            CHECK_INT(result.count, form >= mode);
        }
    }
}

static void the_mode_follows_the_key(void)
{
    for (int form = HY_CALLBACK_PLAIN; form <= HY_CALLBACK_SAFE; form++) {
        struct kit kit = kit_in(form, HY_CALLBACK_AUTO);

        CHECK_INT(read_kit(&kit),
                  form == HY_CALLBACK_SAFE ? HY_CALLBACK_EVENT : HY_CALLBACK_DENIED);
        kit.ask.aes_key = NULL;
        CHECK_INT(read_kit(&kit),
                  form == HY_CALLBACK_SAFE ? HY_CALLBACK_DENIED : HY_CALLBACK_EVENT);
    }
}

/* Without a key the plain fields are all there is, and in plain mode they are enough. */
static void plain_mode_without_a_key_reads_the_plain_fields(void)
{
    struct kit kit = kit_in(HY_CALLBACK_COMPATIBLE, HY_CALLBACK_PLAIN);

    kit.ask.aes_key = NULL;
    CHECK_INT(read_kit(&kit), HY_CALLBACK_EVENT);
    CHECK(!strstr(result.raw, "Encrypt"));
}

static void a_key_that_is_none_opens_nothing(void)
{
    struct kit kit = kit_in(HY_CALLBACK_SAFE, HY_CALLBACK_SAFE);

    kit.ask.aes_key = NULL;
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
    kit.ask.aes_key = "short";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

/* --- envelopes -------------------------------------------------------------------------------- */

static void an_envelope_needs_its_own_signature(void)
{
    for (int form = HY_CALLBACK_COMPATIBLE; form <= HY_CALLBACK_SAFE; form++) {
        struct kit kit = kit_in(form, HY_CALLBACK_PLAIN);

        kit_set(&kit, "msg_signature", NULL);
        CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
        kit_set(&kit, "msg_signature", kit_query(&kit, "signature"));
        CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
    }
}

static void the_other_signature_is_needed_too(void)
{
    struct kit kit = kit_in(HY_CALLBACK_SAFE, HY_CALLBACK_SAFE);

    kit_set(&kit, "signature", kit_query(&kit, "msg_signature"));
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

static void an_envelope_for_another_app_is_denied(void)
{
    struct kit kit = kit_in(HY_CALLBACK_SAFE, HY_CALLBACK_SAFE);

    kit.ask.app_id = "wx0000000000000002";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

static void another_key_is_denied(void)
{
    struct kit kit = kit_in(HY_CALLBACK_SAFE, HY_CALLBACK_SAFE);

    kit.ask.aes_key = "bbcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

static void an_encrypt_that_is_none_is_malformed(void)
{
    static const char *const texts[] = {"", "AAAA", "*",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct kit kit = kit_new(&arena);

        kit.ask.aes_key = KIT_KEY;
        kit_post(&kit, hy_arena_printf(&arena, "{\"Encrypt\":\"%s\"}", texts[i]));
        kit_sign(&kit, texts[i]);
        CHECK_INT(read_kit(&kit), HY_CALLBACK_MALFORMED);
    }
}

static void an_encrypt_that_is_no_text_is_plain(void)
{
    struct kit kit = kit_new(&arena);

    kit.ask.aes_key = KIT_KEY;
    kit_post(&kit, "{\"Encrypt\":7," MEMBERS "}");
    CHECK_INT(read_kit(&kit), HY_CALLBACK_DENIED);
}

/* --- plain and sealed together ---------------------------------------------------------------- */

static enum hy_callback_verdict read_both(enum kit_format format, const char *plain,
                                          const char *sealed)
{
    struct kit kit = kit_new(&arena);

    kit.ask.mode = HY_CALLBACK_COMPATIBLE;
    kit.ask.aes_key = KIT_KEY;
    kit_post_sealed(&kit, format, plain, sealed);
    return read_kit(&kit);
}

static void the_sealed_side_is_believed(void)
{
    CHECK_INT(read_both(KIT_JSON, ",\"MsgType\":\"event\",\"more\":\"forged\"", EVENT),
              HY_CALLBACK_EVENT);
    CHECK(!strstr(result.raw, "forged"));
    CHECK_INT(result.count, 1);
}

static void a_contradiction_is_denied(void)
{
    static const char *const plain[] = {
        ",\"FromUserName\":\"oUser-0000_0000000000000abcx\"",
        ",\"FromUserName\":null",
        ",\"MsgType\":\"event\",\"CreateTime\":\"1714112446\"",
        ",\"MsgType\":\"event\",\"List\":[]",
        ",\"MsgType\":\"event\",\"List\":{\"TemplateId\":\"T2\"}",
        ",\"MsgType\":\"event\",\"List\":{\"SubscribeStatusString\":\"reject\"}",
    };

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        CHECK_INT(read_both(KIT_JSON, plain[i], EVENT), HY_CALLBACK_DENIED);
}

static void another_spelling_is_no_contradiction(void)
{
    CHECK_INT(read_both(KIT_JSON, ",\"MsgType\":\"event\",\"CreateTime\":\"1714112445\"", EVENT),
              HY_CALLBACK_EVENT);
    CHECK_INT(
        read_both(KIT_XML, "<MsgType>event</MsgType><CreateTime>1714112445</CreateTime>", EVENT),
        HY_CALLBACK_EVENT);
}

static void lists_are_compared_to_the_end(void)
{
    static const char sealed[] = "{\"MsgType\":\"event\",\"Event\":\"x\",\"List\":[1,{\"a\":[2]}]}";

    CHECK_INT(read_both(KIT_JSON, ",\"Event\":\"x\",\"List\":[\"1\",{\"a\":[2]}]", sealed),
              HY_CALLBACK_EVENT);
    CHECK_INT(read_both(KIT_JSON, ",\"Event\":\"x\",\"List\":[1,{\"a\":[3]}]", sealed),
              HY_CALLBACK_DENIED);
    CHECK_INT(read_both(KIT_JSON, ",\"Event\":\"x\",\"List\":[1]", sealed), HY_CALLBACK_DENIED);
}

int main(void)
{
    int failed;

    platform = hy_platform_find("wechat_mini");
    hy_arena_init(&arena);
    RUN(nothing_is_believed_without_a_signature);
    RUN(each_part_is_signed);
    RUN(another_token_is_denied);
    RUN(what_is_not_signed_is_not_read);
    RUN(age_counts_in_both_directions);
    RUN(an_old_check_of_the_address_is_denied);
    RUN(echoes_exactly);
    RUN(other_methods_are_malformed);
    RUN(weaker_than_the_mode_is_denied);
    RUN(the_mode_follows_the_key);
    RUN(plain_mode_without_a_key_reads_the_plain_fields);
    RUN(a_key_that_is_none_opens_nothing);
    RUN(an_envelope_needs_its_own_signature);
    RUN(the_other_signature_is_needed_too);
    RUN(an_envelope_for_another_app_is_denied);
    RUN(another_key_is_denied);
    RUN(an_encrypt_that_is_none_is_malformed);
    RUN(an_encrypt_that_is_no_text_is_plain);
    RUN(the_sealed_side_is_believed);
    RUN(a_contradiction_is_denied);
    RUN(another_spelling_is_no_contradiction);
    RUN(lists_are_compared_to_the_end);
    failed = hy_tap_end();
    hy_arena_deinit(&arena);
    return failed;
}

/*
 * GET and POST /callback/{app}, signed here as the platform does it.
 */
#include "client.h"
#include "tap.h"

#include "base/err.h"
#include "crypto/envelope.h"

#include <stdlib.h>

#define TOKEN   "callback-token-1"
#define AES_KEY "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
#define PATH    "/callback/" CLIENT_APP

static struct hy_arena arena;

static void set_up(const char *members)
{
    client_start();
    hy_arena_init(&arena);
    client_call("POST", "/v1/apps",
                hy_arena_printf(&arena,
                                "{\"id\":\"" CLIENT_APP "\",\"secret\":\"" CLIENT_SECRET "\"%s%s}",
                                *members ? "," : "", members));
    CHECK_INT(client_status(), 201);
    client_use_key(NULL);
}

static void set_up_plain(void)
{
    set_up("\"callback_token\":\"" TOKEN "\"");
}

static void set_up_safe(void)
{
    set_up("\"callback_token\":\"" TOKEN "\",\"callback_aes_key\":\"" AES_KEY "\"");
}

static void tear_down(void)
{
    hy_arena_deinit(&arena);
    client_stop();
}

static const char *sign(const char *token, const char *encrypt)
{
    const char *parts[] = {"1772323200", "nonce1", encrypt};
    char hex[HY_SHA1_HEX_CHARS + 1];

    CHECK_INT(hy_envelope_signature(token, parts, encrypt ? 3 : 2, hex), 0);
    return hy_arena_strdup(&arena, hex);
}

static const char *target(const char *token, const char *more)
{
    return hy_arena_printf(&arena, PATH "?signature=%s&timestamp=1772323200&nonce=nonce1%s",
                           sign(token, NULL), more);
}

static const char *popup(const char *answer, int64_t created_s)
{
    return hy_arena_printf(
        &arena,
        "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"" CLIENT_USER "\",\"CreateTime\":%lld,"
        "\"MsgType\":\"event\",\"Event\":\"subscribe_msg_popup_event\",\"List\":{\"TemplateId\":"
        "\"" CLIENT_TEMPLATE "\",\"SubscribeStatusString\":\"%s\",\"PopupScene\":\"0\"}}",
        (long long)created_s, answer);
}

static void post_plain(const char *token, const char *body)
{
    client_call("POST", target(token, ""), body);
}

static void post_safe(const char *message)
{
    uint8_t key[HY_ENVELOPE_KEY_BYTES];
    char *encrypt;

    CHECK_INT(hy_envelope_key_parse(AES_KEY, key), 0);
    CHECK_INT(hy_envelope_seal(key, CLIENT_APP, message, strlen(message), NULL, &arena, &encrypt),
              0);
    client_call("POST",
                target(TOKEN, hy_arena_printf(&arena, "&encrypt_type=aes&msg_signature=%s",
                                              sign(TOKEN, encrypt))),
                hy_arena_printf(&arena, "{\"ToUserName\":\"gh_1\",\"Encrypt\":\"%s\"}", encrypt));
}

static void check_text(const char *text)
{
    CHECK_INT(client_status(), 200);
    CHECK_TEXT(client_text(), text);
    CHECK_TEXT(client_type(), "text/plain; charset=utf-8");
}

static void check_problem(int status, const char *word)
{
    CHECK_INT(client_status(), status);
    CHECK_TEXT(client_at("type"), hy_arena_printf(&arena, "urn:hongyan:problem:%s", word));
}

static int available(void)
{
    int count;

    client_use_key(client_admin_key());
    client_call("GET",
                "/v1/grants?app=" CLIENT_APP "&user=" CLIENT_USER "&template=" CLIENT_TEMPLATE,
                NULL);
    CHECK_INT(client_status(), 200);
    count = atoi(client_at("available"));
    client_use_key(NULL);
    return count;
}

static void the_address_is_verified(void)
{
    set_up_plain();
    client_call("GET", target(TOKEN, "&echostr=4375120948345356249"), NULL);
    check_text("4375120948345356249");
    client_call("GET", target("another-token", "&echostr=4375120948345356249"), NULL);
    check_problem(401, "bad_signature");
    client_call("GET", PATH "?echostr=1", NULL);
    CHECK(client_status() == 400 || client_status() == 401);
    tear_down();
}

static void without_a_token_there_is_no_such_place(void)
{
    set_up("");
    client_call("GET", target(TOKEN, "&echostr=1"), NULL);
    check_problem(404, "not_found");
    client_call("POST", "/callback/wx9999999999999999?signature=1", "{}");
    check_problem(404, "not_found");
    client_call("DELETE", PATH, NULL);
    CHECK_INT(client_status(), 405);
    tear_down();
}

static void an_accept_becomes_a_permission_once(void)
{
    set_up_plain();
    post_plain(TOKEN, popup("accept", 1772323100));
    check_text("success");
    CHECK_INT(available(), 1);
    post_plain(TOKEN, popup("accept", 1772323100)); /* WeChat's second try */
    check_text("success");
    CHECK_INT(available(), 1);
    post_plain(TOKEN, popup("accept", 1772323170)); /* another tap */
    check_text("success");
    CHECK_INT(available(), 2);
    post_plain(TOKEN, popup("reject", 1772323180));
    check_text("success");
    CHECK_INT(available(), 2);
    tear_down();
}

static void what_is_not_signed_is_refused(void)
{
    set_up_plain();
    post_plain("another-token", popup("accept", 1772323100));
    check_problem(401, "bad_signature");
    post_plain(TOKEN, "not an event");
    check_problem(400, "bad_request");
    post_plain(TOKEN, "");
    check_problem(400, "bad_request");
    CHECK_INT(available(), 0);
    tear_down();
}

static void safe_takes_nothing_weaker(void)
{
    set_up_safe();
    post_plain(TOKEN, popup("accept", 1772323100));
    check_problem(401, "bad_signature");
    CHECK_INT(available(), 0);
    post_safe(popup("accept", 1772323100));
    check_text("success");
    CHECK_INT(available(), 1);
    post_safe(popup("accept", 1772323100));
    check_text("success");
    CHECK_INT(available(), 1);
    tear_down();
}

/* With a key, and told to take anything. */
static void the_mode_is_a_setting(void)
{
    set_up("\"callback_token\":\"" TOKEN "\",\"callback_aes_key\":\"" AES_KEY
           "\",\"callback_mode\":\"plain\"");
    post_plain(TOKEN, popup("accept", 1772323100));
    check_text("success");
    CHECK_INT(available(), 1);
    tear_down();
}

static void success_is_said_when_it_is_stored_and_not_before(void)
{
    set_up_plain();
    world_disk(true);
    post_plain(TOKEN, popup("accept", 1772323100));
    check_problem(503, "store_unavailable");
    CHECK(client_answer_header("Retry-After"));
    world_disk(false);
    CHECK_INT(available(), 0);
    post_plain(TOKEN, popup("accept", 1772323100));
    check_text("success");
    CHECK_INT(available(), 1);
    tear_down();
}

static void a_callback_has_a_limit_of_its_own(void)
{
    size_t size = (1 << 20) + 1;
    char *body = malloc(size);

    memset(body, ' ', size);
    set_up_plain();
    client_call_bytes("POST", target(TOKEN, ""), body, size);
    check_problem(413, "too_large");
    client_call_bytes("POST", target(TOKEN, ""), body, size - 1);
    check_problem(400, "bad_request");
    tear_down();
    free(body);
}

/* Other events are kept too, and answered so that they are not sent again. */
static void other_events_are_kept(void)
{
    struct hy_events events = {.op.verb = HY_VERB_EVENTS, .limit = 10, .arena = &arena};

    set_up_plain();
    post_plain(TOKEN, "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"not-a-user\",\"CreateTime\":"
                      "1772323100,\"MsgType\":\"event\",\"Event\":\"wxa_punish_event\"}");
    check_text("success");
    events.arena = &arena;
    CHECK_INT(hy_store_run(client_world.store, &events.op), 0);
    CHECK_INT(events.count, 1);
    CHECK_TEXT(events.events[0].name, "wxa_punish_event");
    CHECK(strstr(events.events[0].raw, "not-a-user"));
    tear_down();
}

/* An accept of nobody, or of a template without a name, cannot be kept. */
static void an_event_about_nobody_is_malformed(void)
{
    set_up_plain();
    post_plain(TOKEN, "{\"ToUserName\":\"gh_1\",\"FromUserName\":\"x\",\"CreateTime\":1772323100,"
                      "\"MsgType\":\"event\",\"Event\":\"subscribe_msg_popup_event\",\"List\":"
                      "{\"TemplateId\":\"t\",\"SubscribeStatusString\":\"accept\"}}");
    check_problem(400, "bad_request");
    tear_down();
}

/* By then it is forgotten by what a copy would be known. */
static void an_event_of_last_month_is_refused(void)
{
    int64_t month_s = 30 * 86400, now_s = world_now_ms() / 1000;

    set_up_safe();
    post_safe(popup("accept", now_s - month_s));
    check_problem(400, "bad_request");
    post_safe(popup("accept", now_s - month_s + 1));
    check_text("success");
    CHECK_INT(available(), 1);
    tear_down();
}

static void a_peer_that_has_gone_loses_nothing(void)
{
    set_up_plain();
    client_call_gone("POST", target(TOKEN, ""), popup("accept", 1772323100));
    CHECK_INT(available(), 1);
    tear_down();
}

int main(void)
{
    RUN(the_address_is_verified);
    RUN(without_a_token_there_is_no_such_place);
    RUN(an_accept_becomes_a_permission_once);
    RUN(what_is_not_signed_is_refused);
    RUN(safe_takes_nothing_weaker);
    RUN(the_mode_is_a_setting);
    RUN(success_is_said_when_it_is_stored_and_not_before);
    RUN(a_callback_has_a_limit_of_its_own);
    RUN(other_events_are_kept);
    RUN(an_event_about_nobody_is_malformed);
    RUN(an_event_of_last_month_is_refused);
    RUN(a_peer_that_has_gone_loses_nothing);
    return hy_tap_end();
}

/* What a developer's server gets: every shape of an event, signed and sealed. */
#include "push_world.h"

#include "sim/envelope.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* --- the shapes ------------------------------------------------------------------------------- */

static void popup_in_json(void)
{
    const struct received *r;

    push_begin("");
    push_accept(push_once);
    r = receiver_wait(0);
    CHECK_TEXT(r->method, "POST");
    CHECK_TEXT(r->content_type, "application/json");
    CHECK_TEXT(r->openid, push_openid);
    CHECK_TEXT(r->encrypt_type, "");
    CHECK_TEXT(r->msg_signature, "");
    CHECK_TEXT(r->body, push_text("{'ToUserName':'%s','FromUserName':'%s','CreateTime':%lld,"
                                  "'MsgType':'event','Event':'subscribe_msg_popup_event','List':"
                                  "{'TemplateId':'%s','SubscribeStatusString':'accept',"
                                  "'PopupScene':'0'}}",
                                  push_original_id, push_openid, push_time(r), push_once));
    CHECK(llabs(push_time(r) - int_of(get("/sim/clock"), "now_s")) < 30);
    push_end();
}

static void several_templates_are_an_array(void)
{
    char choices[300];
    const struct received *r;

    push_begin("");
    snprintf(choices, sizeof choices, "'choices':{'%s':'accept','%s':'reject'}", push_once,
             push_other);
    push_subscribe(choices);
    r = receiver_wait(0);
    CHECK(strstr(r->body,
                 push_text("'List':[{'TemplateId':'%s','SubscribeStatusString':'accept',"
                           "'PopupScene':'0'},{'TemplateId':'%s','SubscribeStatusString':'reject',"
                           "'PopupScene':'0'}]}",
                           push_once, push_other)));
    CHECK(wait_for_stat("pushes_delivered", 1));
    CHECK_INT(receiver_count(), 1);
    push_end();
}

static void popup_in_xml(void)
{
    char choices[300];
    const struct received *r;

    push_begin(",'format':'xml'");
    snprintf(choices, sizeof choices, "'choices':{'%s':'accept','%s':'reject'}", push_once,
             push_other);
    push_subscribe(choices);
    r = receiver_wait(0);
    CHECK_TEXT(r->content_type, "text/xml");
    CHECK_TEXT(
        r->body,
        push_text("<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]>"
                  "</FromUserName><CreateTime>%lld</CreateTime><MsgType><![CDATA[event]]></MsgType>"
                  "<Event><![CDATA[subscribe_msg_popup_event]]></Event><SubscribeMsgPopupEvent>"
                  "<List><TemplateId><![CDATA[%s]]></TemplateId><SubscribeStatusString>"
                  "<![CDATA[accept]]></SubscribeStatusString><PopupScene>0</PopupScene></List>"
                  "<List><TemplateId><![CDATA[%s]]></TemplateId><SubscribeStatusString>"
                  "<![CDATA[reject]]></SubscribeStatusString><PopupScene>0</PopupScene></List>"
                  "</SubscribeMsgPopupEvent></xml>",
                  push_original_id, push_openid, push_time(r), push_once, push_other));
    push_end();
}

static void change_tells_of_refusals_only(void)
{
    char choices[300];

    push_begin("");
    snprintf(choices, sizeof choices, "'choices':{'%s':'accept','%s':'withdraw'}", push_once,
             push_other);
    push_subscribe(choices);
    receiver_wait(1);
    for (int i = 0; i < 2; i++) {
        const struct received *r = receiver_wait(i);

        if (strstr(r->body, "subscribe_msg_popup_event"))
            CHECK(strstr(r->body, push_text("'List':{'TemplateId':'%s','SubscribeStatusString':"
                                            "'accept','PopupScene':'0'}}",
                                            push_once)));
        else
            CHECK(strstr(r->body, push_text("'Event':'subscribe_msg_change_event','List':{"
                                            "'TemplateId':'%s','SubscribeStatusString':'reject'}}",
                                            push_other)));
    }
    push_end();
}

static void each_tap_is_an_event_of_its_own_second(void)
{
    char choices[300];
    long long seen[3];

    push_begin("");
    snprintf(choices, sizeof choices, "'times':3,'choices':{'%s':'accept'}", push_once);
    push_subscribe(choices);
    for (int i = 0; i < 3; i++)
        seen[i] = push_time(receiver_wait(i));
    CHECK(seen[0] != seen[1] && seen[1] != seen[2] && seen[0] != seen[2]);
    CHECK(wait_for_stat("pushes_delivered", 3));
    push_end();
}

static void sent_in_json_and_xml(void)
{
    const struct received *r;
    int64_t msgid;

    push_begin("");
    push_accept(push_once);
    msgid = push_send();
    r = receiver_wait(1);
    CHECK_TEXT(
        r->body,
        push_text("{'ToUserName':'%s','FromUserName':'%s','CreateTime':%lld,'MsgType':'event',"
                  "'Event':'subscribe_msg_sent_event','List':{'TemplateId':'%s','MsgID':'%lld',"
                  "'ErrorCode':'0','ErrorStatus':'success'}}",
                  push_original_id, push_openid, push_time(r), push_once, (long long)msgid));
    push_set(",'format':'xml','popup':false");
    push_accept(push_once);
    msgid = push_send();
    r = receiver_wait(2);
    CHECK(strstr(r->body, push_text("<Event><![CDATA[subscribe_msg_sent_event]]></Event>"
                                    "<SubscribeMsgSentEvent><List><TemplateId><![CDATA[%s]]>"
                                    "</TemplateId><MsgID>%lld</MsgID><ErrorCode>0</ErrorCode>"
                                    "<ErrorStatus><![CDATA[success]]></ErrorStatus></List>"
                                    "</SubscribeMsgSentEvent></xml>",
                                    push_once, (long long)msgid)));
    push_end();
}

static void times_can_be_texts(void)
{
    push_begin(",'create_time':'text'");
    push_accept(push_once);
    CHECK(strstr(receiver_wait(0)->body, "\"CreateTime\":\"1"));
    push_end();
}

/* --- signed and sealed ------------------------------------------------------------------------ */

static void plain_requests_are_signed(void)
{
    const struct received *r;
    char signature[HY_SIM_SIGNATURE_BYTES];

    push_begin("");
    push_accept(push_once);
    r = receiver_wait(0);
    hy_sim_sign((const char *[]){TOKEN, r->timestamp, r->nonce}, 3, signature);
    CHECK_TEXT(r->signature, signature);
    CHECK(strlen(r->nonce) > 0);
    push_end();
}

/* Opens `sealed` with KEY; what the message inside is. */
static const char *opened(const char *sealed)
{
    static unsigned char plain[RECEIVED_BYTES];
    unsigned char key[33], cipher[RECEIVED_BYTES];
    int size = EVP_DecodeBlock(cipher, (const unsigned char *)sealed, (int)strlen(sealed));
    int got = 0;
    size_t length;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    EVP_DecodeBlock(key, (const unsigned char *)KEY "=", 44);
    EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, key);
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_DecryptUpdate(context, plain, &got, cipher, size / 32 * 32);
    EVP_CIPHER_CTX_free(context);
    CHECK(got >= 32 && got % 32 == 0);
    CHECK(plain[got - 1] >= 1 && plain[got - 1] <= 32);
    length = (size_t)plain[16] << 24 | (size_t)plain[17] << 16 | (size_t)plain[18] << 8 | plain[19];
    CHECK_INT(20 + length + strlen(APPID) + plain[got - 1], got);
    CHECK(memcmp(plain + 20 + length, APPID, strlen(APPID)) == 0);
    plain[20 + length] = 0;
    return (const char *)plain + 20;
}

static void check_seal(const struct received *r, const char *sealed)
{
    char signature[HY_SIM_SIGNATURE_BYTES];

    CHECK_TEXT(r->encrypt_type, "aes");
    hy_sim_sign((const char *[]){TOKEN, r->timestamp, r->nonce}, 3, signature);
    CHECK_TEXT(r->signature, signature);
    hy_sim_sign((const char *[]){TOKEN, r->timestamp, r->nonce, sealed}, 4, signature);
    CHECK_TEXT(r->msg_signature, signature);
}

static void safe_mode_shows_nothing(void)
{
    const struct received *r;
    char sealed[RECEIVED_BYTES], shown[RECEIVED_BYTES];
    json_t *body;

    push_begin(",'mode':'safe','aes_key':'" KEY "'");
    push_accept(push_once);
    r = receiver_wait(0);
    body = json_loads(r->body, 0, NULL);
    snprintf(sealed, sizeof sealed, "%s", text_of(body, "Encrypt"));
    json_decref(body);
    CHECK_TEXT(r->body, push_text("{'ToUserName':'%s','Encrypt':'%s'}", push_original_id, sealed));
    check_seal(r, sealed);
    snprintf(shown, sizeof shown, "%s", text_of(push_at(0), "plain"));
    CHECK_TEXT(opened(sealed), shown);
    CHECK(strstr(shown, "\"subscribe_msg_popup_event\""));
    push_end();
}

static void compatible_mode_shows_both(void)
{
    const struct received *r;
    char sealed[RECEIVED_BYTES], *at;

    push_begin(",'mode':'compatible','format':'xml','aes_key':'" KEY "'");
    push_accept(push_once);
    r = receiver_wait(0);
    CHECK(strncmp(r->body, "<xml><ToUserName><![CDATA[gh_", 29) == 0);
    CHECK(strstr(r->body, "</SubscribeMsgPopupEvent><Encrypt><![CDATA["));
    snprintf(sealed, sizeof sealed, "%s", strstr(r->body, "<Encrypt><![CDATA[") + 18);
    at = strstr(sealed, "]]></Encrypt></xml>");
    CHECK(at && strlen(at) == 19);
    *at = 0;
    check_seal(r, sealed);
    CHECK(strncmp(opened(sealed), "<xml><ToUserName>", 17) == 0);
    CHECK(strstr(opened(sealed), "</SubscribeMsgPopupEvent></xml>"));
    push_set(",'mode':'safe','format':'xml','aes_key':'" KEY "'");
    push_accept(push_once);
    r = receiver_wait(1);
    CHECK(
        strstr(r->body, push_text("<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[",
                                  push_original_id)) == r->body);
    push_end();
}

int main(void)
{
    RUN(popup_in_json);
    RUN(several_templates_are_an_array);
    RUN(popup_in_xml);
    RUN(change_tells_of_refusals_only);
    RUN(each_tap_is_an_event_of_its_own_second);
    RUN(sent_in_json_and_xml);
    RUN(times_can_be_texts);
    RUN(plain_requests_are_signed);
    RUN(safe_mode_shows_nothing);
    RUN(compatible_mode_shows_both);
    return hy_tap_end();
}

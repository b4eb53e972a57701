/* Endpoints on their way in: what is refused, what is kept, and what is never shown. */
#include "receiver.h"
#include "tap.h"

#include "base/err.h"
#include "crypto/random.h"

#include <stdio.h>

static void expect_fault(const char *body, const char *field, const char *rule)
{
    CHECK_INT(hook_change(0, body), HY_E_INVALID);
    rig_expect(body, field, rule);
}

static void faults_name_field_and_rule(void)
{
    static const struct {
        const char *body, *field, *rule;
    } cases[] = {
        {"{'events':['message.sent']}", "url", "required"},
        {"{'url':'" HOOK_URL "'}", "events", "required"},
        {"{'url':'" HOOK_URL "','events':[]}", "events", "items"},
        {"{'url':'" HOOK_URL "','events':['message.sent','message.sended']}", "events[1]",
         "one_of"},
        {"{'url':'" HOOK_URL "','events':[7]}", "events[0]", "one_of"},
        {"{'url':'" HOOK_URL "','events':['webhook.test']}", "events[0]", "one_of"},
        {"{'url':'" HOOK_URL "','events':['message.sent'],'app':'wx1'}", "app", "known_app"},
        {"{'url':'" HOOK_URL "','events':['message.sent'],'app':7}", "app", "type"},
        {"{'url':'" HOOK_URL "','events':['message.sent'],'secret':'whsec_short'}", "secret",
         "webhook_secret"},
        {"{'url':'" HOOK_URL "','events':['message.sent'],'evnts':1}", "evnts", "unknown_field"},
        {"{'url':'hooks.example.com','events':['message.sent']}", "url", "url"},
        {"{'url':'ftp://example.com/','events':['message.sent']}", "url", "url"},
        {"{'url':'http://example.com/','events':['message.sent']}", "url", "https"},
        {"{'url':'https://a:b@example.com/','events':['message.sent']}", "url", "no_credentials"},
        {"{'url':'https://example.com/#a','events':['message.sent']}", "url", "no_fragment"},
        {"{'url':'https://localhost/','events':['message.sent']}", "url", "public_host"},
        {"{'url':'https://169.254.169.254/','events':['message.sent']}", "url", "public_host"},
        {"{'url':'https://[::1]/','events':['message.sent']}", "url", "public_host"},
    };

    receiver_open();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_fault(cases[i].body, cases[i].field, cases[i].rule);
    CHECK_INT(hook_show(1).id, 0);
    rig_close();
}

static void a_slip_gets_the_nearest_name(void)
{
    receiver_open();
    CHECK_INT(hook_change(0, "{'url':'" HOOK_URL "','events':['message.fialed']}"), HY_E_INVALID);
    CHECK(strstr(rig.faults.items[0].message, "did you mean message.failed?"));
    rig_close();
}

static void faults_repeat_no_secret(void)
{
    static const char body[] = "{'url':'https://10.0.0.1/?token=HIDDEN','events':['message.sent'],"
                               "'secret':'whsec_HIDDEN'}";

    receiver_open();
    CHECK_INT(hook_change(0, body), HY_E_INVALID);
    CHECK_INT(rig.faults.count, 2);
    for (size_t i = 0; i < rig.faults.count; i++) {
        CHECK(!strstr(rig.faults.items[i].message, "HIDDEN"));
        CHECK(!rig.faults.items[i].actual);
    }
    rig_close();
}

static void private_ones_are_taken_when_allowed(void)
{
    rig_private_webhooks = true;
    receiver_open();
    CHECK_INT(hook_change(0, "{'url':'http://127.0.0.1:9/x','events':['message.sent']}"), 0);
    CHECK_INT(hook_change(0, "{'url':'http://backend/x','events':['message.sent']}"), 0);
    expect_fault("{'url':'http://a@backend/x','events':['message.sent']}", "url", "no_credentials");
    rig_private_webhooks = false;
    rig_close();
}

static void a_change_keeps_what_it_does_not_name(void)
{
    struct hy_webhook before, after;

    receiver_open();
    hook_add(HOOK_URL, "'message.sent','callback.raw'");
    CHECK_INT(hook_change(1, "{'app':'" RIG_APP "'}"), 0);
    before = hook_show(1);
    rig_now_ms += 5000;
    CHECK_INT(hook_change(1, "{'events':['grant.added']}"), 0);
    CHECK_TEXT(hook_secret, "");
    after = hook_show(1);
    CHECK_TEXT(after.url, HOOK_URL);
    CHECK_INT(after.events, 1u << HY_OUTCOME_GRANT_ADDED);
    CHECK_INT(after.app_no, 1);
    CHECK_INT(after.created_at_ms, before.created_at_ms);
    CHECK_INT(after.secret.size, 1 + 24 + 16 + 32);
    CHECK_INT(hook_change(1, "{'secret':'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'}"), HY_E_INVALID);
    rig_expect("a secret in a change", "secret", "rotate");
    CHECK_INT(hook_rotate(1, "whsec_", 10), HY_E_INVALID);
    rig_expect("a bad secret in a rotation", "secret", "webhook_secret");
    rig_close();
}

/* Not as text, and not as the bytes of the key. */
static void secrets_are_sealed_in_the_store(void)
{
    static const char mine[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    static const uint8_t key[4] = {0x31, 0xf2, 0x90, 0xf6};
    struct hy_webhook w;

    receiver_open();
    hook_add(HOOK_URL, "'message.sent'");
    CHECK_INT(hook_rotate(1, mine, 0), 0);
    w = hook_show(1);
    CHECK(w.secret.bytes && w.secret.size == 1 + 24 + 16 + 24);
    CHECK(!memmem(w.secret.bytes, w.secret.size, key, sizeof key));
    CHECK(!memmem(w.secret.bytes, w.secret.size, mine + 6, 8));
    rig_close();
}

static void there_are_at_most_32(void)
{
    receiver_open();
    for (int i = 0; i < HY_WEBHOOKS_MAX; i++)
        hook_add(HOOK_URL, "'message.sent'");
    CHECK_INT(hook_change(0, "{'url':'" HOOK_URL "','events':['message.sent']}"), HY_E_LIMIT);
    CHECK_INT(hook_remove(7), 0);
    hook_add(HOOK_URL, "'message.sent'");
    rig_close();
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(faults_name_field_and_rule);
    RUN(a_slip_gets_the_nearest_name);
    RUN(faults_repeat_no_secret);
    RUN(private_ones_are_taken_when_allowed);
    RUN(a_change_keeps_what_it_does_not_name);
    RUN(secrets_are_sealed_in_the_store);
    RUN(there_are_at_most_32);
    return hy_tap_end();
}

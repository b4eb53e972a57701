/* What endpoints are told, when, and how often; what becomes of one that does not listen. */
#include "receiver.h"
#include "tap.h"

#include "base/err.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "engine/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

static bool signed_by(const struct told *one, const char *secret, size_t at)
{
    char mine[HY_SIGNATURE_TEXT_BYTES];
    struct hy_signature_key key;

    CHECK_INT(hy_signature_key_parse(secret, &key), 0);
    CHECK_INT(hy_signature_sign(&key, one->id, strtoll(one->timestamp, NULL, 10), one->body,
                                strlen(one->body), mine),
              0);
    return strlen(one->signature) >= at + strlen(mine) &&
           strncmp(one->signature + at, mine, strlen(mine)) == 0;
}

static const json_t *data_of(const struct told *one, json_t **ret_root)
{
    *ret_root = hy_json_parse(one->body, strlen(one->body), NULL, 0);
    CHECK(*ret_root);
    return json_object_get(*ret_root, "data");
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* --- what is told ----------------------------------------------------------------------------- */

static void a_failure_is_told_signed(void)
{
    json_t *root;
    const json_t *data;

    receiver_open();
    hook_add(HOOK_URL, "'message.failed','message.sent'");
    fail_a_message();
    CHECK_INT(told_count, 1);
    CHECK_TEXT(told[0].url, HOOK_URL);
    CHECK(told[0].public_only && told[0].status_only && told[0].timeout_ms > 0);
    CHECK_TEXT(told[0].timestamp, "1772323200");
    CHECK(told[0].id[0] == 'e' && signed_by(&told[0], hook_secret, 0));
    CHECK_INT(strlen(told[0].signature), HY_SIGNATURE_TEXT_BYTES - 1);
    data = data_of(&told[0], &root);
    CHECK_TEXT(member(root, "type"), "message.failed");
    CHECK_TEXT(member(root, "timestamp"), "2026-03-01T00:00:00.000Z");
    CHECK_TEXT(member(data, "app"), RIG_APP);
    CHECK_TEXT(member(data, "user"), RIG_USER);
    CHECK_TEXT(member(data, "template"), RIG_TEMPLATE);
    CHECK_TEXT(member(data, "tag"), "order 17");
    CHECK_TEXT(member(data, "state"), "failed");
    CHECK_TEXT(member(data, "reason"), "no_grant.never");
    CHECK_INT(member(data, "id")[0], 'm');
    CHECK(!json_object_get(data, "errcode") && !json_object_get(data, "msgid"));
    json_decref(root);
    told_answer(&told[0], 204);
    receiver_pass(7 * (int64_t)DAY, 200);
    CHECK_INT(told_count, 1);
    rig_close();
}

static void reported(struct hy_report *report, void *arg)
{
    CHECK_INT(report->deposit.op.result, 0);
}

static void stored(struct hy_op *op, void *arg)
{
    CHECK_INT(op->result, 0);
}

static void grants_and_raw_events_are_told(void)
{
    struct hy_report report = {.done = reported};
    json_t *body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','kind':'form_id',"
                            "'credential':'1571644285364'}");
    struct hy_hear hear = {.op.verb = HY_VERB_HEAR,
                           .app_no = 1,
                           .name = "user_enter",
                           .user = RIG_USER,
                           .raw = "{\"Event\":\"user_enter\",\"MsgId\":7}"};
    json_t *root;
    const json_t *data;

    receiver_open();
    hook_add(HOOK_URL, "'grant.added','callback.raw'");
    CHECK_INT(hy_engine_report(rig.engine, body, rig_faults(), &report), 0);
    json_decref(body);
    rig_run();
    CHECK_INT(told_count, 1);
    data = data_of(&told[0], &root);
    CHECK_TEXT(member(root, "type"), "grant.added");
    CHECK_TEXT(member(data, "user"), RIG_USER);
    CHECK_INT(json_integer_value(json_object_get(data, "uses")), 1);
    json_decref(root);

    hear.now_ms = hear.created_at_ms = rig_now_ms;
    hy_engine_verb(rig.engine, &hear.op, stored, NULL);
    rig_run();
    CHECK_INT(told_count, 2);
    data = data_of(&told[1], &root);
    CHECK_TEXT(member(root, "type"), "callback.raw");
    CHECK_TEXT(member(data, "name"), "user_enter");
    CHECK_INT(json_integer_value(json_object_get(json_object_get(data, "event"), "MsgId")), 7);
    json_decref(root);
    told_answer_all(200);
    rig_close();
}

static void each_is_told_what_it_wants(void)
{
    int64_t other;

    receiver_open();
    CHECK_INT(rig_change_app(NULL, "{'id':'wx0000000000000002','secret':'" RIG_SECRET "'}"), 0);
    hook_add(HOOK_URL, "'message.failed'");
    hook_add("https://hooks.example.com/b", "'message.failed'");
    hook_add("https://hooks.example.com/c", "'message.sent','grant.added'");
    other = hook_add("https://hooks.example.com/d", "'message.failed'");
    CHECK_INT(hook_change(other, "{'app':'wx0000000000000002'}"), 0);
    fail_a_message();
    CHECK_INT(told_count, 2);
    CHECK(strcmp(told[0].id, told[1].id) != 0);
    CHECK_INT(told[0].url[strlen(told[0].url) - 1] + told[1].url[strlen(told[1].url) - 1],
              'a' + 'b');
    told_answer_all(200);
    CHECK_INT(hook_change(other, "{'app':''}"), 0);
    fail_a_message();
    CHECK_INT(told_count, 5);
    told_answer_all(200);
    rig_close();
}

static void a_test_is_told_whatever_is_wanted(void)
{
    char expected[32];
    int64_t id;

    receiver_open();
    id = hook_add(HOOK_URL, "'message.sent'");
    snprintf(expected, sizeof expected, "e%lld", (long long)hook_test(id));
    CHECK_INT(told_count, 1);
    CHECK_TEXT(told[0].id, expected);
    CHECK(strstr(told[0].body, "\"type\":\"webhook.test\""));
    CHECK(strstr(told[0].body, "\"webhook\":\"w1\""));
    told_answer_all(200);
    rig_close();
}

static uint64_t writes(void)
{
    struct hy_store_stats stats;

    hy_store_stats(rig.store, &stats);
    return stats.writes;
}

/* Nobody listens: the store is asked for the message and nothing else. */
static void without_endpoints_it_costs_nothing(void)
{
    uint64_t before, alone, together;
    int64_t id;

    receiver_open();
    before = writes();
    fail_a_message();
    alone = writes() - before;
    id = hook_add(HOOK_URL, "'message.failed'");
    CHECK_INT(hook_change(id, "{'paused':true}"), 0);
    before = writes();
    fail_a_message();
    CHECK_INT(writes() - before, alone);
    CHECK_INT(hook_change(id, "{'paused':false}"), 0);
    CHECK_INT(told_count, 1); /* a paused one collects */
    told_answer_all(200);
    before = writes();
    fail_a_message();
    told_answer_all(200);
    together = writes() - before;
    CHECK_INT(together, alone + 2); /* a claim, a settle */
    CHECK_INT(hook_remove(id), 0);
    before = writes();
    fail_a_message();
    CHECK_INT(writes() - before, alone);
    rig_close();
}

/* --- trying again ----------------------------------------------------------------------------- */

static void a_failed_one_comes_again_with_its_id(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    fail_a_message();
    told_answer(&told[0], 500);
    rig_now_ms += 5 * SECOND - 1;
    rig_run();
    CHECK_INT(told_count, 1);
    rig_now_ms += 1 * SECOND + 1; /* up to a fifth more */
    rig_run();
    CHECK_INT(told_count, 2);
    CHECK_TEXT(told[1].id, told[0].id);
    CHECK_TEXT(told[1].body, told[0].body);
    CHECK(strcmp(told[1].timestamp, told[0].timestamp) != 0);
    CHECK(strcmp(told[1].signature, told[0].signature) != 0);
    CHECK(signed_by(&told[1], hook_secret, 0));
    CHECK(hook_show(1).failing_since_ms > 0);
    CHECK_TEXT(hook_show(1).last_error, "500");
    told_answer(&told[1], 0);
    CHECK_TEXT(hook_show(1).last_error, "connection refused");
    rig_now_ms += 36 * SECOND;
    rig_run();
    CHECK_INT(told_count, 3);
    told_answer(&told[2], 200);
    CHECK_INT(hook_show(1).failing_since_ms, 0);
    CHECK_INT(hook_show(1).pending, 0);
    rig_close();
}

static void it_survives_another_engine(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    fail_a_message();
    told_answer(&told[0], 503);
    rig_restart();
    rig_now_ms += 6 * SECOND;
    rig_run();
    CHECK_INT(told_count, 2);
    CHECK_TEXT(told[1].id, told[0].id);
    CHECK(signed_by(&told[1], hook_secret, 0));
    told_answer_all(200);
    CHECK_INT(hook_show(1).failing_since_ms, 0);
    rig_close();
}

static void it_is_given_up_after_three_days(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed','message.sent'");
    fail_a_message();
    for (int i = 0; i < 12 * 24 && told_count < TOLD_MAX / 2; i++) {
        told_answer_all(400);
        hook_test(1); /* which it takes: it is not dead */
        told_answer(&told[told_count - 1], 200);
        told_count = told_count > 100 ? 0 : told_count;
        rig_now_ms += 15 * MINUTE;
        rig_run();
    }
    told_answer_all(400);
    rig_now_ms += 7 * (int64_t)HOUR;
    rig_run();
    told_answer_all(400);
    CHECK_INT(hook_show(1).pending, 0);
    CHECK_INT(hook_show(1).disabled_at_ms, 0);
    rig_close();
}

/* --- endpoints that do not listen ------------------------------------------------------------- */

static void at_most_sixteen_are_under_way(void)
{
    size_t most = 0;

    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    for (int i = 0; i < 200; i++)
        fail_a_message();
    CHECK_INT(told_waiting(), HY_WINDOW_FIRST);
    for (size_t i = 0; i < told_count; i++) {
        most = told_waiting() > most ? told_waiting() : most;
        told_answer(&told[i], 200);
    }
    CHECK_INT(told_count, 200);
    CHECK_INT(most, HY_TELLER_WINDOW_MAX);
    rig_close();
}

/* A thousand outcomes: the dead one is tried once a minute, the other one is told all of them. */
static void a_dead_one_costs_little_and_hurts_nobody(void)
{
    size_t good = 0, bad = 0;

    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    hook_add("https://dead.example.com/", "'message.failed'");
    for (int i = 0; i < 300; i++) {
        fail_a_message();
        for (size_t k = 0; k < told_count; k++) {
            bool dead = strstr(told[k].url, "dead") != NULL;

            if (!told[k].done)
                continue;
            good += !dead;
            bad += dead;
            told_answer(&told[k], dead ? 0 : 200);
        }
        told_count = 0;
    }
    CHECK_INT(good, 300);
    CHECK(bad <= 16);
    for (int i = 0; i < 24 * 60; i++) {
        rig_now_ms += MINUTE;
        rig_run();
        for (size_t k = 0; k < told_count; k++)
            bad += told[k].done != NULL;
        told_answer_all(0);
        told_count = 0;
    }
    CHECK(bad > 24 * 60 / 2 && bad < 16 + 10 + 24 * 60);
    CHECK_INT(hook_show(2).pending, 300);
    CHECK_INT(hy_engine_webhooks_ailing(rig.engine), 1);
    rig_now_ms += MINUTE;
    for (int i = 0; i < 400 && hook_show(2).pending > 0; i++) {
        rig_now_ms += MINUTE;
        rig_run();
        told_answer_all(200);
        told_count = 0;
    }
    CHECK_INT(hook_show(2).pending, 0); /* it came back, and was told all of it */
    CHECK_INT(hy_engine_webhooks_ailing(rig.engine), 0);
    rig_close();
}

static void gone_disables_at_once(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    fail_a_message();
    told_answer(&told[0], 410);
    CHECK(hook_show(1).disabled_at_ms > 0);
    CHECK_TEXT(hook_show(1).last_error, "410");
    CHECK_INT(hy_engine_webhooks_ailing(rig.engine), 1);
    fail_a_message(); /* collects nothing */
    receiver_pass(DAY, 200);
    CHECK_INT(told_count, 1);
    rig_restart();
    CHECK_INT(hy_engine_webhooks_ailing(rig.engine), 1);
    rig_run();
    CHECK_INT(told_count, 1);
    hook_enable(1);
    CHECK_INT(told_count, 2);
    CHECK_TEXT(told[1].id, told[0].id);
    told_answer_all(200);
    CHECK_INT(hook_show(1).disabled_at_ms + hook_show(1).failing_since_ms, 0);
    CHECK_INT(hy_engine_webhooks_ailing(rig.engine), 0);
    rig_close();
}

static void three_days_of_failures_disable(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    fail_a_message();
    receiver_pass(2 * (int64_t)DAY + 23 * (int64_t)HOUR, 500);
    CHECK_INT(hook_show(1).disabled_at_ms, 0);
    receiver_pass(8 * (int64_t)HOUR, 500);
    CHECK(hook_show(1).disabled_at_ms > 0);
    CHECK(told_count > 10 && told_count < 40);
    rig_close();
}

static void enabling_ends_a_rest(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    for (int i = 0; i < 20; i++)
        fail_a_message();
    for (int i = 0; i < 40 && told_waiting() > 0; i++)
        told_answer_all(0);
    told_count = 0;
    rig_run();
    CHECK_INT(told_count, 0);
    hook_enable(1);
    CHECK_INT(told_waiting(), HY_WINDOW_FIRST);
    while (told_waiting() > 0)
        told_answer_all(200);
    CHECK_INT(hook_show(1).pending, 0);
    rig_close();
}

static void a_rest_ends_when_the_clock_is_set_back(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    for (int i = 0; i < 20; i++)
        fail_a_message();
    for (int i = 0; i < 40 && told_waiting() > 0; i++)
        told_answer_all(0);
    told_count = 0;
    rig_now_ms -= HOUR;
    fail_a_message();
    CHECK_INT(told_count, 1);
    told_answer_all(200);
    rig_close();
}

/* --- changes while something is under way ----------------------------------------------------- */

static void one_is_removed_while_it_is_told(void)
{
    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    fail_a_message();
    fail_a_message();
    CHECK_INT(told_waiting(), 2);
    CHECK_INT(hook_remove(1), 0);
    told_answer(&told[0], 200);
    CHECK(!hy_engine_idle(rig.engine));
    told_answer(&told[1], 500);
    CHECK(hy_engine_idle(rig.engine));
    CHECK_INT(hook_remove(1), HY_E_NOT_FOUND);
    CHECK_INT(told_count, 2);
    rig_close();
}

static void a_new_secret_signs_beside_the_old_one(void)
{
    char first[HY_WEBHOOK_SECRET_TEXT_BYTES];

    receiver_open();
    hook_add(HOOK_URL, "'message.failed'");
    memcpy(first, hook_secret, sizeof first);
    CHECK_INT(hook_rotate(1, NULL, 3600), 0);
    CHECK(strcmp(first, hook_secret) != 0);
    fail_a_message();
    CHECK(signed_by(&told[0], hook_secret, 0));
    CHECK_INT(told[0].signature[HY_SIGNATURE_TEXT_BYTES - 1], ' ');
    CHECK(signed_by(&told[0], first, HY_SIGNATURE_TEXT_BYTES));
    told_answer_all(200);
    rig_now_ms += HOUR;
    fail_a_message();
    CHECK_INT(strlen(told[1].signature), HY_SIGNATURE_TEXT_BYTES - 1);
    CHECK(signed_by(&told[1], hook_secret, 0));
    told_answer_all(200);
    CHECK_INT(hook_rotate(1, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0), 0);
    CHECK_TEXT(hook_secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    fail_a_message();
    CHECK(signed_by(&told[2], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0));
    CHECK_INT(strlen(told[2].signature), HY_SIGNATURE_TEXT_BYTES - 1);
    told_answer_all(200);
    rig_close();
}

/* The URL was taken while private ones were allowed; now they are not. */
static void what_is_not_allowed_any_more_is_not_told(void)
{
    rig_private_webhooks = true;
    receiver_open();
    hook_add("http://127.0.0.1:9/", "'message.failed'");
    fail_a_message();
    CHECK_INT(told_count, 1);
    CHECK(!told[0].public_only);
    told_answer_all(200);
    rig_private_webhooks = false;
    rig_restart();
    fail_a_message();
    CHECK_INT(told_count, 1);
    CHECK_TEXT(hook_show(1).last_error, "not https");
    rig_close();
}

int main(void)
{
    if (hy_crypto_init() != 0)
        return 1;
    RUN(a_failure_is_told_signed);
    RUN(grants_and_raw_events_are_told);
    RUN(each_is_told_what_it_wants);
    RUN(a_test_is_told_whatever_is_wanted);
    RUN(without_endpoints_it_costs_nothing);
    RUN(a_failed_one_comes_again_with_its_id);
    RUN(it_survives_another_engine);
    RUN(it_is_given_up_after_three_days);
    RUN(at_most_sixteen_are_under_way);
    RUN(a_dead_one_costs_little_and_hurts_nobody);
    RUN(gone_disables_at_once);
    RUN(three_days_of_failures_disable);
    RUN(enabling_ends_a_rest);
    RUN(a_rest_ends_when_the_clock_is_set_back);
    RUN(one_is_removed_while_it_is_told);
    RUN(a_new_secret_signs_beside_the_old_one);
    RUN(what_is_not_allowed_any_more_is_not_told);
    return hy_tap_end();
}

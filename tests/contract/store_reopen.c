/* What was stored is there after closing and opening again; for durable stores. */
#include "store_cases.h"

static void everything_survives(void)
{
    int64_t g = prepay("u", 0);
    struct hy_message *sent = post("u");
    struct hy_message *queued = post("u");
    struct hy_message *later = post_later("v", rig.now_ms + HOUR);
    struct hy_message *waits = post_with("w", HY_ON_MISSING_WAIT);
    struct hy_meta_put put = {.name = "n", .value = "v"};
    struct hy_meta_get got = {.name = "n", .arena = &rig.arena};
    struct hy_apps apps = {.arena = &rig.arena};
    int64_t due;

    judge(claim_one(), HY_VERDICT_OK, "0");
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    due = next_due();
    rig_reopen();
    CHECK_STATE(sent->id, SENT);
    CHECK_INT(fetch(sent->id)->attempt_count, 1);
    CHECK_TEXT(fetch(sent->id)->attempts[0].judgement.errcode, "0");
    CHECK_STATE(queued->id, QUEUED);
    CHECK_INT(get(queued->id)->grant_id, g);
    CHECK_STATE(later->id, QUEUED);
    CHECK_STATE(waits->id, WAITING);
    CHECK_TEXT(ledger("u", g), "2/1 available");
    CHECK_INT(next_due(), due);
    CHECK_INT(run(&got.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(got.value, "v");
    CHECK_INT(run(&apps.op, HY_VERB_APPS), 0);
    CHECK_INT(apps.count, 1);
    CHECK_TEXT(apps.apps[0].id, "wx1");
    CHECK_INT(claim_one()->message.id, queued->id);
    form("w", 0);
    CHECK_INT(claim_one()->message.id, waits->id);
}

static void opening_often_changes_nothing(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_WAIT);

    for (int i = 0; i < 5; i++) {
        rig_reopen();
        CHECK_STATE(m->id, WAITING);
    }
}

static void the_message_in_sending_is_recovered(void)
{
    int64_t g = form("u", 0);
    struct hy_message *m = post("u");
    struct hy_message *parked;
    struct hy_recover v = {.now_ms = rig.now_ms};

    form("u", 0);
    parked = post("u");
    claim_one();
    CHECK_INT(claim(ALL)->count, 0); /* parks the second */
    rig_reopen();
    CHECK_STATE(m->id, SENDING);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_INT(v.recovered, 1);
    CHECK_INT(v.last_message_id, parked->id);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(get(m->id)->grant_id, g);
    rig_reopen();
    CHECK_INT(recover(), 0);
    CHECK_STATE(m->id, UNKNOWN);
    CHECK_INT(claim_one()->message.id, parked->id);
}

static void keys_are_remembered(void)
{
    struct hy_admit_item first = keyed(draft("u"), "k", "b");
    struct hy_admit_item twin = keyed(draft("u"), "k", "b");
    struct hy_admit_item other = keyed(draft("u"), "k", "c");

    CHECK_INT(admit_items(&first, 1), 0);
    rig_reopen();
    CHECK_INT(admit_items(&twin, 1), 0);
    CHECK_INT(twin.admission, HY_ADMITTED_BEFORE);
    CHECK_INT(twin.message->id, first.message->id);
    CHECK_TEXT(twin.message->reason, "no_grant.never");
    CHECK_INT(admit_items(&other, 1), 0);
    CHECK_INT(other.admission, HY_ADMIT_CONFLICT);
}

static void credentials_and_ids_are_remembered(void)
{
    struct hy_deposit_item item = form_item("u", "f1", rig.now_ms + 1);
    struct hy_purge purge = {.app_no = rig.app, .now_ms = rig.now_ms, .margin_ms = DAY, .limit = 9};
    int64_t last;

    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    last = item.grant.id;
    rig_reopen();
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK(item.duplicate);
    CHECK_INT(run(&purge.op, HY_VERB_PURGE), 0);
    CHECK_INT(purge.purged, 1);
    rig_reopen();
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK(!item.duplicate);
    CHECK(item.grant.id > last);
}

static void the_token_budget_is_remembered(void)
{
    struct hy_token_begin v = {.app_no = rig.app,
                               .now_ms = rig.now_ms,
                               .lease_until_ms = rig.now_ms + MINUTE,
                               .day = 5,
                               .calls_max = 1,
                               .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_TOKEN_BEGIN), 0);
    rig_reopen(); /* it died before the answer: the call counts */
    CHECK_INT(run(&v.op, HY_VERB_TOKEN_BEGIN), HY_TOKEN_TAKEN);
    v.now_ms += MINUTE;
    CHECK_INT(run(&v.op, HY_VERB_TOKEN_BEGIN), HY_TOKEN_BUDGET);
}

static void a_second_opener_is_turned_away(void)
{
    struct hy_store_config config = {.location = rig.location, .inline_mode = true};
    struct hy_store *second = NULL;
    char explain[200] = "";

    CHECK_INT(hy_store_open(&config, &second, explain, sizeof explain), HY_E_BUSY);
    CHECK(explain[0] != 0);
    CHECK(second == NULL);
    post("u"); /* the first one is not disturbed */
}

static void a_second_opener_sees_the_same(void)
{
    struct hy_store *second = NULL;
    struct hy_message_get v = {
        .op = {.verb = HY_VERB_MESSAGE_GET}, .message_id = post("u")->id, .arena = &rig.arena};

    rig_open(rig.location, true, &second);
    CHECK_INT(hy_store_run(second, &v.op), 0);
    hy_store_close(second);
    CHECK_TEXT(v.message.user, "u");
    post("v"); /* the first one is not disturbed */
}

void store_reopen_cases(void)
{
    CASE(everything_survives);
    CASE(opening_often_changes_nothing);
    CASE(the_message_in_sending_is_recovered);
    CASE(keys_are_remembered);
    CASE(credentials_and_ids_are_remembered);
    CASE(the_token_budget_is_remembered);
    if (rig_shared())
        CASE(a_second_opener_sees_the_same);
    else
        CASE(a_second_opener_is_turned_away);
}

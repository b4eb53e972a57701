/*
 * The desk: what a transaction has of it nobody else changes, and no more is read than is needed. Two
 * processes: one is held in the middle of its transaction.
 */
#include "pg_two.h"

#include "base/clock.h"
#include "store/front.h"
#include "store/grants.h"
#include "store/messages.h"
#include "store/postgres/postgres.h"
#include "store/schedules.h"

enum { LATER = 2000000, APP = 1, MANY = 20000 };

static int64_t post(const char *user)
{
    struct hy_admit_item item = {.message = draft(APP, user)};
    struct hy_admit v = {.items = &item, .count = 1, .now_ms = NOW, .arena = &arena};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_ADMIT), 0);
    return item.message->id;
}

struct claiming {
    struct hy_claim_lane lane;
    struct hy_claim verb;
};

static void claim(struct hy_backend *b, struct claiming *c, size_t capacity)
{
    *c = (struct claiming){
        .lane = {.app_no = APP, .queue = HY_RANK_NORMAL, .capacity = capacity},
        .verb = {.lane_count = 1, .now_ms = NOW, .lease_until_ms = LATER, .arena = &arena}};
    c->verb.lanes = &c->lane;
    CHECK_INT(run_verb(b, &c->verb.op, HY_VERB_CLAIM), 0);
}

/* --- locks -------------------------------------------------------------------------------------- */

static void who_has_a_user_on_the_desk_has_it_alone(void)
{
    struct hy_cancel ours, theirs;

    fresh();
    ours = theirs = (struct hy_cancel){.message_id = post("u"), .now_ms = NOW};
    begin(one);
    CHECK_INT(run_verb(one, &ours.op, HY_VERB_CANCEL), 0);
    begin_meanwhile(&theirs.op, HY_VERB_CANCEL);
    CHECK_INT(end_meanwhile(), HY_E_CONFLICT); /* it sees what we did */
    CHECK_INT(theirs.state, HY_MESSAGE_CANCELED);
}

static int64_t put_schedule(void)
{
    struct hy_schedule_put v = {.schedule = {.name = "daily",
                                             .cron = "0 8 * * *",
                                             .timezone = "UTC",
                                             .app_no = APP,
                                             .message = "{}",
                                             .next_run_ms = NOW}};

    CHECK_INT(do_verb(one, &v.op, HY_VERB_SCHEDULE_PUT), 0);
    return v.schedule.id;
}

/* Before the schedule is: in a group with other verbs of hers it is so, too. */
static void the_user_of_a_schedule_is_locked_with_the_group(void)
{
    struct hy_cancel theirs = {.now_ms = NOW};
    struct hy_admit_item item;
    struct hy_schedule_fire fire;

    fresh();
    theirs.message_id = post("u");
    item = (struct hy_admit_item){.message = draft(APP, "u")};
    fire = (struct hy_schedule_fire){.op.verb = HY_VERB_SCHEDULE_FIRE,
                                     .schedule_id = put_schedule(),
                                     .due_ms = NOW,
                                     .next_run_ms = LATER,
                                     .now_ms = NOW,
                                     .result = "fired",
                                     .item = &item,
                                     .arena = &arena};
    begin(one);
    CHECK_INT(hy_backend_postgres.gather(one, &fire.op), 0);
    begin_meanwhile(&theirs.op, HY_VERB_CANCEL);
    CHECK_INT(run_verb(one, &fire.op, HY_VERB_SCHEDULE_FIRE), 0);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(item.admission, HY_ADMITTED);
    CHECK_INT(number_of("SELECT count(*) FROM message"), 2);
}

static void users_of_one_app_are_apart(void)
{
    struct hy_cancel ours = {.now_ms = NOW}, theirs = {.now_ms = NOW};

    fresh();
    ours.message_id = post("u");
    theirs.message_id = post("v");
    begin(one);
    CHECK_INT(run_verb(one, &ours.op, HY_VERB_CANCEL), 0);
    CHECK_INT(do_verb(other, &theirs.op, HY_VERB_CANCEL), 0);
    commit(one);
}

static void a_claim_waits_for_nobody(void)
{
    struct hy_cancel cancel = {.now_ms = NOW};
    struct claiming c;
    int64_t id;

    fresh();
    cancel.message_id = post("u");
    id = post("v");
    begin(one);
    CHECK_INT(run_verb(one, &cancel.op, HY_VERB_CANCEL), 0);
    begin(other);
    claim(other, &c, 10);
    commit(other);
    CHECK_INT(c.verb.count, 1);
    CHECK_INT(c.verb.claimed[0].message.id, id);
    CHECK(c.lane.next_due_ms > NOW && c.lane.next_due_ms < NOW + 1000); /* it looks again */
    CHECK_INT(hy_backend_postgres.commit(one), 0);
    begin(other);
    claim(other, &c, 10);
    commit(other);
    CHECK_INT(c.verb.count, 0);
    CHECK_INT(c.lane.next_due_ms, 0);
}

static void two_that_claim_at_once_get_different_ones(void)
{
    struct claiming ours, theirs;

    fresh();
    post("u");
    post("v");
    begin(one);
    claim(one, &ours, 1);
    begin(other);
    claim(other, &theirs, 10);
    commit(other);
    commit(one);
    CHECK_INT(ours.verb.count, 1);
    CHECK_INT(theirs.verb.count, 1);
    CHECK(ours.verb.claimed[0].message.id != theirs.verb.claimed[0].message.id);
    CHECK_INT(number_of("SELECT count(*) FROM sending"), 2);
    CHECK_INT(number_of("SELECT count(*) FROM due"), 0);
}

static void too_many_users_lock_the_app(void)
{
    struct hy_admit_item items[HY_DESK_USERS_MAX + 1] = {{0}};
    struct hy_admit v = {
        .items = items, .count = HY_DESK_USERS_MAX + 1, .now_ms = NOW, .arena = &arena};
    struct hy_cancel theirs = {.now_ms = NOW};
    char name[24];

    fresh();
    theirs.message_id = post("somebody");
    for (size_t i = 0; i < v.count; i++) {
        snprintf(name, sizeof name, "u%zu", i);
        items[i].message = draft(APP, name);
    }
    begin(one);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_ADMIT), 0);
    CHECK(number_of("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") < 10);
    begin_meanwhile(&theirs.op, HY_VERB_CANCEL);
    CHECK_INT(end_meanwhile(), 0);
    CHECK_INT(number_of("SELECT count(*) FROM message"), HY_DESK_USERS_MAX + 2);
}

/* --- what is not unique ------------------------------------------------------------------------- */

static void a_key_is_used_by_two_at_once(void)
{
    static const uint8_t key[HY_FINGERPRINT_BYTES] = {1}, body[HY_FINGERPRINT_BYTES] = {2};
    struct hy_admit_item items[2];
    struct hy_admit v[2];

    fresh();
    for (int i = 0; i < 2; i++) {
        items[i] =
            (struct hy_admit_item){.message = draft(APP, i ? "v" : "u"), .key = key, .body = body};
        v[i] = (struct hy_admit){
            .items = &items[i], .count = 1, .now_ms = NOW, .key_window_ms = 1000, .arena = &arena};
    }
    begin(one);
    CHECK_INT(run_verb(one, &v[0].op, HY_VERB_ADMIT), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&v[1].op, HY_VERB_ADMIT);
    CHECK_INT(end_meanwhile(), HY_E_BUSY);
    CHECK_INT(do_verb(other, &v[1].op, HY_VERB_ADMIT), 0); /* again, as the front does */
    CHECK_INT(items[1].admission, HY_ADMITTED_BEFORE);
    CHECK_INT(items[1].message->id, items[0].message->id);
}

static void an_old_key_is_used_by_two_at_once(void)
{
    static const uint8_t key[HY_FINGERPRINT_BYTES] = {1}, body[HY_FINGERPRINT_BYTES] = {2};
    struct hy_admit_item items[3];
    struct hy_admit v[3];

    fresh();
    for (int i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), 0};

        items[i] = (struct hy_admit_item){.message = draft(APP, name), .key = key, .body = body};
        v[i] = (struct hy_admit){.items = &items[i],
                                 .count = 1,
                                 .now_ms = i ? LATER : NOW,
                                 .key_window_ms = 1000,
                                 .arena = &arena};
    }
    CHECK_INT(do_verb(one, &v[0].op, HY_VERB_ADMIT), 0);
    begin(one);
    CHECK_INT(run_verb(one, &v[1].op, HY_VERB_ADMIT), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    begin_meanwhile(&v[2].op, HY_VERB_ADMIT);
    CHECK_INT(end_meanwhile(), HY_E_BUSY);
    CHECK_INT(do_verb(other, &v[2].op, HY_VERB_ADMIT), 0);
    CHECK_INT(items[2].admission, HY_ADMITTED_BEFORE);
    CHECK_INT(items[2].message->id, items[1].message->id);
}

/* --- no more than is needed --------------------------------------------------------------------- */

/* One in sending, behind it many parked ones, the last of them first. */
static struct hy_claimed *many_parked(struct claiming *c)
{
    char text[600];

    post("u");
    begin(one);
    claim(one, c, 1);
    commit(one);
    snprintf(
        text, sizeof text,
        "INSERT INTO message SELECT id + n, app_no, \"user\", template_id, data, page, "
        "emphasis, miniprogram_state, lang, tag, extra, template_kind, urgent, broadcast_id, 0, "
        "reason, policy, on_missing, accepted_at_ms, send_at_ms, expires_at_ms, %d - n, "
        "settled_at_ms, 0, false, 0, false, 0 FROM message, generate_series(1, %d) n; "
        "INSERT INTO parked SELECT app_no, \"user\", due_at_ms, id FROM message WHERE state = 0",
        NOW, MANY);
    pg_script(looker, text);
    return c->verb.claimed;
}

static struct hy_settle_item sent(const struct hy_claimed *claimed)
{
    return (struct hy_settle_item){
        .message_id = claimed->message.id,
        .attempt = {.number = 1, .at_ms = NOW, .judgement = {.verdict = HY_VERDICT_OK}},
        .settlement = {.state = HY_MESSAGE_SENT, .grant_move = HY_GRANT_SPEND}};
}

static void a_user_is_not_read_whole(void)
{
    struct claiming c;
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = NOW};

    fresh();
    item = sent(many_parked(&c));
    begin(one);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_SETTLE), 0);
    CHECK(one->messages.count < 10);
    commit(one);
    CHECK_INT(item.result, 0);
    CHECK_INT(v.freed, 1);
    CHECK_INT(number_of("SELECT count(*) FROM parked"), MANY - 1);
    CHECK_INT(number_of("SELECT due_at_ms FROM due"), NOW - MANY);
}

/* Each that expires lets the next one go, which has expired, too. */
static void the_parked_come_one_after_the_other(void)
{
    struct claiming c;
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = NOW};
    int rounds = 0;

    fresh();
    item = sent(many_parked(&c));
    pg_script(looker, "UPDATE message SET expires_at_ms = 1 WHERE state = 0 AND id NOT IN (SELECT "
                      "message_id FROM parked ORDER BY due_at_ms DESC LIMIT 1)");
    CHECK_INT(do_verb(one, &v.op, HY_VERB_SETTLE), 0);
    do {
        begin(one);
        claim(one, &c, 1);
        commit(one);
    } while (c.verb.count == 0 && c.verb.freed > 0 && ++rounds < 5);
    CHECK_INT(number_of("SELECT count(*) FROM message WHERE state = 7"), rounds);
    CHECK_INT(number_of("SELECT count(*) FROM due"), 1);
    CHECK_INT(number_of("SELECT count(*) FROM parked"), MANY - 1 - rounds);
}

static void a_claim_of_many_of_one_user_ends(void)
{
    struct claiming c;

    fresh();
    many_parked(&c);
    pg_script(looker, "INSERT INTO due SELECT app_no, 1, due_at_ms, message_id FROM parked; DELETE "
                      "FROM parked");
    begin(one);
    claim(one, &c, 100);
    CHECK(one->messages.count < 10000);
    commit(one);
    CHECK_INT(c.verb.count, 0);
    CHECK(c.lane.next_due_ms > 0 && c.lane.next_due_ms <= NOW); /* it goes on at once */
    CHECK(number_of("SELECT count(*) FROM parked") >= 5000);
    CHECK_INT(number_of("SELECT (SELECT count(*) FROM parked) + (SELECT count(*) FROM due)"), MANY);
}

/* --- a group ------------------------------------------------------------------------------------ */

/* What was admitted a moment ago in the same transaction is claimed, behind what is stored. */
static void a_group_sees_what_it_did(void)
{
    struct hy_admit_item item = {0};
    struct hy_admit v = {.items = &item, .count = 1, .now_ms = NOW, .arena = &arena};
    struct claiming c;
    int64_t first;

    fresh();
    first = post("u");
    item.message = draft(APP, "v");
    begin(one);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_ADMIT), 0);
    claim(one, &c, 10);
    commit(one);
    CHECK_INT(c.verb.count, 2);
    CHECK_INT(c.verb.claimed[0].message.id, first);
    CHECK_INT(number_of("SELECT count(*) FROM sending"), 2);
    CHECK_INT(number_of("SELECT count(*) FROM due"), 0);
    CHECK_INT(number_of("SELECT sum(number)::int8 FROM tally WHERE state = 2"), 2);
    CHECK_INT(number_of("SELECT sum(number)::int8 FROM tally WHERE state <> 2"), 0);
}

static void what_is_put_away_is_found_again(void)
{
    struct hy_cancel v = {.now_ms = NOW};

    fresh();
    v.message_id = post("u");
    begin(one);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_CANCEL), 0);
    CHECK_INT(hy_desk_put_away(hy_pg(one)), 0);
    CHECK_INT(one->messages.count, 0);
    CHECK_INT(run_verb(one, &v.op, HY_VERB_CANCEL), HY_E_CONFLICT);
    hy_backend_postgres.rollback(one);
    CHECK_INT(number_of("SELECT state FROM message"), HY_MESSAGE_QUEUED);
    CHECK_INT(do_verb(one, &v.op, HY_VERB_CANCEL), 0);
}

static void ids_of_two_processes_differ(void)
{
    static const char *const credentials[2] = {"a", "b"};
    struct hy_backend *stores[2];
    int64_t got[2];

    fresh();
    stores[0] = one;
    stores[1] = other;
    for (int i = 0; i < 2; i++) {
        struct hy_deposit_item item = {.grant = {.app_no = APP,
                                                 .user = "u",
                                                 .kind = HY_GRANT_FORM_ID,
                                                 .credential = credentials[i],
                                                 .uses_total = 1,
                                                 .uses_left = 1,
                                                 .obtained_at_ms = NOW,
                                                 .expires_at_ms = LATER}};
        struct hy_deposit v = {.items = &item, .count = 1, .now_ms = NOW};

        CHECK_INT(do_verb(stores[i], &v.op, HY_VERB_DEPOSIT), 0);
        got[i] = item.grant.id;
    }
    CHECK(got[0] > 0 && got[1] > 0 && got[0] / 1000 != got[1] / 1000);
}

int main(void)
{
    RUN(who_has_a_user_on_the_desk_has_it_alone);
    RUN(the_user_of_a_schedule_is_locked_with_the_group);
    RUN(users_of_one_app_are_apart);
    RUN(a_claim_waits_for_nobody);
    RUN(two_that_claim_at_once_get_different_ones);
    RUN(too_many_users_lock_the_app);
    RUN(a_key_is_used_by_two_at_once);
    RUN(an_old_key_is_used_by_two_at_once);
    RUN(a_user_is_not_read_whole);
    RUN(the_parked_come_one_after_the_other);
    RUN(a_claim_of_many_of_one_user_ends);
    RUN(a_group_sees_what_it_did);
    RUN(what_is_put_away_is_found_again);
    RUN(ids_of_two_processes_differ);
    close_all();
    return hy_tap_end();
}

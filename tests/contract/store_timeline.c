/* All that is known of one user. */
#include "store_tell.h"

#include "store_cases.h"

static void nothing_of_a_stranger(void)
{
    struct hy_timeline_read *v;

    once("u", "T1", 1);
    post("u");
    v = timeline("v", 10);
    CHECK_INT(v->grant_count + v->answer_count + v->message_count + v->event_count, 0);
}

static void grants_are_all_there_in_the_order_of_use(void)
{
    int64_t late = form("u", rig.now_ms + 6 * (int64_t)DAY);
    int64_t old = form("u", rig.now_ms + DAY);
    int64_t counter = once("u", "T9", 3);
    struct hy_timeline_read *v = timeline("u", 1);

    CHECK_INT(v->grant_count, 3); /* whatever the limit */
    CHECK_INT(v->grants[0].id, counter);
    CHECK_INT(v->grants[1].id, old);
    CHECK_INT(v->grants[2].id, late);
    CHECK_TEXT(v->grants[0].template_id, "T9");
    CHECK_INT(v->grants[0].uses_left, 3);
}

static void answers_begin_with_the_newest(void)
{
    struct hy_timeline_read *v;
    struct hy_deposit_item several = accept_item("u", HY_SOURCE_BACKEND);

    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + 2 * HOUR);
    tell_accept("u", HY_SOURCE_EVENT, rig.now_ms + HOUR);
    tell_accept("u", HY_SOURCE_PAGE, rig.now_ms + HOUR + SECOND);
    several.grant.uses_total = several.grant.uses_left = 4;
    tell(several);
    tell_accept("u", HY_SOURCE_EVENT, rig.now_ms + SECOND);
    v = timeline("u", 2);
    CHECK_INT(v->answer_count, 2);
    CHECK_INT(v->answers[0].at_ms, rig.now_ms + 2 * HOUR);
    CHECK_INT(v->answers[1].at_ms, rig.now_ms + HOUR); /* as the first source told it */
    CHECK_INT(v->answers[1].told[HY_SOURCE_EVENT], 1);
    CHECK_INT(v->answers[1].told[HY_SOURCE_PAGE], 1);
    CHECK_INT(v->answers[1].told[HY_SOURCE_BACKEND], 0);
    v = timeline("u", 10);
    CHECK_INT(v->answer_count, 3);
    CHECK_INT(v->answers[2].uses, 4);
    CHECK_INT(v->answers[2].told[HY_SOURCE_BACKEND], 4);
    CHECK_INT(v->answers[2].told[HY_SOURCE_EVENT], 1);
    CHECK_INT(v->answers[2].kind, HY_ANSWER_ACCEPT);
    CHECK_INT(v->answers[2].app_no, rig.app);
    CHECK_TEXT(v->answers[2].user, "u");
    CHECK_TEXT(v->answers[2].template_id, "T1");
    CHECK(v->answers[2].id > 0);
}

static void of_answers_at_one_instant_the_later_told_is_newer(void)
{
    struct hy_timeline_read *v;

    tell(answer_item("u", HY_SOURCE_PAGE, HY_ANSWER_REJECT));
    tell(answer_item("u", HY_SOURCE_PAGE, HY_ANSWER_BAN));
    v = timeline("u", 10);
    CHECK_INT(v->answers[0].kind, HY_ANSWER_BAN);
    CHECK_INT(v->answers[1].kind, HY_ANSWER_REJECT);
}

static void messages_come_with_their_attempts(void)
{
    struct hy_message *m[3];
    struct hy_timeline_read *v;
    int64_t g = once("u", "T1", 3);

    post("v");
    for (int i = 0; i < 3; i++)
        m[i] = post("u");
    judge(claim_one(), HY_VERDICT_TRANSIENT, "-1");
    judge(claim_one(), HY_VERDICT_OK, "");
    rig.now_ms = get(m[0]->id)->due_at_ms;
    for (int i = 0; i < 2; i++)
        judge(claim_one(), HY_VERDICT_OK, "");
    v = timeline("u", 2);
    CHECK_INT(v->message_count, 2);
    CHECK_INT(v->messages[0].message.id, m[2]->id);
    CHECK_INT(v->messages[1].message.id, m[1]->id);
    v = timeline("u", 10);
    CHECK_INT(v->message_count, 3);
    CHECK_INT(v->messages[2].message.id, m[0]->id);
    CHECK_INT(v->messages[2].message.state, HY_MESSAGE_SENT);
    CHECK_INT(v->messages[2].attempt_count, 2);
    CHECK_INT(v->messages[2].attempts[0].number, 1);
    CHECK_TEXT(v->messages[2].attempts[0].judgement.errcode, "-1");
    CHECK_INT(v->messages[2].attempts[1].grant_id, g);
    CHECK_INT(v->messages[1].attempt_count, 1);
}

static void refusals_are_remembered(void)
{
    struct hy_timeline_read *v;

    once("u", "T1", 1);
    post("u");
    judge(claim_one(), HY_VERDICT_GRANT_GONE, "43101");
    v = timeline("u", 10);
    CHECK(v->messages[0].attempts[0].judgement.grant_refused);
    CHECK(!v->messages[0].attempts[0].judgement.grant_used);
    CHECK_INT(v->messages[0].message.due_at_ms, rig.now_ms + 6 * HOUR);
    CHECK_INT(v->grants[0].refusals, 1);
}

static void events_of_the_user_are_there(void)
{
    struct hy_hear h;
    struct hy_timeline_read *v;

    for (int i = 0; i < 4; i++) {
        h = heard(i == 3 ? "v" : "u", hy_arena_printf(&rig.arena, "e%d", i));
        h.name = hy_arena_printf(&rig.arena, "event-%d", i);
        h.raw = hy_arena_printf(&rig.arena, "{\"n\":%d}", i);
        CHECK_INT(hear(&h), 0);
    }
    h = heard(NULL, "of nobody");
    CHECK_INT(hear(&h), 0);
    v = timeline("u", 2);
    CHECK_INT(v->event_count, 2);
    CHECK_TEXT(v->events[0].name, "event-2");
    CHECK_TEXT(v->events[1].user, "u");
    CHECK(v->events[0].created_at_ms > 0);
    CHECK_INT(v->events[0].received_at_ms, rig.now_ms);
    for (int i = 0; i < 2; i++)
        CHECK(v->events[i].raw == NULL);
    CHECK_INT(timeline("u", 10)->event_count, 3);
}

static void an_app_s_own_user_is_meant(void)
{
    struct hy_app_put app = {.app = {.id = "wx2", .platform = "wechat_mini", .settings = "{}"}};
    struct hy_timeline_read v = {.user = "u", .limit = 5, .arena = &rig.arena};
    struct hy_hear h = heard("u", "e");

    CHECK_INT(run(&app.op, HY_VERB_APP_PUT), 0);
    once("u", "T1", 1);
    post("u");
    CHECK_INT(hear(&h), 0);
    v.app_no = app.app.no;
    CHECK_INT(run(&v.op, HY_VERB_TIMELINE), 0);
    CHECK_INT(v.grant_count + v.answer_count + v.message_count + v.event_count, 0);
    v.limit = 1001;
    CHECK_INT(run(&v.op, HY_VERB_TIMELINE), HY_E_INVALID);
    v.limit = 5;
    v.user = "";
    CHECK_INT(run(&v.op, HY_VERB_TIMELINE), HY_E_INVALID);
}

/* --- what an app keeps for its callbacks ------------------------------------------------------ */

static void the_secrets_of_callbacks_are_kept(void)
{
    struct hy_app_put v = {.app = {.no = rig.app, .settings = "{}", .callback = {"sealed", 6}}};
    struct hy_apps apps = {.arena = &rig.arena};
    struct hy_app_delete gone = {.app_no = rig.app, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    v.app.callback = (struct hy_sealed){0}; /* keeps the old one */
    v.app.secret = (struct hy_sealed){"new", 3};
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(run(&apps.op, HY_VERB_APPS), 0);
    CHECK_INT(apps.apps[0].callback.size, 6);
    CHECK(memcmp(apps.apps[0].callback.bytes, "sealed", 6) == 0);
    CHECK_INT(run(&gone.op, HY_VERB_APP_DELETE), 0);
    CHECK_INT(run(&apps.op, HY_VERB_APPS), 0);
    CHECK_INT(apps.apps[0].callback.size, 0);
    v.app = (struct hy_app){
        .id = "wx2", .platform = "wechat_mini", .settings = "{}", .callback = {NULL, 4}};
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), HY_E_INVALID);
    v.app.callback.bytes = "four";
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(run(&apps.op, HY_VERB_APPS), 0);
    CHECK_INT(apps.apps[1].callback.size, 4);
}

void store_timeline_cases(void)
{
    CASE(nothing_of_a_stranger);
    CASE(grants_are_all_there_in_the_order_of_use);
    CASE(answers_begin_with_the_newest);
    CASE(of_answers_at_one_instant_the_later_told_is_newer);
    CASE(messages_come_with_their_attempts);
    CASE(refusals_are_remembered);
    CASE(events_of_the_user_are_there);
    CASE(an_app_s_own_user_is_meant);
    CASE(the_secrets_of_callbacks_are_kept);
}

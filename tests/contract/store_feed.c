/* Users become messages; and what is canceled is wound up. */
#include "store_bulk.h"
#include "store_cases.h"

static void users_become_messages_in_the_order_of_their_names(void)
{
    int64_t id = run_to(5), g = once("a", "T1", 1);
    struct hy_broadcast_feed *f = feed(id, 2);

    CHECK_INT(f->fed, 2);
    CHECK_INT(f->due, 1); /* "b" has no grant: it fails at once */
    CHECK(f->left);
    CHECK_TEXT(get(f->ids[0])->user, "a");
    CHECK_STATE(f->ids[0], QUEUED);
    CHECK_INT(get(f->ids[0])->grant_id, g);
    CHECK_INT(get(f->ids[0])->due_at_ms, rig.now_ms);
    CHECK_TEXT(ledger("a", g), "1/1 available");
    CHECK_TEXT(get(f->ids[1])->user, "b");
    CHECK_STATE(f->ids[1], FAILED);
    CHECK_TEXT(get(f->ids[1])->reason, "no_grant.never");
    CHECK_INT(broadcast(id)->fed, 2);
    CHECK_INT(broadcast(id)->total, 5);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_QUEUED], 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_FAILED], 1);
    f = feed(id, 9);
    CHECK_INT(f->fed, 3);
    CHECK(!f->left);
    CHECK_TEXT(get(f->ids[0])->user, "c");
    f = feed(id, 9);
    CHECK_INT(f->fed, 0);
    CHECK(!f->left);
    CHECK_INT(broadcast(id)->fed, 5);
}

static void counts_follow_the_messages(void)
{
    int64_t id = run_to(3);

    once("a", "T1", 1);
    once("b", "T1", 1);
    once("c", "T1", 1);
    feed(id, 3);
    rig.queue = bulk_queue();
    judge(&claim(1)->claimed[0], HY_VERDICT_OK, "");
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_SENT], 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_QUEUED], 2);
    judge(&claim(1)->claimed[0], HY_VERDICT_UNKNOWN, "");
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_UNKNOWN], 1);
    claim(1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_SENDING], 1);
    CHECK_INT(recover(), 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_UNKNOWN], 2);
    CHECK_INT(broadcast(id)->fed, 3);
}

static void only_one_that_runs_is_fed(void)
{
    struct hy_broadcast_feed *f;
    int64_t id = draft_to(2);

    CHECK_INT(feed_result(id, 1, &f), HY_E_CONFLICT);
    CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0);
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    CHECK_INT(feed_result(id, 1, &f), HY_E_CONFLICT);
    CHECK_INT(feed_result(4711, 1, &f), HY_E_NOT_FOUND);
    CHECK_INT(broadcast(id)->fed, 0);
}

static void an_id_that_is_taken_feeds_nobody(void)
{
    int64_t id = run_to(3), ids[3];
    struct hy_broadcast_feed v = {.broadcast_id = id, .ids = ids, .limit = 3, .now_ms = rig.now_ms};

    ids[0] = hy_message_ids_next(&rig.ids, rig.now_ms);
    ids[1] = post("x")->id;
    ids[2] = hy_message_ids_next(&rig.ids, rig.now_ms);
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_FEED), HY_E_EXISTS);
    CHECK_INT(broadcast(id)->fed, 0);
    v.limit = 1; /* that one is free */
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_FEED), 0);
    CHECK_INT(broadcast(id)->fed, 1);
    ids[0] = ids[2];
    ids[1] = ids[2];
    v.limit = 2;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_FEED), HY_E_INVALID);
}

static void two_messages_of_one_user_share_no_use(void)
{
    int64_t g = once("a", "T1", 1);
    int64_t one = run_to(1), other = run_to(1);

    CHECK_INT(feed(one, 1)->due, 1);
    CHECK_INT(feed(other, 1)->due, 0);
    CHECK_TEXT(ledger("a", g), "1/1 available");
}

static void one_whose_time_is_over_makes_expired_ones(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item item = {.user = "a"};
    int64_t g = once("a", "T1", 1);
    struct hy_broadcast_feed *f;

    make->broadcast.message.expires_at_ms = rig.now_ms + MINUTE;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    make->items = &item;
    make->count = 1;
    CHECK_INT(put_make(make), 0);
    rig.now_ms += MINUTE;
    f = feed(make->broadcast.id, 1);
    CHECK_INT(f->fed, 1);
    CHECK_INT(f->due, 0);
    CHECK_STATE(f->ids[0], EXPIRED);
    CHECK(get(f->ids[0])->reason == NULL);
    CHECK_INT(get(f->ids[0])->settled_at_ms, rig.now_ms);
    CHECK_TEXT(ledger("a", g), "1/0 available");
    CHECK_INT(broadcast(make->broadcast.id)->messages[HY_MESSAGE_EXPIRED], 1);
}

static void a_user_without_data_gets_an_empty_object(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item items[2] = {{.user = "a", .data = "{\"own\":1}"}, {.user = "b"}};
    struct hy_broadcast_feed *f;

    make->broadcast.message.data = NULL;
    make->items = items;
    make->count = 2;
    CHECK_INT(put_make(make), 0);
    CHECK_INT(move_to(make->broadcast.id, HY_BROADCAST_RUNNING, NULL), 0);
    f = feed(make->broadcast.id, 2);
    CHECK_TEXT(get(f->ids[0])->data, "{\"own\":1}");
    CHECK_TEXT(get(f->ids[1])->data, "{}");
}

static void the_list_shows_one_broadcast_alone(void)
{
    struct hy_message_list v = {.state = -1, .limit = 10, .arena = &rig.arena};
    int64_t one = run_to(2);

    feed(one, 2);
    feed(run_to(3), 3);
    post("x");
    v.broadcast_id = one;
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 2);
    CHECK_TEXT(v.messages[0].user, "b");
    CHECK_INT(v.messages[0].broadcast_id, one);
    v.reason = "no_grant";
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 2);
    v.reason = "bad";
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 0);
    v.broadcast_id = 0;
    v.reason = "no_grant.never";
    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK_INT(v.count, 6);
}

/* --- winding up ------------------------------------------------------------------------------- */

static int wind_up(int64_t id, size_t limit, struct hy_broadcast_wind_up *v)
{
    *v = (struct hy_broadcast_wind_up){.broadcast_id = id, .limit = limit, .now_ms = rig.now_ms};
    return run(&v->op, HY_VERB_BROADCAST_WIND_UP);
}

static void wound_up_nothing_is_left_to_send(void)
{
    struct hy_broadcast_wind_up v;
    struct hy_broadcast_feed *f;
    int64_t id = run_to(20), g = once("a", "T1", 1);
    size_t steps = 0;

    for (int i = 1; i < 6; i++)
        once(hy_arena_printf(&rig.arena, "%c", 'a' + i), "T1", 1);
    f = feed(id, 8); /* six are queued, two fail */
    CHECK_INT(wind_up(id, 3, &v), HY_E_CONFLICT);
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    do {
        CHECK_INT(wind_up(id, 3, &v), 0);
        CHECK_INT(broadcast(id)->winding_up, v.left);
        CHECK(++steps < 50);
    } while (v.left);
    CHECK(steps > 3);
    CHECK_STATE(f->ids[0], CANCELED);
    CHECK_TEXT(get(f->ids[0])->reason, "broadcast_canceled");
    CHECK_TEXT(ledger("a", g), "1/0 available");
    CHECK_STATE(f->ids[7], FAILED);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_CANCELED], 6);
    CHECK_INT(broadcast(id)->total, 20); /* what was asked for stays */
    CHECK_INT(broadcast(id)->fed, 8);
    CHECK_INT(wind_up(id, 3, &v), HY_E_CONFLICT);
    CHECK_INT(wind_up(4711, 3, &v), HY_E_NOT_FOUND);
}

static void what_is_under_way_keeps_it_open(void)
{
    struct hy_broadcast_wind_up v;
    struct hy_claimed *c;
    int64_t id = run_to(1);

    once("a", "T1", 1);
    feed(id, 1);
    rig.queue = bulk_queue();
    c = claim_one();
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(wind_up(id, 9, &v), 0);
    CHECK(!v.left);
    CHECK_INT(v.sending, 1);
    CHECK(broadcast(id)->winding_up);
    judge(c, HY_VERDICT_TOKEN, "40001"); /* it comes back */
    CHECK_STATE(c->message.id, QUEUED);
    CHECK_INT(wind_up(id, 9, &v), 0);
    CHECK_INT(v.sending, 0);
    CHECK_STATE(c->message.id, CANCELED);
    CHECK(!broadcast(id)->winding_up);
}

/* Behind those that a step has looked at. */
static void what_comes_back_meanwhile_ends_too(void)
{
    struct hy_broadcast_wind_up v;
    struct hy_claimed *c;
    int64_t id = run_to(4);
    size_t steps = 0;

    for (int i = 0; i < 4; i++)
        once(hy_arena_printf(&rig.arena, "%c", 'a' + i), "T1", 1);
    feed(id, 4);
    rig.queue = bulk_queue();
    c = &claim(1)->claimed[0]; /* the oldest */
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(wind_up(id, 2, &v), 0);
    CHECK(v.left);
    judge(c, HY_VERDICT_TOKEN, "40001");
    CHECK_STATE(c->message.id, QUEUED);
    do {
        CHECK_INT(wind_up(id, 1, &v), 0);
        CHECK(++steps < 10);
    } while (v.left);
    CHECK_INT(v.sending, 0);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_CANCELED], 4);
    CHECK(!broadcast(id)->winding_up);
}

static void what_it_gives_back_wakes_others(void)
{
    struct hy_broadcast_wind_up v;
    int64_t id = run_to(1);
    struct hy_message *other;

    once("a", "T1", 1);
    feed(id, 1);
    other = post_with("a", HY_ON_MISSING_WAIT);
    CHECK_STATE(other->id, WAITING);
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(wind_up(id, 9, &v), 0);
    CHECK_INT(v.freed, 1);
    CHECK_STATE(other->id, QUEUED);
}

static void what_was_held_and_what_waits_ends_too(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item items[2] = {{.user = "a"}, {.user = "b"}};
    struct hy_broadcast_wind_up v;
    int64_t id;

    make->broadcast.message.on_missing = HY_ON_MISSING_WAIT;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    make->items = items;
    make->count = 2;
    CHECK_INT(put_make(make), 0);
    id = make->broadcast.id;
    once("a", "T1", 1);
    feed(id, 2);
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    rig.queue = bulk_queue();
    rig.held = &id;
    rig.held_count = 1;
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(wind_up(id, 9, &v), 0);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_CANCELED], 2);
    CHECK(!broadcast(id)->winding_up);
}

static void what_is_unknown_stays(void)
{
    struct hy_broadcast_wind_up v;
    struct hy_broadcast_feed *f;
    int64_t id = run_to(1), due_ms;

    form("a", 0);
    f = feed(id, 1);
    rig.queue = bulk_queue();
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    due_ms = get(f->ids[0])->due_at_ms;
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(wind_up(id, 9, &v), 0);
    CHECK_STATE(f->ids[0], UNKNOWN);
    CHECK_INT(get(f->ids[0])->due_at_ms, due_ms);
    CHECK(!broadcast(id)->winding_up);
}

static void a_schedule_makes_one_a_due_time(void)
{
    struct hy_schedule_put s = {.schedule = {.app_no = rig.app,
                                             .name = "weekly",
                                             .cron = "0 8 * * 1",
                                             .timezone = "UTC",
                                             .broadcast = "{\"template\":\"T1\"}",
                                             .max_late_s = 3600,
                                             .next_run_ms = rig.now_ms}};
    struct hy_schedules all = {.arena = &rig.arena};
    struct hy_schedule_fire v = {.due_ms = rig.now_ms,
                                 .next_run_ms = rig.now_ms + DAY,
                                 .now_ms = rig.now_ms,
                                 .result = "b1",
                                 .broadcast = campaign(),
                                 .key_window_ms = DAY,
                                 .arena = &rig.arena};
    struct hy_broadcasts list = {.limit = 9, .arena = &rig.arena};

    CHECK_INT(run(&s.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(run(&all.op, HY_VERB_SCHEDULES), 0);
    CHECK_TEXT(all.schedules[0].broadcast, "{\"template\":\"T1\"}");
    CHECK(all.schedules[0].message == NULL);
    CHECK_INT(all.schedules[0].max_late_s, 3600);
    v.schedule_id = s.schedule.id;
    v.broadcast->broadcast.schedule_name = "weekly";
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_FIRE), 0);
    CHECK_INT(v.broadcast->admission, HY_ADMITTED);
    CHECK_TEXT(broadcast(v.broadcast->broadcast.id)->schedule_name, "weekly");
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_FIRE), HY_E_CONFLICT);
    CHECK_INT(run(&list.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(list.count, 1);
    s.schedule.message = "{}"; /* one or the other */
    CHECK_INT(run(&s.op, HY_VERB_SCHEDULE_PUT), HY_E_INVALID);
    s.schedule.broadcast = NULL;
    s.schedule.max_late_s = 0;
    CHECK_INT(run(&s.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(run(&all.op, HY_VERB_SCHEDULES), 0);
    CHECK(all.schedules[0].broadcast == NULL);
    CHECK_INT(all.schedules[0].max_late_s, 0);
}

void store_feed_cases(void)
{
    CASE(users_become_messages_in_the_order_of_their_names);
    CASE(counts_follow_the_messages);
    CASE(only_one_that_runs_is_fed);
    CASE(an_id_that_is_taken_feeds_nobody);
    CASE(two_messages_of_one_user_share_no_use);
    CASE(one_whose_time_is_over_makes_expired_ones);
    CASE(a_user_without_data_gets_an_empty_object);
    CASE(the_list_shows_one_broadcast_alone);
    CASE(wound_up_nothing_is_left_to_send);
    CASE(what_is_under_way_keeps_it_open);
    CASE(what_comes_back_meanwhile_ends_too);
    CASE(what_it_gives_back_wakes_others);
    CASE(what_was_held_and_what_waits_ends_too);
    CASE(what_is_unknown_stays);
    CASE(a_schedule_makes_one_a_due_time);
}

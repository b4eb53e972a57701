/*
 * Events, answers and messages that await an event lie in buckets: what is in other buckets than the
 * latest is found all the same, also after a new start.
 */
#include "sqlite_rig.h"

#include "store/events.h"

enum { SECOND = 1000, DAY = 86400000 };

/* A bucket of instants begins here. */
static const int64_t edge = 107289LL << 24;

static struct hy_hear hear(struct hy_store *store, int64_t app, int64_t number, const char *user)
{
    struct hy_hear v = {.op = {.verb = HY_VERB_HEAR},
                        .app_no = app,
                        .name = "some_event",
                        .user = user,
                        .created_at_ms = edge,
                        .now_ms = edge,
                        .raw = "{}"};

    memcpy(v.identity, &number, sizeof number);
    CHECK_INT(hy_store_run(store, &v.op), 0);
    return v;
}

static struct hy_timeline_read *timeline(struct hy_store *store, int64_t app, const char *user,
                                         size_t limit, struct hy_arena *arena)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)hy_arena_alloc(arena, sizeof *v);

    v->op.verb = HY_VERB_TIMELINE;
    v->app_no = app;
    v->user = user;
    v->limit = limit;
    v->arena = arena;
    CHECK_INT(hy_store_run(store, &v->op), 0);
    return v;
}

static void events_are_found_in_all_buckets(void)
{
    struct hy_timeline_read *v;
    struct hy_store *store;
    struct hy_arena arena;
    int64_t app;

    rig_begin();
    hy_arena_init(&arena);
    CHECK_INT(rig_try_open(rig_path("a.db"), true, &store), 0);
    app = rig_app(store);
    for (int64_t i = 1; i <= 5000; i++)
        CHECK_INT(hear(store, app, i, i % 1000 == 0 ? "rare" : "frequent").event_id, i);
    hy_store_close(store);
    store = rig_open(rig_path("a.db"));
    CHECK(!hear(store, app, 77, "frequent").fresh);
    CHECK_INT(hear(store, app, 5001, NULL).event_id, 5001);
    v = timeline(store, app, "rare", 4, &arena);
    CHECK_INT(v->event_count, 4);
    for (size_t i = 0; i < v->event_count; i++)
        CHECK_INT(v->events[i].id, 5000 - 1000 * (int64_t)i);
    CHECK_INT(timeline(store, app, "frequent", 1000, &arena)->events[999].id, 3999);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(DISTINCT bucket) FROM event"), 3);
    hy_arena_deinit(&arena);
    rig_end();
}

/* One accept; what it added. */
static int32_t tell(struct hy_store *store, int64_t app, enum hy_source source, int64_t at_ms)
{
    struct hy_deposit_item item = {.grant = {.app_no = app,
                                             .user = "u",
                                             .kind = HY_GRANT_ONCE,
                                             .template_id = "T1",
                                             .uses_total = 1,
                                             .uses_left = 1,
                                             .obtained_at_ms = at_ms},
                                   .source = source,
                                   .window_ms = 60 * SECOND};
    struct hy_deposit v = {
        .op = {.verb = HY_VERB_DEPOSIT}, .items = &item, .count = 1, .now_ms = edge};

    CHECK_INT(hy_store_run(store, &v.op), 0);
    return item.added;
}

static void taps_are_paired_over_the_edge_of_a_bucket(void)
{
    struct hy_timeline_read *v;
    struct hy_store *store;
    struct hy_arena arena;
    int64_t app;

    rig_begin();
    hy_arena_init(&arena);
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    CHECK_INT(tell(store, app, HY_SOURCE_PAGE, edge - SECOND), 1);
    CHECK_INT(tell(store, app, HY_SOURCE_EVENT, edge + SECOND), 0);
    CHECK_INT(tell(store, app, HY_SOURCE_EVENT, edge + DAY), 1);
    CHECK_INT(tell(store, app, HY_SOURCE_BACKEND, edge + DAY - 60 * SECOND), 0);
    CHECK_INT(tell(store, app, HY_SOURCE_PAGE, edge + DAY + 61 * SECOND), 1);
    CHECK_INT(tell(store, app, HY_SOURCE_PAGE, edge - 90LL * DAY), 1);
    v = timeline(store, app, "u", 3, &arena);
    CHECK_INT(v->answer_count, 3);
    CHECK_INT(v->answers[0].at_ms, edge + DAY + 61 * SECOND);
    CHECK_INT(v->answers[1].at_ms, edge + DAY);
    CHECK_INT(v->answers[2].at_ms, edge - SECOND);
    CHECK_INT(v->grants[0].uses_left, 4);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    hy_arena_deinit(&arena);
    rig_end();
}

/* A message that left at `at_ms`, and was answered with `msgid`. */
static void send(struct hy_store *store, int64_t app, int64_t id, int64_t at_ms, int64_t msgid)
{
    struct hy_claim_lane lane = {.app_no = app, .queue = HY_RANK_NORMAL, .capacity = 1};
    struct hy_claim claim = {.op = {.verb = HY_VERB_CLAIM},
                             .lanes = &lane,
                             .lane_count = 1,
                             .now_ms = at_ms,
                             .lease_until_ms = at_ms + DAY};
    struct hy_settle_item item = {
        .message_id = id,
        .attempt = {.number = 1, .at_ms = at_ms, .judgement = {.answered = true, .msgid = msgid}},
        .settlement = {.state = HY_MESSAGE_SENT, .grant_move = HY_GRANT_GIVE_BACK},
        .expect_event = true};
    struct hy_settle settle = {
        .op = {.verb = HY_VERB_SETTLE}, .items = &item, .count = 1, .now_ms = at_ms};
    struct hy_arena arena;

    hy_arena_init(&arena);
    claim.arena = &arena;
    CHECK_INT(rig_admit(store, app, id, "u", at_ms), 0);
    CHECK_INT(hy_store_run(store, &claim.op), 0);
    CHECK_INT(hy_store_run(store, &settle.op), 0);
    CHECK_INT(item.result, 0);
    hy_arena_deinit(&arena);
}

/* Which message an event moves; created at the edge. */
static int64_t moved(struct hy_store *store, int64_t app, int64_t msgid)
{
    struct hy_sent_item item = {.template_id = "T1", .msgid = msgid, .delivered = true};
    struct hy_hear v = {.op = {.verb = HY_VERB_HEAR},
                        .app_no = app,
                        .name = "subscribe_msg_sent_event",
                        .user = "u",
                        .created_at_ms = edge,
                        .now_ms = edge,
                        .raw = "{}",
                        .sent = &item,
                        .sent_count = 1};

    memcpy(item.identity, &msgid, sizeof msgid);
    CHECK_INT(hy_store_run(store, &v.op), 0);
    return item.message_id;
}

static void messages_of_days_ago_are_told_about(void)
{
    struct hy_tidy tidy = {.op = {.verb = HY_VERB_TIDY}, .now_ms = edge, .limit = 100};
    struct hy_store *store;
    int64_t app;

    rig_begin();
    store = rig_open(rig_path("a.db"));
    app = rig_app(store);
    send(store, app, 10, edge - 4LL * DAY, 100);
    send(store, app, 11, edge - 2LL * DAY, 101);
    send(store, app, 12, edge - 2LL * DAY + 1, 0);
    send(store, app, 13, edge - DAY, 0);
    send(store, app, 14, edge - SECOND, 104);
    hy_store_close(store);
    store = rig_open(rig_path("a.db"));
    CHECK_INT(hy_store_run(store, &tidy.op), 0);
    CHECK_INT(tidy.tidied, 1);
    CHECK_INT(moved(store, app, 104), 14);
    CHECK_INT(moved(store, app, 101), 11);
    CHECK_INT(moved(store, app, 999), 12); /* the earliest without one */
    CHECK_INT(moved(store, app, 100), 13);
    CHECK_INT(moved(store, app, 105), 0);
    CHECK_INT(rig_check(store), 0);
    hy_store_close(store);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM awaiting"), 0);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM early"), 1);
    rig_end();
}

int main(void)
{
    RUN(events_are_found_in_all_buckets);
    RUN(taps_are_paired_over_the_edge_of_a_bucket);
    RUN(messages_of_days_ago_are_told_about);
    return hy_tap_end();
}

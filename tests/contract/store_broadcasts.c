/* Broadcasts as objects: made once, changed, moved as drawn, listed. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_broadcast_make *full_campaign(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_broadcast *b = &make->broadcast;

    b->message = (struct hy_message){.template_id = "T1",
                                     .template_kind = HY_TEMPLATE_ONCE,
                                     .data = "{\"thing1\":{\"value\":\"x\"}}",
                                     .page = "pages/a",
                                     .emphasis = "keyword1",
                                     .miniprogram_state = "trial",
                                     .lang = "en_US",
                                     .tag = "tag",
                                     .extra = "{\"a\":1}",
                                     .urgent = true,
                                     .policy = HY_POLICY_AT_LEAST_ONCE,
                                     .on_missing = HY_ON_MISSING_WAIT,
                                     .expires_at_ms = rig.now_ms + DAY};
    b->schedule_name = "daily";
    b->rate_per_s = 20;
    b->send_at_ms = rig.now_ms + HOUR;
    b->state = HY_BROADCAST_SCHEDULED;
    return make;
}

static void check_message(const struct hy_message *m)
{
    CHECK_TEXT(m->template_id, "T1");
    CHECK_INT(m->template_kind, HY_TEMPLATE_ONCE);
    CHECK_TEXT(m->data, "{\"thing1\":{\"value\":\"x\"}}");
    CHECK_TEXT(m->page, "pages/a");
    CHECK_TEXT(m->emphasis, "keyword1");
    CHECK_TEXT(m->miniprogram_state, "trial");
    CHECK_TEXT(m->lang, "en_US");
    CHECK_TEXT(m->tag, "tag");
    CHECK_TEXT(m->extra, "{\"a\":1}");
    CHECK(m->urgent);
    CHECK_INT(m->policy, HY_POLICY_AT_LEAST_ONCE);
    CHECK_INT(m->on_missing, HY_ON_MISSING_WAIT);
}

static void a_broadcast_is_kept_whole(void)
{
    struct hy_broadcast_make *make = full_campaign();
    const struct hy_broadcast *b;

    CHECK_INT(put_make(make), 0);
    b = broadcast(make->broadcast.id);
    CHECK_INT(b->app_no, rig.app);
    CHECK_TEXT(b->name, "sale");
    CHECK_TEXT(b->schedule_name, "daily");
    CHECK_INT(b->state, HY_BROADCAST_SCHEDULED);
    CHECK(b->reason == NULL);
    CHECK_INT(b->rate_per_s, 20);
    CHECK_INT(b->send_at_ms, rig.now_ms + HOUR);
    CHECK_INT(b->created_at_ms, rig.now_ms);
    CHECK_INT(b->started_at_ms, 0);
    CHECK_INT(b->ended_at_ms, 0);
    CHECK(!b->reach && !b->collected && !b->winding_up && b->collect_from == NULL);
    CHECK_INT(b->total + b->fed + b->duplicates, 0);
    check_message(&b->message);
    CHECK_INT(b->message.expires_at_ms, rig.now_ms + DAY);
}

static void its_messages_have_what_it_says(void)
{
    struct hy_broadcast_make *make = full_campaign();
    struct hy_audience_item items[2] = {{.user = "a"}, {.user = "b", .data = "{\"own\":1}"}};
    struct hy_broadcast_feed *f;
    const struct hy_message *m;

    make->items = items;
    make->count = 2;
    CHECK_INT(put_make(make), 0);
    CHECK_INT(move_to(make->broadcast.id, HY_BROADCAST_RUNNING, NULL), 0);
    f = feed(make->broadcast.id, 2);
    m = get(f->ids[0]);
    CHECK_INT(m->app_no, rig.app);
    CHECK_TEXT(m->user, "a");
    CHECK_INT(m->broadcast_id, make->broadcast.id);
    CHECK_INT(m->accepted_at_ms, rig.now_ms);
    CHECK_INT(m->send_at_ms, 0);
    CHECK_INT(m->expires_at_ms, rig.now_ms + DAY);
    CHECK_TEXT(m->page, "pages/a");
    CHECK_TEXT(m->extra, "{\"a\":1}");
    CHECK(m->urgent);
    CHECK_INT(m->template_kind, HY_TEMPLATE_ANY); /* as the feeder knows it now */
    CHECK_TEXT(get(f->ids[1])->data, "{\"own\":1}");
}

static void one_that_runs_at_once_began(void)
{
    const struct hy_broadcast *b = broadcast(run_to(3));

    CHECK_INT(b->state, HY_BROADCAST_RUNNING);
    CHECK_INT(b->started_at_ms, rig.now_ms);
    CHECK(b->collected);
    CHECK_INT(b->total, 3);
    b = broadcast(run_over_reach());
    CHECK(b->reach && !b->collected);
}

static struct hy_broadcast_make *keyed_campaign(const char *body)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_admit_item prints = keyed(NULL, "k", body);

    make->key = prints.key;
    make->body = prints.body;
    return make;
}

static void the_same_request_makes_one(void)
{
    struct hy_broadcast_make *first = keyed_campaign("b"), *again = keyed_campaign("b");
    struct hy_broadcasts v = {.limit = 10, .arena = &rig.arena};

    CHECK_INT(put_make(first), 0);
    CHECK_INT(first->admission, HY_ADMITTED);
    CHECK_INT(move_to(first->broadcast.id, HY_BROADCAST_CANCELED, NULL), 0);
    rig.now_ms += 400 * (int64_t)DAY; /* for as long as it is kept */
    CHECK_INT(put_make(again), 0);
    CHECK_INT(again->admission, HY_ADMITTED_BEFORE);
    CHECK_INT(again->broadcast.id, first->broadcast.id);
    CHECK_INT(again->broadcast.state, HY_BROADCAST_CANCELED);
    again = keyed_campaign("other");
    CHECK_INT(put_make(again), 0);
    CHECK_INT(again->admission, HY_ADMIT_CONFLICT);
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 1);
}

static void a_repeated_request_adds_nobody(void)
{
    struct hy_audience_item items[2] = {{.user = "a"}, {.user = "b"}};
    struct hy_broadcast_make *first = keyed_campaign("b"), *again = keyed_campaign("b");

    first->items = again->items = items;
    first->count = 1;
    again->count = 2;
    CHECK_INT(put_make(first), 0);
    CHECK_INT(put_make(again), 0);
    CHECK_INT(again->added, 0);
    CHECK_INT(broadcast(first->broadcast.id)->total, 1);
}

static void it_is_changed_while_it_has_not_begun(void)
{
    struct hy_broadcast_make *make = full_campaign();
    struct hy_broadcast_change v = {.broadcast = {.id = 4711}};
    const struct hy_broadcast *b;

    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), HY_E_NOT_FOUND);
    v.broadcast = full_campaign()->broadcast;
    v.broadcast.id = draft_to(1);
    v.broadcast.name = NULL;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), 0);
    b = broadcast(v.broadcast.id);
    CHECK_INT(b->state, HY_BROADCAST_DRAFT);
    CHECK(b->name == NULL && b->schedule_name == NULL);
    check_message(&b->message);
    CHECK_INT(b->rate_per_s, 20);
    CHECK_INT(b->send_at_ms, rig.now_ms + HOUR);
    CHECK_INT(b->total, 1);
    v.broadcast.message.template_id = NULL;
    v.broadcast.rate_per_s = 1;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), HY_E_INVALID);
    CHECK_INT(broadcast(v.broadcast.id)->rate_per_s, 20);
    CHECK_INT(put_make(make), 0); /* a scheduled one */
    v.broadcast = make->broadcast;
    v.broadcast.message.data = NULL;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), 0);
    CHECK(broadcast(make->broadcast.id)->message.data == NULL);
}

static void of_one_that_runs_only_name_and_rate_are_changed(void)
{
    struct hy_broadcast_change v = {.broadcast = {.id = run_to(1),
                                                  .name = "new name",
                                                  .message = {.template_id = "T9"},
                                                  .rate_per_s = 3,
                                                  .send_at_ms = 77}};
    const struct hy_broadcast *b;

    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), 0);
    b = broadcast(v.broadcast.id);
    CHECK_TEXT(b->name, "new name");
    CHECK_INT(b->rate_per_s, 3);
    CHECK_TEXT(b->message.template_id, "T1");
    CHECK_TEXT(b->message.data, "{}");
    CHECK_INT(b->send_at_ms, 0);
    v.broadcast.message = (struct hy_message){0};
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), 0);
    CHECK_INT(move_to(v.broadcast.id, HY_BROADCAST_PAUSED, NULL), 0);
    v.broadcast.rate_per_s = 4;
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), 0);
    CHECK_INT(broadcast(v.broadcast.id)->rate_per_s, 4);
    CHECK_INT(move_to(v.broadcast.id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(run(&v.op, HY_VERB_BROADCAST_CHANGE), HY_E_CONFLICT);
}

/* --- moving ----------------------------------------------------------------------------------- */

static int64_t one_in(enum hy_broadcast_state state)
{
    int64_t id = draft_to(0);

    if (state == HY_BROADCAST_SCHEDULED || state == HY_BROADCAST_CANCELED)
        CHECK_INT(move_to(id, state, NULL), 0);
    if (state == HY_BROADCAST_RUNNING || state == HY_BROADCAST_PAUSED || state == HY_BROADCAST_DONE)
        CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0);
    if (state == HY_BROADCAST_PAUSED || state == HY_BROADCAST_DONE)
        CHECK_INT(move_to(id, state, NULL), 0);
    return id;
}

static void it_moves_as_drawn_and_not_otherwise(void)
{
    for (int from = 0; from < HY_BROADCAST_STATES; from++)
        for (int to = 0; to < HY_BROADCAST_STATES; to++) {
            bool drawn = hy_broadcast_may_move(from, to);
            int64_t id = one_in(from);

            CHECK_INT(move_to(id, to, NULL), drawn ? 0 : HY_E_CONFLICT);
            CHECK_INT(broadcast(id)->state, drawn ? to : from);
        }
    CHECK_INT(move_to(4711, HY_BROADCAST_RUNNING, NULL), HY_E_NOT_FOUND);
}

static void starting_pausing_and_ending_leave_their_marks(void)
{
    int64_t id = draft_to(0), started_ms = rig.now_ms;

    CHECK_INT(move_to(id, HY_BROADCAST_SCHEDULED, "no reason here"), 0);
    CHECK(broadcast(id)->reason == NULL && !broadcast(id)->collected);
    CHECK_INT(broadcast(id)->started_at_ms, 0);
    CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0);
    CHECK_INT(broadcast(id)->started_at_ms, started_ms);
    CHECK(broadcast(id)->collected);
    rig.now_ms += 10;
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, "operator"), 0);
    CHECK_TEXT(broadcast(id)->reason, "operator");
    CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0);
    CHECK(broadcast(id)->reason == NULL);
    CHECK_INT(broadcast(id)->started_at_ms, started_ms);
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), 0);
    CHECK_INT(broadcast(id)->ended_at_ms, rig.now_ms);
    CHECK(!broadcast(id)->winding_up);
    id = one_in(HY_BROADCAST_PAUSED);
    CHECK_INT(move_to(id, HY_BROADCAST_CANCELED, NULL), 0);
    CHECK_INT(broadcast(id)->ended_at_ms, rig.now_ms);
    CHECK(broadcast(id)->winding_up);
}

static void it_is_not_done_while_something_is_left(void)
{
    int64_t id = run_to(1), reach = run_over_reach();
    struct hy_claimed *c;

    CHECK_INT(move_to(reach, HY_BROADCAST_DONE, NULL), HY_E_CONFLICT); /* not collected */
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), HY_E_CONFLICT); /* somebody in the audience */
    once("a", "T1", 1);
    CHECK_INT(feed(id, 9)->due, 1);
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), HY_E_CONFLICT); /* queued */
    rig.queue = bulk_queue();
    c = claim_one();
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), HY_E_CONFLICT); /* sending */
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), 0);
}

/* Its counts go on. */
static void it_is_done_while_some_wait(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_item item = {.user = "a"};
    int64_t id;

    make->broadcast.message.on_missing = HY_ON_MISSING_WAIT;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    make->items = &item;
    make->count = 1;
    CHECK_INT(put_make(make), 0);
    id = make->broadcast.id;
    feed(id, 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_WAITING], 1);
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), 0);
    once("a", "T1", 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_QUEUED], 1);
    rig.queue = bulk_queue();
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_SENT], 1);
    CHECK_INT(broadcast(id)->messages[HY_MESSAGE_QUEUED], 0);
}

/* --- listing ---------------------------------------------------------------------------------- */

static void the_newest_comes_first_in_pages(void)
{
    struct hy_broadcasts v = {.limit = 2, .arena = &rig.arena};
    int64_t last = INT64_MAX;
    size_t count = 0;

    for (int i = 0; i < 5; i++)
        draft_to(i);
    do {
        CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
        for (size_t i = 0; i < v.count; i++, count++) {
            CHECK(v.broadcasts[i].id < last);
            last = v.broadcasts[i].id;
        }
        v.before_id = last;
    } while (v.more);
    CHECK_INT(count, 5);
}

static void filters_choose(void)
{
    struct hy_broadcasts v = {.limit = 100, .arena = &rig.arena, .unfinished = true};
    int64_t ids[HY_BROADCAST_STATES];

    for (int state = 0; state < HY_BROADCAST_STATES; state++)
        ids[state] = one_in(state);
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 4); /* neither the draft nor the one that is done */
    CHECK_INT(v.broadcasts[0].id, ids[HY_BROADCAST_CANCELED]);
    CHECK_INT(v.broadcasts[3].id, ids[HY_BROADCAST_SCHEDULED]);
    v.unfinished = false;
    v.app_no = rig.app + 1;
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 0);
    v.app_no = rig.app;
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, HY_BROADCAST_STATES);
    v.id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    CHECK_INT(v.count, 0);
    v.limit = 1001;
    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), HY_E_INVALID);
}

static int put_changed(void (*change)(struct hy_broadcast_make *make))
{
    struct hy_broadcast_make *make = campaign();

    change(make);
    return put_make(make);
}

static void without_template(struct hy_broadcast_make *make)
{
    make->broadcast.message.template_id = NULL;
}

static void paused(struct hy_broadcast_make *make)
{
    make->broadcast.state = HY_BROADCAST_PAUSED;
}

static void scheduled_for_never(struct hy_broadcast_make *make)
{
    make->broadcast.state = HY_BROADCAST_SCHEDULED;
}

static void running_since_never(struct hy_broadcast_make *make)
{
    make->broadcast.state = HY_BROADCAST_RUNNING;
}

static void running_without_data(struct hy_broadcast_make *make)
{
    static const struct hy_audience_item items[2] = {{.user = "a", .data = "{}"}, {.user = "b"}};

    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = 1;
    make->broadcast.message.data = NULL;
    make->items = items;
    make->count = 2;
}

static void reach_with_items(struct hy_broadcast_make *make)
{
    static const struct hy_audience_item item = {.user = "a"};

    make->broadcast.reach = true;
    make->items = &item;
    make->count = 1;
}

static void key_without_body(struct hy_broadcast_make *make)
{
    static const uint8_t key[HY_FINGERPRINT_BYTES];

    make->key = key;
}

static void nobody_in_an_item(struct hy_broadcast_make *make)
{
    static const struct hy_audience_item item = {.user = ""};

    make->items = &item;
    make->count = 1;
}

static void arguments_are_checked(void)
{
    CHECK_INT(put_changed(without_template), HY_E_INVALID);
    CHECK_INT(put_changed(paused), HY_E_INVALID);
    CHECK_INT(put_changed(scheduled_for_never), HY_E_INVALID);
    CHECK_INT(put_changed(running_since_never), HY_E_INVALID);
    CHECK_INT(put_changed(running_without_data), HY_E_INVALID);
    CHECK_INT(put_changed(reach_with_items), HY_E_INVALID);
    CHECK_INT(put_changed(key_without_body), HY_E_INVALID);
    CHECK_INT(put_changed(nobody_in_an_item), HY_E_INVALID);
    CHECK_INT(move_to(draft_to(1), HY_BROADCAST_STATES, NULL), HY_E_INVALID);
}

static void an_app_that_is_deleted_cancels_its_own(void)
{
    struct hy_app_delete v = {.app_no = rig.app, .now_ms = rig.now_ms};
    int64_t id = run_to(2), done = one_in(HY_BROADCAST_DONE);

    CHECK_INT(run(&v.op, HY_VERB_APP_DELETE), 0);
    CHECK_BROADCAST(id, CANCELED);
    CHECK(broadcast(id)->winding_up);
    CHECK_INT(broadcast(id)->ended_at_ms, rig.now_ms);
    CHECK_BROADCAST(done, DONE);
}

void store_broadcasts_cases(void)
{
    CASE(a_broadcast_is_kept_whole);
    CASE(its_messages_have_what_it_says);
    CASE(one_that_runs_at_once_began);
    CASE(the_same_request_makes_one);
    CASE(a_repeated_request_adds_nobody);
    CASE(it_is_changed_while_it_has_not_begun);
    CASE(of_one_that_runs_only_name_and_rate_are_changed);
    CASE(it_moves_as_drawn_and_not_otherwise);
    CASE(starting_pausing_and_ending_leave_their_marks);
    CASE(it_is_not_done_while_something_is_left);
    CASE(it_is_done_while_some_wait);
    CASE(the_newest_comes_first_in_pages);
    CASE(filters_choose);
    CASE(arguments_are_checked);
    CASE(an_app_that_is_deleted_cancels_its_own);
}

/* Audiences: each user once; collected from the ledger's reach; looked at. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_audience_look *look_from(int64_t id, const char *after, size_t limit)
{
    struct hy_audience_look *v = (struct hy_audience_look *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_audience_look){.broadcast_id = id,
                                   .after = after,
                                   .now_ms = rig.now_ms,
                                   .margin_ms = rig.margin_ms,
                                   .limit = limit,
                                   .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_AUDIENCE_LOOK), 0);
    return v;
}

static void a_user_stands_in_it_once(void)
{
    struct hy_audience_item items[4] = {{.user = "b", .data = "{\"first\":1}"},
                                        {.user = "a"},
                                        {.user = "b", .data = "{\"second\":1}"},
                                        {.user = "c"}};
    struct hy_audience_add v;
    int64_t id = draft_to(1); /* "a" */
    struct hy_audience_look *l;

    CHECK_INT(add_users(id, items, 4, &v), 0);
    CHECK_INT(v.added, 2);
    CHECK_INT(v.duplicates, 2);
    CHECK_INT(broadcast(id)->total, 3);
    CHECK_INT(broadcast(id)->duplicates, 2);
    l = look_from(id, NULL, 10);
    CHECK_INT(l->users, 3);
    CHECK_TEXT(l->samples[0].user, "a");
    CHECK(l->samples[0].data == NULL);
    CHECK_TEXT(l->samples[1].user, "b");
    CHECK_TEXT(l->samples[1].data, "{\"first\":1}");
    CHECK_TEXT(l->samples[2].user, "c");
}

static void an_upload_may_be_repeated(void)
{
    struct hy_audience_item items[2] = {{.user = "a", .data = "{}"}, {.user = "b"}};
    struct hy_audience_add v;
    int64_t id = draft_to(0);

    CHECK_INT(add_users(id, items, 2, &v), 0);
    items[0].data = "{\"other\":1}";
    CHECK_INT(add_users(id, items, 2, &v), 0);
    CHECK_INT(v.added, 0);
    CHECK_INT(v.duplicates, 2);
    CHECK_INT(broadcast(id)->total, 2);
    CHECK_TEXT(look_from(id, NULL, 1)->samples[0].data, "{}");
}

static void only_a_draft_takes_users(void)
{
    struct hy_audience_item items[2] = {{.user = "x"}, {.user = NULL}};
    struct hy_broadcast_make *reach = campaign();
    struct hy_audience_add v;
    int64_t id = draft_to(1);

    CHECK_INT(add_users(4711, items, 1, &v), HY_E_NOT_FOUND);
    CHECK_INT(add_users(id, items, 2, &v), HY_E_INVALID);
    CHECK_INT(add_users(id, items, 0, &v), HY_E_INVALID);
    CHECK_INT(add_users(run_to(1), items, 1, &v), HY_E_CONFLICT);
    CHECK_INT(move_to(id, HY_BROADCAST_SCHEDULED, NULL), 0);
    CHECK_INT(add_users(id, items, 1, &v), HY_E_CONFLICT);
    CHECK_INT(broadcast(id)->total, 1);
    reach->broadcast.reach = true;
    CHECK_INT(put_make(reach), 0);
    CHECK_INT(add_users(reach->broadcast.id, items, 1, &v), HY_E_CONFLICT);
}

static void a_list_comes_with_the_broadcast(void)
{
    struct hy_audience_item items[3] = {{.user = "b"}, {.user = "a"}, {.user = "b"}};
    struct hy_broadcast_make *make = campaign();

    make->items = items;
    make->count = 3;
    CHECK_INT(put_make(make), 0);
    CHECK_INT(make->added, 2);
    CHECK_INT(make->duplicates, 1);
    CHECK_INT(broadcast(make->broadcast.id)->total, 2);
    CHECK_INT(broadcast(make->broadcast.id)->duplicates, 1);
}

static void thousands_come_in_pieces(void)
{
    enum { PIECE = 1000 };
    struct hy_audience_item *items =
        (struct hy_audience_item *)hy_arena_array(&rig.arena, PIECE, sizeof *items);
    struct hy_audience_add v;
    int64_t id = draft_to(0);
    const char *last = NULL;
    size_t users = 0;

    for (int piece = 0; piece < 4; piece++) {
        for (int i = 0; i < PIECE; i++)
            items[i].user = hy_arena_printf(&rig.arena, "user%d", (i * 4 + piece) * 7919 % 4000);
        CHECK_INT(add_users(id, items, PIECE, &v), 0);
    }
    CHECK_INT(broadcast(id)->total + broadcast(id)->duplicates, 4 * PIECE);
    for (bool more = true; more;) {
        struct hy_audience_look *l = look_from(id, last, 700);

        CHECK(l->users <= 700);
        CHECK(!last || strcmp(l->last, last) > 0);
        users += l->users;
        last = l->last;
        more = l->more;
    }
    CHECK_INT(users, broadcast(id)->total);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void it_is_looked_at_in_the_order_of_names(void)
{
    int64_t id = draft_to(12);
    struct hy_audience_look *v = look_from(id, NULL, 12);

    CHECK_INT(v->users, 12);
    CHECK_INT(v->sample_count, 10);
    CHECK_TEXT(v->samples[9].user, "j");
    CHECK_TEXT(v->last, "l");
    CHECK(!v->more);
    v = look_from(id, "c", 2);
    CHECK_INT(v->users, 2);
    CHECK_TEXT(v->samples[0].user, "d");
    CHECK_TEXT(v->last, "e");
    CHECK(v->more);
    v = look_from(id, "l", 2);
    CHECK_INT(v->users, 0);
    CHECK(v->last == NULL && !v->more);
    CHECK_TEXT(look_from(id, "bb", 1)->last, "c"); /* whether there is such a user or not */
}

static void it_tells_who_could_be_reached(void)
{
    int64_t id = draft_to(5);

    once("a", "T1", 1);
    once("b", "T2", 1); /* of another template */
    once("c", "T1", 1);
    post("c"); /* takes it */
    always("d", "T1");
    form("e", 0); /* a receipt: the template had counters */
    CHECK_INT(look_from(id, NULL, 10)->reachable, 2);
    CHECK_INT(look_from(id, "a", 10)->reachable, 1);
}

static void an_audience_that_is_to_be_collected_is_empty(void)
{
    int64_t id = run_over_reach();
    struct hy_audience_look v = {.broadcast_id = 4711, .limit = 1, .arena = &rig.arena};

    once("a", "T1", 1);
    CHECK_INT(look_from(id, NULL, 10)->users, 0);
    CHECK_INT(run(&v.op, HY_VERB_AUDIENCE_LOOK), HY_E_NOT_FOUND);
    v.limit = 0;
    CHECK_INT(run(&v.op, HY_VERB_AUDIENCE_LOOK), HY_E_INVALID);
}

/* --- collecting ------------------------------------------------------------------------------- */

static int collect(int64_t id, size_t limit, struct hy_audience_collect *v)
{
    *v = (struct hy_audience_collect){
        .broadcast_id = id, .now_ms = rig.now_ms, .margin_ms = rig.margin_ms, .limit = limit};
    return run(&v->op, HY_VERB_AUDIENCE_COLLECT);
}

static void the_reach_is_collected_step_by_step(void)
{
    struct hy_audience_collect v;
    int64_t id = run_over_reach();
    size_t added = 0, steps = 0;

    for (int i = 0; i < 20; i++)
        once(hy_arena_printf(&rig.arena, "user%02d", i), i % 2 ? "T1" : "T2", 1);
    do {
        CHECK_INT(collect(id, 3, &v), 0);
        added += v.added;
        CHECK_INT(broadcast(id)->total, added);
        CHECK_INT(broadcast(id)->collected, v.collected);
        CHECK(++steps < 30);
    } while (!v.collected);
    CHECK_INT(added, 10);
    CHECK(steps > 2);
    CHECK_INT(collect(id, 3, &v), HY_E_CONFLICT);
    CHECK_TEXT(look_from(id, NULL, 1)->samples[0].user, "user01");
}

static void it_collects_as_reach_counts(void)
{
    struct hy_audience_collect v;
    struct hy_reach reach = {.app_no = rig.app, .template_id = "T1", .margin_ms = rig.margin_ms};
    int64_t id = run_over_reach();

    once("a", "T1", 2);
    once("b", "T1", 1);
    post("b"); /* reserved */
    always("c", "T1");
    form("d", 0);
    once("e", "T1", 1);
    post("e");
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL);
    judge(&claim(ALL)->claimed[1], HY_VERDICT_GRANT_GONE, "43101"); /* suspect */
    reach.now_ms = rig.now_ms;
    CHECK_INT(run(&reach.op, HY_VERB_REACH), 0);
    CHECK_INT(collect(id, 1000, &v), 0);
    CHECK(v.collected);
    CHECK_INT(v.added, reach.users);
    CHECK_INT(v.added, 2);
}

static void receipts_reach_a_form_template(void)
{
    struct hy_broadcast_make *make = campaign();
    struct hy_audience_collect v;

    make->broadcast.reach = true;
    make->broadcast.message.template_kind = HY_TEMPLATE_LEGACY;
    make->broadcast.state = HY_BROADCAST_RUNNING;
    make->broadcast.started_at_ms = rig.now_ms;
    CHECK_INT(put_make(make), 0);
    form("a", 0);
    form("a", 0);
    once("b", "T1", 1);
    form("c", rig.now_ms + rig.margin_ms); /* too old to be used */
    CHECK_INT(collect(make->broadcast.id, 1000, &v), 0);
    CHECK_INT(v.added, 1);
    CHECK_TEXT(look_from(make->broadcast.id, NULL, 9)->last, "a");
}

static void a_step_can_stop_for_days(void)
{
    struct hy_audience_collect v;
    struct hy_broadcast_feed *f;
    int64_t id = run_over_reach();

    once("a", "T1", 1);
    once("b", "T1", 1);
    once("c", "T1", 1);
    CHECK_INT(collect(id, 1, &v), 0);
    CHECK(!v.collected);
    f = feed(id, 9);
    CHECK_INT(f->fed, v.added);
    CHECK_TEXT(broadcast(id)->collect_from, "a");
    CHECK_INT(move_to(id, HY_BROADCAST_PAUSED, NULL), 0);
    CHECK_INT(collect(id, 1, &v), HY_E_CONFLICT);
    CHECK_INT(move_to(id, HY_BROADCAST_RUNNING, NULL), 0);
    CHECK(!broadcast(id)->collected); /* to resume is not to start */
    CHECK_INT(collect(id, 1000, &v), 0);
    CHECK(v.collected);
    CHECK_INT(v.added, 2); /* she who was fed is not met again */
    CHECK_INT(broadcast(id)->total, 3);
    CHECK_INT(collect(4711, 1, &v), HY_E_NOT_FOUND);
}

static void with_nobody_it_is_collected_at_once(void)
{
    struct hy_audience_collect v;
    int64_t id = run_over_reach();

    CHECK_INT(collect(id, 1, &v), 0);
    CHECK(v.collected);
    CHECK_INT(v.added, 0);
    CHECK_INT(move_to(id, HY_BROADCAST_DONE, NULL), 0);
    CHECK_INT(collect(draft_to(1), 1, &v), HY_E_CONFLICT);
}

void store_audience_cases(void)
{
    CASE(a_user_stands_in_it_once);
    CASE(an_upload_may_be_repeated);
    CASE(only_a_draft_takes_users);
    CASE(a_list_comes_with_the_broadcast);
    CASE(thousands_come_in_pieces);
    CASE(it_is_looked_at_in_the_order_of_names);
    CASE(it_tells_who_could_be_reached);
    CASE(an_audience_that_is_to_be_collected_is_empty);
    CASE(the_reach_is_collected_step_by_step);
    CASE(it_collects_as_reach_counts);
    CASE(receipts_reach_a_form_template);
    CASE(a_step_can_stop_for_days);
    CASE(with_nobody_it_is_collected_at_once);
}

/* Two nodes are told the same at the same time. Shared stores only. */
#include "store_race.h"

/* All bring the same ones, several in a call, each for a user of her own. */
static void *bring_the_same(void *arg)
{
    struct racer *r = (struct racer *)arg;
    struct hy_deposit_item items[3];

    for (int i = 0; i < SHARED; i += 3) {
        for (int k = 0; k < 3; k++)
            items[k] = race_receipt(race_user(&r->arena, r->number),
                                    hy_arena_printf(&r->arena, "same%d", i + k));
        race_deposit(r, items, 3);
        for (int k = 0; k < 3; k++)
            r->ids_of[i + k] = items[k].grant.id;
    }
    return NULL;
}

static void check_one_was_first(const struct racer *racers)
{
    int news = 0;

    for (int i = 0; i < RACERS; i++) {
        news += racers[i].news;
        CHECK(memcmp(racers[i].ids_of, racers[0].ids_of, sizeof racers[0].ids_of) == 0);
    }
    CHECK_INT(news, SHARED);
}

static void a_credential_that_all_bring_is_stored_once(void)
{
    struct racer racers[RACERS];

    race_open();
    race_start(bring_the_same, racers, RACERS);
    race_end(racers, RACERS);
    check_one_was_first(racers);
    CHECK_INT(atomic_load(&race_given), SHARED);
}

static void *tell_the_same(void *arg)
{
    struct racer *r = (struct racer *)arg;

    for (int i = 0; i < SHARED; i++) {
        struct hy_deposit_item item = race_accept("u0", i, race_identity(r, 0, i));

        race_deposit(r, &item, 1);
        r->ids_of[i] = item.grant.id;
    }
    return NULL;
}

static void a_tap_that_all_tell_counts_once(void)
{
    struct racer racers[RACERS];

    race_open();
    race_start(tell_the_same, racers, RACERS);
    race_end(racers, RACERS);
    check_one_was_first(racers);
    CHECK_TEXT(balance("u0"), hy_arena_printf(&rig.arena, "%d/%d available", SHARED, SHARED));
    CHECK_INT(reach("T1", HY_TEMPLATE_ONCE).uses, SHARED);
}

/* The first sends, the others hear what became of it: before, while and after it is settled, twice. */
static int64_t sent_ids[SHARED];

static void hear_one(struct racer *r, int number)
{
    struct hy_sent_item item = {.template_id = "T1", .msgid = sent_ids[number], .delivered = true};
    struct hy_hear v = {.app_no = rig.app,
                        .name = "sent",
                        .user = race_user(&r->arena, number % USERS),
                        .created_at_ms = rig.now_ms,
                        .now_ms = rig.now_ms,
                        .raw = "{}",
                        .sent = &item,
                        .sent_count = 1};

    memcpy(item.identity, race_identity(r, 77, number), HY_IDENTITY_BYTES);
    race_run(r, &v.op, HY_VERB_HEAR);
    r->news += v.fresh;
    r->ids_of[number] = 0;
}

static void *send_or_hear(void *arg)
{
    struct racer *r = (struct racer *)arg;
    int sent = 0;

    for (int i = 0; i < SHARED && r->number > 0; i++)
        hear_one(r, (i + 7 * r->number) % SHARED);
    while (r->number == 0 && sent < SHARED && r->wrong == 0) {
        struct hy_claim_lane lane = {
            .app_no = rig.app, .queue = rig.queue, .capacity = 2, .margin_ms = rig.margin_ms};
        struct hy_claim v = {.lanes = &lane,
                             .lane_count = 1,
                             .now_ms = rig.now_ms,
                             .lease_until_ms = rig.now_ms + MINUTE,
                             .arena = &r->arena};

        race_run(r, &v.op, HY_VERB_CLAIM);
        for (size_t i = 0; i < v.count; i++, sent++)
            race_settle(r, &v.claimed[i], HY_VERDICT_OK, "");
        r->wrong += v.count == 0; /* all are due, and nobody else takes them */
    }
    return NULL;
}

static void what_became_of_it_is_told_to_any_node(void)
{
    struct racer racers[RACERS];

    race_open();
    rig.expect_event = true;
    for (int i = 0; i < SHARED; i++) {
        form(race_user(&rig.arena, i % USERS), 0);
        sent_ids[i] = post(race_user(&rig.arena, i % USERS))->id;
    }
    race_start(send_or_hear, racers, RACERS);
    race_end(racers, RACERS);
    for (int i = 0; i < RACERS; i++)
        racers[0].news += i > 0 ? racers[i].news : 0;
    CHECK_INT(racers[0].news, SHARED);
    for (int i = 0; i < SHARED; i++)
        CHECK_STATE(sent_ids[i], DELIVERED);
}

void store_races_told_cases(void)
{
    RACE(a_credential_that_all_bring_is_stored_once);
    RACE(a_tap_that_all_tell_counts_once);
    RACE(what_became_of_it_is_told_to_any_node);
}

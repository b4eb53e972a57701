/* Two nodes are told about the same users at the same time: what they gave, what is to be sent, what is over.
 * Shared stores only. */
#include "store_race.h"

#include "store_cases.h"

enum { ROUNDS = 60 };

/* --- giving, and asking to send ------------------------------------------------------------------ */

static void admit_one(struct racer *r, const char *user)
{
    struct hy_message m = {.id = hy_message_ids_next(&r->ids, rig.now_ms),
                           .app_no = rig.app,
                           .user = user,
                           .template_id = "T1",
                           .data = "{}",
                           .on_missing = HY_ON_MISSING_WAIT,
                           .accepted_at_ms = rig.now_ms};
    struct hy_admit_item item = {.message = &m, .margin_ms = rig.margin_ms};
    struct hy_admit v = {
        .items = &item, .count = 1, .now_ms = rig.now_ms, .key_window_ms = DAY, .arena = &r->arena};

    race_run(r, &v.op, HY_VERB_ADMIT);
}

/* Some are within their margin already: nobody sends by them, and any purge may take them. */
static struct hy_deposit_item random_receipt(struct racer *r, const char *user, int number)
{
    struct hy_deposit_item item = race_receipt(user, hy_arena_printf(&r->arena, "c%d", number));

    if (race_pick(r, 3) == 0)
        item.grant.expires_at_ms = rig.now_ms + HOUR + race_pick(r, 3) * MINUTE;
    return item;
}

static void *give_and_send(void *arg)
{
    struct racer *r = (struct racer *)arg;

    for (int i = 0; i < ROUNDS; i++) {
        const char *user = race_user(&r->arena, race_pick(r, USERS));
        int number = r->number * ROUNDS + i, what = race_pick(r, 4);
        struct hy_deposit_item item;

        if (what >= 2) {
            admit_one(r, user);
            continue;
        }
        item = what == 0 ? random_receipt(r, user, number)
                         : race_accept(user, number, race_identity(r, r->number, i));
        race_deposit(r, &item, 1);
    }
    atomic_fetch_sub(&race_racing, 1);
    return NULL;
}

/* --- one node sends meanwhile ----------------------------------------------------------------- */

/* How many there were. */
static size_t send_some(struct racer *r)
{
    struct hy_claim_lane lane = {
        .app_no = rig.app, .queue = rig.queue, .capacity = 3, .margin_ms = rig.margin_ms};
    struct hy_claim v = {.lanes = &lane,
                         .lane_count = 1,
                         .now_ms = rig.now_ms,
                         .lease_until_ms = rig.now_ms + MINUTE,
                         .arena = &r->arena};

    if (race_run(r, &v.op, HY_VERB_CLAIM) != 0)
        return 0;
    for (size_t i = 0; i < v.count; i++) {
        bool refused = race_pick(r, 4) == 0; /* what it gives back is another's */

        race_settle(r, &v.claimed[i], refused ? HY_VERDICT_BAD_PAYLOAD : HY_VERDICT_OK,
                    refused ? "47003" : "");
    }
    return v.count;
}

static void *send_all(void *arg)
{
    struct racer *r = (struct racer *)arg;

    while (send_some(r) > 0 || atomic_load(&race_racing) > 1)
        hy_arena_reset(&r->arena);
    atomic_fetch_sub(&race_racing, 1);
    return NULL;
}

/* --- or deletes what is over --------------------------------------------------------------------- */

static size_t purge_some(struct racer *r)
{
    struct hy_purge purge = {
        .app_no = rig.app, .now_ms = rig.now_ms, .margin_ms = rig.margin_ms, .limit = 3};
    struct hy_tidy tidy = {.now_ms = rig.now_ms, .limit = 10};

    race_run(r, &purge.op, HY_VERB_PURGE);
    race_run(r, &tidy.op, HY_VERB_TIDY);
    atomic_fetch_sub(&race_given, (int)purge.purged);
    atomic_fetch_add(&race_purged, (int)purge.purged);
    return purge.purged;
}

static void *purge_all(void *arg)
{
    struct racer *r = (struct racer *)arg;
    size_t last;

    do
        last = purge_some(r);
    while (last > 0 || atomic_load(&race_racing) > 1);
    atomic_fetch_sub(&race_racing, 1);
    return NULL;
}

/* --- what has to be true afterwards ----------------------------------------------------------- */

static size_t count_messages(const char *user, enum hy_message_state state)
{
    struct hy_message_list v = {
        .app_no = rig.app, .user = user, .state = (int)state, .limit = 1000, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_MESSAGE_LIST), 0);
    CHECK(!v.more);
    return v.count;
}

struct sums {
    int64_t left, counter_users, counter_uses, receipt_users, receipt_uses;
};

static void look_at_user(const char *user, struct sums *sums)
{
    struct hy_grant_list *v = grants(user, NULL);
    int64_t receipts = 0, counters = 0, reserved = 0;

    for (size_t i = 0; i < v->count; i++) {
        const struct hy_grant *g = &v->grants[i];
        bool good = g->state == HY_GRANT_AVAILABLE &&
                    (g->expires_at_ms == 0 || g->expires_at_ms - rig.margin_ms > rig.now_ms);
        int64_t uses = good ? g->uses_left - g->uses_reserved : 0;

        *(hy_grant_is_receipt(g->kind) ? &receipts : &counters) += uses;
        reserved += g->uses_reserved;
        sums->left += g->uses_left;
    }
    CHECK_INT(reserved, count_messages(user, HY_MESSAGE_QUEUED));
    if (count_messages(user, HY_MESSAGE_WAITING) > 0)
        CHECK_INT(receipts + counters, 0);
    sums->receipt_users += receipts > 0;
    sums->receipt_uses += receipts;
    sums->counter_users += counters > 0;
    sums->counter_uses += counters;
}

static void check_reach(enum hy_template_kind kind, int64_t users, int64_t uses)
{
    struct hy_reach v = reach("T1", kind);

    CHECK_INT(v.users, users);
    CHECK_INT(v.uses, uses);
}

static void check_sums(void)
{
    struct sums sums = {0};

    for (int i = 0; i < USERS; i++)
        look_at_user(race_user(&rig.arena, i), &sums);
    CHECK_INT(sums.left + atomic_load(&race_spent), atomic_load(&race_given));
    check_reach(HY_TEMPLATE_ONCE, sums.counter_users, sums.counter_uses);
    check_reach(HY_TEMPLATE_LEGACY, sums.receipt_users, sums.receipt_uses);
}

/* --- the cases -------------------------------------------------------------------------------- */

static void no_use_is_lost_and_nobody_waits_beside_one(void)
{
    struct racer racers[RACERS];

    race_open();
    race_start(give_and_send, racers, RACERS);
    race_end(racers, RACERS);
    CHECK(atomic_load(&race_given) > 0);
    check_sums();
}

static void *give_or_send(void *arg)
{
    return ((struct racer *)arg)->number == 0 ? send_all(arg) : give_and_send(arg);
}

static void the_same_while_one_of_them_sends(void)
{
    struct racer racers[RACERS];

    race_open();
    race_start(give_or_send, racers, RACERS);
    race_end(racers, RACERS);
    CHECK(atomic_load(&race_spent) > 0);
    check_sums();
}

static void *give_or_purge(void *arg)
{
    return ((struct racer *)arg)->number == 0 ? purge_all(arg) : give_and_send(arg);
}

static void the_same_while_one_of_them_purges(void)
{
    struct racer racers[RACERS];

    race_open();
    race_start(give_or_purge, racers, RACERS);
    race_end(racers, RACERS);
    CHECK(atomic_load(&race_given) > 0);
    CHECK(atomic_load(&race_purged) > 0);
    check_sums();
}

void store_races_cases(void)
{
    RACE(no_use_is_lost_and_nobody_waits_beside_one);
    RACE(the_same_while_one_of_them_sends);
    RACE(the_same_while_one_of_them_purges);
    store_races_told_cases();
}

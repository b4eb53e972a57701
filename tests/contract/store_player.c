#include "store_player.h"

#include "store_print.h"

#include <inttypes.h>

enum { KEYS = 20 };

uint64_t player_pick(struct player *p, uint64_t below)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return p->random % below;
}

bool player_chance(struct player *p, unsigned percent)
{
    return player_pick(p, 100) < percent;
}

const char *player_user(struct player *p)
{
    return hy_arena_printf(&p->keep, "user%d", (int)player_pick(p, USERS));
}

int player_run(struct player *p, struct hy_op *op, enum hy_verb verb, const char *name)
{
    struct hy_audit audit = {.at_ms = p->now_ms,
                             .key_id = 1,
                             .who = "somebody",
                             .address = "127.0.0.1",
                             .action = name,
                             .subject = player_chance(p, 50) ? "wx-1" : NULL,
                             .detail = player_chance(p, 50) ? "{}" : NULL};
    int r;

    op->verb = verb;
    if (verb < HY_VERB_WRITES && !op->audit && player_chance(p, 20))
        op->audit = &audit;
    r = hy_store_run(p->store, op);
    op->audit = NULL;
    hy_buf_printf(&p->out, "%s -> %d\n", name, r);
    return r;
}

/* --- moves ------------------------------------------------------------------------------------ */

static struct hy_message *random_message(struct player *p)
{
    struct hy_message *m = (struct hy_message *)hy_arena_alloc(&p->arena, sizeof *m);

    m->id = hy_message_ids_next(&p->ids, p->now_ms);
    if (player_chance(p, 2) && p->known_count > 0)
        m->id = p->known[player_pick(p, p->known_count < IDS_MAX ? p->known_count : IDS_MAX)];
    m->app_no = p->apps[player_pick(p, APPS)];
    m->user = player_user(p);
    m->template_id = player_chance(p, 70) ? "T1" : "T2";
    m->template_kind = (enum hy_template_kind)(player_chance(p, 50) ? 0 : player_pick(p, 4));
    m->data = "{}";
    m->extra = player_chance(p, 5) ? "{\"a\":1}" : NULL;
    m->tag = player_chance(p, 30) ? "tag" : NULL;
    m->urgent = player_chance(p, 20);
    m->policy = player_chance(p, 40) ? HY_POLICY_AT_LEAST_ONCE : HY_POLICY_AT_MOST_ONCE;
    m->on_missing = (enum hy_on_missing)player_pick(p, 3);
    m->accepted_at_ms = p->now_ms;
    if (player_chance(p, 30))
        m->send_at_ms = p->now_ms + (int64_t)player_pick(p, 4 * HOUR) - HOUR;
    if (player_chance(p, 30))
        m->expires_at_ms = p->now_ms + (int64_t)player_pick(p, 2 * (uint64_t)DAY) + 1;
    return m;
}

static void random_item(struct player *p, struct hy_admit_item *item)
{
    uint8_t *prints = (uint8_t *)hy_arena_alloc(&p->arena, 2 * (size_t)HY_FINGERPRINT_BYTES);

    *item = (struct hy_admit_item){.message = random_message(p), .margin_ms = DAY};
    if (!player_chance(p, 30))
        return;
    prints[3] = (uint8_t)player_pick(p, KEYS);
    prints[HY_FINGERPRINT_BYTES] = (uint8_t)player_pick(p, 2);
    item->key = prints;
    item->body = prints + HY_FINGERPRINT_BYTES;
}

static void print_admitted(struct player *p, const struct hy_admit_item *item)
{
    const struct hy_message *m = item->message;

    hy_buf_printf(&p->out, "  admission=%d id=%" PRId64, item->admission, m->id);
    if (item->admission != HY_ADMIT_CONFLICT)
        hy_buf_printf(&p->out, " state=%d reason=%s", m->state, m->reason ? m->reason : "-");
    if (item->admission == HY_ADMITTED) {
        hy_buf_printf(&p->out, " grant=%" PRId64 " due=%" PRId64, m->grant_id, m->due_at_ms);
        p->known[p->known_count++ % IDS_MAX] = m->id;
    }
    hy_buf_putc(&p->out, '\n');
}

static void move_admit(struct player *p)
{
    struct hy_admit_item items[4];
    struct hy_admit v = {.items = items,
                         .count = player_pick(p, 4) + 1,
                         .now_ms = p->now_ms,
                         .key_window_ms = DAY,
                         .arena = &p->arena};

    for (size_t i = 0; i < v.count; i++)
        random_item(p, &items[i]);
    if (player_run(p, &v.op, HY_VERB_ADMIT, "admit") == 0)
        for (size_t i = 0; i < v.count; i++)
            print_admitted(p, &items[i]);
}

static void take_off(struct player *p, struct hy_claimed *c)
{
    for (size_t i = 0; i < p->flight_count; i++)
        CHECK(p->flights[i]->message.app_no != c->message.app_no ||
              strcmp(p->flights[i]->message.user, c->message.user) != 0);
    CHECK(p->flight_count < FLIGHTS_MAX);
    p->flights[p->flight_count++] = c;
}

static size_t random_caps(struct player *p, struct hy_cap *caps, size_t room)
{
    size_t count = player_chance(p, 50) ? player_pick(p, room + 1) : 0;

    for (size_t i = 0; i < count; i++) {
        caps[i] = (struct hy_cap){.max = (int64_t)player_pick(p, 3) + 1,
                                  .window_s = (int64_t)player_pick(p, 6 * HOUR / SECOND) + 60};
        snprintf(caps[i].template_id, sizeof caps[i].template_id, "%s",
                 player_chance(p, 50) ? "" : "T1");
    }
    return count;
}

/* Some of the queues of both apps, in an order of the app's own. */
static size_t random_lanes(struct player *p, struct hy_claim_lane *lanes, const struct hy_cap *caps,
                           size_t cap_count)
{
    int first = (int)player_pick(p, HY_QUEUES);
    size_t count = 0;

    for (int i = 0; i < APPS * HY_QUEUES; i++)
        if (player_chance(p, 80))
            lanes[count++] = (struct hy_claim_lane){.app_no = p->apps[i % APPS],
                                                    .queue = (i / APPS + first) % HY_QUEUES,
                                                    .capacity = player_pick(p, 4),
                                                    .margin_ms = DAY,
                                                    .caps = caps,
                                                    .cap_count = cap_count};
    return count;
}

static void move_claim(struct player *p)
{
    struct hy_claim_lane lanes[APPS * HY_QUEUES];
    struct hy_cap caps[3];
    int64_t held[HELD_MAX];
    struct hy_claim v = {.lanes = lanes,
                         .held = held,
                         .now_ms = p->now_ms,
                         .lease_until_ms = p->now_ms + MINUTE,
                         .arena = &p->keep};

    v.lane_count = random_lanes(p, lanes, caps, random_caps(p, caps, 3));
    v.held_count = player_held(p, held);
    player_run(p, &v.op, HY_VERB_CLAIM, "claim");
    hy_buf_printf(&p->out, "  count=%zu ended=%zu freed=%zu\n", v.count, v.ended, v.freed);
    for (size_t i = 0; i < v.lane_count; i++)
        hy_buf_printf(&p->out, "  lane claimed=%zu next=%" PRId64 "\n", lanes[i].claimed,
                      lanes[i].next_due_ms);
    for (size_t i = 0; i < v.count; i++) {
        print_message(&p->out, &v.claimed[i].message);
        print_grant(&p->out, &v.claimed[i].grant);
        take_off(p, &v.claimed[i]);
    }
}

/* 43101 is an answer about subscriptions alone. */
static struct hy_judgement random_judgement(struct player *p, const struct hy_grant *g)
{
    static const struct {
        enum hy_verdict verdict;
        const char *errcode;
    } answers[] = {
        {HY_VERDICT_OK, ""},
        {HY_VERDICT_OK, ""},
        {HY_VERDICT_OK, ""},
        {HY_VERDICT_UNKNOWN, ""},
        {HY_VERDICT_UNKNOWN, ""},
        {HY_VERDICT_TRANSIENT, "-1"},
        {HY_VERDICT_TRANSIENT, "-1"},
        {HY_VERDICT_TOKEN, "40001"},
        {HY_VERDICT_RATE, "45009"},
        {HY_VERDICT_GRANT_GONE, "41028"},
        {HY_VERDICT_GRANT_GONE, "41029"},
        {HY_VERDICT_GRANT_GONE, "43101"},
        {HY_VERDICT_GRANT_GONE, "43101"},
        {HY_VERDICT_BAD_PAYLOAD, "40037"},
        {HY_VERDICT_USER_GONE, "40003"},
        {HY_VERDICT_ACCOUNT, "48001"},
    };
    size_t i = player_pick(p, sizeof answers / sizeof *answers);
    struct hy_judgement j = judged(answers[i].verdict, answers[i].errcode);

    if (j.grant_refused && g->id > 0 && hy_grant_is_receipt(g->kind))
        j = judged(HY_VERDICT_GRANT_GONE, "41028");
    if (j.verdict == HY_VERDICT_OK)
        j.msgid = player_chance(p, 70) ? ++p->msgids : 0;
    j.not_sent = j.verdict == HY_VERDICT_TRANSIENT && player_chance(p, 30);
    return j;
}

static void burn(struct player *p, const struct hy_grant *g, enum hy_grant_move move)
{
    if (g->id == 0 || g->kind == HY_GRANT_ALWAYS ||
        (move != HY_GRANT_SPEND && move != HY_GRANT_DOUBT))
        return;
    CHECK(g->id < GRANTS_MAX);
    CHECK(++p->burned[g->id] <= g->uses_total); /* two messages never share a use */
}

static void move_settle(struct player *p)
{
    size_t at = p->flight_count > 0 ? player_pick(p, p->flight_count) : 0;
    struct hy_judgement j;
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = p->now_ms};

    if (p->flight_count == 0)
        return;
    j = random_judgement(p, &p->flights[at]->grant);
    rig.now_ms = p->now_ms; /* settled() looks at all three */
    rig.expect_event = player_chance(p, 70);
    rig.rules.burst = player_chance(p, 20);
    rig.heard_for_ms = player_chance(p, 70) ? 6 * HOUR : 0;
    rig.gap_ms = player_chance(p, 20) ? 5 * SECOND : 0;
    item = settled(p->flights[at], &j);
    if (player_chance(p, 3))
        item.attempt.number++;
    player_run(p, &v.op, HY_VERB_SETTLE, "settle");
    hy_buf_printf(&p->out, "  id=%" PRId64 " verdict=%s result=%d\n", item.message_id,
                  hy_verdict_names[j.verdict], item.result);
    if (item.result != 0)
        return;
    hy_buf_printf(&p->out, "  state=%d freed=%zu\n", item.state, v.freed);
    p->sent[p->sent_count % SENT_MAX] = p->flights[at]->message;
    p->sent[p->sent_count++ % SENT_MAX].msgid = j.msgid;
    burn(p, &p->flights[at]->grant, item.settlement.grant_move);
    p->flights[at] = p->flights[--p->flight_count];
    if (player_chance(p, 5)) { /* the same again */
        player_run(p, &v.op, HY_VERB_SETTLE, "settle again");
        CHECK_INT(item.result, HY_E_CONFLICT);
    }
}

static void move_cancel(struct player *p)
{
    struct hy_cancel v = {.now_ms = p->now_ms};
    size_t recent = p->known_count < 40 ? p->known_count : 40;

    if (recent == 0)
        return;
    v.message_id = p->known[(p->known_count - 1 - player_pick(p, recent)) % IDS_MAX];
    player_run(p, &v.op, HY_VERB_CANCEL, "cancel");
    hy_buf_printf(&p->out, "  id=%" PRId64 " state=%d\n", v.message_id, v.state);
}

static void move_sweep(struct player *p)
{
    struct hy_sweep v = {.now_ms = p->now_ms, .limit = player_pick(p, 5) + 1};

    player_run(p, &v.op, HY_VERB_SWEEP, "sweep");
    hy_buf_printf(&p->out, "  expired=%zu next=%lld\n", v.expired, (long long)v.next_ms);
}

static void move_purge(struct player *p)
{
    struct hy_purge v = {.app_no = p->apps[player_pick(p, APPS)],
                         .now_ms = p->now_ms,
                         .margin_ms = DAY,
                         .limit = player_pick(p, 5) + 1};

    player_run(p, &v.op, HY_VERB_PURGE, "purge");
    hy_buf_printf(&p->out, "  purged=%zu\n", v.purged);
}

static void move_recover(struct player *p)
{
    struct hy_recover_app apps[APPS];
    struct hy_recover v = {.now_ms = p->now_ms, .apps = apps, .app_count = APPS};

    for (int i = 0; i < APPS; i++)
        apps[i] = (struct hy_recover_app){.app_no = p->apps[i],
                                          .rules = hy_settle_rules_default,
                                          .expect_event = i == 0,
                                          .heard_for_ms = HOUR};

    player_run(p, &v.op, HY_VERB_RECOVER, "recover");
    hy_buf_printf(&p->out, "  recovered=%zu last=%" PRId64 "\n", v.recovered, v.last_message_id);
    CHECK_INT(v.recovered, p->flight_count);
    p->flight_count = 0;
}

static void add_app(struct player *p, int at)
{
    struct hy_app_put v = {.app = {.id = hy_arena_printf(&p->arena, "wx-%d", ++p->app_names % 3),
                                   .platform = "wechat_mini",
                                   .settings = "{}",
                                   .secret = {"s", 1}}};

    if (player_run(p, &v.op, HY_VERB_APP_PUT, "app_put") == 0)
        p->apps[at] = v.app.no;
    hy_buf_printf(&p->out, "  no=%" PRId64 "\n", v.app.no);
}

static void move_app(struct player *p)
{
    int at = (int)player_pick(p, APPS);
    struct hy_app_delete v = {.app_no = p->apps[at], .now_ms = p->now_ms};

    player_run(p, &v.op, HY_VERB_APP_DELETE, "app_delete");
    if (player_chance(p, 50))
        player_run(p, &v.op, HY_VERB_APP_DELETE, "app_delete again");
    add_app(p, at);
}

static void move_token(struct player *p)
{
    struct hy_token_begin b = {.app_no = p->apps[player_pick(p, APPS)],
                               .version = (int64_t)player_pick(p, 3),
                               .now_ms = p->now_ms,
                               .lease_until_ms = p->now_ms + MINUTE,
                               .day = p->now_ms / DAY,
                               .forced = player_chance(p, 30),
                               .calls_max = 20,
                               .forced_max = 5,
                               .forced_gap_ms = 30 * SECOND,
                               .arena = &p->arena};
    struct hy_token_end e = {
        .app_no = b.app_no, .version = b.version, .obtained_at_ms = p->now_ms, .error = "no"};

    player_run(p, &b.op, HY_VERB_TOKEN_BEGIN, "token_begin");
    if (b.op.result >= 0)
        print_token(&p->out, &b.token);
    if (player_chance(p, 40))
        e.access = (struct hy_sealed){"token", 5};
    if (player_chance(p, 80))
        player_run(p, &e.op, HY_VERB_TOKEN_END, "token_end");
}

static void move_schedule(struct player *p)
{
    struct hy_schedule_put v = {
        .schedule = {.app_no = p->apps[player_pick(p, APPS)],
                     .name = hy_arena_printf(&p->arena, "s%d", (int)player_pick(p, 5)),
                     .cron = "* * * * *",
                     .timezone = "UTC",
                     .message = player_chance(p, 50) ? "{}" : NULL,
                     .max_late_s = (int64_t)player_pick(p, 100),
                     .next_run_ms = p->now_ms}};
    struct hy_admit_item item;
    struct hy_schedule_fire f = {.due_ms = p->now_ms,
                                 .next_run_ms = p->now_ms + MINUTE,
                                 .now_ms = p->now_ms,
                                 .result = "fired",
                                 .key_window_ms = DAY,
                                 .arena = &p->arena};
    struct hy_schedule_delete d;

    if (!v.schedule.message)
        v.schedule.broadcast = "{}";
    if (player_run(p, &v.op, HY_VERB_SCHEDULE_PUT, "schedule_put") == 0)
        p->schedules++;
    f.schedule_id = (int64_t)player_pick(p, (uint64_t)p->schedules + 2);
    random_item(p, &item);
    f.item = player_chance(p, 50) ? &item : NULL;
    f.broadcast = !f.item && player_chance(p, 50) ? player_random_make(p) : NULL;
    if (player_run(p, &f.op, HY_VERB_SCHEDULE_FIRE, "schedule_fire") == 0) {
        if (f.item)
            print_admitted(p, &item);
        if (f.broadcast)
            player_print_make(p, f.broadcast);
    }
    d = (struct hy_schedule_delete){.schedule_id =
                                        (int64_t)player_pick(p, (uint64_t)p->schedules + 2)};
    if (player_chance(p, 30))
        player_run(p, &d.op, HY_VERB_SCHEDULE_DELETE, "schedule_delete");
}

static void move_time(struct player *p)
{
    static const int64_t spans[] = {SECOND, MINUTE, MINUTE, HOUR, 6 * HOUR, DAY};

    p->now_ms += (int64_t)player_pick(p, (uint64_t)spans[player_pick(p, 6)]);
}

/* --- the player ------------------------------------------------------------------------------- */

void player_move(struct player *p)
{
    static const struct {
        void (*play)(struct player *p);
        unsigned weight; /* of 1000 */
    } moves[] = {
        {player_move_deposit, 100},
        {player_move_hear, 45},
        {move_admit, 120},
        {move_claim, 160},
        {move_settle, 210},
        {move_time, 80},
        {move_cancel, 35},
        {move_sweep, 20},
        {move_purge, 15},
        {player_move_look, 30},
        {move_token, 10},
        {move_schedule, 15},
        {move_recover, 5},
        {move_app, 3},
        {player_move_broadcast, 70},
        {player_move_webhook, 7},
        {player_move_outbox, 30},
        {player_move_again, 25},
        {player_move_keep, 20},
    };
    unsigned n = (unsigned)player_pick(p, 1000);

    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (n < moves[i].weight) {
            moves[i].play(p);
            return;
        }
        n -= moves[i].weight;
    }
}

void player_init(struct player *p, struct hy_store *store, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    p->store = store;
    p->random = seed * 0x9E3779B97F4A7C15u + 1;
    p->now_ms = p->start_ms = rig.now_ms;
    hy_arena_init(&p->arena);
    hy_arena_init(&p->keep);
    hy_buf_init(&p->out, 64u << 20);
    for (int i = 0; i < APPS; i++)
        add_app(p, i);
}

void player_deinit(struct player *p)
{
    hy_arena_deinit(&p->arena);
    hy_arena_deinit(&p->keep);
    hy_buf_deinit(&p->out);
}

/* The players' retries and dead letters, and what is kept for how long. */
#include "store_player.h"

#include "store_print.h"

#include <inttypes.h>

/* --- again ------------------------------------------------------------------------------------ */

/* Of the newest ones in a state that may be retried; now and then any other. */
static int64_t some_message(struct player *p)
{
    static const int states[] = {HY_MESSAGE_FAILED, HY_MESSAGE_UNKNOWN, HY_MESSAGE_EXPIRED, -1};
    struct hy_message_list v = {.op.verb = HY_VERB_MESSAGE_LIST,
                                .state = states[player_pick(p, 4)],
                                .limit = 20,
                                .arena = &p->arena};

    CHECK_INT(hy_store_run(p->store, &v.op), 0);
    return v.count > 0 ? v.messages[player_pick(p, v.count)].id : 4711;
}

static void retry(struct player *p)
{
    struct hy_retry v = {.now_ms = p->now_ms,
                         .set_expiry = player_chance(p, 30),
                         .expires_at_ms =
                             player_chance(p, 50) ? p->now_ms + (int64_t)player_pick(p, DAY) : 0};

    v.message_id = some_message(p);
    if (player_run(p, &v.op, HY_VERB_RETRY, "retry") != HY_E_NOT_FOUND)
        hy_buf_printf(&p->out, "  state=%d app=%" PRId64 " queue=%d\n", v.state, v.app_no, v.queue);
}

static struct hy_dead_filter random_filter(struct player *p)
{
    static const int states[] = {-1, -1, HY_MESSAGE_FAILED, HY_MESSAGE_UNKNOWN};
    struct hy_dead_filter f = {.app_no = player_chance(p, 60) ? p->apps[player_pick(p, APPS)] : 0,
                               .state = states[player_pick(p, 4)],
                               .reason = player_chance(p, 30) ? "no_grant" : NULL,
                               .template_id = player_chance(p, 30) ? "T2" : NULL,
                               .tag = player_chance(p, 20) ? "tag" : NULL,
                               .broadcast_id =
                                   player_chance(p, 20) ? (int64_t)player_pick(p, 5) : 0};

    if (player_chance(p, 50))
        f.from_id = hy_message_id_at(p->now_ms - (int64_t)player_pick(p, DAY));
    if (player_chance(p, 20))
        f.until_id = hy_message_id_at(p->now_ms - (int64_t)player_pick(p, DAY / 2));
    return f;
}

/* Pieces may be of any size: only what they come to is compared. */
static void dead_retry(struct player *p)
{
    struct hy_dead_retry v = {.filter = random_filter(p),
                              .dry = player_chance(p, 50),
                              .now_ms = p->now_ms,
                              .limit = player_pick(p, 50) + 1};
    size_t matched = 0, retried = 0, skipped = 0;

    player_run(p, &v.op, HY_VERB_DEAD_RETRY, "dead_retry");
    for (;;) {
        CHECK_INT(v.op.result, 0);
        matched += v.matched;
        retried += v.retried;
        skipped += v.skipped;
        if (!v.more)
            break;
        CHECK(v.next_before_id > 0 && (v.before_id == 0 || v.next_before_id < v.before_id));
        v.before_id = v.next_before_id;
        v.op.verb = HY_VERB_DEAD_RETRY;
        hy_store_run(p->store, &v.op);
    }
    hy_buf_printf(&p->out, "  matched=%zu retried=%zu skipped=%zu\n", matched, retried, skipped);
}

static void dead_groups(struct player *p)
{
    struct hy_dead_groups v = {
        .filter = random_filter(p), .limit = player_pick(p, 100) + 1, .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_DEAD_GROUPS, "dead_groups");
    hy_buf_printf(&p->out, "  more=%d\n", v.more);
    for (size_t i = 0; i < v.count; i++)
        hy_buf_printf(&p->out,
                      "  app=%" PRId64 " state=%d reason=%s messages=%" PRId64 " newest=%" PRId64
                      " template=%s errmsg=%s\n",
                      v.groups[i].app_no, v.groups[i].state,
                      v.groups[i].reason ? v.groups[i].reason : "-", v.groups[i].messages,
                      v.groups[i].newest_id, v.groups[i].template_id,
                      v.groups[i].errmsg ? v.groups[i].errmsg : "-");
}

static void rewind_due(struct player *p)
{
    struct hy_rewind v = {.now_ms = p->now_ms,
                          .slack_ms = (int64_t)player_pick(p, HOUR),
                          .limit = player_pick(p, 5) + 1};

    player_run(p, &v.op, HY_VERB_REWIND, "rewind");
    hy_buf_printf(&p->out, "  rewound=%zu\n", v.rewound);
}

void player_move_again(struct player *p)
{
    unsigned what = (unsigned)player_pick(p, 100);

    if (what < 60)
        retry(p);
    else if (what < 75)
        dead_retry(p);
    else if (what < 90)
        dead_groups(p);
    else
        rewind_due(p);
}

/* --- keeping ---------------------------------------------------------------------------------- */

static void retain(struct player *p)
{
    struct hy_retain v = {.kind = (enum hy_retain_kind)player_pick(p, HY_RETAIN_KINDS),
                          .before_ms = p->now_ms - (int64_t)player_pick(p, DAY) - HOUR,
                          .limit = player_pick(p, 100) + 1};
    size_t deleted = 0;

    player_run(p, &v.op, HY_VERB_RETAIN, hy_retain_names[v.kind]);
    for (;;) {
        CHECK_INT(v.op.result, 0);
        deleted += v.deleted;
        if (!v.more)
            break;
        v.op.verb = HY_VERB_RETAIN;
        hy_store_run(p->store, &v.op);
    }
    hy_buf_printf(&p->out, "  deleted=%zu\n", deleted);
}

static void tidy(struct player *p)
{
    struct hy_tidy v = {.now_ms = p->now_ms, .limit = 100000};

    player_run(p, &v.op, HY_VERB_TIDY, "tidy");
}

static void pause_lane(struct player *p)
{
    struct hy_pause_put v = {
        .pause = {.app_no = p->apps[player_pick(p, APPS)],
                  .channel = (enum hy_channel)player_pick(p, HY_CHANNELS),
                  .until_ms = player_chance(p, 60) ? p->now_ms + (int64_t)player_pick(p, DAY) : 0,
                  .since_ms = p->now_ms,
                  .probe = player_chance(p, 50),
                  .reason = "rate.45009"}};
    struct hy_pauses all = {.arena = &p->arena};

    player_run(p, &v.op, HY_VERB_PAUSE_PUT, "pause_put");
    player_run(p, &all.op, HY_VERB_PAUSES, "pauses");
    for (size_t i = 0; i < all.count; i++)
        print_pause(&p->out, &all.pauses[i]);
}

static void audits(struct player *p)
{
    struct hy_audit_list v = {.action = player_chance(p, 50) ? "broadcast_" : NULL,
                              .subject = player_chance(p, 20) ? "wx-1" : NULL,
                              .limit = player_pick(p, 10) + 1,
                              .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_AUDITS, "audits");
    hy_buf_printf(&p->out, "  more=%d\n", v.more);
    for (size_t i = 0; i < v.count; i++)
        print_audit(&p->out, &v.audits[i]);
}

void player_look_at_audits(struct player *p)
{
    struct hy_audit_list v = {.limit = 1000, .arena = &p->arena};

    do {
        player_run(p, &v.op, HY_VERB_AUDITS, "audits");
        for (size_t i = 0; i < v.count; i++)
            print_audit(&p->out, &v.audits[i]);
        v.before_id = v.count > 0 ? v.audits[v.count - 1].id : 0;
    } while (v.more);
}

void player_move_keep(struct player *p)
{
    unsigned what = (unsigned)player_pick(p, 100);

    if (what < 50)
        retain(p);
    else if (what < 60)
        tidy(p);
    else if (what < 80)
        pause_lane(p);
    else
        audits(p);
}

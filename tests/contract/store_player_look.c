/* What the players read: each answer is written out, so that it is compared. */
#include "store_player.h"

#include "store_print.h"

#include <inttypes.h>

static void look_at_grants(struct player *p, int64_t app_no, const char *user,
                           const char *template_id, size_t limit)
{
    struct hy_grant_list v = {.app_no = app_no,
                              .user = user,
                              .template_id = template_id,
                              .now_ms = p->now_ms,
                              .margin_ms = DAY,
                              .limit = limit,
                              .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_GRANT_LIST, "grant_list");
    hy_buf_printf(&p->out, "  available=%" PRId64 "\n", v.available);
    for (size_t i = 0; i < v.count; i++)
        print_grant(&p->out, &v.grants[i]);
}

static void look_at_messages(struct player *p, struct hy_message_list v, bool attempts)
{
    v.arena = &p->arena;
    do {
        v.op.verb = HY_VERB_MESSAGE_LIST;
        CHECK_INT(hy_store_run(p->store, &v.op), 0);
        for (size_t i = 0; i < v.count; i++) {
            struct hy_message_get g = {.message_id = v.messages[i].id, .arena = &p->arena};

            print_message(&p->out, &v.messages[i]);
            if (attempts)
                player_run(p, &g.op, HY_VERB_MESSAGE_GET, "message_get");
            for (size_t a = 0; a < g.attempt_count; a++)
                print_attempt(&p->out, &g.attempts[a]);
        }
        v.before_id = v.next_before_id;
    } while (v.more);
}

/* --- reach ------------------------------------------------------------------------------------ */

static const char *user_name(struct player *p, int u)
{
    if (u >= USERS)
        return hy_arena_printf(&p->arena, "bulk%d", u - USERS);
    return hy_arena_printf(&p->arena, "user%d", u);
}

/* Counted straight, through each user's list: suspect ones are in those, but not in reach. */
static struct hy_reach counted(struct player *p, int64_t app_no, enum hy_template_kind kind,
                               int64_t margin_ms)
{
    struct hy_reach sum = {0};

    for (int u = 0; u < USERS + BULK_USERS; u++) {
        struct hy_grant_list v = {.op.verb = HY_VERB_GRANT_LIST,
                                  .app_no = app_no,
                                  .user = user_name(p, u),
                                  .template_id = "T1",
                                  .template_kind = kind,
                                  .now_ms = p->now_ms,
                                  .margin_ms = margin_ms,
                                  .limit = 1000,
                                  .arena = &p->arena};
        int64_t uses = 0;

        CHECK_INT(hy_store_run(p->store, &v.op), 0);
        for (size_t i = 0; i < v.count; i++)
            if (v.grants[i].state == HY_GRANT_AVAILABLE &&
                hy_grant_usable(&v.grants[i], p->now_ms, margin_ms))
                uses += v.grants[i].uses_left - v.grants[i].uses_reserved;
        sum.uses += uses;
        sum.users += uses > 0;
    }
    return sum;
}

/* Receipts may be left out up to a minute early. */
static void look_at_reach(struct player *p, int64_t app_no)
{
    static const enum hy_template_kind kinds[] = {HY_TEMPLATE_LEGACY, HY_TEMPLATE_ONCE};

    for (int i = 0; i < 2; i++) {
        struct hy_reach most = counted(p, app_no, kinds[i], DAY);
        struct hy_reach least = counted(p, app_no, kinds[i], DAY + MINUTE);
        struct hy_reach v = {.app_no = app_no,
                             .template_id = "T1",
                             .template_kind = kinds[i],
                             .now_ms = p->now_ms,
                             .margin_ms = DAY};

        player_run(p, &v.op, HY_VERB_REACH, "reach");
        if (v.users < least.users || v.users > most.users || v.uses < least.uses ||
            v.uses > most.uses)
            hy_tap_fail(__FILE__, __LINE__,
                        "%s: reach of kind %d is %lld users, %lld uses; counted %lld, %lld",
                        hy_store_kind(p->store), (int)kinds[i], (long long)v.users,
                        (long long)v.uses, (long long)most.users, (long long)most.uses);
    }
}

static void look_at_prospects(struct player *p, int64_t app_no, const char *user)
{
    struct hy_prospect items[2] = {{.template_id = "T1"},
                                   {.template_id = "T2", .template_kind = HY_TEMPLATE_ONCE}};
    struct hy_prospects v = {.app_no = app_no,
                             .user = user,
                             .items = items,
                             .count = 2,
                             .now_ms = p->now_ms,
                             .margin_ms = DAY,
                             .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_PROSPECTS, "prospects");
    for (int i = 0; i < 2; i++) {
        hy_buf_printf(&p->out,
                      "  available=%" PRId64 " waiting=%" PRId64 " answered=%" PRId64 " %s\n",
                      items[i].available, items[i].waiting, items[i].answered_at_ms,
                      hy_answer_names[items[i].answer]);
        print_grant(&p->out, &items[i].counter);
    }
}

static void look_at_timeline(struct player *p, int64_t app_no, const char *user, size_t limit)
{
    struct hy_timeline_read v = {
        .app_no = app_no, .user = user, .limit = limit, .arena = &p->arena};

    player_run(p, &v.op, HY_VERB_TIMELINE, "timeline");
    for (size_t i = 0; i < v.grant_count; i++)
        print_grant(&p->out, &v.grants[i]);
    for (size_t i = 0; i < v.answer_count; i++)
        print_answer(&p->out, &v.answers[i]);
    for (size_t i = 0; i < v.event_count; i++)
        print_event(&p->out, &v.events[i]);
    for (size_t i = 0; i < v.message_count; i++) {
        print_message(&p->out, &v.messages[i].message);
        for (size_t a = 0; a < v.messages[i].attempt_count; a++)
            print_attempt(&p->out, &v.messages[i].attempts[a]);
    }
}

/* --- looking here and there, and at everything ------------------------------------------------ */

void player_move_look(struct player *p)
{
    struct hy_message_list v = {.state = -1, .limit = player_pick(p, 20) + 1};

    look_at_grants(p, p->apps[player_pick(p, APPS)], player_user(p),
                   player_chance(p, 50) ? "T1" : NULL, player_pick(p, 10) + 1);
    v.app_no = player_chance(p, 50) ? p->apps[player_pick(p, APPS)] : 0;
    v.user = player_chance(p, 50) ? player_user(p) : NULL;
    v.state = player_chance(p, 50) ? (int)player_pick(p, HY_MESSAGE_STATES) : -1;
    v.template_id = player_chance(p, 30) ? "T2" : NULL;
    v.tag = player_chance(p, 30) ? "tag" : NULL;
    v.reason = player_chance(p, 20) ? "no_grant" : NULL;
    v.broadcast_id = player_chance(p, 20) ? (int64_t)player_pick(p, 5) : 0;
    look_at_messages(p, v, false);
    look_at_reach(p, p->apps[player_pick(p, APPS)]);
    look_at_prospects(p, p->apps[player_pick(p, APPS)], player_user(p));
    look_at_timeline(p, p->apps[player_pick(p, APPS)], player_user(p), player_pick(p, 5) + 1);
}

static void look_at_counts(struct player *p)
{
    struct hy_counts v = {.arena = &p->arena};

    player_run(p, &v.op, HY_VERB_COUNTS, "counts");
    for (size_t i = 0; i < v.count; i++)
        hy_buf_printf(&p->out, "  app=%" PRId64 " state=%d messages=%" PRId64 "\n",
                      v.counts[i].app_no, v.counts[i].state, v.counts[i].messages);
    hy_buf_printf(&p->out, "  available=%" PRId64 "\n", v.grants_available);
}

void player_look(struct player *p)
{
    struct hy_apps apps = {.arena = &p->arena};
    struct hy_tokens tokens = {.arena = &p->arena};
    struct hy_schedules schedules = {.arena = &p->arena};

    look_at_messages(p, (struct hy_message_list){.state = -1, .limit = 100}, true);
    look_at_counts(p);
    player_look_at_broadcasts(p);
    player_look_at_webhooks(p);
    player_look_at_audits(p);
    player_run(p, &apps.op, HY_VERB_APPS, "apps");
    for (size_t i = 0; i < apps.count; i++) {
        print_app(&p->out, &apps.apps[i]);
        look_at_reach(p, apps.apps[i].no);
        for (int u = 0; u < USERS + BULK_USERS; u++) {
            const char *user = user_name(p, u);

            look_at_grants(p, apps.apps[i].no, user, NULL, 1000);
            look_at_timeline(p, apps.apps[i].no, user, 1000);
        }
    }
    player_run(p, &tokens.op, HY_VERB_TOKENS, "tokens");
    for (size_t i = 0; i < tokens.count; i++)
        print_token(&p->out, &tokens.tokens[i]);
    player_run(p, &schedules.op, HY_VERB_SCHEDULES, "schedules");
    for (size_t i = 0; i < schedules.count; i++)
        print_schedule(&p->out, &schedules.schedules[i]);
}

void player_check(struct player *p)
{
    struct hy_check v = {.arena = &p->arena};

    player_run(p, &v.op, HY_VERB_CHECK, "check");
    if (v.count > 0)
        hy_tap_fail(__FILE__, __LINE__, "%s: check: %s", hy_store_kind(p->store), v.findings[0]);
}

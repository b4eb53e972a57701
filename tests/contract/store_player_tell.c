/* What the players tell: grants, answers and callbacks. */
#include "store_player.h"

#include <inttypes.h>

enum { REPORTS = 60, WINDOW_MS = 10 * MINUTE };

static const uint8_t *identity(struct player *p, const char *kind, int64_t number)
{
    char *text = hy_arena_printf(&p->keep, "%s %lld", kind, (long long)number);
    uint8_t *bytes = (uint8_t *)hy_arena_alloc(&p->keep, HY_IDENTITY_BYTES);

    memcpy(bytes, text, strnlen(text, HY_IDENTITY_BYTES));
    return bytes;
}

/* One of a few reports that come again and again, each with its own instant. */
static void random_identity(struct player *p, struct hy_deposit_item *item)
{
    int64_t report = (int64_t)player_pick(p, REPORTS);

    item->identity = identity(p, "report", report);
    item->identity_at_ms = p->start_ms + report * HOUR;
}

static void random_answer(struct player *p, struct hy_deposit_item *item, enum hy_source source)
{
    struct hy_grant *g = &item->grant;
    unsigned what = (unsigned)player_pick(p, 100);

    item->source = source;
    item->window_ms = WINDOW_MS;
    item->answer = what < 80   ? HY_ANSWER_ACCEPT
                   : what < 90 ? HY_ANSWER_WITHDRAW
                               : (enum hy_answer_kind)player_pick(p, HY_ANSWERS);
    g->template_id = player_chance(p, 70) ? "T1" : "T2";
    g->obtained_at_ms = p->now_ms - (int64_t)player_pick(p, HOUR);
    g->uses_total = 1;
    if (g->kind == HY_GRANT_ONCE && item->answer == HY_ANSWER_ACCEPT && source == HY_SOURCE_BACKEND)
        g->uses_total += (int32_t)player_pick(p, 3);
    g->uses_left = g->uses_total;
    if (player_chance(p, 40))
        random_identity(p, item);
}

static void random_grant(struct player *p, struct hy_deposit_item *item)
{
    struct hy_grant *g = &item->grant;

    *item = (struct hy_deposit_item){.margin_ms = DAY};
    g->app_no = p->apps[player_pick(p, APPS)];
    g->user = player_user(p);
    g->kind = player_chance(p, 2) ? HY_GRANT_ALWAYS : (enum hy_grant_kind)player_pick(p, 3);
    if (!hy_grant_is_receipt(g->kind)) {
        random_answer(p, item, (enum hy_source)player_pick(p, HY_SOURCES));
        return;
    }
    g->uses_total = g->uses_left = hy_grant_uses(g->kind);
    g->obtained_at_ms = p->now_ms - (int64_t)player_pick(p, HOUR);
    if (!player_chance(p, 15) || p->credentials == 0)
        p->credentials++;
    g->credential = hy_arena_printf(
        &p->arena, "c%d", p->credentials - (int)(player_chance(p, 20) ? player_pick(p, 5) : 0));
    g->expires_at_ms = p->now_ms + (int64_t)player_pick(p, 8 * (uint64_t)DAY);
}

static void print_items(struct player *p, const struct hy_deposit_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hy_buf_printf(&p->out, "  id=%" PRId64 " duplicate=%d added=%d\n", items[i].grant.id,
                      items[i].duplicate, items[i].added);
}

void player_move_deposit(struct player *p)
{
    struct hy_deposit_item items[3];
    struct hy_deposit v = {.items = items, .count = player_pick(p, 3) + 1, .now_ms = p->now_ms};

    for (size_t i = 0; i < v.count; i++)
        random_grant(p, &items[i]);
    player_run(p, &v.op, HY_VERB_DEPOSIT, "deposit");
    print_items(p, items, v.count);
    hy_buf_printf(&p->out, "  woken=%zu\n", v.woken);
}

/* --- callbacks -------------------------------------------------------------------------------- */

/* A message that the platform may tell of: one that is under way, or was settled not long ago. */
static struct hy_message told_message(struct player *p)
{
    size_t known = p->sent_count < SENT_MAX ? p->sent_count : SENT_MAX;
    struct hy_message m = {.app_no = p->apps[0], .user = "user0", .template_id = "T1"};

    if (known > 0 && player_chance(p, 75))
        return p->sent[player_pick(p, known)];
    if (p->flight_count == 0)
        return m;
    m = p->flights[player_pick(p, p->flight_count)]->message;
    m.msgid = p->msgids + 1; /* if it is the next that is settled */
    return m;
}

static void random_sent(struct player *p, const struct hy_message *about, struct hy_sent_item *item)
{
    *item = (struct hy_sent_item){.template_id = player_chance(p, 90) ? about->template_id : "T2",
                                  .msgid = player_chance(p, 70) ? about->msgid
                                                                : (int64_t)player_pick(p, 1000),
                                  .delivered = player_chance(p, 70)};
    item->reason = item->delivered ? NULL : "event.1003";
    memcpy(item->identity, identity(p, "sent", ++p->events), HY_IDENTITY_BYTES);
}

static void random_heard_answer(struct player *p, const struct hy_hear *v,
                                struct hy_deposit_item *item)
{
    *item = (struct hy_deposit_item){.margin_ms = DAY};
    item->grant.app_no = v->app_no;
    item->grant.user = v->user;
    item->grant.kind = HY_GRANT_ONCE;
    random_answer(p, item, HY_SOURCE_EVENT);
    item->grant.obtained_at_ms = v->created_at_ms;
    item->identity = identity(p, "answer", ++p->events);
    item->identity_at_ms = v->created_at_ms;
}

/* Lives on, to be heard again. */
static void random_hear(struct player *p)
{
    struct hy_hear *v = (struct hy_hear *)hy_arena_alloc(&p->keep, sizeof *v);
    struct hy_message about = told_message(p);

    *v = (struct hy_hear){.app_no = about.app_no,
                          .name = "event",
                          .user = about.user,
                          .created_at_ms = p->now_ms - (int64_t)player_pick(p, 10 * MINUTE),
                          .raw = "{}",
                          .answer_count = player_chance(p, 40) ? player_pick(p, 3) : 0,
                          .sent_count = player_pick(p, 3)};
    v->answers = (struct hy_deposit_item *)hy_arena_array(&p->keep, 2, sizeof *v->answers);
    v->sent = (struct hy_sent_item *)hy_arena_array(&p->keep, 2, sizeof *v->sent);
    memcpy(v->identity, identity(p, "raw", ++p->events), HY_IDENTITY_BYTES);
    for (size_t i = 0; i < v->answer_count; i++)
        random_heard_answer(p, v, &v->answers[i]);
    for (size_t i = 0; i < v->sent_count; i++)
        random_sent(p, &about, &v->sent[i]);
    p->heard[p->heard_count++ % HEARD_MAX] = v;
}

void player_move_hear(struct player *p)
{
    size_t known = p->heard_count < HEARD_MAX ? p->heard_count : HEARD_MAX;
    struct hy_hear *v;

    if (known == 0 || player_chance(p, 80)) {
        random_hear(p);
        v = p->heard[(p->heard_count - 1) % HEARD_MAX];
    } else {
        v = p->heard[player_pick(p, known)];
    }
    v->now_ms = p->now_ms;
    player_run(p, &v->op, HY_VERB_HEAR, "hear");
    hy_buf_printf(&p->out, "  fresh=%d event=%" PRId64 " woken=%zu\n", v->fresh, v->event_id,
                  v->woken);
    print_items(p, v->answers, v->answer_count);
    for (size_t i = 0; i < v->sent_count; i++)
        hy_buf_printf(&p->out, "  sent duplicate=%d message=%" PRId64 "\n", v->sent[i].duplicate,
                      v->sent[i].message_id);
}

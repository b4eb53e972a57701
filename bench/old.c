#include "old.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "common.h"
#include "store/apps.h"
#include "store/grants.h"
#include "store/messages.h"

#include <stdio.h>

enum { BATCH = 1000, DAYS_AGO = 100, USERS = 50000 };

int64_t old_app(struct hy_store *store)
{
    struct hy_app_put put = {.op = {.verb = HY_VERB_APP_PUT},
                             .app = {.id = "wx0000000000000001",
                                     .platform = "wechat_mini",
                                     .settings = "{}",
                                     .created_at_ms = hy_clock_now_ms()}};
    struct hy_apps apps = {.op.verb = HY_VERB_APPS};
    struct hy_arena arena;
    int64_t no;

    hy_arena_init(&arena);
    apps.arena = &arena;
    bench_must(hy_store_run(store, &apps.op), "apps");
    no = apps.count ? apps.apps[0].no : 0;
    hy_arena_deinit(&arena);
    if (no)
        return no;
    bench_must(hy_store_run(store, &put.op), "app");
    return put.app.no;
}

struct filling {
    struct hy_store *store;
    struct hy_message_ids ids;
    struct hy_arena arena; /* of a batch */
    int64_t app_no;
    int64_t now_ms; /* long ago */
    size_t first, count;
};

static const char *user_of(struct filling *f, size_t i)
{
    char name[BENCH_USER_BYTES];

    return hy_arena_strdup(&f->arena, bench_user((int64_t)((f->first + i) % USERS), name));
}

static void give(struct filling *f)
{
    struct hy_deposit v = {.op = {.verb = HY_VERB_DEPOSIT}, .count = f->count, .now_ms = f->now_ms};

    v.items = (struct hy_deposit_item *)hy_arena_array(&f->arena, f->count, sizeof *v.items);
    for (size_t i = 0; i < f->count; i++) {
        struct hy_grant *g = &v.items[i].grant;
        unsigned long long number = f->first + i;

        g->app_no = f->app_no;
        g->user = user_of(f, i);
        g->kind = HY_GRANT_FORM_ID;
        g->credential =
            hy_arena_printf(&f->arena, "%016llx%016llx",
                            (unsigned long long)bench_mix(number + (1ULL << 42)), number);
        g->uses_total = g->uses_left = 1;
        g->obtained_at_ms = f->now_ms;
        g->expires_at_ms = f->now_ms + 7LL * BENCH_DAY_MS;
        v.items[i].margin_ms = BENCH_DAY_MS;
    }
    bench_must(hy_store_run(f->store, &v.op), "deposit");
}

static void order(struct filling *f)
{
    struct hy_admit v = {.op = {.verb = HY_VERB_ADMIT},
                         .arena = &f->arena,
                         .count = f->count,
                         .now_ms = f->now_ms,
                         .key_window_ms = BENCH_DAY_MS};

    v.items = (struct hy_admit_item *)hy_arena_array(&f->arena, f->count, sizeof *v.items);
    for (size_t i = 0; i < f->count; i++) {
        struct hy_message *m = (struct hy_message *)hy_arena_alloc(&f->arena, sizeof *m);

        m->accepted_at_ms = f->now_ms;
        m->id = hy_message_ids_next(&f->ids, m->accepted_at_ms);
        m->app_no = f->app_no;
        m->user = user_of(f, i);
        m->template_id = "TEMPLATE-0000000000000000000000000000000001";
        m->data = "{\"keyword1\":{\"value\":\"339208499\"},\"keyword2\":{\"value\":\"2015-01-05 "
                  "12:30\"}}";
        m->page = "pages/order/detail?id=339208499";
        v.items[i].message = m;
        v.items[i].margin_ms = BENCH_DAY_MS;
    }
    bench_must(hy_store_run(f->store, &v.op), "admit");
}

static void judge(struct filling *f, const struct hy_claimed *c, struct hy_settle_item *item)
{
    struct hy_attempt *a = &item->attempt;

    item->message_id = c->message.id;
    a->number = c->message.attempt_count + 1;
    a->at_ms = f->now_ms;
    a->took_ms = 20;
    a->grant_id = c->grant.id;
    a->judgement = (struct hy_judgement){.verdict = HY_VERDICT_OK,
                                         .answered = true,
                                         .msgid = c->message.id,
                                         .errcode = "0",
                                         .errmsg = "ok"};
    hy_settle(&c->message, &c->grant, &a->judgement, &hy_settle_rules_default, f->now_ms, 0,
              &item->settlement);
}

static void deliver(struct filling *f)
{
    struct hy_claim_lane lane = {.app_no = f->app_no,
                                 .queue = HY_RANK_NORMAL,
                                 .capacity = f->count,
                                 .margin_ms = BENCH_DAY_MS};
    struct hy_claim claim = {.op = {.verb = HY_VERB_CLAIM},
                             .arena = &f->arena,
                             .lanes = &lane,
                             .lane_count = 1,
                             .now_ms = f->now_ms,
                             .lease_until_ms = f->now_ms + 60000};
    struct hy_settle v = {.op = {.verb = HY_VERB_SETTLE}, .now_ms = f->now_ms};

    bench_must(hy_store_run(f->store, &claim.op), "claim");
    bench_must(claim.count == f->count ? 0 : HY_E_CORRUPT, "a claim of all that were admitted");
    v.count = claim.count;
    v.items = (struct hy_settle_item *)hy_arena_array(&f->arena, v.count, sizeof *v.items);
    for (size_t i = 0; i < v.count; i++)
        judge(f, &claim.claimed[i], &v.items[i]);
    bench_must(hy_store_run(f->store, &v.op), "settle");
}

void old_fill(struct hy_store *store, int64_t app_no, size_t messages)
{
    struct filling f = {.store = store,
                        .app_no = app_no,
                        .now_ms = hy_clock_now_ms() - (int64_t)DAYS_AGO * BENCH_DAY_MS};

    hy_message_ids_init(&f.ids, 0, 0);
    hy_arena_init(&f.arena);
    while (f.first < messages) {
        f.count = messages - f.first < BATCH ? messages - f.first : BATCH;
        give(&f);
        order(&f);
        deliver(&f);
        f.first += f.count;
        f.now_ms += 60; /* a second for 16,000 */
        hy_arena_reset(&f.arena);
    }
    hy_arena_deinit(&f.arena);
}

#include "grants_bench.h"

#include "common.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/apps.h"

#include <stdio.h>

enum { BATCH = 5000, FILL_DAYS = 180, IDENTITY_DAYS = 30 };

const char *const bench_templates[TEMPLATES] = {
    "TEMPLATE-0000000000000000000000000000000001", "TEMPLATE-0000000000000000000000000000000002",
    "TEMPLATE-0000000000000000000000000000000003", "TEMPLATE-0000000000000000000000000000000004",
    "TEMPLATE-0000000000000000000000000000000005"};

void bench_find_app(struct bench *b)
{
    struct hy_apps v = {.op = {.verb = HY_VERB_APPS}, .arena = &b->arena};
    struct hy_app_put put = {.op = {.verb = HY_VERB_APP_PUT},
                             .app = {.id = "wx0000000000000001",
                                     .platform = "wechat_mini",
                                     .settings = "{}",
                                     .created_at_ms = b->now_ms}};

    bench_must(hy_store_run(b->store, &v.op), "apps");
    if (v.count == 0)
        bench_must(hy_store_run(b->store, &put.op), "app");
    b->app = v.count > 0 ? v.apps[0].no : put.app.no;
}

const char *bench_user_text(struct bench *b, int64_t user)
{
    char name[BENCH_USER_BYTES];

    return hy_arena_strdup(&b->arena, bench_user(user, name));
}

int64_t bench_any_user(struct bench *b)
{
    b->random = bench_mix(b->random);
    return (int64_t)(b->random % (uint64_t)b->users);
}

struct hy_message bench_message(struct bench *b, int64_t user, const char *template_id)
{
    int64_t now_ms = hy_clock_now_ms();

    return (struct hy_message){.id = hy_message_ids_next(&b->ids, now_ms),
                               .app_no = b->app,
                               .user = bench_user_text(b, user),
                               .template_id = template_id,
                               .template_kind = HY_TEMPLATE_ONCE,
                               .data = "{\"thing1\":{\"value\":\"TIT Creative Park\"}}",
                               .accepted_at_ms = now_ms};
}

int bench_first_template(int64_t user)
{
    return (int)(user % TEMPLATES);
}

void bench_counter_item(struct bench *b, struct hy_deposit_item *item, int64_t user, int template,
                        int64_t at_ms)
{
    struct hy_grant *g = &item->grant;
    uint64_t *identity = (uint64_t *)hy_arena_alloc(&b->arena, HY_IDENTITY_BYTES);

    g->app_no = b->app;
    g->user = bench_user_text(b, user);
    g->kind = HY_GRANT_ONCE;
    g->template_id = bench_templates[template % TEMPLATES];
    g->uses_total = g->uses_left = 1;
    g->obtained_at_ms = at_ms;
    identity[0] = b->random = bench_mix(b->random);
    identity[1] = bench_mix(b->random + 1);
    if (at_ms > b->now_ms - (int64_t)IDENTITY_DAYS * BENCH_DAY_MS)
        item->identity = (const uint8_t *)identity;
    item->identity_at_ms = at_ms;
    item->source = HY_SOURCE_PAGE;
    item->window_ms = 60000;
    item->margin_ms = BENCH_DAY_MS;
}

static void form_item(struct bench *b, struct hy_deposit_item *item, int64_t user, int64_t number)
{
    struct hy_grant *g = &item->grant;

    g->app_no = b->app;
    g->user = bench_user_text(b, user);
    g->kind = HY_GRANT_FORM_ID;
    g->credential = hy_arena_printf(&b->arena, "%016llx%016llx",
                                    (unsigned long long)bench_mix((uint64_t)number),
                                    (unsigned long long)bench_mix(~(uint64_t)number));
    g->uses_total = g->uses_left = 1;
    g->obtained_at_ms = b->now_ms;
    g->expires_at_ms = b->now_ms + 7LL * BENCH_DAY_MS -
                       (int64_t)(bench_mix((uint64_t)number) % (5ULL * BENCH_DAY_MS));
    item->margin_ms = BENCH_DAY_MS;
}

static void fill_item(struct bench *b, struct hy_deposit_item *item, int64_t number)
{
    int64_t ago_ms = (int64_t)FILL_DAYS * BENCH_DAY_MS;
    int64_t at_ms =
        b->now_ms - ago_ms + (int64_t)((double)ago_ms * (double)number / (double)b->grants);
    int64_t so_far = number / 10 * 8 + 1,
            user = (int64_t)(bench_mix((uint64_t)number) % (uint64_t)so_far);

    if (number % 10 < 8)
        bench_counter_item(b, item, number / 10 * 8 + number % 10,
                           bench_first_template(number / 10 * 8 + number % 10), at_ms);
    else if (number % 10 == 8)
        bench_counter_item(b, item, user, bench_first_template(user) + 1, at_ms);
    else
        form_item(b, item, user, number);
}

void bench_fill(struct bench *b)
{
    int64_t start_us = hy_clock_mono_us();

    for (int64_t done = 0; done < b->grants;) {
        struct hy_deposit v = {.op = {.verb = HY_VERB_DEPOSIT}, .now_ms = b->now_ms};

        hy_arena_reset(&b->arena);
        v.items = (struct hy_deposit_item *)hy_arena_array(&b->arena, BATCH, sizeof *v.items);
        for (; v.count < BATCH && done < b->grants; done++)
            fill_item(b, &v.items[v.count++], done);
        bench_must(hy_store_run(b->store, &v.op), "deposit");
    }
    fprintf(stderr, "grants-bench: %lld grants stored in %.0f s\n", (long long)b->grants,
            (double)(hy_clock_mono_us() - start_us) / 1e6);
}

static void leave(struct bench *b, size_t count, enum hy_on_missing on_missing, int64_t ahead_ms)
{
    for (size_t done = 0; done < count;) {
        struct hy_admit v = {.op = {.verb = HY_VERB_ADMIT},
                             .now_ms = hy_clock_now_ms(),
                             .key_window_ms = BENCH_DAY_MS,
                             .arena = &b->arena};

        hy_arena_reset(&b->arena);
        v.items = (struct hy_admit_item *)hy_arena_array(&b->arena, BATCH, sizeof *v.items);
        for (; v.count < BATCH && done < count; done++) {
            struct hy_message *m = (struct hy_message *)hy_arena_alloc(&b->arena, sizeof *m);

            *m = bench_message(b, bench_any_user(b), "TEMPLATE-0000000000000000000000000000000009");
            m->on_missing = on_missing;
            m->send_at_ms = ahead_ms ? v.now_ms + ahead_ms : 0;
            v.items[v.count++].message = m;
        }
        bench_must(hy_store_run(b->store, &v.op), "admit");
    }
}

void bench_leave_waiting(struct bench *b, size_t count)
{
    leave(b, count, HY_ON_MISSING_WAIT, 0);
}

void bench_leave_queued(struct bench *b, size_t count)
{
    leave(b, count, HY_ON_MISSING_FAIL, BENCH_DAY_MS);
}

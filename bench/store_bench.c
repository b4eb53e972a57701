/*
 * store_bench.c - what one message costs the store: admit, claim and settle, with one receipt each,
 * in transactions of different sizes.
 *
 *   store-bench [LOCATION [MESSAGES [GRANTS [COUNT [ORDER]]]]]
 *
 * LOCATION   default sqlite:store-bench.db in the working directory, which must not exist
 * MESSAGES   queued for later, before measuring (0)
 * GRANTS     receipts of as many users, before measuring (0; at least what is measured is there)
 * COUNT      messages a batch size (20000)
 * ORDER      recent: to the users who gave their receipts last, in that order (the default)
 *            scattered: to users drawn at random from all, so that grants are found all over the
 *            file; the worst there is
 *
 * CPU is that of the whole process: user and system, checkpoints included.
 */
#include "common.h"

#include "base/clock.h"
#include "base/err.h"
#include "store/apps.h"
#include "store/grants.h"
#include "store/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PRELOAD_BATCH = 5000 };

static const size_t batch_sizes[] = {1, 10, 100, 1000};
enum { SIZES = sizeof batch_sizes / sizeof *batch_sizes };

struct bench {
    struct hy_store *store;
    struct hy_message_ids ids;
    int64_t app;
    int64_t *order; /* of users: a permutation */
    size_t users;
    size_t next_user;
    uint64_t random;
};

struct cost {
    double cpu_us;
    double wall_us;
};

static struct cost now_cost(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (struct cost){(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                             (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
                         (double)hy_clock_mono_us()};
}

static void add_since(struct cost *total, struct cost since)
{
    struct cost now = now_cost();

    total->cpu_us += now.cpu_us - since.cpu_us;
    total->wall_us += now.wall_us - since.wall_us;
}

/* --- before ----------------------------------------------------------------------------------- */

static void make_app(struct bench *b)
{
    struct hy_app_put v = {.op = {.verb = HY_VERB_APP_PUT},
                           .app = {.id = "wx0000000000000001",
                                   .platform = "wechat_mini",
                                   .settings = "{}",
                                   .created_at_ms = hy_clock_now_ms()}};

    bench_must(hy_store_run(b->store, &v.op), "app");
    b->app = v.app.no;
}

static void deposit(struct bench *b, size_t first, size_t count)
{
    struct hy_deposit v = {.op = {.verb = HY_VERB_DEPOSIT}, .count = count};
    struct hy_arena arena;

    hy_arena_init(&arena);
    v.now_ms = hy_clock_now_ms();
    v.items = (struct hy_deposit_item *)hy_arena_array(&arena, count, sizeof *v.items);
    for (size_t i = 0; i < count; i++) {
        char name[BENCH_USER_BYTES];
        struct hy_grant *g = &v.items[i].grant;

        g->app_no = b->app;
        g->user = hy_arena_strdup(&arena, bench_user((int64_t)(first + i), name));
        g->kind = HY_GRANT_FORM_ID;
        g->credential = hy_arena_printf(&arena, "%016llx%016llx",
                                        (unsigned long long)bench_mix(first + i + (1ULL << 40)),
                                        (unsigned long long)bench_mix(first + i + (1ULL << 41)));
        g->uses_total = g->uses_left = 1;
        g->obtained_at_ms = v.now_ms;
        /* Given over the last five days, as it is with receipts of many pages. */
        g->expires_at_ms =
            v.now_ms + 7LL * BENCH_DAY_MS - (int64_t)(bench_mix(first + i) % (5ULL * BENCH_DAY_MS));
        v.items[i].margin_ms = BENCH_DAY_MS;
    }
    bench_must(hy_store_run(b->store, &v.op), "deposit");
    hy_arena_deinit(&arena);
}

static struct hy_message *draft(struct bench *b, struct hy_arena *arena, int64_t user,
                                int64_t send_at_ms)
{
    struct hy_message *m = (struct hy_message *)hy_arena_alloc(arena, sizeof *m);
    char name[BENCH_USER_BYTES];

    m->accepted_at_ms = hy_clock_now_ms();
    m->id = hy_message_ids_next(&b->ids, m->accepted_at_ms);
    m->app_no = b->app;
    m->user = hy_arena_strdup(arena, bench_user(user, name));
    m->template_id = "TEMPLATE-0000000000000000000000000000000001";
    m->data = "{\"keyword1\":{\"value\":\"339208499\"},\"keyword2\":{\"value\":\"2015-01-05 "
              "12:30\"},\"keyword3\":{\"value\":\"TIT Creative Park\"},\"keyword4\":{\"value\":"
              "\"397 Xingang Middle Road, Guangzhou\"}}";
    m->page = "pages/order/detail?id=339208499";
    m->send_at_ms = send_at_ms;
    return m;
}

static void admit(struct bench *b, struct hy_message **messages, size_t count, bool keep_state)
{
    struct hy_admit v = {
        .op = {.verb = HY_VERB_ADMIT}, .count = count, .key_window_ms = BENCH_DAY_MS};
    struct hy_arena arena;

    hy_arena_init(&arena);
    v.now_ms = hy_clock_now_ms();
    v.arena = &arena;
    v.items = (struct hy_admit_item *)hy_arena_array(&arena, count, sizeof *v.items);
    for (size_t i = 0; i < count; i++) {
        v.items[i].message = messages[i];
        v.items[i].margin_ms = BENCH_DAY_MS;
    }
    bench_must(hy_store_run(b->store, &v.op), "admit");
    for (size_t i = 0; keep_state && i < count; i++)
        if (messages[i]->state != HY_MESSAGE_QUEUED || messages[i]->grant_id == 0)
            bench_must(HY_E_CORRUPT, "a message without a grant");
    hy_arena_deinit(&arena);
}

static void preload(struct bench *b, size_t messages)
{
    for (size_t done = 0; done < b->users; done += PRELOAD_BATCH)
        deposit(b, done, b->users - done < PRELOAD_BATCH ? b->users - done : PRELOAD_BATCH);
    for (size_t done = 0; done < messages;) {
        struct hy_message *batch[PRELOAD_BATCH];
        struct hy_arena arena;
        size_t count = 0;

        hy_arena_init(&arena);
        for (; count < PRELOAD_BATCH && done < messages; done++)
            batch[count++] = draft(b, &arena, (int64_t)(done % b->users),
                                   hy_clock_now_ms() + BENCH_DAY_MS + (int64_t)done);
        admit(b, batch, count, false);
        hy_arena_deinit(&arena);
    }
}

static void choose_order(struct bench *b, bool scattered, size_t needed)
{
    b->order = (int64_t *)malloc(b->users * sizeof *b->order);
    if (!b->order)
        bench_must(HY_E_NOMEM, "memory");
    for (size_t i = 0; i < b->users; i++)
        b->order[i] = (int64_t)i;
    b->next_user = scattered ? 0 : b->users - needed;
    for (size_t i = b->users; scattered && i > 1; i--) {
        size_t other = (size_t)((b->random = bench_mix(b->random)) % i);
        int64_t swap = b->order[i - 1];

        b->order[i - 1] = b->order[other];
        b->order[other] = swap;
    }
}

/* --- measuring -------------------------------------------------------------------------------- */

static void settle(struct bench *b, const struct hy_claim *claimed, struct hy_arena *arena)
{
    struct hy_settle v = {.op = {.verb = HY_VERB_SETTLE}, .count = claimed->count};

    v.now_ms = hy_clock_now_ms();
    v.items = (struct hy_settle_item *)hy_arena_array(arena, v.count, sizeof *v.items);
    for (size_t i = 0; i < v.count; i++) {
        const struct hy_claimed *c = &claimed->claimed[i];
        struct hy_attempt *a = &v.items[i].attempt;

        v.items[i].message_id = c->message.id;
        a->number = c->message.attempt_count + 1;
        a->at_ms = v.now_ms;
        a->took_ms = 20;
        a->grant_id = c->grant.id;
        a->judgement.verdict = HY_VERDICT_OK;
        a->judgement.answered = true;
        a->judgement.msgid = c->message.id;
        snprintf(a->judgement.errcode, sizeof a->judgement.errcode, "0");
        snprintf(a->judgement.errmsg, sizeof a->judgement.errmsg, "ok");
        hy_settle(&c->message, &c->grant, &a->judgement, &hy_settle_rules_default, v.now_ms, 0,
                  &v.items[i].settlement);
    }
    bench_must(hy_store_run(b->store, &v.op), "settle");
}

/* One batch through all three; `costs` of admit, claim, settle. */
static void one_batch(struct bench *b, size_t size, struct cost costs[3])
{
    struct hy_claim_lane lane = {
        .app_no = b->app, .queue = HY_RANK_NORMAL, .capacity = size, .margin_ms = BENCH_DAY_MS};
    struct hy_claim claim = {.op = {.verb = HY_VERB_CLAIM}, .lanes = &lane, .lane_count = 1};
    struct hy_message *messages[1000];
    struct hy_arena arena;
    struct cost start;

    hy_arena_init(&arena);
    for (size_t i = 0; i < size; i++)
        messages[i] = draft(b, &arena, b->order[b->next_user++], 0);
    start = now_cost();
    admit(b, messages, size, true);
    add_since(&costs[0], start);

    start = now_cost();
    claim.arena = &arena;
    claim.now_ms = hy_clock_now_ms();
    claim.lease_until_ms = claim.now_ms + 60000;
    bench_must(hy_store_run(b->store, &claim.op), "claim");
    add_since(&costs[1], start);
    if (claim.count != size)
        bench_must(HY_E_CORRUPT, "a claim with fewer than were admitted");

    start = now_cost();
    settle(b, &claim, &arena);
    add_since(&costs[2], start);
    hy_arena_deinit(&arena);
}

static void measure(struct bench *b, size_t size, size_t count)
{
    struct cost costs[3] = {{0}};
    double each = (double)(count / size * size), cpu = 0, wall = 0;

    for (size_t done = 0; done + size <= count; done += size)
        one_batch(b, size, costs);
    for (int i = 0; i < 3; i++) {
        cpu += costs[i].cpu_us;
        wall += costs[i].wall_us;
    }
    printf("%6zu  %8.2f %8.2f %8.2f  %8.2f  %10.0f %10.0f %10.0f  %10.0f\n", size,
           costs[0].cpu_us / each, costs[1].cpu_us / each, costs[2].cpu_us / each, cpu / each,
           each * 1e6 / costs[0].wall_us, each * 1e6 / costs[1].wall_us,
           each * 1e6 / costs[2].wall_us, each * 1e6 / wall);
    fflush(stdout);
}

static size_t number(int argc, char **argv, int at, size_t otherwise)
{
    return argc > at ? strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    struct hy_store_config config = {.location = argc > 1 ? argv[1] : "sqlite:store-bench.db",
                                     .inline_mode = true};
    size_t messages = number(argc, argv, 2, 0), grants = number(argc, argv, 3, 0);
    size_t count = number(argc, argv, 4, 20000);
    struct bench b = {.users = grants > SIZES * count ? grants : SIZES * count, .random = 1};
    char explain[256];
    struct rusage usage;
    int64_t start;

    if (hy_store_open(&config, &b.store, explain, sizeof explain) < 0) {
        fprintf(stderr, "store-bench: %s\n", explain);
        return 1;
    }
    hy_message_ids_init(&b.ids, 0, 0);
    make_app(&b);
    start = hy_clock_mono_us();
    preload(&b, messages);
    printf("%s: %zu messages queued, %zu grants, stored in %.1f s\n", hy_store_kind(b.store),
           messages, b.users, (double)(hy_clock_mono_us() - start) / 1e6);
    choose_order(&b, argc > 5 && strcmp(argv[5], "scattered") == 0, SIZES * count);
    printf(" batch     admit    claim   settle       all     admit/s    claim/s   settle/s   "
           "messages/s\n        us of CPU a message                 wall clock\n");
    for (size_t i = 0; i < SIZES; i++)
        measure(&b, batch_sizes[i], batch_sizes[i] == 1 && count > 5000 ? 5000 : count);
    getrusage(RUSAGE_SELF, &usage);
    printf("largest memory: %ld MiB\n", usage.ru_maxrss / 1024);
    hy_store_close(b.store);
    free(b.order);
    return 0;
}

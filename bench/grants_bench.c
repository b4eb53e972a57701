/*
 * grants_bench.c - what the verbs of the ledger take beside very many grants.
 *
 *   grants-bench LOCATION [GRANTS [COUNT [FILE [WAITING [QUEUED]]]]]
 *
 * LOCATION   "sqlite:PATH"; its first app is used, or one is made
 * GRANTS     are stored before measuring (10,000): of ten, eight are the first counter of a user, one
 *            is a second one, one is a form_id; told over half a year, in that order
 * COUNT      calls of each kind (2,000), one after the other, to users drawn at random
 * FILE       gets the names of as many users, one a line
 * WAITING    messages that wait for a permission nobody gives (0), stored after the grants
 * QUEUED     messages for tomorrow (0)
 *
 * Prints a line for each kind: its name, the median and the 99th percentile in microseconds, wall
 * clock, through the front and its threads, each write a commit of its own; and the mean of the CPU
 * that the process took, user and system.
 */
#include "grants_bench.h"

#include "common.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- what is measured -------------------------------------------------------------------------- */

static void list_grants(struct bench *b)
{
    struct hy_grant_list v = {.op = {.verb = HY_VERB_GRANT_LIST},
                              .app_no = b->app,
                              .user = bench_user_text(b, bench_any_user(b)),
                              .now_ms = b->now_ms,
                              .margin_ms = BENCH_DAY_MS,
                              .limit = 100,
                              .arena = &b->arena};

    bench_must(hy_store_run(b->store, &v.op), "grant_list");
    if (v.count == 0)
        bench_must(HY_E_CORRUPT, "a user without grants");
}

static void reach(struct bench *b, enum hy_template_kind kind)
{
    struct hy_reach v = {.op = {.verb = HY_VERB_REACH},
                         .app_no = b->app,
                         .template_id = bench_templates[bench_any_user(b) % TEMPLATES],
                         .template_kind = kind,
                         .now_ms = b->now_ms,
                         .margin_ms = BENCH_DAY_MS};

    bench_must(hy_store_run(b->store, &v.op), "reach");
    if (v.users == 0)
        bench_must(HY_E_CORRUPT, "a template that reaches nobody");
}

static void reach_counters(struct bench *b)
{
    reach(b, HY_TEMPLATE_ONCE);
}

static void reach_receipts(struct bench *b)
{
    reach(b, HY_TEMPLATE_LEGACY);
}

static void prospects(struct bench *b)
{
    struct hy_prospect items[TEMPLATES];
    struct hy_prospects v = {.op = {.verb = HY_VERB_PROSPECTS},
                             .app_no = b->app,
                             .user = bench_user_text(b, bench_any_user(b)),
                             .items = items,
                             .count = TEMPLATES,
                             .now_ms = b->now_ms,
                             .margin_ms = BENCH_DAY_MS,
                             .arena = &b->arena};

    for (int i = 0; i < TEMPLATES; i++)
        items[i] = (struct hy_prospect){.template_id = bench_templates[i],
                                        .template_kind = HY_TEMPLATE_ONCE};
    bench_must(hy_store_run(b->store, &v.op), "prospects");
}

static void deposit(struct bench *b, int64_t user)
{
    struct hy_deposit_item item = {0};
    struct hy_deposit v = {
        .op = {.verb = HY_VERB_DEPOSIT}, .items = &item, .count = 1, .now_ms = hy_clock_now_ms()};

    bench_counter_item(b, &item, user, bench_first_template(user), v.now_ms);
    bench_must(hy_store_run(b->store, &v.op), "deposit");
    if (item.added != 1)
        bench_must(HY_E_CORRUPT, "an accept that added nothing");
}

static void accept_again(struct bench *b)
{
    deposit(b, bench_any_user(b));
}

static void accept_first(struct bench *b)
{
    deposit(b, b->users + (int64_t)(bench_mix(++b->random) >> 16));
}

static void admit(struct bench *b, int64_t user)
{
    struct hy_message m = bench_message(b, user, bench_templates[bench_first_template(user)]);
    struct hy_admit_item item = {.message = &m, .margin_ms = BENCH_DAY_MS};
    struct hy_admit v = {.op = {.verb = HY_VERB_ADMIT},
                         .items = &item,
                         .count = 1,
                         .now_ms = m.accepted_at_ms,
                         .key_window_ms = BENCH_DAY_MS,
                         .arena = &b->arena};

    bench_must(hy_store_run(b->store, &v.op), "admit");
}

static void settle(struct bench *b, const struct hy_claimed *c)
{
    struct hy_settle_item item = {.message_id = c->message.id,
                                  .attempt = {.number = c->message.attempt_count + 1,
                                              .at_ms = hy_clock_now_ms(),
                                              .took_ms = 20,
                                              .grant_id = c->grant.id,
                                              .judgement = {.verdict = HY_VERDICT_OK,
                                                            .answered = true,
                                                            .errcode = "0",
                                                            .msgid = c->message.id}},
                                  .expect_event = true};
    struct hy_settle v = {
        .op = {.verb = HY_VERB_SETTLE}, .items = &item, .count = 1, .now_ms = hy_clock_now_ms()};

    hy_settle(&c->message, &c->grant, &item.attempt.judgement, &hy_settle_rules_default, v.now_ms,
              0, &item.settlement);
    bench_must(hy_store_run(b->store, &v.op), "settle");
}

/* Admit, claim, settle: three commits. To one whose counter is not used up. */
static void send(struct bench *b)
{
    struct hy_claim_lane lane = {
        .app_no = b->app, .queue = HY_RANK_NORMAL, .capacity = 1, .margin_ms = BENCH_DAY_MS};
    struct hy_claim claim = {
        .op = {.verb = HY_VERB_CLAIM}, .lanes = &lane, .lane_count = 1, .arena = &b->arena};

    admit(b, bench_any_user(b));
    claim.now_ms = hy_clock_now_ms();
    claim.lease_until_ms = claim.now_ms + 60000;
    bench_must(hy_store_run(b->store, &claim.op), "claim");
    if (claim.count == 1)
        settle(b, &claim.claimed[0]);
}

/* Opens again, so that what filling has left behind is not measured: the log, pages to be written. */
static void settle_down(struct bench *b, const struct hy_store_config *config)
{
    char explain[256];

    hy_store_close(b->store);
    sync();
    bench_must(hy_store_open(config, &b->store, explain, sizeof explain), "open");
}

/* --- measuring -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*call)(struct bench *b);
} kinds[] = {
    {"grant_list", list_grants},
    {"reach, by counters", reach_counters},
    {"reach, by receipts", reach_receipts},
    {"prospects of 5 templates", prospects},
    {"deposit, a further accept", accept_again},
    {"deposit, a user's first", accept_first},
    {"admit, claim, settle", send},
};

static void name_users(struct bench *b, const char *path, size_t count)
{
    char name[BENCH_USER_BYTES];
    FILE *file = fopen(path, "w");

    for (size_t i = 0; file && i < count; i++)
        fprintf(file, "%s\n", bench_user(bench_any_user(b), name));
    if (!file || fclose(file) != 0)
        bench_must(HY_E_IO, path);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

static void measure(struct bench *b, size_t kind, size_t count)
{
    int64_t begin_us = cpu_us();
    int64_t *took_us = (int64_t *)calloc(count, sizeof *took_us);

    if (!took_us)
        bench_must(HY_E_NOMEM, "memory");
    for (size_t i = 0; i < count; i++) {
        int64_t start_us = hy_clock_mono_us();

        kinds[kind].call(b);
        took_us[i] = hy_clock_mono_us() - start_us;
        hy_arena_reset(&b->arena);
    }
    begin_us = cpu_us() - begin_us;
    qsort(took_us, count, sizeof *took_us, by_size);
    printf("%-26s %8lld %8lld %8lld\n", kinds[kind].name, (long long)took_us[count / 2],
           (long long)took_us[count * 99 / 100], (long long)(begin_us / (int64_t)count));
    fflush(stdout);
    free(took_us);
}

int main(int argc, char **argv)
{
    struct hy_store_config config = {.location = argc > 1 ? argv[1] : ""};
    struct bench b = {.grants = argc > 2 ? strtoll(argv[2], NULL, 10) : 10000, .random = 1};
    size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 2000;
    char explain[256];

    if (b.grants < 10 || count < 1 ||
        hy_store_open(&config, &b.store, explain, sizeof explain) < 0) {
        fprintf(stderr, "grants-bench: %s\n",
                b.grants < 10 || count < 1 ? "10 grants at least" : explain);
        return 1;
    }
    hy_arena_init(&b.arena);
    hy_message_ids_init(&b.ids, 0, 0);
    b.now_ms = hy_clock_now_ms();
    b.users = b.grants / 10 * 8;
    bench_find_app(&b);
    bench_fill(&b);
    bench_leave_waiting(&b, argc > 5 ? strtoul(argv[5], NULL, 10) : 0);
    bench_leave_queued(&b, argc > 6 ? strtoul(argv[6], NULL, 10) : 0);
    settle_down(&b, &config);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        measure(&b, i, count);
    if (argc > 4)
        name_users(&b, argv[4], count);
    hy_store_close(b.store);
    hy_arena_deinit(&b.arena);
    return 0;
}

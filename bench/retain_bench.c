/*
 * retain_bench.c - for how long a step of retention keeps the store's writer from everybody else: its verb and its
 * commit, each step as large as the engine would make it (engine/pace.h).
 *
 *   retain-bench [LOCATION [MESSAGES]]
 *
 * It rests between steps as the engine does, and ends a kind after 400 of them.
 *
 * LOCATION   default sqlite:retain-bench.db in the working directory, which must not exist
 * MESSAGES   old ones, sent with one attempt each, and as many spent receipts (1000000)
 *
 * On a machine that does something else beside, the wall clock says how long a step waited for a processor, too; the
 * line below it does not.
 */
#include "common.h"
#include "old.h"

#include "base/clock.h"
#include "engine/pace.h"
#include "store/housekeeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS_MAX = 400, OVER_MS = 20 };

struct steps {
    int64_t us[STEPS_MAX], cpu_us[STEPS_MAX];
    size_t count;
};

struct instant {
    int64_t us, cpu_us;
};

static struct instant now(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (struct instant){hy_clock_mono_us(), cpu.tv_sec * 1000000LL + cpu.tv_nsec / 1000};
}

static int by_length(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void tell_lengths(int64_t *us, size_t count, const char *what)
{
    size_t over = 0;

    qsort(us, count, sizeof *us, by_length);
    for (size_t i = 0; i < count; i++)
        over += us[i] > OVER_MS * 1000;
    printf("  %-10s p50 %5.1f  p99 %5.1f  max %5.1f ms, %zu over %d ms\n", what,
           (double)us[count / 2] / 1000, (double)us[count * 99 / 100] / 1000,
           (double)us[count - 1] / 1000, over, OVER_MS);
}

static void tell(struct steps *s, const char *what, size_t records)
{
    if (s->count == 0)
        return;
    printf("%zu %s in %zu steps\n", records, what, s->count);
    tell_lengths(s->us, s->count, "wall clock");
    tell_lengths(s->cpu_us, s->count, "CPU");
    fflush(stdout);
    s->count = 0;
}

static void note(struct steps *s, struct instant began)
{
    struct instant end = now();

    s->us[s->count] = end.us - began.us;
    s->cpu_us[s->count++] = end.cpu_us - began.cpu_us;
}

static void rest(int64_t ms)
{
    struct timespec length = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&length, NULL);
}

static void retain(struct hy_store *store, enum hy_retain_kind kind, struct steps *s)
{
    struct hy_retain v = {.op.verb = HY_VERB_RETAIN,
                          .kind = kind,
                          .before_ms = hy_clock_now_ms() - BENCH_DAY_MS,
                          .for_us = HY_PACE_LONGEST_US,
                          .more = true};
    struct hy_pace pace;
    size_t deleted = 0;

    hy_pace_init(&pace);
    while (v.more && s->count < STEPS_MAX) {
        struct instant began = now();

        v.limit = pace.limit;
        bench_must(hy_store_run(store, &v.op), "retain");
        note(s, began);
        rest(hy_pace_step(&pace, v.op.took_us, v.deleted));
        deleted += v.deleted;
    }
    tell(s, hy_retain_names[kind], deleted);
}

static void vacuum(struct hy_store *store, struct steps *s)
{
    struct hy_vacuum v = {
        .op.verb = HY_VERB_VACUUM, .for_us = HY_PACE_LONGEST_US, .left = SIZE_MAX};
    size_t before, first = 0;
    struct hy_pace pace;

    hy_pace_init(&pace);
    do {
        struct instant began = now();

        before = v.left;
        v.pages = pace.limit;
        bench_must(hy_store_run(store, &v.op), "vacuum");
        note(s, began);
        rest(hy_pace_step(&pace, v.op.took_us, v.pages));
        first = first ? first : v.left;
    } while (v.left > 0 && v.left < before && s->count < STEPS_MAX);
    tell(s, "pages", first - v.left);
}

int main(int argc, char **argv)
{
    struct hy_store_config config = {.location = argc > 1 ? argv[1] : "sqlite:retain-bench.db",
                                     .inline_mode = true};
    size_t messages = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000;
    struct steps *steps = calloc(1, sizeof *steps);
    struct hy_store *store;
    char explain[256];

    if (!steps || hy_store_open(&config, &store, explain, sizeof explain) < 0) {
        fprintf(stderr, "retain-bench: %s\n", steps ? explain : "out of memory");
        return 1;
    }
    old_fill(store, old_app(store), messages);
    retain(store, HY_RETAIN_MESSAGES, steps);
    retain(store, HY_RETAIN_GRANTS, steps);
    vacuum(store, steps);
    hy_store_close(store);
    free(steps);
    return 0;
}

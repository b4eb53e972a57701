/*
 * memory_table_test.c - memory that runs out in the engine and the store while the life of
 * fault_life.c is played: one allocation gets nothing, and the end must be the same. What callers ask
 * for directly is tests/unit/api/memory_test.c.
 *
 * 160 allocations are struck, spread over the whole life; HY_FAULT_STEPS=N strikes N, 0 all.
 */
#include "tap.h"

#include "fault_life.h"
#include "unit/api/short_memory.h"
#include "world.h"

#include <stdlib.h>
#include <unistd.h>

enum { PARTS = 16 };

static char path[300], command[320];
static size_t total, steps = 160, first, last;

static void play(size_t nth)
{
    static const struct fault none = {.step = 0};
    char fault[300];

    if (system(command) != 0) /* of one that failed */
        exit(2);
    short_memory_begin(nth, false);
    short_memory_pause();
    world_around(short_memory_resume, short_memory_pause);
    if (!life_play(path, &none, fault, sizeof fault))
        hy_tap_fail(__FILE__, __LINE__, "allocation %zu: %s", nth, fault);
    if (!short_memory_end() && nth > 0 && nth < total - total / 50)
        hy_tap_fail(__FILE__, __LINE__, "allocation %zu of %zu never came", nth, total);
}

static void goes_well_with_all_the_memory(void)
{
    play(0);
    total = short_memory_calls();
    printf("# %zu allocations\n", total);
}

static void play_part(void)
{
    size_t gap = steps && steps < total ? total / steps : 1;

    for (size_t nth = first; nth <= last; nth += gap)
        play(nth);
}

int main(void)
{
    const char *asked = getenv("HY_FAULT_STEPS"), *tmp = getenv("TMPDIR");
    char folder[256], title[80];

    if (asked)
        steps = (size_t)atoi(asked);
    snprintf(folder, sizeof folder, "%s/hongyan-memory-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm"
             : tmp                         ? tmp
                                           : "/tmp");
    if (!mkdtemp(folder))
        return 2;
    snprintf(path, sizeof path, "%s/life.db", folder);
    snprintf(command, sizeof command, "rm -f %s*", path);
    RUN(goes_well_with_all_the_memory);
    for (size_t i = 0; i < PARTS && total > 0; i++) {
        first = 1 + total * i / PARTS;
        last = total * (i + 1) / PARTS;
        snprintf(title, sizeof title, "no memory once, allocations %zu to %zu", first, last);
        hy_tap_run(title, play_part);
    }
    if (system(command) != 0 || rmdir(folder) != 0)
        return 2;
    return hy_tap_end();
}

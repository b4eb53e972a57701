/* Steps that adapt: on a fast disk, a slow one, and when the records change under way. */
#include "engine/pace.h"
#include "tap.h"

#include <stdbool.h>

enum { AIM_US = 8000, LONGEST_US = 20000 };

/* A store: what looking at a record costs, and deleting one. */
struct disk {
    int64_t look_us, delete_us;
};

static int64_t took_us(const struct disk *disk, size_t looked, size_t deleted)
{
    return disk->look_us * (int64_t)looked + disk->delete_us * (int64_t)deleted;
}

/* Runs steps that delete `share` in 1000 of what they look at; the longest one. */
static int64_t run(struct hy_pace *pace, const struct disk *disk, int steps, size_t share,
                   int64_t *ret_rest_ms, int64_t *ret_work_us)
{
    int64_t longest = 0, rest_ms = 0, work_us = 0;

    for (int i = 0; i < steps; i++) {
        size_t deleted = pace->limit * share / 1000;
        int64_t us = took_us(disk, pace->limit, deleted);

        longest = us > longest ? us : longest;
        work_us += us;
        rest_ms += hy_pace_step(pace, us, deleted);
    }
    if (ret_rest_ms)
        *ret_rest_ms = rest_ms;
    if (ret_work_us)
        *ret_work_us = work_us;
    return longest;
}

static void begins_small(void)
{
    struct hy_pace pace;

    hy_pace_init(&pace);
    CHECK_INT(pace.limit, 50);
}

static void grows_on_a_fast_disk(void)
{
    const struct disk disk = {.look_us = 1, .delete_us = 10};
    struct hy_pace pace;

    hy_pace_init(&pace);
    CHECK(run(&pace, &disk, 40, 1000, NULL, NULL) <= AIM_US * 5 / 4);
    CHECK(took_us(&disk, pace.limit, pace.limit) > AIM_US / 2);
}

static void shrinks_on_a_slow_one(void)
{
    const struct disk disk = {.look_us = 10, .delete_us = 2000};
    struct hy_pace pace;

    hy_pace_init(&pace);
    hy_pace_step(&pace, took_us(&disk, pace.limit, pace.limit), pace.limit);
    CHECK(took_us(&disk, pace.limit, pace.limit) <= AIM_US);
    CHECK(run(&pace, &disk, 40, 1000, NULL, NULL) <= LONGEST_US);
}

static void looks_at_one_when_one_is_too_much(void)
{
    struct hy_pace pace;

    hy_pace_init(&pace);
    hy_pace_step(&pace, 50 * 30000, 50);
    CHECK_INT(pace.limit, 1);
    CHECK_INT(hy_pace_step(&pace, 30000, 1), 270);
    CHECK_INT(pace.limit, 1);
}

/* The stretch in which nothing is old has not made it careless. */
static void is_ready_for_a_stretch_of_old_ones(void)
{
    const struct disk disk = {.look_us = 1, .delete_us = 150};
    struct hy_pace pace;

    hy_pace_init(&pace);
    run(&pace, &disk, 40, 1000, NULL, NULL);
    run(&pace, &disk, 1000, 0, NULL, NULL);
    CHECK(took_us(&disk, pace.limit, pace.limit) <= LONGEST_US);
    CHECK(run(&pace, &disk, 40, 1000, NULL, NULL) <= LONGEST_US);
}

static void recovers_when_the_disk_does(void)
{
    const struct disk slow = {.look_us = 10, .delete_us = 4000};
    const struct disk fast = {.look_us = 1, .delete_us = 20};
    struct hy_pace pace;

    hy_pace_init(&pace);
    run(&pace, &slow, 10, 1000, NULL, NULL);
    CHECK(pace.limit <= 2);
    CHECK(run(&pace, &fast, 60, 1000, NULL, NULL) <= LONGEST_US);
    CHECK(pace.limit > 100);
}

static void leaves_most_of_the_time_to_others(void)
{
    static const struct disk disks[] = {{1, 5}, {2, 100}, {50, 1000}, {100, 30000}};

    for (size_t i = 0; i < sizeof disks / sizeof *disks; i++) {
        int64_t rest_ms, work_us;
        struct hy_pace pace;

        hy_pace_init(&pace);
        run(&pace, &disks[i], 100, 1000, &rest_ms, &work_us);
        CHECK(rest_ms * 1000 >= work_us * 9);
    }
}

/* A step that wrote is followed by a sync of its own. */
static void rests_after_each_write(void)
{
    struct hy_pace pace;

    hy_pace_init(&pace);
    CHECK_INT(hy_pace_step(&pace, 100, 3), 40);
    CHECK_INT(hy_pace_step(&pace, 100, 0), 1);
    CHECK_INT(hy_pace_step(&pace, 0, 0), 1);
}

int main(void)
{
    RUN(begins_small);
    RUN(grows_on_a_fast_disk);
    RUN(shrinks_on_a_slow_one);
    RUN(looks_at_one_when_one_is_too_much);
    RUN(is_ready_for_a_stretch_of_old_ones);
    RUN(recovers_when_the_disk_does);
    RUN(leaves_most_of_the_time_to_others);
    RUN(rests_after_each_write);
    return hy_tap_end();
}

#include "tap.h"

#include "domain/window.h"

enum { MAX = 32 };

static struct hy_window fresh(void)
{
    struct hy_window w;

    hy_window_init(&w);
    return w;
}

/* `count` answers while the window is full. */
static void good(struct hy_window *w, int count)
{
    for (int i = 0; i < count; i++)
        hy_window_note(w, HY_WINDOW_GOOD, hy_window_size(w, MAX), MAX, 1, 2);
}

static void begins_small_and_within_the_bounds(void)
{
    struct hy_window w = fresh();

    CHECK_INT(hy_window_size(&w, MAX), HY_WINDOW_FIRST);
    CHECK_INT(hy_window_size(&w, 3), 3);
    CHECK_INT(hy_window_size(&w, 1), 1);
}

static void doubles_until_the_first_strain(void)
{
    struct hy_window w = fresh();

    good(&w, HY_WINDOW_FIRST);
    CHECK_INT(hy_window_size(&w, MAX), 2 * HY_WINDOW_FIRST);
    good(&w, 2 * HY_WINDOW_FIRST);
    CHECK_INT(hy_window_size(&w, MAX), MAX);
    good(&w, 1);
    CHECK_INT(hy_window_size(&w, MAX), MAX);
}

static void grows_by_one_for_each_full_window_after_it(void)
{
    struct hy_window w = fresh();

    hy_window_note(&w, HY_WINDOW_STRAIN, 1, MAX, 1, 2);
    CHECK_INT(hy_window_size(&w, MAX), HY_WINDOW_FIRST / 2);
    good(&w, HY_WINDOW_FIRST / 2 + 1);
    CHECK_INT(hy_window_size(&w, MAX), HY_WINDOW_FIRST / 2 + 1);
    good(&w, 2000);
    CHECK_INT(hy_window_size(&w, MAX), MAX);
    CHECK(w.size <= MAX);
}

static void does_not_grow_when_nobody_uses_it(void)
{
    struct hy_window w = fresh();

    for (int i = 0; i < 1000; i++)
        hy_window_note(&w, HY_WINDOW_GOOD, 1, MAX, 1, 2);
    CHECK_INT(hy_window_size(&w, MAX), HY_WINDOW_FIRST);
}

static void is_halved_once_a_round_trip(void)
{
    struct hy_window w = fresh();

    good(&w, 2000);
    for (int i = 0; i < MAX; i++) /* all left before the first answer came */
        CHECK_INT(hy_window_note(&w, HY_WINDOW_STRAIN, MAX, MAX, 100, 200 + i), 0);
    CHECK_INT(hy_window_size(&w, MAX), MAX / 2);
    hy_window_note(&w, HY_WINDOW_STRAIN, 1, MAX, 201, 300);
    CHECK_INT(hy_window_size(&w, MAX), MAX / 4);
    for (int i = 0; i < 20; i++)
        hy_window_note(&w, HY_WINDOW_STRAIN, 1, MAX, 1000 * (i + 1), 1000 * (i + 1) + 1);
    CHECK_INT(hy_window_size(&w, MAX), 1);
}

/* A smaller max_in_flight is halved from there, not from what the window once was. */
static void halves_what_acts(void)
{
    struct hy_window w = fresh();

    good(&w, 2000);
    hy_window_note(&w, HY_WINDOW_STRAIN, 4, 4, 100, 200);
    CHECK_INT(hy_window_size(&w, MAX), 2);
}

static int64_t dead(struct hy_window *w, int64_t left, int64_t now)
{
    return hy_window_note(w, HY_WINDOW_DEAD, 1, MAX, left, now);
}

static void dead_is_eight_in_a_row(void)
{
    struct hy_window w = fresh();

    for (int i = 1; i < HY_WINDOW_DEAD_AFTER; i++)
        CHECK_INT(dead(&w, 100, 200), 0);
    CHECK_INT(dead(&w, 100, 200), 1000);
    CHECK_INT(hy_window_size(&w, MAX), 1);
}

static void an_answer_between_begins_the_count_again(void)
{
    static const enum hy_window_note between[] = {HY_WINDOW_GOOD, HY_WINDOW_STRAIN};

    for (int k = 0; k < 2; k++) {
        struct hy_window w = fresh();

        for (int i = 1; i < HY_WINDOW_DEAD_AFTER; i++)
            dead(&w, 100, 200);
        hy_window_note(&w, between[k], 1, MAX, 100, 200);
        for (int i = 1; i < HY_WINDOW_DEAD_AFTER; i++)
            CHECK_INT(dead(&w, 100, 200), 0);
        CHECK_INT(dead(&w, 100, 200), 1000);
    }
}

/* 32 were under way when it died: the other 24 end the same way and lengthen nothing. */
static void the_rest_of_a_round_trip_is_no_second_death(void)
{
    struct hy_window w = fresh();
    int pauses = 0;

    for (int i = 0; i < 32; i++)
        pauses += dead(&w, 100, 200 + i) > 0;
    CHECK_INT(pauses, 1);
    CHECK_INT(w.deaths, 1);
}

static void pauses_double_up_to_a_minute(void)
{
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    struct hy_window w = fresh();
    int64_t now = 1000;

    for (int i = 1; i < HY_WINDOW_DEAD_AFTER; i++)
        dead(&w, now - 1, now);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        int64_t pause = dead(&w, now - (i == 0), now);

        CHECK_INT(pause, expected[i]);
        now += pause + 1;
    }
    hy_window_note(&w, HY_WINDOW_GOOD, 1, MAX, now, now + 5);
    CHECK_INT(w.deaths, 0);
    CHECK_INT(hy_window_size(&w, MAX), 2); /* a window of one, once full */
    for (int i = 1; i < HY_WINDOW_DEAD_AFTER; i++)
        CHECK_INT(dead(&w, now + 10, now + 20), 0);
    CHECK_INT(dead(&w, now + 10, now + 20), 1000);
}

static void a_gap_doubles_and_fades(void)
{
    static const int64_t expected[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct hy_gap gap = {0};

    hy_gap_note(&gap, false);
    CHECK_INT(gap.gap_ms, 0);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        hy_gap_note(&gap, true);
        CHECK_INT(gap.gap_ms, expected[i]);
    }
    for (int i = 0; i < 99; i++)
        hy_gap_note(&gap, false);
    CHECK_INT(gap.gap_ms, 5000);
    hy_gap_note(&gap, false);
    CHECK_INT(gap.gap_ms, 4500);
    for (int i = 0; i < 100000; i++)
        hy_gap_note(&gap, false);
    CHECK_INT(gap.gap_ms, 0);
}

int main(void)
{
    RUN(begins_small_and_within_the_bounds);
    RUN(doubles_until_the_first_strain);
    RUN(grows_by_one_for_each_full_window_after_it);
    RUN(does_not_grow_when_nobody_uses_it);
    RUN(is_halved_once_a_round_trip);
    RUN(halves_what_acts);
    RUN(dead_is_eight_in_a_row);
    RUN(an_answer_between_begins_the_count_again);
    RUN(the_rest_of_a_round_trip_is_no_second_death);
    RUN(pauses_double_up_to_a_minute);
    RUN(a_gap_doubles_and_fades);
    return hy_tap_end();
}

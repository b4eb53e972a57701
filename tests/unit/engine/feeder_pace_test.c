/* How fast a broadcast goes and how far ahead it is fed. */
#include "tap.h"

#include "engine/broadcast/feeder_pace.h"

/* `per_s` leave each second, looked at every 200 ms; the queue is kept full as told. */
static void go(struct hy_feed_pace *pace, int64_t *now_ms, int64_t *gone, int64_t per_s,
               int seconds)
{
    for (int i = 0; i < seconds * 5; i++) {
        int64_t left = per_s / 5, queued = pace->ahead > left ? pace->ahead - left : 0;

        *now_ms += 200;
        *gone += left < pace->ahead ? left : pace->ahead;
        hy_feed_pace_note(pace, *now_ms, *gone, queued);
    }
}

static void two_seconds_are_kept_ahead(void)
{
    struct hy_feed_pace pace = {0};
    int64_t now_ms = 1000000, gone = 0;

    hy_feed_pace_note(&pace, now_ms, 0, 0);
    CHECK_INT(hy_feed_pace_ahead(&pace, 0, 0), HY_AHEAD_FIRST);
    go(&pace, &now_ms, &gone, 100, 20);
    CHECK(pace.ahead > 180 && pace.ahead <= 220);
    go(&pace, &now_ms, &gone, 5, 20);
    CHECK_INT(pace.ahead, HY_AHEAD_MIN);
    CHECK_INT(hy_feed_pace_ahead(&pace, 3, 0), 6);
    CHECK_INT(hy_feed_pace_ahead(&pace, 0, 2), 4);
    CHECK_INT(hy_feed_pace_ahead(&pace, 3, 2), 4);
}

static void an_empty_queue_doubles_up_to_a_thousand(void)
{
    struct hy_feed_pace pace = {0};
    int64_t now_ms = 1000000, gone = 0;

    hy_feed_pace_note(&pace, now_ms, 0, 0);
    go(&pace, &now_ms, &gone, 100000, 5);
    CHECK_INT(pace.ahead, HY_AHEAD_MAX);
    /* Nothing was fed, nothing went: that says nothing. */
    pace = (struct hy_feed_pace){0};
    for (int i = 0; i < 10; i++)
        hy_feed_pace_note(&pace, now_ms += 1000, 0, 0);
    CHECK_INT(pace.ahead, HY_AHEAD_FIRST);
}

static void the_pace_is_of_the_last_minute(void)
{
    struct hy_feed_pace pace = {0};
    int64_t now_ms = 1000000, gone = 0;

    CHECK(hy_feed_pace_per_s(&pace, now_ms) <= 0);
    hy_feed_pace_note(&pace, now_ms, 0, 0);
    CHECK(hy_feed_pace_per_s(&pace, now_ms) <= 0);
    go(&pace, &now_ms, &gone, 50, 30);
    CHECK(hy_feed_pace_per_s(&pace, now_ms) > 49 && hy_feed_pace_per_s(&pace, now_ms) < 51);
    go(&pace, &now_ms, &gone, 10, 70);
    CHECK(hy_feed_pace_per_s(&pace, now_ms) > 9 && hy_feed_pace_per_s(&pace, now_ms) < 11);
    CHECK(hy_feed_pace_per_s(&pace, now_ms + 120000) <= 0);
}

static void the_bucket_starts_empty_and_holds_a_second(void)
{
    struct hy_feed_pace pace = {0};
    int64_t now_ms = 1000000;

    CHECK_INT(hy_feed_pace_allowance(&pace, 0, now_ms), INT64_MAX);
    CHECK_INT(hy_feed_pace_allowance(&pace, 10, now_ms), 0);
    CHECK_INT(hy_feed_pace_allowance(&pace, 10, now_ms + 100), 1);
    hy_feed_pace_take(&pace, 10, 1);
    CHECK_INT(hy_feed_pace_allowance(&pace, 10, now_ms + 100), 0);
    CHECK_INT(hy_feed_pace_allowance(&pace, 10, now_ms + 3600000), 10);
    /* A clock that goes back gives nothing. */
    hy_feed_pace_take(&pace, 10, 10);
    CHECK_INT(hy_feed_pace_allowance(&pace, 10, now_ms), 0);
}

static void rests_are_bounded(void)
{
    struct hy_feed_pace pace = {.now_per_s = 1000};

    CHECK_INT(hy_feed_pace_rest_ms(&pace, 0, 0), 100);
    CHECK_INT(hy_feed_pace_rest_ms(&pace, 0, 1000), 500);
    CHECK_INT(hy_feed_pace_rest_ms(&pace, 0, 1000000), 1000);
    CHECK_INT(hy_feed_pace_rest_ms(&pace, 5, 0), 201);
    CHECK_INT(hy_feed_pace_rest_ms(&pace, 100000, 0), 100);
}

/* As many lots as a fast platform swallows at once: no second passes between two of them. */
static void an_empty_queue_is_filled_soon(void)
{
    struct hy_feed_pace pace = {0};
    int64_t gone = 0, now = 1772323200000;
    int64_t from = now;

    for (hy_feed_pace_note(&pace, now, 0, 0); pace.ahead < HY_AHEAD_MAX;
         hy_feed_pace_note(&pace, now, gone, 0)) {
        gone += hy_feed_pace_ahead(&pace, 0, 0);
        now += hy_feed_pace_rest_ms(&pace, 0, pace.ahead);
    }
    CHECK(now - from <= 500);
    hy_feed_pace_note(&pace, now + 100, gone + 100, 900);
    CHECK(hy_feed_pace_rest_ms(&pace, 0, 900) > 100);
}

int main(void)
{
    RUN(two_seconds_are_kept_ahead);
    RUN(an_empty_queue_doubles_up_to_a_thousand);
    RUN(the_pace_is_of_the_last_minute);
    RUN(the_bucket_starts_empty_and_holds_a_second);
    RUN(rests_are_bounded);
    RUN(an_empty_queue_is_filled_soon);
    return hy_tap_end();
}

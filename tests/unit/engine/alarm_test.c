#include "engine/alarm.h"

#include "tap.h"

static struct hy_alarm alarm_;
static int64_t now_ms;

static const int64_t window_ms = (int64_t)HY_ALARM_SLOTS * HY_ALARM_SLOT_MS;

static void fresh(void)
{
    alarm_ = (struct hy_alarm){0};
    now_ms = 1772323200000;
}

/* `count` answers, one a second. How many times the alarm began. */
static int note(int count, bool refused)
{
    int begins = 0;

    for (int i = 0; i < count; i++, now_ms += 1000)
        begins += hy_alarm_note(&alarm_, refused, now_ms);
    return begins;
}

static void begins_with_the_twentieth_refusal(void)
{
    fresh();
    CHECK_INT(note(19, true), 0);
    CHECK_INT(alarm_.since_ms, 0);
    CHECK_INT(note(1, true), 1);
    CHECK_INT(alarm_.since_ms, now_ms - 1000);
    CHECK_INT(hy_alarm_refusals(&alarm_, now_ms), 20);
    CHECK_INT(note(30, true), 0);
}

static void refusals_must_be_half_of_all(void)
{
    fresh();
    CHECK_INT(note(30, false), 0);
    CHECK_INT(note(29, true), 0);
    CHECK_INT(note(1, true), 1);
}

static void what_is_older_than_ten_minutes_is_forgotten(void)
{
    fresh();
    CHECK_INT(note(19, true), 0);
    now_ms += window_ms;
    CHECK_INT(note(1, true), 0);
    CHECK_INT(hy_alarm_refusals(&alarm_, now_ms), 1);
}

static void ends_when_the_window_is_quiet(void)
{
    int64_t next;

    fresh();
    note(25, true);
    CHECK(!hy_alarm_calm(&alarm_, now_ms));
    next = hy_alarm_next_ms(&alarm_, now_ms);
    CHECK(next > now_ms && next <= now_ms + HY_ALARM_SLOT_MS);
    now_ms += window_ms;
    CHECK(hy_alarm_calm(&alarm_, now_ms));
    CHECK(!hy_alarm_calm(&alarm_, now_ms));
    CHECK(hy_alarm_next_ms(&alarm_, now_ms) == INT64_MAX);
}

static void ends_when_most_go_well_again(void)
{
    fresh();
    note(20, true);
    note(60, false);
    CHECK(!hy_alarm_calm(&alarm_, now_ms));
    note(1, false);
    CHECK(hy_alarm_calm(&alarm_, now_ms));
}

/* One app with a steady tenth of refusals has no burst, however much it sends. */
static void a_steady_share_is_no_burst(void)
{
    fresh();
    for (int i = 0; i < 5000; i++, now_ms += 50)
        CHECK(!hy_alarm_note(&alarm_, i % 10 == 0, now_ms));
}

/* The first half of a big broadcast went within a minute, most of the second half is refused. */
static void a_burst_after_many_that_went(void)
{
    int begins = 0;

    fresh();
    for (int i = 0; i < 90000; i++, now_ms += i % 2)
        CHECK(!hy_alarm_note(&alarm_, i % 10 == 0, now_ms));
    for (int i = 0; i < 300; i++)
        begins += hy_alarm_note(&alarm_, i % 10 != 0, now_ms);
    CHECK_INT(begins, 1);
    CHECK(!hy_alarm_calm(&alarm_, now_ms + HY_ALARM_SLOT_MS));
    for (int i = 0; i < 300; i++)
        CHECK(!hy_alarm_note(&alarm_, false, now_ms));
    CHECK(hy_alarm_calm(&alarm_, now_ms + HY_ALARM_SLOT_MS));
}

static void a_clock_that_goes_back_is_no_burst(void)
{
    fresh();
    note(19, true);
    now_ms -= 3600000;
    CHECK_INT(note(1, true), 0);
    CHECK_INT(hy_alarm_refusals(&alarm_, now_ms), 1);
}

int main(void)
{
    RUN(begins_with_the_twentieth_refusal);
    RUN(refusals_must_be_half_of_all);
    RUN(a_burst_after_many_that_went);
    RUN(what_is_older_than_ten_minutes_is_forgotten);
    RUN(ends_when_the_window_is_quiet);
    RUN(ends_when_most_go_well_again);
    RUN(a_steady_share_is_no_burst);
    RUN(a_clock_that_goes_back_is_no_burst);
    return hy_tap_end();
}

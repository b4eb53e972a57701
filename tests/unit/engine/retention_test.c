/* The nightly job that deletes what is old: what it deletes, what it says, and how it ends. */
#include "rig.h"
#include "tap.h"

#include <stdlib.h>

static const int64_t day_ms = 86400000;

static void set_up(int64_t keep_messages_d)
{
    rig_keep_s[HY_RETAIN_MESSAGES] = keep_messages_d * 86400;
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
}

static void note_result(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

/* Messages to users who gave nothing: they fail at once, or wait. */
static void submit(int count, const char *on_missing)
{
    for (int i = 0; i < count; i++) {
        HY_JSON_SCOPED json_t *body =
            rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                     "','data':{'keyword1':'a'},'on_missing':'%s'}",
                     on_missing);
        struct hy_submission submission = {0};
        struct hy_submit s = {.done = note_result};
        int result = 1;

        hy_engine_prepare(rig.engine, body, NULL, NULL, rig_faults(), &submission);
        CHECK(!hy_violations_any(&rig.faults));
        s.arg = &result;
        s.admit.items = &submission.item;
        s.admit.count = 1;
        s.admit.arena = &rig.arena;
        hy_engine_submit(rig.engine, &s);
        rig_run();
        CHECK_INT(result, 0);
    }
}

/* What the schedule says of the last run; in rig.arena. */
static const char *last_result(void)
{
    struct hy_schedules all = {.op.verb = HY_VERB_SCHEDULES, .arena = &rig.arena};

    CHECK_INT(hy_store_run(rig.store, &all.op), 0);
    for (size_t i = 0; i < all.count; i++) {
        if (all.schedules[i].job && strcmp(all.schedules[i].job, "retention") == 0)
            return all.schedules[i].last_result ? all.schedules[i].last_result : "never";
    }
    return "there is no such job";
}

/* Runs until the job that is under way has ended; how many times the clock had to move on. */
static int finish(void)
{
    int turns = 0;

    while (strcmp(last_result(), "started") == 0) {
        CHECK(++turns < 10000);
        rig_now_ms += 1000;
        rig_run();
    }
    return turns;
}

static void pass_days(int days)
{
    rig_now_ms += days * day_ms;
    rig_run();
}

static void what_is_old_goes_and_the_rest_stays(void)
{
    set_up(10);
    submit(3, "fail");
    submit(2, "wait"); /* not at their end: of any age they stay */
    pass_days(8);
    submit(4, "fail");
    finish();
    CHECK_TEXT(last_result(), "deleted nothing");
    pass_days(3);
    finish();
    CHECK_TEXT(last_result(), "deleted 3 messages");
    CHECK_INT(rig_stored_messages(), 6);
    rig_close();
}

static void zero_is_for_ever(void)
{
    set_up(0);
    submit(3, "fail");
    pass_days(4000);
    finish();
    CHECK_TEXT(last_result(), "deleted nothing");
    CHECK_INT(rig_stored_messages(), 3);
    rig_close();
}

/* It rests between steps: others get the store meanwhile. */
static void many_are_many_steps(void)
{
    set_up(10);
    submit(300, "fail");
    pass_days(11);
    CHECK(rig_stored_messages() > 0);
    CHECK(finish() > 0);
    CHECK_TEXT(last_result(), "deleted 300 messages");
    CHECK_INT(rig_stored_messages(), 0);
    rig_close();
}

static void a_stop_ends_it_and_the_next_night_goes_on(void)
{
    set_up(10);
    submit(300, "fail");
    pass_days(11);
    CHECK_TEXT(last_result(), "started");
    rig_restart();
    CHECK(strstr(last_result(), " messages; the service stopped"));
    CHECK(rig_stored_messages() > 0);
    pass_days(1);
    finish();
    CHECK_INT(rig_stored_messages(), 0);
    rig_close();
}

/* An operator may move it as the other jobs. */
static void it_runs_at_four_in_the_morning(void)
{
    set_up(10);
    rig_now_ms += day_ms * 5 / 6 - 1; /* 03:59:59.999 in Shanghai */
    rig_run();
    CHECK_TEXT(last_result(), "never");
    rig_now_ms += 1;
    rig_run();
    finish();
    CHECK_TEXT(last_result(), "deleted nothing");
    rig_close();
}

int main(void)
{
    RUN(what_is_old_goes_and_the_rest_stays);
    RUN(zero_is_for_ever);
    RUN(many_are_many_steps);
    RUN(a_stop_ends_it_and_the_next_night_goes_on);
    RUN(it_runs_at_four_in_the_morning);
    return hy_tap_end();
}

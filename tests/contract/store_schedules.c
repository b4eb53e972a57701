/* Schedules: one firing for each due time. */
#include "store_cases.h"

static struct hy_schedule_put daily(const char *name)
{
    return (struct hy_schedule_put){.schedule = {.app_no = rig.app,
                                                 .name = name,
                                                 .cron = "0 8 * * *",
                                                 .timezone = "Asia/Shanghai",
                                                 .misfire = HY_MISFIRE_SKIP,
                                                 .message = "{\"user\":\"u\"}",
                                                 .created_at_ms = 5,
                                                 .next_run_ms = rig.now_ms}};
}

static int64_t put(const char *name)
{
    struct hy_schedule_put v = daily(name);

    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK(v.schedule.id > 0);
    return v.schedule.id;
}

static const struct hy_schedule *schedule(int64_t id)
{
    struct hy_schedules v = {.arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_SCHEDULES), 0);
    for (size_t i = 0; i < v.count; i++) {
        CHECK(i == 0 || v.schedules[i].id > v.schedules[i - 1].id);
        if (v.schedules[i].id == id)
            return &v.schedules[i];
    }
    return NULL;
}

static int fire(int64_t id, int64_t due_ms, struct hy_admit_item *item)
{
    struct hy_schedule_fire v = {.schedule_id = id,
                                 .due_ms = due_ms,
                                 .next_run_ms = due_ms + DAY,
                                 .now_ms = rig.now_ms + 3,
                                 .result = "fired",
                                 .item = item,
                                 .key_window_ms = DAY,
                                 .arena = &rig.arena};

    return run(&v.op, HY_VERB_SCHEDULE_FIRE);
}

static void a_schedule_is_kept_whole(void)
{
    const struct hy_schedule *s = schedule(put("daily"));

    CHECK_INT(s->app_no, rig.app);
    CHECK_TEXT(s->name, "daily");
    CHECK_TEXT(s->cron, "0 8 * * *");
    CHECK_TEXT(s->timezone, "Asia/Shanghai");
    CHECK_INT(s->misfire, HY_MISFIRE_SKIP);
    CHECK(s->job == NULL && s->last_result == NULL && !s->paused);
    CHECK_TEXT(s->message, "{\"user\":\"u\"}");
    CHECK_INT(s->created_at_ms, 5);
    CHECK_INT(s->next_run_ms, rig.now_ms);
    CHECK_INT(s->last_run_ms, 0);
    CHECK_INT(s->last_fired_at_ms, 0);
}

static void a_name_is_taken_once_an_app(void)
{
    struct hy_schedule_put v = daily("daily");
    struct hy_schedule_put builtin = daily("daily");

    put("daily");
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), HY_E_EXISTS);
    builtin.schedule.app_no = 0;
    builtin.schedule.job = "janitor";
    builtin.schedule.message = NULL;
    CHECK_INT(run(&builtin.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_TEXT(schedule(builtin.schedule.id)->job, "janitor");
    CHECK(schedule(builtin.schedule.id)->message == NULL);
    v.schedule.cron = "";
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), HY_E_INVALID);
}

static void a_schedule_is_changed(void)
{
    struct hy_schedule_put v = daily("other name");
    int64_t id = put("daily");
    const struct hy_schedule *s;

    v.schedule.id = id;
    v.schedule.app_no = 77;
    v.schedule.cron = "*/5 * * * *";
    v.schedule.timezone = "UTC";
    v.schedule.misfire = HY_MISFIRE_ALL;
    v.schedule.message = NULL;
    v.schedule.paused = true;
    v.schedule.next_run_ms = 9;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), 0);
    s = schedule(id);
    CHECK_TEXT(s->cron, "*/5 * * * *");
    CHECK_TEXT(s->timezone, "UTC");
    CHECK_INT(s->misfire, HY_MISFIRE_ALL);
    CHECK(s->message == NULL && s->paused);
    CHECK_INT(s->next_run_ms, 9);
    CHECK_TEXT(s->name, "daily");
    CHECK_INT(s->app_no, rig.app);
    CHECK_INT(s->created_at_ms, 5);
    v.schedule.misfire = HY_MISFIRE_ONCE;
    v.schedule.next_run_ms = 8;
    v.keep_next_run = true;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(v.schedule.next_run_ms, 9);
    CHECK_INT(schedule(id)->next_run_ms, 9);
    CHECK_INT(schedule(id)->misfire, HY_MISFIRE_ONCE);
    v.schedule.id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), HY_E_NOT_FOUND);
}

static void a_schedule_is_deleted(void)
{
    struct hy_schedule_put builtin = daily("job");
    struct hy_schedule_delete v = {.schedule_id = put("daily")};

    builtin.schedule.job = "sweep";
    CHECK_INT(run(&builtin.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_DELETE), 0);
    CHECK(schedule(v.schedule_id) == NULL);
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_DELETE), HY_E_NOT_FOUND);
    v.schedule_id = builtin.schedule.id;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_DELETE), HY_E_CONFLICT);
    CHECK(put("daily") > builtin.schedule.id);
}

static void a_due_time_fires_once(void)
{
    int64_t id = put("daily");
    int64_t due = rig.now_ms;
    const struct hy_schedule *s;

    CHECK_INT(fire(id, due + 1, NULL), HY_E_CONFLICT);
    CHECK_INT(fire(id, due, NULL), 0);
    CHECK_INT(fire(id, due, NULL), HY_E_CONFLICT);
    s = schedule(id);
    CHECK_INT(s->last_run_ms, due);
    CHECK_INT(s->last_fired_at_ms, rig.now_ms + 3);
    CHECK_INT(s->next_run_ms, due + DAY);
    CHECK_TEXT(s->last_result, "fired");
    CHECK_INT(fire(id, due + DAY, NULL), 0);
    CHECK_INT(fire(4711, due, NULL), HY_E_NOT_FOUND);
}

static void a_paused_one_does_not_fire(void)
{
    struct hy_schedule_put v = daily("daily");

    v.schedule.paused = true;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(fire(v.schedule.id, rig.now_ms, NULL), HY_E_CONFLICT);
}

static void a_firing_admits_its_message(void)
{
    int64_t id = put("daily");
    int64_t g = form("u", 0);
    struct hy_admit_item item = keyed(draft("u"), "daily@1", "b");
    struct hy_admit_item late = {.message = draft("u")};
    struct hy_message_get gone = {.message_id = late.message->id, .arena = &rig.arena};

    CHECK_INT(fire(id, rig.now_ms, &item), 0);
    CHECK_INT(item.admission, HY_ADMITTED);
    CHECK_STATE(item.message->id, QUEUED);
    CHECK_INT(get(item.message->id)->grant_id, g);
    CHECK_INT(fire(id, rig.now_ms, &late), HY_E_CONFLICT);
    CHECK_INT(run(&gone.op, HY_VERB_MESSAGE_GET), HY_E_NOT_FOUND);
}

static void a_firing_that_cannot_admit_does_nothing(void)
{
    int64_t id = put("daily");
    struct hy_admit_item item = {.message = draft("u")};

    item.message->id = post("v")->id;
    CHECK_INT(fire(id, rig.now_ms, &item), HY_E_EXISTS);
    CHECK_INT(schedule(id)->next_run_ms, rig.now_ms);
    CHECK_INT(schedule(id)->last_run_ms, 0);
    item.message->user = NULL;
    CHECK_INT(fire(id, rig.now_ms, &item), HY_E_INVALID);
    CHECK_INT(fire(id, rig.now_ms, NULL), 0);
}

static void a_result_is_noted(void)
{
    int64_t id = put("daily");
    struct hy_schedule_result v = {.schedule_id = id, .result = "deleted 12 grants"};

    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_RESULT), 0);
    CHECK_TEXT(schedule(id)->last_result, "deleted 12 grants");
    v.result = NULL;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_RESULT), 0);
    CHECK(schedule(id)->last_result == NULL);
    v.schedule_id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_SCHEDULE_RESULT), HY_E_NOT_FOUND);
}

void store_schedules_cases(void)
{
    CASE(a_schedule_is_kept_whole);
    CASE(a_name_is_taken_once_an_app);
    CASE(a_schedule_is_changed);
    CASE(a_schedule_is_deleted);
    CASE(a_due_time_fires_once);
    CASE(a_paused_one_does_not_fire);
    CASE(a_firing_admits_its_message);
    CASE(a_firing_that_cannot_admit_does_nothing);
    CASE(a_result_is_noted);
}

#include "rig.h"
#include "tap.h"

#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"

#include <unistd.h>

static struct hy_schedule_put put;

#define MESSAGE "{'user':'" RIG_USER "','template':'" RIG_TEMPLATE "','data':{'keyword1':'hello'}}"

/* A good schedule with some members put in, replaced or (null) taken away. */
static json_t *with(const char *members)
{
    json_t *body =
        rig_json("{'app':'" RIG_APP "','name':'n','cron':'30 8 * * *','message':" MESSAGE "}");
    HY_JSON_SCOPED json_t *change = rig_json("{%s}", members);
    const char *key;
    json_t *value;

    json_object_foreach(change, key, value)
    {
        if (json_is_null(value))
            json_object_del(body, key);
        else
            json_object_set(body, key, value);
    }
    return body;
}

static void read_new(const char *members)
{
    HY_JSON_SCOPED json_t *body = with(members);

    memset(&put, 0, sizeof put);
    hy_engine_schedule_read(rig.engine, body, NULL, rig_faults(), &put);
}

static void read_change(const char *text, const struct hy_schedule *existing)
{
    HY_JSON_SCOPED json_t *body = rig_json("%s", text);

    memset(&put, 0, sizeof put);
    hy_engine_schedule_read(rig.engine, body, existing, rig_faults(), &put);
}

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(rig_change_app(NULL, "{'id':'wx0000000000000002','secret':'" RIG_SECRET "'}"), 0);
}

static void check_next(const char *expected)
{
    char text[HY_INSTANT_TEXT_BYTES];

    if (hy_violations_any(&rig.faults))
        hy_tap_fail(__FILE__, __LINE__, "%s", rig.faults.items[0].message);
    CHECK(!put.keep_next_run);
    CHECK_TEXT(hy_instant_print(put.schedule.next_run_ms, text), expected);
}

static void a_new_one_gets_its_next_run(void)
{
    set_up(); /* it is 08:00 in Shanghai */
    read_new("");
    check_next("2026-03-01T00:30:00.000Z");
    CHECK_TEXT(put.schedule.timezone, "Asia/Shanghai");
    CHECK_TEXT(put.schedule.name, "n");
    CHECK_INT(put.schedule.misfire, HY_MISFIRE_ONCE);
    CHECK_INT(put.schedule.app_no, 1);
    CHECK_INT(put.schedule.id, 0);
    CHECK(!put.schedule.job && !put.schedule.paused);
    CHECK_INT(put.schedule.created_at_ms, rig_now_ms);
    read_new("'timezone':'UTC','misfire':'all','paused':true");
    check_next("2026-03-01T08:30:00.000Z");
    CHECK_INT(put.schedule.misfire, HY_MISFIRE_ALL);
    CHECK(put.schedule.paused);
    rig_close();
}

static const struct {
    const char *members, *field, *rule;
} wrong[] = {
    {"'app':null", "app", "required"},
    {"'app':'wx9999999999999999'", "app", "known_app"},
    {"'name':null", "name", "required"},
    {"'name':''", "name", "not_empty"},
    {"'cron':null", "cron", "required"},
    {"'cron':'30 25 * * *'", "cron", "range"},
    {"'cron':'30 8 * *'", "cron", "missing"},
    {"'cron':'0 0 31 2 *'", "cron", "possible"},
    {"'timezone':'Shanghai'", "timezone", "iana_zone"},
    {"'timezone':'+08:00'", "timezone", "iana_zone"},
    {"'timezone':'../../etc/passwd'", "timezone", "iana_zone"},
    {"'misfire':'never'", "misfire", "one_of"},
    {"'paused':1", "paused", "type"},
    {"'message':null", "message", "required"},
    {"'message':'hello'", "message", "type"},
    {"'messages':{}", "messages", "unknown_field"},
    {"'broadcast':{}", "broadcast", "one_of"},
    {"'message':null,'broadcast':{}", "broadcast.audience", "required"},
    {"'message':null,'broadcast':{'audience':{'reach':true},'key':'k'}", "broadcast.key",
     "not_in_schedule"},
    {"'message':null,'broadcast':{'audience':{'reach':true},'data':{}}", "broadcast.template",
     "required"},
    {"'message':null,'broadcast':{'audience':{'users':['x']},'template':'" RIG_TEMPLATE
     "','data':{'keyword1':'x'}}",
     "broadcast.audience.users[0]", "length"},
    {"'message':null,'broadcast':{'app':'wx0000000000000002','audience':{'reach':true}}",
     "broadcast.app", "same_app"},
    {"'max_late_s':-1", "max_late_s", "range"},
    {"'message':{'template':'" RIG_TEMPLATE "','data':{'keyword1':'x'}}", "message.user",
     "required"},
    {"'message':{'user':'" RIG_USER "','template':'" RIG_TEMPLATE "','data':{'keyword1':''}}",
     "message.data.keyword1", "not_empty"},
    {"'message':{'user':'" RIG_USER "','template':'" RIG_TEMPLATE
     "','data':{'keyword1':'x'},'nope':1}",
     "message.nope", "unknown_field"},
    {"'message':{'app':'wx0000000000000002','user':'" RIG_USER "','template':'" RIG_TEMPLATE
     "','data':{'keyword1':'x'}}",
     "message.app", "same_app"},
    {"'message':{'key':'k'}", "message.key", "not_in_schedule"},
    {"'message':{'send_at':1}", "message.send_at", "not_in_schedule"},
    {"'message':{'expires_at':1}", "message.expires_at", "not_in_schedule"},
};

static void every_fault_names_its_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        read_new(wrong[i].members);
        rig_expect(wrong[i].members, wrong[i].field, wrong[i].rule);
    }
    rig_close();
}

static void a_bad_cron_is_told_its_place(void)
{
    set_up();
    read_new("'cron':'30 25 * * *'");
    CHECK_TEXT(rig.faults.items[0].actual, "character 4");
    CHECK(strstr(rig.faults.items[0].message, "hour") != NULL);
    read_new("'cron':'30 8 * foo *'");
    CHECK_TEXT(rig.faults.items[0].actual, "character 8");
    rig_close();
}

/* --- changes ---------------------------------------------------------------------------------- */

/* The timing stays: the store keeps the next run that it has by then. */
static void check_kept(void)
{
    if (hy_violations_any(&rig.faults))
        hy_tap_fail(__FILE__, __LINE__, "%s", rig.faults.items[0].message);
    CHECK(put.keep_next_run);
}

static struct hy_schedule stored(void)
{
    struct hy_schedule s = {.id = 5,
                            .app_no = 1,
                            .name = "n",
                            .cron = "30 8 * * *",
                            .timezone = "Asia/Shanghai",
                            .misfire = HY_MISFIRE_SKIP,
                            .message = "{}",
                            .created_at_ms = 7,
                            .next_run_ms = 1772325000000};

    return s;
}

static void a_change_changes_what_it_names(void)
{
    struct hy_schedule s = stored();

    set_up();
    read_change("{'misfire':'all'}", &s);
    check_kept();
    CHECK_INT(put.schedule.id, 5);
    CHECK_INT(put.schedule.app_no, 1);
    CHECK_INT(put.schedule.misfire, HY_MISFIRE_ALL);
    CHECK_TEXT(put.schedule.cron, "30 8 * * *");
    CHECK_TEXT(put.schedule.message, "{}");
    CHECK_INT(put.schedule.created_at_ms, 7);
    read_change("{'message':" MESSAGE "}", &s);
    CHECK(strstr(put.schedule.message, RIG_USER) != NULL);
    read_change("{}", &s);
    CHECK(!hy_violations_any(&rig.faults));
    rig_close();
}

static void another_time_is_counted_from_now(void)
{
    struct hy_schedule s = stored();

    set_up();
    rig_now_ms += 86400000; /* a due time was missed; a new rule begins now */
    read_change("{'cron':'0 9 * * *'}", &s);
    check_next("2026-03-02T01:00:00.000Z");
    read_change("{'timezone':'UTC'}", &s);
    check_next("2026-03-02T08:30:00.000Z");
    rig_close();
}

static void what_was_paused_does_not_make_up_for_it(void)
{
    struct hy_schedule s = stored();

    set_up();
    rig_now_ms += 10 * 86400000LL;
    s.paused = true;
    read_change("{'misfire':'all'}", &s); /* still paused: nothing moves */
    check_kept();
    read_change("{'paused':false}", &s);
    check_next("2026-03-11T00:30:00.000Z");
    s.paused = false;
    read_change("{'paused':true}", &s);
    check_kept();
    rig_close();
}

static void the_app_is_fixed(void)
{
    struct hy_schedule s = stored();

    set_up();
    read_change("{'app':'" RIG_APP "'}", &s);
    rig_expect("app", "app", "fixed");
    read_change("{'message':{'user':'u'}}", &s);
    CHECK(hy_violations_any(&rig.faults));
    CHECK(strncmp(rig.faults.items[0].field, "message.", 8) == 0);
    rig_close();
}

static void of_a_built_in_job_only_the_time_changes(void)
{
    struct hy_schedule s = stored();

    set_up();
    s.app_no = 0;
    s.job = "janitor";
    s.message = NULL;
    s.name = "janitor";
    read_change("{'cron':'0 4 * * *','timezone':'UTC','misfire':'once','paused':true}", &s);
    check_next("2026-03-01T04:00:00.000Z");
    CHECK_TEXT(put.schedule.job, "janitor");
    read_change("{'name':'other'}", &s);
    rig_expect("name", "", "built_in");
    read_change("{'message':" MESSAGE "}", &s);
    rig_expect("message", "", "built_in");
    read_change("{'app':'" RIG_APP "'}", &s);
    rig_expect("app", "", "built_in");
    read_change("{'cron':'61 * * * *'}", &s);
    rig_expect("cron", "cron", "range");
    rig_close();
}

/* --- the log ---------------------------------------------------------------------------------- */

static void note_result(struct hy_schedule_change *change, void *arg)
{
    CHECK_INT(change->op.result, 0);
}

/* Runs the rig for a minute with its log in `into`. */
static void run_and_listen(char *into, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(2);
    size_t length;

    CHECK(file && saved >= 0);
    hy_log_set_level(HY_LOG_INFO);
    CHECK_INT(dup2(fileno(file), 2), 2);
    rig_now_ms += 60000;
    rig_run();
    dup2(saved, 2);
    close(saved);
    hy_log_set_level(HY_LOG_NONE);
    rewind(file);
    length = fread(into, 1, size - 1, file);
    into[length] = 0;
    fclose(file);
}

/* Whoever may make a schedule must not be able to write lines of the log. */
static void a_name_cannot_break_out_of_its_log_line(void)
{
    struct hy_schedule_change change = {.done = note_result};
    char text[8192];

    set_up();
    read_new("'cron':'* * * * *','name':'a\\n2026-03-01T00:00:00.000Z info app.changed app=x'");
    CHECK(!hy_violations_any(&rig.faults));
    change.put = put;
    hy_engine_schedule_put(rig.engine, &change);
    rig_run();
    run_and_listen(text, sizeof text);
    CHECK(strstr(text, "schedule.fired name=\"a\\x0a2026-03-01T00:00:00.000Z info") != NULL);
    CHECK(!strstr(text, "\n2026-03-01T00:00:00.000Z info app.changed"));
    rig_close();
}

/* --- runs ------------------------------------------------------------------------------------- */

static void runs_are_told_up_to_what_was_asked(void)
{
    int64_t runs[1000];
    size_t count = 0;

    rig_open("memory:");
    CHECK_INT(hy_engine_runs("* * * * *", "UTC", rig_now_ms, 1000, rig_faults(), runs, &count), 0);
    CHECK_INT(count, 1000);
    CHECK_INT(runs[0], rig_now_ms + 60000); /* strictly after */
    CHECK_INT(runs[999], rig_now_ms + 1000 * 60000);
    rig_close();
}

static void both_faults_of_a_question_are_told(void)
{
    int64_t run;
    size_t count;

    rig_open("memory:");
    CHECK_INT(hy_engine_runs("x", "y", rig_now_ms, 1, rig_faults(), &run, &count), HY_E_INVALID);
    CHECK_INT(rig.faults.count, 2);
    CHECK_TEXT(rig.faults.items[0].field, "cron");
    CHECK_TEXT(rig.faults.items[1].field, "timezone");
    rig_close();
}

int main(void)
{
    RUN(a_new_one_gets_its_next_run);
    RUN(every_fault_names_its_field);
    RUN(a_bad_cron_is_told_its_place);
    RUN(a_change_changes_what_it_names);
    RUN(another_time_is_counted_from_now);
    RUN(what_was_paused_does_not_make_up_for_it);
    RUN(the_app_is_fixed);
    RUN(of_a_built_in_job_only_the_time_changes);
    RUN(a_name_cannot_break_out_of_its_log_line);
    RUN(runs_are_told_up_to_what_was_asked);
    RUN(both_faults_of_a_question_are_told);
    return hy_tap_end();
}

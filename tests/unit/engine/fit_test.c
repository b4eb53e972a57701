/*
 * What a message says is held against its template, and what can be repaired is.
 */
#include "rig.h"
#include "tap.h"

#include "engine/internal.h"

#define TWENTY "一二三四五六七八九十一二三四五六七八九十"
#define FAMILY "👨‍👩‍👧" /* five code points, one visible character */

static struct hy_submission submission;

static void set_up(void)
{
    struct hy_template t = {.app_no = 1,
                            .id = RIG_TEMPLATE,
                            .kind = HY_TEMPLATE_ONCE,
                            .title = "Shipped",
                            .content = "Goods:{{thing1.DATA}}\nState:{{enum_string2.DATA}}\n"
                                       "When:{{date3.DATA}}\n",
                            .example = "",
                            .choices = "{\"enum_string2\":[\"new\",\"sent\"]}"};

    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, &t, 1, true), 0);
}

static void prepare_keyed(const char *data, const char *more, const char *key)
{
    HY_JSON_SCOPED json_t *body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER
                                           "','template':'" RIG_TEMPLATE "','data':%s%s%s}",
                                           data, *more ? "," : "", more);

    memset(&submission, 0, sizeof submission);
    hy_engine_prepare(rig.engine, body, key, NULL, rig_faults(), &submission);
}

static void prepare(const char *data, const char *more)
{
    prepare_keyed(data, more, NULL);
}

static void expect_good(void)
{
    if (hy_violations_any(&rig.faults))
        hy_tap_fail(__FILE__, __LINE__, "%s: %s", rig.faults.items[0].field,
                    rig.faults.items[0].message);
}

/* --- check ------------------------------------------------------------------------------------ */

static const struct {
    const char *data, *field, *rule;
} wrong[] = {
    {"{'thing1':'" TWENTY "x','enum_string2':'new','date3':'2026-03-01'}", "data.thing1",
     "max_length"},
    {"{'thing1':{'value':'" TWENTY "x'},'enum_string2':'new','date3':'2026-03-01'}", "data.thing1",
     "max_length"},
    {"{'thing1':'tea','enum_string2':'lost','date3':'2026-03-01'}", "data.enum_string2", "one_of"},
    {"{'thing1':'tea','enum_string2':'new','date3':'soon'}", "data.date3", "format"},
    {"{'thing1':'tea','enum_string2':'new'}", "data.date3", "required"},
    {"{'thing1':'tea','enum_string2':'new','date3':'2026-03-01','thing4':'x'}", "data.thing4",
     "unknown_field"},
    {"{'thing1':'a\\nb','enum_string2':'new','date3':'2026-03-01'}", "data.thing1",
     "control_character"},
    /* What the platform's own check says is said once. */
    {"{'thing1':'','enum_string2':'new','date3':'2026-03-01'}", "data.thing1", "not_empty"},
    {"{'thing1':5,'enum_string2':'new','date3':'2026-03-01'}", "data.thing1", "type"},
    {"{'thing1.DATA':'x','enum_string2':'new','date3':'2026-03-01'}", "data.thing1.DATA", "key"},
    {"[]", "data", "type"},
    {"'{}'", "data", "type"},
};

static void refuses_what_the_template_forbids(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        prepare(wrong[i].data, "");
        rig_expect(wrong[i].data, wrong[i].field, wrong[i].rule);
        CHECK(!submission.unfit);
    }
    rig_close();
}

#define GOOD "{'thing1':'tea','enum_string2':'new','date3':'2026-03-01'}"

static void takes_what_fits_and_notes_the_kind(void)
{
    set_up();
    prepare(GOOD, "");
    expect_good();
    CHECK_INT(submission.message.template_kind, HY_TEMPLATE_ONCE);
    CHECK_INT(submission.repair_count, 0);
    prepare(GOOD, "'repair':'cut'");
    expect_good();
    CHECK_INT(submission.repair_count, 0);
    rig_close();
}

static void leaves_an_unknown_template_to_the_platform(void)
{
    set_up();
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, NULL, 0, true), 0);
    prepare("{'thing9':'" TWENTY TWENTY "'}", "");
    expect_good();
    CHECK_INT(submission.message.template_kind, HY_TEMPLATE_ANY);
    prepare("{'thing9':'" TWENTY TWENTY "'}", "'repair':'cut'");
    expect_good();
    CHECK_INT(submission.repair_count, 0);
    rig_close();
}

static void tells_faults_of_template_and_page_together(void)
{
    set_up();
    prepare("{'thing1':'" TWENTY "x','enum_string2':'new','date3':'2026-03-01'}",
            "'page':'https://example.com'");
    CHECK_INT(rig.faults.count, 2);
    CHECK_TEXT(rig.faults.items[0].field, "page");
    CHECK_TEXT(rig.faults.items[1].field, "data.thing1");
    rig_close();
}

static void a_schedule_is_held_against_the_template(void)
{
    struct hy_schedule_put put = {0};
    HY_JSON_SCOPED json_t *body =
        rig_json("{'app':'" RIG_APP "','name':'n','cron':'0 8 * * *','message':{'user':'" RIG_USER
                 "','template':'" RIG_TEMPLATE "','data':{'thing1':'','enum_string2':'new',"
                 "'date3':'2026-03-01'}}}");

    set_up();
    hy_engine_schedule_read(rig.engine, body, NULL, rig_faults(), &put);
    rig_expect("not told twice under a prefix", "message.data.thing1", "not_empty");
    rig_close();
}

/* --- repair ----------------------------------------------------------------------------------- */

static void cuts_between_two_characters(void)
{
    set_up();
    prepare("{'thing1':'12345678901234567" FAMILY "xyz','enum_string2':'new','date3':'2026-03-01'}",
            "'repair':'cut'");
    expect_good();
    CHECK_INT(submission.repair_count, 1);
    CHECK_TEXT(submission.repairs[0].field, "data.thing1");
    CHECK_TEXT(submission.repairs[0].value, "12345678901234567…");
    CHECK(strstr(submission.message.data, "{\"value\":\"12345678901234567…\"}"));
    prepare("{'thing1':{'value':'" TWENTY "x'},'enum_string2':'new','date3':'2026-03-01'}",
            "'repair':'cut'");
    expect_good();
    CHECK_INT(submission.repair_count, 1);
    CHECK(strstr(submission.message.data, "九…"));
    rig_close();
}

static void cuts_nothing_that_would_say_something_else(void)
{
    set_up();
    prepare("{'thing1':'" TWENTY "x','enum_string2':'news','date3':'2026-03-01 to 04'}",
            "'repair':'cut'");
    CHECK_INT(rig.faults.count, 2);
    CHECK_TEXT(rig.faults.items[0].field, "data.enum_string2");
    CHECK_TEXT(rig.faults.items[1].field, "data.date3");
    rig_close();
}

static void takes_data_that_came_as_text(void)
{
    set_up();
    prepare("'{\\'thing1\\':\\'" TWENTY "x\\',\\'enum_string2\\':\\'new\\',\\'date3\\':"
            "\\'2026-03-01\\'}'",
            "'repair':'cut'");
    expect_good();
    CHECK_INT(submission.repair_count, 2);
    CHECK_TEXT(submission.repairs[0].field, "data.thing1");
    CHECK_TEXT(submission.repairs[1].field, "data");
    CHECK_TEXT(submission.repairs[1].value, submission.message.data);
    CHECK(strncmp(submission.message.data, "{\"thing1\":{\"value\":", 19) == 0);
    rig_close();
}

static void text_that_is_no_object_stays_a_fault(void)
{
    static const char *const texts[] = {"'hello'", "'[1]'", "'{'", "''", "'7'"};

    set_up();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        prepare(texts[i], "'repair':'cut'");
        rig_expect(texts[i], "data", "type");
    }
    rig_close();
}

/* The body is fingerprinted for its key as it came. */
static void the_body_is_not_written_to(void)
{
    HY_JSON_SCOPED json_t *body = NULL, *before = NULL;

    set_up();
    body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','template':'" RIG_TEMPLATE
                    "','repair':'cut','data':{'thing1':{'value':'" TWENTY "x'},"
                    "'enum_string2':'new','date3':'2026-03-01'}}");
    before = json_deep_copy(body);
    hy_engine_prepare(rig.engine, body, "key", NULL, rig_faults(), &submission);
    expect_good();
    CHECK_INT(submission.repair_count, 1);
    CHECK(json_equal(body, before));
    rig_close();
}

/* --- keys ------------------------------------------------------------------------------------- */

static void submit_done(struct hy_submit *submit, void *arg)
{
    *(int *)arg = submit->admit.op.result;
}

static enum hy_admission submit(void)
{
    struct hy_submit submit = {.done = submit_done};
    int result = 1;

    submit.admit.items = &submission.item;
    submit.admit.count = 1;
    submit.admit.arena = &rig.arena;
    submit.arg = &result;
    hy_engine_submit(rig.engine, &submit);
    rig_run();
    CHECK_INT(result, 0);
    return submission.item.admission;
}

static void a_repeat_gets_its_first_answer_whatever_a_sync_found(void)
{
    static const char unfit[] = "{'thing1':'tea'}";
    struct hy_template t = {.app_no = 1,
                            .id = RIG_TEMPLATE,
                            .kind = HY_TEMPLATE_ONCE,
                            .title = "",
                            .content = "{{thing1.DATA}}\n{{thing2.DATA}}",
                            .example = ""};
    int64_t first;

    set_up();
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, NULL, 0, false), 0);
    prepare_keyed(unfit, "", "k1");
    expect_good();
    CHECK_INT(submit(), HY_ADMITTED);
    first = submission.message.id;
    CHECK_INT(hy_shelf_replace(&rig.engine->shelf, 1, &t, 1, true), 0);

    prepare_keyed(unfit, "", "k1");
    rig_expect("repeat", "data.thing2", "required");
    CHECK(submission.unfit);
    CHECK_INT(submit(), HY_ADMITTED_BEFORE);
    CHECK_INT(submission.message.id, first);

    prepare_keyed(unfit, "", "k2");
    CHECK(submission.unfit);
    CHECK_INT(submit(), HY_ADMIT_LATE);
    CHECK_INT(rig_stored_messages(), 1);

    prepare_keyed("{'thing1':'milk'}", "", "k1");
    CHECK(submission.unfit);
    CHECK_INT(submit(), HY_ADMIT_CONFLICT);
    CHECK_INT(rig_stored_messages(), 1);
    rig_close();
}

static void a_key_excuses_no_other_fault(void)
{
    set_up();
    prepare_keyed("{'thing1':'tea'}", "'page':'https://example.com'", "k1");
    CHECK(rig.faults.count > 1);
    CHECK(!submission.unfit);
    rig_close();
}

int main(void)
{
    RUN(refuses_what_the_template_forbids);
    RUN(takes_what_fits_and_notes_the_kind);
    RUN(leaves_an_unknown_template_to_the_platform);
    RUN(tells_faults_of_template_and_page_together);
    RUN(a_schedule_is_held_against_the_template);
    RUN(cuts_between_two_characters);
    RUN(cuts_nothing_that_would_say_something_else);
    RUN(takes_data_that_came_as_text);
    RUN(text_that_is_no_object_stays_a_fault);
    RUN(the_body_is_not_written_to);
    RUN(a_repeat_gets_its_first_answer_whatever_a_sync_found);
    RUN(a_key_excuses_no_other_fault);
    return hy_tap_end();
}

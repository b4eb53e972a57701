#include "rig.h"
#include "tap.h"

#include "base/err.h"

#include <stdlib.h>

static struct hy_report report;
static int result;

static void note_result(struct hy_report *r, void *arg)
{
    result = r->deposit.op.result;
}

/* One grant with some members put in, replaced or (null) taken away. */
static json_t *grant(const char *members)
{
    json_t *body = rig_json("{'app':'" RIG_APP "','user':'" RIG_USER "','kind':'form_id',"
                            "'credential':'0123456789abcdef0123456789abcdef'}");
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

/* Owns the body; done with it when it returns, as the header of the engine says. */
static int tell(json_t *body)
{
    int err;

    report = (struct hy_report){.done = note_result};
    result = 1;
    err = hy_engine_report(rig.engine, body, rig_faults(), &report);
    json_decref(body);
    if (!err)
        rig_run();
    return err;
}

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app(""), 0);
}

static void check_counts(size_t accepted, size_t duplicates, size_t refused)
{
    CHECK_INT(result, 0);
    CHECK_INT(report.accepted, accepted);
    CHECK_INT(report.duplicates, duplicates);
    CHECK_INT(report.refused_count, refused);
}

static void a_form_id_is_one_use_and_a_prepay_id_three(void)
{
    set_up();
    CHECK_INT(tell(grant("")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 1);
    CHECK_INT(tell(grant("'kind':'prepay_id','credential':'prepay_id=wx201'")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 4);
    rig_close();
}

static void told_twice_is_stored_once(void)
{
    set_up();
    CHECK_INT(tell(grant("")), 0);
    CHECK_INT(tell(grant("'count':1")), 0);
    check_counts(0, 1, 0);
    CHECK_INT(rig_stored_uses(), 1);
    rig_close();
}

static const struct {
    const char *members, *field, *rule;
} wrong[] = {
    {"'app':null", "app", "required"},
    {"'app':'wx9999999999999999'", "app", "known_app"},
    {"'user':null", "user", "required"},
    {"'user':'short'", "user", "length"},
    {"'kind':null", "kind", "required"},
    {"'kind':'formid'", "kind", "one_of"},
    {"'kind':'once','credential':null", "template", "required"},
    {"'kind':'always','credential':null,'template':''", "template", "not_empty"},
    {"'kind':'once','template':'t'", "credential", "not_for_kind"},
    {"'kind':'always','credential':null,'template':'t','count':2", "count", "not_for_kind"},
    {"'kind':'once','credential':null,'template':'t','report_id':''", "report_id", "not_empty"},
    {"'kind':'once','credential':null,'template':'t','user':'short'", "user", "length"},
    {"'kind':'once','credential':null,'template':'t','count':1001", "count", "range"},
    {"'report_id':'r1'", "report_id", "not_for_kind"},
    {"'credential':null", "credential", "required"},
    {"'credential':''", "credential", "not_empty"},
    {"'credential':7", "credential", "type"},
    {"'template':'t'", "template", "not_for_kind"},
    {"'count':2", "count", "not_for_kind"},
    {"'count':0", "count", "range"},
    {"'count':1001", "count", "range"},
    {"'obtained_at':'yesterday'", "obtained_at", "instant"},
    {"'obtained_at':1772323501", "obtained_at", "past"}, /* 301 s ahead */
    {"'openid':'x'", "openid", "unknown_field"},
};

static void every_fault_names_its_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(tell(grant(wrong[i].members)), HY_E_INVALID);
        rig_expect(wrong[i].members, wrong[i].field, wrong[i].rule);
        CHECK_INT(result, 1); /* nothing was started */
    }
    CHECK_INT(rig_stored_uses(), 0);
    rig_close();
}

static const struct {
    const char *members, *reason;
} no_good[] = {
    {"'credential':'the formId is a mock one'", "mock_form_id"},
    {"'credential':'THE FORMID IS A MOCK ONE'", "mock_form_id"},
    {"'credential':'requestFormId:fail'", "request_failed"},
    {"'credential':'undefined'", "empty"},
    {"'credential':'a b'", "malformed"},
    {"'obtained_at':1771718400", "expired"}, /* 7 days ago */
};

static void what_is_no_good_is_refused_with_a_reason(void)
{
    set_up();
    for (size_t i = 0; i < sizeof no_good / sizeof no_good[0]; i++) {
        CHECK_INT(tell(grant(no_good[i].members)), 0);
        check_counts(0, 0, 1);
        CHECK_TEXT(report.refused[0].reason, no_good[i].reason);
        CHECK(report.refused[0].message[0] != 0);
        CHECK_INT(report.refused[0].index, 0);
    }
    CHECK_INT(rig_stored_uses(), 0);
    rig_close();
}

static void an_hour_within_the_margin_is_enough(void)
{
    set_up();
    CHECK_INT(tell(grant("'obtained_at':1771718401")), 0); /* a second short of 7 days */
    check_counts(1, 0, 0);
    rig_close();
}

/* A phone whose clock is a little fast must not buy its receipt a longer life. */
static void a_clock_ahead_counts_as_now(void)
{
    set_up();
    CHECK_INT(tell(grant("'obtained_at':1772323500")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(report.deposit.items[0].grant.obtained_at_ms, rig_now_ms);
    CHECK_INT(report.deposit.items[0].grant.expires_at_ms, rig_now_ms + 7 * 86400000LL);
    rig_close();
}

static void in_an_array_each_stands_for_itself(void)
{
    json_t *all;

    set_up();
    all = json_array();
    json_array_append_new(all, grant("'credential':'a1'"));
    json_array_append_new(all, grant("'user':'short'"));
    json_array_append_new(all, grant("'credential':'the formId is a mock one'"));
    json_array_append_new(all, json_integer(7));
    json_array_append_new(all, grant("'credential':'a1'"));
    json_array_append_new(all, grant("'credential':'a2'"));
    CHECK_INT(tell(all), 0);
    check_counts(2, 1, 3);
    CHECK_INT(report.refused[0].index, 1);
    CHECK_TEXT(report.refused[0].reason, "invalid");
    CHECK(strstr(report.refused[0].message, "user") != NULL);
    CHECK_INT(report.refused[1].index, 2);
    CHECK_TEXT(report.refused[1].reason, "mock_form_id");
    CHECK_INT(report.refused[2].index, 3);
    CHECK_TEXT(report.refused[2].reason, "invalid");
    CHECK_INT(rig_stored_uses(), 2);
    CHECK(!hy_violations_any(&rig.faults)); /* told by index, not as faults of the whole */
    rig_close();
}

static void an_array_of_nothing_is_done_at_once(void)
{
    set_up();
    CHECK_INT(tell(json_array()), 0);
    check_counts(0, 0, 0);
    rig_close();
}

/* --- prompts ---------------------------------------------------------------------------------- */

#define ONCE "'kind':'once','credential':null,'template':'t1'"

static void accepts_add_up(void)
{
    set_up();
    CHECK_INT(tell(grant(ONCE)), 0);
    check_counts(1, 0, 0);
    rig_now_ms += 1000;
    CHECK_INT(tell(grant(ONCE ",'count':3")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 4);
    CHECK_INT(report.deposit.items[0].grant.expires_at_ms, 0);
    rig_close();
}

static void a_standing_permission_is_one_use(void)
{
    set_up();
    CHECK_INT(tell(grant("'kind':'always','credential':null,'template':'t1'")), 0);
    CHECK_INT(rig_stored_uses(), 1);
    rig_now_ms += 1000;
    CHECK_INT(tell(grant("'kind':'always','credential':null,'template':'t1'")), 0);
    CHECK_INT(rig_stored_uses(), 1);
    rig_close();
}

/* A backend that got no answer tells again. */
static void the_same_report_counts_once(const char *location)
{
    rig_open(location);
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(tell(grant(ONCE ",'report_id':'r1'")), 0);
    check_counts(1, 0, 0);
    rig_now_ms += 20 * 3600000LL;
    CHECK_INT(tell(grant(ONCE ",'report_id':'r1'")), 0);
    check_counts(0, 1, 0);
    CHECK_INT(tell(grant(ONCE ",'report_id':'r2'")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(tell(grant("'kind':'once','credential':null,'template':'t2','report_id':'r1'")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 3);
    rig_close();
}

static void by_its_report_id(void)
{
    char folder[] = "/tmp/hy-report-XXXXXX", location[64], command[64];

    the_same_report_counts_once("memory:");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(location, sizeof location, "sqlite:%s/store", folder);
    the_same_report_counts_once(location);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
}

static void by_the_instant_that_it_names(void)
{
    set_up();
    CHECK_INT(tell(grant(ONCE ",'obtained_at':1772323100")), 0);
    check_counts(1, 0, 0);
    rig_now_ms += 3600000;
    CHECK_INT(tell(grant(ONCE ",'obtained_at':1772323100")), 0);
    check_counts(0, 1, 0);
    CHECK_INT(tell(grant(ONCE ",'obtained_at':1772323101")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 2);
    rig_close();
}

/* Two taps within the window by one source are two taps. */
static void without_identity_each_report_is_a_tap(void)
{
    set_up();
    CHECK_INT(tell(grant(ONCE)), 0);
    CHECK_INT(tell(grant(ONCE)), 0);
    check_counts(1, 0, 0);
    CHECK_INT(rig_stored_uses(), 2);
    rig_close();
}

static void an_old_accept_does_not_expire(void)
{
    set_up();
    CHECK_INT(tell(grant(ONCE ",'obtained_at':1700000000")), 0);
    check_counts(1, 0, 0);
    rig_close();
}

static void withdraw(int64_t at_ms)
{
    struct hy_deposit_item item = {.grant = {.app_no = 1,
                                             .user = RIG_USER,
                                             .kind = HY_GRANT_ONCE,
                                             .template_id = "t1",
                                             .uses_total = 1,
                                             .uses_left = 1,
                                             .obtained_at_ms = at_ms},
                                   .source = HY_SOURCE_EVENT,
                                   .answer = HY_ANSWER_WITHDRAW};
    struct hy_deposit deposit = {
        .op.verb = HY_VERB_DEPOSIT, .items = &item, .count = 1, .now_ms = rig_now_ms};

    CHECK_INT(hy_store_run(rig.store, &deposit.op), 0);
}

static void an_accept_from_before_a_withdrawal_adds_nothing(void)
{
    set_up();
    withdraw(rig_now_ms - 50000);
    CHECK_INT(tell(grant(ONCE ",'obtained_at':1772323100")), 0); /* 100 s ago */
    check_counts(0, 0, 0);
    CHECK_INT(rig_stored_uses(), 0);
    CHECK_INT(tell(grant(ONCE)), 0);
    check_counts(1, 0, 0);
    rig_close();
}

/* As the janitor would, the same night. */
static void tidy(void)
{
    struct hy_tidy tidying = {.op.verb = HY_VERB_TIDY, .now_ms = rig_now_ms, .limit = 100};

    CHECK_INT(hy_store_run(rig.store, &tidying.op), 0);
}

/* An import that broke off is told again, though its accepts are older than any identity is kept. */
static void an_import_of_old_accepts_counts_once(void)
{
    set_up();
    for (int round = 0; round < 2; round++) {
        CHECK_INT(tell(grant(ONCE ",'obtained_at':1700000000")), 0);
        check_counts(round == 0, round == 1, 0);
        CHECK_INT(tell(grant(ONCE ",'obtained_at':1700000000,'report_id':'row-1'")), 0);
        check_counts(round == 0, round == 1, 0);
        rig_now_ms += 43200000;
        tidy();
    }
    CHECK_INT(rig_stored_uses(), 2);
    rig_close();
}

int main(void)
{
    RUN(a_form_id_is_one_use_and_a_prepay_id_three);
    RUN(told_twice_is_stored_once);
    RUN(every_fault_names_its_field);
    RUN(what_is_no_good_is_refused_with_a_reason);
    RUN(an_hour_within_the_margin_is_enough);
    RUN(a_clock_ahead_counts_as_now);
    RUN(in_an_array_each_stands_for_itself);
    RUN(an_array_of_nothing_is_done_at_once);
    RUN(accepts_add_up);
    RUN(a_standing_permission_is_one_use);
    RUN(by_its_report_id);
    RUN(by_the_instant_that_it_names);
    RUN(without_identity_each_report_is_a_tap);
    RUN(an_old_accept_does_not_expire);
    RUN(an_accept_from_before_a_withdrawal_adds_nothing);
    RUN(an_import_of_old_accepts_counts_once);
    return hy_tap_end();
}

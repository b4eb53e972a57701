#include "rig.h"
#include "tap.h"

#include "base/err.h"
#include "engine/pages.h"

#define T1 "TemplateTemplateTemplateTemplateTemplate_t1"
#define T2 "TemplateTemplateTemplateTemplateTemplate_t2"

static struct hy_report report;
static int result;

static void note_result(struct hy_report *r, void *arg)
{
    result = r->deposit.op.result;
}

/* Owns the body. */
static int tell_as(const char *user, json_t *body)
{
    const struct hy_app_entry *app = hy_engine_app(rig.engine, RIG_APP);
    int err;

    report = (struct hy_report){.done = note_result};
    result = 1;
    err = hy_engine_client_report(rig.engine, app, user, body, rig_faults(), &report);
    hy_engine_app_release(app);
    json_decref(body);
    if (!err)
        rig_run();
    return err;
}

static int tell(json_t *body)
{
    return tell_as(RIG_USER, body);
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

static struct hy_grant_list grants(const char *user)
{
    struct hy_grant_list list = {.op.verb = HY_VERB_GRANT_LIST,
                                 .app_no = 1,
                                 .user = user,
                                 .now_ms = rig_now_ms,
                                 .limit = 100,
                                 .arena = &rig.arena};

    CHECK_INT(hy_store_run(rig.store, &list.op), 0);
    return list;
}

static void form_ids_and_accepts_become_grants_of_the_user(void)
{
    struct hy_grant_list list;

    set_up();
    CHECK_INT(tell(rig_json("{'report_id':'r1','form_ids':['f1','f2'],"
                            "'subscriptions':{'" T1 "':'accept','" T2 "':'accept'}}")),
              0);
    check_counts(4, 0, 0);
    list = grants(RIG_USER);
    CHECK_INT(list.count, 4);
    CHECK_INT(list.available, 4);
    for (size_t i = 0; i < list.count; i++) {
        CHECK(hy_grant_is_receipt(list.grants[i].kind) || list.grants[i].kind == HY_GRANT_ONCE);
        CHECK_INT(list.grants[i].obtained_at_ms, rig_now_ms);
    }
    rig_close();
}

static void each_word_for_yes_is_one_use(void)
{
    static const char *const words[] = {"accept", "acceptWithAlert", "acceptWithAudio",
                                        "acceptWithForcePush"};

    set_up();
    for (int i = 0; i < 4; i++) {
        CHECK_INT(
            tell(rig_json("{'report_id':'r%d','subscriptions':{'" T1 "':'%s'}}", i, words[i])), 0);
        check_counts(1, 0, 0);
        CHECK_INT(rig_stored_uses(), i + 1);
    }
    rig_close();
}

static void a_no_is_noted_and_no_permission(void)
{
    static const char *const words[] = {"reject", "ban", "filter"};
    static const enum hy_answer_kind kinds[] = {HY_ANSWER_REJECT, HY_ANSWER_BAN, HY_ANSWER_FILTER};

    set_up();
    for (int i = 0; i < 3; i++) {
        struct hy_prospect item = {.template_id = T1, .template_kind = HY_TEMPLATE_ONCE};
        struct hy_prospects verb = {.op.verb = HY_VERB_PROSPECTS,
                                    .app_no = 1,
                                    .user = RIG_USER,
                                    .items = &item,
                                    .count = 1};

        rig_now_ms += 1000;
        CHECK_INT(
            tell(rig_json("{'report_id':'r%d','subscriptions':{'" T1 "':'%s'}}", i, words[i])), 0);
        check_counts(0, 0, 0);
        verb.now_ms = rig_now_ms;
        verb.arena = &rig.arena;
        CHECK_INT(hy_store_run(rig.store, &verb.op), 0);
        CHECK_INT(item.answer, kinds[i]);
        CHECK_INT(item.answered_at_ms, rig_now_ms);
    }
    CHECK_INT(rig_stored_uses(), 0);
    rig_close();
}

static json_t *one_report(void)
{
    return rig_json("{'report_id':'r1','form_ids':['f1'],'obtained_at':1772323100,"
                    "'subscriptions':{'" T1 "':'accept'}}");
}

static void a_report_told_twice_counts_once(void)
{
    set_up();
    CHECK_INT(tell(one_report()), 0);
    check_counts(2, 0, 0);
    rig_now_ms += 5 * 86400000LL; /* a queue on a phone may be old */
    CHECK_INT(tell(one_report()), 0);
    check_counts(0, 2, 0);
    CHECK_INT(tell(rig_json("[{'report_id':'r1','subscriptions':{'" T1 "':'accept'},"
                            "'obtained_at':1772323100}]")),
              0);
    check_counts(0, 1, 0);
    CHECK_INT(tell(rig_json("{'report_id':'r2','subscriptions':{'" T1 "':'accept'}}")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(tell_as("oRigRigRigRigRigRigRigRig_u2", one_report()), 0);
    CHECK_INT(report.accepted, 1); /* the tap; the form_id is somebody's already */
    CHECK_INT(report.duplicates, 1);
    rig_close();
}

static void no_good_form_ids_are_refused_with_a_reason(void)
{
    static const struct {
        const char *form_id, *reason;
    } bad[] = {{"the formId is a mock one", "mock_form_id"},
               {"requestFormId:fail", "request_failed"},
               {"undefined", "empty"},
               {"a b", "malformed"}};

    set_up();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(
            tell(rig_json("{'report_id':'r','form_ids':['good%zu','%s']}", i, bad[i].form_id)), 0);
        check_counts(1, 0, 1);
        CHECK_TEXT(report.refused[0].reason, bad[i].reason);
        CHECK_TEXT(report.refused[0].credential, bad[i].form_id);
        CHECK(report.refused[0].message[0] != 0);
    }
    CHECK_INT(tell(rig_json("{'report_id':'r','form_ids':['old'],'obtained_at':1771718400}")), 0);
    check_counts(0, 0, 1);
    CHECK_TEXT(report.refused[0].reason, "expired");
    rig_close();
}

static void words_nobody_knows_are_refused(void)
{
    set_up();
    CHECK_INT(tell(rig_json("{'report_id':'r','subscriptions':{'" T1 "':'accept','" T2
                            "':'perhaps','x':7,'':'accept'}}")),
              0);
    check_counts(1, 0, 3);
    for (size_t i = 0; i < 3; i++) {
        const char *reason = *report.refused[i].template_id ? "unknown_answer" : "malformed";

        CHECK_TEXT(report.refused[i].reason, reason);
        CHECK_INT(report.refused[i].index, 0);
    }
    rig_close();
}

static const struct {
    const char *body, *field, *rule;
} wrong[] = {
    {"{'form_ids':['f1']}", "report_id", "required"},
    {"{'report_id':''}", "report_id", "not_empty"},
    {"{'report_id':'12345678901234567890123456789012345678901234567890123456789012345'}",
     "report_id", "max_length"},
    {"{'report_id':'r','form_ids':'f1'}", "form_ids", "type"},
    {"{'report_id':'r','form_ids':[1]}", "form_ids", "type"},
    {"{'report_id':'r','subscriptions':[]}", "subscriptions", "type"},
    {"{'report_id':'r','user':'" RIG_USER "'}", "user", "unknown_field"},
    {"{'report_id':'r','openid':'" RIG_USER "'}", "openid", "unknown_field"},
    {"{'report_id':'r','obtained_at':'soon'}", "obtained_at", "instant"},
    {"[]", "", "items"},
    {"7", "", "type"},
};

static void every_fault_names_its_field(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *body =
            strcmp(wrong[i].body, "7") == 0 ? json_integer(7) : rig_json("%s", wrong[i].body);

        CHECK_INT(tell(body), HY_E_INVALID);
        rig_expect(wrong[i].body, wrong[i].field, wrong[i].rule);
        CHECK_INT(result, 1);
    }
    CHECK_INT(rig_stored_uses(), 0);
    rig_close();
}

static void in_an_array_each_stands_for_itself(void)
{
    set_up();
    CHECK_INT(tell(rig_json("[{'report_id':'a','subscriptions':{'" T1 "':'accept'}},"
                            "{'subscriptions':{'" T1 "':'accept'}}, 7,"
                            "{'report_id':'a','subscriptions':{'" T1 "':'accept'}},"
                            "{'report_id':'b','form_ids':['undefined']}]")),
              0);
    check_counts(1, 1, 3);
    CHECK_INT(report.refused[0].index, 1);
    CHECK_TEXT(report.refused[0].reason, "invalid");
    CHECK_INT(report.refused[1].index, 2);
    CHECK_INT(report.refused[2].index, 4);
    CHECK_TEXT(report.refused[2].reason, "empty");
    CHECK_INT(rig_stored_uses(), 1);
    rig_close();
}

static void sizes_are_bounded(void)
{
    json_t *body = json_array(), *page, *forms, *prompts;

    set_up();
    for (int i = 0; i < 50; i++)
        json_array_append_new(body, rig_json("{'report_id':'r%d','form_ids':['f%d']}", i, i));
    CHECK_INT(tell(json_incref(body)), 0);
    check_counts(50, 0, 0);
    json_array_append_new(body, rig_json("{'report_id':'r'}"));
    CHECK_INT(tell(body), HY_E_INVALID);
    rig_expect("51 reports", "", "items");
    page = rig_json("{'report_id':'r','form_ids':[],'subscriptions':{}}");
    forms = json_object_get(page, "form_ids");
    prompts = json_object_get(page, "subscriptions");
    for (int i = 0; i < 21; i++) {
        char id[16];

        snprintf(id, sizeof id, "t%d", i);
        json_object_set_new(prompts, id, json_string("accept"));
    }
    CHECK_INT(tell(json_incref(page)), HY_E_INVALID);
    rig_expect("21 templates", "subscriptions", "items");
    json_object_clear(prompts);
    for (int i = 0; i < 51; i++)
        json_array_append_new(forms, json_string("f"));
    CHECK_INT(tell(page), HY_E_INVALID);
    rig_expect("51 form_ids", "form_ids", "items");
    rig_close();
}

/* A phone with a wrong clock loses nothing and gains nothing. */
static void a_wrong_clock_counts_as_now(void)
{
    static const char *const instants[] = {"1772409601", "1772323205", "4000000000", "1"};

    set_up();
    for (int i = 0; i < 4; i++) {
        struct hy_grant_list list;

        CHECK_INT(tell(rig_json("{'report_id':'r%d','subscriptions':{'t%d':'accept'},"
                                "'obtained_at':%s}",
                                i, i, instants[i])),
                  0);
        check_counts(1, 0, 0);
        list = grants(RIG_USER);
        CHECK_INT(list.count, i + 1);
        for (size_t k = 0; k < list.count; k++)
            CHECK_INT(list.grants[k].obtained_at_ms, rig_now_ms);
    }
    CHECK_INT(tell(rig_json("{'report_id':'f','form_ids':['f'],'obtained_at':4000000000}")), 0);
    check_counts(1, 0, 0);
    CHECK_INT(report.deposit.items[0].grant.expires_at_ms, rig_now_ms + 7 * 86400000LL);
    rig_close();
}

int main(void)
{
    RUN(form_ids_and_accepts_become_grants_of_the_user);
    RUN(each_word_for_yes_is_one_use);
    RUN(a_no_is_noted_and_no_permission);
    RUN(a_report_told_twice_counts_once);
    RUN(no_good_form_ids_are_refused_with_a_reason);
    RUN(words_nobody_knows_are_refused);
    RUN(every_fault_names_its_field);
    RUN(in_an_array_each_stands_for_itself);
    RUN(sizes_are_bounded);
    RUN(a_wrong_clock_counts_as_now);
    return hy_tap_end();
}

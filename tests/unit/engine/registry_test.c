#include "rig.h"
#include "tap.h"

#include "base/err.h"

#define OTHER "wx0000000000000002"

static void set_up(void)
{
    rig_open("memory:");
    CHECK_INT(rig_add_app("'token_mode':'classic','rate_per_s':5"), 0);
}

/* --- apps ------------------------------------------------------------------------------------- */

static void an_app_is_known_with_its_settings_and_no_secret(void)
{
    const struct hy_app_entry *app;

    set_up();
    app = hy_engine_app(rig.engine, RIG_APP);
    CHECK(app != NULL);
    CHECK_INT(app->app.no, 1);
    CHECK_TEXT(app->app.platform, "wechat_mini");
    CHECK_TEXT(app->platform->name, "wechat_mini");
    CHECK_INT(app->settings.token_mode, HY_TOKEN_CLASSIC);
    CHECK_INT(app->settings.rate_per_s, 5);
    CHECK_INT(app->settings.max_in_flight, 32);
    CHECK_INT(app->app.secret.size, 0);
    CHECK(!app->app.secret.bytes);
    hy_engine_app_release(app);
    CHECK(!hy_engine_app(rig.engine, "wx000000000000000"));
    CHECK(!hy_engine_app(rig.engine, ""));
    rig_close();
}

static const struct {
    const char *body, *field, *rule;
} wrong[] = {
    {"{'secret':'" RIG_SECRET "'}", "id", "required"},
    {"{'id':'" OTHER "'}", "secret", "required"},
    {"{'id':'wx1','secret':'" RIG_SECRET "'}", "id", "length"},
    {"{'id':'WX0000000000000002','secret':'" RIG_SECRET "'}", "id", "format"},
    {"{'id':'" OTHER "','secret':'short'}", "secret", "length"},
    {"{'id':'" OTHER "','secret':'" RIG_SECRET "','platform':'wechat'}", "platform", "one_of"},
    {"{'id':'" OTHER "','secret':'" RIG_SECRET "','max_in_flight':0}", "max_in_flight", "range"},
    {"{'id':'" OTHER "','secret':'" RIG_SECRET "','ratepers':1}", "ratepers", "unknown_field"},
    {"[]", "", "type"},
};

static void a_new_app_must_be_in_order(void)
{
    set_up();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(rig_change_app(NULL, wrong[i].body), HY_E_INVALID);
        rig_expect(wrong[i].body, wrong[i].field, wrong[i].rule);
    }
    CHECK(!hy_engine_app(rig.engine, OTHER));
    rig_close();
}

/* A field of the wrong type is there: it is not missing, too. */
static void a_fault_is_told_once(void)
{
    rig_open("memory:");
    CHECK_INT(rig_change_app(NULL, "{'id':7,'secret':7}"), HY_E_INVALID);
    CHECK_INT(rig.faults.count, 2);
    CHECK_TEXT(rig.faults.items[0].rule, "type");
    CHECK_TEXT(rig.faults.items[1].rule, "type");
    rig_close();
}

static void a_secret_is_never_repeated(void)
{
    static const char *const bodies[] = {
        "{'id':'" OTHER "','secret':'" RIG_SECRET "0'}",
        "{'id':'" OTHER "','secret':['" RIG_SECRET "']}",
        "{'id':'" OTHER "','secret':'x" RIG_SECRET "x'}",
        "{'id':'" OTHER "','secret':'0123456789abcdef0123456789abcdeg'}",
    };

    set_up();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CHECK_INT(rig_change_app(NULL, bodies[i]), HY_E_INVALID);
        CHECK_TEXT(rig.faults.items[0].field, "secret");
        for (size_t j = 0; j < rig.faults.count; j++) {
            const struct hy_violation *v = &rig.faults.items[j];

            CHECK(!strstr(v->message, "0123456789abcdef"));
            CHECK(!v->actual || !strstr(v->actual, "0123456789abcdef"));
        }
    }
    rig_close();
}

static void an_id_is_taken_once(void)
{
    set_up();
    CHECK_INT(rig_add_app(""), HY_E_EXISTS);
    rig_close();
}

static void a_change_changes_what_it_names(void)
{
    const struct hy_app_entry *before, *after;

    set_up();
    before = hy_engine_app(rig.engine, RIG_APP);
    rig_now_ms += 1000;
    CHECK_INT(rig_change_app(RIG_APP, "{'max_in_flight':7}"), 0);
    after = hy_engine_app(rig.engine, RIG_APP);
    CHECK_INT(after->settings.max_in_flight, 7);
    CHECK_INT(after->settings.rate_per_s, 5);
    CHECK_INT(after->app.no, before->app.no);
    CHECK_INT(after->app.created_at_ms, before->app.created_at_ms);
    CHECK_INT(after->app.updated_at_ms, before->app.updated_at_ms + 1000);
    CHECK_INT(before->settings.max_in_flight, 32); /* who holds the old one keeps it */
    hy_engine_app_release(before);
    hy_engine_app_release(after);
    rig_close();
}

static void identity_does_not_change(void)
{
    set_up();
    CHECK_INT(rig_change_app(RIG_APP, "{'id':'" OTHER "'}"), HY_E_INVALID);
    rig_expect("id", "id", "fixed");
    CHECK_INT(rig_change_app(RIG_APP, "{'platform':'alipay'}"), HY_E_INVALID);
    rig_expect("platform", "platform", "fixed");
    CHECK_INT(rig_change_app(RIG_APP, "{'secret':'x'}"), HY_E_INVALID);
    rig_expect("secret", "secret", "length");
    CHECK_INT(rig_change_app(OTHER, "{}"), HY_E_NOT_FOUND);
    CHECK_INT(rig_change_app(RIG_APP, "{'id':'" RIG_APP "','platform':'wechat_mini'}"), 0);
    rig_close();
}

static void settings_survive_a_restart(void)
{
    const struct hy_app_entry *app;

    set_up();
    CHECK_INT(rig_change_app(RIG_APP, "{'legacy_intake':true}"), 0);
    rig_restart();
    app = hy_engine_app(rig.engine, RIG_APP);
    CHECK(app != NULL);
    CHECK(app->settings.legacy_intake);
    CHECK_INT(app->settings.token_mode, HY_TOKEN_CLASSIC);
    hy_engine_app_release(app);
    rig_close();
}

static void a_removed_app_is_known_by_number_only(void)
{
    const struct hy_app_entry *gone, *fresh;
    size_t count;

    set_up();
    CHECK_INT(rig_remove_app(RIG_APP), 0);
    CHECK(!hy_engine_app(rig.engine, RIG_APP));
    CHECK_INT(rig_remove_app(RIG_APP), HY_E_NOT_FOUND);
    hy_engine_app_list(rig.engine, &rig.arena, &count);
    CHECK_INT(count, 0);
    gone = hy_engine_app_by_no(rig.engine, 1);
    CHECK(gone && gone->app.deleted_at_ms == rig_now_ms);
    hy_engine_app_release(gone);
    /* The id is free for a new app, which is another one. */
    CHECK_INT(rig_add_app(""), 0);
    fresh = hy_engine_app(rig.engine, RIG_APP);
    CHECK_INT(fresh->app.no, 2);
    CHECK_INT(fresh->settings.token_mode, HY_TOKEN_STABLE);
    hy_engine_app_release(fresh);
    rig_close();
}

/* --- answers that come too soon --------------------------------------------------------------- */

static void an_answer_may_come_before_the_request_left(void)
{
    struct hy_app_status status;

    rig_open("memory:");
    rig.refuse_at_once = true;
    CHECK_INT(rig_add_app(""), 0);
    CHECK_INT(rig.requests, 1);
    hy_engine_app_status(rig.engine, 1, &rig.arena, &status);
    CHECK_INT(status.token_failures, 1);
    CHECK_TEXT(status.token_error, "there is no network here");
    rig_close();
}

int main(void)
{
    RUN(an_app_is_known_with_its_settings_and_no_secret);
    RUN(a_new_app_must_be_in_order);
    RUN(a_fault_is_told_once);
    RUN(a_secret_is_never_repeated);
    RUN(an_id_is_taken_once);
    RUN(a_change_changes_what_it_names);
    RUN(identity_does_not_change);
    RUN(settings_survive_a_restart);
    RUN(a_removed_app_is_known_by_number_only);
    RUN(an_answer_may_come_before_the_request_left);
    return hy_tap_end();
}

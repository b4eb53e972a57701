/* Apps, API keys, small texts, and the right to ask for a token. */
#include "store_cases.h"

/* --- apps ------------------------------------------------------------------------------------- */

static struct hy_apps *apps(void)
{
    struct hy_apps *v = (struct hy_apps *)hy_arena_alloc(&rig.arena, sizeof *v);

    v->arena = &rig.arena;
    CHECK_INT(run(&v->op, HY_VERB_APPS), 0);
    return v;
}

static int64_t new_app(const char *id)
{
    struct hy_app_put v = {.app = {.id = id,
                                   .platform = "wechat_mini",
                                   .settings = "{\"rate_per_s\":5}",
                                   .secret = {"\0sealed", 7},
                                   .created_at_ms = 11,
                                   .updated_at_ms = 12}};

    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK(v.app.no > 0);
    return v.app.no;
}

static int delete_app(int64_t no)
{
    struct hy_app_delete v = {.app_no = no, .now_ms = rig.now_ms};

    return run(&v.op, HY_VERB_APP_DELETE);
}

static void an_app_is_kept_whole(void)
{
    int64_t no = new_app("wx2");
    struct hy_apps *v = apps();

    CHECK_INT(v->count, 2);
    CHECK_INT(v->apps[0].no, rig.app);
    CHECK_INT(v->apps[1].no, no);
    CHECK_TEXT(v->apps[1].id, "wx2");
    CHECK_TEXT(v->apps[1].platform, "wechat_mini");
    CHECK_TEXT(v->apps[1].settings, "{\"rate_per_s\":5}");
    CHECK_INT(v->apps[1].secret.size, 7);
    CHECK(memcmp(v->apps[1].secret.bytes, "\0sealed", 7) == 0);
    CHECK_INT(v->apps[1].created_at_ms, 11);
    CHECK_INT(v->apps[1].updated_at_ms, 12);
    CHECK_INT(v->apps[1].deleted_at_ms, 0);
}

static void an_app_id_is_taken_once(void)
{
    struct hy_app_put v = {.app = {.id = "wx1", .platform = "wechat_mini", .settings = "{}"}};

    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), HY_E_EXISTS);
    CHECK_INT(apps()->count, 1);
    v.app.id = "";
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), HY_E_INVALID);
}

static void an_app_is_changed(void)
{
    int64_t no = new_app("wx2");
    struct hy_app_put v = {.app = {.no = no, .settings = "{}", .updated_at_ms = 99}};

    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_TEXT(apps()->apps[1].settings, "{}");
    CHECK_TEXT(apps()->apps[1].id, "wx2");
    CHECK_INT(apps()->apps[1].secret.size, 7);
    CHECK_INT(apps()->apps[1].created_at_ms, 11);
    CHECK_INT(apps()->apps[1].updated_at_ms, 99);
    v.app.secret = (struct hy_sealed){"new", 3};
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(apps()->apps[1].secret.size, 3);
    v.app.no = 4711;
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), HY_E_NOT_FOUND);
}

static void deleting_an_app_ends_what_hangs_on_it(void)
{
    int64_t no = rig.app;
    struct hy_schedule_put own = {
        .schedule = {
            .app_no = no, .name = "s", .cron = "* * * * *", .timezone = "UTC", .next_run_ms = 1}};
    struct hy_schedule_put global = own;
    struct hy_schedules schedules = {.arena = &rig.arena};
    struct hy_tokens tokens = {.arena = &rig.arena};
    struct hy_token_begin begin = {
        .app_no = no, .now_ms = rig.now_ms, .lease_until_ms = 1, .arena = &rig.arena};
    int64_t g = form("u", 0);
    struct hy_message *queued = post("u");
    struct hy_message *waits = post_with("w", HY_ON_MISSING_WAIT);
    struct hy_message *sending, *unknown;

    global.schedule.app_no = 0;
    global.schedule.job = "sweep";
    CHECK_INT(run(&own.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(run(&global.op, HY_VERB_SCHEDULE_PUT), 0);
    CHECK_INT(run(&begin.op, HY_VERB_TOKEN_BEGIN), 0);
    CHECK_INT(cancel(queued->id), 0);
    form("n", 0);
    unknown = post("n");
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    sending = post_with("s", HY_ON_MISSING_TRY);
    claim_one();
    queued = post("u");

    CHECK_INT(delete_app(no), 0);
    CHECK_STATE(queued->id, CANCELED);
    CHECK_TEXT(get(queued->id)->reason, "app_deleted");
    CHECK_STATE(waits->id, CANCELED);
    CHECK_TEXT(get(waits->id)->reason, "app_deleted");
    CHECK_STATE(sending->id, SENDING);
    CHECK_STATE(unknown->id, UNKNOWN);
    CHECK_INT(get(unknown->id)->due_at_ms, 0);
    CHECK_TEXT(ledger("u", g), "1/0 available");
    CHECK_INT(apps()->count, 1);
    CHECK_INT(apps()->apps[0].deleted_at_ms, rig.now_ms);
    CHECK_INT(apps()->apps[0].secret.size, 0);
    CHECK_INT(run(&schedules.op, HY_VERB_SCHEDULES), 0);
    CHECK_INT(schedules.count, 1);
    CHECK_INT(schedules.schedules[0].app_no, 0);
    CHECK_INT(run(&tokens.op, HY_VERB_TOKENS), 0);
    CHECK_INT(tokens.count, 0);
    CHECK_INT(claim(ALL)->count, 0);
}

static void a_deleted_app_is_gone_but_its_id_is_free(void)
{
    struct hy_app_put change = {.app = {.no = rig.app, .settings = "{}"}};
    int64_t no;

    CHECK_INT(delete_app(rig.app), 0);
    CHECK_INT(run(&change.op, HY_VERB_APP_PUT), HY_E_NOT_FOUND);
    no = new_app("wx1");
    CHECK(no != rig.app);
    CHECK_INT(apps()->count, 2);
    CHECK_INT(delete_app(4711), HY_E_NOT_FOUND);
}

static void deleting_again_takes_what_came_late(void)
{
    struct hy_message *m = post_with("u", HY_ON_MISSING_TRY);
    struct hy_claimed *c = claim_one();
    int64_t deleted_at_ms = rig.now_ms;

    CHECK_INT(delete_app(rig.app), 0);
    rig.now_ms += HOUR;
    judge(c, HY_VERDICT_TOKEN, "40001");
    CHECK_STATE(m->id, QUEUED);
    CHECK_INT(delete_app(rig.app), 0);
    CHECK_STATE(m->id, CANCELED);
    CHECK_INT(apps()->apps[0].deleted_at_ms, deleted_at_ms);
}

/* --- keys, meta ------------------------------------------------------------------------------- */

static void keys_are_put_listed_and_revoked(void)
{
    struct hy_key_put a = {
        .key = {.name = "ops", .hash = {1, 2, 3}, .scopes = HY_SCOPE_ADMIN, .created_at_ms = 5}};
    struct hy_key_put b = {.key = {.name = "ci", .hash = {1, 2, 4}, .scopes = HY_SCOPE_READ}};
    struct hy_key_put twin = {.key = {.name = "twin", .hash = {1, 2, 3}}};
    struct hy_keys keys = {.arena = &rig.arena};
    struct hy_key_revoke revoke = {.now_ms = rig.now_ms};

    CHECK_INT(run(&a.op, HY_VERB_KEY_PUT), 0);
    CHECK_INT(run(&b.op, HY_VERB_KEY_PUT), 0);
    CHECK_INT(run(&twin.op, HY_VERB_KEY_PUT), HY_E_EXISTS);
    CHECK(a.key.id > 0 && b.key.id > a.key.id);
    CHECK_INT(run(&keys.op, HY_VERB_KEYS), 0);
    CHECK_INT(keys.count, 2);
    CHECK_INT(keys.keys[0].id, a.key.id);
    CHECK_TEXT(keys.keys[0].name, "ops");
    CHECK_INT(keys.keys[0].scopes, HY_SCOPE_ADMIN);
    CHECK_INT(keys.keys[0].created_at_ms, 5);
    CHECK(memcmp(keys.keys[0].hash, a.key.hash, HY_KEY_HASH_BYTES) == 0);
    revoke.key_id = a.key.id;
    CHECK_INT(run(&revoke.op, HY_VERB_KEY_REVOKE), 0);
    CHECK_INT(run(&revoke.op, HY_VERB_KEY_REVOKE), HY_E_NOT_FOUND);
    revoke.key_id = 4711;
    CHECK_INT(run(&revoke.op, HY_VERB_KEY_REVOKE), HY_E_NOT_FOUND);
    CHECK_INT(run(&keys.op, HY_VERB_KEYS), 0);
    CHECK_INT(keys.count, 1);
    CHECK_TEXT(keys.keys[0].name, "ci");
    CHECK_INT(run(&twin.op, HY_VERB_KEY_PUT), 0); /* the hash is free again */
    CHECK(twin.key.id > b.key.id);
    CHECK_INT(run(&twin.op, HY_VERB_KEY_PUT), HY_E_INVALID); /* it has an id now */
}

static void small_texts_are_replaced(void)
{
    struct hy_meta_put put = {.name = "master_key", .value = "a"};
    struct hy_meta_get get_it = {.name = "master_key", .arena = &rig.arena};

    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), HY_E_NOT_FOUND);
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    put.value = "";
    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(get_it.value, "a");
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(get_it.value, "");
    put.name = "other";
    put.value = "b";
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(get_it.value, "");
}

static void a_small_text_is_put_once_if_absent(void)
{
    struct hy_meta_put put = {.name = "master_key", .value = "a", .if_absent = true};
    struct hy_meta_get get_it = {.name = "master_key", .arena = &rig.arena};

    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    put.value = "b";
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), HY_E_EXISTS);
    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(get_it.value, "a");
    put.if_absent = false;
    CHECK_INT(run(&put.op, HY_VERB_META_PUT), 0);
    CHECK_INT(run(&get_it.op, HY_VERB_META_GET), 0);
    CHECK_TEXT(get_it.value, "b");
}

/* --- tokens ----------------------------------------------------------------------------------- */

static struct hy_token_begin asking(int64_t version)
{
    return (struct hy_token_begin){.app_no = rig.app,
                                   .version = version,
                                   .now_ms = rig.now_ms,
                                   .lease_until_ms = rig.now_ms + MINUTE,
                                   .day = 20000,
                                   .calls_max = 100,
                                   .forced_max = 20,
                                   .forced_gap_ms = 30 * SECOND,
                                   .arena = &rig.arena};
}

static int begin(struct hy_token_begin *v)
{
    return run(&v->op, HY_VERB_TOKEN_BEGIN);
}

static int end(int64_t version, const char *access, const char *error)
{
    struct hy_token_end v = {.app_no = rig.app,
                             .version = version,
                             .access = {access, access ? strlen(access) : 0},
                             .obtained_at_ms = rig.now_ms,
                             .expires_at_ms = rig.now_ms + 2 * HOUR,
                             .error = error};

    return run(&v.op, HY_VERB_TOKEN_END);
}

static const struct hy_token *token(void)
{
    struct hy_tokens *v = (struct hy_tokens *)hy_arena_alloc(&rig.arena, sizeof *v);

    v->arena = &rig.arena;
    CHECK_INT(run(&v->op, HY_VERB_TOKENS), 0);
    CHECK_INT(v->count, 1);
    return &v->tokens[0];
}

static void a_token_is_asked_for_and_stored(void)
{
    struct hy_token_begin v = asking(0);

    CHECK_INT(begin(&v), 0);
    CHECK_INT(v.token.app_no, rig.app);
    CHECK_INT(v.token.version, 0);
    CHECK_INT(v.token.calls, 1);
    CHECK_INT(v.token.refreshing_until_ms, rig.now_ms + MINUTE);
    CHECK_INT(token()->access.size, 0);
    CHECK_INT(end(0, "sealed-1", NULL), 0);
    CHECK_INT(token()->app_no, rig.app);
    CHECK_INT(token()->version, 1);
    CHECK_INT(token()->access.size, 8);
    CHECK(memcmp(token()->access.bytes, "sealed-1", 8) == 0);
    CHECK_INT(token()->obtained_at_ms, rig.now_ms);
    CHECK_INT(token()->expires_at_ms, rig.now_ms + 2 * HOUR);
    CHECK_INT(token()->refreshing_until_ms, 0);
    CHECK_INT(token()->day, 20000);
    CHECK_INT(token()->calls, 1);
    CHECK_INT(token()->forced_calls, 0);
}

static void one_asks_at_a_time(void)
{
    struct hy_token_begin first = asking(0);
    struct hy_token_begin second = asking(0);

    CHECK_INT(begin(&first), 0);
    CHECK_INT(begin(&second), HY_TOKEN_TAKEN);
    CHECK_INT(second.token.refreshing_until_ms, rig.now_ms + MINUTE);
    CHECK_INT(second.token.calls, 1);
    rig.now_ms += MINUTE; /* the first one never came back */
    second = asking(0);
    CHECK_INT(begin(&second), 0);
    CHECK_INT(second.token.calls, 2);
    CHECK_INT(end(0, "sealed-1", NULL), 0);
    CHECK_INT(end(0, "late", NULL), HY_TOKEN_MOVED);
    CHECK_INT(end(0, NULL, "late"), HY_TOKEN_MOVED);
    CHECK_INT(token()->access.size, 8);
    CHECK_INT(token()->failures, 0);
}

static void who_has_the_right_asks_once_more(void)
{
    struct hy_token_begin first = asking(0), again = asking(0), other = asking(0);

    CHECK_INT(begin(&first), 0);
    again.held_until_ms = first.lease_until_ms;
    again.lease_until_ms += SECOND;
    CHECK_INT(begin(&again), 0);
    CHECK_INT(again.token.calls, 2);
    CHECK_INT(token()->refreshing_until_ms, rig.now_ms + MINUTE + SECOND);
    CHECK_INT(begin(&other), HY_TOKEN_TAKEN);
    again.held_until_ms = first.lease_until_ms; /* that one is over */
    CHECK_INT(begin(&again), HY_TOKEN_TAKEN);
}

static void only_the_current_token_is_replaced(void)
{
    struct hy_token_begin v = asking(0);

    CHECK_INT(begin(&v), 0);
    CHECK_INT(end(0, "sealed-1", NULL), 0);
    v = asking(0);
    CHECK_INT(begin(&v), HY_TOKEN_MOVED);
    CHECK_INT(v.token.version, 1);
    CHECK_INT(v.token.access.size, 8);
    CHECK_INT(v.token.calls, 1);
    v = asking(1);
    CHECK_INT(begin(&v), 0);
    CHECK_INT(end(1, "sealed-two", NULL), 0);
    CHECK_INT(token()->version, 2);
    CHECK_INT(token()->access.size, 10);
}

static void a_failed_refresh_keeps_the_old_token(void)
{
    struct hy_token_begin v = asking(0);

    CHECK_INT(begin(&v), 0);
    CHECK_INT(end(0, "sealed-1", NULL), 0);
    for (int i = 1; i <= 2; i++) {
        v = asking(1);
        CHECK_INT(begin(&v), 0);
        CHECK_INT(end(1, NULL, "40125 invalid appsecret"), 0);
        CHECK_INT(token()->version, 1);
        CHECK_INT(token()->access.size, 8);
        CHECK_INT(token()->failures, i);
        CHECK_TEXT(token()->last_error, "40125 invalid appsecret");
        CHECK_INT(token()->refreshing_until_ms, 0);
    }
    v = asking(1);
    CHECK_INT(begin(&v), 0);
    CHECK_INT(end(1, "sealed-2", NULL), 0);
    CHECK_INT(token()->failures, 0);
    CHECK(token()->last_error == NULL);
}

static void the_budget_is_for_a_day(void)
{
    struct hy_token_begin v;

    for (int i = 0; i < 3; i++) {
        v = asking(0);
        v.calls_max = 3;
        CHECK_INT(begin(&v), 0);
        CHECK_INT(end(0, NULL, "busy"), 0);
    }
    v = asking(0);
    v.calls_max = 3;
    CHECK_INT(begin(&v), HY_TOKEN_BUDGET);
    CHECK_INT(v.token.calls, 3);
    v.day++;
    CHECK_INT(begin(&v), 0);
    CHECK_INT(v.token.calls, 1);
    CHECK_INT(token()->day, 20001);
    CHECK_INT(end(0, NULL, "busy"), 0);
    v = asking(0);
    v.day = 20001;
    v.calls_max = 0; /* no limit */
    CHECK_INT(begin(&v), 0);
}

static void forced_calls_have_their_own_budget(void)
{
    struct hy_token_begin v;

    for (int i = 0; i < 2; i++) {
        v = asking(0);
        v.forced = true;
        v.forced_max = 2;
        CHECK_INT(begin(&v), 0);
        CHECK_INT(v.token.forced_calls, i + 1);
        CHECK_INT(v.token.calls, i + 1);
        CHECK_INT(v.token.forced_at_ms, rig.now_ms);
        CHECK_INT(end(0, NULL, "busy"), 0);
        rig.now_ms += 30 * SECOND - 1;
        v = asking(0);
        v.forced = true;
        CHECK_INT(begin(&v), HY_TOKEN_BUDGET); /* too soon */
        rig.now_ms += 1;
    }
    v = asking(0);
    v.forced = true;
    v.forced_max = 2;
    CHECK_INT(begin(&v), HY_TOKEN_BUDGET); /* used up */
    v.forced = false;
    CHECK_INT(begin(&v), 0);
    CHECK_INT(v.token.calls, 3);
    CHECK_INT(v.token.forced_calls, 2);
}

static void no_app_no_token(void)
{
    struct hy_token_begin v = asking(0);
    struct hy_tokens none = {.arena = &rig.arena};

    CHECK_INT(run(&none.op, HY_VERB_TOKENS), 0);
    CHECK_INT(none.count, 0);
    CHECK_INT(end(0, "x", NULL), HY_E_NOT_FOUND); /* nobody began */
    v.app_no = 4711;
    CHECK_INT(begin(&v), HY_E_NOT_FOUND);
    CHECK_INT(delete_app(rig.app), 0);
    v = asking(0);
    CHECK_INT(begin(&v), HY_E_NOT_FOUND);
    CHECK_INT(end(0, "x", NULL), HY_E_NOT_FOUND);
}

void store_apps_cases(void)
{
    CASE(an_app_is_kept_whole);
    CASE(an_app_id_is_taken_once);
    CASE(an_app_is_changed);
    CASE(deleting_an_app_ends_what_hangs_on_it);
    CASE(a_deleted_app_is_gone_but_its_id_is_free);
    CASE(deleting_again_takes_what_came_late);
    CASE(keys_are_put_listed_and_revoked);
    CASE(small_texts_are_replaced);
    CASE(a_small_text_is_put_once_if_absent);
    CASE(a_token_is_asked_for_and_stored);
    CASE(one_asks_at_a_time);
    CASE(who_has_the_right_asks_once_more);
    CASE(only_the_current_token_is_replaced);
    CASE(a_failed_refresh_keeps_the_old_token);
    CASE(the_budget_is_for_a_day);
    CASE(forced_calls_have_their_own_budget);
    CASE(no_app_no_token);
}

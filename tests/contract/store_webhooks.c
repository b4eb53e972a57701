/* Endpoints: made, changed, enabled again, deleted with all that was to be told. */
#include "store_bulk.h"
#include "store_cases.h"

static void check_sealed(const struct hy_sealed *sealed, const char *text)
{
    CHECK_INT(sealed->size, strlen(text));
    CHECK(sealed->size == 0 || memcmp(sealed->bytes, text, sealed->size) == 0);
}

static void an_endpoint_is_kept_whole(void)
{
    struct hy_webhook_put v = webhook_to((1u << HY_OUTCOME_SENT) | (1u << HY_OUTCOME_TEST));
    const struct hy_webhook *w;

    v.webhook.app_no = rig.app;
    v.webhook.paused = true;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    w = webhook(v.webhook.id);
    CHECK_TEXT(w->url, "https://example.com/hook");
    CHECK_INT(w->events, (1u << HY_OUTCOME_SENT) | (1u << HY_OUTCOME_TEST));
    CHECK_INT(w->app_no, rig.app);
    check_sealed(&w->secret, "0123456789");
    check_sealed(&w->old_secret, "");
    CHECK(w->paused);
    CHECK_INT(w->created_at_ms, rig.now_ms);
    CHECK_INT(w->failing_since_ms + w->disabled_at_ms + w->old_until_ms, 0);
    CHECK(w->last_error == NULL);
    CHECK_INT(w->pending, 0);
    CHECK_INT(w->oldest_at_ms, 0);
}

static void a_change_keeps_the_secrets_that_are_not_given(void)
{
    struct hy_webhook_put v = webhook_to(EVERYTHING);
    const struct hy_webhook *w;

    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    v.webhook.url = "https://example.com/other";
    v.webhook.events = 1;
    v.webhook.app_no = rig.app;
    v.webhook.paused = true;
    v.webhook.secret = (struct hy_sealed){NULL, 0};
    v.webhook.created_at_ms = 5;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    w = webhook(v.webhook.id);
    CHECK_TEXT(w->url, "https://example.com/other");
    CHECK_INT(w->events, 1);
    CHECK_INT(w->app_no, rig.app);
    CHECK(w->paused);
    check_sealed(&w->secret, "0123456789");
    CHECK_INT(w->created_at_ms, rig.now_ms);
    v.webhook.secret = (struct hy_sealed){"new", 3};
    v.webhook.old_secret = (struct hy_sealed){"0123456789", 10};
    v.webhook.old_until_ms = rig.now_ms + DAY;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    w = webhook(v.webhook.id);
    check_sealed(&w->secret, "new");
    check_sealed(&w->old_secret, "0123456789");
    CHECK_INT(w->old_until_ms, rig.now_ms + DAY);
    v.webhook.old_secret = (struct hy_sealed){NULL, 0};
    v.webhook.old_until_ms = 0;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    check_sealed(&webhook(v.webhook.id)->old_secret, "0123456789");
    CHECK_INT(webhook(v.webhook.id)->old_until_ms, rig.now_ms + DAY);
    v.webhook.id = 4711;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), HY_E_NOT_FOUND);
}

/* A condition of this verb alone, not a full disk: what is in the same group is done. */
static void there_is_a_limit(void)
{
    struct hy_webhook_put v;
    int64_t first = listen_to(EVERYTHING);
    struct hy_webhook_delete d = {.webhook_id = first, .limit = 10};
    struct hy_webhooks all = {.arena = &rig.arena};

    for (int i = 1; i < HY_WEBHOOKS_MAX; i++)
        listen_to(EVERYTHING);
    v = webhook_to(EVERYTHING);
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), HY_E_LIMIT);
    CHECK_INT(run(&all.op, HY_VERB_WEBHOOKS), 0);
    CHECK_INT(all.count, HY_WEBHOOKS_MAX);
    CHECK_INT(run(&d.op, HY_VERB_WEBHOOK_DELETE), 0);
    v = webhook_to(EVERYTHING);
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK(v.webhook.id > first + HY_WEBHOOKS_MAX - 1); /* no number is used again */
}

static void what_is_pending_is_counted_when_asked_for(void)
{
    int64_t hook = listen_to(EVERYTHING), first_ms = rig.now_ms;
    struct hy_webhooks v = {.arena = &rig.arena};

    post("u");
    rig.now_ms += HOUR;
    post("u");
    CHECK_INT(outbox(hook, ALL)->count, 2); /* claimed ones are pending, too */
    CHECK_INT(webhook(hook)->pending, 2);
    CHECK_INT(webhook(hook)->oldest_at_ms, first_ms);
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOKS), 0);
    CHECK_INT(v.webhooks[0].pending, 0);
    CHECK_INT(v.webhooks[0].oldest_at_ms, 0);
}

static void hurry(int64_t hook, size_t limit, bool left)
{
    struct hy_outbox_hurry v = {.webhook_id = hook, .now_ms = rig.now_ms, .limit = limit};

    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_HURRY), 0);
    CHECK_INT(v.left, left);
}

static void to_enable_is_to_begin_anew(void)
{
    struct hy_webhook_put v = webhook_to(EVERYTHING);
    struct hy_outbox_state state = {
        .failing_since_ms = rig.now_ms, .disabled_at_ms = rig.now_ms, .last_error = "500"};
    struct hy_outbox_item item = {.due_at_ms = rig.now_ms + DAY};
    struct hy_outbox_settle s = {
        .items = &item, .count = 1, .states = &state, .state_count = 1, .now_ms = rig.now_ms};
    struct hy_message *m;

    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    m = failed_with("u", "40037");
    retry(m->id, 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    state.webhook_id = item.webhook_id = v.webhook.id;
    item.outcome_id = outbox_one(v.webhook.id)->outcome.id;
    CHECK_INT(run(&s.op, HY_VERB_OUTBOX_SETTLE), 0);
    rig.now_ms += HOUR;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK_INT(webhook(v.webhook.id)->disabled_at_ms, state.disabled_at_ms); /* not asked for */
    v.enable = true;
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_PUT), 0);
    CHECK_INT(webhook(v.webhook.id)->disabled_at_ms, 0);
    CHECK_INT(webhook(v.webhook.id)->failing_since_ms, 0);
    CHECK_INT(outbox(v.webhook.id, ALL)->count, 0); /* hurry is another verb */
    hurry(v.webhook.id, 10, false);
    CHECK_TEXT(told_all(v.webhook.id), "message.failed message.sent"); /* in order still */
}

static void put_off(int64_t hook, const char *user, int64_t until_ms)
{
    struct hy_outbox_item item = {.webhook_id = hook, .due_at_ms = until_ms};
    struct hy_outbox_settle s = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    failed_with(user, "40037");
    item.outcome_id = outbox_one(hook)->outcome.id;
    CHECK_INT(run(&s.op, HY_VERB_OUTBOX_SETTLE), 0);
}

static void what_is_pending_is_hurried_in_steps(void)
{
    int64_t hook = listen_to(EVERYTHING), other;

    put_off(hook, "a", rig.now_ms + DAY);
    put_off(hook, "b", rig.now_ms + HOUR);
    put_off(hook, "c", rig.now_ms + 2 * HOUR);
    other = listen_to(EVERYTHING);
    put_off(other, "d", rig.now_ms + HOUR);
    CHECK_TEXT(told_all(hook), "message.failed"); /* of d: due at once, and told */
    hurry(hook, 2, true);
    hurry(hook, 2, false);
    hurry(hook, 2, false); /* nothing is left that would be due later */
    CHECK_TEXT(told_all(hook), "message.failed message.failed message.failed");
    CHECK_INT(outbox(other, ALL)->count, 0); /* untouched */
    hurry(4711, 1, false);
}

static void deleted_it_is_gone_with_all_it_was_to_be_told(void)
{
    int64_t hook = listen_to(EVERYTHING), other = listen_to(EVERYTHING);
    struct hy_webhook_delete v = {.webhook_id = hook, .limit = 2};
    struct hy_outbox_put test = {
        .outcome = {.webhook_id = hook, .type = HY_OUTCOME_TEST, .at_ms = rig.now_ms}};
    struct hy_message *m;

    for (int i = 0; i < 3; i++)
        post("u");
    m = failed_with("v", "40037"); /* two of one message */
    retry(m->id, 0);
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_DELETE), 0);
    CHECK(v.left);
    CHECK(webhook(hook) == NULL);
    CHECK_INT(run(&test.op, HY_VERB_OUTBOX_PUT), HY_E_NOT_FOUND);
    post("u"); /* nobody collects for it any more */
    while (v.left)
        CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_DELETE), 0);
    CHECK_INT(outbox(hook, ALL)->count, 0);
    CHECK_INT(run(&v.op, HY_VERB_WEBHOOK_DELETE), HY_E_NOT_FOUND);
    CHECK_INT(webhook(other)->pending, 6);
}

static int put_changed(const char *url, uint32_t events, const char *secret, int64_t id)
{
    struct hy_webhook_put v = webhook_to(events);

    v.webhook.url = url;
    v.webhook.id = id;
    v.webhook.secret = (struct hy_sealed){secret, secret ? strlen(secret) : 0};
    return run(&v.op, HY_VERB_WEBHOOK_PUT);
}

static void arguments_are_checked(void)
{
    struct hy_outbox_lane lane = {.webhook_id = 1, .capacity = 10001};
    struct hy_outbox_claim v = {.lanes = &lane,
                                .lane_count = 1,
                                .now_ms = rig.now_ms,
                                .lease_until_ms = rig.now_ms + 1,
                                .arena = &rig.arena};
    struct hy_outbox_hurry hurry = {.webhook_id = 1, .now_ms = rig.now_ms};

    CHECK_INT(run(&hurry.op, HY_VERB_OUTBOX_HURRY), HY_E_INVALID); /* no limit */
    CHECK_INT(put_changed(NULL, 1, "s", 0), HY_E_INVALID);
    CHECK_INT(put_changed("", 1, "s", 0), HY_E_INVALID);
    CHECK_INT(put_changed("u", 0, "s", 0), HY_E_INVALID);
    CHECK_INT(put_changed("u", 1u << HY_OUTCOME_TYPES, "s", 0), HY_E_INVALID);
    CHECK_INT(put_changed("u", 1, NULL, 0), HY_E_INVALID); /* nothing to sign with */
    CHECK_INT(put_changed("u", 1, "s", -1), HY_E_INVALID);
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_CLAIM), HY_E_INVALID);
    lane.capacity = 1;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_CLAIM), 0);
    v.lease_until_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_OUTBOX_CLAIM), HY_E_INVALID);
}

void store_webhooks_cases(void)
{
    CASE(an_endpoint_is_kept_whole);
    CASE(a_change_keeps_the_secrets_that_are_not_given);
    CASE(there_is_a_limit);
    CASE(what_is_pending_is_counted_when_asked_for);
    CASE(to_enable_is_to_begin_anew);
    CASE(what_is_pending_is_hurried_in_steps);
    CASE(deleted_it_is_gone_with_all_it_was_to_be_told);
    CASE(arguments_are_checked);
}

/*
 * What fails leaves nothing, and takes nothing else with it: several verbs in one group, one of them
 * refused, or its storage broken, or the commit itself.
 */
#include "store_bulk.h"
#include "store_cases.h"

#include "store/backend.h"

enum { OPS_MAX = 6 };

static struct hy_audit lines[OPS_MAX];
static size_t submitted, ended;

static void count_end(struct hy_op *op, void *arg)
{
    ended++;
}

/* Into the group that the next finish() runs. */
static void submit(struct hy_op *op, enum hy_verb verb, const char *action)
{
    lines[submitted] = (struct hy_audit){
        .at_ms = rig.now_ms, .who = "somebody", .address = "::1", .action = action};
    op->verb = verb;
    op->audit = &lines[submitted++];
    op->done = count_end;
    hy_store_submit(rig.store, op);
}

static void finish(void)
{
    while (hy_store_pump(rig.store))
        continue;
    CHECK_INT(ended, submitted);
    submitted = ended = 0;
}

/* The actions that were noted, oldest first. */
static const char *noted(void)
{
    struct hy_audit_list v = {.limit = 100, .arena = &rig.arena};
    const char *text = "";

    CHECK_INT(run(&v.op, HY_VERB_AUDITS), 0);
    for (size_t i = v.count; i > 0; i--)
        text =
            hy_arena_printf(&rig.arena, "%s%s%s", text, *text ? " " : "", v.audits[i - 1].action);
    return text;
}

static size_t broadcasts_stored(void)
{
    struct hy_broadcasts v = {.limit = 100, .arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_BROADCASTS), 0);
    return v.count;
}

static void a_refused_verb_takes_nothing_with_it(void)
{
    struct hy_broadcast_put put = {.make = *campaign()};
    struct hy_retry retry_none = {.message_id = 4711, .now_ms = rig.now_ms};
    struct hy_webhook_put hook = webhook_to(0); /* wants nothing: refused before it runs */
    struct hy_pause_put pause = {.pause = {.app_no = rig.app, .until_ms = 5, .reason = "operator"}};
    struct hy_store_stats before, after;

    hy_store_stats(rig.store, &before);
    submit(&put.op, HY_VERB_BROADCAST_PUT, "one");
    submit(&retry_none.op, HY_VERB_RETRY, "two");
    submit(&hook.op, HY_VERB_WEBHOOK_PUT, "three");
    submit(&pause.op, HY_VERB_PAUSE_PUT, "four");
    finish();
    hy_store_stats(rig.store, &after);
    CHECK_INT(after.groups - before.groups, 1);
    CHECK_INT(put.op.result, 0);
    CHECK_INT(retry_none.op.result, HY_E_NOT_FOUND);
    CHECK_INT(hook.op.result, HY_E_INVALID);
    CHECK_INT(pause.op.result, 0);
    CHECK_TEXT(noted(), "one four");
    CHECK_INT(broadcasts_stored(), 1);
}

/* --- when the storage breaks ------------------------------------------------------------------ */

static bool commits_fail;

static int broken_verb(struct hy_backend *backend, struct hy_op *op)
{
    return HY_E_IO;
}

static int commit(struct hy_backend *backend)
{
    if (!commits_fail)
        return rig_backend()->commit(backend);
    rig_backend()->rollback(backend);
    return HY_E_IO;
}

static void reopen_breakable(void)
{
    static struct hy_backend_ops ops;

    ops = *rig_backend();
    ops.commit = commit;
    ops.verbs[HY_VERB_META_PUT] = broken_verb;
    commits_fail = false;
    rig_reopen_with(&ops);
}

struct changes {
    struct hy_audience_item items[2];
    int64_t ids[2];
    struct hy_broadcast_put put;
    struct hy_broadcast_feed feed;
    struct hy_webhook_put hook;
};

/* Verbs that touch everything there is to undo: counts, outcomes, numbers that are given. */
static void submit_changes(struct changes *c, int64_t runs)
{
    *c = (struct changes){.items = {{.user = "a"}, {.user = "b"}},
                          .put = {.make = *campaign()},
                          .hook = webhook_to(EVERYTHING)};
    c->put.make.items = c->items;
    c->put.make.count = 2;
    for (int i = 0; i < 2; i++)
        c->ids[i] = hy_message_ids_next(&rig.ids, rig.now_ms);
    c->feed = (struct hy_broadcast_feed){
        .broadcast_id = runs, .ids = c->ids, .limit = 2, .now_ms = rig.now_ms};
    submit(&c->put.op, HY_VERB_BROADCAST_PUT, "put");
    submit(&c->feed.op, HY_VERB_BROADCAST_FEED, "feed");
    submit(&c->hook.op, HY_VERB_WEBHOOK_PUT, "hook");
}

static void a_broken_verb_is_undone_alone(void)
{
    struct hy_meta_put broken = {.name = "n", .value = "v"};
    int64_t runs = run_to(3), hook = listen_to(EVERYTHING);
    struct changes c;

    reopen_breakable();
    submit_changes(&c, runs);
    submit(&broken.op, HY_VERB_META_PUT, "broken");
    finish();
    CHECK_INT(c.put.op.result, 0);
    CHECK_INT(c.feed.op.result, 0);
    CHECK_INT(c.hook.op.result, 0);
    CHECK_INT(broken.op.result, HY_E_IO);
    CHECK_TEXT(noted(), "put feed hook"); /* once each, though they ran twice */
    CHECK_INT(c.put.make.added, 2);
    CHECK_INT(broadcast(c.put.make.broadcast.id)->total, 2);
    CHECK_INT(broadcast(runs)->fed, 2);
    CHECK_INT(c.feed.fed, 2);
    CHECK_INT(webhook(hook)->pending, 2);
    CHECK(webhook(c.hook.webhook.id) != NULL);
    CHECK_INT(feed(runs, 9)->fed, 1);
}

static void a_commit_that_fails_leaves_nothing(void)
{
    int64_t runs = run_to(3), hook = listen_to(EVERYTHING);
    struct changes c;

    reopen_breakable();
    commits_fail = true;
    submit_changes(&c, runs);
    finish();
    commits_fail = false;
    CHECK_INT(c.put.op.result, HY_E_IO);
    CHECK_INT(c.feed.op.result, HY_E_IO);
    CHECK_INT(c.hook.op.result, HY_E_IO);
    CHECK_INT(c.put.make.broadcast.id, 0);
    CHECK_INT(c.hook.webhook.id, 0);
    CHECK_TEXT(noted(), "");
    CHECK_INT(broadcasts_stored(), 1);
    CHECK_INT(broadcast(runs)->fed, 0);
    CHECK_INT(broadcast(runs)->messages[HY_MESSAGE_FAILED], 0);
    CHECK_INT(webhook(hook)->pending, 0);
    post("u"); /* and what is told later is told */
    CHECK_TEXT(told_all(hook), "message.failed");
    CHECK_INT(feed(runs, 9)->fed, 3);
}

void store_undo_cases(void)
{
    CASE(a_refused_verb_takes_nothing_with_it);
    if (!rig_durable())
        return; /* nothing breaks in memory */
    CASE(a_broken_verb_is_undone_alone);
    CASE(a_commit_that_fails_leaves_nothing);
}

/*
 * Rows that are held back: verbs of one transaction see each other's, and all of them are in the file
 * after its commit.
 */
#include "sqlite_rig.h"

#include "domain/queue.h"

#include <stdlib.h>

enum { COUNT = 300 }; /* more than are held back at a time */

struct group {
    struct hy_store *store;
    struct hy_arena arena;
    int64_t app;
    struct hy_message messages[2][COUNT];
    struct hy_admit_item items[2][COUNT];
    struct hy_settle_item settled[COUNT];
};

static void begin(struct group *g)
{
    rig_begin();
    *g = (struct group){0};
    CHECK_INT(rig_try_open(rig_path("a.db"), true, &g->store), 0);
    hy_arena_init(&g->arena);
    g->app = rig_app(g->store);
}

/* Of these ids, to be tried without a grant. */
static struct hy_admit admit(struct group *g, int which, int64_t first_id)
{
    for (int i = 0; i < COUNT; i++) {
        g->messages[which][i] =
            (struct hy_message){.id = first_id + i,
                                .app_no = g->app,
                                .user = hy_arena_printf(&g->arena, "user-%d-%d", which, i),
                                .template_id = "template",
                                .data = "{}",
                                .on_missing = HY_ON_MISSING_TRY,
                                .accepted_at_ms = 1000};
        g->items[which][i] = (struct hy_admit_item){.message = &g->messages[which][i]};
    }
    return (struct hy_admit){.op = {.verb = HY_VERB_ADMIT},
                             .items = g->items[which],
                             .count = COUNT,
                             .now_ms = 1000,
                             .arena = &g->arena};
}

static void claim_all(struct group *g)
{
    struct hy_claim_lane lane = {
        .app_no = g->app, .queue = hy_message_queue(&g->messages[0][0]), .capacity = COUNT};
    struct hy_claim v = {.op = {.verb = HY_VERB_CLAIM},
                         .lanes = &lane,
                         .lane_count = 1,
                         .now_ms = 1000,
                         .lease_until_ms = 9000,
                         .arena = &g->arena};

    CHECK_INT(hy_store_run(g->store, &v.op), 0);
    CHECK_INT(v.count, COUNT);
}

static struct hy_settle settle(struct group *g)
{
    for (int i = 0; i < COUNT; i++)
        g->settled[i] = (struct hy_settle_item){
            .message_id = g->messages[0][i].id,
            .attempt = {.number = 1,
                        .at_ms = 2000,
                        .judgement = {.verdict = HY_VERDICT_OK, .msgid = i + 1, .errcode = "0"}},
            .settlement = {.state = HY_MESSAGE_SENT, .grant_move = HY_GRANT_SPEND}};
    return (struct hy_settle){
        .op = {.verb = HY_VERB_SETTLE}, .items = g->settled, .count = COUNT, .now_ms = 2000};
}

static void done(struct hy_op *op, void *arg)
{
    (void)op;
    ++*(int *)arg;
}

static void submit(struct group *g, struct hy_op *op, int *ended)
{
    op->done = done;
    op->arg = ended;
    hy_store_submit(g->store, op);
}

/* Each of the verbs is one of a group, and the refused ones take back only what is theirs. */
static void verbs_of_one_transaction(void)
{
    struct group *g = (struct group *)calloc(1, sizeof *g);
    struct hy_admit first, second, again;
    struct hy_cancel cancel;
    struct hy_settle settled;
    int ended = 0;

    CHECK(g != NULL);
    begin(g);
    first = admit(g, 0, 1);
    CHECK_INT(hy_store_run(g->store, &first.op), 0);
    claim_all(g);
    second = admit(g, 1, 1001);
    settled = settle(g);
    again = second;
    cancel = (struct hy_cancel){
        .op = {.verb = HY_VERB_CANCEL}, .message_id = 1000 + COUNT, .now_ms = 2000};
    submit(g, &second.op, &ended);
    submit(g, &settled.op, &ended);
    submit(g, &again.op, &ended);
    submit(g, &cancel.op, &ended);
    while (hy_store_pump(g->store))
        continue;
    CHECK_INT(ended, 4);
    CHECK_INT(second.op.result, 0);
    CHECK_INT(settled.op.result, 0);
    CHECK_INT(again.op.result, HY_E_EXISTS);
    CHECK_INT(cancel.op.result, 0);
    CHECK_INT(rig_state(g->store, 1), HY_MESSAGE_SENT);
    CHECK_INT(rig_state(g->store, COUNT), HY_MESSAGE_SENT);
    CHECK_INT(rig_state(g->store, 1001), HY_MESSAGE_QUEUED);
    CHECK_INT(rig_state(g->store, 1000 + COUNT), HY_MESSAGE_CANCELED);
    CHECK_INT(rig_check(g->store), 0);
    hy_store_close(g->store);
    CHECK_INT(rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM message"), 2 * COUNT);
    CHECK_INT(
        rig_sql_int(rig_path("a.db"), "SELECT count(*) FROM attempt WHERE msgid = message_id"),
        COUNT);
    rig_end();
    hy_arena_deinit(&g->arena);
    free(g);
}

int main(void)
{
    RUN(verbs_of_one_transaction);
    return hy_tap_end();
}

#include "store_tell.h"

#include <stdio.h>

struct hy_deposit_item accept_item(const char *user, enum hy_source source)
{
    return answer_item(user, source, HY_ANSWER_ACCEPT);
}

struct hy_deposit_item answer_item(const char *user, enum hy_source source,
                                   enum hy_answer_kind answer)
{
    return (struct hy_deposit_item){.grant = {.app_no = rig.app,
                                              .user = user,
                                              .kind = HY_GRANT_ONCE,
                                              .template_id = "T1",
                                              .uses_total = 1,
                                              .uses_left = 1,
                                              .obtained_at_ms = rig.now_ms},
                                    .source = source,
                                    .answer = answer,
                                    .window_ms = WINDOW,
                                    .margin_ms = rig.margin_ms};
}

const uint8_t *identity_of(const char *text)
{
    uint8_t *bytes = (uint8_t *)hy_arena_alloc(&rig.arena, HY_IDENTITY_BYTES);

    memcpy(bytes, text, strnlen(text, HY_IDENTITY_BYTES));
    return bytes;
}

struct hy_deposit_item known_as(struct hy_deposit_item item, const char *identity)
{
    item.identity = identity_of(identity);
    item.identity_at_ms = item.grant.obtained_at_ms;
    return item;
}

int32_t tell(struct hy_deposit_item item)
{
    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    return item.added;
}

int32_t tell_accept(const char *user, enum hy_source source, int64_t at_ms)
{
    struct hy_deposit_item item = accept_item(user, source);

    item.grant.obtained_at_ms = at_ms;
    return tell(item);
}

void withdraw(const char *user, int64_t at_ms)
{
    struct hy_deposit_item item = answer_item(user, HY_SOURCE_EVENT, HY_ANSWER_WITHDRAW);

    item.grant.obtained_at_ms = at_ms;
    CHECK_INT(tell(item), 0);
}

const struct hy_grant *counter_of(const char *user)
{
    struct hy_grant_list *v = grants(user, "T1");

    for (size_t i = 0; i < v->count; i++)
        if (!hy_grant_is_receipt(v->grants[i].kind))
            return &v->grants[i];
    hy_tap_fail(__FILE__, __LINE__, "user %s has no counter", user);
}

const char *balance(const char *user)
{
    const struct hy_grant *g = counter_of(user);

    return hy_arena_printf(&rig.arena, "%d/%d %s", g->uses_left, g->uses_total,
                           hy_grant_state_names[g->state]);
}

struct hy_hear heard(const char *user, const char *identity)
{
    struct hy_hear v = {.app_no = rig.app,
                        .name = "an_event",
                        .user = user,
                        .created_at_ms = rig.now_ms,
                        .now_ms = rig.now_ms,
                        .raw = "{}"};

    memcpy(v.identity, identity_of(identity), HY_IDENTITY_BYTES);
    return v;
}

int hear(struct hy_hear *v)
{
    return run(&v->op, HY_VERB_HEAR);
}

int64_t hear_sent(const char *user, int64_t msgid, const char *reason)
{
    static unsigned count; /* each event is another one */
    struct hy_sent_item item = {
        .template_id = "T1", .msgid = msgid, .delivered = !reason, .reason = reason};
    struct hy_hear v = heard(user, "");

    snprintf((char *)item.identity, sizeof item.identity, "sent %u", ++count);
    v.sent = &item;
    v.sent_count = 1;
    CHECK_INT(hear(&v), 0);
    CHECK(v.fresh);
    CHECK(!item.duplicate);
    return item.message_id;
}

struct hy_reach reach(const char *template_id, enum hy_template_kind kind)
{
    struct hy_reach v = {.app_no = rig.app,
                         .template_id = template_id,
                         .template_kind = kind,
                         .now_ms = rig.now_ms,
                         .margin_ms = rig.margin_ms};

    CHECK_INT(run(&v.op, HY_VERB_REACH), 0);
    return v;
}

struct hy_timeline_read *timeline(const char *user, size_t limit)
{
    struct hy_timeline_read *v = (struct hy_timeline_read *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_timeline_read){
        .app_no = rig.app, .user = user, .limit = limit, .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_TIMELINE), 0);
    return v;
}

void send_ok(int64_t msgid)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;

    j.msgid = msgid;
    item = settled(claim_one(), &j);
    CHECK_INT(settle_item(&item), 0);
}

void send_lost(void)
{
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
}

size_t tidy(size_t limit)
{
    struct hy_tidy v = {.now_ms = rig.now_ms, .limit = limit};

    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    return v.tidied;
}

struct hy_message *post_sent(const char *user, int64_t msgid)
{
    struct hy_message *m;

    rig.expect_event = true;
    m = post(user);
    send_ok(msgid);
    CHECK_STATE(m->id, SENT);
    return m;
}

struct hy_message *post_lost(const char *user)
{
    struct hy_message *m;

    rig.expect_event = true;
    m = post(user);
    send_lost();
    CHECK_STATE(m->id, UNKNOWN);
    return m;
}

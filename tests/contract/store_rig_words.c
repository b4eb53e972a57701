/* What cases say in few words: messages and grants. */
#include "store_rig.h"

#include "domain/grant.h"
#include "store/backend.h"

#include <stdio.h>

/* --- messages --------------------------------------------------------------------------------- */

struct hy_message *draft(const char *user)
{
    struct hy_message *m = (struct hy_message *)hy_arena_alloc(&rig.arena, sizeof *m);

    *m = (struct hy_message){.id = hy_message_ids_next(&rig.ids, rig.now_ms),
                             .app_no = rig.app,
                             .user = user,
                             .template_id = "T1",
                             .data = "{\"keyword1\":{\"value\":\"v\"}}",
                             .accepted_at_ms = rig.now_ms};
    return m;
}

int admit_items(struct hy_admit_item *items, size_t count)
{
    struct hy_admit v = {.items = items,
                         .count = count,
                         .now_ms = rig.now_ms,
                         .key_window_ms = DAY,
                         .arena = &rig.arena};

    for (size_t i = 0; items && i < count; i++)
        items[i].margin_ms = rig.margin_ms;
    return run(&v.op, HY_VERB_ADMIT);
}

int admit(struct hy_message *m)
{
    struct hy_admit_item item = {.message = m};
    int r = admit_items(&item, 1);

    if (r == 0)
        CHECK_INT(item.admission, HY_ADMITTED);
    return r;
}

struct hy_message *post(const char *user)
{
    return post_with(user, HY_ON_MISSING_FAIL);
}

struct hy_message *post_with(const char *user, enum hy_on_missing on_missing)
{
    struct hy_message *m = draft(user);

    m->on_missing = on_missing;
    CHECK_INT(admit(m), 0);
    return m;
}

struct hy_message *post_later(const char *user, int64_t send_at_ms)
{
    struct hy_message *m = draft(user);

    m->send_at_ms = send_at_ms;
    CHECK_INT(admit(m), 0);
    return m;
}

static const uint8_t *fingerprint(const char *text)
{
    uint8_t *bytes = (uint8_t *)hy_arena_alloc(&rig.arena, HY_FINGERPRINT_BYTES);

    memcpy(bytes, text, strnlen(text, HY_FINGERPRINT_BYTES));
    return bytes;
}

struct hy_admit_item keyed(struct hy_message *m, const char *key, const char *body)
{
    return (struct hy_admit_item){.message = m, .key = fingerprint(key), .body = fingerprint(body)};
}

struct hy_message_get *fetch(int64_t id)
{
    struct hy_message_get *v = (struct hy_message_get *)hy_arena_alloc(&rig.arena, sizeof *v);

    v->message_id = id;
    v->arena = &rig.arena;
    CHECK_INT(run(&v->op, HY_VERB_MESSAGE_GET), 0);
    return v;
}

const struct hy_message *get(int64_t id)
{
    return &fetch(id)->message;
}

enum hy_message_state state_of(int64_t id)
{
    return get(id)->state;
}

struct hy_claim *claim(size_t capacity)
{
    struct hy_claim *v = (struct hy_claim *)hy_arena_alloc(&rig.arena, sizeof *v);
    struct hy_claim_lane *lane = (struct hy_claim_lane *)hy_arena_alloc(&rig.arena, sizeof *lane);

    *lane = (struct hy_claim_lane){.app_no = rig.app,
                                   .queue = rig.queue,
                                   .capacity = capacity,
                                   .margin_ms = rig.margin_ms,
                                   .caps = rig.caps,
                                   .cap_count = rig.cap_count};
    *v = (struct hy_claim){.lanes = lane,
                           .lane_count = 1,
                           .held = rig.held,
                           .held_count = rig.held_count,
                           .now_ms = rig.now_ms,
                           .lease_until_ms = rig.now_ms + MINUTE,
                           .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_CLAIM), 0);
    CHECK_INT(v->count, lane->claimed);
    for (size_t i = 0; i < v->count; i++)
        CHECK_INT(v->claimed[i].message.state, HY_MESSAGE_SENDING);
    return v;
}

struct hy_claimed *claim_one(void)
{
    struct hy_claim *v = claim(ALL);

    CHECK_INT(v->count, 1);
    return &v->claimed[0];
}

int64_t next_due(void)
{
    return claim(0)->lanes[0].next_due_ms;
}

struct hy_judgement judged(enum hy_verdict verdict, const char *errcode)
{
    struct hy_judgement j = {.verdict = verdict, .answered = verdict != HY_VERDICT_UNKNOWN};

    snprintf(j.errcode, sizeof j.errcode, "%s", errcode);
    j.grant_used = strcmp(errcode, "41029") == 0;
    j.grant_refused = strcmp(errcode, "43101") == 0;
    j.msgid = verdict == HY_VERDICT_OK ? 1234567890123456789 : 0;
    return j;
}

struct hy_settle_item settled(const struct hy_claimed *c, const struct hy_judgement *j)
{
    struct hy_message counted = c->message;
    struct hy_settle_item item = {.message_id = c->message.id,
                                  .expect_event = rig.expect_event,
                                  .heard_for_ms = rig.heard_for_ms,
                                  .gap_ms = rig.gap_ms,
                                  .attempt = {.number = c->message.attempt_count + 1,
                                              .at_ms = rig.now_ms,
                                              .took_ms = 7,
                                              .grant_id = c->grant.id,
                                              .judgement = *j}};

    counted.attempt_count++;
    hy_settle(&counted, c->grant.id ? &c->grant : NULL, j, &rig.rules, rig.now_ms, 0,
              &item.settlement);
    return item;
}

int settle_item(struct hy_settle_item *item)
{
    struct hy_settle v = {.items = item, .count = 1, .now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_SETTLE), 0);
    return item->result;
}

void judge(const struct hy_claimed *c, enum hy_verdict verdict, const char *errcode)
{
    struct hy_judgement j = judged(verdict, errcode);
    struct hy_settle_item item = settled(c, &j);

    CHECK_INT(settle_item(&item), 0);
}

int cancel(int64_t id)
{
    struct hy_cancel v = {.message_id = id, .now_ms = rig.now_ms};
    int r = run(&v.op, HY_VERB_CANCEL);

    if (r != HY_E_NOT_FOUND)
        CHECK_INT(v.state, state_of(id));
    return r;
}

size_t sweep(size_t limit)
{
    struct hy_sweep v = {.now_ms = rig.now_ms, .limit = limit};

    CHECK_INT(run(&v.op, HY_VERB_SWEEP), 0);
    return v.expired;
}

size_t recover(void)
{
    struct hy_recover v = {.now_ms = rig.now_ms};

    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    return v.recovered;
}

/* --- grants ----------------------------------------------------------------------------------- */

int deposit_items(struct hy_deposit_item *items, size_t count, size_t *ret_woken)
{
    struct hy_deposit v = {.items = items, .count = count, .now_ms = rig.now_ms};
    int r = run(&v.op, HY_VERB_DEPOSIT);

    if (ret_woken)
        *ret_woken = v.woken;
    return r;
}

static int64_t deposit(struct hy_grant g)
{
    struct hy_deposit_item item = {.grant = g, .margin_ms = rig.margin_ms};

    CHECK_INT(deposit_items(&item, 1, NULL), 0);
    CHECK(!item.duplicate);
    CHECK(item.grant.id > 0);
    return item.grant.id;
}

static struct hy_grant receipt(const char *user, enum hy_grant_kind kind, const char *credential,
                               int64_t expires_at_ms)
{
    int64_t lifetime = hy_grant_lifetime_ms(kind);

    return (struct hy_grant){.app_no = rig.app,
                             .user = user,
                             .kind = kind,
                             .credential = credential,
                             .uses_total = hy_grant_uses(kind),
                             .uses_left = hy_grant_uses(kind),
                             .obtained_at_ms = rig.now_ms,
                             .expires_at_ms =
                                 expires_at_ms ? expires_at_ms : rig.now_ms + lifetime};
}

static struct hy_grant counter(const char *user, enum hy_grant_kind kind, const char *template_id,
                               int32_t count)
{
    return (struct hy_grant){.app_no = rig.app,
                             .user = user,
                             .kind = kind,
                             .template_id = template_id,
                             .uses_total = count,
                             .uses_left = count,
                             .obtained_at_ms = rig.now_ms};
}

static const char *next_credential(void)
{
    return hy_arena_printf(&rig.arena, "credential-%d", ++rig.credentials);
}

int64_t form(const char *user, int64_t expires_at_ms)
{
    return deposit(receipt(user, HY_GRANT_FORM_ID, next_credential(), expires_at_ms));
}

int64_t prepay(const char *user, int64_t expires_at_ms)
{
    return deposit(receipt(user, HY_GRANT_PREPAY_ID, next_credential(), expires_at_ms));
}

int64_t once(const char *user, const char *template_id, int32_t count)
{
    return deposit(counter(user, HY_GRANT_ONCE, template_id, count));
}

int64_t always(const char *user, const char *template_id)
{
    return deposit(counter(user, HY_GRANT_ALWAYS, template_id, 1));
}

struct hy_deposit_item form_item(const char *user, const char *credential, int64_t expires_at_ms)
{
    return (struct hy_deposit_item){.grant =
                                        receipt(user, HY_GRANT_FORM_ID, credential, expires_at_ms),
                                    .margin_ms = rig.margin_ms};
}

struct hy_grant_list *grants(const char *user, const char *template_id)
{
    struct hy_grant_list *v = (struct hy_grant_list *)hy_arena_alloc(&rig.arena, sizeof *v);

    *v = (struct hy_grant_list){.app_no = rig.app,
                                .user = user,
                                .template_id = template_id,
                                .now_ms = rig.now_ms,
                                .margin_ms = rig.margin_ms,
                                .limit = 1000,
                                .arena = &rig.arena};
    CHECK_INT(run(&v->op, HY_VERB_GRANT_LIST), 0);
    return v;
}

const struct hy_grant *grant(const char *user, int64_t id)
{
    struct hy_grant_list *v = grants(user, NULL);

    for (size_t i = 0; i < v->count; i++)
        if (v->grants[i].id == id)
            return &v->grants[i];
    hy_tap_fail(__FILE__, __LINE__, "user %s has no grant %lld", user, (long long)id);
}

const char *ledger(const char *user, int64_t id)
{
    const struct hy_grant *g = grant(user, id);

    return hy_arena_printf(&rig.arena, "%d/%d %s", g->uses_left, g->uses_reserved,
                           hy_grant_state_names[g->state]);
}

#include "domain/settlement.h"

#include "domain/retry.h"

#include <stdio.h>

const struct hy_settle_rules hy_settle_rules_default = {
    .suspect_retry_ms = 6 * 3600000LL,
    .unknown_settle_ms = 600000,
};

enum { ACCOUNT_PAUSE_MS = 300000, TOKEN_TRIES_AT_ONCE = 3 };

/* "bad_payload.40037", "transient.-1", "unknown": the verdict, and the platform's code if any. */
static void name_reason(const struct hy_judgement *j, struct hy_settlement *s)
{
    const char *verdict = hy_verdict_names[j->verdict];

    if (j->errcode[0])
        snprintf(s->reason, sizeof s->reason, "%s.%s", verdict, j->errcode);
    else if (j->not_sent)
        snprintf(s->reason, sizeof s->reason, "%s.not_sent", verdict);
    else if (!j->answered && j->verdict == HY_VERDICT_UNKNOWN)
        snprintf(s->reason, sizeof s->reason, "%s.no_answer", verdict);
    else
        snprintf(s->reason, sizeof s->reason, "%s", verdict);
}

static int64_t later(const struct hy_message *m, int64_t now_ms)
{
    int failures = m->attempt_count > 0 ? m->attempt_count : 1;

    return now_ms + hy_retry_delay_ms(&hy_retry_messages, failures, (uint64_t)m->id);
}

static void end(struct hy_settlement *s, enum hy_message_state state, enum hy_grant_move move)
{
    s->state = state;
    s->grant_move = move;
    s->in_doubt = false;
    s->due_at_ms = 0;
}

static void again(struct hy_settlement *s, enum hy_message_state state, enum hy_grant_move move,
                  int64_t due_at_ms)
{
    s->state = state;
    s->grant_move = move;
    s->due_at_ms = due_at_ms;
}

/* Its age alone does not say it: a message may have waited for days for its permission, or for its
 * lane to open, and then meets its first trouble. */
static bool too_old(const struct hy_message *m, int64_t now_ms)
{
    int64_t since = m->send_at_ms ? m->send_at_ms : m->accepted_at_ms;

    return now_ms - since >= hy_retry_messages.give_up_ms &&
           m->attempt_count >= hy_retry_messages.give_up_tries;
}

static void settle_unknown(const struct hy_message *m, const struct hy_grant *grant,
                           const struct hy_settle_rules *rules, int64_t now_ms,
                           struct hy_settlement *s)
{
    bool alive = grant && (grant->expires_at_ms == 0 || grant->expires_at_ms > now_ms);
    bool counter = grant && !hy_grant_is_receipt(grant->kind);

    s->in_doubt = true;
    if (alive && hy_grant_proves(grant))
        again(s, HY_MESSAGE_UNKNOWN, HY_GRANT_KEEP, later(m, now_ms));
    else if (m->policy == HY_POLICY_AT_LEAST_ONCE && !too_old(m, now_ms))
        again(s, HY_MESSAGE_UNKNOWN, HY_GRANT_DOUBT,
              counter ? now_ms + rules->unknown_settle_ms : later(m, now_ms));
    else
        again(s, HY_MESSAGE_UNKNOWN, HY_GRANT_DOUBT, 0);
}

static void settle_transient(const struct hy_message *m, const struct hy_judgement *j,
                             int64_t now_ms, int64_t hint_at_ms, struct hy_settlement *s)
{
    /* The platform's "system error" is an answer, but no promise that nothing was sent. */
    if (!j->not_sent)
        s->in_doubt = true;
    if (!too_old(m, now_ms))
        again(s, HY_MESSAGE_QUEUED, HY_GRANT_KEEP,
              hint_at_ms > now_ms ? hint_at_ms : later(m, now_ms));
    else if (s->in_doubt)
        again(s, HY_MESSAGE_UNKNOWN, HY_GRANT_DOUBT, 0);
    else
        end(s, HY_MESSAGE_FAILED, HY_GRANT_GIVE_BACK);
}

static void settle_pause(const struct hy_judgement *j, int64_t now_ms, int64_t hint_at_ms,
                         struct hy_settlement *s)
{
    int64_t until = hint_at_ms;

    if (until <= now_ms)
        until = now_ms + (j->verdict == HY_VERDICT_RATE ? 60000 : ACCOUNT_PAUSE_MS);
    again(s, HY_MESSAGE_QUEUED, HY_GRANT_KEEP, now_ms);
    s->lane_pause_until_ms = until;
}

static void settle_token(const struct hy_message *m, int64_t now_ms, struct hy_settlement *s)
{
    int64_t due = m->attempt_count < TOKEN_TRIES_AT_ONCE ? now_ms : later(m, now_ms);

    again(s, HY_MESSAGE_QUEUED, HY_GRANT_KEEP, due);
}

static void settle_refused(const struct hy_message *m, const struct hy_settle_rules *rules,
                           int64_t now_ms, struct hy_settlement *s)
{
    if (m->in_doubt && m->policy == HY_POLICY_AT_MOST_ONCE) {
        again(s, HY_MESSAGE_UNKNOWN, HY_GRANT_DOUBT, 0);
        return;
    }
    again(s, HY_MESSAGE_WAITING, HY_GRANT_REFUSE, now_ms + rules->suspect_retry_ms);
    s->grant_retry_at_ms = s->due_at_ms;
    s->in_doubt = false;
    snprintf(s->reason, sizeof s->reason, "no_grant.suspect");
}

static void settle_grant_gone(const struct hy_message *m, const struct hy_grant *grant,
                              const struct hy_judgement *j, const struct hy_settle_rules *rules,
                              int64_t now_ms, struct hy_settlement *s)
{
    /* A receipt that was never good (41028) tells that the earlier request had no effect, too. One
     * that is used up, or no receipt at all, does not. */
    bool maybe_gone = m->in_doubt && (j->grant_used || !grant);

    if (maybe_gone && grant && hy_grant_proves(grant)) {
        end(s, HY_MESSAGE_SENT, HY_GRANT_SPEND);
        snprintf(s->reason, sizeof s->reason, "proved_by_receipt");
    } else if (maybe_gone && m->policy == HY_POLICY_AT_MOST_ONCE) {
        again(s, HY_MESSAGE_UNKNOWN, grant ? HY_GRANT_DROP : HY_GRANT_GIVE_BACK, 0);
    } else if (!grant) {
        end(s, HY_MESSAGE_FAILED, HY_GRANT_GIVE_BACK);
    } else if (j->grant_refused && (grant->refusals == 0 || rules->burst)) {
        settle_refused(m, rules, now_ms, s);
    } else {
        again(s, HY_MESSAGE_QUEUED, HY_GRANT_DROP, now_ms);
        s->in_doubt = false;
    }
}

void hy_settle(const struct hy_message *message, const struct hy_grant *grant,
               const struct hy_judgement *judgement, const struct hy_settle_rules *rules,
               int64_t now_ms, int64_t hint_at_ms, struct hy_settlement *ret_settlement)
{
    struct hy_settlement s = {.in_doubt = message->in_doubt};

    name_reason(judgement, &s);
    switch (judgement->verdict) {
    case HY_VERDICT_OK:
        end(&s, HY_MESSAGE_SENT, HY_GRANT_SPEND);
        s.reason[0] = 0; /* the state says it */
        break;
    case HY_VERDICT_GRANT_GONE:
        settle_grant_gone(message, grant, judgement, rules, now_ms, &s);
        break;
    case HY_VERDICT_USER_GONE:
    case HY_VERDICT_BAD_PAYLOAD: end(&s, HY_MESSAGE_FAILED, HY_GRANT_GIVE_BACK); break;
    case HY_VERDICT_TOKEN: settle_token(message, now_ms, &s); break;
    case HY_VERDICT_RATE:
    case HY_VERDICT_ACCOUNT: settle_pause(judgement, now_ms, hint_at_ms, &s); break;
    case HY_VERDICT_TRANSIENT: settle_transient(message, judgement, now_ms, hint_at_ms, &s); break;
    case HY_VERDICT_UNKNOWN:
    case HY_VERDICTS: settle_unknown(message, grant, rules, now_ms, &s); break;
    }
    *ret_settlement = s;
}

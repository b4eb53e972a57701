/*
 * settlement.h - what one judged attempt does to its message, its grant and its app's lane.
 *
 * This is the rule behind promises 1 to 3, in one place and without I/O. The table (rows are tried
 * from the top):
 *
 *   verdict       and                       message   grant      next try
 *   ok                                      sent      spend
 *   grant_gone    used, in doubt, proves    sent      spend      (the lost one had gone)
 *   grant_gone    used or no grant, in      unknown   drop       never by itself
 *                 doubt, at_most_once
 *   grant_gone    sent without a grant      failed               (there is no next one to try)
 *   grant_gone    refused, in doubt,        unknown   doubt      never by itself (the lost one may
 *                 at_most_once                                   have taken the last use)
 *   grant_gone    refused, first time or    waiting   refuse     suspect_retry_ms later, with reason
 *                 in a burst                                     no_grant.suspect
 *   grant_gone                              queued    drop       at once, with the next grant
 *   user_gone                               failed    give back
 *   bad_payload                             failed    give back
 *   token                                   queued    keep       at once; growing when it repeats
 *   rate, account                           queued    keep       when the lane opens again
 *   transient                               queued    keep       at the hint, else growing delay;
 *                                                                too old: see below
 *   unknown       the grant proves          unknown   keep       growing delay, the same receipt
 *   unknown       policy at_least_once      unknown   doubt      another use: of a receipt after a
 *                                                                growing delay, of a counter after
 *                                                                unknown_settle_ms (the platform's
 *                                                                event may tell); too old: never
 *   unknown                                 unknown   doubt      never by itself
 *
 * "refused" is judgement.grant_refused: the platform says no and cannot say why (43101). A second
 * one drops the grant, but not during a burst of them.
 *
 * "proves" is hy_grant_proves(); a grant whose lifetime is over proves nothing.
 * "keep" keeps the reservation, so the retry uses the same grant. "doubt" burns the use and marks
 * the grant: it can prove nothing any more. A transient that grew too old (hy_retry_messages) fails
 * and gives back; if it is in doubt it becomes unknown instead.
 *
 * In doubt means: an earlier request with this very grant had no definite answer (none at all, or
 * the platform's own "system error"). It is set by transient answers and unknown, kept by token,
 * rate and account, and cleared when the grant changes.
 */
#ifndef HY_DOMAIN_SETTLEMENT_H
#define HY_DOMAIN_SETTLEMENT_H

#include "domain/grant.h"
#include "domain/message.h"
#include "domain/verdict.h"

enum hy_grant_move {
    HY_GRANT_KEEP,      /* stays reserved for this message */
    HY_GRANT_SPEND,     /* the use is burned */
    HY_GRANT_GIVE_BACK, /* the reservation is undone */
    HY_GRANT_DROP,      /* the whole grant is gone: revoked */
    HY_GRANT_DOUBT,     /* the use is burned and the grant marked in doubt */
    HY_GRANT_REFUSE,    /* the reservation is undone and the grant suspect */
};

enum { HY_REASON_BYTES = 64 };

struct hy_settlement {
    enum hy_message_state state;
    enum hy_grant_move grant_move;
    bool in_doubt;                /* the message's mark from now on */
    int64_t due_at_ms;            /* when it may be claimed again; 0 = not by itself */
    int64_t grant_retry_at_ms;    /* of refuse: until when the grant is suspect */
    int64_t lane_pause_until_ms;  /* > 0: the whole app waits until then */
    char reason[HY_REASON_BYTES]; /* "bad_payload.40037", "unknown.no_answer"; "" = none */
};

/* What an app's settings and its present state say about it. */
struct hy_settle_rules {
    int64_t suspect_retry_ms;
    int64_t unknown_settle_ms;
    bool burst; /* refusals come in numbers: they say nothing about a single grant */
};

extern const struct hy_settle_rules hy_settle_rules_default;

/*
 * `grant` may be null (sent without one). `hint_at_ms` is the instant that the judgement's hint
 * means, 0 when it has none. `message->attempt_count` counts the attempt that is being settled.
 */
void hy_settle(const struct hy_message *message, const struct hy_grant *grant,
               const struct hy_judgement *judgement, const struct hy_settle_rules *rules,
               int64_t now_ms, int64_t hint_at_ms, struct hy_settlement *ret_settlement);

#endif

/*
 * grant.h - the right to send messages to one user.
 *
 *   available --reserve--> reserved --spend--> available (uses left) or spent
 *       ^                     |
 *       +-----give back-------+          drop: the platform says it is gone -> revoked
 *
 *   available --time--> expired
 *   available --refused--> suspect --tried again, much later--> available, or revoked
 *   suspect, spent, revoked --the user accepts again--> available (counters)
 *   available, suspect --the user turns the template off--> revoked (counters)
 *
 * Receipts (form_id, prepay_id) are a row each. A counter (once, always) is one row for a user and
 * a template: accepts add up in it.
 *
 * A grant with several uses may have some reserved and some free at once; the state says what the
 * rest of it is good for. Invariants (checked by the store):
 *   0 <= uses_reserved <= uses_left <= uses_total;   spent exactly when uses_left == 0;
 *   suspect exactly when retry_at_ms > 0, and then refusals >= 1.
 *
 * Source of the figures: wechat.md 2.3 (form_id: 1 message in 7 days; prepay_id: 3 in 7 days) and
 * 3.4 (once: adds up, no expiry; always: standing; 43101 may be wrong).
 */
#ifndef HY_DOMAIN_GRANT_H
#define HY_DOMAIN_GRANT_H

#include <stdbool.h>
#include <stdint.h>

enum hy_grant_kind {
    HY_GRANT_FORM_ID,
    HY_GRANT_PREPAY_ID,
    HY_GRANT_ONCE,
    HY_GRANT_ALWAYS,
    HY_GRANT_KINDS
};

enum hy_grant_state {
    HY_GRANT_AVAILABLE,
    HY_GRANT_SPENT,
    HY_GRANT_EXPIRED,
    HY_GRANT_REVOKED,
    HY_GRANT_SUSPECT,
    HY_GRANT_STATES
};

/* The words of the API, ended by a null. The numbers are stored: append, never reorder. */
extern const char *const hy_grant_kind_names[];
extern const char *const hy_grant_state_names[];

struct hy_grant {
    int64_t id;
    int64_t app_no;
    const char *user;
    enum hy_grant_kind kind;
    const char *template_id; /* once and always; null for receipts: any template */
    const char *credential;  /* the form_id or prepay_id; null for counters */
    enum hy_grant_state state;
    const char *reason; /* why it is not available: "41028", or null */
    int32_t uses_total;
    int32_t uses_left;
    int32_t uses_reserved;
    bool in_doubt;    /* one of its uses may or may not have gone: it can prove nothing any more */
    int32_t refusals; /* by the platform, though the ledger was sure; since the last accept or
                               success */
    int64_t retry_at_ms;    /* suspect: when it may be tried again; 0 = not suspect */
    int64_t obtained_at_ms; /* when the user gave it; of a counter, the newest accept */
    int64_t expires_at_ms;  /* 0 = never */
};

/* form_id and prepay_id: bound to a credential, any template, short-lived. */
bool hy_grant_is_receipt(enum hy_grant_kind kind);

/* Uses that one deposit of this kind brings; `always` counts as 1 standing use. */
int32_t hy_grant_uses(enum hy_grant_kind kind);

/* How long after it was obtained the platform honours it, in ms; 0 = for ever. */
int64_t hy_grant_lifetime_ms(enum hy_grant_kind kind);

/*
 * A user accepts again: adds `uses` accepts, given at `at_ms`, to a counter. It is available
 * afterwards, whatever it was; the uses of a revoked one were void before and stay so, but for those
 * that messages still hold. Of `always` no number changes. A `once` that is told `always` becomes a
 * standing one, also for those who hold a use of it; `uses` is 0 when only that is news.
 */
void hy_grant_accept(struct hy_grant *grant, enum hy_grant_kind kind, int32_t uses, int64_t at_ms);

/* The user turned the template off at `at_ms`. False, nothing done: the newest accept came later,
 * or nothing was left of it. Otherwise revoked; `reason` is kept by pointer. */
bool hy_grant_withdraw(struct hy_grant *grant, int64_t at_ms, const char *reason);

/*
 * True when one more message may reserve a use now. A receipt is not used in its last `margin_ms`:
 * the platform's clock and the way to it are not ours. A suspect one is usable from retry_at_ms on,
 * for one message at a time.
 */
bool hy_grant_usable(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms);

/*
 * The word for what the grant is good for now, as the API shows it: that of its state, but of an
 * available one "expired" when its time is over and "reserved" when all its uses are promised to
 * messages. Both follow from the other fields, so no state is stored for them.
 */
const char *hy_grant_state_word(const struct hy_grant *grant, int64_t now_ms, int64_t margin_ms);

/*
 * True when sending the same receipt again tells what became of the first send: it has exactly one
 * use left and none of its uses is in doubt, so "already used" can only mean our own send.
 */
bool hy_grant_proves(const struct hy_grant *grant);

/* The reason a message gets when a user has no usable grant: "no_grant.never" (never had one), else
 * after what became of the newest one: ".used_up", ".expired", ".revoked", ".suspect". `newest` may
 * be null. `now_ms` and `margin_ms` as above. */
const char *hy_grant_missing_reason(const struct hy_grant *newest, int64_t now_ms,
                                    int64_t margin_ms);

#endif

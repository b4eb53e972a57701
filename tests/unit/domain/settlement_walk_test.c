/*
 * Plays every story of a few requests that two messages of one user and a truthful platform can
 * make, by walking the tree of all answers, and looks at what the rules of settlement.h and
 * reservation.h make of them:
 *
 *   - with at_most_once no message is delivered twice, whatever was lost on the way;
 *   - `sent` was delivered, `failed` was not, a clean end has no doubt hanging over it;
 *   - a use is burned only for a send that happened, or whose fate nobody can know;
 *   - nothing is stuck: what isn't over is due again, or is unknown for good;
 *   - the counters of every grant stay possible and match who holds a use.
 *
 * The store's part (which grant a claimed message gets) is written here once more, after the table
 * of store/messages.h, as plainly as it goes.
 */
#include "tap.h"

#include "domain/reservation.h"

#include <stddef.h>

enum { GRANTS = 3, MESSAGES = 2, STEPS = 6 };

static const int64_t start_ms = 1772323200000;
static const int64_t day_ms = 86400000;
static const int64_t margin_ms = 86400000;

/* What is true on the platform's side of one grant. */
struct truth {
    int uses;     /* that it would still take */
    bool invalid; /* was never any good: 41028 */
};

struct world {
    int64_t now_ms;
    struct hy_grant grants[GRANTS];
    struct truth truth[GRANTS];
    size_t grant_count;
    struct hy_message messages[MESSAGES];
    int delivered[MESSAGES];
    bool canceled_in_doubt[MESSAGES];
    bool bad[MESSAGES]; /* a payload that the platform refuses */
    char story[STEPS + 1];
};

/* What may become of one request. */
enum event {
    ANSWERED,       /* carried out, and the answer came */
    LOST_AFTER,     /* carried out, and no answer came */
    LOST_BEFORE,    /* not carried out, and no answer came */
    REFUSED,        /* nothing left this machine */
    OLD_TOKEN,      /* 40001 */
    TOO_MUCH,       /* 45009 */
    BUSY,           /* -1, not carried out */
    BUSY_AFTER_ALL, /* -1, carried out: seen of WeChat; only a receipt can find out */
    CANCELED,       /* no request: the caller cancels it while it is queued */
    NOT_ALLOWED,    /* 43101 for a counter, though it is good */
    EVENTS
};

static const char letters[] = "aAbrtmsScn";

static size_t stories;

#define MUST(w, condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            hy_tap_fail(__FILE__, __LINE__, "after %s: %s", (w)->story, #condition);               \
    } while (0)

/* --- the platform ----------------------------------------------------------------------------- */

static struct truth *truth_of(struct world *w, const struct hy_message *m)
{
    return m->grant_id ? &w->truth[m->grant_id - 1] : NULL;
}

/* Carries the request out and says what WeChat would. */
static struct hy_judgement carry_out(struct world *w, size_t i)
{
    struct truth *t = truth_of(w, &w->messages[i]);
    struct hy_judgement j = {.answered = true};

    if (w->bad[i]) {
        j.verdict = HY_VERDICT_BAD_PAYLOAD;
    } else if (!t || t->invalid || t->uses == 0) {
        j.verdict = HY_VERDICT_GRANT_GONE;
        j.grant_refused = t && !hy_grant_is_receipt(w->grants[t - w->truth].kind);
        j.grant_used = t && !t->invalid && !j.grant_refused;
    } else {
        t->uses--;
        w->delivered[i]++;
        j.verdict = HY_VERDICT_OK;
    }
    return j;
}

static struct hy_judgement play(struct world *w, size_t i, enum event event)
{
    struct hy_judgement j = {.verdict = HY_VERDICT_UNKNOWN};

    switch (event) {
    case ANSWERED: return carry_out(w, i);
    case LOST_AFTER: carry_out(w, i); break;
    case REFUSED:
        j = (struct hy_judgement){.verdict = HY_VERDICT_TRANSIENT, .not_sent = true};
        break;
    case OLD_TOKEN: j.verdict = HY_VERDICT_TOKEN; break;
    case TOO_MUCH: j.verdict = HY_VERDICT_RATE; break;
    case BUSY_AFTER_ALL:
        carry_out(w, i);
        j.verdict = HY_VERDICT_TRANSIENT;
        break;
    case NOT_ALLOWED:
        j = (struct hy_judgement){.verdict = HY_VERDICT_GRANT_GONE, .grant_refused = true};
        break;
    case BUSY: j.verdict = HY_VERDICT_TRANSIENT; break;
    default: break;
    }
    return j;
}

/* --- the store -------------------------------------------------------------------------------- */

static struct hy_grant *grant_of(struct world *w, const struct hy_message *m)
{
    return m->grant_id ? &w->grants[m->grant_id - 1] : NULL;
}

static void move(struct world *w, struct hy_message *m, enum hy_message_state to)
{
    MUST(w, hy_message_may_move(m->state, to) || (m->state == to && to == HY_MESSAGE_UNKNOWN));
    m->state = to;
}

static void let_go(struct world *w, struct hy_message *m, enum hy_grant_move how,
                   int64_t retry_at_ms)
{
    struct hy_grant *g = grant_of(w, m);

    if (!g || how == HY_GRANT_KEEP)
        return;
    hy_grant_release(g, how, m->in_doubt, "gone", retry_at_ms);
    m->grant_id = 0;
}

static bool take_another(struct world *w, struct hy_message *m)
{
    struct hy_grant *best = NULL;

    for (size_t i = 0; i < w->grant_count; i++) {
        struct hy_grant *g = &w->grants[i];

        if (hy_grant_fits(g, "t", HY_TEMPLATE_ANY) && hy_grant_usable(g, w->now_ms, margin_ms) &&
            (!best || hy_grant_compare(g, best) < 0))
            best = g;
    }
    if (!best)
        return false;
    hy_grant_reserve(best);
    m->grant_id = best->id;
    m->in_doubt = false;
    return true;
}

/* True when it was claimed; else it ended, with on_missing "fail". */
static bool claim(struct world *w, struct hy_message *m)
{
    struct hy_grant *held = grant_of(w, m);
    bool unknown = m->state == HY_MESSAGE_UNKNOWN;

    if (!held || !hy_grant_holds(held, m->in_doubt, w->now_ms, margin_ms)) {
        bool lost_its_proof = held && m->in_doubt;

        let_go(w, m, lost_its_proof ? HY_GRANT_DOUBT : HY_GRANT_GIVE_BACK, 0);
        if (lost_its_proof || !take_another(w, m)) {
            m->due_at_ms = 0;
            if (held && !lost_its_proof && !unknown && held->retry_at_ms > w->now_ms) {
                m->due_at_ms = held->retry_at_ms;
                move(w, m, HY_MESSAGE_WAITING);
                return false;
            }
            move(w, m, lost_its_proof || unknown ? HY_MESSAGE_UNKNOWN : HY_MESSAGE_FAILED);
            return false;
        }
    }
    move(w, m, HY_MESSAGE_SENDING);
    return true;
}

static void settle(struct world *w, struct hy_message *m, const struct hy_judgement *j)
{
    struct hy_settlement s;

    m->attempt_count++;
    hy_settle(m, grant_of(w, m), j, &hy_settle_rules_default, w->now_ms, 0, &s);
    let_go(w, m, s.grant_move, s.grant_retry_at_ms);
    move(w, m, s.state);
    m->in_doubt = s.in_doubt;
    m->due_at_ms = s.due_at_ms;
}

static void cancel(struct world *w, size_t i)
{
    struct hy_message *m = &w->messages[i];

    w->canceled_in_doubt[i] = m->in_doubt; /* its reason says so: "in_doubt" */
    let_go(w, m, HY_GRANT_GIVE_BACK, 0);
    move(w, m, HY_MESSAGE_CANCELED);
    m->due_at_ms = 0;
}

/* --- what must hold after every step ---------------------------------------------------------- */

static void look_at_messages(const struct world *w)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        const struct hy_message *m = &w->messages[i];
        /* at_least_once goes on with another grant, and its doubt ends with the first one's. */
        bool strict = m->policy == HY_POLICY_AT_MOST_ONCE;

        if (m->state == HY_MESSAGE_SENT)
            MUST(w, w->delivered[i] >= 1);
        if (strict)
            MUST(w, w->delivered[i] <= 1);
        if (strict && m->state == HY_MESSAGE_FAILED)
            MUST(w, w->delivered[i] == 0);
        if (strict && m->state == HY_MESSAGE_CANCELED)
            MUST(w, w->delivered[i] == 0 || w->canceled_in_doubt[i]);
        if (m->state == HY_MESSAGE_QUEUED || m->state == HY_MESSAGE_WAITING)
            MUST(w, m->due_at_ms > 0);
        if (m->state == HY_MESSAGE_UNKNOWN && m->due_at_ms == 0)
            MUST(w, m->grant_id == 0);
    }
}

static void look_at_grants(const struct world *w)
{
    for (size_t g = 0; g < w->grant_count; g++) {
        const struct hy_grant *grant = &w->grants[g];
        int held = 0, burned = grant->uses_total - grant->uses_left;
        int gone = grant->uses_total - w->truth[g].uses;

        for (size_t i = 0; i < MESSAGES; i++)
            held += w->messages[i].grant_id == grant->id;
        MUST(w, grant->uses_reserved == held);
        MUST(w, grant->uses_reserved <= grant->uses_left);
        MUST(w, (grant->state == HY_GRANT_SUSPECT) == (grant->retry_at_ms > 0));
        MUST(w, grant->state != HY_GRANT_SUSPECT || grant->refusals > 0);
        MUST(w, (grant->uses_left == 0) == (grant->state == HY_GRANT_SPENT));
        /* Burned without a send: only in doubt. Sent without burning: known to be in doubt, or
         * still held by the one who is finding out, or told so by the platform. */
        MUST(w, burned <= gone || grant->in_doubt);
        MUST(w, gone <= burned + held || grant->in_doubt || grant->state == HY_GRANT_REVOKED);
    }
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool possible(const struct world *w, const struct hy_message *m, enum event event)
{
    if (event == CANCELED)
        return m->state == HY_MESSAGE_QUEUED || m->state == HY_MESSAGE_WAITING;
    if (event == NOT_ALLOWED)
        return m->grant_id && !hy_grant_is_receipt(w->grants[m->grant_id - 1].kind);
    /* A grant that cannot prove is sent again after -1 all the same, as WeChat asks for: a -1 that
     * is untrue then may be a double. This is the one such place: docs/decisions/0009. */
    if (event == BUSY_AFTER_ALL)
        return m->grant_id && hy_grant_proves(&w->grants[m->grant_id - 1]);
    return true;
}

/* The message whose turn it is: the first that is due. MESSAGES when there is none. */
static size_t next_due(const struct world *w)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        if (w->messages[i].due_at_ms > 0)
            return i;
    }
    return MESSAGES;
}

static void walk(const struct world *before, size_t depth)
{
    size_t i = next_due(before);

    if (depth == STEPS || i == MESSAGES) {
        stories++;
        return;
    }
    for (int event = 0; event < EVENTS; event++) {
        struct world w = *before;
        struct hy_message *m = &w.messages[i];

        if (w.now_ms < m->due_at_ms)
            w.now_ms = m->due_at_ms;
        w.story[depth] = letters[event];
        if (event == CANCELED) {
            if (!possible(&w, m, event))
                continue;
            cancel(&w, i);
        } else if (claim(&w, m)) {
            struct hy_judgement j;

            if (!possible(&w, m, event))
                continue;
            j = play(&w, i, event);
            settle(&w, m, &j);
        } else if (event > 0) {
            continue; /* it ended without a request: one story, not one an event */
        }
        look_at_messages(&w);
        look_at_grants(&w);
        walk(&w, depth + 1);
    }
}

static void add_grant(struct world *w, enum hy_grant_kind kind, int uses, int64_t lives_ms)
{
    struct hy_grant *g = &w->grants[w->grant_count];

    *g = (struct hy_grant){.id = (int64_t)++w->grant_count,
                           .kind = kind,
                           .template_id = hy_grant_is_receipt(kind) ? NULL : "t",
                           .uses_total = uses,
                           .uses_left = uses,
                           .expires_at_ms = lives_ms ? w->now_ms + lives_ms : 0};
    w->truth[w->grant_count - 1].uses = uses;
}

static struct world new_world(enum hy_policy policy)
{
    struct world w = {.now_ms = start_ms};

    for (size_t i = 0; i < MESSAGES; i++)
        w.messages[i] = (struct hy_message){.id = (int64_t)i + 1,
                                            .state = HY_MESSAGE_QUEUED,
                                            .policy = policy,
                                            .accepted_at_ms = start_ms,
                                            .due_at_ms = start_ms};
    return w;
}

/* Both policies, a good and a bad first message. */
static void walk_with(void (*give)(struct world *w))
{
    for (int bits = 0; bits < 4; bits++) {
        struct world w = new_world(bits & 1);

        w.bad[0] = bits >> 1;
        give(&w);
        walk(&w, 0);
    }
    CHECK(stories > 0);
}

static void give_form_ids(struct world *w)
{
    add_grant(w, HY_GRANT_FORM_ID, 1, 3 * day_ms);
    add_grant(w, HY_GRANT_FORM_ID, 1, 5 * day_ms);
}

static void form_ids(void)
{
    walk_with(give_form_ids);
}

static void give_a_rotten_form_id(struct world *w)
{
    give_form_ids(w);
    add_grant(w, HY_GRANT_FORM_ID, 1, 6 * day_ms);
    w->truth[0].invalid = true;
}

static void form_ids_of_which_one_was_never_good(void)
{
    walk_with(give_a_rotten_form_id);
}

static void give_a_prepay_id(struct world *w)
{
    add_grant(w, HY_GRANT_PREPAY_ID, 3, 3 * day_ms);
}

static void a_prepay_id_of_three_uses(void)
{
    walk_with(give_a_prepay_id);
}

static void give_the_rest_of_a_prepay_id(struct world *w)
{
    give_a_prepay_id(w);
    w->grants[0].uses_left = 1;
    w->truth[0].uses = 1;
    add_grant(w, HY_GRANT_FORM_ID, 1, 4 * day_ms);
}

static void the_last_use_of_a_prepay_id(void)
{
    walk_with(give_the_rest_of_a_prepay_id);
}

static void give_counters(struct world *w)
{
    add_grant(w, HY_GRANT_ONCE, 1, 0);
    add_grant(w, HY_GRANT_ONCE, 1, 0);
}

static void counters(void)
{
    walk_with(give_counters);
}

static void give_one_counter(struct world *w)
{
    add_grant(w, HY_GRANT_ONCE, 2, 0);
}

static void a_counter_of_two_accepts(void)
{
    walk_with(give_one_counter);
}

static void give_short_lived(struct world *w)
{
    add_grant(w, HY_GRANT_FORM_ID, 1, day_ms + 1500);
    add_grant(w, HY_GRANT_FORM_ID, 1, day_ms + 4000);
}

static void receipts_that_reach_their_margin_on_the_way(void)
{
    walk_with(give_short_lived);
}

int main(void)
{
    RUN(form_ids);
    RUN(form_ids_of_which_one_was_never_good);
    RUN(a_prepay_id_of_three_uses);
    RUN(the_last_use_of_a_prepay_id);
    RUN(counters);
    RUN(a_counter_of_two_accepts);
    RUN(receipts_that_reach_their_margin_on_the_way);
    printf("# %zu stories\n", stories);
    return hy_tap_end();
}

/* How often a user hears from an app, and how soon after another. */
#include "store_bulk.h"
#include "store_cases.h"

static struct hy_cap caps[3];

static void cap(int at, const char *template_id, int64_t max, int64_t window_s)
{
    caps[at] = (struct hy_cap){.max = max, .window_s = window_s};
    snprintf(caps[at].template_id, sizeof caps[at].template_id, "%s", template_id);
    rig.caps = caps;
    rig.cap_count = (size_t)at + 1;
    rig.heard_for_ms = 30 * (int64_t)DAY;
}

static struct hy_message *post_about(const char *template_id, bool urgent)
{
    struct hy_message *m = draft("u");

    m->template_id = template_id;
    m->urgent = urgent;
    m->on_missing = HY_ON_MISSING_TRY;
    CHECK_INT(admit(m), 0);
    return m;
}

static void hear(const char *template_id)
{
    size_t count = rig.cap_count;

    rig.cap_count = 0;
    post_about(template_id, false);
    judge(claim_one(), HY_VERDICT_OK, "");
    rig.cap_count = count;
}

static void a_full_cap_puts_a_message_off(void)
{
    struct hy_message *m;
    struct hy_claim *v;
    int64_t g;

    cap(0, "", 2, 3600);
    hear("T1");
    rig.now_ms += MINUTE;
    hear("T2");
    g = form("u", 0);
    m = draft("u");
    CHECK_INT(admit(m), 0);
    v = claim(ALL);
    CHECK_INT(v->count, 0);
    CHECK_INT(v->ended, 0);
    CHECK_STATE(m->id, QUEUED);
    CHECK_TEXT(get(m->id)->reason, "cap.app");
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + HOUR - MINUTE);
    CHECK_INT(get(m->id)->grant_id, g);
    CHECK_TEXT(ledger("u", g), "1/1 available");
    CHECK_INT(v->lanes[0].next_due_ms, rig.now_ms + HOUR - MINUTE);
    rig.now_ms += HOUR - MINUTE - 1;
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms += 1;
    CHECK_INT(claim_one()->message.id, m->id);
    CHECK(get(m->id)->reason == NULL);
}

static void a_cap_of_a_template_counts_that_alone(void)
{
    struct hy_message *m;

    cap(0, "T1", 1, 3600);
    hear("T2");
    post_about("T1", false);
    judge(claim_one(), HY_VERDICT_OK, "");
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(m->id)->reason, "cap.template");
    CHECK_INT(cancel(m->id), 0);
    post_about("T2", false);
    claim_one();
}

static void the_cap_that_is_free_last_counts(void)
{
    struct hy_message *m;

    cap(0, "T1", 1, 600);
    cap(1, "", 1, 3600);
    hear("T1");
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(m->id)->reason, "cap.app");
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + HOUR);
    CHECK_INT(cancel(m->id), 0);
    cap(0, "T1", 1, 3600);
    cap(1, "", 1, 3600); /* both at one instant: the first */
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(m->id)->reason, "cap.template");
}

static void urgent_ones_count_and_wait_for_nothing(void)
{
    struct hy_message *m;

    cap(0, "", 1, 3600);
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_URGENT);
    post_about("T1", true);
    judge(claim_one(), HY_VERDICT_OK, "");
    post_about("T1", true);
    judge(claim_one(), HY_VERDICT_OK, "");
    rig.queue = hy_queue_no(HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL);
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(m->id)->reason, "cap.app");
}

static void what_was_perhaps_sent_counts_and_what_was_not_does_not(void)
{
    cap(0, "", 1, 3600);
    post_about("T1", false);
    judge(claim_one(), HY_VERDICT_BAD_PAYLOAD, "40037");
    post_about("T1", false);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
}

static void what_was_settled_without_heard_for_ms_does_not_count(void)
{
    cap(0, "", 1, 3600);
    rig.heard_for_ms = 0;
    hear("T1");
    post_about("T1", false);
    claim_one();
}

static void a_message_counts_once(void)
{
    struct hy_message *m = draft("u");

    cap(0, "", 2, 3600);
    form("u", 0);
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, ""); /* the same receipt proves it: again */
    rig.now_ms = get(m->id)->due_at_ms;
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    post_about("T1", false);
    claim_one(); /* one of two */
}

static void it_counts_from_its_first_settling(void)
{
    struct hy_message *m = draft("u");
    int64_t first_ms = rig.now_ms;

    cap(0, "", 1, 86400);
    form("u", 0);
    CHECK_INT(admit(m), 0);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms = get(m->id)->due_at_ms;
    judge(claim_one(), HY_VERDICT_OK, "");
    CHECK_STATE(m->id, SENT);
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(get(m->id)->due_at_ms, first_ms + DAY);
}

/* Long after, its next attempt is one more that the user perhaps heard. */
static void one_that_counts_no_more_counts_again(void)
{
    struct hy_message *m = draft("u");

    form("u", 0);
    CHECK_INT(admit(m), 0);
    cap(0, "", 1, 86400);
    rig.heard_for_ms = 1;
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms = get(m->id)->due_at_ms;
    rig.heard_for_ms = DAY;
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    m = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms + DAY);
}

static void one_that_is_in_doubt_waits_for_no_cap(void)
{
    struct hy_message *m = draft("u");

    form("u", 0);
    CHECK_INT(admit(m), 0);
    cap(0, "", 1, 86400);
    judge(claim_one(), HY_VERDICT_UNKNOWN, "");
    rig.now_ms = get(m->id)->due_at_ms;
    CHECK_INT(claim_one()->message.id, m->id);
}

static void it_counts_no_longer_than_it_was_told_to(void)
{
    cap(0, "", 1, 86400);
    rig.heard_for_ms = HOUR;
    hear("T1");
    rig.now_ms += HOUR - 1;
    post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms += 1;
    post_about("T1", false);
    claim_one();
}

static void users_and_apps_are_apart(void)
{
    cap(0, "", 1, 3600);
    hear("T1");
    post_with("v", HY_ON_MISSING_TRY);
    CHECK_TEXT(claim_one()->message.user, "v");
}

static void one_that_is_put_off_lets_the_next_go(void)
{
    struct hy_message *busy = post_about("T2", false);
    struct hy_message *capped, *other;
    struct hy_claimed *c;

    cap(0, "T1", 1, 3600);
    CHECK_INT(cancel(busy->id), 0);
    hear("T1");
    post_about("T2", false);
    c = claim_one();
    capped = post_about("T1", false);
    other = post_about("T2", false);
    CHECK_INT(claim(ALL)->count, 0); /* both are parked */
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_TEXT(get(capped->id)->reason, "cap.template");
    CHECK_INT(claim_one()->message.id, other->id);
}

static void what_a_crash_left_counts(void)
{
    struct hy_recover_app app = {
        .app_no = rig.app, .rules = hy_settle_rules_default, .heard_for_ms = DAY};
    struct hy_recover v = {.apps = &app, .app_count = 1};

    cap(0, "", 1, 3600);
    post_about("T1", false);
    claim_one();
    v.now_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_RECOVER), 0);
    CHECK_INT(v.recovered, 1);
    post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
}

static void tidy_forgets_what_counts_no_more(void)
{
    struct hy_tidy v = {.limit = 1000};

    cap(0, "", 1, 3600);
    rig.heard_for_ms = HOUR;
    hear("T1");
    v.now_ms = rig.now_ms + HOUR - 1;
    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    CHECK_INT(v.tidied, 0);
    v.now_ms += 4 * DAY; /* at some time after it: a backend may keep some days together */
    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    CHECK(v.tidied >= 1);
    CHECK_INT(run(&v.op, HY_VERB_TIDY), 0);
    CHECK_INT(v.tidied, 0);
}

/* --- the gap ---------------------------------------------------------------------------------- */

static void the_next_one_comes_after_a_gap(void)
{
    struct hy_message *next;
    struct hy_claimed *c;

    post_about("T1", false);
    c = claim_one();
    next = post_about("T1", false);
    CHECK_INT(claim(ALL)->count, 0);
    rig.gap_ms = 5 * SECOND;
    judge(c, HY_VERDICT_OK, "");
    CHECK_INT(next_due(), rig.now_ms + 5 * SECOND);
    rig.now_ms += 5 * SECOND - 1;
    CHECK_INT(claim(ALL)->count, 0);
    rig.now_ms += 1;
    CHECK_INT(claim_one()->message.id, next->id);
}

static void other_caps_are_looked_at_at_once(void)
{
    struct hy_app_put v = {.app = {.no = rig.app, .settings = "{}"}};
    struct hy_message *m = draft("u"), *later = draft("w");
    int64_t due_ms;

    cap(0, "", 1, 3600);
    hear("T1");
    form("u", 0);
    form("w", 0);
    later->send_at_ms = rig.now_ms + MINUTE;
    CHECK_INT(admit(m), 0);
    CHECK_INT(admit(later), 0);
    CHECK_INT(claim(ALL)->count, 0);
    due_ms = get(m->id)->due_at_ms;
    v.app.updated_at_ms = rig.now_ms;
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(get(m->id)->due_at_ms, due_ms);
    v.recap = true;
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    CHECK_INT(get(m->id)->due_at_ms, rig.now_ms);
    CHECK_INT(get(later->id)->due_at_ms, rig.now_ms + MINUTE);
    CHECK_INT(claim(ALL)->count, 0);
    CHECK_INT(get(m->id)->due_at_ms, due_ms);
    CHECK_INT(run(&v.op, HY_VERB_APP_PUT), 0);
    rig.cap_count = 0;
    CHECK_INT(claim_one()->message.id, m->id);
}

static void what_a_settling_may_not_say(void)
{
    struct hy_judgement j = judged(HY_VERDICT_OK, "");
    struct hy_settle_item item;
    struct hy_settle v = {.items = &item, .count = 1, .now_ms = rig.now_ms};

    post_about("T1", false);
    item = settled(claim_one(), &j);
    item.gap_ms = -1;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    item.gap_ms = 0;
    item.heard_for_ms = -1;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), HY_E_INVALID);
    item.heard_for_ms = 0;
    CHECK_INT(run(&v.op, HY_VERB_SETTLE), 0);
}

void store_caps_cases(void)
{
    CASE(a_full_cap_puts_a_message_off);
    CASE(a_cap_of_a_template_counts_that_alone);
    CASE(the_cap_that_is_free_last_counts);
    CASE(urgent_ones_count_and_wait_for_nothing);
    CASE(what_was_perhaps_sent_counts_and_what_was_not_does_not);
    CASE(what_was_settled_without_heard_for_ms_does_not_count);
    CASE(a_message_counts_once);
    CASE(it_counts_from_its_first_settling);
    CASE(one_that_counts_no_more_counts_again);
    CASE(one_that_is_in_doubt_waits_for_no_cap);
    CASE(it_counts_no_longer_than_it_was_told_to);
    CASE(users_and_apps_are_apart);
    CASE(one_that_is_put_off_lets_the_next_go);
    CASE(what_a_crash_left_counts);
    CASE(tidy_forgets_what_counts_no_more);
    CASE(the_next_one_comes_after_a_gap);
    CASE(other_caps_are_looked_at_at_once);
    CASE(what_a_settling_may_not_say);
}

/* Messages by weeks: partitions that are dropped when all in them is old enough. */
#include "pg_weeks.h"

/* --- dropping ----------------------------------------------------------------------------------- */

static void an_old_week_goes_as_a_whole(void)
{
    int64_t old, young;

    fresh();
    make_weeks(WEEK, WEEK + 1);
    for (int i = 0; i < 250; i++)
        old = failed("a");
    now_ms += week_ms;
    young = failed("a");
    CHECK_INT(retain(monday + week_ms - 1), 0); /* the last of them might be younger */
    CHECK_INT(fetch(old), 0);
    CHECK_INT(retain(monday + week_ms), 250);
    CHECK_INT(fetch(old), HY_E_NOT_FOUND);
    CHECK_INT(fetch(young), 0);
    CHECK(!has_week(WEEK) && has_week(WEEK + 1));
    CHECK_INT(ask("SELECT count(*) FROM pg_class WHERE relname IN ('message_p20260105', "
                  "'attempt_p20260105')"),
              0);
    CHECK_INT(counted(HY_MESSAGE_FAILED), 1);
    CHECK_INT(messages_in("dead"), 1);
    check_store();
}

static void who_has_to_stay_moves_to_the_rest(void)
{
    int64_t waiting, asks;
    struct hy_claimed c;

    fresh();
    make_weeks(WEEK, WEEK);
    failed("a");
    waiting = waits("b");
    deposit("c");
    asks = failed("c"); /* unknown, and the same receipt is to be asked again */
    c = claim_one();
    judge(&c, HY_VERDICT_UNKNOWN);
    now_ms += 2 * week_ms;
    CHECK_INT(retain(now_ms - 1), 1);
    CHECK(!has_week(WEEK));
    CHECK_INT(messages_in("message_rest"), 2);
    CHECK_INT(fetch(waiting), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_WAITING);
    CHECK_INT(fetch(asks), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_UNKNOWN);
    CHECK_INT(fetched.attempt_count, 1);
    CHECK_INT(listed(NULL), 2);
    CHECK_INT(listed("b"), 1);
    CHECK_INT(counted(HY_MESSAGE_WAITING), 1);
    check_store();
    deposit("b"); /* it is woken where it is now, and sent */
    c = claim_one();
    CHECK_INT(c.message.id, waiting);
    judge(&c, HY_VERDICT_OK);
    CHECK_INT(fetch(waiting), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_SENT);
    check_store();
    CHECK_INT(retain(now_ms), 1); /* `asks`: its grant is over, and nothing asks for it any more */
    CHECK_INT(retain(now_ms + 1), 1);
    CHECK_INT(fetch(waiting), HY_E_NOT_FOUND);
    check_store();
}

static void one_that_was_settled_lately_stays_and_may_be_retried(void)
{
    struct hy_retry again = {.now_ms = 0};
    struct hy_claimed c;
    int64_t id;

    fresh();
    make_weeks(WEEK, WEEK);
    id = post("a", HY_ON_MISSING_TRY);
    now_ms += 3 * week_ms;
    c = claim_one();
    judge(&c, HY_VERDICT_BAD_PAYLOAD);
    CHECK_INT(retain(now_ms), 0);
    CHECK_INT(messages_in("message_rest"), 1);
    CHECK_INT(messages_in("dead"), 1);
    again.message_id = id;
    again.now_ms = now_ms;
    CHECK_INT(run(&again.op, HY_VERB_RETRY), 0);
    c = claim_one();
    judge(&c, HY_VERDICT_OK);
    CHECK_INT(fetch(id), 0);
    CHECK_INT(fetched.attempt_count, 2);
    check_store();
}

static void a_use_that_one_holds_is_in_doubt(void)
{
    struct hy_grant_list v = {.user = "a", .limit = 10, .arena = &arena};
    struct hy_claimed c;

    fresh();
    make_weeks(WEEK, WEEK);
    deposit("a");
    failed("a");
    c = claim_one();
    judge(&c, HY_VERDICT_UNKNOWN);
    script("UPDATE message SET due_at_ms = 0; DELETE FROM due; "
           "INSERT INTO dead SELECT app_no, id FROM message"); /* nothing asks for it any more */
    check_store();
    CHECK_INT(retain(now_ms + week_ms), 1);
    v.app_no = app_no;
    CHECK_INT(run(&v.op, HY_VERB_GRANT_LIST), 0);
    CHECK_INT(v.count, 1);
    CHECK_INT(v.grants[0].uses_reserved, 0);
    CHECK(v.grants[0].in_doubt);
    check_store();
}

static int64_t changed_id;

/* When it was looked at and before it is dropped, somebody has it sent again. */
static void retry_once(const struct hy_retain *v)
{
    struct hy_retry again = {.message_id = changed_id, .now_ms = now_ms};

    if (v->cursor > changed_id && changed_id > 0) {
        CHECK_INT(run(&again.op, HY_VERB_RETRY), 0);
        changed_id = 0;
    }
}

static void what_changes_meanwhile_stays(void)
{
    int64_t id;

    fresh();
    make_weeks(WEEK, WEEK);
    id = changed_id = failed("a");
    for (int i = 0; i < 3 * LIMIT; i++)
        failed("b");
    now_ms += 2 * week_ms;
    CHECK_INT(retain_and(now_ms - 1, retry_once), 3 * LIMIT);
    CHECK_INT(changed_id, 0);
    CHECK(!has_week(WEEK));
    CHECK_INT(fetch(id), 0);
    CHECK_INT(fetched.message.state, HY_MESSAGE_QUEUED);
    check_store();
}

static struct hy_pg_link *in_the_way;

static void step_aside(const struct hy_retain *v)
{
    if (in_the_way && !v->more) {
        pg_script(in_the_way, "COMMIT");
        hy_pg_link_close(in_the_way);
        in_the_way = NULL;
    }
}

static void a_week_that_cannot_be_had_is_left_to_another_night(void)
{
    fresh();
    make_weeks(WEEK, WEEK + 1);
    failed("a");
    now_ms += week_ms;
    failed("a");
    now_ms += 2 * week_ms;
    in_the_way = pg_open(pg_url());
    pg_script(in_the_way, "BEGIN; LOCK TABLE message_p20260105 IN ACCESS SHARE MODE");
    CHECK_INT(retain_and(now_ms, step_aside), 1); /* the other week's */
    CHECK(has_week(WEEK) && !has_week(WEEK + 1));
    CHECK_INT(listed("a"), 1);
    check_store();
    CHECK_INT(retain(now_ms), 1);
    CHECK(!has_week(WEEK));
    check_store();
}

/* More has to stay than may be moved while everybody waits. */
static void a_crowded_week_goes_one_by_one(void)
{
    int64_t ids_from;

    fresh();
    make_weeks(WEEK, WEEK);
    failed("a");
    waits("b");
    ids_from = ids.last;
    script("INSERT INTO message SELECT (m).* FROM (SELECT jsonb_populate_record(m, "
           "jsonb_build_object('id', "
           "m.id + n, 'user', 'u' || n)) AS m FROM message m, generate_series(1, 20001) n "
           "WHERE m.id = %" PRId64 ") t",
           ids_from);
    script("INSERT INTO waiting SELECT app_no, \"user\", id FROM message WHERE id > %" PRId64
           "; UPDATE tally SET number = number + 20001 WHERE state = 1",
           ids_from);
    check_store();
    now_ms += 2 * week_ms;
    CHECK_INT(retain(now_ms), 1);
    CHECK(has_week(WEEK));
    CHECK_INT(messages_in("message_p20260105"), 20002);
    CHECK_INT(ask("SELECT count(*) FROM week WHERE closing OR crowded"), 0);
    CHECK_INT(messages_in("survivor"), 0);
    check_store();
}

int main(void)
{
    RUN(an_old_week_goes_as_a_whole);
    RUN(who_has_to_stay_moves_to_the_rest);
    RUN(one_that_was_settled_lately_stays_and_may_be_retried);
    RUN(a_use_that_one_holds_is_in_doubt);
    RUN(what_changes_meanwhile_stays);
    RUN(a_week_that_cannot_be_had_is_left_to_another_night);
    RUN(a_crowded_week_goes_one_by_one);
    end();
    return hy_tap_end();
}

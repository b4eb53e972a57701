/* Lanes that are paused, over a restart. */
#include "store_bulk.h"
#include "store_cases.h"

static void pause_lane(int64_t app_no, enum hy_channel channel, int64_t until_ms,
                       const char *reason)
{
    struct hy_pause_put v = {.pause = {.app_no = app_no,
                                       .channel = channel,
                                       .until_ms = until_ms,
                                       .since_ms = rig.now_ms,
                                       .probe = until_ms % 2,
                                       .reason = reason}};

    CHECK_INT(run(&v.op, HY_VERB_PAUSE_PUT), 0);
}

static struct hy_pauses pauses(void)
{
    struct hy_pauses v = {.arena = &rig.arena};

    CHECK_INT(run(&v.op, HY_VERB_PAUSES), 0);
    return v;
}

static void a_pause_is_kept_whole_and_replaced(void)
{
    struct hy_pauses v;

    pause_lane(rig.app, HY_CHANNEL_TEMPLATE, 1001, "rate.45009");
    v = pauses();
    CHECK_INT(v.count, 1);
    CHECK_INT(v.pauses[0].app_no, rig.app);
    CHECK_INT(v.pauses[0].channel, HY_CHANNEL_TEMPLATE);
    CHECK_INT(v.pauses[0].until_ms, 1001);
    CHECK_INT(v.pauses[0].since_ms, rig.now_ms);
    CHECK(v.pauses[0].probe);
    CHECK_TEXT(v.pauses[0].reason, "rate.45009");
    rig.now_ms++;
    pause_lane(rig.app, HY_CHANNEL_TEMPLATE, 2000, "operator");
    v = pauses();
    CHECK_INT(v.count, 1);
    CHECK_INT(v.pauses[0].until_ms, 2000);
    CHECK_INT(v.pauses[0].since_ms, rig.now_ms);
    CHECK(!v.pauses[0].probe);
    CHECK_TEXT(v.pauses[0].reason, "operator");
}

static void they_come_by_app_and_channel(void)
{
    struct hy_pauses v;

    pause_lane(rig.app + 1, HY_CHANNEL_SUBSCRIBE, 5, "a");
    pause_lane(rig.app, HY_CHANNEL_TEMPLATE, 5, "b");
    pause_lane(rig.app, HY_CHANNEL_SUBSCRIBE, 5, "c");
    v = pauses();
    CHECK_INT(v.count, 3);
    CHECK_TEXT(v.pauses[0].reason, "c");
    CHECK_TEXT(v.pauses[1].reason, "b");
    CHECK_TEXT(v.pauses[2].reason, "a");
}

static void one_that_opens_is_gone(void)
{
    pause_lane(rig.app, HY_CHANNEL_SUBSCRIBE, 5, "a");
    pause_lane(rig.app, HY_CHANNEL_TEMPLATE, 5, "b");
    pause_lane(rig.app, HY_CHANNEL_SUBSCRIBE, 0, NULL);
    CHECK_INT(pauses().count, 1);
    pause_lane(rig.app, HY_CHANNEL_SUBSCRIBE, 0, NULL); /* twice is no fault */
    CHECK_TEXT(pauses().pauses[0].reason, "b");
}

static void an_app_that_is_deleted_has_none(void)
{
    struct hy_app_delete v = {.app_no = rig.app, .now_ms = rig.now_ms};

    pause_lane(rig.app, HY_CHANNEL_SUBSCRIBE, 5, "a");
    pause_lane(rig.app + 1, HY_CHANNEL_SUBSCRIBE, 5, "b");
    CHECK_INT(run(&v.op, HY_VERB_APP_DELETE), 0);
    CHECK_INT(pauses().count, 1);
    CHECK_INT(pauses().pauses[0].app_no, rig.app + 1);
}

static void arguments_are_checked(void)
{
    struct hy_pause_put v = {.pause = {.app_no = rig.app, .until_ms = 5}};

    CHECK_INT(run(&v.op, HY_VERB_PAUSE_PUT), HY_E_INVALID); /* without a reason */
    v.pause.reason = "operator";
    v.pause.channel = HY_CHANNELS;
    CHECK_INT(run(&v.op, HY_VERB_PAUSE_PUT), HY_E_INVALID);
    v.pause.channel = HY_CHANNEL_SUBSCRIBE;
    v.pause.app_no = 0;
    CHECK_INT(run(&v.op, HY_VERB_PAUSE_PUT), HY_E_INVALID);
}

void store_pauses_cases(void)
{
    CASE(a_pause_is_kept_whole_and_replaced);
    CASE(they_come_by_app_and_channel);
    CASE(one_that_opens_is_gone);
    CASE(an_app_that_is_deleted_has_none);
    CASE(arguments_are_checked);
}

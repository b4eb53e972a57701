#include "tap.h"

#include "domain/message.h"
#include "domain/queue.h"

static void a_queue_is_a_channel_and_a_rank(void)
{
    for (int channel = 0; channel < HY_CHANNELS; channel++) {
        for (int rank = 0; rank < HY_RANKS; rank++) {
            int queue = hy_queue_no((enum hy_channel)channel, (enum hy_rank)rank);

            CHECK(queue >= 0 && queue < HY_QUEUES);
            CHECK_INT(hy_queue_channel(queue), channel);
            CHECK_INT(hy_queue_rank(queue), rank);
        }
        CHECK(hy_channel_names[channel] != NULL);
    }
    CHECK(hy_channel_names[HY_CHANNELS] == NULL);
}

static void a_message_stands_where_its_template_and_its_hurry_say(void)
{
    static const struct {
        struct hy_message m;
        enum hy_channel channel;
        enum hy_rank rank;
    } rows[] = {
        {{.template_kind = HY_TEMPLATE_ANY}, HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL},
        {{.template_kind = HY_TEMPLATE_ONCE}, HY_CHANNEL_SUBSCRIBE, HY_RANK_NORMAL},
        {{.template_kind = HY_TEMPLATE_ALWAYS, .urgent = true},
         HY_CHANNEL_SUBSCRIBE,
         HY_RANK_URGENT},
        {{.template_kind = HY_TEMPLATE_LEGACY}, HY_CHANNEL_TEMPLATE, HY_RANK_NORMAL},
        {{.template_kind = HY_TEMPLATE_LEGACY, .broadcast_id = 7},
         HY_CHANNEL_TEMPLATE,
         HY_RANK_BULK},
        {{.broadcast_id = 7, .urgent = true}, HY_CHANNEL_SUBSCRIBE, HY_RANK_BULK_URGENT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(hy_message_queue(&rows[i].m), hy_queue_no(rows[i].channel, rows[i].rank));
}

static void only_what_is_not_urgent_keeps_quiet(void)
{
    CHECK(!hy_rank_is_quiet(HY_RANK_URGENT) && !hy_rank_is_quiet(HY_RANK_BULK_URGENT));
    CHECK(hy_rank_is_quiet(HY_RANK_NORMAL) && hy_rank_is_quiet(HY_RANK_BULK));
}

static void a_cap_has_room_again_when_the_oldest_that_counts_is_past(void)
{
    struct hy_cap cap = {.max = 2, .window_s = 3600};
    int64_t now = 100000000, hour = 3600000;
    int64_t one[] = {now - 1}, two[] = {now - 1000, now - 2000};
    int64_t over[] = {now - 1000, now - hour}, just[] = {now, now - hour + 1};

    CHECK_INT(hy_cap_free_at(&cap, NULL, 0, now), 0);
    CHECK_INT(hy_cap_free_at(&cap, one, 1, now), 0);
    CHECK_INT(hy_cap_free_at(&cap, two, 2, now), now - 2000 + hour);
    CHECK_INT(hy_cap_free_at(&cap, over, 2, now), 0); /* a window ago: it is past */
    CHECK_INT(hy_cap_free_at(&cap, just, 2, now), now + 1);
}

static void a_cap_looks_at_the_newest_only(void)
{
    struct hy_cap cap = {.max = 1, .window_s = 60};
    int64_t heard[] = {99000, 98000, 1000};

    CHECK_INT(hy_cap_free_at(&cap, heard, 3, 100000), 159000);
}

/* A clock that was ahead wrote instants of the future. */
static void a_cap_holds_nobody_longer_than_its_window(void)
{
    struct hy_cap cap = {.max = 1, .window_s = 60};
    int64_t heard[] = {900000000};

    CHECK_INT(hy_cap_free_at(&cap, heard, 1, 100000), 160000);
}

int main(void)
{
    RUN(a_queue_is_a_channel_and_a_rank);
    RUN(a_message_stands_where_its_template_and_its_hurry_say);
    RUN(only_what_is_not_urgent_keeps_quiet);
    RUN(a_cap_has_room_again_when_the_oldest_that_counts_is_past);
    RUN(a_cap_looks_at_the_newest_only);
    RUN(a_cap_holds_nobody_longer_than_its_window);
    return hy_tap_end();
}
